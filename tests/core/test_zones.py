"""Time zones that customers write: which are known, and what is said of those that are not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helpbot.core.decide import decide
from helpbot.core.zones import known_zone
from tests.core.cases import NEW, SAM, said, to_customer
from tests.core.human import HUMAN, did, human


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("timezone europe/london", "Europe/London"),
        ("timezone Europe/London please", "Europe/London"),
        ("Time zone: EUROPE/LONDON, thanks a lot!", "Europe/London"),
        ("tz utc", "UTC"),
        ("my timezone is America/Argentina/Buenos_Aires.", "America/Argentina/Buenos_Aires"),
        ("Fuseau horaire : asia/tokyo s il vous plait", "Asia/Tokyo"),
        ("fuseau Europe/Paris, merci", "Europe/Paris"),
    ],
)
def test_a_time_zone_is_heard_in_any_case_and_with_politeness(text: str, zone: str) -> None:
    ticket = replace(human(did(SAM, "hello")), language="en")
    decision = decide(ticket, said(text, 1), HUMAN)
    assert (decision.ticket.zone, decision.ticket.zone_said) == (zone, True)
    assert "for you it is" in to_customer(decision.effects)
    assert decision.ticket.waits_since is None


@pytest.mark.parametrize(
    "text",
    ["time zone: Nowhere", "timezone localtime", "tz Factory", "tz posixrules please", "fuseau ../../etc/passwd"],
)
def test_a_time_zone_that_is_none_is_answered_with_an_example(text: str) -> None:
    ticket = replace(human(did(SAM, "hello")), language="en")
    decision = decide(ticket, said(text, 1), HUMAN)
    assert decision.ticket.zone is None
    assert "timezone Europe/London" in to_customer(decision.effects)
    assert decision.ticket.waits_since is not None


@pytest.mark.parametrize(
    ("text", "known", "hers", "part"),
    [
        ("fuseau Europe/Paris", None, "fr", "pour vous il est 14h01 (heure de Paris)"),
        ("timezone Europe/Paris", None, "en", "for you it is 14:01 (Paris time)"),
        ("fuseau Paris", None, "fr", "Je ne connais pas ce fuseau horaire"),
        ("timezone Paris", None, "en", "I do not know that time zone"),
        ("timezone Europe/Paris", "fr", "fr", "pour vous il est"),
        ("tz Europe/Paris", None, None, "pour vous il est"),
    ],
)
def test_a_time_zone_is_answered_in_her_language(text: str, known: str | None, hers: str | None, part: str) -> None:
    desk = replace(HUMAN, languages=("en", "fr") if hers == "fr" and known is None else ("fr", "en"))
    decision = decide(replace(human(did(SAM, "hello")), language=known), said(text, 1), desk)
    assert part in to_customer(decision.effects)
    assert decision.ticket.language == hers
    if "/" in text:  # else it may be a question for the FAQ
        assert part in to_customer(decide(replace(NEW, language=known), said(text, 1), desk).effects)


@pytest.mark.parametrize(
    "text", ["timezone", "time zone ?", "timezone Europe/London is what I wrote", "my line", "time zone: " + "a" * 100]
)
def test_what_says_more_than_a_time_zone_goes_to_the_person_alone(text: str) -> None:
    decision = decide(human(did(SAM, "hello")), said(text, 1), HUMAN)
    assert (decision.ticket.zone, to_customer(decision.effects)) == (None, "")


@pytest.mark.parametrize(
    "name", ["localtime", "posixrules", "Factory", "factory", "right/UTC", "..", "", "é", "a" * 99]
)
def test_what_names_no_place_is_no_time_zone(name: str) -> None:
    assert known_zone(name) is None
