"""What the commands share: options, the config, faults, standard streams."""

from __future__ import annotations

import io
import logging
import math
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from helpbot import compose
from helpbot.answers.library import FaqLibrary
from helpbot.config import Config, load_config
from helpbot.strict_yaml import Fault

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

FAULTS, UNUSABLE, OUR_FAULT = 1, 2, 70
DEFAULT = Path("config.yaml")


class Lossy(io.FileIO):
    """A file that loses what it cannot take, because no desk may end by what it says of itself."""

    def write(self, content: ReadableBuffer, /) -> int:
        """Write what can be written and call it all."""
        size = memoryview(content).nbytes
        try:
            written = super().write(content)
        except OSError:
            return size
        return size if written is None else written


class Unusable(click.ClickException):
    """What the admin must mend first; shown as it is."""

    exit_code = UNUSABLE

    def show(self, file: object = None) -> None:
        """Print the message to stderr."""
        click.echo(self.message, err=True)


config_option = click.option(
    "-c", "--config", "config_file", type=click.Path(path_type=Path), metavar="FILE",
    help="The config file.  [default: config.yaml, else built-in defaults]",
)  # fmt: skip
faq_option = click.option(
    "--faq", "faq_folder", type=click.Path(path_type=Path), metavar="DIR", help="Use this FAQ folder."
)


def a_number(_: click.Context, option: click.Parameter, value: float | None) -> float | None:
    """Return the value of an option; refuse what is no number, which no range keeps out."""
    if value is not None and math.isnan(value):
        raise click.BadParameter("nan is not a number", param=option)
    return value


def read_config(config_file: Path | None, faq_folder: Path | None = None) -> Config:
    """Return the config; raise Unusable with all its faults."""
    config, faults = load_config(config_file or DEFAULT, os.environ, explicit=config_file is not None)
    if config is None or faults:
        refuse(faults)
        raise Unusable("the config cannot be used")
    return config if faq_folder is None else config.with_faq(faq_folder)


def read_library(config_file: Path | None, faq_folder: Path | None) -> tuple[Config, FaqLibrary]:
    """Return the config and its FAQ ready to answer; raise Unusable with all their faults."""
    config = read_config(config_file, faq_folder)
    faq, faults = compose.load_faq(config)
    refuse(faults)
    return config, compose.library(config, faq)


def refuse(faults: Iterable[Fault]) -> None:
    """Raise Unusable with the faults, if there are any."""
    found = [str(fault) for fault in faults]
    if found:
        raise Unusable("\n".join(found))


def printable(text: str, instead: str = "\ufffd", *, keep: str = "") -> str:
    """Return the text without signs that steer a terminal."""
    return "".join(sign if sign.isprintable() or sign in keep else instead for sign in text)


def stdin_lines() -> Iterator[str]:
    """Yield the lines of standard input; tell a person how to end."""
    if sys.stdin.isatty():
        click.echo("One question a line; Ctrl-D ends.", err=True)
    yield from sys.stdin


def log_to_stderr(level: int) -> None:
    """Log from that level on, for people on a terminal and for programs elsewhere."""
    import structlog  # noqa: PLC0415  # a tenth of a second that `ask` need not wait

    coloured = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=coloured, exception_formatter=structlog.dev.plain_traceback)
            if coloured
            else structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.getLogger("nio").setLevel(logging.CRITICAL)  # it logs what people wrote
