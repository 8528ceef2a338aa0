"""Teams in the config: hours, leads, reminders; and what agents, tickets, report and metrics may say."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpbot.answers.entries import Faq
from helpbot.compose import make_desk, unprepared
from helpbot.config import Config, Report, canned_beside, load_config
from helpbot.core.files import TYPES
from helpbot.core.hours import Hours, Span, opens_at
from helpbot.core.model import Canned, Desk, Patience, Person
from helpbot.core.vague_words import VAGUE_WORDS
from tests.test_config import ROOT, good, load

NINE_TO_FIVE = (Span(540, 1020),)


def a_team(folder: Path, text: str) -> Config:
    return good(folder, "teams:\n  - id: a\n" + "".join(f"    {line}\n" for line in text.splitlines()))


def hours_of(folder: Path, text: str) -> tuple[tuple[Span, ...], ...] | None:
    return a_team(folder, f"hours: {text}").teams[0].hours


def desk_of(config: Config) -> Desk:
    return make_desk(config, unprepared(config, Faq()))


# --- hours


def test_a_team_is_always_there_unless_its_hours_say_otherwise(tmp_path: Path) -> None:
    assert a_team(tmp_path, "").teams[0].hours is None
    assert hours_of(tmp_path, "always") is None
    assert hours_of(tmp_path, '{mon: "00:00-24:00"}') == ((Span(0, 1440),), (), (), (), (), (), ())


@pytest.mark.parametrize(
    ("key", "days"),
    [
        ("mon-fri", {0, 1, 2, 3, 4}),
        ("lun-ven", {0, 1, 2, 3, 4}),
        ("sat-mon", {5, 6, 0}),
        ("mon, wed", {0, 2}),
        ("mon,wed-thu , dim", {0, 2, 3, 6}),
        ("Mon - FRI", {0, 1, 2, 3, 4}),
        ("sun", {6}),
        ("mer-mer", {2}),
        ("mon-sun", set(range(7))),
        ("tue-mon", set(range(7))),
    ],
)
def test_days_are_named_alone_in_ranges_and_in_lists(key: str, days: set[int], tmp_path: Path) -> None:
    week = hours_of(tmp_path, f'{{"{key}": "09:00-17:00"}}')
    assert week == tuple(NINE_TO_FIVE if day in days else () for day in range(7))


@pytest.mark.parametrize(
    ("text", "monday", "tuesday"),
    [
        ("09:00-12:30, 13:30-18:00", [(540, 750), (810, 1080)], []),
        ("13:30-18:00,09:00-12:30", [(540, 750), (810, 1080)], []),
        ("09:00-12:00, 12:00-13:00", [(540, 720), (720, 780)], []),
        ("22:00-06:00", [(1320, 1440)], [(0, 360)]),
        ("22:00-00:00", [(1320, 1440)], []),
        ("22:00-24:00", [(1320, 1440)], []),
        ("09:00-09:00", [(540, 1440)], [(0, 540)]),
        ("00:00-00:00", [(0, 1440)], []),
        (" 09:00 - 12:00 ", [(540, 720)], []),
    ],
)
def test_times_may_be_several_and_go_over_midnight(
    text: str, monday: list[tuple[int, int]], tuesday: list[tuple[int, int]], tmp_path: Path
) -> None:
    week = hours_of(tmp_path, f'{{mon: "{text}", sun: ""}}')
    assert week is not None
    assert [[(span.start, span.end) for span in day] for day in week] == [monday, tuesday, [], [], [], [], []]


def test_the_night_of_sunday_ends_on_monday(tmp_path: Path) -> None:
    week = hours_of(tmp_path, '{sun: "22:00-02:00", mon: "02:00-04:00"}')
    assert week is not None
    assert (week[6], week[0]) == ((Span(1320, 1440),), (Span(0, 120), Span(120, 240)))


@pytest.mark.parametrize(
    ("hours", "part"),
    [
        ("", "write always, or days"),
        ("never", "write always, or days"),
        ("[mon]", "write always, or days"),
        ("{}", "never open"),
        ('{mon: "", tue-sun: ""}', "never open"),
        ("{mon: }", "never open"),
        ('{monday: "09:00-12:00"}', "'monday' is no day: write mon"),
        ('{mon-wed-fri: "09:00-12:00"}', "'mon-wed-fri' is no day"),
        ('{"mon,": "09:00-12:00"}', "'' is no day"),
        ('{"": "09:00-12:00"}', "'' is no day"),
        ("{mon: 09:00-12:00, 13:00-18:00}", "all the times of a day in one pair of quotes"),
        ('{mon: ["09:00-12:00", "13:00-18:00"]}', "in one pair of quotes"),
        ('{mon: {from: "09:00"}}', "in one pair of quotes"),
        ('{mon: "9-12"}', "'9-12' is no time: write times as 09:00-18:00"),
        ('{mon: "9:00-12:00"}', "is no time"),
        ('{mon: "09:00"}', "is no time"),
        ('{mon: "09:00-12:00-13:00"}', "is no time"),
        ('{mon: "09:60-12:00"}', "is no time"),
        ('{mon: "09:00-24:01"}', "is no time"),
        ('{mon: "24:00-06:00"}', "is no time"),
        ('{mon: "09:00–12:00"}', "is no time"),
        ('{mon: "٠٩:٠٠-12:00"}', "is no time"),
        ('{mon: "09:00-12:00,"}', "'' is no time"),
        ('{mon: "09:00-12:00, 11:00-13:00"}', "two times overlap on mon"),
        ('{mon: "22:00-06:00", tue: "05:00-12:00"}', "two times overlap on tue"),
        ('{mon: "05:00-12:00", sun: "22:00-06:00"}', "two times overlap on mon"),
        ('{mon-fri: "09:00-12:00", fri: "09:00-11:00"}', "fri stands twice (first in 'mon-fri')"),
        ('{mon: "09:00-12:00", lun: ""}', "mon stands twice (first in 'mon')"),
        ('{"mon-wed, tue": "09:00-12:00"}', "tue stands twice"),
    ],
)
def test_hours_that_make_no_sense_are_a_fault(hours: str, part: str, tmp_path: Path) -> None:
    config, found = load(tmp_path, f"teams:\n  - id: a\n    hours: {hours}\n")
    assert config is None
    assert any(fault.startswith("config.yaml:3: `teams.0.hours") and part in fault for fault in found), found
    assert all("\n" not in fault for fault in found)


def test_every_fault_in_hours_comes_at_once_each_in_its_line(tmp_path: Path) -> None:
    _, found = load(
        tmp_path,
        "teams:\n  - id: a\n    hours:\n      mon-fri: 9-12, 13-18\n      samedi: 09:00-12:00\n      fri: ''\n"
        "    holidays:\n      - 2026-12-25\n      - 25.12.2026\n    time_zone: Europe/Pari\n    remind:\n"
        "      team: 1h\n      lead: 20m\n",
    )
    places = [fault.split(": ")[0] for fault in found]
    assert places == [f"config.yaml:{line}" for line in (4, 4, 5, 6, 9, 10, 13)], found


# --- the other keys


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ("teams: [{id: a, time_zone: Paris}]", 1, "there is no such time zone"),
        ("teams: [{id: a, time_zone: europe/paris}]", 1, "did you mean Europe/Paris?"),
        ("teams: [{id: a, time_zone: }]", 1, "write a time zone"),
        ("teams: [{id: a, time_zone: /etc/passwd}]", 1, "there is no such time zone"),
        ("teams: [{id: a, time_zone: ../../etc/passwd}]", 1, "there is no such time zone"),
        ("teams: [{id: a, time_zone: Europe}]", 1, "there is no such time zone"),
        ("teams: [{id: a, time_zone: Europe/}]", 1, "there is no such time zone"),
        ("teams: [{id: a, time_zone: Europe/Paris/x}]", 1, "there is no such time zone"),
        ("teams: [{id: a, time_zone: tzdata.zi}]", 1, "there is no such time zone"),
        ("teams: [{id: a, time_zone: posix/Europe/Paris}]", 1, "there is no such time zone"),
        (f"teams: [{{id: a, time_zone: {'x' * 5000}}}]", 1, "there is no such time zone"),
        ("teams: [{id: a, time_zone: [UTC]}]", 1, "write a time zone"),
        ("teams: [{id: a, holidays: 2026-12-25}]", 1, "write a list"),
        ("teams: [{id: a, holidays: [2026-02-30]}]", 1, "no 2026-02-30 in the calendar"),
        ("teams: [{id: a, holidays: [20261225]}]", 1, "write a date as 2026-12-25"),
        ("teams: [{id: a, holidays: [[]]}]", 1, "write a date as 2026-12-25"),
        ("teams: [{id: a, lead: anne}]", 1, "full Matrix id"),
        ("teams:\n  - id: a\n    lead:\n      - '@a:b'\n      - anne:x", 5, "full Matrix id"),
        ("teams: [{id: a, lead: {a: b}}]", 1, "write a list"),
        ("teams: [{id: a, lead: }]", 1, "write a list"),
        ("teams: [{id: a, first_word: 20}]", 1, "with its unit, such as 20s"),
        ("teams: [{id: a, first_word: }]", 1, "with its unit"),
        ("teams: [{id: a, first_word: ''}]", 1, "with its unit"),
        ("teams: [{id: a, first_word: 20 s}]", 1, "with its unit"),
        ("teams: [{id: a, first_word: -20s}]", 1, "with its unit"),
        ("teams: [{id: a, first_word: 1.5h}]", 1, "with its unit"),
        ("teams: [{id: a, first_word: 30m1h}]", 1, "with its unit"),
        ("teams: [{id: a, first_word: ٢٠s}]", 1, "with its unit"),
        ("teams: [{id: a, first_word: 0s}]", 1, "more than 0 and at most 365d"),
        ("teams: [{id: a, first_word: 366d}]", 1, "more than 0 and at most 365d"),
        ("teams: [{id: a, first_word: 365d1s}]", 1, "more than 0 and at most 365d"),
        ("teams: [{id: a, first_word: 999999999d}]", 1, "more than 0 and at most 365d"),
        (f"teams: [{{id: a, first_word: {'9' * 5000}d}}]", 1, "with its unit"),
        ("teams: [{id: a, remind: 2m}]", 1, "keys and values"),
        ("teams: [{id: a, remind: {tem: 2m}}]", 1, "did you mean 'team'?"),
        ("teams:\n  - id: a\n    remind:\n      lead: 1m", 4, "1m is not after `team` (2m)"),
        ("teams:\n  - id: a\n    remind:\n      lead: 2m", 4, "2m is not after `team` (2m)"),
        ("teams:\n  - id: a\n    remind:\n      team: 15m", 3, "remind.lead`: 10m is not after `team` (15m)"),
        ("teams:\n  - id: a\n    remind: {lead: 1h, leads: 50m}", 3, "50m is not after `lead` (1h)"),
        ("teams:\n  - id: a\n    remind: {owner: 1h30m}", 3, "1h is not after `owner` (1h30m)"),
        ("teams:\n  - id: a\n    remind: {again: 0m}", 3, "remind.again`: write a time of more than 0"),
        ("agents: {time_zones: {sam: UTC}}", 1, "full Matrix id"),
        ("agents:\n  time_zones:\n    '@sam:x': Mars/Base", 3, "there is no such time zone"),
        ("agents: {time_zones: [UTC]}", 1, "keys and values"),
        ("agents: {vague_words: [soon]}", 1, "keys and values"),
        ("agents: {vague_words: }", 1, "keys and values"),
        ("agents: {vague_words: {english: [soon]}}", 1, "is no language"),
        ("agents: {vague_words: {en: soon}}", 1, "write a list"),
        ("languages: [fr, en]\nagents:\n  vague_words:\n    de: [bald]", 4, "the bot speaks fr, en"),
        ("agents: {vague_words: {en: ['']}}", 1, "is empty"),
        ("agents: {vague_words: {en: ['…']}}", 1, "write a few words"),
        (f"agents: {{vague_words: {{en: [{'x' * 51}]}}}}", 1, "at most 50"),
        ("agents: {canned: ''}", 1, "write a path"),
        ("agents: {canned: [a]}", 1, "write a path"),
        ("tickets: {silent_days: -1}", 1, "tickets.silent_days"),
        ("tickets: {silent_days: 3d}", 1, "a whole number"),
        ("tickets: {silent_days: 3651}", 1, "tickets.silent_days"),
        ("tickets: {warned_hours: 0}", 1, "tickets.warned_hours"),
        ("tickets: {ask_rating: yes}", 1, "true or false"),
        ("files: {max_mb: 0}", 1, "files.max_mb"),
        ("files: {max_mb: big}", 1, "files.max_mb"),
        ("files: {types: [png]}", 1, "such as image/*"),
        ("files: {types: ['image/ png']}", 1, "such as image/*"),
        ("report:", 1, "write false, or when it comes"),
        ("report: no", 1, "keys and values"),
        ("report: [mon]", 1, "keys and values"),
        ("report: {day: someday}", 1, "write a day as mon"),
        ("report: {day: mon-fri}", 1, "write a day as mon"),
        ("report: {time: 9h}", 1, "write a time of day as 09:00"),
        ("report: {time: '24:00'}", 1, "write a time of day as 09:00"),
        ("report: {hour: 9}", 1, "unknown key"),
        ("metrics: true", 1, "keys and values"),
        ("metrics: {}", 1, "`metrics.listen` is missing"),
        ("metrics: {listen: }", 1, "write a text"),
        ("metrics: {listen: 9464}", 1, "a host and a port"),
        ("metrics: {listen: ':9464'}", 1, "a host and a port"),
        ("metrics: {listen: '127.0.0.1'}", 1, "a host and a port"),
        ("metrics: {listen: '127.0.0.1:0'}", 1, "a host and a port"),
        ("metrics: {listen: '127.0.0.1:65536'}", 1, "a host and a port"),
        ("metrics: {listen: '127.0.0.256:9464'}", 1, "a host and a port"),
        ("metrics: {listen: 'a..b:9464'}", 1, "a host and a port"),
        ("metrics: {listen: '::1:9464'}", 1, "a host and a port"),
        ("metrics: {listen: '[::g]:9464'}", 1, "a host and a port"),
        ("metrics: {listen: 'http://localhost:9464'}", 1, "a host and a port"),
        ("metrics: {listen: 'localhost:9464/metrics'}", 1, "a host and a port"),
    ],
)
def test_a_fault_has_its_line_and_says_how_to_mend_it(text: str, line: int, part: str, tmp_path: Path) -> None:
    config, found = load(tmp_path, text)
    assert config is None
    assert any(fault.startswith(f"config.yaml:{line}: ") and part in fault for fault in found), found
    assert all("\n" not in fault for fault in found)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("20s", timedelta(seconds=20)),
        ("2m", timedelta(minutes=2)),
        ("1h30m", timedelta(minutes=90)),
        ("90m", timedelta(minutes=90)),
        ("1d2h3m4s", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("365d", timedelta(days=365)),
    ],
)
def test_durations_are_numbers_with_units(text: str, span: timedelta, tmp_path: Path) -> None:
    assert a_team(tmp_path, f"first_word: {text}").teams[0].first_word == span


@pytest.mark.parametrize(
    ("listen", "host"),
    [("127.0.0.1:9464", "127.0.0.1"), ("[::1]:9464", "::1"), ("localhost:9464", "localhost"), ("a-b.c:9464", "a-b.c")],
)
def test_metrics_have_a_host_and_a_port(listen: str, host: str, tmp_path: Path) -> None:
    metrics = good(tmp_path, f"metrics: {{listen: '{listen}'}}").metrics
    assert metrics is not None
    assert (metrics.host, metrics.port) == (host, 9464)


def test_the_report_comes_on_mondays_unless_it_is_switched_off(tmp_path: Path) -> None:
    assert good(tmp_path, "").report == Report(day="mon", time="09:00")  # type: ignore[arg-type]  # as it is written
    assert good(tmp_path, "report: true").report == Report()
    assert good(tmp_path, "report: false").report is None
    report = good(tmp_path, "report: {day: ven, time: 17:30}").report
    assert report is not None
    assert (report.day, report.time) == (4, time(17, 30))
    assert good(tmp_path, "report: {day: fri}", HELPBOT_REPORT="false").report is None
    report = good(tmp_path, "report: false", HELPBOT_REPORT__DAY="tue").report
    assert report is not None
    assert (report.day, report.time) == (1, time(9))


def test_the_environment_may_say_all_of_it(tmp_path: Path) -> None:
    team = {"id": "x", "hours": {"mon": "09:00-17:00"}, "lead": "@a:b", "remind": {"team": "1m"}, "time_zone": "UTC"}
    config = good(
        tmp_path,
        "tickets: {silent_days: 5}\nagents: {vague_words: {en: [soon]}}",
        HELPBOT_TEAMS=json.dumps([team]),
        HELPBOT_TICKETS__SILENT_DAYS="2",
        HELPBOT_TICKETS__ASK_RATING="false",
        HELPBOT_AGENTS__TIME_ZONES='{"@sam:x": "Europe/London"}',
        HELPBOT_AGENTS__VAGUE_WORDS="{}",
        HELPBOT_AGENTS__CANNED="replies",
        HELPBOT_METRICS__LISTEN="127.0.0.1:9464",
    )
    assert config.tickets.silent_days == 2
    assert not config.tickets.ask_rating
    assert config.agents.time_zones == {"@sam:x": ZoneInfo("Europe/London")}
    assert config.agents.vague_words == {}
    assert config.canned_folder() == tmp_path / "replies"
    assert config.metrics is not None
    assert config.teams[0].hours == (NINE_TO_FIVE, (), (), (), (), (), ())
    assert config.teams[0].lead == ("@a:b",)


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("HELPBOT_TICKETS__SILENT_DAYS", "-1", "tickets.silent_days"),
        ("HELPBOT_TICKETS__SILENT_DAYS", "", "a whole number"),
        ("HELPBOT_TICKETS__SILENT_DAY", "1", "did you mean 'silent_days'?"),
        ("HELPBOT_TEAMS", '[{"id": "a", "hours": {"mon": 9}}]', "teams.0.hours.mon"),
        ("HELPBOT_TEAMS", '[{"id": "a", "hours": {"mo\\nn": ""}}]', "is no day"),
        ("HELPBOT_TEAMS", '[{"id": "a", "holidays": [20261225, NaN, null, true]}]', "write a date"),
        ("HELPBOT_TEAMS", '[{"id": "a", "time_zone": 1}]', "write a time zone"),
        ("HELPBOT_TEAMS", '[{"id": "a", "time_zone": "\\ud800\\u0000"}]', "no such time zone"),
        ("HELPBOT_TEAMS", '[{"id": "a", "first_word": 20}]', "with its unit"),
        ("HELPBOT_TEAMS", '[{"id": "a", "lead": 1}]', "write a list"),
        ("HELPBOT_TEAMS", '[{"id": "a", "lead": [1]}]', "write a text"),
        ("HELPBOT_AGENTS__TIME_ZONES", '{"sam": "UTC"}', "full Matrix id"),
        ("HELPBOT_AGENTS__TIME_ZONES", "Europe/London", "keys and values"),
        ("HELPBOT_AGENTS__TIME_ZONES__SAM", "UTC", "set HELPBOT_AGENTS__TIME_ZONES as a whole"),
        ("HELPBOT_AGENTS__VAGUE_WORDS", "{", "not JSON"),
        ("HELPBOT_AGENTS__VAGUE_WORDS", "", "keys and values"),
        ("HELPBOT_REPORT", "", "keys and values"),
        ("HELPBOT_REPORT", "{}x", "not JSON"),
        ("HELPBOT_REPORT__TIME", "noon", "write a time of day"),
        ("HELPBOT_METRICS__LISTEN", "", "a host and a port"),
    ],
)
def test_a_fault_of_the_environment_names_its_variable(name: str, text: str, part: str, tmp_path: Path) -> None:
    config, found = load(tmp_path, "", **{name: text})
    assert config is None
    assert any(fault.startswith(f"{name}: ") and part in fault for fault in found), found
    assert all("\n" not in fault for fault in found)


KEYS = st.sampled_from(["mon", "sat-mon", "lun", "x", "team", "lead", "owner", "day", "time", "listen", "@a:b", "fr"])
WORDS = st.sampled_from(["", "always", "09:00-12:00", "22:00-06:00", "2m", "4h", "UTC", "2026-12-25", "false", "@a:b"])
LEAVES = st.one_of(WORDS, st.text(max_size=5), st.integers(), st.floats(), st.booleans(), st.none())
SHAPES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=8
)
TEAM_KEYS = st.sampled_from(["time_zone", "hours", "holidays", "lead", "first_word", "remind"])


@given(st.dictionaries(TEAM_KEYS, SHAPES, max_size=6), SHAPES, SHAPES, SHAPES)
def test_no_shape_raises(
    tmp_path_factory: pytest.TempPathFactory, team: dict[str, object], agents: object, report: object, metrics: object
) -> None:
    path = tmp_path_factory.getbasetemp() / "none.yaml"
    env = {
        "HELPBOT_TEAMS": json.dumps([{"id": "a", **team}]),
        "HELPBOT_AGENTS": json.dumps({"time_zones": agents, "vague_words": agents, "canned": agents}),
        "HELPBOT_REPORT": json.dumps(report),
        "HELPBOT_METRICS": json.dumps(metrics),
    }
    config, faults = load_config(path, env, explicit=False)
    assert (config is None) == bool(faults)
    assert all("\n" not in str(fault) for fault in faults)


# --- the example, the notes and the desk


def test_the_example_shows_the_defaults(tmp_path: Path) -> None:
    text = (ROOT / "config.example.yaml").read_text("utf-8")
    for commented in ("  # canned: ", "# metrics: ", "#   listen: "):
        assert commented in text
        text = text.replace(commented, commented.replace("# ", "", 1).replace("#", "", 1))
    config, plain = good(tmp_path, text), good(tmp_path, "teams: [{id: mobile}]")
    assert config.metrics is not None
    assert config.canned_folder() == tmp_path / "canned"
    assert config.agents.vague_words == plain.agents.vague_words == VAGUE_WORDS
    assert (config.tickets, config.report) == (plain.tickets, plain.report)
    assert config.teams[0].remind.patience() == plain.teams[0].remind.patience() == Patience()
    assert config.teams[0].first_word == plain.teams[0].first_word


def notes(folder: Path, text: str, day: str = "2026-11-25") -> list[str]:
    at = datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)
    found = good(folder, text).worth_a_look("config.yaml", at)
    assert all(str(note).startswith("config.yaml: the team 'a' ") for note in found)
    return [note.what.removeprefix("the team 'a' ") for note in found]


def test_what_is_hardly_meant_is_worth_a_look(tmp_path: Path) -> None:
    assert notes(tmp_path, "") == []
    assert notes(tmp_path, "teams: [{id: a, lead: '@a:b'}]") == []
    assert notes(tmp_path, "teams: [{id: a}]") == ["has no `lead`: when nobody answers there is nobody to call"]
    hours = "teams: [{id: a, lead: '@a:b', hours: {mon: '09:00-17:00'}}]"
    assert notes(tmp_path, hours) == ["has `hours` and no `time_zone`: they are taken for UTC"]
    assert notes(tmp_path, hours.replace("}]", ", time_zone: UTC}]")) == []


@pytest.mark.parametrize(
    ("holidays", "part"),
    [
        ("[2026-12-25]", None),
        ("[2026-11-25]", None),
        ("[2025-12-25, 2026-12-25]", None),
        ("[]", None),
        ("[2029-12-25]", None),
        ("[2026-11-24]", "has no holiday after 2026-11-24"),
        ("[2025-12-25, 2026-01-01]", "has no holiday after 2026-01-01"),
        ("[2025-12-25, 2029-01-01]", "no holiday within the next 12 months"),
    ],
)
def test_holidays_that_nobody_went_on_with_are_worth_a_look(holidays: str, part: str | None, tmp_path: Path) -> None:
    found = notes(tmp_path, f"teams: [{{id: a, lead: '@a:b', holidays: {holidays}}}]")
    assert len(found) == (part is not None)
    assert part is None or part in found[0]


def test_the_desk_is_what_the_config_says(tmp_path: Path) -> None:
    (tmp_path / "canned").mkdir()
    (tmp_path / "canned" / "a.yaml").write_text("- {id: greet, text: Bonjour}\n")
    desk = desk_of(
        a_team(
            tmp_path,
            "time_zone: Europe/Paris\nhours: {mon: '09:00-17:00'}\nholidays: [2026-12-25]\n"
            "lead: ['@anne:x.org', '@bob:y.org', '@anne:x.org']\nfirst_word: 1m\nremind: {team: 3m, promise: 1h}",
        ).model_copy(
            update={
                "agents": good(
                    tmp_path,
                    "agents: {canned: canned, time_zones: {'@sam:x': Europe/London}, "
                    "vague_words: {fr: ['Dès que  possible', bientôt], en: [soon, BIENTOT]}}",
                ).agents,
                "tickets": good(tmp_path, "tickets: {silent_days: 0, warned_hours: 2, ask_rating: false}").tickets,
            }
        )
    )
    (team,) = desk.teams
    assert team.hours == Hours(
        ZoneInfo("Europe/Paris"), (NINE_TO_FIVE, (), (), (), (), (), ()), frozenset({date(2026, 12, 25)})
    )
    assert opens_at(team.hours, datetime(2026, 11, 25, tzinfo=UTC)) == datetime(2026, 11, 30, 8, tzinfo=UTC)
    assert team.leads == (Person("@anne:x.org", "anne"), Person("@bob:y.org", "bob"))
    assert team.patience == Patience(team=timedelta(minutes=3), promise=timedelta(hours=1))
    assert team.first_word == timedelta(minutes=1)
    assert (desk.silent_for, desk.warned_for, desk.ask_rating) == (None, timedelta(hours=2), False)
    assert tuple(desk.vague) == ("des que possible", "bientot", "soon")
    assert desk.zones == {"@sam:x": ZoneInfo("Europe/London")}
    assert desk.canned == {"greet": Canned("greet", {"fr": "Bonjour"})}


def test_a_desk_of_defaults_is_that_of_the_core(tmp_path: Path) -> None:
    desk = desk_of(good(tmp_path, "teams: [{id: a, name: A}]"))
    assert (desk.silent_for, desk.warned_for, desk.ask_rating) == (timedelta(days=3), timedelta(days=1), True)
    assert (desk.teams[0].hours, desk.teams[0].patience, desk.teams[0].leads) == (Hours(), Patience(), ())
    assert (desk.largest_file, desk.file_types) == (20_000_000, TYPES)
    wide = desk_of(good(tmp_path, "files: {max_mb: 0.5, types: ['*/*', Image/PNG]}"))
    assert (wide.largest_file, wide.file_types) == (500_000, ("*/*", "image/png"))
    assert {"dès que possible", "asap"} <= {word for words in VAGUE_WORDS.values() for word in words}
    assert {"des que possible", "asap", "tout a l heure", "d ici peu"} <= set(desk.vague)
    assert len(desk.vague) == sum(len(words) for words in VAGUE_WORDS.values())


def test_the_replies_of_a_faulty_config_are_found_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("langages: [fr]\nagents: {canned: replies}\n")
    assert canned_beside(path) == tmp_path / "replies"
    for text in ("agents: {canned: }", "agents: [canned]", "agents: {canned: [a]}", "[", ""):
        path.write_text(text)
        assert canned_beside(path) is None
    assert canned_beside(tmp_path / "none.yaml") is None
