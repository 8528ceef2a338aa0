"""Pictures on their way to a homeserver: read, encrypted where the room is, uploaded.

Rule: a picture that cannot be shown keeps no words from arriving, because whoever asked waits for those.
"""

from __future__ import annotations

import asyncio
import base64
import struct
from collections import OrderedDict
from dataclasses import dataclass

import structlog
from nio.crypto.attachments import encrypt_attachment

from helpbot.core.effects import Picture
from helpbot.transports.base import TryLater
from helpbot.transports.matrix_client import HttpClient
from helpbot.transports.matrix_http import UPLOAD, File, JsonDict, Limited, LoginGone, as_dict, fault

log = structlog.get_logger(__name__)

_PNG = "image/png"
_HEAD = struct.Struct(">8s4x4sII")  # signature, length and name of the first chunk, width, height
_KEPT = 100  # uploads, and failures of others, that are remembered until their message has gone out
_TRIES = 5  # uploads in vain after which a message goes out without its picture, if it goes out
_PATIENCE = 60.0  # seconds since the first of them, after which it does so sooner


@dataclass(frozen=True, slots=True)
class Png:
    """A picture's bytes and its size in pixels."""

    data: bytes
    width: int
    height: int


def png_of(picture: Picture) -> Png | None:
    """Return the picture's bytes if they are a PNG; else None."""
    try:
        data = base64.b64decode(picture.data, validate=True)
        signature, first, width, height = _HEAD.unpack_from(data)
    except (ValueError, struct.error):
        return None
    if (signature, first) != (b"\x89PNG\r\n\x1a\n", b"IHDR") or not (width and height):
        return None
    return Png(data, width, height)


class Pictures:
    """Uploads pictures, each once while its message is tried again and again.

    One whose upload fails again and again is still tried before its message, but keeps it no longer: a homeserver
    that is away takes neither, and a place for media that is broken alone takes the words.
    """

    def __init__(self) -> None:
        self._uploaded: OrderedDict[tuple[str, bool], JsonDict] = OrderedDict()
        self._failed: OrderedDict[str, tuple[int, float]] = OrderedDict()  # by key: how often, and first when

    async def placed(self, client: HttpClient, picture: Picture, key: str, *, encrypted: bool) -> JsonDict | None:
        """Return what an event says of where the picture lies; None when it cannot be shown. Raises TryLater."""
        png = png_of(picture)
        if png is None:
            log.error("picture_unreadable", key=key)
            return None
        if (key, encrypted) not in self._uploaded:
            try:
                file = await (_upload_sealed if encrypted else _upload)(client, png)
            except LoginGone:
                raise
            except TryLater as later:
                if self._may_wait(key):
                    raise
                log.error("picture_given_up", key=key, why=later.why, hint="its message goes out without it")
                return None
            if file is None:
                return None
            info = {"mimetype": _PNG, "size": len(png.data), "w": png.width, "h": png.height}
            self._uploaded[key, encrypted] = {"info": info, **file}
            if len(self._uploaded) > _KEPT:
                self._uploaded.popitem(last=False)
        return self._uploaded[key, encrypted]

    def _may_wait(self, key: str) -> bool:
        """Keep that an upload failed; tell whether its message may wait for another try."""
        now = asyncio.get_running_loop().time()
        times, first = self._failed.pop(key, (0, now))
        self._failed[key] = times + 1, first
        if len(self._failed) > _KEPT:
            self._failed.popitem(last=False)
        return times + 1 < _TRIES and now < first + _PATIENCE


async def _upload(client: HttpClient, png: Png) -> JsonDict | None:
    url = await _put(client, File(png.data, _PNG))
    return None if url is None else {"url": url}


async def _upload_sealed(client: HttpClient, png: Png) -> JsonDict | None:
    sealed, keys = encrypt_attachment(png.data)
    url = await _put(client, File(sealed, "application/octet-stream"))
    return None if url is None else {"file": {**keys, "url": url}}


async def _put(client: HttpClient, file: File) -> str | None:
    """Upload a file and return its address; None when the homeserver, or what stands before it, will not have it."""
    status, headers, answer = await client.ask("POST", UPLOAD, file, counted=False)
    url = as_dict(answer).get("content_uri")
    if status < 300 and isinstance(url, str):
        return url
    if status < 300:
        raise TryLater("the homeserver's answer has no content_uri", doubtful=False)
    error = fault(status, headers, answer)
    if isinstance(error, LoginGone | Limited) or status >= 500:
        raise error
    log.warning("picture_refused", status=status, why=error.why)
    return None
