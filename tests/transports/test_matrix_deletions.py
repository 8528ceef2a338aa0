"""What was taken back, as raw Matrix events, and whose key an event was sent with."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from helpbot.transports.base import Kind
from helpbot.transports.matrix_content import KEY, TAKES_BACK, key_of
from helpbot.transports.matrix_events import deletion, incoming
from tests.transports.test_matrix_events import BOT, DESK, LEA, event, json_values


def redaction(content: object = None, **more: object) -> dict[str, object]:
    return event({} if content is None else content, kind="m.room.redaction", **more)


@pytest.mark.parametrize(
    "raw",
    [
        redaction(redacts="$old"),
        redaction({"redacts": "$old", "reason": "a slip"}),
        redaction({"redacts": "$claimed"}, redacts="$old"),  # what the server says, before version 11
        redaction({"redacts": ["$x"]}, redacts="$old"),
        redaction(["$x"], redacts="$old"),
        redaction({"redacts": "$old"}, redacts={"event_id": "$x"}),
    ],
)
def test_what_was_taken_back_is_told(raw: dict[str, object]) -> None:
    found = deletion(raw, DESK)
    assert found is not None
    assert (found.kind, found.id, found.target, found.sender, found.name) == (Kind.DELETED, "$e", "$old", LEA, "Lea")
    assert (found.team, found.member, found.exposed) == ("mobile", True, False)
    assert incoming(raw, DESK) is None


@pytest.mark.parametrize(
    "raw",
    [
        redaction(),
        redaction({"redacts": 5}, redacts=[]),
        redaction(redacts="old"),
        redaction(redacts="$" + "x" * 300),
        redaction(redacts="$old", sender=BOT),
        redaction(redacts="$old", state_key=""),
        redaction(redacts="$old", event_id=None),
        event({"redacts": "$old"}, redacts="$old"),
    ],
)
def test_what_takes_nothing_back_is_no_deletion(raw: dict[str, object]) -> None:
    assert deletion(raw, DESK) is None


@given(json_values, json_values, json_values)
def test_no_json_makes_a_deletion_raise(content: object, redacts: object, unsigned: object) -> None:
    deletion(redaction(content, redacts=redacts, unsigned=unsigned), DESK)
    key_of({"sender": BOT, "content": content, "unsigned": unsigned})


def gone(sender: str, **unsigned: object) -> dict[str, Any]:
    by = {"sender": sender, "content": {KEY: "k-gone", TAKES_BACK: "k1"}}
    return {"sender": BOT, "content": {}, "unsigned": {"redacted_because": by, **unsigned}}


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ({"sender": BOT, "content": {KEY: "k1"}, "unsigned": {"transaction_id": "k2"}}, "k1"),
        ({"sender": BOT, "content": {}, "unsigned": {"transaction_id": "k1"}}, "k1"),
        (gone(BOT), "k1"),
        (gone(BOT, transaction_id="k3"), "k3"),
        (gone(LEA), None),
        ({"sender": BOT, "content": [], "unsigned": {"redacted_because": []}}, None),
    ],
)
def test_an_event_tells_its_key_also_when_it_was_taken_back(raw: dict[str, Any], key: str | None) -> None:
    assert key_of(raw) == key
