"""A desk with two teams, hours, leads and vague words, and how tests speak of what is decided there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from helpbot.core import commands
from helpbot.core.acts import AgentAct, AgentTransferred
from helpbot.core.decide import decide
from helpbot.core.effects import Called, Count, Decision, React, Say, SayInRoom
from helpbot.core.events import Event, TimerFired
from helpbot.core.hours import Hours, Span
from helpbot.core.model import Audience, Canned, Entry, Figure, Person, Role, Team, Ticket
from tests.core.cases import DESK, NOW, SAM, after, held, to_agents

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


def offered(why: str = "her line was cut by mistake") -> Decision:
    transcript = (
        Entry(Role.CUSTOMER, Audience.CUSTOMER, "Marie", "you cut my line", NOW),
        Entry(Role.AGENT, Audience.AGENTS, "Sam", "her fourth call", NOW),
    )
    return decide(held(), AgentTransferred(NOW, SAM, "$t", "lines", why, transcript), HUMAN)


def promised(text: str = "!promise tomorrow 9:00 the line is back") -> Ticket:
    return human(did(SAM, text))
