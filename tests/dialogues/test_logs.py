"""Logs carry ids and states, never people's words, also when something fails over such words."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

from structlog.testing import capture_logs

from helpbot.transports.base import Address
from tests.core.cases import DESK
from tests.dialogues.stage import stage
from tests.dialogues.test_trouble import ROOM, seen, until

CANARY = "canary"
FAILS = """
import logging, structlog
from helpbot.cli_base import log_to_stderr
def fail(words):
    raise ValueError(len(words))
log_to_stderr(logging.INFO)
try:
    fail("can" + "ary")
except ValueError as error:
    structlog.get_logger().error("failed", exc_info=error)
"""


async def test_a_fault_over_somebodys_words_is_logged_by_its_place_and_kind(tmp_path: Path) -> None:
    failed = 0

    def fail(address: Address, key: str) -> None:
        nonlocal failed
        failed += address.room == ROOM
        if address.room == ROOM and failed == 1:
            raise ValueError(f"cannot send {CANARY}")

    with capture_logs() as logs:
        async with stage(DESK, tmp_path / "desk.db") as desk:
            desk.network.trouble = fail
            desk.network.say(ROOM, "marie", f"puk {CANARY}")
            await until(desk, lambda: failed > 1 and seen(desk.network, ROOM))
    (line,) = [line for line in logs if line["event"] == "sending_failed"]
    assert line["fault"].startswith("ValueError at courier.py:")
    assert "exc_info" not in line
    assert CANARY not in str(logs)


def test_on_a_terminal_a_traceback_shows_no_values() -> None:
    """The terminal's libraries may be there that print the local variables of each frame."""
    ours, theirs = pty.openpty()
    subprocess.run([sys.executable, "-c", FAILS], stderr=theirs, check=True, timeout=60)
    os.close(theirs)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert "ValueError" in shown
    assert CANARY not in shown
