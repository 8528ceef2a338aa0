"""A picture of the bot on a real Synapse: seen by the other side, and its words when it cannot be sent."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web
from nio.crypto.attachments import decrypt_attachment

from helpbot.core.effects import Content, Marked
from helpbot.transports.base import Address, TryLater
from helpbot.transports.matrix_http import UPLOAD

from ..crash.proxy import Answer, Proxy, Trouble, json_answer
from ..transports.pictures import picture, png
from .actors import CryptoActor, Event, PlainActor, body
from .bot import Bot, talk
from .conftest import MakeBot, MakeCrypto, MakePlain

pytestmark = pytest.mark.synapse

CONTENT: Content = (Marked("The **week**"), picture(png(40, 30)))


@pytest.fixture(params=["plain", "encrypted"])
async def alice(request: pytest.FixtureRequest, plain_actor: MakePlain, crypto_actor: MakeCrypto) -> PlainActor:
    """Somebody whose rooms are in the clear or encrypted."""
    make: Any = plain_actor if request.param == "plain" else crypto_actor
    actor: PlainActor = await make("Alice")
    return actor


@pytest.fixture
async def behind(new_bot: MakeBot, proxy: Proxy) -> Bot:
    """A bot behind a proxy."""
    bot = await new_bot(homeserver=proxy.url)
    await bot.start()
    return bot


def uploads_get(proxy: Proxy, trouble: Trouble | None) -> None:
    proxy.rule = lambda request: trouble if request.path == UPLOAD else None


async def shown(actor: PlainActor, event: Event) -> bytes:
    """Return the picture that a client shows for an event."""
    content = event["content"]
    if "file" not in content:
        return await actor.download(content["url"])
    file = content["file"]
    assert "url" not in content
    sealed = await actor.download(file["url"])
    assert png(40, 30)[:8] not in sealed
    clear: bytes = decrypt_attachment(sealed, file["key"]["k"], file["hashes"]["sha256"], file["iv"])
    return clear


async def test_a_picture_is_seen_by_the_other_side(bot: Bot, alice: PlainActor) -> None:
    room = await talk(alice, bot)
    card = await bot.say(room, "card", "k-card")
    ref = await bot.transport.send(Address("matrix", room, card), CONTENT, "k-picture")
    assert await bot.transport.send(Address("matrix", room, card), CONTENT, "k-picture") == ref
    event = await alice.wait_for_text(room, "The week")
    assert await shown(alice, event) == png(40, 30)
    content = event["content"]
    assert ("file" in content) is isinstance(alice, CryptoActor)
    assert (content["msgtype"], content["filename"]) == ("m.image", "week.png")
    assert content["body"] == "The week\n12 tickets this week"
    assert content["info"] == {"mimetype": "image/png", "size": len(png(40, 30)), "w": 40, "h": 30}
    assert content["m.relates_to"]["event_id"] == card
    await bot.say(room, "last", "k-last")
    await alice.wait_for_text(room, "last")
    assert [body(found) for found in alice.messages(room, bot.id)] == ["card", content["body"], "last"]
    assert (await bot.transport.sent_since(Address("matrix", room), None))["k-picture"] == ref


@pytest.mark.parametrize(
    "answer", [Answer(413, "<html>"), json_answer(403, {"errcode": "M_FORBIDDEN"})], ids=["too large", "forbidden"]
)
async def test_a_picture_that_is_refused_is_said_in_words(
    behind: Bot, alice: PlainActor, proxy: Proxy, answer: Answer
) -> None:
    room = await talk(alice, behind)
    uploads_get(proxy, Trouble("refused", 0, answer))
    await behind.transport.send(Address("matrix", room), CONTENT, "k-picture")
    content = (await alice.wait_for_text(room, "The week"))["content"]
    assert (content["msgtype"], content["body"]) == ("m.text", "The week\n12 tickets this week")
    assert not {"url", "file", "info", "filename"} & content.keys()


async def test_a_picture_waits_for_a_server_that_will_take_it(behind: Bot, alice: PlainActor, proxy: Proxy) -> None:
    room = await talk(alice, behind)
    for trouble in (
        Trouble("limited", 0, json_answer(429, {"errcode": "M_LIMIT_EXCEEDED"})),
        Trouble("broken", 0, json_answer(500, {"errcode": "M_UNKNOWN"})),
        Trouble("cut", 0, cut=True),
    ):
        uploads_get(proxy, trouble)
        with pytest.raises(TryLater):
            await behind.transport.send(Address("matrix", room), CONTENT, "k-picture")
    uploads_get(proxy, None)
    await behind.transport.send(Address("matrix", room), CONTENT, "k-picture")
    assert await shown(alice, await alice.wait_for_text(room, "The week")) == png(40, 30)
    assert len(alice.messages(room, behind.id)) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble("broken", 0, json_answer(500, {"errcode": "M_UNKNOWN"})),
        Trouble("gone", 0, Answer(502, "<html>")),
        Trouble("cut", 0, cut=True),
    ],
    ids=lambda trouble: trouble.name,
)
async def test_words_go_without_a_picture_that_no_media_store_takes(
    behind: Bot, alice: PlainActor, proxy: Proxy, trouble: Trouble
) -> None:
    room = await talk(alice, behind)
    uploads_get(proxy, trouble)
    for number in range(4):
        with pytest.raises(TryLater):
            await behind.transport.send(Address("matrix", room), CONTENT, "k-picture")
        await behind.say(room, f"word {number}", f"k-{number}")  # nobody else waits for the media store
    await behind.transport.send(Address("matrix", room), CONTENT, "k-picture")
    content = (await alice.wait_for_text(room, "The week"))["content"]
    assert (content["msgtype"], content["body"]) == ("m.text", "The week\n12 tickets this week")


async def test_a_picture_is_not_uploaded_again_for_a_message_that_did_not_go_out(
    behind: Bot, alice: PlainActor, proxy: Proxy
) -> None:
    room = await talk(alice, behind)

    def rule(request: web.Request) -> Trouble | None:
        cut = request.method == "PUT" and "/send/" in request.path
        return Trouble("cut after it was forwarded", cut=True) if cut else None

    proxy.rule = rule
    with pytest.raises(TryLater):
        await behind.transport.send(Address("matrix", room), CONTENT, "k-picture")
    uploads_get(proxy, None)
    await behind.transport.send(Address("matrix", room), CONTENT, "k-picture")
    assert await shown(alice, await alice.wait_for_text(room, "The week")) == png(40, 30)
    assert len(alice.messages(room, behind.id)) == 1
    assert len([path for _, _, path in proxy.asked if path == UPLOAD]) == 1
