"""Why the FAQ decided as it did, in words for the admin who asks `helpbot ask`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from helpbot.answers.confidence import worth_asking
from helpbot.answers.library import FaqLibrary, LookedUp, Reading
from helpbot.answers.matcher import SIGNS
from helpbot.answers.text import normalise
from helpbot.core.model import Zone

_SHOWN = 3


def explain(library: FaqLibrary, text: str, language: str | None, at: datetime) -> str:
    """Return a few lines: what was read, the nearest phrasings with their probability, and what follows."""
    if not normalise(text):
        return "There is no letter or digit in it: a person is called."
    looked = library.look_up(text, language, at)
    lines = [f"left out: {part}" for part in looked.left_out]
    for reading in looked.readings:
        lines += _reading(library, reading, len(looked.readings) > 1)
    lines.append(_verdict(library, looked))
    return "\n".join(lines)


def _reading(library: FaqLibrary, reading: Reading, named: bool) -> Iterator[str]:
    if named:
        yield f"asked: {reading.text}"
    if reading.ranking.repairs:
        yield f"taken for: {_mended(reading.ranking.repairs)}"
    for one in reading.found[:_SHOWN]:
        match, entry = one.match, library.faq.entries[one.match.entry].id
        signs = dict(zip(SIGNS, match.signs, strict=True))
        how = "the very words" if match.exact else f"words {signs['coverage']:.0%}, letters {signs['letters_best']:.0%}"
        yield f"{one.confidence:4.0%}  {entry} ({match.language}): “{match.phrasing}” — {how}"
    if not reading.found:
        yield "No entry shares a word with it."


def _mended(repairs: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"{written} → {meant}" for written, meant in repairs)


def _verdict(library: FaqLibrary, looked: LookedUp) -> str:
    finding, threshold = looked.finding, library.policy.threshold
    if finding.answers:
        return f"answer {', '.join(finding.answers)}: each is at least {threshold:.0%} sure"
    if finding.zone is Zone.ANSWER:
        return f"answer: at least {threshold:.0%} sure, and nothing else is alike"
    reading = looked.readings[0]
    if finding.zone is Zone.SUGGEST:
        if len(looked.readings) > 1:
            return f"suggest {', '.join(finding.choices)}: several things were asked, and not each is sure"
        bare = reading.ranking.bare
        why = "one word is a subject, not a question" if bare else f"not {threshold:.0%} sure, or two are alike"
        return f"suggest {', '.join(finding.choices)}: {why}"
    if reading.finding.zone is not Zone.ESCALATE:
        return "escalate: more was asked than can be answered at once, and a person sees to all of it"
    entry = None if reading.best[0] is None else library.faq.get(reading.best[0])
    if entry is not None and entry.not_answered and worth_asking([reading.best[1]]):
        return f"escalate: {entry.id} is nearest, and questions like it are for a person"
    return "escalate: the right entry is probably not among the best three"
