"""What the homeserver shows of an installation: the login, its keys, the agents' rooms, and rooms nobody knows of.

Rule: it only asks, with the login that the desk keeps, because a login of its own would be one more device.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from helpbot.config import Config, Matrix
from helpbot.doctor_base import NEW_KEYS, Finding, Kept, State, fault, ok, warn
from helpbot.doctor_limits import limits
from helpbot.doctor_rooms import agents_room, drift, help_room, invitations, moved, nowhere, replaced, upgraded
from helpbot.transports.base import SetupError, TryLater, Undeliverable
from helpbot.transports.matrix_client import HttpClient
from helpbot.transports.matrix_http import JsonDict, LoginGone, Redirected, Refused, as_dict, dicts, path
from helpbot.transports.matrix_http import fault as meaning_of
from helpbot.transports.matrix_signing import is_signed
from helpbot.transports.matrix_snapshot import snapshot
from helpbot.transports.matrix_upgrades import Told, is_room

_PATIENCE = 10.0  # seconds for each question
_LOOK_AGAIN = "run helpbot doctor again; if it stays so, the homeserver's log says why"
_SIGN = "start the desk once with matrix.password: it signs its device, or says in its log why not (device_not_signed)"
_LIMITS, _KEYS = "rate limits", "keys at the homeserver"
_NO_WAY = (  # parts of aiohttp's names for what went wrong, the narrower first
    ("DNSError", "no server knows this name (DNS)"),
    ("CertificateError", "its certificate is not accepted: expired, of another name, or of an unknown authority"),
    ("SSLError", "no TLS is spoken there: is it http, or another port?"),
    ("ConnectorError", "nothing listens at this address and port"),
    ("Timeout", "nobody answers in time: the machine is down, a firewall is between, or no TLS is spoken there"),
)


@dataclass(frozen=True, slots=True)
class _Round:
    """What the questions share; `named` are the rooms of the teams as the config names them, `rooms` their ids."""

    client: HttpClient
    matrix: Matrix
    kept: Kept
    named: Mapping[str, str]
    joined: asyncio.Task[frozenset[str]]
    rooms: Mapping[str, asyncio.Task[str]]
    help_rooms: Sequence[str]


async def examine(config: Config, matrix: Matrix, kept: Kept, admin_token: str | None = None) -> list[Finding]:
    """Return what the homeserver shows; each question that fails is a finding of its own.

    A server admin's token is asked with for the rate limits and nothing else.
    """
    client = HttpClient(matrix.homeserver, matrix.user, None, "")
    named = {team.id: team.matrix_room for team in config.teams if team.matrix_room is not None}
    later = [_KEYS, *(f"team {team}" for team in named), "rooms", "invitations"]
    try:
        found = [await _reachable(client)]
        down = found[0].state is State.FAULT
        if kept.token is not None and down:
            return [*found, not_asked(["login", _LIMITS, *later], "the homeserver does not answer", "homeserver")]
        if kept.token is None:
            found.append(never_started(kept, matrix.user))
            return found if down or admin_token is None else [*found, *await _limits(client, matrix, admin_token)]
        client.access_token = kept.token
        judged, told = await _login(client, matrix)
        found.append(judged)
        if told or admin_token is not None:
            found += await _limits(client, matrix, admin_token)
        else:
            later.insert(0, _LIMITS)
        if not told:
            return [*found, not_asked(later, "the login is not of use", "login")]
        helping = [room.room for room in config.help_rooms]
        return found + await _asked(client, matrix, kept, named, helping, told.get("device_id"))
    finally:
        await client.shut()


async def _asked(  # noqa: PLR0917  # what is asked with, and of what
    client: HttpClient,
    matrix: Matrix,
    kept: Kept,
    named: Mapping[str, str],
    helping: Sequence[str],
    device: object,
) -> list[Finding]:
    """Return what is found with a login of the bot's own."""
    rooms = {team: asyncio.create_task(_room(client, name)) for team, name in named.items()}
    the = _Round(client, matrix, kept, named, asyncio.create_task(_joined(client)), rooms, helping)
    parts = await asyncio.gather(
        _told(_KEYS, _keys(the, device)),
        *(_told(f"team {team}", _team(the, team, name)) for team, name in named.items()),
        *(_told(f"help room {name}", _help_room(the, name)) for name in helping),
        _told("rooms", _drift(the)),
        _told("invitations", _invitations(the)),
    )
    await asyncio.gather(the.joined, *rooms.values(), return_exceptions=True)
    return [one for part in parts for one in part]


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


def unreachable(homeserver: str, why: str) -> Finding:
    """Return the finding for a homeserver that does not answer as one."""
    hint = next((f": {words}" for part, words in _NO_WAY if part in why), "")
    mend = (
        "see whether it runs, and whether matrix.homeserver is the address that clients use, with the right name, port "
        f"and certificate; from this machine: curl -sS {shlex.quote(f'{homeserver}/_matrix/client/versions')}"
    )
    return fault("homeserver", f"{homeserver} is of no use: {why}{hint}", mend)


def not_asked(checks: Sequence[str], why: str, first: str) -> Finding:
    """Return the one finding for all that another fault keeps from being asked."""
    return warn("not asked", f"{why}; so nothing is known of: {', '.join(checks)}", f"mend `{first}` and run it again")


def never_started(kept: Kept, user: str) -> Finding:
    """Return the finding for a database without a login, or that cannot be read."""
    why, mend = f"the database holds none of {user}: the desk was never started", "start the desk once: helpbot run"
    if kept.held:
        why, mend = "no login can be read while another program keeps the database locked", "mend `database lock` first"
    elif not kept.readable:
        why, mend = "no login can be read without the database", "mend what the lines on the database say first"
    elif kept.runs:
        why, mend = f"the desk runs, and has not logged in yet as {user}", "its log says why it waits (login_waits)"
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
        return [fault(check, f"the device {name} has other keys there than in the key store", NEW_KEYS)]
    if kept.device == name and not kept.taken:
        what = f"it does not take those of the device {name} that are in the key store, because it has older ones"
        mend = f"start the desk, if it does not run; if it stays so, {NEW_KEYS}"
        return [fault(check, f"{what}: nobody can write encrypted", mend)]
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


# --- asking


async def _reachable(client: HttpClient) -> Finding:
    try:
        answer = await client.call("GET", "/_matrix/client/versions", patience=_PATIENCE, gated=False)
    except (TryLater, Undeliverable, SetupError) as error:
        if isinstance(error, Redirected) and error.address is not None:
            what = f"{client.homeserver} redirects to {error.address}"
            return fault("homeserver", what, f"write {error.address} as matrix.homeserver")
        return unreachable(client.homeserver, str(error))
    if not isinstance(answer.get("versions"), list):
        return unreachable(client.homeserver, "what answers there is no Matrix homeserver")
    return ok("homeserver", f"{client.homeserver} answers")


async def _login(client: HttpClient, matrix: Matrix) -> tuple[Finding, JsonDict]:
    """Return how the login is, and what the homeserver tells of it; nothing unless it is the bot's own."""
    given = matrix.access_token is not None
    try:
        told = await _get(client, path("account", "whoami"))
    except LoginGone as gone:
        return bad_login(gone.why, given=given), {}
    except (TryLater, Undeliverable, SetupError) as error:
        return fault("login", f"cannot be asked: {error}", _LOOK_AGAIN), {}
    return login(told, matrix.user, given=given), told if told.get("user_id") == matrix.user else {}


async def _limits(client: HttpClient, matrix: Matrix, admin_token: str | None) -> list[Finding]:
    if admin_token is None:
        return await _told(_LIMITS, _override(client, matrix, by_admin=False))
    admin = HttpClient(matrix.homeserver, matrix.user, None, "")
    admin.access_token = admin_token
    try:
        return await _told(_LIMITS, _override(admin, matrix, by_admin=True))
    finally:
        await admin.shut()


async def _override(client: HttpClient, matrix: Matrix, *, by_admin: bool) -> list[Finding]:
    where = f"/_synapse/admin/v1/users/{quote(matrix.user, safe='')}/override_ratelimit"
    status, headers, answer = await client.ask("GET", where, patience=_PATIENCE, gated=False)
    if status in {401, 403, 404, 405} or (status < 300 and isinstance(answer, dict)):
        return [limits(status, answer, matrix.homeserver, matrix.user, by_admin=by_admin)]
    raise meaning_of(status, headers, answer)


async def _keys(the: _Round, device: object) -> list[Finding]:
    if not the.matrix.encryption:
        return [ok(_KEYS, "encryption is off")]
    if not isinstance(device, str):
        return [not_asked([_KEYS], "the login has no device", "login")]
    user = the.matrix.user
    wanted: JsonDict = {"device_keys": {user: []}}
    shown = await the.client.call("POST", path("keys", "query"), wanted, patience=_PATIENCE, gated=False)
    counts = await the.client.call("POST", path("keys", "upload"), {}, patience=_PATIENCE, gated=False)  # only counts
    found = signing(shown, user, device, the.kept)
    return found if found[0].state is State.FAULT else [*found, one_time_keys(counts)]


async def _joined(client: HttpClient) -> frozenset[str]:
    rooms = (await _get(client, path("joined_rooms"))).get("joined_rooms")
    return frozenset(room for room in rooms if isinstance(room, str)) if isinstance(rooms, list) else frozenset()


async def _room(client: HttpClient, named: str) -> str:
    if not named.startswith("#"):
        return named
    return str((await _get(client, path("directory", "room", named))).get("room_id"))


def _newest(room: str, upgrades: Mapping[str, str]) -> str:
    """Return where the desk went on from a room."""
    passed = {room}
    while upgrades.get(room, room) not in passed:
        room = upgrades[room]
        passed.add(room)
    return room


async def _leads(client: HttpClient, before: str, room: str) -> bool:
    """Tell whether two rooms say that the one was upgraded to the other: then the desk follows at its start."""
    told = Told(client)
    return is_room(before) and await told.replacement(before) == room and await told.predecessor(room) == before


async def _team(the: _Round, team: str, named: str) -> list[Finding]:
    check, invite = (
        f"team {team}: room",
        f"invite {the.matrix.user} there: a desk that runs joins by itself, else start it",
    )
    try:
        found = await the.rooms[team]
        room = _newest(found, the.kept.upgrades)
        here = moved(team, named, room, the.kept) or ok(check, f"the bot is in {named}")
        sat = the.kept.seats.get(team, ("", ""))[1]
        if room != found or (here.state is State.FAULT and await _leads(the.client, sat, room)):
            here = upgraded(team, named, room)
    except Refused as refused:
        before, room = the.kept.seats.get(team, ("", ""))
        if before != named:
            mend = f"mend teams.matrix_room, or give the room this alias; then {invite}"
            return [fault(check, f"there is no room {named} ({refused.code or refused.status})", mend)]
        here = nowhere(team, named, room)
    if room not in await the.joined:
        if here.state is State.FAULT:
            return [here]
        return [fault(check, f"the bot is not in {named}: no agent of this team hears of tickets", invite)]
    status, headers, answer = await the.client.ask("GET", path("rooms", room, "state"), patience=_PATIENCE, gated=False)
    if status >= 300 or not isinstance(answer, list):
        raise meaning_of(status, headers, answer)
    whole = agents_room(team, the.matrix.user, dicts(answer), encryption=the.matrix.encryption)
    gone = replaced(team, room, the.matrix.user, dicts(answer))
    return [here if gone is None or here.state is State.FAULT else gone, *whole]


async def _help_room(the: _Round, named: str) -> list[Finding]:
    room: str | None = None
    try:
        room = await _room(the.client, named)
    except Refused as refused:
        if refused.code != "M_NOT_FOUND":
            raise
    found = await asyncio.gather(*the.rooms.values(), return_exceptions=True)
    desks = [one for one in found if isinstance(one, str)]
    return [help_room(named, room, the.matrix.user, await the.joined, desks)]


async def _drift(the: _Round) -> list[Finding]:
    if not the.kept.readable:
        mend = "mend what the lines on the database say first"
        return [fault("rooms", "without the database nobody can tell which are known", mend)]
    found = await asyncio.gather(*the.rooms.values(), return_exceptions=True)
    known = {_newest(room, the.kept.upgrades) for room in found if isinstance(room, str)}
    known |= {room for room in found if isinstance(room, str)}
    asked = zip(the.named.items(), found, strict=True)
    if not all(isinstance(room, str) and moved(*named, room, the.kept) is None for named, room in asked):
        known |= set(the.kept.desks)  # one of them is the room that cannot be told now
    return drift(await the.joined, the.kept, known)


async def _invitations(the: _Round) -> list[Finding]:
    answer = await snapshot(the.client, _PATIENCE)
    return [invitations(list(as_dict(as_dict(answer.get("rooms")).get("invite"))))]


async def _get(client: HttpClient, where: str) -> JsonDict:
    return await client.call("GET", where, patience=_PATIENCE, gated=False)
