"""Planted bugs in what makes one ticket of two."""

from __future__ import annotations

from tests.crash.seeded_base import Bug, planting

_CORE = "tests/core/test_merge.py"
_DESK = "tests/dialogues/test_merges.py"
_STORE = "tests/store/test_merges.py"

MERGE_BUGS: tuple[Bug, ...] = (
    planting(
        "two accounts are merged at once",
        "core/decide_merge.py",
        "    if other.same_account or (waiting is not None and _in_time(waiting, event.at)):\n",
        "    if True:\n",
        _CORE,
    ),
    planting(
        "another team's ticket is merged",
        "core/decide_merge.py",
        "    if other is None or not other.here:\n",
        "    if other is None:\n",
        _CORE,
    ),
    planting(
        "a part of a ticket is merged once more",
        "core/decide_merge.py",
        "    if other.merged_into is not None:\n",
        "    if False:\n",
        _CORE,
    ),
    planting(
        "an old confirmation counts",
        "core/decide_merge.py",
        "timedelta() <= at - held.at <= _CONFIRMED_FOR",
        "True",
        _CORE,
    ),
    planting(
        "answers go where her first ticket was",
        "desk.py",
        "room=effect.room or ticket.speaks_in",
        "room=effect.room",
        _DESK,
    ),
    planting(
        "words go to the room of a ticket that is no part",
        "store/keep.py",
        "    if room != number and room not in await rows.family(db, number):\n",
        "    if False:\n",
        _STORE,
    ),
    planting(
        "corrections stay in one of the tickets",
        "store/relay.py",
        "json.dumps(await rows.family(db, ticket))",
        "json.dumps([ticket])",
        _DESK,
    ),
    planting(
        "one half of a merge is kept",
        "store/keep.py",
        "    parts = [step] if step.also is None else [step, step.also]\n",
        "    parts = [step]\n",
        _STORE,
    ),
    planting(
        "the parts of a part are lost",
        "store/keep.py",
        "            await db.execute(parts, (ticket.merged_into, ticket.number))\n",
        "            pass\n",
        _DESK,
    ),
    planting(
        "who has two rooms has one ticket",
        "store/queue.py",
        "AND NOT d.gone",
        "AND 0",
        _STORE,
    ),
    planting(
        "an answer refers to another room",
        "store/keep.py",
        "            target = None  # what it answers stands in another room of hers\n",
        "            pass\n",
        _STORE,
    ),
    planting(
        "what is told of her words is told in a part",
        "cases.py",
        'self._whole if values["kind"] in _OF_HER_ROOM else self._store.ticket',
        "self._store.ticket",
        _DESK,
    ),
)
