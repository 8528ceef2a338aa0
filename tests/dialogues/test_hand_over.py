"""Hand-overs, promises and reminders through restarts, troubled rooms and races."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from helpbot.core.model import Person
from helpbot.transports.base import Address, TryLater
from helpbot.transports.memory import MemoryTransport
from tests.core.cases import DESK
from tests.dialogues.stage import AGENTS_ROOM, OTHER_ROOM, TWO_ROOMS, Stage, WallClock, new_network, stage
from tests.dialogues.test_trouble import seen, until

MARIE = "room of marie"
MOBILE, LINES = (replace(team, leads=(Person("lead", "Lea"),)) for team in DESK.teams)
HUMAN = replace(DESK, teams=(MOBILE, LINES))


async def held(desk: Stage) -> None:
    await desk.customer("marie", "what is life?")
    await desk.agent_reacts("sam", "✋")
    await desk.agent("sam", "hello")


def count(network: MemoryTransport, room: str, part: str) -> int:
    return sum(part in text for text in seen(network, room))


async def test_an_open_promise_lives_through_a_restart_and_is_broken_once(tmp_path: Path) -> None:
    network, clock, database = new_network(HUMAN, TWO_ROOMS), WallClock(), tmp_path / "desk.db"
    async with stage(HUMAN, database, network, clock, rooms=TWO_ROOMS) as desk:
        await held(desk)
        await desk.agent("sam", "!promise +2h the line is back")
    clock.at += timedelta(hours=5)
    for _ in range(3):
        async with stage(HUMAN, database, network, clock, rooms=TWO_ROOMS) as desk:
            await desk.passes(timedelta(seconds=1))
    assert count(network, MARIE, "Nobody has confirmed that it is done") == 1
    assert count(network, AGENTS_ROOM, "Sam's promise was broken") == 1
    assert count(network, AGENTS_ROOM, "🤝 Promised to the customer") == 0, "too late to be reminded of"


async def test_an_offer_lives_through_a_restart_and_is_taken_after_it(tmp_path: Path) -> None:
    network, clock, database = new_network(HUMAN, TWO_ROOMS), WallClock(), tmp_path / "desk.db"
    async with stage(HUMAN, database, network, clock, rooms=TWO_ROOMS) as desk:
        await held(desk)
        await desk.agent("sam", "!note her fourth call")
        await desk.agent("sam", "!transfer lines it is yours")
    async with stage(HUMAN, database, network, clock, rooms=TWO_ROOMS) as desk:
        assert count(network, OTHER_ROOM, "her fourth call") == 1
        await desk.agent_reacts("omar", "✋")
        await desk.agent("omar", "I am on it")
        assert desk.marks() == ["✅"]
        await desk.agent("sam", "my last word")
        assert desk.marks() == ["📝"]
    assert seen(network, MARIE)[-2:] == [
        "Omar (Lines) takes over your ticket #1 with all that was said: you need not repeat anything.",
        "I am on it",
    ]


async def test_two_who_take_it_in_the_same_second_make_one_owner(tmp_path: Path) -> None:
    async with stage(HUMAN, tmp_path / "desk.db", rooms=TWO_ROOMS) as desk:
        await held(desk)
        await desk.agent("sam", "!transfer lines")
        card = desk.others[1].ref
        for agent in ("omar", "nora"):
            desk.network.react_as(OTHER_ROOM, agent, card, "✋")
        await desk._taken()
        assert count(desk.network, MARIE, "takes over") == 1
        assert count(desk.network, MARIE, "Omar (Lines)") == 1
        assert count(desk.network, OTHER_ROOM, "Omar already has ticket #1") == 1


async def test_a_room_that_takes_nothing_does_not_hold_the_other_team_up(tmp_path: Path) -> None:
    """The card for the new team waits; her words still reach whoever has the ticket."""
    async with stage(HUMAN, tmp_path / "desk.db", rooms=TWO_ROOMS) as desk:
        await held(desk)

        def closed(address: Address, key: str) -> None:
            if address.room == OTHER_ROOM:
                raise TryLater("down", timedelta(hours=1))

        desk.network.trouble = closed
        card = desk.cards[1].ref
        desk.network.say(AGENTS_ROOM, "sam", "!transfer lines", thread=card)
        desk.network.say(MARIE, "marie", "hello?")
        await until(desk, lambda: count(desk.network, AGENTS_ROOM, "marie: hello?") == 1)
        assert seen(desk.network, OTHER_ROOM) == []


async def test_her_words_between_offer_and_taking_are_in_both_threads(tmp_path: Path) -> None:
    async with stage(HUMAN, tmp_path / "desk.db", rooms=TWO_ROOMS) as desk:
        await held(desk)
        await desk.agent("sam", "!transfer lines")
        await desk.customer("marie", "are you there?")
        for room in (AGENTS_ROOM, OTHER_ROOM):
            assert count(desk.network, room, "marie: are you there?") == 1
        await desk.agent_reacts("omar", "✋")
        await desk.customer("marie", "and now?")
        assert count(desk.network, AGENTS_ROOM, "and now?") == 0
        assert count(desk.network, OTHER_ROOM, "marie: and now?") == 1


async def test_a_reminder_in_the_room_may_be_claimed_and_answered(tmp_path: Path) -> None:
    async with stage(HUMAN, tmp_path / "desk.db", rooms=TWO_ROOMS) as desk:
        await desk.customer("marie", "what is life?")
        await desk.passes(timedelta(minutes=2))
        reminder = next(one for one in desk.network.in_room(AGENTS_ROOM) if "⏰" in one.text)
        assert reminder.thread is None
        desk.network.say(AGENTS_ROOM, "alex", "!note I am at lunch", reply_to=reminder.ref)
        desk.network.react_as(AGENTS_ROOM, "sam", reminder.ref, "✋")
        await desk._taken()
        assert count(desk.network, MARIE, "Sam is taking care of your ticket #1") == 1
        assert "Owner: Sam" in desk.cards[1].text


async def test_the_wait_of_the_last_answers_is_told_once_enough_were_measured(tmp_path: Path) -> None:
    async with stage(HUMAN, tmp_path / "desk.db", rooms=TWO_ROOMS) as desk:
        for number in range(1, 7):
            name = f"customer {number}"
            await desk.customer(name, "what is life?")
            said = seen(desk.network, f"room of {name}")[-1]
            assert ("within about 4 min" in said) == (number > 5), said
            await desk.passes(timedelta(minutes=4))
            await desk.agent("sam", "!r hello", number)


async def test_held_words_are_confirmed_by_a_mark_of_who_wrote_them(tmp_path: Path) -> None:
    async with stage(replace(HUMAN, vague={"soon": "soon"}), tmp_path / "desk.db", rooms=TWO_ROOMS) as desk:
        await held(desk)
        await desk.agent("sam", "it works soon")
        words = desk.last_by_agent
        assert desk.marks() == ["⏸️"]
        desk.network.react_as(AGENTS_ROOM, "alex", words, "👍")
        await desk._taken()
        assert count(desk.network, MARIE, "it works soon") == 0
        desk.network.react_as(AGENTS_ROOM, "sam", words, "👍")
        await desk._taken()
        assert count(desk.network, MARIE, "it works soon") == 1
        assert desk.marks() == ["⏸️", "✅"]


@pytest.mark.parametrize("mark", ["👎", "3️⃣", "🎉"])
async def test_a_mark_on_other_words_is_no_rating(tmp_path: Path, mark: str) -> None:
    async with stage(HUMAN, tmp_path / "desk.db", rooms=TWO_ROOMS) as desk:
        await held(desk)
        hello = next(one for one in desk.network.in_room(MARIE) if one.text == "hello")
        await desk.passes(timedelta(minutes=1))
        await desk.agent("sam", "!close")
        desk.network.react_as(MARIE, "marie", hello.ref, mark)
        await desk._taken()
        assert "Satisfaction" not in desk.cards[1].text
        await desk.rates("marie", mark)
        assert "Satisfaction" in desk.cards[1].text


async def test_who_goes_away_frees_the_tickets_of_both_rooms(tmp_path: Path) -> None:
    async with stage(HUMAN, tmp_path / "desk.db", rooms=TWO_ROOMS) as desk:
        for name in ("marie", "paul"):
            await desk.customer(name, "what is life?")
            await desk.agent("sam", "!claim")
        await desk.agent_outside("sam", "!away")
        assert all("nobody" in desk.cards[number].text for number in (1, 2))
        assert await desk.store.is_away("sam")
        await desk.agent_outside("sam", "!back")
        assert not await desk.store.is_away("sam")


async def test_a_search_of_any_length_answers_and_stops_nobody(tmp_path: Path) -> None:
    async with stage(HUMAN, tmp_path / "desk.db", rooms=TWO_ROOMS) as desk:
        await held(desk)
        await desk.customer("marie", "Ma ligne est COUPÉE")
        await desk.agent_outside("sam", "!find " + "é" * 30_000)
        await desk.agent_outside("sam", "!find coupee")
        await desk.agent_outside("sam", "!find literal")
        assert count(desk.network, AGENTS_ROOM, "Tickets that hold “coupee”:\n#1 · marie: Ma ligne est COUPÉE") == 1
        assert count(desk.network, AGENTS_ROOM, "No ticket holds “literal”.") == 1


async def test_a_search_shows_what_people_wrote_before_what_the_bot_said(tmp_path: Path) -> None:
    async with stage(HUMAN, tmp_path / "desk.db", rooms=TWO_ROOMS) as desk:
        await held(desk)
        await desk.agent("sam", "!promise +1h line 0612 is back")
        await desk.agent_outside("sam", "!find 0612")
        assert count(desk.network, AGENTS_ROOM, "#1 · 🤖 bot: ") == 1
        await desk.customer("marie", "my number is 0612")
        await desk.agent("sam", "!promise +2h line 0612 is back for good")
        await desk.agent_outside("sam", "!find 0612")
        assert count(desk.network, AGENTS_ROOM, "#1 · marie: my number is 0612") == 1
        assert count(desk.network, AGENTS_ROOM, "#1 · 🤖 bot: ") == 1


async def test_a_moment_that_comes_twice_is_not_taken_for_the_first(tmp_path: Path) -> None:
    """The clock ran ahead and is set right: what is put aside until the same moment once more comes back as well."""
    async with stage(HUMAN, tmp_path / "desk.db", rooms=TWO_ROOMS) as desk:
        await held(desk)
        for _ in range(3):
            await desk.agent("sam", "!snooze 2026-10-21 15:00")
            await desk.passes(timedelta(hours=3))
            desk.clock.at -= timedelta(hours=3)
        assert count(desk.network, AGENTS_ROOM, "Ticket #1 is back") == 3


async def test_all_that_is_said_between_offer_and_taking_is_in_the_other_thread(tmp_path: Path) -> None:
    async with stage(HUMAN, tmp_path / "desk.db", rooms=TWO_ROOMS) as desk:
        await held(desk)
        await desk.agent("sam", "!transfer lines")
        await desk.agent("sam", "What is your number?")
        await desk.agent("sam", "!note she is angry")
        await desk.agent("sam", "!promise +2h a call")
        for part in ("Sam: What is your number?", "📝 Sam: she is angry", "Sam promises: a call"):
            assert count(desk.network, OTHER_ROOM, part) == 1, part
        await desk.agent("omar", "a word of ours")
        assert count(desk.network, OTHER_ROOM, "a word of ours") == 0, "it stands there already"


async def test_who_is_away_is_not_given_a_ticket_that_is_opened_again(tmp_path: Path) -> None:
    async with stage(HUMAN, tmp_path / "desk.db", rooms=TWO_ROOMS) as desk:
        await held(desk)
        await desk.agent("sam", "!close")
        await desk.agent_outside("sam", "!away")
        await desk.customer("marie", "it is broken again")
        assert "nobody" in desk.cards[1].text
