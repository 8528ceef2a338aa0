"""What nobody sends by accident, over the whole desk: bounded in what it brings, told in clear words, nothing lost."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from helpbot.core.model import Attachment
from helpbot.transports.base import Fetched, TryLater
from helpbot.transports.memory import MemoryTransport
from tests.core.cases import DESK
from tests.dialogues.stage import AGENTS_ROOM, stage
from tests.dialogues.test_relays import MARIE, bots, happens, held, says, texts

EMOJI = [chr(0x1F600 + number) for number in range(80)] + [chr(0x1F400 + number) for number in range(20)]
LARGE = 60_000_000


def counted(tmp_path: Path, what: str) -> int:
    db = sqlite3.connect(tmp_path / "desk.db")
    (number,) = db.execute(f"SELECT count(*) FROM {what}").fetchone()  # ours
    db.close()
    return int(number)


# --- files


async def test_a_file_of_60_megabytes_is_refused_before_it_is_fetched(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        file = replace(desk.network.upload(b"", "film.mp4", "video", "look", "video/mp4"), size=LARGE)
        desk.network.lose_files()
        await says(desk, "look", attachment=file.name, file=file)
        assert texts(desk, MARIE)[-1] == "📎 film.mp4 could not be passed on: it is too large."
        assert texts(desk, AGENTS_ROOM)[-2:] == [
            "marie: look",
            "📎 marie sent film.mp4, which is not passed on: it is too large. The customer is told so.",
        ]
        await desk.agent("sam", "", None, attachment=file.name, file=file)
        assert (desk.marks(), texts(desk, AGENTS_ROOM)[-1]) == (["❌"], "📎 film.mp4 was not sent: it is too large.")


async def test_a_file_that_lies_about_its_size_is_refused_when_it_comes(tmp_path: Path) -> None:
    async with stage(replace(DESK, largest_file=1000), tmp_path / "desk.db") as desk:
        await held(desk)
        file = replace(desk.network.upload(bytes(2000), "a.png", "image", "look", "image/png"), size=10)
        await says(desk, "look", attachment=file.name, file=file)
        assert any("marie: look" in one and "📎 a.png" in one for one in texts(desk, AGENTS_ROOM))
        assert texts(desk, MARIE)[-1] == "📎 a.png could not be passed on: it is too large."


async def test_a_picture_that_is_none_goes_on_as_it_is(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        file = desk.network.upload(b"#!/bin/sh\nrm -rf /", "me.png", "image", "", "image/png")
        await says(desk, "", attachment=file.name, file=file)
        assert bots(desk, AGENTS_ROOM)[-1].file == b"#!/bin/sh\nrm -rf /", "nobody looks into files"


async def test_an_address_that_is_none_leaves_the_name(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        await says(desk, "", attachment="puk.png")  # as Matrix hands in what has no `mxc`
        assert "puk.png" in texts(desk, AGENTS_ROOM)[-1]
        assert counted(tmp_path, "outbox WHERE state <> 'sent'") == 0


class Away(MemoryTransport):
    """A network whose files never arrive."""

    asked = 0

    @asynccontextmanager
    async def fetch(self, attachment: Attachment, most: int) -> AsyncIterator[Fetched]:
        self.asked += 1
        raise TryLater("the homeserver does not give it", timedelta(milliseconds=1), doubtful=False)
        yield  # it is a generator


async def test_a_file_that_never_arrives_keeps_its_words_and_nobody_else_waiting(tmp_path: Path) -> None:
    network = Away(teams={"mobile": AGENTS_ROOM})
    network.join(AGENTS_ROOM, "sam", "Sam")
    async with stage(DESK, tmp_path / "desk.db", network) as desk:
        await held(desk)
        file = network.upload(b"png", "puk.png", "image", "what I see", "image/png")
        network.say(MARIE, "marie", "what I see", attachment=file.name, file=file)
        await says(desk, "and this")
        assert network.asked == 6
        shown = texts(desk, AGENTS_ROOM)
        (words,) = [number for number, one in enumerate(shown) if "what I see" in one]
        assert "📎 puk.png" in shown[words]
        assert shown.index("marie: and this") > words, "in order"
        assert texts(desk, MARIE)[-1] == "📎 puk.png could not be passed on: it never arrived."


# --- corrections


async def test_an_edit_of_an_edit_changes_nothing_by_itself(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        ref = await says(desk, "my numbr is 12")
        edit = await says(desk, "my number is 12", edits=ref)
        await says(desk, "my number is 13", edits=edit)
        shown = texts(desk, AGENTS_ROOM)
        assert "marie: my number is 12" in shown, "an edit of an edit is none of the message"
        assert shown[-1] == "✏️ marie (corrected): my number is 13", "and yet it is not lost"


async def test_an_edit_into_a_command_closes_nothing(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        ref = await says(desk, "hello")
        await says(desk, "!close", edits=ref)
        assert texts(desk, AGENTS_ROOM)[-1] == "marie: !close"
        await desk.agent("sam", "hi")
        await desk.agent("sam", "!close", None, edits=desk.last_by_agent)
        assert texts(desk, MARIE)[-1] == "hi"
        assert "is no command" in texts(desk, AGENTS_ROOM)[-1]
        assert desk.cards[1].text.startswith("🟢")


@pytest.mark.parametrize("who", ["she", "agent"])
async def test_ten_thousand_corrections_hold_nobody_up(who: str, tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        await desk.agent("sam", "b")
        room, name, more = (MARIE, "marie", {}) if who == "she" else (AGENTS_ROOM, "sam", {"thread": desk.cards[1].ref})
        ref = await says(desk, "a") if who == "she" else desk.last_by_agent
        rows, lines = counted(tmp_path, "outbox"), counted(tmp_path, "entry")
        for number in range(10_000):
            desk.network.say(room, name, f"text {number}", edits=ref, **more)
        desk.network.say("room of paul", "paul", "what is life?")
        await desk._taken()
        assert len(texts(desk, "room of paul")) == 1, "he got his answer"
        shown = bots(desk, AGENTS_ROOM if who == "she" else MARIE)
        (last,) = [one for one in shown if "text 9999" in one.text]
        assert last.edits == 1
        assert counted(tmp_path, "outbox") - rows <= 8, "with all that Paul got"
        assert counted(tmp_path, "entry") - lines <= 6
        assert counted(tmp_path, "inbox WHERE done_at IS NULL") == 0


async def test_corrections_that_come_one_by_one_grow_no_transcript(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        ref = await says(desk, "a")
        lines = counted(tmp_path, "entry")
        for number in range(60):
            await says(desk, f"text {number}", edits=ref)
        assert counted(tmp_path, "entry") == lines
        assert texts(desk, AGENTS_ROOM)[-1] == "marie: text 59"


# --- deletions


async def test_deletions_of_others_words_and_of_nothing_do_nothing(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        await desk.agent("sam", "your code is 1")
        hers = await says(desk, "thanks for that")
        before = {room: texts(desk, room) for room in (MARIE, AGENTS_ROOM)}
        for target in (bots(desk, MARIE)[-1].ref, desk.last_by_agent, desk.cards[1].ref, "$nowhere", ""):
            await happens(desk, desk.network.delete_as(MARIE, "marie", target))
        for target in (hers, desk.cards[1].ref, "$nowhere"):
            await happens(desk, desk.network.delete_as(AGENTS_ROOM, "alex", target))
        for message in desk.network.messages.values():
            message.deleted = False  # the network's own mark of it
        assert {room: texts(desk, room) for room in before} == before


# --- reactions


async def test_a_hundred_reactions_of_hers_are_few_and_said_once(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        await desk.agent("sam", "hello")
        his, shown = desk.last_by_agent, bots(desk, MARIE)[-1].ref
        for symbol in EMOJI:
            desk.network.react_as(MARIE, "marie", shown, symbol)
        desk.network.say("room of paul", "paul", "what is life?")
        await desk._taken()
        assert desk.network.messages[his].marks == ["✅", *EMOJI[:10], "➕"]
        told = [one for one in texts(desk, AGENTS_ROOM) if one.startswith("➕")]
        assert told == ["➕ marie has put many reactions on this message: further ones are not shown."]
        assert len(texts(desk, "room of paul")) == 1


async def test_one_reaction_a_hundred_times_is_one(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        await desk.agent("sam", "hello")
        his, shown = desk.last_by_agent, bots(desk, MARIE)[-1].ref
        for _ in range(100):
            desk.network.react_as(MARIE, "marie", shown, "❤️")
        await desk._taken()
        assert desk.network.messages[his].marks == ["✅", "❤️"]


async def test_a_reaction_put_and_taken_back_for_ever_ends(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        await desk.agent("sam", "hello")
        shown = bots(desk, MARIE)[-1].ref
        rows = counted(tmp_path, "outbox")
        for _ in range(50):
            heart = desk.network.react_as(MARIE, "marie", shown, "❤️")
            await happens(desk, desk.network.delete_as(MARIE, "marie", heart))
        assert counted(tmp_path, "outbox") - rows == 2 * 11 + 1


async def test_a_hundred_reactions_of_agents_claim_once_and_say_little(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        hers = await says(desk, "thank you")
        copy = bots(desk, AGENTS_ROOM)[-1]
        rows = counted(tmp_path, "outbox")
        for symbol in EMOJI:
            desk.network.react_as(AGENTS_ROOM, "sam", desk.cards[1].ref, symbol)
            desk.network.react_as(AGENTS_ROOM, "alex", copy.ref, symbol)
        await desk._taken()
        assert counted(tmp_path, "outbox") == rows
        for symbol in EMOJI:
            desk.network.react_as(AGENTS_ROOM, "sam", copy.ref, symbol)
        await desk._taken()
        assert desk.network.messages[hers].marks == [*EMOJI[:10], "➕"]
        assert sum(one.startswith("➕") for one in texts(desk, AGENTS_ROOM)) == 1
        for _ in range(100):
            desk.network.react_as(AGENTS_ROOM, "sam", desk.cards[1].ref, "✋")
        before = len(texts(desk, AGENTS_ROOM))
        await desk._taken()
        assert len(texts(desk, AGENTS_ROOM)) - before <= 1


def test_the_largest_file_is_what_the_list_names() -> None:
    assert Attachment("a", "file", "a/b", LARGE, "", "memory", "x").size is not None
    assert DESK.largest_file < LARGE


# --- names


async def test_a_new_name_is_shown_from_the_next_word_on_and_nothing_is_said_of_it(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        before = len(texts(desk, AGENTS_ROOM))
        desk.network.arrive(MARIE, "marie", "Marie Curie")  # as a network without memory tells of it
        await desk._taken()
        assert len(texts(desk, AGENTS_ROOM)) == before
        await says(desk, "it is me", name="Marie Curie")
        assert texts(desk, AGENTS_ROOM)[-1] == "Marie Curie: it is me"
        desk.network.join(AGENTS_ROOM, "sam", "Samuel")
        await desk.agent("sam", "!close bye")
        assert "Marie Curie" in desk.cards[1].text
        assert "Samuel" in desk.cards[1].text
