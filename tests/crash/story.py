"""A short story of a desk in parts, from a greeting to a letter that nobody could take, and all that must come of it.

Each part is what people do at once, after all before it has come to rest, so that what it leaves does not depend on
when the desk was killed over it: the same words in the same places, the same rows in the database.
"""

from __future__ import annotations

import asyncio
import copy
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from helpbot.answers.proposed import PROPOSED
from helpbot.app import Helpbot
from helpbot.core.model import Desk
from helpbot.propose import write_proposals
from helpbot.store.sqlite import SqliteStore
from helpbot.transports.base import Address
from helpbot.transports.memory import MemoryTransport
from tests.core.cases import DESK
from tests.crash.steps import Steps
from tests.dialogues.stage import AGENTS_ROOM, WallClock, new_network

MARIE, PAUL = "room of marie", "room of paul"
_PATIENCE = 10.0  # seconds until a desk must have come to rest
_SOON = 0.001  # seconds between two looks
_ROWS = {  # what must be there in the end; times, tries and references differ from run to run
    "inbox": "SELECT transport, event, done_at IS NOT NULL, fault FROM inbox ORDER BY transport, event",
    "outbox": "SELECT lane, key, verb, audience, content, state, why, turn, offered FROM outbox ORDER BY lane, id",
    "ticket": "SELECT number, conversation, team, status, language, owner, reason, entry, offer, refusals, question,"
    " carded, undeliverable, answered, pending, undo, turn, rung, promises, transfer, hops, asked_rating, rating,"
    " merged_into, speaks_in, opened_at, closed_at FROM ticket ORDER BY number",
    "conversation": "SELECT id, room, customer, language, gone, crowded FROM conversation ORDER BY id",
    "entry": "SELECT ticket, audience, role, author, content FROM entry ORDER BY ticket, audience, id",
    "timer": "SELECT ticket, name, due FROM timer ORDER BY ticket, name",
    "question": "SELECT ticket, text, zone, entry, outcome, chosen FROM question ORDER BY ticket, id",
    "proposal": "SELECT ticket, entry, question, answer, agent, written FROM proposal ORDER BY id",
    "card": "SELECT ticket, team FROM card ORDER BY ticket, team",
    "figure": "SELECT ticket, team, kind, label FROM figure ORDER BY ticket, id",
    "reference": "SELECT ticket, count(*) FROM reference GROUP BY ticket ORDER BY ticket",
}
_RESTING = (
    "SELECT NOT EXISTS (SELECT 1 FROM inbox WHERE done_at IS NULL) AND NOT EXISTS (SELECT 1 FROM outbox WHERE"
    " state = 'queued') AND NOT EXISTS (SELECT 1 FROM proposal WHERE written = 0) AND NOT EXISTS (SELECT 1 FROM"
    " inbox WHERE fault IS NOT NULL AND noticed_at IS NULL) AND NOT EXISTS (SELECT 1 FROM timer WHERE due <= ?)"
)
Lines = dict[str, list[str]]  # place → what is there, in order


@dataclass(slots=True)
class Home:
    """What outlives a desk: its folder with the database, the network, the time."""

    folder: Path
    network: MemoryTransport
    clock: WallClock
    desk: Desk = DESK

    @property
    def database(self) -> Path:
        return self.folder / "desk.db"

    def copied(self, folder: Path) -> Home:
        """Return the same in another folder, for another way in which it may go on."""
        shutil.copytree(self.folder, folder)
        network = new_network(DESK)
        bells = {"ready", "_news", "_took", "signed", "notice"}
        kept = {name: value for name, value in vars(self.network).items() if name not in bells}
        vars(network).update(copy.deepcopy(kept))
        return Home(folder, network, WallClock(self.clock.at), self.desk)

    @classmethod
    def new(cls, folder: Path) -> Home:
        """Return the beginning of the story."""
        folder.mkdir(parents=True)
        return cls(folder, new_network(DESK), WallClock())


class Part(NamedTuple):
    """A part of the story: what people do in it."""

    name: str
    happens: Callable[[Home], object]


# --- what people do


def _card(home: Home, number: int) -> str:
    texts = ((message.ref, message.text) for message in home.network.in_room(AGENTS_ROOM) if message.thread is None)
    return next(ref for ref, text in texts if text[2:].startswith(f"#{number} "))


def _inside(home: Home, agent: str, *texts: str, number: int = 1) -> None:
    for text in texts:
        home.network.say(AGENTS_ROOM, agent, text, thread=_card(home, number))


def _comes(home: Home) -> None:
    home.network.arrive(MARIE, "marie")
    home.network.say(MARIE, "marie", "my puk please")


def _says(*texts: str) -> Callable[[Home], None]:
    def happens(home: Home) -> None:
        for text in texts:
            home.network.say(MARIE, "marie", text)

    return happens


def _crowded(home: Home) -> None:
    home.network.company(MARIE, "eve", comes=True)
    _inside(home, "sam", "told-6 that nobody may hear")


def _alone(home: Home) -> None:
    home.network.company(MARIE, "eve", comes=False)
    _inside(home, "sam", "told-7")


def _both(home: Home) -> None:
    home.network.say(MARIE, "marie", "said-3")
    _inside(home, "sam", "told-3", "!note inside-3")
    home.network.say(MARIE, "marie", "said-4")
    _inside(home, "sam", "told-4")


def _another(home: Home) -> None:
    home.network.arrive(PAUL, "paul")
    home.network.say(PAUL, "paul", "what is life?")
    home.network.say(MARIE, "marie", "said-5")


def _reopened(home: Home) -> None:
    _inside(home, "alex", "!close")
    home.network.say(MARIE, "marie", "said-8 it is back")


def _she_leaves(home: Home) -> None:
    home.network.leave(MARIE, "marie")
    _inside(home, "alex", "told-9 too late")


def _in_pieces(home: Home) -> None:
    home.desk = replace(DESK, burst=timedelta(seconds=3))
    for text in ("hello", "it is about", "the puk of ann"):
        home.network.say("room of ann", "ann", text)


def _quiet(home: Home) -> None:
    home.clock.at += timedelta(seconds=4)


def _idle(home: Home) -> None:
    home.desk = DESK
    home.clock.at += timedelta(days=2)
    home.network.say("room of zoe", "zoe", "the puk of zoe")


def _answered_alone(home: Home) -> None:
    home.network.say("room of max", "max", "puk?")


def _from_both(home: Home) -> None:
    home.network.say(PAUL, "paul", "said-10 from here")
    _inside(home, "alex", "told-10 where it was asked")


def _comes_back(home: Home) -> None:
    home.network.arrive("new room of marie", "marie")
    home.network.say("new room of marie", "marie", "said-11 from there")


STORY = (
    Part("a customer comes", _comes),
    Part("she wants a person", _says("human")),
    Part("an agent takes it", lambda home: home.network.react_as(AGENTS_ROOM, "sam", _card(home, 1), "✋")),
    Part("she writes", _says("said-1", "said-2")),
    Part("an agent answers", lambda home: _inside(home, "sam", "told-1", "!note inside-1", "told-2")),
    Part("both write", _both),
    Part("another comes", _another),
    Part("an agent writes long", lambda home: _inside(home, "sam", "told-5 " + "long " * 12_000)),
    Part("a stranger comes", _crowded),
    Part("the stranger goes", _alone),
    Part("an agent leaves", lambda home: home.network.leave_agents(AGENTS_ROOM, "sam")),
    Part("another takes it", lambda home: _inside(home, "alex", "!claim", "!learn new")),
    Part("closed, and back", _reopened),
    Part("we fail", lambda home: home.network.say("room of bo", "bo", "boom")),
    Part("she leaves", _she_leaves),
    Part("the bot answers alone", _answered_alone),
    Part("she writes in pieces", _in_pieces),
    Part("she is quiet", _quiet),
    Part("time passes", _idle),
    Part("two tickets become one", lambda home: _inside(home, "alex", "!merge 1", "!merge 1", number=2)),
    Part("she writes from the other room", _from_both),
    Part("she comes back in a new room", _comes_back),
)


# --- what a desk makes of it


async def live(home: Home, steps: Steps, rest: Callable[[], bool], opened: Callable[[SqliteStore], None]) -> None:
    """Run a desk until `rest` tells that all is done, or for a while, and end it as an admin does.

    Its steps are counted.
    """
    store = await SqliteStore.open(home.database)
    opened(store)
    network = home.network
    network.start_from(await store.notebook(network.name).cursor())
    bot = Helpbot(
        store,
        [network],
        {team.id: Address(network.name, AGENTS_ROOM) for team in DESK.teams},
        home.desk,
        home.clock.now,
    )
    asyncio.get_running_loop().set_task_factory(steps.task)
    async with bot.running(), asyncio.TaskGroup() as beside:
        writing = beside.create_task(write_proposals(store, home.folder, "en"), name="proposals")
        end = asyncio.get_running_loop().time() + _PATIENCE
        # Looked at from outside, so that the look is no step of the desk.
        while not rest() and asyncio.get_running_loop().time() < end:  # noqa: ASYNC110
            await asyncio.sleep(_SOON)
        writing.cancel()
    await store.close()


class Look:
    """Looks at a desk over one connection of its own: there are many looks, and each new one would read the schema."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._db: sqlite3.Connection | None = None

    def resting(self) -> bool:
        """Tell whether the desk has nothing to do any more."""
        if self._home.network._taken < len(self._home.network._happened):
            return False
        if self._db is None:
            self._db = sqlite3.connect(self._home.database)
        return bool(self._db.execute(_RESTING, (self._home.clock.at.isoformat(),)).fetchone()[0])

    def close(self) -> None:
        """Look no more."""
        if self._db is not None:
            self._db.close()


def lines(home: Home) -> Lines:
    """Return all that is there, by place."""
    found: Lines = {}
    roots = {
        message.ref: index for index, message in enumerate(home.network.in_room(AGENTS_ROOM)) if message.thread is None
    }
    order = {ref: index for index, ref in enumerate(roots)}
    for message in home.network.messages.values():
        place = message.room if message.thread is None else f"thread {order[message.thread]}"
        shown = f"{message.sender}: {message.text} {message.marks} {message.edits}"
        found.setdefault(place, []).append(shown)
    with closing(sqlite3.connect(home.database)) as db:
        for table, sql in _ROWS.items():
            found[table] = [str(row) for row in db.execute(sql)]
    proposed = home.folder / PROPOSED
    found[PROPOSED] = proposed.read_text().splitlines() if proposed.exists() else []
    return found


def faults(wanted: Mapping[str, list[str]], found: Mapping[str, list[str]]) -> list[str]:
    """Return what is lost, too much or out of order."""
    told: list[str] = []
    for place in sorted(wanted.keys() | found.keys()):
        there, here = wanted.get(place, []), found.get(place, [])
        lost, more = Counter(there) - Counter(here), Counter(here) - Counter(there)
        told += [f"lost in {place}: {line[:300]}" for line in lost]
        told += [f"too much in {place}: {line[:300]}" for line in more]
        if not lost and not more and there != here:
            told.append(f"out of order in {place}")
    return told


# --- where it can be killed

NAMED = {
    "before what happened is kept": "",
    "kept, before it is decided": "SELECT 1 FROM inbox WHERE done_at IS NULL AND transport <> 'helpbot'",
    "kept, before her quiet is over": "SELECT 1 FROM timer WHERE name = 'answer'",
    "decided, before it is sent": "",
    "sent, before that is kept": "",
    "reported, before that is decided": "SELECT 1 FROM inbox WHERE done_at IS NULL AND transport = 'helpbot'",
    "proposed, before it is written": "SELECT 1 FROM proposal WHERE written = 0",
    "written, before that is kept": "",
    "failed, before anybody is told": "SELECT 1 FROM inbox WHERE fault IS NOT NULL AND noticed_at IS NULL",
    "all done": "",
}


def where(home: Home) -> set[str]:
    """Return the named points that a killed desk was at."""
    network = home.network
    with closing(sqlite3.connect(home.database)) as db:
        at = {name for name, sql in NAMED.items() if sql and db.execute(f"{sql} LIMIT 1").fetchone() is not None}
        known = {event for (event,) in db.execute("SELECT event FROM inbox")}
        queued = [key for (key,) in db.execute("SELECT key FROM outbox WHERE state = 'queued'")]
        unwritten = [number for (number,) in db.execute("SELECT id FROM proposal WHERE written = 0")]
    if any(item.id not in known for item in network._happened):
        at.add("before what happened is kept")
    for key in queued:
        at.add("sent, before that is kept" if key in network._by_key else "decided, before it is sent")
    proposed = home.folder / PROPOSED
    if any(f"# {number}: " in proposed.read_text() for number in unwritten if proposed.exists()):
        at.add("written, before that is kept")
    return at or {"all done"}
