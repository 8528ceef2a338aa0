"""Planted bugs in what waits for more, is withdrawn, or is chosen by a mark."""

from __future__ import annotations

from tests.crash.seeded_base import Bug, planting

_BURSTS = "tests/dialogues/test_bursts.py"
_CHOICES = "tests/dialogues/test_choices.py"

BURST_BUGS: tuple[Bug, ...] = (
    planting(
        "a burst is answered line by line",
        "core/decide_burst.py",
        "    if not desk.burst or event.edited",
        "    if True or event.edited",
        _BURSTS,
    ),
    planting(
        "only the last line of a burst is answered",
        "core/decide_burst.py",
        "    event = CustomerSaid(at, joined(lines),",
        "    event = CustomerSaid(at, joined(lines[-1:]),",
        _BURSTS,
    ),
    planting(
        "a withdrawn answer goes out",
        "store/bursts.py",
        '            await take_back(db, row, step, "withdrawn")\n',
        "            pass\n",
        _BURSTS,
    ),
    planting(
        "a withdrawn answer that the network took stays",
        "courier.py",
        '        ref = row.amends or self._rooms.of(row).there.get(row.amends_key or "")\n',
        "        ref = row.amends\n",
        _BURSTS,
    ),
    planting(
        "a withdrawn answer counts",
        "store/bursts.py",
        '        await db.execute("DELETE FROM question',
        '        await db.execute("DELETE FROM question WHERE 0 AND 1 IN (?, ?) OR 0 AND',
        _BURSTS,
    ),
    planting(
        "a counter goes down",
        "store/totals.py",
        " FROM question q WHERE NOT {_MAY_GO}) GROUP",
        " FROM question q) GROUP",
        _BURSTS,
    ),
    planting(
        "what waits is lost when a person is called",
        "core/decide_parts.py",
        "    question = shorten(joined(ticket.pending)) if ticket.pending else ticket.question",
        "    question = ticket.question",
        _BURSTS,
    ),
    planting(
        "what the bot fails over while it waited reaches nobody",
        "cases.py",
        '        return replace(case, event=BotGaveUp(at, ""))\n',
        "        return None\n",
        _BURSTS,
    ),
    planting(
        "a mark chooses from the newest offer",
        "core/decide_choice.py",
        "            entry = event.offered[number - 1]\n",
        "            entry = (ticket.offer or event.offered)[number - 1]\n",
        _CHOICES,
    ),
)
