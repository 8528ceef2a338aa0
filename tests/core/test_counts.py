"""One of a thing is said otherwise than two of it."""

from __future__ import annotations

import re

import pytest

from helpbot.core.english import counted
from helpbot.core.figures import Figures
from helpbot.core.model import Audience, Entry, Role
from helpbot.core.phrases import _PHRASES, days, say_counted
from helpbot.core.transcript import told
from helpbot.reports import lines_of
from tests.core.cases import DESK, NOW, waiting

_A_NAME = re.compile(r"(?<!de )\{name\} (est|sera|a été) (à nouveau )?(?!de retour)\w+")


@pytest.mark.parametrize(
    ("count", "english", "french"),
    [(0, "0 days", "0 jour"), (1, "1 day", "1 jour"), (2, "2 days", "2 jours")],
)
def test_days_are_counted_as_each_language_does(count: int, english: str, french: str) -> None:
    assert (days(count, "en"), days(count, "fr")) == (english, french)


@pytest.mark.parametrize(
    ("language", "one", "two"),
    [("en", "The talk so far (1 line)", "(2 lines)"), ("fr", "Échanges jusqu'ici (1 ligne)", "(2 lignes)")],
)
def test_lines_of_a_talk_are_counted(language: str, one: str, two: str) -> None:
    assert say_counted("transcript_long", language, count=1) == one
    assert say_counted("transcript_long", language, count=2).endswith(two)


def test_one_long_line_is_one_line_above_the_transcript() -> None:
    entry = Entry(Role.CUSTOMER, Audience.CUSTOMER, "Marie", "word " * 600, NOW)
    assert "(1 line)" in told(waiting(), [entry], DESK)[0][0].text


def test_one_rating_is_one_in_the_report() -> None:
    (team, _) = DESK.teams
    for ratings, shown in (({5: 1}, "(1 rating: "), ({5: 2}, "(2 ratings: ")):
        assert shown in lines_of(Figures(ratings={**dict.fromkeys(range(1, 6), 0), **ratings}), team, "en")[-1]


def test_english_counts_for_admins() -> None:
    assert [counted(number, "entry", "entries") for number in (0, 1, 2)] == ["0 entries", "1 entry", "2 entries"]
    assert [counted(number, "fault") for number in (0, 1, 2)] == ["0 faults", "1 fault", "2 faults"]


def test_french_takes_no_person_for_a_man() -> None:
    named = [text["fr"] for text in _PHRASES.values() if _A_NAME.search(text["fr"])]
    assert named == []
