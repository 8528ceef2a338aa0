"""Laws of the core, over any story that people may live through."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpbot.core import commands
from helpbot.core.acts import (
    AgentAssigned,
    AgentBlocked,
    AgentClaimed,
    AgentMerged,
    AgentNoted,
    AgentSaid,
    AgentTaught,
    AgentTransferred,
    Other,
)
from helpbot.core.decide import decide, goes_on
from helpbot.core.decide_clock import timers as timers_of
from helpbot.core.effects import Count, Effect, PostCard, Record, Say, StartTimer, StopTimer
from helpbot.core.events import (
    AgentElsewhere,
    AgentEvent,
    BotGaveUp,
    CustomerArrived,
    CustomerLeft,
    CustomerMarked,
    CustomerRated,
    CustomerSaid,
    Delivered,
    Event,
    OwnerWentAway,
    TimerFired,
    Undelivered,
)
from helpbot.core.model import Audience, Figure, Status, Ticket
from helpbot.core.status import aside
from tests.core.cases import ALEX, DESK, NEW, NOW, SAM, held, to_agents, to_customer, waiting

VAGUE_DESK = replace(DESK, vague={"soon": "soon"})
SAYS = (
    "puk", "line", "human", "no", "1", "2", "9", "yes", "hello", "thanks", "fire", "what is life", "!close", "status",
    "5",
)  # fmt: skip
TYPES = (
    "!claim", "!release", "!close", "!close bye", "!reopen", "!r hello", "!help", "!what", "plain words", "soon",
    "!transfer lines CANARY", "!transfer off", "!promise tomorrow 9:00 it works", "!promise CANARY", "!kept", "!send",
    "!kept done", "!snooze +2d", "!snooze off", "!close soon", "!canned greet", "!assign CANARY", "!away", "!tickets",
    "!find CANARY", "!history", "!merge CANARY", "!merge 12",
)  # fmt: skip
WORDS = st.one_of(st.sampled_from(SAYS), st.text(max_size=60).filter(lambda text: "boom" not in text.casefold()))
AGENTS = st.sampled_from([SAM, ALEX])
TYPED = st.one_of(st.sampled_from(TYPES), st.text(max_size=30))
TIMES = st.integers(0, 20 * 24 * 60).map(lambda minutes: NOW + timedelta(minutes=minutes))
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
    st.builds(TimerFired, TIMES, st.sampled_from(["idle", "ladder", "promise", "transfer", "snooze", "silent"])),
    st.builds(AgentAssigned, st.just(NOW), AGENTS, st.just("$r"), st.just("x"), st.sampled_from([(SAM,), (ALEX,), ()])),
    st.builds(
        lambda agent, text: AgentElsewhere(NOW, commands.read(NOW, agent, "$r", text, mentions=False), "lines"),
        AGENTS,
        TYPED,
    ),
    st.builds(OwnerWentAway, st.just(NOW), AGENTS),
    st.just(TimerFired(NOW, "answer")),
    st.builds(
        CustomerMarked,
        st.just(NOW),
        st.just("$m"),
        st.sampled_from(["1️⃣", "3️⃣", "🙋", "👎", "👍"]),
        st.sampled_from([(), ("move", "line"), ("gone",)]),
        st.integers(0, 3),
    ),
    st.builds(CustomerRated, st.just(NOW), st.integers(1, 5), st.just("👍")),
    st.builds(Delivered, st.just(NOW), st.just("$r"), words=st.booleans()),
    st.just(Undelivered(NOW, "$r", "gone")),
    st.just(AgentBlocked(NOW, SAM, "$r", "hint_not_member")),
    st.builds(BotGaveUp, st.just(NOW), WORDS),
)
STORIES = st.lists(EVENTS, max_size=25)


@pytest.mark.parametrize("burst", [0, 3])
@given(story=STORIES)
@settings(max_examples=400, deadline=None)
def test_the_laws_hold_in_every_story(burst: int, story: list[Event]) -> None:
    desk = replace(VAGUE_DESK, burst=timedelta(seconds=burst))
    ticket, timers, cards = NEW, set[str](), 0
    for number, event in enumerate(story):
        if ticket.status is Status.NEW and not isinstance(event, CustomerSaid | CustomerArrived | BotGaveUp):
            continue  # nothing else can happen to a ticket that is not there
        if not ticket.carded and isinstance(event, AgentEvent | Delivered | Undelivered):
            continue  # agents find a ticket by its card
        decision = decide(ticket, event, desk)
        effects, before, ticket = decision.effects, ticket, decision.ticket
        if event == TimerFired(NOW, "answer"):
            timers.discard("answer")
        for effect in effects:
            if isinstance(effect, StartTimer):
                timers.add(effect.name)
            elif isinstance(effect, StopTimer):
                timers.discard(effect.name)
        cards += sum(isinstance(effect, PostCard) and effect.team is None for effect in effects)
        assert bool(ticket.pending) <= ("answer" in timers), "what waits is answered"
        if not ticket.pending:
            _words_come_out(event, effects)
        _inside_stays_inside(event, effects)
        assert not (ticket.status is Status.CLOSED and timers), "a closed ticket has no timers"
        assert (ticket.status is Status.CLOSED) == (ticket.closed_at is not None) or ticket.status is Status.NEW
        assert (ticket.status is Status.HELD) <= (ticket.owner is not None)
        assert cards <= 1, "one card a ticket"
        assert (ticket.status in {Status.WAITING, Status.HELD}) <= ticket.carded
        said = isinstance(event, CustomerSaid) and aside(before, event.text, event.at, desk) is None
        if said and before.status is Status.HELD:
            assert to_customer(effects) == "", "the bot is silent while a person has it"
        _nobody_is_forgotten(ticket, timers)
        if isinstance(event, AgentElsewhere) and not isinstance(event.act, AgentClaimed):
            assert to_customer(effects) == "", "only the ticket's own team speaks to her"
            assert ticket.owner == before.owner
        if isinstance(event, AgentTransferred):
            assert (ticket.team, ticket.owner) == (before.team, before.owner), "an offer moves nothing"
        assert goes_on(ticket, NOW + timedelta(hours=number), DESK)


def _nobody_is_forgotten(ticket: Ticket, timers: set[str]) -> None:
    """Whoever waits for a person is reminded of, or put aside until a date; whoever has an answer is not for ever."""
    if ticket.status is Status.WAITING or (ticket.status is Status.HELD and ticket.waits_since is not None):
        assert timers & {"ladder", "snooze"}, ticket
    if ticket.status is Status.HELD:
        assert timers & {"ladder", "snooze", "promise", "silent"}, ticket
    assert bool(ticket.promises) <= ("promise" in timers or ticket.status is Status.CLOSED)


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


BETWEEN = st.lists(
    st.one_of(
        st.builds(CustomerSaid, st.just(NOW), st.sampled_from(SAYS)),
        st.builds(lambda text: commands.read(NOW, SAM, "$r", text, mentions=False), st.sampled_from(TYPES)),
    ),
    max_size=8,
)


@given(BETWEEN, BETWEEN, st.booleans(), st.booleans())
@settings(max_examples=400, deadline=None)
def test_the_laws_hold_when_two_tickets_become_one(
    one: list[Event], other: list[Event], later: bool, same_room: bool
) -> None:
    part, its_timers = _lived(replace(held(), number=15), one)
    into, of_whole = _lived(waiting(), other)
    found = Other(into, here=True, same_account=True, same_room=same_room, later=later)
    decision = decide(part, AgentMerged(NOW, SAM, "$r", 12, found), VAGUE_DESK)
    if decision.also is None:
        assert to_customer(decision.effects) == ""
        assert decision.ticket.merged_into is None
        return
    whole = decision.also.ticket
    _count(its_timers, decision.effects)
    _count(of_whole, decision.also.effects)
    assert (decision.ticket.status, its_timers) == (Status.CLOSED, set())
    assert whole.status in {Status.WAITING, Status.HELD}
    assert (whole.status is Status.HELD) == (whole.owner is not None)
    _nobody_is_forgotten(whole, of_whole)
    assert part.waits_since is None or (whole.waits_since is not None and whole.waits_since <= part.waits_since)
    numbers = [promise.number for promise in whole.promises]
    assert len(numbers) == len(set(numbers)) == len(part.promises) + len(into.promises)
    for effects in (decision.effects, decision.also.effects):
        assert "CANARY" not in to_customer(effects)
        assert not any(isinstance(effect, PostCard | Count) and effect != Count(Figure.REOPENED) for effect in effects)


def _lived(ticket: Ticket, story: list[Event]) -> tuple[Ticket, set[str]]:
    """Return a ticket after a story, with the timers that it has."""
    running = set(timers_of(ticket, VAGUE_DESK))
    for event in story:
        decision = decide(ticket, event, VAGUE_DESK)
        _count(running, decision.effects)
        ticket = decision.ticket
    return ticket, running


def _count(timers: set[str], effects: tuple[Effect, ...]) -> None:
    for effect in effects:
        if isinstance(effect, StartTimer):
            timers.add(effect.name)
        elif isinstance(effect, StopTimer):
            timers.discard(effect.name)
