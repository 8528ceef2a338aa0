"""The store: what it refuses, what it keeps together, and what it outlives."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from helpbot.core.effects import Asked, Called, Literal, Marked, Picture, Quoted, Settled, Strong
from helpbot.core.model import (
    Audience,
    Entry,
    HeldBack,
    Outcome,
    Person,
    Promise,
    Role,
    Status,
    Ticket,
    Transfer,
    Way,
    Zone,
)
from helpbot.store.base import Conversation, Draft, InboxRow, Step, StoreBusy
from helpbot.store.codec import content_json, incoming_json, json_content, json_incoming, time_text
from helpbot.store.lock import DeskLock
from helpbot.store.prepare import migrations
from helpbot.store.sqlite import SqliteStore
from helpbot.store.workshop import recorded
from helpbot.transports.base import Incoming, Kind, SetupError, TryLater

NOW = datetime(2026, 10, 21, 12, 0, tzinfo=UTC)
MARIE = Person("@marie:example.org", "Marie")
TALK = Conversation(0, "memory", "!room", MARIE)
TICKET = Ticket(1, MARIE, "mobile", NOW, status=Status.WAITING, carded=True)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = await SqliteStore.open(tmp_path / "desk.db")
    yield opened
    await opened.close()


def incoming(ref: str, text: str = "hello") -> Incoming:
    return Incoming(ref, Kind.SAID, "!room", MARIE.id, MARIE.name, NOW, text)


async def a_row(store: SqliteStore, ref: str = "$1") -> InboxRow:
    await store.receive("memory", [incoming(ref)], None, NOW)
    row = await store.next_inbox()
    assert row is not None
    return row


def to_customer(key: str, text: str = "hi", receipt: str | None = None) -> Draft:
    line = Entry(Role.BOT, Audience.CUSTOMER, "", text, NOW)
    return Draft(key, Audience.CUSTOMER, "say", entry=(line, (Literal(text),)), receipt=receipt)


def inside(key: str, text: str = "hush") -> Draft:
    return Draft(key, Audience.AGENTS, "say", content=(Literal(text),), team="mobile")


async def keep(store: SqliteStore, *drafts: Draft, ticket: Ticket = TICKET, ref: str = "$1") -> None:
    row = await a_row(store, ref)
    await store.keep(Step(row, NOW, TALK, ticket, drafts=drafts))


async def test_the_same_event_counts_once(store: SqliteStore) -> None:
    for _ in range(2):
        await store.receive("memory", [incoming("$1")], "s1", NOW)
    row = await store.next_inbox()
    assert row is not None
    await store.keep(Step(row, NOW, None, None))
    assert await store.next_inbox() is None
    await store.receive("memory", [incoming("$1")], "s2", NOW)
    assert await store.next_inbox() is None


async def test_the_cursor_is_kept_with_the_batch(store: SqliteStore) -> None:
    notebook = store.notebook("memory")
    assert await notebook.cursor() is None
    await store.receive("memory", [], "s1", NOW)
    assert await notebook.cursor() == "s1"


async def test_a_ticket_comes_back_as_it_was_kept(store: SqliteStore) -> None:
    ticket = replace(
        TICKET,
        owner=Person("@sam:x", "Sam"),
        language="fr",
        offer=("a", "b"),
        refused=("c",),
        refusals=1,
        status=Status.HELD,
    )
    await keep(store, ticket=ticket)
    kept = await store.ticket(1)
    assert kept is not None
    assert kept.ticket == ticket
    assert await store.next_number() == 2


async def test_nothing_of_a_step_is_kept_when_a_part_fails(store: SqliteStore) -> None:
    row = await a_row(store)
    with pytest.raises(sqlite3.IntegrityError):
        await store.keep(Step(row, NOW, TALK, TICKET, drafts=[to_customer("k1"), to_customer("k1")]))
    assert await store.ticket(1) is None
    assert await store.lanes() == ()
    assert await store.next_inbox() == row


async def test_a_lane_gives_its_rows_in_order(store: SqliteStore) -> None:
    await keep(store, inside("k1", "one"), to_customer("k2", "two"), inside("k3", "three"))
    assert set(await store.lanes()) == {"t1 mobile", "c1"}
    head = await store.head("t1 mobile")
    assert head is not None
    assert head.content == (Literal("one"),)
    await store.sent(head, "memory", "$sent", NOW)
    after = await store.head("t1 mobile")
    assert after is not None
    assert after.content == (Literal("three"),)
    assert await store.ticket_of("memory", "$sent") == (1, "mobile")


async def test_a_delivery_is_reported_when_all_its_parts_arrived(store: SqliteStore) -> None:
    await keep(store, to_customer("k1", receipt="$agent"), to_customer("k2", receipt="$agent"))
    for number in (1, 2):
        assert await store.next_inbox() is None
        head = await store.head("c1")
        assert head is not None
        await store.sent(head, "memory", f"$s{number}", NOW)
    report = await store.next_inbox()
    assert report is not None
    assert '"delivered"' in report.payload


async def test_when_a_part_dies_the_rest_of_the_message_dies_with_it_and_is_reported_once(store: SqliteStore) -> None:
    await keep(store, to_customer("k1", receipt="$agent"), to_customer("k2", receipt="$agent"), to_customer("k3"))
    head = await store.head("c1")
    assert head is not None
    await store.bury(head, "she left", NOW)
    report = await store.next_inbox()
    assert report is not None
    assert '"undelivered"' in report.payload
    await store.keep(Step(report, NOW, None, None))
    assert await store.next_inbox() is None
    rest = await store.head("c1")
    assert rest is not None
    assert rest.key == "k3"


# --- law 4: the schema itself keeps inside words inside


BAD_ROWS = {
    "a customer's row with words of its own": "audience='customer', lane='c1', verb='say', entry=1, content='[]'",
    "a customer's row without a line of the transcript": "audience='customer', lane='c1', verb='say', content='[]'",
    "a customer's row that points at a note": "audience='customer', lane='c1', verb='say', entry=2",
    "a line of another customer": "audience='customer', lane='c2', verb='say', conversation=2, ticket=2, entry=1",
    "a ticket of another customer": "audience='customer', lane='c1', verb='say', ticket=2, entry=1",
    "a customer's row in an agents' lane": "audience='customer', lane='t1 m', verb='say', entry=1",
    "an agents' row in a customer's lane": "audience='agents', lane='c1', verb='say', team='m', conversation=NULL",
    "an agents' row in a ticket's lane": "audience='agents', lane='t2 m', verb='say', team='m', conversation=NULL",
    "an agents' row in a team's lane": "audience='agents', lane='t1 n', verb='say', team='m', conversation=NULL",
    "an edit in a customer's lane": "audience='customer', lane='c1', verb='edit_card', entry=1",
}


async def _with_a_note(path: Path) -> None:
    store = await SqliteStore.open(path)
    row = await a_row(store)
    note = Entry(Role.AGENT, Audience.AGENTS, "Sam", "an inside word", NOW)
    await store.keep(Step(row, NOW, TALK, TICKET, drafts=[to_customer("k1")], records=[]))
    row = await a_row(store, "$2")
    await store.keep(Step(row, NOW, TALK, TICKET, records=[note]))
    other = replace(TALK, room="!other")
    row = await a_row(store, "$3")
    await store.keep(Step(row, NOW, other, replace(TICKET, number=2)))
    await store.close()


def _insert(path: Path, values: str) -> None:
    """Write a row of the outbox as a faulty program might."""
    row = {"key": "'bad'", "conversation": "1", "ticket": "1", "created_at": "'x'"}
    row.update((part.split("=", 1)[0], part.split("=", 1)[1]) for part in values.split(", "))
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA foreign_keys = ON")
        db.execute(f"INSERT INTO outbox ({', '.join(row)}) VALUES ({', '.join(row.values())})")
    db.close()


@pytest.mark.parametrize("values", BAD_ROWS.values(), ids=BAD_ROWS.keys())
async def test_the_schema_refuses(values: str, tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    await _with_a_note(path)
    with pytest.raises(sqlite3.IntegrityError):
        _insert(path, values)


async def test_the_schema_takes_what_is_right(tmp_path: Path) -> None:
    """The control of the refusals above: the same rows without their fault go in."""
    path = tmp_path / "desk.db"
    await _with_a_note(path)
    _insert(path, "audience='customer', lane='c1', verb='say', entry=1")
    _insert(path, "audience='agents', lane='t1 m', verb='say', team='m', conversation=NULL, content='[]', key='other'")


# --- opening


async def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    await (await SqliteStore.open(path)).close()
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {len(migrations()) + 1}")
    db.close()
    with pytest.raises(SetupError, match="newer"):
        await SqliteStore.open(path)


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    path.write_text("this is no database, it is a letter to my aunt, and a rather long one at that")
    with pytest.raises(SetupError, match="database"):
        await SqliteStore.open(path)
    with pytest.raises(SetupError):
        await SqliteStore.open(tmp_path / "no" / "such" / "folder" / "desk.db")


async def test_the_database_is_opened_as_the_design_says(store: SqliteStore, tmp_path: Path) -> None:
    found = [
        (await store._all(f"PRAGMA {name}"))[0][0]
        for name in ("journal_mode", "synchronous", "foreign_keys", "user_version")
    ]
    assert found == ["wal", 2, 1, len(migrations())]


def test_a_second_desk_on_the_same_database_is_refused_and_a_dead_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    first = DeskLock(path)
    with pytest.raises(SetupError, match="another helpbot"):
        DeskLock(path)
    first.release()
    code = (
        "import os, pathlib, signal; from helpbot.store.lock import DeskLock\n"
        f"held = DeskLock(pathlib.Path({str(path)!r})); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code], check=False)
    assert killed.returncode == -signal.SIGKILL
    DeskLock(path).release()


def test_a_second_desk_is_refused_under_every_name_of_the_database(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "other").mkdir()
    real, link, folder = tmp_path / "data" / "desk.db", tmp_path / "other" / "link.db", tmp_path / "folder"
    link.symlink_to(real)  # before there is a database, and after
    folder.symlink_to(tmp_path / "data")
    for there in (False, True):
        if there:
            real.touch()
        first = DeskLock(link)
        for name in (real, link, folder / "desk.db"):
            with pytest.raises(SetupError, match="another helpbot"):
                DeskLock(name)
        first.release()
        DeskLock(real).release()
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["link.db"]


def others_may(path: Path) -> int:
    return path.stat().st_mode & 0o077


async def test_a_new_database_is_for_its_owners_eyes_only(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "desk.db")
    await a_row(store)
    await store.close()
    assert others_may(tmp_path / "desk.db") == 0


async def test_a_database_that_another_program_holds_is_waited_for(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "desk.db")
    await store._all("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(tmp_path / "desk.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreBusy):
        await store.receive("memory", [incoming("$1")], "s1", NOW)
    with pytest.raises(TryLater):
        await store.notebook("memory").put("name", "value")
    other.execute("ROLLBACK")
    other.close()
    assert await store.notebook("memory").cursor() is None
    await store.receive("memory", [incoming("$1")], "s1", NOW)
    assert await store.notebook("memory").cursor() == "s1"
    await store.close()


@pytest.mark.parametrize(
    ("limit", "back"),
    [
        ("PRAGMA query_only = ON", "PRAGMA query_only = OFF"),
        ("PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000"),
    ],
    ids=["read only", "full"],
)
async def test_what_the_disk_refuses_is_waited_for(store: SqliteStore, limit: str, back: str) -> None:
    long = "x" * 200_000  # needs new pages
    await store._db.execute(limit)
    with pytest.raises(StoreBusy):
        await store.receive("memory", [incoming("$1", long)], "s1", NOW)
    await store._db.execute(back)
    await store.receive("memory", [incoming("$1", long)], "s1", NOW)
    assert await store.notebook("memory").cursor() == "s1"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT nope FROM ticket",
        "SELECT * FROM nope",
        "SELEC",
        "SELECT json_extract('{', '$.a')",
        "INSERT INTO inbox (id) VALUES (1)",
        "INSERT INTO away VALUES (x'00', 'Sam', 1)",
    ],
)
async def test_a_fault_of_ours_in_sql_is_not_waited_for(store: SqliteStore, sql: str) -> None:
    with pytest.raises(sqlite3.DatabaseError):
        await store._all(sql)
    await store.receive("memory", [incoming("$1")], "s1", NOW)  # no transaction was left open
    assert await store.notebook("memory").cursor() == "s1"


async def test_callers_cancelled_anywhere_leave_no_transaction_half_way(store: SqliteStore) -> None:
    for number in range(200):
        task = asyncio.create_task(store.receive("memory", [incoming(f"$c{number}")], f"s{number}", NOW))
        for _ in range(number % 40):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await store.receive("memory", [incoming("$last")], "last", NOW)
    assert await store.notebook("memory").cursor() == "last"


async def test_a_caller_cancelled_while_its_transaction_begins_leaves_none_open(
    store: SqliteStore, tmp_path: Path
) -> None:
    """Another connection holds the database, so that the cancellation surely comes while the beginning waits."""
    other = sqlite3.connect(tmp_path / "desk.db", isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        task = asyncio.create_task(store.receive("memory", [incoming("$cut")], "cut", NOW))
        for _ in range(40):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        other.execute("ROLLBACK")
    finally:
        other.close()
    await store.receive("memory", [incoming("$last")], "last", NOW)
    assert await store.notebook("memory").cursor() == "last"


# --- timers


async def test_a_timer_fires_once_when_it_is_due(store: SqliteStore) -> None:
    row = await a_row(store)
    await store.keep(Step(row, NOW, TALK, TICKET, timers={"idle": NOW + timedelta(hours=1)}))
    assert await store.next_due() == NOW + timedelta(hours=1)
    await store.fire(NOW)
    assert await store.next_inbox() is None
    await store.fire(NOW + timedelta(hours=1))
    fired = await store.next_inbox()
    assert fired is not None
    assert '"idle"' in fired.payload
    assert await store.next_due() is None


async def test_a_stopped_timer_is_gone(store: SqliteStore) -> None:
    row = await a_row(store)
    await store.keep(Step(row, NOW, TALK, TICKET, timers={"idle": NOW}))
    row = await a_row(store, "$2")
    await store.keep(Step(row, NOW, TALK, TICKET, timers={"idle": None}))
    assert await store.next_due() is None


# --- JSON


def test_content_and_events_come_back_as_they_went() -> None:
    words = (Marked("*a*"), Literal("b\n"), Strong("c"), Quoted("Marie", "d"))
    content = (*words, Called("@sam:x.org", "Sam"), Picture("a.png", "e", "Yg=="))
    assert json_content(content_json(content)) == content
    event = replace(incoming("$1", "é \U0001f642 \x00"), thread="$t", mentions=True, member=False)
    event = replace(event, mentioned=(("@alex:x.org", "Alex"), ("@sam:x.org", "Sam")))
    assert json_incoming(incoming_json(event)) == event
    assert json_incoming(incoming_json(replace(event, text="\ud800"))).text == "?"


def test_an_event_that_was_kept_before_it_told_whom_it_mentions_is_read() -> None:
    event = replace(incoming("$1", "ask @alex"), mentions=True)
    kept = json.loads(incoming_json(event))
    del kept["mentioned"]
    assert json_incoming(json.dumps(kept)) == event


async def test_a_database_of_the_first_version_is_brought_up_to_date_with_all_in_it(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    first = dict(migrations())[1]
    db = sqlite3.connect(path)
    db.executescript(f"{first}\nPRAGMA user_version = 1;")
    db.execute("INSERT INTO conversation (transport, room, customer, customer_name) VALUES ('m', '!r', '@a:b', 'A')")
    db.commit()
    db.close()
    with pytest.raises(SetupError, match="start the desk once"):
        recorded(path, None)
    store = await SqliteStore.open(path)
    talk = await store.conversation("m", "!r")
    await store.close()
    assert talk is not None
    assert recorded(path, None) == []


async def test_what_stood_in_a_ticket_before_there_could_be_several_is_kept(tmp_path: Path) -> None:
    path, at = tmp_path / "desk.db", time_text(NOW)
    scripts = "\n".join(script for _, script in migrations()[:7])
    db = sqlite3.connect(path)
    db.executescript(f"{scripts}\nPRAGMA user_version = 7;")
    db.execute("INSERT INTO conversation (transport, room, customer, customer_name) VALUES ('m', '!r', '@a:b', 'A')")
    promise = {"what": "the line", "by": ["@s:b", "Sam"], "reminded": True, "due": at, "made_at": at}
    transfer = {"team": "lines", "by": ["@s:b", "Sam"], "why": "", "called": True, "at": at}
    held = {"agent": ["@s:b", "Sam"], "ref": "$1", "text": "soon", "closes": True}
    full = [json.dumps(value) for value in (promise, transfer, held)]
    db.executemany(
        "INSERT INTO ticket (number, conversation, team, status, opened_at, offer, refused, refusals, carded, question,"
        " promise, transfer, held_back)"
        " VALUES (?, 1, 'mobile', 'held', ?, '[]', '[]', 0, 1, '', ?, ?, ?)",
        [(1, at, *full), (2, at, None, None, None)],
    )
    db.commit()
    db.close()
    store = await SqliteStore.open(path)
    kept, bare = await store.ticket(1), await store.ticket(2)
    await store.close()
    sam = Person("@s:b", "Sam")
    assert kept is not None
    assert bare is not None
    assert kept.ticket.promises == (Promise(NOW, "the line", sam, NOW, reminded=True),)
    assert kept.ticket.transfer == Transfer("lines", sam, "", NOW, called=1)
    assert kept.ticket.held_back == (HeldBack(sam, "$1", "soon", Way.CLOSED),)
    assert (bare.ticket.promises, bare.ticket.transfer, bare.ticket.held_back) == ((), None, ())


async def test_questions_are_read_while_the_desk_runs_and_from_a_day_on(store: SqliteStore, tmp_path: Path) -> None:
    asked = Asked("où est ma facture", None, "fr", Zone.ESCALATE, "bill", 0.25)
    await store.keep(Step(await a_row(store), NOW, TALK, TICKET, notes=[asked, Settled(Outcome.REFUSED)]))
    (found,) = recorded(tmp_path / "desk.db", NOW)
    assert (found.asked, found.outcome, found.at) == (asked, Outcome.REFUSED, NOW)
    assert recorded(tmp_path / "desk.db", NOW + timedelta(seconds=1)) == []


@pytest.mark.parametrize("content", [None, b"", b"no database at all, " * 100])
def test_questions_of_what_is_no_database_are_refused_and_nothing_is_made(
    content: bytes | None, tmp_path: Path
) -> None:
    path = tmp_path / "desk.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SetupError, match=r"desk\.db"):
        recorded(path, None)
    assert path.exists() == (content is not None)


@pytest.mark.parametrize("version", [0, 1, 2])
async def test_the_database_of_another_program_is_refused_and_left_alone(version: int, tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE theirs (x)")
    db.execute(f"PRAGMA user_version = {version}")
    db.commit()
    db.close()
    before = path.read_bytes()
    with pytest.raises(SetupError, match="another program"):
        await SqliteStore.open(path)
    assert path.read_bytes() == before
