"""Words in transit: crashes, repeats, slow and broken networks, through memory and a real SQLite."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from helpbot.store.base import Outgoing, StoreBusy
from helpbot.store.sqlite import SqliteStore
from helpbot.transports.base import Address, TryLater, Undeliverable
from helpbot.transports.memory import MemoryTransport, Message
from tests.core.cases import DESK
from tests.dialogues.stage import AGENTS_ROOM, Stage, WallClock, new_network, stage


async def claimed(desk: Stage, name: str = "marie") -> None:
    await desk.customer(name, "what is life?")
    await desk.agent("sam", "!claim")
    desk.new_for(name), desk.new_for_agents()


async def test_a_restart_repeats_nothing_and_loses_nothing(tmp_path: Path) -> None:
    network = new_network(DESK)
    async with stage(DESK, tmp_path / "desk.db", network) as desk:
        await desk.arrives("marie")
        await claimed(desk)
    network.say("room of marie", "marie", "said while the desk was away")
    async with stage(DESK, tmp_path / "desk.db", network) as desk:
        shown = [message.text for message in desk.network.in_room(AGENTS_ROOM)]
        assert sum("said while the desk was away" in text for text in shown) == 1
        assert sum(text.startswith("🟢 #1") for text in shown) == 1
        greetings = [message for message in desk.network.in_room("room of marie") if "bot" in message.text]
        assert len(greetings) == 1


async def test_an_event_handed_in_twice_counts_once(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        ref = desk.network.say("room of marie", "marie", "puk")
        desk.network.repeat(ref)
        await desk.network.taken()
        await desk.settle()
        assert len(desk.new_for("marie")) == 1


@pytest.mark.parametrize("forgets", [False, True])
async def test_an_answer_lost_on_the_way_back_is_not_said_twice(tmp_path: Path, forgets: bool) -> None:
    """The network took the message, we never heard: the lane reads back before it sends again."""
    lost = []

    def lose(address: Address, key: str) -> None:
        if key not in lost:
            lost.append(key)
            raise TryLater("the answer was cut", timedelta())

    async with stage(DESK, tmp_path / "desk.db") as desk:
        desk.network.trouble_after = lose
        desk.network.forgets = forgets
        await desk.customer("marie", "puk")
        assert len(desk.new_for("marie")) == 1
    assert lost


async def test_what_was_sent_right_before_a_kill_is_not_said_twice(tmp_path: Path) -> None:
    """As above, but the desk died over it: the next one reads back, even from a network that forgot the key."""

    def dies(address: Address, key: str) -> None:
        raise TryLater("killed here", timedelta(hours=1))

    network = new_network(DESK)
    async with stage(DESK, tmp_path / "desk.db", network) as desk:
        network.trouble_after, network.forgets = dies, True
        network.say("room of marie", "marie", "puk")
        async with asyncio.timeout(10):
            while len(network.in_room("room of marie")) < 2:
                await desk.store.progress_bell.wait()
                desk.store.progress_bell.clear()
    network.trouble_after = lambda address, key: None
    async with stage(DESK, tmp_path / "desk.db", network, WallClock(WallClock().at + timedelta(days=2))) as desk:
        assert len(desk.new_for("marie")) == 1


async def test_what_was_taken_unheard_is_found_behind_what_was_sent_later(tmp_path: Path) -> None:
    """A line of one ticket was taken unheard, one of another was sent after it; then the desk died."""

    def unheard(address: Address, key: str) -> None:
        if any("said by marie" in message.text for message in network.messages.values() if message.key == key):
            raise TryLater("the answer was cut", timedelta(hours=1))

    def lines(text: str) -> int:
        return sum(text in message.text for message in network.in_room(AGENTS_ROOM))

    network = new_network(DESK)
    async with stage(DESK, tmp_path / "desk.db", network) as desk:
        for name in ("marie", "paul"):
            await desk.customer(name, "what is life?")
        network.trouble_after = unheard
        for name in ("marie", "paul"):
            network.say(f"room of {name}", name, f"said by {name}")
            async with asyncio.timeout(10):
                while not lines(f"said by {name}"):
                    desk.store.progress_bell.clear()
                    await desk.store.progress_bell.wait()
    network.trouble_after, network.forgets = lambda address, key: None, True
    async with stage(DESK, tmp_path / "desk.db", network, WallClock(WallClock().at + timedelta(hours=2))):
        pass
    assert (lines("said by marie"), lines("said by paul")) == (1, 1)


class RacingStore(SqliteStore):
    """Something new comes into the lane just after the lane has looked and found nothing."""

    network: MemoryTransport
    raced = False

    async def head(self, lane: str) -> Outgoing | None:
        row = await super().head(lane)
        if row is None and not self.raced:
            self.raced = True
            self.network.say("room of marie", "marie", "puk again")
            while await super().head(lane) is None or self.outbox_bell.is_set():  # noqa: ASYNC110  # others must see it
                await asyncio.sleep(0)
            await super().lanes()  # the courier has looked by now, and saw the lane at work
        return row


async def test_what_comes_while_a_lane_ends_is_sent(tmp_path: Path) -> None:
    network = new_network(DESK)
    RacingStore.network = network
    async with stage(DESK, tmp_path / "desk.db", network, kind=RacingStore) as desk:
        network.say("room of marie", "marie", "puk")
        async with asyncio.timeout(10):
            while len(network.in_room("room of marie")) < 4:
                await desk.store.progress_bell.wait()
                desk.store.progress_bell.clear()


async def test_a_desk_that_is_told_to_stop_finishes_what_it_holds(tmp_path: Path) -> None:
    network = new_network(DESK)
    async with stage(DESK, tmp_path / "desk.db", network):
        for number in range(20):
            network.say(f"room of {number}", str(number), "puk")
        await network.taken()
    assert all(len(network.in_room(f"room of {number}")) == 2 for number in range(20))


async def test_a_desk_that_is_told_to_stop_takes_nothing_new_in_and_loses_nothing(tmp_path: Path) -> None:
    network = new_network(DESK)
    async with stage(DESK, tmp_path / "desk.db", network) as desk:

        def somebody_writes_late(verb: str, message: Message) -> None:
            if not desk.bot.takes_in and not network.in_room("room of late"):
                network.say("room of late", "late", "puk")

        network.shown = somebody_writes_late
        for number in range(20):
            network.say(f"room of {number}", str(number), "puk")
        await network.taken()
    assert len(network.in_room("room of late")) == 1, "written, and neither taken in nor answered"
    async with stage(DESK, tmp_path / "desk.db", network) as desk:
        assert len(desk.new_for("late")) == 1


async def test_a_lane_has_one_message_in_flight(tmp_path: Path) -> None:
    """On a network that would show a message twice, were it handed over twice."""
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await claimed(desk)
        desk.network.forgets = True
        for number in range(30):
            desk.network.say(AGENTS_ROOM, "sam", f"line {number}", thread=desk.cards[1].ref)
        await desk.network.taken()
        await desk.settle()
        assert [message.text for message in desk.new_for("marie")] == [f"line {number}" for number in range(30)]


async def test_a_lane_that_waits_holds_nobody_else_up(tmp_path: Path) -> None:
    open_again = asyncio.Event()

    def only_paul(address: Address, key: str) -> None:
        if address.room == "room of marie" and not open_again.is_set():
            raise TryLater("slow down", timedelta(milliseconds=20))

    async with stage(DESK, tmp_path / "desk.db") as desk:
        desk.network.trouble = only_paul
        desk.network.say("room of marie", "marie", "puk")
        desk.network.say("room of paul", "paul", "puk")
        async with asyncio.timeout(10):
            while not desk.new_for("paul"):
                await desk.store.progress_bell.wait()
                desk.store.progress_bell.clear()
        assert desk.new_for("marie") == []
        open_again.set()
        desk.clock.at += timedelta(minutes=10)
        await desk.settle()
        assert len(desk.new_for("marie")) == 1


async def test_a_lane_keeps_its_order_through_trouble(tmp_path: Path) -> None:
    tries: dict[str, int] = {}

    def every_message_fails_twice(address: Address, key: str) -> None:
        tries[key] = tries.get(key, 0) + 1
        if tries[key] < 3:
            raise TryLater("busy", timedelta())

    async with stage(DESK, tmp_path / "desk.db") as desk:
        await claimed(desk)
        desk.network.trouble = every_message_fails_twice
        for number in range(10):
            desk.network.say(AGENTS_ROOM, "sam", f"line {number}", thread=desk.cards[1].ref)
        await desk.network.taken()
        await desk.settle()
        assert [message.text for message in desk.new_for("marie")] == [f"line {number}" for number in range(10)]


async def test_what_cannot_be_delivered_is_marked_and_explained(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await claimed(desk)

        def blocked(address: Address, key: str) -> None:
            if address.room == "room of marie":
                raise Undeliverable("she blocked the bot")

        desk.network.trouble = blocked
        await desk.agent("sam", "hello Marie")
        assert desk.marks() == ["❌"]
        assert "she blocked the bot" in desk.new_for_agents()[-1].text


async def test_nothing_is_sent_to_who_left_and_the_agent_is_told(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await claimed(desk)
        desk.network.leave("room of marie", "marie")
        await desk.agent("sam", "are you there?")
        assert desk.marks() == ["❌"]
        assert desk.new_for("marie") == []
        await desk.arrives("marie")
        await desk.agent("sam", "there you are")
        assert desk.marks() == ["✅"]


async def test_a_poison_message_goes_to_a_person_and_stops_nothing(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await desk.customer("marie", "boom")
        assert "#1" in desk.new_for("marie")[0].text
        assert any("boom" in message.text for message in desk.new_for_agents())
        await desk.customer("paul", "puk")
        assert "Answer" in desk.new_for("paul")[0].text


async def test_an_agent_who_left_is_refused(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await claimed(desk)
        desk.network.leave_agents(AGENTS_ROOM, "sam")
        await desk.agent("sam", "a word from outside")
        await desk.agent("sam", "!r another")
        assert desk.new_for("marie") == []
        assert desk.marks() == ["❌"]


async def test_thread_and_reply_of_two_tickets_go_to_nobody(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await claimed(desk)
        await claimed(desk, "paul")
        await desk.agent("sam", "!r for whom?", number=1, reply_to=desk.cards[2].ref)
        assert desk.new_for("marie") == []
        assert desk.new_for("paul") == []
        assert desk.marks() == ["❌"]


async def test_a_plain_reply_to_any_message_of_the_ticket_counts_as_its_thread(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await claimed(desk)
        await claimed(desk, "paul")
        first = next(m for m in desk.network.in_room(AGENTS_ROOM) if m.thread == desk.cards[1].ref)
        await desk.agent("sam", "for Marie", thread=None, reply_to=first.ref)
        assert [message.text for message in desk.new_for("marie")] == ["for Marie"]
        mine = desk.last_by_agent
        await desk.agent("sam", "and again", thread=None, reply_to=mine)
        assert [message.text for message in desk.new_for("marie")] == ["and again"]
        assert desk.new_for("paul") == []


async def test_talk_outside_of_threads_is_left_alone_and_commands_there_are_explained(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await claimed(desk)
        await desk.agent("sam", "lunch?", thread=None)
        assert desk.new_for_agents() == []
        await desk.agent("sam", "!r hello", thread=None)
        assert [message.thread for message in desk.new_for_agents()] == [None]
        assert desk.new_for("marie") == []


async def test_a_claim_by_reaction_counts_on_the_card_alone(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await desk.customer("marie", "what is life?")
        inner = next(m for m in desk.network.in_room(AGENTS_ROOM) if m.thread == desk.cards[1].ref)
        desk.network.react_as(AGENTS_ROOM, "sam", inner.ref, "✋")
        await desk.agent_reacts("sam", "🎉")
        assert "nobody" in desk.cards[1].text
        await desk.agent_reacts("sam", "👍🏽")
        assert "Sam" in desk.cards[1].text


async def test_two_customers_at_once_never_read_each_others_words(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        names = [f"customer{number}" for number in range(8)]
        for name in names:
            desk.network.say(f"room of {name}", name, f"canary of {name}, what is life?")
        await desk.network.taken()
        await desk.settle()
        for number in range(1, 9):
            desk.network.say(AGENTS_ROOM, "sam", f"!r answer {number}", thread=desk.cards[number].ref)
        await desk.network.taken()
        await desk.settle()
        for number, name in enumerate(names, start=1):
            mine = "\n".join(message.text for message in desk.new_for(name))
            assert f"answer {number}" in mine
            assert "canary" not in mine
            assert f"#{number}" in mine


async def test_a_fault_of_ours_in_one_send_stops_nobody_else(tmp_path: Path) -> None:
    def fail(address: Address, key: str) -> None:
        if address.room == "room of marie":
            raise ValueError("a fault of ours")

    async with stage(DESK, tmp_path / "desk.db") as desk:
        desk.network.trouble = fail
        for name in ("marie", "paul"):
            desk.network.say(f"room of {name}", name, "puk")
        async with asyncio.timeout(10):
            while not any("Answer" in message.text for message in desk.network.in_room("room of paul")):  # noqa: ASYNC110  # a network has no event
                await asyncio.sleep(0.01)
        assert not any("Answer" in message.text for message in desk.network.in_room("room of marie"))
        desk.network.trouble = lambda address, key: None


async def test_a_refused_mark_holds_up_no_words(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await claimed(desk)
        react = desk.network.react

        async def refused(address: Address, to: str, symbol: str, key: str) -> str:
            if symbol == "📝":
                raise Undeliverable("no marks here")
            return await react(address, to, symbol, key)

        desk.network.react = refused  # type: ignore[method-assign,assignment]
        await desk.agent("sam", "!note aside")
        await desk.customer("marie", "are you there?")
        assert any("are you there?" in message.text for message in desk.new_for_agents())


async def test_what_was_sent_while_the_database_was_busy_is_not_sent_again(tmp_path: Path) -> None:
    class Busy(SqliteStore):
        refusals = 2

        async def sent(self, row: Outgoing, transport: str, ref: str, at: datetime, *, found: bool = False) -> None:
            if Busy.refusals:
                Busy.refusals -= 1
                raise StoreBusy("disk full")
            await super().sent(row, transport, ref, at, found=found)

    async with stage(DESK, tmp_path / "desk.db", kind=Busy) as desk:
        desk.network.forgets = True
        await desk.customer("marie", "puk")
        assert len([message for message in desk.network.in_room("room of marie") if "Answer" in message.text]) == 1
        assert Busy.refusals == 0


async def test_another_teams_room_has_no_say_in_a_ticket(tmp_path: Path) -> None:
    network = MemoryTransport(teams={"mobile": AGENTS_ROOM, "lines": "lines"})
    network.join(AGENTS_ROOM, "sam", "Sam")
    network.join("lines", "eve", "Eve")
    async with stage(DESK, tmp_path / "desk.db", network, rooms={"mobile": AGENTS_ROOM, "lines": "lines"}) as desk:
        await desk.customer("marie", "what is life?")
        desk.new_for("marie")
        network.say("lines", "eve", "!r hello from elsewhere", thread=desk.cards[1].ref)
        await desk.network.taken()
        await desk.settle()
        assert desk.new_for("marie") == []
