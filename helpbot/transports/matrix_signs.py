"""Signs of life: who types and who has read in the agents' rooms, told beside the messages, and shown to customers.

Rule: a sign is never waited for, because it is worth nothing later: what cannot be told or shown at once is dropped.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice

import structlog

from helpbot.transports.base import Read, Sign, TryLater, Typing
from helpbot.transports.matrix_client import HttpClient
from helpbot.transports.matrix_events import is_user_id, reference
from helpbot.transports.matrix_http import JsonDict, Refused, as_dict, dicts, fault, path
from helpbot.transports.matrix_rooms import Rooms

log = structlog.get_logger(__name__)

_TYPING, _RECEIPT = "m.typing", "m.receipt"
_ROOMS = 100  # agents' rooms that are listened to; their names go with every sync
_WAITING = 1000  # events
_EVENTS = 20  # of one room in one sync; servers make two
_MOST = 10_000  # people of one event, as it claims
_AT_ONCE = 100  # people that are looked at without a pause
_STALE = 10.0  # seconds after which nobody is told that somebody types
_SHOWN_FOR = 20_000  # milliseconds that a customer sees somebody type, unless told again
_PATIENCE = 5.0  # seconds


def wanted(rooms: Collection[str]) -> JsonDict:
    """Return the filter that lets in signs of these rooms alone."""
    return {"types": [_TYPING, _RECEIPT], "rooms": sorted(rooms)[:_ROOMS]}


def signs(event: Mapping[str, object], room: str, team: str | None, people: Collection[str]) -> Iterator[Sign | None]:
    """Give what an event tells of these people, whatever it is made of; None where a pause is due."""
    content = as_dict(event.get("content"))
    if event.get("type") == _TYPING and isinstance(users := content.get("user_ids"), list):
        typing = (user for user in islice(users, _MOST) if is_user_id(user) and user in people)
        yield Typing(room, team, tuple(dict.fromkeys(typing)))
    elif event.get("type") == _RECEIPT:
        for number, (ref, person, receipt) in enumerate(islice(_receipts(content), _MOST), start=1):
            if number % _AT_ONCE == 0:
                yield None
            told = receipt.get("thread_id")
            thread = None if told in (None, "main") else reference(told)
            known = person in people and reference(ref) is not None
            if known and (thread is not None or told in (None, "main")):
                yield Read(room, team, person, ref, thread)


def _receipts(content: Mapping[str, object]) -> Iterator[tuple[str, str, JsonDict]]:
    for ref, kinds in content.items():
        users = as_dict(as_dict(kinds).get("m.read"))  # m.read.private is nobody's business
        if not users:
            yield ref, "", {}
        for person, receipt in users.items():
            yield ref, person, as_dict(receipt)


class Signs:
    """Tells what comes in, in agents' rooms that nobody else can read, of their members but the bot."""

    def __init__(self, rooms: Rooms, me: str, notice: Callable[[Sign], None]) -> None:
        self._rooms = rooms
        self._me = me
        self._notice = notice
        self._heard: deque[tuple[float, str, JsonDict]] = deque(maxlen=_WAITING)
        self._news = asyncio.Event()

    def take(self, answer: JsonDict) -> None:
        """Take in what a sync says, to be told by `work`; what is older gives way."""
        now = asyncio.get_running_loop().time()
        for room, info in as_dict(as_dict(answer.get("rooms")).get("join")).items():
            events = dicts(as_dict(as_dict(info).get("ephemeral")).get("events"))
            self._heard.extend((now, room, event) for event in events[-_EVENTS:])
        if self._heard:
            self._news.set()

    async def work(self) -> None:
        """Tell what was heard, until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._heard:
                heard, room, event = self._heard.popleft()
                try:
                    await self._tell(heard, room, event)
                except (TryLater, Refused) as failed:
                    log.debug("sign_not_told", room=room, why=failed.why)

    async def _tell(self, heard: float, room: str, event: JsonDict) -> None:
        team = self._rooms.team(room)
        if team is None or await self._rooms.is_exposed(room):
            return
        people = (await self._rooms.people(room, now=False)).keys() - {self._me}
        for sign in signs(event, room, team, people):
            if sign is None:
                await asyncio.sleep(0)
            elif isinstance(sign, Read) or asyncio.get_running_loop().time() < heard + _STALE:
                self._notice(sign)


async def show_typing(client: HttpClient, room: str, *, typing: bool) -> None:
    """Show in a room that somebody is typing, or no longer; does nothing when it cannot."""
    body = {"typing": True, "timeout": _SHOWN_FOR} if typing else {"typing": False}
    await _show(client, "PUT", path("rooms", room, "typing", str(client.user)), body)


async def show_read(client: HttpClient, room: str, ref: str) -> None:
    """Show in a room that it was read up to a message, threads included; does nothing when it cannot."""
    await _show(client, "POST", path("rooms", room, "receipt", "m.read", ref), {})


async def _show(client: HttpClient, method: str, where: str, body: JsonDict) -> None:
    try:
        status, headers, answer = await client.ask(method, where, body, patience=_PATIENCE, gated=False, counted=False)
    except TryLater as later:
        log.debug("sign_not_shown", why=later.why)
    else:
        if status >= 300:
            log.debug("sign_not_shown", why=fault(status, headers, answer).why)
