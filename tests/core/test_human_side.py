"""What agents type that cannot be, reminders, the wait that is told, and what comes after."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from helpbot.core.acts import AgentAssigned, AgentClaimed
from helpbot.core.decide import decide
from helpbot.core.decide_clock import timers
from helpbot.core.effects import Called, Count, React, Say, SayInRoom
from helpbot.core.events import CustomerRated, CustomerSaid, TimerFired, Undelivered
from helpbot.core.hours import Hours, Span
from helpbot.core.model import Audience, Figure, Patience, Person, Reason, Status, Ticket, Wait
from tests.core.cases import ALEX, MARIE, NOW, SAM, after, held, said, to_customer, waiting
from tests.core.human import (
    HUMAN,
    LEAD,
    LINES,
    MINUTE,
    MOBILE,
    PARIS,
    at,
    called,
    counted,
    did,
    human,
    promised,
    told,
)

# --- bad input: one line that says what is wrong, nothing changed

REFUSED = {
    "!promise 2026-10-20 18:00": "past",
    "!promise 31/02": "does not exist",
    "!promise 2026-02-31 10:00": "does not exist",
    "!promise 2027-03-28 02:30": "clocks change",
    "!promise 2026-10-25 02:30": "comes twice",
    "!promise bientôt": "no date that I understand",
    "!promise": "Write !promise",
    "!promise 2030-01-01": "more than a year",
    "!promise tomorrow " + "x" * 600: "500 characters",
    "!kept": "no open promise",
    "!snooze yesterday": "no date that I understand",
    "!snooze": "Write !snooze",
    "!snooze +3d and then": "no date that I understand",
    "!snooze off": "not put aside",
    "!transfer": "Write !transfer",
    "!transfer nowhere": "no team nowhere (there are: mobile, lines)",
    "!transfer mobile": "with mobile already",
    "!transfer off": "not offered",
    "!assign": "Write !assign",
    "!assign @nobody": "names no colleague",
    "!assign sam": "Name your colleague with an @, as your app offers it: “!assign @sam”. Nothing was changed.",
    "!send": "Nothing waits",
    "!canned nothing": "no reply nothing (there are: greet)",
    "!find": "Write !find",
}


@pytest.mark.parametrize(("text", "wanted"), REFUSED.items(), ids=[text[:30] for text in REFUSED])
def test_what_cannot_be_done_is_said_in_one_line_and_changes_nothing(text: str, wanted: str) -> None:
    before = held()
    decision = decide(before, did(SAM, text), HUMAN)
    assert decision.ticket == before
    assert wanted in told(decision)
    assert "\n" not in told(decision)
    assert to_customer(decision.effects) == ""
    assert all(isinstance(effect, Say | React) for effect in decision.effects), decision.effects


@pytest.mark.parametrize(
    "text",
    [
        "!transfer lines",
        "!promise +2h",
        "!kept done",
        "!snooze +3d",
        "!assign @alex",
        "!canned greet",
        "!send",
        "!claim",
    ],
)
def test_a_closed_ticket_takes_nothing(text: str) -> None:
    closed = human(did(SAM, "!close"))
    act = did(SAM, text)
    if isinstance(act, AgentAssigned):
        act = replace(act, members=(ALEX,))
    decision = decide(closed, act, HUMAN)
    assert decision.ticket == closed
    assert "is closed" in told(decision)
    assert to_customer(decision.effects) == ""


# --- nobody forgotten


def test_the_ladder_climbs_from_the_team_to_all_leads_and_goes_on() -> None:
    ticket, seen = waiting(), []
    for _ in range(5):
        due = timers(ticket, HUMAN)["ladder"]
        decision = decide(ticket, TimerFired(due, "ladder"), HUMAN)
        seen.append((round((due - NOW) / MINUTE), called(decision), bool(to_customer(decision.effects))))
        ticket = decision.ticket
    leads = {"Lea", "Nora"}
    # 14:00 in Paris; the office closes at 18:00 and opens at 9:00, which is 15 hours later
    assert seen == [
        (2, set(), False),
        (10, {"Lea"}, True),
        (30, leads, False),
        (1170, leads, False),
        (1410, leads, False),
    ]


def test_reminders_wait_for_the_morning() -> None:
    evening = CustomerSaid(datetime(2026, 10, 23, 16, 30, tzinfo=UTC), "human")  # a Friday, 18:30
    decision = decide(Ticket(12, MARIE, "mobile", evening.at), evening, HUMAN)
    assert "the team is back Monday 26 October at 9:00 (Paris time)" in to_customer(decision.effects)
    assert timers(decision.ticket, HUMAN)["ladder"] == datetime(2026, 10, 26, 8, 2, tzinfo=UTC)


def test_after_a_long_stop_only_the_highest_reminder_is_sent() -> None:
    decision = decide(waiting(), at(45, "ladder"), HUMAN)
    assert called(decision) == {"Lea", "Nora"}
    assert decision.ticket.rung == 3


def test_a_timer_of_before_something_changed_does_nothing() -> None:
    ticket = human(AgentClaimed(NOW + MINUTE, SAM, "$c"), ticket=waiting())
    decision = decide(ticket, at(2, "ladder"), HUMAN)
    assert decision.ticket == ticket
    assert told(decision) == ""


def test_an_owner_who_does_not_answer_is_reminded_then_the_lead() -> None:
    ticket = human(AgentClaimed(NOW, SAM, "$c"), ticket=waiting())
    assert timers(ticket, HUMAN)["ladder"] == NOW + 15 * MINUTE
    first = decide(ticket, at(15, "ladder"), HUMAN)
    assert called(first) == {"Sam"}
    second = decide(first.ticket, at(60, "ladder"), HUMAN)
    assert called(second) == {"Sam", "Lea"}
    answered = human(did(SAM, "hello", 61), ticket=second.ticket)
    assert "ladder" not in timers(answered, HUMAN)
    asked = human(said("and now?", 70), said("hello?", 80), ticket=answered)
    assert timers(asked, HUMAN)["ladder"] == NOW + 85 * MINUTE, "counted from her first word, not her last"


def test_a_ticket_put_aside_is_quiet_until_its_date_or_her_word() -> None:
    ticket = human(did(SAM, "!snooze +3d"), ticket=human(said("well?", 1)))
    assert set(timers(ticket, HUMAN)) == {"snooze"}
    monday = datetime(2026, 10, 26, 8, tzinfo=UTC)
    assert timers(ticket, HUMAN)["snooze"] == monday, "three days later is a Saturday: nobody is called then"
    woken = decide(ticket, TimerFired(monday, "snooze"), HUMAN)
    assert called(woken) == {"Sam"}
    assert "ladder" in timers(woken.ticket, HUMAN)
    hers = decide(ticket, said("are you there?", 5), HUMAN)
    assert hers.ticket.snoozed_until is None
    assert "has written" in told(hers)
    assert human(did(SAM, "!snooze off"), ticket=ticket).snoozed_until is None


def test_a_silent_customer_is_warned_then_her_ticket_is_closed() -> None:
    ticket = human(did(SAM, "does it work now?"))
    due = timers(ticket, HUMAN)["silent"]
    assert due == datetime(2026, 10, 26, 8, tzinfo=UTC), "three days later is a Saturday: not before Monday morning"
    warned = decide(ticket, TimerFired(due, "silent"), HUMAN)
    assert "will be closed tomorrow at 9:00" in to_customer(warned.effects)
    assert warned.ticket.status is Status.HELD
    closed = decide(warned.ticket, TimerFired(due + timedelta(days=1), "silent"), HUMAN)
    assert closed.ticket.status is Status.CLOSED
    assert counted(closed) == [Figure.SILENT]
    assert timers(human(said("yes", 1), ticket=warned.ticket), HUMAN).keys() == {"ladder"}
    assert "silent" not in timers(human(did(SAM, "!promise tomorrow 9:00"), ticket=ticket), HUMAN)


# --- the wait, told honestly


def test_the_wait_is_told_with_place_and_what_was_measured() -> None:
    waits = {"mobile": Wait(3, timedelta(minutes=4))}
    text = to_customer(decide(Ticket(12, MARIE, "mobile", NOW), said("human"), replace(HUMAN, waits=waits)).effects)
    assert text.endswith(
        "The team is here until 18:00 (Paris time). 3 tickets are waiting before yours."
        " Lately a person has answered within about 4 min."
    )
    unmeasured = to_customer(decide(Ticket(12, MARIE, "mobile", NOW), said("human"), HUMAN).effects)
    assert "Lately" not in unmeasured
    assert "No ticket is waiting before yours" in unmeasured


@pytest.mark.parametrize(
    ("ticket", "wanted"),
    [
        (Ticket(12, MARIE, "mobile", NOW, language="en"), "no open ticket"),
        (waiting(), "Ticket #12: it is with our agents, nobody has taken it yet."),
        (held(), "Ticket #12: Sam has it."),
        (promised(), "Ticket #12: Sam has it. 🤝 Sam promises: the line is back – by tomorrow at 9:00"),
        (human(did(SAM, "!close")), "Ticket #12: closed today at 14:00 (Paris time)"),
    ],
)
@pytest.mark.parametrize("words", ["status", "Statut ?", "any news?"])
def test_status_is_told_at_any_time(ticket: Ticket, wanted: str, words: str) -> None:
    decision = decide(replace(ticket, language="en"), said(words), HUMAN)
    assert wanted in to_customer(decision.effects)
    assert decision.ticket.status in {ticket.status, Status.BOT}, "asking opens nothing again"
    if ticket.carded:
        assert words in told(decision)


# --- after

RATINGS = {"5": 5, "1": 1, "4/5": 4, "3 sur 5": 3, "5 !": 5, "4, very quick": 4, "5️⃣": 5, "2 too slow": 2, "5 ⭐": 5}
NO_RATINGS = [
    "3 days and still no line", "1 more thing: my line is cut", "2 questions", "5?", "6", "12", "0", "1.5",
    "it does not work", "1 human", "4 puk", "2e fois", "3 " + "x" * 200, "1, ça ne marche toujours pas",
    "4 mails envoyés sans aucune réponse", "5 appels et toujours rien", "2,50 euros de trop", "1 000 euros de trop",
    "5, mais la ligne ne marche pas", "2 of my SIMs are still dead", "3 calls and nobody answers",
]  # fmt: skip


@pytest.mark.parametrize(("text", "rating"), RATINGS.items())
def test_how_it_was_is_a_number_with_a_word(text: str, rating: int) -> None:
    decision = decide(human(did(SAM, "!close")), said(text), HUMAN)
    assert decision.ticket.rating == rating
    assert decision.ticket.status is Status.CLOSED
    assert text in told(decision)
    assert [effect.value for effect in decision.effects if isinstance(effect, Count)] == [float(rating)]
    assert "write here what is missing" in to_customer(decision.effects)


@pytest.mark.parametrize("text", NO_RATINGS)
def test_what_is_no_rating_opens_the_ticket_again(text: str) -> None:
    decision = decide(human(did(SAM, "!close")), said(text), HUMAN)
    assert decision.ticket.status is Status.HELD
    assert decision.ticket.rating is None
    assert counted(decision) == [Figure.REOPENED]


def test_thanks_after_closing_opens_nothing() -> None:
    decision = decide(human(did(SAM, "!close")), said("Thanks a lot!"), HUMAN)
    assert decision.ticket.status is Status.CLOSED
    assert "Thanks a lot!" in told(decision)


def test_how_it_was_is_asked_once() -> None:
    closed = human(did(SAM, "!close"))
    rated = decide(closed, CustomerRated(NOW, 5, "👍"), HUMAN)
    assert rated.ticket.rating == 5
    again = decide(human(did(SAM, "!reopen"), ticket=rated.ticket), did(SAM, "!close"), HUMAN)
    assert "How was it?" not in to_customer(again.effects)
    unasked = decide(held(), did(SAM, "!close"), replace(HUMAN, ask_rating=False))
    assert "How was it?" not in to_customer(unasked.effects)
    assert decide(unasked.ticket, said("5"), HUMAN).ticket.status is Status.HELD


def test_an_escalation_is_counted_with_its_reason() -> None:
    decision = decide(Ticket(12, MARIE, "mobile", NOW), said("human"), HUMAN)
    counts = [effect for effect in decision.effects if isinstance(effect, Count)]
    assert [(effect.figure, effect.label) for effect in counts] == [(Figure.ESCALATED, Reason.ASKED.value)]


def test_the_bots_guess_is_shown_to_the_owner_alone() -> None:
    asked = after(said("move"), said("no"), said("heir"), desk=HUMAN)  # move was refused; nothing for heir
    assert asked.status is Status.WAITING
    decision = decide(asked, AgentClaimed(NOW, SAM, "$c"), HUMAN)
    assert "guess" not in told(decision)
    unsure = replace(waiting(), question="move or line")
    shown = decide(unsure, AgentClaimed(NOW, SAM, "$c"), HUMAN)
    assert "The bot's guess, which the customer does not see: move (40 %)" in told(shown)
    assert "Answer to" not in to_customer(shown.effects)


@pytest.mark.parametrize("ticket", [Ticket(12, MARIE, "mobile", NOW, language="en"), waiting(), held()])
def test_she_may_name_her_time_zone(ticket: Ticket) -> None:
    decision = decide(ticket, said("My time zone is Europe/London"), HUMAN)
    assert decision.ticket.zone == "Europe/London"
    assert "for you it is 13:00 (London time)" in to_customer(decision.effects)
    told_then = decide(human(did(SAM, "!claim"), ticket=waiting()), did(SAM, "!promise tomorrow 9:00"), HUMAN)
    assert "at 9:00 (Paris time)" in to_customer(told_then.effects)
    hers = replace(held(), zone="Europe/London")
    assert "at 8:00 (London time)" in to_customer(decide(hers, did(SAM, "!promise tomorrow 9:00"), HUMAN).effects)


@pytest.mark.parametrize(
    "text", ["time zone ../../etc/passwd", "tz Mars/Base", "tz a/b", "I am in Europe/London", "tz " + "x/" * 60]
)
def test_what_is_no_time_zone_is_a_word_like_any_other(text: str) -> None:
    assert decide(held(), said(text), HUMAN).ticket.zone is None


def test_an_owner_who_is_the_lead_is_called_once() -> None:
    led = replace(HUMAN, teams=(replace(MOBILE, leads=(Person(SAM.id, "sam"), LEAD)), LINES))
    broken = decide(promised(), TimerFired(datetime(2026, 10, 22, 7, tzinfo=UTC), "promise"), led)
    (alarm,) = [one for one in broken.effects if isinstance(one, Say) and one.audience is Audience.AGENTS]
    assert [block.text for block in alarm.content if isinstance(block, Called)] == ["Sam", "Lea"]


def test_who_is_waited_for_is_not_put_aside_for_long() -> None:
    waits = human(said("well?", 1))
    assert "7 days aside at most" in told(decide(waits, did(SAM, "!snooze +30d"), HUMAN))
    assert "They wait for an answer" in told(decide(waits, did(SAM, "!snooze +3d"), HUMAN))
    answered = human(did(SAM, "!promise +40d a new line", 2), ticket=waits)
    assert decide(answered, did(SAM, "!snooze +30d", 3), HUMAN).ticket.snoozed_until is not None


def test_thanks_for_an_answer_wait_for_none() -> None:
    ticket = human(did(SAM, "it is back"))
    thanked = human(said("Thank you!", 5), ticket=ticket)
    assert timers(thanked, HUMAN).keys() == {"silent"}
    assert thanked.answered_at == NOW + 5 * MINUTE
    assert "ladder" in timers(human(said("Thank you! But it is cut again", 5), ticket=ticket), HUMAN)
    unanswered = human(said("thanks", 5))
    assert "ladder" in timers(unanswered, HUMAN), "she waits as before"


def test_a_bot_that_echoes_the_status_is_not_answered_for_ever() -> None:
    ticket = held()
    answers = 0
    for second in range(60):
        decision = decide(ticket, said("status", second / 60), HUMAN)
        ticket, answers = decision.ticket, answers + (to_customer(decision.effects) != "")
    assert answers == 5
    assert to_customer(decide(ticket, said("status", 12), HUMAN).effects) != ""


def test_leads_in_one_room_are_called_in_one_message() -> None:
    together = replace(HUMAN, teams=(MOBILE, replace(LINES, beside="mobile")))
    ticket = replace(waiting(), ladder_from=NOW, waits_since=NOW, rung=2)
    due = timers(ticket, together)["ladder"]
    for desk, calls in ((together, 1), (HUMAN, 2)):
        decision = decide(ticket, TimerFired(due, "ladder"), desk)
        assert len([effect for effect in decision.effects if isinstance(effect, SayInRoom)]) == calls
        assert called(decision) == {"Lea", "Nora"}


def test_who_asks_how_it_stands_waits_for_a_word() -> None:
    answered = human(did(SAM, "I look at it"))
    assert "ladder" in timers(human(said("any news?", 5), ticket=answered), HUMAN)
    promised = human(did(SAM, "!promise tomorrow 9:00"), ticket=answered)
    assert timers(human(said("any news?", 5), ticket=promised), HUMAN).keys() == {"promise"}, "she was told when"


def test_a_slow_echo_is_answered_ever_more_seldom() -> None:
    ticket, answers = held(), 0
    for minute in range(24 * 60):
        decision = decide(ticket, said("status", minute), HUMAN)
        ticket, answers = decision.ticket, answers + (to_customer(decision.effects) != "")
    assert answers < 20
    spoken = human(did(SAM, "hello", 24 * 60), ticket=ticket)
    assert to_customer(decide(spoken, said("status", 24 * 60 + 1), HUMAN).effects) != ""


@pytest.mark.parametrize(
    ("week", "until"),
    [
        (((Span(0, 1440),),) * 5 + ((), ()), "until Saturday 24 October at 0:00 (Paris time)"),
        (((Span(480, 1440),),) * 7, "until midnight."),
        (((Span(480, 1080),),) * 7, "until 18:00 (Paris time)."),
        (((Span(0, 1440),),) * 7, ""),
    ],
)
def test_until_when_the_team_is_there_names_the_day(week: tuple[tuple[Span, ...], ...], until: str) -> None:
    desk = replace(HUMAN, teams=(replace(MOBILE, hours=Hours(PARIS, week)),))
    told_her = to_customer(decide(Ticket(12, MARIE, "mobile", NOW), said("human"), desk).effects)
    assert until in told_her
    assert bool(until) == ("The team is here" in told_her)


@pytest.mark.parametrize("text", ["ok", "d'accord", "is that ok?", "Are you there? thanks", "c'est ok pour vous ?"])
def test_what_may_be_an_answer_is_answered(text: str) -> None:
    asked = human(did(SAM, "shall I reset your line?"))
    assert "ladder" in timers(human(said(text, 5), ticket=asked), HUMAN)


def test_whoever_writes_brings_a_ticket_back_and_her_owner_has_his_time() -> None:
    waits = human(said("well?", 1), did(SAM, "!snooze +5d", 2))
    back = human(said("anybody?", 3 * 24 * 60), ticket=waits)
    assert back.snoozed_until is None
    assert timers(back, HUMAN)["ladder"] > NOW + timedelta(days=3, minutes=10)
    thanked = human(did(SAM, "done"), did(SAM, "!snooze +5d", 2), said("thank you", 60))
    assert thanked.snoozed_until is None


@pytest.mark.parametrize("why", ["too large", "crowded"])
def test_an_answer_that_did_not_reach_her_is_none(why: str) -> None:
    answered = human(did(SAM, "here is your answer"))
    failed = human(Undelivered(NOW + MINUTE, "$r", why), ticket=answered)
    assert timers(failed, HUMAN).keys() == {"ladder"}
    assert called(decide(failed, at(20, "ladder"), HUMAN)) == {"Sam"}
    gone = human(Undelivered(NOW + MINUTE, "$r", "gone"), ticket=answered)
    assert timers(gone, HUMAN).keys() == {"silent"}


def test_thanks_open_nothing_again_whatever_was_asked() -> None:
    unasked = replace(HUMAN, ask_rating=False)
    closed = decide(held(), did(SAM, "!close"), unasked).ticket
    assert decide(closed, said("Thank you!", 5), unasked).ticket.status is Status.CLOSED
    assert decide(closed, said("great, how?", 5), unasked).ticket.status is Status.HELD


def test_a_time_zone_told_twice_asks_for_nothing() -> None:
    ticket = human(did(SAM, "hello"), said("timezone Europe/London", 1), said("timezone Europe/London", 2))
    assert timers(ticket, HUMAN).keys() == {"silent"}


def test_after_a_long_stop_only_the_highest_reminder_comes() -> None:
    hasty = replace(HUMAN, teams=(replace(MOBILE, patience=Patience(again=timedelta(seconds=1))), LINES))
    ticket = replace(waiting(), ladder_from=NOW, waits_since=NOW)
    later = decide(ticket, TimerFired(NOW + timedelta(days=30), "ladder"), hasty)
    assert later.ticket.rung > 100_000
    assert timers(later.ticket, hasty)["ladder"] > NOW + timedelta(days=30)
    assert [rung for rung in range(9) if _after_a_stop(rung) != rung] == []


def _after_a_stop(rung: int) -> int:
    """Return which reminder comes when so many came due during a stop, the last of them just now."""
    due = timers(replace(waiting(), ladder_from=NOW, waits_since=NOW, rung=rung), HUMAN)["ladder"]
    ticket = replace(waiting(), ladder_from=NOW, waits_since=NOW)
    return decide(ticket, TimerFired(due, "ladder"), HUMAN).ticket.rung - 1


@pytest.mark.parametrize(
    ("text", "rating"),
    [
        ("👍", 5),
        ("👍🏽", 5),
        ("⭐", 5),
        ("⭐⭐⭐", 3),
        ("★ ★", 2),
        ("cinq", 5),
        ("five", 5),
        ("thanks, 4", 4),
        ("👎", 1),
    ],
)
def test_marks_and_numbers_in_words_are_ratings_too(text: str, rating: int) -> None:
    asked = human(did(SAM, "!close"))
    decision = decide(asked, said(text, 5), HUMAN)
    assert decision.ticket.rating == rating
    assert decision.ticket.status is Status.CLOSED


@pytest.mark.parametrize("text", ["five days without a line", "cinq ?", "one", "two problems left, thanks"])
def test_numbers_that_are_about_something_are_none(text: str) -> None:
    unasked = decide(held(), did(SAM, "!close"), replace(HUMAN, ask_rating=False)).ticket
    assert decide(unasked, said(text, 5), HUMAN).ticket.rating is None
    if text != "one":
        assert decide(human(did(SAM, "!close")), said(text, 5), HUMAN).ticket.status is Status.HELD
