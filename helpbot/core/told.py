"""Dates, times and durations as people read them, in French and English."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from helpbot.core.dates import DAYS, JOURS, MOIS, MONTHS

_LONGEST_ZONE = 40
_NO_CITY = {"GMT", "GMT0", "GMT+0", "GMT-0", "Greenwich", "UCT", "UTC", "Universal", "Zulu"}
_NOT_ELIDED = ("havana", "hong", "hovd", "oua")  # a sounded h, and what sounds like w


def told(at: datetime, now: datetime, zone: ZoneInfo, language: str) -> str:
    """Return a moment as people say it from `now`: "tomorrow at 18:00 (Paris time)"."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    days = (local.date() - today).days
    if days in {0, 1}:
        near = (("aujourd'hui", "demain") if language == "fr" else ("today", "tomorrow"))[days]
        return f"{near} {_at_clock(local, language)}{_zone_told(zone, language)}"
    return _with_date(local, zone, language, year=local.year != today.year)


def full_date(at: datetime, zone: ZoneInfo, language: str) -> str:
    """Return a moment with its whole date, which stays true for who reads it later."""
    return _with_date(at.astimezone(zone), zone, language, year=True)


def clock_time(at: datetime, zone: ZoneInfo, language: str) -> str:
    """Return a time of day with whose it is."""
    return _clock_told(at.astimezone(zone), language) + _zone_told(zone, language)


def zone_named(key: str | None) -> ZoneInfo | None:
    """Return the time zone of that IANA name; None when there is none."""
    if key is None or not 3 <= len(key) <= _LONGEST_ZONE or not key.isascii():
        return None
    try:
        return ZoneInfo(key)
    except (KeyError, ValueError, OSError):  # unknown, a path, a folder
        return None


def lasting(span: timedelta, language: str) -> str:
    """Return a duration as people say it: "14 s", "3 min", "1 h 30", "5 days"."""
    seconds = max(int(span.total_seconds() + 0.5), 0)
    if seconds < 120:
        return f"{seconds} s"
    minutes = (seconds + 30) // 60
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 600:
        return f"{minutes // 60} h {minutes % 60:02}" if minutes % 60 else f"{minutes // 60} h"
    hours = (seconds + 1800) // 3600
    if hours < 48:
        return f"{hours} h"
    return f"{(seconds + 43200) // 86400} {'jours' if language == 'fr' else 'days'}"


def _with_date(local: datetime, zone: ZoneInfo, language: str, *, year: bool) -> str:
    of_year = f" {local.year}" if year else ""
    if language == "fr":
        day = "1er" if local.day == 1 else str(local.day)
        named = f"{JOURS[local.weekday()]} {day} {MOIS[local.month - 1]}{of_year}"
    else:
        named = f"{DAYS[local.weekday()].title()} {local.day} {MONTHS[local.month - 1].title()}{of_year}"
    return f"{named} {_at_clock(local, language)}{_zone_told(zone, language)}"


def _at_clock(local: datetime, language: str) -> str:
    return f"{'à' if language == 'fr' else 'at'} {_clock_told(local, language)}"


def _clock_told(local: datetime, language: str) -> str:
    return f"{local.hour}h{local.minute:02}" if language == "fr" else f"{local.hour}:{local.minute:02}"


def _zone_told(zone: ZoneInfo, language: str) -> str:
    """Return whose time it is, after the city that the zone is named for."""
    key = zone.key
    if key in _NO_CITY or key.startswith("Etc/"):
        return f" ({_offset_told(zone)})"
    city = key.rpartition("/")[2].replace("_", " ")
    return f" (heure {_of_city(city)})" if language == "fr" else f" ({city} time)"


def _of_city(city: str) -> str:
    """Return the French "de" with its city, shortened before a vowel and an h that is not heard."""
    plain = unicodedata.normalize("NFKD", city).casefold()
    return f"d'{city}" if plain.startswith(tuple("aeiouhœæ")) and not plain.startswith(_NOT_ELIDED) else f"de {city}"


def _offset_told(zone: ZoneInfo) -> str:
    """Return a zone without a city by its offset: Etc/GMT+5 is named the other way round, and is UTC−5."""
    hours = int((zone.utcoffset(datetime(2000, 1, 1)) or timedelta()).total_seconds()) // 3600  # noqa: DTZ001
    return f"UTC{'−' if hours < 0 else '+'}{abs(hours)}" if hours else "UTC"
