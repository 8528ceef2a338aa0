"""Kills the bot, the homeserver, or both, while customers and agents write, and counts what became of their words.

Real processes, real SIGKILL. Half of the bot's kills come after a random time, half before a random step of its event
loop, because most of what can go wrong happens within a few milliseconds.

Usage: python -m tests.crash.kills --kills 3000 --seed 1
"""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import click
import yaml

from tests.crash.world import Fault, World
from tests.matrix.desk import FAQ
from tests.matrix.synapse import Synapse

ROOT = Path(__file__).parent.parent.parent
_A_WORLD = 150  # kills after which everybody is new, so that plain and encrypted agents' rooms alternate
_A_LOOK = 50  # kills after which all must be as it should
_PATIENCE = 120.0  # seconds for that
_STEPS = 900  # of the event loop: a start makes some hundreds
_LATEST = 1.5  # seconds after which a kill comes in any case
_KINDS = {"bot, at a step": 45, "bot, after a time": 45, "homeserver": 6, "both": 4}


@dataclass(slots=True)
class Report:
    """What was done, and what came of it."""

    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        kinds = Counter(fault.kind for fault in self.faults)
        lines = [
            f"seed {self.seed}, {sum(self.kills.values())} kills in {self.seconds / 60:.1f} minutes",
            *(f"  {kind}: {count}" for kind, count in sorted(self.kills.items())),
            *(f"{way}: {count}" for way, count in sorted(self.words.items())),
            *(f"{kind}: {kinds[kind]}" for kind in ("lost", "doubled", "disordered", "misplaced", "ended")),
            *(f"  {fault.kind}: {fault.what}" for fault in self.faults[:40]),
            f"{platform.system()} {platform.release()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        ]
        return "\n".join(lines)


class Desk:
    """Forks of one `helpbot run`."""

    def __init__(self, folder: Path, tree: Path) -> None:
        self.folder = folder
        self._tree = tree
        self._zygote: asyncio.subprocess.Process | None = None
        self.pid: int | None = None
        self._ended: asyncio.Future[None] | None = None

    async def open(self, homeserver: str, world: World) -> None:
        """Write the config and start the process that forks."""
        matrix = {"homeserver": homeserver, "user": world.bot.id, "password": world.bot.password}
        config = {
            "languages": ["en", "fr"],
            "database": "sqlite:///helpbot.db",
            "faq": str(FAQ),
            "answers": {"burst_seconds": 0},
            "matrix": matrix,
            "teams": [{"id": "mobile", "name": {"en": "Mobile team"}, "matrix_room": world.desk}],
        }
        await self.prepare(yaml.safe_dump(config, allow_unicode=True))

    async def prepare(self, config: str) -> None:
        """Start the process that forks, with that config."""
        self.folder.mkdir(parents=True)
        (self.folder / "config.yaml").write_text(config)
        pipe = asyncio.subprocess.PIPE
        env = {key: value for key, value in os.environ.items() if not key.startswith("HELPBOT_")}
        env |= {"OPENBLAS_NUM_THREADS": "1", "XDG_CACHE_HOME": str(self.folder / "cache")}
        self._zygote = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.crash.zygote", str(self.folder),
            cwd=self._tree, env=env, stdin=pipe, stdout=pipe,
        )  # fmt: skip

    async def close(self) -> None:
        assert self._zygote is not None
        assert self._zygote.stdin is not None
        self._zygote.stdin.close()
        await self._zygote.wait()

    async def start(self, steps: int = -1) -> None:
        """Start the desk; it ends before that step of its event loop, unless it is -1."""
        self.pid = await self._command(f"start {steps}")
        loop = asyncio.get_running_loop()
        ended = self._ended = loop.create_future()
        handle = os.pidfd_open(self.pid)

        def over() -> None:
            loop.remove_reader(handle)
            os.close(handle)
            ended.set_result(None)

        loop.add_reader(handle, over)

    async def ends_within(self, seconds: float) -> bool:
        """Wait for the desk to end by itself."""
        assert self._ended is not None
        done, _ = await asyncio.wait({self._ended}, timeout=seconds)
        return bool(done)

    async def end(self, number: signal.Signals) -> int:
        """Send a signal, unless it has ended by itself; return how it ended, as `waitpid` tells."""
        assert self.pid is not None
        assert self._ended is not None
        if not self._ended.done():
            os.kill(self.pid, number)
        await self._ended
        return await self._command(f"reap {self.pid}")

    async def _command(self, line: str) -> int:
        assert self._zygote is not None
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.write(f"{line}\n".encode())
        return int(await self._zygote.stdout.readline())

    def log(self) -> str:
        """Return the last that the desk logged."""
        return (self.folder / "desk.log").read_text(errors="replace")[-2000:]


class Storm:
    """So many kills, from one seed."""

    def __init__(self, folder: Path, kills: int, seed: int, tree: Path = ROOT, patience: float = _PATIENCE) -> None:
        self.report = Report(seed)
        self._kills = kills
        self._folder = folder
        self._tree = tree
        self._patience = patience  # seconds until words that have not come are lost
        self._chance = Random(seed)  # repeatable
        folder.mkdir(parents=True, exist_ok=True)
        self._synapse = Synapse(folder / "synapse")
        self._alive = asyncio.Lock()
        self._talk: set[asyncio.Task[None]] = set()

    async def blow(self, progress: Callable[[int], None] = lambda done: None) -> Report:
        """Kill until it is enough; `progress` hears how many were made."""
        began = time.monotonic()
        await asyncio.to_thread(self._synapse.start)
        try:
            number = 0
            while self._made < self._kills and not self.report.faults:
                await self._a_world(number, progress)
                number += 1
        finally:
            await asyncio.to_thread(self._synapse.stop)
            self.report.seconds = time.monotonic() - began
        return self.report

    @property
    def _made(self) -> int:
        return sum(self.report.kills.values())

    async def _a_world(self, number: int, progress: Callable[[int], None]) -> None:
        talk = Random(f"{self.report.seed}-{number}")  # apart, so that how fast people talk changes no kill
        world = World(self._synapse, self._alive, talk, encrypted=number % 2 == 1)
        desk = Desk(self._folder / f"desk-{number}", self._tree)
        await world.open()
        await desk.open(self._synapse.url, world)
        last = min(self._made + _A_WORLD, self._kills)
        try:
            for _ in range(4):
                self._spawn(world.arrives())
            await self._look(world, desk)
            looked = self._made
            while self._made < last and not self.report.faults:
                before = self._made
                await self._cycle(world, desk)
                progress(self._made - before)
                if self._made - looked >= _A_LOOK or self._made >= last:
                    looked = self._made
                    await self._look(world, desk)
            for customer in world.customers:
                self.report.words["customers' words"] += len(customer.said)
                self.report.words["agents' words to customers"] += len(customer.told)
                self.report.words["agents' notes"] += len(customer.inside)
            self.report.words["customers"] += len(world.customers)
        finally:
            for task in self._talk:
                task.cancel()
            await desk.close()
            await world.close()

    def _spawn(self, talk: object) -> None:
        task = asyncio.ensure_future(talk)  # type: ignore[call-overload]
        self._talk.add(task)
        task.add_done_callback(self._spoken)

    def _spoken(self, task: asyncio.Task[None]) -> None:
        self._talk.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.report.faults.append(Fault("ended", f"somebody could not speak: {error!r}"))

    async def _cycle(self, world: World, desk: Desk) -> None:
        """Start the desk, let people talk, and kill."""
        chance = self._chance
        kind = chance.choices(list(_KINDS), list(_KINDS.values()))[0]
        at_step = kind == "bot, at a step"
        await desk.start(chance.randrange(_STEPS) if at_step else -1)
        for _ in range(chance.choice((0, 1, 2, 3, 5))):
            self._spawn(world.talks())
        if chance.random() < 0.04 and len(world.customers) < 12:
            self._spawn(world.arrives())
        ended = await desk.ends_within(_LATEST if at_step else chance.uniform(0.0, _LATEST))
        if ended and not at_step:
            self._died(desk, await desk.end(signal.SIGKILL))
            return
        if at_step and not ended:  # it had not come to that step yet
            kind = "bot, after a time"
        if kind == "both":
            self._ended(desk, await desk.end(signal.SIGKILL))
        if kind in {"homeserver", "both"}:
            async with self._alive:
                await asyncio.to_thread(self._synapse.kill)
                await asyncio.to_thread(self._synapse.start)
        if kind == "homeserver":
            await desk.ends_within(chance.uniform(0.0, 2.0))
        if kind != "both":
            self._ended(desk, await desk.end(signal.SIGKILL))
        self.report.kills[kind] += 1

    async def _look(self, world: World, desk: Desk) -> None:
        """Let the desk live until all is where it belongs, then end it as an admin does."""
        await desk.start()
        end = asyncio.get_running_loop().time() + self._patience
        while self._talk:
            await asyncio.wait(self._talk, timeout=1.0)
            if await desk.ends_within(0.0) or asyncio.get_running_loop().time() > end:
                self.report.faults.append(Fault("lost", f"nobody answers any more: {desk.log()}"))
                break
        else:
            self.report.faults += await world.settled(self._patience)
        status = await desk.end(signal.SIGTERM)
        if status != 0:
            self._died(desk, status)
        self.report.faults = list(dict.fromkeys([*self.report.faults, *await world.looked()]))

    def _ended(self, desk: Desk, status: int) -> None:
        if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
            self._died(desk, status)

    def _died(self, desk: Desk, status: int) -> None:
        self.report.faults.append(Fault("ended", f"the desk ended by itself ({status}): {desk.log()}"))


async def blow(folder: Path, kills: int, seed: int, at_once: int, progress: Callable[[int], None]) -> Report:
    """Let several storms blow side by side, with seeds that follow each other; return one report."""
    began, whole = time.monotonic(), Report(seed)
    shares = [kills // at_once + (number < kills % at_once) for number in range(at_once)]
    storms = [Storm(folder / f"storm-{number}", share, seed + number) for number, share in enumerate(shares)]
    for report in await asyncio.gather(*(storm.blow(progress) for storm in storms)):
        whole.kills += report.kills
        whole.words += report.words
        whole.faults += report.faults
    whole.seconds = time.monotonic() - began
    return whole


@click.command()
@click.option("--kills", default=1000, show_default=True, help="How many.")
@click.option("--seed", default=None, type=int, help="Repeats a run: the same kills at the same steps and times.")
@click.option("--at-once", default=1, show_default=True, help="Desks, each with a homeserver of its own.")
@click.option("--keep", type=click.Path(path_type=Path), help="Work in this folder and leave it there.")
def main(kills: int, seed: int | None, at_once: int, keep: Path | None) -> None:
    """Kill the bot and the homeserver while people write."""
    logging.getLogger("nio").setLevel(logging.CRITICAL)  # of the clients: that they wait is what is meant here
    seed = Random().randrange(10**6) if seed is None else seed
    with tempfile.TemporaryDirectory() as folder, click.progressbar(length=kills, label="kills") as bar:
        report = asyncio.run(blow(keep or Path(folder), kills, seed, at_once, bar.update))
    click.echo(str(report))
    sys.exit(1 if report.faults else 0)


if __name__ == "__main__":
    main()
