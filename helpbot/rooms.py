"""What the bot has in each room that it sends to, as the network tells it.

Rule: a room is read once after a start and once after each doubt, not once for each message, because an outage leaves
hundreds of messages in doubt at once.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping

from helpbot.core.model import Audience
from helpbot.store.base import Outgoing, Store
from helpbot.transports.base import Address, Transport

_KEPT = 5000  # rooms whose state is remembered; another is read anew


class Room:
    """One room: `lock` is held while something is sent there; `there` are keys of what the bot has there."""

    def __init__(
        self,
        store: Store,
        address: Address,
        conversation: int | None,
        teams: tuple[str, ...],
        place: str | None = None,
    ) -> None:
        self.lock = asyncio.Lock()
        self.there: Mapping[str, str] = {}
        self.doubted = True  # until it was read
        self.teams = teams
        self._store = store
        self._address = address
        self._conversation = conversation
        self._place = place

    async def read(self, transport: Transport) -> None:
        """Read back what the bot has there, if that is in doubt; the caller holds the lock."""
        if not self.doubted:
            return
        start = await self._store.read_from(self._conversation, self.teams, self._place)
        self.there = await transport.sent_since(self._address, start)
        self.doubted = False


class Rooms:
    """Finds the room of a message; `desks` says where each team sits."""

    def __init__(self, store: Store, desks: Mapping[str, Address]) -> None:
        self._store = store
        self._desks = desks
        self._rooms: OrderedDict[Address, Room] = OrderedDict()

    def of(self, row: Outgoing) -> Room:
        """Return the room that the row goes to."""
        if row.audience is Audience.CUSTOMER:
            return self._room(Address(row.transport or "", row.room or ""), int(row.lane[1:]))
        if row.verb == "open":
            return self._unopened(row)
        if row.audience is Audience.PUBLIC:
            return self._room(Address(row.transport or "", row.room or ""), None, f"{row.transport} {row.room}")
        return self.of_team(self._desks[row.team or ""])

    def of_team(self, address: Address) -> Room:
        """Return an agents' room."""
        return self._room(address, None)

    def _unopened(self, row: Outgoing) -> Room:
        """Return a room that is opened: there is nothing to read, and opening it once more finds it."""
        room = Room(self._store, Address(row.transport or "", ""), None, ())
        room.doubted = False
        return room

    def _room(self, address: Address, conversation: int | None, place: str | None = None) -> Room:
        room = self._rooms.get(address)
        if room is None:
            ours = conversation is None and place is None
            teams = tuple(team for team, seat in self._desks.items() if seat == address and ours)
            room = self._rooms[address] = Room(self._store, address, conversation, teams, place)
        self._rooms.move_to_end(address)
        if len(self._rooms) > _KEPT:
            self._forget_one()
        return room

    def _forget_one(self) -> None:
        idle = next((address for address, room in self._rooms.items() if not room.lock.locked()), None)
        if idle is not None:
            del self._rooms[idle]
