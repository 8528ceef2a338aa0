"""The shell round the core: inbox row → event → decide → one transaction.

Rule: if the bot breaks, a person gets it: what `decide` raises is caught here and nowhere else, the row is kept with
its fault, and the customer's words go to the agents, because a message must stop neither its ticket nor the cursor.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from helpbot.cases import Cases
from helpbot.cases_base import Case, NotYet
from helpbot.clock import Now
from helpbot.core.decide import decide
from helpbot.core.effects import (
    Amend,
    Asked,
    AwaitWords,
    Called,
    Content,
    Count,
    Decision,
    EditCard,
    Effect,
    Literal,
    MarkAway,
    Offered,
    PostCard,
    Propose,
    Quoted,
    React,
    Record,
    Say,
    SayInRoom,
    Settled,
    StartTimer,
    StopTimer,
    Withdraw,
)
from helpbot.core.events import CustomerCameBack, CustomerSaid, Event
from helpbot.core.model import Audience, Desk, Entry, Status, Ticket, Wait
from helpbot.core.phrases import colon
from helpbot.public_rooms import PublicRooms
from helpbot.store.base import Conversation, Draft, InboxRow, Step, Store, StoreBusy
from helpbot.store.codec import content_text
from helpbot.where import where

log = structlog.get_logger(__name__)

_TRIES = 5  # of deciding a row, in one run or at as many starts, before a person gets it
_PAUSE = 1.0  # seconds before what could not be done now is tried again


class DeskLoop:
    """Takes the inbox row by row; `desk` gives the desk as it is now, for the FAQ may change while it runs."""

    def __init__(self, store: Store, cases: Cases, desk: Callable[[], Desk], now: Now, account: str) -> None:
        self._store = store
        self._cases = cases
        self._desk = desk
        self._now = now
        self._account = account
        self._public = PublicRooms(store, desk, now, account)
        self._put_off: set[int] = set()  # rows that nothing could be done with
        self._waiting: set[int] = set()  # rows that cannot be decided yet: what came after them in their room waits too
        self._begins = True  # the next row is the first since the start
        self._first: int | None = None  # that row

    async def run(self) -> None:
        """Decide whatever comes in, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(_PAUSE if self._put_off or self._waiting else None):
                    await self._store.inbox_bell.wait()
            except TimeoutError:
                pass
            self._store.inbox_bell.clear()
            self._put_off.clear()
            self._waiting.clear()
            await self.drain()

    async def drain(self) -> None:
        """Decide all that is there."""
        while True:
            try:
                row = await self._store.next_inbox(self._put_off, self._waiting)
                if row is not None and self._begins:
                    await self._store.begin(row)  # it may be what ended the process before
                    self._begins, self._first = False, row.id
            except StoreBusy as busy:
                await self._wait_for_store(busy)
                continue
            if row is None:
                return
            await self.take(row)

    async def take(self, row: InboxRow) -> None:
        """Decide one row and keep the decision; a row that makes us raise goes to a person, then at worst aside."""
        fault: str | None = None
        attempts = [*[self._decided] * _TRIES, self._failed, self._put_aside]
        if row.tries >= _TRIES:
            fault, attempts = f"the process ended {row.tries} times over it", attempts[_TRIES:]
            log.error("decision_ends_the_process", inbox=row.id, times=row.tries)
        for attempt in attempts:
            while True:
                try:
                    return await self._store.keep(await attempt(row, fault))
                except NotYet:
                    self._waiting.add(row.id)
                    return await self._outlived(row) if row.id == self._first else None
                except StoreBusy as busy:
                    await self._wait_for_store(busy)
                except Exception as error:  # noqa: BLE001  # law 5: whatever it is, a person gets the message
                    fault = where(error)
                    log.error("decision_failed", inbox=row.id, attempt=attempt.__name__, fault=fault)
                    break
        self._put_off.add(row.id)  # not even that worked: others first
        self._begins = True
        await asyncio.sleep(_PAUSE)
        return None

    async def _outlived(self, row: InboxRow) -> None:
        while True:
            try:
                await self._store.outlived(row)
                self._begins, self._first = True, None  # so that what comes next may be what ends the process
                return
            except StoreBusy as busy:
                await self._wait_for_store(busy)

    async def _wait_for_store(self, busy: StoreBusy) -> None:
        log.error("database_busy", why=str(busy), hint="check the disk and who else uses the database")
        await asyncio.sleep(_PAUSE)

    async def _decided(self, row: InboxRow, fault: str | None) -> Step:
        public = await self._public.step(row)
        return public or await self._step(row, await self._cases.of(row), None)

    async def _failed(self, row: InboxRow, fault: str | None) -> Step:
        case = await self._cases.failed(row)
        return await self._put_aside(row, fault) if case is None else await self._step(row, case, fault)

    async def _put_aside(self, row: InboxRow, fault: str | None) -> Step:
        log.error("event_put_aside", inbox=row.id, fault=fault)
        return Step(row, self._now(), None, None, fault=fault)

    # --- case → step

    async def _decision(self, ticket: Ticket, event: Event, at: datetime) -> Decision:
        """Decide; what may tell somebody how long people wait, once more with how the queues stand."""
        desk = self._desk()
        decision = decide(ticket, event, desk)
        if decision.ticket.status is not Status.WAITING:
            return decision
        return decide(ticket, event, replace(desk, waits=_by_team(await self._store.queues(ticket, at), desk)))

    async def _step(self, row: InboxRow, case: Case | None, fault: str | None) -> Step:
        now = self._now()
        if case is None or case.event is None:
            if case is None:
                return Step(row, now, None, None, fault=fault)
            return Step(row, now, case.conversation, None, internal=case.internal, freed=case.freed, fault=fault)
        if fault is None:
            decision = await self._decision(case.ticket, case.event, row.at)
        else:  # the queues may be what failed, and the words can go to a person without them
            decision = decide(case.ticket, case.event, replace(self._desk(), waits=None))
        step = self._part(row, decision, case.conversation, _said_at(case.event, row), stored=case.stored)
        also = decision.also
        return replace(
            step,
            references=case.references,
            internal=case.internal,
            freed=case.freed,
            brought=case.brought,
            fault=fault,
            also=None if also is None else self._part(row, also, case.new, row.at, second=True),
        )

    def _part(
        self,
        row: InboxRow,
        decision: Decision,
        talk: Conversation | None,
        said_at: datetime,
        *,
        stored: bool = True,
        second: bool = False,
    ) -> Step:
        """Return what a decision changes of one ticket; `second` of the other, if it is about two."""
        ticket = decision.ticket
        if talk is not None:
            talk = replace(talk, language=ticket.language or talk.language)
            if ticket.zone_said:
                talk = replace(talk, zone=ticket.zone, zone_said=True)
        records = [
            Entry(
                effect.role,
                effect.audience,
                effect.author,
                effect.text,
                said_at,
                source=effect.source,
                file=effect.file,
            )
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
            at=self._now(),
            conversation=talk,
            ticket=ticket if stored else None,
            records=records,
            drafts=self._drafts(row, ticket, decision.effects, second=second),
            timers=timers,
            notes=[effect for effect in decision.effects if isinstance(effect, Asked | Settled | Propose | Count)],
            amends=[effect for effect in decision.effects if isinstance(effect, Amend)],
            withdrawn=[effect for effect in decision.effects if isinstance(effect, Withdraw)],
            silent_until=next((effect.due for effect in decision.effects if isinstance(effect, AwaitWords)), None),
            offers=[effect.declined for effect in decision.effects if isinstance(effect, Offered)],
            away=[(effect.agent, effect.is_away) for effect in decision.effects if isinstance(effect, MarkAway)],
        )

    def _drafts(self, row: InboxRow, ticket: Ticket, effects: Sequence[Effect], *, second: bool) -> list[Draft]:
        drafts: list[Draft] = []
        own, language = self._desk().team(ticket.team).id, self._desk().languages[0]

        def team(named: str | None) -> str:
            return own if named is None else self._desk().team(named).id

        for part, effect in enumerate(effects):
            key = self._key(effect, row, f"also {part}" if second else str(part))
            match effect:
                case Say(audience=Audience.CUSTOMER):
                    drafts.append(replace(to_customer(key, effect, row.at), room=effect.room or ticket.speaks_in))
                case Say():
                    inner = _inside(
                        key, "say", team(effect.team), content=said_by(effect.content, language), target=effect.answers
                    )
                    drafts.append(inner)
                case PostCard():
                    drafts.append(_inside(key, "card", team(effect.team), content=effect.content))
                case EditCard():
                    drafts.append(_inside(key, "edit_card", team(effect.team), content=effect.content))
                case React(audience=Audience.CUSTOMER):
                    mark = Draft(key, Audience.CUSTOMER, "react", target=effect.to, symbol=effect.symbol)
                    drafts.append(replace(mark, source=effect.source))
                case React():
                    mark = _inside(key, "react", team(effect.team), target=effect.to, symbol=effect.symbol)
                    drafts.append(replace(mark, source=effect.source))
                case SayInRoom():
                    aside = Draft(key, Audience.AGENTS, "say_in_room", content=effect.content, team=effect.team)
                    drafts.append(replace(aside, target=effect.to))
                case (
                    Amend()
                    | Withdraw()
                    | Record()
                    | StartTimer()
                    | StopTimer()
                    | MarkAway()
                    | Asked()
                    | Settled()
                    | Propose()
                    | Count()
                    | AwaitWords()
                    | Offered()
                ):
                    pass
        return drafts

    def _key(self, effect: Effect, row: InboxRow, part: str) -> str:
        cause = [self._account, type(effect).__name__, row.transport, row.event, part]
        if row.again:
            cause.append(f"again {row.again}")
        return hashlib.sha256("\x1f".join(cause).encode()).hexdigest()[:32]


def _said_at(event: Event, row: InboxRow) -> datetime:
    """Return when the words of an event were written, as far as that is known."""
    said = event.said if isinstance(event, CustomerCameBack) else event
    return (said.written if isinstance(said, CustomerSaid) else None) or row.at


def _by_team(queues: Mapping[str, Wait], desk: Desk) -> dict[str, Wait]:
    """Return the queues of the teams that there are; who waits for one that is gone waits for the first."""
    found: dict[str, Wait] = {}
    for name, wait in queues.items():
        team = desk.team(name).id
        before = found.get(team, Wait())
        typical = wait.typical if team == name else before.typical
        found[team] = Wait(before.ahead + wait.ahead, typical)
    return found


def to_customer(key: str, said: Say, at: datetime) -> Draft:
    """Return what is said to a customer as a draft, which calls nobody."""
    content = uncalled(said.content)
    line = Entry(said.role, said.audience, said.author, content_text(content), at, source=said.source)
    return Draft(
        key,
        Audience.CUSTOMER,
        "say",
        entry=(line, content),
        target=said.answers,
        receipt=said.receipt,
        offered=said.offered,
    )


def said_by(content: Content, language: str) -> Content:
    """Return words for agents with whoever said them named as their language does."""
    return tuple(replace(block, colon=colon(language)) if isinstance(block, Quoted) else block for block in content)


def uncalled(content: Content) -> Content:
    """Return words in which nobody is called: to a customer, who is a stranger to the agents, they are names."""
    return tuple(Literal(block.text) if isinstance(block, Called) else block for block in content)


def _inside(
    key: str,
    verb: str,
    team: str,
    *,
    content: Content | None = None,
    target: str | None = None,
    symbol: str | None = None,
) -> Draft:
    return Draft(key, Audience.AGENTS, verb, content=content, team=team, target=target, symbol=symbol)
