"""Who is named in a text by an @ before the name: pure, the same on every network."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

SOMEBODY = ""  # instead of an id: one who cannot be told

NAME_LENGTH = 80  # characters of a person's name
_SIGNS_LOOKED_AT = 50  # "@" in one message; more is a mention anyway
_AT_SIGN = re.compile(r"(?<![\w.])@")
_GOES_ON = re.compile(r"[.:=/+-]*\w")  # the name is longer, or an id


def bearers(names: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Return each name in lower case (casefold) with the ids of all who bear it, from the names of each id."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for person, own in names.items():
        for name in dict.fromkeys(name.casefold() for name in own):
            found[name].append(person)
    return dict(found)


def named(text: str, names: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Give the ids behind each @name; `names` are what `bearers` returns.

    The longest name that fits is meant. Where only the beginning of a word fits, that is somebody who cannot be told.
    """
    folded = text.casefold()
    lengths = sorted({len(name) for name in names}, reverse=True)
    for count, sign in enumerate(_AT_SIGN.finditer(folded)):
        if count >= _SIGNS_LOOKED_AT:
            yield SOMEBODY
            return
        rest = folded[sign.end() : sign.end() + 4 * NAME_LENGTH]
        fitting = [rest[:length] for length in lengths if rest[:length] in names]
        whole = next((name for name in fitting if not _GOES_ON.match(rest, len(name))), None)
        if fitting:
            yield from (SOMEBODY,) if whole is None else names[whole]
