"""What a power cut leaves of the desk: simulated at every point of what SQLite wrote.

Rule: what was acknowledged is there after it, because the network will not hand it in again.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import ClassVar

import pytest

from helpbot.core.model import Audience, Entry, Person, Role, Status, Ticket
from helpbot.store.base import Conversation, Draft, Outgoing, Step
from helpbot.store.sqlite import SqliteStore
from helpbot.transports.base import Incoming, Kind
from helpbot.transports.memory import MemoryTransport
from tests.core.cases import DESK
from tests.crash.powercut import Disk, Record, missing, put, recorded
from tests.dialogues.stage import AGENTS, AGENTS_ROOM, Stage, stage

pytestmark = pytest.mark.skipif(missing() is not None, reason=f"no power cuts here: {missing()}")

NOW = datetime(2026, 10, 21, 12, 0, tzinfo=UTC)
MARIE = Person("@marie:example.org", "Marie")
TALK = Conversation(0, "memory", "!room", MARIE)
TICKET = Ticket(1, MARIE, "mobile", NOW, status=Status.WAITING, carded=True)
SEED = 20261021
WORD = re.compile(r"(?:said|told)-\w+-\d+")


@dataclass(frozen=True, slots=True)
class Promise:
    """What was acknowledged when so many ops were on record; the SQL gives 1 while it is kept."""

    at: int
    sql: str
    values: tuple[object, ...]


class Witnessed(SqliteStore):
    """The store as shipped, with a list of what it said was kept."""

    record: ClassVar[Record]
    promises: ClassVar[list[Promise]]

    def _promise(self, sql: str, *values: object) -> None:
        self.promises.append(Promise(self.record.now, sql, values))

    async def receive(self, transport: str, batch: Sequence[Incoming], cursor: str | None, at: datetime) -> None:
        await super().receive(transport, batch, cursor, at)
        for incoming in batch:
            self._promise("SELECT count(*) FROM inbox WHERE transport = ? AND event = ?", transport, incoming.id)
        if cursor is not None:
            sql = "SELECT CAST(value AS INTEGER) >= ? FROM cursor WHERE transport = ?"
            self._promise(sql, int(cursor), transport)

    async def keep(self, step: Step) -> None:
        await super().keep(step)
        self._promise("SELECT done_at IS NOT NULL FROM inbox WHERE id = ?", step.row.id)
        for draft in step.drafts:
            self._promise("SELECT count(*) FROM outbox WHERE key = ?", draft.key)

    async def sent(self, row: Outgoing, transport: str, ref: str, at: datetime, *, found: bool = False) -> None:
        await super().sent(row, transport, ref, at, found=found)
        self._promise("SELECT state = 'sent' AND ref = ? FROM outbox WHERE id = ?", ref, row.id)


class Hasty(Witnessed):
    """The control: what is committed is not synced."""

    @classmethod
    async def open(cls, path: Path | str) -> SqliteStore:
        store = await super().open(path)
        await store._db.execute("PRAGMA synchronous = NORMAL")
        return store


def witness(kind: type[Witnessed], record: Record) -> type[Witnessed]:
    return type(kind.__name__, (kind,), {"record": record, "promises": []})


@dataclass(frozen=True, slots=True)
class Cut:
    """A power cut after so many ops, and what it left."""

    at: int
    files: dict[str, bytes]


def cuts(record: Record, places: Iterable[int], chance: Random | None = None) -> Iterator[Cut]:
    """Give for each place what is left: without anything that was not synced, or with what chance leaves of it."""
    disk, done = Disk(), 0
    for place in sorted(set(places)):
        for op in record.ops[done:place]:
            disk.apply(op)
        done = place
        yield Cut(place, disk.cut(chance))


def syncs(record: Record) -> list[int]:
    """Return the places right before each sync or deletion, where most is at stake, and the end."""
    return [*(place for place, op in enumerate(record.ops) if op.kind in {"sync", "delete"}), record.now]


async def broken(cut: Cut, promises: Sequence[Promise], folder: Path) -> list[str]:
    """Return what is not as it must be after the cut."""
    put(cut.files, folder)
    try:
        store = await SqliteStore.open(folder / "desk.db")
        try:
            sound = [tuple(row) for row in await store._all("PRAGMA integrity_check")]
            loose = await store._all("PRAGMA foreign_key_check")
            faults = [] if sound == [("ok",)] and not loose else [f"cut {cut.at}: {sound}, {len(loose)} loose rows"]
            for promise in promises:
                if promise.at <= cut.at:
                    found = await store._one(promise.sql, *promise.values)
                    if found is None or found[0] != 1:
                        faults.append(f"cut {cut.at}, promised at {promise.at}: {promise.sql} {promise.values}")
            return faults
        finally:
            await store.close()
    finally:
        shutil.rmtree(folder)


# --- the store by itself


def incoming(number: int, text: str) -> Incoming:
    return Incoming(f"${number}", Kind.SAID, "!room", MARIE.id, MARIE.name, NOW, text)


async def a_day(store: SqliteStore, *, long: int) -> None:
    """Receive, decide and send; each word is so long."""
    for number in range(1, 16):
        await store.receive("memory", [incoming(number, "x" * long)], str(number), NOW)
        row = await store.next_inbox()
        assert row is not None
        line = Entry(Role.BOT, Audience.CUSTOMER, "", "y" * long, NOW)
        draft = Draft(f"key {number}", Audience.CUSTOMER, "say", entry=(line, ()))
        await store.keep(Step(row, NOW, TALK, TICKET, drafts=[draft]))
        head = await store.head("c1")
        assert head is not None
        await store.sent(head, "memory", f"$sent {number}", NOW)


async def recorded_day(kind: type[Witnessed], folder: Path, *, long: int) -> tuple[Record, list[Promise]]:
    with recorded(folder) as record:
        store = await witness(kind, record).open(folder / "desk.db")
        await a_day(store, long=long)
        await store.close()
        assert isinstance(store, Witnessed)
        return record, store.promises


async def faults_of(all_cuts: Iterable[Cut], promises: Sequence[Promise], folder: Path) -> list[str]:
    return [fault for cut in all_cuts for fault in await broken(cut, promises, folder)]


async def test_a_power_cut_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    record, promises = await recorded_day(Witnessed, tmp_path, long=30)
    assert len(promises) == 15 * 5
    assert await faults_of(cuts(record, syncs(record)), promises, tmp_path / "cut") == []
    chance = Random(SEED)
    anywhere = [chance.randrange(record.now + 1) for _ in range(100)]
    assert await faults_of(cuts(record, anywhere, chance), promises, tmp_path / "cut") == []


async def test_without_a_sync_for_each_commit_a_power_cut_loses_what_was_acknowledged(tmp_path: Path) -> None:
    """The control: the same check finds what PRAGMA synchronous = NORMAL loses, and that nothing else is harmed."""
    record, promises = await recorded_day(Hasty, tmp_path, long=30)
    faults = await faults_of(cuts(record, syncs(record)), promises, tmp_path / "cut")
    assert faults
    assert all("promised" in fault for fault in faults)


async def test_a_power_cut_while_the_write_ahead_log_is_folded_in_loses_nothing(tmp_path: Path) -> None:
    record, promises = await recorded_day(Witnessed, tmp_path, long=120_000)
    folding = [place for place, op in enumerate(record.ops) if op.name == "desk.db" and op.at > 0]
    log_begins = [place for place, op in enumerate(record.ops) if op.name == "desk.db-wal" and op.at == 0]
    assert len([place for place in log_begins if record.ops[place].kind == "write"]) > 1, "the log is begun anew"
    chance = Random(SEED)
    places = [*chance.sample(folding, 15), *(place for place in syncs(record) if place > folding[0])]
    assert await faults_of(cuts(record, places, chance), promises, tmp_path / "cut") == []


# --- the whole desk


class Remembered(MemoryTransport):
    """A network of which one can say how it was when the power was cut; it hands in nothing that was acknowledged."""

    def __init__(self, record: Record | None = None) -> None:
        super().__init__(teams={DESK.teams[0].id: AGENTS_ROOM})
        self._record = record
        self._acknowledged = 0
        self.moments: list[tuple[int, Remembered]] = []
        self.shown = lambda verb, message: self._keep()
        for agent, name in AGENTS.items():
            self.join(AGENTS_ROOM, agent, name)

    def _keep(self) -> None:
        if self._record is None:
            return
        then = Remembered()
        then.messages = {ref: replace(it, marks=list(it.marks)) for ref, it in self.messages.items()}
        then._happened, then._by_key, then._sent = list(self._happened), dict(self._by_key), list(self._sent)
        then._count, then._acknowledged = self._count, self._taken
        self.moments.append((self._record.now, then))

    def say(self, room: str, person: str, text: str, **more: object) -> str:
        ref = super().say(room, person, text, **more)
        self._keep()
        return ref

    def react_as(self, room: str, person: str, target: str, symbol: str) -> str:
        ref = super().react_as(room, person, target, symbol)
        self._keep()
        return ref

    def start_from(self, cursor: str | None) -> None:
        super().start_from(str(max(int(cursor or 0), self._acknowledged)))

    def at(self, place: int) -> Remembered:
        """Return the network as it was then; one that knows no key again, so that a repeat shows."""
        then = Remembered()
        for when, moment in self.moments:
            if when <= place:
                then = moment
        then.forgets = True
        return then


def words(texts: Iterable[str], start: str) -> list[str]:
    return [word for text in texts for word in WORD.findall(text) if word.startswith(start)]


def wrong(network: MemoryTransport) -> list[str]:
    """Return which words are not shown once, in order, where they belong."""
    shown = [message for message in network.messages.values() if message.sender == network.account]
    said = [incoming for incoming in network._happened if incoming.kind is Kind.SAID]
    faults = [f"{key} twice" for key, times in Counter(message.key for message in shown).items() if times > 1]
    for name in ("marie", "paul"):
        for start, source, target in (
            (f"said-{name}-", f"room of {name}", AGENTS_ROOM),
            (f"told-{name}-", AGENTS_ROOM, f"room of {name}"),
        ):
            wanted = words((it.text for it in said if it.room == source), start)
            found = words((it.text for it in shown if it.room == target), start)
            if found != wanted:
                faults.append(f"{wanted} became {found}")
    for it in said:
        if it.text.startswith("told-") and network.messages[it.id].marks != ["✅"]:
            faults.append(f"{it.text} is marked {network.messages[it.id].marks}")
    return faults


async def an_evening(desk: Stage) -> None:
    """Two customers and an agent, all at once."""
    network = desk.network
    for name in ("marie", "paul"):
        await desk.customer(name, f"what is life, asks {name}?")
        await desk.agent("sam", "!claim")
    for number in range(1, 7):
        for ticket, name in enumerate(("marie", "paul"), start=1):
            network.say(f"room of {name}", name, f"said-{name}-{number}")
            network.say(AGENTS_ROOM, "sam", f"told-{name}-{number}", thread=desk.cards[ticket].ref)
        if number % 2:
            await desk._taken()
    await desk._taken()


async def recorded_evening(kind: type[Witnessed], folder: Path) -> tuple[Record, Remembered]:
    with recorded(folder) as record:
        network = Remembered(record)
        async with stage(DESK, folder / "desk.db", network, kind=witness(kind, record)) as desk:
            await an_evening(desk)
        assert wrong(network) == []
        return record, network


async def after_the_cut(cut: Cut, network: Remembered, folder: Path) -> list[str]:
    """Return what is wrong once the desk was started again on what the cut left."""
    put(cut.files, folder)
    then = network.at(cut.at)
    async with stage(DESK, folder / "desk.db", then) as desk:
        for name in ("marie", "paul"):
            await desk.customer(name, "human")
            await desk.customer(name, f"said-{name}-9")
        faults = wrong(then)
    shutil.rmtree(folder)
    return [f"cut {cut.at}: {fault}" for fault in faults]


async def test_a_desk_goes_on_after_a_power_cut_with_every_word_once_and_in_order(tmp_path: Path) -> None:
    record, network = await recorded_evening(Witnessed, tmp_path)
    chance = Random(SEED)
    places = [chance.randrange(record.now + 1) for _ in range(18)]
    for way in (None, chance):
        for cut in cuts(record, places, way):
            assert await after_the_cut(cut, network, tmp_path / "cut") == []


async def test_a_desk_that_does_not_sync_each_commit_loses_or_doubles_words(tmp_path: Path) -> None:
    """The control: the network has let go of what the desk said it had."""
    record, network = await recorded_evening(Hasty, tmp_path)
    chance = Random(SEED)
    places = [chance.randrange(record.now // 2, record.now) for _ in range(5)]
    faults = [await after_the_cut(cut, network, tmp_path / "cut") for cut in cuts(record, places)]
    assert any(faults)
