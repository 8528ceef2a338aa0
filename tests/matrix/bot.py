"""The transport under test with the smallest desk behind it: it keeps what is handed in, and the cursor with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from helpbot.core.effects import Literal
from helpbot.transports.base import Address, Incoming, Kind
from helpbot.transports.matrix import MatrixTransport

from .actors import Event, PlainActor
from .synapse import Synapse, User

DECLINED = "Only one customer at a time, sorry."


class MemoryNotebook:
    """A notebook that outlives the transport but not the test."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.saved_cursor: str | None = None
        self.saved_rooms: set[str] = set()

    async def get(self, key: str) -> str | None:
        return self.values.get(key)

    async def put(self, key: str, value: str) -> None:
        self.values[key] = value

    async def cursor(self) -> str | None:
        return self.saved_cursor

    async def rooms(self) -> frozenset[str]:
        return frozenset(self.saved_rooms)


class Bot:
    """A bot account with its folder and notebook; it can be stopped and started again."""

    def __init__(self, server: Synapse, user: User, folder: Path, **options: Any) -> None:
        self.user = user
        self.id = user.id
        self.notebook = MemoryNotebook()
        self.received: list[Incoming] = []
        self.handed_in = 0  # with repeats
        self.crash_before_commit = False
        self.crash_after_commit = False
        defaults: dict[str, Any] = {
            "homeserver": server.url,
            "user": user.id,
            "password": user.password,
            "store": folder,
            "invites_from": ["*:helpbot.test"],
            "teams": {},
            "decline_text": DECLINED,
            "exposed_text": "this room is open to everybody",
            "notebook": self.notebook,
        }
        self._options: dict[str, Any] = {**defaults, **options}
        self._changed = asyncio.Condition()
        self._running: asyncio.Task[None] | None = None
        self.transport = MatrixTransport(**self._options)

    async def start(self, **changes: Any) -> None:
        """Run a new transport on the same notebook and folder, until it is ready."""
        self.begin(**changes)
        await self.ready()

    def begin(self, **changes: Any) -> None:
        """Run a new transport on the same notebook and folder."""
        self._options |= changes
        self.transport = MatrixTransport(**self._options)
        self._running = asyncio.create_task(self._run())

    async def ready(self, timeout: float = 20) -> None:  # noqa: ASYNC109
        """Wait until it is ready; what ended it is raised."""
        assert self._running is not None
        waiting = asyncio.create_task(self.transport.ready.wait())
        await asyncio.wait([waiting, self._running], timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._running.done():
            await self._running
        assert self.transport.ready.is_set()

    async def ended(self, timeout: float = 20) -> None:  # noqa: ASYNC109
        """Wait until it ends by itself, raising what ended it."""
        assert self._running is not None
        running, self._running = self._running, None
        try:
            async with asyncio.timeout(timeout):
                await running
        finally:
            running.cancel()

    async def crashed(self, timeout: float = 20) -> None:  # noqa: ASYNC109
        """Wait until `crash_before_commit` ended it."""
        running, self._running = self._running, None
        assert running is not None
        done, _ = await asyncio.wait([running], timeout=timeout)
        assert done, "it did not crash"
        assert running.cancelled()

    async def stop(self) -> None:
        """Stop the transport as a shutdown does."""
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def wait_for(self, predicate: Callable[[Incoming], bool], timeout: float = 15) -> Incoming:  # noqa: ASYNC109
        """Return the first thing handed in that fits, now or later."""

        def found() -> Incoming | None:
            return next((item for item in self.received if predicate(item)), None)

        try:
            async with asyncio.timeout(timeout), self._changed:
                await self._changed.wait_for(lambda: found() is not None or self._has_ended())
        except TimeoutError:
            raise AssertionError(f"nothing fits within {timeout} s; the last were {self.received[-6:]}") from None
        if found() is None and self._running is not None:
            await self._running  # it ended: show why
        item = found()
        assert item is not None
        return item

    async def heard(self, text: str) -> Incoming:
        """Return the message with exactly that text."""
        return await self.wait_for(lambda item: item.kind is Kind.SAID and item.text == text)

    async def arrived(self, room: str) -> Incoming:
        """Return the customer's arrival in that room."""
        return await self.wait_for(lambda item: item.kind is Kind.ARRIVED and item.room == room)

    async def say(self, room: str, text: str, key: str, thread: str | None = None) -> str:
        """Send a text."""
        return await self.transport.send(Address("matrix", room, thread), (Literal(text),), key)

    def texts(self, room: str) -> list[str]:
        """Return what was said in a room, in the order handed in."""
        return [item.text for item in self.received if item.room == room and item.kind is Kind.SAID]

    def _has_ended(self) -> bool:
        return self._running is None or self._running.done()

    async def _run(self) -> None:
        try:
            await self.transport.run(self._receive)
        finally:
            asyncio.get_running_loop().call_soon(self._wake)

    def _wake(self) -> None:
        self._waking = asyncio.ensure_future(self._notify())

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _receive(self, batch: Sequence[Incoming], cursor: str | None) -> None:
        if self.crash_before_commit and batch:
            raise asyncio.CancelledError  # as a kill: nothing of this batch is kept
        async with self._changed:
            known = {item.id for item in self.received}
            self.handed_in += len(batch)
            self.received += [item for item in batch if item.id not in known]
            self.notebook.saved_rooms |= {item.room for item in batch if item.team is None and item.public is None}
            self.notebook.saved_cursor = self.notebook.saved_cursor if cursor is None else cursor
            self._changed.notify_all()
        if self.crash_after_commit:
            raise asyncio.CancelledError


async def until_in(actor: PlainActor, room: str, user: str, membership: str = "join") -> None:
    """Wait until the actor has seen somebody's membership."""

    def fits(event: Event) -> bool:
        about = event["type"] == "m.room.member" and event["room_id"] == room and event.get("state_key") == user
        return about and event.get("content", {}).get("membership") == membership  # nio takes it off an invitation

    await actor.wait_for(fits)


async def talk(actor: PlainActor, bot: Bot) -> str:
    """Open a direct room with the bot; return once both are in it."""
    room = await actor.create_dm(bot.id)
    await bot.arrived(room)
    await until_in(actor, room, bot.id)
    return room
