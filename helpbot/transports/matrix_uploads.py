"""Files on their way to a homeserver: piece by piece, encrypted where the room is.

Rule: a file that cannot be shown keeps no words from arriving, because whoever asked waits for those.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import structlog
from nio.crypto.attachments import encrypted_attachment_generator

from helpbot.core.effects import Content
from helpbot.transports.base import Fetched, TryLater, Undeliverable
from helpbot.transports.matrix_client import HttpClient
from helpbot.transports.matrix_download import PIECE, in_thread
from helpbot.transports.matrix_files import ANY_TYPE, attachment_in, media_type, shown, source_of
from helpbot.transports.matrix_http import UPLOAD, Barred, JsonDict, Limited, LoginGone, Stream, as_dict, fault

log = structlog.get_logger(__name__)

CONFIG = "/_matrix/client/v1/media/config"
_OLD_CONFIG = "/_matrix/media/v3/config"
_KEPT = 100  # uploads, and failures of others, that are remembered until their message has gone out
_TRIES = 5  # uploads in vain after which a message goes out without its file, if it goes out
_PATIENCE = 60.0  # seconds since the first of them, after which it does so sooner
_ONE = 60.0  # seconds that one upload may take, and more for what is large
_SLOWEST = 250_000  # bytes a second
_THUMBNAIL = 15.0  # seconds


@dataclass(frozen=True, slots=True)
class Parcel:
    """A file to upload."""

    file: BinaryIO
    size: int
    kind: str


class Uploads:
    """Uploads files, each once while its message is tried again and again; `what` they are is for the log.

    One whose upload fails again and again is still tried before its message, but keeps it no longer: a homeserver
    that is away takes neither, and a place for media that is broken alone takes the words.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._uploaded: OrderedDict[tuple[str, bool], JsonDict] = OrderedDict()
        self._failed: OrderedDict[str, tuple[int, float]] = OrderedDict()  # by key: how often, and first when

    async def placed(self, client: HttpClient, parcel: Parcel, key: str, *, encrypted: bool) -> JsonDict | None:
        """Return what an event says of where the file lies; None when it cannot be shown. Raises TryLater."""
        try:
            return await self.tried(client, parcel, key, encrypted=encrypted)
        except LoginGone:
            raise
        except TryLater as later:
            if self._may_wait(key):
                raise
            log.error(f"{self._what}_given_up", key=key, why=later.why, hint="its message goes out without it")
            return None

    async def tried(
        self, client: HttpClient, parcel: Parcel, key: str, *, encrypted: bool, patience: float | None = None
    ) -> JsonDict | None:
        """Do as `placed` does, once; it is not remembered that it failed."""
        if (key, encrypted) not in self._uploaded:
            patience = _ONE + parcel.size / _SLOWEST if patience is None else patience
            placed = await (_upload_sealed if encrypted else _upload)(client, parcel, patience, self._what)
            if placed is None:
                return None
            self._uploaded[key, encrypted] = placed
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


class Files:
    """Shows files that people sent, with their thumbnails."""

    def __init__(self) -> None:
        self._files = Uploads("file")
        self._thumbnails = Uploads("thumbnail")
        self._limit: int | None = None  # bytes that the homeserver takes, once it told
        self._asked = False

    async def shown(
        self, client: HttpClient, content: Content, file: Fetched, key: str, *, encrypted: bool
    ) -> JsonDict | None:
        """Return what an event says of the content's file; None when it cannot be shown. Raises TryLater."""
        attachment = attachment_in(content)
        if attachment is None:
            return None
        limit = await self._most(client)
        if limit is not None and file.size > limit:
            log.warning("file_refused", key=key, size=file.size, why="it is larger than the homeserver takes")
            return None
        parcel = Parcel(file.file, file.size, media_type(attachment.media_type))
        placed = await self._files.placed(client, parcel, key, encrypted=encrypted)
        if placed is None:
            return None
        source = source_of(attachment)
        thumbnail = None
        if file.thumbnail is not None and source is not None and source.thumbnail is not None:
            small = Parcel(file.thumbnail.file, file.thumbnail.size, source.thumbnail.media_type)
            thumbnail = await self._thumbnail(client, small, key, encrypted=encrypted)
        return shown(attachment, file.size, placed, thumbnail)

    async def _thumbnail(
        self, client: HttpClient, parcel: Parcel, key: str, *, encrypted: bool
    ) -> tuple[int, JsonDict] | None:
        """Return the thumbnail's size and where it lies; what fails there holds nothing up."""
        try:
            placed = await self._thumbnails.tried(client, parcel, key, encrypted=encrypted, patience=_THUMBNAIL)
        except LoginGone:
            raise
        except TryLater as later:
            log.info("thumbnail_left_out", key=key, why=later.why)
            return None
        return None if placed is None else (parcel.size, placed)

    async def _most(self, client: HttpClient) -> int | None:
        """Return how large a file the homeserver takes, if it tells; it is asked once."""
        for where in () if self._asked else (CONFIG, _OLD_CONFIG):
            try:
                answer = await client.call("GET", where, patience=_THUMBNAIL)
            except Barred:  # an older one does not know the question
                continue
            except LoginGone:
                raise
            except (TryLater, Undeliverable):
                return None  # asked again with the next file
            told = answer.get("m.upload.size")
            self._limit = told if isinstance(told, int) and told > 0 else None
            self._asked = True
            break
        return self._limit


async def _upload(client: HttpClient, parcel: Parcel, patience: float, what: str) -> JsonDict | None:
    url = await _put(client, Stream(pieces(_read(parcel)), parcel.size, parcel.kind), patience, what)
    return None if url is None else {"url": url}


async def _upload_sealed(client: HttpClient, parcel: Parcel, patience: float, what: str) -> JsonDict | None:
    keys: JsonDict = {}
    sealed = pieces(encrypted_attachment_generator(_read(parcel)), keys)
    if not parcel.size:  # the answer to nothing waits for no piece
        async for _ in sealed:
            pass
    url = await _put(client, Stream(sealed, parcel.size, ANY_TYPE), patience, what)
    if url is not None and not keys:
        raise TryLater("the homeserver answered before the file had gone out", doubtful=False)
    return None if url is None else {"file": {**keys, "url": url}}


def _read(parcel: Parcel) -> Iterator[bytes]:
    parcel.file.seek(0)
    while piece := parcel.file.read(PIECE):
        yield piece


async def pieces(source: Iterator[Any], keys: JsonDict | None = None) -> AsyncIterator[bytes]:
    """Read, and encrypt, in a thread; what opens it is in `keys` before the last piece is handed out.

    The homeserver answers when it has the last byte, and nobody asks for more after that: so a piece is held back
    until it is known what comes after it.
    """
    held: bytes | None = None
    while (piece := await in_thread(next, source, None)) is not None:
        if isinstance(piece, bytes):
            if held is not None:
                yield held
            held = piece
        elif keys is not None:
            keys.update(piece)
    if held is not None:
        yield held


async def _put(client: HttpClient, stream: Stream, patience: float, what: str) -> str | None:
    """Upload a file and return its address; None when the homeserver, or what stands before it, will not have it."""
    status, headers, answer = await client.ask("POST", UPLOAD, stream, patience=patience, counted=False)
    url = as_dict(answer).get("content_uri")
    if status < 300 and isinstance(url, str):
        return url
    if status < 300:
        raise TryLater("the homeserver's answer has no content_uri", doubtful=False)
    error = fault(status, headers, answer)
    if isinstance(error, LoginGone | Limited) or status >= 500:
        raise error
    log.warning(f"{what}_refused", status=status, why=error.why)
    return None
