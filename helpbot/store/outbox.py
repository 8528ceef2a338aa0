"""What is to be sent, in SQL; the caller holds the transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime

import aiosqlite

from helpbot.core.model import Audience
from helpbot.store import rows
from helpbot.store.base import Outgoing
from helpbot.store.codec import time_text
from helpbot.store.notes import write_note
from helpbot.store.public import opened

_MARKS = ("react", "edit_card")
_MARK_TRIES = 3  # times that a mark is tried, each after its room has taken something else


async def lanes(db: aiosqlite.Connection) -> tuple[str, ...]:
    """See Store."""
    sql = "SELECT lane FROM outbox WHERE state = 'queued' GROUP BY lane ORDER BY min(id)"
    async with db.execute(sql) as found:
        return tuple([row["lane"] async for row in found])


async def head(db: aiosqlite.Connection, lane: str) -> Outgoing | None:
    """See Store."""
    row = await _first(db, f"{rows.OUTGOING} WHERE o.state = 'queued' AND o.lane = ? ORDER BY o.id LIMIT 1", lane)
    return None if row is None else rows.outgoing(row)


async def read_from(
    db: aiosqlite.Connection, conversation: int | None, teams: Sequence[str], place: str | None = None
) -> str | None:
    """See Store.

    What is queued was made after everything that was known to be sent by then, so that what was sent right before the
    oldest queued row is a safe place; rows count for this, not clocks, because clocks jump. What was found there is no
    such place: a desk that had more than a restored backup has may have sent it after what is yet to be decided.
    """
    if conversation is not None:
        room, values = "conversation = ?", (conversation,)
    elif place is not None:
        room, values = "verb <> 'open' AND place = ?", (place,)  # type: ignore[assignment]
    else:
        room, values = f"team IN ({', '.join('?' * len(teams))})", tuple(teams)  # type: ignore[assignment]
    row = await _first(
        db,
        f"SELECT ref FROM outbox WHERE state = 'sent' AND ref <> '' AND {room} AND sent_after <"  # noqa: S608  # ours
        f" coalesce((SELECT min(id) FROM outbox WHERE state = 'queued' AND {room}), 9223372036854775807)"
        " ORDER BY sent_after DESC, id DESC LIMIT 1",
        *values,
        *values,
    )
    return None if row is None else str(row["ref"])


async def queued(db: aiosqlite.Connection, teams: Sequence[str]) -> tuple[Outgoing, ...]:
    """See Store."""
    places = ", ".join("?" * len(teams))
    sql = f"{rows.OUTGOING} WHERE o.state = 'queued' AND o.team IN ({places}) ORDER BY o.id"
    async with db.execute(sql, tuple(teams)) as found:
        return tuple([rows.outgoing(row) async for row in found])


async def sent(db: aiosqlite.Connection, row: Outgoing, transport: str, ref: str, at: datetime, *, found: bool) -> bool:
    """See Store; tells whether there is more to be sent because of this."""
    await db.execute(
        "UPDATE outbox SET state = 'sent', ref = ?, sent_at = ?, why = NULL,"
        " sent_after = CASE WHEN ? THEN NULL ELSE (SELECT max(id) FROM outbox) END WHERE id = ?",
        (ref, time_text(at), found, row.id),
    )
    if row.verb == "open":
        await opened(db, row, ref, at)
    if row.audience is Audience.AGENTS and row.ticket is not None:
        known = "INSERT OR IGNORE INTO reference VALUES (?, ?, ?, ?)"
        await db.execute(known, (transport, ref, row.ticket, row.team))
        if row.verb == "card":
            await db.execute("INSERT OR REPLACE INTO card VALUES (?, ?, ?)", (row.ticket, row.team, ref))
    if row.receipt is not None:
        others = "SELECT 1 FROM outbox WHERE receipt = ? AND ticket IS ? AND state <> 'sent'"
        if await _first(db, others, row.receipt, row.ticket) is None:
            await _report(db, row, "delivered", {"ref": row.receipt}, at)
    return row.audience is Audience.AGENTS and row.verb not in _MARKS and await _raise_marks(db, row.team or "", at)


async def _raise_marks(db: aiosqlite.Connection, team: str, at: datetime) -> bool:
    """Queue once more the marks that the team's room refused while it refused everything, and the newest states."""
    of_team = "state = 'dead' AND dropped_at IS NULL AND team = ? AND refusals < ?"
    await db.execute(
        f"UPDATE outbox SET dropped_at = ? WHERE {of_team} AND verb = 'edit_card' AND EXISTS (SELECT 1 FROM outbox n"  # noqa: S608
        "   WHERE n.ticket = outbox.ticket AND n.verb IN ('edit_card', 'card') AND n.id > outbox.id)",
        (time_text(at), team, _MARK_TRIES),
    )
    raised = await db.execute(
        f"UPDATE outbox SET state = 'queued', due_at = NULL WHERE {of_team}"  # noqa: S608
        " AND verb IN ('react', 'edit_card')",
        (team, _MARK_TRIES),
    )
    return raised.rowcount > 0


async def card_lost(db: aiosqlite.Connection, row: Outgoing, at: datetime) -> None:
    """See Store."""
    payload = json.dumps({"kind": "card_lost", "ticket": row.ticket, "team": row.team})
    await write_note(db, f"card_lost:{row.ticket}:{row.card or row.team}", payload, at)


async def file_lost(db: aiosqlite.Connection, row: Outgoing, name: str, why: str, at: datetime) -> None:
    """See Store."""
    found = await _first(db, "SELECT source FROM shown WHERE outbox = ?", row.id)
    if found is not None:
        await _report(db, row, "file_lost", {"ref": found["source"], "to": row.audience, "name": name, "why": why}, at)


async def card_was_made(db: aiosqlite.Connection, row: Outgoing) -> bool:
    """See Store."""
    made = "SELECT 1 FROM outbox WHERE ticket = ? AND team = ? AND verb = 'card' AND id < ?"
    return await _first(db, made, row.ticket, row.team, row.id) is not None


async def postpone(db: aiosqlite.Connection, row: Outgoing, due: datetime, why: str, *, refused: bool) -> None:
    """See Store."""
    await db.execute(
        "UPDATE outbox SET tries = tries + 1, refusals = refusals + ?, due_at = ?, why = ? WHERE id = ?",
        (refused, time_text(due), why, row.id),
    )


async def bury(db: aiosqlite.Connection, row: Outgoing, why: str, at: datetime, *, for_now: bool) -> None:
    """See Store."""
    await db.execute(
        "UPDATE outbox SET state = 'dead', why = ?, refusals = CASE WHEN ? THEN refusals + 1 ELSE ? END WHERE id = ?",
        (why, for_now, _MARK_TRIES, row.id),
    )
    if row.receipt is not None:
        await db.execute(
            "UPDATE outbox SET state = 'dead', why = ? WHERE receipt = ? AND lane = ? AND state = 'queued'",
            (why, row.receipt, row.lane),
        )
    if row.audience is not Audience.CUSTOMER or row.ticket is None:
        return
    if row.verb == "say":
        await _report(db, row, "undelivered", {"ref": row.receipt, "why": why}, at)
    elif row.verb in {"amend", "redact"}:  # she can be reached, and reads what she read before
        await _report(db, row, "unchanged", {"deleted": row.verb == "redact", "why": why}, at)


async def _report(db: aiosqlite.Connection, row: Outgoing, kind: str, values: dict[str, object], at: datetime) -> None:
    payload = json.dumps({"kind": kind, "ticket": row.ticket, **values})
    await write_note(db, f"{kind}:{row.key}" + (f":{row.again}" if row.again else ""), payload, at)


async def _first(db: aiosqlite.Connection, sql: str, *values: object) -> sqlite3.Row | None:
    async with db.execute(sql, values) as found:
        return await found.fetchone()
