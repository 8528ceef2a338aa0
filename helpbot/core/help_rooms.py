"""What the config says of rooms where many people are, and of help that is offered by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class HelpRoom:
    """A room where many people are.

    `name` is how the config names it, `team` whose hours count there (None: the first).

    `per_person` and `per_room` are how often the bot speaks there within an hour, because of one person and in all.
    """

    name: str
    team: str | None = None
    per_person: int = 5
    per_room: int = 30


@dataclass(frozen=True, slots=True)
class Offers:
    """When help is offered by itself, once a person and `period`: to who joins a help room, or says nothing."""

    on_joining: bool = False
    silent_for: timedelta | None = None  # after the greeting; None: never
    period: timedelta = timedelta(days=30)
