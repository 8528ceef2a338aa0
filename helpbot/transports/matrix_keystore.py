"""The file that nio keeps the encryption keys in: opened with our settings, and what its faults mean.

Rule: what cannot be written is for later, and memory goes back to what is written, because a key that was used up in
memory alone could never be used again.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import peewee
from nio.store import SqliteStore

from helpbot.transports.base import SetupError, TryLater
from helpbot.transports.matrix_sessions import NOBODY, Sessions

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

    def load_sessions(self) -> Sessions:
        """Return all Olm sessions, each with whose it is."""
        sessions = Sessions(self._make_for, self._drop)
        owners = dict(self.database.execute_sql("SELECT session, user FROM made_for").fetchall())
        for key, found in super().load_sessions().items():
            for session in found:
                sessions.put(owners.get(session.id, NOBODY), key, session)
        return sessions

    def _make_for(self, session: str, user: str) -> None:
        if user != NOBODY:
            self.database.execute_sql("INSERT OR REPLACE INTO made_for VALUES (?, ?, '')", (session, user))

    def _drop(self, session: str) -> None:
        self.database.execute_sql("DELETE FROM olmsessions WHERE session_id = ?", (session,))
        self.database.execute_sql("DELETE FROM made_for WHERE session = ?", (session,))

    def _create_database(self) -> peewee.SqliteDatabase:
        pragmas = {"foreign_keys": 1, "secure_delete": 1, "journal_mode": "wal"}
        return peewee.SqliteDatabase(self.database_path, pragmas=pragmas, timeout=_LOCKED_FOR)


def key_file(folder: Path, user: str, device: str) -> Path:
    """Return where nio keeps a device's keys."""
    return folder / f"{user}_{device}.db"


def accounts(db: sqlite3.Connection, user: str, device: str | None) -> list[tuple[bytes, int]]:
    """Return a device's own keys, sealed, and whether the homeserver took them; none for an empty file."""
    if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'accounts'").fetchall():
        return []
    sql = "SELECT account, shared FROM accounts WHERE user_id = ? AND device_id = ?"
    return db.execute(sql, (user, device)).fetchall()


def has_account(file: Path, user: str, device: str) -> bool:
    """Tell whether a key store has keys of the device; what cannot be read is told when it is opened.

    An empty file has none: nio would make others, which the homeserver does not take beside the first.
    """
    try:
        file.stat()
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=0)) as db:
            return bool(accounts(db, user, device))
    except FileNotFoundError:
        return False
    except (sqlite3.Error, OSError):
        return True


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
