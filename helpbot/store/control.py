"""The desk's control socket: how an admin's command has a running desk change its database.

Rule: only the desk writes while it runs, because two writers break SQLite's promise; so others ask it here.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sqlite3
import stat
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

import structlog

from helpbot.store.base import StoreBusy
from helpbot.store.lock import beside
from helpbot.transports.base import SetupError

log = structlog.get_logger(__name__)

RETRY, DROP = "retry", "drop"
_LONGEST = 1024  # bytes of a line
_PATIENCE = 5.0  # seconds that a line may take to come, or an answer to be taken
_ANSWERED = 60.0  # seconds after which whoever asks gives up: the database may be busy for a while


class DeadLetters(Protocol):
    """What the socket gives access to; see store.sqlite.SqliteStore."""

    async def retry_dead(self, letter: str) -> bool:
        """Have a dead letter decided or sent anew; tell whether there is such a one."""
        ...

    async def drop_dead(self, letter: str, at: datetime) -> bool:
        """Let go of a dead letter; tell whether there is such a one."""
        ...


def socket_of(database: Path) -> Path:
    """Return where the desk that runs on a database listens."""
    return beside(database, ".sock")


# --- the desk's side


async def listen(store: DeadLetters, database: Path, now: Callable[[], datetime]) -> None:
    """Answer on the socket until cancelled; without one, if it cannot be made. The caller holds the DeskLock."""
    path = socket_of(database)
    try:
        bound = _bound(path)
    except OSError as error:
        log.warning("no_control_socket", path=str(path), why=str(error), does="dead letters need the desk stopped")
        return
    try:
        async with asyncio.TaskGroup() as group:

            def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                if server.is_serving():
                    group.create_task(_serve(store, now, reader, writer), name="control")
                else:
                    writer.close()  # it came as the desk ended

            server = await asyncio.start_unix_server(connected, sock=bound, limit=_LONGEST)
            log.info("control_socket", path=str(path))
            try:
                await asyncio.Event().wait()  # until cancelled; serve_forever would wait for who says nothing
            finally:
                server.close()
    finally:
        bound.close()
        path.unlink(missing_ok=True)


def _bound(path: Path) -> socket.socket:
    """Return a socket at that path that only its owner may connect to: nobody can before it listens."""
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISSOCK(path.lstat().st_mode):
            path.unlink()  # of a desk that was killed: the lock is ours
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.bind(str(path))
        path.chmod(0o600)
    except OSError:
        made.close()
        raise
    return made


async def _serve(
    store: DeadLetters, now: Callable[[], datetime], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Answer one line, then hang up; whoever says nothing, or takes nothing, is hung up on."""
    try:
        async with asyncio.timeout(_PATIENCE):
            line = await _line(reader)
        if line == b"":
            return
        answer = await _answer(store, now, line)
        writer.write(json.dumps(answer).encode("ascii") + b"\n")
        async with asyncio.timeout(_PATIENCE):
            await writer.drain()
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.close()


async def _line(reader: asyncio.StreamReader) -> bytes | None:
    """Return the line that came, empty if nothing did; None when it is too long."""
    try:
        return await reader.readline()
    except ValueError:
        return None


async def _answer(store: DeadLetters, now: Callable[[], datetime], line: bytes | None) -> dict[str, object]:
    if line is None:
        return {"error": f"a line holds {_LONGEST} bytes at most"}
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError):
        return {"error": "this is no JSON"}
    match asked:
        case {"do": "retry" | "drop" as do, "letter": str(letter)} if len(asked) == 2:
            pass
        case _:
            return {"error": 'this is not understood: send {"do": "retry" or "drop", "letter": "out12"}'}
    try:
        found = await (store.retry_dead(letter) if do == RETRY else store.drop_dead(letter, now()))
    except (StoreBusy, sqlite3.Error) as error:
        log.error("control_failed", do=do, letter=letter[:24], why=str(error))
        return {"error": f"the database cannot be used now ({error})"}
    log.info("dead_letter", do=do, letter=letter[:24], found=found)
    return {"found": found}


# --- the other side


class NoDesk(Exception):
    """Nobody listens on the socket."""


def ask(database: Path, do: str, letter: str) -> bool:
    """Have the running desk do it; tell whether there is such a dead letter. Raises NoDesk, or SetupError."""
    path = socket_of(database)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as desk:
        desk.settimeout(_ANSWERED)
        try:
            desk.connect(str(path))
        except OSError as error:
            raise NoDesk(f"{path}: {error.strerror or error}") from None
        try:
            desk.sendall(json.dumps({"do": do, "letter": letter}).encode("ascii") + b"\n")
            with desk.makefile("rb") as lines:
                answer = json.loads(lines.readline(8 * _LONGEST))
        except (OSError, ValueError):
            raise SetupError(f"the desk did not answer for {letter}: see what it did by `helpbot dead list`") from None
    match answer:
        case {"found": bool(found)}:
            return found
        case {"error": str(why)}:
            raise SetupError(f"the desk could not do it for {letter}: {why}")
        case _:
            raise SetupError(f"the desk's answer for {letter} is not understood: is it of another version?")
