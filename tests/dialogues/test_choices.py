""" "Did you mean" answered by a reaction or a reply, over the whole desk."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from helpbot.core.model import Candidate, Finding, Zone
from helpbot.transports.base import Address, TryLater
from helpbot.transports.memory import Message
from tests.core.cases import DESK, SmallLibrary
from tests.dialogues.stage import AGENTS_ROOM, Stage, stage
from tests.dialogues.test_bursts import MARIE, lines, rows, texts


def last(desk: Stage) -> Message:
    return [one for one in desk.network.in_room(MARIE) if one.sender == desk.network.account][-1]


async def marks(desk: Stage, target: str, symbol: str, person: str = "marie") -> str:
    ref = desk.network.react_as(MARIE, person, target, symbol)
    await desk._taken()
    return ref


async def offered(desk: Stage) -> str:
    await desk.customer("marie", "line")
    assert "1. I am moving house\n2. I want a new line" in last(desk).text
    return last(desk).ref


@pytest.mark.parametrize(("symbol", "entry"), [("1️⃣", "move"), ("1⃣", "move"), ("2️⃣", "line")])
async def test_a_digit_on_an_offer_chooses(tmp_path: Path, symbol: str, entry: str) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await marks(desk, await offered(desk), symbol)
        assert texts(desk)[1:] == [f"Answer to {entry}"]
        assert rows(tmp_path, "SELECT outcome, chosen FROM question") == [("chosen", entry)]
        title = {"move": "I am moving house", "line": "I want a new line"}[entry]
        assert f"{symbol} → {title}" in lines(tmp_path)


async def test_a_digit_that_was_not_offered_is_asked_about_again(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await marks(desk, await offered(desk), "3️⃣")
        assert "Did you mean" in texts(desk)[1]
        await marks(desk, last(desk).ref, "2️⃣")
        assert texts(desk)[2:] == ["Answer to line"]


@pytest.mark.parametrize("symbol", ["🙋", "🙋🏽", "🙋🏿‍♀️", "🙋‍♂️"])
@pytest.mark.parametrize("said", [None, "puk", "line"])
async def test_a_raised_hand_on_any_message_of_the_bot_calls_a_person(
    tmp_path: Path, symbol: str, said: str | None
) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await desk.arrives("marie")
        if said is not None:
            await desk.customer("marie", said)
        await marks(desk, last(desk).ref, symbol)
        assert "getting a person" in texts(desk)[-1]
        assert any(f"marie: {symbol}" in text for text in texts(desk, AGENTS_ROOM))
        before = len(texts(desk, AGENTS_ROOM))
        await marks(desk, last(desk).ref, symbol)
        assert len(texts(desk, AGENTS_ROOM)) == before, "a person was called"


@pytest.mark.parametrize("symbol", ["👎", "👎🏾", "❌"])
async def test_a_no_on_what_stands_is_a_no(tmp_path: Path, symbol: str) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        offer = await offered(desk)
        await marks(desk, offer, symbol)
        assert "that is not it" in texts(desk)[-1]
        await marks(desk, offer, symbol)
        assert len(texts(desk)) == 2, "that offer does not stand any more"
        await desk.customer("marie", "puk")
        await marks(desk, last(desk).ref, symbol)
        assert "a person" in texts(desk)[-1], "twice no"


@pytest.mark.parametrize("symbol", ["👍", "❤️", "🎉", "2", "4️⃣", "human"])
async def test_other_marks_count_for_nothing(tmp_path: Path, symbol: str) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await marks(desk, await offered(desk), symbol)
        assert len(texts(desk)) == 1


async def test_marks_of_others_and_on_her_own_words_count_for_nothing(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        offer = await offered(desk)
        await marks(desk, offer, "1️⃣", "eve")
        hers = next(one.ref for one in desk.network.in_room(MARIE) if one.sender == "marie")
        await marks(desk, hers, "1️⃣")
        await marks(desk, "$unknown", "1️⃣")
        assert len(texts(desk)) == 1


async def test_a_mark_on_an_older_offer_chooses_from_that_one(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        older = await offered(desk)
        await desk.customer("marie", "puk")
        await desk.customer("marie", "not that")  # refused: the next offer is another
        await marks(desk, older, "2️⃣")
        assert texts(desk)[-1] == "Answer to line"
        found = rows(tmp_path, "SELECT text, outcome, chosen FROM question ORDER BY id")
        assert found == [("line", "chosen", "line"), ("puk", "refused", None)]


class TwoOffers(SmallLibrary):
    """Offers other entries for "bell"."""

    def find(self, text: str, language: str | None, at: datetime, before: str | None = None) -> Finding:
        if text == "bell":
            return Finding(Zone.SUGGEST, (Candidate("ring", 0.4), Candidate("puk", 0.4)), ("ring", "puk"))
        return super().find(text, language, at, before)


@pytest.mark.parametrize("way", ["mark", "reply", "thread"])
async def test_an_older_offer_is_chosen_from_while_a_newer_one_stands(tmp_path: Path, way: str) -> None:
    async with stage(replace(DESK, library=TwoOffers()), tmp_path / "desk.db") as desk:
        older = await offered(desk)
        await desk.customer("marie", "bell")
        newer = last(desk).ref
        for target, entry in ((older, "move"), (newer, "ring")):
            if way == "mark":
                await marks(desk, target, "1️⃣")
            else:
                desk.network.say(MARIE, "marie", "1", **{"reply_to" if way == "reply" else "thread": target})
                await desk._taken()
            assert texts(desk)[-1] == f"Answer to {entry}"
        found = rows(tmp_path, "SELECT text, outcome, chosen FROM question ORDER BY id")
        assert found == [("line", "chosen", "move"), ("bell", "chosen", "ring")]


async def test_taking_the_mark_back_changes_nothing(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        mark = await marks(desk, await offered(desk), "1️⃣")
        before = texts(desk), lines(tmp_path)
        desk.network.delete_as(MARIE, "marie", mark)
        await desk._taken()
        assert (texts(desk), lines(tmp_path)) == before


@pytest.mark.parametrize("text", ["1", "1️⃣", "the first", "I am moving house"])
async def test_a_reply_to_an_older_offer_chooses_from_that_one(tmp_path: Path, text: str) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        older = await offered(desk)
        await desk.customer("marie", "no")
        await desk.customer("marie", "puk")
        desk.network.say(MARIE, "marie", text, reply_to=older)
        await desk._taken()
        assert texts(desk)[-1] == "Answer to move"
        desk.network.say(MARIE, "marie", "9", reply_to=older)
        await desk._taken()
        assert "Did you mean:\n1. I am moving house" in texts(desk)[-1]


async def test_a_mark_on_what_the_desk_does_not_know_yet_that_it_sent_counts(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:

        def lost(address: Address, key: str) -> None:
            raise TryLater("the answer was cut", timedelta(seconds=0.3))

        desk.network.trouble_after = lost
        desk.network.say(MARIE, "marie", "line")
        while not texts(desk):
            desk.store.progress_bell.clear()
            await desk.store.progress_bell.wait()
        desk.network.trouble_after = lambda address, key: None
        await marks(desk, last(desk).ref, "2️⃣")
        assert texts(desk)[1:] == ["Answer to line"]


async def test_where_it_cannot_be_told_what_was_offered_she_is_asked_again(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        offer = await offered(desk)
        network = desk.network
    with closing(sqlite3.connect(tmp_path / "desk.db")) as db:
        db.execute("UPDATE outbox SET offered = NULL")
        db.commit()
    async with stage(DESK, tmp_path / "desk.db", network) as desk:
        await marks(desk, offer, "2️⃣")
        assert "Did you mean" in texts(desk)[-1]
        await marks(desk, last(desk).ref, "2️⃣")
        assert texts(desk)[-1] == "Answer to line"


@pytest.mark.parametrize(("text", "answer"), [("2️⃣", "Answer to line"), ("🙋", "getting a person"), ("❌", "not it")])
async def test_a_mark_that_is_typed_means_the_same(tmp_path: Path, text: str, answer: str) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await offered(desk)
        await desk.customer("marie", text)
        assert answer in texts(desk)[-1]


class OneChoice(SmallLibrary):
    """Is unsure about one entry alone."""

    def find(self, text: str, language: str | None, at: datetime, before: str | None = None) -> Finding:
        return Finding(Zone.SUGGEST, (Candidate("move", 0.4),), ("move",), "en")


async def test_the_hint_names_the_answers_that_there_are(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "two.db") as desk:
        await offered(desk)
        assert "a reaction (1️⃣ 2️⃣, 🙋 for a person)" in last(desk).text
    async with stage(replace(DESK, library=OneChoice()), tmp_path / "one.db") as desk:
        await desk.customer("marie", "house")
        assert "Answer “yes” or “no”, with a reaction (1️⃣, 🙋 for a person)" in last(desk).text
        await desk.customer("marie", "yes")
        assert texts(desk)[1:] == ["Answer to move"]
