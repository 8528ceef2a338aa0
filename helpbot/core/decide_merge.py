"""Two tickets of one person become one: by `!merge`, or because she came back in another room.

Rule: what is merged by mistake shows one person's case to another, so an agent sees who is who and says yes first; only
what came from one and the same account needs no yes.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from helpbot.core.acts import AgentConfirmed, AgentMerged, Other
from helpbot.core.decide_after import at_rest
from helpbot.core.decide_clock import with_timers
from helpbot.core.decide_customer import reopened
from helpbot.core.decide_parts import called, hinted, inside, let_go, owns, spoken, tell, waiting_for_a_word
from helpbot.core.decide_words import waits_for_yes
from helpbot.core.effects import Decision, EditCard, Effect, Literal, React, Say
from helpbot.core.events import BotGaveUp, CustomerCameBack, CustomerSaid, Event
from helpbot.core.model import Audience, Desk, HeldBack, Merged, Status, Ticket, Way
from helpbot.core.phrases import say
from helpbot.core.transcript import card, told, who_and_what

_CONFIRMED_FOR = timedelta(minutes=15)


def heard_in(ticket: Ticket, event: Event) -> Ticket:
    """Return the ticket as one whose customer wrote last where this event happened, if it is that she wrote."""
    return replace(ticket, speaks_in=event.room) if isinstance(event, CustomerSaid | BotGaveUp) else ticket


def with_place(before: Ticket, decision: Decision, desk: Desk) -> Decision:
    """Show on the card where she writes from, when that has changed."""
    moved = decision.ticket.speaks_in != before.speaks_in and decision.ticket.carded
    if not moved or any(isinstance(effect, EditCard) and effect.team is None for effect in decision.effects):
        return decision
    return replace(decision, effects=(*decision.effects, EditCard(card(decision.ticket, desk))))


# --- by an agent


def merged(ticket: Ticket, event: AgentMerged, desk: Desk, *, sure: bool = False) -> Decision:
    """Make the ticket part of another, once who wrote the command has said yes; or say why not."""
    other = event.other
    if other is None or not other.here:
        return hinted(ticket, desk, "hint_no_ticket" if other is None else "hint_merge_team", other=event.number)
    why = _unfit(ticket, event, other.ticket, desk)
    if why is not None:
        return why
    waiting = next((one for one in ticket.held_back if _is_this(one, event)), None)
    if other.same_account or (waiting is not None and _in_time(waiting, event.at)):
        return _joined(_without(ticket, event), event, other, desk)
    if sure:
        return hinted(_without(ticket, event), desk, "hint_merge_late", other=event.number)
    return _asked(_without(ticket, event), event, other.ticket, desk)


def confirmed(ticket: Ticket, held: HeldBack, event: AgentConfirmed, desk: Desk) -> Decision:
    """Merge, as whoever wrote the command says yes to it."""
    number = int(held.text.partition("#")[2])
    other = next((one for one in event.others if one.ticket.number == number), None)
    waiting = replace(ticket, held_back=(*ticket.held_back, held))
    return merged(waiting, AgentMerged(event.at, held.agent, held.ref, number, other), desk, sure=True)


def about(held: HeldBack) -> int | None:
    """Return the ticket that a command which waits for a yes names; None for words."""
    return int(held.text.partition("#")[2]) if held.way is Way.MERGED else None


def _in_time(held: HeldBack, at: datetime) -> bool:
    """Tell whether a yes at that time is one to what was asked; clocks are set back, and then it is asked anew."""
    return held.at is not None and timedelta() <= at - held.at <= _CONFIRMED_FOR


def _is_this(held: HeldBack, event: AgentMerged) -> bool:
    return held.way is Way.MERGED and (held.agent.id, about(held)) == (event.agent.id, event.number)


def _without(ticket: Ticket, event: AgentMerged) -> Ticket:
    return replace(ticket, held_back=tuple(one for one in ticket.held_back if not _is_this(one, event)))


def _unfit(ticket: Ticket, event: AgentMerged, other: Ticket, desk: Desk) -> Decision | None:
    """Return why these two tickets cannot be merged now, if they cannot."""
    if ticket.status is Status.CLOSED:
        return hinted(ticket, desk, "hint_closed")
    if ticket.owner is not None and not owns(ticket, event.agent):
        return hinted(ticket, desk, "hint_owned", name=ticket.owner.name)
    if other.number == ticket.number:
        return hinted(ticket, desk, "hint_merge_itself")
    if other.merged_into is not None:
        name = "hint_merge_back" if other.merged_into == ticket.number else "hint_merge_merged"
        return hinted(ticket, desk, name, other=other.number, into=other.merged_into)
    if ticket.transfer is not None or other.transfer is not None:
        offered = ticket if ticket.transfer is not None else other
        return hinted(ticket, desk, "hint_merge_offered", other=offered.number)
    if not other.carded:
        return hinted(ticket, desk, "hint_merge_bot", other=other.number)
    over = other.closed_at is not None and event.at > other.closed_at + desk.reopen_for
    if over or (other.status is Status.CLOSED and other.newer not in {None, ticket.number}):
        return hinted(ticket, desk, "hint_merge_over", other=other.number)
    return None


def _asked(ticket: Ticket, event: AgentMerged, other: Ticket, desk: Desk) -> Decision:
    """Ask who wrote it whether these two are one person, with all that tells."""
    waiting = HeldBack(event.agent, event.ref, f"!merge #{event.number}", Way.MERGED, at=event.at)
    ticket, dropped = waits_for_yes(ticket, waiting, desk)
    both = "\n".join(who_and_what(one, desk) for one in (ticket, other))
    asked = inside("merge_asked", desk, number=ticket.number, other=other.number, both=both)
    return Decision(ticket, (React(event.ref, "⏸️"), asked, *dropped))


def _joined(ticket: Ticket, event: AgentMerged, found: Other, desk: Desk) -> Decision:
    """Return the ticket as part of the other, and the other with all that it takes over."""
    into = found.ticket
    ticket, dropped = let_go(ticket, desk)
    there, effects = _taking_in(ticket, event, found, desk)
    part = replace(at_rest(ticket), status=Status.CLOSED, closed_at=event.at, merged_into=into.number)
    part = replace(part, owner=None, question="", asked_rating=False)
    hers: tuple[Effect, ...] = ()
    if ticket.is_in(ticket.speaks_in):
        hers = (tell(say("merged", spoken(ticket, desk), number=ticket.number, into=into.number)),)
    owner = "" if there.owner is None or there.owner.id == event.agent.id else there.owner.name
    name = "merged_away_owner" if owner else "merged_away"
    away = inside(name, desk, number=part.number, into=into.number, name=owner)
    also = with_timers(into, Decision(there, effects), event, desk)
    return Decision(part, (*dropped, *hers, away, EditCard(card(part, desk))), also)


def _taking_in(ticket: Ticket, event: AgentMerged, found: Other, desk: Desk) -> tuple[Ticket, tuple[Effect, ...]]:
    """Return the other ticket with what it takes over: her rooms, her wait, what she was promised, the talk."""
    into = before = found.ticket
    opened: tuple[Effect, ...] = ()
    if into.status is Status.CLOSED:
        into, opened = reopened(into, event.at, desk)
    into = _with_rooms(into, ticket, found)
    into = _with_wait(_with_promises(into, ticket), ticket, event.at)
    if into.owner is None and ticket.owner is not None:
        into = waiting_for_a_word(replace(into, status=Status.HELD, owner=ticket.owner), event.at, anew=True)
    if into.language is None:
        into = replace(into, language=ticket.language)
    hers: tuple[Effect, ...] = ()
    if not found.same_room and before.is_in(before.speaks_in):
        name = "merged_here_again" if found.same_account else "merged_here"
        text = tell(say(name, spoken(before, desk), number=ticket.number, into=into.number))
        hers = (replace(text, room=before.speaks_in or before.number),)
    who = ticket.customer
    shown = say("merged_in", desk.languages[0], by=event.agent.name, number=ticket.number, name=who.name, id=who.id)
    people = called((into.owner,)) if into.owner is not None and into.owner.id != event.agent.id else ()
    talk = [Say(Audience.AGENTS, content) for content in told(ticket, found.transcript, desk)]
    opened = tuple(effect for effect in opened if not isinstance(effect, EditCard))
    in_thread = Say(Audience.AGENTS, (*people, Literal(shown)))
    return into, (*opened, *hers, in_thread, *talk, EditCard(card(into, desk)))


def _with_rooms(into: Ticket, ticket: Ticket, found: Other) -> Ticket:
    """Return the ticket with the rooms of the other; what is said to her goes where she wrote last, if she is there."""
    new = (Merged(ticket.number, ticket.customer, ticket.gone), *ticket.merged)
    here, there = ticket.speaks_in or ticket.number, into.speaks_in
    into = replace(into, merged=(*into.merged, *new))
    if found.same_room:
        return into
    moves = found.later if into.is_in(here) == into.is_in(there) else into.is_in(here)
    return replace(into, speaks_in=here, undeliverable=ticket.undeliverable) if moves else into


def _with_wait(into: Ticket, ticket: Ticket, at: datetime) -> Ticket:
    """Return the ticket as one whose customer waits as long as she does in the other."""
    if ticket.waits_since is None:
        if into.answered_at is None or ticket.answered_at is None or ticket.answered_at <= into.answered_at:
            return into
        return replace(into, answered_at=ticket.answered_at, warned_at=ticket.warned_at)
    since = ticket.waits_since if into.waits_since is None else min(into.waits_since, ticket.waits_since)
    anew = into.snoozed_until is not None
    return replace(waiting_for_a_word(replace(into, snoozed_until=None), at, anew=anew), waits_since=since)


def _with_promises(into: Ticket, ticket: Ticket) -> Ticket:
    last = max((one.number for one in into.promises), default=0)
    new = [replace(one, number=last + number) for number, one in enumerate(ticket.promises, start=1)]
    return replace(into, promises=tuple(sorted((*into.promises, *new), key=lambda one: one.due)))


# --- by herself


def came_back(ticket: Ticket, event: CustomerCameBack, desk: Desk) -> Decision:
    """Let her ticket go on in another room; a ticket that nobody sees stands for that room, and is part of hers."""
    room = Ticket(event.number, event.customer, ticket.team, event.at, Status.CLOSED, closed_at=event.at)
    room = replace(room, language=ticket.language, merged_into=ticket.number)
    ticket = replace(ticket, merged=(*ticket.merged, Merged(event.number, event.customer)), speaks_in=event.number)
    ticket = replace(ticket, undeliverable=False)
    greeting = tell(say("came_back", spoken(ticket, desk), number=ticket.number))
    shown = inside("customer_back_anew", desk, name=event.customer.name)
    return Decision(ticket, (greeting, shown, EditCard(card(ticket, desk))), Decision(room))
