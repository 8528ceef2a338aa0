"""What strangers may do to the bot on a real homeserver, and that it goes on."""

from __future__ import annotations

import pytest

from helpbot.core.effects import Literal
from helpbot.transports.base import Address, Kind, TryLater

from .bot import Bot, talk, until_in
from .conftest import MakeBot, MakePlain

pytestmark = pytest.mark.synapse
PUBLIC, PRIVATE = {"join_rule": "public"}, {"join_rule": "invite"}


def _heard_exposed(bot: Bot, text: str) -> list[bool]:
    return [item.exposed for item in bot.received if item.text == text]


async def test_a_flood_of_invitations_waits_and_another_customer_does_not(bot: Bot, plain_actor: MakePlain) -> None:
    mallory, alice = await plain_actor("Mallory"), await plain_actor("Alice")
    for _ in range(40):
        await mallory.create_dm(bot.id)
    room = await talk(alice, bot)
    await alice.say(room, "my line is cut")
    await bot.heard("my line is cut")
    arrived = [item.sender for item in bot.received if item.kind is Kind.ARRIVED]
    assert arrived.count(alice.id) == 1
    assert arrived.count(mallory.id) <= 3


async def test_a_public_agents_room_is_not_spoken_in_until_it_is_private_again(
    new_bot: MakeBot, plain_actor: MakePlain
) -> None:
    sam, mallory = await plain_actor("Sam"), await plain_actor("Mallory")
    bot = await new_bot()
    room = await sam.create_room(bot.id, name="desk")
    await bot.start(teams={"desk": room})
    await bot.transport.send(Address("matrix", room), (Literal("all is well"),), "k1")
    await sam.send_state(room, "m.room.join_rules", PUBLIC)
    await mallory.join(room)
    await mallory.say(room, "!r your line stays cut")
    await bot.heard("!r your line stays cut")
    assert _heard_exposed(bot, "!r your line stays cut") == [True]
    with pytest.raises(TryLater, match="open to everybody"):
        await bot.transport.send(Address("matrix", room), (Literal("a card with her name"),), "k2")
    await sam.send_state(room, "m.room.join_rules", PRIVATE)
    await sam.say(room, "closed again")
    await bot.heard("closed again")
    assert _heard_exposed(bot, "closed again") == [False]
    await bot.transport.send(Address("matrix", room), (Literal("a card with her name"),), "k2")
    await sam.wait_for_text(room, "a card with her name")


async def test_a_tombstone_leads_the_bot_nowhere(new_bot: MakeBot, plain_actor: MakePlain) -> None:
    sam, alice, mallory = await plain_actor("Sam"), await plain_actor("Alice"), await plain_actor("Mallory")
    bot = await new_bot()
    desk = await sam.create_room(bot.id, name="desk")
    await bot.start(teams={"desk": desk})
    room = await talk(alice, bot)
    trap = await mallory.create_room(preset="public_chat")
    for place, owner in ((desk, sam), (room, alice)):
        await owner.send_state(place, "m.room.tombstone", {"body": "moved", "replacement_room": trap})
        await owner.say(place, f"are you still in {owner.id}?")
        await bot.heard(f"are you still in {owner.id}?")
    await bot.transport.send(Address("matrix", desk), (Literal("a card"),), "k1")
    await sam.wait_for_text(desk, "a card")
    assert (await mallory.members(trap)).get(bot.id) != "join", "it had a look for the agents, and left"


async def test_an_agent_who_is_kicked_is_told_and_speaks_no_more(new_bot: MakeBot, plain_actor: MakePlain) -> None:
    sam, eve = await plain_actor("Sam"), await plain_actor("Eve")
    bot = await new_bot()
    desk = await sam.create_room(bot.id, eve.id, name="desk")
    await until_in(eve, desk, eve.id, "invite")
    await eve.join(desk)
    await bot.start(teams={"desk": desk})
    await bot.stop()
    await eve.say(desk, "!r before")
    await sam.kick(desk, eve.id)
    await bot.start()
    await bot.wait_for(lambda item: item.kind is Kind.LEFT and item.sender == eve.id)
    assert [item.member for item in bot.received if item.text == "!r before"] == [False]
