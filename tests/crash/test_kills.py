"""A hundred real kills of the bot and of the homeserver, in both directions, plain and encrypted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.kills import blow

pytestmark = pytest.mark.synapse


@pytest.mark.timeout(500)
async def test_a_hundred_kills_lose_double_and_misplace_nothing(tmp_path: Path) -> None:
    """`make crash` makes as many as one likes; tests/crash/seeded.py breaks the bot and sees this fail."""
    report = await blow(tmp_path, kills=100, seed=1, at_once=2, progress=lambda done: None)
    assert not report.faults, str(report)
    assert sum(report.kills.values()) == 100
    assert len(report.kills) == 4
    assert all(report.words[way] > 20 for way in ("customers' words", "agents' words to customers", "agents' notes"))
