"""A database of an older helpbot brought up to date, whatever happens meanwhile; and one that may not be written.

Rule: a step of an update is there as a whole or not at all, because the next start goes on from its number.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import aiosqlite
import pytest

from helpbot.store.lock import DeskLock
from helpbot.store.prepare import migrations, prepare
from helpbot.store.sqlite import SqliteStore
from helpbot.transports.base import SetupError
from tests.crash.powercut import FULL, OK, WRITE, missing, put, recorded
from tests.crash.test_powercut import Cut, cuts

PROJECT = Path(__file__).parents[2]
NOBODY = 65534
needs_shim = pytest.mark.skipif(missing() is not None, reason=f"no failing disk here: {missing()}")


def elsewhere(call: str) -> str:
    """Call a function of this module in a process of its own; return what it printed."""
    program = [sys.executable, "-c", f"from {__name__} import *; {call}"]
    return subprocess.run(program, check=True, cwd=PROJECT, stdout=subprocess.PIPE, text=True).stdout


def old_database(path: Path, version: int) -> None:
    """Make a database as the helpbot of that version left it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for number, script in migrations()[:version]:
            db.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
        db.executescript("""
            INSERT INTO cursor VALUES ('memory', '7');
            INSERT INTO conversation (id, transport, room, customer, customer_name, language, gone)
                VALUES (1, 'memory', '!r', '@marie:x', 'Marie', 'fr', 0);
            INSERT INTO ticket (number, conversation, team, status, offer, refused, refusals, question, carded, card,
                opened_at) VALUES (1, 1, 'mobile', 'waiting', '[]', '[]', 0, 'q', 1, '$card', '2026-01-01');
            INSERT INTO entry VALUES (1, 1, 1, 'customer', 'bot', '', '[]', '2026-01-01');
            INSERT INTO inbox (id, transport, event, payload, at, done_at, fault)
                VALUES (1, 'memory', '$1', '{}', '2026-01-01', '2026-01-01', 'ValueError'),
                (2, 'memory', '$2', '{}', '2026-01-02', NULL, NULL);
        """)
        for key, state, ref in (("k1", "sent", "$k1"), ("k2", "dead", None), ("k3", "queued", None)):
            db.execute(
                "INSERT INTO outbox (key, lane, audience, verb, conversation, ticket, entry, created_at, state, ref)"
                " VALUES (?, 'c1', 'customer', 'say', 1, 1, 1, '2026-01-01', ?, ?)",
                (key, state, ref),
            )


Rows = dict[str, list[tuple[object, ...]]]


def contents(path: Path, like: Path) -> Rows:
    """Return all rows, in the columns that the other database has; but for what an update moves elsewhere."""
    with closing(sqlite3.connect(path)) as db, closing(sqlite3.connect(like)) as other:
        tables = [row[0] for row in other.execute("SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE TABLE%'")]
        names = {table: [row[1] for row in other.execute(f"PRAGMA table_info({table})")] for table in tables}
        names = {table: [name for name in has if (table, name) != ("ticket", "card")] for table, has in names.items()}
        tables = [table for table in tables if table != "timer"]
        return {table: list(db.execute(f"SELECT {', '.join(names[table])} FROM {table}")) for table in tables}


async def faults_of_an_update(path: Path, old: Path) -> list[str]:
    """Open what is left of an update; return what is not right then."""
    try:
        store = await SqliteStore.open(path)
    except SetupError as error:
        return [str(error)]
    found = [(await store._all(f"PRAGMA {what}"))[0][0] for what in ("user_version", "integrity_check")]
    await store.close()
    faults = [] if found == [migrations()[-1][0], "ok"] else [f"{path}: {found}"]
    return faults if contents(path, old) == contents(old, old) else [*faults, f"{path}: rows are not as they were"]


async def piecemeal(db: aiosqlite.Connection, path: str) -> None:
    """Bring a database up to date as a control: each statement is a commit of its own."""
    async with db.execute("PRAGMA user_version") as found:
        (version,) = await found.fetchone() or (0,)
    for number, script in migrations()[version:]:
        await db.executescript(f"{script}\nPRAGMA user_version = {number};")


async def update(path: Path, how: str, step: Callable[[object], int] | None = None) -> None:
    db = await aiosqlite.connect(path, isolation_level=None)
    if step is not None:
        await db.set_trace_callback(step)
    await {"shipped": prepare, "piecemeal": piecemeal}[how](db, str(path))
    await db.close()


def kill_at_each_step(old: str, folder: str, how: str, of: str) -> None:
    """Update a copy of an old database in a process that dies at the K-th step, for each K; has to have one thread.

    A step is a statement, or a write: whatever is done to a file.
    """
    for number in itertools.count():
        place = Path(folder, f"{number:03}")
        place.mkdir()
        shutil.copy(old, place / "desk.db")
        child = os.fork()
        if child == 0:
            try:
                _die_at(number, place, how, of)
            finally:
                os._exit(70)
        status = os.waitpid(child, 0)[1]
        if status == 0:
            return
        assert os.WIFSIGNALED(status), status
        assert os.WTERMSIG(status) == signal.SIGKILL, status


def _die_at(number: int, place: Path, how: str, of: str) -> None:
    count = itertools.count()

    def step(what: object) -> int:
        if next(count) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return OK

    if of == "statement":
        asyncio.run(update(place / "desk.db", how, step))
    else:
        with recorded(place) as record:
            record.trouble = step
            asyncio.run(update(place / "desk.db", how))
    os._exit(0)


async def faults_of_kills(version: int, folder: Path, how: str, of: str) -> list[str]:
    old, killed = folder / "old.db", folder / "killed"
    old_database(old, version)
    killed.mkdir()
    await asyncio.to_thread(elsewhere, f"kill_at_each_step({str(old)!r}, {str(killed)!r}, {how!r}, {of!r})")
    places = sorted(killed.iterdir())
    assert len(places) > 20
    return [fault for place in places for fault in await faults_of_an_update(place / "desk.db", old)]


@pytest.mark.parametrize("version", [1, 3])
async def test_an_update_killed_at_any_statement_is_done_at_the_next_start(version: int, tmp_path: Path) -> None:
    assert await faults_of_kills(version, tmp_path, "shipped", "statement") == []


@needs_shim
async def test_an_update_killed_at_any_write_is_done_at_the_next_start(tmp_path: Path) -> None:
    assert await faults_of_kills(3, tmp_path, "shipped", "write") == []


async def test_an_update_in_pieces_does_not_survive_being_killed(tmp_path: Path) -> None:
    """The control."""
    assert await faults_of_kills(3, tmp_path, "piecemeal", "statement")


@needs_shim
@pytest.mark.parametrize(("how", "right"), [("shipped", True), ("piecemeal", False)])
async def test_an_update_survives_a_power_cut(how: str, right: bool, tmp_path: Path) -> None:
    (tmp_path / "live").mkdir()
    old_database(tmp_path / "old.db", 3)
    shutil.copy(tmp_path / "old.db", tmp_path / "live" / "desk.db")
    with recorded(tmp_path / "live") as record:
        await update(tmp_path / "live" / "desk.db", how)
    chance = Random(3)
    places = chance.sample(range(1, record.now + 1), 30)  # at 0 there is not even the old database
    faults = [
        fault
        for way in (None, chance)
        for cut in cuts(record, places, way)
        for fault in await faults_of_a_cut(cut, tmp_path / "cut", tmp_path / "old.db")
    ]
    assert (faults == []) is right, faults


async def faults_of_a_cut(cut: Cut, folder: Path, old: Path) -> list[str]:
    put(cut.files, folder)
    faults = await faults_of_an_update(folder / "desk.db", old)
    shutil.rmtree(folder)
    return faults


# --- a database that cannot be opened


@needs_shim
@pytest.mark.parametrize("code", [WRITE, FULL])
async def test_an_update_on_a_failing_disk_is_refused_and_done_when_the_disk_is_mended(
    code: int, tmp_path: Path
) -> None:
    old_database(tmp_path / "old.db", 3)
    refusals: list[str] = []
    for number in itertools.count():
        place = tmp_path / f"{number:03}"
        place.mkdir()
        shutil.copy(tmp_path / "old.db", place / "desk.db")
        count = itertools.count()
        with recorded(place) as record:
            record.trouble = lambda op, first=number, count=count: code if next(count) >= first else OK  # type: ignore[misc]
            refusals += filter(None, [await refused(place / "desk.db")])
            record.trouble = lambda op: OK
        assert await faults_of_an_update(place / "desk.db", tmp_path / "old.db") == []
        if next(count) < number:
            break
    assert len(refusals) > 10
    assert all("desk.db: cannot be used" in why and "disk" in why for why in refusals)


async def refused(path: Path | str) -> str | None:
    """Return why the database is refused, if it is."""
    try:
        store = await SqliteStore.open(path)
    except SetupError as error:
        return str(error)
    await store.close()
    return None


PERMISSIONS = {  # of folder and file; None is no file
    "folder": (0o555, 0o666),
    "file": (0o777, 0o444),
    "new": (0o555, None),
    "fine": (0o777, 0o666),
}


@pytest.fixture
def for_all() -> Iterator[Path]:
    """Give a folder with databases that everybody can see and that are as PERMISSIONS says."""
    with tempfile.TemporaryDirectory(prefix="helpbot-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for what, (of_folder, of_file) in PERMISSIONS.items():
            (folder / what).mkdir()
            if of_file is not None:
                asyncio.run(update(folder / what / "desk.db", "shipped"))
                (folder / what / "desk.db").chmod(of_file)
            (folder / what).chmod(of_folder)
        yield folder
        for what in PERMISSIONS:
            (folder / what).chmod(0o700)


def tell_what_is_refused(folder: str) -> None:
    """Print for each database why it is refused, as somebody who may do nothing special: in a process of its own."""
    asyncio.run(refused(":memory:"))  # what that imports may be out of their reach
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    found = {what: asyncio.run(refused(Path(folder, what, "desk.db"))) for what in PERMISSIONS}
    found["lock"] = None
    try:
        DeskLock(Path(folder, "folder", "desk.db")).release()
    except SetupError as error:
        found["lock"] = str(error)
    print(json.dumps(found))


def test_a_database_that_may_not_be_written_is_refused_by_its_name_and_with_the_reason(for_all: Path) -> None:
    found = json.loads(elsewhere(f"tell_what_is_refused({str(for_all)!r})"))
    assert found.pop("fine") is None, "the control"
    for what in ("file", "new"):
        assert str(for_all / what / "desk.db") in found[what]
        assert "Permission denied" in found[what]
        assert "check `database` and its folder" in found[what]
    assert str(for_all / "folder" / "desk.db") in found["folder"]
    assert "readonly" in found["folder"]
    assert "check the folder of `database`" in found["lock"], "what `helpbot run` says first"


async def test_whoever_waits_since_before_is_reminded_and_stays_in_its_thread(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    old_database(path, 6)
    with closing(sqlite3.connect(path)) as db:
        db.execute(
            "INSERT INTO outbox (key, lane, audience, verb, ticket, team, content, created_at)"
            " VALUES ('k4', 't1', 'agents', 'say', 1, 'mobile', '[]', '2026-01-01')"
        )
        db.execute("INSERT INTO reference VALUES ('memory', '$card', 1)")
        for number, role in ((2, "agent"), (3, "customer")):
            db.execute(
                "INSERT INTO ticket (number, conversation, team, status, owner, owner_name, offer, refused, refusals,"
                " question, carded, opened_at)"
                " VALUES (?, 1, 'm', 'held', 's', 'S', '[]', '[]', 0, 'q', 1, '2026-01-01')",
                (number,),
            )
            db.execute(
                "INSERT INTO entry (conversation, ticket, audience, role, author, content, at)"
                " VALUES (1, ?, 'customer', ?, '', '[]', '2026-01-02'),"
                " (1, ?, 'customer', 'bot', '', '[]', '2026-01-03')",
                (number, role, number),
            )
        db.commit()
    store = await SqliteStore.open(path)
    kept = await store.ticket(1)
    assert kept is not None
    assert kept.cards == {"mobile": "$card"}
    assert await store.timer_runs(1, "ladder")
    assert await store.timer_runs(2, "silent")
    assert await store.timer_runs(3, "ladder")
    assert await store.ticket_of("memory", "$card") == (1, "mobile")
    assert await store.lanes() == ("c1", "t1 mobile")
    head = await store.head("t1 mobile")
    assert head is not None
    assert head.card == "$card"
    await store.close()
