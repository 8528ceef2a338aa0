"""Multinomial logistic regression over a kernel: which entry the phrasings that a question resembles speak for.

Rule: only numpy, because scikit-learn and scipy would cost 200 MB for this one page. The fit is L-BFGS in the kernel's
own geometry, where one product with the kernel a step is all the work; with as many unknowns as phrasings × entries it
suits FAQs of up to a few thousand phrasings.

Sources: representer theorem for kernel logistic regression (Zhu and Hastie, 2005); L-BFGS two-loop recursion (Nocedal,
1980).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_HELD_BACK = 1 / 30  # weight of the penalty
_STEPS = 25
_MEMORY = 5
_ENOUGH = 1e-5  # relative gain of a step below which the fit is over
_SUFFICIENT = 1e-4  # Armijo
_SHORTEST_STEP = 1e-6


def fit(kernel: Floats, labels: NDArray[np.int64], classes: int) -> Floats:
    """Return coefficients (phrasings × classes): a question's logits are its kernel row times these."""
    state = _State.at_zero(kernel, labels, classes)
    memory: list[_Pair] = []
    for _ in range(_STEPS):
        direction, kernel_direction = _newton(state, memory)
        after = state.along(direction, kernel_direction, kernel, labels)
        if after is None:
            break
        pair = _Pair.between(state, after)
        if pair is not None:
            memory = [*memory, pair][-_MEMORY:]
        gained, state = state.loss - after.loss, after
        if gained < _ENOUGH * abs(state.loss):
            break
    return state.coefficients


@dataclass(slots=True)
class _State:
    """A point of the fit: coefficients, logits (kernel × coefficients), gradient and kernel × gradient."""

    coefficients: Floats
    logits: Floats
    loss: float
    gradient: Floats
    kernel_gradient: Floats

    @classmethod
    def at_zero(cls, kernel: Floats, labels: NDArray[np.int64], classes: int) -> _State:
        empty = np.zeros((len(labels), classes), np.float32)
        loss, gradient = _loss(empty, empty, labels)
        return cls(empty, empty, loss, gradient, kernel @ gradient)

    def along(self, way: Floats, kernel_way: Floats, kernel: Floats, labels: NDArray[np.int64]) -> _State | None:
        """Return the point a step further that way, or None when there is nothing to gain."""
        slope = float(np.vdot(self.kernel_gradient, way))
        step = 1.0
        while slope < 0 and step > _SHORTEST_STEP:
            coefficients, logits = self.coefficients + step * way, self.logits + step * kernel_way
            loss, gradient = _loss(coefficients, logits, labels)
            if loss <= self.loss + _SUFFICIENT * step * slope:
                return _State(coefficients, logits, loss, gradient, kernel @ gradient)
            step /= 2
        return None


@dataclass(slots=True)
class _Pair:
    """What one step taught about the curvature; each part beside its product with the kernel."""

    moved: Floats
    kernel_moved: Floats
    turned: Floats
    kernel_turned: Floats
    curved: float = field(init=False)

    def __post_init__(self) -> None:
        self.curved = float(np.vdot(self.kernel_moved, self.turned))

    @classmethod
    def between(cls, before: _State, after: _State) -> _Pair | None:
        pair = cls(
            after.coefficients - before.coefficients,
            after.logits - before.logits,
            after.gradient - before.gradient,
            after.kernel_gradient - before.kernel_gradient,
        )
        return pair if pair.curved > 0 else None


def _loss(coefficients: Floats, logits: Floats, labels: NDArray[np.int64]) -> tuple[float, Floats]:
    """Return the penalised loss and its gradient."""
    rows = np.arange(len(labels))
    highest = logits.max(axis=1, keepdims=True)
    chances = np.exp(logits - highest)
    sums = chances.sum(axis=1, keepdims=True)
    surprise = float((np.log(sums[:, 0]) + highest[:, 0] - logits[rows, labels]).sum())
    penalty = 0.5 * _HELD_BACK * float(np.vdot(coefficients, logits))
    chances /= sums
    chances[rows, labels] -= 1
    chances += np.float32(_HELD_BACK) * coefficients
    return surprise + penalty, chances


def _newton(state: _State, memory: list[_Pair]) -> tuple[Floats, Floats]:
    """Return the direction to go, and its product with the kernel."""
    way, kernel_way = -state.gradient, -state.kernel_gradient
    taken: list[float] = []
    for pair in reversed(memory):
        share = float(np.vdot(pair.kernel_moved, way)) / pair.curved
        way, kernel_way = way - np.float32(share) * pair.turned, kernel_way - np.float32(share) * pair.kernel_turned
        taken.append(share)
    if memory:
        scale = memory[-1].curved / max(float(np.vdot(memory[-1].turned, memory[-1].kernel_turned)), 1e-12)
    else:
        scale = max(float(np.vdot(way, kernel_way)), 1e-12) ** -0.5
    way, kernel_way = np.float32(scale) * way, np.float32(scale) * kernel_way
    for pair, share in zip(memory, reversed(taken), strict=True):
        back = np.float32(share - float(np.vdot(pair.kernel_turned, way)) / pair.curved)
        way, kernel_way = way + back * pair.moved, kernel_way + back * pair.kernel_moved
    return way, kernel_way
