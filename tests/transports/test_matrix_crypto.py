"""What the bot keeps of the keys that it is given, wherever it is killed over them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from nio.crypto import OlmDevice

from helpbot.transports.matrix_crypto import GuardedClient

ROOM = "!room:test"
BOT, MARIE = "@bot:test", "@marie:test"


def _client(user: str, folder: Path) -> GuardedClient:
    folder.mkdir(exist_ok=True)
    client = GuardedClient("http://127.0.0.1:1", user, folder, "secret")
    client.open("DEVICE", "token")
    return client


def _written_to(bot: GuardedClient, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a sync that brings a new room's key in a new session, and a message in that room."""
    marie = _client(MARIE, folder)
    keys = bot.olm.account.identity_keys
    uploaded = bot.olm.share_keys()["one_time_keys"]
    marie.olm.create_session(next(iter(uploaded.values()))["key"], keys["curve25519"])
    marie.olm.create_outbound_group_session(ROOM)
    room_key = marie.olm.outbound_group_sessions[ROOM]
    content = {
        "algorithm": "m.megolm.v1.aes-sha2", "room_id": ROOM, "session_id": room_key.id,
        "session_key": room_key.session_key, "chain_index": 0,
    }  # fmt: skip
    device = OlmDevice(BOT, "DEVICE", keys)
    sealed = marie.olm._olm_encrypt(marie.olm.session_store.get(keys["curve25519"]), device, "m.room_key", content)
    room_key.shared = True
    said = marie.olm.group_encrypt(ROOM, {"type": "m.room.message", "content": {"body": "my line is cut"}})
    message = {"type": "m.room.encrypted", "event_id": "$1", "sender": MARIE, "origin_server_ts": 1, "content": said}
    sync = {"to_device": {"events": [{"type": "m.room.encrypted", "sender": MARIE, "content": sealed}]}}
    return sync, message


async def test_a_bot_killed_over_a_key_reads_what_it_opens_when_the_key_comes_again(tmp_path: Path) -> None:
    bot = _client(BOT, tmp_path / "bot")
    bot.olm.account.generate_one_time_keys(1)
    sync, message = _written_to(bot, tmp_path / "marie")
    bot.olm.save_account()
    left: list[Path] = []

    def killed(statement: str) -> None:
        left.append(tmp_path / f"left-{len(left)}")
        shutil.copytree(tmp_path / "bot", left[-1])

    bot.olm.store.database.connection().set_trace_callback(killed)
    assert await bot.take_key_news(sync) == 1
    bot.olm.store.database.connection().set_trace_callback(None)
    assert bot.decrypted(message, ROOM) is not None
    assert len(left) > 5
    for folder in left:
        restarted = _client(BOT, folder)
        await restarted.take_key_news(sync)
        clear = restarted.decrypted(message, ROOM)
        assert clear is not None, f"lost for ever when killed before statement {left.index(folder)} of {len(left)}"
        assert clear["content"]["body"] == "my line is cut"
        restarted.olm.store.database.close()
