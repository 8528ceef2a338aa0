"""Lines that a customer writes one after another are one question: they wait for a little quiet, and get one answer.

Rule: every line is in the transcript as it comes; only the answer waits, in the ticket and by a timer of its own, so
that a crash neither loses a line nor answers it twice. Rule: an answer that has not gone out is withdrawn when she goes
on; a person who was called never is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from helpbot.core import words
from helpbot.core.decide_answer import answered, answers_the_bot, asked_note, could_not_read, is_aside, kept_line
from helpbot.core.decide_parts import joined, recorded
from helpbot.core.effects import Amend, Decision, Effect, Say, Settled, StartTimer, StopTimer, Withdraw
from helpbot.core.events import CustomerSaid
from helpbot.core.model import Audience, Desk, Pending, Role, Status, Ticket, Timer, Undo, Zone
from helpbot.core.transcript import shorten

_LONGEST = 2  # so many times the quiet time an answer waits at most, however many lines come


def line(ticket: Ticket, event: CustomerSaid, desk: Desk) -> Decision:
    """Let her line wait for its answer with those before it, or do at once what does not wait."""
    if event.attachment is not None and not event.text:
        return could_not_read(ticket, event, desk)
    if waits(ticket, event):
        return _corrected(ticket, event, desk)
    if words.wants_person(event.text, desk.library.fold(event.text)):
        return called(ticket, event, desk)
    if event.attachment is not None:
        return _under_a_file(ticket, event, desk)
    if not desk.burst or event.edited or is_aside(ticket, event, desk):
        return answered(ticket, event, desk)
    if answers_the_bot(ticket, event, desk):
        return answered(without_chatter(ticket, event, desk), event, desk)
    new = Pending(event.text, event.ref, event.written or event.at, event.at)
    return _waiting(replace(ticket, pending=(*ticket.pending, new)), kept_line(ticket, event, desk), event.at, desk)


def waits(ticket: Ticket, event: CustomerSaid) -> bool:
    """Tell whether this corrects a line that waits for its answer."""
    return event.edited and event.ref is not None and any(one.ref == event.ref for one in ticket.pending)


def parted(ticket: Ticket, event: CustomerSaid, desk: Desk) -> bool:
    """Tell whether she wrote this so long after what waits that it is another question, whenever both were read."""
    if not ticket.pending or waits(ticket, event):
        return False
    return abs((event.written or event.at) - ticket.pending[-1].written) > desk.burst


def withdrawable(ticket: Ticket, event: CustomerSaid, desk: Desk) -> bool:
    """Tell whether her words take the place of an answer that has not gone out yet."""
    if ticket.undo is None or not event.unsent or not event.text or is_aside(ticket, event, desk):
        return False
    return timedelta() <= (event.written or event.at) - ticket.undo.lines[-1].written <= desk.burst


def withdrawn(ticket: Ticket, at: datetime) -> tuple[Ticket, Withdraw]:
    """Return the ticket as it was before that answer, with the lines that waited for it."""
    undo = ticket.undo
    assert undo is not None, "the caller has looked"  # noqa: S101
    transcript = ticket.transcript
    for _ in range(undo.said):
        if transcript and (transcript[-1].role, transcript[-1].audience) == (Role.BOT, Audience.CUSTOMER):
            transcript = transcript[:-1]
    lines = tuple(replace(one, at=at) for one in undo.lines)
    before = replace(ticket, status=undo.status, team=undo.team, language=undo.language, question=undo.question)
    before = replace(before, entry=undo.entry, answered=undo.answered, offer=undo.offer, refusals=undo.refusals)
    before = replace(before, refused=undo.refused, undo=None, pending=lines, transcript=transcript)
    return before, Withdraw(ticket.turn)


def due(ticket: Ticket, at: datetime, desk: Desk) -> Decision:
    """Answer what waits, as one question."""
    lines = ticket.pending
    if not lines or ticket.carded:
        return Decision(replace(ticket, pending=()))
    event = CustomerSaid(at, joined(lines), written=lines[-1].written, ref=lines[-1].ref, kept=True)
    decision = answered(replace(ticket, pending=()), event, desk)
    said = [effect for effect in decision.effects if isinstance(effect, Say) and effect.audience is Audience.CUSTOMER]
    settled = any(isinstance(effect, Settled) for effect in decision.effects)
    after = decision.ticket
    if said and not settled and not after.carded:
        after = replace(after, undo=_undo(ticket, lines, len(said)))
    return Decision(after, (*decision.effects, StopTimer(Timer.ANSWER)))


def deleted(ticket: Ticket, source: str, at: datetime, desk: Desk) -> tuple[Ticket, tuple[Effect, ...]]:
    """Return the ticket without a line that she took back before it was answered, or could be answered anew.

    When nothing waits any more it is idle, and ends like any other that is.
    """
    if ticket.undo is not None and any(one.ref == source for one in ticket.undo.lines):
        ticket = replace(ticket, undo=None)
    left = tuple(one for one in ticket.pending if one.ref != source)
    if left or not ticket.pending:
        return replace(ticket, pending=left), ()
    return replace(ticket, pending=()), (StopTimer(Timer.ANSWER), StartTimer(Timer.IDLE, at + desk.idle_for))


def called(ticket: Ticket, event: CustomerSaid, desk: Desk) -> Decision:
    """Call a person at once; what waits is what she called one for."""
    if not ticket.pending:
        return answered(ticket, event, desk)
    text = joined(ticket.pending)
    asked = asked_note(ticket, replace(event, text=text), desk)
    decision = answered(replace(ticket, question=shorten(text), pending=()), event, desk)
    return Decision(decision.ticket, (asked, *decision.effects, StopTimer(Timer.ANSWER)))


def without_chatter(ticket: Ticket, event: CustomerSaid, desk: Desk) -> Ticket:
    """Return the ticket without waiting lines that the FAQ knows nothing of: "oh sorry", before she chooses.

    A question among them keeps waiting: it gets its own answer.
    """
    if not ticket.pending:
        return ticket
    zone = asked_note(ticket, replace(event, text=joined(ticket.pending)), desk).zone
    return replace(ticket, pending=()) if zone is Zone.ESCALATE else ticket


# --- what is waited for


def _waiting(ticket: Ticket, effects: Sequence[Effect], at: datetime, desk: Desk) -> Decision:
    """Let the quiet time begin anew, up to a point."""
    if ticket.status not in {Status.BOT, Status.OFFERED}:
        opened = at if ticket.status is Status.NEW else ticket.opened_at
        ticket = replace(ticket, status=Status.BOT, opened_at=opened, offer=())
    end = min(at + desk.burst, max(ticket.pending[0].at, at - _LONGEST * desk.burst) + _LONGEST * desk.burst)
    return Decision(ticket, (*effects, StartTimer(Timer.ANSWER, end)))


def _corrected(ticket: Ticket, event: CustomerSaid, desk: Desk) -> Decision:
    """Put her correction in the place of the line that waits."""
    assert event.ref is not None, "the caller has looked"  # noqa: S101
    changed = Amend(event.ref, event.text)
    others = tuple(one for one in ticket.pending if one.ref != event.ref)
    lines = tuple(replace(one, text=event.text) if one.ref == event.ref else one for one in ticket.pending)
    transcript = tuple(
        replace(entry, text=event.text) if entry.source == event.ref else entry for entry in ticket.transcript
    )
    ticket = replace(ticket, transcript=transcript)
    if words.wants_person(event.text, desk.library.fold(event.text)):
        person = called(replace(ticket, pending=others), replace(event, kept=True), desk)
        return Decision(person.ticket, (changed, *person.effects, StopTimer(Timer.ANSWER)))
    return _waiting(replace(ticket, pending=lines), (changed,), event.at, desk)


def _under_a_file(ticket: Ticket, event: CustomerSaid, desk: Desk) -> Decision:
    """Answer what she wrote under a file at once, with what waits."""
    if not ticket.pending:
        return answered(ticket, event, desk)
    kept = kept_line(ticket, event, desk)
    whole = replace(event, text="\n".join((joined(ticket.pending), event.text)), kept=True)
    decision = answered(recorded(replace(ticket, pending=()), kept, event.at), whole, desk)
    after = decision.ticket if decision.ticket.carded else replace(decision.ticket, transcript=ticket.transcript)
    return Decision(after, (*kept, *decision.effects, StopTimer(Timer.ANSWER)))


def _undo(ticket: Ticket, lines: tuple[Pending, ...], said: int) -> Undo:
    return Undo(
        lines=lines,
        said=said,
        status=ticket.status,
        team=ticket.team,
        language=ticket.language,
        question=ticket.question,
        entry=ticket.entry,
        answered=ticket.answered,
        offer=ticket.offer,
        refusals=ticket.refusals,
        refused=ticket.refused,
    )
