"""A customer who says only that she has a question is asked for it, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from helpbot.core.decide import decide
from helpbot.core.decide_parts import recorded
from helpbot.core.model import Candidate, Finding, Status, Zone
from helpbot.core.words import announced
from tests.core.cases import DESK, NEW, NOW, SmallLibrary, after, said, to_customer


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I have a question", "en"), ("hi, I've got a quick question please", "en"), ("can I ask you something?", "en"),
        ("I have another question", "en"), ("I'd like to ask some questions", "en"),
        ("J'ai une question", "fr"), ("bonjour, j'ai une question", "fr"), ("Une petite question svp", "fr"),
        ("Bonsoir, je voudrais un renseignement s'il vous plaît", "fr"), ("puis-je vous poser une question ?", "fr"),
        ("j'ai une autre question, merci", "fr"), ("j'ai des questions", "fr"),
        ("I have a question about my puk", None), ("j'ai une question sur ma facture", None),
        ("I need a person for a question", None), ("no question", None), ("my ticket", None), ("hello", None),
    ],
)  # fmt: skip
def test_a_question_that_is_only_announced_is_told_from_one(text: str, language: str | None) -> None:
    assert announced(DESK.library.fold(text)) == language


def test_a_question_that_is_only_announced_is_asked_for_once_until_she_says_it() -> None:
    first = decide(NEW, said("j'ai une question"), DESK)
    assert "Sur quoi porte votre question" in to_customer(first.effects)
    assert (first.ticket.status, first.ticket.language, first.ticket.question) == (Status.BOT, "fr", "")
    asked = recorded(first.ticket, first.effects, NOW)
    assert decide(asked, said("bonjour, j'ai une question"), DESK).ticket.status is Status.WAITING
    greeted = decide(asked, said("bonjour"), DESK)
    again = recorded(greeted.ticket, greeted.effects, NOW)
    assert decide(again, said("j'ai une question"), DESK).ticket.status is Status.WAITING
    answered = decide(asked, said("mon puk"), DESK)
    later = recorded(answered.ticket, answered.effects, NOW)
    assert "Sur quoi porte" in to_customer(decide(later, said("j'ai une autre question"), DESK).effects)


def test_what_only_announces_a_question_keeps_an_offer_and_gives_way_to_the_faq() -> None:
    offered = decide(after(said("line")), said("I have a question"), DESK).ticket
    assert (offered.status, offered.offer) == (Status.OFFERED, ("move", "line"))
    known = decide(NEW, said("I have a question"), replace(DESK, library=Knowing()))
    assert "Answer to *puk*" in to_customer(known.effects)


class Knowing(SmallLibrary):
    """Is sure of everything."""

    def find(self, text: str, language: str | None, at: datetime, before: str | None = None) -> Finding:
        return Finding(Zone.ANSWER, (Candidate("puk", 0.9),))
