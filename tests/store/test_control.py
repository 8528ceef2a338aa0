"""The control socket of a desk: who may use it, and what it makes of what it is told."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from helpbot.store import control
from helpbot.store.base import StoreBusy

NOW = datetime(2026, 10, 21, 12, 0, tzinfo=UTC)


@asynccontextmanager
async def listening(store: control.DeadLetters, database: Path) -> AsyncIterator[None]:
    task = asyncio.create_task(control.listen(store, database, lambda: NOW))
    while not task.done():  # there are a few steps until it listens, none of which waits for anything
        await asyncio.sleep(0)
        try:
            (await asyncio.open_unix_connection(control.socket_of(database)))[1].close()
            break
        except OSError:
            continue
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


class Shelf:
    """Holds one dead letter; what is done to it is kept."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.busy = False

    async def retry_dead(self, letter: str) -> bool:
        if self.busy:
            raise StoreBusy("database is locked")
        self.done.append(f"retry {letter}")
        return letter == "out1"

    async def drop_dead(self, letter: str, at: datetime) -> bool:
        self.done.append(f"drop {letter} at {at.isoformat()}")
        return letter == "out1"


async def exchange(database: Path, line: bytes) -> bytes:
    """Return all that the desk says to a line."""
    async with asyncio.timeout(30):
        reader, writer = await asyncio.open_unix_connection(control.socket_of(database))
        try:
            writer.write(line)
            return await reader.read()
        except ConnectionResetError:
            return b""
        finally:
            writer.close()


@pytest.mark.parametrize(
    "line",
    [
        b"hello\n",
        b"\xff\xfe\n",
        b"[]\n",
        b"[" * 1000 + b"\n",
        b'{"do": "fly", "letter": "out1"}\n',
        b'{"do": "drop"}\n',
        b'{"do": "drop", "letter": 1}\n',
        b'{"do": ["drop"], "letter": "out1"}\n',
        b'{"do": "drop", "letter": "out1", "more": 1}\n',
        b'{"do": "drop", "letter": "' + b"x" * 2000 + b'"}\n',
    ],
)
async def test_the_socket_answers_bad_lines_with_an_error_and_goes_on(line: bytes, tmp_path: Path) -> None:
    database, shelf = tmp_path / "desk.db", Shelf()
    async with listening(shelf, database):
        answer = json.loads(await exchange(database, line))
        assert list(answer) == ["error"]
        assert shelf.done == []
        good = b'{"do": "drop", "letter": "out1"}\n'
        assert json.loads(await exchange(database, good)) == {"found": True}, "the control"
        assert shelf.done == [f"drop out1 at {NOW.isoformat()}"]


async def test_a_database_that_cannot_be_used_is_an_error_and_not_the_end(tmp_path: Path) -> None:
    database, shelf = tmp_path / "desk.db", Shelf()
    async with listening(shelf, database):
        shelf.busy = True
        line = b'{"do": "retry", "letter": "out2"}\n'
        assert "database is locked" in json.loads(await exchange(database, line))["error"]
        shelf.busy = False
        assert json.loads(await exchange(database, line)) == {"found": False}


async def test_who_says_nothing_holds_nobody_up_and_is_hung_up_on(tmp_path: Path) -> None:
    database = tmp_path / "desk.db"
    async with listening(Shelf(), database):
        silent = [await asyncio.open_unix_connection(control.socket_of(database)) for _ in range(50)]
        silent[0][1].write(b'{"do": "dr')  # and says no more
        line = b'{"do": "retry", "letter": "out1"}\n'
        assert json.loads(await exchange(database, line)) == {"found": True}
        async with asyncio.timeout(30):
            assert {await reader.read() for reader, _ in silent} == {b""}
        for _, writer in silent:
            writer.close()


async def test_a_desk_ends_at_once_whoever_is_connected(tmp_path: Path) -> None:
    database = tmp_path / "desk.db"
    loop = asyncio.get_running_loop()
    async with listening(Shelf(), database):
        reader, writer = await asyncio.open_unix_connection(control.socket_of(database))
        for _ in range(5):
            await asyncio.sleep(0)
        began = loop.time()
    assert loop.time() - began < control._PATIENCE / 2
    async with asyncio.timeout(5):
        assert await reader.read() == b""
    writer.close()
    assert not control.socket_of(database).exists()


async def test_only_its_owner_may_use_the_socket_and_nobody_before_it_is_so(tmp_path: Path) -> None:
    database = tmp_path / "desk.db"
    before = os.umask(0)
    try:
        async with listening(Shelf(), database):
            assert stat.S_IMODE(control.socket_of(database).stat().st_mode) == 0o600
        bound = control._bound(control.socket_of(database))
        with closing(bound), closing(socket.socket(socket.AF_UNIX)) as early, pytest.raises(ConnectionRefusedError):
            early.connect(str(control.socket_of(database)))
        with closing(socket.socket(socket.AF_UNIX)) as plain:
            plain.bind(str(tmp_path / "plain"))
            assert stat.S_IMODE((tmp_path / "plain").stat().st_mode) == 0o777, "the control: without care it is open"
    finally:
        os.umask(before)


async def test_the_socket_of_a_killed_desk_is_replaced_and_no_other_file_is(tmp_path: Path) -> None:
    database = tmp_path / "desk.db"
    path = control.socket_of(database)
    with closing(socket.socket(socket.AF_UNIX)) as left:
        left.bind(str(path))
    async with listening(Shelf(), database):
        assert json.loads(await exchange(database, b'{"do": "retry", "letter": "out1"}\n')) == {"found": True}
    path.write_text("somebody's own")
    with capture_logs() as logs:
        await control.listen(Shelf(), database, lambda: NOW)
    assert [line["event"] for line in logs] == ["no_control_socket"]
    assert path.read_text() == "somebody's own"


async def test_a_desk_is_asked_by_every_name_of_its_database(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    database, link = tmp_path / "data" / "desk.db", tmp_path / "link.db"
    link.symlink_to(database)
    async with listening(Shelf(), link):
        assert json.loads(await exchange(database, b'{"do": "retry", "letter": "out1"}\n')) == {"found": True}
        assert json.loads(await exchange(link, b'{"do": "retry", "letter": "out1"}\n')) == {"found": True}
    beside = [path.name for path in tmp_path.iterdir()]  # noqa: ASYNC240  # two names
    assert sorted(beside) == ["data", "link.db"]
