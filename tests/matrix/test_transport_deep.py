"""Nested deeper than Python reads, by a stranger: the bot goes on hearing and answering everybody else."""

from __future__ import annotations

import contextlib
import json
import secrets

import pytest

from helpbot.transports.base import TryLater

from .actors import PlainActor
from .bot import Bot, talk
from .conftest import MakeCrypto, MakePlain

pytestmark = pytest.mark.synapse

CLIENT = "/_matrix/client/v3"
DEPTHS = range(940, 900, -2)  # Synapse itself, on this Python, takes about 930


async def _deepest(actor: PlainActor, method: str, path: str, body: str) -> int:
    """Send the deepest JSON that the homeserver takes; DEEP in the body stands for it."""
    assert actor._session is not None
    for depth in DEPTHS:
        data = body.replace('"DEEP"', "[" * depth + "]" * depth)
        headers = {"Authorization": f"Bearer {actor.user.token}"}
        async with actor._session.request(method, actor.url + path, data=data, headers=headers) as answer:
            if answer.status == 200:
                return depth
    raise AssertionError("the homeserver takes nothing deep")


async def test_a_deep_message_to_the_bots_device_leaves_it_hearing(bot: Bot, plain_actor: MakePlain) -> None:
    alice, mallory = await plain_actor("Alice"), await plain_actor("Mallory")
    room = await talk(alice, bot)
    asked = await mallory.request("POST", f"{CLIENT}/keys/query", {"device_keys": {bot.id: []}})
    (device,) = asked["device_keys"][bot.id]
    body = json.dumps({"messages": {bot.id: {device: {"a": "DEEP"}}}})
    depth = await _deepest(mallory, "PUT", f"{CLIENT}/sendToDevice/x.deep/{secrets.token_hex(6)}", body)
    await alice.say(room, f"after {depth} levels")
    await bot.heard(f"after {depth} levels")
    await bot.stop()
    await alice.say(room, "and after a restart")
    await bot.start()
    await bot.heard("and after a restart")


async def test_deep_keys_of_a_stranger_leave_others_written_to(
    bot: Bot, crypto_actor: MakeCrypto, plain_actor: MakePlain
) -> None:
    alice, mallory = await crypto_actor("Alice"), await plain_actor("Mallory")
    hers = await talk(alice, bot)
    keys = {"user_id": mallory.id, "device_id": mallory.user.device, "algorithms": [], "keys": {}, "signatures": {}}
    await _deepest(mallory, "POST", f"{CLIENT}/keys/upload", json.dumps({"device_keys": {**keys, "x": "DEEP"}}))
    room = await mallory.create_dm(bot.id, encrypted=True)
    await bot.arrived(room)
    with contextlib.suppress(TryLater):  # whatever becomes of his
        await bot.say(room, "to Mallory", "m1")
    await bot.say(hers, "to Alice", "a1")
    await alice.wait_for_text(hers, "to Alice")
