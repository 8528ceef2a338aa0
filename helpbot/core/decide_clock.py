"""What time does to a ticket: reminders, promises that come due, offers that nobody took, customers who fell silent.

Rule: which timers a ticket has follows from the ticket alone, because a timer that somebody has to remember to set is
one that somebody forgets. Rule: reminders count the team's opening time and come in it; nobody is called at night.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from helpbot.core import decide_burst
from helpbot.core.decide_after import fell_silent
from helpbot.core.decide_handover import nobody_took_it
from helpbot.core.decide_parts import called, spoken, team_name, tell, with_people
from helpbot.core.decide_promise import next_due, promises_came_due, woken
from helpbot.core.effects import Decision, Effect, Literal, Say, SayInRoom, StartTimer, StopTimer
from helpbot.core.events import Event, TimerFired
from helpbot.core.hours import after, between, opens_at
from helpbot.core.model import Audience, Desk, Patience, Person, Status, Ticket, Timer
from helpbot.core.phrases import say
from helpbot.core.status import wait_told
from helpbot.core.told import lasting
from helpbot.core.transcript import shorten


def timers(ticket: Ticket, desk: Desk) -> dict[str, datetime]:
    """Return when each of the ticket's timers is due."""
    if not with_people(ticket):
        return {}
    team = desk.team(ticket.team)
    found: dict[str, datetime] = {}
    promised = next_due(ticket, desk)
    if promised is not None:
        found[Timer.PROMISE] = promised
    if ticket.transfer is not None:
        patience = team.patience.transfer + team.patience.again * ticket.transfer.called
        found[Timer.TRANSFER] = after(desk.team(ticket.transfer.team).hours, ticket.transfer.at, patience)
    if ticket.snoozed_until is not None:
        found[Timer.SNOOZE] = opens_at(team.hours, ticket.snoozed_until) or ticket.snoozed_until
        return found
    if ticket.ladder_from is not None:
        found[Timer.LADDER] = _rung_due(ticket, ticket.rung, desk)
    owed = bool(ticket.open_promises) or ticket.transfer is not None  # then her silence is not what it waits for
    if ticket.answered_at is not None and not owed and desk.silent_for is not None:
        began = ticket.answered_at if ticket.warned_at is None else ticket.warned_at
        due = began + (desk.silent_for if ticket.warned_at is None else desk.warned_for)
        found[Timer.SILENT] = opens_at(team.hours, due) or due
    return found


def with_timers(before: Ticket, decision: Decision, event: Event, desk: Desk) -> Decision:
    """Add to a decision what starts and stops the timers that follow from it."""
    had, has = timers(before, desk), timers(decision.ticket, desk)
    if isinstance(event, TimerFired):
        had.pop(event.name, None)
    changes: list[Effect] = [StartTimer(name, due) for name, due in has.items() if had.get(name) != due]
    changes += [StopTimer(name) for name in had if name not in has]
    return replace(decision, effects=(*decision.effects, *changes)) if changes else decision


def fired(ticket: Ticket, event: TimerFired, desk: Desk) -> Decision:
    """Do what is due; a timer that was set before something changed does nothing, and is set anew."""
    if event.name == Timer.ANSWER or (event.name == Timer.IDLE and ticket.pending):
        return decide_burst.due(ticket, event.at, desk)
    if event.name == Timer.IDLE:
        return _idle(ticket, event)
    due = timers(ticket, desk).get(event.name)
    if due is None or due > event.at:
        return Decision(ticket)
    match event.name:
        case Timer.PROMISE:
            return promises_came_due(ticket, event.at, desk)
        case Timer.TRANSFER:
            return Decision(*nobody_took_it(ticket, event.at, desk))
        case Timer.SNOOZE:
            return woken(ticket, event.at, desk)
        case Timer.SILENT:
            return fell_silent(ticket, event.at, desk)
        case _:
            return _climbed(ticket, event.at, desk)


def _idle(ticket: Ticket, event: TimerFired) -> Decision:
    if ticket.status not in {Status.BOT, Status.OFFERED}:
        return Decision(ticket)
    closed = replace(ticket, status=Status.CLOSED, closed_at=event.at, offer=(), undo=None)
    return Decision(closed, (StopTimer(Timer.IDLE),))


# --- the ladder

_STEPS = 3  # from here on the same again and again


def _rung_due(ticket: Ticket, rung: int, desk: Desk) -> datetime:
    assert ticket.ladder_from is not None, "the caller has looked"  # noqa: S101
    team = desk.team(ticket.team)
    return after(team.hours, ticket.ladder_from, _delay(ticket, team.patience, rung))


def _delay(ticket: Ticket, patience: Patience, rung: int) -> timedelta:
    taken = (patience.owner, patience.owner_lead)
    steps = (patience.team, patience.lead, patience.leads) if ticket.owner is None else taken
    return steps[rung] if rung < len(steps) else steps[-1] + patience.again * (rung - len(steps) + 1)


def _climbed(ticket: Ticket, at: datetime, desk: Desk) -> Decision:
    """Remind whoever comes next; after a stop that lasted long, of several only the highest."""
    rung, team = ticket.rung, desk.team(ticket.team)
    waited = between(team.hours, ticket.ladder_from or at, at)
    over = waited - _delay(ticket, team.patience, max(rung + 1, _STEPS))
    if over >= timedelta():
        rung = max(rung + 1, _STEPS) + over // team.patience.again
    while rung < _STEPS and _delay(ticket, team.patience, rung + 1) <= waited:
        rung += 1
    since = ticket.waits_since if ticket.waits_since is not None else at
    language = desk.languages[0]
    values: dict[str, object] = {"number": ticket.number, "name": ticket.customer.name}
    values |= {"wait": lasting(at - since, language), "team": team_name(ticket.team, language, desk)}
    effects = (
        _unowned(ticket, rung, values, at, desk) if ticket.owner is None else _unanswered(ticket, rung, values, desk)
    )
    return Decision(replace(ticket, rung=rung + 1), effects)


def _unowned(ticket: Ticket, rung: int, values: dict[str, object], at: datetime, desk: Desk) -> tuple[Effect, ...]:
    team, language = desk.team(ticket.team), desk.languages[0]
    question = shorten(ticket.question) or "–"
    if rung == 0:
        text = say("ladder_team", language, question=question, **values)
        return (SayInRoom(team.id, None, (Literal(text),)),)
    if rung == 1:
        text = say("ladder_lead", language, **values)
        hers = spoken(ticket, desk)
        sorry = say("nobody_yet_lead" if team.leads else "nobody_yet", hers, number=ticket.number)
        told = tell(" ".join((sorry, *wait_told(ticket, at, desk))))
        return (Say(Audience.AGENTS, (*called(team.leads), Literal(text))), told)
    return _all_leads("ladder_leads", values, desk)


def _unanswered(ticket: Ticket, rung: int, values: dict[str, object], desk: Desk) -> tuple[Effect, ...]:
    assert ticket.owner is not None, "the caller has looked"  # noqa: S101
    language = desk.languages[0]
    values = {**values, "owner": ticket.owner.name}
    if rung == 0:
        return (Say(Audience.AGENTS, (*called((ticket.owner,)), Literal(say("ladder_owner", language, **values)))),)
    if rung == 1:
        people = called((ticket.owner, *desk.team(ticket.team).leads))
        return (Say(Audience.AGENTS, (*people, Literal(say("ladder_owner_lead", language, **values)))),)
    return _all_leads("ladder_owner_leads", values, desk)


def _all_leads(name: str, values: dict[str, object], desk: Desk) -> tuple[Effect, ...]:
    """Call the leads of all teams, each in their own room; where there is none, tell the first team."""
    text = Literal(say(name, desk.languages[0], **values))
    led = [team for team in desk.teams if team.leads] or [desk.teams[0]]
    rooms: dict[str, tuple[Person, ...]] = {}  # two teams may sit in one room
    for team in led:
        room = team.beside or team.id
        rooms[room] = (*rooms.get(room, ()), *team.leads)
    return tuple(SayInRoom(room, None, (*called(leads), text)) for room, leads in rooms.items())
