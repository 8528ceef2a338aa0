"""The key store in use by another program, or full, while the bot runs: it goes on, and so do the words."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from helpbot.transports.base import TryLater

from .bot import talk
from .conftest import MakeBot, MakeCrypto, MakePlain

pytestmark = pytest.mark.synapse


def _file(folder: Path) -> Path:
    return next(folder.glob("keys-*/*.db"))


async def test_a_bot_whose_keys_another_program_holds_goes_on_when_they_are_free(
    new_bot: MakeBot, crypto_actor: MakeCrypto, plain_actor: MakePlain, tmp_path: Path
) -> None:
    bot, alice, carol = await new_bot(), await crypto_actor("Alice"), await plain_actor("Carol")
    await bot.start()
    hers, in_the_clear = await talk(alice, bot), await talk(carol, bot)
    other = sqlite3.connect(_file(tmp_path), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(TryLater, match="encryption keys"):
        await bot.say(hers, "too early", "a1")
    await alice.say(hers, "my line is cut")
    async with asyncio.timeout(2):
        await bot.say(in_the_clear, "in the clear, meanwhile", "c1")
    assert "my line is cut" not in bot.texts(hers)
    other.execute("ROLLBACK")
    other.close()
    await bot.heard("my line is cut")
    await bot.say(hers, "we are on it", "a2")
    await alice.wait_for_text(hers, "we are on it")
    await bot.stop()
    await bot.start()
    await alice.say(hers, "thank you")
    await bot.heard("thank you")
