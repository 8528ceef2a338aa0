"""Speed and memory, each beside something simple that is measured in the same run: `make bench`.

The machine does other things meanwhile, so compare the two figures of a line and not the figures of two runs.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench import answers
from helpbot.answers.files import load
from helpbot.answers.library import FaqLibrary
from helpbot.app import Helpbot
from helpbot.config import shipped_faq
from helpbot.core.model import Desk, Team
from helpbot.store.sqlite import SqliteStore
from helpbot.transports.base import Address
from helpbot.transports.memory import MemoryTransport

LANGUAGES = ("fr", "en")
NOW = datetime(2026, 11, 1, tzinfo=UTC)
MESSAGES = 300
HOSTILE = {
    "zalgo": "a" + "\u0300\u0323" * 30_000,
    "U+FDFA": "\ufdfa" * 60_000,
    "words": "mot " * 15_000,
    "spaces": " " * 60_000,
}


async def desk(folder: Path) -> None:
    """Print how many questions a second go through the whole desk, against bare commits to the same disk."""
    faq, _ = load(shipped_faq(), LANGUAGES)
    value = Desk(FaqLibrary(faq, LANGUAGES), LANGUAGES, (Team("desk", {"fr": "L'équipe"}),), burst=timedelta())
    network = MemoryTransport(teams={"desk": "agents"})
    store = await SqliteStore.open(folder / "desk.db")
    bot = Helpbot(store, [network], {"desk": Address("memory", "agents")}, value)
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            start = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - start - 0.001)

    async with bot.running():
        await bot.ready()
        watching = asyncio.create_task(watch())
        start = time.perf_counter()
        for number in range(MESSAGES):
            network.say(f"room {number % 20}", f"customer {number % 20}", "mon puk est bloqué")
        await network.taken()
        await bot.settled()
        took = time.perf_counter() - start
        calm, longest = longest, 0.0
        for text in HOSTILE.values():
            network.say("room 0", "customer 0", text)
            await network.taken()
            await bot.settled()
        watching.cancel()
    await store.close()
    print(f"desk     {MESSAGES / took:.0f} questions a second, answered and delivered, in memory and SQLite")
    print(f"         {commits(folder):.0f} bare commits a second on the same disk (a question takes five or six)")
    print(f"         the loop was held for {calm * 1000:.0f} ms at most, {longest * 1000:.0f} ms with hostile messages")


def commits(folder: Path) -> float:
    """Return how many commits a second the disk takes."""
    db = sqlite3.connect(folder / "bare.db", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE t (x)")
    start = time.perf_counter()
    for number in range(MESSAGES):
        db.execute("INSERT INTO t VALUES (?)", (number,))
    took = time.perf_counter() - start
    db.close()
    return MESSAGES / took


if __name__ == "__main__":
    answers.run()
    with tempfile.TemporaryDirectory() as temporary:
        asyncio.run(desk(Path(temporary)))
