"""What time it is, and timers that come due."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from helpbot.store.base import Store, StoreBusy

Now = Callable[[], datetime]
_LONGEST_NAP = timedelta(seconds=30)  # so that a clock that jumps is noticed
_NOTICES = timedelta(minutes=1)  # between two notices of dead letters
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
