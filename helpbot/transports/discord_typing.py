"""Who is typing in the teams' channels: Discord tells that it began, and shows it for ten seconds."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

import discord

from helpbot.transports.base import Sign, Typing
from helpbot.transports.discord_client import DeskClient
from helpbot.transports.discord_faults import TROUBLE
from helpbot.transports.discord_places import Place, Places

_SHOWN = 10.0  # seconds


async def watch_typing(client: DeskClient, places: Places, notice: Callable[[Sign], None]) -> None:
    """Tell each time that somebody begins to type in a team's channel, or no longer does, until cancelled."""
    typing: dict[tuple[str, str], dict[str, float]] = {}  # room and team → person → until when
    while True:
        due = min((at for people in typing.values() for at in people.values()), default=None)
        event = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if due is None else max(0.0, due - time.monotonic())):
                event = await client.typed.get()
        changed: set[tuple[str, str]] = set()
        place = None if event is None else await _place(client, places, event.channel_id)
        if event is not None and place is not None and place.team is not None and not _is_bot(client, event.user_id):
            where = place.room, place.team
            typing.setdefault(where, {})[str(event.user_id)] = time.monotonic() + _SHOWN
            changed.add(where)
        for where, people in typing.items():
            for person in [one for one, at in people.items() if at <= time.monotonic()]:
                del people[person]
                changed.add(where)
        for where in changed:
            room, team = where
            notice(Typing(room, team, tuple(typing[where])))


async def _place(client: DeskClient, places: Places, channel: int) -> Place | None:
    try:
        return await places.of(client, discord.Object(channel))
    except (discord.HTTPException, *TROUBLE):  # nobody misses it
        return None


def _is_bot(client: DeskClient, person: int) -> bool:
    return client.user is not None and client.user.id == person
