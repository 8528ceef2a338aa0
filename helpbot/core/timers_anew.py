"""What a changed config changes in the timers of a ticket that was with people before.

Rule: a silence that is over only because the config changed is warned of later, in a turn of its own, because an admin
who switches warnings on after a year must not have all customers written to in one minute. Rule: who was told when her
ticket will be closed keeps that time, because it was said to her.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from helpbot.core.decide_clock import timers
from helpbot.core.hours import after
from helpbot.core.model import Desk, Ticket, Timer

_TURNS = timedelta(hours=40)  # of the team's opening time, a week of office hours, over which the turns are spread
_GOLDEN, _WHOLE = 2654435769, 2**32  # multiples of the golden section lie evenly, however many there are


def timer_changes(
    ticket: Ticket, running: Mapping[str, datetime], now: datetime, desk: Desk
) -> dict[str, datetime | None]:
    """Return the timers to set, with when they are due, and as None those to stop; `running` are those there are."""
    wanted = timers(ticket, desk)
    if Timer.SILENT in wanted:
        wanted[Timer.SILENT] = _silence(ticket, wanted[Timer.SILENT], running.get(Timer.SILENT), now, desk)
    changes: dict[str, datetime | None] = {name: due for name, due in wanted.items() if running.get(name) != due}
    return changes | {name: None for name in running if name not in wanted and name != Timer.IDLE}


def _silence(ticket: Ticket, due: datetime, running: datetime | None, now: datetime, desk: Desk) -> datetime:
    """Return when her silence is over: never later than it is by the config before, unless by this one."""
    if running is not None and ticket.warned_at is not None:
        return max(running, due)
    if due > now:
        return due
    turn = _turn(ticket, now, desk)
    return turn if running is None else min(running, turn)


def _turn(ticket: Ticket, now: datetime, desk: Desk) -> datetime:
    return after(desk.team(ticket.team).hours, now, _TURNS * (ticket.number * _GOLDEN % _WHOLE / _WHOLE))
