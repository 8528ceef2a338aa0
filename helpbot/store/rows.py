"""Rows → values."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace

import aiosqlite

from helpbot.core.effects import Marked
from helpbot.core.model import Attachment, Audience, Entry, Merged, Person, Reason, Role, Status, Ticket
from helpbot.store.base import Conversation, InboxRow, KeptTicket, Outgoing
from helpbot.store.codec import content_text, json_content, maybe_time, text_time
from helpbot.store.human import json_held_back, json_promises, json_transfer
from helpbot.store.turns import json_pending, json_undo
from helpbot.transports.base import About

OUTGOING = (  # `+c.room` has no affinity: with one the index of what is undecided would not be used
    "SELECT o.*, coalesce(o.content, e.content, a.content) AS words, nullif(a.ref, '') AS amended,"
    " a.key AS amended_key,"
    " coalesce(c.transport, h.transport) AS transport, coalesce(c.room, h.room) AS room, h.person,"
    " coalesce(c.gone, 0) AS gone,"
    " coalesce(c.crowded, 0) AS crowded, d.ref AS card, t.status AS ticket_status, t.language AS ticket_language,"
    " t.question AS ticket_question, tc.customer_name AS ticket_customer,"
    " EXISTS (SELECT 1 FROM inbox i WHERE i.done_at IS NULL"
    "   AND i.transport = c.transport AND json_extract(i.payload, '$.room') = +c.room"
    "   AND json_extract(i.payload, '$.kind') IN ('crowded', 'left', 'removed', 'moved')) AS unsettled"
    " FROM outbox o LEFT JOIN entry e ON e.id = o.entry LEFT JOIN outbox a ON a.id = o.amends"
    " LEFT JOIN conversation c ON c.id = o.conversation LEFT JOIN public_talk h ON h.id = o.talk"
    " LEFT JOIN card d ON d.ticket = o.ticket AND d.team = o.team"
    " LEFT JOIN ticket t ON t.number = o.ticket LEFT JOIN conversation tc ON tc.id = t.conversation"
)


# The first ticket that came after it in one of its rooms and is no part of it; if that was merged, into which.
_WITH_NEWER = (
    "SELECT *, (SELECT min(coalesce(n.merged_into, n.number)) FROM ticket f JOIN ticket n"
    "   ON n.conversation = f.conversation AND n.number > f.number AND n.number <> t.number"
    "   AND n.merged_into IS NOT t.number WHERE f.number = t.number OR f.merged_into = t.number) AS newer"
    " FROM ticket t WHERE number = ?"
)


def conversation(row: sqlite3.Row) -> Conversation:
    """Return the conversation of a row."""
    customer = Person(row["customer"], row["customer_name"])
    gone, crowded = bool(row["gone"]), bool(row["crowded"])
    where, zone = (row["transport"], row["room"]), (row["zone"], bool(row["zone_said"]))
    return Conversation(row["id"], *where, customer, row["language"], gone, crowded, *zone)


def inbox(row: sqlite3.Row) -> InboxRow:
    """Return the inbox row of a row."""
    at = text_time(row["at"])
    return InboxRow(row["id"], row["transport"], row["event"], row["payload"], at, row["tries"], row["again"])


def outgoing(row: sqlite3.Row) -> Outgoing:
    """Return the outgoing message of a row of OUTGOING."""
    return Outgoing(
        id=row["id"],
        key=row["key"],
        lane=row["lane"],
        audience=Audience(row["audience"]),
        verb=row["verb"],
        content=None if row["words"] is None else json_content(row["words"]),
        transport=row["transport"],
        room=row["room"],
        gone=bool(row["gone"]),
        crowded=bool(row["crowded"]),
        unsettled=bool(row["unsettled"]),
        team=row["team"],
        ticket=row["ticket"],
        card=row["card"],
        target=row["target"],
        symbol=row["symbol"],
        receipt=row["receipt"],
        created_at=text_time(row["created_at"]),
        tries=row["tries"],
        refusals=row["refusals"],
        again=row["again"],
        due_at=maybe_time(row["due_at"]),
        amends=row["amended"],
        amends_key=row["amended_key"],
        talk=row["talk"],
        person=row["person"],
        about=None if row["ticket_status"] is None else _about(row),
    )


def _about(row: sqlite3.Row) -> About:
    offered = 0 if row["offered"] is None else len(json.loads(row["offered"]))
    names = row["ticket_language"], row["ticket_customer"], row["ticket_question"]
    return About(row["ticket"], row["ticket_status"], *names, offered)


async def load_ticket(db: aiosqlite.Connection, number: int) -> KeptTicket | None:
    """Return the ticket of that number, its transcript only as long as the agents have not seen it."""
    async with db.execute(_WITH_NEWER, (number,)) as found:
        row = await found.fetchone()
    if row is None:
        return None
    async with db.execute("SELECT * FROM conversation WHERE id = ?", (row["conversation"],)) as found:
        talk = await found.fetchone()
    assert talk is not None, "a foreign key holds this"  # noqa: S101
    entries: tuple[Entry, ...] = ()
    if not row["carded"] and row["merged_into"] is None:
        entries = await transcript(db, number)
    async with db.execute("SELECT team, ref FROM card WHERE ticket = ?", (number,)) as found:
        cards = {card["team"]: card["ref"] for card in await found.fetchall()}
    kept = conversation(talk)
    others = await _merged_talks(db, number)
    spoken = others.get(row["speaks_in"] or 0, kept)
    zoned = spoken if spoken.zone is not None else kept
    whole = replace(ticket(row, kept.customer, entries), zone=zoned.zone, zone_said=zoned.zone_said, gone=kept.gone)
    merged = tuple(Merged(of, talk.customer, talk.gone) for of, talk in others.items())
    return KeptTicket(replace(whole, merged=merged), kept, cards, others)


async def _merged_talks(db: aiosqlite.Connection, number: int) -> dict[int, Conversation]:
    """Return the conversations of the tickets that are part of this one."""
    sql = (
        "SELECT t.number, c.* FROM ticket t JOIN conversation c ON c.id = t.conversation WHERE t.merged_into = ?"
        " ORDER BY t.number"
    )
    async with db.execute(sql, (number,)) as found:
        return {row["number"]: conversation(row) async for row in found}


async def family(db: aiosqlite.Connection, number: int) -> tuple[int, ...]:
    """Return the numbers of the tickets that are one with this: what it is part of, and what that one's parts are."""
    sql = (
        "WITH whole AS (SELECT coalesce(merged_into, number) AS number FROM ticket WHERE number = ?)"
        " SELECT number FROM whole UNION SELECT t.number FROM ticket t, whole w WHERE t.merged_into = w.number"
    )
    async with db.execute(sql, (number,)) as found:
        return tuple([int(row["number"]) async for row in found])


async def transcript(db: aiosqlite.Connection, number: int) -> tuple[Entry, ...]:
    """Return the ticket's whole transcript, what was said among agents and in its parts as well."""
    sql = (
        "SELECT * FROM entry WHERE ticket IN (SELECT ?1 UNION SELECT number FROM ticket WHERE merged_into = ?1)"
        " ORDER BY id"
    )
    async with db.execute(sql, (number,)) as found:
        return tuple([_entry(line) async for line in found])


def _entry(row: sqlite3.Row) -> Entry:
    content = json_content(row["content"])
    marked = any(isinstance(block, Marked) for block in content)
    role, audience = Role(row["role"]), Audience(row["audience"])
    file = next((block for block in content if isinstance(block, Attachment)), None)
    text, at = content_text([block for block in content if block is not file]), text_time(row["at"])
    return Entry(role, audience, row["author"], text, at, marked, row["source"], file)


def ticket(row: sqlite3.Row, customer: Person, entries: tuple[Entry, ...]) -> Ticket:
    """Return the ticket of a row."""
    return Ticket(
        number=row["number"],
        customer=customer,
        team=row["team"],
        opened_at=text_time(row["opened_at"]),
        status=Status(row["status"]),
        language=row["language"],
        owner=None if row["owner"] is None else Person(row["owner"], row["owner_name"]),
        reason=None if row["reason"] is None else Reason(row["reason"]),
        entry=row["entry"],
        answered=tuple(json.loads(row["answered"])),
        offer=tuple(json.loads(row["offer"])),
        refusals=row["refusals"],
        refused=tuple(json.loads(row["refused"])),
        question=row["question"],
        carded=bool(row["carded"]),
        undeliverable=bool(row["undeliverable"]),
        reassured_at=maybe_time(row["reassured_at"]),
        closed_at=maybe_time(row["closed_at"]),
        escalated_at=maybe_time(row["escalated_at"]),
        first_word_at=maybe_time(row["first_word_at"]),
        waits_since=maybe_time(row["waits_since"]),
        ladder_from=maybe_time(row["ladder_from"]),
        rung=row["rung"],
        answered_at=maybe_time(row["answered_at"]),
        warned_at=maybe_time(row["warned_at"]),
        snoozed_until=maybe_time(row["snoozed_until"]),
        promises=json_promises(row["promises"]),
        transfer=json_transfer(row["transfer"]),
        hops=row["hops"],
        held_back=json_held_back(row["held_back"]),
        asked_rating=bool(row["asked_rating"]),
        rating=row["rating"],
        told_status=row["told_status"],
        told_status_at=maybe_time(row["told_status_at"]),
        pending=json_pending(row["pending"]),
        undo=json_undo(row["undo"]),
        turn=row["turn"],
        newer=row["newer"],
        merged_into=row["merged_into"],
        speaks_in=row["speaks_in"],
        transcript=entries,
    )
