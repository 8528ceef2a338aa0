"""Dates that agents type, in French and English alike.

Rule: a date that could be meant in two ways, or in none, is refused with a word of why, because it becomes a promise.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from helpbot.core.dates_clock import Clock, Wrong, read_clock
from helpbot.core.dates_rest import goes_on, what

_LOOKED_AT = 200  # characters in which the words of a date have to begin
_SHOWN = 40
_FURTHEST = timedelta(days=366)
_YEARLESS = range(-65, 301)  # in how many days a day without a year is: what has just been is not of next year
_EVENING, _END_OF_DAY = time(20), time(18)

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
JOURS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
MOIS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip
_UNITS = {
    **dict.fromkeys(("m", "min", "mn", "mins", "minute", "minutes"), "minutes"),
    **dict.fromkeys(("h", "heure", "heures", "hour", "hours", "hr", "hrs"), "hours"),
    **dict.fromkeys(("d", "j", "day", "days", "jour", "jours"), "days"),
    **dict.fromkeys(("w", "week", "weeks", "semaine", "semaines", "sem"), "weeks"),
}
_DAYS_ON = {"today": 0, "aujourd'hui": 0, "aujourdhui": 0, "tomorrow": 1, "demain": 1, "apres-demain": 2}
_NEXT = {"next", "prochain"}
_PARTS = {
    **dict.fromkeys(("matin", "morning"), time(12)),
    **dict.fromkeys(("apres-midi", "afternoon"), time(18)),
    **dict.fromkeys(("soir", "evening"), time(20)),
    **dict.fromkeys(_NEXT, time(18)),
}
_LATE = {"apres-midi", "afternoon", "soir", "evening"}  # then 3:00 is 15:00
_LEADING = {"le", "the", "a", "at", "by", "on", "for", "pour", "avant", "before", "vers", "d'ici"}
_AT = {"at", "a", "vers", "by", "avant", "before", ""}  # "" is a sign that stands by itself
_SIGNS = ",;:.!?)-–—"  # what may stand right after a date
_AMOUNT = re.compile(r"(\d+)(?:([a-z]{1,8})(?:(\d{1,2})(?:m|mn|min)?)?)?\Z")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:t(.+))?\Z")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})(?:/(\d{4}))?\Z")


@dataclass(frozen=True, slots=True)
class Misread:
    """Why a text is no date to use: `hint` names the phrase that says so, `what` is what was read, shortened."""

    hint: str
    what: str


@dataclass(frozen=True, slots=True)
class When:
    """A moment (UTC), and what follows the date in the text."""

    at: datetime
    rest: str


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read so far: up to which word, which day, which time; `span` for what is counted from now."""

    upto: int
    day: date = date.min
    clock: Clock | None = None
    span: timedelta | None = None
    days_on: int | None = None  # counted from now in days, at the same wall clock
    recurs: int | None = None  # days until the same is meant again: a weekday, a time alone
    full: bool = False  # with its year: an offset may follow its time
    usual: time = _END_OF_DAY  # the time that is meant when none is written
    late: bool = False  # in the afternoon or evening


def read_when(text: str, now: datetime, zone: ZoneInfo) -> When | Misread:
    """Return the moment that a text begins with, seen from `now` in that zone; a day alone means 18:00."""
    text, now = text.strip(), now.astimezone(UTC)
    words, ends = [], [0]
    for word in re.finditer(r"\S+", text):
        if word.start() >= _LOOKED_AT:
            break
        words.append(_folded(word[0][:_LOOKED_AT]))
        ends.append(word.end())
    lead = next((place for place, word in enumerate(words) if word not in _LEADING), 0)
    words, ends = words[lead:], ends[lead:]
    upto = len(words)
    try:
        read = _relative(words) or _dated(words, now.astimezone(zone).date())
        if read is None or _goes_on(words[read.upto :], read):
            return Misread("hint_date_unread", text[:_SHOWN])
        upto = read.upto
        at = _moment(read, now, zone)
    except Wrong as wrong:
        return Misread(wrong.hint, text[: ends[wrong.upto]][:_SHOWN])
    except OverflowError:
        return Misread("hint_date_far", text[: ends[upto]][:_SHOWN])
    return When(at.astimezone(UTC), what(text[ends[upto] :]))


def read_since(text: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """Return a moment in the past (UTC): "2026-10-01", "2026-10-01 09:00", or so long ago: "7d", "24h", "30m"."""
    plain, now = _folded(text.strip()[:_LOOKED_AT]), now.astimezone(UTC)
    try:
        ago = _AMOUNT.match(plain)
        if ago is not None and ago[3] is None and ago[2] in _UNITS:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        day, _, clock = plain.partition(" ")
        found = _ISO.match(day)
        if found is None:
            return None
        read = read_clock([found[4] or clock], 0, full=True) if found[4] or clock else (Clock(time()), 1)
        if read is None:
            return None
        wall = datetime.combine(date(*(int(found[part]) for part in (1, 2, 3))), read[0].at)
        at = wall.replace(tzinfo=read[0].offset or zone)
        return at.astimezone(UTC) if at <= now else None
    except (Wrong, ValueError, OverflowError):
        return None


# --- reading


def _folded(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word.replace("’", "'")).casefold()
    plain = "".join(char for char in plain if not unicodedata.combining(char)).rstrip(_SIGNS)
    return plain.replace("a.m", "am").replace("p.m", "pm")


_SHORT = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_COURT = ("janv", "fevr", "mars", "avr", "mai", "juin", "juil", "aout", "sept", "oct", "nov", "dec")
_MONTH_OF = {_folded(name): number for names in (MONTHS, MOIS, _SHORT, _COURT) for number, name in enumerate(names, 1)}
_WEEKDAY_OF = {name: number for names in (DAYS, JOURS) for number, name in enumerate(names)}
_DAY_NAMES = frozenset((*_WEEKDAY_OF, *_DAYS_ON))


def _relative(words: Sequence[str]) -> _Read | None:
    """Read "+2h", "+1h30", "+3 jours", "in 2 hours", "dans 1 h 30 min"."""
    if words and words[0].startswith("+"):
        words, start = [words[0][1:], *words[1:]], 0
    elif len(words) > 1 and words[0] in {"in", "dans"}:
        start = 1
    else:
        return None
    found = _AMOUNT.match(words[start])
    if found is None:
        return None
    count, name, minutes, upto = int(found[1]), found[2], int(found[3] or 0), start + 1
    if name is None and upto < len(words):
        name, upto = words[upto], upto + 1
    unit = _UNITS.get(name or "")
    if unit is None or (found[3] is not None and unit != "hours"):
        return None
    if unit in {"days", "weeks"}:
        return _at_a_time(words, _Read(upto, days_on=count * (7 if unit == "weeks" else 1)))
    if unit == "hours" and found[3] is None:
        minutes, upto = _minutes(words, upto)
    if minutes > 59:
        raise Wrong("hint_date_impossible", upto)
    return _Read(upto, span=timedelta(**{unit: count}) + timedelta(minutes=minutes))


def _minutes(words: Sequence[str], start: int) -> tuple[int, int]:
    """Read the minutes after hours, "30 min" or, at the very end, "30"; return them and where they end."""
    found = re.match(r"(\d{1,2})([a-z]{1,7})?\Z", words[start]) if start < len(words) else None
    if found is None:
        return 0, start
    last = start + 1 == len(words)
    if _UNITS.get(found[2] or "") == "minutes" or (found[2] is None and last and len(found[1]) == 2):
        return int(found[1]), start + 1
    if found[2] is None and not last and _UNITS.get(words[start + 1]) == "minutes":
        return int(found[1]), start + 2
    return 0, start


def _dated(words: Sequence[str], today: date) -> _Read | None:
    """Read a day with or without a time before or behind it, or a time alone."""
    read = _in_parts(words, 0, today)
    if read is not None:
        return read if read.clock is not None else _at_a_time(words, read)
    found = read_clock(words, 0)
    if found is None:
        return None
    start = next((place for place in range(found[1], len(words)) if words[place] not in _LEADING), len(words))
    read = _in_parts(words, start, today)
    if read is None or read.clock is not None:
        return _Read(found[1], today, found[0], recurs=1)
    return _with_clock(words, read, found[0], found[1], read.upto)


def _in_parts(words: Sequence[str], start: int, today: date) -> _Read | None:
    """Read a day from that word on with its part: "lundi prochain", "demain matin"."""
    try:
        read = _day(words[start:], today)
    except Wrong as wrong:
        raise Wrong(wrong.hint, start + wrong.upto) from None
    if read is None:
        return None
    read = replace(read, upto=start + read.upto)
    while read.clock is None and read.upto < len(words) and words[read.upto] in _PARTS:
        read = _in_part(replace(read, upto=read.upto + 1), words[read.upto], today)
    return read


def _at_a_time(words: Sequence[str], read: _Read) -> _Read:
    """Read the time that may follow a day."""
    upto = read.upto
    while upto < len(words) and words[upto] in _AT:
        upto += 1
    found = read_clock(words, upto, full=read.full)
    return read if found is None else _with_clock(words, read, found[0], found[1], found[1])


def _with_clock(words: Sequence[str], read: _Read, clock: Clock, end: int, upto: int) -> _Read:
    """Return a day with its time, which ends at `end`; its midnight is refused, for it may be its first or its last."""
    if clock.at == time() and (words[end - 1] in {"minuit", "midnight"} or words[end - 1].endswith("am")):
        raise Wrong("hint_date_unread", upto)
    if read.late and 1 <= clock.at.hour < 12:
        clock = replace(clock, at=clock.at.replace(hour=clock.at.hour + 12))
    return replace(read, upto=upto, clock=clock)


def _goes_on(rest: Sequence[str], read: _Read) -> bool:
    """Tell whether more of a date seems to follow, so that what was read may be another than was meant."""
    timed = read.clock is not None or read.span is not None
    return goes_on(rest, timed=timed, days=_DAY_NAMES, months=_MONTH_OF)


def _in_part(read: _Read, part: str, today: date) -> _Read:
    """Take "matin", "evening" for when that part of the day ends, and "prochain", "next" for not today."""
    if part not in _NEXT:
        return replace(read, usual=_PARTS[part], late=part in _LATE)
    return replace(read, day=read.day + timedelta(days=7)) if read.day == today and read.recurs == 7 else read


def _day(words: Sequence[str], today: date) -> _Read | None:  # one table of forms
    first = words[0] if words else ""
    if first in _NEXT and len(words) > 1 and words[1] in _WEEKDAY_OF:
        read = _day(words[1:], today)
        return None if read is None else _in_part(replace(read, upto=2), first, today)
    if first in _DAYS_ON:
        return _Read(1, today + timedelta(days=_DAYS_ON[first]))
    if list(words[:2]) == ["apres", "demain"]:
        return _Read(2, today + timedelta(days=2))
    if first == "tonight" or list(words[:2]) == ["ce", "soir"]:
        return _Read(1 if first == "tonight" else 2, today, usual=_EVENING, late=True)
    if first in _WEEKDAY_OF:
        dated = _date(words[1:], today)
        if dated is not None and dated.day.weekday() != _WEEKDAY_OF[first]:
            raise Wrong("hint_date_impossible", dated.upto + 1)
        if dated is not None:
            return replace(dated, upto=dated.upto + 1)
        return _Read(1, today + timedelta(days=(_WEEKDAY_OF[first] - today.weekday()) % 7), recurs=7)
    return _date(words, today)


def _date(words: Sequence[str], today: date) -> _Read | None:
    """Read a day that is written out: "2026-10-21", "21/10", "21 octobre"."""
    first = words[0] if words else ""
    iso = _ISO.match(first)
    if iso is not None:
        read = _of_year(1, int(iso[3]), int(iso[2]), iso[1], today)
        if iso[4] is None:
            return read
        found = read_clock([iso[4], *words[1:]], 0, full=True)
        if found is None:
            raise Wrong("hint_date_unread", 1)
        return replace(read, upto=found[1], clock=found[0])
    slashed = _SLASHED.match(first)
    if slashed is not None:
        return _of_year(1, int(slashed[1]), int(slashed[2]), slashed[3], today)
    return _named_month(words, today)


def _named_month(words: Sequence[str], today: date) -> _Read | None:
    """Read "21 octobre", "1er octobre 2026", "october 21"."""
    if len(words) < 2:
        return None
    for day, name in ((words[0], words[1]), (words[1], words[0])):
        digits = "1" if day == "1er" else day
        if name in _MONTH_OF and digits.isdecimal() and len(digits) <= 2:
            year = words[2] if len(words) > 2 and re.fullmatch(r"20\d\d", words[2]) else None
            return _of_year(2 if year is None else 3, int(digits), _MONTH_OF[name], year, today)
    return None


def _of_year(upto: int, day: int, month: int, year: str | None, today: date) -> _Read:
    """Return that day; without a year it is the nearest, of those soon past or ahead by less than ten months."""
    for one in (int(year),) if year else (today.year + 1, today.year, today.year - 1):
        try:
            found = date(one, month, day)
        except ValueError:
            continue
        if year or (found - today).days in _YEARLESS:
            return _Read(upto, found, full=year is not None)
    raise Wrong("hint_date_impossible", upto)


# --- what was read → a moment


def _moment(read: _Read, now: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment, after `now` and not too far ahead."""
    if read.span is not None:
        at = now + read.span
    else:
        wall = _wall(read, now.astimezone(zone).replace(tzinfo=None))
        if wall.year < now.year - 1:
            raise Wrong("hint_date_past", read.upto)  # the first days of all have no UTC everywhere
        offset = None if read.clock is None else read.clock.offset
        at = _of_wall(wall, zone, read.upto) if offset is None else wall.replace(tzinfo=offset)
    if at <= now:
        raise Wrong("hint_date_past", read.upto)
    if at - now > _FURTHEST:
        raise Wrong("hint_date_far", read.upto)
    return at


def _wall(read: _Read, local: datetime) -> datetime:
    """Return which wall clock is meant when it is `local` now; what recurs is the next one."""
    if read.days_on is not None:
        wall = local + timedelta(days=read.days_on)
        return wall if read.clock is None else datetime.combine(wall.date(), read.clock.at)
    wall = datetime.combine(read.day, read.usual if read.clock is None else read.clock.at)
    if read.recurs is not None and wall <= local:
        return wall + timedelta(days=read.recurs)
    return wall


def _of_wall(wall: datetime, zone: ZoneInfo, upto: int) -> datetime:
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return first
    skipped = first.astimezone(zone).replace(tzinfo=None) != wall
    raise Wrong("hint_date_skipped" if skipped else "hint_date_twice", upto)
