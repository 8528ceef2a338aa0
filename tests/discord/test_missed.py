"""What happened while nobody listened is read at the next connection, whatever is in its way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta

import discord
import pytest
from simcord.backend.models.channel import Overwrite
from simcord.enums import OverwriteType

from helpbot.core.effects import Literal
from helpbot.transports import discord_missed
from helpbot.transports.base import Address, Incoming, Kind
from helpbot.transports.discord_refs import snowflake
from tests.transports.contract import Desk

from .play import Play, ticket, until
from .wire import Fault, Wire


@pytest.fixture
def play(wire: Wire) -> Play:
    return Play(wire)


async def test_a_refused_resume_is_followed_by_a_look_at_what_was_missed(play: Play) -> None:
    async with play.listens() as desk:
        said = play.marie.say(play.direct, "a typo")
        gone = play.marie.say(play.direct, "a secret")
        await play.hears("a secret")
        play.notes.last, play.notes.known = desk.cursors[-1], {str(play.direct)}
        play.wire.resumable, play.wire.is_up = False, False
        await play.wire.drop()
        missed = play.marie.say(play.direct, "missed")
        play.marie.edit(said, "no typo")
        play.marie.delete(gone)
        play.wire.is_up = True
        assert (await play.hears("missed")).id == missed
        assert (await play.hears("no typo")).edits == said
        assert (await desk.until(lambda item: item.kind is Kind.DELETED)).target == gone
        assert play.wire.identifies == 2


async def test_first_words_that_came_while_it_was_away_are_read_with_the_next(play: Play) -> None:
    async with play.listens():
        pass
    first = play.marie.say(play.direct, "is anybody there?")
    play.transport = play.new()
    async with play.listens() as desk:
        play.marie.say(play.direct, "hello?")
        await play.hears("hello?")
        assert [(item.kind, item.id) for item in desk.got][:2] == [
            (Kind.ARRIVED, f"arrived-{play.direct}"),
            (Kind.SAID, first),
        ]


async def test_only_channels_that_are_in_use_are_read_at_a_start(play: Play) -> None:
    paul = play.town.person("Paul")
    old = play.town.direct(paul)
    play.wire.clock.ago = timedelta(days=70)
    play.notes.last = json.dumps({"last": snowflake(play.wire.clock.now())})
    async with play.listens():
        paul.say(old, "long ago")
        await play.hears("long ago")
        play.wire.clock.ago = timedelta(days=50)
        play.marie.say(play.direct, "lately")
        await play.hears("lately")
    play.wire.clock.ago = timedelta()
    missed = paul.say(old, "hello again"), play.marie.say(play.direct, "anybody?")
    before = len(play.wire.requests)
    play.transport = play.new()
    async with play.listens() as desk:
        assert (await play.hears("anybody?")).id == missed[1]
        assert not [one for one in play.wire.requests[before:] if str(old) in one.path]
        paul.say(old, "are you there?")
        await play.hears("are you there?")
        said = [item.text for item in desk.got if item.room == str(old) and item.kind is Kind.SAID]
        assert said == ["hello again", "are you there?"]
        assert len([one for one in play.wire.requests[before:] if f"{old}/messages" in one.path]) == 1
        paul.say(old, "well?")
        await play.hears("well?")
        assert len([one for one in play.wire.requests[before:] if f"{old}/messages" in one.path]) == 1


async def test_a_channel_that_cannot_be_read_keeps_no_other_away(play: Play) -> None:
    async with play.listens():
        thread = await ticket(play, play.marie, "help")
        play.marie.say(play.direct, "before")
        await play.hears("before")
    play.marie.say(play.direct, "missed")
    play.wire.faults.append(Fault("GET", f"{thread}/messages", 403, body={"message": "Missing Access", "code": 50001}))
    play.transport = play.new()
    async with play.listens():
        await play.hears("missed")
    assert not play.wire.faults


@pytest.mark.parametrize("over", ["messages of one channel", "the list of threads"])
async def test_trouble_while_what_was_missed_is_read_costs_no_word_and_no_login(play: Play, over: str) -> None:
    async with play.listens():
        thread = await ticket(play, play.marie, "help")
        typo = play.marie.say(play.direct, "a typo")
        await play.hears("a typo")
    play.marie.say(play.direct, "missed in a direct message")
    play.marie.edit(typo, "no typo")
    play.marie.say(thread, "missed in the thread")
    ending = f"{thread}/messages" if over == "messages of one channel" else "/threads/active"
    play.wire.faults.append(Fault("GET", ending, 0, times=2, after=True))  # aiohttp repeats the first by itself
    play.transport = play.new()
    async with play.listens():
        for text in ("missed in the thread", "missed in a direct message", "no typo"):
            await play.hears(text)
    assert (play.wire.identifies, play.wire.faults) == (2, [])


async def test_a_mark_that_came_and_one_that_went_while_it_was_away_are_found(play: Play) -> None:
    async with play.listens() as desk:
        card = await play.transport.send(play.agents, (Literal("#1"),), "card")
        first = play.sam.react(card, "👀")
        await desk.until(lambda item: item.id == first)
    play.sam.delete(first)
    claimed = play.sam.react(card, "✋")
    play.transport = play.new()
    async with play.listens() as desk:
        mark = await desk.until(lambda item: item.kind is Kind.REACTED)
        assert (mark.id, mark.symbol, mark.target, mark.member, mark.team) == (claimed, "✋", card, True, "mobile")
        assert (await desk.until(lambda item: item.kind is Kind.DELETED)).target == first


async def test_notes_that_cannot_be_read_keep_no_words_away(play: Play) -> None:
    async with play.listens():
        play.marie.say(play.direct, "before")
        await play.hears("before")
    play.notes.kept[f"recent:{play.direct}"] = '{"5": '
    play.marie.say(play.direct, "missed")
    play.transport = play.new()
    async with play.listens():
        await play.hears("missed")
        play.marie.say(play.direct, "after")
        await play.hears("after")


async def test_a_message_that_is_refused_keeps_no_other_away(play: Play) -> None:
    async with play.listens():
        play.marie.say(play.direct, "before")
        await play.hears("before")
    marked = play.marie.say(play.direct, "missed")
    play.marie.react(marked, "👍")
    play.marie.say(play.direct, "missed as well")
    gone = {"message": "Unknown Message", "code": 10008}  # it was deleted between the two looks
    play.wire.faults.append(Fault("GET", "/reactions/👍", 404, body=gone))
    play.transport = play.new()
    async with play.listens():
        await play.hears("missed")
        await play.hears("missed as well")
    assert not play.wire.faults


async def test_who_is_in_a_thread_may_be_refused_and_its_words_are_read(play: Play) -> None:
    async with play.listens():
        thread = await ticket(play, play.marie, "help")
        play.marie.say(thread, "before")
        await play.hears("before")
    play.marie.say(thread, "missed")
    play.wire.faults.append(Fault("GET", "/thread-members", 403, body={"message": "Missing Access", "code": 50001}))
    play.transport = play.new()
    async with play.listens():
        await play.hears("missed")
    assert not play.wire.faults


async def test_what_may_not_be_looked_back_at_is_not_taken_for_deleted(
    play: Play, capsys: pytest.CaptureFixture[str]
) -> None:
    async with play.listens() as desk:
        card = await play.transport.send(play.agents, (Literal("#1"),), "card")
        play.sam.say(int(card.split("-")[0]), "your line is back")
        await play.hears("your line is back")
        play.notes.last = desk.cursors[-1]
        backend, bot = play.wire.backend, play.wire.backend.bot_user.id
        taken = discord.Permissions(read_message_history=True).value
        allowed = discord.Permissions(view_channel=True).value
        backend.set_overwrite(play.town.desk, Overwrite(bot, OverwriteType.MEMBER, allow=allowed, deny=taken))
        play.wire.resumable = False
        await play.wire.drop()
        await until(lambda: "channel_not_read" in capsys.readouterr().out)
        play.marie.say(play.direct, "and on")
        await play.hears("and on")
        assert not [item for item in desk.got if item.kind is Kind.DELETED]


async def test_a_mark_on_an_old_message_keeps_nothing_new_away(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discord_missed, "_MOST", 20)
    play.wire.clock.ago = timedelta(days=300)
    old = play.marie.say(play.direct, "an old thing")
    for number in range(30):
        play.marie.say(play.direct, f"before {number}")
    play.wire.clock.ago = timedelta()
    async with play.listens() as desk:
        play.marie.say(play.direct, "heard")
        await play.hears("heard")
        play.marie.edit(old, "an old thing, corrected")
        await play.hears("an old thing, corrected")
        play.notes.last, play.notes.known = desk.cursors[-1], {str(play.direct)}
    play.marie.say(play.direct, "missed")
    play.transport = play.new()
    async with play.listens() as desk:
        await play.hears("missed")
        assert not [item for item in desk.got if item.kind is Kind.DELETED]


@pytest.mark.parametrize("forum", [True, False])
async def test_what_was_written_in_a_thread_that_is_archived_by_now_is_read(wire: Wire, forum: bool) -> None:
    play = Play(wire, forum=forum)
    async with play.listens():
        cards = [
            await play.transport.send(play.agents, (Literal(f"#{number}"),), f"card-{number}") for number in (1, 2)
        ]
        for card in cards:
            await play.transport.send(Address("discord", str(play.town.desk), card), (Literal("words"),), card)
        play.sam.say(int(cards[0].split("-")[1]), "before")
        await play.hears("before")
    play.sam.say(int(cards[0].split("-")[1]), "!r I was here")
    for card in cards:
        play.town.archive(int(card.split("-")[1]))
    play.transport = play.new()
    async with play.listens():
        heard = await play.hears("!r I was here")
        assert (heard.team, heard.thread) == ("mobile", cards[0])


async def test_another_server_of_the_bot_keeps_nothing_away(play: Play) -> None:
    other = play.wire.backend.create_guild("Elsewhere").id
    async with play.listens():
        play.marie.say(play.direct, "before")
        await play.hears("before")
    logins = play.wire.identifies
    play.marie.say(play.direct, "missed")
    refused = {"message": "Missing Access", "code": 50001}
    play.wire.faults.append(Fault("GET", f"/guilds/{other}/threads/active", 403, body=refused))
    play.transport = play.new()
    async with play.listens():
        await play.hears("missed")
    assert play.wire.identifies == logins + 1


class _Stuck(Desk):
    """Commits no words."""

    async def receive(self, batch: Sequence[Incoming], cursor: str | None) -> None:
        await asyncio.sleep(3600 if batch else 0)
        await super().receive(batch, cursor)


async def test_first_words_that_were_heard_and_not_committed_are_read_at_the_next_start(play: Play) -> None:
    async with play.listens():
        pass
    heard = play.transport = play.new()
    running = asyncio.create_task(heard.run(_Stuck().receive))
    await heard.ready.wait()
    said = play.marie.say(play.direct, "is anybody there?")
    await until(lambda: f"guest:{play.direct}" in play.notes.kept)
    running.cancel()  # as a kill does
    await asyncio.gather(running, return_exceptions=True)
    play.transport = play.new()
    async with play.listens() as desk:
        assert (await play.hears("is anybody there?")).id == said
        assert [item.id for item in desk.got] == [f"arrived-{play.direct}", said]
    assert json.loads(play.notes.kept["fresh"]) == []
