"""One desk on one database: a lock that dies with its process."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path

from helpbot.transports.base import SetupError

_LOOKS, _LOOK = 5, 0.1  # how often, and how many seconds between


def beside(database: Path, ending: str) -> Path:
    """Return the file beside a database whose name ends so: the same one for every symbolic link to the database."""
    # Links of folders need no care: they lead to the same folder. Elsewhere a short path stays one: sockets need it.
    real = Path(os.path.realpath(database)) if database.is_symlink() else database
    return real.with_name(real.name + ending)


class DeskLock:
    """Holds `<database>.lock` while the desk runs; kept by the kernel, so a killed desk leaves none behind."""

    def __init__(self, database: Path) -> None:
        path = database
        try:
            path = beside(database, ".lock")
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise SetupError(f"{path}: cannot be written ({error.strerror}): check the folder of `database`") from None
        if not self._taken():
            pid = os.read(self._file, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(self._file)
            raise SetupError(
                f"{database}: another helpbot (process {pid}) runs on this database: stop it first, "
                "or give this one a `database` of its own"
            ) from None
        with contextlib.suppress(OSError):  # a full disk: it holds all the same, though nobody reads who has it
            os.ftruncate(self._file, 0)
            os.write(self._file, str(os.getpid()).encode("ascii"))

    def _taken(self) -> bool:
        """Take it; `helpbot doctor` holds it for a moment when it looks whether a desk runs."""
        for _ in range(_LOOKS):
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                time.sleep(_LOOK)
            else:
                return True
        return False

    def release(self) -> None:
        """Let another desk have the database."""
        os.close(self._file)
