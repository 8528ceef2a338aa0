"""A login whose encryption keys are gone: nobody is kept from writing to the bot by keys that no server takes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from helpbot.transports.base import SetupError

from .bot import talk
from .conftest import MakeBot, MakeCrypto

pytestmark = pytest.mark.synapse


def _file(folder: Path) -> Path:
    return next(folder.glob("keys-*/*.db"))


async def test_an_emptied_key_store_leads_to_a_new_login_that_reads_what_is_written(
    new_bot: MakeBot, crypto_actor: MakeCrypto, tmp_path: Path
) -> None:
    bot = await new_bot()
    await bot.start()
    before = json.loads(bot.notebook.values["login"])["device"]
    await bot.stop()
    _file(tmp_path).write_bytes(b"")
    await bot.start()
    assert json.loads(bot.notebook.values["login"])["device"] != before
    alice = await crypto_actor("Alice")
    room = await talk(alice, bot)
    await alice.say(room, "readable")
    await bot.heard("readable")


@pytest.mark.parametrize("lost", ["the folder", "the account", "the database as well"])
async def test_a_token_whose_keys_are_lost_is_the_admins_to_mend(new_bot: MakeBot, tmp_path: Path, lost: str) -> None:
    bot = await new_bot()
    await bot.start(password=None, access_token=bot.user.token)
    await bot.stop()
    await bot.start()  # the control: with its keys it starts again
    await bot.stop()
    file = _file(tmp_path)
    if lost == "the account":
        file.write_bytes(b"")
    else:
        shutil.rmtree(file.parent)
    if lost == "the database as well":
        bot.notebook.values.clear()
    bot.begin()
    with pytest.raises(SetupError, match=r"matrix\.store.*make a new access token, of a new login"):
        await bot.ended()
