"""Chores in virtual time: what fails, what waits, and who has a turn when."""

from __future__ import annotations

import asyncio

from helpbot.transports.matrix_chores import Chores, Fruitless, Kind

from .virtual import run


async def _work(chores: Chores, seconds: float) -> None:
    """Let the chores be done for so long."""
    working = asyncio.create_task(chores.work())
    await asyncio.sleep(seconds)
    assert not working.done(), working.exception()
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


def test_a_fault_of_ours_in_one_chore_ends_no_other() -> None:
    done: list[str] = []

    async def faulty() -> None:
        done.append("faulty")
        raise RuntimeError("coroutine raised StopIteration")

    async def sound() -> None:
        done.append("sound")

    async def story() -> None:
        chores = Chores()
        chores.add("!faulty:x", faulty)
        chores.add("!sound:x", sound, 5)
        await _work(chores, 60)
        assert "!faulty:x" in chores

    run(story())
    assert "sound" in done
    assert 2 <= done.count("faulty") <= 8


def test_rooms_that_hang_keep_nobody_elses_room_waiting() -> None:
    joined: list[float] = []

    async def hang() -> None:
        await asyncio.sleep(20)
        raise Fruitless("the homeserver cannot be reached (TimeoutError)")

    async def join() -> None:
        joined.append(asyncio.get_running_loop().time())

    async def story() -> None:
        chores = Chores()
        for number in range(100):
            chores.add(f"!{number}:evil.org", hang, kind=Kind.JOIN, by=f"@{number}:evil.org")
            chores.add(f"!refused-{number}:evil.org", hang, kind=Kind.REFUSE, by=f"@{number}:evil-{number}.org")
        for hour in range(3):
            chores.add(f"!{hour}:example.org", join, 3600.0 * hour + 10, Kind.JOIN, "@alice:example.org")
        await _work(chores, 10_000)

    run(story())
    assert len(joined) == 3
    assert all(at % 3600 <= 10 + 20 for at in joined)


def test_what_is_due_longest_has_its_turn_first() -> None:
    order: list[str] = []

    async def story() -> None:
        chores = Chores()

        def note(room: str, seconds: float) -> None:
            async def do() -> None:
                order.append(room)
                await asyncio.sleep(seconds)

            chores.add(room, do, -seconds, Kind.JOIN, "@alice:example.org")

        for number in range(20):
            note(f"!{number}", number)
        await _work(chores, 1000)

    run(story())
    assert order == [f"!{number}" for number in reversed(range(20))]
