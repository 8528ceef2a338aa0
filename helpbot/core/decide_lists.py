"""What agents look up: their tickets, a text, what a customer had before; and that they go away and come back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from helpbot.core.acts import AgentAskedHistory, AgentAskedTickets, AgentSearched, AgentWentAway
from helpbot.core.decide_parts import zone_of_agent
from helpbot.core.effects import Decision, Effect, Literal, MarkAway, Say, SayInRoom
from helpbot.core.model import Audience, Desk, Person, Status, Ticket
from helpbot.core.phrases import colon, say
from helpbot.core.told import lasting, told
from helpbot.core.transcript import shorten

_LINES = 20  # of each list
_FOUND = 10  # tickets of a search
_LONGEST = 90  # characters of a question in a list


def tickets(ticket: Ticket, event: AgentAskedTickets, desk: Desk) -> Decision:
    """List the agent's tickets, those that wait, and those with a promise; the oldest first."""
    mine = [one for one in event.tickets if one.owner is not None and one.owner.id == event.agent.id]
    waiting = [one for one in event.tickets if one.status is Status.WAITING]
    promised = sorted((one for one in event.tickets if one.open_promises), key=_due)
    language = desk.languages[0]
    parts = [
        _list(say(name, language), found, event.agent, event.at, desk)
        for name, found in (("list_mine", mine), ("list_waiting", waiting), ("list_promised", promised))
        if found
    ]
    text = "\n\n".join(parts) or say("list_nothing", language)
    return Decision(ticket, (_answer(text, event.ref, event.team),))


def history(ticket: Ticket, event: AgentAskedHistory, desk: Desk) -> Decision:
    """List the customer's other tickets, the newest first."""
    language = desk.languages[0]
    if not event.tickets:
        return Decision(ticket, (_answer(say("history_none", language), event.ref, None),))
    head = say("history", language, name=ticket.customer.name)
    return Decision(ticket, (_answer(_list(head, event.tickets, event.agent, event.at, desk), event.ref, None),))


def searched(ticket: Ticket, event: AgentSearched, desk: Desk) -> Decision:
    """List the tickets in which a text stands, with the first line given of each."""
    language = desk.languages[0]
    newest: dict[int, str] = {}
    for number, author, words in event.lines:
        name = shorten(author, 40) or say("bot", language)
        line = f"#{number} · {name}{colon(language)} {shorten(_around(words, event.text), _LONGEST)}"
        newest.setdefault(number, line)
    if not newest:
        text = say("find_nothing", language, text=shorten(event.text, _LONGEST))
    else:
        text = "\n".join((say("find", language, text=shorten(event.text, _LONGEST)), *list(newest.values())[:_FOUND]))
    return Decision(ticket, (_answer(text, event.ref, event.team),))


def went_away(ticket: Ticket, event: AgentWentAway, desk: Desk) -> Decision:
    """Keep that an agent is away, or back; their tickets are offered again each by an event of its own."""
    name = "back" if event.back else "away"
    text = say(name, desk.languages[0], name=event.agent.name)
    return Decision(ticket, (MarkAway(event.agent, not event.back), _answer(text, event.ref, event.team)))


def _answer(text: str, ref: str, team: str | None) -> Effect:
    """Return the answer where it was asked: in the ticket's thread, or in that team's room."""
    content = (Literal(text),)
    return Say(Audience.AGENTS, content) if team is None else SayInRoom(team, ref, content)


def _list(head: str, found: Sequence[Ticket], agent: Person, at: datetime, desk: Desk) -> str:
    lines = [_line(one, agent, at, desk) for one in found[:_LINES]]
    more = [say("list_more", desk.languages[0], count=len(found) - _LINES)] if len(found) > _LINES else []
    return "\n".join((head, *lines, *more))


def _line(ticket: Ticket, agent: Person, at: datetime, desk: Desk) -> str:
    language, zone = desk.languages[0], zone_of_agent(agent, ticket, desk)
    state = say(_STATES.get(ticket.status, "state_bot"), language)
    if ticket.merged_into is not None:
        state = say("state_merged", language, into=ticket.merged_into)
    parts = [f"#{ticket.number}", ticket.customer.name, state]
    if ticket.owner is not None:
        parts.append(ticket.owner.name)
    if ticket.waits_since is not None:
        parts.append(say("list_waits", language, wait=lasting(at - ticket.waits_since, language)))
    for promise in ticket.open_promises:
        parts.append("🤝 " + told(promise.due, at, zone, language))
    if ticket.snoozed_until is not None:
        parts.append("💤 " + told(ticket.snoozed_until, at, zone, language))
    if ticket.closed_at is not None:
        parts.append(told(ticket.closed_at, at, zone, language))
    return " · ".join((*parts, shorten(ticket.question, _LONGEST))).removesuffix(" · ")


_STATES = {Status.WAITING: "state_waiting", Status.HELD: "state_held", Status.CLOSED: "state_closed"}


def _due(ticket: Ticket) -> datetime:
    return ticket.open_promises[0].due


def _around(words: str, text: str) -> str:
    """Return the words from shortly before the text on."""
    at = words.casefold().find(text.casefold())
    return words if at < 30 else "…" + words[at - 20 :]
