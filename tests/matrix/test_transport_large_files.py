"""Large files, and files that never arrive, on a real Synapse: bounded in memory and time."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from helpbot.core.model import Attachment
from helpbot.transports.base import TryLater, Undeliverable
from helpbot.transports.matrix_client import HttpClient
from helpbot.transports.matrix_download import Patience, fetched

from .actors import Event, PlainActor
from .conftest import MakePlain
from .files import opened, placed
from .synapse import Synapse, free_port

pytestmark = pytest.mark.synapse

LARGE = 60 * 2**20
HURRY = Patience(first=1.5, silence=1.0, whole=5.0)
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def silent_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def roomy(tmp_path_factory: pytest.TempPathFactory, silent_port: int) -> Iterator[Synapse]:
    """A homeserver that takes large files, and asks two others for theirs."""
    changes = {
        "max_upload_size": "100M",
        "federation_domain_whitelist": [f"127.0.0.1:{silent_port}", "127.0.0.1:1"],
        "federation_ip_range_blacklist": [],
        "ip_range_blacklist": [],
    }
    server = Synapse(tmp_path_factory.mktemp("roomy"), changes=changes)
    server.start()
    yield server
    server.kill()  # it would wait for the server that never answers


@asynccontextmanager
async def client_of(actor: PlainActor) -> AsyncIterator[HttpClient]:
    client = HttpClient(actor.url, actor.id, None, "")
    client.access_token = actor.user.token
    yield client
    await client.shut()


def attachment(content: Event) -> Attachment:
    return Attachment("large.bin", "file", "application/octet-stream", None, "", "matrix", json.dumps(content))


async def carried(actor: PlainActor, content: Event, how: str) -> dict[str, Any]:
    """Carry a file in a process of its own."""
    order = {"url": actor.url, "user": actor.id, "token": actor.user.token, "content": content, "how": how}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.matrix.carry", stdin=pipe, stdout=pipe, cwd=ROOT
    )
    out, _ = await process.communicate(json.dumps(order).encode())
    assert process.returncode == 0
    told: dict[str, Any] = json.loads(out.decode().splitlines()[-1])
    return told


async def test_a_file_of_60_mb_goes_through_little_memory(plain_actor: MakePlain, roomy: Synapse) -> None:
    alice = await plain_actor("Alice", roomy)
    data = secrets.token_bytes(LARGE)
    content = await placed(alice, data, encrypted=True)
    ours, control = [await carried(alice, content, how) for how in ("streamed", "whole")]
    for told in (ours, control):
        found = await opened(alice, told["shown"])
        assert hashlib.sha256(found).digest() == hashlib.sha256(data).digest()
    print({how: (told["grown"], told["longest"]) for how, told in (("streamed", ours), ("whole", control))})
    assert control["grown"] > 2 * LARGE
    assert ours["grown"] < LARGE / 4
    assert ours["longest"] < control["longest"] / 3, "everything else waits while the control decrypts"


async def test_a_file_that_is_too_large_is_not_even_begun(plain_actor: MakePlain, roomy: Synapse) -> None:
    alice = await plain_actor("Alice", roomy)
    content = await placed(alice, bytes(LARGE), encrypted=False)
    async with client_of(alice) as client:
        with pytest.raises(Undeliverable, match="file_too_large"):
            async with fetched(client, attachment(content), LARGE - 1, HURRY):
                pytest.fail("it was given")


async def test_a_file_of_a_server_that_is_away_is_for_later(plain_actor: MakePlain, roomy: Synapse) -> None:
    alice = await plain_actor("Alice", roomy)
    async with client_of(alice) as client:
        with pytest.raises(TryLater):
            async with fetched(client, attachment({"url": "mxc://127.0.0.1:1/abc"}), LARGE):
                pytest.fail("it was given")


async def test_a_file_that_never_arrives_keeps_nobody_for_long(
    plain_actor: MakePlain, roomy: Synapse, silent_port: int
) -> None:
    alice = await plain_actor("Alice", roomy)
    held = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", silent_port), client_of(alice) as client:
        before = asyncio.get_running_loop().time()
        with pytest.raises(TryLater, match="in time"):
            async with fetched(client, attachment({"url": f"mxc://127.0.0.1:{silent_port}/abc"}), LARGE, HURRY):
                pytest.fail("it was given")
        assert asyncio.get_running_loop().time() - before < 5
        async with asyncio.timeout(10):
            await held.wait()  # it was asked indeed
        roomy.kill()
    await asyncio.to_thread(roomy.start)
