"""What the admin's workshop keeps in the desk's database: questions asked, and proposals for the FAQ."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import assert_never

import aiosqlite

from helpbot.core.effects import Asked, Count, Literal, Note, Propose, Settled
from helpbot.core.model import Outcome, Ticket, Zone
from helpbot.store.codec import json_content, text_time, time_text
from helpbot.store.reading import reading

_OUTCOMES = {Zone.ANSWER: Outcome.ANSWERED, Zone.SUGGEST: Outcome.OFFERED, Zone.ESCALATE: Outcome.ESCALATED}
_LONGEST_ANSWER = 8000
_PENDING = "SELECT * FROM proposal WHERE written = 0 ORDER BY id"

Run = Callable[..., Awaitable[list[sqlite3.Row]]]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A question that was asked, and what became of it."""

    asked: Asked
    outcome: Outcome
    at: datetime


@dataclass(frozen=True, slots=True)
class Proposal:
    """A phrasing for an entry, or (`entry` is None) an entry of its own, that an agent proposes."""

    id: int
    ticket: int
    entry: str | None
    question: str
    language: str | None
    answer: str | None
    agent: str
    at: datetime


async def keep_note(db: aiosqlite.Connection, note: Note, ticket: Ticket, at: datetime) -> None:
    """Write the rows of a note; the caller holds the transaction."""
    match note:
        case Asked():
            await db.execute(
                "INSERT INTO question (ticket, at, text, before, language, zone, entry, confidence, outcome,"
                " team, turn) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    ticket.number,
                    time_text(at),
                    note.text,
                    note.before,
                    note.language or ticket.language,
                    note.zone.value,
                    note.entry,
                    note.confidence,
                    _OUTCOMES[note.zone].value,
                    ticket.team,
                    ticket.turn,
                ),
            )
        case Settled():
            await db.execute(
                "UPDATE question SET outcome = ?1, chosen = coalesce(?2, chosen)"
                " WHERE id = (SELECT max(id) FROM question WHERE ticket = ?3 AND (?4 IS NULL OR turn = ?4))",
                (note.outcome.value, note.entry, ticket.number, note.turn),
            )
        case Propose():
            await _keep_proposal(db, note, ticket, at)
        case Count():
            await db.execute(
                "INSERT INTO figure (ticket, team, at, kind, value, label) VALUES (?, ?, ?, ?, ?, ?)",
                (ticket.number, note.team or ticket.team, time_text(at), note.figure.value, note.value, note.label),
            )
        case _:
            assert_never(note)


async def _keep_proposal(db: aiosqlite.Connection, note: Propose, ticket: Ticket, at: datetime) -> None:
    asked = "SELECT text, language FROM question WHERE ticket = ? ORDER BY id DESC LIMIT 1"
    async with db.execute(asked, (ticket.number,)) as found:
        row = await found.fetchone()
    question, language = (ticket.question, ticket.language) if row is None else (row["text"], row["language"])
    if note.question is not None:
        question, language = note.question, ticket.language
    answer = await _said_to_customer(db, ticket.number) if note.entry is None else None
    await db.execute(
        "INSERT INTO proposal (ticket, entry, question, language, answer, agent, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (ticket.number, note.entry, question, language, answer, note.agent, time_text(at)),
    )


async def _said_to_customer(db: aiosqlite.Connection, ticket: int) -> str | None:
    """Return what agents wrote to the customer, without their names."""
    said = "SELECT content FROM entry WHERE ticket = ? AND audience = 'customer' AND role = 'agent' ORDER BY id"
    async with db.execute(said, (ticket,)) as found:
        contents = [json_content(row["content"]) for row in await found.fetchall()]
    texts = [block.text for content in contents for block in content if isinstance(block, Literal)]
    return "\n\n".join(texts)[:_LONGEST_ANSWER] or None


class SqliteWorkshop:
    """Proposals that are not in the admins' file yet; `run` executes one statement as a transaction."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def proposals(self) -> list[Proposal]:
        """Return the proposals that are not written yet, the oldest first."""
        return [
            Proposal(
                row["id"],
                row["ticket"],
                row["entry"],
                row["question"],
                row["language"],
                row["answer"],
                row["agent"],
                text_time(row["at"]),
            )
            for row in await self._run(_PENDING)
        ]

    async def written(self, proposal: int) -> None:
        """Keep that a proposal is in the file."""
        await self._run("UPDATE proposal SET written = 1 WHERE id = ?", proposal)


def recorded(database: Path, since: datetime | None) -> list[Recorded]:
    """Return the questions asked from a moment on, the oldest first; the desk may run meanwhile. Raises SetupError."""
    after = "" if since is None else time_text(since)
    with reading(database, "questions") as db:
        rows = db.execute("SELECT * FROM question WHERE at >= ? ORDER BY id", (after,)).fetchall()
    return [
        Recorded(
            Asked(
                row["text"],
                row["before"],
                row["language"],
                Zone(row["zone"]),
                row["entry"],
                row["confidence"],
            ),
            Outcome(row["outcome"]),
            text_time(row["at"]),
        )
        for row in rows
    ]
