"""A question compared with every phrasing of the FAQ: the entries that may be meant, each with the signs for it.

Words are compared by their stems, weighed by how few entries use them, after repairing those that no entry knows; runs
of letters are compared as well, which forgives what the words do not; and a classifier fitted to the FAQ when it is
loaded tells what sets its entries apart. No chance, clock or state: the same question on the same index gives the same
ranking.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from helpbot.answers import softmax
from helpbot.answers.entries import Faq
from helpbot.answers.repair import Question, Repairs, Vocabulary
from helpbot.answers.semantic import Embed, mended
from helpbot.answers.synonyms import meanings
from helpbot.answers.text import is_function_word, normalise, said_in, spelt_out, stem
from helpbot.answers.vectors import Floats, Space, letter_features, word_features

_WORDS_AT_MOST = 80
_ALIKE_AT_LEAST = 0.2  # of the runs of letters, when no word is shared
_MEANING = 2  # how much likeness of meaning counts beside that of letters
_SOME_MEANING = 0.5  # likeness from which on no shared word is needed
_COVERED = 0.8  # share of a phrasing from which on a question that names nothing asks the same
_SHORTLIST = 8  # entries that are compared closely
_LOOKED_AT = 10  # phrasings of such an entry, those most alike
LEARNT_AT_MOST = 5000  # phrasings: fitting more would take minutes and a gigabyte

SIGNS = (
    "logit", "words_best", "words_mean", "runs_best", "runs_mean", "letters_best", "letters_mean", "sorted_best",
    "coverage", "typical", "answered", "whole", "senses_best", "senses_mean", "chance", "meaning_best", "meaning_mean",
)  # fmt: skip


class Match(NamedTuple):
    """An entry that may be meant, by its phrasings in one language, with the signs for it in the order of SIGNS."""

    entry: int
    language: str
    phrasing: str
    signs: tuple[float, ...]
    exact: bool = False
    spoken: bool = False  # in the language known from before
    hollow: bool = False  # nothing but words that say little is shared, or the question names nothing


@dataclass(frozen=True, slots=True)
class Ranking:
    """All that the comparison found: matches in no order, one an entry, and what is true of the question itself."""

    matches: tuple[Match, ...] = ()
    language: str | None = None  # as the words tell, without looking at who won
    lead: int = 0  # by how many words
    content: int = 0  # how many words carry meaning
    known: float = 0.0  # share of their weight that the FAQ knows
    bare: bool = False  # one word that is no phrasing: a subject, not yet a question
    entries: int = 0  # how many the FAQ has
    learnt: bool = True  # whether the index has learnt what sets its entries apart
    semantic: bool = False  # whether it compared meanings by a model
    repairs: tuple[tuple[str, str], ...] = ()  # what was written, and what it was taken for


@dataclass(frozen=True, slots=True)
class _Group:
    """The phrasings of one entry in one language: from `first` up to but not including `last`."""

    entry: int
    language: str
    first: int
    last: int
    shares: Mapping[str, float]  # stem → share of the phrasings that hold it
    marks: frozenset[str]  # their meanings, see `synonyms`


@dataclass(frozen=True, slots=True)
class _Phrasing:
    text: str
    spelt: str
    ordered: str
    roots: Mapping[str, float]
    weight: float  # of all roots


class Taught(NamedTuple):
    """What takes long to work out about a FAQ: coefficients (phrasings × entries) and meanings, or None."""

    learnt: Floats | None = None
    meaning: Floats | None = None


@dataclass(frozen=True, slots=True)
class Index:
    """A FAQ made ready for comparison, once. `learnt` is phrasings × entries, or None for a FAQ that is too large."""

    entries: int  # that have a phrasing
    groups: tuple[_Group, ...]
    phrasings: tuple[_Phrasing, ...]
    firsts: NDArray[np.int64]  # by group
    words: Space
    runs: Space
    senses: Space
    learnt: Floats | None
    exact: Mapping[str, Mapping[int, str]]  # normalised phrasing → group → as written
    vocabulary: Vocabulary
    embed: Embed | None
    meaning: Floats | None  # phrasings × dimensions, with `embed`

    @classmethod
    def build(
        cls,
        faq: Faq,
        taught: Taught | None = None,
        most: int = LEARNT_AT_MOST,
        embed: Embed | None = None,
    ) -> Index:
        """Normalise and weigh every phrasing; `taught` is what another index of the same FAQ had learnt, if at hand.

        With more phrasings than `most` nothing is learnt, and no meanings are compared.
        """
        spelt: list[tuple[int, str, list[tuple[str, list[str]]]]] = []
        exact: dict[str, dict[int, str]] = {}
        for position, entry in enumerate(faq.entries):
            for language, texts in entry.questions.items():
                written = [(text, folded) for text in texts if (folded := normalise(text))]
                for text, folded in written:
                    exact.setdefault(folded, {}).setdefault(len(spelt), text)
                if written:
                    spelt.append((position, language, [(text, said_in(folded)) for text, folded in written]))
        vocabulary = Vocabulary.build([(language, [said for _, said in texts]) for _, language, texts in spelt])
        groups, phrasings = _grouped(spelt, vocabulary.weights)
        said = [words for _, _, held in spelt for _, words in held]
        roots = [[stem(word) for word in one] for one in said]
        words = Space.build(map(word_features, roots))
        senses = Space.build([*one, *meanings(one)] for one in roots)
        runs = Space.build(letter_features(one) for one in said)
        learnt, meaning = (None, None) if taught is None else (taught.learnt, taught.meaning)
        if taught is None and 0 < len(said) <= most:
            meaning = None if embed is None else embed([phrasing.text for phrasing in phrasings])
            kernel = (words.kernel() + runs.kernel() + senses.kernel()) / np.float32(3)
            if meaning is not None:
                kernel = _both(kernel, np.maximum(meaning @ meaning.T, 0))
            labels = np.repeat([group.entry for group in groups], [group.last - group.first for group in groups])
            learnt = softmax.fit(kernel, labels, len(faq.entries))
        return cls(
            entries=len({group.entry for group in groups}),
            groups=groups,
            phrasings=phrasings,
            firsts=np.array([group.first for group in groups], np.int64),
            words=words,
            runs=runs,
            senses=senses,
            learnt=learnt,
            exact=exact,
            vocabulary=vocabulary,
            embed=None if meaning is None else embed,
            meaning=None if embed is None else meaning,
        )

    @property
    def taught(self) -> Taught:
        """Return what took long to work out."""
        return Taught(self.learnt, self.meaning)

    def score(
        self,
        question: str,
        language: str | None = None,
        silent: Collection[int] = frozenset(),
        repairs: Repairs | None = None,
    ) -> Ranking:
        """Compare with all entries but the silent ones; the language known from before decides between two that tie.

        `repairs` holds what other parts of the same message needed, and gets what this one needs.
        """
        plain = normalise(question)
        if not plain or not self.groups:
            return Ranking()
        same = self.exact.get(plain, {})
        told, lead = self.vocabulary.language(spelt_out(plain.split()))
        asked = self.vocabulary.read(said_in(plain)[:_WORDS_AT_MOST], told, repairs)
        total = asked.total
        return Ranking(
            matches=self._matches(asked, self._meant(question, asked), same, language, silent),
            language=told,
            lead=lead,
            content=sum(1 for word in asked.asked if not is_function_word(word.stem)),
            known=sum(word.weight * word.sure for word in asked.asked) / total,
            bare=len(asked.asked) == 1 and not same,
            entries=self.entries,
            learnt=self.learnt is not None,
            semantic=self.meaning is not None,
            repairs=asked.repairs,
        )

    def _meant(self, question: str, asked: Question) -> Floats:
        """Return how alike the meaning of the question, once mended, is to that of every phrasing."""
        if self.embed is None or self.meaning is None:
            return np.zeros(len(self.phrasings), np.float32)
        found: Floats = np.maximum(self.meaning @ self.embed([mended(question, dict(asked.repairs))])[0], 0)
        return found

    def _matches(
        self,
        asked: Question,
        meant: Floats,
        same: Mapping[int, str],
        language: str | None,
        silent: Collection[int],
    ) -> tuple[Match, ...]:
        """Return the entries worth a close look, each by the group that is most alike."""
        roots = [stem(word) for word in asked.mended]
        words = self.words.alike(word_features(roots))
        senses = self.senses.alike([*roots, *meanings(roots)])
        runs = self.runs.alike(letter_features(asked.mended))
        alike = (words + runs + senses) / np.float32(3)
        alike[(words == 0) & (senses == 0) & (runs < _ALIKE_AT_LEAST)] = 0
        if self.meaning is not None:
            alike = _both(alike, meant)
        best = np.maximum.reduceat(alike, self.firsts)
        logits = None if self.learnt is None else np.asarray(alike @ self.learnt, np.float32)
        chances = None if logits is None else np.exp(logits - logits.max())
        total = 1.0 if chances is None else float(chances.sum())
        groups: dict[int, int] = {}
        for number in self._nearest_groups(best, logits, same):
            group = self.groups[number]
            held = groups.get(group.entry)
            if group.entry not in silent and (held is None or self._before(number, held, best, same, language)):
                groups[group.entry] = number
        matches: list[Match] = []
        for entry, number in groups.items():
            if len(matches) >= _SHORTLIST and number not in same:
                continue
            learnt = (
                (0.0, 0.0)
                if logits is None or chances is None
                else (float(logits[entry]), float(chances[entry]) / total)
            )
            group = self.groups[number]
            match = self._compare(group, asked, (words, runs, senses, alike, meant), learnt, same.get(number))
            matches.append(match._replace(spoken=group.language == language))
        return tuple(matches)

    def _before(self, number: int, held: int, best: Floats, same: Mapping[int, str], language: str | None) -> bool:
        """Tell whether the one group of an entry speaks for it better than the other."""

        def rank(one: int) -> tuple[bool, float, bool]:
            return one in same, float(best[one]), self.groups[one].language == language

        return rank(number) > rank(held)

    def _nearest_groups(self, best: Floats, logits: Floats | None, same: Mapping[int, str]) -> list[int]:
        """Return the groups that may be meant, the likeliest first; twice as many as entries wanted."""
        scores = best if logits is None else best * 8 + logits[[group.entry for group in self.groups]]
        scores = np.where(best > 0, scores, -np.inf)
        wanted = min(4 * _SHORTLIST, len(scores))
        first = np.argpartition(-scores, wanted - 1)[:wanted]
        order = first[np.lexsort((first, -scores[first]))]
        return [*same, *(int(number) for number in order if best[number] > 0 and number not in same)]

    def _compare(
        self,
        group: _Group,
        question: Question,
        alike: tuple[Floats, Floats, Floats, Floats, Floats],
        learnt: tuple[float, float],
        same: str | None,
    ) -> Match:
        """Collect the signs for one group; `same` is its phrasing that equals the question, if one does."""
        words, runs, senses, both, meant = (part[group.first : group.last].tolist() for part in alike)
        order = sorted(range(len(both)), key=both.__getitem__, reverse=True)[:_LOOKED_AT]
        near = [self.phrasings[group.first + number] for number in order]
        letters = sorted((fuzz.ratio(question.spelt, one.spelt) / 100 for one in near), reverse=True)
        best = near[0]
        covered = sum(weight * question.sure.get(root, 0.0) for root, weight in best.roots.items()) / best.weight
        total = question.total
        known = [
            (word.weight * word.sure, group.shares[word.stem]) for word in question.asked if word.stem in group.shares
        ]
        signs = (
            learnt[0],
            max(words),
            _mean_of_three([words[number] for number in order]),
            max(runs),
            _mean_of_three([runs[number] for number in order]),
            letters[0],
            sum(letters[:3]) / len(letters[:3]),
            max(fuzz.ratio(question.ordered, one.ordered) for one in near) / 100,
            sum(weight for weight, _ in known) / total,
            sum(weight * share for weight, share in known) / total,
            covered,
            sum(both) / len(both),
            max(senses),
            _mean_of_three([senses[number] for number in order]),
            learnt[1],
            max(meant),
            _mean_of_three([meant[number] for number in order]),
        )
        hollow = (not question.subject and covered < _COVERED) or (
            not any(word.stem in group.shares and not is_function_word(word.stem) for word in question.asked)
            and group.marks.isdisjoint(question.marks)
            and max(meant) < _SOME_MEANING
        )
        text = best.text if same is None else same
        return Match(group.entry, group.language, text, signs, same is not None, hollow=hollow)


def _both(letters: Floats, meanings: Floats) -> Floats:
    """Return likeness by letters and by meaning in one."""
    return np.asarray((letters + np.float32(_MEANING) * meanings) / np.float32(1 + _MEANING), np.float32)


def _mean_of_three(alike: list[float]) -> float:
    three = sorted(alike)[-3:]
    return sum(three) / len(three)


def _grouped(
    spelt: list[tuple[int, str, list[tuple[str, list[str]]]]], weights: Mapping[str, float]
) -> tuple[tuple[_Group, ...], tuple[_Phrasing, ...]]:
    """Return the groups and all phrasings in their order."""
    groups: list[_Group] = []
    phrasings: list[_Phrasing] = []
    for entry, language, texts in spelt:
        held: dict[str, int] = {}
        first = len(phrasings)
        for text, said in texts:
            roots = {root: weights[root] for root in map(stem, said)}
            for root in roots:
                held[root] = held.get(root, 0) + 1
            phrasings.append(_Phrasing(text, " ".join(said), " ".join(sorted(said)), roots, sum(roots.values())))
        shares = {root: count / len(texts) for root, count in held.items()}
        marks = frozenset(meanings(shares))
        groups.append(_Group(entry, language, first, len(phrasings), shares, marks))
    return tuple(groups), tuple(phrasings)
