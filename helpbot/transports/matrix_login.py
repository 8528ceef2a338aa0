"""Log in once and keep it: the same device with the same keys at every start, for all it was sent is tied to it."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

import structlog

from helpbot.transports.base import Notebook, SetupError, TryLater
from helpbot.transports.matrix_crypto import GuardedClient
from helpbot.transports.matrix_http import LoginGone, Redirected, Refused, as_dict, path
from helpbot.transports.matrix_keystore import has_account, key_file

log = structlog.get_logger(__name__)

_LOGIN = "login"  # JSON: user, device, token
_PICKLE_KEY = "pickle_key"
_KEYS_OF = "keys_of"  # the device whose keys were made, to notice their loss


@dataclass(frozen=True, slots=True)
class Account:
    """Who the bot is and how it shows that; `store` is where its encryption keys are, None without encryption."""

    homeserver: str
    user: str
    password: str | None
    access_token: str | None
    store: Path | None
    device_name: str


@dataclass(frozen=True, slots=True)
class _Login:
    device: str
    token: str


async def connect(account: Account, notebook: Notebook) -> GuardedClient:
    """Return a client that is logged in; raises SetupError, or TryLater when the homeserver cannot be asked now."""
    client = GuardedClient(account.homeserver, account.user, _store(account), await _pickle_key(notebook))
    try:
        if account.access_token is not None:
            login = await _given(client, account, account.access_token)
        else:
            login = await _kept(client, account, notebook) or await _new(client, account, notebook)
        client.access_token = ""
        client.open(login.device, login.token)
        if account.store is not None:
            await notebook.put(_KEYS_OF, login.device)
    except BaseException as error:
        await client.shut()
        if isinstance(error, Redirected) and error.for_good:
            raise SetupError(error.why) from None
        raise
    log.info("logged_in", user=account.user, device=login.device)
    return client


def _store(account: Account) -> Path | None:
    if account.store is None:
        return None
    try:
        account.store.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(f"the folder for encryption keys cannot be made (matrix.store): {error}") from None
    return account.store


async def _pickle_key(notebook: Notebook) -> str:
    key = await notebook.get(_PICKLE_KEY)
    if key is None:
        key = secrets.token_hex(32)
        await notebook.put(_PICKLE_KEY, key)
    return key


async def _given(client: GuardedClient, account: Account, token: str) -> _Login:
    try:
        user, device = await _whoami(client, token)
    except (LoginGone, Refused):
        raise SetupError(
            f"the homeserver does not accept the access token of {account.user}: "
            "make a new one and set matrix.access_token (HELPBOT_MATRIX__ACCESS_TOKEN)"
        ) from None
    if user != account.user:
        raise SetupError(f"the access token belongs to {user}, not to {account.user}: mend matrix.user or the token")
    if device is None:
        raise SetupError("the access token has no device: use one from a login, or set matrix.password instead")
    if not _has_keys(account, device) and await _has_published(client, account.user, device):
        raise SetupError(
            f"the encryption keys of {account.user}, device {device}, are not in {account.store} (matrix.store), and "
            "others cannot be made for this device: put back the folder that the desk used last, never an older copy; "
            "if it is lost, make a new access token, of a new login (HELPBOT_MATRIX__ACCESS_TOKEN)"
        )
    return _Login(device, token)


async def _has_published(client: GuardedClient, user: str, device: str) -> bool:
    """Tell whether the homeserver has keys of the device: it keeps those, whatever is made later."""
    try:
        body = {"device_keys": {user: [device]}}
        answer = await client.call("POST", path("keys", "query"), body, holds={"device_keys": dict})
    except Refused as refused:
        raise TryLater(refused.why) from None
    return bool(as_dict(as_dict(answer["device_keys"]).get(user)).get(device))


async def _kept(client: GuardedClient, account: Account, notebook: Notebook) -> _Login | None:
    """Return the login of an earlier start if it still works; None when a new one is due."""
    kept = json.loads(await notebook.get(_LOGIN) or "{}")
    if kept.get("user") != account.user:
        return None
    login = _Login(kept["device"], kept["token"])
    if _keys_are_lost(account, login.device, await notebook.get(_KEYS_OF)):
        log.warning("keys_lost", device=login.device, does="logs in anew: words encrypted before cannot be read")
        return None
    try:
        await _whoami(client, login.token)
    except LoginGone as gone:
        if account.password is None:
            raise SetupError(
                f"the homeserver does not accept the kept login of {account.user} any more: set matrix.password"
            ) from None
        log.warning("login_gone", device=login.device, does="logs in anew, as another device")
        return await _new(client, account, notebook, device=login.device if gone.soft else None)
    except Refused as refused:  # it says nothing about the login, which must not be given up for that
        raise TryLater(refused.why) from None
    return login


def _keys_are_lost(account: Account, device: str, keys_of: str | None) -> bool:
    return keys_of == device and not _has_keys(account, device)


def _has_keys(account: Account, device: str) -> bool:
    """Tell whether the key store has keys of the device, or needs none."""
    return account.store is None or has_account(key_file(account.store, account.user, device), account.user, device)


async def _whoami(client: GuardedClient, token: str) -> tuple[str, str | None]:
    client.access_token = token
    answer = await client.call("GET", path("account", "whoami"), holds={"user_id": str})
    device = answer.get("device_id")
    return str(answer.get("user_id")), device if isinstance(device, str) else None


async def _new(client: GuardedClient, account: Account, notebook: Notebook, device: str | None = None) -> _Login:
    client.access_token = ""
    if account.password is None:
        raise SetupError("there is neither a password nor an access token for Matrix: set matrix.password")
    body = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": account.user},
        "password": account.password,
        "initial_device_display_name": account.device_name,
    }
    if device is not None:
        body["device_id"] = device
    try:
        answer = await client.call(
            "POST", path("login"), body, holds={"user_id": str, "device_id": str, "access_token": str}
        )
    except (LoginGone, Refused) as refused:
        raise SetupError(
            f"the homeserver refused the login of {account.user}: {_why(refused)}; "
            "check matrix.user and matrix.password (HELPBOT_MATRIX__PASSWORD)"
        ) from None
    if answer.get("user_id") != account.user:
        raise SetupError(f"the homeserver calls this account {answer.get('user_id')}: write matrix.user so")
    login = _Login(str(answer["device_id"]), str(answer["access_token"]))
    kept = {"user": account.user, "device": login.device, "token": login.token}
    await notebook.put(_LOGIN, json.dumps(kept))
    return login


def _why(refused: LoginGone | Refused) -> str:
    if isinstance(refused, Refused) and refused.code == "M_FORBIDDEN":
        return "wrong name or password"
    return refused.why
