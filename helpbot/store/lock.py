"""One desk on one database: a lock that dies with its process."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from helpbot.transports.base import SetupError


class DeskLock:
    """Holds `<database>.lock` while the desk runs; kept by the kernel, so a killed desk leaves none behind."""

    def __init__(self, database: Path) -> None:
        path = database.with_name(database.name + ".lock")
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise SetupError(f"{path}: cannot be written ({error.strerror}): check the folder of `database`") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pid = os.read(self._file, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(self._file)
            raise SetupError(
                f"{database}: another helpbot (process {pid}) runs on this database: stop it first, "
                "or give this one a `database` of its own"
            ) from None
        os.ftruncate(self._file, 0)
        os.write(self._file, str(os.getpid()).encode("ascii"))

    def release(self) -> None:
        """Let another desk have the database."""
        os.close(self._file)
