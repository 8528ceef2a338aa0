"""Time zones by the names that people and their profiles write."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from helpbot.core.told import zone_named

NO_PLACES = ("posix", "right", "localtime", "Factory")  # how such names begin: copies, settings of the machine's own


def known_zone(name: str | None) -> ZoneInfo | None:
    """Return the time zone of an IANA name in whatever case; None for what names no place's time."""
    return None if name is None else zone_named(_names().get(name.casefold()))


@cache
def _names() -> Mapping[str, str]:
    """Return the names by how they are looked for; reading them takes some 20 ms, once."""
    return {name.casefold(): name for name in available_timezones() if not name.startswith(NO_PLACES)}
