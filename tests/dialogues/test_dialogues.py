"""Plays every story of this folder: what is said, and all that each side then reads, in order.

A line of a story is one of:
    NAME: TEXT            that customer or agent writes, an agent in the newest ticket's thread
    NAME on 1: TEXT       that agent writes in that ticket's thread
    NAME arrives/leaves:  the customer opens or leaves the room
    NAME reacts: SYMBOL   the agent reacts to the card
    NAME mentions: TEXT   the agent writes and mentions a colleague
    NAME outside: TEXT    that agent writes in the room itself
    NAME rates: SYMBOL    the customer reacts to what the bot said last
    NAME reads: [...]     all that is new to that customer, each holding that text; "agents reads" for the agents of the
                          first team, "lines reads" for those of the second
    card: TEXT            the newest ticket's card holds that text; "card of lines" for the second team's
    mark: SYMBOL          what an agent wrote last bears that mark alone
    hours, minutes, seconds: NUMBER     time passes
    at: "2026-10-21 12:00"              it is that time (UTC)
    burst: NUMBER         as the first line: so many seconds of quiet come before an answer; without it, none

Both teams are there on working days from 9 to 18, in Paris; Sam and Alex are in the first, with Alex as its lead, Nora
and Omar in the second, with Nora as its lead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import pytest
import yaml

from helpbot.answers import files
from helpbot.answers.library import FaqLibrary
from helpbot.core.hours import Hours, Span
from helpbot.core.model import Canned, Desk, Person, Team
from tests.dialogues.stage import AGENTS, AGENTS_ROOM, OTHER_ROOM, OTHERS, TWO_ROOMS, WallClock, stage

HERE = Path(__file__).parent
LANGUAGES = ("en", "fr")


class Shown(Protocol):
    """A message as whoever reads it sees it now."""

    @property
    def text(self) -> str: ...


class Scene(Protocol):
    """What a story is played on; whatever somebody does there returns once all have read what comes of it."""

    @property
    def clock(self) -> WallClock: ...

    @property
    def cards(self) -> Mapping[int, Shown]: ...

    @property
    def others(self) -> Mapping[int, Shown]: ...

    async def customer(self, name: str, text: str) -> None: ...
    async def arrives(self, name: str) -> None: ...
    async def leaves(self, name: str) -> None: ...
    async def rates(self, name: str, symbol: str) -> None: ...
    async def agent(
        self,
        name: str,
        text: str,
        number: int | None = None,
        *,
        mentions: bool = False,
        mentioned: tuple[tuple[str, str], ...] = (),
    ) -> None: ...
    async def agent_outside(self, name: str, text: str) -> None: ...
    async def agent_reacts(self, name: str, symbol: str) -> None: ...
    async def passes(self, time: timedelta) -> None: ...
    def new_for(self, name: str) -> Sequence[Shown]: ...
    def new_for_agents(self, room: str) -> Sequence[Shown]: ...
    def marks(self) -> list[str]: ...


def the_desk() -> Desk:
    faq, faults = files.load(HERE.parent / "faq", LANGUAGES)
    assert faults == ()
    library = FaqLibrary(faq, LANGUAGES)
    hours = Hours(ZoneInfo("Europe/Paris"), ((Span(9 * 60, 18 * 60),),) * 5 + ((), ()), frozenset({date(2026, 11, 11)}))
    mobile = Team("mobile", {"en": "Mobile team", "fr": "Équipe mobile"}, hours, (Person("alex", "Alex"),))
    lines = Team("lines", {"en": "Lines team", "fr": "Équipe lignes"}, hours, (Person("nora", "Nora"),))
    vague = {"soon": "soon", "as soon as possible": "as soon as possible", "bientot": "bientôt", "un jour": "un jour"}
    greet = Canned("greet", {"fr": "Bonjour {customer}, ici {agent}.", "en": "Hello {customer}, {agent} here."})
    return Desk(library, LANGUAGES, (mobile, lines), vague=vague, canned={"greet": greet}, burst=timedelta())


@pytest.mark.parametrize("story", sorted(HERE.glob("*.yaml")), ids=lambda path: path.stem)
async def test_story(story: Path, tmp_path: Path) -> None:
    lines = await asyncio.to_thread(lambda: yaml.safe_load(story.read_text("utf-8")))
    burst = timedelta(seconds=lines.pop(0)["burst"] if "burst" in lines[0] else 0)
    async with stage(replace(the_desk(), burst=burst), tmp_path / "desk.db", rooms=TWO_ROOMS) as desk:
        for number, line in enumerate(lines, start=1):
            ((who, what),) = line.items()
            await play(desk, str(who), what, f"{story.name}, line {number}: {line}")


async def play(desk: Scene, who: str, what: Any, where: str) -> None:
    name, _, verb = who.partition(" ")
    match verb:
        case "reads":
            room = {"agents": AGENTS_ROOM, "lines": OTHER_ROOM}.get(name)
            expect(desk.new_for(name) if room is None else desk.new_for_agents(room), what, where)
        case "outside":
            await desk.agent_outside(name, what)
        case "rates":
            await desk.rates(name, what)
        case "of lines":
            shown = desk.others[max(desk.others)].text
            assert what in shown, (where, shown)
        case "arrives":
            await desk.arrives(name)
        case "leaves":
            await desk.leaves(name)
        case "reacts":
            await desk.agent_reacts(name, what)
        case "mentions":
            people = {**AGENTS, **OTHERS}
            named = tuple((one, shown) for one, shown in people.items() if f"@{one}" in what)
            await desk.agent(name, what, mentions=True, mentioned=named)
        case _ if name == "card":
            assert what in desk.cards[max(desk.cards)].text, (where, desk.cards[max(desk.cards)].text)
        case _ if name == "mark":
            assert desk.marks() == [what], where
        case _ if name in {"hours", "minutes", "seconds"}:
            await desk.passes(timedelta(**{name: what}))
        case _ if name == "at":
            await desk.passes(datetime.fromisoformat(f"{what}+00:00") - desk.clock.at)
        case _ if name in AGENTS or name in OTHERS:
            await desk.agent(name, str(what), int(verb.removeprefix("on ")) if verb else None)
        case _:
            await desk.customer(name, str(what))


def expect(new: Sequence[Shown], wanted: list[str], where: str) -> None:
    texts = [message.text for message in new]
    assert len(texts) == len(wanted), (where, texts)
    for text, part in zip(texts, wanted, strict=True):
        assert part in text, (where, texts)
