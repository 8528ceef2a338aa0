"""Transcript → what agents read: the card, and people's words in pieces that every network can carry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from helpbot.core.effects import Block, Content, Folded, Literal, Marked, Quoted, Strong
from helpbot.core.model import Attachment, Audience, Desk, Entry, Person, Reason, Role, Status, Ticket
from helpbot.core.phrases import colon, language_name, say, say_counted
from helpbot.core.told import full_date, lasting

PIECE = 4000  # characters in one message: 64 KiB hold it as text and as HTML, escaped and encrypted
_ROUND = 40  # characters of markup round a block, about
_QUESTION = 200
_UNFOLDED, _UNFOLDED_LENGTH = 12, 1500  # lines, and characters, of a transcript that may stand open
_LONGEST_NAME = 160  # characters of a name with its id
_LIGHTS = {Status.WAITING: "🟡", Status.HELD: "🟢", Status.CLOSED: "⚪"}
_STATES = {Status.WAITING: "state_waiting", Status.HELD: "state_held", Status.CLOSED: "state_closed"}


def card(ticket: Ticket, desk: Desk, team: str | None = None) -> Content:
    """Return the ticket's card as it stands now, in the agents' language: its own team's, or that of another team."""
    language = desk.languages[0]
    state, light = _state(ticket, desk, team)
    who = ticket.customer
    nobody = say("nobody_closed" if ticket.status is Status.CLOSED else "nobody", language)
    owner = ticket.owner.name if ticket.owner is not None else nobody
    spoken = language_name(ticket.language, language) if ticket.language is not None else "?"
    ours = team is None or desk.team(team).id == desk.team(ticket.team).id
    concerned = ours or (ticket.transfer is not None and ticket.transfer.team == team)  # else it is over for them
    part = ticket.merged_into is not None
    lines = [
        *_labelled(language, "customer", named(who)),
        *_rooms(ticket, language),
        *_labelled(language, "language", spoken),
        *_labelled(language, "why", _why(ticket, language)),
        *_labelled(language, "question", shorten(ticket.question)),
        *(_labelled(language, "owner", owner) if concerned and not part else ()),
        *(_hand_over(ticket, desk, language) if concerned else ()),
        *(_times(ticket, desk, language) if concerned else ()),
    ]
    unreachable = f" · ⚠️ {say('unreachable', language)}" if ticket.undeliverable else ""
    head = Strong(f"{light} #{ticket.number} · {state} · {_team_name(team or ticket.team, desk)}{unreachable}")
    return (head, Literal("\n".join(lines)))


def named(person: Person) -> str:
    """Return a person's name with their id on their network."""
    return person.name if person.name == person.id else f"{person.name} ({person.id})"


def who_and_what(ticket: Ticket, desk: Desk) -> str:
    """Return a ticket in a line: whose it is, by name and id, whose team's, how it stands, what it is about."""
    people = {one.customer.id: named(one.customer) for one in ticket.merged}
    people = {ticket.customer.id: named(ticket.customer), **people}
    who = ", ".join(shorten(name, _LONGEST_NAME) for name in people.values())
    parts = (f"#{ticket.number}", who, _team_name(ticket.team, desk), _state(ticket, desk, None)[0])
    return " · ".join((*parts, shorten(ticket.question))).removesuffix(" · ")


def _rooms(ticket: Ticket, language: str) -> Iterator[str]:
    """Return by whom and from where else she writes."""
    for one in ticket.merged:
        if one.customer.id != ticket.customer.id:
            yield from _labelled(language, "customer_also", f"{named(one.customer)} #{one.number}")
    room = next((one for one in ticket.merged if one.number == ticket.speaks_in), None)
    if room is not None:
        name = "room_of" if room.customer.id != ticket.customer.id else "room_new"
        yield from _labelled(language, "writes_from", say(name, language, number=room.number))


def _state(ticket: Ticket, desk: Desk, team: str | None) -> tuple[str, str]:
    """Return in a word how the ticket stands for a team, with its light."""
    language = desk.languages[0]
    if ticket.merged_into is not None:
        return say("state_merged", language, into=ticket.merged_into), "⚪"
    if team is None or desk.team(team).id == desk.team(ticket.team).id:
        light = _LIGHTS.get(ticket.status, "⚪")
        return say(_STATES.get(ticket.status, "state_bot"), language), light
    if ticket.transfer is not None and ticket.transfer.team == team:
        return say("state_offered", language), "🟠"
    return say("state_elsewhere", language, team=_team_name(ticket.team, desk)), "⚪"


def _team_name(team: str, desk: Desk) -> str:
    names = desk.team(team).names
    return names.get(desk.languages[0]) or next(iter(names.values()), team)


def _hand_over(ticket: Ticket, desk: Desk, language: str) -> Iterator[str]:
    offer = ticket.transfer
    if offer is not None:
        ways = {"origin": _team_name(ticket.team, desk), "team": _team_name(offer.team, desk), "by": offer.by.name}
        why = f" – {offer.why}" if offer.why else ""
        yield from _labelled(language, "transfer", say("transfer_line", language, **ways) + why)
    if ticket.hops or offer is not None:
        yield from _labelled(language, "hops", str(ticket.hops + (offer is not None)))


def _times(ticket: Ticket, desk: Desk, language: str) -> Iterator[str]:
    team = desk.team(ticket.team)
    if ticket.first_word_at is not None and ticket.escalated_at is not None:
        reached = lasting(ticket.first_word_at - ticket.escalated_at, language)
        target = lasting(team.first_word, language)
        yield from _labelled(language, "first_word", say("first_word_line", language, reached=reached, target=target))
    for promise in ticket.promises:
        due = full_date(promise.due, team.hours.zone, language)
        what = f" – {promise.what}" if promise.what else ""
        number = f"{promise.number}. " if len(ticket.promises) > 1 else ""
        mark = "💔" if promise.broken else "🤝"
        yield from _labelled(language, "promise", f"{mark} {number}{due}, {promise.by.name}{what}")
    if ticket.snoozed_until is not None:
        until = full_date(ticket.snoozed_until, team.hours.zone, language)
        yield from _labelled(language, "snoozed_line", f"💤 {until}")
    if ticket.rating is not None:
        yield from _labelled(language, "rating", f"{ticket.rating}/5")


def _labelled(language: str, name: str, value: str) -> Iterator[str]:
    if value:
        yield f"{say(name, language)}{colon(language)} {value}"


def _why(ticket: Ticket, language: str) -> str:
    why = "" if ticket.reason is None else say(f"reason_{ticket.reason.value}", language)
    if ticket.entry is not None and ticket.reason is not Reason.BOT_FAILED:
        why = f"{why} ({say('entry', language)} {ticket.entry})".strip()
    return why


def shorten(text: str, limit: int = _QUESTION) -> str:
    """Return the text in one line, cut at the limit."""
    line = " ".join(text[: 4 * limit].split())
    return line if len(line) <= limit and len(text) <= 4 * limit else line[: limit - 1] + "…"


def told(ticket: Ticket, entries: Sequence[Entry], desk: Desk) -> tuple[Content, ...]:
    """Return the transcript so far as messages of at most PIECE characters, the first with its heading.

    A long one is folded under what ticket and question it is about, which is also what clients show of it elsewhere.
    """
    language = desk.languages[0]
    blocks: list[Block] = []
    for entry in entries:
        author = say("bot", language) if entry.role is Role.BOT else entry.author
        if entry.audience is Audience.AGENTS:
            author = f"📝 {author}"
        if entry.file is not None:
            named = who_sent(author, entry.text)
            blocks += [Quoted(named, pieces(entry.text)[0], entry.source), replace(entry.file, text="")]
        elif entry.marked and len(entry.text) <= PIECE:
            blocks += [Strong(author), Marked(entry.text)]
        else:
            blocks += [Quoted(author, piece, entry.source) for piece in pieces(entry.text)]
    messages = gathered((Strong(say("transcript", language)), *blocks))
    if len(entries) <= _UNFOLDED and sum(len(block.text) for block in blocks) <= _UNFOLDED_LENGTH:
        return messages
    heading = f"#{ticket.number} · {say_counted('transcript_long', language, count=len(entries))}"
    heading = f"{heading} · {shorten(ticket.question)}" if ticket.question else heading
    return tuple(_folded(heading, message) for message in (messages[0][1:], *messages[1:]) if message)


def _folded(heading: str, message: Content) -> Content:
    """Return a message of a transcript under a heading; a file stays in sight."""
    return message if isinstance(message[-1], Attachment) else (Folded(heading), *message)


def who_sent(name: str, words: str) -> str:
    """Return how the sender of a file is named below it; with no words the name alone looks like the next sender's."""
    return name if words else f"📎 {name}"


def gathered(blocks: Sequence[Block]) -> tuple[Content, ...]:
    """Return the blocks in as few messages as their length allows."""
    messages: list[Content] = []
    current: list[Block] = []
    size = 0
    for block in blocks:
        if isinstance(block, Attachment):  # a message of its own, with who sent it, which stands before
            messages += [tuple(current[:-1])] if current[:-1] else []
            messages.append((*current[-1:], block))
            current, size = [], 0
            continue
        length = len(block.text) + (len(block.author) if isinstance(block, Quoted) else 0) + _ROUND
        if current and size + length > PIECE:
            messages.append(tuple(current))
            current, size = [], 0
        current.append(block)
        size += length
    if current:
        messages.append(tuple(current))
    return tuple(messages)


def pieces(text: str) -> tuple[str, ...]:
    """Return the text cut into pieces of at most PIECE characters, at a line end or a space where one is near."""
    found: list[str] = []
    while len(text) > PIECE:
        cut = max(text.rfind("\n", PIECE // 2, PIECE), text.rfind(" ", PIECE // 2, PIECE)) + 1
        cut = cut or PIECE
        found.append(text[:cut])
        text = text[cut:]
    return (*found, text)
