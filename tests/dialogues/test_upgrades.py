"""Rooms that give way to others under a desk: memory network, real SQLite."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from helpbot.transports.base import Address, TryLater
from tests.core.cases import DESK
from tests.dialogues.stage import AGENTS_ROOM, Stage, stage
from tests.dialogues.test_relays import MARIE, bots, held, says, texts
from tests.dialogues.test_trouble import seen, until

NEW = "new room of marie"


async def moves(desk: Stage, room: str = MARIE, new: str = NEW, who: str = "marie") -> None:
    desk.network.move(room, new, who)
    await desk._taken()


async def writes(desk: Stage, room: str, text: str, **more: object) -> str:
    ref = desk.network.say(room, "marie", text, **more)
    await desk._taken()
    return ref


async def test_a_conversation_goes_on_in_the_room_that_replaced_its_own(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        before = len(texts(desk, MARIE))
        await moves(desk)
        assert texts(desk, AGENTS_ROOM)[-1] == "🚚 marie goes on in a new room, and the conversation with them."
        await writes(desk, NEW, "here I am")
        assert texts(desk, AGENTS_ROOM)[-1] == "marie: here I am"
        await desk.agent("sam", "welcome back")
        assert (texts(desk, NEW), desk.marks()) == (["welcome back"], ["✅"])
        assert len(texts(desk, MARIE)) == before
        assert set(desk.cards) == {1}


async def test_what_waits_for_her_goes_to_the_new_room_once(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        desk.network.replace(MARIE, "marie")
        await desk._taken()
        assert "marie's room was replaced by another one" in texts(desk, AGENTS_ROOM)[-1]
        said = desk.network.say(AGENTS_ROOM, "sam", "one moment", thread=desk.cards[1].ref)
        for _ in range(10):
            desk.store.progress_bell.clear()
            await desk.store.progress_bell.wait()
        desk.clock.at += timedelta(minutes=20)
        desk.network.say("room of paul", "paul", "hello")
        await until(desk, lambda: texts(desk, "room of paul"))
        desk.clock.at += timedelta(minutes=20)
        await desk.store.gather_dead(desk.clock.at, timedelta(minutes=1), ["mobile"])
        await until(desk, lambda: any("the bot cannot follow yet" in one for one in seen(desk.network, AGENTS_ROOM)))
        assert "one moment" not in texts(desk, MARIE)
        desk.network.move(MARIE, NEW, "marie")
        await until(desk, lambda: "✅" in desk.network.messages[said].marks)
        assert texts(desk, NEW) == ["one moment"]


async def test_what_the_old_room_took_is_not_sent_again(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        desk.network.forgets = True

        def cut(address: Address, key: str) -> None:
            if address.room == MARIE:
                desk.network._replaced.add(MARIE)
                raise TryLater("cut", timedelta())

        desk.network.trouble_after = cut
        said = desk.network.say(AGENTS_ROOM, "sam", "only once", thread=desk.cards[1].ref)
        await until(desk, lambda: "only once" in texts(desk, MARIE))
        desk.network.move(MARIE, NEW, "marie")
        await until(desk, lambda: "✅" in desk.network.messages[said].marks)
        assert texts(desk, NEW) == []
        assert texts(desk, MARIE).count("only once") == 1


async def test_what_she_still_writes_in_the_old_room_is_hers(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        old = await says(desk, "my numbr is 12")
        await moves(desk)
        await says(desk, "still here")
        assert texts(desk, AGENTS_ROOM)[-1] == "marie: still here"
        await says(desk, "my number is 12", edits=old)
        assert any(one == "marie: my number is 12" for one in texts(desk, AGENTS_ROOM))
        shown = len(texts(desk, AGENTS_ROOM))
        await desk.leaves("marie")  # the old one
        desk.network.company(MARIE, "mallory", comes=True)
        await desk._taken()
        assert len(texts(desk, AGENTS_ROOM)) == shown
        await desk.agent("sam", "hello")
        assert texts(desk, NEW) == ["hello"]
        assert set(desk.cards) == {1}


async def test_old_words_are_corrected_and_deleted_where_they_stand(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        await desk.agent("sam", "your line is bak")
        ref = desk.last_by_agent
        await moves(desk)
        await desk.agent("sam", "your line is back", edits=ref)
        assert texts(desk, MARIE)[-1] == "your line is back"
        desk.network.delete_as(AGENTS_ROOM, "sam", ref)
        await desk._taken()
        assert not any("your line" in one for one in texts(desk, MARIE))
        assert texts(desk, NEW) == []


async def test_a_chain_of_rooms_and_a_replay_lead_to_the_last(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        await moves(desk)
        await moves(desk, NEW, "newest")
        desk.network.move(MARIE, NEW, "marie")  # told late, under another id
        await desk._taken()
        await desk.agent("sam", "hello")
        assert (texts(desk, NEW), texts(desk, "newest")) == ([], ["hello"])


@pytest.mark.parametrize(("who", "new"), [("mallory", NEW), ("marie", "room of paul")])
async def test_nobody_else_and_no_room_of_another_takes_a_conversation(who: str, new: str, tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await desk.arrives("paul")
        await held(desk)
        await moves(desk, new=new, who=who)
        desk.network._replaced.clear()
        await desk.agent("sam", "hello")
        assert texts(desk, MARIE)[-1] == "hello"
        assert "hello" not in texts(desk, new)


async def test_a_move_while_the_desk_was_down_is_followed_at_the_start(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
    desk.network.move(MARIE, NEW, "marie")
    desk.network.say(NEW, "marie", "anybody?")
    async with stage(DESK, tmp_path / "desk.db", desk.network) as again:
        assert texts(again, AGENTS_ROOM)[-1] == "marie: anybody?"
        assert set(again.cards) <= {1}


async def test_open_tickets_get_their_cards_where_the_team_goes(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await held(desk)
        await desk.customer("paul", "human")
        old = len(bots(desk, AGENTS_ROOM))
        desk.network.move_agents(AGENTS_ROOM, "new desk")
        await desk._taken()
        cards = [one for one in bots(desk, "new desk") if one.thread is None]
        assert [one.text.split(" ·")[0] for one in cards] == ["🟢 #1", "🟡 #2"]
        assert len(bots(desk, AGENTS_ROOM)) == old
        await says(desk, "hello?")
        assert [one.thread for one in bots(desk, "new desk") if one.text == "marie: hello?"] == [cards[0].ref]
        desk.network.say("new desk", "sam", "I am here", thread=cards[0].ref)
        await desk._taken()
        assert texts(desk, MARIE)[-1] == "I am here"
