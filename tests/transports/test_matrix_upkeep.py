"""What keys need beside the syncs, and what its failing means."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from helpbot.transports.base import SetupError
from helpbot.transports.matrix import MatrixTransport
from helpbot.transports.matrix_http import LoginGone
from tests.crash import hostile as h
from tests.crash.hostile_desk import Homeserver
from tests.matrix.bot import MemoryNotebook


class Failing(Homeserver):
    """A client that fails at its keys."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.fault: Exception = RuntimeError("coroutine raised StopIteration")
        self.tries = 0

    async def look_after_keys(self) -> None:
        self.tries += 1
        raise self.fault


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Failing]:
    client = Failing(tmp_path)
    client.open("DEVICE", "token")
    yield client
    await client.shut()


@pytest.fixture
def transport(tmp_path: Path) -> MatrixTransport:
    return MatrixTransport(
        homeserver="http://localhost",
        user=h.BOT,
        store=tmp_path,
        invites_from=[],
        teams={},
        decline_text="",
        exposed_text="",
        notebook=MemoryNotebook(),
    )


async def test_a_fault_of_ours_over_keys_is_put_off(client: Failing, transport: MatrixTransport) -> None:
    upkeep = transport._upkeep(client)
    for _ in range(3):
        await upkeep()
    assert client.tries == 1


async def test_a_login_that_is_gone_ends_the_desk(client: Failing, transport: MatrixTransport) -> None:
    client.fault = LoginGone("the homeserver does not accept the login", soft=False)
    with pytest.raises(SetupError, match=r"matrix\.password"):
        await transport._upkeep(client)()
