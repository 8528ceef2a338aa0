"""Everything that was ever counted, and how the desk stands now, for a monitor that looks again and again.

Rule: nothing here ever gets less, but for what is said to stand so now, because a monitor takes a counter that went
down for a program that began anew.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from helpbot.core.model import Figure
from helpbot.store import look
from helpbot.store.codec import text_time, time_text
from helpbot.store.figures import TAKEN_OVER

# An answer of which nothing has gone out may be withdrawn, and its question with it.
_OF_ITS_TURN = "SELECT 1 FROM outbox o WHERE o.ticket = q.ticket AND o.turn = q.turn AND o.state"
_MAY_GO = (
    "(EXISTS (SELECT 1 FROM ticket t WHERE t.number = q.ticket AND t.turn = q.turn AND t.undo IS NOT NULL)"  # noqa: S608  # ours
    f" AND EXISTS ({_OF_ITS_TURN} = 'queued') AND NOT EXISTS ({_OF_ITS_TURN} <> 'queued'))"
)
# What the bot once answered, or an entry that leaves it to people would have, stays so whatever comes after; that this
# was not the end of it is counted beside it.
_ANSWERS = (
    f"SELECT coalesce(team, '') AS team, count(*) AS asked, sum(answered) AS answered,"  # noqa: S608  # ours
    " sum(answered AND undone) AS undone"
    " FROM (SELECT q.team, q.zone = 'answer' OR q.chosen IS NOT NULL AS answered,"
    f" q.outcome NOT IN ('answered', 'chosen') OR {TAKEN_OVER} AS undone"
    f" FROM question q WHERE NOT {_MAY_GO}) GROUP BY 1"
)
_PROMISES = (
    "SELECT t.team, count(*) AS open, sum(json_extract(p.value, '$.due') <= ?) AS overdue"
    " FROM ticket t, json_each(t.promises) p WHERE t.status IN ('waiting', 'held')"
    " AND NOT json_extract(p.value, '$.broken') GROUP BY t.team"
)


@dataclass(frozen=True, slots=True)
class Answers:
    """Questions of a team: all, those that the FAQ answered, those of them where a no or a person came after."""

    asked: int = 0
    answered: int = 0
    undone: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """How a team stands now; `longest` is how long somebody has waited for a human word."""

    waiting: int = 0
    held: int = 0
    longest: timedelta = timedelta()
    promises: int = 0
    overdue: int = 0


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is to be decided, to be sent, and given up."""

    inbox: int = 0
    outbox: int = 0
    dead: int = 0


@dataclass(frozen=True, slots=True)
class Tally:
    """Something that was counted, as a monitor needs it."""

    team: str
    figure: Figure
    value: float | None
    label: str


@dataclass(slots=True)
class _Team:
    waiting: int = 0
    held: int = 0
    since: list[str] = field(default_factory=list)
    promises: int = 0
    overdue: int = 0


def tallies(db: sqlite3.Connection, after: int) -> Iterator[tuple[int, Tally]]:
    """Give what was counted after that row, with the row; rows are never changed nor taken away."""
    known = {figure.value for figure in Figure}
    for row in db.execute("SELECT id, team, kind, value, label FROM figure WHERE id > ? ORDER BY id", (after,)):
        if row["kind"] in known:
            yield row["id"], Tally(row["team"], Figure(row["kind"]), row["value"], row["label"])


def answers(db: sqlite3.Connection) -> Mapping[str, Answers]:
    """Return what became of each team's questions."""
    return {row["team"]: Answers(row["asked"], row["answered"], row["undone"]) for row in db.execute(_ANSWERS)}


def standing(db: sqlite3.Connection, now: datetime) -> Mapping[str, Standing]:
    """Return how each team stands that has something open."""
    found: dict[str, _Team] = {}
    tickets = (
        "SELECT team, status, count(*) AS count, min(waits_since) AS since FROM ticket"
        " WHERE status IN ('waiting', 'held') GROUP BY status, team"
    )
    for row in db.execute(tickets):
        team = found.setdefault(row["team"], _Team())
        if row["status"] == "waiting":
            team.waiting = row["count"]
        else:
            team.held = row["count"]
        team.since += [] if row["since"] is None else [row["since"]]
    for row in db.execute(_PROMISES, (time_text(now),)):
        team = found.setdefault(row["team"], _Team())
        team.promises, team.overdue = row["open"], row["overdue"]
    return {name: _standing(team, now) for name, team in found.items()}


def _standing(team: _Team, now: datetime) -> Standing:
    longest = max(now - text_time(min(team.since)), timedelta()) if team.since else timedelta()
    return Standing(team.waiting, team.held, longest, team.promises, team.overdue)


def backlog(db: sqlite3.Connection) -> Backlog:
    """Return what waits in the desk itself."""
    return Backlog(look.undecided(db).count, look.unsent(db).count, look.given_up(db))
