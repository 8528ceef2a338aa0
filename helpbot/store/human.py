"""Promises, transfers and words held back ↔ JSON, for the columns of the ticket that hold them."""

from __future__ import annotations

import json
from typing import Any

from helpbot.core.model import HeldBack, Person, Promise, Transfer
from helpbot.store.codec import text_time, time_text


def promise_json(promise: Promise | None) -> str | None:
    """Return the promise as JSON."""
    if promise is None:
        return None
    times = {"due": time_text(promise.due), "made_at": time_text(promise.made_at)}
    return _json({"what": promise.what, "by": _pair(promise.by), "reminded": promise.reminded, **times})


def json_promise(text: str | None) -> Promise | None:
    """Return the promise that `promise_json` wrote."""
    if text is None:
        return None
    values = json.loads(text)
    due, made = text_time(values["due"]), text_time(values["made_at"])
    return Promise(due, values["what"], Person(*values["by"]), made, values["reminded"])


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


def held_back_json(held: HeldBack | None) -> str | None:
    """Return the words that are held back as JSON."""
    if held is None:
        return None
    return _json({"agent": _pair(held.agent), "ref": held.ref, "text": held.text, "closes": held.closes})


def json_held_back(text: str | None) -> HeldBack | None:
    """Return the words that `held_back_json` wrote."""
    if text is None:
        return None
    values = json.loads(text)
    return HeldBack(Person(*values["agent"]), values["ref"], values["text"], values["closes"])


def _pair(person: Person) -> list[str]:
    return [person.id, person.name]


def _json(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False)
