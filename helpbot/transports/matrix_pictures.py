"""Pictures of the bot on their way to a homeserver."""

from __future__ import annotations

import base64
import io
import struct
from dataclasses import dataclass

import structlog

from helpbot.core.effects import Picture
from helpbot.transports.matrix_client import HttpClient
from helpbot.transports.matrix_http import JsonDict
from helpbot.transports.matrix_uploads import Parcel, Uploads

log = structlog.get_logger(__name__)

_PNG = "image/png"
_HEAD = struct.Struct(">8s4x4sII")  # signature, length and name of the first chunk, width, height


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
    """Shows pictures, each uploaded once."""

    def __init__(self) -> None:
        self._uploads = Uploads("picture")

    async def placed(self, client: HttpClient, picture: Picture, key: str, *, encrypted: bool) -> JsonDict | None:
        """Return what an event says of where the picture lies; None when it cannot be shown. Raises TryLater."""
        png = png_of(picture)
        if png is None:
            log.error("picture_unreadable", key=key)
            return None
        parcel = Parcel(io.BytesIO(png.data), len(png.data), _PNG)
        placed = await self._uploads.placed(client, parcel, key, encrypted=encrypted)
        info = {"mimetype": _PNG, "size": parcel.size, "w": png.width, "h": png.height}
        return None if placed is None else {"info": info, **placed}
