"""What a planted bug is: what is changed where, and the test that has to notice."""

from __future__ import annotations

from typing import NamedTuple


class Edit(NamedTuple):
    """In this file of helpbot, once, instead of `old`, `new`."""

    file: str
    old: str
    new: str


class Bug(NamedTuple):
    """A bug; `by` are the arguments of pytest, or of a module, that must fail over it, parted by |."""

    name: str
    edits: tuple[Edit, ...]
    by: str
    slow: bool = False  # for one of a dialogue


def planting(name: str, file: str, old: str, new: str, by: str, *, slow: bool = False) -> Bug:
    return Bug(name, (Edit(file, old, new),), by, slow)
