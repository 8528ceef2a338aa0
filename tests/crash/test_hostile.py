"""Hostile input keeps every wall of the desk: row by row, and 20,000 made at random; with controls that break them."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from helpbot.core.effects import Content
from helpbot.transports.base import Address, Fetched, Incoming
from helpbot.transports.matrix_inbox import Inbox

from . import hostile as h
from .hostile_desk import KEEPS, HandedIn, Scene, World, judged, set_up, world
from .hostile_made import Made, Maker, edited, misread

_MEMORY = Path("/dev/shm")
MADE, BATCH = 20_000, 250


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in memory where there is one: some of these tests write very much."""
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as made:
        yield Path(made)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return asyncio.run(set_up(tmp_path_factory.mktemp("scene")))


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in h.ROWS])
async def test_a_hostile_input_keeps_every_wall(row: h.Row, scene: Scene, folder: Path) -> None:
    async with world(folder, scene) as desk:
        assert await judged(desk, row) == []


async def test_an_edit_of_his_message_in_her_room_does_not_keep_him_from_editing_it(scene: Scene, folder: Path) -> None:
    async with world(folder, scene) as desk:
        await desk.happens((h.MARIES, h.edit(h.PAUL_1, h.new(h.FORGED))))
        his = h.edit(h.PAUL_1, h.new("secret-paul-now"), h.PAUL, event_id="$his")
        await desk.happens((h.PAULS, his))
        assert desk.complaints() == []
        assert desk.sent(h.DESK, "secret-paul-now") == 1


# --- controls: walls that are broken on purpose, and rows that tell


class EverybodyIsAMember(HandedIn):
    """A desk that does not ask whether who writes among the agents is one of them."""

    def hand_in(self, *items: Incoming) -> None:
        super().hand_in(*(replace(item, member=True) for item in items))


class NobodyIsMentioned(HandedIn):
    """A desk that does not ask whether words are meant for a colleague."""

    def hand_in(self, *items: Incoming) -> None:
        super().hand_in(*(replace(item, mentions=False) for item in items))


class GoesWhereItIsTold(HandedIn):
    """A network that sends to the room of the message that was answered last."""

    _told: str | None = None

    def hand_in(self, *items: Incoming) -> None:
        answered = [self.messages[item.reply_to].room for item in items if item.reply_to in self.messages]
        self._told = answered[-1] if answered else None
        super().hand_in(*items)

    async def send(
        self, address: Address, content: Content, key: str, *, answers: str | None = None, file: Fetched | None = None
    ) -> str:
        elsewhere = replace(address, room=self._told or address.room)
        return await super().send(elsewhere, content, key, answers=answers, file=file)


class CustomersCommand(HandedIn):
    """A desk that takes a thread for a proof that somebody is an agent."""

    def hand_in(self, *items: Incoming) -> None:
        super().hand_in(*(replace(item, team=item.team or "mobile") if item.thread else item for item in items))


class SaysTwice(HandedIn):
    """A network that knows no event again."""

    def hand_in(self, *items: Incoming) -> None:
        super().hand_in(*items, *(replace(item, id=f"{item.id}-again") for item in items))


class Forgetful(HandedIn):
    """A network that loses what it cannot print."""

    def hand_in(self, *items: Incoming) -> None:
        super().hand_in(*(item for item in items if item.text.isprintable()))


class AnybodyEdits(Inbox):
    """A reading that honours the edits of others."""

    async def _is_her_own(self, edit: Incoming) -> bool:
        return True


CONTROLS = [
    (EverybodyIsAMember, Inbox, "a stranger's !r"),
    (EverybodyIsAMember, Inbox, "Marie's !close among the agents"),
    (NobodyIsMentioned, Inbox, "a mention as a link"),
    (GoesWhereItIsTold, Inbox, "her answer to Paul's message"),
    (CustomersCommand, Inbox, "her words in the thread of Paul's ticket"),
    (SaysTwice, Inbox, "one event three times"),
    (Forgetful, Inbox, "odd words: escape codes"),
    (HandedIn, AnybodyEdits, "an edit of Paul's message"),
    (HandedIn, AnybodyEdits, "an agent's edit of a colleague's words"),
]


@pytest.mark.parametrize(("network", "reading", "name"), CONTROLS, ids=lambda what: getattr(what, "__name__", what))
async def test_a_broken_wall_is_noticed(
    network: type[HandedIn], reading: type[Inbox], name: str, scene: Scene, folder: Path
) -> None:
    row = next(row for row in h.ROWS if row.name == name)
    async with world(folder, scene, network, reading) as desk:
        assert await judged(desk, row) != []


BROKEN_BY = {
    "unheard": "an edit of her own message",
    "unshown": "an edit of her own message",
    "inside": "!r with a mention",
    "untouched": "!release by a colleague",
    "shown": "words of ''",
    "newest": "an edit of her own message",
    "corrected": "!r with a mention",
    "verbatim": "very long: one word",
    "delivered": "a mention in words",
    "noted": "!r with a mention",
    "crossed": "a mention in words",
    "hinted": "!r with a mention",
}


@pytest.mark.parametrize("check", KEEPS)
async def test_each_check_fails_where_something_else_happens(check: str, scene: Scene, folder: Path) -> None:
    row = next(row for row in h.ROWS if row.name == BROKEN_BY[check])
    async with world(folder, scene) as desk:
        (told,) = await judged(desk, replace(row, keeps=(check,)))
        assert told.startswith(f"not {check}:")


@pytest.mark.parametrize("network", [EverybodyIsAMember, NobodyIsMentioned, CustomersCommand, SaysTwice])
async def test_a_broken_wall_is_noticed_in_what_is_made_at_random(
    network: type[HandedIn], scene: Scene, folder: Path
) -> None:
    maker = Maker(seed=1)
    async with world(folder, scene, network) as desk:
        for _ in range(6):
            await desk.happens(*((one.room, one.event) for one in (maker.make() for _ in range(BATCH))))
            if desk.complaints():
                return
    pytest.fail("1,500 hostile inputs passed through a broken wall")


async def test_many_hostile_inputs_keep_every_wall(scene: Scene, folder: Path) -> None:
    """All are read; of every five batches the whole desk behind gets two, which takes most of the time."""
    maker = Maker(seed=20261021)
    async with world(folder, scene) as desk:
        reached: list[Made] = []
        for number in range(MADE // BATCH):
            made = [replace(one, event=desk.filled(one.event)) for one in (maker.make() for _ in range(BATCH))]
            events = [(one.room, one.event) for one in made]
            whole = number % 5 < 2
            read = await desk.happens(*events) if whole else (await desk.read(*events)).items
            wrong = [what for one in made for what in misread(one, read)]
            assert wrong == [], wrong[0]
            reached += made if whole else []
            if number % 20 == 19:
                assert desk.complaints() == []
        again = edited_again(reached)  # before it was shown, for all that the desk promises
        assert [one for one in reached if one.must and desk.sent(h.DESK, one.word) != 1 and one not in again] == []
        assert len(again) < len(reached) / 10
        single = [one for one in reached if str(one.event.get("event_id")).startswith("$made-")]
        assert [one for one in single if is_marked(desk, one) != is_delivered(desk, one)] == []
        assert sum(is_delivered(desk, one) for one in reached) > 50  # or it says little
        assert await desk.goes_on() == []
        assert desk.complaints() == []


def edited_again(reached: Sequence[Made]) -> list[Made]:
    """Return what its author edited later, be it words or an edit of words."""
    later: set[tuple[str, str | None]] = set()
    found = []
    for one in reversed(reached):
        author, target = str(one.event.get("sender")), edited(one)
        if {(author, target), (author, str(one.event.get("event_id")))} & later:
            found.append(one)
        if target is not None:
            later.add((author, target))
    return found


def is_delivered(desk: World, made: Made) -> bool:
    return any(desk.sent(room, made.word) for room in h.CUSTOMERS.values())


def is_marked(desk: World, made: Made) -> bool:
    """Tell whether an agent's words bear the mark of delivery."""
    words = made.word in repr(made.event.get("content"))
    return made.room == h.DESK and words and "✅" in desk.marks(str(made.event["event_id"]))
