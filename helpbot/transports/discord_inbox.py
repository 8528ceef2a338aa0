"""What happened on Discord → what the desk takes in; `discord_missed` reads what happened while nobody listened.

Rule: what comes twice has the same id, and counts once; what Discord is asked for comes before what is remembered, so
that an event over which it has trouble can be read again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import discord
import structlog

from helpbot.transports import discord_incoming as incoming
from helpbot.transports.base import Incoming, Kind, Notebook, Receive
from helpbot.transports.discord_agents import Agents
from helpbot.transports.discord_batch import Batch
from helpbot.transports.discord_client import ChannelGone, MemberCame, MemberChanged, MemberGone, Threaded
from helpbot.transports.discord_company import Company, Present, changes, happened
from helpbot.transports.discord_desks import Desks
from helpbot.transports.discord_faults import Refusal, asked
from helpbot.transports.discord_places import Guest, Place
from helpbot.transports.discord_recent import Recent
from helpbot.transports.discord_refs import Spot, mark_ref, now, snowflake
from helpbot.transports.discord_words import word

log = structlog.get_logger(__name__)

_FIRST_WORDS = timedelta(days=1)


class Inbox:
    """Reads for one client, and hands in what it read."""

    def __init__(self, desks: Desks, notebook: Notebook, receive: Receive) -> None:
        self.client = desks.client
        self.breaker = desks.breaker
        self.agents = Agents(desks, notebook)
        self.places = desks.places
        self.recent = Recent(notebook)
        self.looked_at: set[int] = set()  # channels in which nothing is missed
        self._desks = desks
        self._receive = receive
        self._company = Company(self.client, self.breaker, notebook)
        self._last = 0
        self._told_blank: set[int] = set()  # channels in which it was said that words cannot be read there

    def last(self, cursor: str | None) -> int | None:
        """Return up to which id all was heard; None when nothing ever was."""
        if cursor is None:
            return None
        self._last = max(self._last, int(json.loads(cursor)["last"]))
        return self._last

    async def hand_in(self, batch: Batch) -> None:
        """Commit what was heard, and up to where; then remember what the desk has."""
        self._last = max(self._last, batch.last)
        await self._receive(batch.items, json.dumps({"last": self._last}))
        await self._told_of(batch.items)
        for channel in batch.touched:
            await self.recent.save(channel)
        for channel, present in batch.present.items():
            await self._company.keep(channel, present)
        for channel, person in batch.no_agents:
            await self.agents.forget(channel, person)

    async def hand_in_pressed(self, items: Sequence[Incoming]) -> None:
        """Commit what somebody pressed or filled in: it says nothing about what else was heard."""
        if items:
            await self._receive(items, None)
            await self._told_of(items)

    async def _told_of(self, items: Sequence[Incoming]) -> None:
        for item in items:
            if item.kind is Kind.ARRIVED:
                await self.places.told(int(item.room))

    # --- what happens

    async def message(self, message: discord.Message, batch: Batch) -> None:
        """Take in what somebody wrote."""
        batch.last = max(batch.last, message.id)
        place = await self.places.of(self.client, message.channel)
        if place is None:
            return
        await self.recent.heard(message, incoming.name_of(message.author))
        batch.touched.add(place.channel)
        if not incoming.is_written(message):
            return
        if self._is_blank(message):
            await self._say_that_it_was_not_read(message, place)
            return
        if message.guild is None and (place.guest is None or place.channel not in self.looked_at):
            if place.guest is None or await self.places.is_fresh(place.channel):
                place = await self._greeted(place, message, batch)
            else:
                await self._late(place, message, batch)
        if place.guest is not None:
            await self._with_company(place, place.guest, message, batch)
        batch.items += await self._said(message, place)

    async def _with_company(self, place: Place, guest: Guest, message: discord.Message, batch: Batch) -> None:
        """Take in that somebody writes in a customer's channel; she may be alone again, and Discord not tell of it."""
        told, writer = await self._told(place.channel, batch), message.author
        if writer.id != guest.id:
            came = happened(place, Kind.CROWDED, str(Spot(place.channel, message.id)))
            batch.items.append(replace(came, sender=str(writer.id), name=incoming.name_of(writer)))
            told = replace(told, strangers=told.strangers | {writer.id})
        elif told.strangers and isinstance(message.channel, discord.Thread):
            await self.company(message.channel, batch)
            told = replace(await self._told(place.channel, batch), she=True)
        else:
            told = replace(told, she=True)
        batch.present[place.channel] = told

    async def _said(self, message: discord.Message, place: Place, *, corrects: bool = False) -> list[Incoming]:
        me = 0 if self.client.user is None else self.client.user.id
        member = place.team is None or await self._is_agent(place, message.author)
        exposed = place.team is not None and self._desks.is_exposed(place.room)
        return incoming.said(message, place, me, member=member, exposed=exposed, corrects=corrects)

    def bare(self, message: discord.Message, batch: Batch) -> None:
        """Take in the mere words of a message over which something of ours has failed."""
        place = self.places.known(message.channel.id)
        if place is not None and incoming.is_written(message):
            ref, name = str(Spot(place.channel, message.id)), incoming.name_of(message.author)
            who, at = str(message.author.id), message.created_at
            item = Incoming(ref, Kind.SAID, place.room, who, name, at, message.content, place.team, place.thread)
            batch.items.append(replace(item, member=place.team is None, mentions=True))

    def _is_blank(self, message: discord.Message) -> bool:
        """Tell whether this came without its words, because the message content intent is not granted."""
        told = message.content or message.attachments or message.stickers or message.poll or message.message_snapshots
        return message.guild is not None and not self.client.intents.message_content and not told

    async def _say_that_it_was_not_read(self, message: discord.Message, place: Place) -> None:
        """Say once in a channel what can be read there: nobody's words may be lost without a word."""
        if place.channel in self._told_blank or self.client.user is None:
            return
        self._told_blank.add(place.channel)
        text = word("not_read", self._desks.language, me=self.client.user.name)
        await asked(self.breaker, message.channel.send(text, reference=message))

    async def _greeted(self, place: Place, message: discord.Message, batch: Batch) -> Place:
        """Return the place with its guest: who writes first in a direct channel is new.

        Discord tells nobody of a first direct message that came while the bot was away: it is read with the next one.
        """
        guest = place.guest or Guest(message.author.id, incoming.name_of(message.author))
        before = await self._unread(message, snowflake(message.created_at - _FIRST_WORDS))
        place = await self.places.welcome(place.channel, guest)
        first = before[0] if before else message
        batch.items.append(self.arrived(place.channel, guest, first.created_at))
        await self._read_late(place, before, batch)
        return place

    async def _late(self, place: Place, message: discord.Message, batch: Batch) -> None:
        """Take in what came before a message in a direct channel that was not looked at for long."""
        known = [one for one in await self.recent.known(place.channel, 0) if one < message.id]
        before = await self._unread(message, max([snowflake(message.created_at - _FIRST_WORDS), *known]))
        await self._read_late(place, before, batch)

    async def _read_late(self, place: Place, messages: list[discord.Message], batch: Batch) -> None:
        for one in messages:
            await self.recent.heard(one, incoming.name_of(one.author))
            batch.items += await self._said(one, place)
        self.looked_at.add(place.channel)

    async def _unread(self, message: discord.Message, after: int) -> list[discord.Message]:
        """Return what somebody wrote between that id and a message of theirs."""

        async def read() -> list[discord.Message]:
            since = discord.Object(after)
            history = message.channel.history(limit=50, before=message, after=since, oldest_first=True)
            return [one async for one in history]

        try:
            found = await asked(self.breaker, read())
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
        place = await self.places.of(self.client, message.channel)
        if place is None:
            return
        await self.corrected(message, place, batch)

    async def corrected(self, message: discord.Message, place: Place, batch: Batch) -> None:
        """Take in a correction, if it is news."""
        said = await self._said(message, place, corrects=True)  # what may fail comes first, and is tried again
        if await self.recent.corrected(message):
            batch.items += said
            batch.touched.add(place.channel)

    async def deleted(self, channel: int, message: int, batch: Batch) -> None:
        """Take in that a message is gone, unless it was the bot's."""
        place = await self.places.of(self.client, discord.Object(channel))
        if place is None:
            return
        known = await self.recent.forgotten(channel, message)
        batch.touched.add(channel)
        if known.author == 0:
            return
        who, name = (known.author, known.name) if known.author > 0 else (0, "")
        if place.guest is not None and who == 0:
            who, name = place.guest.id, place.guest.name
        for ref in incoming.refs(str(Spot(channel, message)), known.files):
            batch.items.append(incoming.gone(place, ref, str(who), name, now(), member=True))

    async def reacted(self, payload: discord.RawReactionActionEvent, batch: Batch) -> None:
        """Take in a reaction, or that it was taken back."""
        me = self.client.user
        if me is None or payload.user_id == me.id or (payload.member is not None and payload.member.bot):
            return
        place = await self.places.of(self.client, discord.Object(payload.channel_id))
        if place is None:
            return
        symbol = str(payload.emoji) if payload.emoji.is_unicode_emoji() else f":{payload.emoji.name}:"
        came = payload.event_type == "REACTION_ADD"
        await self.mark(place, payload.message_id, (payload.user_id, symbol), payload.member, batch, came=came)

    async def mark(
        self,
        place: Place,
        message: int,
        mark: tuple[int, str],
        who: discord.Member | discord.User | None,
        batch: Batch,
        *,
        came: bool,
    ) -> None:
        """Take in a mark, by whom and which, that came or was taken back, if it is news."""
        user, symbol = mark
        agent = place.team is None or await self._is_agent(place, who or discord.Object(user))
        again = await self.recent.marked(place.channel, message, user, symbol, came=came)
        batch.touched.add(place.channel)
        if again is None:
            return
        ref, known = mark_ref(place.channel, message, user, symbol, again), self.recent.name_of(user)
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
        if self.client.user is not None and event.person == self.client.user.id:
            return
        thread: object = self.client.get_channel(event.thread)
        if thread is None:
            thread = await asked(self.breaker, self.client.fetch_channel(event.thread))
        if isinstance(thread, discord.Thread):
            await self.company(thread, batch)

    async def company(self, thread: discord.Thread, batch: Batch) -> None:
        """Take in who is in a customer's thread, as far as that changed."""
        place = await self.places.of(self.client, thread)
        if place is None or place.guest is None:
            return
        told = await self._told(thread.id, batch)
        present = await self._company.look(thread, place.guest, told)
        for item in changes(place, told, present):
            batch.items.append(await self._named(item, thread, min(present.strangers, default=0)))
        batch.present[thread.id] = present

    async def _named(self, item: Incoming, thread: discord.Thread, stranger: int) -> Incoming:
        """Return what happened with who came, if somebody did."""
        if item.kind is not Kind.CROWDED:
            return item
        member = await self._member_of(thread.guild, stranger)
        name = self.recent.name_of(stranger) if member is None else incoming.name_of(member)
        return replace(item, sender=str(stranger), name=name)

    async def _told(self, channel: int, batch: Batch) -> Present:
        """Return who is in a customer's thread, as the desk will know once that batch is committed."""
        return batch.present.get(channel) or await self._company.told(channel)

    async def member_gone(self, event: MemberGone, batch: Batch) -> None:
        """Take in who left a server: customers in their channels, agents of its teams."""
        for channel in sorted(await self.places.rooms_of(event.person)):
            place = await self._known(channel)
            told = await self._told(channel, batch)
            if place is not None and told.she and await self._is_lost(channel, event):
                batch.items.append(happened(place, Kind.LEFT))
                batch.present[channel] = replace(told, she=False)
        for number in {seat.channel: None for seat in self.places.teams.values()}:
            desk = self.client.get_channel(number)
            if not isinstance(desk, discord.abc.GuildChannel) or desk.guild.id == event.server:
                self._no_agent(number, event.person, batch)

    async def agents_gone(self, batch: Batch, event: MemberChanged | None = None) -> None:
        """Take in who is no agent any more: they left while nobody listened, or lost their role."""
        whose = () if event is None else (event.server, event.person)
        for channel, person in await self.agents.gone(*whose):
            self._no_agent(channel, person, batch)

    def _no_agent(self, channel: int, person: int, batch: Batch) -> None:
        batch.items += self.agents.left(channel, person, self.recent.name_of(person))
        batch.no_agents.add((channel, person))

    async def _is_lost(self, channel: int, event: MemberGone) -> bool:
        """Tell whether somebody who left a server is out of reach in a channel: direct ones need one in common."""
        others = [guild for guild in self.client.guilds if guild.id != event.server]
        if not others:
            return True
        try:
            there: object = self.client.get_channel(channel)
            there = await asked(self.breaker, self.client.fetch_channel(channel)) if there is None else there
        except Refusal:
            return True
        if isinstance(there, discord.Thread):
            return there.guild.id == event.server
        return not any([await self._member_of(guild, event.person) for guild in others])

    async def member_came(self, event: MemberCame, batch: Batch) -> None:
        """Let a customer who is back on a server into her threads again: leaving it took her out of them."""
        for channel in sorted(await self.places.rooms_of(event.person)):
            told = await self._told(channel, batch)
            if told.she:
                continue
            try:
                there: object = self.client.get_channel(channel)
                there = await asked(self.breaker, self.client.fetch_channel(channel)) if there is None else there
                place = await self.places.of(self.client, there)
                if isinstance(there, discord.Thread):
                    await self._let_in(there, event.person)  # that she is in it is told by Discord
                elif isinstance(there, discord.DMChannel) and place is not None:
                    batch.items.append(happened(place, Kind.ARRIVED))
                    batch.present[channel] = replace(told, she=True)
            except Refusal as refusal:
                log.warning("customer_not_let_in_again", channel=channel, why=refusal.why)

    async def _let_in(self, thread: discord.Thread, person: int) -> None:
        if thread.archived:
            await asked(self.breaker, thread.edit(archived=False))
        await asked(self.breaker, thread.add_user(discord.Object(person)))

    async def channel_gone(self, event: ChannelGone, batch: Batch) -> None:
        """Take in that a customer's thread was deleted."""
        if str(event.channel) in await self.places.rooms():
            me = "" if self.client.user is None else str(self.client.user.id)
            ref = f"removed-{event.channel}"
            batch.items.append(Incoming(ref, Kind.REMOVED, str(event.channel), me, "", now()))
        self.places.forget(event.channel)

    async def _known(self, channel: int) -> Place | None:
        try:
            return await self.places.of(self.client, discord.Object(channel))
        except discord.NotFound:
            return None

    async def _is_agent(self, place: Place, person: object) -> bool:
        """Tell whether somebody is an agent of that room; Discord is asked when an event does not tell their roles."""
        if not isinstance(person, discord.Member):
            person = await self._member(place, int(getattr(person, "id", 0)))
        agent = self._desks.is_agent(place.room, person)
        if agent and person is not None:
            await self.agents.seen(int(place.room), person.id)
        return agent

    async def _member(self, place: Place, user: int) -> discord.Member | None:
        channel = self.client.get_channel(int(place.room))
        guild = getattr(channel, "guild", None)
        return await self._member_of(guild, user) if isinstance(guild, discord.Guild) else None

    async def _member_of(self, guild: discord.Guild, user: int) -> discord.Member | None:
        try:
            return await asked(self.breaker, guild.fetch_member(user))
        except Refusal:
            return None
