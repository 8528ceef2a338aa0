"""What a changed FAQ would do with the questions that were asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from helpbot.answers.library import FaqLibrary
from helpbot.core.model import Zone


@dataclass(frozen=True, slots=True)
class Told:
    """What the bot did, or would do, with a question; `entry` is the one answered with, None unless it answers."""

    zone: Zone
    entry: str | None

    @classmethod
    def of(cls, zone: Zone, entry: str | None) -> Told:
        """Return it with the entry only where it was an answer."""
        return cls(zone, entry if zone is Zone.ANSWER else None)

    def __str__(self) -> str:
        return {Zone.ANSWER: f"answer {self.entry}", Zone.SUGGEST: "did you mean", Zone.ESCALATE: "a person"}[self.zone]


@dataclass(frozen=True, slots=True)
class Change:
    """A question that would be treated otherwise than it was, and how often it was asked."""

    text: str
    then: Told
    now: Told
    asked: int


def replay(
    library: FaqLibrary, asked: Iterable[tuple[str, str | None, str | None, Told]], at: datetime
) -> tuple[int, list[Change]]:
    """Return how many questions there were, and what would change, the most frequent first.

    Each is asked as its text, the language she spoke, the question before it and what was done with it.
    """
    counts: dict[tuple[str, str | None, str | None, Told], int] = {}
    for question in asked:
        counts[question] = counts.get(question, 0) + 1
    changes: dict[tuple[str, Told, Told], int] = {}
    for (text, language, before, then), count in counts.items():
        finding = library.find(text, language, at, before)
        now = Told.of(finding.zone, finding.candidates[0].entry if finding.candidates else None)
        if now != then:
            changes[text, then, now] = changes.get((text, then, now), 0) + count
    found = [Change(text, then, now, count) for (text, then, now), count in changes.items()]
    return sum(counts.values()), sorted(found, key=lambda change: (-change.asked, change.text))
