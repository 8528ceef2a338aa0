"""What happened, in the past tense: all that a ticket can meet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from helpbot.core.model import Person, Reason


@dataclass(frozen=True, slots=True)
class CustomerArrived:
    """She is in a direct room with the bot; `first` is False when she was there before."""

    at: datetime
    first: bool = True


@dataclass(frozen=True, slots=True)
class CustomerSaid:
    """She wrote; `attachment` names a file that came instead of text, `edited` marks a correction of earlier words.

    `written` is when she did, as far as her network tells; None for `at`, when it was read.
    """

    at: datetime
    text: str
    edited: bool = False
    attachment: str | None = None
    written: datetime | None = None


@dataclass(frozen=True, slots=True)
class CustomerLeft:
    """She left the room."""

    at: datetime


@dataclass(frozen=True, slots=True)
class AgentSaid:
    """An agent wrote plainly in the thread; `mentions` is True when a colleague was mentioned.

    `attachment` names a file that came instead of text.
    """

    at: datetime
    agent: Person
    ref: str
    text: str
    mentions: bool = False
    attachment: str | None = None


@dataclass(frozen=True, slots=True)
class AgentReplied:
    """`!r TEXT`."""

    at: datetime
    agent: Person
    ref: str
    text: str


@dataclass(frozen=True, slots=True)
class AgentNoted:
    """`!note TEXT`."""

    at: datetime
    agent: Person
    ref: str
    text: str


@dataclass(frozen=True, slots=True)
class AgentClaimed:
    """`!claim`, or ✋ or 👍 on the card."""

    at: datetime
    agent: Person
    ref: str


@dataclass(frozen=True, slots=True)
class AgentReleased:
    """`!release`."""

    at: datetime
    agent: Person
    ref: str


@dataclass(frozen=True, slots=True)
class AgentClosed:
    """`!close [TEXT]`; `text` is empty without one."""

    at: datetime
    agent: Person
    ref: str
    text: str


@dataclass(frozen=True, slots=True)
class AgentReopened:
    """`!reopen`."""

    at: datetime
    agent: Person
    ref: str


@dataclass(frozen=True, slots=True)
class AgentAskedHelp:
    """`!help`."""

    at: datetime
    agent: Person
    ref: str


@dataclass(frozen=True, slots=True)
class AgentTaught:
    """`!learn ENTRY` or `!learn new`; `entry` is None for a new one.

    `line` are the customer's words that the command is a reply to, if it is one.
    """

    at: datetime
    agent: Person
    ref: str
    entry: str | None
    line: str | None = None


@dataclass(frozen=True, slots=True)
class AgentMistyped:
    """Something that looks like a command and is none, or lacks its text: `hint` names the phrase that explains it."""

    at: datetime
    agent: Person
    ref: str
    word: str
    hint: str


@dataclass(frozen=True, slots=True)
class AgentBlocked:
    """An agent did what cannot be passed on: `hint` names the phrase that says why."""

    at: datetime
    agent: Person
    ref: str
    hint: str


@dataclass(frozen=True, slots=True)
class AgentSpokeOutside:
    """A command was written in the agents' room but in no ticket's thread."""

    at: datetime
    agent: Person
    ref: str
    team: str
    wants_help: bool


@dataclass(frozen=True, slots=True)
class Delivered:
    """The words of the agent's message `ref` are with the customer."""

    at: datetime
    ref: str


@dataclass(frozen=True, slots=True)
class Undelivered:
    """Something could not be delivered to the customer; `ref` is the agent's message it came from, if one."""

    at: datetime
    ref: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Delayed:
    """Something has not reached the customer for long and is still tried; `ref` as for Undelivered."""

    at: datetime
    ref: str | None
    why: str


@dataclass(frozen=True, slots=True)
class CardLost:
    """The ticket's card cannot be referred to any more: it is gone, or in a room that the team had before."""

    at: datetime


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer of the ticket came due."""

    at: datetime
    name: str


@dataclass(frozen=True, slots=True)
class BotGaveUp:
    """The bot cannot deal with these words of hers, because it raised over them or must not speak: a person has to."""

    at: datetime
    text: str
    reason: Reason = Reason.BOT_FAILED


@dataclass(frozen=True, slots=True)
class StrangerCame:
    """Somebody else is in her room: nothing may be said there."""

    at: datetime
    name: str


@dataclass(frozen=True, slots=True)
class StrangersGone:
    """She is alone with the bot again."""

    at: datetime


@dataclass(frozen=True, slots=True)
class AgentLeft:
    """An agent is no longer in the agents' room."""

    at: datetime
    agent: Person


@dataclass(frozen=True, slots=True)
class DeadLettersFound:
    """So many messages of these tickets could not be decided or delivered since this was last told."""

    at: datetime
    team: str
    count: int
    tickets: tuple[int, ...]


AgentEvent = (
    AgentSaid
    | AgentReplied
    | AgentNoted
    | AgentClaimed
    | AgentReleased
    | AgentClosed
    | AgentReopened
    | AgentAskedHelp
    | AgentTaught
    | AgentMistyped
    | AgentBlocked
)

Event = (
    CustomerArrived
    | CustomerSaid
    | CustomerLeft
    | AgentEvent
    | AgentSpokeOutside
    | Delivered
    | Undelivered
    | Delayed
    | CardLost
    | TimerFired
    | BotGaveUp
    | StrangerCame
    | StrangersGone
    | AgentLeft
    | DeadLettersFound
)
