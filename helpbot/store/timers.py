"""Timers, in SQL; the caller holds the transaction."""

from __future__ import annotations

import json
from datetime import datetime

import aiosqlite

from helpbot.store.base import INTERNAL
from helpbot.store.codec import text_time, time_text
from helpbot.store.keep import write_note


async def next_due(db: aiosqlite.Connection) -> datetime | None:
    """See Store."""
    async with db.execute("SELECT min(due) AS due FROM timer") as found:
        row = await found.fetchone()
    return None if row is None or row["due"] is None else text_time(row["due"])


async def runs(db: aiosqlite.Connection, ticket: int, name: str) -> bool:
    """See Store.timer_runs."""
    async with db.execute("SELECT 1 FROM timer WHERE ticket = ? AND name = ?", (ticket, name)) as found:
        return await found.fetchone() is not None


async def fire(db: aiosqlite.Connection, now: datetime) -> None:
    """See Store."""
    due = time_text(now)
    async with db.execute("SELECT * FROM timer WHERE due <= ? ORDER BY due, ticket, name", (due,)) as found:
        timers = await found.fetchall()
    for timer in timers:
        event = await _never_used(db, f"timer:{timer['ticket']}:{timer['name']}:{timer['due']}")
        payload = json.dumps({"kind": "timer", "ticket": timer["ticket"], "name": timer["name"]})
        await write_note(db, event, payload, now)
    await db.execute("DELETE FROM timer WHERE due <= ?", (due,))


async def _never_used(db: aiosqlite.Connection, event: str) -> str:
    """Return an id for an event that may happen again: clocks are set back, and the same moment comes twice."""
    sql = "SELECT count(*) AS used FROM inbox WHERE transport = ? AND event >= ? AND event < ? || '~'"
    async with db.execute(sql, (INTERNAL, event, event)) as found:
        row = await found.fetchone()
    used = 0 if row is None else int(row["used"])
    return f"{event}:{used}" if used else event
