"""What a ticket becomes when its customer does something, and what the bot answers.

Rule: the bot answers only while no person was called; from then on her words go to the agents and it stays silent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from helpbot.core import decide_burst, decide_choice, words
from helpbot.core.decide_after import rated_in_words
from helpbot.core.decide_parts import (
    UNDECRYPTABLE,
    called,
    escalated,
    inside,
    kept_file,
    kept_words,
    recorded,
    spoken,
    tell,
    waiting_for_a_word,
    with_people,
)
from helpbot.core.effects import (
    Amend,
    AwaitWords,
    Count,
    Decision,
    EditCard,
    Effect,
    Literal,
    Quoted,
    React,
    Say,
    StartTimer,
    StopTimer,
)
from helpbot.core.events import BotGaveUp, CustomerArrived, CustomerLeft, CustomerMarked, CustomerSaid, StrangerCame
from helpbot.core.files import refusal
from helpbot.core.model import Audience, Desk, Figure, Pending, Reason, Role, Status, Ticket, Timer
from helpbot.core.phrases import in_all, say
from helpbot.core.status import aside, wait_told
from helpbot.core.transcript import PIECE, card, pieces, shorten, who_sent

# So many messages with the bot in that time: people do not write so fast, nor so long without one who helps.
_MOST = ((timedelta(minutes=1), 15), (timedelta(hours=2), 40))
_MOST_EVER = 500  # messages in one ticket that only the bot has
_TOLD_ON_END = 5  # times: another bot that echoes "status" is answered ever more seldom from then on
_TOLD_AGAIN, _TOLD_AT_LAST = timedelta(minutes=10), timedelta(days=1)
_REASSURED_FOR = timedelta(minutes=5)  # how long "a person will come" is not said again


def arrived(ticket: Ticket, event: CustomerArrived, desk: Desk) -> Decision:
    """Greet her once; tell the agents when she comes back to an open ticket."""
    if event.first:
        languages = desk.languages if ticket.language is None else (spoken(ticket, desk),)
        silent = desk.offers.silent_for
        later: tuple[Effect, ...] = () if silent is None else (AwaitWords(event.at + silent),)
        return Decision(ticket, (tell(in_all("greeting", languages)), *later))
    if with_people(ticket):
        ticket, shown = reached(_moved(ticket, event.room, gone=False), desk)
        return Decision(ticket, (inside("customer_back", desk, name=ticket.name_in(event.room)), *shown))
    return Decision(ticket)


def _moved(ticket: Ticket, room: int | None, *, gone: bool) -> Ticket:
    """Return the ticket as its customer left a room, or is back there; she is spoken to in one where she is, if any."""
    others = tuple(replace(one, gone=gone) if one.number == room else one for one in ticket.merged)
    ticket = replace(ticket, merged=others, gone=gone if room is None else ticket.gone)
    rooms = (ticket.speaks_in, None, *(one.number for one in ticket.merged))
    return replace(ticket, speaks_in=next((room for room in rooms if ticket.is_in(room)), ticket.speaks_in))


def left(ticket: Ticket, event: CustomerLeft, desk: Desk) -> Decision:
    """Tell the agents that nothing reaches her; a ticket that only the bot had is over."""
    name = ticket.name_in(event.room)
    if ticket.carded:
        ticket = _moved(ticket, event.room, gone=True)
    if with_people(ticket):
        left_one = "customer_left_one" if ticket.is_in(ticket.speaks_in) else "customer_left"
        return Decision(ticket, (inside(left_one, desk, name=name),))
    if ticket.status in {Status.BOT, Status.OFFERED}:
        stopped = (StopTimer(Timer.ANSWER),) if ticket.pending else ()
        closed = replace(ticket, status=Status.CLOSED, closed_at=event.at, offer=(), pending=(), undo=None)
        return Decision(closed, (StopTimer(Timer.IDLE), *stopped))
    return Decision(ticket)


def bot_gave_up(ticket: Ticket, event: BotGaveUp, desk: Desk) -> Decision:
    """Hand her words to a person, by the shortest way that there is; none are new when it failed over what waited."""
    if ticket.carded:
        if not event.text:
            return Decision(ticket)
        return _shown(ticket, CustomerSaid(event.at, event.text, ref=event.ref), desk, understood=False)
    ticket = replace(ticket, offer=(), closed_at=None)
    if not event.text:
        return escalated(ticket, (), event.reason, event.at, desk)
    if ticket.pending:
        last = Pending(event.text, event.ref, event.at, event.at)
        ticket = replace(ticket, pending=(*ticket.pending, last))
    ticket = replace(ticket, question=shorten(event.text))
    kept = kept_words(ticket, event.text, source=event.ref)
    return escalated(ticket, kept, event.reason, event.at, desk)


def stranger_came(ticket: Ticket, event: StrangerCame, desk: Desk) -> Decision:
    """Tell the agents that nothing can be said in her room; what the bot had goes to them, without a word there."""
    if with_people(ticket):
        return Decision(ticket, (inside("stranger_came", desk, name=event.name),))
    if ticket.status in {Status.BOT, Status.OFFERED}:
        return escalated(ticket, (), Reason.CROWDED, event.at, desk)
    return Decision(ticket)


def strangers_gone(ticket: Ticket, desk: Desk) -> Decision:
    """Tell the agents that they can write to her again."""
    if with_people(ticket):
        return Decision(ticket, (inside("strangers_gone", desk, name=ticket.customer.name),))
    return Decision(ticket)


def said(ticket: Ticket, event: CustomerSaid, desk: Desk) -> Decision:
    """Answer her, ask her what she means, or show her words to the agents."""
    if ticket.carded:
        return _shown(ticket, event, desk)
    ticket, _ = reached(ticket, desk)
    if _writes_like_a_bot(ticket, event.written or event.at):
        file = None if event.attachment is None else f"📎 {event.attachment}"
        said_so = "\n".join(part for part in (file, event.text) if part)
        return bot_gave_up(ticket, BotGaveUp(event.at, said_so, Reason.LOOP, event.ref), desk)
    if decide_burst.parted(ticket, event, desk):
        first = decide_burst.due(ticket, event.at, desk)
        return two(ticket, first, event.at, lambda now: said(now, replace(event, unsent=False), desk))
    if decide_burst.withdrawable(ticket, event, desk):
        ticket, withdrawn = decide_burst.withdrawn(ticket, event.at)
        again = said(ticket, replace(event, unsent=False), desk)
        waits = StartTimer(Timer.ANSWER, event.at + desk.burst)  # for what is not answered with her words
        return Decision(again.ticket, (withdrawn, waits, *again.effects))
    return decide_burst.line(replace(ticket, closed_at=None, undo=None), event, desk)


def two(before: Ticket, first: Decision, at: datetime, second: Callable[[Ticket], Decision]) -> Decision:
    """Return what was decided before her words, and then what they come to."""
    known = recorded(replace(first.ticket, transcript=before.transcript), first.effects, at)
    then = second(first.ticket if first.ticket.carded else known)
    after = then.ticket if then.ticket.carded else replace(then.ticket, transcript=before.transcript)
    return Decision(after, (*first.effects, *then.effects))


def marked(ticket: Ticket, event: CustomerMarked, desk: Desk) -> Decision:
    """Take her reaction for the choice, the no, or the call for a person that it is."""
    if ticket.carded or words.mark_meant(event.symbol) is None:
        return Decision(ticket)
    if _writes_like_a_bot(ticket, event.at):
        return bot_gave_up(ticket, BotGaveUp(event.at, event.symbol, Reason.LOOP, event.ref), desk)
    return decide_choice.marked(replace(ticket, undo=None), event, desk)


def _writes_like_a_bot(ticket: Ticket, at: datetime) -> bool:
    """Tell whether she wrote so much lately that two bots may be answering each other.

    When it was written counts: what a desk reads at once was not said at once, and clocks are set back. But her server
    says when, so that nobody writes without end.
    """
    ages = [at - line.at for line in ticket.transcript if line.role is Role.CUSTOMER]
    if len(ages) >= _MOST_EVER:
        return True
    return any(sum(timedelta() <= age < within for age in ages) >= most for within, most in _MOST)


def reached(ticket: Ticket, desk: Desk) -> tuple[Ticket, tuple[Effect, ...]]:
    """Return the ticket as one whose customer can be reached, with the card that shows it."""
    if not ticket.undeliverable:
        return ticket, ()
    ticket = replace(ticket, undeliverable=False)
    return ticket, (EditCard(card(ticket, desk)),) if ticket.carded else ()


# --- a person has been called: her words go to the thread


def _shown(ticket: Ticket, event: CustomerSaid, desk: Desk, *, understood: bool = True) -> Decision:
    """Show her words in the thread; a closed ticket is open again, with its owner.

    Words over which the bot failed are not `understood`: nothing is asked of them once more.
    """
    if understood and event.corrects is not None and len(event.text) <= PIECE:
        corrected = (Amend(event.corrects, event.text),)
        if with_people(ticket) and ticket.answered_at is None:  # whoever reads it has yet to answer
            return Decision(ticket, corrected)
        shown = _shown(ticket, replace(event, corrects=None), desk)
        return Decision(shown.ticket, (*corrected, *shown.effects))
    answer = aside(ticket, event.text, event.at, desk) if understood and event.attachment is None else None
    if ticket.status is Status.CLOSED and understood and answer is None:
        rated = rated_in_words(ticket, event, desk)
        if rated is not None:
            return rated
    before: tuple[Effect, ...] = ()
    after: tuple[Effect, ...] = ()
    if answer is not None:
        ticket, after = _told_status(answer.ticket, answer.text, event.at)
        if with_people(ticket):  # it is a word of hers all the same
            if answer.asks and not ticket.open_promises:
                ticket = waiting_for_a_word(ticket, event.at)
            elif ticket.answered_at is not None:
                ticket = replace(ticket, answered_at=event.at, warned_at=None)
            ticket, woke = _awake(ticket, event.at, desk)
            after = (*woke, *after)
    elif ticket.status is Status.CLOSED:
        ticket, after = reopened(ticket, event.at, desk)
        before = (inside("reopened_card", desk, name=ticket.speaker),)
    elif understood and _only_thanks(ticket, event, desk):
        ticket, after = _awake(replace(ticket, answered_at=event.at, warned_at=None), event.at, desk)
    else:
        if understood and _asks_for_a_person_again(ticket, event, desk):
            ticket = replace(ticket, reassured_at=event.at)
            waits = say("still_waiting", spoken(ticket, desk), number=ticket.number)
            after = (tell(" ".join((waits, *wait_told(ticket, event.at, desk)))),)
        ticket, woke = _awake(waiting_for_a_word(ticket, event.at), event.at, desk)
        after = (*woke, *after)
    ticket, seen = reached(ticket, desk)
    return Decision(ticket, (*before, *_in_thread(ticket, event, desk), *after, *seen))


def _told_status(ticket: Ticket, text: str, at: datetime) -> tuple[Ticket, tuple[Effect, ...]]:
    """Answer what the bot itself answers at any time; so often on end that no person misses it, and no bot loops."""
    times = ticket.told_status
    if times >= _TOLD_ON_END and ticket.told_status_at is not None:
        pause = min(_TOLD_AGAIN * 2 ** min(times - _TOLD_ON_END, 10), _TOLD_AT_LAST)
        if timedelta() <= at - ticket.told_status_at < pause:
            return ticket, ()
    return replace(ticket, told_status=times + 1, told_status_at=at), (tell(text),)


def _only_thanks(ticket: Ticket, event: CustomerSaid, desk: Desk) -> bool:
    """Tell whether she thanks for what she was told, which nobody has to answer."""
    answered = ticket.answered_at is not None and event.attachment is None
    return answered and words.grateful(event.text, desk.library.fold(event.text))


def _awake(ticket: Ticket, at: datetime, desk: Desk) -> tuple[Ticket, tuple[Effect, ...]]:
    """Bring a ticket back that was put aside, for she has written."""
    if ticket.snoozed_until is None:
        return ticket, ()
    ticket = replace(ticket, snoozed_until=None)
    if ticket.waits_since is not None:
        ticket = waiting_for_a_word(ticket, at, anew=True)
    owner = () if ticket.owner is None else (ticket.owner,)
    text = Literal(say("woken_by_her", desk.languages[0], number=ticket.number))
    return ticket, (Say(Audience.AGENTS, (*called(owner), text)), EditCard(card(ticket, desk)))


def _asks_for_a_person_again(ticket: Ticket, event: CustomerSaid, desk: Desk) -> bool:
    """Tell whether she asks for a person while she waits for one, and was not told lately that one will come."""
    if ticket.status is not Status.WAITING or words.person_wanted(desk.library.fold(event.text)) is None:
        return False
    return ticket.reassured_at is None or event.at - ticket.reassured_at >= _REASSURED_FOR


def reopened(ticket: Ticket, at: datetime, desk: Desk) -> tuple[Ticket, tuple[Effect, ...]]:
    """Return the ticket open again, with the owner that it had, and what that brings with it."""
    owner = ticket.owner
    status = Status.WAITING if owner is None else Status.HELD
    ticket = waiting_for_a_word(replace(ticket, status=status, closed_at=None), at, anew=True)
    name = "reopened" if owner is None else "reopened_owner"
    text = say(name, spoken(ticket, desk), number=ticket.number, name="" if owner is None else owner.name)
    return ticket, (EditCard(card(ticket, desk)), tell(text), Count(Figure.REOPENED))


def _in_thread(ticket: Ticket, event: CustomerSaid, desk: Desk) -> tuple[Effect, ...]:
    language, name = desk.languages[0], ticket.speaker
    effects: list[Effect] = []
    if event.file is not None and refusal(event.file, desk) is None:
        answers = None if event.text else event.answers
        shown = (Quoted(who_sent(name, event.text), event.text, event.ref), replace(event.file, text=""))
        return (*kept_file(ticket, event.file, event.ref), Say(Audience.AGENTS, shown, answers=answers))
    if event.text:
        author = say("edited", language, name=name) if event.edited else name
        effects += kept_words(ticket, event.text, source=event.ref)
        for number, piece in enumerate(pieces(event.text)):
            answers = event.answers if number == 0 else None
            effects.append(Say(Audience.AGENTS, (Quoted(author, piece, event.ref),), answers=answers))
    if event.attachment == UNDECRYPTABLE:
        effects.append(inside("lost_words", desk, name=name))
    elif event.file is not None:
        why = refusal(event.file, desk) or "why_file_type"
        effects += kept_words(ticket, f"📎 {event.attachment}", source=event.ref)
        effects.append(inside("file_refused_inside", desk, name=name, file=event.file.name, why=say(why, language)))
        hers = spoken(ticket, desk)
        effects.append(tell(say("file_refused", hers, file=event.file.name, why=say(why, hers))))
    elif event.attachment is not None:
        effects += kept_words(ticket, f"📎 {event.attachment}", source=event.ref)
        effects.append(inside("file_shown", desk, name=name, file=event.attachment))
        if event.ref is not None:  # a mark and no words: the bot keeps silent while people talk
            effects.append(React(event.ref, "❌", audience=Audience.CUSTOMER))
    return tuple(effects)
