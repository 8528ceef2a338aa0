"""What is kept, and the interface to it.

Rule: each method that writes is one transaction that a cancelled caller cannot leave half-way, because a decision
without its effects, or the other way round, is a lost or a doubled message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from helpbot.core.effects import Amend, Content, Note, Withdraw
from helpbot.core.figures import Measured
from helpbot.core.model import Audience, Entry, Person, Role, Ticket, Wait
from helpbot.store.talks import PublicStep, PublicStore
from helpbot.transports.base import About, Incoming

# A ticket with its timers and when they are due → those to set, and as None those to stop.
TimerChanges = Callable[[Ticket, Mapping[str, datetime]], Mapping[str, datetime | None]]
INTERNAL = "helpbot"  # the "transport" of inbox rows that the desk writes to itself


class StoreBusy(Exception):
    """The database cannot be used now (full, locked, out of reach); nothing was changed, the same may work later."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A customer's room with the bot; `gone` when she, or the bot, is no longer there.

    `crowded` when somebody else is there as well: then nothing is said there.
    """

    id: int
    transport: str
    room: str
    customer: Person
    language: str | None = None
    gone: bool = False
    crowded: bool = False
    zone: str | None = None  # of time, an IANA name
    zone_said: bool = False  # by the customer herself; else it stands in her profile


@dataclass(frozen=True, slots=True)
class InboxRow:
    """Something that happened and is not decided yet; `payload` is JSON.

    `tries` counts the starts at which it was the first to be decided, `again` how often an admin had it decided anew.
    """

    id: int
    transport: str
    event: str
    payload: str
    at: datetime
    tries: int = 0
    again: int = 0


@dataclass(frozen=True, slots=True)
class KeptTicket:
    """A ticket with what only the shell needs: its conversation, and its cards that are posted, team → reference.

    `others` are the conversations of the tickets merged into it, by number.
    """

    ticket: Ticket
    conversation: Conversation
    cards: Mapping[str, str]
    others: Mapping[int, Conversation] = field(default_factory=dict)

    @property
    def talks(self) -> tuple[Conversation, ...]:
        """Return all conversations of the ticket, its own first."""
        return (self.conversation, *self.others.values())

    @property
    def spoken_in(self) -> Conversation:
        """Return the conversation in which she wrote last."""
        return self.others.get(self.ticket.speaks_in or 0, self.conversation)


@dataclass(frozen=True, slots=True)
class Draft:
    """A row of the outbox that is to be written.

    For a customer the words are an entry of the transcript; for agents they are `content`. `room` is the ticket in
    whose room it is said to her: the one that is decided on (None), or one that is part of it.
    """

    key: str
    audience: Audience
    verb: str
    entry: tuple[Entry, Content] | None = None
    content: Content | None = None
    team: str | None = None
    target: str | None = None  # the message that it is a mark on, or an answer to
    symbol: str | None = None
    receipt: str | None = None
    source: str | None = None  # the reaction that a mark passes on
    room: int | None = None
    offered: Sequence[str] = ()  # the entries of the FAQ that she may choose from in it


@dataclass(frozen=True, slots=True)
class Shown:
    """Where a person's message is shown first: to whom, in which team's room, as what (None: not sent yet)."""

    ticket: int
    audience: Audience
    ref: str | None
    team: str | None
    has_file: bool = False


@dataclass(frozen=True, slots=True)
class BotsWords:
    """A message of the bot to a customer: of which ticket (None: the greeting), in which turn, what it offered."""

    ticket: int | None
    turn: int | None
    offered: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A row of the outbox that is to be sent, with where it goes as the database tells.

    `room` is None where the agents' room is the team's; `card` is the root of the ticket's thread. `tries` counts the
    times that it could not be sent, `refusals` those of them when the network said no for good. `unsettled` when
    something of who is in a customer's room is not decided yet. `amends` is the message that is shown anew or taken
    back, None when that is not known to have been sent; `amends_key` is that message's key. `talk` is what it is of in
    a help room, with that `person`. `about` is how its ticket stands now.
    """

    id: int
    key: str
    lane: str
    audience: Audience
    verb: str
    content: Content | None
    transport: str | None
    room: str | None
    gone: bool
    crowded: bool
    unsettled: bool
    team: str | None
    ticket: int | None
    card: str | None
    target: str | None
    symbol: str | None
    receipt: str | None
    created_at: datetime
    tries: int
    refusals: int
    again: int
    due_at: datetime | None
    amends: str | None = None
    amends_key: str | None = None
    talk: int | None = None
    person: str | None = None
    about: About | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """All that one decision changes; `ticket` is None when there is none to keep.

    `also` is what the same decision changes of another ticket; of a step that is `also`, the row is not looked at.
    """

    row: InboxRow
    at: datetime
    conversation: Conversation | None
    ticket: Ticket | None
    records: Sequence[Entry] = ()
    drafts: Sequence[Draft] = ()
    timers: Mapping[str, datetime | None] | None = None  # None as a value stops the timer
    references: Sequence[tuple[str, str, str]] = ()  # (transport, ref, team) in the ticket's threads from now on
    notes: Sequence[Note] = ()  # for the admin's workshop
    internal: Sequence[tuple[str, str]] = ()  # (event, payload): what is to be decided because of this
    freed: Sequence[int] = ()  # closed tickets that nobody owns from now on
    away: Sequence[tuple[Person, bool]] = ()  # agents who are away from now on, or back
    amends: Sequence[Amend] = ()  # messages that say something else from now on, or nothing
    withdrawn: Sequence[Withdraw] = ()  # words of the bot that are not to go out
    public: PublicStep | None = None
    brought: int | None = None  # the talk of a help room that goes on here
    silent_until: datetime | None = None  # when to look whether she has said anything
    offers: Sequence[bool] = ()  # she was offered help by itself, or (True) wants no more of that
    fault: str | None = None
    also: Step | None = None


class Store(PublicStore, Protocol):
    """Everything the desk remembers. The bells ring after a commit that left work behind."""

    inbox_bell: asyncio.Event
    outbox_bell: asyncio.Event
    timer_bell: asyncio.Event
    dead_bell: asyncio.Event  # something failed for good
    progress_bell: asyncio.Event  # something was decided or sent

    async def receive(self, transport: str, batch: Sequence[Incoming], cursor: str | None, at: datetime) -> None:
        """Keep what came in together with the network's cursor; an event that is there already is passed over.

        Of several corrections of one message that come at once only the last is to be decided.
        """
        ...

    async def next_inbox(self, besides: Collection[int] = (), behind: Collection[int] = ()) -> InboxRow | None:
        """Return the oldest row that is not decided, besides those of these ids.

        `behind` are ids as well: nothing that happened in the rooms of these is returned either.
        """
        ...

    async def begin(self, row: InboxRow) -> None:
        """Keep that deciding the row begins, before it does: it may be what ends the process."""
        ...

    async def outlived(self, row: InboxRow) -> None:
        """Keep that deciding the row ended no process, though it could not be decided yet."""
        ...

    async def conversation(self, transport: str, room: str) -> Conversation | None:
        """Return the customer's conversation that is in that room, or was before it went on in another."""
        ...

    async def conversation_of(self, number: int) -> Conversation | None:
        """Return the conversation of that id."""
        ...

    async def last_ticket(self, conversation: int) -> KeptTicket | None:
        """Return the newest ticket of a conversation."""
        ...

    async def ticket(self, number: int) -> KeptTicket | None:
        """Return the ticket of that number."""
        ...

    async def ticket_of(self, transport: str, ref: str) -> tuple[int, str] | None:
        """Return the number of the ticket that a message in an agents' room belongs to, and the team of its thread."""
        ...

    async def thread_of(self, ticket: int, ref: str) -> str | None:
        """Return in which team's thread of the ticket a message stands."""
        ...

    async def shown(self, source: str) -> Shown | None:
        """Return where a person's message, or reaction, is shown on the other side."""
        ...

    async def origin(self, ref: str, conversation: int | None) -> tuple[str, int] | None:
        """Return the one message that the bot's own `ref` shows, in her room or (None) a team's, and its ticket."""
        ...

    async def marks_on(self, ref: str) -> tuple[str, ...]:
        """Return the marks of people that were ever passed on to this message; one taken back since is empty."""
        ...

    async def read_by(self, transport: str, ref: str, person: str) -> tuple[str, str, str] | None:
        """Return where the customer is, and her last message that `ref` in a thread shows or comes after.

        None unless that person owns the ticket, and when somebody else is in her room.
        """
        ...

    async def line(self, source: str, role: Role | None = None) -> tuple[int, str] | None:
        """Return the ticket of a person's message in its transcript, and what it says; None for those of others."""
        ...

    async def transcript(self, number: int) -> tuple[Entry, ...]:
        """Return the ticket's whole transcript, what was said among agents as well."""
        ...

    async def asked_how_it_was(self, conversation: int, ref: str) -> int | None:
        """Return the ticket whose closing this message of the bot in her room told of; None for any other."""
        ...

    async def bots_words(self, conversation: int, ref: str) -> BotsWords | None:
        """Return what that message in her room is, if the bot said it."""
        ...

    async def unsent(self, ticket: int, turn: int) -> bool:
        """Tell whether all that the bot said in that turn is still to be sent."""
        ...

    async def queues(self, ticket: Ticket, at: datetime) -> Mapping[str, Wait]:
        """Return how the queue of each team that has one stands, for that ticket."""
        ...

    async def open_tickets(self) -> Sequence[Ticket]:
        """Return the tickets that are with people, without transcripts, those that wait the longest first."""
        ...

    async def tickets_of(self, transport: str, customer: str, besides: int) -> Sequence[Ticket]:
        """Return a customer's tickets, the newest first, without transcripts."""
        ...

    async def left_open(self, transport: str, customer: str) -> int | None:
        """Return the newest ticket that is with people and whose rooms this customer has all left; None for none."""
        ...

    async def last_word(self, numbers: Collection[int]) -> int:
        """Return what tells how late a customer wrote last in these tickets: more is later, 0 is never."""
        ...

    async def find(self, text: str, here: Callable[[str], bool]) -> Sequence[tuple[int, str, str]]:
        """Return new lines that hold the text: number, author ("" for the bot), words; of teams that are `here`.

        What people wrote comes first, then what the bot said; of each the newest first.
        """
        ...

    async def is_away(self, agent: str) -> bool:
        """Tell whether the agent has said that they are away."""
        ...

    async def card_was_made(self, row: Outgoing) -> bool:
        """Tell whether the row's ticket had a card for the row's team before this row, posted or refused."""
        ...

    async def is_reminder(self, ticket: int, ref: str) -> bool:
        """Tell whether a message is what the desk said of the ticket in an agents' room itself."""
        ...

    async def line_shown(self, ticket: int, ref: str) -> str | None:
        """Return the customer's words that a message in the ticket's thread shows; None when it is no single line."""
        ...

    async def owned_by(self, agent: str) -> Sequence[tuple[int, str, bool]]:
        """Return of each ticket that is this agent's its number, its team, and whether it is open."""
        ...

    async def next_number(self) -> int:
        """Return the number that the next new ticket gets."""
        ...

    async def keep(self, step: Step) -> None:
        """Keep a decision with all it brings."""
        ...

    async def lanes(self) -> tuple[str, ...]:
        """Return the lanes that have something to send."""
        ...

    async def head(self, lane: str) -> Outgoing | None:
        """Return the first row of the lane that is not sent."""
        ...

    async def read_from(self, conversation: int | None, teams: Sequence[str], place: str | None = None) -> str | None:
        """Return a reference in that customer's room, or these teams', before all that may be there unknown to us.

        Or in a help room: `place` is its network and its id, parted by a space.
        """
        ...

    async def queued(self, teams: Sequence[str]) -> Sequence[Outgoing]:
        """Return what is still to be sent to these teams' room, in order."""
        ...

    async def sent(self, row: Outgoing, transport: str, ref: str, at: datetime, *, found: bool = False) -> None:
        """Keep that the row was sent there, and report the delivery of the agent's message that it completes.

        `found` when it stood in the room already: what this desk has not sent itself is no place to read back from.
        """
        ...

    async def postpone(self, row: Outgoing, due: datetime, why: str, *, refused: bool) -> None:
        """Keep that the row could not be sent now."""
        ...

    async def bury(self, row: Outgoing, why: str, at: datetime, *, for_now: bool = False) -> None:
        """Keep that the row, and what else carries the same agent's message, will not be sent; report it.

        What is buried `for_now` is sent after all, a few times at most, once its room takes something else.
        """
        ...

    async def file_lost(self, row: Outgoing, name: str, why: str, at: datetime) -> None:
        """Report that the row went out without its file; `why` is for people to read, or names a phrase."""
        ...

    async def card_lost(self, row: Outgoing, at: datetime) -> None:
        """Report, once for each card, that the ticket's card cannot be referred to."""
        ...

    async def gather_dead(self, now: datetime, every: timedelta, teams: Sequence[str]) -> datetime | None:
        """Report what failed since the last time, at most once in that time; return when to look again, if ever.

        `teams` are those that there are now; the first hears what concerns none of them.
        """
        ...

    async def write_report(self, event: str, payload: str, until: datetime, at: datetime) -> None:
        """Write a report's row, once; none of a time before the desk had anything to do, which ended then."""
        ...

    async def measured(self, team: str, since: datetime, until: datetime) -> Measured:
        """Return what was counted for a team from a moment on and before another."""
        ...

    async def next_due(self) -> datetime | None:
        """Return when the first timer is due."""
        ...

    async def timer_runs(self, ticket: int, name: str) -> bool:
        """Tell whether the ticket has a timer of that name."""
        ...

    async def open_numbers(self) -> Sequence[int]:
        """Return the numbers of the tickets that are with people."""
        ...

    async def change_timers(self, numbers: Sequence[int], changes: TimerChanges) -> None:
        """Change the timers of these tickets; none is set whose end is an event that is not decided yet."""
        ...

    async def fire(self, now: datetime) -> None:
        """Turn every timer that is due into an inbox row."""
        ...

    async def unfinished(self, now: datetime) -> bool:
        """Tell whether there is something to decide or to send right now."""
        ...

    async def close(self) -> None:
        """Finish what is being written and close."""
        ...
