"""The time zone of a customer's profile, on a real Synapse that is slow to tell it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

from helpbot.transports.base import Incoming, Kind

from ..crash.proxy import Proxy, Trouble
from .actors import PlainActor
from .bot import Bot
from .conftest import MakeBot, MakePlain

pytestmark = pytest.mark.synapse

_SLOW = 3.0  # seconds that each profile takes


async def in_tokyo(make: MakePlain) -> PlainActor:
    actor = await make("Marie")
    await actor.request("PUT", f"/_matrix/client/v3/profile/{actor.id}/m.tz", {"m.tz": "Asia/Tokyo"})
    return actor


@pytest.fixture
async def behind(new_bot: MakeBot, proxy: Proxy) -> Bot:
    """A bot whose homeserver is slow to tell profiles."""

    def rule(request: web.Request) -> Trouble | None:
        return Trouble("slow", seconds=_SLOW) if "/profile/" in request.path else None

    proxy.rule = rule
    bot = await new_bot(homeserver=proxy.url)
    await bot.start()
    return bot


def zoned(bot: Bot) -> list[Incoming]:
    return [item for item in bot.received if item.kind is Kind.ZONED]


def asked(proxy: Proxy) -> int:
    return len([path for _, _, path in proxy.asked if "/profile/" in path])


async def test_nothing_that_is_said_waits_for_a_slow_profile(behind: Bot, plain_actor: MakePlain, proxy: Proxy) -> None:
    people = [await in_tokyo(plain_actor) for _ in range(2)]
    rooms = [await person.create_dm(behind.id) for person in people]
    for room in rooms:
        await behind.arrived(room)
    for person, room in zip(people, rooms, strict=True):
        await person.say(room, f"hello from {room}")
    for room in rooms:
        assert (await behind.heard(f"hello from {room}")).room == room
    assert asked(proxy) == 2
    assert zoned(behind) == [], "what was said waited for a profile"
    for person, room in zip(people, rooms, strict=True):
        told = await behind.wait_for(lambda item, room=room: item.kind is Kind.ZONED and item.room == room)  # type: ignore[misc]
        assert (told.sender, told.zone) == (person.id, "Asia/Tokyo")
    assert asked(proxy) == 2


async def test_a_profile_that_was_not_told_when_the_bot_stopped_is_asked_for_again(
    behind: Bot, plain_actor: MakePlain, proxy: Proxy
) -> None:
    marie = await in_tokyo(plain_actor)
    room = await marie.create_dm(behind.id)
    await behind.arrived(room)
    async with asyncio.timeout(10):
        while asked(proxy) == 0:  # noqa: ASYNC110  # a list has no event
            await asyncio.sleep(0.01)
    await behind.stop()
    assert zoned(behind) == []
    proxy.rule = lambda request: None
    await behind.start()
    await marie.say(room, "are you there?")
    await behind.heard("are you there?")
    told: Any = await behind.wait_for(lambda item: item.kind is Kind.ZONED)
    assert (told.room, told.zone) == (room, "Asia/Tokyo")
