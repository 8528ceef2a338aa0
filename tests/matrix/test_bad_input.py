"""What nobody sends by accident, through the whole desk on a real Synapse: what the customer and the agents read."""

from __future__ import annotations

import sqlite3
from typing import Any
from urllib.parse import quote

import pytest

from .actors import CLIENT, Event, PlainActor, Refused, body, relation
from .conftest import MakePlain
from .desk import AgentsView, RunningDesk
from .files import DATA, opened, send_file
from .test_desk_relays import Talk, changed, marked

pytestmark = pytest.mark.synapse

EMOJI = [chr(0x1F600 + number) for number in range(40)]
SCRIPT = b"#!/bin/sh\nrm -rf /\n"


@pytest.fixture
async def talk(desk: RunningDesk, sam: PlainActor, plain_actor: MakePlain) -> Talk:
    """A customer whose ticket Sam owns."""
    await desk.start()
    marie = await plain_actor("Marie")
    room = await marie.create_dm(desk.bot.id)
    await marie.wait_for_text(room, "human")
    await marie.say(room, "human")
    agents = AgentsView(sam, desk)
    card = await agents.card(1)
    await sam.react(desk.agents_room, card["event_id"], "✋")
    await marie.wait_for_text(room, "Sam is taking care")
    return Talk(marie, room, agents, card)


async def goes_on(talk: Talk) -> None:
    """See that words still go both ways."""
    await talk.marie.say(talk.room, "are you still there?")
    await talk.shown("are you still there?")
    await talk.sends("yes I am")
    await talk.read("yes I am")


def rows(desk: RunningDesk, what: str) -> int:
    with sqlite3.connect(desk.folder / "helpbot.db") as db:
        return int(db.execute(f"SELECT count(*) FROM {what}").fetchone()[0])


async def file_event(talk: Talk, name: str, url: object, **info: Any) -> str:
    """Send a message that says it is a picture."""
    content = {"msgtype": "m.image", "body": name, "filename": name, "url": url, "info": {"mimetype": "image/png"}}
    return await talk.marie.send_event(talk.room, "m.room.message", {**content, "info": {**content["info"], **info}})  # type: ignore[dict-item]


async def test_odd_files_are_passed_on_or_told_in_words(talk: Talk) -> None:
    large = await file_event(talk, "film.png", "mxc://helpbot.test/film", size=60_000_000)
    assert large
    await talk.read("📎 film.png could not be passed on: it is too large.")
    await talk.shown("Marie sent film.png, which is not passed on: it is too large. The customer is told so.")

    await send_file(talk.marie, talk.room, SCRIPT, encrypted=False, name="me.png")
    picture = await talk.sam.wait_for(lambda one: one["content"].get("filename") == "me.png" and _in(one, talk))
    assert await opened(talk.sam, picture["content"]) == SCRIPT
    assert picture["content"]["info"]["mimetype"] == "image/png"

    name = "../" * 1300 + "\u202egnp." + "x" * 90 + "/../\u2066me again.png"
    await send_file(talk.marie, talk.room, DATA, encrypted=False, name=name)
    named = await talk.sam.wait_for(lambda one: one["content"].get("filename") == "me again.png" and _in(one, talk))
    assert "../" not in str(named["content"])
    assert not set(body(named)) & set("\u202e\u2066")

    await file_event(talk, "away.png", "mxc://other.org/something")
    await talk.read("📎 away.png could not be passed on: it is no longer where it was put.")
    await talk.shown("away.png")
    for number, url in enumerate(("https://evil.org/a.png", "mxc://", "mxc://a/b/../c", ["mxc://a/b"], 7, None)):
        await file_event(talk, f"odd{number}.png", url)
        await talk.shown(f"odd{number}.png")
    await goes_on(talk)


def _in(event: Event, talk: Talk) -> bool:
    return bool(event["room_id"] == talk.desk and event["sender"] == talk.bot)


async def test_odd_corrections_correct_little_and_close_nothing(talk: Talk, desk: RunningDesk) -> None:
    first = await talk.marie.say(talk.room, "my numbr is 12")
    copy = (await talk.shown("my numbr is 12"))["event_id"]
    edit = await talk.marie.edit(talk.room, first, "my number is 12")
    await changed(talk.sam, talk.desk, copy, "my number is 12")
    await talk.marie.edit(talk.room, edit, "my number is 13")
    await talk.shown("✏️ Marie (corrected): my number is 13")
    await talk.marie.edit(talk.room, first, "!close")
    await changed(talk.sam, talk.desk, copy, "!close")
    his = await talk.sends("your code is 1")
    await talk.sam.edit(talk.desk, his, "!close")
    await talk.shown("is no command")
    lines = rows(desk, "entry")
    for number in range(200):
        await talk.marie.edit(talk.room, first, f"text {number}")
    await changed(talk.sam, talk.desk, copy, "text 199")
    assert rows(desk, "entry") - lines <= 1, "one line, because there was an answer since"
    assert rows(desk, "ticket WHERE status = 'held'") == 1
    await goes_on(talk)


async def test_what_others_delete_of_somebodys_words_stays_on_the_other_side(talk: Talk, desk: RunningDesk) -> None:
    hers = await talk.marie.say(talk.room, "which code?")
    copy = (await talk.shown("which code?"))["event_id"]
    his = await talk.sends("that one")
    shown = (await talk.read("that one"))["event_id"]
    sent = rows(desk, "outbox")
    await talk.marie.delete(talk.room, shown)  # she may, in her own room
    await talk.sam.delete(talk.desk, copy)
    for room, target, actor in ((talk.room, his, talk.marie), (talk.desk, hers, talk.sam)):
        with pytest.raises(Refused):  # of another room: no server lets it pass
            await actor.delete(room, target)
    await goes_on(talk)
    for actor, room, ref in ((talk.sam, talk.desk, his), (talk.marie, talk.room, hers)):
        event = await actor.request("GET", f"{CLIENT}/rooms/{quote(room)}/event/{quote(ref)}")
        assert event["content"]["body"] in {"that one", "which code?"}
    assert rows(desk, "outbox") - sent == 3, "her word, his, and ✅"


async def test_reactions_by_the_hundred_are_few_and_told_once(talk: Talk) -> None:
    his = await talk.sends("hello")
    shown = (await talk.read("hello"))["event_id"]
    hers = await talk.marie.say(talk.room, "thank you")
    copy = (await talk.shown("thank you"))["event_id"]
    for symbol in EMOJI:
        await talk.marie.react(talk.room, shown, symbol)
        await talk.sam.react(talk.desk, copy, symbol)
        await talk.sam.react(talk.desk, talk.card["event_id"], symbol)
    await marked(talk.sam, talk.desk, his, "➕")
    await marked(talk.marie, talk.room, hers, "➕")
    await talk.shown("Marie has put many reactions on this message")
    await talk.shown("further ones are not passed on")
    await goes_on(talk)
    for actor, room, ref, most in ((talk.sam, talk.desk, his, 12), (talk.marie, talk.room, hers, 11)):
        marks = [one for one in actor.events if one["type"] == "m.reaction" and one["sender"] == talk.bot]
        assert sum(one["room_id"] == room and relation(one)["event_id"] == ref for one in marks) == most
    assert sum("➕" in body(one) for one in talk.sam.messages(talk.desk, talk.bot)) == 2


async def is_called(actor: PlainActor, room: str, name: str) -> None:
    """Take a new name; return once the room shows it."""
    await actor.request("PUT", f"{CLIENT}/profile/{quote(actor.id)}/displayname", {"displayname": name})
    await actor.wait_for(lambda one: one["room_id"] == room and one["content"].get("displayname") == name)


async def test_a_new_name_is_shown_and_nothing_is_said_of_it(talk: Talk, desk: RunningDesk) -> None:
    await is_called(talk.marie, talk.room, "Marie Curie")
    await is_called(talk.sam, talk.desk, "Samuel")
    before = rows(desk, "outbox")
    await talk.marie.say(talk.room, "it is me")
    assert "Marie Curie" in body(await talk.shown("it is me"))
    assert rows(desk, "outbox") - before == 1
    hostile = "\u202eeiraM\u200b\n!close " + "x" * 230
    await is_called(talk.marie, talk.room, hostile)
    await talk.marie.say(talk.room, "and me")
    line = body(await talk.shown("and me"))
    assert line.startswith("eiraM !close xxx")
    assert len(line) < 100
    assert not set(line) & set("\u202e\u200b")
    await talk.agents.writes(talk.card, "!close bye")
    await talk.agents.card(1, "closed")
    closed = next(body(one) for one in reversed(talk.sam.events) if "#1 ·" in body(one) and _in(one, talk))
    assert "eiraM !close" in closed
    assert "Samuel" in closed
