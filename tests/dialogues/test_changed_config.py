"""A config that changes over a restart, and what becomes of the tickets that were there before it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from helpbot.core.hours import Hours, Span
from helpbot.core.model import Desk, Patience, Team
from helpbot.store.base import TimerChanges
from helpbot.store.sqlite import SqliteStore
from tests.core.cases import DESK
from tests.dialogues.stage import AGENTS_ROOM, Stage, WallClock, new_network, stage
from tests.dialogues.test_trouble import until

NEVER = replace(DESK, silent_for=None)
DAY, SOON = timedelta(days=1), timedelta(seconds=1)


def with_team(**changed: object) -> Desk:
    """Return the desk with its first team changed."""
    first: Team = replace(DESK.teams[0], **changed)  # type: ignore[arg-type]
    return replace(DESK, teams=(first, *DESK.teams[1:]))


async def answered(desk: Stage, *names: str) -> None:
    for name in names:
        await desk.customer(name, "what is life?")
        await desk.agent_reacts("sam", "✋")
        await desk.agent("sam", "hello")


def timers(database: Path) -> dict[tuple[int, str], datetime]:
    with sqlite3.connect(database) as db:
        found = db.execute("SELECT ticket, name, due FROM timer").fetchall()
    db.close()
    return {(ticket, name): datetime.fromisoformat(due) for ticket, name, due in found}


async def test_warnings_that_are_switched_on_come_for_tickets_that_were_there(tmp_path: Path) -> None:
    network, clock, database = new_network(DESK), WallClock(), tmp_path / "desk.db"
    async with stage(NEVER, database, network, clock) as desk:
        await answered(desk, "marie")
    assert timers(database) == {}
    before = len(network.in_room("room of marie"))
    clock.at += DAY
    async with stage(DESK, database, network, clock) as desk:
        await desk.passes(2 * DAY - SOON)
        assert len(network.in_room("room of marie")) == before
        await desk.passes(SOON)
        assert len(network.in_room("room of marie")) == before + 1, "she is warned three days after the answer"
        await desk.passes(DAY)
        kept = await desk.store.ticket(1)
        assert kept is not None
        assert kept.ticket.closed_at == clock.at


async def test_warnings_that_are_switched_off_do_not_come(tmp_path: Path) -> None:
    network, clock, database = new_network(DESK), WallClock(), tmp_path / "desk.db"
    async with stage(DESK, database, network, clock) as desk:
        await answered(desk, "marie")
    async with stage(NEVER, database, network, clock) as desk:
        before = len(network.in_room("room of marie"))
        await desk.passes(30 * DAY)
        assert len(network.in_room("room of marie")) == before
    assert timers(database) == {}


async def test_a_year_of_silence_is_not_warned_of_in_one_minute(tmp_path: Path) -> None:
    network, clock, database = new_network(DESK), WallClock(), tmp_path / "desk.db"
    people = [f"customer {number}" for number in range(8)]
    async with stage(NEVER, database, network, clock) as desk:
        await answered(desk, *people)
    clock.at += 365 * DAY
    spoken = {name: len(network.in_room(f"room of {name}")) for name in people}

    def warned() -> int:
        return sum(len(network.in_room(f"room of {name}")) > lines for name, lines in spoken.items())

    counts = []
    for _ in range(8):  # however often it is started again
        async with stage(DESK, database, network, clock) as desk:
            counts.append(warned())
            await desk.passes(timedelta(hours=5))
    assert counts[0] == 0
    assert max(later - now for now, later in pairwise(counts)) <= 2
    assert warned() == len(people)


async def test_hours_that_change_move_the_reminders_of_who_waits(tmp_path: Path) -> None:
    network, clock, database = new_network(DESK), WallClock(), tmp_path / "desk.db"
    shut = with_team(hours=Hours(week=((),) * 3 + ((Span(540, 600),),) + ((),) * 3))
    async with stage(DESK, database, network, clock) as desk:
        await desk.customer("marie", "what is life?")
    async with stage(shut, database, network, clock) as desk:
        before = len(network.in_room(AGENTS_ROOM))
        await desk.passes(timedelta(hours=2))
        assert len(network.in_room(AGENTS_ROOM)) == before, "nobody is there to be reminded"
        await desk.passes(datetime(2026, 10, 22, 9, 2, tzinfo=UTC) - clock.at)
        assert len(network.in_room(AGENTS_ROOM)) == before + 1
    async with stage(DESK, database, network, clock) as desk:  # what is late by the hours of now comes at once, once
        await until(desk, lambda: len(network.in_room(AGENTS_ROOM)) > before + 1)
        await desk.passes(timedelta(hours=3))
        assert len(network.in_room(AGENTS_ROOM)) == before + 2


async def test_a_timer_that_fired_before_the_config_changed_is_decided_once(tmp_path: Path) -> None:
    network, clock, database = new_network(DESK), WallClock(), tmp_path / "desk.db"
    hour = with_team(patience=Patience(team=timedelta(hours=1), lead=timedelta(hours=2), leads=timedelta(hours=3)))
    async with stage(DESK, database, network, clock) as desk:
        await desk.customer("marie", "what is life?")
    before = len(network.in_room(AGENTS_ROOM))
    clock.at += timedelta(minutes=2)
    store = await SqliteStore.open(database)
    await store.fire(clock.at)  # and the desk was killed
    await store.close()
    async with stage(hour, database, network, clock) as desk:
        assert len(network.in_room(AGENTS_ROOM)) == before, "by the config of now it is not time yet"
        await desk.passes(timedelta(minutes=58))
        assert len(network.in_room(AGENTS_ROOM)) == before + 1


async def busy_day(desk: Stage) -> None:
    """Bring tickets into all states that have timers."""
    await desk.customer("bob", "puk")
    await desk.customer("carol", "what is life?")
    await answered(desk, "marie", "paul", "ann", "ben", "eve")
    await desk.agent("sam", "!promise tomorrow 9:00 the line is back", 4)
    await desk.agent("sam", "!transfer lines it is yours", 5)
    await desk.agent("sam", "!snooze tomorrow 9:00", 6)
    await desk.agent("sam", "!close", 7)


@pytest.mark.parametrize("stopped", [timedelta(), timedelta(minutes=1)])
async def test_nothing_is_written_at_a_start_when_nothing_changed(tmp_path: Path, stopped: timedelta) -> None:
    network, clock, database = new_network(DESK), WallClock(), tmp_path / "desk.db"
    async with stage(DESK, database, network, clock) as desk:
        await busy_day(desk)
    before = timers(database)
    assert {name for _, name in before} == {"idle", "ladder", "silent", "promise", "transfer", "snooze"}
    with sqlite3.connect(database) as db:
        for what in ("INSERT", "UPDATE", "DELETE"):
            told = "BEGIN SELECT raise(ABORT, 'a timer was written'); END"
            db.execute(f"CREATE TRIGGER on_{what} BEFORE {what} ON timer {told}")
    db.close()
    clock.at += stopped
    async with stage(DESK, database, network, clock):
        pass
    assert timers(database) == before


class Killed(BaseException):
    """Ends the desk without its finishing anything."""


class Mortal(SqliteStore):
    """Ends the desk after it has changed the timers of one ticket."""

    async def change_timers(self, numbers: Sequence[int], changes: TimerChanges) -> None:
        await super().change_timers(numbers[:1], changes)
        raise Killed


async def test_a_desk_that_is_killed_half_way_goes_on_at_the_next_start(tmp_path: Path) -> None:
    network, clock, database = new_network(DESK), WallClock(), tmp_path / "desk.db"
    async with stage(NEVER, database, network, clock) as desk:
        await answered(desk, "marie", "paul", "ann")
    clock.at += 365 * DAY
    with pytest.raises(BaseExceptionGroup) as why:
        async with stage(DESK, database, network, clock, Mortal):
            pass
    assert why.group_contains(Killed)
    first = timers(database)
    assert list(first) == [(1, "silent")]
    clock.at += timedelta(minutes=30)
    async with stage(DESK, database, network, clock):
        pass
    whole = timers(database)
    assert set(whole) == {(1, "silent"), (2, "silent"), (3, "silent")}
    assert whole[1, "silent"] == first[1, "silent"]


async def test_a_ticket_that_cannot_be_read_keeps_no_other_from_its_timers(tmp_path: Path) -> None:
    network, clock, database = new_network(DESK), WallClock(), tmp_path / "desk.db"
    async with stage(NEVER, database, network, clock) as desk:
        await answered(desk, "marie", "paul", "ann")
    with sqlite3.connect(database) as db:
        db.execute("UPDATE ticket SET offer = 'spoiled' WHERE number = 2")
    db.close()
    async with stage(DESK, database, network, clock):
        pass
    assert set(timers(database)) == {(1, "silent"), (3, "silent")}
