"""What a customer filled in → her private thread with the bot, and what she wrote as its first words.

Rule: a form is written down before anything is made for it, and stays until it is committed, whatever ends meanwhile;
what was made for it is looked for before it is made again.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

import discord
import structlog

from helpbot.transports.base import Incoming, Kind, Notebook, TryLater, Undeliverable
from helpbot.transports.discord_content import escaped
from helpbot.transports.discord_desks import Desks
from helpbot.transports.discord_faults import Refusal, asked
from helpbot.transports.discord_inbox import Inbox
from helpbot.transports.discord_journal import digest_of
from helpbot.transports.discord_places import Guest
from helpbot.transports.discord_refs import Spot, now
from helpbot.transports.discord_words import word
from helpbot.transports.markup import one_line
from helpbot.where import where

log = structlog.get_logger(__name__)

_NAME, _MESSAGE = 100, 2000  # characters of a thread's name, of a message
_ARCHIVE: Literal[10080] = 10080  # minutes of silence after which Discord archives a thread: a week, the longest
_PAUSES = (2.0, 5.0, 15.0, 60.0)  # seconds before a ticket that could not be opened is tried again
_KEPT = timedelta(days=7)  # how long a form is kept for which nothing can be made
_LOOKED_BACK = 20  # messages of a thread that was made for a form, among which her words may stand
Answer = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Form:
    """What somebody filled in, with the thread that was made for it and the message that shows it, once they are."""

    user: int
    name: str
    language: str | None
    at: str
    subject: str
    text: str
    channel: int | None = None
    message: int | None = None

    @property
    def guest(self) -> Guest:
        """Who filled it in."""
        return Guest(self.user, self.name, self.language)


class Tickets:
    """Opens tickets for one client."""

    def __init__(self, desks: Desks, inbox: Inbox, notebook: Notebook) -> None:
        self._client = desks.client
        self._breaker = desks.breaker
        self._language = desks.language
        self._places = desks.places
        self._inbox = inbox
        self.agents = inbox.agents
        self._notebook = notebook
        self._writing = asyncio.Lock()  # over what is written down
        self._opening: set[int] = set()

    async def write_down(self, number: int, form: Form) -> None:
        """Keep what was filled in; who does this opens the ticket, or the next start does."""
        self._opening.add(number)
        await self._keep(number, form)

    async def unfinished(self) -> list[Answer]:
        """Return what opens the tickets that were filled in, and are neither open nor being opened."""
        before = set(self._opening)
        numbers = set(await self._forms()) - before - self._opening
        self._opening |= numbers
        return [partial(self._opened_late, number) for number in sorted(numbers)]

    async def _opened_late(self, number: int) -> None:
        try:
            await self.opened(number, None)
        except Undeliverable:  # it is in the log; whom it concerns cannot be told any more
            form = (await self._forms()).get(number)
            if form is not None and datetime.fromisoformat(form.at) < now() - _KEPT:
                await self.forget(number)

    async def opened(self, number: int, late: Answer | None) -> int:
        """Open a customer's private thread with what she wrote as its first words; return it once they are taken in.

        While there is trouble it is tried again, and she hears so once; raises Undeliverable when it cannot be: then
        the next connection tries it again, unless it is forgotten.
        """
        for pause in itertools.chain(_PAUSES, itertools.repeat(_PAUSES[-1])):
            after: timedelta | None = None
            try:
                form = await self._open(number, again=late is None)
                await self._take_in(form)
                await self.forget(number)
            except TryLater as later:
                after = later.after
                log.warning("ticket_not_opened_yet", why=later.why)
            except Undeliverable as never:
                log.error("ticket_not_opened", why=never.why)
                self._opening.discard(number)
                raise
            except Exception as error:  # noqa: BLE001  # whatever it is, she waits for her ticket
                log.error("ticket_not_opened_yet", fault=where(error))
            else:
                return int(form.channel or 0)
            if late is not None:
                await late()
                late = None
            await asyncio.sleep(pause if after is None else after.total_seconds())
        raise AssertionError

    async def forget(self, number: int) -> None:
        """Keep what was filled in no longer."""
        await self._keep(number, None)
        self._opening.discard(number)

    async def _take_in(self, form: Form) -> None:
        channel, at = int(form.channel or 0), datetime.fromisoformat(form.at)
        place = await self._places.welcome(channel, form.guest)
        ref = str(Spot(channel, int(form.message or 0)))
        question = "\n".join(part for part in (form.subject, form.text) if part)
        asks = Incoming(ref, Kind.SAID, place.room, str(form.user), form.name, at, question)
        await self._inbox.hand_in_pressed([self._inbox.arrived(channel, form.guest, at), asks])

    async def _open(self, number: int, *, again: bool) -> Form:
        """Make the thread of a form, with her words and then her in it; what was made before is not made again."""
        form = (await self._forms()).get(number)
        if form is None:
            raise Undeliverable("this form is not there any more")
        was_made = form.channel is not None
        if form.channel is None:
            form = replace(form, channel=await self._private(number, form, again=again))
            await self._keep(number, form)
        channel = int(form.channel or 0)
        if form.message is None:
            await self._places.welcome(channel, form.guest)
            try:
                form = replace(form, message=await self._shown(channel, number, form, again=again))
            except Refusal:
                await self._keep(number, replace(form, channel=None))  # it may be another channel the next time
                if was_made:
                    return await self._open(number, again=again)
                raise
            await self._keep(number, form)
        there: object = self._client.get_channel(channel)
        if there is None:
            there = await asked(self._breaker, self._client.fetch_channel(channel))
        if isinstance(there, discord.Thread):  # she comes last, so that nothing of hers comes before her question
            try:
                await asked(self._breaker, there.add_user(discord.Object(form.user)))
            except Refusal as refusal:
                log.error("customer_not_let_in", thread=channel, why=refusal.why, hint="she gets a direct message")
                await self._elsewhere(number, form, there)
                return await self._open(number, again=again)
        return form

    async def _elsewhere(self, number: int, form: Form, thread: discord.Thread) -> None:
        """Let a form go to a direct channel, because she cannot be let into its thread: she may be elsewhere."""
        direct = await asked(self._breaker, self._client.create_dm(discord.Object(form.user)))
        await self._keep(number, replace(form, channel=direct.id, message=None))
        await self._places.told(thread.id)
        with contextlib.suppress(Refusal):
            await asked(self._breaker, thread.delete())

    async def _shown(self, channel: int, number: int, form: Form, *, again: bool) -> int:
        """Show her what she wrote; return that message, which may have been there when Discord's answer was lost."""
        asked_for = escaped(form.text).split("\n")
        lines = [f"**{word('you_wrote', form.language or self._language)}**:", *(f"> {line}" for line in asked_for)]
        text, there = "\n".join(lines)[:_MESSAGE], self._client.get_partial_messageable(channel)

        async def before() -> list[discord.Message]:
            return [one async for one in there.history(limit=_LOOKED_BACK, after=discord.Object(number))]

        for one in await asked(self._breaker, before()) if again else ():
            ours = self._client.user is not None and one.author.id == self._client.user.id
            if ours and digest_of(one.content) == digest_of(text):
                return one.id
        return (await asked(self._breaker, there.send(text, nonce=str(number)))).id

    async def _forms(self) -> dict[int, Form]:
        kept = json.loads(await self._notebook.get("forms") or "{}")
        return {int(number): Form(**values) for number, values in kept.items()}

    async def _keep(self, number: int, form: Form | None) -> None:
        """Write down what was filled in and is not in the desk yet; None once it is."""
        async with self._writing:
            forms = await self._forms()
            forms.pop(number, None)
            if form is not None:
                forms[number] = form
            await self._notebook.put("forms", json.dumps({one: asdict(kept) for one, kept in forms.items()}))

    async def _private(self, number: int, form: Form, *, again: bool) -> int:
        """Return a private thread for her and the bot; a direct channel where none can be had, or not be read."""
        channel = None if self._places.help_channel is None else self._client.get_channel(self._places.help_channel)
        if isinstance(channel, discord.TextChannel) and self._client.intents.message_content:
            try:
                return await self._thread(channel, number, form, again=again)
            except Refusal as refusal:
                log.error("thread_not_made", channel=channel.id, why=refusal.why, hint="she gets a direct message")
        return (await asked(self._breaker, self._client.create_dm(discord.Object(form.user)))).id

    async def _thread(self, channel: discord.TextChannel, number: int, form: Form, *, again: bool) -> int:
        name = one_line(f"{form.name} — {form.subject or form.text}")
        name = name if len(name) <= _NAME else name[: _NAME - 1] + "…"
        made = await self._made(channel, name, number) if again else None
        if made is None:
            making = channel.create_thread(
                name=name, type=discord.ChannelType.private_thread, invitable=False, auto_archive_duration=_ARCHIVE
            )
            made = (await asked(self._breaker, making)).id
        return made

    async def _made(self, channel: discord.TextChannel, name: str, number: int) -> int | None:
        """Return the thread that was made for a form, when Discord's answer to that was lost."""
        for thread in await asked(self._breaker, channel.guild.active_threads()):
            ours = self._client.user is not None and thread.owner_id == self._client.user.id
            if ours and thread.parent_id == channel.id and thread.name == name and thread.id > number:
                place = await self._places.of(self._client, thread)
                if place is None or place.guest is None:
                    return thread.id
        return None
