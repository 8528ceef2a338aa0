"""The time zones that customers' profiles name (MSC4175), asked for beside the sync.

Rule: nothing that is received waits for a profile, because another homeserver may have it, and be slow.
"""

from __future__ import annotations

import asyncio
import string
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from helpbot.transports.base import Incoming, Kind, Receive, TryLater
from helpbot.transports.matrix_client import HttpClient
from helpbot.transports.matrix_http import as_dict, path

_AT_ONCE = 4  # profiles that are asked for at the same time
_PATIENCE = 5.0  # seconds that one may take
_AGAIN = 86_400.0  # seconds before the same person is asked about again
_SOON = 600.0  # the same, when her profile could not be read
_WAITING = 1000  # rooms that wait for a zone; those beyond are seen to at her next message
_TOO_MANY, _BROKEN = 429, 500  # statuses of servers that may answer later
_KEPT = 5000  # people who are remembered as asked about
_LONGEST = 40
_IN_A_NAME = frozenset(string.ascii_letters + string.digits + "/_+-")


@dataclass(slots=True)
class _Profile:
    due: float  # when it may be asked for again, by the loop's clock
    zone: str | None = None
    asked: bool = False
    rooms: set[str] = field(default_factory=set)  # that it was wanted for
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Zones:
    """Asks each customer's profile once a day, a few at a time; one that could not be read after ten minutes.

    What is under way when the bot stops is forgotten, and asked again at her next message.
    """

    def __init__(self, client: HttpClient, most: int = _WAITING, soon: float = _SOON) -> None:
        self._client = client
        self._soon = soon
        self._profiles: OrderedDict[str, _Profile] = OrderedDict()
        self._wanted: asyncio.Queue[tuple[str, str, _Profile]] = asyncio.Queue(most)

    def want(self, room: str, user: str) -> None:
        """See to it that this customer's zone is handed in for this room, if her profile names one."""
        now = asyncio.get_running_loop().time()
        profile = self._profiles.get(user)
        if profile is None or now >= profile.due:
            profile = self._profiles[user] = _Profile(now + _AGAIN)
            self._profiles.move_to_end(user)
            if len(self._profiles) > _KEPT:
                self._profiles.popitem(last=False)
        if room not in profile.rooms and not self._wanted.full():
            profile.rooms.add(room)
            self._wanted.put_nowait((room, user, profile))

    async def work(self, receive: Receive, now: Callable[[], datetime]) -> None:
        """Ask for what is wanted and hand it in, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for number in range(_AT_ONCE):
                group.create_task(self._work(receive, now), name=f"zones {number}")

    async def _work(self, receive: Receive, now: Callable[[], datetime]) -> None:
        while True:
            room, user, profile = await self._wanted.get()
            async with profile.turn:
                if not profile.asked:
                    profile.asked = True
                    try:
                        profile.zone = await self._zone_of(user)
                    except TryLater:
                        profile.due = asyncio.get_running_loop().time() + self._soon
            if profile.zone is not None:
                at = now()
                told = f"zone:{room}:{user}:{profile.zone}:{at.date()}"  # another day it counts anew, if it got lost
                await receive([Incoming(told, Kind.ZONED, room, user, "", at, zone=profile.zone)], None)

    async def _zone_of(self, user: str) -> str | None:
        """Return what her profile names; raises TryLater when it cannot be read now."""
        status, _, answer = await self._client.ask("GET", path("profile", user), patience=_PATIENCE, counted=False)
        if status == _TOO_MANY or status >= _BROKEN:
            raise TryLater(f"the profile was answered with {status}")
        profile = as_dict(answer) if status < 300 else {}
        named = profile.get("m.tz", profile.get("us.cloke.msc4175.tz"))
        fits = isinstance(named, str) and 0 < len(named) <= _LONGEST and _IN_A_NAME.issuperset(named)
        return named if fits else None
