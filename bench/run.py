"""Speed and memory, each beside something simple that is measured in the same run: `make bench`.

The machine does other things meanwhile, so compare the two figures of a line and not the figures of two runs.
"""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from rapidfuzz import fuzz, process

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


def timed(call: Callable[[str], object], questions: list[str]) -> tuple[float, float]:
    """Return the median and the 95th percentile in milliseconds."""
    took = []
    for question in questions:
        start = time.perf_counter()
        call(question)
        took.append((time.perf_counter() - start) * 1000)
    return statistics.median(took), statistics.quantiles(took, n=20)[-1]


def answers() -> None:
    """Print how long a question takes, against one rapidfuzz scan over the same phrasings."""
    faq, _ = load(shipped_faq(), LANGUAGES)
    start = time.perf_counter()
    library = FaqLibrary(faq, LANGUAGES)
    built = time.perf_counter() - start
    phrasings = [text for entry in faq.entries for texts in entry.questions.values() for text in texts]
    questions = [text for entry in faq.entries for texts in entry.tests.values() for text in texts] * 5
    ours = timed(lambda text: library.find(text, None, NOW), questions)
    scan = timed(lambda text: process.extract(text, phrasings, scorer=fuzz.WRatio, limit=5), questions)
    print(f"answers  {len(phrasings)} phrasings, index built in {built * 1000:.0f} ms")
    print(f"         find          p50 {ours[0]:.2f} ms  p95 {ours[1]:.2f} ms")
    print(f"         rapidfuzz scan p50 {scan[0]:.2f} ms  p95 {scan[1]:.2f} ms")
    for name, text in (
        ("zalgo", "a" + "\u0300\u0323" * 30_000),
        ("U+FDFA", "\ufdfa" * 60_000),
        ("words", "mot " * 15_000),
    ):
        start = time.perf_counter()
        library.find(text, None, NOW)
        print(f"         60,000 characters of {name}: {(time.perf_counter() - start) * 1000:.1f} ms")


async def desk(folder: Path) -> None:
    """Print how many questions a second go through the whole desk, against bare commits to the same disk."""
    faq, _ = load(shipped_faq(), LANGUAGES)
    value = Desk(FaqLibrary(faq, LANGUAGES), LANGUAGES, (Team("desk", {"fr": "L'équipe"}),))
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


def memory() -> None:
    """Print how much memory a desk takes, against an empty interpreter."""
    empty = _resident("pass")
    loaded = _resident(
        "import helpbot.cli; from helpbot.answers.files import load; from helpbot.config import shipped_faq; "
        "from helpbot.answers.library import FaqLibrary; languages = ('fr', 'en'); "
        "library = FaqLibrary(load(shipped_faq(), languages)[0], languages)"
    )
    print(f"memory   {loaded:.0f} MB with everything loaded, {empty:.0f} MB for an empty interpreter")


def _resident(code: str) -> float:
    tail = "\nfor line in open('/proc/self/status'):\n  if line.startswith('VmRSS'): print(line.split()[1])"
    done = subprocess.run([sys.executable, "-c", code + tail], capture_output=True, text=True, check=True)
    return int(done.stdout) / 1024


if __name__ == "__main__":
    answers()
    with tempfile.TemporaryDirectory() as temporary:
        asyncio.run(desk(Path(temporary)))
    if Path("/proc/self/status").exists():
        memory()
