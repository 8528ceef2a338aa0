"""What was said in help rooms, and who was offered help, in SQL.

Rule: what counts for the limits is written in one commit with what is said, so that a replay counts once.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta

import aiosqlite

from helpbot.core.model import Person
from helpbot.core.public import HOUR, Counts, Word
from helpbot.store.base import Outgoing, Step
from helpbot.store.codec import content_json, text_time, time_text
from helpbot.store.notes import write_note
from helpbot.store.talks import Talk
from helpbot.store.units import Units

_KEPT = timedelta(days=30)  # how long a talk can be gone on with; then it is forgotten
_KEPT_UNANSWERED = timedelta(days=7)  # how long what was said among people is kept, so that it counts once
_SWEPT = 200  # rows at a time
_SELECT = (
    "SELECT t.*, json_extract(i.payload, '$.text') AS text, json_extract(i.payload, '$.public') AS named"
    " FROM public_talk t JOIN inbox i ON i.id = t.inbox"
)
_TALKS = "SELECT id FROM public_talk WHERE at < ? AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.talk = public_talk.id"
_TALKS += " AND o.state = 'queued') ORDER BY at LIMIT ?"


class PublicTalks(Units):
    """See store.talks.PublicStore."""

    async def public_counts(self, transport: str, room: str, person: str, at: datetime) -> Counts:
        """See PublicStore."""
        row = await self._one(
            "SELECT count(*) AS room,"
            " coalesce(sum(person = ? AND word IN ('answered', 'offered', 'only')), 0) AS person,"
            " coalesce(sum(person = ? AND word = 'enough'), 0) AS enough FROM public_talk"
            " WHERE place = ? AND at > ?",
            person,
            person,
            f"{transport} {room}",
            time_text(at - HOUR),
        )
        return Counts() if row is None else Counts(row["person"], row["room"], bool(row["enough"]))

    async def talk_by(self, transport: str, room: str, ref: str) -> Talk | None:
        """See PublicStore."""
        said = "(SELECT o.talk FROM outbox o WHERE o.ref = ? AND o.verb = 'say')"
        row = await self._one(f"{_SELECT} WHERE t.place = ? AND t.id = {said}", f"{transport} {room}", ref)
        return None if row is None else _talk(row)

    async def talk_under(self, transport: str, room: str, refs: Sequence[str], person: str) -> Talk | None:
        """See PublicStore."""
        sql = (
            f"{_SELECT} WHERE t.place = ?1 AND (t.thread IN (SELECT value FROM json_each(?2)) OR t.id IN"  # noqa: S608
            " (SELECT o.talk FROM outbox o WHERE o.verb = 'say' AND o.ref IN (SELECT value FROM json_each(?2))))"
            " ORDER BY t.person = ?3 DESC, t.id DESC LIMIT 1"
        )
        row = await self._one(sql, f"{transport} {room}", json.dumps(list(refs)), person)
        return None if row is None else _talk(row)

    async def talk(self, number: int) -> Talk | None:
        """See PublicStore."""
        row = await self._one(f"{_SELECT} WHERE t.id = ?", number)
        return None if row is None else _talk(row)

    async def unsent_to(self, transport: str, room: str, person: str) -> bool:
        """See PublicStore."""
        sql = (
            "SELECT 1 FROM outbox o JOIN public_talk t ON t.id = o.talk"
            " WHERE o.state = 'queued' AND o.lane = ? AND o.verb = 'say' AND t.person = ?"
        )
        return await self._one(sql, f"h{transport} {room}", person) is not None

    async def others_in(self, transport: str, room: str, thread: str, person: str) -> bool:
        """See PublicStore."""
        sql = (
            "SELECT 1 FROM inbox WHERE json_extract(payload, '$.public') IS NOT NULL"
            " AND json_extract(payload, '$.thread') = ? AND transport = ? AND json_extract(payload, '$.room') = ?"
            " AND json_extract(payload, '$.sender') <> ? LIMIT 1"
        )
        return await self._one(sql, thread, transport, room, person) is not None

    async def alone_with(self, transport: str, person: str) -> str | None:
        """See PublicStore."""
        row = await self._one(
            "SELECT room FROM conversation WHERE transport = ? AND customer = ? AND NOT gone AND NOT crowded"
            " ORDER BY (SELECT max(e.id) FROM entry e WHERE e.conversation = conversation.id) DESC, id DESC LIMIT 1",
            transport,
            person,
        )
        return None if row is None else str(row["room"])

    async def to_bring(self, transport: str, room: str, person: str) -> Sequence[int]:
        """See PublicStore."""
        sql = (
            "SELECT id FROM public_talk WHERE direct = ? AND transport = ? AND person = ? AND brought_at IS NULL"
            " ORDER BY id"
        )
        return [int(row["id"]) for row in await self._all(sql, room, transport, person)]

    async def last_offer(self, transport: str, person: str) -> tuple[datetime, bool] | None:
        """See PublicStore."""
        row = await self._one("SELECT * FROM offered WHERE transport = ? AND person = ?", transport, person)
        return None if row is None else (text_time(row["at"]), row["declined_at"] is not None)

    async def silence(self, conversation: int) -> bool | None:
        """See PublicStore."""
        row = await self._one(
            "SELECT offered_at FROM silence s WHERE conversation = ? AND NOT EXISTS"
            " (SELECT 1 FROM ticket t WHERE t.conversation = s.conversation)",
            conversation,
        )
        return None if row is None else row["offered_at"] is not None


def _talk(row: sqlite3.Row) -> Talk:
    person = Person(row["person"], row["name"])
    where = row["transport"], row["room"]
    accepted = row["accepted_at"] is not None
    return Talk(
        row["id"], *where, person, Word(row["word"]), row["event"], row["thread"], row["named"], row["text"], accepted
    )


# --- one decision → its rows; the caller holds the transaction


async def keep_public(db: aiosqlite.Connection, step: Step) -> None:
    """Write what the step changes in help rooms."""
    public = step.public
    if step.brought is not None:
        await db.execute("UPDATE public_talk SET brought_at = ? WHERE id = ?", (time_text(step.at), step.brought))
    if public is None:
        return
    at, talk = time_text(step.at), public.accepted
    if public.begins is not None:
        talk = public.begins
        number = await _begin(db, talk, step)
    elif talk is not None:
        number = talk.id
        await db.execute("UPDATE public_talk SET accepted_at = ? WHERE id = ?", (at, number))
    if talk is not None:
        place = f"{talk.transport} {talk.room}"
        rows: list[tuple[str, str, str, str | None, str | None]] = []
        if public.said is not None:
            rows.append((public.key, f"h{place}", "say", content_json(public.said), talk.thread))
        if public.opens is not None:
            rows.append((public.opens, f"o{number}", "open", None, None))
        for key, lane, verb, content, thread in rows:
            await db.execute(
                "INSERT INTO outbox (key, lane, audience, verb, content, target, created_at, talk, place)"
                " VALUES (?, ?, 'public', ?, ?, ?, ?, ?, ?)",
                (key, lane, verb, content, thread, at, number, place),
            )
    if public.taken_back is not None:
        await _take_back(db, *public.taken_back, step)
    if public.corrected is not None:
        await _correct(db, public.corrected)
    if public.offered is not None:
        await keep_offer(db, *public.offered, at)
    await _sweep(db, step.at)


async def _begin(db: aiosqlite.Connection, talk: Talk, step: Step) -> int:
    made = await db.execute(
        "INSERT INTO public_talk (inbox, place, transport, room, person, name, word, event, thread, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            step.row.id,
            f"{talk.transport} {talk.room}",
            talk.transport,
            talk.room,
            talk.person.id,
            talk.person.name,
            talk.word.value,
            talk.event,
            talk.thread,
            time_text(step.at),
        ),
    )
    return int(made.lastrowid or 0)


async def keep_offer(db: aiosqlite.Connection, transport: str, person: str, declined: bool, at: str) -> None:
    """Keep that somebody was offered help, or wants no more offers."""
    await db.execute(
        "INSERT INTO offered VALUES (?1, ?2, ?3, ?4) ON CONFLICT (transport, person) DO UPDATE SET"
        " at = CASE WHEN ?4 IS NULL THEN excluded.at ELSE at END, declined_at = coalesce(declined_at, ?4)",
        (transport, person, at, at if declined else None),
    )


async def _take_back(db: aiosqlite.Connection, transport: str, room: str, event: str, step: Step) -> None:
    """Take back what the bot answered to a message that is no more, and its words out of what came in."""
    async with db.execute(
        "SELECT o.* FROM outbox o JOIN public_talk t ON t.id = o.talk WHERE t.event = ? AND t.place = ?"
        " AND o.verb = 'say' AND o.state <> 'dead'",
        (event, f"{transport} {room}"),
    ) as found:
        rows = await found.fetchall()
    for row in rows:
        gone = "UPDATE outbox SET state = 'dead', why = 'taken back', dropped_at = ? WHERE id = ? AND state = 'queued'"
        await db.execute(gone, (time_text(step.at), row["id"]))
        key = hashlib.sha256("\x1f".join((row["key"], "redact", step.row.event)).encode()).hexdigest()[:32]
        await db.execute(
            "INSERT INTO outbox (key, lane, audience, verb, created_at, amends, talk, place)"
            " VALUES (?, ?, 'public', 'redact', ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
            (key, row["lane"], time_text(step.at), row["id"], row["talk"], row["place"]),
        )
    await db.execute(
        "UPDATE inbox SET payload = json_set(payload, '$.text', '') WHERE transport = ?1"
        " AND (event = ?2 OR json_extract(payload, '$.edits') = ?2)"
        " AND json_extract(payload, '$.public') IS NOT NULL AND json_extract(payload, '$.room') = ?3",
        (transport, event, room),
    )


async def _correct(db: aiosqlite.Connection, corrected: tuple[str, str, str, str, str]) -> None:
    """Keep what a message of that author says now; one that was taken back says nothing any more."""
    await db.execute(
        "UPDATE inbox SET payload = json_set(payload, '$.text', ?5) WHERE transport = ?1 AND event = ?3"
        " AND json_extract(payload, '$.public') IS NOT NULL AND json_extract(payload, '$.room') = ?2"
        " AND json_extract(payload, '$.sender') = ?4 AND json_extract(payload, '$.text') <> ''"
        " AND json_extract(payload, '$.edits') IS NULL",
        corrected,
    )


async def _sweep(db: aiosqlite.Connection, now: datetime) -> None:
    """Forget what is old: talks that nobody goes on with, and what people said to each other."""
    old = (time_text(now - _KEPT), _SWEPT)
    async with db.execute(_TALKS, old) as found:
        talks = json.dumps([row["id"] async for row in found])
    await db.execute(
        "DELETE FROM outbox WHERE talk IN (SELECT value FROM json_each(?)) AND amends IS NOT NULL", (talks,)
    )
    await db.execute("DELETE FROM outbox WHERE talk IN (SELECT value FROM json_each(?))", (talks,))
    await db.execute("DELETE FROM public_talk WHERE id IN (SELECT value FROM json_each(?))", (talks,))
    await db.execute(
        "DELETE FROM inbox WHERE id IN (SELECT id FROM inbox i WHERE json_extract(payload, '$.public') IS NOT NULL"
        " AND at < ? AND done_at IS NOT NULL AND fault IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM public_talk t WHERE t.inbox = i.id) ORDER BY at LIMIT ?)",
        (time_text(now - _KEPT_UNANSWERED), _SWEPT),
    )


# --- going on in private


def brought_event(talk: int) -> str:
    """Return the id of the event that a question goes on in private: it does so once."""
    return f"brought:{talk}"


def brought_payload(talk: int, transport: str, room: str) -> str:
    """Return what that event says."""
    return json.dumps({"kind": "brought", "ticket": None, "talk": talk, "transport": transport, "room": room})


async def opened(db: aiosqlite.Connection, row: Outgoing, room: str, at: datetime) -> None:
    """Keep which direct room was opened; if this person has come already, the question goes on there."""
    await db.execute("UPDATE public_talk SET direct = ? WHERE id = ?", (room, row.talk))
    async with db.execute(
        "SELECT t.id FROM public_talk t JOIN conversation c ON c.transport = t.transport AND c.room = t.direct"
        " AND c.customer = t.person AND NOT c.gone AND NOT c.crowded WHERE t.id = ?",
        (row.talk,),
    ) as found:
        there = await found.fetchone()
    if there is not None and row.talk is not None:
        payload = brought_payload(row.talk, row.transport or "", room)
        await write_note(db, brought_event(row.talk), payload, at)


# --- customers who say nothing


async def keep_silence(db: aiosqlite.Connection, step: Step, conversation: int | None) -> None:
    """Write when to look whether she said something, and that she was offered help, or wants no more of it."""
    if conversation is None or step.conversation is None:
        return
    if step.silent_until is not None:
        await db.execute(
            "INSERT INTO silence VALUES (?, ?, NULL) ON CONFLICT (conversation) DO UPDATE SET due = excluded.due",
            (conversation, time_text(step.silent_until)),
        )
    for declined in step.offers:
        talk, at = step.conversation, time_text(step.at)
        await keep_offer(db, talk.transport, talk.customer.id, declined, at)
        if not declined:
            await db.execute("UPDATE silence SET offered_at = ? WHERE conversation = ?", (at, conversation))


async def fire_silences(db: aiosqlite.Connection, due: str, now: datetime) -> None:
    """Turn what is due into rows of the inbox."""
    async with db.execute("SELECT conversation, due FROM silence WHERE due <= ?", (due,)) as found:
        rows = await found.fetchall()
    for row in rows:
        payload = json.dumps({"kind": "silence", "ticket": None, "conversation": row["conversation"]})
        await write_note(db, f"silence:{row['conversation']}:{row['due']}", payload, now)
    await db.execute("UPDATE silence SET due = NULL WHERE due <= ?", (due,))
