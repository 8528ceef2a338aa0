"""What the desk counted, read from its database.

Rule: what is read of a time is found by an index, because the tables keep every question and every count for good.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import aiosqlite

from helpbot.core.figures import Counted, Measured, Question
from helpbot.core.model import Figure
from helpbot.store.codec import text_time, time_text
from helpbot.store.reading import reading

# A person was called in the ticket of question q, before anything else was asked in it: by an entry that wants one, by
# her, or by a bot that failed. What a later question called a person for is not held against this one.
TAKEN_OVER = (
    "EXISTS (SELECT 1 FROM figure f WHERE f.ticket = q.ticket AND f.kind = 'escalated' AND f.at >= q.at"
    " AND NOT EXISTS (SELECT 1 FROM question n WHERE n.ticket = q.ticket AND n.id > q.id AND n.at <= f.at))"
)
QUESTIONS = (
    f"SELECT q.at, coalesce(q.team, '') AS team, q.outcome IN ('answered', 'chosen') AND NOT {TAKEN_OVER} AS alone"  # noqa: S608  # ours
    " FROM question q WHERE q.at >= ?1 AND q.at < ?2 AND (?3 IS NULL OR q.team = ?3) ORDER BY q.at"
)
FIGURES = (
    "SELECT at, team, kind, value, label FROM figure WHERE kind IN (SELECT value FROM json_each(?4))"
    " AND at >= ?1 AND at < ?2 AND (?3 IS NULL OR team = ?3)"
    " AND (kind <> 'rated' OR NOT EXISTS (SELECT 1 FROM figure n WHERE n.ticket = figure.ticket AND n.kind = 'rated'"
    " AND n.id > figure.id))"  # she has rated anew
)
_KINDS = json.dumps([figure.value for figure in Figure])


def measured(database: Path, since: datetime, until: datetime) -> Measured:
    """Return what was counted from a moment on and before another; the desk may run meanwhile. Raises SetupError."""
    values = (time_text(since), time_text(until), None)
    with reading(database, "figures") as db:
        db.execute("BEGIN")  # both of the same moment
        questions = db.execute(QUESTIONS, values).fetchall()
        counted = db.execute(FIGURES, (*values, _KINDS)).fetchall()
    return _values(questions, counted)


async def measured_for(db: aiosqlite.Connection, team: str, since: datetime, until: datetime) -> Measured:
    """See Store; the caller holds the transaction."""
    values = (time_text(since), time_text(until), team)
    async with db.execute(QUESTIONS, values) as found:
        questions = await found.fetchall()
    async with db.execute(FIGURES, (*values, _KINDS)) as found:
        counted = await found.fetchall()
    return _values(questions, counted)


async def was_there(db: aiosqlite.Connection, before: datetime) -> bool:
    """Tell whether the desk had anything to do before that moment; the caller holds the transaction."""
    async with db.execute("SELECT at FROM inbox ORDER BY id LIMIT 1") as found:
        row = await found.fetchone()
    return row is not None and text_time(row["at"]) < before


def _values(questions: Iterable[sqlite3.Row], counted: Iterable[sqlite3.Row]) -> Measured:
    return Measured(
        tuple(Question(row["team"], text_time(row["at"]), bool(row["alone"])) for row in questions),
        tuple(
            Counted(Figure(row["kind"]), row["team"], text_time(row["at"]), row["value"], row["label"])
            for row in counted
        ),
    )
