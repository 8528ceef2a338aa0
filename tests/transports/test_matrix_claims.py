"""One-time keys of other people's devices: what a homeserver makes of them, and who gets a room's key when."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from helpbot.transports.base import TryLater
from helpbot.transports.matrix_http import JsonDict

from .keyring import MARIE, ROOM, Client, Device


class Told(Client):
    """A client that is told something else than one-time keys."""

    answer: Any = None
    while_claiming: Callable[[], None] = staticmethod(lambda: None)

    async def claim(self, wanted: JsonDict) -> tuple[int, Mapping[str, str], object]:
        self.while_claiming()
        answered = await super().claim(wanted)
        return answered if self.answer is None else (200, {}, {"one_time_keys": self.answer})


@pytest.fixture
def phone() -> Device:
    return Device(MARIE)


@pytest.fixture
async def bot(tmp_path: Path, phone: Device) -> AsyncIterator[Told]:
    bot = Told(tmp_path / "bot", phone)
    yield bot
    await bot.shut()


@pytest.mark.parametrize(
    "told",
    [{}, [], None, 7, "x", {"signed_curve25519:A": None}, {"signed_curve25519:A": {}}, {"signed_curve25519:A": []}],
    ids=repr,
)
async def test_what_is_no_one_time_key_is_none(bot: Told, phone: Device, told: Any) -> None:
    await bot._learn_members(ROOM)
    await bot._query_keys({MARIE})
    bot.answer = {MARIE: {phone.name: told}}
    await bot._claim_keys([bot.device_store[MARIE][phone.name]])
    assert bot._session_with(bot.device_store[MARIE][phone.name]) is None
    bot.answer = None
    _time_passes(bot, 15)
    await bot._claim_keys([bot.device_store[MARIE][phone.name]])
    assert bot._session_with(bot.device_store[MARIE][phone.name]) is not None


@pytest.mark.parametrize(
    "told", [{MARIE: []}, {MARIE: {"PHONE": {}}}, {MARIE: {"PHONE": {"": 1}}}, {"@nobody:test": {"X": {}}}], ids=repr
)
async def test_no_answer_to_a_claim_ends_the_desk(bot: Told, told: Any) -> None:
    await bot._query_keys({MARIE})
    bot.olm.wedged_devices.append(bot.device_store[MARIE]["PHONE"])
    bot.olm.account.shared = True
    bot.answer = told
    await bot.look_after_keys()
    assert set(bot.device_store.users) == {MARIE}, "it keeps people whom nobody asked for"


@pytest.fixture
def laptop() -> Device:
    return Device(MARIE, "LAPTOP")


def _time_passes(bot: Client, seconds: float) -> None:
    for missed in bot._claiming._missed.values():
        missed.due -= seconds
        missed.since -= seconds


def _room_keys(bot: Client, device: Device) -> list[str]:
    """Return the room keys that a device was given and can open."""
    opened = [device.reads(sealed) for sealed in bot.sent_to(device)]
    return [one["content"]["session_id"] for one in opened if one is not None and one["type"] == "m.room_key"]


async def test_words_wait_for_a_device_that_can_be_given_their_key(bot: Told, phone: Device) -> None:
    phone.has_one_time_keys = False
    for _ in range(3):
        with pytest.raises(TryLater, match="given the key"):
            await bot.say()
    assert len(bot.claimed) == 1, "it asks at each try"
    phone.has_one_time_keys = True
    _time_passes(bot, 15)
    said = await bot.say()
    assert _room_keys(bot, phone) == [said["session_id"]]


async def test_words_do_not_wait_for_ever_for_a_device_that_has_no_keys(bot: Told, phone: Device) -> None:
    phone.has_one_time_keys = False
    with pytest.raises(TryLater, match="given the key"):
        await bot.say()
    _time_passes(bot, 600)
    await bot.say()
    await bot.say()
    assert len(bot.claimed) == 2
    phone.has_one_time_keys = True
    _time_passes(bot, 300)
    said = await bot.say()
    assert _room_keys(bot, phone) == [said["session_id"]]


async def test_a_device_that_had_no_key_to_give_reads_what_is_said_later(
    bot: Told, phone: Device, laptop: Device
) -> None:
    bot.known.append(laptop)
    laptop.has_one_time_keys = False
    said = await bot.say()
    assert _room_keys(bot, phone) == [said["session_id"]]
    laptop.has_one_time_keys = True
    await bot.say()
    assert len(bot.claimed) == 1, "it asks at each message"
    _time_passes(bot, 15)
    said = await bot.say()
    assert _room_keys(bot, laptop) == [said["session_id"]]
    assert _room_keys(bot, phone) == []


async def test_nobody_is_kept_from_a_session_by_who_cannot_be_claimed_for(bot: Told, phone: Device) -> None:
    bot.known += [Device(f"@{name}:test") for name in ("anna", "mallory", "zoe")]
    bot.people[ROOM] = [one.user for one in bot.known]
    bot.unclaimable = {"@mallory:test"}
    said = await bot.say()
    given = [device.user for device in bot.known if said["session_id"] in _room_keys(bot, device)]
    assert given == [MARIE, "@anna:test", "@zoe:test"]
    asked = len(bot.claimed)
    await bot.say()
    assert len(bot.claimed) == asked, "it asks for him at each message"


async def test_a_session_that_breaks_while_others_are_mended_is_mended_next(bot: Told, phone: Device) -> None:
    other = Device("@anna:test")
    bot.known.append(other)
    await bot._query_keys({MARIE, other.user})
    wedged, known = bot.olm.wedged_devices, bot.device_store
    wedged.append(known[MARIE][phone.name])
    bot.while_claiming = lambda: wedged.append(known[other.user][other.name])
    await bot.look_after_keys()
    bot.while_claiming = lambda: None
    await bot.look_after_keys()
    assert [[*claim] for claim in bot.claimed] == [[MARIE], [other.user]]
    assert bot.olm.wedged_devices == []
    assert [len(bot.sent_to(one)) for one in (phone, other)] == [1, 1]
