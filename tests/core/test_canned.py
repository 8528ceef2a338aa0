"""Filling in replies that are ready."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpbot.core.canned import fill, strays

BRACES = st.text(alphabet="{}a ", max_size=30)


def filled(text: str, customer: str = "Marie", agent: str = "Sam") -> str:
    return fill(text, customer=customer, agent=agent, number=12, team="Mobile")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Hello {customer}, {agent} of {team} has #{number}.", "Hello Marie, Sam of Mobile has #12."),
        ("{customer}{customer}", "MarieMarie"),
        ("write {{customer}}", "write {customer}"),
        ("{{{customer}}}", "{Marie}"),
        ("}}{{", "}{"),
        ("", ""),
    ],
)
def test_placeholders_are_filled_in_and_two_braces_are_one(text: str, told: str) -> None:
    assert strays(text) == ()
    assert filled(text) == told


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{name}", ("{name}",)),
        ("{}", ("{}",)),
        ("{ customer }", ("{ customer }",)),
        ("{Customer}", ("{Customer}",)),
        ("{customer.name} {customer!r} {customer:>9}", ("{customer.name}", "{customer!r}", "{customer:>9}")),
        ("{customer", ("{",)),
        ("{customer}}", ("}",)),
        ("a } b { c", ("}", "{")),
        ("{x} {x}", ("{x}",)),
        ("{a{customer}", ("{",)),
    ],
)
def test_any_other_use_of_braces_is_named_once(text: str, found: tuple[str, ...]) -> None:
    assert strays(text) == found


@given(BRACES, BRACES, BRACES)
def test_what_people_are_called_is_never_filled_in_again(text: str, customer: str, agent: str) -> None:
    assert filled("{customer}|{agent}|" + text.replace("{", "{{").replace("}", "}}"), customer, agent) == (
        f"{customer}|{agent}|{text}"
    )


@given(st.text(alphabet="{}customer ", max_size=60))
def test_no_text_makes_it_raise(text: str) -> None:
    filled(text)
    assert all(one in text for one in strays(text))


def test_a_text_of_nothing_but_braces_is_soon_looked_through() -> None:
    assert strays("{" * 3999) == ("{",)
    assert filled("}" * 4000) == "}" * 2000
