"""Help rooms in the database: the walls of the schema, the counts, the sweep."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from helpbot.core.effects import Literal, Quoted
from helpbot.core.model import Audience, Entry, Person, Role, Status, Ticket
from helpbot.core.public import Word
from helpbot.store.base import Conversation, Draft, InboxRow, Step
from helpbot.store.codec import content_json
from helpbot.store.prepare import migrations
from helpbot.store.sqlite import SqliteStore
from helpbot.store.talks import PublicStep, Talk
from helpbot.transports.base import Incoming, Kind

NOW = datetime(2026, 10, 21, 12, 0, tzinfo=UTC)
MARIE = Person("@marie:example.org", "Marie")
TALK = Conversation(0, "memory", "!room", MARIE)
PLACE = "memory hall"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = await SqliteStore.open(tmp_path / "desk.db")
    yield opened
    await opened.close()


async def asked(store: SqliteStore, ref: str, at: datetime = NOW, **more: Any) -> InboxRow:
    there = Incoming(ref, Kind.SAID, "hall", MARIE.id, MARIE.name, at, "how?", public="#help:x")
    await store.receive("memory", [replace(there, **more)], None, at)
    row = await store.next_inbox()
    assert row is not None
    return row


async def answered(store: SqliteStore, ref: str, at: datetime = NOW, word: Word = Word.ANSWERED) -> None:
    row = await asked(store, ref, at)
    talk = Talk(0, "memory", "hall", MARIE, word, ref, ref)
    await store.keep(Step(row, at, None, None, public=PublicStep(talk, said=(Literal("so"),), key=f"k{ref}")))


async def a_ticket(store: SqliteStore) -> None:
    await store.receive("memory", [Incoming("$t", Kind.SAID, "!room", MARIE.id, MARIE.name, NOW, "x")], None, NOW)
    row = await store.next_inbox()
    assert row is not None
    ticket = Ticket(1, MARIE, "mobile", NOW, status=Status.WAITING, carded=True)
    line = Entry(Role.BOT, Audience.CUSTOMER, "", "hi", NOW)
    draft = Draft("t1", Audience.CUSTOMER, "say", entry=(line, (Literal("hi"),)))
    await store.keep(Step(row, NOW, TALK, ticket, drafts=[draft]))


PUBLIC: dict[str, object] = {
    "key": "x",
    "lane": f"h{PLACE}",
    "audience": "public",
    "verb": "say",
    "content": content_json((Literal("so"),)),
    "created_at": "2026",
    "talk": 1,
    "place": PLACE,
}


async def insert(store: SqliteStore, values: dict[str, object]) -> None:
    places = ", ".join("?" * len(values))
    await store._all(f"INSERT INTO outbox ({', '.join(values)}) VALUES ({places})", *values.values())


async def test_a_public_row_as_it_should_be_is_taken(store: SqliteStore) -> None:
    await answered(store, "$1")
    await insert(store, PUBLIC)
    await insert(store, {**PUBLIC, "key": "y", "verb": "open", "lane": "o1", "content": None})


@pytest.mark.parametrize(
    "wrong",
    [
        {"conversation": 1},
        {"ticket": 1},
        {"ticket": 1, "conversation": 1},
        {"team": "mobile"},
        {"entry": 1},
        {"entry": 1, "conversation": 1, "content": None},
        {"receipt": "$r"},
        {"symbol": "✅"},
        {"content": None},
        {"content": content_json((Quoted("Marie", "secret"),))},
        {"lane": "c1"},
        {"lane": "hmemory other"},
        {"lane": "hmemory other", "place": "memory other"},
        {"talk": None},
        {"place": None},
        {"talk": 99},
        {"verb": "card"},
        {"verb": "say_in_room"},
        {"verb": "open"},
        {"audience": "customer"},
        {"audience": "customer", "conversation": 1, "lane": "c1", "entry": 1, "content": None},
        {"audience": "agents", "team": "mobile", "lane": "rmobile"},
    ],
    ids=str,
)
async def test_nothing_of_a_ticket_can_stand_in_a_public_row(store: SqliteStore, wrong: dict[str, object]) -> None:
    await answered(store, "$1")
    await a_ticket(store)
    with pytest.raises(sqlite3.IntegrityError):
        await insert(store, {**PUBLIC, **wrong})


async def test_people_words_are_known_to_the_schema_as_they_are_written() -> None:
    """The wall looks for how a quotation is written: another way of writing it would get past."""
    assert '"kind": "quoted"' in content_json((Quoted("Marie", "x"),))
    assert '"kind": "quoted"' not in content_json((Literal('"kind": "quoted"'),))


async def test_what_was_said_counts_for_an_hour(store: SqliteStore) -> None:
    await answered(store, "$1")
    await answered(store, "$2", word=Word.ENOUGH)
    await answered(store, "$3", word=Word.JOINED)
    counts = await store.public_counts("memory", "hall", MARIE.id, NOW + timedelta(minutes=59))
    assert (counts.person, counts.room, counts.enough) == (1, 3, True)
    other = await store.public_counts("memory", "hall", "@paul:x", NOW)
    assert (other.person, other.room, other.enough) == (0, 3, False)
    assert (await store.public_counts("memory", "hall", MARIE.id, NOW + timedelta(minutes=61))).room == 0


async def test_a_talk_and_what_it_counts_are_one_commit(store: SqliteStore) -> None:
    await answered(store, "$1")
    row = await asked(store, "$2")
    talk = Talk(0, "memory", "hall", MARIE, Word.ANSWERED, "$2", "$2")
    twice = PublicStep(talk, said=(Literal("so"),), key="k$1")
    with pytest.raises(sqlite3.IntegrityError):
        await store.keep(Step(row, NOW, None, None, public=twice))
    assert (await store.public_counts("memory", "hall", MARIE.id, NOW)).person == 1


async def test_a_declined_offer_stays_declined(store: SqliteStore) -> None:
    for number, declined in enumerate((False, True, False)):
        row = await asked(store, f"${number}")
        offered = "memory", MARIE.id, declined
        await store.keep(Step(row, NOW + timedelta(days=number), None, None, public=PublicStep(offered=offered)))
    last = await store.last_offer("memory", MARIE.id)
    assert last is not None
    assert last[1]


async def test_old_rows_are_swept_and_what_is_still_to_be_sent_is_not(store: SqliteStore) -> None:
    await answered(store, "$1")
    head = await store.head(f"h{PLACE}")
    assert head is not None
    assert (head.transport, head.room, head.target, head.gone) == ("memory", "hall", "$1", False)
    await store.sent(head, "memory", "$bot", NOW)
    await answered(store, "$2")  # never sent
    chat = await asked(store, "$3")
    await store.keep(Step(chat, NOW, None, None))
    assert await store.talk_by("memory", "hall", "$bot") is not None
    row = await asked(store, "$4", NOW + timedelta(days=31))
    await store.keep(Step(row, NOW + timedelta(days=31), None, None, public=PublicStep()))
    assert await store.talk_by("memory", "hall", "$bot") is None
    left = await store._all("SELECT event FROM inbox ORDER BY id")
    assert [one["event"] for one in left] == ["$2", "$4"]
    assert await store.lanes() == (f"h{PLACE}",)


async def test_a_database_of_before_is_brought_up_with_all_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA foreign_keys = ON")
        for number, script in migrations():
            if number <= 9:
                db.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
        db.execute("INSERT INTO conversation VALUES (1, 'memory', '!room', 'm', 'M', NULL, 0, 0, NULL, 0)")
        db.execute(
            "INSERT INTO outbox (id, key, lane, audience, verb, team, content, created_at) VALUES"
            " (7, 'k', 'rmobile', 'agents', 'say_in_room', 'mobile', '[]', '2026')"
        )
        db.execute(
            "INSERT INTO outbox (id, key, lane, audience, verb, team, created_at, amends) VALUES"
            " (8, 'l', 'rmobile', 'agents', 'redact', 'mobile', '2026', 7)"
        )
        db.execute("INSERT INTO shown VALUES ('$source', 7)")
    db.close()
    store = await SqliteStore.open(path)
    assert [tuple(row) for row in await store._all("SELECT id, amends FROM outbox ORDER BY id")] == [(7, None), (8, 7)]
    assert [tuple(row) for row in await store._all("SELECT * FROM shown")] == [("$source", 7)]
    assert await store._all("PRAGMA foreign_key_check") == []
    for broken in ("INSERT INTO shown VALUES ('$other', 99)", "UPDATE outbox SET amends = 99 WHERE id = 8"):
        with pytest.raises(sqlite3.IntegrityError):
            await store._all(broken)
    await store.close()
