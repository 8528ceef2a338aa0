"""What a ticket becomes when its customer's room gives way to another: the agents hear so, she is not greeted anew."""

from __future__ import annotations

from helpbot.core.decide_parts import inside, with_people
from helpbot.core.effects import Decision
from helpbot.core.events import CustomerMoved, RoomReplaced
from helpbot.core.model import Desk, Ticket
from helpbot.core.phrases import is_phrase, say


def moved(ticket: Ticket, event: CustomerMoved, desk: Desk) -> Decision:
    """Tell the agents that she goes on elsewhere, where they reach her as before."""
    if not with_people(ticket):
        return Decision(ticket)
    return Decision(ticket, (inside("customer_moved", desk, name=ticket.customer.name),))


def room_replaced(ticket: Ticket, event: RoomReplaced, desk: Desk) -> Decision:
    """Tell the agents that nothing reaches her until the bot can follow her."""
    if not with_people(ticket):
        return Decision(ticket)
    language = desk.languages[0]
    why = say(f"why_{event.why}", language) if is_phrase(f"why_{event.why}") else event.why
    return Decision(ticket, (inside("room_replaced", desk, name=ticket.customer.name, why=why),))
