"""How `helpbot doctor` looks at files: who may use them, whether they are whole, and what a database of SQLite holds.

Rule: a look leaves nothing behind, neither in a file nor beside it.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from helpbot.doctor_base import Finding, fault, ok, warn
from helpbot.store.lock import beside
from helpbot.transports.base import SetupError

T = TypeVar("T")
_RESTORE = "stop the desk, keep a copy of the file as it is, and restore a backup"


# --- what facts mean


def permissions(check: str, path: Path, mode: int, wanted: int) -> Finding:
    """Judge who may read a file or folder."""
    if mode & ~wanted & 0o777:
        mend = f"chmod {wanted:o} {shlex.quote(str(path))}"
        return warn(check, f"other accounts of this machine may use {path} (mode {mode:04o})", mend)
    return ok(check, f"only its owner may use {path} (mode {mode:04o})")


def soundness(check: str, told: Sequence[str]) -> Finding:
    """Judge what SQLite's quick_check told."""
    if list(told) == ["ok"]:
        return ok(check, "SQLite finds no damage")
    return fault(check, f"the file is damaged: {'; '.join(told[:3])}", _RESTORE)


# --- looking


def looked(check: str, look: Callable[[], list[Finding]]) -> list[Finding]:
    """Return what `look` finds; a check that fails keeps no other from being made."""
    try:
        return look()
    except (sqlite3.Error, OSError, SetupError) as error:
        shut = isinstance(error, OSError) or "unable to open" in str(error)
        mend = "run helpbot doctor as the account that the desk runs as" if shut else _RESTORE
        return [fault(check, f"cannot be examined: {error}", mend)]


def reading(path: Path, look: Callable[[sqlite3.Connection], T]) -> T:
    """Return what `look` finds in a database; raises sqlite3.Error.

    A reader of a WAL database leaves two files behind, unless it takes the file for one that nobody changes: so it does
    while no journal lies beside it, and looks again when one has appeared meanwhile.
    """
    while True:
        still = not any(beside(path, end).exists() for end in ("-wal", "-journal"))
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if still else ''}", uri=True)
        try:
            found = look(db)
        finally:
            db.close()
        if not still or not beside(path, "-wal").exists():
            return found


def quick_check(db: sqlite3.Connection) -> list[str]:
    """Return what SQLite tells of the file: "ok", or up to three kinds of damage."""
    return [str(row[0]) for row in db.execute("PRAGMA quick_check(3)")]


def desk_process(database: Path) -> str | None:
    """Return the process that holds the desk's lock; None when none does."""
    try:
        file = os.open(beside(database, ".lock"), os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # given back at once, by closing
    except BlockingIOError:
        process = os.read(file, 32).decode("ascii", "replace").strip()
        return process if process.isdigit() else "unknown"
    finally:
        os.close(file)
    return None
