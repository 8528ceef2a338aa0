"""Lines in a row, as values: however they are cut, no word is lost and there is one answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpbot.core import words
from helpbot.core.decide import decide
from helpbot.core.effects import Amend, Asked, Effect, Record, Say, StartTimer, StopTimer
from helpbot.core.events import CustomerDeleted, CustomerSaid, TimerFired
from helpbot.core.model import Audience, Entry, Status, Ticket, Timer
from tests.core.cases import DESK, NEW, NOW, to_agents, to_customer

BURST = replace(DESK, burst=timedelta(seconds=3))
WORDS = st.sampled_from(["my", "puk", "is", "blocked", "since", "monday", "hello", "thanks", "ring", "?", "…"])
LINES = st.lists(st.lists(WORDS, min_size=1, max_size=5).map(" ".join), min_size=1, max_size=8)
GAPS = st.floats(0, 3)


class Talk:
    """A ticket with its clock: what was recorded, said, and which timer runs."""

    def __init__(self) -> None:
        self.ticket: Ticket = NEW
        self.at = NOW
        self.due: datetime | None = None
        self.effects: list[Effect] = []

    def happens(self, event: object) -> None:
        decision = decide(self.ticket, event, BURST)  # type: ignore[arg-type]
        self.effects += decision.effects
        kept = [
            Entry(effect.role, effect.audience, effect.author, effect.text, self.at, source=effect.source)
            for effect in decision.effects
            if isinstance(effect, Record)
        ]
        self.ticket = decision.ticket
        if not self.ticket.carded:
            self.ticket = replace(self.ticket, transcript=(*self.ticket.transcript, *kept))
        for effect in decision.effects:
            if isinstance(effect, StartTimer) and effect.name == Timer.ANSWER:
                self.due = effect.due
            elif isinstance(effect, StopTimer) and effect.name == Timer.ANSWER:
                self.due = None

    def passes(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        if self.due is not None and self.due <= self.at:
            self.due = None
            self.happens(TimerFired(self.at, Timer.ANSWER))

    def says(self, text: str, ref: str | None = None, **more: object) -> None:
        self.happens(CustomerSaid(self.at, text, ref=ref, written=self.at, **more))  # type: ignore[arg-type]

    @property
    def recorded(self) -> list[str]:
        return [effect.text for effect in self.effects if isinstance(effect, Record)]

    @property
    def asked(self) -> list[str]:
        return [effect.text for effect in self.effects if isinstance(effect, Asked)]


@given(LINES)
def test_lines_that_come_at_once_are_one_question_with_every_word(lines: list[str]) -> None:
    talk = Talk()
    for number, text in enumerate(lines):
        talk.says(text, f"${number}")
    assert to_customer(tuple(talk.effects)) == ""
    talk.passes(6)
    assert talk.recorded == lines
    assert talk.asked in ([], ["\n".join(lines)])
    turns = talk.ticket.turn
    assert turns == 1
    assert talk.ticket.pending == ()
    talk.passes(60)
    assert talk.ticket.turn == turns


@given(LINES, st.lists(GAPS, min_size=8, max_size=8))
def test_however_lines_are_cut_each_is_answered_once_in_its_order(lines: list[str], gaps: list[float]) -> None:
    talk = Talk()
    for number, (text, gap) in enumerate(zip(lines, gaps, strict=False)):
        talk.says(text, f"${number}")
        talk.passes(gap)
    talk.passes(60)
    assert talk.recorded == lines
    assert talk.ticket.pending == ()
    if not talk.ticket.carded:
        assert talk.due is None
    answered = [text for asked in talk.asked for text in asked.split("\n")]
    rest = iter(lines)
    assert all(text in rest for text in answered), "in order, and none twice"


@given(LINES, st.integers(0, 8))
def test_a_call_for_a_person_has_all_that_waited(lines: list[str], place: int) -> None:
    talk = Talk()
    for text in lines[:place]:
        talk.says(text)
    talk.says("human")
    assert talk.ticket.status is Status.WAITING
    shown = to_agents(tuple(talk.effects))
    assert all(text in shown for text in lines[:place])
    assert talk.due is None
    assert talk.ticket.pending == ()
    before = len(talk.effects)
    talk.passes(60)
    assert len(talk.effects) == before


@given(LINES, st.data())
def test_corrections_and_deletions_leave_what_she_means(lines: list[str], data: st.DataObject) -> None:
    talk, meant = Talk(), dict(enumerate(lines))
    for number, text in enumerate(lines):
        talk.says(text, f"${number}")
    for number in data.draw(st.lists(st.integers(0, len(lines) - 1), max_size=6)):
        if number not in meant:
            continue
        if data.draw(st.booleans()):
            meant[number] = data.draw(WORDS)
            talk.says(meant[number], f"${number}", edited=True)
        else:
            del meant[number]
            talk.happens(CustomerDeleted(talk.at, f"${number}", lines[number]))
    assert [line.text for line in talk.ticket.pending] == list(meant.values())
    assert (talk.due is None) == (not meant)
    assert all(isinstance(effect, Amend | Record | StartTimer | StopTimer) for effect in talk.effects)
    talk.passes(6)
    assert talk.asked in ([], ["\n".join(meant.values())])
    assert bool(talk.ticket.turn) == bool(meant)


def test_a_withdrawn_answer_leaves_the_ticket_as_it_was() -> None:
    talk = Talk()
    talk.says("line")
    talk.passes(3)
    before = talk.ticket
    talk.says("my puk")
    talk.passes(3)
    assert talk.ticket.answered == ("puk",)
    said = [effect for effect in talk.effects if isinstance(effect, Say) and effect.audience is Audience.CUSTOMER]
    assert len(said) == 2
    talk.happens(CustomerSaid(talk.at, "of ann", written=talk.at - timedelta(seconds=1), unsent=True))
    now = talk.ticket
    assert [line.text for line in now.pending] == ["my puk", "of ann"]
    assert (now.status, now.offer, now.answered, now.question) == (Status.OFFERED, before.offer, (), before.question)
    assert now.undo is None
    assert talk.due == talk.at + timedelta(seconds=3)


@pytest.mark.parametrize(
    ("mark", "meant"),
    [
        ("1️⃣", 1), ("2⃣", 2), (" 3️⃣ ", 3), ("🙋", words.Mark.PERSON), ("🙋🏿", words.Mark.PERSON),
        ("🙋🏽‍♀️", words.Mark.PERSON), ("👎🏻", words.Mark.NO), ("❌", words.Mark.NO), ("1", None), ("4️⃣", None),
        ("👍", None), ("🙋 please", None), ("", None), ("1️⃣" * 99, None),
    ],
)  # fmt: skip
def test_what_a_mark_means(mark: str, meant: object) -> None:
    assert words.mark_meant(mark) == meant
