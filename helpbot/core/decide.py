"""Every change of a ticket, and nothing else: `decide(ticket, event, desk)` says what it becomes and what to do.

Rule: the customer's words always come out again, answered or shown to agents, because a help desk that swallows a word
is worse than none. Rule: a closed ticket has no timers, because nothing may happen to it by itself.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from helpbot.core import decide_agent, decide_customer
from helpbot.core.effects import Decision, Literal, React, Say, SayInRoom, StopTimer
from helpbot.core.events import (
    AgentAskedHelp,
    AgentBlocked,
    AgentClaimed,
    AgentClosed,
    AgentMistyped,
    AgentNoted,
    AgentReleased,
    AgentReopened,
    AgentReplied,
    AgentSaid,
    AgentSpokeOutside,
    AgentTaught,
    BotFailed,
    CustomerArrived,
    CustomerLeft,
    CustomerSaid,
    Delivered,
    Event,
    TimerFired,
    Undelivered,
)
from helpbot.core.model import Audience, Desk, Status, Ticket
from helpbot.core.phrases import is_phrase, say


def decide(ticket: Ticket, event: Event, desk: Desk) -> Decision:
    """Return what the ticket becomes when the event happens, and what there is to do."""
    match event:
        case CustomerSaid():
            return decide_customer.said(ticket, event, desk)
        case CustomerArrived():
            return decide_customer.arrived(ticket, event, desk)
        case CustomerLeft():
            return decide_customer.left(ticket, event, desk)
        case BotFailed():
            return decide_customer.bot_failed(ticket, event, desk)
        case (
            AgentSaid()
            | AgentReplied()
            | AgentNoted()
            | AgentClaimed()
            | AgentReleased()
            | AgentClosed()
            | AgentReopened()
            | AgentAskedHelp()
            | AgentTaught()
            | AgentMistyped()
            | AgentBlocked()
        ):
            return decide_agent.acted(ticket, event, desk)
        case AgentSpokeOutside():
            return _spoke_outside(ticket, event, desk)
        case Delivered():
            return Decision(ticket, (React(event.ref, "✅"),))
        case Undelivered():
            return _undelivered(ticket, event, desk)
        case TimerFired():
            return _timer_fired(ticket, event)
        case _:
            assert_never(event)


def goes_on(ticket: Ticket, at: datetime, desk: Desk) -> bool:
    """Tell whether her next word belongs to this ticket, or starts a new one."""
    return ticket.closed_at is None or at <= ticket.closed_at + desk.reopen_for


def _spoke_outside(ticket: Ticket, event: AgentSpokeOutside, desk: Desk) -> Decision:
    language = desk.languages[0]
    text = decide_agent.help_text(desk) if event.wants_help else say("hint_outside", language)
    return Decision(ticket, (SayInRoom(event.team, event.ref, (Literal(text),)),))


def _undelivered(ticket: Ticket, event: Undelivered, desk: Desk) -> Decision:
    if not ticket.carded:
        return Decision(ticket)
    language = desk.languages[0]
    why = say(f"why_{event.why}", language) if is_phrase(f"why_{event.why}") else event.why
    told = Say(Audience.AGENTS, (Literal(say("not_delivered", language, why=why)),))
    if event.ref is None:
        return Decision(ticket, (told,))
    return Decision(ticket, (React(event.ref, "❌"), told))


def _timer_fired(ticket: Ticket, event: TimerFired) -> Decision:
    if event.name == "idle" and ticket.status in {Status.BOT, Status.OFFERED}:
        closed = replace(ticket, status=Status.CLOSED, closed_at=event.at, offer=())
        return Decision(closed, (StopTimer("idle"),))
    return Decision(ticket)
