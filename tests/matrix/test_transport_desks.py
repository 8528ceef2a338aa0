"""Agents' rooms on a real homeserver: where a team sits, who may come in there, and what when it is out of reach."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from helpbot.transports.base import Address, Kind, SetupError, TryLater, Undeliverable

from .actors import CLIENT, PlainActor
from .bot import talk, until_in
from .conftest import MakeBot, MakeCrypto, MakePlain

pytestmark = pytest.mark.synapse


async def test_an_alias_that_is_pointed_to_another_room_is_not_followed(
    new_bot: MakeBot, plain_actor: MakePlain
) -> None:
    eve, sam = await plain_actor("Eve"), await plain_actor("Sam")
    bot = await new_bot()
    name = f"desk-{eve.id[1:8]}"
    alias = f"#{name}:helpbot.test"
    room = await eve.create_room(bot.id, sam.id, room_alias_name=name)
    await until_in(sam, room, sam.id, "invite")
    await sam.join(room)
    await bot.start(teams={"mobile": alias})
    await bot.stop()
    await eve.leave(room)
    await eve.request("DELETE", f"{CLIENT}/directory/room/{quote(alias)}")
    trap = await eve.create_room(bot.id, room_alias_name=name)
    for _ in range(2):  # a second try is no consent
        bot.begin()
        with pytest.raises(SetupError, match="has led to") as ended:
            await bot.ended()
        assert f'teams.matrix_room: "{trap}"' in str(ended.value)
        assert f'"{room}"' in str(ended.value)
        assert (await eve.members(trap))[bot.id] == "invite"
    await bot.start(teams={"mobile": room})
    await bot.say(room, "the admin said where", "k1")
    await sam.wait_for_text(room, "the admin said where")
    await bot.stop()
    await bot.start(teams={"mobile": trap})
    await bot.say(trap, "the admin said so", "k2")
    await eve.wait_for_text(trap, "the admin said so")
    await bot.stop()
    await bot.start(teams={"mobile": alias})  # which the admin wrote anew, and may have looked at
    await bot.say(alias, "named anew", "k3")
    await eve.wait_for_text(trap, "named anew")


async def test_an_agents_room_that_opens_to_a_space_is_not_spoken_in(new_bot: MakeBot, plain_actor: MakePlain) -> None:
    sam, mallory = await plain_actor("Sam"), await plain_actor("Mallory")
    bot = await new_bot()
    room = await sam.create_room(bot.id)
    await bot.start(teams={"mobile": room})
    await bot.say(room, "all is well", "k1")
    space = await sam.create_room(preset="public_chat", creation_content={"type": "m.space"})
    allowed = [{"type": "m.room_membership", "room_id": space}]
    await sam.send_state(room, "m.room.join_rules", {"join_rule": "restricted", "allow": allowed})
    await mallory.join(space)
    await mallory.join(room)
    await mallory.say(room, "!r send me your password")
    assert (await bot.heard("!r send me your password")).exposed
    with pytest.raises(TryLater, match="open to everybody"):
        await bot.say(room, "a card with her name", "k2")


async def test_an_agents_room_at_whose_door_people_may_knock_is_private(
    new_bot: MakeBot, plain_actor: MakePlain
) -> None:
    sam = await plain_actor("Sam")
    bot = await new_bot()
    room = await sam.create_room(bot.id)
    await sam.send_state(room, "m.room.join_rules", {"join_rule": "knock"})
    await bot.start(teams={"mobile": room})
    await bot.say(room, "all is well", "k1")


async def test_a_room_that_put_the_bot_out_stops_no_other_team(new_bot: MakeBot, plain_actor: MakePlain) -> None:
    sam, eve, alice = await plain_actor("Sam"), await plain_actor("Eve"), await plain_actor("Alice")
    bot = await new_bot()
    one, two = await sam.create_room(bot.id), await eve.create_room(bot.id)
    await bot.start(teams={"mobile": one, "lines": two})
    await eve.kick(two, bot.id)
    await bot.stop()
    await bot.start()
    await bot.say(one, "a card for Sam", "k1")
    await sam.wait_for_text(one, "a card for Sam")
    hers = await talk(alice, bot)
    await alice.say(hers, "my line is cut")
    await bot.heard("my line is cut")
    with pytest.raises(Undeliverable) as refused:
        await bot.say(two, "a card for Eve", "k2")
    assert refused.value.whole_room
    await eve.invite(two, bot.id)
    await eve.wait_for(lambda event: event["room_id"] == two and _joins(eve, two, bot.id) == 2)
    await bot.say(two, "a card for Eve", "k2")
    await eve.wait_for_text(two, "a card for Eve")
    await eve.say(two, "I am on it")
    assert (await bot.heard("I am on it")).team == "lines"


async def test_a_room_that_never_was_within_reach_is_the_admins_to_mend(
    new_bot: MakeBot, plain_actor: MakePlain
) -> None:
    sam = await plain_actor("Sam")
    bot = await new_bot()
    room = await sam.create_room(bot.id)
    await bot.start(teams={"mobile": room})
    await bot.stop()
    for wrong in ("!nowhere:helpbot.test", "#nowhere:helpbot.test"):
        bot.begin(teams={"mobile": room, "lines": wrong})
        with pytest.raises(SetupError, match="lines is out of reach"):
            await bot.ended()


async def test_a_desk_without_any_room_in_reach_is_the_admins_to_mend(new_bot: MakeBot, plain_actor: MakePlain) -> None:
    sam = await plain_actor("Sam")
    bot = await new_bot()
    room = await sam.create_room(bot.id)
    await bot.start(teams={"mobile": room})
    await bot.stop()
    await sam.kick(room, bot.id)
    bot.begin()
    with pytest.raises(SetupError, match="mobile is out of reach"):
        await bot.ended()


async def test_an_alias_that_is_taken_down_leaves_the_team_where_it_is(
    new_bot: MakeBot, plain_actor: MakePlain
) -> None:
    sam = await plain_actor("Sam")
    bot = await new_bot()
    name = f"desk-{sam.id[1:8]}"
    alias = f"#{name}:helpbot.test"
    room = await sam.create_room(bot.id, room_alias_name=name)
    await bot.start(teams={"mobile": alias})
    await bot.stop()
    await sam.request("DELETE", f"{CLIENT}/directory/room/{quote(alias)}")
    await bot.start()
    await bot.say(alias, "still here", "k1")
    await sam.wait_for_text(room, "still here")


async def test_one_room_by_two_names_is_the_admins_to_mend(new_bot: MakeBot, plain_actor: MakePlain) -> None:
    sam = await plain_actor("Sam")
    bot = await new_bot()
    name = f"desk-{sam.id[1:8]}"
    room = await sam.create_room(bot.id, room_alias_name=name)
    bot.begin(teams={"mobile": f"#{name}:helpbot.test", "lines": room})
    with pytest.raises(SetupError, match="are one room: write the same"):
        await bot.ended()


def _joins(actor: PlainActor, room: str, user: str) -> int:
    about = [event for event in actor.events if event["room_id"] == room and event.get("state_key") == user]
    return sum(event["content"].get("membership") == "join" for event in about)


async def test_a_chain_of_upgrades_is_followed_at_the_start(new_bot: MakeBot, plain_actor: MakePlain) -> None:
    sam = await plain_actor("Sam")
    bot = await new_bot()
    room = await sam.create_room(bot.id)
    await bot.start(teams={"mobile": room, "lines": room})
    await bot.say(room, "all is well", "k1")
    await bot.stop()
    newer = await sam.upgrade(room)
    await sam.invite(newer, bot.id)
    newest = await sam.upgrade(newer)
    await sam.invite(newest, bot.id)
    await bot.start()
    await bot.say(room, "here", "k2")
    await sam.wait_for_text(newest, "here")
    assert set(await bot.transport.sent_since(Address("matrix", room), None)) >= {"k1", "k2"}
    await sam.say(newest, "!tickets")
    assert (await bot.heard("!tickets")).team == "mobile"
    moved = [item for item in bot.received if item.kind is Kind.MOVED]
    assert [(item.room, item.target, item.team) for item in moved] == [
        (newer, newer, "mobile"),
        (newest, newest, "mobile"),
    ]
    await bot.stop()
    await bot.start(teams={"mobile": newest, "lines": newest})  # as the log says
    await bot.say(newest, "still here", "k3")
    await sam.wait_for_text(newest, "still here")


async def test_encrypted_agents_do_not_go_on_in_the_clear(new_bot: MakeBot, crypto_actor: MakeCrypto) -> None:
    sam = await crypto_actor("Sam")
    bot = await new_bot()
    room = await sam.create_room(bot.id)
    await bot.start(teams={"mobile": room})
    await until_in(sam, room, bot.id)
    await bot.say(room, "all is well", "k1")
    await sam.wait_for_text(room, "all is well")
    await bot.stop()
    predecessor = {"predecessor": {"room_id": room, "event_id": "$x"}}
    new = await sam.create_room(bot.id, encrypted=False, creation_content=predecessor)
    await sam.send_state(room, "m.room.tombstone", {"body": "", "replacement_room": new})
    await bot.start()
    with pytest.raises(TryLater, match="not encrypted"):
        await bot.say(room, "a card", "k2")
    await sam.send_state(new, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    await bot.wait_for(lambda item: item.kind is Kind.MOVED)
    await bot.say(room, "a card", "k2")
    await sam.wait_for_text(new, "a card")
