"""What a ticket becomes when an agent does something in its thread.

Rule: only the owner's plain words and the text of `!r` and `!close` become words to the customer, because everything
else may be an inside word; in doubt a text stays inside.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from helpbot.core import decide_customer, words
from helpbot.core.decide_parts import spoken
from helpbot.core.effects import (
    Block,
    Decision,
    EditCard,
    Effect,
    Literal,
    Propose,
    React,
    Record,
    Say,
    StopTimer,
    Strong,
)
from helpbot.core.events import (
    AgentAskedHelp,
    AgentBlocked,
    AgentClaimed,
    AgentClosed,
    AgentEvent,
    AgentLeft,
    AgentMistyped,
    AgentNoted,
    AgentReleased,
    AgentReopened,
    AgentReplied,
    AgentSaid,
    AgentTaught,
)
from helpbot.core.model import Audience, Desk, Person, Role, Status, Ticket
from helpbot.core.phrases import days, say
from helpbot.core.transcript import card, pieces, shorten

_SHOWN_ENTRY = 40  # characters of what was typed as an entry's id


def acted(ticket: Ticket, event: AgentEvent, desk: Desk) -> Decision:
    """Return what the agent's act does."""
    match event:
        case AgentSaid():
            return _said(ticket, event, desk)
        case AgentReplied():
            return _replied(ticket, event, desk)
        case AgentNoted():
            return Decision(ticket, _kept_inside(event.agent, event.ref, event.text))
        case AgentClaimed():
            return _claimed(ticket, event, desk)
        case AgentReleased():
            return _released(ticket, desk)
        case AgentClosed():
            return _closed(ticket, event, desk)
        case AgentReopened():
            return _reopened(ticket, desk)
        case AgentAskedHelp():
            return Decision(ticket, (Say(Audience.AGENTS, (Literal(help_text(desk)),)),))
        case AgentTaught():
            return _taught(ticket, event, desk)
        case AgentMistyped():
            return _hinted(ticket, desk, event.hint, word=event.word)
        case AgentBlocked():
            hinted = _hinted(ticket, desk, event.hint, name=event.agent.name)
            return Decision(ticket, (React(event.ref, "❌"), *hinted.effects))
        case _:
            assert_never(event)


def left(ticket: Ticket, event: AgentLeft, desk: Desk) -> Decision:
    """Free the ticket of an agent who is no longer there, and say so to the others."""
    if ticket.owner is None or ticket.owner.id != event.agent.id:
        return Decision(ticket)
    if ticket.status is Status.CLOSED:  # if it is opened again, somebody else has to take it
        return Decision(replace(ticket, owner=None))
    ticket = replace(ticket, status=Status.WAITING, owner=None)
    text = say("agent_left", desk.languages[0], name=event.agent.name, number=ticket.number)
    return Decision(ticket, (Say(Audience.AGENTS, (Literal(text),)), EditCard(card(ticket, desk))))


def help_text(desk: Desk) -> str:
    """Return the list of commands in the agents' language."""
    language = desk.languages[0]
    return f"{say(f'help_{desk.plain_text}', language)}\n{say('help', language)}"


def _said(ticket: Ticket, event: AgentSaid, desk: Desk) -> Decision:
    owns = ticket.owner is not None and ticket.owner.id == event.agent.id
    if event.attachment is not None:
        kept = f"📎 {event.attachment}" + (f"\n{event.text}" if event.text else "")
        if owns and not event.mentions and desk.plain_text == "owner":
            refused = (Record(Role.AGENT, Audience.AGENTS, event.agent.name, kept), React(event.ref, "❌"))
            return Decision(ticket, (*refused, *_hinted(ticket, desk, "hint_file").effects))
        return Decision(ticket, _kept_inside(event.agent, event.ref, kept))
    if not event.text or event.mentions or not owns or desk.plain_text != "owner":
        return Decision(ticket, _kept_inside(event.agent, event.ref, event.text))
    if ticket.status is not Status.HELD:
        inside = _kept_inside(event.agent, event.ref, event.text)
        return Decision(ticket, (*inside, *_hinted(ticket, desk, "hint_closed").effects))
    return Decision(ticket, _to_customer(ticket, event.agent, event.ref, event.text))


def _replied(ticket: Ticket, event: AgentReplied, desk: Desk) -> Decision:
    if ticket.status is Status.CLOSED:
        return Decision(ticket, (React(event.ref, "❌"), *_hinted(ticket, desk, "hint_closed").effects))
    before: tuple[Effect, ...] = ()
    if ticket.owner is None:
        ticket, before = _owned(ticket, event.agent, desk)
    return Decision(ticket, (*before, *_to_customer(ticket, event.agent, event.ref, event.text)))


def _claimed(ticket: Ticket, event: AgentClaimed, desk: Desk) -> Decision:
    if ticket.status is Status.CLOSED:
        return _hinted(ticket, desk, "hint_closed")
    if ticket.owner is not None:
        if ticket.owner.id == event.agent.id:
            return Decision(ticket)
        return _hinted(ticket, desk, "hint_owned", name=ticket.owner.name)
    return Decision(*_owned(ticket, event.agent, desk))


def _owned(ticket: Ticket, agent: Person, desk: Desk) -> tuple[Ticket, tuple[Effect, ...]]:
    ticket = replace(ticket, status=Status.HELD, owner=agent)
    text = say("claimed", spoken(ticket, desk), name=agent.name, number=ticket.number)
    return ticket, (Say(Audience.CUSTOMER, (Literal(text),)), EditCard(card(ticket, desk)))


def _released(ticket: Ticket, desk: Desk) -> Decision:
    if ticket.status is Status.CLOSED:
        return _hinted(ticket, desk, "hint_closed")
    if ticket.owner is None:
        return _hinted(ticket, desk, "hint_not_owned")
    ticket = replace(ticket, status=Status.WAITING, owner=None)
    return Decision(ticket, (EditCard(card(ticket, desk)),))


def _closed(ticket: Ticket, event: AgentClosed, desk: Desk) -> Decision:
    if ticket.status is Status.CLOSED:
        return _hinted(ticket, desk, "hint_closed")
    language = spoken(ticket, desk)
    if event.text:
        last = _to_customer(ticket, event.agent, event.ref, event.text)
    else:
        within = days(desk.reopen_for.days, language)
        text = say("closed", language, number=ticket.number, days=within)
        last = (Say(Audience.CUSTOMER, (Literal(text),), receipt=event.ref),)
    ticket = replace(ticket, status=Status.CLOSED, closed_at=event.at)
    return Decision(ticket, (*last, EditCard(card(ticket, desk)), StopTimer("idle")))


def _reopened(ticket: Ticket, desk: Desk) -> Decision:
    if ticket.status is not Status.CLOSED:
        return _hinted(ticket, desk, "hint_open")
    if ticket.newer is not None:
        return _hinted(ticket, desk, "hint_newer", newer=ticket.newer)
    return Decision(*decide_customer.reopened(ticket, desk))


def _taught(ticket: Ticket, event: AgentTaught, desk: Desk) -> Decision:
    """Propose her question to the admins; it changes nothing that the bot says before one of them takes it over."""
    language = desk.languages[0]
    question = ticket.question if event.line is None else shorten(event.line)
    if not question or words.person_wanted(desk.library.fold(question)) is not None:
        return _hinted(ticket, desk, "hint_nothing_asked")
    if event.entry is not None and desk.library.title(event.entry, language) is None:
        return _hinted(ticket, desk, "hint_no_entry", word=event.entry[:_SHOWN_ENTRY])
    name = "proposed_new" if event.entry is None else "proposed"
    text = say(name, language, question=question, entry=event.entry)
    told = Say(Audience.AGENTS, (Literal(text),))
    return Decision(ticket, (React(event.ref, "📝"), told, Propose(event.entry, event.agent.name, event.line)))


def _to_customer(ticket: Ticket, agent: Person, ref: str, text: str) -> tuple[Effect, ...]:
    """Return the agent's words on their way; somebody who is not the owner she knows of is named."""
    named = ticket.owner is None or ticket.owner.id != agent.id
    effects: list[Effect] = []
    for number, piece in enumerate(pieces(text)):
        name: tuple[Block, ...] = (Strong(agent.name),) if named and number == 0 else ()
        content = (*name, Literal(piece))
        effects.append(Say(Audience.CUSTOMER, content, role=Role.AGENT, author=agent.name, receipt=ref))
    return tuple(effects)


def _kept_inside(agent: Person, ref: str, text: str) -> tuple[Effect, ...]:
    return (Record(Role.AGENT, Audience.AGENTS, agent.name, text), React(ref, "📝"))


def _hinted(ticket: Ticket, desk: Desk, hint: str, /, **values: object) -> Decision:
    text = say(hint, desk.languages[0], number=ticket.number, **values)
    return Decision(ticket, (Say(Audience.AGENTS, (Literal(text),)),))
