"""What the bot sent into a room, found again and taken back.

Rule: a redaction carries the key of what it takes back, because the homeserver empties that event, and under another
login nothing else would tell that it was ever sent.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence

from helpbot.transports.base import Undeliverable
from helpbot.transports.matrix_client import HttpClient
from helpbot.transports.matrix_content import KEY, TAKES_BACK, key_of
from helpbot.transports.matrix_events import reference
from helpbot.transports.matrix_http import CLIENT_API, Barred, JsonDict, Refused, as_dict, dicts, path

_RELATIONS_API = "/_matrix/client/v1"
_READ_BACK = 2000  # events
_PAGES = 10  # of a hundred corrections each, newest first


async def sent_since(client: HttpClient, room: str, ref: str | None, former: Sequence[str] = ()) -> dict[str, str]:
    """Return key → reference of what the bot sent there after `ref`, taken back or not; None: as far as is sane.

    `former` are the rooms that this one has replaced, the last one first: what is not found here may be there.
    """
    sent: dict[str, str] = {}
    if await _read_back(client, room, ref, sent):
        return sent
    for before in former:
        try:
            if await _read_back(client, before, ref, sent):
                break
        except Refused:  # the bot is out of it
            continue
    return sent


async def _read_back(client: HttpClient, room: str, ref: str | None, sent: dict[str, str]) -> bool:
    """Add what the bot sent into one room; tell whether `ref` was there."""
    start: str | None = None
    for _ in range(_READ_BACK // 100):
        events, start = await client.page_back(room, start)
        for event in events:
            if event.get("event_id") == ref:
                return True
            key, own = key_of(event), reference(event.get("event_id"))
            if key is not None and own is not None and event.get("sender") == client.user:
                sent[key] = own
        if start is None:
            break
    return False


async def where_it_stands(client: HttpClient, rooms: Sequence[str], ref: str) -> str | None:
    """Return in which of the rooms an event is; None when it is in none, or the bot is not told."""
    for room in rooms:
        try:
            if reference(ref) is not None and await _event(client, room, ref) is not None:
                return room
        except Refused:
            continue
    return None


async def take_back(client: HttpClient, room: str, ref: str, key: str) -> str:
    """Take back a message or a mark of the bot's own, corrections first, because these hold its words as well.

    Returns the reference of that, empty when somebody else did it or nothing is there.
    """
    event = None if reference(ref) is None else await _event(client, room, ref)
    if event is None:
        return ""
    if event.get("sender") != client.user:
        raise Undeliverable("only what the bot itself sent is taken back")
    by = as_dict(as_dict(event.get("unsigned")).get("redacted_because"))
    if by:  # a homeserver relates nothing to it any more
        return (reference(by.get("event_id")) or "") if by.get("sender") == client.user else ""
    async for edit in _corrections(client, room, ref):
        await _redact(client, room, edit, hashlib.sha256(f"{key} {edit['event_id']}".encode()).hexdigest()[:32])
    return await _redact(client, room, event, key)


async def _event(client: HttpClient, room: str, ref: str) -> JsonDict | None:
    try:
        return await client.call("GET", path("rooms", room, "event", ref), holds={"sender": str})
    except Refused as refused:
        if refused.code == "M_NOT_FOUND":
            return None
        raise


async def _corrections(client: HttpClient, room: str, ref: str) -> AsyncIterator[JsonDict]:
    """Give the bot's corrections of a message that were not taken back."""
    where = path("rooms", room, "relations", ref, "m.replace").replace(CLIENT_API, _RELATIONS_API, 1)
    query = {"limit": "100"}
    for _ in range(_PAGES):
        try:
            answer = await client.call("GET", where, query=query, holds={"chunk": list})
        except (Refused, Barred):  # a homeserver that does not relate events
            return
        for event in dicts(answer["chunk"]):
            if event.get("sender") == client.user and reference(event.get("event_id")) is not None:
                yield event
        further = answer.get("next_batch")
        if not isinstance(further, str):
            return
        query["from"] = further


async def _redact(client: HttpClient, room: str, event: JsonDict, key: str) -> str:
    content = {KEY: key}
    taken = key_of(event)
    if taken is not None:
        content[TAKES_BACK] = taken
    where = path("rooms", room, "redact", str(event["event_id"]), key)
    answer = await client.call("PUT", where, content, holds={"event_id": str})
    return str(answer["event_id"])
