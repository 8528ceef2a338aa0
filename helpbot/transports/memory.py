"""A network in memory, for tests and for newcomers: the same port as the real ones, with every fault on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from helpbot.core.effects import Called, Content
from helpbot.transports.base import Address, Incoming, Kind, Receive, Undeliverable
from helpbot.transports.markup import picture_in, picture_name, plain

BOT = "helpbot"
_OPENING = {Kind.ARRIVED, Kind.SAID}


@dataclass(slots=True)
class Message:
    """A message as the network shows it now; `marks` are the reactions to it, `mentions` whom it called as it came."""

    ref: str
    room: str
    sender: str
    text: str
    thread: str | None = None
    key: str | None = None
    edits: int = 0
    marks: list[str] = field(default_factory=list)
    mentions: tuple[str, ...] = ()


class MemoryTransport:
    """Holds rooms of messages; people speak through `say`, `react`, `arrive` and `leave`.

    What happened is kept by the network, as by a real one, and handed in from the desk's cursor on. `trouble` may
    raise TryLater or Undeliverable before a message is taken, or after (then the message is there all the same).
    """

    def __init__(self, name: str = "memory", teams: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.ready = asyncio.Event()
        self.messages: dict[str, Message] = {}  # by reference, in the order in which they were sent
        self.trouble: Callable[[Address, str], None] = lambda address, key: None
        self.trouble_after: Callable[[Address, str], None] = lambda address, key: None
        self.forgets = False  # a network that does not know a key again, as real ones after a day
        self.shown: Callable[[str, Message], None] = lambda verb, message: None
        self._teams = {room: team for team, room in (teams or {}).items()}
        self._members: dict[str, dict[str, str]] = {}
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

    def arrive(self, room: str, person: str, name: str | None = None) -> str:
        """Open a direct room with the bot."""
        return self._happen(Kind.ARRIVED, room, person, name=name or person)

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

    def react_as(self, room: str, person: str, target: str, symbol: str) -> str:
        """React to a message."""
        return self._happen(Kind.REACTED, room, person, target=target, symbol=symbol)

    def company(self, room: str, person: str, *, comes: bool) -> str:
        """Let a third person come into a direct room, or go."""
        if comes:
            return self._happen(Kind.CROWDED, room, person)
        whose = next((item.sender for item in self._happened if item.room == room and item.kind in _OPENING), person)
        return self._happen(Kind.ALONE, room, whose)

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
        )
        self._happened.append(replace(base, **more))  # type: ignore[arg-type]  # fields of Incoming
        self._news.set()
        return base.id

    # --- what the bot does

    async def send(self, address: Address, content: Content, key: str) -> str:
        """See Transport."""
        return self._put("send", address, key, content)

    async def edit(self, address: Address, ref: str, content: Content, key: str) -> str:
        """See Transport."""
        if self.forgets or key not in self._by_key:
            self.trouble(address, key)
            message = self._message(address, ref)
            message.text = _shown(content)
            message.edits += 1
            self._remember(address.room, key)
            self.shown("edit", message)
            self.trouble_after(address, key)
        return self._by_key[key]

    async def react(self, address: Address, ref: str, symbol: str, key: str) -> str:
        """See Transport."""
        if self.forgets or key not in self._by_key:
            self.trouble(address, key)
            message = self._message(address, ref)
            message.marks.append(symbol)
            self._remember(address.room, key)
            self.shown("react", message)
            self.trouble_after(address, key)
        return self._by_key[key]

    async def sent_since(self, address: Address, ref: str | None) -> Mapping[str, str]:
        """See Transport."""
        there = [(key, sent) for room, key, sent in self._sent if room == address.room]
        after = [place for place, (_, sent) in enumerate(there, start=1) if sent == ref]
        return dict(there[after[-1] :] if after else there)

    def _put(self, verb: str, address: Address, key: str, content: Content) -> str:
        if self.forgets or key not in self._by_key:
            self.trouble(address, key)
            if address.thread is not None:
                self._message(address, address.thread)
            ref = self._remember(address.room, key)
            message = Message(ref, address.room, self.account, _shown(content), address.thread, key)
            message.mentions = tuple(dict.fromkeys(block.id for block in content if isinstance(block, Called)))
            self.messages[ref] = message
            self.shown(verb, message)
            self.trouble_after(address, key)
        return self._by_key[key]

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
