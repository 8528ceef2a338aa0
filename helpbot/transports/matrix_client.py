"""matrix-nio's client reduced to its connection: raw JSON in and out, each failure as the port names it.

Rule: events stay raw JSON, and every answer is read with our own eyes, because nio's parsing of a sync lets one hostile
event end it for everybody, and its calls wait for ever inside.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import vodozemac
from nio import AsyncClient, AsyncClientConfig
from nio.client.async_client import client_session

from helpbot.transports.base import SetupError, TryLater
from helpbot.transports.matrix_events import is_user_id, words
from helpbot.transports.matrix_http import File, Gate, JsonDict, Stream, dicts, fault, is_away, path, redirected
from helpbot.transports.matrix_json import parse
from helpbot.transports.matrix_keystore import FAULTS, KeyStore, not_opened

# nio writes what people said into its log (validation errors quote the event); ours must not hold that.
logging.getLogger("nio").setLevel(logging.CRITICAL + 1)

_CONNECT = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a room, as the server tells it; `event` is the id of the membership event, sent `by`."""

    membership: str
    name: str
    event: str
    at: object
    by: object = None


class HttpClient(AsyncClient):  # type: ignore[misc]  # nio has no types
    """One login at a homeserver; `call` is the only way to it."""

    def __init__(self, homeserver: str, user: str, store: Path | None, pickle_key: str) -> None:
        config = AsyncClientConfig(
            store=KeyStore,
            encryption_enabled=store is not None,
            pickle_key=pickle_key,
            store_sync_tokens=False,
            max_limit_exceeded=0,
            max_timeouts=0,
        )
        super().__init__(homeserver.rstrip("/"), user, store_path="" if store is None else str(store), config=config)
        self._gate = Gate()

    def open(self, device: str, token: str) -> None:
        """Take up a login, with its keys; raises SetupError when they cannot be opened, TryLater while in use."""
        try:
            self.restore_login(self.user, device, token)
        except (vodozemac.PickleException, vodozemac.LibolmPickleException):
            raise SetupError(
                f"the encryption keys in {self.store_path} belong to another database: "
                "restore the database that they were made with, or give helpbot an empty folder (matrix.store)"
            ) from None
        except FAULTS as error:
            raise not_opened(error, self.store_path) from None

    async def shut(self) -> None:
        """Close the connections and the key store."""
        await self.close()
        if self.store is not None:
            self.store.database.close()

    # --- HTTP

    async def call(
        self,
        method: str,
        where: str,
        body: object = None,
        *,
        query: Mapping[str, str] | None = None,
        holds: Mapping[str, type] | None = None,
        patience: float = 60,
        gated: bool = True,
    ) -> JsonDict:
        """Ask the homeserver, for `patience` seconds at most; raises TryLater, LoginGone or Refused.

        An answer that does not hold these fields, of these types, is none: what stands before a homeserver answers 200
        with anything. What waits by itself when nobody answers need not be `gated`.
        """
        status, answered, answer = await self.ask(method, where, body, query=query, patience=patience, gated=gated)
        if status < 300 and isinstance(answer, dict):
            for name, kind in (holds or {}).items():
                if not isinstance(answer.get(name), kind):
                    raise TryLater(f"the homeserver's answer has no {name}")
            return answer
        raise fault(status, answered, answer)

    async def ask(
        self,
        method: str,
        where: str,
        body: object = None,
        *,
        query: Mapping[str, str] | None = None,
        patience: float = 60,
        gated: bool = True,
        counted: bool = True,
    ) -> tuple[int, Mapping[str, str], object]:
        """Return status, headers and JSON (None for what is none) of an answer, whatever it is; raises TryLater.

        Not `counted` is what another server may answer, as one for media: that it fails tells nothing of the rest.
        """
        if gated:
            self._gate.check()
        headers = {"Content-Type": body.kind if isinstance(body, File | Stream) else "application/json"}
        if isinstance(body, Stream):
            headers["Content-Length"] = str(body.size)
        limit = aiohttp.ClientTimeout(total=patience)
        try:
            async with await self._unfollowed(method, where, query, _sent(body), headers, limit) as response:
                status, answered, raw = response.status, response.headers, await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if isinstance(error, aiohttp.InvalidURL):
                raise SetupError(
                    f"{self.homeserver!r} is no address of a homeserver: write matrix.homeserver as a https URL"
                ) from None
            self._count(counted, worked=False)
            raise TryLater(f"the homeserver cannot be reached ({type(error).__name__})") from None
        if 300 <= status < 400 and "Location" in answered:
            self._count(counted, worked=False)
            raise redirected(status, self.homeserver, where, answered["Location"])
        try:
            answer = parse(raw)
        except ValueError:
            answer = None
        self._count(counted, worked=not is_away(status, answer))
        return status, answered, answer

    @asynccontextmanager
    async def opened(self, where: str, query: Mapping[str, str]) -> AsyncIterator[aiohttp.ClientResponse]:
        """Give the answer to a GET, whatever it is, its body still to be read; raises TryLater, also in its block.

        It is not counted (see `ask`), and takes as long as the block lets it.
        """
        self._gate.check()
        limit = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT)
        headers = {"Accept-Encoding": "identity"}  # what is counted is what is written
        try:
            async with await self._unfollowed("GET", where, query, None, headers, limit) as response:
                if 300 <= response.status < 400 and "Location" in response.headers:
                    raise redirected(response.status, self.homeserver, where, response.headers["Location"])
                yield response
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise TryLater(f"the homeserver does not give it ({type(error).__name__})") from None

    def _count(self, counted: bool, *, worked: bool) -> None:
        if counted and worked:
            self._gate.worked()
        elif counted:
            self._gate.failed()

    @client_session  # type: ignore[untyped-decorator]  # nio has no types; it makes the session
    async def _unfollowed(  # noqa: PLR0917  # what a request is made of
        self,
        method: str,
        where: str,
        query: Mapping[str, str] | None,
        data: bytes | AsyncIterator[bytes] | None,
        headers: Mapping[str, str],
        limit: aiohttp.ClientTimeout,
    ) -> aiohttp.ClientResponse:
        """Ask without following redirects: aiohttp makes a GET of a POST then, and leaves the login out."""
        target = self.homeserver + (where if not query else f"{where}?{urlencode(query)}")
        login = {"Authorization": f"Bearer {self.access_token}"} if self.access_token else {}
        answer: aiohttp.ClientResponse = await self.client_session.request(
            method, target, data=data, headers={**headers, **login}, ssl=self.ssl, timeout=limit, allow_redirects=False
        )
        return answer

    async def members(self, room: str) -> dict[str, Member]:
        """Return everybody that a room knows of, whatever their membership."""
        answer = await self.call("GET", path("rooms", room, "members"), holds={"chunk": list})
        found: dict[str, Member] = {}
        for event in dicts(answer.get("chunk")):
            content = event.get("content")
            user = event.get("state_key")
            if is_user_id(user) and isinstance(content, dict):
                state, name = words(content.get("membership")), words(content.get("displayname"))
                at, by = event.get("origin_server_ts"), event.get("sender")
                found[str(user)] = Member(state, name, str(event.get("event_id")), at, by)
        return found

    async def joined(self, room: str) -> dict[str, str]:
        """Return the joined members, id → display name (empty without one)."""
        answer = await self.call("GET", path("rooms", room, "joined_members"), holds={"joined": dict})
        return {
            user: words(profile.get("display_name")) if isinstance(profile, dict) else ""
            for user, profile in answer["joined"].items()
            if is_user_id(user)
        }

    async def page_back(
        self, room: str, start: str | None, end: str | None = None
    ) -> tuple[list[JsonDict], str | None]:
        """Return up to 100 events before a point, newest first, and where to go on."""
        query = {"dir": "b", "limit": "100"}
        if start is not None:
            query["from"] = start
        if end is not None:
            query["to"] = end
        answer = await self.call("GET", path("rooms", room, "messages"), query=query, holds={"chunk": list})
        events, further = dicts(answer.get("chunk")), answer.get("end")
        return events, further if isinstance(further, str) and events else None


def _sent(body: object) -> bytes | AsyncIterator[bytes] | None:
    """Return what goes over the wire: a file as it is, all else as JSON."""
    if isinstance(body, Stream):
        return body.pieces
    if body is None or isinstance(body, File):
        return None if body is None else body.data
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
