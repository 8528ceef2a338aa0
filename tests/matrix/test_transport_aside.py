"""One room that the homeserver cannot tell of holds up nobody else, and none of its words is lost."""

from __future__ import annotations

import pytest
from aiohttp import web

from helpbot.transports.base import Kind
from tests.crash.proxy import Proxy, Trouble, json_answer

from .actors import PlainActor
from .bot import Bot, talk, until_in
from .conftest import MakeBot, MakePlain

pytestmark = pytest.mark.synapse
_BROKEN = Trouble("500", 0, json_answer(500, {"errcode": "M_UNKNOWN", "error": "Internal server error"}))


@pytest.fixture
async def bot(new_bot: MakeBot, proxy: Proxy) -> Bot:
    bot = await new_bot(homeserver=proxy.url)
    await bot.start()
    return bot


def breaks(proxy: Proxy, *rooms: str) -> None:
    """Let the homeserver fail at whatever is asked about these rooms."""

    def rule(request: web.Request) -> Trouble | None:
        return _BROKEN if any(f"/rooms/{room}/" in request.path for room in rooms) else None

    proxy.rule = rule


async def test_a_customers_room_that_cannot_be_read_holds_nobody_up_and_loses_no_word(
    bot: Bot, proxy: Proxy, plain_actor: MakePlain
) -> None:
    alice, bob = await plain_actor("Alice"), await plain_actor("Bob")
    hers, his = await talk(alice, bot), await talk(bob, bot)
    await bob.say(his, "word 0")
    await bot.heard("word 0")
    await bot.stop()
    breaks(proxy, his)
    await bob.say(his, "word 1")
    await bot.start()
    await alice.say(hers, "does anybody hear me?")
    await bot.heard("does anybody hear me?")
    await bob.say(his, "word 2")
    await alice.say(hers, "and later?")
    await bot.heard("and later?")
    await bot.stop()
    for number in range(3, 130):
        await bob.say(his, f"word {number}")
    await bot.start()
    await alice.say(hers, "and after a restart?")
    await bot.heard("and after a restart?")
    assert bot.texts(his) == ["word 0"]
    proxy.rule = lambda request: None
    await bot.heard("word 129")
    await bob.say(his, "at last")
    await bot.heard("at last")
    assert bot.texts(his) == [*(f"word {number}" for number in range(130)), "at last"]
    await bot.stop()
    handed_in = bot.handed_in
    await bot.start()
    assert bot.handed_in == handed_in  # nothing is aside any more


async def test_a_room_set_aside_in_a_sync_that_is_never_committed_loses_no_word(
    bot: Bot, proxy: Proxy, plain_actor: MakePlain
) -> None:
    alice, bob = await plain_actor("Alice"), await plain_actor("Bob")
    hers, his = await talk(alice, bot), await talk(bob, bot)
    breaks(proxy, his)
    bot.crash_before_commit = True
    await bob.say(his, "his word")
    await alice.say(hers, "her word")
    await bot.crashed()
    bot.crash_before_commit = False
    await bot.start()
    await bot.heard("her word")
    proxy.rule = lambda request: None
    await bot.heard("his word")
    assert (bot.texts(his), bot.texts(hers)) == (["his word"], ["her word"])


async def test_a_new_room_that_cannot_be_read_holds_nobody_up_and_is_taken_in_later(
    bot: Bot, proxy: Proxy, plain_actor: MakePlain
) -> None:
    alice, bob = await plain_actor("Alice"), await plain_actor("Bob")
    hers = await talk(alice, bot)
    his = await bob.create_room(direct=True)
    breaks(proxy, his)
    await bob.invite(his, bot.id)
    await until_in(bob, his, bot.id)
    await bob.say(his, "good morning")
    await alice.say(hers, "does anybody hear me?")
    await bot.heard("does anybody hear me?")
    proxy.rule = lambda request: None
    await bot.heard("good morning")
    assert [item.kind for item in bot.received if item.room == his] == [Kind.ARRIVED, Kind.SAID]


async def test_a_room_that_the_bot_was_put_out_of_unread_is_read_to_the_end(
    bot: Bot, proxy: Proxy, plain_actor: MakePlain
) -> None:
    alice, bob = await plain_actor("Alice"), await plain_actor("Bob")
    hers, his = await talk(alice, bot), await bob.create_room(bot.id, direct=True)
    await bot.arrived(his)
    breaks(proxy, his)
    await bob.say(his, "a last word")
    await alice.say(hers, "one")
    await bot.heard("one")
    await bob.kick(his, bot.id)
    await alice.say(hers, "two")
    await bot.heard("two")
    proxy.rule = lambda request: None
    await bot.wait_for(lambda item: item.kind is Kind.REMOVED and item.room == his)
    assert [item.kind for item in bot.received if item.room == his] == [Kind.ARRIVED, Kind.SAID, Kind.REMOVED]


async def test_a_room_that_the_bot_came_back_to_unread_is_read_from_before(
    bot: Bot, proxy: Proxy, plain_actor: MakePlain
) -> None:
    alice, bob = await plain_actor("Alice"), await plain_actor("Bob")
    hers, his = await talk(alice, bot), await bob.create_room(bot.id, direct=True)
    await bot.arrived(his)
    breaks(proxy, his)
    await bob.say(his, "before")
    await alice.say(hers, "one")
    await bot.heard("one")
    await bob.kick(his, bot.id)
    await bob.invite(his, bot.id)
    await bob.wait_for(lambda event: _is_second_join(bob, event, his, bot.id))
    await bob.say(his, "behind")
    await alice.say(hers, "two")
    await bot.heard("two")
    proxy.rule = lambda request: None
    await bot.heard("behind")
    assert bot.texts(his) == ["before", "behind"]
    assert len([item for item in bot.received if item.kind is Kind.ARRIVED and item.room == his]) == 2


async def test_an_agents_room_that_cannot_be_read_holds_no_customer_up(
    new_bot: MakeBot, proxy: Proxy, plain_actor: MakePlain
) -> None:
    sam, alice = await plain_actor("Sam"), await plain_actor("Alice")
    bot = await new_bot(homeserver=proxy.url)
    desk = await sam.create_room(bot.id, name="desk")
    await bot.start(teams={"mobile": desk})
    hers = await talk(alice, bot)
    breaks(proxy, desk)
    await sam.say(desk, "I am on it")
    await alice.say(hers, "does anybody hear me?")
    await bot.heard("does anybody hear me?")
    await bot.stop()
    await bot.start()
    proxy.rule = lambda request: None
    heard = await bot.heard("I am on it")
    assert (heard.team, heard.member, heard.exposed) == ("mobile", True, False)


def _is_second_join(actor: PlainActor, event: dict[str, object], room: str, user: str) -> bool:
    joins = [
        seen
        for seen in actor.events
        if seen["room_id"] == room and seen.get("state_key") == user and seen["content"].get("membership") == "join"
    ]
    return len(joins) > 1 and event is joins[-1]
