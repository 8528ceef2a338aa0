"""Rooms that are upgraded under the whole desk, on a real Synapse, and rooms that only say so."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from .actors import CLIENT, Event, PlainActor, body
from .bot import until_in
from .conftest import MakeCrypto, MakePlain
from .desk import AgentsView, RunningDesk
from .synapse import Synapse
from .test_desk_relays import Talk, changed, taken_back

pytestmark = pytest.mark.synapse

TOMBSTONE = "m.room.tombstone"


async def held(marie: PlainActor, sam: PlainActor, desk: RunningDesk) -> Talk:
    """Return the talk of a customer whose ticket Sam owns."""
    room = await marie.create_dm(desk.bot.id)
    await marie.wait_for_text(room, "human")
    await marie.say(room, "human")
    agents = AgentsView(sam, desk)
    card = await agents.card(1)
    await sam.react(desk.agents_room, card["event_id"], "✋")
    await marie.wait_for_text(room, "Sam is taking care")
    return Talk(marie, room, agents, card)


@pytest.fixture
async def talk(desk: RunningDesk, sam: PlainActor, plain_actor: MakePlain) -> Talk:
    await desk.start()
    return await held(await plain_actor("Marie"), sam, desk)


def said(actor: PlainActor, room: str, bot: str) -> list[str]:
    """Return what the bot said in a room, corrections aside."""
    return [body(one) for one in actor.messages(room, bot) if "m.new_content" not in one["content"]]


async def goes_on(talk: Talk, new: str, *waited: str) -> None:
    """See that the same ticket goes on in the new room, and what waited is there once."""
    for text in waited:
        await talk.marie.wait_for_text(new, text)
    await talk.marie.say(new, "here I am again")
    await talk.shown("here I am again")
    ref = await talk.agents.writes(talk.card, "good to read you")
    await talk.marie.wait_for_text(new, "good to read you")
    await talk.agents.marked(ref, "✅")
    assert said(talk.marie, new, talk.bot) == [*waited, "good to read you"]
    assert not [one for one in talk.sam.messages(talk.desk, talk.bot) if "#2 ·" in body(one)]


@pytest.mark.parametrize("kind", ["plain", "encrypted"])
async def test_a_customers_upgraded_room_is_followed(
    kind: str, desk: RunningDesk, sam: PlainActor, plain_actor: MakePlain, crypto_actor: MakeCrypto
) -> None:
    await desk.start()
    talk = await held(await (crypto_actor if kind == "encrypted" else plain_actor)("Marie"), sam, desk)
    his = await talk.sends("your line is bak")
    read = (await talk.read("your line is bak"))["event_id"]
    new = await talk.marie.upgrade(talk.room)
    if kind == "encrypted":
        await talk.marie._knows(new)  # type: ignore[attr-defined]  # of CryptoActor
    await desk.logged("room_replaced")
    await talk.agents.writes(talk.card, "one moment please")
    await desk.logged("why=upgraded")
    await talk.marie.invite(new, desk.bot.id)
    await talk.shown("goes on in a new room")
    await goes_on(talk, new, "one moment please")
    await sam.edit(talk.desk, his, "your line is back")
    await changed(talk.marie, talk.room, read, "your line is back")
    await sam.delete(talk.desk, his)
    await taken_back(talk.marie, talk.room, read)
    await talk.marie.say(talk.room, "I am in the wrong room")
    await talk.shown("I am in the wrong room")
    assert "one moment please" not in said(talk.marie, talk.room, talk.bot)


async def test_a_chain_of_upgrades_while_the_desk_was_down_is_followed(talk: Talk, desk: RunningDesk) -> None:
    assert await desk.stop() == 0
    newer = await talk.marie.upgrade(talk.room)
    await talk.marie.invite(newer, desk.bot.id)
    newest = await talk.marie.upgrade(newer)
    await talk.marie.invite(newest, desk.bot.id)
    await talk.agents.writes(talk.card, "are you there?")
    await desk.start()
    await goes_on(talk, newest, "are you there?")
    assert said(talk.marie, newer, talk.bot) == []


async def test_a_desk_that_is_killed_over_an_upgrade_loses_and_doubles_nothing(talk: Talk, desk: RunningDesk) -> None:
    new = await talk.marie.upgrade(talk.room)
    await talk.marie.invite(new, desk.bot.id)
    words = []
    for number in range(6):
        words.append(f"word {number} of hers")
        await talk.marie.say(new if number % 2 else talk.room, words[-1])
        await talk.agents.writes(talk.card, f"word {number} of his")
        await asyncio.sleep(0.12 * number)
        await desk.kill()
        await desk.start()
    await goes_on(talk, new, *(f"word {number} of his" for number in range(6)))
    shown = said(talk.sam, talk.desk, talk.bot)
    assert [sum(word in one for one in shown) for word in words] == [1] * 6
    assert sum("goes on in a new room" in one for one in shown) == 1


async def test_an_encrypted_conversation_does_not_go_on_in_the_clear(
    desk: RunningDesk, sam: PlainActor, crypto_actor: MakeCrypto
) -> None:
    await desk.start()
    marie = await crypto_actor("Marie")
    talk = await held(marie, sam, desk)
    predecessor = {"predecessor": {"room_id": talk.room, "event_id": "$x"}}
    options: dict[str, Any] = {"preset": "trusted_private_chat", "creation_content": predecessor}
    new = await marie.create_room(desk.bot.id, encrypted=False, direct=True, **options)
    await marie.send_state(talk.room, TOMBSTONE, {"body": "", "replacement_room": new})
    await marie.wait_for_text(new, "this room is not")
    await talk.shown("the old room was encrypted, and the new one is not")
    await talk.agents.writes(talk.card, "my secret answer")
    await desk.logged("why=upgraded")
    await marie.send_state(new, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    answer = await marie.wait_for_text(new, "my secret answer", 40)
    assert answer["type"] == "m.room.message"
    assert said(marie, new, talk.bot)[-1] == "my secret answer"
    raw = await marie.request("GET", f"{CLIENT}/rooms/{quote(new)}/event/{quote(answer['event_id'])}")
    assert raw["type"] == "m.room.encrypted"


async def old_room(talk: Talk, new: str, log: str, desk: RunningDesk) -> None:
    """See that nothing of the ticket goes to another room."""
    await desk.logged(log)
    ref = await talk.agents.writes(talk.card, "my secret answer")
    await talk.read("my secret answer")
    await talk.agents.marked(ref, "✅")
    await asyncio.sleep(0.5)
    assert "my secret answer" not in said(talk.marie, new, talk.bot)


async def test_a_room_that_does_not_say_so_is_not_followed(talk: Talk, desk: RunningDesk) -> None:
    predecessor = {"predecessor": {"room_id": "!other:helpbot.test", "event_id": "$x"}}
    new = await talk.marie.create_room(creation_content=predecessor)
    await talk.marie.send_state(talk.room, TOMBSTONE, {"body": "", "replacement_room": new})
    await desk.logged("room_replaced")
    await talk.marie.invite(new, desk.bot.id)
    await old_room(talk, new, "upgrade_ignored", desk)
    await talk.marie.wait_for_text(new, "human")  # it is a room of hers like any other
    assert desk.log().count("upgrade_ignored") == 1


async def test_a_room_that_alone_says_so_is_not_followed(talk: Talk, desk: RunningDesk) -> None:
    predecessor = {"predecessor": {"room_id": talk.room, "event_id": "$x"}}
    new = await talk.marie.create_room(desk.bot.id, creation_content=predecessor)
    await talk.marie.wait_for_text(new, "human")
    await old_room(talk, new, "invited", desk)


@pytest.mark.parametrize("odd", [["!a:b"], 7, None, "!" + "x" * 4000, "#desk:helpbot.test", "!a\n:b", {"!a": 1}])
async def test_a_replacement_that_is_no_room_is_ignored(odd: object, talk: Talk, desk: RunningDesk) -> None:
    await talk.marie.send_state(talk.room, TOMBSTONE, {"body": "", "replacement_room": odd})
    await old_room(talk, "", "upgrade_ignored", desk)
    assert desk.log().count("upgrade_ignored") == 1


async def test_a_new_room_with_somebody_else_in_it_waits_until_they_go(
    talk: Talk, desk: RunningDesk, plain_actor: MakePlain
) -> None:
    eve = await plain_actor("Eve")
    new = await talk.marie.upgrade(talk.room)
    await talk.marie.invite(new, eve.id)
    await until_in(eve, new, eve.id, "invite")
    await eve.join(new)
    await talk.marie.invite(new, desk.bot.id)
    await talk.shown("the customer is not alone with the bot there")
    await talk.agents.writes(talk.card, "my secret answer")
    await desk.logged("why=upgraded")
    assert said(talk.marie, new, talk.bot) == []
    await eve.leave(new)
    await goes_on(talk, new, "my secret answer")
    assert eve.messages(new, talk.bot) == []


async def test_a_new_room_that_somebody_else_made_takes_no_conversation(
    talk: Talk, desk: RunningDesk, plain_actor: MakePlain
) -> None:
    eve = await plain_actor("Eve")
    predecessor = {"predecessor": {"room_id": talk.room, "event_id": "$x"}}
    new = await eve.create_room(desk.bot.id, creation_content=predecessor)
    await eve.wait_for_text(new, "human")  # she is a customer like any other
    await talk.marie.send_state(talk.room, TOMBSTONE, {"body": "", "replacement_room": new})
    await desk.logged("room_replaced")
    await talk.agents.writes(talk.card, "my secret answer")
    await desk.logged("why=upgraded")
    assert "my secret answer" not in said(eve, new, talk.bot)


# --- agents' rooms


@pytest.fixture(params=["alias", "id"])
async def named(
    request: pytest.FixtureRequest, synapse: Synapse, sam: PlainActor, tmp_path: Path
) -> AsyncIterator[tuple[RunningDesk, str]]:
    """A desk whose agents' room is named by alias or by id, and the room."""
    bot = synapse.register(display_name="helpbot")
    name = f"desk-{bot.id[1:8]}"
    powers = {"users": {bot.id: 50}}  # else the bot may say nothing in a room that was upgraded
    room = await sam.create_room(bot.id, room_alias_name=name, power_level_content_override=powers)
    called = f"#{name}:helpbot.test" if request.param == "alias" else room
    desk = RunningDesk(tmp_path / "desk", synapse, bot, called)
    await desk.start()
    desk.agents_room = room
    yield desk, room
    if desk.runs:
        assert await desk.stop() == 0, desk.log()[-3000:]


async def new_card(sam: PlainActor, room: str, bot: str) -> Event:
    """Return the card of the first ticket in that room."""
    return await sam.wait_for(lambda one: one["room_id"] == room and one["sender"] == bot and "#1 ·" in body(one), 30)


@pytest.mark.parametrize("when", ["running", "down"])
async def test_the_agents_upgraded_room_is_followed(
    when: str, named: tuple[RunningDesk, str], sam: PlainActor, plain_actor: MakePlain
) -> None:
    desk, room = named
    talk = await held(await plain_actor("Marie"), sam, desk)
    his = await talk.sends("on the crad")
    if when == "down":
        assert await desk.stop() == 0
    new = await sam.upgrade(room)
    await sam.invite(new, desk.bot.id)
    if when == "down":
        await talk.marie.say(talk.room, "is anybody there?")
        await desk.start()
    card = await new_card(sam, new, desk.bot.id)
    await desk.logged("agents_room_moved")
    assert json.dumps(new)[1:-1] in desk.log()
    desk.agents_room = new
    there = Talk(talk.marie, talk.room, AgentsView(sam, desk), card)
    await talk.marie.say(talk.room, "where is it?")
    await there.shown("where is it?")
    await there.sends("in the drawer")
    await there.read("in the drawer")
    await sam.say_in_thread(room, talk.card["event_id"], "nobody hears me")
    await sam.wait_for_text(room, "go on in the new one")
    await sam.say_in_thread(room, talk.card["event_id"], "nor now")
    await sam.delete(room, his)
    assert await desk.stop() == 0
    await desk.start()
    await there.sends("goodbye")
    await there.read("goodbye")
    assert sum("go on in the new one" in one for one in said(sam, room, desk.bot.id)) == 1
    assert sum("#1 ·" in one for one in said(sam, new, desk.bot.id)) == 1
    assert not any("nobody hears me" in one for one in said(talk.marie, talk.room, desk.bot.id))


async def test_an_upgraded_agents_room_waits_until_the_new_one_is_private(
    desk: RunningDesk, sam: PlainActor, plain_actor: MakePlain
) -> None:
    await desk.start()
    talk = await held(await plain_actor("Marie"), sam, desk)
    predecessor = {"predecessor": {"room_id": talk.desk, "event_id": "$x"}}
    new = await sam.create_room(preset="public_chat", creation_content=predecessor)
    await sam.send_state(talk.desk, TOMBSTONE, {"body": "", "replacement_room": new})
    await desk.logged("open to everybody")
    await talk.marie.say(talk.room, "my secret")
    await desk.logged("sending_later")
    assert said(sam, new, desk.bot.id) == []
    await sam.send_state(new, "m.room.join_rules", {"join_rule": "invite"})
    card = await new_card(sam, new, desk.bot.id)
    desk.agents_room = new
    await Talk(talk.marie, talk.room, AgentsView(sam, desk), card).sends("hello")


async def test_an_upgraded_agents_room_waits_for_the_bots_invitation(
    desk: RunningDesk, sam: PlainActor, plain_actor: MakePlain
) -> None:
    await desk.start()
    talk = await held(await plain_actor("Marie"), sam, desk)
    new = await sam.upgrade(talk.desk)
    await desk.logged("agents_room_upgraded")
    assert await desk.stop() == 0
    await desk.start()  # customers get their answers all the same
    await talk.marie.say(talk.room, "is anybody there?")
    await sam.invite(new, desk.bot.id)
    card = await new_card(sam, new, desk.bot.id)
    await sam.wait_for_text(new, "is anybody there?")
    assert card["room_id"] == new


async def test_a_room_that_is_no_upgrade_gets_no_card(
    desk: RunningDesk, sam: PlainActor, plain_actor: MakePlain
) -> None:
    await desk.start()
    talk = await held(await plain_actor("Marie"), sam, desk)
    new = await sam.create_room(desk.bot.id, name="trap")
    await sam.send_state(talk.desk, TOMBSTONE, {"body": "", "replacement_room": new})
    await desk.logged("upgrade_ignored")
    await talk.marie.say(talk.room, "my secret")
    await talk.shown("my secret")
    assert not any("#1" in one for one in said(sam, new, desk.bot.id))
