"""`helpbot run` on Discord as a process of its own, killed with -9 whenever it has just been heard."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
import yaml

from helpbot.transports.discord_buttons import CLAIM
from helpbot.transports.discord_refs import Spot
from tests import forks
from tests.matrix.desk import FAQ

from .test_desk_discord import until
from .town import Town
from .wire import Asked, Wire


class Process:
    """The desk as a process, which the first request that fits may kill before it hears the answer."""

    def __init__(self, town: Town, folder: Path) -> None:
        self.folder = folder
        self.process: forks.Forked | None = None
        config = {
            "languages": ["en", "fr"],
            "faq": str(FAQ),
            "answers": {"burst_seconds": 0},
            "offer": {"silent_minutes": 0},
            "discord": {"token": town.wire.token, "help_channel": str(town.help), "api": town.wire.api},
            "teams": [
                {
                    "id": "mobile",
                    "name": "Mobile",
                    "discord_channel": str(town.desk),
                    "discord_agents": str(town.agents_role),
                }
            ],
        }
        (folder / "config.yaml").write_text(yaml.safe_dump(config))
        (folder / "config.yaml").chmod(0o600)

    async def start(self) -> None:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("HELPBOT_")}
        with (self.folder / "log").open("ab") as log:
            self.process = await forks.start("run", "-c", "config.yaml", cwd=self.folder, env=environment, stderr=log)
        assert self.process.stdout is not None
        async with asyncio.timeout(60):
            line = await self.process.stdout.readline()
        assert line == b"ready\n", (self.folder / "log").read_text()[-3000:]

    def kill(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()

    async def ended(self) -> int:
        assert self.process is not None
        async with asyncio.timeout(30):
            await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode


@pytest.mark.timeout(170)
@pytest.mark.parametrize("step", [1, 2, 3])
async def test_killed_at_any_message_it_loses_and_doubles_nothing(wire: Wire, tmp_path: Path, step: int) -> None:
    town = Town(wire)
    marie, sam = town.person("Marie"), town.person("Sam", agent=True)
    direct, desk = town.direct(marie), Process(town, tmp_path)
    await desk.start()
    marie.say(direct, "good day")
    await until(lambda: len(town.messages(direct)) > 2)
    sent = 0

    def seen(asked: Asked) -> None:
        nonlocal sent
        sent += asked.method == "POST" and asked.path.endswith(("/messages", "/threads"))
        if sent == step:
            sent += 1000
            desk.kill()

    wire.seen = seen
    lines = [f"human, line {number}" for number in range(4)]
    try:
        for line in lines[:2]:
            marie.say(direct, line)
        await until(lambda: desk.process is not None and desk.process.returncode is not None)
        wire.forget_nonces()
        for line in lines[2:]:
            marie.say(direct, line)
        await desk.start()
        post = await until(lambda: next(iter(town.threads(town.desk)), None))

        def told() -> list[str]:
            return [one.content for one in town.messages(post.id) if one.author_id == wire.backend.bot_user.id]

        await until(lambda: "line 3" in "\n".join(told()))
        whole = "\n".join(told()[1:])
        assert [whole.count(line) for line in lines] == [1, 1, 1, 1]
        assert sorted(lines, key=whole.index) == lines
        assert len(town.threads(town.desk)) == 1
        sam.press(str(Spot(post.id, post.id)), CLAIM)
        await until(lambda: any("Sam" in one.content for one in town.messages(direct)))
        sam.say(post.id, "here I am")
        await until(lambda: any(one.content == "here I am" for one in town.messages(direct)))
        hers = [one.content for one in town.messages(direct) if one.author_id != marie.id]
        assert len(hers) == len(set(hers)), hers
    finally:
        desk.kill()
        await desk.ended()


async def test_it_ends_in_order_and_with_clear_words(wire: Wire, tmp_path: Path) -> None:
    town = Town(wire)
    desk = Process(town, tmp_path)
    await desk.start()
    assert desk.process is not None
    desk.process.terminate()
    assert await desk.ended() == 0
    config = (tmp_path / "config.yaml").read_text().replace(wire.token, "MTIz.no.token")
    (tmp_path / "config.yaml").write_text(config)
    with pytest.raises(AssertionError, match="Discord does not take the token"):
        await desk.start()
    assert await desk.ended() == 2
    assert "Traceback" not in (tmp_path / "log").read_text()
