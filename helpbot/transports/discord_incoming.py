"""What Discord tells → what the desk takes in.

Rule: what bots and webhooks write is never anybody's words, because a webhook may bear any name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import discord

from helpbot.core.model import Attachment
from helpbot.transports.base import Incoming, Kind
from helpbot.transports.discord_places import Place
from helpbot.transports.discord_refs import NETWORK, Spot
from helpbot.transports.matrix_events import shown_name

_WRITTEN = {discord.MessageType.default, discord.MessageType.reply}
_AT_SOMEBODY = re.compile(r"(?<![\w.+/-])@\w")  # neither a mail address nor a page's
MENTION = re.compile(r"<@[!&]?([0-9]{1,20})>")


def is_written(message: discord.Message) -> bool:
    """Tell whether a person wrote this message."""
    return not message.author.bot and message.webhook_id is None and message.type in _WRITTEN


def said(
    message: discord.Message, place: Place, me: int, *, member: bool, exposed: bool = False, corrects: bool = False
) -> list[Incoming]:
    """Return what a person wrote: one event, and one more for each further file; or what it says now."""
    ref = str(Spot(message.channel.id, message.id))
    base = Incoming(
        ref,
        Kind.SAID,
        place.room,
        str(message.author.id),
        name_of(message.author),
        message.created_at,
        text=_text(message, me),
        team=place.team,
        thread=place.thread,
        reply_to=_reply_to(message),
        member=member,
        exposed=exposed,
    )
    if place.team is not None:
        base = _addressing(base, message, me)
    if corrects and message.edited_at is not None:
        base = replace(base, id=f"{ref}-e{int(message.edited_at.timestamp() * 1000)}", edits=ref)
    return list(_with_files(base, message, ref))


def name_of(person: discord.abc.User) -> str:
    """Return the name to show for a person."""
    return shown_name(person.display_name, f"@{person.name}")


def _text(message: discord.Message, me: int) -> str:
    """Return the words as people see them: names for mentions, none for the bot's own."""
    names = {person.id: "" if person.id == me else f"@{person.display_name}" for person in message.mentions}
    names |= {role.id: f"@{role.name}" for role in message.role_mentions}
    text = MENTION.sub(lambda found: names.get(int(found[1]), found[0]), message.content)
    parts = [text.strip()]
    parts += [_forwarded(snapshot) for snapshot in message.message_snapshots]
    if message.poll is not None:
        parts.append("\n".join([f"📊 {message.poll.question}", *(f"- {one.text}" for one in message.poll.answers)]))
    return "\n".join(part for part in parts if part)


def _forwarded(snapshot: discord.MessageSnapshot) -> str:
    """Return in words what somebody has forwarded; its files cannot be fetched."""
    files = [f"📎 {one.title or one.filename}" for one in snapshot.attachments]
    told = [snapshot.content, *files, *(one.name for one in snapshot.stickers)]
    return "↪ " + ("\n".join(part for part in told if part) or "…")


def _reply_to(message: discord.Message) -> str | None:
    reference = message.reference
    if message.type is not discord.MessageType.reply or reference is None or reference.message_id is None:
        return None
    return str(Spot(reference.channel_id, reference.message_id))


def _addressing(base: Incoming, message: discord.Message, me: int) -> Incoming:
    """Return an agent's words with whom they address; when unsure, that they do."""
    people = [person for person in message.mentions if person.id not in {me, message.author.id} and not person.bot]
    called = bool(people or message.role_mentions or message.mention_everyone)
    mentioned = tuple((str(person.id), name_of(person)) for person in people)
    return replace(base, mentions=called or bool(_AT_SOMEBODY.search(message.content)), mentioned=mentioned)


def _with_files(base: Incoming, message: discord.Message, ref: str) -> Iterator[Incoming]:
    files = [_file(one, message, base.text if place == 0 else "") for place, one in enumerate(message.attachments)]
    if not files:
        sticker = next((one.name for one in message.stickers), None)
        yield base if sticker is None else replace(base, attachment=sticker)
        return
    if base.edits is not None:  # a correction changes words alone
        yield replace(base, attachment=files[0].name, file=files[0])
        return
    for place, (one, file) in enumerate(zip(refs(ref, len(files)), files, strict=True)):
        more = base if place == 0 else replace(base, id=one, text="", reply_to=None)
        yield replace(more, attachment=file.name, file=file)


def refs(message: str, files: int) -> list[str]:
    """Return the references of what a message with so many files came as: itself, and each further file."""
    return [message, *(f"{message}-a{place}" for place in range(1, files))]


def _file(attachment: discord.Attachment, message: discord.Message, words: str) -> Attachment:
    media_type = (attachment.content_type or "application/octet-stream").partition(";")[0].strip()
    kind = media_type.partition("/")[0]
    kind = "voice" if attachment.is_voice_message() else kind if kind in {"image", "video", "audio"} else "file"
    source = json.dumps([message.channel.id, message.id, attachment.id])
    name = attachment.title or attachment.filename
    return Attachment(name, kind, media_type, attachment.size, words, NETWORK, source)


def gone(place: Place, target: str, sender: str, name: str, at: datetime, *, member: bool) -> Incoming:
    """Return that a message, or a reaction, was taken back."""
    kind = Kind.DELETED
    return Incoming(f"{target}-gone", kind, place.room, sender, name, at, team=place.team, target=target, member=member)
