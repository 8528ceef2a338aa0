"""Whether an agent's words are vague about time.

Rule: an exception excuses only a vague word that it contains and is longer than, because what an admin lists is meant.
Rule: a bound behind a vague word in its sentence excuses it ("as soon as possible, by Friday"), for that says when.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from helpbot.core.model import Desk, Library
from helpbot.core.vague_words import BOUNDS, NOT_VAGUE

_CHUNK = 900  # characters that are folded at once, for a library folds no more than about a thousand
_MOST = 36_000  # characters that are looked at
_MOST_PLACES = 300  # that are looked at for an excuse; who says it more often than that is held back
_ENDS = (".", "!", "?", "…")  # of a sentence, when nothing follows them in the word
_LONGEST = max(len(phrase.split()) for phrase in NOT_VAGUE)
_Lengths = dict[str, set[int]]  # how many words the phrases have that begin with one


def vague_word(text: str, desk: Desk) -> str | None:
    """Return the first of the desk's vague words that stands in the text and is not excused there, as it is listed."""
    listed, looked = _lengths(desk.vague), 0
    found: dict[str, list[tuple[int, int, _Sentence]]] = {}
    for words in (sentence.split() for sentence in _sentences(text, desk.library)):
        sentence: _Sentence | None = None
        for first, last in _places(words, desk.vague, listed):
            sentence = sentence or _Sentence(words)
            found.setdefault(" ".join(words[first:last]), []).append((first, last, sentence))
    for word in desk.vague:
        for first, last, sentence in found.get(word, ()):
            looked += 1
            if looked > _MOST_PLACES or not (last <= sentence.bound or _excused(first, last, word, sentence.hidden)):
                return desk.vague[word]
    return None


class _Sentence:
    """A sentence in which a vague word stands: its words with # for numbers, and where its last bound begins."""

    def __init__(self, words: Sequence[str]) -> None:
        self.hidden = ["#" if word[0].isdecimal() else word for word in words]
        self.bound = max((first for first, _ in _places(self.hidden, BOUNDS, _BOUND_LENGTHS)), default=0)


def _excused(first: int, last: int, word: str, words: Sequence[str]) -> bool:
    """Tell whether a longer phrase stands round this place."""
    for start in range(max(0, last - _LONGEST), first + 1):
        for end in range(last, min(start + _LONGEST, len(words)) + 1):
            phrase = " ".join(words[start:end])
            if phrase in NOT_VAGUE and phrase != word and f" {word} " in f" {phrase} ":
                return True
    return False


def _places(words: Sequence[str], phrases: Collection[str], lengths: _Lengths) -> Iterator[tuple[int, int]]:
    """Yield where one of the phrases stands among the words: its first one, and the one after its last."""
    for first, word in enumerate(words):
        for length in lengths.get(word, ()):
            if first + length <= len(words) and " ".join(words[first : first + length]) in phrases:
                yield first, first + length


def _lengths(phrases: Collection[str]) -> _Lengths:
    found: _Lengths = {}
    for words in map(str.split, phrases):
        if words:
            found.setdefault(words[0], set()).add(len(words))
    return found


_BOUND_LENGTHS = _lengths(BOUNDS)


def _sentences(text: str, library: Library) -> Iterator[str]:
    """Yield the sentences of the text, folded; an exception does not reach from one into the next."""
    sentence: list[str] = []
    for word in text[:_MOST].split():
        sentence.append(word)
        if word.endswith(_ENDS):
            yield _folded(" ".join(sentence), library)
            sentence = []
    yield _folded(" ".join(sentence), library)


def _folded(sentence: str, library: Library) -> str:
    """Return the whole sentence folded, piece by piece, each cut between words where that can be."""
    pieces: list[str] = []
    while sentence:
        cut = len(sentence) if len(sentence) <= _CHUNK else sentence.rfind(" ", 1, _CHUNK)
        cut = _CHUNK if cut < 0 else cut
        pieces.append(library.fold(sentence[:cut]))
        sentence = sentence[cut:].strip()
    return " ".join(piece for piece in pieces if piece)
