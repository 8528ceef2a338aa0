"""A Discord on loopback for each test; every request that a test makes of it is held against its description."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.matrix.conftest import crypto_actor, plain_actor  # noqa: F401  # fixtures for what goes across

from .described import faults
from .town import Town
from .wire import Wire, discord_server


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async with discord_server() as server:
        yield server
    asked = [one for one in server.requests if one.method != "GET" or "?" in one.path or one.query]
    assert [fault for one in asked for fault in faults(one)] == []


@pytest.fixture(params=["forum", "text channel"])
def town(wire: Wire, request: pytest.FixtureRequest) -> Town:
    return Town(wire, forum=request.param == "forum")
