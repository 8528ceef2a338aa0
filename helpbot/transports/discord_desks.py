"""Where teams sit on Discord: a forum with one post a ticket, or threads under a text channel.

Rule: nothing of a customer is posted where everybody on the server could read it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import timedelta
from typing import Any, Literal

import discord
import structlog

from helpbot.core.model import Status
from helpbot.transports.base import About, Address, SetupError, TryLater, Undeliverable
from helpbot.transports.discord_client import DeskClient
from helpbot.transports.discord_faults import FULL, Breaker, Refusal, asked
from helpbot.transports.discord_journal import digest_of
from helpbot.transports.discord_places import Places
from helpbot.transports.discord_refs import spot
from helpbot.transports.discord_setup import help_faults, help_oddities, is_open, seat_faults, seat_oddities
from helpbot.transports.discord_words import word
from helpbot.transports.markup import one_line

log = structlog.get_logger(__name__)

_NAME = 100  # characters of a thread's name
_TAG = 20  # characters of a tag's
_TAGS_OF_ONE = 5
_EXPOSED = timedelta(seconds=30)
_ARCHIVE: Literal[10080] = 10080  # minutes of silence after which Discord archives a thread: a week, the longest
_TAGGED = {Status.WAITING.value: "tag_waiting", Status.HELD.value: "tag_held", Status.CLOSED.value: "tag_closed"}


class Desks:
    """The teams' channels, as one client sees them."""

    def __init__(self, client: DeskClient, breaker: Breaker, places: Places, language: str) -> None:
        self.client = client
        self.breaker = breaker
        self.places = places
        self.language = language
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._told: set[int] = set()  # channels that were said to be open to everybody

    # --- at the start

    def look(self) -> None:
        """Raise SetupError, naming all that the admin has to mend, unless every team can be written to."""
        faults: list[str] = []
        for team, seat in self.places.teams.items():
            there, me = self._there(seat.channel)
            faults += seat_faults(team, seat, there, me)
            if isinstance(there, discord.ForumChannel | discord.TextChannel) and me is not None:
                for oddity in seat_oddities(seat, there, me):
                    log.warning("team_odd", team=team, why=oddity)
        if self.places.help_channel is not None:
            there, me = self._there(self.places.help_channel)
            faults += help_faults(self.places.help_channel, there, me)
            for oddity in help_oddities(there) if isinstance(there, discord.TextChannel) else ():
                log.warning("help_channel_odd", why=oddity)
        if faults:
            raise SetupError("; ".join(dict.fromkeys(faults)))

    def _there(self, number: int) -> tuple[object, discord.Member | None]:
        channel = self.client.get_channel(number)
        guild = getattr(channel, "guild", None)
        return channel, guild.me if isinstance(guild, discord.Guild) else None

    # --- who may read

    def is_exposed(self, room: str) -> bool:
        """Tell whether everybody on the server may read a team's channel."""
        channel = self.client.get_channel(int(room)) if room.isdigit() else None
        if self.places.seat(room) is None or not isinstance(channel, discord.ForumChannel | discord.TextChannel):
            return False
        exposed = is_open(channel)
        if exposed and channel.id not in self._told:
            hint = "anybody may read it: nothing is posted there until @everyone may not view it any more"
            log.error("agents_room_exposed", room=room, hint=hint)
        (self._told.add if exposed else self._told.discard)(channel.id)
        return exposed

    async def check(self, room: str) -> None:
        """Raise TryLater where nothing may be posted now."""
        if self.is_exposed(room):
            raise TryLater(
                "this channel is open to everybody: take “View Channel” from @everyone", _EXPOSED, doubtful=False
            )

    def is_agent(self, room: str, person: object) -> bool:
        """Tell whether somebody is an agent there: has a team's role; may view it, where one names none."""
        channel = self.client.get_channel(int(room)) if room.isdigit() else None
        if not isinstance(channel, discord.abc.GuildChannel) or not isinstance(person, discord.Member):
            return False
        roles = {role.id for role in person.roles}
        for seat in self.places.seats(room):
            if roles & {seat.agents, seat.leads} or (
                seat.agents is None and channel.permissions_for(person).view_channel
            ):
                return True
        return False

    # --- posts and threads

    def is_forum(self, room: str) -> bool:
        """Tell whether that room is a forum; raises Undeliverable when a team's channel is not there."""
        if self.places.seat(room) is None:
            return False
        channel = self.client.get_channel(int(room))
        if channel is None:
            raise Undeliverable("the team's channel is not there any more: see teams.discord_channel", whole_room=True)
        return isinstance(channel, discord.ForumChannel)

    async def post(self, address: Address, more: dict[str, Any]) -> int:
        """Make a new post of a forum; return its id, which its first message has as well."""
        forum = self._forum(address.room)
        tags = [] if address.about is None else await self._tags(forum, address.about)
        if forum.flags.require_tag and not tags:
            tags = list(forum.available_tags[:1])
        name = _name(address.about, str(more.get("content") or "…"))
        options: Any = {**more, "name": name, "applied_tags": tags, "auto_archive_duration": _ARCHIVE}
        made = await asked(self.breaker, forum.create_thread(suppress_embeds=True, **options))
        return int(made.thread.id)

    async def posted(self, room: str, digest: str, after: int, taken: set[int]) -> int | None:
        """Return a post of the bot's that begins with these words, if one was made after that moment."""
        forum, me = self._forum(room), self.client.user
        threads = await asked(self.breaker, forum.guild.active_threads())
        for thread in sorted(threads, key=lambda one: one.id):
            ours = me is not None and thread.owner_id == me.id and thread.parent_id == forum.id
            if not ours or thread.id <= after or thread.id in taken:
                continue
            try:
                message = await asked(self.breaker, thread.fetch_message(thread.id))
            except Refusal:
                continue
            if digest_of(message.content, len(message.attachments)) == digest:
                return thread.id
        return None

    async def make_thread(self, address: Address) -> bool:
        """Make the thread of a card in a text channel; tell whether there is one now."""
        root = spot(address.thread or "")
        channel = self.client.get_channel(int(address.room))
        if root is None or not isinstance(channel, discord.TextChannel) or root.channel != channel.id:
            return False
        name = _name(address.about, "…")
        message = channel.get_partial_message(root.message)
        try:
            await asked(self.breaker, message.create_thread(name=name, auto_archive_duration=_ARCHIVE))
        except Refusal as refusal:
            if refusal.code == FULL:
                raise
            return False
        return True

    async def tag(self, address: Address, thread: int, about: About) -> None:
        """Show a ticket's state as its post's tag, as far as that can be done."""
        try:
            if not self.is_forum(address.room):
                return
            forum = self._forum(address.room)
            tags = await self._tags(forum, about)
            ours = {tag.id for tag in forum.available_tags if tag.name in self._names()}
            post: object = forum.get_thread(thread)
            if post is None:
                post = await asked(self.breaker, self.client.fetch_channel(thread))
            if isinstance(post, discord.Thread):
                kept = [tag for tag in post.applied_tags if tag.id not in ours]
                wanted = [*tags, *kept][:_TAGS_OF_ONE]
                if {tag.id for tag in post.applied_tags} != {tag.id for tag in wanted}:
                    await asked(self.breaker, post.edit(applied_tags=wanted, archived=False))
        except (Refusal, Undeliverable) as refusal:
            log.warning("tag_not_set", thread=thread, why=refusal.why)

    def _names(self) -> set[str]:
        return {word(name, self.language)[:_TAG] for name in _TAGGED.values()}

    async def _tags(self, forum: discord.ForumChannel, about: About) -> list[discord.ForumTag]:
        """Return the tag of a ticket's state, made if it is not there; none where the bot may not make it."""
        if about.status not in _TAGGED:
            return []
        name = word(_TAGGED[about.status], self.language)[:_TAG]
        async with self._locks[forum.id]:
            found = next((tag for tag in forum.available_tags if tag.name == name), None)
            if found is None:
                try:
                    found = await asked(self.breaker, forum.create_tag(name=name, moderated=True))
                except (Refusal, Undeliverable) as refusal:
                    log.warning("tag_not_made", forum=forum.id, name=name, why=refusal.why)
        return [] if found is None else [found]

    def _forum(self, room: str) -> discord.ForumChannel:
        channel = self.client.get_channel(int(room))
        if not isinstance(channel, discord.ForumChannel):
            raise Undeliverable("the team's forum is not there any more: see teams.discord_channel", whole_room=True)
        return channel


def _name(about: About | None, words: str) -> str:
    """Return what a ticket's post is called."""
    if about is None:
        name = one_line(words).replace("\\", "").replace("*", "")
    else:
        name = f"#{about.number} {one_line(about.customer)}" + (
            f" — {one_line(about.question)}" if about.question else ""
        )
    return name if len(name) <= _NAME else name[: _NAME - 1] + "…"
