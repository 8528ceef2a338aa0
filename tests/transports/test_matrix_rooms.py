"""Which rooms the bot goes into and leaves; waiting is in virtual time."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from helpbot.transports.base import TryLater
from helpbot.transports.matrix_http import JsonDict, path
from helpbot.transports.matrix_rooms import Rooms, inviter_of
from tests.crash import hostile as h
from tests.crash.hostile_desk import Homeserver
from tests.matrix.bot import MemoryNotebook

from .virtual import run

ME = "@helpbot:example.org"


def invitation(sender: object, who: str = ME, membership: str = "invite") -> dict[str, object]:
    return {"type": "m.room.member", "state_key": who, "sender": sender, "content": {"membership": membership}}


def test_the_invitation_that_counts_is_the_last() -> None:
    forged, real = invitation("@ceo:example.org"), invitation("@mallory:evil.org")
    assert inviter_of([forged, real], ME) == "@mallory:evil.org"


def test_the_membership_of_others_is_no_invitation() -> None:
    others: list[dict[str, object]] = [
        invitation("@a:b", who="@mallory:evil.org"),
        invitation("@a:b", membership="join"),
        {"type": 7},
    ]
    assert inviter_of(others, ME) is None
    assert inviter_of([], ME) is None


# --- leaving


class Failing(Homeserver):
    """A homeserver of a few dicts that fails at what has `at` in its path; each post is kept with its time."""

    def __init__(self, folder: Path, at: str = "", error: Exception | None = None) -> None:
        super().__init__(folder)
        self.at, self.error = at, error
        self.posts: list[tuple[float, str]] = []
        self.open("DEVICE", "token")

    async def call(self, method: str, where: str, body: object = None, **more: Any) -> JsonDict:
        if method != "GET":
            self.posts.append((asyncio.get_running_loop().time(), where))
        if self.error is not None and self.at in where:
            raise self.error
        return await super().call(method, where, body, **more)

    def times(self, where: str) -> list[float]:
        """Return when this was asked for."""
        return [at for at, posted in self.posts if posted == where]


class Words:
    """What the bot tries to say, and what comes of it."""

    def __init__(self, error: Exception | None = None) -> None:
        self.tried: list[str] = []
        self.error = error

    async def __call__(self, room: str, key: str) -> None:
        self.tried.append(room)
        if self.error is not None:
            raise self.error


UNHEARD = TryLater("the devices of who is in this room cannot be told now", doubtful=False)


def rooms_of(server: Failing, words: Words | None = None, **teams: str) -> Rooms:
    say = words or Words()
    return Rooms(server, MemoryNotebook(), teams=teams, invites_from=["*:example.org"], decline=say, warn=say)


async def work(rooms: Rooms, seconds: float) -> None:
    """Let the chores be done for so long."""
    working = asyncio.create_task(rooms.chores.work())
    await asyncio.sleep(seconds)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


def test_a_room_that_cannot_be_told_why_is_left_in_silence(tmp_path: Path) -> None:
    async def story() -> None:
        server, words = Failing(tmp_path), Words(UNHEARD)
        rooms = rooms_of(server, words)
        rooms.leave("!deaf:evil.org", politely=True, because="$join")
        await work(rooms, 60)
        assert words.tried == ["!deaf:evil.org"] * 3
        assert len(server.times(path("rooms", "!deaf:evil.org", "leave"))) == 1
        assert "!deaf:evil.org" not in rooms.chores

    run(story())


def test_a_homeserver_that_is_away_silences_nobody(tmp_path: Path) -> None:
    async def story() -> None:
        server = Failing(tmp_path, "", TryLater("the homeserver cannot be reached"))
        words = Words(server.error)
        rooms = rooms_of(server, words)
        rooms.leave("!crowd:example.org", politely=True, because="$join")
        await work(rooms, 600)
        assert len(words.tried) > 10
        assert not server.posts
        server.error = words.error = None
        await work(rooms, 60)
        assert len(server.times(path("rooms", "!crowd:example.org", "leave"))) == 1

    run(story())


def test_rooms_that_are_left_take_no_invitations_place(tmp_path: Path) -> None:
    async def story() -> None:
        rooms = rooms_of(Failing(tmp_path))
        for number in range(1000):
            rooms.leave(f"!{number}:evil.org", politely=True, because="$join")
        rooms.invited("!hers:example.org", [invitation("@alice:example.org", h.BOT)])
        assert "!hers:example.org" in rooms.chores

    run(story())
