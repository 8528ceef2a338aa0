"""What the bot does with a customer's words."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from helpbot.core.acts import AgentClosed
from helpbot.core.decide import decide, goes_on
from helpbot.core.effects import EditCard, Literal, Marked, PostCard, Say, StartTimer, StopTimer
from helpbot.core.events import BotGaveUp, CustomerArrived, CustomerLeft, CustomerSaid, TimerFired
from helpbot.core.model import Audience, Candidate, Finding, Reason, Status, Ticket, Zone
from tests.core.cases import (
    DESK,
    MARIE,
    NEW,
    NOW,
    SAM,
    SmallLibrary,
    after,
    held,
    said,
    to_agents,
    to_customer,
    waiting,
)


def test_she_is_greeted_in_every_language_until_hers_is_known() -> None:
    text = to_customer(decide(NEW, CustomerArrived(NOW), DESK).effects)
    assert "human" in text
    assert "humain" in text


def test_she_is_greeted_in_her_language_once_it_is_known() -> None:
    text = to_customer(decide(replace(NEW, language="fr"), CustomerArrived(NOW), DESK).effects)
    assert "humain" in text
    assert "human" not in text


def test_she_is_not_greeted_twice() -> None:
    assert decide(NEW, CustomerArrived(NOW, first=False), DESK).effects == ()


def test_a_sure_question_is_answered() -> None:
    decision = decide(NEW, said("my puk is blocked"), DESK)
    says = [effect for effect in decision.effects if isinstance(effect, Say)]
    assert says == [Say(says[0].audience, (Marked("Answer to *puk*"),))]
    assert decision.ticket.status is Status.BOT


def test_an_answer_in_another_language_says_so() -> None:
    decision = decide(NEW, said("mon puk"), DESK)
    first = next(effect for effect in decision.effects if isinstance(effect, Say)).content[0]
    assert isinstance(first, Literal)
    assert "anglais" in first.text


def test_two_entries_that_match_alike_are_a_question() -> None:
    decision = decide(NEW, said("line"), DESK)
    text = to_customer(decision.effects)
    assert "1. I am moving house\n2. I want a new line" in text
    assert "human" in text
    assert decision.ticket.offer == ("move", "line")


@pytest.mark.parametrize("text", ["2", "2.", "the second one", "le deuxième", "new line", "I WANT A NEW LINE!", "2️⃣"])
def test_a_choice_is_understood_by_digit_and_by_words(text: str) -> None:
    decision = decide(after(said("line")), said(text), DESK)
    assert "Answer to *line*" in to_customer(decision.effects)
    assert decision.ticket.status is Status.BOT


def test_a_choice_sends_the_ticket_to_the_entrys_team() -> None:
    assert after(said("line"), said("1")).team == "lines"


def test_a_number_that_was_not_offered_is_asked_again() -> None:
    decision = decide(after(said("line")), said("7"), DESK)
    assert "1. I am moving house" in to_customer(decision.effects)
    assert decision.ticket.status is Status.OFFERED


def test_yes_to_several_is_asked_again_and_to_one_is_a_choice() -> None:
    assert after(said("line"), said("yes")).status is Status.OFFERED
    one = replace(after(said("line")), offer=("line",))
    assert "Answer to *line*" in to_customer(decide(one, said("yes"), DESK).effects)


@pytest.mark.parametrize("text", ["no", "Non", "none of them", "non, ce n'est pas ça", "aucun"])
def test_the_first_no_asks_for_other_words_and_the_second_calls_a_person(text: str) -> None:
    once = decide(after(said("line")), said(text), DESK)
    assert once.ticket.status is Status.BOT
    assert to_customer(once.effects)
    twice = decide(after(said("puk"), ticket=once.ticket), said(text), DESK)
    assert twice.ticket.status is Status.WAITING
    assert twice.ticket.reason is Reason.REFUSED


def test_a_refused_answer_is_not_given_again() -> None:
    decision = decide(after(said("puk"), said("no")), said("my puk I said"), DESK)
    assert decision.ticket.reason is Reason.REFUSED
    assert "Answer" not in to_customer(decision.effects)


def test_no_refuses_all_that_was_answered_at_once() -> None:
    ticket = after(said("puk and ring"), said("hello"), said("no"))
    assert ticket.refused == ("puk", "ring")
    again = decide(ticket, said("puk"), DESK)
    assert "Answer" not in to_customer(again.effects)


@pytest.mark.parametrize(
    "text",
    [
        "humain", "HUMAN", "Human please", "un humain svp", "je veux parler à quelqu'un", "I want to talk to a person",
        "passez-moi un conseiller", "can I speak to an agent?", "une personne", "human!!!", "Hu\u0301man",
        "real person", "adviser", "Advisor!", "an adviser please", "the adviser", "agent please", "hello, an advisor",
        "conseiller", "Conseillère ?", "bonjour, un conseiller svp", "une conseillère s'il vous plaît", "un vrai agent",
        "Can I get an adviser?", "parler à une conseillère", "une personne svp",
        "ça fait trois fois que j'appelle pour la même facture et rien ne bouge, je veux parler à quelqu'un maintenant",
    ],
)  # fmt: skip
def test_a_person_is_called_at_any_moment(text: str) -> None:
    for ticket in (NEW, after(said("puk")), after(said("line")), after(said("puk"), said("no"))):
        decision = decide(ticket, said(text), DESK)
        assert decision.ticket.status is Status.WAITING
        assert decision.ticket.reason is Reason.ASKED
        assert "#12" in to_customer(decision.effects)


@pytest.mark.parametrize(
    "text",
    [
        "I need to add a person to my plan", "je veux ajouter une personne à mon forfait",
        "comment joindre quelqu'un à l'étranger", "how do I contact someone abroad",
        "does the app need human verification",
        "personne ne répond", "what about my agent number", "je veux changer ma carte SIM", "nobody can talk",
        "pouvez-vous me conseiller un forfait", "mon conseiller ne rappelle pas", "the adviser was rude", "no adviser",
        "je ne veux pas que quelqu'un utilise mon compte", "I don't want someone to use my account",
    ],
)  # fmt: skip
def test_other_words_do_not_call_a_person_by_that_reason(text: str) -> None:
    assert after(said(text)).reason is not Reason.ASKED


@pytest.mark.parametrize(("text", "language"), [("agent please", "en"), ("bonjour, agent svp", "fr")])
def test_a_word_for_a_person_that_both_languages_have_takes_hers_from_those_round_it(text: str, language: str) -> None:
    assert after(said(text)).language == language


def test_an_unsure_question_calls_a_person_with_the_transcript() -> None:
    decision = decide(after(said("puk please")), said("and what is the meaning of life?"), DESK)
    assert decision.ticket.reason is Reason.UNSURE
    kinds = [type(effect) for effect in decision.effects]
    assert kinds.index(PostCard) < max(index for index, kind in enumerate(kinds) if kind is Say)
    assert "#12" in to_customer(decision.effects)
    ticket = decision.ticket
    assert ticket.carded
    assert ticket.transcript == ()


def test_the_transcript_holds_all_that_was_said() -> None:
    ticket = after(said("puk please"))
    told = replace(ticket, transcript=(*after().transcript,))
    decision = decide(told, said("quite something else"), DESK)
    assert "quite something else" in to_agents(decision.effects)


def test_an_entry_that_always_escalates_answers_and_calls_a_person() -> None:
    decision = decide(NEW, said("fire"), DESK)
    assert decision.ticket.reason is Reason.ENTRY
    text = to_customer(decision.effects)
    assert text.index("Answer to *fire*") < text.index("#12")


def test_a_question_that_the_faq_leaves_to_a_person_goes_there_with_its_team_and_no_empty_answer() -> None:
    decision = decide(NEW, said("heir"), DESK)
    assert (decision.ticket.reason, decision.ticket.entry, decision.ticket.team) == (
        Reason.NOT_ANSWERED,
        "heir",
        "lines",
    )
    (told,) = [
        effect for effect in decision.effects if isinstance(effect, Say) and effect.audience is Audience.CUSTOMER
    ]
    assert "question for a person" in told.content[0].text


def test_two_questions_get_two_answers_each_under_its_title() -> None:
    decision = decide(NEW, said("puk and fire"), DESK)
    text = to_customer(decision.effects)
    parts = ["1. My PUK code is blocked", "Answer to *puk*", "2. Fire!", "Answer to *fire*", "#12"]
    assert [text.index(part) for part in parts] == sorted(text.index(part) for part in parts)
    assert decision.ticket.reason is Reason.ENTRY


def test_of_two_questions_the_refused_one_is_not_answered_again() -> None:
    refused = after(said("puk"), said("no"))
    text = to_customer(decide(refused, said("fire and puk"), DESK).effects)
    assert "Answer to *fire*" in text or "person" in text
    assert "Answer to *puk*" not in text


def test_a_question_that_goes_on_is_looked_up_with_the_one_before() -> None:
    assert "Answer to *line*" in to_customer(decide(after(said("my puk")), said("how much"), DESK).effects)
    assert "Answer to *line*" not in to_customer(decide(NEW, said("how much"), DESK).effects)


def test_hello_and_thanks_are_answered_and_call_nobody() -> None:
    for text in ("Bonjour !", "hello", "merci beaucoup", "thanks a lot, bye", "salut, ça va ?"):
        decision = decide(NEW, said(text), DESK)
        assert decision.ticket.status is Status.BOT, text
        assert to_customer(decision.effects)


@pytest.mark.parametrize("text", ["", "   ", "🙂🙂", "...", "\x00", "\u202e", "?"])
def test_words_that_are_none_are_answered(text: str) -> None:
    decision = decide(NEW, said(text), DESK)
    assert decision.ticket.status is Status.BOT
    assert to_customer(decision.effects)


def test_a_file_is_answered_by_what_the_bot_can_do() -> None:
    decision = decide(NEW, CustomerSaid(NOW, "", attachment="photo.jpg"), DESK)
    assert "pictures" in to_customer(decision.effects)
    shown = decide(held(), CustomerSaid(NOW, "", attachment="photo.jpg"), DESK)
    assert "photo.jpg" in to_agents(shown.effects)
    assert to_customer(shown.effects) == ""


def test_a_choice_of_an_entry_that_is_gone_calls_a_person() -> None:
    ticket = replace(after(said("line")), offer=("gone", "line"))
    assert decide(ticket, said("1"), DESK).ticket.status is Status.WAITING


def test_the_bot_is_silent_while_a_person_has_it() -> None:
    for text in ("puk", "line", "human", "hello", "no", "1", "!close", ""):
        decision = decide(held(), said(text), DESK)
        assert to_customer(decision.effects) == ""
        assert decision.ticket.status is Status.HELD
        assert text in to_agents(decision.effects)


def test_asking_again_for_a_person_while_waiting_is_answered() -> None:
    decision = decide(waiting(), said("human"), DESK)
    assert "#12" in to_customer(decision.effects)
    assert "human" in to_agents(decision.effects)


def test_her_next_word_reopens_a_closed_ticket_with_its_owner_and_thread() -> None:
    closed = after(AgentClosed(NOW, SAM, "$c", ""), ticket=held())
    decision = decide(closed, said("one more thing", 60), DESK)
    assert decision.ticket.status is Status.HELD
    assert decision.ticket.owner == SAM
    assert decision.ticket.closed_at is None
    assert "one more thing" in to_agents(decision.effects)
    assert "Sam" in to_customer(decision.effects)
    assert not any(isinstance(effect, PostCard) for effect in decision.effects)
    assert any(isinstance(effect, EditCard) for effect in decision.effects)


def test_after_seven_days_her_next_word_is_a_new_ticket() -> None:
    closed = after(AgentClosed(NOW, SAM, "$c", ""), ticket=held())
    assert goes_on(closed, NOW + timedelta(days=7), DESK)
    assert not goes_on(closed, NOW + timedelta(days=7, seconds=1), DESK)


def test_a_ticket_that_only_the_bot_had_closes_in_silence_and_reopens_with_the_bot() -> None:
    decision = decide(NEW, said("puk"), DESK)
    assert StartTimer("idle", NOW + DESK.idle_for) in decision.effects
    closed = decide(decision.ticket, TimerFired(NOW + DESK.idle_for, "idle"), DESK)
    assert closed.ticket.status is Status.CLOSED
    assert to_customer(closed.effects) == ""
    again = decide(closed.ticket, said("line", 3000), DESK)
    assert again.ticket.status is Status.OFFERED
    assert again.ticket.closed_at is None


def test_a_timer_that_fires_late_changes_nothing() -> None:
    assert decide(held(), TimerFired(NOW, "idle"), DESK).ticket == held()


def test_what_makes_the_bot_fail_goes_to_a_person() -> None:
    decision = decide(NEW, BotGaveUp(NOW, "boom"), DESK)
    assert decision.ticket.reason is Reason.BOT_FAILED
    assert "boom" in to_agents(decision.effects)
    assert "#12" in to_customer(decision.effects)
    later = decide(held(), BotGaveUp(NOW, "boom"), DESK)
    assert "boom" in to_agents(later.effects)


def test_agents_are_told_when_she_leaves_and_when_she_is_back() -> None:
    assert "Marie" in to_agents(decide(held(), CustomerLeft(NOW), DESK).effects)
    assert "Marie" in to_agents(decide(held(), CustomerArrived(NOW, first=False), DESK).effects)
    gone = decide(after(said("puk")), CustomerLeft(NOW), DESK)
    assert gone.ticket.status is Status.CLOSED
    assert gone.effects == (StopTimer("idle"),)


def test_sixty_thousand_characters_reach_the_agents_in_pieces() -> None:
    text = "word " * 12_000
    decision = decide(held(), said(text), DESK)
    pieces = [effect for effect in decision.effects if isinstance(effect, Say)]
    assert all(len(piece.content[0].text) <= 4000 for piece in pieces)
    assert "".join(piece.content[0].text for piece in pieces) == text


def test_a_corrected_message_is_shown_as_corrected() -> None:
    decision = decide(held(), CustomerSaid(NOW, "new text", edited=True), DESK)
    shown = next(effect for effect in decision.effects if isinstance(effect, Say))
    assert "corrected" in getattr(shown.content[0], "author", "")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("je ne veux pas parler à un humain, juste mon puk", False),
        ("I don't want to talk to a person", False),
        ("pas besoin d'un conseiller merci", False),
        ("je ne veux pas parler à un robot mais à un humain", True),
        ("je ne veux pas attendre, passez moi un conseiller", True),
        ("I don't want to wait, get me a person", True),
        ("pourquoi je ne peux pas parler à un humain ?", True),
        ("I don't want a bot, I want a human", True),
        ("I want to change my plan, get me a person", True),
        ("comment joindre quelqu'un ?", True),
        ("I need a real person for my bill", True),
        ("I can't reach a human", True),
    ],
)
def test_who_does_not_want_a_person_gets_none_by_asking(text: str, wanted: bool) -> None:
    assert (after(said(text)).reason is Reason.ASKED) == wanted


@pytest.mark.parametrize("text", ["the third one", "3", "le troisième", "the second"])
def test_an_ordinal_that_was_not_offered_is_asked_again(text: str) -> None:
    offered = replace(after(said("move")), offer=("move",))
    assert decide(offered, said(text), DESK).ticket.status is Status.OFFERED


def test_a_no_does_not_change_the_language_that_is_known() -> None:
    french = after(said("bonjour"), said("je move"))
    assert french.language == "fr"
    assert after(said("no"), ticket=french).language == "fr"


def test_two_noes_in_a_row_are_a_refusal_and_keep_the_question() -> None:
    ticket = after(said("my puk"), said("no"), said("no"))
    assert (ticket.reason, ticket.question) == (Reason.REFUSED, "my puk")


@pytest.mark.parametrize("between", ["hello", "thanks", "merci"])
def test_a_greeting_between_offer_and_choice_keeps_the_offer(between: str) -> None:
    decision = decide(after(said("move"), said(between)), said("1"), DESK)
    assert "Answer to *move*" in to_customer(decision.effects)


@pytest.mark.parametrize("word", ["ok", "agent", "bye", "great", "no"])
def test_a_word_of_both_languages_does_not_change_hers(word: str) -> None:
    assert after(said("bonjour"), said("mon puk"), said(word)).language == "fr"


def test_words_that_made_the_bot_fail_are_shown_without_asking_it_again() -> None:
    class Broken(SmallLibrary):
        def fold(self, text: str) -> str:
            raise ValueError("a fault of ours")

    desk = replace(DESK, library=Broken())
    assert "help me" in to_agents(decide(waiting(), BotGaveUp(NOW, "help me"), desk).effects)


def test_a_status_that_the_faq_knows_is_a_question() -> None:
    fresh = Ticket(12, MARIE, "mobile", NOW)
    assert "Answer to *puk*" in to_customer(decide(fresh, said("status"), replace(DESK, library=Knowing())).effects)
    assert "no open ticket" in to_customer(decide(fresh, said("status"), DESK).effects)


class Knowing(SmallLibrary):
    """Is sure of everything."""

    def find(self, text: str, language: str | None, at: datetime, before: str | None = None) -> Finding:
        return Finding(Zone.ANSWER, (Candidate("puk", 0.9),))
