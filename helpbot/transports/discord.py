"""Discord: private threads and direct messages with customers, forums with agents, behind the transport port.

Rule: what is pressed or written is committed before anybody reads that it was taken; a client that fails is made anew,
and what it missed is read.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import json
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
import discord
import structlog
import yarl
from discord.gateway import DiscordWebSocket

from helpbot.core.effects import Content
from helpbot.core.model import Attachment
from helpbot.transports.base import (
    Address,
    Fetched,
    Notebook,
    Receive,
    SetupError,
    Sign,
    TryLater,
    Undeliverable,
)
from helpbot.transports.discord_client import CONTENT, LOSSES, MEMBERS, DeskClient, granted
from helpbot.transports.discord_desks import Desks
from helpbot.transports.discord_faults import Breaker, asked
from helpbot.transports.discord_forms import Forms
from helpbot.transports.discord_inbox import Inbox
from helpbot.transports.discord_journal import Journal
from helpbot.transports.discord_listening import Listener
from helpbot.transports.discord_logins import Logins
from helpbot.transports.discord_places import Guest, Places, Seat
from helpbot.transports.discord_refs import NETWORK
from helpbot.transports.discord_sending import Sender
from helpbot.transports.discord_tickets import Tickets
from helpbot.transports.discord_typing import watch_typing
from helpbot.where import where

log = structlog.get_logger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 300.0  # seconds before another client is made
_STEADY = 600.0  # seconds after which a client that failed did so for another reason than the one before
_CHUNK = 65_536


@dataclass(slots=True)
class _Connection:
    """What there is while a client is connected."""

    client: DeskClient
    sender: Sender


class DiscordTransport:
    """The bot's account on Discord; `teams` says where each team sits, `names` what it is called."""

    def __init__(
        self,
        *,
        token: str,
        teams: Mapping[str, Seat],
        names: Mapping[str, str],
        languages: Sequence[str],
        notebook: Notebook,
        help_channel: int | None = None,
        name: str = NETWORK,
    ) -> None:
        self.name = name
        self.ready = asyncio.Event()
        self.notice: Callable[[Sign], None] = lambda sign: None
        self._token = token
        self._names = names
        self._languages = tuple(languages)
        self._notebook = notebook
        self._places = Places(notebook, teams, help_channel)
        self._journal = Journal(notebook)
        self._breaker = Breaker()
        self._connection: _Connection | None = None
        self._has_been_ready = False
        self._logins = Logins(notebook)

    @property
    def account(self) -> str:
        """See Transport; a token begins with the account's id."""
        first = self._token.partition(".")[0]
        try:
            return base64.b64decode(first + "=" * (-len(first) % 4)).decode("ascii")
        except (binascii.Error, UnicodeDecodeError):
            return self.name

    # --- receiving

    async def run(self, receive: Receive) -> None:
        """See Transport."""
        pause = _FIRST_PAUSE
        while True:
            began = time.monotonic()
            try:
                await self._logins.wait()
                await self._one_client(receive)
            except (SetupError, asyncio.CancelledError):
                raise
            except discord.LoginFailure:
                raise SetupError(
                    "Discord does not take the token: write the one from the Bot page of your application in "
                    "discord.token (https://discord.com/developers/applications)"
                ) from None
            except discord.PrivilegedIntentsRequired:
                log.error("intents_withdrawn", hint="the Bot page of the application says which are granted")
            except Exception as error:  # noqa: BLE001  # discord.py ends with whatever its parsers raise
                log.error("discord_client_ended", fault=where(error), why=type(error).__name__)
            if time.monotonic() - began > _STEADY:
                pause = _FIRST_PAUSE
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _one_client(self, receive: Receive) -> None:
        members, content = await granted(self._token)
        for is_there, name in ((members, MEMBERS), (content, CONTENT)):
            if not is_there:
                hint = "switch it on: Bot page of the application"
                log.warning("intent_not_granted", intent=name, loss=LOSSES[name], hint=hint)
        client = DeskClient(self._logins, members=members, content=content)
        desks = Desks(client, self._breaker, self._places, self._languages[0])
        inbox = Inbox(desks, self._notebook, receive)
        tickets = Tickets(desks, inbox, self._notebook)
        forms = Forms(desks, tickets, self._notebook, self._languages, self._names)
        connection = _Connection(client, Sender(client, self._breaker, self._journal, desks))
        try:
            await client.login(self._token)
            async with asyncio.TaskGroup() as group:
                listener = Listener(client, inbox, forms, self._notebook, group)
                connecting = group.create_task(client.connect(reconnect=True), name="discord")
                hearing = listener.hear(lambda: self._look(desks), lambda: self._caught_up(connection))
                others = [
                    group.create_task(hearing, name="discord inbox"),
                    group.create_task(listener.answer(), name="discord presses"),
                    group.create_task(watch_typing(client, self._places, self._notify), name="discord typing"),
                ]
                await asyncio.wait({connecting})
                for task in others:
                    task.cancel()
                listener.stop()
        except BaseExceptionGroup as failed:
            raise failed.exceptions[0] from None
        finally:
            self._connection = None
            self.ready.clear()
            await client.close()

    def _caught_up(self, connection: _Connection) -> None:
        self._connection = connection
        self._has_been_ready = True
        self.ready.set()

    def _look(self, desks: Desks) -> None:
        """See what the admin has to mend: at the start nothing goes on without it, later the rest does."""
        try:
            desks.look()
        except SetupError as fault:
            if any(guild.unavailable for guild in desks.client.guilds):
                raise TryLater("Discord has trouble with a server: it tells nothing of its channels") from None
            if not self._has_been_ready:
                raise
            log.error("discord_setup_changed", why=str(fault))

    def _notify(self, sign: Sign) -> None:
        self.notice(sign)

    # --- sending

    def _connected(self) -> _Connection:
        if self._connection is None:
            raise TryLater("not connected to Discord", timedelta(seconds=2), doubtful=False)
        return self._connection

    async def send(
        self, address: Address, content: Content, key: str, *, answers: str | None = None, file: Fetched | None = None
    ) -> str:
        """See Transport."""
        return await self._connected().sender.send(address, content, key, answers=answers, file=file)

    async def edit(self, address: Address, ref: str, content: Content, key: str) -> str:
        """See Transport."""
        return await self._connected().sender.edit(address, ref, content, key)

    async def react(self, address: Address, ref: str, symbol: str, key: str) -> str:
        """See Transport."""
        return await self._connected().sender.react(address, ref, symbol, key)

    async def redact(self, address: Address, ref: str, key: str) -> str:
        """See Transport."""
        return await self._connected().sender.redact(address, ref, key)

    async def sent_since(self, address: Address, ref: str | None) -> Mapping[str, str]:  # all is known
        """See Transport."""
        return await self._connected().sender.sent_since(address)

    async def open_direct(self, person: str) -> str:
        """See Transport."""
        client = self._connected().client
        direct = await asked(self._breaker, client.create_dm(discord.Object(int(person))))
        name = direct.recipient.display_name if direct.recipient is not None else person
        await self._places.welcome(direct.id, Guest(int(person), name))
        return str(direct.id)

    async def show_typing(self, address: Address, *, typing: bool) -> None:
        """See Transport."""
        if typing and self._connection is not None and address.room.isdigit():
            there = self._connection.client.get_partial_messageable(int(address.room))
            with contextlib.suppress(TryLater, Undeliverable):
                await asked(self._breaker, there.typing())

    async def show_read(self, address: Address, ref: str) -> None:
        """See Transport: Discord's bots cannot show that."""

    @asynccontextmanager
    async def fetch(self, attachment: Attachment, most: int) -> AsyncIterator[Fetched]:
        """See Transport."""
        client = self._connected().client
        channel, message, number = json.loads(attachment.source)
        try:
            there = client.get_partial_messageable(channel)
            found = await asked(self._breaker, there.fetch_message(message))
        except Undeliverable:
            raise Undeliverable("file_gone") from None
        one = next((one for one in found.attachments if one.id == number), None)
        if one is None:
            raise Undeliverable("file_gone")
        if one.size > most:
            raise Undeliverable("file_too_large")
        with tempfile.TemporaryFile() as file:
            size = 0
            try:
                async with aiohttp.ClientSession() as session, session.get(one.url) as answer:
                    if answer.status >= 400:
                        raise Undeliverable("file_gone") if answer.status in {403, 404} else TryLater("file_away")
                    async for chunk in answer.content.iter_chunked(_CHUNK):
                        size += len(chunk)
                        if size > most:
                            raise Undeliverable("file_too_large")
                        file.write(chunk)
            except (aiohttp.ClientError, TimeoutError) as error:
                raise TryLater(f"the file could not be fetched ({type(error).__name__})") from None
            file.seek(0)
            yield Fetched(file, size)


def point_to(api: str | None) -> None:
    """Let the library ask another address than Discord's, if one is given: it knows one for all."""
    if api is not None:
        discord.http.Route.BASE = api
        gateway = yarl.URL(api)
        scheme = "wss" if gateway.scheme == "https" else "ws"
        DiscordWebSocket.DEFAULT_GATEWAY = gateway.with_scheme(scheme).with_path("/gateway")


def seats(teams: Mapping[str, tuple[str, str | None, str | None]]) -> dict[str, Seat]:
    """Return where teams sit, as the config names it, ids as text: channel, agents' role and leads' role."""
    return {
        team: Seat(int(channel), None if agents is None else int(agents), None if leads is None else int(leads))
        for team, (channel, agents, leads) in teams.items()
    }


def discord_transport(
    *,
    token: str,
    help_channel: str | None,
    api: str | None,
    teams: Mapping[str, tuple[str, str | None, str | None]],
    names: Mapping[str, str],
    languages: Sequence[str],
    notebook: Notebook,
) -> DiscordTransport:
    """Return the transport as the config names it, ids as text; `teams` are as in `seats`."""
    point_to(api)
    return DiscordTransport(
        token=token,
        teams=seats(teams),
        names=names,
        languages=languages,
        notebook=notebook,
        help_channel=None if help_channel is None else int(help_channel),
    )
