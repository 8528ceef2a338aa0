"""A copy of the database that is whole, made while the desk runs.

Rule: a file copy is no backup, because what was committed last is in another file, and both change meanwhile; SQLite's
own backup reads one moment of both.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from helpbot.store.look import version
from helpbot.store.reading import connect
from helpbot.transports.base import SetupError

_BESIDE = ("-wal", "-shm", "-journal")  # what SQLite puts beside a database
_OTHERS = (*_BESIDE, ".lock", ".sock")
_STEP = 4096  # pages that are copied before a signal is looked at


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy holds."""

    tickets: int
    undecided: int
    unsent: int
    size: int  # bytes


def back_up(database: Path, target: Path, *, force: bool, spared: Sequence[Path] = ()) -> Copied:
    """Copy the database as it is at one moment to a single file that only its owner may read.

    The copy is examined and on the disk before it takes its name; without `force` it replaces nothing, and with it no
    file that is `spared` or in such a folder. Raises SetupError; then there is nothing new.
    """
    _refuse_nothing(database)
    if not target.name:
        raise SetupError(f"{target}: is a folder: name a file in it")
    try:
        _refuse_ours(database, target)
        _refuse_spared(spared, target)
        _refuse_others(target, force=force)
        with _part_in(target.parent) as (part, file):
            found = _copy(database, part)
            os.fsync(file)
            _name(part, target, force=force)
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
    if same or Path(os.path.realpath(target)) in ours:
        raise SetupError(f"{target}: belongs to the database itself: name another file for the copy")


def _refuse_spared(spared: Sequence[Path], target: Path) -> None:
    real = Path(os.path.realpath(target))
    for path in spared:
        if target.exists() and real.is_relative_to(os.path.realpath(path)):
            raise SetupError(f"{target}: the desk needs it as it is: name another file for the copy")


def _refuse_others(target: Path, *, force: bool) -> None:
    if target.is_dir():
        raise SetupError(f"{target}: is a folder: name a file in it")
    if os.path.lexists(target) and not (force and target.is_file()):
        mend = "name another, or add --force" if target.is_file() else "name a file"
        raise SetupError(f"{target}: is there already: {mend}")


@contextmanager
def _part_in(folder: Path) -> Iterator[tuple[Path, int]]:
    """Give an empty file for the copy, of a name that nothing has; it is gone afterwards, unless renamed."""
    file, name = tempfile.mkstemp(prefix=".helpbot-backup-", suffix=".part", dir=folder)
    try:
        yield Path(name), file
    finally:
        os.close(file)
        for end in ("", *_BESIDE):
            Path(f"{name}{end}").unlink(missing_ok=True)


def _name(part: Path, target: Path, *, force: bool) -> None:
    """Give the copy its name; without `force` it takes none that somebody has taken meanwhile."""
    if not force:
        try:
            os.link(part, target)
        except FileExistsError:
            _refuse_others(target, force=False)
        except OSError:  # a file system without hard links: what comes in this very moment is replaced
            _refuse_others(target, force=False)
        else:
            return
    part.rename(target)


def _copy(database: Path, part: Path) -> Copied:
    """Copy one moment of the database and examine the copy."""
    with closing(connect(database)) as source:
        source.execute("BEGIN")  # what is read from here on is of one moment
        _refuse_strange(source, database)
        with closing(sqlite3.connect(part, isolation_level=None)) as copy:
            copy.execute("PRAGMA locking_mode = EXCLUSIVE")
            copy.execute("PRAGMA journal_mode = OFF")  # a copy that fails half-way is thrown away
            source.backup(copy, pages=_STEP, progress=lambda *_: None)
            copy.execute("PRAGMA journal_mode = DELETE")  # not WAL: the copy is one file
            return _examined(copy, database, part)


def _refuse_strange(source: sqlite3.Connection, database: Path) -> None:
    if version(source) is None:
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
