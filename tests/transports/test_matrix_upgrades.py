"""Which rooms replace which, as a homeserver tells it, and what is kept of that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from helpbot.transports.matrix_http import CLIENT_API, JsonDict, Refused
from helpbot.transports.matrix_upgrades import LONGEST, Upgrades, is_room
from tests.crash.hostile_desk import Homeserver
from tests.matrix.bot import MemoryNotebook


class Upgraded(Homeserver):
    """A homeserver that tells of rooms which replace each other: old → new, and new → old."""

    def __init__(self, folder: Path, after: dict[str, object], before: dict[str, object]) -> None:
        super().__init__(folder)
        self.after, self.before = after, before

    async def call(self, method: str, where: str, body: object = None, **more: Any) -> JsonDict:
        match where.removeprefix(f"{CLIENT_API}/").replace("%21", "!").split("/"):
            case ["rooms", room, "state", "m.room.tombstone"] if room in self.after:
                return {"replacement_room": self.after[room]}
            case ["rooms", room, "state", "m.room.create"] if room in self.before:
                return {"predecessor": {"room_id": self.before[room]}}
        raise Refused("there is no such state", 404, "M_NOT_FOUND")


@pytest.mark.parametrize(
    "odd", [None, 7, "", "!", "#a:b", ["!a:b"], {"!a": 1}, "!a\n:b", "!\u202ea:b", "!" + "x" * 255]
)
def test_what_cannot_be_a_room_is_none(odd: object) -> None:
    assert not is_room(odd)


@pytest.mark.parametrize("room", ["!a:example.org", "!lBrXgjjtt97XTfW_0Hs4scDduOyd_gtcoNok4QSK7H0"])
def test_rooms_of_every_version_are_rooms(room: str) -> None:
    assert is_room(room)


async def test_a_chain_holds_only_where_each_room_names_the_next_and_the_one_before(tmp_path: Path) -> None:
    server = Upgraded(tmp_path, {"!a": "!b", "!b": "!c", "!x": "!y"}, {"!b": "!a", "!c": "!b", "!z": "!a", "!y": 7})
    upgrades = Upgrades(server, MemoryNotebook())
    assert await upgrades.chain_to("!c", {"!a"}) == ["!a", "!b", "!c"]
    assert await upgrades.chain_to("!c", {"!a", "!b"}) == ["!b", "!c"]
    for room in ("!a", "!y", "!z", "!nowhere"):
        assert await upgrades.chain_to(room, {"!a", "!x"}) == []
    await upgrades.follow("!a", "!other")
    assert await upgrades.chain_to("!b", {"!a"}) == [], "the bot went on elsewhere"


async def test_rooms_that_replace_each_other_in_a_ring_end_the_look(tmp_path: Path) -> None:
    many = {f"!{number}": f"!{number + 1}" for number in range(3 * LONGEST)}
    server = Upgraded(tmp_path, {"!a": "!b", "!b": "!a", **many}, {"!a": "!b", "!b": "!a"})
    server.before |= {new: old for old, new in many.items()}
    upgrades = Upgrades(server, MemoryNotebook())
    assert await upgrades.chain_to("!a", {"!z"}) == []
    assert await upgrades.chain_to(f"!{3 * LONGEST}", {"!0"}) == [], "nobody upgrades a room so often"


async def test_what_is_known_outlives_a_restart_and_may_be_taken_back(tmp_path: Path) -> None:
    server, notebook = Upgraded(tmp_path, {"!a": "!b", "!c": "!d"}, {}), MemoryNotebook()
    upgrades = Upgrades(server, notebook)
    await upgrades.note("!a")
    await upgrades.note("!c")
    await upgrades.follow("!a", "!b")
    again = Upgrades(server, notebook)
    await again.load()
    assert (again.is_closed("!a"), again.is_followed("!a"), again.former("!b")) == (True, True, ["!a"])
    assert (again.is_closed("!c"), again.is_awaited("!d"), list(again.untold())) == (True, True, ["!c"])
    await again.refuted("!d")
    assert not again.is_closed("!c")
    await again.note("!c")
    server.after["!c"] = None
    await again.note("!c")
    assert not again.is_closed("!c")
    server.after["!a"] = "!trap"
    await again.note("!a")
    assert again.former("!trap") == []
