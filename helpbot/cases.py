"""An inbox row → what happened to which ticket; it reads the database and changes nothing.

Rule: where something belongs is looked up, never taken from what a person supplied.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog

from helpbot import reports
from helpbot.cases_agents import AgentsRooms
from helpbot.cases_base import SKINS_AND_VARIANTS, Case, said
from helpbot.cases_moves import customer_moved
from helpbot.core.decide import goes_on
from helpbot.core.decide_after import mark_rating
from helpbot.core.events import (
    AgentLeft,
    BotGaveUp,
    CardLost,
    CustomerArrived,
    CustomerCameBack,
    CustomerDeleted,
    CustomerLeft,
    CustomerMarked,
    CustomerRated,
    CustomerReacted,
    CustomerSaid,
    DeadLettersFound,
    Delayed,
    Delivered,
    Event,
    FileLost,
    LeftSilent,
    OwnerWentAway,
    QuestionBrought,
    StrangerCame,
    StrangersGone,
    TimerFired,
    Unchanged,
    Undelivered,
    Unheard,
    WeeklyReport,
)
from helpbot.core.hours import is_open
from helpbot.core.model import Audience, Desk, Person, Reason, Role, Ticket
from helpbot.core.public import Word
from helpbot.core.words import mark_meant
from helpbot.core.zones import known_zone
from helpbot.public_rooms import may_offer
from helpbot.store.base import INTERNAL, Conversation, InboxRow, KeptTicket, Store
from helpbot.store.codec import json_incoming, text_time
from helpbot.store.public import brought_event, brought_payload
from helpbot.transports.base import Incoming, Kind

log = structlog.get_logger(__name__)

_NOBODY = Person("", "")
_OF_HER_ROOM = {"delivered", "undelivered", "late", "unchanged", "file_lost"}  # what is told of what was sent to her


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
        self._agents = AgentsRooms(store, desk, one_room, certain)

    async def of(self, row: InboxRow) -> Case | None:
        """Return what happened; None when it concerns no ticket. Raises NotYet."""
        if row.transport == INTERNAL:
            return await self._internal(row)
        incoming = json_incoming(row.payload)
        if incoming.public is not None:  # no word there is a customer's: see public_rooms
            return None
        if incoming.team is not None:
            return await self._agents.of(row, incoming, incoming.team)
        if incoming.kind is Kind.ZONED:
            return await self._zoned(row, incoming)
        if incoming.kind in {Kind.MOVED, Kind.REPLACED}:
            return await customer_moved(row, incoming, self._store, self._desk())
        case = await self._situation(row, incoming)
        if case is None or isinstance(case.event, CustomerCameBack):
            return None if case is None else replace(case, internal=await self._to_bring(row, incoming))
        if incoming.kind is Kind.REACTED:
            return await self._customer_reacted(row, incoming, case)
        if incoming.kind is Kind.DELETED:
            return await self._customer_deleted(row, incoming, case)
        event = _customer_event(incoming, row.at, case)
        if isinstance(event, CustomerSaid):
            event = await self._related(replace(event, written=_written(row, incoming)), incoming, case)
            event = replace(event, after_offer=await self._only_offered(case))
        if incoming.kind is Kind.ARRIVED:
            return replace(case, event=event, internal=await self._to_bring(row, incoming))
        return replace(case, event=event)

    async def _only_offered(self, case: Case) -> bool:
        """Tell whether nothing but an offer of help was said to her since the greeting."""
        talk = case.conversation
        return talk is not None and bool(await self._store.silence(talk.id))

    async def _to_bring(self, row: InboxRow, incoming: Incoming) -> tuple[tuple[str, str], ...]:
        """Return what goes on in this room now that she has come."""
        talks = await self._store.to_bring(row.transport, incoming.room, incoming.sender)
        return tuple((brought_event(talk), brought_payload(talk, row.transport, incoming.room)) for talk in talks)

    async def _related(self, event: CustomerSaid, incoming: Incoming, case: Case) -> CustomerSaid:
        """Return her words with what they correct and answer, where that is on the agents' side."""
        talk, number = case.conversation, case.ticket.number
        ours = case.ticket.numbers
        if talk is None:
            return event
        if not case.ticket.carded:
            return await self._to_the_bot(event, incoming, case.ticket, talk)
        if incoming.edits is not None:
            shown = await self._store.shown(incoming.edits)
            on_paper = shown is not None and not shown.has_file and incoming.file is None
            if shown is not None and on_paper and shown.ticket in ours and shown.audience is Audience.AGENTS:
                event = replace(event, corrects=incoming.edits)
        if incoming.reply_to is None:
            return event
        origin = await self._store.origin(incoming.reply_to, talk.id)
        if origin is not None and origin[1] in ours:
            return replace(event, answers=await self._in_own_thread(origin[0], case.ticket))
        hers = await self._store.shown(incoming.reply_to)
        if hers is None or (hers.ticket, hers.audience) != (number, Audience.AGENTS):
            return event
        return replace(event, answers=hers.ref if self._is_own(hers.team, case.ticket) else None)

    async def _to_the_bot(
        self, event: CustomerSaid, incoming: Incoming, ticket: Ticket, talk: Conversation
    ) -> CustomerSaid:
        """Return her words with what they are an answer to, and whether the bot's last ones went out."""
        answers = incoming.reply_to or incoming.thread
        said = None if answers is None or talk.id == 0 else await self._store.bots_words(talk.id, answers)
        if said is not None:
            turn = said.turn if said.ticket == ticket.number else None
            event = replace(event, offered=said.offered, turn=turn if said.offered else None)
        unsent = ticket.undo is not None and await self._store.unsent(ticket.number, ticket.turn)
        return replace(event, unsent=unsent)

    async def _in_own_thread(self, ref: str, ticket: Ticket) -> str | None:
        """Return the agent's message when it stands in the thread that her words go to."""
        return ref if self._is_own(await self._store.thread_of(ticket.number, ref), ticket) else None

    def _is_own(self, team: str | None, ticket: Ticket) -> bool:
        return team is not None and self._desk().team(team).id == self._desk().team(ticket.team).id

    async def _zoned(self, row: InboxRow, incoming: Incoming) -> Case | None:
        """Return the conversation with the zone of her profile as it is now; what she wrote herself counts for more."""
        talk, zone = await self._store.conversation(row.transport, incoming.room), known_zone(incoming.zone)
        if talk is None or talk.customer.id != incoming.sender or zone is None:
            return None
        if talk.zone == zone.key or (talk.zone_said and known_zone(talk.zone) is not None):
            return None
        nowhere = Ticket(0, talk.customer, self._desk().teams[0].id, row.at)
        return Case(None, nowhere, replace(talk, zone=zone.key, zone_said=False), stored=False)

    async def _customer_reacted(self, row: InboxRow, incoming: Incoming, case: Case) -> Case | None:
        """Return how it was, if that is what the reaction answers, else on which words of an agent it is."""
        rating = mark_rating(incoming.symbol.translate(SKINS_AND_VARIANTS))
        talk = case.conversation
        if talk is None or talk.id == 0 or incoming.target is None:
            return None
        if rating is not None:
            number = await self._store.asked_how_it_was(talk.id, incoming.target)
            kept = None if number is None else await self._store.ticket(number)
            if kept is not None:
                return Case(CustomerRated(row.at, rating, incoming.symbol), kept.ticket, kept.conversation)
        origin = await self._store.origin(incoming.target, talk.id)
        kept = None if origin is None else await self._whole(origin[1])
        if origin is None or kept is None:
            return await self._marked_the_bot(row, incoming, case, talk)
        team, before = await self._thread_of(kept, origin[0]), await self._store.marks_on(origin[0])
        return Case(CustomerReacted(row.at, incoming.id, incoming.symbol, origin[0], team, before), kept.ticket, talk)

    async def _marked_the_bot(self, row: InboxRow, incoming: Incoming, case: Case, talk: Conversation) -> Case | None:
        """Return her mark on a message of the bot, as long as only the bot has the ticket."""
        said = await self._store.bots_words(talk.id, incoming.target or "")
        if said is None or case.ticket.carded or mark_meant(incoming.symbol) is None:
            return None
        if talk.crowded:
            return replace(case, event=BotGaveUp(row.at, incoming.symbol, Reason.CROWDED))
        turn = said.turn if said.ticket == case.ticket.number else None
        return replace(case, event=CustomerMarked(row.at, incoming.id, incoming.symbol, said.offered, turn))

    async def _customer_deleted(self, row: InboxRow, incoming: Incoming, case: Case) -> Case | None:
        """Return which of her messages, or of her marks, she took back; None for those of others, and unknown ones."""
        target, talk = incoming.target or "", case.conversation
        line = await self._store.line(target, Role.CUSTOMER)
        shown = await self._store.shown(target) if line is None else None
        mark = shown is not None and shown.audience is Audience.AGENTS
        number = line[0] if line is not None else shown.ticket if shown is not None and mark else None
        kept = None if number is None else await self._whole(number)
        if kept is None or talk is None or talk.id not in {one.id for one in kept.talks}:
            return None
        return Case(CustomerDeleted(row.at, target, "" if line is None else line[1]), kept.ticket, talk)

    async def failed(self, row: InboxRow) -> Case | None:
        """Return the case of a row that the bot cannot decide, for a person; None when it holds nobody's words."""
        if row.transport == INTERNAL:
            case = await self._internal(row)
            return None if case is None else _failed_inside(case, row.at)
        incoming = json_incoming(row.payload)
        if incoming.kind is not Kind.SAID or incoming.public is not None:
            return None
        if incoming.team is not None:
            return await self._agents.failed(row, incoming, incoming.team)
        case = await self._situation(row, incoming)
        if case is None:
            return None
        return _doing(case, BotGaveUp(row.at, _words(incoming), ref=_ref(incoming), room=case.room))

    async def _internal(self, row: InboxRow) -> Case | None:
        values = json.loads(row.payload)
        if values["kind"] == "dead":
            found = DeadLettersFound(row.at, values["team"], values["count"], tuple(values["tickets"]))
            return Case(found, Ticket(0, _NOBODY, values["team"], row.at), None, stored=False)
        if values["kind"] == "report":
            return await self._report(row, values)
        if values["kind"] == "brought":
            return await self._brought(row, values)
        if values["kind"] == "silence":
            return await self._left_silent(row, values["conversation"])
        if values["ticket"] is None:
            return None
        kept = await (self._whole if values["kind"] in _OF_HER_ROOM else self._store.ticket)(values["ticket"])
        if kept is None:
            return None
        if values["kind"] == "timer" and await self._store.timer_runs(kept.ticket.number, values["name"]):
            return None  # it was set anew after it fired
        of_words = values["kind"] in {"delivered", "undelivered"} and values["ref"] is not None
        team = await self._thread_of(kept, values["ref"]) if of_words else None
        event = _told(values, row.at, team)
        if isinstance(event, Delivered):
            event = replace(event, words=await self._store.line(event.ref, Role.AGENT) is not None)
        if isinstance(event, Undelivered | Delayed) and values["ticket"] != kept.ticket.number:
            event = replace(event, room=values["ticket"])
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

    async def _thread_of(self, kept: KeptTicket, ref: str) -> str | None:
        """Return in whose thread of the ticket, or its parts, an agent's message stands; None for its own team."""
        for number in (kept.ticket.number, *kept.others):
            team = await self._store.thread_of(number, ref)
            if team is not None:
                return team
        return None

    async def _whole(self, number: int) -> KeptTicket | None:
        """Return the ticket of that number, or the one that it is part of."""
        kept = await self._store.ticket(number)
        into = None if kept is None else kept.ticket.merged_into
        return kept if into is None else await self._store.ticket(into)

    async def _brought(self, row: InboxRow, values: Mapping[str, Any]) -> Case | None:
        """Return the question that she goes on with in her room; None when it was taken back, or she is not there."""
        talk = await self._store.talk(values["talk"])
        there = await self._store.conversation(values["transport"], values["room"])
        if talk is None or there is None or there.gone or there.crowded or there.customer.id != talk.person.id:
            return None
        if not talk.text and talk.word is not Word.JOINED:
            return None
        said = Incoming(row.event, Kind.SAID, there.room, talk.person.id, talk.person.name, row.at, talk.text)
        case = await self._situation(replace(row, transport=there.transport), said)
        named = talk.place if talk.place is not None and talk.place.startswith("#") else None
        event = QuestionBrought(row.at, talk.text, named)
        return None if case is None else _doing(replace(case, brought=talk.id), event)

    async def _left_silent(self, row: InboxRow, conversation: int) -> Case | None:
        """Return that she has said nothing since the greeting, if she may be offered help now."""
        there, desk = await self._store.conversation_of(conversation), self._desk()
        if there is None or there.gone or there.crowded or not is_open(desk.teams[0].hours, row.at):
            return None
        if desk.offers.silent_for is None or await self._store.silence(conversation) is not False:
            return None
        if not may_offer(await self._store.last_offer(there.transport, there.customer.id), row.at, desk):
            return None
        ticket = Ticket(0, there.customer, desk.teams[0].id, row.at, language=there.language)
        return Case(LeftSilent(row.at), ticket, there)

    # --- customers

    async def _situation(self, row: InboxRow, incoming: Incoming) -> Case | None:
        """Return what the event happens to."""
        before = await self._store.conversation(row.transport, incoming.room)
        talk = self._talk(row, incoming, before)
        if talk is None:
            return None
        last = None if before is None else await self._store.last_ticket(before.id)
        into = None if last is None else last.ticket.merged_into
        known = last if into is None else await self._store.ticket(into)
        desk, written = self._desk(), _written(row, incoming)
        if last is not None and known is not None and goes_on(known.ticket, written, desk):
            room = None if known.conversation.id == talk.id else last.ticket.number
            return Case(None, _as_it_is(known.ticket, room, talk), talk, room=room)
        number = await self._store.next_number()
        back = await self._back(row, incoming, talk, number)
        if back is not None:
            return back
        ticket = Ticket(number, talk.customer, desk.teams[0].id, row.at, language=talk.language)
        return Case(None, replace(ticket, zone=talk.zone, zone_said=talk.zone_said), talk)

    async def _back(self, row: InboxRow, incoming: Incoming, talk: Conversation, number: int) -> Case | None:
        """Return the open ticket whose rooms she left, when she is in another one: it goes on there."""
        if incoming.kind not in {Kind.ARRIVED, Kind.SAID} or talk.crowded:
            return None
        left = await self._store.left_open(row.transport, talk.customer.id)
        kept = None if left is None else await self._store.ticket(left)
        if kept is None:
            return None
        talk = replace(talk, zone=kept.ticket.zone, zone_said=kept.ticket.zone_said) if talk.zone is None else talk
        event = _customer_event(incoming, row.at, Case(None, kept.ticket, talk, room=number))
        said = replace(event, written=_written(row, incoming)) if isinstance(event, CustomerSaid) else None
        back = CustomerCameBack(row.at, number, talk.customer, said)
        return Case(back, kept.ticket, kept.conversation, room=number, new=talk)

    def _talk(self, row: InboxRow, incoming: Incoming, before: Conversation | None) -> Conversation | None:
        """Return the conversation as the event leaves it; None when the event means nothing to it."""
        speaker = Person(incoming.sender, incoming.name)
        if before is None:
            known = incoming.kind in {Kind.ARRIVED, Kind.SAID}
            language = incoming.language if incoming.language in self._desk().languages else None
            return Conversation(0, row.transport, incoming.room, speaker, language) if known else None
        if incoming.kind is Kind.ARRIVED and not before.gone:  # some networks tell of a new name in the same way
            return None
        elsewhere = incoming.room != before.room  # the conversation went on from there
        if elsewhere and incoming.kind not in {Kind.SAID, Kind.REACTED, Kind.DELETED}:
            return None
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
        return replace(before, customer=speaker, gone=before.gone and (incoming.late or elsewhere))  # names change


def _doing(case: Case, event: BotGaveUp | QuestionBrought) -> Case:
    """Return the case of what she did, which may be the first that she does in a room that she came back in."""
    back = case.event if isinstance(case.event, CustomerCameBack) else None
    return replace(case, event=event if back is None else replace(back, said=event))


def _failed_inside(case: Case, at: datetime) -> Case | None:
    """Return the case of what the desk told itself and cannot decide, when a question of hers waits for it."""
    event = case.event
    if isinstance(event, TimerFired) and case.ticket.pending:
        return replace(case, event=BotGaveUp(at, ""))
    brought = event.said if isinstance(event, CustomerCameBack) else event
    if not isinstance(brought, QuestionBrought) or not brought.text:
        return None
    return _doing(case, BotGaveUp(at, brought.text, room=case.room))


def _as_it_is(ticket: Ticket, room: int | None, talk: Conversation) -> Ticket:
    """Return the ticket with her name in the room of the event, and whether she is there."""
    if room is None:
        return replace(ticket, customer=talk.customer, gone=talk.gone)
    there = tuple(
        replace(one, customer=talk.customer, gone=talk.gone) if one.number == room else one for one in ticket.merged
    )
    return replace(ticket, merged=there)


def _told(values: Mapping[str, Any], at: datetime, team: str | None) -> Event:
    """Return what the desk has told itself; `team` is in whose thread the agent's message stands that it is about."""
    match values["kind"]:
        case "timer":
            return TimerFired(at, values["name"])
        case "delivered":
            return Delivered(at, values["ref"], team)
        case "late":
            return Delayed(at, values["ref"], values["why"])
        case "unheard":
            return Unheard(at)
        case "unchanged":
            return Unchanged(at, values["deleted"], values["why"])
        case "file_lost":
            return FileLost(at, Audience(values["to"]), values["ref"], values["name"], values["why"])
        case "card_lost":
            return CardLost(at, values.get("team"))
        case "agent_left":
            return AgentLeft(at, Person(values["agent"], values["name"]))
        case "owner_away":
            return OwnerWentAway(at, Person(values["agent"], values["name"]))
        case _:
            return Undelivered(at, values["ref"], values["why"], team)


def _written(row: InboxRow, incoming: Incoming) -> datetime:
    """Return when it was written, as far as the network tells: not after it was read."""
    return min(row.at, incoming.at)


def _words(incoming: Incoming) -> str:
    return "\n".join(part for part in (incoming.attachment and f"📎 {incoming.attachment}", incoming.text) if part)


def _ref(incoming: Incoming) -> str:
    """Return the message that these words are, or correct."""
    return incoming.edits or said(incoming)


def _customer_event(incoming: Incoming, at: datetime, case: Case) -> Event | None:
    talk = case.conversation
    match incoming.kind:
        case Kind.ARRIVED:
            return CustomerArrived(at, first=talk is not None and talk.id == 0, room=case.room)
        case Kind.LEFT | Kind.REMOVED:
            return CustomerLeft(at, case.room)
        case Kind.CROWDED:
            return StrangerCame(at, incoming.name)
        case Kind.ALONE:
            return StrangersGone(at)
        case Kind.SAID:
            if talk is not None and talk.crowded and not case.ticket.carded:
                return BotGaveUp(at, _words(incoming), Reason.CROWDED, _ref(incoming), case.room)
            edited = incoming.edits is not None
            if edited and (incoming.attachment is not None or not incoming.text):  # the file itself stays what it was
                incoming = replace(incoming, attachment=None, file=None)
                if not incoming.text:
                    return None
            said_so = CustomerSaid(at, incoming.text, edited, incoming.attachment, ref=_ref(incoming), room=case.room)
            return replace(said_so, file=incoming.file)
        case Kind.ZONED | Kind.MOVED | Kind.REPLACED:
            return None
        case Kind.REACTED | Kind.DELETED:
            return None  # found before
