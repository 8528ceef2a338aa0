"""What happened, in the past tense: all that a ticket can meet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from helpbot.core.acts import AgentAct
from helpbot.core.effects import Content
from helpbot.core.model import Attachment, Audience, Person, Reason


@dataclass(frozen=True, slots=True)
class CustomerArrived:
    """She is in a direct room with the bot; `first` is False when she was there before.

    Of all that she does, `room` is the ticket merged into this one in whose room she does it; None: in its own.
    """

    at: datetime
    first: bool = True
    room: int | None = None


@dataclass(frozen=True, slots=True)
class CustomerSaid:
    """She wrote; `attachment` names a file that came instead of text, `edited` marks a correction of earlier words.

    `written` is when she did, as far as her network tells; None for `at`, when it was read. `ref` is her message,
    `answers` the agent's that it replies to. `corrects` is her earlier message where that is shown to the agents.
    `offered` are the entries that the bot's message offered which it replies to, in that `turn`; `unsent` when nothing
    of the bot's last words has gone out yet; `kept` when these words are in the transcript already. `after_offer` when
    nothing but an offer of help by itself was said before.
    """

    at: datetime
    text: str
    edited: bool = False
    attachment: str | None = None
    written: datetime | None = None
    ref: str | None = None
    answers: str | None = None
    corrects: str | None = None
    file: Attachment | None = None
    room: int | None = None
    offered: tuple[str, ...] = ()
    turn: int | None = None
    unsent: bool = False
    kept: bool = False
    after_offer: bool = False


@dataclass(frozen=True, slots=True)
class CustomerCameBack:
    """She left the room of an open ticket and is in another one, by the same account.

    `number` is that of a ticket which stands for that room; `said` is what she wrote there, or brought from a help
    room, if it is that what she did.
    """

    at: datetime
    number: int
    customer: Person
    said: CustomerSaid | BotGaveUp | QuestionBrought | None = None


@dataclass(frozen=True, slots=True)
class QuestionBrought:
    """She wants to go on here with what she asked in the help room `place` (None: one without a name)."""

    at: datetime
    text: str
    place: str | None = None


@dataclass(frozen=True, slots=True)
class LeftSilent:
    """She opened a room a while ago and has not said anything, and nobody offered her help lately."""

    at: datetime


@dataclass(frozen=True, slots=True)
class CustomerDeleted:
    """She took back her message, or her reaction, `source`, which said `text`."""

    at: datetime
    source: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class FileLost:
    """A file could not be fetched, and its message `ref` went out in words; `to` is whom it was for."""

    at: datetime
    to: Audience
    ref: str
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A correction, or a deletion, of an agent's words did not reach the customer."""

    at: datetime
    deleted: bool
    why: str


@dataclass(frozen=True, slots=True)
class CustomerReacted:
    """She put a mark on words of an agent, whose message `to` stands in that team's thread.

    `before` are those that were passed on to it, as Store.marks_on tells.
    """

    at: datetime
    ref: str
    symbol: str
    to: str
    team: str | None = None
    before: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CustomerMarked:
    """She put a mark on a message of the bot while only the bot has the ticket; `ref` is her reaction.

    `offered` are the entries that the message offered, `turn` is the one in which the bot said it.
    """

    at: datetime
    ref: str
    symbol: str
    offered: tuple[str, ...] = ()
    turn: int | None = None


@dataclass(frozen=True, slots=True)
class CustomerRated:
    """She answered "how was it?" by a reaction, which stands for 1 to 5."""

    at: datetime
    rating: int
    symbol: str


@dataclass(frozen=True, slots=True)
class CustomerLeft:
    """She left the room."""

    at: datetime
    room: int | None = None


@dataclass(frozen=True, slots=True)
class CustomerMoved:
    """She goes on in another room, which replaced the one that she was in."""

    at: datetime


@dataclass(frozen=True, slots=True)
class RoomReplaced:
    """Her room was replaced by another, where the bot cannot talk to her yet; `why` names a phrase."""

    at: datetime
    why: str


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
    """What the agent's message `ref`, in that team's thread, led to is with the customer.

    `words` when that is what the agent wrote, and no word of the bot.
    """

    at: datetime
    ref: str
    team: str | None = None
    words: bool = False


@dataclass(frozen=True, slots=True)
class Undelivered:
    """Something could not be delivered to the customer; `ref` is the agent's message it came from, if one.

    `team` is whose thread that message stands in, `room` as for CustomerArrived.
    """

    at: datetime
    ref: str | None
    why: str
    team: str | None = None
    room: int | None = None


@dataclass(frozen=True, slots=True)
class Delayed:
    """Something has not reached the customer for long and is still tried; `ref` and `room` as for Undelivered."""

    at: datetime
    ref: str | None
    why: str
    room: int | None = None


@dataclass(frozen=True, slots=True)
class Unheard:
    """Her words have not reached the agents for long, and are still tried."""

    at: datetime


@dataclass(frozen=True, slots=True)
class CardLost:
    """The ticket's card for that team cannot be referred to any more: it is gone, or in a room that the team had."""

    at: datetime
    team: str | None = None


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
    ref: str | None = None
    room: int | None = None


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
class OwnerWentAway:
    """An agent who may own this ticket has said that they are away."""

    at: datetime
    agent: Person


@dataclass(frozen=True, slots=True)
class DeadLettersFound:
    """So many messages of these tickets could not be decided or delivered since this was last told."""

    at: datetime
    team: str
    count: int
    tickets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AgentElsewhere:
    """An agent did that in the ticket's thread of another team than its own: one that had it, or is offered it."""

    at: datetime
    act: AgentAct
    team: str


@dataclass(frozen=True, slots=True)
class WeeklyReport:
    """A team's week is over; `content` is what its agents read of it."""

    at: datetime
    team: str
    content: Content


AgentEvent = AgentAct | AgentElsewhere

Event = (
    CustomerArrived
    | CustomerSaid
    | CustomerCameBack
    | QuestionBrought
    | LeftSilent
    | CustomerDeleted
    | CustomerReacted
    | CustomerMarked
    | FileLost
    | Unchanged
    | CustomerRated
    | CustomerLeft
    | CustomerMoved
    | RoomReplaced
    | AgentEvent
    | AgentSpokeOutside
    | Delivered
    | Undelivered
    | Delayed
    | Unheard
    | CardLost
    | TimerFired
    | BotGaveUp
    | StrangerCame
    | StrangersGone
    | AgentLeft
    | OwnerWentAway
    | DeadLettersFound
    | WeeklyReport
)
