"""What a desk is made of: tickets, people, the transcript, and what the core may ask of the FAQ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from helpbot.core.help_rooms import HelpRoom, Offers
from helpbot.core.hours import Hours


class Status(StrEnum):
    """Where a ticket stands."""

    NEW = "new"  # nothing was said yet; such a ticket is never stored
    BOT = "bot"  # the bot answers
    OFFERED = "offered"  # the bot asked "did you mean 1, 2, 3?"
    WAITING = "waiting"  # a person was called, nobody has it
    HELD = "held"  # an agent owns it
    CLOSED = "closed"


class Timer(StrEnum):
    """What a ticket's timers are called."""

    LADDER = "ladder"
    PROMISE = "promise"
    TRANSFER = "transfer"
    SNOOZE = "snooze"
    SILENT = "silent"
    IDLE = "idle"  # of a ticket that only the bot has
    ANSWER = "answer"  # the quiet time after her words, of such a ticket


class Role(StrEnum):
    """Who speaks."""

    CUSTOMER = "customer"
    BOT = "bot"
    AGENT = "agent"


class Audience(StrEnum):
    """Who may read."""

    CUSTOMER = "customer"
    AGENTS = "agents"
    PUBLIC = "public"  # everybody in a help room: nothing of a ticket is for them


class Reason(StrEnum):
    """Why a person was called."""

    ASKED = "asked"
    UNSURE = "unsure"
    REFUSED = "refused"
    ENTRY = "entry"  # the FAQ entry says always_escalate
    NOT_ANSWERED = "not_answered"  # the FAQ entry says so
    BOT_FAILED = "bot_failed"
    LOOP = "loop"  # she writes so fast that she may be a bot
    CROWDED = "crowded"  # somebody else is in her room, where the bot says nothing then


class Outcome(StrEnum):
    """What became of a question."""

    ANSWERED = "answered"
    OFFERED = "offered"
    ESCALATED = "escalated"
    REFUSED = "refused"
    CHOSEN = "chosen"


class Zone(StrEnum):
    """What the FAQ's certainty allows; the values are those that `helpbot ask --json` prints."""

    ANSWER = "answer"
    SUGGEST = "suggest"
    ESCALATE = "escalate"


_NO_OFFERS = Offers()
NEAR = 0.4  # confidence below which naming the nearest entry would mislead


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on a network: their id there and the name to show."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that somebody sent, where their network keeps it: `source` tells that network's transport where.

    `kind` is image, video, audio, voice, sticker or file; `size` is in bytes, as its sender's client tells, None when
    it does not; `text` is what its sender wrote with it. A message carries one.
    """

    name: str
    kind: str
    media_type: str
    size: int | None
    text: str
    network: str
    source: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a transcript; `text` is as it was written, `marked` when that is CommonMark of ours."""

    role: Role
    audience: Audience
    author: str
    text: str
    at: datetime
    marked: bool = False
    source: str | None = None  # the network's id of the message that it is, where it is a person's
    file: Attachment | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """An FAQ entry that may be meant, with the estimated probability (0 to 1) that it is."""

    entry: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Finding:
    """What the FAQ makes of a question.

    `candidates` are best first, at most five; `choices` are the entries to offer when the zone is SUGGEST;
    `language` is that of the winning phrasing or of the words used, None when nothing tells. `answers` are the entries
    to answer with, in the order asked, when she asked several things at once; else the first candidate is.
    """

    zone: Zone
    candidates: tuple[Candidate, ...] = ()
    choices: tuple[str, ...] = ()
    language: str | None = None
    answers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """An entry's answer as CommonMark, in the language that it really is in (which may not be the one asked for)."""

    text: str
    language: str
    team: str | None = None
    always_escalate: bool = False


class Library(Protocol):
    """What the core asks of the FAQ; every method is a pure function of the loaded FAQ, its arguments and `at`."""

    def find(self, text: str, language: str | None, at: datetime, before: str | None = None) -> Finding:
        """Look a question up; `language` is the customer's as far as known, `before` her question before this one."""
        ...

    def title(self, entry: str, language: str) -> str | None:
        """Return the entry's question as a customer would recognise it, or None when there is no such entry."""
        ...

    def answer(self, entry: str, language: str, at: datetime) -> Answer | None:
        """Return the entry's answer, or None when there is no such entry or it does not speak at that time.

        An answer without text means that questions like this are for a person.
        """
        ...

    def fold(self, text: str) -> str:
        """Return the text in the form in which two spellings of the same words are equal, capped in length."""
        ...


class Figure(StrEnum):
    """What is counted, each where it happens; the value is what `Count.value` means."""

    ESCALATED = "escalated"  # the label is the reason
    FIRST_WORD = "first_word"  # seconds from the call for a person to the first human word
    FIRST_WORD_OPEN = "first_word_open"  # the same, in the team's opening time
    SOLVED = "solved"  # seconds from the first word of the ticket to its closing by an agent
    SILENT = "silent"  # closed because she did not answer
    HOP = "hop"  # counted for the team that gave the ticket away, the label is the one that took it
    PROMISED = "promised"
    MOVED = "moved"  # a promise was replaced before its date
    KEPT = "kept"
    BROKEN = "broken"
    REOPENED = "reopened"
    RATED = "rated"  # 1 to 5


@dataclass(frozen=True, slots=True)
class Patience:
    """How long what waits may wait before somebody hears of it, in the team's opening time."""

    team: timedelta = timedelta(minutes=2)  # nobody has taken a ticket: its team is reminded
    lead: timedelta = timedelta(minutes=10)  # the same: its lead is called, and she is told
    leads: timedelta = timedelta(minutes=30)  # the same: the leads of all teams are called
    again: timedelta = timedelta(hours=4)  # they are called again each time so much has passed
    owner: timedelta = timedelta(minutes=15)  # she waits for a word of the owner, who is reminded
    owner_lead: timedelta = timedelta(hours=1)  # the same: the lead is called; then all leads, each `again`
    transfer: timedelta = timedelta(minutes=15)  # nobody has taken a transfer: the leads of both teams, each `again`
    promise: timedelta = timedelta(minutes=30)  # so long before a promise is due its owner is reminded, at any hour


@dataclass(frozen=True, slots=True)
class Team:
    """A group of agents, with its name by language; `leads` are whom its reminders call in the end."""

    id: str
    names: Mapping[str, str]
    hours: Hours = field(default_factory=Hours)
    leads: tuple[Person, ...] = ()
    patience: Patience = Patience()
    first_word: timedelta = timedelta(seconds=20)  # the target for the first human word
    beside: str | None = None  # the team before it that sits in the same room, if one does


@dataclass(frozen=True, slots=True)
class Wait:
    """How a team's queue stands: the tickets before this one, and the usual wait in opening time if enough is known."""

    ahead: int = 0
    typical: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Canned:
    """A reply that is ready, by language; `{customer}`, `{agent}`, `{number}` and `{team}` stand for what they say."""

    id: str
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Promise:
    """What an agent promised her, and by when, in the message `ref`.

    `reminded` once the owner was, `broken` once she was told so, `alarmed` once owner and leads were called over that.
    A broken one stands until it is done, or another date is given.
    """

    due: datetime
    what: str
    by: Person
    made_at: datetime
    reminded: bool = False
    broken: bool = False
    alarmed: bool = False
    number: int = 1  # by which an agent names it, as long as the ticket has promises
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Transfer:
    """A ticket offered to another team, which nobody there has taken yet; `called` is how often the leads were."""

    team: str
    by: Person
    why: str
    at: datetime
    called: int = 0


@dataclass(frozen=True, slots=True)
class Pending:
    """A line of hers that waits for its answer: her message `ref`, when she wrote it, and when it was read."""

    text: str
    ref: str | None
    written: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Undo:
    """How the ticket was before the bot answered these lines, for as long as that answer may be withdrawn.

    `said` is how many messages the answer has.
    """

    lines: tuple[Pending, ...]
    said: int
    status: Status
    team: str
    language: str | None
    question: str
    entry: str | None
    answered: tuple[str, ...]
    offer: tuple[str, ...]
    refusals: int
    refused: tuple[str, ...]


class Way(StrEnum):
    """How an agent sends words."""

    SAID = "said"  # plainly, or with !r
    CLOSED = "closed"  # with !close
    KEPT = "kept"  # with !kept
    MERGED = "merged"  # no words: the command !merge, which waits for a yes as well


@dataclass(frozen=True, slots=True)
class HeldBack:
    """An agent's words that wait for a yes because they are vague about time."""

    agent: Person
    ref: str
    text: str
    way: Way = Way.SAID
    file: Attachment | None = None
    at: datetime | None = None  # since when, where that yes may come too late


@dataclass(frozen=True, slots=True)
class Merged:
    """A ticket that is part of another now: its number, and whose room that is; `gone` when she is not there."""

    number: int
    customer: Person
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """All that `decide` may know beside the ticket and the event."""

    library: Library
    languages: tuple[str, ...]  # the first is the default and the agents'
    teams: tuple[Team, ...]  # the first takes what no entry sends elsewhere
    plain_text: str = "owner"  # owner | explicit
    reopen_for: timedelta = timedelta(days=7)
    burst: timedelta = timedelta(seconds=3)  # of quiet before the bot answers: her lines of meanwhile are one question
    idle_for: timedelta = timedelta(days=1)  # then a ticket that only the bot had is closed in silence
    silent_for: timedelta | None = timedelta(days=3)  # then a customer who does not answer is warned; None: never
    warned_for: timedelta = timedelta(days=1)  # so long after the warning her ticket is closed
    ask_rating: bool = True  # closing asks how it was
    vague: Mapping[str, str] = field(default_factory=dict)  # words that are vague about time: folded → as written
    zones: Mapping[str, ZoneInfo] = field(default_factory=dict)  # of agents whose zone is not their team's
    canned: Mapping[str, Canned] = field(default_factory=dict)
    largest_file: int = 20_000_000  # bytes of what is passed on
    file_types: tuple[str, ...] = ("*/*",)  # media types of it; a star stands for anything
    help_rooms: Mapping[str, HelpRoom] = field(default_factory=dict)  # by name
    offers: Offers = _NO_OFFERS
    waits: Mapping[str, Wait] | None = field(default_factory=dict)  # by team, when the event was decided; None: unknown

    def team(self, team_id: str | None) -> Team:
        """Return the team of that id, or the first one."""
        return next((team for team in self.teams if team.id == team_id), self.teams[0])


@dataclass(frozen=True, slots=True)
class Ticket:
    """One matter of one customer, from the first word to the last."""

    number: int
    customer: Person
    team: str
    opened_at: datetime
    status: Status = Status.NEW
    language: str | None = None  # None until something told it
    owner: Person | None = None
    reason: Reason | None = None
    entry: str | None = None  # the FAQ entry last answered or nearest
    answered: tuple[str, ...] = ()  # the entries that the bot's last words answered with: "no" refuses them all
    offer: tuple[str, ...] = ()  # the entries offered, while OFFERED
    refusals: int = 0
    refused: tuple[str, ...] = ()  # entries that she said no to: never offered again
    question: str = ""  # the last question before a person was called, shortened
    carded: bool = False  # the agents have a card, and all words go to its thread as they come
    undeliverable: bool = False  # what was to reach her last did not
    reassured_at: datetime | None = None  # when she was last told that a person will come
    closed_at: datetime | None = None
    escalated_at: datetime | None = None  # when a person was called, since it was last closed
    first_word_at: datetime | None = None  # when a person first answered after that
    waits_since: datetime | None = None  # since when she waits for a human word
    ladder_from: datetime | None = None  # from when the reminders count: the call, the claim, her word
    rung: int = 0  # how many of them were sent
    answered_at: datetime | None = None  # the last human word to her, while hers is the next
    warned_at: datetime | None = None  # when she was told that her silence closes the ticket
    snoozed_until: datetime | None = None
    promises: tuple[Promise, ...] = ()  # the first due first; a broken one until the leads were called
    transfer: Transfer | None = None
    hops: int = 0  # how often another team took it
    held_back: tuple[HeldBack, ...] = ()  # the oldest first
    asked_rating: bool = False  # she was asked how it was, and has not said
    rating: int | None = None  # 1 to 5
    zone: str | None = None  # her time zone, as far as she or her network told
    zone_said: bool = False  # by herself
    told_status: int = 0  # how often the bot told her how it stands since the last human word
    told_status_at: datetime | None = None
    pending: tuple[Pending, ...] = ()  # what she wrote and the bot has not answered yet, the oldest first
    undo: Undo | None = None  # of the bot's last words, if they may be withdrawn before they go out
    turn: int = 0  # how often the bot spoke to her before a person was called: the number of its last words
    newer: int | None = None  # the number of a later ticket of the same customer, if one
    merged_into: int | None = None  # the ticket that this one is part of
    merged: tuple[Merged, ...] = ()  # the tickets that are part of this one
    speaks_in: int | None = None  # the one of them in whose room she wrote last; None: in this ticket's own
    gone: bool = False  # she is not in this ticket's own room
    transcript: tuple[Entry, ...] = field(default=())  # what the agents have not seen: empty once carded

    @property
    def numbers(self) -> frozenset[int]:
        """Return the number of this ticket and of those that are part of it."""
        return frozenset((self.number, *(one.number for one in self.merged)))

    @property
    def speaker(self) -> str:
        """Return the name under which she wrote last, marked where that was from another account."""
        return self.name_in(self.speaks_in)

    @property
    def addressee(self) -> str:
        """Return her name in the room where she wrote last."""
        return self._person_in(self.speaks_in).name

    def name_in(self, room: int | None) -> str:
        """Return her name in that room, marked where that is of another account."""
        person = self._person_in(room)
        if person.id == self.customer.id:
            return person.name
        first = min(one.number for one in self.merged if one.customer.id == person.id)
        return f"{person.name} (#{first})"

    def is_in(self, room: int | None) -> bool:
        """Tell whether she is in that room, or (None) in the ticket's own."""
        if room is None or room == self.number:
            return not self.gone
        return any(one.number == room and not one.gone for one in self.merged)

    def _person_in(self, room: int | None) -> Person:
        return next((one.customer for one in self.merged if one.number == room), self.customer)

    @property
    def open_promises(self) -> tuple[Promise, ...]:
        """Return the promises whose date has not passed."""
        return tuple(promise for promise in self.promises if not promise.broken)
