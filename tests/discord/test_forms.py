"""A form that was filled in becomes one ticket, whatever is lost or refused on the way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from simcord.enums import ChannelType

from helpbot.transports.base import Incoming, Kind
from helpbot.transports.discord_buttons import FORM
from helpbot.transports.discord_refs import Spot
from tests.transports.contract import Desk

from .play import Play, until
from .wire import Fault, Wire


@pytest.fixture
def play(wire: Wire) -> Play:
    return Play(wire)


def _filled_in(play: Play, **made: Any) -> None:
    """Leave a form behind, as a kill does."""
    form = {"user": play.marie.id, "name": "Marie", "language": None, "at": "2026-11-27T08:00:00+00:00"}
    form |= {"subject": "a line", "text": "is dead", "channel": None, "message": None, **made}
    play.notes.kept["forms"] = json.dumps({"123": form})


def _told(play: Play) -> list[str]:
    return [one.content for one in play.town.messages(play.town.help) if one.is_ephemeral]


@pytest.mark.parametrize("ending", ["/callback", "/messages"])
async def test_a_form_opens_one_ticket_though_an_answer_is_lost(play: Play, ending: str) -> None:
    async with play.listens() as desk:
        await until(lambda: play.wire.backend.find_command("ticket", play.town.guild))
        play.wire.faults.append(Fault("POST", ending, 0, after=True))
        play.marie.fill_in(play.town.help, FORM, subject="", text="my line is cut")
        await play.hears("my line is cut")
        (thread,) = play.town.threads(play.town.help)
        await until(lambda: "Here is your ticket" in " ".join(_told(play)))
        assert play.seen(thread.id) == ["**You wrote**:\n> my line is cut"]
        assert json.loads(play.notes.kept["forms"]) == {}
        assert [item.kind for item in desk.got].count(Kind.SAID) == 1


async def test_who_cannot_be_let_into_a_thread_gets_a_direct_message(play: Play) -> None:
    async with play.listens():
        await until(lambda: play.wire.backend.find_command("ticket", play.town.guild))
        refused = {"message": "Unknown Member", "code": 10007}  # she filled it in on another server of the bot's
        play.wire.faults.append(Fault("PUT", f"/thread-members/{play.marie.id}", 404, body=refused))
        play.marie.fill_in(play.town.help, FORM, subject="", text="my line is cut")
        assert (await play.hears("my line is cut")).room == str(play.direct)
        await until(lambda: f"<#{play.direct}>" in " ".join(_told(play)))
        assert play.seen() == ["**You wrote**:\n> my line is cut"]
        assert not play.town.threads(play.town.help), "nobody but the bot was in it"


async def test_her_words_in_her_thread_are_found_again_after_a_kill(play: Play) -> None:
    async with play.listens():
        pass
    backend = play.wire.backend
    thread = backend.create_thread(
        play.town.help, "Marie — a line", backend.bot_user.id, type=ChannelType.PRIVATE_THREAD
    ).id
    shown = backend.create_message(thread, backend.bot_user.id, "**You wrote**:\n> is dead")
    _filled_in(play, channel=thread)
    play.transport = play.new()
    async with play.listens():
        assert (await play.hears("a line\nis dead")).id == str(Spot(thread, shown.id))
        assert len(play.seen(thread)) == 1
        assert play.marie.id in backend.channels[thread].thread_members


async def test_she_comes_into_her_thread_when_her_words_stand_there(play: Play) -> None:
    async with play.listens():
        await until(lambda: play.wire.backend.find_command("ticket", play.town.guild))
        held = Fault("POST", "/messages", 200, until=asyncio.Event())
        play.wire.faults.append(held)
        play.marie.fill_in(play.town.help, FORM, subject="", text="my line is cut")
        await until(lambda: held.holds)
        (thread,) = play.town.threads(play.town.help)
        assert play.marie.id not in thread.thread_members, "what she says there would come before her question"
        assert held.until is not None
        held.until.set()
        await play.hears("my line is cut")
        assert play.marie.id in thread.thread_members


class _Full(Desk):
    """Cannot keep what is handed in the first time."""

    times = 1

    async def receive(self, batch: Sequence[Incoming], cursor: str | None) -> None:
        if cursor is None and self.times:
            self.times -= 1
            raise OSError("no space left on device")
        await super().receive(batch, cursor)


async def test_a_form_that_cannot_be_kept_in_the_desk_is_handed_in_again(play: Play) -> None:
    play.desk = _Full()
    running = asyncio.create_task(play.transport.run(play.desk.receive))
    try:
        await until(lambda: play.wire.backend.find_command("ticket", play.town.guild))
        play.marie.fill_in(play.town.help, FORM, subject="", text="my line is cut")
        await play.hears("my line is cut")
        await until(lambda: "Here is your ticket" in " ".join(_told(play)))
        assert len(play.town.threads(play.town.help)) == 1
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_form_for_which_nothing_can_be_made_now_is_made_something_of_later(play: Play) -> None:
    async with play.listens():
        pass
    _filled_in(play)
    play.wire.closed_to_bot.add(play.marie.id)
    refused = {"message": "Missing Permissions", "code": 50013}
    play.wire.faults.append(Fault("POST", f"{play.town.help}/threads", 403, body=refused))
    play.transport = play.new()
    async with play.listens():
        await until(lambda: not play.wire.faults)
        await until(lambda: any(one.path == f"/channels/{play.direct}/messages" for one in play.wire.requests))
    play.transport = play.new()
    async with play.listens():
        await play.hears("a line\nis dead")
    assert json.loads(play.notes.kept["forms"]) == {}


async def test_a_form_whose_channel_is_closed_meanwhile_goes_to_another_at_once(play: Play) -> None:
    async with play.listens():
        pass
    _filled_in(play, channel=play.direct)
    play.wire.closed_to_bot.add(play.marie.id)
    play.transport = play.new()
    async with play.listens():
        heard = await play.hears("a line\nis dead")
        assert heard.room in {str(one.id) for one in play.town.threads(play.town.help)}
