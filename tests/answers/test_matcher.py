"""Entries ranked by what a question shares with them."""

from __future__ import annotations

from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpbot.answers.confidence import weigh
from helpbot.answers.entries import Faq, FaqEntry
from helpbot.answers.matcher import Index

ENTRIES: dict[str, dict[str, tuple[str, ...]]] = {
    "puk": ({"fr": ("mon code PUK est bloqué",), "en": ("my PUK code is blocked",)}),
    "bill": ({"fr": ("où trouver ma facture", "télécharger ma facture"), "en": ("where do I find my invoice",)}),
    "move": ({"fr": ("je déménage le mois prochain",), "en": ("I am moving to another address",)}),
    "speed": ({"fr": ("ma connexion internet est lente",), "en": ("my internet connection is slow",)}),
}
FAQ = Faq(tuple(FaqEntry(name, questions, {"fr": name}) for name, questions in ENTRIES.items()))
INDEX = Index.build(FAQ)


def best(question: str, language: str | None = None) -> str | None:
    found = ranked(INDEX, question, language)
    return FAQ.entries[found[0]].id if found else None


def ranked(index: Index, question: str, language: str | None = None) -> list[int]:
    return [match.entry for match in weigh(index.score(question, language))[0]]


@pytest.mark.parametrize(
    ("question", "entry"),
    [
        ("g bloké mon puk", "puk"),
        ("télécharjer la factrue", "bill"),
        ("invoices", "bill"),
        ("conection internet tres lente", "speed"),
        ("I moved, my adress changes", "move"),
        ("bonjour je vais demenager svp", "move"),
    ],
)
def test_misspelt_and_inflected_questions_find_their_entry(question: str, entry: str) -> None:
    assert best(question) == entry


def test_an_unknown_word_is_mended_to_the_nearest_known_one() -> None:
    assert ("factrue", "facture") in INDEX.score("ma factrue").repairs


def test_short_unknown_and_far_words_are_left_alone() -> None:
    assert INDEX.score("pku xylophone 12345").repairs == ()


def test_a_question_that_shares_no_word_has_no_match() -> None:
    assert INDEX.score("xylophone zigzag").matches == ()


def test_a_phrasing_said_again_is_exact_whatever_its_spelling() -> None:
    (match,) = (match for match in INDEX.score("MON CODE puk, est bloque !!").matches if match.exact)
    assert match.phrasing == "mon code PUK est bloqué"


def test_silent_entries_are_not_ranked() -> None:
    ranking = INDEX.score("mon code puk est bloqué", silent={0})
    assert 0 not in {match.entry for match in ranking.matches}


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("je ne sais pas du tout", "fr"),
        ("what is the weather tomorrow", "en"),
        ("invoice", "en"),
        ("puk", None),
        ("zigzag", None),
    ],
)
def test_the_words_tell_the_language_or_nothing_does(question: str, language: str | None) -> None:
    assert INDEX.score(question).language == language


def test_the_language_known_from_before_decides_only_between_two_that_are_alike() -> None:
    same = Faq((FaqEntry("a", {"fr": ("roaming",)}, {"fr": "a"}), FaqEntry("b", {"en": ("roaming",)}, {"en": "b"})))
    index = Index.build(same)
    assert ranked(index, "roaming") == [0, 1]
    assert ranked(index, "roaming", "en") == [1, 0]
    assert best("mon code puk est bloqué", "en") == "puk"


def test_ties_keep_the_order_of_the_faq() -> None:
    index = Index.build(Faq(tuple(FaqEntry(name, {"en": ("lost card",)}, {"en": name}) for name in "cab")))
    assert ranked(index, "card lost somewhere") == [0, 1, 2]


@given(st.text(max_size=200))
def test_any_text_gets_signs_that_are_finite_and_the_same_again(question: str) -> None:
    ranking = INDEX.score(question)
    assert len({match.entry for match in ranking.matches}) == len(ranking.matches)
    assert all(isfinite(sign) for match in ranking.matches for sign in match.signs)
    assert all(-1e-6 <= sign <= 1 + 1e-6 for match in ranking.matches for sign in match.signs[1:])
    assert INDEX.score(question) == ranking
    assert Index.build(FAQ).score(question) == ranking


def test_a_word_that_says_little_in_one_language_says_much_in_another() -> None:
    car = {language: INDEX.vocabulary.read(["car"], language).total for language in ("en", "fr")}
    assert car["en"] > 3 * car["fr"]
