"""Who is in customers' threads: whether she is, and whether anybody else is.

Rule: Discord is asked who is there now, because one who goes says nothing of another who stays; what was told to the
desk is written down once it is committed, so that it is told once.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import discord

from helpbot.transports.base import Incoming, Kind, Notebook
from helpbot.transports.discord_faults import Breaker, asked
from helpbot.transports.discord_places import Guest, Place
from helpbot.transports.discord_refs import now, snowflake


@dataclass(frozen=True, slots=True)
class Present:
    """Whether she is in her thread, and whether somebody else is; `who` is one of those, as far as that is known."""

    she: bool = True
    others: bool = False
    who: int = field(default=0, compare=False)


class Company:
    """Tells what has changed; without the members intent Discord does not say who is in a thread."""

    def __init__(self, client: discord.Client, breaker: Breaker, notebook: Notebook) -> None:
        self._client = client
        self._breaker = breaker
        self._notebook = notebook
        self._told: dict[int, Present] = {}

    async def told(self, channel: int) -> Present:
        """Return what the desk knows."""
        if channel not in self._told:
            kept = await self._notebook.get(f"present:{channel}")
            self._told[channel] = Present() if kept is None else Present(*json.loads(kept))
        return self._told[channel]

    async def keep(self, channel: int, present: Present) -> None:
        """Write down what the desk knows now."""
        if self._told.get(channel) != present:
            self._told[channel] = present
            await self._notebook.put(f"present:{channel}", json.dumps([present.she, present.others]))

    async def look(self, thread: discord.Thread, guest: Guest) -> Present | None:
        """Return who is in a thread now; None where that cannot be seen."""
        me = self._client.user
        if me is None or not self._client.intents.members:
            return None
        there = {member.id for member in await asked(self._breaker, thread.fetch_members())}
        others = there - {guest.id, me.id}
        return Present(guest.id in there, bool(others), min(others, default=0))


def changes(place: Place, before: Present, present: Present) -> list[Incoming]:
    """Return the events between what was told and what is."""
    kinds: list[Kind] = []
    if present.she != before.she:
        kinds.append(Kind.ARRIVED if present.she else Kind.LEFT)
    if present.others != before.others:
        kinds.append(Kind.CROWDED if present.others else Kind.ALONE)
    return [happened(place, kind) for kind in kinds]


def happened(place: Place, kind: Kind, ref: str | None = None) -> Incoming:
    """Return that she came into her channel, or went; that another one did is told by who names them."""
    guest, at = place.guest or Guest(0, ""), now()
    ref = f"{kind}-{place.channel}-{snowflake(at)}" if ref is None else f"{ref}:{kind}"
    return Incoming(ref, kind, place.room, str(guest.id), guest.name, at, language=guest.language)
