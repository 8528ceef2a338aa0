"""Promises with a date: made, kept, broken; and tickets put aside until a date.

A promise is kept by `!kept` or by closing the ticket, and one that only promised word by any human word to her; it is
broken when its date passes before.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from helpbot.core.acts import AgentKeptPromise, AgentPromised, AgentSnoozed
from helpbot.core.dates import Misread, When, read_when
from helpbot.core.decide_handover import owned
from helpbot.core.decide_parts import (
    called,
    hinted,
    inside,
    refused,
    spoken,
    tell,
    waiting_for_a_word,
    zone_of,
    zone_of_agent,
)
from helpbot.core.decide_words import goes_out, spoke
from helpbot.core.effects import Block, Count, Decision, EditCard, Effect, Literal, React, Say
from helpbot.core.model import Audience, Desk, Figure, Person, Promise, Status, Ticket
from helpbot.core.phrases import say
from helpbot.core.status import her_zone, promise_told
from helpbot.core.told import told
from helpbot.core.transcript import card

_LONGEST_WHAT = 500
_OFF = {"off", "non", "no", "stop"}


def promised(ticket: Ticket, event: AgentPromised, desk: Desk) -> Decision:
    """Promise her something by a date: she reads it in her language, and the desk keeps count."""
    if ticket.status is Status.CLOSED:
        return refused(ticket, event.ref, desk, "hint_closed")
    read = read_when(event.text, event.at, zone_of_agent(event.agent, ticket, desk))
    if isinstance(read, Misread):
        return refused(ticket, event.ref, desk, read.hint, what=read.what)
    if len(read.rest) > _LONGEST_WHAT:
        return refused(ticket, event.ref, desk, "hint_promise_long", most=_LONGEST_WHAT)
    before: tuple[Effect, ...] = ()
    if ticket.owner is None:
        ticket, before = owned(ticket, event.agent, event.at, desk)
    moved = (Count(Figure.MOVED),) if ticket.promise is not None else ()
    ticket, noted = spoke(replace(ticket, promise=None), event.at, desk)
    noted = tuple(effect for effect in noted if not isinstance(effect, EditCard))  # it is shown once, with the promise
    promise = Promise(read.at, read.rest, event.agent, event.at)
    ticket = replace(ticket, promise=promise)
    text = Literal(promise_told(promise, ticket, event.at, desk))
    out = Say(Audience.CUSTOMER, (text,), receipt=event.ref)
    return Decision(ticket, (*before, out, *noted, *moved, Count(Figure.PROMISED), EditCard(card(ticket, desk))))


def kept(ticket: Ticket, event: AgentKeptPromise, desk: Desk) -> Decision:
    """Count the promise as kept; the text, if there is one, goes to her."""
    if ticket.status is Status.CLOSED:
        return refused(ticket, event.ref, desk, "hint_closed")
    if ticket.promise is None:
        return refused(ticket, event.ref, desk, "hint_no_promise")
    ticket = replace(ticket, promise=None)
    out = goes_out(ticket, event, desk, sure=True) if event.text else None
    ticket, said = (
        (_silent_from(ticket, event.at), (React(event.ref, "📝"),)) if out is None else (out.ticket, out.effects)
    )
    return Decision(ticket, (*said, Count(Figure.KEPT), inside("promise_kept", desk), EditCard(card(ticket, desk))))


def snoozed(ticket: Ticket, event: AgentSnoozed, desk: Desk) -> Decision:
    """Put the ticket aside: nobody is reminded until then, or until she writes."""
    if ticket.status is Status.CLOSED:
        return hinted(ticket, desk, "hint_closed")
    if event.text.casefold() in _OFF:
        return woken(ticket, event.at, desk) if ticket.snoozed_until is not None else hinted(ticket, desk, "hint_awake")
    if ticket.owner is None:
        return hinted(ticket, desk, "hint_snooze_unowned")
    zone = zone_of_agent(event.agent, ticket, desk)
    read = read_when(event.text, event.at, zone)
    if isinstance(read, When) and read.rest:
        read = Misread("hint_date_unread", event.text[:40])
    if isinstance(read, Misread):
        return hinted(ticket, desk, read.hint, what=read.what)
    ticket = replace(ticket, snoozed_until=read.at)
    until = told(read.at, event.at, zone, desk.languages[0])
    return Decision(ticket, (inside("snoozed", desk, when=until), EditCard(card(ticket, desk))))


def woken(ticket: Ticket, at: datetime, desk: Desk) -> Decision:
    """Bring a ticket back that was put aside."""
    ticket = _silent_from(replace(ticket, snoozed_until=None), at)
    if ticket.waits_since is not None:
        ticket = waiting_for_a_word(ticket, at, anew=True)
    text = Literal(say("woken", desk.languages[0], number=ticket.number))
    return Decision(ticket, (Say(Audience.AGENTS, (*_owner(ticket), text)), EditCard(card(ticket, desk))))


def _silent_from(ticket: Ticket, at: datetime) -> Ticket:
    """Return the ticket as one whose customer's silence counts from now: before, nobody expected a word of her."""
    return ticket if ticket.answered_at is None else replace(ticket, answered_at=at, warned_at=None)


# --- time passes


def remind_at(promise: Promise, before: timedelta) -> datetime:
    """Return when the owner is reminded: so long before it is due, or half-way when it was made shortly before."""
    return max(promise.due - before, promise.made_at + (promise.due - promise.made_at) / 2)


def promise_came_due(ticket: Ticket, at: datetime, desk: Desk) -> Decision:
    """Remind the owner of a promise, or own up to a broken one."""
    promise = ticket.promise
    assert promise is not None, "its timer ran"  # noqa: S101
    due = told(promise.due, at, zone_of(ticket, desk), desk.languages[0])
    if at < promise.due:
        name = "promise_soon" if promise.what else "promise_soon_word"
        text = Literal(say(name, desk.languages[0], when=due, what=_what(promise)))
        ticket = replace(ticket, promise=replace(promise, reminded=True))
        people = _owner(ticket) or called(desk.team(ticket.team).leads)
        return Decision(ticket, (Say(Audience.AGENTS, (*people, text)),))
    ticket = waiting_for_a_word(replace(ticket, promise=None, snoozed_until=None), at)
    leads = desk.team(ticket.team).leads
    language = spoken(ticket, desk)
    hers = told(promise.due, at, her_zone(ticket, desk), language)
    name = "promise_broken" if promise.what else "promise_broken_word"
    sorry = say(name, language, name=promise.by.name, what=promise.what, when=hers)
    alarm = Literal(say("promise_alarm", desk.languages[0], when=due, what=_what(promise), name=promise.by.name))
    people = called((*(() if ticket.owner is None else (ticket.owner,)), *leads))
    return Decision(
        ticket,
        (
            Count(Figure.BROKEN),
            tell(sorry),
            Say(Audience.AGENTS, (*people, alarm)),
            EditCard(card(ticket, desk)),
        ),
    )


def _what(promise: Promise) -> str:
    return f" ({promise.what})" if promise.what else ""


def _owner(ticket: Ticket) -> tuple[Block, ...]:
    people: tuple[Person, ...] = () if ticket.owner is None else (ticket.owner,)
    return called(people)
