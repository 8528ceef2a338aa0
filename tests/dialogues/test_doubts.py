"""What is asked again before words go out: who is in her room by then, and what is there already."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from helpbot.transports.base import Address, Kind, TryLater
from helpbot.transports.memory import MemoryTransport
from tests.core.cases import DESK
from tests.dialogues.stage import AGENTS_ROOM, new_network, stage
from tests.dialogues.test_trouble import ROOM, claimed, copy, restore, seen, until
from tests.dialogues.test_waiting import Killed, Unreadable, network, opened

SECRET = "for her alone"


class Slow(MemoryTransport):
    """Reads her room back only when it is told to."""

    reads: asyncio.Event | None = None
    gate: asyncio.Event | None = None

    async def sent_since(self, address: Address, ref: str | None) -> Mapping[str, str]:
        if address.room == ROOM and self.reads is not None and self.gate is not None:
            self.reads.set()
            await self.gate.wait()
        return await super().sent_since(address, ref)


async def test_nothing_goes_into_a_room_where_somebody_came_while_it_was_read_back(tmp_path: Path) -> None:
    slow = Slow(teams={DESK.teams[0].id: AGENTS_ROOM})
    slow.join(AGENTS_ROOM, "sam", "Sam")
    async with stage(DESK, tmp_path / "desk.db", slow) as desk:
        await claimed(desk)
        card = desk.cards[1].ref
    slow.reads, slow.gate = asyncio.Event(), asyncio.Event()
    ref = slow.say(AGENTS_ROOM, "sam", SECRET, thread=card)
    somebody = asyncio.create_task(_comes_during_the_reading(slow))
    async with stage(DESK, tmp_path / "desk.db", slow) as desk:
        await somebody
        await desk.settle()
        assert SECRET not in seen(slow, ROOM)
        assert slow.messages[ref].marks == ["❌"]


async def _comes_during_the_reading(slow: Slow) -> None:
    assert slow.reads is not None
    assert slow.gate is not None
    await slow.reads.wait()
    slow.company(ROOM, "mallory", comes=True)
    while not any("mallory" in text for text in seen(slow, AGENTS_ROOM)):  # noqa: ASYNC110  # what the network shows
        await asyncio.sleep(0.01)
    slow.gate.set()


@pytest.mark.parametrize("kind", ["company", "leaves"])
async def test_nothing_goes_into_a_room_whose_news_are_not_decided_yet(kind: str, tmp_path: Path) -> None:
    there, database = network(), tmp_path / "desk.db"
    async with stage(DESK, database, there) as desk:
        await claimed(desk)
        card = desk.cards[1].ref

    def busy(address: Address, key: str) -> None:
        if address.room == ROOM:
            raise TryLater("limited", timedelta(milliseconds=50))

    there.trouble = busy
    ref = there.say(AGENTS_ROOM, "sam", SECRET, thread=card)
    try:
        async with asyncio.timeout(20), opened(database, there) as (bot, store), bot.running():
            while not await store._one("SELECT 1 FROM outbox WHERE state = 'queued' AND tries > 0"):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            raise Killed
    except* Killed:
        pass
    there.trouble = lambda address, key: None
    for number in range(300):  # they are decided first
        there.say(f"room of {number}", str(number), "puk")
    if kind == "company":
        there.company(ROOM, "mallory", comes=True)
    else:
        there.leave(ROOM, "marie")
    async with stage(DESK, database, there) as desk:
        await desk.settle()
        assert SECRET not in seen(there, ROOM)
        assert there.messages[ref].marks == ["❌"]


async def test_what_was_taken_before_a_fault_of_ours_is_not_sent_again(tmp_path: Path) -> None:
    there = new_network(DESK)
    there.forgets = True
    faults = 0

    def after(address: Address, key: str) -> None:
        nonlocal faults
        if address.room == ROOM and not faults:
            faults += 1
            raise ValueError("an answer that nobody thought of")

    there.trouble_after = after
    async with stage(DESK, tmp_path / "desk.db", there) as desk:
        await desk.customer("marie", "puk")
        assert faults == 1
        assert seen(there, ROOM) == ["Answer to puk"]


async def test_what_a_restored_backup_finds_is_no_place_to_read_back_from(tmp_path: Path) -> None:
    """Word A was taken after word B, though it came before: what stands behind A does not tell of B."""
    there = Unreadable(teams={DESK.teams[0].id: AGENTS_ROOM})
    there.join(AGENTS_ROOM, "sam", "Sam")
    database, backup = tmp_path / "desk.db", tmp_path / "backup.db"
    limited = 0

    def once(address: Address, key: str) -> None:
        nonlocal limited
        if address.room == AGENTS_ROOM and not limited:
            limited += 1
            raise TryLater("limited", timedelta(milliseconds=400))

    async with stage(DESK, database, there) as desk:
        await claimed(desk)
        await claimed(desk, "paul")
        copy(database, backup)
        there.trouble = once
        there.say(ROOM, "marie", "word A")
        await until(desk, lambda: limited == 1)
        there.say("room of paul", "paul", "word B")
        await until(desk, lambda: any("word B" in text for text in seen(there, AGENTS_ROOM)))
        desk.clock.at += timedelta(seconds=2)
        await until(desk, lambda: any("word A" in text for text in seen(there, AGENTS_ROOM)))
        await desk.settle()
    before = seen(there, AGENTS_ROOM)
    restore(backup, database)
    there.forgets = True
    happened = there._happened
    there._happened = happened[:-1]  # the first run takes in word A, and ends
    async with stage(DESK, database, there) as desk:
        await desk.settle()
    there._happened = happened
    async with stage(DESK, database, there) as desk:
        await desk.settle()
    assert seen(there, AGENTS_ROOM) == before


async def test_words_that_came_late_do_not_bring_her_back(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await claimed(desk)
        desk.network.leave(ROOM, "marie")
        await desk._taken()
        await desk.customer("marie", "written before, read now", late=True)
        await desk.agent("sam", SECRET)
        assert desk.marks() == ["❌"]
        desk.network._happen(Kind.ARRIVED, ROOM, "marie")
        await desk._taken()
        await desk.agent("sam", SECRET)
        assert desk.marks() == ["✅"]
