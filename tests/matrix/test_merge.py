"""A customer with two accounts, and one who comes back in another room, on a real Synapse: plain and encrypted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .actors import Event, PlainActor, body, relation
from .conftest import MakeCrypto, MakePlain
from .desk import AgentsView, RunningDesk
from .synapse import Synapse
from .test_desk_relays import changed, marked, taken_back

pytestmark = pytest.mark.synapse


class Two:
    """Marie and Mary, who are one person, with a ticket each; Sam owns the first."""

    def __init__(self, agents: AgentsView, cards: dict[int, Event], people: dict[str, tuple[PlainActor, str]]) -> None:
        self.agents, self.cards, self.people = agents, cards, people
        self.sam, self.desk, self.bot = agents.actor, agents.room, agents.bot

    def of(self, name: str) -> tuple[PlainActor, str]:
        return self.people[name]

    async def reads(self, name: str, text: str) -> Event:
        who, room = self.people[name]
        return await who.wait_for_text(room, text)

    def read(self, name: str) -> str:
        who, room = self.people[name]
        return "\n".join(body(event) for event in who.messages(room, self.bot))

    async def merges(self, number: int, into: int) -> None:
        """Let Sam merge a ticket, and say yes by a thumb."""
        asked = await self.agents.writes(self.cards[number], f"!merge #{into}")
        await self.agents.marked(asked, "⏸️")
        await self.agents.threaded(self.cards[number], "one and the same person?")
        await self.sam.react(self.desk, asked, "👍")

    async def answers(self, number: int, text: str) -> str:
        ref = await self.agents.writes(self.cards[number], text)
        await self.agents.marked(ref, "✅")
        return ref


async def opened(who: PlainActor, bot: str, agents: AgentsView, number: int) -> tuple[str, Event]:
    """Let somebody open a room and call a person; return the room and the card."""
    room = await who.create_dm(bot)
    await who.wait_for_text(room, "human")
    await who.say(room, "human")
    return room, await agents.card(number)


@pytest.fixture(params=[False, True], ids=["plain", "encrypted"])
async def two(
    request: pytest.FixtureRequest,
    synapse: Synapse,
    plain_actor: MakePlain,
    crypto_actor: MakeCrypto,
    tmp_path: Path,
) -> AsyncIterator[Two]:
    actor = crypto_actor if request.param else plain_actor
    sam, marie, mary = await actor("Sam"), await actor("Marie"), await actor("Mary")
    bot = synapse.register(display_name="helpbot")
    desk = RunningDesk(tmp_path / "desk", synapse, bot, await sam.create_room(bot.id, name="desk"))
    await desk.start()
    agents = AgentsView(sam, desk)
    people, cards = {}, {}
    for number, (name, who) in enumerate((("marie", marie), ("mary", mary)), start=1):
        room, cards[number] = await opened(who, bot.id, agents, number)
        people[name] = who, room
    await sam.react(desk.agents_room, cards[1]["event_id"], "✋")
    await marie.wait_for_text(people["marie"][1], "Sam is taking care")
    yield Two(agents, cards, people)
    assert await desk.stop() == 0, desk.log()[-3000:]


async def test_two_accounts_become_one_ticket(two: Two) -> None:
    mary, room = two.of("mary")
    before = await mary.say(room, "it is about my other account")
    copy = await two.agents.threaded(two.cards[2], "my other account")
    await two.merges(2, 1)
    await two.reads("mary", "Your ticket #2 goes on as #1")
    await two.reads("marie", "What you wrote from another account (#2) now belongs to #1.")
    told = await two.agents.threaded(two.cards[1], "Sam merged #2 (Mary")
    assert mary.id in body(told)
    moved = await two.agents.threaded(two.cards[1], "my other account")
    await two.agents.card(2, "merged into #1")
    await two.agents.card(1, "#2's room")

    his = await two.answers(1, "I see bth now")
    read = await two.reads("mary", "I see bth now")
    await two.sam.edit(two.desk, his, "I see both now")
    await changed(mary, room, read["event_id"], "I see both now")
    heart = await mary.react(room, read["event_id"], "❤️")
    mark = await marked(two.sam, two.desk, his, "❤️")
    await mary.delete(room, heart)
    await taken_back(two.sam, two.desk, mark["event_id"])

    hers = await mary.reply(room, read["event_id"], "and so do I")
    shown = await two.agents.threaded(two.cards[1], "and so do I")
    assert "Mary (#2)" in body(shown)
    assert relation(shown)["m.in_reply_to"]["event_id"] == his
    await mary.edit(room, hers, "and so do we")
    await changed(two.sam, two.desk, shown["event_id"], "and so do we")
    await mary.delete(room, hers)
    await taken_back(two.sam, two.desk, shown["event_id"])
    await mary.delete(room, before)
    await taken_back(two.sam, two.desk, copy["event_id"])
    await changed(two.sam, two.desk, moved["event_id"], "🗑")

    marie, at_home = two.of("marie")
    await marie.say(at_home, "here I am again")
    await two.agents.threaded(two.cards[1], "here I am again")
    last = await two.answers(1, "so am I")
    got = await two.reads("marie", "so am I")
    assert "so am I" not in two.read("mary")
    assert "bth" not in two.read("marie")
    await two.sam.delete(two.desk, last)
    await taken_back(marie, at_home, got["event_id"])
    for name, other in (("marie", mary), ("mary", marie)):
        assert other.id not in two.read(name), "no account is named to the other"


async def test_who_left_goes_on_in_a_new_room(two: Two) -> None:
    marie, old = two.of("marie")
    his = await two.answers(1, "one momnt")
    await marie.leave(old)
    await two.agents.threaded(two.cards[1], "Marie")
    new = await marie.create_dm(two.bot)
    await marie.wait_for_text(new, "Your ticket #1 is still open")
    await two.agents.threaded(two.cards[1], "Marie is back, in a new room")
    await two.answers(1, "welcome home")
    await marie.wait_for_text(new, "welcome home")
    await marie.say(new, "thank you so much for it all, but it is still broken")
    await two.agents.threaded(two.cards[1], "still broken")
    await two.sam.edit(two.desk, his, "one moment")
    await two.agents.threaded(two.cards[1], "correction has not reached")
    assert not any("moment" in body(event) for event in marie.messages(new, two.bot))
