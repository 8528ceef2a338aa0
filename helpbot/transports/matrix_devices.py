"""Whose devices are still to be asked for, and when: one person's dead server must keep nobody else waiting."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_FIRST = 15.0  # seconds after which somebody whose devices could not be told is asked for again; then twice that
_LONGEST = 3600.0


@dataclass(slots=True)
class _Missed:
    times: int
    due: float


class Asking:
    """When people's devices were asked for, answered and changed; `now` is any clock's, in seconds."""

    def __init__(self) -> None:
        self._turn = 0
        self._answered: dict[str, int] = {}  # user → the latest turn that told her devices
        self._changed: dict[str, int] = {}  # user → the last turn that was asked before they changed
        self._missed: dict[str, _Missed] = {}

    def begin(self) -> int:
        """Return a number for a question, higher than that of any before."""
        self._turn += 1
        return self._turn

    def changed(self, users: Iterable[str]) -> None:
        """Keep that these have news: what was asked before does not tell it, and they are asked for at once."""
        for user in users:
            self._changed[user] = self._turn
            self._missed.pop(user, None)

    def fresh(self, users: Iterable[str], turn: int) -> set[str]:
        """Return about whom an answer is no older than one that came before it; they are answered by it."""
        told = {user for user in users if self._answered.get(user, 0) <= turn}
        self._answered |= dict.fromkeys(told, turn)
        for user in told:
            self._missed.pop(user, None)
        return told

    def is_settled(self, user: str, turn: int) -> bool:
        """Tell whether an answer to that turn tells all that there is about her."""
        return self._changed.get(user, 0) < turn

    def missed(self, users: Iterable[str], now: float) -> None:
        """Keep that these could not be told, so that they are asked for later and later."""
        for user in self.due(users, now):  # questions at the same time miss her once
            times = self._missed[user].times + 1 if user in self._missed else 0
            self._missed[user] = _Missed(times, now + min(_FIRST * 2.0 ** min(times, 10), _LONGEST))

    def first(self, users: Iterable[str]) -> set[str]:
        """Return those who were not missed yet: a message waits for an answer about each of them, once."""
        return {user for user in users if user not in self._missed}

    def due(self, users: Iterable[str], now: float) -> set[str]:
        """Return those who may be asked for now."""
        return {user for user in users if user not in self._missed or self._missed[user].due <= now}
