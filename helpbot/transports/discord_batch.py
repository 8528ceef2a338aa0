"""What was heard on Discord and is handed in together."""

from __future__ import annotations

from dataclasses import dataclass, field

from helpbot.transports.base import Incoming
from helpbot.transports.discord_company import Present


@dataclass(slots=True)
class Batch:
    """What is handed in together, and up to which id all was heard."""

    items: list[Incoming] = field(default_factory=list)
    last: int = 0
    touched: set[int] = field(default_factory=set)  # channels whose recent messages changed
    present: dict[int, Present] = field(default_factory=dict)  # who is in customers' threads, as the items tell
    no_agents: set[tuple[int, int]] = field(default_factory=set)  # by channel, who is none any more, as the items tell

    def add(self, other: Batch) -> None:
        """Take in what came after it."""
        self.items += other.items
        self.last = max(self.last, other.last)
        self.touched |= other.touched
        self.present |= other.present
        self.no_agents |= other.no_agents
