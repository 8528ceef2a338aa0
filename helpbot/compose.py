"""From the config to a desk: what all commands share, and the desk in a terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

from helpbot.answers import files, prepare
from helpbot.answers.entries import Faq
from helpbot.answers.library import FaqLibrary
from helpbot.answers.matcher import Index
from helpbot.answers.prepare import Prepared
from helpbot.app import Helpbot
from helpbot.config import Config, check_faq_against
from helpbot.core.model import Desk, Team
from helpbot.store.sqlite import SqliteStore
from helpbot.strict_yaml import Fault
from helpbot.transports.base import Address
from helpbot.transports.console import AGENTS_ROOM, CUSTOMER_ROOM, ConsoleTransport

_LEARNT_AT_ONCE = 500  # phrasings, which takes a tenth of a second


def load_faq(config: Config) -> tuple[Faq, tuple[Fault, ...]]:
    """Return the FAQ with every fault in it, also those against the config's teams."""
    faq, faults = files.load(config.faq_folder(), config.languages)
    return faq, (*faults, *check_faq_against(config, faq))


def library(config: Config, faq: Faq, prepared: Prepared | None = None) -> FaqLibrary:
    """Return what the desk asks of the FAQ, as sure as the config wants it.

    Takes seconds when this FAQ was never prepared; what that found is kept for the next time.
    """
    folder = prepare.cache_folder()
    if prepared is None:
        prepared = prepare.recall(faq, folder)
    if prepared is None:
        prepared = prepare.work_out(faq)
        prepare.keep(faq, prepared, folder)
    answers = config.answers
    return prepare.library_of(faq, prepared, config.languages, answers.max_wrong, answers.out_of_scope)


def unprepared(config: Config, faq: Faq) -> FaqLibrary:
    """Return the FAQ as it can be used at once: no better than what holds for every FAQ."""
    answers = config.answers
    index = Index.build(faq, most=_LEARNT_AT_ONCE)
    return FaqLibrary(faq, config.languages, answers.max_wrong, answers.out_of_scope, index=index)


def make_desk(config: Config, library: FaqLibrary) -> Desk:
    """Return the desk as the config describes it."""
    return Desk(
        library=library,
        languages=tuple(config.languages),
        teams=tuple(Team(team.id, dict(team.name)) for team in config.teams),
        plain_text=config.agents.plain_text,
        reopen_for=timedelta(days=config.tickets.reopen_for_days),
        idle_for=timedelta(hours=config.tickets.idle_hours),
    )


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
        async with bot.running():
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
