"""Rows of the inbox that the desk writes to itself."""

from __future__ import annotations

from datetime import datetime

import aiosqlite

from helpbot.store.base import INTERNAL
from helpbot.store.codec import time_text


async def write_note(db: aiosqlite.Connection, event: str, payload: str, at: datetime) -> None:
    """Write a row of the inbox that the desk writes to itself; the same event counts once."""
    await db.execute(
        "INSERT INTO inbox (transport, event, payload, at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (transport, event) DO NOTHING",
        (INTERNAL, event, payload, time_text(at)),
    )
