"""The panel hangs in the help channel, once, whatever else fails."""

from __future__ import annotations

import asyncio
import json

import pytest

from .play import Play, until
from .wire import Fault, Wire


@pytest.fixture
def play(wire: Wire) -> Play:
    return Play(wire)


def _panels(play: Play) -> int:
    return len([one for one in play.town.messages(play.town.help) if one.components])


async def test_it_hangs_where_the_commands_may_not_be_told(play: Play, capsys: pytest.CaptureFixture[str]) -> None:
    play.wire.faults.append(Fault("PUT", "/commands", 403, body={"message": "Missing Access", "code": 50001}))
    async with play.listens():
        assert _panels(play) == 1
    assert "scope applications.commands" in capsys.readouterr().out
    play.transport = play.new()
    async with play.listens():
        await until(lambda: play.wire.backend.find_command("ticket", play.town.guild))


@pytest.mark.parametrize("after", [True, False])
async def test_it_hangs_once_though_discord_has_trouble(play: Play, after: bool) -> None:
    play.wire.faults.append(Fault("POST", f"{play.town.help}/messages", 0, after=after))
    async with play.listens():
        await until(lambda: "panel" in play.notes.kept)
    play.transport = play.new()
    async with play.listens():
        await play.says("and on", "k")
    assert _panels(play) == 1


async def test_it_hangs_once_however_often_the_bot_connects_meanwhile(play: Play) -> None:
    held = Fault("POST", f"{play.town.help}/messages", 200, until=asyncio.Event())
    play.wire.faults.append(held)
    running = asyncio.create_task(play.transport.run(play.desk.receive))
    try:
        await until(lambda: held.holds)
        play.wire.resumable = False
        await play.wire.drop()
        await until(lambda: play.wire.identifies == 2)
        play.marie.say(play.direct, "hello")
        await play.hears("hello")
        assert held.until is not None
        held.until.set()
        await until(lambda: "panel" in play.notes.kept)
        play.marie.say(play.direct, "well?")
        await play.hears("well?")
        kept = json.loads(play.notes.kept["panel"])["message"]
        assert [one.id for one in play.town.messages(play.town.help) if one.components] == [kept]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
