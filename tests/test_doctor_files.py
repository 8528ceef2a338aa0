"""What `helpbot doctor` says of files and disks that are in trouble, and of what is not damaged."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from helpbot import doctor, doctor_files
from helpbot.config import Config
from helpbot.store import sqlite
from helpbot.store.lock import beside

from .test_doctor import BOT, FAQ, PLACES, config, examined, kept_keys, noted, ran, state

__all__ = ["config", "tell_what_may_not_be_written"]  # a fixture; what runs elsewhere
ROOT = Path(__file__).parent.parent


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


NOBODY = 65534
MODES = {"database": (0o777, 0o444), "folder": (0o555, 0o666), "fine": (0o777, 0o666)}  # of folder and file


def tell_what_may_not_be_written(folder: str) -> None:
    """Print what is found, as somebody who may do nothing special: in a process of its own."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    found = [one for what in MODES for one in doctor_files.written(Path(folder, what, "helpbot.db"))]
    print(json.dumps([[one.state, one.meaning] for one in found]))


def test_what_the_desk_may_not_write_is_a_fault() -> None:
    with tempfile.TemporaryDirectory(prefix="helpbot-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for what, (of_folder, of_file) in MODES.items():
            (folder / what).mkdir()
            (folder / what / "helpbot.db").touch()
            (folder / what / "helpbot.db").chmod(of_file)
            (folder / what).chmod(of_folder)
        code = f"from tests.test_doctor_files import *; tell_what_may_not_be_written({name!r})"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
        )
        (folder / "folder").chmod(0o755)
    assert json.loads(done.stdout) == [
        ["fault", f"this account may not write to {folder / 'database' / 'helpbot.db'}"],
        ["fault", f"this account may not write to {folder / 'folder'}"],
        ["ok", f"this account may write to {folder / 'fine' / 'helpbot.db'} and what lies beside it"],
    ]


def read_only() -> str | None:
    """Return a folder on a disk that is mounted read-only, if there is one here."""
    lines = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    found = [place for _, place, _, options, *_ in lines if "ro" in options.split(",") and Path(place).is_dir()]
    return next(iter(found), None)


@pytest.mark.skipif(read_only() is None, reason="no disk is mounted read-only here")
def test_a_disk_that_is_mounted_read_only_is_a_fault_for_any_account() -> None:
    told = doctor_files.writing("x", [Path(read_only() or "")])
    assert state(told) == "fault"
    assert "read-only" in told.meaning


def test_a_folder_in_the_place_of_the_lock_is_a_fault(config: Config) -> None:
    noted(config.database_path())
    assert state(examined(config)[0]["database writing"]) == "ok", "the control"
    beside(config.database_path(), ".lock").mkdir()
    found = examined(config)[0]["database writing"]
    assert state(found) == "fault"
    assert "helpbot.db.lock is no file" in found.meaning


def test_keys_that_may_be_written_are_well(config: Config) -> None:
    noted(config.database_path(), login={"user": BOT, "device": "ONE", "token": "t"}, pickle_key="abc")
    kept_keys(config, "ONE", "abc")
    assert state(examined(config)[0]["key store writing"]) == "ok"


OLD = "@old:example.org"


def test_the_keys_of_the_account_before_are_not_asked_of_another(config: Config) -> None:
    noted(config.database_path(), login={"user": OLD, "device": "ONE", "token": "t"}, keys_of="ONE")
    found, kept = examined(config)
    assert not [check for check in found if check.startswith("key store")]
    assert kept.device is None


def test_the_keys_of_the_token_before_are_not_asked_of_another_account(config: Config) -> None:
    noted(config.database_path(), keys_of="ONE", pickle_key="abc")
    kept_keys(config, "ONE", "abc")
    assert state(examined(config)[0]["key store owner"]) == "ok", "the control"
    (config.key_store() / f"{BOT}_ONE.db").rename(config.key_store() / f"{OLD}_ONE.db")
    assert not [check for check in examined(config)[0] if check.startswith("key store")]
    (config.key_store() / f"{OLD}_ONE.db").unlink()
    assert state(examined(config)[0]["key store"]) == "fault", "the control: then they are lost"


@pytest.mark.parametrize(("secret", "mode", "how"), [
    ("password: hidden-word", 0o644, "warn"), ("access_token: hidden-word", 0o604, "warn"),
    ("password: hidden-word", 0o660, "warn"), ("password: hidden-word", 0o640, "ok"), ("store: keys", 0o644, "ok"),
])  # fmt: skip
def test_a_config_with_a_secret_that_others_may_read_is_warned_of(
    tmp_path: Path, secret: str, mode: int, how: str
) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(f"matrix: {{homeserver: 'http://x', user: '{BOT}', {secret}}}\n")
    file.chmod(mode)
    found = doctor_files.config_file(file)
    assert state(found) == how
    assert found.mend == ("" if how == "ok" else f"chmod 640 {file}")
    assert "hidden-word" not in found.meaning


def test_the_command_examines_the_file_that_it_is_given(tmp_path: Path) -> None:
    (tmp_path / "our.yaml").write_text(PLACES.format(faq=FAQ))
    (tmp_path / "our.yaml").chmod(0o644)
    assert "warn  config: other accounts of this machine may use our.yaml" in ran(tmp_path, "-c", "our.yaml").stdout


def test_a_config_from_the_environment_alone_is_no_fault(tmp_path: Path) -> None:
    assert state(doctor_files.config_file(tmp_path / "config.yaml")) == "ok"
