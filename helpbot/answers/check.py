"""What an admin should know about a FAQ: tests that fail, entries that are confused, what is thin or missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from helpbot.answers.calibrate import Calibration
from helpbot.answers.confidence import FITTED_OUT_OF_SCOPE
from helpbot.answers.entries import Faq, FaqEntry
from helpbot.answers.text import normalise
from helpbot.core.english import counted
from helpbot.core.model import Library, Zone
from helpbot.strict_yaml import Fault

_FEW = 5  # phrasings of an entry in one language, below which it is hardly found
_CONFUSED = 0.35  # confidence of the other entry from which on a phrasing is taken for it
_OFTEN = 2  # phrasings of a pair
_NAMED = 3


def check_tests(library: Library, faq: Faq, at: datetime) -> tuple[Fault, ...]:
    """Return a fault for each test question that does not come to its entry, answered or suggested.

    Questions of an entry that is not answered have to go to a person.
    """
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
    answered = finding.zone is Zone.ANSWER and entry.id in (finding.answers or (best,))
    if offered or answered or (entry.not_answered and finding.zone is Zone.ESCALATE):
        return None
    instead = "goes to a person" if finding.zone is Zone.ESCALATE or best is None else f"comes to {best!r}"
    return _at(
        entry,
        f"the test question {question!r} ({language}) of {entry.id!r} {instead}: add a phrasing to {entry.id!r} "
        "that has its words, or take the test away",
    )


def worth_a_look(faq: Faq, calibration: Calibration, languages: Sequence[str], at: datetime) -> tuple[Fault, ...]:
    """Return what is no fault but makes the bot worse, by place."""
    found = [*_thin(faq, languages), *_asleep(faq, at), *_confused(faq, calibration)]
    return tuple(sorted(found))


def _thin(faq: Faq, languages: Sequence[str]) -> Iterator[Fault]:
    for entry in faq.entries:
        for language in languages:
            texts = entry.questions.get(language, ())
            mute = [text for text in texts if not normalise(text)]
            if mute:
                yield _at(entry, f"the phrasing {mute[0]!r} of {entry.id!r} has no letter or digit: it is never found")
            if not texts:
                yield _at(entry, f"{entry.id!r} has no phrasing in {language!r}: questions in it hardly come here")
            elif len(texts) < _FEW:
                few = counted(len(texts), "phrasing")
                yield _at(entry, f"{entry.id!r} has {few} in {language!r}: with {_FEW} and more it is found")
            if entry.answer and language not in entry.answer:
                yield _at(entry, f"{entry.id!r} has no answer in {language!r}: it is given in another language")


def _asleep(faq: Faq, at: datetime) -> Iterator[Fault]:
    for entry in faq.entries:
        if not entry.speaks_on(at.date()):
            yield _at(entry, f"{entry.id!r} does not speak today (valid_from, valid_until): its tests were not run")


def _confused(faq: Faq, calibration: Calibration) -> Iterator[Fault]:
    """Name the pairs of entries whose phrasings, asked as if they had not been written, come to each other."""
    texts = [text for entry in faq.entries for held in entry.questions.values() for text in held]
    pairs: dict[tuple[int, int], list[str]] = {}
    for trial in calibration.trials:
        if trial.outside or trial.place == 0 or trial.first < 0:
            continue
        if trial.weighed.confidences(FITTED_OUT_OF_SCOPE)[0] >= _CONFUSED:
            pair = min(trial.entry, trial.first), max(trial.entry, trial.first)
            pairs.setdefault(pair, []).append(texts[trial.phrasing])
    for (one, other), phrasings in pairs.items():
        if len(phrasings) >= _OFTEN:
            named = ", ".join(map(repr, phrasings[:_NAMED]))
            more = f" and {len(phrasings) - _NAMED} more" if len(phrasings) > _NAMED else ""
            yield _at(
                faq.entries[one],
                f"{faq.entries[one].id!r} and {faq.entries[other].id!r} ({faq.entries[other].place}) are confused with "
                f"each other by {named}{more}: tell them apart by more phrasings, or make them one entry",
            )


def _at(entry: FaqEntry, what: str) -> Fault:
    file, _, line = entry.place.rpartition(":")
    return Fault(file, int(line or 0), what)
