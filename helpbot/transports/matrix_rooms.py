"""The rooms that the bot is in: agents' rooms, customers' rooms, and those that it declines.

Rule: who is in a room is asked from the server when it matters, because what a client pieces together can be forged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise

import structlog

from helpbot.transports.base import Notebook, SetupError, TryLater, Undeliverable
from helpbot.transports.matrix_aside import Aside
from helpbot.transports.matrix_chores import Budget, Chores, Fruitless, Kind
from helpbot.transports.matrix_client import Member
from helpbot.transports.matrix_crypto import GuardedClient
from helpbot.transports.matrix_desks import Desks, state_of
from helpbot.transports.matrix_events import is_user_id
from helpbot.transports.matrix_http import Barred, JsonDict, Limited, LoginGone, Refused, as_dict, dicts, path
from helpbot.transports.matrix_opening import made_by
from helpbot.transports.matrix_public import HelpRooms
from helpbot.transports.matrix_snapshot import snapshot
from helpbot.transports.matrix_upgrades import Upgrades
from helpbot.transports.matrix_zones import Zones

log = structlog.get_logger(__name__)

_ONE_ROOM = 20.0  # seconds that joining or leaving one may take
_WORDS = 3  # tries to say why the bot leaves; then it leaves in silence
_LOOK = 3600.0  # seconds until invitations that were passed over are looked for
_PASSED_OVER = "invitations passed over"
_SAME = 60.0  # seconds within which an invitation to the same room is the same one, told of twice
_GRANTED_KEPT = 1000  # rooms of which that is known
_PEOPLE_KEPT = 1000  # rooms whose members' names are remembered


@dataclass(frozen=True, slots=True)
class Arrival:
    """A direct room with one customer; `event` is the bot's own join."""

    customer: str
    name: str
    event: str
    at: object


@dataclass(frozen=True, slots=True)
class Move:
    """A customer's room that was upgraded, and the rooms that it went on in, the one looked at as the last.

    `why` names what keeps the bot from going on there, as a phrase does.
    """

    chain: Sequence[str]
    customer: str
    name: str
    why: str = ""


class Rooms:
    """What the bot knows of its rooms.

    `decline(room, key)` tells people why it leaves, `warn(room, key)` agents that their room is open to everybody,
    `say(room, what, key)` that a room was "upgraded", or is "unencrypted" where the one before it was encrypted.
    """

    def __init__(
        self,
        client: GuardedClient,
        notebook: Notebook,
        *,
        teams: Mapping[str, str],
        invites_from: Sequence[str],
        decline: Callable[[str, str], Awaitable[None]],
        warn: Callable[[str, str], Awaitable[None]],
        help_rooms: Sequence[str] = (),
        say: Callable[[str, str, str], Awaitable[None]] | None = None,
    ) -> None:
        self.chores = Chores()
        self.aside = Aside(notebook)
        self.zones = Zones(client)
        self.known: set[str] = set()  # customers' rooms that the desk was told of
        self._ever_known: set[str] = set()  # these, and those that the bot left
        self._client = client
        self._notebook = notebook
        self._me = str(client.user)
        self._invites_from = tuple(invites_from)
        self._decline = decline
        self._budgets = {Kind.JOIN: Budget(), Kind.REFUSE: Budget()}
        self.help = HelpRooms(
            client,
            notebook,
            self.chores,
            help_rooms,
            lambda room: self.team(room) is not None or room in self._ever_known,
        )
        self._say = say
        self.upgrades = Upgrades(client, notebook)
        self._desks = Desks(
            client, notebook, self.chores, teams, warn, upgrades=self.upgrades, is_encrypted=self.is_encrypted
        )
        self._encrypted: dict[str, bool] = {}
        self._people: dict[str, dict[str, str]] = {}
        self._granted: dict[str, float] = {}  # rooms that may be joined, and from when on
        self._will_look = False

    # --- agents' rooms

    async def open_desks(self) -> None:
        """Join every agents' room; raises SetupError when one is out of reach."""
        await self.aside.load()
        await self.upgrades.load()
        self.known = set(await self._notebook.rooms())
        self._ever_known |= self.known
        joined = await self.joined()
        await self._desks.open(joined)
        await self.help.open(joined)
        for room in self._desks.rooms():
            if self._client.olm is None and await self.is_encrypted(room):
                raise SetupError(f"the agents' room {room} is encrypted: set matrix.encryption to true")

    def team(self, room: str) -> str | None:
        """Return whose agents' room this is."""
        return self._desks.team(room)

    def desks(self) -> list[str]:
        """Return the agents' rooms that are within reach."""
        return self._desks.rooms()

    async def is_exposed(self, room: str) -> bool:
        """Tell whether an agents' room may be entered or read by anybody: then nothing of a customer is said there."""
        return await self._desks.is_exposed(room)

    def door_changed(self, room: str) -> None:
        """Forget who may come into the room."""
        self._desks.door_changed(room)

    async def resolve(self, named: str) -> str:
        """Return the id of a room named by alias or id."""
        return self._desks.resolve(named)

    # --- what is known of a room

    async def joined(self) -> list[str]:
        """Return the rooms that the bot is in."""
        answer = await self._client.call("GET", path("joined_rooms"), holds={"joined_rooms": list})
        return [room for room in answer["joined_rooms"] if isinstance(room, str)]

    async def is_encrypted(self, room: str) -> bool:
        """Tell whether the room is encrypted; once it is, it stays so, whatever anybody says later."""
        if room not in self._encrypted:
            if await self._notebook.get(f"encrypted:{room}") is not None:
                self._encrypted[room] = True
            else:
                await self._ask_encrypted(room)
        return self._encrypted[room]

    async def _ask_encrypted(self, room: str) -> None:
        algorithm, event = await state_of(self._client, room, "m.room.encryption", "algorithm")
        if algorithm is None and event is None:
            self._encrypted.setdefault(room, False)
        else:
            await self.note_encrypted(room)

    async def note_encrypted(self, room: str) -> None:
        """Remember for ever that the room is encrypted."""
        if not self._encrypted.get(room):
            self._encrypted[room] = True
            await self._notebook.put(f"encrypted:{room}", "yes")

    async def people(self, room: str, *, now: bool) -> dict[str, str]:
        """Return the joined members, id → display name; `now` asks the server even if they were known."""
        if now or room not in self._people:
            if len(self._people) >= _PEOPLE_KEPT:
                self._people.clear()
            self._people[room] = await self._client.joined(room)
        return self._people[room]

    def members_changed(self, room: str) -> None:
        """Forget who is in the room."""
        self._people.pop(room, None)
        self._client.forget_members(room)

    async def came_over(self, room: str, person: str) -> bool:
        """Tell whether somebody who comes into a help room is in one that it replaces, and so is not new."""
        for before in await self.help.former(room):
            try:
                if person in await self.people(before, now=False):
                    return True
            except Refused:  # the bot is out of it already
                continue
        return False

    # --- coming and going

    def invited(self, room: str, state: Sequence[JsonDict]) -> None:
        """Join, or refuse, as `invites_from` says."""
        inviter = str(inviter_of(state, self._me))
        ours = self.team(room) is not None or self._desks.awaits(room) or room in self.help or self.help.awaits(room)
        wanted = ours or self.may_open(inviter)
        kind = Kind.OWN if ours else Kind.JOIN if wanted else Kind.REFUSE
        if not ours and room not in self.chores and self.chores.is_full(kind, inviter):
            passed = self.chores.give_way(kind, inviter)
            self._pass_over(passed or room, wanted=wanted)
            if passed is None:
                return
        wait = 0.0 if ours else self._wait(room, kind, inviter)
        log.info("invited", room=room, by=inviter, accepted=wanted, seconds=round(wait))
        self.chores.add(room, lambda: self._join(room) if wanted else self._leave(room), wait, kind, inviter)

    def _wait(self, room: str, kind: Kind, inviter: str) -> float:
        """Return in how many seconds an invitation may be followed; one that is told of twice has one turn."""
        now = asyncio.get_running_loop().time()
        if now - self._granted.get(room, -_SAME) >= _SAME:
            if len(self._granted) >= _GRANTED_KEPT:
                self._granted.clear()
            self._granted[room] = now + self._budgets[kind].wait(inviter, now)
        return max(0.0, self._granted[room] - now)

    def _pass_over(self, room: str, *, wanted: bool) -> None:
        """Leave an invitation at the homeserver, and see to it that one to be followed is looked for."""
        log.warning("invitation_passed_over", room=room, accepted=wanted, hint="too many wait already")
        if wanted and not self._will_look:
            self._will_look = True
            self.chores.add(_PASSED_OVER, self._look_again, _LOOK)

    async def _look_again(self) -> None:
        self._will_look = False  # what is passed over from now on is looked for the next time
        invited = invitations(await snapshot(self._client))
        for room, state in invited.items():
            if room not in self.chores:
                self.invited(room, state)
            await asyncio.sleep(0)

    async def arrival(self, room: str) -> Arrival | None:
        """Return who is in a room that the bot joined; None when it is no customer's room, then the bot leaves it."""
        if self.chores.kind(room) is Kind.LEAVE:
            return None
        if self._desks.awaits(room) or self.help.awaits(room):
            return None
        if await self._notebook.get(f"desk:{room}") is not None:
            await self.told_of_upgrade(room)
            log.warning(
                "former_agents_room", room=room, hint="no team names it any more: nothing is read or said there"
            )
            return None
        if await self.help.was_one(room):
            return None
        try:
            members = await self._client.members(room)
        except Refused:  # the bot is out already
            return None
        me = members.get(self._me)
        if me is None or me.membership != "join":
            return None
        others = [
            user for user, member in members.items() if user != self._me and member.membership in {"join", "invite"}
        ]
        if await self._is_opened(room, members):
            return None
        if len(others) == 1 and (room in self._ever_known or self.may_open(others[0])):
            name = members[others[0]].name
            return Arrival(others[0], name, me.event if room in self._ever_known else "", me.at)
        self.leave(room, politely=bool(others), because=me.event)
        return None

    async def _is_opened(self, room: str, members: Mapping[str, Member]) -> bool:
        """Tell whether the bot has opened this room for somebody who has not come yet; a homeserver invites last."""
        others = [member for user, member in members.items() if user != self._me]
        if len(others) == 1:
            return others[0].membership == "invite" and others[0].by == self._me
        return not others and await made_by(self._client, room) == self._me

    async def replaced(self, room: str) -> None:
        """Keep that a room was upgraded, if it was; what is for people there goes to the other room, or waits."""
        if room in self._desks:
            self._desks.replaced(room)
        elif await self.help.was_one(room):
            self.help.replaced(room)
        else:
            await self.upgrades.note(room)

    async def move(self, room: str) -> Move | None:
        """Return from which customer's room she comes to this one, which the bot has joined; None for all others."""
        if self._desks.awaits(room):
            self._desks.stir()
            return None
        if self.help.awaits(room):
            self.help.stir(room)
            return None
        chain = await self.upgrades.chain_to(room, self._ever_known)
        if not chain:
            older = await self.upgrades.predecessor(room)
            if older is not None and older in self.chores and self.upgrades.is_awaited(older):
                return Move([older, room], self._me, "", "upgrade_waits")  # it is joined soon, and tells more
            await self.upgrades.refuted(room)
            return None
        try:
            members, before = await self._client.members(room), await self._client.members(chain[0])
        except Refused:  # the bot is out already
            return None
        there = {who: one for who, one in members.items() if who != self._me and one.membership in {"join", "invite"}}
        stayed = {who for who, one in before.items() if who != self._me and one.membership == "join"}
        customer = next(iter(there), self._me)
        if len(there) != 1 or there[customer].membership != "join":
            return Move(chain, self._me, "", "upgrade_company" if len(there) > 1 else "upgrade_waits")
        name = there[customer].name
        if stayed - {customer} or customer not in before:
            return Move(chain, customer, name, "upgrade_company")
        sealed = [one for one in chain[:-1] if await self.is_encrypted(one)]
        if sealed and not await self.is_encrypted(room):
            self._tell(room, "unencrypted")
            return Move(chain, customer, name, "upgrade_unencrypted")
        for one, after in pairwise(chain):
            await self.upgrades.follow(one, after)
        return Move(chain, customer, name)

    async def told_of_upgrade(self, room: str) -> None:
        """Say once in an agents' room that was upgraded that the team goes on elsewhere."""
        note = f"told of upgrade:{room}"
        if self.upgrades.is_followed(room) and await self._notebook.get(note) is None:
            await self._notebook.put(note, "yes")
            self._tell(room, "upgraded")

    def _tell(self, room: str, what: str) -> None:
        say = self._say
        if say is not None:
            self.chores.add(f"{what} {room}", lambda: say(room, what, f"{what}-{room}"[:200]))

    def leave(self, room: str, *, politely: bool, because: str) -> None:
        """Leave and forget a room that is no customer's, saying why if there is somebody to tell and it can be told."""
        log.info("room_declined", room=room)
        words = _WORDS if politely else 0

        async def do() -> None:
            nonlocal words
            if words > 0:
                words -= 1
                try:
                    await self._alone(self._decline(room, f"decline-{because}"))
                except Undeliverable as never:
                    log.warning("room_declined_in_silence", room=room, why=never.why)
                except TryLater as later:
                    words += not isinstance(later, Fruitless)
                    raise
            await self._leave(room)

        self.chores.add(room, do, kind=Kind.LEAVE)

    def arrived(self, room: str) -> None:
        """Remember that the desk knows this room."""
        self.known.add(room)
        self._ever_known.add(room)

    def left(self, room: str) -> None:
        """Remember that the bot is no longer there."""
        self.known.discard(room)
        self._encrypted.pop(room, None)
        self.members_changed(room)
        self.help.left(room)
        if room in self._desks:
            log.error("agents_room_lost", room=room, team=self.team(room), hint=f"invite {self._me} there again")

    def may_open(self, user: object) -> bool:
        """Tell whether somebody may have a direct room with the bot."""
        return is_user_id(user) and any(fnmatchcase(str(user), pattern) for pattern in self._invites_from)

    async def _join(self, room: str) -> None:
        joining = self._client.call("POST", path("join", room), {}, patience=_ONE_ROOM)
        if self.team(room) is None and room not in self.help:
            await self._alone(joining)
            return
        try:
            await joining
        except Refused as refused:  # an agents' room may let the bot in later, and nothing else looks for it
            raise Fruitless(refused.why) from None

    async def _alone(self, doing: Awaitable[object]) -> None:
        """Wait for what is done in one room; raises Fruitless when it seems to be that room alone which fails."""
        try:
            await doing
        except (LoginGone, Barred, Limited):
            raise
        except TryLater as later:
            if later.after is not None:
                raise
            await self.joined()  # which fails when the homeserver is away
            raise Fruitless(later.why) from None

    async def _leave(self, room: str) -> None:
        for what in ("leave", "forget"):
            await self._alone(self._client.call("POST", path("rooms", room, what), {}, patience=_ONE_ROOM))


def invitations(answer: JsonDict) -> dict[str, list[JsonDict]]:
    """Return the rooms of a sync that the bot is invited to, with what the inviter's server tells of them."""
    invited = as_dict(as_dict(answer.get("rooms")).get("invite"))
    return {room: invite_state(info) for room, info in invited.items()}


def invite_state(info: object) -> list[JsonDict]:
    """Return the stripped state of an invited room in a sync."""
    return dicts(as_dict(as_dict(info).get("invite_state")).get("events"))


def inviter_of(state: Sequence[JsonDict], me: str) -> object:
    """Return who invites: the sender of the last invitation in this state; None without one.

    The inviter's server supplies this state, and may forge what is in it; the homeserver itself adds the real
    invitation to its end.
    """
    for event in reversed(state):
        about_me = event.get("type") == "m.room.member" and event.get("state_key") == me
        if about_me and as_dict(event.get("content")).get("membership") == "invite":
            return event.get("sender")
    return None
