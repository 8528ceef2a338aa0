"""Starts on a day when something beside the bot does not work: it waits, and then it goes on as it was."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from aiohttp import web

from helpbot.transports.base import SetupError, TryLater

from ..crash.proxy import Answer, Proxy, Trouble, json_answer
from .bot import MemoryNotebook, talk
from .conftest import MakeBot, MakePlain
from .synapse import Synapse

pytestmark = pytest.mark.synapse


class BusyNotebook(MemoryNotebook):
    """A notebook in a database that another program uses for a while: each first look fails."""

    def __init__(self, kept: MemoryNotebook) -> None:
        super().__init__()
        self.values, self.saved_cursor, self.saved_rooms = kept.values, kept.saved_cursor, kept.saved_rooms
        self.looks: Counter[str] = Counter()

    def _look(self, at: str) -> None:
        self.looks[at] += 1
        if self.looks[at] == 1:
            raise TryLater("the database cannot be used now")

    async def get(self, key: str) -> str | None:
        self._look(key)
        return await super().get(key)

    async def cursor(self) -> str | None:
        self._look("the cursor")
        return await super().cursor()

    async def rooms(self) -> frozenset[str]:
        self._look("the rooms")
        return await super().rooms()


async def test_a_start_waits_for_a_database_that_is_in_use(new_bot: MakeBot, plain_actor: MakePlain) -> None:
    bot, alice = await new_bot(), await plain_actor("Alice")
    await bot.start()
    room = await talk(alice, bot)
    await bot.stop()
    await alice.say(room, "while it was away")
    bot.begin(notebook=BusyNotebook(bot.notebook))
    await bot.ready(timeout=60)
    await bot.heard("while it was away")


async def test_a_kept_login_is_kept_when_the_homeserver_does_not_know_what_it_is_asked(
    new_bot: MakeBot, proxy: Proxy
) -> None:
    bot = await new_bot(homeserver=proxy.url)
    await bot.start()
    await bot.stop()
    left = [json_answer(404, {"errcode": "M_UNRECOGNIZED"}), json_answer(400, {"errcode": "M_UNKNOWN"})]

    def rule(request: web.Request) -> Trouble | None:
        return Trouble("refused", 0, left.pop()) if left and request.path.endswith("/whoami") else None

    proxy.rule = rule
    proxy.asked.clear()
    await bot.start()
    paths = [path.rsplit("/", 1)[1] for _, _, path in proxy.asked]
    assert paths.count("whoami") == 3
    assert "login" not in paths


class Leads:
    """A rule that redirects everything to another server; `twice` is set once it has done so two times."""

    def __init__(self, to: str, status: int) -> None:
        self.twice = asyncio.Event()
        self._to, self._status, self._count = to, status, 0

    def __call__(self, request: web.Request) -> Trouble:
        self._count += 1
        if self._count >= 2:
            self.twice.set()
        return Trouble("redirected", 0, Answer(self._status, "", {"Location": f"{self._to}{request.raw_path}"}))


async def test_a_homeserver_that_moved_is_named_at_the_start_and_the_login_is_kept(
    new_bot: MakeBot, proxy: Proxy, synapse: Synapse
) -> None:
    bot = await new_bot(homeserver=proxy.url)
    proxy.rule, words = (
        Leads(synapse.url, 301),
        f"{proxy.url} redirects to {synapse.url}: write that as matrix.homeserver",
    )
    for _ in ("without a login", "with one"):
        bot.begin(homeserver=proxy.url)
        with pytest.raises(SetupError, match=words):
            await bot.ended()
        login = bot.notebook.values.get("login")
        await bot.start(homeserver=synapse.url)
        assert login in (None, bot.notebook.values["login"])
        await bot.stop()


async def test_a_redirect_while_the_bot_runs_is_waited_for(
    new_bot: MakeBot, plain_actor: MakePlain, proxy: Proxy
) -> None:
    bot, alice = await new_bot(homeserver=proxy.url), await plain_actor("Alice")
    await bot.start()
    room, login = await talk(alice, bot), bot.notebook.values["login"]
    proxy.rule = away = Leads("https://elsewhere.test", 301)
    with pytest.raises(TryLater):
        await bot.say(room, "into the void", "k1")
    await alice.say(room, "is anybody there?")
    await away.twice.wait()
    proxy.rule = lambda request: None
    await bot.heard("is anybody there?")
    assert bot.notebook.values["login"] == login


async def test_a_start_in_a_maintenance_waits_for_its_end(new_bot: MakeBot, proxy: Proxy) -> None:
    bot = await new_bot(homeserver=proxy.url)
    proxy.rule = away = Leads("https://maintenance.test", 302)
    bot.begin()
    await away.twice.wait()
    proxy.rule = lambda request: None
    await bot.ready()
