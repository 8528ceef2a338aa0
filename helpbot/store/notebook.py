"""What a transport keeps in the desk's database beside its messages."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable

from helpbot.store.base import StoreBusy
from helpbot.store.moves import ROOMS
from helpbot.transports.base import TryLater

Run = Callable[..., Awaitable[list[sqlite3.Row]]]


class SqliteNotebook:
    """See transports.base.Notebook; `run` executes one statement as a transaction and returns its rows."""

    def __init__(self, run: Run, transport: str) -> None:
        self._rows = run
        self._transport = transport

    async def _run(self, sql: str, *values: object) -> list[sqlite3.Row]:
        try:
            return await self._rows(sql, *values)
        except StoreBusy as busy:  # a transport waits for its database as it waits for its network
            raise TryLater(f"the database cannot be used now ({busy})") from None

    async def get(self, key: str) -> str | None:
        """See Notebook."""
        found = await self._run("SELECT value FROM notebook WHERE transport = ? AND name = ?", self._transport, key)
        return str(found[0]["value"]) if found else None

    async def put(self, key: str, value: str) -> None:
        """See Notebook."""
        await self._run("INSERT OR REPLACE INTO notebook VALUES (?, ?, ?)", self._transport, key, value)

    async def cursor(self) -> str | None:
        """See Notebook."""
        found = await self._run("SELECT value FROM cursor WHERE transport = ?", self._transport)
        return str(found[0]["value"]) if found else None

    async def rooms(self) -> frozenset[str]:
        """See Notebook."""
        found = await self._run(ROOMS, self._transport)
        return frozenset(row["room"] for row in found)
