"""Timers that are changed beside a decision: what is set, what is left alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from helpbot.core.model import Status, Ticket
from helpbot.store.base import Step
from helpbot.store.sqlite import SqliteStore
from tests.store.test_sqlite import NOW, TALK, TICKET, a_row

HOUR = timedelta(hours=1)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """Open a store with three tickets, which have a reminder each; the third is the bot's."""
    opened = await SqliteStore.open(tmp_path / "desk.db")
    for number, status in ((1, Status.WAITING), (2, Status.HELD), (3, Status.BOT)):
        row = await a_row(opened, f"${number}")
        await opened.keep(Step(row, NOW, TALK, replace(TICKET, number=number, status=status), timers={"ladder": NOW}))
    yield opened
    await opened.close()


async def timers(store: SqliteStore) -> list[tuple[int, str, str]]:
    found = await store._all("SELECT ticket, name, due FROM timer ORDER BY ticket, name")
    return [(row["ticket"], row["name"], row["due"][11:16]) for row in found]


def to(**wanted: datetime | None) -> object:
    def changes(ticket: Ticket, running: Mapping[str, datetime]) -> Mapping[str, datetime | None]:
        return wanted

    return changes


async def test_the_open_tickets_are_those_that_are_with_people(store: SqliteStore) -> None:
    assert await store.open_numbers() == [1, 2]


async def test_timers_are_set_moved_and_stopped_of_the_tickets_asked_for(store: SqliteStore) -> None:
    seen = []

    def changes(ticket: Ticket, running: Mapping[str, datetime]) -> Mapping[str, datetime | None]:
        seen.append((ticket.number, ticket.status, dict(running)))
        return {"ladder": NOW + HOUR, "silent": NOW} if ticket.number == 1 else {"ladder": None}

    store.timer_bell.clear()
    await store.change_timers([1, 2], changes)
    assert seen == [(1, Status.WAITING, {"ladder": NOW}), (2, Status.HELD, {"ladder": NOW})]
    assert await timers(store) == [(1, "ladder", "13:00"), (1, "silent", "12:00"), (3, "ladder", "12:00")]
    assert store.timer_bell.is_set()


async def test_nothing_is_written_where_nothing_changes(store: SqliteStore) -> None:
    store.timer_bell.clear()
    before = store._db.total_changes
    await store.change_timers([1, 2], to())  # type: ignore[arg-type]
    assert store._db.total_changes == before
    assert not store.timer_bell.is_set()


async def test_a_timer_that_fired_is_left_to_its_decision(store: SqliteStore) -> None:
    """Until it is decided; and a timer of the same ticket by another name, or of another number, is its own."""
    await store.fire(NOW)
    await store.change_timers([1], to(ladder=NOW + HOUR, lad=NOW + HOUR))  # type: ignore[arg-type]
    assert await timers(store) == [(1, "lad", "13:00")]
    row = await store.next_inbox()
    assert row is not None
    await store.keep(Step(row, NOW, None, None))
    await store.change_timers([1], to(ladder=NOW + HOUR))  # type: ignore[arg-type]
    assert (1, "ladder", "13:00") in await timers(store)


async def test_a_timer_that_was_set_anew_after_it_fired_is_changed(store: SqliteStore) -> None:
    word = await a_row(store, "$word")
    await store.fire(NOW)
    await store.keep(Step(word, NOW, TALK, TICKET, timers={"ladder": NOW + HOUR}))
    await store.change_timers([1], to(ladder=NOW + 2 * HOUR))  # type: ignore[arg-type]
    assert await timers(store) == [(1, "ladder", "14:00")]
