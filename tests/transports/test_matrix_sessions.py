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


def _kept(bot: Client) -> int:
    ((count,),) = bot.olm.store.database.execute_sql("SELECT count(*) FROM olmsessions").fetchall()
    return int(count)


async def test_of_many_sessions_with_one_key_the_last_are_kept(bot: Client, phone: Device, copy: Device) -> None:
    key = bot.fallback_key()
    await bot.hears(phone.writes(bot, phone.begin(bot, key)))
    await bot.hears(*(copy.writes(bot, copy.begin(bot, key)) for _ in range(3)))  # signs as nobody: dropped
    own = Device(MALLORY, "OWN")
    sessions = [own.begin(bot, key) for _ in range(15)]
    await bot.hears(*(own.writes(bot, session) for session in sessions[:10]))
    await bot.hears(own.writes(bot, sessions[0]), *(own.writes(bot, session) for session in sessions[10:]))
    kept = {session.session_id for session in (sessions[0], *sessions[6:])}
    for _ in range(2):  # as it is, and read from the store
        assert {session.id for session in bot.olm.session_store.own(MALLORY, own.curve_key)} == kept
        assert len(bot.olm.session_store.own(MARIE, phone.curve_key)) == 1
        bot.olm.load()
    assert _kept(bot) == 11


async def test_of_many_keys_of_one_person_the_last_are_kept(bot: Client, phone: Device) -> None:
    key = bot.fallback_key()
    await bot.hears(phone.writes(bot, phone.begin(bot, key)))
    many = [Device(MALLORY, f"D{number}") for number in range(253)]
    await bot.hears(*(one.writes(bot, one.begin(bot, key)) for one in many))
    assert [len(bot.olm.session_store.own(MALLORY, one.curve_key)) for one in many] == [0] * 3 + [1] * 250
    assert len(bot.olm.session_store.own(MARIE, phone.curve_key)) == 1
    assert _kept(bot) == 251


async def test_nothing_is_kept_of_a_key_that_somebody_made_up(bot: Client) -> None:
    own = Device(MALLORY, "OWN")
    session = own.begin(bot, bot.fallback_key())
    await bot.hears(*(own.writes(bot, session, sender_key=f"{number}" * 1000) for number in range(5)))
    assert _kept(bot) == 0
    assert not bot.olm.session_store._of
    said = {"algorithm": "m.megolm.v1.aes-sha2", "device_id": "X", "session_id": "S", "ciphertext": "x"}
    message = {"type": "m.room.encrypted", "event_id": "$1", "sender": MALLORY, "origin_server_ts": 1}
    for number in range(5):
        content = {**said, "sender_key": f"{number}" * 1000}
        assert bot.decrypted({**message, "content": content}, HIS_ROOM) is None
    assert not bot.olm.inbound_group_store[HIS_ROOM]
