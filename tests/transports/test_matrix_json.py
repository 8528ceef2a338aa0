"""JSON that strangers made: whatever its depth, the rest of it is read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpbot.transports.matrix_json import DEEPEST, parse

_leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
_values = st.recursive(_leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=300)


def _levels(value: object) -> int:
    """Return how deep a value is nested, without recursion."""
    depth, level = 0, [value]
    while level:
        outers = [outer for outer in level if isinstance(outer, dict | list)]
        depth += bool(outers)
        level = [inner for outer in outers for inner in (outer.values() if isinstance(outer, dict) else outer)]
    return depth


@given(_values, st.booleans())
def test_what_people_write_is_read_as_it_stands(value: Any, readable: bool) -> None:
    raw = json.dumps(value, ensure_ascii=readable, indent=2 if readable else None).encode("utf-8", "surrogatepass")
    assert parse(raw) == json.loads(raw)


_shells = st.lists(st.sampled_from([("[", "]"), ('{"a":', "}"), ('[1,"]}",{},{"[":', "},[]]"), ("[", ',"\\"["]')]))


@given(_values, st.text(), _shells, st.integers(min_value=1, max_value=900))
def test_no_depth_of_a_stranger_keeps_others_from_being_read(
    value: Any, text: str, shells: list[tuple[str, str]], times: int
) -> None:
    opens, closes = "".join(o for o, _ in shells), "".join(c for _, c in reversed(shells))
    deep = opens * times + json.dumps(text) + closes * times
    answer = parse(f'{{"deep": {deep}, "after": {json.dumps([text, value])}}}'.encode())
    assert answer["after"] == [text, value]


@pytest.mark.parametrize(("opens", "closes"), [("[", "]"), ('{"a":', "}"), ('[{"]}":', "}]"), ('["\\"[",', "]")])
@pytest.mark.parametrize("depth", [50, DEEPEST, 400, 950, 3000, 200_000])
def test_what_is_nested_too_deep_is_left_out_and_no_more(opens: str, closes: str, depth: int) -> None:
    raw = f'{{"next": "s2", "x": {opens * depth}7{closes * depth}, "y": ["[", 1]}}'.encode()
    answer = parse(raw)
    assert (answer["next"], answer["y"]) == ("s2", ["[", 1])
    assert _levels(answer) < 1000


def test_beside_what_is_too_deep_the_deepest_level_is_kept_and_the_next_one_is_not() -> None:
    def beside(depth: int) -> object:
        return parse(b"[" + b"[" * 2000 + b"]" * 2000 + b"," + b"[" * (depth - 1) + b"7" + b"]" * depth)

    assert "7" in json.dumps(beside(DEEPEST))
    assert "7" not in json.dumps(beside(DEEPEST + 1))


def test_a_number_that_python_refuses_is_null() -> None:
    assert parse(b'{"a": ' + b"9" * 5000 + b', "b": 12, "c": -3}') == {"a": None, "b": 12, "c": -3}


@pytest.mark.parametrize("raw", [b"", b"<html>", b"[" * 5000, b"]" * 5000, b'{"a' + b"[" * 300, b"\xff" * 300, b'"\\'])
def test_what_is_no_json_is_told(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(raw)
