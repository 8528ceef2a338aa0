"""What a row of the inbox comes to, and how a message is named."""

from __future__ import annotations

from dataclasses import dataclass

from helpbot.core.decide_parts import UNDECRYPTABLE
from helpbot.core.events import Event
from helpbot.core.model import Ticket
from helpbot.store.base import Conversation
from helpbot.transports.base import Incoming

SKINS_AND_VARIANTS = dict.fromkeys([*range(0x1F3FB, 0x1F400), 0xFE0E, 0xFE0F])  # of a mark; to be translated away


class NotYet(Exception):
    """What a row points to may be a message of the bot that it does not know of yet: decide the row later."""


@dataclass(frozen=True, slots=True)
class Case:
    """An event with what it happens to; `event` is None when there is nothing to decide.

    `internal` are events (id, payload) that follow from it for other tickets; `freed` are closed tickets that lose
    their owner. `room` is the ticket merged into this one in whose room it happens, `new` a conversation for which a
    ticket is made beside this one.
    """

    event: Event | None
    ticket: Ticket
    conversation: Conversation | None
    stored: bool = True  # False: the ticket stands in for none, and is not kept
    references: tuple[tuple[str, str, str], ...] = ()
    internal: tuple[tuple[str, str], ...] = ()
    freed: tuple[int, ...] = ()
    room: int | None = None
    new: Conversation | None = None
    brought: int | None = None  # the talk of a help room that goes on with it


def said(incoming: Incoming) -> str:
    """Return the message itself; that it cannot be read is an event of its own."""
    lost = incoming.attachment == UNDECRYPTABLE
    return incoming.id.removesuffix(f":{UNDECRYPTABLE}") if lost else incoming.id
