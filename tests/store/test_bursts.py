"""What waits for its answer, in the database."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from helpbot.core.model import Pending, Person, Status, Ticket, Undo
from helpbot.store.base import BotsWords, Conversation, Step
from helpbot.store.codec import time_text
from helpbot.store.prepare import migrations
from helpbot.store.sqlite import SqliteStore
from helpbot.transports.base import Incoming, Kind

NOW = datetime(2026, 10, 21, 12, 0, tzinfo=UTC)
MARIE = Person("@marie:example.org", "Marie")


async def test_lines_that_wait_come_back_as_they_were_kept(tmp_path: Path) -> None:
    lines = (Pending("mon", "$1", NOW, NOW), Pending("PUK 🔑", None, NOW - timedelta(seconds=1), NOW))
    undo = Undo(lines, 2, Status.OFFERED, "lines", "fr", "avant", "puk", ("puk",), ("a", "b"), 1, ("c",))
    ticket = Ticket(1, MARIE, "mobile", NOW, status=Status.BOT, pending=lines, undo=undo, turn=4)
    store = await SqliteStore.open(tmp_path / "desk.db")
    await store.receive("memory", [Incoming("$1", Kind.SAID, "!room", MARIE.id, MARIE.name, NOW, "x")], None, NOW)
    row = await store.next_inbox()
    assert row is not None
    await store.keep(Step(row, NOW, Conversation(0, "memory", "!room", MARIE), ticket))
    kept = await store.ticket(1)
    await store.close()
    assert kept is not None
    assert kept.ticket == replace(ticket, customer=kept.ticket.customer)


async def test_an_offer_that_stood_before_the_update_is_known_after_it(tmp_path: Path) -> None:
    path, at = tmp_path / "desk.db", time_text(NOW)
    scripts = "\n".join(script for _, script in migrations()[:9])
    db = sqlite3.connect(path)
    db.executescript(f"{scripts}\nPRAGMA user_version = 9;")
    db.execute("INSERT INTO conversation (transport, room, customer, customer_name) VALUES ('m', '!r', '@a:b', 'A')")
    db.execute(
        "INSERT INTO ticket (number, conversation, team, status, opened_at, offer, refused, refusals, carded, question)"
        " VALUES (1, 1, 'mobile', 'offered', ?, '[\"a\", \"b\"]', '[]', 0, 0, '')",
        (at,),
    )
    for number, text in enumerate(("hello", "did you mean"), start=1):
        db.execute(
            "INSERT INTO entry (conversation, ticket, audience, role, author, content, at)"
            " VALUES (1, 1, 'customer', 'bot', '', ?, ?)",
            (json.dumps([{"kind": "literal", "text": text}]), at),
        )
        db.execute(
            "INSERT INTO outbox (key, lane, audience, verb, conversation, ticket, entry, created_at, state, ref)"
            " VALUES (?, 'c1', 'customer', 'say', 1, 1, ?, ?, 'sent', ?)",
            (f"k{number}", number, at, f"$sent{number}"),
        )
    db.commit()
    db.close()
    store = await SqliteStore.open(path)
    said = [await store.bots_words(1, f"$sent{number}") for number in (1, 2)]
    await store.close()
    assert said == [BotsWords(1, None, ()), BotsWords(1, 0, ("a", "b"))]
