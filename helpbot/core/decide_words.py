"""An agent's words on their way to the customer: counted, held back once when they are vague about time, confirmed.

Rule: what is held back was not sent, and says so; no later word sends it but a yes of whoever wrote it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from helpbot.core.acts import AgentClosed, AgentKeptPromise, AgentReplied, AgentSaid, AgentUsedCanned
from helpbot.core.canned import fill
from helpbot.core.decide_parts import hinted, inside, let_go, refused, spoken, team_name, to_customer, with_file
from helpbot.core.effects import Count, Decision, EditCard, Effect, Quoted, React, Say
from helpbot.core.events import Delivered
from helpbot.core.hours import between
from helpbot.core.model import Audience, Desk, Figure, HeldBack, Person, Status, Ticket, Way
from helpbot.core.phrases import say
from helpbot.core.transcript import card
from helpbot.core.vague import vague_word

_MOST_HELD = 5  # words of a ticket that wait for a yes; more, and the oldest wait no longer

Words = AgentSaid | AgentReplied | AgentKeptPromise | AgentClosed


def goes_out(ticket: Ticket, said: Words, desk: Desk, *, sure: bool = False) -> Decision:
    """Send an agent's words to the customer, or hold them back once; `sure` when they were confirmed."""
    held = None if sure else held_back(ticket, said, desk)
    if held is not None:
        return held
    answers, file = (said.answers, said.file) if isinstance(said, AgentSaid | AgentReplied) else (None, None)
    sent = with_file(to_customer(ticket, said.agent, said.ref, said.text, answers), file)
    ticket, noted = spoke(without(ticket, said, Way.SAID), said.at, desk)
    return Decision(ticket, (*sent, *noted))


def held_back(ticket: Ticket, said: Words, desk: Desk, way: Way = Way.SAID) -> Decision | None:
    """Hold words back that are vague about time; None when they are not, or were written a second time."""
    word = None if without(ticket, said, way) is not ticket else vague_word(said.text, desk)
    if word is None:
        return None
    file = said.file if isinstance(said, AgentSaid | AgentReplied) else None
    ticket, dropped = waits_for_yes(ticket, HeldBack(said.agent, said.ref, said.text, way, file), desk)
    return Decision(ticket, (React(said.ref, "⏸️"), inside("held_back", desk, word=word), *dropped))


def waits_for_yes(ticket: Ticket, held: HeldBack, desk: Desk) -> tuple[Ticket, tuple[Effect, ...]]:
    """Return the ticket with one more that waits for a yes, and say which waits no longer, if there are too many."""
    waiting = (*ticket.held_back, held)
    ticket, dropped = let_go(replace(ticket, held_back=waiting[:-_MOST_HELD]), desk)
    return replace(ticket, held_back=waiting[-_MOST_HELD:]), dropped


def without(ticket: Ticket, said: Words, way: Way) -> Ticket:
    """Return the ticket without these words as held back; the ticket itself when they were not, in the same way."""
    these = said.agent.id, said.text, way
    left = tuple(one for one in ticket.held_back if (one.agent.id, one.text, one.way) != these)
    return ticket if len(left) == len(ticket.held_back) else replace(ticket, held_back=left)


def spoke(ticket: Ticket, at: datetime, desk: Desk) -> tuple[Ticket, tuple[Effect, ...]]:
    """Return the ticket after a human word to her was sent, and what that counts for; `came` tells of its coming."""
    effects: list[Effect] = []
    shows = False
    left = tuple(one for one in ticket.promises if one.what or (one.broken and not one.alarmed))
    if len(left) < len(ticket.promises):  # what else was promised is a word
        kept = any(not one.broken and not one.what for one in ticket.promises)
        effects += [Count(Figure.KEPT), inside("promise_kept", desk)] if kept else []
        ticket, shows = replace(ticket, promises=left), True
    ticket, dropped = let_go(ticket, desk)  # newer words have gone out: what those say may be no longer so
    effects += dropped
    ticket = replace(ticket, waits_since=None, ladder_from=None, rung=0, answered_at=at, warned_at=None)
    ticket = replace(ticket, told_status=0)
    if shows:
        effects.append(EditCard(card(ticket, desk)))
    return ticket, tuple(effects)


def came(ticket: Ticket, event: Delivered, desk: Desk) -> tuple[Ticket, tuple[Effect, ...]]:
    """Return the ticket after words have come to her: the first human ones are counted now, for now she can read them.

    A promise is a word of the bot that says what a person has promised.
    """
    human = event.words or any(one.ref == event.ref for one in ticket.promises)
    called = ticket.escalated_at
    if not human or called is None or ticket.first_word_at is not None:
        return ticket, ()
    hours = desk.team(ticket.team).hours
    ticket = replace(ticket, first_word_at=event.at)
    return ticket, (
        Count(Figure.FIRST_WORD, max((event.at - called).total_seconds(), 0.0)),
        Count(Figure.FIRST_WORD_OPEN, between(hours, called, event.at).total_seconds()),
        EditCard(card(ticket, desk)),
    )


def used_canned(ticket: Ticket, event: AgentUsedCanned, desk: Desk) -> str | Decision:
    """Return the text of a reply that is ready, in her language; or what is wrong."""
    if not desk.canned:
        return hinted(ticket, desk, "canned_none")
    known = ", ".join(sorted(desk.canned))
    if not event.name:
        return hinted(ticket, desk, "canned_list", names=known)
    canned = desk.canned.get(event.name)
    if canned is None:
        return hinted(ticket, desk, "hint_no_canned", word=event.name[:40], names=known)
    if ticket.status is Status.CLOSED:
        return refused(ticket, event.ref, desk, "hint_closed")
    language = spoken(ticket, desk)
    text = canned.texts.get(language) or next(iter(canned.texts.values()))
    team = team_name(ticket.team, language, desk)
    return fill(text, customer=ticket.addressee, agent=event.agent.name, number=ticket.number, team=team)


def shown_inside(agent: Person, text: str, desk: Desk) -> Say:
    """Show the other agents what a short command sent."""
    return Say(Audience.AGENTS, (Quoted(say("sent_by", desk.languages[0], name=agent.name), text),))
