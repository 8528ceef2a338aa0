"""What words weigh, which words people meant to write, and in which language they wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

from helpbot.answers.synonyms import meanings
from helpbot.answers.text import FUNCTION_WORDS, is_function_word, names_something, stem

_REPAIR_FROM = 4  # letters: shorter words have too many neighbours
_REPAIR_ALIKE = 0.7
_OTHER_LETTER = 0.6  # people rarely mistype the first letter: then it is more likely another word
_REPAIRS_AT_MOST = 12  # words of one question; a longer one is a story, and no few words decide it
_SEARCHES_AT_MOST = 2 * _REPAIRS_AT_MOST  # words of one message
_WITHOUT_SUBJECT = 6  # words: a longer question names something in some way ("what will it cost to go to the US")
_FUNCTION_WEIGHT = 0.12
_NUMBER_WEIGHT = 0.3  # of a number that no entry holds: an amount, a date, a telephone number


Repairs = dict[str, tuple[str, float] | None]  # unknown word → the FAQ's word that was meant, and how sure that is


class Word(NamedTuple):
    """A word of a question, as the FAQ knows it."""

    stem: str
    weight: float
    sure: float  # 1, or how alike a repaired word is; 0 when no entry knows it


@dataclass(frozen=True, slots=True)
class Question:
    """A question made ready for comparison; `mended` are its words after repair, `sure` is how sure each stem is."""

    asked: tuple[Word, ...]
    mended: tuple[str, ...]
    repairs: tuple[tuple[str, str], ...]
    total: float  # weight of all its words
    spelt: str
    ordered: str
    sure: Mapping[str, float]
    marks: frozenset[str]  # its meanings, see `synonyms`
    subject: bool  # whether it says what it is about


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of a FAQ; `groups` are its entries in each of their languages, `weights` are by stem."""

    groups: int
    weights: Mapping[str, float]
    by_length: Mapping[int, tuple[str, ...]]
    spoken: Mapping[str, frozenset[str]]  # language → its words

    @classmethod
    def build(cls, groups: Sequence[tuple[str, Sequence[Sequence[str]]]]) -> Vocabulary:
        """Learn the words of groups of phrasings, each with its language."""
        spoken: dict[str, set[str]] = {language: set(words) for language, words in FUNCTION_WORDS.items()}
        holders: dict[str, int] = {}
        for language, phrasings in groups:
            spoken.setdefault(language, set()).update(word for said in phrasings for word in said)
            for root in {stem(word) for said in phrasings for word in said}:
                holders[root] = holders.get(root, 0) + 1
        return cls(
            groups=len(groups),
            weights={root: _weight(root, len(groups), held) for root, held in holders.items()},
            by_length=_by_length(word for _, phrasings in groups for said in phrasings for word in said),
            spoken={language: frozenset(words) for language, words in spoken.items()},
        )

    def read(self, said: list[str], language: str | None = None, known: Repairs | None = None) -> Question:
        """Weigh a question's words, mending those that no entry knows; `language` is what they seem to be in.

        `known` are repairs of the same message, and gets more of them up to a limit, for each takes a search.
        """
        asked: dict[str, Word] = {}
        mended: list[str] = []
        repairs: Repairs = {}
        known = {} if known is None else known
        for word in said:
            root, meant, sure = stem(word), word, 1.0
            if root not in self.weights:
                if word not in repairs and len(repairs) < _REPAIRS_AT_MOST:
                    if word not in known and len(known) < _SEARCHES_AT_MOST:
                        known[word] = self._nearest(word)
                    repairs[word] = known.get(word)
                meant, sure = repairs.get(word) or (word, 0.0)
                root = stem(meant)
            mended.append(meant)
            if root not in asked or asked[root].sure < sure:
                weight = self.weights.get(root) or _weight(root, self.groups, 0, language)
                asked[root] = Word(root, weight, sure)
        mends = tuple((word, repair[0]) for word, repair in repairs.items() if repair is not None)
        return Question(
            asked=tuple(asked.values()),
            mended=tuple(mended),
            repairs=mends,
            total=sum(word.weight for word in asked.values()),
            spelt=" ".join(mended),
            ordered=" ".join(sorted(mended)),
            sure={word.stem: word.sure for word in asked.values()},
            marks=frozenset(meanings(asked)),
            subject=len(asked) > _WITHOUT_SUBJECT or any(map(names_something, asked)),
        )

    def _nearest(self, word: str) -> tuple[str, float] | None:
        """Return the FAQ's word that an unknown word was probably meant to be, and how sure that is."""
        if len(word) < _REPAIR_FROM or is_function_word(word) or not word.isalpha():
            return None
        found: tuple[str, float] | None = None
        for length in (len(word), len(word) + 1, len(word) - 1, len(word) + 2, len(word) - 2):
            near = process.extractOne(
                word,
                self.by_length.get(length, ()),
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

    def language(self, plain: list[str]) -> tuple[str | None, int]:
        """Return the language that most words belong to, and by how many words it leads; None when none leads."""
        heard = {language: sum(word in words for word in plain) for language, words in self.spoken.items()}
        first, second, *_ = sorted(heard.values(), reverse=True)
        told = max(heard, key=lambda language: heard[language]) if first > second else None
        return told, first - second


def _weight(root: str, groups: int, holders: int, language: str | None = None) -> float:
    """Return how much a word says: the fewer groups hold it, the more. `car` says little in French only."""
    rarity = log(1 + (groups + 1) / (holders + 0.5))
    if is_function_word(root, language):
        return _FUNCTION_WEIGHT * rarity
    return _NUMBER_WEIGHT * rarity if holders == 0 and not root.isalpha() else rarity


def _by_length(words: Iterable[str]) -> dict[int, tuple[str, ...]]:
    """Return the words that a repair may lead to, each once, by length."""
    lengths: dict[int, dict[str, None]] = {}
    for word in words:
        if len(word) >= _REPAIR_FROM - 2 and word.isalpha() and not is_function_word(word):
            lengths.setdefault(len(word), {})[word] = None
    return {length: tuple(kept) for length, kept in lengths.items()}
