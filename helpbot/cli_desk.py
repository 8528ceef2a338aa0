"""The commands that run a desk."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import click
import structlog

from helpbot import compose, serve
from helpbot.chat import chat as desk_in_terminal
from helpbot.cli_base import DEFAULT, Unusable, log_to_stderr, read_config, refuse
from helpbot.transports.base import SetupError


def run(config_file: Path | None, level: int) -> None:
    """Run the desk on its networks, logging from that level on."""
    log_to_stderr(level)
    config = read_config(config_file)
    faults = list(config.faults_for_run(str(config_file or DEFAULT)))
    faq, more = compose.load_faq(config)
    refuse([*faults, *more, *compose.load_canned(config)[1]])
    try:
        asyncio.run(serve.run_desk(config, faq, say_ready))
    except SetupError as error:
        raise Unusable(str(error)) from None
    except BaseExceptionGroup as group:
        setup, rest = group.split(SetupError)
        if setup is None or rest is not None:
            raise
        raise Unusable("\n".join(_messages(setup))) from None


def say_ready() -> None:
    """Say so on stdout; when nobody can read it there, the desk serves all the same."""
    try:
        click.echo("ready")
    except OSError as error:
        structlog.get_logger(__name__).warning("ready_not_printed", why=error.strerror)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what it still holds must not fail at the end


def chat(config_file: Path | None, faq_folder: Path | None) -> None:
    """Run the desk in this terminal."""
    log_to_stderr(logging.ERROR)
    config = read_config(config_file, faq_folder)
    faq, faults = compose.load_faq(config)
    refuse([*faults, *compose.load_canned(config)[1]])
    terminal = sys.stdin.isatty()
    coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def prompt() -> None:
        if terminal:
            click.echo("> ", nl=False)

    async def whole() -> None:
        lines = _lines_from_stdin()
        echo, write = not terminal, click.echo
        if terminal:
            click.echo("You are the customer. /agent TEXT speaks as an agent, /quit ends.", err=True)
        await desk_in_terminal(config, faq, lines, write, coloured=coloured, echo=echo, prompt=prompt)

    try:
        asyncio.run(whole())
    except KeyboardInterrupt:
        click.echo()


def _messages(group: BaseExceptionGroup[SetupError]) -> Iterator[str]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _messages(error)
        else:
            yield str(error)


def _lines_from_stdin() -> asyncio.Queue[str | None]:
    """Return a queue of the lines typed, None at their end; a thread of its own reads, so that nothing waits for it."""
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is over before the lines are
            for line in sys.stdin:
                loop.call_soon_threadsafe(lines.put_nowait, line)
            loop.call_soon_threadsafe(lines.put_nowait, None)

    threading.Thread(target=read, daemon=True, name="stdin").start()
    return lines
