"""What the desk does while its disk is full or failing, or its database held by another process.

Rule: what could not be written down is not acknowledged, because the network hands in again only what was not.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import aiosqlite
import pytest

from helpbot.store.base import Outgoing, StoreBusy
from helpbot.store.sqlite import SqliteStore
from helpbot.transports.base import Incoming, Kind
from tests.core.cases import DESK
from tests.crash.powercut import FSYNC, FULL, OK, WRITE, Disk, Op, Record, missing, put, recorded
from tests.crash.test_powercut import wrong
from tests.dialogues.stage import AGENTS_ROOM, Stage, new_network, stage

NOW = datetime(2026, 10, 21, 12, 0, tzinfo=UTC)
LONG = "x" * 20_000  # a word that needs new pages
needs_shim = pytest.mark.skipif(missing() is not None, reason=f"no failing disk here: {missing()}")

Trouble = Callable[[SqliteStore, Path], AbstractAsyncContextManager[None]]


class Watched(SqliteStore):
    """The store as shipped; rings when something could not be received."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        super().__init__(connection)
        self.refused = asyncio.Event()

    async def receive(self, transport: str, batch: Sequence[Incoming], cursor: str | None, at: datetime) -> None:
        try:
            await super().receive(transport, batch, cursor, at)
        except StoreBusy:
            self.refused.set()
            raise


class CursorFirst(Watched):
    """A control: the cursor is committed by itself, before what it stands for."""

    async def receive(self, transport: str, batch: Sequence[Incoming], cursor: str | None, at: datetime) -> None:
        await super().receive(transport, (), cursor, at)
        await super().receive(transport, batch, None, at)


class Careless(Watched):
    """A control: what could not be kept is acknowledged all the same."""

    async def receive(self, transport: str, batch: Sequence[Incoming], cursor: str | None, at: datetime) -> None:
        with suppress(StoreBusy):
            await super().receive(transport, batch, cursor, at)

    async def sent(self, row: Outgoing, transport: str, ref: str, at: datetime, *, found: bool = False) -> None:
        with suppress(StoreBusy):
            await super().sent(row, transport, ref, at, found=found)


def kept(database: Path) -> tuple[list[str], str | None]:
    """Return the ids of what was received, and the cursor, as another program finds them."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as db:
        events = [row[0] for row in db.execute("SELECT event FROM inbox WHERE transport = 'memory' ORDER BY id")]
        cursor = db.execute("SELECT value FROM cursor WHERE transport = 'memory'").fetchone()
    return events, None if cursor is None else cursor[0]


async def claimed(desk: Stage) -> None:
    for name in ("marie", "paul"):
        await desk.customer(name, f"what is life, asks {name}?")
        await desk.agent("sam", "!claim")


def all_talk(desk: Stage, number: int, more: str = "") -> None:
    for ticket, name in enumerate(("marie", "paul"), start=1):
        desk.network.say(f"room of {name}", name, f"said-{name}-{number} {more}")
        desk.network.say(AGENTS_ROOM, "sam", f"told-{name}-{number}", thread=desk.cards[ticket].ref)


async def faults_during(trouble: Trouble, database: Path, kind: type[Watched]) -> list[str]:
    """Return what is not as it must be while nothing can be received, and after that."""
    async with asyncio.timeout(50), stage(DESK, database, kind=kind) as desk:
        store, network = desk.store, desk.network
        assert isinstance(store, Watched)
        await claimed(desk)
        before, taken = kept(database), network._taken
        async with trouble(store, database):
            all_talk(desk, 1, LONG)
            await store.refused.wait()
            faults = [] if kept(database) == before else [f"{before} became {kept(database)}"]
            if network._taken != taken:
                faults.append("what was not kept is acknowledged")
        await network.taken()
        await desk.settle()
        all_talk(desk, 2)
        await desk._taken()
        return faults + wrong(network)


# --- a full disk


@asynccontextmanager
async def no_more_pages(store: SqliteStore, database: Path) -> AsyncIterator[None]:
    (row,) = await store._all("PRAGMA page_count")
    await store._all(f"PRAGMA max_page_count = {row[0]}")
    yield
    await store._all("PRAGMA max_page_count = 1073741823")


@pytest.mark.parametrize(("kind", "right"), [(Watched, True), (CursorFirst, False), (Careless, False)])
async def test_a_full_database_acknowledges_nothing_and_goes_on_when_there_is_room(
    kind: type[Watched], right: bool, tmp_path: Path
) -> None:
    faults = await faults_during(no_more_pages, tmp_path / "desk.db", kind)
    assert (faults == []) is right, faults


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Give a disk of a few megabytes, where the machine allows it."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "helpbot-test", str(folder)]
    if os.getuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root may mount a small disk")
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"this machine mounts no small disk: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@asynccontextmanager
async def no_more_room(store: SqliteStore, database: Path) -> AsyncIterator[None]:
    """Fill the disk but for two small commits."""
    free = os.statvfs(database.parent)
    filler = database.with_name("filler")
    filler.write_bytes(bytes(free.f_bavail * free.f_frsize - 4 * 4096))
    yield
    filler.unlink()


@pytest.mark.parametrize(("kind", "right"), [(Watched, True), (CursorFirst, False)])
async def test_a_full_disk_acknowledges_nothing_and_goes_on_when_there_is_room(
    kind: type[Watched], right: bool, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        faults = await faults_during(no_more_room, disk / "desk.db", kind)
    assert (faults == []) is right, faults


# --- a database that another process holds


@contextmanager
def holding(database: Path) -> Iterator[None]:
    code = (
        "import sqlite3, sys\n"
        f"db = sqlite3.connect({str(database)!r}, isolation_level=None)\n"
        "db.execute('BEGIN EXCLUSIVE')\n"
        "print('held', flush=True)\n"
        "sys.stdin.readline()\n"
        "db.execute('ROLLBACK')\n"
    )
    program = [sys.executable, "-c", code]
    with subprocess.Popen(program, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "held\n"
            yield
        finally:
            other.communicate("let go\n")
    assert other.returncode == 0


@asynccontextmanager
async def held(store: SqliteStore, database: Path) -> AsyncIterator[None]:
    """Have the database held for longer than SQLite waits."""
    await store._all("PRAGMA busy_timeout = 50")
    with holding(database):
        yield


@pytest.mark.parametrize(("kind", "right"), [(Watched, True), (Careless, False)])
async def test_a_desk_waits_while_another_process_holds_its_database(
    kind: type[Watched], right: bool, tmp_path: Path
) -> None:
    faults = await faults_during(held, tmp_path / "desk.db", kind)
    assert (faults == []) is right, faults


# --- a disk that fails


def failing(first: int, times: int) -> Callable[[Op], int]:
    """Have that many ops fail, from the first-th on."""
    count = itertools.count()

    def trouble(op: Op) -> int:
        if not first <= next(count) < first + times:
            return OK
        return FSYNC if op.kind == "sync" else WRITE

    return trouble


def incoming(number: int) -> Incoming:
    return Incoming(f"${number}", Kind.SAID, "!room", "@marie:x", "Marie", NOW, f"word {number}")


async def faults_of_a_failing_disk(kind: type[Watched], folder: Path, times: int) -> list[str]:
    """Let the disk fail at each op of a commit, try again, then cut the power; return what was not right."""
    faults: list[str] = []
    database = folder / "live" / "desk.db"
    database.parent.mkdir()
    with recorded(database.parent) as record:
        store = await kind.open(database)
        assert isinstance(store, Watched)
        for number in itertools.count(1):
            before = kept(database)
            record.trouble = failing(number - 1, times)
            store.refused.clear()
            try:
                await store.receive("memory", [incoming(number)], str(number), NOW)
            except StoreBusy:
                faults += [] if kept(database) == before else [f"op {number}: {before} became {kept(database)}"]
                record.trouble = lambda op: OK
                await store.receive("memory", [incoming(number)], str(number), NOW)
            faults += after_a_cut(record, number, folder / "cut")
            if not store.refused.is_set():
                assert number > 5, "a commit has more ops than that"
                break
        record.trouble = lambda op: OK
        await store.close()
    return faults


def after_a_cut(record: Record, last: int, folder: Path) -> list[str]:
    disk = Disk()
    for op in record.ops:
        disk.apply(op)
    put(disk.cut(), folder)
    wanted = [f"${number}" for number in range(1, last + 1)], str(last)
    found = kept(folder / "desk.db")
    shutil.rmtree(folder)
    return [] if found == wanted else [f"a cut after {last}: {found}"]


@needs_shim
@pytest.mark.parametrize("times", [1, 100])
async def test_a_failing_disk_acknowledges_nothing_that_is_not_kept(times: int, tmp_path: Path) -> None:
    assert await faults_of_a_failing_disk(Watched, tmp_path, times) == []


@needs_shim
@pytest.mark.parametrize("kind", [CursorFirst, Careless])
async def test_the_check_of_a_failing_disk_finds_a_faulty_store(kind: type[Watched], tmp_path: Path) -> None:
    assert await faults_of_a_failing_disk(kind, tmp_path, 100)


async def faults_of_an_evening(code: int, kind: type[Watched], folder: Path) -> list[str]:
    """Let three ops of an evening fail; return what is wrong in the end."""
    chance, failed = Random(code), itertools.count()

    def now_and_then(op: Op) -> int:
        return code if chance.random() < 0.02 and next(failed) < 3 else OK

    network = new_network(DESK)
    network.forgets = True
    with recorded(folder) as record:
        async with asyncio.timeout(50), stage(DESK, folder / "desk.db", network, kind=kind) as desk:
            await claimed(desk)
            record.trouble = now_and_then
            for number in range(1, 9):
                all_talk(desk, number)
                await network.taken()
            await until_done(desk)
    assert next(failed) >= 3, "the disk did not fail often enough"
    return wrong(network)


@needs_shim
@pytest.mark.parametrize(
    ("code", "kind", "right"), [(WRITE, Watched, True), (FULL, Watched, True), (WRITE, Careless, False)]
)
async def test_a_desk_on_a_disk_that_fails_now_and_then_says_every_word_once(
    code: int, kind: type[Watched], right: bool, tmp_path: Path
) -> None:
    faults = await faults_of_an_evening(code, kind, tmp_path)
    assert (faults == []) is right, faults


async def until_done(desk: Stage) -> None:
    """Wait until the desk has nothing to do, also where the question itself fails."""
    while True:
        try:
            return await desk.settle()
        except StoreBusy:
            await asyncio.sleep(0)
