"""The FAQ as values: what an admin wrote, checked and frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class FaqEntry:
    """One question of the FAQ with its phrasings and its answer, both by language in the order they were written.

    `answer` is CommonMark. `valid_from` and `valid_until` are the first and the last day on which the entry speaks.
    An entry that is `not_answered` has no answer: questions like its own go straight to a person.
    `place` is `file:line`, for messages to the admin.
    """

    id: str
    questions: Mapping[str, tuple[str, ...]]
    answer: Mapping[str, str]
    team: str | None = None
    always_escalate: bool = False
    valid_from: date | None = None
    valid_until: date | None = None
    tests: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    place: str = ""
    not_answered: bool = False

    def speaks_on(self, day: date) -> bool:
        """Tell whether the entry may be used on that day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )


@dataclass(frozen=True, slots=True)
class Faq:
    """All entries, ids unique."""

    entries: tuple[FaqEntry, ...] = ()

    def get(self, entry_id: str) -> FaqEntry | None:
        """Return the entry of that id."""
        return next((entry for entry in self.entries if entry.id == entry_id), None)
