"""Lines in a row, answers that are withdrawn, and choices by a mark or a reply: the real desk on a real Synapse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.crash.proxy import Answer, Proxy, Trouble, json_answer

from .actors import PlainActor, body
from .conftest import MakeCrypto, MakePlain
from .desk import AgentsView, RunningDesk
from .synapse import Synapse

pytestmark = pytest.mark.synapse

PUK = "ten wrong tries"
_REFUSED: Answer = json_answer(503, {"errcode": "M_UNKNOWN", "error": "not now"})


@dataclass
class Talk:
    """A customer in front of a desk that waits for more as long as it does by default."""

    marie: PlainActor
    room: str
    agents: AgentsView
    bot: str

    async def says(self, *lines: str, every: float = 1.5) -> None:
        """Write lines in a row."""
        for number, line in enumerate(lines):
            await asyncio.sleep(every if number else 0)
            await self.marie.say(self.room, line)

    def read(self) -> list[str]:
        """Return what she has read of the bot after its greeting, and was not taken back."""
        gone = {event.get("redacts") or event["content"].get("redacts") for event in self.marie.events}
        said = [event for event in self.marie.messages(self.room, self.bot) if event["event_id"] not in gone]
        return [body(event) for event in said][1:]

    async def quiet(self, seconds: float = 5.0) -> list[str]:
        """Let so much time pass that whatever comes has come; return what she has read."""
        await asyncio.sleep(seconds)
        return self.read()


@asynccontextmanager
async def talking(
    synapse: Synapse, sam: PlainActor, marie: PlainActor, folder: Path, **matrix: Any
) -> AsyncIterator[Talk]:
    bot = await asyncio.to_thread(synapse.register, display_name="helpbot")
    agents = await sam.create_room(bot.id, name="desk")
    desk = RunningDesk(folder / "desk", synapse, bot, agents, burst_seconds=None, **matrix)
    await desk.start()
    room = await marie.create_dm(bot.id)
    await marie.wait_for_text(room, "human")
    yield Talk(marie, room, AgentsView(sam, desk), bot.id)
    assert await desk.stop() == 0, desk.log()[-3000:]


@pytest.fixture(params=["plain", "encrypted"])
async def people(
    request: pytest.FixtureRequest, plain_actor: MakePlain, crypto_actor: MakeCrypto
) -> tuple[PlainActor, PlainActor]:
    make = crypto_actor if request.param == "encrypted" else plain_actor
    return await make("Sam"), await make("Marie")


@pytest.fixture
async def talk(synapse: Synapse, people: tuple[PlainActor, PlainActor], tmp_path: Path) -> AsyncIterator[Talk]:
    async with talking(synapse, *people, tmp_path) as opened:
        yield opened


async def test_three_lines_in_five_seconds_get_one_answer(talk: Talk) -> None:
    clock = asyncio.get_running_loop().time
    await talk.says("hello", "it is about my PUK code", "it is blocked", every=2.0)
    last = clock()
    assert talk.read() == []
    await talk.marie.wait_for_text(talk.room, PUK)
    waited = clock() - last
    assert 1.5 < waited < 4.5, waited  # six seconds after the first line: it waits no longer
    assert len(await talk.quiet()) == 1


async def test_a_mark_chooses_and_calls_a_person(talk: Talk) -> None:
    await talk.says("my invoice")
    offer = await talk.marie.wait_for_text(talk.room, "1. ")
    first = body(offer).splitlines()[1].removeprefix("1. ")
    await talk.marie.react(talk.room, offer["event_id"], "1️⃣")
    answer = await talk.marie.wait_for(
        lambda event: event["room_id"] == talk.room and ("amount" in body(event) or "customer area" in body(event))
    )
    assert ("amount" in body(answer)) == ("copy" not in first and "download" not in first and "PDF" not in first)
    mark = await talk.marie.react(talk.room, answer["event_id"], "🙋🏽")
    await talk.marie.wait_for_text(talk.room, "getting a person")
    card = await talk.agents.card(1, "asked for a person")
    await talk.agents.threaded(card, f"1️⃣ → {first}")
    before = talk.read()
    await talk.marie.delete(talk.room, mark)
    await talk.marie.react(talk.room, answer["event_id"], "1️⃣")
    assert await talk.quiet(2.0) == before


async def test_a_reply_to_an_older_offer_is_for_that_one(talk: Talk) -> None:
    await talk.says("my invoice")
    offer = await talk.marie.wait_for_text(talk.room, "1. ")
    second = body(offer).splitlines()[2].removeprefix("2. ")
    await talk.says("my PUK code is blocked")
    await talk.marie.wait_for_text(talk.room, PUK)
    await talk.marie.reply(talk.room, offer["event_id"], "2")
    await talk.marie.wait_for(
        lambda event: (
            event["room_id"] == talk.room
            and event["sender"] == talk.bot
            and ("customer area" if "dispute" not in second and "wrong" not in second else "amount") in body(event)
        )
    )
    assert len(await talk.quiet()) == 3


def refusing(room: str, refused: list[str]) -> Callable[[web.Request], Trouble | None]:
    def rule(request: web.Request) -> Trouble | None:
        if request.method != "PUT" or "/send/" not in request.path or room not in request.path:
            return None
        refused.append(request.path)
        return Trouble("refused", 0, _REFUSED)

    return rule


async def test_an_answer_that_the_homeserver_refuses_is_withdrawn_when_she_goes_on(
    synapse: Synapse, proxy: Proxy, people: tuple[PlainActor, PlainActor], tmp_path: Path
) -> None:
    async with talking(synapse, *people, tmp_path, homeserver=proxy.url) as talk:
        refused: list[str] = []
        proxy.rule = refusing(talk.room, refused)
        await talk.says("hello", "it is about", "my invoice", "that I got", every=1.8)
        async with asyncio.timeout(10):
            while not refused:  # noqa: ASYNC110  # a proxy has no event
                await asyncio.sleep(0.05)
        await talk.says("sorry, I mean that my PUK code is blocked")
        await asyncio.sleep(1)
        proxy.rule = lambda request: None
        answer = await talk.marie.wait_for_text(talk.room, "1. My PUK code is blocked", timeout=30)
        assert await talk.quiet() == [body(answer)], "one answer, which knows what she said last"
