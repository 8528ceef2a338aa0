"""Messages of more than one line: temper, several questions, questions that go on from the one before."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpbot.answers.entries import Faq, FaqEntry
from helpbot.answers.explain import explain
from helpbot.answers.library import FaqLibrary
from helpbot.answers.matcher import Index
from helpbot.answers.reading import asks, follows, questions, without_noise
from helpbot.answers.repair import Repairs
from helpbot.core.model import Finding, Zone
from tests.answers.test_library import shipped

NOW = datetime(2026, 10, 21, 12, 0, tzinfo=UTC)


def find(text: str, before: str | None = None) -> Finding:
    return shipped().find(text, None, NOW, before)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("bonjour, je suis dégoûtée, ça fait 3 fois que j'appelle, bref mon puk est bloqué", "bref mon puk est bloqué"),
        ("Hello! I am so annoyed. This is the third time I call. My puk is blocked", "My puk is blocked"),
        ("mon puk est bloqué, merci d'avance, cordialement", "mon puk est bloqué,"),
        ("je suis dégoûtée", "je suis dégoûtée"),
        ("ça fait 3 fois que j'appelle, c'est inadmissible", "ça fait 3 fois que j'appelle, c'est inadmissible"),
        ("j'ai payé 12,50 pour le 06.12.34.56.78", "j'ai payé 12,50 pour le 06.12.34.56.78"),
        ("", ""),
    ],
)
def test_temper_and_politeness_are_left_out_unless_nothing_else_was_said(text: str, left: str) -> None:
    said, noise = without_noise(text)
    assert said == left
    assert bool(noise) == (said != text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("mon puk est bloqué. comment payer ma facture ?", 2),
        ("mon puk est bloqué et je voudrais payer ma facture", 2),
        ("my puk is blocked\nand where is my invoice", 2),
        ("je déménage avec ma box et mon téléphone", 0),
        ("mon puk est bloqué", 0),
        ("le 3.5 go", 0),
        ("mon puk est bloqué?comment payer ma facture", 2),
        ("voir https://example.org/factures?mois=mai et ma boite est pleine", 2),
        ("la page www.example.org?mois reste blanche", 0),
        (" ".join(f"mon puk {number} est bloqué." for number in range(12)), 12),
        (" ".join(f"mon puk {number} est bloqué." for number in range(13)), 0),
    ],
)
def test_a_text_falls_into_the_questions_that_it_holds(text: str, parts: int) -> None:
    assert len(questions(text)) == parts


@given(st.text(max_size=400))
def test_any_text_can_be_read(text: str) -> None:
    said, noise = without_noise(text)
    assert said or not text
    assert len(questions(text)) <= 12
    assert isinstance(follows(text), bool)
    assert isinstance(asks(text), bool)
    assert all(part in text for part in noise)


def test_a_complaint_before_the_question_does_not_hide_it() -> None:
    finding = find("bonjour, je suis dégoûtée, ça fait 3 fois que j'appelle, bref mon puk est bloqué")
    assert (finding.zone, finding.candidates[0].entry) == (Zone.ANSWER, "puk-blocked")


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("mon puk est bloqué. et comment télécharger ma facture ?", ("puk-blocked", "bill-copy")),
        ("comment télécharger ma facture et mon puk est bloqué", ("bill-copy", "puk-blocked")),
        ("my puk code is blocked, and I am moving house, what about my line", ("puk-blocked", "line-move")),
    ],
)
def test_two_questions_are_both_answered_when_both_are_sure(text: str, answers: tuple[str, ...]) -> None:
    finding = find(text)
    assert (finding.zone, finding.answers) == (Zone.ANSWER, answers)


def test_a_second_question_that_is_not_known_is_not_passed_over() -> None:
    finding = find("mon puk est bloqué. Vendez-vous des parapluies jaunes ?")
    assert finding.zone is not Zone.ANSWER


@pytest.mark.parametrize("joint", [". ", " ? "])
def test_of_three_questions_the_unknown_one_is_not_passed_over(joint: str) -> None:
    text = joint.join(["mon puk est bloqué", "comment télécharger ma facture", "Vendez-vous des parapluies jaunes ?"])
    assert find(text).zone is not Zone.ANSWER


def test_a_second_question_without_a_pause_is_not_passed_over() -> None:
    assert find("mon puk est bloqué et vous vendez des parapluies jaunes ?").zone is not Zone.ANSWER


def test_a_question_that_is_not_sure_is_offered_beside_the_one_that_is() -> None:
    text = "mon PUK est bloqué, et comment activer le roaming ?"
    finding = find(text)
    assert (finding.zone, finding.answers) == (Zone.SUGGEST, ())
    assert finding.choices[:2] == ("puk-blocked", "roaming-world")
    assert "several things were asked" in explain(shipped(), text, None, NOW)


def test_a_letter_of_many_questions_is_for_a_person() -> None:
    text = " ".join(f"Mon PUK numéro {number} est bloqué." for number in range(20))
    finding = find(text)
    assert (finding.zone, finding.choices) == (Zone.ESCALATE, ())
    assert "a person sees to all of it" in explain(shipped(), text, None, NOW)


def test_the_words_of_one_message_are_searched_for_a_limited_number_of_times() -> None:
    index = Index.build(Faq((FaqEntry("puk", {"fr": ("mon puk est bloqué",)}, {"fr": "x"}),)))
    searched: Repairs = {}
    for part in range(10):
        index.score(" ".join(f"mot{'abcdefghij'[part]}{letter}lent" for letter in "abcdefgh"), None, (), searched)
    assert len(searched) == 24
    assert index.score("bloqeu", None, (), {"bloqeu": ("bloque", 0.9)}).repairs == (("bloqeu", "bloque"),)


def test_the_story_round_a_question_is_passed_over() -> None:
    text = "Mon oncle Gaston adore les tartes aux prunes. Mon puk est bloqué."
    finding = find(text)
    assert (finding.zone, finding.candidates[0].entry) == (Zone.ANSWER, "puk-blocked")
    assert "left out: Mon oncle Gaston" in explain(shipped(), text, None, NOW)


def test_a_question_that_goes_on_is_joined_to_the_one_before() -> None:
    alone, joined = find("et en plusieurs fois ?"), find("et en plusieurs fois ?", "comment payer ma facture")
    assert alone.zone is not Zone.ANSWER
    assert (joined.zone, joined.candidates[0].entry) == (Zone.ANSWER, "payment-plan")


@pytest.mark.parametrize(
    "text", ["combien ça coûte ?", "how much does it cost", "et si ça marche pas ?", "ça prend combien"]
)
def test_a_question_that_names_nothing_suggests_nothing(text: str) -> None:
    assert find(text).zone is Zone.ESCALATE


def test_a_question_that_names_nothing_is_answered_where_a_phrasing_is_as_short() -> None:
    entries = (
        FaqEntry("price", {"fr": ("combien ça coûte ?", "c'est quel prix")}, {"fr": "Dix euros."}),
        FaqEntry("size", {"fr": ("quelle taille choisir", "je prends quelle taille")}, {"fr": "La vôtre."}),
    )
    finding = FaqLibrary(Faq(entries), ("fr",)).find("dites, combien ça coûte", None, NOW)
    assert (finding.zone, finding.candidates[0].entry) == (Zone.ANSWER, "price")


def test_what_goes_on_is_not_given_the_same_answer_again() -> None:
    before = "mon puk est bloqué"
    assert find("et combien ça coûte ?", before) == find("et combien ça coûte ?")


def test_a_question_that_stands_by_itself_is_not_joined() -> None:
    alone = find("comment télécharger ma facture")
    assert find("comment télécharger ma facture", "mon puk est bloqué") == alone


def test_a_part_that_is_for_a_person_is_not_passed_over() -> None:
    finding = find("My PUK is blocked. My bike was stolen.")
    assert (finding.zone, finding.candidates[0].entry) == (Zone.ESCALATE, "not-ours")


def test_a_question_is_no_temper() -> None:
    assert without_noise("I sent a complaint. When will I get an answer?")[1] == ()


def test_a_phrasing_after_a_greeting_is_still_the_very_words() -> None:
    assert find("Hello, my PUK code is blocked").candidates[0].confidence == 0.99
