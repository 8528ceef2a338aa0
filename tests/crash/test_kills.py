"""A hundred real kills of the bot and of the homeserver, in both directions, plain and encrypted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.kills import Storm, blow
from tests.crash.seeded import planted
from tests.crash.seeded_base import Bug
from tests.crash.seeded_bugs import BUGS

pytestmark = pytest.mark.synapse


@pytest.mark.timeout(500)
async def test_a_hundred_kills_lose_double_and_misplace_nothing(tmp_path: Path) -> None:
    """`make crash` makes as many as one likes. The homeserver knows each id again meanwhile: what keeps a desk from
    saying things twice when it does not is proved by tests/crash/test_points.py.
    """
    report = await blow(tmp_path, kills=100, seed=1, at_once=2, progress=lambda done: None)
    assert not report.faults, str(report)
    assert sum(report.kills.values()) == 100
    assert len(report.kills) == 4
    assert all(report.words[way] > 20 for way in ("customers' words", "agents' words to customers", "agents' notes"))


BROKEN = Bug(
    "careless",
    tuple(
        edit
        for bug in BUGS
        if bug.name in {"a random id for each sending", "no read-back", "decided before it is decided"}
        for edit in bug.edits
    ),
    "",
)


@pytest.mark.timeout(500)
async def test_kills_find_out_a_desk_that_is_careless(tmp_path: Path) -> None:
    """A control: a desk with three planted bugs does lose or double words, and that is seen."""
    assert len(BROKEN.edits) == 3
    storm = Storm(tmp_path / "storm", kills=150, seed=1, tree=planted(BROKEN, tmp_path), patience=20)
    report = await storm.blow()
    assert {fault.kind for fault in report.faults} & {"lost", "doubled"}, str(report)
