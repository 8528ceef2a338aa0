"""Lines that wait for their answer, and what an answer may be undone by: values ↔ JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from helpbot.core.model import Pending, Status, Undo
from helpbot.store.codec import text_time, time_text

_TUPLES = ("answered", "offer", "refused")


def pending_json(lines: Sequence[Pending]) -> str | None:
    """Return the lines as JSON; None for none."""
    return json.dumps([_line_values(line) for line in lines], ensure_ascii=False) if lines else None


def json_pending(text: str | None) -> tuple[Pending, ...]:
    """Return the lines that `pending_json` wrote."""
    return () if text is None else tuple(_line(values) for values in json.loads(text))


def _line_values(line: Pending) -> dict[str, Any]:
    return {"text": line.text, "ref": line.ref, "written": time_text(line.written), "at": time_text(line.at)}


def _line(values: dict[str, Any]) -> Pending:
    return Pending(values["text"], values["ref"], text_time(values["written"]), text_time(values["at"]))


def undo_json(undo: Undo | None) -> str | None:
    """Return what an answer may be undone by as JSON."""
    if undo is None:
        return None
    lines = [_line_values(line) for line in undo.lines]
    return json.dumps({**asdict(undo), "lines": lines, "status": undo.status.value}, ensure_ascii=False)


def json_undo(text: str | None) -> Undo | None:
    """Return what `undo_json` wrote."""
    if text is None:
        return None
    values = json.loads(text)
    lists = {name: tuple(values[name]) for name in _TUPLES}
    lines = tuple(_line(line) for line in values["lines"])
    return Undo(**{**values, **lists, "lines": lines, "status": Status(values["status"])})
