"""Help rooms: where many people are, and the bot answers for all to read.

Rule: a room that was ever one is never taken for a customer's, and no customer's or agents' room is taken for one,
because what is said there is read by everybody. One that was upgraded is followed, as `Upgrades` says.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import structlog

from helpbot.transports.base import Notebook, TryLater
from helpbot.transports.matrix_chores import Chores
from helpbot.transports.matrix_crypto import GuardedClient
from helpbot.transports.matrix_http import LoginGone, Refused, path
from helpbot.transports.matrix_upgrades import LONGEST, Told

log = structlog.get_logger(__name__)

_LOOK = 60.0  # seconds after which a room that was out of reach is looked for again


class HelpRooms:
    """The help rooms that the config names, by alias or id; `taken` tells whether a room is another kind of room."""

    def __init__(
        self,
        client: GuardedClient,
        notebook: Notebook,
        chores: Chores,
        named: Sequence[str],
        taken: Callable[[str], bool],
        *,
        look: float = _LOOK,
    ) -> None:
        self._client = client
        self._notebook = notebook
        self._chores = chores
        self._named = tuple(named)
        self._taken = taken
        self._look = look
        self._names: dict[str, str] = {}  # room id → what the config names it
        self._told = Told(client)
        self._awaited: dict[str, str] = {}  # rooms to which a help room was upgraded, until the bot goes on there
        self._before: dict[str, str | None] = {}  # which room a help room replaces

    def __contains__(self, room: str) -> bool:
        return room in self._names

    def name(self, room: str) -> str | None:
        """Return what the config calls that room; None when it is no help room."""
        return self._names.get(room)

    def awaits(self, room: str) -> bool:
        """Tell whether a help room was upgraded to this one, and the bot has not gone on there yet."""
        return room in self._awaited

    def stir(self, room: str) -> None:
        """Look at once at a room that is awaited."""
        if room in self._awaited:
            self._look_again(self._awaited[room], 0.0)

    def replaced(self, room: str) -> None:
        """See to it that the bot goes on in the room to which a help room was upgraded, if it was."""
        if room in self._names:
            self._look_again(self._names[room], 0.0)

    async def former(self, room: str) -> list[str]:
        """Return the rooms that a help room has replaced, the last one first, by what both of each two say of it."""
        found: list[str] = []
        while len(found) < LONGEST:
            newer = found[-1] if found else room
            if newer not in self._before:
                before = await self._told.predecessor(newer)
                told = before is not None and await self._told.replacement(before) == newer
                self._before[newer] = before if told else None
            older = self._before[newer]
            if older is None or older in found:
                break
            found.append(older)
        return found

    async def open(self, joined: Collection[str]) -> None:
        """Join those that are not joined; one that is out of reach is looked for again later."""
        for named in self._named:
            try:
                await self._open_one(named, joined)
            except LoginGone:
                raise
            except (Refused, TryLater) as failed:
                await self._lost(named, failed)

    async def was_one(self, room: str) -> bool:
        """Tell whether a room is, or ever was, a help room."""
        return room in self._names or await self._notebook.get(f"help:{room}") is not None

    def left(self, room: str) -> None:
        """See to it that the bot comes back to a help room that it was put out of."""
        named = self._names.get(room)
        if named is not None:
            log.error("help_room_lost", room=room, hint="invite the bot there again")
            self._look_again(named)

    async def _open_one(self, named: str, joined: Collection[str]) -> None:
        """Join a help room, then all that it was upgraded to, one after the other."""
        if named.startswith("#"):
            answer = await self._client.call("GET", path("directory", "room", named), holds={"room_id": str})
            room = str(answer["room_id"])
        else:
            room = await self._notebook.get(f"help_room:{named}") or named
        if not await self._take(named, room):
            return
        if room not in joined:
            await self._join(room, (named if named.startswith("#") else room).partition(":")[2])
        for _ in range(LONGEST):
            after = await self._told.replacement(room)
            self._awaited = {one: name for one, name in self._awaited.items() if name != named or one == after}
            if after is None or not await self._moved(named, room, after, joined):
                return
            room = after

    async def _join(self, room: str, through: str) -> None:
        query = {"server_name": through} if through else None
        await self._client.call("POST", path("join", room), {}, query=query)
        log.info("help_room_joined", room=room)

    async def _moved(self, named: str, room: str, after: str, joined: Collection[str]) -> bool:
        """Go on in the room that a help room names, if that says the same; raises what keeps the bot out of it."""
        if self._taken(after) or after in self._names:
            log.error("upgrade_ignored", room=room, by=after, why="it is an agents', a customer's or a help room")
            return False
        self._awaited[after] = named  # before the bot is in it: it must not be left as a crowd
        if after not in joined:
            await self._join(after, room.partition(":")[2])
        if await self._told.predecessor(after) != room:
            log.warning("upgrade_ignored", room=room, by=after, why="the other room does not say so")
            del self._awaited[after]
            await self._client.call("POST", path("rooms", after, "leave"), {})
            return False
        if taken := await self._take(named, after):
            log.warning("help_room_moved", named=named, room=after, before=room)
        self._awaited.pop(after, None)
        return taken

    async def _take(self, named: str, room: str) -> bool:
        """Take a room for the help room of that name, unless it is an agents' or a customer's."""
        if self._taken(room):
            log.error("help_room_refused", room=room, named=named, hint="it is an agents' or a customer's room")
            return False
        await self._notebook.put(f"help:{room}", named)  # before the bot is in it: it must never be left as a crowd
        await self._notebook.put(f"help_room:{named}", room)
        for before in [one for one, name in self._names.items() if name == named and one != room]:
            del self._names[before]
        self._names[room] = named
        return True

    async def _lost(self, named: str, failed: Refused | TryLater) -> None:
        log.error("help_room_out_of_reach", named=named, why=str(failed), hint="invite the bot there")
        before = await self._notebook.get(f"help_room:{named}")
        if before is not None and named not in self._names.values():
            await self._take(named, before)  # the bot may be in it, though its alias cannot be followed now
        self._look_again(named)

    def _look_again(self, named: str, wait: float | None = None) -> None:
        self._chores.add(f"help room {named}", lambda: self._return_to(named), self._look if wait is None else wait)

    async def _return_to(self, named: str) -> None:
        try:
            answer = await self._client.call("GET", path("joined_rooms"), holds={"joined_rooms": list})
            await self._open_one(named, answer["joined_rooms"])
        except LoginGone:
            raise
        except (Refused, TryLater) as failed:
            log.warning("help_room_still_out_of_reach", named=named, why=str(failed))
            self._look_again(named)
