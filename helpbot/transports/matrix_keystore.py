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

_MADE_FOR = """
CREATE TABLE IF NOT EXISTS made_for (session TEXT PRIMARY KEY, user TEXT NOT NULL, device TEXT NOT NULL) WITHOUT ROWID
"""


class KeyStore(SqliteStore):  # type: ignore[misc]  # nio has no types
    """The keys of one device."""

    def __post_init__(self) -> None:
        try:
            super().__post_init__()
            self.database.execute_sql(_MADE_FOR)
        except FAULTS:
            self.database.close()
            raise

    def make_for(self, session: str, user: str, device: str) -> None:
        """Keep whose one-time key a session was made with."""
        self.database.execute_sql("INSERT OR REPLACE INTO made_for VALUES (?, ?, ?)", (session, user, device))

    def is_for(self, session: str, user: str, device: str) -> bool:
        """Tell whether a session is for this device: not when it was made with another's one-time key."""
        found = self.database.execute_sql("SELECT user, device FROM made_for WHERE session = ?", (session,)).fetchone()
        return found is None or found == (user, device)

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
