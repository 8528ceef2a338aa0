"""Tickets that are part of another: kept whole, in rooms of their own, and nowhere else."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from helpbot.core.effects import Amend
from helpbot.core.model import Audience, Entry, HeldBack, Person, Role, Status, Ticket, Way
from helpbot.store.base import Conversation, Draft, Step
from helpbot.store.look import open_tickets
from helpbot.store.sqlite import SqliteStore
from tests.store.test_sqlite import MARIE, NOW, TALK, TICKET, a_row, inside, keep, to_customer

MARY = Person("@mary:example.org", "Mary")
THERE = Conversation(0, "memory", "!other", MARY)
TWO = replace(TICKET, number=2, customer=MARY)
PART = replace(TWO, status=Status.CLOSED, closed_at=NOW, merged_into=1)
WHOLE = replace(TICKET, speaks_in=2)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = await SqliteStore.open(tmp_path / "desk.db")
    await keep(opened, to_customer("k1"), ref="$1")
    row = await a_row(opened, "$2")
    await opened.keep(Step(row, NOW, THERE, TWO, drafts=[to_customer("k2")], timers={"ladder": NOW}))
    yield opened
    await opened.close()


async def merge(store: SqliteStore, *, ref: str = "$3", second: str = "k4") -> None:
    row = await a_row(store, ref)
    also = Step(row, NOW, None, WHOLE, drafts=[to_customer(second), inside("k5")])
    timers = {"ladder": None}
    await store.keep(Step(row, NOW, THERE, PART, drafts=[to_customer("k3")], timers=timers, also=also))


def rows(tmp_path: Path, sql: str) -> list[tuple[object, ...]]:
    db = sqlite3.connect(tmp_path / "desk.db")
    found = db.execute(sql).fetchall()
    db.close()
    return found


async def test_both_tickets_are_changed_at_once(store: SqliteStore) -> None:
    await merge(store)
    part, whole = await store.ticket(2), await store.ticket(1)
    assert part is not None
    assert whole is not None
    assert (part.ticket.merged_into, part.ticket.status) == (1, Status.CLOSED)
    assert [(one.number, one.customer) for one in whole.ticket.merged] == [(2, MARY)]
    assert whole.spoken_in.room == "!other"
    assert not await store.timer_runs(2, "ladder")


async def test_what_fails_half_way_changes_neither(store: SqliteStore, tmp_path: Path) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        await merge(store, second="k1")  # a key that is there already
    assert rows(tmp_path, "SELECT number, status, merged_into, speaks_in FROM ticket") == [
        (1, "waiting", None, None),
        (2, "waiting", None, None),
    ]
    assert await store.timer_runs(2, "ladder")
    assert rows(tmp_path, "SELECT count(*) FROM outbox") == [(2,)]
    row = await store.next_inbox()
    assert row is not None
    assert row.event == "$3", "it is decided once more"
    await merge(store)
    assert rows(tmp_path, "SELECT count(*) FROM outbox") == [(5,)]


async def test_words_go_to_a_room_of_the_ticket_and_to_no_other(store: SqliteStore, tmp_path: Path) -> None:
    row = await a_row(store, "$3")
    with pytest.raises(ValueError, match="#2 is no part of #1"):
        await store.keep(Step(row, NOW, None, TICKET, drafts=[replace(to_customer("k9"), room=2)]))
    with pytest.raises(ValueError, match="#2 is no part of #1"):
        await store.keep(Step(row, NOW, None, replace(TICKET, speaks_in=2), records=[line("hers")]))
    await merge(store)
    row = await a_row(store, "$4")
    told = [replace(to_customer("k9"), room=2), to_customer("k10")]
    await store.keep(Step(row, NOW, None, WHOLE, drafts=told, records=[line("hers")]))
    sent = "SELECT o.ticket, c.room, o.lane FROM outbox o JOIN conversation c ON c.id = o.conversation WHERE key IN"
    assert rows(tmp_path, f"{sent} ('k9', 'k10') ORDER BY o.id") == [(2, "!other", "c2"), (1, "!room", "c1")]
    assert rows(tmp_path, "SELECT ticket, conversation FROM entry WHERE source = 'hers'") == [(2, 2)]
    assert rows(tmp_path, "PRAGMA foreign_key_check") == []


def line(source: str) -> Entry:
    return Entry(Role.CUSTOMER, Audience.CUSTOMER, "Mary", "words of hers", NOW, source=source)


async def test_what_is_answered_is_referred_to_in_its_own_room_alone(store: SqliteStore, tmp_path: Path) -> None:
    await merge(store)
    row = await a_row(store, "$4")
    await store.keep(Step(row, NOW, THERE, WHOLE, records=[line("hers")]))
    row = await a_row(store, "$5")
    there, here = (replace(to_customer(key), target="hers", room=room) for key, room in (("k8", 2), ("k9", 1)))
    mark = Draft("k10", Audience.CUSTOMER, "react", target="hers", symbol="👍")
    await store.keep(Step(row, NOW, None, replace(WHOLE, speaks_in=None), drafts=[there, here, mark]))
    sent = "SELECT key, ticket, target FROM outbox WHERE key IN ('k8', 'k9', 'k10') ORDER BY id"
    assert rows(tmp_path, sent) == [("k8", 2, "hers"), ("k9", 1, None), ("k10", 2, "hers")]


async def test_a_part_cannot_be_open_nor_part_of_itself(store: SqliteStore) -> None:
    row = await a_row(store, "$3")
    for wrong in (replace(PART, status=Status.WAITING, closed_at=None), replace(PART, merged_into=2)):
        with pytest.raises(sqlite3.IntegrityError):
            await store.keep(Step(row, NOW, THERE, wrong))


async def test_the_transcript_of_a_ticket_holds_that_of_its_parts(store: SqliteStore) -> None:
    await merge(store)
    row = await a_row(store, "$4")
    await store.keep(Step(row, NOW, THERE, WHOLE, records=[line("hers")]))
    assert [entry.text for entry in await store.transcript(1)][-1] == "words of hers"
    assert len(await store.transcript(1)) == 5


async def test_what_is_taken_back_is_taken_back_in_all_parts(store: SqliteStore, tmp_path: Path) -> None:
    await merge(store)
    row = await a_row(store, "$4")
    await store.keep(Step(row, NOW, THERE, WHOLE, records=[line("hers")]))
    row = await a_row(store, "$5")
    await store.keep(Step(row, NOW, None, WHOLE, amends=[Amend("hers", None)]))
    assert rows(tmp_path, "SELECT count(*) FROM entry WHERE content LIKE '%words of hers%'") == [(0,)]


async def test_only_who_has_left_all_her_rooms_is_looked_for(store: SqliteStore) -> None:
    assert await store.left_open("memory", MARIE.id) is None
    row = await a_row(store, "$3")
    await store.keep(Step(row, NOW, replace(TALK, gone=True), TICKET))
    assert await store.left_open("memory", MARIE.id) == 1
    assert await store.left_open("memory", MARY.id) is None
    assert await store.left_open("other network", MARIE.id) is None
    row = await a_row(store, "$4")
    await store.keep(Step(row, NOW, None, replace(TICKET, status=Status.CLOSED, closed_at=NOW)))
    assert await store.left_open("memory", MARIE.id) is None


async def test_an_account_that_became_part_finds_the_whole(store: SqliteStore) -> None:
    await merge(store)
    row = await a_row(store, "$4")
    await store.keep(Step(row, NOW, replace(THERE, gone=True), WHOLE))
    assert await store.left_open("memory", MARY.id) == 1


async def test_a_later_ticket_is_one_that_is_no_part(store: SqliteStore) -> None:
    await merge(store)
    kept = await store.ticket(1)
    assert kept is not None
    assert kept.ticket.newer is None
    row = await a_row(store, "$4")
    await store.keep(Step(row, NOW, THERE, Ticket(3, MARY, "mobile", NOW, Status.WAITING)))
    kept = await store.ticket(1)
    assert kept is not None
    assert kept.ticket.newer == 3


async def test_the_lists_name_no_part_that_only_stands_for_a_room(store: SqliteStore) -> None:
    await merge(store)
    assert [one.number for one in await store.tickets_of("memory", MARY.id, 1)] == [2]
    row = await a_row(store, "$4")
    room = replace(PART, number=3, carded=False)
    await store.keep(Step(row, NOW, replace(THERE, room="!third"), room))
    assert [one.number for one in await store.tickets_of("memory", MARY.id, 1)] == [2]


async def test_a_doctor_looks_at_the_room_in_which_she_is(store: SqliteStore, tmp_path: Path) -> None:
    await merge(store)
    db = sqlite3.connect(tmp_path / "desk.db")
    db.row_factory = sqlite3.Row
    assert open_tickets(db, "memory") == [(1, "!other", False)]
    db.close()


async def test_a_command_that_waits_for_a_yes_keeps_since_when(store: SqliteStore) -> None:
    held = HeldBack(MARIE, "$x", "!merge #1", Way.MERGED, at=NOW)
    row = await a_row(store, "$3")
    await store.keep(Step(row, NOW, TALK, replace(TICKET, held_back=(held,))))
    kept = await store.ticket(1)
    assert kept is not None
    assert kept.ticket.held_back == (held,)
