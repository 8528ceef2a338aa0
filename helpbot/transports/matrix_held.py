"""Words that could not be decrypted yet: kept over restarts until their key comes, for a day."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
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
_FEW = 5  # of one sender, which nobody else's words push out
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
        self._saved = ""
        self._saving = asyncio.Lock()

    async def load(self) -> None:
        """Take up what an earlier run kept."""
        self._saved = await self._notebook.get(_NOTE) or "{}"
        self._events = {ref: HeldEvent(**values) for ref, values in json.loads(self._saved).items()}

    def __iter__(self) -> Iterator[tuple[str, HeldEvent]]:
        return iter(list(self._events.items()))

    def add(self, ref: str, room: str, event: dict[str, Any], now: datetime) -> bool:
        """Keep an event, instead of another if there are too many.

        False when it cannot be kept: nobody has so many that one may go, or it is nothing that a client makes.
        """
        if ref not in self._events:
            if _is_deep(event):
                return False
            kept = [held for held in self._events.values() if not held.dropped]
            here = [held for held in kept if held.room == room]
            if len(here) >= _KEPT_A_ROOM or len(kept) >= _KEPT:
                drop = _oldest_of_most(here if len(here) >= _KEPT_A_ROOM else kept)
                if drop is None:
                    return False
                drop.dropped = True
            self._events[ref] = HeldEvent(room, event, now.isoformat())
        return True

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

    def settle(self, decrypted: set[str], told: set[str], now: datetime) -> None:
        """Let go of what was decrypted, dropped or is too old, and mark what was told."""
        for ref in told & self._events.keys():
            self._events[ref].told = True
        self._events = {
            ref: held
            for ref, held in self._events.items()
            if ref not in decrypted
            and not (held.dropped and held.told)
            and now - datetime.fromisoformat(held.since) < _KEPT_FOR
        }
        self._later = {ref: due for ref, due in self._later.items() if ref in self._events}

    async def save(self) -> None:
        """Write down what is kept, if it changed."""
        async with self._saving:
            text = json.dumps({ref: _values(held) for ref, held in self._events.items()})
            if text != self._saved:
                await self._notebook.put(_NOTE, text)
                self._saved = text


def _values(held: HeldEvent) -> dict[str, Any]:
    return {field.name: getattr(held, field.name) for field in fields(held)}


def _oldest_of_most(events: Sequence[HeldEvent]) -> HeldEvent | None:
    """Return the oldest event of the sender who has most; None when nobody has more than a few."""
    by_sender: defaultdict[str, list[HeldEvent]] = defaultdict(list)
    for held in events:  # in the order in which they came
        by_sender[str(held.event.get("sender"))].append(held)
    most = max(by_sender.values(), key=len)
    return most[0] if len(most) > _FEW else None


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
