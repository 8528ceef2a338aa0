"""Planted bugs in what follows a message: corrections, deletions, reactions, replies, files, signs."""

from __future__ import annotations

from tests.crash.seeded_base import Bug, planting

_RELAYS = "tests/dialogues/test_relays.py"
_SIGNS = "tests/dialogues/test_signs.py"

RELAY_BUGS: tuple[Bug, ...] = (
    planting(
        "what she deletes stays with the agents",
        "core/decide_relay.py",
        "    effects: list[Effect] = [Amend(event.source, None)]\n",
        "    effects: list[Effect] = []\n",
        _RELAYS,
    ),
    planting(
        "what she deletes stays on the card",
        "core/decide_relay.py",
        "    if event.text and _quotes(ticket.question, event.text):\n",
        "    if False:\n",
        _RELAYS,
    ),
    planting(
        "what she deletes stays in the database",
        "store/relay.py",
        "    if what.text is None and said:\n",
        "    if False:\n",
        _RELAYS,
    ),
    planting(
        "what waits is sent after she has deleted it",
        "store/relay.py",
        '    await db.execute(gone, (why, time_text(step.at), row["id"]))\n',
        "",
        _RELAYS,
    ),
    planting(
        "a correction that is a command goes out",
        "core/decide_relay.py",
        '    if event.word not in {"", "!r" if event.sent or held is not None else "!note"}:\n',
        "    if False:\n",
        _RELAYS,
    ),
    planting(
        "a correction that asks a colleague goes out",
        "core/decide_relay.py",
        "    if event.mentions:\n",
        "    if False:\n",
        _RELAYS,
    ),
    planting(
        "everybody's reaction goes out",
        "core/decide_relay.py",
        "    if not owns(ticket, event.agent) or desk.plain_text",
        "    if desk.plain_text",
        _RELAYS,
    ),
    planting(
        "words as a reaction go out",
        "core/decide_relay.py",
        "    return all(unicodedata.category(char) in _MARKS for char in plain)\n",
        "    return True\n",
        _RELAYS,
    ),
    planting(
        "each correction is a message more",
        "store/relay.py",
        '    if waiting["waiting"] < _WAITING:\n',
        "    if True:\n",
        _RELAYS,
    ),
    planting(
        "a file among agents goes out",
        "core/decide_agent.py",
        "        goes = mine and not event.mentions and",
        "        goes = mine and",
        _RELAYS,
    ),
    planting(
        "a program is passed on",
        "core/files.py",
        "    if not known or (file.name",
        "    if False and (file.name",
        f"{_RELAYS}|tests/core/test_files.py",
    ),
    planting(
        "the words of a file that is gone are lost",
        "courier.py",
        '                lost = attachment.name, f"why_{never.why}"\n',
        "                raise\n",
        _RELAYS,
    ),
    planting(
        "read is shown when anybody has read",
        "store/relay.py",
        'JOIN ticket t ON t.number = o.ticket AND t.owner = ?"',
        "JOIN ticket t ON t.number = o.ticket AND t.owner <> ? || '!'\"",
        _SIGNS,
    ),
    planting(
        "typing for one customer is shown to another",
        "signs.py",
        " if len(numbers) == 1 else None\n",
        " if numbers else None\n",
        _SIGNS,
    ),
)
