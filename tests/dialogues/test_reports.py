"""The weekly report: when it comes, that it comes once, and what it says."""

from __future__ import annotations

import asyncio
import io
import json
import sqlite3
from base64 import b64decode
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import aiosqlite
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from helpbot.core.figures import Figures, Measured, Times
from helpbot.core.hours import Hours, Span
from helpbot.core.model import Team
from helpbot.reports import content_of, last_due, lines_of, run_reports
from helpbot.store.sqlite import SqliteStore
from tests.core.cases import DESK
from tests.dialogues.stage import AGENTS_ROOM, OTHER_ROOM, TWO_ROOMS, Stage, WallClock, stage
from tests.dialogues.test_figures import MONDAY, TWO_TEAMS, the_week

PARIS = ZoneInfo("Europe/Paris")
HOURS = Hours(PARIS, ((Span(9 * 60, 18 * 60),),) * 5 + ((), ()))
TEAM = Team("mobile", {"en": "Mobile team", "fr": "Équipe mobile"}, HOURS)
NINE = time(9)
_YEARS = datetime(2020, 1, 1), datetime(2030, 1, 1)  # noqa: DTZ001  # hypothesis adds the zone


# --- when


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]  # year, month, day …


def test_it_is_of_the_seven_days_before_the_day_it_is_due() -> None:
    report = last_due(TEAM, utc(2025, 10, 22, 12), 0, NINE)
    assert (report.event, report.due) == ("report:mobile:2025-W43", utc(2025, 10, 20, 7))
    # Monday 13 October 0:00 to Monday 20 October 0:00 in Paris, which is two hours ahead
    assert (report.since, report.until) == (utc(2025, 10, 12, 22), utc(2025, 10, 19, 22))


def test_a_week_in_which_clocks_change_has_an_hour_more() -> None:
    report = last_due(TEAM, utc(2025, 10, 27, 8), 0, NINE)
    assert report.due == utc(2025, 10, 27, 8)  # nine in Paris, now one hour ahead
    assert report.until - report.since == timedelta(days=7, hours=1)


def test_before_its_hour_the_one_of_the_week_before_is_the_last() -> None:
    assert last_due(TEAM, utc(2025, 10, 20, 6, 59), 0, NINE).week == "2025-W42"
    assert last_due(TEAM, utc(2025, 10, 20, 7), 0, NINE).week == "2025-W43"


def test_a_week_at_the_turn_of_the_year_has_the_year_that_iso_gives_it() -> None:
    assert last_due(TEAM, utc(2025, 12, 29, 12), 0, NINE).week == "2026-W01"


@given(
    st.datetimes(*_YEARS, timezones=st.just(UTC)),
    st.integers(0, 6),
    st.times(),
    st.sampled_from(["UTC", "Europe/Paris", "America/New_York", "Pacific/Apia", "Australia/Lord_Howe"]),
)
def test_the_last_one_is_over_and_not_older_than_a_week(now: datetime, day: int, at: time, zone: str) -> None:
    team = replace(TEAM, hours=Hours(ZoneInfo(zone)))
    report = last_due(team, now, day, at)
    assert timedelta() <= now - report.due <= timedelta(days=7, hours=1)
    assert report.until <= report.due
    assert last_due(team, report.due, day, at) == report


# --- once


class Watched(SqliteStore):
    """Tells when it was asked to write a report."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        super().__init__(connection)
        self.asked = asyncio.Semaphore(0)

    async def write_report(self, event: str, payload: str, until: datetime, at: datetime) -> None:
        await super().write_report(event, payload, until, at)
        self.asked.release()


async def look(desk: Stage, teams: Sequence[Team], day: int = 0, at: time = NINE) -> None:
    """Let a desk that has just started look whether a report is due."""
    assert isinstance(desk.store, Watched)
    task = asyncio.create_task(run_reports(desk.store, desk.clock.now, lambda: teams, day, at))
    async with asyncio.timeout(10):
        for _ in teams:
            await desk.store.asked.acquire()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await desk.settle()


def reports(desk: Stage, room: str = AGENTS_ROOM) -> list[str]:
    return [one.text for one in desk.network.in_room(room) if "📊" in one.text]


def rows(folder: Path) -> list[tuple[str, str]]:
    with sqlite3.connect(folder / "desk.db") as db:
        return db.execute("SELECT event, payload FROM inbox WHERE event LIKE 'report:%' ORDER BY id").fetchall()


async def test_each_team_gets_it_once_in_its_room(tmp_path: Path) -> None:
    teams = TWO_TEAMS.teams
    clock = WallClock(MONDAY)
    async with stage(TWO_TEAMS, tmp_path / "desk.db", clock=clock, rooms=TWO_ROOMS, kind=Watched) as desk:
        await the_week(desk)  # it ends on Friday
        await look(desk, teams)
        assert reports(desk) == []  # the desk was not there in the week before
        await desk.passes(datetime(2025, 10, 27, 8, 59, tzinfo=UTC) - clock.at)
        await look(desk, teams)
        assert reports(desk) == []
        await desk.passes(timedelta(minutes=1))
        for _ in range(3):
            await look(desk, teams)
        network = desk.network
    async with stage(
        TWO_TEAMS, tmp_path / "desk.db", network=network, clock=clock, rooms=TWO_ROOMS, kind=Watched
    ) as desk:
        await look(desk, teams)  # after a restart
        clock.at -= timedelta(hours=2)  # a clock that is set back
        await look(desk, teams)
        clock.at += timedelta(hours=4)
        await look(desk, teams, day=0, at=time(10))  # another hour in the config
        (mobile,), (lines,) = reports(desk), reports(desk, OTHER_ROOM)
        assert mobile.startswith("🖼 week-2025-W44.png\n📊 Mobile team: the week from Mon 20 Oct to Sun 26 Oct\n")
        assert "Questions: 7, of which the bot answered 3 alone (43%)" in mobile
        assert "📊 Lines: the week" in lines
        assert "Satisfaction: 4.0 of 5 (1 rating: 5★ 0 · 4★ 1 · 3★ 0 · 2★ 0 · 1★ 0)" in lines
        await desk.passes(timedelta(days=7))
        await look(desk, teams)
        assert len(reports(desk)) == len(reports(desk, OTHER_ROOM)) == 2
    events = await asyncio.to_thread(rows, tmp_path)
    assert [event for event, _ in events] == [
        "report:mobile:2025-W44", "report:lines:2025-W44", "report:mobile:2025-W45", "report:lines:2025-W45",
    ]  # fmt: skip
    assert json.loads(events[0][1]) == {
        "kind": "report", "ticket": None, "team": "mobile", "week": "2025-W44",
        "from": "2025-10-20T00:00:00+00:00", "to": "2025-10-27T00:00:00+00:00",
    }  # fmt: skip


async def test_a_desk_that_was_down_sends_the_last_one_late_and_no_older_one(tmp_path: Path) -> None:
    clock = WallClock(MONDAY)
    async with stage(DESK, tmp_path / "desk.db", clock=clock, kind=Watched) as desk:
        await desk.customer("ann", "my puk")
        clock.at += timedelta(days=24)  # Thursday, three Mondays later
        await look(desk, DESK.teams[:1])
        (told,) = reports(desk)
        assert "from Mon 3 Nov to Sun 9 Nov" in told
        assert "Questions: 0, of which the bot answered 0 alone (–)" in told
        assert "First human word: –" in told


async def test_a_team_that_is_gone_when_it_is_decided_gets_none(tmp_path: Path) -> None:
    clock = WallClock(MONDAY)
    gone = Team("gone", {"en": "Gone"})
    async with stage(DESK, tmp_path / "desk.db", clock=clock, kind=Watched) as desk:
        await desk.customer("ann", "my puk")
        clock.at += timedelta(days=8)
        await look(desk, [gone])
        assert reports(desk) == []
    assert len(await asyncio.to_thread(rows, tmp_path)) == 1


# --- what


async def test_it_shows_a_picture_of_the_week() -> None:
    content = await content_of(Measured(), TEAM, "2025-W43", utc(2025, 10, 12, 22), "fr")
    title, words, picture = content
    assert title.text == "📊 Équipe mobile : la semaine du lun. 13 oct. au dim. 19 oct."
    assert "Satisfaction : –" in words.text
    assert picture.name == "semaine-2025-W43.png"  # type: ignore[union-attr]  # it is a Picture
    Image.open(io.BytesIO(b64decode(picture.data))).verify()  # type: ignore[union-attr]


def test_the_figures_are_lines_for_people() -> None:
    times = Times(3, timedelta(seconds=20), timedelta(minutes=5), 2 / 3)
    figures = Figures(
        questions=7, alone=3, escalated={"asked": 2, "unsure": 1, "of a later version": 1}, first_word=times,
        first_word_open=replace(times, within=1.0), solved=Times(1, timedelta(hours=2), timedelta(hours=30)), hops=1,
        promised=4, kept=2, broken=1, moved=1, reopened=5, silent=6, ratings={1: 0, 2: 1, 3: 0, 4: 0, 5: 2},
    )  # fmt: skip
    assert lines_of(figures, TEAM, "en") == (
        "Questions: 7, of which the bot answered 3 alone (43%)",
        "A person called: 4 (asked for 2, bot not sure 1)",
        "First human word: median 20 s, 95% within 5 min; target of 20 s met: 67%",
        "  in opening time: median 20 s, 95% within 5 min; target of 20 s met: 100%",
        "Solution: median 2 h, 95% within 30 h",
        "Promises: 4, kept 2, broken 1, moved 1 – share kept: 67%",
        "Given to another team: 1 · reopened: 5 · closed by silence: 6",
        "Satisfaction: 4.0 of 5 (3 ratings: 5★ 2 · 4★ 0 · 3★ 0 · 2★ 1 · 1★ 0)",
    )
    french = lines_of(figures, replace(TEAM, hours=Hours()), "fr")
    assert len(french) == 7  # a team that is always there has no opening time of its own
    assert french[0] == "Questions : 7, dont 3 où le robot a répondu seul (43 %)"
    assert french[-1] == "Satisfaction : 4,0 sur 5 (3 avis : 5★ 2 · 4★ 0 · 3★ 0 · 2★ 1 · 1★ 0)"


@pytest.mark.parametrize("language", ["fr", "en"])
def test_nothing_measured_is_a_dash(language: str) -> None:
    told = lines_of(Figures(), TEAM, language)
    assert [line.count("–") >= 1 for line in told] == [True, False, True, True, True, True, False, True]
