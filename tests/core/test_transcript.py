"""Cards, and words in pieces."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from helpbot.core import phrases
from helpbot.core.effects import Folded, Quoted, Strong
from helpbot.core.model import Attachment, Audience, Entry, Role
from helpbot.core.phrases import SHIPPED, days, say
from helpbot.core.transcript import PIECE, card, pieces, shorten, told
from tests.core.cases import DESK, NOW, held, waiting


@given(st.text(alphabet="ab \n", max_size=200), st.integers(1, 200))
def test_pieces_lose_nothing_and_keep_their_size(text: str, times: int) -> None:
    whole = text * times
    found = pieces(whole)
    assert "".join(found) == whole
    assert all(len(piece) <= PIECE for piece in found)


def test_a_long_transcript_comes_in_messages_that_every_network_can_carry() -> None:
    entries = [Entry(Role.CUSTOMER, Audience.CUSTOMER, "Marie", f"{number} " + "x" * 1500, NOW) for number in range(10)]
    messages = told(waiting(), entries, DESK)
    assert len(messages) > 3
    assert all(sum(len(block.text) for block in message[1:]) <= PIECE for message in messages)
    assert [block.text for message in messages for block in message[1:]] == [entry.text for entry in entries]


def test_a_long_transcript_is_folded_under_what_it_is_about() -> None:
    entries = [Entry(Role.CUSTOMER, Audience.CUSTOMER, "Marie", f"line {number}", NOW) for number in range(13)]
    (short,) = told(waiting(), entries[1:], DESK)
    (long,) = told(waiting(), entries, DESK)
    assert short[0] == Strong("The talk so far:")
    assert long[0] == Folded("#12 · The talk so far (13 lines) · something nobody knows")
    assert long[1:] == tuple(Quoted("Marie", entry.text) for entry in entries)


def test_a_few_long_words_are_folded_too() -> None:
    entries = [Entry(Role.CUSTOMER, Audience.CUSTOMER, "Marie", "x" * size, NOW) for size in (700, 700)]
    (short,) = told(waiting(), entries, DESK)
    (long,) = told(waiting(), [*entries, entries[0]], DESK)
    assert (type(short[0]), type(long[0])) == (Strong, Folded)


def test_a_file_in_a_long_transcript_is_not_folded_away() -> None:
    file = Attachment("puk.png", "image", "image/png", 9, "", "memory", "where")
    entries = [Entry(Role.CUSTOMER, Audience.CUSTOMER, "Marie", f"line {number}", NOW) for number in range(13)]
    entries[5] = replace(entries[5], file=file)
    before, shown, after = told(waiting(), entries, DESK)
    assert (shown[-1], len(shown)) == (file, 2)
    assert isinstance(before[0], Folded)
    assert isinstance(after[0], Folded)


def test_the_card_tells_number_customer_language_reason_state_and_owner() -> None:
    text = "\n".join(block.text for block in card(waiting(), DESK))
    for part in ("#12", "Marie", "@marie:example.org", "Mobile team", "waiting", "not sure", "nobody"):
        assert part in text
    assert "Sam" in "\n".join(block.text for block in card(held(), DESK))


@given(st.text(max_size=2000))
def test_a_shortened_text_is_one_short_line(text: str) -> None:
    assert len(shorten(text)) <= 200
    assert len(shorten(text).splitlines()) <= 1


def test_days_are_counted_as_each_language_counts() -> None:
    assert [days(1, "en"), days(7, "en"), days(1, "fr"), days(0, "fr")] == ["1 day", "7 days", "1 jour", "0 jour"]


REPORTED = (
    "since until alone share reasons times median within made kept broken moved hops reopened silent mean spread"
    " weekday day month week"
)


def test_every_phrase_exists_in_every_language_that_ships() -> None:
    values = {
        "number": 1,
        "name": "n",
        "language": "l",
        "days": "d",
        "why": "w",
        "word": "!x",
        "file": "f",
        "marks": "m",
        "newer": 2,
        "entry": "e",
        "question": "q",
        "count": 2,
        "tickets": "#1",
        **dict.fromkeys(REPORTED.split(), "v"),
        **dict.fromkeys(
            (
                "time",
                "when",
                "ahead",
                "wait",
                "what",
                "team",
                "teams",
                "names",
                "by",
                "origin",
                "reached",
                "target",
                "percent",
                "owner",
                "mark",
                "text",
                "most",
                "texts",
                "promises",
                "words",
                "first",
                "into",
                "other",
                "both",
                "id",
                "room",
            ),
            "v",
        ),
    }
    for name, texts in phrases._PHRASES.items():
        assert set(texts) == set(SHIPPED), name
        for language in SHIPPED:
            assert say(name, language, **values)
