"""Whose devices and keys are still to be asked for, and when: one dead server must keep nobody else waiting."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

_FIRST = 15.0  # seconds after which somebody whose devices could not be told is asked for again; then twice that
_LONGEST = 300.0

Who = TypeVar("Who")


@dataclass(slots=True)
class _Missed:
    times: int
    since: float
    due: float


class Later(Generic[Who]):
    """Whom something could not be had of, and when to ask again: later and later; `now` is any clock's, in seconds."""

    def __init__(self) -> None:
        self._missed: dict[Who, _Missed] = {}

    def missed(self, them: Iterable[Who], now: float) -> None:
        """Keep that nothing could be had of these, so that they are asked later and later."""
        for who in self.due(them, now):  # questions at the same time miss somebody once
            last = self._missed.get(who)
            times, since = (0, now) if last is None else (last.times + 1, last.since)
            self._missed[who] = _Missed(times, since, now + min(_FIRST * 2.0 ** min(times, 10), _LONGEST))

    def worked(self, them: Iterable[Who]) -> None:
        """Begin anew with these."""
        for who in them:
            self._missed.pop(who, None)

    def first(self, them: Iterable[Who]) -> set[Who]:
        """Return those who were not missed yet: a message waits for an answer about each of them, once."""
        return {who for who in them if who not in self._missed}

    def due(self, them: Iterable[Who], now: float) -> set[Who]:
        """Return those who may be asked now."""
        return {who for who in them if who not in self._missed or self._missed[who].due <= now}

    def since(self, who: Who) -> float | None:
        """Return when this one was missed first; None for one that was not."""
        last = self._missed.get(who)
        return None if last is None else last.since


class Asking(Later[str]):
    """When people's devices were asked for, answered and changed."""

    def __init__(self) -> None:
        super().__init__()
        self._turn = 0
        self._answered: dict[str, int] = {}  # user → the latest turn that told her devices
        self._changed: dict[str, int] = {}  # user → the last turn that was asked before they changed

    def begin(self) -> int:
        """Return a number for a question, higher than that of any before."""
        self._turn += 1
        return self._turn

    def changed(self, users: Collection[str]) -> None:
        """Keep that these have news: what was asked before does not tell it, and they are asked for at once."""
        self._changed |= dict.fromkeys(users, self._turn)
        self.worked(users)

    def fresh(self, users: Iterable[str], turn: int) -> set[str]:
        """Return about whom an answer is no older than one that came before it; they are answered by it."""
        told = {user for user in users if self._answered.get(user, 0) <= turn}
        self._answered |= dict.fromkeys(told, turn)
        self.worked(told)
        return told

    def is_latest(self, user: str, turn: int) -> bool:
        """Tell whether no answer to a later turn told her devices meanwhile."""
        return self._answered.get(user, 0) <= turn

    def is_settled(self, user: str, turn: int) -> bool:
        """Tell whether an answer to that turn tells all that there is about her."""
        return self._changed.get(user, 0) < turn
