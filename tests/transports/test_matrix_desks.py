"""Agents' rooms that are out of reach for a while."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from helpbot.transports.base import TryLater
from helpbot.transports.matrix_chores import Chores
from helpbot.transports.matrix_desks import Desks
from helpbot.transports.matrix_http import JsonDict, Refused, path
from tests.crash import hostile as h
from tests.crash.hostile_desk import Homeserver
from tests.matrix.bot import MemoryNotebook

_TEAMS = {"mobile": h.DESK, "far": "!far:example.org"}


class Closed(Homeserver):
    """A homeserver with a room that lets nobody in."""

    fault: Refused | TryLater | None = None

    async def call(self, method: str, where: str, body: object = None, **more: Any) -> JsonDict:
        if self.fault is not None and where == path("join", "!far:example.org"):
            self.told.append(where)
            raise self.fault
        return await super().call(method, where, body, **more)


async def _silent(room: str, key: str) -> None:
    """Say nothing."""


@pytest.mark.parametrize("fault", [Refused("kept out", 403, "M_FORBIDDEN"), TryLater("the homeserver answers 500")])
async def test_a_room_out_of_reach_is_looked_for_until_it_lets_the_bot_in(
    tmp_path: Path, fault: Refused | TryLater
) -> None:
    server, notebook, chores = Closed(tmp_path), MemoryNotebook(), Chores()
    server.open("DEVICE", "token")
    await Desks(server, notebook, chores, _TEAMS, _silent).open([h.DESK])
    desks = Desks(server, notebook, chores, _TEAMS, _silent, look=0.01)
    server.fault = fault
    await desks.open([h.DESK])
    assert (desks.rooms(), desks.team("!far:example.org")) == ([h.DESK], "far")
    working = asyncio.create_task(chores.work())
    async with asyncio.timeout(10):
        while server.told.count(path("join", "!far:example.org")) < 4:  # noqa: ASYNC110  # asking has no event
            await asyncio.sleep(0.01)
        server.fault = None
        while len(desks.rooms()) == 1:  # noqa: ASYNC110  # as above
            await asyncio.sleep(0.01)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    await server.shut()


async def test_a_homeserver_that_fails_over_all_rooms_is_waited_for(tmp_path: Path) -> None:
    server, notebook, chores = Closed(tmp_path), MemoryNotebook(), Chores()
    server.open("DEVICE", "token")
    teams = {"far": "!far:example.org"}
    await Desks(server, notebook, chores, teams, _silent).open([])
    server.fault = TryLater("the homeserver answers 500")
    with pytest.raises(TryLater):
        await Desks(server, notebook, chores, teams, _silent).open([])
    await server.shut()
