"""The shell round `core.public`: what happened in a help room → what is kept of it and said there.

Rule: no ticket and no conversation is read here but for the one fact whether somebody has a room with the bot, because
what is not read cannot be said where many people are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from helpbot.cases_base import SKINS_AND_VARIANTS, NotYet
from helpbot.clock import Now
from helpbot.core import public, words
from helpbot.core.help_rooms import HelpRoom
from helpbot.core.model import Desk, Person
from helpbot.core.public import Counts, Heard, House, Reply, Word
from helpbot.store.base import INTERNAL, InboxRow, Step, Store
from helpbot.store.codec import json_incoming
from helpbot.store.public import brought_event, brought_payload
from helpbot.store.talks import PublicStep, Talk
from helpbot.transports.base import Incoming, Kind


class PublicRooms:
    """Decides rows of the inbox that happened in help rooms."""

    def __init__(self, store: Store, desk: Callable[[], Desk], now: Now, account: str) -> None:
        self._store = store
        self._desk = desk
        self._now = now
        self._account = account

    async def step(self, row: InboxRow) -> Step | None:
        """Return what a row comes to; None when it did not happen in a help room. Raises NotYet."""
        incoming = None if row.transport == INTERNAL else json_incoming(row.payload)
        if incoming is None or incoming.public is None:
            return None
        nothing = Step(row, self._now(), None, None, public=PublicStep())
        room = self._desk().help_rooms.get(incoming.public)
        if room is None or incoming.team is not None:
            return nothing
        match incoming.kind:
            case Kind.SAID:
                return await self._said(row, incoming, room) or nothing
            case Kind.REACTED:
                return await self._reacted(row, incoming, room) or nothing
            case Kind.DELETED:
                return replace(
                    nothing, public=PublicStep(taken_back=(row.transport, incoming.room, incoming.target or ""))
                )
            case Kind.ARRIVED:
                return await self._joined(row, incoming, room) or nothing
            case _:
                return nothing

    # --- what people do

    async def _said(self, row: InboxRow, incoming: Incoming, room: HelpRoom) -> Step | None:
        if incoming.edits is not None and incoming.attachment is None:
            return self._corrected(row, incoming, incoming.edits)
        if incoming.agent or incoming.attachment is not None:
            return None
        refs = [ref for ref in (incoming.thread, incoming.reply_to) if ref is not None]
        there = row.transport, incoming.room
        talk = await self._store.talk_under(*there, refs, incoming.sender) if refs else None
        follows = talk is not None and talk.person.id == incoming.sender and not incoming.mentions
        if talk is not None and follows:
            folded = self._desk().library.fold(incoming.text)
            if public.accepts(folded):
                return await self._accepted(row, incoming, talk)
            if talk.word is Word.JOINED and words.refused(folded) is not None:
                return self._declined(row, incoming)
        elif talk is None and refs and await self._store.unsent_to(*there, incoming.sender):
            raise NotYet
        aside = incoming.mentions or (bool(refs) and not follows and (talk is not None or not incoming.addressed))
        if follows and incoming.thread is not None:
            aside = await self._store.others_in(*there, incoming.thread, incoming.sender)
        heard = Heard(
            incoming.text, _written(row, incoming), row.at, incoming.addressed, aside, follows, incoming.reachable
        )
        reply = public.reply(heard, await self._counts(row, incoming), self._house(room))
        return None if reply is None else self._speaks(row, incoming, reply, incoming.thread or incoming.id)

    def _corrected(self, row: InboxRow, incoming: Incoming, event: str) -> Step:
        """Answer nothing anew; but what goes on in private is what it says now."""
        corrected = row.transport, incoming.room, event, incoming.sender, incoming.text
        return Step(row, self._now(), None, None, public=PublicStep(corrected=corrected))

    async def _reacted(self, row: InboxRow, incoming: Incoming, room: HelpRoom) -> Step | None:
        symbol = incoming.symbol.translate(SKINS_AND_VARIANTS)
        yes, no = public.accepts_by(symbol), public.declines_by(symbol)
        if incoming.target is None or incoming.agent or not (yes or no):
            return None
        talk = await self._store.talk_by(row.transport, incoming.room, incoming.target)
        if talk is None and await self._store.unsent_to(row.transport, incoming.room, incoming.sender):
            raise NotYet
        if talk is None or talk.person.id != incoming.sender:
            return None
        if no:
            return self._declined(row, incoming) if talk.word is Word.JOINED else None
        return await self._accepted(row, incoming, talk)

    async def _joined(self, row: InboxRow, incoming: Incoming, room: HelpRoom) -> Step | None:
        offers = self._desk().offers
        if not offers.on_joining or incoming.agent or not public.fresh(_written(row, incoming), row.at):
            return None
        if not may_offer(await self._store.last_offer(row.transport, incoming.sender), row.at, self._desk()):
            return None
        counts, house = await self._counts(row, incoming), self._house(room)
        reply = public.welcome(incoming.name, row.at, counts, house, reachable=incoming.reachable)
        if reply is None:
            return None
        step = self._speaks(row, incoming, reply, None)
        offered = row.transport, incoming.sender, False
        return step if step.public is None else replace(step, public=replace(step.public, offered=offered))

    # --- what comes of it

    async def _accepted(self, row: InboxRow, incoming: Incoming, talk: Talk) -> Step | None:
        """Go on in private: in the room that she has with the bot, else in one that is opened for her."""
        if talk.accepted or not incoming.reachable or talk.word is Word.ONLY:
            return None
        room = await self._store.alone_with(row.transport, incoming.sender)
        accepted = PublicStep(accepted=talk, said=public.going(self._desk().languages), key=self._key(row, "going"))
        step = Step(row, self._now(), None, None)
        if room is None:
            return replace(step, public=replace(accepted, opens=self._key(row, "open")))
        note = brought_event(talk.id), brought_payload(talk.id, row.transport, room)
        return replace(step, public=accepted, internal=(note,))

    def _declined(self, row: InboxRow, incoming: Incoming) -> Step:
        declined = PublicStep(offered=(row.transport, incoming.sender, True))
        return Step(row, self._now(), None, None, public=declined)

    def _speaks(self, row: InboxRow, incoming: Incoming, reply: Reply, root: str | None) -> Step:
        person = Person(incoming.sender, incoming.name)
        talk = Talk(0, row.transport, incoming.room, person, reply.word, incoming.id, root)
        said = PublicStep(begins=talk, said=reply.content, key=self._key(row, "say"))
        return Step(row, self._now(), None, None, public=said)

    async def _counts(self, row: InboxRow, incoming: Incoming) -> Counts:
        return await self._store.public_counts(row.transport, incoming.room, incoming.sender, row.at)

    def _house(self, room: HelpRoom) -> House:
        desk = self._desk()
        return House(desk.library, desk.languages, desk.team(room.team).hours, room.per_person, room.per_room)

    def _key(self, row: InboxRow, part: str) -> str:
        cause = [self._account, "public", row.transport, row.event, part]
        if row.again:
            cause.append(f"again {row.again}")
        return hashlib.sha256("\x1f".join(cause).encode()).hexdigest()[:32]


def _written(row: InboxRow, incoming: Incoming) -> datetime:
    return min(row.at, incoming.at)


def may_offer(last: tuple[datetime, bool] | None, at: datetime, desk: Desk) -> bool:
    """Tell whether somebody may be offered help by itself, who was last offered it then, or declined."""
    return last is None or (not last[1] and at - last[0] >= desk.offers.period)
