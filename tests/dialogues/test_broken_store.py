"""What a desk does when a question to its own database is broken; memory network, real SQLite with a part missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from helpbot.core.model import Status, Ticket, Wait
from helpbot.store.dead import letters
from helpbot.store.sqlite import SqliteStore
from tests.core.cases import DESK
from tests.dialogues.stage import AGENTS_ROOM, stage
from tests.dialogues.test_trouble import ROOM, claimed, seen


class NoQueues(SqliteStore):
    """Cannot tell how the queues stand, as after a faulty update."""

    async def queues(self, ticket: Ticket, at: datetime) -> Mapping[str, Wait]:
        await self._all("SELECT no_such_column FROM ticket")
        return {}


class NoLists(SqliteStore):
    """Cannot list tickets."""

    async def open_tickets(self) -> Sequence[Ticket]:
        await self._all("SELECT * FROM no_such_table")
        return ()


async def test_a_fault_in_sql_does_not_keep_her_words_from_a_person(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db", kind=NoQueues) as desk:
        await desk.customer("marie", "what is life?")
        kept = await desk.store.ticket(1)
        assert kept is not None
        assert kept.ticket.status is Status.WAITING
        assert "the bot failed" in desk.cards[1].text
        assert any("what is life?" in text for text in seen(desk.network, AGENTS_ROOM))
        (told,) = (message.text for message in desk.new_for("marie"))
        assert "before yours" not in told  # nobody knows
        (letter,) = letters(tmp_path / "desk.db")
        assert "OperationalError" in letter.why
        assert letter.handed


async def test_an_agent_hears_of_a_command_that_fails_over_the_database(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await claimed(desk)
        await desk.store._all("DROP TABLE away")
        await desk.agent("sam", "!assign @Alex", mentioned=(("alex", "Alex"),))
        assert desk.marks() == ["❌"]
        (told,) = (message for message in desk.new_for_agents() if "failed over this message" in message.text)
        assert told.thread == desk.cards[1].ref
        await desk.agent("sam", "hello Marie")
        assert "hello Marie" in seen(desk.network, ROOM)[-1]


async def test_an_agent_hears_of_a_command_outside_of_tickets_that_fails_over_the_database(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db", kind=NoLists) as desk:
        await desk.agent_outside("sam", "!tickets")
        assert desk.marks() == ["❌"]
        assert any("failed over this message" in text for text in seen(desk.network, AGENTS_ROOM))
        await desk.customer("marie", "puk")
        assert "Answer to puk" in seen(desk.network, ROOM)
