"""People who go on writing while everything round them dies, and what they see in the end.

They keep one law: a word counts as said once the homeserver took it; until then they send it again with the same id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

import aiohttp
import nio

from tests.matrix.actors import CLIENT, CryptoActor, Event, PlainActor, Refused, body, relation, text_content

_AGAIN = 0.1  # seconds before a word is sent again


async def insist(call: Callable[[], Any]) -> Any:
    """Return what the homeserver answers, asking again for as long as it is away."""
    while True:
        try:
            return await call()
        except Refused as refused:
            if refused.status not in {0, 500, 502, 503, 504}:
                raise
        except (aiohttp.ClientError, TimeoutError, OSError, nio.exceptions.LocalProtocolError):
            pass
        await asyncio.sleep(_AGAIN)


class Person:
    """Somebody with a client; everything is sent in the order in which it is said."""

    def __init__(self, actor: PlainActor) -> None:
        self.actor = actor
        self.id = actor.id
        self._sent = 0
        self._turn = asyncio.Lock()

    async def says(self, room: str, text: str, thread: str | None = None) -> str:
        """Write a message; returns its id once the homeserver has it."""
        content = text_content(text)
        if thread is not None:
            back = {"is_falling_back": True, "m.in_reply_to": {"event_id": thread}}
            content["m.relates_to"] = {"rel_type": "m.thread", "event_id": thread, **back}
        async with self._turn:
            return await self._put(room, "m.room.message", content)

    async def reacts(self, room: str, target: str, symbol: str) -> str:
        """Put a mark on a message."""
        content = {"m.relates_to": {"rel_type": "m.annotation", "event_id": target, "key": symbol}}
        async with self._turn:
            return await self._put(room, "m.reaction", content)

    async def _put(self, room: str, kind: str, content: Event) -> str:
        self._sent += 1
        if isinstance(self.actor, CryptoActor) and kind == "m.room.message":
            kind, content = await self._encrypted(self.actor, room, kind, content)
        path = f"{CLIENT}/rooms/{quote(room)}/send/{quote(kind)}/word-{self._sent}"
        answer = await insist(lambda: self.actor.request("PUT", path, content))
        return str(answer["event_id"])

    async def _encrypted(self, actor: CryptoActor, room: str, kind: str, content: Event) -> tuple[str, Event]:
        """Encrypt once the bot has the key, which stock nio takes for granted even when the homeserver has died."""

        async def share() -> None:
            client = actor.client
            while client.olm.should_share_group_session(room):
                others = {user for user in client.rooms[room].users if user != actor.id}
                answer = await client.share_group_session(room, ignore_unverified_devices=True)
                reached = {user for user, _ in getattr(answer, "users_shared_with", ())}
                if not others <= reached:
                    client.olm.outbound_group_sessions.pop(room, None)
                    await asyncio.sleep(_AGAIN)

        await insist(share)
        actor.client.rooms[room].members_synced = True
        kind, encrypted = actor.client.encrypt(room, kind, content)
        return kind, encrypted


class View:
    """A room as somebody sees it, read from the homeserver's history."""

    def __init__(self, actor: PlainActor, room: str) -> None:
        self.actor = actor
        self.room = room
        self.events: list[Event] = []  # in order
        self._known: set[str] = set()
        self._closed: dict[str, int] = {}  # id → place of what could not be decrypted yet

    async def look(self) -> None:
        """Read what is new."""
        news: list[Event] = []
        start: str | None = None
        while True:
            query = {"dir": "b", "limit": "100", **({} if start is None else {"from": start})}
            answer = await insist(lambda: self._page(query))  # noqa: B023  # called at once
            for event in answer["chunk"]:
                if event["event_id"] in self._known:
                    break
                news.append(event)
            else:
                start = answer.get("end")
                if start is not None and answer["chunk"]:
                    continue
            break
        for event in reversed(news):
            self._known.add(event["event_id"])
            if event["type"] == "m.room.encrypted":
                self._closed[event["event_id"]] = len(self.events)
            self.events.append(event)
        for place in list(self._closed.values()):
            self._open(place)

    @property
    def unreadable(self) -> int:
        """Return how many messages cannot be decrypted."""
        return len(self._closed)

    async def _page(self, query: dict[str, str]) -> Event:
        return await self.actor.request("GET", f"{CLIENT}/rooms/{quote(self.room)}/messages", **query)

    def _open(self, place: int) -> None:
        event = self.events[place]
        assert isinstance(self.actor, CryptoActor)
        try:
            opened = self.actor.client.decrypt_event(nio.MegolmEvent.from_dict({**event, "room_id": self.room}))
        except nio.exceptions.EncryptionError:
            return
        inside = dict(opened.source)
        if "m.relates_to" in event["content"]:
            inside["content"] = {"m.relates_to": event["content"]["m.relates_to"], **inside["content"]}
        self.events[place] = {**event, "type": inside["type"], "content": inside["content"]}
        del self._closed[event["event_id"]]

    # --- what stands there

    def messages(self, sender: str) -> list[Event]:
        """Return what somebody wrote, without corrections."""
        return [
            event
            for event in self.events
            if event["sender"] == sender
            and event["type"] == "m.room.message"
            and relation(event).get("rel_type") != "m.replace"
        ]

    def marks(self, sender: str) -> list[tuple[str, str]]:
        """Return (id of the message, mark) of each mark that somebody put."""
        return [
            (str(relation(event).get("event_id")), str(relation(event).get("key")))
            for event in self.events
            if event["sender"] == sender and event["type"] == "m.reaction"
        ]


def root_of(event: Event) -> str | None:
    """Return the root of the thread that a message stands in."""
    related = relation(event)
    return str(related["event_id"]) if related.get("rel_type") == "m.thread" else None


def holding(events: Iterable[Event], text: str) -> list[Event]:
    """Return the messages whose text holds that."""
    return [event for event in events if text in body(event)]
