"""What networks and people do to the Discord transport: dropped gateways, refusals, bad input."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import discord
import pytest
from simcord.backend import serializers
from simcord.enums import ChannelType

from helpbot.core.effects import Literal
from helpbot.transports import discord_listening, discord_logins
from helpbot.transports.base import About, Address, Kind, SetupError, TryLater, Undeliverable
from helpbot.transports.discord_refs import Spot
from tests.transports.contract import Desk

from .play import Play, ticket, until
from .wire import Fault, Wire


@pytest.fixture
def play(wire: Wire) -> Play:
    return Play(wire)


# --- the gateway


async def test_a_dropped_gateway_is_resumed_and_nothing_is_lost_or_doubled(play: Play) -> None:
    async with play.listens() as desk:
        play.marie.say(play.direct, "before")
        await play.hears("before")
        await play.wire.drop()
        play.marie.say(play.direct, "meanwhile")
        await play.hears("meanwhile")
        assert [item.text for item in desk.got if item.kind is Kind.SAID] == ["before", "meanwhile"]
        assert play.wire.identifies == 1


async def test_a_parser_that_raises_ends_nothing_for_long(play: Play) -> None:
    async with play.listens() as desk:
        play.marie.say(play.direct, "before")
        await play.hears("before")
        play.notes.last, play.notes.known = desk.cursors[-1], {str(play.direct)}
        play.wire.dispatch_raw("MESSAGE_CREATE", {"id": "what is this"})
        play.marie.say(play.direct, "after")
        await play.hears("after")


async def test_trouble_over_one_event_costs_no_login_and_no_word(play: Play) -> None:
    async with play.listens() as desk:
        card = await play.transport.send(play.agents, (Literal("#1"),), "card")
        mark = play.sam.react(card, "✋")
        await desk.until(lambda item: item.id == mark)
        play.wire.faults.append(Fault("GET", f"/members/{play.sam.id}", 0, times=2, after=True))
        play.sam.delete(mark)
        play.sam.say(int(card.split("-")[0]), "behind it")
        assert (await desk.until(lambda item: item.kind is Kind.DELETED)).target == mark
        await play.hears("behind it")
        assert [item.kind for item in desk.got][-2:] == [Kind.DELETED, Kind.SAID]
        assert (play.wire.identifies, play.wire.faults) == (1, [])


async def test_trouble_over_who_types_ends_nothing(play: Play) -> None:
    async with play.listens():
        play.wire.faults.append(Fault("GET", f"/channels/{play.direct}", 0, times=2, after=True))
        play.marie.types(play.direct)
        await until(lambda: not play.wire.faults)
        play.marie.say(play.direct, "hello")
        await play.hears("hello")
        assert play.wire.identifies == 1


async def test_a_server_that_discord_has_trouble_with_is_waited_for(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discord_listening, "_SERVERS", 0.2)  # seconds
    monkeypatch.setattr(discord_listening, "_AGAIN", 0.2)
    play.wire.servers_are_up = False
    desk = Desk()
    running = asyncio.create_task(play.transport.run(desk.receive))
    try:
        await until(lambda: play.wire.identifies)
        await asyncio.sleep(1)
        assert not running.done(), "it is nothing that the admin has to mend"
        assert not play.transport.ready.is_set()
        play.wire.mend_servers()
        await asyncio.wait_for(play.transport.ready.wait(), 20)
        play.marie.say(play.direct, "hello")
        await desk.until(lambda item: item.text == "hello")
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_words_come_through_whatever_fails_over_what_is_round_them(play: Play) -> None:
    async with play.listens() as desk:
        play.marie.say(play.direct, "before")
        await play.hears("before")
        told_to, play.wire.backend.subscribers[:] = list(play.wire.backend.subscribers), []
        message = play.wire.backend.create_message(play.direct, play.marie.id, "look at this")
        play.wire.backend.subscribers[:] = told_to
        told = dict(serializers.message_payload(play.wire.backend, message))
        file = {"id": "5", "filename": "a.png", "size": 1, "url": "x", "proxy_url": "x", "content_type": 5}
        play.wire.dispatch_raw("MESSAGE_CREATE", {**told, "attachments": [file]})
        heard = await play.hears("look at this")
        assert (heard.room, heard.sender, heard.id) == (
            str(play.direct),
            str(play.marie.id),
            str(Spot(play.direct, message.id)),
        )
        play.marie.say(play.direct, "after")
        await play.hears("after")
        assert play.wire.identifies == 1
        assert [item.text for item in desk.got if item.kind is Kind.SAID] == ["before", "look at this", "after"]


async def test_logins_are_counted_over_restarts_and_waited_for(
    play: Play, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(discord_logins, "_FREELY", 3)
    monkeypatch.setattr(discord_logins, "_APART", 3.0)  # seconds
    async with play.listens():
        play.wire.resumable = False
        await play.wire.drop()
        await until(lambda: play.wire.identifies == 2)
        play.marie.say(play.direct, "hello")
        await play.hears("hello")
    play.transport = play.new()
    async with play.listens():
        assert play.wire.identifies == 3
    assert "too_many_logins" not in capsys.readouterr().out
    play.transport = play.new()
    times = json.loads(play.notes.kept["logins"])
    async with play.listens():
        assert json.loads(play.notes.kept["logins"])[-1] - times[-1] >= 2.9
    assert "too_many_logins" in capsys.readouterr().out


async def test_a_wrong_token_is_said_in_one_line_and_never_identified_with(play: Play) -> None:
    play.wire.token = "another.token"
    with pytest.raises(SetupError, match=r"does not take the token: write the one from the Bot page"):
        await play.transport.run(play.desk.receive)
    assert play.wire.identifies == 0


async def test_without_the_intents_it_runs_and_says_what_is_lost(
    play: Play, capsys: pytest.CaptureFixture[str]
) -> None:
    play.wire.granted = {"members": False, "content": False}
    async with play.listens():
        play.marie.say(play.direct, "in a direct message words are told all the same")
        await play.hears("in a direct message words are told all the same")
    log = capsys.readouterr().out
    assert "Message Content Intent" in log
    assert "Server Members Intent" in log


async def test_words_that_cannot_be_read_are_not_passed_over_in_silence(play: Play) -> None:
    play.wire.granted["content"] = False
    async with play.listens() as desk:
        thread = await ticket(play, play.marie, "my line")
        assert thread == play.direct, "where all can be read"
        card = await play.transport.send(play.agents, (Literal("#1"),), "card")
        post = int(card.split("-")[0])
        play.sam.say(post, "hello")
        play.sam.say(post, "hello?")
        await until(lambda: len(play.seen(post)) == 2)
        assert play.seen(post)[1].startswith("I can only read here what mentions me")
        bot = play.wire.backend.bot_user.id
        said = play.sam.say(post, f"<@{bot}> hello")
        assert (await desk.until(lambda item: item.id == said)).text == "hello"


# --- what is lacking


async def test_permissions_that_are_missing_are_named_with_their_channel(play: Play) -> None:
    backend = play.wire.backend
    allowed = next(one for one in backend.channels[play.town.desk].overwrites if one.target_id == backend.bot_user.id)
    allowed.deny = discord.Permissions(attach_files=True, send_messages_in_threads=True).value
    named = r"permissions in #desk \(Send Messages In Threads, Attach Files\): Edit Channel"
    with pytest.raises(SetupError, match=named):
        await play.transport.run(play.desk.receive)


async def test_a_channel_that_is_not_there_is_named(play: Play) -> None:
    play.wire.backend.delete_channel(play.town.desk)
    with pytest.raises(
        SetupError, match=rf"sees no channel {play.town.desk} of team mobile: check teams.discord_channel"
    ):
        await play.transport.run(play.desk.receive)


async def test_nothing_is_posted_where_everybody_may_read(play: Play) -> None:
    async with play.listens():
        play.wire.backend.delete_overwrite(play.town.desk, play.town.guild)
        await asyncio.sleep(0.1)
        with pytest.raises(TryLater, match="open to everybody"):
            await play.transport.send(play.agents, (Literal("#1 her number"),), "card")
    assert not play.town.threads(play.town.desk)


async def test_a_forum_that_is_deleted_keeps_the_agents_words_waiting(play: Play) -> None:
    async with play.listens():
        await play.transport.send(play.agents, (Literal("#1"),), "card")
        play.wire.backend.delete_channel(play.town.desk)
        await asyncio.sleep(0.1)
        with pytest.raises(Undeliverable, match=r"not there any more: see teams\.discord_channel") as refused:
            await play.transport.send(play.agents, (Literal("#2"),), "card-2")
        assert refused.value.whole_room


async def test_a_deleted_post_asks_for_another_card(play: Play) -> None:
    async with play.listens():
        card = await play.transport.send(play.agents, (Literal("#1"),), "card")
        play.wire.backend.delete_channel(int(card.split("-")[0]))
        with pytest.raises(Undeliverable) as refused:
            await play.transport.send(Address("discord", str(play.town.desk), card), (Literal("words"),), "words")
        assert not refused.value.whole_room


async def test_a_team_that_sits_elsewhere_now_is_shown_nothing_where_it_sat(play: Play) -> None:
    async with play.listens():
        card = await play.transport.send(play.agents, (Literal("#1"),), "card")
    before, backend = play.town.desk, play.wire.backend
    overwrites = list(backend.channels[before].overwrites)
    play.town.desk = backend.create_channel(play.town.guild, "new", type=ChannelType.FORUM, overwrites=overwrites).id
    play.town.seat = replace(play.town.seat, channel=play.town.desk)
    play.transport = play.new()
    async with play.listens():
        there = Address("discord", str(play.town.desk), card)
        with pytest.raises(Undeliverable, match="not in the team's channel") as refused:
            await play.transport.send(there, (Literal("her number"),), "words")
        assert not refused.value.whole_room, "the desk asks for a new card then"
        with pytest.raises(Undeliverable, match="not in the team's channel"):
            await play.transport.edit(play.agents, card, (Literal("#1 her question"),), "edit")
        assert play.seen(int(card.split("-")[0])) == ["\\#1"]
        await play.transport.send(play.agents, (Literal("#1"),), "card-2")
        assert len(play.town.threads(play.town.desk)) == 1


async def test_what_the_admin_breaks_later_ends_nothing(play: Play) -> None:
    async with play.listens():
        play.marie.say(play.direct, "before")
        await play.hears("before")
        play.notes.last, play.notes.known = play.desk.cursors[-1], {str(play.direct)}
        play.wire.backend.delete_channel(play.town.desk)
        play.wire.resumable = False
        await play.wire.drop()
        play.marie.say(play.direct, "after")
        await play.hears("after")


@pytest.mark.parametrize(
    ("code", "why"), [(160006, "close old posts of the forum"), (40067, "wants a tag on each post: Edit Channel")]
)
async def test_a_card_that_the_server_has_no_room_for_waits(play: Play, code: int, why: str) -> None:
    async with play.listens():
        play.wire.faults.append(Fault("POST", "/threads", 400, body={"message": "no", "code": code}))
        with pytest.raises(Undeliverable, match=why) as refused:
            await play.transport.send(play.agents, (Literal("#1"),), "card")
        assert refused.value.whole_room
        await play.transport.send(play.agents, (Literal("#1"),), "card")


async def test_words_for_whose_thread_the_server_has_no_room_wait(wire: Wire) -> None:
    play = Play(wire, forum=False)
    async with play.listens():
        card = await play.transport.send(play.agents, (Literal("#1"),), "card")
        wire.faults.append(Fault("POST", "/threads", 400, body={"message": "no", "code": 160006}))
        with pytest.raises(Undeliverable) as refused:
            await play.transport.send(replace(play.agents, thread=card), (Literal("words"),), "words")
        assert refused.value.whole_room


async def test_a_forum_that_wants_tags_gets_one_on_each_post(play: Play) -> None:
    async with play.listens():
        about = About(1, "waiting", "en", "Marie")
        await play.transport.send(replace(play.agents, about=about), (Literal("#1"),), "card")
        assert play.transport._connection is not None
        forum = play.transport._connection.client.get_channel(play.town.desk)
        assert isinstance(forum, discord.ForumChannel)
        forum._flags = 1 << 4  # as Discord tells it, and simcord does not
        await play.transport.send(play.agents, (Literal("the week"),), "report")
        assert all(thread.applied_tags for thread in play.town.threads(play.town.desk))


async def test_closed_direct_messages_are_said_to_be_that(play: Play) -> None:
    async with play.listens():
        play.wire.closed_to_bot.add(play.marie.id)
        with pytest.raises(Undeliverable, match="takes no direct messages"):
            await play.says("hello", "k")
