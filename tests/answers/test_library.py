"""What may be done with a question: answer, suggest or escalate, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpbot.answers.confidence import Policy, zone
from helpbot.answers.entries import Faq, FaqEntry
from helpbot.answers.explain import explain
from helpbot.answers.files import load
from helpbot.answers.library import FaqLibrary
from helpbot.answers.prepare import library_of, work_out
from helpbot.core.model import Finding, Library, Zone

NOW = datetime(2026, 10, 21, 12, 0, tzinfo=UTC)


def entry(name: str, *fr: str, en: tuple[str, ...] = ()) -> FaqEntry:
    questions: Mapping[str, tuple[str, ...]] = {"fr": fr, "en": en}
    return FaqEntry(name, {key: texts for key, texts in questions.items() if texts}, {"fr": f"réponse {name}"})


def library(*entries: FaqEntry, max_wrong: float = 0.05, out_of_scope: float = 0.4) -> FaqLibrary:
    return FaqLibrary(Faq(entries), ("fr", "en"), max_wrong, out_of_scope)


SMALL = library(
    entry("puk", "mon code PUK est bloqué", "ma carte SIM est bloquée définitivement", en=("my PUK code is blocked",)),
    entry("bill", "où trouver ma facture", "télécharger ma facture", en=("where do I find my invoice",)),
    entry("move", "je déménage le mois prochain", en=("I am moving to another address",)),
    entry("speed", "ma connexion internet est lente", en=("my internet connection is slow",)),
    entry("le", "le"),
)
PHRASINGS = [(e.id, text) for e in SMALL.faq.entries for texts in e.questions.values() for text in texts]


def find(text: str, asked: FaqLibrary = SMALL, language: str | None = None) -> Finding:
    return asked.find(text, language, NOW)


def top(finding: Finding) -> str | None:
    return finding.candidates[0].entry if finding.candidates else None


def test_it_is_the_library_that_the_core_asks() -> None:
    asked: Library = SMALL
    assert asked.fold("J'ai ÉTÉ") == "j ai ete"


@given(st.text(max_size=300), st.sampled_from([None, "fr", "en"]))
def test_any_text_gets_the_same_sound_finding_twice(text: str, language: str | None) -> None:
    finding = find(text, language=language)
    confidences = [candidate.confidence for candidate in finding.candidates]
    assert all(0 <= confidence <= 1 for confidence in confidences)
    assert confidences == sorted(confidences, reverse=True)
    assert sum(confidences) <= 1.001
    assert len(confidences) <= 5
    assert (finding.zone is Zone.SUGGEST) == bool(finding.choices)
    assert finding.choices == tuple(candidate.entry for candidate in finding.candidates)[: len(finding.choices)]
    assert len(finding.choices) <= 3
    assert find(text, language=language) == finding
    assert explain(SMALL, text, language, NOW)


@pytest.mark.parametrize("text", ["", "   ", "?!…", "👍🏽🎉", "\0", "\u0301" * 60_000, "\u202e\u200b", "\ud800"])
def test_a_question_without_letter_or_digit_goes_to_a_person_with_no_candidate(text: str) -> None:
    assert find(text) == Finding(Zone.ESCALATE)


@pytest.mark.parametrize(
    "text",
    ["1234", "a" * 60_000, "puk " * 20_000, "e" + "\u0301\u0323" * 30_000, "\ufdfa" * 60_000, "sdfkj qsdlkfj qsdf"],
)
def test_hostile_text_is_not_answered(text: str) -> None:
    assert find(text).zone is not Zone.ANSWER


@given(
    st.sampled_from(PHRASINGS),
    st.sampled_from(["upper", "title", "lower"]),
    st.sampled_from(["", "?", " !!", "…"]),
    st.floats(0.001, 0.5),
    st.floats(0, 1),
)
def test_a_phrasing_said_again_is_answered(
    phrasing: tuple[str, str], case: str, end: str, max_wrong: float, out_of_scope: float
) -> None:
    strict = FaqLibrary(SMALL.faq, ("fr", "en"), max_wrong, out_of_scope)
    finding = find(getattr(phrasing[1], case)().replace("é", "e") + end, strict)
    assert (finding.zone, top(finding)) == (Zone.ANSWER, phrasing[0])
    assert finding.candidates[0].confidence > 0.95


@given(st.text(min_size=1, max_size=40))
def test_a_faq_of_one_entry_with_one_phrasing_answers_it(text: str) -> None:
    alone = library(entry("only", text))
    said = bool(alone.fold(text))
    assert find(text, alone).zone is (Zone.ANSWER if said else Zone.ESCALATE)
    assert find("quelle est la capitale du Pérou", alone).zone is not Zone.ANSWER or "capitale" in alone.fold(text)


def test_an_empty_faq_calls_a_person() -> None:
    assert find("mon puk est bloqué", library()).zone is Zone.ESCALATE


def test_an_entry_without_phrasings_is_never_found_and_harms_nobody() -> None:
    asked = library(entry("mute"), entry("puk", "mon puk est bloqué"))
    assert top(find("mon puk est bloqué", asked)) == "puk"


@pytest.mark.parametrize("question", ["perdu mon téléphone", "j'ai perdu mon téléphone hier"])
def test_entries_with_the_same_phrasing_are_offered_both(question: str) -> None:
    twins = library(entry("lost", "perdu mon téléphone"), entry("stolen", "perdu mon téléphone"), max_wrong=0.9)
    finding = find(question, twins)
    assert finding.zone is Zone.SUGGEST
    assert finding.choices == ("lost", "stolen")


def test_less_may_be_wrong_means_a_higher_threshold() -> None:
    thresholds = [SMALL.promising(share, 0.4).policy.threshold for share in (0, 0.01, 0.02, 0.05, 0.1, 0.3, 1)]
    assert thresholds == sorted(thresholds, reverse=True)
    assert thresholds[1] > thresholds[3] > thresholds[5]


def test_more_questions_from_outside_make_it_less_sure() -> None:
    sure = [
        find("sim bloquée encore", library(*SMALL.faq.entries, out_of_scope=share)).candidates[0].confidence
        for share in (0.0, 0.2, 0.6, 1.0)
    ]
    assert sure == sorted(sure, reverse=True)
    assert sure[0] > sure[3]


@pytest.mark.parametrize(
    ("confidences", "expected"),
    [
        ((0.9, 0.05), (Zone.ANSWER, 0)),
        ((0.46, 0.45, 0.01), (Zone.SUGGEST, 2)),
        ((0.3, 0.2, 0.1, 0.1), (Zone.SUGGEST, 3)),
        ((0.6, 0.02), (Zone.SUGGEST, 1)),
        ((0.25, 0.1), (Zone.ESCALATE, 0)),
        ((), (Zone.ESCALATE, 0)),
    ],
)
def test_only_plausible_entries_are_offered(confidences: tuple[float, ...], expected: tuple[Zone, int]) -> None:
    assert zone(confidences, Policy(threshold=0.7)) == expected


def test_two_that_are_alike_are_offered_however_much_may_be_wrong() -> None:
    assert zone((0.52, 0.45), Policy(threshold=0.5)) == (Zone.SUGGEST, 2)
    assert zone((0.52, 0.3), Policy(threshold=0.5)) == (Zone.ANSWER, 0)


def test_one_word_is_not_answered_unless_it_is_a_phrasing() -> None:
    assert find("facture").zone is not Zone.ANSWER
    assert find("le").zone is Zone.ANSWER


def test_an_entry_speaks_only_between_its_dates() -> None:
    dated = FaqEntry(
        "strike",
        {"fr": ("y a-t-il une grève",)},
        {"fr": "oui"},
        valid_from=date(2026, 10, 21),
        valid_until=date(2026, 10, 22),
    )
    asked = library(dated, entry("strike-always", "y a-t-il une grève"))
    before, after = datetime(2026, 10, 20, tzinfo=UTC), datetime(2026, 10, 23, tzinfo=UTC)
    assert find("y a-t-il une grève", asked).zone is Zone.SUGGEST
    for at in (before, after):
        finding = asked.find("y a-t-il une grève", None, at)
        assert (finding.zone, top(finding)) == (Zone.ANSWER, "strike-always")
        assert asked.answer("strike", "fr", at) is None
    assert asked.answer("strike", "fr", NOW) is not None


def test_an_answer_says_in_which_language_it_really_is() -> None:
    both = FaqEntry("x", {"fr": ("x",)}, {"en": "yes", "fr": "oui"}, team="mobile", always_escalate=True)
    asked = library(both)
    french, german = asked.answer("x", "fr", NOW), asked.answer("x", "de", NOW)
    assert french is not None
    assert (french.text, french.language, french.team, french.always_escalate) == ("oui", "fr", "mobile", True)
    assert german is not None
    assert (german.text, german.language) == ("yes", "en")
    assert asked.answer("nobody", "fr", NOW) is None


def test_a_title_is_the_first_phrasing_in_the_language_with_a_capital() -> None:
    assert SMALL.title("move", "en") == "I am moving to another address"
    assert SMALL.title("move", "fr") == "Je déménage le mois prochain"
    assert SMALL.title("le", "en") == "Le"
    assert SMALL.title("nobody", "fr") is None


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("my puk code is blocked", "en"),
        ("g bloqué mon code puk", "fr"),
        ("I would like to know what the weather is", "en"),
        ("zigzag", None),
    ],
)
def test_the_language_is_that_of_the_words_or_of_who_won(question: str, language: str | None) -> None:
    assert find(question).language == language


def test_a_language_that_the_desk_does_not_speak_is_not_named() -> None:
    assert FaqLibrary(SMALL.faq, ("fr",)).find("my puk code is blocked", None, NOW).language is None


def test_the_reasons_name_repairs_and_phrasings() -> None:
    said = explain(SMALL, "mon code puk est bloqoé", None, NOW)
    assert "bloqoe → bloque" in said
    assert "mon code PUK est bloqué" in said
    assert "person" in explain(SMALL, "?!", None, NOW)


@cache
def shipped() -> FaqLibrary:
    faq, faults = load(Path(__file__).parents[2] / "faq", ("fr", "en"))
    assert faults == ()
    return library_of(faq, work_out(faq), ("fr", "en"), (0.05, 0.4))


@pytest.mark.parametrize(
    "question",
    ["g bloqué mon puk", "mon puk est bloqué", "my puk is blocked", "ma carte sim est bloquee definitivement"],
)
def test_the_shipped_faq_knows_a_blocked_puk(question: str) -> None:
    finding = find(question, shipped())
    assert (finding.zone, top(finding)) == (Zone.ANSWER, "puk-blocked")


@pytest.mark.parametrize(
    "question",
    ["quelle est la capitale du Pérou", "what is the weather tomorrow", "comment faire une tarte", "azertyuiop qsdf"],
)
def test_what_has_nothing_to_do_with_the_shipped_faq_goes_to_a_person(question: str) -> None:
    assert find(question, shipped()).zone is Zone.ESCALATE


# --- laws


@given(st.sampled_from(PHRASINGS), st.text("abcdefghijklmnop éàç?", min_size=1, max_size=40))
def test_a_phrasing_equal_to_the_question_never_lowers_its_entry(phrasing: tuple[str, str], question: str) -> None:
    name, text = phrasing
    for asked in (question, f"{text} {question}"):
        if not SMALL.fold(asked):
            continue
        more = tuple(
            replace(one, questions={**one.questions, "fr": (*one.questions.get("fr", ()), asked)})
            if one.id == name
            else one
            for one in SMALL.faq.entries
        )
        before = {candidate.entry: candidate.confidence for candidate in find(asked).candidates}
        after = {candidate.entry: candidate.confidence for candidate in find(asked, library(*more)).candidates}
        assert after[name] >= before.get(name, 0.0)


ODD_FAQS = {
    "one phrasing": (entry("a", "mon puk est bloqué"),),
    "another language": (entry("a", "我的手机卡被锁了", "手机坏了"), entry("b", "Моя сим-карта заблокирована")),
    "digits": (entry("a", "123456", "42"), entry("b", "0 1 2")),
    "emoji": (entry("a", "👍🏽", "🎉🎉"), entry("b", "mon puk est bloqué")),
    "stop word": (entry("a", "le"), entry("b", "the")),
    "twins": (entry("a", "perdu mon téléphone"), entry("b", "perdu mon téléphone")),
    "long": (entry("a", "mot " * 250), entry("b", "x" * 1000)),
}


@pytest.mark.parametrize("name", ODD_FAQS)
def test_odd_faqs_are_prepared_and_answer_with_an_honest_confidence(name: str) -> None:
    faq = Faq(ODD_FAQS[name])
    asked = library_of(faq, work_out(faq), ("fr", "en"), (0.05, 0.4))
    for question in (
        "mon puk est bloqué",
        "je veux partir en Chine",
        "手机",
        "42",
        "👍🏽",
        "le",
        "perdu mon téléphone",
        "mot",
    ):
        confidences = [candidate.confidence for candidate in find(question, asked).candidates]
        assert all(0 <= confidence <= 1 for confidence in confidences)
    assert find("je veux partir en Chine", asked).zone is not Zone.ANSWER


def test_twenty_thousand_phrasings_in_one_entry_are_prepared() -> None:
    many = tuple(f"question {number} about the thing {number % 97}" for number in range(20_000))
    faq = Faq((entry("many", *many), entry("puk", "mon puk est bloqué", "puk bloqué"), entry("bill", "ma facture")))
    asked = library_of(faq, work_out(faq), ("fr", "en"), (0.05, 0.4))
    assert top(find("question 77 about the thing 3", asked)) == "many"
    assert top(find("mon puk est bloqué", asked)) == "puk"


def test_an_entry_that_is_not_answered_calls_a_person_and_is_named() -> None:
    faq = Faq((*SMALL.faq.entries, FaqEntry("heir", {"fr": ("j'hérite d'une ligne",)}, {}, not_answered=True)))
    asked = FaqLibrary(faq, ("fr", "en"))
    finding = find("j'hérite d'une ligne", asked)
    assert (finding.zone, top(finding), finding.choices) == (Zone.ESCALATE, "heir", ())
    answer = asked.answer("heir", "fr", NOW)
    assert answer is not None
    assert (answer.text, answer.always_escalate) == ("", True)
    assert "heir is nearest" in explain(asked, "j'hérite d'une ligne", None, NOW)


def test_a_french_question_finds_an_entry_that_has_english_phrasings_only_and_is_less_sure() -> None:
    english = tuple(replace(one, questions={"en": one.questions["en"]}) for one in shipped().faq.entries)
    asked = FaqLibrary(Faq(english), ("fr", "en"))
    crossed, same = find("mon puk est bloqué", asked), find("my puk is blocked", asked)
    assert top(crossed) == top(same) == "puk-blocked"
    assert (crossed.zone, same.zone) == (Zone.SUGGEST, Zone.ANSWER)
    assert crossed.candidates[0].confidence < same.candidates[0].confidence
    assert crossed.language == "fr"


def test_an_entry_that_is_not_answered_is_never_offered() -> None:
    faq = Faq(
        (
            entry("lost", "perdu mon téléphone", "perdu la carte"),
            FaqEntry("no", {"fr": ("perdu mon chat",)}, {}, not_answered=True),
        )
    )
    for question in ("perdu mon truc", "perdu mon téléphone ou mon chat", "perdu"):
        assert "no" not in FaqLibrary(faq, ("fr",)).find(question, None, NOW).choices


@pytest.mark.parametrize("phrasing", ["du", "le", "the", "c'est quoi"])
def test_words_that_say_little_are_never_enough_to_answer(phrasing: str) -> None:
    alone = library(entry("only", phrasing))
    for question in ("quelle est la capitale du Pérou", "what is the weather like", "le chien du voisin"):
        assert find(question, alone).zone is not Zone.ANSWER
