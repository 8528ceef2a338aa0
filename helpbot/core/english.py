"""What English wants after a number."""

from __future__ import annotations


def counted(count: int, one: str, many: str = "") -> str:
    """Return "1 entry", "2 entries"; `many` where it is not `one` with an s."""
    return f"{count} {one if count == 1 else many or one + 's'}"
