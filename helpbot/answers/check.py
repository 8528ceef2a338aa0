"""The tests that admins write beside their entries: each question must come to its entry."""

from __future__ import annotations

from datetime import datetime

from helpbot.answers.entries import Faq, FaqEntry
from helpbot.core.model import Library, Zone
from helpbot.strict_yaml import Fault


def check_tests(library: Library, faq: Faq, at: datetime) -> tuple[Fault, ...]:
    """Return a fault for each test question that does not come to its entry, answered or suggested."""
    found = (
        _fault(library, entry, question, language, at)
        for entry in faq.entries
        if entry.speaks_on(at.date())
        for language, questions in entry.tests.items()
        for question in questions
    )
    return tuple(fault for fault in found if fault is not None)


def _fault(library: Library, entry: FaqEntry, question: str, language: str, at: datetime) -> Fault | None:
    finding = library.find(question, language, at)
    best = finding.candidates[0].entry if finding.candidates else None
    offered = finding.zone is Zone.SUGGEST and entry.id in finding.choices
    if offered or (finding.zone is Zone.ANSWER and best == entry.id):
        return None
    instead = "goes to a person" if finding.zone is Zone.ESCALATE or best is None else f"comes to {best!r}"
    file, _, line = entry.place.rpartition(":")
    return Fault(
        file,
        int(line),
        f"the test question {question!r} ({language}) of {entry.id!r} {instead}: add a phrasing to {entry.id!r} "
        "that has its words, or take the test away",
    )
