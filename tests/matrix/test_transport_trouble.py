"""The Matrix transport in trouble: servers that go, logins that end, limits, and people who mean harm."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpbot.transports.base import Address, Kind, SetupError, TryLater

from .actors import CryptoActor, PlainActor
from .bot import Bot, talk
from .conftest import MakeBot, MakeCrypto, MakePlain
from .synapse import Synapse

pytestmark = pytest.mark.synapse


# --- the server


async def test_a_server_that_dies_and_comes_back_is_waited_for(
    bot: Bot, crypto_actor: MakeCrypto, synapse: Synapse
) -> None:
    alice = await crypto_actor("Alice")
    room = await talk(alice, bot)
    await alice.say(room, "before")
    await bot.heard("before")
    await asyncio.to_thread(synapse.kill)
    with pytest.raises(TryLater):
        await bot.say(room, "into the void", "k-void")
    await asyncio.to_thread(synapse.start)
    await alice.say(room, "after")
    await bot.heard("after")
    await bot.say(room, "into the void", "k-void")
    await alice.wait_for_text(room, "into the void")
    assert bot.texts(room) == ["before", "after"]


async def test_a_bot_that_starts_before_its_server_waits_for_it(new_bot: MakeBot, synapse: Synapse) -> None:
    bot = await new_bot()
    await asyncio.to_thread(synapse.kill)
    bot.begin()
    with pytest.raises(AssertionError):
        await bot.ready(timeout=0.5)
    await asyncio.to_thread(synapse.start)
    await bot.ready()


async def test_what_is_no_homeserver_is_waited_for_without_haste(new_bot: MakeBot) -> None:
    asked = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await reader.readuntil(b"\r\n\r\n")
        page = b"<html>502</html>"
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nConnection: close\r\n")
        writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(page), page))
        await writer.drain()
        writer.close()

    bot = await new_bot()
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        bot.begin(homeserver=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        with pytest.raises(AssertionError):
            await bot.ready(timeout=2.5)
        await bot.stop()
    assert 2 <= asked <= 3


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synapse]:
    """A homeserver with the default rate limits."""
    server = Synapse(tmp_path_factory.mktemp("limited"), limits=True)
    server.start()
    yield server
    server.stop()


async def test_a_rate_limit_says_when_to_try_again(new_bot: MakeBot, plain_actor: MakePlain, limited: Synapse) -> None:
    bot = await new_bot(server=limited)
    alice = await plain_actor("Alice", server=limited)
    await bot.start()
    room = await talk(alice, bot)

    async def talk_too_much() -> None:
        for number in range(30):
            await bot.say(room, f"word {number}", f"k{number}")

    with pytest.raises(TryLater) as limit:
        await talk_too_much()
    assert limit.value.after is not None
    assert 0 < limit.value.after.total_seconds() <= 300
    await alice.say(room, "still heard")
    await bot.heard("still heard")


# --- the login


async def test_a_wrong_password_is_the_admins_to_mend(new_bot: MakeBot) -> None:
    bot = await new_bot()
    bot.begin(password="wrong")
    with pytest.raises(SetupError, match=r"refused the login of @.*wrong name or password.*matrix\.password"):
        await bot.ended()


async def test_a_revoked_login_ends_the_bot_with_one_clear_line(bot: Bot, synapse: Synapse) -> None:
    token = json.loads(bot.notebook.values["login"])["token"]
    await asyncio.to_thread(synapse.request, "POST", "/_matrix/client/v3/logout", {}, token)
    with pytest.raises(SetupError) as ended:
        await bot.ended()
    assert "\n" not in str(ended.value)
    assert "matrix.password" in str(ended.value)
    await bot.start()  # the password makes a new login
    assert json.loads(bot.notebook.values["login"])["token"] != token


async def test_a_kept_login_needs_no_password_until_it_is_revoked(bot: Bot, synapse: Synapse) -> None:
    await bot.stop()
    await bot.start(password=None)
    await bot.stop()
    token = json.loads(bot.notebook.values["login"])["token"]
    await asyncio.to_thread(synapse.request, "POST", "/_matrix/client/v3/logout", {}, token)
    bot.begin()
    with pytest.raises(SetupError, match=r"set matrix\.password"):
        await bot.ended()


async def test_an_access_token_is_a_login(new_bot: MakeBot, plain_actor: MakePlain) -> None:
    bot = await new_bot()
    await bot.start(password=None, access_token=bot.user.token)
    await bot.arrived(await (await plain_actor("Alice")).create_dm(bot.id))
    await bot.stop()
    for wrong in ("nonsense", (await plain_actor("Mallory")).user.token):
        bot.begin(access_token=wrong)
        with pytest.raises(SetupError, match="token"):
            await bot.ended()


async def test_lost_keys_lead_to_a_new_login(bot: Bot, tmp_path: Path, crypto_actor: MakeCrypto) -> None:
    before = json.loads(bot.notebook.values["login"])["device"]
    await bot.stop()
    await bot.start(store=tmp_path / "elsewhere")
    assert json.loads(bot.notebook.values["login"])["device"] != before
    alice = await crypto_actor("Alice")
    room = await talk(alice, bot)
    await alice.say(room, "readable")
    await bot.heard("readable")


async def test_keys_of_another_database_are_the_admins_to_mend(new_bot: MakeBot) -> None:
    bot = await new_bot()
    await bot.start(password=None, access_token=bot.user.token)
    await bot.stop()
    bot.notebook.values.clear()
    bot.begin()
    with pytest.raises(SetupError, match=r"matrix\.store"):
        await bot.ended()


async def test_an_agents_room_out_of_reach_is_the_admins_to_mend(new_bot: MakeBot, plain_actor: MakePlain) -> None:
    room = await (await plain_actor("Lea")).create_room()
    for place in (room, "#nowhere:helpbot.test", "!nowhere:helpbot.test"):
        bot = await new_bot()
        bot.begin(teams={"mobile": place})
        with pytest.raises(SetupError, match="mobile is out of reach"):
            await bot.ended()


# --- words that cannot be read


async def hide_next(alice: CryptoActor, room: str) -> dict[str, Any]:
    """Start a new room key that nobody gets; return what would have to be sent for it."""
    olm = alice.client.olm
    olm.create_outbound_group_session(room)
    session = olm.outbound_group_sessions[room]
    session.shared = True
    content = {"algorithm": "m.megolm.v1.aes-sha2", "room_id": room}
    return {**content, "session_id": session.id, "session_key": session.session_key}


async def send_key(alice: CryptoActor, bot: Bot, key: dict[str, Any]) -> None:
    """Give the bot a room key, as if it had been delayed."""
    olm = alice.client.olm
    alice.client.olm.users_for_key_query.add(bot.id)
    await alice.client.keys_query()
    (device,) = olm.device_store.active_user_devices(bot.id)
    await alice.client.keys_claim({bot.id: [device.id]})
    message = olm._olm_encrypt(olm.session_store.get(device.curve25519), device, "m.room_key", key)
    await to_device(alice, bot, device.id, message)


async def to_device(actor: PlainActor, bot: Bot, device: str, content: object) -> None:
    path = f"/_matrix/client/v3/sendToDevice/m.room.encrypted/{id(content)}"
    await actor.request("PUT", path, {"messages": {bot.id: {device: content}}})


async def test_words_whose_key_comes_late_are_told_and_then_heard(bot: Bot, crypto_actor: MakeCrypto) -> None:
    alice = await crypto_actor("Alice")
    room = await talk(alice, bot)
    key = await hide_next(alice, room)
    event = await alice.say(room, "late words")
    told = await bot.wait_for(lambda item: item.attachment == "undecryptable")
    assert (told.id, told.kind, told.sender) == (f"{event}:undecryptable", Kind.SAID, alice.id)
    await bot.stop()
    await bot.start()
    await send_key(alice, bot, key)
    assert (await bot.heard("late words")).id == event
    assert [item.attachment for item in bot.received].count("undecryptable") == 1


async def test_words_without_their_key_outlive_a_crash_after_the_commit(bot: Bot, crypto_actor: MakeCrypto) -> None:
    alice = await crypto_actor("Alice")
    room = await talk(alice, bot)
    key = await hide_next(alice, room)
    bot.crash_after_commit = True
    await alice.say(room, "kept")
    await bot.crashed()
    bot.crash_after_commit = False
    await bot.start()
    await send_key(alice, bot, key)
    await bot.heard("kept")


async def test_a_key_that_comes_soon_is_not_worth_a_word(bot: Bot, crypto_actor: MakeCrypto) -> None:
    alice = await crypto_actor("Alice")
    room = await talk(alice, bot)
    key = await hide_next(alice, room)
    await alice.say(room, "soon")
    await send_key(alice, bot, key)
    await bot.heard("soon")
    assert all(item.attachment is None for item in bot.received)


# --- people who mean harm

JUNK: list[Any] = [
    {"algorithm": "m.olm.v1.curve25519-aes-sha2", "sender_key": "x", "ciphertext": {"OURS": {"type": 0, "body": "!"}}},
    {"algorithm": "m.olm.v1.curve25519-aes-sha2", "sender_key": "x", "ciphertext": {"OURS": {"type": 1, "body": "eA"}}},
    {"algorithm": "m.olm.v1.curve25519-aes-sha2", "sender_key": "x", "ciphertext": {"OURS": []}},
    {"algorithm": "m.olm.v1.curve25519-aes-sha2", "sender_key": [], "ciphertext": 5},
    {"algorithm": {}},
    {},
]


async def test_junk_sent_to_the_bots_device_harms_nobody(
    bot: Bot, crypto_actor: MakeCrypto, plain_actor: MakePlain
) -> None:
    alice, mallory = await crypto_actor("Alice"), await plain_actor("Mallory")
    room = await talk(alice, bot)
    device = json.loads(bot.notebook.values["login"])["device"]
    keys = await mallory.request("POST", "/_matrix/client/v3/keys/query", {"device_keys": {bot.id: []}})
    ours = keys["device_keys"][bot.id][device]["keys"][f"curve25519:{device}"]
    for content in JUNK:
        await to_device(mallory, bot, device, json.loads(json.dumps(content).replace("OURS", ours)))
    await alice.say(room, "after the junk")
    await bot.heard("after the junk")
    bad = await hide_next(alice, room)
    await send_key(alice, bot, {**bad, "session_key": "not a key"})
    await send_key(alice, bot, {**bad, "session_id": ["not", "text"]})
    await send_key(alice, bot, bad)
    await alice.say(room, "after the bad keys")
    await bot.heard("after the bad keys")


async def test_hostile_payloads_inside_encrypted_messages_harm_nobody(bot: Bot, crypto_actor: MakeCrypto) -> None:
    alice = await crypto_actor("Alice")
    room = await talk(alice, bot)
    await alice.say(room, "first")
    await bot.heard("first")
    session = alice.client.olm.outbound_group_sessions[room]
    text = {"msgtype": "m.text", "body": "smuggled"}
    payloads: list[Any] = [
        [],
        "text",
        {"type": "m.room.message", "content": text},  # no room
        {"type": "m.room.message", "content": text, "room_id": "!other:helpbot.test"},
        {"type": "m.room.message", "content": [], "room_id": room},
        {"type": "m.room.message", "content": text, "room_id": room, "state_key": ""},
        {"type": "m.room.power_levels", "state_key": "", "content": {"users": {alice.id: 100}}, "room_id": room},
        {"type": ["m.room.message"], "content": text, "room_id": room},
        {"type": "m.room.encrypted", "content": {"algorithm": 5}, "room_id": room},
    ]
    plaintexts = [json.dumps(payload).encode() for payload in payloads]
    plaintexts += [b"\xff\xfe", b"[" * 20_000, b'{"type":' * 5_000]
    for plaintext in plaintexts:
        content = {
            "algorithm": "m.megolm.v1.aes-sha2",
            "sender_key": alice.client.olm.account.identity_keys["curve25519"],
            "ciphertext": session._session.encrypt(plaintext).to_base64(),
            "session_id": session.id,
            "device_id": alice.user.device,
        }
        await PlainActor.send_event(alice, room, "m.room.encrypted", content)
    for odd in ({}, {"algorithm": "m.megolm.v1.aes-sha2"}, {"algorithm": 5, "ciphertext": {}}):
        await PlainActor.send_event(alice, room, "m.room.encrypted", odd)
    await alice.say(room, "last")
    await bot.heard("last")
    assert bot.texts(room) == ["first", "last"]


async def test_a_device_with_false_keys_stops_nobody(
    bot: Bot, crypto_actor: MakeCrypto, plain_actor: MakePlain
) -> None:
    mallory = await plain_actor("Mallory")
    upload = {
        "device_keys": {
            "user_id": mallory.id,
            "device_id": mallory.user.device,
            "algorithms": ["m.megolm.v1.aes-sha2"],
            "keys": {f"curve25519:{mallory.user.device}": "bad", f"ed25519:{mallory.user.device}": "bad"},
            "signatures": {mallory.id: {f"ed25519:{mallory.user.device}": "bad"}},
        },
        "one_time_keys": {"signed_curve25519:AAAAAQ": {"key": "bad", "signatures": {mallory.id: {"x": "bad"}}}},
    }
    await mallory.request("POST", "/_matrix/client/v3/keys/upload", upload)
    room = await mallory.create_dm(bot.id, encrypted=True)
    await bot.arrived(room)
    for number in range(2):
        await bot.transport.send(Address("matrix", room), (), f"k{number}")
    alice = await crypto_actor("Alice")
    other = await talk(alice, bot)
    await bot.say(other, "hello", "k-alice")
    await alice.wait_for_text(other, "hello")


async def test_the_bots_one_time_keys_can_be_used_up_and_people_still_reach_it(
    bot: Bot, plain_actor: MakePlain, crypto_actor: MakeCrypto
) -> None:
    mallory = await plain_actor("Mallory")
    device = json.loads(bot.notebook.values["login"])["device"]
    claim = {"one_time_keys": {bot.id: {device: "signed_curve25519"}}}
    claimed = [await mallory.request("POST", "/_matrix/client/v3/keys/claim", claim) for _ in range(60)]
    assert all(answer["one_time_keys"] for answer in claimed)
    alice = await crypto_actor("Alice")
    room = await talk(alice, bot)
    await alice.say(room, "still reached")
    await bot.heard("still reached")
