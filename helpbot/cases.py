"""An inbox row → what happened to which ticket; it reads the database and changes nothing.

Rule: where something belongs is looked up, never taken from what a person supplied: a relation counts only inside the
room of the ticket's own team, and only once it is certain what the bot has in that room.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from helpbot.core import commands
from helpbot.core.decide import goes_on
from helpbot.core.decide_parts import UNDECRYPTABLE
from helpbot.core.events import (
    AgentBlocked,
    AgentClaimed,
    AgentLeft,
    AgentMistyped,
    AgentSaid,
    AgentSpokeOutside,
    AgentTaught,
    BotGaveUp,
    CardLost,
    CustomerArrived,
    CustomerLeft,
    CustomerSaid,
    DeadLettersFound,
    Delayed,
    Delivered,
    Event,
    StrangerCame,
    StrangersGone,
    TimerFired,
    Undelivered,
)
from helpbot.core.model import Desk, Person, Reason, Ticket
from helpbot.store.base import INTERNAL, Conversation, InboxRow, KeptTicket, Store
from helpbot.store.codec import json_incoming
from helpbot.transports.base import Incoming, Kind

log = structlog.get_logger(__name__)

_CLAIMS = {"✋", "👍"}
_SKINS_AND_VARIANTS = dict.fromkeys([*range(0x1F3FB, 0x1F400), 0xFE0E, 0xFE0F])
_NOBODY = Person("", "")
_GONE = {Kind.LEFT, Kind.REMOVED}


class NotYet(Exception):
    """What a row points to may be a message of the bot that it does not know of yet: decide the row later."""


@dataclass(frozen=True, slots=True)
class Case:
    """An event with what it happens to; `event` is None when there is nothing to do about it.

    `internal` are events (id, payload) that follow from it for other tickets; `freed` are closed tickets that lose
    their owner.
    """

    event: Event | None
    ticket: Ticket
    conversation: Conversation | None
    stored: bool = True  # False: the ticket stands in for none, and is not kept
    references: tuple[tuple[str, str], ...] = ()
    internal: tuple[tuple[str, str], ...] = ()
    freed: tuple[int, ...] = ()


class Cases:
    """Finds cases.

    `one_room` tells whether two teams sit in the same room, `certain` whether all that the bot has in a team's room was
    looked at since this row of the inbox came.
    """

    def __init__(
        self,
        store: Store,
        desk: Callable[[], Desk],
        one_room: Callable[[str, str], bool],
        certain: Callable[[str, int], Awaitable[bool]],
    ) -> None:
        self._store = store
        self._desk = desk
        self._one_room = one_room
        self._certain = certain

    async def of(self, row: InboxRow) -> Case | None:
        """Return what happened; None when it concerns no ticket. Raises NotYet."""
        if row.transport == INTERNAL:
            return await self._internal(row)
        incoming = json_incoming(row.payload)
        case = await self._situation(row, incoming)
        if case is None or case.event is not None or incoming.team is not None:
            return case
        event = _customer_event(incoming, row.at, case)
        if isinstance(event, CustomerSaid):
            event = replace(event, written=_written(row, incoming))
        return replace(case, event=event)

    async def failed(self, row: InboxRow) -> Case | None:
        """Return the case of a row that the bot cannot decide, for a person; None when it holds nobody's words."""
        if row.transport == INTERNAL:
            return None
        incoming = json_incoming(row.payload)
        case = await self._situation(row, incoming) if incoming.kind is Kind.SAID else None
        if case is None:
            return None
        event: Event
        if incoming.team is None:
            event = BotGaveUp(row.at, _words(incoming))
        else:
            event = AgentBlocked(row.at, Person(incoming.sender, incoming.name), _said(incoming), "hint_failed")
        return replace(case, event=event)

    async def _internal(self, row: InboxRow) -> Case | None:
        values = json.loads(row.payload)
        if values["kind"] == "dead":
            found = DeadLettersFound(row.at, values["team"], values["count"], tuple(values["tickets"]))
            return Case(found, Ticket(0, _NOBODY, values["team"], row.at), None, stored=False)
        kept = None if values["ticket"] is None else await self._store.ticket(values["ticket"])
        if kept is None:
            return None
        event: Event
        match values["kind"]:
            case "timer":
                if await self._store.timer_runs(kept.ticket.number, values["name"]):
                    return None  # it was set anew after it fired
                event = TimerFired(row.at, values["name"])
            case "delivered":
                event = Delivered(row.at, values["ref"])
            case "late":
                event = Delayed(row.at, values["ref"], values["why"])
            case "card_lost":
                event = CardLost(row.at)
            case "agent_left":
                event = AgentLeft(row.at, Person(values["agent"], values["name"]))
            case _:
                event = Undelivered(row.at, values["ref"], values["why"])
        return Case(event, kept.ticket, kept.conversation)

    # --- customers

    async def _situation(self, row: InboxRow, incoming: Incoming) -> Case | None:
        """Return what the event happens to; for an agents' room with the event, which is read on the way."""
        if incoming.team is not None:
            return await self._in_agents_room(row, incoming, incoming.team)
        before = await self._store.conversation(row.transport, incoming.room)
        talk = self._talk(row, incoming, before)
        if talk is None:
            return None
        known = None if before is None else await self._store.last_ticket(before.id)
        desk, written = self._desk(), _written(row, incoming)
        if known is not None and goes_on(known.ticket, written, desk):
            ticket = replace(known.ticket, customer=talk.customer)
        else:
            number = await self._store.next_number()
            ticket = Ticket(number, talk.customer, desk.teams[0].id, row.at, language=talk.language)
        return Case(None, ticket, talk)

    def _talk(self, row: InboxRow, incoming: Incoming, before: Conversation | None) -> Conversation | None:
        """Return the conversation as the event leaves it; None when the event means nothing to it."""
        speaker = Person(incoming.sender, incoming.name)
        if before is None:
            known = incoming.kind in {Kind.ARRIVED, Kind.SAID}
            return Conversation(0, row.transport, incoming.room, speaker) if known else None
        match incoming.kind:
            case Kind.CROWDED:
                return None if before.crowded else replace(before, crowded=True)
            case Kind.ALONE:  # it may be the other one who stayed
                came_free = before.crowded and speaker.id == before.customer.id
                return replace(before, crowded=False) if came_free else None
            case Kind.REMOVED:
                return replace(before, gone=True)
        if speaker.id != before.customer.id:
            log.warning("stranger_in_a_customers_room", inbox=row.id, conversation=before.id)
            return None
        if incoming.kind is Kind.LEFT:
            return replace(before, gone=True)
        return replace(before, customer=speaker, gone=before.gone and incoming.late)  # names change

    # --- agents

    async def _in_agents_room(self, row: InboxRow, incoming: Incoming, team: str) -> Case | None:
        agent = Person(incoming.sender, incoming.name)
        if incoming.kind in _GONE:
            return await self._agent_left(row, agent, team)
        found = await self._tickets(row, incoming, team)
        kept = await self._store.ticket(min(found)) if found else None
        if kept is not None and not self._one_room(self._desk().team(kept.ticket.team).id, team):
            log.warning("another_teams_ticket", inbox=row.id, team=team)
            kept = None  # a relation into another team's room is not one that a client makes
        if kept is None:
            return _outside(row.at, incoming, agent, team)
        event = _agent_event(incoming, agent, row.at, kept, ambiguous=len(found) > 1)
        if event is None:
            return None
        if isinstance(event, AgentTaught) and incoming.reply_to is not None:
            event = replace(event, line=await self._store.line_shown(kept.ticket.number, incoming.reply_to))
        references = ((row.transport, _said(incoming)),) if incoming.kind is Kind.SAID else ()
        return Case(event, kept.ticket, kept.conversation, references=references)

    async def _tickets(self, row: InboxRow, incoming: Incoming, team: str) -> set[int]:
        """Return the tickets that an agent's message points to. Raises NotYet."""
        pointed = [ref for ref in (incoming.target, incoming.edits, incoming.thread, incoming.reply_to) if ref]
        for last in (False, True):
            numbers = [await self._store.ticket_of(row.transport, ref) for ref in pointed]
            found = {number for number in numbers if number is not None}
            if found or not pointed or last:
                return found
            if not await self._certain(team, row.id):
                raise NotYet
        return set()

    async def _agent_left(self, row: InboxRow, agent: Person, team: str) -> Case:
        desk = self._desk()
        internal: list[tuple[str, str]] = []
        closed: list[int] = []
        for number, of, is_open in await self._store.owned_by(agent.id):
            if not self._one_room(desk.team(of).id, team):
                continue
            if is_open:
                payload = {"kind": "agent_left", "ticket": number, "agent": agent.id, "name": agent.name}
                internal.append((f"agent_left:{row.event}:{number}", json.dumps(payload, ensure_ascii=False)))
            else:
                closed.append(number)
        left = Ticket(0, agent, team, row.at)
        return Case(None, left, None, stored=False, internal=tuple(internal), freed=tuple(closed))


def _outside(at: datetime, incoming: Incoming, agent: Person, team: str) -> Case | None:
    """Return the case of a command outside of any ticket; None for agents talking among themselves."""
    word, _ = commands.split(incoming.text)
    if incoming.kind is not Kind.SAID or not word or not incoming.member or incoming.edits is not None:
        return None
    event = AgentSpokeOutside(at, agent, incoming.id, team, wants_help=word == "!help")
    return Case(event, Ticket(0, agent, team, at), None, stored=False)


def _written(row: InboxRow, incoming: Incoming) -> datetime:
    """Return when it was written, as far as the network tells: not after it was read."""
    return min(row.at, incoming.at)


def _said(incoming: Incoming) -> str:
    """Return the message itself; that it cannot be read is an event of its own."""
    lost = incoming.attachment == UNDECRYPTABLE
    return incoming.id.removesuffix(f":{UNDECRYPTABLE}") if lost else incoming.id


def _words(incoming: Incoming) -> str:
    return "\n".join(part for part in (incoming.attachment and f"📎 {incoming.attachment}", incoming.text) if part)


def _customer_event(incoming: Incoming, at: datetime, case: Case) -> Event | None:
    talk = case.conversation
    match incoming.kind:
        case Kind.ARRIVED:
            return CustomerArrived(at, first=talk is not None and talk.id == 0)
        case Kind.LEFT | Kind.REMOVED:
            return CustomerLeft(at)
        case Kind.CROWDED:
            return StrangerCame(at, incoming.name)
        case Kind.ALONE:
            return StrangersGone(at)
        case Kind.SAID:
            if talk is not None and talk.crowded and not case.ticket.carded:
                return BotGaveUp(at, _words(incoming), Reason.CROWDED)
            return CustomerSaid(at, incoming.text, incoming.edits is not None, incoming.attachment)
        case Kind.REACTED:
            return None  # reactions are carried by a later version


def _agent_event(incoming: Incoming, agent: Person, at: datetime, kept: KeptTicket, *, ambiguous: bool) -> Event | None:
    """Return what the agent did; None for what means nothing here."""
    ref = _said(incoming)
    if incoming.kind is Kind.REACTED:
        claims = incoming.symbol.translate(_SKINS_AND_VARIANTS) in _CLAIMS and incoming.target == kept.card
        return AgentClaimed(at, agent, ref) if claims and incoming.member and not incoming.exposed else None
    lost = incoming.attachment == UNDECRYPTABLE
    if incoming.kind is not Kind.SAID or (incoming.late and not lost and incoming.edits is None):
        return None  # who wrote it was told that it could not be read, and has written it again
    if not incoming.member:
        return AgentBlocked(at, agent, ref, "hint_not_member")
    if incoming.exposed:
        return AgentBlocked(at, agent, ref, "hint_exposed")
    if lost:
        return AgentBlocked(at, agent, ref, "hint_undecryptable")
    if ambiguous:
        return AgentBlocked(at, agent, ref, "hint_two_tickets")
    if incoming.edits is not None:
        return AgentMistyped(at, agent, ref, "", "hint_edit")
    if incoming.attachment is not None:
        return AgentSaid(at, agent, ref, incoming.text, incoming.mentions, incoming.attachment)
    return commands.read(at, agent, ref, incoming.text, incoming.mentions)
