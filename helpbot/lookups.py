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
    AgentSearched,
    AgentTaught,
    AgentTransferred,
    AgentWentAway,
)
from helpbot.core.model import Desk, Person
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
