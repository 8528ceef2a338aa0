"""The running desk in trouble: refused logins, a homeserver that is gone, a second desk, a faulty FAQ, odd people."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
import yaml

from .actors import PlainActor, body
from .conftest import MakePlain
from .desk import FAQ, AgentsView, RunningDesk
from .synapse import Synapse

pytestmark = pytest.mark.synapse


def change(desk: RunningDesk, **matrix: str) -> None:
    """Change the Matrix part of the desk's config."""
    path = desk.folder / "config.yaml"
    config = yaml.safe_load(path.read_text())
    config["matrix"].update(matrix)
    config["matrix"] = {key: value for key, value in config["matrix"].items() if value}
    path.write_text(yaml.safe_dump(config))


async def refused(desk: RunningDesk) -> str:
    """Return the last line of a desk that must end with exit code 2 and without a traceback."""
    assert await desk.ended() == 2, desk.log()[-3000:]
    assert "Traceback" not in desk.log()
    return desk.log().splitlines()[-1]


async def test_a_wrong_password_is_one_line_and_exit_code_2(desk: RunningDesk) -> None:
    change(desk, password="wrong")
    await desk.launch()
    line = await refused(desk)
    assert "matrix.password" in line
    assert "wrong name or password" in line


async def test_an_invalid_token_is_one_line_and_exit_code_2(desk: RunningDesk) -> None:
    change(desk, password="", access_token="syt_nonsense")
    await desk.launch()
    assert "token" in await refused(desk)


async def test_a_token_revoked_while_running_is_one_line_and_exit_code_2(desk: RunningDesk, synapse: Synapse) -> None:
    change(desk, password="", access_token=desk.bot.token)
    await desk.start()
    bot = PlainActor(synapse.url, desk.bot)
    await bot.start()
    await bot.request("POST", "/_matrix/client/v3/logout")
    await bot.stop()
    assert "M_UNKNOWN_TOKEN" in await refused(desk)


async def test_an_agents_room_out_of_reach_is_one_line_and_exit_code_2(desk: RunningDesk, sam: PlainActor) -> None:
    await sam.kick(desk.agents_room, desk.bot.id)
    await desk.launch()
    line = await refused(desk)
    assert desk.agents_room in line
    assert "invite" in line


async def test_a_second_desk_on_the_same_database_is_refused(desk: RunningDesk, synapse: Synapse) -> None:
    await desk.start()
    second = RunningDesk(desk.folder, synapse, desk.bot, desk.agents_room)
    await second.launch()
    assert await second.ended() == 2
    assert "another helpbot" in desk.log()


async def test_a_changed_faq_is_taken_in_and_a_faulty_one_is_not(desk: RunningDesk, plain_actor: MakePlain) -> None:
    folder = desk.folder / "faq"
    shutil.copytree(FAQ, folder)
    path = desk.folder / "config.yaml"
    path.write_text(path.read_text().replace(str(FAQ), str(folder)))
    await desk.start()
    marie = await plain_actor("Marie")
    room = await marie.create_dm(desk.bot.id)
    text = (folder / "small.yaml").read_text()

    async def until_logged(word: str, change: str) -> None:
        async with asyncio.timeout(30):
            while word not in desk.log():
                (folder / "small.yaml").write_text(change)
                await asyncio.sleep(0.3)

    await until_logged("faq_kept", text + "- nonsense\n")
    await marie.say(room, "my puk is blocked")
    await marie.wait_for_text(room, "ten wrong tries")
    await until_logged("faq_loaded", text.replace("ten wrong tries", "eleven wrong tries"))
    await marie.say(room, "my puk is blocked")
    await marie.wait_for_text(room, "eleven wrong tries")


async def test_who_left_the_agents_room_speaks_to_nobody(
    desk: RunningDesk, sam: PlainActor, plain_actor: MakePlain
) -> None:
    alex, marie = await plain_actor("Alex"), await plain_actor("Marie")
    await sam.invite(desk.agents_room, alex.id)
    await alex.join(desk.agents_room)
    await desk.start()
    room = await marie.create_dm(desk.bot.id)
    await marie.say(room, "human")
    agents = AgentsView(sam, desk)
    card = await agents.card(1)
    await alex.say_in_thread(desk.agents_room, card["event_id"], "!claim")
    await marie.wait_for_text(room, "Alex")
    assert await desk.stop() == 0
    await alex.say_in_thread(desk.agents_room, card["event_id"], "a last canary")
    await alex.leave(desk.agents_room)
    await desk.start()
    await agents.threaded(card, "not a member")
    await agents.writes(card, "!r now it is me")
    await marie.wait_for_text(room, "now it is me")
    assert "canary" not in "".join(body(event) for event in marie.messages(room, desk.bot.id))


async def test_a_forged_edit_is_ignored_and_her_own_is_a_correction(
    desk: RunningDesk, sam: PlainActor, plain_actor: MakePlain
) -> None:
    await desk.start()
    marie = await plain_actor("Marie")
    room = await marie.create_dm(desk.bot.id)
    await marie.say(room, "human")
    agents = AgentsView(sam, desk)
    card = await agents.card(1)
    await agents.writes(card, "!claim")
    claimed = await marie.wait_for_text(room, "Sam")
    await marie.edit(room, claimed["event_id"], "a forged word of the bot")
    hers = await marie.say(room, "my numbr is 12")
    await agents.threaded(card, "my numbr is 12")
    await marie.edit(room, hers, "my number is 12")
    await sam.wait_for_text(desk.agents_room, "* Marie: my number is 12")
    alex = await plain_actor("Alex")
    await sam.invite(desk.agents_room, alex.id)
    await alex.join(desk.agents_room)
    out = await agents.writes(card, "a true word")
    await agents.marked(out, "✅")
    await alex.edit(desk.agents_room, out, "a forged word of Sam")
    await sam.edit(desk.agents_room, out, "a second thought")
    await marie.wait_for_text(room, "* a second thought")
    everything = "".join(body(event) for event in [*marie.messages(room), *sam.messages(desk.agents_room)])
    spoken = "".join(body(event) for event in marie.messages(room, desk.bot.id))
    assert "forged" not in spoken
    assert "a true word" in everything


async def test_odd_and_huge_messages_are_handled(desk: RunningDesk, sam: PlainActor, plain_actor: MakePlain) -> None:
    await desk.start()
    marie = await plain_actor("Marie")
    room = await marie.create_dm(desk.bot.id)
    for text in ("   ", "🙂", "\u202e\u0300" * 500, "a" + "\u0300" * 20_000, "x" * 60_000):
        await marie.say(room, text)
    agents = AgentsView(sam, desk)
    card = await agents.card(1)
    await marie.wait_for_text(room, "#1")
    long = "".join(f"word{number:05} " for number in range(5_900))
    await marie.say(room, long)
    await agents.threaded(card, "word05899")
    shown = "".join(body(event) for event in sam.messages(desk.agents_room, desk.bot.id))
    assert all(f"word{number:05}" in shown for number in range(5_900))


async def test_a_homeserver_that_is_gone_is_waited_for(tmp_path: Path, plain_actor: MakePlain) -> None:
    server = Synapse(tmp_path / "synapse")
    await asyncio.to_thread(server.start)
    try:
        sam, marie = await plain_actor("Sam", server=server), await plain_actor("Marie", server=server)
        bot = await asyncio.to_thread(server.register)
        desk = RunningDesk(tmp_path / "desk", server, bot, await sam.create_room(bot.id))
        await desk.start()
        agents = AgentsView(sam, desk)
        room = await marie.create_dm(bot.id)
        await marie.say(room, "human")
        card = await agents.card(1)
        await agents.writes(card, "!claim")
        await marie.wait_for_text(room, "Sam")
        await asyncio.to_thread(server.kill)
        await desk.logged("sync_waits")
        await asyncio.to_thread(server.start)
        await marie.say(room, "are you still there?")
        await agents.threaded(card, "are you still there?")
        out = await agents.writes(card, "yes I am")
        await agents.marked(out, "✅")
        assert len([event for event in marie.messages(room, bot.id) if body(event) == "yes I am"]) == 1
        assert await desk.stop() == 0
    finally:
        await asyncio.to_thread(server.stop)
