"""Opening hours: wall clock in, time that really passes out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from time import perf_counter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpbot.core import hours as hours_module
from helpbot.core.hours import Hours, Span, after, between, closes_at, is_open, opens_at

PARIS = ZoneInfo("Europe/Paris")
WEEK = ((Span(9 * 60, 18 * 60),),) * 5 + ((Span(9 * 60, 12 * 60),), ())
OFFICE = Hours(PARIS, WEEK, frozenset({date(2026, 12, 25)}))
EACH_NIGHT = Hours(PARIS, ((Span(2 * 60, 3 * 60),),) * 7)
HOUR = timedelta(hours=1)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


def test_a_team_without_hours_is_always_there() -> None:
    always, at = Hours(), utc(2026, 10, 21, 3)
    assert is_open(always, at)
    assert opens_at(always, at) == at
    assert closes_at(always, at) is None
    assert after(always, at, HOUR) == at + HOUR
    assert between(always, at, at + HOUR) == HOUR


@pytest.mark.parametrize(
    ("at", "back"),
    [
        (utc(2026, 10, 21, 10), utc(2026, 10, 21, 10)),  # a Wednesday, noon in Paris
        (utc(2026, 10, 21, 6, 59), utc(2026, 10, 21, 7)),
        (utc(2026, 10, 21, 16), utc(2026, 10, 22, 7)),  # 18:00 is after hours
        (utc(2026, 10, 24, 11), utc(2026, 10, 26, 8)),  # a Saturday; on Monday it is winter time
        (utc(2026, 12, 24, 20), utc(2026, 12, 26, 8)),  # Christmas is no working day
    ],
)
def test_when_they_are_back(at: datetime, back: datetime) -> None:
    assert opens_at(OFFICE, at) == back
    assert is_open(OFFICE, at) == (at == back)


def test_closing_joins_spans_that_touch_also_over_midnight() -> None:
    late = Hours(PARIS, ((Span(0, 120), Span(600, 720), Span(720, 1440)),) * 7)
    assert closes_at(late, utc(2026, 10, 21, 10)) == utc(2026, 10, 22, 0)
    assert closes_at(OFFICE, utc(2026, 10, 21, 20)) is None
    assert closes_at(Hours(PARIS, ((Span(0, 1440),),) * 7), utc(2026, 10, 21, 10)) is None


def test_opening_time_goes_on_after_a_night_and_a_week_end() -> None:
    friday = utc(2026, 10, 23, 15, 30)  # 17:30
    assert after(OFFICE, friday, timedelta(minutes=30)) == utc(2026, 10, 23, 16)
    assert after(OFFICE, friday, timedelta(minutes=31)) == utc(2026, 10, 24, 7, 1)
    assert after(OFFICE, friday, 4 * HOUR) == utc(2026, 10, 26, 8, 30)
    assert between(OFFICE, friday, utc(2026, 10, 26, 8, 30)) == 4 * HOUR


def test_a_night_in_which_the_clocks_change_has_what_it_really_has() -> None:
    spring, autumn = utc(2026, 3, 28, 22), utc(2026, 10, 24, 22)
    assert between(EACH_NIGHT, spring, spring + 20 * HOUR) == timedelta()  # 02:00 to 03:00 does not exist
    assert between(EACH_NIGHT, autumn, autumn + 20 * HOUR) == 2 * HOUR  # it comes twice
    half = Hours(PARIS, ((Span(150, 240),),) * 7)  # from 02:30, which is skipped: from the change on
    assert opens_at(half, spring) == utc(2026, 3, 29, 1)
    lord_howe = Hours(ZoneInfo("Australia/Lord_Howe"), ((Span(60, 180),),) * 7)  # changes by half an hour
    assert between(lord_howe, utc(2026, 10, 3, 12), utc(2026, 10, 4, 12)) == timedelta(minutes=90)


def test_a_team_that_never_opens_keeps_nobody_waiting_for_ever() -> None:
    never, at = Hours(PARIS, ((),) * 7), utc(2026, 10, 21, 12)
    assert opens_at(never, at) is None
    assert not is_open(never, at)
    assert after(never, at, HOUR) == at + HOUR
    assert between(never, at, at + HOUR) == timedelta()


def test_holidays_count_for_a_team_that_is_always_there_as_well() -> None:
    hours = Hours(PARIS, None, frozenset({date(2026, 12, 25)}))
    assert closes_at(hours, utc(2026, 12, 24, 12)) == utc(2026, 12, 24, 23)
    assert opens_at(hours, utc(2026, 12, 25, 12)) == utc(2026, 12, 25, 23)


ALL_WEEK = Hours(PARIS, ((Span(0, 1440),),) * 7)
CHRISTMAS = Hours(PARIS, None, frozenset({date(2026, 12, 25)}))


@pytest.mark.parametrize("hours", [ALL_WEEK, CHRISTMAS])
def test_a_team_that_hardly_ever_closes_is_reckoned_with_at_once(hours: Hours) -> None:
    for start in (utc(2026, 10, 21, 12), utc(2027, 2, 1, 12)):  # before and after the last holiday
        assert after(hours, start, HOUR) == start + HOUR
        assert between(hours, start, start + 30 * 24 * HOUR) == 30 * 24 * HOUR
    assert between(hours, utc(2026, 12, 24, 12), utc(2026, 12, 26, 12)) == (24 if hours is CHRISTMAS else 48) * HOUR


@pytest.mark.parametrize("day", range(1, 32))
def test_a_team_that_never_closes_has_no_closing_in_any_season(day: int) -> None:
    assert closes_at(ALL_WEEK, utc(2026, 3, day, 22, 45)) is None  # in 400 days the clocks are an hour ahead


def test_the_order_and_overlap_of_spans_make_no_difference() -> None:
    at = utc(2026, 10, 21, 7, 30)  # 9:30
    mixed = Hours(PARIS, ((Span(720, 780), Span(600, 660), Span(540, 630)),) * 7)
    assert is_open(mixed, at)
    assert closes_at(mixed, at) == utc(2026, 10, 21, 9)
    assert between(mixed, at, at + 24 * HOUR) == 3 * HOUR


def test_a_moment_on_the_closing_is_the_closing_and_not_the_next_opening() -> None:
    assert after(OFFICE, utc(2026, 10, 21, 7), 9 * HOUR) == utc(2026, 10, 21, 16)


@pytest.mark.parametrize(("closed", "back"), [(400, utc(2027, 11, 25, 8)), (401, None)])
def test_an_opening_counts_if_it_is_within_400_days(closed: int, back: datetime | None) -> None:
    at = utc(2026, 10, 21, 12)
    hours = Hours(PARIS, WEEK, frozenset(date(2026, 10, 21) + timedelta(days=day) for day in range(closed)))
    assert opens_at(hours, at) == back
    assert after(hours, at, HOUR) == (at if back is None else back) + HOUR


def test_a_leap_day_is_a_day_like_others_and_a_day_that_a_zone_skips_is_none() -> None:
    assert opens_at(OFFICE, utc(2028, 2, 28, 20)) == utc(2028, 2, 29, 8)
    apia = Hours(ZoneInfo("Pacific/Apia"), ((Span(0, 1440),),) * 7)
    assert between(apia, utc(2011, 12, 28), utc(2012, 1, 2)) == 5 * 24 * HOUR  # 30 December was none
    by_day = Hours(ZoneInfo("Pacific/Apia"), ((Span(540, 1080),),) * 7)
    assert between(by_day, utc(2011, 12, 29, 10), utc(2011, 12, 31, 10)) == 18 * HOUR  # of the 29th and the 31st
    assert opens_at(by_day, utc(2011, 12, 30, 5)) == utc(2011, 12, 30, 19)  # the 31st at 9:00


def test_opening_time_is_no_wall_clock_of_the_moment_that_is_asked_for() -> None:
    evening = datetime(2026, 10, 24, 22, tzinfo=PARIS)  # before the night with an hour more
    assert after(Hours(), evening, 12 * HOUR) == utc(2026, 10, 25, 8)
    assert between(Hours(), evening, datetime(2026, 10, 25, 22, tzinfo=PARIS)) == 25 * HOUR


def test_years_of_opening_time_are_reckoned_in_no_time() -> None:
    at = utc(2026, 10, 21, 12)
    begun = perf_counter()
    for _ in range(5):
        after(OFFICE, at, timedelta(days=30))
        between(OFFICE, at, at + timedelta(days=365))
    assert perf_counter() - begun < 2  # wanted: 20 ms for each of the ten; these machines do other things meanwhile


MONDAYS = Hours(PARIS, ((Span(540, 600),), *((),) * 6))


def test_a_year_of_opening_time_passes_in_a_moment_also_at_an_hour_a_week(monkeypatch: pytest.MonkeyPatch) -> None:
    took, days = [], []
    of_day = hours_module._of_day

    def counted(hours: Hours, day: date) -> list[tuple[datetime, datetime]]:
        days.append(day)
        return of_day(hours, day)

    monkeypatch.setattr(hours_module, "_of_day", counted)
    for _ in range(3):
        begun = perf_counter()
        assert after(MONDAYS, utc(2026, 10, 21, 12), timedelta(days=365)) == utc(2194, 9, 8, 8)
        took.append(perf_counter() - begun)
    assert len(days) < 3 * 168 * 30, "of each year a few weeks are gone through day by day"
    assert min(took) < 0.15, "wanted: 50 ms; these machines do other things meanwhile"


def test_a_long_closing_counts_from_the_last_of_the_weeks_before_it() -> None:
    closed = frozenset(date(2027, 8, 30) + timedelta(day) for day in range(382))
    assert after(replace(MONDAYS, holidays=closed), utc(2026, 10, 21, 12), 45 * HOUR) == utc(2028, 9, 18, 8)


def test_whole_weeks_are_not_left_out_where_a_holiday_or_a_change_lies_in_them() -> None:
    night = Hours(PARIS, ((),) * 6 + ((Span(60, 240),),))  # Sundays from 1:00 to 4:00
    start = utc(2026, 9, 30)
    assert after(night, start, 13 * HOUR) == utc(2026, 10, 25, 3)  # 3 h, 3 h, 3 h, and 4 h as the clocks change
    assert after(night, start, 16 * HOUR + HOUR / 2) == utc(2026, 11, 8, 0) + HOUR / 2
    closed = replace(night, holidays=frozenset({date(2026, 10, 11)}))
    assert after(closed, start, 10 * HOUR) == utc(2026, 10, 25, 3)


@pytest.mark.parametrize("closed", [395, 396, 397, 398, 399, 400, 401])
def test_a_week_behind_a_long_closing_is_too_far_day_by_day(closed: int) -> None:
    begin = date(2026, 3, 2)  # a Monday
    hours = Hours(
        PARIS, ((),) * 5 + ((Span(540, 600),), ()), frozenset(begin + timedelta(day) for day in range(closed))
    )
    start = utc(2026, 3, 1, 12)
    back = opens_at(hours, start)
    assert after(hours, start, 5 * HOUR) == (start + 5 * HOUR if back is None else back + timedelta(weeks=4) + HOUR)


SPANS = st.lists(st.tuples(st.integers(0, 1439), st.integers(1, 1440)), max_size=3).map(
    lambda pairs: tuple(Span(start, end) for start, end in pairs if start < end)
)
HOURS = st.builds(
    Hours,
    st.sampled_from([PARIS, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC")]),
    st.one_of(st.none(), st.just(((Span(0, 1440),),) * 7), st.tuples(*[SPANS] * 7)),
    st.just(frozenset({date(2026, 3, 30)})),
)
MOMENTS = st.integers(0, 40 * 24 * 60).map(lambda minutes: utc(2026, 3, 1) + timedelta(minutes=minutes))
LENGTHS = st.integers(1, 4000).map(lambda minutes: timedelta(minutes=minutes))


@given(HOURS, MOMENTS, LENGTHS)
@settings(max_examples=150, deadline=None)
def test_after_and_between_agree(hours: Hours, start: datetime, length: timedelta) -> None:
    end, back = after(hours, start, length), opens_at(hours, start)
    if back is None:
        assert end == start + length
        return
    assert back >= start
    assert is_open(hours, back)
    assert is_open(hours, start) == (back == start)
    assert between(hours, start, end) == length
    middle = start + (end - start) / 2
    assert between(hours, start, middle) + between(hours, middle, end) == length


@given(HOURS, MOMENTS, st.integers(1, 100_000).map(lambda minutes: timedelta(minutes=minutes)))
@settings(max_examples=60, deadline=None)
def test_many_weeks_of_opening_time_are_those_that_their_days_have(
    hours: Hours, start: datetime, length: timedelta
) -> None:
    end = after(hours, start, length)
    if opens_at(hours, start) is not None and end - start < timedelta(days=2000):
        assert between(hours, start, end) == length
        assert between(hours, start, end - timedelta(minutes=1)) < length


@given(HOURS, MOMENTS, st.integers(0, 999))
@settings(max_examples=150, deadline=None)
def test_an_opening_goes_on_to_its_closing_and_no_further(hours: Hours, at: datetime, part: int) -> None:
    closing = closes_at(hours, at)
    if not is_open(hours, at):
        assert closing is None
        return
    until = at + timedelta(days=400) if closing is None else closing
    assert is_open(hours, at + (until - at) * part / 1000)
    assert between(hours, at, until) == until - at
    assert closing is None or not is_open(hours, closing)
