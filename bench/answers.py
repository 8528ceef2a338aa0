"""What a question costs, and what a FAQ of 1,000 to 100,000 phrasings takes, beside one rapidfuzz scan of the same."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from rapidfuzz import fuzz, process

from bench.timing import timed
from helpbot.answers.entries import Faq, FaqEntry
from helpbot.answers.evaluate import misspelt
from helpbot.answers.files import load
from helpbot.answers.library import FaqLibrary
from helpbot.answers.prepare import keep, library_of, recall, work_out
from helpbot.config import shipped_faq

LANGUAGES = ("fr", "en")
NOW = datetime(2026, 11, 1, tzinfo=UTC)
AN_ENTRY = 20  # phrasings
ASKED = 300
SCANNED = 20  # questions for the scan, which takes long
LONG = {
    "zalgo": "a" + "\u0300\u0323" * 30_000,
    "U+FDFA": "\ufdfa" * 60_000,
    "words": "mot " * 15_000,
    "letters": "abcdefghi " * 6_000,
}


def made_up(phrasings: int) -> Faq:
    """Return a FAQ of so many phrasings: halves of those that ship, about things with made-up names."""
    chance = random.Random(3)
    shipped, _ = load(shipped_faq(), LANGUAGES)
    texts = [text for entry in shipped.entries for held in entry.questions.values() for text in held]
    entries = []
    for number in range(phrasings // AN_ENTRY):
        thing = "".join(chance.choice("bdfgklmnprstvz") + chance.choice("aeiou") for _ in range(3))
        pair = chance.sample(texts, 4)
        held = {
            f"{_half(chance.choice(pair), 0)} {thing} {_half(chance.choice(texts), 1)}" for _ in range(3 * AN_ENTRY)
        }
        entries.append(FaqEntry(f"e{number}", {"fr": tuple(sorted(held)[:AN_ENTRY])}, {"fr": "x"}))
    return Faq(tuple(entries))


def _half(text: str, which: int) -> str:
    words = text.split()
    middle = len(words) // 2
    return " ".join(words[:middle] if which == 0 else words[middle:])


def run() -> None:
    """Print a line for each size, then what long messages cost."""
    print("answers  phrasings   prepared   from cache   find p50    p95      rapidfuzz scan p50")
    for size in (1_000, 10_000, 100_000):
        faq = made_up(size)
        phrasings = [text for entry in faq.entries for text in entry.questions["fr"]]
        start = time.perf_counter()
        prepared = work_out(faq)
        worked = time.perf_counter() - start
        with tempfile.TemporaryDirectory() as folder:
            keep(faq, prepared, Path(folder))
            start = time.perf_counter()
            again = recall(faq, Path(folder))
            assert again is not None
            library = library_of(faq, again, LANGUAGES, (0.05, 0.4))
            cached = time.perf_counter() - start
        chance = random.Random(5)
        asked = [misspelt(chance.choice(phrasings), chance, 0.3) for _ in range(ASKED)]
        ours = timed(partial(library.find, language=None, at=NOW), asked)
        scan = timed(partial(process.extract, choices=phrasings, scorer=fuzz.WRatio, limit=5), asked[:SCANNED])
        print(
            f"         {len(phrasings):9,}   {worked:6.1f} s   {cached:8.2f} s   {ours[0]:6.2f} ms {ours[1]:6.2f} ms"
            f"   {scan[0]:9.2f} ms"
        )
        if size == 1_000:
            long_messages(library)
    memory()


def long_messages(library: FaqLibrary) -> None:
    """Print what 60,000 characters cost beside the first 1,000 of them."""
    for name, text in LONG.items():
        long, short = (timed(partial(library.find, language=None, at=NOW), [one] * 20) for one in (text, text[:1000]))
        print(f"         60,000 characters of {name}: {long[0]:.1f} ms, their first 1,000: {short[0]:.1f} ms")


def memory() -> None:
    """Print how much memory answering takes, against an empty interpreter."""
    empty = resident("pass")
    code = (
        "from bench.answers import *; import helpbot.cli; from pathlib import Path; faq = made_up(1000); "
        "folder = Path({folder!r}); prepared = recall(faq, folder); "
        "library = library_of(faq, prepared, LANGUAGES, (0.05, 0.4)); library.find('mon puk est bloque', None, NOW)"
    )
    with tempfile.TemporaryDirectory() as folder:
        faq = made_up(1000)
        keep(faq, work_out(faq), Path(folder))
        held = resident(code.format(folder=folder))
    print(f"memory   {held:.0f} MB to answer from 1,000 phrasings, {empty:.0f} MB for an empty interpreter")


def resident(code: str) -> float:
    """Return the megabytes that a new interpreter holds after running the code."""
    tail = "\nfor line in open('/proc/self/status'):\n  if line.startswith('VmRSS'): print(line.split()[1])"
    done = subprocess.run([sys.executable, "-c", code + tail], capture_output=True, text=True, check=True)
    return int(done.stdout) / 1024


if __name__ == "__main__":
    run()
