"""`helpbot doctor` beside a real homeserver: what it says is what mends."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml

from helpbot.transports.matrix_crypto import GuardedClient
from helpbot.transports.matrix_http import Refused

from ..crash.proxy import Answer, Proxy, Trouble
from .actors import CLIENT, PlainActor
from .desk import RunningDesk
from .doctor import changed, examined
from .synapse import Synapse

pytestmark = pytest.mark.synapse


async def make_other_keys(folder: Path, homeserver: str) -> None:
    """Make keys for the kept login beside those that the homeserver has, as desks did whose key store was emptied."""
    with sqlite3.connect(folder / "helpbot.db") as db:
        notes: dict[str, str] = dict(db.execute("SELECT name, value FROM notebook").fetchall())
    db.close()
    kept = json.loads(notes["login"])
    shutil.rmtree(folder / "helpbot-keys")
    (folder / "helpbot-keys").mkdir(0o700)
    client = GuardedClient(homeserver, kept["user"], folder / "helpbot-keys", notes["pickle_key"])
    client.open(kept["device"], kept["token"])
    with pytest.raises(Refused):
        await client.look_after_keys()
    await client.shut()


def renamed(folder: Path, room: str) -> None:
    """Write another agents' room into the config."""
    config = yaml.safe_load((folder / "config.yaml").read_text())
    config["teams"][0]["matrix_room"] = room
    (folder / "config.yaml").write_text(yaml.safe_dump(config))


async def test_keys_that_the_homeserver_does_not_take_are_told_with_what_mends_them(
    rested: RunningDesk, synapse: Synapse
) -> None:
    await make_other_keys(rested.folder, synapse.url)
    seen = await examined(rested.folder)
    assert set(seen.faults()) == {"keys at the homeserver"}
    told = seen.one("keys at the homeserver")
    assert "move the key store away" in told["mend"]
    assert "one-time keys" not in {one["check"] for one in seen.findings}, "those there can be opened by nobody"
    (rested.folder / "helpbot-keys").rename(rested.folder / "moved-away")
    await rested.start()
    assert await rested.stop() == 0
    assert (await examined(rested.folder)).faults() == {}


@pytest.mark.parametrize("status", [301, 302])
async def test_a_homeserver_that_redirects_is_told_with_the_address_to_write(
    rested: RunningDesk, proxy: Proxy, synapse: Synapse, status: int
) -> None:
    proxy.rule = lambda request: Trouble("moved", 0, Answer(status, "", {"Location": synapse.url + request.raw_path}))
    changed(rested.folder, homeserver=proxy.url)
    seen = await examined(rested.folder)
    assert set(seen.faults()) == {"homeserver"}
    assert seen.one("homeserver")["meaning"] == f"{proxy.url} redirects to {synapse.url}"
    assert seen.one("homeserver")["mend"] == f"write {synapse.url} as matrix.homeserver"


async def test_an_agents_room_that_was_upgraded_is_told_with_the_one_that_replaced_it(
    rested: RunningDesk, sam: PlainActor, synapse: Synapse
) -> None:
    where = f"{CLIENT}/rooms/{quote(rested.agents_room)}/upgrade"
    answer = await asyncio.to_thread(synapse.request, "POST", where, {"new_version": "11"}, sam.user.token)
    new = str(answer["replacement_room"])
    seen = await examined(rested.folder)
    assert set(seen.faults()) == {"team mobile: room"}
    assert f"was replaced by {new}" in seen.faults()["team mobile: room"]
    mend = seen.one("team mobile: room")["mend"]
    follows = "the desk follows when both rooms name each other"
    assert mend == f"if {new} is your room, invite {rested.bot.id} there: {follows}"
    await sam.invite(new, rested.bot.id)
    await rested.start()
    assert await rested.stop() == 0
    assert (await examined(rested.folder)).faults() == {}, "what it says is what mends it"
