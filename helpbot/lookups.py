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
    AgentConfirmed,
    AgentEdited,
    AgentMerged,
    AgentReacted,
    AgentReplied,
    AgentSaid,
    AgentSearched,
    AgentTaught,
    AgentTransferred,
    AgentWentAway,
    Other,
)
from helpbot.core.decide_merge import about
from helpbot.core.model import Audience, Desk, Person, Ticket
from helpbot.store.base import InboxRow, KeptTicket, Store
from helpbot.transports.base import Incoming

_LONGEST_SEARCH = 100  # characters of what is searched for


class Lookups:
    """Fills acts in; `one_room` tells whether two teams sit in the same room."""

    def __init__(self, store: Store, desk: Callable[[], Desk], one_room: Callable[[str, str], bool]) -> None:
        self._store = store
        self._desk = desk
        self._one_room = one_room

    async def of(self, act: AgentAct, kept: KeptTicket | None, incoming: Incoming, team: str) -> AgentAct:  # noqa: PLR0912  # one branch an act
        """Return the act, done in that team's room, with what it asks for."""
        match act:
            case AgentTaught() if incoming.reply_to is not None and kept is not None:
                return replace(act, line=await self._store.line_shown(kept.ticket.number, incoming.reply_to))
            case AgentSaid() | AgentReplied() if incoming.reply_to is not None and kept is not None:
                return replace(act, answers=await self._hers(incoming.reply_to, kept.ticket))
            case AgentEdited() if kept is not None:
                return await self._edited(act, kept.ticket)
            case AgentMerged() if kept is not None:
                return replace(act, other=await self._other(act.number, kept, team))
            case AgentConfirmed() if kept is not None:
                numbers = [about(held) for held in kept.ticket.held_back if act.of in {None, held.ref}]
                found = [await self._other(number, kept, team) for number in numbers if number is not None]
                return replace(act, others=tuple(one for one in found if one is not None))
            case AgentReacted() if incoming.target is not None and kept is not None:
                origin = await self._store.origin(incoming.target, None)
                if origin is None or origin[1] != kept.ticket.number:
                    return replace(act, to="")
                return replace(act, to=origin[0], before=await self._store.marks_on(origin[0]))
            case AgentTransferred() if kept is not None:
                return replace(act, transcript=await self._store.transcript(kept.ticket.number))
            case AgentAssigned():
                members = tuple(Person(who, name) for who, name in incoming.mentioned)
                away = [person for person in members if await self._store.is_away(person.id)]
                return replace(act, members=members, away=tuple(away))
            case AgentAskedHistory() if kept is not None:
                return replace(act, tickets=await self._others_of(kept))
            case AgentAskedTickets():
                here = [one for one in await self._store.open_tickets() if self._here(team)(one.team)]
                return replace(act, tickets=tuple(here))
            case AgentSearched():
                text = act.text[:_LONGEST_SEARCH]
                return replace(act, text=text, lines=tuple(await self._store.find(text, self._here(team))))
            case _:
                return act

    async def _others_of(self, kept: KeptTicket) -> tuple[Ticket, ...]:
        """Return the other tickets of a customer, by whichever of her accounts, the newest first."""
        accounts = dict.fromkeys((talk.transport, talk.customer.id) for talk in kept.talks)
        found = {
            one.number: one
            for transport, customer in accounts
            for one in await self._store.tickets_of(transport, customer, kept.ticket.number)
        }
        return tuple(found[number] for number in sorted(found, reverse=True))

    async def _other(self, number: int, kept: KeptTicket, team: str) -> Other | None:
        """Return the ticket of that number, and how it stands to this one."""
        other = await self._store.ticket(number)
        if other is None:
            return None
        accounts = {(talk.transport, talk.customer.id) for talk in (*kept.talks, *other.talks)}
        last = await self._store.last_word(kept.ticket.numbers)
        return Other(
            other.ticket,
            here=self._here(team)(other.ticket.team),
            same_account=len(accounts) == 1,
            same_room=kept.spoken_in.id == other.spoken_in.id,
            later=last > await self._store.last_word(other.ticket.numbers),
            transcript=await self._store.transcript(kept.ticket.number),
        )

    async def _edited(self, act: AgentEdited, ticket: Ticket) -> AgentEdited:
        """Return a correction with whether its words were sent, and can be corrected there, or are inside ones."""
        shown, line = await self._store.shown(act.of), await self._store.line(act.of)
        sent = (
            shown is not None
            and not shown.has_file
            and shown.ticket in ticket.numbers
            and shown.audience is Audience.CUSTOMER
        )
        return replace(act, sent=sent, kept=line is not None and line[0] in ticket.numbers)

    async def _hers(self, ref: str, ticket: Ticket) -> str | None:
        """Return what stands in her room for a message of the ticket's thread: her own, or what was sent to her."""
        origin = await self._store.origin(ref, None)
        if origin is not None:
            return origin[0] if origin[1] in ticket.numbers else None
        shown = await self._store.shown(ref)
        sent = shown is not None and shown.ticket in ticket.numbers and shown.audience is Audience.CUSTOMER
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
