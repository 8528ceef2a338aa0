"""The whole desk on Discord: customers and agents through the real discord.py, over sockets, with real SQLite."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from helpbot.app import Helpbot
from helpbot.core.model import Desk
from helpbot.store.sqlite import SqliteStore
from helpbot.transports.base import Address
from helpbot.transports.discord import DiscordTransport
from helpbot.transports.discord_buttons import CLAIM, FORM, OPEN
from helpbot.transports.discord_refs import Spot
from tests.core.cases import DESK

from .town import Person, Town
from .wire import Wire

TEAM = DESK.teams[0].id


@asynccontextmanager
async def running(town: Town, folder: Path, desk: Desk = DESK) -> AsyncIterator[Helpbot]:
    """Run a desk whose first team sits on that server."""
    store = await SqliteStore.open(folder / "desk.db")
    transport = DiscordTransport(
        token=town.wire.token,
        teams={TEAM: town.seat},
        names={team.id: team.id for team in desk.teams},
        languages=desk.languages,
        notebook=store.notebook("discord"),
        help_channel=town.help,
    )
    bot = Helpbot(store, [transport], {TEAM: Address("discord", str(town.desk))}, desk)
    try:
        async with bot.running():
            async with asyncio.timeout(30):
                await bot.ready()
            yield bot
    finally:
        await store.close()


async def until(wanted: Callable[[], Any], seconds: float = 30) -> Any:
    """Return what is wanted once it is there."""
    async with asyncio.timeout(seconds):
        while not (found := wanted()):  # noqa: ASYNC110  # the server has no event for all of it
            await asyncio.sleep(0.02)
    return found


def texts(town: Town, channel: int) -> list[str]:
    return [one.content for one in town.messages(channel) if one.type in {0, 19}]


def buttons(message: Any) -> list[str]:
    return [one["custom_id"] for row in message.components for one in row["components"]]


def tags(town: Town, thread: int) -> list[str]:
    names = {int(tag["id"]): tag["name"] for tag in town.wire.backend.channels[town.desk].available_tags}
    return [names[tag] for tag in town.wire.backend.channels[thread].applied_tags]


async def opened(town: Town, marie: Person, text: str) -> int:
    """Let somebody open a ticket at the panel; return her thread."""
    panel = await until(lambda: next((one for one in town.messages(town.help) if OPEN in buttons(one)), None))
    assert panel.pinned or await until(lambda: panel.pinned)
    pressed = marie.press(str(Spot(town.help, panel.id)), OPEN)
    await until(lambda: pressed.responded)
    marie.fill_in(town.help, FORM, subject="", text=text)
    thread = await until(lambda: next((one for one in town.threads(town.help) if marie.id in one.thread_members), None))
    return int(thread.id)


async def said(town: Town, channel: int, part: str) -> Any:
    """Return the message of the bot in a channel that holds these words, once it is there."""
    return await until(lambda: next((one for one in town.messages(channel) if part in one.content), None))


async def test_a_customer_at_the_panel_gets_an_answer_then_a_person(town: Town, tmp_path: Path) -> None:
    marie, sam, paul = town.person("Marie"), town.person("Sam", agent=True), town.person("Paul")
    async with running(town, tmp_path):
        thread = await opened(town, marie, "my puk")
        assert town.wire.backend.channels[thread].type == 12, "a private thread"
        assert set(town.wire.backend.channels[thread].thread_members) == {marie.id, town.wire.backend.bot_user.id}
        answer = await said(town, thread, "Answer to")
        assert "helpbot:🙋" in buttons(answer)
        assert any("my puk" in text for text in texts(town, thread)), "she sees what she wrote"
        marie.say(thread, "line")
        offer = await said(town, thread, "Did you mean")
        assert buttons(offer)[:2] == ["helpbot:1️⃣", "helpbot:2️⃣"]
        paul.press(str(Spot(thread, offer.id)), "helpbot:1️⃣")
        marie.press(str(Spot(thread, offer.id)), "helpbot:2️⃣")
        await said(town, thread, "Answer to *line*")
        assert not [text for text in texts(town, thread) if "Answer to *move*" in text], "another's press counts not"
        marie.press(str(Spot(thread, answer.id)), "helpbot:🙋")
        await said(town, thread, "#1")
        post = await until(lambda: next(iter(town.threads(town.desk)), None))
        assert post.name.startswith("#1 Marie")
        card = await until(lambda: _card(town, post.id))
        assert CLAIM in buttons(card)
        await said(town, post.id, "my puk")

        sam.press(str(Spot(card.channel_id, card.id)), CLAIM)
        await said(town, thread, "Sam")
        hello = sam.say(post.id, "Good day **Marie**")
        shown = await said(town, thread, "Good day")
        assert shown.content == "Good day \\*\\*Marie\\*\\*"
        await marked(town, hello, "✅")
        note = sam.say(post.id, "!note she is nice")
        await marked(town, note, "📝")
        sam.edit(hello, "Good day Marie!")
        await until(lambda: shown.content == "Good day Marie!")
        hers = marie.say(thread, "my number is 0123")
        relayed = await said(town, post.id, "0123")
        marie.edit(hers, "my number is 0124")
        await until(lambda: "0124" in relayed.content)
        marie.delete(hers)
        await until(lambda: relayed.id not in town.wire.backend.messages[post.id])
        marie.react(str(Spot(thread, shown.id)), "❤️")
        await marked(town, hello, "❤️")
        closing = sam.slash(post.id, "close", text="bye")
        await said(town, thread, "bye")
        assert closing.responded
        await until(lambda: "release" not in str(buttons(_card(town, post.id))) and _card(town, post.id).components)
        marie.say(thread, "one more thing")
        await said(town, post.id, "one more thing")
        assert not [text for text in texts(town, thread) if "nice" in text], "a note stays inside"


def _card(town: Town, post: int) -> Any:
    """Return the card of a ticket: the first message of its post, or what its thread hangs on."""
    return town.wire.backend.messages[post].get(post) or town.wire.backend.messages[town.desk].get(post)


async def marked(town: Town, ref: str, symbol: str) -> None:
    channel, message, *_ = ref.split("-")
    one = town.wire.backend.messages[int(channel)][int(message)]
    await until(lambda: symbol in [mark.emoji for mark in one.reactions])


def _files(town: Town, channel: int) -> list[str]:
    return [one["filename"] for message in town.messages(channel) for one in message.attachments]


async def test_a_message_with_several_files_is_taken_back_with_all_of_them(wire: Wire, tmp_path: Path) -> None:
    town = Town(wire)
    marie, sam = town.person("Marie"), town.person("Sam", agent=True)
    async with running(town, tmp_path):
        thread = await opened(town, marie, "human")
        post = await until(lambda: next(iter(town.threads(town.desk)), None))
        card = await until(lambda: _card(town, post.id))
        sam.press(str(Spot(card.channel_id, card.id)), CLAIM)
        await said(town, thread, "Sam")
        hers = marie.say(thread, "look", files=(("a.png", b"1"), ("b.png", b"2"), ("c.png", b"3")))
        await until(lambda: len(_files(town, post.id)) == 3)
        his = sam.say(post.id, "look", files=(("d.png", b"1"), ("e.png", b"2")))
        await until(lambda: len(_files(town, thread)) == 5)
        marie.delete(hers)
        sam.delete(his)
        await until(lambda: not _files(town, post.id) and not _files(town, thread))
