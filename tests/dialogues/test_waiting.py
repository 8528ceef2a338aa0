"""Words that cannot be decided yet, for nobody knows what the bot has in a room: what waits with them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import aiosqlite
import pytest

from helpbot.app import Helpbot
from helpbot.store.base import InboxRow
from helpbot.store.dead import letters
from helpbot.store.sqlite import SqliteStore
from helpbot.transports.base import Address, TryLater
from helpbot.transports.memory import MemoryTransport
from tests.core.cases import DESK
from tests.dialogues.stage import AGENTS_ROOM, WallClock, stage
from tests.dialogues.test_trouble import ROOM, claimed, copy, restore, seen, until

SOON = timedelta(milliseconds=1)


class Killed(BaseException):
    """Ends the desk without its finishing anything."""


class Watched(SqliteStore):
    """`waits` is set once a row is left waiting."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        super().__init__(connection)
        self.waits = asyncio.Event()

    async def next_inbox(self, besides: Collection[int] = (), behind: Collection[int] = ()) -> InboxRow | None:
        if behind:
            self.waits.set()
        return await super().next_inbox(besides, behind)


class Unreadable(MemoryTransport):
    """An agents' room that cannot be read back for so many times, or answers only once `opened` is set."""

    failures = 0
    opened: asyncio.Event | None = None

    async def sent_since(self, address: Address, ref: str | None) -> Mapping[str, str]:
        if address.room == AGENTS_ROOM:
            if self.opened is not None:
                await self.opened.wait()
            if self.failures > 0:
                self.failures -= 1
                raise TryLater("it cannot be read now", SOON)
        return await super().sent_since(address, ref)


def network() -> Unreadable:
    made = Unreadable(teams={DESK.teams[0].id: AGENTS_ROOM})
    made.join(AGENTS_ROOM, "sam", "Sam")
    made.forgets = True
    return made


@asynccontextmanager
async def opened(database: Path, net: Unreadable) -> AsyncIterator[tuple[Helpbot, Watched]]:
    """Open a desk on that database, which need not come to rest."""
    store = await Watched.open(database)
    assert isinstance(store, Watched)
    try:
        net.start_from(await store.notebook(net.name).cursor())
        yield Helpbot(store, [net], {"mobile": Address(net.name, AGENTS_ROOM)}, DESK, WallClock().now), store
    finally:
        await store.close()


@pytest.mark.parametrize("failures", range(1, 6))
async def test_what_an_agent_writes_behind_words_that_wait_stays_behind_them(tmp_path: Path, failures: int) -> None:
    """The card is there and nobody heard of it; a room that answers between two words must not turn them round."""
    net, refs = network(), list[str]()

    def cut(address: Address, key: str) -> None:
        if address.room == AGENTS_ROOM and not refs:
            card = net.in_room(AGENTS_ROOM)[-1].ref
            net.react_as(AGENTS_ROOM, "sam", card, "✋")
            refs.extend(net.say(AGENTS_ROOM, "sam", word, thread=card) for word in ("first", "second", "third"))
            net.failures = failures
            raise TryLater("the answer was cut", SOON)

    async with stage(DESK, tmp_path / "desk.db", net) as desk:
        net.trouble_after = cut
        net.say(ROOM, "marie", "what is life?")
        await until(desk, lambda: refs and all(net.messages[ref].marks for ref in refs))
        assert [text for text in seen(net, ROOM) if text in {"first", "second", "third"}] == [
            "first",
            "second",
            "third",
        ]
        assert [net.messages[ref].marks for ref in refs] == [["✅"]] * 3


async def test_an_agents_room_that_does_not_answer_holds_no_customer_up(tmp_path: Path) -> None:
    net = network()
    async with stage(DESK, tmp_path / "desk.db", net) as desk:
        await claimed(desk)
    net.opened = asyncio.Event()
    lunch = net.say(AGENTS_ROOM, "sam", "!r lunch?", reply_to="$nobody-knows")
    net.say("room of paul", "paul", "puk")
    async with asyncio.timeout(20), opened(tmp_path / "desk.db", net) as (bot, store), bot.running():
        while not seen(net, "room of paul"):
            store.progress_bell.clear()
            await store.progress_bell.wait()
        net.opened.set()
        while not any("in a ticket's thread" in text for text in seen(net, AGENTS_ROOM)):
            store.progress_bell.clear()
            await store.progress_bell.wait()
    assert net.messages[lunch].marks == []


async def test_words_that_wait_through_many_starts_are_no_poison(tmp_path: Path) -> None:
    """An older copy of the database knows no card, and the room that has it cannot be read at six starts."""
    net, database, backup = network(), tmp_path / "desk.db", tmp_path / "backup.db"
    async with stage(DESK, database, net) as desk:
        copy(database, backup)
        await claimed(desk)
        card = desk.cards[1].ref
    word = net.say(AGENTS_ROOM, "sam", "hello", thread=card)
    restore(backup, database)
    for _ in range(6):
        net.failures = 10_000
        with pytest.raises(BaseExceptionGroup):  # noqa: PT012  # the desk is open while it is waited for
            async with asyncio.timeout(20), opened(database, net) as (bot, store), bot.running():
                await store.waits.wait()
                raise Killed
    net.failures = 0
    async with stage(DESK, database, net):
        assert net.messages[word].marks == ["✅"]
    assert seen(net, ROOM)[-1] == "hello"
    assert letters(database) == []
