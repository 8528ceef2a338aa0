"""Direct rooms that the bot opens for somebody who asked for one, in public.

Rule: the room is found again by an alias that follows from who it is for, because a bot that was killed after the
homeserver made it does not know that it did.
Rule: she gets no power there (`private_chat`, not `trusted_private_chat`, which would give her the bot's own), and
nobody but the bot may invite, because a third person, another door or lifted encryption would end what makes it hers.
"""

from __future__ import annotations

import asyncio
import hashlib

import structlog

from helpbot.transports.base import TryLater, Undeliverable
from helpbot.transports.matrix_crypto import GuardedClient
from helpbot.transports.matrix_http import JsonDict, Refused, path

log = structlog.get_logger(__name__)

_ALIASES = 5  # tried, because anybody on the same server may have made one of that name first
_MAKING = 2.0  # seconds that a homeserver may take from an alias to its room
_ENCRYPTED = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}


async def open_direct(client: GuardedClient, person: str) -> str:
    """Return the room that the bot has opened for somebody, made if there is none, with them invited."""
    for number in range(_ALIASES):
        name = _name(str(client.user), person, number)
        alias = f"#{name}:{str(client.user).partition(':')[2]}"
        room = await _led_to(client, alias)
        if room is not None and await _is_hers(client, room, person):
            return room
        if room is not None and not await _given_up(client, alias):
            log.warning("alias_of_somebody_else", alias=alias)
            continue
        return await _made(client, name, person)
    raise Undeliverable("no direct room could be opened: the aliases for it are somebody else's")


def _name(me: str, person: str, number: int) -> str:
    seed = "\x1f".join((me, person, str(number)))
    return f"helpbot-{hashlib.sha256(seed.encode()).hexdigest()[:24]}"


async def _led_to(client: GuardedClient, alias: str) -> str | None:
    try:
        answer = await client.call("GET", path("directory", "room", alias), holds={"room_id": str})
    except Refused as refused:
        if refused.code == "M_NOT_FOUND":
            return None
        raise
    return str(answer["room_id"])


async def _is_hers(client: GuardedClient, room: str, person: str) -> bool:
    """Tell whether the bot made a room and is in it, with nobody but her; invite her if she is not in it."""
    maker = await made_by(client, room)
    if maker is None:  # the homeserver may be making it, for a request whose answer was lost
        await asyncio.sleep(_MAKING)
        maker = await made_by(client, room)
    try:
        members = {} if maker is None else await client.members(room)
    except Refused:
        return False
    there = {user for user, member in members.items() if member.membership in {"join", "invite", "knock"}}
    if maker != client.user or client.user not in there or not there <= {client.user, person}:
        return False
    if person not in there:
        await client.call("POST", path("rooms", room, "invite"), {"user_id": person})
    return True


async def made_by(client: GuardedClient, room: str) -> object:
    """Return who made a room; None when the bot may not know."""
    where, query = path("rooms", room, "state", "m.room.create"), {"format": "event"}
    try:
        return (await client.call("GET", where, query=query)).get("sender")
    except Refused:
        return None


async def _given_up(client: GuardedClient, alias: str) -> bool:
    """Take an alias down whose room is of no use any more; tell whether it was the bot's to take down."""
    try:
        await client.call("DELETE", path("directory", "room", alias))
    except Refused:
        return False
    return True


async def _made(client: GuardedClient, name: str, person: str) -> str:
    body: JsonDict = {
        "preset": "private_chat",
        "is_direct": True,
        "invite": [person],
        "room_alias_name": name,
        "power_level_content_override": {"invite": 100},
        "initial_state": [] if client.olm is None else [_ENCRYPTED],
    }
    try:
        answer = await client.call("POST", path("createRoom"), body, holds={"room_id": str})
    except Refused as refused:
        if refused.code == "M_ROOM_IN_USE":  # made by a request whose answer was lost
            raise TryLater("the room has just been made") from None
        raise
    return str(answer["room_id"])
