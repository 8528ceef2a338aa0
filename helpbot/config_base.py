"""The kinds of value that a config is made of: what each takes, and how to write it when it does not.

Rule: no kind raises anything but ValueError, whatever JSON of the environment holds.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    SecretStr,
    StringConstraints,
)
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

from helpbot.core.zones import NO_PLACES

_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?\Z")
_WHOLE = re.compile(r"-?[0-9]{1,9}\Z")
_TEAM_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,49}\Z")
_LANGUAGE = re.compile(r"[a-z]{2,3}\Z")
_DURATION = re.compile(r"(?:([0-9]{1,9})d)?(?:([0-9]{1,9})h)?(?:([0-9]{1,9})m)?(?:([0-9]{1,9})s)?\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_ZONE = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*\Z")
_SNOWFLAKE = re.compile(r"[0-9]{15,20}\Z")
_LONGEST = timedelta(days=365)


_MEDIA_SIGNS = {*"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-_*/"}


def _true_or_false(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str) or value.lower() not in {"true", "false"}:
        raise ValueError("write true or false")
    return value.lower() == "true"


def _number(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if not isinstance(value, str) or not _NUMBER.match(value):
        raise ValueError("write a number such as 0.05")
    return float(value)


def _whole(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str) or not _WHOLE.match(value):
        raise ValueError("write a whole number such as 7")
    return int(value)


def _a_token(value: object) -> object:
    if not isinstance(value, str) or not value.strip():
        return value
    if not (value.strip().isascii() and value.strip().isprintable()) or len(value.split()) > 1:
        raise ValueError("a token is one word of letters, digits and signs: copy it once more")
    return value.strip()


def _a_password(value: object) -> object:
    if isinstance(value, str) and not value.isprintable():
        raise ValueError("there is a line break or another invisible sign in it: write it in quotes, on one line")
    return value


def _a_path(value: object) -> object:
    if not isinstance(value, str | Path) or not str(value).strip() or "\0" in str(value):
        raise ValueError("write a path, or take the key out")
    return value


def _a_team_id(value: str) -> str:
    if not _TEAM_ID.match(value):
        raise ValueError("write one word of letters, digits, - and _, at most 50 of them")
    return value


def _a_language(value: str) -> str:
    if not _LANGUAGE.match(value):
        raise ValueError("this is no language: write two letters, such as fr or en")
    return value


def _a_user_id(value: str) -> str:
    name, colon, server = value.partition(":")
    if not (name.startswith("@") and len(name) > 1 and colon and server) or value.split() != [value]:
        raise ValueError('write the full Matrix id in quotes, such as "@helpbot:example.org"')
    return value


def _a_snowflake(value: object) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _SNOWFLAKE.match(text):
        raise ValueError(
            'write the id, a long number such as "1234567890123456789": in Discord switch on Settings → Advanced → '
            "Developer Mode, then right-click → Copy ID"
        )
    return text


def _a_person(value: str) -> str:
    return value if _SNOWFLAKE.match(value) else _a_user_id(value)


def _a_duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value  # a default
    match = _DURATION.match(value) if isinstance(value, str) else None
    if match is None or not value:
        raise ValueError("write a time with its unit, such as 20s, 2m, 4h, 3d or 1h30m")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    found = timedelta(seconds=((days * 24 + hours) * 60 + minutes) * 60 + seconds)
    if not timedelta() < found <= _LONGEST:
        raise ValueError(f"write a time of more than 0 and at most {_LONGEST.days}d")
    return found


def _a_date(value: object) -> date:
    if not isinstance(value, str) or not _DATE.match(value):
        raise ValueError("write a date as 2026-12-25")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"there is no {value} in the calendar: write a day that exists") from None


def _a_zone(value: object) -> ZoneInfo:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("write a time zone, such as Europe/Paris")
    if _ZONE.match(value) and not value.startswith(NO_PLACES):
        try:
            return ZoneInfo(value)
        except (ValueError, KeyError, OSError):  # the last for a folder, and for a name that is too long
            pass
    names = {name.casefold(): name for name in available_timezones()}
    near = difflib.get_close_matches(value[:50].casefold(), names, n=1)
    hint = f"did you mean {names[near[0]]}?" if near else "write its IANA name, such as Europe/Paris"
    raise ValueError(f"there is no such time zone: {hint}")


def duration_text(value: timedelta) -> str:
    """Return a duration as an admin writes it."""
    minutes, seconds = divmod(int(value.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"


def _a_media_type(value: str) -> str:
    kind, slash, more = value.partition("/")
    if not slash or not kind or not more or not set(value) <= _MEDIA_SIGNS:
        raise ValueError("write a media type, such as image/* or application/pdf; */* stands for every file")
    return value.lower()


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Secret = Annotated[SecretStr, Field(min_length=1), BeforeValidator(_a_password)]
Token = Annotated[SecretStr, Field(min_length=1), BeforeValidator(_a_token)]
Flag = Annotated[bool, BeforeValidator(_true_or_false)]
Number = Annotated[float, BeforeValidator(_number)]
Whole = Annotated[int, BeforeValidator(_whole)]
FilePath = Annotated[Path, BeforeValidator(_a_path)]
TeamId = Annotated[str, AfterValidator(_a_team_id)]
MediaType = Annotated[str, AfterValidator(_a_media_type)]
Language = Annotated[str, AfterValidator(_a_language)]
UserId = Annotated[str, AfterValidator(_a_user_id)]
Snowflake = Annotated[str, BeforeValidator(_a_snowflake)]
PersonId = Annotated[str, AfterValidator(_a_person)]
Duration = Annotated[timedelta, PlainValidator(_a_duration)]
Day = Annotated[date, PlainValidator(_a_date)]
Zone = Annotated[ZoneInfo, PlainValidator(_a_zone)]


class Model(BaseModel):
    """A section; unknown keys are faults."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def complaint(found: Iterable[tuple[str | None, str]]) -> ValidationError:
    """Return several faults as one exception, each at a key of the value that is being validated, or at itself."""
    return ValidationError.from_exception_data(
        "value",
        [
            InitErrorDetails(
                type=PydanticCustomError("value_error", "{what}", {"what": what}),
                loc=() if key is None else (key,),
                input=None,
            )
            for key, what in found
        ],
    )
