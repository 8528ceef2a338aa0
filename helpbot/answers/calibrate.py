"""What a FAQ can promise: from which confidence on at most so many questions get a wrong answer.

The FAQ is asked its own phrasings, each as if it had not been written (a question that the FAQ holds), and those of
each entry as if the entry had not been written (a question from outside), by the same code that answers customers.
Rule: the threshold is never below what nine in ten FAQs of other companies needed (weights.json), because the own
phrasings of a small FAQ cannot show which near questions it does not hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from helpbot.answers.confidence import (
    CHOICES,
    EXACT,
    Policy,
    Weighed,
    Weights,
    kind_of,
    moved,
    shipped,
    usual_rates,
    weigh,
    zone,
)
from helpbot.answers.entries import Faq, FaqEntry
from helpbot.answers.matcher import LEARNT_AT_MOST, Index
from helpbot.answers.semantic import Embed
from helpbot.core.model import Zone

PROMISES = (0.01, 0.02, 0.05, 0.10)
_FOLDS = 10
_FOLDS_OF_MANY = 4  # of a FAQ that takes long to learn
_MANY = 2500  # phrasings
_TRIALS_AT_MOST = 4000
_MORE_OUTSIDE = 1.5  # the promise also holds when so many times more questions come from outside than was said
_SURELY = 1.0  # standard errors that are added to what the trials show
_GRID = np.linspace(-4.0, 9.0, 131)  # logits of the confidence at which the promise is looked at
_UNSEEN = -1  # place of the right entry when it is not among those that may be offered
_KEPT = CHOICES + 1

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trial:
    """One phrasing asked: from which entry, whether that was cut out, and at which place it came if it was not.

    `silent`: the first place has an entry that is not answered. `phrasing` is its number among those of all entries,
    `first` the entry that came first, _UNSEEN without any.
    """

    entry: int
    outside: bool
    place: int
    silent: bool
    phrasing: int
    first: int
    weighed: Weighed


@dataclass(frozen=True, slots=True)
class Outcome:
    """Shares of all questions, 0 to 1: what a threshold does. They sum to 1 with `wrong` being part of `answered`."""

    promised: float
    threshold: float
    answered: float
    suggested: float
    escalated: float
    wrong: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """What came of the trials; `kind` is that of the index they were made with, see `confidence.kind_of`."""

    trials: tuple[Trial, ...] = ()
    kind: str = "few"

    def threshold(self, max_wrong: float, out_of_scope: float) -> float:
        """Return the confidence (0 to 1) from which on the bot may answer; both arguments are shares, 0 to 1."""
        if max_wrong <= 0:
            return EXACT
        shares = (out_of_scope, min(_MORE_OUTSIDE * out_of_scope, 0.95))
        here = self._wrong(out_of_scope, outside=False), self._wrong(out_of_scope, outside=True)
        rates = (
            (1 - share) * inside + share * outside
            for share in shares
            for inside, outside in (here, usual_rates(_GRID, self.kind))
        )
        allowed = np.flatnonzero(np.max(list(rates), axis=0) <= max_wrong)
        return moved(float(_GRID[allowed[0]]), out_of_scope) if len(allowed) else EXACT

    def _wrong(self, out_of_scope: float, *, outside: bool) -> Floats:
        """Return the share of those questions answered wrongly, by threshold on the grid; not less than is likely."""
        trials = [trial for trial in self.trials if trial.outside is outside]
        if not trials:
            return np.zeros(len(_GRID))
        always = Policy(threshold=0.0)
        wrong = [
            _zone(trial, out_of_scope, always) is Zone.ANSWER and (outside or trial.place != 0) for trial in trials
        ]
        logits = np.where(wrong, [trial.weighed.logit for trial in trials], -np.inf)
        sure = (logits[:, None] >= _GRID).astype(float)
        # phrasings of one entry fall together, so the entries are what varies
        _, entries = np.unique([trial.entry for trial in trials], return_inverse=True)
        counts = np.bincount(entries)
        sums = np.zeros((len(counts), len(_GRID)))
        np.add.at(sums, entries, sure)
        rate = sure.mean(axis=0)
        error = np.sqrt(((sums - counts[:, None] * rate) ** 2).sum(axis=0)) / len(trials)
        found: Floats = rate + _SURELY * error
        return found

    @property
    def measures(self) -> bool:
        """Tell whether there was something to ask, of both kinds."""
        return len({trial.outside for trial in self.trials}) == 2

    def outcome(self, promised: float, out_of_scope: float) -> Outcome:
        """Return what the threshold for that promise would do with the FAQ's own phrasings, and without entries."""
        policy = Policy(promised, out_of_scope, self.threshold(promised, out_of_scope))
        sums = dict.fromkeys(Zone, 0.0)
        wrong = 0.0
        for outside, share in ((False, 1 - out_of_scope), (True, out_of_scope)):
            trials = [trial for trial in self.trials if trial.outside is outside]
            for trial in trials:
                where = _zone(trial, out_of_scope, policy)
                sums[where] += share / len(trials)
                wrong += share / len(trials) if where is Zone.ANSWER and (outside or trial.place != 0) else 0.0
        return Outcome(promised, policy.threshold, sums[Zone.ANSWER], sums[Zone.SUGGEST], sums[Zone.ESCALATE], wrong)


def _zone(trial: Trial, out_of_scope: float, policy: Policy) -> Zone:
    where, _ = zone(trial.weighed.confidences(out_of_scope), policy, trial.weighed.bare)
    return Zone.ESCALATE if where is Zone.ANSWER and trial.silent else where


UNTRIED = Calibration()


def calibrate(faq: Faq, embed: Embed | None = None) -> Calibration:
    """Ask the FAQ its own phrasings. Takes seconds for a thousand phrasings; the same FAQ gives the same result."""
    total = sum(len(texts) for entry in faq.entries for texts in entry.questions.values())
    folds = _FOLDS if total <= _MANY else _FOLDS_OF_MANY
    every = max(1, -(-total // (_TRIALS_AT_MOST if total <= LEARNT_AT_MOST else _TRIALS_AT_MOST // 4)))
    learnt = total <= LEARNT_AT_MOST
    kind = kind_of(len(faq.entries), learnt, embed is not None and learnt)
    trials: list[Trial] = []
    for fold in range(folds):
        kept, asked = _split(faq, fold, folds, every)
        if asked and kept.entries:  # an index that is a little smaller is still of the whole FAQ's kind
            index = Index.build(kept, most=LEARNT_AT_MOST if learnt else 0, embed=embed)
            trials += _trials(faq, kept, index, asked, shipped(kind))
    return Calibration(tuple(trials), kind)


def _trials(
    faq: Faq, kept: Faq, index: Index, asked: Sequence[tuple[str, int, str]], weights: Weights
) -> Iterator[Trial]:
    """Ask the part of the FAQ that one fold leaves out."""
    numbers = {entry.id: number for number, entry in enumerate(kept.entries)}
    all_numbers = {entry.id: number for number, entry in enumerate(faq.entries)}
    for label, phrasing, text in asked:
        matches, weighed = weigh(index.score(text), weights)
        right = numbers.get(label)
        place = next((place for place, match in enumerate(matches) if match.entry == right), _UNSEEN)
        best = kept.entries[matches[0].entry] if matches else None
        yield Trial(
            entry=all_numbers[label],
            outside=right is None,
            place=place,
            silent=best is not None and best.not_answered,
            phrasing=phrasing,
            first=_UNSEEN if best is None else all_numbers[best.id],
            weighed=replace(weighed, parts=weighed.parts[:_KEPT]),
        )


def _split(faq: Faq, fold: int, folds: int, every: int) -> tuple[Faq, list[tuple[str, int, str]]]:
    """Return the FAQ less a part of its entries and of its phrasings, and that part: entry, number, phrasing."""
    kept: list[FaqEntry] = []
    asked: list[tuple[str, int, str]] = []
    count = seen = 0
    for number, entry in enumerate(faq.entries):
        gone = len(faq.entries) > 2 and number % min(folds, len(faq.entries)) == fold
        left: dict[str, tuple[str, ...]] = {}
        for language, texts in entry.questions.items():
            out = {
                place for place in range(len(texts))
                if gone or (len(texts) > 2 and (place + number) % min(folds, len(texts)) == fold)
            }  # fmt: skip
            left[language] = tuple(text for place, text in enumerate(texts) if place not in out)
            for place in sorted(out):
                count += 1
                if count % every == 0:
                    asked.append((entry.id, seen + place, texts[place]))
            seen += len(texts)
        if any(left.values()):
            kept.append(replace(entry, questions=left))
    return Faq(tuple(kept)), asked
