"""Laws of what is uploaded piece by piece."""

from __future__ import annotations

import io
from typing import Any

import pytest
from nio.crypto.attachments import decrypt_attachment, encrypted_attachment_generator

from helpbot.transports.matrix_uploads import pieces


@pytest.mark.parametrize("count", [1, 2, 5])
async def test_what_opens_a_file_is_known_before_its_last_byte_has_gone_out(count: int) -> None:
    parts = [bytes([number]) * 1000 for number in range(count)]
    keys: dict[str, Any] = {}
    sent = io.BytesIO()
    async for piece in pieces(encrypted_attachment_generator(iter(parts)), keys):
        sent.write(piece)
        if sent.tell() == 1000 * count:
            break  # the homeserver has it all, and answers
    opened = decrypt_attachment(sent.getvalue(), keys["key"]["k"], keys["hashes"]["sha256"], keys["iv"])
    assert opened == b"".join(parts)


async def test_a_file_without_a_byte_has_what_opens_it() -> None:
    keys: dict[str, Any] = {}
    assert [piece async for piece in pieces(encrypted_attachment_generator(iter(())), keys)] == []
    assert decrypt_attachment(b"", keys["key"]["k"], keys["hashes"]["sha256"], keys["iv"]) == b""
