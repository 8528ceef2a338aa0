"""The running desk behind a homeserver whose answers are spoiled, refused or late."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random

import pytest
from aiohttp import web

from tests.crash.kills import ROOT, Desk
from tests.crash.proxy import TROUBLES, Proxy, Storm
from tests.crash.world import World
from tests.matrix.synapse import Synapse

pytestmark = pytest.mark.synapse

SEED = 20261124


@pytest.fixture
async def proxy(synapse: Synapse) -> AsyncIterator[Proxy]:
    proxy = Proxy(synapse.url)
    await proxy.start()
    yield proxy
    await proxy.stop()


@pytest.fixture
async def world(synapse: Synapse) -> AsyncIterator[World]:
    world = World(synapse, asyncio.Lock(), Random(SEED), encrypted=True)
    await world.open()
    yield world
    await world.close()


@pytest.fixture
async def desk(world: World, proxy: Proxy, tmp_path: Path) -> AsyncIterator[Desk]:
    desk = Desk(tmp_path / "desk", ROOT)
    await desk.open(proxy.url, world)
    await desk.start()
    yield desk
    proxy.rule = lambda request: None
    await desk.end(signal.SIGTERM)
    await desk.close()


async def arrived(world: World, *people: int) -> None:
    async with asyncio.timeout(60):
        await asyncio.gather(*(world.arrives() for _ in people))


def sends(request: web.Request) -> bool:
    return request.method == "PUT" and "/send/" in request.path


def sends_to(room: str) -> Callable[[web.Request], bool]:
    return lambda request: sends(request) and room in request.path


@pytest.mark.timeout(300)
async def test_words_through_spoiled_answers_arrive_once_and_in_order(world: World, proxy: Proxy, desk: Desk) -> None:
    """Plain and encrypted rooms, both directions, with a homeserver that does not know an id again."""
    proxy.rule = storm = Storm(SEED)
    proxy.forgets = True
    async with asyncio.timeout(120):
        await asyncio.gather(*(world.arrives() for _ in range(4)))
        await asyncio.gather(*(world.talks() for _ in range(20)))
        while set(storm.met) != {trouble.name for trouble in TROUBLES}:
            await world.talks()
            await asyncio.sleep(0.5)
    proxy.rule = lambda request: None
    faults = await world.settled(60)
    assert not faults, "\n".join([*(f"{fault.kind}: {fault.what}" for fault in faults[:20]), desk.log()])
    await desk.end(signal.SIGKILL)
    await desk.start()
    await world.arrives()  # by when she is answered, all that was kept is sent
    assert await world.settled(30) == []
