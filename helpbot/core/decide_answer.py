"""What the bot answers, as long as no person was called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from helpbot.core import words
from helpbot.core.decide_parts import UNDECRYPTABLE, escalated, kept_file, kept_words, spoken, tell
from helpbot.core.effects import (
    Asked,
    Content,
    Decision,
    Effect,
    Literal,
    Marked,
    Note,
    Say,
    Settled,
    StartTimer,
    Strong,
)
from helpbot.core.events import CustomerSaid
from helpbot.core.files import refusal
from helpbot.core.model import NEAR, Answer, Audience, Desk, Finding, Outcome, Reason, Role, Status, Ticket, Timer, Zone
from helpbot.core.phrases import language_name, say
from helpbot.core.status import aside
from helpbot.core.transcript import shorten

REMEMBERED = 1000  # characters of a question, as far as the FAQ reads it


def could_not_read(ticket: Ticket, event: CustomerSaid, desk: Desk) -> Decision:
    """Say that only words can be read."""
    lost = event.attachment == UNDECRYPTABLE
    again = lost and next((line.text for line in reversed(ticket.transcript) if line.role is Role.CUSTOMER), "")
    ticket = _begun(ticket, event)
    kept = kept_words(ticket, f"📎 {event.attachment}", source=event.ref)
    if event.file is not None and refusal(event.file, desk) is None:
        kept = kept_file(ticket, event.file, event.ref)
        return _spoken(ticket, event, desk, (*kept, tell(say("file_kept", spoken(ticket, desk)))))
    if again == f"📎 {UNDECRYPTABLE}":  # neither could her asking for a person be read
        return escalated(ticket, kept, Reason.BOT_FAILED, event.at, desk)
    name = "undecryptable" if lost else "no_files"
    return _spoken(ticket, event, desk, (*kept, tell(say(name, spoken(ticket, desk)))))


def answered(ticket: Ticket, event: CustomerSaid, desk: Desk) -> Decision:
    """Answer her, ask her what she means, or call a person."""
    folded, mark = desk.library.fold(event.text), words.mark_meant(event.text)
    offer, ticket = event.offered or ticket.offer, _begun(ticket, event)
    kept = kept_line(ticket, event, desk)
    language = words.person_wanted(folded)
    if language is not None or mark is words.Mark.PERSON:
        several = event.kept and "\n" in event.text  # then they are the question as well
        said = "" if language is None else shorten(event.text)  # a mark is no question
        question = shorten(event.text) if several else ticket.question or said
        ticket = replace(_speaking_first(ticket, language, desk), question=question)
        return _noting(escalated(ticket, kept, Reason.ASKED, event.at, desk), Settled(Outcome.ESCALATED))
    says_no = mark is words.Mark.NO and bool(offer or ticket.answered)
    if not says_no and not any(char.isalnum() for char in folded):
        ticket = replace(ticket, offer=offer, status=Status.OFFERED if offer else Status.BOT)
        return _spoken(ticket, event, desk, (*kept, tell(say("no_words", spoken(ticket, desk)))))
    answer = aside(ticket, event.text, event.at, desk)
    if answer is not None and desk.library.find(event.text, ticket.language, event.at).zone is not Zone.ANSWER:
        ticket = replace(answer.ticket, offer=offer, status=Status.OFFERED if offer else Status.BOT)
        return _spoken(ticket, event, desk, (*kept, tell(answer.text)))
    language = words.refused(folded)
    if says_no or (language is not None and (offer or ticket.answered or ticket.refusals)):
        ticket = _speaking_first(ticket, language, desk)
        return _noting(_refused(ticket, event, offer, desk), Settled(Outcome.REFUSED))
    if offer:
        choice = _choice(ticket, offer, folded, desk)
        if choice is not None:
            return chosen(ticket, event, choice, desk)
        if words.accepted(folded) or words.is_number(folded):
            return _offered(ticket, event, offer, desk)
    announced = _announced(ticket, event, folded, desk)
    heard_in = (("hello", words.greeted(folded)), ("welcome", words.thanked(folded)), ("what_about", announced))
    for name, heard in heard_in:
        if heard is not None:
            ticket = replace(_speaking_first(ticket, heard, desk), offer=offer)
            ticket = replace(ticket, status=Status.OFFERED if offer else Status.BOT)
            return _spoken(ticket, event, desk, (*kept, tell(say(name, spoken(ticket, desk)))))
    return _found(replace(ticket, question=shorten(event.text)), event, ticket.question or None, desk)


def _announced(ticket: Ticket, event: CustomerSaid, folded: str, desk: Desk) -> str | None:
    """Return the language of words that only announce a question; None once she was asked for it and has not said."""
    language = words.announced(folded)
    if language is None or desk.library.find(event.text, ticket.language, event.at).zone is Zone.ANSWER:
        return None
    hello, asked = ({say(name, one) for one in desk.languages} for name in ("hello", "what_about"))
    ours = (line.text for line in reversed(ticket.transcript) if line.role is Role.BOT)
    return None if next((text for text in ours if text not in hello), "") in asked else language


def is_aside(ticket: Ticket, event: CustomerSaid, desk: Desk) -> bool:
    """Tell whether she asks what the bot itself answers at any time, and no entry of the FAQ can be meant."""
    if event.attachment is not None or aside(ticket, event.text, event.at, desk) is None:
        return False
    return desk.library.find(event.text, ticket.language, event.at).zone is not Zone.ANSWER


def answers_the_bot(ticket: Ticket, event: CustomerSaid, desk: Desk) -> bool:
    """Tell whether her words are a choice, a yes or a no to what the bot said."""
    folded, mark = desk.library.fold(event.text), words.mark_meant(event.text)
    offer = event.offered or ticket.offer
    if mark is words.Mark.NO:
        return bool(offer or ticket.answered)
    if words.refused(folded) is not None and (offer or ticket.answered or ticket.refusals):
        return True
    if not offer:
        return False
    return words.accepted(folded) or words.is_number(folded) or _choice(ticket, offer, folded, desk) is not None


def asked_note(ticket: Ticket, event: CustomerSaid, desk: Desk) -> Asked:
    """Return what the FAQ makes of her words, for the admin's workshop."""
    before = ticket.question or None
    return _asked(event, before, desk.library.find(event.text, ticket.language, event.at, before))


def kept_line(ticket: Ticket, event: CustomerSaid, desk: Desk) -> tuple[Effect, ...]:
    """Return her words, or her file with what she wrote under it, for the transcript."""
    if event.kept:
        return ()
    if event.file is not None and refusal(event.file, desk) is None:
        return kept_file(ticket, event.file, event.ref)
    return kept_words(ticket, event.text, event.attachment, event.ref)


def _found(ticket: Ticket, event: CustomerSaid, before: str | None, desk: Desk) -> Decision:
    """Do what the FAQ's certainty allows; never offer again what she refused."""
    finding = desk.library.find(event.text, ticket.language, event.at, before)
    return _noting(_by_certainty(ticket, event, finding, desk), _asked(event, before, finding))


def _asked(event: CustomerSaid, before: str | None, finding: Finding) -> Asked:
    nearest = finding.candidates[0] if finding.candidates else None
    entry, confidence = (None, 0.0) if nearest is None else (nearest.entry, nearest.confidence)
    return Asked(event.text[:REMEMBERED], before, finding.language, finding.zone, entry, confidence)


def _by_certainty(ticket: Ticket, event: CustomerSaid, finding: Finding, desk: Desk) -> Decision:
    kept = kept_line(ticket, event, desk)
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
    return escalated(replace(ticket, entry=near), kept, reason, event.at, desk)


def _answering(ticket: Ticket, event: CustomerSaid, found: Sequence[tuple[str, Answer]], desk: Desk) -> Decision:
    """Say each answer, under its title when there are several; call a person where an entry wants one."""
    language = spoken(ticket, desk)
    effects = kept_line(ticket, event, desk)
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
        return escalated(ticket, effects, Reason.ENTRY if said else Reason.NOT_ANSWERED, event.at, desk)
    return _spoken(ticket, event, desk, effects)


def _offered(ticket: Ticket, event: CustomerSaid, choices: tuple[str, ...], desk: Desk) -> Decision:
    language = spoken(ticket, desk)
    titles = [(entry, desk.library.title(entry, language)) for entry in choices]
    known = [(entry, title) for entry, title in titles if title is not None]
    if not known:
        return escalated(ticket, kept_line(ticket, event, desk), Reason.UNSURE, event.at, desk)
    lines = [f"{number}. {title}" for number, (_, title) in enumerate(known, start=1)]
    marks = " ".join(f"{number}\ufe0f\u20e3" for number in range(1, len(known) + 1))
    end = say("offer_end_one", language) if len(known) == 1 else say("offer_end", language, marks=marks)
    text = "\n".join((say("offer", language), *lines, end))
    ticket = replace(ticket, status=Status.OFFERED, offer=tuple(entry for entry, _ in known))
    asked = replace(tell(text), offered=ticket.offer)
    return _spoken(ticket, event, desk, (*kept_line(ticket, event, desk), asked))


def _choice(ticket: Ticket, offer: tuple[str, ...], folded: str, desk: Desk) -> str | None:
    language = spoken(ticket, desk)
    titles = tuple(desk.library.fold(desk.library.title(entry, language) or "") for entry in offer)
    index = words.chosen(folded, titles)
    if index is None and len(offer) == 1 and words.accepted(folded):
        index = 0
    return None if index is None else offer[index]


def chosen(ticket: Ticket, event: CustomerSaid, entry: str, desk: Desk) -> Decision:
    """Answer with the entry that she chose."""
    return _noting(_chosen(_begun(ticket, event), event, entry, desk), Settled(Outcome.CHOSEN, entry, event.turn))


def asked_again(ticket: Ticket, event: CustomerSaid, offer: tuple[str, ...], desk: Desk) -> Decision:
    """Offer the same once more."""
    return _offered(_begun(ticket, event), event, offer, desk)


def _chosen(ticket: Ticket, event: CustomerSaid, entry: str, desk: Desk) -> Decision:
    answer = desk.library.answer(entry, spoken(ticket, desk), event.at)
    if answer is None:  # the FAQ changed between the offer and the choice
        return escalated(ticket, kept_line(ticket, event, desk), Reason.UNSURE, event.at, desk)
    return _answering(ticket, event, [(entry, answer)], desk)


def _refused(ticket: Ticket, event: CustomerSaid, offer: tuple[str, ...], desk: Desk) -> Decision:
    gone = offer or ticket.answered
    refused = (*ticket.refused, *gone)
    ticket = replace(ticket, refusals=ticket.refusals + 1, refused=refused, entry=None, answered=())
    kept = kept_line(ticket, event, desk)
    if ticket.refusals >= 2:
        return escalated(ticket, kept, Reason.REFUSED, event.at, desk)
    return _spoken(ticket, event, desk, (*kept, tell(say("refused_once", spoken(ticket, desk)))))


# --- small parts


def _noting(decision: Decision, note: Note) -> Decision:
    return Decision(decision.ticket, (*decision.effects, note))


def _begun(ticket: Ticket, event: CustomerSaid) -> Ticket:
    opened = event.at if ticket.status is Status.NEW else ticket.opened_at
    return replace(ticket, status=Status.BOT, opened_at=opened, offer=())


def _speaking(ticket: Ticket, language: str, desk: Desk) -> Ticket:
    return replace(ticket, language=language) if language in desk.languages else ticket


def _speaking_first(ticket: Ticket, language: str | None, desk: Desk) -> Ticket:
    """Take the language of a word that both may use ("ok", "no", "agent") only where none is known; marks have none."""
    return ticket if ticket.language is not None or language is None else _speaking(ticket, language, desk)


def _in_language_of(ticket: Ticket, finding: Finding, desk: Desk) -> Ticket:
    """Take the language of the phrasing that won; else what she wrote before, else what her words look like."""
    if finding.language is None or (finding.zone is Zone.ESCALATE and ticket.language is not None):
        return ticket
    return _speaking(ticket, finding.language, desk)


def _spoken(ticket: Ticket, event: CustomerSaid, desk: Desk, effects: tuple[Effect, ...]) -> Decision:
    return Decision(ticket, (*effects, StartTimer(Timer.IDLE, event.at + desk.idle_for)))
