"""The contract of transports on a real Synapse, in plain and in encrypted rooms."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from helpbot.transports.base import Address, Transport
from helpbot.transports.matrix import MatrixTransport
from tests.transports.contract import Contract, Desk, FileContract, Seen, World

from .actors import CryptoActor, Event, PlainActor, body, relation
from .bot import MemoryNotebook, until_in
from .conftest import MakeCrypto, MakePlain
from .files import opened, send_file
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

    async def customer_deletes(self, room: str, ref: str) -> str:
        return await self._customer.delete(room, ref)

    async def agent_deletes(self, ref: str) -> str:
        return await self._agent.delete(self._desk, ref)

    async def agent_says(self, text: str, thread: str | None = None) -> str:
        await until_in(self._agent, self._desk, self._bot.id)
        if thread is None:
            return await self._agent.say(self._desk, text)
        return await self._agent.say_in_thread(self._desk, thread, text)

    async def agent_reacts(self, ref: str, symbol: str) -> str:
        return await self._agent.react(self._desk, ref, symbol)

    async def customer_sends(self, room: str, data: bytes, name: str, caption: str = "") -> str:
        return await _sends(self._customer, room, data, name, caption)

    async def agent_sends(self, data: bytes, name: str, caption: str = "") -> str:
        await until_in(self._agent, self._desk, self._bot.id)
        return await _sends(self._agent, self._desk, data, name, caption)

    async def opens(self, room: str, ref: str) -> bytes:
        actor = self._agent if room == self._desk else self._customer
        content = (await actor.wait_for(lambda event: event.get("event_id") == ref))["content"]
        assert ("file" in content) is isinstance(actor, CryptoActor)
        return await opened(actor, content)

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
    marks: dict[str, tuple[str, str]] = {}
    for event in events:
        if event["room_id"] != room or event["sender"] != bot or "event_id" not in event:
            continue
        related = relation(event)
        target = str(related.get("event_id"))
        if event["type"] == "m.reaction" and target in found:
            marks[event["event_id"]] = target, str(related.get("key"))
            found[target] = _marked(found[target], marks)
        elif event["type"] == "m.room.redaction":
            gone = str(event["redacts"])
            if gone in found:
                found[gone] = replace(found[gone], text="", deleted=True)
            target, _ = marks.pop(gone, ("", ""))
            if target in found:
                found[target] = _marked(found[target], marks)
        elif not event["content"] and event["type"] in {"m.room.message", "m.room.encrypted"}:
            found.setdefault(event["event_id"], Seen(event["event_id"], "", None, deleted=True))
        elif event["type"] == "m.room.message" and related.get("rel_type") == "m.replace":
            old = found[target]
            new = "" if old.deleted else str(event["content"]["m.new_content"]["body"])
            found[target] = replace(old, text=new, mentions=(*old.mentions, *_mentioned(event)))
        elif event["type"] == "m.room.message":
            thread = target if related.get("rel_type") == "m.thread" else None
            kind, name = event["content"]["msgtype"], event["content"].get("filename")
            answers = None if related.get("is_falling_back") else related.get("m.in_reply_to", {}).get("event_id")
            seen = Seen(event["event_id"], body(event), thread, mentions=_mentioned(event), answers=answers)
            seen = replace(seen, picture=name) if kind == "m.image" else replace(seen, file=name)
            found.setdefault(event["event_id"], seen)
    return list(found.values())


def _marked(seen: Seen, marks: Mapping[str, tuple[str, str]]) -> Seen:
    return replace(seen, marks=tuple(symbol for target, symbol in marks.values() if target == seen.ref))


def _mentioned(event: Event) -> tuple[str, ...]:
    return tuple(event["content"]["m.mentions"].get("user_ids", ()))


async def _sends(actor: PlainActor, room: str, data: bytes, name: str, caption: str) -> str:
    sealed = isinstance(actor, CryptoActor)
    return await send_file(actor, room, data, encrypted=sealed, name=name, msgtype="m.file", body=caption or name)


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


class TestMatrixPlainToEncrypted(FileContract):
    @pytest.fixture
    async def world(self, synapse: Synapse, plain_actor: MakePlain, crypto_actor: MakeCrypto, tmp_path: Path) -> World:
        return await _world(synapse, (await plain_actor("Marie"), await crypto_actor("Sam")), tmp_path / "keys")


class TestMatrixEncryptedToPlain(FileContract):
    @pytest.fixture
    async def world(self, synapse: Synapse, plain_actor: MakePlain, crypto_actor: MakeCrypto, tmp_path: Path) -> World:
        return await _world(synapse, (await crypto_actor("Marie"), await plain_actor("Sam")), tmp_path / "keys")
