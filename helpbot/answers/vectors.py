"""Words turned into weighted features, and phrasings found by the features that they share with a question.

Rule: a question costs what it holds, not what the FAQ holds: only phrasings that share a feature are touched, and a
feature that very many phrasings share says too little to be looked up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Numbers = NDArray[np.int32]

_SHORTEST_GRAM, _LONGEST_GRAM = 2, 5
_COMMON = 4000  # phrasings: a feature that more of them share is not looked up


def word_features(words: Sequence[str]) -> list[str]:
    """Return the words and the pairs of neighbours."""
    return [*words, *(f"{first} {second}" for first, second in pairwise(words))]


def letter_features(words: Iterable[str]) -> list[str]:
    """Return the runs of 2 to 5 letters in each word, its ends marked by spaces."""
    found: list[str] = []
    for word in words:
        padded = f" {word} "
        size = len(padded)
        for length in range(_SHORTEST_GRAM, _LONGEST_GRAM + 1):
            if length >= size:
                found.append(padded)
                break
            found += [padded[start : start + length] for start in range(size - length + 1)]
    return found


@dataclass(frozen=True, slots=True)
class Space:
    """Phrasings by their features: TF-IDF with sub-linear counts and unit length; `docs` and `values` are postings."""

    numbers: Mapping[str, int]  # feature → number
    rarity: Floats  # by number
    starts: NDArray[np.int64]  # by number: where its postings start; one more at the end
    docs: Numbers
    values: Floats
    unknown: float  # rarity of a feature that no phrasing has
    size: int  # phrasings

    @classmethod
    def build(cls, featured: Iterable[Sequence[str]]) -> Space:
        """Weigh the features of every phrasing."""
        numbers: dict[str, int] = {}
        rows: list[tuple[NDArray[np.int64], Floats]] = []
        for features in featured:
            found = np.fromiter((numbers.setdefault(one, len(numbers)) for one in features), np.int64, len(features))
            distinct, counts = np.unique(found, return_counts=True)
            rows.append((distinct, (1 + np.log(counts)).astype(np.float32)))
        size = len(rows)
        lengths = np.fromiter((len(distinct) for distinct, _ in rows), np.int64, size)
        flat = np.concatenate([distinct for distinct, _ in rows]) if rows else np.zeros(0, np.int64)
        values = np.concatenate([counts for _, counts in rows]) if rows else np.zeros(0, np.float32)
        docs = np.repeat(np.arange(size, dtype=np.int32), lengths)
        held = np.bincount(flat, minlength=len(numbers))
        rarity = (np.log((1 + size) / (1 + held)) + 1).astype(np.float32)
        values *= rarity[flat]
        norms = np.sqrt(np.bincount(docs, weights=values * values, minlength=size))
        values /= np.maximum(norms, 1e-9).astype(np.float32)[docs]
        order = np.argsort(flat, kind="stable")
        starts = np.concatenate(([0], np.cumsum(held)))
        return cls(numbers, rarity, starts, docs[order], values[order], log(1 + size) + 1, size)

    def alike(self, features: Sequence[str]) -> Floats:
        """Return the cosine (0 to 1) of these features with every phrasing; unknown ones count in the length."""
        if not features:
            return np.zeros(self.size, np.float32)
        counts = Counter(features)
        numbers = np.array([self.numbers.get(feature, -1) for feature in counts])
        times = np.fromiter(counts.values(), np.float32, len(counts))
        known = numbers >= 0
        weights = (1 + np.log(times)) * np.where(known, self.rarity[numbers], np.float32(self.unknown))
        if not known.any():
            return np.zeros(self.size, np.float32)
        return self._dot(numbers[known], weights[known] / np.sqrt(weights @ weights))

    def _dot(self, known: NDArray[np.int64], weights: Floats) -> Floats:
        """Return the sum over the features of weight times value, by phrasing."""
        begin, end = self.starts[known], self.starts[known + 1]
        lengths = end - begin
        looked = lengths <= max(_COMMON, self.size // 50)
        begin, end, lengths, weights = begin[looked], end[looked], lengths[looked], weights[looked]
        if not len(begin):
            return np.zeros(self.size, np.float32)
        bounds = zip(begin.tolist(), end.tolist(), strict=True)
        slices = [slice(first, last) for first, last in bounds]
        docs = np.concatenate([self.docs[part] for part in slices])
        values = np.concatenate([self.values[part] for part in slices]) * np.repeat(weights, lengths)
        return np.bincount(docs, weights=values, minlength=self.size).astype(np.float32)

    def kernel(self) -> Floats:
        """Return the cosine of every phrasing with every other, size × size."""
        found = np.zeros((self.size, self.size), np.float32)
        order = np.argsort(self.docs, kind="stable")
        features = np.repeat(np.arange(len(self.rarity)), np.diff(self.starts))[order]
        ends = np.cumsum(np.bincount(self.docs, minlength=self.size))
        begin = 0
        for row, end in enumerate(ends.tolist()):
            found[row] = self._dot(features[begin:end], self.values[order[begin:end]])
            begin = end
        return found
