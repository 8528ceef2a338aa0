"""The agents' rooms: which team sits where, and whether anybody may come in or read there.

Rule: an alias leads to the room that it led to first, because whoever made it may point it to a room of their own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Collection, Mapping

import structlog

from helpbot.transports.base import Notebook, SetupError, TryLater
from helpbot.transports.matrix_chores import Chores
from helpbot.transports.matrix_crypto import GuardedClient
from helpbot.transports.matrix_http import LoginGone, Refused, as_dict, path

log = structlog.get_logger(__name__)

DOOR = ("m.room.join_rules", "m.room.history_visibility")  # the state that says who may come in and read
_LOOK = 60.0  # seconds after which a room that was out of reach is looked for again
_BY_INVITATION = (None, "invite", "private", "knock")  # all other rules let in whom no agent knows


def note_of(team: str) -> str:
    """Return under which key the notebook holds where a team sits: what the config named, and the room's id."""
    return f"team_room:{team}"


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
        if not named.startswith("#"):
            return named
        if named not in self._ids:
            raise TryLater("where this team sits is not known yet", doubtful=False)
        return self._ids[named]

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
        room = await self._find(team, named)
        if room not in joined:
            through = {"server_name": named.split(":", 1)[-1]} if named.startswith("#") else None
            await self._client.call("POST", path("join", room), {}, query=through)
            log.info("agents_room_joined", room=room, team=team)
        await self._take(team, named, room)
        self._lost_teams.discard(team)

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

    def _look_again(self, team: str) -> None:
        self._chores.add(f"agents' room of {team}", lambda: self._return_to(team), self._look)

    async def _return_to(self, team: str) -> None:
        """Join a team's room, which may be within reach again."""
        try:
            answer = await self._client.call("GET", path("joined_rooms"), holds={"joined_rooms": list})
            await self._open_one(team, self._teams[team], answer["joined_rooms"])
        except (Refused, TryLater, SetupError) as failed:
            log.warning("agents_room_still_out_of_reach", team=team, why=str(failed))
            self._look_again(team)
        else:
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

    async def _find(self, team: str, named: str) -> str:
        """Return the id of a team's room; raises SetupError when its alias leads elsewhere than it first did."""
        if not named.startswith("#"):
            return named
        first = await self._first(team, named)
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
            return first
        room = str(answer["room_id"])
        if first is not None and first != room:
            raise SetupError(
                f"the alias {named} of team {team} has led to the room {first} and now leads to {room}: "
                f"if the team has moved there, write teams.matrix_room: {json.dumps(room)}, "
                f"else {json.dumps(first)}, and start again"
            )
        return room

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
            rule, rule_event = await state_of(self._client, room, "m.room.join_rules", "join_rule")
            visibility, seen_event = await state_of(
                self._client, room, "m.room.history_visibility", "history_visibility"
            )
            exposed = rule not in _BY_INVITATION or visibility == "world_readable"
            if exposed:
                log.error(
                    "agents_room_exposed",
                    room=room,
                    team=self._teams_of[room],
                    hint="anybody may come in or read it: nothing is posted there until it is invite-only",
                )
                key = hashlib.sha256(f"{room} {rule_event} {seen_event}".encode()).hexdigest()[:32]
                self._chores.add(room, lambda: self._warn(room, f"exposed-{key}"))
            self._exposed[room] = exposed
        return self._exposed[room]

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
