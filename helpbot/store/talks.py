"""What is kept of help rooms, and the interface to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from helpbot.core.effects import Content
from helpbot.core.model import Person
from helpbot.core.public import Counts, Word


@dataclass(frozen=True, slots=True)
class Talk:
    """What the bot said in a help room to somebody.

    `event` is what it answered, `thread` the root of the thread in which it did, `text` what the event says now.
    `accepted` when this person wanted to go on in private.
    """

    id: int
    transport: str
    room: str
    person: Person
    word: Word
    event: str
    thread: str | None = None
    place: str | None = None  # what the config called the room
    text: str = ""
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class PublicStep:
    """What a decision about a help room changes.

    `begins` is a talk that is new, `accepted` one whose person goes on in private; `said` is what is said because of
    the one or the other, in a thread if it answers something, under that `key`. `opens` is the key under which a direct
    room is opened. `taken_back` is a message, with its network and room, whose answers are to be taken
    back, `corrected` one with its author and what it says now. `offered` is who was offered help by itself, and whether
    they want no more of it.
    """

    begins: Talk | None = None
    accepted: Talk | None = None
    said: Content | None = None
    key: str = ""
    opens: str | None = None
    taken_back: tuple[str, str, str] | None = None
    corrected: tuple[str, str, str, str, str] | None = None
    offered: tuple[str, str, bool] | None = None


class PublicStore(Protocol):
    """What is remembered of help rooms, and of help that was offered."""

    async def public_counts(self, transport: str, room: str, person: str, at: datetime) -> Counts:
        """Return how often the bot spoke in a help room within the last hour."""
        ...

    async def talk_by(self, transport: str, room: str, ref: str) -> Talk | None:
        """Return the talk that a message of the bot in a help room is of."""
        ...

    async def talk_under(self, transport: str, room: str, refs: Sequence[str], person: str) -> Talk | None:
        """Return the newest talk that these messages are of, as the bot's or as roots; rather one with that person."""
        ...

    async def talk(self, number: int) -> Talk | None:
        """Return the talk of that id."""
        ...

    async def unsent_to(self, transport: str, room: str, person: str) -> bool:
        """Tell whether something is to be said to somebody in a help room, which may be there already."""
        ...

    async def others_in(self, transport: str, room: str, thread: str, person: str) -> bool:
        """Tell whether somebody else has written in a thread of a help room."""
        ...

    async def alone_with(self, transport: str, person: str) -> str | None:
        """Return the newest room in which somebody is alone with the bot."""
        ...

    async def to_bring(self, transport: str, room: str, person: str) -> Sequence[int]:
        """Return the talks that are to go on in a direct room that was opened for them."""
        ...

    async def last_offer(self, transport: str, person: str) -> tuple[datetime, bool] | None:
        """Return when somebody was offered help by itself, and whether they want no more of that."""
        ...

    async def silence(self, conversation: int) -> bool | None:
        """Return whether help was offered to a customer who has not said anything; None to any other."""
        ...
