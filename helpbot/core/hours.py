"""When a team is there: opening hours in its own time zone, with holidays and clock changes.

Rule: hours are wall clock, opening time is time that really passes, because a night in which the clocks change has an
hour more or less than they show.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_AHEAD = timedelta(days=400)  # within which a team has to open, or it never does
_DAYS_AHEAD = _AHEAD.days + 2  # calendar days that this can touch, with the one before
_NEVER = 170 * 366  # days after which nobody waits any more; a year of opening hours passes in them at one a week
_LAST = date.max - timedelta(days=1)  # the end of the day after has no UTC everywhere
_NONE = timedelta()
_SECOND = timedelta(seconds=1)
_DAY, _WEEK = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` to before `end`, in minutes after midnight, 0 to 1440."""

    start: int
    end: int


_ALL_DAY = (Span(0, 24 * 60),)


@dataclass(frozen=True, slots=True)
class Hours:
    """The week's openings, Monday first, or None for always; on `holidays` nobody is there."""

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    week: tuple[tuple[Span, ...], ...] | None = None
    holidays: frozenset[date] = frozenset()

    @property
    def always(self) -> bool:
        """Tell whether the team is there at every moment, as far as anybody has said."""
        return self.week is None and not self.holidays


def is_open(hours: Hours, at: datetime) -> bool:
    """Tell whether the team is there."""
    return hours.always or any(start <= at < end for start, end in _openings(hours, at, days=2))


def opens_at(hours: Hours, at: datetime) -> datetime | None:
    """Return `at` itself while the team is there, else when it is back (UTC); None when it never is."""
    if hours.always:
        return at
    start = next((start for start, end in _openings(hours, at) if end > at), None)
    if start is None or start - at > _AHEAD:
        return None
    return max(start, at)


def closes_at(hours: Hours, at: datetime) -> datetime | None:
    """Return when an opening that is going on ends (UTC); None when it never does, or when there is none."""
    if not is_open(hours, at) or hours.always:
        return None
    closing = at
    for start, end in _openings(hours, at):
        if start > closing:
            break
        closing = max(closing, end)
    return None if closing - at > _AHEAD else closing


def after(hours: Hours, start: datetime, span: timedelta) -> datetime:
    """Return when so much opening time has passed; for a team that never opens, simply `span` later."""
    start = start.astimezone(UTC)  # what passes is time, not what a clock in `start`'s zone shows
    if hours.always or span <= _NONE:
        return start + span
    left, last = span, start
    day = began = start.astimezone(hours.zone).date() - _DAY
    until = date.fromordinal(min(_LAST.toordinal(), day.toordinal() + _NEVER))
    while day < until and day - last.date() <= _AHEAD + _WEEK:
        if day.weekday() == 0 and day > began + _DAY and day - last.date() < _AHEAD - 2 * _WEEK:
            weeks, passed = _plain_weeks(hours, day, left, until)
            if weeks:
                left, day = left - passed, day + weeks * _WEEK
                last = _last_closing(hours, day)
        for opening, closing in _of_day(hours, day):
            begin = max(opening, start)
            if begin - last > _AHEAD:
                return last + left
            if closing - begin >= left:
                return begin + left
            if closing > begin:
                left, last = left - (closing - begin), closing
        day += _DAY
    return last + left


def _plain_weeks(hours: Hours, monday: date, left: timedelta, until: date) -> tuple[int, timedelta]:
    """Return how many whole weeks from that Monday on are weeks like any, with less opening time in all than is left.

    No zone changes its clocks twice within a week that begins on a Monday, nor skips both sides of its midnight, so
    that a week at whose ends they go alike has no change in it.
    """
    usual, odd = _of_any_week(hours)
    if not usual:
        return 0, _NONE
    most, weeks = min(-(-left // usual) - 1, (until - monday).days // 7), 0
    begins = datetime.combine(monday, time(), hours.zone)
    offset = begins.utcoffset()
    while weeks < most and monday not in odd:
        monday, begins = monday + _WEEK, begins + _WEEK
        if begins.utcoffset() != offset:
            break
        weeks += 1
    return weeks, weeks * usual


@lru_cache(maxsize=256)
def _of_any_week(hours: Hours) -> tuple[timedelta, frozenset[date]]:
    """Return the opening time of a week without a holiday, and the Mondays of those that have one."""
    week = replace(hours, zone=ZoneInfo("UTC"), holidays=frozenset())
    days = (date.min + number * _DAY for number in range(7, 14))
    usual = sum((end - start for day in days for start, end in _of_day(week, day)), _NONE)
    return usual, frozenset(day - day.weekday() * _DAY for day in hours.holidays if day.toordinal() > 7)


def _last_closing(hours: Hours, day: date) -> datetime:
    """Return when the last opening of the week before a day ends."""
    return next(end for back in range(1, 8) for _, end in reversed(_of_day(hours, day - back * _DAY)))


def between(hours: Hours, start: datetime, end: datetime) -> timedelta:
    """Return how much opening time lies between two moments."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    if hours.always or end <= start:
        return max(end - start, _NONE)
    total = _NONE
    for opening, closing in _openings(hours, start, days=None):
        if opening >= end:
            break
        total += max(min(closing, end) - max(opening, start), _NONE)
    return total


def _openings(hours: Hours, since: datetime, days: int | None = _DAYS_AHEAD) -> Iterator[tuple[datetime, datetime]]:
    """Give the openings of each day from the day before a moment on (UTC), in order; for so many days, or on.

    Those that touch over midnight come as two, because a team that never closes would else have one without an end.
    Where no days are named it gives up after _DAYS_AHEAD of them without an opening.
    """
    day = since.astimezone(hours.zone).date() - timedelta(days=1)
    empty = passed = 0
    while empty <= _DAYS_AHEAD and (days is None or passed <= days) and day < _LAST:
        passed, empty = passed + 1, empty + 1
        for opening in _of_day(hours, day):
            empty = 0
            yield opening
        day += timedelta(days=1)


def _of_day(hours: Hours, day: date) -> list[tuple[datetime, datetime]]:
    """Return a day's openings in order, those that touch or overlap joined."""
    if day in hours.holidays:
        return []
    found: list[tuple[datetime, datetime]] = []
    spans = _ALL_DAY if hours.week is None else hours.week[day.weekday()]
    for span in sorted(spans, key=lambda span: span.start):
        start, end = _moment(hours.zone, day, span.start), _moment(hours.zone, day, span.end)
        if found and start <= found[-1][1]:
            start, end = found[-1][0], max(end, found.pop()[1])
        if start < end:
            found.append((start, end))
    return found


def _moment(zone: ZoneInfo, day: date, minutes: int) -> datetime:
    """Return the first moment (UTC) of that wall clock; where clocks skip it, the moment of the change."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
    early = wall.replace(tzinfo=zone).astimezone(UTC)
    if early.astimezone(zone).replace(tzinfo=None) == wall:
        return early
    low, high = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), early  # the change lies between
    before = low.astimezone(zone).utcoffset()
    while high - low > _SECOND:
        middle = low + (high - low) / 2
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == before else (low, middle)
    return high.replace(microsecond=0)
