"""JSON from a network, read so that nothing a stranger puts into it can keep the rest from being read.

Rule: no depth of nesting and no length of a number makes it fail, because what cannot be read is asked for again, and a
sync that holds one such message would be asked for again for ever.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

DEEPEST = 100  # levels; what clients make has about ten, and Python gives up at about 900
_LONGEST = 100  # digits of a whole number; Matrix allows sixteen, and Python gives up at 4300
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{]|[\]}]', re.DOTALL)


def parse(raw: bytes) -> Any:
    """Return what JSON says; what Python cannot read of it is null, and with that all that is deeper than DEEPEST.

    Raises ValueError for what is no JSON.
    """
    try:
        return json.loads(raw)
    except json.JSONDecodeError:
        raise
    except (RecursionError, ValueError):
        return json.loads(b"".join(_shallow(raw)), parse_int=_whole)


def _shallow(raw: bytes) -> Iterator[bytes]:
    """Give the pieces of JSON between which too deep values were, with null in their place."""
    depth = taken = 0
    for token in _TOKEN.finditer(raw):
        sign = token[0]
        if sign in b"[{":
            depth += 1
            if depth == DEEPEST + 1:
                yield raw[taken : token.start()] + b"null"
        elif sign in b"]}":
            if depth == DEEPEST + 1:
                taken = token.end()
            depth -= 1
    if depth <= DEEPEST:
        yield raw[taken:]


def _whole(digits: str) -> int | None:
    return int(digits) if len(digits) <= _LONGEST else None
