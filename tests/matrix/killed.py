"""A desk in a process of its own, on the database and the keys of a staged one, that is killed once it has said a word.

Usage, by the tests: python -m tests.matrix.killed, with what it has to know as JSON on its input.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from helpbot.core.model import Desk, Person
from helpbot.store.sqlite import SqliteStore
from tests.dialogues.stage import AGENTS_ROOM, WallClock
from tests.dialogues.test_dialogues import the_desk

from .actors import body
from .staged import Cast, bot_of
from .synapse import User


async def killed(cast: Cast, desk: Desk, folder: Path, word: str) -> None:
    """Let a desk run at the cast's time until the first team reads that word, and kill it with SIGKILL at once."""
    told = {
        "url": cast.server.url,
        "user": cast.bot.id,
        "password": cast.bot.password,
        "teams": cast.desks(desk),
        "leads": {lead.id: cast.people[lead.id].id for team in desk.teams for lead in team.leads},
        "at": cast.clock.at.isoformat(),
        "folder": str(folder),
    }
    command = sys.executable, "-m", "tests.matrix.killed"
    process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE)
    try:
        assert process.stdin is not None
        process.stdin.write(json.dumps(told).encode())
        process.stdin.write_eof()
        room = cast.rooms[AGENTS_ROOM]
        await cast.readers(AGENTS_ROOM)[0].wait_for(
            lambda event: event["type"] == "m.room.message" and event["room_id"] == room and word in body(event)
        )
        assert process.returncode is None, "it has ended by itself"
    finally:
        process.kill()
        await process.wait()


async def _run() -> None:
    told = json.load(sys.stdin)
    desk, folder = the_desk(), Path(told["folder"])
    teams = [
        replace(team, leads=tuple(Person(told["leads"][lead.id], lead.name) for lead in team.leads))
        for team in desk.teams
    ]
    store = await SqliteStore.open(folder / "desk.db")
    user, clock = User(told["user"], told["password"], "", ""), WallClock(datetime.fromisoformat(told["at"]))
    bot = bot_of(store, told["url"], user, told["teams"], replace(desk, teams=tuple(teams)), folder, clock)
    async with bot.running():
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_run())
