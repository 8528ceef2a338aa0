"""A ticket that goes to another team or colleague: what each step makes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from helpbot.core.acts import AgentAssigned, AgentClaimed
from helpbot.core.decide import decide
from helpbot.core.decide_clock import timers
from helpbot.core.effects import EditCard, PostCard, React, Say, StopTimer
from helpbot.core.events import AgentElsewhere, OwnerWentAway, TimerFired
from helpbot.core.model import Figure, Status, Team, Transfer
from tests.core.cases import ALEX, NOW, SAM, held, said, to_agents, to_customer
from tests.core.human import (
    HUMAN,
    LEAD,
    LINES,
    MINUTE,
    MOBILE,
    NORA,
    called,
    counted,
    did,
    human,
    marks,
    offered,
    told,
)


def test_an_offer_moves_nothing_and_takes_all_that_was_said_along() -> None:
    decision = offered()
    ticket = decision.ticket
    assert (ticket.team, ticket.owner, ticket.status) == ("mobile", SAM, Status.HELD)
    assert to_customer(decision.effects) == ""
    there = [effect for effect in decision.effects if isinstance(effect, Say) and effect.team == "lines"]
    shown = "\n".join(getattr(block, "author", "") + block.text for effect in there for block in effect.content)
    assert "you cut my line" in shown
    assert "📝 Samher fourth call" in shown
    (card,) = [effect for effect in decision.effects if isinstance(effect, PostCard)]
    assert card.team == "lines"
    assert "her line was cut by mistake" in card.content[1].text
    assert "Transfers in all: 1" in card.content[1].text


def test_whoever_takes_it_over_is_named_once_and_she_need_not_repeat_herself() -> None:
    ticket = offered().ticket
    took = decide(ticket, AgentElsewhere(NOW, AgentClaimed(NOW, NORA, "$c"), "lines"), HUMAN)
    assert (took.ticket.team, took.ticket.owner, took.ticket.hops) == ("lines", NORA, 1)
    assert took.ticket.transfer is None
    assert "Nora (Lines) takes over your ticket #12" in to_customer(took.effects)
    assert counted(took) == [Figure.HOP]
    assert {effect.team for effect in took.effects if isinstance(effect, EditCard)} == {None, "mobile"}
    late = decide(took.ticket, AgentClaimed(NOW, LEAD, "$c2"), HUMAN)  # in the same second, in the new team's thread
    assert late.ticket == took.ticket
    assert "Nora already has ticket #12" in told(late)
    assert to_customer(late.effects) == ""


@pytest.mark.parametrize(
    "text",
    ["!r hello", "!close bye", "!promise +2h", "!release", "!transfer mobile", "!snooze +1d", "!reopen", "!send"],
)
def test_before_it_is_taken_the_other_team_cannot_speak_to_her(text: str) -> None:
    ticket = offered().ticket
    decision = decide(ticket, AgentElsewhere(NOW, did(NORA, text), "lines"), HUMAN)
    assert decision.ticket == ticket
    assert "still with Mobile team: claim it first" in told(decision)
    assert to_customer(decision.effects) == ""
    assert {effect.team for effect in decision.effects if isinstance(effect, Say | React)} == {"lines"}


@pytest.mark.parametrize("text", ["!r hello", "!close bye", "!claim", "!release", "!promise +2h", "!transfer mobile"])
def test_the_thread_of_a_team_that_had_it_is_the_wrong_one(text: str) -> None:
    took = decide(offered().ticket, AgentElsewhere(NOW, AgentClaimed(NOW, NORA, "$c"), "lines"), HUMAN).ticket
    decision = decide(took, AgentElsewhere(NOW, did(SAM, text), "mobile"), HUMAN)
    assert decision.ticket == took
    assert "Ticket #12 is with Lines" in told(decision)
    assert to_customer(decision.effects) == ""
    plain = decide(took, AgentElsewhere(NOW, did(SAM, "a word to myself"), "mobile"), HUMAN)
    assert marks(plain) == ["📝"]
    assert to_customer(plain.effects) == ""


def test_an_offer_ends_when_it_is_taken_back_claimed_here_or_closed() -> None:
    ticket = offered().ticket
    for act in (did(SAM, "!transfer off"), did(SAM, "!close")):
        decision = decide(ticket, act, HUMAN)
        assert decision.ticket.transfer is None
        assert any(isinstance(effect, EditCard) and effect.team == "lines" for effect in decision.effects)
    free = decide(ticket, did(SAM, "!release"), HUMAN).ticket
    assert free.transfer is not None
    assert decide(free, did(ALEX, "!claim"), HUMAN).ticket.transfer is None


def test_the_leads_of_both_teams_hear_of_an_offer_that_nobody_takes() -> None:
    ticket = offered().ticket
    due = timers(ticket, HUMAN)["transfer"]
    assert due == NOW + timedelta(minutes=15)
    decision = decide(ticket, TimerFired(due, "transfer"), HUMAN)
    assert called(decision) == {"Lea", "Nora"}
    again = timers(decision.ticket, HUMAN)["transfer"]
    assert again == NOW + timedelta(minutes=15) + timedelta(hours=4) + timedelta(hours=15), "four opening hours later"
    assert called(decide(decision.ticket, TimerFired(again, "transfer"), HUMAN)) == {"Lea", "Nora"}
    late = decide(ticket, TimerFired(NOW + timedelta(days=9), "transfer"), HUMAN)
    assert timers(late.ticket, HUMAN)["transfer"] > NOW + timedelta(days=9), "once, after a long stop"
    assert decision.ticket.owner == SAM


def test_the_third_hand_over_calls_a_lead() -> None:
    ticket = replace(held(), hops=2)
    decision = decide(ticket, did(SAM, "!transfer lines again"), HUMAN)
    assert called(decision) == {"Nora"}
    assert called(decide(held(), did(SAM, "!transfer lines"), HUMAN)) == set()


def test_a_team_is_found_by_its_name_as_well() -> None:
    decision = decide(held(), did(SAM, "!transfer LINES why not"), HUMAN)
    assert decision.ticket.transfer is not None
    assert decision.ticket.transfer.why == "why not"


def test_a_colleague_is_given_the_ticket_unless_away() -> None:
    act = AgentAssigned(NOW, SAM, "$a", "@alex", (ALEX,))
    decision = decide(held(), act, HUMAN)
    assert decision.ticket.owner == ALEX
    assert "Alex is taking care" in to_customer(decision.effects)
    assert called(decision) == {"Alex"}
    away = decide(held(), replace(act, away=(ALEX,)), HUMAN)
    assert away.ticket.owner == SAM
    assert "Alex is away" in told(away)
    assert "names several" in told(decide(held(), replace(act, members=(ALEX, NORA)), HUMAN))


def test_the_tickets_of_who_is_away_are_to_be_taken_again() -> None:
    decision = decide(held(), OwnerWentAway(NOW, SAM), HUMAN)
    assert decision.ticket.status is Status.WAITING
    assert "ladder" in timers(decision.ticket, HUMAN)
    assert decide(held(), OwnerWentAway(NOW, ALEX), HUMAN).ticket == held()


def test_a_released_ticket_is_on_the_ladder_again() -> None:
    answered = human(did(SAM, "hello"))
    assert "ladder" not in timers(answered, HUMAN)
    assert timers(human(did(SAM, "!release", 5), ticket=answered), HUMAN)["ladder"] == NOW + 7 * MINUTE


def test_a_claim_here_ends_the_offer_and_tells_who_made_it() -> None:
    free = human(did(SAM, "!release"), ticket=offered().ticket)
    decision = decide(free, did(ALEX, "!claim"), HUMAN)
    assert "The offer to Lines, made by Sam, is taken back" in told(decision)
    assert "is not offered to you any more" in told(decision)


@pytest.mark.parametrize(
    ("text", "seen"),
    [("!transfer off", ()), ("!close bye", ("bye", "Your ticket #12 is closed")), ("!transfer bills", ("→ Bills",))],
)
def test_the_last_words_in_the_thread_of_an_offer_that_ends_say_so(text: str, seen: tuple[str, ...]) -> None:
    three = replace(HUMAN, teams=(*HUMAN.teams, Team("bills", {"en": "Bills"})))
    effects = decide(offered().ticket, did(SAM, text, 1), three).effects
    there = [effect.content[-1].text for effect in effects if isinstance(effect, Say) and effect.team == "lines"]
    assert there[-1].startswith("↩️ Ticket #12 is not offered to you any more. This thread is over: ")
    assert len(there) == len(seen) + 1
    assert all(found.startswith(part) for found, part in zip(there, seen, strict=False))


def test_an_offer_to_a_team_that_is_gone_ends_with_a_line() -> None:
    ticket = offered().ticket
    alone = replace(HUMAN, teams=(MOBILE,))
    decision = decide(ticket, did(SAM, "!note hm"), alone)
    assert decision.ticket.transfer is None
    assert "no team lines any more" in told(decision)
    assert StopTimer("transfer") in decision.effects
    assert decide(ticket, AgentElsewhere(NOW, AgentClaimed(NOW, ALEX, "$c"), "lines"), alone).ticket.owner == SAM


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("!transfer équipe des lignes her line", "her line"),
        ("!transfer Équipe Des Lignes", ""),
        ("!transfer lines", ""),
    ],
)
def test_a_team_may_be_named_in_several_words(text: str, why: str) -> None:
    named = replace(HUMAN, teams=(MOBILE, replace(LINES, names={"en": "Lines", "fr": "Équipe des lignes"})))
    transfer = decide(held(), did(SAM, text), named).ticket.transfer
    assert transfer is not None
    assert (transfer.team, transfer.why) == ("lines", why)


def test_who_is_offered_a_ticket_sees_its_card_change() -> None:
    ticket = human(did(SAM, "!promise tomorrow 9:00 the line is back"), ticket=offered().ticket)
    there = [
        effect
        for effect in decide(ticket, did(SAM, "!kept"), HUMAN).effects
        if isinstance(effect, EditCard) and effect.team == "lines"
    ]
    (card,) = there
    assert "offered to you" in card.content[0].text
    assert "the line is back" not in card.content[1].text


def test_the_longest_name_is_meant() -> None:
    paris = replace(LINES, id="lines-paris", names={"en": "Lines Paris"})
    three = replace(HUMAN, teams=(*HUMAN.teams, paris))
    for text, team, why in (
        ("!transfer Lines Paris she moved", "lines-paris", "she moved"),
        ("!transfer lines she moved", "lines", "she moved"),
        ("!transfer lines-paris", "lines-paris", ""),
    ):
        transfer = decide(held(), did(SAM, text), three).ticket.transfer
        assert transfer is not None
        assert (transfer.team, transfer.why) == (team, why)


def test_an_offer_ends_when_its_own_team_is_gone_and_the_other_has_the_ticket_by_that() -> None:
    ticket = replace(offered().ticket, team="gone", transfer=Transfer("mobile", SAM, "", NOW))
    decision = decide(ticket, said("hello?"), HUMAN)
    assert decision.ticket.transfer is None
    assert to_agents(decision.effects).count("hello?") == 1


def test_the_card_of_a_team_that_gave_it_away_says_no_more_than_where_it_is() -> None:
    ticket = human(did(SAM, "!promise tomorrow 9:00 the line is back"), ticket=offered().ticket)
    took = decide(ticket, AgentElsewhere(NOW, AgentClaimed(NOW, NORA, "$c"), "lines"), HUMAN)
    (old,) = [effect for effect in took.effects if isinstance(effect, EditCard) and effect.team == "mobile"]
    assert "with Lines" in old.content[0].text
    assert "Owner" not in old.content[1].text
    assert "Promise" not in old.content[1].text
