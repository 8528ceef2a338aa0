"""Whose devices are asked for, and when; and what an answer that comes late still counts for."""

from __future__ import annotations

from helpbot.transports.matrix_devices import Asking

MARIE, MALLORY = "@marie:test", "@mallory:slow"
BOTH = {MARIE, MALLORY}


def test_a_message_waits_once_for_who_cannot_be_told() -> None:
    asking = Asking()
    assert asking.first(BOTH) == BOTH
    asking.missed({MALLORY}, 0.0)
    assert asking.first(BOTH) == {MARIE}


def test_who_cannot_be_told_is_asked_for_later_and_later() -> None:
    asking, now, waits = Asking(), 0.0, []
    for _ in range(12):
        asking.missed({MALLORY}, now)
        wait = next(seconds for seconds in range(1, 10_000) if MALLORY in asking.due(BOTH, now + seconds))
        waits.append(wait)
        now += wait
    assert waits[:3] == [15, 30, 60]
    assert waits[-1] == 300


def test_who_has_news_is_asked_for_at_once() -> None:
    asking = Asking()
    asking.missed({MALLORY}, 0.0)
    asking.changed({MALLORY})
    assert asking.first(BOTH) == asking.due(BOTH, 0.0) == BOTH


def test_an_answer_from_before_the_news_does_not_settle_them() -> None:
    asking = Asking()
    before = asking.begin()
    asking.changed({MARIE})
    after = asking.begin()
    assert asking.fresh({MARIE}, before) == {MARIE}
    assert not asking.is_settled(MARIE, before)
    assert asking.is_settled(MARIE, after)


def test_an_answer_that_was_overtaken_is_none() -> None:
    asking = Asking()
    first, second = asking.begin(), asking.begin()
    assert asking.fresh({MARIE}, second) == {MARIE}
    assert asking.fresh({MARIE, MALLORY}, first) == {MALLORY}
