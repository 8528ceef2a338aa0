"""/metrics and /healthz, for a monitor: what was counted, how the desk stands, whether it works.

Rule: a label is a team, a reason or a figure and nothing else, because what a monitor keeps is read by many: no user,
no ticket, no word of anybody.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from aiohttp import web
from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from helpbot.clock import Now
from helpbot.core.model import Figure, Reason
from helpbot.store import totals
from helpbot.store.base import Store, StoreBusy
from helpbot.store.reading import of_one_moment
from helpbot.store.totals import Answers, Backlog, Standing, Tally
from helpbot.transports.base import SetupError, Transport

log = structlog.get_logger(__name__)

_FRESH = 5.0  # seconds for which what was read is told again
_PATIENCE = 1.5  # seconds that /healthz waits for the database
_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_WORDS = (5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0, 14400.0)
_SOLVED = (300.0, 900.0, 3600.0, 14400.0, 28800.0, 86400.0, 259200.0, 604800.0)
_STARS = (1.0, 2.0, 3.0, 4.0, 5.0)
_TIMED = {
    Figure.FIRST_WORD: ("helpbot_first_word_seconds", "From the call for a person to the first human word", _WORDS),
    Figure.FIRST_WORD_OPEN: ("helpbot_first_word_open_seconds", "The same, in the team's opening time", _WORDS),
    Figure.SOLVED: ("helpbot_solution_seconds", "From the first word of a ticket to its closing by an agent", _SOLVED),
    Figure.RATED: ("helpbot_rating", "How customers rated it, 1 to 5", _STARS),
}
_EVENTS = tuple(figure for figure in Figure if figure not in _TIMED and figure is not Figure.ESCALATED)


@dataclass(slots=True)
class _Spread:
    """So many values up to each bound and beyond, and their sum."""

    bounds: tuple[float, ...]
    counts: list[int]
    total: float = 0.0

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def buckets(self) -> list[tuple[str, float]]:
        names = [*(str(bound) for bound in self.bounds), "+Inf"]
        sums = [sum(self.counts[: place + 1]) for place in range(len(self.counts))]
        return list(zip(names, sums, strict=True))


@dataclass(slots=True)
class Counted:
    """What was counted so far: each row is added once, as it comes."""

    after: int = 0
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    events: Counter[tuple[str, Figure]] = field(default_factory=Counter)
    spreads: dict[tuple[str, Figure], _Spread] = field(default_factory=dict)

    def add(self, row: int, tally: Tally) -> None:
        """Add a row."""
        self.after = row
        if tally.figure is Figure.ESCALATED:
            known = tally.label in {reason.value for reason in Reason}
            self.reasons[tally.team, tally.label if known else "other"] += 1
        elif tally.figure not in _TIMED:
            self.events[tally.team, tally.figure] += 1
        elif tally.value is not None:
            self.spread(tally.team, tally.figure).add(tally.value)

    def spread(self, team: str, figure: Figure) -> _Spread:
        """Return the values of a figure, none at first."""
        bounds = _TIMED[figure][2]
        return self.spreads.setdefault((team, figure), _Spread(bounds, [0] * (len(bounds) + 1)))


@dataclass(frozen=True, slots=True)
class Scrape(Collector):
    """All that a monitor is told at once; `teams` are those of the config."""

    teams: Sequence[str]
    answers: Mapping[str, Answers]
    counted: Counted
    standing: Mapping[str, Standing]
    backlog: Backlog

    def collect(self) -> Iterable[Metric]:
        """Return it as families of metrics."""
        yield from self._questions()
        yield from self._counted()
        yield from self._standing()
        for name, text, value in (
            ("helpbot_inbox_backlog", "Events that are to be decided", self.backlog.inbox),
            ("helpbot_outbox_backlog", "Messages that are to be sent", self.backlog.outbox),
            ("helpbot_dead_letters", "What was given up, until an admin sees to it", self.backlog.dead),
        ):
            yield GaugeMetricFamily(name, text, value)

    def _all(self, found: Iterable[str]) -> list[str]:
        """Return the teams to name: those that there are, and those that something was counted for."""
        return list(dict.fromkeys((*self.teams, *sorted(found))))

    def _questions(self) -> Iterable[Metric]:
        asked = CounterMetricFamily("helpbot_questions", "Questions that the FAQ was asked", labels=["team"])
        answered = CounterMetricFamily("helpbot_answers", "Questions that the FAQ had an answer for", labels=["team"])
        text = "Of those, where she said no or a person was called all the same"
        undone = CounterMetricFamily("helpbot_answers_undone", text, labels=["team"])
        for team in self._all(self.answers):
            one = self.answers.get(team, Answers())
            asked.add_metric([team], one.asked)
            answered.add_metric([team], one.answered)
            undone.add_metric([team], one.undone)
        return asked, answered, undone

    def _counted(self) -> Iterable[Metric]:
        counted = self.counted
        called = CounterMetricFamily("helpbot_escalations", "Calls for a person", labels=["team", "reason"])
        for team in self._all(team for team, _ in counted.reasons):
            reasons = [reason.value for reason in Reason] + ["other"] * ((team, "other") in counted.reasons)
            for reason in reasons:
                called.add_metric([team, reason], counted.reasons[team, reason])
        yield called
        events = CounterMetricFamily("helpbot_figures", "What else was counted", labels=["team", "figure"])
        for team in self._all(team for team, _ in counted.events):
            for figure in _EVENTS:
                events.add_metric([team, figure.value], counted.events[team, figure])
        yield events
        for timed, (name, text, bounds) in _TIMED.items():
            times = HistogramMetricFamily(name, text, labels=["team"])
            for team in self._all(team for team, of in counted.spreads if of is timed):
                spread = counted.spreads.get((team, timed), _Spread(bounds, [0] * (len(bounds) + 1)))
                times.add_metric([team], spread.buckets(), spread.total)
            yield times

    def _standing(self) -> Iterable[Metric]:
        gauges: Sequence[tuple[str, str, Callable[[Standing], float]]] = (
            ("helpbot_tickets_waiting", "Tickets that nobody has taken", lambda one: one.waiting),
            ("helpbot_tickets_held", "Tickets that an agent has", lambda one: one.held),
            ("helpbot_longest_wait_seconds", "How long somebody has waited", lambda one: one.longest.total_seconds()),
            ("helpbot_promises_open", "Promises that are neither kept nor broken", lambda one: one.promises),
            ("helpbot_promises_overdue", "Of those, whose date is over", lambda one: one.overdue),
        )
        for name, text, value in gauges:
            gauge = GaugeMetricFamily(name, text, labels=["team"])
            for team in self._all(self.standing):
                gauge.add_metric([team], value(self.standing.get(team, Standing())))
            yield gauge


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Figures:
    """What /metrics tells: read from the database when asked, at most once in a while."""

    def __init__(self, database: Path, teams: Callable[[], Sequence[str]], now: Now) -> None:
        self._database = database
        self._teams = teams
        self._now = now
        self._counted = Counted()
        self._turn = asyncio.Lock()
        self._text = b""
        self._read_at: float | None = None
        self.reads = 0  # how often the database was read

    async def text(self) -> bytes:
        """Return it in Prometheus' text format. Raises SetupError when the database cannot be read."""
        async with self._turn:
            if self._read_at is None or time.monotonic() - self._read_at >= _FRESH:
                self._text = await asyncio.to_thread(self._read, tuple(self._teams()))
                self._read_at = time.monotonic()
            return self._text

    def _read(self, teams: Sequence[str]) -> bytes:
        self.reads += 1
        with of_one_moment(self._database, "figures") as db:
            for row, tally in totals.tallies(db, self._counted.after):
                self._counted.add(row, tally)
            scrape = Scrape(
                teams, totals.answers(db), self._counted, totals.standing(db, self._now()), totals.backlog(db)
            )
        return generate_latest(scrape)


class Health:
    """What /healthz tells: whether the desk's own database answers, and every network is there."""

    def __init__(self, store: Store, transports: Sequence[Transport]) -> None:
        self._store = store
        self._transports = transports
        self._asked: asyncio.Task[bool] | None = None

    async def missing(self) -> tuple[str, ...]:
        """Return what is not as it should be, soon."""
        if self._asked is None or self._asked.done():  # who asks meanwhile waits for the same answer
            self._asked = asyncio.create_task(self._answers(), name="health")
        asked = self._asked
        await asyncio.wait({asked}, timeout=_PATIENCE)
        database = () if asked.done() and asked.result() else ("the database does not answer",)
        away = (one.name for one in self._transports if not one.ready.is_set())
        return (*database, *(f"{name} is not connected" for name in away))

    async def _answers(self) -> bool:
        try:
            await self._store.next_due()
        except (StoreBusy, sqlite3.Error):
            return False
        return True

    async def close(self) -> None:
        """Ask no more."""
        if self._asked is not None:
            self._asked.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._asked


async def serve_metrics(host: str, port: int, figures: Figures, health: Health) -> None:
    """Serve /metrics and /healthz until cancelled; where that cannot be, say so and let the desk run on."""
    app = web.Application()
    app.add_routes([web.get("/metrics", _told(figures)), web.get("/healthz", _healthy(health))])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            log.error("metrics_not_served", listen=f"{host}:{port}", why=error.strerror or str(error), hint=_MEND)
            return
        log.info("metrics_served", listen=f"{host}:{port}")
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
        await health.close()


_MEND = (
    "the desk runs on without: stop what listens there, or write another address or port at `metrics.listen` in the "
    "config, then start the desk again"
)


def _told(figures: Figures) -> Handler:
    async def told(_: web.Request) -> web.Response:
        try:
            return web.Response(body=await figures.text(), headers={"Content-Type": _TYPE})
        except SetupError as error:
            log.error("metrics_not_read", why=str(error))
            return web.Response(status=503, text="the database cannot be read now\n")

    return told


def _healthy(health: Health) -> Handler:
    async def healthy(_: web.Request) -> web.Response:
        missing = await health.missing()
        return web.Response(status=503 if missing else 200, text=("; ".join(missing) or "ok") + "\n")

    return healthy
