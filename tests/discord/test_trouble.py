"""What networks and people do to the Discord transport: dropped gateways, lost answers, limits, refusals, bad input."""

from __future__ import annotations

import asyncio
import io
import json
from dataclasses import replace

import discord
import pytest
from simcord.backend import serializers
from simcord.enums import ChannelType

from helpbot.core.effects import Literal, Quoted
from helpbot.core.model import Attachment
from helpbot.transports import discord_listening, discord_logins
from helpbot.transports.base import Address, Fetched, Kind, SetupError, TryLater, Undeliverable
from helpbot.transports.discord_faults import Breaker, asked
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


async def test_closed_direct_messages_are_said_to_be_that(play: Play) -> None:
    async with play.listens():
        play.wire.closed_to_bot.add(play.marie.id)
        with pytest.raises(Undeliverable, match="takes no direct messages"):
            await play.says("hello", "k")


# --- sending


async def test_a_lost_answer_is_found_again_and_nothing_is_doubled(play: Play) -> None:
    async with play.listens():
        play.wire.faults.append(Fault("POST", "/messages", 0, after=True))
        with pytest.raises(TryLater) as later:
            await play.says("once", "k1")
        assert later.value.doubtful
        play.wire.forget_nonces()
    play.transport = play.new()  # as after a kill
    async with play.listens():
        address = Address("discord", str(play.direct))
        (ref,) = (await play.transport.sent_since(address, None)).values()
        assert await play.says("once", "k1") == ref
        assert await play.says("once", "k2") != ref
        assert play.seen() == ["once", "once"]


async def test_what_was_corrected_while_nobody_knew_that_it_had_gone_out_is_shown_once(play: Play) -> None:
    async with play.listens():
        play.wire.faults.append(Fault("POST", "/messages", 0, after=True))
        with pytest.raises(TryLater):
            await play.says("your line is bak", "k1")
        ref = await play.says("your line is back", "k1")
        assert play.seen() == ["your line is back"]
        assert await play.says("your line is back", "k1") == ref


async def test_a_repeated_nonce_shows_one_message(play: Play) -> None:
    async with play.listens():
        play.wire.faults.append(Fault("POST", "/messages", 0, after=True))
        with pytest.raises(TryLater):
            await play.says("once", "k1")
        play.notes.kept.clear()
        play.transport._journal._sent.clear()
        await play.says("once", "k1")
        assert play.seen() == ["once"]


async def test_a_lost_answer_over_a_card_makes_one_post(play: Play) -> None:
    async with play.listens():
        play.wire.faults.append(Fault("POST", "/threads", 0, after=True))
        with pytest.raises(TryLater):
            await play.transport.send(play.agents, (Literal("#1 waiting"),), "card")
        card = await play.transport.send(play.agents, (Literal("#1 waiting"),), "card")
        (post,) = play.town.threads(play.town.desk)
        assert card == str(Spot(post.id, post.id))


@pytest.mark.parametrize("length", [2001, 4000, 9000])
async def test_a_long_message_goes_in_parts_once_each_whatever_is_lost(play: Play, length: int) -> None:
    text = "".join(f"word{number} " for number in range(length // 8))[:length]
    async with play.listens():
        play.wire.faults.append(Fault("POST", "/messages", 0, after=True))
        with pytest.raises(TryLater):
            await play.transport.send(Address("discord", str(play.direct)), (Literal(text),), "long")
        play.wire.forget_nonces()
        ref = await play.transport.send(Address("discord", str(play.direct)), (Literal(text),), "long")
        parts = play.seen()
        assert " ".join(" ".join(parts).split()) == " ".join(text.split())
        assert len(parts) == -(-len(text) // 1999) or len(parts) == len(text) // 1990 + 1
        await play.transport.edit(Address("discord", str(play.direct)), ref, (Literal("short"),), "edit")
        assert play.seen() == ["short"]


async def test_a_long_message_stays_one_over_its_corrections(play: Play) -> None:
    async with play.listens():
        there, text = Address("discord", str(play.direct)), "word " * 600
        first = await play.says(text, "long")
        short = await play.says("short", "short")
        for number in range(110):
            await play.says("another", f"key {number}")
        others = ["another"] * 110

        async def corrected(ref: str, words: str, key: str) -> list[str]:
            await play.transport.edit(there, ref, (Literal(words),), key)
            return [one for one in play.seen() if one != "another"]

        assert len(await corrected(first, text.replace("word", "term"), "edit 1")) == 3
        assert "word" not in "".join(play.seen())
        play.wire.faults.append(Fault("POST", f"{play.direct}/messages", 0, after=True))
        with pytest.raises(TryLater):  # what it has grown by is there, and nobody knows
            await corrected(short, "term " * 600, "edit 2")
        play.wire.forget_nonces()
        assert len(await corrected(short, "term " * 600, "edit 2")) == 4
        assert len(await corrected(short, "last " * 600, "edit 3")) == 4
        assert len(await corrected(short, "last " * 600, "edit 3")) == 4
        assert len(await corrected(first, "brief", "edit 4")) == 3
        await play.transport.redact(there, short, "gone")
        assert play.seen() == ["brief", *others]


async def test_a_limit_is_waited_for(play: Play) -> None:
    async with play.listens():
        play.wire.faults.append(Fault("POST", "/messages", 429, body={"retry_after": 0.05, "message": "slow"}))
        await play.says("patient", "k")
        assert play.seen() == ["patient"]


async def test_trouble_of_discords_is_tried_again_later(play: Play) -> None:
    async with play.listens():
        play.wire.faults.append(Fault("POST", "/messages", 403, body={"code": 50013, "message": "Missing Permissions"}))
        with pytest.raises(Undeliverable, match="lacks a permission") as refused:
            await play.says("no", "k")
        assert refused.value.whole_room
        await play.says("yes", "k")
        assert play.seen() == ["yes"]


async def test_an_archived_thread_is_woken_before_it_is_changed(play: Play) -> None:
    async with play.listens():
        card = await play.transport.send(play.agents, (Literal("#1"),), "card")
        thread = play.wire.backend.channels[int(card.split("-")[0])]
        assert thread.thread_metadata is not None
        thread.thread_metadata.archived = True
        await play.transport.edit(play.agents, card, (Literal("#1 taken"),), "edit")
        assert not thread.thread_metadata.archived
        thread.thread_metadata.archived = True
        await play.transport.react(play.agents, card, "✅", "mark")
        assert play.seen(thread.id) == ["\\#1 taken"]


async def test_a_mark_that_is_gone_is_taken_back_without_a_fault(play: Play) -> None:
    async with play.listens():
        there = Address("discord", str(play.direct))
        said = [play.marie.say(play.direct, text) for text in ("one", "two")]
        marks = [await play.transport.react(there, ref, "✅", ref) for ref in said]
        play.marie.delete(said[0])
        for key in ("gone", "gone-again"):
            for mark in marks:
                await play.transport.redact(there, mark, key)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (413, {"code": 40005, "message": "too large"}),
        (413, {"message": "too large, says what stands before Discord"}),
        (400, {"code": 20009, "message": "Explicit content cannot be sent to the desired recipient(s)"}),
    ],
)
async def test_a_file_that_discord_will_not_have_goes_in_words(
    play: Play, status: int, body: dict[str, object]
) -> None:
    async with play.listens():
        file = Attachment("big.pdf", "file", "application/pdf", 3, "look", "discord", "[]")
        play.wire.faults.append(Fault("POST", "/messages", status, body=body))
        there = Address("discord", str(play.direct))
        await play.transport.send(there, (file,), "file", file=Fetched(io.BytesIO(b"abc"), 3))
        assert play.seen() == ["📎 big.pdf\nlook"]


async def test_peoples_words_ping_nobody(play: Play) -> None:
    async with play.listens():
        words = f"@everyone @here <@{play.sam.id}> <@&{play.town.agents_role}>"
        await play.transport.send(play.agents, (Quoted("Marie", words), Literal(words)), "card")
        (post,) = play.town.threads(play.town.desk)
        (card,) = play.town.messages(post.id)
        assert (card.ping_user_ids, card.ping_role_ids, card.mention_everyone) == ([], [], False)


async def test_after_many_refusals_nothing_is_asked_for_a_while() -> None:
    breaker, asked_for = Breaker(), 0

    async def ask() -> None:
        nonlocal asked_for
        asked_for += 1

    for _ in range(999):
        breaker.refused()
    await asked(breaker, ask())
    breaker.refused()
    with pytest.raises(TryLater, match="refused too much") as later:
        await asked(breaker, ask())
    assert later.value.after is not None
    assert later.value.after.total_seconds() > 500
    assert asked_for == 1
