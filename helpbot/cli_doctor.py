"""The doctor on the command line: what is well with an installation, and how to mend what is not."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from helpbot.cli_base import DEFAULT, FAULTS, Unusable, config_option, read_config, refuse

if TYPE_CHECKING:
    from helpbot.doctor_base import Finding

VARIABLE = "HELPBOT_DOCTOR_ADMIN_TOKEN"
_LONGEST = 4096  # characters of a token


@click.command()
@config_option
@click.option("--admin-token-file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help=f"A server admin's token, to see the rate limits; else {VARIABLE} is used.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line: check, state, meaning, mend.")
def doctor(config_file: Path | None, admin_token_file: Path | None, as_json: bool) -> None:
    """Examine this installation and say how to mend what is wrong; the desk may run meanwhile.

    Looks at config, FAQ, database, keys, networks and rooms, and changes nothing. Ends with 0 when there is no fault
    (warnings are none), 1 when there is one, 2 when the config cannot be used.
    """
    from helpbot import doctor as here  # noqa: PLC0415  # nio takes long to import
    from helpbot import doctor_matrix  # noqa: PLC0415
    from helpbot.doctor_base import State  # noqa: PLC0415

    admin_token = _admin_token(admin_token_file)
    config = read_config(config_file)
    refuse(config.faults_for_run(str(config_file or DEFAULT)))
    now, file = datetime.now(UTC), config_file or DEFAULT
    if config.matrix is None:
        findings = here.machine(config, now, file)
        _show(findings, as_json=as_json)
    else:
        findings, kept = here.examine(config, config.matrix, now, file)
        _show(findings, as_json=as_json)
        more = asyncio.run(doctor_matrix.examine(config, config.matrix, kept, admin_token))
        _show(more, as_json=as_json)
        findings += more
    if config.discord is not None:
        from helpbot import doctor_discord  # noqa: PLC0415  # an extra, which may not be there

        kept_there = doctor_discord.kept(config.database_path())
        more = asyncio.run(doctor_discord.examine(config, config.discord, kept_there))
        _show(more, as_json=as_json)
        findings += more
    faults = sum(one.state is State.FAULT for one in findings)
    warnings = sum(one.state is State.WARN for one in findings)
    click.echo(f"{_count(faults, 'fault')}, {_count(warnings, 'warning')}", err=True)
    if faults:
        sys.exit(FAULTS)


def _admin_token(file: Path | None) -> str | None:
    """Return the admin's token of the file, else of the environment, which the config must not take for a key."""
    text = os.environ.pop(VARIABLE, None) or None
    where = f"in the environment: {VARIABLE}"
    if file is not None:
        where = str(file)
        try:
            with file.open(encoding="utf-8", errors="replace") as opened:
                text = opened.read(_LONGEST + 1)
        except OSError as error:
            raise Unusable(f"{file}: cannot be read ({error.strerror}): check --admin-token-file") from None
    if text is None:
        return None
    token = text.strip()
    if not token.isascii() or not token.isprintable() or len(token.split()) != 1 or len(token) > _LONGEST:
        raise Unusable(f"{where}: this is no token: one word of letters, digits and signs, and nothing else")
    return token


def _show(findings: Iterable[Finding], *, as_json: bool) -> None:
    for one in findings:
        if as_json:
            values = {"check": one.check, "state": one.state, "meaning": one.meaning, "mend": one.mend}
            click.echo(json.dumps(values, ensure_ascii=False))
            continue
        click.echo(f"{one.state:<5} {_printable(one.check)}: {_printable(one.meaning)}")
        if one.mend:
            click.echo(f"      {_printable(one.mend)}")
    sys.stdout.flush()


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"


def _printable(text: str) -> str:
    """Return the text on one line, without signs that steer a terminal: homeservers may say anything."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text)
