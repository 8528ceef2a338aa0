"""What agents do in a ticket's thread."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helpbot.core import commands
from helpbot.core.acts import AgentBlocked, AgentSaid
from helpbot.core.decide import decide
from helpbot.core.effects import EditCard, React, Record, Say, SayInRoom
from helpbot.core.events import AgentSpokeOutside, CustomerSaid, Delivered, Event, Undelivered
from helpbot.core.model import Audience, Person, Role, Status
from tests.core.cases import ALEX, DESK, NOW, SAM, after, held, to_agents, to_customer, waiting


def did(agent: Person, text: str, *, mentions: bool = False) -> Event:
    return commands.read(NOW, agent, "$ref", text, mentions)


def test_a_claim_makes_the_owner_and_tells_the_customer_by_name() -> None:
    decision = decide(waiting(), did(SAM, "!claim"), DESK)
    assert decision.ticket.owner == SAM
    assert "Sam" in to_customer(decision.effects)
    card = next(effect for effect in decision.effects if isinstance(effect, EditCard))
    assert "Sam" in "".join(block.text for block in card.content)


def test_a_second_claim_by_the_owner_changes_nothing() -> None:
    assert decide(held(), did(SAM, "!claim"), DESK).effects == ()


def test_a_claim_of_somebody_elses_ticket_is_refused_by_name() -> None:
    decision = decide(held(), did(ALEX, "!claim"), DESK)
    assert decision.ticket.owner == SAM
    assert "Sam" in to_agents(decision.effects)
    assert to_customer(decision.effects) == ""


def test_the_owners_plain_words_go_to_the_customer_with_a_receipt() -> None:
    decision = decide(held(), did(SAM, "I am on it"), DESK)
    assert to_customer(decision.effects) == "I am on it"
    say = next(effect for effect in decision.effects if isinstance(effect, Say))
    assert say.receipt == "$ref"
    assert say.role is Role.AGENT


@pytest.mark.parametrize("agent", [ALEX, SAM])
def test_plain_words_of_who_does_not_own_it_stay_inside(agent: Person) -> None:
    ticket = held() if agent is ALEX else waiting()
    decision = decide(ticket, did(agent, "she is a pain"), DESK)
    assert to_customer(decision.effects) == ""
    assert React("$ref", "📝") in decision.effects


def test_a_mention_of_a_colleague_keeps_the_owners_words_inside() -> None:
    decision = decide(held(), did(SAM, "Alex, look at this", mentions=True), DESK)
    assert to_customer(decision.effects) == ""
    assert React("$ref", "📝") in decision.effects


def test_with_explicit_plain_text_only_r_speaks() -> None:
    explicit = replace(DESK, plain_text="explicit")
    assert to_customer(decide(held(), did(SAM, "hello"), explicit).effects) == ""
    assert to_customer(decide(held(), did(SAM, "!r hello"), explicit).effects) == "hello"


def test_r_claims_a_ticket_that_nobody_has() -> None:
    decision = decide(waiting(), did(ALEX, "!r hello"), DESK)
    assert decision.ticket.owner == ALEX
    assert to_customer(decision.effects).endswith("hello")
    assert "Alex" in to_customer(decision.effects)


def test_r_by_a_colleague_names_the_colleague_and_leaves_the_owner() -> None:
    decision = decide(held(), did(ALEX, "!r hello"), DESK)
    assert decision.ticket.owner == SAM
    assert to_customer(decision.effects) == "Alex\nhello"


@pytest.mark.parametrize(
    "text",
    [
        "!note secret",
        " !note secret",
        "\u200b!note secret",
        "\n!NOTE secret",
        "！note secret",
        "!note\nsecret",
        "! note secret",
    ],
)
def test_a_note_stays_inside_however_it_is_typed(text: str) -> None:
    decision = decide(held(), did(SAM, text), DESK)
    assert to_customer(decision.effects) == ""
    assert Record(Role.AGENT, Audience.AGENTS, "Sam", "secret", "$ref") in decision.effects
    assert React("$ref", "📝") in decision.effects


@pytest.mark.parametrize(
    "text",
    ["!nota secret", "!note: secret!", "!notes secret", "!x", "!r", "!note", "!reply secret", "hello\n!note secret"],
)
def test_what_only_looks_like_a_command_goes_to_nobody(text: str) -> None:
    decision = decide(held(), did(SAM, text), DESK)
    assert to_customer(decision.effects) == ""
    assert "secret" not in to_customer(decision.effects)


@pytest.mark.parametrize("text", ["!!!", "! ", "!?", "wow! really"])
def test_exclamations_are_no_commands(text: str) -> None:
    assert isinstance(did(SAM, text), AgentSaid)


def test_release_leaves_the_ticket_waiting() -> None:
    ticket = after(did(SAM, "!release"), ticket=held())
    assert ticket.status is Status.WAITING
    assert ticket.owner is None


def test_close_says_the_last_word_and_then_asks_how_it_was_at_most() -> None:
    decision = decide(held(), did(SAM, "!close Have a nice day"), DESK)
    assert decision.ticket.status is Status.CLOSED
    assert to_customer(decision.effects).splitlines()[0] == "Have a nice day"
    unasked = decide(held(), did(SAM, "!close Have a nice day"), replace(DESK, ask_rating=False))
    assert to_customer(unasked.effects) == "Have a nice day"
    assert "#12" in to_customer(decide(held(), did(SAM, "!close"), DESK).effects)


@pytest.mark.parametrize("text", ["!r late", "late", "!close late", "!claim", "!release"])
def test_nothing_goes_out_of_a_closed_ticket(text: str) -> None:
    closed = after(did(SAM, "!close"), ticket=held())
    decision = decide(closed, did(SAM, text), DESK)
    assert to_customer(decision.effects) == ""
    assert decision.ticket == closed
    assert "!reopen" in to_agents(decision.effects)


def test_reopen_opens_again_with_the_owner() -> None:
    closed = after(did(SAM, "!close"), ticket=held())
    decision = decide(closed, did(ALEX, "!reopen"), DESK)
    assert decision.ticket.status is Status.HELD
    assert decision.ticket.owner == SAM
    assert "#12" in to_customer(decision.effects)
    assert "already" in to_agents(decide(held(), did(SAM, "!reopen"), DESK).effects)


def test_a_ticket_that_was_followed_by_another_stays_closed() -> None:
    closed = replace(after(did(SAM, "!close"), ticket=held()), newer=15)
    decision = decide(closed, did(SAM, "!reopen"), DESK)
    assert decision.ticket == closed
    assert "#15" in to_agents(decision.effects)


def test_help_lists_every_command() -> None:
    text = to_agents(decide(waiting(), did(SAM, "!help"), DESK).effects)
    wanted = (*commands.WORDS, "!kept 2", "!kept all", "!transfer off")
    assert [word for word in wanted if word not in text] == []


def test_a_command_outside_of_any_thread_is_explained_in_the_room() -> None:
    effects = decide(waiting(), AgentSpokeOutside(NOW, SAM, "$ref", "mobile", wants_help=False), DESK).effects
    assert [type(effect) for effect in effects] == [SayInRoom]


def test_delivery_is_marked_and_failure_is_explained() -> None:
    assert decide(held(), Delivered(NOW, "$ref"), DESK).effects == (React("$ref", "✅"),)
    failed = decide(held(), Undelivered(NOW, "$ref", "she left"), DESK).effects
    assert React("$ref", "❌") in failed
    assert "she left" in to_agents(failed)


def test_who_is_no_member_is_refused() -> None:
    decision = decide(held(), AgentBlocked(NOW, SAM, "$ref", "hint_not_member"), DESK)
    assert React("$ref", "❌") in decision.effects
    assert to_customer(decision.effects) == ""


def test_a_file_of_the_owner_is_not_delivered_and_says_so() -> None:
    decision = decide(held(), AgentSaid(NOW, SAM, "$ref", "", attachment="a.pdf"), DESK)
    assert React("$ref", "❌") in decision.effects
    inside = decide(held(), AgentSaid(NOW, ALEX, "$ref", "", attachment="a.pdf"), DESK)
    assert React("$ref", "📝") in inside.effects


def test_her_commands_are_text() -> None:
    decision = decide(held(), CustomerSaid(NOW, "!close"), DESK)
    assert decision.ticket.status is Status.HELD
    assert "!close" in to_agents(decision.effects)


@pytest.mark.parametrize(
    "text",
    [
        "!r we look into it\n!note she shouts, careful",
        "!close bye\n!note difficult customer",
        "hello\n!notes she lies",
        "hello\n> !note she lies",
        "helpbot: !note she lies",
        "@helpbot:example.org !close",
        "> !note x",
        "- !note x",
        "**!note** x",
        "`!note y`",
        "❗note z",
        "❗️ note z",
        "(!note z)",
    ],
)
def test_a_command_behind_or_under_other_words_sends_nothing(text: str) -> None:
    decision = decide(held(), did(SAM, text), DESK)
    assert to_customer(decision.effects) == ""
    assert "!" in to_agents(decision.effects)


@pytest.mark.parametrize(
    "text", ["Bonjour ! Je regarde.", "❗ Important : demain 9h", "Super !!! merci", "a!b c", "- un\n- deux"]
)
def test_words_that_are_no_command_go_out(text: str) -> None:
    assert to_customer(decide(held(), did(SAM, text), DESK).effects)


@pytest.mark.parametrize(
    "text",
    [
        "!r !note secret",
        "!r: !nte secret",
        "!r hello !note secret",
        "!r >!note secret",
        "!r ! note secret",
        "!close !note he was rude",
        "¡note secret",
    ],
)
def test_a_command_behind_one_that_speaks_to_her_keeps_all_inside(text: str) -> None:
    assert to_customer(decide(held(), did(SAM, text), DESK).effects) == ""


@pytest.mark.parametrize(
    "text",
    [
        "!r Hello! I am Sam",
        "!r !!! sorry",
        "!close Done! Have a good day!",
        "!r wow!",
        "!r Merci ! Note bien le code",
        "!r ¡Hola!",
    ],
)
def test_an_exclamation_is_no_command(text: str) -> None:
    desk = replace(DESK, ask_rating=False)
    assert to_customer(decide(held(), did(SAM, text), desk).effects) == text.split(maxsplit=1)[1]
