"""Words that wait for their key: whose are kept when there are too many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from helpbot.transports.base import TryLater
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


class Looked(dict[str, Any]):
    """JSON that counts how often it is written down."""

    times = 0

    def items(self) -> Any:
        self.times += 1
        return super().items()


async def test_what_did_not_change_is_not_written_down_again() -> None:
    notebook = MemoryNotebook()
    held = Held(notebook)
    await held.load()
    event = Looked(encrypted("@alice:x"))
    held.add("$alice", "!alice", event, NOW)
    await held.save()
    before = event.times
    held.add("$alice", "!alice", event, NOW)
    held.settle({"$other"}, {"$other"}, NOW)
    await held.save()
    assert event.times == before
    held.settle(set(), {"$alice"}, NOW)
    await held.save()
    assert event.times > before
    again = Held(notebook)
    await again.load()
    assert [(ref, one.told) for ref, one in again] == [("$alice", True)]


class Failing(MemoryNotebook):
    """A notebook that can be written only after a while."""

    fails = True

    async def put(self, key: str, value: str) -> None:
        if self.fails:
            raise TryLater("the database cannot be used now")
        await super().put(key, value)


async def test_what_could_not_be_written_down_is_written_the_next_time() -> None:
    notebook = Failing()
    held = Held(notebook)
    await held.load()
    held.add("$alice", "!alice", encrypted("@alice:x"), NOW)
    with pytest.raises(TryLater):
        await held.save()
    notebook.fails = False
    await held.save()
    again = Held(notebook)
    await again.load()
    assert refs(again) == ["$alice"]


async def test_long_junk_takes_neither_anybodys_place_nor_the_disk() -> None:
    notebook = MemoryNotebook()
    held = Held(notebook)
    await held.load()
    assert held.add("$alice", "!alice", {**encrypted("@alice:x"), "content": {"ciphertext": "a" * 60_000}}, NOW)
    for room in range(10):
        for number in range(20):
            junk = {**encrypted("@mallory:x"), "content": {"ciphertext": "m" * 60_000}}
            assert held.add(f"$junk-{room}-{number}", f"!junk-{room}", junk, NOW)
    due = {ref for ref in refs(held) if held.is_due(ref, NOW)}
    held.settle(set(), due, NOW)
    await held.save()
    assert len(due) > 150
    assert "$alice" in refs(held)
    assert 900_000 < sum(map(len, notebook.values.values())) < 1_100_000
