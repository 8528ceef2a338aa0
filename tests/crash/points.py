"""Ends a desk before each step of its event loop, in every part of a story, and has the next desk finish it.

What the second desk leaves must be what an undisturbed one leaves. The desk ends as by SIGKILL: none of its code runs
any more, what it had not committed is not there. The network has forgotten all keys by then, as real ones do after a
day, so that nothing but reading back keeps a message from being said twice.

Usage: python -m tests.crash.points --twice 2000 --seed 1
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import click
import structlog

from helpbot.store.sqlite import SqliteStore
from tests.crash.steps import Steps
from tests.crash.story import NAMED, STORY, Home, Lines, Look, Part, faults, lines, live, where

ROOT = Path(__file__).parent.parent.parent
_MEMORY = Path("/dev/shm")  # where a sync costs nothing
_MOST = 20_000  # steps of a part: more is a desk that never comes to rest


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be done; the fields are the options of the command."""

    every: int = 1
    closely: tuple[str, ...] = ()
    only: str | None = None
    twice: int = 0
    seed: int = 1
    at_once: int = 2

    def options(self) -> list[str]:
        """Return them as a command line has them."""
        told = [f"--every={self.every}", f"--twice={self.twice}", f"--seed={self.seed}", f"--at-once={self.at_once}"]
        told += [f"--closely={name}" for name in self.closely]
        return told if self.only is None else [*told, f"--only={self.only}"]


class Killed(SystemExit):
    """The end of a desk: raised through the event loop, which nothing runs in any more."""


@dataclass(slots=True)
class Report:
    """How many desks were ended in each part and at each named point, and what was not as it should be."""

    kills: Counter[str] = field(default_factory=Counter)
    points: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        told = [f"{sum(self.kills.values())} desks ended in {self.seconds:.0f} s"]
        told += [
            f"  {part}: {self.kills[part]}" for part in dict.fromkeys([*(part.name for part in STORY), *self.kills])
        ]
        told += [f"  {name}: {self.points[name]} times" for name in NAMED]
        return "\n".join([*told, *(f"FAULT {fault}" for fault in self.faults[:40])])


class Theatre:
    """Plays the story; `folder` holds the desks."""

    def __init__(self, folder: Path) -> None:
        self.report = Report()
        self._folder = folder
        self._played = 0
        self.longest: dict[str, int] = {}  # steps, by part
        self._grave: list[object] = []  # the dead: none of their code may run, not even to tidy up

    def play(self, home: Home, rest: Lines | None, end: int | None = None) -> bool:
        """Run a desk to its end, or to that step; tell whether it came to its end.

        `rest` is what must be there by then, if that is known; a desk that does not come to it has come to its end
        with what is there.
        """

        def kill() -> None:
            raise Killed

        stores: list[SqliteStore] = []
        steps = Steps(end, kill)
        hands = ThreadPoolExecutor(1)
        loop = asyncio.new_event_loop()
        loop.set_default_executor(hands)
        with closing(Look(home)) as look:
            try:
                loop.run_until_complete(live(home, steps, lambda: _came_to(home, look, rest), stores.append))
            except Killed as killed:
                self._grave.append((killed, asyncio.all_tasks(loop), stores))
                hands.shutdown()
                asyncio.run(_closed(stores[0]))
                loop.close()
                return False
            except Exception as error:  # noqa: BLE001  # whatever it was: a desk may not end by itself
                self.report.faults.append(f"the desk ended by itself: {error!r}")
            hands.shutdown()
            loop.close()
            return True

    def whole(self, last: str | None) -> list[tuple[Part, Home, Lines]]:
        """Play it undisturbed, up to that part; return each with what was there before and after it."""
        told = []
        home = Home.new(self._folder / "whole")
        for part in STORY:
            before = home.copied(self._next())
            part.happens(home)
            self.play(home, None)
            first = lines(home)
            self.play(home, None)
            told.append((part, before, lines(home)))
            self.report.faults += [f"{part.name}, started again: {fault}" for fault in faults(first, lines(home))]
            if part.name == last:
                break
        return told

    def again(self, part: Part, before: Home, wanted: Lines, *ends: int) -> bool:
        """Play a part with a desk that ends before each of these steps, one after another; the last is left alone.

        Tell whether all of them were reached.
        """
        home = before.copied(self._next())
        part.happens(home)
        home.network.forgets = True
        ended = 0
        for end in ends:
            if self.play(home, wanted, end):
                break
            ended += 1
            self.report.kills[part.name] += 1
            for name in where(home):
                self.report.points[name] += 1
        if ended:
            self.play(home, wanted)
        told = faults(wanted, lines(home))
        self.report.faults += [f"{part.name}, ended at {', '.join(map(str, ends))}: {fault}" for fault in told]
        shutil.rmtree(home.folder)
        return ended == len(ends)

    def _next(self) -> Path:
        self._played += 1
        return self._folder / str(self._played)


def _came_to(home: Home, look: Look, rest: Lines | None) -> bool:
    return look.resting() and (rest is None or not faults(rest, lines(home)))


async def _closed(store: SqliteStore) -> None:
    """Let go of a dead desk's connection, as the system does: what was not committed is gone."""
    await store._db.rollback()  # a statement that was left half-way would keep the connection open behind its close
    await store._db.close()


def run(folder: Path, wanted: Wanted, number: int) -> Report:
    """Do one share of what is wanted."""
    began, theatre = time.monotonic(), Theatre(folder)
    parts = [played for played in theatre.whole(wanted.only) if wanted.only in {None, played[0].name}]
    chance = Random(wanted.seed + number)  # repeatable
    gc.disable()  # the dead are many, and none of them may be looked through
    for part, before, rest in parts:
        every = 1 if part.name in wanted.closely else wanted.every
        for end in range(number * every, _MOST, wanted.at_once * every):
            if theatre.report.faults or not theatre.again(part, before, rest, end):
                theatre.longest[part.name] = end
                break
    for _ in range(wanted.twice // wanted.at_once):
        if theatre.report.faults:
            break
        part, before, rest = chance.choice(parts)
        theatre.again(part, before, rest, *(chance.randrange(theatre.longest[part.name]) for _ in range(2)))
    theatre.report.seconds = time.monotonic() - began
    return theatre.report


def side_by_side(wanted: Wanted, tree: Path) -> Report:
    """Do all that is wanted, each share in a process of its own, with the helpbot of that tree."""
    began, whole = time.monotonic(), Report()
    command = [sys.executable, "-m", "tests.crash.points", *wanted.options()]
    shares = [
        subprocess.Popen([*command, "--share", str(number)], cwd=tree, stdout=subprocess.PIPE, text=True)
        for number in range(wanted.at_once)
    ]
    for share in shares:
        told, _ = share.communicate()
        if not told:
            whole.faults.append("a share of it ended by itself")
            continue
        part = json.loads(told)
        whole.kills.update(part["kills"])
        whole.points.update(part["points"])
        whole.faults += part["faults"]
    whole.seconds = time.monotonic() - began
    return whole


@click.command()
@click.option("--every", default=1, show_default=True, help="End a desk at each so-many-th step of a part.")
@click.option("--closely", multiple=True, help="Parts in which one ends at each step.")
@click.option("--only", help="One part alone.")
@click.option("--twice", default=0, show_default=True, help="And so many times two desks in a row, at random.")
@click.option("--seed", default=1, show_default=True, help="Of what is random.")
@click.option("--at-once", default=2, show_default=True, help="Processes.")
@click.option("--share", type=int, help="Do this share alone, and tell of it in JSON.")
def main(share: int | None, **wanted: Any) -> None:
    """End a desk before each of its steps."""
    if share is None:
        report = side_by_side(Wanted(**wanted), ROOT)
        click.echo(str(report))
        sys.exit(1 if report.faults else 0)
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory(), processors=[])
    try:
        with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
            report = run(Path(folder), Wanted(**wanted), share)
        print(json.dumps({"kills": report.kills, "points": report.points, "faults": report.faults}), flush=True)
    except Exception:  # noqa: BLE001  # told, and this share counts as ended by itself
        traceback.print_exc()
    finally:
        os._exit(0)  # none of the dead may run now either


if __name__ == "__main__":
    main()
