"""Olm sessions: whose they are, and how many."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from .keyring import HIS_ROOM, MALLORY, MARIE, Client, Device


@pytest.fixture
def phone() -> Device:
    return Device(MARIE)


@pytest.fixture
def copy(phone: Device) -> Device:
    """Mallory's, with her key."""
    return Device(MALLORY, "COPY", phone.curve_key)


@pytest.fixture
async def bot(tmp_path: Path, phone: Device, copy: Device) -> AsyncIterator[Client]:
    bot = _client(tmp_path, phone, copy)
    yield bot
    await bot.shut()


def _client(tmp_path: Path, *devices: Device) -> Client:
    client = Client(tmp_path / "bot", *devices)
    client.people[HIS_ROOM] = [MALLORY]
    return client


async def test_a_session_that_she_began_is_not_used_up_for_who_copied_her_key(
    bot: Client, phone: Device, copy: Device, tmp_path: Path
) -> None:
    await bot.hears(phone.writes(bot, phone.begin(bot, bot.one_time_key())))
    for restarted in (False, True):
        client = _client(tmp_path, phone, copy) if restarted else bot
        for _ in range(3):
            await client.say(HIS_ROOM)
            client.forget_members(HIS_ROOM)
        assert [phone.reads(sealed) for sealed in client.sent_to(copy)] == [None] * 3, "sealed in her session"
        await client.say()
        assert [phone.reads(sealed) is None for sealed in client.sent_to(phone)] == [False]
        assert MARIE not in {user for claim in client.claimed for user in claim}
        await client.shut()


async def test_a_session_of_an_earlier_version_is_used_while_nobody_else_has_its_key(
    bot: Client, phone: Device, copy: Device
) -> None:
    await bot.hears(phone.writes(bot, phone.begin(bot, bot.one_time_key())))
    bot.olm.store.database.execute_sql("DELETE FROM made_for")
    bot.olm.load()
    await bot.say()
    assert bot.claimed == []
    assert [phone.reads(sealed) is None for sealed in bot.sent_to(phone)] == [False]
    await bot.say(HIS_ROOM)
    assert [phone.reads(sealed) for sealed in bot.sent_to(copy)] == [None]
    bot.forget_members("!room:test")
    await bot.say()
    assert [phone.reads(sealed) is None for sealed in bot.sent_to(phone)] == [False]
    assert [*bot.claimed[1]] == [MARIE]


async def test_who_copied_her_key_does_not_keep_her_from_a_new_session(
    bot: Client, phone: Device, copy: Device
) -> None:
    await bot.hears(phone.writes(bot, phone.begin(bot, bot.one_time_key())))
    await bot.say()
    (hers,) = bot.olm.session_store.own(MARIE, phone.curve_key)
    hers.creation_time -= timedelta(hours=2)
    await bot.say(HIS_ROOM)
    await bot.hears(phone.writes(bot, phone.begin_elsewhere()))
    assert [one.user_id for one in bot.olm.wedged_devices] == [MARIE]
