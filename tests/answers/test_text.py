"""Text from people in comparable form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpbot.answers.text import IRREGULAR, LONGEST, normalise, said_in, stem, words

ZALGO = "e" + "\u0301\u0323\u0489" * 20_000


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("  Ma CARTE   Sim ", "ma carte sim"),
        ("J'ai bloqué l’œuf !", "j ai bloque l oeuf"),
        ("ÆGIR Straße ŁÓDŹ", "aegir strasse lodz"),
        ("pu\u200bk \u202ebloqué\u202c \x00\x07fin", "puk bloque fin"),
        ("👍🏽 ok 1️⃣", "ok 1"),
        ("ligne\nune\ttab", "ligne une tab"),
        ("n° 12,50 €", "n 12 50"),
        ("Привет, МИР", "привет мир"),
        ("¿?!…", ""),
        ("", ""),
    ],
)
def test_spelling_that_does_not_matter_is_taken_away(written: str, plain: str) -> None:
    assert normalise(written) == plain


@given(st.text(max_size=1500))
def test_normalised_text_is_capped_and_stays_the_same_when_normalised_again(text: str) -> None:
    plain = normalise(text)
    assert len(plain) <= LONGEST
    assert normalise(plain) == plain
    assert words(text) == plain.split()
    assert plain == " ".join(plain.split())


@pytest.mark.parametrize("text", [ZALGO, "\ufdfa" * 60_000, "\0" * 60_000, "a " * 30_000, "\ud800é" * 100])
def test_hostile_text_comes_out_short(text: str) -> None:
    assert len(normalise(text)) <= LONGEST


def test_what_comes_after_the_cap_is_never_looked_at() -> None:
    assert normalise("a" * LONGEST + "b" * 60_000) == "a" * LONGEST


@given(st.text(alphabet="abcdefghij éèàç'", max_size=80))
def test_case_does_not_matter(text: str) -> None:
    assert normalise(text.upper()) == normalise(text)


@pytest.mark.parametrize(
    ("short", "meant"),
    [("g", "j ai"), ("jpeu", "je peux"), ("pk", "pourquoi"), ("koi", "quoi"), ("tel", "telephone"), ("u", "you")],
)
def test_short_forms_are_written_out(short: str, meant: str) -> None:
    assert said_in(f"{short} puk") == [*meant.split(), "puk"]


def test_courtesy_is_left_out_unless_nothing_else_is_said() -> None:
    assert said_in("bonjour mon puk svp merci") == ["mon", "puk"]
    assert said_in("mon puk s il vous plait") == ["mon", "puk"]
    assert said_in("bonjour merci") == ["bonjour", "merci"]


@pytest.mark.parametrize(
    ("one", "other"),
    [("bloque", "bloquer"), ("carte", "cartes"), ("card", "cards"), ("facture", "factures"), ("payer", "paye")],
)
def test_forms_of_a_word_share_a_stem(one: str, other: str) -> None:
    assert stem(one) == stem(other)


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=20))
def test_a_stem_is_a_beginning_of_its_word_but_for_irregular_forms(word: str) -> None:
    assert stem(word)
    assert word.startswith(stem(word)) or word in IRREGULAR
