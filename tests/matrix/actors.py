"""People of their own on a Matrix server: customers and agents, in the clear (raw HTTP) or encrypted (stock nio).

They know nothing of helpbot. Waiting is by condition: every event that a sync brings wakes whoever waits.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import aiohttp
import nio
from nio.store import SqliteMemoryStore

from .synapse import User

Event = dict[str, Any]
Predicate = Callable[[Event], bool]
CLIENT = "/_matrix/client/v3"


class Refused(Exception):
    """The server refused what an actor asked for."""

    def __init__(self, status: int, answer: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {answer}")
        self.status = status
        self.answer = answer


def text_content(text: str, **extra: Any) -> Event:
    """Return the content of a text message as a modern client sends it."""
    return {"msgtype": "m.text", "body": text, "m.mentions": {}, **extra}


class PlainActor:
    """Somebody who writes in the clear, over plain HTTP."""

    def __init__(self, url: str, user: User) -> None:
        self.url = url
        self.user = user
        self.id = user.id
        self.events: list[Event] = []
        self.signs: list[Event] = []  # who types and who has read
        self._changed = asyncio.Condition()
        self._session: aiohttp.ClientSession | None = None
        self._syncing: asyncio.Task[None] | None = None
        self._since: str | None = None

    async def start(self) -> None:
        """Connect, take the first sync, and listen from then on."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
        await self._sync_once(timeout_ms=0)
        self._syncing = asyncio.create_task(self._sync_forever())

    async def stop(self) -> None:
        """Stop listening and close the connection."""
        if self._syncing is not None:
            self._syncing.cancel()
            await asyncio.gather(self._syncing, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def request(self, method: str, path: str, body: object = None, **query: str) -> Event:
        """Ask the server; raises Refused."""
        assert self._session is not None
        headers = {"Authorization": f"Bearer {self.user.token}"}
        data = None if body is None and method == "GET" else (body or {})
        async with self._session.request(method, self.url + path, json=data, params=query, headers=headers) as response:
            answer: Event = await response.json(content_type=None)
            if response.status >= 300:
                raise Refused(response.status, answer)
            return answer

    async def download(self, address: str) -> bytes:
        """Return a file as it lies on the server."""
        assert self._session is not None
        headers = {"Authorization": f"Bearer {self.user.token}"}
        url = f"{self.url}/_matrix/client/v1/media/download/{address.removeprefix('mxc://')}"
        async with self._session.get(url, headers=headers) as response:
            assert response.status == 200, await response.text()
            return await response.read()

    # What people do

    async def create_room(self, *invite: str, encrypted: bool = False, direct: bool = False, **options: Any) -> str:
        """Create a private room and return its id."""
        body: Event = {"preset": "private_chat", "invite": list(invite), "is_direct": direct, **options}
        if encrypted:
            state = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
            body["initial_state"] = [*body.get("initial_state", []), state]
        return str((await self.request("POST", f"{CLIENT}/createRoom", body))["room_id"])

    async def create_dm(self, bot: str, *, encrypted: bool = False) -> str:
        """Open a direct room with the bot, as a client's "new chat" does."""
        return await self.create_room(bot, encrypted=encrypted, direct=True, preset="trusted_private_chat")

    async def invite(self, room: str, user: str) -> None:
        """Invite somebody."""
        await self.request("POST", f"{CLIENT}/rooms/{quote(room)}/invite", {"user_id": user})

    async def join(self, room: str) -> None:
        """Join a room."""
        await self.request("POST", f"{CLIENT}/join/{quote(room)}")

    async def leave(self, room: str) -> None:
        """Leave a room."""
        await self.request("POST", f"{CLIENT}/rooms/{quote(room)}/leave")

    async def kick(self, room: str, user: str) -> None:
        """Put somebody out of a room."""
        await self.request("POST", f"{CLIENT}/rooms/{quote(room)}/kick", {"user_id": user})

    async def upgrade(self, room: str, version: str = "12") -> str:
        """Upgrade a room, as a client's settings do; return the new one, to which nobody else is invited yet."""
        answer = await self.request("POST", f"{CLIENT}/rooms/{quote(room)}/upgrade", {"new_version": version})
        return str(answer["replacement_room"])

    async def members(self, room: str) -> dict[str, str]:
        """Return user id → membership, from the server."""
        answer = await self.request("GET", f"{CLIENT}/rooms/{quote(room)}/members")
        return {event["state_key"]: event["content"]["membership"] for event in answer["chunk"]}

    async def send_event(self, room: str, kind: str, content: Event) -> str:
        """Send any event; return its id."""
        path = f"{CLIENT}/rooms/{quote(room)}/send/{quote(kind)}/{secrets.token_hex(8)}"
        return str((await self.request("PUT", path, content))["event_id"])

    async def send_state(self, room: str, kind: str, content: Event, key: str = "") -> str:
        """Set a state event."""
        path = f"{CLIENT}/rooms/{quote(room)}/state/{quote(kind)}/{quote(key)}"
        return str((await self.request("PUT", path, content))["event_id"])

    async def say(self, room: str, text: str, **extra: Any) -> str:
        """Write a message."""
        return await self.send_event(room, "m.room.message", text_content(text, **extra))

    async def edit(self, room: str, target: str, text: str) -> str:
        """Correct a message, one's own or (as a forger would) another's."""
        relation = {"rel_type": "m.replace", "event_id": target}
        content = text_content(f"* {text}", **{"m.new_content": text_content(text), "m.relates_to": relation})
        return await self.send_event(room, "m.room.message", content)

    async def react(self, room: str, target: str, symbol: str) -> str:
        """Put a mark on a message."""
        relation = {"rel_type": "m.annotation", "event_id": target, "key": symbol}
        return await self.send_event(room, "m.reaction", {"m.relates_to": relation})

    async def delete(self, room: str, target: str, **content: Any) -> str:
        """Take back a message or a mark, one's own or, with the right to, another's."""
        path = f"{CLIENT}/rooms/{quote(room)}/redact/{quote(target)}/{secrets.token_hex(8)}"
        return str((await self.request("PUT", path, content))["event_id"])

    async def types(self, room: str, *, typing: bool = True) -> None:
        """Type in a room, or stop."""
        body = {"typing": typing, "timeout": 20000}
        await self.request("PUT", f"{CLIENT}/rooms/{quote(room)}/typing/{quote(self.id)}", body)

    async def reads(self, room: str, ref: str, kind: str = "m.read", **content: Any) -> None:
        """Say that one has read up to a message."""
        await self.request("POST", f"{CLIENT}/rooms/{quote(room)}/receipt/{kind}/{quote(ref)}", content)

    async def say_in_thread(self, room: str, root: str, text: str, **extra: Any) -> str:
        """Write in a message's thread, as a client with a thread panel does."""
        relation = {
            "rel_type": "m.thread",
            "event_id": root,
            "is_falling_back": True,
            "m.in_reply_to": {"event_id": root},
        }
        return await self.say(room, text, **{"m.relates_to": relation, **extra})

    async def reply(self, room: str, target: str, text: str, *, quoted: str | None = None, **extra: Any) -> str:
        """Answer a message, as a client without a thread panel does; `quoted` adds the old-style fallback."""
        body = text if quoted is None else f"> <{self.id}> {quoted}\n\n{text}"
        relation = {"m.in_reply_to": {"event_id": target}}
        return await self.say(room, body, **{"m.relates_to": relation, **extra})

    # What people see

    async def wait_for(self, predicate: Predicate, timeout: float = 15.0) -> Event:  # noqa: ASYNC109
        """Return the first event that fits, seen already or still to come."""

        def found() -> Event | None:
            return next((event for event in self.events if predicate(event)), None)

        try:
            async with asyncio.timeout(timeout), self._changed:
                await self._changed.wait_for(lambda: found() is not None)
        except TimeoutError:
            last = [(event.get("type"), event.get("content")) for event in self.events[-8:]]
            raise AssertionError(f"{self.id} saw nothing that fits within {timeout} s; the last were {last}") from None
        event = found()
        assert event is not None
        return event

    async def wait_for_text(self, room: str, text: str, timeout: float = 15.0) -> Event:  # noqa: ASYNC109
        """Return the first message of that room, by anybody else, whose body holds the text."""
        return await self.wait_for(
            lambda event: event["room_id"] == room and event["sender"] != self.id and text in body(event), timeout
        )

    def messages(self, room: str, sender: str | None = None) -> list[Event]:
        """Return the messages of a room seen so far, in order."""
        return [
            event
            for event in self.events
            if event["room_id"] == room
            and event["type"] == "m.room.message"
            and (sender is None or event["sender"] == sender)
        ]

    async def _sync_forever(self) -> None:
        while True:
            try:
                await self._sync_once(timeout_ms=20000)
            except (aiohttp.ClientError, TimeoutError, Refused):
                await asyncio.sleep(0.1)  # the server is away: tests kill it

    async def _sync_once(self, timeout_ms: int) -> None:
        query = {"timeout": str(timeout_ms)} | ({"since": self._since} if self._since else {})
        answer = await self.request("GET", f"{CLIENT}/sync", **query)
        self._since = answer["next_batch"]
        seen: list[Event] = []
        rooms = answer.get("rooms", {})
        for room, info in [*rooms.get("join", {}).items(), *rooms.get("leave", {}).items()]:
            seen += [{**event, "room_id": room} for event in info.get("timeline", {}).get("events", [])]
            self.signs += [{**event, "room_id": room} for event in info.get("ephemeral", {}).get("events", [])]
        for room, info in rooms.get("invite", {}).items():
            seen += [{**event, "room_id": room} for event in info.get("invite_state", {}).get("events", [])]
        await self._saw(seen)

    async def _saw(self, events: list[Event]) -> None:
        async with self._changed:
            self.events += events
            self._changed.notify_all()


class CryptoActor(PlainActor):
    """Somebody whose client encrypts, trusting every device: a stock nio client."""

    def __init__(self, url: str, user: User) -> None:
        super().__init__(url, user)
        config = nio.AsyncClientConfig(store=SqliteMemoryStore, encryption_enabled=True)
        self.client = nio.AsyncClient(url, user.id, device_id=user.device, store_path="", config=config)
        self.client.restore_login(user.id, user.device, user.token)

    async def stop(self) -> None:
        await super().stop()
        await self.client.close()

    async def create_room(self, *invite: str, encrypted: bool = True, direct: bool = False, **options: Any) -> str:
        room = await super().create_room(*invite, encrypted=encrypted, direct=direct, **options)
        await self._knows(room)
        return room

    async def create_dm(self, bot: str, *, encrypted: bool = True) -> str:
        return await super().create_dm(bot, encrypted=encrypted)

    async def join(self, room: str) -> None:
        await super().join(room)
        await self._knows(room)

    async def send_event(self, room: str, kind: str, content: Event) -> str:
        answer = await self.client.room_send(
            room, kind, content, tx_id=secrets.token_hex(8), ignore_unverified_devices=True
        )
        assert isinstance(answer, nio.RoomSendResponse), answer
        return str(answer.event_id)

    async def share_with_invited(self, room: str) -> None:
        """Count invited people as members when keys are shared, as Element does."""
        for user, membership in (await self.members(room)).items():
            if membership == "invite":
                self.client.rooms[room].add_member(user, None, None, invited=True)
                self.client.olm.update_tracked_users(self.client.rooms[room])
        if self.client.should_query_keys:
            await self.client.keys_query()

    async def _knows(self, room: str) -> None:
        """Wait until the client itself has the room, because nio cannot send before."""
        async with asyncio.timeout(15), self._changed:
            await self._changed.wait_for(lambda: room in self.client.rooms)

    async def _sync_once(self, timeout_ms: int) -> None:
        answer = await self.client.sync(timeout=timeout_ms, full_state=self._since is None)
        if not isinstance(answer, nio.SyncResponse):
            raise Refused(0, {"error": str(answer)})
        self._since = answer.next_batch
        await self._look_after_keys()
        seen: list[Event] = []
        for room, info in [*answer.rooms.join.items(), *answer.rooms.leave.items()]:
            for event in info.timeline.events:
                seen.append({**event.source, "room_id": room})
        for room, info in answer.rooms.invite.items():
            seen += [{**event.source, "room_id": room} for event in info.invite_state]
        await self._saw(seen)

    async def _look_after_keys(self) -> None:
        if self.client.should_upload_keys:
            await self.client.keys_upload()
        if self.client.should_query_keys:
            await self.client.keys_query()
        if self.client.should_claim_keys:
            await self.client.keys_claim(self.client.get_users_for_key_claiming())
        await self.client.send_to_device_messages()


def body(event: Event) -> str:
    """Return a message's body, or nothing."""
    text = event.get("content", {}).get("body")
    return text if isinstance(text, str) else ""


def relation(event: Event) -> Event:
    """Return a message's relation, or nothing."""
    related = event.get("content", {}).get("m.relates_to")
    return related if isinstance(related, dict) else {}
