"""French as it is written: what stands before names, and in which marks words are quoted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helpbot.core.decide import decide
from helpbot.core.french import of
from helpbot.core.model import Canned, Person, Team
from helpbot.core.phrases import say
from tests.core.cases import SAM, said
from tests.core.human import HUMAN, at, did, human, promised, told

FRENCH = replace(HUMAN, languages=("fr", "en"), teams=(HUMAN.teams[0], Team("lines", {"fr": "Les lignes et fibres"})))


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Alex", "d'Alex"), ("Élodie", "d'Élodie"), ("ÎLE", "d'ÎLE"), ("Œdipe", "d'Œdipe"), ("Hélène", "d'Hélène"),
        ("Hugo", "d'Hugo"), ("Yves", "d'Yves"), ("Yann", "de Yann"), ("Hakim", "de Hakim"), ("Sam", "de Sam"),
        ("@alex:x", "de @alex:x"), ("Y", "de Y"), ("Y.", "de Y."), ("", "de "), ("{name}", "de {name}"),
    ],
)  # fmt: skip
def test_de_is_shortened_before_a_vowel_and_a_mute_h(name: str, wanted: str) -> None:
    assert of(name) == wanted
    assert say("history", "fr", name=name) == f"Autres tickets {wanted} :"
    assert say("history", "en", name=name) == f"Other tickets of {name}:"


def test_a_broken_promise_names_its_owner_in_good_french() -> None:
    alex = Person("@alex:x", "Alex")
    ticket = replace(promised(), owner=alex)
    ticket = replace(ticket, promises=tuple(replace(one, by=alex) for one in ticket.promises))
    assert "Promesse d'Alex non tenue" in told(decide(ticket, at(60 * 24, "promise"), FRENCH))


def test_a_team_has_any_name_behind_an_article() -> None:
    assert "Proposé à l'équipe « Les lignes et fibres »" in told(decide(human(), did(SAM, "!transfer lines"), FRENCH))


def test_words_that_were_not_sent_stand_in_the_quotes_of_the_agents_language() -> None:
    ticket = human(did(SAM, "soon"))
    release = did(SAM, "!release", 1)
    assert "“soon”" in told(decide(ticket, release, HUMAN))
    assert "« soon »" in told(decide(ticket, release, FRENCH))


@pytest.mark.parametrize("text", ["!canned", "!canned greet"])
def test_without_ready_replies_agents_are_told_where_they_are_put(text: str) -> None:
    none = replace(HUMAN, canned={})
    answer = told(decide(human(said("hello")), did(SAM, text), none))
    assert "There are no replies" in answer
    assert "agents.canned" in answer
    some = replace(HUMAN, canned={"greet": Canned("greet", {"en": "Hello"})})
    assert "agents.canned" not in told(decide(human(said("hello")), did(SAM, text), some))
