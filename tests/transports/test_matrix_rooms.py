"""Which rooms the bot goes into and leaves; waiting is in virtual time."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from helpbot.transports.base import TryLater
from helpbot.transports.matrix_http import JsonDict, fault, path
from helpbot.transports.matrix_rooms import Rooms, inviter_of
from tests.crash import hostile as h
from tests.crash.hostile_desk import Homeserver
from tests.matrix.bot import MemoryNotebook

from .virtual import run

ME = "@helpbot:example.org"
HERS = "!hers:example.org"
DAY = 86_400.0


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
        self.patience: list[float] = []  # of each post, in seconds
        self.invited: dict[str, list[JsonDict]] = {}  # as a sync from nowhere tells it
        self.open("DEVICE", "token")

    async def call(self, method: str, where: str, body: object = None, **more: Any) -> JsonDict:
        if method != "GET":
            self.posts.append((asyncio.get_running_loop().time(), where))
            self.patience.append(more.get("patience", 60.0))
        if self.error is not None and self.at in where:
            raise self.error
        if where == path("sync"):
            invite = {room: {"invite_state": {"events": state}} for room, state in self.invited.items()}
            return {"next_batch": "later", "rooms": {"invite": invite}}
        if where.startswith(path("join", "")):
            self.invited.pop(unquote(where.removeprefix(path("join", ""))), None)
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
    allowed = ["*:example.org", "*:x.org"]
    return Rooms(server, MemoryNotebook(), teams=teams, invites_from=allowed, decline=say, warn=say)


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
        rooms.invited(HERS, [invitation("@alice:example.org", h.BOT)])
        assert HERS in rooms.chores

    run(story())


@pytest.mark.parametrize("how", ["the leave is refused", "she invites it again"])
def test_a_room_that_was_to_be_left_may_become_a_customers(tmp_path: Path, how: str) -> None:
    async def story() -> None:
        server = Failing(tmp_path, "/leave", fault(403, {}, {"errcode": "M_FORBIDDEN"}))
        rooms = rooms_of(server)
        rooms.leave(h.MARIES, politely=False, because="$join")
        assert await rooms.arrival(h.MARIES) is None
        if how == "she invites it again":
            rooms.invited(h.MARIES, [invitation(h.MARIE, h.BOT)])
        await work(rooms, 60)
        assert await rooms.arrival(h.MARIES) is not None

    run(story())


# --- who takes whose place


def test_those_who_may_open_no_room_take_nobodys_place_and_time(tmp_path: Path) -> None:
    async def story() -> None:
        server = Failing(tmp_path)
        rooms = rooms_of(server)
        for number in range(1000):
            by = f"@made-up-{number // 20}:evil.org"
            rooms.invited(f"!{number}:evil.org", [invitation(by, h.BOT)])
        assert len(rooms.chores) == 50
        rooms.invited(HERS, [invitation("@alice:example.org", h.BOT)])
        await work(rooms, DAY)
        assert server.times(path("join", HERS)) == [0.0]
        assert len([where for _, where in server.posts if where.endswith("/leave")]) == 50
        assert not len(rooms.chores)  # nor does the bot ask again and again whom else to refuse

    run(story())


def test_no_room_is_waited_for_longer_than_others_may_wait(tmp_path: Path) -> None:
    async def story() -> None:
        server = Failing(tmp_path)
        rooms = rooms_of(server)
        rooms.invited(HERS, [invitation("@alice:example.org", h.BOT)])
        rooms.leave("!deaf:evil.org", politely=False, because="$join")
        await work(rooms, 1)
        assert len(server.patience) == 3
        assert set(server.patience) == {20.0}

    run(story())


# --- what does not work

IN_VAIN = {
    "a server that is gone": fault(500, {}, {"errcode": "M_UNKNOWN", "error": "Failed to join via any server"}),
    "a gateway's page over joins alone": fault(502, {}, None),
}
FOR_ALL = {
    "a limit without a time": fault(429, {}, {"errcode": "M_LIMIT_EXCEEDED"}),
    "a limit with a short time": fault(429, {}, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 900}),
    "a suspended account": fault(403, {}, {"errcode": "M_USER_SUSPENDED"}),
    "a homeserver at its limit": fault(403, {}, {"errcode": "M_RESOURCE_LIMIT_EXCEEDED"}),
}


@pytest.mark.parametrize("error", IN_VAIN.values(), ids=IN_VAIN)
def test_a_join_in_vain_is_tried_less_and_less_often_and_not_given_up(tmp_path: Path, error: Exception) -> None:
    async def story() -> None:
        server = Failing(tmp_path, "/join/", error)
        rooms = rooms_of(server)
        rooms.invited(HERS, [invitation("@alice:example.org", h.BOT)])
        await work(rooms, DAY)
        times = server.times(path("join", HERS))
        assert 3600 <= times[-1] - times[-2] <= 4500
        assert len(times) < 40
        server.error = None
        await work(rooms, 4500)
        assert len(server.times(path("join", HERS))) == len(times) + 1
        assert HERS not in rooms.chores

    run(story())


@pytest.mark.parametrize("error", FOR_ALL.values(), ids=FOR_ALL)
def test_what_keeps_the_bot_out_of_every_room_slows_no_room_down(tmp_path: Path, error: Exception) -> None:
    async def story() -> None:
        server = Failing(tmp_path, "/join/", error)
        rooms = rooms_of(server)
        rooms.invited(HERS, [invitation("@alice:example.org", h.BOT)])
        await work(rooms, 3600)
        times = server.times(path("join", HERS))
        assert times[-1] - times[-2] <= 40

    run(story())


@pytest.mark.parametrize("error", [*IN_VAIN.values(), fault(403, {}, {"errcode": "M_FORBIDDEN"})])
def test_an_agents_room_is_joined_whatever_failed_before(tmp_path: Path, error: Exception) -> None:
    async def story() -> None:
        server = Failing(tmp_path)
        rooms = rooms_of(server, mobile=h.DESK)
        await rooms.open_desks()
        rooms.left(h.DESK)
        server.at, server.error = "/join/", error
        rooms.invited(h.DESK, [invitation("@sam:example.org", h.BOT)])
        await work(rooms, 3600)
        tried = len(server.times(path("join", h.DESK)))
        assert tried > 5
        server.error = None
        await work(rooms, 3600)
        assert len(server.times(path("join", h.DESK))) == tried + 1

    run(story())


def test_a_room_that_fails_gives_its_place_up_to_another(tmp_path: Path) -> None:
    async def story() -> None:
        server = Failing(tmp_path, "gone.org", IN_VAIN["a server that is gone"])
        rooms = rooms_of(server)
        for number in range(20):
            rooms.invited(f"!{number}:gone.org", [invitation("@alice:example.org", h.BOT)])
        await work(rooms, 60)
        rooms.invited(HERS, [invitation("@alice:example.org", h.BOT)])
        assert HERS in rooms.chores
        assert len([number for number in range(20) if f"!{number}:gone.org" in rooms.chores]) == 19

    run(story())


def test_invitations_that_were_passed_over_are_found_within_the_hour(tmp_path: Path) -> None:
    async def story() -> None:
        server = Failing(tmp_path)
        rooms = rooms_of(server)
        for number in range(30):
            waiting = f"!{number}:example.org"
            server.invited[waiting] = [invitation("@alice:example.org", h.BOT)]
            rooms.invited(waiting, server.invited[waiting])
        assert "!29:example.org" not in rooms.chores
        await work(rooms, DAY)
        for number in range(30):
            assert len(server.times(path("join", f"!{number}:example.org"))) == 1
        assert not len(rooms.chores)

    run(story())


def test_a_refused_look_for_invitations_is_not_the_last(tmp_path: Path) -> None:
    async def story() -> None:
        server = Failing(tmp_path, "/sync", fault(403, {}, {"errcode": "M_FORBIDDEN"}))
        rooms = rooms_of(server)
        for number in range(21):
            waiting = f"!{number}:example.org"
            server.invited[waiting] = [invitation("@alice:example.org", h.BOT)]
            rooms.invited(waiting, server.invited[waiting])
        await work(rooms, 4000)
        server.error = None
        for number in range(21, 60):  # some of them are passed over again
            rooms.invited(f"!{number}:example.org", [invitation("@alice:example.org", h.BOT)])
        await work(rooms, DAY)
        assert server.times(path("join", "!20:example.org"))

    run(story())
