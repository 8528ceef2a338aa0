"""What every network must do, whichever it is: one suite, run on each one's real counterpart."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from helpbot.core.effects import Called, Content, Literal, Marked, Quoted, Strong
from helpbot.transports.base import Address, Incoming, Kind, Transport, Undeliverable
from tests.transports.pictures import picture

_FILE = bytes(range(256)) * 2000 + b"the end"


@dataclass(frozen=True, slots=True)
class Seen:
    """A message as a person on the network sees it."""

    ref: str
    text: str
    thread: str | None
    marks: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()  # whom it called when it came, or when it was corrected
    picture: str | None = None  # the name of the picture that it shows
    file: str | None = None  # the name of the file that it carries; the text is what stands beside it
    answers: str | None = None  # what it is shown as a reply to
    deleted: bool = False


class World(ABC):
    """A network with a bot on it, a customer and an agent; each kind of network has its own."""

    transport: Transport
    team = "mobile"

    @abstractmethod
    async def open_room(self) -> str:
        """Let the customer open a direct room with the bot; return it."""

    @abstractmethod
    async def customer_says(self, room: str, text: str) -> str:
        """Let the customer write; return the reference."""

    @abstractmethod
    async def customer_deletes(self, room: str, ref: str) -> str:
        """Let the customer take back what she wrote; return the reference of that."""

    @abstractmethod
    async def agent_deletes(self, ref: str) -> str:
        """Let the agent take back a message or a mark of theirs; return the reference of that."""

    @abstractmethod
    async def agent_says(self, text: str, thread: str | None = None) -> str:
        """Let the agent write in the agents' room; return the reference."""

    @abstractmethod
    async def agent_reacts(self, ref: str, symbol: str) -> str:
        """Let the agent react; return the reference."""

    @abstractmethod
    async def customer_sends(self, room: str, data: bytes, name: str, caption: str = "") -> str:
        """Let the customer send a file; return the reference."""

    @abstractmethod
    async def agent_sends(self, data: bytes, name: str, caption: str = "") -> str:
        """Let the agent send a file in the agents' room; return the reference."""

    @abstractmethod
    async def opens(self, room: str, ref: str) -> bytes:
        """Return the file of a message of the bot, as people in that room open it."""

    @abstractmethod
    async def sees(self, room: str, enough: Callable[[Sequence[Seen]], bool]) -> Sequence[Seen]:
        """Return what people see of the bot in the room, once it is enough."""

    @abstractmethod
    async def restarted(self) -> Transport:
        """Return a new transport for the same account, as after a kill, going on from the cursor kept."""

    @property
    @abstractmethod
    def agents(self) -> Address:
        """Where the agents sit."""

    @property
    @abstractmethod
    def agent(self) -> str:
        """The agent's id on the network."""

    def keep(self, desk: Desk) -> None:  # noqa: B027  # a network in memory keeps by itself
        """Keep what the store would have kept, so that a restart goes on from there."""


@dataclass(slots=True)
class Desk:
    """Takes in what the transport hands in, and keeps the cursor as the store would."""

    got: list[Incoming] = field(default_factory=list)
    cursors: list[str | None] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self, batch: Sequence[Incoming], cursor: str | None) -> None:
        self.got += batch
        self.cursors.append(cursor)
        self.news.set()

    async def until(self, wanted: Callable[[Incoming], bool]) -> Incoming:
        """Return the first event that is wanted, waiting for it."""
        async with asyncio.timeout(30):
            while True:
                self.news.clear()
                found = next((item for item in self.got if wanted(item)), None)
                if found is not None:
                    return found
                await self.news.wait()


@asynccontextmanager
async def listening(transport: Transport) -> AsyncIterator[Desk]:
    """Run the transport for a while."""
    desk = Desk()
    task = asyncio.create_task(transport.run(desk.receive))
    waiting = asyncio.create_task(transport.ready.wait())
    try:
        await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED, timeout=60)
        if task.done():
            await task
        assert transport.ready.is_set()
        yield desk
    finally:
        waiting.cancel()
        task.cancel()
        await asyncio.gather(task, waiting, return_exceptions=True)


class FileContract:
    """What every network does with files. Inherit this and give a `world` fixture."""

    @pytest.fixture
    async def desk(self, world: World) -> AsyncIterator[Desk]:
        async with listening(world.transport) as desk:
            yield desk

    async def room(self, world: World, desk: Desk) -> str:
        room = await world.open_room()
        await desk.until(lambda item: item.kind is Kind.ARRIVED and item.room == room)
        return room

    async def carried(self, world: World, desk: Desk, ref: str, to: Address, caption: str) -> str:
        """Send a file that came on to somewhere else; return the reference there."""
        said = await desk.until(lambda item: item.id == ref)
        assert said.file is not None
        assert (said.attachment, said.file.name) == ("facture <é>.pdf", "facture <é>.pdf")
        assert (said.text, said.file.text, said.file.network) == (caption, caption, world.transport.name)
        assert said.file.size == len(_FILE)
        content = (Strong("Marie"), said.file)
        async with world.transport.fetch(said.file, len(_FILE)) as fetched:
            assert fetched.size == len(_FILE)
            sent = await world.transport.send(to, content, f"{ref}-on", file=fetched)
        async with world.transport.fetch(said.file, len(_FILE)) as fetched:
            assert await world.transport.send(to, content, f"{ref}-on", file=fetched) == sent
        return sent

    @pytest.mark.parametrize("caption", ["", "mon <b>PUK</b>"])
    async def test_a_file_of_a_customer_comes_to_the_agents(self, world: World, desk: Desk, caption: str) -> None:
        room = await self.room(world, desk)
        card = await world.transport.send(world.agents, (Literal("#7"),), "file-card")
        ref = await world.customer_sends(room, _FILE, "facture <é>.pdf", caption)
        to = Address(world.transport.name, world.agents.room, card)
        sent = await self.carried(world, desk, ref, to, caption)
        await world.transport.send(world.agents, (Literal("last"),), "file-last")
        seen = await world.sees(world.agents.room, lambda found: any(item.text == "last" for item in found))
        shown = [item for item in seen if item.file is not None]
        words = f"Marie\n{caption}".strip()
        assert [(item.ref, item.thread, item.file, item.text) for item in shown] == [
            (sent, card, "facture <é>.pdf", words)
        ]
        assert await world.opens(world.agents.room, sent) == _FILE

    async def test_a_file_of_an_agent_comes_to_the_customer(self, world: World, desk: Desk) -> None:
        room = await self.room(world, desk)
        ref = await world.agent_sends(_FILE, "facture <é>.pdf", "voici")
        sent = await self.carried(world, desk, ref, Address(world.transport.name, room), "voici")
        seen = await world.sees(room, lambda found: any(item.ref == sent for item in found))
        shown = next(item for item in seen if item.ref == sent)
        assert (shown.file, shown.text) == ("facture <é>.pdf", "Marie\nvoici")
        assert await world.opens(room, sent) == _FILE

    async def test_a_file_that_is_not_fetched_is_said_in_words(self, world: World, desk: Desk) -> None:
        room = await self.room(world, desk)
        ref = await world.customer_sends(room, _FILE, "facture <é>.pdf", "voici")
        said = await desk.until(lambda item: item.id == ref)
        assert said.file is not None
        with pytest.raises(Undeliverable, match="file_too_large"):
            async with world.transport.fetch(said.file, len(_FILE) - 1):
                pytest.fail("it was given")
        sent = await world.transport.send(world.agents, (said.file,), "file-words")
        seen = await world.sees(world.agents.room, lambda found: any(item.ref == sent for item in found))
        shown = next(item for item in seen if item.ref == sent)
        assert (shown.file, shown.text) == (None, "📎 facture <é>.pdf\nvoici")


class Contract(FileContract):
    """Inherit this and give a `world` fixture."""

    async def test_a_customer_arrives_and_her_words_come_in(self, world: World, desk: Desk) -> None:
        room = await self.room(world, desk)
        ref = await world.customer_says(room, "  mon PUK est bloqué <b> @room \n\nsvp")
        said = await desk.until(lambda item: item.id == ref)
        assert (said.kind, said.room, said.team) == (Kind.SAID, room, None)
        assert said.text.strip() == "mon PUK est bloqué <b> @room \n\nsvp"
        arrived = next(item for item in desk.got if item.kind is Kind.ARRIVED)
        assert arrived.sender == said.sender

    async def test_an_agents_words_come_in_with_their_thread_and_team(self, world: World, desk: Desk) -> None:
        card = await world.transport.send(world.agents, (Literal("#1"),), "card")
        ref = await world.agent_says("!claim", thread=card)
        said = await desk.until(lambda item: item.id == ref)
        assert (said.team, said.thread, said.member, said.mentions) == (world.team, card, True, False)
        mark = await world.agent_reacts(card, "✋")
        reacted = await desk.until(lambda item: item.id == mark)
        assert (reacted.kind, reacted.target, reacted.symbol) == (Kind.REACTED, card, "✋")

    async def test_every_event_has_an_id_of_its_own(self, world: World, desk: Desk) -> None:
        room = await self.room(world, desk)
        refs = [await world.customer_says(room, "twice the same") for _ in range(3)]
        await desk.until(lambda item: item.id == refs[-1])
        assert len(set(refs)) == 3
        assert [item.id for item in desk.got if item.id in refs] == refs

    async def test_the_same_key_twice_shows_one_message(self, world: World, desk: Desk) -> None:
        room = await self.room(world, desk)
        address = Address(world.transport.name, room)
        first = await world.transport.send(address, (Literal("once"),), "key-once")
        again = await world.transport.send(address, (Literal("once"),), "key-once")
        assert first == again
        await world.transport.send(address, (Literal("last"),), "key-last")
        seen = await world.sees(room, lambda found: any(item.text == "last" for item in found))
        assert [item.text for item in seen if item.text in {"once", "last"}] == ["once", "last"]

    async def test_messages_stay_in_the_order_they_were_sent(self, world: World, desk: Desk) -> None:
        room = await self.room(world, desk)
        address = Address(world.transport.name, room)
        for number in range(8):
            await world.transport.send(address, (Literal(f"line {number}"),), f"order-{number}")
        seen = await world.sees(room, lambda found: any(item.text == "line 7" for item in found))
        lines = [item.text for item in seen if item.text.startswith("line")]
        assert lines == [f"line {number}" for number in range(8)]

    @pytest.mark.parametrize(
        "content",
        [
            (Literal("<script>alert(1)</script> @room [a](javascript:b) **c** &amp; \u202e"),),
            (Quoted("Marie <b>", "<img src=x> @room"), Strong("<i>x</i>")),
        ],
        ids=["literal", "quoted"],
    )
    async def test_peoples_text_is_shown_to_the_letter(self, world: World, desk: Desk, content: Content) -> None:
        ref = await world.transport.send(world.agents, content, f"letter-{len(content)}")
        seen = await world.sees(world.agents.room, lambda found: any(item.ref == ref for item in found))
        text = next(item.text for item in seen if item.ref == ref)
        for block in content:
            assert block.text.replace("\u202e", "") in text.replace("\u202e", "")

    async def test_an_answer_is_readable(self, world: World, desk: Desk) -> None:
        room = await self.room(world, desk)
        ref = await world.transport.send(
            Address(world.transport.name, room), (Marked("Do **this**:\n\n- a\n- b"),), "md"
        )
        seen = await world.sees(room, lambda found: any(item.ref == ref for item in found))
        text = next(item.text for item in seen if item.ref == ref)
        assert "this" in text
        assert "a\n" in text

    async def test_cards_are_edited_and_threads_hold_together(self, world: World, desk: Desk) -> None:
        card = await world.transport.send(world.agents, (Literal("#7 waiting"),), "c1")
        inside = Address(world.agents.transport, world.agents.room, thread=card)
        ref = await world.transport.send(inside, (Literal("in the thread"),), "c2")
        await world.transport.edit(world.agents, card, (Literal("#7 taken"),), "c3")
        await world.transport.react(inside, ref, "✅", "c4")

        def complete(found: Sequence[Seen]) -> bool:
            by_ref = {item.ref: item for item in found}
            return card in by_ref and by_ref[card].text == "#7 taken" and bool(by_ref.get(ref, by_ref[card]).marks)

        seen = {item.ref: item for item in await world.sees(world.agents.room, complete)}
        assert seen[ref].thread == card
        assert seen[ref].marks == ("✅",)

    async def test_a_colleague_is_called_by_name(self, world: World, desk: Desk) -> None:
        content = (Literal("#7 is for"), Called(world.agent, "Sam <b>"), Called(world.agent, "Sam"), Literal("please"))
        ref = await world.transport.send(world.agents, content, "call-1")
        seen = await world.sees(world.agents.room, lambda found: any(item.ref == ref for item in found))
        called = next(item for item in seen if item.ref == ref)
        assert called.text == "#7 is for\nSam <b>, Sam\nplease"
        assert called.mentions == (world.agent,)

    async def test_an_edit_calls_nobody_and_words_do_not_either(self, world: World, desk: Desk) -> None:
        card = await world.transport.send(world.agents, (Literal(f"#7 {world.agent} @room"),), "uncalled-1")
        await world.transport.edit(world.agents, card, (Literal("#7"), Called(world.agent, "Sam")), "uncalled-2")
        seen = await world.sees(world.agents.room, lambda found: any(item.text == "#7\nSam" for item in found))
        assert next(item.mentions for item in seen if item.ref == card) == ()

    async def test_a_picture_is_shown_once_in_its_thread_with_its_words(self, world: World, desk: Desk) -> None:
        card = await world.transport.send(world.agents, (Literal("#7"),), "picture-1")
        inside = Address(world.agents.transport, world.agents.room, thread=card)
        content = (Strong("The week"), picture(), Called(world.agent, "Sam"))
        ref = await world.transport.send(inside, content, "picture-2")
        assert await world.transport.send(inside, content, "picture-2") == ref
        await world.transport.send(inside, (Literal("last"),), "picture-3")
        seen = await world.sees(world.agents.room, lambda found: any(item.text == "last" for item in found))
        shown = [item for item in seen if item.picture is not None]
        assert [(item.ref, item.picture, item.thread) for item in shown] == [(ref, "week.png", card)]
        assert shown[0].text.endswith("The week\n12 tickets this week\nSam")
        assert shown[0].mentions == (world.agent,)

    async def test_a_picture_without_words_has_its_name(self, world: World, desk: Desk) -> None:
        ref = await world.transport.send(world.agents, (picture(text=""),), "picture-4")
        seen = await world.sees(world.agents.room, lambda found: any(item.ref == ref for item in found))
        shown = next(item for item in seen if item.ref == ref)
        assert (shown.picture, shown.text.removeprefix("🖼 ")) == ("week.png", "week.png")

    async def test_a_reply_hangs_on_what_it_answers(self, world: World, desk: Desk) -> None:
        room = await self.room(world, desk)
        question = await world.customer_says(room, "and my other card?")
        await desk.until(lambda item: item.id == question)
        address = Address(world.transport.name, room)
        ref = await world.transport.send(address, (Literal("that one too"),), "reply-1", answers=question)
        plain = await world.transport.send(address, (Literal("bye"),), "reply-2")
        seen = {
            item.ref: item for item in await world.sees(room, lambda found: any(item.ref == plain for item in found))
        }
        assert [(seen[one].answers, seen[one].thread) for one in (ref, plain)] == [(question, None), (None, None)]

    async def test_a_reply_in_a_thread_is_in_the_thread(self, world: World, desk: Desk) -> None:
        card = await world.transport.send(world.agents, (Literal("#7"),), "threaded-1")
        said = await world.agent_says("who is that?", thread=card)
        await desk.until(lambda item: item.id == said)
        inside = Address(world.agents.transport, world.agents.room, thread=card)
        ref = await world.transport.send(inside, (Literal("a customer"),), "threaded-2", answers=said)
        plain = await world.transport.send(inside, (Literal("of ours"),), "threaded-3")
        found = await world.sees(world.agents.room, lambda found: any(item.ref == plain for item in found))
        seen = {item.ref: item for item in found}
        assert [(seen[one].answers, seen[one].thread) for one in (ref, plain)] == [(said, card), (None, card)]

    async def test_what_people_take_back_is_told(self, world: World, desk: Desk) -> None:
        room = await self.room(world, desk)
        said = await world.customer_says(room, "my number is 0123")
        await desk.until(lambda item: item.id == said)
        ref = await world.customer_deletes(room, said)
        gone = await desk.until(lambda item: item.id == ref)
        arrived = next(item for item in desk.got if item.kind is Kind.ARRIVED)
        assert (gone.kind, gone.target, gone.room, gone.team) == (Kind.DELETED, said, room, None)
        assert (gone.sender, gone.text) == (arrived.sender, "")

    async def test_what_agents_take_back_is_told_and_marks_as_well(self, world: World, desk: Desk) -> None:
        card = await world.transport.send(world.agents, (Literal("#7"),), "gone-1")
        said = await world.agent_says("a slip", thread=card)
        mark = await world.agent_reacts(card, "✋")
        await desk.until(lambda item: item.id == mark)
        refs = [await world.agent_deletes(said), await world.agent_deletes(mark)]
        await desk.until(lambda item: item.id == refs[-1])
        gone = [item for item in desk.got if item.id in refs]
        assert [(item.kind, item.target) for item in gone] == [(Kind.DELETED, said), (Kind.DELETED, mark)]
        assert {(item.team, item.sender, item.member, item.exposed) for item in gone} == {
            (world.team, world.agent, True, False)
        }

    async def test_what_the_bot_takes_back_is_gone_with_its_corrections(self, world: World, desk: Desk) -> None:
        card = await world.transport.send(world.agents, (Literal("#7"),), "back-card")
        inside = Address(world.agents.transport, world.agents.room, thread=card)
        words = await world.transport.send(inside, (Literal("her number"),), "back-words")
        await world.transport.edit(inside, words, (Literal("her other number"),), "back-edit")
        mark = await world.transport.react(inside, card, "✅", "back-mark")
        taken = [
            await world.transport.redact(inside, words, "back-1"),
            await world.transport.redact(inside, mark, "b-2"),
        ]
        assert await world.transport.redact(inside, words, "back-1") == taken[0]
        last = await world.transport.send(inside, (Literal("last"),), "back-last")
        found = await world.sees(world.agents.room, lambda found: any(item.ref == last for item in found))
        seen = {item.ref: item for item in found}
        assert [(item.deleted, item.text) for item in (seen[card], seen[words])] == [(False, "#7"), (True, "")]
        assert seen[card].marks == ()
        back = await world.transport.sent_since(world.agents, None)
        assert (back["back-1"], back["b-2"]) == (taken[0], taken[1])
        assert (back["back-words"], back["back-mark"]) == (words, mark)  # taken back is not never sent
        assert not any(item.kind is Kind.DELETED for item in desk.got)  # the bot's own is no news

    async def test_taking_back_what_is_gone_is_no_error_and_what_is_anothers_is(self, world: World, desk: Desk) -> None:
        room = await self.room(world, desk)
        said = await world.customer_says(room, "mine")
        await desk.until(lambda item: item.id == said)
        ref = await world.transport.send(world.agents, (Literal("#7"),), "twice-1")
        await world.transport.redact(world.agents, ref, "twice-2")
        await world.transport.redact(world.agents, ref, "twice-3")
        await world.transport.redact(world.agents, "$nothing", "twice-4")
        await world.transport.redact(world.agents, "", "twice-5")
        with pytest.raises(Undeliverable):
            await world.transport.redact(Address(world.transport.name, room), said, "twice-6")

    async def test_what_was_sent_can_be_read_back(self, world: World, desk: Desk) -> None:
        room = await self.room(world, desk)
        address = Address(world.transport.name, room)
        first = await world.transport.send(address, (Literal("a"),), "back-1")
        second = await world.transport.send(address, (Literal("b"),), "back-2")
        found = await world.transport.sent_since(address, first)
        assert found["back-2"] == second
        everything = await world.transport.sent_since(address, None)
        assert everything["back-1"] == first

    async def test_what_came_while_it_was_away_comes_in_after_a_restart_in_order(self, world: World) -> None:
        async with listening(world.transport) as desk:
            room = await self.room(world, desk)
            before = await world.customer_says(room, "before")
            await desk.until(lambda item: item.id == before)
            assert desk.cursors[-1] is not None
            world.keep(desk)
        refs = [await world.customer_says(room, f"away {number}") for number in range(12)]
        gone = await world.customer_deletes(room, before)
        again = await world.restarted()
        async with listening(again) as desk:
            assert (await desk.until(lambda item: item.id == gone)).target == before
            came = [item.id for item in desk.got if item.kind is Kind.SAID and item.id != before]
            assert came == refs
            ref = await again.send(Address(again.name, room), (Literal("back again"),), "after-restart")
            seen = await world.sees(room, lambda found: any(item.ref == ref for item in found))
            assert seen
