"""Conversations that go on in another room, in SQL; the caller holds the transaction."""

from __future__ import annotations

import aiosqlite

from helpbot.store.base import Conversation

# The conversation that is in a room now, or that was there before.
CONVERSATION = (
    "SELECT * FROM conversation WHERE transport = ?1 AND room = ?2 UNION ALL SELECT c.* FROM former_room f"
    " JOIN conversation c ON c.id = f.conversation WHERE f.transport = ?1 AND f.room = ?2 LIMIT 1"
)
ROOMS = "SELECT room FROM conversation WHERE transport = ?1 UNION SELECT room FROM former_room WHERE transport = ?1"


async def keep_room(db: aiosqlite.Connection, talk: Conversation) -> None:
    """Keep where a conversation is; what waits for her there is tried at once."""
    async with db.execute("SELECT room FROM conversation WHERE id = ?", (talk.id,)) as found:
        row = await found.fetchone()
    if row is None or row["room"] == talk.room:
        return
    await db.execute("DELETE FROM former_room WHERE transport = ? AND room = ?", (talk.transport, talk.room))
    former = "INSERT OR REPLACE INTO former_room VALUES (?, ?, ?)"
    await db.execute(former, (talk.transport, row["room"], talk.id))
    await db.execute("UPDATE conversation SET room = ? WHERE id = ?", (talk.room, talk.id))
    await db.execute(
        "UPDATE outbox SET due_at = NULL WHERE lane = ? AND state = 'queued' AND due_at IS NOT NULL", (f"c{talk.id}",)
    )
