"""What answers mean, however malformed: when to try again, and never at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from helpbot.transports.base import SetupError, TryLater
from helpbot.transports.matrix_client import HttpClient
from helpbot.transports.matrix_http import AT_ONCE, LONGEST_WAIT, Redirected, Refused, fault, redirected

from ..crash.proxy import Answer, Proxy, Trouble

LIMIT = {"errcode": "M_LIMIT_EXCEEDED"}
_NUMBERS = st.integers() | st.floats() | st.integers(min_value=300).map(lambda digits: 10 ** (digits % 4000))


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    """A proxy with nothing behind it."""
    proxy = Proxy("http://127.0.0.1:1")
    await proxy.start()
    yield proxy
    await proxy.stop()


async def _asked(proxy: Proxy, answer: Answer) -> dict[str, Any]:
    def rule(request: web.Request) -> Trouble:
        return Trouble("as told", 0, answer)

    proxy.rule = rule
    client = HttpClient(proxy.url, "@bot:test", None, "")
    try:
        return await client.call("GET", "/_matrix/client/v3/sync")
    finally:
        await client.shut()


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1" + "0" * 400, "1" + "0" * 5000, "-1", "true"])
async def test_any_number_for_a_wait_is_taken_as_a_limit(proxy: Proxy, text: str) -> None:
    answer = Answer(429, f'{{"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": {text}}}')
    with pytest.raises(TryLater, match="limits how fast"):
        await _asked(proxy, answer)


@given(st.one_of(_NUMBERS, st.text(), st.none(), st.booleans()), st.text() | st.integers().map(str))
def test_a_wait_that_is_asked_for_is_a_second_at_least_and_not_without_end(asked: object, header: str) -> None:
    error = fault(429, {"Retry-After": header}, {**LIMIT, "retry_after_ms": asked})
    assert isinstance(error, TryLater)
    assert error.after is None or timedelta(seconds=1) <= error.after <= LONGEST_WAIT


@pytest.mark.parametrize(
    ("asked", "header", "seconds"),
    [(2500, "9", 2.5), (None, "7", 7), (0, "", None), (999, "", None), (None, "0", None), (10**9, "", 300)],
)
def test_what_asks_for_no_wait_leaves_it_to_the_own_one(asked: object, header: str, seconds: float | None) -> None:
    error = fault(429, {"Retry-After": header}, {**LIMIT, "retry_after_ms": asked})
    assert isinstance(error, TryLater)
    assert error.after == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize("status", [302, 307])
@pytest.mark.parametrize("where", ["http://", "http://[bad/", "captive:portal", "///", ""])
async def test_a_redirect_to_nowhere_is_for_later(proxy: Proxy, status: int, where: str) -> None:
    with pytest.raises(TryLater):
        await _asked(proxy, Answer(status, "", {"Location": where}))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_and_says_where_the_homeserver_is(proxy: Proxy, status: int) -> None:
    with pytest.raises(
        Redirected, match=r"http://127.0.0.1:\d+ redirects to https://matrix.test: write that as"
    ) as told:
        await _asked(proxy, Answer(status, "", {"Location": "https://matrix.test/_matrix/client/v3/sync?since=1"}))
    assert (told.value.address, told.value.for_good) == ("https://matrix.test", status in {301, 308})
    assert len(proxy.asked) == 1


@pytest.mark.parametrize(("to", "address"), [
    ("https://x.test/path", "https://x.test"), ("//x.test:8448/path?a=b", "http://x.test:8448"),
    ("https://x.test/there/path", "https://x.test/there"), ("https://x.test/", None), ("/path", None),
    ("https://me:word@x.test/path", None), ("ftp://x.test/path", None), ("http://[bad/path", None),
    ("https://x.test\x1b[2J/path", None), ("https://x.test/no-path", None),
])  # fmt: skip
def test_only_the_same_question_elsewhere_is_the_homeserver_elsewhere(to: str, address: str | None) -> None:
    told = redirected(301, "http://x.test", "/path", to)
    assert told.address == address
    assert "word" not in told.why
    assert told.why.isprintable()


@pytest.mark.parametrize("address", ["http://", "http://[bad", "matrix.example.org"])
async def test_an_address_that_is_none_is_for_the_admin_to_mend(address: str) -> None:
    client = HttpClient(address, "@bot:test", None, "")
    with pytest.raises(SetupError, match="no address of a homeserver"):
        await client.call("GET", "/_matrix/client/v3/sync")
    await client.shut()


@pytest.mark.parametrize(
    "code",
    [
        "M_RESOURCE_LIMIT_EXCEEDED",
        "M_USER_SUSPENDED",
        "M_CONSENT_NOT_GIVEN",
        "M_UNRECOGNIZED",
        "M_SERVER_NOT_TRUSTED",
    ],
)
@pytest.mark.parametrize("status", [400, 403, 404])
def test_what_is_refused_to_the_whole_account_is_for_later(code: str, status: int) -> None:
    error = fault(status, {}, {"errcode": code, "error": "no"})
    assert isinstance(error, TryLater)
    assert code in error.why


@pytest.mark.parametrize("code", ["M_FORBIDDEN", "M_NOT_FOUND", "M_TOO_LARGE", "M_UNKNOWN", "M_BAD_JSON"])
def test_what_is_refused_to_a_room_is_refused(code: str) -> None:
    assert isinstance(fault(403, {}, {"errcode": code}), Refused)


async def _is_open_after(proxy: Proxy, status: int, body: str) -> bool:
    """Tell whether others may ask at once when a request has failed so again and again, at different times."""

    def rule(request: web.Request) -> Trouble:
        return Trouble("as told", 0, Answer(status, body))

    proxy.rule = rule
    client = HttpClient(proxy.url, "@bot:test", None, "")
    try:
        for _ in range(3):
            with pytest.raises(TryLater):
                await client.call("POST", "/_matrix/client/v3/join/room", {}, gated=False)
            await asyncio.sleep(AT_ONCE)
        await client.ask("GET", "/_matrix/client/v3/sync")
    except TryLater:
        return False
    finally:
        await client.shut()
    return True


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_server_that_cannot_reach_another_one_is_not_away(proxy: Proxy, status: int) -> None:
    failed = '{"errcode": "M_UNKNOWN", "error": "Failed to join via any server"}'
    assert await _is_open_after(proxy, status, failed)


@pytest.mark.parametrize("body", ["", "<html>", "[]", '{"error": "no upstream"}', '{"errcode": 502}'])
async def test_a_gateway_with_nobody_behind_it_means_away(proxy: Proxy, body: str) -> None:
    assert not await _is_open_after(proxy, 502, body)
