"""One connection, one writer: each piece of work is one transaction that a cancelled caller cannot leave half-way."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiosqlite

from helpbot.store.base import StoreBusy

T = TypeVar("T")
_PASSES = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_PROTOCOL,  # of locks
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
}


class Units:
    """Runs work on a connection, one piece after the other."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._db = connection
        self._turn = asyncio.Lock()
        self._units: set[asyncio.Task[object]] = set()

    async def _unit(self, work: Callable[[aiosqlite.Connection], Awaitable[T]]) -> T:
        """Run `work` as one transaction; a cancelled caller stops waiting, the transaction goes on to its end.

        Raises StoreBusy for what may pass by itself; a fault of ours comes out as it is.
        """

        async def whole() -> T:
            async with self._turn:
                try:
                    await self._db.execute("BEGIN IMMEDIATE")
                    result = await work(self._db)
                    await self._db.execute("COMMIT")
                except BaseException as error:
                    if self._db.in_transaction:
                        with contextlib.suppress(sqlite3.Error):  # SQLite may have done so itself
                            await self._db.execute("ROLLBACK")
                    if _may_pass(error):
                        raise StoreBusy(str(error)) from error
                    raise
                return result

        task = asyncio.get_running_loop().create_task(whole())
        self._units.add(task)
        task.add_done_callback(self._units.discard)
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Finish what is being written and close."""
        while self._units:
            await asyncio.wait(self._units)
        await self._db.close()

    async def _one(self, sql: str, *values: object) -> sqlite3.Row | None:
        return await self._unit(lambda db: _first(db, sql, *values))

    async def _all(self, sql: str, *values: object) -> list[sqlite3.Row]:
        async def work(db: aiosqlite.Connection) -> list[sqlite3.Row]:
            async with db.execute(sql, values) as found:
                return list(await found.fetchall())

        return await self._unit(work)


def _may_pass(error: BaseException) -> bool:
    """Tell whether a fault is the disk's, or another program's that holds the database.

    Whatever else SQLite raises is a fault of ours, or a broken database: it would be the same the next time.
    """
    code = getattr(error, "sqlite_errorcode", None)  # missing where it is Python that refuses
    return code is not None and code & 0xFF in _PASSES  # what lies above tells more of the same


async def _first(db: aiosqlite.Connection, sql: str, *values: object) -> sqlite3.Row | None:
    async with db.execute(sql, values) as found:
        return await found.fetchone()
