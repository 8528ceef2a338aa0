"""A sync's answer → what happened, as Incoming: gaps filled, words decrypted, edits checked, members asked.

Rule: reading has no effect that a second reading of the same sync would not have, because a batch counts only once it
is committed; what follows from that is in `committed`.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import structlog

from helpbot.transports.base import Incoming, Kind
from helpbot.transports.matrix_crypto import GuardedClient
from helpbot.transports.matrix_events import (
    Place,
    incoming,
    is_user_id,
    moment,
    reference,
    shown_name,
    undecryptable,
    words,
)
from helpbot.transports.matrix_held import Held
from helpbot.transports.matrix_http import JsonDict, Refused, as_dict, dicts, path
from helpbot.transports.matrix_rooms import DOOR, Rooms, invite_state

log = structlog.get_logger(__name__)

_SENDERS_KEPT = 10_000
_GAP_LIMIT = 10_000  # events of one room between two syncs


@dataclass(slots=True)
class Batch:
    """What one sync brought, and what is to be remembered once the desk has it."""

    items: list[Incoming] = field(default_factory=list)
    arrived: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    decrypted: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)

    def taken(self) -> list[Incoming]:
        """Take out what was read so far."""
        items, self.items = self.items, []
        return items


def in_order(rooms: Sequence[Sequence[Incoming]]) -> list[Incoming]:
    """Return what happened in all rooms as it happened, each room's own order kept.

    A desk that reads a day again at once, after a backup was restored, so decides it in the order of that day.
    """

    def dated(items: Sequence[Incoming], room: int) -> Iterator[tuple[datetime, int, Incoming]]:
        latest = datetime.min.replace(tzinfo=UTC)
        for item in items:
            latest = max(latest, item.at)
            yield latest, room, item

    streams = [dated(items, room) for room, items in enumerate(rooms)]
    return [item for _, _, item in heapq.merge(*streams, key=lambda dated: dated[:2])]


class Inbox:
    """Reads syncs for one account."""

    def __init__(self, client: GuardedClient, rooms: Rooms, held: Held, now: Callable[[], datetime]) -> None:
        self._client = client
        self._rooms = rooms
        self._held = held
        self._now = now
        self._me = str(client.user)
        self._senders: OrderedDict[str, tuple[str, str]] = OrderedDict()  # event → room, sender

    async def read(self, answer: JsonDict, since: str | None) -> Batch:
        """Return what happened since; raises TryLater when the server cannot be asked for what is missing."""
        batch = Batch()
        await self._client.take_key_news(answer)
        self.read_invitations(answer)
        rooms = as_dict(answer.get("rooms"))
        found: list[list[Incoming]] = []
        for room, info in as_dict(rooms.get("join")).items():
            await self._read_joined(room, as_dict(info), since, batch)
            found.append(batch.taken())
        for room, info in as_dict(rooms.get("leave")).items():
            await self._read_left(room, as_dict(info), since, batch)
            found.append(batch.taken())
        batch.items += in_order(found)
        await self._try_held(batch)
        await self._held.save()
        return batch

    def read_invitations(self, answer: JsonDict) -> None:
        """See to the rooms that the bot is invited to."""
        for room, info in as_dict(as_dict(answer.get("rooms")).get("invite")).items():
            self._rooms.invited(room, invite_state(info))

    async def read_unknown(self, *, words_too: bool) -> Batch:
        """Return the arrivals in joined rooms that the desk does not know, as after a crash between join and commit."""
        batch = Batch()
        for room in await self._rooms.joined():
            if self._rooms.team(room) is None and room not in self._rooms.known:
                await self._arrive(room, [], None, batch, words_too=words_too)
        await self._held.save()
        return batch

    async def committed(self, batch: Batch) -> None:
        """Remember what the desk has now."""
        for room in batch.arrived:
            self._rooms.arrived(room)
        for room in batch.left:
            self._rooms.left(room)
        self._held.settle(batch.decrypted, batch.told, self._now())
        await self._held.save()

    # --- rooms

    async def _read_joined(self, room: str, info: JsonDict, since: str | None, batch: Batch) -> None:
        timeline = as_dict(info.get("timeline"))
        state, events = dicts(as_dict(info.get("state")).get("events")), dicts(timeline.get("events"))
        await self._note_changes(room, [*state, *events])
        before = timeline.get("prev_batch")
        before = before if isinstance(before, str) else None
        team = self._rooms.team(room)
        came_in = any(self._is_own_join(event) for event in [*state, *events])
        if team is None and (came_in or room not in self._rooms.known):
            await self._arrive(room, events, before, batch)
            return
        if timeline.get("limited") is True and since is not None:
            events = await self._before(room, before, since, self._is_own_join) + events
        if team is not None:
            joined = [place for place, event in enumerate(events) if self._is_own_join(event)]
            events = events[joined[-1] + 1 :] if joined else events  # what was said before is not for the bot
        await self._read_events(room, events, batch)

    async def _read_left(self, room: str, info: JsonDict, since: str | None, batch: Batch) -> None:
        if room in self._rooms.known:
            timeline = as_dict(info.get("timeline"))
            events = dicts(timeline.get("events"))
            if timeline.get("limited") is True and since is not None:
                before = timeline.get("prev_batch")
                events = await self._before(room, before if isinstance(before, str) else None, since) + events
            out = next((event for event in reversed(events) if self._is_own_member_event(event)), {})
            await self._read_events(room, events, batch)
            by, ref = out.get("sender"), reference(out.get("event_id"))
            by = str(by) if is_user_id(by) else self._me
            gone = Incoming(ref or f"left:{room}:{since}", Kind.REMOVED, room, by, shown_name("", by), self._now())
            batch.items.append(gone)
        batch.left.add(room)

    async def _arrive(
        self, room: str, events: list[JsonDict], before: str | None, batch: Batch, *, words_too: bool = True
    ) -> None:
        """Hand in a new customer, then what she wrote between her invitation and the bot's coming."""
        arrival = await self._rooms.arrival(room)
        if arrival is None:
            return
        ref = f"arrived:{room}" + (f":{arrival.event}" if arrival.event else "")
        name = shown_name(arrival.name, arrival.customer)
        at = moment(arrival.at, self._now())
        batch.items.append(Incoming(ref, Kind.ARRIVED, room, arrival.customer, name, at))
        batch.arrived.add(room)
        if not words_too:
            return
        if not any(self._is_own_invite(event) for event in events):
            events = await self._before(room, before, None, self._is_own_invite) + events
        invited = [place for place, event in enumerate(events) if self._is_own_invite(event)]
        await self._read_events(room, events[invited[-1] + 1 :] if invited else events, batch)

    async def _before(
        self, room: str, start: str | None, end: str | None, stop: Callable[[JsonDict], bool] = lambda event: False
    ) -> list[JsonDict]:
        """Return the room's events before a point, oldest first, back to `end` or to an event where to stop."""
        found: list[JsonDict] = []
        while len(found) < _GAP_LIMIT:
            try:
                events, start = await self._client.page_back(room, start, end)
            except Refused:  # the bot may not look further back
                break
            for event in events:
                found.append(event)
                if stop(event):
                    return found[::-1]
            if start is None:
                break
        else:
            log.error("gap_too_long", room=room, events=len(found), hint="what is older was not read")
        return found[::-1]

    async def _note_changes(self, room: str, events: Sequence[JsonDict]) -> None:
        for event in events:
            if event.get("type") == "m.room.encryption" and event.get("state_key") == "":
                await self._rooms.note_encrypted(room)
        if any(event.get("type") in DOOR and "state_key" in event for event in events):
            self._rooms.door_changed(room)
        if any(_is_member_event(event) for event in events):
            self._rooms.members_changed(room)

    # --- events

    async def _read_events(self, room: str, events: Sequence[JsonDict], batch: Batch) -> None:
        if not events:
            return
        place = await self._place(room, events)
        has_come = place.team is None and room not in self._rooms.known  # who is there has just been looked at
        for event in events:
            await asyncio.sleep(0)  # decrypting takes time: others get their turn
            if _is_member_event(event):
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
        return Place(room, self._me, self._now(), team, people, exposed)

    async def _read_member_event(self, event: JsonDict, place: Place, batch: Batch) -> None:
        """Tell who came and who went; in a customer's room also whether she is alone with the bot now."""
        ref, who = reference(event.get("event_id")), event.get("state_key")
        if ref is None or not is_user_id(who) or who == self._me:
            return
        before = as_dict(as_dict(event.get("unsigned")).get("prev_content")).get("membership")
        came = _membership(event) == "join" and before != "join"
        went = _membership(event) in ("leave", "ban") and before == "join"
        if not went and not (came and place.team is None):
            return
        named = place.people.get(str(who)) or words(as_dict(event.get("content")).get("displayname"))
        name = shown_name(named, str(who))
        kind = Kind.ARRIVED if came else Kind.LEFT
        at = moment(event.get("origin_server_ts"), place.now)
        news = Incoming(ref, kind, place.room, str(who), name, at, team=place.team)
        batch.items.append(news)
        if place.team is None:
            try:
                people = await self._rooms.people(place.room, now=False)
            except Refused:  # the bot is out already
                return
            company = Kind.CROWDED if len(people.keys() - {self._me}) > 1 else Kind.ALONE
            batch.items.append(replace(news, id=f"{ref}:{company}", kind=company))

    async def _read_event(self, event: JsonDict, place: Place, batch: Batch) -> None:
        ref, sender = reference(event.get("event_id")), event.get("sender")
        if ref is None or not is_user_id(sender) or sender == self._me or "state_key" in event:
            return
        self._remember(ref, place.room, str(sender))
        clear: JsonDict | None = event
        if event.get("type") == "m.room.encrypted":
            if "redacted_because" in as_dict(event.get("unsigned")):
                return
            clear = self._client.decrypted(event, place.room)
        if clear is None:
            self._hold(ref, event, place, batch)
        else:
            await self._take(clear, place, batch)

    async def _take(self, event: JsonDict, place: Place, batch: Batch) -> None:
        said = incoming(event, place)
        if said is not None and (said.edits is None or await self._is_her_own(said)):
            batch.items.append(said)

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
        news = undecryptable(event, place) if place.team is None else None
        if news is not None:
            batch.items.append(news)
        batch.told.add(ref)

    async def _try_held(self, batch: Batch) -> None:
        for ref, held in self._held:
            clear = self._client.decrypted(held.event, held.room)
            due = self._held.is_due(held, self._now())
            if clear is None and not due:
                continue
            place = await self._place(held.room, [held.event])
            if clear is not None:
                await self._take(clear, place, batch)
                batch.decrypted.add(ref)
            else:
                self._tell(ref, held.event, place, batch)

    # --- the bot's own membership

    def _is_own_member_event(self, event: JsonDict) -> bool:
        return _is_member_event(event) and event.get("state_key") == self._me

    def _is_own_invite(self, event: JsonDict) -> bool:
        return self._is_own_member_event(event) and _membership(event) == "invite"

    def _is_own_join(self, event: JsonDict) -> bool:
        before = as_dict(as_dict(event.get("unsigned")).get("prev_content")).get("membership")
        return self._is_own_member_event(event) and _membership(event) == "join" and before != "join"


def _is_member_event(event: JsonDict) -> bool:
    return event.get("type") == "m.room.member" and "state_key" in event


def _membership(event: JsonDict) -> object:
    return as_dict(event.get("content")).get("membership") if _is_member_event(event) else None
