"""/metrics and /healthz: what a monitor reads, how often the database is asked for it, and what is not told."""

from __future__ import annotations

import asyncio
import re
import socket
import sqlite3
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from helpbot.metrics import Figures, Health, serve_metrics
from helpbot.store.sqlite import SqliteStore
from helpbot.transports.base import Transport
from helpbot.transports.memory import MemoryTransport
from tests.dialogues.stage import TWO_ROOMS, Stage, WallClock, stage
from tests.dialogues.test_figures import MONDAY, TWO_TEAMS, the_week

TEAMS = ("mobile", "lines", "new")
Samples = dict[tuple[str, ...], float]


@pytest.fixture
async def week(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(TWO_TEAMS, tmp_path / "desk.db", clock=WallClock(MONDAY), rooms=TWO_ROOMS) as opened:
        yield opened


def samples(text: str) -> Samples:
    """Return each value by its name and the values of its labels."""
    found = [one for family in text_string_to_metric_families(text) for one in family.samples]
    return {(one.name, *(value for _, value in sorted(one.labels.items()))): one.value for one in found}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@asynccontextmanager
async def served(
    figures: Figures, store: SqliteStore, transports: Sequence[Transport]
) -> AsyncIterator[aiohttp.ClientSession]:
    port = free_port()
    task = asyncio.create_task(serve_metrics("127.0.0.1", port, figures, Health(store, transports)))
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
            while True:
                try:
                    await session.get("/")
                    break
                except aiohttp.ClientConnectorError:
                    assert not task.done()
                    await asyncio.sleep(0.01)
            yield session
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def ours(tmp_path: Path, desk: Stage) -> Figures:
    return Figures(tmp_path / "desk.db", lambda: TEAMS, desk.clock.now)


async def test_a_monitor_reads_the_week(week: Stage, tmp_path: Path) -> None:
    await the_week(week)
    await week.customer("hugo", "human")
    await week.agent("sam", "!r hello")  # held, first word after 0 s
    await week.agent("sam", "!promise +1h a word")
    await week.customer("ivy", "human")
    await week.passes(timedelta(seconds=90))
    async with served(ours(tmp_path, week), week.store, [week.network]) as session, session.get("/metrics") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        found = samples(await answer.text())
    # See the comments of the week in tests/dialogues/test_figures.py; hugo and ivy asked for a person and no question.
    assert found["helpbot_questions_total", "mobile"] == 7
    assert found["helpbot_questions_total", "lines"] == 1
    assert found["helpbot_questions_total", "new"] == 0
    assert found["helpbot_answers_total", "mobile"] == 6  # ann, bea, cleo, dora, emma, ann
    assert found["helpbot_answers_undone_total", "mobile"] == 3  # bea, dora, emma: three were answered alone
    assert found["helpbot_escalations_total", "asked", "mobile"] == 3  # dora, hugo, ivy
    assert found["helpbot_escalations_total", "unsure", "mobile"] == 1
    assert found["helpbot_escalations_total", "not_answered", "lines"] == 1
    assert found["helpbot_escalations_total", "asked", "new"] == 0
    assert found["helpbot_figures_total", "hop", "mobile"] == 1
    assert found["helpbot_figures_total", "promised", "mobile"] == 3
    assert found["helpbot_figures_total", "broken", "lines"] == 1
    assert found["helpbot_figures_total", "silent", "lines"] == 1
    words = [found["helpbot_first_word_seconds_bucket", le, "mobile"] for le in ("5.0", "10.0", "20.0", "30.0", "60.0")]
    assert words == [1, 2, 3, 3, 4]  # 0, 10, 20, 40 s
    assert found["helpbot_first_word_seconds_count", "mobile"] == 4
    assert found["helpbot_first_word_seconds_sum", "mobile"] == 70
    assert found["helpbot_solution_seconds_count", "mobile"] == 3
    assert found["helpbot_rating_sum", "mobile"] == 7
    assert found["helpbot_tickets_waiting", "mobile"] == 1  # ivy
    assert found["helpbot_tickets_held", "mobile"] == 1  # hugo
    assert found["helpbot_longest_wait_seconds", "mobile"] == 90
    assert found["helpbot_longest_wait_seconds", "new"] == 0
    assert found["helpbot_promises_open", "mobile"] == 1
    assert found["helpbot_promises_overdue", "mobile"] == 0
    assert (found["helpbot_inbox_backlog",], found["helpbot_outbox_backlog",], found["helpbot_dead_letters",]) == (
        0,
        0,
        0,
    )


async def test_no_label_names_a_person_or_a_ticket(week: Stage, tmp_path: Path) -> None:
    await the_week(week)

    def write() -> None:
        with sqlite3.connect(tmp_path / "desk.db") as db:
            db.execute(
                "INSERT INTO figure (ticket, team, at, kind, label) VALUES (1, 'mobile', '2025', 'escalated', '@ann:x')"
            )

    await asyncio.to_thread(write)
    text = (await ours(tmp_path, week).text()).decode()
    assert set(re.findall(r"(\w+)=\"", text)) == {"team", "reason", "figure", "le"}
    assert "@ann" not in text
    assert samples(text)["helpbot_escalations_total", "other", "mobile"] == 1


async def test_counters_never_go_down(week: Stage, tmp_path: Path) -> None:
    told = [samples((await ours(tmp_path, week).text()).decode())]
    same = ours(tmp_path, week)  # one that goes on beside those that begin anew
    for name, words in (("ann", "my puk"), ("ann", "no"), ("cleo", "a line please"), ("cleo", "2"), ("cleo", "no"),
                        ("dora", "my puk"), ("dora", "human")):  # fmt: skip
        await week.customer(name, words)
        told.append(samples((await ours(tmp_path, week).text()).decode()))
        same._read_at = None
        assert samples((await same.text()).decode()) == told[-1]
    counters = {name for one in told for name in one if name[0].endswith(("_total", "_count", "_sum", "_bucket"))}
    for counter in counters:
        values = [one.get(counter, 0) for one in told]
        assert values == sorted(values), counter
    # ann and cleo said no, dora asked for a person.
    assert (told[-1]["helpbot_answers_total", "mobile"], told[-1]["helpbot_answers_undone_total", "mobile"]) == (3, 3)


async def test_a_storm_of_scrapes_reads_the_database_once(week: Stage, tmp_path: Path) -> None:
    figures = ours(tmp_path, week)
    async with served(figures, week.store, [week.network]) as session:

        async def scrape() -> int:
            async with session.get("/metrics") as response:
                await response.read()
                return response.status

        assert set(await asyncio.gather(*(scrape() for _ in range(200)))) == {200}
    assert figures.reads == 1


async def test_healthz_says_what_is_missing(week: Stage, tmp_path: Path) -> None:
    other = MemoryTransport("other")
    async with served(ours(tmp_path, week), week.store, [week.network, other]) as session:
        async with session.get("/healthz") as response:
            assert (response.status, await response.text()) == (503, "other is not connected\n")
        other.ready.set()
        async with session.get("/healthz") as response:
            assert (response.status, await response.text()) == (200, "ok\n")


async def test_healthz_answers_soon_while_the_database_is_held(week: Stage, tmp_path: Path) -> None:
    holder = await asyncio.to_thread(
        sqlite3.connect, tmp_path / "desk.db", isolation_level=None, check_same_thread=False
    )
    async with served(ours(tmp_path, week), week.store, [week.network]) as session:

        async def asked() -> tuple[int, str]:
            start = time.monotonic()
            async with session.get("/healthz") as response:
                text = await response.text()
            assert time.monotonic() - start < 2
            return response.status, text

        await asyncio.to_thread(holder.execute, "BEGIN EXCLUSIVE")
        found = await asyncio.gather(*(asked() for _ in range(20)))
        assert set(found) == {(503, "the database does not answer\n")}
        await asyncio.to_thread(holder.execute, "ROLLBACK")
        async with asyncio.timeout(10):
            while (await asked())[0] != 200:  # SQLite looks again when it likes
                pass
    await asyncio.to_thread(holder.close)


async def test_metrics_of_a_database_that_is_gone_are_a_503(week: Stage, tmp_path: Path) -> None:
    gone = Figures(tmp_path / "gone.db", lambda: TEAMS, week.clock.now)
    async with served(gone, week.store, [week.network]) as session, session.get("/metrics") as response:
        assert (response.status, await response.text()) == (503, "the database cannot be read now\n")


async def test_a_port_that_is_taken_ends_nothing(week: Stage, tmp_path: Path) -> None:
    with socket.socket() as taken, capture_logs() as logs:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        async with asyncio.timeout(5):
            await serve_metrics("127.0.0.1", port, ours(tmp_path, week), Health(week.store, []))
    (line,) = [one for one in logs if one["log_level"] == "error"]
    assert (line["event"], line["listen"]) == ("metrics_not_served", f"127.0.0.1:{port}")
    assert "metrics.listen" in line["hint"]
