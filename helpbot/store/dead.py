"""Dead letters: what could not be decided or delivered, kept until an admin has it tried anew or lets go of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiosqlite

from helpbot.store.base import INTERNAL
from helpbot.store.codec import content_text, json_content, text_time, time_text
from helpbot.store.notes import write_note
from helpbot.store.reading import reading

QUIET = ("gone", "crowded")  # reasons that agents hear of in the ticket itself, and that no admin can mend
_STUCK = 3  # refusals of a message that is still tried
_LATE = timedelta(minutes=15)  # how old such a message is, tried _LATE_TRIES times, before people hear of it
_LATE_TRIES = 8
_HEARD_AGAIN = timedelta(minutes=10)  # how long something has come in since: then the network is there, and it is not
_NOTICED = "noticed"
# Of dead letters: it must not become a reason for another.
_A_NOTICE = "(verb = 'say_in_room' AND target IS NULL AND ticket IS NULL)"
_IS_LATE = (
    "state = 'queued' AND noticed_at IS NULL AND tries >= ? AND created_at <= ? AND created_at <"
    " (SELECT at FROM inbox WHERE transport <> ? AND at <= ? ORDER BY id DESC LIMIT 1)"
)
_OUT = (
    "SELECT o.id, o.created_at AS at, o.state, o.verb, o.audience, t.number AS ticket, o.why, o.tries, o.due_at,"
    " coalesce(o.team, t.team) AS team, coalesce(o.content, e.content) AS words, coalesce(c.room, h.room) AS room"
    " FROM outbox o LEFT JOIN entry e ON e.id = o.entry LEFT JOIN ticket p ON p.number = o.ticket"
    " LEFT JOIN ticket t ON t.number = coalesce(p.merged_into, p.number)"
    " LEFT JOIN conversation c ON c.id = o.conversation LEFT JOIN public_talk h ON h.id = o.talk"
)
_IN = "SELECT id, at, transport, event, payload, fault, handed FROM inbox"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """`id` is "out" or "in" with a number; `to` says whose words they are or would have been for; `words` may be long.

    `waits` when it is still tried by itself, `handed` when the agents have the words, or were told of them.
    """

    id: str
    at: datetime
    ticket: int | None
    to: str
    why: str
    tries: int
    words: str
    waits: bool = False
    handed: bool = False


def letters(database: Path) -> list[DeadLetter]:
    """Return what failed, the oldest first; the desk may run meanwhile. Raises SetupError."""
    with reading(database, "dead letters") as db:
        out = db.execute(
            f"{_OUT} WHERE (o.state = 'dead' AND o.dropped_at IS NULL)"
            " OR (o.state = 'queued' AND (o.refusals >= ? OR (o.tries >= ? AND o.created_at <= ?)))",
            (_STUCK, _LATE_TRIES, time_text(datetime.now(UTC) - _LATE)),
        ).fetchall()
        into = db.execute(f"{_IN} WHERE fault IS NOT NULL AND dropped_at IS NULL").fetchall()
    found = [_sent_to(row) for row in out] + [_came_in(row) for row in into]
    return sorted(found, key=lambda letter: (letter.at, letter.id))


def _sent_to(row: sqlite3.Row) -> DeadLetter:
    words = "" if row["words"] is None else content_text(json_content(row["words"]))
    to = f"the agents of {row['team']}" if row["audience"] == "agents" else f"the customer in {row['room']}"
    if row["audience"] == "public":
        to = f"the help room {row['room']}"
    if row["verb"] in {"open", "react", "edit_card"}:
        words = f"({row['verb']}) {words}"
    at, waits = text_time(row["at"]), row["state"] == "queued"
    return DeadLetter(f"out{row['id']}", at, row["ticket"], to, row["why"] or "", row["tries"], words, waits)


def _came_in(row: sqlite3.Row) -> DeadLetter:
    values = json.loads(row["payload"])
    if row["transport"] == INTERNAL:
        ticket, who, words = values.get("ticket"), "the desk itself", f"({values.get('kind')})"
    else:
        ticket, who = None, f"from {values.get('sender')} in {values.get('room')}"
        words = str(values.get("text") or f"({values.get('kind')})")
    at, handed = text_time(row["at"]), bool(row["handed"])
    return DeadLetter(f"in{row['id']}", at, ticket, who, row["fault"], 0, words, handed=handed)


async def retry(db: aiosqlite.Connection, letter: str) -> bool:
    """Have it decided or sent anew, with what belongs to it; tell whether there is such a dead letter."""
    table, number = split(letter)
    if table == "inbox":
        done = await db.execute(
            "UPDATE inbox SET done_at = NULL, fault = NULL, noticed_at = NULL, tries = 0, again = again + 1"
            " WHERE id = ? AND fault IS NOT NULL AND dropped_at IS NULL AND handed = 0",
            (number,),
        )
        return done.rowcount > 0
    done = await db.execute(
        "UPDATE outbox SET state = 'queued', tries = 0, refusals = 0, due_at = NULL, noticed_at = NULL,"
        " again = again + 1 WHERE state = 'dead' AND dropped_at IS NULL AND (id = ?1 OR (receipt, lane) ="
        " (SELECT receipt, lane FROM outbox WHERE id = ?1))",
        (number,),
    )
    return done.rowcount > 0


async def drop(db: aiosqlite.Connection, letter: str, at: datetime) -> bool:
    """Let go of it; tell whether there is such a dead letter."""
    table, number = split(letter)
    failed = "fault IS NOT NULL" if table == "inbox" else "state = 'dead'"
    done = await db.execute(
        f"UPDATE {table} SET dropped_at = ? WHERE id = ? AND {failed} AND dropped_at IS NULL",  # noqa: S608
        (time_text(at), number),
    )
    return done.rowcount > 0


def split(letter: str) -> tuple[str, int]:
    """Return the table and the number that a dead letter's id names; ("outbox", 0) for what is none."""
    for prefix, table in (("out", "outbox"), ("in", "inbox")):
        digits = letter.removeprefix(prefix)
        if letter.startswith(prefix) and digits.isascii() and digits.isdigit() and len(digits) <= 18:
            return table, int(digits)
    return "outbox", 0


# --- telling the agents


async def gather(db: aiosqlite.Connection, now: datetime, every: timedelta, teams: Sequence[str]) -> datetime | None:
    """See Store.gather_dead."""
    quiet = ", ".join("?" * len(QUIET))
    await db.execute(
        "UPDATE outbox SET noticed_at = ? WHERE state = 'dead' AND noticed_at IS NULL"  # noqa: S608  # ours
        f" AND (why IN ({quiet}) OR verb IN ('react', 'edit_card') OR {_A_NOTICE})",
        (time_text(now), *QUIET),
    )
    await _tell_of_late_words(db, now)
    await _tell_her_that_she_waits(db, now)
    failed = [*await _unnoticed(db, teams), *await _unheard(db, now, teams)]
    if not failed:
        return None
    last = await _last_notice(db)
    if last is not None and last <= now < last + every:
        return last + every
    for team in dict.fromkeys(team for _, _, team, _ in failed):
        mine = [(table, number, ticket) for table, number, of, ticket in failed if of == team]
        tickets = sorted({ticket for _, _, ticket in mine if ticket is not None})
        payload = {"kind": "dead", "ticket": None, "team": team, "count": len(mine), "tickets": tickets}
        await write_note(db, f"dead:{team}:{time_text(now)}", json.dumps(payload), now)
    for table, number, _, _ in failed:
        await db.execute(f"UPDATE {table} SET noticed_at = ? WHERE id = ?", (time_text(now), number))  # noqa: S608
    await db.execute("INSERT OR REPLACE INTO notebook VALUES (?, ?, ?)", (INTERNAL, _NOTICED, time_text(now)))
    return now + every


async def _last_notice(db: aiosqlite.Connection) -> datetime | None:
    sql = "SELECT value FROM notebook WHERE transport = ? AND name = ?"
    async with db.execute(sql, (INTERNAL, _NOTICED)) as found:
        row = await found.fetchone()
    return None if row is None else text_time(row["value"])


async def _tell_of_late_words(db: aiosqlite.Connection, now: datetime) -> None:
    """Have agents told, in the ticket, of words to a customer that wait for long while the network is there."""
    sql = f"SELECT id, key, ticket, receipt, why, again FROM outbox o WHERE audience = 'customer' AND {_IS_LATE}"  # noqa: S608
    async with db.execute(sql, _late(now)) as found:
        late = await found.fetchall()
    for row in late:
        payload = json.dumps({"kind": "late", "ticket": row["ticket"], "ref": row["receipt"], "why": row["why"] or ""})
        await write_note(db, f"late:{row['key']}:{row['again']}", payload, now)
        await db.execute("UPDATE outbox SET noticed_at = ? WHERE id = ?", (time_text(now), row["id"]))


async def _tell_her_that_she_waits(db: aiosqlite.Connection, now: datetime) -> None:
    """Have a customer told that her words do not come to the agents, once for what keeps them from it."""
    sql = (
        f"SELECT key, ticket, again FROM outbox o WHERE audience = 'agents' AND ticket IS NOT NULL AND {_IS_LATE}"  # noqa: S608
        " AND EXISTS (SELECT 1 FROM outbox w WHERE w.lane = o.lane AND w.state = 'queued' AND (w.verb = 'card'"
        " OR EXISTS (SELECT 1 FROM shown s JOIN entry e ON e.source = s.source AND e.role = 'customer'"
        " WHERE s.outbox = w.id)))"
    )
    async with db.execute(sql, _late(now)) as found:
        late = await found.fetchall()
    for row in late:
        payload = json.dumps({"kind": "unheard", "ticket": row["ticket"]})
        await write_note(db, f"unheard:{row['key']}:{row['again']}", payload, now)


async def _unheard(
    db: aiosqlite.Connection, now: datetime, teams: Sequence[str]
) -> Sequence[tuple[str, int, str, int | None]]:
    """Return what waits for long because an agents' room does not take it, for another team that may see to it."""
    sql = (
        f"SELECT id, team, ticket FROM outbox o WHERE audience = 'agents' AND NOT {_A_NOTICE}"  # noqa: S608
        f" AND (({_IS_LATE}) OR (state = 'queued' AND noticed_at IS NULL AND refusals >= ?)) ORDER BY id"
    )
    async with db.execute(sql, (*_late(now), _STUCK)) as found:
        late = await found.fetchall()
    others = [(row, next((team for team in teams if team != row["team"]), None)) for row in late]
    return [("outbox", row["id"], team, row["ticket"]) for row, team in others if team is not None]


def _late(now: datetime) -> tuple[object, ...]:
    return _LATE_TRIES, time_text(now - _LATE), INTERNAL, time_text(now - _HEARD_AGAIN)


async def _unnoticed(db: aiosqlite.Connection, teams: Sequence[str]) -> Sequence[tuple[str, int, str, int | None]]:
    """Return table, id, team and ticket of what failed and nobody was told of; the first team has what no other has."""

    def to(team: str | None) -> str:
        return team if team in teams and team is not None else teams[0]

    sql = f"{_OUT} WHERE o.state = 'dead' AND o.noticed_at IS NULL AND o.dropped_at IS NULL ORDER BY o.id"
    async with db.execute(sql) as found:
        out = [("outbox", row["id"], to(row["team"]), row["ticket"]) async for row in found]
    sql = f"{_IN} WHERE fault IS NOT NULL AND noticed_at IS NULL AND dropped_at IS NULL ORDER BY id"
    async with db.execute(sql) as found:
        came = await found.fetchall()
    into = []
    for row in came:
        values = json.loads(row["payload"])
        team, ticket = values.get("team"), values.get("ticket")
        if row["transport"] != INTERNAL and team is None:
            team, ticket = await _last_ticket(db, row["transport"], values.get("room"))
        into.append(("inbox", row["id"], to(team), ticket))
    return [*out, *into]


async def _last_ticket(db: aiosqlite.Connection, transport: str, room: str) -> tuple[str | None, int | None]:
    async with db.execute(
        "SELECT w.team, w.number FROM ticket t JOIN conversation c ON c.id = t.conversation"
        " JOIN ticket w ON w.number = coalesce(t.merged_into, t.number)"
        " WHERE c.transport = ? AND c.room = ? ORDER BY t.number DESC LIMIT 1",
        (transport, room),
    ) as found:
        row = await found.fetchone()
    return (None, None) if row is None else (row["team"], row["number"])
