"""Words that wait for their key: whose are kept when there are too many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from helpbot.transports.matrix_held import Held
from tests.matrix.bot import MemoryNotebook

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def encrypted(sender: str) -> dict[str, Any]:
    return {"type": "m.room.encrypted", "sender": sender}


def junk(held: Held) -> None:
    """Let one stranger take every place."""
    for room in range(10):
        for number in range(20):
            assert held.add(f"$junk-{room}-{number}", f"!junk-{room}", encrypted("@mallory:x"), NOW)


def refs(held: Held) -> list[str]:
    return [ref for ref, _ in held]


async def test_junk_of_one_sender_takes_nobody_elses_place() -> None:
    held = Held(MemoryNotebook())
    await held.load()
    assert held.add("$alice", "!alice", encrypted("@alice:x"), NOW)
    junk(held)
    for number in range(20):
        assert held.add(f"$bob-{number}", "!bob", encrypted("@bob:x"), NOW)
    due = [ref for ref in refs(held) if held.is_due(ref, NOW)]
    assert due == [f"$junk-0-{number}" for number in range(20)] + ["$junk-1-0"]  # each is told, not swallowed
    held.settle(set(), set(due), NOW)
    assert {"$alice", "$bob-0", "$bob-19"} <= set(refs(held))
    assert len(refs(held)) == 200


async def test_what_was_dropped_outlives_a_restart_until_it_is_told() -> None:
    notebook = MemoryNotebook()
    held = Held(notebook)
    await held.load()
    junk(held)
    held.add("$alice", "!alice", encrypted("@alice:x"), NOW)
    await held.save()
    again = Held(notebook)
    await again.load()
    assert [ref for ref in refs(again) if again.is_due(ref, NOW)] == ["$junk-0-0"]


async def test_where_everybody_has_few_the_newcomer_is_told_at_once() -> None:
    held = Held(MemoryNotebook())
    await held.load()
    for number in range(200):
        sender = f"@{number // 5}:x"
        assert held.add(f"${number}", f"!{sender}", encrypted(sender), NOW)
    assert not held.add("$late", "!late", encrypted("@late:x"), NOW)
    assert not any(held.is_due(ref, NOW + timedelta(seconds=9)) for ref in refs(held))


async def test_in_a_full_room_the_sender_with_most_makes_room() -> None:
    held = Held(MemoryNotebook())
    await held.load()
    held.add("$sam", "!desk", encrypted("@sam:x"), NOW)
    for number in range(30):
        held.add(f"$eve-{number}", "!desk", encrypted("@eve:x"), NOW)
    assert not held.is_due("$sam", NOW)
    assert [ref for ref in refs(held) if held.is_due(ref, NOW)] == [f"$eve-{number}" for number in range(11)]
