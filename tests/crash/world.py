"""A desk's customers and agents with numbered words in both directions, and what became of each word.

Each word names its customer and its direction, so that one that is lost, doubled, out of order or in a place that is
not its own is seen as that, whoever made the mistake.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from tests.crash.people import Person, View, holding, insist, root_of
from tests.matrix.actors import CryptoActor, Event, PlainActor, body
from tests.matrix.synapse import Synapse

_WORD = re.compile(r"(?:said|told|inside)-\d{3}-\d{5}")
_LOOK = 0.25  # seconds between two looks at what the bot has done
QUESTION = "my puk is blocked"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that must not be; `kind` is lost, doubled, disordered or misplaced."""

    kind: str
    what: str


@dataclass(slots=True)
class Customer:
    """A customer, her room with the bot, and all that was said in it and about it."""

    index: int
    name: str
    person: Person
    view: View
    card: str = ""
    said: list[str] = field(default_factory=list)  # by her
    told: list[tuple[str, str]] = field(default_factory=list)  # to her: (id of the agent's message, word)
    inside: list[tuple[str, str]] = field(default_factory=list)  # about her, in the same way
    asked: bool = False
    made: Counter[str] = field(default_factory=Counter)

    def word(self, way: str) -> str:
        """Return the next word of that way."""
        self.made[way] += 1
        return f"{way}-{self.index:03}-{self.made[way]:05}"


class World:
    """One bot with one agents' room; `alive` is held by whoever needs the homeserver to live."""

    def __init__(self, synapse: Synapse, alive: asyncio.Lock, chance: Random, *, encrypted: bool) -> None:
        self.encrypted = encrypted
        self.customers: list[Customer] = []
        self._synapse = synapse
        self._alive = alive
        self._chance = chance
        self._people: list[PlainActor] = []
        self._looking = asyncio.Lock()
        self._coming = 0

    async def open(self) -> None:
        """Make the bot's account, the agents' room and the agent."""
        self.bot = await asyncio.to_thread(self._synapse.register, display_name="helpbot")
        self.sam = Person(await self._somebody("Sam", encrypted=self.encrypted))
        self.desk = await self.sam.actor.create_room(self.bot.id, name="desk")
        self.agents = View(self.sam.actor, self.desk)

    async def close(self) -> None:
        """Let everybody go."""
        for actor in self._people:
            await actor.stop()

    async def _somebody(self, name: str, *, encrypted: bool) -> PlainActor:
        user = await asyncio.to_thread(self._synapse.register, display_name=name)
        actor = (CryptoActor if encrypted else PlainActor)(self._synapse.url, user)
        self._people.append(actor)
        await actor.start()
        return actor

    # --- what people do

    async def arrives(self) -> None:
        """Let a customer come, ask the bot something, call a person, and be taken care of by Sam."""
        index, self._coming = self._coming, self._coming + 1
        name = f"Customer {index:03}"
        async with self._alive:  # opening a room cannot be repeated
            actor = await self._somebody(name, encrypted=index % 2 == 1)
            room = await actor.create_dm(self.bot.id)
        customer = Customer(index, name, Person(actor), View(actor, room))
        await self._until(lambda: bool(customer.view.messages(self.bot.id)), customer.view)  # the greeting
        self.customers.append(customer)
        await customer.person.says(room, QUESTION)
        await customer.person.says(room, "human")
        customer.asked = True
        await self._until(lambda: bool(self._cards(customer)), self.agents)
        customer.card = self._cards(customer)[0]["event_id"]
        await self.sam.reacts(self.desk, customer.card, "✋")

    async def talks(self) -> None:
        """Let somebody say something: a customer, or Sam to one or about one."""
        ready = [customer for customer in self.customers if customer.card]
        if not ready:
            return
        customer = self._chance.choice(ready)
        way = self._chance.choices(("said", "told", "inside"), (5, 5, 2))[0]
        word = customer.word(way)
        if way == "said":
            await customer.person.says(customer.view.room, word)
            customer.said.append(word)
        elif way == "told":
            customer.told.append((await self.sam.says(self.desk, word, customer.card), word))
        else:
            customer.inside.append((await self.sam.says(self.desk, f"!note {word}", customer.card), word))

    async def _until(self, so: Callable[[], bool], view: View) -> None:
        while True:
            async with self._looking:
                await view.look()
            if so():
                return
            await asyncio.sleep(_LOOK)

    def _cards(self, customer: Customer) -> list[Event]:
        roots = [event for event in self.agents.messages(self.bot.id) if root_of(event) is None]
        return holding(roots, customer.name)

    # --- what became of it

    async def settled(self, seconds: float) -> list[Fault]:
        """Wait until every word is where it belongs; return what is not by then."""
        end = asyncio.get_running_loop().time() + seconds
        while True:
            faults = await self.looked()
            lost = [fault for fault in faults if fault.kind == "lost"]
            if not lost or asyncio.get_running_loop().time() > end:
                return faults
            await asyncio.sleep(_LOOK)

    async def looked(self) -> list[Fault]:
        """Return what is not as it must be now."""
        async with self._looking:
            for view in (self.agents, *(customer.view for customer in self.customers)):
                await view.look()
        faults: list[Fault] = []
        marks = Counter(self.agents.marks(self.bot.id))
        for customer in self.customers:
            faults += self._threads(customer) + self._room(customer)
            for ways, mark in ((customer.told, "✅"), (customer.inside, "📝")):
                for ref, word in ways:
                    faults += _times(marks[ref, mark], 1, f"{mark} on {word}")
        return faults + self._places()

    def _threads(self, customer: Customer) -> list[Fault]:
        if not customer.asked:
            return []
        faults = _times(len(self._cards(customer)), 1, f"card of {customer.name}")
        if customer.card:
            mine = [event for event in self.agents.messages(self.bot.id) if root_of(event) == customer.card]
            faults += _in_order(customer.said, mine, f"said by {customer.name}")
            faults += _times(len(holding(mine, QUESTION)), 1, f"question of {customer.name} in her thread")
        return faults

    def _room(self, customer: Customer) -> list[Fault]:
        shown = customer.view.messages(self.bot.id)
        faults = _times(len(holding(shown, "humain")), 1, f"greeting of {customer.name}")
        if customer.asked:
            faults += _times(len(holding(shown, "ten wrong tries")), 1, f"answer to {customer.name}")
            faults += _times(len(holding(shown, "Your ticket is #")), 1, f"ticket told to {customer.name}")
        if customer.card:
            faults += _times(len(holding(shown, "is taking care of your ticket")), 1, f"claim told to {customer.name}")
        return faults + _in_order([word for _, word in customer.told], shown, f"told to {customer.name}")

    def _places(self) -> list[Fault]:
        """Return words that stand where they must not, and messages that nobody can read."""
        faults: list[Fault] = []
        for customer in self.customers:
            for event in customer.view.messages(self.bot.id):
                faults += [
                    Fault("misplaced", f"{word} in the room of {customer.name}")
                    for word in _WORD.findall(body(event))
                    if not word.startswith(f"told-{customer.index:03}")
                ]
        threads = {customer.card: f"{customer.index:03}" for customer in self.customers}
        for event in self.agents.messages(self.bot.id):
            place = threads.get(root_of(event) or "")
            faults += [
                Fault("misplaced", f"{word} in the thread of {place}")
                for word in _WORD.findall(body(event))
                if word.split("-")[1] != place
            ]
        closed = [view for view in (self.agents, *(customer.view for customer in self.customers)) if view.unreadable]
        return faults + [Fault("lost", f"{view.unreadable} messages that cannot be decrypted") for view in closed]


def _times(found: int, wanted: int, what: str) -> list[Fault]:
    if found == wanted:
        return []
    return [Fault("lost" if found < wanted else "doubled", f"{what}: {found} times")]


def _in_order(words: Sequence[str], shown: Sequence[Event], what: str) -> list[Fault]:
    """Return which words are not shown once and in order."""
    found = [word for event in shown for word in _WORD.findall(body(event)) if word in set(words)]
    times = Counter(found)
    faults = [fault for word in words for fault in _times(times[word], 1, word)]
    if list(dict.fromkeys(found)) != [word for word in sorted(words) if word in times]:
        faults.append(Fault("disordered", what))
    return faults


__all__ = ["Customer", "Fault", "World", "insist"]
