"""What a ticket becomes when an agent does something in its thread.

Rule: only the owner's plain words and the text of `!r` and `!close` become words to the customer, because everything
else may be an inside word; in doubt a text stays inside.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from helpbot.core import decide_customer, decide_merge, decide_relay, words
from helpbot.core.acts import (
    AgentAct,
    AgentAskedHelp,
    AgentAskedHistory,
    AgentAskedTickets,
    AgentAssigned,
    AgentBlocked,
    AgentClaimed,
    AgentClosed,
    AgentConfirmed,
    AgentDeleted,
    AgentEdited,
    AgentKeptPromise,
    AgentMerged,
    AgentMistyped,
    AgentNoted,
    AgentPromised,
    AgentReacted,
    AgentReleased,
    AgentReopened,
    AgentReplied,
    AgentSaid,
    AgentSearched,
    AgentSnoozed,
    AgentTaught,
    AgentTransferred,
    AgentUsedCanned,
    AgentWentAway,
)
from helpbot.core.decide_after import closed
from helpbot.core.decide_handover import assigned, not_here, owned, released, taken_over, transferred
from helpbot.core.decide_lists import history, searched, tickets, went_away
from helpbot.core.decide_parts import hinted, inside, kept_inside, owns, refused
from helpbot.core.decide_promise import kept, promised, snoozed
from helpbot.core.decide_words import goes_out, held_back, shown_inside, used_canned
from helpbot.core.effects import Decision, Effect, Literal, Propose, React, Record, Say
from helpbot.core.events import AgentElsewhere, AgentLeft, Event
from helpbot.core.files import refusal
from helpbot.core.model import Audience, Desk, HeldBack, Role, Status, Ticket, Way
from helpbot.core.phrases import say
from helpbot.core.transcript import shorten

_SHOWN_ENTRY = 40  # characters of what was typed as an entry's id


def acted(ticket: Ticket, event: AgentAct, desk: Desk) -> Decision:  # noqa: PLR0912  # one branch an act
    """Return what the agent's act does."""
    match event:
        case AgentSaid():
            return _said(ticket, event, desk)
        case AgentReplied():
            return _replied(ticket, event, desk)
        case AgentEdited():
            return decide_relay.agent_edited(ticket, event, desk)
        case AgentDeleted():
            return decide_relay.agent_deleted(ticket, event)
        case AgentReacted():
            return decide_relay.agent_reacted(ticket, event, desk)
        case AgentNoted():
            return Decision(ticket, kept_inside(event.agent, event.ref, event.text))
        case AgentClaimed():
            return _claimed(ticket, event, desk)
        case AgentReleased():
            return _released(ticket, event, desk)
        case AgentClosed():
            return closed(ticket, event, desk)
        case AgentReopened():
            return _reopened(ticket, event, desk)
        case AgentAskedHelp():
            return Decision(ticket, (Say(Audience.AGENTS, (Literal(help_text(desk)),)),))
        case AgentTaught():
            return _taught(ticket, event, desk)
        case AgentTransferred():
            return transferred(ticket, event, desk)
        case AgentAssigned():
            return assigned(ticket, event, desk)
        case AgentPromised():
            return promised(ticket, event, desk)
        case AgentKeptPromise():
            return kept(ticket, event, desk)
        case AgentSnoozed():
            return snoozed(ticket, event, desk)
        case AgentConfirmed():
            return _confirmed(ticket, event, desk)
        case AgentMerged():
            return decide_merge.merged(ticket, event, desk)
        case AgentUsedCanned():
            return _canned(ticket, event, desk)
        case AgentWentAway():
            return went_away(ticket, event, desk)
        case AgentAskedTickets():
            return tickets(ticket, event, desk)
        case AgentSearched():
            return searched(ticket, event, desk)
        case AgentAskedHistory():
            return history(ticket, event, desk)
        case AgentMistyped():
            return hinted(ticket, desk, event.hint, word=event.word)
        case AgentBlocked():
            return refused(ticket, event.ref, desk, event.hint, name=event.agent.name)
        case _:
            assert_never(event)


def acted_on_merged(ticket: Ticket, event: Event, desk: Desk) -> Decision:
    """Return what an act does in the thread of a ticket that is part of another: what is said there stays there."""
    into = ticket.merged_into
    match event:
        case AgentNoted() | AgentEdited() | AgentDeleted() | AgentMistyped() | AgentBlocked() | AgentWentAway():
            return acted(ticket, event, desk)
        case AgentAskedHelp() | AgentAskedHistory() | AgentAskedTickets() | AgentSearched():
            return acted(ticket, event, desk)
        case AgentSaid():
            text = event.text if event.attachment is None else f"📎 {event.attachment}\n{event.text}".strip()
            stays = kept_inside(event.agent, event.ref, text)
            return Decision(ticket, (*stays, *hinted(ticket, desk, "hint_merged", into=into).effects))
        case AgentReplied() | AgentClosed() | AgentPromised() | AgentKeptPromise() | AgentUsedCanned():
            return refused(ticket, event.ref, desk, "hint_merged", into=into)
        case AgentClaimed() | AgentReleased() | AgentReopened() | AgentTaught() | AgentTransferred() | AgentAssigned():
            return hinted(ticket, desk, "hint_merged", into=into)
        case AgentSnoozed() | AgentConfirmed() | AgentMerged():
            return hinted(ticket, desk, "hint_merged", into=into)
        case _:
            return Decision(ticket)


def elsewhere(ticket: Ticket, event: AgentElsewhere, desk: Desk) -> Decision:
    """Return what an act does in the thread of another team: one that is offered the ticket may claim it.

    What is said there stays there; nothing else is done there.
    """
    act = event.act
    offered = ticket.transfer is not None and desk.team(ticket.transfer.team).id == desk.team(event.team).id
    match act:
        case AgentClaimed() if offered:
            return taken_over(ticket, act.agent, act.at, desk)
        case AgentSaid():
            text = act.text if act.attachment is None else f"📎 {act.attachment}\n{act.text}".strip()
            decision = Decision(ticket, kept_inside(act.agent, act.ref, text))
        case AgentReacted():
            return Decision(ticket)
        case AgentEdited() if act.sent:
            decision = not_here(ticket, act.ref, desk, offered=offered, words=False)
        case AgentReplied() | AgentClosed() | AgentPromised() | AgentKeptPromise() | AgentUsedCanned():
            decision = not_here(ticket, act.ref, desk, offered=offered, words=True)
        case (
            AgentClaimed() | AgentReleased() | AgentReopened() | AgentTransferred() | AgentAssigned() | AgentSnoozed()
        ) | (AgentConfirmed() | AgentMerged()):
            decision = not_here(ticket, act.ref, desk, offered=offered, words=False)
        case _:
            decision = acted(ticket, act, desk)
    return Decision(decision.ticket, tuple(_there(effect, event.team) for effect in decision.effects))


def _there(effect: Effect, team: str) -> Effect:
    """Return the effect in that team's thread, if it is one for agents."""
    if isinstance(effect, React) or (isinstance(effect, Say) and effect.audience is Audience.AGENTS):
        return replace(effect, team=team)
    return effect


def left(ticket: Ticket, event: AgentLeft, desk: Desk) -> Decision:
    """Free the ticket of an agent who is no longer there, and say so to the others."""
    if ticket.owner is None or ticket.owner.id != event.agent.id:
        return Decision(ticket)
    if ticket.status is Status.CLOSED:  # if it is opened again, somebody else has to take it
        return Decision(replace(ticket, owner=None))
    ticket, effects = released(ticket, event.at, desk)
    return Decision(ticket, (inside("agent_left", desk, name=event.agent.name, number=ticket.number), *effects))


def help_text(desk: Desk) -> str:
    """Return the list of commands in the agents' language."""
    language = desk.languages[0]
    return f"{say(f'help_{desk.plain_text}', language)}\n{say('help', language)}"


def _said(ticket: Ticket, event: AgentSaid, desk: Desk) -> Decision:
    mine = owns(ticket, event.agent)
    if event.attachment is not None:
        named = f"📎 {event.attachment}" + (f"\n{event.text}" if event.text else "")
        goes = mine and not event.mentions and desk.plain_text == "owner" and ticket.status is Status.HELD
        why = "hint_file" if event.file is None else refusal(event.file, desk)
        if goes and why is None:
            return goes_out(ticket, event, desk)
        if goes and why is not None:
            record = Record(Role.AGENT, Audience.AGENTS, event.agent.name, named)
            name, said = event.attachment, "" if why == "hint_file" else say(why, desk.languages[0])
            hint = "hint_file" if why == "hint_file" else "hint_file_refused"
            return Decision(ticket, (record, *refused(ticket, event.ref, desk, hint, file=name, why=said).effects))
        return Decision(ticket, kept_inside(event.agent, event.ref, named))
    if not event.text or event.mentions or not mine or desk.plain_text != "owner":
        return Decision(ticket, kept_inside(event.agent, event.ref, event.text))
    if ticket.status is not Status.HELD:
        stays = kept_inside(event.agent, event.ref, event.text)
        return Decision(ticket, (*stays, *hinted(ticket, desk, "hint_closed").effects))
    return goes_out(ticket, event, desk)


def _replied(ticket: Ticket, event: AgentReplied, desk: Desk) -> Decision:
    if ticket.status is Status.CLOSED:
        return refused(ticket, event.ref, desk, "hint_closed")
    why = None if event.file is None else refusal(event.file, desk)
    if event.file is not None and why is not None:
        said = say(why, desk.languages[0])
        return refused(ticket, event.ref, desk, "hint_file_refused", file=event.file.name, why=said)
    return _owning(ticket, event, desk)


def _owning(ticket: Ticket, said: AgentReplied, desk: Desk, *, sure: bool = False) -> Decision:
    """Send the words; whoever sends the first owns the ticket."""
    held = None if sure else held_back(ticket, said, desk)
    if held is not None:
        return held
    before: tuple[Effect, ...] = ()
    if ticket.owner is None:
        ticket, before = owned(ticket, said.agent, said.at, desk)
    decision = goes_out(ticket, said, desk, sure=sure)
    return Decision(decision.ticket, (*before, *decision.effects))


def _canned(ticket: Ticket, event: AgentUsedCanned, desk: Desk) -> Decision:
    text = used_canned(ticket, event, desk)
    if isinstance(text, Decision):
        return text
    decision = _owning(ticket, AgentReplied(event.at, event.agent, event.ref, text), desk, sure=True)
    return Decision(decision.ticket, (*decision.effects, shown_inside(event.agent, text, desk)))


def _confirmed(ticket: Ticket, event: AgentConfirmed, desk: Desk) -> Decision:
    """Send what was held back, as whoever wrote it says yes to it."""
    if ticket.status is Status.CLOSED:
        return hinted(ticket, desk, "hint_closed")
    meant = [one for one in ticket.held_back if event.of in {None, one.ref}]
    mine = [one for one in meant if one.agent.id == event.agent.id]
    if not meant:
        return hinted(ticket, desk, "hint_nothing_held")
    if not mine:
        return hinted(ticket, desk, "hint_held_by", name=meant[0].agent.name)
    effects: list[Effect] = []
    waiting = ticket.held_back
    later = waiting[waiting.index(mine[-1]) + 1 :]  # what was written before is overtaken now
    for held in mine:
        overtaken = tuple(one for one in waiting if one not in mine and one not in later)
        left = (*overtaken, *later) if held.way in {Way.CLOSED, Way.MERGED} else overtaken
        waiting = tuple(one for one in waiting if one not in overtaken)
        decision = _sent(replace(ticket, held_back=left), held, event, desk)
        effects += decision.effects
        if decision.ticket.status is Status.CLOSED:
            return Decision(decision.ticket, tuple(effects), decision.also)
        ticket = replace(decision.ticket, held_back=())
    return Decision(replace(ticket, held_back=later), tuple(effects))


def _sent(ticket: Ticket, held: HeldBack, event: AgentConfirmed, desk: Desk) -> Decision:
    """Send words that were held back, in the way in which they were written."""
    at = event.at
    match held.way:
        case Way.MERGED:
            return decide_merge.confirmed(ticket, held, event, desk)
        case Way.SAID:
            said = AgentReplied(at, held.agent, held.ref, held.text, file=held.file)
            return _owning(ticket, said, desk, sure=True)
        case Way.CLOSED:
            return closed(ticket, AgentClosed(at, held.agent, held.ref, held.text), desk, sure=True)
        case Way.KEPT:
            return kept(ticket, AgentKeptPromise(at, held.agent, held.ref, held.text), desk, sure=True)
        case _:
            assert_never(held.way)


def _claimed(ticket: Ticket, event: AgentClaimed, desk: Desk) -> Decision:
    if ticket.status is Status.CLOSED:
        return hinted(ticket, desk, "hint_closed")
    if ticket.owner is not None:
        if ticket.owner.id == event.agent.id:
            return Decision(ticket)
        return hinted(ticket, desk, "hint_owned", name=ticket.owner.name)
    return Decision(*owned(ticket, event.agent, event.at, desk))


def _released(ticket: Ticket, event: AgentReleased, desk: Desk) -> Decision:
    if ticket.status is Status.CLOSED:
        return hinted(ticket, desk, "hint_closed")
    if ticket.owner is None:
        return hinted(ticket, desk, "hint_not_owned")
    return Decision(*released(ticket, event.at, desk))


def _reopened(ticket: Ticket, event: AgentReopened, desk: Desk) -> Decision:
    if ticket.status is not Status.CLOSED:
        return hinted(ticket, desk, "hint_open")
    if ticket.newer is not None:
        return hinted(ticket, desk, "hint_newer", newer=ticket.newer)
    return Decision(*decide_customer.reopened(ticket, event.at, desk))


def _taught(ticket: Ticket, event: AgentTaught, desk: Desk) -> Decision:
    """Propose her question to the admins; it changes nothing that the bot says before one of them takes it over."""
    language = desk.languages[0]
    question = ticket.question if event.line is None else shorten(event.line)
    if not question or words.person_wanted(desk.library.fold(question)) is not None:
        return hinted(ticket, desk, "hint_nothing_asked")
    if event.entry is not None and desk.library.title(event.entry, language) is None:
        return hinted(ticket, desk, "hint_no_entry", word=event.entry[:_SHOWN_ENTRY])
    name = "proposed_new" if event.entry is None else "proposed"
    text = say(name, language, question=question, entry=event.entry)
    told = Say(Audience.AGENTS, (Literal(text),))
    return Decision(ticket, (React(event.ref, "📝"), told, Propose(event.entry, event.agent.name, event.line)))
