"""Measure the matcher: `python -m helpbot.answers.evaluate FOLDER`, for developers and curious admins.

FOLDER holds one folder a set of questions: lines of `label<TAB>text`, the label `oos` for a question that the FAQ does
not hold. `faq*.tsv` or `train*.tsv` is what an admin would write, `dev.tsv`, `valid.tsv` or `test.tsv` what customers
ask. A set without `oos` has every fifth entry left out to make some.

Printed for each: accuracy (the right entry comes first, of questions that the FAQ holds), AUROC of the confidence
(right against wrong or outside), cov@5 and cov@2 (share of the questions that the FAQ holds which are answered rightly
while at most 5 or 2 % of all questions get a wrong answer), accuracy with every longer word misspelt, one question in
five coming from outside; then what the desk itself does when 5, 2 and 1 % wrong are promised and 40 % are said to come
from outside: answered, wrong, and wrong when 60 % do.

`FOLDER PREFIX WEIGHTS [semantic]` prints the sets whose names start so, by the weights in a file that `train.py` wrote:
what the shipped weights do with the questions that they were fitted to flatters them. With `semantic`, meanings are
compared as well. With `cut`, the FAQs are cut down to a part of their entries, and all questions from outside are about
those that were cut away.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from helpbot.answers.confidence import use
from helpbot.answers.entries import Faq, FaqEntry
from helpbot.answers.library import FaqLibrary
from helpbot.answers.prepare import library_of, work_out
from helpbot.answers.semantic import embedder
from helpbot.core.model import Zone

_OUTSIDE = 0.2
_MUCH_OUTSIDE = 0.6
_SAID = 0.4  # the share from outside that the promise is made for
_LEFT_OUT = 5
_CUT_TO = (0.3, 0.5, 0.8)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_LONG_ENOUGH = 4


@dataclass(frozen=True)
class QuestionSet:
    """Questions with the entries that they belong to; None is a question that the FAQ does not hold."""

    name: str
    phrasings: Mapping[str, Mapping[str, tuple[str, ...]]]  # entry → language → phrasings
    questions: tuple[tuple[str | None, str], ...]

    @property
    def most_phrasings(self) -> int:
        """Return how many phrasings the richest entry has in one language."""
        return max(len(texts) for held in self.phrasings.values() for texts in held.values())

    def faq(self) -> Faq:
        """Return the set's FAQ."""
        return Faq(tuple(FaqEntry(entry, held, {"en": entry}) for entry, held in self.phrasings.items()))


def read_lines(path: Path) -> list[tuple[str | None, str]]:
    """Return the labels and texts of a TSV file; None for `oos`."""
    pairs = (line.split("\t", 1) for line in path.read_text(encoding="utf-8").splitlines() if "\t" in line)
    return [(None if label == "oos" else label, text) for label, text in pairs]


def read_sets(folder: Path) -> list[QuestionSet]:
    """Return every set under the folder: one for each file of phrasings, with all the questions beside it."""
    found = []
    for inner in sorted(path for path in [folder, *folder.iterdir()] if path.is_dir()):
        asked = [
            pair for name in ("dev", "valid", "test") if (path := inner / f"{name}.tsv").exists()
            for pair in read_lines(path)
        ]  # fmt: skip
        language = "fr" if inner.name.endswith("fr") else "en"
        files = sorted([*inner.glob("faq*.tsv"), *inner.glob("train*.tsv"), *inner.glob("more*.tsv")])
        for path in files if asked else ():
            held: dict[str, list[str]] = {}
            for label, text in read_lines(path):
                if label is not None:
                    held.setdefault(label, []).append(text)
            phrasings = {entry: {language: tuple(texts)} for entry, texts in held.items()}
            found.append(QuestionSet(f"{inner.name}/{path.stem}", phrasings, tuple(asked)))
    return found


def misspelt(text: str, chance: random.Random, share: float = 1.0) -> str:
    """Return the text with that share of its longer words misspelt: a letter lost, doubled, swapped or wrong."""
    return " ".join(_slip(word, chance) if chance.random() < share else word for word in text.split())


def _slip(word: str, chance: random.Random) -> str:
    if len(word) < _LONG_ENOUGH:
        return word
    at = chance.randrange(1, len(word) - 1)
    match chance.randrange(4):
        case 0:
            return word[:at] + word[at + 1 :]
        case 1:
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        case 2:
            return word[:at] + chance.choice(_LETTERS) + word[at + 1 :]
        case _:
            return word[:at] + word[at] + word[at:]


def with_outside(one: QuestionSet) -> QuestionSet:
    """Return the set, some entries left out when it holds no question from outside."""
    if any(label is None for label, _ in one.questions):
        return one
    left_out = set(sorted(one.phrasings)[::_LEFT_OUT])
    return QuestionSet(
        one.name + "-",
        {entry: held for entry, held in one.phrasings.items() if entry not in left_out},
        tuple((None if label in left_out else label, text) for label, text in one.questions),
    )


def cut(one: QuestionSet, share: float, chance: random.Random) -> QuestionSet:
    """Return the set with that share of its entries; only questions about the others come from outside."""
    ids = sorted(one.phrasings)
    kept = set(chance.sample(ids, round(share * len(ids))))
    return QuestionSet(
        f"{one.name} {share:.0%}",
        {entry: held for entry, held in one.phrasings.items() if entry in kept},
        tuple((label if label in kept else None, text) for label, text in one.questions if label is not None),
    )


@dataclass(frozen=True)
class Measured:
    """Outcomes of one set: confidence, whether it was right, whether the FAQ holds the question, what it counts."""

    confidence: NDArray[np.float64]
    right: NDArray[np.bool_]
    inside: NDArray[np.bool_]
    answered: NDArray[np.bool_]

    @property
    def weights(self) -> NDArray[np.float64]:
        """Return what each question counts, so that one in five comes from outside."""
        inside = int(self.inside.sum())
        outside = max(len(self.inside) - inside, 1)
        return np.where(self.inside, (1 - _OUTSIDE) / inside, _OUTSIDE / outside)

    @property
    def accuracy(self) -> float:
        """Return how often the right entry comes first."""
        return float(self.right[self.inside].mean())

    @property
    def auroc(self) -> float:
        """Return how probably a right one has more confidence than a wrong one."""
        order = np.argsort(self.confidence, kind="stable")
        right, weights, values = self.right[order], self.weights[order], self.confidence[order]
        wrong = np.where(right, 0.0, weights)
        below = np.concatenate(([0.0], np.cumsum(wrong)))
        first, last = np.searchsorted(values, values, "left"), np.searchsorted(values, values, "right")
        beaten = below[first] + (below[last] - below[first]) / 2
        return float((beaten * weights * right).sum() / ((weights * right).sum() * wrong.sum()))

    def coverage(self, most_wrong: float) -> float:
        """Return the share of inside questions rightly answered while at most that share of all is wrong."""
        order = np.argsort(-self.confidence, kind="stable")
        wrong = np.cumsum(np.where(self.right, 0.0, self.weights)[order])
        enough = int(np.searchsorted(wrong, most_wrong, "right"))
        return float(self.right[order][:enough].sum() / self.inside.sum())

    def promised(self, outside: float) -> tuple[float, float]:
        """Return the shares of all questions that the desk answers, and wrongly, so many coming from outside."""
        answered = wrong = 0.0
        for inside, share in ((True, 1 - outside), (False, outside)):
            part = self.inside == inside
            answered += share * float(self.answered[part].mean())
            wrong += share * float((self.answered & ~self.right)[part].mean())
        return answered, wrong


def measure(library: FaqLibrary, questions: Sequence[tuple[str | None, str]]) -> Measured:
    """Ask the questions."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    found = [library.find(text, None, at) for _, text in questions]
    first = [one.candidates[0] if one.candidates else None for one in found]
    labels = [label for label, _ in questions]
    return Measured(
        np.array([0.0 if one is None else one.confidence for one in first]),
        np.array([one is not None and one.entry == label for one, label in zip(first, labels, strict=True)]),
        np.array([label is not None for label in labels]),
        np.array([one.zone is Zone.ANSWER for one in found]),
    )


def main(folder: str, only: str = "", weights: str | None = None, *more: str) -> None:
    """Print a line for each set whose name starts with `only`, by the weights of a file or those that ship."""
    embed = embedder() if "semantic" in more else None
    if weights:
        use(json.loads(Path(weights).read_text(encoding="utf-8")))
    chance = random.Random(1)  # noqa: S311 -- repeatable on purpose
    out = sys.stdout
    out.write(f"{'set':18} accuracy auroc cov@5 cov@2 misspelt | promised: answered, wrong, wrong with 60 % outside\n")
    sets = [one for one in read_sets(Path(folder)) if "/more_" not in one.name and one.name.startswith(only)]
    if "cut" in more:
        sets = [cut(one, share, chance) for one in sets for share in _CUT_TO]
    for one in map(with_outside, sets):
        faq = one.faq()
        library = library_of(faq, work_out(faq, embed), ("en", "fr"), (0.05, _SAID), embed)
        promises = []
        for most_wrong in (0.05, 0.02, 0.01):
            measured = measure(library.promising(most_wrong, _SAID), one.questions)
            answered, wrong = measured.promised(_OUTSIDE)
            promises.append(f"{most_wrong:.0%}: {answered:.3f} {wrong:.3f} {measured.promised(_MUCH_OUTSIDE)[1]:.3f}")
        noisy = [(label, misspelt(text, chance)) for label, text in one.questions if label is not None]
        spoilt = measure(library, noisy).accuracy
        out.write(
            f"{one.name:18} {measured.accuracy:8.3f} {measured.auroc:5.3f} {measured.coverage(0.05):5.3f} "
            f"{measured.coverage(0.02):5.3f} {spoilt:8.3f} | {' | '.join(promises)}\n"
        )
        out.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
