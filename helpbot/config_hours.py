"""Opening hours as an admin writes them → the spans of a week, with every fault at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import time
from typing import Annotated

from pydantic import PlainValidator

from helpbot.config_base import complaint
from helpbot.core.hours import Span

Week = tuple[tuple[Span, ...], ...]
_DAYS = {
    **dict(zip(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), range(7), strict=True)),
    **dict(zip(("lun", "mar", "mer", "jeu", "ven", "sam", "dim"), range(7), strict=True)),
}
_NAMES = tuple(_DAYS)[:7]
_TIME = re.compile(r"([0-9]{2}):([0-9]{2})\Z")
_DAY = 24 * 60
_SHAPE = 'write always, or days with their times, such as {mon-fri: "09:00-12:30, 13:30-18:00", sat: "09:00-12:00"}'
_DAYS_SHAPE = "write mon, tue, wed, thu, fri, sat or sun, a range such as mon-fri, or several parted by commas"
_SPAN = "write times as 09:00-18:00, several parted by commas"
_SHOWN = 20


def _day_number(value: object) -> int:
    """Return the number of a day, 0 for Monday. Raises ValueError."""
    number = _DAYS.get(value.strip().lower()) if isinstance(value, str) else None
    if number is None:
        raise ValueError("write a day as mon, tue, wed, thu, fri, sat or sun")
    return number


def _clock(value: object) -> time:
    """Return a time of day. Raises ValueError."""
    minutes = _minutes(value.strip()) if isinstance(value, str) else None
    if minutes is None or minutes == _DAY:
        raise ValueError("write a time of day as 09:00")
    return time(minutes // 60, minutes % 60)


def _week(value: object) -> Week | None:
    """Return the spans of each day, Monday first, or None for `always`.

    Raises ValidationError with every fault, each at its key.
    """
    if isinstance(value, str) and value.strip().lower() == "always":
        return None
    if not isinstance(value, dict):
        raise ValueError(_SHAPE)
    reader = _WeekReader()
    for key, spans in value.items():
        reader.take(str(key), spans)
    if not reader.faults and not any(reader.week):
        reader.faults.append((None, "this team is never open: write the times of a day, or always"))
    if reader.faults:
        raise complaint(reader.faults)
    return tuple(tuple(sorted(spans, key=lambda span: span.start)) for spans in reader.week)


Weekday = Annotated[int, PlainValidator(_day_number)]
Clock = Annotated[time, PlainValidator(_clock)]
Hours = Annotated[Week | None, PlainValidator(_week)]


class _WeekReader:
    """Collects spans and faults over all keys."""

    def __init__(self) -> None:
        self.week: list[list[Span]] = [[] for _ in _NAMES]
        self.faults: list[tuple[str | None, str]] = []
        self._named: dict[int, str] = {}  # day → the key that names it

    def take(self, key: str, value: object) -> None:
        """Take the spans of a key's days."""
        days = self._days(key)
        spans = self._spans(key, value)
        for day in days:
            if day in self._named:
                self._fault(
                    key, f"{_NAMES[day]} stands twice (first in {_shown(self._named[day])}): name each day once"
                )
                continue
            self._named[day] = key
            for start, end in spans:
                self._add(key, day, start, end)

    def _days(self, key: str) -> list[int]:
        found: list[int] = []
        for part in key.split(","):
            ends = [_DAYS.get(name.strip().lower()) for name in part.split("-")]
            if len(ends) > 2 or None in ends:
                hint = "put all the times of a day in one pair of quotes" if part.strip()[:1].isdigit() else _DAYS_SHAPE
                self._fault(key, f"{_shown(part.strip())} is no day: {hint}")
                continue
            first, last = int(ends[0] or 0), int(ends[-1] or 0)
            found += [(first + more) % 7 for more in range((last - first) % 7 + 1)]
        return found

    def _spans(self, key: str, value: object) -> list[tuple[int, int]]:
        """Return spans in minutes after midnight; those over midnight end after 1440."""
        if value is None or (isinstance(value, str) and not value.strip()):
            return []  # closed that day
        if not isinstance(value, str):
            self._fault(key, f'{_SPAN}, all in one pair of quotes, or "" for closed')
            return []
        found: list[tuple[int, int]] = []
        for part in value.split(","):
            ends = [_minutes(end.strip()) for end in part.split("-")]
            start, end = ends if len(ends) == 2 else (None, None)
            if start is None or end is None or start == _DAY:
                self._fault(key, f"{_shown(part.strip())} is no time: {_SPAN}")
            else:
                found.append((start, end if end > start else end + _DAY))
        return found

    def _add(self, key: str, day: int, start: int, end: int) -> None:
        for number, span in _by_day(day, start, end):
            if any(span.start < other.end and other.start < span.end for other in self.week[number]):
                self._fault(key, f"two times overlap on {_NAMES[number]}: let one end before the next one starts")
            self.week[number].append(span)

    def _fault(self, key: str, what: str) -> None:
        if (key, what) not in self.faults:  # the same on each day of a range
            self.faults.append((key, what))


def _by_day(day: int, start: int, end: int) -> Iterator[tuple[int, Span]]:
    """Yield a span by day: that over midnight is two."""
    yield day, Span(start, min(end, _DAY))
    if end > _DAY:
        yield (day + 1) % 7, Span(0, end - _DAY)


def _minutes(text: str) -> int | None:
    """Return the minutes after midnight of a time of day, up to 24:00; None for what is no time."""
    match = _TIME.match(text)
    if match is None:
        return None
    hours, minutes = int(match.group(1)), int(match.group(2))
    found = hours * 60 + minutes
    return found if minutes < 60 and found <= _DAY else None


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")
