"""The Matrix transport against a real Synapse: who comes in, what is heard, in the clear and encrypted."""

from __future__ import annotations

import pytest

from helpbot.transports.base import Kind

from .actors import body
from .bot import DECLINED, Bot, talk, until_in
from .conftest import MakeBot, MakeCrypto, MakePlain, desk_bot
from .synapse import Synapse

pytestmark = pytest.mark.synapse


# --- coming in


async def test_a_customer_arrives_and_is_heard(bot: Bot, plain_actor: MakePlain) -> None:
    alice = await plain_actor("Alice")
    room = await talk(alice, bot)
    arrived = await bot.arrived(room)
    assert (arrived.sender, arrived.name, arrived.id, arrived.team) == (alice.id, "Alice", f"arrived:{room}", None)
    event = await alice.say(room, "g bloqué mon puk")
    said = await bot.heard("g bloqué mon puk")
    assert (said.id, said.sender, said.name, said.room) == (event, alice.id, "Alice", room)


async def test_a_customer_in_an_encrypted_room_is_heard(bot: Bot, crypto_actor: MakeCrypto) -> None:
    alice = await crypto_actor("Alice")
    room = await talk(alice, bot)
    event = await alice.say(room, "secret question")
    assert (await bot.heard("secret question")).id == event


async def test_only_those_who_may_invite_get_the_bot(new_bot: MakeBot, plain_actor: MakePlain) -> None:
    bot = await new_bot()
    alice, mallory = await plain_actor("Alice"), await plain_actor("Mallory")
    await bot.start(invites_from=[alice.id])
    refused = await mallory.create_dm(bot.id)
    await until_in(mallory, refused, bot.id, "leave")
    await bot.arrived(await alice.create_dm(bot.id))
    assert {item.room for item in bot.received}.isdisjoint({refused})


async def test_a_room_with_more_people_is_declined_politely(bot: Bot, plain_actor: MakePlain) -> None:
    alice, bob = await plain_actor("Alice"), await plain_actor("Bob")
    room = await alice.create_room(bot.id, bob.id)
    await alice.wait_for_text(room, DECLINED)
    await until_in(alice, room, bot.id, "leave")
    assert not bot.received


async def test_an_encrypted_room_with_more_people_is_declined_encrypted(
    bot: Bot, crypto_actor: MakeCrypto, plain_actor: MakePlain
) -> None:
    alice, bob = await crypto_actor("Alice"), await plain_actor("Bob")
    room = await alice.create_room(bot.id, bob.id)
    await alice.wait_for_text(room, DECLINED)
    await until_in(alice, room, bot.id, "leave")


async def test_a_third_person_who_comes_and_goes_is_told(bot: Bot, plain_actor: MakePlain) -> None:
    alice, bob = await plain_actor("Alice"), await plain_actor("Bob")
    room = await talk(alice, bot)
    await alice.invite(room, bob.id)
    await until_in(bob, room, bob.id, "invite")
    await bob.join(room)
    await bot.wait_for(lambda item: item.kind is Kind.CROWDED and item.sender == bob.id)
    await bob.leave(room)
    await bot.wait_for(lambda item: item.kind is Kind.ALONE and item.sender == alice.id)


async def test_words_between_invitation_and_join_are_heard_after_the_arrival(
    new_bot: MakeBot, plain_actor: MakePlain
) -> None:
    bot = await new_bot()
    alice = await plain_actor("Alice")
    room = await alice.create_room(direct=True)
    await alice.say(room, "to myself")
    await alice.invite(room, bot.id)
    for number in range(3):
        await alice.say(room, f"early {number}")
    await bot.start()
    await bot.heard("early 2")
    assert [item.kind for item in bot.received] == [Kind.ARRIVED, Kind.SAID, Kind.SAID, Kind.SAID]
    assert bot.texts(room) == ["early 0", "early 1", "early 2"]


async def test_encrypted_words_between_invitation_and_join_are_heard(
    new_bot: MakeBot, crypto_actor: MakeCrypto
) -> None:
    bot = await new_bot()
    await bot.start()
    await bot.stop()
    alice = await crypto_actor("Alice")
    room = await alice.create_dm(bot.id)
    await alice.share_with_invited(room)
    await alice.say(room, "early secret")
    await bot.start()
    await bot.heard("early secret")
    assert [item.kind for item in bot.received] == [Kind.ARRIVED, Kind.SAID]


async def test_going_and_coming_back_are_told(bot: Bot, plain_actor: MakePlain) -> None:
    alice = await plain_actor("Alice")
    room = await alice.create_room(bot.id, direct=True)
    await bot.arrived(room)
    await alice.kick(room, bot.id)
    await bot.wait_for(lambda item: item.kind is Kind.REMOVED and item.room == room)
    await alice.invite(room, bot.id)
    again = await bot.wait_for(lambda item: item.kind is Kind.ARRIVED and item.id != f"arrived:{room}")
    alone = await bot.wait_for(lambda item: item.kind is Kind.ALONE and item.room == room)
    assert alone.sender == alice.id
    assert (again.room, again.sender) == (room, alice.id)
    await alice.say(room, "back")
    await bot.heard("back")
    await alice.leave(room)
    left = await bot.wait_for(lambda item: item.kind is Kind.LEFT and item.sender == alice.id and item.id[0] == "$")
    assert left.room == room


# --- what is heard


async def test_corrections_are_heard_only_from_the_author(bot: Bot, plain_actor: MakePlain) -> None:
    alice = await plain_actor("Alice")
    room = await talk(alice, bot)
    event = await alice.say(room, "my pukk")
    await bot.heard("my pukk")
    ref = await bot.say(room, "an answer", "k-edit")
    await alice.edit(room, ref, "forged answer")
    await alice.edit(room, event, "my puk")
    corrected = await bot.heard("my puk")
    assert corrected.edits == event
    assert "forged answer" not in bot.texts(room)


async def test_a_correction_after_a_restart_is_checked_with_the_server(bot: Bot, plain_actor: MakePlain) -> None:
    alice = await plain_actor("Alice")
    room = await talk(alice, bot)
    event = await alice.say(room, "before")
    await bot.heard("before")
    ref = await bot.say(room, "an answer", "k-edit")
    await bot.stop()
    await alice.edit(room, ref, "forged")
    await alice.edit(room, event, "after")
    await bot.start()
    await bot.heard("after")
    assert bot.texts(room) == ["before", "after"]


async def test_agents_threads_replies_and_marks_keep_their_relations(new_bot: MakeBot, plain_actor: MakePlain) -> None:
    lead = await plain_actor("Lea")
    bot, room = await desk_bot(new_bot, lead)
    card = await bot.say(room, "card", "k-card")
    await until_in(lead, room, bot.id)
    await lead.say_in_thread(room, card, "in the thread")
    await lead.reply(room, card, "a reply", quoted="card")
    await lead.react(room, card, "✋")
    threaded, reply = await bot.heard("in the thread"), await bot.heard("a reply")
    mark = await bot.wait_for(lambda item: item.kind is Kind.REACTED)
    assert (threaded.team, threaded.thread, threaded.reply_to) == ("mobile", card, None)
    assert (reply.thread, reply.reply_to, reply.name, reply.member) == (None, card, "Lea", True)
    assert (mark.target, mark.symbol, mark.sender) == (card, "✋", lead.id)


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
async def test_a_customers_mark_on_what_the_bot_said_is_heard(
    bot: Bot, plain_actor: MakePlain, crypto_actor: MakeCrypto, encrypted: bool
) -> None:
    alice = await (crypto_actor if encrypted else plain_actor)("Alice")
    room = await talk(alice, bot)
    answer = await bot.say(room, "an answer", "k-answer")
    await alice.wait_for_text(room, "an answer")
    ref = await alice.react(room, answer, "👎🏽")
    mark = await bot.wait_for(lambda item: item.id == ref)
    assert (mark.kind, mark.target, mark.symbol) == (Kind.REACTED, answer, "👎🏽")
    assert (mark.room, mark.sender, mark.name, mark.team) == (room, alice.id, "Alice", None)
    stored = await alice.request("GET", f"/_matrix/client/v3/rooms/{room}/event/{ref}")
    assert stored["type"] == "m.reaction"  # in the clear, also where words are encrypted
    long = await alice.react(room, answer, "x" * 500)
    assert (await bot.wait_for(lambda item: item.id == long)).symbol == "x" * 32


async def test_naming_a_colleague_in_any_way_is_a_mention(new_bot: MakeBot, plain_actor: MakePlain) -> None:
    lead, zoe = await plain_actor("Lea"), await plain_actor("Zoé Martin")
    bot, room = await desk_bot(new_bot, lead, zoe)
    link = f'<a href="https://matrix.to/#/{zoe.id}">her</a>'
    await lead.say(room, "by field", **{"m.mentions": {"user_ids": [zoe.id]}})
    await lead.say(room, "by link", format="org.matrix.custom.html", formatted_body=link)
    await lead.say(room, f"by id {zoe.id}")
    await lead.say(room, "by name @zoé MARTIN")
    await lead.say(room, "@room wake up")
    await lead.say(room, f"for the bot {bot.id}", **{"m.mentions": {"user_ids": [bot.id]}})
    await lead.say(room, "write to lea@shop.fr")
    await bot.heard("write to lea@shop.fr")
    mentions = {item.text.split(" ")[1]: item.mentions for item in bot.received if item.team}
    assert mentions == {"field": True, "link": True, "id": True, "name": True, "wake": True, "the": False, "to": False}
    members = {item.text.split(" ")[1]: item.mentioned for item in bot.received if item.mentioned}
    assert members == dict.fromkeys(("field", "link", "id", "name"), ((zoe.id, "Zoé Martin"),))


async def test_an_agent_who_left_is_no_member(new_bot: MakeBot, plain_actor: MakePlain) -> None:
    lead, gone = await plain_actor("Lea"), await plain_actor("Gone")
    bot, room = await desk_bot(new_bot, lead, gone)
    await bot.stop()
    await gone.say(room, "last word")
    await gone.leave(room)
    await lead.say(room, "still here")
    await bot.start()
    assert (await bot.heard("still here")).member
    assert not (await bot.heard("last word")).member


async def test_an_encrypted_agents_room_named_by_alias_works(
    new_bot: MakeBot, crypto_actor: MakeCrypto, synapse: Synapse
) -> None:
    bot = await new_bot()
    lead = await crypto_actor("Lea")
    name = f"desk-{lead.id[1:8]}"
    room = await lead.create_room(bot.id, room_alias_name=name)
    alias = f"#{name}:helpbot.test"
    await bot.start(teams={"mobile": alias})
    await until_in(lead, room, bot.id)
    await lead.say(room, "secret note")
    heard = await bot.heard("secret note")
    assert (heard.team, heard.room, heard.member) == ("mobile", room, True)
    await bot.say(alias, "secret card", "k-alias")
    await lead.wait_for_text(room, "secret card")


async def test_what_agents_wrote_before_the_bot_came_is_not_heard(new_bot: MakeBot, plain_actor: MakePlain) -> None:
    bot, lead = await new_bot(), await plain_actor("Lea")
    await bot.start()
    await bot.stop()
    room = await lead.create_room(bot.id)
    for number in range(3):
        await lead.say(room, f"old {number}")
    await bot.start(teams={"mobile": room})
    await lead.say(room, "new")
    await bot.heard("new")
    assert bot.texts(room) == ["new"]


# --- what must not be lost


@pytest.mark.parametrize("count", [60, 130])
async def test_nothing_said_while_the_bot_was_away_is_lost(bot: Bot, plain_actor: MakePlain, count: int) -> None:
    alice = await plain_actor("Alice")
    room = await talk(alice, bot)
    await bot.stop()
    for number in range(count):
        await alice.say(room, f"word {number}")
    await bot.start()
    assert bot.texts(room) == [f"word {number}" for number in range(count)]


async def test_nothing_said_encrypted_while_the_bot_was_away_is_lost(bot: Bot, crypto_actor: MakeCrypto) -> None:
    alice = await crypto_actor("Alice")
    room = await talk(alice, bot)
    await bot.stop()
    for number in range(105):
        await alice.say(room, f"word {number}")
    await bot.start()
    assert bot.texts(room) == [f"word {number}" for number in range(105)]


async def test_a_crash_before_the_commit_loses_nothing(bot: Bot, crypto_actor: MakeCrypto) -> None:
    alice = await crypto_actor("Alice")
    room = await talk(alice, bot)
    bot.crash_before_commit = True
    await alice.say(room, "in the crash")
    await bot.crashed()
    assert bot.texts(room) == []
    bot.crash_before_commit = False
    await bot.start()
    assert bot.texts(room) == ["in the crash"]


async def test_a_crash_between_join_and_commit_loses_no_customer(bot: Bot, plain_actor: MakePlain) -> None:
    alice = await plain_actor("Alice")
    bot.crash_before_commit = True
    room = await alice.create_dm(bot.id)
    await alice.say(room, "hello?")
    await bot.crashed()
    bot.crash_before_commit = False
    await bot.start()
    await bot.heard("hello?")
    assert [item.kind for item in bot.received] == [Kind.ARRIVED, Kind.SAID]


async def test_a_restart_keeps_the_login_and_the_place(bot: Bot, plain_actor: MakePlain) -> None:
    alice = await plain_actor("Alice")
    room = await talk(alice, bot)
    await alice.say(room, "one")
    await bot.heard("one")
    before, handed_in = bot.notebook.values["login"], bot.handed_in
    await bot.stop()
    await bot.start()
    await alice.say(room, "two")
    await bot.heard("two")
    assert bot.notebook.values["login"] == before
    assert bot.handed_in == handed_in + 1
    assert body(await alice.wait_for(lambda event: body(event) == "two")) == "two"


async def test_a_room_that_was_the_agents_is_never_taken_for_a_customers(
    new_bot: MakeBot, plain_actor: MakePlain
) -> None:
    lead = await plain_actor("Lead")
    bot, room = await desk_bot(new_bot, lead)
    await bot.stop()
    await lead.say(room, "an inside word to nobody")
    await bot.start(teams={}, invites_from=["*"])
    customer = await plain_actor("Marie")
    await talk(customer, bot)
    await lead.say(room, "another inside word")
    await customer.say(await talk(customer, bot), "a word to wait for")
    await bot.heard("a word to wait for")
    assert bot.texts(room) == []
    assert not any(item.room == room for item in bot.received)
    assert (await lead.members(room))[bot.id] == "join"
