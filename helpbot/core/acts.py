"""What an agent did, in the past tense: written or marked in a ticket's thread, or in the agents' room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from helpbot.core.model import Attachment, Entry, Person, Ticket


@dataclass(frozen=True, slots=True)
class AgentSaid:
    """An agent wrote plainly in the thread; `mentions` is True when a colleague was mentioned.

    `attachment` names a file that came instead of text. `answers` is the customer's message that it replies to.
    """

    at: datetime
    agent: Person
    ref: str
    text: str
    mentions: bool = False
    attachment: str | None = None
    answers: str | None = None
    file: Attachment | None = None


@dataclass(frozen=True, slots=True)
class AgentReplied:
    """`!r TEXT`; `answers` as for AgentSaid, `file` is what it was written under."""

    at: datetime
    agent: Person
    ref: str
    text: str
    answers: str | None = None
    file: Attachment | None = None


@dataclass(frozen=True, slots=True)
class AgentEdited:
    """An agent corrected their earlier message `of`, which says `text` now, behind the command `word` if one.

    `sent` when it is on its way to the customer or with her, `kept` when it is an inside word.
    """

    at: datetime
    agent: Person
    ref: str
    of: str
    text: str
    word: str = ""
    mentions: bool = False
    sent: bool = False
    kept: bool = False


@dataclass(frozen=True, slots=True)
class AgentDeleted:
    """A message of an agent, or a reaction, `of`, was taken back."""

    at: datetime
    agent: Person
    ref: str
    of: str


@dataclass(frozen=True, slots=True)
class AgentReacted:
    """An agent put a mark on what shows the customer's message `to`; `before` as for CustomerReacted."""

    at: datetime
    agent: Person
    ref: str
    symbol: str
    to: str
    before: tuple[str, ...] = ()


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
class AgentTransferred:
    """`!transfer TEAM [WHY]`; `team` as it was typed, `transcript` is all that was said so far."""

    at: datetime
    agent: Person
    ref: str
    team: str
    why: str
    transcript: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class AgentAssigned:
    """`!assign @agent`; `members` are the agents of this room whom that names, `away` those of them who are away."""

    at: datetime
    agent: Person
    ref: str
    typed: str
    members: tuple[Person, ...] = ()
    away: tuple[Person, ...] = ()


@dataclass(frozen=True, slots=True)
class AgentPromised:
    """`!promise WHEN [WHAT]`, as it was typed."""

    at: datetime
    agent: Person
    ref: str
    text: str


@dataclass(frozen=True, slots=True)
class AgentKeptPromise:
    """`!kept [TEXT]`."""

    at: datetime
    agent: Person
    ref: str
    text: str


@dataclass(frozen=True, slots=True)
class AgentSnoozed:
    """`!snooze UNTIL`, as it was typed."""

    at: datetime
    agent: Person
    ref: str
    text: str


@dataclass(frozen=True, slots=True)
class AgentConfirmed:
    """`!send`, or 👍 or ✅ on the words `of` that were held back; `others` are what a `!merge` among them is about."""

    at: datetime
    agent: Person
    ref: str
    of: str | None = None
    others: tuple[Other, ...] = ()


@dataclass(frozen=True, slots=True)
class Other:
    """Another ticket as an agent's act found it, and what only the database tells of the two.

    `here` when it belongs in the room where the act was done, `same_account` when all that both came from is one
    account, `same_room` when both are in one room of hers; `later` when she wrote later in the ticket of the act.
    `transcript` is all that was said in that ticket.
    """

    ticket: Ticket
    here: bool
    same_account: bool
    same_room: bool
    later: bool
    transcript: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class AgentMerged:
    """`!merge NUMBER`: this ticket becomes part of that one; `other` is None when there is none of that number."""

    at: datetime
    agent: Person
    ref: str
    number: int
    other: Other | None = None


@dataclass(frozen=True, slots=True)
class AgentUsedCanned:
    """`!canned [NAME]`; the name is empty without one."""

    at: datetime
    agent: Person
    ref: str
    name: str


@dataclass(frozen=True, slots=True)
class AgentWentAway:
    """`!away`, or `!back` when `back`; written outside of any ticket when `team` is set: in that team's room."""

    at: datetime
    agent: Person
    ref: str
    back: bool
    team: str | None = None


@dataclass(frozen=True, slots=True)
class AgentAskedTickets:
    """`!tickets`; `tickets` are those that are with people, of the teams in this room; `team` as for AgentWentAway."""

    at: datetime
    agent: Person
    ref: str
    tickets: tuple[Ticket, ...] = ()
    team: str | None = None


@dataclass(frozen=True, slots=True)
class AgentSearched:
    """`!find TEXT`; `lines` are number, author ("" for the bot) and words; `team` as for AgentWentAway."""

    at: datetime
    agent: Person
    ref: str
    text: str
    lines: tuple[tuple[int, str, str], ...] = ()
    team: str | None = None


@dataclass(frozen=True, slots=True)
class AgentAskedHistory:
    """`!history`; `tickets` are the customer's other ones, the newest first."""

    at: datetime
    agent: Person
    ref: str
    tickets: tuple[Ticket, ...] = ()


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


AgentAct = (
    AgentSaid
    | AgentReplied
    | AgentEdited
    | AgentDeleted
    | AgentReacted
    | AgentNoted
    | AgentClaimed
    | AgentReleased
    | AgentClosed
    | AgentReopened
    | AgentAskedHelp
    | AgentTaught
    | AgentTransferred
    | AgentAssigned
    | AgentPromised
    | AgentKeptPromise
    | AgentSnoozed
    | AgentConfirmed
    | AgentMerged
    | AgentUsedCanned
    | AgentWentAway
    | AgentAskedTickets
    | AgentSearched
    | AgentAskedHistory
    | AgentMistyped
    | AgentBlocked
)
