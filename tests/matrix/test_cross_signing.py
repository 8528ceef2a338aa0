"""The bot's device is signed by its account's own keys, as somebody else sees it; the checks here are their own."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import structlog
from Crypto.PublicKey import ECC
from Crypto.Signature import eddsa

from helpbot.transports.base import TryLater
from helpbot.transports.matrix_crypto import GuardedClient
from helpbot.transports.matrix_login import Account, connect
from helpbot.transports.matrix_signing import SIGNED, is_signed, vouch_for_device

from .bot import Bot, MemoryNotebook
from .conftest import MakePlain
from .synapse import Synapse, User

pytestmark = pytest.mark.synapse

Json = dict[str, Any]
CLIENT = "/_matrix/client/v3"
UPLOAD = f"{CLIENT}/keys/device_signing/upload"
SIGNATURES = f"{CLIENT}/keys/signatures/upload"


class Crash(Exception):
    """The bot is killed here."""


class Starts:
    """A bot account that starts again and again, and what each start asked the homeserver."""

    def __init__(self, server: Synapse, user: User, folder: Path) -> None:
        self.user = user
        self.folder = folder
        self.notebook = MemoryNotebook()
        self.clients: list[GuardedClient] = []
        self.asked: list[str] = []  # paths of the last `sign`
        self.crash_at = ""
        self._server = server

    async def start(self, *, upload: bool = True) -> GuardedClient:
        """Log in as a start does, with the device's keys uploaded."""
        account = Account(self._server.url, self.user.id, self.user.password, None, self.folder, "helpbot")
        client = await connect(account, self.notebook)
        self.clients.append(client)
        if upload:
            await client.look_after_keys()
        ask = client.ask

        async def watched(method: str, where: str, *rest: Any, **options: Any) -> Any:
            if where == self.crash_at:
                raise Crash
            self.asked.append(where)
            return await ask(method, where, *rest, **options)

        client.ask = watched  # type: ignore[method-assign]
        return client

    async def sign(self, client: GuardedClient, *, password: bool = True) -> str:
        """Do what is tested."""
        self.asked.clear()
        return await vouch_for_device(client, self.notebook, self.user.password if password else None)

    @property
    def uploads(self) -> list[str]:
        return [where for where in self.asked if where.endswith("/upload")]

    def lose_database(self) -> None:
        login = {key: value for key, value in self.notebook.values.items() if key != "cross_signing"}
        self.notebook = MemoryNotebook()
        self.notebook.values = login


Shown = Callable[[User], Awaitable[Json]]


@pytest.fixture
async def starts(synapse: Synapse, tmp_path: Path) -> AsyncIterator[Starts]:
    user = await asyncio.to_thread(synapse.register, display_name="Helpbot")
    starts = Starts(synapse, user, tmp_path / "keys")
    yield starts
    for client in starts.clients:
        await client.shut()


@pytest.fixture
async def shown(plain_actor: MakePlain) -> Shown:
    """Tell what somebody else sees of an account's keys."""
    alice = await plain_actor("Alice")

    async def show(user: User) -> Json:
        answer = await alice.request("POST", f"{CLIENT}/keys/query", {"device_keys": {user.id: []}})
        assert not answer.get("failures")
        kinds = ("master_keys", "self_signing_keys", "device_keys")
        return {kind: answer.get(kind, {}).get(user.id) for kind in kinds}

    return show


def unpadded(raw: bytes) -> str:
    return base64.b64encode(raw).decode().rstrip("=")


def raw_bytes(text: str) -> bytes:
    return base64.b64decode(text + "==")


def canonical(thing: Json) -> bytes:
    bare = {name: value for name, value in thing.items() if name not in ("signatures", "unsigned")}
    return json.dumps(bare, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode("utf-8")


def check(thing: Json, user: str, key_id: str, public: str) -> None:
    """Raise unless that key's signature is there and holds."""
    signature = raw_bytes(thing["signatures"][user][f"ed25519:{key_id}"])
    eddsa.new(eddsa.import_public_key(raw_bytes(public)), "rfc8032").verify(canonical(thing), signature)


def public_key(thing: Json) -> str:
    [(name, public)] = thing["keys"].items()
    assert name == f"ed25519:{public}"
    return str(public)


def check_chain(seen: Json, user: str, device: str) -> str:
    """Check master key → self-signing key → device as a verifying client does; return the master key."""
    master, signing, keys = seen["master_keys"], seen["self_signing_keys"], seen["device_keys"][device]
    assert (master["user_id"], master["usage"]) == (user, ["master"])
    assert (signing["user_id"], signing["usage"]) == (user, ["self_signing"])
    check(signing, user, public_key(master), public_key(master))
    check(keys, user, public_key(signing), public_key(signing))
    return public_key(master)


def foreign_keys(user: str, seed: bytes | None = None) -> Json:
    """Return a master key, as somebody uploads who has set up cross-signing."""
    key = ECC.construct(curve="Ed25519", seed=seed or secrets.token_bytes(32))
    public = unpadded(key.public_key().export_key(format="raw"))
    return {"master_key": {"user_id": user, "usage": ["master"], "keys": {f"ed25519:{public}": public}}}


# --- the way it should go


async def test_the_device_is_signed_when_the_desk_says_that_it_is_ready(bot: Bot, shown: Shown) -> None:
    seen = await shown(bot.user)
    [device] = seen["device_keys"]
    check_chain(seen, bot.user.id, device)


async def test_others_see_the_device_signed(starts: Starts, shown: Shown) -> None:
    client = await starts.start()
    assert await starts.sign(client) == SIGNED
    seen = await shown(starts.user)
    device = seen["device_keys"][client.device_id]
    check_chain(seen, starts.user.id, client.device_id)
    check(seen["master_keys"], starts.user.id, client.device_id, device["keys"][f"ed25519:{client.device_id}"])
    check(device, starts.user.id, client.device_id, device["keys"][f"ed25519:{client.device_id}"])


async def test_the_user_signing_key_is_there_for_the_account_itself(starts: Starts) -> None:
    client = await starts.start()
    await starts.sign(client)
    answer = await client.call("POST", f"{CLIENT}/keys/query", {"device_keys": {starts.user.id: []}})
    master = public_key(answer["master_keys"][starts.user.id])
    key = answer["user_signing_keys"][starts.user.id]
    assert key["usage"] == ["user_signing"]
    check(key, starts.user.id, master, master)


async def test_the_first_time_needs_no_password_where_the_homeserver_asks_for_none(
    starts: Starts, shown: Shown
) -> None:
    client = await starts.start()
    assert await starts.sign(client, password=False) == SIGNED
    check_chain(await shown(starts.user), starts.user.id, client.device_id)


async def test_a_second_run_changes_nothing(starts: Starts, shown: Shown) -> None:
    client = await starts.start()
    await starts.sign(client)
    assert starts.uploads == [UPLOAD, SIGNATURES]
    before, kept = await shown(starts.user), dict(starts.notebook.values)
    assert await starts.sign(client) == SIGNED
    assert starts.uploads == []
    again = await starts.start()
    assert again.device_id == client.device_id
    assert await starts.sign(again, password=False) == SIGNED
    assert starts.uploads == []
    assert await shown(starts.user) == before
    assert starts.notebook.values == kept


async def test_a_new_device_is_signed_with_the_kept_seeds(starts: Starts, shown: Shown) -> None:
    old = await starts.start()
    await starts.sign(old)
    before = await shown(starts.user)
    del starts.notebook.values["login"]
    new = await starts.start()
    assert new.device_id != old.device_id
    assert await starts.sign(new, password=False) == SIGNED
    assert starts.uploads == [SIGNATURES]
    after = await shown(starts.user)
    assert after["master_keys"] == before["master_keys"]
    assert after["self_signing_keys"] == before["self_signing_keys"]
    check_chain(after, starts.user.id, old.device_id)
    check_chain(after, starts.user.id, new.device_id)


# --- crashes


async def test_seeds_are_kept_before_the_homeserver_hears_of_them(starts: Starts, shown: Shown) -> None:
    client = await starts.start()
    starts.crash_at = UPLOAD
    with pytest.raises(Crash):
        await starts.sign(client)
    seeds = starts.notebook.values["cross_signing"]
    assert (await shown(starts.user))["master_keys"] is None
    starts.crash_at = ""
    assert await starts.sign(client) == SIGNED
    assert starts.notebook.values["cross_signing"] == seeds
    master = check_chain(await shown(starts.user), starts.user.id, client.device_id)
    key = ECC.construct(curve="Ed25519", seed=raw_bytes(json.loads(seeds)["master"]))
    assert master == unpadded(key.public_key().export_key(format="raw"))


async def test_a_crash_before_the_signature_is_mended(starts: Starts, shown: Shown) -> None:
    client = await starts.start()
    starts.crash_at = SIGNATURES
    with pytest.raises(Crash):
        await starts.sign(client)
    before = await shown(starts.user)
    starts.crash_at = ""
    assert await starts.sign(client, password=False) == SIGNED
    assert starts.uploads == [SIGNATURES]
    after = await shown(starts.user)
    check_chain(after, starts.user.id, client.device_id)
    assert after["master_keys"] == before["master_keys"]


async def test_keys_of_which_only_the_master_key_arrived_are_completed(starts: Starts, shown: Shown) -> None:
    client = await starts.start()
    starts.crash_at = UPLOAD
    with pytest.raises(Crash):
        await starts.sign(client)
    starts.crash_at = ""
    seeds = json.loads(starts.notebook.values["cross_signing"])
    await client.call("POST", UPLOAD, foreign_keys(starts.user.id, raw_bytes(seeds["master"])))
    assert "matrix.password" in await starts.sign(client, password=False)
    with structlog.testing.capture_logs() as logs:
        assert await starts.sign(client) == SIGNED
    assert "cross_signing_replaced" not in [line["event"] for line in logs]
    check_chain(await shown(starts.user), starts.user.id, client.device_id)


# --- keys that are not ours


async def test_lost_seeds_are_replaced_with_the_password(starts: Starts, shown: Shown) -> None:
    client = await starts.start()
    await starts.sign(client)
    before = await shown(starts.user)
    starts.lose_database()
    with structlog.testing.capture_logs() as logs:
        assert await starts.sign(client) == SIGNED
    [line] = [line for line in logs if line["event"] == "cross_signing_replaced"]
    assert line["log_level"] == "warning"
    after = await shown(starts.user)
    assert check_chain(after, starts.user.id, client.device_id) != public_key(before["master_keys"])
    assert await starts.sign(client) == SIGNED
    assert starts.uploads == []


async def test_lost_seeds_without_the_password_are_told_and_nothing_is_touched(starts: Starts, shown: Shown) -> None:
    client = await starts.start()
    await starts.sign(client)
    before = await shown(starts.user)
    starts.lose_database()
    why = await starts.sign(client, password=False)
    assert why != SIGNED
    assert "matrix.password" in why
    assert starts.uploads == []
    assert "cross_signing" not in starts.notebook.values
    assert await shown(starts.user) == before


async def test_keys_that_somebody_else_made_are_replaced_with_the_password_only(starts: Starts, shown: Shown) -> None:
    client = await starts.start()
    await client.call("POST", UPLOAD, foreign_keys(starts.user.id))
    before = await shown(starts.user)
    assert "matrix.password" in await starts.sign(client, password=False)
    assert await shown(starts.user) == before
    assert await starts.sign(client) == SIGNED
    after = await shown(starts.user)
    assert check_chain(after, starts.user.id, client.device_id) != public_key(before["master_keys"])


async def test_keys_that_took_the_place_of_ours_are_replaced_by_new_ones(starts: Starts, shown: Shown) -> None:
    client = await starts.start()
    await starts.sign(client)
    first, kept = public_key((await shown(starts.user))["master_keys"]), starts.notebook
    starts.lose_database()
    await starts.sign(client)
    second = public_key((await shown(starts.user))["master_keys"])
    starts.notebook = kept
    seeds = kept.values["cross_signing"]
    assert "matrix.password" in await starts.sign(client, password=False)
    assert kept.values["cross_signing"] == seeds
    assert await starts.sign(client) == SIGNED
    third = check_chain(await shown(starts.user), starts.user.id, client.device_id)
    assert len({first, second, third}) == 3
    assert await starts.sign(client, password=False) == SIGNED
    assert starts.uploads == []


async def test_a_wrong_password_is_told_and_no_secret_is_logged(starts: Starts, shown: Shown) -> None:
    client = await starts.start()
    await client.call("POST", UPLOAD, foreign_keys(starts.user.id))
    before = await shown(starts.user)
    with structlog.testing.capture_logs() as logs:
        why = await vouch_for_device(client, starts.notebook, "wrong-guess")
    assert "does not accept matrix.password" in why
    assert [line["event"] for line in logs] == ["device_not_signed"]
    seeds = json.loads(starts.notebook.values["cross_signing"])
    hidden = ["wrong-guess", client.access_token, *(seeds[name] for name in ("master", "self_signing", "user_signing"))]
    assert not [secret for secret in hidden if secret in repr(logs) + why]
    assert await shown(starts.user) == before


# --- what is not signed


async def test_a_device_whose_keys_are_not_uploaded_yet_waits(starts: Starts, shown: Shown) -> None:
    client = await starts.start(upload=False)
    assert "does not have the keys" in await starts.sign(client)
    assert starts.uploads == []
    await client.look_after_keys()
    assert await starts.sign(client) == SIGNED


async def test_a_device_shown_with_keys_of_another_is_not_signed(starts: Starts, shown: Shown, tmp_path: Path) -> None:
    client = await starts.start()
    starts.folder = tmp_path / "other"
    del starts.notebook.values["login"]
    other = await starts.start()
    client.olm.account = other.olm.account
    assert "not its own" in await starts.sign(client)
    assert starts.uploads == []


async def test_without_encryption_there_is_nothing_to_sign(starts: Starts, synapse: Synapse) -> None:
    account = Account(synapse.url, starts.user.id, starts.user.password, None, None, "helpbot")
    client = await connect(account, starts.notebook)
    starts.clients.append(client)
    assert await starts.sign(client) == "encryption is off"


async def test_a_homeserver_that_is_away_is_tried_later(starts: Starts) -> None:
    client = await starts.start()
    client.homeserver = "http://127.0.0.1:9"
    with pytest.raises(TryLater):
        await starts.sign(client)
    assert "cross_signing" not in starts.notebook.values


async def test_only_a_signature_that_holds_counts(starts: Starts, shown: Shown) -> None:
    client = await starts.start()
    await starts.sign(client)
    seen = await shown(starts.user)
    keys, key = seen["device_keys"][client.device_id], public_key(seen["self_signing_keys"])
    user, name = starts.user.id, f"ed25519:{key}"
    assert is_signed(keys, user, key, key)
    assert not is_signed({**keys, "algorithms": []}, user, key, key)
    assert not is_signed({**keys, "signatures": {}}, user, key, key)
    forged = [unpadded(secrets.token_bytes(64)), "", "é", 7, None, ["x"]]
    assert not [it for it in forged if is_signed({**keys, "signatures": {user: {name: it}}}, user, key, key)]
    assert not is_signed({**keys, "x": "\ud800"}, user, key, key)
