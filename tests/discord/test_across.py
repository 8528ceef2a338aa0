"""A customer on one network and agents on the other: a real Synapse on one side, Discord's sockets on the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from helpbot.app import Helpbot
from helpbot.store.sqlite import SqliteStore
from helpbot.transports.base import Address, Transport
from helpbot.transports.discord import DiscordTransport
from helpbot.transports.discord_buttons import CLAIM
from helpbot.transports.discord_refs import Spot
from helpbot.transports.matrix import MatrixTransport
from tests.core.cases import DESK
from tests.matrix.actors import PlainActor, body, relation
from tests.matrix.conftest import MakeCrypto, MakePlain
from tests.matrix.files import opened as opened_file
from tests.matrix.files import send_file
from tests.matrix.synapse import Synapse, User

from .test_desk_discord import marked, said, until
from .town import Town
from .wire import Wire

pytestmark = pytest.mark.synapse
TEAM = DESK.teams[0].id
PNG = b"\x89PNG\r\n" + bytes(2000)


@asynccontextmanager
async def both(
    town: Town, server: Synapse, bot: User, folder: Path, room: str | None, *, encrypted: bool = False
) -> AsyncIterator[None]:
    """Run a desk on both networks; the team sits in that Matrix room, else on Discord."""
    store = await SqliteStore.open(folder / "desk.db")
    on_discord = {} if room is not None else {TEAM: town.seat}
    transports: list[Transport] = [
        MatrixTransport(
            homeserver=server.url,
            user=bot.id,
            password=bot.password,
            store=folder / "keys",
            encryption=encrypted,
            invites_from=["*:helpbot.test"],
            teams={} if room is None else {TEAM: room},
            decline_text="no",
            exposed_text="open",
            notebook=store.notebook("matrix"),
        ),
        DiscordTransport(
            token=town.wire.token,
            teams=on_discord,
            names={TEAM: TEAM},
            languages=DESK.languages,
            notebook=store.notebook("discord"),
            help_channel=town.help,
        ),
    ]
    seat = Address("discord", str(town.desk)) if room is None else Address("matrix", room)
    helpbot = Helpbot(store, transports, {TEAM: seat}, DESK)
    try:
        async with helpbot.running():
            async with asyncio.timeout(30):
                await helpbot.ready()
            yield
    finally:
        await store.close()


async def corrected(actor: PlainActor, room: str, text: str) -> None:
    def is_it(event: dict[str, Any]) -> bool:
        new = event.get("content", {}).get("m.new_content", {})
        return event.get("room_id") == room and text in str(new.get("body"))

    await actor.wait_for(is_it)


@pytest.mark.parametrize("kind", ["plain", "encrypted"])
async def test_a_customer_on_discord_and_agents_on_matrix(  # noqa: PLR0917  # fixtures
    kind: str,
    synapse: Synapse,
    plain_actor: MakePlain,
    crypto_actor: MakeCrypto,
    wire: Wire,
    tmp_path: Path,
) -> None:
    bot = await asyncio.to_thread(synapse.register, display_name="Helpbot")
    encrypted = kind == "encrypted"
    sam: PlainActor = await (crypto_actor if encrypted else plain_actor)("Sam")
    room = await sam.create_room(bot.id, encrypted=encrypted)
    town = Town(wire)
    marie = town.person("Marie")
    direct = town.direct(marie)
    async with both(town, synapse, bot, tmp_path, room, encrypted=encrypted):
        await sam.wait_for(lambda event: event.get("state_key") == bot.id and event["content"]["membership"] == "join")
        marie.say(direct, "human, my <@1> **line** is dead")
        card = await sam.wait_for(lambda event: "#1" in body(event) and not relation(event))
        await sam.react(room, card["event_id"], "✋")
        await said(town, direct, "Sam is taking care")
        hello = await sam.say_in_thread(room, card["event_id"], "Good day, *Marie*")
        shown = await said(town, direct, "Good day")
        assert shown.content == "Good day, \\*Marie\\*"
        await sam.wait_for(lambda event: relation(event).get("event_id") == hello and relation(event)["key"] == "✅")
        await sam.edit(room, hello, "Good day, Marie!")
        await until(lambda: shown.content == "Good day, Marie!")
        hers = marie.say(direct, "thank you", reply_to=str(Spot(direct, shown.id)))
        answer = await sam.wait_for(lambda event: "thank you" in body(event) and bool(relation(event)))
        assert relation(answer)["m.in_reply_to"]["event_id"] == hello
        marie.edit(hers, "thank you very much")
        await corrected(sam, room, "thank you very much")
        marie.delete(hers)
        await sam.wait_for(lambda event: event["type"] == "m.room.redaction")
        marie.react(str(Spot(direct, shown.id)), "❤️")
        await sam.wait_for(lambda event: relation(event).get("key") == "❤️" and relation(event)["event_id"] == hello)
        marie.say(direct, "look", files=(("écran PUK.png", PNG),))
        picture = await sam.wait_for(lambda event: event.get("content", {}).get("filename") == "écran PUK.png")
        assert await opened_file(sam, picture["content"]) == PNG
        file = await send_file(sam, room, PNG, encrypted=encrypted, name="réponse.png", **_in_thread(card["event_id"]))
        got = await until(lambda: _files_of_bot(town, direct, marie.id))
        assert wire.backend.cdn.get(got.attachments[0]["url"]) == PNG
        await sam.wait_for(lambda event: relation(event).get("event_id") == file and relation(event)["key"] == "✅")
        await sam.say_in_thread(room, card["event_id"], "!note she is nice")
        await sam.say_in_thread(room, card["event_id"], "!close goodbye")
        await said(town, direct, "goodbye")
        assert not [one for one in town.messages(direct) if "nice" in one.content]


def _files_of_bot(town: Town, channel: int, customer: int) -> Any:
    return next((one for one in town.messages(channel) if one.attachments and one.author_id != customer), None)


def _in_thread(root: str) -> dict[str, Any]:
    return {"m.relates_to": {"rel_type": "m.thread", "event_id": root}}


async def test_a_customer_on_matrix_and_agents_on_discord(
    synapse: Synapse,
    plain_actor: MakePlain,
    wire: Wire,
    tmp_path: Path,
) -> None:
    bot = await asyncio.to_thread(synapse.register, display_name="Helpbot")
    town = Town(wire)
    sam = town.person("Sam", agent=True)
    marie = await plain_actor("Marie")
    async with both(town, synapse, bot, tmp_path, None):
        room = await marie.create_dm(bot.id)
        await marie.wait_for(lambda event: "help bot" in body(event))
        await marie.say(room, "human, my `line` is dead")
        post = await until(lambda: next(iter(town.threads(town.desk)), None))
        assert post.name.startswith("#1 Marie")
        words = await said(town, post.id, "line")
        assert "\\`line\\`" in words.content
        sam.press(str(Spot(post.id, post.id)), CLAIM)
        await marie.wait_for_text(room, "Sam is taking care of your ticket #1.")
        hello = sam.say(post.id, "Good day @everyone")
        await marked(town, hello, "📝")
        hello = sam.say(post.id, "Good day")
        shown = await marie.wait_for_text(room, "Good day")
        await marked(town, hello, "✅")
        sam.edit(hello, "Good day, Marie")
        await corrected(marie, room, "Good day, Marie")
        hers = await marie.reply(room, shown["event_id"], "thank you")
        relayed = await said(town, post.id, "thank you")
        assert relayed.reference["message_id"] == hello.split("-")[1]
        await marie.edit(room, hers, "thank you very much")
        await until(lambda: "very much" in wire.backend.messages[post.id][relayed.id].content)
        await marie.delete(room, hers)
        await until(lambda: relayed.id not in wire.backend.messages[post.id])
        await marie.react(room, shown["event_id"], "❤️")
        await marked(town, hello, "❤️")
        await send_file(marie, room, PNG, encrypted=False)
        got = await until(lambda: _files_of_bot(town, post.id, sam.id))
        assert (got.attachments[0]["filename"], wire.backend.cdn.get(got.attachments[0]["url"])) == (
            "écran PUK.png",
            PNG,
        )
        file = sam.say(post.id, "this one", files=(("réponse.png", PNG),))
        picture = await marie.wait_for(lambda event: event.get("content", {}).get("filename") == "réponse.png")
        assert await opened_file(marie, picture["content"]) == PNG
        await marked(town, file, "✅")
        gone = sam.say(post.id, "a slip")
        slip = await marie.wait_for_text(room, "a slip")
        sam.delete(gone)
        await marie.wait_for(
            lambda event: event["type"] == "m.room.redaction" and event.get("redacts") == slip["event_id"]
        )
        sam.slash(post.id, "close", text="goodbye")
        await marie.wait_for_text(room, "goodbye")
