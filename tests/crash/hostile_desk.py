"""A whole desk behind the real reading of Matrix syncs, with a homeserver of a few dicts, and what must hold there."""

from __future__ import annotations

import asyncio
import copy
import re
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from helpbot.store.dead import QUIET, letters
from helpbot.transports.base import Incoming, Kind
from helpbot.transports.matrix_batch import Batch
from helpbot.transports.matrix_crypto import GuardedClient
from helpbot.transports.matrix_held import Held
from helpbot.transports.matrix_http import CLIENT_API, JsonDict, Refused
from helpbot.transports.matrix_inbox import Inbox
from helpbot.transports.matrix_rooms import Rooms
from helpbot.transports.memory import MemoryTransport, Message
from tests.core.cases import DESK as SMALL_DESK
from tests.dialogues.stage import Stage, WallClock, stage

from . import hostile as h

WORD = re.compile(r"(secret|for|inside|forged)(?:-(marie|paul))?-\w+")
_TEAMS = {"mobile": h.DESK, "lines": h.LINES}
Complaints = list[str]


class Homeserver(GuardedClient):
    """A client whose homeserver is a few dicts; what it is asked to do is only written down."""

    def __init__(self, folder: Path) -> None:
        super().__init__("http://localhost", h.BOT, folder, "pickle")
        self.events: dict[tuple[str, str], JsonDict] = {}
        self.told: list[str] = []

    async def call(self, method: str, where: str, body: object = None, **more: Any) -> JsonDict:
        """Answer as a homeserver does."""
        if method != "GET":
            self.told.append(where)
            return {}
        match [unquote(part) for part in where.removeprefix(f"{CLIENT_API}/").split("/")]:
            case ["joined_rooms"]:
                return {"joined_rooms": list(h.ROOMS)}
            case ["rooms", room, "joined_members"]:
                return {"joined": {user: {"display_name": name} for user, name in h.ROOMS[room].items()}}
            case ["rooms", room, "members"]:
                return {"chunk": [_member(user, name) for user, name in h.ROOMS[room].items()]}
            case ["rooms", _, "messages"]:
                return {"chunk": []}
            case ["rooms", _, "state", "m.room.join_rules"]:
                return {"content": {"join_rule": "invite"}}
            case ["rooms", room, "event", ref] if (room, ref) in self.events:
                return {**self.events[room, ref], "room_id": room}
        raise Refused("there is no such room or message", 404, "M_NOT_FOUND")


def _member(user: str, name: str) -> JsonDict:
    content = {"membership": "join", "displayname": name}
    return {"state_key": user, "content": content, "event_id": f"$join-{name}", "origin_server_ts": h.SENT}


class HandedIn(MemoryTransport):
    """The network in memory, to which what was read elsewhere is handed in."""

    def __init__(self) -> None:
        super().__init__(teams=_TEAMS)

    def hand_in(self, *items: Incoming) -> None:
        """Let this have happened."""
        for item in items:
            if item.kind is Kind.SAID:
                ref = item.id.removesuffix(":undecryptable")
                self.messages.setdefault(ref, Message(ref, item.room, item.sender, item.text, item.thread))
        self._happened += items
        self._news.set()

    def take_over(self, other: HandedIn) -> None:
        """Hold what another network holds, as a copy."""
        held = ("messages", "_members", "_happened", "_by_key", "_sent", "_count")
        for name in held:
            setattr(self, name, copy.deepcopy(getattr(other, name)))


@dataclass(frozen=True, slots=True)
class Shown:
    """What the bot did: `text` is all that is to be read there then."""

    verb: str
    ref: str
    room: str
    thread: str | None
    text: str


@dataclass(slots=True)
class World:
    """The desk, its homeserver, and all that the bot ever showed; a breach of any room's walls is kept."""

    stage: Stage
    network: HandedIn
    server: Homeserver
    inbox: Inbox
    rooms: Rooms
    database: Path
    shown: list[Shown] = field(default_factory=list)
    refs: dict[str, str] = field(default_factory=dict)
    leaks: Complaints = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    _probes: int = 0

    async def happens(self, *events: tuple[str, h.Raw]) -> list[Incoming]:
        """Let these events come in one sync, each in its room; return what was read of them."""
        batch = await self.read(*events)
        self.network.hand_in(*batch.items)
        async with asyncio.timeout(60):
            await self.network.taken()
            await self.inbox.committed(batch)
            await self.stage.bot.settled()
        return batch.items

    async def read(self, *events: tuple[str, h.Raw]) -> Batch:
        """Return what is read of a sync with these events; the desk hears nothing of it."""
        timelines: dict[str, list[JsonDict]] = {}
        for room, raw in events:
            event = self.filled(raw)
            timelines.setdefault(room, []).append(event)
            if isinstance(event.get("event_id"), str):
                self.server.events.setdefault((room, event["event_id"]), event)
        joined = {room: {"timeline": {"events": found}} for room, found in timelines.items()}
        return await self.inbox.read({"rooms": {"join": joined}}, "since")

    def filled(self, value: Any) -> Any:
        """Return the value with what stands for the bot's own messages, and for depth, put in."""
        match value:
            case h.Deep(levels):
                nest: list[Any] = []
                for _ in range(levels):
                    nest = [nest]
                return nest
            case str():
                return self.refs.get(value, value)
            case dict():
                return {name: self.filled(part) for name, part in value.items()}
            case list():
                return [self.filled(part) for part in value]
        return value

    def see(self, verb: str, message: Message) -> None:
        """Look at what the bot does at the moment when it does it."""
        seen = Shown(verb, message.ref, message.room, message.thread, message.text)
        self.shown.append(seen)
        if verb == "react":
            return
        if seen.room == h.DESK and seen.thread is None and seen.text[1:3] == " #":
            self.refs.setdefault(f"$card-{seen.text[3:].split()[0]}", seen.ref)
        if message.room not in h.ROOMS:
            self.leaks.append(f"the bot spoke in {message.room}")
        for word in WORD.finditer(message.text):
            if not self._in_place(word, seen):
                self.leaks.append(f"{word[0]} was shown in {message.room}, thread {message.thread}")
            if (
                verb == "send" and "💡" not in seen.text and seen.ref not in self.refs.values()
            ):  # cards name the question
                self.counts[message.room, word[0]] += 1

    def _in_place(self, word: re.Match[str], seen: Shown) -> bool:
        whose = word[2]
        if word[1] == "for":
            return seen.room == h.CUSTOMERS.get(whose)
        card = self.refs.get(h.CARD_1 if whose == "marie" else h.CARD_2)
        return word[1] == "secret" and seen.room == h.DESK and card in {seen.ref, seen.thread}

    def complaints(self, faults: int = 0) -> Complaints:
        """Return every breach so far of what always holds."""
        twice = [
            f"{word} was shown {count} times in {room}" for (room, word), count in self.counts.items() if count > 1
        ]
        dead = [letter for letter in letters(self.database) if letter.why not in QUIET]
        failed = [f"dead letter: {letter.why} {letter.to}" for letter in dead] if len(dead) != faults else []
        asked = [f"the homeserver was told {where}" for where in self.server.told]
        return [*self.leaks, *twice, *failed, *asked, *["the bot would leave a room"] * len(self.rooms.chores)]

    def sent(self, room: str, word: str) -> int:
        """Return how often the bot said this word in a room."""
        return self.counts[room, word]

    def marks(self, ref: str) -> list[str]:
        message = self.network.messages.get(ref)
        return [] if message is None else message.marks

    def cards(self) -> list[str]:
        """Return what both cards show now."""
        return [self.network.messages[self.refs[card]].text for card in (h.CARD_1, h.CARD_2)]

    async def goes_on(self) -> Complaints:
        """Ask and answer as on any day; return what did not come to pass."""
        self._probes += 1
        ids = [f"$probe-{self._probes}-{part}" for part in range(4)]
        asked, told = f"secret-marie-probe{self._probes}", f"for-marie-probe{self._probes}"
        await self.happens((h.MARIES, h.text(asked) | {"event_id": ids[0]}))
        for ref, words in zip(ids[1:], ("!release", "!claim", told), strict=True):
            await self.happens((h.DESK, h.in_thread(words) | {"event_id": ref}))
        checks = {
            "her question is not shown": self.sent(h.DESK, asked) == 1,
            "the answer did not reach her": self.sent(h.MARIES, told) == 1,
            "the answer bears no ✅": self.marks(ids[3]) == ["✅"],
        }
        return [what for what, holds in checks.items() if not holds]


# --- what a row may keep: name → what is to be complained of


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a row: what was read of it, what the bot did since, how both cards were before."""

    world: World
    row: h.Row
    read: Sequence[Incoming]
    shown: Sequence[Shown]
    cards: list[str]

    def new_in(self, *rooms: str) -> list[str]:
        return [seen.text for seen in self.shown if seen.verb == "send" and seen.room in rooms]

    def marked(self, *symbols: str) -> bool:
        """Tell whether the last event bears these marks and no others."""
        return self.world.marks(self.world.filled(self.row.events[0]["event_id"])) == list(symbols)

    def verbatim(self) -> bool:
        body = str(self.row.events[0]["content"]["body"]).replace("\x00", "\ufffd").replace("\ud800", "?")
        return any(body in text.replace("\n  ", "\n") for text in self.new_in(h.DESK))


KEEPS: Mapping[str, Callable[[Outcome], bool]] = {
    "unheard": lambda o: not o.read,
    "unshown": lambda o: not [seen for seen in o.shown if seen.verb != "react"],
    "inside": lambda o: not o.new_in(h.MARIES, h.PAULS),
    "untouched": lambda o: o.world.cards() == o.cards,
    "shown": lambda o: o.world.sent(h.DESK, h.SECRET) == 1,
    "newest": lambda o: any("secret-marie-twice" in seen.text for seen in o.shown if seen.room == h.DESK),
    "corrected": lambda o: (
        [seen.verb for seen in o.shown if h.OUTSIDE in seen.text and seen.room == h.MARIES] == ["edit"]
    ),
    "verbatim": lambda o: o.verbatim(),
    "delivered": lambda o: o.world.sent(h.MARIES, h.OUTSIDE) == 1 and o.marked("✅"),
    "noted": lambda o: o.marked("📝"),
    "crossed": lambda o: o.marked("❌"),
    "hinted": lambda o: len(o.new_in(h.DESK)) == 1,
}


async def judged(world: World, row: h.Row) -> Complaints:
    """Let a row happen; return what it did not keep."""
    before, cards, busy = len(world.shown), world.cards(), time.process_time()
    read = await world.happens(*((row.room, event) for event in row.events))
    busy = time.process_time() - busy
    outcome = Outcome(world, row, read, world.shown[before:], cards)
    broken = [f"not {name}: {read!r:.300} {outcome.shown!r:.900}" for name in row.keeps if not KEEPS[name](outcome)]
    slow = [f"it took {busy:.1f} s of work"] if busy > 2 else []
    return [*broken, *slow, *await world.goes_on(), *world.complaints()]


@dataclass(frozen=True, slots=True)
class Scene:
    """A desk at rest, to begin from: its files, its network, and what there is in it."""

    folder: Path
    network: HandedIn
    events: Mapping[tuple[str, str], JsonDict]
    refs: Mapping[str, str]


@asynccontextmanager
async def world(
    folder: Path,
    scene: Scene | None = None,
    network: type[HandedIn] = HandedIn,
    reading: type[Inbox] = Inbox,
) -> AsyncIterator[World]:
    """Open a desk with two customers, a ticket each, their owners, and a note in each thread."""
    if scene is not None:
        shutil.copytree(scene.folder, folder, dirs_exist_ok=True)
    handed = network()
    if scene is not None:
        handed.take_over(scene.network)
    server, clock, database = Homeserver(folder), WallClock(), folder / "desk.db"
    server.open("DEVICE", "token")
    try:
        async with stage(SMALL_DESK, database, handed, clock, rooms=_TEAMS) as opened:
            notebook = opened.store.notebook(handed.name)
            rooms = Rooms(server, notebook, teams=_TEAMS, invites_from=["*"], decline=_silent, warn=_silent)
            await rooms.open_desks()
            held = Held(notebook)
            await held.load()
            made = World(opened, handed, server, reading(server, rooms, held, clock.now), rooms, database)
            handed.shown = made.see
            if scene is None:
                await _play(made)
            else:
                made.refs |= scene.refs
                server.events |= scene.events
            yield made
    finally:
        await server.shut()


async def set_up(folder: Path) -> Scene:
    """Play the scene once, for many worlds to begin from."""
    async with world(folder) as made:
        network, events, refs = made.network, made.server.events, made.refs
    return Scene(folder, network, events, refs)


async def _silent(room: str, key: str) -> None:
    """Say nothing: no chore is ever worked off here."""


async def _play(made: World) -> None:
    await made.happens((h.MARIES, h.text("secret-marie-scene, nobody knows") | {"event_id": h.MARIE_1}))
    await made.happens((h.PAULS, h.text("secret-paul-scene, nobody knows", h.PAUL) | {"event_id": h.PAUL_1}))
    for customer, number in (("marie", 1), ("paul", 2)):
        made.refs[f"$told-{number}"] = made.network.in_room(h.CUSTOMERS[customer])[1].ref
        card = made.refs[f"$card-{number}"]
        made.refs[f"$line-{number}"] = next(one.ref for one in made.shown if one.thread == card)
    said = (
        (h.NOTE_1, "!note inside-scene1", h.ALEX, h.CARD_1),
        (h.NOTE_2, "!note inside-scene2", h.ALEX, h.CARD_2),
        ("$claim-1", "!claim", h.SAM, h.CARD_1),
        ("$claim-2", "!claim", h.LEA, h.CARD_2),
        (h.SAM_1, "for-marie-scene", h.SAM, h.CARD_1),
        (h.LEA_2, "for-paul-scene", h.LEA, h.CARD_2),
    )
    for ref, words, agent, card in said:
        await made.happens((h.DESK, h.in_thread(words, agent, card) | {"event_id": ref}))
    marks = [made.marks(ref) for ref, *_ in said]
    assert marks == [["📝"], ["📝"], [], [], ["✅"], ["✅"]], marks
    assert made.complaints() == [], made.complaints()
