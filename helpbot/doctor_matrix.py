"""What the homeserver shows of an installation: the login, its keys, the agents' rooms, and rooms nobody knows of.

Rule: it only asks, with the login that the desk keeps, because a login of its own would be one more device.
"""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from helpbot.config import Config, Matrix
from helpbot.doctor import Finding, Kept, fault, ok, warn
from helpbot.transports.base import SetupError, TryLater, Undeliverable
from helpbot.transports.matrix_client import HttpClient
from helpbot.transports.matrix_http import JsonDict, LoginGone, Refused, as_dict, dicts, path
from helpbot.transports.matrix_http import fault as meaning_of
from helpbot.transports.matrix_signing import is_signed

_PATIENCE = 10.0  # seconds for each question
_AGENTS_NAMED, _ROOMS_NAMED = 10, 5
_NOTHING = {"limit": 1, "not_types": ["*"]}
_OF_ROOMS = dict.fromkeys(("timeline", "state", "ephemeral", "account_data"), _NOTHING)
_INVITES_ONLY = json.dumps({"presence": _NOTHING, "account_data": _NOTHING, "room": _OF_ROOMS})
_LOOK_AGAIN = "mend what the lines on `homeserver` and `login` say, and look again"
_SIGN = "start the desk once with matrix.password: it signs its device, or says in its log why not (device_not_signed)"


@dataclass(frozen=True, slots=True)
class _Round:
    """What the questions share; `rooms` are those of the teams, by team."""

    client: HttpClient
    matrix: Matrix
    kept: Kept
    joined: asyncio.Task[frozenset[str]]
    rooms: Mapping[str, asyncio.Task[str]]


async def examine(config: Config, matrix: Matrix, kept: Kept) -> list[Finding]:
    """Return what the homeserver shows; each question that fails is a finding of its own."""
    client = HttpClient(matrix.homeserver, matrix.user, None, "")
    try:
        found = await _told("homeserver", _reachable(client))
        if kept.token is None:
            return [*found, never_started(kept, matrix.user)]
        client.access_token = kept.token
        named = {team.id: str(team.matrix_room) for team in config.teams}
        rooms = {team: asyncio.create_task(_room(client, name)) for team, name in named.items()}
        the = _Round(client, matrix, kept, asyncio.create_task(_joined(client)), rooms)
        parts = await asyncio.gather(
            _told("login", _login(the)),
            _told("rate limits", _limits(the)),
            _told("keys at the homeserver", _keys(the)),
            *(_told(f"team {team}", _team(the, team, name)) for team, name in named.items()),
            _told("rooms", _drift(the)),
            _told("invitations", _invitations(the)),
        )
        await asyncio.gather(the.joined, *rooms.values(), return_exceptions=True)
        return found + [one for part in parts for one in part]
    finally:
        await client.shut()


async def _told(check: str, asking: Awaitable[list[Finding]]) -> list[Finding]:
    """Return what asking finds; a question that fails keeps no other from being asked."""
    try:
        return await asking
    except Refused as refused:
        why = f"the homeserver refuses it ({refused.code or refused.status})"
    except (TryLater, Undeliverable, SetupError) as error:
        why = str(error)
    return [fault(check, f"cannot be asked: {why}", _LOOK_AGAIN)]


# --- what facts mean


def never_started(kept: Kept, user: str) -> Finding:
    """Return the finding for a database without a login, or that cannot be read."""
    why, mend = f"the database holds none of {user}: the desk was never started", "start the desk once: helpbot run"
    if not kept.readable:
        why, mend = "no login can be read without the database", "mend `database` first"
    return fault("login", f"{why}; nothing else can be asked", mend)


def login(answer: Mapping[str, object], user: str, *, given: bool) -> Finding:
    """Judge an answer to whoami; `given` when the token stands in the config."""
    device = answer.get("device_id")
    if answer.get("user_id") != user:
        why = f"it belongs to {answer.get('user_id')}, not to {user}"
    elif not isinstance(device, str):
        why = "it has no device: the homeserver cannot tell a repeated message from a new one"
    else:
        return ok("login", f"it is that of {user}, device {device}")
    return bad_login(why, given=given)


def bad_login(why: str, *, given: bool) -> Finding:
    """Return the finding for a token that is of no use."""
    new = "set matrix.access_token to one from a login of this account, or set matrix.password instead"
    return fault("login", why, new if given else "start the desk with matrix.password set: it logs in anew")


def limits(status: int, answer: object, homeserver: str, user: str) -> Finding:
    """Judge an answer to the question for the account's own rate limits."""
    where = f"{homeserver}/_synapse/admin/v1/users/{quote(user, safe='@:')}/override_ratelimit"
    body = '{"messages_per_second": 0, "burst_count": 0}'
    mend = f"as a server admin: curl -X POST -H \"Authorization: Bearer ADMIN_TOKEN\" -d '{body}' {shlex.quote(where)}"
    if status >= 300:
        what = "whether they are lifted cannot be seen with this account; if not, customers wait"
        return warn("rate limits", what, mend)
    told = as_dict(answer)
    if "messages_per_second" not in told:
        return warn("rate limits", "they are not lifted: after a few messages customers wait", mend)
    rate, burst = told.get("messages_per_second"), told.get("burst_count")
    return ok("rate limits", f"{burst} messages at once, then {rate} a second" if rate else "lifted for this account")


def one_time_keys(answer: Mapping[str, object]) -> Finding:
    """Judge how many one-time keys the homeserver has left, from an answer to keys/upload."""
    check = "one-time keys"
    count = as_dict(answer.get("one_time_key_counts")).get("signed_curve25519", 0)
    if isinstance(count, int) and count > 0:
        return ok(check, f"{count} at the homeserver: new devices can write encrypted")
    return warn(check, "none at the homeserver: new devices share one spare key", "start the desk: it uploads more")


def signing(shown: Mapping[str, object], user: str, name: str, kept: Kept) -> list[Finding]:
    """Judge an answer to keys/query for the account itself: its device, and who vouches for it."""
    check = "keys at the homeserver"
    device = as_dict(as_dict(as_dict(shown.get("device_keys")).get(user)).get(name))
    if not device:
        return [fault(check, f"it has no keys of the device {name}: nobody can write encrypted", "start the desk")]
    public = as_dict(device.get("keys")).get(f"ed25519:{name}")
    if kept.device == name and kept.identity not in (None, public):
        mend = "restore the key store, or move it away and start the desk with matrix.password: it logs in anew"
        return [fault(check, f"the device {name} has other keys there than in the key store", mend)]
    return [ok(check, f"those of the device {name} are there"), cross_signing(shown, user, name, device)]


def cross_signing(shown: Mapping[str, object], user: str, name: str, device: JsonDict) -> Finding:
    """Judge whether the account vouches for its device: master key → self-signing key → device."""
    check = "cross-signing"
    master, signer = (_public(as_dict(shown.get(f"{usage}_keys")).get(user)) for usage in ("master", "self_signing"))
    if master is None:
        return fault(check, "the account has no master key: clients warn of the bot, or hide its words", _SIGN)
    own = as_dict(as_dict(shown.get("self_signing_keys")).get(user))
    if signer is None or not is_signed(own, user, master, master):
        return fault(check, "the account has no self-signing key that its master key signed", _SIGN)
    if not is_signed(device, user, signer, signer):
        what = f"the device {name} is not signed: clients warn of the bot, or hide its words"
        return fault(check, what, _SIGN)
    return ok(check, f"the account vouches for the device {name}")


def _public(key: object) -> str | None:
    """Return the one public key in a cross-signing key."""
    values = list(as_dict(as_dict(key).get("keys")).values())
    return values[0] if len(values) == 1 and isinstance(values[0], str) else None


def drift(joined: Iterable[str], kept: Kept, teams: Iterable[str]) -> list[Finding]:
    """Judge what the rooms and the database say of each other."""
    there = set(joined)
    strange = sorted(there - kept.conversations - set(teams))
    lost = [(number, gone) for number, room, gone in kept.tickets if room not in there]
    found = [ok("rooms", f"the desk knows all {len(there)} rooms that the bot is in")]
    if strange:
        once = sum(room in kept.desks for room in strange)
        what = f"the bot is in {_some(strange)} that no customer and no team has, {once} of them had a team once"
        mend = "start the desk again: it takes in or leaves them; put the bot out of rooms that had a team"
        found = [warn("rooms", what, mend)]
    if not lost:
        return [*found, ok("open tickets", f"the bot is in the rooms of all {len(kept.tickets)}")]
    what = f"the bot is not in the customer's room any more: {', '.join(f'#{number}' for number, _ in lost)}"
    mend = "close them in the agents' room (!close), or have the customer write to the bot in a new room"
    judge = warn if all(gone for _, gone in lost) else fault  # agents know of what the desk knows
    return [*found, judge("open tickets", what, mend)]


def invitations(rooms: Sequence[str]) -> Finding:
    """Judge the invitations that nobody followed."""
    if not rooms:
        return ok("invitations", "none waits")
    mend = "start the desk if it does not run; else its log says why (invited), and matrix.invites_from who may"
    return warn("invitations", f"the bot is invited to {_some(sorted(rooms))} that it has not joined", mend)


def _some(rooms: Sequence[str]) -> str:
    more = ", …" if len(rooms) > _ROOMS_NAMED else ""
    return f"{len(rooms)} room{'' if len(rooms) == 1 else 's'} ({', '.join(rooms[:_ROOMS_NAMED])}{more})"


def agents_room(team: str, me: str, events: Sequence[JsonDict], *, encryption: bool) -> list[Finding]:
    """Judge an agents' room by its whole state."""
    state = {str(event.get("type")): event for event in events if event.get("state_key") == ""}
    joined = [event for event in events if as_dict(event.get("content")).get("membership") == "join"]
    members = {str(event.get("state_key")) for event in joined if event.get("type") == "m.room.member"}
    encrypted = "m.room.encryption" in state
    readable = ok(f"team {team}: encryption", f"the room is {'' if encrypted else 'not '}encrypted")
    if encrypted and not encryption:
        why = "the room is encrypted, and the bot's encryption is off"
        readable = fault(readable.check, why, "set matrix.encryption to true")
    return [
        *door(team, {kind: as_dict(event.get("content")) for kind, event in state.items()}),
        agents(team, sorted(members - {me})),
        readable,
        sending(team, me, state, "m.room.encrypted" if encrypted else "m.room.message"),
    ]


def door(team: str, state: Mapping[str, JsonDict]) -> list[Finding]:
    """Judge who may come into an agents' room, and who may read it."""
    joining, reading, guests = f"team {team}: joining", f"team {team}: reading", f"team {team}: guests"
    rule = state.get("m.room.join_rules", {}).get("join_rule", "invite")
    seen = state.get("m.room.history_visibility", {}).get("history_visibility", "shared")
    guest = state.get("m.room.guest_access", {}).get("guest_access", "forbidden")
    settings = "in the room's settings, under security"
    found = [ok(joining, "only who is invited may come in"), ok(reading, "only members may read it")]
    if rule not in ("invite", "private"):
        what = f"its join rule is {rule}: others than those invited may become agents"
        found[0] = fault(joining, what, f"make the room invite-only {settings}, and look who has joined")
    if seen == "world_readable":
        found[1] = fault(reading, "anybody may read it without joining", f"let only members read it {settings}")
    if guest == "forbidden":
        return [*found, ok(guests, "none may join")]
    return [*found, warn(guests, "guests, who have no account, may be invited in", f"forbid guests {settings}")]


def agents(team: str, people: Sequence[str]) -> Finding:
    """Name those who can act as agents."""
    check = f"team {team}: agents"
    if not people:
        return warn(check, "nobody but the bot is in the room: no one answers customers", "invite the agents there")
    more = ", …" if len(people) > _AGENTS_NAMED else ""
    return ok(check, f"{len(people)} can act as agents: {', '.join(people[:_AGENTS_NAMED])}{more}")


def sending(team: str, me: str, state: Mapping[str, JsonDict], kind: str) -> Finding:
    """Judge whether the bot may write and react in an agents' room."""
    check, create = f"team {team}: writing", state.get("m.room.create", {})
    made = as_dict(create.get("content"))
    version, others = str(made.get("room_version")), made.get("additional_creators")
    made_it = me == create.get("sender") or (isinstance(others, list) and me in others)
    if made_it and version.isdecimal() and int(version) >= 12:
        return ok(check, "the bot made the room and may do anything there")
    levels = as_dict(state.get("m.room.power_levels", {}).get("content"))
    mine = _level(as_dict(levels.get("users")).get(me, levels.get("users_default", 0)))
    default, each = levels.get("events_default", 0), as_dict(levels.get("events"))
    wanted = {one: _level(each.get(one, default)) for one in (kind, "m.reaction")}
    short = ", ".join(f"{one} takes {level}" for one, level in wanted.items() if level > mine)
    if short:
        mend = f"give {me} a higher power level there, or let the default role send these"
        return fault(check, f"the bot has power level {mine}, {short}", mend)
    return ok(check, "the bot may write and react")


def _level(value: object) -> int:
    """Return a power level; old rooms hold some as text."""
    if isinstance(value, str) and value.isdecimal() and len(value) < 10:
        return int(value)
    return value if isinstance(value, int) else 0


# --- asking


async def _reachable(client: HttpClient) -> list[Finding]:
    answer = await client.call("GET", "/_matrix/client/versions", patience=_PATIENCE, gated=False)
    if not isinstance(answer.get("versions"), list):
        mend = "write the address that clients use as matrix.homeserver"
        return [fault("homeserver", f"{client.homeserver} does not answer as a Matrix homeserver does", mend)]
    return [ok("homeserver", f"{client.homeserver} answers")]


async def _login(the: _Round) -> list[Finding]:
    given = the.matrix.access_token is not None
    try:
        return [login(await _get(the.client, path("account", "whoami")), the.matrix.user, given=given)]
    except LoginGone as gone:
        return [bad_login(gone.why, given=given)]


async def _limits(the: _Round) -> list[Finding]:
    where = f"/_synapse/admin/v1/users/{quote(the.matrix.user, safe='')}/override_ratelimit"
    status, headers, answer = await the.client.ask("GET", where, patience=_PATIENCE, gated=False)
    if status in {403, 404, 405} or (status < 300 and isinstance(answer, dict)):
        return [limits(status, answer, the.matrix.homeserver, the.matrix.user)]
    raise meaning_of(status, headers, answer)


async def _keys(the: _Round) -> list[Finding]:
    if not the.matrix.encryption:
        return [ok("keys at the homeserver", "encryption is off")]
    user, device = the.matrix.user, (await _get(the.client, path("account", "whoami"))).get("device_id")
    wanted: JsonDict = {"device_keys": {user: []}}
    shown = await the.client.call("POST", path("keys", "query"), wanted, patience=_PATIENCE, gated=False)
    counts = await the.client.call("POST", path("keys", "upload"), {}, patience=_PATIENCE, gated=False)  # only counts
    return [*signing(shown, user, str(device), the.kept), one_time_keys(counts)]


async def _joined(client: HttpClient) -> frozenset[str]:
    rooms = (await _get(client, path("joined_rooms"))).get("joined_rooms")
    return frozenset(room for room in rooms if isinstance(room, str)) if isinstance(rooms, list) else frozenset()


async def _room(client: HttpClient, named: str) -> str:
    if not named.startswith("#"):
        return named
    return str((await _get(client, path("directory", "room", named))).get("room_id"))


async def _team(the: _Round, team: str, named: str) -> list[Finding]:
    check, invite = f"team {team}: room", f"invite {the.matrix.user} there, and start the desk"
    try:
        room = await the.rooms[team]
    except Refused as refused:
        mend = f"mend teams.matrix_room, or give the room this alias; then {invite}"
        return [fault(check, f"there is no room {named} ({refused.code or refused.status})", mend)]
    if room not in await the.joined:
        return [fault(check, f"the bot is not in {named}: no agent of this team hears of tickets", invite)]
    status, headers, answer = await the.client.ask("GET", path("rooms", room, "state"), patience=_PATIENCE, gated=False)
    if status >= 300 or not isinstance(answer, list):
        raise meaning_of(status, headers, answer)
    whole = agents_room(team, the.matrix.user, dicts(answer), encryption=the.matrix.encryption)
    return [ok(check, f"the bot is in {named}"), *whole]


async def _drift(the: _Round) -> list[Finding]:
    if not the.kept.readable:
        return [fault("rooms", "without the database nobody can tell which are known", "mend `database` first")]
    found = await asyncio.gather(*the.rooms.values(), return_exceptions=True)
    known = {room for room in found if isinstance(room, str)}
    if len(known) < len(found):  # one cannot be told now, but was perhaps before
        known |= the.kept.desks
    return drift(await the.joined, the.kept, known)


async def _invitations(the: _Round) -> list[Finding]:
    query = {"filter": _INVITES_ONLY, "timeout": "0", "set_presence": "offline"}  # without `since` nothing is taken
    answer = await the.client.call("GET", path("sync"), query=query, patience=_PATIENCE, gated=False)
    return [invitations(list(as_dict(as_dict(answer.get("rooms")).get("invite"))))]


async def _get(client: HttpClient, where: str) -> JsonDict:
    return await client.call("GET", where, patience=_PATIENCE, gated=False)
