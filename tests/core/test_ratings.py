"""A customer who says how it was more than once: the last counts, and nothing opens again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helpbot.core.decide import decide
from helpbot.core.effects import Count, Decision, Quoted, Say
from helpbot.core.events import CustomerRated
from helpbot.core.model import Audience, Figure, Status, Ticket
from tests.core.cases import NOW, SAM, held, said, to_customer
from tests.core.human import HUMAN, counted, did, human, told


def rated(text: str = "4") -> Ticket:
    return human(said(text, 5), ticket=human(did(SAM, "!close")))


def values(decision: Decision) -> list[float | None]:
    return [effect.value for effect in decision.effects if isinstance(effect, Count)]


@pytest.mark.parametrize(
    ("command", "asks", "parts"),
    [
        ("!close", True, ("Your ticket #12 is closed. How was it? ", " to 5 (very good)", " within 7 days: it opens")),
        ("!close All set.", True, ("All set.", "Your ticket #12 is closed. How was it? ")),
        ("!close", False, ("Your ticket #12 is closed. To open it again, just write here within 7 days.",)),
        ("!close All set.", False, ("All set.",)),
    ],
)
def test_that_it_is_closed_is_said_where_she_is_asked_how_it_was(
    command: str, asks: bool, parts: tuple[str, ...]
) -> None:
    decision = decide(held(), did(SAM, command), replace(HUMAN, ask_rating=asks))
    said_to_her = [one for one in decision.effects if isinstance(one, Say) and one.audience is Audience.CUSTOMER]
    assert len(said_to_her) == (2 if asks and "All" in command else 1)
    text = to_customer(decision.effects)
    assert [text.index(part) for part in parts] == sorted(text.index(part) for part in parts)
    assert text.count("closed") == (0 if parts == ("All set.",) else 1)


@pytest.mark.parametrize(("text", "rating"), [("5", 5), ("2, too slow", 2), ("👎", 1), ("merci, 5", 5), ("3/5", 3)])
@pytest.mark.parametrize("edited", [False, True])
def test_another_rating_takes_the_place_of_the_first_and_opens_nothing(text: str, rating: int, edited: bool) -> None:
    decision = decide(rated(), replace(said(text, 6), edited=edited), HUMAN)
    assert (decision.ticket.status, decision.ticket.rating) == (Status.CLOSED, rating)
    assert values(decision) == [float(rating)]
    (shown,) = [one for one in decision.effects if isinstance(one, Say) and one.audience is Audience.AGENTS]
    assert shown.content == (Quoted(f"{rating}️⃣ Marie, rated anew after the closing", text),)
    assert "write here what is missing" in to_customer(decision.effects)


def test_a_rating_is_corrected_before_it_was_read() -> None:
    decision = decide(human(did(SAM, "!close")), replace(said("5", 5), edited=True), HUMAN)
    assert (decision.ticket.status, decision.ticket.rating) == (Status.CLOSED, 5)


def test_bare_ratings_are_shown_and_answered_once_more_at_most() -> None:
    twice = human(said("5", 6), ticket=rated())
    third = decide(twice, said("3", 7), HUMAN)
    assert (third.ticket.status, third.ticket.rating) == (Status.CLOSED, 3)
    assert (told(third), to_customer(third.effects)) == ("", "")
    assert values(third) == [3.0]
    with_words = decide(third.ticket, said("1, too slow", 8), HUMAN)
    assert "1, too slow" in told(with_words), "her words are never kept from the agents"
    assert to_customer(with_words.effects) == ""


def test_the_same_rating_again_counts_once() -> None:
    assert counted(decide(rated(), said("4 !", 6), HUMAN)) == []


def test_a_mark_after_a_rating_counts_as_well() -> None:
    decision = decide(rated(), CustomerRated(NOW, 1, "👎"), HUMAN)
    assert (decision.ticket.status, decision.ticket.rating) == (Status.CLOSED, 1)


@pytest.mark.parametrize("text", ["5, mais la ligne ne marche pas", "it does not work", "5?"])
@pytest.mark.parametrize("edited", [False, True])
def test_trouble_after_a_rating_opens_the_ticket_again(text: str, edited: bool) -> None:
    decision = decide(rated(), replace(said(text, 6), edited=edited), HUMAN)
    assert (decision.ticket.status, decision.ticket.rating) == (Status.HELD, 4)
    assert counted(decision) == [Figure.REOPENED]


def test_a_rating_given_once_is_known_after_another_closing() -> None:
    again = human(said("cut again", 6), did(SAM, "!close"), ticket=rated())
    decision = decide(again, said("2", 7), HUMAN)
    assert (decision.ticket.status, decision.ticket.rating) == (Status.CLOSED, 2)
