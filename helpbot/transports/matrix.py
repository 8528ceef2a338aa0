"""Matrix: direct rooms with customers and agents' rooms, encrypted or not, behind the transport port.

Rule: the cursor moves only with `receive`, and the next sync begins only once the batch before it is committed.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from nio.exceptions import EncryptionError, LocalProtocolError

from helpbot.core.effects import Content, Literal
from helpbot.core.model import Attachment
from helpbot.transports import matrix_content, matrix_signs
from helpbot.transports.base import Address, Fetched, Notebook, Receive, SetupError, Sign, TryLater, Undeliverable
from helpbot.transports.markup import picture_in
from helpbot.transports.matrix_batch import Batch
from helpbot.transports.matrix_crypto import GuardedClient
from helpbot.transports.matrix_desks import DOOR
from helpbot.transports.matrix_download import fetched
from helpbot.transports.matrix_files import NETWORK, beside_file
from helpbot.transports.matrix_held import Held
from helpbot.transports.matrix_http import Backoff, LoginGone, Refused, path
from helpbot.transports.matrix_inbox import Inbox
from helpbot.transports.matrix_keys import HOSTILE
from helpbot.transports.matrix_login import Account, connect
from helpbot.transports.matrix_opening import open_direct
from helpbot.transports.matrix_pictures import Pictures
from helpbot.transports.matrix_rooms import Rooms
from helpbot.transports.matrix_signing import vouch_for_device
from helpbot.transports.matrix_signs import Signs
from helpbot.transports.matrix_snapshot import snapshot
from helpbot.transports.matrix_traces import sent_since, take_back, where_it_stands
from helpbot.transports.matrix_upgrades import TOMBSTONE
from helpbot.transports.matrix_uploads import Files
from helpbot.where import where

log = structlog.get_logger(__name__)

_POLL = 30.0  # seconds that the server may wait for news
_CATCH_UP = 300.0  # seconds that the server may take to gather what was missed
_EXPOSED = timedelta(seconds=30)  # after which an agents' room is looked at again
_UPGRADED = timedelta(seconds=5)  # after which it is looked whether a customer's new room was found
_NOTHING = {"not_types": ["*"]}
_ROOM_FILTER = {
    "timeline": {"limit": 100},
    "state": {"types": ["m.room.member", "m.room.encryption", TOMBSTONE, *DOOR]},
    "account_data": _NOTHING,
}


class _Connection(NamedTuple):
    """What there is while the transport runs."""

    client: GuardedClient
    rooms: Rooms
    signs: Signs


class MatrixTransport:
    """The bot's account on a homeserver; `teams` says where each team sits, by alias or room id."""

    def __init__(
        self,
        *,
        homeserver: str,
        user: str,
        password: str | None = None,
        access_token: str | None = None,
        store: Path,
        encryption: bool = True,
        device_name: str = "helpbot",
        invites_from: Sequence[str],
        teams: Mapping[str, str],
        decline_text: str,
        exposed_text: str,
        notebook: Notebook,
        help_rooms: Sequence[str] = (),
        name: str = NETWORK,
        upgrade_texts: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.ready = asyncio.Event()
        keys = store if encryption else None
        self._login = Account(homeserver, user, password, access_token, keys, device_name)
        self._invites_from = invites_from
        self._teams = teams
        self._decline_text = decline_text
        self._exposed_text = exposed_text
        self._upgrade_texts = upgrade_texts or {}  # by what Rooms has to say
        self._notebook = notebook
        self._help_rooms = help_rooms
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._pictures = Pictures()
        self._files = Files()
        self._connection: _Connection | None = None
        self.notice: Callable[[Sign], None] = lambda sign: None

    @property
    def account(self) -> str:
        """See Transport."""
        return self._login.user

    # --- receiving

    async def run(self, receive: Receive) -> None:
        """See Transport."""
        client = await self._connected()
        rooms = Rooms(
            client,
            self._notebook,
            teams=self._teams,
            invites_from=self._invites_from,
            decline=lambda room, key: self._say_plainly(room, self._decline_text, key),
            warn=lambda room, key: self._say_plainly(room, self._exposed_text, key),
            help_rooms=self._help_rooms,
            say=lambda room, what, key: self._say_plainly(room, self._upgrade_texts.get(what, ""), key),
        )
        signs = Signs(rooms, self.account, lambda sign: self.notice(sign))  # noqa: PLW0108  # whoever listens then
        connection = self._connection = _Connection(client, rooms, signs)
        upkeep, synced = self._upkeep(client), asyncio.Event()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(rooms.chores.work(), name="matrix rooms")
                group.create_task(rooms.zones.work(receive, _now), name="matrix zones")
                group.create_task(_after_each(synced, upkeep), name="matrix keys")
                group.create_task(signs.work(), name="matrix signs")
                await self._listen(connection, receive, upkeep, synced)
        except BaseExceptionGroup as failed:
            if all(isinstance(error, SetupError) for error in failed.exceptions):
                raise failed.exceptions[0] from None
            raise
        finally:
            self.ready.clear()
            self._connection = None
            await client.shut()

    async def _connected(self) -> GuardedClient:
        backoff = Backoff("login", homeserver=self._login.homeserver)
        while True:
            try:
                return await connect(self._login, self._notebook)
            except TryLater as later:
                await backoff.wait(later)

    async def _listen(
        self,
        connection: _Connection,
        receive: Receive,
        upkeep: Callable[[], Awaitable[None]],
        synced: asyncio.Event,
    ) -> None:
        held = Held(self._notebook)
        inbox = Inbox(connection.client, connection.rooms, held, _now)
        cursor: str | None = None
        backoff = Backoff("sync", homeserver=self._login.homeserver)
        while True:
            try:
                if self.ready.is_set():
                    wait = _POLL if (due := held.next_due(_now())) is None else min(max(due, 1.0), _POLL)
                    cursor = await self._sync(connection, inbox, receive, cursor, wait)
                else:
                    await held.load()
                    cursor = await self._notebook.cursor()
                    await upkeep()
                    await connection.rooms.open_desks()
                    cursor = await self._catch_up(connection, inbox, receive, cursor)
                    self.ready.set()
                synced.set()
                backoff.worked()
            except LoginGone as gone:
                raise self._login_lost(gone) from None
            except TryLater as later:
                await backoff.wait(later)
            except Refused as refused:
                await backoff.wait(TryLater(refused.why))

    def _upkeep(self, client: GuardedClient) -> Callable[[], Awaitable[None]]:
        """Return what does all that keys need, once in a while if it does not work: messages go on meanwhile."""
        backoff = Backoff("keys", homeserver=self._login.homeserver)
        vouched = False

        async def upkeep() -> None:
            nonlocal vouched
            if not backoff.is_due():
                return
            try:
                await client.look_after_keys()
                if not vouched:
                    await vouch_for_device(client, self._notebook, self._login.password)
                    vouched = True  # or it needs a person, who was told
                backoff.worked()
            except LoginGone as gone:
                raise self._login_lost(gone) from None
            except (TryLater, Refused) as failed:
                backoff.put_off(failed.why)
            except HOSTILE as error:  # what somebody made of his keys must end nothing
                log.error("keys_failed", fault=where(error))
                backoff.put_off(f"a fault of ours: {type(error).__name__}")

        return upkeep

    def _login_lost(self, gone: LoginGone) -> SetupError:
        return SetupError(
            f"{gone.why}: start again with matrix.password set, or with a new matrix.access_token, "
            f"and check that the account {self.account} still exists"
        )

    async def _catch_up(
        self, connection: _Connection, inbox: Inbox, receive: Receive, cursor: str | None
    ) -> str | None:
        """Hand in what was missed; at the very first start nothing was, and only the cursor is taken."""
        first = cursor is None
        if not first:
            cursor = await self._sync(connection, inbox, receive, cursor, 0)
        client = connection.client
        invited = await snapshot(client)
        if cursor is None:
            cursor = str(invited["next_batch"])
            await client.take_key_news(invited)  # otherwise they come with the cursor
        inbox.read_invitations(invited)  # a sync tells of each only once, perhaps to a bot that was killed then
        await self._commit(inbox, receive, await inbox.read_unknown(cursor, words_too=not first), cursor)
        return cursor

    async def _sync(
        self, connection: _Connection, inbox: Inbox, receive: Receive, cursor: str | None, wait: float
    ) -> str | None:
        query = {"filter": _filter(connection.rooms.desks()), "timeout": str(int(wait * 1000))}
        if cursor is not None:
            query["since"] = cursor
        patience = wait + _POLL if self.ready.is_set() else _CATCH_UP
        answer = await connection.client.call(
            "GET", path("sync"), query=query, holds={"next_batch": str}, patience=patience, gated=False
        )
        further = str(answer["next_batch"])
        await self._commit(inbox, receive, await inbox.read(answer, cursor), further)
        connection.signs.take(answer)
        return further

    async def _commit(self, inbox: Inbox, receive: Receive, batch: Batch, cursor: str | None) -> None:
        await receive(batch.items, cursor)
        await inbox.committed(batch)
        if cursor is not None:
            inbox.look_again(lambda read: self._commit(inbox, receive, read, None))

    # --- sending

    async def send(
        self, address: Address, content: Content, key: str, *, answers: str | None = None, file: Fetched | None = None
    ) -> str:
        """See Transport."""
        client, rooms, room = await self._open(address)
        former = rooms.upgrades.former(room)
        if answers is not None and former and await where_it_stands(client, [room], answers) is None:
            answers = None  # a reply is one only in its own room
        encrypted = await rooms.is_encrypted(room)
        shown = None if file is None else await self._files.shown(client, content, file, key, encrypted=encrypted)
        words = content if shown is None else beside_file(content)
        event = matrix_content.message(words, address.thread, encrypted=encrypted, answers=answers)
        picture = picture_in(content)
        if shown is not None:
            event = matrix_content.with_file(event, shown)
        elif picture is not None:
            placed = await self._pictures.placed(client, picture, key, encrypted=encrypted)
            event = event if placed is None else matrix_content.with_picture(event, picture, placed)
        return await self._put(room, "m.room.message", event, key, encrypted=encrypted)

    @asynccontextmanager
    async def fetch(self, attachment: Attachment, most: int) -> AsyncIterator[Fetched]:
        """See Transport."""
        async with fetched(self._client(), attachment, most) as file:
            yield file

    async def open_direct(self, person: str) -> str:
        """See Transport."""
        return await open_direct(self._client(), person)

    async def edit(self, address: Address, ref: str, content: Content, key: str) -> str:
        """See Transport."""
        _, rooms, room = await self._open(address, ref)
        encrypted = await rooms.is_encrypted(room)
        event = matrix_content.correction(content, ref, encrypted=encrypted)
        return await self._put(room, "m.room.message", event, key, encrypted=encrypted)

    async def react(self, address: Address, ref: str, symbol: str, key: str) -> str:
        """See Transport; the reference is empty when the same mark was there already."""
        _, _, room = await self._open(address, ref)
        try:  # reactions are never encrypted on Matrix
            return await self._put(room, "m.reaction", matrix_content.reaction(ref, symbol), key, encrypted=False)
        except Refused as refused:
            if refused.code == "M_DUPLICATE_ANNOTATION":
                return ""
            raise

    async def redact(self, address: Address, ref: str, key: str) -> str:
        """See Transport; the reference is empty when somebody else took it back, or it is not there."""
        client, _, room = await self._open(address, ref)
        async with self._locks[room]:
            return await take_back(client, room, ref, key)

    async def show_typing(self, address: Address, *, typing: bool) -> None:
        """See Transport."""
        if (client := self._among_customers(address.room)) is not None:
            await matrix_signs.show_typing(client, address.room, typing=typing)

    async def show_read(self, address: Address, ref: str) -> None:
        """See Transport."""
        if (client := self._among_customers(address.room)) is not None:
            await matrix_signs.show_read(client, address.room, ref)

    async def sent_since(self, address: Address, ref: str | None) -> Mapping[str, str]:
        """See Transport."""
        client, rooms, room = await self._open(address)
        return await sent_since(client, room, ref, rooms.upgrades.former(room))

    def _among_customers(self, room: str) -> GuardedClient | None:
        """Return the connection for what is shown to a customer alone; None without one."""
        if self._connection is None or room not in self._connection.rooms.known:
            return None
        return self._connection.client

    async def _open(self, address: Address, ref: str | None = None) -> tuple[GuardedClient, Rooms, str]:
        """Return where to go: to that room, or to the one before it, if what is meant stands there."""
        if self._connection is None:
            raise TryLater("not connected to the homeserver", doubtful=False)
        client, rooms, _ = self._connection
        room = await rooms.resolve(address.room)
        if rooms.upgrades.is_closed(room):
            raise TryLater("upgraded", _UPGRADED, doubtful=False)
        if await rooms.is_exposed(room):
            raise TryLater("this agents' room is open to everybody: make it invite-only", _EXPOSED, doubtful=False)
        former = [] if ref is None else rooms.upgrades.former(room)
        if former and ref is not None:
            room = await where_it_stands(client, [room, *former], ref) or room
        return client, rooms, room

    def _client(self) -> GuardedClient:
        if self._connection is None:
            raise TryLater("not connected to the homeserver", doubtful=False)
        return self._connection.client

    async def _put(self, room: str, kind: str, event: dict[str, Any], key: str, *, encrypted: bool) -> str:
        client = self._client()
        async with self._locks[room]:
            if encrypted and client.olm is None:
                raise Undeliverable("the room is encrypted, and the bot's encryption is switched off", whole_room=True)
            if encrypted:
                try:
                    event, kind = await client.encrypted(room, kind, event), "m.room.encrypted"
                except (EncryptionError, LocalProtocolError) as error:
                    raise TryLater(f"the message cannot be encrypted now ({type(error).__name__})") from None
            event = {**event, matrix_content.KEY: key}
            answer = await client.call("PUT", path("rooms", room, "send", kind, key), event, holds={"event_id": str})
        return str(answer["event_id"])

    async def _say_plainly(self, room: str, text: str, key: str) -> None:
        """Say something that holds nobody's words, wherever that is."""
        if self._connection is None:
            raise TryLater("not connected to the homeserver", doubtful=False)
        encrypted = await self._connection.rooms.is_encrypted(room)
        event = matrix_content.message((Literal(text),), None, encrypted=encrypted)
        await self._put(room, "m.room.message", event, key, encrypted=encrypted)


async def _after_each(sync: asyncio.Event, upkeep: Callable[[], Awaitable[None]]) -> None:
    """Do what keys need after each sync, but beside the next one: people of a slow server must keep nobody waiting."""
    while True:
        await sync.wait()
        sync.clear()
        await upkeep()


def _filter(desks: Sequence[str]) -> str:
    """Return what a sync is asked to tell; signs of life come from these rooms alone."""
    return json.dumps(
        {
            "presence": _NOTHING,
            "account_data": _NOTHING,
            "room": {**_ROOM_FILTER, "ephemeral": matrix_signs.wanted(desks)},
        }
    )


def _now() -> datetime:
    return datetime.now(UTC)
