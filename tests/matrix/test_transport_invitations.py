"""Invitations: none is forgotten, none is followed for somebody who may not ask, and no flood keeps others out."""

from __future__ import annotations

import pytest
from aiohttp import web

from tests.crash.proxy import Proxy, Trouble, json_answer

from .actors import body
from .bot import DECLINED, talk, until_in
from .conftest import MakeBot, MakeCrypto, MakePlain

pytestmark = pytest.mark.synapse
_LIMITED = json_answer(429, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 300_000})


async def test_an_invitation_that_was_not_followed_yet_is_found_after_a_quick_restart(
    new_bot: MakeBot, plain_actor: MakePlain, proxy: Proxy
) -> None:
    def rule(request: web.Request) -> Trouble | None:
        return Trouble("limited", 0, _LIMITED) if "/join/" in request.path else None

    alice, bob = await plain_actor("Alice"), await plain_actor("Bob")
    bot = await new_bot(homeserver=proxy.url)
    await bot.start()
    his = await bob.create_dm(bot.id)
    await bot.arrived(his)
    proxy.rule = rule
    waiting = await alice.create_dm(bot.id)
    await bob.say(his, "a word that moves the cursor past it")
    await bot.heard("a word that moves the cursor past it")
    await bot.stop()
    proxy.rule = lambda request: None
    await bot.start()
    await bot.arrived(waiting)


async def test_somebody_who_may_not_open_a_room_does_not_get_one_opened_for_her(
    new_bot: MakeBot, plain_actor: MakePlain
) -> None:
    alice, mallory = await plain_actor("Alice"), await plain_actor("Mallory")
    bot = await new_bot(invites_from=[alice.id])
    room = await alice.create_room(bot.id, mallory.id, direct=True)
    await until_in(mallory, room, mallory.id, "invite")
    await mallory.join(room)
    await alice.leave(room)
    await bot.start()
    await mallory.wait_for_text(room, DECLINED)
    await until_in(mallory, room, bot.id, "leave")
    assert not bot.received


async def test_a_room_that_the_desk_knows_stays_open_to_her_who_may_open_none_any_more(
    new_bot: MakeBot, plain_actor: MakePlain
) -> None:
    alice = await plain_actor("Alice")
    bot = await new_bot(invites_from=[alice.id])
    await bot.start()
    room = await talk(alice, bot)
    await bot.stop()
    await bot.start(invites_from=["@nobody:*"])
    await alice.say(room, "still here")
    await bot.heard("still here")
    assert (await alice.members(room))[bot.id] == "join"


async def test_a_room_in_which_nobody_can_be_told_why_is_left_all_the_same(
    new_bot: MakeBot, crypto_actor: MakeCrypto, plain_actor: MakePlain, proxy: Proxy
) -> None:
    def rule(request: web.Request) -> Trouble | None:
        untold = json_answer(200, {"device_keys": {}, "failures": {"far.org": {}}})
        return Trouble("a server is away", 0, untold) if request.path.endswith("/keys/query") else None

    mallory, bob = await crypto_actor("Mallory"), await plain_actor("Bob")
    proxy.rule = rule
    bot = await new_bot(homeserver=proxy.url)
    await bot.start()
    room = await mallory.create_room(bot.id, bob.id, direct=True)
    await until_in(mallory, room, bot.id, "leave")
    assert DECLINED not in [body(event) for event in mallory.messages(room)]
