"""A backup put back on a real Synapse, encrypted: with the keys as they were left, without them, and with old ones."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from tests import forks

from .actors import CryptoActor, body
from .conftest import MakeCrypto
from .desk import AgentsView, RunningDesk

pytestmark = pytest.mark.synapse


@pytest.fixture
async def sam(crypto_actor: MakeCrypto) -> CryptoActor:
    return await crypto_actor("Sam")


async def back_up(folder: Path) -> None:
    """Copy the database by the command, and the keys as nobody should."""
    assert await (await forks.start("backup", "copy.db", cwd=folder)).wait() == 0
    shutil.copytree(folder / "helpbot-keys", folder / "old-keys")


def restore(folder: Path, keys: str) -> None:
    """Put the copy back as docs/backup.md says; `keys` says what became of the key store."""
    for end in ("-wal", "-shm"):
        (folder / f"helpbot.db{end}").unlink(missing_ok=True)
    shutil.copy(folder / "copy.db", folder / "helpbot.db")
    if keys != "kept":
        shutil.rmtree(folder / "helpbot-keys")
    if keys == "old":
        shutil.copytree(folder / "old-keys", folder / "helpbot-keys")


async def opened(marie: CryptoActor, sam: CryptoActor, desk: RunningDesk) -> str:
    """Return the customer's room after a backup and what came of a ticket since."""
    agents = AgentsView(sam, desk)
    room = await marie.create_dm(desk.bot.id)
    await marie.wait_for_text(room, "human")
    await marie.say(room, "my puk is blocked")
    await marie.wait_for_text(room, "ten wrong tries")
    await back_up(desk.folder)
    await marie.say(room, "and what is the meaning of life?")
    await marie.wait_for_text(room, "#1")
    card = await agents.card(1, "waiting")
    await sam.react(desk.agents_room, card["event_id"], "✋")
    await marie.wait_for_text(room, "Sam is taking care")
    await agents.marked(await agents.writes(card, "forty-two"), "✅")
    await marie.wait_for_text(room, "forty-two")
    return room


def said(customer: CryptoActor, desk: RunningDesk, room: str) -> list[str]:
    return [body(event) for event in customer.messages(room, desk.bot.id)]


async def two_devices(actor: CryptoActor, desk: RunningDesk) -> None:
    """Return once somebody's client has heard of the bot's new device."""
    async with asyncio.timeout(15), actor._changed:
        await actor._changed.wait_for(lambda: len(list(actor.client.device_store.active_user_devices(desk.bot.id))) > 1)


async def test_with_the_keys_as_they_were_left_a_restored_desk_goes_on_and_doubles_nothing(
    crypto_actor: MakeCrypto, sam: CryptoActor, desk: RunningDesk
) -> None:
    await desk.start()
    agents, marie = AgentsView(sam, desk), await crypto_actor("Marie")
    room = await opened(marie, sam, desk)
    assert await desk.stop() == 0
    before, shown = said(marie, desk, room), said(sam, desk, desk.agents_room)
    restore(desk.folder, "kept")
    await desk.start()
    card = await agents.card(1, "waiting")
    await marie.say(room, "are you a person?")
    await agents.threaded(card, "are you a person?")
    await agents.marked(await agents.writes(card, "here I am"), "✅")
    await marie.wait_for_text(room, "here I am")
    assert said(marie, desk, room) == [*before, "here I am"]
    assert said(sam, desk, desk.agents_room) == [*shown, "Marie: are you a person?"]
    assert "undecryptable" not in desk.log()


async def test_without_its_keys_a_restored_desk_is_a_new_device_that_reads_what_is_new(
    crypto_actor: MakeCrypto, sam: CryptoActor, desk: RunningDesk
) -> None:
    await desk.start()
    agents, marie = AgentsView(sam, desk), await crypto_actor("Marie")
    room = await opened(marie, sam, desk)
    assert await desk.stop() == 0
    restore(desk.folder, "lost")
    await desk.start()
    assert "keys_lost" in desk.log()
    await two_devices(marie, desk)
    await two_devices(sam, desk)
    await marie.say(room, "are you a person?")
    card = await sam.wait_for(lambda event: "#1 · waiting" in body(event) and "are you a person?" in body(event))
    out = await agents.writes(card, "!r here I am")
    await agents.marked(out, "✅")
    await marie.wait_for_text(room, "here I am")


async def test_with_old_keys_a_restored_desk_cannot_read_its_agents(
    crypto_actor: MakeCrypto, sam: CryptoActor, desk: RunningDesk
) -> None:
    """The control of the first, and why a backup has no keys: their clients gave theirs to the newer store."""
    await desk.start()
    agents, marie = AgentsView(sam, desk), await crypto_actor("Marie")
    room = await opened(marie, sam, desk)
    assert await desk.stop() == 0
    restore(desk.folder, "old")
    await desk.start()
    out = await agents.writes(await agents.card(1, "waiting"), "here I am")
    await desk.logged(out)
    assert "here I am" not in said(marie, desk, room)
    assert any("undecryptable" in line for line in desk.log().splitlines() if out in line)
