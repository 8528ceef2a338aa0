"""One decision → its rows: ticket, transcript, outbox, timers, and the inbox row done."""

from __future__ import annotations

import json
from datetime import datetime

import aiosqlite

from helpbot.core.effects import Content, Literal, Quoted
from helpbot.core.model import Audience, Entry, Person, Status, Ticket
from helpbot.store import bursts, moves, relay, rows
from helpbot.store.base import Conversation, Draft, Step
from helpbot.store.codec import content_json, time_or_none, time_text
from helpbot.store.human import held_back_json, promises_json, transfer_json
from helpbot.store.notes import write_note
from helpbot.store.public import keep_public, keep_silence
from helpbot.store.turns import pending_json, undo_json
from helpbot.store.workshop import keep_note


async def keep_step(db: aiosqlite.Connection, step: Step) -> None:
    """Write all rows of the step; the caller holds the transaction."""
    parts = [step] if step.also is None else [step, step.also]
    talks = [await _keep_state(db, part) for part in parts]  # of both tickets, before what is said in their rooms
    for part, talk in zip(parts, talks, strict=True):
        await _keep_part(db, part, talk)
    for transport, ref, team in step.references:
        number = None if step.ticket is None else step.ticket.number
        await db.execute("INSERT OR IGNORE INTO reference VALUES (?, ?, ?, ?)", (transport, ref, number, team))
    for agent, is_away in step.away:
        await _keep_away(db, agent, step.at, is_away=is_away)
    await keep_public(db, step)
    await keep_silence(db, step, talks[0])
    for freed in step.freed:
        await db.execute(
            "UPDATE ticket SET owner = NULL, owner_name = NULL WHERE number = ? AND +status = 'closed'", (freed,)
        )
    for event, payload in step.internal:
        await write_note(db, event, payload, step.at)
    await db.execute(
        "UPDATE inbox SET done_at = ?, fault = ?, handed = ? WHERE id = ?",
        (time_text(step.at), step.fault, step.fault is not None and step.ticket is not None, step.row.id),
    )


def _kept(step: Step) -> Ticket | None:
    """Return the ticket that the step is about, if it is one to keep."""
    return step.ticket if step.ticket is not None and step.ticket.status is not Status.NEW else None


async def _keep_state(db: aiosqlite.Connection, step: Step) -> int | None:
    """Write conversation and ticket; return the conversation in which the step happens."""
    conversation = None if step.conversation is None else await _keep_conversation(db, step.conversation)
    ticket = _kept(step)
    if ticket is not None and step.conversation is None:
        conversation = (await _room(db, None, ticket.number, None))[1]
    if ticket is not None and conversation is not None:
        await _keep_ticket(db, ticket, conversation)
        if ticket.merged_into is not None:  # its own parts are that one's now
            parts = "UPDATE ticket SET merged_into = ? WHERE merged_into = ?"
            await db.execute(parts, (ticket.merged_into, ticket.number))
    return conversation


async def _keep_part(db: aiosqlite.Connection, step: Step, conversation: int | None) -> None:
    """Write what is said and done of one ticket."""
    ticket = _kept(step)
    number = None if ticket is None else ticket.number
    if number is not None:  # before what is added, which says what it says now
        await relay.amend(db, step.amends, number, step)
        await bursts.withdraw(db, step.withdrawn, number, step)
    home = await _room(db, None, number, conversation)
    hers = home if ticket is None or ticket.speaks_in is None else await _room(db, ticket.speaks_in, number, None)
    for record in step.records:
        file = () if record.file is None else (record.file,)
        where = hers if record.audience is Audience.CUSTOMER else home
        await _keep_entry(db, record, (Literal(record.text), *file), where)
    for draft in step.drafts:
        await _keep_draft(db, draft, step, home)
    for name, due in (step.timers or {}).items():
        await db.execute("DELETE FROM timer WHERE ticket = ? AND name = ?", (number, name))
        if due is not None:
            await db.execute("INSERT INTO timer VALUES (?, ?, ?)", (number, name, time_text(due)))
    if ticket is not None:
        for note in step.notes:
            await keep_note(db, note, ticket, step.at)


async def _room(
    db: aiosqlite.Connection, room: int | None, number: int | None, conversation: int | None
) -> tuple[int | None, int | None]:
    """Return the ticket and the conversation of one of a ticket's rooms; it is said to her there and nowhere else.

    `room` None is the ticket's own; a greeting has no ticket, and goes where it happens.
    """
    if number is None:
        return None, conversation
    room = number if room is None else room
    if room != number and room not in await rows.family(db, number):
        raise ValueError(f"#{room} is no part of #{number}")  # a fault of ours: a person gets it
    async with db.execute("SELECT conversation FROM ticket WHERE number = ?", (room,)) as found:
        row = await found.fetchone()
    return room, None if row is None else int(row["conversation"])


async def _keep_away(db: aiosqlite.Connection, agent: Person, at: datetime, *, is_away: bool) -> None:
    if is_away:
        await db.execute("INSERT OR IGNORE INTO away VALUES (?, ?, ?)", (agent.id, agent.name, time_text(at)))
    else:
        await db.execute("DELETE FROM away WHERE agent = ?", (agent.id,))


async def _keep_conversation(db: aiosqlite.Connection, kept: Conversation) -> int:
    await moves.keep_room(db, kept)
    async with db.execute(
        "INSERT INTO conversation (transport, room, customer, customer_name, language, gone, crowded, zone, zone_said)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (transport, room) DO UPDATE SET customer = excluded.customer,"
        " customer_name = excluded.customer_name, language = excluded.language, gone = excluded.gone,"
        " crowded = excluded.crowded, zone = excluded.zone, zone_said = excluded.zone_said RETURNING id",
        (
            kept.transport,
            kept.room,
            kept.customer.id,
            kept.customer.name,
            kept.language,
            kept.gone,
            kept.crowded,
            kept.zone,
            kept.zone_said,
        ),
    ) as found:
        row = await found.fetchone()
    assert row is not None, "RETURNING gives the row"  # noqa: S101
    return int(row[0])


async def _keep_ticket(db: aiosqlite.Connection, ticket: Ticket, conversation: int) -> None:
    values = {
        "number": ticket.number,
        "conversation": conversation,
        "team": ticket.team,
        "status": ticket.status.value,
        "language": ticket.language,
        "owner": None if ticket.owner is None else ticket.owner.id,
        "owner_name": None if ticket.owner is None else ticket.owner.name,
        "reason": None if ticket.reason is None else ticket.reason.value,
        "entry": ticket.entry,
        "answered": json.dumps(ticket.answered),
        "offer": json.dumps(ticket.offer),
        "refused": json.dumps(ticket.refused),
        "refusals": ticket.refusals,
        "question": ticket.question,
        "carded": ticket.carded,
        "undeliverable": ticket.undeliverable,
        "reassured_at": time_or_none(ticket.reassured_at),
        "opened_at": time_text(ticket.opened_at),
        "closed_at": time_or_none(ticket.closed_at),
        "pending": pending_json(ticket.pending),
        "undo": undo_json(ticket.undo),
        "turn": ticket.turn,
        **_human_side(ticket),
    }
    columns = ", ".join(values)
    places = ", ".join(f":{name}" for name in values)
    changes = ", ".join(f"{name} = excluded.{name}" for name in values if name not in {"number", "conversation"})
    await db.execute(
        f"INSERT INTO ticket ({columns}) VALUES ({places}) ON CONFLICT (number) DO UPDATE SET {changes}",  # noqa: S608
        values,
    )


def _human_side(ticket: Ticket) -> dict[str, object]:
    return {
        "escalated_at": time_or_none(ticket.escalated_at),
        "first_word_at": time_or_none(ticket.first_word_at),
        "waits_since": time_or_none(ticket.waits_since),
        "ladder_from": time_or_none(ticket.ladder_from),
        "rung": ticket.rung,
        "answered_at": time_or_none(ticket.answered_at),
        "warned_at": time_or_none(ticket.warned_at),
        "snoozed_until": time_or_none(ticket.snoozed_until),
        "promises": promises_json(ticket.promises),
        "transfer": transfer_json(ticket.transfer),
        "hops": ticket.hops,
        "held_back": held_back_json(ticket.held_back),
        "asked_rating": ticket.asked_rating,
        "rating": ticket.rating,
        "told_status": ticket.told_status,
        "told_status_at": time_or_none(ticket.told_status_at),
        "merged_into": ticket.merged_into,
        "speaks_in": ticket.speaks_in,
    }


async def _keep_entry(
    db: aiosqlite.Connection, entry: Entry, content: Content, where: tuple[int | None, int | None]
) -> int:
    ticket, conversation = where
    async with db.execute(
        "INSERT INTO entry (conversation, ticket, audience, role, author, content, at, source)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " RETURNING id",
        (
            conversation,
            ticket,
            entry.audience.value,
            entry.role.value,
            entry.author,
            content_json(content),
            time_text(entry.at),
            entry.source,
        ),
    ) as found:
        row = await found.fetchone()
    assert row is not None, "RETURNING gives the row"  # noqa: S101
    return int(row[0])


async def _keep_draft(db: aiosqlite.Connection, draft: Draft, step: Step, home: tuple[int | None, int | None]) -> None:
    ticket = home[0]
    entry: int | None = None
    target, talk = draft.target, None
    if draft.audience is Audience.CUSTOMER:
        room, of_target = draft.room, None if target is None else await _room_of(db, target)
        if draft.verb == "react":
            room = of_target
        ticket, talk = home if room is None else await _room(db, room, *home)
        if of_target is not None and of_target != ticket:
            target = None  # what it answers stands in another room of hers
        lane = f"c{talk}"
        if draft.entry is not None:
            entry = await _keep_entry(db, draft.entry[0], draft.entry[1], (ticket, talk))
    else:
        lane = f"r{draft.team}" if ticket is None else f"t{ticket} {draft.team}"
    made = await db.execute(
        "INSERT INTO outbox (key, lane, audience, verb, conversation, ticket, team, entry, content, target, symbol,"
        " receipt, created_at, turn, offered) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            draft.key,
            lane,
            draft.audience.value,
            draft.verb,
            talk,
            ticket,
            draft.team,
            entry,
            None if draft.content is None else content_json(draft.content),
            target,
            draft.symbol,
            draft.receipt,
            time_text(step.at),
            None if talk is None or step.ticket is None or step.ticket.carded else step.ticket.turn,
            json.dumps(draft.offered) if draft.offered else None,
        ),
    )
    for source in _sources(draft):
        await db.execute("INSERT OR IGNORE INTO shown VALUES (?, ?)", (source, made.lastrowid))


async def _room_of(db: aiosqlite.Connection, ref: str) -> int | None:
    """Return the ticket in whose room a message stands, hers or the bot's."""
    sql = (
        "SELECT ticket FROM entry WHERE source = ?1 AND ticket IS NOT NULL AND role = 'customer'"
        " UNION ALL SELECT ticket FROM outbox WHERE ref = ?1 AND conversation IS NOT NULL LIMIT 1"
    )
    async with db.execute(sql, (ref,)) as found:
        row = await found.fetchone()
    return None if row is None else row["ticket"]


def _sources(draft: Draft) -> set[str]:
    """Return the messages of people that a draft shows, or the reaction that it passes on."""
    shown = {block.source for block in draft.content or () if isinstance(block, Quoted)}
    shown |= {draft.source, None if draft.entry is None else draft.entry[0].source}
    return {source for source in shown if source is not None}
