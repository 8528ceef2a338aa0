"""The notebook of the store, in memory: what a transport keeps outlives the transport."""

from __future__ import annotations


class Notes:
    """Keeps notes, the cursor and the customers' rooms, as the store would."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.last: str | None = None
        self.known: set[str] = set()

    async def get(self, key: str) -> str | None:
        return self.kept.get(key)

    async def put(self, key: str, value: str) -> None:
        self.kept[key] = value

    async def cursor(self) -> str | None:
        return self.last

    async def rooms(self) -> frozenset[str]:
        return frozenset(self.known)
