"""What there is to do, in the imperative: the core names it, the shell stores it, the courier carries it out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from helpbot.core.model import Attachment, Audience, Figure, Outcome, Person, Role, Ticket, Zone


@dataclass(frozen=True, slots=True)
class Marked:
    """CommonMark that we or the admin wrote."""

    text: str


@dataclass(frozen=True, slots=True)
class Literal:
    """Text shown to the letter, line breaks kept: the bot's phrases and people's words."""

    text: str


@dataclass(frozen=True, slots=True)
class Strong:
    """Text shown to the letter, in bold where the network can."""

    text: str


@dataclass(frozen=True, slots=True)
class Folded:
    """A heading, in bold, under which the rest of the message is folded away where the network can; it stands first."""

    text: str


@dataclass(frozen=True, slots=True)
class Quoted:
    """Somebody's words, shown to the letter beside who said them; `source` is the message that they are.

    `colon` parts the two as the reader's language does.
    """

    author: str
    text: str
    source: str | None = None
    colon: str = ":"


@dataclass(frozen=True, slots=True)
class Called:
    """A colleague who is called by name, so that their client tells them; never in words to a customer."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture: PNG bytes as base64 in `data`, and the words for who cannot see it; a message shows one."""

    name: str
    text: str
    data: str


Block = Marked | Literal | Strong | Folded | Quoted | Called | Picture | Attachment
Content = tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Say:
    """Say something to the customer, or to the agents in the ticket's thread: that of `team`, or of the ticket's own.

    What is said to the customer is kept in the transcript. `receipt` is the agent's message whose delivery this is:
    when all that carries it has arrived, Delivered comes back; when a part of it cannot, Undelivered, once.
    `source` is the person's message that these are the words of, `answers` the message where it is said that they
    answer. To the customer it is said in the room where she wrote last, or in that of the ticket `room`, which is this
    one or part of it. `offered` are the entries of the FAQ that she may choose from.
    """

    audience: Audience
    content: Content
    role: Role = Role.BOT
    author: str = ""
    receipt: str | None = None
    team: str | None = None
    source: str | None = None
    answers: str | None = None
    room: int | None = None
    offered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SayInRoom:
    """Say something in a team's room itself, as an answer to the message `to` if there is one.

    What is said of a ticket belongs to it: an answer to it counts as written in the ticket's thread.
    """

    team: str
    to: str | None
    content: Content


@dataclass(frozen=True, slots=True)
class PostCard:
    """Post the ticket's card, the root of its thread, in that team's room or in the ticket's own."""

    content: Content
    team: str | None = None


@dataclass(frozen=True, slots=True)
class EditCard:
    """Show the ticket's new state on its card, that of `team` or of the ticket's own."""

    content: Content
    team: str | None = None


@dataclass(frozen=True, slots=True)
class React:
    """Put a mark on an agent's message, in that team's room or in the ticket's own; or on one of the customer's.

    `source` is the reaction that it passes on.
    """

    to: str
    symbol: str
    team: str | None = None
    audience: Audience = Audience.AGENTS
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Amend:
    """Show everywhere what a person's message says now, as they corrected it; None takes it, or a reaction, back.

    `question` is how cards and reminders quote words that are taken back, among others.
    """

    source: str
    text: str | None
    question: str = ""


@dataclass(frozen=True, slots=True)
class Withdraw:
    """See to it that what the bot said in that turn of the ticket never reaches her, and counts for nothing."""

    turn: int


@dataclass(frozen=True, slots=True)
class Record:
    """Keep words in the transcript without sending them anywhere."""

    role: Role
    audience: Audience
    author: str
    text: str
    source: str | None = None
    file: Attachment | None = None


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Fire `TimerFired(name)` for this ticket at that time; a timer of the same name is replaced."""

    name: str
    due: datetime


@dataclass(frozen=True, slots=True)
class StopTimer:
    """Stop the timer of that name, if it runs."""

    name: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Remember a question with what the FAQ made of it, for the admin's workshop.

    `before` is the question that it may have been joined to; `entry` is the nearest, with its confidence (0 to 1).
    """

    text: str
    before: str | None
    language: str | None
    zone: Zone
    entry: str | None
    confidence: float


@dataclass(frozen=True, slots=True)
class Settled:
    """Remember what became of the ticket's last question, or of that in a turn of it before.

    `entry` is the one that she chose, if she did.
    """

    outcome: Outcome
    entry: str | None = None
    turn: int | None = None


@dataclass(frozen=True, slots=True)
class Propose:
    """Propose a question to the admins: as a phrasing of an entry, or (None) as an entry of its own.

    `question` is None for the last one that the bot was asked.
    """

    entry: str | None
    agent: str
    question: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """Count something for that team, or for the ticket's own; see Figure for what `value` and `label` mean."""

    figure: Figure
    value: float | None = None
    label: str = ""
    team: str | None = None


@dataclass(frozen=True, slots=True)
class MarkAway:
    """Keep that an agent is away, or back."""

    agent: Person
    is_away: bool


@dataclass(frozen=True, slots=True)
class AwaitWords:
    """Look at that time whether she has said anything since the greeting."""

    due: datetime


@dataclass(frozen=True, slots=True)
class Offered:
    """Remember that she was offered help by itself; `declined` when she wants no such offer again."""

    declined: bool = False


Note = Asked | Settled | Propose | Count
Offer = AwaitWords | Offered
Said = Say | SayInRoom | PostCard | EditCard | React | Amend | Withdraw
Effect = Said | Record | StartTimer | StopTimer | MarkAway | Note | Offer


@dataclass(frozen=True, slots=True)
class Decision:
    """What the ticket becomes and what there is to do, in order; `also` what another becomes by the same event."""

    ticket: Ticket
    effects: tuple[Effect, ...] = ()
    also: Decision | None = None
