"""A process that has imported helpbot and forks a `helpbot run` on demand: a start in milliseconds, a real process.

It reads commands, one a line: `start K` forks a desk, which ends itself by SIGKILL before its K-th step (never when K
is -1), and answers with its process id; `reap PID` waits for it and answers with how it ended.

Usage: python -m tests.crash.zygote FOLDER — the folder with config.yaml.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import traceback
from pathlib import Path

from helpbot import cli, cli_desk, serve
from tests.crash.steps import CountingPolicy, Steps

assert cli_desk is not None and serve is not None  # noqa: PT018  # imported so that a start need not


def main() -> None:
    """Serve commands until the input ends."""
    folder = Path(sys.argv[1])
    os.chdir(folder)
    for line in sys.stdin:
        command, number = line.split()
        if command == "start":
            child = os.fork()
            if child == 0:
                _desk(int(number))
            print(child, flush=True)
        else:
            print(os.waitpid(int(number), 0)[1], flush=True)


def _desk(steps: int) -> None:
    """Become `helpbot run`, in this process."""
    log = os.open("desk.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for ours, theirs in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(ours, theirs)
    sys.stdin = os.fdopen(0, closefd=False)  # the old one has been read from
    counted = Steps(None if steps < 0 else steps, lambda: os.kill(os.getpid(), signal.SIGKILL))
    asyncio.set_event_loop_policy(CountingPolicy(counted))
    sys.argv = ["helpbot", "run", "-c", "config.yaml"]
    try:
        cli.main()
    except SystemExit as end:
        os._exit(end.code if isinstance(end.code, int) else 1)
    except BaseException as error:  # noqa: BLE001  # whatever it was, this is the end of a fork
        os.write(2, "".join(traceback.format_exception(error)).encode())
        os._exit(70)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
