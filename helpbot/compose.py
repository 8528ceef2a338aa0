"""From the config to a running desk: what `helpbot run` and `helpbot chat` are made of."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import structlog

from helpbot.answers import files
from helpbot.answers.entries import Faq
from helpbot.answers.library import FaqLibrary
from helpbot.app import Helpbot
from helpbot.config import Config, check_faq_against
from helpbot.core.model import Desk, Team
from helpbot.core.phrases import in_all
from helpbot.store.lock import DeskLock
from helpbot.store.sqlite import SqliteStore
from helpbot.strict_yaml import Fault
from helpbot.transports.base import Address, SetupError
from helpbot.transports.console import AGENTS_ROOM, CUSTOMER_ROOM, ConsoleTransport
from helpbot.transports.matrix import MatrixTransport

log = structlog.get_logger(__name__)


def load_faq(config: Config) -> tuple[Faq, tuple[Fault, ...]]:
    """Return the FAQ with every fault in it, also those against the config's teams."""
    faq, faults = files.load(config.faq_folder(), config.languages)
    return faq, (*faults, *check_faq_against(config, faq))


def library(config: Config, faq: Faq) -> FaqLibrary:
    """Return what the desk asks of the FAQ, as sure as the config wants it."""
    return FaqLibrary(faq, config.languages, config.answers.max_wrong, config.answers.out_of_scope)


def make_desk(config: Config, faq: Faq) -> Desk:
    """Return the desk as the config and the FAQ describe it."""
    return Desk(
        library=library(config, faq),
        languages=tuple(config.languages),
        teams=tuple(Team(team.id, dict(team.name)) for team in config.teams),
        plain_text=config.agents.plain_text,
        reopen_for=timedelta(days=config.tickets.reopen_for_days),
        idle_for=timedelta(hours=config.tickets.idle_hours),
    )


async def run_desk(config: Config, faq: Faq, ready: Callable[[], None]) -> None:
    """Run the desk until SIGTERM or SIGINT; call `ready` once every network has caught up. Raises SetupError."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    database = config.database_path()
    lock = DeskLock(database)
    try:
        store = await SqliteStore.open(database)
        try:
            await _serve(config, faq, store, stop, ready)
        finally:
            await store.close()
    finally:
        lock.release()


async def _serve(config: Config, faq: Faq, store: SqliteStore, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    matrix = config.matrix
    if matrix is None:
        raise SetupError("no network is configured: add a `matrix` section to the config")
    rooms = {team.id: team.matrix_room for team in config.teams if team.matrix_room is not None}
    transport = MatrixTransport(
        homeserver=matrix.homeserver,
        user=matrix.user,
        password=None if matrix.password is None else matrix.password.get_secret_value(),
        access_token=None if matrix.access_token is None else matrix.access_token.get_secret_value(),
        store=config.key_store(),
        encryption=matrix.encryption,
        device_name=matrix.device_name,
        invites_from=matrix.may_invite(),
        teams=rooms,
        decline_text=in_all("decline", config.languages),
        notebook=store.notebook("matrix"),
    )
    addresses = {team: Address("matrix", room) for team, room in rooms.items()}
    bot = Helpbot(store, [transport], addresses, make_desk(config, faq))
    async with bot.running(), asyncio.TaskGroup() as group:
        watching = group.create_task(watch_faq(config, bot), name="faq")
        announcing = group.create_task(_announce(bot, ready), name="ready")
        await stop.wait()
        log.info("stopping")
        watching.cancel()
        announcing.cancel()


async def _announce(bot: Helpbot, ready: Callable[[], None]) -> None:
    await bot.ready()
    ready()


async def watch_faq(config: Config, bot: Helpbot) -> None:
    """Take a changed FAQ in as a whole; keep the old one while the new one is faulty."""
    async for _ in files.watch(config.faq_folder()):
        faq, faults = await asyncio.to_thread(load_faq, config)
        if faults:
            for fault in faults:
                log.error("faq_fault", fault=str(fault))
            log.error("faq_kept", why="the changed FAQ is faulty, the desk goes on with the one before")
            continue
        new = await asyncio.to_thread(library, config, faq)
        bot.swap(replace(bot.desk, library=new))
        log.info("faq_loaded", entries=len(faq.entries))


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
    desk = make_desk(config, faq)
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
