"""What the desk calls things on Discord: a channel's id, a message as "channel-message", what comes of it with more.

Rule: a reference says in which channel its message stands, because Discord finds no message without it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

NETWORK = "discord"
EPOCH = datetime(2015, 1, 1, tzinfo=UTC)  # of snowflakes: https://docs.discord.com/developers/reference

_REF = re.compile(r"([0-9]{1,20})-([0-9]{1,20})(?:-(.+))?\Z", re.DOTALL)
_MARK = re.compile(r"([0-9]{1,20})-(.+?)(?:#[0-9]+)?\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Spot:
    """A message, or what belongs to it: `rest` is empty for the message itself."""

    channel: int
    message: int
    rest: str = ""

    def __str__(self) -> str:
        return f"{self.channel}-{self.message}" + (f"-{self.rest}" if self.rest else "")


def spot(ref: str) -> Spot | None:
    """Return where something stands; None for what is no reference of ours."""
    found = _REF.match(ref)
    return None if found is None else Spot(int(found[1]), int(found[2]), found[3] or "")


def mark_ref(channel: int, message: int, user: int, emoji: str, again: int = 0) -> str:
    """Return the reference of somebody's reaction; `again` counts how often it was taken back before."""
    return str(Spot(channel, message, f"{user}-{emoji}" + (f"#{again}" if again else "")))


def mark_of(place: Spot) -> tuple[int, str] | None:
    """Return whose reaction this is and which; None when it is none."""
    found = _MARK.match(place.rest)
    return None if found is None else (int(found[1]), found[2])


def snowflake(at: datetime) -> int:
    """Return the smallest id that something made at that moment can have."""
    return max(0, int((at - EPOCH) / timedelta(milliseconds=1))) << 22


def made_at(number: int) -> datetime:
    """Return when the thing of that id was made."""
    return EPOCH + timedelta(milliseconds=number >> 22)


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)
