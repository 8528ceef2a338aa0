"""Cross-signing, which nio lacks: the account's own keys vouch for the bot's device, so that clients trust it.

Rule: the seeds are committed before the homeserver hears of their keys, and nothing counts as done because it was sent
or is there: only a signature that the homeserver shows and that holds.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping

import structlog
import vodozemac
from Crypto.PublicKey import ECC
from Crypto.Signature import eddsa

from helpbot.transports.base import Notebook
from helpbot.transports.matrix_crypto import GuardedClient
from helpbot.transports.matrix_http import Barred, JsonDict, Refused, as_dict, dicts, fault, path
from helpbot.transports.matrix_keys import HOSTILE

log = structlog.get_logger(__name__)

SIGNED = "signed"
_PROOF_WANTED = (
    "the homeserver wants the account's password for this: "
    "set matrix.password (HELPBOT_MATRIX__PASSWORD) for one start of helpbot"
)
_SEEDS = "cross_signing"  # JSON: user, and the seed of each key
_USAGES = ("master", "self_signing", "user_signing")
_PROOF = "m.login.password"


class _Unsigned(Exception):
    """The device cannot be signed now; the text says why, for people to read."""


class Identity:
    """The three cross-signing keys of an account, from their seeds."""

    def __init__(self, user: str, seeds: Mapping[str, bytes]) -> None:
        self._user = user
        self._seeds = {usage: seeds[usage] for usage in _USAGES}
        self._secrets = {usage: ECC.construct(curve="Ed25519", seed=seed) for usage, seed in self._seeds.items()}

    @classmethod
    def new(cls, user: str) -> Identity:
        """Return keys that nobody had before."""
        return cls(user, {usage: secrets.token_bytes(32) for usage in _USAGES})

    @classmethod
    def load(cls, kept: str | None, user: str) -> Identity | None:
        """Return the keys that `dump` wrote; None when there are none of this account."""
        told = as_dict(json.loads(kept or "{}"))
        if told.get("user") != user:
            return None
        return cls(user, {usage: _bytes(told[usage]) for usage in _USAGES})

    def dump(self) -> str:
        """Return the seeds as a text to keep secret."""
        return json.dumps({"user": self._user} | {usage: _text(seed) for usage, seed in self._seeds.items()})

    def public(self, usage: str) -> str:
        """Return a key's public half."""
        return _text(self._secrets[usage].public_key().export_key(format="raw"))

    def key(self, usage: str) -> JsonDict:
        """Return a key as the homeserver takes it; all but the master key are signed by that."""
        public = self.public(usage)
        bare: JsonDict = {"user_id": self._user, "usage": [usage], "keys": {f"ed25519:{public}": public}}
        return bare if usage == "master" else self.sign("master", bare)

    def sign(self, usage: str, thing: Mapping[str, object]) -> JsonDict:
        """Return a JSON object with one key's signature, and no other."""
        signature = eddsa.new(self._secrets[usage], "rfc8032").sign(_canonical(thing))
        return _with_signature(thing, self._user, self.public(usage), _text(signature))

    def has_signed(self, usage: str, thing: Mapping[str, object]) -> bool:
        """Tell whether a JSON object bears a signature of one of the keys that holds."""
        public = self.public(usage)
        return is_signed(thing, self._user, public, public)

    def missing(self, shown: Mapping[str, object]) -> list[str]:
        """Return which of the keys an answer to keys/query does not show, signed as they must be."""
        return [usage for usage in _USAGES if not self._is_published(usage, _key_of(shown, usage, self._user))]

    def is_rivalled(self, shown: Mapping[str, object]) -> bool:
        """Tell whether an answer to keys/query shows a master key that is another."""
        key = _key_of(shown, "master", self._user)
        return bool(key) and not self._is_published("master", key)

    def _is_published(self, usage: str, key: JsonDict) -> bool:
        ours = key.get("keys") == self.key(usage)["keys"]
        return ours and (usage == "master" or self.has_signed("master", key))


async def vouch_for_device(client: GuardedClient, notebook: Notebook, password: str | None) -> str:
    """Sign the bot's device with the account's own keys: returns SIGNED, or why not; raises TryLater, LoginGone."""
    if client.olm is None:
        return "encryption is off"
    try:
        await _vouch(client, notebook, password)
    except _Unsigned as unsigned:
        why = str(unsigned)
    except Refused as refused:
        why = f"the homeserver refused it ({refused.code or refused.status})"
    except Barred as barred:
        if barred.code != "M_UNRECOGNIZED":
            raise
        why = "the homeserver has no cross-signing"
    else:
        return SIGNED
    log.warning("device_not_signed", user=client.user_id, device=client.device_id, why=why)
    return why


def is_signed(thing: Mapping[str, object], user: str, key_id: str, public: str) -> bool:
    """Tell whether a JSON object bears a signature of that key that holds; whatever is malformed does not."""
    try:
        signature = as_dict(as_dict(thing.get("signatures")).get(user))[f"ed25519:{key_id}"]
        key = vodozemac.Ed25519PublicKey.from_base64(public)
        key.verify_signature(_canonical(thing), vodozemac.Ed25519Signature.from_base64(signature))
    except HOSTILE:
        return False
    return True


# --- the steps


async def _vouch(client: GuardedClient, notebook: Notebook, password: str | None) -> None:
    user = str(client.user_id)
    identity = Identity.load(await notebook.get(_SEEDS), user) or Identity.new(user)
    shown = await _shown(client)
    device = _own_device(client, shown)
    if rivalled := identity.is_rivalled(shown):
        if password is None:
            raise _Unsigned(f"the account has cross-signing keys that are not helpbot's; {_PROOF_WANTED}")
        identity = Identity.new(user)  # kept ones as well are spent: Synapse fails on a key that it had before
    if missing := identity.missing(shown):
        await notebook.put(_SEEDS, identity.dump())  # first, because keys that others have and we lost sign nothing
        await _publish(client, identity, missing, password)
        if rivalled:
            why = "the account's keys were not helpbot's: somebody else made them, or their seeds were lost"
            log.warning("cross_signing_replaced", user=user, why=why)
    if identity.has_signed("self_signing", device):
        return
    await _upload_signature(client, identity, device)
    if not identity.has_signed("self_signing", _own_device(client, await _shown(client))):
        raise _Unsigned("the homeserver took the device's signature but does not show it")
    log.info("device_signed", user=user, device=client.device_id)


async def _shown(client: GuardedClient) -> JsonDict:
    wanted: JsonDict = {"device_keys": {client.user_id: []}}
    return await client.call("POST", path("keys", "query"), wanted, holds={"device_keys": dict})


def _own_device(client: GuardedClient, shown: Mapping[str, object]) -> JsonDict:
    """Return the keys of the bot's device as the homeserver shows them; raises _Unsigned unless they are its own."""
    user, device = str(client.user_id), str(client.device_id)
    told = as_dict(as_dict(as_dict(shown.get("device_keys")).get(user)).get(device))
    if not told:
        raise _Unsigned("the homeserver does not have the keys of helpbot's device yet")
    ours = client.olm.account.identity_keys
    keys = {f"ed25519:{device}": ours["ed25519"], f"curve25519:{device}": ours["curve25519"]}
    sound = (told.get("user_id"), told.get("device_id"), told.get("keys")) == (user, device, keys)
    if not sound or not is_signed(told, user, device, ours["ed25519"]):
        raise _Unsigned("the homeserver shows keys for helpbot's device that are not its own")
    return told


async def _publish(client: GuardedClient, identity: Identity, usages: list[str], password: str | None) -> None:
    """Make keys the account's; raises _Unsigned when the homeserver wants shown what we do not have."""
    body = {f"{usage}_key": identity.key(usage) for usage in usages}
    if master := body.get("master_key"):
        signature = client.olm.sign_json(master)
        body["master_key"] = _with_signature(master, str(client.user_id), str(client.device_id), signature)
    where = path("keys", "device_signing", "upload")
    asked = await _ask(client, where, body)
    if asked is None:
        return
    if [_PROOF] not in [flow.get("stages") for flow in dicts(asked.get("flows"))]:
        raise _Unsigned(_by_hand(asked))
    if password is None:
        raise _Unsigned(_PROOF_WANTED)
    auth = {
        "type": _PROOF,
        "identifier": {"type": "m.id.user", "user": client.user_id},
        "password": password,
        "session": asked.get("session"),
    }
    if await _ask(client, where, {**body, "auth": auth}) is not None:
        raise _Unsigned("the homeserver does not accept matrix.password (HELPBOT_MATRIX__PASSWORD) for this")


async def _upload_signature(client: GuardedClient, identity: Identity, device: Mapping[str, object]) -> None:
    user, name = str(client.user_id), str(client.device_id)
    body = {user: {name: identity.sign("self_signing", device)}}
    answer = await client.call("POST", path("keys", "signatures", "upload"), body)
    failures = as_dict(answer.get("failures"))
    if failures:
        code = as_dict(as_dict(failures.get(user)).get(name)).get("errcode")
        raise _Unsigned(f"the homeserver did not take the device's signature ({code})")


async def _ask(client: GuardedClient, where: str, body: JsonDict) -> JsonDict | None:
    """Post something; return None when it is done, or what the homeserver wants shown first (flows, session)."""
    status, answered, answer = await client.ask("POST", where, body)
    if status < 300 and isinstance(answer, dict):
        return None
    if status == 401 and dicts(as_dict(answer).get("flows")):
        return as_dict(answer)
    raise fault(status, answered, answer)


def _by_hand(asked: Mapping[str, object]) -> str:
    for params in as_dict(asked.get("params")).values():
        url = as_dict(params).get("url")
        if isinstance(url, str) and url.startswith("https://") and url.isprintable():
            return f"the homeserver wants a person to approve it at {url[:500]}; start helpbot again right after that"
    return "the homeserver wants another proof than a password for this, which helpbot cannot give"


# --- JSON that is signed


def _key_of(shown: Mapping[str, object], usage: str, user: str) -> JsonDict:
    return as_dict(as_dict(shown.get(f"{usage}_keys")).get(user))


def _canonical(thing: Mapping[str, object]) -> bytes:
    """Return what is signed of a JSON object."""
    bare = {name: value for name, value in thing.items() if name not in {"signatures", "unsigned"}}
    return json.dumps(bare, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _with_signature(thing: Mapping[str, object], user: str, key_id: str, signature: str) -> JsonDict:
    bare = {name: value for name, value in thing.items() if name not in {"signatures", "unsigned"}}
    return {**bare, "signatures": {user: {f"ed25519:{key_id}": signature}}}


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4))
