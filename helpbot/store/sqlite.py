"""The store in SQLite: one connection, one writer, every unit shielded from cancellation."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import aiosqlite

from helpbot.core.effects import Quoted
from helpbot.core.figures import Measured
from helpbot.core.model import Entry, Role, Ticket, Wait
from helpbot.store import bursts, dead, figures, moves, outbox, queue, relay, rows, timers
from helpbot.store.base import (
    INTERNAL,
    BotsWords,
    Conversation,
    InboxRow,
    KeptTicket,
    Outgoing,
    Shown,
    Step,
    TimerChanges,
)
from helpbot.store.codec import incoming_json, json_content, time_text
from helpbot.store.keep import keep_step
from helpbot.store.notebook import SqliteNotebook
from helpbot.store.notes import write_note
from helpbot.store.prepare import prepare
from helpbot.store.public import PublicTalks
from helpbot.store.workshop import SqliteWorkshop
from helpbot.transports.base import Incoming, SetupError

_OLDEST_SQLITE = (3, 37, 0)  # STRICT tables


class SqliteStore(PublicTalks):
    """See store.base.Store."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        super().__init__(connection)
        self.inbox_bell = asyncio.Event()
        self.outbox_bell = asyncio.Event()
        self.timer_bell = asyncio.Event()
        self.workshop_bell = asyncio.Event()
        self.dead_bell = asyncio.Event()
        self.progress_bell = asyncio.Event()

    @classmethod
    async def open(cls, path: Path | str) -> SqliteStore:
        """Open the database at that path (":memory:" for one that is forgotten), bringing it up to date.

        Raises SetupError when the file is no database, cannot be written, or is newer than this program.
        """
        if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
            raise SetupError(f"SQLite {sqlite3.sqlite_version} is too old: helpbot needs 3.37 or newer")
        try:
            # Tried first without aiosqlite, which leaves its thread behind where a file cannot be opened.
            await asyncio.to_thread(_touch, path)
            connection = await aiosqlite.connect(path, isolation_level=None)
        except (sqlite3.Error, OSError) as error:
            raise SetupError(f"{path}: cannot be opened ({error}): check `database` and its folder") from None
        try:
            await prepare(connection, str(path))
        except sqlite3.Error as error:
            await connection.close()
            raise SetupError(
                f"{path}: cannot be used as a database ({error}): check that it is one, that it and its folder can be "
                "written, that the disk has room, and that no other program holds it"
            ) from None
        except SetupError:
            await connection.close()
            raise
        store = cls(connection)
        store._ring()
        return store

    def _ring(self) -> None:
        self.inbox_bell.set()
        self.outbox_bell.set()
        self.timer_bell.set()
        self.workshop_bell.set()
        self.dead_bell.set()

    # --- inbox

    async def receive(self, transport: str, batch: Sequence[Incoming], cursor: str | None, at: datetime) -> None:
        """See Store."""

        async def work(db: aiosqlite.Connection) -> None:
            newest = {_corrected(one): one.id for one in batch}
            for incoming in batch:
                passed = incoming.edits is not None and newest[_corrected(incoming)] != incoming.id
                await db.execute(
                    "INSERT INTO inbox (transport, event, payload, at, done_at) VALUES (?, ?, ?, ?, ?)"
                    " ON CONFLICT (transport, event) DO NOTHING",
                    (transport, incoming.id, incoming_json(incoming), time_text(at), time_text(at) if passed else None),
                )
            if cursor is not None:
                await db.execute(
                    "INSERT INTO cursor VALUES (?, ?) ON CONFLICT (transport) DO UPDATE SET value = excluded.value",
                    (transport, cursor),
                )

        await self._unit(work)
        if batch:
            self.inbox_bell.set()

    async def next_inbox(self, besides: Collection[int] = (), behind: Collection[int] = ()) -> InboxRow | None:
        """See Store."""
        row = await self._one(
            "SELECT * FROM inbox WHERE done_at IS NULL AND id NOT IN (SELECT value FROM json_each(?))"
            " AND (? = '[]' OR transport = ? OR (transport, json_extract(payload, '$.room')) NOT IN"
            "   (SELECT transport, json_extract(payload, '$.room') FROM inbox"
            "     WHERE id IN (SELECT value FROM json_each(?))))"
            " ORDER BY id LIMIT 1",
            json.dumps([*besides, *behind]),
            waiting := json.dumps(list(behind)),
            INTERNAL,
            waiting,
        )
        return None if row is None else rows.inbox(row)

    async def begin(self, row: InboxRow) -> None:
        """See Store."""
        await self._all("UPDATE inbox SET tries = tries + 1 WHERE id = ?", row.id)

    async def outlived(self, row: InboxRow) -> None:
        """See Store."""
        await self._all("UPDATE inbox SET tries = 0 WHERE id = ?", row.id)

    async def keep(self, step: Step) -> None:
        """See Store."""
        await self._unit(lambda db: keep_step(db, step))
        self.progress_bell.set()
        if step.internal:
            self.inbox_bell.set()
        if step.fault is not None:
            self.dead_bell.set()
        parts = [step] if step.also is None else [step, step.also]
        if any(part.drafts or part.amends or part.withdrawn or part.public is not None for part in parts):
            self.outbox_bell.set()
        if any(part.timers or part.silent_until is not None for part in parts):
            self.timer_bell.set()
        if any(part.notes for part in parts):
            self.workshop_bell.set()

    # --- looking things up

    async def conversation_of(self, number: int) -> Conversation | None:
        """See Store."""
        row = await self._one("SELECT * FROM conversation WHERE id = ?", number)
        return None if row is None else rows.conversation(row)

    async def conversation(self, transport: str, room: str) -> Conversation | None:
        """See Store."""
        row = await self._one(moves.CONVERSATION, transport, room)
        return None if row is None else rows.conversation(row)

    async def last_ticket(self, conversation: int) -> KeptTicket | None:
        """See Store."""
        row = await self._one(
            "SELECT number FROM ticket WHERE conversation = ? ORDER BY number DESC LIMIT 1", conversation
        )
        return None if row is None else await self.ticket(row["number"])

    async def ticket(self, number: int) -> KeptTicket | None:
        """See Store."""

        async def work(db: aiosqlite.Connection) -> KeptTicket | None:
            return await rows.load_ticket(db, number)

        return await self._unit(work)

    async def ticket_of(self, transport: str, ref: str) -> tuple[int, str] | None:
        """See Store."""
        row = await self._one("SELECT ticket, team FROM reference WHERE transport = ? AND ref = ?", transport, ref)
        return None if row is None else (int(row["ticket"]), str(row["team"]))

    async def thread_of(self, ticket: int, ref: str) -> str | None:
        """See Store."""
        row = await self._one("SELECT team FROM reference WHERE ticket = ? AND ref = ?", ticket, ref)
        return None if row is None else str(row["team"])

    async def shown(self, source: str) -> Shown | None:
        """See Store."""
        return await self._unit(lambda db: relay.shown(db, source))

    async def origin(self, ref: str, conversation: int | None) -> tuple[str, int] | None:
        """See Store."""
        return await self._unit(lambda db: relay.origin(db, ref, conversation))

    async def marks_on(self, ref: str) -> tuple[str, ...]:
        """See Store."""
        return await self._unit(lambda db: relay.marks_on(db, ref))

    async def read_by(self, transport: str, ref: str, person: str) -> tuple[str, str, str] | None:
        """See Store."""
        return await self._unit(lambda db: relay.read_by(db, transport, ref, person))

    async def line(self, source: str, role: Role | None = None) -> tuple[int, str] | None:
        """See Store."""
        return await self._unit(lambda db: relay.line(db, source, role))

    async def transcript(self, number: int) -> tuple[Entry, ...]:
        """See Store."""
        return await self._unit(lambda db: rows.transcript(db, number))

    async def asked_how_it_was(self, conversation: int, ref: str) -> int | None:
        """See Store."""
        return await self._unit(lambda db: queue.asked_how_it_was(db, conversation, ref))

    async def bots_words(self, conversation: int, ref: str) -> BotsWords | None:
        """See Store."""
        return await self._unit(lambda db: bursts.bots_words(db, conversation, ref))

    async def unsent(self, ticket: int, turn: int) -> bool:
        """See Store."""
        return await self._unit(lambda db: bursts.unsent(db, ticket, turn))

    async def queues(self, ticket: Ticket, at: datetime) -> Mapping[str, Wait]:
        """See Store."""
        return await self._unit(lambda db: queue.queues(db, ticket, at))

    async def open_tickets(self) -> Sequence[Ticket]:
        """See Store."""
        return await self._unit(queue.open_tickets)

    async def tickets_of(self, transport: str, customer: str, besides: int) -> Sequence[Ticket]:
        """See Store."""
        return await self._unit(lambda db: queue.tickets_of(db, transport, customer, besides))

    async def left_open(self, transport: str, customer: str) -> int | None:
        """See Store."""
        return await self._unit(lambda db: queue.left_open(db, transport, customer))

    async def last_word(self, numbers: Collection[int]) -> int:
        """See Store."""
        return await self._unit(lambda db: queue.last_word(db, numbers))

    async def find(self, text: str, here: Callable[[str], bool]) -> Sequence[tuple[int, str, str]]:
        """See Store."""
        lines = await self._unit(queue.newest_lines)
        return await asyncio.to_thread(queue.holding, lines, text, here)

    async def is_away(self, agent: str) -> bool:
        """See Store."""
        return await self._unit(lambda db: queue.is_away(db, agent))

    async def is_reminder(self, ticket: int, ref: str) -> bool:
        """See Store."""
        said = "SELECT 1 FROM outbox WHERE ref = ? AND ticket = ? AND verb = 'say_in_room'"
        return await self._one(said, ref, ticket) is not None

    async def line_shown(self, ticket: int, ref: str) -> str | None:
        """See Store."""
        row = await self._one(
            "SELECT content FROM outbox WHERE ticket = ? AND ref = ? AND audience = 'agents' AND verb = 'say'",
            ticket,
            ref,
        )
        match () if row is None else json_content(row["content"]):
            case (Quoted(text=text),):
                return text
        return None

    async def owned_by(self, agent: str) -> Sequence[tuple[int, str, bool]]:
        """See Store."""
        found = await self._all(
            "SELECT number, team, status = 'held' AS open FROM ticket"
            " WHERE owner = ? AND +status IN ('held', 'closed') ORDER BY number",
            agent,
        )
        return [(row["number"], row["team"], bool(row["open"])) for row in found]

    async def next_number(self) -> int:
        """See Store."""
        row = await self._one("SELECT coalesce(max(number), 0) + 1 AS next FROM ticket")
        return 1 if row is None else int(row["next"])

    # --- outbox

    async def lanes(self) -> tuple[str, ...]:
        """See Store."""
        return await self._unit(outbox.lanes)

    async def head(self, lane: str) -> Outgoing | None:
        """See Store."""
        return await self._unit(lambda db: outbox.head(db, lane))

    async def read_from(self, conversation: int | None, teams: Sequence[str], place: str | None = None) -> str | None:
        """See Store."""
        return await self._unit(lambda db: outbox.read_from(db, conversation, teams, place))

    async def queued(self, teams: Sequence[str]) -> Sequence[Outgoing]:
        """See Store."""
        return await self._unit(lambda db: outbox.queued(db, teams))

    async def sent(self, row: Outgoing, transport: str, ref: str, at: datetime, *, found: bool = False) -> None:
        """See Store."""
        again = await self._unit(lambda db: outbox.sent(db, row, transport, ref, at, found=found))
        self.progress_bell.set()
        if row.receipt is not None or row.verb == "open":
            self.inbox_bell.set()
        if again:
            self.outbox_bell.set()

    async def postpone(self, row: Outgoing, due: datetime, why: str, *, refused: bool) -> None:
        """See Store."""
        await self._unit(lambda db: outbox.postpone(db, row, due, why, refused=refused))
        self.progress_bell.set()

    async def file_lost(self, row: Outgoing, name: str, why: str, at: datetime) -> None:
        """See Store."""
        await self._unit(lambda db: outbox.file_lost(db, row, name, why, at))
        self.inbox_bell.set()

    async def card_lost(self, row: Outgoing, at: datetime) -> None:
        """See Store."""
        await self._unit(lambda db: outbox.card_lost(db, row, at))
        self.inbox_bell.set()

    async def card_was_made(self, row: Outgoing) -> bool:
        """See Store."""
        return await self._unit(lambda db: outbox.card_was_made(db, row))

    async def bury(self, row: Outgoing, why: str, at: datetime, *, for_now: bool = False) -> None:
        """See Store."""
        await self._unit(lambda db: outbox.bury(db, row, why, at, for_now=for_now))
        self.progress_bell.set()
        self.inbox_bell.set()
        self.dead_bell.set()

    # --- dead letters

    async def gather_dead(self, now: datetime, every: timedelta, teams: Sequence[str]) -> datetime | None:
        """See Store."""
        again = await self._unit(lambda db: dead.gather(db, now, every, teams))
        self.inbox_bell.set()
        return again

    async def retry_dead(self, letter: str) -> bool:
        """Have a dead letter decided or sent anew; tell whether there is such a one."""
        found = await self._unit(lambda db: dead.retry(db, letter))
        self._ring()
        return found

    async def drop_dead(self, letter: str, at: datetime) -> bool:
        """Let go of a dead letter; tell whether there is such a one."""
        return await self._unit(lambda db: dead.drop(db, letter, at))

    # --- reports

    async def write_report(self, event: str, payload: str, until: datetime, at: datetime) -> None:
        """See Store."""

        async def work(db: aiosqlite.Connection) -> None:
            if await figures.was_there(db, until):
                await write_note(db, event, payload, at)

        await self._unit(work)
        self.inbox_bell.set()

    async def measured(self, team: str, since: datetime, until: datetime) -> Measured:
        """See Store."""
        return await self._unit(lambda db: figures.measured_for(db, team, since, until))

    # --- timers

    async def next_due(self) -> datetime | None:
        """See Store."""
        return await self._unit(timers.next_due)

    async def timer_runs(self, ticket: int, name: str) -> bool:
        """See Store."""
        return await self._unit(lambda db: timers.runs(db, ticket, name))

    async def open_numbers(self) -> Sequence[int]:
        """See Store."""
        return await self._unit(timers.open_numbers)

    async def change_timers(self, numbers: Sequence[int], changes: TimerChanges) -> None:
        """See Store."""
        if await self._unit(lambda db: timers.change(db, numbers, changes)):
            self.timer_bell.set()

    async def fire(self, now: datetime) -> None:
        """See Store."""
        await self._unit(lambda db: timers.fire(db, now))
        self.inbox_bell.set()

    async def unfinished(self, now: datetime) -> bool:
        """See Store."""
        row = await self._one(
            "SELECT EXISTS (SELECT 1 FROM inbox WHERE done_at IS NULL)"
            " OR EXISTS (SELECT 1 FROM outbox o WHERE state = 'queued' AND (due_at IS NULL OR due_at <= ?)"
            "   AND id = (SELECT min(id) FROM outbox h WHERE h.state = 'queued' AND h.lane = o.lane)) AS busy",
            time_text(now),
        )
        return row is not None and bool(row["busy"])

    def workshop(self) -> SqliteWorkshop:
        """Return what agents propose for the FAQ."""
        return SqliteWorkshop(self._all)

    def notebook(self, transport: str) -> SqliteNotebook:
        """Return what a transport may keep here for itself."""
        return SqliteNotebook(self._all, transport)


def _corrected(incoming: Incoming) -> tuple[str, str, str | None]:
    """Return whose message something corrects, and where: of several corrections that come at once the last counts."""
    return incoming.room, incoming.sender, incoming.edits


def _touch(path: Path | str) -> None:
    """See that the database can be opened; a new one is for its owner's eyes only: it holds words and a login."""
    if path != ":memory:":
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    sqlite3.connect(path).close()
