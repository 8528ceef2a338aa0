"""Who has acted as an agent of which channel: to notice that somebody is none any more, for no event says so.

Rule: Discord is asked what somebody is now; they are forgotten once it is committed that they are no agent.
"""

from __future__ import annotations

import json

import discord

from helpbot.transports.base import Incoming, Kind, Notebook
from helpbot.transports.discord_desks import Desks
from helpbot.transports.discord_faults import UNKNOWN_MEMBER, UNKNOWN_USER, Refusal, asked
from helpbot.transports.discord_refs import now, snowflake

_KEPT = 500  # people of one channel


class Agents:
    """Keeps who was an agent."""

    def __init__(self, desks: Desks, notebook: Notebook) -> None:
        self._desks = desks
        self._notebook = notebook
        self._known: dict[int, list[int]] = {}  # by channel, who acted last at the end

    async def _of(self, channel: int) -> list[int]:
        if channel not in self._known:
            self._known[channel] = json.loads(await self._notebook.get(f"agents:{channel}") or "[]")
        return self._known[channel]

    async def seen(self, channel: int, person: int) -> None:
        """Remember that somebody is an agent there."""
        if person not in await self._of(channel):
            await self._keep(channel, [*await self._of(channel), person][-_KEPT:])

    async def forget(self, channel: int, person: int) -> None:
        """Forget somebody who is none any more."""
        if person in await self._of(channel):
            await self._keep(channel, [one for one in await self._of(channel) if one != person])

    async def _keep(self, channel: int, people: list[int]) -> None:
        self._known[channel] = people
        await self._notebook.put(f"agents:{channel}", json.dumps(people))

    async def gone(self, server: int | None = None, person: int | None = None) -> list[tuple[int, int]]:
        """Return who was an agent and is none any more, by channel: of everybody, or of that one on that server."""
        found: list[tuple[int, int]] = []
        for number in {seat.channel: None for seat in self._desks.places.teams.values()}:
            channel = self._desks.client.get_channel(number)
            if not isinstance(channel, discord.abc.GuildChannel) or server not in {None, channel.guild.id}:
                continue
            for one in await self._of(number):
                if person in {None, one} and not await self._is_agent(channel, one):
                    found.append((number, one))
        return found

    async def _is_agent(self, channel: discord.abc.GuildChannel, person: int) -> bool:
        try:
            member = await asked(self._desks.breaker, channel.guild.fetch_member(person))
        except Refusal as refusal:
            return refusal.code not in {UNKNOWN_MEMBER, UNKNOWN_USER}
        return self._desks.is_agent(str(channel.id), member)

    def left(self, channel: int, person: int, name: str) -> list[Incoming]:
        """Return that somebody is no agent any more of the teams that sit there."""
        at = now()
        return [
            Incoming(
                f"left-{channel}-{team}-{person}-{snowflake(at)}",
                Kind.LEFT,
                str(channel),
                str(person),
                name,
                at,
                team=team,
            )
            for team, seat in self._desks.places.teams.items()
            if seat.channel == channel
        ]
