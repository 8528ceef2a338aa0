"""Files from a homeserver into a temporary file: piece by piece, decrypted on the way, checked before they are given.

Rule: an encrypted file is given to nobody before all of it fits its hash, because until then it is anybody's.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import BinaryIO, ParamSpec, TypeVar
from urllib.parse import quote

import aiohttp
import structlog
from Crypto.Cipher import AES
from Crypto.Cipher._mode_ctr import CtrMode
from Crypto.Util import Counter

from helpbot.core.model import Attachment
from helpbot.transports.base import Fetched, TryLater, Undeliverable
from helpbot.transports.matrix_client import HttpClient
from helpbot.transports.matrix_files import Seal, Source, Stored, source_of, unpadded
from helpbot.transports.matrix_http import Barred, LoginGone, Refused, as_dict, fault
from helpbot.transports.matrix_json import parse

P = ParamSpec("P")
T = TypeVar("T")
log = structlog.get_logger(__name__)

DOWNLOAD = "/_matrix/client/v1/media/download"
_OLD_DOWNLOAD = "/_matrix/media/v3/download"
THUMBNAIL = 2**20  # bytes of a thumbnail
PIECE = 2**18  # bytes that are in memory at once
_ANSWER = 65_536  # bytes of an answer that is no file


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a download may take, in seconds: until it begins, between two pieces, and in all.

    `slowest` is in bytes a second, for what is large. A homeserver that first gets the file from another one begins
    only when it has all of it.
    """

    first: float = 60.0
    silence: float = 20.0
    whole: float = 60.0
    slowest: int = 250_000


_PATIENCE = Patience()
_FOR_THUMBNAIL = Patience(first=10.0, silence=5.0, whole=10.0)


@asynccontextmanager
async def fetched(
    client: HttpClient, attachment: Attachment, most: int, patience: Patience = _PATIENCE
) -> AsyncIterator[Fetched]:
    """Give a file of at most so many bytes; see Transport.fetch. Its thumbnail comes along if it can."""
    source = source_of(attachment)
    if source is None:
        raise Undeliverable("file_gone")
    with _temporary() as file, _temporary() as small:
        size = await _download(client, source.stored, most, file, patience)
        yield Fetched(file, size, await _thumbnail(client, source, small))


async def _thumbnail(client: HttpClient, source: Source, file: BinaryIO) -> Fetched | None:
    if source.thumbnail is None:
        return None
    try:
        size = await _download(client, source.thumbnail.stored, THUMBNAIL, file, _FOR_THUMBNAIL)
    except LoginGone:
        raise
    except (TryLater, Undeliverable) as failed:
        log.info("thumbnail_left_out", why=failed.why)
        return None
    return Fetched(file, size)


async def _download(client: HttpClient, stored: Stored, most: int, file: BinaryIO, patience: Patience) -> int:
    """Write a file to `file`, which is at its beginning then; return its size."""
    try:
        return await _from(DOWNLOAD, client, stored, most, file, patience)
    except Barred as barred:
        if barred.code != "M_UNRECOGNIZED":
            raise
    return await _from(_OLD_DOWNLOAD, client, stored, most, file, patience)


async def _from(  # noqa: PLR0917  # as _download, and from where
    place: str, client: HttpClient, stored: Stored, most: int, file: BinaryIO, patience: Patience
) -> int:
    where = "/".join([place, quote(stored.server, safe=""), quote(stored.media, safe="")])
    waits = int(min(patience.first, patience.silence) * 750)  # milliseconds, for a file that is still being sent there
    query = {"timeout_ms": str(waits), "allow_redirect": "false"}
    try:
        async with asyncio.timeout(patience.first) as clock, client.opened(where, query) as response:
            if response.status != 200:
                raise _refusal(response.status, response.headers, await response.content.read(_ANSWER))
            expected = most if response.content_length is None else response.content_length
            if expected > most:
                raise Undeliverable("file_too_large")
            ends = asyncio.get_running_loop().time() + patience.whole + expected / patience.slowest
            return await _write(_pieces(response, most, clock, patience.silence, ends), _Opened(file, stored.seal))
    except TimeoutError:
        raise TryLater("the homeserver does not give the file in time") from None


async def _pieces(
    response: aiohttp.ClientResponse, most: int, clock: asyncio.Timeout, silence: float, ends: float
) -> AsyncIterator[bytes]:
    """Give what arrives in pieces of a size that is worth a thread, and keep the clock."""
    now = asyncio.get_running_loop().time
    piece, size = bytearray(), 0
    clock.reschedule(min(now() + silence, ends))
    async for chunk in response.content.iter_any():
        clock.reschedule(min(now() + silence, ends))
        size += len(chunk)
        if size > most:
            raise Undeliverable("file_too_large")
        piece += chunk
        if len(piece) >= PIECE:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece)


async def _write(pieces: AsyncIterator[bytes], opened: _Opened) -> int:
    async for piece in pieces:
        await _kept(opened.write, piece)
    return await _kept(opened.end)


async def _kept(work: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
    try:
        return await in_thread(work, *args, **more)
    except OSError as error:
        raise _no_room(error) from None


class _Opened:
    """A temporary file that is written as it is decrypted, if it is sealed."""

    def __init__(self, file: BinaryIO, seal: Seal | None) -> None:
        self._file = file
        self._seal = seal
        self._hash = hashlib.sha256()
        self._cipher = None if seal is None else _cipher(seal)
        file.seek(0)
        file.truncate()

    def write(self, piece: bytes) -> None:
        if self._cipher is not None:
            self._hash.update(piece)
            piece = self._cipher.decrypt(piece)
        self._file.write(piece)

    def end(self) -> int:
        """Return the size; raises Undeliverable when it is not what its sender's client sealed."""
        if self._seal is not None and self._hash.digest() != unpadded(self._seal.sha256):
            raise Undeliverable("file_broken")
        size = self._file.tell()
        self._file.seek(0)
        return size


def _cipher(seal: Seal) -> CtrMode:
    """Return what decrypts a file; the second half of the first block counts."""
    key, block = unpadded(seal.key), unpadded(seal.iv)
    if key is None or block is None:
        raise Undeliverable("file_broken")  # a source is checked: not reached
    counter = Counter.new(64, prefix=block[:8], initial_value=int.from_bytes(block[8:], "big"))
    return AES.new(key, AES.MODE_CTR, counter=counter)


def _refusal(status: int, headers: Mapping[str, str], raw: bytes) -> TryLater | Undeliverable:
    try:
        answer = parse(raw)
    except ValueError:
        answer = None
    if status == 413 or as_dict(answer).get("errcode") == "M_TOO_LARGE":
        return Undeliverable("file_too_large")
    error = fault(status, headers, answer)
    return Undeliverable("file_gone") if isinstance(error, Refused) else error


def _temporary() -> BinaryIO:
    try:
        return tempfile.TemporaryFile()  # it is closed by who asked for it
    except OSError as error:
        raise _no_room(error) from None


async def in_thread(work: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
    """Do in a thread what would hold the loop up; who is cancelled waits for its end, because a file is shared."""
    doing = asyncio.ensure_future(asyncio.to_thread(work, *args, **more))
    try:
        return await asyncio.shield(doing)
    finally:
        if not doing.done():
            await asyncio.wait({doing})
            doing.exception()


def _no_room(error: OSError) -> TryLater:
    """Return what it means that a temporary file cannot be written or read."""
    log.error("no_temporary_file", why=str(error), hint="files pass through the folder that TMPDIR names")
    return TryLater(f"a file cannot be kept on its way ({type(error).__name__})", doubtful=False)
