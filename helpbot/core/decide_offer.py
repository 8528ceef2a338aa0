"""Help that is offered by itself in a customer's room, and questions that she brings there from a help room."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from helpbot.core import decide_burst, words
from helpbot.core.decide_customer import said, two
from helpbot.core.decide_parts import inside, kept_words, spoken, tell
from helpbot.core.effects import Decision, Effect, Literal, Offered, Say
from helpbot.core.events import CustomerSaid, QuestionBrought
from helpbot.core.model import Audience, Desk, Entry, Role, Status, Ticket
from helpbot.core.phrases import in_all, say
from helpbot.core.transcript import shorten


def left_silent(ticket: Ticket, desk: Desk) -> Decision:
    """Ask her whether she wants help; there is no ticket until she says so."""
    if ticket.status is not Status.NEW:
        return Decision(ticket)
    languages = desk.languages if ticket.language is None else (ticket.language,)
    return Decision(ticket, (tell(in_all("silent_offer", languages)), Offered()))


def offer_answered(ticket: Ticket, event: CustomerSaid, desk: Desk) -> Decision | None:
    """Return what is said to a bare yes or no to the offer; None for all other words, which are her question."""
    if not event.after_offer or ticket.status is not Status.NEW or event.attachment is not None:
        return None
    folded = desk.library.fold(event.text)
    heard = words.refused(folded)
    if heard is None and not words.accepted(folded):
        return None
    language = ticket.language or (heard if heard in desk.languages else None)
    texts = in_all("silent_yes" if heard is None else "silent_no", desk.languages if language is None else (language,))
    declined: tuple[Effect, ...] = () if heard is None else (Offered(declined=True),)
    return Decision(ticket, (*kept_words(ticket, event.text, source=event.ref), tell(texts), *declined))


def brought(ticket: Ticket, event: QuestionBrought, desk: Desk) -> Decision:
    """Say where her question comes from, and take it as said here; everything else about it stays where it was asked.

    Her message there is not named as its source: marks and deletions here must not reach it. What she is just writing
    here is another question: it is answered first, and neither waits for the other.
    """
    if ticket.pending and not ticket.carded:
        return two(ticket, decide_burst.due(ticket, event.at, desk), event.at, lambda now: brought(now, event, desk))
    language = spoken(ticket, desk)
    if not event.text:
        return Decision(ticket, (tell(say("brought_nothing", language)),))
    place = event.place or say("help_room", language)
    text = say("brought", language, room=place, text=shorten(event.text))
    before: tuple[Effect, ...] = (Say(Audience.CUSTOMER, (Literal(text),)),)
    if ticket.carded:
        inner = event.place or say("help_room", desk.languages[0])
        before = (*before, inside("brought_inside", desk, name=ticket.customer.name, room=inner))
    else:  # so that the agents read it, should this very question call them
        line = Entry(Role.BOT, Audience.CUSTOMER, "", text, event.at)
        ticket = replace(ticket, transcript=(*ticket.transcript, line))
    decision = said(ticket, CustomerSaid(event.at, event.text), replace(desk, burst=timedelta()))
    return Decision(decision.ticket, (*before, *decision.effects))
