"""The last messages of each channel as they were heard: to find out what was changed while nobody listened.

Rule: what is known here was committed before it was written here, so that after a kill it is found out once more and
counts once.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import discord
import structlog

from helpbot.transports.base import Notebook

log = structlog.get_logger(__name__)

_KEPT = 100  # messages of one channel
_FILES = 10  # of a message, as many as Discord takes
_CHANNELS = 500  # of which they are in memory


@dataclass(slots=True)
class Heard:
    """A message: who wrote it (0: a bot, -1: not known), when it was corrected, in ms, and the marks on it.

    `marks` are, for each person and symbol, whether it is there and how often it was taken back. `files` tells with how
    many it came, each of which is an event of its own.
    """

    author: int = -1
    name: str = ""
    edited: int = 0
    marks: dict[str, tuple[bool, int]] = field(default_factory=dict)
    files: int = 0


class Recent:
    """The last messages of every channel; the notebook outlives a kill."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook
        self._channels: OrderedDict[int, dict[int, Heard]] = OrderedDict()
        self._names: OrderedDict[int, str] = OrderedDict()

    async def _of(self, channel: int) -> dict[int, Heard]:
        if channel not in self._channels:
            self._channels[channel] = _read(channel, await self._notebook.get(f"recent:{channel}") or "{}")
            while len(self._channels) > _CHANNELS:
                self._channels.popitem(last=False)
        self._channels.move_to_end(channel)
        return self._channels[channel]

    def go_back(self) -> None:
        """Forget what was not written down, because it was not handed in."""
        self._channels.clear()

    async def save(self, channel: int) -> None:
        """Write down what is known of a channel, the newest messages of it."""
        known = await self._of(channel)
        for number in sorted(known)[:-_KEPT]:
            del known[number]
        rows = {number: [one.author, one.name, one.edited, one.marks, one.files] for number, one in known.items()}
        await self._notebook.put(f"recent:{channel}", json.dumps(rows))

    async def heard(self, message: discord.Message, name: str) -> None:
        """Keep a message; of one that is known nothing changes but who wrote it."""
        known = await self._of(message.channel.id)
        one = known.setdefault(message.id, Heard(edited=edited_ms(message)))
        one.author, one.name = 0 if message.author.bot else message.author.id, name
        one.files = max(one.files, len(message.attachments))
        self._names[message.author.id] = name
        while len(self._names) > _CHANNELS:
            self._names.popitem(last=False)

    async def knows(self, channel: int, message: int) -> bool:
        """Tell whether a message was heard before, and is in the desk."""
        return (await self._of(channel)).get(message, Heard()).author >= 0

    async def corrected(self, message: discord.Message) -> bool:
        """Tell whether this correction is new, and keep it."""
        one = (await self._of(message.channel.id)).setdefault(message.id, Heard(message.author.id))
        new = edited_ms(message) > one.edited
        one.edited = max(one.edited, edited_ms(message))
        return new

    async def forgotten(self, channel: int, message: int) -> Heard:
        """Forget a message that is gone; return what was known of it."""
        return (await self._of(channel)).pop(message, None) or Heard(files=_FILES)

    async def marked(self, channel: int, message: int, user: int, symbol: str, *, came: bool) -> int | None:
        """Keep a mark; return how often it was taken back before, None when that is no news."""
        one = (await self._of(channel)).setdefault(message, Heard())
        there, again = one.marks.get(f"{user} {symbol}", (False, 0))
        if there == came:
            return None
        one.marks[f"{user} {symbol}"] = (came, again + (not came))
        return again

    async def marks(self, channel: int, message: int) -> set[tuple[int, str]]:
        """Return the marks that a message is known to bear, each with whose it is."""
        one = (await self._of(channel)).get(message, Heard())
        pairs = [mark.split(" ", 1) for mark, (there, _) in one.marks.items() if there]
        return {(int(user), symbol) for user, symbol in pairs}

    async def known(self, channel: int, after: int) -> set[int]:
        """Return the messages of people after that one."""
        return {number for number, one in (await self._of(channel)).items() if number > after and one.author > 0}

    async def oldest(self, channel: int, since: int) -> int:
        """Return after which message to read so that all that is known here is compared."""
        return min([since, *(number - 1 for number in await self._of(channel))])

    async def newest(self, channel: int) -> int:
        """Return the newest message that is known there; 0 without any."""
        return max(await self._of(channel), default=0)

    def name_of(self, user: int) -> str:
        """Return the name under which somebody wrote last."""
        return self._names.get(user, str(user))


def edited_ms(message: discord.Message) -> int:
    """Return when a message was corrected last, in ms; 0 when it never was."""
    return 0 if message.edited_at is None else int(message.edited_at.timestamp() * 1000)


def _read(channel: int, kept: str) -> dict[int, Heard]:
    """Return what was written down of a channel; nothing when it cannot be read, because words come before marks."""
    try:
        return {int(number): _heard(values) for number, values in json.loads(kept).items()}
    except (ValueError, TypeError, AttributeError):
        log.error("recent_messages_unreadable", channel=channel, hint="changes made while it was away are not noticed")
        return {}


def _heard(values: list[Any]) -> Heard:
    author, name, edited, marks, files = values
    return Heard(author, name, edited, {mark: (there, again) for mark, (there, again) in marks.items()}, files)
