"""The keys that the bot gives out: a fallback key that lasts, and no more one-time keys than were asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from helpbot.transports.base import TryLater

from .keyring import MARIE, Client, Device

USED = {"device_unused_fallback_key_types": [], "device_one_time_keys_count": {"signed_curve25519": 50}}
UNUSED = {**USED, "device_unused_fallback_key_types": ["signed_curve25519"]}


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Client]:
    bot = Client(tmp_path / "bot", Device(MARIE))
    yield bot
    await bot.shut()


def _fallback_keys(bot: Client) -> list[str]:
    return [key["key"] for upload in bot.uploads for key in upload.get("fallback_keys", {}).values()]


async def test_a_fallback_key_that_is_used_up_again_and_again_still_opens_what_was_begun_with_it(bot: Client) -> None:
    phone = Device(MARIE)
    await bot.look_after_keys()
    (first,) = _fallback_keys(bot)
    begun = phone.writes(bot, phone.begin(bot, first))
    for answer in (USED, USED, UNUSED, USED, USED):
        await bot.take_key_news(answer)
        await bot.look_after_keys()
    assert _fallback_keys(bot) == [first], "it is replaced as soon as it is used"
    assert bot._fallback_used is not None
    bot._fallback_used -= 600
    for _ in range(3):
        await bot.look_after_keys()
        await bot.take_key_news(USED)
    assert len(set(_fallback_keys(bot))) == 2, "it is not replaced, or too soon again"
    await bot.hears(begun)
    assert bot.olm.session_store.own(MARIE, phone.curve_key)


async def test_a_fallback_key_that_could_not_be_given_out_is_given_out_later(bot: Client) -> None:
    bot.fails_uploads = True
    for _ in range(3):
        with pytest.raises(TryLater):
            await bot.look_after_keys()
    bot.fails_uploads = False
    await bot.look_after_keys()
    assert len(_fallback_keys(bot)) == 4
    assert len(set(_fallback_keys(bot))) == 1


async def test_a_failing_server_does_not_make_the_bot_drop_keys_that_people_hold(bot: Client) -> None:
    phone = Device(MARIE)
    await bot.look_after_keys()
    held = next(iter(bot.uploads[0]["one_time_keys"].values()))["key"]
    begun = phone.writes(bot, phone.begin(bot, held))
    await bot.take_key_news({**UNUSED, "device_one_time_keys_count": {"signed_curve25519": 10}})
    bot.fails_uploads = True
    for _ in range(120):
        with pytest.raises(TryLater):
            await bot.look_after_keys()
    bot.fails_uploads = False
    await bot.look_after_keys()
    assert len(bot.uploads[-1]["one_time_keys"]) == 40
    assert bot.uploads[-1] == bot.uploads[1]
    await bot.hears(begun)
    assert bot.olm.session_store.own(MARIE, phone.curve_key)
