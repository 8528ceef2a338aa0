"""A copy of the database that is whole, made while the desk runs.

Rule: a file copy is no backup, because what was committed last is in another file, and both change meanwhile; SQLite's
own backup reads one moment of both.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from helpbot.transports.base import SetupError

_OURS = {"inbox", "outbox", "ticket"}
_BESIDE = ("-wal", "-shm", "-journal")  # what SQLite puts beside a database
_OTHERS = (*_BESIDE, ".lock", ".sock")


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy holds."""

    tickets: int
    undecided: int
    unsent: int
    size: int  # bytes


def back_up(database: Path, target: Path, *, force: bool) -> Copied:
    """Copy the database as it is at one moment to a single file that only its owner may read.

    The copy is examined and on the disk before it takes its name; without `force` it replaces nothing. Raises
    SetupError; then there is nothing new.
    """
    _refuse_nothing(database)
    if not target.name:
        raise SetupError(f"{target}: is a folder: name a file in it")
    part = target.with_name(target.name + ".part")
    try:
        _refuse_ours(database, target)
        with _held(part) as file:
            _refuse_others(target, force=force)
            found = _copy(database, part)
            os.fsync(file)
            part.rename(target)
            _sync_folder(target.parent)
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise SetupError(f"{database}: cannot be copied to {target} ({error})") from None
    except OSError as error:
        raise SetupError(f"{target}: cannot be written ({error.strerror}): check its folder and the disk") from None
    return found


def _refuse_nothing(database: Path) -> None:
    try:
        if not database.is_file():
            raise SetupError(f"{database}: there is no database: check `database` in the config")
    except OSError as error:
        raise SetupError(f"{database}: cannot be read ({error.strerror}): check `database` in the config") from None


def _refuse_ours(database: Path, target: Path) -> None:
    """Refuse to write over the database, or over what lies beside it while a desk runs."""
    real = Path(os.path.realpath(database))
    ours = {real, *(real.with_name(real.name + end) for end in _OTHERS)}
    same = target.exists() and target.samefile(database)
    if same or ours & {Path(os.path.realpath(target)), Path(os.path.realpath(f"{target}.part"))}:
        raise SetupError(f"{target}: belongs to the database itself: name another file for the copy")


def _refuse_others(target: Path, *, force: bool) -> None:
    if target.is_dir():
        raise SetupError(f"{target}: is a folder: name a file in it")
    if os.path.lexists(target) and not (force and target.is_file()):
        mend = "name another, or add --force" if target.is_file() else "name a file"
        raise SetupError(f"{target}: is there already: {mend}")


@contextmanager
def _held(part: Path) -> Iterator[int]:
    """Hold an empty file for the copy that nobody else reads or writes; it is gone afterwards, unless renamed."""
    file = os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SetupError(f"{part}: another backup writes it just now: try again later") from None
        if not _is_at(file, part):  # another backup has just ended with it
            raise SetupError(f"{part}: another backup wrote it just now: try again")
        try:
            os.fchmod(file, 0o600)
            os.ftruncate(file, 0)  # of a backup that was killed
            _forget_beside(part)
            yield file
        finally:
            if _is_at(file, part):
                part.unlink()
            _forget_beside(part)
    finally:
        os.close(file)


def _is_at(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.lstat())
    except FileNotFoundError:
        return False


def _forget_beside(part: Path) -> None:
    for end in _BESIDE:
        Path(f"{part}{end}").unlink(missing_ok=True)


def _copy(database: Path, part: Path) -> Copied:
    """Copy one moment of the database and examine the copy."""
    uri = f"{database.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as source:
        source.execute("BEGIN")  # what is read from here on is of one moment
        _refuse_strange(source, database)
        with closing(sqlite3.connect(part, isolation_level=None)) as copy:
            copy.execute("PRAGMA locking_mode = EXCLUSIVE")
            copy.execute("PRAGMA journal_mode = OFF")  # a copy that fails half-way is thrown away
            source.backup(copy, pages=-1)
            copy.execute("PRAGMA journal_mode = DELETE")  # not WAL: the copy is one file
            return _examined(copy, database, part)


def _refuse_strange(source: sqlite3.Connection, database: Path) -> None:
    tables = {name for (name,) in source.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables >= _OURS:
        raise SetupError(f"{database}: this is no database of helpbot: check `database` in the config")


def _examined(copy: sqlite3.Connection, database: Path, part: Path) -> Copied:
    damage = [str(line) for (line,) in copy.execute("PRAGMA integrity_check(3)") if line != "ok"]
    damage += [f"a row of {row[0]} points nowhere" for row in copy.execute("PRAGMA foreign_key_check").fetchmany(3)]
    if damage:
        raise SetupError(f"{database}: is damaged, so that there is no copy of it: {'; '.join(damage)}")
    tickets, undecided, unsent = copy.execute(
        "SELECT (SELECT count(*) FROM ticket), (SELECT count(*) FROM inbox WHERE done_at IS NULL),"
        " (SELECT count(*) FROM outbox WHERE state = 'queued')"
    ).fetchone()
    return Copied(tickets, undecided, unsent, part.stat().st_size)


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):  # some network file systems know no such thing, and the copy is there
            os.fsync(file)
    finally:
        os.close(file)
