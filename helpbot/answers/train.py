"""Fit the shipped weights: `python -m helpbot.answers.train FOLDER`, for developers; helpbot itself never runs it.

FOLDER holds question sets as read_sets in evaluate.py describes. Many small and large FAQs are cut out of them by
chance (seeded), asked the questions of the same set, half a third of them misspelt, and questions of entries that were
cut away, of which those count that share a word with one that was kept. A conditional logit gives the order of entries,
a logistic regression the probability that the first is right; both by Newton's method with a small penalty. Prints
weights.json.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helpbot.answers.confidence import FEW, Weights, described, names, signs_of, weigh, weights_from
from helpbot.answers.entries import Faq, FaqEntry
from helpbot.answers.evaluate import QuestionSet, misspelt, read_sets
from helpbot.answers.matcher import LEARNT_AT_MOST, SIGNS, Index, Ranking
from helpbot.answers.semantic import Embed, embedder, installed, remembering

SEED = 7
_ASKED_AT_MOST = 900
_OUTSIDE = 0.3
_RANK_PENALTY = 1e-3
_RIGHT_PENALTY = 1e-4
_NEWTON_STEPS = 40
_WORSE_THAN = 0.9  # of the FAQs: their rates are what no threshold may be below
# entries (share of those there are) and phrasings an entry (at least, at most) of the FAQs that are cut
_CUTS = (
    (1.0, 10, 10), (1.0, 5, 5), (0.5, 10, 10), (0.3, 10, 10), (0.3, 5, 5), (0.15, 10, 10), (0.15, 3, 3), (0.7, 4, 4),
    (0.4, 20, 20), (0.2, 30, 30), (0.7, 2, 14), (0.3, 1, 30), (0.7, 2, 10), (0.45, 10, 10),
)  # fmt: skip
# entries and phrasings an entry of those that have just been begun; each is cut three times
_FIRST_CUTS = ((1, 1), (1, 4), (2, 2), (3, 1), (4, 3), (6, 5), (8, 2), (10, 10)) * 3
_SOURCES = (
    "CLINC150, clinc/oos-eval at 828f809, CC BY 3.0",
    "HWU64, jianguoz/Few-Shot-Intent-Detection at fa95533, CC BY 4.0",
    "BANKING77, PolyAI, CC BY 4.0",
    "WolBanking77, CC BY 4.0",
)


@dataclass(frozen=True)
class Asked:
    """A question asked of a FAQ: what was found, which entry was right (None from outside), and what it counts."""

    ranking: Ranking
    right: int | None
    weight: float


def cuts(sets: list[QuestionSet], seed: int) -> Iterator[tuple[Faq, list[tuple[str | None, str]]]]:
    """Yield FAQs with the questions to ask of them."""
    chance = random.Random(seed)  # noqa: S311 -- repeatable on purpose
    for one in sets:
        ids = sorted(one.phrasings)
        sizes = [(max(round(share * len(ids)), min(FEW, len(ids))), least, most) for share, least, most in _CUTS]
        sizes += [(size, phrasings, phrasings) for size, phrasings in _FIRST_CUTS]
        for number, (size, least, most) in enumerate(sizes):
            if least > one.most_phrasings:
                continue
            kept = set(chance.sample(ids, size))
            entries = [
                FaqEntry(
                    id=entry,
                    questions={
                        language: tuple(chance.sample(texts, min(chance.randint(least, most), len(texts))))
                        for language, texts in one.phrasings[entry].items()
                    },
                    answer={"en": entry},
                )
                for entry in ids
                if entry in kept
            ]
            yield Faq(tuple(entries)), _questions(one, entries, kept, chance, misspell=number % 3 == 2)


def _questions(
    one: QuestionSet, entries: list[FaqEntry], kept: set[str], chance: random.Random, *, misspell: bool
) -> list[tuple[str | None, str]]:
    written = {text for entry in entries for texts in entry.questions.values() for text in texts}
    asked = [(label, text) for label, text in one.questions if text not in written]
    inside = [pair for pair in asked if pair[0] in kept]
    cut_away = [(None, text) for label, text in asked if label is not None and label not in kept]
    outside = [(None, text) for label, text in asked if label is None]
    picked: list[tuple[str | None, str]] = [
        *chance.sample(inside, min(len(inside), _ASKED_AT_MOST)),
        *chance.sample(outside, min(len(outside), _ASKED_AT_MOST // 4)),
        *chance.sample(cut_away, min(len(cut_away), _ASKED_AT_MOST // 3)),
    ]
    if not misspell:
        return picked
    return [(label, misspelt(text, chance, 0.2) if chance.random() < 0.7 else text) for label, text in picked]


def ask(job: tuple[Faq, list[tuple[str | None, str]], int, bool]) -> list[Asked]:
    """Ask a FAQ all its questions; those from outside weigh a fixed share of it."""
    faq, questions, most, semantic = job
    index = Index.build(faq, most=most, embed=_embed() if semantic else None)
    if semantic:
        _embed()([text for _, text in questions])  # many at once take a third of the time
    numbers = {entry.id: number for number, entry in enumerate(faq.entries)}
    asked = [(index.score(text), None if label is None else numbers[label]) for label, text in questions]
    asked = [(ranking, right) for ranking, right in asked if right is not None or _shares(ranking)]
    outside = sum(right is None for _, right in asked)
    inside = len(asked) - outside
    weigh = {True: _OUTSIDE / max(outside, 1), False: ((1 - _OUTSIDE) if outside else 1.0) / max(inside, 1)}
    return [Asked(ranking, right, weigh[right is None]) for ranking, right in asked]


def _shares(ranking: Ranking) -> bool:
    """Tell whether any entry shares a word that says something: nothing has to be learnt about what shares none."""
    return any(not match.hollow for match in ranking.matches)


@cache
def _embed() -> Embed:
    return remembering(embedder())


def fit(asked: list[Asked]) -> dict[str, Any]:
    """Return the weights in the form of weights.json."""
    plain = [one for one in asked if one.ranking.matches and not any(m.exact for m in one.ranking.matches)]
    signs = [signs_of(one.ranking) for one in plain]
    meant = [
        next((place for place, match in enumerate(one.ranking.matches) if match.entry == one.right), None)
        for one in plain
    ]
    rank = _conditional_logit(
        [(s, m, one.weight) for s, m, one in zip(signs, meant, plain, strict=True) if m is not None]
    )
    rows, right = [], []
    for one, found, place in zip(plain, signs, meant, strict=True):
        scores = found @ rank
        order = np.argsort(-scores, kind="stable")
        rows.append(described(one.ranking, found[order], scores[order]))
        right.append(place == order[0])
    weights = np.array([one.weight for one in plain])
    logit, bias = _logistic(np.array(rows), np.array(right, float), weights / weights.mean())
    return {
        "rank": {sign: round(float(value), 4) for sign, value in zip(SIGNS, rank, strict=True)},
        "right": {
            **{name: round(float(value), 4) for name, value in zip(names(), logit, strict=True)},
            "bias": round(bias, 4),
        },
    }


def _conditional_logit(cases: list[tuple[NDArray[np.float64], int, float]]) -> NDArray[np.float64]:
    """Return weights under which the entry that was meant comes first as probably as it can."""
    total = sum(weight for _, _, weight in cases)
    spread = np.concatenate([signs for signs, _, _ in cases]).std(axis=0) + 1e-9
    size = max(len(signs) for signs, _, _ in cases)
    held = np.zeros((len(cases), size, len(SIGNS)))
    there = np.zeros((len(cases), size), bool)
    for row, (signs, _, _) in enumerate(cases):
        held[row, : len(signs)] = signs / spread
        there[row, : len(signs)] = True
    meant = np.array([place for _, place, _ in cases])
    counts = np.array([weight for _, _, weight in cases]) / total
    found = np.zeros(len(SIGNS))
    rows = np.arange(len(cases))
    for _ in range(_NEWTON_STEPS):
        scores = np.where(there, held @ found, -np.inf)
        chances = np.exp(scores - scores.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        mean = np.einsum("qe,qes->qs", chances, held)
        gradient = counts @ (mean - held[rows, meant]) + _RANK_PENALTY * found
        weighed = held * np.sqrt(chances * counts[:, None])[..., None]
        flat = weighed.reshape(-1, len(SIGNS))
        curve = flat.T @ flat - (mean * counts[:, None]).T @ mean + _RANK_PENALTY * np.eye(len(SIGNS))
        step = np.linalg.solve(curve, gradient)
        found = found - step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-9))
    weights: NDArray[np.float64] = found / spread
    return weights


def _logistic(
    rows: NDArray[np.float64], right: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Return the coefficients and the bias of a logistic regression."""
    middle, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    table = np.hstack([(rows - middle) / spread, np.ones((len(rows), 1))])
    penalty = np.diag([_RIGHT_PENALTY] * rows.shape[1] + [0.0])
    found = np.zeros(table.shape[1])
    for _ in range(_NEWTON_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(table @ found, -30, 30)))
        gradient = table.T @ (weights * (chance - right)) / len(rows) + penalty @ found
        curve = (table * (weights * chance * (1 - chance))[:, None]).T @ table / len(rows) + penalty
        step = np.linalg.solve(curve + 1e-9 * np.eye(len(curve)), gradient)
        found = found - step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-9))
    return found[:-1] / spread, float(found[-1] - (found[:-1] * middle / spread).sum())


def usual(asked: list[list[Asked]], weights: Weights) -> dict[str, list[float]]:
    """Return which shares of inside and outside questions one FAQ in ten answers wrongly from each logit on."""
    grid = np.linspace(-4.0, 9.0, 53)
    inside, outside = [], []
    for part in asked:
        found = [weigh(one.ranking, weights) for one in part]
        logits = np.array([weighed.logit for _, weighed in found])
        held = np.array([one.right is not None for one in part])
        right = np.array([bool(m) and m[0].entry == one.right for (m, _), one in zip(found, part, strict=True)])
        inside.append((logits[held & ~right][:, None] >= grid).sum(axis=0) / held.sum())
        if not held.all():
            outside.append((logits[~held][:, None] >= grid).sum(axis=0) / (~held).sum())
    return {
        "logits": [round(float(value), 3) for value in grid],
        "inside": [round(float(value), 5) for value in np.quantile(inside, _WORSE_THAN, axis=0)],
        "outside": [round(float(value), 5) for value in np.quantile(outside, _WORSE_THAN, axis=0)],
    }


def main(folder: str, left_out: str = "-") -> None:
    """Print weights.json, fitted on all sets but those whose name starts with `left_out`."""
    sets = [one for one in read_sets(Path(folder)) if not one.name.startswith(left_out)]
    found: dict[str, Any] = {"seed": SEED, "sources": _SOURCES}
    jobs = list(cuts(sets, SEED))
    with ProcessPoolExecutor() as pool:
        learnt, unlearnt, semantic = (
            list(pool.map(ask, [(faq, questions, most, model) for faq, questions in jobs]))
            for most, model in ((LEARNT_AT_MOST, False), (0, False), (LEARNT_AT_MOST, installed()))
        )
    kinds = {"few": learnt, "learnt": learnt, "unlearnt": unlearnt}
    kinds |= {"few_semantic": semantic, "learnt_semantic": semantic} if installed() else {}
    for name, asked in kinds.items():
        parts = [part for part in asked if part and (part[0].ranking.entries < FEW) is name.startswith("few")]
        found[name] = fit([one for part in parts for one in part])
        found[name]["rates"] = usual(parts, weights_from(found[name]))
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
