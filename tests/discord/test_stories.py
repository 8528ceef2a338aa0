"""The stories of tests/dialogues, played on Discord by the same player, with a clock that is turned."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from tests.dialogues.test_dialogues import HERE, play, the_desk

from .stage import staged
from .wire import Wire

STORIES = [story for story in sorted(HERE.glob("*.yaml")) if story.stem != "odd_input"]  # Discord takes nothing empty


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.stem)
async def test_story(story: Path, wire: Wire, tmp_path: Path) -> None:
    lines = await asyncio.to_thread(lambda: yaml.safe_load(story.read_text("utf-8")))
    burst = timedelta(seconds=lines.pop(0)["burst"] if "burst" in lines[0] else 0)
    async with staged(wire, replace(the_desk(), burst=burst), tmp_path) as desk:
        for number, line in enumerate(lines, start=1):
            ((who, what),) = line.items()
            await play(desk, str(who), what, f"{story.name}, line {number}: {line}")
