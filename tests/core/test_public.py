"""What is said in a help room: when it answers, when it offers, and when it is silent."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from helpbot.core import public
from helpbot.core.effects import Literal, Marked
from helpbot.core.hours import Hours, Span
from helpbot.core.model import Answer, Candidate, Finding, Zone
from helpbot.core.public import Counts, Heard, House, Reply, Word

AT = datetime(2026, 10, 21, 12, tzinfo=UTC)


class OneEntry:
    """A FAQ that finds in every text what it is told to."""

    def __init__(self, finding: Finding, answer: Answer | None = None) -> None:
        self._finding = finding
        self._answer = answer or Answer("Turn it **off**.", "en")

    def find(self, text: str, language: str | None, at: datetime, before: str | None = None) -> Finding:
        return self._finding

    def title(self, entry: str, language: str) -> str | None:
        return f"title of {entry}"

    def answer(self, entry: str, language: str, at: datetime) -> Answer | None:
        return self._answer

    def fold(self, text: str) -> str:
        return " ".join("".join(char if char.isalnum() else " " for char in text.casefold()).split())


def finding(zone: Zone, confidence: float = 0.99, *answers: str) -> Finding:
    return Finding(zone, (Candidate("a", confidence),), ("a",), "en", answers)


SURE, SUGGESTED, NOTHING = finding(Zone.ANSWER), finding(Zone.SUGGEST, 0.6), finding(Zone.ESCALATE, 0.1)


def house(found: Finding, answer: Answer | None = None, hours: Hours | None = None) -> House:
    return House(OneEntry(found, answer), ("en", "fr"), hours or Hours(), per_person=2, per_room=4)


def heard(text: str = "how do I turn it off?", **more: object) -> Heard:
    return Heard(text, AT, AT, **more)  # type: ignore[arg-type]


def word(reply: Reply | None) -> Word | None:
    return None if reply is None else reply.word


def test_nothing_that_speaks_there_is_given_a_ticket_or_a_conversation() -> None:
    for function in (public.reply, public.welcome, public.going):
        named = {str(one.annotation) for one in inspect.signature(function).parameters.values()}
        assert named <= {"Heard", "Counts", "House", "str", "datetime", "bool", "tuple[str, ...]"}, function
    for kind in (Heard, Counts, House):
        held = {str(field) for field in inspect.get_annotations(kind).values()}
        assert held <= {"str", "datetime", "bool", "int", "Library", "tuple[str, ...]", "Hours"}, kind


def test_a_sure_question_is_answered_and_says_how_to_go_on() -> None:
    reply = public.reply(heard(), Counts(), house(SURE))
    assert reply is not None
    assert reply.word is Word.ANSWERED
    assert reply.content[0] == Marked("Turn it **off**.")
    assert isinstance(reply.content[-1], Literal)
    assert "🙋" in reply.content[-1].text


@pytest.mark.parametrize(
    "answer",
    [Answer("", "en"), Answer("Call us.", "en", always_escalate=True)],
)
def test_what_is_for_a_person_is_offered_in_private(answer: Answer) -> None:
    assert word(public.reply(heard(), Counts(), house(SURE, answer))) is Word.OFFERED


def test_several_answers_stand_under_their_titles() -> None:
    reply = public.reply(heard(), Counts(), house(finding(Zone.ANSWER, 0.99, "a", "b")))
    assert reply is not None
    assert [block.text for block in reply.content][:3] == ["1. title of a", "Turn it **off**.", "2. title of b"]


def test_an_answer_in_another_language_says_so() -> None:
    reply = public.reply(heard(), Counts(), house(SURE, Answer("Éteignez.", "fr")))
    assert reply is not None
    assert "French" in reply.content[0].text


@pytest.mark.parametrize(
    ("text", "found", "expected"),
    [
        ("it does not turn off", SURE, Word.ANSWERED),
        ("it does not turn off", finding(Zone.ANSWER, 0.9), Word.OFFERED),
        ("it does not turn off", SUGGESTED, None),
        ("it does not turn off", finding(Zone.SUGGEST, 0.8), Word.OFFERED),
        ("it does not turn off?", SUGGESTED, Word.OFFERED),
        ("it does not turn off", NOTHING, None),
        ("comment faire", NOTHING, Word.OFFERED),
        ("est ce que ça marche", NOTHING, Word.OFFERED),
        ("human", NOTHING, Word.OFFERED),
        ("hello", SURE, None),
        ("thanks a lot", SURE, None),
        ("yes", SURE, None),
        ("no", SURE, None),
        ("!close", SURE, None),
        ("/me waves", SURE, None),
        ("???", SURE, None),
    ],
)
def test_what_it_says_follows_from_how_sure_it_is_and_how_the_words_look(
    text: str, found: Finding, expected: Word | None
) -> None:
    assert word(public.reply(heard(text), Counts(), house(found))) is expected


def test_a_greeting_that_turns_to_the_bot_is_answered() -> None:
    assert word(public.reply(heard("hello", addressed=True), Counts(), house(NOTHING))) is Word.OFFERED


def test_part_of_other_peoples_talk_is_left_alone() -> None:
    assert public.reply(heard(aside=True, addressed=True), Counts(), house(SURE)) is None


def test_a_no_under_the_answer_is_offered_more() -> None:
    assert word(public.reply(heard("that did not help", follows=True), Counts(), house(NOTHING))) is Word.OFFERED
    assert public.reply(heard("that did not help"), Counts(), house(NOTHING)) is None


def test_whom_it_may_not_write_to_is_offered_nothing() -> None:
    silent = public.reply(heard("how?", reachable=False), Counts(), house(NOTHING))
    told = public.reply(heard("how?", reachable=False, addressed=True), Counts(), house(NOTHING))
    answered = public.reply(heard(reachable=False), Counts(), house(SURE))
    assert (silent, word(told)) == (None, Word.ONLY)
    assert answered is not None
    assert "🙋" not in "".join(block.text for block in answered.content)


def test_the_limits() -> None:
    for counts, expected in (
        (Counts(person=1, room=3), Word.ANSWERED),
        (Counts(person=2, room=3), Word.ENOUGH),
        (Counts(person=2, room=3, enough=True), None),
        (Counts(person=0, room=4), None),
        (Counts(person=2, room=4), None),
    ):
        assert word(public.reply(heard(), counts, house(SURE))) is expected, counts
    assert public.reply(heard("see you"), Counts(person=2), house(NOTHING)) is None, "not over words that are no matter"


def test_what_was_asked_long_ago_is_left_alone() -> None:
    old = Heard("how do I turn it off?", AT - timedelta(hours=1), AT)
    assert public.reply(old, Counts(), house(SURE)) is None


def test_who_joins_is_welcomed_inside_hours_and_limits() -> None:
    hours = Hours(ZoneInfo("Europe/Paris"), ((Span(9 * 60, 18 * 60),),) * 7)
    inside = house(NOTHING, hours=hours)
    said = public.welcome("Léa", AT, Counts(), inside, reachable=True)
    assert said is not None
    assert said.word is Word.JOINED
    assert "Voulez-vous de l'aide ?" in said.content[0].text
    assert "Léa" in said.content[0].text
    assert public.welcome("Léa", AT + timedelta(hours=10), Counts(), inside, reachable=True) is None
    assert public.welcome("Léa", AT, Counts(room=4), inside, reachable=True) is None


@pytest.mark.parametrize("symbol", ["🙋", "👍", "🙋\u200d♀"])
def test_yes_by_a_mark(symbol: str) -> None:
    assert public.accepts_by(symbol)
    assert not public.declines_by(symbol)


@pytest.mark.parametrize("text", ["oui", "yes", "private", "en prive", "yes please"])
def test_yes_in_words(text: str) -> None:
    assert public.accepts(text)
