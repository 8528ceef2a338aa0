"""A sync's answer → what happened, as Incoming: gaps filled, words decrypted, edits checked, members asked.

Rule: reading has no effect that a second reading of the same sync would not have, because a batch counts only once it
is committed; what follows from that is in `committed`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise

import structlog

from helpbot.transports.base import Incoming, Kind, TryLater
from helpbot.transports.matrix_aside import Failure, Unread
from helpbot.transports.matrix_batch import Batch, in_order
from helpbot.transports.matrix_crypto import GuardedClient
from helpbot.transports.matrix_desks import DOOR
from helpbot.transports.matrix_events import is_user_id, moment, reference, shown_name
from helpbot.transports.matrix_held import Held
from helpbot.transports.matrix_http import JsonDict, LoginGone, Refused, as_dict, dicts
from helpbot.transports.matrix_rooms import Move, Rooms, invitations
from helpbot.transports.matrix_upgrades import TOMBSTONE
from helpbot.transports.matrix_words import Words, is_member_event, membership_of

log = structlog.get_logger(__name__)

_GAP_LIMIT = 10_000  # events of one room between two syncs
_ONE_ROOM = 30.0  # seconds that one room may hold a sync up
_ASIDE = "rooms set aside"
_UPGRADED = "rooms upgraded"
_BY_HER = {Kind.ARRIVED, Kind.SAID}


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a sync tells of one room; `gone` when the bot is out of it, not `words_too` when only she herself is new."""

    room: str
    info: JsonDict = field(default_factory=dict)
    gone: bool = False
    words_too: bool = True


class Inbox(Words):
    """Reads syncs for one account."""

    def __init__(self, client: GuardedClient, rooms: Rooms, held: Held, now: Callable[[], datetime]) -> None:
        super().__init__(client, rooms, held, now)
        self._aside = rooms.aside
        self._commit: Callable[[Batch], Awaitable[None]] | None = None
        rooms.upgrades.news = self._replacing

    async def read(self, answer: JsonDict, since: str | None) -> Batch:
        """Return what happened since; raises TryLater when the server cannot be asked for what is missing.

        A room of which it cannot be asked again and again is set aside, and read later.
        """
        batch = Batch()
        await self._client.take_key_news(answer)
        self.read_invitations(answer)
        rooms = as_dict(answer.get("rooms"))
        readings = [_Reading(room, as_dict(info)) for room, info in as_dict(rooms.get("join")).items()]
        readings += [_Reading(room, as_dict(info), gone=True) for room, info in as_dict(rooms.get("leave")).items()]
        await self._read_rooms(readings, since, batch)
        await self._try_held(batch)
        await self._held.save()
        return batch

    def read_invitations(self, answer: JsonDict) -> None:
        """See to the rooms that the bot is invited to."""
        for room, state in invitations(answer).items():
            self._rooms.invited(room, state)

    async def read_unknown(self, since: str, *, words_too: bool) -> Batch:
        """Return the arrivals in joined rooms that the desk does not know, as after a crash between join and commit."""
        batch = Batch()
        readings = [
            _Reading(room, words_too=words_too)
            for room in await self._rooms.joined()
            if not self._is_shared(room) and room not in self._rooms.known and room not in self._aside
        ]
        await self._read_rooms(readings, since, batch)
        await self._held.save()
        return batch

    async def committed(self, batch: Batch) -> None:
        """Remember what the desk has now."""
        for room in batch.arrived:
            self._rooms.arrived(room)
        for room in batch.left:
            self._rooms.left(room)
        for item in batch.items:
            if item.team is None and item.public is None and item.kind in _BY_HER:
                self._rooms.zones.want(item.room, item.sender)
        self._held.settle(batch.released, batch.told, self._now())
        await self._held.save()

    # --- rooms

    async def _read_rooms(self, readings: Sequence[_Reading], since: str | None, batch: Batch) -> None:
        """Read each room; raises what kept one from being read, unless that was so often that it is set aside."""
        found: list[list[Incoming]] = []
        fault: TryLater | Refused | None = None
        for reading in readings:
            if reading.room in self._aside:
                await self._pass_over(reading)
                continue
            one = Batch()
            failed = await self._failure(reading, since, one)
            if failed is None:
                self._aside.worked(reading.room)
                found.append(one.items)
                batch.add(one)
            elif not self._aside.failed(reading.room, Unread(since or "", reading.gone, reading.words_too), failed):
                fault = fault or failed.error
        if fault is not None:
            raise fault
        await self._aside.save()
        batch.items += in_order(found)

    async def _failure(self, reading: _Reading, since: str | None, batch: Batch) -> Failure | None:
        try:
            async with asyncio.timeout(_ONE_ROOM):
                await self._read_room(reading, since, batch)
        except LoginGone:
            raise
        except (TryLater, Refused) as error:
            return Failure(error)
        except TimeoutError:
            return Failure(TryLater("the homeserver takes too long over this room"), at_once=True)
        return None

    async def _read_room(self, reading: _Reading, since: str | None, batch: Batch) -> None:
        if reading.gone:
            await self._read_left(reading.room, reading.info, since, batch)
        elif reading.words_too:
            await self._read_joined(reading.room, reading.info, since, batch)
        else:
            await self._arrive(reading.room, [], None, batch, words_too=False)

    async def _pass_over(self, reading: _Reading) -> None:
        state = dicts(as_dict(reading.info.get("state")).get("events"))
        await self._note_changes(reading.room, [*state, *dicts(as_dict(reading.info.get("timeline")).get("events"))])
        self._aside.pass_over(reading.room, gone=reading.gone)

    async def _read_joined(self, room: str, info: JsonDict, since: str | None, batch: Batch) -> None:
        timeline = as_dict(info.get("timeline"))
        state, events = dicts(as_dict(info.get("state")).get("events")), dicts(timeline.get("events"))
        await self._note_changes(room, [*state, *events])
        before = timeline.get("prev_batch")
        before = before if isinstance(before, str) else None
        shared = self._is_shared(room)
        came_in = any(self._is_own_join(event) for event in [*state, *events])
        if not shared and (came_in or room not in self._rooms.known):
            await self._arrive(room, events, before, batch)
            return
        if timeline.get("limited") is True and since is not None:
            events = await self._before(room, before, since, self._is_own_join) + events
        if shared:
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
        """Hand in a new customer, or one who goes on here, then what she wrote before the bot came."""
        move = await self._rooms.move(room)
        if move is not None:
            self._moved(move, batch)
            if move.why:
                return
            words_too = True  # she is not new, so what she wrote here is not old
        else:
            arrival = await self._rooms.arrival(room)
            if arrival is None:
                return
            ref = f"arrived:{room}" + (f":{arrival.event}" if arrival.event else "")
            name = shown_name(arrival.name, arrival.customer)
            at = moment(arrival.at, self._now())
            batch.items.append(Incoming(ref, Kind.ARRIVED, room, arrival.customer, name, at))
            if arrival.event:  # she may not have been alone with the bot when it went
                batch.items.append(Incoming(f"{ref}:{Kind.ALONE}", Kind.ALONE, room, arrival.customer, name, at))
        batch.arrived.add(room)
        if not words_too:
            return
        if not any(self._is_own_invite(event) for event in events):
            events = await self._before(room, before, None, self._is_own_invite) + events
        invited = [place for place, event in enumerate(events) if self._is_own_invite(event)]
        await self._read_events(room, events[invited[-1] + 1 :] if invited else events, batch)

    def _moved(self, move: Move, batch: Batch) -> None:
        """Hand in each step of a move, or why she cannot be reached where her room leads."""
        name, old, new = shown_name(move.name, move.customer), move.chain[0], move.chain[-1]
        if move.why:
            news = Incoming(f"replaced:{old}:{new}:{move.why}", Kind.REPLACED, old, move.customer, name, self._now())
            batch.items.append(replace(news, symbol=move.why))
            return
        for one, after in pairwise(move.chain):
            step = Incoming(f"moved:{one}:{after}", Kind.MOVED, one, move.customer, name, self._now(), target=after)
            batch.items.append(step)

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
        if any(event.get("type") == TOMBSTONE and event.get("state_key") == "" for event in events):
            await self._rooms.replaced(room)
        if any(event.get("type") in DOOR and "state_key" in event for event in events):
            self._rooms.door_changed(room)
        if any(is_member_event(event) for event in events):
            self._rooms.members_changed(room)

    # --- rooms that were set aside

    def look_again(self, commit: Callable[[Batch], Awaitable[None]]) -> None:
        """See to it that the rooms which were set aside are read beside the syncs, each when it is time for it."""
        wait = self._aside.next_due()
        if wait is not None:
            self._rooms.chores.add(_ASIDE, lambda: self._look_again(commit), wait)
        self._commit = commit
        self._look_for_upgrades()

    def _look_for_upgrades(self) -> None:
        """See to it that the desk hears of rooms that were upgraded, soon when the bot went on there already."""
        untold, commit = self._rooms.upgrades.untold(), self._commit
        if commit is not None and untold and _UPGRADED not in self._rooms.chores:
            patience = self._rooms.upgrades.patience
            soon = any(link.followed for link in untold.values())
            self._rooms.chores.add(_UPGRADED, lambda: self._tell_upgrades(commit), 0.0 if soon else patience)

    def _replacing(self, room: str) -> None:
        """See to it that a room is looked at which replaces another, for the bot may be in it already."""
        commit = self._commit

        async def look() -> None:
            batch = Batch()
            if self._rooms.team(room) is not None or room not in await self._rooms.joined():
                return
            if room in self._rooms.known:  # then it replaces none, or too late, but it may say that it does not
                await self._rooms.move(room)
                return
            await self._arrive(room, [], None, batch)
            await self._held.save()
            if commit is not None and batch.items:
                await commit(batch)

        if commit is not None:
            self._rooms.chores.add(f"{_UPGRADED}: {room}", look, 0.1)
            self._rooms.chores.drop(_UPGRADED)
            self._look_for_upgrades()

    async def _tell_upgrades(self, commit: Callable[[Batch], Awaitable[None]]) -> None:
        """Hand in which teams moved, and which customers' rooms were replaced by one that is still out of reach."""
        untold, batch = self._rooms.upgrades.untold(), Batch()
        untold = {room: link for room, link in untold.items() if link.followed} or untold
        for room, link in untold.items():
            if link.team is not None:
                news = Incoming(f"moved:{room}:{link.to}", Kind.MOVED, link.to, self._me, "", self._now())
                batch.items.append(replace(news, team=link.team, target=link.to))
            else:
                news = Incoming(f"replaced:{room}:{link.to}", Kind.REPLACED, room, self._me, "", self._now())
                batch.items.append(replace(news, symbol="upgrade_waits"))
        await commit(batch)
        for room in untold:
            await self._rooms.upgrades.told(room)

    async def _look_again(self, commit: Callable[[Batch], Awaitable[None]]) -> None:
        for room in self._aside.due():
            batch, passed = Batch(), self._aside[room].passed
            try:
                await self._read_aside(room, self._aside[room], batch)
                await self._held.save()
                await commit(batch)
                await self._aside.forget(room, passed)
            except (TryLater, Refused) as failed:
                self._aside.put_off(room, failed.why)
        self.look_again(commit)

    async def _read_aside(self, room: str, unread: Unread, batch: Batch) -> None:
        """Hand in all of a room since it could not be read any more."""
        since = unread.since or None
        if unread.gone:
            await self._read_left(room, {"timeline": {"limited": True}}, since, batch)
            return
        shared, known = self._is_shared(room), room in self._rooms.known
        if not shared and not known and unread.words_too:
            await self._arrive(room, [], None, batch)
            return
        events = await self._before(room, None, since)
        await self._note_changes(room, events)
        came = [place for place, event in enumerate(events) if self._is_own_invite(event) or self._is_own_join(event)]
        if shared:
            events = events[came[-1] + 1 :] if came else events
        elif not known:
            await self._arrive(room, [], None, batch, words_too=False)
        elif came:
            invited = [place for place in came if self._is_own_invite(events[place])]
            back = (invited or came)[-1]
            await self._read_events(room, events[:back], batch)
            await self._arrive(room, events[back:], None, batch)
            return
        await self._read_events(room, events, batch)

    def _is_shared(self, room: str) -> bool:
        """Tell whether this is a room of agents or a help room, and so no customer's."""
        return self._rooms.team(room) is not None or room in self._rooms.help

    # --- the bot's own membership

    def _is_own_member_event(self, event: JsonDict) -> bool:
        return is_member_event(event) and event.get("state_key") == self._me

    def _is_own_invite(self, event: JsonDict) -> bool:
        return self._is_own_member_event(event) and membership_of(event) == "invite"

    def _is_own_join(self, event: JsonDict) -> bool:
        before = as_dict(as_dict(event.get("unsigned")).get("prev_content")).get("membership")
        return self._is_own_member_event(event) and membership_of(event) == "join" and before != "join"
