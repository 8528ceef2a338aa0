"""Lines in a row are one question, and answers that have not gone out are withdrawn, over the whole desk."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from helpbot.core.effects import Content
from helpbot.store import totals
from helpbot.transports.base import Address, Fetched, TryLater
from helpbot.transports.memory import MemoryTransport
from tests.core.cases import DESK
from tests.dialogues.stage import AGENTS_ROOM, Stage, WallClock, new_network, stage
from tests.dialogues.test_relays import stored

BURST = replace(DESK, burst=timedelta(seconds=3))
MARIE = "room of marie"


def rows(tmp_path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(tmp_path / "desk.db")) as db:
        return [tuple(row) for row in db.execute(sql)]


def lines(tmp_path: Path) -> list[str]:
    """Return what stands in the transcript of the first ticket."""
    found = rows(tmp_path, "SELECT json_extract(content, '$[0].text') FROM entry WHERE ticket = 1 ORDER BY id")
    return [text for (text,) in found]


def texts(desk: Stage, room: str = MARIE) -> list[str]:
    """Return what the bot has said there and not taken back."""
    return [one.text for one in desk.network.in_room(room) if one.sender == desk.network.account and not one.deleted]


def counted(tmp_path: Path) -> int:
    """Return how many questions a monitor is told of."""
    with closing(sqlite3.connect(tmp_path / "desk.db")) as db:
        db.row_factory = sqlite3.Row
        return sum(one.asked for one in totals.answers(db).values())


async def seconds(desk: Stage, number: float) -> None:
    await desk.passes(timedelta(seconds=number))


def away(address: Address, key: str) -> None:
    """Be a homeserver that takes nothing for her."""
    if address.room == MARIE:
        raise TryLater("away", timedelta(seconds=0.01))


def here(address: Address, key: str) -> None:
    pass


async def decided(desk: Stage) -> None:
    """Wait until all is decided, though it cannot be sent."""
    await desk.network.taken()
    while await desk.store.next_inbox() is not None:
        desk.store.progress_bell.clear()
        await desk.store.progress_bell.wait()


async def fire(desk: Stage, number: float) -> None:
    """Let time pass while nothing can be sent."""
    desk.clock.at += timedelta(seconds=number)
    await desk.store.fire(desk.clock.at)
    await decided(desk)


def say(desk: Stage, text: str, **more: object) -> str:
    return desk.network.say(MARIE, "marie", text, **{"at": desk.clock.at, **more})


# --- one question


async def test_three_lines_get_one_answer_after_the_last(tmp_path: Path) -> None:
    async with stage(BURST, tmp_path / "desk.db") as desk:
        for text in ("hello", "it is about", "my puk"):
            await desk.customer("marie", text)
            assert texts(desk) == []
            await seconds(desk, 1)
        await seconds(desk, 1)
        assert texts(desk) == []
        await seconds(desk, 1)
        assert texts(desk) == ["Answer to puk"]
        assert lines(tmp_path) == ["hello", "it is about", "my puk", "Answer to *puk*"]
        assert rows(tmp_path, "SELECT text, outcome FROM question") == [("hello\nit is about\nmy puk", "answered")]


async def test_she_who_never_stops_is_answered_after_six_seconds(tmp_path: Path) -> None:
    async with stage(BURST, tmp_path / "desk.db") as desk:
        for number in range(3):
            await desk.customer("marie", f"puk {number}")
            await seconds(desk, 1.9)
        assert texts(desk) == []
        await seconds(desk, 0.3)
        assert texts(desk) == ["Answer to puk"]


async def test_lines_of_two_times_are_two_questions_when_the_desk_reads_them_at_once(tmp_path: Path) -> None:
    network, clock = new_network(BURST), WallClock()
    began = clock.at
    for text, at in (("the puk", 0), ("of my phone", 2), ("a line", 60), ("please", 61)):
        network.say(MARIE, "marie", text, at=began + timedelta(seconds=at))
    clock.at = began + timedelta(hours=1)
    async with stage(BURST, tmp_path / "desk.db", network, clock) as desk:
        assert texts(desk) == ["Answer to puk"]
        await seconds(desk, 3)
        assert [text[:12] for text in texts(desk)] == ["Answer to pu", "Did you mean"]
        asked = rows(tmp_path, "SELECT text FROM question ORDER BY id")
        assert asked == [("the puk\nof my phone",), ("a line\nplease",)]


async def test_what_comes_before_an_escalated_question_and_after_it_reaches_people(tmp_path: Path) -> None:
    """The earlier question calls a person; the later line, read in one go with it, goes to the thread."""
    network, clock = new_network(BURST), WallClock()
    network.say(MARIE, "marie", "what is life?", at=clock.at - timedelta(minutes=9))
    network.say(MARIE, "marie", "my puk", at=clock.at - timedelta(minutes=1))
    async with stage(BURST, tmp_path / "desk.db", network, clock) as desk:
        inside = texts(desk, AGENTS_ROOM)
        assert "Question: what is life?" in inside[0]
        assert "marie: what is life?" in inside[1]
        assert inside[2] == "marie: my puk"
        assert len(texts(desk)) == 1


async def test_a_person_is_called_at_once_with_what_waits_as_the_question(tmp_path: Path) -> None:
    async with stage(BURST, tmp_path / "desk.db") as desk:
        await desk.customer("marie", "my puk")
        await desk.customer("marie", "it does not work")
        await desk.customer("marie", "human")
        inside = texts(desk, AGENTS_ROOM)
        assert "Question: my puk it does not work" in inside[0]
        assert [word in inside[1] for word in ("my puk", "it does not work", "human")] == [True] * 3
        await seconds(desk, 10)
        assert len(texts(desk)) == 1
        assert rows(tmp_path, "SELECT text, outcome FROM question") == [("my puk\nit does not work", "escalated")]
        assert rows(tmp_path, "SELECT name FROM timer WHERE name = 'answer'") == []


async def test_a_choice_and_a_no_are_taken_at_once(tmp_path: Path) -> None:
    async with stage(BURST, tmp_path / "desk.db") as desk:
        await desk.customer("marie", "line")
        await seconds(desk, 3)
        await desk.customer("marie", "hmm")
        await desk.customer("marie", "2")
        assert texts(desk)[-1] == "Answer to line"
        await seconds(desk, 5)
        assert texts(desk)[-1] == "Answer to line", "hmm asks nothing"
        await desk.customer("marie", "no")
        assert "that is not it" in texts(desk)[-1]
        await desk.customer("marie", "line")
        await seconds(desk, 3)
        await desk.customer("marie", "and the puk")
        await desk.customer("marie", "1")
        assert texts(desk)[-1] == "Answer to move"
        await seconds(desk, 3)
        assert texts(desk)[-1] == "Answer to puk", "what waited is a question of its own"


async def test_a_correction_takes_the_place_of_a_line_that_waits(tmp_path: Path) -> None:
    async with stage(BURST, tmp_path / "desk.db") as desk:
        ref = say(desk, "my fire")
        await desk._taken()
        say(desk, "my puk", edits=ref)
        await desk._taken()
        assert texts(desk) == []
        await seconds(desk, 3)
        assert texts(desk) == ["Answer to puk"]
        assert lines(tmp_path) == ["my puk", "Answer to *puk*"]
        say(desk, "a line", edits=ref)
        await desk._taken()
        assert "Did you mean" in texts(desk)[-1], "a correction of what was answered is answered at once"


async def test_a_line_corrected_to_a_call_for_a_person_calls_one(tmp_path: Path) -> None:
    async with stage(BURST, tmp_path / "desk.db") as desk:
        await desk.customer("marie", "my puk")
        ref = say(desk, "humn")
        await desk._taken()
        say(desk, "human", edits=ref)
        await desk._taken()
        inside = texts(desk, AGENTS_ROOM)
        assert "Question: my puk" in inside[0]
        assert "human" in inside[1]
        assert "humn" not in inside[1]


async def test_a_line_taken_back_while_it_waits_is_not_answered(tmp_path: Path) -> None:
    async with stage(BURST, tmp_path / "desk.db") as desk:
        one, other = say(desk, "my number is 4970"), say(desk, "puk")
        await desk._taken()
        desk.network.delete_as(MARIE, "marie", one)
        await desk._taken()
        await seconds(desk, 3)
        assert texts(desk) == ["Answer to puk"]
        assert rows(tmp_path, "SELECT text FROM question") == [("puk",)]
        again = say(desk, "my fire")
        await desk._taken()
        desk.network.delete_as(MARIE, "marie", again)
        await desk._taken()
        await seconds(desk, 3)
        assert texts(desk) == ["Answer to puk"]
        assert other
    kept = stored(tmp_path)
    assert "4970" not in kept
    assert "my fire" not in kept


async def test_a_ticket_whose_only_line_is_taken_back_ends_when_it_is_idle(tmp_path: Path) -> None:
    async with stage(BURST, tmp_path / "desk.db") as desk:
        only = say(desk, "my puk")
        await desk._taken()
        desk.network.delete_as(MARIE, "marie", only)
        await desk._taken()
        await desk.passes(BURST.idle_for)
        assert rows(tmp_path, "SELECT status FROM ticket") == [("closed",)]
        assert texts(desk) == []


async def test_a_line_taken_back_after_the_answer_is_gone_from_the_question(tmp_path: Path) -> None:
    async with stage(BURST, tmp_path / "desk.db") as desk:
        secret = say(desk, "card 4970")
        say(desk, "what is life?")
        await desk._taken()
        await seconds(desk, 3)
        assert "4970" in texts(desk, AGENTS_ROOM)[0]
        desk.network.delete_as(MARIE, "marie", secret)
        await desk._taken()
        assert not any("4970" in text for text in texts(desk, AGENTS_ROOM))
    kept = stored(tmp_path)
    assert "4970" not in kept
    assert rows(tmp_path, "SELECT text FROM question") == [("what is life?",)]


async def test_a_bot_that_fails_over_what_waits_gives_it_to_a_person(tmp_path: Path) -> None:
    async with stage(BURST, tmp_path / "desk.db") as desk:
        await desk.customer("marie", "my thing goes")
        await desk.customer("marie", "boom")
        await seconds(desk, 3)
        inside = texts(desk, AGENTS_ROOM)
        assert "Question: my thing goes boom" in inside[0]
        assert any("marie: boom" in text for text in inside)
        assert "Something went wrong" in texts(desk)[-1]


async def test_what_the_bot_failed_over_is_forgotten_when_she_takes_it_back(tmp_path: Path) -> None:
    async with stage(BURST, tmp_path / "desk.db") as desk:
        secret = say(desk, "card 4970")
        say(desk, "boom")
        await desk._taken()
        await seconds(desk, 3)
        assert any("4970" in text for text in texts(desk, AGENTS_ROOM))
        desk.network.delete_as(MARIE, "marie", secret)
        await desk._taken()
        assert not any("4970" in text for text in texts(desk, AGENTS_ROOM))
    kept = stored(tmp_path)
    assert "4970" not in kept


async def test_lines_wait_through_a_restart_and_are_answered_once(tmp_path: Path) -> None:
    network, clock = new_network(BURST), WallClock()
    async with stage(BURST, tmp_path / "desk.db", network, clock) as desk:
        await desk.customer("marie", "my")
        await desk.customer("marie", "puk")
        assert texts(desk) == []
    clock.at += timedelta(seconds=60)
    async with stage(BURST, tmp_path / "desk.db", network, clock) as desk:
        await seconds(desk, 10)
        assert texts(desk) == ["Answer to puk"]
        assert lines(tmp_path) == ["my", "puk", "Answer to *puk*"]


async def test_she_who_leaves_is_not_answered(tmp_path: Path) -> None:
    async with stage(BURST, tmp_path / "desk.db") as desk:
        await desk.customer("marie", "my puk")
        await desk.leaves("marie")
        await seconds(desk, 9)
        assert texts(desk) == []
        assert rows(tmp_path, "SELECT name FROM timer") == []


# --- withdrawn


async def answered_but_not_sent(desk: Stage, *said: str) -> None:
    desk.network.trouble = away
    for text in said:
        say(desk, text)
    await decided(desk)
    await fire(desk, 6)


async def test_an_answer_that_has_not_gone_out_is_withdrawn_when_she_goes_on(tmp_path: Path) -> None:
    async with stage(BURST, tmp_path / "desk.db") as desk:
        at = desk.clock.at
        await answered_but_not_sent(desk, "my line")
        assert rows(tmp_path, "SELECT state FROM outbox") == [("queued",)]
        assert rows(tmp_path, "SELECT status FROM ticket") == [("offered",)]
        assert counted(tmp_path) == 0, "what may be withdrawn is not counted: a counter never gets less"
        say(desk, "sorry, my puk", at=at + timedelta(seconds=2))
        await decided(desk)
        desk.network.trouble = here
        await desk.settle()
        assert texts(desk) == []
        await seconds(desk, 3)
        assert texts(desk) == ["Answer to puk"]
        assert lines(tmp_path) == ["my line", "sorry, my puk", "Answer to *puk*"]
        assert rows(tmp_path, "SELECT text FROM question") == [("my line\nsorry, my puk",)]
        assert counted(tmp_path) == 1
        assert rows(tmp_path, "SELECT why FROM outbox WHERE verb = 'say' ORDER BY id")[0] == ("withdrawn",)
        assert rows(tmp_path, "SELECT count(*) FROM outbox WHERE state = 'dead' AND dropped_at IS NULL") == [(0,)]


async def test_what_she_writes_later_withdraws_nothing(tmp_path: Path) -> None:
    async with stage(BURST, tmp_path / "desk.db") as desk:
        at = desk.clock.at
        await answered_but_not_sent(desk, "my puk")
        say(desk, "a line", at=at + timedelta(seconds=3.5))
        await decided(desk)
        desk.network.trouble = here
        await desk.settle()
        await seconds(desk, 3)
        assert [text[:12] for text in texts(desk)] == ["Answer to pu", "Did you mean"]


async def test_a_call_for_a_person_withdraws_the_answer_and_is_never_withdrawn(tmp_path: Path) -> None:
    async with stage(BURST, tmp_path / "desk.db") as desk:
        at = desk.clock.at
        await answered_but_not_sent(desk, "my puk")
        say(desk, "human", at=at + timedelta(seconds=1))
        say(desk, "please", at=at + timedelta(seconds=2))
        await decided(desk)
        desk.network.trouble = here
        await desk.settle()
        assert len(texts(desk)) == 1
        assert "getting a person" in texts(desk)[0]
        inside = texts(desk, AGENTS_ROOM)
        assert "Question: my puk" in inside[0]
        assert "Answer to" not in inside[1], "she was never told"
        assert inside[2] == "marie: please"
        assert rows(tmp_path, "SELECT text, outcome FROM question") == [("my puk", "escalated")]


async def test_an_offer_that_is_withdrawn_is_as_if_it_never_was(tmp_path: Path) -> None:
    async with stage(BURST, tmp_path / "desk.db") as desk:
        await desk.customer("marie", "line")
        await seconds(desk, 3)
        at = desk.clock.at
        await answered_but_not_sent(desk, "the puk")
        say(desk, "2", at=at + timedelta(seconds=1))  # she has read one offer, and no answer
        await decided(desk)
        desk.network.trouble = here
        await desk.settle()
        assert texts(desk)[1:] == ["Answer to line"]
        await seconds(desk, 3)
        assert texts(desk)[2:] == ["Answer to puk"], "what waited is answered as well"


async def test_an_answer_that_the_network_took_unheard_is_taken_back(tmp_path: Path) -> None:
    """It stands in her room, the desk does not know, and she goes on: the room is read back, and it is taken out."""
    async with stage(BURST, tmp_path / "desk.db") as desk:
        at = desk.clock.at
        desk.network.trouble_after = away
        say(desk, "my puk")
        await decided(desk)
        await fire(desk, 6)
        async with asyncio.timeout(5):
            while not texts(desk):
                desk.store.progress_bell.clear()
                await desk.store.progress_bell.wait()
        desk.network.trouble = away  # so that it is not found before she goes on
        say(desk, "a line", at=at + timedelta(seconds=2))
        await decided(desk)
        desk.network.trouble = desk.network.trouble_after = here
        await desk.settle()
        assert texts(desk) == []
        assert [one.deleted for one in desk.network.in_room(MARIE) if one.sender == desk.network.account] == [True]


class SlowNetwork(MemoryTransport):
    """Shows a message to her at once, and tells the desk of it when the gate is open."""

    def __init__(self, teams: dict[str, str]) -> None:
        super().__init__(teams=teams)
        self.gate = asyncio.Event()
        self.gate.set()
        self.holding = asyncio.Event()

    async def send(
        self, address: Address, content: Content, key: str, *, answers: str | None = None, file: Fetched | None = None
    ) -> str:
        ref = await super().send(address, content, key, answers=answers, file=file)
        if not self.gate.is_set():
            self.holding.set()
        await self.gate.wait()
        return ref


async def test_an_answer_that_is_just_being_sent_is_taken_back_afterwards(tmp_path: Path) -> None:
    network = SlowNetwork({DESK.teams[0].id: AGENTS_ROOM})
    async with stage(BURST, tmp_path / "desk.db", network) as desk:
        at = desk.clock.at
        network.gate.clear()
        say(desk, "my line")
        await decided(desk)
        await fire(desk, 6)
        async with asyncio.timeout(5):
            await network.holding.wait()
        say(desk, "sorry, my puk", at=at + timedelta(seconds=2))
        await decided(desk)
        network.gate.set()
        await desk.settle()
        await seconds(desk, 3)
        assert texts(desk) == ["Answer to puk"]
        assert [one.deleted for one in network.in_room(MARIE) if one.sender == network.account] == [True, False]
        assert rows(tmp_path, "SELECT text FROM question") == [("my line\nsorry, my puk",)]
