"""What people take back, and what the bot takes back, on a real Synapse."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from helpbot.core.effects import Literal
from helpbot.transports.base import Address, Incoming, Kind
from helpbot.transports.matrix_batch import Batch
from helpbot.transports.matrix_held import Held
from helpbot.transports.matrix_inbox import Inbox

from ..crash.proxy import Proxy, Trouble, json_answer
from .actors import PlainActor, relation, text_content
from .bot import Bot, talk
from .conftest import MakeBot, MakeCrypto, MakePlain, desk_bot
from .test_transport_lost_keys import _file
from .test_transport_sending import server_event
from .test_transport_trouble import hide_next, send_key

pytestmark = pytest.mark.synapse


@pytest.fixture(params=["plain", "encrypted"])
async def alice(request: pytest.FixtureRequest, plain_actor: MakePlain, crypto_actor: MakeCrypto) -> PlainActor:
    """A customer, whose rooms are in the clear or encrypted."""
    make: Any = plain_actor if request.param == "plain" else crypto_actor
    actor: PlainActor = await make("Alice")
    return actor


async def taken_back(bot: Bot, ref: str) -> Incoming:
    return await bot.wait_for(lambda item: item.id == ref)


def deleted(bot: Bot) -> list[str | None]:
    return [item.target for item in bot.received if item.kind is Kind.DELETED]


# --- what people take back


@pytest.mark.parametrize("version", ["10", "11"])
async def test_what_is_taken_back_is_told_in_old_and_in_new_rooms(
    bot: Bot, plain_actor: MakePlain, version: str
) -> None:
    alice = await plain_actor("Alice")
    room = await alice.create_room(bot.id, direct=True, room_version=version)
    await bot.arrived(room)
    said = await alice.say(room, "my number is 0123")
    mark = await alice.react(room, said, "👍")
    await bot.wait_for(lambda item: item.id == mark)
    for target in (said, mark):
        gone = await taken_back(bot, await alice.delete(room, target, reason="a slip"))
        assert (gone.kind, gone.target, gone.sender, gone.text) == (Kind.DELETED, target, alice.id, "")


async def test_what_was_taken_back_while_the_bot_was_away_is_told_and_not_said(bot: Bot, alice: PlainActor) -> None:
    room = await talk(alice, bot)
    before = await alice.say(room, "before")
    await bot.heard("before")
    await bot.stop()
    unheard = await alice.say(room, "never to be heard")
    sticker = await alice.send_event(room, "m.sticker", {"body": "cat", "url": "mxc://x/y"})
    gone = [before, unheard, sticker]
    refs = [await alice.delete(room, target) for target in gone]
    for number in range(125):  # more than a sync holds, so that the gap is paged
        await alice.say(room, f"word {number}")
    await bot.start()
    assert deleted(bot) == gone
    assert [item.id for item in bot.received if item.kind is Kind.DELETED] == refs
    assert bot.texts(room) == ["before", *(f"word {number}" for number in range(125))]


async def test_thousands_of_deletions_keep_nobody_waiting(bot: Bot, alice: PlainActor) -> None:
    room = await talk(alice, bot)
    said = await alice.say(room, "one")
    await bot.heard("one")
    refs = await asyncio.gather(*(alice.delete(room, said) for _ in range(50)))
    for ref in refs:
        await taken_back(bot, ref)
    client, rooms, *_ = bot.transport._connection  # type: ignore[misc]
    events, _ = await client.page_back(room, None)
    inbox, batch = Inbox(client, rooms, Held(bot.notebook), lambda: datetime.now(UTC)), Batch()
    waited = [time.thread_time()]  # not the clock's: others use this machine as well

    async def watch() -> None:
        while True:
            await asyncio.sleep(0)
            waited.append(time.thread_time())

    watching = asyncio.create_task(watch())
    gc.disable()  # which cleans up after the tests before
    try:
        await inbox._read_events(room, events * 400, batch)
        waited.append(time.thread_time())
    finally:
        gc.enable()
        watching.cancel()
    assert sum(item.target == said for item in batch.items) == 20_000
    assert max(after - before for before, after in pairwise(waited)) < 0.05


async def test_what_waits_for_its_key_and_is_taken_back_is_never_told_of(bot: Bot, crypto_actor: MakeCrypto) -> None:
    alice = await crypto_actor("Alice")
    room = await talk(alice, bot)
    key = await hide_next(alice, room)
    gone, later, kept = [await alice.say(room, text) for text in ("taken back", "taken back later", "kept")]
    await until_held(bot, kept)
    ref = await alice.delete(room, gone)
    assert (await taken_back(bot, ref)).target == gone
    await bot.stop()
    held = json.loads(bot.notebook.values["undecryptable"])
    for one in held.values():  # as after twenty seconds
        one["since"] = (datetime.fromisoformat(one["since"]) - timedelta(seconds=20)).isoformat()
    bot.notebook.values["undecryptable"] = json.dumps(held)
    await alice.delete(room, later)
    await bot.start()
    await bot.wait_for(lambda item: item.id == f"{kept}:undecryptable")
    await send_key(alice, bot, key)
    await bot.heard("kept")
    assert [item.id for item in bot.received if item.attachment == "undecryptable"] == [f"{kept}:undecryptable"]
    assert bot.texts(room) == ["", "kept"]


async def until_held(bot: Bot, ref: str) -> None:
    async with asyncio.timeout(15):
        while ref not in bot.notebook.values.get("undecryptable", ""):  # noqa: ASYNC110  # nothing tells of it
            await asyncio.sleep(0.01)


async def test_a_deletion_that_no_server_looked_at_is_none(bot: Bot, crypto_actor: MakeCrypto) -> None:
    alice = await crypto_actor("Alice")
    room = await talk(alice, bot)
    ref = await bot.say(room, "an answer", "k1")
    await alice.send_event(room, "m.room.redaction", {"redacts": ref})  # encrypted: a payload that calls itself one
    await alice.say(room, "the end")
    await bot.heard("the end")
    assert deleted(bot) == []


async def test_what_an_agent_who_left_took_back_is_no_members(new_bot: MakeBot, plain_actor: MakePlain) -> None:
    lead, gone = await plain_actor("Lea"), await plain_actor("Gone")
    bot, room = await desk_bot(new_bot, lead, gone)
    said = await gone.say(room, "a word")
    await bot.heard("a word")
    await bot.stop()
    ref = await gone.delete(room, said)
    await gone.leave(room)
    await bot.start()
    item = await taken_back(bot, ref)
    assert (item.target, item.team, item.member, item.sender) == (said, "mobile", False, gone.id)


# --- what the bot takes back


async def correct(bot: Bot, room: str, ref: str, text: str, key: str) -> str:
    return await bot.transport.edit(Address("matrix", room), ref, (Literal(text),), key)


async def test_nothing_is_left_of_what_the_bot_took_back(bot: Bot, alice: PlainActor) -> None:
    room = await talk(alice, bot)
    ref = await bot.say(room, "her number", "k1")
    edits = [await correct(bot, room, ref, f"her number {number}", f"k2-{number}") for number in range(3)]
    other = await bot.say(room, "another", "k3")
    gone = await bot.transport.redact(Address("matrix", room), ref, "k4")
    for one in (ref, *edits):
        assert (await server_event(alice, room, one))["content"] == {}
    assert (await server_event(alice, room, other))["content"] != {}
    seen = await alice.wait_for(lambda event: event.get("event_id") == gone)
    assert (seen["type"], seen["redacts"], seen["sender"]) == ("m.room.redaction", ref, bot.id)
    await bot.transport.redact(Address("matrix", room), ref, "k5")
    await bot.say(room, "the end", "k6")
    await alice.wait_for_text(room, "the end")
    took = [event for event in alice.events if event["type"] == "m.room.redaction" and event.get("redacts") == ref]
    assert len(took) == 1  # what is gone is not taken back again


@pytest.mark.parametrize("login", ["the same login", "another login"])
async def test_a_crash_neither_doubles_a_deletion_nor_sends_again_what_it_took_back(
    bot: Bot, alice: PlainActor, tmp_path: Path, login: str
) -> None:
    room = await talk(alice, bot)
    address = Address("matrix", room)
    refs = {"k1": await bot.say(room, "taken back", "k1")}
    edit = await correct(bot, room, refs["k1"], "taken back as well", "k2")
    refs["k3"] = await bot.transport.react(address, refs["k1"], "✅", "k3")
    refs["k4"] = await bot.transport.redact(address, refs["k1"], "k4")
    refs["k5"] = await bot.transport.redact(address, refs["k3"], "k5")
    await bot.stop()
    if login == "another login":  # whose transaction ids the homeserver does not tell
        _file(tmp_path).write_bytes(b"")
    await bot.start()
    there = dict(await bot.transport.sent_since(address, None))
    assert {key: there[key] for key in refs} == refs
    assert there["k2"] == edit
    assert await bot.transport.redact(address, refs["k1"], "k4") == refs["k4"]


async def test_what_somebody_else_took_back_of_the_bot_is_not_sent_again(bot: Bot, alice: PlainActor) -> None:
    room = await talk(alice, bot)
    address = Address("matrix", room)
    ref = await bot.say(room, "an answer", "k1")
    edit = await correct(bot, room, ref, "a better answer", "k2")
    gone = await taken_back(bot, await alice.delete(room, ref))  # in her own room she has the right to
    assert gone.target == ref
    await bot.stop()
    await bot.start()
    there = await bot.transport.sent_since(address, None)
    assert (there["k1"], there["k2"]) == (ref, edit)
    assert await bot.transport.redact(address, ref, "k3") == ""
    assert await bot.transport.redact(address, edit, "k4") != ""
    assert (await server_event(alice, room, edit))["content"] == {}


async def test_a_homeserver_that_relates_nothing_takes_back_what_it_can(
    new_bot: MakeBot, plain_actor: MakePlain, proxy: Proxy
) -> None:
    alice = await plain_actor("Alice")
    bot = await new_bot(homeserver=proxy.url)
    await bot.start()
    room = await talk(alice, bot)
    ref = await bot.say(room, "her number", "k1")
    unknown = Trouble("unknown", 0, json_answer(404, {"errcode": "M_UNRECOGNIZED"}))
    proxy.rule = lambda asked: unknown if "/relations/" in asked.path else None
    assert await bot.transport.redact(Address("matrix", room), ref, "k2") != ""
    assert (await server_event(alice, room, ref))["content"] == {}


# --- corrections and replies, as the server relates them


async def test_a_correction_is_one_of_a_message_in_a_thread_and_of_a_reply(bot: Bot, alice: PlainActor) -> None:
    room = await talk(alice, bot)
    address = Address("matrix", room)
    question = await alice.say(room, "a question")
    card = await bot.say(room, "card", "k1")
    inside = Address("matrix", room, card)
    sent = [
        await bot.say(room, "threaded", "k2", thread=card),
        await bot.transport.send(address, (Literal("reply"),), "k3", answers=question),
        await bot.transport.send(inside, (Literal("both"),), "k4", answers=question),
    ]
    for number, ref in enumerate(sent):
        before = relation(await alice.wait_for(lambda event, ref=ref: event.get("event_id") == ref))  # type: ignore[misc]
        edit = await correct(bot, room, ref, f"corrected {number}", f"k5-{number}")
        seen = await alice.wait_for_text(room, f"corrected {number}")
        assert relation(seen) == {"rel_type": "m.replace", "event_id": ref}
        assert seen["content"]["m.new_content"] == text_content(f"corrected {number}")
        stored = await server_event(alice, room, ref)
        assert relation(stored) == before  # it stays where it was: what it is a correction of says where
        assert stored["unsigned"]["m.relations"]["m.replace"]["event_id"] == edit
    replies = await alice.request("GET", f"/_matrix/client/v1/rooms/{room}/relations/{card}/m.thread")
    assert {event["event_id"] for event in replies["chunk"]} == {sent[0], sent[2]}


async def test_a_reply_is_one_to_every_client(bot: Bot, alice: PlainActor) -> None:
    room = await talk(alice, bot)
    question = await alice.say(room, "a question")
    card = await bot.say(room, "card", "k1")
    for thread in (None, card):
        address = Address("matrix", room, thread)
        ref = await bot.transport.send(address, (Literal(f"an answer in {thread}"),), f"k2-{thread}", answers=question)
        seen = await alice.wait_for_text(room, f"an answer in {thread}")
        outside = relation(await server_event(alice, room, ref))  # encrypted words tell the server their relation
        assert relation(seen) == outside
        assert outside["m.in_reply_to"] == {"event_id": question}
        assert outside.get("rel_type") == (None if thread is None else "m.thread")
        assert not outside.get("is_falling_back")
