"""Laws of the core, over any story that people may live through."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from helpbot.core import commands
from helpbot.core.decide import decide, goes_on
from helpbot.core.effects import Effect, PostCard, Record, Say, StartTimer, StopTimer
from helpbot.core.events import (
    AgentBlocked,
    AgentClaimed,
    AgentEvent,
    AgentNoted,
    AgentSaid,
    AgentTaught,
    BotGaveUp,
    CustomerArrived,
    CustomerLeft,
    CustomerSaid,
    Delivered,
    Event,
    TimerFired,
    Undelivered,
)
from helpbot.core.model import Audience, Status
from tests.core.cases import ALEX, DESK, NEW, NOW, SAM, to_agents, to_customer

WORDS = st.one_of(
    st.sampled_from(
        ["puk", "line", "human", "no", "1", "2", "9", "yes", "hello", "thanks", "fire", "what is life", "!close"]
    ),
    st.text(max_size=60).filter(lambda text: "boom" not in text.casefold()),
)
AGENTS = st.sampled_from([SAM, ALEX])
TYPED = st.one_of(
    st.sampled_from(
        ["!claim", "!release", "!close", "!close bye", "!reopen", "!r hello", "!help", "!what", "plain words"]
    ),
    st.text(max_size=30),
)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(CustomerSaid, st.just(NOW), WORDS, st.booleans(), st.none() | st.just("a.jpg")),
    st.builds(
        lambda agent, text, mentions: commands.read(NOW, agent, "$r", text, mentions), AGENTS, TYPED, st.booleans()
    ),
    st.builds(AgentClaimed, st.just(NOW), AGENTS, st.just("$r")),
    st.builds(AgentTaught, st.just(NOW), AGENTS, st.just("$r"), st.sampled_from([None, "puk", "CANARY"])),
    st.builds(AgentNoted, st.just(NOW), AGENTS, st.just("$r"), st.just("CANARY")),
    st.just(CustomerArrived(NOW)),
    st.just(CustomerLeft(NOW)),
    st.just(TimerFired(NOW, "idle")),
    st.just(Delivered(NOW, "$r")),
    st.just(Undelivered(NOW, "$r", "gone")),
    st.just(AgentBlocked(NOW, SAM, "$r", "hint_not_member")),
    st.builds(BotGaveUp, st.just(NOW), WORDS),
)
STORIES = st.lists(EVENTS, max_size=25)


@given(STORIES)
@settings(max_examples=400, deadline=None)
def test_the_laws_hold_in_every_story(story: list[Event]) -> None:
    ticket, timers, cards = NEW, set[str](), 0
    for number, event in enumerate(story):
        if ticket.status is Status.NEW and not isinstance(event, CustomerSaid | CustomerArrived | BotGaveUp):
            continue  # nothing else can happen to a ticket that is not there
        if not ticket.carded and isinstance(event, AgentEvent | Delivered | Undelivered):
            continue  # agents find a ticket by its card
        decision = decide(ticket, event, DESK)
        effects, before, ticket = decision.effects, ticket, decision.ticket
        for effect in effects:
            if isinstance(effect, StartTimer):
                timers.add(effect.name)
            elif isinstance(effect, StopTimer):
                timers.discard(effect.name)
        cards += sum(isinstance(effect, PostCard) for effect in effects)
        _words_come_out(event, effects)
        _inside_stays_inside(event, effects)
        assert not (ticket.status is Status.CLOSED and timers), "a closed ticket has no timers"
        assert (ticket.status is Status.CLOSED) == (ticket.closed_at is not None) or ticket.status is Status.NEW
        assert (ticket.status is Status.HELD) <= (ticket.owner is not None)
        assert cards <= 1, "one card a ticket"
        assert (ticket.status in {Status.WAITING, Status.HELD}) <= ticket.carded
        if before.status is Status.HELD and isinstance(event, CustomerSaid):
            assert to_customer(effects) == "", "the bot is silent while a person has it"
        assert goes_on(ticket, NOW + timedelta(hours=number), DESK)


def _words_come_out(event: Event, effects: tuple[Effect, ...]) -> None:
    """Her words are answered, or shown to the agents."""
    if isinstance(event, CustomerSaid | BotGaveUp):
        assert to_customer(effects) or event.text in to_agents(effects)
        kept = any(isinstance(effect, Record) and effect.text == event.text for effect in effects)
        assert kept or not event.text


def _inside_stays_inside(event: Event, effects: tuple[Effect, ...]) -> None:
    """A note never reaches her, nor does anything but the plain words of the owner, `!r` and `!close`."""
    if isinstance(event, AgentNoted):
        assert to_customer(effects) == ""
    for effect in effects:
        if isinstance(effect, Say) and effect.audience is Audience.CUSTOMER:
            assert "CANARY" not in "".join(block.text for block in effect.content)
    if isinstance(event, AgentSaid) and event.mentions:
        assert to_customer(effects) == ""


@given(st.text())
def test_reading_commands_never_raises_and_never_lets_a_bang_word_out(text: str) -> None:
    event = commands.read(NOW, SAM, "$r", text, mentions=False)
    word, _ = commands.split(text)
    assert not (word and isinstance(event, AgentSaid))
