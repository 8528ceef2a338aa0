"""Help rooms in the config, and help that is offered by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from helpbot.config_base import Flag, Model, TeamId, Whole
from helpbot.config_load import Path_, Places, find_place, shown
from helpbot.config_teams import a_room
from helpbot.core import help_rooms
from helpbot.strict_yaml import Fault


class HelpRoom(Model):
    """A room where many people are."""

    room: str
    team: TeamId | None = None
    per_person: Whole = Field(default=5, ge=1, le=1000)
    per_room: Whole = Field(default=30, ge=1, le=10000)

    @field_validator("room")
    @classmethod
    def _a_room(cls, value: str) -> str:
        return a_room(value)

    def of_the_desk(self) -> help_rooms.HelpRoom:
        """Return it as the desk knows it."""
        return help_rooms.HelpRoom(self.room, self.team, self.per_person, self.per_room)


class Offer(Model):
    """When help is offered by itself."""

    on_joining: Flag = True
    silent_minutes: Whole = Field(default=2, ge=0, le=1440)
    period_days: Whole = Field(default=30, ge=1, le=3650)

    def of_the_desk(self) -> help_rooms.Offers:
        """Return it as the desk knows it."""
        silent = timedelta(minutes=self.silent_minutes) if self.silent_minutes else None
        return help_rooms.Offers(self.on_joining, silent, timedelta(days=self.period_days))


def misplaced(values: Mapping[str, Any], places: Places, path: Path) -> list[Fault]:
    """Return a fault for each help room that is another one's or a team's, and for each team that there is not.

    Here and not in the model, where it would be told only once all else is without fault.
    """
    return [Fault(*find_place(("help_rooms", *where), places, path), what) for where, what in _misplaced(values)]


def _misplaced(values: Mapping[str, Any]) -> Iterator[tuple[Path_, str]]:
    teams = [team for team in _list(values.get("teams")) if isinstance(team, dict)]
    ids = {team["id"] for team in teams if isinstance(team.get("id"), str)}
    rooms = {team["matrix_room"] for team in teams if isinstance(team.get("matrix_room"), str)}
    seen: set[str] = set()
    for number, one in enumerate(_list(values.get("help_rooms"))):
        room, team = (one.get("room"), one.get("team")) if isinstance(one, dict) else (None, None)
        if isinstance(room, str):
            if room in rooms:
                yield (
                    (number, "room"),
                    "this is a team's `matrix_room`: what agents say among themselves would be read by all, "
                    "name another room",
                )
            if room in seen:
                yield (number, "room"), "this help room is named twice: take one out"
            seen.add(room)
        if isinstance(team, str) and ids and team not in ids:
            yield (number, "team"), f"there is no team {shown(team)!r} in `teams`"


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
