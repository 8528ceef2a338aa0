"""A desk with several customers, teams and agents, in any order of anything that they may do, under any trouble.

Each word that anybody writes is a canary: it says whose it is, and what may become of it. What the bot shows is looked
at in the moment when it is shown.

Rule: the machine knows nothing of how the desk decides. It knows who wrote what where, and what the bot marked it with.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from helpbot.core.model import Desk
from helpbot.transports.base import Address, TryLater
from helpbot.transports.memory import MemoryTransport, Message
from tests.core.cases import DESK
from tests.dialogues.stage import Stage, WallClock, stage

T = TypeVar("T")
CUSTOMERS = ("marie", "paul", "kim")
ROOMS = {"mobile": "room of mobile", "lines": "room of lines"}
AGENTS = {"sam": ("mobile",), "alex": ("mobile", "lines"), "eve": ("mobile", "lines")}
NEVER_CLAIMS = "eve"
MOSTLY = st.sampled_from((True, True, True, False))
_CANARY = re.compile(r"\b(said|told|inside)-([a-z]+)-(\d+)\b")
_CARD = re.compile(r"^[🟡🟢🟠⚪] #\d+ ")
_NUMBERED = re.compile(r"^#\d+$", re.MULTILINE)  # what is said of a ticket in a room that has no card of it
_FOLDED = re.compile(r"#\d+ · The talk so far .*")
_REMINDER = re.compile(r"^[⏰🚨] #\d+ · (\w+) ")
_CUSTOMER = re.compile(r"^Customer: (\w+)$", re.MULTILINE)

# What a customer says, and what an agent types; {} is the canary.
SAID = ("what is {}?", "human {}", "heir {}", "puk {}", "move {}", "{}", "hello {}", "no {}", "boom {}")
TOLD = ("{}", "!r {}", "!close {}", "{}\nmore", "R: !r {}")
INSIDE = (
    "!note {}", "!nte {}", "! note {}", "> {}\n!note", "{}\n!note", "!claim {}", "!learn {} x", "!{}",
    "!transfer lines {}",
    "!transfer mobile {}", "!transfer {}", "!assign {}", "!snooze {}", "!merge {}",
)  # fmt: skip
BARE = (
    "!claim", "!release", "!close", "!reopen", "!help", "!r", "!transfer lines", "!transfer mobile", "!transfer off",
    "!promise +2h", "!kept", "!snooze +2h", "!send", "!away", "!back",
)  # fmt: skip
CLAIMING = {"!claim", "!r", "!promise +2h"}


@dataclass(frozen=True, slots=True)
class Written:
    """What somebody wrote: `whose` is the customer whom it concerns, `outward` whether it may reach her at all."""

    word: str
    whose: str
    ref: str
    agent: str | None = None
    outward: bool = False


class _Trouble:
    """Fails a number of calls, before or after the network has taken what it was given."""

    def __init__(self) -> None:
        self.before = self.after = 0

    def strikes_before(self, address: Address, key: str) -> None:
        if self.before:
            self.before -= 1
            raise TryLater("down", timedelta(), doubtful=bool(self.before % 2))

    def strikes_after(self, address: Address, key: str) -> None:
        if self.after:
            self.after -= 1
            raise TryLater("the answer was lost", timedelta())


class Held:
    """A stage that is held open by a task of its own, between the steps of a test that is no coroutine."""

    def __init__(self, desk: Desk, database: Path, network: MemoryTransport, clock: WallClock) -> None:
        self.network, self.clock = network, clock
        self._desk, self._database = desk, database
        self._loop = asyncio.new_event_loop()
        self._stage: Stage
        self._task: asyncio.Task[None] | None = None
        self.open()

    def open(self) -> None:
        """Start the desk."""
        opened = asyncio.Event()
        self._task = self._loop.create_task(self._live(opened))
        self.do(self._either(opened))

    async def _either(self, opened: asyncio.Event) -> None:
        assert self._task is not None
        waiting = asyncio.ensure_future(opened.wait())
        await asyncio.wait({waiting, self._task}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._task.done():
            self._task.result()

    async def _live(self, opened: asyncio.Event) -> None:
        async with stage(self._desk, self._database, self.network, self.clock, rooms=ROOMS) as stands:
            self._stage = stands
            opened.set()
            await asyncio.Event().wait()

    def do(self, what: Coroutine[Any, Any, T]) -> T:
        """Return what the coroutine does, while the desk is at work."""
        return self._loop.run_until_complete(what)

    def a_while(self, turns: int) -> None:
        """Let the desk work for some turns of its event loop."""
        self.do(_turns(turns))

    def settle(self) -> None:
        """Let the desk come to rest."""
        assert self._task is not None
        if self._task.done():
            self._task.result()
        self.do(self._stage._taken())

    def passes(self, time: timedelta) -> None:
        """Let time pass, when all is done."""
        self.do(self._stage.passes(time))

    def close(self) -> None:
        """End the desk where it stands."""
        assert self._task is not None
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._task)

    def end(self) -> None:
        """End the desk for good."""
        self.close()
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()


async def _turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


class Desks(RuleBasedStateMachine):
    """Everybody does anything; see the rules. `plain_text` is the desk's."""

    plain_text: ClassVar[str] = "owner"

    def __init__(self) -> None:
        super().__init__()
        self.network = MemoryTransport(teams=ROOMS)
        for agent, teams in AGENTS.items():
            for team in teams:
                self.network.join(ROOMS[team], agent, agent.title())
        self.trouble = _Trouble()
        self.network.trouble, self.network.trouble_after = self.trouble.strikes_before, self.trouble.strikes_after
        self.network.shown = self._see
        self.written: dict[str, Written] = {}
        self.shown: dict[str, list[tuple[str, str]]] = {}  # word → room and root of the thread where it was sent
        self.order: dict[tuple[str, str], list[str]] = {}  # where → words, as they were sent
        self.owners: dict[str, str] = {}  # root of a thread → the customer whose ticket it is
        self.numbered: dict[str, str] = {}  # "#1" → the customer whose ticket it is
        self.breaches: list[str] = []
        self.numbers = 0
        self._folder = tempfile.TemporaryDirectory(prefix="canaries-")

    @initialize(taken=st.lists(st.tuples(st.sampled_from(CUSTOMERS), st.sampled_from(("sam", "alex"))), max_size=2))
    def opens(self, taken: list[tuple[str, str]]) -> None:
        """Start the desk, with some tickets that agents have taken, so that what follows is about somebody."""
        desk = replace(DESK, plain_text=self.plain_text)
        self.held = Held(desk, Path(self._folder.name) / "desk.db", self.network, WallClock())
        for who, agent in taken:
            self.she_says(who, "human {}")
            self.held.settle()
            for root in [root for root, whose in self.owners.items() if whose == who]:
                self.network.say(self.network.messages[root].room, agent, "!claim", thread=root)
            self.held.settle()

    # --- what people do

    def _word(self, kind: str, whose: str) -> str:
        self.numbers += 1
        return f"{kind}-{whose}-{self.numbers}"

    @rule(who=st.sampled_from(CUSTOMERS), text=st.sampled_from(SAID))
    def she_says(self, who: str, text: str) -> None:
        word = self._word("said", who)
        ref = self.network.say(f"room of {who}", who, text.format(word))
        self.written[word] = Written(word, who, ref)

    @rule(who=st.sampled_from(CUSTOMERS), text=st.sampled_from(("1", "2", "human", "no", "yes", "thanks")))
    def she_chooses(self, who: str, text: str) -> None:
        self.network.say(f"room of {who}", who, text)

    @rule(who=st.sampled_from(CUSTOMERS), comes=MOSTLY)
    def she_comes_or_goes(self, who: str, comes: bool) -> None:
        (self.network.arrive if comes else self.network.leave)(f"room of {who}", who)

    @rule(who=st.sampled_from(CUSTOMERS), goes=MOSTLY)
    def a_third_person(self, who: str, goes: bool) -> None:
        self.network.company(f"room of {who}", "stranger", comes=not goes)

    @precondition(lambda self: self.owners)
    @rule(data=st.data(), text=st.sampled_from((*TOLD, *INSIDE)), mentions=MOSTLY.map(lambda yes: not yes))
    def agent_writes(self, data: st.DataObject, text: str, mentions: bool) -> None:
        root = data.draw(st.sampled_from(sorted(self.owners)))
        self._types(data.draw(self._agent_of(root)), root, text, mentions=mentions)

    @precondition(lambda self: self.owners)
    @rule(
        data=st.data(),
        claim=st.sampled_from(("!claim", "!reopen", "")),
        texts=st.lists(st.sampled_from(TOLD[:2]), min_size=1),
        mentions=MOSTLY.map(lambda yes: not yes),
    )
    def agent_answers(self, data: st.DataObject, claim: str, texts: list[str], mentions: bool) -> None:
        """Let an agent take a ticket and write, or another one write then."""
        root = data.draw(st.sampled_from(sorted(self.owners)))
        agent = data.draw(self._agent_of(root).filter(lambda agent: agent != NEVER_CLAIMS))
        if claim:
            self.network.say(self.network.messages[root].room, agent, claim, thread=root)
        for text in texts:
            speaks = agent if data.draw(MOSTLY) else NEVER_CLAIMS
            self._types(speaks, root, text, mentions=mentions)

    def _agent_of(self, root: str) -> st.SearchStrategy[str]:
        here = self.network.messages[root].room
        return st.sampled_from([agent for agent, teams in AGENTS.items() if here in {ROOMS[team] for team in teams}])

    @precondition(lambda self: self.owners)
    @rule(data=st.data(), agent=st.sampled_from(sorted(AGENTS)), text=st.sampled_from(BARE))
    def agent_commands(self, data: st.DataObject, agent: str, text: str) -> None:
        root = data.draw(st.sampled_from(sorted(self.owners)))
        if text not in CLAIMING or agent != NEVER_CLAIMS:
            self.network.say(self.network.messages[root].room, agent, text, thread=root)

    @precondition(lambda self: self.owners)
    @rule(data=st.data(), agent=st.sampled_from(("sam", "alex")), symbol=st.sampled_from(("✋", "👍", "🎉")))
    def agent_reacts(self, data: st.DataObject, agent: str, symbol: str) -> None:
        root = data.draw(st.sampled_from(sorted(self.owners)))
        self.network.react_as(self.network.messages[root].room, agent, root, symbol)

    @precondition(lambda self: self.owners)
    @rule(data=st.data(), agent=st.sampled_from(sorted(AGENTS)), text=st.sampled_from(TOLD) | st.sampled_from(INSIDE))
    def agent_writes_elsewhere(self, data: st.DataObject, agent: str, text: str) -> None:
        """Let an agent write with a thread of one team in the room of the other, or in the room and no thread."""
        root = data.draw(st.sampled_from(sorted(self.owners)))
        room = data.draw(st.sampled_from(sorted(ROOMS.values())))
        there = room == self.network.messages[root].room
        self._types(agent, root, text, room=room, thread=None if there else root, outward=False)

    @rule(agent=st.sampled_from(("sam", "alex")), comes=MOSTLY)
    def agent_comes_or_goes(self, agent: str, comes: bool) -> None:
        for team in AGENTS[agent]:
            if comes:
                self.network.join(ROOMS[team], agent, agent.title())
            else:
                self.network.leave_agents(ROOMS[team], agent)

    def _types(self, agent: str, root: str, text: str, **more: Any) -> None:
        if agent == NEVER_CLAIMS and text.startswith(("!r", "!claim")):
            text = "{}"  # it would claim a ticket that nobody has
        whose = self.owners[root]
        room = more.pop("room", self.network.messages[root].room)
        member = agent in self.network._members[room]
        outward = more.pop("outward", True) and text in TOLD[:4] and member and not (
            (more.get("mentions") and not text.startswith("!")) or (text[0] != "!" and self._says_nothing(agent))
        )  # fmt: skip
        word = self._word("told" if outward else "inside", whose)
        ref = self.network.say(room, agent, text.format(word), **{"thread": root, **more})
        self.written[word] = Written(word, whose, ref, agent, outward)

    def _says_nothing(self, agent: str) -> bool:
        return agent == NEVER_CLAIMS or self.plain_text == "explicit"

    # --- what else happens

    @rule(before=st.integers(0, 3), after=st.integers(0, 3), forgets=st.booleans())
    def trouble_comes(self, before: int, after: int, forgets: bool) -> None:
        self.trouble.before, self.trouble.after, self.network.forgets = before, after, forgets

    @rule(data=st.data())
    def something_comes_twice(self, data: st.DataObject) -> None:
        if self.network._happened:
            self.network.repeat(data.draw(st.sampled_from(self.network._happened)).id)

    @rule(turns=st.integers(1, 300))
    def the_desk_is_ended(self, turns: int) -> None:
        self.held.a_while(turns)
        self.held.close()
        self.held.open()

    @rule(turns=st.integers(1, 100))
    def a_moment_passes(self, turns: int) -> None:
        self.held.a_while(turns)

    @rule(hours=st.sampled_from((1, 25, 24 * 8)))
    def time_passes(self, hours: int) -> None:
        self.held.settle()
        self.held.passes(timedelta(hours=hours))

    @rule()
    def all_is_done(self) -> None:
        self.held.settle()
        self._marks_are_true()

    # --- what is seen

    def _see(self, verb: str, message: Message) -> None:
        """Look at what the bot does in the moment when it does it."""
        if verb == "react":
            return
        root = message.thread or message.ref
        if message.room in ROOMS.values() and message.thread is None and _CARD.match(message.text):
            named = _CUSTOMER.search(message.text)
            self.owners.setdefault(root, named[1] if named else "nobody")
            self.numbered[message.text.split()[1]] = self.owners[root]
        without_card = _NUMBERED.match(message.text)
        if message.room in ROOMS.values() and message.thread is None and without_card is not None:
            self.owners.setdefault(root, self.numbered.get(without_card[0], "nobody"))
        reminds = _REMINDER.match(message.text)
        if message.room in ROOMS.values() and message.thread is None and reminds is not None:
            self.owners[root] = reminds[1]
        folded = _FOLDED.match(message.text)  # its heading repeats what she asked, so that clients can quote it
        for found in _CANARY.finditer(message.text):
            word = found[0]
            if not self._may_be(found, message.room, root):
                self.breaches.append(f"{word} was shown in {message.room}, thread {message.thread}: {message.text}")
            if folded is not None and found.start() < folded.end():
                continue
            if verb == "send" and (message.thread is not None or message.room not in ROOMS.values()):
                self.shown.setdefault(word, []).append((message.room, root))
                self.order.setdefault((message.room, message.thread or ""), []).append(word)

    def _may_be(self, found: re.Match[str], room: str, root: str) -> bool:
        kind, whose = found[1], found[2]
        if room in ROOMS.values():
            return self.owners.get(root) == whose
        return kind == "told" and room == f"room of {whose}"

    @invariant()
    def nothing_is_out_of_place(self) -> None:
        assert not self.breaches, self.breaches[0]

    @invariant()
    def nothing_is_doubled(self) -> None:
        for (room, _), words in self.order.items():
            twice = [word for word, count in Counter(words).items() if count > 1]
            assert not twice, f"shown twice in {room}: {twice}"

    @invariant()
    def nothing_is_out_of_order(self) -> None:
        for (room, _), words in self.order.items():
            for kind in ("said", "told"):
                numbers = [int(word.rsplit("-", 1)[1]) for word in words if word.startswith(kind)]
                assert numbers == sorted(numbers), f"out of order in {room}: {words}"

    def _marks_are_true(self) -> None:
        """An agent is told of each word what became of it, and it is so."""
        for written in self.written.values():
            if written.agent is None:
                continue
            marks = set(self.network.messages[written.ref].marks) & {"✅", "📝", "❌"}
            reached = f"room of {written.whose}" in {room for room, _ in self.shown.get(written.word, [])}
            assert marks == {"✅"} if reached else "✅" not in marks, f"{written} has {marks}, reached her: {reached}"
            hinted = self.network.messages[written.ref].text.startswith("!close")  # of a closed ticket: a hint says so
            assert marks or hinted or not written.outward, f"nobody told what became of {written}"

    def teardown(self) -> None:
        if hasattr(self, "held"):
            try:
                self.held.settle()
                self.nothing_is_out_of_place()
                self.nothing_is_doubled()
                self.nothing_is_out_of_order()
                self._marks_are_true()
                self._her_words_are_there()
            finally:
                self.held.end()
                self._folder.cleanup()

    def _her_words_are_there(self) -> None:
        """What she said and the bot cannot know the answer of stands in the threads of her ticket, in each once."""
        for written in self.written.values():
            if written.agent is None:
                there = [place for place in self.shown.get(written.word, []) if place[0] in ROOMS.values()]
                said = self.network.messages[written.ref].text
                if said.startswith("what is"):
                    assert 1 <= len(there) == len(set(there)), f"{said} is shown in {there}"


class ExplicitDesks(Desks):
    """The same where only `!r` speaks to a customer."""

    plain_text = "explicit"
