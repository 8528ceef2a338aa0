"""Short words that a customer says to the bot itself: a person please, the second one, no, hello, thanks.

All functions take text as `Library.fold` gives it: lower case, no accents, words parted by single spaces.
"""

from __future__ import annotations

from enum import Enum

from helpbot.core.status_words import ABOUT, AFTER, BEFORE, EITHER, NEWS, NUMBER, NUMBERED, PLEASE, WHOLE
from helpbot.core.variants import variants

_PERSON = {
    "fr": {"humain", "humaine", "humains"},
    "en": {"human", "humans"},
}
_PERSON_ALONE = {  # with nothing round it but politeness
    "fr": {
        "personne", "une personne", "une vraie personne", "quelqu un", "un vrai humain", "service client",
        "rappelez moi", "aide humaine",
    } | variants(
        "un|le|- -|vrai|autre conseiller|operateur|technicien -|humain", "un|l -|vrai|autre agent -|humain",
        "une|la|- -|vraie|autre conseillere|operatrice|technicienne -|humaine",
        "-|un|une conseiller|conseillere client|clientele",
    ),
    "en": {"person", "a person", "a real person", "real person", "someone", "somebody", "customer service"}
    | variants("-|a|an|the -|real|live|other|customer_service adviser|advisor|agent|operator|representative|rep")
    | variants("another adviser|advisor|agent|operator|representative|rep"),
}  # fmt: skip
_TALKING = {
    "fr": {"parler", "parle", "joindre", "contacter", "discuter", "passez", "passer"},
    "en": {"speak", "talk", "talking", "contact", "reach", "transfer", "connect", "chat"},
}
_WANTING = {
    "fr": {"veux", "voudrais", "voulons", "souhaite", "besoin", "avoir"},
    "en": {"want", "need", "get", "like"},
}
_SOMEBODY = {"fr": {"quelqu", "interlocuteur"}, "en": {"someone", "somebody"}}  # after talking alone
_STAFF = {
    "fr": {"personne", "conseiller", "conseillere", "operateur", "operatrice", "agent"},
    "en": {"person", "agent", "operator", "representative", "advisor", "adviser", "rep"},
}
_UNWANTED = (
    "veux pas", "voudrais pas", "souhaite pas", "pas besoin", "pas envie", "don t want", "do not want", "not want",
    "don t need", "do not need", "no need",
)  # fmt: skip
_TO_TALK = {
    "parler", "a", "au", "aux", "un", "une", "d", "de", "l", "avec", "discuter", "contacter", "joindre", "etre", "mis",
    "en", "relation", "avoir", "vrai", "to", "talk", "speak", "with", "an", "any", "the", "contact", "reach", "real",
}  # fmt: skip
_OF_SOMETHING = {"verification", "resource", "resources", "ressource", "ressources", "error", "erreur", "rights"}
_FAR_AWAY = {"abroad", "overseas", "etranger"}  # whom she calls there is nobody of ours
_DOING = {  # to a person, which is no call for one
    "add", "adding", "remove", "register", "declare", "insure", "pay", "change", "replace", "ajouter", "rajouter",
    "retirer", "enlever", "inscrire", "declarer", "assurer", "payer", "changer", "remplacer", "prevenir",
}  # fmt: skip
_NEAR = 4  # words between "talk" and "somebody"
_LONG = 14  # words: beyond, "human" is part of a story and not a call

_NO = {
    "fr": {
        "non", "nan", "non merci", "non pas ca", "pas ca", "ce n est pas ca", "c est pas ca", "non ce n est pas ca",
        "non c est pas ca", "aucun", "aucune", "aucun des trois", "aucun des deux", "ni l un ni l autre",
        "rien de tout ca",
        "non rien de tout ca", "non ca ne repond pas", "ca ne repond pas", "ca ne m aide pas", "ca m aide pas",
        "non ca ne m aide pas", "ca ne marche pas", "non ca ne marche pas", "autre chose", "non autre chose",
    },
    "en": {
        "no", "nope", "nah", "no thanks", "no thank you", "not that", "no not that", "none", "none of them",
        "none of these", "none of those", "neither", "that s not it", "no that s not it", "that is not it",
        "that did not help", "that didn t help", "no that did not help", "no that didn t help", "not helpful",
        "it did not help", "it didn t help", "something else", "no something else",
    },
}  # fmt: skip
_YES = {
    "fr": {"oui", "ouais", "oui c est ca", "c est ca", "exact", "exactement"},
    "en": {"yes", "yep", "yeah", "that s it", "yes that s it", "correct"},
}
_NUMBERS = {
    "1": 1, "un": 1, "une": 1, "premier": 1, "premiere": 1, "1er": 1, "1ere": 1, "one": 1, "first": 1, "1st": 1,
    "2": 2, "deux": 2, "deuxieme": 2, "second": 2, "seconde": 2, "2e": 2, "2eme": 2, "two": 2, "2nd": 2,
    "3": 3, "trois": 3, "troisieme": 3, "3e": 3, "3eme": 3, "three": 3, "third": 3, "3rd": 3, "dernier": -1,
    "derniere": -1, "last": -1,
}  # fmt: skip
_FILLERS = {"le", "la", "l", "numero", "n", "num", "option", "choix", "reponse", "question", "c", "est", "ce", "sera",
            "plutot", "the", "number", "choice", "it", "is", "s", "oui", "yes", "svp", "please", "stp"}  # fmt: skip

_BEFORE = BEFORE["fr"] | BEFORE["en"]
_FRENCH = {word for phrase in BEFORE["fr"] for word in phrase.split()}
_FRENCH = _FRENCH - {word for phrase in BEFORE["en"] for word in phrase.split()} | {"merci", "svp", "stp", "plait"}
_LONGEST_POLITE = 7  # words
_MOST_ROUND = 40  # words: beyond, it is no mere question
_ZONE = {  # what stands before one
    "fr": {
        "fuseau", "fuseau horaire", "mon fuseau", "mon fuseau horaire", "mon fuseau est", "mon fuseau horaire est",
        "le fuseau", "le fuseau horaire est", "fuseau horaire est",
    },
    "en": {
        "timezone", "time zone", "my timezone", "my time zone", "my timezone is", "my time zone is", "timezone is",
        "time zone is", "timezone =",
    },
    "either": {"tz", "tz ="},
}  # fmt: skip
_LONGEST_ZONE = 100  # characters of a message that names a time zone
_LONGEST_BEFORE = max(len(phrase.split()) for phrases in _ZONE.values() for phrase in phrases)  # words
_QUESTIONS = "-|petite|autre|petites|autres|d_autres|simple question|questions"
_WISH = "je_peux|puis_je|pourrais_je|est_ce_que_je_peux|je_voudrais|j_aimerais|je_souhaite|j_ai"
_QUESTIONS_EN = "-|quick|small|simple|short|other|more|further question|questions|enquiry|query"
_A = "a|an|one|two|some|another|a_few|a_couple_of|one_more"
_ANNOUNCED = {  # that a question comes, and not which
    "fr": variants(
        f"-|j_ai|j_aurais|j_avais -|juste|encore|aussi une|deux|des|quelques|plusieurs|d {_QUESTIONS}",
        "petite|autre|autres question|questions", f"{_WISH} -|vous|te|a poser une|des|quelques {_QUESTIONS}",
        f"{_WISH} -|vous|te|a|a_vous demander quelque_chose|un_truc",
        f"{_WISH}|j_ai_besoin_d|- un|une|des|quelques renseignement|renseignements|information|informations|info|infos",
    ),
    "en": variants(
        f"-|i_have|i_ve_got|i_ve|i_got|i_had|have|got|there_is -|just|also {_A} {_QUESTIONS_EN}",
        "quick|small|another|other question|questions", "i_ve_got|i_have|have|got questions",
        f"can|could|may|might i -|just ask -|you -|{_A} {_QUESTIONS_EN}",
        f"i|i_d|we want|like|wanted|need|would_like to_ask -|you -|{_A} {_QUESTIONS_EN}|something",
        "can|could|may|might i -|just ask -|you something", "i|i_d|we want|need|would_like|like some information|info",
    ),
}  # fmt: skip
_HELLO = {
    "fr": {"bonjour", "bonsoir", "salut", "coucou", "bjr", "bsr", "slt", "rebonjour"},
    "en": {"hello", "hi", "hey", "hiya", "greetings", "morning", "afternoon", "evening"},
}
_THANKS = {
    "fr": {"merci", "mrc", "parfait", "super", "genial", "nickel", "top", "revoir", "d accord", "accord"},
    "en": {"thanks", "thank", "thx", "ty", "cheers", "great", "perfect", "awesome", "bye", "goodbye", "ok", "okay"},
}
_GRATEFUL = {"merci", "mrc", "thanks", "thank", "thx", "ty", "cheers", "revoir", "bye", "goodbye"}
_AROUND = {
    "a", "tous", "toutes", "madame", "monsieur", "mesdames", "messieurs", "ca", "va", "bien", "vous", "toi", "good",
    "there", "all", "everyone", "beaucoup", "bcp", "infiniment", "pour", "votre", "ton", "aide", "et", "au", "bonne",
    "journee", "soiree", "you", "so", "very", "much", "lot", "for", "your", "help", "the", "that", "is", "nice",
    "day", "c", "est", "tout", "mille", "fois", "encore", "again", "d", "merci", "robot", "bot", "how", "are",
}  # fmt: skip


class Mark(Enum):
    """What a mark alone means to the bot, as a message or as a reaction."""

    PERSON = "🙋"
    NO = "👎"


_MEANT: dict[str, Mark | int] = {"🙋": Mark.PERSON, "👎": Mark.NO, "❌": Mark.NO, "1⃣": 1, "2⃣": 2, "3⃣": 3}
_SKINS_AND_VARIANTS = dict.fromkeys([*range(0x1F3FB, 0x1F400), 0xFE0E, 0xFE0F])
_GENDERS = ("\u200d♀", "\u200d♂")
_LONGEST_MARK = 16  # code points


def mark_meant(text: str) -> Mark | int | None:
    """Return what a mark of hers means: a person please, no, or the number of a choice; the text is not folded."""
    plain = text.strip() if len(text) <= _LONGEST_MARK else ""
    plain = plain.translate(_SKINS_AND_VARIANTS)
    for gender in _GENDERS:
        plain = plain.removesuffix(gender)
    return _MEANT.get(plain)


def wants_person(text: str, folded: str) -> bool:
    """Tell whether a person is asked for, in words or by a mark alone."""
    return person_wanted(folded) is not None or mark_meant(text) is Mark.PERSON


def person_wanted(folded: str) -> str | None:
    """Return the language in which a person is asked for, or None when none is."""
    words = folded.split()
    if _declined(words):
        return None
    alone = _called_alone(folded)
    if alone is not None:
        return alone
    for language in ("fr", "en"):
        if len(words) <= _LONG and set(words) & _PERSON[language] and not _OF_SOMETHING & set(words):
            return language
        if any(_called(words[place:], language) for place in range(len(words))):
            return language
    return None


def _called_alone(folded: str) -> str | None:
    """Return the language of words that name a person and nothing else: "an adviser please"; both say "agent"."""
    said = _bare(folded)
    language = next((language for language, phrases in _PERSON_ALONE.items() if said & phrases), None)
    return "fr" if language is not None and _FRENCH & set(folded.split()) else language


def _called(words: list[str], language: str) -> bool:
    """Tell whether these words begin with a call for a person: "talk to somebody", "want a person"."""
    first, near = words[0], words[1 : 1 + _NEAR]
    staff = _STAFF[language] | _PERSON[language]
    if first in _TALKING[language] and set(near) & (staff | _SOMEBODY[language]):
        return not _FAR_AWAY & set(words)
    place = next((place for place, word in enumerate(near) if word in staff), None)
    about = _DOING & set(near[:place]) or _OF_SOMETHING & set(words)
    return first in _WANTING[language] and place is not None and not about


def _declined(words: list[str]) -> bool:
    """Tell whether a person is what she does not want; "no robot, a human" wants one."""
    plain = f" {' '.join(words)} "
    for unwanted in _UNWANTED:
        _, found, after = plain.partition(f" {unwanted} ")
        somebody = _STAFF["fr"] | _STAFF["en"] | _PERSON["fr"] | _PERSON["en"]
        between = after.split()[: 2 * _NEAR]
        place = next((place for place, word in enumerate(between) if word in somebody), None)
        if found and place is not None and set(between[:place]) <= _TO_TALK:
            return True
    return False


def refused(folded: str) -> str | None:
    """Return the language of a "no", or None when it is none."""
    return next((language for language, texts in _NO.items() if folded in texts), None)


def status_asked(folded: str) -> str | None:
    """Return the language in which she asks how her ticket stands, or None when she does not or says more."""
    words = _unnumbered(f" {folded} ")
    if len(words) > _MOST_ROUND:
        return None
    starts, ends = _around(words)
    for language in ("fr", "en"):
        for start in starts:
            for end in ends:
                asked = words[start:end]
                if start < end and _asks_status(asked, language):
                    french = " ".join(asked) in EITHER and _FRENCH & set(folded.split())
                    return "fr" if french else language
    return None


def _asks_status(words: list[str], language: str) -> bool:
    """Tell whether the words are a question for the state of a ticket, and nothing else."""
    if " ".join(words) in WHOLE[language]:
        return True
    parts = ((" ".join(words[:cut]), " ".join(words[cut:])) for cut in range(1, len(words) + 1))
    return any(asked in NEWS[language] and about in ABOUT[language] for asked, about in parts)


def _around(words: list[str]) -> tuple[list[int], list[int]]:
    """Return where a question may begin and end when what stands before and after it is only politeness."""
    starts, ends, most = [0], [len(words)], len(words)
    for start in range(most):
        if start in starts:
            stops = range(start + 1, min(start + _LONGEST_POLITE, most) + 1)
            starts += [stop for stop in stops if " ".join(words[start:stop]) in _BEFORE and stop not in starts]
    for end in range(most, 0, -1):
        if end in ends:
            begins = range(max(end - _LONGEST_POLITE, 0), end)
            ends += [begin for begin in begins if " ".join(words[begin:end]) in AFTER and begin not in ends]
    return starts, ends


def _bare(folded: str) -> set[str]:
    """Return what short words may come to without the politeness round them; nothing when there are many."""
    words = _unnumbered(f" {folded} ")
    if len(words) > _LONG:
        return set()
    starts, ends = _around(words)
    return {" ".join(words[start:end]) for start in starts for end in ends if start < end}


def _unnumbered(text: str) -> list[str]:
    """Return the words without "please", and without the number of a ticket."""
    for please in PLEASE:
        text = text.replace(f" {please} ", " ")
    words = text.split()
    for place, word in enumerate(words):
        named = place > 0 and words[place - 1] in NUMBERED
        if word.isdecimal() and (named or place in {0, len(words) - 1}):
            left = words[: place - 1 if named and words[place - 1] in NUMBER else place]
            return [*left, *words[place + 1 :]]
    return words


def zone_told(text: str) -> tuple[str, str, str] | None:
    """Return what she names as her time zone ("fuseau Europe/Paris"), what follows it, and the language that this is.

    The text is not folded; the language is "either" for what both languages say.
    """
    words = text.replace(":", " ").split() if len(text) <= _LONGEST_ZONE else []
    for cut in range(min(len(words) - 1, _LONGEST_BEFORE), 0, -1):
        before = " ".join(words[:cut]).casefold()
        language = next((language for language, phrases in _ZONE.items() if before in phrases), None)
        if language is not None:
            name = words[cut].strip(".,;!?()\"'«»“”")
            return (name, " ".join(words[cut + 1 :]), language) if name else None
    return None


def only_polite(folded: str) -> bool:
    """Tell whether this is mere politeness, as it stands at the end of a message, or nothing at all."""
    _, ends = _around(_unnumbered(f" {folded} "))
    return 0 in ends


def accepted(folded: str) -> bool:
    """Tell whether this is a bare "yes"."""
    return any(folded in texts for texts in _YES.values())


def chosen(folded: str, titles: tuple[str, ...]) -> int | None:
    """Return the index of the title that is meant by a number or by its words, or None.

    `titles` are folded as well.
    """
    if folded in titles:
        return titles.index(folded)
    words = folded.split()
    rest = [word for word in words if word not in _FILLERS]
    if len(rest) == 2 and rest[1] == "one":
        rest = rest[:1]
    if len(rest) == 1 and rest[0] in _NUMBERS:
        number = _NUMBERS[rest[0]]
        number = len(titles) if number == -1 else number
        return number - 1 if 1 <= number <= len(titles) else None
    if rest and any(len(word) >= 3 for word in rest):
        holding = [index for index, title in enumerate(titles) if set(rest) <= set(title.split())]
        return holding[0] if len(holding) == 1 else None
    return None


def is_number(folded: str) -> bool:
    """Tell whether this is a bare number or "the second", whatever it counts."""
    rest = [word for word in folded.split() if word not in _FILLERS]
    rest = rest[:1] if len(rest) == 2 and rest[1] == "one" else rest
    return len(rest) == 1 and (rest[0].isdecimal() or rest[0] in _NUMBERS)


def announced(folded: str) -> str | None:
    """Return the language of words that say no more than that a question comes ("I have a question"), or None."""
    said = _bare(folded)
    return next((language for language, phrases in _ANNOUNCED.items() if said & phrases), None)


def greeted(folded: str) -> str | None:
    """Return the language of a greeting that says nothing else, or None."""
    return _only(folded, _HELLO)


def thanked(folded: str) -> str | None:
    """Return the language of thanks or a farewell that say nothing else, or None."""
    return _only(folded, _THANKS)


def grateful(text: str, folded: str) -> bool:
    """Tell whether these are thanks or a farewell that say nothing else and ask nothing: "ok" may be an answer."""
    return "?" not in text and thanked(folded) is not None and not _GRATEFUL.isdisjoint(folded.split())


def _only(folded: str, vocabulary: dict[str, set[str]]) -> str | None:
    words = folded.split()
    if not words or len(words) > 8:
        return None
    known = set().union(*_HELLO.values(), *_THANKS.values(), _AROUND)
    if not set(words) <= known:
        return None
    return next((language for language, heard in vocabulary.items() if set(words) & heard), None)
