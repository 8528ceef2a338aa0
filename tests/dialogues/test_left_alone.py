"""Nobody is left alone: whom the bot cannot answer or read gets a person, and no ticket stays with who has left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from helpbot.app import Helpbot
from helpbot.core.model import Finding, Team
from helpbot.store.sqlite import SqliteStore
from helpbot.transports.base import Address, TryLater, Undeliverable
from tests.core.cases import DESK, SmallLibrary
from tests.dialogues.stage import AGENTS_ROOM, Stage, WallClock, new_network, stage
from tests.dialogues.test_trouble import ROOM, Abort, claimed, refusing, seen
from tests.dialogues.test_waiting import Killed, network

# --- whom the bot cannot answer


async def test_she_whose_answer_is_refused_gets_a_person(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        desk.network.trouble = refusing(ROOM)
        await desk.customer("marie", "puk")
        assert desk.cards[1].text.startswith("🟡 #1")
        assert "cannot be reached" in desk.cards[1].text
        assert "marie: puk" in "\n".join(seen(desk.network, AGENTS_ROOM)).replace("**", "").lower()


async def test_she_who_has_left_before_the_answer_calls_nobody(tmp_path: Path) -> None:
    def gone(address: Address, key: str) -> None:
        if address.room == ROOM:
            raise Undeliverable("gone")

    async with stage(DESK, tmp_path / "desk.db") as desk:
        desk.network.trouble = gone
        await desk.customer("marie", "puk")
        assert desk.cards == {}


async def test_she_whose_answer_is_long_delayed_gets_a_person(tmp_path: Path) -> None:
    def busy(address: Address, key: str) -> None:
        if address.room == ROOM:
            raise TryLater("cannot be encrypted", timedelta(milliseconds=1))

    async with stage(DESK, tmp_path / "desk.db") as desk:
        desk.network.trouble = busy
        desk.network.say(ROOM, "marie", "puk")
        async with asyncio.timeout(20):
            while not await desk.store._one("SELECT 1 FROM outbox WHERE lane = 'c1' AND tries >= 5"):
                await asyncio.sleep(0.01)
                desk.clock.at += timedelta(minutes=5)
            desk.clock.at += timedelta(minutes=1)
            desk.network.say("room of paul", "paul", "puk")  # the network is there
            while not any("cannot be reached" in text for text in seen(desk.network, AGENTS_ROOM)):
                await asyncio.sleep(0.01)
                desk.clock.at += timedelta(minutes=5)
                await desk.store.gather_dead(desk.clock.at, timedelta(minutes=1), ["mobile"])
        desk.network.trouble = lambda address, key: None


async def test_she_whose_words_wait_for_the_agents_room_is_told_once(tmp_path: Path) -> None:
    def busy(address: Address, key: str) -> None:
        if address.room == AGENTS_ROOM:
            raise TryLater("not now", timedelta(milliseconds=1))

    def told(desk: Stage) -> int:
        return sum("has not been able to read it yet" in text for text in seen(desk.network, ROOM))

    async def waits(desk: Stage, until: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not until():
                await asyncio.sleep(0.01)
                desk.clock.at += timedelta(minutes=5)
                await desk.store.gather_dead(desk.clock.at, timedelta(minutes=1), ["mobile"])

    async with stage(DESK, tmp_path / "desk.db") as desk:
        await desk.customer("marie", "human")
        await desk.agent_reacts("sam", "✋")
        desk.network.trouble = busy
        desk.network.say(ROOM, "marie", "is anybody there?")
        await asyncio.sleep(0.1)
        desk.clock.at += timedelta(minutes=20)
        desk.network.say("room of paul", "paul", "puk")  # the network is there
        await waits(desk, lambda: told(desk) > 0)
        begun = desk.clock.at
        await waits(desk, lambda: desk.clock.at > begun + timedelta(hours=1))
        assert told(desk) == 1
        desk.network.trouble = lambda address, key: None
        desk.clock.at += timedelta(minutes=30)
        await desk._taken()
        assert "marie: is anybody there?" in "\n".join(seen(desk.network, AGENTS_ROOM))


async def test_she_whose_words_never_decrypt_gets_a_person(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await desk.customer("marie", "", attachment="undecryptable")
        assert desk.cards == {}
        await desk.customer("marie", "", attachment="undecryptable")
        assert "the bot failed" in desk.cards[1].text


async def test_she_who_is_read_in_between_is_asked_again(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await desk.customer("marie", "", attachment="undecryptable")
        await desk.customer("marie", "puk")
        await desk.customer("marie", "", attachment="undecryptable")
        assert desk.cards == {}


async def test_nobody_writes_without_end_however_her_server_dates_it(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        for number in range(510):
            written = datetime(2020, 1, 1, tzinfo=UTC) - timedelta(hours=3 * number)
            desk.network.say(ROOM, "marie", "puk", at=written)
        await desk._taken()
        assert "another bot" in desk.cards[1].text
        assert len(seen(desk.network, ROOM)) <= 501


async def test_a_file_that_comes_with_too_many_words_is_named(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        for _ in range(15):
            await desk.customer("marie", "puk", at=desk.clock.at)
        await desk.customer("marie", "look at this", attachment="contract.pdf", at=desk.clock.at)
        assert any("contract.pdf" in text for text in seen(desk.network, AGENTS_ROOM))


# --- whose ticket nobody has any more


@pytest.mark.parametrize("again", ["she writes", "!reopen"])
async def test_a_ticket_is_not_opened_again_for_an_owner_who_has_left(tmp_path: Path, again: str) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        desk.network.join(AGENTS_ROOM, "alex", "Alex")
        await claimed(desk)
        await desk.agent("sam", "!close")
        desk.network.leave_agents(AGENTS_ROOM, "sam")
        await desk._taken()
        desk.new_for("marie")
        if again == "!reopen":
            await desk.agent("alex", "!reopen")
        else:
            await desk.customer("marie", "it is broken again")
        assert "nobody" in desk.cards[1].text
        assert not any("Sam" in message.text for message in desk.new_for("marie"))


async def test_tickets_of_a_team_that_was_renamed_do_not_stay_with_who_left(tmp_path: Path) -> None:
    there = new_network(DESK)
    async with stage(DESK, tmp_path / "desk.db", there) as desk:
        await claimed(desk)
    there._teams = {AGENTS_ROOM: "support"}
    renamed = replace(DESK, teams=(Team("support", {"en": "Support"}),))
    async with stage(renamed, tmp_path / "desk.db", there) as desk:
        there.leave_agents(AGENTS_ROOM, "sam")
        await desk._taken()
        assert "nobody" in desk.cards[1].text


async def test_who_leaves_one_teams_room_keeps_the_tickets_of_another(tmp_path: Path) -> None:
    rooms = {"mobile": AGENTS_ROOM, "lines": "room of lines"}
    there = new_network(DESK)
    there._teams = {room: team for team, room in rooms.items()}
    there.join("room of lines", "sam", "Sam")
    async with stage(DESK, tmp_path / "desk.db", there, rooms=rooms) as desk:
        await claimed(desk)
        there.leave_agents("room of lines", "sam")
        await desk._taken()
        assert "Owner: Sam" in desk.cards[1].text


async def test_a_card_that_was_lost_while_its_ticket_was_closed_is_there_when_she_writes(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await claimed(desk)
        old = desk.cards[1].ref
        within = next(message for message in desk.network.in_room(AGENTS_ROOM) if message.thread == old)
        del desk.network.messages[old]
        await desk.agent("sam", "!close", thread=None, reply_to=within.ref)
        await desk.customer("marie", "once more")
        assert desk.cards[1].ref != old
        assert any(m.thread == desk.cards[1].ref and "once more" in m.text for m in desk.network.in_room(AGENTS_ROOM))


# --- what an agent wrote and nobody can read


async def test_an_agent_is_told_that_his_words_cannot_be_read(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await claimed(desk)
        ref = desk.network.say(AGENTS_ROOM, "sam", "your code is 1234", thread=desk.cards[1].ref)
        lost = next(item for item in desk.network._happened if item.id == ref)
        desk.network._happened.remove(lost)
        news = replace(lost, id=f"{ref}:undecryptable", text="", attachment="undecryptable", late=True)
        desk.network._happened.append(news)
        desk.network._news.set()
        await desk._taken()
        assert desk.network.messages[ref].marks == ["❌"]
        desk.network._happened.append(replace(lost, late=True))  # the key comes at last
        desk.network._news.set()
        await desk._taken()
        assert "your code is 1234" not in seen(desk.network, ROOM)
        assert desk.network.messages[ref].marks == ["❌"]


# --- what ends the process


def test_what_ends_the_process_behind_words_that_wait_is_put_aside(tmp_path: Path) -> None:
    class Deadly(SmallLibrary):
        def find(self, text: str, language: str | None, at: datetime, before: str | None = None) -> Finding:
            if "deadly" in text:
                raise Abort
            return super().find(text, language, at, before)

    there = network()
    there.failures = 10**6  # the agents' room cannot be read: what points into it waits
    there.say(AGENTS_ROOM, "sam", "!r lunch?", reply_to="$nobody-knows")
    there.say(ROOM, "marie", "deadly")

    async def start() -> None:
        store = await SqliteStore.open(tmp_path / "desk.db")
        try:
            there.start_from(await store.notebook(there.name).cursor())
            rooms = {"mobile": Address(there.name, AGENTS_ROOM)}
            desk = replace(DESK, library=Deadly())
            bot = Helpbot(store, [there], rooms, desk, WallClock().now)
            async with asyncio.timeout(10), bot.running():
                while not await store._one("SELECT 1 FROM ticket"):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
                raise Killed
        finally:
            await store.close()

    ended = 0
    for _ in range(8):
        with pytest.raises(BaseExceptionGroup) as why:
            asyncio.run(start())
        if why.group_contains(Killed):
            break
        ended += 1
    assert ended == 5


async def test_who_leaves_many_closed_tickets_keeps_nobody_waiting(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await claimed(desk)
        await desk.agent("sam", "!close")
        await claimed(desk, "paul")
        desk.network.leave_agents(AGENTS_ROOM, "sam")
        await desk._taken()
        events = await desk.store._all("SELECT event FROM inbox WHERE event LIKE 'agent_left:%'")
        assert len(events) == 1  # of the open one; the other is free in the same commit
        owners = await desk.store._all("SELECT owner FROM ticket ORDER BY number")
        assert [row["owner"] for row in owners] == [None, None]
