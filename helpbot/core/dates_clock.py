"""Times of day that agents type, in French and English alike; their words come folded, as dates.py folds them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, time, timedelta, timezone

_LARGEST_OFFSET = timedelta(hours=14)
_NAMED_TIMES = {"noon": time(12), "midi": time(12), "midnight": time(0), "minuit": time(0)}
_CLOCK = re.compile(r"(\d{1,2})(?:[:h](\d{2})|h)?(am|pm)?(z|utc|[+-]\d{2}:?\d{2})?\Z")
_LIKE_A_CLOCK = re.compile(r"\d{1,2}(?:-\d{1,2})?(?::\d|h(?![a-z])|[ap]m(?![a-z]))")
_OFFSET = re.compile(r"(?:z|utc|[+-]\d{2}:?\d{2})\Z")


class Wrong(Exception):
    """A date that is none to use: `hint` says why, `upto` how many words it has."""

    def __init__(self, hint: str, upto: int) -> None:
        super().__init__(hint)
        self.hint, self.upto = hint, upto


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day, with its offset where one was written."""

    at: time
    offset: timezone | None = None


def read_clock(words: Sequence[str], start: int, *, full: bool = False) -> tuple[Clock, int] | None:
    """Read a time of day from that word on: "18:00", "9h30", "9 h 30", "6 pm", "noon"; return it and where it ends.

    An offset is one only after a `full` date: "9:00-11:00" may be two times.
    """
    word, end = words[start] if start < len(words) else "", start + 1
    if word in _NAMED_TIMES:
        return Clock(_NAMED_TIMES[word]), end
    found = _CLOCK.match(word)
    if found is None or (found[4] is not None and not (full and found[2])):
        if _LIKE_A_CLOCK.match(word):
            raise Wrong("hint_date_unread", end)
        return None
    minute, half, offset = found[2], found[3], found[4]
    said = minute is not None or half is not None or word.endswith("h")
    following = words[end] if end < len(words) else ""
    if half is None and offset is None and following in {"am", "pm"}:
        half, end = following, end + 1
    elif word.endswith("h") and re.fullmatch(r"[0-5]\d", following):
        raise Wrong("hint_date_unread", end + 1)  # "9h 30": minutes, or thirty of something
    elif not said and following in {"h", "heure", "heures"}:
        said, end = True, end + 1
        if end < len(words) and re.fullmatch(r"[0-5]\d", words[end]):
            minute, end = words[end], end + 1
    if not said and half is None:
        return None
    if full and minute and offset is None and end < len(words) and _OFFSET.match(words[end]):
        offset, end = words[end], end + 1
    return Clock(_time(int(found[1]), int(minute or 0), half, end), _offset(offset, end)), end


def _time(hour: int, minute: int, half: str | None, upto: int) -> time:
    if hour > 23 or minute > 59 or (half is not None and not 1 <= hour <= 12):
        raise Wrong("hint_date_impossible", upto)
    return time(hour if half is None else hour % 12 + (12 if half == "pm" else 0), minute)


def _offset(text: str | None, upto: int) -> timezone | None:
    if text is None or text in {"z", "utc"}:
        return None if text is None else UTC
    digits = text[1:].replace(":", "")
    span = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if span > _LARGEST_OFFSET or int(digits[2:]) > 59:
        raise Wrong("hint_date_impossible", upto)
    return timezone(-span if text[0] == "-" else span)
