"""A network in memory, for tests and for newcomers: the same port as the real ones, with every fault on demand."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from helpbot.core.effects import Called, Content
from helpbot.core.model import Attachment
from helpbot.transports.base import (
    Address,
    Fetched,
    Incoming,
    Kind,
    Read,
    Receive,
    Sign,
    TryLater,
    Typing,
    Undeliverable,
)
from helpbot.transports.markup import picture_in, picture_name, plain

BOT = "helpbot"
_OPENING = {Kind.ARRIVED, Kind.SAID}


@dataclass(slots=True)
class Message:
    """A message as the network shows it now.

    `marks` are the reactions to it, `mentions` whom it called as it came, `answers` is what it is a reply to.
    """

    ref: str
    room: str
    sender: str
    text: str
    thread: str | None = None
    key: str | None = None
    edits: int = 0
    marks: list[str] = field(default_factory=list)
    mentions: tuple[str, ...] = ()
    answers: str | None = None
    file: bytes | None = None
    deleted: bool = False


class MemoryTransport:
    """Holds rooms of messages; people speak through `say`, `react`, `arrive` and `leave`.

    What happened is kept by the network, as by a real one, and handed in from the desk's cursor on. `trouble` may
    raise TryLater or Undeliverable before a message is taken, or after (then the message is there all the same).
    """

    def __init__(
        self,
        name: str = "memory",
        teams: Mapping[str, str] | None = None,
        help_rooms: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.ready = asyncio.Event()
        self.messages: dict[str, Message] = {}  # by reference, in the order in which they were sent
        self.trouble: Callable[[Address, str], None] = lambda address, key: None
        self.trouble_after: Callable[[Address, str], None] = lambda address, key: None
        self.notice: Callable[[Sign], None] = lambda sign: None
        self.typing: dict[str, bool] = {}  # customers' rooms in which somebody was shown to type, or no longer
        self.read: dict[str, str] = {}  # customers' rooms with the message up to which it was shown that somebody read
        self.signed = asyncio.Event()  # something was shown of that
        self._files: dict[str, bytes] = {}
        self._marks: dict[str, tuple[Message, str]] = {}  # by the reference of the bot's own mark
        self.forgets = False  # a network that does not know a key again, as real ones after a day
        self.shown: Callable[[str, Message], None] = lambda verb, message: None
        self._teams = {room: team for team, room in (teams or {}).items()}
        self._help_rooms = help_rooms or {}  # room → how the config names it
        self.direct_rooms: dict[str, str] = {}  # by person, the direct rooms that the bot opened
        self._members: dict[str, dict[str, str]] = {}
        self._before: dict[str, str] = {}  # rooms that replaced others, and which
        self._replaced: set[str] = set()
        self._moved: dict[str, str] = {}  # agents' rooms by the names that the desk has for them
        self._happened: list[Incoming] = []
        self._taken = 0
        self._news = asyncio.Event()
        self._took = asyncio.Event()
        self._by_key: dict[str, str] = {}
        self._sent: list[tuple[str, str, str]] = []  # room, key, reference
        self._count = 0

    @property
    def account(self) -> str:
        """See Transport."""
        return f"@{BOT}:{self.name}"

    async def run(self, receive: Receive) -> None:
        """See Transport."""
        while True:
            self._news.clear()
            batch = self._happened[self._taken :]
            if batch:
                await receive(batch, str(self._taken + len(batch)))
                self._taken += len(batch)
                self._took.set()
            self.ready.set()
            if self._taken == len(self._happened):
                await self._news.wait()

    def start_from(self, cursor: str | None) -> None:
        """Hand in what happened after that cursor, as after a restart, in this event loop or another."""
        self._taken = int(cursor or 0)
        self.ready, self._news, self._took = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def taken(self) -> None:
        """Return once the desk has taken in all that happened."""
        while self._taken < len(self._happened):
            self._took.clear()
            await self._took.wait()

    # --- what people do

    def join(self, room: str, person: str, name: str | None = None) -> None:
        """Make somebody a member of an agents' room."""
        self._members.setdefault(room, {})[person] = name or person

    def leave_agents(self, room: str, person: str) -> None:
        """Take somebody out of an agents' room."""
        name = self._members[room].pop(person, person)
        self._happen(Kind.LEFT, room, person, name=name)

    def arrive(self, room: str, person: str, name: str | None = None, **more: object) -> str:
        """Open a direct room with the bot, or come into one that it opened, or join a help room."""
        return self._happen(Kind.ARRIVED, room, person, name=name or person, **more)

    def leave(self, room: str, person: str) -> str:
        """Leave the direct room."""
        return self._happen(Kind.LEFT, room, person)

    def say(self, room: str, person: str, text: str, **more: object) -> str:
        """Write in a room; `more` are fields of Incoming. Returns the reference."""
        more = {"mentions": True, **more} if more.get("mentioned") else more
        ref = self._happen(Kind.SAID, room, person, text=text, **more)
        thread = more.get("thread")
        self.messages[ref] = Message(ref, room, person, text, None if thread is None else str(thread))
        return ref

    def upload(self, data: bytes, name: str, kind: str = "file", text: str = "", media_type: str = "") -> Attachment:
        """Give a file to the network; it is sent by `say` as `file`."""
        source = f"file-{len(self._files)}"
        self._files[source] = data
        media_type = media_type or "application/octet-stream"
        return Attachment(name, kind, media_type, len(data), text, self.name, source)

    def lose_files(self) -> None:
        """Forget every file, as a server that is away for ever does."""
        self._files.clear()

    def delete_as(self, room: str, person: str, target: str) -> str:
        """Take a message or a reaction back."""
        if target in self.messages:
            self.messages[target].deleted = True
        return self._happen(Kind.DELETED, room, person, target=target)

    def types_as(self, room: str, *people: str) -> None:
        """Let these people type in a room, and nobody else."""
        self.notice(Typing(room, self._teams.get(room), people))

    def reads_as(self, room: str, person: str, ref: str, thread: str | None = None) -> None:
        """Let somebody have read up to a message."""
        self.notice(Read(room, self._teams.get(room), person, ref, thread))

    def react_as(self, room: str, person: str, target: str, symbol: str) -> str:
        """React to a message."""
        return self._happen(Kind.REACTED, room, person, target=target, symbol=symbol)

    def company(self, room: str, person: str, *, comes: bool) -> str:
        """Let a third person come into a direct room, or go."""
        if comes:
            return self._happen(Kind.CROWDED, room, person)
        whose = next((item.sender for item in self._happened if item.room == room and item.kind in _OPENING), person)
        return self._happen(Kind.ALONE, room, whose)

    def replace(self, room: str, person: str, why: str = "upgrade_waits") -> str:
        """Replace a direct room by another, which cannot be used yet."""
        self._replaced.add(room)
        return self._happen(Kind.REPLACED, room, person, symbol=why)

    def move(self, room: str, new: str, person: str, name: str | None = None) -> str:
        """Let somebody go on in another room, which replaced that one."""
        self._replaced.add(room)
        self._before[new] = room
        return self._happen(Kind.MOVED, room, person, target=new, name=name or person)

    def move_agents(self, room: str, new: str) -> str:
        """Let a team go on in another room; the desk goes on naming the one that it knows."""
        self._members[new] = self._members[room]
        self._teams[new] = self._teams.pop(room)
        self._moved[room] = new
        return self._happen(Kind.MOVED, new, self.account, target=new)

    def repeat(self, ref: str) -> None:
        """Hand in something that happened once more, as networks do."""
        self._happened.append(next(item for item in self._happened if item.id == ref))
        self._news.set()

    def _happen(self, kind: Kind, room: str, person: str, **more: object) -> str:
        self._count += 1
        team = self._teams.get(room)
        members = self._members.get(room, {})
        base = Incoming(
            id=f"${self.name}-{self._count}",
            kind=kind,
            room=room,
            sender=person,
            name=members.get(person, person),
            at=datetime.now(UTC),
            team=team,
            member=team is None or person in members,
            public=self._help_rooms.get(room),
            reachable=room in self._help_rooms,
            agent=room in self._help_rooms and any(person in people for people in self._members.values()),
        )
        self._happened.append(replace(base, **more))  # type: ignore[arg-type]  # fields of Incoming
        self._news.set()
        return base.id

    # --- what the bot does

    async def send(
        self, address: Address, content: Content, key: str, *, answers: str | None = None, file: Fetched | None = None
    ) -> str:
        """See Transport."""
        return self._put("send", address, key, content, answers, None if file is None else file.file.read())

    @asynccontextmanager
    async def fetch(self, attachment: Attachment, most: int) -> AsyncIterator[Fetched]:
        """See Transport."""
        data = self._files.get(attachment.source)
        if data is None:
            raise Undeliverable("file_gone")
        if len(data) > most:
            raise Undeliverable("file_too_large")
        yield Fetched(io.BytesIO(data), len(data))

    async def open_direct(self, person: str) -> str:
        """See Transport."""
        address = Address(self.name, f"direct {person}")
        self.trouble(address, person)
        self.direct_rooms[person] = address.room
        self.trouble_after(address, person)
        return address.room

    async def redact(self, address: Address, ref: str, key: str) -> str:
        """See Transport."""
        if self.forgets or key not in self._by_key:
            address = self._open(address)
            self.trouble(address, key)
            if ref in self._marks:
                message, symbol = self._marks.pop(ref)
                message.marks.remove(symbol)
            elif ref in self.messages and self.messages[ref].room == self._standing(address, ref).room:
                message = self.messages[ref]
                if message.sender != self.account:
                    raise Undeliverable("only what the bot itself sent is taken back")
                message.deleted, message.text, message.file = True, "", None
                self.shown("redact", message)
            self._remember(address.room, key)
            self.trouble_after(address, key)
        return self._by_key[key]

    async def show_typing(self, address: Address, *, typing: bool) -> None:
        """See Transport."""
        self.typing[address.room] = typing
        self.signed.set()

    async def show_read(self, address: Address, ref: str) -> None:
        """See Transport."""
        self.read[address.room] = ref
        self.signed.set()

    async def edit(self, address: Address, ref: str, content: Content, key: str) -> str:
        """See Transport."""
        if self.forgets or key not in self._by_key:
            address = self._open(address)
            self.trouble(address, key)
            message = self._message(self._standing(address, ref), ref)
            message.text = _shown(content)
            message.edits += 1
            self._remember(address.room, key)
            self.shown("edit", message)
            self.trouble_after(address, key)
        return self._by_key[key]

    async def react(self, address: Address, ref: str, symbol: str, key: str) -> str:
        """See Transport."""
        if self.forgets or key not in self._by_key:
            address = self._open(address)
            self.trouble(address, key)
            message = self._message(self._standing(address, ref), ref)
            message.marks.append(symbol)
            self._marks[self._remember(address.room, key)] = (message, symbol)
            self.shown("react", message)
            self.trouble_after(address, key)
        return self._by_key[key]

    async def sent_since(self, address: Address, ref: str | None) -> Mapping[str, str]:
        """See Transport."""
        address = self._open(address)
        rooms = self._with_former(address.room)
        there = [(key, sent) for room, key, sent in self._sent if room in rooms]
        after = [place for place, (_, sent) in enumerate(there, start=1) if sent == ref]
        return dict(there[after[-1] :] if after else there)

    def _put(  # noqa: PLR0917  # what a message is made of
        self, verb: str, address: Address, key: str, content: Content, answers: str | None, file: bytes | None
    ) -> str:
        if self.forgets or key not in self._by_key:
            address = self._open(address)
            self.trouble(address, key)
            if address.thread is not None:
                self._message(address, address.thread)
            if answers is not None:
                self._message(address, answers)
            ref = self._remember(address.room, key)
            message = Message(ref, address.room, self.account, _shown(content), address.thread, key)
            message.answers, message.file = answers, file
            message.mentions = tuple(dict.fromkeys(block.id for block in content if isinstance(block, Called)))
            self.messages[ref] = message
            self.shown(verb, message)
            self.trouble_after(address, key)
        return self._by_key[key]

    def _open(self, address: Address) -> Address:
        """Return where a message goes; raises TryLater where a room was replaced."""
        address = replace(address, room=self._moved.get(address.room, address.room))
        if address.room in self._replaced:
            raise TryLater("upgraded", timedelta(milliseconds=20), doubtful=False)
        return address

    def _with_former(self, room: str) -> list[str]:
        rooms = [room]
        while rooms[-1] in self._before:
            rooms.append(self._before[rooms[-1]])
        return [*rooms, *(old for old, new in self._moved.items() if new == room)]

    def _standing(self, address: Address, ref: str) -> Address:
        """Return where what is meant stands: in that room, or in one that it replaced."""
        message = self.messages.get(ref)
        there = message is not None and message.room in self._with_former(address.room)
        return replace(address, room=message.room) if message is not None and there else address

    def _message(self, address: Address, ref: str) -> Message:
        """Return a message that is referred to: it must be in that room."""
        message = self.messages.get(ref)
        if message is None or message.room != address.room:
            raise Undeliverable("there is no such message in this room")
        return message

    def _remember(self, room: str, key: str) -> str:
        self._count += 1
        self._by_key[key] = f"${self.name}-{self._count}"
        self._sent.append((room, key, self._by_key[key]))
        return self._by_key[key]

    def in_room(self, room: str) -> list[Message]:
        """Return what is to be read in a room, threads included, in order."""
        return [message for message in self.messages.values() if message.room == room]


def _shown(content: Content) -> str:
    """Return the content as text, below the name of the picture that it shows."""
    picture, words = picture_in(content), plain(content)
    if picture is None:
        return words
    return "\n".join(line for line in (f"🖼 {picture_name(picture)}", words) if line)
