"""A proxy between the bot and a real homeserver that spoils answers: cut, doubled, delayed, or none of Matrix at all.

Only the bot goes through it. What it does to a request is told by a `Rule`; a seeded one makes a storm. It can also
make the homeserver forget: each sending then goes out under an id of its own, as after the day for which Synapse
remembers, so that nothing but reading back keeps a message from being said twice.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

_REMEMBERED = 0.5  # seconds: aiohttp repeats a request at once by itself when a connection that it kept was cut
_HOP = {"connection", "content-length", "content-encoding", "transfer-encoding", "host", "keep-alive"}
_HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bot gets instead of the homeserver's answer."""

    status: int
    body: str | bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What becomes of a request: is it `forwarded`, how many times, and what is answered.

    `answer` None is the homeserver's own; `cut` closes the connection, `half` after half of it; `seconds` pass first.
    """

    name: str
    forwarded: int = 1
    answer: Answer | None = None
    cut: bool = False
    half: bool = False
    seconds: float = 0.0


def json_answer(status: int, body: object, **headers: str) -> Answer:
    """Return an answer as a homeserver gives it."""
    return Answer(status, json.dumps(body), {"Content-Type": "application/json", **headers})


_LIMIT = {"errcode": "M_LIMIT_EXCEEDED", "error": "Too Many Requests"}
TROUBLES = (
    Trouble("cut before it is forwarded", forwarded=0, cut=True),
    Trouble("cut after it was forwarded", cut=True),
    Trouble("cut in the middle of the answer", half=True),
    Trouble("forwarded twice", forwarded=2),
    Trouble("429 with retry_after_ms", 0, json_answer(429, {**_LIMIT, "retry_after_ms": 300})),
    Trouble("429 with Retry-After", 0, json_answer(429, _LIMIT, **{"Retry-After": "1"})),
    Trouble("429 with nonsense", 0, json_answer(429, {**_LIMIT, "retry_after_ms": "soon"}, **{"Retry-After": "-1"})),
    Trouble("500, not forwarded", 0, json_answer(500, {"errcode": "M_UNKNOWN", "error": "Internal server error"})),
    Trouble("502 in HTML after it was forwarded", 1, Answer(502, _HTML, {"Content-Type": "text/html"})),
    Trouble("504 after it was forwarded", 1, Answer(504, "", {})),
    Trouble("200 in HTML", 0, Answer(200, "<html>please log in</html>", {"Content-Type": "text/html"})),
    Trouble("half of the JSON", 1, Answer(200, '{"event_id": "$abc', {"Content-Type": "application/json"})),
    Trouble("an empty answer", 1, Answer(200, "", {"Content-Type": "application/json"})),
    Trouble("an answer without what was asked for", 1, json_answer(200, {})),
    Trouble("an answer of the wrong type", 1, json_answer(200, {"event_id": 7, "next_batch": [], "chunk": "x"})),
    Trouble("a list for an answer", 1, json_answer(200, ["event_id"])),
    Trouble("slow", seconds=1.5),
)
Rule = Callable[[web.Request], Trouble | None]


class Storm:
    """Troubles some requests, by a seed; sends more often than the rest."""

    def __init__(self, seed: int, sends: float = 0.4, rest: float = 0.1) -> None:
        self.met: Counter[str] = Counter()
        self._chance = Random(seed)  # repeatable
        self._sends = sends
        self._rest = rest
        self._deck: list[Trouble] = []

    def __call__(self, request: web.Request) -> Trouble | None:
        sends = request.method == "PUT" and "/send/" in request.path
        if self._chance.random() >= (self._sends if sends else self._rest):
            return None
        if not sends:
            return self._chance.choice(TROUBLES)
        if not self._deck:
            self._deck = self._chance.sample(TROUBLES, len(TROUBLES))
        trouble = self._deck.pop()
        self.met[trouble.name] += 1
        return trouble


class Proxy:
    """Passes requests on to `homeserver`, troubled as the rule says."""

    def __init__(self, homeserver: str) -> None:
        self.rule: Rule = lambda request: None
        self.forgets = False
        self.asked: list[tuple[float, str, str]] = []  # when (the loop's time), method, path
        self.url = ""
        self._homeserver = homeserver
        self._ids: dict[str, tuple[float, str]] = {}  # when an id was last seen, and what it is to the homeserver
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen on a free port of the loopback."""
        self._session = aiohttp.ClientSession(auto_decompress=True)
        app = web.Application(client_max_size=2**26)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def stop(self) -> None:
        """Stop listening."""
        assert self._runner is not None
        await self._runner.cleanup()
        await self._session.close()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((asyncio.get_running_loop().time(), request.method, request.path))
        trouble = self.rule(request) or Trouble("none")
        await asyncio.sleep(trouble.seconds)
        answer: Answer | None = None
        body = await request.read()
        target = self._target(request)
        for _ in range(trouble.forwarded):
            answer = await self._forward(request, target, body)
        if request.raw_path in self._ids:  # from now on, however long the homeserver has taken
            self._ids[request.raw_path] = asyncio.get_running_loop().time(), self._ids[request.raw_path][1]
        if trouble.cut:
            return self._cut(request)
        answer = trouble.answer or answer
        assert answer is not None
        raw = answer.body.encode() if isinstance(answer.body, str) else answer.body
        headers = CIMultiDict(answer.headers)
        if not trouble.half:
            return web.Response(status=answer.status, body=raw, headers=headers)
        response = web.StreamResponse(status=answer.status, headers={**headers, "Content-Length": str(len(raw))})
        await response.prepare(request)
        await response.write(raw[: len(raw) // 2])
        return self._cut(request)

    def _target(self, request: web.Request) -> str:
        path, now = request.raw_path, asyncio.get_running_loop().time()
        if self.forgets and request.method == "PUT" and "/send/" in request.path:
            since, name = self._ids.get(path, (0.0, ""))
            if now > since + _REMEMBERED:
                name = secrets.token_hex(4)
            self._ids[path] = now, name
            path = f"{path}-{name}"
        return self._homeserver + path

    async def _forward(self, request: web.Request, target: str, body: bytes) -> Answer:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        more: dict[str, Any] = {"data": body} if body else {}
        url = URL(target, encoded=True)
        async with self._session.request(request.method, url, headers=headers, **more) as answered:
            kept = {name: value for name, value in answered.headers.items() if name.lower() not in _HOP}
            return Answer(answered.status, await answered.read(), kept)

    @staticmethod
    def _cut(request: web.Request) -> web.StreamResponse:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)
