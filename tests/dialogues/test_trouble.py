"""What a desk does when something will not work: refused, poisoned, doubted, crowded; memory network, real SQLite."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from helpbot.core.model import Desk, Finding, Status
from helpbot.store.dead import letters
from helpbot.store.sqlite import SqliteStore
from helpbot.transports.base import Address, Incoming, Kind, TryLater, Undeliverable
from helpbot.transports.memory import MemoryTransport, Message
from tests.core.cases import DESK, SmallLibrary
from tests.dialogues.stage import AGENTS_ROOM, Stage, WallClock, new_network, stage

ROOM = "room of marie"


async def claimed(desk: Stage, name: str = "marie") -> None:
    await desk.customer(name, "what is life?")
    await desk.agent("sam", "!claim")
    desk.new_for(name), desk.new_for_agents()


async def until(desk: Stage, so: object) -> None:
    """Wait until `so` holds; each commit of the desk is looked at."""
    assert callable(so)
    async with asyncio.timeout(15):
        while not so():
            desk.store.progress_bell.clear()
            await desk.store.progress_bell.wait()


def restore(backup: Path, database: Path) -> None:
    """Put an old copy in the place of a database."""
    for path in (database, database.with_name(f"{database.name}-wal"), database.with_name(f"{database.name}-shm")):
        path.unlink(missing_ok=True)
    database.write_bytes(backup.read_bytes())


def copy(database: Path, backup: Path) -> None:
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(backup)) as target:
        source.backup(target)


def seen(network: MemoryTransport, room: str) -> list[str]:
    return [message.text for message in network.in_room(room) if message.sender == network.account]


# --- poison


class Poisoned(SmallLibrary):
    """Counts how often it is asked about what makes it raise."""

    asked = 0

    def find(self, text: str, language: str | None, at: datetime, before: str | None = None) -> Finding:
        self.asked += "boom" in text
        return super().find(text, language, at, before)


async def test_poison_is_tried_five_times_then_kept_and_a_person_gets_it(tmp_path: Path) -> None:
    library = Poisoned()
    async with stage(replace(DESK, library=library), tmp_path / "desk.db") as desk:
        await desk.customer("marie", "boom")
        assert library.asked == 5
        assert any("boom" in text for text in seen(desk.network, AGENTS_ROOM))
        await desk.customer("marie", "and then?")
        assert any("and then?" in text for text in seen(desk.network, AGENTS_ROOM))
        (kept,) = letters(tmp_path / "desk.db")
        assert kept.words == "boom"
        assert "ValueError" in kept.why
        assert any("helpbot dead list" in text and "#1" in text for text in seen(desk.network, AGENTS_ROOM))


class Abort(BaseException):
    """Ends the desk: no code of it may catch this."""


def test_what_ends_the_process_each_time_goes_to_a_person_in_the_end(tmp_path: Path) -> None:
    class Deadly(SmallLibrary):
        def find(self, text: str, language: str | None, at: datetime, before: str | None = None) -> Finding:
            if "deadly" in text:
                raise Abort
            return super().find(text, language, at, before)

    network = new_network(DESK)
    network.say(ROOM, "marie", "deadly")

    async def once() -> None:
        async with stage(replace(DESK, library=Deadly()), tmp_path / "desk.db", network):
            pass

    for _ in range(5):
        with pytest.raises(BaseExceptionGroup):
            asyncio.run(once())
    asyncio.run(once())
    assert any("deadly" in text for text in seen(network, AGENTS_ROOM))


async def test_words_that_a_person_got_are_not_repeated_by_a_retry(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await desk.customer("marie", "boom")
        await desk.agent("sam", "!close")
        (kept,) = letters(tmp_path / "desk.db")
        assert kept.handed
        desk.new_for("marie"), desk.new_for_agents()
        assert not await desk.store.retry_dead(kept.id)
        await desk.settle()
        assert desk.new_for("marie") == desk.new_for_agents() == []
        assert not await desk.store.drop_dead("in99", desk.clock.now())
        assert await desk.store.drop_dead(kept.id, desk.clock.now())
        assert letters(tmp_path / "desk.db") == []


async def test_an_event_that_nobody_could_deal_with_is_decided_anew(tmp_path: Path) -> None:
    """As after an update: what failed to the last is now what it was."""

    class Fails(SmallLibrary):
        fails = True

        def find(self, text: str, language: str | None, at: datetime, before: str | None = None) -> Finding:
            if self.fails:
                raise ValueError("a fault of ours")
            return super().find(text, language, at, before)

    library = Fails()
    async with stage(replace(DESK, library=library, languages=("en", "xx")), tmp_path / "desk.db") as desk:
        desk.bot.desk = replace(desk.bot.desk, languages=())  # no phrase can be said: the way to a person fails too
        desk.network.say(ROOM, "marie", "puk")
        await desk.network.taken()
        await until(desk, lambda: letters(tmp_path / "desk.db"))
        (kept,) = letters(tmp_path / "desk.db")
        assert (kept.words, kept.handed) == ("puk", False)
        desk.bot.desk, library.fails = replace(DESK, library=library), False
        assert await desk.store.retry_dead(kept.id)
        await desk.settle()
        assert letters(tmp_path / "desk.db") == []
        assert "Answer to puk" in seen(desk.network, ROOM)


# --- refused


def refusing(room: str) -> Callable[[Address, str], None]:
    def trouble(address: Address, key: str) -> None:
        if address.room == room:
            raise Undeliverable("the bot may not write there", whole_room=True)

    return trouble


async def test_what_a_customers_room_refuses_is_a_dead_letter_that_agents_hear_of(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await claimed(desk)
        desk.network.trouble = refusing(ROOM)
        await desk.agent("sam", "hello Marie")
        assert desk.marks() == ["❌"]
        assert "cannot be reached" in desk.cards[1].text
        assert any("helpbot dead list" in text for text in seen(desk.network, AGENTS_ROOM))
        (kept,) = letters(tmp_path / "desk.db")
        assert (kept.words, kept.ticket, kept.tries) == ("hello Marie", 1, 2)
        desk.network.trouble = lambda address, key: None
        assert await desk.store.retry_dead(kept.id)
        await desk.settle()
        assert [message.text for message in desk.new_for("marie")] == ["hello Marie"]
        assert "cannot be reached" not in desk.cards[1].text
        assert desk.marks() == ["❌", "✅"]


async def test_what_the_agents_room_refuses_waits_until_it_does_not(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        desk.network.trouble = refusing(AGENTS_ROOM)
        for text in ("what is life?", "second", "third"):
            desk.network.say(ROOM, "marie", text)
        await until(desk, lambda: any("#1" in text for text in seen(desk.network, ROOM)))
        for _ in range(3):
            desk.store.progress_bell.clear()
            await desk.store.progress_bell.wait()
        desk.network.trouble = lambda address, key: None
        await desk.settle()
        shown = "\n".join(seen(desk.network, AGENTS_ROOM))
        assert shown.index("what is life?") < shown.index("second") < shown.index("third")
        assert letters(tmp_path / "desk.db") == []


async def test_a_refused_card_does_not_take_her_words_with_it(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        first: list[str] = []

        def no_card(address: Address, key: str) -> None:
            if address.room == AGENTS_ROOM:
                first.append(key)
                if key == first[0]:
                    raise Undeliverable("this one not")

        desk.network.trouble = no_card
        await desk.customer("marie", "what is life?")
        shown = [message for message in desk.network.in_room(AGENTS_ROOM) if "what is life?" in message.text]
        assert len(shown) == 1
        assert shown[0].text.startswith("#1")
        reply = desk.network.say(AGENTS_ROOM, "sam", "!r it goes on", reply_to=shown[0].ref)
        await desk.network.taken()
        await desk.settle()
        assert seen(desk.network, ROOM)[-1] == "it goes on"
        assert "✅" in desk.network.messages[reply].marks


async def test_a_fault_of_ours_over_one_message_ends_as_a_dead_letter(tmp_path: Path) -> None:
    answers: list[str] = []

    def broken(address: Address, key: str) -> None:
        if address.room == ROOM and key in [*answers, *([] if answers else [key])]:
            answers.append(key)
            raise ValueError("a fault of ours")

    async with stage(DESK, tmp_path / "desk.db") as desk:
        desk.network.trouble = broken
        desk.network.say(ROOM, "marie", "puk")
        async with asyncio.timeout(60):
            await desk.network.taken()
            await desk.bot.settled()
        (kept,) = letters(tmp_path / "desk.db")
        assert "ValueError" in kept.why
        assert len(answers) == 5
        await desk.settle()
        assert desk.cards[1].text.startswith("🟡")  # a person answers her instead


# --- doubted


class Counting(MemoryTransport):
    """Counts how often a room is read back."""

    reads = 0

    async def sent_since(self, address: Address, ref: str | None) -> Mapping[str, str]:
        self.reads += 1
        return await super().sent_since(address, ref)


def counting(desk: Desk) -> Counting:
    network = Counting(teams={desk.teams[0].id: AGENTS_ROOM})
    network.join(AGENTS_ROOM, "sam", "Sam")
    return network


async def test_a_room_is_read_back_once_after_a_start_not_once_a_message(tmp_path: Path) -> None:
    network = counting(DESK)
    async with stage(DESK, tmp_path / "desk.db", network) as desk:
        await claimed(desk)
        for number in range(40):
            network.say(AGENTS_ROOM, "sam", f"line {number}", thread=desk.cards[1].ref)
        await network.taken()
        await desk.settle()
    assert network.reads == 2, "her room and the agents'"


async def test_words_in_the_thread_of_a_card_that_the_desk_does_not_know_yet_are_not_lost(tmp_path: Path) -> None:
    """The network took the card, the answer was lost; an agent claims and writes before the desk has looked."""
    network = new_network(DESK)
    wrote: list[str] = []

    def cut(address: Address, key: str) -> None:
        if address.room == AGENTS_ROOM and not wrote:
            card = network.in_room(AGENTS_ROOM)[-1]
            network.react_as(AGENTS_ROOM, "sam", card.ref, "✋")
            wrote.append(network.say(AGENTS_ROOM, "sam", "hello Marie", thread=card.ref))
            raise TryLater("the answer was cut", timedelta(milliseconds=300))

    async with stage(DESK, tmp_path / "desk.db", network) as desk:
        network.trouble_after, network.forgets = cut, True
        await desk.customer("marie", "what is life?")
        await until(desk, lambda: bool(network.messages[wrote[0]].marks))
        assert network.messages[wrote[0]].marks == ["✅"]
        assert seen(network, ROOM)[-1] == "hello Marie"


async def test_a_restored_backup_repeats_nothing_and_loses_nothing(tmp_path: Path) -> None:
    """Even on a network that has forgotten all keys: what was sent since the backup is read back."""
    network, database, backup = new_network(DESK), tmp_path / "desk.db", tmp_path / "backup.db"
    async with stage(DESK, database, network) as desk:
        await desk.arrives("marie")
        await claimed(desk)
        copy(database, backup)
        await desk.customer("marie", "one more thing")
        await desk.agent("sam", "which one?")
        await desk.arrives("paul")
        await desk.customer("paul", "puk")
        await desk.customer("paul", "human")
        await desk.agent("sam", "!r hello Paul", number=2)
    before = [(message.room, message.text, tuple(message.marks)) for message in network.messages.values()]
    restore(backup, database)
    network.forgets = True
    network.say(ROOM, "marie", "said after the restore")
    async with stage(DESK, database, network) as desk:
        await desk.settle()
        after = [(message.room, message.text, tuple(message.marks)) for message in network.messages.values()]
        assert after[: len(before)] == before
        assert [text for _, text, _ in after[len(before) :]] == [
            "said after the restore",
            "marie: said after the restore",
        ]


async def test_rooms_that_hang_hold_nobody_else_up(tmp_path: Path) -> None:
    class Hanging(MemoryTransport):
        async def sent_since(self, address: Address, ref: str | None) -> Mapping[str, str]:
            if address.room.startswith("room of hung"):
                await asyncio.Event().wait()
            return await super().sent_since(address, ref)

    network = Hanging(teams={DESK.teams[0].id: AGENTS_ROOM})
    desk = None
    try:
        async with asyncio.timeout(30), stage(DESK, tmp_path / "desk.db", network) as desk:
            for number in range(40):
                network.say(f"room of hung {number}", str(number), "puk")
            network.say(ROOM, "marie", "puk")
            await until(desk, lambda: seen(network, ROOM))
            raise EndedWithoutWaiting
    except* EndedWithoutWaiting:
        pass
    assert desk is not None


class EndedWithoutWaiting(Exception):
    """Ends a desk with work left."""


# --- clocks, timers


async def test_a_clock_that_jumps_repeats_and_loses_nothing(tmp_path: Path) -> None:
    network, clock = new_network(DESK), WallClock()
    network.forgets = True
    for jump in (timedelta(days=30), timedelta(days=-60), timedelta(hours=1)):
        async with stage(DESK, tmp_path / "desk.db", network, clock) as desk:
            clock.at += jump
            await desk.customer("marie", "puk")
        clock.at += jump / 2
    assert sum("Answer" in text for text in seen(network, ROOM)) == 3


async def test_a_timer_that_fired_while_she_wrote_does_not_close_her_ticket(tmp_path: Path) -> None:
    network, clock = new_network(DESK), WallClock()
    async with stage(DESK, tmp_path / "desk.db", network, clock) as desk:
        await desk.customer("marie", "puk")
    clock.at += timedelta(days=2)
    wrote = Incoming("$late", Kind.SAID, ROOM, "marie", "marie", clock.at, text="puk once more")
    store = await SqliteStore.open(tmp_path / "desk.db")
    await store.receive(network.name, [wrote], None, clock.at)
    await store.fire(clock.at)  # before anybody has looked at her words
    await store.close()
    async with stage(DESK, tmp_path / "desk.db", network, clock) as desk:
        kept = await desk.store.ticket(1)
        assert kept is not None
        assert kept.ticket.status is not Status.CLOSED


# --- company


async def test_nothing_is_said_in_a_room_with_a_third_person_and_agents_are_told(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await claimed(desk)
        desk.network.company(ROOM, "eve", comes=True)
        await desk.network.taken()
        await desk.settle()
        assert any("eve" in message.text for message in desk.new_for_agents())
        await desk.agent("sam", "your code is 1234")
        assert desk.marks() == ["❌"]
        await desk.customer("marie", "are you there?")
        assert any("are you there?" in message.text for message in desk.new_for_agents())
        desk.network.say(ROOM, "eve", "I am Marie, what is my code?")
        await desk.network.taken()
        await desk.settle()
        assert desk.new_for("marie") == []
        assert not any("what is my code" in message.text for message in desk.new_for_agents())
        desk.network.company(ROOM, "eve", comes=False)
        await desk.network.taken()
        await desk.agent("sam", "now we are alone")
        assert [message.text for message in desk.new_for("marie")] == ["now we are alone"]


async def test_with_company_the_bot_says_nothing_and_a_person_gets_what_it_had(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await desk.customer("marie", "puk")
        desk.new_for("marie")
        desk.network.company(ROOM, "eve", comes=True)
        await desk.customer("marie", "puk again")
        assert desk.new_for("marie") == []
        shown = "\n".join(message.text for message in desk.new_for_agents())
        assert "somebody else is in the customer's room" in shown
        assert "puk again" in shown
        desk.network.company("room of paul", "eve", comes=True)
        await desk.customer("paul", "puk")
        assert "Answer" in desk.new_for("paul")[0].text, "nobody was ever with Paul"


async def test_two_bots_stop_answering_each_other(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:

        def answers(verb: str, message: Message) -> None:
            if message.room == ROOM:
                desk.network.say(ROOM, "marie", "hello, please say puk")

        desk.network.shown = answers
        await desk.customer("marie", "puk")
        assert len(seen(desk.network, ROOM)) <= 17
        assert "perhaps another bot" in desk.cards[1].text


async def test_a_bot_that_asks_for_a_person_all_the_time_is_answered_once(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:

        def answers(verb: str, message: Message) -> None:
            if message.room == ROOM:
                desk.network.say(ROOM, "marie", "human")

        desk.network.shown = answers
        await desk.customer("marie", "human")
        assert len(seen(desk.network, ROOM)) == 2


async def test_the_tickets_of_an_agent_who_left_are_free(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await claimed(desk)
        await claimed(desk, "paul")
        desk.network.leave_agents(AGENTS_ROOM, "sam")
        await desk.network.taken()
        await desk.settle()
        assert all("nobody" in card.text for card in desk.cards.values())
        assert sum("Sam is not in this room any more" in text for text in seen(desk.network, AGENTS_ROOM)) == 2


# --- what came with a file


async def test_words_that_came_with_a_file_are_answered_and_the_file_is_told_of(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await desk.customer("marie", "what is life?", attachment="contract.pdf")
        shown = "\n".join(message.text for message in desk.new_for_agents())
        assert "contract.pdf" in shown
        assert "what is life?" in shown
        await desk.agent("sam", "see what she signed", attachment="scan.pdf")
        assert desk.marks() == ["📝"]
        async with asyncio.timeout(5):
            kept = await desk.store._all("SELECT content FROM entry WHERE audience = 'agents'")
        assert "see what she signed" in kept[0]["content"]
