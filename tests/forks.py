"""`helpbot` as real processes without the second that its imports take: forks of one that has imported it.

A fork gets arguments, folder, environment and streams of its own, and begins and ends as `python -m helpbot` does.
Tests of the very start and end of a program start it by themselves.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parent.parent
_MOST = 1 << 18  # bytes of a request


# --- the process that forks


def main() -> None:
    """Fork when asked to, until the asking side is gone; a fork comes back from `_asked` and is helpbot."""
    from helpbot import cli, doctor, doctor_matrix, serve  # noqa: PLC0415  # imported so that no fork need

    assert all((cli, doctor, doctor_matrix, serve))
    asked = _asked(socket.socket(fileno=int(sys.argv[1])))
    if asked is not None:
        sys.argv = ["helpbot", *asked]
        runpy.run_module("helpbot", run_name="__main__", alter_sys=True)


def _asked(channel: socket.socket) -> list[str] | None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        data, handles, _, _ = socket.recv_fds(channel, _MOST, 4)
        if not data:
            return None
        if os.fork() == 0:
            channel.close()
            return _kept(json.loads(data), *handles)
        for handle in handles:
            os.close(handle)


def _kept(request: dict[str, Any], reply: int, *streams: int) -> list[str]:
    """Fork once more; tell which process that is, wait for it, tell how it ended, and end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child:
        for handle in streams:
            os.close(handle)
        for handle in range(3):
            os.close(handle)
        os.write(reply, f"{child}\n".encode())
        os.write(reply, f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n".encode())
        os._exit(0)
    os.close(reply)
    for ours, theirs in zip(streams, range(3), strict=True):
        os.dup2(ours, theirs)
        os.close(ours)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
    os.chdir(str(request["cwd"]))
    os.environ.clear()
    os.environ.update(request["env"])
    return list(request["words"])


# --- the tests' side


class Forked:
    """A process that runs, with what a test needs of asyncio's."""

    def __init__(
        self, pid: int, reply: socket.socket, stdout: asyncio.StreamReader, stderr: asyncio.StreamReader | None
    ) -> None:
        self.pid = pid
        self.stdout = stdout
        self.stderr = stderr
        self.returncode: int | None = None
        self._watching = asyncio.create_task(self._watch(reply))

    async def _watch(self, reply: socket.socket) -> int:
        with reply:
            self.returncode = int(await asyncio.get_running_loop().sock_recv(reply, 100))
        return self.returncode

    async def wait(self) -> int:
        """Return how it ended."""
        return await asyncio.shield(self._watching)

    async def communicate(self) -> tuple[bytes, bytes]:
        """Return what it wrote, once it has ended."""
        out, err, _ = await asyncio.gather(_whole(self.stdout), _whole(self.stderr), self.wait())
        return out, err

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it is known to have ended."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


async def start(*words: str, cwd: Path, env: dict[str, str] | None = None, stderr: IO[bytes] | None = None) -> Forked:
    """Start `helpbot` with these words; its streams can be read, but for a file that is given."""
    out, told_out = await _pipe()
    err, told_err = (None, os.dup(stderr.fileno())) if stderr is not None else await _pipe()
    reply = _ask(words, cwd, env, None, told_out, told_err)
    reply.setblocking(False)
    loop = asyncio.get_running_loop()
    return Forked(int(await loop.sock_recv(reply, 100)), reply, out, err)


def run(*words: str, cwd: Path, env: dict[str, str] | None = None, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run `helpbot` with these words to its end."""
    with tempfile.TemporaryFile() as into, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        into.write(given.encode())
        into.seek(0)
        with _ask(words, cwd, env, os.dup(into.fileno()), os.dup(out.fileno()), os.dup(err.fileno())) as reply:
            reply.settimeout(120)
            reply.recv(100)
            code = int(reply.recv(100))
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read().decode())
    return subprocess.CompletedProcess(words, code, *texts)


def _ask(words: tuple[str, ...], cwd: Path, env: dict[str, str] | None, *streams: int | None) -> socket.socket:
    """Ask for a fork; the streams are closed here. A stream that is None gives nothing."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    handles = [os.open(os.devnull, os.O_RDONLY) if stream is None else stream for stream in streams]
    request = {"words": words, "cwd": str(cwd), "env": dict(os.environ) if env is None else env}
    socket.send_fds(_channel(), [json.dumps(request).encode()], [theirs.fileno(), *handles])
    theirs.close()
    for handle in handles:
        os.close(handle)
    return ours


_open: dict[int, socket.socket] = {}  # by process, because tests fork as well


def _channel() -> socket.socket:
    if os.getpid() not in _open:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.forks", str(theirs.fileno())],
            cwd=ROOT, pass_fds=[theirs.fileno()], env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip
        theirs.close()
        _open[os.getpid()] = ours
        atexit.register(_close, ours, server)
    return _open[os.getpid()]


def _close(channel: socket.socket, server: subprocess.Popen[bytes]) -> None:
    channel.close()  # whereupon it ends
    server.wait()


async def _pipe() -> tuple[asyncio.StreamReader, int]:
    ours, theirs = os.pipe()
    reader = asyncio.StreamReader(limit=1 << 26)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(ours, "rb")
    )
    return reader, theirs


async def _whole(stream: asyncio.StreamReader | None) -> bytes:
    return b"" if stream is None else await stream.read()


if __name__ == "__main__":
    main()
