"""Files as people's clients send and open them, none of it by helpbot's own code."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import aiohttp
from nio.crypto.attachments import decrypt_attachment, encrypt_attachment

from .actors import Event, PlainActor

DATA = bytes(range(256)) * 3000 + b"the end"  # more than what is read at once
SMALL = b"\x89PNG a small one" * 20


async def upload(actor: PlainActor, data: bytes, kind: str = "application/octet-stream") -> str:
    """Put a file on the server; return its address."""
    headers = {"Authorization": f"Bearer {actor.user.token}", "Content-Type": kind}
    where = f"{actor.url}/_matrix/media/v3/upload"
    async with aiohttp.ClientSession() as session, session.post(where, data=BytesIO(data), headers=headers) as response:
        assert response.status == 200, await response.text()
        return str((await response.json())["content_uri"])


async def placed(actor: PlainActor, data: bytes, *, encrypted: bool, kind: str = "image/png") -> Event:
    """Put a file on the server; return what an event says of where it lies."""
    if not encrypted:
        return {"url": await upload(actor, data, kind)}
    sealed, keys = encrypt_attachment(data)
    return {"file": {**keys, "url": await upload(actor, sealed)}}


async def send_file(
    actor: PlainActor, room: str, data: bytes, *, encrypted: bool, name: str = "écran PUK.png", **extra: Any
) -> str:
    """Send a file as clients do, encrypted or not; return the event's id."""
    content = {"msgtype": "m.image", "body": name, "filename": name, "m.mentions": {}, **extra}
    content["info"] = {"mimetype": "image/png", "size": len(data), **content.get("info", {})}
    content |= await placed(actor, data, encrypted=encrypted)
    return await actor.send_event(room, "m.room.message", content)


async def opened(actor: PlainActor, content: Event, prefix: str = "") -> bytes:
    """Return the bytes that a client shows of a file, or of its thumbnail."""
    file = content.get(f"{prefix}file")
    if file is None:
        return await actor.download(content[f"{prefix}url"])
    assert f"{prefix}url" not in content
    sealed = await actor.download(file["url"])
    clear: bytes = decrypt_attachment(sealed, file["key"]["k"], file["hashes"]["sha256"], file["iv"])
    assert sealed != clear
    return clear
