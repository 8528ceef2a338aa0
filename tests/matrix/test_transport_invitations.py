"""Invitations: none is forgotten, none is followed for somebody who may not ask, and no flood keeps others out."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from tests.crash.proxy import Proxy, Trouble, json_answer

from .conftest import MakeBot, MakePlain
from .synapse import Synapse

pytestmark = pytest.mark.synapse
_LIMITED = json_answer(429, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 300_000})


@pytest.fixture
async def proxy(synapse: Synapse) -> AsyncIterator[Proxy]:
    proxy = Proxy(synapse.url)
    await proxy.start()
    yield proxy
    await proxy.stop()


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
