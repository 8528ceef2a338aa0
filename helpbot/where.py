"""Where in our code an error came from, for logs: without its message, which may hold people's words."""

from __future__ import annotations

import traceback
from pathlib import Path

_LINES = 4  # the innermost of them


def where(error: Exception) -> str:
    """Return what was raised and through which of our lines it came."""
    frames = traceback.extract_tb(error.__traceback__)[-_LINES:]
    return f"{type(error).__name__} at " + " > ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
