"""The composition root: builds the parts, runs them together, and ends them in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import structlog

from helpbot.cases import Cases
from helpbot.clock import Now, follow_config, run_notices, run_timers, system_now
from helpbot.core.model import Desk
from helpbot.courier import Courier
from helpbot.desk import DeskLoop
from helpbot.signs import Signs
from helpbot.store.base import Store, StoreBusy
from helpbot.transports.base import Address, Incoming, Transport

log = structlog.get_logger(__name__)

_BUSY_PAUSE = 1.0  # seconds before a database that could not be used is tried again
_DRAIN = 10.0  # seconds for finishing what is held when the desk is told to stop


class Helpbot:
    """A desk with its store and its networks; `rooms` says where each team sits."""

    def __init__(
        self,
        store: Store,
        transports: Sequence[Transport],
        rooms: Mapping[str, Address],
        desk: Desk,
        now: Now = system_now,
    ) -> None:
        self.desk = desk
        self._store = store
        self._transports = {transport.name: transport for transport in transports}
        self._now = now
        account = " ".join(sorted(transport.account for transport in transports))
        self._courier = Courier(store, self._transports, rooms, now, lambda: self.desk.largest_file)
        cases = Cases(
            store,
            lambda: self.desk,
            one_room=lambda one, other: rooms.get(one) == rooms.get(other),
            certain=self._courier.certain,
        )
        self._signs = Signs(store, self._transports, rooms)
        for transport in transports:
            transport.notice = self._signs.seen
        self._loop = DeskLoop(store, cases, lambda: self.desk, now, account)
        self._open = asyncio.Event()
        self._open.set()
        self._in_time = asyncio.Event()

    @property
    def takes_in(self) -> bool:
        """Tell whether new events are taken in: not any more once it is told to stop."""
        return self._open.is_set()

    def swap(self, desk: Desk) -> None:
        """Use another desk (a changed FAQ) from the next event on."""
        self.desk = desk

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run everything; on leaving, finish what is held for a while, then end."""
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._loop.run(), name="desk"),
                group.create_task(self._courier.run(), name="courier"),
                group.create_task(self._run_clock(), name="clock"),
                group.create_task(self._signs.run(), name="signs"),
                group.create_task(run_notices(self._store, self._now, self._teams), name="notices"),
                *(group.create_task(self._listen(transport), name=transport.name) for transport in self._all()),
            ]
            try:
                yield
                await self._finish()
            finally:
                for task in tasks:
                    task.cancel()

    async def _run_clock(self) -> None:
        await follow_config(self._store, self._now, lambda: self.desk)
        self._in_time.set()
        await run_timers(self._store, self._now)

    def _teams(self) -> list[str]:
        return [team.id for team in self.desk.teams]

    def _all(self) -> list[Transport]:
        return list(self._transports.values())

    async def _listen(self, transport: Transport) -> None:
        async def receive(batch: Sequence[Incoming], cursor: str | None) -> None:
            await self._open.wait()
            while True:
                try:
                    await self._store.receive(transport.name, batch, cursor, self._now())
                    return
                except StoreBusy as busy:
                    log.error("database_busy", why=str(busy), hint="nothing is acknowledged until it can be kept")
                    await asyncio.sleep(_BUSY_PAUSE)

        await transport.run(receive)

    async def ready(self) -> None:
        """Return once every network is connected, what was missed is decided and sent, and timers follow the config."""
        await self._in_time.wait()
        for transport in self._all():
            await transport.ready.wait()

    async def settled(self) -> None:
        """Return once there is nothing to decide and nothing to send right now."""
        await self._progress_until(lambda busy: not busy and self._courier.idle)

    async def _progress_until(self, enough: Callable[[bool], bool]) -> None:
        while True:
            self._store.progress_bell.clear()
            if enough(await self._store.unfinished(self._now())):
                return
            await self._store.progress_bell.wait()

    async def _finish(self) -> None:
        """Take nothing new in; decide and send what is there, as far as it goes within the time."""
        self._open.clear()
        try:
            async with asyncio.timeout(_DRAIN):
                await self._progress_until(lambda busy: not busy)
        except (TimeoutError, StoreBusy):
            log.warning("stopped_with_work_left", hint="it is kept, and goes on at the next start")
