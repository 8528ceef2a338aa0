"""What the decisions about a customer share: calling a person, saying something, keeping words."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from helpbot.core.effects import Decision, Effect, Literal, Marked, PostCard, Record, Say, StopTimer
from helpbot.core.model import Audience, Desk, Entry, Reason, Role, Status, Ticket
from helpbot.core.phrases import say
from helpbot.core.transcript import card, told

UNDECRYPTABLE = "undecryptable"  # the attachment of words that could not be decrypted


def escalated(ticket: Ticket, effects: tuple[Effect, ...], reason: Reason, at: datetime, desk: Desk) -> Decision:
    """Call a person: the card, the transcript with what this very decision adds to it, and a word to her."""
    ticket = replace(ticket, status=Status.WAITING, reason=reason, offer=(), carded=True, reassured_at=None)
    transcript = (*ticket.transcript, *_lines(effects, ticket, at))
    shown = [Say(Audience.AGENTS, content) for content in told(transcript, desk)]
    promise: tuple[Effect, ...] = ()
    if reason is not Reason.CROWDED:
        promise = (tell(say(f"escalated_{reason.value}", spoken(ticket, desk), number=ticket.number)),)
    done = (*effects, PostCard(card(ticket, desk)), *shown, *promise, StopTimer("idle"))
    return Decision(replace(ticket, transcript=()), done)


def spoken(ticket: Ticket, desk: Desk) -> str:
    """Return the language to speak to her in."""
    return ticket.language if ticket.language is not None else desk.languages[0]


def with_people(ticket: Ticket) -> bool:
    """Tell whether the ticket is open and with the agents."""
    return ticket.status in {Status.WAITING, Status.HELD}


def tell(text: str) -> Say:
    """Return a word of the bot to the customer."""
    return Say(Audience.CUSTOMER, (Literal(text),))


def inside(name: str, desk: Desk, /, **values: object) -> Say:
    """Return a phrase for the ticket's thread, in the agents' language."""
    return Say(Audience.AGENTS, (Literal(say(name, desk.languages[0], **values)),))


def kept_words(ticket: Ticket, text: str, attachment: str | None = None) -> tuple[Effect, ...]:
    """Return her words for the transcript, and the name of the file that came with them."""
    words_and_file = (text,) if attachment is None else (f"📎 {attachment}", text)
    return tuple(Record(Role.CUSTOMER, Audience.CUSTOMER, ticket.customer.name, line) for line in words_and_file)


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
