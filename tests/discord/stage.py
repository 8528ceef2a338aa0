"""The stories of tests/dialogues on Discord: what people do and see, through the real discord.py over sockets."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import discord
from simcord.backend.models.channel import Overwrite
from simcord.enums import ChannelType, OverwriteType

from helpbot.app import Helpbot
from helpbot.core.model import Desk
from helpbot.core.model import Person as CorePerson
from helpbot.transports.base import Address, Incoming, Kind
from helpbot.transports.discord import DiscordTransport
from helpbot.transports.discord_places import Seat
from helpbot.transports.discord_refs import Spot
from tests.dialogues.stage import AGENTS, AGENTS_ROOM, OTHER_ROOM, OTHERS, WallClock
from tests.matrix.staged import WatchedStore

from .town import Person, Town
from .wire import Wire

_LIGHTS = "🟡🟢🟠⚪"
_TEAMS = {AGENTS_ROOM: "mobile", OTHER_ROOM: "lines"}


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of the bot as people see it now."""

    ref: str
    text: str
    channel: int


@dataclass(slots=True)
class DiscordStage:
    """A desk that runs, and everybody in front of it."""

    bot: Helpbot
    store: WatchedStore
    transport: DiscordTransport
    town: Town
    people: dict[str, Person]
    rooms: dict[str, int]  # the agents' rooms, then each customer's direct channel
    clock: WallClock
    talks: dict[int, int] = field(default_factory=dict)  # by forum, a post that agents made
    last_by_agent: str = ""
    read: set[str] = field(default_factory=set)

    # --- what people do

    async def _customer(self, name: str) -> Person:
        """Return a customer; the desk knows her direct channel, so that words alone greet nobody."""
        if name not in self.people:
            who = self.people[name] = self.town.person(name)
            room = self.rooms[f"room of {name}"] = self.town.direct(who)
            await self.store.notebook("discord").put(f"guest:{room}", json.dumps([who.id, name, None]))
        return self.people[name]

    async def arrives(self, name: str) -> None:
        """Let a customer be greeted; on Discord that comes with her first words."""
        who = await self._customer(name)
        room = self.rooms[f"room of {name}"]
        came = Incoming(f"arrived-{room}", Kind.ARRIVED, str(room), str(who.id), name, self.clock.at)
        await self.store.receive("discord", [came], None, self.clock.at)
        await self.settle()

    async def leaves(self, name: str) -> None:
        raise NotImplementedError

    async def customer(self, name: str, text: str) -> None:
        who = await self._customer(name)
        await self._taken(who.say(self.rooms[f"room of {name}"], text))

    async def rates(self, name: str, symbol: str) -> None:
        last = self._shown(f"room of {name}")[-1]
        await self._taken(self.people[name].react(last.ref, symbol))

    async def agent(
        self,
        name: str,
        text: str,
        number: int | None = None,
        *,
        mentions: bool = False,
        mentioned: tuple[tuple[str, str], ...] = (),
    ) -> None:
        room = OTHER_ROOM if name in OTHERS else AGENTS_ROOM
        cards = self._cards(room)
        card = cards[max(cards) if number is None else number]
        named = [one for one, _ in mentioned] or [
            one for one, shown in {**AGENTS, **OTHERS}.items() if mentions and shown in text
        ]
        assert not mentions or named, "whom does this mention?"
        for one in named:
            shown = {**AGENTS, **OTHERS}[one]
            text = re.sub(rf"@{one}\b|@?{shown}", f"<@{self.people[one].id}>", text, count=1)
        self.last_by_agent = self.people[name].say(card.channel, text)
        await self._taken(self.last_by_agent)

    async def agent_outside(self, name: str, text: str) -> None:
        """Let an agent write in a post of their own."""
        room = self.rooms[OTHER_ROOM if name in OTHERS else AGENTS_ROOM]
        if room not in self.talks:
            self.talks[room] = self.town.wire.backend.create_thread(room, "talk", self.people[name].id).id
        self.last_by_agent = self.people[name].say(self.talks[room], text)
        await self._taken(self.last_by_agent)

    async def agent_reacts(self, name: str, symbol: str) -> None:
        room = OTHER_ROOM if name in OTHERS else AGENTS_ROOM
        cards = self._cards(room)
        await self._taken(self.people[name].react(cards[max(cards)].ref, symbol))

    async def passes(self, time: timedelta) -> None:
        self.clock.at += time
        self.store.timer_bell.set()
        await self.settle()

    async def _taken(self, event: str) -> None:
        await self.store.received(lambda item: item.id == event)
        await self.settle()

    async def settle(self) -> None:
        """Wait until the desk has nothing left to do."""
        async with asyncio.timeout(20):
            await self.bot.settled()
            while (due := await self.store.next_due()) is not None and due <= self.clock.at:
                await self.store.fired(due)
                await self.bot.settled()
        faults = await self.store._all("SELECT fault FROM inbox WHERE fault IS NOT NULL")
        dead = await self.store._all("SELECT why FROM outbox WHERE state = 'dead'")
        assert not [tuple(row) for row in (*faults, *dead)]

    # --- what people see

    @property
    def cards(self) -> dict[int, Shown]:
        return self._cards(AGENTS_ROOM)

    @property
    def others(self) -> dict[int, Shown]:
        return self._cards(OTHER_ROOM)

    def new_for(self, name: str) -> list[Shown]:
        return self._new(f"room of {name}")

    def new_for_agents(self, room: str = AGENTS_ROOM) -> list[Shown]:
        return self._new(room)

    def marks(self) -> list[str]:
        channel, message, *_ = self.last_by_agent.split("-")
        one = self.town.wire.backend.messages[int(channel)][int(message)]
        bot = self.town.wire.backend.bot_user.id
        return [mark.emoji for mark in one.reactions if bot in mark.user_ids]

    def _new(self, room: str) -> list[Shown]:
        new = [one for one in self._shown(room) if one.ref not in self.read]
        self.read |= {one.ref for one in new}
        return new

    def _cards(self, room: str) -> dict[int, Shown]:
        shown = [one for one in self._shown(room) if one.text[:1] in _LIGHTS and one.text[2:3] == "#"]
        return {int(one.text[3:].split()[0]): one for one in shown if one.ref == str(Spot(one.channel, one.channel))}

    def _shown(self, room: str) -> list[Shown]:
        place, bot = self.rooms[room], self.town.wire.backend.bot_user.id
        sent = self.transport._journal._sent.get(str(place), {}).values()
        further = {part: one.ids[0] for one in sent for part in one.ids}  # long messages come in parts
        found: dict[int, Shown] = {}
        for channel in (place, *(thread.id for thread in self.town.threads(place))):
            for one in self.town.messages(channel):
                if one.author_id != bot or one.is_ephemeral or one.type not in {0, 19}:
                    continue
                first, text = further.get(one.id, one.id), self._readable(one.content)
                before = found.get(first)
                ref = str(Spot(channel, first))
                found[first] = Shown(ref, text if before is None else f"{before.text}\n{text}", channel)
        return [found[number] for number in sorted(found)]

    def _readable(self, content: str) -> str:
        """Return a text as Discord shows it, a quotation on the line of who is quoted."""
        text = content
        for name, person in self.people.items():
            text = text.replace(f"<@{person.id}>", {**AGENTS, **OTHERS}.get(name, name))
        text = re.sub(r"\*\*:\n> ", "**: ", text)
        text = re.sub(r"^> ", "  ", text, flags=re.MULTILINE)
        text = re.sub(r"(?<!\\)\*{1,2}", "", text)
        text = re.sub(r"\\([^0-9A-Za-z\s])", r"\1", text)
        text = re.sub(r" \([0-9]{15,20}\)", "", text)  # in memory a name is an id
        for name, person in self.people.items():
            text = text.replace(str(person.id), name)
        return text


def _second_desk(town: Town) -> tuple[Seat, int]:
    """Make a forum of the second team, with a role of its own."""
    backend, seen = town.wire.backend, discord.Permissions(view_channel=True).value
    role = backend.create_role(town.guild, "lines").id
    private = [
        Overwrite(town.guild, OverwriteType.ROLE, deny=seen),
        Overwrite(role, OverwriteType.ROLE, allow=seen),
        Overwrite(backend.bot_user.id, OverwriteType.MEMBER, allow=seen),
    ]
    channel = backend.create_channel(town.guild, "lines", type=ChannelType.FORUM, overwrites=private)
    return Seat(channel.id, role), role


@asynccontextmanager
async def staged(wire: Wire, desk: Desk, folder: Path) -> AsyncIterator[DiscordStage]:
    """Open a desk whose two teams have forums on one server."""
    town, clock = Town(wire), WallClock()
    second, role = _second_desk(town)
    seats = {"mobile": town.seat, "lines": second}
    people = {name: town.person(shown, agent=True) for name, shown in AGENTS.items()}
    for name, shown in OTHERS.items():
        people[name] = town.person(shown)
        wire.backend.add_member_role(town.guild, people[name].id, role)
    teams = (
        replace(team, leads=tuple(CorePerson(str(people[lead.id].id), lead.name) for lead in team.leads))
        for team in desk.teams
    )
    desk = replace(desk, teams=tuple(teams))
    store = await WatchedStore.open(folder / "desk.db")
    assert isinstance(store, WatchedStore)
    transport = DiscordTransport(
        token=wire.token,
        teams=seats,
        names={team.id: team.id for team in desk.teams},
        languages=desk.languages,
        notebook=store.notebook("discord"),
    )
    rooms: dict[str, int] = {room: seats[team].channel for room, team in _TEAMS.items()}
    addresses = {team: Address("discord", str(seat.channel)) for team, seat in seats.items()}
    bot = Helpbot(store, [transport], addresses, desk, clock.now)
    try:
        async with bot.running():
            async with asyncio.timeout(30):
                await bot.ready()
            yield DiscordStage(bot, store, transport, town, dict[str, Any](people), rooms, clock)
    finally:
        await store.close()
