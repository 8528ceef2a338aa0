"""Preparing a FAQ in another process, so that neither the desk's loop nor its memory feels it.

This module run as a program is that process: a FAQ in JSON comes in, what is kept goes out; it may die without harm.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys

from helpbot.answers.entries import Faq
from helpbot.answers.prepare import Prepared, heard, read_back, told, work_out, written
from helpbot.answers.semantic import embedder

_NICENESS = 10


class NotPrepared(Exception):
    """The FAQ could not be worked out; the message says why."""


async def work_out_aside(faq: Faq, semantic: bool = False) -> Prepared:
    """Work a FAQ out in a process of its own at low priority, which ends when this is cancelled. Raises NotPrepared."""
    try:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "helpbot.answers.aside",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    except OSError as error:
        raise NotPrepared(f"no process could be started: {error.strerror or error}") from error
    try:
        content, _ = await child.communicate(told(faq, semantic).encode())
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    prepared = read_back(content) if child.returncode == 0 else None
    if prepared is None:
        raise NotPrepared(f"the process ended with code {child.returncode}")
    return prepared


if __name__ == "__main__":
    with contextlib.suppress(OSError):
        os.nice(_NICENESS)
    _faq, _semantic = heard(sys.stdin.buffer.read().decode())
    sys.stdout.buffer.write(written(work_out(_faq, embedder() if _semantic else None)))
