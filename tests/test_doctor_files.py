"""What `helpbot doctor` says of files and disks that are in trouble, and of what is not damaged."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from helpbot import doctor
from helpbot.config import Config
from helpbot.store import sqlite
from helpbot.store.lock import beside

from .test_doctor import config, examined, noted, state

__all__ = ["config"]  # a fixture


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process may grow beyond three bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_no_damage_and_needs_no_backup(config: Config) -> None:
    noted(config.database_path())
    beside(config.database_path(), "-wal").touch()
    beside(config.database_path(), "-shm").write_bytes(b"abc")
    with full_disk():
        found, _ = examined(config)
    for check in ("database damage", "database version"):
        assert "disk I/O error" in found[check].meaning
        assert "make room" in found[check].mend
    assert state(found["database durability"]) == "warn", "it could not be tried, which hinders no desk"
    assert "TMPDIR" in found["database durability"].mend
    assert not any("restore" in one.mend for one in found.values())


def test_only_what_is_damaged_is_mended_by_a_backup(config: Config) -> None:
    noted(config.database_path())
    config.database_path().write_bytes(b"no database".ljust(4096, b"\xff"))
    assert "restore a backup" in examined(config)[0]["database damage"].mend


@pytest.mark.parametrize(("found", "how"), [((3, 36, 0), "fault"), ((3, 37, 0), "ok")])
def test_a_sqlite_that_the_desk_does_not_start_with_is_a_fault(found: tuple[int, ...], how: str) -> None:
    assert state(doctor.sqlite_library(found)) == how
    assert doctor._OLDEST_SQLITE == sqlite._OLDEST_SQLITE
