"""A room that gave way to another → what that is to which tickets; it reads the database and changes nothing.

Rule: a conversation goes on in another room only with its own customer, and only from the room that it is in, so that
a move handed in twice, or late, moves nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import structlog

from helpbot.cases_base import Case
from helpbot.core.events import CustomerMoved, Event, RoomReplaced
from helpbot.core.model import Desk, Person, Ticket
from helpbot.store.base import InboxRow, Store
from helpbot.transports.base import Incoming, Kind

log = structlog.get_logger(__name__)


async def customer_moved(row: InboxRow, incoming: Incoming, store: Store, desk: Desk) -> Case | None:
    """Return the conversation in its new room, or that it cannot go on there yet; None when it is no longer here."""
    talk = await store.conversation(row.transport, incoming.room)
    if talk is None or talk.room != incoming.room:
        return None
    event: Event = RoomReplaced(row.at, incoming.symbol)
    if incoming.kind is Kind.MOVED:
        other = await store.conversation(row.transport, incoming.target or "")
        if incoming.target is None or incoming.sender != talk.customer.id or other not in (None, talk):
            log.warning("move_ignored", inbox=row.id, conversation=talk.id)
            return None
        her = Person(incoming.sender, incoming.name)
        talk = replace(talk, room=incoming.target, customer=her, gone=False, crowded=False)
        event = CustomerMoved(row.at)
    kept = await store.last_ticket(talk.id)
    if kept is None:
        return Case(None, Ticket(0, talk.customer, desk.teams[0].id, row.at), talk, stored=False)
    return Case(event, replace(kept.ticket, customer=talk.customer), talk)


async def team_moved(row: InboxRow, team: str, store: Store, one_room: Callable[[str, str], bool]) -> Case:
    """Return that each open ticket with a card in the room that a team had needs one where it is now."""
    notes: list[tuple[str, str]] = []
    for one in await store.open_tickets():
        kept = await store.ticket(one.number)
        for whose, card in sorted(kept.cards.items()) if kept is not None else ():
            if one_room(whose, team):  # the same event as when the card is found to be lost
                payload = {"kind": "card_lost", "ticket": one.number, "team": whose}
                notes.append((f"card_lost:{one.number}:{card}", json.dumps(payload)))
    return Case(None, Ticket(0, Person("", ""), team, row.at), None, stored=False, internal=tuple(notes))
