"""Who is named by an @: whole names, the longest that fits, everybody who bears it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpbot.transports.naming import SOMEBODY, bearers, named

NAMES = bearers({"1": ("sam", "Sam"), "2": ("SAM", "Sam Two"), "3": ("zoé", "straße")})


def test_a_name_has_all_its_bearers() -> None:
    assert NAMES == {"sam": ["1", "2"], "sam two": ["2"], "zoé": ["3"], "strasse": ["3"]}


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("@sam", ["1", "2"]),
        ("@Sam: hello", ["1", "2"]),
        ("@sam...", ["1", "2"]),
        ("@sam two, please", ["2"]),
        ("@sam twofold", ["1", "2"]),
        ("@samuel", [SOMEBODY]),
        ("@sam.b", [SOMEBODY]),
        ("@sam:x.org", [SOMEBODY]),
        ("@STRASSE (@ZOÉ)", ["3", "3"]),
        ("@zoe", []),
        ("mail@sam", []),
        ("@", []),
        ("@x" * 60, []),
        (" @x" * 51, [SOMEBODY]),
    ],
)
def test_whole_names_are_meant(text: str, people: list[str]) -> None:
    assert list(named(text, NAMES)) == people


@given(st.text() | st.lists(st.sampled_from(["@", "sam", " two", ".", "zoé", " ", "ß"])).map("".join))
def test_nobody_is_named_without_an_at_sign(text: str) -> None:
    found = list(named(text, NAMES))
    assert set(found) <= {"1", "2", "3", SOMEBODY}
    assert "@" in text or not found
