"""The whole desk on a real Synapse: customers and agents with clients of their own, `helpbot run` between them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from .actors import CryptoActor, PlainActor, body
from .conftest import MakeCrypto, MakePlain
from .desk import AgentsView, RunningDesk

pytestmark = pytest.mark.synapse

MakePerson = Callable[[str], Awaitable[PlainActor]]


@pytest.fixture(params=["plain", "encrypted"])
async def person(request: pytest.FixtureRequest, plain_actor: MakePlain, crypto_actor: MakeCrypto) -> MakePerson:
    """Make people who all write in the clear, or all encrypted."""
    return crypto_actor if request.param == "encrypted" else plain_actor


@pytest.fixture
async def sam(person: MakePerson) -> PlainActor:
    return await person("Sam")


@pytest.fixture
async def desk(desk: RunningDesk) -> RunningDesk:
    await desk.start()
    return desk


@pytest.fixture
def agents(sam: PlainActor, desk: RunningDesk) -> AgentsView:
    return AgentsView(sam, desk)


async def opened(customer: PlainActor, desk: RunningDesk) -> str:
    """Open a direct room with the bot and return it once the greeting is there."""
    room = await customer.create_dm(desk.bot.id)
    await customer.wait_for_text(room, "human")
    return room


async def test_the_conversation_of_the_contract(
    person: MakePerson, desk: RunningDesk, sam: PlainActor, agents: AgentsView
) -> None:
    """Greeting, answer, choice, a person, claim, talk both ways, note, release, close, reopen: from both sides."""
    marie = await person("Marie")
    room = await opened(marie, desk)
    greeting = await marie.wait_for_text(room, "humain")
    assert greeting["content"]["m.mentions"] == {}

    await marie.say(room, "my puk is blocked")
    await marie.wait_for_text(room, "ten wrong tries")
    await marie.say(room, "my invoice")
    await marie.wait_for_text(room, "Did you mean")
    await marie.say(room, "1")
    await marie.wait_for(lambda event: event["sender"] == desk.bot.id and "nvoice" in body(event))

    await marie.say(room, "and what is the meaning of life?")
    told = await marie.wait_for_text(room, "#1")
    assert "not sure" in body(told)
    card = await agents.card(1, "waiting")
    assert "Marie" in body(card)
    await agents.threaded(card, "my puk is blocked")
    await agents.threaded(card, "meaning of life")

    inside = await agents.writes(card, "who takes this one?")
    await agents.marked(inside, "📝")
    await sam.react(desk.agents_room, card["event_id"], "✋")
    await marie.wait_for_text(room, "Sam is taking care of your ticket #1")
    await agents.card(1, "Sam")

    out = await agents.writes(card, "Hello Marie, forty-two.")
    await agents.marked(out, "✅")
    spoken = await marie.wait_for_text(room, "forty-two")
    assert body(spoken) == "Hello Marie, forty-two."
    await marie.say(room, "!close @room <b>thanks</b>")
    shown = await agents.threaded(card, "!close @room <b>thanks</b>")
    assert shown["content"]["m.mentions"] == {}
    assert "<b>thanks" not in shown["content"]["formatted_body"]

    note = await agents.writes(card, "!note a canary in the mine")
    await agents.marked(note, "📝")
    await agents.writes(card, "!nota another canary")
    await agents.threaded(card, "Unknown command")
    mention = {"m.mentions": {"user_ids": ["@alex:helpbot.test"]}}
    aside = await agents.writes(card, "Alex, a third canary", **mention)
    await agents.marked(aside, "📝")
    await agents.writes(card, "!release")
    await agents.card(1, "nobody")
    replied = await agents.writes(card, "!r one more thing")
    await agents.marked(replied, "✅")
    await agents.writes(card, "!help")
    await agents.threaded(card, "!reopen")
    closing = await agents.writes(card, "!close Have a nice day.")
    await marie.wait_for_text(room, "Have a nice day.")
    await agents.marked(closing, "✅")
    await agents.card(1, "closed")

    await marie.say(room, "wait, it does not work")
    await agents.threaded(card, "wait, it does not work")
    await marie.wait_for_text(room, "#1 is open again")
    last = await agents.writes(card, "!close")
    await agents.marked(last, "✅")
    await agents.writes(card, "!reopen")
    await marie.wait_for(lambda event: "open again" in body(event) and event["sender"] == desk.bot.id)

    everything = "\n".join(body(event) for event in marie.messages(room, desk.bot.id))
    assert "canary" not in everything
    assert "who takes this" not in everything
    cards = [
        event
        for event in sam.messages(desk.agents_room, desk.bot.id)
        if body(event).lstrip("🟡🟢⚪ ").startswith("#1 ") and "m.relates_to" not in event["content"]
    ]
    assert len(cards) == 1


async def test_sixty_messages_while_the_bot_was_away_arrive_once_and_in_order(
    person: MakePerson, desk: RunningDesk, agents: AgentsView, sam: PlainActor
) -> None:
    marie = await person("Marie")
    room = await opened(marie, desk)
    await marie.say(room, "human")
    card = await agents.card(1)
    claim = await agents.writes(card, "!claim")
    await marie.wait_for_text(room, "Sam")
    assert claim
    assert await desk.stop() == 0
    for number in range(60):
        await marie.say(room, f"line {number:02}")
    for number in range(20):
        await agents.writes(card, f"answer {number:02}")
    await desk.start()
    await agents.threaded(card, "line 59")
    await marie.wait_for_text(room, "answer 19")
    shown = [body(event) for event in sam.messages(desk.agents_room, desk.bot.id) if "line " in body(event)]
    assert [text[-7:] for text in shown] == [f"line {number:02}" for number in range(60)]
    spoken = [body(event) for event in marie.messages(room, desk.bot.id) if "answer " in body(event)]
    assert spoken == [f"answer {number:02}" for number in range(20)]


async def test_kills_in_the_middle_neither_lose_nor_double_a_message(
    person: MakePerson, desk: RunningDesk, agents: AgentsView, sam: PlainActor
) -> None:
    marie = await person("Marie")
    room = await opened(marie, desk)
    await marie.say(room, "human")
    card = await agents.card(1)
    await agents.writes(card, "!claim")
    await marie.wait_for_text(room, "Sam")

    async def talk(first: int) -> None:
        for number in range(first, first + 8):
            await marie.say(room, f"line {number:02}")
            await agents.writes(card, f"answer {number:02}")

    for turn in range(3):
        talking = asyncio.create_task(talk(8 * turn))
        await agents.threaded(card, f"line {8 * turn + turn:02}")
        await desk.kill()
        await talking
        await desk.start()
    await agents.threaded(card, "line 23")
    await marie.wait_for_text(room, "answer 23")
    assert await desk.stop() == 0
    shown = [body(event)[-7:] for event in sam.messages(desk.agents_room, desk.bot.id) if "line " in body(event)]
    assert shown == [f"line {number:02}" for number in range(24)]
    spoken = [body(event) for event in marie.messages(room, desk.bot.id) if "answer " in body(event)]
    assert spoken == [f"answer {number:02}" for number in range(24)]


async def test_her_first_words_may_come_with_the_invitation(person: MakePerson, desk: RunningDesk) -> None:
    """Element opens a direct room by its first message: it is there before the bot is."""
    marie = await person("Marie")
    room = await marie.create_dm(desk.bot.id)
    if isinstance(marie, CryptoActor):
        await marie.share_with_invited(room)
    await marie.say(room, "mon puk est bloqué")
    await marie.wait_for_text(room, "dix essais")
    texts = [body(event) for event in marie.messages(room, desk.bot.id)]
    assert "humain" in texts[0]
    assert len(texts) == 2


async def test_times_are_told_in_the_zone_of_her_profile(
    plain_actor: MakePlain, desk: RunningDesk, agents: AgentsView
) -> None:
    marie = await plain_actor("Marie")
    profile = f"/_matrix/client/v3/profile/{marie.id}/m.tz"
    await marie.request("PUT", profile, {"m.tz": "Asia/Tokyo"})
    room = await opened(marie, desk)
    await marie.say(room, "human")
    card = await agents.card(1)
    await agents.writes(card, "!promise +2h the line is back")
    told = await marie.wait_for_text(room, "promises: the line is back")
    assert "(Tokyo time)" in body(told)
