"""Which channel of Discord is what to the desk: a team's, a ticket's, a customer's, or none of its business.

Rule: whose a channel is comes from the config, from Discord's own word on its parent, and from our own notes on
whom it was opened for; never from a name or a text that a person wrote.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import discord

from helpbot.transports.base import Notebook
from helpbot.transports.discord_refs import Spot

_KEPT = 5000


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a team sits: its forum or text channel, and the roles of its agents and of its leads, by id."""

    channel: int
    agents: int | None = None
    leads: int | None = None


@dataclass(frozen=True, slots=True)
class Guest:
    """A customer: whom a channel was opened for."""

    id: int
    name: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A channel of the desk: `room` is what the desk calls it, `thread` the root of the thread that it is.

    `guest` is whose it is, when it is a customer's and that is known.
    """

    channel: int
    room: str
    team: str | None = None
    thread: str | None = None
    guest: Guest | None = None


class Places:
    """Tells channels apart, and keeps whom the private ones were opened for."""

    def __init__(self, notebook: Notebook, teams: Mapping[str, Seat], help_channel: int | None) -> None:
        self.teams = teams
        self.help_channel = help_channel
        self._notebook = notebook
        self._teams_of: dict[int, str] = {}
        for team, seat in teams.items():
            self._teams_of.setdefault(seat.channel, team)
        self._known: dict[int, Place | None] = {}
        self._told_not: list[int] | None = None
        self._rooms_of: dict[int, set[int]] | None = None  # customers' channels by person, once they were looked up

    async def rooms(self) -> frozenset[str]:
        """Return the rooms of all customers that the desk has had, or was about to have."""
        return await self._notebook.rooms() | {str(one) for one in await self._fresh()}

    async def rooms_of(self, person: int) -> frozenset[int]:
        """Return the channels that were opened for somebody; Discord is not asked."""
        if self._rooms_of is None:
            found: dict[int, set[int]] = {}
            for room in await self.rooms():
                guest = await self._guest(int(room)) if room.isdigit() else None
                if guest is not None:
                    found.setdefault(guest.id, set()).add(int(room))
            self._rooms_of = found
        return frozenset(self._rooms_of.get(person, ()))

    def seat(self, room: str) -> Seat | None:
        """Return whose agents' room that is."""
        team = self._teams_of.get(int(room)) if room.isdigit() else None
        return None if team is None else self.teams[team]

    def seats(self, room: str) -> list[Seat]:
        """Return how each team sits in that room: there may be several."""
        return [seat for seat in self.teams.values() if str(seat.channel) == room]

    async def is_fresh(self, channel: int) -> bool:
        """Tell whether it is kept whom a channel is for, and the desk was not told yet."""
        return channel in await self._fresh()

    async def _fresh(self) -> list[int]:
        if self._told_not is None:
            self._told_not = json.loads(await self._notebook.get("fresh") or "[]")
        return self._told_not

    async def told(self, channel: int) -> None:
        """Keep that the desk has a channel."""
        if await self.is_fresh(channel):
            await self._keep_fresh([one for one in await self._fresh() if one != channel])

    async def _keep_fresh(self, channels: list[int]) -> None:
        self._told_not = channels
        await self._notebook.put("fresh", json.dumps(channels))

    async def welcome(self, channel: int, guest: Guest) -> Place:
        """Keep whom a channel is for; the desk is told next, or after the next start."""
        if not await self.is_fresh(channel):
            await self._keep_fresh([*await self._fresh(), channel])
        await self._notebook.put(f"guest:{channel}", json.dumps([guest.id, guest.name, guest.language]))
        place = self._known[channel] = Place(channel, str(channel), guest=guest)
        if self._rooms_of is not None:
            self._rooms_of.setdefault(guest.id, set()).add(channel)
        return place

    def known(self, channel: int) -> Place | None:
        """Return what a channel is, as far as that was looked at."""
        return self._known.get(channel)

    def forget(self, channel: int) -> None:
        """Ask anew what a channel is."""
        self._known.pop(channel, None)

    async def of(self, client: discord.Client, channel: object) -> Place | None:
        """Return what a channel is to the desk; asks Discord when it is told only its id, and has no note of it."""
        number = int(getattr(channel, "id", 0))
        if number not in self._known:
            if isinstance(channel, discord.PartialMessageable | discord.Object):
                channel = client.get_channel(number) or channel
            place = await self._look(client, channel)
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[number] = place
        return self._known[number]

    async def _look(self, client: discord.Client, channel: object) -> Place | None:
        if isinstance(channel, discord.PartialMessageable | discord.Object):
            guest = await self._guest(channel.id)
            if guest is not None:
                return Place(channel.id, str(channel.id), guest=guest)
            channel = await client.fetch_channel(channel.id)
        if isinstance(channel, discord.DMChannel):
            return Place(channel.id, str(channel.id), guest=await self._guest(channel.id))
        if isinstance(channel, discord.Thread):
            team = self._teams_of.get(channel.parent_id)
            if team is not None:
                return Place(channel.id, str(channel.parent_id), team, root_of(channel))
            ours = client.user is not None and channel.owner_id == client.user.id
            guest = await self._guest(channel.id)
            if ours and guest is not None:
                return Place(channel.id, str(channel.id), guest=guest)
            return None
        if isinstance(channel, discord.TextChannel) and channel.id in self._teams_of:
            return Place(channel.id, str(channel.id), self._teams_of[channel.id])
        return None

    async def _guest(self, channel: int) -> Guest | None:
        kept = await self._notebook.get(f"guest:{channel}")
        return None if kept is None else Guest(*json.loads(kept))


def root_of(thread: discord.Thread) -> str:
    """Return the message that a thread hangs on: a forum's posts begin with it, else it stands in the channel."""
    in_forum = isinstance(thread.parent, discord.ForumChannel)
    return str(Spot(thread.id if in_forum else thread.parent_id, thread.id))
