"""What people wait for, in SQL; the caller holds the transaction."""

from __future__ import annotations

import json
import sqlite3
import unicodedata
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from statistics import median

import aiosqlite

from helpbot.core.model import Figure, Person, Role, Ticket, Wait
from helpbot.store import rows
from helpbot.store.codec import content_text, json_content, time_or_none, time_text

_MEASURED = timedelta(days=14)  # how old an answer may be that an expected wait is taken from
_LAST = 20  # answers of a team that it is taken from
_LEAST = 5  # fewer tell nothing
_LOOKED_AT = 500  # answers of all teams that are looked at
_LONGEST_LINE = 4000  # characters of it that are searched
_SEARCHED = 20_000  # lines, the newest, that are searched
_FOUND = 60  # lines that a search gives at most
_TICKETS = (
    "SELECT t.*, NULL AS newer, c.customer, c.customer_name FROM ticket t JOIN conversation c ON c.id = t.conversation"
)


async def queues(db: aiosqlite.Connection, ticket: Ticket, at: datetime) -> dict[str, Wait]:
    """See Store."""
    since = time_or_none(ticket.waits_since) or "9"
    ahead = (
        "SELECT team, count(*) AS ahead FROM ticket WHERE status = 'waiting' AND (waits_since, number) < (?, ?)"
        " GROUP BY team"
    )
    async with db.execute(ahead, (since, ticket.number)) as found:
        queues = {row["team"]: int(row["ahead"]) for row in await found.fetchall()}
    measured = "SELECT team, value FROM figure WHERE kind = ? AND at >= ? ORDER BY at DESC LIMIT ?"
    values: dict[str, list[float]] = {}
    async with db.execute(measured, (Figure.FIRST_WORD_OPEN, time_text(at - _MEASURED), _LOOKED_AT)) as found:
        async for row in found:
            values.setdefault(row["team"], []).append(row["value"])
    return {team: Wait(queues.get(team, 0), _typical(values.get(team, []))) for team in {*queues, *values}}


def _typical(values: list[float]) -> timedelta | None:
    return None if len(values) < _LEAST else timedelta(seconds=median(values[:_LAST]))


async def open_tickets(db: aiosqlite.Connection) -> tuple[Ticket, ...]:
    """See Store."""
    sql = f"{_TICKETS} WHERE t.status IN ('waiting', 'held') ORDER BY coalesce(t.waits_since, '9'), t.number"
    return await _tickets(db, sql)


async def tickets(db: aiosqlite.Connection, numbers: Sequence[int]) -> tuple[Ticket, ...]:
    """Return the tickets of these numbers, without transcripts."""
    sql = f"{_TICKETS} WHERE t.number IN (SELECT value FROM json_each(?))"  # noqa: S608  # a constant of ours
    return await _tickets(db, sql, json.dumps([*numbers]))


async def tickets_of(db: aiosqlite.Connection, transport: str, customer: str, besides: int) -> tuple[Ticket, ...]:
    """See Store."""
    shown = "(t.merged_into IS NULL OR t.carded)"  # else it only stands for a room
    sql = f"{_TICKETS} WHERE c.customer = ? AND c.transport = ? AND t.number <> ? AND {shown} ORDER BY t.number DESC"
    return await _tickets(db, sql, customer, transport, besides)


async def left_open(db: aiosqlite.Connection, transport: str, customer: str) -> int | None:
    """See Store."""
    sql = (
        "SELECT max(w.number) AS number FROM conversation c JOIN ticket t ON t.conversation = c.id"
        " JOIN ticket w ON w.number = coalesce(t.merged_into, t.number) AND w.status IN ('waiting', 'held')"
        " WHERE c.customer = ?1 AND c.transport = ?2 AND NOT EXISTS ("
        "   SELECT 1 FROM ticket o JOIN conversation d ON d.id = o.conversation AND NOT d.gone"
        "   WHERE (o.number = w.number OR o.merged_into = w.number) AND d.customer = ?1 AND d.transport = ?2)"
    )
    row = await _first(db, sql, customer, transport)
    return None if row is None or row["number"] is None else int(row["number"])


async def last_word(db: aiosqlite.Connection, numbers: Collection[int]) -> int:
    """See Store."""
    sql = (
        "SELECT coalesce(max(id), 0) AS last FROM entry WHERE role = 'customer'"
        " AND ticket IN (SELECT value FROM json_each(?))"
    )
    row = await _first(db, sql, json.dumps([*numbers]))
    return 0 if row is None else int(row["last"])


async def newest_lines(db: aiosqlite.Connection) -> list[sqlite3.Row]:
    """Return the newest lines of the transcripts, the newest first, with the team of their tickets."""
    sql = (
        "SELECT w.number AS ticket, w.team, e.role, e.author, e.content FROM entry e"
        " JOIN ticket t ON t.number = e.ticket JOIN ticket w ON w.number = coalesce(t.merged_into, t.number)"
        " WHERE e.id > (SELECT max(id) FROM entry) - ? ORDER BY e.id DESC"
    )
    async with db.execute(sql, (_SEARCHED,)) as found:
        return list(await found.fetchall())


def holding(lines: Sequence[sqlite3.Row], text: str, here: Callable[[str], bool]) -> tuple[tuple[int, str, str], ...]:
    """Return of these lines a few that hold the text, whatever its capitals and accents; to be run beside the loop.

    Those that people wrote come before the bot's, which quote theirs and are in every ticket.
    """
    needle = _folded(text)
    found: list[tuple[int, str, str]] = []
    by_bot: list[tuple[int, str, str]] = []
    for line in lines:
        if not here(line["team"]):
            continue
        words = content_text(json_content(line["content"]))
        if needle in _folded(words):
            (by_bot if line["role"] == Role.BOT.value else found).append((line["ticket"], line["author"], words))
            if len(found) >= _FOUND:
                break
    return (*found, *by_bot)[:_FOUND]


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text[:_LONGEST_LINE])
    return "".join(char for char in plain if not unicodedata.combining(char)).casefold()


async def asked_how_it_was(db: aiosqlite.Connection, conversation: int, ref: str) -> int | None:
    """See Store."""
    sql = (
        "SELECT t.number FROM outbox o JOIN ticket p ON p.number = o.ticket"
        " JOIN ticket t ON t.number = coalesce(p.merged_into, p.number) WHERE o.conversation = ? AND o.ref = ?"
        " AND o.state = 'sent' AND o.created_at >= t.closed_at AND (t.asked_rating OR t.rating IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM outbox f WHERE f.ticket = o.ticket AND f.audience = 'customer'"
        " AND f.created_at >= t.closed_at AND f.created_at < o.created_at))"  # only on the question itself anew
    )
    row = await _first(db, sql, conversation, ref)
    return None if row is None else int(row["number"])


async def is_away(db: aiosqlite.Connection, agent: str) -> bool:
    """See Store."""
    return await _first(db, "SELECT 1 FROM away WHERE agent = ?", agent) is not None


async def _tickets(db: aiosqlite.Connection, sql: str, *values: object) -> tuple[Ticket, ...]:
    async with db.execute(sql, values) as found:
        return tuple([rows.ticket(row, Person(row["customer"], row["customer_name"]), ()) async for row in found])


async def _first(db: aiosqlite.Connection, sql: str, *values: object) -> sqlite3.Row | None:
    async with db.execute(sql, values) as found:
        return await found.fetchone()
