"""Values ↔ JSON, for the columns that hold them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any

from helpbot.core.effects import Block, Called, Content, Folded, Literal, Marked, Picture, Quoted, Strong
from helpbot.core.model import Attachment
from helpbot.transports.base import Incoming, Kind

_BLOCKS: dict[str, type[Block]] = {
    "marked": Marked,
    "literal": Literal,
    "strong": Strong,
    "folded": Folded,
    "quoted": Quoted,
    "called": Called,
    "picture": Picture,
}


def time_text(at: datetime) -> str:
    """Return the moment as text that sorts like time."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def text_time(text: str) -> datetime:
    """Return the moment that `time_text` wrote."""
    return datetime.fromisoformat(text)


def maybe_time(text: str | None) -> datetime | None:
    """Return the moment that `time_text` wrote, if there is one."""
    return None if text is None else text_time(text)


def time_or_none(at: datetime | None) -> str | None:
    """Return the moment as text, if there is one."""
    return None if at is None else time_text(at)


def content_json(content: Content) -> str:
    """Return the content as JSON."""
    return json.dumps([_block_values(block) for block in content], ensure_ascii=False)


def _block_values(block: Block) -> dict[str, Any]:
    if isinstance(block, Attachment):  # which has a kind of its own
        return {"kind": "attachment", "of": asdict(block)}
    return {"kind": type(block).__name__.lower(), **asdict(block)}


def json_content(text: str) -> Content:
    """Return the content that `content_json` wrote."""
    return tuple(_block(values) for values in json.loads(text))


def _block(values: dict[str, Any]) -> Block:
    kind = values.pop("kind")
    return Attachment(**values["of"]) if kind == "attachment" else _BLOCKS[kind](**values)


def content_text(content: Sequence[Block]) -> str:
    """Return the content's words alone."""
    return "\n".join(block.text for block in content)


def incoming_json(incoming: Incoming) -> str:
    """Return the incoming event as JSON; halves of a surrogate pair, which no network may send, become U+FFFD."""
    values: dict[str, Any] = {field.name: getattr(incoming, field.name) for field in fields(incoming)}
    values["at"] = time_text(incoming.at)
    values["file"] = None if incoming.file is None else asdict(incoming.file)
    return json.dumps(values, ensure_ascii=False).encode("utf-8", "replace").decode("utf-8")


def json_incoming(text: str) -> Incoming:
    """Return the incoming event that `incoming_json` wrote."""
    values = json.loads(text)
    mentioned = tuple((person, name) for person, name in values.pop("mentioned", ()))
    file = values.pop("file", None)
    kind, at = Kind(values.pop("kind")), text_time(values.pop("at"))
    return Incoming(**values, kind=kind, at=at, mentioned=mentioned, file=None if file is None else Attachment(**file))
