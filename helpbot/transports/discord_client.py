"""The connection to Discord: a client that puts what it hears into queues, in order, and keeps nothing.

Rule: people's words are taken from events in the order in which they came, because an answer and its correction may
arrive in the same moment; what they press stands beside, because Discord waits three seconds for an answer to it.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any

import aiohttp
import discord
from discord.state import ConnectionState

from helpbot.transports.discord_logins import Logins

MEMBERS, CONTENT = "Server Members Intent", "Message Content Intent"
LOSSES = {
    MEMBERS: "that somebody leaves the server, or is added to a customer's thread, is not noticed",
    CONTENT: "words on a server are read only where the bot is mentioned, and in commands and forms",
}


@dataclass(frozen=True, slots=True)
class Connected:
    """The client is connected anew, and may have missed something before what it hears from now on."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The client knows its servers, so that what was missed can be read."""


@dataclass(frozen=True, slots=True)
class Threaded:
    """Somebody came into a thread, or went."""

    thread: int
    person: int
    came: bool


@dataclass(frozen=True, slots=True)
class MemberGone:
    """Somebody left a server."""

    person: int
    server: int


@dataclass(frozen=True, slots=True)
class MemberCame:
    """Somebody came to the server, perhaps back."""

    person: int


@dataclass(frozen=True, slots=True)
class MemberChanged:
    """Somebody has other roles, or another name, on a server."""

    person: int
    server: int


@dataclass(frozen=True, slots=True)
class ChannelGone:
    """A channel or thread is not there any more."""

    channel: int


Happened = (
    Connected
    | Ready
    | Threaded
    | MemberGone
    | MemberCame
    | MemberChanged
    | ChannelGone
    | discord.Message
    | discord.RawMessageUpdateEvent
    | discord.RawMessageDeleteEvent
    | discord.RawReactionActionEvent
)


class AskedOnce(aiohttp.ClientError):
    """Discord had trouble over a request that makes something anew each time, and may have made it."""


async def _ask_once(session: object, context: object, answer: aiohttp.TraceRequestEndParams) -> None:
    """Keep the library from asking for another thread by itself: for messages there is a nonce, for threads none."""
    makes_thread = answer.method == "POST" and answer.url.path.endswith("/threads")
    if makes_thread and answer.response.status >= 500:
        answer.response.close()
        raise AskedOnce(f"Discord has trouble ({answer.response.status})")


class _State(ConnectionState[Any]):
    """Tells of changes to members whom it does not keep: it keeps none."""

    def parse_guild_member_update(self, data: Any) -> None:
        super().parse_guild_member_update(data)
        self.dispatch("member_changed", int(data["user"]["id"]), int(data["guild_id"]))


class DeskClient(discord.Client):
    """A client with the intents that it may have; `heard` holds what happened, `pressed` what wants an answer."""

    def __init__(self, logins: Logins, *, members: bool, content: bool) -> None:
        intents = discord.Intents(
            guilds=True,
            members=members,
            messages=True,
            reactions=True,
            typing=True,
            message_content=content,
        )
        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(_ask_once)
        super().__init__(
            intents=intents,
            http_trace=trace,
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_ratelimit_timeout=30.0,
            guild_ready_timeout=0.2,  # who uses the client waits for servers that come later
        )
        self._logins = logins
        self.heard: asyncio.Queue[Happened] = asyncio.Queue()
        self.pressed: asyncio.Queue[discord.Interaction] = asyncio.Queue()
        self.typed: asyncio.Queue[discord.RawTypingEvent] = asyncio.Queue(maxsize=1000)

    def _get_state(self, **options: Any) -> ConnectionState[Any]:
        return _State(dispatch=self.dispatch, handlers=self._handlers, hooks=self._hooks, http=self.http, **options)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:  # the library's name
        """Count a login, and wait before another one of the same client: the first was waited for already."""
        if not initial:
            await self._logins.wait()
        await self._logins.count()

    async def servers_known(self, seconds: float) -> None:
        """Return once Discord has told of every server, or after that time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while any(guild.unavailable for guild in self.guilds):  # noqa: ASYNC110  # no event tells
                    await asyncio.sleep(0.05)

    async def on_connect(self) -> None:
        """Hear that the connection is new."""
        self.heard.put_nowait(Connected())

    async def on_ready(self) -> None:
        """Hear that the servers are known."""
        self.heard.put_nowait(Ready())

    async def on_message(self, message: discord.Message) -> None:
        """Hear a message."""
        self.heard.put_nowait(message)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Hear a correction."""
        self.heard.put_nowait(payload)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """Hear that a message is gone."""
        self.heard.put_nowait(payload)

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """Hear that many messages are gone, one by one."""
        for number in sorted(payload.message_ids):
            data = {"id": str(number), "channel_id": str(payload.channel_id)}
            if payload.guild_id is not None:
                data["guild_id"] = str(payload.guild_id)
            self.heard.put_nowait(discord.RawMessageDeleteEvent(data))  # type: ignore[arg-type]  # the gateway's form

    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        """Hear a reaction."""
        self.heard.put_nowait(payload)

    async def on_raw_reaction_remove(self, payload: discord.RawReactionActionEvent) -> None:
        """Hear that a reaction was taken back."""
        self.heard.put_nowait(payload)

    async def on_thread_member_join(self, member: discord.ThreadMember) -> None:
        """Hear who came into a thread."""
        self.heard.put_nowait(Threaded(member.thread_id, member.id, came=True))

    async def on_raw_thread_member_remove(self, payload: discord.RawThreadMembersUpdate) -> None:
        """Hear who went out of a thread."""
        for number in payload.data.get("removed_member_ids", []):
            self.heard.put_nowait(Threaded(payload.thread_id, int(number), came=False))

    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        """Hear that a thread is gone."""
        self.heard.put_nowait(ChannelGone(payload.thread_id))

    async def on_raw_member_remove(self, payload: discord.RawMemberRemoveEvent) -> None:
        """Hear who left the server."""
        self.heard.put_nowait(MemberGone(payload.user.id, payload.guild_id))

    async def on_member_changed(self, person: int, server: int) -> None:
        """Hear that somebody has other roles, or another name."""
        self.heard.put_nowait(MemberChanged(person, server))

    async def on_member_join(self, member: discord.Member) -> None:
        """Hear who came to the server."""
        self.heard.put_nowait(MemberCame(member.id))

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Hear a button, a form or a command."""
        self.pressed.put_nowait(interaction)

    async def on_raw_typing(self, payload: discord.RawTypingEvent) -> None:
        """Hear who is typing; nobody misses what is too much."""
        if not self.typed.full():
            self.typed.put_nowait(payload)


async def granted(token: str) -> tuple[bool, bool]:
    """Return whether the application may have the members intent, and the message content intent.

    Raises what `discord.Client.login` does.
    """
    client = discord.Client(intents=discord.Intents(guilds=True))
    try:
        await client.login(token)
        flags = (await client.application_info()).flags
        return (
            flags.gateway_guild_members or flags.gateway_guild_members_limited,
            flags.gateway_message_content or flags.gateway_message_content_limited,
        )
    finally:
        await client.close()
