"""Plays a story: what people say, and what each side then reads, through the memory network and a real SQLite."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from helpbot.app import Helpbot
from helpbot.core.model import Desk
from helpbot.store.sqlite import SqliteStore
from helpbot.transports.base import Address
from helpbot.transports.memory import MemoryTransport, Message

AGENTS = {"sam": "Sam", "alex": "Alex"}
AGENTS_ROOM = "desk"
OTHERS = {"nora": "Nora", "omar": "Omar"}  # of the second team, where it has a room of its own
OTHER_ROOM = "desk of lines"
TWO_ROOMS = {"mobile": AGENTS_ROOM, "lines": OTHER_ROOM}


@dataclass(slots=True)
class WallClock:
    """A clock that stories turn."""

    at: datetime = datetime(2026, 10, 21, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


@dataclass(slots=True)
class Stage:
    """A desk with its customers and agents; each reads what is new to them."""

    bot: Helpbot
    store: SqliteStore
    network: MemoryTransport
    clock: WallClock
    cards: dict[int, Message] = field(default_factory=dict)
    others: dict[int, Message] = field(default_factory=dict)  # the cards in the second team's room
    _read: set[str] = field(default_factory=set)
    last_by_agent: str = ""

    async def settle(self) -> None:
        """Wait until the desk has nothing left to do."""
        async with asyncio.timeout(60):
            await self.bot.settled()
        for room, cards in ((AGENTS_ROOM, self.cards), (OTHER_ROOM, self.others)):
            for message in self.network.in_room(room):
                if message.sender == self.network.account and message.thread is None and message.text[0] in "🟡🟢🟠⚪":
                    cards[int(message.text[3:].split()[0])] = message

    async def customer(self, name: str, text: str, **more: object) -> None:
        self.network.say(f"room of {name}", name, text, **more)
        await self._taken()

    async def arrives(self, name: str) -> None:
        self.network.arrive(f"room of {name}", name)
        await self._taken()

    async def leaves(self, name: str) -> None:
        self.network.leave(f"room of {name}", name)
        await self._taken()

    async def agent(self, name: str, text: str, number: int | None = None, **more: object) -> None:
        """Let an agent write in the thread of that ticket, or of the newest."""
        card = self._card(name, number)
        self.last_by_agent = self.network.say(card.room, name, text, **{"thread": card.ref, **more})
        await self._taken()

    async def agent_outside(self, name: str, text: str) -> None:
        """Let an agent write in the room itself."""
        self.last_by_agent = self.network.say(OTHER_ROOM if name in OTHERS else AGENTS_ROOM, name, text)
        await self._taken()

    async def agent_reacts(self, name: str, symbol: str, number: int | None = None) -> None:
        card = self._card(name, number)
        self.network.react_as(card.room, name, card.ref, symbol)
        await self._taken()

    def _card(self, agent: str, number: int | None) -> Message:
        cards = self.others if agent in OTHERS else self.cards
        return cards[max(cards) if number is None else number]

    async def rates(self, name: str, symbol: str) -> None:
        """Let a customer react to what the bot said to her last."""
        said = [one for one in self.network.in_room(f"room of {name}") if one.sender == self.network.account]
        self.network.react_as(f"room of {name}", name, said[-1].ref, symbol)
        await self._taken()

    async def passes(self, time: timedelta) -> None:
        """Let time pass."""
        self.clock.at += time
        self.store.timer_bell.set()
        await self.store.fire(self.clock.at)
        await self.settle()

    async def _taken(self) -> None:
        async with asyncio.timeout(10):
            await self.network.taken()
        await self.settle()

    def new_for(self, name: str) -> list[Message]:
        """Return what that customer has not read yet."""
        return self._new(f"room of {name}")

    def new_for_agents(self, room: str = AGENTS_ROOM) -> list[Message]:
        """Return what the agents have not read yet."""
        return self._new(room)

    def _new(self, room: str) -> list[Message]:
        found = [
            message
            for message in self.network.in_room(room)
            if message.sender == self.network.account and message.ref not in self._read
        ]
        self._read |= {message.ref for message in found}
        return found

    def marks(self) -> list[str]:
        """Return the marks on what an agent wrote last."""
        return self.network.messages[self.last_by_agent].marks


@asynccontextmanager
async def stage(  # noqa: PLR0917  # each has a default
    desk: Desk,
    database: Path,
    network: MemoryTransport | None = None,
    clock: WallClock | None = None,
    kind: type[SqliteStore] = SqliteStore,
    rooms: Mapping[str, str] | None = None,
) -> AsyncIterator[Stage]:
    """Open a desk on that database; a network that was there before goes on where the desk's cursor stands."""
    clock = clock or WallClock()
    network = network or new_network(desk, rooms)
    store = await kind.open(database)
    network.start_from(await store.notebook(network.name).cursor())
    seats = {team.id: Address(network.name, (rooms or {}).get(team.id, AGENTS_ROOM)) for team in desk.teams}
    bot = Helpbot(store, [network], seats, desk, clock.now)
    try:
        async with bot.running():
            await bot.ready()
            opened = Stage(bot, store, network, clock)
            await opened.settle()
            yield opened
    finally:
        await store.close()


def new_network(desk: Desk, rooms: Mapping[str, str] | None = None) -> MemoryTransport:
    """Return a network with the agents in their rooms."""
    network = MemoryTransport(teams=rooms or {desk.teams[0].id: AGENTS_ROOM})
    for agent, name in AGENTS.items():
        network.join(AGENTS_ROOM, agent, name)
    if rooms is not None and OTHER_ROOM in rooms.values():
        for agent, name in OTHERS.items():
            network.join(OTHER_ROOM, agent, name)
    return network
