"""Teams in the config that agents or the bot could not tell apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpbot.core.decide_handover import OFF
from tests.test_config import good, load


@pytest.mark.parametrize(
    ("first", "second", "line", "part"),
    [
        ("{id: a, name: Desk}", "{id: b, name: Desk}", 3, "two teams are named 'Desk'"),
        ("{id: a, name: Réseau}", "{id: b, name: 'reseau '}", 3, "two teams are named 'reseau '"),
        ("{id: a, name: {fr: Accueil, en: Desk}}", "{id: b, name: {en: Accueil}}", 3, "two teams are named 'Accueil'"),
        ("{id: lines}", "{id: Lines}", 3, "the same `id` but for capitals (lines, Lines)"),
        ("{id: a, name: Lines}", "{id: lines}", 2, "'Lines' is the `id` of another team"),
        ("{id: net-work}", "{id: b, name: Net work}", 3, "'Net work' is the `id` of another team"),
        ("{id: a}", "{id: OFF}", 3, "'OFF' can never be meant: `!transfer off`"),
        ("{id: a}", "{id: b, name: {en: Stop Spam}}", 3, "'Stop Spam' can never be meant: `!transfer stop`"),
        *(("{id: a}", f"{{id: b, name: '{word}'}}", 3, "can never be meant") for word in sorted(OFF)),
    ],
)
def test_teams_that_cannot_be_told_apart_are_a_fault(
    first: str, second: str, line: int, part: str, tmp_path: Path
) -> None:
    config, found = load(tmp_path, f"teams:\n  - {first}\n  - {second}")
    assert config is None
    assert [part in fault and fault.startswith(f"config.yaml:{line}: ") for fault in found] == [True], found


@pytest.mark.parametrize(
    "teams",
    [
        "[{id: lines, name: Lines}, {id: mobile, name: {fr: Mobile, en: Mobile}}]",
        "[{id: a-b}, {id: a_b}]",
        "[{id: official, name: Non-stop}]",
        "[{id: a, name: Desk}, {id: b, name: Front Desk}]",
    ],
)
def test_teams_that_can_be_told_apart_are_none(teams: str, tmp_path: Path) -> None:
    assert good(tmp_path, f"teams: {teams}").teams


def test_teams_of_a_wrong_shape_have_their_own_faults(tmp_path: Path) -> None:
    for teams in ("[a, b]", "{a: b}", "[{id: [a]}, {id: {b: c}}, {name: [a]}, {name: {fr: [a]}}, {id: a, name: ' '}]"):
        config, found = load(tmp_path, f"teams: {teams}")
        assert config is None
        assert found
