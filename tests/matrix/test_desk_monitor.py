"""`helpbot run` with a monitor beside it, and its weekly report, on a real Synapse."""

from __future__ import annotations

import asyncio
import io
import socket
import sqlite3
from typing import Any

import aiohttp
import pytest
import yaml
from PIL import Image

from .actors import PlainActor, body
from .conftest import MakePlain
from .desk import RunningDesk

pytestmark = pytest.mark.synapse


def configured(desk: RunningDesk, **more: Any) -> None:
    path = desk.folder / "config.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text("utf-8")), **more}), "utf-8")


async def fetched(port: int, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as response:
        return response.status, await response.text()


async def test_a_desk_tells_a_monitor_that_it_works(desk: RunningDesk, plain_actor: MakePlain) -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    configured(desk, metrics={"listen": f"127.0.0.1:{port}"})
    await desk.start()
    assert await fetched(port, "/healthz") == (200, "ok\n")
    marie = await plain_actor("Marie")
    room = await marie.create_dm(desk.bot.id)
    await marie.wait_for_text(room, "human")
    await marie.say(room, "my puk is blocked")
    await marie.wait_for_text(room, "ten wrong tries")
    status, text = await fetched(port, "/metrics")
    assert status == 200
    assert 'helpbot_questions_total{team="mobile"} 1.0' in text
    assert marie.user.id not in text


async def test_a_taken_port_holds_no_desk_up(desk: RunningDesk) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        configured(desk, metrics={"listen": f"127.0.0.1:{taken.getsockname()[1]}"})
        await desk.start()
        assert "metrics_not_served" in desk.log()
        assert await desk.stop() == 0


async def test_the_agents_get_the_week_with_its_picture_once(desk: RunningDesk, sam: PlainActor) -> None:
    await desk.start()
    long_there = "UPDATE inbox SET at = '2020-01-01T00:00:00.000000+00:00'"  # the desk was there all the time
    await sam.say(desk.agents_room, "!help")
    await sam.wait_for_text(desk.agents_room, "!claim")
    assert [one for one in sam.messages(desk.agents_room) if "📊" in body(one)] == []
    assert await desk.stop() == 0

    def was_there() -> None:
        with sqlite3.connect(desk.folder / "helpbot.db") as db:
            db.execute(long_there)

    await asyncio.to_thread(was_there)
    await desk.start()
    told = await sam.wait_for_text(desk.agents_room, "📊 Mobile team: the week from")
    assert told["content"]["msgtype"] == "m.image"
    picture = await sam.download(told["content"]["url"])
    assert Image.open(io.BytesIO(picture)).size == (1000, 1260)
    assert await desk.stop() == 0
    await desk.start()
    await sam.say(desk.agents_room, "!help")
    await sam.wait_for(lambda _: sum("!claim" in body(one) for one in sam.messages(desk.agents_room)) == 2)
    assert len([one for one in sam.messages(desk.agents_room) if "📊" in body(one)]) == 1
