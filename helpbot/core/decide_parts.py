"""What the decisions share: calling a person, saying something to either side, keeping words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from helpbot.core.effects import (
    Block,
    Called,
    Count,
    Decision,
    Effect,
    Literal,
    Marked,
    PostCard,
    React,
    Record,
    Say,
    StopTimer,
    Strong,
)
from helpbot.core.model import (
    Attachment,
    Audience,
    Desk,
    Entry,
    Figure,
    Pending,
    Person,
    Reason,
    Role,
    Status,
    Ticket,
    Timer,
)
from helpbot.core.phrases import say
from helpbot.core.status import wait_told
from helpbot.core.transcript import card, pieces, shorten, told

_SHOWN_HELD = 80  # characters of words that were not sent
UNDECRYPTABLE = "undecryptable"  # the attachment of words that could not be decrypted


def escalated(ticket: Ticket, effects: tuple[Effect, ...], reason: Reason, at: datetime, desk: Desk) -> Decision:
    """Call a person: the card, the transcript with what this very decision adds to it, and a word to her."""
    stopped = (StopTimer(Timer.ANSWER),) if ticket.pending else ()
    question = shorten(joined(ticket.pending)) if ticket.pending else ticket.question  # it is what she asks now
    ticket = replace(ticket, status=Status.WAITING, reason=reason, offer=(), carded=True, reassured_at=None)
    ticket = replace(ticket, question=question, pending=(), undo=None)
    ticket = replace(ticket, escalated_at=at, first_word_at=None)
    ticket = waiting_for_a_word(ticket, at, anew=True)
    transcript = (*ticket.transcript, *_lines(effects, ticket, at))
    shown = [Say(Audience.AGENTS, content) for content in told(ticket, transcript, desk)]
    promise: tuple[Effect, ...] = ()
    if reason is not Reason.CROWDED:
        called = say(f"escalated_{reason.value}", spoken(ticket, desk), number=ticket.number)
        promise = (tell(" ".join((called, *wait_told(ticket, at, desk)))),)
    counted = Count(Figure.ESCALATED, label=reason.value)
    done = (*effects, PostCard(card(ticket, desk)), *shown, *promise, StopTimer(Timer.IDLE), *stopped, counted)
    return Decision(replace(ticket, transcript=()), done)


def joined(lines: Sequence[Pending]) -> str:
    """Return lines of hers as one question."""
    return "\n".join(line.text for line in lines)


def recorded(ticket: Ticket, effects: tuple[Effect, ...], at: datetime) -> Ticket:
    """Return the ticket with the lines that these effects add to its transcript; the agents have that once carded."""
    if ticket.carded:
        return ticket
    return replace(ticket, transcript=(*ticket.transcript, *_lines(effects, ticket, at)))


def waiting_for_a_word(ticket: Ticket, at: datetime, *, anew: bool = False) -> Ticket:
    """Return the ticket as one whose customer waits for a human word: since `at`, if she did not already.

    `anew` when the reminders begin again, because whoever is to be reminded is another.
    """
    if ticket.waits_since is None:
        ticket = replace(ticket, waits_since=at)
        anew = True
    if anew:
        ticket = replace(ticket, ladder_from=at, rung=0)
    return replace(ticket, answered_at=None, warned_at=None)


def spoken(ticket: Ticket, desk: Desk) -> str:
    """Return the language to speak to her in."""
    return ticket.language if ticket.language is not None else desk.languages[0]


def zone_of(ticket: Ticket, desk: Desk) -> ZoneInfo:
    """Return the zone to tell agents times in: that of the ticket's team."""
    return desk.team(ticket.team).hours.zone


def zone_of_agent(agent: Person, ticket: Ticket, desk: Desk) -> ZoneInfo:
    """Return the zone that an agent means when they write a time."""
    return desk.zones.get(agent.id) or zone_of(ticket, desk)


def team_name(team: str, language: str, desk: Desk) -> str:
    """Return what a team is called in that language."""
    names = desk.team(team).names
    return names.get(language) or next(iter(names.values()), desk.team(team).id)


def with_people(ticket: Ticket) -> bool:
    """Tell whether the ticket is open and with the agents."""
    return ticket.status in {Status.WAITING, Status.HELD}


def owns(ticket: Ticket, agent: Person) -> bool:
    """Tell whether this agent owns the ticket."""
    return ticket.owner is not None and ticket.owner.id == agent.id


def tell(text: str) -> Say:
    """Return a word of the bot to the customer."""
    return Say(Audience.CUSTOMER, (Literal(text),))


def inside(name: str, desk: Desk, /, **values: object) -> Say:
    """Return a phrase for the ticket's thread, in the agents' language."""
    return Say(Audience.AGENTS, (Literal(say(name, desk.languages[0], **values)),))


def hinted(ticket: Ticket, desk: Desk, hint: str, /, **values: object) -> Decision:
    """Say in the thread why nothing was done."""
    return Decision(ticket, (inside(hint, desk, number=ticket.number, **values),))


def refused(ticket: Ticket, ref: str, desk: Desk, hint: str, /, **values: object) -> Decision:
    """Mark an agent's words as not delivered, and say why."""
    return Decision(ticket, (React(ref, "❌"), *hinted(ticket, desk, hint, **values).effects))


def called(people: Sequence[Person]) -> tuple[Block, ...]:
    """Return colleagues as they are called by name, each once: an owner may be the lead as well."""
    once = {person.id: person for person in reversed(people)}
    return tuple(Called(person.id, person.name) for person in reversed(once.values()))


def let_go(ticket: Ticket, desk: Desk) -> tuple[Ticket, tuple[Effect, ...]]:
    """Return the ticket with nothing that waits for a yes, and say in its thread what was not sent."""
    if not ticket.held_back:
        return ticket, ()
    language = desk.languages[0]
    texts = "\n".join(say("quoted", language, text=shorten(one.text, _SHOWN_HELD)) for one in ticket.held_back)
    return replace(ticket, held_back=()), (inside("held_dropped", desk, texts=texts),)


def kept_words(
    ticket: Ticket, text: str, attachment: str | None = None, source: str | None = None
) -> tuple[Effect, ...]:
    """Return her words for the transcript, and the name of the file that came with them."""
    words_and_file = (text,) if attachment is None else (f"📎 {attachment}", text)
    name = ticket.speaker
    return tuple(Record(Role.CUSTOMER, Audience.CUSTOMER, name, line, source) for line in words_and_file)


def kept_file(ticket: Ticket, file: Attachment, source: str | None) -> tuple[Effect, ...]:
    """Return her file for the transcript, with what she wrote under it."""
    return (Record(Role.CUSTOMER, Audience.CUSTOMER, ticket.speaker, file.text, source, file),)


def kept_inside(agent: Person, ref: str, text: str) -> tuple[Effect, ...]:
    """Keep an agent's words with the ticket, and mark them as inside."""
    return (Record(Role.AGENT, Audience.AGENTS, agent.name, text, ref), React(ref, "📝"))


def to_customer(ticket: Ticket, agent: Person, ref: str, text: str, answers: str | None = None) -> tuple[Effect, ...]:
    """Return the agent's words on their way; somebody who is not the owner she knows of is named."""
    effects: list[Effect] = []
    for number, piece in enumerate(pieces(text)):
        name: tuple[Block, ...] = (Strong(agent.name),) if not owns(ticket, agent) and number == 0 else ()
        said = Say(Audience.CUSTOMER, (*name, Literal(piece)), role=Role.AGENT, author=agent.name, receipt=ref)
        effects.append(replace(said, source=ref, answers=answers if number == 0 else None))
    return tuple(effects)


def with_file(sent: tuple[Effect, ...], file: Attachment | None) -> tuple[Effect, ...]:
    """Return an agent's words with the file that they were written under, in their first message."""
    first = sent[0]
    if file is None or not isinstance(first, Say):
        return sent
    content = tuple(block for block in first.content if block.text)
    return (replace(first, content=(*content, replace(file, text=""))), *sent[1:])


def _lines(effects: tuple[Effect, ...], ticket: Ticket, at: datetime) -> tuple[Entry, ...]:
    """Return the lines that these effects add to the transcript."""
    found: list[Entry] = []
    for effect in effects:
        match effect:
            case Record():
                line = Entry(effect.role, effect.audience, effect.author, effect.text, at)
                found.append(replace(line, source=effect.source, file=effect.file))
            case Say(audience=Audience.CUSTOMER):
                marked = any(isinstance(block, Marked) for block in effect.content)
                text = ("\n\n" if marked else "\n").join(block.text for block in effect.content)
                found.append(Entry(effect.role, effect.audience, effect.author, text, at, marked, effect.source))
            case _:
                pass
    return tuple(found)
