"""What the bot takes of the devices that a homeserver tells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .keyring import MARIE, Client, Device


@pytest.fixture
def phone() -> Device:
    return Device(MARIE)


@pytest.fixture
async def bot(tmp_path: Path, phone: Device) -> AsyncIterator[Client]:
    bot = Client(tmp_path / "bot", phone)
    yield bot
    await bot.shut()


def _active(bot: Client) -> list[str]:
    return [device.id for device in bot.device_store.active_user_devices(MARIE)]


async def test_a_device_that_was_not_told_once_is_used_when_it_is_told_again(
    bot: Client, phone: Device, tmp_path: Path
) -> None:
    await bot.say()
    bot.hidden = {MARIE}
    await bot._query_keys({MARIE})
    assert _active(bot) == []
    bot.hidden = set()
    await bot._query_keys({MARIE})
    bot.sent.clear()
    for restarted in (False, True):
        client = Client(tmp_path / "bot", phone) if restarted else bot
        said = await client.say()
        (room_key,) = [phone.reads(sealed) for sealed in client.sent_to(phone)]
        assert room_key is not None
        assert room_key["content"]["session_id"] == said["session_id"]
        await client.shut()


async def test_a_device_that_comes_back_with_another_signing_key_is_not_believed(bot: Client, phone: Device) -> None:
    await bot._query_keys({MARIE})
    bot.known[:] = []
    await bot._query_keys({MARIE})
    bot.known[:] = [Device(MARIE, phone.name)]
    await bot._query_keys({MARIE})
    assert _active(bot) == []


async def test_who_has_any_number_of_devices_holds_nobody_up(bot: Client, phone: Device) -> None:
    await bot._query_keys({MARIE})
    bot.known[:] = [*(Device(MARIE, f"D{number}") for number in range(230)), phone]
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    meanwhile = asyncio.create_task(others())
    await bot._query_keys({MARIE})
    assert turns >= 10
    assert len(_active(bot)) == 200
    turns = 0
    await bot._claim_keys(bot.device_store.active_user_devices(MARIE))
    meanwhile.cancel()
    assert turns >= 200
    assert phone.name in _active(bot), "one that is in use gives way to new ones"


async def test_an_answer_that_is_overtaken_while_it_is_taken_in_takes_nothing_back(bot: Client) -> None:
    old, new = ({one.name: one.public for one in (Device(MARIE, f"{age}{n}") for n in range(50))} for age in "ON")
    first, second = bot._asking.begin(), bot._asking.begin()
    await asyncio.gather(bot._learn_devices(MARIE, old, first), bot._learn_devices(MARIE, new, second))
    assert sorted(_active(bot)) == sorted(new)
