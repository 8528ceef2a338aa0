"""Ratings that a customer changes, through the whole desk."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from helpbot.core.figures import figures_of
from helpbot.store.figures import measured
from tests.dialogues.stage import AGENTS_ROOM, TWO_ROOMS, stage
from tests.dialogues.test_hand_over import HUMAN, MARIE, count, held


async def test_an_edited_rating_opens_nothing_and_counts_alone(tmp_path: Path) -> None:
    async with stage(HUMAN, tmp_path / "desk.db", rooms=TWO_ROOMS) as desk:
        await held(desk)
        await desk.agent("sam", "!close")
        first = desk.network.say(MARIE, "marie", "2, too slow")
        await desk._taken()
        desk.network.say(MARIE, "marie", "4, very quick", edits=first)
        await desk._taken()
        assert "Satisfaction: 4/5" in desk.cards[1].text
        assert "closed" in desk.cards[1].text
        assert count(desk.network, AGENTS_ROOM, "4, very quick") == 1
        counted = await asyncio.to_thread(
            measured, tmp_path / "desk.db", desk.clock.at - timedelta(days=1), desk.clock.at + timedelta(days=1)
        )
        assert figures_of(counted, {}).ratings == {1: 0, 2: 0, 3: 0, 4: 1, 5: 0}
        assert figures_of(counted, {}).reopened == 0


async def test_another_mark_on_the_question_counts_and_one_on_the_thanks_does_not(tmp_path: Path) -> None:
    async with stage(HUMAN, tmp_path / "desk.db", rooms=TWO_ROOMS) as desk:
        await held(desk)
        await desk.agent("sam", "!close")
        asked = next(one for one in desk.network.in_room(MARIE) if "How was it?" in one.text)
        for symbol, rating in (("2️⃣", 2), ("3️⃣", 3)):
            await desk.passes(timedelta(minutes=1))
            desk.network.react_as(MARIE, "marie", asked.ref, symbol)
            await desk._taken()
            assert f"Satisfaction: {rating}/5" in desk.cards[1].text
        await desk.rates("marie", "👍")
        assert "Satisfaction: 3/5" in desk.cards[1].text, "a nod to the thanks"
