"""Chores in virtual time: what fails, what waits, and who has a turn when."""

from __future__ import annotations

import asyncio

from helpbot.transports.matrix_chores import Chores

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
