"""What the bot sent on Discord, by key: because Discord shows nobody the nonce of a message that was sent long ago.

Rule: before a message is sent, its key, its words and where the channel stood are written down; so what nobody
answered for is found again by its words, among what the bot has said there since.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from helpbot.transports.base import Notebook

_KEPT = 100  # messages of one room, and as many changes
_ROOMS = 500  # of which they are in memory


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was to be sent: its key, the digests of its parts, in which channel, and after which id it came.

    `channel` is None for a new post of a forum. `ids` are those of its parts that are known to be there, `ref` is its
    reference once all are.
    """

    key: str
    digests: tuple[str, ...]
    channel: int | None
    after: int
    ids: tuple[int, ...] = ()
    ref: str | None = None


def nonce_of(key: str, part: int) -> str:
    """Return the nonce of a part of a message: at most 25 characters, the same for the same key."""
    return hashlib.sha256(f"{key} {part}".encode()).hexdigest()[:25]


def digest_of(text: str, files: int = 0) -> str:
    """Return what tells a message's words from others, as Discord keeps them."""
    return hashlib.sha256(f"{files} {' '.join(text.split())}".encode("utf-8", "replace")).hexdigest()[:16]


class Journal:
    """The last messages of each room of the desk; the notebook outlives a kill."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook
        self._sent: OrderedDict[str, dict[str, Sent]] = OrderedDict()  # by room, by key, in order
        self._changes: OrderedDict[str, dict[str, str]] = OrderedDict()  # by room: corrections and marks, by key

    async def of(self, room: str) -> dict[str, Sent]:
        """Return what was to be sent there, by key, the oldest first."""
        if room not in self._sent:
            rows = json.loads(await self._notebook.get(f"sent:{room}") or "[]")
            self._sent[room] = {
                row["key"]: Sent(**{**row, "digests": tuple(row["digests"]), "ids": tuple(row["ids"])}) for row in rows
            }
        self._sent.move_to_end(room)
        if len(self._sent) > _ROOMS:
            oldest, rest = self._sent.popitem(last=False)
            await self._save(oldest, rest)
        return self._sent[room]

    async def begin(self, room: str, sent: Sent) -> None:
        """Write down what is about to be sent."""
        known = await self.of(room)
        known[sent.key] = sent
        for done in [one.key for one in known.values() if one.ref is not None][: max(0, len(known) - _KEPT)]:
            del known[done]  # what nobody has answered for stays, because only here it can be found again
        await self._save(room, known)

    async def note(self, room: str, sent: Sent) -> None:
        """Remember how far it is; written down with the next one, for the desk keeps it as well."""
        (await self.of(room))[sent.key] = sent
        if sent.ref is not None and len(sent.ids) > 1:
            await self.keep_parts(sent.ref, sent.ids)

    def changed(self, room: str, key: str, ref: str) -> str:
        """Remember a correction or a mark, which does no harm when it is done twice; return its reference."""
        known = self._changes.setdefault(room, {})
        known[key] = ref
        while len(known) > _KEPT:
            del known[next(iter(known))]
        self._changes.move_to_end(room)
        while len(self._changes) > _ROOMS:
            self._changes.popitem(last=False)
        return ref

    def changes(self, room: str) -> dict[str, str]:
        """Return the corrections and marks of this run, by key."""
        return self._changes.get(room, {})

    async def parts(self, ref: str) -> tuple[int, ...]:
        """Return the ids of the messages that this one is made of, if they are more than one."""
        return tuple(json.loads(await self._notebook.get(f"parts:{ref}") or "[]"))

    async def keep_parts(self, ref: str, ids: Sequence[int]) -> None:
        """Write down of which messages one is made."""
        await self._notebook.put(f"parts:{ref}", json.dumps(ids))

    async def _save(self, room: str, known: dict[str, Sent]) -> None:
        rows = [asdict(one) for one in known.values()]
        await self._notebook.put(f"sent:{room}", json.dumps(rows))
