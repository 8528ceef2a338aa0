"""What agents propose for the FAQ, as YAML in a file that the bot never reads.

Rule: nothing that a customer or an agent wrote becomes an answer before an admin has moved it to another file, because
a phrasing may hold a name or a number, and an answer for one customer may be wrong for the next.
"""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path
from typing import Any

import yaml

PROPOSED = "proposed.yaml"
_HEAD = (
    "# What agents proposed with !learn. The bot never reads this file: move what is good to another file of this\n"
    "# folder, after a look for names and numbers, and delete the rest.\n"
)


def block(mark: str, entry: dict[str, Any]) -> str:
    """Return an entry as YAML under a comment that tells it from all others."""
    return f"\n# {mark}\n{dump([entry])}"


def dump(entries: list[dict[str, Any]]) -> str:
    """Return entries as YAML that the FAQ's reader takes."""
    text: str = yaml.safe_dump(entries, allow_unicode=True, sort_keys=False, width=110)
    return text


def append(folder: Path, mark: str, text: str) -> None:
    """Append a block to the folder's file, once: one whose mark is there already is passed over. Raises OSError.

    The file is replaced as a whole, so that a crash leaves the old one or the new one.
    """
    path = (folder / PROPOSED).resolve()  # a link stays a link
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, f"{PROPOSED} is not a file")
    held = path.read_bytes() if path.exists() else _HEAD.encode()
    if f"# {mark}\n".encode() in held:
        return
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".proposed-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(held.rstrip(b"\n") + b"\n" + text.encode())
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            Path(name).chmod(path.stat().st_mode & 0o777)
        else:
            Path(name).chmod(0o640)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
