"""The admin's workshop: what the FAQ lacks, what a change would do, what is worth a look, what agents propose."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from helpbot.answers.calibrate import calibrate
from helpbot.answers.check import check_tests, worth_a_look
from helpbot.answers.entries import Faq, FaqEntry
from helpbot.answers.files import load
from helpbot.answers.gaps import Unanswered, draft, gaps
from helpbot.answers.library import FaqLibrary
from helpbot.answers.proposed import PROPOSED, append, block
from helpbot.answers.replay import Told, replay
from helpbot.core.model import Zone
from tests.answers.test_library import SMALL

NOW = datetime(2026, 10, 21, 12, 0, tzinfo=UTC)


def asked(*texts: str, language: str = "fr") -> list[Unanswered]:
    return [Unanswered(text, language) for text in texts]


# --- gaps


def test_questions_alike_are_one_group_the_most_frequent_first() -> None:
    found = gaps(
        SMALL,
        [
            *asked("comment avoir la 5G chez moi ?", "Comment avoir la 5g chez moi", "je veux la 5G chez moi"),
            *asked("vendez-vous des coques de téléphone"),
            *asked("how do I get 5G at home", language="en"),
            *asked("ma facture est en double", "pourquoi ma facture est en double ?"),
        ],
        NOW,
    )
    assert [gap.asked for gap in found] == sorted((gap.asked for gap in found), reverse=True)
    first = {one.text for one in found[0].questions}
    assert {"je veux la 5G chez moi", "Comment avoir la 5g chez moi"} <= first
    bills = next(gap for gap in found if any("facture" in one.text for one in gap.questions))
    assert (bills.asked, bills.entry) == (2, "bill")
    assert sum(gap.asked for gap in found) == 7


@pytest.mark.parametrize("texts", [(), ("",), ("👍",), ("?!", "😀"), ("a",), ("a", "a", "A!")])
def test_odd_questions_make_no_trouble(texts: tuple[str, ...]) -> None:
    found = gaps(SMALL, asked(*texts), NOW)
    assert len(found) <= 1
    assert yaml.safe_load(draft(SMALL, found, "fr", NOW)) in (None, []) or found


NASTY = (
    "\a bell",
    " " * 400 + "late",
    "a: b # c",
    "- x",
    "'\"\\",
    "oui",
    "12:30",
    "😀 é \u2028 \x85",
    "{a",
    "&b *c !d",
    "%e",
    "@f",
    "`g",
    "no\nline",
    "x" * 5000,
)


def test_a_draft_is_a_faq_that_calls_a_person_until_it_has_answers(tmp_path: Path) -> None:
    found = gaps(SMALL, [*asked(*NASTY), *asked("where is my dog", "my dog is gone", language="en")], NOW)
    (tmp_path / "draft.yaml").write_text(draft(SMALL, found, "fr", NOW), encoding="utf-8")
    faq, faults = load(tmp_path, ("fr", "en"))
    assert faults == ()
    assert all(entry.not_answered for entry in faq.entries)
    texts = [text for entry in faq.entries for held in entry.questions.values() for text in held]
    assert "12:30" in texts
    assert "my dog is gone" in texts


def test_what_the_faq_answers_or_leaves_to_a_person_is_told_apart() -> None:
    entries = (
        FaqEntry("bill", {"fr": ("où trouver ma facture", "voir ma facture en ligne")}, {"fr": "En ligne."}),
        FaqEntry("puk", {"fr": ("mon code PUK est bloqué", "trois essais de PUK faux")}, {"fr": "Dix essais."}),
        FaqEntry("bike", {"fr": ("mon vélo est volé", "on m'a volé mon vélo")}, {}, not_answered=True),
    )
    library = FaqLibrary(Faq(entries), ("fr",))
    found = gaps(library, asked("où trouver ma facture", "on m'a volé mon vélo hier", "vendez-vous des coques"), NOW)
    assert {gap.questions[0].text: gap.answered for gap in found} == {
        "où trouver ma facture": True,
        "vendez-vous des coques": False,
    }
    texts = draft(library, found, "fr", NOW)
    assert "vendez-vous des coques" in texts
    assert "facture" not in texts


def test_thousands_of_questions_are_grouped() -> None:
    many = [f"question about thing number {number}" for number in range(4000)]
    assert 0 < sum(gap.asked for gap in gaps(SMALL, asked(*many), NOW)) <= 4000


# --- replay


def test_replay_shows_what_would_be_told_otherwise() -> None:
    questions = [
        ("mon code PUK est bloqué", None, None, Told.of(Zone.ANSWER, "puk")),
        ("où trouver ma facture", None, None, Told.of(Zone.ESCALATE, "bill")),
        ("où trouver ma facture", None, None, Told.of(Zone.ESCALATE, "bill")),
        ("quelle est la capitale du Pérou", None, None, Told.of(Zone.ANSWER, "move")),
    ]
    total, changes = replay(SMALL, questions, NOW)
    assert total == 4
    assert [(change.text, str(change.then), str(change.now), change.asked) for change in changes] == [
        ("où trouver ma facture", "a person", "answer bill", 2),
        ("quelle est la capitale du Pérou", "answer move", "a person", 1),
    ]


# --- check


def entry(name: str, *questions: str, **more: object) -> FaqEntry:
    return FaqEntry(name, {"fr": questions}, {"fr": name}, place=f"a.yaml:{len(name)}", **more)  # type: ignore[arg-type]


def test_what_is_thin_missing_mute_or_asleep_is_named() -> None:
    faq = Faq(
        (
            entry("thin", "une question", "🎉"),
            entry("old", "un deux trois", valid_until=date(2020, 1, 1), tests={"fr": ("un deux trois",)}),
            FaqEntry("both", {"fr": tuple("abcde"), "en": tuple("fghij")}, {"fr": "x", "en": "y"}, place="b.yaml:9"),
        )
    )
    notes = [str(note) for note in worth_a_look(faq, calibrate(faq), ("fr", "en"), NOW)]
    assert any("a.yaml:4" in note and "2 phrasings in 'fr'" in note for note in notes)
    assert any("'thin' has no phrasing in 'en'" in note for note in notes)
    assert any("'thin' has no answer in 'en'" in note for note in notes)
    assert any("🎉" in note and "no letter" in note for note in notes)
    assert any("'old' does not speak today" in note for note in notes)
    assert not any("'both'" in note for note in notes)


def test_entries_that_are_confused_are_named_with_the_phrasings_that_do_it() -> None:
    faq = Faq(
        (
            entry("lost", "perdu ma carte sim", "perdu mon téléphone", "perdu la carte", "carte perdue", "sim perdue"),
            entry(
                "gone", "carte sim perdue", "téléphone perdu hier", "ma carte perdue", "la sim est perdue", "perdue sim"
            ),
            entry(
                "bill", "où est ma facture", "facture du mois", "télécharger la facture", "ma facture", "facture pdf"
            ),
            entry("move", "je déménage", "déménager ma ligne", "nouvelle adresse", "changer d'adresse", "déménagement"),
        )
    )
    (pair,) = [str(note) for note in worth_a_look(faq, calibrate(faq), ("fr",), NOW) if "confused" in str(note)]
    assert "'lost' and 'gone'" in pair
    assert "perdu" in pair


def test_a_test_question_of_an_entry_that_is_not_answered_has_to_reach_a_person() -> None:
    silent = FaqEntry(
        "heir", {"fr": ("j'hérite d'une ligne",)}, {}, not_answered=True, tests={"fr": ("j'hérite d'une ligne",)}
    )
    faq = Faq((*SMALL.faq.entries, silent))
    assert check_tests(FaqLibrary(faq, ("fr",)), faq, NOW) == ()


# --- proposals


@given(question=st.text(min_size=1, max_size=200).filter(lambda text: text.isprintable() and text.strip()))
def test_a_proposal_is_yaml_that_says_what_was_asked(question: str) -> None:
    made = block("1: mark", {"id": "new-1", "questions": {"fr": [question]}, "answer": {"fr": "une\n\nréponse: oui"}})
    assert yaml.safe_load(made) == [
        {"id": "new-1", "questions": {"fr": [question]}, "answer": {"fr": "une\n\nréponse: oui"}}
    ]


def test_a_proposal_is_written_once_beside_what_is_there_and_never_read_as_faq(tmp_path: Path) -> None:
    (tmp_path / "faq.yaml").write_text('- {id: a, questions: ["x y z"], answer: "b"}\n')
    first = block("1: a phrasing of a", {"id": "a", "questions": {"fr": ["encore x"]}})
    second = block("2: a new entry", {"id": "new-2", "questions": {"fr": ["tout autre"]}, "not_answered": True})
    for mark, text in (("1: a phrasing of a", first), ("2: a new entry", second), ("1: a phrasing of a", first)):
        append(tmp_path, mark, text)
    held = (tmp_path / PROPOSED).read_text()
    assert held.count("encore x") == 1
    assert held.index("encore x") < held.index("tout autre")
    assert [one["id"] for one in yaml.safe_load(held)] == ["a", "new-2"]
    faq, faults = load(tmp_path, ("fr",))
    assert faults == ()
    assert [one.id for one in faq.entries] == ["a"]
    assert list(tmp_path.glob(".proposed*")) == []


def test_what_else_is_in_the_file_stays_as_it_is(tmp_path: Path) -> None:
    held = b"# caf\xe9 in Latin-1\n- id: old\n"
    (tmp_path / PROPOSED).write_bytes(held)
    append(tmp_path, "1: x", block("1: x", {"id": "a", "questions": {"fr": ["b"]}}))
    assert (tmp_path / PROPOSED).read_bytes().startswith(held)


def test_a_proposed_file_that_is_none_is_refused_and_a_link_stays_one(tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text("# mine\n")
    (tmp_path / PROPOSED).symlink_to(other)
    append(tmp_path, "1: x", block("1: x", {"id": "a", "questions": {"fr": ["b"]}}))
    assert (tmp_path / PROPOSED).is_symlink()
    assert "1: x" in other.read_text()
    (tmp_path / PROPOSED).unlink()
    (tmp_path / PROPOSED).mkdir()
    with pytest.raises(OSError, match="not a file"):
        append(tmp_path, "2: y", "")
