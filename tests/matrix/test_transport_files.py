"""Files on a real Synapse, from one room to another: plain or encrypted, with their names, words and thumbnails."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from helpbot.core.effects import Strong
from helpbot.core.model import Attachment
from helpbot.transports.base import Address, TryLater, Undeliverable
from helpbot.transports.matrix_download import DOWNLOAD
from helpbot.transports.matrix_http import UPLOAD
from helpbot.transports.matrix_uploads import CONFIG

from ..crash.proxy import Answer, Proxy, Trouble, json_answer
from .actors import CryptoActor, Event, PlainActor
from .bot import Bot, talk
from .conftest import MakeBot, MakeCrypto, MakePlain
from .files import DATA, SMALL, opened, placed, send_file

pytestmark = pytest.mark.synapse

MOST = 50 * 2**20


@pytest.fixture
async def behind(new_bot: MakeBot, proxy: Proxy) -> Bot:
    """A bot behind a proxy."""
    bot = await new_bot(homeserver=proxy.url)
    await bot.start()
    return bot


@pytest.fixture(params=["plain", "encrypted"])
async def marie(request: pytest.FixtureRequest, plain_actor: MakePlain, crypto_actor: MakeCrypto) -> PlainActor:
    make: Any = plain_actor if request.param == "plain" else crypto_actor
    actor: PlainActor = await make("Marie")
    return actor


@pytest.fixture(params=["plain", "encrypted"])
async def reader(request: pytest.FixtureRequest, plain_actor: MakePlain, crypto_actor: MakeCrypto) -> PlainActor:
    """Who gets the file."""
    make: Any = plain_actor if request.param == "plain" else crypto_actor
    actor: PlainActor = await make("Sam")
    return actor


@pytest.fixture
async def alice(plain_actor: MakePlain) -> PlainActor:
    return await plain_actor("Alice")


async def carried(bot: Bot, file: Attachment, room: str, key: str = "k-file") -> str:
    """Send a file on, as the courier does."""
    async with bot.transport.fetch(file, MOST) as fetched:
        content = (Strong("Marie:"), file)
        return await bot.transport.send(Address("matrix", room), content, key, file=fetched)


async def came(bot: Bot, ref: str) -> Attachment:
    said = await bot.wait_for(lambda item: item.id == ref)
    assert said.file is not None
    return said.file


def trouble_at(proxy: Proxy, start: str, trouble: Trouble | None) -> None:
    proxy.rule = lambda request: trouble if request.path.startswith(start) else None


def asked(proxy: Proxy, start: str) -> int:
    return len([path for _, _, path in proxy.asked if path.startswith(start)])


async def test_a_file_goes_from_any_room_to_any_other(bot: Bot, marie: PlainActor, reader: PlainActor) -> None:
    here, there = await talk(marie, bot), await talk(reader, bot)
    sealed = isinstance(marie, CryptoActor)
    small = await placed(marie, SMALL, encrypted=sealed)
    info: Event = {f"thumbnail_{name}": value for name, value in small.items()}
    info |= {"w": 640, "h": 480, "thumbnail_info": {"mimetype": "image/png", "w": 32, "h": 24, "size": 7}}
    ref = await send_file(marie, here, DATA, encrypted=sealed, body="my PUK <b>", info=info)
    file = await came(bot, ref)
    assert (file.name, file.kind, file.media_type, file.size) == ("écran PUK.png", "image", "image/png", len(DATA))
    sent = await carried(bot, file, there)
    content = (await reader.wait_for(lambda event: event.get("event_id") == sent))["content"]
    assert (content["msgtype"], content["filename"]) == ("m.image", "écran PUK.png")
    assert content["body"] == "Marie:\nmy PUK <b>"
    assert content["formatted_body"] == "<p><strong>Marie:</strong><br>my PUK &lt;b&gt;</p>"
    assert ("file" in content) is isinstance(reader, CryptoActor)
    assert await opened(reader, content) == DATA
    told = content["info"]
    assert await opened(reader, told, "thumbnail_") == SMALL
    assert told["thumbnail_info"] == {"mimetype": "image/png", "size": len(SMALL), "w": 32, "h": 24}
    assert (told["mimetype"], told["size"], told["w"], told["h"]) == ("image/png", len(DATA), 640, 480)
    if sealed and isinstance(reader, CryptoActor):
        keys = json.loads(file.source)["file"]["key"]["k"], content["file"]["key"]["k"]
        assert keys[0] != keys[1], "encrypted anew"


async def test_a_voice_message_stays_one(bot: Bot, crypto_actor: MakeCrypto, alice: PlainActor) -> None:
    zoe = await crypto_actor("Zoé")
    here, there = await talk(zoe, bot), await talk(alice, bot)
    voice = {"org.matrix.msc3245.voice": {}, "org.matrix.msc1767.audio": {"duration": 1500, "waveform": [1, 1024]}}
    info = {"mimetype": "audio/ogg; codecs=opus", "duration": 1500}
    ref = await send_file(zoe, here, DATA, encrypted=True, name="a.ogg", msgtype="m.audio", info=info, **voice)
    file = await came(bot, ref)
    assert (file.kind, file.media_type) == ("voice", "audio/ogg")
    sent = await carried(bot, file, there)
    content = (await alice.wait_for(lambda event: event.get("event_id") == sent))["content"]
    assert content["msgtype"] == "m.audio"
    assert {name: content[name] for name in voice} == voice
    assert content["info"]["duration"] == 1500
    assert await opened(alice, content) == DATA


@pytest.mark.parametrize("encrypted", [False, True])
async def test_how_a_file_is_sealed_is_read_from_its_message_and_not_from_its_room(
    bot: Bot, marie: PlainActor, alice: PlainActor, encrypted: bool
) -> None:
    here, there = await talk(marie, bot), await talk(alice, bot)
    sent = await carried(bot, await came(bot, await send_file(marie, here, DATA, encrypted=encrypted)), there)
    content = (await alice.wait_for(lambda event: event.get("event_id") == sent))["content"]
    assert await opened(alice, content) == DATA


@pytest.mark.parametrize("data", [b"", b"x", b"\x89PNG\r\n\x1a\nno picture", b"y" * 2**18])
async def test_a_file_of_any_size_that_is_no_picture_is_carried_as_it_is(
    bot: Bot, marie: PlainActor, crypto_actor: MakeCrypto, data: bytes
) -> None:
    zoe = await crypto_actor("Zoé")
    here, there = await talk(marie, bot), await talk(zoe, bot)
    file = await came(bot, await send_file(marie, here, data, encrypted=isinstance(marie, CryptoActor)))
    sent = await carried(bot, file, there)
    content = (await zoe.wait_for(lambda event: event.get("event_id") == sent))["content"]
    assert content["info"]["size"] == len(data)
    if data:
        assert await opened(zoe, content) == data


async def test_a_hostile_name_reaches_nobody(bot: Bot, alice: PlainActor) -> None:
    room = await talk(alice, bot)
    name = "../" * 1300 + "\u202egpj." + "x" * 200 + "/../\u2066etc.exe"
    file = await came(bot, await send_file(alice, room, DATA, encrypted=False, name=name))
    assert file.name == "etc.exe"
    ref = await carried(bot, file, room)
    content = (await alice.wait_for(lambda event: event.get("event_id") == ref))["content"]
    assert (content["filename"], content["body"]) == ("etc.exe", "Marie:")


async def test_a_thumbnail_that_is_not_to_be_had_or_large_is_left_out(bot: Bot, alice: PlainActor) -> None:
    room = await talk(alice, bot)
    large = await placed(alice, b"x" * (2**20 + 1), encrypted=False)
    for number, url in enumerate(["mxc://helpbot.test/gone", large["url"], "mxc://no/a/b"]):
        file = await came(bot, await send_file(alice, room, DATA, encrypted=False, info={"thumbnail_url": url}))
        ref = await carried(bot, file, room, f"k-{number}")
        content = (await alice.wait_for(lambda event, ref=ref: event.get("event_id") == ref))["content"]  # type: ignore[misc]
        assert await opened(alice, content) == DATA
        assert set(content["info"]) == {"mimetype", "size"}


# --- fetching


async def refused(bot: Bot, file: Attachment, most: int = MOST) -> str:
    """Return why a file is not given."""
    with pytest.raises(Undeliverable) as failed:
        async with bot.transport.fetch(file, most):
            pytest.fail("it was given")
    return failed.value.why


async def test_a_file_that_is_too_large_is_not_given(bot: Bot, marie: PlainActor) -> None:
    room = await talk(marie, bot)
    file = await came(bot, await send_file(marie, room, DATA, encrypted=isinstance(marie, CryptoActor)))
    assert await refused(bot, file, len(DATA) - 1) == "file_too_large"
    async with bot.transport.fetch(file, len(DATA)) as fetched:
        assert (fetched.size, fetched.file.read()) == (len(DATA), DATA)
    assert fetched.file.closed


async def test_a_file_that_does_not_fit_its_seal_is_not_given(bot: Bot, alice: PlainActor) -> None:
    room = await talk(alice, bot)
    lies = await placed(alice, DATA, encrypted=True)
    for hashes in ({"sha256": "A" * 43}, lies["file"]["hashes"]):
        spoilt = {**lies["file"], "hashes": hashes}
        content = {"msgtype": "m.file", "body": "a", "file": spoilt}
        file = await came(bot, await alice.send_event(room, "m.room.message", content))
        if hashes is lies["file"]["hashes"]:
            async with bot.transport.fetch(file, MOST) as fetched:
                assert fetched.file.read() == DATA
        else:
            assert await refused(bot, file) == "file_broken"


async def test_a_file_that_nobody_has_is_gone(bot: Bot, alice: PlainActor) -> None:
    room = await talk(alice, bot)
    content = {"msgtype": "m.file", "body": "a", "url": "mxc://helpbot.test/nothing"}
    assert await refused(bot, await came(bot, await alice.send_event(room, "m.room.message", content))) == "file_gone"
    assert await refused(bot, Attachment("a", "file", "a/b", 1, "", "matrix", "no source")) == "file_gone"


async def test_a_file_of_a_server_that_ours_does_not_talk_to_is_gone(bot: Bot, alice: PlainActor) -> None:
    room = await talk(alice, bot)
    content = {"msgtype": "m.file", "body": "a", "url": "mxc://other.org/something"}
    assert await refused(bot, await came(bot, await alice.send_event(room, "m.room.message", content))) == "file_gone"


@pytest.fixture
async def sent(behind: Bot, alice: PlainActor) -> Attachment:
    """A file that came to the bot behind the proxy."""
    room = await talk(alice, behind)
    return await came(behind, await send_file(alice, room, DATA, encrypted=False))


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble("not yet", 0, json_answer(504, {"errcode": "M_NOT_YET_UPLOADED"})),
        Trouble("away", 0, json_answer(502, {"errcode": "M_UNKNOWN"})),
        Trouble("gateway", 0, Answer(504, "<html>")),
        Trouble("none of Matrix", 0, Answer(404, "<html>")),
        Trouble("limited", 0, json_answer(429, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 7000})),
        Trouble("elsewhere", 0, Answer(307, "", {"Location": "http://127.0.0.1:1/a"})),
        Trouble("nobody knows", 0, json_answer(404, {"errcode": "M_UNRECOGNIZED"})),
        Trouble("cut", 0, cut=True),
        Trouble("half", 0, Answer(200, "x" * 100_000), half=True),
    ],
    ids=lambda trouble: trouble.name,
)
async def test_what_may_pass_is_fetched_later(behind: Bot, proxy: Proxy, sent: Attachment, trouble: Trouble) -> None:
    proxy.rule = lambda request: trouble if "/download/" in request.path else None
    with pytest.raises(TryLater) as failed:
        async with behind.transport.fetch(sent, MOST):
            pytest.fail("it was given")
    assert failed.value.after is None or failed.value.after.total_seconds() == 7
    for number in range(2):  # nothing else waits for media
        await behind.say(behind.received[-1].room, f"word {number}", f"k-{number}")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (json_answer(404, {"errcode": "M_NOT_FOUND"}), "file_gone"),
        (json_answer(403, {"errcode": "M_FORBIDDEN"}), "file_gone"),
        (json_answer(502, {"errcode": "M_TOO_LARGE"}), "file_too_large"),
        (Answer(413, "<html>"), "file_too_large"),
    ],
)
async def test_what_will_not_pass_is_known(
    behind: Bot, proxy: Proxy, sent: Attachment, answer: Answer, why: str
) -> None:
    trouble_at(proxy, DOWNLOAD, Trouble("as told", 0, answer))
    assert await refused(behind, sent) == why


async def test_an_older_homeserver_is_asked_the_older_way(behind: Bot, proxy: Proxy, sent: Attachment) -> None:
    def rule(request: web.Request) -> Trouble | None:
        if request.path.startswith(DOWNLOAD):
            return Trouble("unknown", 0, json_answer(404, {"errcode": "M_UNRECOGNIZED"}))
        old = request.path.startswith("/_matrix/media/v3/download/helpbot.test/")
        return Trouble("older", 0, Answer(200, "old bytes")) if old else None

    proxy.rule = rule
    async with behind.transport.fetch(sent, MOST) as fetched:
        assert fetched.file.read() == b"old bytes"


# --- sending


async def shown(alice: PlainActor, ref: str) -> Event:
    content: Event = (await alice.wait_for(lambda event: event.get("event_id") == ref))["content"]
    return content


@pytest.mark.parametrize(
    "answer", [Answer(413, "<html>"), json_answer(403, {"errcode": "M_FORBIDDEN"})], ids=["too large", "forbidden"]
)
async def test_a_file_that_is_refused_is_said_in_words(
    behind: Bot, proxy: Proxy, sent: Attachment, alice: PlainActor, answer: Answer
) -> None:
    trouble_at(proxy, UPLOAD, Trouble("refused", 0, answer))
    content = await shown(alice, await carried(behind, sent, behind.received[-1].room))
    assert (content["msgtype"], content["body"]) == ("m.text", "Marie:\n📎 écran PUK.png")
    assert not {"url", "file", "info", "filename"} & content.keys()


async def test_a_file_that_is_larger_than_the_homeserver_takes_is_not_sent_there(
    behind: Bot, proxy: Proxy, sent: Attachment, alice: PlainActor
) -> None:
    trouble_at(proxy, CONFIG, Trouble("small", 0, json_answer(200, {"m.upload.size": len(DATA) - 1})))
    room = behind.received[-1].room
    for number in range(3):
        content = await shown(alice, await carried(behind, sent, room, f"k-{number}"))
        assert content["body"] == "Marie:\n📎 écran PUK.png"
    assert (asked(proxy, CONFIG), asked(proxy, UPLOAD)) == (1, 0)


@pytest.mark.parametrize(
    "answer",
    [json_answer(404, {"errcode": "M_UNRECOGNIZED"}), json_answer(200, {"m.upload.size": "x"}), Answer(500, "")],
)
async def test_a_homeserver_that_does_not_tell_its_limit_gets_the_file(
    behind: Bot, proxy: Proxy, sent: Attachment, alice: PlainActor, answer: Answer
) -> None:
    trouble_at(proxy, CONFIG, Trouble("silent", 0, answer))
    content = await shown(alice, await carried(behind, sent, behind.received[-1].room))
    assert await opened(alice, content) == DATA


async def test_words_go_without_a_file_that_no_media_store_takes(
    behind: Bot, proxy: Proxy, sent: Attachment, alice: PlainActor
) -> None:
    room = behind.received[-1].room
    trouble_at(proxy, UPLOAD, Trouble("broken", 0, json_answer(500, {"errcode": "M_UNKNOWN"})))
    for _ in range(4):
        with pytest.raises(TryLater):
            await carried(behind, sent, room)
    with capture_logs() as logs:
        content = await shown(alice, await carried(behind, sent, room))
    assert content["body"] == "Marie:\n📎 écran PUK.png"
    assert [line["event"] for line in logs] == ["file_given_up"]


async def test_a_file_is_uploaded_once_a_message(
    behind: Bot, proxy: Proxy, marie: PlainActor, alice: PlainActor
) -> None:
    room = await talk(marie, behind)
    small = await placed(alice, SMALL, encrypted=False)
    info = {"thumbnail_url": small["url"]}
    file = await came(behind, await send_file(marie, room, DATA, encrypted=False, info=info))

    def rule(request: web.Request) -> Trouble | None:
        cut = request.method == "PUT" and "/send/" in request.path
        return Trouble("cut after it was forwarded", cut=True) if cut else None

    proxy.rule = rule
    for _ in range(2):
        with pytest.raises(TryLater):
            await carried(behind, file, room)
    trouble_at(proxy, UPLOAD, None)
    ref = await carried(behind, file, room)
    assert await opened(marie, await shown(marie, ref)) == DATA
    assert len(marie.messages(room, behind.id)) == 1
    assert asked(proxy, UPLOAD) == 2, "the file and its thumbnail"


async def test_a_thumbnail_that_is_not_taken_keeps_no_file(behind: Bot, proxy: Proxy, alice: PlainActor) -> None:
    room = await talk(alice, behind)
    small = await placed(alice, SMALL, encrypted=False)
    file = await came(behind, await send_file(alice, room, DATA, encrypted=False, info={"thumbnail_url": small["url"]}))

    def rule(request: web.Request) -> Trouble | None:
        small = request.content_length == len(SMALL) and request.path == UPLOAD
        return Trouble("broken", 0, json_answer(500, {"errcode": "M_UNKNOWN"})) if small else None

    proxy.rule = rule
    content = await shown(alice, await carried(behind, file, room))
    assert await opened(alice, content) == DATA
    assert "thumbnail_url" not in content["info"]
