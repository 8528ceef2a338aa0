"""The desk's database opened for reading alone, by commands that an admin runs while the desk may run as well."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from helpbot.store.lock import beside
from helpbot.transports.base import SetupError

_OLDER = ("no such table", "no such column")
_MENDS = {
    sqlite3.SQLITE_CANTOPEN: "run this as the account that the desk runs as",
    sqlite3.SQLITE_PERM: "run this as the account that the desk runs as",
    sqlite3.SQLITE_READONLY: "run this as the account that the desk runs as",
    sqlite3.SQLITE_BUSY: "another program holds it: try again later",
    sqlite3.SQLITE_NOTADB: "check `database` in the config",
}


@contextmanager
def reading(database: Path, what: str) -> Iterator[sqlite3.Connection]:
    """Give the database; raise SetupError when `what` is wanted of it and cannot be read."""
    try:
        if not database.is_file():
            raise SetupError(
                f"{database}: there is no database: start the desk once, or check `database` in the config"
            )
        with closing(connect(database)) as db:
            db.row_factory = sqlite3.Row
            yield db
    except sqlite3.Error as error:
        raise SetupError(f"{database}: no {what} can be read from it ({error}): {_mend(error)}") from None
    except OSError as error:
        why = f"cannot be read ({error.strerror}): check `database` in the config"
        raise SetupError(f"{database}: {why}") from None


@contextmanager
def of_one_moment(database: Path, what: str) -> Iterator[sqlite3.Connection]:
    """Give the database as `reading` does, as it is at one moment through all that is asked."""
    with reading(database, what) as db:
        db.execute("BEGIN")
        yield db


def connect(database: Path) -> sqlite3.Connection:
    """Connect to a database that is there, to read it.

    SQLite makes files beside it for that. Where it may not, and nothing is beside it, no desk runs: then it takes the
    file as it is.
    """
    uri = f"{database.absolute().as_uri()}?mode=ro"
    alone = not any(beside(database, end).exists() for end in ("-wal", "-journal"))
    if alone and not os.access(beside(database, "").parent, os.W_OK):
        uri += "&immutable=1"
    return sqlite3.connect(uri, uri=True, isolation_level=None)


def _mend(error: sqlite3.Error) -> str:
    if str(error).startswith(_OLDER):
        return "start the desk once with this version of helpbot"
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without what SQLite adds to it
    return _MENDS.get(code, "`helpbot doctor` says more")
