"""What was read and is to be committed together: pure."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from helpbot.transports.base import Incoming


@dataclass(slots=True)
class Batch:
    """What one sync brought, and what is to be remembered once the desk has it."""

    items: list[Incoming] = field(default_factory=list)
    arrived: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    released: set[str] = field(default_factory=set)  # what waits for its key no longer: it came, or was taken back
    told: set[str] = field(default_factory=set)

    def add(self, other: Batch) -> None:
        """Take in all that another holds, its items excepted: these want to be in order."""
        self.arrived |= other.arrived
        self.left |= other.left
        self.released |= other.released
        self.told |= other.told


def in_order(rooms: Sequence[Sequence[Incoming]]) -> list[Incoming]:
    """Return what happened in all rooms as it happened, each room's own order kept.

    A desk that reads a day again at once, after a backup was restored, so decides it in the order of that day.
    """

    def dated(items: Sequence[Incoming], room: int) -> Iterator[tuple[datetime, int, Incoming]]:
        latest = datetime.min.replace(tzinfo=UTC)
        for item in items:
            latest = max(latest, item.at)
            yield latest, room, item

    streams = [dated(items, room) for room, items in enumerate(rooms)]
    return [item for _, _, item in heapq.merge(*streams, key=lambda dated: dated[:2])]
