"""Invitations as they come, by whom they are, and which of many are followed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from helpbot.transports.matrix_http import JsonDict, path
from helpbot.transports.matrix_rooms import Rooms
from tests.crash import hostile as h
from tests.crash.hostile_desk import Homeserver
from tests.matrix.bot import MemoryNotebook


async def _silent(room: str, key: str) -> None:
    """Say nothing."""


def invitation(sender: str) -> JsonDict:
    return {"type": "m.room.member", "state_key": h.BOT, "sender": sender, "content": {"membership": "invite"}}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Homeserver]:
    server = Homeserver(tmp_path)
    server.open("DEVICE", "token")
    yield server
    await server.shut()


@pytest.fixture
def rooms(server: Homeserver) -> Rooms:
    allowed = ["*:example.org"]
    return Rooms(server, MemoryNotebook(), teams={}, invites_from=allowed, decline=_silent, warn=_silent)


async def works_until(rooms: Rooms, done: Callable[[], bool]) -> None:
    """Let the chores be done until it is so."""
    working = asyncio.create_task(rooms.chores.work())
    async with asyncio.timeout(10):
        while not done():  # noqa: ASYNC110  # what was asked of the server has no event
            await asyncio.sleep(0.01)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


async def test_an_invitation_counts_as_the_last_inviters(rooms: Rooms, server: Homeserver) -> None:
    rooms.invited("!forged:evil.org", [invitation("@ceo:example.org"), invitation("@mallory:evil.org")])
    rooms.invited("!fair:example.org", [invitation("@alice:example.org")])
    await works_until(rooms, lambda: not len(rooms.chores))
    assert path("rooms", "!forged:evil.org", "leave") in server.told
    assert path("join", "!forged:evil.org") not in server.told
    assert path("join", "!fair:example.org") in server.told


async def test_one_inviter_cannot_fill_the_waiting_list(rooms: Rooms, server: Homeserver) -> None:
    for number in range(1100):
        rooms.invited(f"!{number}:example.org", [invitation("@mallory:example.org")])
    assert len(rooms.chores) <= 20 + 1  # one looks later for those that were passed over
    rooms.invited("!hers:example.org", [invitation("@alice:example.org")])
    await works_until(rooms, lambda: path("join", "!hers:example.org") in server.told)
    joined = [where for where in server.told if where.startswith(path("join", ""))]
    assert len(joined) <= 4
