"""`helpbot stats`: the desk's figures on the command line, read beside a desk that may run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from helpbot.cli_base import Unusable, config_option, printable, read_config
from helpbot.config import Config
from helpbot.core.dates import read_since
from helpbot.core.figures import RATINGS, Figures, Times, figures_of
from helpbot.core.model import Reason
from helpbot.core.told import lasting

if TYPE_CHECKING:
    from helpbot.core.figures import Measured

_DEFAULT = timedelta(days=7)
_NONE = "–"
_ALL = "all"


@dataclass(frozen=True, slots=True)
class _Wanted:
    since: datetime
    until: datetime
    zone: ZoneInfo


@click.command("stats")
@config_option
@click.option("--since", metavar="WHEN", help="From then on: 2026-10-01, 2026-10-01 09:00, 7d or 24h.  [default: 7d]")
@click.option("--until", metavar="WHEN", help="Up to then.  [default: now]")
@click.option("--team", "team_id", metavar="ID", help="Only that team.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object; times in seconds.")
def stats(config_file: Path | None, since: str | None, until: str | None, team_id: str | None, as_json: bool) -> None:
    """Show the figures of each team and of all: questions, answers, waits, promises, ratings.

    Dates are in the time zone of the team, without --team of the first one. docs/figures.md says what each figure
    means and what it does not count.
    """
    config = read_config(config_file)
    wanted = _wanted(config, since, until, team_id, datetime.now(UTC))
    measured = _measured(config, wanted)
    teams = _teams(config, measured, team_id)
    targets = {team.id: team.first_word for team in config.teams}
    columns = {team: figures_of(measured.of(team), targets) for team in teams}
    whole = figures_of(measured, targets)
    if as_json:
        values = {
            "since": wanted.since.isoformat(timespec="seconds"),
            "until": wanted.until.isoformat(timespec="seconds"),
            "teams": {team: as_values(figures) for team, figures in columns.items()},
            "all": as_values(whole),
        }
        click.echo(json.dumps(values, ensure_ascii=False))
        return
    span = (f"{at.astimezone(wanted.zone):%Y-%m-%d %H:%M}" for at in (wanted.since, wanted.until))
    click.echo(f"{' to '.join(span)} ({wanted.zone.key})\n")
    shown = list(columns.items()) if team_id is not None else [*columns.items(), (_ALL, whole)]
    _print_table([(printable(name), figures) for name, figures in shown])


def _wanted(config: Config, since: str | None, until: str | None, team_id: str | None, now: datetime) -> _Wanted:
    zone = next((team.time_zone for team in config.teams if team.id == team_id), config.teams[0].time_zone)
    end = now if until is None else _moment("--until", until, now, zone)
    start = end - _DEFAULT if since is None else _moment("--since", since, now, zone)
    if start >= end:
        raise Unusable("--since is not before --until: there is no time between them")
    return _Wanted(start, end, zone)


def _moment(option: str, text: str, now: datetime, zone: ZoneInfo) -> datetime:
    at = read_since(text, now, zone)
    if at is None:
        forms = 'a date that is over ("2026-10-01", "2026-10-01 09:00") or so long ago ("7d", "24h")'
        raise Unusable(f"{option}: {printable(text)[:40]!r} is no moment that can be used: write {forms}")
    return at


def _measured(config: Config, wanted: _Wanted) -> Measured:
    from helpbot.store.figures import measured  # noqa: PLC0415  # the store takes long to import
    from helpbot.transports.base import SetupError  # noqa: PLC0415

    try:
        return measured(config.database_path(), wanted.since, wanted.until)
    except SetupError as error:
        raise Unusable(str(error)) from None


def _teams(config: Config, measured: Measured, team_id: str | None) -> list[str]:
    """Return the teams to show: those of the config, then those that it had when something was counted."""
    known = [team.id for team in config.teams]
    known += sorted(measured.teams() - set(known) - {""})
    if team_id is None:
        return known
    if team_id not in known:
        raise Unusable(f"--team: there is no team {printable(team_id)[:40]!r}: name one of {', '.join(known)}")
    return [team_id]


# --- as JSON


def as_values(figures: Figures) -> Mapping[str, object]:
    """Return the figures as JSON holds them: times in seconds, shares from 0 to 1, null where nothing was measured."""
    return {
        "questions": figures.questions,
        "answered_alone": figures.alone,
        "answered_alone_share": _rounded(figures.alone_share),
        "escalated": sum(figures.escalated.values()),
        "escalated_by_reason": {reason.value: figures.escalated.get(reason.value, 0) for reason in Reason},
        "first_word": _times_values(figures.first_word),
        "first_word_open": _times_values(figures.first_word_open),
        "solution": {name: value for name, value in _times_values(figures.solved).items() if name != "within_target"},
        "hops": figures.hops,
        "promises_made": figures.promised,
        "promises_kept": figures.kept,
        "promises_broken": figures.broken,
        "promises_moved": figures.moved,
        "promises_kept_share": _rounded(figures.kept_share),
        "reopened": figures.reopened,
        "closed_by_silence": figures.silent,
        "satisfaction": {
            "mean": _rounded(figures.satisfaction),
            "count": figures.rated,
            "spread": {str(stars): figures.ratings[stars] for stars in RATINGS},
        },
    }


def _times_values(times: Times) -> Mapping[str, object]:
    return {
        "count": times.count,
        "median": None if times.median is None else times.median.total_seconds(),
        "p95": None if times.most is None else times.most.total_seconds(),
        "within_target": _rounded(times.within),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


# --- as text

_Row = tuple[str, Callable[[Figures], str]]


def _percent(share: float | None) -> str:
    return _NONE if share is None else f"{share:.0%}"


def _span(span: timedelta | None) -> str:
    return _NONE if span is None else lasting(span, "en")


def _with_share(count: int, share: float | None) -> str:
    return f"{count}" if share is None else f"{count} ({share:.0%})"


def _spread(figures: Figures) -> str:
    return " ".join(str(figures.ratings[stars]) for stars in RATINGS) if figures.rated else _NONE


_BEFORE: tuple[_Row, ...] = (
    ("questions", lambda one: str(one.questions)),
    ("answered by the bot alone", lambda one: _with_share(one.alone, one.alone_share)),
    ("a person called", lambda one: str(sum(one.escalated.values()))),
)
_AFTER: tuple[_Row, ...] = (
    ("first human word: median", lambda one: _span(one.first_word.median)),
    ("  95 % within", lambda one: _span(one.first_word.most)),
    ("  within the target", lambda one: _percent(one.first_word.within)),
    ("in opening time: median", lambda one: _span(one.first_word_open.median)),
    ("  95 % within", lambda one: _span(one.first_word_open.most)),
    ("  within the target", lambda one: _percent(one.first_word_open.within)),
    ("solution: median", lambda one: _span(one.solved.median)),
    ("  95 % within", lambda one: _span(one.solved.most)),
    ("given to another team", lambda one: str(one.hops)),
    ("promises made", lambda one: str(one.promised)),
    ("  kept, of those kept or broken", lambda one: _with_share(one.kept, one.kept_share)),
    ("  broken", lambda one: str(one.broken)),
    ("  moved", lambda one: str(one.moved)),
    ("reopened", lambda one: str(one.reopened)),
    ("closed by silence", lambda one: str(one.silent)),
    ("satisfaction, 1 to 5", lambda one: _NONE if one.satisfaction is None else f"{one.satisfaction:.1f}"),
    ("  ratings", lambda one: str(one.rated)),
    ("  of 1, 2, 3, 4, 5", _spread),
)


def _print_table(columns: list[tuple[str, Figures]]) -> None:
    reasons = [reason.value for reason in Reason if any(one.escalated.get(reason.value) for _, one in columns)]
    rows = [(name, [value(one) for _, one in columns]) for name, value in _BEFORE]
    rows += [
        (f"  {name.replace('_', ' ')}", [str(one.escalated.get(name, 0)) for _, one in columns]) for name in reasons
    ]
    rows += [(name, [value(one) for _, one in columns]) for name, value in _AFTER]
    heads = [name for name, _ in columns]
    widths = [max(len(head), *(len(cells[at]) for _, cells in rows)) for at, head in enumerate(heads)]
    first = max(len(name) for name, _ in rows)
    for name, cells in [("", heads), *rows]:
        line = "   ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
        click.echo(f"{name.ljust(first)}   {line}")
