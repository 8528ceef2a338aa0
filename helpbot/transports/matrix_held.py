"""Words that could not be decrypted yet: kept over restarts until their key comes, for a day."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from helpbot.transports.base import Notebook

_NOTE = "undecryptable"
_PATIENCE = timedelta(seconds=10)  # then she is asked to send it again
_PAUSE = timedelta(seconds=30)
_KEPT_FOR = timedelta(days=1)
_KEPT_A_ROOM = 20
_KEPT = 200
_KEPT_BYTES = 1_000_000  # as they are written down
_FEW = 5  # of one sender, which nobody else's words push out
_FEW_BYTES = 70_000  # the same: one event may have 64 kB
_DEEPEST = 50  # levels of JSON; what clients make has four


@dataclass(slots=True)
class HeldEvent:
    """An encrypted event as the server gave it; `told` when the desk knows that it cannot be read.

    `dropped` when its place went to another: then it stays only until that is told.
    """

    room: str
    event: dict[str, Any]
    since: str
    told: bool = False
    dropped: bool = False


class Held:
    """The encrypted events that wait for their key."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook
        self._events: dict[str, HeldEvent] = {}
        self._later: dict[str, datetime] = {}  # those that nothing can be said of before then
        self._sizes: dict[str, int] = {}  # bytes
        self._changed = False
        self._saving = asyncio.Lock()

    async def load(self) -> None:
        """Take up what an earlier run kept."""
        saved = json.loads(await self._notebook.get(_NOTE) or "{}")
        self._events = {ref: HeldEvent(**values) for ref, values in saved.items()}
        self._sizes = {ref: _size(held.event) for ref, held in self._events.items()}
        self._changed = False

    def __iter__(self) -> Iterator[tuple[str, HeldEvent]]:
        return iter(list(self._events.items()))

    def add(self, ref: str, room: str, event: dict[str, Any], now: datetime) -> bool:
        """Keep an event, instead of another if there are too many.

        False when it cannot be kept: nobody has so many that one may go, or it is nothing that a client makes.
        """
        if ref in self._events:
            return True
        if _is_deep(event):
            return False
        size = _size(event)
        if not self._make_room(room, size):
            return False
        self._events[ref] = HeldEvent(room, event, now.isoformat())
        self._sizes[ref] = size
        self._changed = True
        return True

    def _make_room(self, room: str, size: int) -> bool:
        """Drop what has to go for an event of that size; False when nobody has so much that it may."""
        kept = [ref for ref, held in self._events.items() if not held.dropped]
        here = [ref for ref in kept if self._events[ref].room == room]
        if len(here) >= _KEPT_A_ROOM or len(kept) >= _KEPT:
            drop = self._oldest_of_most(here if len(here) >= _KEPT_A_ROOM else kept, dict.fromkeys(kept, 1), _FEW)
            if drop is None:
                return False
            self._drop(drop)
            kept.remove(drop)
        while sum(self._sizes[ref] for ref in kept) + size > _KEPT_BYTES:
            drop = self._oldest_of_most(kept, self._sizes, _FEW_BYTES)
            if drop is None:
                return False
            self._drop(drop)
            kept.remove(drop)
        return True

    def _drop(self, ref: str) -> None:
        self._events[ref].dropped = True
        self._changed = True

    def _oldest_of_most(self, refs: Sequence[str], weights: Mapping[str, int], few: int) -> str | None:
        """Return the oldest event of the sender who has most; None when nobody has more than a few."""
        by_sender: defaultdict[str, list[str]] = defaultdict(list)
        for ref in refs:  # in the order in which they came
            by_sender[str(self._events[ref].event.get("sender"))].append(ref)
        most = max(by_sender.values(), key=lambda own: sum(weights[ref] for ref in own), default=[])
        return most[0] if sum(weights[ref] for ref in most) > few else None

    def is_due(self, ref: str, now: datetime) -> bool:
        """Tell whether it is time to say that this one cannot be read."""
        held = self._events[ref]
        return not held.told and (now >= self._due(ref) or (held.dropped and ref not in self._later))

    def next_due(self, now: datetime) -> float | None:
        """Return in how many seconds the next one is due, if any is."""
        waits = [(self._due(ref) - now).total_seconds() for ref, held in self._events.items() if not held.told]
        return max(0.0, min(waits)) if waits else None

    def put_off(self, ref: str, now: datetime) -> None:
        """Keep that nothing could be said of this one, because its room cannot be asked about."""
        self._later[ref] = now + _PAUSE

    def _due(self, ref: str) -> datetime:
        return self._later.get(ref) or datetime.fromisoformat(self._events[ref].since) + _PATIENCE

    def is_held(self, ref: str, room: str) -> bool:
        """Tell whether this event of that room waits for its key."""
        return ref in self._events and self._events[ref].room == room

    def settle(self, released: set[str], told: set[str], now: datetime) -> None:
        """Let go of what was released, dropped or is too old, and mark what was told."""
        for ref in told & self._events.keys():
            self._changed = self._changed or not self._events[ref].told
            self._events[ref].told = True
        kept = {
            ref: held
            for ref, held in self._events.items()
            if ref not in released
            and not (held.dropped and held.told)
            and now - datetime.fromisoformat(held.since) < _KEPT_FOR
        }
        self._changed = self._changed or len(kept) < len(self._events)
        self._events = kept
        self._sizes = {ref: size for ref, size in self._sizes.items() if ref in kept}
        self._later = {ref: due for ref, due in self._later.items() if ref in self._events}

    async def save(self) -> None:
        """Write down what is kept, if it changed."""
        async with self._saving:
            if not self._changed:
                return
            self._changed = False  # what changes meanwhile is for the next time
            try:
                await self._notebook.put(_NOTE, json.dumps({ref: _values(held) for ref, held in self._events.items()}))
            except BaseException:
                self._changed = True
                raise


def _values(held: HeldEvent) -> dict[str, Any]:
    return {field.name: getattr(held, field.name) for field in fields(held)}


def _size(event: object) -> int:
    return len(json.dumps(event))


def _is_deep(event: object) -> bool:
    """Tell whether JSON has so many levels that writing it down might fail."""
    level = [event]
    for _ in range(_DEEPEST):
        inner: list[object] = []
        for value in level:
            if isinstance(value, dict):
                inner += value.values()
            elif isinstance(value, list):
                inner += value
        level = inner
    return bool(level)
