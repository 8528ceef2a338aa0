"""Counts every step of every task, so that a process can be ended at the K-th: each `await` is such a point."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from types import coroutine
from typing import Any


class Steps:
    """Counts; `at` is called once, before the step with that number (from 0) is made."""

    def __init__(self, number: int | None, at: Callable[[], None]) -> None:
        self.made = 0
        self._number = number
        self._at = at

    def count(self) -> None:
        """Count one step."""
        if self.made == self._number:
            self._at()
        self.made += 1

    def task(self, loop: asyncio.AbstractEventLoop, coro: Any, **more: Any) -> asyncio.Task[Any]:
        """Make a task whose steps are counted: a task factory."""
        return asyncio.Task(_counted(coro, self.count), loop=loop, **more)


class CountingPolicy(asyncio.DefaultEventLoopPolicy):
    """Gives event loops that count."""

    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self._steps = steps

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        loop = super().new_event_loop()
        loop.set_task_factory(self._steps.task)
        return loop


@coroutine
def _counted(coro: Coroutine[Any, Any, Any], count: Callable[[], None]) -> Generator[Any, Any, Any]:
    """Run a coroutine as it is, calling `count` before each of its steps."""
    give: Any = None
    fault: BaseException | None = None
    while True:
        count()
        try:
            wanted = coro.send(give) if fault is None else coro.throw(fault)
        except StopIteration as ended:
            return ended.value
        give, fault = None, None
        try:
            give = yield wanted
        except GeneratorExit:
            coro.close()
            raise
        except BaseException as thrown:  # noqa: BLE001  # a cancellation, or what a future raised: it goes on inside
            fault = thrown
