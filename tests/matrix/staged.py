"""Plays a story on a real Synapse: the desk in this process with a clock that stories turn, people with clients.

Rule: after whatever somebody does, all who may read what comes of it have read it before the story goes on, because
what is not there yet looks like what never comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import aiosqlite

from helpbot.app import Helpbot
from helpbot.core.model import Desk, Person
from helpbot.store.base import InboxRow
from helpbot.store.sqlite import SqliteStore
from helpbot.transports.base import Address, Incoming, Kind
from helpbot.transports.matrix import MatrixTransport
from tests.dialogues.stage import AGENTS, AGENTS_ROOM, OTHER_ROOM, OTHERS, TWO_ROOMS, WallClock

from .actors import CLIENT, Event, PlainActor, body, relation
from .bot import until_in
from .synapse import Synapse, User

MakePerson = Callable[[str], Awaitable[PlainActor]]
PEOPLE = {AGENTS_ROOM: AGENTS, OTHER_ROOM: OTHERS}
_CARD = "🟡🟢🟠⚪"  # how a card begins


class WatchedStore(SqliteStore):
    """A store that tells what was received and which timers fired, and can keep the desk from deciding."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        super().__init__(connection)
        self.decides = asyncio.Event()
        self.decides.set()
        self._received: list[Incoming] = []
        self._fired: datetime | None = None
        self._more = asyncio.Condition()

    async def receive(self, transport: str, batch: Sequence[Incoming], cursor: str | None, at: datetime) -> None:
        await super().receive(transport, batch, cursor, at)
        async with self._more:
            self._received += batch
            self._more.notify_all()

    async def fire(self, now: datetime) -> None:
        await super().fire(now)
        async with self._more:
            self._fired = now
            self._more.notify_all()

    async def next_inbox(self, besides: Collection[int] = (), behind: Collection[int] = ()) -> InboxRow | None:
        await self.decides.wait()
        return await super().next_inbox(besides, behind)

    async def received(self, fits: Callable[[Incoming], bool]) -> None:
        """Return once something that fits is committed."""
        async with asyncio.timeout(15), self._more:
            await self._more.wait_for(lambda: any(fits(item) for item in self._received))

    async def fired(self, due: datetime) -> None:
        """Return once the clock has fired what was due by then."""
        async with asyncio.timeout(15), self._more:
            await self._more.wait_for(lambda: self._fired is not None and self._fired >= due)


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of the bot as a client shows it now; `mentions` is whom it called as it came."""

    ref: str
    text: str
    mentions: tuple[str, ...]
    event: Event


@dataclass(slots=True)
class Cast:
    """The people and their rooms on the server, and what each has read: they outlive the desk."""

    server: Synapse
    bot: User
    people: dict[str, PlainActor]  # by their names in stories
    rooms: dict[str, str]  # by their names in stories: the agents' rooms, then each customer's
    clock: WallClock = field(default_factory=WallClock)
    last_by_agent: tuple[str, str] = ("", "")  # the room and the message
    read: set[str] = field(default_factory=set)
    seen: set[tuple[str, str]] = field(default_factory=set)  # user and event

    def readers(self, room: str) -> list[PlainActor]:
        """Return who reads what the bot says in that room."""
        names = PEOPLE.get(room) or [room.removeprefix("room of ")]
        return [self.people[name] for name in names]

    def known(self, desk: Desk) -> Desk:
        """Return the desk with the leads as the server knows them."""
        teams = (
            replace(team, leads=tuple(Person(self.people[lead.id].id, lead.name) for lead in team.leads))
            for team in desk.teams
        )
        return replace(desk, teams=tuple(teams))

    def desks(self, desk: Desk) -> dict[str, str]:
        """Return the rooms of the teams as the server knows them."""
        return {team.id: self.rooms[TWO_ROOMS[team.id]] for team in desk.teams}


async def new_cast(server: Synapse, person: MakePerson, *customers: str) -> Cast:
    """Return agents in their rooms, to which the bot is invited, and customers without one."""
    names = {**AGENTS, **OTHERS, **{customer: customer for customer in customers}}
    bot = await asyncio.to_thread(server.register, display_name="Helpbot")
    made = await asyncio.gather(*(person(name) for name in names.values()))
    people = dict(zip(names, made, strict=True))
    rooms = {}
    for room, agents in PEOPLE.items():
        first, *others = (people[name] for name in agents)
        rooms[room] = await first.create_room(bot.id, *(other.id for other in others), name=room)
        for other in others:
            await other.join(rooms[room])
            await until_in(first, rooms[room], other.id)
    return Cast(server, bot, people, rooms)


@dataclass(slots=True)
class SynapseStage:
    """A desk that runs, with the cast in front of it; each reads what is new to them on a client of their own."""

    bot: Helpbot
    store: WatchedStore
    cast: Cast

    @property
    def clock(self) -> WallClock:
        return self.cast.clock

    # --- what people do

    async def arrives(self, name: str) -> None:
        """Let a customer open a direct room with the bot."""
        customer = self.cast.people[name]
        room = self.cast.rooms[f"room of {name}"] = await customer.create_dm(self.cast.bot.id)
        await self.store.received(lambda item: item.kind is Kind.ARRIVED and item.room == room)
        await until_in(customer, room, self.cast.bot.id)
        await self.settle()

    async def leaves(self, name: str) -> None:
        room = self.cast.rooms[f"room of {name}"]
        await self.cast.people[name].leave(room)
        await self.store.received(lambda item: item.kind is Kind.LEFT and item.room == room)
        await self.settle()

    async def customer(self, name: str, text: str) -> None:
        await self._taken(await self.cast.people[name].say(self.cast.rooms[f"room of {name}"], text))

    async def rates(self, name: str, symbol: str) -> None:
        """Let a customer react to what the bot said to her last."""
        room = f"room of {name}"
        last = self.shown(room)[-1]
        await self._taken(await self.cast.people[name].react(self.cast.rooms[room], last.ref, symbol))

    async def agent(
        self,
        name: str,
        text: str,
        number: int | None = None,
        *,
        mentions: bool = False,
        mentioned: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Let an agent write in the thread of that ticket, or of the newest; a mention is a real one."""
        room = _room_of(name)
        cards = self._cards(room)
        card = cards[max(cards) if number is None else number]
        named = [one for one, _ in mentioned] or [one for one, shown in PEOPLE[room].items() if shown in text]
        assert not mentions or named, "whom does this mention?"
        called = {"user_ids": [self.cast.people[one].id for one in named]} if mentions else {}
        said = await self.cast.people[name].say_in_thread(
            self.cast.rooms[room], card.ref, text, **{"m.mentions": called}
        )
        self.cast.last_by_agent = room, said
        await self._taken(said)

    async def agent_outside(self, name: str, text: str) -> None:
        """Let an agent write in the room itself."""
        room = _room_of(name)
        said = await self.cast.people[name].say(self.cast.rooms[room], text)
        self.cast.last_by_agent = room, said
        await self._taken(said)

    async def agent_reacts(self, name: str, symbol: str) -> None:
        """Let an agent react to the newest card."""
        await self._taken(await self.react(name, symbol))

    async def react(self, name: str, symbol: str) -> str:
        """Let an agent react to the newest card, and do not wait for what comes of it."""
        room = _room_of(name)
        cards = self._cards(room)
        return await self.cast.people[name].react(self.cast.rooms[room], cards[max(cards)].ref, symbol)

    async def passes(self, time: timedelta) -> None:
        """Let time pass: the desk's own clock fires what comes due."""
        self.clock.at += time
        self.store.timer_bell.set()
        await self.settle()

    # --- waiting

    async def received(self, event: str) -> None:
        """Return once that event is a committed row of the inbox."""
        await self.store.received(lambda item: item.id == event)

    async def _taken(self, event: str) -> None:
        await self.received(event)
        await self.settle()

    async def settle(self) -> None:
        """Wait until the desk has nothing left to do, and until everybody has seen what it sent."""
        async with asyncio.timeout(20):
            await self.bot.settled()
            while (due := await self.store.next_due()) is not None and due <= self.clock.at:
                await self.store.fired(due)
                await self.bot.settled()
        faults = await self.store._all("SELECT fault FROM inbox WHERE fault IS NOT NULL")
        dead = await self.store._all("SELECT why FROM outbox WHERE state = 'dead'")
        assert not [tuple(row) for row in (*faults, *dead)]
        for room, refs in (await self.sent()).items():
            for reader in self.cast.readers(room):
                for ref in refs:
                    await self._seen(reader, ref)

    async def sent(self) -> dict[str, list[str]]:
        """Return by room all that the desk's database says was sent there: messages, edits and marks."""
        sent: dict[str, list[str]] = {}
        names = {room: name for name, room in self.cast.rooms.items()}
        for row in await self.store._all(
            "SELECT o.ref, o.team, c.room FROM outbox o LEFT JOIN conversation c ON c.id = o.conversation"
            " WHERE o.state = 'sent' AND o.ref <> '' ORDER BY o.id"
        ):
            room = TWO_ROOMS[row["team"]] if row["room"] is None else names[row["room"]]
            sent.setdefault(room, []).append(row["ref"])
        return sent

    async def _seen(self, reader: PlainActor, ref: str) -> None:
        if (reader.id, ref) not in self.cast.seen:
            await reader.wait_for(lambda event: event.get("event_id") == ref and event["type"] != "m.room.encrypted")
            self.cast.seen.add((reader.id, ref))

    # --- what people see

    @property
    def cards(self) -> dict[int, Shown]:
        return self._cards(AGENTS_ROOM)

    @property
    def others(self) -> dict[int, Shown]:
        return self._cards(OTHER_ROOM)

    def new_for(self, name: str) -> list[Shown]:
        """Return what that customer has not read yet."""
        return self._new(f"room of {name}")

    def new_for_agents(self, room: str = AGENTS_ROOM) -> list[Shown]:
        """Return what the agents of that room have not read yet."""
        return self._new(room)

    def marks(self) -> list[str]:
        """Return the marks on what an agent wrote last."""
        room, ref = self.cast.last_by_agent
        views = [self._marks(reader, room, ref) for reader in self.cast.readers(room)]
        assert all(view == views[0] for view in views), views
        return views[0]

    def shown(self, room: str) -> list[Shown]:
        """Return all messages of the bot in that room, the same to all who are there."""
        views = [self._shown(reader, room) for reader in self.cast.readers(room)]
        told = [[(one.ref, one.text, one.mentions) for one in view] for view in views]
        assert all(view == told[0] for view in told), told
        assert len({one.ref for one in views[0]}) == len(views[0]), told
        return views[0]

    def _cards(self, room: str) -> dict[int, Shown]:
        found = {}
        for one in self.shown(room):
            if not relation(one.event) and one.text[0] in _CARD:
                found[int(one.text[3:].split()[0])] = one
        return found

    def _new(self, room: str) -> list[Shown]:
        new = [one for one in self.shown(room) if one.ref not in self.cast.read]
        self.cast.read |= {one.ref for one in new}
        return new

    def _shown(self, reader: PlainActor, room: str) -> list[Shown]:
        shown: dict[str, Shown] = {}
        for event in reader.messages(self.cast.rooms[room], self.cast.bot.id):
            related = relation(event)
            if related.get("rel_type") == "m.replace":
                new = event["content"]["m.new_content"]
                target = related["event_id"]
                shown[target] = replace(shown[target], text=new["body"])
            else:
                called = event["content"]["m.mentions"].get("user_ids", ())
                ref = event["event_id"]
                assert ref not in shown, "a client shows each event once"
                shown[ref] = Shown(ref, _without_fallback(body(event)), tuple(called), event)
        return list(shown.values())

    def _marks(self, reader: PlainActor, room: str, ref: str) -> list[str]:
        return [
            relation(event)["key"]
            for event in reader.events
            if event["type"] == "m.reaction"
            and event["room_id"] == self.cast.rooms[room]
            and event["sender"] == self.cast.bot.id
            and relation(event).get("event_id") == ref
        ]

    # --- what holds at every moment

    async def nothing_else_was_said(self) -> None:
        """Check that the rooms hold what the desk knows that it sent, each once, and that no customer was called."""
        sent = await self.sent()
        for room in self.cast.rooms:
            assert sorted(await self._on_the_server(room)) == sorted(sent.get(room, [])), room
        for room in set(self.cast.rooms) - set(PEOPLE):
            (customer,) = self.cast.readers(room)
            for event in customer.messages(self.cast.rooms[room], self.cast.bot.id):
                content = event["content"]
                assert content["m.mentions"] == {}, content
                assert content.get("m.new_content", content)["m.mentions"] == {}, content

    async def _on_the_server(self, room: str) -> list[str]:
        path = f"{CLIENT}/rooms/{quote(self.cast.rooms[room])}/messages"
        answer = await self.cast.readers(room)[0].request("GET", path, dir="b", limit="1000")
        said = {"m.room.message", "m.room.encrypted", "m.reaction"}
        return [
            event["event_id"]
            for event in answer["chunk"]
            if event["sender"] == self.cast.bot.id and event["type"] in said
        ]


def bot_of(  # noqa: PLR0917  # all that makes one
    store: SqliteStore, url: str, user: User, teams: dict[str, str], desk: Desk, folder: Path, clock: WallClock
) -> Helpbot:
    """Return the bot of that account, with the teams in those rooms."""
    transport = MatrixTransport(
        homeserver=url,
        user=user.id,
        password=user.password,
        store=folder / "keys",
        invites_from=["*:helpbot.test"],
        teams=teams,
        decline_text="no",
        exposed_text="this room is open to everybody",
        notebook=store.notebook("matrix"),
    )
    seats = {team: Address("matrix", room) for team, room in teams.items()}
    return Helpbot(store, [transport], seats, desk, clock.now)


@asynccontextmanager
async def staged(cast: Cast, desk: Desk, folder: Path) -> AsyncIterator[SynapseStage]:
    """Open a desk on the database and the keys of that folder; one that was there before goes on."""
    store = await WatchedStore.open(folder / "desk.db")
    assert isinstance(store, WatchedStore)
    bot = bot_of(store, cast.server.url, cast.bot, cast.desks(desk), cast.known(desk), folder, cast.clock)
    try:
        async with bot.running():
            async with asyncio.timeout(30):
                await bot.ready()
            for room in PEOPLE:
                for reader in cast.readers(room):
                    await until_in(reader, cast.rooms[room], cast.bot.id)
            opened = SynapseStage(bot, store, cast)
            await opened.settle()
            yield opened
            await opened.settle()
        await opened.nothing_else_was_said()
    finally:
        await store.close()


def _room_of(agent: str) -> str:
    return OTHER_ROOM if agent in OTHERS else AGENTS_ROOM


def _without_fallback(text: str) -> str:
    """Take off what a reply quotes for clients that know no replies."""
    return text.partition("\n\n")[2] if text.startswith("> <@") else text
