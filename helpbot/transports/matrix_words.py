"""One room's events → Incoming: words decrypted, edits checked, members asked; what cannot be read yet is held."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from helpbot.transports.base import Incoming, Kind, TryLater
from helpbot.transports.matrix_batch import Batch
from helpbot.transports.matrix_crypto import GuardedClient
from helpbot.transports.matrix_events import (
    REDACTION,
    Place,
    deletion,
    incoming,
    is_user_id,
    moment,
    reference,
    shown_name,
    undecryptable,
    words,
)
from helpbot.transports.matrix_held import Held
from helpbot.transports.matrix_http import JsonDict, LoginGone, Refused, as_dict, path
from helpbot.transports.matrix_rooms import Rooms

log = structlog.get_logger(__name__)

_SENDERS_KEPT = 10_000


class Words:
    """Reads events for one account."""

    def __init__(self, client: GuardedClient, rooms: Rooms, held: Held, now: Callable[[], datetime]) -> None:
        self._client = client
        self._rooms = rooms
        self._held = held
        self._now = now
        self._me = str(client.user)
        self._senders: OrderedDict[str, tuple[str, str]] = OrderedDict()  # event → room, sender

    async def _read_events(self, room: str, events: Sequence[JsonDict], batch: Batch) -> None:
        if not events:
            return
        place = await self._place(room, events)
        has_come = (
            place.team is None and place.public is None and room not in self._rooms.known
        )  # who is there has just been looked at
        for event in events:
            await asyncio.sleep(0)  # decrypting takes time: others get their turn
            if is_member_event(event):
                if not has_come:
                    await self._read_member_event(event, place, batch)
            else:
                await self._read_event(event, place, batch)

    async def _place(self, room: str, events: Sequence[JsonDict]) -> Place:
        team = self._rooms.team(room)
        heard = any(event.get("sender") != self._me and "state_key" not in event for event in events)
        exposed = False
        try:
            people = await self._rooms.people(room, now=team is not None) if heard else {}
            exposed = heard and await self._rooms.is_exposed(room)
        except Refused:  # the bot is out already
            people = {}
        place = Place(room, self._me, self._now(), team, people, exposed)
        named = self._rooms.help.name(room)
        if named is None:
            return place
        return replace(place, public=named, agents=await self._agents(), may_open=self._rooms.may_open)

    async def _agents(self) -> set[str]:
        """Return the members of all agents' rooms, as they were last told."""
        found: set[str] = set()
        for desk in self._rooms.desks():
            try:
                found |= (await self._rooms.people(desk, now=False)).keys()
            except Refused:  # the bot is out already
                continue
        return found

    async def _read_member_event(self, event: JsonDict, place: Place, batch: Batch) -> None:
        """Tell who came and who went; in a customer's room also whether she is alone with the bot now."""
        ref, who = reference(event.get("event_id")), event.get("state_key")
        if ref is None or not is_user_id(who) or who == self._me:
            return
        before = as_dict(as_dict(event.get("unsigned")).get("prev_content")).get("membership")
        came = membership_of(event) == "join" and before != "join"
        went = membership_of(event) in ("leave", "ban") and before == "join"
        if not went and not (came and place.team is None):
            return
        named = place.people.get(str(who)) or words(as_dict(event.get("content")).get("displayname"))
        name = shown_name(named, str(who))
        kind = Kind.ARRIVED if came else Kind.LEFT
        at = moment(event.get("origin_server_ts"), place.now)
        news = Incoming(ref, kind, place.room, str(who), name, at, team=place.team)
        if place.public is not None:
            if came and await self._rooms.came_over(place.room, str(who)):
                return
            reachable, agent = self._rooms.may_open(who), who in place.agents
            batch.items.append(replace(news, public=place.public, reachable=reachable, agent=agent))
            return
        batch.items.append(news)
        if place.team is None:
            try:
                people = await self._rooms.people(place.room, now=False)
            except Refused:  # the bot is out already
                return
            others = people.keys() - {self._me}
            if len(others) > 1:
                batch.items.append(replace(news, id=f"{ref}:{Kind.CROWDED}", kind=Kind.CROWDED))
            for alone in others if len(others) == 1 else ():
                name = shown_name(people[alone], alone)
                batch.items.append(replace(news, id=f"{ref}:{Kind.ALONE}", kind=Kind.ALONE, sender=alone, name=name))

    async def _read_event(self, event: JsonDict, place: Place, batch: Batch) -> None:
        ref, sender = reference(event.get("event_id")), event.get("sender")
        if ref is None or not is_user_id(sender) or sender == self._me or "state_key" in event:
            return
        self._remember(ref, place.room, str(sender))
        if event.get("type") == REDACTION:
            self._take_back(event, place, batch)
            return
        if isinstance(
            as_dict(event.get("unsigned")).get("redacted_because"), dict
        ):  # nothing is left of it; what took it back is told
            return
        clear: JsonDict | None = event
        if event.get("type") == "m.room.encrypted":
            clear = self._client.decrypted(event, place.room)
        if clear is None:
            self._hold(ref, event, place, batch)
        else:
            await self._take(clear, place, batch)

    async def _take(self, event: JsonDict, place: Place, batch: Batch, *, late: bool = False) -> None:
        said = incoming(event, place)
        if said is not None and (said.edits is None or await self._is_her_own(said)):
            batch.items.append(replace(said, late=late))

    def _take_back(self, event: JsonDict, place: Place, batch: Batch) -> None:
        """Hand in that something was taken back; what waits for its key waits no longer."""
        gone = deletion(event, place)
        if gone is not None and gone.target is not None:
            batch.items.append(gone)
            if self._held.is_held(gone.target, place.room):
                batch.released.add(gone.target)

    async def _is_her_own(self, edit: Incoming) -> bool:
        """Tell whether a correction is of the sender's own message: servers pass on those of others as well."""
        target = edit.edits or ""
        if self._senders.get(target, ("",))[0] != edit.room:  # what stands elsewhere says nothing about this room
            try:
                event = await self._client.call("GET", path("rooms", edit.room, "event", target), holds={"sender": str})
            except Refused:
                event = {}
            if is_user_id(event.get("sender")):
                self._remember(target, edit.room, str(event["sender"]))
        own = self._senders.get(target) == (edit.room, edit.sender)
        if not own:
            log.warning("forged_edit_ignored", message=edit.id, room=edit.room)
        return own

    def _remember(self, ref: str, room: str, sender: str) -> None:
        self._senders[ref] = (room, sender)
        if len(self._senders) > _SENDERS_KEPT:
            self._senders.popitem(last=False)

    # --- what cannot be decrypted

    def _hold(self, ref: str, event: JsonDict, place: Place, batch: Batch) -> None:
        kept = self._client.olm is not None and self._held.add(ref, place.room, event, place.now)
        log.warning("undecryptable", message=ref, room=place.room, waits=kept)
        if not kept:
            self._tell(ref, event, place, batch)

    def _tell(self, ref: str, event: JsonDict, place: Place, batch: Batch) -> None:
        news = undecryptable(event, place)
        if news is not None:
            batch.items.append(replace(news, late=True))
        batch.told.add(ref)

    async def _try_held(self, batch: Batch) -> None:
        for ref, held in self._held:
            if ref in batch.released:
                continue
            clear = self._client.decrypted(held.event, held.room)
            due = self._held.is_due(ref, self._now())
            if clear is None and not due:
                continue
            try:
                place = await self._place(held.room, [held.event])
                if clear is not None:
                    await self._take(clear, place, batch, late=held.told)
                    batch.released.add(ref)
                else:
                    self._tell(ref, held.event, place, batch)
            except LoginGone:
                raise
            except TryLater as later:  # the others must not wait for this room
                log.warning("held_waits", message=ref, room=held.room, why=later.why)
                self._held.put_off(ref, self._now())


def is_member_event(event: JsonDict) -> bool:
    """Tell whether an event is about somebody's membership."""
    return event.get("type") == "m.room.member" and "state_key" in event


def membership_of(event: JsonDict) -> object:
    """Return what a membership event makes of somebody; None for all others."""
    return as_dict(event.get("content")).get("membership") if is_member_event(event) else None
