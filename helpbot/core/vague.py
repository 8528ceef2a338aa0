"""Whether an agent's words are vague about time.

Rule: an exception excuses only a vague word that it contains and is longer than, because what an admin lists is meant.
Rule: a bound behind a vague word in its sentence excuses it ("as soon as possible, by Friday"), for that says when.
"""

from __future__ import annotations

from collections.abc import Iterator

from helpbot.core.model import Desk, Library
from helpbot.core.vague_words import BOUNDS, NOT_VAGUE

_CHUNK = 900  # characters that are folded at once, for a library folds no more than about a thousand
_MOST = 36_000  # characters that are looked at
_ENDS = (".", "!", "?", "…")  # of a sentence, when nothing follows them in the word


def vague_word(text: str, desk: Desk) -> str | None:
    """Return the first of the desk's vague words that stands in the text and is not excused there, as it is listed."""
    said = [sentence.split() for sentence in _sentences(text, desk.library)]
    whole = _joined(said)
    found = [word for word in desk.vague if f" {word} " in whole]
    if not found:
        return None
    plain = [["#" if word[0].isdecimal() else word for word in sentence] for sentence in said]
    whole = _joined(plain)
    bounds = [phrase for phrase in BOUNDS if f" {phrase} " in whole]
    phrases = [phrase for phrase in NOT_VAGUE if f" {phrase} " in whole]
    for word in found:
        excuses = [phrase for phrase in phrases if f" {word} " in f" {phrase} " and phrase != word]
        for sentence, hidden in zip(said, plain, strict=True):
            places = list(_places(word, sentence))
            if not places:
                continue
            bound = max((start for phrase in bounds for start, _ in _places(phrase, hidden)), default=0)
            if any(last > bound and not _excused(first, last, hidden, excuses) for first, last in places):
                return desk.vague[word]
    return None


def _joined(sentences: list[list[str]]) -> str:
    return " | ".join(f" {' '.join(sentence)} " for sentence in sentences)


def _excused(first: int, last: int, words: list[str], excuses: list[str]) -> bool:
    """Tell whether a longer phrase stands round this place."""
    for phrase in excuses:
        wanted = phrase.split()
        for start in range(max(0, last - len(wanted)), first + 1):
            if words[start : start + len(wanted)] == wanted:
                return True
    return False


def _places(phrase: str, words: list[str]) -> Iterator[tuple[int, int]]:
    """Yield where the phrase stands among the words: the first one, and the one after its last."""
    wanted = phrase.split()
    first = -1
    for _ in range(words.count(wanted[0])):
        first = words.index(wanted[0], first + 1)
        if words[first : first + len(wanted)] == wanted:
            yield first, first + len(wanted)


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
