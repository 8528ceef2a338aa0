"""The running desk behind a homeserver whose answers are spoiled, refused or late."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from aiohttp import web

from helpbot.core.effects import Literal
from helpbot.transports.base import Address, TryLater
from tests.crash.kills import ROOT, Desk
from tests.crash.people import View
from tests.crash.proxy import TROUBLES, Answer, Proxy, Storm, Trouble, json_answer
from tests.crash.world import World
from tests.matrix.actors import PlainActor, body
from tests.matrix.conftest import MakeBot
from tests.matrix.synapse import Synapse

pytestmark = pytest.mark.synapse

SEED = 20261124


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
        assert not await world.settled(30)


async def shown(view: View, so: Callable[[], bool]) -> None:
    """Return once the room is as it should be."""
    async with asyncio.timeout(60):
        while not so():
            await asyncio.sleep(0.1)
            await view.look()


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


async def test_a_read_back_that_holds_nothing_is_none(world: World, proxy: Proxy, desk: Desk) -> None:
    """An answer that was lost, and then a page of history without its events."""
    await arrived(world, 1)
    (customer,) = world.customers
    to_her = sends_to(customer.view.room)
    met: list[str] = []

    def rule(request: web.Request) -> Trouble | None:
        name = "lost" if to_her(request) else "page" if f"{customer.view.room}/messages" in request.path else ""
        if not name or name in met:
            return None
        met.append(name)
        return Trouble("lost", 1, Answer(504, "")) if name == "lost" else Trouble("empty", 0, json_answer(200, {}))

    proxy.rule, proxy.forgets = rule, True
    word = customer.word("told")
    customer.told.append((await world.sam.says(world.desk, word, customer.card), word))
    assert not await world.settled(60)
    assert met == ["lost", "page"]


async def test_a_room_that_is_limited_waits_and_the_others_go_on(world: World, proxy: Proxy, desk: Desk) -> None:
    await arrived(world, 1, 2)
    one, other = world.customers
    to_her = sends_to(one.view.room)
    limit = json_answer(429, {"errcode": "M_LIMIT_EXCEEDED", "error": "slow down", "retry_after_ms": 800})
    proxy.rule = lambda request: Trouble("limited", 0, limit) if to_her(request) else None
    began = len(proxy.asked)
    ref = await world.sam.says(world.desk, "told-0", one.card)
    await world.sam.says(world.desk, "told-1", other.card)
    await shown(other.view, lambda: any("told-1" in body(event) for event in other.view.messages(world.bot.id)))

    def times() -> list[float]:
        return [at for at, method, path in proxy.asked[began:] if method == "PUT" and one.view.room in path]

    await shown(one.view, lambda: len(times()) > 4)  # more often than what is refused is tried
    asked = times()
    assert all(later - earlier > 0.75 for earlier, later in pairwise(asked)), "asked again before the time was over"
    assert not any("told-0" in body(event) for event in one.view.messages(world.bot.id))
    proxy.rule = lambda request: None
    await shown(world.agents, lambda: (ref, "✅") in world.agents.marks(world.bot.id))


async def test_a_homeserver_that_is_gone_is_asked_less_than_once_a_second(
    world: World, proxy: Proxy, desk: Desk
) -> None:
    """With words queued for several rooms, which all would like to know."""
    await arrived(world, 1, 2, 3)
    for customer in world.customers:
        word = customer.word("told")
        customer.told.append((await world.sam.says(world.desk, word, customer.card), word))
    proxy.rule = lambda request: Trouble("gone", forwarded=0, cut=True)
    clock, began = asyncio.get_running_loop().time, len(proxy.asked)
    start = clock()
    await asyncio.sleep(12)
    asked = [at - start for at, _, _ in proxy.asked[began:]]
    assert sum(at > 3 for at in asked) <= clock() - start - 3, asked  # what was on its way already comes first
    proxy.rule = lambda request: None
    assert not await world.settled(90)


async def test_a_login_refused_in_the_middle_is_one_line_and_the_queue_is_kept(
    world: World, proxy: Proxy, desk: Desk
) -> None:
    await arrived(world, 1)
    (customer,) = world.customers
    gone = json_answer(401, {"errcode": "M_UNKNOWN_TOKEN", "error": "Unknown token"})
    proxy.rule = lambda request: Trouble("401", 0, gone)
    ref = await world.sam.says(world.desk, "told-0", customer.card)
    assert await desk.ends_within(60)
    assert os.WEXITSTATUS(await desk.end(signal.SIGKILL)) == 2
    assert "Traceback" not in desk.log()
    assert "M_UNKNOWN_TOKEN" in desk.log().splitlines()[-1]
    proxy.rule = lambda request: None
    await desk.start()
    await shown(world.agents, lambda: (ref, "✅") in world.agents.marks(world.bot.id))


async def test_a_room_that_refuses_is_tried_a_few_times_and_agents_are_told(
    world: World, proxy: Proxy, desk: Desk
) -> None:
    await arrived(world, 1)
    (customer,) = world.customers
    to_her = sends_to(customer.view.room)
    forbidden = json_answer(403, {"errcode": "M_FORBIDDEN", "error": "You are not in the room"})
    proxy.rule = lambda request: Trouble("403", 0, forbidden) if to_her(request) else None
    began = len(proxy.asked)
    ref = await world.sam.says(world.desk, "told-0", customer.card)
    await shown(world.agents, lambda: (ref, "❌") in world.agents.marks(world.bot.id))
    asked = [path for _, method, path in proxy.asked[began:] if method == "PUT" and customer.view.room in path]
    assert len(asked) == 3
    with closing(sqlite3.connect(desk.folder / "helpbot.db")) as db:
        assert db.execute("SELECT undeliverable FROM ticket").fetchall() == [(1,)]
        assert db.execute("SELECT count(*) FROM outbox WHERE state = 'dead'").fetchone() == (1,)


_LIMITS: tuple[tuple[Answer, float | None], ...] = (
    (json_answer(429, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 1500}), 1.5),
    (json_answer(429, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 10**15}), 300.0),
    (json_answer(429, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": -5}), None),
    (json_answer(429, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": True}), None),
    (json_answer(429, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": "soon"}, **{"Retry-After": "7"}), 7.0),
    (json_answer(429, "slow down", **{"Retry-After": "9" * 20}), 300.0),
    (json_answer(429, None, **{"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}), None),
)


async def test_what_a_limit_asks_for_is_clamped(new_bot: MakeBot, proxy: Proxy, sam: PlainActor) -> None:
    bot = await new_bot(homeserver=proxy.url)
    await bot.start()
    room = await sam.create_dm(bot.id)
    await bot.arrived(room)
    for number, (answer, seconds) in enumerate(_LIMITS):
        proxy.rule = lambda request: Trouble("limited", 0, answer) if sends(request) else None  # noqa: B023
        with pytest.raises(TryLater) as limit:
            await bot.transport.send(Address("matrix", room), (Literal("hello"),), f"key-{number}")
        assert limit.value.after == (None if seconds is None else timedelta(seconds=seconds)), answer
        assert limit.value.doubtful, "aiohttp may have sent it before"
