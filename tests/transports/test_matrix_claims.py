"""One-time keys of other people's devices: what a homeserver makes of them, and who gets a room's key when."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from helpbot.transports.matrix_http import JsonDict

from .keyring import MARIE, ROOM, Client, Device


class Told(Client):
    """A client that is told something else than one-time keys."""

    answer: Any = None

    async def claim(self, wanted: JsonDict) -> tuple[int, Mapping[str, str], object]:
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
    await bot._claim_keys({MARIE: [phone.name]})
    assert bot._session_with(bot.device_store[MARIE][phone.name]) is None
    bot.answer = None
    await bot._claim_keys({MARIE: [phone.name]})
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
