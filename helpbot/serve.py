"""`helpbot run`: the desk on its networks until it is told to stop.

A module of its own, because the Matrix libraries take half a second to import, which `ask` and `check` need not wait.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import structlog

from helpbot.answers import prepare
from helpbot.answers.aside import NotPrepared, work_out_aside
from helpbot.answers.entries import Faq
from helpbot.answers.library import FaqLibrary
from helpbot.answers.watch import watch
from helpbot.app import Helpbot
from helpbot.clock import system_now
from helpbot.compose import library, load_faq, make_desk, unprepared
from helpbot.config import Config, Matrix
from helpbot.config_discord import Discord
from helpbot.core.phrases import in_all
from helpbot.metrics import Figures, Health, serve_metrics
from helpbot.propose import write_proposals
from helpbot.reports import run_reports
from helpbot.store import control
from helpbot.store.base import Store
from helpbot.store.lock import DeskLock
from helpbot.store.sqlite import SqliteStore
from helpbot.transports.base import Address, SetupError, Transport
from helpbot.transports.matrix import MatrixTransport

_PATIENCE = 10.0  # seconds that a start waits for its FAQ to be prepared; then it answers only what it is surest of

Beside = Mapping[str, Callable[[], Coroutine[Any, Any, None]]]

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
    transports = networks(config, store)
    addresses = seats(config)
    preparing = asyncio.create_task(prepared_library(config, faq), name="prepare")
    try:
        await _within(_PATIENCE, preparing, stop)
        first = preparing.result() if preparing.done() else await asyncio.to_thread(unprepared, config, faq)
        bot = Helpbot(store, transports, addresses, make_desk(config, first))
        proposing = partial(write_proposals, store, config.faq_folder(), config.languages[0])
        controlling = partial(control.listen, store, config.database_path(), system_now)
        watching = partial(watch_faq, config, bot, preparing)
        wanted = {**reporting(config, store, bot), **monitored(config, store, bot, transports)}
        beside: Beside = {"faq": watching, "proposals": proposing, "control": controlling, **wanted}
        await _until_stopped(bot, beside, stop, ready)
    finally:
        preparing.cancel()


def networks(config: Config, store: SqliteStore) -> list[Transport]:
    """Return the networks that the config names; raises SetupError when there is none."""
    found: list[Transport] = []
    if config.matrix is not None:
        found.append(_matrix(config, config.matrix, store))
    if config.discord is not None:
        found.append(_discord(config, config.discord, store))
    if not found:
        raise SetupError("no network is configured: add a `matrix` or a `discord` section to the config")
    return found


def seats(config: Config) -> dict[str, Address]:
    """Return where each team sits."""
    found = {team.id: Address("matrix", team.matrix_room) for team in config.teams if team.matrix_room is not None}
    on_discord = {team.id: team.discord_channel for team in config.teams if team.discord_channel is not None}
    return found | {team: Address("discord", channel) for team, channel in on_discord.items()}


def _matrix(config: Config, matrix: Matrix, store: SqliteStore) -> Transport:
    return MatrixTransport(
        homeserver=matrix.homeserver,
        user=matrix.user,
        password=None if matrix.password is None else matrix.password.get_secret_value(),
        access_token=None if matrix.access_token is None else matrix.access_token.get_secret_value(),
        store=config.key_store(),
        encryption=matrix.encryption,
        device_name=matrix.device_name,
        invites_from=matrix.may_invite(),
        teams={team.id: team.matrix_room for team in config.teams if team.matrix_room is not None},
        decline_text=in_all("decline", config.languages),
        exposed_text=in_all("exposed", config.languages),
        notebook=store.notebook("matrix"),
        help_rooms=[room.room for room in config.help_rooms],
        upgrade_texts={what: in_all(f"room_{what}", config.languages) for what in ("upgraded", "unencrypted")},
    )


def _discord(config: Config, discord: Discord, store: SqliteStore) -> Transport:
    from helpbot.transports.discord import discord_transport  # noqa: PLC0415  # an extra, which may not be there

    return discord_transport(
        token=discord.token.get_secret_value(),
        help_channel=discord.help_channel,
        api=discord.api,
        teams={
            team.id: (team.discord_channel, team.discord_agents, team.discord_leads)
            for team in config.teams
            if team.discord_channel is not None
        },
        names={team.id: team.name.get(config.languages[0]) or team.id for team in config.teams},
        languages=config.languages,
        notebook=store.notebook("discord"),
    )


def reporting(config: Config, store: Store, bot: Helpbot) -> Beside:
    """Return what brings the weekly reports, if any are wanted."""
    if config.report is None:
        return {}
    day, at = config.report.day, config.report.time
    return {"reports": partial(run_reports, store, system_now, lambda: bot.desk.teams, day, at)}


def monitored(config: Config, store: Store, bot: Helpbot, transports: Sequence[Transport]) -> Beside:
    """Return what serves /metrics and /healthz, if they are wanted."""
    if config.metrics is None:
        return {}
    figures = Figures(config.database_path(), lambda: [team.id for team in bot.desk.teams], system_now)
    health = Health(store, transports)
    return {"metrics": partial(serve_metrics, config.metrics.host, config.metrics.port, figures, health)}


async def _until_stopped(
    bot: Helpbot,
    beside: Beside,
    stop: asyncio.Event,
    ready: Callable[[], None],
) -> None:
    """Run the desk and what runs beside it until it is told to stop."""
    async with bot.running(), asyncio.TaskGroup() as group:
        tasks = [group.create_task(work(), name=name) for name, work in beside.items()]
        tasks.append(group.create_task(_announce(bot, ready), name="ready"))
        await stop.wait()
        log.info("stopping")
        for task in tasks:
            task.cancel()


async def _announce(bot: Helpbot, ready: Callable[[], None]) -> None:
    await bot.ready()
    ready()


async def _within(seconds: float, task: asyncio.Task[FaqLibrary], stop: asyncio.Event) -> None:
    """Return when the task is done, after that time, or when the desk is told to stop."""
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({task, stopping}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()


async def prepared_library(config: Config, faq: Faq) -> FaqLibrary:
    """Return the FAQ ready to answer: from the cache, else worked out by another process meanwhile."""
    folder = prepare.cache_folder()
    prepared = await asyncio.to_thread(prepare.recall, faq, folder, config.answers.semantic)
    if prepared is None:
        log.info("faq_preparing", entries=len(faq.entries), hint="once for each change of the FAQ")
        try:
            prepared = await work_out_aside(faq, config.answers.semantic)
        except NotPrepared as error:
            log.error("faq_not_prepared", why=str(error), hint="the bot answers only what it is surest of")
            return await asyncio.to_thread(unprepared, config, faq)
        if not await asyncio.to_thread(prepare.keep, faq, prepared, folder, config.answers.semantic):
            log.warning("faq_not_kept", folder=str(folder), hint="set XDG_CACHE_HOME to a folder that can be written")
    return await asyncio.to_thread(library, config, faq, prepared)


async def watch_faq(config: Config, bot: Helpbot, preparing: asyncio.Task[FaqLibrary]) -> None:
    """Take a changed FAQ in as a whole, once it is prepared; keep the old one while the new one is faulty.

    `preparing` gives the FAQ that the desk was started with.
    """
    used = await preparing
    bot.swap(replace(bot.desk, library=used))
    async for _ in watch(config.faq_folder()):  # at once as well: it may have changed while it was prepared
        faq, faults = await asyncio.to_thread(load_faq, config)
        for fault in faults:
            log.error("faq_fault", fault=str(fault))
        if faults:
            log.error("faq_kept", why="the changed FAQ is faulty, the desk goes on with the one before")
        elif faq != used.faq:
            used = await prepared_library(config, faq)
            bot.swap(replace(bot.desk, library=used))
            log.info("faq_loaded", entries=len(faq.entries))
