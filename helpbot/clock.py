"""What time it is, and timers that come due."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

import structlog

from helpbot.core.model import Desk, Ticket
from helpbot.core.timers_anew import timer_changes
from helpbot.store.base import Store, StoreBusy, TimerChanges
from helpbot.where import where

log = structlog.get_logger(__name__)

T = TypeVar("T")
Now = Callable[[], datetime]
_LONGEST_NAP = timedelta(seconds=30)  # so that a clock that jumps is noticed
_NOTICES = timedelta(minutes=1)  # between two notices of dead letters
_AT_ONCE = 50  # tickets whose timers are changed in one transaction: others wait for it
_BUSY_PAUSE = 1.0  # seconds before a database that could not be used is tried again


def system_now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


async def run_notices(store: Store, now: Now, teams: Callable[[], Sequence[str]]) -> None:
    """Have agents told of what failed, gathered, at most once in a while, until cancelled."""
    while True:
        store.dead_bell.clear()
        try:
            again = await store.gather_dead(now(), _NOTICES, teams())
        except StoreBusy:
            await asyncio.sleep(_BUSY_PAUSE)
            continue
        if again is not None:
            await asyncio.sleep(min(max(again - now(), timedelta(0)), _NOTICES).total_seconds())
            continue
        try:  # what is late rings no bell
            async with asyncio.timeout(_NOTICES.total_seconds()):
                await store.dead_bell.wait()
        except TimeoutError:
            pass


async def follow_config(store: Store, now: Now, desk: Callable[[], Desk]) -> None:
    """Bring the timers of the tickets that are with people in line with a config that may have changed."""

    def changes(ticket: Ticket, running: Mapping[str, datetime]) -> Mapping[str, datetime | None]:
        return timer_changes(ticket, running, now(), desk())

    numbers = await _once_free(store.open_numbers)
    for start in range(0, len(numbers), _AT_ONCE):
        await _change(store, numbers[start : start + _AT_ONCE], changes)


async def _change(store: Store, numbers: Sequence[int], changes: TimerChanges) -> None:
    try:
        await _once_free(partial(store.change_timers, numbers, changes))
    except Exception as error:  # noqa: BLE001  # one ticket must not keep the desk from starting
        if len(numbers) > 1:
            for number in numbers:
                await _change(store, [number], changes)
        else:
            log.error("timers_not_changed", ticket=numbers[0], fault=where(error))


async def _once_free(work: Callable[[], Awaitable[T]]) -> T:
    while True:
        try:
            return await work()
        except StoreBusy as busy:
            log.error("database_busy", why=str(busy), hint="timers wait until it can be used")
            await asyncio.sleep(_BUSY_PAUSE)


async def run_timers(store: Store, now: Now) -> None:
    """Turn timers into events as they come due, until cancelled; those that came due meanwhile, at once."""
    while True:
        store.timer_bell.clear()
        try:
            due = await store.next_due()
            if due is not None and due <= now():
                await store.fire(now())
                continue
        except StoreBusy:
            await asyncio.sleep(_BUSY_PAUSE)
            continue
        nap = _LONGEST_NAP if due is None else min(due - now(), _LONGEST_NAP)
        try:
            async with asyncio.timeout(max(nap.total_seconds(), 0.0)):
                await store.timer_bell.wait()
        except TimeoutError:
            pass
