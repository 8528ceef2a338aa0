"""The teams of a config: who is there when, who is called when nobody answers, and what is worth a look."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationInfo, field_validator, model_validator

from helpbot.config_base import Day, Duration, Language, Model, Snowflake, TeamId, Text, UserId, Zone, duration_text
from helpbot.config_hours import Hours
from helpbot.core import hours, model
from helpbot.core.phrases import SHIPPED
from helpbot.strict_yaml import Fault

_ROOM = re.compile(r"#[^:]+:.+|!.+")  # an alias has a server, a room id may have none
_YEAR = timedelta(days=365)
_USUAL = model.Patience()
_EARLIER = {"lead": "team", "leads": "lead", "owner_lead": "owner"}  # which reminder comes before which


def a_room(value: str) -> str:
    """Return a room's alias or id; raises ValueError for what is none."""
    if not _ROOM.match(value) or value.split() != [value]:
        raise ValueError('write the room\'s alias or id in quotes, such as "#desk:example.org"')
    return value


class Remind(Model):
    """How long what waits may wait before somebody hears of it."""

    team: Duration = _USUAL.team
    lead: Duration = Field(default=_USUAL.lead, validate_default=True)
    leads: Duration = Field(default=_USUAL.leads, validate_default=True)
    again: Duration = _USUAL.again
    owner: Duration = _USUAL.owner
    owner_lead: Duration = Field(default=_USUAL.owner_lead, validate_default=True)
    transfer: Duration = _USUAL.transfer
    promise: Duration = _USUAL.promise

    @field_validator(*_EARLIER)
    @classmethod
    def _after_the_earlier(cls, value: timedelta, info: ValidationInfo) -> timedelta:
        # On the fields and not on the model, which would tell it only once all else is mended.
        name = _EARLIER[str(info.field_name)]
        earlier = info.data.get(name)
        if earlier is not None and value <= earlier:
            raise ValueError(
                f"{duration_text(value)} is not after `{name}` ({duration_text(earlier)}), which comes first: "
                "write a longer time here, or a shorter one there"
            )
        return value

    def patience(self) -> model.Patience:
        """Return it as the desk knows it."""
        return model.Patience(**{name: getattr(self, name) for name in Remind.model_fields})


class Team(Model):
    """A group of agents."""

    id: TeamId
    name: Mapping[Language, Text] = {}
    matrix_room: str | None = None
    discord_channel: Snowflake | None = None
    discord_agents: Snowflake | None = None
    discord_leads: Snowflake | None = None
    time_zone: Zone = Field(default_factory=lambda: ZoneInfo("UTC"))
    hours: Hours = None
    holidays: tuple[Day, ...] = ()
    lead: tuple[UserId, ...] = ()
    first_word: Duration = timedelta(seconds=20)
    remind: Remind = Remind()

    @field_validator("name", mode="before")
    @classmethod
    def _plain_or_by_language(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        if not value.strip():
            raise ValueError("write a name, or take the key out")
        return dict.fromkeys(SHIPPED, value)

    @field_validator("matrix_room")
    @classmethod
    def _a_room(cls, value: str | None) -> str | None:
        return None if value is None else a_room(value)

    @field_validator("lead", mode="before")
    @classmethod
    def _one_or_more(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _named(self) -> Team:
        return self if self.name else self.model_copy(update={"name": dict.fromkeys(SHIPPED, self.id)})

    def of_the_desk(self, beside: str | None = None) -> model.Team:
        """Return it as the desk knows it; `beside` is the team before it that sits in the same room."""
        return model.Team(
            self.id,
            dict(self.name),
            hours=hours.Hours(self.time_zone, self.hours, frozenset(self.holidays)),
            leads=tuple(self._leads()),
            patience=self.remind.patience(),
            first_word=self.first_word,
            beside=beside,
        )

    def _leads(self) -> Iterator[model.Person]:
        for lead in dict.fromkeys(self.lead):
            yield model.Person(lead, lead[1:].partition(":")[0])
        if self.discord_leads is not None:
            yield model.Person(f"&{self.discord_leads}", "leads")  # a role is called as a whole


def homeless(team: Team, matrix: bool, discord: bool) -> str | None:  # which networks there are
    """Return what is wrong with where a team sits: it sits in one place, on a network that there is."""
    if team.matrix_room is not None and team.discord_channel is not None:
        return f"the team {team.id!r} has a `matrix_room` and a `discord_channel`: it sits in one place, take one out"
    if team.matrix_room is not None and not matrix:
        return f"the team {team.id!r} has a `matrix_room`, and there is no `matrix` section"
    if team.discord_channel is not None and not discord:
        return f"the team {team.id!r} has a `discord_channel`, and there is no `discord` section"
    if team.matrix_room is not None or team.discord_channel is not None:
        return None
    room = f"the team {team.id!r} has no `matrix_room`: name its agents' room, in quotes if it begins with #, "
    channel = "`discord_channel`: the id of its forum"
    if matrix:
        return f"{room}which starts a comment" + (f"; or a {channel}" if discord else "")
    return f"the team {team.id!r} has no {channel}"


def beside(team: Team, teams: Iterable[Team]) -> str | None:
    """Return the first of the teams, when it sits in the same room and is another one."""
    seat = team.matrix_room, team.discord_channel
    first = next((one for one in teams if (one.matrix_room, one.discord_channel) == seat), team)
    return None if first.id == team.id else first.id


def worth_a_look(teams: Iterable[Team], file: str, at: datetime) -> tuple[Fault, ...]:
    """Return what is no fault in the teams but hardly meant."""
    return tuple(Fault(file, 0, f"the team {team.id!r} {what}") for team in teams for what in _notes(team, at))


def _notes(team: Team, at: datetime) -> Iterator[str]:
    if team.hours is not None and "time_zone" not in team.model_fields_set:
        yield "has `hours` and no `time_zone`: they are taken for UTC"
    if not team.lead and team.discord_leads is None:
        yield "has no `lead`: when nobody answers there is nobody to call"
    today = at.astimezone(team.time_zone).date()
    if team.holidays and max(team.holidays) < today:
        yield f"has no holiday after {max(team.holidays)}: write those of the next year"
    elif any(day < today for day in team.holidays) and not any(today <= day < today + _YEAR for day in team.holidays):
        yield "has no holiday within the next 12 months: write those of the next year"
