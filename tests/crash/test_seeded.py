"""The planted bugs: each can be planted, and an eighth of the quickly caught are caught; `make bugs` does all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.seeded import ROOT, catches, caught, changed
from tests.crash.seeded_base import Bug
from tests.crash.seeded_bugs import BUGS

PROOFS = {  # one for each proof that takes longer
    "a note that reaches her",
    "sent before it is sent",
    "a limit counts as a refusal",
}
_FAST = ("tests/dialogues", "tests/store", "tests/core", "tests/transports")
_QUICK = [bug for bug in BUGS if bug.by.startswith(_FAST) and not bug.slow and bug.name not in PROOFS]
QUICK = (*_QUICK[::8], *(bug for bug in BUGS if bug.name in PROOFS))


def test_there_are_twenty_and_each_has_a_name_of_its_own() -> None:
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= 20


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_it_can_be_planted(bug: Bug) -> None:
    assert all(text != (ROOT / "helpbot" / file).read_text() for file, text in changed(bug).items())


@pytest.mark.timeout(600)
def test_what_is_quickly_caught_is_caught() -> None:
    assert len(QUICK) > 10
    assert {bug.name for bug in QUICK} >= PROOFS
    assert [str(catch) for catch in catches(QUICK) if not catch.by] == []


def test_what_is_no_bug_is_not_caught(tmp_path: Path) -> None:
    harmless = Bug("none", (), "tests/store/test_sqlite.py::test_a_stopped_timer_is_gone")
    assert caught(harmless, tmp_path).by == ""
