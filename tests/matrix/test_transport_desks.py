"""Agents' rooms on a real homeserver: where a team sits, who may come in there, and what when it is out of reach."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from helpbot.transports.base import SetupError, TryLater

from .actors import CLIENT
from .bot import until_in
from .conftest import MakeBot, MakePlain

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
