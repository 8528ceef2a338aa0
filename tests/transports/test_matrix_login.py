"""When the keys of a device are lost: only when it is known that the key store has none of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from helpbot.transports.matrix_login import Account, _has_keys

from .test_matrix_crypto import BOT, _client


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def damaged(file: Path) -> None:
    file.write_bytes(b"no database".ljust(8192, b"\xff"))


def of_another_device(file: Path) -> None:
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("UPDATE accounts SET device_id = 'ANOTHER'")


@pytest.mark.parametrize(("trouble", "there"), [
    (Path.touch, True), (Path.unlink, False), (emptied, False), (of_another_device, False), (damaged, True),
])  # fmt: skip
def test_keys_are_lost_when_the_store_has_none_and_not_when_it_cannot_be_read(
    tmp_path: Path, trouble: Callable[[Path], None], there: bool
) -> None:
    _client(BOT, tmp_path).olm.store.database.close()
    account = Account("http://127.0.0.1:1", BOT, None, "token", tmp_path, "helpbot")
    assert _has_keys(account, "DEVICE"), "the control"
    trouble(tmp_path / f"{BOT}_DEVICE.db")
    assert _has_keys(account, "DEVICE") == there


def test_keys_that_another_program_holds_are_not_lost(tmp_path: Path) -> None:
    _client(BOT, tmp_path).olm.store.database.close()
    account = Account("http://127.0.0.1:1", BOT, None, "token", tmp_path, "helpbot")
    with closing(sqlite3.connect(tmp_path / f"{BOT}_DEVICE.db", isolation_level=None)) as db:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("BEGIN EXCLUSIVE")
        assert _has_keys(account, "DEVICE")
