"""Corrections, deletions, reactions and replies, from either side to the other, over the whole desk."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from helpbot.transports.base import Address, TryLater, Undeliverable
from helpbot.transports.memory import Message
from tests.core.cases import DESK
from tests.dialogues.stage import AGENTS_ROOM, TWO_ROOMS, Stage, stage
from tests.dialogues.test_trouble import until

MARIE = "room of marie"


async def held(desk: Stage) -> None:
    await desk.customer("marie", "what is life?")
    await desk.agent_reacts("sam", "✋")


async def says(desk: Stage, text: str, **more: object) -> str:
    """Let Marie write; return her message."""
    ref = desk.network.say(MARIE, "marie", text, **more)
    await desk._taken()
    return ref


async def happens(desk: Stage, ref: str) -> None:
    """Let something be taken in."""
    assert ref
    await desk._taken()


def bots(desk: Stage, room: str) -> list[Message]:
    return [one for one in desk.network.in_room(room) if one.sender == desk.network.account and not one.deleted]


def texts(desk: Stage, room: str) -> list[str]:
    return [one.text for one in bots(desk, room)]


def stored(tmp_path: Path) -> str:
    """Return all the text in the database."""
    db = sqlite3.connect(tmp_path / "desk.db")
    found = [
        str(row)
        for table in ("entry", "outbox", "inbox", "question", "ticket")
        for row in db.execute(f"SELECT * FROM {table}")
    ]
    db.close()
    return "\n".join(found)


async def test_her_correction_corrects_what_the_agents_read(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        ref = await says(desk, "my numbr is 12")
        await says(desk, "my number is 12", edits=ref)
        await says(desk, "my number is 13", edits=ref)
        assert texts(desk, AGENTS_ROOM)[-1] == "marie: my number is 13"
        assert sum("number is" in text or "numbr" in text for text in texts(desk, AGENTS_ROOM)) == 1


async def test_a_correction_after_an_answer_is_a_line_as_well(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        ref = await says(desk, "my numbr is 12")
        await desk.agent("sam", "thank you")
        await says(desk, "my number is 13", edits=ref)
        shown = [text for text in texts(desk, AGENTS_ROOM) if "number is 13" in text]
        assert shown == ["marie: my number is 13", "✏️ marie (corrected): my number is 13"]
        await happens(desk, desk.network.delete_as(MARIE, "marie", ref))
        assert not any("number is" in text for text in texts(desk, AGENTS_ROOM))


async def test_ten_thousand_corrections_are_few_messages(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        ref = await says(desk, "a")
        tried: list[str] = []

        def blocked(address: Address, key: str) -> None:
            tried.append(key)
            raise TryLater("not now", timedelta(), doubtful=False)

        desk.network.trouble = blocked
        for number in range(300):
            desk.network.say(MARIE, "marie", f"b{number}", edits=ref)
            await desk.network.taken()
        while await desk.store.next_inbox() is not None:
            desk.store.progress_bell.clear()
            await desk.store.progress_bell.wait()
        assert tried
        desk.network.trouble = lambda address, key: None
        await desk._taken()
        shown = bots(desk, AGENTS_ROOM)[-1]
        assert shown.text == "marie: b299"
        assert shown.edits < 10


async def test_what_she_deletes_is_gone_everywhere(tmp_path: Path) -> None:
    secret = "my card is 4970-1234"
    async with stage(DESK, tmp_path / "desk.db") as desk:
        before = await says(desk, secret)  # nobody knows: it is the question on the card, and in the transcript
        await says(desk, "human")
        await desk.agent_reacts("sam", "✋")
        again = await says(desk, f"again: {secret}")
        await desk.passes(timedelta(minutes=3))
        assert sum(secret in text for text in texts(desk, AGENTS_ROOM)) >= 2
        for ref in (before, again):
            await happens(desk, desk.network.delete_as(MARIE, "marie", ref))
        assert not any(secret in text for text in texts(desk, AGENTS_ROOM))
        assert any("🗑" in text for text in texts(desk, AGENTS_ROOM)), "the rest of the transcript stays"
    assert secret not in stored(tmp_path)


async def test_a_deleted_question_is_gone_from_the_head_of_a_long_transcript(tmp_path: Path) -> None:
    secret = "my card is 4970-1234"
    async with stage(DESK, tmp_path / "desk.db") as desk:
        for _ in range(7):
            await says(desk, "puk")
        before = await says(desk, secret)
        assert any("The talk so far (15 lines)" in text and secret in text for text in texts(desk, AGENTS_ROOM))
        await happens(desk, desk.network.delete_as(MARIE, "marie", before))
        assert not any(secret in text for text in texts(desk, AGENTS_ROOM))
        assert any("The talk so far (15 lines) · 🗑" in text for text in texts(desk, AGENTS_ROOM))
    assert secret not in stored(tmp_path)


async def test_what_is_deleted_while_it_waits_is_never_sent(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        tried: list[str] = []

        def blocked(address: Address, key: str) -> None:
            if address.room == AGENTS_ROOM:
                tried.append(key)
                raise TryLater("not now", timedelta(), doubtful=False)

        desk.network.trouble = blocked
        ref = desk.network.say(MARIE, "marie", "my secret")
        await until(desk, lambda: len(tried) > 2)
        desk.network.delete_as(MARIE, "marie", ref)
        desk.network.say(MARIE, "marie", "hello?")
        await until(desk, lambda: len(set(tried)) > 1)
        desk.network.trouble = lambda address, key: None
        await desk._taken()
        assert not any("my secret" in one.text for one in desk.network.in_room(AGENTS_ROOM))
        assert texts(desk, AGENTS_ROOM)[-1] == "marie: hello?"


async def test_the_owner_corrects_and_deletes_what_she_reads(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        await desk.agent("sam", "your line is bak")
        ref = desk.last_by_agent
        await desk.agent("sam", "your line is back", edits=ref)
        assert texts(desk, MARIE)[-1] == "your line is back"
        await happens(desk, desk.network.delete_as(AGENTS_ROOM, "sam", ref))
        assert not any("your line" in text for text in texts(desk, MARIE))
    assert "line is ba" not in stored(tmp_path)


@pytest.mark.parametrize(
    ("text", "more", "hint"),
    [
        ("!close", {}, "is no command"),
        ("!note she lies", {}, "is no command"),
        ("ask @alex", {"mentioned": (("alex", "Alex"),)}, "mentions a colleague"),
    ],
)
async def test_a_correction_is_no_way_out(text: str, more: dict[str, object], hint: str, tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        await desk.agent("sam", "hello")
        await desk.agent("sam", text, None, edits=desk.last_by_agent, **more)
        assert texts(desk, MARIE)[-1] == "hello"
        assert hint in texts(desk, AGENTS_ROOM)[-1]


async def test_an_inside_word_stays_inside_when_it_is_corrected(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        for first, then in (("!note she lies", "!r she lies"), ("!note she lies", "she lies"), ("!note a", "!note b")):
            await desk.agent("sam", first)
            await desk.agent("sam", then, edits=desk.last_by_agent)
        assert len(texts(desk, MARIE)) == 2, "that a person is called, and who has it"


async def test_reactions_go_to_the_words_that_they_are_on_and_back(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        hers = await says(desk, "thank you")
        await desk.agent("sam", "with pleasure")
        his, shown = desk.last_by_agent, bots(desk, MARIE)[-1]
        heart = desk.network.react_as(MARIE, "marie", shown.ref, "❤️")
        await happens(desk, heart)
        assert desk.network.messages[his].marks == ["✅", "❤️"]
        copy = next(one for one in bots(desk, AGENTS_ROOM) if one.text == "marie: thank you")
        smile = desk.network.react_as(AGENTS_ROOM, "sam", copy.ref, "😀")
        await happens(desk, smile)
        assert desk.network.messages[hers].marks == ["😀"]
        for room, who, ref in ((MARIE, "marie", heart), (AGENTS_ROOM, "sam", smile)):
            await happens(desk, desk.network.delete_as(room, who, ref))
        assert (desk.network.messages[his].marks, desk.network.messages[hers].marks) == (["✅"], [])


@pytest.mark.parametrize(("who", "symbol"), [("alex", "😀"), ("sam", "she lies"), ("sam", "no")])
async def test_only_the_owners_emoji_goes_out(who: str, symbol: str, tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        hers = await says(desk, "thank you")
        copy = next(one for one in bots(desk, AGENTS_ROOM) if one.text == "marie: thank you")
        await happens(desk, desk.network.react_as(AGENTS_ROOM, who, copy.ref, symbol))
        assert desk.network.messages[hers].marks == []


async def test_replies_hang_on_the_lines_that_they_answer(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        hers = await says(desk, "which code?")
        copy = next(one for one in bots(desk, AGENTS_ROOM) if one.text == "marie: which code?")
        await desk.agent("sam", "the one on the card", reply_to=copy.ref)
        his, shown = desk.last_by_agent, bots(desk, MARIE)[-1]
        assert shown.answers == hers
        await says(desk, "found it", reply_to=shown.ref)
        assert bots(desk, AGENTS_ROOM)[-1].answers == his
        await says(desk, "or not", reply_to=hers)
        assert bots(desk, AGENTS_ROOM)[-1].answers == copy.ref
        await desk.agent("sam", "look again", reply_to=his)
        assert bots(desk, MARIE)[-1].answers == shown.ref


async def test_others_delete_nothing_of_hers(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        hers = await says(desk, "which code?")
        await desk.agent("sam", "that one")
        shown = bots(desk, MARIE)[-1]
        await happens(desk, desk.network.delete_as(MARIE, "marie", shown.ref))
        await happens(desk, desk.network.delete_as(MARIE, "mallory", hers))
        copy = next(one for one in bots(desk, AGENTS_ROOM) if one.text == "marie: which code?")
        await happens(desk, desk.network.delete_as(AGENTS_ROOM, "sam", copy.ref))
        assert desk.network.messages[desk.last_by_agent].deleted is False


async def test_a_deletion_goes_along_with_an_offer(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db", rooms=TWO_ROOMS) as desk:
        await held(desk)
        await desk.agent("sam", "!transfer lines")
        hers = await says(desk, "my secret")
        await happens(desk, desk.network.delete_as(MARIE, "marie", hers))
        assert not any("my secret" in one.text for room in TWO_ROOMS.values() for one in bots(desk, room))


async def test_files_go_both_ways_with_their_words(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        first = desk.network.upload(b"png", "puk.png", "image", "this is what I see", "image/png")
        await says(desk, first.text, attachment=first.name, file=first)
        assert "I can only read words" not in texts(desk, MARIE)[-1], "there were words"
        await says(desk, "human")
        shown = next(one for one in bots(desk, AGENTS_ROOM) if one.file is not None)
        assert (shown.file, "this is what I see" in shown.text) == (b"png", True)
        await desk.agent_reacts("sam", "✋")
        voice = desk.network.upload(b"ogg", "voice.ogg", "voice", "", "audio/ogg")
        ref = await says(desk, "", attachment=voice.name, file=voice)
        assert bots(desk, AGENTS_ROOM)[-1].file == b"ogg"
        await happens(desk, desk.network.delete_as(MARIE, "marie", ref))
        assert not any(one.file == b"ogg" for one in bots(desk, AGENTS_ROOM))
        pdf = desk.network.upload(b"pdf", "contract.pdf", "file", "sign here", "application/pdf")
        await desk.agent("sam", pdf.text, None, attachment=pdf.name, file=pdf)
        assert (bots(desk, MARIE)[-1].file, desk.marks()) == (b"pdf", ["✅"])
        assert "sign here" in texts(desk, MARIE)[-1]


@pytest.mark.parametrize(
    ("who", "text", "more", "mark"),
    [("alex", "", {}, "📝"), ("sam", "!note look", {}, "📝"), ("sam", "@alex", {"mentioned": (("alex", "A"),)}, "📝")],
)
async def test_a_file_among_agents_stays_inside(
    who: str, text: str, more: dict[str, object], mark: str, tmp_path: Path
) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        pdf = desk.network.upload(b"pdf", "contract.pdf", "file", text, "application/pdf")
        await desk.agent(who, text, None, attachment=pdf.name, file=pdf, **more)
        assert desk.marks() == [mark]
        assert not any(one.file for one in bots(desk, MARIE))


async def test_what_is_not_passed_on_is_said_to_both(tmp_path: Path) -> None:
    narrow = replace(DESK, largest_file=3, file_types=("image/*",))
    async with stage(narrow, tmp_path / "desk.db") as desk:
        await held(desk)
        for name, data, media_type in (
            ("big.png", b"large", "image/png"),
            ("a.exe", b"a", "image/png"),
            ("a", b"a", "a/b"),
        ):
            file = desk.network.upload(data, name, "file", "", media_type)
            await says(desk, "", attachment=name, file=file)
            assert f"📎 {name} could not be passed on" in texts(desk, MARIE)[-1]
            assert f"marie sent {name}" in texts(desk, AGENTS_ROOM)[-1]
            await desk.agent("sam", "", None, attachment=name, file=file)
            assert desk.marks() == ["❌"]
            assert f"{name} was not sent" in texts(desk, AGENTS_ROOM)[-1]
        assert not any(one.file for room in (MARIE, AGENTS_ROOM) for one in bots(desk, room))


async def test_a_file_that_is_gone_leaves_its_words(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        file = desk.network.upload(b"png", "puk.png", "image", "what I see", "image/png")
        desk.network.lose_files()
        await says(desk, file.text, attachment=file.name, file=file)
        assert any("what I see" in text and "📎 puk.png" in text for text in texts(desk, AGENTS_ROOM))
        assert "could not be passed on" in texts(desk, AGENTS_ROOM)[-1]
        assert "📎 puk.png could not be passed on: it is no longer where it was put." in texts(desk, MARIE)[-1]
        await desk.agent("sam", file.text, None, attachment=file.name, file=file)
        assert "puk.png was not sent" in texts(desk, AGENTS_ROOM)[-1]


async def test_a_correction_that_does_not_arrive_is_told_and_hides_nobody(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        await desk.agent("sam", "hello")
        ref = desk.last_by_agent

        def refused(address: Address, key: str) -> None:
            if address.room == MARIE:
                raise Undeliverable("not this one")

        desk.network.trouble = refused
        desk.network.say(AGENTS_ROOM, "sam", "hallo", thread=desk.cards[1].ref, edits=ref)
        await until(desk, lambda: "The correction has not reached the customer" in texts(desk, AGENTS_ROOM)[-1])
        desk.network.delete_as(AGENTS_ROOM, "sam", ref)
        await until(desk, lambda: "The deletion has not reached the customer" in texts(desk, AGENTS_ROOM)[-1])
        assert "unreachable" not in desk.cards[1].text
        assert "cannot be reached" not in desk.cards[1].text


async def test_an_edit_of_a_file_brings_its_words_and_not_the_file_again(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        file = desk.network.upload(b"png", "puk.png", "image", "what I se", "image/png")
        ref = await says(desk, file.text, attachment=file.name, file=file)
        again = replace(file, text="what I see")
        await says(desk, again.text, attachment=again.name, file=again, edits=ref)
        assert texts(desk, AGENTS_ROOM)[-1] == "✏️ marie (corrected): what I see"
        assert sum(one.file is not None for one in bots(desk, AGENTS_ROOM)) == 1
