"""`helpbot chat`: the whole desk in a terminal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from helpbot.answers.entries import Faq
from helpbot.app import Helpbot
from helpbot.compose import library, make_desk
from helpbot.config import Config
from helpbot.propose import write_proposals
from helpbot.store.sqlite import SqliteStore
from helpbot.transports.base import Address
from helpbot.transports.console import AGENTS_ROOM, CUSTOMER_ROOM, ConsoleTransport


@asynccontextmanager
async def _proposing(config: Config, store: SqliteStore) -> AsyncIterator[None]:
    """Write what agents propose beside the admin's FAQ; the one that ships is not theirs to write to."""
    if config.faq is None:
        yield
        return
    task = asyncio.create_task(write_proposals(store, config.faq_folder(), config.languages[0]), name="proposals")
    try:
        yield
        await asyncio.sleep(0.1)  # for the last one
    finally:
        task.cancel()
        await asyncio.wait([task])


async def chat(
    config: Config,
    faq: Faq,
    lines: asyncio.Queue[str | None],
    write: Callable[[str], None],
    *,
    coloured: bool,
    echo: bool,
    prompt: Callable[[], None],
) -> None:
    """Run the desk in a terminal until the lines end or say /quit; the state is forgotten."""
    desk = make_desk(config, library(config, faq))
    network = ConsoleTransport(write, desk.teams[0].id, coloured=coloured, echo=echo)
    store = await SqliteStore.open(":memory:")
    rooms = {team.id: Address(network.name, AGENTS_ROOM) for team in desk.teams}
    bot = Helpbot(store, [network], rooms, desk)
    try:
        async with bot.running(), _proposing(config, store):
            await bot.ready()
            network.arrive(CUSTOMER_ROOM, "you", "You")
            while True:
                await network.taken()
                await bot.settled()
                prompt()
                line = await lines.get()
                if line is None or line.strip() == "/quit":
                    return
                if line.strip():
                    network.type(line.rstrip("\r\n"))
    finally:
        await store.close()
