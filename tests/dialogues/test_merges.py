"""Two tickets that become one, and a customer who comes back in another room: memory network, real SQLite."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import aiosqlite
import pytest

from helpbot.core.model import Status
from helpbot.store.base import Step
from helpbot.store.sqlite import SqliteStore
from helpbot.transports.base import Address, TryLater, Undeliverable
from helpbot.transports.memory import Message
from tests.core.cases import DESK, SmallLibrary
from tests.dialogues.stage import AGENTS_ROOM, OTHER_ROOM, TWO_ROOMS, Stage, stage
from tests.dialogues.test_relays import bots, texts
from tests.dialogues.test_signs import until as shown
from tests.dialogues.test_trouble import until

MARIE, MARY = "room of marie", "room of mary"


async def two_tickets(desk: Stage) -> None:
    """Open ticket 1 of Marie, which Sam has, and ticket 2 of Mary."""
    await desk.customer("marie", "what is life?")
    await desk.agent("sam", "!claim", 1)
    await desk.customer("mary", "and what is death?")


async def merged(desk: Stage) -> None:
    await two_tickets(desk)
    for _ in range(2):
        await desk.agent("sam", "!merge 1", 2)


async def says(desk: Stage, room: str, text: str, **more: object) -> str:
    ref = desk.network.say(room, room.removeprefix("room of "), text, **more)
    await desk._taken()
    return ref


async def happens(desk: Stage, ref: str) -> None:
    assert ref
    await desk._taken()


def threads(desk: Stage, number: int) -> list[Message]:
    """Return what the bot has in the thread of that ticket."""
    return [one for one in bots(desk, AGENTS_ROOM) if one.thread == desk.cards[number].ref]


def one(messages: list[Message], part: str) -> Message:
    (found,) = [message for message in messages if part in message.text]
    return found


async def test_a_thumb_on_the_command_confirms_it(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await two_tickets(desk)
        await desk.agent("sam", "!merge 1", 2)
        await happens(desk, desk.network.react_as(AGENTS_ROOM, "alex", desk.last_by_agent, "👍"))
        assert "merged into" not in desk.cards[2].text
        await happens(desk, desk.network.react_as(AGENTS_ROOM, "sam", desk.last_by_agent, "👍"))
        assert "merged into #1" in desk.cards[2].text


async def test_the_talk_goes_over_with_its_notes(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await two_tickets(desk)
        await desk.agent("sam", "!note she sounds like Marie", 2)
        for _ in range(2):
            await desk.agent("sam", "!merge 1", 2)
        shown = "\n".join(message.text for message in threads(desk, 1))
        assert "and what is death?" in shown
        assert "📝 Sam: she sounds like Marie" in shown
        hers = "\n".join(texts(desk, MARIE) + texts(desk, MARY))
        assert "sounds like" not in hers
        assert "death" not in "\n".join(texts(desk, MARIE))
        assert "life" not in "\n".join(texts(desk, MARY))


async def test_every_row_for_her_room_is_of_the_ticket_of_that_room(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await merged(desk)
        await says(desk, MARY, "anybody?")
        await desk.agent("sam", "yes", 1)
        await says(desk, MARIE, "here too?")
        await desk.agent("sam", "here too", 1)
    db = sqlite3.connect(tmp_path / "desk.db")
    rows = db.execute(
        "SELECT o.ticket, c.room, e.ticket, e.conversation = o.conversation FROM outbox o"
        " JOIN conversation c ON c.id = o.conversation JOIN entry e ON e.id = o.entry WHERE o.ticket IS NOT NULL"
    ).fetchall()
    assert set(rows) == {(1, MARIE, 1, 1), (2, MARY, 2, 1)}
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    db.close()


async def test_corrections_and_deletions_follow_into_the_other_room(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await merged(desk)
        hers = await says(desk, MARY, "my numbr is 12")
        await says(desk, MARY, "my number is 12", edits=hers)
        assert one(threads(desk, 1), "is 12").text == "mary (#2): my number is 12"
        await desk.agent("sam", "tomorow", 1)
        his = desk.last_by_agent
        assert desk.marks() == ["✅"]
        await desk.agent("sam", "tomorrow", 1, edits=his)
        assert texts(desk, MARY)[-1] == "tomorrow"
        await happens(desk, desk.network.delete_as(AGENTS_ROOM, "sam", his))
        assert "tomorrow" not in texts(desk, MARY)
        await happens(desk, desk.network.delete_as(MARY, "mary", hers))
        assert not any("is 12" in text for text in texts(desk, AGENTS_ROOM))


async def test_what_was_written_before_the_merge_changes_in_both_threads(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await two_tickets(desk)
        secret = await says(desk, MARY, "my card is 4970-1234-secret")
        await desk.agent("sam", "!r tel me more", 2)
        his = desk.last_by_agent
        for _ in range(2):
            await desk.agent("sam", "!merge 1", 2)
        assert sum("4970-1234-secret" in text for text in texts(desk, AGENTS_ROOM)) == 2
        await desk.agent("sam", "!r tell me more", 2, edits=his)
        assert "tell me more" in "\n".join(texts(desk, MARY))
        assert "tel me" not in "\n".join(texts(desk, AGENTS_ROOM))
        await happens(desk, desk.network.delete_as(MARY, "mary", secret))
        assert not any("4970-1234-secret" in text for text in texts(desk, AGENTS_ROOM))
        db = sqlite3.connect(tmp_path / "desk.db")
        assert not any(
            "4970-1234-secret" in str(row)
            for table in ("entry", "outbox", "inbox")
            for row in db.execute(f"SELECT * FROM {table}")
        )
        db.close()


async def test_what_she_asked_in_a_merged_ticket_can_be_forgotten(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await desk.customer("marie", "what is life?")
        await desk.agent("sam", "!claim", 1)
        secret = await says(desk, MARY, "my pin 9182 does nothing")
        for _ in range(2):
            await desk.agent("sam", "!merge 1", 2)
        await happens(desk, desk.network.delete_as(MARY, "mary", secret))
        assert not any("9182" in text for text in texts(desk, AGENTS_ROOM))


async def test_marks_and_replies_go_between_the_rooms(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await merged(desk)
        hers = await says(desk, MARY, "which line?")
        copy = one(threads(desk, 1), "which line?")
        await desk.agent("sam", "the blue one", 1, reply_to=copy.ref)
        his, read = desk.last_by_agent, bots(desk, MARY)[-1]
        assert read.answers == hers
        await happens(desk, desk.network.react_as(MARY, "mary", read.ref, "❤️"))
        assert desk.network.messages[his].marks == ["✅", "❤️"]
        await happens(desk, desk.network.react_as(AGENTS_ROOM, "sam", copy.ref, "😀"))
        assert desk.network.messages[hers].marks == ["😀"]
        await says(desk, MARY, "thanks for it", reply_to=read.ref)
        assert threads(desk, 1)[-1].answers == his
        await says(desk, MARIE, "and me?")
        await desk.agent("sam", "it was in the other room", 1, reply_to=copy.ref)
        assert bots(desk, MARIE)[-1].text == "it was in the other room"
        assert bots(desk, MARIE)[-1].answers is None, "what it answers stands in another room"
        await happens(desk, desk.network.react_as(AGENTS_ROOM, "sam", copy.ref, "👀"))
        assert "👀" in desk.network.messages[hers].marks


async def test_a_mark_that_she_takes_back_in_the_other_room_is_taken_back(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await merged(desk)
        await desk.agent("sam", "the blue one", 1)
        his, read = desk.last_by_agent, bots(desk, MARY)[-1]
        heart = desk.network.react_as(MARY, "mary", read.ref, "❤️")
        await happens(desk, heart)
        await happens(desk, desk.network.delete_as(MARY, "mary", heart))
        assert desk.network.messages[his].marks == ["✅"]


async def test_signs_of_life_are_shown_in_the_room_in_which_she_wrote(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await merged(desk)
        hers = await says(desk, MARY, "anybody?")
        desk.network.types_as(AGENTS_ROOM, "sam")
        desk.network.reads_as(AGENTS_ROOM, "sam", threads(desk, 1)[-1].ref)
        await shown(desk, lambda: desk.network.typing == {MARY: True} and desk.network.read == {MARY: hers})


async def test_words_that_do_not_arrive_in_the_other_room_are_told_in_the_thread(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await merged(desk)

        def refusing(address: Address, key: str) -> None:
            if address.room == MARY:
                raise Undeliverable("forbidden")

        desk.network.trouble = refusing
        await desk.agent("sam", "do you read me?", 1)
        his = desk.last_by_agent
        await until(desk, lambda: desk.network.messages[his].marks == ["❌"])
        await desk.settle()
        assert "not delivered" in "\n".join(message.text for message in threads(desk, 1)).lower()
        assert "cannot be reached" in desk.cards[1].text
        desk.network.trouble = lambda address, key: None
        await says(desk, MARY, "here I am")
        assert "cannot be reached" not in desk.cards[1].text


async def test_words_on_their_way_when_it_is_merged_arrive_and_are_marked(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await two_tickets(desk)
        tried: list[str] = []

        def blocked(address: Address, key: str) -> None:
            if address.room == MARY:
                tried.append(key)
                raise TryLater("not now")

        desk.network.trouble = blocked
        his = desk.network.say(AGENTS_ROOM, "sam", "!r one moment", thread=desk.cards[2].ref)
        await until(desk, lambda: bool(tried))
        for _ in range(2):
            desk.network.say(AGENTS_ROOM, "sam", "!merge 1", thread=desk.cards[2].ref)
        await until(desk, lambda: "merged into" in desk.cards[2].text)
        desk.network.trouble = lambda address, key: None
        await desk._taken()
        assert "one moment" in "\n".join(texts(desk, MARY))
        assert desk.network.messages[his].marks == ["✅"]


async def test_crosswise_merges_make_no_loop(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await two_tickets(desk)
        await desk.agent("alex", "!merge 2", 1)
        assert "Sam already has ticket #1" in threads(desk, 1)[-1].text
        for _ in range(2):
            desk.network.say(AGENTS_ROOM, "sam", "!merge 2", thread=desk.cards[1].ref)
            desk.network.say(AGENTS_ROOM, "sam", "!merge 1", thread=desk.cards[2].ref)
        await desk._taken()
        kept = {number: await desk.store.ticket(number) for number in (1, 2)}
        assert [one.ticket.merged_into for one in kept.values() if one is not None] == [2, None]
        assert "part of this one already" in threads(desk, 2)[-1].text
        await says(desk, MARIE, "who has me?")
        assert "marie (#1): who has me?" in [message.text for message in threads(desk, 2)]


async def test_a_merged_ticket_that_is_merged_on_takes_its_rooms_along(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await merged(desk)
        await desk.customer("max", "a third account of mine")
        await desk.agent("sam", "!claim", 3)
        for _ in range(2):
            await desk.agent("sam", "!merge 3", 1)
        await says(desk, MARY, "still me")
        assert "mary (#2): still me" in [message.text for message in threads(desk, 3)]
        await desk.agent("sam", "still Sam", 3)
        assert texts(desk, MARY)[-1] == "still Sam"


async def test_she_writes_while_the_merge_is_decided(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await two_tickets(desk)
        await desk.agent("sam", "!merge 1", 2)
        desk.network.say(MARY, "mary", "ahead")
        desk.network.say(AGENTS_ROOM, "sam", "!merge 1", thread=desk.cards[2].ref)
        desk.network.say(MARY, "mary", "after")
        await desk._taken()
        assert any("mary: ahead" in message.text for message in threads(desk, 2))
        shown = "\n".join(message.text for message in threads(desk, 1))
        assert shown.count("mary: ahead") == 1
        assert shown.count("mary (#2): after") == 1


async def test_the_ticket_of_another_teams_room_is_not_merged(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db", rooms=TWO_ROOMS) as desk:
        await two_tickets(desk)
        await desk.agent("sam", "!transfer lines", 1)
        await happens(desk, desk.network.react_as(OTHER_ROOM, "nora", desk.others[1].ref, "✋"))
        desk.new_for_agents()
        await desk.agent("sam", "!merge 1", 2)
        (hint,) = desk.new_for_agents()
        assert hint.text == "Ticket #1 is another team's: !transfer one of the two first. Nothing was done."
        await desk.agent("nora", "!merge 2", 1)
        assert "another team's" in bots(desk, OTHER_ROOM)[-1].text


async def test_a_customer_who_writes_merge_merges_nothing(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await two_tickets(desk)
        for _ in range(2):
            await desk.customer("mary", "!merge 1")
        kept = await desk.store.ticket(2)
        assert kept is not None
        assert kept.ticket.merged_into is None


# --- crash


class Dying(SqliteStore):
    """A store whose process dies in the middle of keeping a merge."""

    armed = False

    async def keep(self, step: Step) -> None:
        if Dying.armed and step.also is not None:
            Dying.armed = False
            await super().keep(broken(step))
        await super().keep(step)


def broken(step: Step) -> Step:
    """Return a step of which the second half cannot be written."""
    assert step.also is not None
    assert step.also.drafts
    twice = [*step.also.drafts, step.also.drafts[-1]]  # a key that is there already
    return replace(step, also=replace(step.also, drafts=twice))


async def test_a_merge_is_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db", kind=Dying) as desk:
        await two_tickets(desk)
        await desk.agent("sam", "!merge 1", 2)
        Dying.armed = True
        seen: list[object] = []
        whole = desk.store._unit

        async def watched(work: object) -> object:
            try:
                return await whole(work)  # type: ignore[arg-type]
            except aiosqlite.Error:
                kept = await desk.store.ticket(2), await desk.store.ticket(1)
                seen.extend(kept)
                raise

        desk.store._unit = watched  # type: ignore[method-assign, assignment]
        await desk.agent("sam", "!merge 1", 2)
        part, into = seen
        assert part.ticket.merged_into is None  # type: ignore[attr-defined]
        assert part.ticket.status is Status.WAITING  # type: ignore[attr-defined]
        assert into.ticket.merged == ()  # type: ignore[attr-defined]
        assert "merged into #1" in desk.cards[2].text
        assert sum("goes on as" in text for text in texts(desk, MARY)) == 1


# --- a customer who comes back in another room


async def comes_by(desk: Stage, room: str, text: str | None = None) -> None:
    if text is None:
        desk.network.arrive(room, "marie")
    else:
        desk.network.say(room, "marie", text)
    await desk._taken()


async def left_with_a_ticket(desk: Stage) -> None:
    await desk.customer("marie", "what is life?")
    await desk.agent("sam", "!claim", 1)
    await desk.agent("sam", "one momnt", 1)
    await desk.leaves("marie")


async def test_her_open_ticket_goes_on_in_a_new_room(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await left_with_a_ticket(desk)
        old = desk.last_by_agent
        await desk.agent("sam", "are you there?", 1)
        assert desk.marks() == ["❌"]
        before = len(bots(desk, MARIE))
        await comes_by(desk, "new room")
        (greeting,) = texts(desk, "new room")
        assert greeting.startswith("Welcome back! Your ticket #1 is still open")
        assert "marie is back, in a new room." in texts(desk, AGENTS_ROOM)
        await desk.agent("sam", "here you are", 1)
        assert desk.marks() == ["✅"]
        assert texts(desk, "new room")[-1] == "here you are"
        await comes_by(desk, "new room", "thank god")
        assert threads(desk, 1)[-1].text == "marie: thank god"
        await desk.agent("sam", "one moment", 1, edits=old)
        assert not any("moment" in text for text in texts(desk, "new room")), "what she read elsewhere stays there"
        assert len(bots(desk, MARIE)) == before
        assert not any("are you there?" in text for text in texts(desk, "new room"))


async def test_a_new_room_that_begins_with_words_takes_them_in(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await left_with_a_ticket(desk)
        await comes_by(desk, "new room", "it is me")
        assert "marie: it is me" in [message.text for message in threads(desk, 1)]
        assert len(texts(desk, "new room")) == 1


async def test_who_is_still_in_her_room_begins_anew_in_another(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await desk.customer("marie", "what is life?")
        await comes_by(desk, "new room")
        assert "#1" not in "\n".join(texts(desk, "new room"))
        await desk.leaves("marie")
        await desk.customer("mary", "I am another")
        assert "Welcome back" not in "\n".join(texts(desk, MARY))
        await comes_by(desk, "new room", "so I left the other one")
        assert "marie: so I left the other one" in [message.text for message in threads(desk, 1)]


async def test_words_that_die_in_a_room_she_left_do_not_make_her_unreachable_in_the_other(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await merged(desk)
        tried: list[str] = []

        def blocked(address: Address, key: str) -> None:
            if address.room == MARY:
                tried.append(key)
                raise TryLater("not now")

        desk.network.trouble = blocked
        his = desk.network.say(AGENTS_ROOM, "sam", "one moment", thread=desk.cards[1].ref)
        await until(desk, lambda: bool(tried))
        await desk.leaves("mary")
        await until(desk, lambda: desk.network.messages[his].marks == ["❌"])
        await desk.settle()
        assert "cannot be reached" not in desk.cards[1].text
        assert "Writes from" not in desk.cards[1].text
        await desk.agent("sam", "here I am", 1)
        assert texts(desk, MARIE)[-1] == "here I am"


async def test_who_left_while_it_was_closed_is_spoken_to_where_she_is(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await merged(desk)
        await desk.agent("sam", "!close", 1)
        await desk.leaves("mary")
        await desk.agent("sam", "!reopen", 1)
        await desk.agent("sam", "one more thing", 1)
        assert desk.marks() == ["✅"]
        assert texts(desk, MARIE)[-1] == "one more thing"


async def test_she_may_move_from_room_to_room(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await left_with_a_ticket(desk)
        for number, room in enumerate(("second", "third", "fourth")):
            await comes_by(desk, room)
            await desk.agent("sam", f"hello {number}", 1)
            assert texts(desk, room)[-1] == f"hello {number}"
            desk.network.leave(room, "marie")
            await desk._taken()
        await desk.arrives("marie")  # and back to where she was first
        await desk.agent("sam", "welcome home", 1)
        assert texts(desk, MARIE)[-1] == "welcome home"
        await desk.agent("sam", "!close", 1)
        await desk.passes(DESK.reopen_for * 2)
        await desk.customer("marie", "what is death?")
        assert max(desk.cards) == 5, "each room that she came by has used up a number"


async def test_a_merged_accounts_new_room_belongs_to_the_whole(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await merged(desk)
        await desk.leaves("mary")
        assert any("mary (#2) has left that room" in message.text for message in threads(desk, 1))
        await desk.agent("sam", "can you read this?", 1)
        assert texts(desk, MARIE)[-1] == "can you read this?", "she is spoken to where she still is"
        desk.network.say("new room", "mary", "back again")
        await desk._taken()
        assert "mary (#2): back again" in [message.text for message in threads(desk, 1)]


async def test_words_over_which_the_bot_fails_come_back_with_her(tmp_path: Path) -> None:
    class Failing(SmallLibrary):
        def fold(self, text: str) -> str:
            if "boom" in text:
                raise ValueError("a fault of ours")
            return super().fold(text)

    async with stage(replace(DESK, library=Failing()), tmp_path / "desk.db") as desk:
        await left_with_a_ticket(desk)
        await comes_by(desk, "new room", "boom")
        assert "marie: boom" in [message.text for message in threads(desk, 1)]
        assert texts(desk, "new room")[0].startswith("Welcome back!")


@pytest.mark.parametrize("command", ["!merge 99999999999999999999", "!merge 0", "!merge 99", "!merge 2", "!merge x"])
async def test_wrong_numbers_get_a_hint_and_go_to_nobody(tmp_path: Path, command: str) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await two_tickets(desk)
        desk.new_for_agents()
        before = len(bots(desk, MARY)), len(bots(desk, MARIE))
        await desk.agent("sam", command, 2)
        (hint,) = desk.new_for_agents()
        assert "othing was done" in hint.text
        assert (len(bots(desk, MARY)), len(bots(desk, MARIE))) == before
