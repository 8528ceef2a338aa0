"""The shell round the core: inbox row → event → decide → one transaction.

Rule: if the bot breaks, a person gets it: what `decide` raises is caught here and nowhere else, the row is kept with
its fault, and the customer's words go to the agents, because a message must stop neither its ticket nor the cursor.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import structlog

from helpbot.clock import Now
from helpbot.core import commands
from helpbot.core.decide import decide, goes_on
from helpbot.core.effects import (
    Asked,
    Content,
    EditCard,
    Effect,
    PostCard,
    Propose,
    React,
    Record,
    Say,
    SayInRoom,
    Settled,
    StartTimer,
    StopTimer,
)
from helpbot.core.events import (
    AgentBlocked,
    AgentClaimed,
    AgentMistyped,
    AgentSaid,
    AgentSpokeOutside,
    AgentTaught,
    BotFailed,
    CustomerArrived,
    CustomerLeft,
    CustomerSaid,
    Delivered,
    Event,
    TimerFired,
    Undelivered,
)
from helpbot.core.model import Audience, Desk, Entry, Person, Ticket
from helpbot.store.base import INTERNAL, Conversation, Draft, InboxRow, KeptTicket, Step, Store, StoreBusy
from helpbot.store.codec import content_text, json_incoming
from helpbot.transports.base import Incoming, Kind

log = structlog.get_logger(__name__)

_BUSY_PAUSE = 1.0  # seconds before a database that could not be used is tried again
_CLAIMS = {"✋", "👍"}
_SKINS_AND_VARIANTS = dict.fromkeys([*range(0x1F3FB, 0x1F400), 0xFE0E, 0xFE0F])


@dataclass(frozen=True, slots=True)
class Case:
    """An event with what it happens to; `event` is None when there is nothing to do about it."""

    event: Event | None
    ticket: Ticket
    conversation: Conversation | None
    stored: bool = True  # False: the ticket stands in for none, and is not kept
    references: tuple[tuple[str, str], ...] = ()


class DeskLoop:
    """Takes the inbox row by row; `desk` gives the desk as it is now, for the FAQ may change while it runs.

    `one_room` tells whether two teams sit in the same room.
    """

    def __init__(
        self,
        store: Store,
        desk: Callable[[], Desk],
        now: Now,
        account: str,
        one_room: Callable[[str, str], bool],
    ) -> None:
        self._one_room = one_room
        self._store = store
        self._desk = desk
        self._now = now
        self._account = account

    async def run(self) -> None:
        """Decide whatever comes in, until cancelled."""
        while True:
            await self._store.inbox_bell.wait()
            self._store.inbox_bell.clear()
            await self.drain()

    async def drain(self) -> None:
        """Decide all that is there."""
        while True:
            try:
                row = await self._store.next_inbox()
            except StoreBusy as busy:
                await self._wait_for_store(busy)
                continue
            if row is None:
                return
            await self.take(row)

    async def take(self, row: InboxRow) -> None:
        """Decide one row and keep the decision; a row that makes us raise goes to a person, then at worst aside."""
        fault: str | None = None
        for attempt in (self._decided, self._failed, self._put_aside):
            while True:
                try:
                    await self._store.keep(await attempt(row, fault))
                    return
                except StoreBusy as busy:
                    await self._wait_for_store(busy)
                except Exception as error:  # noqa: BLE001  # law 5: whatever it is, a person gets the message
                    fault = _where(error)  # without its message, which may hold people's words
                    log.error("decision_failed", inbox=row.id, attempt=attempt.__name__, fault=fault)
                    break

    async def _wait_for_store(self, busy: StoreBusy) -> None:
        log.error("database_busy", why=str(busy), hint="check the disk and who else uses the database")
        await asyncio.sleep(_BUSY_PAUSE)

    async def _decided(self, row: InboxRow, fault: str | None) -> Step:
        case = await self._case(row)
        return self._step(row, case, fault)

    async def _failed(self, row: InboxRow, fault: str | None) -> Step:
        if row.transport == INTERNAL:
            return await self._put_aside(row, fault)
        incoming = json_incoming(row.payload)
        case = await self._situation(row, incoming, row.at)
        event: Event
        if incoming.team is None:
            event = BotFailed(row.at, incoming.text or f"📎 {incoming.attachment}")
        else:
            event = AgentBlocked(row.at, Person(incoming.sender, incoming.name), incoming.id, "hint_failed")
        if case is None or incoming.kind is not Kind.SAID:
            return await self._put_aside(row, fault)
        return self._step(row, replace(case, event=event), fault)

    async def _put_aside(self, row: InboxRow, fault: str | None) -> Step:
        log.error("event_put_aside", inbox=row.id, fault=fault)
        return Step(row, self._now(), None, None, fault=fault)

    # --- row → case

    async def _case(self, row: InboxRow) -> Case | None:
        if row.transport == INTERNAL:
            return await self._internal(row)
        incoming = json_incoming(row.payload)
        case = await self._situation(row, incoming, row.at)
        if case is None or case.event is not None:
            return case
        event = _customer_event(incoming, row.at, case) if incoming.team is None else None
        return replace(case, event=event)

    async def _internal(self, row: InboxRow) -> Case | None:
        values = json.loads(row.payload)
        kept = None if values["ticket"] is None else await self._store.ticket(values["ticket"])
        if kept is None:
            return None
        event: Event
        match values["kind"]:
            case "timer":
                event = TimerFired(row.at, values["name"])
            case "delivered":
                event = Delivered(row.at, values["ref"])
            case _:
                event = Undelivered(row.at, values["ref"], values["why"])
        return Case(event, kept.ticket, kept.conversation)

    async def _situation(self, row: InboxRow, incoming: Incoming, at: datetime) -> Case | None:
        """Return what the event happens to; for an agents' room with the event, which is read on the way."""
        if incoming.team is not None:
            return await self._in_agents_room(row, incoming, incoming.team, at)
        talk = await self._store.conversation(row.transport, incoming.room)
        if talk is None and incoming.kind in {Kind.LEFT, Kind.REACTED}:
            return None
        known = None if talk is None else await self._store.last_ticket(talk.id)
        speaker = Person(incoming.sender, incoming.name)
        if talk is None:
            talk = Conversation(0, row.transport, incoming.room, speaker)
        elif speaker.id == talk.customer.id and incoming.kind is not Kind.LEFT:
            talk = replace(talk, customer=speaker)  # names change
        elif incoming.kind is not Kind.LEFT:
            log.warning("stranger_in_a_customers_room", inbox=row.id, conversation=talk.id)
            return None
        talk = replace(talk, gone=incoming.kind is Kind.LEFT)
        desk = self._desk()
        if known is not None and goes_on(known.ticket, at, desk):
            ticket = replace(known.ticket, customer=talk.customer)
        else:
            number = await self._store.next_number()
            ticket = Ticket(number, talk.customer, desk.teams[0].id, at, language=talk.language)
        return Case(None, ticket, talk)

    async def _in_agents_room(self, row: InboxRow, incoming: Incoming, team: str, at: datetime) -> Case | None:
        agent = Person(incoming.sender, incoming.name)
        pointed = (incoming.target, incoming.edits, incoming.thread, incoming.reply_to)
        numbers = [await self._store.ticket_of(row.transport, ref) for ref in pointed if ref is not None]
        found = {number for number in numbers if number is not None}
        kept = await self._store.ticket(min(found)) if found else None
        if kept is not None and not self._one_room(self._desk().team(kept.ticket.team).id, team):
            log.warning("another_teams_ticket", inbox=row.id, team=team)
            kept = None  # a relation into another team's room is not one that a client makes
        if kept is None:
            word, _ = commands.split(incoming.text)
            if incoming.kind is not Kind.SAID or not word or not incoming.member or incoming.edits is not None:
                return None  # agents talking among themselves
            nobody = Ticket(0, agent, team, at)
            outside = AgentSpokeOutside(at, agent, incoming.id, team, wants_help=word == "!help")
            return Case(outside, nobody, None, stored=False)
        event = _agent_event(incoming, agent, at, kept, ambiguous=len(found) > 1)
        if event is None:
            return None
        if isinstance(event, AgentTaught) and incoming.reply_to is not None:
            event = replace(event, line=await self._store.line_shown(kept.ticket.number, incoming.reply_to))
        references = ((row.transport, incoming.id),) if incoming.kind is Kind.SAID else ()
        return Case(event, kept.ticket, kept.conversation, references=references)

    # --- case → step

    def _step(self, row: InboxRow, case: Case | None, fault: str | None) -> Step:
        now = self._now()
        if case is None or case.event is None:
            return Step(row, now, None, None, fault=fault)
        decision = decide(case.ticket, case.event, self._desk())
        ticket, talk = decision.ticket, case.conversation
        if talk is not None and ticket.language is not None:
            talk = replace(talk, language=ticket.language)
        records = [
            Entry(effect.role, effect.audience, effect.author, effect.text, row.at)
            for effect in decision.effects
            if isinstance(effect, Record)
        ]
        timers: dict[str, datetime | None] = {}
        for effect in decision.effects:
            if isinstance(effect, StartTimer):
                timers[effect.name] = effect.due
            elif isinstance(effect, StopTimer):
                timers[effect.name] = None
        return Step(
            row=row,
            at=now,
            conversation=talk,
            ticket=ticket if case.stored else None,
            records=records,
            drafts=self._drafts(row, replace(ticket, team=self._desk().team(ticket.team).id), decision.effects),
            timers=timers,
            references=case.references,
            notes=[effect for effect in decision.effects if isinstance(effect, Asked | Settled | Propose)],
            fault=fault,
        )

    def _drafts(self, row: InboxRow, ticket: Ticket, effects: Sequence[Effect]) -> list[Draft]:
        drafts: list[Draft] = []
        for part, effect in enumerate(effects):
            key = self._key(effect, row, part)
            match effect:
                case Say(audience=Audience.CUSTOMER):
                    line = Entry(effect.role, effect.audience, effect.author, content_text(effect.content), row.at)
                    words = (line, effect.content)
                    drafts.append(Draft(key, Audience.CUSTOMER, "say", entry=words, receipt=effect.receipt))
                case Say():
                    drafts.append(_inside(key, "say", ticket, content=effect.content))
                case PostCard():
                    drafts.append(_inside(key, "card", ticket, content=effect.content))
                case EditCard():
                    drafts.append(_inside(key, "edit_card", ticket, content=effect.content))
                case React():
                    drafts.append(_inside(key, "react", ticket, target=effect.to, symbol=effect.symbol))
                case SayInRoom():
                    aside = Draft(key, Audience.AGENTS, "say_in_room", content=effect.content, team=effect.team)
                    drafts.append(replace(aside, in_room=True, target=effect.to))
                case Record() | StartTimer() | StopTimer() | Asked() | Settled() | Propose():
                    pass
        return drafts

    def _key(self, effect: Effect, row: InboxRow, part: int) -> str:
        cause = (self._account, type(effect).__name__, row.transport, row.event, str(part))
        return hashlib.sha256("\x1f".join(cause).encode()).hexdigest()[:32]


def _where(error: Exception) -> str:
    """Return what was raised and through which of our lines it came."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return f"{type(error).__name__} at " + " > ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)


def _inside(
    key: str,
    verb: str,
    ticket: Ticket,
    *,
    content: Content | None = None,
    target: str | None = None,
    symbol: str | None = None,
) -> Draft:
    return Draft(key, Audience.AGENTS, verb, content=content, team=ticket.team, target=target, symbol=symbol)


def _customer_event(incoming: Incoming, at: datetime, case: Case) -> Event | None:
    match incoming.kind:
        case Kind.ARRIVED:
            first = case.conversation is not None and case.conversation.id == 0
            return CustomerArrived(at, first)
        case Kind.LEFT:
            return CustomerLeft(at)
        case Kind.SAID:
            return CustomerSaid(at, incoming.text, incoming.edits is not None, incoming.attachment)
        case Kind.REACTED:
            return None  # reactions are carried by a later version


def _agent_event(incoming: Incoming, agent: Person, at: datetime, kept: KeptTicket, *, ambiguous: bool) -> Event | None:
    """Return what the agent did; None for what means nothing here."""
    ref = incoming.id
    if incoming.kind is Kind.REACTED:
        claims = incoming.symbol.translate(_SKINS_AND_VARIANTS) in _CLAIMS and incoming.target == kept.card
        return AgentClaimed(at, agent, ref) if claims and incoming.member else None
    if incoming.kind is not Kind.SAID:
        return None
    if not incoming.member:
        return AgentBlocked(at, agent, ref, "hint_not_member")
    if ambiguous:
        return AgentBlocked(at, agent, ref, "hint_two_tickets")
    if incoming.edits is not None:
        return AgentMistyped(at, agent, ref, "", "hint_edit")
    if incoming.attachment is not None:
        return AgentSaid(at, agent, ref, "", incoming.mentions, incoming.attachment)
    return commands.read(at, agent, ref, incoming.text, incoming.mentions)
