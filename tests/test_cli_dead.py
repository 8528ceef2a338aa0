"""`helpbot dead` as an admin uses it: real processes, a real SQLite, with and without a desk that runs."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from helpbot.store import control
from helpbot.store.base import Step
from helpbot.store.dead import letters
from helpbot.store.lock import DeskLock
from helpbot.store.sqlite import SqliteStore
from helpbot.transports.base import Address, Incoming, Kind, Undeliverable
from tests import forks
from tests.core.cases import DESK
from tests.dialogues.stage import AGENTS_ROOM, Stage, stage
from tests.store.test_control import listening

FAQ = Path(__file__).parent / "faq"
NOW = datetime(2026, 10, 21, 12, 0, tzinfo=UTC)
ROOM = "room of marie"
NASTY = "\x1b[2Jgone\n\u202etxet \x9b31m bell\x07\nwhy: all is well"


async def helpbot(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command while this event loop, and a desk in it, goes on."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("HELPBOT_")}
    started = await forks.start(*words, cwd=folder, env=clean)
    async with asyncio.timeout(60):
        out, err = await started.communicate()
    assert b"Traceback" not in err, err.decode()
    assert started.returncode is not None
    return subprocess.CompletedProcess(words, started.returncode, out.decode(), err.decode())


def config(folder: Path) -> Path:
    (folder / "config.yaml").write_text("database: sqlite:///desk.db\n")
    return folder / "desk.db"


async def put_aside(database: Path, *texts: str) -> None:
    """Leave events in a database that could not be decided."""
    store = await SqliteStore.open(database)
    for text in texts:
        event = Incoming(f"${text}", Kind.SAID, ROOM, "marie", "Marie", NOW, text)
        await store.receive("memory", [event], None, NOW)
        row = await store.next_inbox()
        assert row is not None
        await store.keep(Step(row, NOW, None, None, fault="ValueError at decide.py:1"))
    await store.close()


@asynccontextmanager
async def open_desk(database: Path) -> AsyncIterator[Stage]:
    """Run a desk as `helpbot run` does: with the lock and the socket."""
    lock = DeskLock(database)
    try:
        async with stage(DESK, database) as desk, listening(desk.store, database):
            yield desk
    finally:
        lock.release()


def refusing(address: Address, key: str) -> None:
    if address.room == ROOM:
        raise Undeliverable("the bot may not write there", whole_room=True)


async def with_a_dead_letter(desk: Stage, words: str = "hello Marie") -> None:
    await desk.customer("marie", "what is life?")
    await desk.agent("sam", "!claim")
    desk.network.trouble = refusing
    await desk.agent("sam", words)
    desk.network.trouble = lambda address, key: None
    desk.new_for("marie")


# --- reading


async def test_list_shows_each_dead_letter_on_a_line_while_the_desk_runs(tmp_path: Path) -> None:
    database = config(tmp_path)
    async with stage(DESK, database) as desk:
        await with_a_dead_letter(desk)
        (kept,) = letters(database)
        done = await helpbot("dead", "list", folder=tmp_path)
        assert done.returncode == 0, done.stderr
        (line,) = done.stdout.splitlines()
        said = ("#1", f"the customer in {ROOM}", "the bot may not write there", "2 tries", "hello Marie", "UTC")
        assert line.startswith(f"{kept.id} · ")
        assert all(words in line for words in said), line
        assert "still tried" not in line
        (line,) = (await helpbot("dead", "list", "--json", folder=tmp_path)).stdout.splitlines()
        values = json.loads(line)
        assert set(values) == {"id", "at", "ticket", "to", "why", "tries", "waits", "handed", "words"}
        assert (values["id"], values["words"], values["waits"]) == (kept.id, "hello Marie", False)


async def test_what_is_still_tried_is_listed_as_that_and_neither_retried_nor_dropped(tmp_path: Path) -> None:
    database = config(tmp_path)
    async with stage(DESK, database) as desk:
        await with_a_dead_letter(desk)
    with closing(sqlite3.connect(database)) as db:
        db.execute("UPDATE outbox SET state = 'queued', refusals = 3 WHERE state = 'dead'")
        db.commit()
    (kept,) = letters(database)
    assert "still tried" in (await helpbot("dead", "list", folder=tmp_path)).stdout
    done = await helpbot("dead", "retry", kept.id, folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"{kept.id}: still tried by itself\n")
    done = await helpbot("dead", "drop", kept.id, folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot be dropped" in done.stderr
    assert "no dead letters" in (await helpbot("dead", "drop", "--all", folder=tmp_path)).stderr
    assert letters(database) == [kept]


async def test_words_that_steer_a_terminal_are_disarmed_and_look_like_none_of_our_lines(tmp_path: Path) -> None:
    await put_aside(config(tmp_path), NASTY)
    listed = (await helpbot("dead", "list", folder=tmp_path)).stdout
    shown = (await helpbot("dead", "show", "in1", folder=tmp_path)).stdout
    as_json = (await helpbot("dead", "list", "--json", folder=tmp_path)).stdout
    for printed in (listed, shown, as_json):
        assert [sign for sign in printed if not sign.isprintable() and sign != "\n"] == []
    assert not all(sign.isprintable() or sign == "\n" for sign in NASTY), "the control: they do steer"
    assert len(listed.splitlines()) == 1
    assert json.loads(as_json)["words"] == NASTY
    assert [line for line in shown.splitlines() if line.startswith("why:")] == ["why:    ValueError at decide.py:1"]
    assert "    why: all is well" in shown.splitlines()


async def test_show_has_whole_words_where_list_cuts_them(tmp_path: Path) -> None:
    long = "word " * 100 + "end"
    await put_aside(config(tmp_path), long)
    assert "end" not in (await helpbot("dead", "list", folder=tmp_path)).stdout
    assert long in (await helpbot("dead", "show", "in1", folder=tmp_path)).stdout


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["show", "in99"], 1, "in99: there is no such dead letter"),
        (["retry", "in99"], 1, "in99: there is no such dead letter"),
        (["drop", "\x1b[2J"], 1, "there is no such dead letter"),
        (["retry"], 2, "--all"),
        (["drop", "in1", "--all"], 2, "--all"),
        (["show"], 2, "ID"),
    ],
)
async def test_what_is_not_there_ends_with_1_and_wrong_usage_with_2(
    words: list[str], code: int, told: str, tmp_path: Path
) -> None:
    await put_aside(config(tmp_path), "hello")
    done = await helpbot("dead", *words, folder=tmp_path)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert told in done.stderr
    assert "\x1b" not in done.stderr
    assert len(letters(tmp_path / "desk.db")) == 1


@pytest.mark.parametrize("words", [["list"], ["show", "in1"], ["retry", "in1"], ["drop", "--all"]])
async def test_without_a_database_each_says_so_and_makes_none(words: list[str], tmp_path: Path) -> None:
    database = config(tmp_path)
    done = await helpbot("dead", *words, folder=tmp_path)
    assert done.returncode == 2
    assert "there is no database" in done.stderr
    assert not database.exists()


# --- changing, while no desk runs


async def test_without_a_desk_they_are_retried_and_dropped_in_the_database_itself(tmp_path: Path) -> None:
    database = config(tmp_path)
    await put_aside(database, "one", "two", "three")
    done = await helpbot("dead", "retry", "in1", "in99", "in1", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "in1: will be decided again\n")
    assert "at the next start" in done.stderr
    done = await helpbot("dead", "drop", "--all", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "in2: dropped\nin3: dropped\n")
    assert letters(database) == []
    assert (await helpbot("dead", "list", folder=tmp_path)).stderr == "no dead letters\n"
    async with stage(DESK, database) as desk:
        await desk.settle()
        assert any("one" in message.text for message in desk.new_for_agents())
        assert not any("two" in message.text for message in desk.network.in_room(AGENTS_ROOM))


async def test_a_database_that_is_broken_is_said_to_be_so(tmp_path: Path) -> None:
    database = config(tmp_path)
    await put_aside(database, "one")
    with closing(sqlite3.connect(database)) as db:
        db.execute("ALTER TABLE inbox RENAME COLUMN noticed_at TO lost")
        db.commit()
    tried = await helpbot("dead", "retry", "in1", folder=tmp_path)
    assert (tried.returncode, tried.stdout) == (2, "")
    assert "noticed_at" in tried.stderr


async def test_the_parts_of_one_message_are_retried_together_without_complaint(tmp_path: Path) -> None:
    database = config(tmp_path)
    async with stage(DESK, database) as desk:
        await with_a_dead_letter(desk)
    with closing(sqlite3.connect(database)) as db:
        columns = "lane, audience, verb, conversation, ticket, entry, receipt, created_at, state, why"
        db.execute(f"INSERT INTO outbox (key, {columns}) SELECT 'k', {columns} FROM outbox WHERE state = 'dead'")
        db.commit()
    first, second = letters(database)
    done = await helpbot("dead", "retry", "--all", folder=tmp_path)
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == f"{first.id}: will be sent again"
    assert done.stdout.splitlines()[1].startswith(f"{second.id}: no dead letter any more")
    assert letters(database) == []


async def test_a_desk_that_cannot_be_asked_is_left_alone(tmp_path: Path) -> None:
    database = config(tmp_path)
    await put_aside(database, "one")
    lock = DeskLock(database)
    done = await helpbot("dead", "retry", "in1", folder=tmp_path)
    lock.release()
    assert (done.returncode, done.stdout) == (2, "")
    assert "stop it first" in done.stderr
    assert "desk.db.sock" in done.stderr
    assert len(letters(database)) == 1
    assert (await helpbot("dead", "retry", "in1", folder=tmp_path)).returncode == 0, "the control: nobody holds it"


# --- changing, while a desk runs


async def test_a_dead_letter_retried_while_the_desk_runs_reaches_her_and_the_ticket_hears_of_it(tmp_path: Path) -> None:
    database = config(tmp_path)
    async with open_desk(database) as desk:
        await with_a_dead_letter(desk)
        assert desk.marks() == ["❌"]
        assert "cannot be reached" in desk.cards[1].text
        (kept,) = letters(database)
        done = await helpbot("dead", "retry", kept.id, folder=tmp_path)
        assert (done.returncode, done.stdout) == (0, f"{kept.id}: will be sent again\n"), done.stderr
        await desk.settle()
        assert [message.text for message in desk.new_for("marie")] == ["hello Marie"]
        assert desk.marks() == ["❌", "✅"]
        assert "cannot be reached" not in desk.cards[1].text
        assert letters(database) == []


async def test_a_dead_letter_dropped_while_the_desk_runs_is_gone_and_never_sent(tmp_path: Path) -> None:
    database = config(tmp_path)
    async with open_desk(database) as desk:
        await with_a_dead_letter(desk)
        (kept,) = letters(database)
        done = await helpbot("dead", "drop", "--all", folder=tmp_path)
        assert (done.returncode, done.stdout) == (0, f"{kept.id}: dropped\n"), done.stderr
        assert (await helpbot("dead", "list", folder=tmp_path)).stdout == ""
    async with stage(DESK, database, desk.network) as desk:
        assert "hello Marie" not in [message.text for message in desk.network.in_room(ROOM)]
        assert letters(database) == []


async def test_the_desk_that_helpbot_run_starts_is_asked_and_takes_its_socket_away(tmp_path: Path) -> None:
    """Its homeserver is not there, which keeps it from nothing here."""
    database = config(tmp_path)
    await put_aside(database, "what is life?")
    with (tmp_path / "config.yaml").open("a") as file:
        file.write(
            f"faq: {FAQ}\nmatrix: {{homeserver: 'http://127.0.0.1:9', user: '@b:x.org', password: x}}\n"
            "teams:\n  - id: desk\n    matrix_room: '#desk:x.org'\n"
        )
    pipe = asyncio.subprocess.PIPE
    desk = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "helpbot", "run", cwd=tmp_path, stderr=pipe, stdout=pipe
    )
    assert desk.stderr is not None
    try:
        async with asyncio.timeout(60):
            while b"control_socket" not in (line := await desk.stderr.readline()):
                assert line, "the desk ended"
        assert stat.S_IMODE(control.socket_of(database).stat().st_mode) == 0o600
        done = await helpbot("dead", "drop", "in1", folder=tmp_path)
        assert (done.returncode, done.stdout) == (0, "in1: dropped\n"), done.stderr
        desk.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            _, log = await desk.communicate()
    finally:
        if desk.returncode is None:
            desk.kill()
            await desk.wait()
    assert desk.returncode == 0
    assert b"dead_letter" in log, "it was the desk that did it"
    assert not control.socket_of(database).exists()
    assert letters(database) == []


async def test_a_path_too_long_for_a_socket_is_a_warning_and_the_desk_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    database = config(folder)
    await put_aside(database, "one")
    async with stage(DESK, database) as desk:
        with capture_logs() as logs:
            await control.listen(desk.store, database, lambda: NOW)
        assert [line["log_level"] for line in logs if line["event"] == "no_control_socket"] == ["warning"]
        lock = DeskLock(database)
        done = await helpbot("dead", "drop", "in1", folder=folder)
        lock.release()
        assert done.returncode == 2
        assert "stop it first" in done.stderr
        await desk.customer("marie", "puk")
        assert desk.new_for("marie")
