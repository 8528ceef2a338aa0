"""Figures from what was counted: values in, values out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpbot.core.figures import Counted, Day, Figures, Measured, Question, Times, by_day, figures_of, nearest_rank
from helpbot.core.model import Figure

NOW = datetime(2026, 10, 19, tzinfo=UTC)
TARGETS = {"mobile": timedelta(seconds=20), "lines": timedelta(minutes=5)}


def test_nothing_measured_is_no_figure() -> None:
    figures = figures_of(Measured(), TARGETS)
    assert figures == Figures()
    assert (figures.alone_share, figures.kept_share, figures.satisfaction) == (None, None, None)
    assert figures.first_word == figures.solved == Times(0, None, None, None)


@pytest.mark.parametrize(
    ("times", "percent", "found"),
    [
        ([7], 50, 7),
        ([7], 95, 7),
        ([1, 2], 50, 1),  # ⌈2 · 0.5⌉ = 1
        ([3, 1, 2], 50, 2),  # ⌈1.5⌉ = 2
        (range(1, 21), 95, 19),  # ⌈20 · 0.95⌉ = 19, which floating point would make 20
        (range(1, 101), 95, 95),
        (range(1, 102), 95, 96),  # ⌈95.95⌉
    ],
)
def test_percentiles_are_nearest_rank(times: list[float], percent: int, found: float) -> None:
    assert nearest_rank(list(times), percent) == found


@given(st.lists(st.floats(0, 1e9), min_size=1), st.integers(1, 100))
def test_a_percentile_was_measured_and_so_many_do_not_exceed_it(times: list[float], percent: int) -> None:
    found = nearest_rank(times, percent)
    assert found in times
    assert sum(value <= found for value in times) * 100 >= percent * len(times)
    assert sum(value < found for value in times) * 100 < percent * len(times)


def test_the_share_within_the_target_is_each_teams_own() -> None:
    def word(team: str, seconds: float) -> Counted:
        return Counted(Figure.FIRST_WORD, team, NOW, seconds)

    counted = (word("mobile", 20), word("mobile", 21), word("lines", 300), word("gone", 1))
    # mobile: 20 of 20 s is within, 21 is not; lines: 300 of 300 s is; a team that is gone has no target: 2 of 3.
    found = figures_of(Measured((), counted), TARGETS).first_word
    assert found == Times(4, timedelta(seconds=20), timedelta(seconds=300), 2 / 3)
    assert figures_of(Measured((), counted[3:]), TARGETS).first_word.within is None


def test_a_day_has_what_happened_in_it() -> None:
    day = timedelta(days=1)
    asked = (
        Question("mobile", NOW, True),
        Question("mobile", NOW + day, False),
        Question("mobile", NOW + 2 * day, True),
    )
    counted = (
        Counted(Figure.ESCALATED, "mobile", NOW + day - timedelta(microseconds=1), label="asked"),
        Counted(Figure.FIRST_WORD_OPEN, "mobile", NOW + day, 14.0),
        Counted(Figure.FIRST_WORD, "mobile", NOW + day, 99.0),
    )
    days = by_day(Measured(asked, counted), (NOW, NOW + day), NOW + 2 * day)
    assert days == (Day(NOW, 1, 1, 1, ()), Day(NOW + day, 1, 0, 0, (timedelta(seconds=14),)))
