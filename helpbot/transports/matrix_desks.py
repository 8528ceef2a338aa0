"""The agents' rooms: which team sits where, and whether anybody may come in or read there.

Rule: an alias leads to the room that it led to first, because whoever made it may point it to a room of their own; to
another one only when that room was upgraded to it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import timedelta

import structlog

from helpbot.transports.base import Notebook, SetupError, TryLater
from helpbot.transports.matrix_chores import Chores
from helpbot.transports.matrix_crypto import GuardedClient
from helpbot.transports.matrix_http import LoginGone, Refused, as_dict, path
from helpbot.transports.matrix_upgrades import LONGEST, Upgrades

log = structlog.get_logger(__name__)

DOOR = ("m.room.join_rules", "m.room.history_visibility")  # the state that says who may come in and read
_LOOK = 60.0  # seconds after which a room that was out of reach is looked for again
_UPGRADED = timedelta(seconds=10)  # before a room that has yet to be followed is tried again
_BY_INVITATION = (None, "invite", "private", "knock")  # all other rules let in whom no agent knows


def note_of(team: str) -> str:
    """Return under which key the notebook holds where a team sits: what the config named, and the room's id."""
    return f"team_room:{team}"


class _NotYet(Exception):
    """A room was upgraded to another, which cannot be used yet."""

    def __init__(self, after: str, why: str) -> None:
        super().__init__(why)
        self.after = after
        self.why = why


class Desks:
    """The agents' rooms of all teams; `warn(room, key)` tells agents that their room is open to everybody."""

    def __init__(
        self,
        client: GuardedClient,
        notebook: Notebook,
        chores: Chores,
        teams: Mapping[str, str],
        warn: Callable[[str, str], Awaitable[None]],
        *,
        look: float = _LOOK,
        upgrades: Upgrades | None = None,
        is_encrypted: Callable[[str], Awaitable[bool]] | None = None,
    ) -> None:
        self._client = client
        self._notebook = notebook
        self._chores = chores
        self._teams = teams
        self._warn = warn
        self._look = look
        self._me = str(client.user)
        self._teams_of: dict[str, str] = {}  # room id → team
        self._ids: dict[str, str] = {}  # alias → room id
        self._lost_teams: set[str] = set()
        self._exposed: dict[str, bool] = {}
        self._upgrades = upgrades or Upgrades(client, notebook)
        self._is_encrypted = is_encrypted
        self._awaited: set[str] = set()  # rooms to which an agents' room was upgraded, and which cannot be used yet
        self._left: dict[str, str] = {}  # agents' rooms that were upgraded to such a one, and why it cannot be used

    def __contains__(self, room: str) -> bool:
        return room in self._teams_of

    def rooms(self) -> list[str]:
        """Return the agents' rooms that are within reach."""
        return [room for room, team in self._teams_of.items() if team not in self._lost_teams]

    def team(self, room: str) -> str | None:
        """Return whose agents' room this is."""
        return self._teams_of.get(room)

    def resolve(self, named: str) -> str:
        """Return the id of an agents' room named by alias or id, of any other room the id itself."""
        if named not in self._ids and named.startswith("#"):
            raise TryLater("where this team sits is not known yet", doubtful=False)
        room = self._ids.get(named, named)
        if room in self._left:
            raise TryLater(self._left[room], _UPGRADED, doubtful=False)
        return room

    def awaits(self, room: str) -> bool:
        """Tell whether an agents' room was upgraded to this one, which cannot be used yet."""
        return room in self._awaited

    def stir(self) -> None:
        """Look at once for the rooms that are out of reach."""
        for team in self._lost_teams:
            self._look_again(team, 0.0)

    def replaced(self, room: str) -> None:
        """See to it that the teams of a room which was upgraded go on where they can."""
        named = self._teams[self._teams_of[room]]
        for team in [one for one, where in self._teams.items() if where == named]:
            self._look_again(team, 0.0)

    async def open(self, joined: Collection[str]) -> None:
        """Join the agents' rooms that are not joined.

        Raises SetupError when none can be reached, or one that never was: one that is out of reach is looked for again
        later, and what is for it waits.
        """
        faults: dict[str, SetupError | TryLater] = {}
        for team, named in self._teams.items():
            try:
                await self._open_one(team, named, joined)
            except LoginGone:
                raise
            except (Refused, TryLater) as failed:
                faults[team] = await self._lost(team, named, failed)
        if faults and len(faults) == len(self._teams):
            raise max(faults.values(), key=lambda fault: isinstance(fault, TryLater))  # while one may come, wait for it
        for team, fault in faults.items():
            log.error("agents_room_out_of_reach", team=team, why=str(fault))
            self._look_again(team)

    async def _open_one(self, team: str, named: str, joined: Collection[str]) -> None:
        room, leads = await self._find(team, named)
        passed = {room, *self._upgrades.former(room), None}
        if room not in joined:
            if leads not in passed:
                raise self._elsewhere(team, named, room, leads)
            through = {"server_name": named.split(":", 1)[-1]} if named.startswith("#") else None
            await self._client.call("POST", path("join", room), {}, query=through)
            log.info("agents_room_joined", room=room, team=team)
        waits: _NotYet | None = None
        try:
            newest = await self._newest(team, room, joined)
        except _NotYet as not_yet:
            newest, waits = room, not_yet
        passed |= {newest, *self._upgrades.former(newest), None if waits is None else waits.after}
        if leads not in passed:
            raise self._elsewhere(team, named, room, leads)
        await self._take(team, named, newest)
        if newest != room:
            self._upgrades.news(newest)
        if waits is not None:
            self._lost_teams.add(team)
            self._left[newest] = waits.why
            hint = f"invite {self._me} there, and make it private and as encrypted as the one before"
            log.error("agents_room_upgraded", team=team, room=newest, by=waits.after, why=waits.why, hint=hint)
            self._look_again(team)
            return
        self._left.pop(newest, None)
        self._lost_teams.discard(team)

    async def _newest(self, team: str, room: str, joined: Collection[str]) -> str:
        """Follow a room to what it was upgraded to, as often as it was; raises _NotYet when that cannot be used."""
        for _ in range(LONGEST):
            after = await self._replacement(team, room)
            if after is None or (after not in joined and not await self._came_into(after)):
                return room
            if await self._upgrades.predecessor(after) != room:
                log.warning("upgrade_ignored", room=room, by=after, why="the other room does not say so")
                await self._let_go(after)
                return room
            if (await self._door(after))[0]:
                raise _NotYet(after, "this room was upgraded to one that is open to everybody: make it invite-only")
            if self._is_encrypted is not None and await self._is_encrypted(room) > await self._is_encrypted(after):
                raise _NotYet(after, "this encrypted room was upgraded to one that is not encrypted")
            await self._upgrades.follow(room, after, team)
            self._left.pop(room, None)
            self._awaited.discard(after)
            hint = f"write teams.matrix_room: {json.dumps(after)}, or an alias that leads there"
            log.warning("agents_room_moved", team=team, room=after, before=room, hint=hint)
            room = after
        return room

    async def _replacement(self, team: str, room: str) -> str | None:
        """Return what a room says that it was upgraded to; when that cannot be asked now, it is asked later."""
        try:
            return await self._upgrades.replacement(room)
        except LoginGone:
            raise
        except TryLater as later:
            log.warning("upgrade_not_asked", team=team, room=room, why=later.why)
            self._look_again(team)
            return None

    async def _came_into(self, room: str) -> bool:
        """Join the room that an agents' room names; raises _NotYet when it does not let the bot in."""
        self._awaited.add(room)
        server = room.partition(":")[2]
        try:
            query = {"server_name": server} if server else None
            await self._client.call("POST", path("join", room), {}, query=query)
        except LoginGone:
            raise
        except Refused as refused:
            raise _NotYet(room, f"this room was upgraded to one that the bot may not enter ({refused.code})") from None
        return True

    async def _let_go(self, room: str) -> None:
        """Leave a room that is no agents' room, if it was joined as one."""
        if room in self._awaited:
            self._awaited.discard(room)
            try:
                await self._client.call("POST", path("rooms", room, "leave"), {})
            except Refused as refused:
                log.warning("room_not_left", room=room, why=refused.why)

    async def _lost(self, team: str, named: str, failed: Refused | TryLater) -> SetupError | TryLater:
        """Return what keeps a team's room out of reach; raises it when the bot was never there."""
        fault: SetupError | TryLater = failed if isinstance(failed, TryLater) else self._fault(team, named, failed)
        first = await self._first(team, named)
        if first is None:
            raise fault
        await self._take(team, named, first)  # so that an invitation is followed, and nobody takes it for a customer's
        self._lost_teams.add(team)
        return fault

    def _fault(self, team: str, named: str, refused: Refused) -> SetupError:
        return SetupError(
            f"the agents' room {named} of team {team} is out of reach ({refused.code}): "
            f"check teams.matrix_room, invite {self._me} there, and start again"
        )

    def _look_again(self, team: str, wait: float | None = None) -> None:
        self._chores.add(f"agents' room of {team}", lambda: self._return_to(team), self._look if wait is None else wait)

    async def _return_to(self, team: str) -> None:
        """Join a team's room, which may be within reach again."""
        try:
            answer = await self._client.call("GET", path("joined_rooms"), holds={"joined_rooms": list})
            await self._open_one(team, self._teams[team], answer["joined_rooms"])
        except (Refused, TryLater, SetupError) as failed:
            log.warning("agents_room_still_out_of_reach", team=team, why=str(failed))
            self._look_again(team)
        else:
            if team not in self._lost_teams:
                log.info("agents_room_found_again", team=team)

    async def _take(self, team: str, named: str, room: str) -> None:
        other = self._teams_of.get(room)
        if other is not None and self._teams[other] != named:  # as two rooms, each would refuse the other's claims
            raise SetupError(
                f"{self._teams[other]} of team {other} and {named} of team {team} are one room: "
                f"write the same teams.matrix_room for both, for instance {json.dumps(room)}"
            )
        await self._notebook.put(note_of(team), json.dumps({"named": named, "room": room}))
        await self._notebook.put(f"desk:{room}", team)
        self._ids[named] = room
        self._teams_of.setdefault(room, team)
        for before in self._upgrades.former(room):
            self._teams_of.pop(before, None)

    async def _find(self, team: str, named: str) -> tuple[str, str | None]:
        """Return the id of a team's room as it was found first, and where its alias leads now."""
        first = await self._first(team, named)
        if not named.startswith("#"):
            return first or named, None
        try:
            answer = await self._client.call("GET", path("directory", "room", named), holds={"room_id": str})
        except LoginGone:
            raise
        except (Refused, TryLater):
            if first is None:
                raise
            log.warning(
                "alias_leads_nowhere", team=team, alias=named, room=first, hint="the room that it led to is used"
            )
            return first, None
        room = str(answer["room_id"])
        return first or room, room

    def _elsewhere(self, team: str, named: str, first: str, leads: str | None) -> SetupError:
        return SetupError(
            f"the alias {named} of team {team} has led to the room {first} and now leads to {leads}: "
            f"if the team has moved there, write teams.matrix_room: {json.dumps(leads)}, "
            f"else {json.dumps(first)}, and start again"
        )

    async def _first(self, team: str, named: str) -> str | None:
        """Return where the team sat when it was first found under this name."""
        kept = as_dict(json.loads(await self._notebook.get(note_of(team)) or "{}"))
        room = kept.get("room")
        if kept.get("named") == named and isinstance(room, str):
            return room
        return named if await self._notebook.get(f"desk:{named}") == team else None  # kept by older versions

    # --- who may come in

    async def is_exposed(self, room: str) -> bool:
        """Tell whether an agents' room may be entered or read by anybody: then nothing of a customer is said there."""
        if room not in self._teams_of:
            return False
        if room not in self._exposed:
            exposed, state = await self._door(room)
            if exposed:
                log.error(
                    "agents_room_exposed",
                    room=room,
                    team=self._teams_of[room],
                    hint="anybody may come in or read it: nothing is posted there until it is invite-only",
                )
                key = hashlib.sha256(f"{room} {state}".encode()).hexdigest()[:32]
                self._chores.add(room, lambda: self._warn(room, f"exposed-{key}"))
            self._exposed[room] = exposed
        return self._exposed[room]

    async def _door(self, room: str) -> tuple[bool, str]:
        """Tell whether anybody may come in or read there, and what tells this state from a later one."""
        rule, rule_event = await state_of(self._client, room, "m.room.join_rules", "join_rule")
        visibility, seen_event = await state_of(self._client, room, "m.room.history_visibility", "history_visibility")
        return rule not in _BY_INVITATION or visibility == "world_readable", f"{rule_event} {seen_event}"

    def door_changed(self, room: str) -> None:
        """Forget who may come into the room."""
        self._exposed.pop(room, None)


async def state_of(client: GuardedClient, room: str, kind: str, field: str) -> tuple[object, object]:
    """Return a field of a room's state, and what tells this state from a later one."""
    try:
        event = await client.call("GET", path("rooms", room, "state", kind), query={"format": "event"})
    except Refused as refused:
        if refused.code != "M_NOT_FOUND":
            raise
        return None, None
    if "content" not in event and field not in event:
        raise TryLater(f"the homeserver does not tell the room's {kind}")
    content = as_dict(event.get("content")) or event  # some servers give the content alone
    return content.get(field), event.get("event_id")
