"""The guarded client: keys and encryption through nio, with everything that a stranger can break kept from it.

Rule: nio keeps the keys and does the cryptography, one key, device or message at a time, because whatever somebody made
up must cost that one alone.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
import vodozemac
from nio import MatrixRoom, MegolmEvent, RoomKeyEvent
from nio.crypto import OlmDevice, OutboundGroupSession, Session
from nio.event_builders import DummyMessage
from nio.events import OlmEvent, ToDeviceEvent
from nio.exceptions import EncryptionError, LocalProtocolError
from nio.responses import KeysClaimResponse, KeysQueryResponse, KeysUploadResponse

from helpbot.transports.base import TryLater
from helpbot.transports.matrix_client import HttpClient
from helpbot.transports.matrix_devices import Asking
from helpbot.transports.matrix_http import Barred, JsonDict, LoginGone, as_dict, dicts, fault, is_away, path
from helpbot.transports.matrix_keystore import FAULTS, not_kept

log = structlog.get_logger(__name__)

# What nio and vodozemac raise on input that somebody made up; all of vodozemac's exceptions are ValueErrors.
HOSTILE = (
    EncryptionError,
    LocalProtocolError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    RecursionError,
)
_SHARE_TRIES = 3
_REMOTE_MS = 5000  # that other servers have to tell their people's devices
_QUERY_PATIENCE = 20.0  # seconds
_AT_ONCE = 20  # devices that a key is sealed for without a pause


class GuardedClient(HttpClient):
    """One login at a homeserver, with its keys."""

    def __init__(self, homeserver: str, user: str, store: Path | None, pickle_key: str) -> None:
        super().__init__(homeserver, user, store, pickle_key)
        self._wants_fallback_key = False
        self._out_of_step = False
        self._asking = Asking()

    @contextmanager
    def _in_step(self) -> Iterator[None]:
        """Keep the keys in memory as they are in the store: without an await, because others use them meanwhile.

        Raises TryLater when the store fails. Memory may be ahead of it then, and is read from it again before it is
        used: what another step wrote of it would make the loss of a key that was rolled back final.
        """
        try:
            if self._out_of_step:
                self.olm.load()
                self.olm.account = self.olm.store.load_account()
                self._out_of_step = False
            yield
        except FAULTS as error:
            self._out_of_step = True
            raise not_kept(error, self.olm.store.database_path) from None

    # --- what a sync says about keys

    async def take_key_news(self, answer: Mapping[str, Any]) -> int:
        """Take in the to-device messages and key counts of a sync; return how many room keys came."""
        if self.olm is None:
            return 0
        keys = dropped = 0
        for raw in dicts(as_dict(answer.get("to_device")).get("events")):
            # One transaction, because nio keeps what a message uses up before it keeps the key that it brings: killed
            # in between, it could never read that message again.
            with self._in_step(), self.olm.store.database.atomic():
                try:
                    event = ToDeviceEvent.parse_event(raw)
                    if isinstance(event, OlmEvent):  # no verification, no key requests: the bot does neither
                        keys += isinstance(self.olm.handle_to_device_event(event), RoomKeyEvent)
                except HOSTILE:
                    dropped += 1
            await asyncio.sleep(0)
        if dropped:
            log.warning("key_messages_dropped", count=dropped, why="they could not be read")
        count = as_dict(answer.get("device_one_time_keys_count")).get("signed_curve25519")
        if isinstance(count, int):
            self.olm.uploaded_key_count = count  # 0 as well: nio itself takes that for "not told"
        unused = answer.get("device_unused_fallback_key_types")
        if isinstance(unused, list):
            self._wants_fallback_key = "signed_curve25519" not in unused
        changed = as_dict(answer.get("device_lists")).get("changed")
        if isinstance(changed, list):
            known = {user for user in changed if isinstance(user, str) and user in self.olm.tracked_users}
            self.olm.add_changed_users(known)
            self._asking.changed(known)
        return keys

    def decrypted(self, event: Mapping[str, Any], room: str) -> JsonDict | None:
        """Return an encrypted event in the clear, or None while (or because) that is not possible.

        All but type and content comes from the event as the server gave it: a payload has no say in who, where, when.
        """
        if self.olm is None:
            return None
        with self._in_step():
            try:
                megolm = MegolmEvent.from_dict({**event, "room_id": room})
                clear = self.olm.decrypt_megolm_event(megolm, room) if isinstance(megolm, MegolmEvent) else None
            except HOSTILE:
                return None
        payload = getattr(clear, "source", None)
        if not isinstance(payload, dict) or payload.get("room_id") != room or "state_key" in payload:
            return None
        kind, content = payload.get("type"), payload.get("content")
        if not isinstance(kind, str) or not isinstance(content, dict):
            return None
        outside = as_dict(event.get("content")).get("m.relates_to")
        if "m.relates_to" not in content and outside is not None:
            content = {**content, "m.relates_to": outside}
        return {**event, "type": kind, "content": content}

    async def look_after_keys(self) -> None:
        """Do what the last sync asked for: upload one-time keys, learn of devices, mend broken sessions."""
        if self.olm is None:
            return
        await self._upload_keys()
        await self._query_keys(self._asking.due(self.users_for_key_query, asyncio.get_running_loop().time()))
        if self.should_claim_keys:
            wedged = dict(self.get_users_for_key_claiming())
            self.olm.key_request_devices_no_session.clear()
            await self._claim_keys(wedged)
            self.olm.wedged_devices.clear()  # what could not be mended now is marked again when it fails again
        messages = [message for message in self.outgoing_to_device_messages if isinstance(message, DummyMessage)]
        self.outgoing_to_device_messages.clear()  # the rest asks for keys, which nobody gives to a bot
        for message in messages:
            await self.call("PUT", path("sendToDevice", message.type, uuid.uuid4().hex), message.as_dict())

    async def _upload_keys(self) -> None:
        with self._in_step():
            body: JsonDict = self.olm.share_keys() if self.should_upload_keys else {}
            if self._wants_fallback_key:
                body["fallback_keys"] = self._fallback_key()
            if not body:
                return
            self.olm.save_account()  # first, because keys that others have and we lost cannot be read nor replaced
        answer = await self.call("POST", path("keys", "upload"), body, holds={"one_time_key_counts": dict})
        count = as_dict(answer.get("one_time_key_counts")).get("signed_curve25519")
        with self._in_step():
            self.olm.handle_response(KeysUploadResponse(0, count if isinstance(count, int) else 0))
        self._wants_fallback_key = False

    def _fallback_key(self) -> JsonDict:
        account = self.olm.account._account  # nio has no fallback keys; the account below it has
        if not account.fallback_key:
            account.generate_fallback_key()
        signed: JsonDict = {}
        for name, key in account.fallback_key.items():
            value: JsonDict = {"key": key.to_base64(), "fallback": True}
            signature = self.olm.sign_json(value)
            value["signatures"] = {self.user_id: {f"ed25519:{self.device_id}": signature}}
            signed[f"signed_curve25519:{name}"] = value
        return signed

    async def _query_keys(self, users: Collection[str]) -> None:
        """Learn these people's devices; of whom nothing can be told now is asked again after a while.

        Together, and when that is refused each by herself: what one of them published must not hide the others.
        """
        if not users:
            return
        turn = self._asking.begin()
        body: JsonDict = {"timeout": _REMOTE_MS, "device_keys": {user: [] for user in users}}
        status, answered, answer = await self.ask("POST", path("keys", "query"), body, patience=_QUERY_PATIENCE)
        told = as_dict(answer).get("device_keys")
        if status < 300 and isinstance(told, dict):
            self._learn_devices({user: as_dict(told[user]) for user in users if user in told}, turn)
            self._miss([user for user in users if user not in told])
            return
        error = fault(status, answered, answer)
        if status < 300 or status == 429 or is_away(status, answer) or isinstance(error, LoginGone | Barred):
            raise error
        if len(users) == 1:
            self._miss(users)
            return
        ordered = sorted(users)
        for part in (ordered[: len(users) // 2], ordered[len(users) // 2 :]):
            await self._query_keys(part)

    def _miss(self, users: Collection[str]) -> None:
        if users:
            log.warning("devices_unknown", users=sorted(users)[:5], count=len(users), does="asks again later")
            self._asking.missed(users, asyncio.get_running_loop().time())

    def _learn_devices(self, told: Mapping[str, JsonDict], turn: int) -> None:
        fresh = self._asking.fresh(told, turn)
        devices = {
            user: {name: keys for name, keys in told[user].items() if self._is_sound(user, name, keys)}
            for user in fresh
        }
        with self._in_step():
            try:
                self._handle_olm_response(KeysQueryResponse(devices, {}))
            except FAULTS:
                self.users_for_key_query.update(devices)  # nio has them for known
                raise
        self.users_for_key_query.update(user for user in fresh if not self._asking.is_settled(user, turn))

    def _is_sound(self, user: str, device: str, keys: Any) -> bool:
        """Tell whether a device may be used at all; one that is not is as if it did not exist."""
        try:
            vodozemac.Curve25519PublicKey.from_base64(keys["keys"][f"curve25519:{device}"])
            sound = (keys["user_id"], keys["device_id"]) == (user, device)
            sound = sound and self.olm.verify_json(keys, keys["keys"][f"ed25519:{device}"], user, device)
            keys["unsigned"] = {}  # a device's display name means nothing to us
        except HOSTILE:
            sound = False
        if not sound:
            log.warning("device_ignored", user=user, why="its keys are not valid")
        return bool(sound)

    async def _claim_keys(self, wanted: Mapping[str, Sequence[str]]) -> None:
        asked = {user: dict.fromkeys(devices, "signed_curve25519") for user, devices in wanted.items() if devices}
        if not asked:
            return
        body = {"timeout": _REMOTE_MS, "one_time_keys": asked}
        answer = await self.call("POST", path("keys", "claim"), body, holds={"one_time_keys": dict})
        for user, devices in as_dict(answer.get("one_time_keys")).items():
            for device, keys in as_dict(devices).items():
                with self._in_step(), self.olm.store.database.atomic():
                    self._make_session(user, device, keys)
            await asyncio.sleep(0)

    def _make_session(self, user: str, name: str, keys: Any) -> None:
        device = self.device_store[user].get(name)
        if device is None:
            return
        sessions = self.olm.session_store[device.curve25519]
        before = {session.id for session in sessions}
        try:
            self.olm.handle_response(KeysClaimResponse({user: {name: keys}}, {}))
        except HOSTILE:
            log.warning("device_ignored", user=user, why="its one-time key is not valid")
        for session in sessions:
            if session.id not in before:
                self.olm.store.make_for(session.id, user, name)

    def _session_with(self, device: OlmDevice) -> Session | None:
        """Return the session to seal for a device with: one that it began, or that its own one-time key made.

        nio knows sessions by the Curve25519 key alone, and whoever publishes another's as his own would have the bot
        make one that neither of them can open.
        """
        for session in self.olm.session_store[device.curve25519]:
            if self.olm.store.is_for(session.id, device.user_id, device.id):
                return session
        return None

    # --- sending encrypted

    def forget_members(self, room: str) -> None:
        """Know nothing of a room's members any more, because they changed: the next message gets new keys."""
        if self.olm is not None:
            self.rooms.pop(room, None)
            self.olm.outbound_group_sessions.pop(room, None)

    async def encrypted(self, room: str, kind: str, content: JsonDict) -> JsonDict:
        """Return the content encrypted for all joined devices; one call a room at a time."""
        for _ in range(_SHARE_TRIES):
            await self._share_session(room)
            session = self.olm.outbound_group_sessions.get(room)
            if session is not None and session.shared and room in self.rooms:
                break
        else:
            raise TryLater("the room's members change too fast")
        payload = {"type": kind, "content": content, "room_id": room}
        message: JsonDict = {
            "algorithm": "m.megolm.v1.aes-sha2",
            "sender_key": self.olm.account.identity_keys["curve25519"],
            "ciphertext": session.encrypt(json.dumps(payload, ensure_ascii=False)),
            "session_id": session.id,
            "device_id": self.device_id,
        }
        if "m.relates_to" in content:
            message["m.relates_to"] = content["m.relates_to"]  # in the clear, for the server to relate them
        return message

    async def _share_session(self, room: str) -> None:
        """See that every device of the members has the room's current key.

        This is nio's share_group_session without its flag that stays set for ever when a request fails, and without
        taking a key for shared that never arrived.
        """
        known = self.rooms.get(room) or await self._learn_members(room)
        await self._query_keys(self._asking.first(self.users_for_key_query & known.users.keys()))
        self._expect_a_reader(known)
        await self._trust(known)
        session = self.olm.outbound_group_sessions.get(room)
        if session is not None and session.shared and not session.expired:
            return
        if session is None or session.expired:
            session = self._new_session(room)
        await self._claim_keys(self._without_session(known))
        devices = self._without_key(known, session)
        for first in range(0, len(devices), _AT_ONCE):
            with self._in_step():
                sealed = self._sealed(devices[first : first + _AT_ONCE], room, session)
            await self.call("PUT", path("sendToDevice", "m.room.encrypted", uuid.uuid4().hex), {"messages": sealed})
            session.users_shared_with.update((user, name) for user, names in sealed.items() for name in names)
        session.shared = True

    def _devices(self, room: MatrixRoom) -> list[OlmDevice]:
        """Return all devices of a room's members but this one."""
        found = [device for user in room.users for device in self.device_store.active_user_devices(user)]
        return [device for device in found if (device.user_id, device.id) != (self.user_id, self.device_id)]

    def _without_session(self, room: MatrixRoom) -> dict[str, list[str]]:
        missing: defaultdict[str, list[str]] = defaultdict(list)
        with self._in_step():
            for device in self._devices(room):
                if self._session_with(device) is None:
                    missing[device.user_id].append(device.id)
        return missing

    def _without_key(self, room: MatrixRoom, session: OutboundGroupSession) -> list[OlmDevice]:
        had = session.users_shared_with
        return [one for one in self._devices(room) if (one.user_id, one.id) not in had and not one.blacklisted]

    def _sealed(self, devices: Sequence[OlmDevice], room: str, session: OutboundGroupSession) -> JsonDict:
        """Return a room's key, sealed for each of the devices that there is a session with: user → device → message."""
        key = {
            "algorithm": "m.megolm.v1.aes-sha2",
            "room_id": room,
            "session_id": session.id,
            "session_key": session.session_key,
        }
        sealed: defaultdict[str, JsonDict] = defaultdict(dict)
        for device in devices:
            olm = self._session_with(device)
            if olm is not None:
                sealed[device.user_id][device.id] = self.olm._olm_encrypt(olm, device, "m.room_key", key)
        return sealed

    def _new_session(self, room: str) -> OutboundGroupSession:
        with self._in_step():
            try:
                self.olm.create_outbound_group_session(room)
            except FAULTS:
                self.olm.outbound_group_sessions.pop(room, None)  # our own words could not be read again
                raise
        return self.olm.outbound_group_sessions[room]

    def _expect_a_reader(self, room: MatrixRoom) -> None:
        """Raise TryLater when nobody could read what is said, because nobody's devices can be told now."""
        others = room.users.keys() - {self.user_id}
        if any(any(self.device_store.active_user_devices(user)) for user in others):
            return
        if others & self.users_for_key_query:
            raise TryLater("the devices of who is in this room cannot be told now", doubtful=False)

    async def _learn_members(self, room: str) -> MatrixRoom:
        people = await self.joined(room)
        known = MatrixRoom(room, self.user_id, encrypted=True)
        for user, name in people.items():
            known.add_member(user, name, None)
        known.members_synced = True
        self.rooms[room] = known
        self.olm.update_tracked_users(known)
        return known

    async def _trust(self, room: MatrixRoom) -> None:
        """Trust a device the first time that it is seen; nio refuses one whose keys change later."""
        for user in list(room.users):
            for device in list(self.device_store.active_user_devices(user)):
                if not device.verified and not device.blacklisted:
                    with self._in_step():
                        self.verify_device(device)
                    await asyncio.sleep(0)
