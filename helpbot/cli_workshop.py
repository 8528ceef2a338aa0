"""The admin's workshop on the command line: what a FAQ can promise, what it lacks, what a change would do."""

from __future__ import annotations

import json
from pathlib import Path

import click

from helpbot import compose
from helpbot.answers.calibrate import PROMISES, Outcome
from helpbot.cli_base import config_option, faq_option, read_config, refuse

_WIDTH = 40  # characters of a bar


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
    config = read_config(config_file, faq_folder)
    faq, faults = compose.load_faq(config)
    refuse(faults)
    library = compose.library(config, faq)
    said, outside = config.answers.max_wrong, config.answers.out_of_scope
    outcomes = [library.calibration.outcome(share, outside) for share in sorted({*PROMISES, said})]
    if as_json:
        for outcome in outcomes:
            click.echo(json.dumps({name: round(getattr(outcome, name), 4) for name in Outcome.__slots__}))
        return
    inside = sum(not trial.outside for trial in library.calibration.trials)
    click.echo(
        f"{len(faq.entries)} entries: {inside} questions they hold, "
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


def _bar(one: Outcome) -> str:
    """Return the shares as one line of characters."""
    ends, total = [], 0.0
    for share in (one.answered - one.wrong, one.wrong, one.suggested):
        total += share
        ends.append(round(total * _WIDTH))
    right, wrong, suggested = ends
    return "█" * right + "▒" * (wrong - right) + "░" * (suggested - wrong) + "·" * (_WIDTH - suggested)
