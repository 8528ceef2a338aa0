"""The outbox → the networks: lanes, retry, read-back, dead letters.

Rule: one lane a destination and one message in flight a lane, in order; a lane that waits holds nobody else up.
Rule: after a start and after any doubt a lane reads back what it sent before it sends, because the network may have
taken what we never heard it take.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Mapping
from datetime import timedelta
from typing import TypeVar

import structlog

from helpbot.clock import Now
from helpbot.core.model import Audience
from helpbot.store.base import Outgoing, Store, StoreBusy
from helpbot.transports.base import Address, Transport, TryLater, Undeliverable

T = TypeVar("T")
log = structlog.get_logger(__name__)

_FIRST_PAUSE = timedelta(seconds=1)
_LONGEST_PAUSE = timedelta(minutes=5)
_IN_FLIGHT = 16  # lanes that send at the same time
_TRIES_INSIDE = 20  # how often what an agents' room refuses is tried again: about an hour, for the admin to mend it
_BUSY_PAUSE = 1.0  # seconds before a database that could not be used is tried again


_MARKS = {"react", "edit_card"}


class Courier:
    """Carries the outbox out; `rooms` says on which network and in which room each team sits."""

    def __init__(
        self, store: Store, transports: Mapping[str, Transport], rooms: Mapping[str, Address], now: Now
    ) -> None:
        self._store = store
        self._transports = transports
        self._rooms = rooms
        self._now = now
        self._busy: set[str] = set()
        self._places = asyncio.Semaphore(_IN_FLIGHT)
        self._chance = random.Random()  # noqa: S311  # jitter is no secret
        self._older = 0

    async def run(self) -> None:
        """Send whatever is queued, until cancelled."""
        self._older = await self._patiently_newest()
        async with asyncio.TaskGroup() as group:
            while True:
                await self._store.outbox_bell.wait()
                self._store.outbox_bell.clear()
                try:
                    lanes = await self._store.lanes()
                except StoreBusy:
                    await asyncio.sleep(_BUSY_PAUSE)
                    self._store.outbox_bell.set()
                    continue
                for lane in lanes:
                    if lane not in self._busy:
                        self._busy.add(lane)
                        group.create_task(self._lane(lane), name=f"lane {lane}")

    async def _patiently_newest(self) -> int:
        while True:
            try:
                return await self._store.newest_outgoing()
            except StoreBusy:
                await asyncio.sleep(_BUSY_PAUSE)

    @property
    def idle(self) -> bool:
        """Tell whether no lane is at work."""
        return not self._busy

    async def _lane(self, lane: str) -> None:
        try:
            while True:
                try:
                    row = await self._store.head(lane)
                    if row is None:
                        return
                    await self._carry(row)
                except StoreBusy as busy:
                    log.error("database_busy", why=str(busy))
                    await asyncio.sleep(_BUSY_PAUSE)
        finally:
            self._busy.discard(lane)
            self._store.progress_bell.set()
            self._store.outbox_bell.set()  # something may have come between the last look and here

    async def _carry(self, row: Outgoing) -> None:
        """Send one row, or wait until it may be sent."""
        wait = timedelta() if row.due_at is None else min(row.due_at - self._now(), _LONGEST_PAUSE)
        if wait > timedelta():
            await asyncio.sleep(wait.total_seconds())
        transport = self._transport(row)
        if transport is None:
            await self._give_up(row, "this desk has no room for it any more: see `teams` in the config")
            return
        await transport.ready.wait()
        async with self._places:
            try:
                if (row.id <= self._older or row.tries > 0) and await self._read_back(transport, row):
                    return
                ref = await self._contained(row, self._hand_over(transport, row))
            except TryLater as later:
                await self._later(row, later.why, later.after)
            except Undeliverable as never:
                # A mark or a new state of the card is not worth that her words wait behind it.
                if row.audience is Audience.AGENTS and row.tries < _TRIES_INSIDE and row.verb not in _MARKS:
                    await self._later(row, never.why, None)
                else:
                    await self._give_up(row, never.why)
            else:
                await self._keep_sent(row, transport.name, ref)

    async def _contained(self, row: Outgoing, call: Awaitable[T]) -> T:
        """Return what a network gives; an error that its port does not name is our bug, and delays this row alone.

        Raises TryLater or Undeliverable, because the other lanes have to go on.
        """
        try:
            return await call
        except (TryLater, Undeliverable):
            raise
        except Exception as error:  # a bug has no type to wait for
            why = f"a fault of ours: {type(error).__name__}"
            raise (TryLater(why) if row.tries < _TRIES_INSIDE else Undeliverable(why)) from error

    async def _keep_sent(self, row: Outgoing, transport: str, ref: str) -> None:
        """Keep that a row was sent, however long the database takes: sending it once more would double it."""
        while True:
            try:
                return await self._store.sent(row, transport, ref, self._now())
            except StoreBusy as busy:
                log.error("database_busy", why=str(busy))
                await asyncio.sleep(_BUSY_PAUSE)

    def _transport(self, row: Outgoing) -> Transport | None:
        if row.audience is Audience.CUSTOMER:
            return self._transports.get(row.transport or "")
        room = self._rooms.get(row.team or "")
        return None if room is None else self._transports.get(room.transport)

    def _address(self, row: Outgoing) -> Address:
        """Return where the row goes; it comes from the database and the config alone."""
        if row.audience is Audience.CUSTOMER:
            return Address(row.transport or "", row.room or "")
        room = self._rooms[row.team or ""]
        threaded = row.verb in {"say", "react"}
        return Address(room.transport, room.room, row.card if threaded else None)

    async def _hand_over(self, transport: Transport, row: Outgoing) -> str:
        if row.gone:
            raise Undeliverable("gone")
        address = self._address(row)
        if row.verb == "react":
            return await transport.react(address, row.target or "", row.symbol or "", row.key)
        content = row.content or ()
        if row.verb in {"card", "say_in_room"} or row.audience is Audience.CUSTOMER:
            return await transport.send(address, content, row.key)
        if row.card is None:
            raise Undeliverable("the card of this ticket was never posted")
        if row.verb == "edit_card":
            return await transport.edit(address, row.card, content, row.key)
        return await transport.send(address, content, row.key)

    async def _read_back(self, transport: Transport, row: Outgoing) -> bool:
        """Mark what the network has already; tell whether the row was among it."""
        before = await self._store.sent_before(row)
        there = await self._contained(row, transport.sent_since(self._address(row), before))
        if not there:
            return False
        for key, queued in (await self._store.queued_keys(row.lane)).items():
            if key in there:
                log.info("found_sent", key=key, lane=row.lane)
                await self._store.sent(queued, transport.name, there[key], self._now())
        return row.key in there

    async def _later(self, row: Outgoing, why: str, after: timedelta | None) -> None:
        pause = min(_FIRST_PAUSE * 2 ** min(row.tries, 10), _LONGEST_PAUSE)
        pause = pause * self._chance.uniform(0.75, 1.25) if after is None else min(after, _LONGEST_PAUSE)
        log.warning(
            "sending_later", key=row.key, lane=row.lane, tries=row.tries + 1, seconds=pause.total_seconds(), why=why
        )
        await self._store.postpone(row, self._now() + pause, why)

    async def _give_up(self, row: Outgoing, why: str) -> None:
        log.error("undeliverable", key=row.key, lane=row.lane, ticket=row.ticket, why=why)
        await self._store.bury(row, why, self._now())
