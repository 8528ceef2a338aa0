"""What is counted → the figures that people read: shares, times, spreads.

Rule: what was not measured has no figure (None), because a zero would be a claim.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from helpbot.core.model import Figure

RATINGS = (1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class Question:
    """A question that the FAQ was asked; `alone` when the bot answered it and no person was needed for it."""

    team: str
    at: datetime
    alone: bool


@dataclass(frozen=True, slots=True)
class Counted:
    """Something that was counted; see Figure for what `value` and `label` mean."""

    figure: Figure
    team: str
    at: datetime
    value: float | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """All that was counted in a time."""

    questions: Sequence[Question] = ()
    counted: Sequence[Counted] = ()

    def of(self, team: str) -> Measured:
        """Return what was counted for that team."""
        return Measured(
            tuple(one for one in self.questions if one.team == team),
            tuple(one for one in self.counted if one.team == team),
        )

    def teams(self) -> frozenset[str]:
        """Return the teams for which something was counted."""
        return frozenset(one.team for one in self.questions) | frozenset(one.team for one in self.counted)


@dataclass(frozen=True, slots=True)
class Times:
    """How long something took: how often, the median, what 95 % did not exceed, the share within the target.

    Median and 95 % are nearest-rank: of n times in order, the one at place ⌈n · share⌉; each was really measured.
    `within` is of the times whose team has a target.
    """

    count: int = 0
    median: timedelta | None = None
    most: timedelta | None = None
    within: float | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a team, or of all; `escalated` is by reason, `ratings` by stars."""

    questions: int = 0
    alone: int = 0
    escalated: Mapping[str, int] = field(default_factory=dict)
    first_word: Times = Times()
    first_word_open: Times = Times()
    solved: Times = Times()
    hops: int = 0
    promised: int = 0
    kept: int = 0
    broken: int = 0
    moved: int = 0
    reopened: int = 0
    silent: int = 0
    ratings: Mapping[int, int] = field(default_factory=lambda: dict.fromkeys(RATINGS, 0))

    @property
    def alone_share(self) -> float | None:
        """Return the share of the questions that the bot answered alone."""
        return _share(self.alone, self.questions)

    @property
    def kept_share(self) -> float | None:
        """Return the share of the promises that were kept, of those kept or broken."""
        return _share(self.kept, self.kept + self.broken)

    @property
    def rated(self) -> int:
        """Return how many customers said how it was."""
        return sum(self.ratings.values())

    @property
    def satisfaction(self) -> float | None:
        """Return the mean of the ratings, 1 to 5."""
        return _share(sum(stars * count for stars, count in self.ratings.items()), self.rated)


@dataclass(frozen=True, slots=True)
class Day:
    """What a picture shows of a day; `first_words` are in opening time."""

    start: datetime
    questions: int
    alone: int
    escalated: int
    first_words: Sequence[timedelta]


def figures_of(measured: Measured, targets: Mapping[str, timedelta]) -> Figures:
    """Return the figures; `targets` are those for the first human word, by team."""
    counted = measured.counted
    times = {figure: number_of(counted, figure) for figure in Figure}
    reasons: dict[str, int] = {}
    for one in counted:
        if one.figure is Figure.ESCALATED:
            reasons[one.label] = reasons.get(one.label, 0) + 1
    ratings = dict.fromkeys(RATINGS, 0)
    for one in counted:
        if one.figure is Figure.RATED and one.value is not None and int(one.value) in ratings:
            ratings[int(one.value)] += 1
    return Figures(
        questions=len(measured.questions),
        alone=sum(one.alone for one in measured.questions),
        escalated=dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
        first_word=_times(counted, Figure.FIRST_WORD, targets),
        first_word_open=_times(counted, Figure.FIRST_WORD_OPEN, targets),
        solved=_times(counted, Figure.SOLVED, {}),
        hops=times[Figure.HOP],
        promised=times[Figure.PROMISED],
        kept=times[Figure.KEPT],
        broken=times[Figure.BROKEN],
        moved=times[Figure.MOVED],
        reopened=times[Figure.REOPENED],
        silent=times[Figure.SILENT],
        ratings=ratings,
    )


def by_day(measured: Measured, starts: Sequence[datetime], end: datetime) -> tuple[Day, ...]:
    """Return what happened on each day; `starts` are when the days begin, `end` is when the last one does end."""
    days = []
    for start, upto in zip(starts, (*starts[1:], end), strict=True):
        counted = [one for one in measured.counted if start <= one.at < upto]
        asked = [one for one in measured.questions if start <= one.at < upto]
        words = (one.value for one in counted if one.figure is Figure.FIRST_WORD_OPEN and one.value is not None)
        days.append(
            Day(
                start,
                len(asked),
                sum(one.alone for one in asked),
                number_of(counted, Figure.ESCALATED),
                tuple(timedelta(seconds=value) for value in words),
            )
        )
    return tuple(days)


def number_of(counted: Iterable[Counted], figure: Figure) -> int:
    """Return how often something was counted."""
    return sum(one.figure is figure for one in counted)


def nearest_rank(times: Sequence[float], percent: int) -> float:
    """Return the nearest-rank percentile of one value or more: of n in order, the one at place ⌈n · percent / 100⌉."""
    place = -(-len(times) * percent // 100)
    return sorted(times)[max(place, 1) - 1]


def _times(counted: Iterable[Counted], figure: Figure, targets: Mapping[str, timedelta]) -> Times:
    found = [(one.value, targets.get(one.team)) for one in counted if one.figure is figure and one.value is not None]
    if not found:
        return Times()
    values = [value for value, _ in found]
    met = [value <= target.total_seconds() for value, target in found if target is not None]
    median, most = (timedelta(seconds=nearest_rank(values, percent)) for percent in (50, 95))
    return Times(len(values), median, most, _share(sum(met), len(met)))


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole else None
