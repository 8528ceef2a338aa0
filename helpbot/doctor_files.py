"""How `helpbot doctor` looks at files: who may use them, whether they are whole, and who holds them.

Rule: a look leaves nothing behind, neither in a file nor beside it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shlex
import sqlite3
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

from helpbot.doctor_base import Finding, fault, ok, warn
from helpbot.store import look
from helpbot.store.lock import beside
from helpbot.strict_yaml import Mapping as YamlMapping
from helpbot.strict_yaml import parse
from helpbot.transports.base import SetupError

_RESTORE = "stop the desk, keep a copy of the file as it is, and restore a backup"
_OTHER_ACCOUNT = "run helpbot doctor as the account that the desk runs as"
_SEE = "see to what it says, and run helpbot doctor again"
_ROOM = "make room on its disk; if there is room, the system's log says what is wrong with the disk"


# --- what facts mean


def permissions(check: str, path: Path, mode: int, wanted: int) -> Finding:
    """Judge who may read a file or folder."""
    if mode & ~wanted & 0o777:
        mend = f"chmod {wanted:o} {shlex.quote(str(path))}"
        return warn(check, f"other accounts of this machine may use {path} (mode {mode:04o})", mend)
    return ok(check, f"only its owner may use {path} (mode {mode:04o})")


def config_file(path: Path) -> Finding:
    """Judge who may read a config without faults; a group may, because packages give it root's file and its group."""
    with contextlib.suppress(OSError):
        root, _ = parse(path.read_bytes(), str(path))
        matrix = root.get("matrix") if isinstance(root, YamlMapping) else None
        if isinstance(matrix, YamlMapping) and any(matrix.get(key) is not None for key in ("password", "access_token")):
            found = permissions("config", path, stat.S_IMODE(path.stat().st_mode), 0o640)
            return found if found.mend else ok("config", "no fault")
    return ok("config", "no fault")


def writing(check: str, paths: Sequence[Path]) -> Finding:
    """Judge whether this account may write to files and folders; what is not there yet needs nothing."""
    for path in paths:
        if not os.path.lexists(path):
            continue
        if os.statvfs(path).f_flag & os.ST_RDONLY:
            return fault(check, f"{path} is on a disk that is mounted read-only", "mount it for writing")
        if not os.access(path, os.R_OK | os.W_OK | (os.X_OK if path.is_dir() else 0)):
            mend = f"give it to the account that the desk runs as (chown, chmod u+rwX); or {_OTHER_ACCOUNT}"
            return fault(check, f"this account may not write to {path}", mend)
    return ok(check, f"this account may write to {paths[-1]} and what lies beside it")


def soundness(check: str, told: Sequence[str], mend: str = _RESTORE) -> Finding:
    """Judge what SQLite's quick_check told."""
    if list(told) == ["ok"]:
        return ok(check, "SQLite finds no damage")
    return fault(check, f"the file is damaged: {'; '.join(told[:3])}", mend)


def held(check: str, path: Path) -> Finding:
    """Return the fault for a file that another program keeps for itself."""
    what = (
        "another program keeps the file locked: it cannot be looked into, and the desk waits for it. That is no damage"
    )
    find = f"find that program with: fuser -v {shlex.quote(str(path))}"
    return fault(check, what, f"{find}; end it or wait until it is done, and run helpbot doctor again")


# --- looking


def looked(check: str, path: Path, examine: Callable[[], list[Finding]], broken: str = _RESTORE) -> list[Finding]:
    """Return what `examine` finds in a file; a check that fails keeps no other from being made."""
    try:
        return examine()
    except sqlite3.Error as error:
        if is_held(error):
            return [held(check, path)]
        return [fault(check, f"cannot be examined: {error}", _mend(error, broken))]
    except PermissionError as error:
        return [fault(check, f"cannot be examined: {error}", _OTHER_ACCOUNT)]
    except (OSError, SetupError) as error:
        return [fault(check, f"cannot be examined: {error}", _SEE)]


def _mend(error: sqlite3.Error, broken: str) -> str:
    """Return what helps; `broken` only for what SQLite itself calls damaged."""
    match _code(error):
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return broken
        case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR:
            return _ROOM
        case sqlite3.SQLITE_CANTOPEN:
            return _OTHER_ACCOUNT
    return _SEE


def _code(error: sqlite3.Error) -> int:
    """Return SQLite's own number of an error, without its details."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def is_held(error: sqlite3.Error) -> bool:
    """Tell whether SQLite could not look only because another program keeps the file for itself."""
    return _code(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def holder(check: str, path: Path) -> list[Finding]:
    """Return a fault if another program keeps the database for itself, so that nothing in it can be looked at."""
    try:
        look.untouched(path, look.touch)
    except sqlite3.Error as error:
        return [held(check, path)] if is_held(error) else []
    return []


def written(database: Path) -> list[Finding]:
    """Judge whether the desk may write what it writes for its database."""
    check, lock = "database writing", beside(database, ".lock")
    if lock.exists() and not lock.is_file():
        return [fault(check, f"{lock} is no file, and the desk locks it", "stop the desk, and move it away")]
    return [writing(check, [lock.parent, *(beside(database, end) for end in ("-wal", "-shm")), lock, database])]


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
