"""The port that every network fits: what comes in, where things go, and how sending may fail."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import BinaryIO, Protocol

from helpbot.core.effects import Content
from helpbot.core.model import Attachment


@dataclass(frozen=True, slots=True)
class About:
    """How the ticket of a message stands as it is sent, for networks that show more than words: buttons, tags, titles.

    `status` is one of core.model.Status, `language` the customer's; `offered` counts the entries that she may choose
    from in this message. `customer` and `question` are people's words.
    """

    number: int
    status: str
    language: str | None
    customer: str = ""
    question: str = ""
    offered: int = 0


@dataclass(frozen=True, slots=True)
class Address:
    """Where a message goes: a room of a network, and the message whose thread it belongs to, if one.

    `about` is no part of the place.
    """

    transport: str
    room: str
    thread: str | None = None
    about: About | None = field(default=None, compare=False)


class Kind(StrEnum):
    """What an incoming event is."""

    ARRIVED = "arrived"  # a customer is in a direct room with the bot; or somebody has come into a help room
    LEFT = "left"  # that person is no longer there
    REMOVED = "removed"  # the bot is no longer there
    CROWDED = "crowded"  # somebody came, and the customer is not alone with the bot
    ALONE = "alone"  # nobody but the sender is with the bot any more
    SAID = "said"
    REACTED = "reacted"
    DELETED = "deleted"  # a message, or a reaction, was taken back
    ZONED = "zoned"  # a customer's profile names a time zone
    REPLACED = "replaced"  # a customer's room gave way to another, where the bot cannot talk to her yet
    MOVED = "moved"  # she goes on in another room, where she is alone with the bot; so does a team, in `room`


@dataclass(frozen=True, slots=True)
class Incoming:
    """Something that happened on a network, as data.

    `id` is the network's own id of the event, unique on that network, so that the same event handed in twice counts
    once. `team` is set when the room is that team's agents' room, `public` when it is a help room, where many people
    are: it is what the config calls it. Else the room is a customer's. `text` is plain, as
    written, with a quoted fallback of a reply already taken off. References (`thread`, `reply_to`, `target`, `edits`)
    are ids of other events, checked to be text and nothing more.
    """

    id: str
    kind: Kind
    room: str
    sender: str
    name: str
    at: datetime
    text: str = ""
    team: str | None = None
    thread: str | None = None  # root of the thread it was written in
    reply_to: str | None = None  # the message it answers
    target: str | None = None  # REACTED: the message that got it; DELETED: what was taken back; MOVED: the new room
    symbol: str = ""  # REACTED; REPLACED: why, the name of a phrase
    edits: str | None = None  # the sender's own earlier message that this one corrects
    attachment: str | None = None  # name or kind of a file that came instead of text
    file: Attachment | None = None  # the same, when it can be fetched
    mentions: bool = False  # somebody other than the bot is mentioned
    mentioned: tuple[tuple[str, str], ...] = ()  # agents' room: its members among them, id and name
    member: bool = True  # agents' room: whether the sender is a joined member now
    exposed: bool = False  # agents' room: whether anybody may come in or read it
    zone: str | None = None  # ZONED: as it stands in her profile
    public: str | None = None
    addressed: bool = False  # help room: the bot is
    reachable: bool = False  # help room: the bot may open a direct room with the sender
    agent: bool = False  # help room: the sender is a member of an agents' room
    language: str | None = None  # the sender's, as their network tells: one of the codes of the config, or another
    late: bool = False  # it could not be read when it came: who is in the room may have changed since


class TryLater(Exception):
    """Not now; the same message with the same key may go through later. `after` is what the network asked for.

    `doubtful` when the network may have taken it all the same.
    """

    def __init__(self, why: str, after: timedelta | None = None, *, doubtful: bool = True) -> None:
        super().__init__(why)
        self.why = why
        self.after = after
        self.doubtful = doubtful


class Undeliverable(Exception):
    """The network will not take this message; `why` is for people to read, or names a phrase ("gone": `why_gone`).

    `whole_room` when it would take no other message there either.
    """

    def __init__(self, why: str, *, whole_room: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.whole_room = whole_room


class SetupError(Exception):
    """The admin must mend something before this network can be used (login refused, agents' room out of reach)."""


@dataclass(frozen=True, slots=True)
class Typing:
    """These people, none of them the bot, are typing in a room now; nobody keeps this."""

    room: str
    team: str | None
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """Somebody has read a room, or one of its threads, up to a message; nobody keeps this."""

    room: str
    team: str | None
    person: str
    ref: str
    thread: str | None = None  # its root; None: the room outside of threads, or all of it


Sign = Typing | Read


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes of a file, whole and as they were sent, in a temporary file that its giver closes; `size` in bytes.

    `thumbnail` is a small picture of it, if its network has one.
    """

    file: BinaryIO
    size: int
    thumbnail: Fetched | None = None


Receive = Callable[[Sequence[Incoming], str | None], Awaitable[None]]
"""Hands in events together with the network's cursor; returns once both are committed."""


class Notebook(Protocol):
    """What a transport keeps in the desk's database beside its messages: logins, flags; each write is committed."""

    async def get(self, key: str) -> str | None:
        """Return the value kept under that key."""
        ...

    async def put(self, key: str, value: str) -> None:
        """Keep a value."""
        ...

    async def cursor(self) -> str | None:
        """Return the cursor of the last batch that was committed."""
        ...

    async def rooms(self) -> frozenset[str]:
        """Return the customers' rooms that the desk knows on this network, those that they had before too."""
        ...


class Transport(Protocol):
    """A network. Sending raises TryLater or Undeliverable; anything else that comes out is a fault of ours.

    `key` names the message for ever: sending the same key twice shows one message, as long as the network remembers
    it; `sent_since` is for what lies further back.
    """

    name: str
    ready: asyncio.Event  # set once it is connected and has handed in what it missed
    notice: Callable[[Sign], None]  # is called with signs of life, and must not raise

    @property
    def account(self) -> str:
        """The bot's own id there; known after `ready`."""
        ...

    async def run(self, receive: Receive) -> None:
        """Receive until cancelled. Raises SetupError when only the admin can help."""
        ...

    async def send(
        self, address: Address, content: Content, key: str, *, answers: str | None = None, file: Fetched | None = None
    ) -> str:
        """Send a message; return its reference there.

        `answers` is the message in that room that it is a reply to. `file` are the bytes of the attachment that the
        content holds; without them, and where the network will not have them, its name goes in words.
        """
        ...

    async def open_direct(self, person: str) -> str:
        """Return the direct room that the bot has opened for somebody, to which they are invited if they are not in it.

        However often it is asked for, and whatever dies in between, there is one. It is a customer's room once they
        have come.
        """
        ...

    def fetch(self, attachment: Attachment, most: int) -> AbstractAsyncContextManager[Fetched]:
        """Give a file that came in on this network, of at most so many bytes.

        Raises TryLater, and Undeliverable, whose `why` names a phrase, when it is larger, not there, or not what its
        sender's client said it would be.
        """
        ...

    async def redact(self, address: Address, ref: str, key: str) -> str:
        """Take back a message or a mark of the bot's own; return the reference of that. What is gone is no error."""
        ...

    async def show_typing(self, address: Address, *, typing: bool) -> None:
        """Show in a customer's room that somebody is typing, or no longer; does nothing when it cannot."""
        ...

    async def show_read(self, address: Address, ref: str) -> None:
        """Show a customer that a person has read up to her message; does nothing when it cannot."""
        ...

    async def edit(self, address: Address, ref: str, content: Content, key: str) -> str:
        """Replace a message's content; return the reference of the change."""
        ...

    async def react(self, address: Address, ref: str, symbol: str, key: str) -> str:
        """Put a mark on a message; return the mark's reference."""
        ...

    async def sent_since(self, address: Address, ref: str | None) -> Mapping[str, str]:
        """Return key → reference of what the bot itself sent into the room after `ref`; None: as far as is sane."""
        ...
