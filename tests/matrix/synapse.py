"""A real Synapse from PyPI on loopback, in a folder of its own, with SQLite and no way out to the network.

Rule: stopped by its own process object, because other Synapses may run on this machine.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import os
import secrets
import select
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

SERVER_NAME = "helpbot.test"
START_SECONDS = 60.0

_UNLIMITED = {"per_second": 100000, "burst_count": 100000}
_LIMITS_OFF: dict[str, object] = {
    "rc_message": _UNLIMITED,
    "rc_registration": _UNLIMITED,
    "rc_login": {"address": _UNLIMITED, "account": _UNLIMITED, "failed_attempts": _UNLIMITED},
    "rc_admin_redaction": _UNLIMITED,
    "rc_joins": {"local": _UNLIMITED, "remote": _UNLIMITED},
    "rc_joins_per_room": _UNLIMITED,
    "rc_invites": {"per_room": _UNLIMITED, "per_user": _UNLIMITED, "per_issuer": _UNLIMITED},
    "rc_room_creation": _UNLIMITED,
}


@dataclass(frozen=True, slots=True)
class User:
    """An account on the test server."""

    id: str
    password: str
    token: str
    device: str


def free_port() -> int:
    """Return a port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Synapse:
    """A homeserver that can be started, killed and started again on the same folder and port.

    `changes` are to its configuration.
    """

    def __init__(
        self,
        folder: Path,
        *,
        limits: bool = False,
        port: int | None = None,
        changes: Mapping[str, object] | None = None,
    ) -> None:
        self.folder = folder
        self.port = free_port() if port is None else port
        self.url = f"http://127.0.0.1:{self.port}"
        self._secret = secrets.token_hex(16)
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._write_config(limits, changes or {})

    def start(self) -> None:
        """Start the server and return once it says, as it would to systemd, that it listens."""
        if self._process is not None:
            raise RuntimeError("this Synapse runs already")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            told.bind("")  # Linux then gives it a name of its own, and no file
            address = "@" + told.getsockname()[1:].decode()
            environment = {**os.environ, "PYTHONWARNINGS": "ignore", "NOTIFY_SOCKET": address}
            with (self.folder / "stdout.log").open("ab") as out:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "synapse.app.homeserver", "-c", str(self.folder / "homeserver.yaml")],
                    cwd=self.folder,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    env=environment,
                )
            self._wait_until_told(told, self._process.pid)

    def stop(self) -> None:
        """End the server politely."""
        self._end(kill=False)

    def kill(self) -> None:
        """End the server as a power cut would (SIGKILL)."""
        self._end(kill=True)

    def register(self, name: str | None = None, *, admin: bool = False, display_name: str | None = None) -> User:
        """Make an account (a random name unless given) and log it in."""
        name = name or f"u{secrets.token_hex(5)}"
        password = secrets.token_hex(8)
        nonce = self.request("GET", "/_synapse/admin/v1/register")["nonce"]
        role = "admin" if admin else "notadmin"
        mac = hmac.new(self._secret.encode(), digestmod=hashlib.sha1)
        mac.update("\0".join([str(nonce), name, password, role]).encode())
        body: dict[str, object] = {
            "nonce": nonce,
            "username": name,
            "password": password,
            "admin": admin,
            "mac": mac.hexdigest(),
        }
        if display_name is not None:
            body["displayname"] = display_name
        answer = self.request("POST", "/_synapse/admin/v1/register", body)
        return User(str(answer["user_id"]), password, str(answer["access_token"]), str(answer["device_id"]))

    def request(self, method: str, path: str, body: object = None, token: str | None = None) -> dict[str, object]:
        """Ask the server one thing, blocking; for preparation, not for the middle of an async test."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            headers = {"Content-Type": "application/json"}
            if token is not None:
                headers["Authorization"] = f"Bearer {token}"
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            answer = json.loads(response.read())
        finally:
            connection.close()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {answer}")
        assert isinstance(answer, dict)
        return answer

    def _end(self, *, kill: bool) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if kill:
            process.kill()
        else:
            process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _wait_until_told(self, told: socket.socket, pid: int) -> None:
        ended = os.pidfd_open(pid)
        try:
            ready, _, _ = select.select([told.fileno(), ended], [], [], START_SECONDS)
        finally:
            os.close(ended)
        if told.fileno() in ready and told.recv(100).startswith(b"READY=1"):
            return
        output = (self.folder / "stdout.log").read_text()[-3000:]
        self.kill()
        raise RuntimeError(f"Synapse ended, or did not start in {START_SECONDS} s:\n{output}")

    def _write_config(self, limits: bool, changes: Mapping[str, object]) -> None:
        seed = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        (self.folder / "signing.key").write_text(f"ed25519 a_test {seed}\n")
        handler = {
            "class": "logging.FileHandler",
            "filename": str(self.folder / "homeserver.log"),
            "formatter": "plain",
        }
        logs = {
            "version": 1,
            "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
            "handlers": {"file": handler},
            "root": {"level": "WARNING", "handlers": ["file"]},
            "disable_existing_loggers": False,
        }
        (self.folder / "log.yaml").write_text(yaml.safe_dump(logs))
        config = self._config() | ({} if limits else _LIMITS_OFF) | dict(changes)
        (self.folder / "homeserver.yaml").write_text(yaml.safe_dump(config))

    def _config(self) -> dict[str, object]:
        listener = {
            "port": self.port,
            "bind_addresses": ["127.0.0.1"],
            "type": "http",
            "tls": False,
            "resources": [{"names": ["client"], "compress": False}],
        }
        return {
            "server_name": SERVER_NAME,
            "public_baseurl": self.url,
            "pid_file": str(self.folder / "homeserver.pid"),
            "listeners": [listener],
            "database": {"name": "sqlite3", "args": {"database": str(self.folder / "homeserver.db")}},
            "media_store_path": str(self.folder / "media"),
            "signing_key_path": str(self.folder / "signing.key"),
            "log_config": str(self.folder / "log.yaml"),
            "registration_shared_secret": self._secret,
            "macaroon_secret_key": self._secret,
            "form_secret": self._secret,
            "bcrypt_rounds": 4,  # logins in milliseconds
            "report_stats": False,
            "enable_metrics": False,
            "trusted_key_servers": [],
            "suppress_key_server_warning": True,
            "federation_domain_whitelist": [],
            "send_federation": False,
            "url_preview_enabled": False,
            "presence": {"enabled": False},
            "push": {"enabled": False},
            "user_directory": {"enabled": False},
        }
