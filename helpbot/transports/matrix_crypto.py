"""The guarded client: encryption through nio, with everything that a stranger can break kept from it.

Rule: nio keeps the keys and does the cryptography, one key, device or message at a time, because whatever somebody made
up must cost that one alone.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from nio import MatrixRoom, MegolmEvent, RoomKeyEvent
from nio.crypto import OlmDevice, OutboundGroupSession
from nio.events import OlmEvent, ToDeviceEvent

from helpbot.transports.base import TryLater
from helpbot.transports.matrix_http import JsonDict, as_dict, dicts, path
from helpbot.transports.matrix_keys import HOSTILE, KeysClient
from helpbot.transports.matrix_keystore import FAULTS

log = structlog.get_logger(__name__)

_SHARE_TRIES = 3
_READER = 600.0  # seconds that words wait for a device that can be given their key, from when that failed first
_AT_ONCE = 20  # devices that a key is sealed for without a pause


class GuardedClient(KeysClient):
    """One login at a homeserver, that reads and writes what is encrypted."""

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
                        with self.olm.session_store.only_of(event.sender):
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
            self._told_fallback(unused="signed_curve25519" in unused)
        changed = as_dict(answer.get("device_lists")).get("changed")
        if isinstance(changed, list):
            asked = self.olm.tracked_users | self.users_for_key_query
            known = {user for user in changed if isinstance(user, str) and user in asked}
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
                if not isinstance(megolm, MegolmEvent):
                    return None
                with self.olm.session_store.only_of(megolm.sender):
                    clear = self.olm.decrypt_megolm_event(megolm, room)
            except HOSTILE:
                return None
            finally:
                keys = self.olm.inbound_group_store[room]  # nio keeps an empty place for whatever it looks up
                for key in [key for key, found in keys.items() if not found]:
                    del keys[key]
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
        if session is None or session.expired:
            session = self._new_session(room)
        devices = self._without_key(known, session)
        await self._claim_keys(self._without_session(devices))
        for first in range(0, len(devices), _AT_ONCE):
            with self._in_step(), self.olm.store.database.atomic():  # one commit, because each takes its time
                sealed = self._sealed(devices[first : first + _AT_ONCE], room, session)
            if sealed:
                await self.call("PUT", path("sendToDevice", "m.room.encrypted", uuid.uuid4().hex), {"messages": sealed})
            session.users_shared_with.update((user, name) for user, names in sealed.items() for name in names)
        self._expect_a_key(known, session)
        session.shared = True

    def _devices(self, room: MatrixRoom) -> list[OlmDevice]:
        """Return all devices of a room's members but this one."""
        found = [device for user in room.users for device in self.device_store.active_user_devices(user)]
        return [device for device in found if (device.user_id, device.id) != (self.user_id, self.device_id)]

    def _without_session(self, devices: Sequence[OlmDevice]) -> list[OlmDevice]:
        with self._in_step():
            return [device for device in devices if self._session_with(device) is None]

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

    def _expect_a_key(self, room: MatrixRoom, session: OutboundGroupSession) -> None:
        """Raise TryLater when no other person's device could be given the key, until that was tried long enough."""
        others = [(one.user_id, one.id) for one in self._devices(room) if one.user_id != self.user_id]
        if not others or any(one in session.users_shared_with for one in others):
            return
        now = asyncio.get_running_loop().time()
        since = [first for one in others if (first := self._claiming.since(one)) is not None]
        if any(now < first + _READER for first in since):
            raise TryLater("no device in this room can be given the key now", doubtful=False)

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
