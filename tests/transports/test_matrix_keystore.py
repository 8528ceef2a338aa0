"""The key store's faults: what cannot be written is for later, and nothing is used up by it."""

from __future__ import annotations

import resource
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from helpbot.transports.base import SetupError, TryLater
from helpbot.transports.matrix_crypto import GuardedClient

from .test_matrix_crypto import BOT, _client, _written_to


def _file(folder: Path) -> Path:
    (file,) = folder.glob("*.db")
    return file


@contextmanager
def _locked(bot: GuardedClient, folder: Path) -> Iterator[None]:
    other = sqlite3.connect(_file(folder), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


@contextmanager
def _full(bot: GuardedClient, folder: Path) -> Iterator[None]:
    """No file of this process may grow beyond what is there."""
    (log,) = folder.glob("*-wal")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("trouble", [_locked, _full])
async def test_a_key_that_cannot_be_kept_is_taken_when_it_comes_again(
    tmp_path: Path, trouble: Callable[[GuardedClient, Path], AbstractContextManager[None]]
) -> None:
    folder = tmp_path / "bot"
    bot = _client(BOT, folder)
    bot.olm.account.generate_one_time_keys(1)
    sync, message = _written_to(bot, tmp_path / "marie")
    bot.olm.save_account()
    with trouble(bot, folder):
        for _ in range(2):
            with pytest.raises(TryLater, match="encryption keys"):
                await bot.take_key_news(sync)
        assert bot.decrypted(message, "!room:test") is None, "it knows in memory what is not written"
    assert await bot.take_key_news(sync) == 1
    for one in (bot, _client(BOT, folder)):  # now, and after a kill
        clear = one.decrypted(message, "!room:test")
        assert clear is not None
        assert clear["content"]["body"] == "my line is cut"
        one.olm.store.database.close()


async def test_words_that_cannot_be_sealed_now_are_for_later(tmp_path: Path) -> None:
    folder = tmp_path / "bot"
    bot = _client(BOT, folder)
    with _locked(bot, folder), pytest.raises(TryLater, match="locked"):
        bot._new_session("!room:test")
    assert "!room:test" not in bot.olm.outbound_group_sessions
    assert bot._new_session("!room:test").id
    bot.olm.store.database.close()


def _opened(folder: Path) -> None:
    client = GuardedClient("http://127.0.0.1:1", BOT, folder, "secret")
    try:
        client.open("DEVICE", "token")
    finally:
        if client.store is not None:
            client.store.database.close()


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A folder with a key store."""
    _client(BOT, tmp_path / "kept").olm.store.database.close()
    return tmp_path / "kept"


def test_a_key_store_opens(kept: Path) -> None:
    _opened(kept)


@pytest.mark.parametrize("start", [0, 4096 * 3])
def test_a_damaged_key_store_says_which_and_how_to_mend_it(kept: Path, start: int) -> None:
    raw = _file(kept).read_bytes()
    _file(kept).write_bytes(raw[:start] + b"garbage" * 5000)
    with pytest.raises(SetupError, match=f"{kept}.*empty folder"):
        _opened(kept)


def test_a_key_store_where_a_folder_is_in_the_way_says_so(kept: Path) -> None:
    file = _file(kept)
    file.unlink()
    file.mkdir()
    with pytest.raises(SetupError, match=str(kept)):
        _opened(kept)
    shutil.rmtree(file)


def test_a_key_store_that_another_program_uses_is_waited_for(kept: Path) -> None:
    other = sqlite3.connect(_file(kept), isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(TryLater, match="another program"):
        _opened(kept)
    other.execute("ROLLBACK")
    other.close()
    _opened(kept)
