"""People whose client is matrix-js-sdk with its Rust crypto: another's work than what helpbot is built on.

They live in one Node process that runs js/actor.mjs. The library comes from npm, in the versions that the lock names,
once into the user's cache.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from .actors import CLIENT, Event, PlainActor, text_content
from .synapse import User

SOURCE = Path(__file__).parent / "js"
OLDEST_NODE = 20
INSTALL_SECONDS = 90
_ANSWER_SECONDS = 30.0
_LONGEST_LINE = 2**24  # bytes
# Now, because the tests change where programs think that it is.
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "helpbot-tests"


class NoClient(Exception):
    """The client cannot be had on this machine, and why."""


class Failed(Exception):
    """The client could not do what it was told."""


def installed(cache: Path = _CACHE) -> Path:
    """Return the folder with the client's modules, installed if they are not yet. Raises NoClient."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise NoClient("Node and npm are not installed")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < OLDEST_NODE:
        raise NoClient(f"Node {OLDEST_NODE} or newer is needed, this is {version}")
    lock = (SOURCE / "package-lock.json").read_bytes()
    folder = cache / f"js-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not folder.exists():
        _install(npm, folder)
    return folder / "node_modules"


def _install(npm: str, folder: Path) -> None:
    """Fill the folder whole or not at all: others may be doing the same."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".js-") as made:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SOURCE / name, made)
        command = [npm, "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--fetch-retries=1"]
        try:
            subprocess.run(command, check=True, cwd=made, capture_output=True, text=True, timeout=INSTALL_SECONDS)
        except subprocess.TimeoutExpired:
            raise NoClient(f"npm ci took more than {INSTALL_SECONDS} s") from None
        except subprocess.CalledProcessError as error:
            why = [line for line in str(error.stderr).splitlines() if line.startswith("npm error")]
            raise NoClient(f"npm ci failed: {' '.join(why[:3])}") from None
        whole = Path(made) / "whole"
        whole.mkdir()
        (Path(made) / "node_modules").rename(whole / "node_modules")
        try:
            whole.rename(folder)
        except OSError:  # another was first
            if not folder.exists():
                raise


@dataclass(frozen=True, slots=True)
class Shield:
    """What a client shows beside a message: a colour, NONE when all is well, and why."""

    colour: str
    reason: str | None


class Node:
    """The process that people live in."""

    def __init__(self, folder: Path, modules: Path) -> None:
        self._folder = folder
        self._modules = modules
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._people: dict[str, JsActor] = {}
        self._count = 0
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the process; the script stands beside its modules, where Node looks for them."""
        self._folder.mkdir(parents=True)
        shutil.copy(SOURCE / "actor.mjs", self._folder)
        (self._folder / "node_modules").symlink_to(self._modules)
        with (self._folder / "stderr.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                "node", "actor.mjs", cwd=self._folder, limit=_LONGEST_LINE,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log,
            )  # fmt: skip
        self._reading = asyncio.create_task(self._read())

    async def stop(self) -> None:
        """End the process with all who live in it."""
        if self._process is None or self._reading is None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(5):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._reading

    def add(self, person: JsActor) -> str:
        """Take somebody in; return what the process calls them."""
        who = str(len(self._people))
        self._people[who] = person
        return who

    async def tell(self, who: str, do: str, **what: Any) -> Any:
        """Tell somebody to do something, and return what came of it. Raises Failed."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._count += 1
        number, answer = self._count, asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        line = json.dumps({"id": number, "who": who, "do": do, **what})
        self._process.stdin.write(line.encode() + b"\n")
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                return await answer
        except TimeoutError:
            raise Failed(f"{do}: no answer; {self._log()}") from None
        finally:
            del self._asked[number]

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async for raw in self._process.stdout:
            line = json.loads(raw)
            if "event" in line:
                await self._people[line["who"]].take(line["event"])
            elif (answer := self._asked.get(line["id"])) is not None and not answer.done():
                if "failed" in line:
                    answer.set_exception(Failed(line["failed"]))
                else:
                    answer.set_result(line["gave"])
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(Failed(f"the process ended; {self._log()}"))

    def _log(self) -> str:
        return (self._folder / "stderr.log").read_text()[-2000:]


class JsActor(PlainActor):
    """Somebody on matrix-js-sdk; with `anew`, on a device that they log in now.

    An event that cannot be read yet is there as `m.room.encrypted`, and is replaced in its place when it can; so is one
    that was corrected.
    """

    def __init__(self, node: Node, url: str, user: User, *, anew: bool = False) -> None:
        super().__init__(url, user)
        self._node = node
        self._anew = anew
        self._places: dict[str, int] = {}  # event id → index
        self._who = node.add(self)

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
        login = {"url": self.url, "user": self.id, "password": self.user.password}
        if not self._anew:
            login |= {"token": self.user.token, "device": self.user.device}
        mine = await self._do("login", **login)
        self.user = User(self.id, self.user.password, mine["token"], mine["device"])
        async with asyncio.timeout(15):
            while not await self._is_published():  # noqa: ASYNC110  # nobody tells the client's user
                await asyncio.sleep(0.02)

    async def stop(self) -> None:
        await super().stop()  # the rest ends with the process

    async def log_out(self) -> None:
        """Log this device out for good."""
        await self._do("logout")

    async def take(self, event: Event) -> None:
        """Take in what the client saw: something new, or something that can be read now."""
        async with self._changed:
            ref = event.get("event_id")  # an invitation's events have none
            place = len(self.events) if ref is None else self._places.setdefault(ref, len(self.events))
            self.events[place : place + 1] = [event]
            self._changed.notify_all()

    # What people do

    async def create_room(self, *invite: str, encrypted: bool = True, direct: bool = False, **options: Any) -> str:
        room = await super().create_room(*invite, encrypted=encrypted, direct=direct, **options)
        # A sync may bring half of a new room, and who writes then may write in the clear, or seal for nobody.
        await self._do("knows", room=room, encrypted=encrypted, people=invite)
        return room

    async def create_dm(self, bot: str, *, encrypted: bool = True) -> str:
        return await super().create_dm(bot, encrypted=encrypted)

    async def join(self, room: str) -> None:
        await super().join(room)
        await self._do("knows", room=room)

    async def send_event(self, room: str, kind: str, content: Event) -> str:
        return str(await self._do("send", room=room, type=kind, content=content))

    async def say_in_thread(self, room: str, root: str, text: str, **extra: Any) -> str:
        return str(
            await self._do("send", room=room, type="m.room.message", content=text_content(text, **extra), thread=root)
        )

    async def send_file(self, room: str, name: str, data: bytes, caption: str) -> str:
        """Send a file with words, encrypted."""
        file = await self._do("upload", data=base64.b64encode(data).decode())
        info = {"mimetype": "image/png", "size": len(data)}
        content = {"msgtype": "m.image", "body": caption, "filename": name, "file": file, "info": info}
        return await self.send_event(room, "m.room.message", content)

    async def open_file(self, event: Event) -> bytes:
        """Return the file of an event, decrypted."""
        return base64.b64decode(await self._do("download", file=event["content"]["file"]))

    async def redact(self, room: str, ref: str) -> str:
        """Delete a message."""
        return str(await self._do("redact", room=room, event=ref))

    async def types(self, room: str, *, typing: bool = True) -> None:
        """See PlainActor."""
        await self._do("typing", room=room, on=typing)

    async def reads(self, room: str, ref: str, kind: str = "m.read", **content: Any) -> None:
        """See PlainActor; the room, the kind and the thread are those of the event."""
        await self._do("read", event=ref)

    # Keys

    async def cross_sign(self) -> None:
        """Make keys for the account, with which this device is signed."""
        await self._do("bootstrap", password=self.user.password)

    async def sign(self, device: str) -> None:
        """Sign another device of the account, as verifying it does."""
        await self._do("sign", device=device)

    async def exclude_unsigned(self) -> None:
        """Neither write to devices that their owner did not sign, nor read them."""
        await self._do("isolate", on=True)

    async def shield(self, event: Event) -> Shield:
        """Return what the client shows beside an encrypted message."""
        return Shield(**await self._do("shield", event=event["event_id"]))

    async def session(self, ref: str) -> str:
        """Return which key one of this device's messages was written with."""
        return str(await self._do("session", event=ref))

    async def discard_session(self, room: str) -> None:
        """Write with a new key from now on."""
        await self._do("discard", room=room)

    async def hold_keys(self) -> None:
        """Keep back what is sent to devices, room keys that is, though the client takes it for sent."""
        await self._do("hold")

    async def release_keys(self) -> int:
        """Send what was kept back; return how many sendings that were."""
        return int(await self._do("release"))

    async def _is_published(self) -> bool:
        """Tell whether others find this device's keys."""
        answer = await self.request("POST", f"{CLIENT}/keys/query", {"device_keys": {self.id: [self.user.device]}})
        return self.user.device in answer["device_keys"].get(self.id, {})

    async def _do(self, what: str, **how: Any) -> Any:
        return await self._node.tell(self._who, what, **how)
