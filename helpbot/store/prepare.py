"""The database brought up to date."""

from __future__ import annotations

import sqlite3
from importlib import resources

import aiosqlite

from helpbot.transports.base import SetupError

OURS = {"inbox", "outbox", "ticket"}


def migrations() -> list[tuple[int, str]]:
    """Return the numbered migrations that ship, in order."""
    folder = resources.files("helpbot.store").joinpath("migrations")
    files = sorted((item.name, item) for item in folder.iterdir() if item.name.endswith(".sql"))
    return [(int(name.split("_", 1)[0]), item.read_text("utf-8")) for name, item in files]


async def prepare(db: aiosqlite.Connection, path: str) -> None:
    """Set the connection up and bring the database up to date; raises SetupError when it is newer than this program."""
    db.row_factory = sqlite3.Row
    async with db.execute("PRAGMA user_version") as found:
        row = await found.fetchone()
    version = 0 if row is None else int(row[0])
    async with db.execute("SELECT name FROM sqlite_master WHERE type = 'table'") as found:
        tables = {str(row["name"]) for row in await found.fetchall()}
    if (tables and version == 0) or (version > 0 and not tables >= OURS):
        raise SetupError(f"{path}: this database belongs to another program: name another file as `database`")
    await db.execute("PRAGMA journal_mode = WAL")
    await db.execute("PRAGMA synchronous = FULL")
    await db.execute("PRAGMA foreign_keys = ON")
    await db.execute("PRAGMA busy_timeout = 5000")
    known = migrations()
    newest = known[-1][0]
    if version > newest:
        raise SetupError(
            f"{path}: this database is of version {version}, this helpbot knows {newest} at most: "
            "install the newer helpbot again, or restore a backup from before"
        )
    for number, script in known:
        if number > version:
            await db.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
