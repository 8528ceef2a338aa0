"""From signs to a probability, and from the probability to what may be done with it.

Rule: confidence is an estimated probability, not a score, because the admin sets the share of wrong answers that is
acceptable, and only a probability can be held against it.

How the constants were fitted: on 35 FAQs made (seed 7) of data/faq — clinc, hwu64, banking_en, banking_fr and the two
banks as one bilingual FAQ, `faq_10`/`train_10` cut to 12 to 150 entries of 2 to 10 phrasings, asked `dev`/`valid`, half
of them with typing errors; entries cut out and `oos` were the questions from outside, weighed to 40 %. A conditional
logit gave the order (matcher.py), a logistic regression on the best match whether the FAQ holds the question at all.
The data: CLINC150 (CC BY 3.0), HWU64 and BANKING77 and WolBanking77 (CC BY 4.0).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, log1p

from helpbot.answers.matcher import Ranking
from helpbot.core.model import Zone

_BIAS = -4.52
_LETTERS = 2.79
_COVERAGE = 2.62
_CONTENT = 0.57
_CONTENT_AT_MOST = 12
_ALONE = 2.51  # the best match's part among all matches
_FITTED_OUT_OF_SCOPE = 0.4
_EXACT = 0.995  # of a question that is a phrasing, letter by letter once normalised
_CERTAIN = 0.985  # no threshold is higher, so that an exact question is answered however small `max_wrong` is
_LOWEST = 0.5
_ALIKE = 0.1  # of probability: two entries nearer than this are alike
_PROBABLY = 0.5  # that the right entry is among those offered
_PLAUSIBLE = 0.08
_PLAUSIBLE_BESIDE = 0.2  # of the best one's probability
CHOICES = 3


@dataclass(frozen=True, slots=True)
class Policy:
    """What the admin allows: the share of wrong answers among all questions, and how many the FAQ does not hold."""

    max_wrong: float = 0.05
    out_of_scope: float = 0.4

    @property
    def threshold(self) -> float:
        """Return the probability from which an answer is given.

        On the fitting data, answering from 1 - x on got 0.008 * (x / 0.1) ** 1.56 of all questions wrong, and twice
        that on the worst FAQ: the threshold is where twice that is `max_wrong`. `out_of_scope` is in the probability.
        """
        allowed = 0.1 * float((max(self.max_wrong, 0.0) / 0.016) ** (1 / 1.56))
        return min(max(1 - allowed, _LOWEST), _CERTAIN)


def probabilities(ranking: Ranking, policy: Policy) -> tuple[float, ...]:
    """Return for every match of the ranking how probable it is to be the right one; together at most 1."""
    if not ranking.matches:
        return ()
    weights = [exp(match.score - ranking.matches[0].score) if not match.exact else 0.0 for match in ranking.matches]
    exact = sum(match.exact for match in ranking.matches)
    if exact:
        rest = (1 - _EXACT) / (sum(weights) + 1)
        return tuple(
            _EXACT / exact if match.exact else min(rest * weight, rest)
            for match, weight in zip(ranking.matches, weights, strict=True)
        )
    parts = [weight / sum(weights) for weight in weights]
    held = _held(ranking, parts[0], policy.out_of_scope)
    return tuple(held * part for part in parts)


def _held(ranking: Ranking, part: float, out_of_scope: float) -> float:
    """Return how probable it is that the FAQ holds the question at all, moved to the share that the admin expects."""
    signs = ranking.matches[0].signs
    outside = min(max(out_of_scope, 0.01), 0.99)
    logit = (
        _BIAS
        + _LETTERS * signs.letters_best
        + _COVERAGE * signs.coverage
        + _CONTENT * log1p(min(ranking.content, _CONTENT_AT_MOST))
        + _ALONE * part
        + log((1 - outside) / outside)
        - log((1 - _FITTED_OUT_OF_SCOPE) / _FITTED_OUT_OF_SCOPE)
    )
    return 1 / (1 + exp(-logit))


def zone(confidences: tuple[float, ...], policy: Policy, bare: bool = False) -> tuple[Zone, int]:
    """Return what to do, and how many of the best to offer when it is SUGGEST.

    ANSWER from the threshold on unless the second is alike or the question is a bare subject; SUGGEST when the right
    one is probably among the plausible of the best three; else ESCALATE.
    """
    if not confidences:
        return Zone.ESCALATE, 0
    best = confidences[0]
    second = confidences[1] if len(confidences) > 1 else 0.0
    if best >= policy.threshold and best - second >= _ALIKE and not bare:
        return Zone.ANSWER, 0
    plausible = [part for part in confidences[:CHOICES] if part >= max(_PLAUSIBLE, _PLAUSIBLE_BESIDE * best)]
    if sum(plausible) >= _PROBABLY:
        return Zone.SUGGEST, len(plausible)
    return Zone.ESCALATE, 0
