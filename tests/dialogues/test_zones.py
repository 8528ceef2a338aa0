"""The time zone of a customer's profile, which comes when it comes; memory network, real SQLite."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpbot.core.model import Status
from helpbot.transports.base import Kind
from tests.core.cases import DESK
from tests.dialogues.stage import Stage, stage
from tests.dialogues.test_trouble import ROOM


async def zone_of(desk: Stage) -> str | None:
    kept = await desk.store.ticket(1)
    assert kept is not None
    return kept.ticket.zone


async def zone_comes(desk: Stage, who: str = "marie", zone: str = "Asia/Tokyo") -> None:
    desk.network._happen(Kind.ZONED, ROOM, who, zone=zone)
    await desk._taken()


async def promised(desk: Stage) -> str:
    """Return what she reads of a promise."""
    await desk.agent("sam", "!claim")
    desk.new_for("marie")
    await desk.agent("sam", "!promise +2h the line is back")
    return " ".join(message.text for message in desk.new_for("marie"))


async def test_a_zone_that_comes_after_her_words_counts_from_then_on(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await desk.customer("marie", "what is life?")
        before = await desk.store.ticket(1)
        await zone_comes(desk)
        after = await desk.store.ticket(1)
        assert before is not None
        assert after is not None
        assert (after.ticket.zone, before.ticket.zone) == ("Asia/Tokyo", None)
        assert "(Tokyo time)" in await promised(desk)


async def test_what_she_wrote_herself_counts_more_than_her_profile(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await desk.customer("marie", "what is life?")
        await desk.customer("marie", "timezone Europe/Lisbon")
        await zone_comes(desk)
        assert "(Lisbon time)" in await promised(desk)


async def test_a_profile_is_believed_until_it_names_another_zone(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await desk.customer("marie", "what is life?")
        for named, counts in (
            ("Foo/Bar", None), ("Factory", None), ("Asia/Tokyo", "Asia/Tokyo"), ("localtime", "Asia/Tokyo"),
            ("europe/london", "Europe/London"),
        ):  # fmt: skip
            await zone_comes(desk, zone=named)
            assert await zone_of(desk) == counts, named
        assert "(London time)" in await promised(desk)


@pytest.mark.parametrize("before", ["Asia/Tokyo", "Europe/London"])
async def test_a_zone_that_she_confirmed_is_her_own(before: str, tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await desk.customer("marie", "what is life?")
        await zone_comes(desk, zone=before)
        await desk.customer("marie", "timezone Europe/London")
        await desk.agent("sam", "!claim")
        await zone_comes(desk, zone="Asia/Seoul")
        assert await zone_of(desk) == "Europe/London"


async def test_a_zone_that_is_none_does_not_stand_in_the_way_of_one(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await desk.customer("marie", "what is life?")
        kept = "UPDATE conversation SET zone = 'Foo/Bar', zone_said = 1"  # as after versions before
        await desk.store._unit(lambda db: db.execute(kept))
        await zone_comes(desk)
        assert await zone_of(desk) == "Asia/Tokyo"


async def test_a_zone_says_nothing_to_anybody_and_brings_nobody_back(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await zone_comes(desk)
        assert await desk.store.conversation("memory", ROOM) is None
        await desk.customer("marie", "what is life?")
        await desk.agent("sam", "!close")
        await desk.leaves("marie")
        desk.new_for("marie"), desk.new_for_agents()
        await zone_comes(desk, who="mallory", zone="Europe/Paris")
        talk = await desk.store.conversation("memory", ROOM)
        assert talk is not None
        assert talk.zone is None
        await zone_comes(desk)
        kept = await desk.store.ticket(1)
        assert kept is not None
        assert (kept.conversation.zone, kept.conversation.gone) == ("Asia/Tokyo", True)
        assert kept.ticket.status is Status.CLOSED
        assert desk.new_for("marie") == desk.new_for_agents() == []
