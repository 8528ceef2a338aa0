"""Teams that agents, or the bot, could not tell apart.

Here and not in the model, where it would be told only once each team by itself is without fault.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from helpbot.answers.text import normalise
from helpbot.config_load import Path_, Places, find_place, shown
from helpbot.core.decide_handover import OFF
from helpbot.strict_yaml import Fault

_APART = "!transfer cannot tell them apart"


def confused(teams: object, places: Places, path: Path) -> list[Fault]:
    """Return a fault for each team with the id, name or room of another, and for each that no command can mean."""
    known = enumerate(teams if isinstance(teams, list) else ())
    listed: _Teams = [(number, team) for number, team in known if isinstance(team, dict)]
    found = [*_same_rooms(listed), *_same_ids(listed), *_same_names(listed), *_commands(listed)]
    return [Fault(*find_place(("teams", *where), places, path), what) for where, what in found]


_Teams = list[tuple[int, Mapping[str, Any]]]
_Found = Iterator[tuple[Path_, str]]


def _same_rooms(teams: _Teams) -> _Found:
    seen: set[str] = set()
    for number, team in teams:
        for key in ("matrix_room", "discord_channel"):
            room = team.get(key)
            if isinstance(room, str) and room in seen:
                yield (number, key), f"two teams have the same `{key}`: give each its own"
            elif isinstance(room, str):
                seen.add(room)


def _same_ids(teams: _Teams) -> _Found:
    seen: dict[str, str] = {}
    for number, team in teams:
        team_id = team.get("id")
        if not isinstance(team_id, str):
            continue
        other = seen.get(team_id.casefold())
        if other is not None:
            same = "" if other == team_id else f" but for capitals ({shown(other)}, {shown(team_id)})"
            yield (number, "id"), f"two teams have the same `id`{same}: give each its own"
        else:
            seen[team_id.casefold()] = team_id


def _same_names(teams: _Teams) -> _Found:
    ids: dict[str, int] = {}
    for number, team in teams:
        if isinstance(team.get("id"), str):
            ids.setdefault(normalise(team["id"]), number)
    names: dict[str, int] = {}
    for number, where, name in _names(teams):
        folded = normalise(name)
        if ids.get(folded, number) != number:
            yield where, f"{shown(name)!r} is the `id` of another team, {_APART}: choose another name"
        elif names.setdefault(folded, number) != number:
            yield where, f"two teams are named {shown(name)!r}, {_APART}: give each its own `name`"


def _commands(teams: _Teams) -> _Found:
    for number, team in teams:
        if isinstance(team.get("id"), str) and team["id"].casefold() in OFF:
            yield (number, "id"), _taken(team["id"])
    for _, where, name in _names(teams):
        if name.split() and name.split()[0].casefold() in OFF:
            yield where, _taken(name)


def _taken(name: str) -> str:
    word = name.split(maxsplit=1)[0].casefold()
    return f"{shown(name)!r} can never be meant: `!transfer {word}` takes an offer back, choose another word"


def _names(teams: _Teams) -> Iterator[tuple[int, Path_, str]]:
    """Yield each name that a team has in the config: its number, where it stands, and the name."""
    for number, team in teams:
        name = team.get("name")
        if isinstance(name, str):
            yield number, (number, "name"), name
        for language, text in name.items() if isinstance(name, dict) else ():
            if isinstance(text, str):
                yield number, (number, "name", language), text
