"""`helpbot run`: the desk on its networks until it is told to stop.

A module of its own, because the Matrix libraries take half a second to import, which `ask` and `check` need not wait.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from dataclasses import replace

import structlog

from helpbot.answers import files
from helpbot.answers.entries import Faq
from helpbot.app import Helpbot
from helpbot.compose import library, load_faq, make_desk
from helpbot.config import Config
from helpbot.core.phrases import in_all
from helpbot.store.lock import DeskLock
from helpbot.store.sqlite import SqliteStore
from helpbot.transports.base import Address, SetupError
from helpbot.transports.matrix import MatrixTransport

log = structlog.get_logger(__name__)


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
