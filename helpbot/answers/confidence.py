"""From signs to a probability, and from the probability to what may be done with it.

Rule: confidence is an estimated probability, not a score, because the admin sets the share of wrong answers that is
acceptable, and only a probability can be held against it.
Rule: the weights come from other companies' questions (weights.json says which), and only the threshold from the FAQ in
hand (calibrate.py), because weights fitted to a FAQ flatter it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import exp, log, log1p
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helpbot.answers.matcher import SIGNS, Match, Ranking
from helpbot.core.model import NEAR, Zone

CHOICES = 3
FEW = 12  # entries: what the signs say about a smaller FAQ is another matter
FITTED_OUT_OF_SCOPE = 0.3  # the share of outside questions that the weights were fitted at
EXACT = 0.99
_SUREST = 0.989  # what all others approach and never reach, so that they keep their order below it
_HOLLOW = -1.2  # logit of a match that shares only words that say little, at most: too little to suggest it
_ALIKE = 0.1  # two entries closer than this are a question, whatever the threshold
_PLAUSIBLE = 0.08
_PLAUSIBLE_BESIDE = 0.12  # of the best one's probability
_CHANCE = SIGNS.index("chance")
_CONTENT_AT_MOST = 12
_NOTHING_BESIDE = -8.0  # score of the second when there is none
ASKED = ("score", "lead", "part", "content", "known", "repaired", "entries", "bare")


@dataclass(frozen=True, slots=True)
class Weights:
    """What each sign says: `rank` orders entries, `right` and `bias` say how probably the first is meant."""

    rank: NDArray[np.float64]
    right: NDArray[np.float64]  # best, best less the others, and what is asked: in this order
    bias: float


@dataclass(frozen=True, slots=True)
class Policy:
    """What the admin allows: `max_wrong` and `out_of_scope` are shares of all questions, 0 to 1.

    `threshold` is the confidence from which on the bot answers.
    """

    max_wrong: float = 0.05
    out_of_scope: float = 0.4
    threshold: float = 1.0


@dataclass(frozen=True, slots=True)
class Likely:
    """An entry that may be meant, with the estimated probability (0 to 1) that it is."""

    match: Match
    confidence: float


@cache
def shipped(kind: str) -> Weights:
    """Return the weights for one kind of index, see `kind_of`."""
    return weights_from(_shipped()[kind])


def kind_of(entries: int, learnt: bool, semantic: bool) -> str:
    """Return which weights an index needs: by its size, and by what it has learnt and compares."""
    if not learnt:
        return "unlearnt"
    return ("few" if entries < FEW else "learnt") + ("_semantic" if semantic else "")


def weights_from(found: Mapping[str, Any]) -> Weights:
    """Return the weights in one part of weights.json."""
    return Weights(
        np.array([found["rank"].get(sign, 0.0) for sign in SIGNS]),
        np.array([found["right"].get(name, 0.0) for name in names()]),
        found["right"]["bias"],
    )


def usual_rates(logits: NDArray[np.float64], kind: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return other companies' rates: the shares of inside and of outside questions answered wrongly from each logit on.

    One FAQ of that kind in ten was worse. Logits are at FITTED_OUT_OF_SCOPE.
    """
    found = _shipped()[kind]["rates"]
    return (
        np.interp(logits, found["logits"], found["inside"]),
        np.interp(logits, found["logits"], found["outside"]),
    )


@cache
def _shipped() -> dict[str, Any]:
    return dict(json.loads(files("helpbot.answers").joinpath("weights.json").read_text(encoding="utf-8")))


def use(found: Mapping[str, Any]) -> None:
    """Use other weights than those that ship, for the rest of this process: to measure them."""
    _shipped().update(found)
    shipped.cache_clear()


def names() -> tuple[str, ...]:
    """Return the names of what `right` weighs."""
    return (*SIGNS, *(f"{sign}_margin" for sign in SIGNS), *ASKED)


def signs_of(ranking: Ranking) -> NDArray[np.float64]:
    """Return the signs, entries × SIGNS, chances as logarithms."""
    signs = np.array([match.signs for match in ranking.matches], np.float64).reshape(-1, len(SIGNS))
    signs[:, _CHANCE] = np.log(signs[:, _CHANCE] + 1e-4)
    return signs


def described(ranking: Ranking, signs: NDArray[np.float64], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what `right` weighs; entries come best first."""
    parts = np.exp(scores - scores[0])
    part = float(parts[0] / parts.sum())
    beside = signs[1:].max(axis=0) if len(signs) > 1 else np.zeros(len(SIGNS))
    if len(signs) == 1:
        beside[0], beside[_CHANCE] = -3.0, -9.0
    second = float(scores[1]) if len(scores) > 1 else float(scores[0]) + _NOTHING_BESIDE
    asked = (
        float(scores[0]),
        min(float(scores[0]) - second, 12.0),
        log(part / (1 - part + 1e-3)),
        log1p(min(ranking.content, _CONTENT_AT_MOST)),
        ranking.known,
        len(ranking.repairs) / max(ranking.content, 1),
        log(max(ranking.entries, 1)),
        float(ranking.bare),
    )
    return np.concatenate([signs[0], signs[0] - beside, asked])


@dataclass(frozen=True, slots=True)
class Weighed:
    """What speaks for each entry, best first, before saying how many questions come from outside.

    `logit` is that of the first being meant, at FITTED_OUT_OF_SCOPE; `parts` are the entries' shares when one of them
    is meant; the first `exact` of them have the very words.
    """

    logit: float = -30.0
    parts: tuple[float, ...] = ()
    exact: int = 0
    bare: bool = False

    def confidences(self, out_of_scope: float) -> tuple[float, ...]:
        """Return the estimated probability (0 to 1) of each entry, when that share of questions comes from outside.

        They sum to 1 at most. Entries that have the very words share near certainty.
        """
        if not self.parts:
            return ()
        if self.exact:
            rest = (1 - EXACT) / len(self.parts)
            return tuple(EXACT / self.exact if place < self.exact else rest for place in range(len(self.parts)))
        first = self.parts[0]
        best = min(moved(self.logit, out_of_scope), first)
        share = min(best / first, (1 - best) / max(1 - first, 1e-9))
        return (best, *(part * share for part in self.parts[1:]))


def moved(logit: float, out_of_scope: float) -> float:
    """Return the confidence that a logit at FITTED_OUT_OF_SCOPE is at another share from outside."""
    return _SUREST / (1 + exp(-min(max(logit + _odds(out_of_scope), -30.0), 30.0)))


def moved_back(confidence: float, out_of_scope: float) -> float:
    """Return the logit at FITTED_OUT_OF_SCOPE of a confidence at another share from outside."""
    confidence = min(max(confidence / _SUREST, 1e-9), 1 - 1e-9)
    return log(confidence / (1 - confidence)) - _odds(out_of_scope)


def _odds(out_of_scope: float) -> float:
    outside = min(max(out_of_scope, 0.01), 0.99)
    return log((1 - outside) / outside) - log((1 - FITTED_OUT_OF_SCOPE) / FITTED_OUT_OF_SCOPE)


def weigh(ranking: Ranking, weights: Weights | None = None) -> tuple[tuple[Match, ...], Weighed]:
    """Return the entries that may be meant, best first, and what speaks for each."""
    if not ranking.matches:
        return (), Weighed()
    if weights is None:
        weights = shipped(kind_of(ranking.entries, ranking.learnt, ranking.semantic))
    signs = signs_of(ranking)
    scores = signs @ weights.rank
    order = sorted(
        range(len(scores)),
        key=lambda one: _order(ranking.matches[one], float(scores[one])),
    )
    signs, scores = signs[order], scores[order]
    parts = np.exp(scores - scores.max())
    parts /= parts.sum()
    logit = float(described(ranking, signs, scores) @ weights.right) + weights.bias
    if ranking.matches[order[0]].hollow:
        logit = min(logit, _HOLLOW)
    exact = sum(match.exact for match in ranking.matches)
    matches = tuple(ranking.matches[one] for one in order)
    return matches, Weighed(logit, tuple(float(part) for part in parts), exact, ranking.bare)


def _order(match: Match, score: float) -> tuple[bool, bool, float, bool, int]:
    """Return what to sort by; the language decides between two that have the very words, or that tie."""
    return not match.exact, match.exact and not match.spoken, -score, not match.spoken, match.entry


def likely(ranking: Ranking, out_of_scope: float, weights: Weights | None = None) -> tuple[Likely, ...]:
    """Return the entries that may be meant, best first, each with its probability."""
    matches, weighed = weigh(ranking, weights)
    return tuple(map(Likely, matches, weighed.confidences(out_of_scope)))


def zone(confidences: Sequence[float], policy: Policy, bare: bool = False) -> tuple[Zone, int]:
    """Return what to do with entries of these confidences, and how many of the best to offer when it is SUGGEST.

    ANSWER from the threshold on unless the second is alike or the question is a bare subject; SUGGEST when the right
    one is probably among the plausible of the best three; else ESCALATE.
    """
    if not confidences:
        return Zone.ESCALATE, 0
    best = confidences[0]
    second = confidences[1] if len(confidences) > 1 else 0.0
    if best >= policy.threshold and best - second >= _ALIKE and not bare:
        return Zone.ANSWER, 0
    plausible = [one for one in confidences[:CHOICES] if one >= max(_PLAUSIBLE, _PLAUSIBLE_BESIDE * best)]
    return (Zone.SUGGEST, len(plausible)) if worth_asking(plausible) else (Zone.ESCALATE, 0)


def worth_asking(confidences: Sequence[float]) -> bool:
    """Tell whether the right one is probably among entries of these confidences."""
    return sum(confidences) >= NEAR
