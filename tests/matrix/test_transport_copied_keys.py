"""A stranger publishes somebody else's Curve25519 key as his own: she reads all the same what is meant for her."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import vodozemac

from .actors import CryptoActor, PlainActor
from .bot import Bot, talk
from .conftest import MakeBot, MakeCrypto, MakePlain

pytestmark = pytest.mark.synapse

CLIENT = "/_matrix/client/v3"


async def _curve_key(of: CryptoActor, asker: PlainActor) -> str:
    """Return a published key, once it is."""
    async with asyncio.timeout(10):
        while True:
            answer = await asker.request("POST", f"{CLIENT}/keys/query", {"device_keys": {of.id: []}})
            if devices := answer["device_keys"].get(of.id):
                (device,) = devices.values()
                return str(device["keys"][f"curve25519:{of.user.device}"])
            await asyncio.sleep(0.1)


async def _publish_as_his(mallory: PlainActor, curve_key: str) -> None:
    """Publish a device with that key and one-time keys of his own, all signed as they must be."""
    account, device = vodozemac.Account(), mallory.user.device

    def signed(thing: dict[str, Any]) -> dict[str, Any]:
        text = json.dumps(thing, separators=(",", ":"), sort_keys=True)
        signature = account.sign(text.encode()).to_base64()
        return {**thing, "signatures": {mallory.id: {f"ed25519:{device}": signature}}}

    keys = {f"ed25519:{device}": account.ed25519_key.to_base64(), f"curve25519:{device}": curve_key}
    algorithms = ["m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2"]
    own = signed({"user_id": mallory.id, "device_id": device, "algorithms": algorithms, "keys": keys})
    account.generate_one_time_keys(5)
    once = {
        f"signed_curve25519:{name}": signed({"key": key.to_base64()}) for name, key in account.one_time_keys.items()
    }
    await mallory.request("POST", f"{CLIENT}/keys/upload", {"device_keys": own, "one_time_keys": once})


async def _his_room(mallory: PlainActor, bot: Bot) -> str:
    room = await mallory.create_dm(bot.id, encrypted=True)
    await bot.arrived(room)
    await bot.say(room, "hello Mallory", "m1")
    return room


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_customer_whose_key_was_copied_first_reads_the_bot(
    bot: Bot, crypto_actor: MakeCrypto, plain_actor: MakePlain, restarted: bool
) -> None:
    alice, mallory = await crypto_actor("Alice"), await plain_actor("Mallory")
    await _publish_as_his(mallory, await _curve_key(alice, mallory))
    his = await _his_room(mallory, bot)
    if restarted:
        await bot.stop()
        await bot.start()
    hers = await talk(alice, bot)
    await bot.say(hers, "hello Alice", "a1")
    await alice.wait_for_text(hers, "hello Alice")
    await alice.say(hers, "my line is cut")
    await bot.heard("my line is cut")
    await bot.say(his, "and again", "m2")
    await bot.say(hers, "we are on it", "a2")
    await alice.wait_for_text(hers, "we are on it")


async def test_an_agent_whose_key_was_copied_reads_the_cards(
    new_bot: MakeBot, crypto_actor: MakeCrypto, plain_actor: MakePlain
) -> None:
    sam, mallory = await crypto_actor("Sam"), await plain_actor("Mallory")
    await _publish_as_his(mallory, await _curve_key(sam, mallory))
    bot = await new_bot()
    room = await sam.create_room(bot.id)
    await bot.start(teams={"desk": room})
    await _his_room(mallory, bot)
    await bot.say(room, "card: Alice needs you", "c1")
    await sam.wait_for_text(room, "card: Alice")
