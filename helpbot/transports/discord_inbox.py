"""What happened on Discord → what the desk takes in, also what happened while nobody listened.

Rule: what was missed is read from each channel's history after a fresh READY, because Discord replays minutes at most;
what comes twice has the same id, and counts once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import discord
import structlog

from helpbot.transports import discord_incoming as incoming
from helpbot.transports.base import Incoming, Kind, Notebook, Receive, TryLater, Undeliverable
from helpbot.transports.discord_client import ChannelGone, DeskClient, MemberGone, Threaded
from helpbot.transports.discord_desks import Desks
from helpbot.transports.discord_faults import Breaker, Refusal, asked
from helpbot.transports.discord_places import Guest, Place
from helpbot.transports.discord_recent import Recent
from helpbot.transports.discord_refs import Spot, mark_ref, now, snowflake
from helpbot.transports.discord_words import word
from helpbot.where import where

log = structlog.get_logger(__name__)

_OVERLAP = 60_000 << 22  # of snowflakes: a minute, in which channels may tell things in another order
_CATCH_UP = 5000  # messages of one channel
_FIRST_WORDS = timedelta(days=1)


@dataclass(slots=True)
class Batch:
    """What is handed in together, and up to which id all was heard."""

    items: list[Incoming] = field(default_factory=list)
    last: int = 0
    touched: set[int] = field(default_factory=set)  # channels whose recent messages changed

    def add(self, other: Batch) -> None:
        """Take in what came after it."""
        self.items += other.items
        self.last = max(self.last, other.last)
        self.touched |= other.touched


class Inbox:
    """Reads for one client, and hands in what it read."""

    def __init__(
        self, client: DeskClient, breaker: Breaker, desks: Desks, notebook: Notebook, receive: Receive
    ) -> None:
        self._client = client
        self._breaker = breaker
        self._places = desks.places
        self._desks = desks
        self._notebook = notebook
        self._receive = receive
        self._recent = Recent(notebook)
        self._last = 0
        self._told_blank: set[int] = set()  # channels in which it was said that words cannot be read there

    async def hand_in(self, batch: Batch) -> None:
        """Commit what was heard, and up to where; then remember what the desk has."""
        self._last = max(self._last, batch.last)
        await self._receive(batch.items, json.dumps({"last": self._last}))
        for channel in batch.touched:
            await self._recent.save(channel)

    async def hand_in_pressed(self, items: Sequence[Incoming]) -> None:
        """Commit what somebody pressed or filled in: it says nothing about what else was heard."""
        if items:
            await self._receive(items, None)

    # --- what happens

    async def message(self, message: discord.Message, batch: Batch) -> None:
        """Take in what somebody wrote."""
        batch.last = max(batch.last, message.id)
        place = await self._places.of(self._client, message.channel)
        if place is None:
            return
        await self._recent.heard(message, incoming.name_of(message.author))
        batch.touched.add(place.channel)
        if not incoming.is_written(message):
            return
        if self._is_blank(message):
            await self._say_that_it_was_not_read(message, place)
            return
        if place.guest is None and place.team is None:
            place = await self._greeted(place, message, batch)
        if place.guest is not None and place.guest.id != message.author.id:
            batch.items.append(self._company(place, str(Spot(place.channel, message.id)), came=True))
        batch.items += await self._said(message, place)

    async def _said(self, message: discord.Message, place: Place, *, corrects: bool = False) -> list[Incoming]:
        me = 0 if self._client.user is None else self._client.user.id
        member = place.team is None or await self._is_agent(place, message.author)
        exposed = place.team is not None and self._desks.is_exposed(place.room)
        return incoming.said(message, place, me, member=member, exposed=exposed, corrects=corrects)

    def bare(self, message: discord.Message, batch: Batch) -> None:
        """Take in the mere words of a message over which something of ours has failed."""
        place = self._places.known(message.channel.id)
        if place is not None and incoming.is_written(message):
            ref, name = str(Spot(place.channel, message.id)), incoming.name_of(message.author)
            who, at = str(message.author.id), message.created_at
            item = Incoming(ref, Kind.SAID, place.room, who, name, at, message.content, place.team, place.thread)
            batch.items.append(replace(item, member=place.team is None, mentions=True))

    def _is_blank(self, message: discord.Message) -> bool:
        """Tell whether this came without its words, because the message content intent is not granted."""
        told = message.content or message.attachments or message.stickers or message.poll or message.message_snapshots
        return message.guild is not None and not self._client.intents.message_content and not told

    async def _say_that_it_was_not_read(self, message: discord.Message, place: Place) -> None:
        """Say once in a channel what can be read there: nobody's words may be lost without a word."""
        if place.channel in self._told_blank or self._client.user is None:
            return
        self._told_blank.add(place.channel)
        text = word("not_read", self._desks.language, me=self._client.user.name)
        await asked(self._breaker, message.channel.send(text, reference=message))

    async def _greeted(self, place: Place, message: discord.Message, batch: Batch) -> Place:
        """Return the place with its guest: who writes first in a direct channel is new.

        Discord tells nobody of a first direct message that came while the bot was away: it is read with the next one.
        """
        guest = Guest(message.author.id, incoming.name_of(message.author))
        place = await self._places.welcome(place.channel, guest)
        before = await self._unread(message)
        first = before[0] if before else message
        batch.items.append(self.arrived(place.channel, guest, first.created_at))
        for one in before:
            await self._recent.heard(one, guest.name)
            batch.items += await self._said(one, place)
        return place

    async def _unread(self, message: discord.Message) -> list[discord.Message]:
        """Return what somebody wrote before the first message that was heard of them, within a day."""
        since = discord.Object(snowflake(message.created_at - _FIRST_WORDS))

        async def read() -> list[discord.Message]:
            history = message.channel.history(limit=50, before=message, after=since, oldest_first=True)
            return [one async for one in history]

        try:
            found = await asked(self._breaker, read())
        except Refusal:
            return []
        return [one for one in found if one.author.id == message.author.id and incoming.is_written(one)]

    def arrived(self, channel: int, guest: Guest, at: datetime) -> Incoming:
        """Return that a customer has a channel with the bot."""
        ref = f"arrived-{channel}"
        return Incoming(ref, Kind.ARRIVED, str(channel), str(guest.id), guest.name, at, language=guest.language)

    async def edited(self, payload: discord.RawMessageUpdateEvent, batch: Batch) -> None:
        """Take in a correction; what Discord itself adds to a message is none."""
        message = payload.message
        if message.edited_at is None or not incoming.is_written(message):
            return
        place = await self._places.of(self._client, message.channel)
        if place is None:
            return
        said = await self._said(message, place, corrects=True)  # what may fail comes first, and is tried again
        if await self._recent.corrected(message):
            batch.items += said
            batch.touched.add(place.channel)

    async def deleted(self, channel: int, message: int, batch: Batch) -> None:
        """Take in that a message is gone, unless it was the bot's."""
        place = await self._places.of(self._client, discord.Object(channel))
        if place is None:
            return
        known = await self._recent.forgotten(channel, message)
        batch.touched.add(channel)
        if known.author == 0:
            return
        who, name = (known.author, known.name) if known.author > 0 else (0, "")
        if place.guest is not None and who == 0:
            who, name = place.guest.id, place.guest.name
        batch.items.append(incoming.gone(place, str(Spot(channel, message)), str(who), name, now(), member=True))

    async def reacted(self, payload: discord.RawReactionActionEvent, batch: Batch) -> None:
        """Take in a reaction, or that it was taken back."""
        me = self._client.user
        if me is None or payload.user_id == me.id or (payload.member is not None and payload.member.bot):
            return
        place = await self._places.of(self._client, discord.Object(payload.channel_id))
        if place is None:
            return
        symbol = str(payload.emoji) if payload.emoji.is_unicode_emoji() else f":{payload.emoji.name}:"
        came = payload.event_type == "REACTION_ADD"
        await self._reaction(place, payload.message_id, (payload.user_id, symbol), payload.member, batch, came=came)

    async def _reaction(
        self,
        place: Place,
        message: int,
        mark: tuple[int, str],
        who: discord.Member | discord.User | None,
        batch: Batch,
        *,
        came: bool,
    ) -> None:
        user, symbol = mark
        agent = place.team is None or await self._is_agent(place, who or discord.Object(user))
        again = await self._recent.marked(place.channel, message, user, symbol, came=came)
        batch.touched.add(place.channel)
        if again is None:
            return
        ref, known = mark_ref(place.channel, message, user, symbol, again), self._recent.name_of(user)
        name = incoming.name_of(who) if who is not None else known
        if place.guest is not None and place.guest.id == user:
            name = place.guest.name
        elif place.guest is not None:
            return  # somebody else's mark in a customer's channel says nothing
        if came:
            target, at = str(Spot(place.channel, message)), now()
            item = Incoming(ref, Kind.REACTED, place.room, str(user), name, at, team=place.team, thread=place.thread)
            exposed = place.team is not None and self._desks.is_exposed(place.room)
            batch.items.append(replace(item, target=target, symbol=symbol, member=agent, exposed=exposed))
        else:
            batch.items.append(incoming.gone(place, ref, str(user), name, now(), member=agent))

    async def threaded(self, event: Threaded, batch: Batch) -> None:
        """Take in who came into a customer's thread, or went."""
        me = self._client.user
        place = await self._places.of(self._client, discord.Object(event.thread))
        if place is None or place.guest is None or (me is not None and event.person == me.id):
            return
        ref = f"{'joined' if event.came else 'went'}-{event.thread}-{event.person}-{snowflake(now())}"
        if event.person == place.guest.id:
            kind = Kind.ARRIVED if event.came else Kind.LEFT
            guest = place.guest
            item = Incoming(ref, kind, place.room, str(guest.id), guest.name, now(), language=guest.language)
            batch.items.append(item)
        else:
            batch.items.append(self._company(place, ref, came=event.came))

    def _company(self, place: Place, ref: str, *, came: bool) -> Incoming:
        guest = place.guest or Guest(0, "")
        kind = Kind.CROWDED if came else Kind.ALONE
        return Incoming(f"{ref}:{kind}", kind, place.room, str(guest.id), guest.name, now())

    async def member_gone(self, event: MemberGone, batch: Batch) -> None:
        """Take in who left the server: customers in their threads, agents of every team."""
        at, person = now(), str(event.person)
        name = self._recent.name_of(event.person)
        for room in await self._notebook.rooms():
            place = await self._known(room)
            if place is not None and place.guest is not None and place.guest.id == event.person:
                batch.items.append(
                    Incoming(f"left-{room}-{snowflake(at)}", Kind.LEFT, room, person, place.guest.name, at)
                )
        for team, seat in self._places.teams.items():
            ref = f"left-{seat.channel}-{team}-{person}-{snowflake(at)}"
            batch.items.append(Incoming(ref, Kind.LEFT, str(seat.channel), person, name, at, team=team))

    async def channel_gone(self, event: ChannelGone, batch: Batch) -> None:
        """Take in that a customer's thread was deleted."""
        if str(event.channel) in await self._notebook.rooms():
            me = "" if self._client.user is None else str(self._client.user.id)
            ref = f"removed-{event.channel}"
            batch.items.append(Incoming(ref, Kind.REMOVED, str(event.channel), me, "", now()))
        self._places.forget(event.channel)

    async def _known(self, room: str) -> Place | None:
        try:
            return await self._places.of(self._client, discord.Object(int(room))) if room.isdigit() else None
        except (discord.HTTPException, TryLater, Undeliverable):
            return None

    # --- what was missed

    async def missed(self, cursor: str | None) -> Batch:
        """Return what happened since the cursor; at the very first start nothing did."""
        batch = Batch()
        if cursor is None:
            batch.last = snowflake(now())
            return batch
        self._last = max(self._last, int(json.loads(cursor)["last"]))
        since = max(0, self._last - _OVERLAP)
        for channel in await self._channels():
            try:
                await self._read(channel, since, batch)
            except Refusal as refusal:
                log.warning("channel_not_read", channel=getattr(channel, "id", 0), why=refusal.why)
            except (TryLater, discord.HTTPException):
                raise
            except Exception as error:  # noqa: BLE001  # a bug has no type to wait for, and must not end all channels
                log.error("channel_failed", channel=getattr(channel, "id", 0), fault=where(error))
        batch.items.sort(key=lambda item: item.at)
        return batch

    async def _channels(self) -> list[discord.abc.Messageable]:
        """Return the channels in which something may have happened."""
        found: dict[int, discord.abc.Messageable] = {}
        for guild in self._client.guilds:
            for thread in await asked(self._breaker, guild.active_threads()):
                if await self._places.of(self._client, thread) is not None:
                    found[thread.id] = thread
        for seat in self._places.teams.values():
            channel = self._client.get_channel(seat.channel)
            if isinstance(channel, discord.TextChannel):
                found[channel.id] = channel
        for room in await self._notebook.rooms():
            if room.isdigit() and int(room) not in found:
                try:
                    channel = await asked(self._breaker, self._client.fetch_channel(int(room)))
                except Refusal:
                    continue
                if isinstance(channel, discord.abc.Messageable):
                    found[int(room)] = channel
        return list(found.values())

    async def _read(self, channel: discord.abc.Messageable, since: int, batch: Batch) -> None:
        number = int(getattr(channel, "id", 0))
        after = await self._recent.oldest(number, since)

        async def read() -> list[discord.Message]:
            history = channel.history(limit=_CATCH_UP, after=discord.Object(after), oldest_first=True)
            return [message async for message in history]

        messages = await asked(self._breaker, read())
        if len(messages) >= _CATCH_UP:
            log.error("gap_too_long", channel=number, messages=len(messages), hint="what is newer was not read")
        for message in messages:
            try:
                if message.id > since and not await self._recent.knows(number, message.id):
                    await self.message(message, batch)
                await self._compare(message, batch)
            except (TryLater, Undeliverable, discord.HTTPException):
                raise
            except Exception as error:  # noqa: BLE001  # a bug has no type to wait for, and must stop nothing else
                log.error("message_failed", channel=number, fault=where(error))
                self.bare(message, batch)
        await self._vanished(number, {message.id for message in messages}, after, batch)

    async def _compare(self, message: discord.Message, batch: Batch) -> None:
        """Take in what was changed in a message that was heard before: its words, and the marks on it."""
        place = await self._places.of(self._client, message.channel)
        if place is None:
            return
        if incoming.is_written(message) and message.edited_at is not None:
            said = await self._said(message, place, corrects=True)
            if await self._recent.corrected(message):
                batch.items += said
        batch.touched.add(place.channel)
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
                    await self._reaction(place, message.id, (user.id, symbol), user, batch, came=True)
        for mark in await self._recent.marks(message.channel.id, message.id) - seen:
            await self._reaction(place, message.id, mark, None, batch, came=False)

    async def _is_agent(self, place: Place, person: object) -> bool:
        """Tell whether somebody is an agent of that room; Discord is asked when an event does not tell their roles."""
        if not isinstance(person, discord.Member):
            person = await self._member(place, int(getattr(person, "id", 0)))
        return self._desks.is_agent(place.room, person)

    async def _member(self, place: Place, user: int) -> discord.Member | None:
        channel = self._client.get_channel(int(place.room))
        guild = getattr(channel, "guild", None)
        if not isinstance(guild, discord.Guild):
            return None
        try:
            return await asked(self._breaker, guild.fetch_member(user))
        except Refusal:
            return None

    async def _vanished(self, channel: int, there: Iterable[int], after: int, batch: Batch) -> None:
        for message in await self._recent.known(channel, after) - set(there):
            await self.deleted(channel, message, batch)
