"""The client's keys through nio: its own given out, other people's devices learned, sessions made with them.

Rule: one user, device or message at a time, because whatever somebody made up must cost that one alone.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
import vodozemac
from nio.crypto import OlmDevice, Session
from nio.event_builders import DummyMessage
from nio.exceptions import EncryptionError, LocalProtocolError
from nio.responses import KeysClaimResponse, KeysUploadResponse

from helpbot.transports.matrix_client import HttpClient
from helpbot.transports.matrix_devices import Asking, Later
from helpbot.transports.matrix_http import Barred, JsonDict, LoginGone, as_dict, fault, is_away, path
from helpbot.transports.matrix_keystore import FAULTS, not_kept
from helpbot.transports.matrix_sessions import NOBODY

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
    RuntimeError,  # what a StopIteration becomes in a coroutine, and too deep a recursion
    StopIteration,
)
_REMOTE_MS = 5000  # that other servers have to tell their people's devices
_QUERY_PATIENCE = 20.0  # seconds
_DEVICES = 200  # of one person; more are as if they did not exist
_AT_ONCE = 20  # devices that are taken in without a pause
_FALLBACK_LASTS = 600.0  # seconds for which a fallback key is kept once it is used


class KeysClient(HttpClient):
    """One login at a homeserver, and the keys that it has and knows."""

    def __init__(self, homeserver: str, user: str, store: Path | None, pickle_key: str) -> None:
        super().__init__(homeserver, user, store, pickle_key)
        self._fallback_used: float | None = None  # since when the homeserver says so, in the loop's time
        self._out_of_step = False
        self._asking = Asking()
        self._claiming: Later[tuple[str, str]] = Later()  # devices, of which no one-time key could be had

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

    async def look_after_keys(self) -> None:
        """Do what the last sync asked for: upload one-time keys, learn of devices, mend broken sessions."""
        if self.olm is None:
            return
        await self._upload_keys()
        await self._query_keys(self._asking.due(self.users_for_key_query, asyncio.get_running_loop().time()))
        if self.should_claim_keys:
            self.olm.key_request_devices_no_session.clear()
            wedged = list(self.olm.wedged_devices)
            await self._claim_keys(wedged)
            # What could not be mended now is marked again when it fails again; others may have been marked meanwhile.
            self.olm.wedged_devices[:] = [one for one in self.olm.wedged_devices if one not in wedged]
            self.olm.key_re_requests_events.clear()  # nio would keep them for ever
        messages = [message for message in self.outgoing_to_device_messages if isinstance(message, DummyMessage)]
        self.outgoing_to_device_messages.clear()  # the rest asks for keys, which nobody gives to a bot
        for message in messages:
            await self.call("PUT", path("sendToDevice", message.type, uuid.uuid4().hex), message.as_dict())

    async def _upload_keys(self) -> None:
        with self._in_step():
            body: JsonDict = {}
            if not self.olm.account.shared:
                body["device_keys"] = self._device_keys()
            if self.should_upload_keys:
                body["one_time_keys"] = self._one_time_keys()
            if self._is_fallback_due():
                body["fallback_keys"] = self._fallback_key()
            if not body:
                return
            self.olm.save_account()  # first, because keys that others have and we lost cannot be read nor replaced
        answer = await self.call("POST", path("keys", "upload"), body, holds={"one_time_key_counts": dict})
        count = as_dict(answer.get("one_time_key_counts")).get("signed_curve25519")
        with self._in_step():
            self.olm.handle_response(KeysUploadResponse(0, count if isinstance(count, int) else 0))
        self._fallback_used = None

    def _told_fallback(self, *, unused: bool) -> None:
        """Keep what the homeserver says of the fallback key."""
        if unused:
            self._fallback_used = None
        elif self._fallback_used is None:
            self._fallback_used = asyncio.get_running_loop().time()

    def _is_fallback_due(self) -> bool:
        """Tell whether there is to be a new fallback key.

        Not as soon as one is used: the account opens what is written with the last two, so that whoever uses them up
        one after the other would make what others began with them meanwhile unreadable.
        """
        if not self.olm.account.shared:
            return True
        used = self._fallback_used
        return used is not None and asyncio.get_running_loop().time() >= used + _FALLBACK_LASTS

    def _device_keys(self) -> JsonDict:
        own = self.olm.account.identity_keys
        keys = {f"{kind}:{self.device_id}": key for kind, key in own.items()}
        algorithms = self.olm._algorithms
        device = {"user_id": self.user_id, "device_id": self.device_id, "algorithms": algorithms, "keys": keys}
        return self._signed(device)

    def _one_time_keys(self) -> JsonDict:
        """Return those that were not taken yet, else as many new ones as there is room for.

        Not new ones at each try: the account lets the oldest go when it has too many, and people may hold those.
        """
        account = self.olm.account._account
        if not account.one_time_keys:
            room = account.max_number_of_one_time_keys
            account.generate_one_time_keys(room - min(max(self.olm.uploaded_key_count or 0, 0), room))
        return {
            f"signed_curve25519:{name}": self._signed({"key": key.to_base64()})
            for name, key in account.one_time_keys.items()
        }

    def _fallback_key(self) -> JsonDict:
        account = self.olm.account._account  # nio has no fallback keys; the account below it has
        if not account.fallback_key:
            account.generate_fallback_key()
        return {
            f"signed_curve25519:{name}": self._signed({"key": key.to_base64(), "fallback": True})
            for name, key in account.fallback_key.items()
        }

    def _signed(self, thing: JsonDict) -> JsonDict:
        signature = self.olm.sign_json(thing)
        return {**thing, "signatures": {self.user_id: {f"ed25519:{self.device_id}": signature}}}

    async def _query_keys(self, users: Collection[str]) -> None:
        """Learn these people's devices; of whom nothing can be told now is asked again after a while."""
        if not users:
            return
        turn = self._asking.begin()
        async for asked, told in self._ask_apart("query", "device_keys", {user: [] for user in users}):
            for user in asked:
                if user in told:
                    await self._learn_devices(user, as_dict(told[user]), turn)
            self._miss([user for user in asked if user not in told])

    async def _ask_apart(
        self, what: str, field: str, asked: Mapping[str, object]
    ) -> AsyncIterator[tuple[list[str], JsonDict]]:
        """Tell some of these people, and what there is of their keys, user → device → keys, until it was all of them.

        Together, and when that is refused each by herself: what one of them published must not hide the others.
        """
        waiting = [sorted(asked)]
        while waiting:
            users = waiting.pop()
            body = {"timeout": _REMOTE_MS, field: {user: asked[user] for user in users}}
            status, answered, answer = await self.ask("POST", path("keys", what), body, patience=_QUERY_PATIENCE)
            told = as_dict(answer).get(field)
            if status < 300 and isinstance(told, dict):
                yield users, told
                continue
            error = fault(status, answered, answer)
            if status < 300 or status == 429 or is_away(status, answer) or isinstance(error, LoginGone | Barred):
                raise error
            half = len(users) // 2
            if half:
                waiting += [users[half:], users[:half]]
            else:
                yield users, {}

    def _miss(self, users: Collection[str]) -> None:
        if users:
            log.warning("devices_unknown", users=sorted(users)[:5], count=len(users), does="asks again later")
            self._asking.missed(users, asyncio.get_running_loop().time())

    async def _learn_devices(self, user: str, told: JsonDict, turn: int) -> None:
        """Take in what an answer tells of somebody, some devices at a time, unless a newer answer overtakes it."""
        if not self._asking.fresh({user}, turn):
            return
        self.olm.tracked_users.add(user)  # also one without devices: her first is news
        known = self.device_store[user]
        names = sorted(told, key=lambda name: name not in known or known[name].deleted)  # those in use come first
        if len(names) > _DEVICES:
            log.warning("devices_ignored", user=user, count=len(names) - _DEVICES, why="nobody uses so many")
        sound: set[str] = set()
        for first in range(0, min(len(names), _DEVICES), _AT_ONCE):
            part = names[first : min(first + _AT_ONCE, _DEVICES)]
            taken = {name: told[name] for name in part if self._is_sound(user, name, told[name])}
            with self._in_step():
                self._take_devices(user, taken)
            sound |= taken.keys()
            await asyncio.sleep(0)
            if not self._asking.is_latest(user, turn):
                return
        with self._in_step():
            self._drop_devices(user, sound)
        if self._asking.is_settled(user, turn):
            self.users_for_key_query.discard(user)

    def _take_devices(self, user: str, told: Mapping[str, JsonDict]) -> None:
        """Keep devices as they are told, also when they were gone; with another signing key one is not believed."""
        known = self.device_store[user]
        changed: dict[str, OlmDevice] = {}
        for name, keys in told.items():
            if (user, name) == (self.user_id, self.device_id):
                continue
            signing, curve = keys["keys"][f"ed25519:{name}"], keys["keys"][f"curve25519:{name}"]
            device = known.get(name)
            if device is None:
                device = known[name] = OlmDevice(user, name, {"ed25519": signing, "curve25519": curve})
            elif device.ed25519 != signing:
                log.warning("device_ignored", user=user, why="its keys are not those that it had")
                continue
            elif device.curve25519 == curve and not device.deleted:
                continue
            device.curve25519, device.deleted = curve, False
            changed[name] = device
        self._keep_devices(user, changed)

    def _drop_devices(self, user: str, told: Collection[str]) -> None:
        gone = {device.id: device for device in self.device_store.active_user_devices(user) if device.id not in told}
        for device in gone.values():
            device.deleted = True
        self._keep_devices(user, gone)

    def _keep_devices(self, user: str, changed: Mapping[str, OlmDevice]) -> None:
        if not changed:
            return
        self.olm.store.save_device_keys({user: changed})
        for room in self.rooms.values():
            if user in room.users:
                self.invalidate_outbound_session(room.room_id)

    def _is_sound(self, user: str, device: str, keys: Any) -> bool:
        """Tell whether a device may be used at all; one that is not is as if it did not exist."""
        try:
            vodozemac.Curve25519PublicKey.from_base64(keys["keys"][f"curve25519:{device}"])
            sound = (keys["user_id"], keys["device_id"]) == (user, device)
            sound = sound and self.olm.verify_json(keys, keys["keys"][f"ed25519:{device}"], user, device)
        except HOSTILE:
            sound = False
        if not sound:
            log.warning("device_ignored", user=user, why="its keys are not valid")
        return bool(sound)

    async def _claim_keys(self, wanted: Iterable[OlmDevice]) -> None:
        """Make a session with each of these devices; one of which no key can be had is asked again after a while."""
        now = asyncio.get_running_loop().time()
        due = self._claiming.due(((device.user_id, device.id) for device in wanted), now)
        asked: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for user, name in sorted(due):
            asked[user][name] = "signed_curve25519"
        if not asked:
            return
        async for users, told in self._ask_apart("claim", "one_time_keys", asked):
            for user in users:
                for name in asked[user]:
                    if self._make_session(user, name, as_dict(as_dict(told.get(user)).get(name))):
                        self._claiming.worked({(user, name)})
                    else:
                        self._claiming.missed({(user, name)}, now)
                    await asyncio.sleep(0)

    def _make_session(self, user: str, name: str, keys: JsonDict) -> bool:
        """Tell whether a device's one-time key made a new session."""
        device = self.device_store[user].get(name)
        if device is None or not keys:
            return False
        with self._in_step(), self.olm.store.database.atomic():
            sessions = self.olm.session_store
            before = {session.id for session in sessions.own(user, device.curve25519)}
            try:
                with sessions.only_of(user):
                    self.olm.handle_response(KeysClaimResponse({user: {name: keys}}, {}))
            except HOSTILE:
                log.warning("device_ignored", user=user, why="its one-time key is not valid")
            return any(session.id not in before for session in sessions.own(user, device.curve25519))

    def _session_with(self, device: OlmDevice) -> Session | None:
        """Return the session to seal for a device with: its own, or nobody's while nobody else has its key."""
        key = device.curve25519
        for session in self.olm.session_store.own(device.user_id, key):
            return session
        for session in self.olm.session_store.own(NOBODY, key):
            if all(one.user_id == device.user_id for one in self.device_store if one.curve25519 == key):
                return session
        return None
