"""Help rooms and offers in the config: what is taken, and what is told where it stands."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from helpbot.config import Config, load_config
from helpbot.core.help_rooms import HelpRoom, Offers

TEAMS = 'teams: [{id: mobile, matrix_room: "#desk:x"}]\n'


def loaded(folder: Path, text: str) -> tuple[Config | None, list[str]]:
    path = folder / "config.yaml"
    path.write_text(text)
    config, faults = load_config(path, {}, explicit=True)
    return config, [str(fault) for fault in faults]


def test_what_is_not_written_has_its_default(tmp_path: Path) -> None:
    config, faults = loaded(tmp_path, TEAMS + 'help_rooms: [{room: "#help:x"}]\n')
    assert faults == []
    assert config is not None
    assert config.help_rooms[0].of_the_desk() == HelpRoom("#help:x", None, 5, 30)
    assert config.offer.of_the_desk() == Offers(True, timedelta(minutes=2), timedelta(days=30))


def test_what_is_written_counts(tmp_path: Path) -> None:
    text = 'help_rooms:\n  - {room: "!id", team: mobile, per_person: 1, per_room: 2}\n'
    config, faults = loaded(tmp_path, TEAMS + text + "offer: {on_joining: false, silent_minutes: 0, period_days: 7}\n")
    assert faults == []
    assert config is not None
    assert config.help_rooms[0].of_the_desk() == HelpRoom("!id", "mobile", 1, 2)
    assert config.offer.of_the_desk() == Offers(False, None, timedelta(days=7))


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ('help_rooms:\n  - room: "#desk:x"\n', 3, "this is a team's `matrix_room`"),
        ('help_rooms:\n  - room: "#a:x"\n  - room: "#a:x"\n', 4, "named twice"),
        ('help_rooms:\n  - room: "#a:x"\n    team: lines\n', 4, "there is no team 'lines'"),
        ("help_rooms:\n  - room: help\n", 3, "alias or id"),
        ('help_rooms:\n  - room: "#a:x"\n    per_person: 0\n', 4, "1"),
        ('help_rooms:\n  - room: "#a:x"\n    perperson: 3\n', 4, "perperson"),
        ("offer:\n  silent_minutes: -1\n", 3, "0"),
        ("offer:\n  period_days: 0\n", 3, "1"),
        ("help_rooms: [[]]\n", 2, ""),
        ("help_rooms: 3\n", 2, ""),
        ("help_rooms: [{room: [a], team: {b: c}}]\n", 2, ""),
    ],
)
def test_faults_are_told_where_they_stand(tmp_path: Path, text: str, line: int, what: str) -> None:
    config, faults = loaded(tmp_path, TEAMS + text)
    assert config is None
    assert any(f"config.yaml:{line}: " in fault and what in fault for fault in faults), faults
