"""Content → the JSON of a Matrix event: whom it mentions, and how much it holds."""

from __future__ import annotations

from helpbot.core.effects import Called, Literal, Picture, Strong
from helpbot.transports.matrix_content import correction, message, with_picture

SAM, ALEX = Called("@sam:x.org", "Sam"), Called("@alex:x.org", "Alex")


def test_a_message_mentions_whom_it_calls_and_nobody_else() -> None:
    called = message((Literal("@zoe:x.org"), SAM, ALEX, SAM, Called("@zoe", "Zoé")), "$root", encrypted=False)
    assert called["m.mentions"] == {"user_ids": ["@sam:x.org", "@alex:x.org"]}
    assert message((Strong("@sam:x.org @room"),), None, encrypted=False)["m.mentions"] == {}


def test_a_call_outlives_html_that_has_no_room() -> None:
    long = message((SAM, Strong("é" * 25_000)), None, encrypted=False)
    assert "formatted_body" not in long
    assert long["m.mentions"] == {"user_ids": ["@sam:x.org"]}


def test_a_correction_tells_whom_the_message_mentions_and_disturbs_nobody() -> None:
    event = correction((Literal("#7"), SAM), "$card", encrypted=True)
    assert event["m.mentions"] == {}
    assert event["m.new_content"]["m.mentions"] == {"user_ids": ["@sam:x.org"]}


def test_a_message_with_a_picture_has_its_words_for_a_caption() -> None:
    chart = Picture("a\nb\ud800.png", "words", "")
    event = with_picture(message((Strong("c"), chart), "$root", encrypted=False), chart, {"url": "mxc://x/y"})
    assert event == {
        "msgtype": "m.image",
        "body": "c\nwords",
        "format": "org.matrix.custom.html",
        "formatted_body": "<p><strong>c</strong><br>words</p>",
        "filename": "a b\ufffd.png",
        "url": "mxc://x/y",
        "m.mentions": {},
        "m.relates_to": event["m.relates_to"],
    }
    assert event["m.relates_to"]["event_id"] == "$root"


def test_a_picture_without_a_name_gets_one() -> None:
    chart = Picture(" ", "", "")
    event = with_picture(message((chart,), None, encrypted=False), chart, {})
    assert event["body"] == event["filename"] == "picture.png"
