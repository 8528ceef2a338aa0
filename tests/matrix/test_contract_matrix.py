"""The contract of transports on a real Synapse, in plain and in encrypted rooms."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from helpbot.transports.base import Address, Transport
from helpbot.transports.matrix import MatrixTransport
from tests.transports.contract import Contract, Desk, Seen, World

from .actors import Event, PlainActor, body, relation
from .bot import MemoryNotebook, until_in
from .conftest import MakeCrypto, MakePlain
from .synapse import Synapse, User

pytestmark = pytest.mark.synapse

People = tuple[PlainActor, PlainActor]  # a customer and an agent


class MatrixWorld(World):
    """A bot's account on Synapse, with a customer and an agent on clients of their own."""

    def __init__(
        self, server: Synapse, bot: User, people: tuple[PlainActor, PlainActor], desk: str, keys: Path
    ) -> None:
        self._server, self._bot, self._keys = server, bot, keys
        self._customer, self._agent = people
        self._desk = desk
        self._notebook = MemoryNotebook()
        self.transport: Transport = self._new()

    def _new(self) -> MatrixTransport:
        return MatrixTransport(
            homeserver=self._server.url,
            user=self._bot.id,
            password=self._bot.password,
            store=self._keys,
            invites_from=["*"],
            teams={self.team: self._desk},
            decline_text="no",
            exposed_text="open",
            notebook=self._notebook,
        )

    async def open_room(self) -> str:
        room = await self._customer.create_dm(self._bot.id)
        await until_in(self._customer, room, self._bot.id)
        return room

    async def customer_says(self, room: str, text: str) -> str:
        return await self._customer.say(room, text)

    async def agent_says(self, text: str, thread: str | None = None) -> str:
        await until_in(self._agent, self._desk, self._bot.id)
        if thread is None:
            return await self._agent.say(self._desk, text)
        return await self._agent.say_in_thread(self._desk, thread, text)

    async def agent_reacts(self, ref: str, symbol: str) -> str:
        return await self._agent.react(self._desk, ref, symbol)

    async def sees(self, room: str, enough: Callable[[Sequence[Seen]], bool]) -> Sequence[Seen]:
        actor = self._agent if room == self._desk else self._customer
        await actor.wait_for(lambda event: enough(_seen(actor.events, room, self._bot.id)))
        return _seen(actor.events, room, self._bot.id)

    async def restarted(self) -> Transport:
        self.transport = self._new()
        return self.transport

    @property
    def agents(self) -> Address:
        return Address(self.transport.name, self._desk)

    @property
    def agent(self) -> str:
        return self._agent.id

    def keep(self, desk: Desk) -> None:
        """Keep what the store would have kept."""
        self._notebook.saved_cursor = desk.cursors[-1]
        self._notebook.saved_rooms |= {item.room for item in desk.got if item.team is None}


def _seen(events: Sequence[Event], room: str, bot: str) -> list[Seen]:
    """Return the bot's messages as a client shows them: edits applied, marks beside what they are on."""
    found: dict[str, Seen] = {}
    for event in events:
        if event["room_id"] != room or event["sender"] != bot or "event_id" not in event:
            continue
        related = relation(event)
        target = str(related.get("event_id"))
        if event["type"] == "m.reaction" and target in found:
            old = found[target]
            found[target] = replace(old, marks=(*old.marks, str(related.get("key"))))
        elif event["type"] == "m.room.message" and related.get("rel_type") == "m.replace":
            old = found[target]
            new = str(event["content"]["m.new_content"]["body"])
            found[target] = replace(old, text=new, mentions=(*old.mentions, *_mentioned(event)))
        elif event["type"] == "m.room.message":
            thread = target if related.get("rel_type") == "m.thread" else None
            shown = event["content"]["filename"] if event["content"]["msgtype"] == "m.image" else None
            seen = Seen(event["event_id"], body(event), thread, mentions=_mentioned(event), picture=shown)
            found.setdefault(event["event_id"], seen)
    return list(found.values())


def _mentioned(event: Event) -> tuple[str, ...]:
    return tuple(event["content"]["m.mentions"].get("user_ids", ()))


async def _world(server: Synapse, people: People, keys: Path) -> MatrixWorld:
    bot = await asyncio.to_thread(server.register)
    return MatrixWorld(server, bot, people, await people[1].create_room(bot.id), keys)


class TestMatrixPlain(Contract):
    @pytest.fixture
    async def world(self, synapse: Synapse, plain_actor: MakePlain, tmp_path: Path) -> World:
        return await _world(synapse, (await plain_actor("Marie"), await plain_actor("Sam")), tmp_path / "keys")


class TestMatrixEncrypted(Contract):
    @pytest.fixture
    async def world(self, synapse: Synapse, crypto_actor: MakeCrypto, tmp_path: Path) -> World:
        return await _world(synapse, (await crypto_actor("Marie"), await crypto_actor("Sam")), tmp_path / "keys")
