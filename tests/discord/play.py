"""A Discord transport that listens, and the people round it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from simcord.enums import ChannelType

from helpbot.core.effects import Literal
from helpbot.transports.base import Address, Incoming, Kind
from helpbot.transports.discord import DiscordTransport
from helpbot.transports.discord_buttons import FORM
from helpbot.transports.discord_places import Seat
from tests.transports.contract import Desk, listening

from .notes import Notes
from .town import Person, Town
from .wire import Wire


class Play:
    """A transport that listens, and the people round it."""

    def __init__(self, wire: Wire, *, forum: bool = True) -> None:
        self.wire = wire
        self.town = Town(wire, forum=forum)
        self.marie, self.sam = self.town.person("Marie"), self.town.person("Sam", agent=True)
        self.direct = self.town.direct(self.marie)
        self.notes = Notes()
        self.desk = Desk()
        self.others: dict[str, Seat] = {}  # where other teams sit
        self.transport = self.new()

    def new(self) -> DiscordTransport:
        return DiscordTransport(
            token=self.wire.token,
            teams={"mobile": self.town.seat, **self.others},
            names={team: team.title() for team in ("mobile", *self.others)},
            languages=["en", "fr"],
            notebook=self.notes,
            help_channel=self.town.help,
        )

    @asynccontextmanager
    async def listens(self) -> AsyncIterator[Desk]:
        async with listening(self.transport) as desk:
            self.desk = desk
            await until(lambda: self.town.messages(self.town.help))  # the panel, so that faults meet what they are for
            yield desk
        self.notes.last = next((one for one in reversed(desk.cursors) if one is not None), self.notes.last)
        self.notes.known |= {item.room for item in desk.got if item.kind is Kind.ARRIVED}

    async def hears(self, text: str) -> Incoming:
        return await self.desk.until(lambda item: item.text == text)

    async def says(self, text: str, key: str, **about: Any) -> str:
        return await self.transport.send(Address("discord", str(self.direct), **about), (Literal(text),), key)

    @property
    def agents(self) -> Address:
        return Address("discord", str(self.town.desk))

    def seen(self, channel: int | None = None) -> list[str]:
        bot = self.wire.backend.bot_user.id
        return [one.content for one in self.town.messages(channel or self.direct) if one.author_id == bot]


async def until(wanted: Callable[[], Any]) -> Any:
    async with asyncio.timeout(20):
        while not (found := wanted()):  # noqa: ASYNC110  # the server has no event for it
            await asyncio.sleep(0.02)
    return found


async def ticket(play: Play, person: Person, text: str) -> int:
    """Let somebody fill in the form of the panel; return her thread."""
    await until(lambda: play.wire.backend.find_command("ticket", play.town.guild))
    form = person.slash(play.town.help, "ticket")
    await until(lambda: form.responded)
    person.fill_in(play.town.help, FORM, subject="a line", text=text)
    asked = await play.hears(f"a line\n{text}")
    threads = [one.id for one in play.town.threads(play.town.help) if person.id in one.thread_members]
    assert asked.room in {str(one) for one in (*threads, play.direct)}
    assert all(play.wire.backend.channels[one].type == ChannelType.PRIVATE_THREAD for one in threads)
    return int(asked.room)
