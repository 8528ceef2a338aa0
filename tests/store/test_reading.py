"""The database as commands read it: what they say when they cannot, and a disk that nobody may write to."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from helpbot.store.dead import letters
from helpbot.store.sqlite import SqliteStore
from helpbot.store.workshop import recorded
from helpbot.transports.base import SetupError
from tests.test_cli_dead import config, put_aside

OLD = "start the desk once with this version"


def a_database(folder: Path) -> Path:
    """Leave a database of this version."""
    database = config(folder)

    async def make() -> None:
        await (await SqliteStore.open(database)).close()

    asyncio.run(make())
    return database


def older(database: Path) -> None:
    with closing(sqlite3.connect(database)) as db:
        db.execute("DROP TABLE question")
        db.execute("ALTER TABLE outbox DROP COLUMN refusals")


def no_database(database: Path) -> None:
    database.write_bytes(b"a letter to my aunt " * 99)


def somebody_elses(database: Path) -> None:
    """Leave it as one whose other files we may not use."""
    database.with_name(f"{database.name}-wal").mkdir()


def damaged(database: Path) -> None:
    content = bytearray(database.read_bytes())
    content[100:4096] = bytes(3996)
    database.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (older, OLD),
        (no_database, "check `database` in the config"),
        (somebody_elses, "the account that the desk runs as"),
        (damaged, "`helpbot doctor` says more"),
    ],
)
def test_what_cannot_be_read_is_said_to_be_what_it_is(spoil: object, told: str, tmp_path: Path) -> None:
    assert callable(spoil)
    database = a_database(tmp_path)
    spoil(database)
    for read in (letters, lambda path: recorded(path, None)):
        with pytest.raises(SetupError) as refused:
            read(database)
        assert told in str(refused.value)
        assert (OLD in str(refused.value)) is (told == OLD)


@contextmanager
def read_only(folder: Path) -> Iterator[list[str]]:
    """Take the right to write from a folder; give what runs a program that is bound by it, also as root."""
    bound = ["setpriv", "--bounding-set", "-dac_override"] if os.getuid() == 0 else []
    if bound and shutil.which("setpriv") is None:
        pytest.skip("root may write everywhere")
    folder.chmod(0o555)
    try:
        if subprocess.run([*bound, "test", "-w", str(folder)], check=False).returncode == 0:
            pytest.skip("this account may write everywhere")
        yield bound
    finally:
        folder.chmod(0o755)


def run(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


def test_a_folder_that_may_not_be_written_to_is_read_while_no_desk_runs(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    database = config(disk)
    asyncio.run(put_aside(database, "what is life?"))
    assert [path.name for path in disk.glob("desk.db*")] == ["desk.db"]
    with read_only(disk) as bound:
        helpbot = [*bound, sys.executable, "-m", "helpbot"]
        listed = run(*helpbot, "dead", "list", folder=disk)
        copied = run(*helpbot, "backup", "../copy.db", folder=disk)
    assert listed.returncode == 0, listed.stderr
    assert "what is life?" in listed.stdout
    assert copied.returncode == 0, copied.stderr
    assert len(letters(tmp_path / "copy.db")) == 1
    (disk / "desk.db-wal").write_bytes(b"")
    with read_only(disk):
        refused = run(*helpbot, "dead", "list", folder=disk)
    assert refused.returncode == 2
    assert "the account that the desk runs as" in refused.stderr
