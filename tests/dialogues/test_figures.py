"""A scripted week, each figure of it against a number worked out by hand."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from helpbot.core.model import Figure, Person, Team
from helpbot.store import figures as sql
from helpbot.store.codec import time_text
from tests.core.cases import DESK
from tests.dialogues.stage import TWO_ROOMS, Stage, WallClock, stage
from tests.test_cli import helpbot

MONDAY = datetime(2025, 10, 20, 8, 0, tzinfo=UTC)
LINES = Team("lines", {"en": "Lines"}, leads=(Person("nora", "Nora"),), first_word=timedelta(minutes=5))
TWO_TEAMS = replace(DESK, teams=(DESK.teams[0], LINES))
CONFIG = """\
languages: [en, fr]
database: sqlite:///desk.db
teams:
  - {id: mobile, name: Mobile team}
  - {id: lines, name: Lines, first_word: 5m}
  - {id: new, name: New}
"""


@pytest.fixture
async def week(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(TWO_TEAMS, tmp_path / "desk.db", clock=WallClock(MONDAY), rooms=TWO_ROOMS) as opened:
        yield opened


async def later(desk: Stage, **time: float) -> None:
    await desk.passes(timedelta(**time))


async def the_week(desk: Stage) -> None:
    """Let a week happen: all of it through the desk, word by word."""
    await desk.customer("ann", "my puk")  # mobile: answered, alone
    await desk.customer("bea", "my puk")  # mobile: answered …
    await desk.customer("bea", "no")  # … and refused
    await desk.customer("cleo", "a line please")  # mobile: asked what she means …
    await desk.customer("cleo", "2")  # … chosen, alone
    await desk.customer("dora", "how is my puk")  # mobile: answered …
    await desk.customer("dora", "human")  # … and then a person: #5, asked
    await later(desk, seconds=10)
    await desk.agent("sam", "!r hello")  # first word after 10 s, within 20 s
    await later(desk, seconds=50)
    await desk.agent("sam", "!close")  # solved after 60 s
    await desk.customer("dora", "5")
    await desk.customer("emma", "fire")  # mobile: answered, and a person called all the same: #6, entry
    await later(desk, seconds=20)
    await desk.agent("sam", "!r I am coming")  # first word after 20 s, within
    await desk.agent("sam", "!promise +2h put it out")
    await later(desk, hours=1)
    await desk.agent("sam", "!promise +3h put it out")  # moved, and made anew
    await later(desk, minutes=10)
    await desk.agent("sam", "!kept")
    await desk.agent("sam", "!close")  # solved after 20 s + 1 h 10 min = 4220 s
    await desk.customer("emma", "2")
    await desk.customer("emma", "it burns again")  # reopened
    await desk.agent("sam", "!close out now")  # solved a second time, after 4220 s
    await desk.customer("fay", "something nobody knows")  # mobile: #7, unsure
    await later(desk, seconds=40)
    await desk.agent("alex", "!r What is it?")  # first word after 40 s, too late
    await desk.agent("alex", "!transfer lines it is a line")
    await desk.agent_reacts("nora", "✋")  # a hop from mobile to lines
    await desk.agent("nora", "!promise +1h a line")
    await later(desk, hours=1)  # (the owner is reminded in between)
    await later(desk, minutes=1)  # lines: broken
    await desk.agent("nora", "!r Which line?")  # she does not answer …
    await desk.customer("gwen", "heir")  # lines: #8, sent there by an entry that leaves it to a person
    await later(desk, minutes=4)
    await desk.agent("nora", "!r My condolences")  # lines: first word after 240 s, within 5 min
    await desk.agent("nora", "!close")  # lines: solved after 240 s
    await desk.customer("gwen", "4 thank you")
    await desk.customer("ann", "my ring and my puk")  # mobile: two answers to one question, alone
    await later(desk, days=3)
    await later(desk, days=1, minutes=1)  # … #7 is closed by silence, lines


# What each team has of it, worked out from the comments above.
MOBILE: dict[str, Any] = {
    "questions": 7,  # ann, bea, cleo, dora, emma, fay, ann
    "answered_alone": 3,  # ann, cleo, ann; not bea (refused), dora (asked for a person), emma (an entry calls one)
    "answered_alone_share": 0.4286,  # 3 / 7
    "escalated": 3,
    "escalated_by_reason": {"asked": 1, "unsure": 1, "entry": 1},  # dora, fay, emma
    # 10, 20, 40 s: the 2nd of 3, the 3rd of 3 (⌈2.85⌉), two of them within 20 s. The team is always there.
    "first_word": {"count": 3, "median": 20.0, "p95": 40.0, "within_target": 0.6667},
    "first_word_open": {"count": 3, "median": 20.0, "p95": 40.0, "within_target": 0.6667},
    "solution": {"count": 3, "median": 4220.0, "p95": 4220.0},  # 60, 4220, 4220 s
    "hops": 1,  # fay's, counted for the team that gave it away
    "promises_made": 2,
    "promises_kept": 1,
    "promises_broken": 0,
    "promises_moved": 1,
    "promises_kept_share": 1.0,
    "reopened": 1,
    "closed_by_silence": 0,
    "satisfaction": {"mean": 3.5, "count": 2, "spread": {"1": 0, "2": 1, "3": 0, "4": 0, "5": 1}},
}
OF_LINES: dict[str, Any] = {
    "questions": 1,  # gwen
    "answered_alone": 0,
    "answered_alone_share": 0.0,
    "escalated": 1,
    "escalated_by_reason": {"not_answered": 1},
    "first_word": {"count": 1, "median": 240.0, "p95": 240.0, "within_target": 1.0},  # fay had hers from mobile
    "first_word_open": {"count": 1, "median": 240.0, "p95": 240.0, "within_target": 1.0},
    "solution": {"count": 1, "median": 240.0, "p95": 240.0},
    "hops": 0,
    "promises_made": 1,
    "promises_kept": 0,
    "promises_broken": 1,
    "promises_moved": 0,
    "promises_kept_share": 0.0,
    "reopened": 0,
    "closed_by_silence": 1,
    "satisfaction": {"mean": 4.0, "count": 1, "spread": {"1": 0, "2": 0, "3": 0, "4": 1, "5": 0}},
}
ALL: dict[str, Any] = {
    "questions": 8,
    "answered_alone": 3,
    "answered_alone_share": 0.375,
    "escalated": 4,
    "escalated_by_reason": {"asked": 1, "unsure": 1, "entry": 1, "not_answered": 1},
    # 10, 20, 40, 240 s: the 2nd of 4, the 4th (⌈3.8⌉); each against its own team's target: 10, 20 and 240 are within.
    "first_word": {"count": 4, "median": 20.0, "p95": 240.0, "within_target": 0.75},
    "first_word_open": {"count": 4, "median": 20.0, "p95": 240.0, "within_target": 0.75},
    "solution": {"count": 4, "median": 240.0, "p95": 4220.0},  # 60, 240, 4220, 4220
    "hops": 1,
    "promises_made": 3,
    "promises_kept": 1,
    "promises_broken": 1,
    "promises_moved": 1,
    "promises_kept_share": 0.5,
    "reopened": 1,
    "closed_by_silence": 1,
    "satisfaction": {"mean": 3.6667, "count": 3, "spread": {"1": 0, "2": 1, "3": 0, "4": 1, "5": 1}},  # 11 / 3
}
NOTHING: dict[str, Any] = {
    "first_word": {"count": 0, "median": None, "p95": None, "within_target": None},
    "first_word_open": {"count": 0, "median": None, "p95": None, "within_target": None},
    "solution": {"count": 0, "median": None, "p95": None},
    "answered_alone_share": None,
    "promises_kept_share": None,
    "satisfaction": {"mean": None, "count": 0, "spread": {"1": 0, "2": 0, "3": 0, "4": 0, "5": 0}},
}
WINDOW = ("--since", "2025-10-20", "--until", "2025-10-27")


def without_zeros(figures: dict[str, Any]) -> dict[str, Any]:
    reasons = {reason: count for reason, count in figures["escalated_by_reason"].items() if count}
    return {**figures, "escalated_by_reason": reasons}


def told(folder: Path, *words: str) -> dict[str, Any]:
    (folder / "config.yaml").write_text(CONFIG, "utf-8")
    done = helpbot("stats", "--json", *words, folder=folder)
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


async def test_each_figure_of_the_week_is_what_happened(week: Stage, tmp_path: Path) -> None:
    await the_week(week)
    found = await asyncio.to_thread(told, tmp_path, *WINDOW)  # beside the desk, which runs
    assert found["since"] == "2025-10-20T00:00:00+00:00"
    assert without_zeros(found["teams"]["mobile"]) == MOBILE
    assert without_zeros(found["teams"]["lines"]) == OF_LINES
    assert without_zeros(found["all"]) == ALL
    assert {name: found["teams"]["new"][name] for name in NOTHING} == NOTHING
    assert list(found["teams"]) == ["mobile", "lines", "new"]


async def test_people_read_the_same_figures_as_a_table(week: Stage, tmp_path: Path) -> None:
    await the_week(week)
    (tmp_path / "config.yaml").write_text(CONFIG, "utf-8")
    done = await asyncio.to_thread(helpbot, "stats", *WINDOW, folder=tmp_path)
    rows = {line[:32].strip(): re.split(r" {2,}", line[32:].strip()) for line in done.stdout.splitlines()[2:]}
    assert done.stdout.splitlines()[0] == "2025-10-20 00:00 to 2025-10-27 00:00 (UTC)"
    assert rows[""] == ["mobile", "lines", "new", "all"]
    assert rows["answered by the bot alone"] == ["3 (43%)", "0 (0%)", "0", "3 (38%)"]
    assert rows["first human word: median"] == ["20 s", "4 min", "–", "20 s"]
    assert rows["satisfaction, 1 to 5"] == ["3.5", "4.0", "–", "3.7"]
    assert rows["of 1, 2, 3, 4, 5"] == ["0 1 0 0 1", "0 0 0 1 0", "–", "0 1 0 1 1"]


async def test_only_the_time_that_was_asked_for_counts(week: Stage, tmp_path: Path) -> None:
    await the_week(week)
    # On Monday all but the silence of #7, four days later; on the Friday nothing but that; the next week nothing.
    monday = await asyncio.to_thread(told, tmp_path, "--since", "2025-10-20", "--until", "2025-10-21")
    assert monday["all"] == {**monday["all"], "questions": 8, "closed_by_silence": 0}
    friday = await asyncio.to_thread(
        told, tmp_path, "--since", "2025-10-24", "--until", "2025-10-25", "--team", "lines"
    )
    assert friday["all"] == {**friday["all"], **NOTHING, "questions": 0, "closed_by_silence": 1}
    assert list(friday["teams"]) == ["lines"]


async def test_what_no_word_can_bring_about_is_counted_as_well(week: Stage, tmp_path: Path) -> None:
    """Rows written here: a choice whose entry calls a person, an answer that did not arrive, a team that is gone."""
    await week.customer("ann", "my puk")
    at = MONDAY + timedelta(hours=1)

    def write() -> None:
        with sqlite3.connect(tmp_path / "desk.db") as db:
            for ticket, (zone, outcome) in enumerate(
                (("suggest", "chosen"), ("answer", "answered"), ("answer", "answered"))
            ):
                db.execute(
                    "INSERT INTO ticket (number, conversation, team, status, offer, refused, refusals, question,"
                    " carded, opened_at) VALUES (?, 1, 'mobile', 'waiting', '[]', '[]', 0, '', 1, ?)",
                    (10 + ticket, time_text(at)),
                )
                db.execute(
                    "INSERT INTO question (ticket, at, text, zone, confidence, outcome, team)"
                    " VALUES (?, ?, '', ?, 1, ?, 'old')",
                    (10 + ticket, time_text(at), zone, outcome),
                )
            for ticket, after, reason in ((10, 5, "entry"), (11, 60, "bot_failed")):
                db.execute(
                    "INSERT INTO figure (ticket, team, at, kind, label) VALUES (?, 'old', ?, 'escalated', ?)",
                    (ticket, time_text(at + timedelta(seconds=after)), reason),
                )
            db.execute(
                "INSERT INTO figure (ticket, team, at, kind, label) VALUES (10, 'old', ?, 'of a later version', '')",
                (time_text(at),),
            )

    await asyncio.to_thread(write)
    found = await asyncio.to_thread(told, tmp_path, *WINDOW)
    assert list(found["teams"]) == ["mobile", "lines", "new", "old"]
    # Of three answers of the bot only one needed no person.
    assert found["teams"]["old"] == {**found["teams"]["old"], "questions": 3, "answered_alone": 1, "escalated": 2}


@pytest.mark.parametrize(
    ("words", "told_so"),
    [
        (["--team", "nobody"], "--team: there is no team 'nobody': name one of mobile, lines, new"),
        (["--since", "soon"], "--since: 'soon' is no moment that can be used"),
        (["--until", "2999-01-01"], "--until: '2999-01-01' is no moment that can be used"),
        (["--since", "1d", "--until", "2d"], "--since is not before --until"),
    ],
)
async def test_what_cannot_be_meant_is_told_in_a_line(
    words: list[str], told_so: str, week: Stage, tmp_path: Path
) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG, "utf-8")
    done = await asyncio.to_thread(helpbot, "stats", *words, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(told_so)
    assert done.stderr.count("\n") == 1


def test_without_a_database_it_says_so(tmp_path: Path) -> None:
    done = helpbot("stats", folder=tmp_path)
    assert done.returncode == 2
    assert "there is no database: start the desk once" in done.stderr


async def test_a_time_is_found_by_an_index(week: Stage, tmp_path: Path) -> None:
    def plans() -> list[str]:
        with sqlite3.connect(tmp_path / "desk.db") as db:
            values = ("2026", "2027", None, json.dumps([figure.value for figure in Figure]))
            asked = db.execute(f"EXPLAIN QUERY PLAN {sql.QUESTIONS}", values[:3]).fetchall()
            return [row[3] for row in (*asked, *db.execute(f"EXPLAIN QUERY PLAN {sql.FIGURES}", values))]

    found = await asyncio.to_thread(plans)
    used = [line for line in found if line.startswith(("SEARCH", "SCAN")) and "json_each" not in line]
    assert [re.findall(r"\w+_of_\w+", line) for line in used] == [
        ["question_of_time"], ["figure_of_ticket"], ["question_of_ticket"], ["figure_of_kind"],
        ["figure_of_ticket"],
    ]  # fmt: skip
