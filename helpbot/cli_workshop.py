"""The admin's workshop on the command line: what a FAQ can promise, what it lacks, what a change would do."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from helpbot.answers import calibrate as trials
from helpbot.answers.gaps import Unanswered, draft, gaps
from helpbot.answers.replay import Told, replay
from helpbot.cli_base import Unusable, config_option, faq_option, read_library
from helpbot.config import Config
from helpbot.core.english import counted
from helpbot.core.model import Outcome

if TYPE_CHECKING:
    from helpbot.store.workshop import Recorded

_WIDTH = 40  # characters of a bar
_LINE = 100  # characters of a question that are shown
_SHOWN = 6  # questions of a group


@click.command()
@config_option
@faq_option
@click.option("--plot", is_flag=True, help="Draw the shares as bars.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a promise.")
def calibrate(config_file: Path | None, faq_folder: Path | None, plot: bool, as_json: bool) -> None:
    """Say what the FAQ can do when at most 1, 2, 5 or 10 % of all questions may get a wrong answer.

    The FAQ is asked its own phrasings, each as if it had not been written, and those of each entry as if the entry had
    not been: so many questions come from outside as `answers.out_of_scope` says.
    """
    config, library = read_library(config_file, faq_folder)
    if not library.calibration.measures:
        raise Unusable("the FAQ is too small to measure: it takes three entries, one of them with three phrasings")
    said, outside = config.answers.max_wrong, config.answers.out_of_scope
    outcomes = [library.calibration.outcome(share, outside) for share in sorted({*trials.PROMISES, said})]
    if as_json:
        for outcome in outcomes:
            click.echo(json.dumps({name: round(getattr(outcome, name), 4) for name in trials.Outcome.__slots__}))
        return
    inside = sum(not trial.outside for trial in library.calibration.trials)
    click.echo(
        f"{counted(len(library.faq.entries), 'entry', 'entries')}: {counted(inside, 'question')} they hold, "
        f"{len(library.calibration.trials) - inside} they do not, weighed as {outside:.0%} of all\n"
    )
    click.echo("promised    sure from    answered    suggested    to a person    wrong answers")
    for one in outcomes:
        mark = "  ← answers.max_wrong" if one.promised == said else ""
        click.echo(
            f"{one.promised:8.1%}    {one.threshold:9.0%}    {one.answered:8.1%}    {one.suggested:9.1%}    "
            f"{one.escalated:11.1%}    {one.wrong:13.1%}{mark}"
        )
    if plot:
        click.echo(f"\n{'█' * 3} answered rightly  {'▒' * 3} wrong answer  {'░' * 3} suggested  {'·' * 3} to a person")
        for one in outcomes:
            click.echo(f"{one.promised:8.1%}  {_bar(one)}")


def _bar(one: trials.Outcome) -> str:
    """Return the shares as one line of characters."""
    ends, total = [], 0.0
    for share in (one.answered - one.wrong, one.wrong, one.suggested):
        total += share
        ends.append(round(total * _WIDTH))
    right, wrong, suggested = ends
    return "█" * right + "▒" * (wrong - right) + "░" * (suggested - wrong) + "·" * (_WIDTH - suggested)


_since_option = click.option("--since", type=click.IntRange(0, 36_500), metavar="DAYS", help="Only the last DAYS days.")


@click.command("gaps")
@config_option
@faq_option
@_since_option
@click.option("--draft", "draft_file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write the groups as FAQ entries to a new file.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object a group.")
def show_gaps(
    config_file: Path | None, faq_folder: Path | None, since: int | None, draft_file: Path | None, as_json: bool
) -> None:
    """Show what the FAQ lacks: questions that went to a person or were answered "no", grouped by likeness."""
    config, library = read_library(config_file, faq_folder)
    asked = [
        Unanswered(one.asked.text, one.asked.language)
        for one in _recorded(config, since)
        if one.outcome in {Outcome.ESCALATED, Outcome.REFUSED}
    ]
    now = datetime.now(UTC)
    found = gaps(library, asked, now)
    if draft_file is not None:
        _write_new(draft_file, draft(library, found, config.languages[0], now))
    for gap in found:
        if as_json:
            questions = [one.text for one in gap.questions]
            values = {"asked": gap.asked, "entry": gap.entry, "confidence": round(gap.confidence, 4)}
            click.echo(json.dumps({**values, "answered": gap.answered, "questions": questions}, ensure_ascii=False))
            continue
        nearest = "no entry is near" if gap.entry is None else f"nearest: {gap.entry} ({gap.confidence:.0%})"
        nearest = f"the FAQ answers it now, with {gap.entry}: is the answer good?" if gap.answered else nearest
        click.echo(f"{gap.asked:4d} ×  {_line(gap.questions[0].text)}\n        {nearest}")
        for one in gap.questions[1:_SHOWN]:
            click.echo(f"        {_line(one.text)}")
        if len(gap.questions) > _SHOWN:
            click.echo(f"        and {len(gap.questions) - _SHOWN} more")
    if not as_json:
        where = "" if draft_file is None else f"; draft in {draft_file}"
        click.echo(f"{counted(len(asked), 'question')} in {counted(len(found), 'group')}{where}", err=True)


@click.command("replay")
@config_option
@faq_option
@_since_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a change.")
def show_replay(config_file: Path | None, faq_folder: Path | None, since: int | None, as_json: bool) -> None:
    """Show what would change if the FAQ (with --faq DIR, that one) had answered the questions that were asked."""
    config, library = read_library(config_file, faq_folder)
    questions = (one.asked for one in _recorded(config, since))
    asked = ((one.text, one.language, one.before, Told.of(one.zone, one.entry)) for one in questions)
    total, changes = replay(library, asked, datetime.now(UTC))
    for change in changes:
        if as_json:
            values = {"question": change.text, "then": str(change.then), "now": str(change.now), "asked": change.asked}
            click.echo(json.dumps(values, ensure_ascii=False))
        else:
            click.echo(f"{change.asked:4d} ×  {_line(change.text)}\n        {change.then} → {change.now}")
    if not as_json:
        moved = sum(change.asked for change in changes)
        click.echo(f"{moved} of {total} questions would be treated otherwise", err=True)


def _recorded(config: Config, since: int | None) -> list[Recorded]:
    from helpbot.store.workshop import recorded  # noqa: PLC0415  # the store takes long to import
    from helpbot.transports.base import SetupError  # noqa: PLC0415

    try:
        return recorded(config.database_path(), None if since is None else datetime.now(UTC) - timedelta(days=since))
    except SetupError as error:
        raise Unusable(str(error)) from None


def _write_new(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise Unusable(f"{path}: is there already: name a new file, or take it away first") from None
    except OSError as error:
        raise Unusable(f"{path}: cannot be written ({error.strerror}): name another file") from None


def _line(text: str) -> str:
    """Return people's words on one line that harms no terminal."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text[: 4 * _LINE]).split())
    return line if len(line) <= _LINE else line[: _LINE - 1] + "…"
