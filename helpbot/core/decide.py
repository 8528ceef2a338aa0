"""Every change of a ticket, and nothing else: `decide(ticket, event, desk)` says what it becomes and what to do.

Rule: the customer's words always come out again, answered or shown to agents, because a help desk that swallows a word
is worse than none. Rule: a closed ticket has no timers, because nothing may happen to it by itself.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from helpbot.core import (
    decide_agent,
    decide_customer,
    decide_merge,
    decide_moves,
    decide_offer,
    decide_relay,
    decide_words,
)
from helpbot.core.decide_after import rated_by_mark
from helpbot.core.decide_clock import fired, with_timers
from helpbot.core.decide_handover import offer_ended, owner_away, with_mirror
from helpbot.core.decide_parts import escalated, spoken, tell, waiting_for_a_word, with_people
from helpbot.core.decide_promise import unsaid
from helpbot.core.effects import Decision, EditCard, Effect, Literal, PostCard, React, Say, SayInRoom
from helpbot.core.events import (
    AgentElsewhere,
    AgentLeft,
    AgentSpokeOutside,
    BotGaveUp,
    CardLost,
    CustomerArrived,
    CustomerCameBack,
    CustomerDeleted,
    CustomerLeft,
    CustomerMarked,
    CustomerMoved,
    CustomerRated,
    CustomerReacted,
    CustomerSaid,
    DeadLettersFound,
    Delayed,
    Delivered,
    Event,
    FileLost,
    LeftSilent,
    OwnerWentAway,
    QuestionBrought,
    RoomReplaced,
    StrangerCame,
    StrangersGone,
    TimerFired,
    Unchanged,
    Undelivered,
    Unheard,
    WeeklyReport,
)
from helpbot.core.model import Audience, Desk, Reason, Status, Ticket
from helpbot.core.phrases import is_phrase, say
from helpbot.core.transcript import card

_TICKETS_NAMED = 10


def decide(ticket: Ticket, event: Event, desk: Desk) -> Decision:
    """Return what the ticket becomes when the event happens, and what there is to do."""
    if ticket.merged_into is not None:
        return _merged(ticket, event, desk)
    now, ended = offer_ended(decide_merge.heard_in(ticket, event), desk)
    decision = _decided(now, event, desk)
    decision = replace(_in_turn(now, decision), effects=(*ended, *decision.effects))
    decision = decide_merge.with_place(ticket, decision, desk)
    return with_timers(ticket, with_mirror(now, decision, event, desk), event, desk)


def _in_turn(before: Ticket, decision: Decision) -> Decision:
    """Give the bot's words to her a number, until a person is called; only its last ones can be withdrawn."""
    after = decision.ticket
    said = any(isinstance(effect, Say) and effect.audience is Audience.CUSTOMER for effect in decision.effects)
    if before.carded or not said:
        return decision
    undo = None if after.undo is before.undo else after.undo
    return replace(decision, ticket=replace(after, turn=after.turn + 1, undo=undo))


def _decided(ticket: Ticket, event: Event, desk: Desk) -> Decision:  # noqa: PLR0912  # one branch an event
    match event:
        case CustomerSaid():
            return decide_offer.offer_answered(ticket, event, desk) or decide_customer.said(ticket, event, desk)
        case CustomerCameBack():
            return _came_back(ticket, event, desk)
        case QuestionBrought():
            return decide_offer.brought(ticket, event, desk)
        case LeftSilent():
            return decide_offer.left_silent(ticket, desk)
        case CustomerDeleted():
            return decide_relay.customer_deleted(ticket, event, desk)
        case FileLost():
            return decide_relay.file_lost(ticket, event, desk)
        case Unchanged():
            return decide_relay.unchanged(ticket, event, desk)
        case CustomerReacted():
            return decide_relay.customer_reacted(ticket, event, desk)
        case CustomerMarked():
            return decide_customer.marked(ticket, event, desk)
        case CustomerRated():
            return rated_by_mark(ticket, event, desk)
        case CustomerArrived():
            return decide_customer.arrived(ticket, event, desk)
        case CustomerLeft():
            return decide_customer.left(ticket, event, desk)
        case CustomerMoved():
            return decide_moves.moved(ticket, event, desk)
        case RoomReplaced():
            return decide_moves.room_replaced(ticket, event, desk)
        case BotGaveUp():
            return decide_customer.bot_gave_up(ticket, event, desk)
        case StrangerCame():
            return decide_customer.stranger_came(ticket, event, desk)
        case StrangersGone():
            return decide_customer.strangers_gone(ticket, desk)
        case AgentElsewhere():
            return decide_agent.elsewhere(ticket, event, desk)
        case AgentSpokeOutside():
            return _spoke_outside(ticket, event, desk)
        case AgentLeft():
            return decide_agent.left(ticket, event, desk)
        case OwnerWentAway():
            return owner_away(ticket, event, desk)
        case Delivered():
            ticket, shown = decide_customer.reached(ticket, desk)
            ticket, first = decide_words.came(ticket, event, desk)
            return Decision(ticket, (React(event.ref, "✅", event.team), *(first or shown)))
        case DeadLettersFound():
            return _dead_letters(ticket, event, desk)
        case WeeklyReport():
            return Decision(ticket, (SayInRoom(desk.team(event.team).id, None, event.content),))
        case Undelivered():
            return _undelivered(ticket, event, desk)
        case Delayed():
            return _delayed(ticket, event, desk)
        case Unheard():
            return _unheard(ticket, desk)
        case CardLost():
            return _card_lost(ticket, event, desk)
        case TimerFired():
            return fired(ticket, event, desk)
        case _:
            return decide_agent.acted(ticket, event, desk)  # closed by assert_never there


def _merged(ticket: Ticket, event: Event, desk: Desk) -> Decision:
    """Decide on a ticket that is part of another: it is looked at, and nothing else is done with it."""
    match event:
        case CardLost():
            return _card_lost(ticket, event, desk)
        case AgentElsewhere():
            return decide_agent.elsewhere(ticket, event, desk)
        case _:
            return decide_agent.acted_on_merged(ticket, event, desk)


def _came_back(ticket: Ticket, event: CustomerCameBack, desk: Desk) -> Decision:
    back = decide_merge.came_back(ticket, event, desk)
    if event.said is None:
        return back
    match event.said:
        case BotGaveUp():
            said = decide_customer.bot_gave_up(back.ticket, event.said, desk)
        case QuestionBrought():
            said = decide_offer.brought(back.ticket, event.said, desk)
        case CustomerSaid():
            said = decide_customer.said(back.ticket, event.said, desk)
    return Decision(said.ticket, (*back.effects, *said.effects), back.also)


def goes_on(ticket: Ticket, at: datetime, desk: Desk) -> bool:
    """Tell whether her next word belongs to this ticket, or starts a new one."""
    return ticket.closed_at is None or at <= ticket.closed_at + desk.reopen_for


def _spoke_outside(ticket: Ticket, event: AgentSpokeOutside, desk: Desk) -> Decision:
    language = desk.languages[0]
    text = decide_agent.help_text(desk) if event.wants_help else say("hint_outside", language)
    return Decision(ticket, (SayInRoom(event.team, event.ref, (Literal(text),)),))


def _undelivered(ticket: Ticket, event: Undelivered, desk: Desk) -> Decision:
    if not ticket.carded:
        return _left_alone(ticket, "not_delivered", event, desk)
    if event.ref is not None and event.why != "gone" and with_people(ticket):
        if ticket.first_word_at is None and ticket.waits_since is None:  # she waits as if nothing had been written
            ticket = replace(ticket, waits_since=ticket.escalated_at)
        ticket = waiting_for_a_word(ticket, event.at, anew=True)  # what did not reach her is no answer
    ticket, undone = unsaid(ticket, event.ref, desk)
    told = _out_of_reach(ticket, "not_delivered", event, desk)
    told = replace(told, effects=(*told.effects, *undone))
    return told if event.ref is None else replace(told, effects=(React(event.ref, "❌", event.team), *told.effects))


def _delayed(ticket: Ticket, event: Delayed, desk: Desk) -> Decision:
    """Tell the agents that what is to reach her does not, though it is not given up."""
    if not ticket.carded:
        return _left_alone(ticket, "delayed", event, desk)
    return _out_of_reach(ticket, "delayed", event, desk)


def _unheard(ticket: Ticket, desk: Desk) -> Decision:
    """Tell her honestly that nobody reads what she writes yet."""
    if not with_people(ticket) or ticket.undeliverable:
        return Decision(ticket)
    return Decision(ticket, (tell(say("unheard", spoken(ticket, desk), number=ticket.number)),))


def _left_alone(ticket: Ticket, phrase: str, event: Undelivered | Delayed, desk: Desk) -> Decision:
    """Call a person when the answer does not come to her; not when she has left or is not alone, which agents hear."""
    ticket = replace(ticket, undeliverable=True)
    if ticket.status not in {Status.BOT, Status.OFFERED} or event.why in {"gone", "crowded"}:
        return Decision(ticket)
    called = escalated(ticket, (), Reason.BOT_FAILED, event.at, desk)
    told = _out_of_reach(called.ticket, phrase, event, desk)
    return Decision(told.ticket, (*called.effects, *told.effects))


def _out_of_reach(ticket: Ticket, phrase: str, event: Undelivered | Delayed, desk: Desk) -> Decision:
    language = desk.languages[0]
    why = say(f"why_{event.why}", language) if is_phrase(f"why_{event.why}") else event.why
    told: tuple[Effect, ...] = (Say(Audience.AGENTS, (Literal(say(phrase, language, why=why)),)),)
    if not ticket.undeliverable and event.room == ticket.speaks_in:  # else she is spoken to elsewhere by now
        ticket = replace(ticket, undeliverable=True)
        told = (*told, EditCard(card(ticket, desk)))
    return Decision(ticket, told)


def _card_lost(ticket: Ticket, event: CardLost, desk: Desk) -> Decision:
    """Give a ticket a card where its agents are now; a closed one too, because it may be opened again."""
    if not ticket.carded:
        return Decision(ticket)
    team = None if event.team is None or desk.team(event.team).id == desk.team(ticket.team).id else event.team
    offered = ticket.transfer is not None and ticket.transfer.team == team
    if team is not None and not offered:
        return Decision(ticket)  # whoever had it before needs none
    text = say("card_anew", desk.languages[0], number=ticket.number)
    shown = Say(Audience.AGENTS, (Literal(text),), team=team)
    return Decision(ticket, (PostCard(card(ticket, desk, team), team), shown))


def _dead_letters(ticket: Ticket, event: DeadLettersFound, desk: Desk) -> Decision:
    language = desk.languages[0]
    tickets = ", ".join(f"#{number}" for number in event.tickets[:_TICKETS_NAMED]) or "–"
    more = " …" if len(event.tickets) > _TICKETS_NAMED else ""
    text = say("dead_letters", language, count=event.count, tickets=tickets + more)
    return Decision(ticket, (SayInRoom(desk.team(event.team).id, None, (Literal(text),)),))
