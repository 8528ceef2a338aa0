"""The file that nio keeps the encryption keys in: opened with our settings, and what its faults mean.

Rule: what cannot be written is for later, and memory goes back to what is written, because a key that was used up in
memory alone could never be used again.
"""

from __future__ import annotations

import sqlite3

import peewee
from nio.store import SqliteStore

from helpbot.transports.base import SetupError, TryLater

FAULTS = (peewee.PeeweeException, sqlite3.Error)
_LOCKED_FOR = 1.0  # seconds to wait for another program, in which nothing else is done


class KeyStore(SqliteStore):  # type: ignore[misc]  # nio has no types
    """The keys of one device."""

    def __post_init__(self) -> None:
        try:
            super().__post_init__()
        except FAULTS:
            self.database.close()
            raise

    def _create_database(self) -> peewee.SqliteDatabase:
        pragmas = {"foreign_keys": 1, "secure_delete": 1, "journal_mode": "wal"}
        return peewee.SqliteDatabase(self.database_path, pragmas=pragmas, timeout=_LOCKED_FOR)


def not_opened(error: Exception, where: object) -> SetupError | TryLater:
    """Return what it means that the keys cannot be opened at a start."""
    if "locked" in str(error):
        return TryLater(f"another program uses the encryption keys in {where} ({error})", doubtful=False)
    return SetupError(
        f"the encryption keys in {where} cannot be opened ({error}): see that the disk has room and the file may be "
        "written; if it is damaged, give helpbot an empty folder (matrix.store), as docs/backup.md says"
    )


def not_kept(error: Exception, where: object) -> TryLater:
    """Return what it means that the keys cannot be read or written while the desk runs."""
    return TryLater(f"the encryption keys in {where} cannot be used now ({error})", doubtful=False)
