"""Thirty real kills of `helpbot run` on Discord while customers and agents write.

A third comes at a random step of its event loop, a third after a random time, a third as soon as Discord has taken
something from it and before it hears so.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from helpbot.transports.discord_buttons import CLAIM, FORM
from helpbot.transports.discord_refs import Spot
from tests.crash.kills import ROOT, Desk
from tests.matrix.desk import FAQ

from .town import Person, Town
from .wire import Asked, Wire

_KILLS, _SEED, _STEPS = 30, 20261128, 700
_LATEST = 1.2  # seconds after which a kill comes in any case


class Killed(Desk):
    """Forks of one `helpbot run` on Discord."""

    async def open_on(self, town: Town) -> None:
        """Write the config and start the process that forks."""
        config = {
            "languages": ["en", "fr"],
            "faq": str(FAQ),
            "answers": {"burst_seconds": 0},
            "offer": {"silent_minutes": 0},
            "discord": {"token": town.wire.token, "help_channel": str(town.help), "api": town.wire.api},
            "teams": [{"id": "mobile", "discord_channel": str(town.desk), "discord_agents": str(town.agents_role)}],
        }
        await self.prepare(yaml.safe_dump(config))


async def _until(wanted: Callable[[], Any], seconds: float = 60) -> Any:
    async with asyncio.timeout(seconds):
        while not (found := wanted()):  # noqa: ASYNC110  # the server has no event for it
            await asyncio.sleep(0.05)
    return found


def _kill_after(desk: Desk, number: int) -> Callable[[Asked], None]:
    """Return what kills the desk when Discord has taken so many messages from it."""
    left = number

    def seen(asked: Asked) -> None:
        nonlocal left
        left -= asked.method == "POST" and asked.path.endswith(("/messages", "/threads"))
        if left == 0 and desk.pid is not None:
            left = 1000
            with contextlib.suppress(ProcessLookupError):
                os.kill(desk.pid, signal.SIGKILL)

    return seen


class Talk:
    """A customer with her ticket, and what was said on both sides."""

    def __init__(self, town: Town, customer: Person, room: int) -> None:
        self.town, self.customer, self.room, self.post = town, customer, room, 0
        self.said: list[str] = []
        self.told: list[str] = []
        self.inside: list[str] = []

    def speaks(self, sam: Person, chance: Random) -> None:
        """Let one of them write a line that is like no other."""
        lines, kind = chance.choice(((self.said, "said"), (self.told, "told"), (self.inside, "inside")))
        line = f"{kind}-{self.customer.id}-{len(lines):03}."
        lines.append(line)
        if lines is self.said:
            self.customer.say(self.room, line)
        else:
            sam.say(self.post, line if lines is self.told else f"!note {line}")

    def shown(self, channel: int) -> str:
        """Return what the bot has said in a channel, after the transcript."""
        bot = self.town.wire.backend.bot_user.id
        return "\n".join(one.content for one in self.town.messages(channel) if one.author_id == bot)

    def is_whole(self) -> bool:
        """Tell whether everything has arrived."""
        return all(line in self.shown(self.post) for line in self.said) and all(
            line in self.shown(self.room) for line in self.told
        )

    def faults(self) -> list[str]:
        """Return what was lost, doubled, disordered or misplaced."""
        found: list[str] = []
        for lines, channel in ((self.said, self.post), (self.told, self.room)):
            text = self.shown(channel)
            found += [f"{text.count(line)} times: {line}" for line in lines if text.count(line) != 1]
            found += [] if sorted(lines, key=text.find) == lines else [f"disordered in {channel}"]
        found += [f"outside: {line}" for line in self.inside if line in self.shown(self.room)]
        return found


@pytest.mark.timeout(300)
async def test_thirty_kills_lose_double_and_misplace_nothing(wire: Wire, tmp_path: Path) -> None:
    town, chance = Town(wire), Random(_SEED)
    marie, jeanne = town.person("Marie"), town.person("Jeanne", locale="fr")
    sam, desk = town.person("Sam", agent=True), Killed(tmp_path / "desk", ROOT)
    await desk.open_on(town)
    await desk.start()
    await _until(lambda: wire.backend.find_command("ticket", town.guild))
    marie.say(town.direct(marie), "human, I am Marie")
    jeanne.fill_in(town.help, FORM, subject="", text="humain, je suis Jeanne")
    await _until(lambda: len(town.threads(town.desk)) == 2)
    thread = next(one.id for one in town.threads(town.help))
    talks = [Talk(town, marie, town.direct(marie)), Talk(town, jeanne, thread)]
    for talk, name in zip(talks, ("Marie", "Jeanne"), strict=True):
        talk.post = next(one.id for one in town.threads(town.desk) if name in one.name)
        sam.press(str(Spot(talk.post, talk.post)), CLAIM)
        await _until(lambda talk=talk: "Sam" in talk.shown(talk.room))  # type: ignore[misc]  # of this talk
    await desk.end(signal.SIGKILL)
    try:
        for _ in range(_KILLS):
            kind = chance.choice(("step", "time", "taken"))
            wire.seen = _kill_after(desk, chance.randrange(1, 4) if kind == "taken" else 1000)
            await desk.start(chance.randrange(_STEPS) if kind == "step" else -1)
            for _ in range(chance.choice((0, 1, 2, 3, 5))):
                chance.choice(talks).speaks(sam, chance)
                await asyncio.sleep(chance.uniform(0, 0.1))
            await desk.ends_within(chance.uniform(0.0, _LATEST) if kind == "time" else _LATEST)
            status = await desk.end(signal.SIGKILL)
            assert os.WIFSIGNALED(status), desk.log()
            wire.forget_nonces()
        wire.seen = lambda asked: None
        await desk.start()
        await _until(lambda: all(talk.is_whole() for talk in talks), 90)
        await asyncio.sleep(1)
        assert await desk.end(signal.SIGTERM) == 0, desk.log()
    finally:
        await desk.close()
    assert [fault for talk in talks for fault in talk.faults()] == []
    assert len(town.threads(town.desk)) == 2
    assert min(len(lines) for talk in talks for lines in (talk.said, talk.told, talk.inside)) > 3
