"""`helpbot doctor` on Discord: what it says of a good installation, and of each thing that is wrong."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import discord
import pytest
import yaml
from simcord.backend.models.channel import Overwrite
from simcord.enums import OverwriteType

from helpbot import doctor_discord
from helpbot.config import Config
from helpbot.doctor_base import State
from helpbot.doctor_discord import Kept
from tests.matrix.desk import FAQ

from .play import Play
from .wire import Wire


@pytest.fixture
def play(wire: Wire) -> Play:
    return Play(wire)


async def _found(play: Play, kept: Kept | None = None, **changes: str) -> dict[str, tuple[str, str]]:
    """Return state and meaning of each check, with what mends it."""
    account = {"token": play.wire.token, "help_channel": str(play.town.help), "api": play.wire.api, **changes}
    team = {"id": "mobile", "discord_channel": str(play.town.desk), "discord_agents": str(play.town.agents_role)}
    team["discord_leads"] = str(play.town.leads_role)
    config = Config.model_validate({"languages": ["en", "fr"], "faq": FAQ, "discord": account, "teams": [team]})
    assert config.discord is not None
    findings = await doctor_discord.examine(config, config.discord, kept or Kept(play.notes.kept))
    assert all((one.mend == "") == (one.state is State.OK) for one in findings), findings
    found: dict[str, tuple[str, str]] = {}
    for one in findings:
        before = found.get(one.check, ("", ""))[1]
        found[one.check] = (one.state.value, f"{before} {one.meaning} {one.mend}".strip())
    return found


def _may(play: Play, channel: int, who: int, kind: OverwriteType, *, allow: str = "", deny: str = "") -> None:
    flags = [discord.Permissions(**{name: True}).value if name else 0 for name in (allow, deny)]
    one = play.wire.backend.channels[channel]
    one.overwrites = [kept for kept in one.overwrites if kept.target_id != who]
    one.overwrites.append(Overwrite(who, kind, allow=flags[0], deny=flags[1]))


async def test_a_good_installation_has_no_fault_and_costs_no_login(play: Play) -> None:
    async with play.listens():
        pass
    logins = play.wire.identifies
    _may(
        play,
        play.town.help,
        play.town.guild,
        OverwriteType.ROLE,
        allow="send_messages_in_threads",
        deny="send_messages",
    )
    me = play.wire.backend.bot_user.id
    _may(play, play.town.help, me, OverwriteType.MEMBER, allow="send_messages")
    found = await _found(play)
    assert {check: state for check, (state, _) in found.items() if state != "ok"} == {"discord application": "warn"}
    assert {"discord", "team mobile", "help channel", "panel", "commands on Acme"} <= set(found)
    assert play.wire.identifies == logins


async def test_what_is_wrong_is_named_with_the_place_to_mend_it(play: Play) -> None:
    play.wire.granted["members"] = False
    me, everyone = play.wire.backend.bot_user.id, play.town.guild
    _may(play, play.town.desk, everyone, OverwriteType.ROLE, allow="view_channel")
    _may(play, play.town.desk, me, OverwriteType.MEMBER, deny="manage_threads")
    _may(play, play.town.help, everyone, OverwriteType.ROLE, allow="send_messages", deny="send_messages_in_threads")
    gone = Kept({}, ((7, "123456789", False), (8, "123456780", True)))
    found = await _found(play, gone)
    assert found["Server Members Intent"][0] == "warn"
    assert "Manage Threads" in found["team mobile"][1]
    assert found["team mobile: reading"][0] == "fault"
    assert "Send Messages in Threads" in found["help channel"][1]
    assert "before everybody's eyes" in found["help channel"][1]
    assert found["panel"][0] == found["commands on Acme"][0] == "warn"
    assert "#7 are gone" in found["open tickets"][1]
    assert "#8" not in found["open tickets"][1]


async def test_a_role_that_cannot_be_called_is_told_of(play: Play, capsys: pytest.CaptureFixture[str]) -> None:
    play.town.leads_role = play.wire.backend.create_role(play.town.guild, "chiefs").id
    play.town.seat = replace(play.town.seat, leads=play.town.leads_role)
    me = play.wire.backend.bot_user.id
    _may(play, play.town.desk, me, OverwriteType.MEMBER, allow="view_channel", deny="mention_everyone")
    play.transport = play.new()
    async with play.listens():
        pass
    assert "Roles → chiefs: Allow anyone to @mention this role" in capsys.readouterr().out
    state, words = (await _found(play))["team mobile: leads"]
    assert state == "warn"
    assert "nobody of the role chiefs is called" in words


async def test_a_channel_that_is_gone_or_of_another_kind_is_a_fault(play: Play) -> None:
    play.wire.backend.delete_channel(play.town.desk)
    play.town.help = play.town.direct(play.marie)
    found = await _found(play)
    assert found["team mobile"][0] == "fault"
    assert "invite the bot" in found["team mobile"][1]
    assert "sees no text channel" in found["help channel"][1]


async def test_a_panel_that_was_deleted_is_told_of(play: Play) -> None:
    async with play.listens():
        panel = play.town.messages(play.town.help)[0]
    play.wire.backend.delete_message(play.town.help, panel.id)
    assert "was deleted" in (await _found(play))["panel"][1]


async def test_a_wrong_token_and_no_way_are_one_clear_line_each(play: Play) -> None:
    ((check, (state, words)),) = (await _found(play, token="MTIz.no.token")).items()
    assert (check, state) == ("discord", "fault")
    assert "Bot page" in words
    await play.wire.stop()
    ((_, (state, words)),) = (await _found(play)).items()
    assert state == "fault"
    assert "cannot be reached" in words


async def test_the_command_examines_a_desk_that_is_on_discord_alone(play: Play, tmp_path: Path) -> None:
    config = {
        "faq": str(FAQ),
        "discord": {"token": play.wire.token, "api": play.wire.api},
        "teams": [{"id": "mobile", "discord_channel": str(play.town.desk)}],
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HELPBOT_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "helpbot", "doctor", "--json",
        cwd=tmp_path, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, errors = await process.communicate()
    found = {one["check"]: one["state"] for one in map(json.loads, out.decode().splitlines())}
    assert found["discord"] == found["team mobile"] == "ok", (found, errors)
    assert found["database"] == "fault"  # it was never started
    assert process.returncode == 1
    assert b"Traceback" not in errors
    assert play.wire.token.encode() not in out + errors
