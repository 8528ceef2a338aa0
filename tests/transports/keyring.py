"""People with real devices, and a client whose homeserver is those people: nothing but the network is left out."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import vodozemac
from vodozemac import Account, AnyOlmMessage, Curve25519PublicKey, PreKeyMessage

from helpbot.transports.matrix_crypto import GuardedClient
from helpbot.transports.matrix_http import JsonDict

BOT, MARIE, MALLORY = "@bot:test", "@marie:test", "@mallory:test"
ROOM, HIS_ROOM = "!room:test", "!his:test"
OLM, MEGOLM = "m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2"
FAILS: tuple[int, Mapping[str, str], object] = (500, {}, {"errcode": "M_UNKNOWN", "error": "Internal server error"})


class Device:
    """One device; with another's `curve_key` it says of that key that it is its own."""

    def __init__(self, user: str, name: str = "PHONE", curve_key: str | None = None) -> None:
        self.user, self.name = user, name
        self.account = Account()
        self.curve_key = curve_key or self.account.curve25519_key.to_base64()
        self.has_one_time_keys = True
        self.sessions: list[vodozemac.Session] = []
        keys = {f"ed25519:{name}": self.account.ed25519_key.to_base64(), f"curve25519:{name}": self.curve_key}
        self.public = self.signed({"user_id": user, "device_id": name, "algorithms": [OLM, MEGOLM], "keys": keys})

    def signed(self, thing: JsonDict) -> JsonDict:
        text = json.dumps(thing, separators=(",", ":"), sort_keys=True)
        signature = self.account.sign(text.encode()).to_base64()
        return {**thing, "signatures": {self.user: {f"ed25519:{self.name}": signature}}}

    def one_time_key(self) -> JsonDict:
        """Return a fresh one, as a homeserver hands it out."""
        if not self.has_one_time_keys:
            return {}
        self.account.generate_one_time_keys(1)
        ((name, key),) = self.account.one_time_keys.items()
        self.account.mark_keys_as_published()
        return {f"signed_curve25519:{name}": self.signed({"key": key.to_base64()})}

    def begin(self, bot: GuardedClient, key: str) -> vodozemac.Session:
        """Begin a session with one of the bot's keys."""
        own = Curve25519PublicKey.from_base64(bot.olm.account.identity_keys["curve25519"])
        self.sessions.append(self.account.create_outbound_session(own, Curve25519PublicKey.from_base64(key)))
        return self.sessions[-1]

    def begin_elsewhere(self) -> vodozemac.Session:
        """Return a session under way, that the bot does not know."""
        other = Account()
        other.generate_one_time_keys(1)
        ((_, key),) = other.one_time_keys.items()
        session = self.account.create_outbound_session(other.curve25519_key, key)
        begun = session.encrypt(b"").to_pre_key()
        assert begun is not None
        answering, _ = other.create_inbound_session(self.account.curve25519_key, begun)
        session.decrypt(answering.encrypt(b""))
        return session

    def writes(self, bot: GuardedClient, session: vodozemac.Session, **changes: Any) -> JsonDict:
        """Return a to-device message that says nothing."""
        keys = bot.olm.account.identity_keys
        payload = {
            "sender": self.user, "sender_device": self.name, "keys": {"ed25519": self.account.ed25519_key.to_base64()},
            "recipient": BOT, "recipient_keys": {"ed25519": keys["ed25519"]}, "type": "m.dummy", "content": {},
        }  # fmt: skip
        kind, sealed = session.encrypt(json.dumps(payload).encode()).to_parts()
        ciphertext = {keys["curve25519"]: {"type": kind, "body": base64.b64encode(sealed).decode().rstrip("=")}}
        content = {"algorithm": OLM, "sender_key": self.curve_key, "ciphertext": ciphertext, **changes}
        return {"type": "m.room.encrypted", "sender": self.user, "content": content}

    def reads(self, sealed: JsonDict) -> JsonDict | None:
        """Return what a to-device message holds, None when it cannot be opened."""
        own = sealed["ciphertext"][self.curve_key]
        sender = Curve25519PublicKey.from_base64(sealed["sender_key"])
        raw = base64.b64decode(own["body"] + "==")
        message = PreKeyMessage.from_base64(own["body"]).to_any() if own["type"] == 0 else AnyOlmMessage.normal(raw)
        for session in self.sessions:
            try:
                return dict(json.loads(session.decrypt(message)))
            except vodozemac.OlmDecryptionException:
                continue
        if own["type"] != 0:
            return None
        try:
            session, text = self.account.create_inbound_session(sender, PreKeyMessage.from_base64(own["body"]))
        except vodozemac.SessionCreationException:
            return None
        self.sessions.append(session)
        return dict(json.loads(text))


class Client(GuardedClient):
    """The bot's client in a network of these devices; `people` says who else is in a room."""

    def __init__(self, folder: Path, *devices: Device) -> None:
        folder.mkdir(exist_ok=True)
        super().__init__("http://127.0.0.1:1", BOT, folder, "secret")
        self.known: list[Device] = list(devices)
        self.people = {ROOM: [MARIE]}
        self.hidden: set[str] = set()  # whose devices the homeserver knows nothing of
        self.unclaimable: set[str] = set()  # whose presence makes a claim fail
        self.claimed: list[Mapping[str, Any]] = []
        self.uploads: list[JsonDict] = []
        self.fails_uploads = False
        self.sent: list[tuple[str, str, JsonDict]] = []
        self.open("DEVICE", "token")

    async def ask(
        self, method: str, where: str, body: Any = None, **more: Any
    ) -> tuple[int, Mapping[str, str], object]:
        """Answer as a homeserver does."""
        await asyncio.sleep(0)
        match where.removeprefix("/_matrix/client/v3/").split("/"):
            case ["rooms", room, "joined_members"]:
                users = [*self.people[room.replace("%21", "!").replace("%3A", ":")], BOT]
                return 200, {}, {"joined": {user: {} for user in users}}
            case ["keys", "query"]:
                return 200, {}, {"device_keys": self._published(body["device_keys"])}
            case ["keys", "claim"]:
                return await self.claim(body["one_time_keys"])
            case ["keys", "upload"]:
                self.uploads.append(body)
                return FAILS if self.fails_uploads else (200, {}, {"one_time_key_counts": {"signed_curve25519": 50}})
            case ["sendToDevice", *_]:
                for user, messages in body["messages"].items():
                    self.sent += [(user, name, sealed) for name, sealed in messages.items()]
                return 200, {}, {}
        raise AssertionError(where)

    async def claim(self, wanted: JsonDict) -> tuple[int, Mapping[str, str], object]:
        """Answer a question for one-time keys."""
        self.claimed.append(wanted)
        if self.unclaimable & wanted.keys():
            return FAILS
        told: dict[str, JsonDict] = {user: {} for user in wanted}
        for device in self.known:
            if device.name in wanted.get(device.user, {}) and (key := device.one_time_key()):
                told[device.user][device.name] = key
        return 200, {}, {"one_time_keys": told}

    def _published(self, users: Mapping[str, Any]) -> JsonDict:
        seen = [one for one in self.known if one.user not in self.hidden]
        return {
            user: {one.name: json.loads(json.dumps(one.public)) for one in seen if one.user == user} for user in users
        }

    async def say(self, room: str = ROOM, body: str = "hello") -> JsonDict:
        """Return a message encrypted for a room."""
        return await self.encrypted(room, "m.room.message", {"body": body})

    def sent_to(self, device: Device) -> list[JsonDict]:
        """Return what was sent to a device, still sealed; each once."""
        found = [sealed for user, name, sealed in self.sent if (user, name) == (device.user, device.name)]
        self.sent = [one for one in self.sent if one[:2] != (device.user, device.name)]
        return found

    def one_time_key(self) -> str:
        """Return a one-time key of the bot's own."""
        self.olm.account.generate_one_time_keys(1)
        ((_, key),) = self.olm.account._account.one_time_keys.items()
        self.olm.account.mark_keys_as_published()
        return str(key.to_base64())

    def fallback_key(self) -> str:
        """Return a fallback key of the bot's own, anew."""
        self.olm.account._account.generate_fallback_key()
        ((_, key),) = self.olm.account._account.fallback_key.items()
        self.olm.account.mark_keys_as_published()
        return str(key.to_base64())

    async def hears(self, *messages: JsonDict) -> int:
        """Take in to-device messages."""
        return await self.take_key_news({"to_device": {"events": list(messages)}})
