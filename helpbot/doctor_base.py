"""What `helpbot doctor` finds, and what it takes along from the database to the homeserver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial


class State(StrEnum):
    """How something is."""

    OK = "ok"
    WARN = "warn"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """How something is, what was looked at, what that means, and how to mend it (empty when it is ok)."""

    state: State
    check: str
    meaning: str
    mend: str = ""


ok = partial(Finding, State.OK)
warn = partial(Finding, State.WARN)  # somebody should look at it
fault = partial(Finding, State.FAULT)  # it keeps the desk from its work, or is a danger
ANEW = "with matrix.password it logs in as a new device; for matrix.access_token make a new token first, of a new login"
NEW_KEYS = f"stop the desk, move the key store away, and start the desk: {ANEW}"


@dataclass(frozen=True, slots=True)
class Kept:
    """What the desk keeps that its homeserver is asked with, and about."""

    readable: bool = False  # whether there is a database with all this
    held: bool = False  # whether it cannot be read only because another program keeps it locked
    runs: bool = False  # whether a desk runs on the database
    token: str | None = field(default=None, repr=False)  # the config's, if it has one
    pickle_key: str = field(default="", repr=False)
    device: str | None = None
    identity: str | None = None  # the device's public key, in the key store
    taken: bool = True  # whether the homeserver took the keys that are in the key store
    desks: Mapping[str, str] = field(default_factory=dict)  # rooms that were agents' rooms once, with their team
    seats: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # by team: name, room found by it
    help_rooms: frozenset[str] = frozenset()  # rooms that were help rooms once
    upgrades: Mapping[str, str] = field(default_factory=dict)  # rooms that the desk has left for the one after them
    conversations: frozenset[str] = frozenset()  # customers' rooms
    tickets: tuple[tuple[int, str, bool], ...] = ()  # open ones: number, room, whether the desk knows that it is over
