"""Content → the JSON of a Matrix event: pure.

Rule: every message says whom it mentions, which is whom we call and nobody else, because without m.mentions a client
guesses from the text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from helpbot.core.effects import Content, Picture
from helpbot.transports.markup import Rendered, picture_name, render
from helpbot.transports.matrix_http import JsonDict, as_dict

# An event holds 65,536 bytes with all that the server adds; encrypting makes four bytes of three.
_ROOM_CLEAR = 60_000
_ROOM_ENCRYPTED = 45_000


KEY = "org.helpbot.key"  # in the clear: it tells nothing, and lets the bot know its own again under another login

TAKES_BACK = "org.helpbot.takes_back"  # in a redaction: the key of what it empties


def key_of(event: Mapping[str, Any]) -> str | None:
    """Return the key that an event of the bot was sent with, as far as it tells; anybody may claim one."""
    content, unsigned = as_dict(event.get("content")), as_dict(event.get("unsigned"))
    by = as_dict(unsigned.get("redacted_because"))
    named = content.get(KEY)
    if named is None:
        named = unsigned.get("transaction_id")
    if named is None and by.get("sender") == event.get("sender"):
        named = as_dict(by.get("content")).get(TAKES_BACK)
    return named if isinstance(named, str) else None


def message(content: Content, thread: str | None, *, encrypted: bool, answers: str | None = None) -> JsonDict:
    """Return a text message, in a message's thread if one is named, as a reply if it answers one."""
    event = _fitting(_text(render(content)), encrypted)
    if thread is not None:
        event["m.relates_to"] = {
            "rel_type": "m.thread",
            "event_id": thread,
            "is_falling_back": answers is None,
            "m.in_reply_to": {"event_id": answers or thread},  # the root for clients that know no threads
        }
    elif answers is not None:
        event["m.relates_to"] = {"m.in_reply_to": {"event_id": answers}}
    return event


def with_picture(event: JsonDict, picture: Picture, file: JsonDict) -> JsonDict:
    """Return a message as one that shows a picture with the message's words below it; `file` says where it lies."""
    name = picture_name(picture)
    return {**event, "msgtype": "m.image", "body": event["body"] or name, "filename": name, **file}


def with_file(event: JsonDict, shown: JsonDict) -> JsonDict:
    """Return a message as one that shows a file with the message's words below it; `shown` says all of the file."""
    return {**event, "body": event["body"] or shown["filename"], **shown}


def correction(content: Content, ref: str, *, encrypted: bool) -> JsonDict:
    """Return the edit of an own message; whom it calls was called by the message, and is not disturbed again."""
    new = _text(render(content))
    event = {**new, "body": f"* {new['body']}", "m.mentions": {}}
    if "formatted_body" in event:
        event["formatted_body"] = f"* {event['formatted_body']}"
    event["m.new_content"] = new
    event = _fitting(event, encrypted)
    event["m.relates_to"] = {"rel_type": "m.replace", "event_id": ref}
    return event


def reaction(ref: str, symbol: str) -> JsonDict:
    """Return a mark on a message."""
    return {"m.relates_to": {"rel_type": "m.annotation", "event_id": ref, "key": symbol}}


def _text(rendered: Rendered) -> JsonDict:
    called = {"user_ids": list(rendered.called)} if rendered.called else {}
    event: JsonDict = {"msgtype": "m.text", "body": rendered.body, "m.mentions": called}
    if rendered.html is not None:
        event |= {"format": "org.matrix.custom.html", "formatted_body": rendered.html}
    return event


def _fitting(event: JsonDict, encrypted: bool) -> JsonDict:
    """Return the event, without its HTML when only the plain text has room."""
    size = len(json.dumps(event, ensure_ascii=False).encode("utf-8", "replace"))
    if size <= (_ROOM_ENCRYPTED if encrypted else _ROOM_CLEAR):
        return event
    return _without_html(event)


def _without_html(event: JsonDict) -> JsonDict:
    return {
        name: _without_html(value) if isinstance(value, dict) else value
        for name, value in event.items()
        if name not in {"format", "formatted_body"}
    }
