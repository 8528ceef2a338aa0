"""Hostile events made at random, each with who may read its words.

Rule: who may read them is worked out from the raw event alone, because a check that asked helpbot would agree with its
mistakes. Alex never owns a ticket nor speaks by command, so that all that Alex writes is inside.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from helpbot.transports.base import Incoming, Kind

from . import hostile as h

_WORD = "WORD"
_TICKETS = {h.CARD_1: 1, h.LINE_1: 1, h.NOTE_1: 1, h.SAM_1: 1, h.CARD_2: 2, h.LINE_2: 2, h.NOTE_2: 2, h.LEA_2: 2}
_REFS = (*_TICKETS, h.TOLD_1, h.TOLD_2, h.MARIE_1, h.PAUL_1, "$nowhere", "$")
_NAMES = {1: "marie", 2: "paul"}
_SPEAKS = ("!r WORD", "!R WORD", "！r WORD", "\u200b!r\u00a0WORD", "!close WORD")
_PLAIN = ("WORD", "WORD \ufdfa\u0301\u202e", "WORD {0} %s {{x}}", "<b>WORD</b>", "WORD\n\n> x\ny", "\ud800WORD\x00")
_INSIDE = ("!note WORD", "> !r WORD", "WORD\n!r x", "!nota WORD", "*!note* WORD", "❗note WORD", "!help WORD")
_ACTS = ("!release", "!claim", "!close", "!reopen", "!r", "!note", "!learn new", "!x")
_PEOPLE = (h.MARIE, h.PAUL, h.SAM, h.LEA, h.ALEX, h.LOU, h.MALLORY, h.BOT)
_AT_HOME = {h.MARIES: (h.MARIE,), h.PAULS: (h.PAUL,), h.DESK: (h.SAM, h.LEA, h.ALEX), h.LINES: (h.LOU,)}
_KINDS = ("m.room.message", "m.reaction", "m.sticker", "m.poll.start", "m.room.encrypted", "m.room.member", "org.x")
_TYPES = ("m.text", "m.emote", "m.notice", "m.image", "m.file", "m.location", "org.x")
_MENTION: h.Raw = {"m.mentions": {"user_ids": ["@somebody:x.org"]}}
_JUNK: tuple[Any, ...] = (
    None, True, 0, -1, 10**18, 1.5, float("nan"), "", "x", "\x00", "\ud800", "@x:y", "$x", "m.thread", [], {}, [None],
    [[[[]]]], {"a": {"b": []}}, {"event_id": h.CARD_2}, {"user_ids": 5}, h.Deep(300), "w" * 3000, "\n" * 500,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Made:
    """An event in a room; `word` is in its text, `must` when it is certain that it is shown in its ticket's thread."""

    room: str
    event: h.Raw
    word: str
    must: bool


class Maker:
    """Makes events, the same ones from the same seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._count = 0
        self._said: dict[str, tuple[str, object]] = {h.MARIE_1: (h.MARIES, h.MARIE), h.PAUL_1: (h.PAULS, h.PAUL)}
        self._latest: list[str] = [h.MARIE_1, h.PAUL_1]
        self._outside = {h.SAM_1: (h.SAM, "for-marie"), h.LEA_2: (h.LEA, "for-paul")}  # what may have gone out

    def make(self) -> Made:
        """Return the next event."""
        while True:
            room = self._chance.choice((h.MARIES, h.PAULS, h.DESK, h.DESK, h.DESK, h.LINES))
            event = self._event(room)
            odd = self._chance.random() < 0.4
            if odd:
                self._spoil(event)
            if _is_alex_in_charge(event) or event.get("state_key") == h.BOT:
                continue  # what the bot's own membership is, only the server says
            self._count += 1
            label = self._label(room, event)
            word = f"{label}-{self._count}z"  # no word is the beginning of another
            ref = event.get("event_id")
            if ref == f"$made-{self._count - 1}":
                self._said[ref] = (room, event.get("sender"))
                self._latest = [*self._latest[-30:], ref]
                if label.startswith("for-"):
                    self._outside[ref] = (str(event.get("sender")), label)
            plain = not odd and _is_plain_text(event) and str(ref).startswith("$made")
            return Made(room, _worded(event, word), word, plain and label.startswith("secret"))

    def _event(self, room: str) -> h.Raw:
        pick = self._chance.choice
        sender = pick(_AT_HOME[room]) if self._chance.random() < 0.8 else pick(_PEOPLE)
        kind = "m.room.message" if self._chance.random() < 0.85 else pick(_KINDS)
        twice = self._chance.random() < 0.03  # an id that comes again, with other content
        ref = f"$twice-{self._count // 60}" if twice else f"$made-{self._count}"
        event = h.event({}, sender, kind) | {"event_id": ref}
        if kind == "m.room.member":
            who, member, before = pick(_PEOPLE[:-1]), pick(("join", "leave", "ban", "x")), pick(("join", "leave", None))
            return {**event, **h.member(who, member, sender, before), "event_id": ref}
        form = pick(pick((_SPEAKS, _PLAIN, _PLAIN, _INSIDE, _ACTS)))
        content: h.Raw = {"msgtype": pick(_TYPES) if self._chance.random() < 0.2 else "m.text", "body": form}
        if self._chance.random() < 0.15:
            content |= copy.deepcopy(_MENTION)
        relation = self._relation()
        if kind == "m.reaction":
            relation = {"rel_type": "m.annotation", "event_id": pick(_REFS), "key": pick(("✋", "👍", "x"))}
        if relation is not None:
            content["m.relates_to"] = relation
        if isinstance(relation, dict) and relation.get("rel_type") == "m.replace":
            content |= {"body": f"* {form}", "m.new_content": {"msgtype": "m.text", "body": form}}
        return {**event, "content": content}

    def _relation(self) -> Any:
        pick = self._chance.choice
        thread, reply = {"rel_type": "m.thread", "event_id": pick(_REFS)}, {"m.in_reply_to": {"event_id": pick(_REFS)}}
        match self._chance.randrange(9):
            case 0:
                return None
            case 1:
                return reply
            case 2:
                return {**thread, **reply}
            case 3:
                return {**thread, **reply, "is_falling_back": True}
            case 4:
                return h.replaces(pick((*self._latest, *_REFS)))
            case 5:
                return pick(_JUNK)
        return {**thread, "event_id": pick((h.CARD_1, h.CARD_2))}

    def _spoil(self, event: h.Raw) -> None:
        """Put junk in the place of something, a few times."""
        for _ in range(self._chance.choice((1, 1, 2, 4))):
            place: Any = event
            while True:
                key = self._chance.choice(list(place) if isinstance(place, dict) else range(len(place)))
                if not isinstance(place[key], dict | list) or not place[key] or self._chance.random() < 0.3:
                    break
                place = place[key]
            # no server lets anybody choose the id of a message that is there
            junk = self._chance.choice(_JUNK if key == "event_id" and place is event else (*_JUNK, *_PEOPLE, *_REFS))
            if isinstance(place, dict) and self._chance.random() < 0.2:
                del place[key]
            else:
                place[key] = copy.deepcopy(junk)
            if not event:
                return

    # --- who may read it

    def _label(self, room: str, event: h.Raw) -> str:
        content, sender = event.get("content"), event.get("sender")
        if not isinstance(content, dict) or "state_key" in event:
            return "forged"
        if room in {h.MARIES, h.PAULS}:
            if sender != _AT_HOME[room][0]:
                return "forged"
            target = _edited(content) if event.get("type") == "m.room.message" else None
            if target is not None and self._said.get(target) != (room, sender) and target != event.get("event_id"):
                return "forged"
            return "secret-marie" if room == h.MARIES else "secret-paul"
        if room != h.DESK or sender not in _AT_HOME[h.DESK]:
            return "inside"
        target = _edited(content)
        if target is not None:
            whose, label = self._outside.get(target, ("", "inside"))
            return label if whose == sender and _may_be_corrected(whose, content) else "inside"
        found = _pointed(content)
        return f"for-{_NAMES[found.pop()]}" if len(found) == 1 and _may_be_said(str(sender), content) else "inside"


def edited(made: Made) -> str | None:
    """Return the id of the message that an event edits."""
    content = made.event.get("content")
    return _edited(content) if isinstance(content, dict) else None


def misread(made: Made, items: Sequence[Incoming]) -> list[str]:
    """Return what is wrong in what was read of an event, by what the event says."""
    said = [item for item in items if item.kind is Kind.SAID and made.word in item.text + (item.attachment or "")]
    label, home = made.word.rsplit("-", 1)[0], made.room in {h.DESK, h.LINES}
    checks = {
        "read twice": len(said) > 1,
        "lost": made.must and not said,
        "read though forged": label == "forged" and any(item.sender in h.ROOMS[made.room] for item in said),
        "in another room": any(item.room != made.room or (item.team is not None) != home for item in said),
        "of another sender": any(item.sender != made.event.get("sender") for item in said),
        "a stranger as member": any(home and item.member and item.sender not in h.ROOMS[made.room] for item in said),
        "a mention passed over": any(
            home and _mentions(made.event) and not item.mentions for item in said if item.text
        ),
        "a relation made up": any(ref not in repr(made.event) for item in said for ref in _refs(item)),
    }
    return [f"{what}: {made} → {said}"[:1500] for what, wrong in checks.items() if wrong]


def _refs(item: Incoming) -> list[str]:
    return [ref for ref in (item.thread, item.reply_to, item.target, item.edits) if ref is not None]


def _mentions(event: h.Raw) -> bool:
    content = event.get("content")
    return isinstance(content, dict) and content.get("m.mentions") == _MENTION["m.mentions"]


def _edited(content: h.Raw) -> str | None:
    relation = content.get("m.relates_to")
    if not isinstance(relation, dict) or relation.get("rel_type") != "m.replace":
        return None
    return str(relation.get("event_id"))


def _pointed(content: h.Raw) -> set[int]:
    """Return the tickets that a message among agents points to; none for an edit."""
    relation = content.get("m.relates_to")
    if not isinstance(relation, dict) or relation.get("rel_type") == "m.replace":
        return set()
    refs = [relation.get("event_id")] if relation.get("rel_type") == "m.thread" else []
    answered = relation.get("m.in_reply_to")
    if isinstance(answered, dict) and relation.get("is_falling_back") is not True:
        refs.append(answered.get("event_id"))
    return {_TICKETS[ref] for ref in refs if isinstance(ref, str) and ref in _TICKETS}


def _may_be_said(sender: str, content: h.Raw) -> bool:
    """Tell whether the words of somebody who may own the ticket may go to its customer."""
    body = content.get("body")
    if not isinstance(body, str) or content.get("msgtype") in ("m.image", "m.file", "m.notice"):
        return False
    if content.get("msgtype") == "m.location":  # whatever it is called is a place, and no command
        return sender != h.ALEX and content.get("m.mentions") != _MENTION["m.mentions"]
    if body in _SPEAKS:
        return sender != h.ALEX
    mentioned = content.get("m.mentions") == _MENTION["m.mentions"]
    return sender != h.ALEX and not mentioned and body.removeprefix("* ") in _PLAIN


def _may_be_corrected(sender: str, content: h.Raw) -> bool:
    """Tell whether sent words may say this from now on: what is no other command than `!r`."""
    new = content.get("m.new_content")
    if not isinstance(new, dict) or str(new.get("body")).startswith("!close"):
        return False
    mentioned = content.get("m.mentions") == _MENTION["m.mentions"]
    return not mentioned and _may_be_said(sender, new)


def _is_alex_in_charge(event: h.Raw) -> bool:
    content = event.get("content")
    if event.get("sender") != h.ALEX or not isinstance(content, dict):
        return False
    return event.get("type") == "m.reaction" or content.get("body") in (*_SPEAKS, "!claim")


def _is_plain_text(event: h.Raw) -> bool:
    content = event["content"]
    text = event.get("type") == "m.room.message" and content["msgtype"] == "m.text"
    return text and _WORD in content["body"]


def _worded(value: Any, word: str) -> Any:
    match value:
        case str():
            return value.replace(_WORD, word)
        case dict():
            return {name: _worded(part, word) for name, part in value.items()}
        case list():
            return [_worded(part, word) for part in value]
    return value
