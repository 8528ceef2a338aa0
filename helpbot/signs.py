"""Signs of life from one side to the other: that the owner is typing, that a person has read; nothing of it is kept.

Rule: a sign is true or is not shown: "read" means that the ticket's owner has read, and who types in a room where they
have several tickets is typing for nobody that we could name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from helpbot.store.base import Store, StoreBusy
from helpbot.transports.base import Address, Read, Sign, Transport, Typing

log = structlog.get_logger(__name__)

_AGAIN = 12.0  # seconds after which typing is shown once more, for networks forget it
_MOST = 200  # signs that wait; older ones are stale by then


class Signs:
    """Carries signs of life; `seen` takes them from the networks."""

    def __init__(self, store: Store, transports: Mapping[str, Transport], rooms: Mapping[str, Address]) -> None:
        self._store = store
        self._transports = transports
        self._rooms = rooms
        self._waiting: dict[tuple[str, ...], Sign] = {}  # the newest of each place
        self._news = asyncio.Event()
        self._typing: dict[str, set[Address]] = {}  # customers who see somebody typing, by the room where that is

    def seen(self, sign: Sign) -> None:
        """Take a sign; the newest of its kind and place counts."""
        if sign.team is None:
            return
        if isinstance(sign, Typing):
            place: tuple[str, ...] = ("typing", sign.room)
        else:
            place = ("read", sign.room, sign.person, sign.thread or "")
        self._waiting.pop(place, None)
        self._waiting[place] = sign
        if len(self._waiting) > _MOST:
            del self._waiting[next(iter(self._waiting))]
        self._news.set()

    async def run(self) -> None:
        """Show what was seen, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(_AGAIN if any(self._typing.values()) else None):
                    await self._news.wait()
            except TimeoutError:
                for watching in self._typing.values():
                    for address in watching:
                        await self._show_typing(address, typing=True)
                continue
            self._news.clear()
            waiting, self._waiting = list(self._waiting.values()), {}
            for sign in waiting:
                try:
                    await (self._typed(sign) if isinstance(sign, Typing) else self._read(sign))
                except StoreBusy:
                    log.debug("sign_dropped")

    async def _typed(self, sign: Typing) -> None:
        """Show the customers of who types that they do, and those of who has stopped that they do not."""
        watching: set[Address] = set()
        for person in sign.people:
            address = await self._only_customer_of(person, sign.team or "")
            if address is not None:
                watching.add(address)
        before = self._typing.get(sign.room, set())
        self._typing[sign.room] = watching
        if not watching:
            del self._typing[sign.room]
        for address in watching - before:
            await self._show_typing(address, typing=True)
        for address in before - watching:
            await self._show_typing(address, typing=False)

    async def _only_customer_of(self, person: str, team: str) -> Address | None:
        """Return the room of the customer for whom somebody types in a team's room, if that can be only one."""
        here = self._rooms.get(team)
        owned = await self._store.owned_by(person)
        numbers = [number for number, of, is_open in owned if is_open and self._rooms.get(of) == here]
        kept = await self._store.ticket(numbers[0]) if len(numbers) == 1 else None
        talk = None if kept is None else kept.spoken_in
        return None if talk is None or talk.gone or talk.crowded else Address(talk.transport, talk.room)

    async def _show_typing(self, address: Address, *, typing: bool) -> None:
        transport = self._transports.get(address.transport)
        if transport is not None:
            await transport.show_typing(address, typing=typing)

    async def _read(self, sign: Read) -> None:
        """Show a customer that the owner of her ticket has read her words."""
        here = self._rooms.get(sign.team or "")
        found = None if here is None else await self._store.read_by(here.transport, sign.ref, sign.person)
        transport = None if found is None else self._transports.get(found[0])
        if found is not None and transport is not None:
            await transport.show_read(Address(found[0], found[1]), found[2])
