"""`helpbot run` as whoever starts it sees it: streams that are full or gone, and how it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from helpbot import cli
from helpbot.store import control
from helpbot.store.lock import DeskLock
from helpbot.transports.base import SetupError

FAQ = Path(__file__).parent / "faq"
CONFIG = f"""\
database: sqlite:///desk.db
faq: {FAQ}
matrix: {{homeserver: "http://127.0.0.1:9", user: "@b:x.org", password: x}}
teams:
  - id: desk
    matrix_room: "#desk:x.org"
"""  # a homeserver that is not there: such a desk goes on trying


@contextmanager
def unwritable(kind: str) -> Iterator[int]:
    """Give a stream that takes nothing: of a full disk, or of a pipe that nobody reads any more."""
    if kind == "full":
        stream = os.open("/dev/full", os.O_WRONLY)
    else:
        reader, stream = os.pipe()
        os.close(reader)
    try:
        yield stream
    finally:
        os.close(stream)


async def until_it_is_up(desk: asyncio.subprocess.Process, database: Path) -> None:
    """Wait until the desk listens; it says so nowhere else when its log cannot be written."""
    async with asyncio.timeout(60):
        while not control.socket_of(database).exists():
            assert desk.returncode is None, "the desk ended"
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("kind", ["full", "gone"])
async def test_a_log_that_cannot_be_written_does_not_end_the_desk(kind: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG)
    with unwritable(kind) as stream:
        desk = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "helpbot", "run", "-v", cwd=tmp_path, stderr=stream, stdout=stream
        )
    try:
        await until_it_is_up(desk, tmp_path / "desk.db")
        desk.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            assert await desk.wait() == 0
    finally:
        if desk.returncode is None:
            desk.kill()
            await desk.wait()


@pytest.mark.parametrize(("words", "kind"), [(["run"], "gone"), (["fly"], "full")])
def test_the_exit_code_tells_what_stderr_cannot(words: list[str], kind: str, tmp_path: Path) -> None:
    with unwritable(kind) as stream:
        done = subprocess.run(
            [sys.executable, "-m", "helpbot", *words], cwd=tmp_path, stderr=stream, check=False, timeout=60
        )
    assert done.returncode == 2


def test_a_broken_pipe_ends_no_desk_as_if_all_were_well(capsys: pytest.CaptureFixture[str]) -> None:
    """Other commands end silently: test_who_stops_reading_gets_no_complaint."""
    with pytest.raises(SystemExit) as end:
        cli._end_badly(BrokenPipeError(), serves=True)
    assert end.value.code == 70
    assert "a fault of helpbot itself" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["full", "gone"])
def test_a_desk_whose_stdout_takes_nothing_is_ready_all_the_same(kind: str) -> None:
    program = "from helpbot import cli_desk as it; it.log_to_stderr(0); it.say_ready(); it.say_ready(); print('!')"
    with unwritable(kind) as stream:
        line = [sys.executable, "-c", program]
        done = subprocess.run(line, stdout=stream, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("event=ready_not_printed") == 1, "from then on it goes nowhere"


def test_a_disk_that_takes_nothing_is_told_with_the_file(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG)
    line = ["bash", "-c", f"ulimit -f 0; exec {sys.executable} -m helpbot run"]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2, done.stderr
    assert "desk.db: cannot be used as a database" in done.stderr


def test_a_lock_that_cannot_say_who_holds_it_holds_all_the_same(tmp_path: Path) -> None:
    lock = "from pathlib import Path; from helpbot.store.lock import DeskLock; lock = DeskLock(Path('desk.db'))"
    line = ["bash", "-c", f"ulimit -f 0; exec {sys.executable} -c \"{lock}; print('held', flush=True); input()\""]
    with subprocess.Popen(line, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(SetupError, match="process unknown"):
            DeskLock(tmp_path / "desk.db")
        other.communicate("\n")
    DeskLock(tmp_path / "desk.db").release()


@pytest.mark.parametrize("command", ["run", "check", "doctor"])
def test_a_desk_on_discord_without_the_extra_says_what_to_install(command: str, tmp_path: Path) -> None:
    teams = "teams: [{id: mobile, discord_channel: '12345678901234567'}]"
    (tmp_path / "config.yaml").write_text(f"faq: {FAQ}\ndiscord: {{token: MTIz.a.b}}\n{teams}\n")
    start = "import sys; sys.modules['discord'] = None; from helpbot.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", start, command],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (
        "config.yaml: `discord`: the extra is not installed: pip install 'helpbot[discord]'"
        in done.stdout + done.stderr
    )
    assert done.returncode == (1 if command == "check" else 2)
    assert "Traceback" not in done.stderr
