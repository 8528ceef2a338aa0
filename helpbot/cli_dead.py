"""Dead letters on the command line: what failed, and what an admin does about it."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from helpbot.cli_base import FAULTS, Unusable, config_option, printable, read_config

if TYPE_CHECKING:
    from helpbot.store.dead import DeadLetter

_LINE = 100  # characters of somebody's words in a list


@click.group()
def dead() -> None:
    """Show what could not be decided or delivered, and have it tried again or let go of it."""


@dead.command("list")
@config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a dead letter, with whole words.")
def list_letters(config_file: Path | None, as_json: bool) -> None:
    """List what failed, the oldest first, one a line; the desk may run meanwhile."""
    found = _letters(read_config(config_file).database_path())
    for letter in found:
        click.echo(_as_json(letter) if as_json else _in_a_line(letter))
    if not found:
        click.echo("no dead letters", err=True)


@dead.command("show")
@config_option
@click.argument("letter_id", metavar="ID")
def show_letter(config_file: Path | None, letter_id: str) -> None:
    """Show all of one, with whole words."""
    for letter in _letters(read_config(config_file).database_path()):
        if letter.id == letter_id:
            click.echo(_whole(letter))
            return
    click.echo(_unknown(letter_id), err=True)
    sys.exit(FAULTS)


_ids = click.argument("ids", metavar="[ID]...", nargs=-1)


@dead.command("retry")
@config_option
@click.option("--all", "every", is_flag=True, help="All that is not tried by itself any more.")
@_ids
def retry_letters(config_file: Path | None, every: bool, ids: tuple[str, ...]) -> None:
    """Have them decided or sent again: by the desk at once if it runs, else at its next start.

    The parts of one long message are sent again together.
    """
    _change("retry", config_file, ids, every=every)


@dead.command("drop")
@config_option
@click.option("--all", "every", is_flag=True, help="All that is not tried by itself any more.")
@_ids
def drop_letters(config_file: Path | None, every: bool, ids: tuple[str, ...]) -> None:
    """Let go of them: they are not listed any more and never sent. This cannot be undone."""
    _change("drop", config_file, ids, every=every)


def _letters(database: Path) -> list[DeadLetter]:
    from helpbot.store.dead import letters  # noqa: PLC0415  # the store takes long to import
    from helpbot.transports.base import SetupError  # noqa: PLC0415

    try:
        return letters(database)
    except SetupError as error:
        raise Unusable(printable(str(error))) from None


# --- changing them


def _change(do: str, config_file: Path | None, ids: tuple[str, ...], *, every: bool) -> None:
    """Retry or drop, and tell of each what becomes of it; end with 1 if there was one that could not be."""
    if every == bool(ids):
        raise click.UsageError("name dead letters by their ids (see `helpbot dead list`), or all of them by --all")
    database = read_config(config_file).database_path()
    found = {letter.id: letter for letter in _letters(database)}
    wanted = [letter.id for letter in found.values() if _can(do, letter)] if every else list(dict.fromkeys(ids))
    refused = 0
    for name in wanted:
        if name not in found:
            click.echo(_unknown(name), err=True)
            refused += 1
        elif found[name].handed and do == "retry":
            click.echo(f"{name}: the agents have had these words, or were told: drop it once you know why", err=True)
            refused += 1
        elif found[name].waits and do == "drop":
            click.echo(f"{name}: still tried by itself: it cannot be dropped", err=True)
            refused += 1
        elif found[name].waits:
            click.echo(f"{name}: still tried by itself")
    for name, there in _done(database, do, [name for name in wanted if name in found and _can(do, found[name])]):
        click.echo(f"{name}: {_outcome(do, name, found=there)}")
    if not wanted:
        click.echo("no dead letters", err=True)
    if refused:
        sys.exit(FAULTS)


def _can(do: str, letter: DeadLetter) -> bool:
    """Tell whether there is something to retry or to drop: not what is tried by itself, nor words repeated."""
    return not letter.waits and not (do == "retry" and letter.handed)


def _outcome(do: str, name: str, *, found: bool) -> str:
    if not found and do == "retry":  # it was there a moment ago
        return "no dead letter any more: it goes with another part of its message, or somebody else saw to it"
    if not found:
        return "no dead letter any more: somebody else saw to it"
    if do == "drop":
        return "dropped"
    return "will be decided again" if name.startswith("in") else "will be sent again"


def _done(database: Path, do: str, names: list[str]) -> Iterator[tuple[str, bool]]:
    """Do it for one after the other, and tell whether it was there: the desk does it, or we do while none runs."""
    from helpbot.store import control  # noqa: PLC0415
    from helpbot.store.base import StoreBusy  # noqa: PLC0415
    from helpbot.transports.base import SetupError  # noqa: PLC0415

    try:
        for place, name in enumerate(names):
            try:
                there = control.ask(database, do, name)
            except control.NoDesk as nobody:
                yield from _done_by_us(database, do, names[place:], str(nobody))
                return
            yield name, there
    except (SetupError, StoreBusy, sqlite3.DatabaseError) as error:
        raise Unusable(printable(str(error), keep="\n")) from None


def _done_by_us(database: Path, do: str, names: list[str], nobody: str) -> Iterator[tuple[str, bool]]:
    """Do it while no desk can start; `nobody` says why none could be asked."""
    import asyncio  # noqa: PLC0415

    from helpbot.store.lock import DeskLock  # noqa: PLC0415
    from helpbot.transports.base import SetupError  # noqa: PLC0415

    try:
        lock = DeskLock(database)
    except SetupError as held:
        raise SetupError(f"{held}\nIt cannot be asked to {do} ({nobody}): a desk listens only once it is up") from None
    try:
        done = asyncio.run(_by_ourselves(database, do, names))
    finally:
        lock.release()
    if do == "retry":
        click.echo("no desk runs on this database: it happens at the next start", err=True)
    yield from done


async def _by_ourselves(database: Path, do: str, names: list[str]) -> list[tuple[str, bool]]:
    from helpbot.store.sqlite import SqliteStore  # noqa: PLC0415

    store = await SqliteStore.open(database)
    try:
        if do == "retry":
            return [(name, await store.retry_dead(name)) for name in names]
        return [(name, await store.drop_dead(name, datetime.now(UTC))) for name in names]
    finally:
        await store.close()


# --- showing them


def _unknown(name: str) -> str:
    return f"{_line(name)}: there is no such dead letter: see `helpbot dead list`"


def _as_json(letter: DeadLetter) -> str:
    """Return it as JSON in ASCII, which harms no terminal."""
    return json.dumps(
        {
            "id": letter.id,
            "at": letter.at.isoformat(),
            "ticket": letter.ticket,
            "to": letter.to,
            "why": letter.why,
            "tries": letter.tries,
            "waits": letter.waits,
            "handed": letter.handed,
            "words": letter.words,
        }
    )


def _in_a_line(letter: DeadLetter) -> str:
    parts = [letter.id, f"{letter.at:%Y-%m-%d %H:%M} UTC"]
    parts += [] if letter.ticket is None else [f"#{letter.ticket}"]
    parts += [_line(letter.to), _line(letter.why)]
    parts += [_count(letter.tries)] if letter.tries else []
    parts += ["still tried"] if letter.waits else []
    parts += ["with the agents"] if letter.handed else []
    return " · ".join([*parts, f"“{_line(letter.words)}”"])


def _whole(letter: DeadLetter) -> str:
    """Return all of it; words are indented, so that none of their lines looks like one of ours."""
    lines = [
        f"{letter.id} of {letter.at:%Y-%m-%d %H:%M:%S} UTC",
        f"ticket: {'none' if letter.ticket is None else f'#{letter.ticket}'}",
        f"to:     {printable(letter.to)}",
        f"why:    {printable(letter.why)}",
        f"tries:  {letter.tries}{', still tried by itself' if letter.waits else ''}",
        *(["agents: have had these words, or were told"] if letter.handed else []),
        "words:",
    ]
    return "\n".join([*lines, *(f"    {printable(line)}" for line in letter.words.splitlines())])


def _count(tries: int) -> str:
    return f"{tries} {'try' if tries == 1 else 'tries'}"


def _line(text: str) -> str:
    """Return people's words on one line that harms no terminal."""
    line = " ".join(printable(text[: 4 * _LINE], " ").split())
    return line if len(line) <= _LINE else line[: _LINE - 1] + "…"
