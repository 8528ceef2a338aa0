"""The Olm sessions, each known by whose it is, and not by a key alone.

Rule: what is read or sealed for somebody touches her own sessions only, because anybody can publish another's
Curve25519 key as his own, and nio knows sessions by that key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from nio.crypto import Session, SessionStore

NOBODY = ""  # whose sessions are that were made before it was kept whose they are
_SESSIONS = 10  # of one user with one key; the one that was used longest ago goes first
_KEYS = 250  # of one user


class Sessions(SessionStore):  # type: ignore[misc]  # nio has no types
    """The sessions by user and Curve25519 key, the one that was used last first; nio sees one user's at a time."""

    def __init__(self, keep: Callable[[str, str], None], drop: Callable[[str], None]) -> None:
        super().__init__()
        self._keep = keep  # a session's id, and whose it is
        self._drop = drop
        self._of: dict[tuple[str, str], list[Session]] = {}
        self._keys: defaultdict[str, set[str]] = defaultdict(set)
        self._user = NOBODY

    @contextmanager
    def only_of(self, user: str) -> Iterator[None]:
        """Let nio see and make this user's sessions alone; without an await."""
        before, self._user = self._user, user
        try:
            yield
        finally:
            self._user = before

    def own(self, user: str, key: str) -> list[Session]:
        """Return the sessions that are certainly this user's, with that key."""
        return self._of.get((user, key), [])

    def put(self, user: str, key: str, session: Session) -> None:
        """Take up a session that is kept already; what it is one too many for goes, from the store too."""
        found = self._of.setdefault((user, key), [])
        found.append(session)
        found.sort(key=_last_use, reverse=True)
        for one in found[_SESSIONS:]:
            self._drop(one.id)
        del found[_SESSIONS:]
        keys = self._keys[user]
        keys.add(key)
        if len(keys) > _KEYS and user != NOBODY:
            oldest = min(keys - {key}, key=lambda one: _last_use(self._of[user, one][0]))
            for one in self._of.pop((user, oldest)):
                self._drop(one.id)
            keys.remove(oldest)

    # --- what nio calls

    def add(self, sender_key: str, session: Session) -> bool:
        """See nio."""
        self.put(self._user, sender_key, session)
        self._keep(session.id, self._user)
        return True

    def get(self, sender_key: str) -> Session | None:
        """See nio."""
        return next(iter(self[sender_key]), None)

    def __getitem__(self, sender_key: str) -> list[Session]:
        nobodys = [] if self._user == NOBODY else self.own(NOBODY, sender_key)
        return [*self.own(self._user, sender_key), *nobodys]


def _last_use(session: Session) -> float:
    used: float = session.use_time.timestamp()
    return used
