"""The first human word, through the whole desk."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from helpbot.transports.base import Address, Undeliverable
from tests.dialogues.stage import TWO_ROOMS, Stage, stage
from tests.dialogues.test_hand_over import HUMAN, MARIE


async def figures(desk: Stage) -> list[tuple[str, float]]:
    found = await desk.store._all("SELECT kind, value FROM figure WHERE kind = 'first_word' ORDER BY id")
    return [(row["kind"], row["value"]) for row in found]


async def test_a_word_that_did_not_reach_her_is_not_the_first(tmp_path: Path) -> None:
    def refuses(address: Address, key: str) -> None:
        if address.room == MARIE:
            raise Undeliverable("this one not")

    async with stage(HUMAN, tmp_path / "desk.db", rooms=TWO_ROOMS) as desk:
        await desk.customer("marie", "what is life?")
        await desk.agent_reacts("sam", "✋")
        await desk.passes(timedelta(seconds=10))
        desk.network.trouble = refuses
        await desk.agent("sam", "hello")
        assert desk.marks() == ["❌"]
        assert "First human word" not in desk.cards[1].text
        assert await figures(desk) == []
        desk.network.trouble = lambda address, key: None
        await desk.passes(timedelta(seconds=30))
        await desk.agent("sam", "hello once more")
        assert desk.marks() == ["✅"]
        assert "First human word: 40 s (target 20 s)" in desk.cards[1].text
        assert await figures(desk) == [("first_word", 40.0)]


@pytest.mark.parametrize(
    ("command", "counts"), [("!close All set.", 1), ("!close", 0), ("!promise +2h a call", 1), ("!note a word", 0)]
)
async def test_words_of_people_count_and_those_of_the_bot_do_not(tmp_path: Path, command: str, counts: int) -> None:
    async with stage(HUMAN, tmp_path / "desk.db", rooms=TWO_ROOMS) as desk:
        await desk.customer("marie", "what is life?")
        await desk.agent_reacts("sam", "✋")
        await desk.agent("sam", command)
        assert len(await figures(desk)) == counts
