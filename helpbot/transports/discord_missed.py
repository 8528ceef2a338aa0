"""What happened in the desk's channels while nobody listened → what the desk takes in.

Rule: Discord replays minutes at most, so each channel's history is read after a fresh READY; a channel that fails keeps
no other from being read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta

import discord
import structlog

from helpbot.transports import discord_incoming as incoming
from helpbot.transports.base import TryLater
from helpbot.transports.discord_batch import Batch
from helpbot.transports.discord_faults import MISSING_PERMISSIONS, TROUBLE, Refusal, asked
from helpbot.transports.discord_inbox import Inbox
from helpbot.transports.discord_places import Place
from helpbot.transports.discord_refs import made_at, now, snowflake
from helpbot.where import where

log = structlog.get_logger(__name__)

_OVERLAP = 60_000 << 22  # of snowflakes: a minute, in which channels may tell things in another order
_MOST = 5000  # messages of one channel
_SILENT = timedelta(days=60)  # after which a customer's channel is looked at when she writes there
_AT_ONCE = 8  # channels

Channel = discord.TextChannel | discord.Thread | discord.DMChannel


class Missed:
    """Reads with the inbox of one client."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._client = inbox.client
        self._breaker = inbox.breaker
        self._places = inbox.places
        self._recent = inbox.recent
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def read(self, last: int | None) -> Batch:
        """Return what happened since that id, oldest first; at the very first start (None) nothing did.

        Raises TryLater, and what `TROUBLE` names, when Discord cannot be asked.
        """
        batch = Batch()
        if last is None:
            batch.last = snowflake(now())
            return batch
        await self._inbox.agents_gone(batch)
        self._inbox.looked_at.clear()
        since = max(0, last - _OVERLAP)
        parts: list[Batch] = []
        failed: list[Exception] = []
        listed = await self._listed(since)
        others = await self._others(listed)
        async with asyncio.TaskGroup() as group:
            for channel in listed:
                group.create_task(self._safely(channel, since, parts, failed))
            for room in others:
                group.create_task(self._fetched(room, since, parts, failed))
        if failed:  # nothing of it is handed in, so all of it is to be read again
            self._recent.go_back()
            raise failed[0]
        for part in parts:
            batch.add(part)
        batch.items.sort(key=lambda item: item.at)
        return batch

    # --- which channels

    async def _listed(self, since: int) -> list[Channel]:
        """Return the channels that Discord lists: teams' text channels, and all threads that were open since then."""
        found: dict[int, Channel] = {}
        for guild in self._servers():
            try:
                threads = await asked(self._breaker, guild.active_threads())
            except Refusal as refusal:
                log.warning("threads_not_listed", server=guild.id, why=refusal.why)
                continue
            for thread in threads:
                if await self._places.of(self._client, thread) is not None:
                    found[thread.id] = thread
        for seat in self._places.teams.values():
            channel = self._client.get_channel(seat.channel)
            if isinstance(channel, discord.TextChannel):
                found[channel.id] = channel
            if isinstance(channel, discord.TextChannel | discord.ForumChannel):
                found |= {thread.id: thread for thread in await self._archived(channel, since)}
        return list(found.values())

    def _servers(self) -> list[discord.Guild]:
        """Return the servers that hold channels of the desk: others of the bot's are none of its business."""
        places = [seat.channel for seat in self._places.teams.values()]
        places += [] if self._places.help_channel is None else [self._places.help_channel]
        channels = [self._client.get_channel(one) for one in places]
        found = {one.guild.id: one.guild for one in channels if isinstance(one, discord.abc.GuildChannel)}
        return list(found.values())

    async def _archived(self, channel: discord.TextChannel | discord.ForumChannel, since: int) -> list[discord.Thread]:
        """Return the threads that were archived since: agents may have written there before."""

        async def read() -> list[discord.Thread]:
            found: list[discord.Thread] = []
            async for thread in channel.archived_threads(limit=None):  # those that were archived last come first
                if thread.archive_timestamp < made_at(since):
                    break
                found.append(thread)
            return found

        try:
            return await asked(self._breaker, read())
        except Refusal as refusal:
            log.warning("archived_threads_not_read", channel=channel.id, why=refusal.why)
            return []

    async def _others(self, listed: list[Channel]) -> list[int]:
        """Return the customers' other channels in which somebody wrote not too long ago: direct ones, archived ones."""
        rooms = {int(room) for room in await self._places.rooms() if room.isdigit()} - {one.id for one in listed}
        oldest = snowflake(now() - _SILENT)
        newest = {room: await self._recent.newest(room) for room in rooms}
        return [room for room in sorted(rooms) if not newest[room] or newest[room] > oldest]

    # --- reading them

    @asynccontextmanager
    async def _turn(self, number: int, failed: list[Exception]) -> AsyncIterator[None]:
        """Read one channel in its turn; Discord's trouble is everybody's, other faults are this channel's alone."""
        async with self._turns:
            try:
                yield
            except Refusal as refusal:
                log.warning("channel_not_read", channel=number, why=refusal.why)
            except (TryLater, *TROUBLE) as trouble:
                failed.append(trouble)
            except Exception as error:  # noqa: BLE001  # a bug has no type to wait for, and must not end all channels
                log.error("channel_failed", channel=number, fault=where(error))

    async def _safely(self, channel: Channel, since: int, parts: list[Batch], failed: list[Exception]) -> None:
        async with self._turn(channel.id, failed):
            await self._one(channel, since, parts)

    async def _fetched(self, room: int, since: int, parts: list[Batch], failed: list[Exception]) -> None:
        async with self._turn(room, failed):
            channel = await asked(self._breaker, self._client.fetch_channel(room))
            if isinstance(channel, Channel):
                await self._one(channel, since, parts)

    async def _one(self, channel: Channel, since: int, parts: list[Batch]) -> None:
        """Add what happened in a channel to the parts; what is read of it counts, though the rest be refused."""
        _check_history(channel)
        after = await self._recent.oldest(channel.id, since)
        messages = await self._after(channel, after)
        if len(messages) >= _MOST and after < since:  # what is new comes before what is compared
            after = since
            messages = await self._after(channel, after)
        if len(messages) >= _MOST:
            log.error("gap_too_long", channel=channel.id, messages=len(messages), hint="what is newer was not read")
        if not await self._places.is_fresh(channel.id):
            self._inbox.looked_at.add(channel.id)
        batch = Batch()
        parts.append(batch)
        for message in messages:
            try:
                if message.id > since and not await self._recent.knows(channel.id, message.id):
                    await self._inbox.message(message, batch)
                await self._compare(message, batch)
            except (TryLater, *TROUBLE):
                raise
            except Refusal as refusal:
                log.warning("message_not_read", channel=channel.id, why=refusal.why)
            except Exception as error:  # noqa: BLE001  # a bug has no type to wait for, and must stop nothing else
                log.error("message_failed", channel=channel.id, fault=where(error))
                self._inbox.bare(message, batch)
        if len(messages) < _MOST:
            await self._vanished(channel.id, {message.id for message in messages}, after, batch)
        if isinstance(channel, discord.Thread):
            await self._inbox.company(channel, batch)

    async def _after(self, channel: Channel, after: int) -> list[discord.Message]:
        async def read() -> list[discord.Message]:
            history = channel.history(limit=_MOST, after=discord.Object(after), oldest_first=True)
            return [message async for message in history]

        return await asked(self._breaker, read())

    async def _compare(self, message: discord.Message, batch: Batch) -> None:
        """Take in what was changed in a message that was heard before: its words, and the marks on it."""
        place = await self._places.of(self._client, message.channel)
        if place is None:
            return
        if incoming.is_written(message) and message.edited_at is not None:
            await self._inbox.corrected(message, place, batch)
        batch.touched.add(place.channel)
        await self._marks(message, place, batch)

    async def _marks(self, message: discord.Message, place: Place, batch: Batch) -> None:
        seen = set()
        for reaction in message.reactions:
            symbol = reaction.emoji if isinstance(reaction.emoji, str) else f":{reaction.emoji.name}:"
            if reaction.count == int(reaction.me):
                continue

            async def users(one: discord.Reaction = reaction) -> list[discord.User | discord.Member]:
                return [user async for user in one.users(limit=100)]

            for user in await asked(self._breaker, users()):
                if not user.bot:
                    seen.add((user.id, symbol))
                    await self._inbox.mark(place, message.id, (user.id, symbol), user, batch, came=True)
        for mark in await self._recent.marks(message.channel.id, message.id) - seen:
            await self._inbox.mark(place, message.id, mark, None, batch, came=False)

    async def _vanished(self, channel: int, there: Iterable[int], after: int, batch: Batch) -> None:
        for message in await self._recent.known(channel, after) - set(there):
            await self._inbox.deleted(channel, message, batch)


def _check_history(channel: Channel) -> None:
    """Raise Refusal where the bot may not look back: Discord shows an empty channel there."""
    there = channel.parent if isinstance(channel, discord.Thread) else channel
    if isinstance(there, discord.DMChannel) or there is None:
        return
    if not there.permissions_for(there.guild.me).read_message_history:
        why = f"give the bot “Read Message History” in #{there.name}: what was written meanwhile is not read"
        raise Refusal(why, MISSING_PERMISSIONS, whole_room=True)
