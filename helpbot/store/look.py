"""What `helpbot doctor` reads of a database, beside a desk that may run on it; it leaves nothing behind."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import aiosqlite

from helpbot.store.codec import text_time
from helpbot.store.lock import beside
from helpbot.store.moves import ROOMS
from helpbot.store.prepare import OURS, prepare

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many of something wait, and since when the oldest does."""

    count: int
    since: datetime | None


def untouched(path: Path, look: Callable[[sqlite3.Connection], T]) -> T:
    """Return what `look` finds in a database; raises sqlite3.Error.

    A reader of a WAL database leaves two files behind, unless it takes the file for one that nobody changes: so it does
    while no journal lies beside it, and looks again when one has appeared meanwhile.
    """
    while True:
        still = not any(beside(path, end).exists() for end in ("-wal", "-journal"))
        uri = f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if still else ''}"
        with closing(sqlite3.connect(uri, uri=True)) as db:
            found = look(db)
        if not still or not beside(path, "-wal").exists():
            return found


def touch(db: sqlite3.Connection) -> None:
    """Read something, which fails when another program keeps the file for itself."""
    db.execute("SELECT count(*) FROM sqlite_master").fetchall()


def quick_check(db: sqlite3.Connection) -> list[str]:
    """Return what SQLite tells of the file: "ok", or up to three kinds of damage."""
    return [str(row[0]) for row in db.execute("PRAGMA quick_check(3)")]


async def synchronous_set() -> int:
    """Return the `synchronous` that the desk's connection has once it is prepared, tried on a database of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "try.db"
        async with aiosqlite.connect(path, isolation_level=None) as db:
            await db.execute("PRAGMA synchronous = OFF")
            await prepare(db, str(path))
            async with db.execute("PRAGMA synchronous") as found:
                row = await found.fetchone()
    return -1 if row is None else int(row[0])


def version(db: sqlite3.Connection) -> int | None:
    """Return of which version a desk's database is; None for one that is none."""
    tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    [[found]] = db.execute("PRAGMA user_version")
    return int(found) if tables >= OURS else None


def unsent(db: sqlite3.Connection) -> Waiting:
    """Return the messages that are to be sent."""
    return _waiting(db, "SELECT count(*), min(created_at) FROM outbox WHERE state = 'queued'")


def undecided(db: sqlite3.Connection) -> Waiting:
    """Return the events that are to be decided."""
    return _waiting(db, "SELECT count(*), min(at) FROM inbox WHERE done_at IS NULL")


def _waiting(db: sqlite3.Connection, sql: str) -> Waiting:
    [[count, since]] = db.execute(sql)
    return Waiting(count, None if since is None else text_time(since))


def given_up(db: sqlite3.Connection) -> int:
    """Return how many dead letters nobody let go of."""
    [[count]] = db.execute(
        "SELECT (SELECT count(*) FROM outbox WHERE state = 'dead' AND dropped_at IS NULL)"
        " + (SELECT count(*) FROM inbox WHERE fault IS NOT NULL AND dropped_at IS NULL)"
    )
    return int(count)


def notes(db: sqlite3.Connection, transport: str) -> Mapping[str, str]:
    """Return a network's notebook."""
    return dict(db.execute("SELECT name, value FROM notebook WHERE transport = ?", (transport,)).fetchall())


def open_tickets(db: sqlite3.Connection, transport: str) -> list[tuple[int, str, bool]]:
    """Return of each open ticket its number, its customer's room, and whether that room is known to be gone."""
    merges = any(row[1] == "speaks_in" for row in db.execute("PRAGMA table_info(ticket)"))  # an older one has none
    speaks_in = "(SELECT s.conversation FROM ticket s WHERE s.number = t.speaks_in)" if merges else "NULL"
    found = db.execute(
        "SELECT t.number, c.room, c.gone FROM ticket t"  # noqa: S608  # ours
        f" JOIN conversation c ON c.id = coalesce({speaks_in}, t.conversation)"
        " WHERE t.status <> 'closed' AND c.transport = ? ORDER BY t.number",
        (transport,),
    )
    return [(number, room, bool(gone)) for number, room, gone in found]


def rooms(db: sqlite3.Connection, transport: str) -> frozenset[str]:
    """Return the customers' rooms on a network, former ones too, and those opened for somebody who has not come yet."""
    opened = " UNION SELECT direct FROM public_talk WHERE transport = ?1 AND direct IS NOT NULL"
    return frozenset(row[0] for row in db.execute(ROOMS + opened, (transport,)))
