"""Promises with a date: made, moved, kept, broken; and tickets put aside until a date.

A promise is kept by `!kept` or by closing the ticket, and one that only promised word by any human word to her; it is
broken when its date passes before. Rule: promises with different words are different promises, because one that takes
another's place is one that nobody keeps.
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
    tell,
    waiting_for_a_word,
    zone_of,
    zone_of_agent,
)
from helpbot.core.decide_words import goes_out, held_back, spoke, without
from helpbot.core.effects import Block, Count, Decision, EditCard, Effect, Literal, React, Say
from helpbot.core.hours import opens_at
from helpbot.core.model import Audience, Desk, Figure, Person, Promise, Status, Ticket, Way
from helpbot.core.phrases import say
from helpbot.core.status import alarm_at, broken_told, promise_told
from helpbot.core.told import full_date, told
from helpbot.core.transcript import card

_LONGEST_WHAT = 500
_MOST = 5  # open promises of a ticket
_OFF = {"off", "non", "no", "stop"}
_ALL = {"all", "tout", "toutes", "tous"}
_SIGNS = ".:,;)!#"
_LONGEST_SNOOZE = timedelta(days=7)  # while she waits for a word


def promised(ticket: Ticket, event: AgentPromised, desk: Desk) -> Decision:
    """Promise her something by a date, or move what was promised in the same words; she reads it in her language."""
    if ticket.status is Status.CLOSED:
        return refused(ticket, event.ref, desk, "hint_closed")
    read = read_when(event.text, event.at, zone_of_agent(event.agent, ticket, desk))
    if isinstance(read, Misread):
        return refused(ticket, event.ref, desk, read.hint, what=read.what)
    if len(read.rest) > _LONGEST_WHAT:
        return refused(ticket, event.ref, desk, "hint_promise_long", most=_LONGEST_WHAT)
    same = _meant_anew(ticket, read.rest, desk)
    others = tuple(one for one in ticket.promises if one is not same and not one.alarmed)  # a new date was asked for
    if sum(not one.broken for one in others) >= _MOST:
        return refused(ticket, event.ref, desk, "hint_promises_many", most=_MOST)
    before: tuple[Effect, ...] = ()
    if ticket.owner is None:
        ticket, before = owned(ticket, event.agent, event.at, desk)
    ticket, noted = spoke(replace(ticket, promises=others), event.at, desk)
    noted = tuple(effect for effect in noted if not isinstance(effect, EditCard))  # it is shown once, with the promise
    number = max((one.number for one in ticket.promises), default=0) + 1 if same is None else same.number
    what = read.rest or (same.what if same is not None else "")
    promise = Promise(read.at, what, event.agent, event.at, number=number, ref=event.ref)
    ticket = replace(ticket, promises=_in_order((*ticket.promises, promise)))
    moved = same is not None and not same.broken
    text = Literal(promise_told(promise, ticket, event.at, desk, instead_of=same if moved else None))
    out = Say(Audience.CUSTOMER, (text,), receipt=event.ref)
    counted = (*((Count(Figure.MOVED),) if moved else ()), Count(Figure.PROMISED))
    remarks = _remarks(ticket, promise, desk)
    return Decision(ticket, (*before, out, *noted, *counted, *remarks, EditCard(card(ticket, desk))))


def _meant_anew(ticket: Ticket, what: str, desk: Desk) -> Promise | None:
    """Return the promise that is given another date: the one in the same words, or without any the one broken."""
    same = next((one for one in ticket.promises if _same(one.what, what, desk)), None)
    broken = [one for one in ticket.promises if one.broken]
    return broken[0] if same is None and not what and len(broken) == 1 else same


def _same(one: str, other: str, desk: Desk) -> bool:
    return one == other or (bool(one and other) and desk.library.fold(one) == desk.library.fold(other))


def _in_order(promises: tuple[Promise, ...]) -> tuple[Promise, ...]:
    return tuple(sorted(promises, key=lambda promise: promise.due))


def _remarks(ticket: Ticket, promise: Promise, desk: Desk) -> tuple[Effect, ...]:
    """Tell the agent what they may not know: nobody is there at that time, other promises are open."""
    effects: list[Effect] = []
    hours = desk.team(ticket.team).hours
    if alarm_at(hours, promise.due) > promise.due:
        back = opens_at(hours, promise.due)
        name = "promise_outside" if back is None else "promise_outside_until"
        shown = "" if back is None else full_date(back, hours.zone, desk.languages[0])
        effects.append(inside(name, desk, when=shown))
    if len(ticket.promises) > 1:
        first = ticket.promises[0].number
        effects.append(inside("promises_open", desk, first=first, promises=_numbered(ticket, desk)))
    return tuple(effects)


def _numbered(ticket: Ticket, desk: Desk) -> str:
    zone, language = zone_of(ticket, desk), desk.languages[0]
    word = say("promise_of_word", language)
    lines = [f"{one.number}. {full_date(one.due, zone, language)} – {one.what or word}" for one in ticket.promises]
    return "\n".join(lines)


def kept(ticket: Ticket, event: AgentKeptPromise, desk: Desk, *, sure: bool = False) -> Decision:
    """Count a promise as kept; the text, if there is one, goes to her. `sure` when it was confirmed."""
    if ticket.status is Status.CLOSED:
        return refused(ticket, event.ref, desk, "hint_closed")
    if not ticket.promises:
        return refused(ticket, event.ref, desk, "hint_no_promise")
    chosen, text = _chosen(ticket, event.text)
    if not chosen:
        listed = _numbered(ticket, desk)
        return refused(ticket, event.ref, desk, "hint_which_promise", promises=listed)
    held = held_back(ticket, event, desk, Way.KEPT) if text and not sure else None
    if held is not None:
        return held
    ticket = without(ticket, event, Way.KEPT)
    before: tuple[Effect, ...] = ()
    if text and ticket.owner is None:  # whoever sends the first words owns the ticket
        ticket, before = owned(ticket, event.agent, event.at, desk)
    counted = tuple(Count(Figure.KEPT) for one in chosen if not one.broken)
    ticket = replace(ticket, promises=tuple(one for one in ticket.promises if one not in chosen))
    if text:
        out = goes_out(ticket, replace(event, text=text), desk, sure=True)
        ticket, said = out.ticket, out.effects
    else:
        ticket, said = _silent_from(ticket, event.at), (React(event.ref, "📝"),)
    done = inside("promise_kept" if counted else "promise_done_late", desk)
    return Decision(ticket, (*before, *said, *counted, done, EditCard(card(ticket, desk))))


def _chosen(ticket: Ticket, text: str) -> tuple[tuple[Promise, ...], str]:
    """Return which promises are meant and what is to be told her; none when that is not certain.

    A number before all else is always that of a promise, and one that none has means none.
    """
    first, *rest = text.split(maxsplit=1) or [""]
    named = first.rstrip(_SIGNS).casefold()
    words = rest[0] if rest else ""
    if named.isascii() and named.isdigit():
        return tuple(one for one in ticket.promises if str(one.number) == named), words
    if named in _ALL and (not words or first.endswith(":")):
        return ticket.promises, words
    return (ticket.promises, text) if len(ticket.promises) == 1 else ((), "")


def unsaid(ticket: Ticket, ref: str | None, desk: Desk) -> tuple[Ticket, tuple[Effect, ...]]:
    """Return the ticket without a promise that did not reach her: nobody holds us to it."""
    left = tuple(one for one in ticket.promises if not ref or one.ref != ref)
    if len(left) == len(ticket.promises):
        return ticket, ()
    ticket = replace(ticket, promises=left)
    return ticket, (Count(Figure.MOVED), inside("promise_unsaid", desk), EditCard(card(ticket, desk)))


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
    waits = ticket.waits_since is not None
    if waits and read.at - event.at > _LONGEST_SNOOZE:
        return hinted(ticket, desk, "hint_snooze_long", days=_LONGEST_SNOOZE.days)
    ticket = replace(ticket, snoozed_until=read.at)
    until = told(read.at, event.at, zone, desk.languages[0])
    name = "snoozed_waiting" if waits else "snoozed"
    return Decision(ticket, (inside(name, desk, when=until), EditCard(card(ticket, desk))))


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


def next_due(ticket: Ticket, desk: Desk) -> datetime | None:
    """Return when something has to be done about the ticket's promises; None when it has none.

    The owner is reminded of each some time before it is due, or half-way when it was made shortly before; when it is
    broken she is told at once, and the leads are called when the team is there.
    """
    team = desk.team(ticket.team)
    moments = (
        _due(one, team.patience.promise, alarm_at(team.hours, one.due)) for one in ticket.promises if not one.alarmed
    )
    return min(moments, default=None)


def _due(promise: Promise, before: timedelta, alarm: datetime) -> datetime:
    if promise.broken:
        return alarm
    half_way = promise.made_at + (promise.due - promise.made_at) / 2
    return promise.due if promise.reminded else max(promise.due - before, half_way)


def promises_came_due(ticket: Ticket, at: datetime, desk: Desk) -> Decision:
    """Remind the owner of promises, own up to broken ones, call the leads over these when the team is there."""
    effects: list[Effect] = []
    left: list[Promise] = []
    team = desk.team(ticket.team)
    for promise in ticket.promises:
        now = promise
        if at < promise.due:
            if not promise.reminded and _due(promise, team.patience.promise, promise.due) <= at:
                now = replace(promise, reminded=True)
                effects.append(_reminder(promise, ticket, at, desk))
            left.append(now)
            continue
        alarm = alarm_at(team.hours, promise.due)
        if not promise.broken:
            ticket = waiting_for_a_word(replace(ticket, snoozed_until=None), at)
            effects += [Count(Figure.BROKEN), tell(broken_told(promise, ticket, at, desk, just_now=True))]
            if alarm > at:
                effects.append(_alarm(promise, (), ticket, at, desk))
            now = replace(promise, broken=True)
        if alarm <= at and not promise.alarmed:
            effects.append(_alarm(promise, (*_owners(ticket), *team.leads), ticket, at, desk))
            now = replace(now, alarmed=True)
        left.append(now)
    ticket = replace(ticket, promises=tuple(left))
    return Decision(ticket, (*effects, EditCard(card(ticket, desk))))


def _reminder(promise: Promise, ticket: Ticket, at: datetime, desk: Desk) -> Effect:
    due = told(promise.due, at, zone_of(ticket, desk), desk.languages[0])
    name = "promise_soon" if promise.what else "promise_soon_word"
    text = Literal(say(name, desk.languages[0], when=due, what=promise.what))
    people = _owner(ticket) or called(desk.team(ticket.team).leads)
    return Say(Audience.AGENTS, (*people, text))


def _alarm(promise: Promise, people: tuple[Person, ...], ticket: Ticket, at: datetime, desk: Desk) -> Effect:
    due = told(promise.due, at, zone_of(ticket, desk), desk.languages[0])
    what = f" ({promise.what})" if promise.what else ""
    name = "promise_alarm" if promise.what else "promise_alarm_word"
    text = say(name, desk.languages[0], when=due, what=what, words=promise.what, name=promise.by.name)
    return Say(Audience.AGENTS, (*called(people), Literal(text)))


def _owners(ticket: Ticket) -> tuple[Person, ...]:
    return () if ticket.owner is None else (ticket.owner,)


def _owner(ticket: Ticket) -> tuple[Block, ...]:
    return called(_owners(ticket))
