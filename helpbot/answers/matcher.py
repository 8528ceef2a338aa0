"""A question compared with every phrasing of the FAQ: entries in order, each with the signs that speak for it.

Words are compared by their stems, weighed by how few entries use them, after repairing those that no entry knows;
letters are compared as well, which forgives what the words do not. No chance, clock or state: the same question on the
same index gives the same ranking.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from math import log, sqrt
from typing import NamedTuple

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from helpbot.answers.entries import Faq
from helpbot.answers.text import (
    FUNCTION_WORDS,
    is_function_word,
    normalise,
    said_in,
    spelt_out,
    stem,
)

_REPAIR_FROM = 4  # letters: shorter words have too many neighbours
_REPAIR_ALIKE = 0.7
_OTHER_LETTER = 0.6  # people rarely mistype the first letter: then it is more likely another word
_REPAIRS_AT_MOST = 12  # words of one question; a longer one is a story, and no few words decide it
_WORDS_AT_MOST = 80
_SHORTLIST = 16  # groups whose letters are compared as well
_FUNCTION_WEIGHT = 0.12
_NUMBER_WEIGHT = 0.3  # of a number that no entry holds: an amount, a date, a telephone number
_KNOWN_LANGUAGE = 0.1  # of a score: decides between two that are alike, and nothing else
# How much each sign says about which entry is meant: a conditional logit, fitted as confidence.py says.
_SCORE = (0.5, 3.0, 3.5, 6.5, 4.0, 3.5, 2.5)


class Signs(NamedTuple):
    """What speaks for an entry, each 0 to 1: its best phrasing, its best three, letters, and whole vocabulary."""

    words_best: float
    words_mean: float
    letters_best: float
    letters_mean: float
    coverage: float  # share of the question's weight that the entry's words cover
    typical: float  # the same, words counting by how many of the entry's phrasings use them
    answered: float  # share of the best phrasing's weight that the question holds


@dataclass(frozen=True, slots=True)
class Match:
    """An entry that may be meant, by its phrasings in one language; `score` orders matches of one question."""

    entry: int
    language: str
    phrasing: str
    signs: Signs
    score: float
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Ranking:
    """All that the comparison found: matches best first, one an entry, and what is true of the question itself."""

    matches: tuple[Match, ...] = ()
    language: str | None = None  # as the words tell, without looking at who won
    lead: int = 0  # by how many words
    content: int = 0  # how many words carry meaning
    bare: bool = False  # one word that is no phrasing: a subject, not yet a question
    repairs: tuple[tuple[str, str], ...] = ()  # what was written, and what it was taken for


@dataclass(frozen=True, slots=True)
class _Phrasing:
    text: str
    spelt: str
    ordered: str
    stems: Mapping[str, float]
    norm: float


@dataclass(frozen=True, slots=True)
class _Group:
    """The phrasings of one entry in one language."""

    entry: int
    language: str
    phrasings: tuple[_Phrasing, ...]
    shares: Mapping[str, float]  # stem → share of the phrasings that hold it


class _Word(NamedTuple):
    stem: str
    weight: float
    sure: float  # 1, or how alike a repaired word is; 0 when no entry knows it


@dataclass(frozen=True, slots=True)
class _Question:
    """A question made ready for comparison; `mended` and `ordered` are its words after repair."""

    asked: tuple[_Word, ...]
    mended: str
    ordered: str
    total: float
    norm: float
    repairs: tuple[tuple[str, str], ...]
    language: str | None


@dataclass(frozen=True, slots=True)
class Index:
    """A FAQ made ready for comparison, once."""

    groups: tuple[_Group, ...]
    exact: Mapping[str, Mapping[int, str]]  # normalised phrasing → group → as written
    postings: Mapping[str, tuple[int, ...]]  # stem → groups
    weights: Mapping[str, float]
    vocabulary: Mapping[int, tuple[str, ...]]  # length → words
    spoken: Mapping[str, frozenset[str]]  # language → its words

    @classmethod
    def build(cls, faq: Faq) -> Index:
        """Normalise and weigh every phrasing."""
        spelt: list[tuple[int, str, list[tuple[str, list[str]]]]] = []
        exact: dict[str, dict[int, str]] = {}
        spoken: dict[str, set[str]] = {language: set(words) for language, words in FUNCTION_WORDS.items()}
        for position, entry in enumerate(faq.entries):
            for language, texts in entry.questions.items():
                plain = [(text, folded) for text in texts if (folded := normalise(text))]
                for text, folded in plain:
                    exact.setdefault(folded, {}).setdefault(len(spelt), text)
                    spoken.setdefault(language, set()).update(folded.split())
                if plain:
                    spelt.append((position, language, [(text, said_in(folded)) for text, folded in plain]))
        postings = _postings([{stem(word) for _, said in texts for word in said} for _, _, texts in spelt])
        weights = {root: _weight(root, len(spelt), len(numbers)) for root, numbers in postings.items()}
        return cls(
            groups=tuple(_group(position, language, texts, weights) for position, language, texts in spelt),
            exact=exact,
            postings=postings,
            weights=weights,
            vocabulary=_by_length(word for _, _, texts in spelt for _, said in texts for word in said),
            spoken={language: frozenset(words) for language, words in spoken.items()},
        )

    def score(self, question: str, language: str | None = None, silent: Collection[int] = frozenset()) -> Ranking:
        """Rank the entries but the silent ones; the language known from before breaks ties and does little more."""
        plain = normalise(question)
        if not plain:
            return Ranking()
        asked = self._weigh(said_in(plain)[:_WORDS_AT_MOST], language)
        same = self.exact.get(plain, {})
        best: dict[int, Match] = {}
        for number in self._shortlist(asked, same, silent):
            match = _compare(self.groups[number], asked, same.get(number))
            held = best.get(match.entry)
            if held is None or (match.exact, match.score) > (held.exact, held.score):
                best[match.entry] = match
        told, lead = self._language(spelt_out(plain.split()))
        return Ranking(
            matches=tuple(sorted(best.values(), key=lambda match: (not match.exact, -match.score, match.entry))),
            language=told,
            lead=lead,
            content=sum(1 for word in asked.asked if not is_function_word(word.stem)),
            bare=len(asked.asked) == 1 and not same,
            repairs=asked.repairs,
        )

    def _weigh(self, said: list[str], language: str | None) -> _Question:
        """Weigh the question's words, mending those that no entry knows."""
        asked: dict[str, _Word] = {}
        mended: list[str] = []
        repairs: dict[str, tuple[str, float] | None] = {}
        for word in said:
            root, meant, sure = stem(word), word, 1.0
            if root not in self.weights:
                if word not in repairs and len(repairs) < _REPAIRS_AT_MOST:
                    repairs[word] = self._nearest(word)
                meant, sure = repairs.get(word) or (word, 0.0)
                root = stem(meant)
            mended.append(meant)
            if root not in asked or asked[root].sure < sure:
                weight = self.weights.get(root) or _weight(root, len(self.groups), 0)
                asked[root] = _Word(root, weight, sure)
        return _Question(
            asked=tuple(asked.values()),
            mended=" ".join(mended),
            ordered=" ".join(sorted(mended)),
            total=sum(word.weight for word in asked.values()),
            norm=sqrt(sum(word.weight * word.weight for word in asked.values())),
            repairs=tuple((word, repair[0]) for word, repair in repairs.items() if repair is not None),
            language=language,
        )

    def _nearest(self, word: str) -> tuple[str, float] | None:
        """Return the FAQ's word that an unknown word was probably meant to be, and how sure that is."""
        if len(word) < _REPAIR_FROM or is_function_word(word) or not word.isalpha():
            return None
        found: tuple[str, float] | None = None
        for length in (len(word), len(word) + 1, len(word) - 1, len(word) + 2, len(word) - 2):
            near = process.extractOne(
                word,
                self.vocabulary.get(length, ()),
                scorer=OSA.normalized_similarity,
                processor=None,
                score_cutoff=_REPAIR_ALIKE if found is None else found[1],
            )
            if near is not None and (found is None or near[1] > found[1]):
                found = (near[0], near[1])
        if found is None:
            return None
        meant, alike = found
        return meant, alike * alike * (1.0 if meant[0] == word[0] else _OTHER_LETTER)

    def _shortlist(self, question: _Question, same: Mapping[int, str], silent: Collection[int]) -> list[int]:
        """Return the groups worth comparing letter by letter: those of the same words, then those that share most."""
        shared: dict[int, float] = {}
        for root, weight, sure in question.asked:
            for number in self.postings.get(root, ()):
                gain = weight * sure * (1 + self.groups[number].shares[root])
                shared[number] = shared.get(number, 0.0) + gain
        speaking = [number for number in shared if self.groups[number].entry not in silent]
        most = sorted(speaking, key=lambda number: (-shared[number], number))[:_SHORTLIST]
        exact = [number for number in same if self.groups[number].entry not in silent]
        return list(dict.fromkeys(exact + most))

    def _language(self, plain: list[str]) -> tuple[str | None, int]:
        """Return the language that most words belong to, and by how many words it leads; None when none leads."""
        heard = {language: sum(word in words for word in plain) for language, words in self.spoken.items()}
        first, second, *_ = sorted(heard.values(), reverse=True)
        told = max(heard, key=lambda language: heard[language]) if first > second else None
        return told, first - second


def _postings(holding: list[set[str]]) -> dict[str, tuple[int, ...]]:
    """Return for every stem the groups that hold it, in order."""
    postings: dict[str, list[int]] = {}
    for number, roots in enumerate(holding):
        for root in sorted(roots):
            postings.setdefault(root, []).append(number)
    return {root: tuple(numbers) for root, numbers in postings.items()}


def _weight(root: str, groups: int, holders: int) -> float:
    """Return how much a word says: the fewer groups hold it, the more."""
    rarity = log(1 + (groups + 1) / (holders + 0.5))
    if is_function_word(root):
        return _FUNCTION_WEIGHT * rarity
    return _NUMBER_WEIGHT * rarity if holders == 0 and not root.isalpha() else rarity


def _by_length(words: Iterable[str]) -> dict[int, tuple[str, ...]]:
    """Return the words that a repair may lead to, each once, by length."""
    lengths: dict[int, dict[str, None]] = {}
    for word in words:
        if len(word) >= _REPAIR_FROM - 2 and word.isalpha() and not is_function_word(word):
            lengths.setdefault(len(word), {})[word] = None
    return {length: tuple(kept) for length, kept in lengths.items()}


def _group(position: int, language: str, texts: list[tuple[str, list[str]]], weights: Mapping[str, float]) -> _Group:
    """Weigh the phrasings of one entry in one language."""
    phrasings = []
    held: dict[str, int] = {}
    for text, said in texts:
        stems = {root: weights[root] for root in map(stem, said)}
        for root in stems:
            held[root] = held.get(root, 0) + 1
        norm = sqrt(sum(weight * weight for weight in stems.values()))
        phrasings.append(_Phrasing(text, " ".join(said), " ".join(sorted(said)), stems, norm))
    shares = {root: count / len(texts) for root, count in held.items()}
    return _Group(position, language, tuple(phrasings), shares)


def _compare(group: _Group, question: _Question, same: str | None) -> Match:
    """Collect the signs for one group; `same` is its phrasing that equals the question, if one does."""
    asked = question.asked
    alike = []
    for number, phrasing in enumerate(group.phrasings):
        shared = sum(weight * sure * phrasing.stems.get(root, 0.0) for root, weight, sure in asked)
        words = shared / (question.norm * phrasing.norm)
        letters = fuzz.ratio(question.mended, phrasing.spelt) + fuzz.ratio(question.ordered, phrasing.ordered)
        alike.append((words + letters / 200, words, letters / 200, -number))
    alike.sort(reverse=True)
    three = alike[:3]
    best = group.phrasings[-alike[0][3]]
    held = {root: sure for root, _, sure in asked}
    signs = Signs(
        words_best=alike[0][1],
        words_mean=sum(words for _, words, _, _ in three) / len(three),
        letters_best=alike[0][2],
        letters_mean=sum(letters for _, _, letters, _ in three) / len(three),
        coverage=sum(weight * sure for root, weight, sure in asked if root in group.shares) / question.total,
        typical=sum(weight * sure * group.shares.get(root, 0.0) for root, weight, sure in asked) / question.total,
        answered=sum(weight * held.get(root, 0.0) for root, weight in best.stems.items()) / sum(best.stems.values()),
    )
    score = sum(weight * sign for weight, sign in zip(_SCORE, signs, strict=True))
    score += _KNOWN_LANGUAGE if group.language == question.language else 0.0
    return Match(group.entry, group.language, best.text if same is None else same, signs, score, same is not None)
