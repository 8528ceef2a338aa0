"""A Discord on loopback: simcord's backend behind real HTTP and websockets, with the faults of a real network.

What simcord does not do is done here: nonces, the length of messages, archived threads, closed direct messages, the
next page of messages, whose a correction is, and that a request may be held up or lost on its way back.
https://docs.discord.com/developers describes all of it.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import discord
import yarl
from aiohttp import WSMsgType, web
from discord.gateway import DiscordWebSocket
from simcord._clock import Clock
from simcord.backend import Backend, serializers
from simcord.backend.cdn import CdnStore
from simcord.backend.errors import BackendError
from simcord.http import router
from simcord.http import routes as _routes  # noqa: F401  # importing registers every route
from simcord.intents import censor_message, prune_guild_create, required_intent

Json = dict[str, Any]
_MOST = 2000  # characters of a message
_MANY = 1_000_000
_NONCE = 25  # characters
_FLAGS = {"members": 1 << 15, "content": 1 << 19}  # as small applications have them
_PRIVILEGED = {"members": 1 << 1, "content": 1 << 15}  # of intents


class _Files(CdnStore):
    """Keeps files where this server gives them out."""

    def __init__(self, base: Callable[[], str]) -> None:
        super().__init__()
        self._base = base

    def store_attachment(
        self, attachment_id: int, channel_id: int, filename: str, data: bytes, description: str | None
    ) -> dict[str, Any]:
        kept = super().store_attachment(attachment_id, channel_id, filename, data, description)
        url = f"{self._base()}/files/{attachment_id}"
        self._blobs[url] = data
        return {**kept, "url": url, "proxy_url": url}


class _Backend(Backend):
    """Gives a post of a forum the id of its first message, as Discord does."""

    _starter: int | None = None

    def create_forum_post(self, forum_id: int, name: str, starter: Any, **options: Any) -> Any:
        self._starter = starter.id
        try:
            return super().create_forum_post(forum_id, name, starter, **options)
        finally:
            self._starter = None

    def create_thread(self, parent_id: int, name: str, owner_id: int, **options: Any) -> Any:
        if self._starter is not None:
            options["message_id"] = self._starter
        return super().create_thread(parent_id, name, owner_id, **options)


class _RealClock(Clock):
    def __init__(self) -> None:
        super().__init__()
        self.ago = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) - self.ago


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that a client made, with what it got."""

    method: str
    path: str
    body: object
    query: dict[str, str]
    status: int


@dataclass(slots=True)
class Fault:
    """What befalls requests: `after` the work is done or instead of it; `status` 0 breaks the connection.

    With `until` a request is merely held up, before the work is done, until that is set.
    """

    method: str
    ending: str
    status: int
    times: int = 1
    after: bool = False
    body: Json = field(default_factory=dict)
    until: asyncio.Event | None = None
    holds: int = 0  # how many it held up

    def meets(self, method: str, path: str) -> bool:
        """Tell whether such a request is meant."""
        return self.method == method and path.endswith(self.ending)


@dataclass(slots=True)
class _Upload:
    filename: str
    fp: BytesIO
    description: str | None


class _Session:
    """One gateway session: what was dispatched, and the socket that it goes to while there is one."""

    def __init__(self, number: int, intents: int) -> None:
        self.id = f"session-{number}"
        self.intents = discord.Intents._from_value(intents)
        self.sent: list[Json] = []
        self.socket: web.WebSocketResponse | None = None
        self.news = asyncio.Event()
        self.out = 0  # how many were sent over this socket or before

    def dispatch(self, event: str, data: object) -> None:
        self.sent.append({"op": 0, "t": event, "s": len(self.sent) + 1, "d": data})
        self.news.set()


class Wire:
    """A Discord with one bot account."""

    def __init__(self) -> None:
        self.clock = _RealClock()
        self.backend = _Backend(clock=self.clock)
        self.backend.cdn = _Files(lambda: f"http://127.0.0.1:{self.port}")
        self.requests: list[Asked] = []
        self.faults: list[Fault] = []
        self.identifies = 0
        self.granted = {"members": True, "content": True}
        self.resumable = True
        self.is_up = True
        self.servers_are_up = True
        self.pressed_on: dict[int, int] = {}  # messages by the interaction that began there
        self.closed_to_bot: set[int] = set()  # people who take no direct messages
        self.seen: Callable[[Asked], None] = lambda asked: None
        self.at_ready: Callable[[], object] = lambda: None  # before it tells of its servers
        first = base64.b64encode(str(self.backend.bot_user.id).encode()).decode().rstrip("=")
        self.token = f"{first}.wire.secret"
        self._nonces: dict[tuple[int, str], int] = {}
        self._sessions: dict[str, _Session] = {}
        self._runner: web.AppRunner | None = None
        self.port = 0
        self.backend.subscribers.append(self._emitted)

    @property
    def api(self) -> str:
        """The base of the API's addresses."""
        return f"http://127.0.0.1:{self.port}/api/v10"

    async def start(self) -> None:
        """Listen; on the same port again when it was stopped."""
        app = web.Application(client_max_size=64 << 20)
        app.router.add_get("/gateway", self._gateway)
        app.router.add_get("/files/{name:.*}", self._file)
        app.router.add_route("*", "/api/v10/{path:.*}", self._request)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        assert site._server is not None
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]  # it listens

    async def stop(self) -> None:
        """Stop listening; what was told stays."""
        await self.drop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    # --- REST

    async def _request(self, request: web.Request) -> web.StreamResponse:
        path = "/" + request.match_info["path"]
        body, files = await _body(request)
        held = next((one for one in self.faults if one.until is not None and one.meets(request.method, path)), None)
        if held is not None and held.until is not None:
            held.holds += 1
            await held.until.wait()
        status, answer = self._answer(request, path, body, files)
        asked = Asked(request.method, path, body, dict(request.query), status)
        self.requests.append(asked)
        self.seen(asked)
        fault = self._fault(request.method, path, after=True)
        if fault is not None:
            return self._failing(request, fault)
        if answer is None:
            return web.Response(status=204 if status == 200 else status)
        return _json(answer, status)

    def _fault(self, method: str, path: str, *, after: bool) -> Fault | None:
        for fault in self.faults:
            if fault.until is None and fault.meets(method, path) and fault.after == after:
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
                return fault
        return None

    def _failing(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if fault.status == 0:
            assert request.transport is not None
            request.transport.abort()
            return web.Response(status=500)
        return _json(fault.body, fault.status)

    def _answer(self, request: web.Request, path: str, body: Any, files: list[_Upload]) -> tuple[int, Any]:
        fault = self._fault(request.method, path, after=False)
        if fault is not None:
            return fault.status, fault.body
        interaction = path.startswith(("/interactions/", "/webhooks/"))
        if not interaction and request.headers.get("Authorization") != f"Bot {self.token}":
            return 401, {"message": "401: Unauthorized", "code": 0}
        if path in {"/gateway", "/gateway/bot"}:
            limits = {"total": 1000, "remaining": 1000, "reset_after": 1, "max_concurrency": 1}
            return 200, {"url": f"ws://127.0.0.1:{self.port}/gateway", "shards": 1, "session_start_limit": limits}
        if path in {"/oauth2/applications/@me", "/applications/@me"}:
            return 200, self._application()
        try:
            refused = self._refused(request.method, path, body)
            if refused is not None:
                return refused
            known = self._by_nonce(request.method, path, body)
            if known is not None:
                return 200, known
            query = _numbers(dict(request.query))
            paged = request.method == "GET" and path.endswith("/messages") and "after" in query
            most = query.get("limit", 50)
            answer = router.dispatch(
                self.backend,
                request.method,
                path,
                json=body,
                params={**query, "limit": _MANY} if paged else query,
                files=files,
                message_content_access=self.granted["content"],
            )
        except BackendError as error:
            return error.status, error.to_json()
        if paged:
            answer = answer[-most:]  # the next page, where simcord gives the last
        self._keep_nonce(request.method, path, body, answer)
        return 200, answer

    def _application(self) -> Json:
        answer = router.dispatch(self.backend, "GET", "/oauth2/applications/@me")
        flags = sum(flag for name, flag in _FLAGS.items() if self.granted[name])
        return {**answer, "flags": flags}

    def _refused(self, method: str, path: str, body: Any) -> tuple[int, Json] | None:
        """Return what Discord refuses and simcord does not."""
        if not isinstance(body, dict):
            return None
        parts = path.strip("/").split("/")
        words = [body.get("content"), (body.get("message") or {}).get("content") if method == "POST" else None]
        words.append((body.get("data") or {}).get("content") if isinstance(body.get("data"), dict) else None)
        if any(isinstance(one, str) and len(one) > _MOST for one in words):
            return 400, {"message": "Invalid Form Body", "code": 50035}
        if isinstance(body.get("nonce"), str) and len(body["nonce"]) > _NONCE:
            return 400, {"message": "Invalid Form Body", "code": 50035}
        channel = self.backend.channels.get(int(parts[1])) if parts[0] == "channels" and parts[1].isdigit() else None
        if channel is None:
            return None
        if channel.recipient_ids and self.closed_to_bot & set(channel.recipient_ids) and method == "POST":
            return 403, {"message": "Cannot send messages to this user", "code": 50007}
        metadata = channel.thread_metadata
        if metadata is not None and metadata.archived and method in {"PATCH", "PUT", "DELETE"} and len(parts) > 2:
            return 400, {"message": "Thread is archived", "code": 50083}
        return None

    def _by_nonce(self, method: str, path: str, body: Any) -> Json | None:
        if method != "POST" or not path.endswith("/messages") or not isinstance(body, dict):
            return None
        channel = int(path.split("/")[2])
        number = self._nonces.get((channel, str(body.get("nonce"))))
        message = self.backend.messages.get(channel, {}).get(number or 0)
        if number is None or message is None or body.get("enforce_nonce") is not True:
            return None
        return dict(serializers.message_payload(self.backend, message))

    def _keep_nonce(self, method: str, path: str, body: Any, answer: Any) -> None:
        if method == "POST" and path.endswith("/messages") and isinstance(body, dict) and body.get("nonce"):
            self._nonces[int(path.split("/")[2]), str(body["nonce"])] = int(answer["id"])

    def forget_nonces(self) -> None:
        """Forget which messages were sent, as Discord does after a few minutes."""
        self._nonces.clear()

    async def _file(self, request: web.Request) -> web.StreamResponse:
        data = self.backend.cdn.get(f"http://127.0.0.1:{self.port}/files/{request.match_info['name']}")
        return web.Response(status=404) if data is None else web.Response(body=data)

    # --- the gateway

    async def _gateway(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if not self.is_up:
            await socket.close(code=4000)
            return socket
        await socket.send_json({"op": 10, "d": {"heartbeat_interval": 40_000}})
        sending: asyncio.Task[None] | None = None
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    break
                data = json.loads(message.data)
                if data["op"] == 1:
                    await socket.send_json({"op": 11})
                elif data["op"] in {2, 6}:
                    session = await self._opened(socket, data)
                    if session is not None:
                        sending = asyncio.create_task(_send(session, socket))
        finally:
            if sending is not None:
                sending.cancel()
        return socket

    async def _opened(self, socket: web.WebSocketResponse, data: Json) -> _Session | None:
        told = data["d"]
        if told["token"].removeprefix("Bot ") != self.token:
            await socket.close(code=4004)
            return None
        if data["op"] == 6:
            session = self._sessions.get(told["session_id"])
            if session is None or not self.resumable:
                await socket.send_json({"op": 9, "d": False})
                return None
            session.out = int(told["seq"] or 0)
            session.socket = socket
            session.dispatch("RESUMED", {})
            return session
        self.identifies += 1
        wanted = int(told["intents"])
        if any(wanted & bit and not self.granted[name] for name, bit in _PRIVILEGED.items()):
            await socket.close(code=4014)
            return None
        session = _Session(len(self._sessions) + 1, wanted)
        self._sessions = {**self._sessions, session.id: session}
        session.socket = socket
        self._ready(session)
        return session

    def _ready(self, session: _Session) -> None:
        user = dict(serializers.user_payload(self.backend.bot_user))
        guilds = list(self.backend.guilds.values())
        session.dispatch(
            "READY",
            {
                "v": 10,
                "user": user,
                "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
                "session_id": session.id,
                "resume_gateway_url": f"ws://127.0.0.1:{self.port}/gateway",
                "shard": [0, 1],
                "application": {"id": str(self.backend.application_id), "flags": 0},
            },
        )
        self.at_ready()
        if self.servers_are_up:
            self._tell_of_servers(session)

    def _tell_of_servers(self, session: _Session) -> None:
        for guild in self.backend.guilds.values():
            payload = _copied(serializers.guild_create_payload(self.backend, guild))
            prune_guild_create(payload, session.intents, self.backend.bot_user.id)
            session.dispatch("GUILD_CREATE", payload)

    def mend_servers(self) -> None:
        """Tell of the servers that were not available."""
        self.servers_are_up = True
        for session in self._sessions.values():
            self._tell_of_servers(session)

    def _emitted(self, event: str, payload: Any) -> None:
        for session in self._sessions.values():
            gate = required_intent(event, payload)
            if gate is not None and not getattr(session.intents, gate):
                continue
            copied = _copied(payload)
            if event == "MESSAGE_UPDATE" and "guild_id" in copied:
                self._add_member(copied)
            if not session.intents.message_content and event in {"MESSAGE_CREATE", "MESSAGE_UPDATE"}:
                censor_message(copied, self.backend.bot_user.id, backend=self.backend)
            session.dispatch(event, copied)

    def _add_member(self, message: Json) -> None:
        guild, author = self.backend.guilds[int(message["guild_id"])], int(message["author"]["id"])
        if author in guild.members:
            told = serializers.member_payload(self.backend, guild, guild.members[author], with_user=False)
            message["member"] = _copied(told)

    async def drop(self, code: int | None = None) -> None:
        """End every gateway connection, in order or not."""
        for session in self._sessions.values():
            if session.socket is not None and not session.socket.closed:
                if code is None:
                    transport = session.socket._req.transport if session.socket._req is not None else None
                    if transport is not None:
                        transport.abort()
                else:
                    await session.socket.close(code=code)
            session.socket = None

    def dispatch_raw(self, event: str, data: object) -> None:
        """Tell every client something, whatever it is."""
        for session in self._sessions.values():
            session.dispatch(event, data)


async def _send(session: _Session, socket: web.WebSocketResponse) -> None:
    while not socket.closed:
        session.news.clear()
        while session.out < len(session.sent) and session.socket is socket:
            message = session.sent[session.out]
            session.out += 1
            await socket.send_json(message)
        await session.news.wait()


def _json(answer: Any, status: int) -> web.Response:
    """Return an answer as Discord does: discord.py reads no other kind of JSON."""
    headers = {"Content-Type": "application/json", **_headers(status, answer)}
    return web.Response(body=json.dumps(answer, default=str).encode(), status=status, headers=headers)


def _copied(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str))


def _numbers(query: dict[str, str]) -> dict[str, Any]:
    return {name: int(value) if value.isdigit() else value for name, value in query.items()}


def _headers(status: int, answer: Any) -> dict[str, str]:
    if status != 429:
        return {}
    after = str(answer.get("retry_after", 0.05))
    return {"Via": "1.1 google", "Retry-After": after, "X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": after}


async def _body(request: web.Request) -> tuple[Any, list[_Upload]]:
    if not request.content_type.startswith("multipart/"):
        text = await request.text()
        return (json.loads(text) if text else None), []
    body: Any = None
    files: dict[str, _Upload] = {}
    async for part in await request.multipart():
        name = getattr(part, "name", None) or ""
        if name == "payload_json":
            body = json.loads(await part.text())  # type: ignore[union-attr]  # a part of it is no multipart
        else:
            data = bytes(await part.read(decode=False))  # type: ignore[union-attr]  # the same
            files[name] = _Upload(part.filename or "file", BytesIO(data), None)  # type: ignore[union-attr]  # the same
    for one in (body or {}).get("attachments", []):
        upload = files.get(f"files[{one['id']}]")
        if upload is not None:
            upload.filename = one.get("filename", upload.filename)
            upload.description = one.get("description")
    return body, [files[name] for name in sorted(files)]


@asynccontextmanager
async def discord_server() -> AsyncIterator[Wire]:
    """Give a Discord that listens, to which discord.py in this process is pointed."""
    wire = Wire()
    await wire.start()
    before = discord.http.Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    discord.http.Route.BASE = wire.api
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(f"ws://127.0.0.1:{wire.port}/gateway")
    try:
        yield wire
    finally:
        discord.http.Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before
        await wire.stop()
