"""The contract of transports, on the network in memory and on the console."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from helpbot.core.effects import Strong
from helpbot.transports.base import Address, Transport
from helpbot.transports.console import AGENTS_ROOM, ConsoleTransport
from helpbot.transports.memory import MemoryTransport, Message
from tests.transports.contract import Contract, Seen, World, listening


class MemoryWorld(World):
    """Both networks in memory are their own counterpart."""

    def __init__(self, network: MemoryTransport, room: str) -> None:
        self.transport = network
        self._network = network
        self._room = room
        self._taken = 0
        network.join(room, "sam", "Sam")

    async def open_room(self) -> str:
        self._network.arrive("room of marie", "marie")
        return "room of marie"

    async def customer_says(self, room: str, text: str) -> str:
        return self._network.say(room, "marie", text)

    async def customer_deletes(self, room: str, ref: str) -> str:
        return self._network.delete_as(room, "marie", ref)

    async def agent_deletes(self, ref: str) -> str:
        return self._network.delete_as(self._room, "sam", ref)

    async def agent_says(self, text: str, thread: str | None = None) -> str:
        return self._network.say(self._room, "sam", text, thread=thread)

    async def agent_reacts(self, ref: str, symbol: str) -> str:
        return self._network.react_as(self._room, "sam", ref, symbol)

    async def customer_sends(self, room: str, data: bytes, name: str, caption: str = "") -> str:
        return self._sends(room, "marie", data, name, caption)

    async def agent_sends(self, data: bytes, name: str, caption: str = "") -> str:
        return self._sends(self._room, "sam", data, name, caption)

    def _sends(self, room: str, person: str, data: bytes, name: str, caption: str) -> str:
        file = self._network.upload(data, name, text=caption)
        return self._network.say(room, person, caption, attachment=name, file=file)

    async def opens(self, room: str, ref: str) -> bytes:
        found = self._network.messages[ref].file
        assert found is not None
        return found

    async def sees(self, room: str, enough: Callable[[Sequence[Seen]], bool]) -> Sequence[Seen]:
        found = [
            Seen(
                message.ref,
                _beside_file(message),
                message.thread,
                tuple(message.marks),
                message.mentions,
                _picture(message.text),
                None if message.file is None else _file(message.text),
                message.answers,
                message.deleted,
            )
            for message in self._network.in_room(room)
            if message.sender == self._network.account
        ]
        assert enough(found)
        return found

    async def restarted(self) -> Transport:
        self._network.start_from("2")  # the arrival and what was said before
        return self._network

    @property
    def agents(self) -> Address:
        return Address(self._network.name, self._room)

    @property
    def agent(self) -> str:
        return "sam"


def _picture(text: str) -> str | None:
    first = text.split("\n", maxsplit=1)[0]
    return first.removeprefix("🖼 ") if first.startswith("🖼 ") else None


def _file(text: str) -> str | None:
    return next((line.removeprefix("📎 ") for line in text.split("\n") if line.startswith("📎 ")), None)


def _beside_file(message: Message) -> str:
    """Return the text without the name of the file that is shown."""
    lines = message.text.split("\n")
    return "\n".join(line for line in lines if message.file is None or not line.startswith("📎 "))


class TestMemory(Contract):
    @pytest.fixture
    def world(self) -> World:
        return MemoryWorld(MemoryTransport(teams={"mobile": "desk"}), "desk")


class TestConsole(Contract):
    @pytest.fixture
    def world(self) -> World:
        lines: list[str] = []
        return MemoryWorld(ConsoleTransport(lines.append, "mobile", coloured=False, echo=True), AGENTS_ROOM)


async def test_a_network_in_memory_tells_whom_words_mention() -> None:
    network = MemoryTransport(teams={"mobile": "desk"})
    network.say("desk", "sam", "ask @alex", mentioned=(("alex", "Alex"),))
    network.say("desk", "sam", "ask nobody")
    async with listening(network) as desk:
        assert [(item.mentions, item.mentioned) for item in desk.got] == [(True, (("alex", "Alex"),)), (False, ())]


@pytest.mark.parametrize(
    ("text", "mentions", "mentioned"),
    [
        ("ask @alex or @ZOÉ, please", True, (("alex", "Alex"), ("z", "Zoé"))),
        ("@sam that is me", True, ()),
        ("@nobody", True, ()),
        ("mail@alex", False, ()),
    ],
)
async def test_the_console_tells_which_agents_words_mention(
    text: str, mentions: bool, mentioned: tuple[tuple[str, str], ...]
) -> None:
    console = ConsoleTransport(lambda line: None, "mobile", coloured=False, echo=False)
    console.join(AGENTS_ROOM, "alex", "Alex")
    console.join(AGENTS_ROOM, "z", "Zoé")
    await console.send(Address("console", AGENTS_ROOM), (Strong("#1"),), "card")
    console.type(f"/agent {text}")
    async with listening(console) as desk:
        assert [(item.text, item.mentions, item.mentioned) for item in desk.got] == [(text, mentions, mentioned)]
