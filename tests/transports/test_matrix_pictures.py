"""Pictures: what is one, and what becomes of one that a homeserver does not take."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from helpbot.core.effects import Picture
from helpbot.transports.base import TryLater
from helpbot.transports.matrix_client import HttpClient
from helpbot.transports.matrix_http import AT_ONCE, LoginGone
from helpbot.transports.matrix_pictures import Pictures, Png, png_of

from ..crash.proxy import Answer, Proxy, Trouble, json_answer
from .pictures import picture, png
from .virtual import run


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    """A proxy with nothing behind it."""
    proxy = Proxy("http://127.0.0.1:1")
    await proxy.start()
    yield proxy
    await proxy.stop()


@pytest.fixture
async def client(proxy: Proxy) -> AsyncIterator[HttpClient]:
    client = HttpClient(proxy.url, "@bot:test", None, "")
    yield client
    await client.shut()


def answers(proxy: Proxy, answer: Answer) -> None:
    def rule(request: web.Request) -> Trouble:
        return Trouble("as told", 0, answer)

    proxy.rule = rule


def test_the_size_of_a_picture_is_in_its_header() -> None:
    assert png_of(picture(png(300, 7))) == Png(png(300, 7), 300, 7)


@pytest.mark.parametrize(
    "data",
    [
        "",
        "é",
        "no base64!",
        base64.b64encode(png()).decode()[:-1],
        base64.b64encode(png()[:20]).decode(),
        base64.b64encode(b"GIF89a" + png()[6:]).decode(),
        base64.b64encode(png().replace(b"IHDR", b"IDAT")).decode(),
        base64.b64encode(png(0, 2)).decode(),
    ],
)
async def test_what_is_no_png_goes_as_words(data: str, client: HttpClient, proxy: Proxy) -> None:
    assert png_of(Picture("a.png", "", data)) is None
    assert await Pictures().placed(client, Picture("a.png", "", data), "k", encrypted=False) is None
    assert proxy.asked == []


@given(st.text() | st.binary().map(lambda data: base64.b64encode(png()[:16] + data).decode()))
def test_no_text_for_a_picture_makes_it_raise(data: str) -> None:
    found = png_of(Picture("a.png", "", data))
    assert found is None or (found.width > 0 and found.height > 0)


@pytest.mark.parametrize(
    "answer",
    [
        json_answer(413, {"errcode": "M_TOO_LARGE"}),
        Answer(413, "<html>too large</html>"),
        json_answer(403, {"errcode": "M_FORBIDDEN"}),
        json_answer(403, {"errcode": "M_RESOURCE_LIMIT_EXCEEDED"}),
        Answer(403, "<html>no</html>"),
        json_answer(404, {"errcode": "M_UNRECOGNIZED"}),
        Answer(404, ""),
        json_answer(400, {"errcode": "M_UNKNOWN"}),
    ],
)
@pytest.mark.parametrize("encrypted", [False, True])
async def test_a_picture_that_is_refused_goes_as_words(
    answer: Answer, client: HttpClient, proxy: Proxy, encrypted: bool
) -> None:
    answers(proxy, answer)
    assert await Pictures().placed(client, picture(), "k", encrypted=encrypted) is None
    assert len(proxy.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        json_answer(429, {"errcode": "M_LIMIT_EXCEEDED"}),
        Answer(429, "slow down"),
        json_answer(500, {"errcode": "M_UNKNOWN"}),
        Answer(502, "<html>bad gateway</html>"),
        Answer(200, "<html>log in</html>"),
        json_answer(200, {"content_uri": 5}),
    ],
)
@pytest.mark.parametrize("encrypted", [False, True])
async def test_a_picture_that_cannot_be_taken_now_is_tried_later(
    answer: Answer, client: HttpClient, proxy: Proxy, encrypted: bool
) -> None:
    answers(proxy, answer)
    with pytest.raises(TryLater):
        await Pictures().placed(client, picture(), "k", encrypted=encrypted)


@pytest.mark.parametrize("encrypted", [False, True])
async def test_a_picture_that_is_never_taken_keeps_its_words_only_for_a_few_tries(
    client: HttpClient, proxy: Proxy, encrypted: bool
) -> None:
    answers(proxy, Answer(503, "<html>the media store is down</html>"))
    pictures = Pictures()
    for _ in range(4):
        with pytest.raises(TryLater):
            await pictures.placed(client, picture(), "k", encrypted=encrypted)
    with capture_logs() as logs:
        assert await pictures.placed(client, picture(), "k", encrypted=encrypted) is None
    assert [(line["event"], line["key"]) for line in logs] == [("picture_given_up", "k")]
    with pytest.raises(TryLater):  # each message has its own tries
        await pictures.placed(client, picture(), "other", encrypted=encrypted)
    answers(proxy, json_answer(200, {"content_uri": "mxc://x/y"}))  # the words did not go out either: all was away
    assert await pictures.placed(client, picture(), "k", encrypted=encrypted) is not None


class Hanging(HttpClient):
    """A homeserver whose media store lets every upload hang until patience ends."""

    async def ask(self, *asked: Any, patience: float = 60, **more: Any) -> tuple[int, Mapping[str, str], object]:
        await asyncio.sleep(patience)
        raise TryLater("the homeserver cannot be reached (TimeoutError)")


def test_a_picture_that_hangs_keeps_its_words_no_longer_than_some_minutes() -> None:
    async def story() -> None:
        client, pictures, clock = (
            Hanging("http://x.org", "@bot:x.org", None, ""),
            Pictures(),
            asyncio.get_running_loop(),
        )
        with pytest.raises(TryLater):
            await pictures.placed(client, picture(), "k", encrypted=False)
        assert await pictures.placed(client, picture(), "k", encrypted=False) is None
        assert clock.time() <= 180

    run(story())


async def test_a_media_store_that_is_down_is_no_homeserver_that_is_down(client: HttpClient, proxy: Proxy) -> None:
    answers(proxy, Answer(502, "<html>bad gateway</html>"))
    pictures = Pictures()
    for key in "abc":
        with pytest.raises(TryLater):
            await pictures.placed(client, picture(), key, encrypted=False)
        await asyncio.sleep(AT_ONCE + 0.05)  # what fails sooner is the same trouble
    answers(proxy, json_answer(200, {"event_id": "$1"}))
    assert await client.call("PUT", "/_matrix/client/v3/rooms/x/send/m.room.message/k", {}) == {"event_id": "$1"}


async def test_a_lost_login_is_no_refusal_of_a_picture(client: HttpClient, proxy: Proxy) -> None:
    answers(proxy, json_answer(401, {"errcode": "M_UNKNOWN_TOKEN"}))
    pictures = Pictures()
    for _ in range(7):
        with pytest.raises(LoginGone):
            await pictures.placed(client, picture(), "k", encrypted=False)


async def test_a_picture_is_uploaded_once_a_message(client: HttpClient, proxy: Proxy) -> None:
    answers(proxy, json_answer(200, {"content_uri": "mxc://x/y"}))
    pictures = Pictures()
    first = await pictures.placed(client, picture(), "k", encrypted=False)
    assert first == {"url": "mxc://x/y", "info": {"mimetype": "image/png", "size": len(png()), "w": 3, "h": 2}}
    assert await pictures.placed(client, picture(), "k", encrypted=False) == first
    assert len(proxy.asked) == 1
    sealed = await pictures.placed(client, picture(), "k", encrypted=True)  # the room was encrypted meanwhile
    assert sealed is not None
    assert "url" not in sealed
    for number in range(100):
        await pictures.placed(client, picture(), f"k{number}", encrypted=False)
    assert len(proxy.asked) == 102
    await pictures.placed(client, picture(), "k", encrypted=False)
    assert len(proxy.asked) == 103
