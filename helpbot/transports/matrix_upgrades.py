"""Rooms that were upgraded: by which room each was replaced, and what was made of that, over restarts.

Rule: a room is followed only when the old one names the new one and the new one the old one, as the homeserver tells
both, because either half can be set by whoever has power in that one room.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Container
from dataclasses import dataclass, replace

import structlog

from helpbot.transports.base import Notebook
from helpbot.transports.matrix_client import HttpClient
from helpbot.transports.matrix_http import JsonDict, Refused, as_dict, path

log = structlog.get_logger(__name__)

TOMBSTONE = "m.room.tombstone"
CREATE = "m.room.create"
NOTE = "upgrades"
LONGEST = 20  # rooms of one chain that are gone through at a time
_ID_LENGTH = 255  # the specification's limit


@dataclass(frozen=True, slots=True)
class Link:
    """That a room was replaced by another; `followed` once the bot goes on there, `told` once the desk was told so.

    `team` is whose agents' room it was.
    """

    to: str
    followed: bool = False
    team: str | None = None
    told: bool = False


class Told:
    """What a homeserver tells of upgrades."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    async def replacement(self, room: str) -> str | None:
        """Return the room that this one says it was replaced by, if it is one; where nothing is told, None."""
        content = await self._content(room, TOMBSTONE)
        after = content.get("replacement_room")
        if is_room(after) and after != room:
            return str(after)
        if content:
            log.warning("upgrade_ignored", room=room, why="it names no other room")
        return None

    async def predecessor(self, room: str) -> str | None:
        """Return the room that this one says it replaces, if it is one; where nothing is told, None."""
        before = as_dict((await self._content(room, CREATE)).get("predecessor")).get("room_id")
        return str(before) if is_room(before) and before != room else None

    async def _content(self, room: str, kind: str) -> JsonDict:
        try:
            return as_dict(await self._client.call("GET", path("rooms", room, "state", kind)))
        except Refused:  # there is none, or the bot is out and is told nothing
            return {}


class Upgrades(Told):
    """What is known of replaced rooms; nothing is written in one, for nobody may read it there."""

    def __init__(self, client: HttpClient, notebook: Notebook) -> None:
        super().__init__(client)
        self._notebook = notebook
        self._links: dict[str, Link] = {}
        self._saving = asyncio.Lock()
        self.patience = 30.0  # seconds that an upgrade may take before the desk hears that a room cannot be used
        self.news: Callable[[str], None] = lambda room: None  # is called when a room is found to replace another

    async def load(self) -> None:
        """Take up what an earlier run knew; what this one found stays."""
        for room, (to, followed, team, told) in json.loads(await self._notebook.get(NOTE) or "{}").items():
            self._links.setdefault(room, Link(to, followed, team, told))

    async def chain_to(self, room: str, known: Container[str]) -> list[str]:
        """Return a room that is known and all that replaced it, one after the other, up to this one; else nothing."""
        chain = [room]
        while len(chain) <= LONGEST:
            before = await self.predecessor(chain[0])
            if before is None or before in chain or await self.replacement(before) != chain[0]:
                return []
            link = self._links.get(before)
            if link is not None and link.followed and link.to != chain[0]:  # it names another room since
                return []
            chain.insert(0, before)
            if before in known:
                return chain
        return []

    # --- what was made of it

    async def note(self, room: str) -> None:
        """Keep that a customer's room was replaced, if it was: nothing is written there from now on."""
        after = await self.replacement(room)
        link = self._links.get(room)
        if after is not None and (link is None or (not link.followed and link.to != after)):
            self._links[room] = Link(after)
            await self._save()
            log.info("room_replaced", room=room, by=after)
            self.news(after)
        elif after is None and link is not None and not link.followed:  # whoever said so has taken it back
            del self._links[room]
            await self._save()

    async def follow(self, room: str, after: str, team: str | None = None) -> None:
        """Keep that the bot goes on in another room."""
        link = self._links.get(room)
        if link is None or link.to != after or not link.followed:
            self._links[room] = Link(after, followed=True, team=team, told=team is None)
            await self._save()
            if team is None:
                self.news(after)

    def is_awaited(self, room: str) -> bool:
        """Tell whether a room replaces another, from which the bot has not gone on yet."""
        return any(link.to == room and not link.followed for link in self._links.values())

    async def refuted(self, room: str) -> None:
        """Let go of what was said of a room that is no replacement: the rooms that named it are used as before."""
        for before in [one for one, link in self._links.items() if link.to == room and not link.followed]:
            del self._links[before]
            await self._save()
            log.warning("upgrade_ignored", room=before, by=room, why="the other room does not say so")

    async def told(self, room: str) -> None:
        """Keep that the desk was told."""
        if room in self._links:
            self._links[room] = replace(self._links[room], told=True)
            await self._save()

    def untold(self) -> dict[str, Link]:
        """Return what the desk does not know yet: rooms that cannot be used, and agents' rooms that moved."""
        return {room: link for room, link in self._links.items() if not link.told}

    def is_closed(self, room: str) -> bool:
        """Tell whether a room was replaced."""
        return room in self._links

    def is_followed(self, room: str) -> bool:
        """Tell whether the bot went on from this room to another."""
        return room in self._links and self._links[room].followed

    def former(self, room: str) -> list[str]:
        """Return the rooms that this one has replaced, the last one first."""
        found: list[str] = []
        while len(found) < LONGEST:
            newer = found[-1] if found else room
            before = next((one for one, link in self._links.items() if link.to == newer and link.followed), None)
            if before is None or before in found:
                break
            found.append(before)
        return found

    async def _save(self) -> None:
        async with self._saving:
            rows = {room: (one.to, one.followed, one.team, one.told) for room, one in self._links.items()}
            await self._notebook.put(NOTE, json.dumps(rows))


def is_room(value: object) -> bool:
    """Tell whether this may be a room's id."""
    return isinstance(value, str) and 1 < len(value) <= _ID_LENGTH and value[0] == "!" and value.isprintable()
