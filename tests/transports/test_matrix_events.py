"""Raw Matrix events → Incoming, for every JSON that anybody may send."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpbot.transports.base import Incoming, Kind, TryLater
from helpbot.transports.matrix_events import Place, incoming, shown_name, undecryptable, without_quote
from helpbot.transports.matrix_http import Backoff, LoginGone, Refused, fault, path

BOT, LEA, ZOE = "@helpbot:x.org", "@lea:x.org", "@zoe.m:x.org"
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PEOPLE = {BOT: "Helpbot", LEA: "Lea", ZOE: "Zoé Martin"}
DESK = Place("!desk:x.org", BOT, NOW, "mobile", PEOPLE)
DIRECT = replace(DESK, room="!dm:x.org", team=None)


def event(content: object, kind: str = "m.room.message", sender: object = LEA, **more: object) -> dict[str, object]:
    base = {"event_id": "$e", "origin_server_ts": 1_700_000_000_000, "type": kind, "sender": sender}
    return {**base, "content": content, **more}


def text(body: object, **more: object) -> dict[str, object]:
    return event({"msgtype": "m.text", "body": body, **more})


def read(raw: dict[str, object], place: Place = DESK) -> Incoming:
    found = incoming(raw, place)
    assert found is not None
    return found


def test_a_text_is_heard_as_it_was_written() -> None:
    found = read(text("  hello\n**you**  "))
    assert found == Incoming(
        "$e", Kind.SAID, "!desk:x.org", LEA, "Lea", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
        text="  hello\n**you**  ", team="mobile",
    )  # fmt: skip


@pytest.mark.parametrize(
    "raw",
    [
        event({"msgtype": "m.notice", "body": "I am a bot"}),
        event({"msgtype": "m.text", "body": "mine"}, sender=BOT),
        event({"msgtype": "m.key.verification.request", "body": "verify"}),
        event({"msgtype": "m.text"}),
        event({}),
        event({"name": "x"}, kind="m.room.name", state_key=""),
        event({"msgtype": "m.text", "body": "a state"}, state_key=""),
        event({"membership": "join"}, kind="m.room.member", state_key=LEA),
        event({"msgtype": "m.text", "body": "x"}, event_id=5),
        event({"msgtype": "m.text", "body": "x"}, sender=["@a:b"]),
        event({"algorithm": "m.megolm.v1.aes-sha2"}, kind="m.room.encrypted"),
        text("* new", **{"m.relates_to": {"rel_type": "m.replace", "event_id": "$old"}}),
        text("* new", **{"m.relates_to": {"rel_type": "m.replace", "event_id": 5}, "m.new_content": {}}),
        event({"m.relates_to": {"rel_type": "m.annotation", "event_id": "$x"}}, kind="m.reaction"),
        event({"m.relates_to": ["m.annotation"]}, kind="m.reaction"),
    ],
)
def test_what_is_not_said_by_somebody_else_is_nothing(raw: dict[str, object]) -> None:
    assert incoming(raw, DESK) is None


@pytest.mark.parametrize(
    ("content", "attachment", "words"),
    [
        ({"msgtype": "m.image", "body": "bill.png"}, "bill.png", ""),
        ({"msgtype": "m.file", "body": "see this", "filename": "bill.pdf"}, "bill.pdf", "see this"),
        ({"msgtype": "m.audio", "body": "", "file": {"url": "mxc://x"}}, "audio", ""),
        ({"msgtype": "m.video", "body": 5}, "video", ""),
        ({"msgtype": "m.location", "body": "Louvain-la-Neuve"}, None, "📍 Louvain-la-Neuve"),
        ({"msgtype": "m.location", "body": "the shop", "geo_uri": "geo:1,2"}, None, "📍 the shop (geo:1,2)"),
        ({"msgtype": "m.location", "body": "at geo:1,2", "geo_uri": "geo:1,2"}, None, "📍 at geo:1,2"),
        ({"msgtype": "m.location", "body": [], "geo_uri": "geo:1,2"}, None, "📍 geo:1,2"),
        ({"msgtype": "m.file", "body": "a\u202egnp\nx" + "y" * 500}, "agnpx" + "y" * 95, ""),
        ({"msgtype": "org.unknown", "body": "shown instead"}, None, "shown instead"),
        ({"msgtype": "org.unknown"}, "org.unknown", ""),
    ],
)
def test_files_are_named(content: dict[str, object], attachment: str | None, words: str) -> None:
    found = read(event(content))
    assert (found.attachment, found.text) == (attachment, words)


@pytest.mark.parametrize("kind", ["m.sticker", "m.poll.start", "org.matrix.msc3381.poll.start"])
def test_stickers_and_polls_belong_to_the_thread_they_were_sent_in(kind: str) -> None:
    thread = {"rel_type": "m.thread", "event_id": "$root", "m.in_reply_to": {"event_id": "$line"}}
    found = read(event({"body": "cat", "m.relates_to": thread}, kind=kind))
    assert (found.thread, found.reply_to) == ("$root", "$line")


def test_stickers_and_polls_are_named() -> None:
    assert read(event({"body": "cat"}, kind="m.sticker")).attachment == "cat"
    assert read(event({}, kind="org.matrix.msc3381.poll.start")).attachment == "poll"
    question = {"org.matrix.msc1767.text": "Which\nday?"}
    found = read(event({"org.matrix.msc3381.poll.start": {"question": question}}, kind="org.matrix.msc3381.poll.start"))
    assert (found.attachment, found.text) == ("poll", "Which day?")
    found = read(event({"m.poll.start": {"question": {"m.text": [5, {"body": "Which?"}]}}}, kind="m.poll.start"))
    assert (found.attachment, found.text) == ("poll", "Which?")


def test_relations_are_kept() -> None:
    thread = {"rel_type": "m.thread", "event_id": "$root", "m.in_reply_to": {"event_id": "$last"}}
    found = read(text("x", **{"m.relates_to": {**thread, "is_falling_back": True}}))
    assert (found.thread, found.reply_to) == ("$root", None)
    found = read(text("x", **{"m.relates_to": thread}))
    assert (found.thread, found.reply_to) == ("$root", "$last")
    found = read(text("x", **{"m.relates_to": {"m.in_reply_to": {"event_id": "$last"}}}))
    assert (found.thread, found.reply_to) == (None, "$last")
    replaced = {"m.relates_to": {"rel_type": "m.replace", "event_id": "$old"}, "m.new_content": text("new")["content"]}
    found = read(text("* new", **replaced))
    assert (found.edits, found.text, found.reply_to) == ("$old", "new", None)
    marked = {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$root", "key": "👍"}}
    found = read(event(marked, kind="m.reaction"))
    assert (found.kind, found.target, found.symbol) == (Kind.REACTED, "$root", "👍")


def test_a_mark_is_no_longer_than_a_word() -> None:
    marked = {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$root", "key": "👍" * 500}}
    found = read(event(marked, kind="m.reaction"), DIRECT)
    assert (found.kind, found.team, found.target, found.symbol) == (Kind.REACTED, None, "$root", "👍" * 32)


@pytest.mark.parametrize(
    "relation", ["m.thread", ["m.thread"], 5, None, {"rel_type": {}, "event_id": []}, {"m.in_reply_to": "$x"}]
)
def test_odd_relations_are_no_relation(relation: object) -> None:
    found = read(text("x", **{"m.relates_to": relation}))
    assert (found.text, found.thread, found.reply_to, found.edits) == ("x", None, None, None)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("> <@a:b> old words\n\nnew", "new"),
        ("> <@a:b> old\n> words\n>\n> more\n\nnew\n\nlines", "new\n\nlines"),
        ("> * <@a:b> waves\n\nnew", "new"),
        ("> <@a:b> without an end", "> <@a:b> without an end"),
        ("> <@a:b> old\nnot quoted\n\nnew", "> <@a:b> old\nnot quoted\n\nnew"),
        ("> a quotation of hers\n\nnew", "> a quotation of hers\n\nnew"),
        ("", ""),
    ],
)
def test_only_a_well_formed_quotation_is_taken_off_a_reply(body: str, shown: str) -> None:
    assert without_quote(body) == shown
    reply = {"m.relates_to": {"m.in_reply_to": {"event_id": "$x"}}}
    assert read(text(body, **reply)).text == shown
    assert read(text(body)).text == body


@pytest.mark.parametrize(
    ("content", "mentioned"),
    [
        ({"m.mentions": {"user_ids": [ZOE]}}, True),
        ({"m.mentions": {"room": True}}, True),
        ({"m.mentions": {"user_ids": [BOT, LEA]}}, False),
        ({"m.mentions": {"user_ids": "all"}}, False),
        ({"m.mentions": ["@x:y"]}, False),
        ({"formatted_body": f'<a href="https://matrix.to/#/{ZOE}">Z</a>'}, True),
        ({"formatted_body": '<a href="https://matrix.to/#/%40zoe.m%3Ax.org">Z</a>'}, True),
        ({"formatted_body": '<a href="matrix:u/zoe.m:x.org">Z</a>'}, True),
        ({"formatted_body": f'<a href="https://matrix.to/#/{BOT}">bot</a>'}, False),
        ({"body": f"{ZOE} look"}, True),
        ({"body": "@someone:else.where look"}, True),
        ({"body": "ask @ZOE.M please"}, True),
        ({"body": "ask @zoé martin"}, True),
        ({"body": "@room"}, True),
        ({"body": f"{BOT}: hello"}, False),
        ({"body": "mail zoe.m@x.org or a@zoe.m"}, False),
        ({"body": "@lea that is me"}, False),
        ({"body": "at 5 @ the shop"}, False),
        ({"body": "@" * 40}, False),
        ({"body": "@x " * 51}, True),
    ],
)
def test_when_somebody_may_be_mentioned_it_is_a_mention(content: dict[str, object], mentioned: bool) -> None:
    assert read(text(content.pop("body", "hello"), **content)).mentions is mentioned


SAM, OTHER, SAMUEL = "@sam:x.org", "@Sam:y.org", "@samuel:x.org"
MANY = replace(DESK, people={**PEOPLE, SAM: "Alex", OTHER: "Sam Two", SAMUEL: "alex", "@gone": "Gone"})


@pytest.mark.parametrize(
    ("content", "mentioned"),
    [
        ({"m.mentions": {"user_ids": [ZOE, "@away:x.org", 5, BOT, LEA, SAM, ZOE]}}, [ZOE, SAM]),
        ({"m.mentions": {"room": True}}, []),
        ({"formatted_body": f'<a href="https://matrix.to/#/{OTHER}">S</a>'}, [OTHER]),
        ({"formatted_body": '<a href="https://matrix.to/#/%40zoe.m%3Ax.org">Z</a>'}, [ZOE]),
        ({"formatted_body": '<a href="matrix:u/zoe.m:x.org">Z</a>'}, [ZOE]),
        ({"formatted_body": '<a href="https://matrix.to/#/@away:x.org">A</a>'}, []),
        ({"body": f"{OTHER}: look"}, [OTHER]),
        ({"body": "@SAM:X.ORG, look"}, [SAM]),
        ({"body": "@sam:z.org look"}, []),
        ({"body": "ask @zoé martin."}, [ZOE]),
        ({"body": "ask (@Zoe.M), @sam two's room"}, [ZOE, OTHER]),
        ({"body": "ask @sam"}, [SAM, OTHER]),
        ({"body": "ask @ALEX!"}, [SAM, SAMUEL]),
        ({"body": "ask @samu, @sam.u and @sam-marie"}, []),
        ({"body": "@samuel, then @sam"}, [SAMUEL, SAM, OTHER]),
        ({"body": "@room @lea @helpbot mail@sam"}, []),
        ({"body": "@x " * 51 + "@sam"}, []),
        ({"body": "@sam", "m.mentions": {"user_ids": [ZOE]}}, [ZOE, SAM, OTHER]),
    ],
)
def test_whom_of_the_members_a_message_mentions_is_told(content: dict[str, object], mentioned: list[str]) -> None:
    found = read(text(content.pop("body", "hello"), **content), MANY)
    assert [user for user, _ in found.mentioned] == mentioned
    assert all(name == shown_name(MANY.people[user], user) for user, name in found.mentioned)


def test_a_mention_in_a_correction_counts() -> None:
    new = {"msgtype": "m.text", "body": "new", "m.mentions": {"user_ids": [ZOE]}}
    raw = text("* new", **{"m.relates_to": {"rel_type": "m.replace", "event_id": "$old"}, "m.new_content": new})
    assert read(raw).mentions
    assert read(raw).mentioned == ((ZOE, "Zoé Martin"),)


def test_a_customer_mentions_nobody() -> None:
    found = read(text(f"{ZOE} @zoe.m", **{"m.mentions": {"user_ids": [ZOE]}}), DIRECT)
    assert (found.mentions, found.mentioned) == (False, ())


def test_a_stranger_in_an_agents_room_is_no_member() -> None:
    assert not read({**text("x"), "sender": "@gone:x.org"}).member
    assert read({**text("x"), "sender": "@gone:x.org"}, DIRECT).member


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Lea", "Lea"),
        ("", "lea"),
        (None, "lea"),
        (["Lea"], "lea"),
        ("\u202eevil\u200b\x00", "evil"),
        (" a \n b ", "a b"),
        ("\u2066\u2069", "lea"),
        ("x" * 500, "x" * 80),
    ],
)
def test_a_shown_name_is_one_visible_line(name: object, shown: str) -> None:
    assert shown_name(name, LEA) == shown


@pytest.mark.parametrize("stamp", [None, -1, 10**30, "now", True and 10**17, 1.5e300, float("nan")])
def test_an_impossible_time_is_now(stamp: object) -> None:
    assert read(event({"msgtype": "m.text", "body": "x"}, origin_server_ts=stamp)).at == NOW


def test_undecryptable_words_have_an_id_of_their_own() -> None:
    found = undecryptable(event({"algorithm": "m.megolm.v1.aes-sha2"}, kind="m.room.encrypted"), DIRECT)
    assert found is not None
    assert (found.id, found.kind, found.attachment, found.text) == ("$e:undecryptable", Kind.SAID, "undecryptable", "")


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20)
known = st.sampled_from(
    [
        "$e",
        "$x",
        LEA,
        BOT,
        "m.text",
        "m.image",
        "m.thread",
        "m.replace",
        "m.annotation",
        "> <@a:b> q\n\nnew",
        "@room",
        True,
    ]
)
json_values = st.recursive(
    scalars | known, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
FIELDS = [
    "msgtype",
    "body",
    "formatted_body",
    "filename",
    "url",
    "file",
    "info",
    "m.mentions",
    "m.new_content",
    "m.relates_to",
    "rel_type",
]
MORE_FIELDS = ["event_id", "key", "m.in_reply_to", "is_falling_back", "user_ids", "room"]
fields = st.sampled_from([*FIELDS, *MORE_FIELDS])
contents = st.recursive(
    st.dictionaries(fields, scalars | known | json_values, max_size=5),
    lambda inner: st.dictionaries(fields, inner | known | scalars, max_size=6),
    max_leaves=12,
)
KINDS = ["m.room.message", "m.reaction", "m.sticker", "m.room.encrypted", "m.poll.start"]
types = st.sampled_from(KINDS) | json_values


@settings(max_examples=400)
@given(st.fixed_dictionaries({}, optional={
    "type": types, "content": contents | json_values, "event_id": known | json_values, "sender": known | json_values,
    "origin_server_ts": json_values, "unsigned": json_values, "state_key": scalars,
}), st.sampled_from([DESK, DIRECT, replace(DIRECT, public="#help:x.org")]))  # fmt: skip
def test_no_json_makes_it_raise(raw: dict[str, object], place: Place) -> None:
    for found in (incoming(raw, place), undecryptable(raw, place)):
        if found is not None:
            assert found.sender not in {BOT, ""}
            assert {user for user, _ in found.mentioned} <= PEOPLE.keys() - {BOT, found.sender}
            assert found.mentions or not found.mentioned
            assert found.public == place.public
            for value in (found.id, found.name, found.text, found.symbol, found.attachment or ""):
                value.encode()
            for ref in (found.thread, found.reply_to, found.target, found.edits):
                assert ref is None or (isinstance(ref, str) and ref.startswith("$"))


@settings(max_examples=200)
@given(contents)
def test_a_message_never_turns_into_more_than_its_own_words(content: dict[str, Any]) -> None:
    found = incoming(event({"msgtype": "m.text", **content}), DESK)
    if found is not None and found.edits is None and isinstance(content.get("body"), str):
        assert found.text in content["body"].encode("utf-8", "replace").decode()


@pytest.mark.parametrize(
    "unit", ["@", "@a", "> ", "> <@a:b> \n", "matrix.to/#/@", "@a:", "é", "\u0301", "@zoé marti", "a\n\n"]
)
def test_the_longest_message_is_read(unit: str) -> None:
    long = unit * (60_000 // len(unit.encode()))
    many = {**PEOPLE, **{f"@user{number}:x.org": f"User Number {number}" for number in range(300)}}
    reply = {"m.relates_to": {"m.in_reply_to": {"event_id": "$x"}}}
    raw = text(long, formatted_body=long, **reply)
    found = incoming(raw, replace(DESK, people=many))  # backtracking would run into the test's time limit
    assert found is None or len(found.text) <= len(long)


# --- what HTTP answers mean


@pytest.mark.parametrize(
    ("status", "headers", "answer", "seconds"),
    [
        (429, {}, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 1500}, 1.5),
        (429, {"Retry-After": "7"}, {"errcode": "M_LIMIT_EXCEEDED"}, 7.0),
        (429, {"Retry-After": "99999999"}, None, 300.0),
        (429, {}, {"retry_after_ms": -5}, None),  # no wait at all is a busy loop: our own back-off holds
        (429, {"Retry-After": "soon"}, {"retry_after_ms": "soon"}, None),
        (502, {}, None, None),
        (404, {}, None, None),
        (200, {}, None, None),
        (500, {}, {"errcode": "M_UNKNOWN"}, None),
    ],
)
def test_what_may_pass_is_tried_later(
    status: int, headers: dict[str, str], answer: object, seconds: float | None
) -> None:
    found = fault(status, headers, answer)
    assert isinstance(found, TryLater)
    assert found.after == (None if seconds is None else timedelta(seconds=seconds))


def test_a_refusal_is_final_and_a_lost_login_is_known() -> None:
    refused = fault(403, {}, {"errcode": "M_FORBIDDEN", "error": "no"})
    assert isinstance(refused, Refused)
    assert refused.code == "M_FORBIDDEN"
    assert isinstance(fault(413, {}, None), Refused)
    gone = fault(401, {}, {"errcode": "M_UNKNOWN_TOKEN", "soft_logout": True})
    assert isinstance(gone, LoginGone)
    assert gone.soft


@given(st.integers(200, 599), st.dictionaries(st.sampled_from(["Retry-After"]), st.text()), json_values | contents)
def test_no_answer_of_a_server_makes_it_raise(status: int, headers: dict[str, str], answer: object) -> None:
    found = fault(status, headers, answer)
    assert not isinstance(found, TryLater) or found.after is None or timedelta() <= found.after <= timedelta(minutes=5)


def test_the_waits_grow_and_are_never_short() -> None:
    backoff = Backoff("test")
    waits = [backoff.next_wait("away") for _ in range(8)]
    assert waits == sorted(waits[:5]) + waits[5:]
    assert 1 <= waits[0] < 1.3
    assert all(30 <= wait <= 37.5 for wait in waits[5:])
    assert backoff.next_wait("away", timedelta(seconds=100)) == 100
    backoff.worked()
    assert backoff.next_wait("away") < 1.3


def test_no_id_leads_to_another_path() -> None:
    assert path("rooms", "../../x?y#z", "send") == "/_matrix/client/v3/rooms/..%2F..%2Fx%3Fy%23z/send"
    json.dumps(path("😀"))


HALL = replace(DIRECT, room="!hall:x.org", public="#help:x.org", agents={ZOE}, may_open=lambda user: user == LEA)


@pytest.mark.parametrize(
    ("raw", "addressed", "mentions"),
    [
        (text("how does Zoé Martin do it?"), False, False),
        (text("helpbot: how?"), True, False),
        (text(f"{BOT} how?"), True, False),
        (text("how?", **{"m.mentions": {"user_ids": [BOT]}}), True, False),
        (text("how?", **{"m.mentions": {"user_ids": [BOT, ZOE]}}), True, True),
        (text("how?", **{"m.mentions": {"user_ids": [LEA]}}), False, False),
        (text("how?", **{"m.mentions": {"room": True}}), False, True),
        (text("how?", **{"m.mentions": "all"}), False, False),
        (text("how?", formatted_body=f'<a href="https://matrix.to/#/{ZOE}">Zoé</a> how?'), False, True),
        (text(f"ask {ZOE}."), False, True),
        (text("helpbots are fun"), False, False),
        (text(""), False, False),
    ],
)
def test_in_a_help_room_only_who_is_really_called_is(raw: dict[str, object], addressed: bool, mentions: bool) -> None:
    found = read(raw, HALL)
    assert (found.public, found.addressed, found.mentions) == ("#help:x.org", addressed, mentions)
    assert (found.reachable, found.agent, found.member, found.team) == (True, False, True, None)


def test_in_a_help_room_agents_are_known_and_elsewhere_nobody_is_public() -> None:
    found = read({**text("how?"), "sender": ZOE}, HALL)
    assert (found.reachable, found.agent) == (False, True)
    for place in (DESK, DIRECT):
        assert read(text("how?"), place).public is None
