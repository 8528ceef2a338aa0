"""Files in Matrix events: what is taken from whatever somebody wrote, and what is said of a file that goes on."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpbot.core.effects import Literal, Quoted
from helpbot.core.model import Attachment
from helpbot.transports.base import Incoming
from helpbot.transports.matrix_content import message, with_file
from helpbot.transports.matrix_events import Place, incoming
from helpbot.transports.matrix_files import (
    NAME_LENGTH,
    SOURCE_LENGTH,
    beside_file,
    file_name,
    media_type,
    shown,
    source_in,
    source_of,
    source_text,
)

KEY, IV, HASH = "A" * 43, "A" * 11 + "AAAAAAAAAAA", "B" * 43
URL = "mxc://x.org/abc_DEF-1"


def sealed(**changes: Any) -> dict[str, Any]:
    """Return how an event says where an encrypted file lies."""
    key = {"kty": "oct", "alg": "A256CTR", "ext": True, "k": KEY, "key_ops": ["encrypt", "decrypt"]}
    return {"v": "v2", "url": URL, "key": key, "iv": IV, "hashes": {"sha256": HASH}} | changes


def came(content: dict[str, Any], kind: str = "m.room.message") -> Incoming:
    event = {"type": kind, "event_id": "$e", "sender": "@marie:x.org", "content": content}
    found = incoming(event, Place("!room:x.org", "@bot:x.org", datetime(2026, 11, 2, tzinfo=UTC)))
    assert found is not None
    return found


def test_a_picture_comes_with_its_name_caption_and_measures() -> None:
    info = {"mimetype": "image/PNG", "size": 1234, "w": 640, "h": 480.0, "more": "x"}
    found = came({"msgtype": "m.image", "body": "my PUK", "filename": "écran.png", "url": URL, "info": info})
    assert (found.attachment, found.text) == ("écran.png", "my PUK")
    assert found.file is not None
    assert json.loads(found.file.source) == {"url": URL, "info": {"w": 640, "h": 480}}
    assert found.file == Attachment("écran.png", "image", "image/png", 1234, "my PUK", "matrix", found.file.source)


@pytest.mark.parametrize(
    ("content", "kind", "text"),
    [
        ({"msgtype": "m.file", "body": "a.pdf"}, "file", ""),
        ({"msgtype": "m.file", "body": "a.pdf", "filename": "a.pdf"}, "file", ""),
        ({"msgtype": "m.video", "body": "look", "filename": "a.mp4", "formatted_body": "<b>no</b>"}, "video", "look"),
        ({"msgtype": "m.audio", "body": "a.mp3"}, "audio", ""),
        ({"msgtype": "m.audio", "body": "a.ogg", "org.matrix.msc3245.voice": {}}, "voice", ""),
        ({"msgtype": "m.audio", "body": "a.ogg", "m.voice": {}}, "voice", ""),
        ({"msgtype": "m.audio", "body": "a.ogg", "org.matrix.msc1767.audio": {"waveform": [1]}}, "voice", ""),
        ({"msgtype": "m.audio", "body": "a.ogg", "org.matrix.msc1767.audio": {"duration": 1}}, "audio", ""),
        ({"msgtype": "m.audio", "body": "a.ogg", "org.matrix.msc3245.voice": True}, "audio", ""),
    ],
)
def test_what_kind_of_file_it_is(content: dict[str, Any], kind: str, text: str) -> None:
    file = came({**content, "url": URL}).file
    assert file is not None
    assert (file.kind, file.text) == (kind, text)


def test_a_sticker_is_a_file_and_has_no_caption() -> None:
    found = came({"body": "cat", "filename": "cat.webp", "url": URL}, kind="m.sticker")
    assert found.file is not None
    assert (found.attachment, found.text, found.file.kind) == ("cat.webp", "", "sticker")


@pytest.mark.parametrize(
    "url",
    [
        "http://x.org/a.png",
        "https://x.org/a.png",
        "mxc://",
        "mxc:///a",
        "mxc://x.org",
        "mxc://x.org/",
        "mxc://a/b/c",
        "mxc://../a",
        "mxc://x.org/..",
        "mxc://x.org/a/../b",
        "mxc://x.org/a%2Fb",
        "mxc://x.org/a?b",
        "mxc://x.org/a#b",
        "mxc://x.org\\@y.org/a",
        "mxc://me@x.org/a",
        "mxc://x.org:port/a",
        "mxc://x.org/a\n",
        "mxc://é.org/a",
        "MXC://x.org/a",
        "mxc://x.org/" + "a" * 10_000,
        "mxc://" + "x" * 10_000 + "/a",
        "",
        None,
        5,
        ["mxc://x.org/a"],
    ],
)
def test_an_address_that_is_none_leaves_the_name_alone(url: object) -> None:
    for content in ({"url": url}, {"file": sealed(url=url)}):
        found = came({"msgtype": "m.image", "body": "a.png", **content})
        assert (found.attachment, found.file) == ("a.png", None)


@pytest.mark.parametrize("server", ["x.org", "x.org:8448", "[::1]:80", "1.2.3.4", "localhost"])
def test_an_address_may_be_at_any_server(server: str) -> None:
    assert came({"msgtype": "m.image", "body": "a.png", "url": f"mxc://{server}/a"}).file is not None


@pytest.mark.parametrize(
    "file",
    [
        sealed(v="v1"),
        sealed(key=None),
        sealed(key={"alg": "A256CTR", "k": "AAAA"}),
        sealed(key={"alg": "none", "k": KEY}),
        sealed(iv="AAAA"),
        sealed(iv="!" * 22),
        sealed(iv=5),
        sealed(hashes={}),
        sealed(hashes={"sha256": "A" * 100_000}),
        {"url": URL},
        {},
    ],
)
def test_a_seal_that_cannot_be_opened_leaves_the_name_alone(file: dict[str, Any]) -> None:
    found = came({"msgtype": "m.image", "body": "a.png", "file": file, "url": URL})
    assert (found.attachment, found.file) == ("a.png", None)


def test_a_seal_is_kept_as_it_is_padded_or_not() -> None:
    file = came({"msgtype": "m.image", "body": "a.png", "file": sealed(iv=IV + "==", more="x")}).file
    assert file is not None
    assert json.loads(file.source)["file"] == sealed(iv=IV + "==")


@pytest.mark.parametrize(
    ("named", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\a.ini", "a.ini"),
        ("a/b/", "b"),
        ("..", "file"),
        ("/", "file"),
        (" . ", "file"),
        ("\u202egpj.exe", "gpj.exe"),
        ("a\u200b\u200e\u2066b\u2069\x00\x7f\ufeff\u00ad.txt", "ab.txt"),
        ("a\tb\n c.txt", "ab c.txt"),
        (" " * 5000, "file"),
        ("x" * 4000 + ".jpeg", "x" * 95 + ".jpeg"),
        ("../" * 1300 + "x" * 100 + ".pdf", "x" * 96 + ".pdf"),
        ("\u202e" * 4000 + ".pdf", ".pdf"),
        ("x" * 50 + "." + "y" * 4000, "x" * 50 + "." + "y" * 49),
        ("." + "x" * 4000, "." + "x" * 99),
        ("e\u0301cran.png", "e\u0301cran.png"),
        ("\ud800.png", "?.png"),
        (["a.png"], "file"),
    ],
)
def test_a_name_is_one_line_that_shows_what_it_is(named: object, name: str) -> None:
    assert file_name(named, "file") == name


@given(st.text() | st.text(alphabet="./\\ \u202ea", max_size=600))
def test_every_name_is_short_and_leads_nowhere(named: str) -> None:
    name = file_name(named, "file")
    assert 0 < len(name) <= NAME_LENGTH
    assert not {"/", "\\", "\u202e", "\n", "\0"} & set(name)
    assert name not in {".", ".."}
    assert file_name(name, "file") == name


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("image/png", "image/png"),
        ("audio/ogg; codecs=opus", "audio/ogg"),
        ("IMAGE/SVG+XML", "image/svg+xml"),
        ("image", "application/octet-stream"),
        ("a/b/c", "application/octet-stream"),
        ("text/html\r\nX-Evil: 1", "application/octet-stream"),
        ("é/b", "application/octet-stream"),
        ("a/" + "b" * 9000, "application/octet-stream"),
        (None, "application/octet-stream"),
    ],
)
def test_a_media_type_is_a_plain_one(told: object, meant: str) -> None:
    assert media_type(told) == meant


@pytest.mark.parametrize("number", [-1, True, "5", None, [], float("nan"), float("inf"), 10**400, -(10**400)])
def test_numbers_that_are_none_are_left_out(number: object) -> None:
    info = {"w": number, "h": number, "size": number, "duration": number, "thumbnail_url": URL}
    content = {"url": URL, "info": info, "org.matrix.msc1767.audio": {"waveform": [number], "duration": number}}
    file = came({"msgtype": "m.audio", "body": "a", **content}).file
    assert file is not None
    assert file.size is None
    source = source_of(file)
    assert source is not None
    assert (source.measures, source.waveform) == ({}, ())


SOURCES = st.fixed_dictionaries(
    {"url": st.just(URL)} | {"info": st.fixed_dictionaries({}, optional={
        "w": st.integers(1, 9), "h": st.integers(1, 9), "duration": st.integers(1, 9000), "size": st.integers(0, 9),
        "thumbnail_url": st.sampled_from([URL, "x"]), "thumbnail_file": st.sampled_from([sealed(), {}]),
        "thumbnail_info": st.fixed_dictionaries({}, optional={"w": st.integers(), "mimetype": st.text()}),
    })},
    optional={
        "file": st.sampled_from([sealed(), {}, 5]),
        "org.matrix.msc1767.audio": st.fixed_dictionaries({"waveform": st.lists(st.integers(-1, 1025), max_size=300)}),
    },
)  # fmt: skip


@given(SOURCES)
def test_what_is_kept_of_a_source_is_short_and_reads_the_same_again(content: dict[str, Any]) -> None:
    source = source_in(content)
    if source is not None:
        text = source_text(source)
        assert len(text) < SOURCE_LENGTH
        assert source_in(json.loads(text)) == source


def test_the_longest_source_fits() -> None:
    long = f"mxc://{'x' * 230}:65535/{'a' * 255}"
    info = {"w": 99999, "h": 99999, "duration": 86_400_000, "thumbnail_file": sealed(url=long)}
    info["thumbnail_info"] = {"w": 99999, "h": 99999, "mimetype": "a" * 50 + "/" + "b" * 80}
    voice = {"org.matrix.msc1767.audio": {"waveform": [1024] * 1000}}
    source = source_in({"file": sealed(url=long), "info": info, **voice})
    assert source is not None
    assert source.thumbnail is not None
    assert len(source.waveform) == 120
    assert len(source_text(source)) < SOURCE_LENGTH


@pytest.mark.parametrize("text", ["", "{", "5", "[]", "{}", '{"url":"http://x"}', "[" * 3000, "x" * 5000])
def test_a_source_that_is_none_is_none(text: str) -> None:
    assert source_of(Attachment("a", "file", "a/b", 1, "", "matrix", text)) is None


def test_a_source_of_another_network_is_not_read() -> None:
    assert source_of(Attachment("a", "file", "a/b", 1, "", "discord", json.dumps({"url": URL}))) is None


def attachment(kind: str, text: str = "", name: str = "a.bin", **content: Any) -> Attachment:
    source = source_in({"url": URL, **content})
    assert source is not None
    return Attachment(name, kind, "image/png", 5, text, "matrix", source_text(source))


@pytest.mark.parametrize(
    ("kind", "msgtype"),
    [
        ("image", "m.image"),
        ("sticker", "m.image"),
        ("video", "m.video"),
        ("audio", "m.audio"),
        ("voice", "m.audio"),
        ("file", "m.file"),
        ("hologram", "m.file"),
    ],
)
def test_a_file_is_shown_as_its_kind(kind: str, msgtype: str) -> None:
    event = shown(attachment(kind, info={"w": 3, "h": 2}), 77, {"url": "mxc://y/z"}, None)
    assert (event["msgtype"], event["url"], event["filename"]) == (msgtype, "mxc://y/z", "a.bin")
    assert event["info"] == {"mimetype": "image/png", "size": 77, "w": 3, "h": 2}
    assert ("org.matrix.msc3245.voice" in event) is (kind == "voice")


def test_a_voice_keeps_its_length_and_its_look() -> None:
    audio: dict[str, Any] = {"org.matrix.msc1767.audio": {"duration": 1500, "waveform": [0, 5, 1024]}}
    event = shown(attachment("voice", **audio), 77, {}, None)
    assert event["org.matrix.msc1767.audio"] == {"duration": 1500, "waveform": [0, 5, 1024]}
    assert event["info"]["duration"] == 1500


def test_a_thumbnail_is_told_where_it_lies_now() -> None:
    info = {"thumbnail_url": URL, "thumbnail_info": {"w": 8, "h": 6, "size": 999, "mimetype": "image/webp"}}
    event = shown(attachment("image", info=info), 77, {}, (42, {"url": "mxc://y/small"}))
    assert event["info"]["thumbnail_url"] == "mxc://y/small"
    assert event["info"]["thumbnail_info"] == {"w": 8, "h": 6, "size": 42, "mimetype": "image/webp"}
    assert "thumbnail_url" not in shown(attachment("image", info=info), 77, {}, None)["info"]


def test_the_words_beside_a_file_are_all_but_its_name() -> None:
    file = attachment("image", "see <b>", "screen.png")
    words = beside_file((Quoted("Marie", "hello"), file, Literal("last")))
    event = with_file(message(words, "$root", encrypted=False), shown(file, 5, {"url": URL}, None))
    assert (event["body"], event["filename"]) == ("Marie: hello\nsee <b>\nlast", "screen.png")
    assert "see &lt;b&gt;" in event["formatted_body"]
    assert "screen" not in event["formatted_body"]
    assert event["m.relates_to"]["event_id"] == "$root"


def test_a_file_without_words_has_its_name_for_them() -> None:
    file = attachment("image", name="../\u202escreen.png")
    event = with_file(message(beside_file((file,)), None, encrypted=False), shown(file, 5, {"url": URL}, None))
    assert event["body"] == event["filename"] == "screen.png"
    assert "formatted_body" not in event
