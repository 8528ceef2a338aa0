"""Telling when a file of the FAQ changes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import watchfiles
from watchfiles._rust_notify import WatchfilesRustInternalError  # no public name; not an OSError

from helpbot.answers.files import is_faq

_WATCH_PAUSE = 2.0  # seconds after which the folder is looked at even when nothing was told


async def watch(folder: Path) -> AsyncIterator[None]:
    """Yield at once, and after each burst of changes to the folder's YAML files, until cancelled.

    What counts is how the files look, not what the system tells: so a folder that is taken away, brought back or
    replaced by another of the same name, and links that point elsewhere, are seen too, at the latest after the pause.
    """
    seen = await asyncio.to_thread(_state, folder)
    yield
    while True:
        await _stir(folder)
        now = await asyncio.to_thread(_state, folder)
        if now != seen:
            seen = now
            yield


async def _stir(folder: Path) -> None:
    """Return after a burst of changes in the folder, or after a pause."""
    pause = int(_WATCH_PAUSE * 1000)
    telling = watchfiles.awatch(folder, recursive=False, watch_filter=None, rust_timeout=pause, yield_on_timeout=True)
    try:
        async with contextlib.aclosing(telling):
            await anext(telling, None)
    except (OSError, WatchfilesRustInternalError):  # not there, went away, or the system has no watch left
        await asyncio.sleep(_WATCH_PAUSE)


def _state(folder: Path) -> tuple[tuple[object, ...], ...]:
    """Return what tells one version of the folder's FAQ files from another."""
    found: list[tuple[object, ...]] = []
    with contextlib.suppress(OSError):
        for path in sorted(path for path in folder.iterdir() if is_faq(path)):
            try:
                seen = path.stat()
            except OSError:
                found.append((path.name,))
            else:
                found.append((path.name, seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns))
    return tuple(found)
