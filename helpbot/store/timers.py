"""Timers, in SQL; the caller holds the transaction."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime

import aiosqlite

from helpbot.store import queue
from helpbot.store.base import INTERNAL, TimerChanges
from helpbot.store.codec import text_time, time_text
from helpbot.store.notes import write_note
from helpbot.store.public import fire_silences

# A timer that fired and is not decided yet is set anew by that decision, if it is to run: it is none that is missing.
_SET = (
    "INSERT INTO timer SELECT :ticket, :name, :due WHERE EXISTS"
    " (SELECT 1 FROM timer WHERE ticket = :ticket AND name = :name) OR NOT EXISTS (SELECT 1 FROM inbox"
    "   WHERE transport = :us AND event >= :fired AND event < :fired || '~' AND done_at IS NULL)"
    " ON CONFLICT (ticket, name) DO UPDATE SET due = excluded.due"
)


def fired(ticket: int, name: str) -> str:
    """Return what the id of the event that a timer fired begins with; when it was due follows."""
    return f"timer:{ticket}:{name}:"


async def next_due(db: aiosqlite.Connection) -> datetime | None:
    """See Store."""
    sql = "SELECT min(due) AS due FROM (SELECT min(due) AS due FROM timer UNION ALL SELECT min(due) FROM silence)"
    async with db.execute(sql) as found:
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
        event = await _unused(db, fired(timer["ticket"], timer["name"]) + timer["due"])
        payload = json.dumps({"kind": "timer", "ticket": timer["ticket"], "name": timer["name"]})
        await write_note(db, event, payload, now)
    await db.execute("DELETE FROM timer WHERE due <= ?", (due,))
    await fire_silences(db, due, now)


async def open_numbers(db: aiosqlite.Connection) -> list[int]:
    """See Store."""
    async with db.execute("SELECT number FROM ticket WHERE status IN ('waiting', 'held') ORDER BY number") as found:
        return [int(row["number"]) for row in await found.fetchall()]


async def change(db: aiosqlite.Connection, numbers: Sequence[int], changes: TimerChanges) -> bool:
    """See Store.change_timers; tell whether anything was to be changed."""
    running: dict[int, dict[str, datetime]] = {number: {} for number in numbers}
    sql = "SELECT ticket, name, due FROM timer WHERE ticket IN (SELECT value FROM json_each(?))"
    async with db.execute(sql, (json.dumps(list(numbers)),)) as found:
        for row in await found.fetchall():
            running[row["ticket"]][row["name"]] = text_time(row["due"])
    to_set: list[dict[str, object]] = []
    to_stop: list[tuple[int, str]] = []
    for ticket in await queue.tickets(db, numbers):
        for name, due in changes(ticket, running[ticket.number]).items():
            if due is None:
                to_stop.append((ticket.number, name))
                continue
            event = {"us": INTERNAL, "fired": fired(ticket.number, name)}
            to_set.append({"ticket": ticket.number, "name": name, "due": time_text(due), **event})
        await asyncio.sleep(0)  # opening hours are worked out on the loop, which others wait for
    if to_stop:
        await db.executemany("DELETE FROM timer WHERE ticket = ? AND name = ?", to_stop)
    if to_set:
        await db.executemany(_SET, to_set)
    return bool(to_set or to_stop)


async def _unused(db: aiosqlite.Connection, event: str) -> str:
    """Return an id for an event that may happen again: clocks are set back, and the same moment comes twice."""
    sql = "SELECT count(*) AS used FROM inbox WHERE transport = ? AND event >= ? AND event < ? || '~'"
    async with db.execute(sql, (INTERNAL, event, event)) as found:
        row = await found.fetchone()
    used = 0 if row is None else int(row["used"])
    return f"{event}:{used}" if used else event
