"""Who is in customers' threads: whether she is, and whether anybody else is.

Rule: Discord is asked who is there now, because one who goes says nothing of another who stays; what was told to the
desk is written down once it is committed, so that it is told once.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import discord

from helpbot.transports.base import Incoming, Kind, Notebook
from helpbot.transports.discord_faults import UNKNOWN_MEMBER, UNKNOWN_USER, Breaker, Refusal, asked
from helpbot.transports.discord_places import Guest, Place
from helpbot.transports.discord_refs import now, snowflake


@dataclass(frozen=True, slots=True)
class Present:
    """Whether she is in her thread, and who else is."""

    she: bool = True
    strangers: frozenset[int] = frozenset()


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
            she, strangers = (True, []) if kept is None else json.loads(kept)
            self._told[channel] = Present(she, frozenset(strangers))
        return self._told[channel]

    async def keep(self, channel: int, present: Present) -> None:
        """Write down what the desk knows now."""
        if self._told.get(channel) != present:
            self._told[channel] = present
            await self._notebook.put(f"present:{channel}", json.dumps([present.she, sorted(present.strangers)]))

    async def look(self, thread: discord.Thread, guest: Guest, told: Present) -> Present:
        """Return who is in a thread now; without the intent, who of those that were told is."""
        if self._client.intents.members:
            there = {member.id for member in await asked(self._breaker, thread.fetch_members())}
            me = 0 if self._client.user is None else self._client.user.id
            return Present(guest.id in there, frozenset(there - {guest.id, me}))
        left = [one for one in sorted(told.strangers) if await self._is_in(thread, one)]
        return replace(told, strangers=frozenset(left))

    async def _is_in(self, thread: discord.Thread, person: int) -> bool:
        try:
            await asked(self._breaker, thread.fetch_member(person))
        except Refusal as refusal:
            return refusal.code not in {UNKNOWN_MEMBER, UNKNOWN_USER}
        return True


def changes(place: Place, before: Present, present: Present) -> list[Incoming]:
    """Return the events between what was told and what is."""
    kinds: list[Kind] = []
    if present.she != before.she:
        kinds.append(Kind.ARRIVED if present.she else Kind.LEFT)
    if bool(present.strangers) != bool(before.strangers):
        kinds.append(Kind.CROWDED if present.strangers else Kind.ALONE)
    return [happened(place, kind) for kind in kinds]


def happened(place: Place, kind: Kind, ref: str | None = None) -> Incoming:
    """Return that she came into her channel, or went; that another one did is told by who names them."""
    guest, at = place.guest or Guest(0, ""), now()
    ref = f"{kind}-{place.channel}-{snowflake(at)}" if ref is None else f"{ref}:{kind}"
    return Incoming(ref, kind, place.room, str(guest.id), guest.name, at, language=guest.language)
