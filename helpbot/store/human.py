"""Promises, transfers and words held back ↔ JSON, for the columns of the ticket that hold them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from helpbot.core.model import Attachment, HeldBack, Person, Promise, Transfer, Way
from helpbot.store.codec import maybe_time, text_time, time_text


def promises_json(promises: Sequence[Promise]) -> str | None:
    """Return the promises as JSON; None for none."""
    return _json([_promise_values(promise) for promise in promises]) if promises else None


def _promise_values(promise: Promise) -> dict[str, Any]:
    times = {"due": time_text(promise.due), "made_at": time_text(promise.made_at)}
    flags = {"reminded": promise.reminded, "broken": promise.broken, "alarmed": promise.alarmed}
    named = {"what": promise.what, "by": _pair(promise.by), "number": promise.number, "ref": promise.ref}
    return {**named, **flags, **times}


def json_promises(text: str | None) -> tuple[Promise, ...]:
    """Return the promises that `promises_json` wrote."""
    return () if text is None else tuple(_promise(values) for values in json.loads(text))


def _promise(values: dict[str, Any]) -> Promise:
    due, made = text_time(values["due"]), text_time(values["made_at"])
    more = {name: values[name] for name in ("reminded", "broken", "alarmed", "number", "ref")}
    return Promise(due, values["what"], Person(*values["by"]), made, **more)


def transfer_json(transfer: Transfer | None) -> str | None:
    """Return the transfer as JSON."""
    if transfer is None:
        return None
    values = {"team": transfer.team, "by": _pair(transfer.by), "why": transfer.why, "called": transfer.called}
    return _json({**values, "at": time_text(transfer.at)})


def json_transfer(text: str | None) -> Transfer | None:
    """Return the transfer that `transfer_json` wrote."""
    if text is None:
        return None
    values = json.loads(text)
    by, at = Person(*values["by"]), text_time(values["at"])
    return Transfer(values["team"], by, values["why"], at, values["called"])


def held_back_json(held: Sequence[HeldBack]) -> str | None:
    """Return the words that are held back as JSON; None for none."""
    return _json([_held_values(one) for one in held]) if held else None


def _held_values(held: HeldBack) -> dict[str, Any]:
    file = None if held.file is None else asdict(held.file)
    return {"agent": _pair(held.agent), "ref": held.ref, "text": held.text, "way": held.way.value, "file": file} | (
        {} if held.at is None else {"at": time_text(held.at)}
    )


def json_held_back(text: str | None) -> tuple[HeldBack, ...]:
    """Return the words that `held_back_json` wrote."""
    if text is None:
        return ()
    return tuple(_held(values) for values in json.loads(text))


def _held(values: dict[str, Any]) -> HeldBack:
    file = values.get("file")  # those of before there were any have none
    at = maybe_time(values.get("at"))
    kept = HeldBack(Person(*values["agent"]), values["ref"], values["text"], Way(values["way"]), at=at)
    return kept if file is None else replace(kept, file=Attachment(**file))


def _pair(person: Person) -> list[str]:
    return [person.id, person.name]


def _json(values: dict[str, Any] | list[dict[str, Any]]) -> str:
    return json.dumps(values, ensure_ascii=False)
