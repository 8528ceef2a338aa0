"""The bot's own messages on Discord: sent once, found again, changed and taken back.

Rule: a message is begun in the journal before it is sent, and found there and in its channel before it is sent again.
"""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from typing import Any, BinaryIO

import discord
import structlog

from helpbot.core.effects import Content
from helpbot.core.model import Attachment
from helpbot.transports.base import Address, Fetched, TryLater, Undeliverable
from helpbot.transports.discord_buttons import under_card, under_words
from helpbot.transports.discord_content import Shown, render
from helpbot.transports.discord_desks import Desks
from helpbot.transports.discord_faults import (
    ARCHIVED,
    UNKNOWN_CHANNEL,
    UNKNOWN_EMOJI,
    UNKNOWN_MESSAGE,
    Breaker,
    Refusal,
    asked,
)
from helpbot.transports.discord_journal import Journal, Sent, digest_of, nonce_of
from helpbot.transports.discord_refs import Spot, mark_of, mark_ref, now, snowflake, spot
from helpbot.transports.markup import picture_in, picture_name
from helpbot.transports.matrix_files import attachment_in, beside_file

log = structlog.get_logger(__name__)

_LOOKED_BACK = 200  # messages of a channel in which one is looked for that nobody answered for
_DOUBT = 120  # seconds by which our clock and Discord's may differ, and more


class Sender:
    """Sends as one client, while it is connected."""

    def __init__(self, client: discord.Client, breaker: Breaker, journal: Journal, desks: Desks) -> None:
        self._client = client
        self._breaker = breaker
        self._journal = journal
        self._places = desks.places
        self._desks = desks
        self._language = desks.language  # the agents', and of customers who have none yet

    # --- sending

    async def send(
        self, address: Address, content: Content, key: str, *, answers: str | None, file: Fetched | None
    ) -> str:
        """See Transport."""
        await self._desks.check(address.room)
        try:
            return await self._whole(address, content, key, answers, file)
        except Refusal as refusal:
            if refusal.whole_room or file is None:
                raise
            log.warning("file_refused", room=address.room, key=key, why=refusal.why)
        return await self._whole(address, content, key, answers, None)  # its name goes in words

    async def _whole(
        self, address: Address, content: Content, key: str, answers: str | None, file: Fetched | None
    ) -> str:
        files = _files(content, file)
        shown = render(content if file is None else beside_file(content))
        sent = (await self._journal.of(address.room)).get(key)
        if sent is not None and sent.ref is not None:
            return sent.ref
        last = len(shown.parts) - 1
        digests = tuple(digest_of(part, len(files) * (place == last)) for place, part in enumerate(shown.parts))
        if sent is not None:
            sent = await self._found(address.room, sent)
            if sent.digests != digests and sent.ids:  # it was corrected while nobody knew that it had gone out
                return await self._corrected(address, sent, content)
        if sent is None or sent.digests != digests:
            channel = await self._channel(address, answers)
            sent = Sent(key, digests, channel, await self._last_in(address.room))
            await self._journal.begin(address.room, sent)
        return await self._carry(address, sent, shown, files, answers)

    async def _corrected(self, address: Address, sent: Sent, content: Content) -> str:
        """Show what a message says now that was found to have gone out, with other words."""
        ref = str(Spot(sent.channel or sent.ids[0], sent.ids[0]))
        await self._journal.note(address.room, replace(sent, ref=ref))
        await self.edit(address, ref, content, sent.key)
        return ref

    async def _carry(
        self, address: Address, sent: Sent, shown: Shown, files: list[discord.File], answers: str | None
    ) -> str:
        """Send those parts of a message that are not there yet."""
        for place in range(len(sent.ids), len(shown.parts)):
            last = place == len(shown.parts) - 1
            more: dict[str, Any] = {"content": shown.parts[place] or None}
            if place == 0:
                more["allowed_mentions"] = _pings(shown)
            if last:
                view = self._view(address)
                more |= {} if view is None else {"view": view}
                more |= {"files": files} if files else {}
            sent = await self._put(address, sent, place, more, answers if place == 0 else None)
        root = sent.ids[0]
        done = Sent(sent.key, sent.digests, sent.channel, sent.after, sent.ids, str(Spot(sent.channel or root, root)))
        await self._journal.note(address.room, done)
        return str(done.ref)

    async def _put(self, address: Address, sent: Sent, place: int, more: dict[str, Any], answers: str | None) -> Sent:
        if sent.channel is None:  # its first part makes the post, the others go there
            post = await self._desks.post(address, more)
            sent = Sent(sent.key, sent.digests, post, sent.after, (post,))
            await self._journal.begin(address.room, sent)
            return sent
        reference = _reference(answers, sent.channel)
        if reference is not None:
            more["reference"] = reference
        message = await self._send(sent.channel, {**more, "nonce": nonce_of(sent.key, place)}, address)
        sent = Sent(sent.key, sent.digests, sent.channel, sent.after, (*sent.ids, message.id))
        await self._journal.note(address.room, sent)
        return sent

    async def _send(self, channel: int, more: dict[str, Any], address: Address) -> discord.Message:
        """Send to a channel; wakes an archived thread, and makes the one of a card that stands in a text channel."""
        there = self._client.get_partial_messageable(channel)
        try:
            return await asked(self._breaker, there.send(suppress_embeds=True, **more))
        except Refusal as refusal:
            for one in more.get("files", []):
                one.reset()
            if refusal.code == ARCHIVED:
                await self._wake(channel)
            elif refusal.code == UNKNOWN_CHANNEL and address.thread is not None:
                if not await self._desks.make_thread(address):
                    raise Refusal(refusal.why, refusal.code) from None  # this ticket's thread, and no other's
            else:
                raise
        return await asked(self._breaker, there.send(suppress_embeds=True, **more))

    async def _wake(self, thread: int) -> None:
        await asked(self._breaker, self._client.http.edit_channel(thread, archived=False))

    async def _channel(self, address: Address, answers: str | None) -> int | None:
        """Return where the message goes; None for a new post of a forum."""
        if address.thread is not None:
            root = spot(address.thread)
            if root is None:
                raise Undeliverable("there is no such thread")
            await self._check_place(address.room, root.channel)
            return root.message
        if not self._desks.is_forum(address.room):
            return int(address.room)
        asked_in = None if answers is None else spot(answers)
        if asked_in is None:
            return None
        place = await asked(self._breaker, self._places.of(self._client, discord.Object(asked_in.channel)))
        return asked_in.channel if place is not None and place.room == address.room else None

    async def _check_place(self, room: str, channel: int) -> None:
        """Raise Refusal for a channel that is no part of a team's room: it sat elsewhere when the card was made."""
        if self._places.seat(room) is None or channel == int(room):
            return
        try:
            place = await asked(self._breaker, self._places.of(self._client, discord.Object(channel)))
        except Refusal as refusal:
            raise Refusal(refusal.why, refusal.code) from None  # this ticket's thread, and no other's
        if place is None or place.room != room:
            raise Refusal("this thread is not in the team's channel", 0)

    def _view(self, address: Address) -> discord.ui.View | None:
        about = address.about
        if self._places.seat(address.room) is None:
            return under_words(about, about.language or self._language if about is not None else self._language)
        return None if about is None or address.thread is not None else under_card(about, self._language)

    # --- finding again

    async def sent_since(self, address: Address) -> dict[str, str]:
        """Return what the bot has sent into the room and its threads, by key."""
        known = await self._journal.of(address.room)
        for sent in [one for one in known.values() if one.ref is None]:
            found = await self._found(address.room, sent)
            if len(found.ids) == len(found.digests):
                ref = str(Spot(found.channel or found.ids[0], found.ids[0]))
                found = Sent(found.key, found.digests, found.channel, found.after, found.ids, ref)
            await self._journal.note(address.room, found)
        return {one.key: one.ref for one in known.values() if one.ref is not None} | self._journal.changes(address.room)

    async def _found(self, room: str, sent: Sent) -> Sent:
        """Return a message of which nobody knows whether it was sent, with those of its parts that are there."""
        known = await self._journal.of(room)
        taken = {one for other in known.values() if other.key != sent.key for one in other.ids}
        ids, channel = list(sent.ids), sent.channel
        if channel is None:
            channel = await self._desks.posted(room, sent.digests[0], sent.after, taken)
            if channel is None:
                return sent
            ids = [channel]
        after = discord.Object(max([sent.after, *ids]))
        for message in await self._own_after(channel, after):
            missing = sent.digests[len(ids) :]
            free = message.id not in taken and message.id not in ids
            if missing and free and digest_of(message.content, len(message.attachments)) == missing[0]:
                ids.append(message.id)
        return Sent(sent.key, sent.digests, channel, sent.after, tuple(ids))

    async def _own_after(self, channel: int, after: discord.Object) -> list[discord.Message]:
        there = self._client.get_partial_messageable(channel)
        me = self._client.user

        async def read() -> list[discord.Message]:
            return [one async for one in there.history(limit=_LOOKED_BACK, after=after, oldest_first=True)]

        try:
            return [one for one in await asked(self._breaker, read()) if me is not None and one.author.id == me.id]
        except Refusal:  # the channel is gone, and what was in it
            return []

    async def _last_in(self, room: str) -> int:
        ids = [one for sent in (await self._journal.of(room)).values() for one in sent.ids]
        return max([*ids[-1:], snowflake(now()) - (_DOUBT * 1000 << 22)])

    # --- changing

    async def edit(self, address: Address, ref: str, content: Content, key: str) -> str:
        """See Transport."""
        await self._desks.check(address.room)
        place = _there(ref)
        await self._check_place(address.room, place.channel)
        ids = list(await self._journal.parts(ref) or (place.message,))
        beside = attachment_in(content) is not None and await self._bears_file(place.channel, ids[-1])
        shown = render(beside_file(content) if beside else content)
        changes: list[dict[str, Any]] = [{"content": part or None} for part in shown.parts]
        if self._places.seat(address.room) is not None and address.about is not None and address.thread is None:
            changes[-1]["view"] = under_card(address.about, self._language)
        if beside and len(changes) < len(ids):  # the last one stays for its file
            between = ids[len(changes) : -1]
            changes.append({"content": None})
            ids = [*ids[: len(changes) - 1], ids[-1], *between]
        for number, change in zip(ids, changes, strict=False):
            await self._on(place.channel, lambda m, c=change: m.edit(**c, allowed_mentions=_NOBODY), number)
        for number in ids[len(changes) :]:
            await self._gone(place.channel, number)
        if len(changes) > len(ids):  # it has grown: the rest comes last
            await self._grow(address, ref, key, ids, changes[len(ids) :])
        elif len(ids) > 1:
            await self._journal.keep_parts(ref, ids[: len(changes)])
        if address.about is not None and place.channel == place.message:
            await self._desks.tag(address, place.channel, address.about)
        return self._journal.changed(address.room, key, str(Spot(place.channel, place.message, f"e{key[:20]}")))

    async def _bears_file(self, channel: int, message: int) -> bool:
        there = self._client.get_partial_messageable(channel)
        return bool((await asked(self._breaker, there.fetch_message(message))).attachments)

    async def _grow(self, address: Address, ref: str, key: str, ids: list[int], more: list[dict[str, Any]]) -> None:
        """Send what a message has grown by, unless it is there already."""
        channel, known = _there(ref).channel, await self._journal.of(address.room)
        taken = {*ids, *(one for sent in known.values() for one in sent.ids)}
        own = {one.id: digest_of(one.content) for one in await self._own_after(channel, discord.Object(ids[-1]))}
        for change in more:
            digest = digest_of(change["content"] or "")
            there = next((one for one in own if one not in taken and own[one] == digest), None)
            if there is None:
                change |= {"allowed_mentions": _NOBODY, "nonce": nonce_of(key, len(ids))}
                there = (await self._send(channel, change, address)).id
            taken.add(there)
            ids.append(there)
            await self._journal.keep_parts(ref, ids)

    async def react(self, address: Address, ref: str, symbol: str, key: str) -> str:
        """See Transport."""
        place, me = _there(ref), self._client.user
        if me is None:
            raise TryLater("not connected to Discord", doubtful=False)
        await self._on(place.channel, lambda message: message.add_reaction(symbol), place.message)
        return self._journal.changed(address.room, key, mark_ref(place.channel, place.message, me.id, symbol))

    async def redact(self, address: Address, ref: str, key: str) -> str:
        """See Transport."""
        place, me = spot(ref), self._client.user
        if place is None or me is None:
            return ""
        mark = mark_of(place)
        if mark is not None and place.rest:
            await self._gone(place.channel, place.message, lambda m: m.remove_reaction(mark[1], discord.Object(me.id)))
        else:
            parts = await self._journal.parts(ref)
            if not parts and not await self._is_own(place):
                raise Undeliverable("only what the bot itself sent is taken back")
            for number in parts or (place.message,):
                await self._gone(place.channel, number)
        return self._journal.changed(address.room, key, f"{ref}-gone")

    async def _is_own(self, place: Spot) -> bool:
        """Tell whether a message is the bot's, or not there."""
        there = self._client.get_partial_messageable(place.channel)
        try:
            message = await asked(self._breaker, there.fetch_message(place.message))
        except Refusal as refusal:
            if refusal.code in {UNKNOWN_CHANNEL, UNKNOWN_MESSAGE}:
                return True
            raise
        return self._client.user is not None and message.author.id == self._client.user.id

    async def _gone(self, channel: int, message: int, do: Any = discord.PartialMessage.delete) -> None:
        """See to it that a message, or what `do` takes off it, is gone."""
        try:
            await self._on(channel, do, message)
        except Refusal as refusal:
            if refusal.code not in {UNKNOWN_CHANNEL, UNKNOWN_MESSAGE, UNKNOWN_EMOJI}:
                raise

    async def _on(self, channel: int, do: Any, message: int) -> None:
        """Do something with a message, and wake its thread if that sleeps."""
        one = self._client.get_partial_messageable(channel).get_partial_message(message)
        try:
            await asked(self._breaker, do(one))
        except Refusal as refusal:
            if refusal.code != ARCHIVED:
                raise
            await self._wake(channel)
            await asked(self._breaker, do(one))


_NOBODY = discord.AllowedMentions.none()


def _pings(shown: Shown) -> discord.AllowedMentions:
    people = [discord.Object(one) for one in shown.people]
    return discord.AllowedMentions(
        everyone=False, users=people, roles=[discord.Object(one) for one in shown.roles], replied_user=False
    )


def _there(ref: str) -> Spot:
    place = spot(ref)
    if place is None:
        raise Undeliverable("there is no such message")
    return place


def _reference(answers: str | None, channel: int) -> discord.MessageReference | None:
    place = None if answers is None else spot(answers)
    if place is None or place.channel != channel:
        return None
    return discord.MessageReference(message_id=place.message, channel_id=channel, fail_if_not_exists=False)


def _files(content: Content, file: Fetched | None) -> list[discord.File]:
    """Return what is shown beside the words."""
    picture = picture_in(content)
    if file is not None:
        name = next((block.name for block in content if isinstance(block, Attachment)), "file")
        return [discord.File(io.BufferedReader(_Borrowed(file.file)), filename=name)]
    if picture is not None:
        data = io.BytesIO(base64.b64decode(picture.data))
        return [discord.File(data, filename=picture_name(picture), description=picture.text[:1000] or None)]
    return []


class _Borrowed(io.RawIOBase):
    """A file that somebody else closes: discord.py takes over the closing of what it is given."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        file.seek(0)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()
