"""A reaction of hers to a message of the bot, while only the bot has the ticket: a choice, a no, a call for a person.

Rule: a mark on an offer chooses from that offer, however old it is, and from no other; where it cannot be told what was
offered she is asked again, because a wrong answer is worse than a question.
"""

from __future__ import annotations

from dataclasses import replace

from helpbot.core import decide_burst, words
from helpbot.core.decide_answer import answered, asked_again, chosen
from helpbot.core.decide_parts import spoken
from helpbot.core.effects import Decision
from helpbot.core.events import CustomerMarked, CustomerSaid
from helpbot.core.model import Desk, Ticket


def marked(ticket: Ticket, event: CustomerMarked, desk: Desk) -> Decision:
    """Return what her mark comes to; one that means nothing here changes nothing.

    It is kept without the id of her reaction: taking that back later changes nothing of what came of it.
    """
    said = CustomerSaid(event.at, event.symbol)
    match words.mark_meant(event.symbol):
        case words.Mark.PERSON:
            return decide_burst.called(replace(ticket, closed_at=None), said, desk)
        case words.Mark.NO if _to_the_last(ticket, event):
            return answered(_open(ticket, said, desk), said, desk)
        case int(number) if number <= len(event.offered):
            entry = event.offered[number - 1]
            title = desk.library.title(entry, spoken(ticket, desk)) or entry
            said = replace(said, text=f"{event.symbol} → {title}", turn=event.turn)
            return chosen(_open(ticket, said, desk), said, entry, desk)
        case int() if event.offered or ticket.offer:
            return asked_again(_open(ticket, said, desk), said, event.offered or ticket.offer, desk)
        case _:
            return Decision(ticket)


def _to_the_last(ticket: Ticket, event: CustomerMarked) -> bool:
    """Tell whether a no can be meant for what stands: the offer, or the last answer."""
    if ticket.offer:
        return event.offered == ticket.offer
    return bool(ticket.answered) and event.turn == ticket.turn


def _open(ticket: Ticket, said: CustomerSaid, desk: Desk) -> Ticket:
    return decide_burst.without_chatter(replace(ticket, closed_at=None), said, desk)
