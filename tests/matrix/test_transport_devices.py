"""People whose devices the homeserver cannot tell, or not soon: nobody else waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from yarl import URL

from helpbot.transports.base import TryLater

from ..crash.proxy import Answer, Proxy, Trouble, json_answer
from .bot import Bot, talk
from .conftest import MakeBot, MakeCrypto
from .synapse import Synapse

pytestmark = pytest.mark.synapse

SLOW = 4.0  # seconds


class KeysProxy(Proxy):
    """Answers for somebody's devices itself: slowly and without her, or by refusing the whole question."""

    hidden = ""
    refuses = False

    async def _forward(self, request: web.Request, target: str, body: bytes) -> Answer:
        if request.path.endswith("/keys/query") and self.hidden and self.hidden.encode() in body:
            if self.refuses:
                return json_answer(500, {"errcode": "M_UNKNOWN", "error": "Internal server error"})
            await asyncio.sleep(SLOW)
            return json_answer(200, {"device_keys": {}, "failures": {URL(target).host: {}}})
        return await super()._forward(request, target, body)


@pytest.fixture
async def proxy(synapse: Synapse) -> AsyncIterator[KeysProxy]:
    proxy = KeysProxy(synapse.url)
    await proxy.start()
    yield proxy
    await proxy.stop()


@pytest.fixture
async def bot(new_bot: MakeBot, proxy: KeysProxy) -> Bot:
    bot = await new_bot(homeserver=proxy.url)
    await bot.start()
    return bot


async def test_nobody_waits_for_a_slow_server_but_its_own_people(
    bot: Bot, proxy: KeysProxy, crypto_actor: MakeCrypto
) -> None:
    alice, mallory = await crypto_actor("Alice"), await crypto_actor("Mallory")
    hers = await talk(alice, bot)
    await bot.say(hers, "one", "a1")
    await alice.wait_for_text(hers, "one")
    proxy.hidden = mallory.id
    his = await talk(mallory, bot)
    to_him = asyncio.create_task(bot.say(his, "for Mallory alone", "m1"))
    await mallory.say(his, "hello")
    await bot.heard("hello")
    for number in range(3):
        async with asyncio.timeout(SLOW / 2):
            await bot.say(hers, f"to Alice {number}", f"a{number}")
            await alice.say(hers, f"from Alice {number}")
            await bot.heard(f"from Alice {number}")
    with pytest.raises(TryLater, match="devices"):
        await to_him
    async with asyncio.timeout(SLOW / 2):
        with pytest.raises(TryLater, match="devices"):
            await bot.say(his, "for Mallory alone", "m1")
    proxy.hidden = ""
    async with asyncio.timeout(60):
        while not await _said(bot, his):
            await alice.say(hers, "a word now and then")
            await asyncio.sleep(1)
    await mallory.wait_for_text(his, "for Mallory alone")


async def _said(bot: Bot, room: str) -> bool:
    try:
        await bot.say(room, "for Mallory alone", "m1")
    except TryLater:
        return False
    return True


async def test_nobody_is_hidden_by_who_cannot_be_asked_for(
    bot: Bot, proxy: KeysProxy, crypto_actor: MakeCrypto
) -> None:
    people = [await crypto_actor(f"P{number}") for number in range(4)]
    proxy.hidden, proxy.refuses = people[2].id, True
    await bot.stop()
    room = await people[0].create_room(bot.id, *(one.id for one in people[1:]))
    for one in people[1:]:
        await one.join(room)
    await bot.start(teams={"mobile": room})
    await bot.say(room, "to all who can be told", "1")
    for one in (people[0], people[1], people[3]):
        await one.wait_for_text(room, "to all who can be told")


async def test_a_customer_whose_keys_could_not_be_had_at_first_reads_the_bot(
    bot: Bot, proxy: KeysProxy, crypto_actor: MakeCrypto
) -> None:
    alice = await crypto_actor("Alice")
    room = await talk(alice, bot)
    nothing = json_answer(200, {"one_time_keys": {}, "failures": {"far.org": {"status": 503}}})
    proxy.rule = lambda asked: Trouble("away", 0, nothing) if asked.path.endswith("/keys/claim") else None
    with pytest.raises(TryLater, match="given the key"):
        await bot.say(room, "one", "a1")
    proxy.rule = lambda asked: None
    client = bot.transport._connection[0]  # type: ignore[index]
    client._claiming.worked({(alice.id, alice.user.device)})  # as after a while
    await bot.say(room, "one", "a1")
    await alice.wait_for_text(room, "one")
