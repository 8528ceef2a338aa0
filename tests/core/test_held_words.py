"""Words that are vague about time: held back, confirmed, dropped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helpbot.core.acts import AgentAssigned, AgentConfirmed
from helpbot.core.decide import decide
from helpbot.core.model import Status
from helpbot.core.vague import vague_word
from tests.core.cases import ALEX, NOW, SAM, held, to_customer
from tests.core.human import (
    HUMAN,
    did,
    human,
    marks,
    told,
)

VAGUE = {
    "It will work again soon.": "soon",
    "We will call you as soon as possible": "this",
    "Ça revient BIENTÔT": "bientôt",
    "One day, surely": "this",
    "x" * 5000 + " bientôt": "bientôt",
}
NOT_VAGUE = [
    "See you soon!", "À bientôt", "au plus tard vendredi", "sous un jour ouvré", "as soon as you restart it",
    "the sooner the better", "tomorrow at nine", "",
]  # fmt: skip


@pytest.mark.parametrize(("text", "word"), VAGUE.items(), ids=[text[:20] for text in VAGUE])
def test_vague_words_are_held_back(text: str, word: str) -> None:
    decision = decide(held(), did(SAM, text), HUMAN)
    assert to_customer(decision.effects) == ""
    assert marks(decision) == ["⏸️"]
    assert f"“{word}” does not say when: nothing was sent" in told(decision)
    assert decision.ticket.answered_at is None


@pytest.mark.parametrize("text", NOT_VAGUE)
def test_what_says_when_or_goodbye_is_not_vague(text: str) -> None:
    assert vague_word(text, HUMAN) is None


def test_held_words_go_out_once_they_are_confirmed() -> None:
    ticket = human(did(SAM, "soon"))
    for yes in (did(SAM, "!send"), did(SAM, "soon"), AgentConfirmed(NOW, SAM, "$yes")):
        decision = decide(ticket, yes, HUMAN)
        assert to_customer(decision.effects) == "soon"
        assert decision.ticket.held_back == ()
    assert "have to be" not in told(decide(ticket, did(ALEX, "!send"), HUMAN))
    other = decide(ticket, did(ALEX, "!send"), HUMAN)
    assert to_customer(other.effects) == ""
    assert "Sam's, who has to confirm" in told(other)


def test_held_back_closing_words_close_only_once_confirmed() -> None:
    ticket = human(did(SAM, "!close It will work soon"))
    assert ticket.status is Status.HELD
    decision = decide(ticket, did(SAM, "!send"), HUMAN)
    assert decision.ticket.status is Status.CLOSED
    assert to_customer(decision.effects).startswith("It will work soon")


def test_what_held_words_belong_to_is_forgotten_with_their_owner() -> None:
    ticket = human(did(SAM, "soon"), AgentAssigned(NOW, SAM, "$a", "@alex", (ALEX,)))
    assert ticket.held_back == ()


def test_a_reply_that_is_ready_is_filled_in_in_her_language() -> None:
    decision = decide(held(), did(SAM, "!canned greet"), HUMAN)
    assert to_customer(decision.effects) == "Hello Marie, Sam here (#12, Mobile team)."
    assert "Hello Marie" in told(decision)
    assert to_customer(decide(replace(held(), language="fr"), did(SAM, "!canned greet"), HUMAN).effects) == "Bonjour."


def test_several_words_may_wait_and_go_in_their_order() -> None:
    ticket = human(did(SAM, "it works soon"), replace(did(SAM, "one day you will see"), ref="$2"))
    every = decide(ticket, did(SAM, "!send"), HUMAN)
    assert to_customer(every.effects).split("\n") == ["it works soon", "one day you will see"]
    assert every.ticket.held_back == ()
    assert "Not sent" not in told(every)
    second = decide(ticket, AgentConfirmed(NOW, SAM, "$yes", "$2"), HUMAN)
    assert to_customer(second.effects) == "one day you will see"
    assert second.ticket.held_back == (), "what was written before is overtaken"
    assert "Not sent, and no longer waiting for a confirmation:\n“it works soon”" in told(second)
    first = decide(ticket, AgentConfirmed(NOW, SAM, "$yes", "$r"), HUMAN)
    assert [held.ref for held in first.ticket.held_back] == ["$2"]
    many = human(*(did(SAM, f"soon {number}") for number in range(6)))
    assert [held.text for held in many.held_back] == [f"soon {number}" for number in range(1, 6)]


@pytest.mark.parametrize("text", ["what is your number?", "!close", "!close bye", "!release", "!promise +2h"])
def test_what_is_no_longer_to_be_confirmed_is_said_to_be_not_sent(text: str) -> None:
    decision = decide(human(did(SAM, "it works soon")), did(SAM, text), HUMAN)
    assert "Not sent, and no longer waiting for a confirmation:\n“it works soon”" in told(decision)
    assert decision.ticket.held_back == ()
    assert "works soon" not in to_customer(decision.effects)


def test_the_words_of_a_kept_promise_are_held_back_too() -> None:
    ticket = human(did(SAM, "!promise +2h the line is back"))
    asked = decide(ticket, did(SAM, "!kept it will work soon"), HUMAN)
    assert to_customer(asked.effects) == ""
    assert asked.ticket.promises == ticket.promises
    for yes in (did(SAM, "!send"), did(SAM, "!kept it will work soon")):
        sent = decide(asked.ticket, yes, HUMAN)
        assert to_customer(sent.effects) == "it will work soon"
        assert (sent.ticket.promises, sent.ticket.held_back) == ((), ())
        assert "Not sent" not in told(sent)


def test_the_same_words_in_another_way_want_a_yes_of_their_own() -> None:
    decision = decide(human(did(SAM, "I will call soon")), did(SAM, "!close I will call soon"), HUMAN)
    assert decision.ticket.status is Status.HELD
    assert to_customer(decision.effects) == ""


def test_a_yes_of_one_drops_what_another_wrote_before() -> None:
    ticket = human(replace(did(ALEX, "!r it works soon"), ref="$a"), did(SAM, "one day"))
    decision = decide(ticket, did(SAM, "!send"), HUMAN)
    assert to_customer(decision.effects) == "one day"
    assert "“it works soon”" in told(decision)
    assert decision.ticket.held_back == ()
