"""Hostile and broken Matrix events, as a table: each with what it must keep.

Each text that matters holds a word that says where the bot may show it: `secret-marie-…` in the thread of Marie's
ticket, `for-marie-…` in Marie's room, `inside-…` and `forged-…` nowhere at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Raw = dict[str, Any]

MARIE, PAUL, MALLORY = "@marie:x.org", "@paul:x.org", "@mallory:x.org"
SAM, LEA, ALEX, LOU = "@sam:x.org", "@lea:x.org", "@alex:x.org", "@lou:x.org"
BOT = "@helpbot:memory"
MARIES, PAULS, DESK, LINES = "!marie:x.org", "!paul:x.org", "!desk:x.org", "!lines:x.org"
ROOMS: Mapping[str, Mapping[str, str]] = {
    MARIES: {BOT: "helpbot", MARIE: "Marie"},
    PAULS: {BOT: "helpbot", PAUL: "Paul"},
    DESK: {BOT: "helpbot", SAM: "Sam", LEA: "Lea", ALEX: "Alex"},
    LINES: {BOT: "helpbot", LOU: "Lou"},
}
CUSTOMERS = {"marie": MARIES, "paul": PAULS}
SENT = 1_792_584_000_000  # 2026-10-21, 12:00 UTC

# What stands in the scene before each row; for what the bot wrote the desk puts in the reference that it really has.
CARD_1, CARD_2, LINE_1, LINE_2, TOLD_1, TOLD_2 = "$card-1", "$card-2", "$line-1", "$line-2", "$told-1", "$told-2"
MARIE_1, PAUL_1, NOTE_1, NOTE_2, SAM_1, LEA_2 = "$marie-1", "$paul-1", "$note-1", "$note-2", "$sam-1", "$lea-2"

SECRET, FORGED, INSIDE, OUTSIDE = "secret-marie-now", "forged-now", "inside-now", "for-marie-now"


@dataclass(frozen=True, slots=True)
class Deep:
    """Stands for a list in a list in a list, so deep."""

    levels: int


@dataclass(frozen=True, slots=True)
class Row:
    """What happens in a room, and the names of what it must keep beside what every row keeps."""

    name: str
    room: str
    keeps: tuple[str, ...]
    events: tuple[Raw, ...]


def event(content: object, sender: object = MARIE, kind: object = "m.room.message", **more: object) -> Raw:
    """Return an event; what is None is left out."""
    whole = {"event_id": "$now", "origin_server_ts": SENT, "type": kind, "sender": sender, "content": content, **more}
    return {name: value for name, value in whole.items() if value is not None}


def text(body: object, sender: object = MARIE, **content: object) -> Raw:
    """Return a text message."""
    return event({"msgtype": "m.text", "body": body, **content}, sender)


def related(body: object, relation: object, sender: object = MARIE, **content: object) -> Raw:
    """Return a text message with a relation."""
    return text(body, sender, **{"m.relates_to": relation}, **content)


def edit(target: object, new: object, sender: object = MARIE, **more: object) -> Raw:
    """Return an edit; the words for old clients are never to be shown."""
    content = {"msgtype": "m.text", "body": f"* {FORGED}", "m.relates_to": replaces(target), "m.new_content": new}
    return event(content, sender, **more)


def replaces(target: object) -> Raw:
    return {"rel_type": "m.replace", "event_id": target}


def in_thread(body: str, sender: str = SAM, thread: object = CARD_1, reply: object = None, **content: object) -> Raw:
    """Return a message in a ticket's thread, with a real reply if one is named."""
    relation: Raw = {"rel_type": "m.thread", "event_id": thread}
    answered = {"m.in_reply_to": {"event_id": reply}} if reply is not None else {}
    return related(body, {**relation, **answered}, sender, **content)


def new(body: object, **more: object) -> Raw:
    return {"msgtype": "m.text", "body": body, **more}


def mark(target: object, sender: str, key: object = "✋", **more: object) -> Raw:
    relation = {"rel_type": "m.annotation", "event_id": target, "key": key}
    return event({"m.relates_to": relation}, sender, "m.reaction", **more)


def member(who: object, membership: object, sender: str = MALLORY, before: object = None) -> Raw:
    unsigned = {"prev_content": {"membership": before}}
    return event({"membership": membership}, sender, "m.room.member", state_key=who, unsigned=unsigned)


def without(name: str, whole: Raw) -> Raw:
    return {other: value for other, value in whole.items() if other != name}


def marie(name: str, keeps: str, *events: Raw) -> Row:
    """Return a row of her room; nothing in it may speak in a customer's room or change a card."""
    return Row(name, MARIES, (*keeps.split(), "inside", "untouched"), events)


def agents(name: str, keeps: str, *events: Raw) -> Row:
    return Row(name, DESK, tuple(keeps.split()), events)


_QUOTE = f"> <{BOT}> {INSIDE}\n\n"
_PILL = '<a href="https://matrix.to/#/%40alex%3Ax.org">Alex</a> see this'
_FROM_ME_TWICE = (edit(MARIE_1, new(SECRET)), edit(MARIE_1, new("secret-marie-twice"), event_id="$now2"))

EDITS = (
    marie("an edit of Paul's message", "unheard", edit(PAUL_1, new(FORGED))),
    marie("an edit of her message by a stranger", "unheard unshown", edit(MARIE_1, new(FORGED), MALLORY)),
    marie("an edit of the bot's message", "unheard", edit(TOLD_1, new(FORGED))),
    marie("an edit of a message that is not there", "unheard", edit("$nowhere", new(FORGED))),
    marie("an edit of an agent's note", "unheard", edit(NOTE_1, new(FORGED))),
    marie("an edit of her own message", "shown", edit(MARIE_1, new(SECRET))),
    marie("an edit of her own message, twice", "newest", *_FROM_ME_TWICE),
    marie("an edit of her own reaction", "shown", mark(TOLD_1, MARIE, event_id="$r"), edit("$r", new(SECRET))),
    marie("an edit of itself", "shown", edit("$now", new(SECRET))),
    marie("an edit without its new words", "unheard", related(FORGED, replaces(MARIE_1))),
    marie("an edit whose new words are null", "unheard", edit(MARIE_1, None)),
    marie("an edit whose new words are a list", "unheard", edit(MARIE_1, [FORGED])),
    marie("an edit whose new words are a number", "unheard", edit(MARIE_1, 7)),
    marie("an edit whose new words have no body", "unheard", edit(MARIE_1, {"msgtype": "m.text"})),
    marie("an edit of a number", "unheard", edit(7, new(FORGED))),
    marie("an edit that is a command", "shown", edit(MARIE_1, new(f"!close {SECRET}"))),
    agents("an agent's edit of sent words", "corrected", edit(SAM_1, new(OUTSIDE), SAM)),
    agents("an agent's edit of sent words, with !r", "corrected", edit(SAM_1, new(f"!r {OUTSIDE}"), SAM)),
    agents("an agent's edit into a command", "inside hinted untouched", edit(SAM_1, new(f"!close {INSIDE}"), SAM)),
    agents("an agent's edit into a note", "inside hinted untouched", edit(SAM_1, new(f"!note {INSIDE}"), SAM)),
    agents("an agent's edit of a note", "inside unshown", edit(NOTE_1, new(INSIDE), ALEX)),
    agents("an agent's edit of a note, with !r", "inside hinted", edit(NOTE_1, new(f"!r {INSIDE}"), ALEX)),
    agents("an agent's edit of a colleague's words", "unheard inside", edit(SAM_1, new(INSIDE), ALEX)),
    agents("an agent's edit of the card", "unheard inside untouched", edit(CARD_1, new(INSIDE), SAM)),
    agents("an edit's words for old clients alone", "inside hinted", in_thread(f"* !r {INSIDE}")),
)

_THREAD_1 = {"rel_type": "m.thread", "event_id": CARD_1}
_ODD_RELATIONS: Mapping[str, object] = {
    "a text": "m.thread", "a list": ["m.thread", CARD_2], "a number": 5, "null": None, "true": True,
    "600 deep": Deep(600), "of a type that is a list": {"rel_type": ["m.thread"], "event_id": CARD_2},
    "to a number": {"rel_type": "m.thread", "event_id": 7}, "to an object": {"rel_type": "m.thread", "event_id": {}},
    "to a long id": {"rel_type": "m.thread", "event_id": "$" + "x" * 3000},
    "to an id with a line break": {"rel_type": "m.thread", "event_id": "$card\n-2"},
    "to a stranger's id": {"rel_type": "m.thread", "event_id": "$nowhere"},
    "with a reply that is a text": {"m.in_reply_to": CARD_2},
    "with a reply to itself": {"m.in_reply_to": {"event_id": "$now"}},
    "with a reply that is 600 deep": {"m.in_reply_to": Deep(600)},
    "with a reply to a path": {"m.in_reply_to": {"event_id": "$../../admin?x=%2F"}},
}  # fmt: skip
RELATIONS = (
    *(marie(f"a relation that is {name}" if " " not in name else f"a relation {name}", "shown", related(SECRET, odd))
      for name, odd in _ODD_RELATIONS.items()),
    *(agents(f"an agent's relation: {name}", "inside unshown", related(INSIDE, odd, SAM))
      for name, odd in _ODD_RELATIONS.items()),
    marie("her words in the thread of Paul's ticket", "shown", in_thread(SECRET, MARIE, CARD_2)),
    marie("her answer to Paul's message", "shown", related(SECRET, {"m.in_reply_to": {"event_id": PAUL_1}})),
    marie("her answer to an agent's note", "shown", related(SECRET, {"m.in_reply_to": {"event_id": NOTE_2}})),
    agents("thread of 1, reply to 2", "inside crossed", in_thread(INSIDE, reply=LINE_2)),
    agents("thread of 2, reply to 1", "inside crossed", in_thread(INSIDE, LEA, CARD_2, LINE_1)),
    agents("thread of 1, !r, reply to 2", "inside crossed", in_thread(f"!r {INSIDE}", reply=CARD_2)),
    agents("thread of 1, !close, reply to 2", "inside crossed untouched", in_thread(f"!close {INSIDE}", reply=LEA_2)),
    agents("a reply to her message in her room", "inside unshown", in_thread(INSIDE, thread=MARIE_1)),
    agents("a reply to the bot's word in her room", "inside unshown", in_thread(INSIDE, thread=TOLD_1)),
    agents("the owner's word in a colleague's thread", "inside noted", in_thread(INSIDE, thread=CARD_2)),
    agents("a thread, with the fall-back as reply", "delivered", related(
        OUTSIDE, {**_THREAD_1, "is_falling_back": True, "m.in_reply_to": {"event_id": LINE_2}}, SAM)),
    Row("another team's agent in this thread", LINES, ("inside", "untouched"), (in_thread(INSIDE, LOU),)),
    Row("another team's !r in this thread", LINES, ("inside", "untouched"), (in_thread(f"!r {INSIDE}", LOU),)),
    Row("another team's hand on this card", LINES, ("inside", "untouched", "unshown"), (mark(CARD_1, LOU),)),
    Row("a stranger's word in her room", MARIES, ("inside", "untouched", "unshown"), (text(FORGED, MALLORY),)),
    Row("Paul's word in her room", MARIES, ("inside", "untouched", "unshown"), (text(FORGED, PAUL),)),
    Row("an agent's !r in her room", MARIES, ("inside", "untouched", "unshown"), (in_thread(f"!r {FORGED}"),)),
)  # fmt: skip

_NO_MENTIONS: Mapping[str, Any] = {
    "a text": "@alex:x.org", "a list": [ALEX], "of users in an object": {"user_ids": {ALEX: 1}},
    "of a room that is a text": {"room": "yes"}, "600 deep": Deep(600),
    "of the bot alone": {"user_ids": [BOT, 5, None]},
}  # fmt: skip
_MENTIONS: Mapping[str, Raw] = {
    "among junk": {"m.mentions": {"user_ids": [5, None, [ALEX], ALEX]}},
    "of 10,000": {"m.mentions": {"user_ids": [f"@u{number}:x.org" for number in range(10_000)]}},
    "of the room": {"m.mentions": {"room": True, "user_ids": "x"}},
    "as a link": {"m.mentions": {}, "formatted_body": _PILL},
}
MENTIONS = (
    *(agents(f"mentions that are {name}", "delivered", in_thread(OUTSIDE, **{"m.mentions": odd}))
      for name, odd in _NO_MENTIONS.items()),
    *(agents(f"a mention {name}", "inside noted", in_thread(INSIDE, **content)) for name, content in _MENTIONS.items()),
    agents("a mention in words", "inside noted", in_thread(f"{INSIDE} @ALEX look")),
    agents("a mention of @room in words", "inside noted", in_thread(f"{INSIDE} @room")),
    agents("60,000 at signs", "inside noted", in_thread(f"{INSIDE} " + "@ " * 30_000)),
    marie("her mention of @room", "shown verbatim", text(f"{SECRET} @room @alex", **{"m.mentions": {"room": True}})),
    agents("!r with a mention", "delivered", in_thread(f"!r {OUTSIDE} @alex")),
)  # fmt: skip

_WORDLESS = {"missing": None, "a number": 7, "a list": [SECRET], "an object": {"body": SECRET}, "600 deep": Deep(600)}
_LONG = {
    "line breaks": "\n" * 60_000, "combining marks": "e" + "\u0301" * 32_000, "U+FDFA": "\ufdfa" * 20_000,
    "one word": "w" * 60_000, "lines": "\nx" * 30_000, "turned round": "\u202e" * 20_000, "unseen": "\u200b" * 20_000,
    "quotes": "\n> " * 20_000, "bangs": "\n! !" * 15_000, "underscores": "_" * 60_000, "brackets": "[" * 60_000,
}  # fmt: skip
_ODD_WORDS = {
    "NUL": "a\x00b", "half a surrogate": "a\ud800b", "escape codes": "\x1b[2J\x1b]0;x\x07",
    "a line of log": "x\nlevel=error fake",
    "templates": "{{7*7}} {0} {name} %s %(x)s ${HOME} {number.__class__}",
    "HTML": "<script>alert(1)</script><img src=x onerror=y>", "SQL": "'; DROP TABLE ticket; --",
    "Markdown": "[a](javascript:x) **b** ![c](http://x) `d`", "a card": "\n🟢 #1 · taken",
    "turned round": "\u202egnp.exe\u202c\u2066x", "unseen": "\u200b\u2060\ufeff",
    "a line separator": "a\u2028!close\u2029b\x85c",
}  # fmt: skip
BODIES = (
    *(marie(f"a body that is {name}", "unheard", text(body)) for name, body in _WORDLESS.items()),
    *(marie(f"words of {body!r}", "", text(body)) for body in ("", " \n\t ", "\u200b\u200d\ufeff", "\x00", "\ud800")),
    *(marie(f"very long: {name}", "shown", text(f"{SECRET} {long}")) for name, long in _LONG.items()),
    *(marie(f"odd words: {name}", "shown verbatim", text(f"{SECRET} {odd}")) for name, odd in _ODD_WORDS.items()),
    *(marie(f"an agent's command of hers: {word}", "shown verbatim", text(f"{word} {SECRET}"))
      for word in ("!r", "!close", "!note", "!claim", "!release", "!reopen", "!learn", "!help", "！close")),
    *(agents(f"very long, by the owner: {name}", "delivered", in_thread(f"{OUTSIDE} {long}"))
      for name, long in _LONG.items() if name != "bangs"),
    agents("more lines with a bang than are looked at", "inside", in_thread(f"{INSIDE} {_LONG['bangs']}")),
)  # fmt: skip

_SPOKEN = ("!r {}", "!R {}", "！r {}", "\u200b!r {}", "!r\u00a0{}", "!r\n{}", "\u202e!r {}", "! r {}", "!r: {}")
_STAY = (
    "> !r {}", "{}\n!r x", "- !note {}", "*!note* {}", "❗note {}", "!nota {}", "!r {}\n!note x", "helpbot: !note {}",
    "!rr {}", "!r\u0301 {}", "{}\u2028!note x", "!" + "x" * 30_000 + " {}", "!r", "!note", "!note \u200b",
    "!\u200dr {}",
)  # fmt: skip
COMMANDS = (
    *(agents(f"spoken: {form!r:.40}", "delivered", in_thread(form.format(OUTSIDE))) for form in _SPOKEN),
    *(agents(f"kept: {form!r:.40}", "inside hinted untouched", in_thread(form.format(INSIDE))) for form in _STAY),
    *(agents(f"a bang before a sign: {form!r}", "delivered", in_thread(form.format(OUTSIDE)))
      for form in ("!!! {}", "!? {}")),
    agents("!close and 60 kB", "delivered", in_thread(f"!close {OUTSIDE} " + "long " * 12_000)),
    agents("!claim of somebody", "inside untouched", in_thread(f"!claim @marie:x.org {INSIDE}")),
    agents("!reopen of an open ticket", "inside hinted untouched", in_thread(f"!reopen {INSIDE}")),
    agents("!release by a colleague", "inside", in_thread(f"!release {INSIDE}", ALEX)),
    agents("!claim of a held ticket", "inside hinted untouched", in_thread(f"!claim {INSIDE}", ALEX)),
    agents("!note and 60 kB", "inside noted", in_thread(f"!note {INSIDE} " + "long " * 12_000)),
    agents("!learn and 60 kB", "inside hinted", in_thread("!learn " + "x" * 60_000)),
    agents("!learn of a pattern", "inside hinted", in_thread("!learn %s{0}{{entry}}")),
    agents("!close in no thread", "inside hinted untouched", text(f"!close {INSIDE}", SAM)),
    agents("a quotation made up", "delivered", in_thread(_QUOTE + OUTSIDE, reply=LINE_1)),
    agents("!note under a quotation", "inside noted", in_thread(f"{_QUOTE}!note {INSIDE}", reply=LINE_1)),
    agents("HTML that says more", "delivered", in_thread(OUTSIDE, formatted_body=f"<script>1</script><b>{INSIDE}")),
    agents("HTML that is a number", "delivered", in_thread(OUTSIDE, formatted_body=7, format=[])),
)  # fmt: skip

_NO_TYPES: tuple[object, ...] = (None, 5, ["m.text"], {}, "m.notice", "m.server_notice", "m.bad.encrypted")
_NO_KINDS: tuple[object, ...] = (
    None, 5, [], "", "m.room.redaction", "org.x", "m.call.invite", "m.room.message\x00", "x" * 500,
)  # fmt: skip
_FILE: Raw = {"msgtype": "m.file", "body": SECRET}
KINDS = (
    *(marie(f"a message of type {kind!r}", "unheard", event({"msgtype": kind, "body": FORGED}))
      for kind in _NO_TYPES),
    agents("an agent's notice", "unheard inside", event({"msgtype": "m.notice", "body": f"!r {INSIDE}"}, SAM)),
    marie("a message of a type unheard of", "shown", event({"msgtype": "org.x", "body": SECRET})),
    marie("a picture without an address", "shown", event({**_FILE, "msgtype": "m.image"})),
    marie("a file with broken keys", "shown", event({**_FILE, "file": {"key": 5, "url": Deep(90)}, "info": [1]})),
    marie("a file with a caption", "shown", event({**_FILE, "filename": "../../etc/passwd\x00\u202e"})),
    marie("a file whose name is a list", "shown", event({**_FILE, "filename": [FORGED]})),
    marie("a place", "shown", event({"msgtype": "m.location", "body": SECRET, "geo_uri": "geo:1,2"})),
    marie("a sticker", "shown", event({"body": SECRET, "url": 5}, kind="m.sticker")),
    marie("a sticker of nothing", "", event({}, kind="m.sticker")),
    marie("a poll", "", event({"question": Deep(300)}, kind="m.poll.start")),
    agents("an agent's file", "inside crossed", event({**_FILE, "body": INSIDE, "m.relates_to": _THREAD_1}, SAM)),
    *(marie(f"an event of type {kind!r:.30}", "unheard", event({"msgtype": "m.text", "body": FORGED}, kind=kind))
      for kind in _NO_KINDS),
    *(marie(f"a state event: {kind} {key!r}", "unheard", event({**new(FORGED), **more}, kind=kind, state_key=key))
      for kind, key, more in (
          ("m.room.message", "", {}), ("m.room.message", 5, {}), ("m.room.tombstone", "", {"replacement_room": DESK}),
          ("m.room.name", "", {"name": FORGED}), ("m.room.power_levels", "", {"users": 5}), ("m.sticker", [], {}),
          ("m.room.join_rules", "", {"join_rule": ["public"]}), ("m.room.encryption", "", {"algorithm": ["odd"]}))),
    *(marie(f"words that are encrypted: {name}", "", event(content, kind="m.room.encrypted")) for name, content in (
        ("nothing", {}), ("a list", [FORGED]), ("a number", 5), ("a bad text", {"algorithm": "m.megolm.v1.aes-sha2",
         "ciphertext": "!", "session_id": [], "sender_key": 5, "device_id": {}}), ("odd", {"algorithm": Deep(5)}))),
    *(marie(f"words that are encrypted, {levels} deep", "", event({"x": Deep(levels)}, kind="m.room.encrypted"))
      for levels in (40, 200, 600)),
)  # fmt: skip

_IDS: tuple[object, ...] = (
    None, 5, ["$now"], {}, "", "$", "now", "$no\nw", "$no\x00w", "$\u202enow", "$\ud800", "$" + "x" * 255,
)  # fmt: skip
_SENDERS: tuple[object, ...] = (
    None, 5, ["@marie:x.org"], {}, "", "@marie", "marie:x.org", BOT, "@" + "m" * 300 + ":x.org",
)  # fmt: skip
_TIMES: tuple[object, ...] = (None, -5, 10**18, 10**400, 1e300, float("inf"), float("nan"), "now", [], True, 0)
_NO_CONTENTS: tuple[object, ...] = (None, 5, [FORGED], FORGED, {})
_NO_MEMBERS: tuple[object, ...] = (5, "", [], "x", BOT, "@", DESK)
ENVELOPES = (
    marie("no id", "unheard", without("event_id", text(FORGED))),
    marie("no sender", "unheard", without("sender", text(FORGED))),
    marie("no time", "shown", without("origin_server_ts", text(SECRET))),
    marie("no content", "unheard", without("content", text(FORGED))),
    *(marie(f"an id that is {ref!r:.20}", "unheard", {**text(FORGED), "event_id": ref}) for ref in _IDS),
    *(marie(f"a sender that is {who!r:.20}", "unheard", {**text(FORGED), "sender": who}) for who in _SENDERS),
    marie("a sender of signs", "unshown", {**text(FORGED), "sender": "@:\n\x00\u202e"}),
    *(marie(f"a time that is {time!r:.20}", "shown", {**text(SECRET), "origin_server_ts": time}) for time in _TIMES),
    *(marie(f"content that is {content!r}", "unheard", {**text(FORGED), "content": content})
      for content in _NO_CONTENTS),
    *(marie(f"more about it that is {more!r}", "shown", text(SECRET) | {"unsigned": more, "room_id": DESK, "age": []})
      for more in (None, 5, [1], "x", {"redacted_because": 5, "transaction_id": []})),
    marie("one id with two contents", "shown", text(SECRET), text(FORGED)),
    marie("one event three times", "shown", text(SECRET), text(SECRET), text(SECRET)),
    marie("the id of Paul's card", "shown", text(SECRET) | {"event_id": CARD_2}),
    marie("the id of her own first word", "unshown", text(FORGED) | {"event_id": MARIE_1}),
    agents("!close under the id of Paul's card", "delivered", in_thread(f"!close {OUTSIDE}") | {"event_id": CARD_2}),
    agents("!r twice under one id", "delivered", in_thread(f"!r {OUTSIDE}"), in_thread(f"!r {OUTSIDE}")),
    agents("!r in two threads under one id", "delivered", in_thread(f"!r {OUTSIDE}"),
           in_thread(f"!r {OUTSIDE}", thread=CARD_2)),
)  # fmt: skip

_MEMBERSHIPS: tuple[object, ...] = ("dance", 5, None, "", Deep(50), [], {"a": 1})
_KEYS: tuple[object, ...] = (None, 5, ["✋"], {}, "", "✋" * 5_000, "✊", "\u200b✋", "👎")
MEMBERS_AND_MARKS = (
    *(marie(f"a membership of {odd!r}", "", member(MALLORY, odd)) for odd in _MEMBERSHIPS),
    *(marie(f"a member that is {who!r}", "", member(who, "join")) for who in _NO_MEMBERS),
    marie("a stranger who never came", "", member(MALLORY, "join")),
    marie("the bot's own coming, once more", "", member(BOT, "join", BOT)),
    agents("a stranger's coming to the agents", "inside unshown untouched", member(MALLORY, "join")),
    agents("a membership before that is a list", "inside unshown untouched", member(SAM, "leave", before=["join"])),
    agents("a stranger's hand on the card", "inside unshown untouched", mark(CARD_1, MALLORY)),
    agents("a stranger's !r", "inside crossed untouched", in_thread(f"!r {INSIDE}", MALLORY)),
    agents("a stranger's !close", "inside crossed untouched", in_thread(f"!close {INSIDE}", MALLORY)),
    agents("Marie's !close among the agents", "inside crossed untouched", in_thread(f"!close {INSIDE}", MARIE)),
    agents("a customer's word in Paul's thread", "inside crossed untouched", in_thread(INSIDE, MARIE, CARD_2)),
    agents("a hand under the bot's name", "unheard inside untouched", mark(CARD_2, BOT)),
    agents("a hand on a line", "inside unshown untouched", mark(LINE_2, SAM)),
    agents("a hand on an id that is none", "unheard inside untouched", mark([CARD_2], SAM)),
    *(agents(f"a mark that is {key!r:.20}", "inside unshown untouched", mark(CARD_2, SAM, key)) for key in _KEYS),
    marie("her hand on her own card", "unshown", mark(CARD_1, MARIE)),
    marie("her hand on a word of the bot", "unshown", mark(TOLD_1, MARIE)),
    marie("a mark of another kind", "unheard", event({"m.relates_to": replaces(CARD_1)}, kind="m.reaction")),
)  # fmt: skip

ROWS = (*EDITS, *RELATIONS, *MENTIONS, *BODIES, *COMMANDS, *KINDS, *ENVELOPES, *MEMBERS_AND_MARKS)
