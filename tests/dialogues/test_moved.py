"""Rooms and teams that change under a desk, clocks that jump, words that come late: memory network, real SQLite."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from helpbot.core.effects import Content
from helpbot.core.model import Team
from helpbot.store.base import Outgoing
from helpbot.store.dead import letters
from helpbot.store.sqlite import SqliteStore
from helpbot.transports.base import Address, Fetched, TryLater, Undeliverable
from helpbot.transports.memory import MemoryTransport
from tests.core.cases import DESK
from tests.dialogues.stage import AGENTS_ROOM, Stage, WallClock, new_network, stage
from tests.dialogues.test_trouble import ROOM, claimed, copy, refusing, restore, seen, until

ROOMS = {"mobile": "room of mobile", "lines": "room of lines"}


def two_teams() -> MemoryTransport:
    network = MemoryTransport(teams=ROOMS)
    for room in ROOMS.values():
        network.join(room, "sam", "Sam")
    return network


def calm(address: Address, key: str) -> None:
    """Let everything through."""


# --- teams and rooms


async def test_the_words_of_a_ticket_follow_its_team_into_another_room(tmp_path: Path) -> None:
    network = new_network(DESK)
    async with stage(DESK, tmp_path / "desk.db", network) as desk:
        await claimed(desk)
    network._teams = {"new room": "mobile"}
    network.join("new room", "sam", "Sam")
    async with stage(DESK, tmp_path / "desk.db", network, rooms={"mobile": "new room"}) as desk:
        await desk.customer("marie", "my house is on fire")
        await desk.customer("marie", "and my cat as well")
        shown = network.in_room("new room")
        assert [message.text for message in shown if "fire" in message.text] == ["#1\nmarie: my house is on fire"]
        (card,) = [message for message in shown if message.text.startswith("🟢 #1")]
        assert [message.thread for message in shown if "cat" in message.text] == [card.ref]
        network.say("new room", "sam", "I call the fire brigade", thread=card.ref)
        await desk._taken()
        assert seen(network, ROOM)[-1] == "I call the fire brigade"
        assert letters(tmp_path / "desk.db") == []


async def test_agents_hear_once_of_what_failed_for_a_team_that_is_no_more(tmp_path: Path) -> None:
    network = new_network(DESK)
    async with stage(DESK, tmp_path / "desk.db", network) as desk:
        await claimed(desk)
    network._teams = {AGENTS_ROOM: "support"}
    renamed = replace(DESK, teams=(Team("support", {"en": "Support"}),))
    async with stage(renamed, tmp_path / "desk.db", network) as desk:
        network.trouble = refusing(ROOM)
        network.say(AGENTS_ROOM, "sam", "hello", thread=next(iter(network.in_room(AGENTS_ROOM))).ref)
        await desk._taken()
        for _ in range(5):
            desk.clock.at += timedelta(minutes=2)
            await desk.store.gather_dead(desk.clock.at, timedelta(minutes=1), ["support"])
            await desk.settle()
        assert sum("helpbot dead list" in text for text in seen(network, AGENTS_ROOM)) == 1
        assert [letter.words for letter in letters(tmp_path / "desk.db")] == ["hello"]


async def test_what_changes_before_a_new_card_is_made_is_shown_by_it(tmp_path: Path) -> None:
    """A word in the new team's room asks for a card there; a change of the card stands in its lane before that one."""
    network = new_network(DESK)
    async with stage(DESK, tmp_path / "desk.db", network) as desk:
        await claimed(desk)
        await desk.agent("sam", "hello")
    network._teams = {AGENTS_ROOM: "support"}
    renamed = replace(DESK, teams=(Team("support", {"en": "Support"}),))
    async with stage(renamed, tmp_path / "desk.db", network) as desk:
        network.trouble = refusing(ROOM)
        network.say(AGENTS_ROOM, "sam", "hello again", thread=next(iter(network.in_room(AGENTS_ROOM))).ref)
        await desk._taken()
        await until(desk, lambda: any("A new card" in text for text in seen(network, AGENTS_ROOM)))
        assert [letter.words for letter in letters(tmp_path / "desk.db")] == ["hello again"]


async def test_another_team_hears_of_a_room_that_takes_nothing(tmp_path: Path) -> None:
    network = two_teams()
    async with stage(DESK, tmp_path / "desk.db", network, rooms=ROOMS) as desk:
        network.trouble = refusing(ROOMS["mobile"])
        network.say(ROOM, "marie", "what is life?")
        await until(desk, lambda: letters(tmp_path / "desk.db"))
        desk.clock.at += timedelta(minutes=2)
        await desk.store.gather_dead(desk.clock.at, timedelta(minutes=1), ["mobile", "lines"])
        await until(desk, lambda: any("#1" in text for text in seen(network, ROOMS["lines"])))
        network.trouble = calm
        desk.clock.at += timedelta(minutes=10)
        await desk.settle()
        assert any("what is life?" in text for text in seen(network, ROOMS["mobile"]))


# --- late words


class Silent(MemoryTransport):
    """Answers for one room as a gateway that is in the way does."""

    blocked = True

    async def send(
        self, address: Address, content: Content, key: str, *, answers: str | None = None, file: Fetched | None = None
    ) -> str:
        if self.blocked and address.room == ROOM:
            raise TryLater("the gateway does not let this through", timedelta())
        return await super().send(address, content, key, answers=answers, file=file)


async def test_agents_hear_of_words_that_are_tried_for_long_and_do_not_arrive(tmp_path: Path) -> None:
    network = Silent(teams={"mobile": AGENTS_ROOM})
    network.join(AGENTS_ROOM, "sam", "Sam")
    network.blocked = False
    async with stage(DESK, tmp_path / "desk.db", network) as desk:
        await claimed(desk)
        network.blocked = True
        ref = network.say(AGENTS_ROOM, "sam", "try <script>", thread=desk.cards[1].ref)
        for _ in range(10):
            desk.store.progress_bell.clear()
            await desk.store.progress_bell.wait()
        desk.clock.at += timedelta(minutes=20)
        assert await desk.store.gather_dead(desk.clock.at, timedelta(minutes=1), ["mobile"]) is None
        network.say(ROOM, "marie", "are you there?")  # the network is there
        await until(desk, lambda: any("are you there?" in text for text in seen(network, AGENTS_ROOM)))
        desk.clock.at += timedelta(minutes=20)
        for _ in range(2):
            await desk.store.gather_dead(desk.clock.at, timedelta(minutes=1), ["mobile"])
        await until(desk, lambda: any("Not delivered to the customer yet" in t for t in seen(network, AGENTS_ROOM)))
        await until(desk, lambda: "cannot be reached" in desk.network.in_room(AGENTS_ROOM)[0].text)
        network.blocked = False
        await desk.settle()
        assert network.messages[ref].marks == ["✅"]
        assert seen(network, ROOM)[-1] == "try <script>"
        assert sum("Not delivered to the customer yet" in text for text in seen(network, AGENTS_ROOM)) == 1
        assert "cannot be reached" not in desk.cards[1].text


async def test_nothing_goes_into_a_room_where_somebody_came_while_it_waited(tmp_path: Path) -> None:
    class Watched(SqliteStore):
        looked = asyncio.Event()  # the lane knows the row, and waits until it is due

        async def head(self, lane: str) -> Outgoing | None:
            row = await super().head(lane)
            if row is not None and row.tries:
                self.looked.set()
            return row

    async with stage(DESK, tmp_path / "desk.db", kind=Watched) as desk:
        await claimed(desk)
        tried = asyncio.Event()

        def limited(address: Address, key: str) -> None:
            if address.room == ROOM and not tried.is_set():
                tried.set()
                raise TryLater("the homeserver limits how fast the bot may act", timedelta(seconds=1))

        desk.network.trouble = limited
        ref = desk.network.say(AGENTS_ROOM, "sam", "for her alone", thread=desk.cards[1].ref)
        await Watched.looked.wait()
        desk.network.company(ROOM, "mallory", comes=True)
        await until(desk, lambda: any("mallory" in text for text in seen(desk.network, AGENTS_ROOM)))
        desk.clock.at += timedelta(seconds=2)
        await until(desk, lambda: desk.network.messages[ref].marks)
        assert desk.network.messages[ref].marks == ["❌"]
        assert "for her alone" not in seen(desk.network, ROOM)


async def test_the_room_of_a_stranger_who_stayed_is_not_hers_again(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await claimed(desk)
        desk.network.company(ROOM, "mallory", comes=True)
        await desk._taken()
        desk.new_for_agents()
        desk.network.leave(ROOM, "marie")
        desk.network._happen(desk.network._happened[-1].kind.ALONE, ROOM, "mallory")
        await desk._taken()
        assert not any("alone with the bot" in message.text for message in desk.new_for_agents())


# --- marks


async def test_marks_and_states_come_once_the_agents_room_takes_something_again(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await claimed(desk)
        shut: list[str] = []

        def refuses(address: Address, key: str) -> None:
            if address.room == AGENTS_ROOM and len(shut) < 2:
                shut.append(key)
                raise Undeliverable("the bot may not write in this room", whole_room=True)

        desk.network.trouble = refuses
        await desk.agent("sam", "hello Marie")
        await desk.agent("sam", "!close")
        assert desk.marks() == ["✅"]
        assert len(shut) == 2
        first = next(m for m in desk.network.messages.values() if m.text == "hello Marie" and m.sender == "sam")
        assert first.marks == []
        await desk.customer("marie", "one more thing")
        assert first.marks == ["✅"]
        assert desk.cards[1].text.startswith("🟢 #1")  # not the state of before
        assert letters(tmp_path / "desk.db") == []


async def test_a_mark_that_is_refused_each_time_is_given_up(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await claimed(desk)
        tries: list[str] = []

        class Marks(MemoryTransport):
            pass

        async def refused(address: Address, ref: str, symbol: str, key: str) -> str:
            tries.append(key)
            raise Undeliverable("no reactions here", whole_room=True)

        desk.network.react = refused  # type: ignore[method-assign]
        await desk.agent("sam", "!note something")
        for number in range(6):
            await desk.customer("marie", f"line {number}")
        assert len(tries) == 3


# --- clocks and loops


async def ask_often(desk: Stage, times: int, every: timedelta) -> None:
    for number in range(times):
        desk.network.say(ROOM, "marie", "puk", at=desk.clock.at - (times - number) * every)
    await desk._taken()


async def test_what_was_written_over_hours_and_read_at_once_is_no_loop(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await ask_often(desk, 20, timedelta(minutes=10))
        assert desk.cards == {}
        assert seen(desk.network, ROOM) == ["Answer to puk"] * 20


async def test_a_restored_backup_makes_no_loop_of_a_day(tmp_path: Path) -> None:
    database, backup, network = tmp_path / "desk.db", tmp_path / "backup.db", new_network(DESK)
    async with stage(DESK, database, network) as desk:
        copy(database, backup)
        for _ in range(20):
            desk.clock.at += timedelta(minutes=5)
            network.say(ROOM, "marie", "puk", at=desk.clock.at)
            await desk._taken()
    before = seen(network, ROOM)
    restore(backup, database)
    async with stage(DESK, database, network, WallClock(datetime(2026, 10, 22, tzinfo=UTC))) as desk:
        assert seen(network, ROOM) == before
        assert desk.cards == {}


async def test_a_clock_that_is_set_back_makes_no_loop(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        for _ in range(20):
            desk.clock.at += timedelta(minutes=5)
            await desk.customer("marie", "puk")
        desk.clock.at -= timedelta(hours=3)
        await desk.customer("marie", "puk")
        assert desk.cards == {}


@pytest.mark.parametrize("text", ["puk", ""])
async def test_two_slow_bots_that_answer_each_other_are_stopped(tmp_path: Path, text: str) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        for _ in range(60):
            desk.clock.at += timedelta(seconds=11)
            await desk.customer("marie", text, **({} if text else {"attachment": "picture.png"}))
        assert "another bot" in desk.cards[1].text
        assert len(seen(desk.network, ROOM)) < 45
