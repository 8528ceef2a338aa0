"""Promises with a date: made, moved, kept, broken."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from helpbot.core.acts import AgentClaimed
from helpbot.core.decide import decide
from helpbot.core.decide_clock import timers
from helpbot.core.effects import EditCard
from helpbot.core.events import AgentElsewhere, TimerFired, Undelivered
from helpbot.core.model import Figure
from tests.core.cases import ALEX, NOW, SAM, held, said, to_customer
from tests.core.human import (
    HUMAN,
    MINUTE,
    NORA,
    called,
    counted,
    did,
    human,
    marks,
    promised,
    told,
)


def test_a_promise_is_read_in_her_language_and_zone() -> None:
    decision = decide(held(), did(SAM, "!promise tomorrow 9:00 the line is back"), HUMAN)
    assert (
        to_customer(decision.effects)
        == "🤝 Sam promises: the line is back – by tomorrow at 9:00 (Paris time) at the latest."
    )
    assert counted(decision) == [Figure.PROMISED]
    french = decide(replace(held(), language="fr"), did(SAM, "!promise demain 9h"), HUMAN)
    assert "Sam s'engage à vous donner des nouvelles au plus tard demain à 9h00 (heure de Paris)" in to_customer(
        french.effects
    )
    london = replace(HUMAN, zones={SAM.id: ZoneInfo("Europe/London")})
    abroad = decide(held(), did(SAM, "!promise tomorrow 9:00"), london)
    (abroad_promise,) = abroad.ticket.promises
    assert abroad_promise.due == datetime(2026, 10, 22, 8, tzinfo=UTC)


def test_a_promise_is_reminded_of_then_kept_by_saying_so() -> None:
    ticket = promised()
    due = datetime(2026, 10, 22, 7, tzinfo=UTC)
    assert timers(ticket, HUMAN)["promise"] == due - timedelta(minutes=30)
    soon = decide(ticket, TimerFired(due - timedelta(minutes=30), "promise"), HUMAN)
    assert called(soon) == {"Sam"}
    assert timers(soon.ticket, HUMAN)["promise"] == due
    assert human(did(SAM, "sorry, not today", 60), ticket=soon.ticket).promises, "words are not what it was"
    kept = decide(soon.ticket, did(SAM, "!kept it is back", 60), HUMAN)
    assert not kept.ticket.promises
    assert Figure.KEPT in counted(kept)
    assert "promise" not in timers(kept.ticket, HUMAN)


@pytest.mark.parametrize("text", ["!kept", "!kept it is back", "!close", "!close it is back"])
def test_a_promise_is_kept_by_saying_so_or_by_closing(text: str) -> None:
    decision = decide(promised(), did(SAM, text, 10), HUMAN)
    assert not decision.ticket.promises
    assert counted(decision).count(Figure.KEPT) == 1


def test_a_broken_promise_is_owned_up_to() -> None:
    ticket = replace(promised(), transfer=None)
    broken = decide(ticket, TimerFired(datetime(2026, 10, 22, 7, tzinfo=UTC), "promise"), HUMAN)
    assert "Nobody has confirmed that it is done, and that is not right" in to_customer(broken.effects)
    assert called(broken) == {"Sam", "Lea"}
    assert counted(broken) == [Figure.BROKEN]
    assert timers(broken.ticket, HUMAN).keys() == {"ladder"}, "she waits for a word from then on"
    (card,) = [effect for effect in broken.effects if isinstance(effect, EditCard)]
    assert "💔" in card.content[1].text, "it stands until it is done, or there is another date"
    anew = decide(broken.ticket, did(SAM, "!promise +2h", 24 * 60), HUMAN)
    assert counted(anew) == [Figure.PROMISED]
    assert [promise.what for promise in anew.ticket.promises] == ["the line is back"], "the new date is for that"
    other = decide(broken.ticket, did(SAM, "!promise +2h the line and a refund", 24 * 60), HUMAN)
    assert [promise.what for promise in other.ticket.promises] == ["the line and a refund"]
    late = decide(broken.ticket, did(SAM, "!kept It is back", 24 * 60), HUMAN)
    assert to_customer(late.effects) == "It is back"
    assert counted(late) == []
    assert "Done, late" in told(late)
    assert not late.ticket.promises


def test_a_promise_that_did_not_reach_her_is_none() -> None:
    ticket = human(did(SAM, "!promise +2h I call you"), ticket=promised())
    decision = decide(ticket, Undelivered(NOW, "$r", "too large"), HUMAN)
    assert not decision.ticket.promises, "both were written in the same message here"
    assert "it does not count" in told(decision)
    assert len(decide(ticket, Undelivered(NOW, "$other", "too large"), HUMAN).ticket.promises) == 2


def test_closing_time_is_not_too_late() -> None:
    decision = decide(held(), did(SAM, "!promise 2026-10-22 18:00 a call"), HUMAN)
    assert "is not there" not in told(decision)
    broken = decide(decision.ticket, TimerFired(datetime(2026, 10, 22, 16, tzinfo=UTC), "promise"), HUMAN)
    assert called(broken) == {"Sam", "Lea"}


def test_who_promised_word_keeps_it_by_any_word() -> None:
    ticket = promised("!promise tomorrow 9:00")
    kept = decide(ticket, did(SAM, "we have looked at it", 60), HUMAN)
    assert not kept.ticket.promises
    assert counted(kept) == [Figure.KEPT]
    broken = decide(ticket, TimerFired(datetime(2026, 10, 22, 7, tzinfo=UTC), "promise"), HUMAN)
    assert "It was not kept, and that is not right" in to_customer(broken.effects)


def test_a_promise_that_nobody_owns_is_told_to_the_lead() -> None:
    free = human(did(SAM, "!release"), ticket=promised())
    assert called(decide(free, TimerFired(datetime(2026, 10, 22, 6, 30, tzinfo=UTC), "promise"), HUMAN)) == {"Lea"}


def test_a_promise_made_shortly_before_is_reminded_of_half_way() -> None:
    ticket = promised("!promise +10m")
    assert timers(ticket, HUMAN)["promise"] == NOW + 5 * MINUTE


def test_the_same_words_move_a_promise() -> None:
    decision = decide(promised(), did(SAM, "!promise tomorrow 18:00 The line is back!", 5), HUMAN)
    assert counted(decision) == [Figure.MOVED, Figure.PROMISED]
    assert to_customer(decision.effects).endswith("(It is no longer tomorrow at 9:00 (Paris time).)")
    assert len(decision.ticket.promises) == 1
    word = decide(promised("!promise tomorrow 9:00"), did(SAM, "!promise tomorrow 18:00"), HUMAN)
    assert counted(word) == [Figure.MOVED, Figure.PROMISED]


def test_other_words_are_another_promise() -> None:
    second = decide(promised(), did(SAM, "!promise +2h I write to you", 5), HUMAN)
    assert counted(second) == [Figure.PROMISED]
    assert [promise.what for promise in second.ticket.promises] == ["I write to you", "the line is back"]
    assert "“!kept 2” for the first" in told(second)
    assert timers(second.ticket, HUMAN)["promise"] == NOW + (5 + 90) * MINUTE
    (card,) = [effect for effect in second.effects if isinstance(effect, EditCard)]
    assert "🤝 2. " in card.content[1].text
    status = to_customer(decide(second.ticket, said("status", 6), HUMAN).effects)
    assert "I write to you" in status
    assert "the line is back" in status
    full = human(*(did(SAM, f"!promise +{hours}h number {hours}") for hours in range(2, 7)))
    assert "5 open promises already" in told(decide(full, did(SAM, "!promise +9h one more"), HUMAN))


def test_of_several_promises_it_is_said_which_was_kept() -> None:
    ticket = human(did(SAM, "!promise +2h I write to you", 5), ticket=promised())
    which = decide(ticket, did(SAM, "!kept it is back", 6), HUMAN)
    assert which.ticket == ticket
    assert "Which one?" in told(which)
    assert to_customer(which.effects) == ""
    second = decide(ticket, did(SAM, "!kept 1 it is back", 6), HUMAN)
    assert to_customer(second.effects) == "it is back"
    assert [promise.what for promise in second.ticket.promises] == ["I write to you"]
    every = decide(ticket, did(SAM, "!kept all", 6), HUMAN)
    assert counted(every) == [Figure.KEPT, Figure.KEPT]
    assert to_customer(every.effects) == ""


@pytest.mark.parametrize("text", ["!kept 1", "!kept All", "!kept all.", "!kept 1."])
def test_which_promise_is_no_word_for_her(text: str) -> None:
    decision = decide(promised(), did(SAM, text), HUMAN)
    assert to_customer(decision.effects) == ""
    assert not decision.ticket.promises


@pytest.mark.parametrize("text", ["!kept 2", "!kept 2 I called you", "!kept 7 boxes are sent", "!kept 0"])
def test_a_number_that_no_promise_has_keeps_none(text: str) -> None:
    decision = decide(promised(), did(SAM, text), HUMAN)
    assert to_customer(decision.effects) == ""
    assert decision.ticket.promises
    assert marks(decision) == ["❌"]


def test_promises_keep_their_numbers() -> None:
    ticket = human(did(SAM, "!promise +2h I call you"), did(SAM, "!promise +3h a refund"), ticket=promised())
    left = human(did(SAM, "!kept 1"), ticket=ticket)
    assert [(promise.number, promise.what) for promise in left.promises] == [(2, "I call you"), (3, "a refund")]
    called_her = decide(left, did(SAM, "!kept 2 I did call", 5), HUMAN)
    assert to_customer(called_her.effects) == "I did call"
    assert [promise.what for promise in called_her.ticket.promises] == ["a refund"]
    whole = decide(left, did(SAM, "!kept all is well now", 5), HUMAN)
    assert to_customer(whole.effects) == "", "which one is not said"
    assert len(whole.ticket.promises) == 2


def test_who_keeps_a_promise_with_words_has_the_ticket() -> None:
    free = human(did(SAM, "!release"), ticket=promised())
    decision = decide(free, did(ALEX, "!kept the line is back", 5), HUMAN)
    assert decision.ticket.owner == ALEX
    assert "the line is back" in to_customer(decision.effects)


def test_status_owns_up_to_a_broken_promise() -> None:
    due = datetime(2026, 10, 22, 7, tzinfo=UTC)
    ticket = human(TimerFired(due, "promise"), ticket=promised())
    text = to_customer(decide(ticket, said("status", 20 * 60), HUMAN).effects)
    assert "Sam promises" not in text
    assert "Sam had promised this: the line is back – by today at 9:00 (Paris time) at the latest. Nobody has" in text
    assert text.endswith("The team has been alerted and owes you a new date.")
    french = to_customer(decide(replace(ticket, language="fr"), said("statut", 48 * 60), HUMAN).effects)
    assert "Sam vous avait promis : the line is back – au plus tard jeudi 22 octobre à 9h00" in french
    late = to_customer(decide(promised(), said("status", 20 * 60), HUMAN).effects)
    assert "Sam had promised this" in late, "its date has passed, and the timer was late"
    both = human(did(SAM, "!promise +48h a refund", 20 * 60), ticket=ticket)
    text = to_customer(decide(both, said("status", 21 * 60), HUMAN).effects)
    assert "Sam promises: a refund – by Saturday" in text
    assert "Sam had promised this" not in text, "it was given another date"


def test_status_owns_up_to_a_broken_promise_of_a_word_until_it_has_come() -> None:
    night = datetime(2026, 10, 21, 20, tzinfo=UTC)
    ticket = human(TimerFired(night, "promise"), ticket=promised("!promise today 22:00"))
    text = to_customer(decide(ticket, said("status", 9 * 60), HUMAN).effects)
    assert "Sam had promised to write to you by today at 22:00 (Paris time) at the latest. It was not kept" in text
    assert text.endswith("The team is back tomorrow at 9:00 (Paris time) and owes you a new date.")
    answered = human(did(SAM, "here I am", 9 * 60), ticket=ticket)
    assert "had promised" not in to_customer(decide(answered, said("status", 10 * 60), HUMAN).effects)


def test_a_broken_promise_is_not_forgotten_over_another() -> None:
    night, morning = datetime(2026, 10, 21, 20, 1, tzinfo=UTC), datetime(2026, 10, 22, 7, tzinfo=UTC)
    broken = decide(promised("!promise today 22:00 the line is back"), TimerFired(night, "promise"), HUMAN).ticket
    for more in ("!promise tomorrow 11:00 I call you", "sorry, we are at it", "!kept 2"):
        later = human(did(SAM, more, 8 * 60), ticket=broken)
        assert timers(later, HUMAN)["promise"] == morning, more
        assert called(decide(later, TimerFired(morning, "promise"), HUMAN)) == {"Sam", "Lea"}, more


def test_each_promise_is_broken_by_itself() -> None:
    ticket = human(did(SAM, "!promise tomorrow 9:00 your refund", 5), ticket=promised())
    later = human(did(SAM, "!promise tomorrow 15:00 a gift", 6), ticket=ticket)
    broken = decide(later, TimerFired(datetime(2026, 10, 22, 7, tzinfo=UTC), "promise"), HUMAN)
    assert counted(broken) == [Figure.BROKEN, Figure.BROKEN]
    assert [promise.what for promise in broken.ticket.open_promises] == ["a gift"]
    assert timers(broken.ticket, HUMAN)["promise"] == datetime(2026, 10, 22, 12, 30, tzinfo=UTC)


def test_nobody_is_called_at_night_over_a_broken_promise() -> None:
    ticket = promised("!promise 2026-10-22 03:00 the line is back")
    night, morning = datetime(2026, 10, 22, 1, tzinfo=UTC), datetime(2026, 10, 22, 7, tzinfo=UTC)
    broken = decide(ticket, TimerFired(night, "promise"), HUMAN)
    assert "that is not right. The team is back today at 9:00" in to_customer(broken.effects), "she is told at once"
    assert called(broken) == set()
    assert counted(broken) == [Figure.BROKEN]
    assert timers(broken.ticket, HUMAN)["promise"] == morning
    alarm = decide(broken.ticket, TimerFired(morning, "promise"), HUMAN)
    assert called(alarm) == {"Sam", "Lea"}
    assert counted(alarm) == []
    assert to_customer(alarm.effects) == ""
    assert "promise" not in timers(alarm.ticket, HUMAN)
    anew = decide(broken.ticket, did(SAM, "!promise 2026-10-23 12:00 the line is back", 16 * 60), HUMAN)
    assert counted(anew) == [Figure.PROMISED], "a broken one is no more moved"
    assert len(anew.ticket.promises) == 1
    assert counted(decide(broken.ticket, did(SAM, "!kept", 16 * 60), HUMAN)) == []


def test_who_promises_for_a_time_when_nobody_is_there_is_told() -> None:
    decision = decide(held(), did(SAM, "!promise 2026-10-24 12:00 a call"), HUMAN)
    assert "it is back Monday 26 October 2026 at 9:00 (Paris time)" in told(decision)
    assert "is not there" not in told(decide(held(), did(SAM, "!promise tomorrow 9:00 a call"), HUMAN))


def test_a_promise_lives_through_a_hand_over() -> None:
    ticket = human(did(SAM, "!transfer lines"), ticket=promised())
    took = decide(ticket, AgentElsewhere(NOW, AgentClaimed(NOW, NORA, "$c"), "lines"), HUMAN)
    assert took.ticket.promises == ticket.promises
    (card,) = [effect for effect in took.effects if isinstance(effect, EditCard) and effect.team is None]
    assert "the line is back" in card.content[1].text
