"""A tiny FAQ and the values that the core's tests start from."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from helpbot.core.acts import AgentClaimed
from helpbot.core.decide import decide
from helpbot.core.effects import Effect, Say
from helpbot.core.events import CustomerSaid, Event
from helpbot.core.model import Answer, Audience, Candidate, Desk, Finding, Person, Status, Team, Ticket, Zone

NOW = datetime(2026, 10, 21, 12, 0, tzinfo=UTC)
MARIE = Person("@marie:example.org", "Marie")
SAM = Person("@sam:example.org", "Sam")
ALEX = Person("@alex:example.org", "Alex")


class SmallLibrary:
    """Knows a few questions by a word each.

    "puk" is sure, "move" and "line" are alike, "fire" calls a person too, "heir" is left to a person; "puk", "fire"
    and "ring" are answered together; "how much" goes on from a question with "puk".
    """

    titles: ClassVar = {
        "puk": "My PUK code is blocked",
        "move": "I am moving house",
        "line": "I want a new line",
        "fire": "Fire!",
        "ring": "How do I change my ring tone",
        "heir": "I inherit a line",
    }

    def find(self, text: str, language: str | None, at: datetime, before: str | None = None) -> Finding:
        words = self.fold(text).split()
        heard = "fr" if {"mon", "ma", "je", "bonjour"} & set(words) else None
        both = tuple(entry for entry in ("puk", "fire", "ring") if entry in words)
        if len(both) > 1:
            return Finding(Zone.ANSWER, tuple(Candidate(entry, 0.9) for entry in both), (), heard, both)
        if "heir" in words:
            return Finding(Zone.ESCALATE, (Candidate("heir", 0.9),), (), heard)
        if words == ["how", "much"] and "puk" in (before or "").casefold():
            return Finding(Zone.ANSWER, (Candidate("line", 0.9),), (), heard)
        for entry in ("puk", "fire"):
            if entry in words:
                return Finding(Zone.ANSWER, (Candidate(entry, 0.97),), language=heard)
        if {"move", "line"} & set(words):
            alike = (Candidate("move", 0.4), Candidate("line", 0.4))
            return Finding(Zone.SUGGEST, alike, ("move", "line"), heard)
        if "boom" in words:
            raise ValueError("a fault of ours")
        return Finding(Zone.ESCALATE, language=heard)

    def title(self, entry: str, language: str) -> str | None:
        return self.titles.get(entry)

    def answer(self, entry: str, language: str, at: datetime) -> Answer | None:
        if entry not in self.titles:
            return None
        team = "lines" if entry in {"move", "heir"} else None
        text = "" if entry == "heir" else f"Answer to *{entry}*"
        return Answer(text, "en", team, always_escalate=entry in {"fire", "heir"})

    def fold(self, text: str) -> str:
        plain = unicodedata.normalize("NFKD", text[:1000]).casefold()
        kept = "".join(char if char.isalnum() else " " for char in plain if not unicodedata.combining(char))
        return " ".join(kept.split())


DESK = Desk(
    library=SmallLibrary(),
    languages=("en", "fr"),
    teams=(Team("mobile", {"en": "Mobile team", "fr": "Équipe mobile"}), Team("lines", {"en": "Lines"})),
    burst=timedelta(),
)
NEW = Ticket(12, MARIE, "mobile", NOW)


def after(*events: Event, desk: Desk = DESK, ticket: Ticket = NEW) -> Ticket:
    """Return the ticket after these events."""
    for event in events:
        ticket = decide(ticket, event, desk).ticket
    return ticket


def said(text: str, minutes: float = 0) -> CustomerSaid:
    return CustomerSaid(NOW + timedelta(minutes=minutes), text)


def waiting() -> Ticket:
    """Return a ticket that waits for a person."""
    ticket = after(said("something nobody knows"))
    assert ticket.status is Status.WAITING
    return ticket


def held() -> Ticket:
    """Return a ticket that Sam owns."""
    ticket = after(AgentClaimed(NOW, SAM, "$claim"), ticket=waiting())
    assert ticket.owner == SAM
    return ticket


def to(audience: Audience, effects: tuple[Effect, ...]) -> str:
    """Return all that is said to that audience."""
    said_to = [effect for effect in effects if isinstance(effect, Say) and effect.audience is audience]
    return "\n".join(block.text for effect in said_to for block in effect.content)


def to_customer(effects: tuple[Effect, ...]) -> str:
    return to(Audience.CUSTOMER, effects)


def to_agents(effects: tuple[Effect, ...]) -> str:
    return to(Audience.AGENTS, effects)
