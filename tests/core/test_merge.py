"""Two tickets that become one: what is asked, what is refused, what goes over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from helpbot.core import commands
from helpbot.core.acts import AgentAct, AgentConfirmed, AgentMerged, AgentMistyped, AgentPromised, Other
from helpbot.core.decide import decide
from helpbot.core.effects import Count, Decision, EditCard, Effect, Say, StopTimer
from helpbot.core.events import AgentElsewhere, CustomerCameBack, CustomerLeft, CustomerSaid, TimerFired
from helpbot.core.model import (
    Audience,
    Entry,
    Figure,
    HeldBack,
    Merged,
    Person,
    Role,
    Status,
    Ticket,
    Transfer,
    Way,
)
from helpbot.core.transcript import card
from tests.core.cases import ALEX, MARIE, NOW, SAM, held, said, to_agents, to_customer, waiting
from tests.core.human import HUMAN, MINUTE, at, did, human, marks, told

TWO = Person("@marie2:example.org", "Marie Two")
FIFTEEN = replace(held(), number=15, customer=TWO, question="my second account", language="en")
TWELVE = replace(held(), number=12, question="my line is cut", language="en")
TALK = (
    Entry(Role.CUSTOMER, Audience.CUSTOMER, "Marie Two", "it is me again", NOW),
    Entry(Role.AGENT, Audience.AGENTS, "Sam", "same voice", NOW),
)


def merging(ticket: Ticket = FIFTEEN, other: Ticket | None = TWELVE, minutes: float = 0, **more: bool) -> Decision:
    return decide(ticket, merge(other, minutes, **more), HUMAN)


def merge(
    other: Ticket | None = TWELVE,
    minutes: float = 0,
    *,
    here: bool = True,
    same: bool = False,
    one_room: bool = False,
    later: bool = True,
) -> AgentMerged:
    found = None if other is None else Other(other, here, same, one_room, later, TALK)
    number = 12 if other is None else other.number
    return AgentMerged(NOW + minutes * MINUTE, SAM, "$merge", number, found)


def merged(ticket: Ticket = FIFTEEN, other: Ticket = TWELVE) -> tuple[Decision, Decision]:
    """Return what becomes of both once it was confirmed."""
    asked = merging(ticket, other)
    decision = decide(asked.ticket, merge(other, 1), HUMAN)
    assert decision.also is not None
    return decision, decision.also


def nothing_done(decision: Decision, ticket: Ticket = FIFTEEN) -> bool:
    hers = [effect for effect in decision.effects if isinstance(effect, Say) and effect.audience is Audience.CUSTOMER]
    return decision.also is None and not hers and decision.ticket.status is ticket.status


def cards(effects: tuple[Effect, ...]) -> str:
    return "\n".join(block.text for effect in effects if isinstance(effect, EditCard) for block in effect.content)


# --- the command


@pytest.mark.parametrize("text", ["!merge 12", "!merge #12", "!MERGE  #12 ", "！merge 12"])
def test_a_merge_names_a_ticket(text: str) -> None:
    act = commands.read(NOW, SAM, "$r", text, mentions=False)
    assert isinstance(act, AgentMerged)
    assert act.number == 12


@pytest.mark.parametrize(
    "text",
    ["!merge", "!merge #", "!merge twelve", "!merge 12 15", "!merge -12", "!merge 1.5", "!merge ١٢", "!merge ²",
     "!merge 12345678901234567890", "!merge ##12", "!merge 12\nshe wrote twice"],
)  # fmt: skip
def test_what_names_no_ticket_gets_a_hint(text: str) -> None:
    act = commands.read(NOW, SAM, "$r", text, mentions=False)
    assert isinstance(act, AgentMistyped)
    assert act.hint == "hint_merge"
    assert nothing_done(decide(FIFTEEN, act, HUMAN))


# --- what is refused


def test_what_cannot_be_merged_gets_a_hint_and_changes_nothing() -> None:
    offered = Transfer("lines", SAM, "", NOW)
    closed = replace(TWELVE, status=Status.CLOSED, closed_at=NOW)
    refused: list[tuple[Decision, str]] = [
        (merging(other=None), "no ticket #12"),
        (merging(here=False), "another team's"),
        (merging(other=FIFTEEN), "ticket #15 itself"),
        (merging(other=replace(closed, merged_into=9)), "#12 is part of #9 itself: write !merge 9"),
        (merging(other=replace(closed, merged_into=15)), "part of this one already"),
        (merging(other=replace(TWELVE, transfer=offered)), "#12 is being offered"),
        (merging(replace(FIFTEEN, transfer=offered)), "#15 is being offered"),
        (merging(other=replace(TWELVE, status=Status.BOT, carded=False)), "the bot still answers"),
        (merging(other=replace(closed, closed_at=NOW - timedelta(days=8))), "closed for good"),
        (merging(other=replace(closed, newer=14)), "closed for good"),
        (merging(replace(FIFTEEN, owner=ALEX)), "Alex already has ticket #15"),
    ]
    for decision, hint in refused:
        assert hint in told(decision)
        assert nothing_done(decision), hint
        assert decision.ticket.held_back == ()
    over = merging(replace(FIFTEEN, status=Status.CLOSED, closed_at=NOW))
    assert over.also is None
    assert "closed" in told(over)


def test_another_teams_ticket_is_not_described() -> None:
    assert "Marie" not in told(merging(here=False))
    assert "line is cut" not in told(merging(here=False))


def test_a_ticket_is_not_merged_in_another_teams_thread() -> None:
    offered = replace(FIFTEEN, transfer=Transfer("lines", SAM, "", NOW))
    decision = decide(offered, AgentElsewhere(NOW, merge(same=True), "lines"), HUMAN)
    assert nothing_done(decision)


def test_a_customer_who_writes_the_command_merges_nothing() -> None:
    decision = decide(FIFTEEN, said("!merge 12"), HUMAN)
    assert decision.also is None
    assert "!merge 12" in told(decision)


# --- the second step


def test_two_accounts_are_merged_only_once_confirmed() -> None:
    asked = merging()
    assert marks(asked) == ["⏸️"]
    assert nothing_done(asked)
    for part in (
        "#15 · Marie Two (@marie2:example.org) · Mobile team · taken · my second account",
        "#12 · Marie (@marie:example.org) · Mobile team · taken · my line is cut",
        "👍",
    ):
        assert part in told(asked)
    other = (Other(TWELVE, here=True, same_account=False, same_room=False, later=True, transcript=TALK),)
    yes: list[AgentAct] = [
        AgentConfirmed(NOW + 14 * MINUTE, SAM, "$yes", "$merge", other),
        AgentConfirmed(NOW + 14 * MINUTE, SAM, "$yes", None, other),
        merge(minutes=14),
    ]
    for act in yes:
        decision = decide(asked.ticket, act, HUMAN)
        assert decision.ticket.merged_into == 12, act
        assert decision.also is not None


def test_a_confirmation_counts_for_who_asked_for_what_was_asked_and_in_time() -> None:
    asked = merging().ticket
    other = (Other(TWELVE, here=True, same_account=False, same_room=False, later=True),)
    late = decide(asked, AgentConfirmed(NOW + 16 * MINUTE, SAM, "$yes", "$merge", other), HUMAN)
    assert "too late to merge into #12" in told(late)
    assert nothing_done(late)
    assert late.ticket.held_back == ()
    again = decide(asked, merge(minutes=16), HUMAN)
    assert marks(again) == ["⏸️"]
    assert len(again.ticket.held_back) == 1
    alex = decide(asked, AgentConfirmed(NOW, ALEX, "$yes", "$merge", other), HUMAN)
    assert nothing_done(alex)
    free = replace(asked, owner=None, status=Status.WAITING)
    by_alex = decide(free, replace(merge(), agent=ALEX), HUMAN)
    assert nothing_done(by_alex, free), "what Sam wrote is not what Alex confirms"
    eleven = decide(asked, merge(replace(TWELVE, number=11)), HUMAN)
    assert nothing_done(eleven)
    gone = decide(asked, AgentConfirmed(NOW, SAM, "$yes", "$merge", ()), HUMAN)
    assert nothing_done(gone)


def test_what_has_changed_meanwhile_is_looked_at_again() -> None:
    asked = merging().ticket
    offered = replace(TWELVE, transfer=Transfer("lines", SAM, "", NOW))
    assert nothing_done(decide(asked, merge(offered, 1), HUMAN))


def test_one_account_needs_no_confirmation() -> None:
    decision = merging(replace(FIFTEEN, customer=MARIE), same=True)
    assert decision.ticket.merged_into == 12
    assert decision.also is not None
    assert "another account" not in to_customer(decision.also.effects)


# --- what happens


def test_both_sides_are_told_and_no_account_is_named_to_her() -> None:
    here, there = merged()
    assert here.ticket.status is Status.CLOSED
    assert here.ticket.merged_into == 12
    assert here.ticket.owner is None
    assert "merged into #12" in cards(here.effects)
    assert to_customer(here.effects).startswith("Your ticket #15 goes on as #12")
    assert to_customer(there.effects) == "What you wrote from another account (#15) now belongs to #12."
    assert [one.room for one in there.effects if isinstance(one, Say) and one.audience is Audience.CUSTOMER] == [12]
    for decision in (here, there):
        hers = to_customer(decision.effects)
        assert not any(word in hers for word in ("Marie", "@marie", "second account", "line is cut"))
    assert "Sam merged #15 (Marie Two, @marie2:example.org) into this ticket" in told(there)
    assert "it is me again" in told(there)
    assert "same voice" in told(there)
    assert "Also: Marie Two (@marie2:example.org) #15" in cards(there.effects)
    assert "Writes from: #15's room" in cards(there.effects)


def test_in_one_room_she_is_told_once() -> None:
    decision = merging(replace(FIFTEEN, customer=MARIE), same=True, one_room=True)
    assert decision.also is not None
    assert to_customer(decision.effects) != ""
    assert to_customer(decision.also.effects) == ""
    assert decision.also.ticket.speaks_in is None


def test_the_owner_of_the_other_ticket_is_called() -> None:
    here, there = merged(other=replace(TWELVE, owner=ALEX))
    assert there.ticket.owner == ALEX
    assert "which is Alex's" in told(here)
    assert any(block.text == "Alex" for one in there.effects if isinstance(one, Say) for block in one.content)


def test_a_ticket_that_nobody_has_gets_the_owner_of_what_becomes_part_of_it() -> None:
    _, there = merged(other=replace(waiting(), number=12))
    assert (there.ticket.status, there.ticket.owner) == (Status.HELD, SAM)


def test_promises_go_over_with_new_numbers() -> None:
    one = human(AgentPromised(NOW, SAM, "$p", "tomorrow 9:00 the line"), ticket=TWELVE)
    two = human(AgentPromised(NOW, SAM, "$q", "tomorrow 8:00 the bill"), ticket=FIFTEEN)
    here, there = merged(two, one)
    assert here.ticket.promises == ()
    assert [(one.number, one.what) for one in there.ticket.promises] == [(2, "the bill"), (1, "the line")]
    assert StopTimer("promise") in here.effects
    assert Figure.KEPT not in [one.figure for d in (here, there) for one in d.effects if isinstance(one, Count)]


def test_a_merged_ticket_is_neither_solved_nor_silent_nor_has_timers() -> None:
    here, there = merged()
    counted = {one.figure for d in (here, there) for one in d.effects if isinstance(one, Count)}
    assert counted == set()
    for name in ("ladder", "silent", "promise", "idle"):
        assert decide(here.ticket, at(9999, name), HUMAN) == Decision(here.ticket)
    assert decide(here.ticket, TimerFired(NOW, "ladder"), HUMAN).effects == ()


def test_a_closed_ticket_is_open_again() -> None:
    closed = human(did(SAM, "!close bye"), ticket=TWELVE)
    _, there = merged(other=closed)
    assert there.ticket.status is Status.HELD
    assert there.ticket.closed_at is None
    assert "#12" in to_customer(there.effects)


def test_who_waits_in_one_waits_in_the_whole() -> None:
    answered = human(did(SAM, "here you are"), ticket=TWELVE)
    assert answered.waits_since is None
    long = replace(FIFTEEN, waits_since=NOW - MINUTE)
    assert merged(long, answered)[1].ticket.waits_since == NOW - MINUTE
    assert merged(answered_too := human(did(SAM, "x"), ticket=FIFTEEN), answered)[1].ticket.waits_since is None
    assert answered_too.waits_since is None
    snoozed = human(did(SAM, "!snooze +1d"), ticket=answered)
    assert merged(long, snoozed)[1].ticket.snoozed_until is None


def test_her_silence_counts_from_the_later_answer() -> None:
    early = human(did(SAM, "here you are"), ticket=TWELVE)
    late = human(did(SAM, "and here", 5), ticket=FIFTEEN)
    assert merged(late, early)[1].ticket.answered_at == NOW + 5 * MINUTE
    assert merged(replace(late, number=15), replace(early, answered_at=NOW + 9 * MINUTE))[1].ticket.answered_at == (
        NOW + 9 * MINUTE
    )


def test_answers_go_where_she_wrote_last() -> None:
    assert merged()[1].ticket.speaks_in == 15
    first = merging(replace(FIFTEEN, customer=MARIE), same=True, later=False)
    assert first.also is not None
    assert first.also.ticket.speaks_in is None
    gone = merging(replace(FIFTEEN, customer=MARIE, gone=True), same=True)
    assert gone.also is not None
    assert gone.also.ticket.speaks_in is None, "nobody is spoken to in a room that she left"
    assert to_customer(gone.effects) == ""


def test_a_part_takes_its_own_parts_along() -> None:
    seventeen = Merged(17, Person("@m3:x", "M3"))
    _, there = merged(replace(FIFTEEN, merged=(seventeen,), speaks_in=17))
    assert there.ticket.numbers == {12, 15, 17}
    assert there.ticket.speaks_in == 17


def test_words_that_wait_are_let_go_and_said_so() -> None:
    soon = human(did(SAM, "soon"), ticket=FIFTEEN)
    here, _ = merged(soon)
    assert here.ticket.held_back == ()
    assert "“soon”" in told(here)


# --- after it


def whole() -> Ticket:
    return merged()[1].ticket


def test_nothing_but_inside_words_is_done_in_the_thread_of_a_part() -> None:
    part = merged()[0].ticket
    for text in ("hello", "!r hello", "!close", "!claim", "!reopen", "!promise tomorrow 9:00", "!transfer lines",
                 "!snooze +1d", "!send", "!release", "!canned greet", "!merge 9", "!learn new"):  # fmt: skip
        decision = decide(part, did(SAM, text), HUMAN)
        assert to_customer(decision.effects) == "", text
        assert "part of #12" in told(decision), text
        assert decision.ticket == part, text
    assert marks(decide(part, did(SAM, "!note hm"), HUMAN)) == ["📝"]
    assert "!merge" in told(decide(part, did(SAM, "!help"), HUMAN))
    assert decide(part, CustomerLeft(NOW), HUMAN) == Decision(part)


def test_her_words_bear_the_mark_of_the_account_they_come_from() -> None:
    there = decide(whole(), CustomerSaid(NOW, "anybody?", room=15), HUMAN)
    assert "Marie Two (#15)" in [
        b.author for e in there.effects if isinstance(e, Say) for b in e.content if hasattr(b, "author")
    ]
    assert cards(there.effects) == ""
    here = decide(there.ticket, CustomerSaid(NOW, "anybody?"), HUMAN)
    assert here.ticket.speaks_in is None
    assert "Writes from" not in cards(here.effects)
    assert cards(here.effects) != "", "the card tells that she writes from elsewhere now"


def test_who_leaves_one_of_her_rooms_is_spoken_to_in_the_other() -> None:
    left = decide(whole(), CustomerLeft(NOW, 15), HUMAN)
    assert left.ticket.speaks_in is None
    assert "Marie Two (#15) has left that room" in told(left)
    both = decide(left.ticket, CustomerLeft(NOW), HUMAN)
    assert "Marie" in told(both)
    assert "that room" not in told(both)


def test_a_canned_reply_names_nobody_of_the_other_account() -> None:
    decision = decide(replace(whole(), owner=SAM), did(SAM, "!canned greet"), HUMAN)
    assert "Hello Marie Two, Sam here" in to_customer(decision.effects)
    assert "(#15)" not in to_customer(decision.effects)


def test_who_comes_back_in_another_room_goes_on_with_her_ticket() -> None:
    away = decide(TWELVE, CustomerLeft(NOW), HUMAN).ticket
    back = decide(away, CustomerCameBack(NOW, 20, MARIE), HUMAN)
    assert "Welcome back! Your ticket #12 is still open" in to_customer(back.effects)
    assert "Marie is back, in a new room." in told(back)
    assert back.ticket.speaks_in == 20
    assert back.also is not None
    assert (back.also.ticket.number, back.also.ticket.merged_into, back.also.ticket.carded) == (20, 12, False)
    assert back.also.effects == ()
    wrote = decide(away, CustomerCameBack(NOW, 20, MARIE, CustomerSaid(NOW, "hello?", room=20)), HUMAN)
    assert "hello?" in to_agents(wrote.effects)
    assert "Writes from: a new room" in cards(back.effects)


def test_a_merge_is_no_word_to_be_sent() -> None:
    ticket = replace(FIFTEEN, held_back=(HeldBack(SAM, "$merge", "!merge #12", Way.MERGED, at=NOW),))
    decision = decide(ticket, did(SAM, "a word"), HUMAN)
    assert to_customer(decision.effects) == "a word"
    assert "“!merge #12”" in told(decision)


def test_the_card_of_a_part_says_where_it_went() -> None:
    shown = "\n".join(block.text for block in card(merged()[0].ticket, HUMAN))
    assert "merged into #12" in shown
    assert "second account" not in shown
