"""One file fetched and sent on in a process of its own, to see what it takes: `streamed` by helpbot, or `whole`.

Reads its order as JSON from standard input; prints what the event would say, by how many bytes the process grew at
most, and the longest time for which nothing else had its turn.
"""

from __future__ import annotations

import asyncio
import io
import json
import sys
from pathlib import Path
from typing import Any

import aiohttp
from nio.crypto.attachments import decrypt_attachment, encrypt_attachment

from helpbot.core.model import Attachment
from helpbot.transports.matrix_client import HttpClient
from helpbot.transports.matrix_download import DOWNLOAD, fetched
from helpbot.transports.matrix_http import UPLOAD
from helpbot.transports.matrix_uploads import Files

MOST = 100 * 2**20
_BEAT = 0.005


async def streamed(order: dict[str, Any]) -> dict[str, Any]:
    """Carry it as helpbot does."""
    file = Attachment("large.bin", "file", "application/octet-stream", None, "", "matrix", json.dumps(order["content"]))
    client = HttpClient(order["url"], order["user"], None, "")
    client.access_token = order["token"]
    try:
        async with fetched(client, file, MOST) as given:
            shown = await Files().shown(client, (file,), given, "key", encrypted=True)
    finally:
        await client.shut()
    assert shown is not None
    return shown


async def whole(order: dict[str, Any]) -> dict[str, Any]:
    """Carry it in the simplest way, all of it in memory."""
    file = order["content"]["file"]
    headers = {"Authorization": f"Bearer {order['token']}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.get(f"{order['url']}{DOWNLOAD}/{file['url'].removeprefix('mxc://')}") as response:
            sealed = await response.read()
        clear = decrypt_attachment(sealed, file["key"]["k"], file["hashes"]["sha256"], file["iv"])
        sealed, keys = encrypt_attachment(clear)
        async with session.post(f"{order['url']}{UPLOAD}", data=io.BytesIO(sealed)) as response:
            return {"file": {**keys, "url": (await response.json())["content_uri"]}}


async def watched(order: dict[str, Any]) -> dict[str, Any]:
    """Carry it and measure."""
    loop = asyncio.get_running_loop()
    longest = 0.0

    async def beat() -> None:
        nonlocal longest
        while True:
            before = loop.time()
            await asyncio.sleep(_BEAT)
            longest = max(longest, loop.time() - before - _BEAT)

    beating = asyncio.create_task(beat())
    before = _memory("VmRSS")
    shown = await {"streamed": streamed, "whole": whole}[order["how"]](order)
    grown = _memory("VmHWM") - before
    beating.cancel()
    return {"shown": shown, "grown": grown, "longest": longest}


def _memory(name: str) -> int:
    """Return a figure of this process in bytes; what getrusage tells begins with that of the process it came from."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


if __name__ == "__main__":
    print(json.dumps(asyncio.run(watched(json.load(sys.stdin)))))
