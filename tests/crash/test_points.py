"""Every step between what happens and what is shown, ended once, in process."""

from __future__ import annotations

import pytest

from tests.crash.points import ROOT, Wanted, side_by_side
from tests.crash.story import NAMED


@pytest.mark.timeout(400)
def test_a_desk_ended_at_any_step_is_finished_by_the_next() -> None:
    """`python -m tests.crash.points` ends one at each step of the whole story; tests/crash/seeded.py breaks it."""
    report = side_by_side(Wanted(every=20, twice=30), ROOT)
    assert not report.faults
    assert all(report.points[name] for name in NAMED), report.points
