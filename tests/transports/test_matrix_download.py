"""Downloads from servers that lie, stall and never end: bounded in bytes and time."""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

from helpbot.core.model import Attachment
from helpbot.transports.base import SetupError, TryLater, Undeliverable
from helpbot.transports.matrix_client import HttpClient
from helpbot.transports.matrix_download import Patience, fetched
from helpbot.transports.matrix_http import LoginGone

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
FILE = Attachment("a", "file", "a/b", 1, "", "matrix", json.dumps({"url": "mxc://x.org:80/abc"}))
PIECE = b"x" * 65_536


class Media:
    """A homeserver that gives media as a test tells it to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.sent = 0
        self.pieces = 3000  # more than any test wants
        self.pause = 0.0
        self.headers: dict[str, str] = {}
        self.refusal: tuple[int, str] | None = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path_qs)
        if self.refusal is not None:
            return web.json_response({"errcode": self.refusal[1]}, status=self.refusal[0])
        response = web.StreamResponse(headers=self.headers)
        await response.prepare(request)
        for _ in range(self.pieces):
            await response.write(PIECE)
            self.sent += len(PIECE)
            await asyncio.sleep(self.pause)
        await asyncio.sleep(3600 if self.headers else 0)
        return response


@pytest.fixture
def media() -> Media:
    return Media()


@pytest.fixture
async def client(media: Media) -> AsyncIterator[HttpClient]:
    app = web.Application()
    app.router.add_get("/{path:.*}", media.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    client = HttpClient(f"http://{host}:{port}", "@bot:test", None, "")
    yield client
    await client.shut()
    await runner.cleanup()


async def size(client: HttpClient, most: int, patience: Patience | None = None) -> int:
    """Fetch the file; return how much of it there is."""
    async with asyncio.timeout(10), fetched(client, FILE, most, patience or Patience()) as given:
        assert len(given.file.read()) == given.size
        return given.size


async def test_a_file_is_asked_for_at_our_own_homeserver(client: HttpClient, media: Media) -> None:
    media.pieces = 3
    assert await size(client, 10**6) == 3 * len(PIECE)
    (asked,) = media.asked
    assert asked.startswith("/_matrix/client/v1/media/download/x.org:80/abc?timeout_ms=15000")


async def test_a_file_without_end_is_left_where_it_is_too_large(client: HttpClient, media: Media) -> None:
    with pytest.raises(Undeliverable, match="file_too_large"):
        await size(client, 10**6)
    sent = media.sent
    assert sent < 20 * 10**6, "what was under way already"
    await asyncio.sleep(0.1)  # the connection is closed: nothing more goes out
    assert media.sent <= sent + 2 * len(PIECE)


async def test_a_file_that_says_that_it_is_too_large_is_not_read(client: HttpClient, media: Media) -> None:
    media.headers = {"Content-Length": str(10**12)}
    with pytest.raises(Undeliverable, match="file_too_large"):
        await size(client, 10**11)


@pytest.mark.parametrize(
    "patience",
    [Patience(first=9, silence=0.3, whole=60), Patience(first=9, silence=60, whole=0.3)],
    ids=["nothing more comes", "it takes too long"],
)
async def test_a_file_that_stalls_is_given_up(client: HttpClient, media: Media, patience: Patience) -> None:
    media.headers, media.pieces = {"Content-Length": str(10 * len(PIECE))}, 4
    with pytest.raises(TryLater, match="in time"):
        await size(client, 10**6, patience)


async def test_a_lost_login_is_no_refusal_of_a_file(client: HttpClient, media: Media) -> None:
    media.refusal = 401, "M_UNKNOWN_TOKEN"
    with pytest.raises(LoginGone):
        await size(client, 10**6)


async def test_the_older_way_is_asked_once(client: HttpClient, media: Media) -> None:
    media.refusal = 404, "M_UNRECOGNIZED"
    with pytest.raises(TryLater, match="does not know"):
        await size(client, 10**6)
    assert [path.split("/x.org")[0] for path in media.asked] == [
        "/_matrix/client/v1/media/download",
        "/_matrix/media/v3/download",
    ]


async def test_a_disk_that_is_full_is_for_later(client: HttpClient, media: Media) -> None:
    media.pieces = 200
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handled = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10**6, hard))
    try:
        with pytest.raises(TryLater, match="cannot be kept"):
            await size(client, 10**8)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handled)


async def test_a_slow_file_that_goes_on_is_waited_for(client: HttpClient, media: Media) -> None:
    media.pieces, media.pause = 8, 0.1
    assert await size(client, 10**6, Patience(first=9, silence=0.4, whole=60)) == 8 * len(PIECE)


async def test_a_folder_without_room_is_for_later(
    client: HttpClient, media: Media, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(TryLater, match="cannot be kept"):
        await size(client, 10**6)


async def test_what_goes_wrong_with_a_file_that_was_given_is_not_the_homeservers(
    client: HttpClient, media: Media
) -> None:
    media.pieces = 1
    for error in (OSError("ours"), TimeoutError("ours"), SetupError("ours")):
        with pytest.raises(type(error), match="ours"):
            async with fetched(client, FILE, 10**6):
                raise error


async def test_a_fetch_that_is_cancelled_leaves_nothing_behind(client: HttpClient, media: Media) -> None:
    media.pause = 0.01
    fetching = asyncio.create_task(size(client, 10**9))
    async with asyncio.timeout(5):
        while media.sent < 10 * len(PIECE):  # noqa: ASYNC110  # what a server sent has no event
            await asyncio.sleep(0.01)
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    gc.collect()  # a file that was left open is a ResourceWarning, and so an error
