"""A customer's upgraded room at the transport, on a real Synapse: what stands in the old room is found from the new."""

from __future__ import annotations

import json

import pytest

from helpbot.core.effects import Literal
from helpbot.transports.base import Address, Kind, TryLater
from helpbot.transports.matrix_upgrades import NOTE

from .actors import PlainActor, relation
from .bot import Bot, talk
from .conftest import MakePlain
from .test_desk_relays import changed, taken_back

pytestmark = pytest.mark.synapse


@pytest.fixture
async def alice(plain_actor: MakePlain) -> PlainActor:
    return await plain_actor("Alice")


async def upgraded(bot: Bot, alice: PlainActor, old: str) -> str:
    """Return the room that she and the bot have gone on in."""
    new = await alice.upgrade(old)
    await alice.invite(new, bot.id)
    moved = await bot.wait_for(lambda item: item.kind is Kind.MOVED and item.room == old)
    assert (moved.target, moved.sender, moved.name, moved.team) == (new, alice.id, "Alice", None)
    return new


async def test_what_was_sent_in_the_old_room_is_found_and_changed_there(bot: Bot, alice: PlainActor) -> None:
    old = await talk(alice, bot)
    first, second = await bot.say(old, "your line is bak", "k1"), await bot.say(old, "my secret", "k2")
    hers = await alice.say(old, "thank you")
    await bot.heard("thank you")
    new = await upgraded(bot, alice, old)
    address = Address("matrix", new)
    third = await bot.say(new, "here", "k3")
    assert await bot.transport.sent_since(address, None) == {"k1": first, "k2": second, "k3": third}
    assert await bot.transport.sent_since(address, first) == {"k2": second, "k3": third}
    assert await bot.transport.sent_since(address, third) == {}
    await bot.transport.edit(address, first, (Literal("your line is back"),), "k4")
    await changed(alice, old, first, "your line is back")
    await bot.transport.redact(address, second, "k5")
    await taken_back(alice, old, second)
    await bot.transport.react(address, hers, "😀", "k6")
    await alice.wait_for(lambda one: one["room_id"] == old and one["type"] == "m.reaction")
    await bot.transport.send(address, (Literal("you are welcome"),), "k7", answers=hers)
    answer = await alice.wait_for_text(new, "you are welcome")
    assert relation(answer) == {}, "a reply is one only in its own room"
    with pytest.raises(TryLater, match="upgraded"):
        await bot.say(old, "nobody reads this", "k8")


async def test_a_restart_at_any_point_tells_of_a_move_once(bot: Bot, alice: PlainActor) -> None:
    old = await talk(alice, bot)
    bot.crash_before_commit = True
    new = await alice.upgrade(old)
    await alice.say(old, "a word in the old room")
    await bot.crashed()
    await alice.invite(new, bot.id)
    await alice.say(new, "a word in the new room")
    bot.begin()
    await bot.crashed()
    bot.crash_before_commit = False
    for _ in range(3):
        await bot.start()
        await bot.heard("a word in the new room")
        await bot.stop()
    moved = [item for item in bot.received if item.kind is Kind.MOVED]
    assert [(item.room, item.target) for item in moved] == [(old, new)]
    assert [item for item in bot.received if item.kind is Kind.ARRIVED and item.room == new] == []
    assert (bot.texts(old), bot.texts(new)) == (["a word in the old room"], ["a word in the new room"])
    assert json.loads(bot.notebook.values[NOTE]) == {old: [new, True, None, True]}


async def test_the_desk_hears_of_a_room_that_stays_out_of_reach(bot: Bot, alice: PlainActor) -> None:
    old = await talk(alice, bot)
    assert bot.transport._connection is not None
    bot.transport._connection.rooms.upgrades.patience = 0.5
    await alice.upgrade(old)
    told = await bot.wait_for(lambda item: item.kind is Kind.REPLACED)
    assert (told.room, told.symbol) == (old, "upgrade_waits")
    await bot.stop()
    await bot.start()
    with pytest.raises(TryLater, match="upgraded"):
        await bot.say(old, "nobody reads this", "k1")
