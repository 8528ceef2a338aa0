"""Who may act for the agents, and where: rooms that anybody may enter, people who are no members; memory network."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from helpbot.core.model import Status
from helpbot.store.base import Step
from helpbot.transports.base import Address, Kind, TryLater
from tests.core.cases import DESK
from tests.dialogues.stage import AGENTS_ROOM, WallClock, stage
from tests.dialogues.test_trouble import ROOM, claimed, refusing, seen, until


@pytest.mark.parametrize("more", [{"exposed": True}, {"member": False}], ids=["exposed", "no member"])
async def test_who_may_not_act_is_not_obeyed(tmp_path: Path, more: dict[str, bool]) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await desk.customer("marie", "what is life?")
        desk.new_for("marie")
        for text in ("!claim", "!r hello", "!close bye", "hello"):
            await desk.agent("sam", text, **more)
            assert desk.marks() == ["❌"]
        desk.network._happen(Kind.REACTED, AGENTS_ROOM, "sam", target=desk.cards[1].ref, symbol="✋", **more)
        await desk._taken()
        assert desk.new_for("marie") == []
        kept = await desk.store.ticket(1)
        assert kept is not None
        assert (kept.ticket.status, kept.ticket.owner) == (Status.WAITING, None)


async def test_a_new_matter_in_a_crowded_room_goes_to_people_without_a_word_there(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await desk.arrives("marie")
        desk.network.company(ROOM, "mallory", comes=True)
        desk.new_for("marie")
        await desk.customer("marie", "puk")
        assert desk.new_for("marie") == []
        assert any("puk" in text for text in seen(desk.network, AGENTS_ROOM))


async def test_each_word_that_does_not_arrive_is_marked(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await claimed(desk)
        desk.network.leave(ROOM, "marie")
        for text in ("one", "two"):
            await desk.agent("sam", text)
            assert desk.marks() == ["❌"]


async def test_words_written_in_time_reopen_a_ticket_however_late_they_are_read(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await claimed(desk)
        await desk.agent("sam", "!close")
        closed = desk.clock.at
        desk.clock.at += timedelta(days=20)
        desk.network.say(ROOM, "marie", "one more thing", at=closed + timedelta(days=2))
        await desk._taken()
        assert len(desk.cards) == 1


async def test_words_that_the_agents_room_refuses_for_long_wait_in_order(tmp_path: Path) -> None:
    """Put out of the agents' room, the bot waits: more refusals than a customer's room is allowed."""
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await claimed(desk)
        refusals = 0

        def refuses(address: Address, key: str) -> None:
            nonlocal refusals
            if address.room == AGENTS_ROOM and refusals < 3:
                refusals += 1
                refusing(AGENTS_ROOM)(address, key)

        desk.network.trouble = refuses
        desk.network.say(ROOM, "marie", "first")
        desk.network.say(ROOM, "marie", "second")
        await until(desk, lambda: any("second" in text for text in seen(desk.network, AGENTS_ROOM)))
        shown = "\n".join(seen(desk.network, AGENTS_ROOM))
        assert shown.index("first") < shown.index("second")


async def test_a_clock_that_was_ahead_stops_no_lane_and_no_notice(tmp_path: Path) -> None:
    ahead = WallClock(datetime(2035, 1, 1, tzinfo=UTC))
    async with stage(DESK, tmp_path / "desk.db", clock=ahead) as desk:
        await claimed(desk)
        desk.network.trouble = refusing(ROOM)
        await desk.agent("sam", "lost")
        assert sum("helpbot dead list" in text for text in seen(desk.network, AGENTS_ROOM)) == 1
        tried = asyncio.Event()

        def limited(address: Address, key: str) -> None:
            if address.room == ROOM and not tried.is_set():
                tried.set()
                raise TryLater("the homeserver limits how fast the bot may act", timedelta(milliseconds=1))
            if address.room == ROOM:
                refusing(ROOM)(address, key)

        ahead.at = datetime(2026, 10, 21, tzinfo=UTC)
        desk.network.trouble = limited
        await desk.agent("sam", "lost as well")
        await desk.store.gather_dead(ahead.at, timedelta(minutes=1), ["mobile"])
        await until(desk, lambda: sum("helpbot dead list" in text for text in seen(desk.network, AGENTS_ROOM)) == 2)


async def test_a_row_that_could_not_even_be_put_aside_is_looked_at_again(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        keep, failures = desk.store.keep, 0

        async def fails(step: Step) -> None:
            nonlocal failures
            if "puk" in step.row.payload and failures < 7:
                failures += 1
                raise ValueError("a fault of ours")
            await keep(step)

        desk.store.keep = fails  # type: ignore[method-assign]
        desk.network.say(ROOM, "marie", "puk")
        desk.network.say("room of paul", "paul", "fire")
        await until(desk, lambda: seen(desk.network, "room of paul"))
        await until(desk, lambda: "Answer to puk" in seen(desk.network, ROOM))
