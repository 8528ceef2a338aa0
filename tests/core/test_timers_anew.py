"""What a changed config changes in the timers of tickets that were there before."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from helpbot.core.decide_clock import timers
from helpbot.core.events import TimerFired
from helpbot.core.hours import Hours, is_open
from helpbot.core.model import Patience, Ticket
from helpbot.core.timers_anew import timer_changes
from tests.core.cases import NOW, SAM, after, said, waiting
from tests.core.human import HUMAN, LINES, MOBILE, did, human

DAY = timedelta(days=1)
NEVER = replace(HUMAN, silent_for=None)


def answered() -> Ticket:
    """Return a ticket whose customer was answered, and has been silent since."""
    return human(did(SAM, "hello"))


def promised() -> Ticket:
    return human(did(SAM, "hello"), did(SAM, "!promise tomorrow 9:00"))


def offered() -> Ticket:
    return human(did(SAM, "!transfer lines it is yours"))


def snoozed() -> Ticket:
    return human(did(SAM, "!snooze tomorrow 9:00"))


@pytest.mark.parametrize("make", [waiting, answered, promised, offered, snoozed])
@pytest.mark.parametrize("later", [0 * DAY, 2 * DAY, 400 * DAY])
def test_nothing_changes_with_the_same_config(make: object, later: timedelta) -> None:
    """What came due while the desk was stopped as well: that is for the clock."""
    assert callable(make)
    ticket = make()
    assert timers(ticket, HUMAN)
    assert timer_changes(ticket, timers(ticket, HUMAN), NOW + later, HUMAN) == {}


def test_hours_and_patience_that_changed_move_the_reminders() -> None:
    ticket = waiting()
    running = timers(ticket, HUMAN)
    slow = replace(HUMAN, teams=(replace(MOBILE, patience=Patience(team=timedelta(hours=1))), LINES))
    assert timer_changes(ticket, running, NOW, slow) == {"ladder": NOW + timedelta(hours=1)}
    holiday = replace(MOBILE.hours, holidays=frozenset({NOW.date()}))
    shut = replace(HUMAN, teams=(replace(MOBILE, hours=holiday), LINES))
    assert timer_changes(ticket, running, NOW, shut) == {"ladder": datetime(2026, 10, 22, 7, 2, tzinfo=UTC)}


def test_what_is_not_to_run_any_more_is_stopped() -> None:
    assert timer_changes(answered(), timers(answered(), HUMAN), NOW, NEVER) == {"silent": None}


def test_a_ticket_that_is_not_with_people_keeps_its_timers() -> None:
    with_the_bot, closed = after(said("puk")), human(did(SAM, "!close"))
    for ticket in (with_the_bot, closed, waiting()):
        running = {"idle": NOW, **timers(ticket, HUMAN)}
        assert timer_changes(ticket, running, NOW + DAY, HUMAN) == {}


def test_a_silence_that_is_not_over_yet_is_warned_of_at_its_time() -> None:
    due = timers(answered(), HUMAN)["silent"]
    assert timer_changes(answered(), {}, NOW + DAY, HUMAN) == {"silent": due}


def test_silences_that_a_changed_config_ends_are_warned_of_one_after_the_other() -> None:
    """A thousand tickets of a year: in opening time, in no hour more than twice its share, and all within a week."""
    start, turns = NOW + 365 * DAY, Counter[datetime]()
    for number in range(1, 1001):
        (due,) = timer_changes(replace(answered(), number=number), {}, start, HUMAN).values()
        assert due is not None
        assert start <= due <= start + 7 * DAY
        assert is_open(MOBILE.hours, due) or due.minute == 0
        turns[due.replace(minute=0, second=0, microsecond=0)] += 1
    assert max(turns.values()) <= 50


def test_a_turn_comes_however_often_the_desk_is_started() -> None:
    start, running = NOW + 365 * DAY, dict[str, datetime]()
    first = timer_changes(answered(), running, start, HUMAN)["silent"]
    assert first is not None
    while start < first:
        assert timer_changes(answered(), {"silent": first}, start, HUMAN) == {}
        start += timedelta(hours=1)


def test_a_shorter_silence_is_warned_of_before_the_longer_one_would_be_or_then() -> None:
    month = replace(HUMAN, silent_for=30 * DAY)
    running = timers(answered(), month)
    soon = timer_changes(answered(), running, NOW + 10 * DAY, HUMAN)["silent"]
    assert soon is not None
    assert NOW + 10 * DAY < soon < running["silent"]
    assert timer_changes(answered(), running, running["silent"] - timedelta(minutes=1), HUMAN) == {}


def test_who_was_warned_keeps_the_time_that_she_was_told() -> None:
    monday = datetime(2026, 10, 26, 8, 0, tzinfo=UTC)  # the team's first opening after three days
    warned = human(TimerFired(monday, "silent"), ticket=answered())
    assert warned.warned_at == monday
    running = timers(warned, HUMAN)
    hasty = replace(HUMAN, warned_for=timedelta(hours=1))
    for passed in (timedelta(0), timedelta(hours=2), 9 * DAY):
        assert timer_changes(warned, running, monday + passed, hasty) == {}
    patient = replace(HUMAN, warned_for=2 * DAY)
    assert timer_changes(warned, running, monday, patient) == {"silent": monday + 2 * DAY}


def test_a_team_that_never_opens_warns_all_the_same() -> None:
    never = replace(MOBILE, hours=Hours(week=((),) * 7))
    start = NOW + 365 * DAY
    (due,) = timer_changes(answered(), {}, start, replace(HUMAN, teams=(never, LINES))).values()
    assert due is not None
    assert start <= due <= start + 2 * DAY
