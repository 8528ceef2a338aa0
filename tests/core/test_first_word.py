"""The first human word is the first that came to her: what did not reach her stops no clock."""

from __future__ import annotations

from datetime import timedelta

import pytest

from helpbot.core.acts import AgentClaimed
from helpbot.core.decide import decide
from helpbot.core.decide_clock import timers
from helpbot.core.effects import Count, Decision, EditCard, React
from helpbot.core.events import Delivered, Undelivered
from helpbot.core.model import Ticket
from tests.core.cases import NOW, SAM, held, waiting
from tests.core.human import HUMAN, MINUTE, at, counted, did, human, told


def came(ticket: Ticket, minutes: float, *, words: bool = True) -> Decision:
    return decide(ticket, Delivered(NOW + minutes * MINUTE, "$r", words=words), HUMAN)


def test_it_is_counted_against_the_target_when_it_has_come() -> None:
    ticket = human(AgentClaimed(NOW, SAM, "$c"), ticket=waiting())
    said = decide(ticket, did(SAM, "hello", 14 / 60), HUMAN)
    assert counted(said) == []
    decision = came(said.ticket, 14 / 60)
    assert [effect.value for effect in decision.effects if isinstance(effect, Count)] == [14.0, 14.0]
    (card,) = [effect for effect in decision.effects if isinstance(effect, EditCard)]
    assert "First human word: 14 s (target 20 s)" in card.content[1].text
    again = came(human(did(SAM, "hello again", 1), ticket=decision.ticket), 1)
    assert counted(again) == []
    assert again.effects == (React("$r", "✅"),)


@pytest.mark.parametrize("why", ["too large", "crowded", "gone"])
def test_what_did_not_reach_her_is_not_counted(why: str) -> None:
    failed = human(did(SAM, "hello", 1), Undelivered(NOW + 2 * MINUTE, "$r", why))
    assert failed.first_word_at is None
    decision = came(human(did(SAM, "hello once more", 5), ticket=failed), 5)
    assert [effect.value for effect in decision.effects if isinstance(effect, Count)] == [300.0, 300.0]


def test_who_was_not_reached_has_waited_since_a_person_was_called() -> None:
    failed = human(did(SAM, "hello", 10), Undelivered(NOW + 12 * MINUTE, "$r", "too large"))
    assert failed.waits_since == NOW
    assert timers(failed, HUMAN) == {"ladder": NOW + timedelta(minutes=27)}
    assert "has waited for your answer for 27 min" in told(decide(failed, at(27, "ladder"), HUMAN))
    greeted = came(held(), 1).ticket
    later = human(did(SAM, "more", 40), Undelivered(NOW + 41 * MINUTE, "$r", "too large"), ticket=greeted)
    assert later.waits_since == NOW + 41 * MINUTE


def test_a_promise_is_a_word_and_what_the_bot_says_of_itself_is_none() -> None:
    promised = human(did(SAM, "!promise tomorrow 9:00 the line is back", 1))
    assert came(promised, 1, words=False).ticket.first_word_at == NOW + MINUTE
    assert came(human(did(SAM, "!close", 1)), 1, words=False).ticket.first_word_at is None
