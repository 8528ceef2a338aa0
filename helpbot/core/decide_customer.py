"""What a ticket becomes when its customer does something, and what the bot answers.

Rule: the bot answers only while no person was called; from then on her words go to the agents and it stays silent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from helpbot.core import words
from helpbot.core.effects import (
    Asked,
    Content,
    Decision,
    EditCard,
    Effect,
    Literal,
    Marked,
    Note,
    PostCard,
    Quoted,
    Record,
    Say,
    Settled,
    StartTimer,
    StopTimer,
    Strong,
)
from helpbot.core.events import BotFailed, CustomerArrived, CustomerLeft, CustomerSaid
from helpbot.core.model import NEAR, Answer, Audience, Desk, Entry, Finding, Outcome, Reason, Role, Status, Ticket, Zone
from helpbot.core.phrases import in_all, language_name, say
from helpbot.core.transcript import card, pieces, shorten, told

_UNDECRYPTABLE = "undecryptable"
_REMEMBERED = 1000  # characters of a question, as far as the FAQ reads it


def arrived(ticket: Ticket, event: CustomerArrived, desk: Desk) -> Decision:
    """Greet her once; tell the agents when she comes back to an open ticket."""
    if event.first:
        languages = desk.languages if ticket.language is None else (spoken(ticket, desk),)
        return Decision(ticket, (_tell(in_all("greeting", languages)),))
    if _with_people(ticket):
        return Decision(ticket, (_inside("customer_back", desk, name=ticket.customer.name),))
    return Decision(ticket)


def left(ticket: Ticket, event: CustomerLeft, desk: Desk) -> Decision:
    """Tell the agents that nothing reaches her; a ticket that only the bot had is over."""
    if _with_people(ticket):
        return Decision(ticket, (_inside("customer_left", desk, name=ticket.customer.name),))
    if ticket.status in {Status.BOT, Status.OFFERED}:
        closed = replace(ticket, status=Status.CLOSED, closed_at=event.at, offer=())
        return Decision(closed, (StopTimer("idle"),))
    return Decision(ticket)


def bot_failed(ticket: Ticket, event: BotFailed, desk: Desk) -> Decision:
    """Hand her words to a person, by the shortest way that there is."""
    if ticket.carded:
        return _shown(ticket, CustomerSaid(event.at, event.text), desk, understood=False)
    ticket = replace(ticket, question=shorten(event.text), offer=(), closed_at=None)
    return _escalated(ticket, _kept(ticket, event.text), Reason.BOT_FAILED, event.at, desk)


def said(ticket: Ticket, event: CustomerSaid, desk: Desk) -> Decision:
    """Answer her, ask her what she means, or show her words to the agents."""
    if ticket.carded:
        return _shown(ticket, event, desk)
    ticket = replace(ticket, closed_at=None)
    if event.attachment is not None and not event.text:
        return _could_not_read(ticket, event, desk)
    return _answered(ticket, event, desk)


# --- a person has been called: her words go to the thread


def _shown(ticket: Ticket, event: CustomerSaid, desk: Desk, *, understood: bool = True) -> Decision:
    """Show her words in the thread; a closed ticket is open again, with its owner.

    Words over which the bot failed are not `understood`: nothing is asked of them once more.
    """
    before: tuple[Effect, ...] = ()
    after: tuple[Effect, ...] = ()
    if ticket.status is Status.CLOSED:
        ticket, after = reopened(ticket, desk)
        before = (_inside("reopened_card", desk, name=ticket.customer.name),)
    elif understood and ticket.status is Status.WAITING and words.person_wanted(desk.library.fold(event.text)):
        after = (_tell(say("still_waiting", spoken(ticket, desk), number=ticket.number)),)
    return Decision(ticket, (*before, *_in_thread(ticket, event, desk), *after))


def reopened(ticket: Ticket, desk: Desk) -> tuple[Ticket, tuple[Effect, ...]]:
    """Return the ticket open again, with the owner that it had, and what that brings with it."""
    owner = ticket.owner
    status = Status.WAITING if owner is None else Status.HELD
    ticket = replace(ticket, status=status, closed_at=None)
    name = "reopened" if owner is None else "reopened_owner"
    text = say(name, spoken(ticket, desk), number=ticket.number, name="" if owner is None else owner.name)
    return ticket, (EditCard(card(ticket, desk)), _tell(text))


def _in_thread(ticket: Ticket, event: CustomerSaid, desk: Desk) -> tuple[Effect, ...]:
    language, name = desk.languages[0], ticket.customer.name
    effects: list[Effect] = []
    if event.text:
        author = say("edited", language, name=name) if event.edited else name
        effects += _kept(ticket, event.text)
        effects += [Say(Audience.AGENTS, (Quoted(author, piece),)) for piece in pieces(event.text)]
    if event.attachment == _UNDECRYPTABLE:
        effects.append(_inside("lost_words", desk, name=name))
    elif event.attachment is not None:
        effects += _kept(ticket, f"📎 {event.attachment}")
        effects.append(_inside("file_shown", desk, name=name, file=event.attachment))
    return tuple(effects)


# --- the bot answers


def _could_not_read(ticket: Ticket, event: CustomerSaid, desk: Desk) -> Decision:
    ticket = _begun(ticket, event)
    name = "undecryptable" if event.attachment == _UNDECRYPTABLE else "no_files"
    kept = _kept(ticket, f"📎 {event.attachment}")
    return _spoken(ticket, event, desk, (*kept, _tell(say(name, spoken(ticket, desk)))))


def _answered(ticket: Ticket, event: CustomerSaid, desk: Desk) -> Decision:
    folded = desk.library.fold(event.text)
    offer, ticket = ticket.offer, _begun(ticket, event)
    kept = _kept(ticket, event.text)
    language = words.person_wanted(folded)
    if language is not None:
        question = ticket.question or shorten(event.text)
        ticket = replace(_speaking_first(ticket, language, desk), question=question)
        return _noting(_escalated(ticket, kept, Reason.ASKED, event.at, desk), Settled(Outcome.ESCALATED))
    if not any(char.isalnum() for char in folded):
        ticket = replace(ticket, offer=offer, status=Status.OFFERED if offer else Status.BOT)
        return _spoken(ticket, event, desk, (*kept, _tell(say("no_words", spoken(ticket, desk)))))
    language = words.refused(folded)
    if language is not None and (offer or ticket.answered or ticket.refusals):
        ticket = _speaking_first(ticket, language, desk)
        return _noting(_refused(ticket, event, offer, desk), Settled(Outcome.REFUSED))
    if offer:
        choice = _choice(ticket, offer, folded, desk)
        if choice is not None:
            return _noting(_chosen(ticket, event, choice, desk), Settled(Outcome.CHOSEN, choice))
        if words.accepted(folded) or words.is_number(folded):
            return _offered(ticket, event, offer, desk)
    for name, heard in (("hello", words.greeted(folded)), ("welcome", words.thanked(folded))):
        if heard is not None:
            ticket = replace(_speaking_first(ticket, heard, desk), offer=offer)
            ticket = replace(ticket, status=Status.OFFERED if offer else Status.BOT)
            return _spoken(ticket, event, desk, (*kept, _tell(say(name, spoken(ticket, desk)))))
    return _found(replace(ticket, question=shorten(event.text)), event, ticket.question or None, desk)


def _found(ticket: Ticket, event: CustomerSaid, before: str | None, desk: Desk) -> Decision:
    """Do what the FAQ's certainty allows; never offer again what she refused."""
    finding = desk.library.find(event.text, ticket.language, event.at, before)
    decision = _by_certainty(ticket, event, finding, desk)
    nearest = finding.candidates[0] if finding.candidates else None
    entry, confidence = (None, 0.0) if nearest is None else (nearest.entry, nearest.confidence)
    asked = Asked(event.text[:_REMEMBERED], before, finding.language, finding.zone, entry, confidence)
    return _noting(decision, asked)


def _by_certainty(ticket: Ticket, event: CustomerSaid, finding: Finding, desk: Desk) -> Decision:
    kept = _kept(ticket, event.text)
    ticket = _in_language_of(ticket, finding, desk)
    best = finding.candidates[0].entry if finding.candidates else None
    if finding.zone is Zone.ANSWER and best is not None:
        asked = [entry for entry in finding.answers or (best,) if entry not in ticket.refused]
        found = [(entry, desk.library.answer(entry, spoken(ticket, desk), event.at)) for entry in asked]
        answers = [(entry, answer) for entry, answer in found if answer is not None]
        if answers:
            return _answering(ticket, event, answers, desk)
    choices = tuple(entry for entry in finding.choices if entry not in ticket.refused)
    if finding.zone is Zone.SUGGEST and choices:
        return _offered(ticket, event, choices, desk)
    reason = Reason.REFUSED if best in ticket.refused else Reason.UNSURE
    near = best if finding.candidates and finding.candidates[0].confidence >= NEAR else None
    answer = None if near is None else desk.library.answer(near, spoken(ticket, desk), event.at)
    if near is not None and answer is not None and not answer.text:
        return _answering(ticket, event, [(near, answer)], desk)
    return _escalated(replace(ticket, entry=near), kept, reason, event.at, desk)


def _answering(ticket: Ticket, event: CustomerSaid, found: Sequence[tuple[str, Answer]], desk: Desk) -> Decision:
    """Say each answer, under its title when there are several; call a person where an entry wants one."""
    language = spoken(ticket, desk)
    effects = _kept(ticket, event.text)
    for number, (entry, answer) in enumerate(found, start=1):
        if not answer.text:
            continue
        content: Content = (Marked(answer.text),)
        if answer.language != language:
            named = language_name(answer.language, language)
            content = (Literal(say("only_in", language, language=named)), *content)
        if len(found) > 1:
            title = desk.library.title(entry, language) or entry
            content = (Strong(f"{number}. {title}"), *content)
        effects = (*effects, Say(Audience.CUSTOMER, content))
    wanted = next((answer for _, answer in found if answer.always_escalate), found[0][1])
    answered = tuple(entry for entry, _ in found)
    ticket = replace(ticket, status=Status.BOT, entry=answered[0], answered=answered, offer=())
    ticket = replace(ticket, team=desk.team(wanted.team).id)
    if wanted.always_escalate:
        said = any(answer.text for _, answer in found)
        return _escalated(ticket, effects, Reason.ENTRY if said else Reason.NOT_ANSWERED, event.at, desk)
    return _spoken(ticket, event, desk, effects)


def _offered(ticket: Ticket, event: CustomerSaid, choices: tuple[str, ...], desk: Desk) -> Decision:
    language = spoken(ticket, desk)
    titles = [(entry, desk.library.title(entry, language)) for entry in choices]
    known = [(entry, title) for entry, title in titles if title is not None]
    if not known:
        return _escalated(ticket, _kept(ticket, event.text), Reason.UNSURE, event.at, desk)
    lines = [f"{number}. {title}" for number, (_, title) in enumerate(known, start=1)]
    text = "\n".join((say("offer", language), *lines, say("offer_end", language)))
    ticket = replace(ticket, status=Status.OFFERED, offer=tuple(entry for entry, _ in known))
    return _spoken(ticket, event, desk, (*_kept(ticket, event.text), _tell(text)))


def _choice(ticket: Ticket, offer: tuple[str, ...], folded: str, desk: Desk) -> str | None:
    language = spoken(ticket, desk)
    titles = tuple(desk.library.fold(desk.library.title(entry, language) or "") for entry in offer)
    index = words.chosen(folded, titles)
    if index is None and len(offer) == 1 and words.accepted(folded):
        index = 0
    return None if index is None else offer[index]


def _chosen(ticket: Ticket, event: CustomerSaid, entry: str, desk: Desk) -> Decision:
    answer = desk.library.answer(entry, spoken(ticket, desk), event.at)
    if answer is None:  # the FAQ changed between the offer and the choice
        return _escalated(ticket, _kept(ticket, event.text), Reason.UNSURE, event.at, desk)
    return _answering(ticket, event, [(entry, answer)], desk)


def _refused(ticket: Ticket, event: CustomerSaid, offer: tuple[str, ...], desk: Desk) -> Decision:
    gone = offer or ticket.answered
    refused = (*ticket.refused, *gone)
    ticket = replace(ticket, refusals=ticket.refusals + 1, refused=refused, entry=None, answered=())
    kept = _kept(ticket, event.text)
    if ticket.refusals >= 2:
        return _escalated(ticket, kept, Reason.REFUSED, event.at, desk)
    return _spoken(ticket, event, desk, (*kept, _tell(say("refused_once", spoken(ticket, desk)))))


def _escalated(ticket: Ticket, effects: tuple[Effect, ...], reason: Reason, at: datetime, desk: Desk) -> Decision:
    """Call a person: the card, the transcript with what this very decision adds to it, and a word to her."""
    ticket = replace(ticket, status=Status.WAITING, reason=reason, offer=(), carded=True)
    transcript = (*ticket.transcript, *_lines(effects, ticket, at))
    shown = [Say(Audience.AGENTS, content) for content in told(transcript, desk)]
    promise = _tell(say(f"escalated_{reason.value}", spoken(ticket, desk), number=ticket.number))
    done = (*effects, PostCard(card(ticket, desk)), *shown, promise, StopTimer("idle"))
    return Decision(replace(ticket, transcript=()), done)


# --- small parts


def _noting(decision: Decision, note: Note) -> Decision:
    return Decision(decision.ticket, (*decision.effects, note))


def spoken(ticket: Ticket, desk: Desk) -> str:
    """Return the language to speak to her in."""
    return ticket.language if ticket.language is not None else desk.languages[0]


def _begun(ticket: Ticket, event: CustomerSaid) -> Ticket:
    opened = event.at if ticket.status is Status.NEW else ticket.opened_at
    return replace(ticket, status=Status.BOT, opened_at=opened, offer=())


def _speaking(ticket: Ticket, language: str, desk: Desk) -> Ticket:
    return replace(ticket, language=language) if language in desk.languages else ticket


def _speaking_first(ticket: Ticket, language: str, desk: Desk) -> Ticket:
    """Take the language of a word that both may use ("ok", "no", "agent") only where none is known."""
    return ticket if ticket.language is not None else _speaking(ticket, language, desk)


def _in_language_of(ticket: Ticket, finding: Finding, desk: Desk) -> Ticket:
    """Take the language of the phrasing that won; else what she wrote before, else what her words look like."""
    if finding.language is None or (finding.zone is Zone.ESCALATE and ticket.language is not None):
        return ticket
    return _speaking(ticket, finding.language, desk)


def _spoken(ticket: Ticket, event: CustomerSaid, desk: Desk, effects: tuple[Effect, ...]) -> Decision:
    return Decision(ticket, (*effects, StartTimer("idle", event.at + desk.idle_for)))


def _with_people(ticket: Ticket) -> bool:
    return ticket.status in {Status.WAITING, Status.HELD}


def _tell(text: str) -> Say:
    return Say(Audience.CUSTOMER, (Literal(text),))


def _inside(name: str, desk: Desk, /, **values: object) -> Say:
    return Say(Audience.AGENTS, (Literal(say(name, desk.languages[0], **values)),))


def _kept(ticket: Ticket, text: str) -> tuple[Effect, ...]:
    return (Record(Role.CUSTOMER, Audience.CUSTOMER, ticket.customer.name, text),)


def _lines(effects: tuple[Effect, ...], ticket: Ticket, at: datetime) -> tuple[Entry, ...]:
    """Return the lines that these effects add to the transcript."""
    found: list[Entry] = []
    for effect in effects:
        match effect:
            case Record():
                found.append(Entry(effect.role, effect.audience, effect.author, effect.text, at))
            case Say(audience=Audience.CUSTOMER):
                marked = any(isinstance(block, Marked) for block in effect.content)
                text = ("\n\n" if marked else "\n").join(block.text for block in effect.content)
                found.append(Entry(effect.role, effect.audience, effect.author, text, at, marked))
            case _:
                pass
    return tuple(found)
