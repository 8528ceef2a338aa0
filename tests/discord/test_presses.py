"""What people press, fill in and type after a slash is answered at once, and what is missed meanwhile is not lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta

import pytest

from helpbot.core.effects import Literal
from helpbot.transports.base import About, Address, Incoming, Kind
from helpbot.transports.discord_buttons import CLAIM, FORM, OPEN, PERSON, PREFIX
from helpbot.transports.discord_refs import Spot, snowflake
from tests.transports.contract import Desk

from .play import Play, ticket, until
from .wire import Fault, Wire

_ASKED = About(1, "bot", "en", "Marie", offered=2)


@pytest.fixture
def play(wire: Wire) -> Play:
    return Play(wire)


def _held(play: Play, method: str, ending: str) -> asyncio.Event:
    """Let Discord hold such requests up until the event is set."""
    free = asyncio.Event()
    play.wire.faults.append(Fault(method, ending, 200, until=free))
    return free


async def test_presses_are_answered_while_words_wait(play: Play) -> None:
    async with play.listens() as desk:
        play.marie.say(play.direct, "hello")
        await play.hears("hello")
        offer = await play.says("did you mean", "offer", about=_ASKED)
        paul = play.town.person("Paul")
        free = _held(play, "GET", f"{play.town.direct(paul)}/messages")  # what Paul wrote before his first words
        paul.say(play.town.direct(paul), "I am new")
        play.marie.say(play.direct, "behind him")
        pressed = play.marie.press(offer, f"{PREFIX}{PERSON}")
        mark = await desk.until(lambda item: item.kind is Kind.REACTED)
        assert (mark.target, mark.symbol) == (offer, PERSON)
        await until(lambda: pressed.responded)
        opened = play.marie.slash(play.town.help, "ticket")
        await until(lambda: opened.responded)
        assert not [item for item in desk.got if item.text in {"I am new", "behind him"}]
        assert desk.cursors[-1] is None  # a press says nothing about what else was heard
        free.set()
        await play.hears("I am new")
        await play.hears("behind him")
        assert desk.cursors[-1] is not None


async def test_a_form_is_answered_and_others_go_on_while_its_thread_is_made(play: Play) -> None:
    async with play.listens() as desk:
        await until(lambda: play.wire.backend.find_command("ticket", play.town.guild))
        free = _held(play, "POST", f"{play.town.help}/threads")
        form = play.marie.fill_in(play.town.help, FORM, subject="", text="my line is cut")
        await until(lambda: form.deferred)
        assert "my line is cut" in play.notes.kept["forms"]
        paul = play.town.person("Paul")
        paul.say(play.town.direct(paul), "meanwhile")
        await play.hears("meanwhile")
        again = play.marie.press(str(Spot(play.town.help, play.town.messages(play.town.help)[0].id)), OPEN)
        await until(lambda: again.responded)
        assert not [item for item in desk.got if item.text == "my line is cut"]
        free.set()
        await play.hears("my line is cut")
        await until(lambda: json.loads(play.notes.kept["forms"]) == {})


@pytest.mark.parametrize("status", [0, 502])
async def test_a_form_that_discord_lets_wait_opens_one_thread_later(play: Play, status: int) -> None:
    async with play.listens():
        await until(lambda: play.wire.backend.find_command("ticket", play.town.guild))
        play.wire.faults.append(Fault("POST", f"{play.town.help}/threads", status, after=True))
        play.wire.faults.append(Fault("PUT", f"thread-members/{play.marie.id}", 0, after=True))
        form = play.marie.fill_in(play.town.help, FORM, subject="", text="my line is cut")
        await until(lambda: form.responded)
        heard = await play.hears("my line is cut")
        (thread,) = play.town.threads(play.town.help)
        assert heard.room == str(thread.id)
        assert play.marie.id in thread.thread_members

        def told() -> list[str]:
            return [one.content for one in play.town.messages(play.town.help) if one.is_ephemeral]

        await until(lambda: "Here is your ticket" in told()[-1])
        assert "I have kept" in told()[0]


async def test_a_form_goes_to_a_direct_message_where_no_thread_can_be_had_and_back_to_her_else(play: Play) -> None:
    async with play.listens():
        await until(lambda: play.wire.backend.find_command("ticket", play.town.guild))
        refused = {"message": "Missing Permissions", "code": 50013}
        play.wire.faults.append(Fault("POST", f"{play.town.help}/threads", 403, body=refused, times=2))
        play.marie.fill_in(play.town.help, FORM, subject="", text="my line is cut")
        assert (await play.hears("my line is cut")).room == str(play.direct)
        play.wire.closed_to_bot.add(play.marie.id)
        play.marie.fill_in(play.town.help, FORM, subject="", text="are you there")

        def told() -> str:
            return str([one.content for one in play.town.messages(play.town.help) if one.is_ephemeral][-1])

        await until(lambda: "could not open a ticket: this person takes no direct messages from the bot." in told())
        assert told().endswith("> are you there")
        await until(lambda: json.loads(play.notes.kept["forms"]) == {})


async def test_what_one_person_presses_comes_in_its_order(play: Play) -> None:
    async with play.listens() as desk:
        card = await play.transport.send(play.agents, (Literal("#1"),), "card")
        thread = int(card.split("-")[0])
        await until(lambda: play.wire.backend.find_command("close", play.town.guild))
        free = asyncio.Event()
        play.wire.faults.append(Fault("POST", "/callback", 200, until=free))
        play.sam.press(card, CLAIM)
        play.sam.slash(thread, "close", text="first")
        play.sam.slash(thread, "reopen")
        await desk.until(lambda item: item.kind is Kind.REACTED)
        assert not [item for item in desk.got if item.kind is Kind.SAID]
        free.set()
        await play.hears("!reopen")
        assert [item.text for item in desk.got if item.kind is Kind.SAID] == ["!close first", "!reopen"]


async def test_presses_are_taken_in_while_what_was_missed_is_read(play: Play) -> None:
    async with play.listens() as desk:
        thread = await ticket(play, play.marie, "help")
        offer = await play.transport.send(
            Address("discord", str(thread), about=_ASKED), (Literal("did you mean"),), "offer"
        )
        play.notes.last, play.notes.known = next(one for one in reversed(desk.cursors) if one), {str(thread)}
        free = _held(play, "GET", f"{thread}/messages")
        play.wire.resumable = False
        await play.wire.drop()
        await until(lambda: play.wire.faults[0].holds)
        pressed = play.marie.press(offer, f"{PREFIX}{PERSON}")
        assert (await desk.until(lambda item: item.kind is Kind.REACTED)).target == offer
        await until(lambda: pressed.responded)
        free.set()


async def test_what_is_heard_before_the_servers_are_known_passes_over_nothing(play: Play) -> None:
    play.wire.clock.ago = timedelta(minutes=10)
    play.notes.last = json.dumps({"last": snowflake(play.wire.clock.now())})
    async with play.listens() as desk:
        play.marie.say(play.direct, "before")
        await play.hears("before")
        play.notes.last, play.notes.known = desk.cursors[-1], {str(play.direct)}
        play.wire.resumable, play.wire.is_up = False, False
        await play.wire.drop()
        play.wire.clock.ago = timedelta(minutes=5)
        missed = play.marie.say(play.direct, "missed")

        def live() -> None:
            play.wire.clock.ago = timedelta()
            play.marie.say(play.direct, "live")

        play.wire.at_ready = live
        play.wire.is_up = True
        assert (await play.hears("missed")).id == missed
        await play.hears("live")
        said = [item.text for item in desk.got if item.kind is Kind.SAID]
        assert list(dict.fromkeys(said)) == ["before", "missed", "live"]


class _Full(Desk):
    """Keeps nothing while the disk is full."""

    full = False

    async def receive(self, batch: Sequence[Incoming], cursor: str | None) -> None:
        if self.full and cursor is None:
            raise OSError("no space left on device")
        await super().receive(batch, cursor)


async def test_a_press_that_cannot_be_kept_says_so_and_ends_nothing(play: Play) -> None:
    desk = _Full()
    running = asyncio.create_task(play.transport.run(desk.receive))
    try:
        await play.transport.ready.wait()
        play.marie.say(play.direct, "hello")
        await desk.until(lambda item: item.text == "hello")
        offer = await play.says("did you mean", "offer", about=_ASKED)
        desk.full = True
        play.marie.press(offer, f"{PREFIX}{PERSON}")
        await until(lambda: any("did not work" in one.content for one in play.town.messages(play.direct)))
        desk.full = False
        play.marie.press(offer, f"{PREFIX}{PERSON}")
        await desk.until(lambda item: item.kind is Kind.REACTED)
        assert play.wire.identifies == 1
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_answers_that_are_lost_end_nothing(play: Play) -> None:
    async with play.listens():
        play.marie.say(play.direct, "hello")
        await play.hears("hello")
        offer = await play.says("did you mean", "offer", about=_ASKED)
        play.wire.faults.append(Fault("POST", "/callback", 0, times=2, after=True))
        play.sam.press(offer, f"{PREFIX}{PERSON}")  # it is not his, and that this cannot be told cannot be told either
        await until(lambda: any(one.path.endswith("/callback") for one in play.wire.requests))
        play.marie.say(play.direct, "meanwhile")
        await play.hears("meanwhile")
        play.marie.say(play.direct, "after")
        await play.hears("after")
        assert play.wire.identifies == 1


async def test_a_command_that_is_shown_is_taken_though_the_answer_is_lost(play: Play) -> None:
    async with play.listens():
        card = await play.transport.send(play.agents, (Literal("#1"),), "card")
        thread = int(card.split("-")[0])
        await until(lambda: play.wire.backend.find_command("r", play.town.guild))
        play.wire.faults.append(Fault("POST", "/callback", 0, after=True))
        play.sam.slash(thread, "r", text="your line is back")
        heard = await play.hears("!r your line is back")
        shown = play.town.messages(thread)[-1]
        assert (heard.id, shown.content) == (str(Spot(thread, shown.id)), "**Sam**: !r your line is back")


async def test_a_command_is_not_shown_where_everybody_may_read(play: Play) -> None:
    async with play.listens():
        card = await play.transport.send(play.agents, (Literal("#1"),), "card")
        thread = int(card.split("-")[0])
        await until(lambda: play.wire.backend.find_command("r", play.town.guild))
        play.wire.backend.delete_overwrite(play.town.desk, play.town.guild)
        await asyncio.sleep(0.1)
        pressed = play.sam.slash(thread, "r", text="her number is 0123")
        await until(lambda: pressed.responded)
        shown = [one.is_ephemeral for one in play.town.messages(thread) if "0123" in one.content]
        assert shown == []
        assert "Everybody may read this channel" in play.town.messages(thread)[-1].content
        assert play.town.messages(thread)[-1].is_ephemeral
