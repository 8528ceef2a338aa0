"""The real `helpbot run` as a process of its own, and the people round it."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import yaml

from tests import forks

from .actors import Event, PlainActor, body, relation
from .synapse import Synapse, User

FAQ = Path(__file__).parent.parent / "faq"
START_SECONDS = 60.0


class RunningDesk:
    """`helpbot run` on a config of its own; can be stopped, killed and started again."""

    def __init__(
        self,
        folder: Path,
        synapse: Synapse,
        bot: User,
        agents_room: str,
        *,
        burst_seconds: float | None = 0,
        **matrix: Any,
    ) -> None:
        """Write the config; without a time (None) the bot waits for more as long as it does by default."""
        self.folder = folder
        self.bot = bot
        self.agents_room = agents_room
        self._process: forks.Forked | None = None
        folder.mkdir(parents=True, exist_ok=True)
        config = {
            "languages": ["en", "fr"],
            "database": "sqlite:///helpbot.db",
            "faq": str(FAQ),
            "answers": {} if burst_seconds is None else {"burst_seconds": burst_seconds},
            "matrix": {"homeserver": synapse.url, "user": bot.id, "password": bot.password, **matrix},
            "teams": [{"id": "mobile", "name": {"en": "Mobile team"}, "matrix_room": agents_room}],
        }
        (folder / "config.yaml").write_text(yaml.safe_dump(config, allow_unicode=True))
        (folder / "config.yaml").chmod(0o600)

    async def start(self) -> None:
        """Start the desk and return once it says that it is ready."""
        await self.launch()
        assert self._process is not None
        assert self._process.stdout is not None
        async with asyncio.timeout(START_SECONDS):
            line = await self._process.stdout.readline()
        assert line == b"ready\n", (line, self.log()[-3000:])

    async def launch(self) -> None:
        """Start the desk without waiting for it."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("HELPBOT_")}
        with (self.folder / "stderr.log").open("ab") as log:
            self._process = await forks.start("run", "-c", "config.yaml", cwd=self.folder, env=environment, stderr=log)

    async def stop(self) -> int:
        """Tell the desk to stop, as an admin does; return its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return await self.ended()

    async def kill(self) -> None:
        """Kill the desk where it stands."""
        assert self._process is not None
        self._process.kill()
        await self.ended()

    async def ended(self) -> int:
        """Return the exit code once the desk has ended."""
        assert self._process is not None
        async with asyncio.timeout(40):
            await self._process.communicate()
        code = self._process.returncode
        self._process = None
        assert code is not None
        return code

    @property
    def runs(self) -> bool:
        return self._process is not None

    async def logged(self, word: str) -> None:
        """Return once the desk's log holds the word."""
        async with asyncio.timeout(30):
            while word not in self.log():  # noqa: ASYNC110  # a file has no event
                await asyncio.sleep(0.05)

    def log(self) -> str:
        """Return what the desk logged."""
        return (self.folder / "stderr.log").read_text()


class AgentsView:
    """The agents' room as one of them sees it."""

    def __init__(self, actor: PlainActor, desk: RunningDesk) -> None:
        self.actor = actor
        self.room = desk.agents_room
        self.bot = desk.bot.id

    async def card(self, number: int, holding: str = "") -> Event:
        """Return the ticket's card, edited or not, once its text holds that."""

        def fits(event: Event) -> bool:
            if event["room_id"] != self.room or event["sender"] != self.bot:
                return False
            return f"#{number} ·" in body(event) and holding in body(event)

        event = await self.actor.wait_for(fits)
        related = relation(event)
        if related.get("rel_type") == "m.replace":
            root = related["event_id"]
            return await self.actor.wait_for(lambda item: item.get("event_id") == root)
        return event

    async def threaded(self, card: Event, text: str) -> Event:
        """Return the bot's message in the card's thread that holds the text."""
        return await self.actor.wait_for(
            lambda event: (
                event["sender"] == self.bot
                and relation(event).get("rel_type") == "m.thread"
                and relation(event).get("event_id") == card["event_id"]
                and text in body(event)
            )
        )

    async def marked(self, ref: str, symbol: str) -> None:
        """Return once the bot put that mark on the message."""
        await self.actor.wait_for(
            lambda event: (
                event["type"] == "m.reaction"
                and event["sender"] == self.bot
                and relation(event).get("event_id") == ref
                and relation(event).get("key") == symbol
            )
        )

    async def writes(self, card: Event, text: str, **extra: Any) -> str:
        """Write in the card's thread."""
        return await self.actor.say_in_thread(self.room, card["event_id"], text, **extra)
