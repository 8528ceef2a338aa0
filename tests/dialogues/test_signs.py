"""Signs of life over the whole desk: typing and reading, shown when they are true and else not at all."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.core.cases import DESK
from tests.dialogues.stage import AGENTS_ROOM, Stage, stage

MARIE, LEO = "room of marie", "room of leo"


async def held(desk: Stage, *names: str) -> None:
    for name in names:
        await desk.customer(name, "what is life?")
        await desk.agent_reacts("sam", "✋")


async def until(desk: Stage, so: object) -> None:
    assert callable(so)
    async with asyncio.timeout(10):
        while not so():
            desk.network.signed.clear()
            await desk.network.signed.wait()


async def test_she_sees_that_the_owner_types_and_stops(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk, "marie")
        desk.network.types_as(AGENTS_ROOM, "alex", "sam")
        await until(desk, lambda: desk.network.typing == {MARIE: True})
        desk.network.types_as(AGENTS_ROOM, "alex")
        await until(desk, lambda: desk.network.typing == {MARIE: False})


async def test_nobody_sees_whom_the_owner_of_two_tickets_types_to(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk, "marie", "leo")
        desk.network.types_as(AGENTS_ROOM, "sam")
        await desk.agent("sam", "!close", 1)
        desk.network.types_as(AGENTS_ROOM, "sam")
        await until(desk, lambda: desk.network.typing == {LEO: True})


async def test_her_words_are_read_when_their_owner_has_read_them(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await desk.customer("marie", "what is life?")
        await desk.customer("marie", "please")
        shown = desk.network.in_room(AGENTS_ROOM)[-1]
        desk.network.reads_as(AGENTS_ROOM, "sam", shown.ref)
        await desk.agent_reacts("sam", "✋")
        assert desk.network.read == {}, "nobody had it"
        await desk.customer("marie", "anybody?")
        desk.network.reads_as(AGENTS_ROOM, "alex", desk.network.in_room(AGENTS_ROOM)[-1].ref)
        desk.network.types_as(AGENTS_ROOM, "sam")
        await until(desk, lambda: desk.network.typing == {MARIE: True})
        assert desk.network.read == {}, "a colleague has read"
        desk.network.reads_as(AGENTS_ROOM, "sam", shown.ref)
        hers = [one for one in desk.network.in_room(MARIE) if one.sender == "marie"]
        await until(desk, lambda: desk.network.read == {MARIE: hers[1].ref})
        desk.network.reads_as(AGENTS_ROOM, "sam", desk.network.in_room(AGENTS_ROOM)[-1].ref)
        await until(desk, lambda: desk.network.read == {MARIE: hers[2].ref})
        desk.network.reads_as(AGENTS_ROOM, "sam", "$unknown")
        await desk.settle()
        assert desk.network.read == {MARIE: hers[2].ref}
