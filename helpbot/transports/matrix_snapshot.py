"""The rooms that the bot is invited to, asked for as a whole: a sync tells of each only once."""

from __future__ import annotations

import json
import secrets

from helpbot.transports.matrix_client import HttpClient
from helpbot.transports.matrix_http import JsonDict, path

_PATIENCE = 300.0  # seconds that the server may take to gather it
_NOTHING = {"not_types": ["*"]}


async def snapshot(client: HttpClient, patience: float = _PATIENCE) -> JsonDict:
    """Return a sync from nowhere with the invitations alone, in `patience` seconds; no cursor moves by it."""
    query = {"filter": invites_only(), "timeout": "0", "set_presence": "offline"}  # to ask is not to be there
    return await client.call(
        "GET", path("sync"), query=query, holds={"next_batch": str}, patience=patience, gated=False
    )


def invites_only() -> str:
    """Return a filter that leaves nothing but invitations, unlike any before.

    A homeserver answers the same question from memory for minutes (Synapse for two), without what came since.
    """
    room = {
        "not_rooms": [f"!{secrets.token_hex(8)}:unlike.invalid"],
        "timeline": {"limit": 1, **_NOTHING},
        "state": _NOTHING,
        "ephemeral": _NOTHING,
        "account_data": _NOTHING,
    }
    return json.dumps({"presence": _NOTHING, "account_data": _NOTHING, "room": room})
