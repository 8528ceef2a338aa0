"""`helpbot backup` as an admin uses it: a real process beside a database that is written to, and copies put back."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from helpbot.store.backup import _name
from helpbot.store.dead import letters
from helpbot.store.sqlite import SqliteStore
from helpbot.transports.base import Address, Incoming, Kind, SetupError
from helpbot.transports.memory import MemoryTransport
from tests.core.cases import DESK
from tests.dialogues.stage import AGENTS_ROOM, Stage, new_network, stage
from tests.test_cli_dead import config, helpbot, put_aside

NOW = datetime(2026, 10, 21, 12, 0, tzinfo=UTC)
ROOM = "room of marie"


def a_database(folder: Path, texts: int = 3) -> Path:
    """Leave a database with a config that names it."""
    database = config(folder)

    async def fill() -> None:
        store = await SqliteStore.open(database)
        events = [Incoming(f"${n}", Kind.SAID, "!r", "marie", "Marie", NOW, "x" * 1000) for n in range(texts)]
        await store.receive("memory", events, "1", NOW)
        await store.close()

    asyncio.run(fill())
    return database


def backup(*words: str, folder: Path, limit: str = "unlimited") -> subprocess.CompletedProcess[str]:
    """Run the command; `limit` are the kilobytes that a file may have."""
    line = f'ulimit -f {limit}; exec {sys.executable} -m helpbot backup "$@"'
    done = subprocess.run(
        ["bash", "-c", line, "bash", *words], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert done.stdout == ""
    return done


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if ".part" in path.name)


# --- one moment


class Writer(threading.Thread):
    """Commits without pause: three events and a cursor that counts the commits, in one transaction each."""

    def __init__(self, database: Path) -> None:
        super().__init__()
        self.committed = 0
        self._more = threading.Condition()
        self._database = database
        self._stop_asked = threading.Event()

    def run(self) -> None:
        asyncio.run(self._write())

    async def _write(self) -> None:
        store = await SqliteStore.open(self._database)
        while not self._stop_asked.is_set():
            at = self.committed + 1
            events = [Incoming(f"${at}-{n}", Kind.SAID, "!r", "m", "M", NOW, "x" * 3000) for n in range(3)]
            await store.receive("memory", events, str(at), NOW)
            with self._more:
                self.committed = at
                self._more.notify_all()
        await store.close()

    def reach(self, commits: int) -> None:
        """Return once there are so many."""
        with self._more:
            assert self._more.wait_for(lambda: self.committed >= commits, timeout=30)

    def end(self) -> None:
        self._stop_asked.set()
        self.join()


@contextmanager
def writing(database: Path) -> Iterator[Writer]:
    writer = Writer(database)
    writer.start()
    try:
        writer.reach(50)
        yield writer
    finally:
        writer.end()


def faults_of(copy: Path, least: int, most: int) -> list[str]:
    """Return what is wrong with a copy that was made while so many commits were there."""
    faults = []
    try:
        with closing(sqlite3.connect(f"{copy.as_uri()}?immutable=1", uri=True)) as db:
            faults += [str(line) for (line,) in db.execute("PRAGMA integrity_check") if line != "ok"]
            (at,) = db.execute("SELECT coalesce(max(CAST(value AS INTEGER)), 0) FROM cursor").fetchone()
            (events,) = db.execute("SELECT count(*) FROM inbox").fetchone()
    except sqlite3.Error as error:
        return [str(error)]
    if events != 3 * at:
        faults.append(f"{events} events at the cursor {at}")
    if not least <= at <= most:
        faults.append(f"{at} commits, of {least} to {most}")
    return faults


def test_a_backup_made_while_the_desk_writes_without_pause_is_of_one_moment(tmp_path: Path) -> None:
    database = config(tmp_path)
    with writing(database) as writer:
        for _ in range(3):
            before = writer.committed
            done = backup("--force", "copy.db", folder=tmp_path)
            after = writer.committed
            assert done.returncode == 0, done.stderr
            assert after > before, "it did not wait for the copy"
            assert faults_of(tmp_path / "copy.db", before, after + 1) == []
    assert leftovers(tmp_path) == []


def test_a_copy_of_the_file_alone_is_no_backup(tmp_path: Path) -> None:
    """The control of the one above: the same eyes see what such a copy lacks."""
    database = config(tmp_path)
    with writing(database) as writer, closing(sqlite3.connect(database, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM inbox").fetchone()  # what comes now stays in the WAL meanwhile
        writer.reach(writer.committed + 20)
        before = writer.committed
        shutil.copy(database, tmp_path / "copy.db")
        assert faults_of(tmp_path / "copy.db", before, writer.committed + 1) != []


def test_the_copy_is_one_file_for_its_owners_eyes_only(tmp_path: Path) -> None:
    a_database(tmp_path)
    done = backup("copy.db", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    assert (tmp_path / "copy.db").read_bytes()[18:20] == b"\x01\x01", "no WAL"
    assert not list(tmp_path.glob("copy.db-*"))
    assert leftovers(tmp_path) == []
    assert "3 events to decide" in done.stderr
    assert "helpbot-keys are not part of it" in done.stderr


def test_a_name_that_steers_a_terminal_is_disarmed(tmp_path: Path) -> None:
    a_database(tmp_path)
    name = "copy\x1b[2J\ntitle\x07.db"
    for code in (0, 2):  # the second time it is there already
        done = backup(name, folder=tmp_path)
        assert done.returncode == code
        assert name not in done.stderr
        assert [sign for sign in done.stderr if not sign.isprintable() and sign != "\n"] == []
    assert (tmp_path / name).exists()


# --- what is refused


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["there.db"], "add --force"),
        (["folder"], "is a folder"),
        (["--force", "folder"], "is a folder"),
        (["no-such-folder/"], "is a folder"),
        (["no-such-folder/."], "is a folder"),
        ([""], "is a folder"),
        (["no/such/folder/copy.db"], "cannot be written"),
        (["x" * 300], "cannot be written"),
        (["x" * 300 + "/copy.db"], "cannot be written"),
        (["there.db/copy.db"], "cannot be written"),
        (["--force", "desk.db"], "belongs to the database itself"),
        (["--force", "./folder/../desk.db"], "belongs to the database itself"),
        (["--force", "link.db"], "belongs to the database itself"),
        (["--force", "desk.db-wal"], "belongs to the database itself"),
        (["--force", "desk.db.lock"], "belongs to the database itself"),
        (["--force", "pipe"], "is there already"),
        ([], "FILE"),
    ],
)
def test_a_target_that_will_not_do_is_refused_and_left_as_it_was(words: list[str], told: str, tmp_path: Path) -> None:
    database = a_database(tmp_path)
    (tmp_path / "there.db").write_text("somebody's")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.db").hardlink_to(database)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "desk.db.lock").write_text("1")
    before = database.read_bytes()
    done = backup(*words, folder=tmp_path)
    assert done.returncode == 2
    assert told in done.stderr
    assert database.read_bytes() == before
    assert not (tmp_path / "no-such-folder").exists()
    assert (tmp_path / "there.db").read_text() == "somebody's"
    assert (tmp_path / "desk.db.lock").read_text() == "1"
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("name", ["config.yaml", "link.yaml", "helpbot-keys/bot.db"])
def test_force_replaces_nothing_that_the_desk_needs(name: str, tmp_path: Path) -> None:
    a_database(tmp_path)
    (tmp_path / "link.yaml").symlink_to("config.yaml")
    (tmp_path / "helpbot-keys").mkdir()
    (tmp_path / "helpbot-keys" / "bot.db").write_text("keys")
    before = (tmp_path / name).read_bytes()
    done = backup("--force", name, folder=tmp_path)
    assert done.returncode == 2
    assert "the desk needs it" in done.stderr
    assert (tmp_path / name).read_bytes() == before
    assert backup("helpbot-keys/new.db", folder=tmp_path).returncode == 0, "a new file harms none"


def test_force_replaces_a_file_and_only_by_a_whole_copy(tmp_path: Path) -> None:
    a_database(tmp_path)
    (tmp_path / "there.db").write_text("an old copy")
    assert backup("--force", "there.db", folder=tmp_path, limit="512").returncode == 0
    assert faults_of(tmp_path / "there.db", 1, 1) == []


def test_a_disk_with_no_room_keeps_the_copy_that_was_there(tmp_path: Path) -> None:
    a_database(tmp_path, texts=300)
    (tmp_path / "there.db").write_text("an old copy")
    done = backup("--force", "there.db", folder=tmp_path, limit="256")
    assert done.returncode == 2
    assert "cannot be copied" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert (tmp_path / "there.db").read_text() == "an old copy"
    assert leftovers(tmp_path) == []
    assert backup("--force", "there.db", folder=tmp_path).returncode == 0, "the control: with room it goes"


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "there is no database"), (b"", "no database of helpbot"), (b"a letter to my aunt " * 99, "not a database")],
)
def test_what_is_no_database_is_not_copied(content: bytes | None, told: str, tmp_path: Path) -> None:
    database = config(tmp_path)
    if content is not None:
        database.write_bytes(content)
    done = backup("copy.db", folder=tmp_path)
    assert done.returncode == 2
    assert told in done.stderr
    assert not (tmp_path / "copy.db").exists()
    assert leftovers(tmp_path) == []


def test_a_damaged_database_gives_no_copy(tmp_path: Path) -> None:
    database = a_database(tmp_path)
    with closing(sqlite3.connect(database)) as db:
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("INSERT INTO timer VALUES (99, 'idle', 'x')")  # of a ticket that there is not
        db.commit()
    (tmp_path / "good.db").write_text("the last good copy")
    done = backup("--force", "good.db", folder=tmp_path)
    assert done.returncode == 2
    assert "is damaged" in done.stderr
    assert (tmp_path / "good.db").read_text() == "the last good copy"


@pytest.mark.parametrize("name", ["copy.db", "x" * 255])
def test_a_backup_touches_no_file_but_the_one_that_it_was_given(name: str, tmp_path: Path) -> None:
    """A name may be as long as the file system takes, though it has other files beside the copy meanwhile."""
    a_database(tmp_path)
    others = [tmp_path / "copy.db.part", tmp_path / "copy.db.part-journal"]
    for path in others:
        path.write_text("somebody's")
    assert backup(name, folder=tmp_path).returncode == 0
    assert [path.read_text() for path in others] == ["somebody's", "somebody's"]
    assert len(leftovers(tmp_path)) == len(others)
    assert faults_of(tmp_path / name, 0, 9) == []


def test_what_took_the_name_meanwhile_is_kept(tmp_path: Path) -> None:
    """Also where its file system knows no other way than to look first."""
    part, target = tmp_path / "part", tmp_path / "copy.db"
    part.write_text("a copy")
    target.write_text("somebody's")
    with pytest.raises(SetupError, match="is there already"):
        _name(part, target, force=False)
    assert target.read_text() == "somebody's"
    _name(part, target, force=True)
    assert target.read_text() == "a copy"


async def test_a_backup_that_is_told_to_end_leaves_nothing_behind(tmp_path: Path) -> None:
    database = await asyncio.to_thread(a_database, tmp_path)
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("UPDATE cursor SET value = '2'")  # from here on nobody else reads
        started = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "helpbot", "backup", "copy.db", cwd=tmp_path, stderr=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(60):
            while not leftovers(tmp_path):
                assert started.returncode is None, "it ended"
                await asyncio.sleep(0.01)
        started.send_signal(signal.SIGTERM)
    _, err = await started.communicate()
    assert (started.returncode, err) == (143, b"")
    assert leftovers(tmp_path) == []
    assert not (tmp_path / "copy.db").exists()


# --- putting a copy back


class Forgetful(MemoryTransport):
    """Cannot tell what the bot has sent."""

    async def sent_since(self, address: Address, ref: str | None) -> Mapping[str, str]:
        return {}


def restore(copy: Path, database: Path) -> None:
    """Put a copy back as docs/backup.md says."""
    for end in ("-wal", "-shm"):
        database.with_name(database.name + end).unlink(missing_ok=True)
    shutil.copy(copy, database)


async def a_day(desk: Stage, folder: Path) -> None:
    """Let things happen, with a backup in the middle of them."""
    await desk.arrives("marie")
    await desk.customer("marie", "what is life?")
    await desk.agent("sam", "!claim")
    done = await helpbot("backup", "copy.db", folder=folder)
    assert done.returncode == 0, done.stderr
    assert "1 tickets" in done.stderr
    await desk.customer("marie", "one more thing")
    await desk.agent("sam", "which one?")
    await desk.customer("paul", "human")
    await desk.agent("sam", "!r hello Paul", number=2)


def all_of(network: MemoryTransport) -> list[tuple[str, str, str, tuple[str, ...]]]:
    return [(line.room, line.sender, line.text, tuple(line.marks)) for line in network.messages.values()]


@pytest.mark.parametrize(("kind", "doubles"), [(MemoryTransport, False), (Forgetful, True)])
async def test_a_desk_on_a_restored_backup_goes_on_and_doubles_nothing(
    kind: type[MemoryTransport], doubles: bool, tmp_path: Path
) -> None:
    """Control: on a network that cannot be read back, the same eyes see what is doubled."""
    database = config(tmp_path)
    known = new_network(DESK)
    network = kind(teams={DESK.teams[0].id: AGENTS_ROOM})
    network._members = known._members
    async with stage(DESK, database, network) as desk:
        await a_day(desk, tmp_path)
    before = all_of(network)
    restore(tmp_path / "copy.db", database)
    network.forgets = True  # the keys of what was sent, as networks do after a day
    async with stage(DESK, database, network) as desk:
        assert (all_of(network) != before) is doubles
        if not doubles:
            await desk.customer("marie", "are you there?")
            assert "are you there?" in "\n".join(text for _, _, text, _ in all_of(network)[len(before) + 1 :])
            await desk.agent("sam", "here I am", number=1)
            assert network.in_room(ROOM)[-1].text == "here I am"


async def test_the_dead_letters_are_in_the_copy(tmp_path: Path) -> None:
    database = config(tmp_path)
    await put_aside(database, "what is life?")
    assert (await helpbot("backup", "copy.db", folder=tmp_path)).returncode == 0
    assert (await helpbot("dead", "drop", "in1", folder=tmp_path)).returncode == 0
    assert letters(database) == []
    restore(tmp_path / "copy.db", database)
    (kept,) = letters(database)
    assert kept.words == "what is life?"
