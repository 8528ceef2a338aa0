"""Joining and leaving rooms, beside the sync, at a pace that no stranger can push."""

from __future__ import annotations

import asyncio
import math
from collections import Counter, OrderedDict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

import structlog

from helpbot.transports.base import TryLater, Undeliverable
from helpbot.transports.matrix_http import Backoff
from helpbot.transports.matrix_keys import HOSTILE
from helpbot.where import where

log = structlog.get_logger(__name__)

WAITING = 1000  # invitations that wait for their turn; more wait at the homeserver, until it is asked for them
_REFUSALS = 50  # the same of those who may not open a room: they lose nothing by waiting
_WAITING_OF_ONE = 20  # the same of one inviter
_BUSY = 8  # rooms that are joined or left at the same time
_ALIKE = 2  # the same of one inviter's server, or of refusals, while others may wait
_OFTEN = 3  # tries in vain after which a room shares its turns with others of that kind
_LONGEST = 3600.0  # seconds between two tries of what does not work, though the homeserver does


class Fruitless(TryLater):
    """It did not work, and not because the homeserver was away or asked to wait."""


class Kind(StrEnum):
    """What a chore is for."""

    OWN = "own"  # what the bot itself sees to
    JOIN = "join"  # an invitation is followed
    REFUSE = "refuse"  # an invitation is refused
    LEAVE = "leave"  # a room is left that is no customer's


@dataclass(slots=True)
class _Chore:
    do: Callable[[], Awaitable[None]]
    away: Backoff  # while the homeserver is away or asks to wait
    vain: Backoff  # when it is the room
    due: float
    kind: Kind
    by: str
    fruitless: int = 0

    def share(self) -> str:
        """Return with what this shares its turns, so that what hangs keeps nobody else waiting."""
        if self.fruitless >= _OFTEN:
            return "in vain"
        return f"join {self.by.partition(':')[2]}" if self.kind is Kind.JOIN else self.kind


class Chores:
    """Joining and leaving, beside the sync: one thing a room, tried until it works or is refused.

    What is tried in vain is tried less and less often, and gives its place up to others.
    """

    def __init__(self) -> None:
        self._chores: dict[str, _Chore] = {}
        self._counts: Counter[tuple[Kind, str | None]] = Counter()  # kind, and of whom; None: of all
        self._vain: set[str] = set()  # those that were tried in vain
        self._busy: dict[str, str] = {}  # room → with what it shares its turns
        self._news = asyncio.Event()

    def __len__(self) -> int:
        return len(self._chores)

    def __contains__(self, room: str) -> bool:
        return room in self._chores

    def kind(self, room: str) -> Kind | None:
        """Return what is to be done in that room, if anything."""
        chore = self._chores.get(room)
        return None if chore is None else chore.kind

    def is_full(self, kind: Kind, by: str) -> bool:
        """Tell whether so much of that kind waits, of all or because of that person, that no more may."""
        most = _REFUSALS if kind is Kind.REFUSE else WAITING
        return self._counts[kind, None] >= most or self._counts[kind, by] >= _WAITING_OF_ONE

    def give_way(self, kind: Kind, by: str) -> str | None:
        """Let go of what was tried in vain most often, so that one more of that kind may wait; return its room.

        None when nothing was that holds such a place.
        """
        crowded = self._counts[kind, by] >= _WAITING_OF_ONE
        chores = ((self._chores[room], room) for room in self._vain)
        found = [
            (chore.fruitless, room) for chore, room in chores if chore.kind is kind and (chore.by == by or not crowded)
        ]
        if not found:
            return None
        _, room = max(found)
        self._drop(room)
        return room

    def add(
        self, room: str, do: Callable[[], Awaitable[None]], wait: float = 0.0, kind: Kind = Kind.OWN, by: str = ""
    ) -> None:
        """Do this in that room in so many seconds, instead of what was to be done there before."""
        self._drop(room)
        away, vain = Backoff("room", room=room), Backoff("room", _LONGEST, room=room)
        self._chores[room] = _Chore(do, away, vain, asyncio.get_running_loop().time() + wait, kind, by)
        self._counts.update([(kind, None), (kind, by)])
        self._news.set()

    def drop(self, room: str) -> None:
        """Let go of what was to be done in that room."""
        self._drop(room)

    async def work(self) -> None:
        """Do what is due, until cancelled."""
        clock = asyncio.get_running_loop().time
        async with asyncio.TaskGroup() as group:
            while True:
                self._news.clear()
                now = clock()
                for room, chore in self._turns(now):
                    self._busy[room] = chore.share()
                    group.create_task(self._try(room, chore), name=f"chore {room}")
                waits = [chore.due - now for chore in self._chores.values() if chore.due > now]
                try:
                    async with asyncio.timeout(min(waits, default=None)):
                        await self._news.wait()
                except TimeoutError:
                    pass

    def _turns(self, now: float) -> list[tuple[str, _Chore]]:
        """Return what is to be begun: what is due longest first, but some places are kept for what shares no turns."""
        due = [(room, chore) for room, chore in self._chores.items() if chore.due <= now and room not in self._busy]
        due.sort(key=lambda one: one[1].due)
        shares = Counter(self._busy.values())
        begun: dict[str, _Chore] = {}
        for most in (_ALIKE, _BUSY - _ALIKE):
            for room, chore in due:
                share = chore.share()
                if shares.total() < _BUSY and shares[share] < most and room not in begun:
                    shares[share] += 1
                    begun[room] = chore
        return list(begun.items())

    async def _try(self, room: str, chore: _Chore) -> None:
        try:
            await chore.do()
        except TryLater as later:
            self._put_off(room, chore, later)
        except Undeliverable as never:
            log.warning("room_given_up", room=room, why=never.why)
            self._done(room, chore)
        except HOSTILE as error:  # what somebody made of his keys or his room must not end the desk
            log.error("room_failed", room=room, fault=where(error))
            self._put_off(room, chore, Fruitless(f"a fault of ours: {type(error).__name__}"))
        else:
            self._done(room, chore)
        finally:
            del self._busy[room]
            self._news.set()

    def _put_off(self, room: str, chore: _Chore, later: TryLater) -> None:
        in_vain = isinstance(later, Fruitless)
        chore.fruitless += in_vain
        if in_vain and self._chores.get(room) is chore:
            self._vain.add(room)
        backoff = chore.vain if in_vain else chore.away
        chore.due = asyncio.get_running_loop().time() + backoff.next_wait(later.why, later.after)

    def _done(self, room: str, chore: _Chore) -> None:
        if self._chores.get(room) is chore:
            self._drop(room)

    def _drop(self, room: str) -> None:
        self._vain.discard(room)
        chore = self._chores.pop(room, None)
        if chore is not None:
            for counted in (chore.kind, None), (chore.kind, chore.by):
                self._counts[counted] -= 1
                if not self._counts[counted]:
                    del self._counts[counted]


class Budget:
    """How soon an invitation is followed: a few at once for each inviter, then slowly; many at once for all, then less.

    What goes beyond waits its turn, because a flood must not use up what the homeserver allows, nor lock anybody out.
    """

    def __init__(self, of_one: int = 3, per: float = 600.0, of_all: int = 20, each: float = 1.0) -> None:
        self._of_one, self._per, self._of_all, self._each = of_one, per, of_all, each
        self._turns: OrderedDict[str, deque[float]] = OrderedDict()
        self._next = -math.inf

    def wait(self, inviter: str, now: float) -> float:
        """Return in how many seconds this inviter's invitation may be followed; `now` is any clock's, in seconds."""
        turns = self._turns.setdefault(inviter, deque(maxlen=self._of_one))
        self._turns.move_to_end(inviter)
        if len(self._turns) > WAITING:
            self._turns.popitem(last=False)
        turn = now if len(turns) < self._of_one else max(now, turns[0] + self._per)
        if turn == now:  # those who wait for themselves use up nobody else's
            self._next = max(self._next, now - self._of_all * self._each) + self._each
            turn = max(now, self._next)
        turns.append(turn)
        return turn - now
