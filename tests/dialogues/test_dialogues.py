"""Plays every story of this folder: what is said, and all that each side then reads, in order.

A line of a story is one of:
    NAME: TEXT            that customer or agent writes, an agent in the newest ticket's thread
    NAME on 1: TEXT       that agent writes in that ticket's thread
    NAME arrives/leaves:  the customer opens or leaves the room
    NAME reacts: SYMBOL   the agent reacts to the card
    NAME mentions: TEXT   the agent writes and mentions a colleague
    NAME reads: [...]     all that is new to that customer, each holding that text; "agents reads" for the agents
    card: TEXT            the newest ticket's card holds that text
    mark: SYMBOL          what an agent wrote last bears that mark alone
    hours: NUMBER         time passes
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpbot.answers import files
from helpbot.answers.library import FaqLibrary
from helpbot.core.model import Desk, Team
from helpbot.transports.memory import Message
from tests.dialogues.stage import AGENTS, Stage, stage

HERE = Path(__file__).parent
LANGUAGES = ("en", "fr")


def the_desk() -> Desk:
    faq, faults = files.load(HERE.parent / "faq", LANGUAGES)
    assert faults == ()
    library = FaqLibrary(faq, LANGUAGES)
    return Desk(library=library, languages=LANGUAGES, teams=(Team("mobile", {"en": "Mobile team"}),))


@pytest.mark.parametrize("story", sorted(HERE.glob("*.yaml")), ids=lambda path: path.stem)
async def test_story(story: Path, tmp_path: Path) -> None:
    lines = await asyncio.to_thread(lambda: yaml.safe_load(story.read_text("utf-8")))
    async with stage(the_desk(), tmp_path / "desk.db") as desk:
        for number, line in enumerate(lines, start=1):
            ((who, what),) = line.items()
            await play(desk, str(who), what, f"{story.name}, line {number}: {line}")


async def play(desk: Stage, who: str, what: Any, where: str) -> None:
    name, _, verb = who.partition(" ")
    match verb:
        case "reads":
            new = desk.new_for_agents() if name == "agents" else desk.new_for(name)
            expect(new, what, where)
        case "arrives":
            await desk.arrives(name)
        case "leaves":
            desk.network.leave(f"room of {name}", name)
            await desk.network.taken()
            await desk.settle()
        case "reacts":
            await desk.agent_reacts(name, what)
        case "mentions":
            await desk.agent(name, what, mentions=True)
        case _ if name == "card":
            assert what in desk.cards[max(desk.cards)].text, (where, desk.cards[max(desk.cards)].text)
        case _ if name == "mark":
            assert desk.marks() == [what], where
        case _ if name == "hours":
            await desk.passes(timedelta(hours=what))
        case _ if name in AGENTS:
            await desk.agent(name, str(what), int(verb.removeprefix("on ")) if verb else None)
        case _:
            await desk.customer(name, str(what))


def expect(new: list[Message], wanted: list[str], where: str) -> None:
    texts = [message.text for message in new]
    assert len(texts) == len(wanted), (where, texts)
    for text, part in zip(texts, wanted, strict=True):
        assert part in text, (where, texts)
