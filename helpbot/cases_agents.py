"""What came from an agents' room → what it is to which ticket; it reads the database and changes nothing.

Rule: a relation counts only inside the room of the ticket's own team, and only once it is certain what the bot has in
that room, because an agent's client is not ours.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from helpbot.cases_base import SKINS_AND_VARIANTS, Case, NotYet, said
from helpbot.cases_moves import team_moved
from helpbot.core import commands
from helpbot.core.acts import (
    AgentAct,
    AgentAskedTickets,
    AgentBlocked,
    AgentClaimed,
    AgentConfirmed,
    AgentDeleted,
    AgentEdited,
    AgentMistyped,
    AgentNoted,
    AgentReacted,
    AgentReplied,
    AgentSaid,
    AgentSearched,
    AgentWentAway,
)
from helpbot.core.decide_parts import UNDECRYPTABLE
from helpbot.core.events import AgentElsewhere, AgentSpokeOutside, Event
from helpbot.core.model import Audience, Desk, Person, Ticket
from helpbot.lookups import Lookups
from helpbot.store.base import InboxRow, KeptTicket, Store
from helpbot.transports.base import Incoming, Kind

log = structlog.get_logger(__name__)

_CLAIMS = {"✋", "👍"}
_CONFIRMS = {"👍", "✅"}
_GONE = {Kind.LEFT, Kind.REMOVED}


@dataclass(frozen=True, slots=True)
class _Pointed:
    """The ticket that a message points to, and the team in whose thread of it."""

    kept: KeptTicket
    of: str
    ambiguous: bool  # it points to others as well


class AgentsRooms:
    """Finds the cases of agents' rooms; `one_room` and `certain` as for Cases."""

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

    async def of(self, row: InboxRow, incoming: Incoming, team: str) -> Case | None:
        """Return what happened in that team's room; None for agents talking among themselves. Raises NotYet."""
        if incoming.kind is Kind.MOVED:
            return await team_moved(row, team, self._store, self._one_room)
        agent = Person(incoming.sender, incoming.name)
        if incoming.kind in _GONE:
            return await self._agent_left(row, agent, team)
        pointed = await self._pointed(row, incoming, team)
        if pointed is None:
            return await self._outside(row, incoming, agent, team)
        kept = pointed.kept
        claimable = incoming.target is not None and (
            incoming.target == kept.cards.get(pointed.of)
            or await self._store.is_reminder(kept.ticket.number, incoming.target)
        )
        act = _agent_act(incoming, agent, row.at, kept, ambiguous=pointed.ambiguous, claimable=claimable)
        if act is None:
            return None
        act = await self._lookups.of(act, kept, incoming, team)
        if isinstance(act, AgentReacted) and not act.to:  # it is on nothing of hers
            return None
        internal, freed = await self._lookups.follow(row, act)
        return replace(self._case(row, incoming, act, pointed), internal=internal, freed=freed)

    async def failed(self, row: InboxRow, incoming: Incoming, team: str) -> Case | None:
        """Return the case of words that the bot cannot decide: who wrote them hears so. Raises NotYet.

        Nothing is looked up but where to say it, because anything else may be what fails.
        """
        act = AgentBlocked(row.at, Person(incoming.sender, incoming.name), said(incoming), "hint_failed")
        pointed = await self._pointed(row, incoming, team)
        if pointed is not None:
            return self._case(row, incoming, act, pointed)
        return Case(act, Ticket(0, act.agent, team, row.at), None, stored=False) if _is_command(incoming) else None

    async def _pointed(self, row: InboxRow, incoming: Incoming, team: str) -> _Pointed | None:
        found = await self._tickets(row, incoming, team)
        kept = await self._store.ticket(min(found)) if found else None
        if kept is None or not self._one_room(self._desk().team(found[kept.ticket.number]).id, team):
            if kept is not None:  # a relation into another team's room is not one that a client makes
                log.warning("another_teams_ticket", inbox=row.id, team=team)
            return None
        return _Pointed(kept, found[kept.ticket.number], ambiguous=len(found) > 1)

    def _case(self, row: InboxRow, incoming: Incoming, act: AgentAct, pointed: _Pointed) -> Case:
        """Return what was done in the thread of a ticket, which may be another team's."""
        kept, of = pointed.kept, pointed.of
        owner = kept.ticket.owner
        if owner is not None and owner.id == incoming.sender:  # names change
            kept = replace(kept, ticket=replace(kept.ticket, owner=Person(owner.id, incoming.name)))
        own = self._desk().team(of).id == self._desk().team(kept.ticket.team).id
        event: Event = act if own else AgentElsewhere(row.at, act, of)
        references = ((row.transport, said(incoming), of),) if incoming.kind is Kind.SAID else ()
        return Case(event, kept.ticket, kept.conversation, references=references)

    async def _tickets(self, row: InboxRow, incoming: Incoming, team: str) -> dict[int, str]:
        """Return the tickets that an agent's message points to, each with the team of that thread. Raises NotYet."""
        pointed = [ref for ref in (incoming.target, incoming.edits, incoming.thread, incoming.reply_to) if ref]
        for last in (False, True):
            found: dict[int, str] = {}
            for ref in pointed:
                known = await self._store.ticket_of(row.transport, ref)
                if known is not None:
                    found.setdefault(*known)
            if not found and incoming.kind is Kind.DELETED and incoming.target is not None:
                mark = await self._store.shown(incoming.target)
                theirs = mark is not None and mark.audience is Audience.CUSTOMER  # else it is hers
                return {mark.ticket: team} if mark is not None and theirs else {}
            if found or not pointed or last:
                return found
            if not await self._certain(team, row.id):
                raise NotYet
        return {}

    async def _outside(self, row: InboxRow, incoming: Incoming, agent: Person, team: str) -> Case | None:
        """Return the case of a command outside of any ticket; None for agents talking among themselves."""
        if not _is_command(incoming):
            return None
        at, nowhere = row.at, Ticket(0, agent, team, row.at)
        act = commands.read(at, agent, incoming.id, incoming.text, incoming.mentions)
        if isinstance(act, AgentAskedTickets | AgentSearched | AgentWentAway) and not incoming.exposed:
            asked = await self._lookups.of(replace(act, team=team), None, incoming, team)
            internal, freed = await self._lookups.follow(row, asked)
            return Case(asked, nowhere, None, stored=False, internal=internal, freed=freed)
        event = AgentSpokeOutside(at, agent, incoming.id, team, wants_help=commands.split(incoming.text)[0] == "!help")
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


def _is_command(incoming: Incoming) -> bool:
    """Tell whether words outside of any ticket are for the bot."""
    word, _ = commands.split(incoming.text)
    return incoming.kind is Kind.SAID and bool(word) and incoming.member and incoming.edits is None


def _agent_act(
    incoming: Incoming, agent: Person, at: datetime, kept: KeptTicket, *, ambiguous: bool, claimable: bool
) -> AgentAct | None:
    """Return what the agent did; None for what means nothing here. A mark claims on what is `claimable`."""
    ref = said(incoming)
    if incoming.kind is Kind.REACTED:
        if not incoming.member or incoming.exposed:
            return None
        symbol, held = incoming.symbol.translate(SKINS_AND_VARIANTS), kept.ticket.held_back
        if symbol in _CONFIRMS and any(incoming.target == one.ref for one in held):
            return AgentConfirmed(at, agent, ref, incoming.target)
        if symbol in _CLAIMS and claimable:
            return AgentClaimed(at, agent, ref)
        return AgentReacted(at, agent, ref, incoming.symbol, "")
    if incoming.kind is Kind.DELETED:
        return AgentDeleted(at, agent, ref, incoming.target or "") if incoming.member and not incoming.exposed else None
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
        return _edited(incoming, agent, at)
    if incoming.attachment is not None:
        return _with_file(incoming, agent, at)
    return commands.read(at, agent, ref, incoming.text, incoming.mentions)


def _with_file(incoming: Incoming, agent: Person, at: datetime) -> AgentAct:
    """Return what an agent did by sending a file; what is written under it may be `!r` or `!note`."""
    under = commands.read(at, agent, incoming.id, incoming.text, incoming.mentions)
    sent = AgentSaid(at, agent, incoming.id, incoming.text, incoming.mentions, incoming.attachment, file=incoming.file)
    match under:
        case AgentReplied() if incoming.file is not None:
            return replace(under, file=incoming.file)
        case AgentSaid():
            return sent
        case AgentNoted():
            return replace(sent, text=under.text, mentions=True)  # it stays inside
        case _:
            return AgentMistyped(at, agent, incoming.id, commands.split(incoming.text)[0] or "!", "hint_file_command")


def _edited(incoming: Incoming, agent: Person, at: datetime) -> AgentEdited:
    """Return a correction; whether the words that it corrects were sent, or are inside ones, is looked up."""
    act = commands.read(at, agent, incoming.id, incoming.text, incoming.mentions)
    match act:
        case AgentSaid():
            word, text = "", act.text
        case AgentReplied():
            word, text = "!r", act.text
        case AgentNoted():
            word, text = "!note", act.text
        case _:
            word, text = commands.split(incoming.text)[0] or "!", ""
    return AgentEdited(at, agent, incoming.id, incoming.edits or "", text, word, incoming.mentions)
