"""The weekly report of each team: when it is due, and what it says.

Rule: a report is a row that the desk writes to itself, named by team and ISO week, because that makes it come once,
through restarts and whatever clocks do; what it says is worked out when the row is decided.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from helpbot import chart
from helpbot.clock import Now
from helpbot.core.effects import Content, Literal, Picture, Strong
from helpbot.core.figures import Figures, Measured, Times, by_day, figures_of
from helpbot.core.model import Team
from helpbot.core.phrases import is_phrase, say, say_counted
from helpbot.core.told import lasting
from helpbot.store.base import Store, StoreBusy

_NAP = timedelta(seconds=30)  # so that a clock that jumps is noticed
_SECOND = timedelta(seconds=1)
_BUSY_PAUSE = 1.0  # seconds before a database that could not be used is tried again
_DAYS = 7
_NONE = "–"


@dataclass(frozen=True, slots=True)
class Report:
    """A team's report: the whole days `since` to before `until`, in the team's zone; due in the ISO week `week`."""

    team: str
    week: str
    due: datetime
    since: datetime
    until: datetime

    @property
    def event(self) -> str:
        """Return the name by which it counts once."""
        return f"report:{self.team}:{self.week}"

    @property
    def payload(self) -> str:
        """Return the row's JSON."""
        span = {"from": self.since.isoformat(), "to": self.until.isoformat()}
        return json.dumps({"kind": "report", "ticket": None, "team": self.team, "week": self.week, **span})


def last_due(team: Team, now: datetime, day: int, at: time) -> Report:
    """Return the team's last report that is due; `day` is 0 for Monday, `at` the time on the wall of the team.

    It is at most a week old: what a desk that was down for longer has missed before is left out.
    """
    zone = team.hours.zone
    today = now.astimezone(zone).date()
    on = today - timedelta(days=(today.weekday() - day) % _DAYS)
    if _moment(on, at, zone) > now:
        on -= timedelta(days=_DAYS)
    year, week, _ = on.isocalendar()
    since = _moment(on - timedelta(days=_DAYS), time(), zone)
    return Report(team.id, f"{year}-W{week:02}", _moment(on, at, zone), since, _moment(on, time(), zone))


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)


async def run_reports(store: Store, now: Now, teams: Callable[[], Sequence[Team]], day: int, at: time) -> None:
    """Have each team's report written when it is due, or as soon as the desk is there again, until cancelled."""
    written: set[str] = set()
    while True:
        moment = now()
        due = [last_due(team, moment, day, at) for team in teams()]
        try:
            for report in due:
                if report.event not in written:
                    await store.write_report(report.event, report.payload, report.until, moment)
                    written.add(report.event)
        except StoreBusy:
            await asyncio.sleep(_BUSY_PAUSE)
            continue
        upcoming = min((report.due + timedelta(days=_DAYS) for report in due), default=moment + _NAP)
        await asyncio.sleep(min(max(upcoming - moment, _SECOND), _NAP).total_seconds())


# --- what it says


async def content_of(measured: Measured, team: Team, week: str, since: datetime, language: str) -> Content:
    """Return the report of a team's week that begins on the day `since`, with its picture."""
    zone = team.hours.zone
    first = since.astimezone(zone).date()
    starts = [_moment(first + timedelta(days=number), time(), zone) for number in range(_DAYS + 1)]
    days = by_day(measured, starts[:-1], starts[-1])
    drawn = await asyncio.to_thread(chart.draw, days, team.first_word, zone, language)  # a tenth of a second
    name = say("chart_name", language, week=week)
    named = team.names.get(language) or next(iter(team.names.values()), team.id)
    last = first + timedelta(days=_DAYS - 1)
    title = say("report_title", language, team=named, since=_day(first, language), until=_day(last, language))
    figures = figures_of(measured, {team.id: team.first_word})
    lines = lines_of(figures, team, language)
    return Strong(title), Literal("\n".join(lines)), Picture(name, "", base64.b64encode(drawn).decode("ascii"))


def lines_of(figures: Figures, team: Team, language: str) -> tuple[str, ...]:
    """Return the figures as lines for people; what was not measured is a dash."""
    share = _percent(figures.alone_share, language)
    target = lasting(team.first_word, language)
    in_opening_time = _met(figures.first_word_open, target, language)
    open_too = () if team.hours.always else (say("report_first_word_open", language, times=in_opening_time),)
    kept = _percent(figures.kept_share, language)
    return (
        say("report_questions", language, count=figures.questions, alone=figures.alone, share=share),
        say("report_escalated", language, count=sum(figures.escalated.values()), reasons=_reasons(figures, language)),
        say("report_first_word", language, times=_met(figures.first_word, target, language)),
        *open_too,
        say("report_solved", language, times=_times(figures.solved, language)),
        say(
            "report_promises",
            language,
            made=figures.promised,
            kept=figures.kept,
            broken=figures.broken,
            moved=figures.moved,
            share=kept,
        ),
        say("report_ends", language, hops=figures.hops, reopened=figures.reopened, silent=figures.silent),
        say("report_rated", language, mean=_mean(figures, language)),
    )


def _reasons(figures: Figures, language: str) -> str:
    named = [
        f"{say(name, language)} {count}"
        for reason, count in figures.escalated.items()
        if is_phrase(name := f"report_reason_{reason}")
    ]
    return f" ({', '.join(named)})" if named else ""


def _times(times: Times, language: str) -> str:
    if times.median is None or times.most is None:
        return _NONE
    median, most = lasting(times.median, language), lasting(times.most, language)
    return say("report_times", language, median=median, most=most)


def _met(times: Times, target: str, language: str) -> str:
    if times.within is None:
        return _times(times, language)
    within = _percent(times.within, language)
    return say("report_target", language, times=_times(times, language), target=target, within=within)


def _mean(figures: Figures, language: str) -> str:
    if figures.satisfaction is None:
        return _NONE
    mean = f"{figures.satisfaction:.1f}"
    mean = mean.replace(".", ",") if language == "fr" else mean
    spread = " · ".join(f"{stars}★ {count}" for stars, count in sorted(figures.ratings.items(), reverse=True))
    return say_counted("report_rated_mean", language, mean=mean, count=figures.rated, spread=spread)


def _percent(share: float | None, language: str) -> str:
    if share is None:
        return _NONE
    return f"{share * 100:.0f} %" if language == "fr" else f"{share:.0%}"


def _day(day: date, language: str) -> str:
    weekday = say("report_weekdays", language).split()[day.weekday()]
    month = say("report_months", language).split()[day.month - 1]
    return say("report_day", language, weekday=weekday, day=day.day, month=month)
