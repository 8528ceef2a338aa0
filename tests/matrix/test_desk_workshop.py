"""The admin's workshop beside a running desk: what agents propose, what is lacking, a FAQ that grows."""

from __future__ import annotations

import json
import shutil

import pytest
import yaml

from tests import forks

from .actors import PlainActor
from .conftest import MakePlain
from .desk import FAQ, AgentsView, RunningDesk

pytestmark = pytest.mark.synapse


async def helpbot(desk: RunningDesk, *words: str) -> str:
    """Run a command in the desk's folder, and return what it prints."""
    process = await forks.start(*words, cwd=desk.folder)
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode()


async def test_a_question_that_nobody_foresaw_becomes_an_answer(
    desk: RunningDesk, sam: PlainActor, plain_actor: MakePlain
) -> None:
    folder = desk.folder / "faq"
    shutil.copytree(FAQ, folder)
    path = desk.folder / "config.yaml"
    path.write_text(path.read_text().replace(str(FAQ), str(folder)))
    await desk.start()
    agents = AgentsView(sam, desk)
    marie = await plain_actor("Marie")
    room = await marie.create_dm(desk.bot.id)
    await marie.say(room, "do you sell yellow umbrellas?")
    await marie.wait_for_text(room, "#1")
    card = await agents.card(1, "waiting")
    await agents.writes(card, "!claim")
    await marie.wait_for_text(room, "Sam is taking care")
    spoken = await agents.writes(card, "We do, in every shop.")
    await agents.marked(spoken, "✅")
    taught = await agents.writes(card, "!learn new")
    await agents.marked(taught, "📝")
    await agents.threaded(card, "Proposed to the admins")

    proposed = folder / "proposed.yaml"
    await desk.logged("faq_proposed")
    (entry,) = yaml.safe_load(proposed.read_text())
    assert entry["questions"] == {"en": ["do you sell yellow umbrellas?"]}
    assert entry["answer"] == {"en": "We do, in every shop."}
    (gap,) = map(json.loads, (await helpbot(desk, "gaps", "--json")).splitlines())
    assert gap["questions"] == ["do you sell yellow umbrellas?"]

    paul = await plain_actor("Paul")
    other = await paul.create_dm(desk.bot.id)
    await paul.say(other, "Do you sell yellow umbrellas")
    await paul.wait_for_text(other, "#2")  # what is proposed is not live
    (folder / "umbrellas.yaml").write_text(yaml.safe_dump([{**entry, "id": "umbrellas"}]))
    assert "answer umbrellas" in await helpbot(desk, "replay")
    await desk.logged("faq_loaded")
    lea = await plain_actor("Lea")
    third = await lea.create_dm(desk.bot.id)
    await lea.say(third, "do you sell yellow umbrellas ?")
    await lea.wait_for_text(third, "in every shop")
    assert all("Proposed" not in str(event) for event in marie.messages(room, desk.bot.id))
