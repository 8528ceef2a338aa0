"""`helpbot chat`: the whole desk in a terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from helpbot.answers.entries import Faq
from helpbot.app import Helpbot
from helpbot.compose import library, make_desk
from helpbot.config import Config
from helpbot.propose import write_pending
from helpbot.store.sqlite import SqliteStore
from helpbot.transports.base import Address
from helpbot.transports.console import AGENTS_ROOM, CUSTOMER_ROOM, ConsoleTransport


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
    desk = replace(make_desk(config, library(config, faq)), burst=timedelta())  # whoever types a line wants to see
    network = ConsoleTransport(write, desk.teams[0].id, coloured=coloured, echo=echo)
    store = await SqliteStore.open(":memory:")
    rooms = {team.id: Address(network.name, AGENTS_ROOM) for team in desk.teams}
    bot = Helpbot(store, [network], rooms, desk)
    try:
        async with bot.running():
            await bot.ready()
            network.arrive(CUSTOMER_ROOM, "you", "You")
            while True:
                await network.taken()
                await bot.settled()
                if config.faq is not None:  # the FAQ that ships is not the admin's to write to
                    await write_pending(store, config.faq_folder(), config.languages[0])
                prompt()
                line = await lines.get()
                if line is None or line.strip() == "/quit":
                    return
                if line.strip():
                    network.type(line.rstrip("\r\n"))
    finally:
        await store.close()
