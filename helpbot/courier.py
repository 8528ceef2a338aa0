"""The outbox → the networks: lanes, retry, read-back, dead letters.

Rule: one lane a destination and one message in flight a lane, in order; a lane that waits holds nobody else up.
Rule: after a start and after any doubt a room is read back before anything is sent there, because the network may
have taken what we never heard it take.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import structlog

from helpbot.clock import Now
from helpbot.core.effects import Content, Strong
from helpbot.core.model import Attachment, Audience
from helpbot.rooms import Rooms
from helpbot.store.base import Outgoing, Store, StoreBusy
from helpbot.transports.base import Address, Fetched, Transport, TryLater, Undeliverable
from helpbot.where import where

T = TypeVar("T")
log = structlog.get_logger(__name__)

_FIRST_PAUSE = timedelta(seconds=1)
_LONGEST_PAUSE = timedelta(minutes=5)
_IN_FLIGHT = 32  # rooms that are sent to at the same time
_SLOW = 3.0  # seconds after which a message in flight leaves its place to others
_TRIES = 3  # refusals after which a message to a customer is a dead letter
_FAULTS = 5  # faults of ours over one message, of whatever kind, after which it is one
_FETCHES = 5  # tries of getting a file, before its words go without it
_BUSY_PAUSE = 1.0  # seconds before a database that could not be used is tried again
_LOOK = 0.1  # seconds that somebody waits for a look at a room; if it takes longer, others need not wait for it
_UNSETTLED = timedelta(seconds=1)  # before a room is asked about again whose news are not decided yet
_MARKS = {"react", "edit_card"}


class Courier:
    """Carries the outbox out; `rooms` says on which network and in which room each team sits."""

    def __init__(
        self,
        store: Store,
        transports: Mapping[str, Transport],
        rooms: Mapping[str, Address],
        now: Now,
        largest: Callable[[], int] = lambda: 20_000_000,
    ) -> None:
        self._largest = largest  # bytes of a file
        self._store = store
        self._transports = transports
        self._desks = rooms
        self._now = now
        self._rooms = Rooms(store, rooms)
        self._busy: set[str] = set()
        self._places = asyncio.Semaphore(_IN_FLIGHT)
        self._chance = random.Random()  # noqa: S311  # jitter is no secret
        self._group: asyncio.TaskGroup | None = None  # while it runs
        self._looks: dict[Address, tuple[int, asyncio.Task[bool | Exception]]] = {}  # for whom, and what comes of it

    async def run(self) -> None:
        """Send whatever is queued, until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
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

    @property
    def idle(self) -> bool:
        """Tell whether no lane is at work."""
        return not self._busy

    async def certain(self, team: str, row: int) -> bool:
        """Tell whether all that the bot has in a team's room is known, looked at since this row of the inbox came.

        Where that takes long it is False meanwhile, and the inbox's bell rings once it is known.
        """
        address = self._desks.get(team)
        transport = None if address is None else self._transports.get(address.transport)
        if address is None or transport is None:
            return True  # nothing was ever sent there
        if self._group is None:
            return False
        whose, look = self._looks.get(address, (None, None))
        if look is None or (whose != row and look.done()):
            look = self._group.create_task(self._look(address, transport), name=f"look {team}")
            self._looks[address] = (row, look)
            whose = row
        await asyncio.wait({look}, timeout=_LOOK)
        if whose != row or not look.done():
            return False
        del self._looks[address]
        found = look.result()
        if isinstance(found, Exception):
            raise found
        return found

    async def _look(self, address: Address, transport: Transport) -> bool | Exception:
        """See to it that all that the bot has in a team's room is known; tell whether it is, or what fault of ours."""
        room = self._rooms.of_team(address)
        try:
            async with room.lock:
                await self._contained(room.read(transport), room=address.room)
                for row in await self._store.queued(room.teams):
                    if row.key in room.there:
                        await self._store.sent(row, transport.name, room.there[row.key], self._now(), found=True)
        except _Fault as fault:
            self._store.inbox_bell.set()
            return fault
        except (TryLater, Undeliverable, StoreBusy):
            return False  # asked again after a while
        self._store.inbox_bell.set()
        return True

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
        fresh = await self._as_it_is(row)  # her room may be another since it was looked up
        if fresh is None:
            return
        room = self._rooms.of(fresh)
        async with room.lock, self._place():
            now = await self._as_it_is(fresh)
            if now is None or now.room != fresh.room:
                return
            row = now
            try:
                if room.doubted:
                    await self._contained(room.read(transport), key=row.key, lane=row.lane)
                    now = await self._as_it_is(row)
                    if now is None or now.room != fresh.room:
                        return
                    row = now
                ref = room.there.get(row.key)
                found = ref is not None
                if ref is None:
                    handed = self._hand_over(transport, row)
                    ref = await self._contained(handed, key=row.key, lane=row.lane)
                else:
                    log.info("found_sent", key=row.key, lane=row.lane)
            except TryLater as later:
                room.doubted = room.doubted or later.doubtful
                await self._later(row, later.why, later.after)
            except Undeliverable as never:
                room.doubted = room.doubted or isinstance(never, _Fault)
                await self._refused(row, never)
            else:
                await self._keep_sent(row, transport.name, ref, found=found)

    async def _as_it_is(self, row: Outgoing) -> Outgoing | None:
        """Return the row as it is now, with who is in her room; None when it is not the next of its lane any more."""
        now = await self._store.head(row.lane)
        return now if now is not None and now.id == row.id else None

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        """Hold one of the places, but not for long: a room that does not answer must not keep others from theirs."""
        await self._places.acquire()
        left = False

        def leave() -> None:
            nonlocal left
            if not left:
                left = True
                self._places.release()

        timer = asyncio.get_running_loop().call_later(_SLOW, leave)
        try:
            yield
        finally:
            timer.cancel()
            leave()

    async def _contained(self, call: Awaitable[T], **about: str) -> T:
        """Return what a network gives; an error that its port does not name is our bug, and concerns this call alone.

        Raises TryLater or Undeliverable, because the other lanes have to go on.
        """
        try:
            return await call
        except (TryLater, Undeliverable, StoreBusy):
            raise
        except Exception as error:  # a bug has no type to wait for
            why = f"a fault of ours: {type(error).__name__}"
            log.error("sending_failed", fault=where(error), **about)
            raise _Fault(why) from error

    async def _refused(self, row: Outgoing, never: Undeliverable) -> None:
        """Try again what an agents' room refuses, for as long as it does; what a customer's does, a few times."""
        if isinstance(never, _Fault):
            over = row.refusals + 1 >= _FAULTS
        elif row.audience in {Audience.CUSTOMER, Audience.PUBLIC}:
            over = never.why in {"gone", "crowded"} or row.refusals + 1 >= _TRIES
        else:  # a mark or a new state of the card is not worth that her words wait behind it
            over = row.verb in _MARKS or (not never.whole_room and row.refusals + 1 >= _TRIES)
        if over:
            if row.verb == "edit_card" and not never.whole_room and not isinstance(never, _Fault):
                await self._store.card_lost(row, self._now())
            await self._give_up(row, never.why, for_now=row.verb in _MARKS and never.whole_room)
        else:
            await self._later(row, never.why, None, refused=True)

    async def _keep_sent(self, row: Outgoing, transport: str, ref: str, *, found: bool) -> None:
        """Keep that a row was sent, however long the database takes: sending it once more would double it."""
        while True:
            try:
                return await self._store.sent(row, transport, ref, self._now(), found=found)
            except StoreBusy as busy:
                log.error("database_busy", why=str(busy), hint="a message was sent, and that cannot be kept yet")
                await asyncio.sleep(_BUSY_PAUSE)

    def _transport(self, row: Outgoing) -> Transport | None:
        if row.audience in {Audience.CUSTOMER, Audience.PUBLIC}:
            return self._transports.get(row.transport or "")
        room = self._desks.get(row.team or "")
        return None if room is None else self._transports.get(room.transport)

    def _address(self, row: Outgoing) -> Address:
        """Return where the row goes; it comes from the database and the config alone."""
        if row.audience is Audience.CUSTOMER:
            return Address(row.transport or "", row.room or "", about=row.about)
        if row.audience is Audience.PUBLIC:
            return Address(row.transport or "", row.room or "", row.target)
        room = self._desks[row.team or ""]
        threaded = row.verb in {"say", "react"}
        return Address(room.transport, room.room, row.card if threaded else None, row.about)

    async def _hand_over(self, transport: Transport, row: Outgoing) -> str:
        if row.unsettled:
            raise TryLater("who is in her room has changed, and is being read", _UNSETTLED, doubtful=False)
        if row.gone or row.crowded:
            raise Undeliverable("gone" if row.gone else "crowded")
        address = self._address(row)
        if row.audience is Audience.PUBLIC:
            return await self._in_public(transport, address, row)
        if row.verb == "react":
            return await transport.react(address, row.target or "", row.symbol or "", row.key)
        content = row.content or ()
        if row.verb in {"amend", "redact"}:
            return await self._amend(transport, address, row)
        if row.verb in {"card", "say_in_room"} or row.audience is Audience.CUSTOMER:
            return await self._send(transport, address, content, row)
        if row.verb == "edit_card":
            if row.card is not None:
                return await transport.edit(address, row.card, content, row.key)
            if await self._never_made(row):
                return ""  # the card that is made now shows it
            raise Undeliverable("the card of this ticket was never posted")
        if row.card is None:  # the room refused the card, or never had one: her words are shown all the same
            await self._never_made(row)
            return await transport.send(address, _numbered(row), row.key)
        try:
            return await self._send(transport, address, content, row)
        except Undeliverable as never:
            if never.whole_room:
                raise
        # The card is gone, or in a room that was the team's before: her words are shown, and a new card asked for.
        await self._store.card_lost(row, self._now())
        return await transport.send(replace(address, thread=None), _numbered(row), row.key)

    async def _in_public(self, transport: Transport, address: Address, row: Outgoing) -> str:
        """Say something in a help room, take it back, or open a direct room for who wants to go on there."""
        if row.verb == "open":
            return await transport.open_direct(row.person or "")
        if row.verb == "redact":
            return await self._amend(transport, address, row)
        return await transport.send(address, row.content or (), row.key)

    async def _send(self, transport: Transport, address: Address, content: Content, row: Outgoing) -> str:
        """Send words, as an answer to what they answer, if that is still there."""
        async with self._file(row, content) as (file, lost):
            ref = await self._say(transport, address, content, row, file)
        if lost:
            await self._store.file_lost(row, *lost, self._now())
        return ref

    async def _say(
        self, transport: Transport, address: Address, content: Content, row: Outgoing, file: Fetched | None
    ) -> str:
        answers = row.target if row.verb == "say" else None
        if answers is not None:
            try:
                return await transport.send(address, content, row.key, answers=answers, file=file)
            except Undeliverable as never:
                if never.whole_room:
                    raise
        return await transport.send(address, content, row.key, file=file)

    @asynccontextmanager
    async def _file(
        self, row: Outgoing, content: Content
    ) -> AsyncIterator[tuple[Fetched | None, tuple[str, str] | None]]:
        """Give the file that a message holds; or why its words go without it. Raises TryLater, a few times."""
        attachment = next((block for block in content if isinstance(block, Attachment)), None)
        network = None if attachment is None else self._transports.get(attachment.network)
        if attachment is None or network is None:
            yield None, None if attachment is None else (attachment.name, "why_file_gone")
            return
        async with AsyncExitStack() as stack:
            file, lost = None, None
            try:
                file = await stack.enter_async_context(network.fetch(attachment, self._largest()))
            except TryLater:
                if row.tries < _FETCHES:
                    raise
                lost = attachment.name, "why_file_away"
            except Undeliverable as never:
                lost = attachment.name, f"why_{never.why}"
            yield file, lost

    async def _amend(self, transport: Transport, address: Address, row: Outgoing) -> str:
        """Show a message as it is now, or take it back; what never went out needs neither.

        It may have gone out and the desk ended before that was kept: then it was found as the room was read back.
        """
        ref = row.amends or self._rooms.of(row).there.get(row.amends_key or "")
        if ref is None:
            return ""
        if row.verb == "redact":
            return await transport.redact(address, ref, row.key)
        return await transport.edit(address, ref, row.content or (), row.key)

    async def _never_made(self, row: Outgoing) -> bool:
        """Ask for a card where there never was one, for the ticket was another team's, which is no more."""
        if await self._store.card_was_made(row):
            return False
        await self._store.card_lost(row, self._now())
        return True

    async def _later(self, row: Outgoing, why: str, after: timedelta | None, *, refused: bool = False) -> None:
        pause = min(_FIRST_PAUSE * 2 ** min(row.tries, 10), _LONGEST_PAUSE)
        pause = pause * self._chance.uniform(0.75, 1.25) if after is None else min(after, _LONGEST_PAUSE)
        log.warning(
            "sending_later", key=row.key, lane=row.lane, tries=row.tries + 1, seconds=pause.total_seconds(), why=why
        )
        await self._store.postpone(row, self._now() + pause, why, refused=refused)

    async def _give_up(self, row: Outgoing, why: str, *, for_now: bool = False) -> None:
        log.error("undeliverable", key=row.key, lane=row.lane, ticket=row.ticket, why=why)
        await self._store.bury(row, why, self._now(), for_now=for_now)


def _numbered(row: Outgoing) -> Content:
    number = () if row.ticket is None else (Strong(f"#{row.ticket}"),)
    return (*number, *(row.content or ()))


class _Fault(Undeliverable):
    """A fault of ours over one message."""
