"""A message taken apart: what is only temper, waiting or politeness, and what are questions of their own.

Rule: nothing is left out unless something else was said: a message that is all temper stays whole, for the FAQ may know
what to say to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from helpbot.answers.text import LONGEST, is_courtesy, is_function_word, listed, spelt_out, stem, words

_PARTS_AT_MOST = 12
_ENDS = frozenset(".!?;…\n")
_PAUSES = _ENDS | frozenset(",:()–—")
_TIGHT = frozenset("?!;…,")  # these end something between two letters, too
_JOINTS = (
    " et aussi ",
    " ainsi que ",
    " et ",
    " and also ",
    " as well as ",
    " and ",
    " par ailleurs ",
    " sinon ",
    " also ",
)
_FOLLOWING = (
    "et ", "mais ", "ou ", "et si ", "dans ce cas ", "du coup ", "c est ", "ca ",
    "and ", "but ", "or ", "what about ", "how about ", "what if ", "is it ", "is that ", "it ", "that ",
)  # fmt: skip
_SHORT = 3  # words that carry meaning: with more of them a question stands by itself
_ASKING = listed(
    "combien comment pourquoi quand quel quelle quels quelles qui quoi ou est peut puis "
    "how why when what which who where can could is are do does may"
)

# What people say about their day before they say what they want, by stem.
_NOISE = frozenset(
    map(
        stem,
        listed(
            "degoute degoutee enerve enervee agace agacee marre ras bol inadmissible inacceptable scandaleux scandale "
            "honteux honte lamentable nul nulle decu decue furieux furieuse colere patience patienter attendre attente "
            "heure heures jour jours semaine semaines mois fois appeler rappeler contacter ecrire reponse repondre "
            "serieux serieusement franchement honnetement aider aidez aide journee soiree avance fidele fatigue "
            "fatiguee desespere desesperee espere comprendre comprends expliquer plusieurs deuxieme troisieme dernier "
            "annoyed angry upset furious disgusted fed tired sick frustrated frustrating disappointed ridiculous "
            "unacceptable shame joke terrible awful horrible time times first second third call called calling wait "
            "waiting waited hour hours day days week weeks month months year years answer answered reply respond help "
            "seriously honestly loyal understand explain hope advance several nobody"
        ),
    )
)


def without_noise(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the text without the clauses that are only temper, waiting or politeness, and those clauses."""
    text = text[:LONGEST]
    if _PAUSES.isdisjoint(text):
        return text, ()
    clauses = list(_split(text, _PAUSES.__contains__))
    noise = tuple(clause for clause in clauses if _is_noise(clause))
    if not noise or len(noise) == len(clauses):
        return text, ()
    return ", ".join(clause for clause in clauses if clause not in noise), noise


def questions(text: str) -> tuple[str, ...]:
    """Return the parts of a text that may be questions of their own; none when it is one, or a whole letter."""
    parts = _parts(text)
    return parts if 1 < len(parts) <= _PARTS_AT_MOST else ()


def is_letter(text: str) -> bool:
    """Tell whether a text has more parts than there are questions in one message: a person has to read it."""
    return len(_parts(text)) > _PARTS_AT_MOST


def asks(part: str) -> bool:
    """Tell whether a part of a text looks like a question, and not like a story."""
    return "?" in part or any(word in _ASKING for word in words(part)[:1])


def follows(text: str) -> bool:
    """Tell whether a text may go on from the question before it: short, or beginning as if there were one."""
    plain = " ".join(words(text)) + " "
    content = len(_content(text))
    return content < _SHORT or (content <= 2 * _SHORT and plain.startswith(_FOLLOWING))


def _parts(text: str) -> tuple[str, ...]:
    found: list[str] = []
    text = text[:LONGEST]
    for sentence in _split(text, _ENDS.__contains__) if not _ENDS.isdisjoint(text) else [text]:
        found += _unjoined(sentence)
    return tuple(part for part in found if _content(part)) if len(found) > 1 else ()


def _split(text: str, ends: Callable[[str], bool]) -> Iterator[str]:
    """Yield the pieces between the signs that end one; one between two digits ends nothing."""
    begin = 0
    for at, char in enumerate(text):
        if not ends(char):
            continue
        after = text[at + 1 : at + 2]
        if char != "\n" and after and not after.isspace() and not ends(after) and not _between_words(text, at):
            continue
        piece = text[begin : at + 1].strip()
        begin = at + 1
        if words(piece):
            yield piece
    if words(text[begin:]):
        yield text[begin:].strip()


def _between_words(text: str, at: int) -> bool:
    """Tell whether a sign stands between two words with no space, and in no address."""
    before = text[:at].split(None)[-1:] or [""]
    return (
        text[at] in _TIGHT
        and text[at + 1].isalpha()
        and text[at - 1 : at].isalpha()
        and not any(sign in before[0] for sign in "/.@")
    )


def _unjoined(sentence: str) -> list[str]:
    """Return the sides of the first word that joins two questions, if each says something."""
    folded = f" {sentence.casefold()} "
    if not any(joint in folded for joint in _JOINTS):
        return [sentence]
    plain = f" {' '.join(words(sentence))} "
    for joint in _JOINTS:
        first, found, second = plain.partition(joint)
        if found and len(_content(first)) > 1 and len(_content(second)) > 1:
            asked = "?" if "?" in sentence else ""
            return [first.strip(), f"{second.strip()}{asked}"]
    return [sentence]


def _content(text: str) -> list[str]:
    return [word for word in spelt_out(words(text)) if not is_function_word(word)]


def _is_noise(clause: str) -> bool:
    said = spelt_out(words(clause))
    content = [word for word in said if not is_function_word(word) and not word.isdecimal()]
    if not content:
        return all(map(is_courtesy, said))
    return not asks(clause) and all(stem(word) in _NOISE for word in content)
