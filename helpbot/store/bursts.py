"""What the bot said to a customer before a person was called: what it offered, and what is withdrawn, in SQL.

The caller holds the transaction.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import aiosqlite

from helpbot.core.effects import Withdraw
from helpbot.store.base import BotsWords, Step
from helpbot.store.relay import take_back


async def withdraw(db: aiosqlite.Connection, what: Sequence[Withdraw], ticket: int, step: Step) -> None:
    """See to it that what the bot said in these turns is not sent, stands in no transcript, and answered no question.

    What is just being sent is taken back in its lane, once it is known whether it was.
    """
    for one in what:
        said = (
            "SELECT * FROM outbox WHERE ticket = ? AND turn = ? AND audience = 'customer' AND verb = 'say' ORDER BY id"
        )
        async with db.execute(said, (ticket, one.turn)) as found:
            rows = list(await found.fetchall())
        for row in rows:
            await db.execute("UPDATE entry SET ticket = NULL WHERE id = ?", (row["entry"],))
            await take_back(db, row, step, "withdrawn")
        if any(row["state"] == "sent" for row in rows):
            continue  # right after it was looked: it was answered, and a monitor may have counted that
        await db.execute("DELETE FROM question WHERE ticket = ? AND turn = ?", (ticket, one.turn))


async def unsent(db: aiosqlite.Connection, ticket: int, turn: int) -> bool:
    """See Store."""
    sql = (
        "SELECT count(*) > 0 AND sum(state <> 'queued') = 0 AS unsent FROM outbox"
        " WHERE ticket = ? AND turn = ? AND audience = 'customer'"
    )
    async with db.execute(sql, (ticket, turn)) as found:
        row = await found.fetchone()
    return row is not None and bool(row["unsent"])


async def bots_words(db: aiosqlite.Connection, conversation: int, ref: str) -> BotsWords | None:
    """See Store.

    A message in her room that nobody there is known to have written is the one that is being sent, if only one is.
    """
    columns = "SELECT ticket, turn, offered FROM outbox WHERE conversation = ? AND verb = 'say'"
    bots = " AND EXISTS (SELECT 1 FROM entry e WHERE e.id = outbox.entry AND e.role = 'bot')"
    async with db.execute(f"{columns}{bots} AND ref = ?", (conversation, ref)) as found:
        rows = list(await found.fetchall())
    if not rows:
        known = (
            " AND state = 'queued' AND NOT EXISTS (SELECT 1 FROM inbox WHERE event = ?2)"
            " AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.ref = ?2)"
        )
        sql = f"{columns.replace('?', '?1')}{bots}{known} LIMIT 2"
        async with db.execute(sql, (conversation, ref)) as found:
            rows = list(await found.fetchall())
    if len(rows) != 1:
        return None
    offered = rows[0]["offered"]
    return BotsWords(rows[0]["ticket"], rows[0]["turn"], () if offered is None else tuple(json.loads(offered)))
