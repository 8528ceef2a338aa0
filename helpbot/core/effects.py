"""What there is to do, in the imperative: the core names it, the shell stores it, the courier carries it out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from helpbot.core.model import Audience, Outcome, Role, Ticket, Zone


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
class Quoted:
    """Somebody's words, shown to the letter beside who said them."""

    author: str
    text: str


Block = Marked | Literal | Strong | Quoted
Content = tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Say:
    """Say something to the customer, or to the agents in the ticket's thread.

    What is said to the customer is kept in the transcript. `receipt` is the agent's message whose delivery this is:
    when all that carries it has arrived, Delivered comes back; when a part of it cannot, Undelivered, once.
    """

    audience: Audience
    content: Content
    role: Role = Role.BOT
    author: str = ""
    receipt: str | None = None


@dataclass(frozen=True, slots=True)
class SayInRoom:
    """Say something in the agents' room outside of any ticket, as an answer to the message `to` if there is one."""

    team: str
    to: str | None
    content: Content


@dataclass(frozen=True, slots=True)
class PostCard:
    """Post the ticket's card, the root of its thread."""

    content: Content


@dataclass(frozen=True, slots=True)
class EditCard:
    """Show the ticket's new state on its card."""

    content: Content


@dataclass(frozen=True, slots=True)
class React:
    """Put a mark on an agent's message."""

    to: str
    symbol: str


@dataclass(frozen=True, slots=True)
class Record:
    """Keep words in the transcript without sending them anywhere."""

    role: Role
    audience: Audience
    author: str
    text: str


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
    """Remember what became of the ticket's last question; `entry` is the one that she chose, if she did."""

    outcome: Outcome
    entry: str | None = None


@dataclass(frozen=True, slots=True)
class Propose:
    """Propose a question to the admins: as a phrasing of an entry, or (None) as an entry of its own.

    `question` is None for the last one that the bot was asked.
    """

    entry: str | None
    agent: str
    question: str | None = None


Note = Asked | Settled | Propose
Effect = Say | SayInRoom | PostCard | EditCard | React | Record | StartTimer | StopTimer | Note


@dataclass(frozen=True, slots=True)
class Decision:
    """What the ticket becomes and what there is to do, in order."""

    ticket: Ticket
    effects: tuple[Effect, ...] = ()
