"""Corrections and deletions where a message is shown, in SQL; the caller holds the transaction.

Rule: what was taken back is taken out of the database too, because whoever deletes a number wants it gone.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace

import aiosqlite

from helpbot.core.decide_answer import REMEMBERED
from helpbot.core.effects import Amend, Content, Folded, Literal, Strong
from helpbot.core.model import Audience, Role
from helpbot.core.relayed import among_others, as_sent
from helpbot.core.transcript import shorten
from helpbot.store import rows
from helpbot.store.base import Shown, Step
from helpbot.store.codec import content_json, content_text, json_content, time_text

_WAITING = 2  # rows that show one message anew: one may be on its way, the other takes what it says when its turn comes
_GONE_MARK = "🗑"
_GONE = (Literal(_GONE_MARK),)
_ROWS = (
    "SELECT o.id, o.key, o.lane, o.audience, o.verb, o.conversation, o.ticket, o.team, o.entry, o.state, o.created_at,"
    " coalesce(o.content, e.content) AS words FROM shown s JOIN outbox o ON o.id = s.outbox"
    " LEFT JOIN entry e ON e.id = o.entry WHERE s.source = ?"
    " AND o.ticket IN (SELECT value FROM json_each(?)) ORDER BY o.id"
)


async def amend(db: aiosqlite.Connection, messages: Sequence[Amend], ticket: int, step: Step) -> None:
    """Change what the rows of the ticket and its parts show of messages, and have what people have shown anew."""
    if messages:
        tickets = json.dumps(await rows.family(db, ticket))
        for what in messages:
            await _amend(db, what, tickets, step)


async def _amend(db: aiosqlite.Connection, what: Amend, tickets: str, step: Step) -> None:
    said = await _said(db, what.source, tickets)
    begun: set[tuple[str, str]] = set()  # what was parted was written at one time, in one lane
    for row in await _all(db, _ROWS, what.source, tickets):
        if row["verb"] == "react":
            await take_back(db, row, step)
            continue
        copy = row["lane"], row["created_at"]
        content, text = json_content(row["words"]), None if copy in begun else what.text
        begun.add(copy)
        outside = row["audience"] == Audience.CUSTOMER
        new = as_sent(content, text) if outside else among_others(content, what.source, text)
        await _put(db, row, new or _GONE)
        if new:
            await _show_anew(db, row, step)
        else:
            await take_back(db, row, step)
    await _in_transcript(db, what, tickets)
    if what.text is None and said:
        await _forget(db, what, said, tickets, step)


async def _said(db: aiosqlite.Connection, source: str, tickets: str) -> str:
    sql = (
        "SELECT content FROM entry WHERE source = ? AND ticket IN (SELECT value FROM json_each(?)) ORDER BY id LIMIT 1"
    )
    found = await _all(db, sql, source, tickets)
    return content_text(json_content(found[0]["content"])) if found else ""


async def _put(db: aiosqlite.Connection, row: sqlite3.Row, content: Content) -> None:
    where, number = ("entry", row["entry"]) if row["entry"] is not None else ("outbox", row["id"])
    await db.execute(f"UPDATE {where} SET content = ? WHERE id = ?", (content_json(content), number))  # noqa: S608


async def take_back(db: aiosqlite.Connection, row: sqlite3.Row, step: Step, why: str = "taken back") -> None:
    """Take back a message that was sent, or is being sent now; one that still waits is never sent."""
    if row["state"] == "dead":
        return
    gone = "UPDATE outbox SET state = 'dead', why = ?, dropped_at = ? WHERE id = ? AND state = 'queued'"
    await db.execute(gone, (why, time_text(step.at), row["id"]))
    await _queue(db, row, "redact", step)


async def _show_anew(db: aiosqlite.Connection, row: sqlite3.Row, step: Step) -> None:
    if row["state"] == "dead":
        return
    sql = "SELECT count(*) AS waiting FROM outbox WHERE amends = ? AND state = 'queued'"
    (waiting,) = await _all(db, sql, row["id"])
    if waiting["waiting"] < _WAITING:
        await _queue(db, row, "amend", step)


async def _queue(db: aiosqlite.Connection, row: sqlite3.Row, verb: str, step: Step) -> None:
    key = hashlib.sha256("\x1f".join((row["key"], verb, step.row.event, str(step.row.again))).encode()).hexdigest()[:32]
    await db.execute(
        "INSERT INTO outbox (key, lane, audience, verb, conversation, ticket, team, entry, created_at, amends)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
        (
            key,
            row["lane"],
            row["audience"],
            verb,
            row["conversation"],
            row["ticket"],
            row["team"],
            row["entry"],
            time_text(step.at),
            row["id"],
        ),
    )


async def _in_transcript(db: aiosqlite.Connection, what: Amend, tickets: str) -> None:
    """Change the lines that no row of the outbox carries: her words, and inside ones."""
    sql = (
        "UPDATE entry SET content = ? WHERE source = ? AND ticket IN (SELECT value FROM json_each(?))"
        " AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.entry = entry.id)"
    )
    content = _GONE if what.text is None else (Literal(what.text),)
    await db.execute(sql, (content_json(content), what.source, tickets))


async def _forget(db: aiosqlite.Connection, what: Amend, said: str, tickets: str, step: Step) -> None:
    """Take words out of what else was made of them: the message that came in, the question, reminders that quote it."""
    for these in ("event = ?", "json_extract(payload, '$.edits') = ?"):
        blank = f"UPDATE inbox SET payload = json_set(payload, '$.text', '') WHERE {these}"  # noqa: S608  # ours
        await db.execute(blank, (what.source,))
    gone = {shorten(said): _GONE_MARK, what.question: _GONE_MARK}  # what cards quote, and what they say instead
    of_these = "ticket IN (SELECT value FROM json_each(?))"
    for row in await _all(db, f"SELECT id, text, before FROM question WHERE {of_these}", tickets):  # noqa: S608  # ours
        text, before = _without_line(row["text"], said), _without_line(row["before"] or "", said)
        changed = "UPDATE question SET text = ?, before = ? WHERE id = ?"
        await db.execute(changed, (text, before or None, row["id"]))
        gone[shorten(row["text"])] = shorten(text) or _GONE_MARK
    sql = (
        f"SELECT *, content AS words FROM outbox WHERE {of_these}"  # noqa: S608  # ours
        " AND audience = 'agents' AND verb IN ('card', 'edit_card', 'say_in_room', 'say')"
    )
    for row in await _all(db, sql, tickets):
        content = json_content(row["words"])
        new = tuple(
            replace(block, text=_without(block.text, gone)) if isinstance(block, Literal | Strong | Folded) else block
            for block in content
        )
        if new != content:
            await _put(db, row, new)
            if row["verb"] in {"say_in_room", "say"}:  # the card is shown anew by who decides
                await _show_anew(db, row, step)


def _without_line(question: str, said: str) -> str:
    """Return a question, as it was kept, without that line of it; the last line may have been cut."""
    framed = f"\n{question}\n".replace(f"\n{said}\n", "\n")[1:-1]
    if len(question) < REMEMBERED:
        return framed
    starts = [0, *(place + 1 for place, char in enumerate(framed) if char == "\n")]
    cut = next((start for start in starts if said.startswith(framed[start:])), len(framed))
    return framed[:cut].removesuffix("\n")


def _without(text: str, gone: Mapping[str, str]) -> str:
    """Return the text with something else where a line of it ends with one of these questions."""
    lines = text.split("\n")
    for old in sorted(gone, key=len, reverse=True):
        lines = [one.removesuffix(old) + gone[old] if old and one.endswith(f" {old}") else one for one in lines]
    return "\n".join(lines)


# --- what stands for what


async def shown(db: aiosqlite.Connection, source: str) -> Shown | None:
    """See Store."""
    sql = (
        "SELECT o.ticket, o.audience, o.ref, o.team, coalesce(o.content, e.content) AS words FROM shown s"
        " JOIN outbox o ON o.id = s.outbox LEFT JOIN entry e ON e.id = o.entry"
        " WHERE s.source = ? AND o.ticket IS NOT NULL AND o.dropped_at IS NULL AND o.amends IS NULL"
        " ORDER BY o.audience = 'agents', o.id LIMIT 1"  # words that went out are what they are to her
    )
    found = await _all(db, sql, source)
    return (
        None
        if not found
        else Shown(found[0]["ticket"], Audience(found[0]["audience"]), found[0]["ref"], found[0]["team"])
    )


async def origin(db: aiosqlite.Connection, ref: str, conversation: int | None) -> tuple[str, int] | None:
    """See Store."""
    sql = (
        "SELECT s.source, o.ticket FROM outbox o JOIN shown s ON s.outbox = o.id WHERE o.ref = ?"
        " AND o.conversation IS ? AND o.verb = 'say' AND (o.conversation IS NOT NULL OR EXISTS"
        "   (SELECT 1 FROM entry e WHERE e.source = s.source AND e.role = 'customer'))"
        " GROUP BY o.id HAVING count(DISTINCT s.source) = 1"
    )
    found = await _all(db, sql, ref, conversation)
    return (str(found[0]["source"]), int(found[0]["ticket"])) if len(found) == 1 else None


async def read_by(db: aiosqlite.Connection, transport: str, ref: str, person: str) -> tuple[str, str, str] | None:
    """See Store."""
    sql = (
        "SELECT c.transport, c.room, e.source FROM outbox o JOIN ticket t ON t.number = o.ticket AND t.owner = ?"
        " JOIN outbox s ON s.ticket = o.ticket AND s.team = o.team AND s.id <= o.id"
        "   AND s.state = 'sent' AND s.verb = 'say'"
        " JOIN shown w ON w.outbox = s.id JOIN entry e ON e.source = w.source AND e.role = 'customer'"
        " JOIN conversation c ON c.id = e.conversation AND NOT c.gone AND NOT c.crowded"
        " WHERE o.ref = ? AND EXISTS (SELECT 1 FROM reference r WHERE r.transport = ? AND r.ref = o.ref)"
        " ORDER BY s.id DESC LIMIT 1"
    )
    for row in await _all(db, sql, person, ref, transport):
        return str(row["transport"]), str(row["room"]), str(row["source"])
    return None


async def marks_on(db: aiosqlite.Connection, ref: str) -> tuple[str, ...]:
    """See Store."""
    sql = (
        "SELECT symbol, EXISTS (SELECT 1 FROM outbox r WHERE r.amends = o.id) AS gone FROM outbox o"
        " WHERE target = ? AND verb = 'react' AND EXISTS (SELECT 1 FROM shown s WHERE s.outbox = o.id) ORDER BY id"
    )
    return tuple("" if row["gone"] else str(row["symbol"]) for row in await _all(db, sql, ref))


async def line(db: aiosqlite.Connection, source: str, role: Role | None) -> tuple[int, str] | None:
    """See Store."""
    sql = (
        "SELECT ticket, content FROM entry WHERE source = ?1 AND ticket IS NOT NULL AND (?2 IS NULL OR role = ?2)"
        " ORDER BY id LIMIT 1"
    )
    rows = await _all(db, sql, source, role)
    return None if not rows else (int(rows[0]["ticket"]), content_text(json_content(rows[0]["content"])))


async def _all(db: aiosqlite.Connection, sql: str, *values: object) -> list[sqlite3.Row]:
    async with db.execute(sql, values) as found:
        return list(await found.fetchall())
