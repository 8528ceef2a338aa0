"""An inbox row → what happened to which ticket; it reads the database and changes nothing.

Rule: where something belongs is looked up, never taken from what a person supplied: a relation counts only inside the
room of the ticket's own team, and only once it is certain what the bot has in that room.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog

from helpbot import reports
from helpbot.core import commands
from helpbot.core.acts import (
    AgentAct,
    AgentAskedTickets,
    AgentBlocked,
    AgentClaimed,
    AgentConfirmed,
    AgentMistyped,
    AgentSaid,
    AgentSearched,
    AgentWentAway,
)
from helpbot.core.decide import goes_on
from helpbot.core.decide_parts import UNDECRYPTABLE
from helpbot.core.events import (
    AgentElsewhere,
    AgentLeft,
    AgentSpokeOutside,
    BotGaveUp,
    CardLost,
    CustomerArrived,
    CustomerLeft,
    CustomerRated,
    CustomerSaid,
    DeadLettersFound,
    Delayed,
    Delivered,
    Event,
    OwnerWentAway,
    StrangerCame,
    StrangersGone,
    TimerFired,
    Undelivered,
    WeeklyReport,
)
from helpbot.core.model import Desk, Person, Reason, Ticket
from helpbot.lookups import Lookups
from helpbot.store.base import INTERNAL, Conversation, InboxRow, KeptTicket, Store
from helpbot.store.codec import json_incoming, text_time
from helpbot.transports.base import Incoming, Kind

log = structlog.get_logger(__name__)

_CLAIMS = {"✋", "👍"}
_CONFIRMS = {"👍", "✅"}
_RATINGS = {
    "1⃣": 1, "2⃣": 2, "3⃣": 3, "4⃣": 4, "5⃣": 5, "👎": 1, "😡": 1, "😠": 1, "🙁": 2, "☹": 2, "😐": 3, "🙂": 4, "👍": 5,
    "❤": 5, "😀": 5, "😃": 5, "😊": 5, "🎉": 5, "⭐": 5, "🙏": 5, "👏": 5,
}  # fmt: skip
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
    references: tuple[tuple[str, str, str], ...] = ()
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
        self._lookups = Lookups(store, desk, one_room)

    async def of(self, row: InboxRow) -> Case | None:
        """Return what happened; None when it concerns no ticket. Raises NotYet."""
        if row.transport == INTERNAL:
            return await self._internal(row)
        incoming = json_incoming(row.payload)
        case = await self._situation(row, incoming)
        if case is None or case.event is not None or incoming.team is not None:
            return case
        if incoming.kind is Kind.REACTED:
            return await self._customer_reacted(row, incoming, case)
        event = _customer_event(incoming, row.at, case)
        if isinstance(event, CustomerSaid):
            event = replace(event, written=_written(row, incoming))
        return replace(case, event=event)

    async def _customer_reacted(self, row: InboxRow, incoming: Incoming, case: Case) -> Case | None:
        """Return how it was, if that is what the reaction answers; others are carried by a later version."""
        rating = _RATINGS.get(incoming.symbol.translate(_SKINS_AND_VARIANTS))
        talk = case.conversation
        if rating is None or talk is None or talk.id == 0 or incoming.target is None:
            return None
        number = await self._store.asked_how_it_was(talk.id, incoming.target)
        kept = None if number is None else await self._store.ticket(number)
        if kept is None:
            return None
        return Case(CustomerRated(row.at, rating, incoming.symbol), kept.ticket, kept.conversation)

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
            act = AgentBlocked(row.at, Person(incoming.sender, incoming.name), _said(incoming), "hint_failed")
            was = case.event
            event = AgentElsewhere(row.at, act, was.team) if isinstance(was, AgentElsewhere) else act
        return replace(case, event=event)

    async def _internal(self, row: InboxRow) -> Case | None:
        values = json.loads(row.payload)
        if values["kind"] == "dead":
            found = DeadLettersFound(row.at, values["team"], values["count"], tuple(values["tickets"]))
            return Case(found, Ticket(0, _NOBODY, values["team"], row.at), None, stored=False)
        if values["kind"] == "report":
            return await self._report(row, values)
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
                event = Delivered(row.at, values["ref"], await self._thread_of(values))
            case "late":
                event = Delayed(row.at, values["ref"], values["why"])
            case "card_lost":
                event = CardLost(row.at, values.get("team"))
            case "agent_left":
                event = AgentLeft(row.at, Person(values["agent"], values["name"]))
            case "owner_away":
                event = OwnerWentAway(row.at, Person(values["agent"], values["name"]))
            case _:
                event = Undelivered(row.at, values["ref"], values["why"], await self._thread_of(values))
        return Case(event, kept.ticket, kept.conversation)

    async def _report(self, row: InboxRow, values: Mapping[str, Any]) -> Case | None:
        """Return a team's weekly report; None for a team that there is no more."""
        desk = self._desk()
        team = next((team for team in desk.teams if team.id == values["team"]), None)
        if team is None:
            return None
        since, until = text_time(values["from"]), text_time(values["to"])
        measured = await self._store.measured(team.id, since, until)
        content = await reports.content_of(measured, team, values["week"], since, desk.languages[0])
        return Case(WeeklyReport(row.at, team.id, content), Ticket(0, _NOBODY, team.id, row.at), None, stored=False)

    async def _thread_of(self, values: Mapping[str, Any]) -> str | None:
        """Return in whose thread of the ticket an agent's message stands; None for the ticket's own team."""
        return None if values["ref"] is None else await self._store.thread_of(values["ticket"], values["ref"])

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
            ticket = Ticket(number, talk.customer, desk.teams[0].id, row.at, language=talk.language, zone=talk.zone)
        return Case(None, ticket, talk)

    def _talk(self, row: InboxRow, incoming: Incoming, before: Conversation | None) -> Conversation | None:
        """Return the conversation as the event leaves it; None when the event means nothing to it."""
        speaker = Person(incoming.sender, incoming.name)
        if before is None:
            known = incoming.kind in {Kind.ARRIVED, Kind.SAID}
            return Conversation(0, row.transport, incoming.room, speaker, zone=incoming.zone) if known else None
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
        zone = before.zone or incoming.zone
        return replace(before, customer=speaker, gone=before.gone and incoming.late, zone=zone)  # names change

    # --- agents

    async def _in_agents_room(self, row: InboxRow, incoming: Incoming, team: str) -> Case | None:
        agent = Person(incoming.sender, incoming.name)
        if incoming.kind in _GONE:
            return await self._agent_left(row, agent, team)
        found = await self._tickets(row, incoming, team)
        kept = await self._store.ticket(min(found)) if found else None
        if kept is None or not self._one_room(self._desk().team(found[kept.ticket.number]).id, team):
            if kept is not None:  # a relation into another team's room is not one that a client makes
                log.warning("another_teams_ticket", inbox=row.id, team=team)
            return await self._outside(row, incoming, agent, team)
        of = found[kept.ticket.number]
        claimable = incoming.target is not None and (
            incoming.target == kept.cards.get(of) or await self._store.is_reminder(kept.ticket.number, incoming.target)
        )
        act = _agent_act(incoming, agent, row.at, kept, ambiguous=len(found) > 1, claimable=claimable)
        if act is None:
            return None
        act = await self._lookups.of(act, kept, incoming, team)
        own = self._desk().team(of).id == self._desk().team(kept.ticket.team).id
        event: Event = act if own else AgentElsewhere(row.at, act, of)
        references = ((row.transport, _said(incoming), of),) if incoming.kind is Kind.SAID else ()
        case = Case(event, kept.ticket, kept.conversation, references=references)
        internal, freed = await self._lookups.follow(row, act)
        return replace(case, internal=internal, freed=freed)

    async def _tickets(self, row: InboxRow, incoming: Incoming, team: str) -> dict[int, str]:
        """Return the tickets that an agent's message points to, each with the team of that thread. Raises NotYet."""
        pointed = [ref for ref in (incoming.target, incoming.edits, incoming.thread, incoming.reply_to) if ref]
        for last in (False, True):
            found: dict[int, str] = {}
            for ref in pointed:
                known = await self._store.ticket_of(row.transport, ref)
                if known is not None:
                    found.setdefault(*known)
            if found or not pointed or last:
                return found
            if not await self._certain(team, row.id):
                raise NotYet
        return {}

    async def _outside(self, row: InboxRow, incoming: Incoming, agent: Person, team: str) -> Case | None:
        """Return the case of a command outside of any ticket; None for agents talking among themselves."""
        word, _ = commands.split(incoming.text)
        if incoming.kind is not Kind.SAID or not word or not incoming.member or incoming.edits is not None:
            return None
        at, nowhere = row.at, Ticket(0, agent, team, row.at)
        act = commands.read(at, agent, incoming.id, incoming.text, incoming.mentions)
        if isinstance(act, AgentAskedTickets | AgentSearched | AgentWentAway) and not incoming.exposed:
            asked = await self._lookups.of(replace(act, team=team), None, incoming, team)
            internal, freed = await self._lookups.follow(row, asked)
            return Case(asked, nowhere, None, stored=False, internal=internal, freed=freed)
        event = AgentSpokeOutside(at, agent, incoming.id, team, wants_help=word == "!help")
        return Case(event, nowhere, None, stored=False)

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


def _agent_act(
    incoming: Incoming, agent: Person, at: datetime, kept: KeptTicket, *, ambiguous: bool, claimable: bool
) -> AgentAct | None:
    """Return what the agent did; None for what means nothing here. A mark claims on what is `claimable`."""
    ref = _said(incoming)
    if incoming.kind is Kind.REACTED:
        if not incoming.member or incoming.exposed:
            return None
        symbol, held = incoming.symbol.translate(_SKINS_AND_VARIANTS), kept.ticket.held_back
        if symbol in _CONFIRMS and any(incoming.target == one.ref for one in held):
            return AgentConfirmed(at, agent, ref, incoming.target)
        return AgentClaimed(at, agent, ref) if symbol in _CLAIMS and claimable else None
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
