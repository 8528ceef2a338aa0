"""The Matrix transport in help rooms, and the direct rooms that it opens."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import pytest

from helpbot.transports import matrix_opening
from helpbot.transports.base import Incoming, Kind

from .actors import CLIENT, PlainActor, Refused
from .bot import Bot, until_in
from .conftest import MakeBot, MakePlain

pytestmark = pytest.mark.synapse


@pytest.fixture
async def marie(plain_actor: MakePlain) -> PlainActor:
    return await plain_actor("Marie")


@pytest.fixture
async def paul(plain_actor: MakePlain) -> PlainActor:
    return await plain_actor("Paul")


async def a_room(owner: PlainActor, bot: Bot, *others: PlainActor, **options: Any) -> str:
    room = await owner.create_room(bot.id, *(other.id for other in others), **options)
    for other in others:
        await other.join(room)
        await until_in(owner, room, other.id)
    return room


async def test_who_calls_whom_and_who_comes_is_told(new_bot: MakeBot, marie: PlainActor, paul: PlainActor) -> None:
    bot = await new_bot()
    room = await a_room(marie, bot, paul)
    await marie.say(room, "before the bot came")
    await bot.start(help_rooms=[room], invites_from=[paul.id])
    await until_in(marie, room, bot.id)

    async def said(who: PlainActor, text: str, **more: Any) -> Incoming:
        ref = await who.say(room, text, **more)
        return await bot.wait_for(lambda item: item.id == ref)

    plain = await said(marie, "how does Paul do it?")
    assert (plain.public, plain.addressed, plain.mentions, plain.reachable, plain.team) == (
        room,
        False,
        False,
        False,
        None,
    )
    assert (await said(paul, "and me?")).reachable
    called = await said(marie, "Paul: how?", **{"m.mentions": {"user_ids": [paul.id]}})
    assert (called.addressed, called.mentions) == (False, True)
    to_bot = await said(marie, "Helpbot: how?", **{"m.mentions": {"user_ids": [bot.id]}})
    assert (to_bot.addressed, to_bot.mentions) == (True, False)
    assert (await said(marie, "@room how?", **{"m.mentions": {"room": True}})).mentions
    assert (await said(marie, f"ask {paul.id}")).mentions

    await paul.leave(room)
    await marie.invite(room, paul.id)
    await paul.join(room)
    came = await bot.wait_for(lambda item: item.kind is Kind.ARRIVED)
    assert (came.sender, came.public, came.reachable) == (paul.id, room, True)
    profile = f"{CLIENT}/profile/{quote(paul.id)}/displayname"
    await paul.request("PUT", profile, {"displayname": "Paolo"})
    await said(marie, "the last word")
    assert [item.sender for item in bot.received if item.kind is Kind.ARRIVED] == [paul.id]
    assert "before the bot came" not in bot.texts(room)
    assert {item.kind for item in bot.received} <= {Kind.SAID, Kind.ARRIVED, Kind.LEFT}, "no crowd, nobody alone"
    assert (await marie.members(room))[bot.id] == "join"


async def test_a_help_room_is_never_left_whatever_becomes_of_its_name(
    new_bot: MakeBot, marie: PlainActor, paul: PlainActor
) -> None:
    bot = await new_bot()
    alias = f"#gone-{bot.id[1:9]}:helpbot.test"
    room = await a_room(marie, bot, paul, room_alias_name=alias[1:].partition(":")[0])
    await bot.start(help_rooms=[alias])
    await until_in(marie, room, bot.id)
    await bot.stop()
    await marie.request("DELETE", f"{CLIENT}/directory/room/{quote(alias)}")
    ref = await marie.say(room, "is it there?")
    await bot.start()
    assert (await bot.wait_for(lambda item: item.id == ref)).public == alias
    await bot.stop()
    ref = await marie.say(room, "and now?")
    await bot.start(help_rooms=[])
    own = await marie.create_dm(bot.id)
    await bot.arrived(own)
    assert not [item for item in bot.received if item.id == ref]
    assert (await marie.members(room))[bot.id] == "join"


async def test_a_help_room_out_of_reach_keeps_nothing_from_starting_and_is_joined_later(
    new_bot: MakeBot, marie: PlainActor, paul: PlainActor
) -> None:
    bot = await new_bot()
    room = await marie.create_room(paul.id)
    await bot.start(help_rooms=[room, "#nowhere:helpbot.test"])
    await marie.invite(room, bot.id)
    await until_in(marie, room, bot.id)
    ref = await marie.say(room, "how?")
    assert (await bot.wait_for(lambda item: item.id == ref)).public == room


async def public_words(bot: Bot, who: PlainActor, room: str) -> str | None:
    """Return as whose help room's words the bot takes what is said there."""
    ref = await who.say(room, "how?")
    return (await bot.wait_for(lambda item: item.id == ref)).public


async def test_an_upgraded_help_room_is_followed_and_who_comes_over_is_not_new(
    new_bot: MakeBot, plain_actor: MakePlain, marie: PlainActor, paul: PlainActor
) -> None:
    bot, zoe = await new_bot(), await plain_actor("Zoe")
    room = await a_room(marie, bot, paul, preset="public_chat")
    await bot.start(help_rooms=[room])
    await until_in(marie, room, bot.id)
    new = await marie.upgrade(room)
    await until_in(marie, new, bot.id)
    await paul.join(new)
    await zoe.join(new)
    came = await bot.wait_for(lambda item: item.kind is Kind.ARRIVED)
    assert (came.sender, came.room, came.public) == (zoe.id, new, room)
    assert await public_words(bot, paul, new) == room
    await bot.stop()
    newest = await marie.upgrade(await marie.upgrade(new))
    await bot.start()
    await until_in(marie, newest, bot.id)
    await paul.join(newest)
    assert await public_words(bot, paul, newest) == room
    await bot.stop()
    await marie.kick(room, bot.id)  # what is told of the first room is not needed any more
    await bot.start()
    assert await public_words(bot, marie, newest) == room
    assert [item.sender for item in bot.received if item.kind is Kind.ARRIVED] == [zoe.id]
    for one in (new, newest):
        assert (await marie.members(one))[bot.id] == "join"


async def test_an_upgraded_help_room_is_followed_once_the_bot_may_come_in(
    new_bot: MakeBot, marie: PlainActor, paul: PlainActor
) -> None:
    bot = await new_bot()
    room = await a_room(marie, bot, paul)
    await bot.start(help_rooms=[room], invites_from=[])
    await until_in(marie, room, bot.id)
    new = await marie.upgrade(room)
    assert await public_words(bot, marie, room) == room
    await marie.invite(new, bot.id)
    await until_in(marie, new, bot.id)
    async with asyncio.timeout(15):
        while room in await public_rooms(bot):  # noqa: ASYNC110  # nobody is told
            await asyncio.sleep(0.05)
    assert await public_words(bot, marie, new) == room
    assert (await marie.members(new))[bot.id] == "join"


async def test_a_room_that_a_help_room_names_and_that_does_not_say_so_is_left(
    new_bot: MakeBot, marie: PlainActor, paul: PlainActor
) -> None:
    bot = await new_bot()
    room = await a_room(marie, bot, paul)
    own = await paul.create_dm(bot.id)
    other = await marie.create_room(preset="public_chat")
    await bot.start(help_rooms=[room])
    await bot.arrived(own)
    await until_in(marie, room, bot.id)
    tombstone = f"{CLIENT}/rooms/{quote(room)}/state/m.room.tombstone"
    for named in (own, other):
        await marie.request("PUT", tombstone, {"body": "come over", "replacement_room": named})
        assert await public_words(bot, marie, room) == room
    await until_in(marie, other, bot.id, "leave")
    assert await public_words(bot, paul, own) is None
    assert await public_words(bot, marie, room) == room
    assert (await paul.members(own))[bot.id] == "join"


async def test_an_agents_room_and_a_customers_are_no_help_rooms(
    new_bot: MakeBot, marie: PlainActor, paul: PlainActor
) -> None:
    bot = await new_bot()
    desk = await a_room(paul, bot)
    await bot.start(teams={"mobile": desk})
    own = await marie.create_dm(bot.id)
    await bot.arrived(own)
    await bot.stop()
    await bot.start(help_rooms=[desk, own])
    inside = await paul.say(desk, "hush")
    hers = await marie.say(own, "my secret")
    for ref in (inside, hers):
        assert (await bot.wait_for(lambda item, ref=ref: item.id == ref)).public is None  # type: ignore[misc]


async def test_the_room_that_the_bot_opens_is_one_and_a_customers_once_she_has_come(
    new_bot: MakeBot, marie: PlainActor
) -> None:
    bot = await new_bot()
    await bot.start()
    room = await bot.transport.open_direct(marie.id)
    assert await bot.transport.open_direct(marie.id) == room
    await bot.stop()
    await bot.start()  # and is not left as one that nobody is in
    await until_in(marie, room, marie.id, "invite")
    await marie.join(room)
    arrival = await bot.arrived(room)
    assert arrival.sender == marie.id
    await marie.say(room, "here I am")
    await bot.heard("here I am")
    levels = await marie.request("GET", f"{CLIENT}/rooms/{quote(room)}/state/m.room.power_levels")
    assert marie.id not in levels["users"]
    assert levels["invite"] == 100
    await marie.leave(room)
    await bot.wait_for(lambda item: item.kind is Kind.LEFT and item.room == room)
    assert await bot.transport.open_direct(marie.id) == room, "she is invited there again"
    await marie.join(room)


async def test_who_declines_is_invited_anew_when_she_asks_again(new_bot: MakeBot, marie: PlainActor) -> None:
    bot = await new_bot()
    await bot.start()
    room = await bot.transport.open_direct(marie.id)
    await until_in(marie, room, marie.id, "invite")
    await marie.leave(room)
    async with asyncio.timeout(15):
        while room in (await bot_rooms(bot)):  # noqa: ASYNC110  # nobody is left to tell
            await asyncio.sleep(0.05)
    again = await bot.transport.open_direct(marie.id)
    assert again != room
    await marie.join(again)
    await bot.arrived(again)


async def test_an_alias_that_somebody_else_made_first_leads_nobody_astray(
    new_bot: MakeBot, marie: PlainActor, paul: PlainActor
) -> None:
    bot = await new_bot()
    await bot.start()
    trap = await paul.create_room(room_alias_name=matrix_opening._name(bot.id, marie.id, 0), preset="public_chat")
    room = await bot.transport.open_direct(marie.id)
    assert room != trap
    assert await bot.transport.open_direct(marie.id) == room
    await marie.join(room)
    with pytest.raises(Refused):
        await paul.join(room)
    assert set(await marie.members(room)) == {marie.id, bot.id}


async def bot_rooms(bot: Bot) -> list[str]:
    connection = bot.transport._connection
    assert connection is not None
    return await connection.rooms.joined()


async def public_rooms(bot: Bot) -> list[str]:
    connection = bot.transport._connection
    assert connection is not None
    return list(connection.rooms.help._names)
