"""What an agent's act asks of the database: tickets, transcripts, lines, colleagues; it reads and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from helpbot.core.acts import (
    AgentAct,
    AgentAskedHistory,
    AgentAskedTickets,
    AgentAssigned,
    AgentEdited,
    AgentReacted,
    AgentReplied,
    AgentSaid,
    AgentSearched,
    AgentTaught,
    AgentTransferred,
    AgentWentAway,
)
from helpbot.core.model import Audience, Desk, Person
from helpbot.store.base import InboxRow, KeptTicket, Store
from helpbot.transports.base import Incoming

_LONGEST_SEARCH = 100  # characters of what is searched for


class Lookups:
    """Fills acts in; `one_room` tells whether two teams sit in the same room."""

    def __init__(self, store: Store, desk: Callable[[], Desk], one_room: Callable[[str, str], bool]) -> None:
        self._store = store
        self._desk = desk
        self._one_room = one_room

    async def of(self, act: AgentAct, kept: KeptTicket | None, incoming: Incoming, team: str) -> AgentAct:
        """Return the act, done in that team's room, with what it asks for."""
        match act:
            case AgentTaught() if incoming.reply_to is not None and kept is not None:
                return replace(act, line=await self._store.line_shown(kept.ticket.number, incoming.reply_to))
            case AgentSaid() | AgentReplied() if incoming.reply_to is not None and kept is not None:
                return replace(act, answers=await self._hers(incoming.reply_to, kept.ticket.number))
            case AgentEdited() if kept is not None:
                return await self._edited(act, kept.ticket.number)
            case AgentReacted() if incoming.target is not None and kept is not None:
                origin = await self._store.origin(incoming.target, None)
                return replace(act, to=origin[0] if origin is not None and origin[1] == kept.ticket.number else "")
            case AgentTransferred() if kept is not None:
                return replace(act, transcript=await self._store.transcript(kept.ticket.number))
            case AgentAssigned():
                members = tuple(Person(who, name) for who, name in incoming.mentioned)
                away = [person for person in members if await self._store.is_away(person.id)]
                return replace(act, members=members, away=tuple(away))
            case AgentAskedHistory() if kept is not None:
                talk, number = kept.conversation, kept.ticket.number
                others = await self._store.tickets_of(talk.transport, talk.customer.id, number)
                return replace(act, tickets=tuple(others))
            case AgentAskedTickets():
                here = [one for one in await self._store.open_tickets() if self._here(team)(one.team)]
                return replace(act, tickets=tuple(here))
            case AgentSearched():
                text = act.text[:_LONGEST_SEARCH]
                return replace(act, text=text, lines=tuple(await self._store.find(text, self._here(team))))
            case _:
                return act

    async def _edited(self, act: AgentEdited, ticket: int) -> AgentEdited:
        """Return a correction with whether its words were sent, and can be corrected there, or are inside ones."""
        shown, line = await self._store.shown(act.of), await self._store.line(act.of)
        sent = (
            shown is not None and not shown.has_file and (shown.ticket, shown.audience) == (ticket, Audience.CUSTOMER)
        )
        return replace(act, sent=sent, kept=line is not None and line[0] == ticket)

    async def _hers(self, ref: str, ticket: int) -> str | None:
        """Return what stands in her room for a message of the ticket's thread: her own, or what was sent to her."""
        origin = await self._store.origin(ref, None)
        if origin is not None:
            return origin[0] if origin[1] == ticket else None
        shown = await self._store.shown(ref)
        sent = shown is not None and (shown.ticket, shown.audience) == (ticket, Audience.CUSTOMER)
        return shown.ref or None if shown is not None and sent else None

    def _here(self, team: str) -> Callable[[str], bool]:
        """Return what tells whether a ticket of that team belongs in the room of this one."""
        desk = self._desk()
        return lambda one: self._one_room(desk.team(one).id, team)

    async def follow(self, row: InboxRow, act: AgentAct) -> tuple[tuple[tuple[str, str], ...], tuple[int, ...]]:
        """Return what follows for the tickets of who goes away: events (id, payload), and closed ones freed."""
        if not isinstance(act, AgentWentAway) or act.back:
            return (), ()
        internal, freed = [], []
        for number, _, is_open in await self._store.owned_by(act.agent.id):
            payload = {"kind": "owner_away", "ticket": number, "agent": act.agent.id, "name": act.agent.name}
            if is_open:
                internal.append((f"owner_away:{row.event}:{number}", json.dumps(payload, ensure_ascii=False)))
            else:
                freed.append(number)
        return tuple(internal), tuple(freed)
