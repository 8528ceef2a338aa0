"""The command line: nothing but arguments, output and exit codes."""

from __future__ import annotations

import errno
import io
import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click

from helpbot import __version__, compose
from helpbot.answers import canned, files
from helpbot.answers.check import check_tests, worth_a_look
from helpbot.answers.entries import Faq
from helpbot.answers.explain import explain
from helpbot.answers.library import FaqLibrary
from helpbot.cli_backup import backup
from helpbot.cli_base import (
    DEFAULT,
    FAULTS,
    OUR_FAULT,
    UNUSABLE,
    Lossy,
    a_number,
    config_option,
    faq_option,
    read_library,
    stdin_lines,
)
from helpbot.cli_dead import dead
from helpbot.cli_doctor import doctor
from helpbot.cli_stats import stats
from helpbot.cli_workshop import calibrate, show_gaps, show_replay
from helpbot.config import Config, canned_beside, faq_beside, load_config
from helpbot.core.english import counted
from helpbot.core.phrases import SHIPPED
from helpbot.strict_yaml import Fault

_NOWHERE = Path("/nonexistent/helpbot.yaml")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="helpbot")
def cli() -> None:
    """Run a help desk for chat rooms: sure answers from a FAQ, and a person for everything else."""


@cli.command()
@config_option
@click.option("-v", "--verbose", is_flag=True, help="Log more; never anybody's words.")
def run(config_file: Path | None, verbose: bool) -> None:
    """Run the desk until it is told to stop (SIGTERM or Ctrl-C)."""
    from helpbot import cli_desk  # noqa: PLC0415  # the networks take long to import, and `ask` need not wait

    cli_desk.run(config_file, logging.DEBUG if verbose else logging.INFO)


@cli.command()
@config_option
@faq_option
def chat(config_file: Path | None, faq_folder: Path | None) -> None:
    """Try the whole desk in this terminal: no account, no network.

    You write as the customer and see what the agents would see; /agent TEXT speaks as an agent (/agent !claim,
    /agent hello), /quit ends. A script may come from a pipe.
    """
    from helpbot import cli_desk  # noqa: PLC0415

    cli_desk.chat(config_file, faq_folder)


@cli.command()
@config_option
@faq_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--max-wrong", type=click.FloatRange(0, 1), metavar="R", callback=a_number,
              help="At most this share of all questions may get a wrong answer.")  # fmt: skip
@click.argument("text", nargs=-1)
def ask(
    config_file: Path | None, faq_folder: Path | None, as_json: bool, max_wrong: float | None, text: tuple[str, ...]
) -> None:
    """Say what the bot would do with a question, and why; without TEXT, with each line of standard input."""
    config, library = read_library(config_file, faq_folder)
    if max_wrong is not None:
        library = library.promising(max_wrong, config.answers.out_of_scope)
    questions: Iterable[str] = [" ".join(text)] if text else (line.rstrip("\r\n") for line in stdin_lines())
    for question in questions:
        now = datetime.now(UTC)
        answer = _as_json(library, question, now) if as_json else explain(library, question, None, now)
        click.echo(answer)
        sys.stdout.flush()


@cli.command()
@config_option
@faq_option
def check(config_file: Path | None, faq_folder: Path | None) -> None:
    """Check the config and the FAQ (with --faq DIR, that folder alone); print every fault with its place."""
    faults: list[Fault] = []
    config: Config | None
    now = datetime.now(UTC)
    if faq_folder is None:
        config, found = load_config(config_file or DEFAULT, os.environ, explicit=config_file is not None)
        faults += found
        if config is None:  # the faults of its folders are told all the same
            _end_check([*faults, *_beside(config_file or DEFAULT)], Faq())
            return
        for note in config.worth_a_look(str(config_file or DEFAULT), now):
            click.echo(f"worth a look: {note}", err=True)
        faults += compose.load_canned(config)[1]
        faults += config.faults_for_run(str(config_file or DEFAULT)) if config.matrix or config.discord else ()
        faq, found = compose.load_faq(config)
    else:
        config, _ = load_config(_NOWHERE, {}, explicit=False)
        assert config is not None, "the defaults are without fault"  # noqa: S101
        faq, found = files.load(faq_folder, config.languages)
    faults += found
    if not found:
        library = compose.library(config, faq)
        faults += check_tests(library, faq, now)
        vague = compose.vague_replies(config, compose.make_desk(config, library))
        for note in (*worth_a_look(faq, library.calibration, config.languages, now), *vague):
            click.echo(f"worth a look: {note}", err=True)
    _end_check(faults, faq)


for _command in (backup, calibrate, dead, doctor, show_gaps, show_replay, stats):
    cli.add_command(_command)


def main() -> None:
    """Run the command line; a fault of ours ends with its traceback and exit code 70."""
    _open_streams()
    try:
        with cli.make_context("helpbot", sys.argv[1:]) as context:
            cli.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as refused:
        refused.show()
        sys.exit(UNUSABLE)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except Exception as error:  # noqa: BLE001  # exit code 70 is for whatever it is
        _end_badly(error, serves=sys.argv[1:2] == ["run"])


def _open_streams() -> None:
    """Have all three streams there, of UTF-8; what stderr cannot take is lost, and the exit code says the rest."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  # open till the end
        getattr(sys, name).reconfigure(encoding="utf-8", errors="replace")
    lossy = io.BufferedWriter(Lossy(os.dup(sys.stderr.fileno()), "w", closefd=False))  # till the end
    sys.stderr = io.TextIOWrapper(lossy, encoding="utf-8", errors="replace", line_buffering=True)


def _end_badly(error: Exception, *, serves: bool) -> None:
    """End as the error deserves: silently when nobody reads us any more, with a word when the disk is full.

    Whom a desk `serves` reads no pipe, so that it never ends silently.
    """
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if isinstance(error, BrokenPipeError) and not serves:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EIO}:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        click.echo(f"what was to be written could not be ({error.strerror}): make room, or write elsewhere", err=True)
        sys.exit(UNUSABLE)
    traceback.print_exception(error)
    click.echo("This is a fault of helpbot itself: please report it with the lines above.", err=True)
    sys.exit(OUR_FAULT)


# --- small parts


def _beside(config_file: Path) -> tuple[Fault, ...]:
    """Return the faults of the folders that a faulty config means."""
    found = files.load(faq_beside(config_file), SHIPPED)[1]
    replies = canned_beside(config_file)
    return found if replies is None else (*found, *canned.load(replies, SHIPPED[0])[1])


def _end_check(faults: list[Fault], faq: Faq) -> None:
    for fault in faults:
        click.echo(str(fault))
    if faults:
        click.echo(f"{counted(len(faults), 'fault')} found", err=True)
        sys.exit(FAULTS)
    click.echo(f"no faults: {counted(len(faq.entries), 'entry', 'entries')}", err=True)


def _as_json(library: FaqLibrary, question: str, now: datetime) -> str:
    start = time.perf_counter()
    finding = library.find(question, None, now)
    elapsed = (time.perf_counter() - start) * 1000
    best = finding.candidates[0] if finding.candidates else None
    values = {
        "question": question,
        "language": finding.language,
        "decision": finding.zone.value,
        "entry": None if best is None else best.entry,
        "confidence": 0.0 if best is None else round(best.confidence, 4),
        "candidates": [
            {"entry": candidate.entry, "confidence": round(candidate.confidence, 4)} for candidate in finding.candidates
        ],
        "ms": round(elapsed, 3),
    }
    return json.dumps(values, ensure_ascii=False)


if __name__ == "__main__":
    main()
