"""What one client hears → handed in: words in one lane, in their order, and beside it what people press.

Rule: from the moment a connection is new until what was missed before it is handed in, nothing that came later is:
else the mark up to which all was heard would pass over it.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

import discord
import structlog

from helpbot.transports.base import Incoming, Notebook, TryLater, Undeliverable
from helpbot.transports.discord_batch import Batch
from helpbot.transports.discord_client import (
    ChannelGone,
    Connected,
    DeskClient,
    Happened,
    MemberCame,
    MemberChanged,
    MemberGone,
    Ready,
    Threaded,
)
from helpbot.transports.discord_company import Present
from helpbot.transports.discord_faults import TROUBLE, Refusal
from helpbot.transports.discord_forms import Forms
from helpbot.transports.discord_inbox import Inbox
from helpbot.transports.discord_missed import Missed
from helpbot.where import where

log = structlog.get_logger(__name__)

_AT_ONCE = 100  # events of one batch
_SERVERS = 30.0  # seconds that Discord may take to tell of a server after READY
_PAUSES = (1.0, 5.0, 15.0, 60.0)  # seconds before an event is read again while Discord has trouble
_AGAIN = 5.0  # seconds before what was missed is read again
_PATIENCE = 1.5  # of the three seconds in which Discord wants an answer to what somebody pressed


class Listener:
    """Hears for one client; what takes long runs beside in `group`."""

    def __init__(
        self, client: DeskClient, inbox: Inbox, forms: Forms, notebook: Notebook, group: asyncio.TaskGroup
    ) -> None:
        self._client = client
        self._inbox = inbox
        self._forms = forms
        self._notebook = notebook
        self._group = group
        self._beside: set[asyncio.Task[None]] = set()
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()  # what one person presses, in order

    def stop(self) -> None:
        """End what runs beside."""
        for task in self._beside:
            task.cancel()

    def _start(self, doing: Coroutine[Any, Any, None]) -> None:
        task = self._group.create_task(doing)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    # --- words

    async def hear(self, look: Callable[[], None], caught_up: Callable[[], None]) -> None:
        """Hand in what is heard, for ever.

        `look` raises SetupError when the admin must mend something; `caught_up` is called when nothing is missing.
        """
        queue, waiting, gap = self._client.heard, list[Happened](), False
        while True:
            events = [await queue.get()]
            while len(events) < _AT_ONCE and not queue.empty():
                events.append(queue.get_nowait())
            for event in events:
                if isinstance(event, Connected):
                    if not gap:
                        await self._hand_in(waiting)
                        waiting = []
                    gap = True
                elif isinstance(event, Ready):
                    await self._catch_up(look)
                    caught_up()
                    gap = False
                else:
                    waiting.append(event)
            if not gap:
                await self._hand_in(waiting)
                waiting = []

    async def _hand_in(self, events: list[Happened]) -> None:
        if not events:
            return
        batch = Batch()
        for event in events:
            batch.add(await self._taken_in(event, batch.present))
        await self._inbox.hand_in(batch)

    async def _taken_in(self, event: Happened, present: Mapping[int, Present]) -> Batch:
        """Take one event in, with who is in customers' threads as what came before it tells; faults are its own alone.

        While Discord has trouble the events behind it wait, so that they stay in their order.
        """
        for pause in (*_PAUSES, None):
            batch = Batch(present=dict(present))
            try:
                await self._read(event, batch)
            except (TryLater, *TROUBLE) as trouble:
                log.warning("event_not_read_yet", kind=type(event).__name__, why=str(trouble))
                if pause is not None:
                    await asyncio.sleep(pause)
            except (Refusal, discord.HTTPException) as refused:
                log.warning("event_not_read", kind=type(event).__name__, why=str(refused))
                return batch
            except Exception as error:  # noqa: BLE001  # a bug has no type to wait for, and must stop nothing else
                log.error("event_failed", kind=type(event).__name__, fault=where(error))
                break
            else:
                return batch
        batch = Batch()
        if isinstance(event, discord.Message):
            self._inbox.bare(event, batch)
        return batch

    async def _catch_up(self, look: Callable[[], None]) -> None:
        await self._client.servers_known(_SERVERS)
        while True:
            try:
                look()
                batch = await Missed(self._inbox).read(self._inbox.last(await self._notebook.cursor()))
                break
            except (TryLater, *TROUBLE) as trouble:
                log.warning("discord_not_caught_up", why=str(trouble))
                await asyncio.sleep(_AGAIN)
        await self._inbox.hand_in(batch)
        for finish in await self._forms.tickets.unfinished():
            self._start(_safely(finish))
        self._start(self._put_up())

    async def _put_up(self) -> None:
        for pause in itertools.chain(_PAUSES, itertools.repeat(_PAUSES[-1])):
            try:
                await self._forms.put_up()
            except TryLater as later:
                log.warning("panel_not_put_up_yet", why=later.why)
                await asyncio.sleep(pause)
            except Undeliverable as never:
                log.error("panel_not_put_up", why=never.why, hint="it is tried again at the next connection")
                return
            except Exception as error:  # noqa: BLE001  # a bug has no type to wait for, and must not end the connection
                log.error("panel_not_put_up", fault=where(error))
                return
            else:
                return

    async def _read(self, event: Happened, batch: Batch) -> None:
        match event:
            case discord.Message():
                await self._inbox.message(event, batch)
            case discord.RawMessageUpdateEvent():
                await self._inbox.edited(event, batch)
            case discord.RawMessageDeleteEvent():
                await self._inbox.deleted(event.channel_id, event.message_id, batch)
            case discord.RawReactionActionEvent():
                await self._inbox.reacted(event, batch)
            case Threaded():
                await self._inbox.threaded(event, batch)
            case MemberGone():
                await self._inbox.member_gone(event, batch)
            case MemberCame():
                await self._inbox.member_came(event, batch)
            case MemberChanged():
                await self._inbox.agents_gone(batch, event)
            case ChannelGone():
                await self._inbox.channel_gone(event, batch)

    # --- what is pressed

    async def answer(self) -> None:
        """Answer what is pressed, filled in and typed after a slash, for ever: each at once, one person's in order."""
        while True:
            self._start(self._pressed(await self._client.pressed.get()))

    async def _pressed(self, interaction: discord.Interaction) -> None:
        await self._client.servers_known(_PATIENCE)
        turn = self._turns.setdefault(interaction.user.id, asyncio.Lock())
        async with turn:
            answer = await self._taken(interaction)
        if answer is not None:
            await _safely(answer)

    async def _taken(self, interaction: discord.Interaction) -> Callable[[], Awaitable[object]] | None:
        """Hand in what was pressed; what fails concerns this alone, and its person reads that it did."""
        items: list[Incoming] = []
        try:
            answer = await self._forms.take(interaction, items)
            await self._inbox.hand_in_pressed(items)
        except (TryLater, Undeliverable, discord.HTTPException) as refused:
            log.warning("press_not_taken", why=str(refused))
        except Exception as error:  # noqa: BLE001  # a bug has no type to wait for, and must not stop what comes after
            log.error("press_failed", fault=where(error))
        else:
            return answer
        await _safely(partial(self._forms.tell, interaction, "not_taken"))
        return None


async def _safely(doing: Callable[[], Awaitable[object]]) -> None:
    try:
        await doing()
    except Exception as error:  # noqa: BLE001  # a bug has no type to wait for, and must not end the connection
        log.error("press_failed", fault=where(error))
