"""What the bot says in a help room: what somebody wrote there, for all to read → what it answers, if anything.

Rule: nothing here sees a ticket or a conversation, because what is not an input cannot come out where many people read.
Rule: when in doubt it is silent, because people talk to each other there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from helpbot.core import words
from helpbot.core.effects import Content, Literal, Marked, Strong
from helpbot.core.hours import Hours, is_open
from helpbot.core.model import Answer, Finding, Library, Zone
from helpbot.core.phrases import in_all, language_name, say

HOUR = timedelta(hours=1)  # within which words are counted
_FRESH = timedelta(minutes=15)  # a room has gone on since what is older was asked
_SURE = 0.95  # confidence with which a text that is no question by its looks is answered
_LIKELY = 0.7  # the same with which its author is offered to go on in private
_COMMANDS = ("!", "/")
_FIRST = 4  # words among which one that asks may stand
_ASKING = {  # as the first word
    "combien", "quel", "quelle", "quels", "quelles", "quoi", "what", "which", "whose", "who", "where", "when", "can",
    "could", "does", "anyone", "anybody", "is", "are",
}  # fmt: skip
_ASKING_SOON = {"comment", "pourquoi", "combien", "how", "why"}  # among the first words
_ASKING_TWO = {
    "est ce", "puis je", "dois je", "peut on", "doit on", "pouvez vous", "pourriez vous", "savez vous", "avez vous",
    "faut il", "y a", "qui peut", "qui sait", "ou est", "ou sont", "ou puis", "quand est", "do you", "do i", "do we",
    "should i", "may i", "would you",
}  # fmt: skip
_INVITED = {
    "prive", "en prive", "oui prive", "oui en prive", "oui merci", "oui svp", "oui stp", "oui s il vous plait",
    "oui s il te plait", "oui volontiers", "volontiers", "avec plaisir", "d accord", "ok", "okay", "private",
    "in private", "yes please", "yes private", "yes in private", "sure", "please", "yes thanks", "yes thank you",
}  # fmt: skip
_YES = ("🙋", "👍")
_NO = {"👎", "❌", "✖", "🙅"}
_JOINER = "\u200d"  # between the parts of one emoji: its gender


class Word(StrEnum):
    """What the bot said in a help room, and because of what."""

    ANSWERED = "answered"
    OFFERED = "offered"  # to go on in private
    ONLY = "only"  # that it cannot go on in private
    ENOUGH = "enough"  # that this person has asked often enough
    JOINED = "joined"  # help, to somebody who came


@dataclass(frozen=True, slots=True)
class Heard:
    """What somebody wrote in a help room.

    `addressed` when the bot is, `aside` when it is part of other people's talk or calls somebody else, `follows` when
    it goes on under what the bot told this person; `reachable` when the bot may open a room with them.
    """

    text: str
    written: datetime
    at: datetime
    addressed: bool = False
    aside: bool = False
    follows: bool = False
    reachable: bool = True


@dataclass(frozen=True, slots=True)
class Counts:
    """How often the bot spoke in a room within the last hour: because of that person, in all, and that it is enough."""

    person: int = 0
    room: int = 0
    enough: bool = False


@dataclass(frozen=True, slots=True)
class House:
    """All that may be known in a help room: the FAQ, the languages, the limits, and when its team is there."""

    library: Library
    languages: tuple[str, ...]
    hours: Hours
    per_person: int
    per_room: int


@dataclass(frozen=True, slots=True)
class Reply:
    """What is said there."""

    word: Word
    content: Content


def reply(heard: Heard, counts: Counts, house: House) -> Reply | None:
    """Return what is answered to somebody's words, within the limits; None for silence."""
    if not fresh(heard.written, heard.at) or counts.room >= house.per_room:
        return None
    wanted = _wanted(heard, house)
    if wanted is None or counts.person < house.per_person:
        return wanted
    return None if counts.enough else Reply(Word.ENOUGH, (Literal(in_all("public_enough", house.languages)),))


def fresh(written: datetime, at: datetime) -> bool:
    """Tell whether a room has not gone on yet since something happened there."""
    return at - written <= _FRESH


def welcome(name: str, at: datetime, counts: Counts, house: House, *, reachable: bool) -> Reply | None:
    """Return what is said to somebody who joined; None outside the hours, and beyond what one room is told an hour."""
    if not is_open(house.hours, at) or counts.room >= house.per_room:
        return None
    phrase = "public_welcome" if reachable else "public_welcome_only"
    text = "\n".join(say(phrase, language, name=name) for language in house.languages)
    return Reply(Word.JOINED, (Literal(text),))


def going(languages: tuple[str, ...]) -> Content:
    """Return what is said to somebody who wants to go on in private."""
    return (Literal(in_all("public_going", languages)),)


def accepts_by(symbol: str) -> bool:
    """Tell whether a mark on the bot's words says yes."""
    return symbol.split(_JOINER, 1)[0] in _YES


def declines_by(symbol: str) -> bool:
    """Tell whether a mark on the bot's words says no."""
    return symbol.split(_JOINER, 1)[0] in _NO


def accepts(folded: str) -> bool:
    """Tell whether words under what the bot offered say yes."""
    return words.accepted(folded) or folded in _INVITED


def _wanted(heard: Heard, house: House) -> Reply | None:
    """Return what the words call for."""
    folded = house.library.fold(heard.text)
    if heard.aside or heard.text.lstrip().startswith(_COMMANDS):
        return None
    if not any(char.isalnum() for char in folded) or words.thanked(folded) is not None:
        return None
    if words.greeted(folded) is not None:
        return _private("public_offer_person", heard, house) if heard.addressed else None
    refused = words.refused(folded)
    if refused is not None or words.accepted(folded):
        return _private("public_offer_person", heard, house, refused) if heard.follows and refused else None
    wants = words.person_wanted(folded)
    if wants is not None:
        return _private("public_offer_person", heard, house, wants)
    finding = house.library.find(heard.text, None, heard.at)
    if finding.zone is Zone.ANSWER and (asks(heard.text, folded) or heard.addressed or _confidence(finding) >= _SURE):
        answers = _answers(finding, heard, house)
        if answers is not None:
            return Reply(Word.ANSWERED, answers)
        return _private("public_offer_person", heard, house, finding.language)
    likely = finding.zone is not Zone.ESCALATE and _confidence(finding) >= _LIKELY
    if likely or heard.addressed or asks(heard.text, folded):
        return _private("public_offer", heard, house, finding.language)
    return None


def asks(text: str, folded: str) -> bool:
    """Tell whether a text is a question by its looks."""
    if "?" in text:
        return True
    first = folded.split()[:_FIRST]
    return bool(first) and (
        first[0] in _ASKING or not _ASKING_SOON.isdisjoint(first) or " ".join(first[:2]) in _ASKING_TWO
    )


def _confidence(finding: Finding) -> float:
    return finding.candidates[0].confidence if finding.candidates else 0.0


def _private(phrase: str, heard: Heard, house: House, language: str | None = None) -> Reply | None:
    """Offer to go on in private; whom the bot may not write to hears so only when they turned to it."""
    languages = (language,) if language in house.languages and language is not None else house.languages
    if heard.reachable:
        return Reply(Word.OFFERED, (Literal(in_all(phrase, languages)),))
    if not heard.addressed and words.person_wanted(house.library.fold(heard.text)) is None:
        return None
    return Reply(Word.ONLY, (Literal(in_all("public_only", languages)),))


def _answers(finding: Finding, heard: Heard, house: House) -> Content | None:
    """Return the answers, each under its title when there are several; None when one of them is for a person."""
    language = finding.language if finding.language in house.languages else None
    language = language or house.languages[0]
    asked = finding.answers or tuple(candidate.entry for candidate in finding.candidates[:1])
    found = [(entry, house.library.answer(entry, language, heard.at)) for entry in asked]
    content: Content = ()
    for number, (entry, answer) in enumerate(found, start=1):
        if answer is None or not answer.text or answer.always_escalate:
            return None
        if len(found) > 1:
            content = (*content, Strong(f"{number}. {house.library.title(entry, language) or entry}"))
        content = (*content, *_one(answer, language))
    if not content:
        return None
    return (*content, Literal(say("public_more", language))) if heard.reachable else content


def _one(answer: Answer, language: str) -> Content:
    if answer.language == language:
        return (Marked(answer.text),)
    named = language_name(answer.language, language)
    return Literal(say("only_in", language, language=named)), Marked(answer.text)
