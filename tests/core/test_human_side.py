"""Hand-overs, promises, words held back, reminders, ratings: what each makes of a ticket, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from helpbot.core import commands
from helpbot.core.acts import AgentAct, AgentAssigned, AgentClaimed, AgentConfirmed, AgentTransferred
from helpbot.core.decide import decide
from helpbot.core.decide_clock import timers
from helpbot.core.decide_words import vague_word
from helpbot.core.effects import Called, Count, Decision, EditCard, PostCard, React, Say, SayInRoom
from helpbot.core.events import AgentElsewhere, CustomerRated, CustomerSaid, Event, OwnerWentAway, TimerFired
from helpbot.core.hours import Hours, Span
from helpbot.core.model import Audience, Canned, Entry, Figure, Person, Reason, Role, Status, Team, Ticket, Wait
from tests.core.cases import ALEX, DESK, MARIE, NOW, SAM, after, held, said, to_agents, to_customer, waiting

PARIS = ZoneInfo("Europe/Paris")
OFFICE = Hours(PARIS, ((Span(9 * 60, 18 * 60),),) * 5 + ((), ()))
LEAD, NORA = Person("@lead:example.org", "Lea"), Person("@nora:example.org", "Nora")
MOBILE = Team("mobile", {"en": "Mobile team", "fr": "Équipe mobile"}, OFFICE, (LEAD,))
LINES = Team("lines", {"en": "Lines"}, OFFICE, (NORA,))
HUMAN = replace(
    DESK,
    teams=(MOBILE, LINES),
    vague={
        **dict.fromkeys(("soon", "as soon as possible", "one day", "plus tard", "un jour"), "this"),
        "bientot": "bientôt",
        "soon": "soon",
    },
    canned={"greet": Canned("greet", {"en": "Hello {customer}, {agent} here (#{number}, {team}).", "fr": "Bonjour."})},
)
MINUTE = timedelta(minutes=1)


def did(agent: Person, text: str, minutes: float = 0) -> AgentAct:
    return commands.read(NOW + minutes * MINUTE, agent, "$r", text, mentions=False)


def at(minutes: float, name: str) -> TimerFired:
    return TimerFired(NOW + minutes * MINUTE, name)


def told(decision: Decision) -> str:
    return to_agents(decision.effects)


def counted(decision: Decision) -> list[Figure]:
    return [effect.figure for effect in decision.effects if isinstance(effect, Count)]


def marks(decision: Decision) -> list[str]:
    return [effect.symbol for effect in decision.effects if isinstance(effect, React)]


def called(decision: Decision) -> set[str]:
    contents = [effect.content for effect in decision.effects if isinstance(effect, Say | SayInRoom)]
    return {block.text for content in contents for block in content if isinstance(block, Called)}


def human(*events: Event, ticket: Ticket | None = None) -> Ticket:
    return after(*events, desk=HUMAN, ticket=held() if ticket is None else ticket)


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


# --- hand-overs


def offered(why: str = "her line was cut by mistake") -> Decision:
    transcript = (
        Entry(Role.CUSTOMER, Audience.CUSTOMER, "Marie", "you cut my line", NOW),
        Entry(Role.AGENT, Audience.AGENTS, "Sam", "her fourth call", NOW),
    )
    return decide(held(), AgentTransferred(NOW, SAM, "$t", "lines", why, transcript), HUMAN)


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
    assert "Wrong thread: ticket #12 is with Lines" in told(decision)
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
    assert "transfer" not in timers(decision.ticket, HUMAN)
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


# --- promises


def promised(text: str = "!promise tomorrow 9:00 the line is back") -> Ticket:
    return human(did(SAM, text))


def test_a_promise_is_read_in_her_language_and_zone() -> None:
    decision = decide(held(), did(SAM, "!promise tomorrow 9:00 the line is back"), HUMAN)
    assert (
        to_customer(decision.effects)
        == "🤝 Sam promises: the line is back – by tomorrow at 9:00 (Paris time) at the latest."
    )
    assert counted(decision) == [Figure.FIRST_WORD, Figure.FIRST_WORD_OPEN, Figure.PROMISED]
    french = decide(replace(held(), language="fr"), did(SAM, "!promise demain 9h"), HUMAN)
    assert "Sam s'engage à vous donner des nouvelles au plus tard demain à 9h00 (heure de Paris)" in to_customer(
        french.effects
    )
    london = replace(HUMAN, zones={SAM.id: ZoneInfo("Europe/London")})
    abroad = decide(held(), did(SAM, "!promise tomorrow 9:00"), london)
    assert abroad.ticket.promise is not None
    assert abroad.ticket.promise.due == datetime(2026, 10, 22, 8, tzinfo=UTC)


def test_a_promise_is_reminded_of_then_kept_by_saying_so() -> None:
    ticket = promised()
    due = datetime(2026, 10, 22, 7, tzinfo=UTC)
    assert timers(ticket, HUMAN)["promise"] == due - timedelta(minutes=30)
    soon = decide(ticket, TimerFired(due - timedelta(minutes=30), "promise"), HUMAN)
    assert called(soon) == {"Sam"}
    assert timers(soon.ticket, HUMAN)["promise"] == due
    assert human(did(SAM, "sorry, not today", 60), ticket=soon.ticket).promise is not None, "words are not what it was"
    kept = decide(soon.ticket, did(SAM, "!kept it is back", 60), HUMAN)
    assert kept.ticket.promise is None
    assert Figure.KEPT in counted(kept)
    assert "promise" not in timers(kept.ticket, HUMAN)


@pytest.mark.parametrize("text", ["!kept", "!kept it is back", "!close", "!close it is back"])
def test_a_promise_is_kept_by_saying_so_or_by_closing(text: str) -> None:
    decision = decide(promised(), did(SAM, text, 10), HUMAN)
    assert decision.ticket.promise is None
    assert counted(decision).count(Figure.KEPT) == 1


def test_a_broken_promise_is_owned_up_to() -> None:
    ticket = replace(promised(), transfer=None)
    broken = decide(ticket, TimerFired(datetime(2026, 10, 22, 7, tzinfo=UTC), "promise"), HUMAN)
    assert "Nobody has confirmed that it is done, and that is not right" in to_customer(broken.effects)
    assert called(broken) == {"Sam", "Lea"}
    assert counted(broken) == [Figure.BROKEN]
    assert broken.ticket.promise is None
    assert "ladder" in timers(broken.ticket, HUMAN), "she waits for a word from then on"
    anew = decide(broken.ticket, did(SAM, "!promise +2h", 24 * 60), HUMAN)
    assert counted(anew) == [Figure.PROMISED]


def test_who_promised_word_keeps_it_by_any_word() -> None:
    ticket = promised("!promise tomorrow 9:00")
    kept = decide(ticket, did(SAM, "we have looked at it", 60), HUMAN)
    assert kept.ticket.promise is None
    assert counted(kept) == [Figure.KEPT]
    broken = decide(ticket, TimerFired(datetime(2026, 10, 22, 7, tzinfo=UTC), "promise"), HUMAN)
    assert "It was not kept, and that is not right" in to_customer(broken.effects)


def test_a_promise_that_nobody_owns_is_told_to_the_lead() -> None:
    free = human(did(SAM, "!release"), ticket=promised())
    assert called(decide(free, TimerFired(datetime(2026, 10, 22, 6, 30, tzinfo=UTC), "promise"), HUMAN)) == {"Lea"}


def test_a_promise_made_shortly_before_is_reminded_of_half_way() -> None:
    ticket = promised("!promise +10m")
    assert timers(ticket, HUMAN)["promise"] == NOW + 5 * MINUTE


def test_a_later_promise_takes_the_place_of_an_open_one() -> None:
    decision = decide(promised(), did(SAM, "!promise tomorrow 18:00", 5), HUMAN)
    assert counted(decision) == [Figure.MOVED, Figure.PROMISED]


def test_a_promise_lives_through_a_hand_over() -> None:
    ticket = human(did(SAM, "!transfer lines"), ticket=promised())
    took = decide(ticket, AgentElsewhere(NOW, AgentClaimed(NOW, NORA, "$c"), "lines"), HUMAN)
    assert took.ticket.promise == ticket.promise
    (card,) = [effect for effect in took.effects if isinstance(effect, EditCard) and effect.team is None]
    assert "the line is back" in card.content[1].text


# --- words held back

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
        assert decision.ticket.held_back is None
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
    assert ticket.held_back is None


def test_a_reply_that_is_ready_is_filled_in_in_her_language() -> None:
    decision = decide(held(), did(SAM, "!canned greet"), HUMAN)
    assert to_customer(decision.effects) == "Hello Marie, Sam here (#12, Mobile team)."
    assert "Hello Marie" in told(decision)
    assert to_customer(decide(replace(held(), language="fr"), did(SAM, "!canned greet"), HUMAN).effects) == "Bonjour."


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
    woken = decide(ticket, TimerFired(NOW + timedelta(days=3), "snooze"), HUMAN)
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


def test_how_it_was_is_asked_once_and_taken_once() -> None:
    closed = human(did(SAM, "!close"))
    rated = decide(closed, CustomerRated(NOW, 5, "👍"), HUMAN)
    assert rated.ticket.rating == 5
    assert decide(rated.ticket, CustomerRated(NOW, 1, "👎"), HUMAN).ticket == rated.ticket
    again = decide(human(did(SAM, "!reopen"), ticket=rated.ticket), did(SAM, "!close"), HUMAN)
    assert "How was it?" not in to_customer(again.effects)
    unasked = decide(held(), did(SAM, "!close"), replace(HUMAN, ask_rating=False))
    assert "How was it?" not in to_customer(unasked.effects)
    assert decide(unasked.ticket, said("5"), HUMAN).ticket.status is Status.HELD


def test_the_first_human_word_is_counted_against_the_target() -> None:
    ticket = human(AgentClaimed(NOW, SAM, "$c"), ticket=waiting())
    decision = decide(ticket, did(SAM, "hello", 14 / 60), HUMAN)
    values = [effect.value for effect in decision.effects if isinstance(effect, Count)]
    assert values == [14.0, 14.0]
    (card,) = [effect for effect in decision.effects if isinstance(effect, EditCard)]
    assert "First human word: 14 s (target 20 s)" in card.content[1].text
    again = decide(decision.ticket, did(SAM, "hello again", 1), HUMAN)
    assert counted(again) == []


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
