"""What the workshop remembers of real talks, and what agents propose."""

from __future__ import annotations

from pathlib import Path

import yaml

from helpbot.answers.proposed import PROPOSED
from helpbot.core.model import Outcome, Zone
from helpbot.propose import write_pending
from helpbot.store.workshop import recorded
from tests.core.cases import DESK
from tests.dialogues.stage import Stage, new_network, stage


async def written(desk: Stage, folder: Path) -> list[dict[str, object]]:
    """Let the proposals be written, and return what the file holds."""
    assert await write_pending(desk.store, folder, "fr")
    assert await desk.store.workshop().proposals() == []
    return list(yaml.safe_load((folder / PROPOSED).read_text()))


async def test_each_question_is_remembered_with_what_became_of_it(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        for name, *lines in (
            ("marie", "my puk", "thanks"),
            ("paul", "move", "2"),
            ("lea", "my puk", "no", "what about ducks"),
            ("max", "fire and puk", "hello", "human please"),
            ("eve", "hello", "human please"),
        ):
            for line in lines:
                await desk.customer(name, line)
    found = [
        (one.asked.text, one.asked.zone, one.asked.entry, one.outcome) for one in recorded(tmp_path / "desk.db", None)
    ]
    assert found == [
        ("my puk", Zone.ANSWER, "puk", Outcome.ANSWERED),
        ("move", Zone.SUGGEST, "move", Outcome.CHOSEN),
        ("my puk", Zone.ANSWER, "puk", Outcome.REFUSED),
        ("what about ducks", Zone.ESCALATE, None, Outcome.ESCALATED),
        ("fire and puk", Zone.ANSWER, "puk", Outcome.ANSWERED),
    ]


async def test_what_an_agent_proposes_is_written_once_and_the_customer_sees_nothing_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "faq"
    folder.mkdir()
    network = new_network(DESK)
    async with stage(DESK, tmp_path / "desk.db", network) as desk:
        await desk.customer("marie", "what is: life?")
        await desk.agent("sam", "!claim")
        await desk.agent("sam", "It is 42.")
        await desk.agent("sam", "And a half.")
        desk.new_for("marie"), desk.new_for_agents()
        await desk.agent("sam", "!learn puk")
        await desk.agent("sam", "!learn new")
        await desk.agent("sam", "!learn nosuch")
        await desk.agent("sam", "!learn")
        assert desk.new_for("marie") == []
        told = "\n".join(message.text for message in desk.new_for_agents())
        assert "“what is: life?”" in told
        assert "no entry nosuch" in told
        assert "!learn ENTRY" in told
        found = await written(desk, folder)
    async with stage(DESK, tmp_path / "desk.db", network) as desk:
        again = await written(desk, folder)
    assert again == found
    assert found == [
        {"id": "puk", "questions": {"fr": ["what is: life?"]}},
        {"id": "new-2", "questions": {"fr": ["what is: life?"]}, "answer": {"fr": "It is 42.\n\nAnd a half."}},
    ]


async def test_the_line_that_the_command_replies_to_is_proposed(tmp_path: Path) -> None:
    folder = tmp_path / "faq"
    folder.mkdir()
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await desk.customer("marie", "human please")
        await desk.customer("marie", "my puk\nis gone")
        await desk.customer("marie", "thank you")
        shown = {message.text: message.ref for message in desk.new_for_agents()}
        line = next(ref for text, ref in shown.items() if "is gone" in text)
        await desk.agent("sam", "!learn puk", reply_to=line)
        assert any("“my puk is gone”" in message.text for message in desk.new_for_agents())
        await desk.agent("sam", "!learn new", reply_to=desk.cards[1].ref)
        await desk.customer("paul", "what is life?")
        await desk.agent("sam", "!learn puk", number=2, reply_to=line)
        found = await written(desk, folder)
    assert found == [{"id": "puk", "questions": {"en": ["my puk is gone"]}}]


async def test_a_proposal_waits_for_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await desk.customer("marie", "what is life?")
        await desk.agent("sam", "!learn new")
        assert not await write_pending(desk.store, tmp_path / "gone", "fr")
        (tmp_path / "gone").mkdir()
        found = await written(desk, tmp_path / "gone")
    assert [one["not_answered"] for one in found] == [True]


async def test_a_call_for_a_person_is_no_question_to_learn(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await desk.customer("marie", "human please")
        await desk.agent("sam", "!learn new")
        assert any("has not asked the bot" in message.text for message in desk.new_for_agents())
        assert await desk.store.workshop().proposals() == []
