"""The contract of transports on Discord: the real discord.py over sockets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from helpbot.core.effects import Called, Literal
from helpbot.transports.base import Address, Kind, Transport
from helpbot.transports.discord import DiscordTransport
from helpbot.transports.discord_refs import Spot
from tests.transports.contract import Contract, Desk, Seen, World

from .notes import Notes
from .town import Town
from .wire import Wire


class DiscordWorld(World):
    def __init__(self, town: Town) -> None:
        self.town = town
        self.notes = Notes()
        self.sam = town.person("Sam", agent=True)
        self.marie = town.person("Marie")
        self.card = 0
        self.transport = self._new()
        self.deleted: list[tuple[int, int]] = []
        town.wire.backend.subscribers.append(self._gone)

    def _gone(self, event: str, payload: Any) -> None:
        if event == "MESSAGE_DELETE":
            self.deleted.append((int(payload["channel_id"]), int(payload["id"])))

    def _new(self) -> Transport:
        return DiscordTransport(
            token=self.town.wire.token,
            teams={self.team: self.town.seat},
            names={self.team: "Mobile team"},
            languages=["en", "fr"],
            notebook=self.notes,
            help_channel=self.town.help,
        )

    async def open_room(self) -> str:
        direct = self.town.direct(self.marie)
        self.marie.say(direct, "hello")
        return str(direct)

    async def customer_says(self, room: str, text: str) -> str:
        return self.marie.say(int(room), text)

    async def customer_deletes(self, room: str, ref: str) -> str:
        return self.marie.delete(ref)

    async def agent_deletes(self, ref: str) -> str:
        return self.sam.delete(ref)

    async def agent_says(self, text: str, thread: str | None = None) -> str:
        return self.sam.say(self._thread(thread), text)

    def _thread(self, thread: str | None) -> int:
        if thread is not None:
            return int(thread.split("-")[1])
        if not self.card:  # agents write in posts, their own or the bot's
            self.card = self.town.wire.backend.create_thread(self.town.desk, "talk", self.sam.id).id
        return self.card

    async def agent_reacts(self, ref: str, symbol: str) -> str:
        return self.sam.react(ref, symbol)

    async def customer_sends(self, room: str, data: bytes, name: str, caption: str = "") -> str:
        return self.marie.say(int(room), caption, files=((name, data),))

    async def agent_sends(self, data: bytes, name: str, caption: str = "") -> str:
        return self.sam.say(self._thread(None), caption, files=((name, data),))

    async def opens(self, room: str, ref: str) -> bytes:
        channel, message, *_ = ref.split("-")
        found = self.town.wire.backend.messages[int(channel)][int(message)].attachments[0]
        data = self.town.wire.backend.cdn.get(found["url"])
        assert data is not None
        return data

    async def sees(self, room: str, enough: Callable[[Sequence[Seen]], bool]) -> Sequence[Seen]:
        found = sorted(self._seen(int(room)), key=lambda one: int(one.ref.split("-")[1]))
        assert enough(found), found
        return found

    def _seen(self, room: int) -> Iterator[Seen]:
        backend = self.town.wire.backend
        threads = {thread.id for thread in self.town.threads(room)}
        for channel, message in self.deleted:
            if channel == room or channel in threads:
                yield Seen(str(Spot(channel, message)), "", None, deleted=True)
        for channel in (room, *threads):
            for one in self.town.messages(channel):
                if one.author_id == backend.bot_user.id and not one.is_ephemeral and one.type in {0, 19}:
                    yield self._one(one, channel, in_thread=channel in threads)

    def _one(self, one: Any, channel: int, *, in_thread: bool) -> Seen:
        names = [file["filename"] for file in one.attachments]
        is_picture = bool(names) and names[0].endswith(".png")
        text = self._readable(one.content) or "".join(names)
        reference = one.reference
        answers = None if reference is None else str(Spot(int(reference["channel_id"]), int(reference["message_id"])))
        root = str(Spot(channel, channel)) if in_thread and one.id != channel else None
        return Seen(
            str(Spot(channel, one.id)),
            text,
            root,
            tuple(mark.emoji for mark in one.reactions),
            tuple(str(user) for user in one.ping_user_ids),
            names[0] if is_picture else None,
            names[0] if names and not is_picture else None,
            answers,
        )

    def _readable(self, content: str) -> str:
        """Return a text as Discord shows it."""
        text = content.replace(f"<@{self.sam.id}>", "Sam")
        text = re.sub(r"(?<!\\)\*\*", "", text)
        text = re.sub(r"^> ", "", text, flags=re.MULTILINE)
        return re.sub(r"\\([^0-9A-Za-z\s])", r"\1", text)

    async def restarted(self) -> Transport:
        self.transport = self._new()
        return self.transport

    def keep(self, desk: Desk) -> None:
        self.notes.last = desk.cursors[-1]
        self.notes.known = {item.room for item in desk.got if item.kind is Kind.ARRIVED}

    @property
    def agents(self) -> Address:
        return Address("discord", str(self.town.desk))

    @property
    def agent(self) -> str:
        return str(self.sam.id)


class TestDiscord(Contract):
    @pytest.fixture
    def world(self, wire: Wire) -> World:
        return DiscordWorld(Town(wire))

    async def test_a_colleague_is_called_by_name(self, world: World, desk: Desk) -> None:
        """Discord shows everybody's own name, whatever they are called."""
        content = (Literal("#7 is for"), Called(world.agent, "Sam <b>"), Called("@zoe:example.org", "Zoé <b>"))
        ref = await world.transport.send(world.agents, content, "call-1")
        seen = await world.sees(world.agents.room, lambda found: any(item.ref == ref for item in found))
        called = next(item for item in seen if item.ref == ref)
        assert called.text == "#7 is for\nSam, Zoé <b>"
        assert called.mentions == (world.agent,)
