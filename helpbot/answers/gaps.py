"""What the FAQ lacks: questions that went to a person or were answered "no", grouped by likeness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from helpbot.answers.confidence import worth_asking
from helpbot.answers.library import FaqLibrary
from helpbot.answers.proposed import dump
from helpbot.answers.synonyms import meanings
from helpbot.answers.text import normalise, said_in, stem
from helpbot.answers.vectors import Floats, Space, letter_features, word_features
from helpbot.core.english import counted
from helpbot.core.model import Zone

_ALIKE = 0.4  # mean of the three cosines from which on two questions are taken to ask the same
_COMPARED_AT_MOST = 3000  # different questions; the table of all pairs grows with the square
_DRAFTED = 10  # phrasings of a group that go into the draft
_LONGEST = 300  # characters: a longer message is a story, and no phrasing


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question that the bot could not help with, in the language it was asked in as far as known."""

    text: str
    language: str | None


@dataclass(frozen=True, slots=True)
class Gap:
    """Questions alike, the most typical first, how often they were asked in all, and the entry that is nearest.

    `answered`: the FAQ as it is now answers the most typical one with that entry.
    """

    questions: tuple[Unanswered, ...]
    asked: int
    entry: str | None
    confidence: float
    answered: bool = False


def gaps(library: FaqLibrary, asked: Sequence[Unanswered], at: datetime) -> list[Gap]:
    """Return the groups, the most frequent first; of very many different questions the newest are grouped.

    Questions that an entry leaves to a person are no gap, and left out.
    """
    counts: dict[str, int] = {}
    first: dict[str, Unanswered] = {}
    for question in reversed(asked):
        key = normalise(question.text)
        if key and (key in first or len(first) < _COMPARED_AT_MOST):
            first.setdefault(key, question)
            counts[key] = counts.get(key, 0) + 1
    keys = list(first)
    if not keys:
        return []
    alike = _likeness(keys)
    found = [
        _gap(library, [first[keys[one]] for one in group], sum(counts[keys[one]] for one in group), at)
        for group in _groups(alike, np.array([counts[key] for key in keys], np.float32))
    ]
    lacking = (gap for gap in found if not _left_to_a_person(library, gap))
    return sorted(lacking, key=lambda gap: (-gap.asked, gap.questions[0].text))


def draft(library: FaqLibrary, found: Sequence[Gap], default: str, at: datetime) -> str:
    """Return the groups as entries of a FAQ, to be given answers; until then questions like these call a person.

    What the FAQ answers, and phrasings that it has, are left out.
    """
    parts = [
        "# A draft: give each entry an id and an answer in place of `not_answered`, and look for names and numbers.\n"
    ]
    for number, gap in enumerate((gap for gap in found if not gap.answered), start=1):
        nearest = "no entry is near" if gap.entry is None else f"nearest entry: {gap.entry} ({gap.confidence:.0%})"
        questions: dict[str, list[str]] = {}
        for question in gap.questions[:_DRAFTED]:
            line = " ".join("".join(char if char.isprintable() else " " for char in question.text).split())[:_LONGEST]
            held = any(reading.exact for reading in library.look_up(line, question.language, at).readings)
            if normalise(line) and not held:
                questions.setdefault(question.language or default, []).append(line)
        if not questions:
            continue
        entry: dict[str, Any] = {"id": f"gap-{number}", "questions": questions, "not_answered": True}
        parts.append(f"# asked {counted(gap.asked, 'time')}; {nearest}\n{dump([entry])}")
    return "\n".join(parts)


def _likeness(keys: Sequence[str]) -> Floats:
    """Return how alike every question is to every other."""
    said = [said_in(key) for key in keys]
    roots = [[stem(word) for word in words] for words in said]
    spaces = (
        Space.build(map(word_features, roots)),
        Space.build(map(letter_features, said)),
        Space.build([*one, *meanings(one)] for one in roots),
    )
    found: Floats = sum((space.kernel() for space in spaces), np.zeros((len(keys), len(keys)), np.float32))
    return found / np.float32(len(spaces))


def _groups(alike: Floats, counts: Floats) -> list[list[int]]:
    """Return groups of rows: the row that most are alike to leads one, then the same for those that are left."""
    near = (alike >= _ALIKE).astype(np.float32)
    weight = near @ counts + alike.mean(axis=1) / 2  # of two that as many are alike to, the more typical one
    left = np.ones(len(counts), bool)
    groups: list[list[int]] = []
    while left.any():
        leader = int(np.where(left, weight, -np.inf).argmax())
        members = np.flatnonzero((near[leader] > 0) & left)
        order = members[np.argsort(-alike[leader, members], kind="stable")]
        group = [leader, *(int(one) for one in order if one != leader)]
        groups.append(group)
        left[group] = False
        weight -= near[:, group] @ counts[group]
    return groups


def _gap(library: FaqLibrary, questions: Sequence[Unanswered], asked: int, at: datetime) -> Gap:
    finding = library.find(questions[0].text, questions[0].language, at)
    nearest = finding.candidates[0] if finding.candidates else None
    entry, confidence = (None, 0.0) if nearest is None else (nearest.entry, nearest.confidence)
    return Gap(tuple(questions), asked, entry, confidence, finding.zone is Zone.ANSWER)


def _left_to_a_person(library: FaqLibrary, gap: Gap) -> bool:
    entry = None if gap.entry is None else library.faq.get(gap.entry)
    return entry is not None and entry.not_answered and worth_asking([gap.confidence])
