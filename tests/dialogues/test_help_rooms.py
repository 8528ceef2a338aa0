"""Help rooms and offers of help: what is said among many, and what goes on in private."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from helpbot.core.help_rooms import HelpRoom, Offers
from helpbot.core.model import Desk, Finding
from helpbot.store import rows
from helpbot.transports.base import Address, TryLater
from helpbot.transports.memory import MemoryTransport, Message
from tests.core.cases import SmallLibrary
from tests.dialogues.stage import AGENTS_ROOM, TWO_ROOMS, Stage, WallClock, new_network, stage
from tests.dialogues.test_dialogues import the_desk

HALL, NAMED = "hall", "#help:example.org"
OPEN = datetime(2026, 10, 21, 12, 0, tzinfo=UTC)  # a Wednesday
NIGHT = datetime(2026, 10, 21, 22, 0, tzinfo=UTC)


def helping(room: HelpRoom | None = None, **offers: object) -> Desk:
    wanted = Offers(**offers)  # type: ignore[arg-type]
    return replace(the_desk(), help_rooms={NAMED: room or HelpRoom(NAMED)}, offers=wanted)


def hall_network(desk: Desk) -> MemoryTransport:
    network = MemoryTransport(teams=TWO_ROOMS, help_rooms={HALL: NAMED})
    there = new_network(desk, TWO_ROOMS)
    network._members = there._members
    return network


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path, helping()) as opened:
        yield opened


def staged(folder: Path, desk: Desk, clock: WallClock | None = None):  # type: ignore[no-untyped-def]  # a context
    return stage(desk, folder / "desk.db", hall_network(desk), clock, rooms=TWO_ROOMS)


async def said(desk: Stage, who: str, text: str, room: str = HALL, **more: object) -> str:
    ref = desk.network.say(room, who, text, **more)
    await desk._taken()
    return ref


async def reacts(desk: Stage, who: str, to: Message, symbol: str) -> None:
    desk.network.react_as(to.room, who, to.ref, symbol)
    await desk._taken()


async def comes(desk: Stage, room: str, who: str) -> None:
    desk.network.arrive(room, who)
    await desk._taken()


def heard(desk: Stage, room: str = HALL) -> list[Message]:
    return [one for one in desk.network.in_room(room) if one.sender == desk.network.account]


def texts(desk: Stage, room: str = HALL) -> list[str]:
    return [one.text for one in heard(desk, room)]


async def tickets(desk: Stage) -> int:
    return await desk.store.next_number() - 1


async def test_a_sure_question_is_answered_in_its_thread(desk: Stage) -> None:
    ref = await said(desk, "marie", "my puk is blocked")
    (answer,) = heard(desk)
    assert "ten wrong tries" in answer.text
    assert "🙋" in answer.text
    assert answer.thread == ref
    assert await tickets(desk) == 0
    assert heard(desk, AGENTS_ROOM) == []


@pytest.mark.parametrize(
    "text",
    [
        "hello all",
        "merci beaucoup",
        "I paid my invoice yesterday",
        "I changed my phone number",
        "!help",
        "yes",
        "no",
        "👍",
        "lol",
        "see you tomorrow everybody",
    ],
)
async def test_what_is_no_question_to_the_desk_is_left_alone(desk: Stage, text: str) -> None:
    await said(desk, "marie", text)
    assert texts(desk) == []
    assert await tickets(desk) == 0


async def test_other_peoples_talk_is_left_alone(desk: Stage) -> None:
    first = await said(desk, "paul", "who has had lunch")
    for more in (
        {"mentions": True},
        {"reply_to": first},
        {"thread": first},
        {"attachment": "file"},
        {"edits": first},
    ):
        await said(desk, "marie", "my puk is blocked", **more)
    await said(desk, "sam", "my puk is blocked")  # an agent
    assert [text for text in texts(desk) if "wrong tries" in text] == []


async def test_what_it_is_not_sure_of_goes_on_in_private_and_nothing_of_it_comes_back(desk: Stage) -> None:
    await said(desk, "marie", "what is the meaning of life?")
    (offer,) = heard(desk)
    assert "not sure" in offer.text
    await reacts(desk, "paul", offer, "🙋")  # it was not offered to him
    assert desk.network.direct_rooms == {}
    await reacts(desk, "marie", offer, "🙋🏽‍♀️")
    room = desk.network.direct_rooms["marie"]
    assert texts(desk)[1:] == [heard(desk)[1].text]
    assert "private" in heard(desk)[1].text
    assert await tickets(desk) == 0, "nobody has come yet"
    assert heard(desk, room) == []

    await comes(desk, room, "marie")
    greeting, where, told = texts(desk, room)
    assert "I am a help bot" in greeting
    assert where == f"In {NAMED} you asked: “what is the meaning of life?”"
    assert "#1" in told
    assert "meaning of life" in desk.cards[1].text
    thread = [one.text for one in heard(desk, AGENTS_ROOM) if one.thread == desk.cards[1].ref]
    assert any(f"In {NAMED}" in text for text in thread)

    await desk.agent_reacts("sam", "✋")
    await desk.agent("sam", "a canary: forty-two")
    await said(desk, "marie", "my PIN is 4711, a canary", room)
    assert "a canary: forty-two" in texts(desk, room)
    assert [one.text for one in desk.network.in_room(HALL) if "canary" in one.text] == []
    assert len(heard(desk)) == 2
    await comes(desk, room, "marie")
    assert len([text for text in texts(desk, room) if "you asked" in text]) == 1


async def test_who_has_a_room_with_the_bot_goes_on_there(desk: Stage) -> None:
    await desk.arrives("marie")
    ref = await said(desk, "marie", "my puk is blocked")
    await said(desk, "marie", "en privé", thread=ref)
    assert desk.network.direct_rooms == {}
    _, where, answer = texts(desk, "room of marie")
    assert "my puk is blocked" in where
    assert "ten wrong tries" in answer
    await said(desk, "marie", "oui", thread=ref)
    assert len(texts(desk, "room of marie")) == 3, "once"
    assert len(texts(desk)) == 2, "the answer, and once that it goes on"


async def test_a_question_goes_on_in_a_ticket_that_is_with_people(desk: Stage) -> None:
    await desk.arrives("marie")
    await desk.customer("marie", "human")
    await said(desk, "marie", "what is the meaning of life?")
    await reacts(desk, "marie", heard(desk)[-1], "👍")
    inner = [one.text for one in heard(desk, AGENTS_ROOM)]
    assert any(text.startswith(f"📣 marie had asked this in {NAMED}") for text in inner)
    assert "meaning of life" in inner[-1]
    assert await tickets(desk) == 1


async def test_who_comes_back_by_a_room_that_was_opened_brings_her_question_to_her_open_ticket(desk: Stage) -> None:
    await desk.arrives("marie")
    await desk.customer("marie", "human")
    await desk.leaves("marie")
    await said(desk, "marie", "what is the meaning of life?")
    await reacts(desk, "marie", heard(desk)[-1], "🙋")
    room = desk.network.direct_rooms["marie"]
    await comes(desk, room, "marie")
    welcome, where = texts(desk, room)
    assert welcome.startswith("Welcome back!")
    assert "meaning of life" in where
    assert "meaning of life" in texts(desk, AGENTS_ROOM)[-1]


async def test_a_question_comes_to_the_room_where_she_is_not_to_one_that_she_left(desk: Stage) -> None:
    await desk.arrives("marie")
    await desk.customer("marie", "human")
    await comes(desk, "second", "marie")
    await desk.leaves("marie")
    left = len(texts(desk, "room of marie"))
    await said(desk, "marie", "what is the meaning of life?")
    await reacts(desk, "marie", heard(desk)[-1], "🙋")
    assert len(texts(desk, "room of marie")) == left
    assert "meaning of life" in texts(desk, "second")[-1]
    assert "meaning of life" in texts(desk, AGENTS_ROOM)[-1]
    await desk.agent("sam", "!r forty-two", 1)
    assert texts(desk, "second")[-1] == "forty-two"
    assert desk.marks() == ["✅"]


async def test_what_goes_on_in_private_is_what_the_question_says_now(desk: Stage) -> None:
    await desk.arrives("marie")
    ref = await said(desk, "marie", "what is the meaning of lief? my PIN is 4711")
    await said(desk, "eve", "EVE WAS HERE", edits=ref)
    await said(desk, "marie", "what is the meaning of life?", edits=ref)
    await reacts(desk, "marie", heard(desk)[-1], "🙋")
    assert "what is the meaning of life?" in texts(desk, "room of marie")[1]
    inner = "".join(texts(desk, "room of marie") + texts(desk, AGENTS_ROOM))
    assert "4711" not in inner
    assert "EVE" not in inner


async def test_a_corrected_question_that_is_taken_back_leaves_the_database(desk: Stage, tmp_path: Path) -> None:
    ref = await said(desk, "marie", "what is the meaning of lief? canary 1")
    await said(desk, "marie", "what is the meaning of life? canary 2", edits=ref)
    desk.network.delete_as(HALL, "marie", ref)
    await desk._taken()
    with contextlib.closing(sqlite3.connect(tmp_path / "desk.db")) as db:
        assert not [payload for (payload,) in db.execute("SELECT payload FROM inbox") if "canary" in payload]


async def test_a_question_over_which_the_bot_fails_in_private_goes_to_a_person(tmp_path: Path) -> None:
    broken: list[str] = []

    class Failing(SmallLibrary):
        def find(self, text: str, language: str | None, at: datetime, before: str | None = None) -> Finding:
            if broken:
                raise ValueError("a fault of ours")
            return super().find(text, language, at, before)

    async with staged(tmp_path, replace(helping(), library=Failing())) as desk:
        await desk.arrives("marie")
        await said(desk, "marie", "what is the meaning of life?")
        broken.append("from now on")
        await reacts(desk, "marie", heard(desk)[-1], "🙋")
        assert "meaning of life" in desk.cards[1].text


async def test_asking_for_a_person_there_is_answered_with_an_offer(desk: Stage) -> None:
    await said(desk, "marie", "human")
    await said(desk, "paul", "hello", addressed=True)
    assert all("🙋" in text for text in texts(desk))
    assert len(texts(desk)) == 2
    assert await tickets(desk) == 0


async def test_whom_the_bot_may_not_write_to_reads_the_answer_and_no_offer(desk: Stage) -> None:
    await said(desk, "eve", "my puk is blocked", reachable=False)
    await said(desk, "eve", "what is the meaning of life?", reachable=False)
    await said(desk, "eve", "what is the meaning of life?", reachable=False, addressed=True)
    answer, only = texts(desk)
    assert "🙋" not in answer
    assert only.startswith("I cannot write to you in private")


async def test_she_goes_on_under_the_answer_until_others_join_in(desk: Stage) -> None:
    ref = await said(desk, "marie", "my puk is blocked")
    await said(desk, "marie", "that did not help", thread=ref)
    assert [one.thread for one in heard(desk)] == [ref, ref]
    await said(desk, "paul", "try turning it off", thread=ref)
    await said(desk, "marie", "and how do I do that?", thread=ref)
    assert len(heard(desk)) == 2


async def test_a_question_that_is_taken_back_takes_its_answer_with_it(desk: Stage) -> None:
    ref = await said(desk, "marie", "my puk is blocked")
    (answer,) = heard(desk)
    desk.network.delete_as(HALL, "marie", ref)
    await desk._taken()
    assert answer.deleted
    await reacts(desk, "marie", answer, "🙋")
    await comes(desk, desk.network.direct_rooms["marie"], "marie")
    assert "puk" not in "".join(texts(desk, desk.network.direct_rooms["marie"]))


async def test_beyond_the_limits_it_is_silent(tmp_path: Path) -> None:
    async with staged(tmp_path, helping(HelpRoom(NAMED, None, per_person=2, per_room=5))) as desk:
        for _ in range(4):
            await said(desk, "marie", "my puk is blocked")
        assert len(texts(desk)) == 3
        assert texts(desk)[-1].startswith("I only answer a few times an hour")
        for who in ("paul", "lea", "tom"):
            await said(desk, who, "my puk is blocked")
        assert len(texts(desk)) == 5, "of the room"
        await desk.passes(timedelta(minutes=61))
        await said(desk, "marie", "my puk is blocked")
        assert len(texts(desk)) == 6


async def test_a_replayed_decision_counts_and_speaks_once(tmp_path: Path) -> None:
    clock = WallClock()
    desk = helping()
    network = hall_network(desk)
    async with stage(desk, tmp_path / "desk.db", network, clock, rooms=TWO_ROOMS) as first:
        ref = await said(first, "marie", "my puk is blocked")
    network.repeat(ref)
    async with stage(desk, tmp_path / "desk.db", network, clock, rooms=TWO_ROOMS) as again:
        await again._taken()
        assert len(heard(again)) == 1
        assert (await again.store.public_counts("memory", HALL, "marie", clock.at)).person == 1


async def test_opening_a_room_in_doubt_opens_one(desk: Stage) -> None:
    tries: list[str] = []

    def lost(address: Address, key: str) -> None:
        if key == "marie" and not tries:
            tries.append(key)
            raise TryLater("the answer was lost", timedelta())

    desk.network.trouble_after = lost
    await said(desk, "marie", "what is the meaning of life?")
    await reacts(desk, "marie", heard(desk)[0], "🙋")
    assert tries
    assert list(desk.network.direct_rooms) == ["marie"]


async def test_who_comes_before_the_desk_knows_the_room_is_brought_her_question(desk: Stage) -> None:
    """The homeserver made the room, and the desk was killed: she is in it before that is kept."""
    held = asyncio.Event()

    def lost(address: Address, key: str) -> None:
        if key == "marie" and not held.is_set():
            raise TryLater("the answer was lost", timedelta(milliseconds=50))

    desk.network.trouble_after = lost
    await said(desk, "marie", "what is the meaning of life?")
    desk.network.react_as(HALL, "marie", heard(desk)[0].ref, "🙋")
    async with asyncio.timeout(10):
        while "marie" not in desk.network.direct_rooms:  # noqa: ASYNC110  # a dictionary has no event
            await asyncio.sleep(0.01)
    desk.network.arrive("direct marie", "marie")
    async with asyncio.timeout(10):
        while not texts(desk, "direct marie"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    held.set()
    async with asyncio.timeout(10):
        while len(texts(desk, "direct marie")) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert "you asked" in texts(desk, "direct marie")[1]


# --- the offer


async def test_who_joins_is_offered_help_once_a_period_and_inside_hours_only(tmp_path: Path) -> None:
    clock = WallClock(OPEN)
    async with staged(tmp_path, helping(on_joining=True), clock) as desk:
        await comes(desk, HALL, "marie")
        assert len(texts(desk)) == 1
        assert "marie" in texts(desk)[0]
        assert "Voulez-vous de l'aide ?" in texts(desk)[0]
        assert heard(desk)[0].thread is None
        await comes(desk, HALL, "marie")
        await comes(desk, HALL, "sam")
        assert len(texts(desk)) == 1
        await desk.passes(NIGHT - clock.at)
        await comes(desk, HALL, "paul")
        assert len(texts(desk)) == 1
        await desk.passes(timedelta(days=33, hours=14))
        await comes(desk, HALL, "marie")
        assert len(texts(desk)) == 2
        await reacts(desk, "marie", heard(desk)[-1], "👎")
        await desk.passes(timedelta(days=366))
        await comes(desk, HALL, "marie")
        assert len(texts(desk)) == 2, "a no is remembered"


async def test_who_joined_while_the_desk_was_away_is_not_called_after(tmp_path: Path) -> None:
    async with staged(tmp_path, helping(on_joining=True)) as desk:
        desk.network.arrive(HALL, "marie", at=OPEN - timedelta(minutes=20))
        await desk._taken()
        await said(desk, "paul", "my puk is blocked", at=OPEN - timedelta(minutes=20))
        assert texts(desk) == []


async def test_no_in_words_is_remembered_and_yes_opens_a_room(tmp_path: Path) -> None:
    async with staged(tmp_path, helping(on_joining=True)) as desk:
        await comes(desk, HALL, "marie")
        await said(desk, "marie", "non merci", reply_to=heard(desk)[0].ref)
        assert await desk.store.last_offer("memory", "marie") == (desk.clock.at, True)
        await comes(desk, HALL, "paul")
        await reacts(desk, "paul", heard(desk)[1], "🙋")
        await comes(desk, desk.network.direct_rooms["paul"], "paul")
        assert "what is your question?" in texts(desk, "direct paul")[1]
        assert await tickets(desk) == 0


async def test_who_opened_a_room_and_is_silent_is_asked_once(tmp_path: Path) -> None:
    async with staged(tmp_path, helping(silent_for=timedelta(minutes=2))) as desk:
        await desk.arrives("marie")
        await desk.passes(timedelta(minutes=1))
        assert len(texts(desk, "room of marie")) == 1
        await desk.passes(timedelta(minutes=1))
        assert "Do you want help?" in texts(desk, "room of marie")[1]
        await desk.passes(timedelta(days=40))
        assert len(texts(desk, "room of marie")) == 2
        await desk.customer("marie", "non merci")
        assert "je ne vous le proposerai plus" in texts(desk, "room of marie")[2]
        assert await tickets(desk) == 0
        assert await desk.store.last_offer("memory", "marie") is not None
        await desk.customer("marie", "mon puk est bloqué")
        assert "dix essais" in texts(desk, "room of marie")[3]


async def test_a_no_that_answers_no_offer_is_none(tmp_path: Path) -> None:
    async with staged(tmp_path, helping(silent_for=timedelta(minutes=2))) as desk:
        await desk.arrives("marie")
        await desk.customer("marie", "non merci")
        assert await desk.store.last_offer("memory", "marie") is None
        assert await tickets(desk) == 1


async def test_no_word_of_a_help_room_is_a_customers_whoever_looks_at_it(desk: Stage) -> None:
    await said(desk, "marie", "human")
    (row,) = await desk.store._all("SELECT * FROM inbox WHERE json_extract(payload, '$.text') = 'human'")
    heard_there = rows.inbox(row)
    cases = desk.bot._loop._cases
    assert await cases.of(heard_there) is None
    assert await cases.failed(heard_there) is None


async def test_who_has_said_something_or_comes_at_night_is_not_asked(tmp_path: Path) -> None:
    clock = WallClock(OPEN)
    async with staged(tmp_path, helping(silent_for=timedelta(minutes=2)), clock) as desk:
        await desk.arrives("marie")
        await desk.customer("marie", "mon puk est bloqué")
        await desk.passes(timedelta(minutes=5))
        assert len(texts(desk, "room of marie")) == 2
        await desk.passes(NIGHT - clock.at)
        await desk.arrives("paul")
        await desk.passes(timedelta(minutes=5))
        assert len(texts(desk, "room of paul")) == 1


async def test_a_silence_outlives_a_restart(tmp_path: Path) -> None:
    clock = WallClock(OPEN)
    desk = helping(silent_for=timedelta(minutes=2))
    network = hall_network(desk)
    async with stage(desk, tmp_path / "desk.db", network, clock, rooms=TWO_ROOMS) as first:
        await first.arrives("marie")
    clock.at += timedelta(minutes=3)
    async with stage(desk, tmp_path / "desk.db", network, clock, rooms=TWO_ROOMS) as again:
        await again.passes(timedelta())
        assert "Do you want help?" in texts(again, "room of marie")[1]


async def test_a_question_that_comes_while_she_writes_another_one_is_answered_by_itself(tmp_path: Path) -> None:
    async with staged(tmp_path, replace(helping(), burst=timedelta(seconds=3))) as desk:
        await desk.arrives("marie")
        await said(desk, "marie", "what is the meaning of life?")
        await said(desk, "marie", "my puk is blocked", "room of marie")
        await reacts(desk, "marie", heard(desk)[-1], "🙋")
        await desk.passes(timedelta(seconds=10))
        _, answer, where, told = texts(desk, "room of marie")
        assert "ten wrong tries" in answer
        assert "meaning of life" in where
        assert "#1" in told
        assert "Question: what is the meaning of life?" in desk.cards[1].text
        talk = "\n".join(texts(desk, AGENTS_ROOM))
        assert talk.count("marie: my puk is blocked") == 1
        assert talk.count("marie: what is the meaning of life?") == 1
