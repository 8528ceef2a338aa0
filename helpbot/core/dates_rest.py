"""What follows a date that agents type: what they promise, or more of a date. Words come as dates.py folds them.

Rule: while no time is read, whatever is about time in the next words refuses the date, because 18:00 would be promised
in its place; after a time only what goes on with it does, so that whoever writes a time may promise in any words.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from string import punctuation

_LOOKED_AT = 6  # words
_SIGNS = punctuation + "«»“”…·•→≤≥≈–—"
_SEPARATORS = " \t\r\n\u00a0\u202f,;:.!?)-–—…·•|→>="  # between a date and what is promised
_OF_A_NUMBER = "-–."  # not separators then: "-20%"
_LIKE_A_CLOCK = re.compile(r"\d{1,2}(?:-\d{1,2})?(?::\d|h(?![a-z])|[ap]m(?![a-z]))|\d{1,4}[/-]\d{1,2}(?:[/-]|\Z)")
_OFFSET = re.compile(r"[+-]\d{2}:?\d{2}\Z")
_HALVES = ("demi", "quar", "half")
_WHOLE = {"aujourd'hui", "o'clock"}  # of other words what stands before an apostrophe is left out
_HOURS = {"h", "heure", "heures", "am", "pm", "o'clock"}
_NUMBERS = {
    "une", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze",
    "one", "two", "three", "four", "five", "seven", "eight", "nine", "ten", "eleven", "twelve",
}  # fmt: skip
_OTHER_DAYS = {
    "tonight", "ce-soir", "tues", "tue", "wed", "thu", "thur", "thurs", "fri", "lun", "ven", "weekend", "week-end",
    "apres-demain",
}  # fmt: skip
_PARTS = {
    "matin", "matinee", "soir", "soiree", "apres-midi", "aprem", "nuit", "journee", "aube", "morning", "afternoon",
    "evening", "night", "tonight", "midday", "dawn", "midi", "minuit", "noon", "midnight",
}  # fmt: skip
_WEEKS = {"semaine", "semaines", "week", "weeks"}
_NEXT = {"next", "prochain", "prochaine", "prochains", "prochaines", "suivante"}
_ABOUT_TIME = {
    *_PARTS, *_WEEKS, *_NEXT, "heure", "heures", "o'clock", "lunch", "lunchtime", "dejeuner", "tard", "latest",
    "earliest", "eod", "cob", "quinzaine", "fortnight",
}  # fmt: skip
_NOT_FIRST = {
    "ou", "or", "early", "late", "later", "tot", "environ", "past", "half", "h", "working", "business", "ouvres",
    "ouvrables", "ouvrable",
}  # fmt: skip
_DAYS = {"jour", "jours", "day", "days"}  # but not "mise à jour"
_OF_DAYS = {"of", "all", "every", "business", "working", "this", "quinze", "chaque", "ouvrable"}
_PAIRS = {("en", "huit"), ("en", "quinze"), ("a", "partir"), ("same", "time"), ("this", "time"), ("first", "thing")}
_ALSO_WORDS = {"may", "march", "jan", "mar", "dec", "sept"}  # months only beside a number, or in, of
_AT = {
    "a", "at", "by", "vers", "des", "apres", "after", "avant", "before", "around", "about", "until", "till", "entre",
    "between", "ici",
}  # fmt: skip
_ALSO_AT = {"in", "dans", "sous", "within", "le", "the", "from", "environ", "on"}  # right behind the date
_LINKS = {"le", "la", "the", "of", "du", "de", "on", "in", "en", "ce", "this", "dans", "for", "pour", "apres"}
_JOINING = {"ou", "or", "a", "to", "until", "till", "et", "and", "puis", "then"}
_ADDING = {"et", "and", "puis", "then"}  # a number behind them may be one of things
_UNITS = {*_DAYS, *_WEEKS, *_HOURS, "min", "minute", "minutes", "hour", "hours"} - {"am", "pm"}
_ZONES = {"utc", "gmt", "cest", "bst", "edt", "pst", "pdt", "cst", "cdt", "z"}
_NO_PLACE = {"a", "the", "one", "first", "any", "some", "no", "full", "in", "on"}  # "a time" is of no zone


def what(rest: str) -> str:
    """Return what is promised without the signs that part it from its date."""
    start = len(rest) - len(rest.lstrip(_SEPARATORS))
    if rest[start : start + 1].isdecimal():
        start = len(rest[:start].rstrip(_OF_A_NUMBER))
    return rest[start:].strip()


def goes_on(rest: Sequence[str], *, timed: bool, days: Collection[str], months: Collection[str]) -> bool:
    """Tell whether more of a date seems to follow one, so that what was read may be another than was meant."""
    words = [word for word in map(_bare, rest[: 2 * _LOOKED_AT]) if word][:_LOOKED_AT]
    first = words[0] if words else ""
    if first in _ADDING and any(word.startswith(_HALVES) for word in words[1:3]):
        return True
    if first in {"midi", "noon", *_HOURS, "past", "half"}:
        return True
    if timed:
        offset = next((word for word in rest if word), "")
        return bool(_OFFSET.match(offset)) or _of_the_time(words, days, months)
    return first in _NOT_FIRST or any(_about_time(words, place, days, months) for place in range(len(words)))


def _bare(word: str) -> str:
    word = word.strip(_SIGNS)
    return word if word in _WHOLE else word.rpartition("'")[2]


def _about_time(words: Sequence[str], place: int, days: Collection[str], months: Collection[str]) -> bool:
    """Tell whether the word at that place is about time."""
    word, before = words[place], words[place - 1] if place else ""
    following = words[place + 1] if place + 1 < len(words) else ""
    if word in days or word in _OTHER_DAYS or word in _ABOUT_TIME or (before, word) in _PAIRS:
        return True
    if word in months and (word not in _ALSO_WORDS or _dated(before) or following[:1].isdecimal()):
        return True
    if word in _DAYS:
        return before in _OF_DAYS or before in _NUMBERS or before[:1].isdecimal()
    at = before in _AT or (before in _ALSO_AT and place <= 2)
    if word[:1].isdecimal():
        return place == 0 or following in _HOURS or bool(_LIKE_A_CLOCK.match(word)) or (at and _may_be_one(word))
    return word in _NUMBERS and (before in _AT or following in _HOURS)


def _dated(before: str) -> bool:
    return before[:1].isdecimal() or before in {"in", "of", "en", "de"}


def _may_be_one(word: str) -> bool:
    """Tell whether a number may be a time or a day: 9, 9.30, 0930, 30th."""
    digits = re.match(r"\d*", word[:5])
    return digits is not None and (len(digits[0]) == 4 or int(digits[0] or 0) <= 31)


def _of_the_time(words: Sequence[str], days: Collection[str], months: Collection[str]) -> bool:
    """Tell whether words after a time go on with it: "or monday", "à 11h", "du soir", "next week", "UTC"."""
    first = words[0] if words else ""
    second = words[1] if len(words) > 1 else ""
    if first in _ZONES or ("time" in words[1:3] and first not in _NO_PLACE):
        return True
    if first in _JOINING:
        counted = second[:1].isdecimal() or second in _NUMBERS
        if counted and (first not in _ADDING or (len(words) > 2 and words[2] in _UNITS)):
            return True
        if any(_about_time(words, place, days, months) for place in range(1, min(4, len(words)))):
            return True
    start = next((place for place, word in enumerate(words) if word not in _LINKS), len(words))
    word, link = words[start] if start < len(words) else "", words[start - 1] if start else ""
    following = words[start + 1] if start + 1 < len(words) else ""
    if word in days or word in _OTHER_DAYS or word in _PARTS or (link, word) in _PAIRS:
        return True
    if word in _NEXT:
        return (start == 0 and not word.startswith("next")) or following in days or following in {*_WEEKS, "month"}
    if word in _WEEKS:
        return start == 0 or following in _NEXT
    if word in months and word not in _ALSO_WORDS:
        return True
    if not word[:1].isdecimal():
        return False
    if link == "le" and word.isdecimal():
        return True
    ordinal = link == "the" and not word.isdecimal() and following in {"", "of", "at"}
    return ordinal or bool(_LIKE_A_CLOCK.match(word)) or following in months
