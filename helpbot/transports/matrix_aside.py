"""Rooms that cannot be read though the rest can: set aside, so that they hold nobody up, and read later.

Rule: from where a room is unread is written down before the cursor moves past it, and forgotten only once what was read
from there is committed, because a word may come twice (it counts once) but must not be lost.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace

import structlog

from helpbot.transports.base import Notebook, TryLater
from helpbot.transports.matrix_http import Backoff, Refused

log = structlog.get_logger(__name__)

NOTE = "aside"  # room → since, gone
_FAILURES = 3  # syncs in a row in which a room could not be read
_LONGEST = 300.0  # seconds between two tries


@dataclass(frozen=True, slots=True)
class Failure:
    """What kept a room from being read; `at_once` when nobody can wait for it any longer."""

    error: TryLater | Refused
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Unread:
    """From where a room is unread, and what of it is to be read.

    `gone` when the bot is no longer in it; not `words_too` when nothing before that counts. `passed` are the syncs
    that had more of it, which were passed over.
    """

    since: str
    gone: bool = False
    words_too: bool = True
    passed: int = 0


class Aside:
    """Which rooms are set aside, over restarts."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook
        self._rooms: dict[str, Unread] = {}
        self._backoffs: dict[str, Backoff] = {}
        self._due: dict[str, float] = {}  # in the loop's time
        self._failures: dict[str, int] = {}
        self._saved = "{}"
        self._saving = asyncio.Lock()

    async def load(self) -> None:
        """Take up what an earlier run set aside; what this one did stays."""
        self._saved = await self._notebook.get(NOTE) or "{}"
        for room, (since, gone, words_too) in json.loads(self._saved).items():
            self._rooms.setdefault(room, Unread(since, gone, words_too))

    def __len__(self) -> int:
        return len(self._rooms)

    def __contains__(self, room: str) -> bool:
        return room in self._rooms

    def __getitem__(self, room: str) -> Unread:
        return self._rooms[room]

    def failed(self, room: str, unread: Unread, failure: Failure) -> bool:
        """Keep that a room could not be read; tell whether that was so often that it is set aside."""
        self._failures[room] = self._failures.get(room, 0) + 1
        if self._failures[room] < _FAILURES and not failure.at_once:
            return False
        del self._failures[room]
        self._rooms[room] = unread
        hint = "the desk goes on without it, tries again, and loses no word of it: see what ails it at the homeserver"
        log.error("room_set_aside", room=room, why=failure.error.why, hint=hint)
        self.put_off(room, failure.error.why)
        return True

    def worked(self, room: str) -> None:
        """Keep that a room could be read."""
        self._failures.pop(room, None)

    def pass_over(self, room: str, *, gone: bool) -> None:
        """Keep that there is more of a room to be read later, and whether the bot is still in it."""
        unread = self._rooms[room]
        self._rooms[room] = replace(unread, gone=gone, passed=unread.passed + 1)

    def put_off(self, room: str, why: str) -> None:
        """Try a room again later: after 1 s at first, then less and less often."""
        backoff = self._backoffs.setdefault(room, Backoff("room_set_aside", _LONGEST, room=room))
        self._due[room] = asyncio.get_running_loop().time() + backoff.next_wait(why)

    def due(self) -> list[str]:
        """Return the rooms that it is time to try again."""
        now = asyncio.get_running_loop().time()
        return [room for room in self._rooms if self._due.get(room, now) <= now]

    def next_due(self) -> float | None:
        """Return in how many seconds it is time for the next one, if there is any."""
        now = asyncio.get_running_loop().time()
        return min((max(0.0, self._due.get(room, now) - now) for room in self._rooms), default=None)

    async def forget(self, room: str, passed: int) -> None:
        """Let go of a room whose words are committed; it stays when there came more of it meanwhile."""
        if self._rooms[room].passed != passed:
            return
        kept = self._rooms.pop(room)
        try:
            await self.save()
        except TryLater:
            self._rooms.setdefault(room, kept)
            raise
        self._due.pop(room, None)
        self._backoffs.pop(room, Backoff("room_set_aside")).worked()

    async def save(self) -> None:
        """Write down what is set aside, if it changed."""
        async with self._saving:
            text = json.dumps({room: (one.since, one.gone, one.words_too) for room, one in self._rooms.items()})
            if text != self._saved:
                await self._notebook.put(NOTE, text)
                self._saved = text
