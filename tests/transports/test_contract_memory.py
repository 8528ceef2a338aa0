"""The contract of transports, on the network in memory and on the console."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from helpbot.transports.base import Address, Transport
from helpbot.transports.console import AGENTS_ROOM, ConsoleTransport
from helpbot.transports.memory import MemoryTransport
from tests.transports.contract import Contract, Seen, World


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

    async def agent_says(self, text: str, thread: str | None = None) -> str:
        return self._network.say(self._room, "sam", text, thread=thread)

    async def agent_reacts(self, ref: str, symbol: str) -> str:
        return self._network.react_as(self._room, "sam", ref, symbol)

    async def sees(self, room: str, enough: Callable[[Sequence[Seen]], bool]) -> Sequence[Seen]:
        found = [
            Seen(message.ref, message.text, message.thread, tuple(message.marks))
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


class TestMemory(Contract):
    @pytest.fixture
    def world(self) -> World:
        return MemoryWorld(MemoryTransport(teams={"mobile": "desk"}), "desk")


class TestConsole(Contract):
    @pytest.fixture
    def world(self) -> World:
        lines: list[str] = []
        return MemoryWorld(ConsoleTransport(lines.append, "mobile", coloured=False, echo=True), AGENTS_ROOM)
