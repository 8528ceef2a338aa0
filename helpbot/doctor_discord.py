"""What Discord shows of an installation: the token, its intents, the channels and their permissions, what hangs there.

Rule: it asks over HTTP alone and never logs in to the gateway, whose logins are counted and are the desk's.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import discord

from helpbot.config import Config
from helpbot.config_discord import Discord
from helpbot.doctor_base import Finding, fault, ok, warn
from helpbot.store import look
from helpbot.transports.base import TryLater, Undeliverable
from helpbot.transports.discord import point_to, seats
from helpbot.transports.discord_client import CONTENT, LOSSES, MEMBERS
from helpbot.transports.discord_commands import commands
from helpbot.transports.discord_faults import UNKNOWN_CHANNEL, Breaker, Refusal, asked
from helpbot.transports.discord_places import Seat
from helpbot.transports.discord_setup import help_faults, help_oddities, is_open, seat_faults, seat_oddities

_PATIENCE = 10.0  # seconds for each question
_LOOKED_AT = 50  # open tickets whose channels are asked for
_PORTAL = "https://discord.com/developers/applications"
_LOOK_AGAIN = "run helpbot doctor again; if it stays so, https://discordstatus.com says whether Discord has trouble"
_START = "start the desk once: helpbot run"


@dataclass(frozen=True, slots=True)
class Kept:
    """What the desk keeps of Discord: the notebook, and of each open ticket number, channel, and whether it is over."""

    notes: Mapping[str, str] = field(default_factory=dict)
    tickets: tuple[tuple[int, str, bool], ...] = ()


@dataclass(slots=True)
class _Server:
    """A server with its channels, as HTTP tells of them, and the bot there."""

    me: discord.Member
    channels: dict[int, discord.abc.GuildChannel]


def kept(path: Path) -> Kept:
    """Return what the database holds; nothing when it cannot be read, which other checks tell of."""
    try:
        return look.untouched(path, lambda db: Kept(look.notes(db, "discord"), tuple(look.open_tickets(db, "discord"))))
    except (sqlite3.Error, OSError):
        return Kept()


async def examine(config: Config, account: Discord, kept: Kept) -> list[Finding]:
    """Return what Discord shows; each question that fails is a finding of its own."""
    point_to(account.api)
    client = discord.Client(intents=discord.Intents(guilds=True), max_ratelimit_timeout=30.0)
    try:
        async with client:
            try:
                await _told(client.login(account.token.get_secret_value()))
            except discord.LoginFailure:
                mend = f"write the token of the application's Bot page in discord.token ({_PORTAL})"
                return [fault("discord", "Discord does not take the token", mend)]
            return await _Round(client, config, account, kept).all()
    except (TryLater, Undeliverable) as failed:
        mend = f"see whether this machine reaches {discord.http.Route.BASE}; then {_LOOK_AGAIN}"
        return [fault("discord", f"Discord cannot be asked: {failed.why}", mend)]


async def _told(asking: Any) -> Any:
    async def patiently() -> Any:
        async with asyncio.timeout(_PATIENCE):
            return await asking

    return await asked(Breaker(), patiently())


class _Round:
    """The questions, with what they share."""

    def __init__(self, client: discord.Client, config: Config, account: Discord, kept: Kept) -> None:
        self._client = client
        self._config = config
        self._kept = kept
        self._help = None if account.help_channel is None else int(account.help_channel)
        self._servers: dict[int, _Server] = {}

    async def all(self) -> list[Finding]:
        """Return all findings."""
        found = await self._application()
        placed = {
            team.id: (team.discord_channel, team.discord_agents, team.discord_leads)
            for team in self._config.teams
            if team.discord_channel is not None
        }
        for team, seat in seats(placed).items():
            found += await self._asked(f"team {team}", self._team(team, seat))
        if self._help is not None:
            found += await self._asked("help channel", self._help_channel(self._help))
        for server in self._servers.values():
            found += await self._asked("commands", self._commands(server))
        return [*found, *await self._asked("open tickets", self._tickets())]

    async def _asked(self, check: str, asking: Any) -> list[Finding]:
        try:
            return list(await asking)
        except (TryLater, Undeliverable) as failed:
            return [fault(check, f"cannot be asked: {failed.why}", _LOOK_AGAIN)]

    async def _application(self) -> list[Finding]:
        application = await _told(self._client.application_info())
        flags = application.flags
        found = [ok("discord", f"the token is that of {self._client.user}")]
        if application.bot_public:
            mend = f"{_PORTAL} → the application → Installation: Install Link None; then Bot: Public Bot off"
            found.append(warn("discord application", "anybody may invite the bot to a server of theirs", mend))
        for name, is_there in (
            (MEMBERS, flags.gateway_guild_members or flags.gateway_guild_members_limited),
            (CONTENT, flags.gateway_message_content or flags.gateway_message_content_limited),
        ):
            mend = f"switch it on: {_PORTAL} → the application → Bot"
            found.append(ok(name, "granted") if is_there else warn(name, f"not granted: {LOSSES[name]}", mend))
        return found

    async def _there(self, number: int) -> tuple[Any, discord.Member | None]:
        """Return a channel with its permissions, and the bot there; None for what it does not see."""
        try:
            channel = await _told(self._client.fetch_channel(number))
        except Refusal:
            return None, None
        guild = getattr(channel, "guild", None)
        if guild is None:
            return channel, None
        if guild.id not in self._servers:
            whole = await _told(self._client.fetch_guild(guild.id))
            member = await _told(whole.fetch_member(self._client.user.id if self._client.user is not None else 0))
            channels = {one.id: one for one in await _told(whole.fetch_channels())}
            self._servers[guild.id] = _Server(member, channels)
        server = self._servers[guild.id]
        return server.channels.get(number), server.me

    async def _team(self, team: str, seat: Seat) -> list[Finding]:
        check = f"team {team}"
        channel, me = await self._there(seat.channel)
        faults = list(seat_faults(team, seat, channel, me))
        found = [fault(check, one, "mend it there; docs/discord.md has the permissions step by step") for one in faults]
        if not isinstance(channel, discord.ForumChannel | discord.TextChannel):
            return found
        if is_open(channel):
            mend = f"Edit Channel → Permissions of #{channel.name}: take View Channel from @everyone"
            found.append(
                fault(f"{check}: reading", "everybody on the server may read it: nothing is posted there", mend)
            )
        odd = [] if me is None else list(seat_oddities(seat, channel, me))
        found = found or [ok(check, f"the bot may do all that it needs in #{channel.name}, and agents alone read it")]
        return [*found, *(warn(f"{check}: leads", one, "mend it there, unless it is meant so") for one in odd)]

    async def _help_channel(self, number: int) -> list[Finding]:
        check = "help channel"
        channel, me = await self._there(number)
        mend = "mend it there; docs/discord.md has the permissions step by step"
        found = [fault(check, one, mend) for one in help_faults(number, channel, me)]
        if not isinstance(channel, discord.TextChannel):
            return found
        found += [warn(check, one, "mend it there, unless it is meant so") for one in help_oddities(channel)]
        return [*(found or [ok(check, f"#{channel.name} is as it should be")]), await self._panel(number)]

    async def _panel(self, number: int) -> Finding:
        panel = json.loads(self._kept.notes.get("panel") or "{}")
        if panel.get("channel") == number:
            try:
                await _told(self._client.get_partial_messageable(number).fetch_message(int(panel["message"])))
            except Refusal:
                return warn(
                    "panel", "it was deleted: customers find no button", "start the desk anew: it hangs up another"
                )
            return ok("panel", "it hangs in the help channel")
        return warn("panel", "the desk has not hung it up yet", _START)

    async def _commands(self, server: _Server) -> list[Finding]:
        me = self._client.application_id or 0
        there = await _told(self._client.http.get_guild_commands(me, server.me.guild.id))
        wanted = {str(one["name"]) for one in commands(self._config.languages)}
        lacking = sorted(wanted - {str(one["name"]) for one in there})
        check = f"commands on {server.me.guild.name}"
        if lacking:
            return [warn(check, f"Discord does not know {', '.join(f'/{name}' for name in lacking)}", _START)]
        return [ok(check, f"all {len(wanted)} are known")]

    async def _tickets(self) -> list[Finding]:
        lost = []
        here = [(number, room) for number, room, gone in self._kept.tickets if not gone and room.isdigit()]
        for number, room in here[-_LOOKED_AT:]:
            try:
                await _told(self._client.fetch_channel(int(room)))
            except Refusal as refusal:
                lost += [number] if refusal.code == UNKNOWN_CHANNEL else []
        if lost:
            numbers = ", ".join(f"#{number}" for number in lost)
            mend = "close them with !close, or write to the customers another way"
            return [warn("open tickets", f"the customers' threads of {numbers} are gone", mend)]
        return [ok("open tickets", f"the threads of the last {len(here[-_LOOKED_AT:])} are there")] if here else []
