"""Time zones of profiles: what is one, and how often and how many are asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from helpbot.transports.base import Incoming, Kind
from helpbot.transports.matrix_client import HttpClient
from helpbot.transports.matrix_zones import Zones

from ..crash.proxy import Answer, Proxy, Trouble, json_answer

NOW = datetime(2026, 10, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    """A proxy with nothing behind it."""
    proxy = Proxy("http://127.0.0.1:1")
    await proxy.start()
    yield proxy
    await proxy.stop()


class Told:
    """What was handed in."""

    def __init__(self) -> None:
        self.items: list[Incoming] = []
        self._news = asyncio.Condition()

    async def receive(self, batch: Sequence[Incoming], cursor: str | None) -> None:
        assert cursor is None
        async with self._news:
            self.items += batch
            self._news.notify_all()

    async def zones(self, number: int) -> list[tuple[str, str, str | None]]:
        """Return room, customer and zone of so many."""
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(lambda: len(self.items) >= number)
        assert {item.kind for item in self.items} <= {Kind.ZONED}
        assert len({item.id for item in self.items}) == len(self.items)
        return [(item.room, item.sender, item.zone) for item in self.items]


@asynccontextmanager
async def working(proxy: Proxy, most: int = 100, soon: float = 600.0) -> AsyncIterator[tuple[Zones, Told]]:
    client, told = HttpClient(proxy.url, "@bot:test", None, ""), Told()
    zones = Zones(client, most, soon)
    async with asyncio.TaskGroup() as group:
        work = group.create_task(zones.work(told.receive, lambda: NOW))
        yield zones, told
        work.cancel()
    await client.shut()


def answers(proxy: Proxy, answer: Answer, seconds: float = 0.0, of: str = "") -> None:
    """Let the profiles of those with `of` in their id have this answer; all others name Tokyo, at once."""
    tokyo = json_answer(200, {"m.tz": "Asia/Tokyo"})

    def rule(request: object) -> Trouble:
        hers = of in str(request)
        return Trouble("as told", 0, answer if hers else tokyo, seconds=seconds if hers else 0.0)

    proxy.rule = rule


@pytest.mark.parametrize("name", ["m.tz", "us.cloke.msc4175.tz"])
async def test_a_zone_is_handed_in_for_her_room(proxy: Proxy, name: str) -> None:
    answers(proxy, json_answer(200, {name: "America/Argentina/Buenos_Aires", "displayname": "Ada"}))
    async with working(proxy) as (zones, told):
        zones.want("!1:x", "@ada:x")
        assert await told.zones(1) == [("!1:x", "@ada:x", "America/Argentina/Buenos_Aires")]


@pytest.mark.parametrize(
    "answer",
    [
        json_answer(200, {}),
        json_answer(200, ["m.tz"]),
        json_answer(200, {"m.tz": 7}),
        json_answer(200, {"m.tz": ""}),
        json_answer(200, {"m.tz": "A" * 41}),
        json_answer(200, {"m.tz": "../../etc\ud800"}),
        json_answer(404, {"errcode": "M_NOT_FOUND", "m.tz": "Asia/Tokyo"}),
        json_answer(401, {"errcode": "M_UNKNOWN_TOKEN"}),
        Answer(502, "<html>"),
        Answer(200, "Asia/Tokyo"),
    ],
)
async def test_what_is_no_zone_is_not_handed_in_and_not_asked_for_again(proxy: Proxy, answer: Answer) -> None:
    answers(proxy, answer, of="ada")
    async with working(proxy) as (zones, told):
        for room in ("!1:x", "!1:x", "!2:x"):
            zones.want(room, "@ada:x")
        for number in range(8):  # enough that ada's turn is over
            zones.want("!b:x", f"@b{number}:x")
        await told.zones(8)
        assert {sender for _, sender, _ in await told.zones(8)} == {f"@b{number}:x" for number in range(8)}
        assert len([path for _, _, path in proxy.asked if "ada" in path]) == 1


@pytest.mark.parametrize("answer", [Answer(502, "<html>"), json_answer(429, {"errcode": "M_LIMIT_EXCEEDED"}), None])
async def test_a_profile_that_could_not_be_read_is_asked_for_again_soon(proxy: Proxy, answer: Answer | None) -> None:
    proxy.rule = lambda request: Trouble("as told", 0, answer)  # None: nobody is behind the proxy
    async with working(proxy, soon=0.0) as (zones, told):
        zones.want("!1:x", "@ada:x")
        async with asyncio.timeout(10):
            while not (proxy.asked and zones._profiles["@ada:x"].due <= asyncio.get_running_loop().time()):  # noqa: ASYNC110
                await asyncio.sleep(0.01)  # nothing is handed in that could be waited for
        answers(proxy, json_answer(200, {"m.tz": "Asia/Tokyo"}))
        zones.want("!1:x", "@ada:x")
        assert await told.zones(1) == [("!1:x", "@ada:x", "Asia/Tokyo")]


async def test_each_customer_is_asked_once_whatever_she_writes(proxy: Proxy) -> None:
    answers(proxy, json_answer(200, {"m.tz": "Asia/Tokyo"}), seconds=0.2)
    async with working(proxy) as (zones, told):
        for room in ("!1:x", "!2:x", "!1:x"):
            zones.want(room, "@ada:x")
        assert sorted(await told.zones(2)) == [(room, "@ada:x", "Asia/Tokyo") for room in ("!1:x", "!2:x")]
        zones.want("!1:x", "@ada:x")
        zones.want("!3:x", "@ada:x")
        assert len(await told.zones(3)) == 3
        assert len(proxy.asked) == 1


async def test_only_a_few_profiles_are_asked_for_at_the_same_time(proxy: Proxy) -> None:
    answers(proxy, json_answer(200, {"m.tz": "Asia/Tokyo"}), seconds=0.3)
    async with working(proxy) as (zones, told):
        for number in range(12):
            zones.want(f"!{number}:x", f"@u{number}:x")
        await told.zones(12)
    times = [at for at, _, _ in proxy.asked]
    assert len(times) == 12
    assert all(later - at > 0.25 for at, later in zip(times, times[4:], strict=False))


async def test_what_does_not_fit_in_the_queue_is_asked_for_at_her_next_message(proxy: Proxy) -> None:
    answers(proxy, json_answer(200, {"m.tz": "Asia/Tokyo"}))
    async with working(proxy, most=3) as (zones, told):
        for number in range(4):  # nothing is taken out before this task waits
            zones.want(f"!{number}:x", f"@u{number}:x")
        await told.zones(3)
        zones.want("!3:x", "@u3:x")
        assert ("!3:x", "@u3:x", "Asia/Tokyo") in await told.zones(4)
