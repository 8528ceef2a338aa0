"""People and bots on the session's Synapse, closed when their test ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from ..crash.proxy import Proxy
from .actors import CryptoActor, PlainActor
from .bot import Bot, until_in
from .desk import RunningDesk
from .synapse import Synapse

MakePlain = Callable[..., Awaitable[PlainActor]]
MakeCrypto = Callable[..., Awaitable[CryptoActor]]
MakeBot = Callable[..., Awaitable[Bot]]


@pytest.fixture
async def plain_actor(synapse: Synapse) -> AsyncIterator[MakePlain]:
    """Make people who write in the clear: `await plain_actor("Alice")`."""
    made: list[PlainActor] = []

    async def make(display_name: str | None = None, server: Synapse = synapse) -> PlainActor:
        user = await asyncio.to_thread(server.register, display_name=display_name)
        actor = PlainActor(server.url, user)
        made.append(actor)
        await actor.start()
        return actor

    yield make
    for actor in made:
        await actor.stop()


@pytest.fixture
async def crypto_actor(synapse: Synapse) -> AsyncIterator[MakeCrypto]:
    """Make people who write encrypted: `await crypto_actor("Alice")`."""
    made: list[CryptoActor] = []

    async def make(display_name: str | None = None, server: Synapse = synapse) -> CryptoActor:
        user = await asyncio.to_thread(server.register, display_name=display_name)
        actor = CryptoActor(server.url, user)
        made.append(actor)
        await actor.start()
        return actor

    yield make
    for actor in made:
        await actor.stop()


@pytest.fixture
async def new_bot(synapse: Synapse, tmp_path: Path) -> AsyncIterator[MakeBot]:
    """Make a bot account with the transport, not started yet: `await new_bot(teams={...})`."""
    made: list[Bot] = []

    async def make(server: Synapse = synapse, **options: Any) -> Bot:
        user = await asyncio.to_thread(server.register, display_name="Helpbot")
        bot = Bot(server, user, tmp_path / f"keys-{user.id[1:11]}", **options)
        made.append(bot)
        return bot

    yield make
    for bot in made:
        await bot.stop()


@pytest.fixture
async def bot(new_bot: MakeBot) -> Bot:
    """A bot that runs."""
    bot = await new_bot()
    await bot.start()
    return bot


async def desk_bot(new_bot: MakeBot, lead: PlainActor, *agents: PlainActor) -> tuple[Bot, str]:
    """Return a running bot with one agents' room."""
    bot = await new_bot()
    room = await lead.create_room(bot.id, *(agent.id for agent in agents))
    for agent in agents:
        await until_in(agent, room, agent.id, "invite")
        await agent.join(room)
    await bot.start(teams={"mobile": room}, invites_from=[])
    return bot, room


@pytest.fixture
async def sam(plain_actor: MakePlain) -> PlainActor:
    return await plain_actor("Sam")


@pytest.fixture
async def desk(synapse: Synapse, sam: PlainActor, tmp_path: Path) -> AsyncIterator[RunningDesk]:
    bot = await asyncio.to_thread(synapse.register, display_name="helpbot")
    room = await sam.create_room(bot.id, name="desk")
    running = RunningDesk(tmp_path / "desk", synapse, bot, room)
    yield running
    if running.runs:
        assert await running.stop() == 0, running.log()[-3000:]


@pytest.fixture
async def rested(desk: RunningDesk) -> RunningDesk:
    """A desk that ran once and was stopped."""
    await desk.start()
    assert await desk.stop() == 0
    return desk


@pytest.fixture
async def proxy(synapse: Synapse) -> AsyncIterator[Proxy]:
    proxy = Proxy(synapse.url)
    await proxy.start()
    yield proxy
    await proxy.stop()
