"""What the bot takes of the devices that a homeserver tells."""

from __future__ import annotations

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
