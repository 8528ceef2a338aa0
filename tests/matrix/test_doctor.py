"""`helpbot doctor` beside a real homeserver: what is well, and each thing that is not."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from .actors import CLIENT, CryptoActor, PlainActor
from .bot import until_in
from .conftest import MakePlain
from .desk import RunningDesk
from .doctor import changed, examined
from .synapse import Synapse, free_port

pytestmark = pytest.mark.synapse


def contents(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


async def test_a_healthy_desk_has_no_fault_and_is_left_as_it_is(rested: RunningDesk) -> None:
    before = contents(rested.folder)
    seen = await examined(rested.folder)
    assert (seen.faults(), seen.code) == ({}, 0), seen.findings
    assert contents(rested.folder) == before
    for check in ("database damage", "key store owner", "login", "keys at the homeserver", "cross-signing"):
        assert seen.state(check) == "ok"
    for check in ("one-time keys", "team mobile: joining", "team mobile: writing", "rooms", "open tickets"):
        assert seen.state(check) == "ok"
    assert {one["check"] for one in seen.findings if one["state"] == "warn"} == {"desk", "rate limits"}
    assert "--admin-token-file" in seen.one("rate limits")["mend"]
    assert "no faults" in seen.err
    assert seen.state("invitations") == "ok"


async def test_no_secret_is_shown(rested: RunningDesk) -> None:
    with sqlite3.connect(rested.folder / "helpbot.db") as db:
        notes = dict(db.execute("SELECT name, value FROM notebook").fetchall())
    db.close()
    seeds = json.loads(notes["cross_signing"])
    hidden = [rested.bot.password, json.loads(notes["login"])["token"], notes["pickle_key"]]
    hidden += [value for name, value in seeds.items() if name != "user"]
    seen = await examined(rested.folder)
    assert not [secret for secret in hidden if secret in seen.out + seen.err]


async def test_it_may_be_run_while_the_desk_runs(desk: RunningDesk, plain_actor: MakePlain) -> None:
    await desk.start()
    seen = await examined(desk.folder)
    assert (seen.faults(), seen.code) == ({}, 0), seen.findings
    assert "process" in seen.one("desk")["meaning"]
    assert seen.state("desk") == "ok"
    marie = await plain_actor("Marie")
    room = await marie.create_dm(desk.bot.id)
    await marie.wait_for_text(room, "human")


async def test_an_agents_room_that_is_open_to_others_is_a_fault(
    rested: RunningDesk, sam: PlainActor, plain_actor: MakePlain
) -> None:
    await sam.send_state(rested.agents_room, "m.room.join_rules", {"join_rule": "public"})
    await sam.send_state(rested.agents_room, "m.room.history_visibility", {"history_visibility": "world_readable"})
    stranger = await plain_actor("Stranger")
    await stranger.join(rested.agents_room)
    seen = await examined(rested.folder)
    assert seen.code == 1
    assert set(seen.faults()) == {"team mobile: joining", "team mobile: reading"}
    assert "invite-only" in seen.one("team mobile: joining")["mend"]
    agents = seen.one("team mobile: agents")["meaning"]
    assert "2 can act" in agents
    assert stranger.id in agents
    assert sam.id in agents
    assert rested.bot.id not in agents


async def test_a_second_look_right_after_mending_shows_everything_mended(rested: RunningDesk, sam: PlainActor) -> None:
    seen = {"history_visibility": "world_readable"}
    allowed: list[dict[str, Any]] = [{"type": "m.room_membership", "room_id": "!other:helpbot.test"}]
    rules: tuple[dict[str, Any], ...] = ({"join_rule": "restricted", "allow": allowed}, {"join_rule": "public"})
    for rule in rules:
        await sam.send_state(rested.agents_room, "m.room.join_rules", rule)
        await sam.send_state(rested.agents_room, "m.room.history_visibility", seen)
        assert set((await examined(rested.folder)).faults()) == {"team mobile: joining", "team mobile: reading"}
        await sam.send_state(rested.agents_room, "m.room.join_rules", {"join_rule": "invite"})
        await sam.send_state(rested.agents_room, "m.room.history_visibility", {"history_visibility": "shared"})
        assert (await examined(rested.folder)).faults() == {}


async def test_an_invitation_between_two_looks_is_seen_and_one_that_is_gone_is_not(
    rested: RunningDesk, sam: PlainActor
) -> None:
    assert (await examined(rested.folder)).state("invitations") == "ok"
    room = await sam.create_room(rested.bot.id)
    assert room in (await examined(rested.folder)).one("invitations")["meaning"]
    await sam.kick(room, rested.bot.id)
    assert (await examined(rested.folder)).state("invitations") == "ok"


async def test_a_room_made_in_the_default_way_is_well_until_guests_may_come_in_uninvited(
    rested: RunningDesk, sam: PlainActor
) -> None:
    guests = (await examined(rested.folder)).one("team mobile: guests")
    assert guests["state"] == "ok"
    assert "only when invited" in guests["meaning"]
    await sam.send_state(rested.agents_room, "m.room.join_rules", {"join_rule": "public"})
    assert (await examined(rested.folder)).state("team mobile: guests") == "warn"


async def test_an_alias_that_leads_to_another_room_than_before_is_a_fault(
    rested: RunningDesk, sam: PlainActor, synapse: Synapse
) -> None:
    alias = f"#desk{rested.bot.id[1:11]}:helpbot.test"
    config = yaml.safe_load((rested.folder / "config.yaml").read_text())
    config["teams"][0]["matrix_room"] = alias
    (rested.folder / "config.yaml").write_text(yaml.safe_dump(config))

    async def lead_to(room: str) -> None:
        where = f"{CLIENT}/directory/room/{quote(alias)}"
        await asyncio.to_thread(synapse.request, "PUT", where, {"room_id": room}, sam.user.token)

    await lead_to(rested.agents_room)
    await rested.start()
    assert await rested.stop() == 0
    assert (await examined(rested.folder)).faults() == {}, "the control"
    await asyncio.to_thread(synapse.request, "DELETE", f"{CLIENT}/directory/room/{quote(alias)}", None, sam.user.token)
    gone = await examined(rested.folder)
    assert (gone.faults(), gone.state("rooms")) == ({}, "ok")
    assert gone.state("team mobile: room") == "warn"
    assert rested.agents_room in gone.one("team mobile: room")["mend"]
    assert gone.state("team mobile: joining") == "ok", "the room that the desk uses is looked at"
    other = await sam.create_room(rested.bot.id)
    await lead_to(other)
    seen = await examined(rested.folder)
    assert set(seen.faults()) == {"team mobile: room"}
    assert other in seen.faults()["team mobile: room"]
    assert rested.agents_room in seen.faults()["team mobile: room"]
    assert seen.state("rooms") == "ok", "nobody is told to take the bot out of the true room"
    config["teams"][0]["matrix_room"] = rested.agents_room
    (rested.folder / "config.yaml").write_text(yaml.safe_dump(config))
    assert (await examined(rested.folder)).faults() == {}


async def test_a_bot_that_may_not_write_to_its_agents_is_a_fault(rested: RunningDesk, sam: PlainActor) -> None:
    await sam.send_state(rested.agents_room, "m.room.power_levels", {"events_default": 50})
    seen = await examined(rested.folder)
    assert set(seen.faults()) == {"team mobile: writing"}


async def test_an_agents_room_that_the_bot_is_not_in_is_a_fault(rested: RunningDesk, sam: PlainActor) -> None:
    await sam.kick(rested.agents_room, rested.bot.id)
    seen = await examined(rested.folder)
    assert set(seen.faults()) == {"team mobile: room"}
    assert rested.bot.id in seen.one("team mobile: room")["mend"]


async def test_an_alias_of_no_room_is_a_fault_and_its_room_is_no_stranger(rested: RunningDesk) -> None:
    config = yaml.safe_load((rested.folder / "config.yaml").read_text())
    config["teams"][0]["matrix_room"] = "#nowhere:helpbot.test"
    (rested.folder / "config.yaml").write_text(yaml.safe_dump(config))
    seen = await examined(rested.folder)
    assert set(seen.faults()) == {"team mobile: room"}
    assert "there is no room #nowhere:helpbot.test" in seen.faults()["team mobile: room"]
    assert seen.state("rooms") == "ok"


async def test_a_login_that_is_gone_is_a_fault_and_the_rest_cannot_be_asked(
    rested: RunningDesk, synapse: Synapse
) -> None:
    with sqlite3.connect(rested.folder / "helpbot.db") as db:
        [[kept]] = db.execute("SELECT value FROM notebook WHERE name = 'login'")
    db.close()
    await asyncio.to_thread(synapse.request, "POST", f"{CLIENT}/logout", {}, json.loads(kept)["token"])
    seen = await examined(rested.folder)
    assert seen.code == 1
    assert "matrix.password" in seen.one("login")["mend"]
    assert "M_UNKNOWN_TOKEN" in seen.one("login")["meaning"]
    assert set(seen.faults()) == {"login"}
    for check in ("rate limits", "keys at the homeserver", "team mobile", "rooms", "invitations"):
        assert check in seen.one("not asked")["meaning"]
    assert "`login`" in seen.one("not asked")["mend"]
    assert seen.state("homeserver") == "ok"
    assert seen.state("key store owner") == "ok"


async def test_the_token_of_another_account_is_a_fault(rested: RunningDesk, sam: PlainActor) -> None:
    changed(rested.folder, password=None, access_token=sam.user.token)
    seen = await examined(rested.folder)
    assert set(seen.faults()) == {"login"}
    assert sam.id in seen.faults()["login"]
    checks = {one["check"] for one in seen.findings}
    assert not checks & {"keys at the homeserver", "one-time keys", "cross-signing", "team mobile: room", "invitations"}
    assert "keys at the homeserver" in seen.one("not asked")["meaning"]


async def test_a_token_without_a_device_is_a_fault(rested: RunningDesk, synapse: Synapse) -> None:
    admin = await asyncio.to_thread(synapse.register, admin=True)
    where = f"/_synapse/admin/v1/users/{quote(rested.bot.id)}/login"
    answer = await asyncio.to_thread(synapse.request, "POST", where, {}, admin.token)
    changed(rested.folder, password=None, access_token=answer["access_token"])
    seen = await examined(rested.folder)
    assert set(seen.faults()) == {"login"}
    assert "no device" in seen.faults()["login"]
    assert "keys at the homeserver" in seen.one("not asked")["meaning"]
    assert seen.state("team mobile: room") == "ok"


async def test_an_unsigned_device_is_a_fault(rested: RunningDesk, synapse: Synapse) -> None:
    other = CryptoActor(synapse.url, rested.bot)  # another device of the account, whose keys nobody signs
    await other.start()
    await other.stop()
    changed(rested.folder, password=None, access_token=rested.bot.token)
    seen = await examined(rested.folder)
    assert set(seen.faults()) == {"cross-signing"}
    assert rested.bot.device in seen.faults()["cross-signing"]
    assert "matrix.password" in seen.one("cross-signing")["mend"]


async def test_a_desk_that_was_never_started_is_told(desk: RunningDesk) -> None:
    before = contents(desk.folder)
    seen = await examined(desk.folder)
    assert seen.code == 1
    assert set(seen.faults()) == {"database", "login"}
    assert "never started" in seen.faults()["database"]
    assert seen.state("homeserver") == "ok"
    assert contents(desk.folder) == before


async def test_without_the_database_a_token_in_the_config_is_asked_with(desk: RunningDesk) -> None:
    changed(desk.folder, password=None, access_token=desk.bot.token)
    seen = await examined(desk.folder)
    assert seen.state("login") == "ok"
    assert set(seen.faults()) == {"database", "keys at the homeserver", "team mobile: room", "rooms"}
    assert seen.one("invitations")["meaning"].startswith("the bot is invited to 1 room ")


async def test_a_homeserver_that_is_down_is_a_fault_and_the_rest_is_told(rested: RunningDesk) -> None:
    changed(rested.folder, homeserver=f"http://127.0.0.1:{free_port()}")
    seen = await examined(rested.folder)
    assert seen.code == 1
    assert set(seen.faults()) == {"homeserver"}
    told = seen.one("homeserver")
    assert "nothing listens" in told["meaning"]
    assert "curl -sS http://127.0.0.1" in told["mend"]
    for check in ("login", "rate limits", "keys at the homeserver", "team mobile", "rooms", "invitations"):
        assert check in seen.one("not asked")["meaning"]
    assert seen.state("database damage") == "ok"


async def test_a_homeserver_that_speaks_no_tls_is_told_as_that(rested: RunningDesk, synapse: Synapse) -> None:
    changed(rested.folder, homeserver=synapse.url.replace("http:", "https:"))
    assert "no TLS is spoken" in (await examined(rested.folder)).one("homeserver")["meaning"]


async def test_rooms_and_database_that_do_not_agree_are_told(
    desk: RunningDesk, sam: PlainActor, synapse: Synapse, plain_actor: MakePlain
) -> None:
    await desk.start()
    marie = await plain_actor("Marie")
    room = await marie.create_dm(desk.bot.id)
    await marie.wait_for_text(room, "human")
    await marie.say(room, "human")
    await marie.wait_for_text(room, "#1")
    assert await desk.stop() == 0
    strange, waiting = await sam.create_room(desk.bot.id), await sam.create_room(desk.bot.id)
    for where in (f"join/{quote(strange)}", f"rooms/{quote(room)}/leave"):
        await asyncio.to_thread(synapse.request, "POST", f"{CLIENT}/{where}", {}, desk.bot.token)
    await until_in(sam, strange, desk.bot.id)
    seen = await examined(desk.folder)
    assert set(seen.faults()) == {"open tickets"}
    assert "#1" in seen.faults()["open tickets"]
    assert strange in seen.one("rooms")["meaning"]
    assert room not in seen.one("rooms")["meaning"]
    assert waiting in seen.one("invitations")["meaning"]
    assert strange not in seen.one("invitations")["meaning"]


async def lift(synapse: Synapse, bot: str, admin: str) -> None:
    where = f"/_synapse/admin/v1/users/{quote(bot)}/override_ratelimit"
    body = {"messages_per_second": 0, "burst_count": 0}
    await asyncio.to_thread(synapse.request, "POST", where, body, admin)


async def test_an_admins_account_sees_whether_its_limits_are_lifted(
    synapse: Synapse, sam: PlainActor, tmp_path: Path
) -> None:
    bot = await asyncio.to_thread(synapse.register, admin=True)
    desk = RunningDesk(tmp_path / "desk", synapse, bot, await sam.create_room(bot.id))
    changed(desk.folder, password=None, access_token=bot.token)
    before = (await examined(desk.folder)).one("rate limits")
    assert before["state"] == "warn"
    assert "no override is set" in before["meaning"]
    assert f"/_synapse/admin/v1/users/{bot.id}/override_ratelimit" in before["mend"]
    await lift(synapse, bot.id, bot.token)
    assert "they are lifted" in (await examined(desk.folder)).one("rate limits")["meaning"]


async def test_an_admins_token_shows_the_limits_of_a_bot_that_is_none(
    rested: RunningDesk, sam: PlainActor, synapse: Synapse
) -> None:
    admin = await asyncio.to_thread(synapse.register, admin=True)
    file = rested.folder / "admin-token"
    file.write_text(admin.token + "\n")
    before = await examined(rested.folder, "--admin-token-file", "admin-token")
    assert "no override is set" in before.one("rate limits")["meaning"]
    await lift(synapse, rested.bot.id, admin.token)
    assert "cannot be seen" in (await examined(rested.folder)).one("rate limits")["meaning"], "the control"
    for seen in (
        await examined(rested.folder, "--admin-token-file", "admin-token"),
        await examined(rested.folder, admin_token=admin.token),
    ):
        assert seen.state("rate limits") == "ok"
        assert "(messages_per_second 0, burst_count 0)" in seen.one("rate limits")["meaning"]
        assert rested.bot.id in seen.one("login")["meaning"], "all else is asked with the bot's own login"
        assert admin.token not in seen.out + seen.err
    other = await examined(rested.folder, admin_token=sam.user.token)
    assert "not a server admin's" in other.one("rate limits")["meaning"]
    gone = await examined(rested.folder, admin_token="syt_no_such_token")
    assert "does not accept the admin's token" in gone.one("rate limits")["meaning"]
    assert gone.faults() == {}
    changed(rested.folder, password=None, access_token=sam.user.token)
    assert (await examined(rested.folder, admin_token=admin.token)).state("rate limits") == "ok"
