"""Backups on the command line."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import click

from helpbot.cli_base import DEFAULT, Unusable, config_option, printable, read_config

_TERMINATED = 128 + signal.SIGTERM


@click.command()
@config_option
@click.option("--force", is_flag=True, help="Replace FILE if it is there already.")
@click.argument("file", type=click.Path(), metavar="FILE")
def backup(config_file: Path | None, force: bool, file: str) -> None:
    """Copy the database to FILE, as it is at one moment; the desk may run meanwhile.

    The copy holds people's words and the bot's login: keep it as safe as the database. The encryption keys are not
    part of it, and must not be restored from an older copy.
    """
    from helpbot.store.backup import back_up  # noqa: PLC0415  # the store takes long to import
    from helpbot.transports.base import SetupError  # noqa: PLC0415

    if file.rpartition("/")[2] in {"", "."}:  # which a Path does not keep
        raise Unusable(f"{printable(file)}: is a folder: name a file in it")
    config = read_config(config_file)
    database = config.database_path()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))  # which leaves nothing behind
    try:
        copied = back_up(database, Path(file), force=force, spared=(config_file or DEFAULT, config.key_store()))
    except SetupError as error:
        raise Unusable(printable(str(error))) from None
    said = (
        f"{database} is copied to {file}: {copied.size} bytes, {copied.tickets} tickets, "
        f"{copied.undecided} events to decide, {copied.unsent} messages to send",
        f"the encryption keys in {config.key_store()} are not part of it: leave them where they are when you restore "
        "this copy, and never put back an old copy of them; if they are lost, leave their folder empty",
    )
    for line in said:
        click.echo(printable(line), err=True)
