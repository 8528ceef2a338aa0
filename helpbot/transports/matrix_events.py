"""A Matrix event as raw JSON → Incoming: pure, and total over every JSON that anybody may send.

Rule: each field is checked for its type where it is read, because servers pass on whatever people put into `content`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from urllib.parse import unquote

from helpbot.transports.base import Incoming, Kind
from helpbot.transports.matrix_files import place_words, poll_words, with_file
from helpbot.transports.naming import NAME_LENGTH, SOMEBODY, bearers, named

UNDECRYPTABLE = "undecryptable"  # the attachment of words that could not be decrypted
REDACTION = "m.room.redaction"

_ID_LENGTH = 255  # the specification's limit for every kind of id
_KIND_LENGTH = 100  # of what a message says that it is
_SYMBOL_LENGTH = 32  # an emoji of a family has eleven characters, and a mark may be a word
_WORDS = {"m.text", "m.emote"}
_FILES = {"m.file", "m.image", "m.audio", "m.video"}
_NOT_FOR_US = {"m.notice", "m.server_notice", "m.bad.encrypted", "m.key.verification.request"}
_POLLS = {"m.poll.start", "org.matrix.msc3381.poll.start"}
_MESSAGES = {"m.room.message", "m.sticker", *_POLLS}
_NOT_A_NAME = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_QUOTED_AUTHOR = re.compile(r"> (\* )?<@[^>\s]{1,255}>")
_USER_LINK = re.compile(r"matrix\.to/#/((?:@|%40)[^\"'<>?\s]{1,1000})|matrix:u/([^\"'<>?\s]{1,1000})", re.IGNORECASE)
_USER_ID = re.compile(r"(?<![\w.])@[a-z0-9._=/+-]{1,255}:[a-z0-9.\[\]:-]{1,255}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event was seen: `people` are the room's joined members as the server tells them, id → display name."""

    room: str
    me: str
    now: datetime
    team: str | None = None
    people: Mapping[str, str] = field(default_factory=dict)
    exposed: bool = False
    public: str | None = None  # a help room: what the config calls it
    agents: Collection[str] = ()  # help room: the members of all agents' rooms
    may_open: Callable[[str], bool] = lambda user: False


def incoming(event: Mapping[str, object], place: Place) -> Incoming | None:
    """Return what somebody else said or marked with this event; None for all other events."""
    base, content = _base(event, place), event.get("content")
    if base is None or not isinstance(content, dict):
        return None
    kind = words(event.get("type"))
    if kind == "m.reaction":
        return _reaction(base, content)
    return _message(base, content, place, kind) if kind in _MESSAGES else None


def deletion(event: Mapping[str, object], place: Place) -> Incoming | None:
    """Return what somebody else took back with this event, which must be as the server gave it.

    Servers refuse to take back what the sender has no right to; an encrypted payload that calls itself a redaction was
    never looked at.
    """
    base, content = _base(event, place), event.get("content")
    inside = content.get("redacts") if isinstance(content, dict) else None  # from room version 11 on
    target = reference(event.get("redacts")) or reference(inside)
    if base is None or target is None or event.get("type") != REDACTION:
        return None
    return replace(base, kind=Kind.DELETED, target=target)


def _base(event: Mapping[str, object], place: Place) -> Incoming | None:
    """Return who did something where and when; None for what the bot did, and for states."""
    ref, sender = reference(event.get("event_id")), event.get("sender")
    if ref is None or not is_user_id(sender) or sender == place.me or "state_key" in event:
        return None
    return Incoming(
        id=ref,
        kind=Kind.SAID,
        room=place.room,
        sender=str(sender),
        name=shown_name(place.people.get(str(sender)), str(sender)),
        at=moment(event.get("origin_server_ts"), place.now),
        team=place.team,
        member=place.team is None or sender in place.people,
        exposed=place.exposed,
        public=place.public,
        reachable=place.public is not None and place.may_open(str(sender)),
        agent=sender in place.agents,
    )


def undecryptable(event: Mapping[str, object], place: Place) -> Incoming | None:
    """Return the news that somebody's words could not be decrypted, under an id of its own."""
    content: dict[str, object] = {"msgtype": "m.text", "body": ""}
    sealed = event.get("content")
    outside = sealed.get("m.relates_to") if isinstance(sealed, dict) else None  # in the clear: it tells the thread
    if isinstance(outside, dict) and outside.get("rel_type") != "m.replace":
        content["m.relates_to"] = outside
    news = incoming({**event, "type": "m.room.message", "content": content}, place)
    return None if news is None else replace(news, id=f"{news.id}:{UNDECRYPTABLE}", attachment=UNDECRYPTABLE)


def reference(value: object) -> str | None:
    """Return an event's id if it is one; nothing is known of what it points to."""
    if isinstance(value, str) and 1 < len(value) <= _ID_LENGTH and value[0] == "$" and value.isprintable():
        return value
    return None


def is_user_id(value: object) -> bool:
    """Tell whether this may be a user id."""
    return isinstance(value, str) and len(value) <= _ID_LENGTH and value[:1] == "@" and ":" in value


def words(value: object) -> str:
    """Return a text that every encoding can carry; what is no text is empty."""
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else ""


def shown_name(name: object, user_id: str) -> str:
    """Return a person's name for one line: nothing that is unseen or turns the line round; the local part if empty."""
    for candidate in (words(name)[: 4 * NAME_LENGTH], words(user_id)[1:].split(":")[0]):
        visible = "".join(" " if c.isspace() else c for c in candidate if c == "\n" or _may_be_in_a_name(c))
        short = " ".join(visible.split())[:NAME_LENGTH].strip()
        if short:
            return short
    return user_id


def moment(milliseconds: object, now: datetime) -> datetime:
    """Return the time that a server states, if it can be one and is not to come."""
    if isinstance(milliseconds, int) and 0 <= milliseconds <= now.timestamp() * 1000:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    return now


def relates_to(content: Mapping[str, object]) -> Mapping[str, object]:
    """Return the event's relation, which people also send as text or list."""
    relation = content.get("m.relates_to")
    return relation if isinstance(relation, dict) else {}


def without_quote(body: str) -> str:
    """Take off the quotation that old clients put before a reply; anything not quite of that form stays."""
    if _QUOTED_AUTHOR.match(body) is None:
        return body
    quote, gap, rest = body.partition("\n\n")
    if not gap or any(not line.startswith(">") for line in quote.split("\n")):
        return body
    return rest


def _may_be_in_a_name(character: str) -> bool:
    return unicodedata.category(character) not in _NOT_A_NAME


def _reaction(base: Incoming, content: Mapping[str, object]) -> Incoming | None:
    relation = relates_to(content)
    target, symbol = reference(relation.get("event_id")), words(relation.get("key"))
    if relation.get("rel_type") != "m.annotation" or target is None or not symbol:
        return None
    return replace(base, kind=Kind.REACTED, target=target, symbol=symbol[:_SYMBOL_LENGTH])


def _message(base: Incoming, content: Mapping[str, object], place: Place, event_kind: str) -> Incoming | None:
    relation = relates_to(content)
    meant = content
    if relation.get("rel_type") == "m.replace":
        target, new = reference(relation.get("event_id")), content.get("m.new_content")
        if target is None or not isinstance(new, dict):
            return None
        base, meant = replace(base, edits=target), new
    elif relation.get("rel_type") == "m.thread":
        base = replace(base, thread=reference(relation.get("event_id")))
    answered = relation.get("m.in_reply_to")
    reply = reference(answered.get("event_id")) if isinstance(answered, dict) else None
    if relation.get("is_falling_back") is not True:
        base = replace(base, reply_to=reply)
    said = _said(base, meant, event_kind, is_reply=reply is not None)
    contents = [content, meant] if meant is not content else [content]
    if said is not None and place.public is not None:
        return _in_public(said, contents, place)
    return said if said is None or place.team is None else _addressing(said, contents, place)


def _said(base: Incoming, content: Mapping[str, object], event_kind: str, *, is_reply: bool) -> Incoming | None:
    if event_kind == "m.sticker":
        return with_file(base, content, "sticker")
    if event_kind in _POLLS:
        return replace(base, attachment="poll", text=poll_words(content))
    kind, body = content.get("msgtype"), content.get("body")
    if not isinstance(kind, str) or kind in _NOT_FOR_US:
        return None
    if kind in _FILES:
        return with_file(base, content, kind.removeprefix("m."))
    if kind == "m.location":
        return replace(base, text=place_words(content))
    if not isinstance(body, str):
        return None if kind in _WORDS else replace(base, attachment=words(kind)[:_KIND_LENGTH])
    text = words(body)
    return replace(base, text=without_quote(text) if is_reply else text)


def _in_public(said: Incoming, contents: Sequence[Mapping[str, object]], place: Place) -> Incoming:
    """Return what was said in a help room with whether it calls somebody else, and whether it calls the bot.

    Names alone call nobody: among many people some are called like a thing that is asked about.
    """
    called = {user for content in contents for user in _called(content, set())}
    called |= {found[0].rstrip(".:-") for found in _USER_ID.finditer(said.text.casefold())}
    others = {user for user in called if user.casefold() not in {place.me.casefold(), said.sender.casefold()}}
    first = said.text.casefold().lstrip("@ ").split(maxsplit=1)
    to_me = bool(first) and first[0].rstrip(",:;!") in {place.me.casefold(), place.me[1:].partition(":")[0].casefold()}
    addressed = to_me or any(user.casefold() == place.me.casefold() for user in called)
    return replace(said, mentions=bool(others), addressed=addressed)


def _addressing(said: Incoming, contents: Sequence[Mapping[str, object]], place: Place) -> Incoming:
    """Return what was said with whom it addresses besides the bot and the sender; when unsure, that it does."""
    us = {place.me, said.sender}
    addressed = dict.fromkeys(user for content in contents for user in _addressed(content, place, said.text, us))
    members = tuple((user, shown_name(place.people[user], user)) for user in addressed if user in place.people)
    return replace(said, mentions=bool(addressed), mentioned=members)


def _addressed(content: Mapping[str, object], place: Place, text: str, us: set[str]) -> Iterator[str]:
    """Give the ids of who is mentioned, linked or named, none of `us`; SOMEBODY for one who cannot be told."""
    yield from _called(content, us)
    yield from _named(text, place, us)


def _called(content: Mapping[str, object], us: set[str]) -> Iterator[str]:
    """Give the ids of who is mentioned or linked, none of `us`; SOMEBODY for the whole room."""
    meant = content.get("m.mentions")
    if isinstance(meant, dict):
        users = meant.get("user_ids")
        if meant.get("room") is True:
            yield SOMEBODY
        yield from (user for user in users if is_user_id(user) and user not in us) if isinstance(users, list) else ()
    yield from _linked(words(content.get("formatted_body")), us)


def _linked(markup: str, us: set[str]) -> Iterator[str]:
    for link in _USER_LINK.finditer(markup):
        user = unquote(link[1]) if link[1] else f"@{unquote(link[2])}"
        if user not in us:
            yield user


def _named(text: str, place: Place, us: set[str]) -> Iterator[str]:
    ours = {user.casefold() for user in us}
    others = {user: name for user, name in place.people.items() if user not in us}
    ids = bearers({user: (user,) for user in others})
    for found in _USER_ID.finditer(text.casefold()):
        user = found[0].rstrip(".:-")
        if user not in ours:
            yield from ids.get(user, (user,))
    names = {user: (user[1:].split(":")[0], shown_name(name, user)) for user, name in others.items()}
    yield from named(text, bearers({SOMEBODY: ("room",), **names}))
