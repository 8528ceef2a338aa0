"""What a network is told of the ticket beside the words, for buttons, tags and titles; and what it tells itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from helpbot.core.effects import Content
from helpbot.transports.base import About, Address, Fetched
from helpbot.transports.memory import MemoryTransport
from tests.core.cases import DESK
from tests.dialogues.stage import AGENTS_ROOM, stage

MARIE = "room of marie"


class TellingNetwork(MemoryTransport):
    """Remembers what it was told about each message."""

    def __init__(self, teams: dict[str, str]) -> None:
        super().__init__(teams=teams)
        self.told: list[tuple[str, About | None]] = []

    async def send(
        self, address: Address, content: Content, key: str, *, answers: str | None = None, file: Fetched | None = None
    ) -> str:
        self.told.append((address.room, address.about))
        return await super().send(address, content, key, answers=answers, file=file)

    async def edit(self, address: Address, ref: str, content: Content, key: str) -> str:
        self.told.append((address.room, address.about))
        return await super().edit(address, ref, content, key)


async def test_a_network_is_told_how_the_ticket_stands(tmp_path: Path) -> None:
    network = TellingNetwork({DESK.teams[0].id: AGENTS_ROOM})
    async with stage(DESK, tmp_path / "desk.db", network) as desk:
        network.arrive(MARIE, "marie", "Marie")
        await desk._taken()
        assert network.told == [(MARIE, None)]
        network.say(MARIE, "marie", "line")
        await desk._taken()
        assert network.told[-1] == (MARIE, About(1, "offered", None, "marie", "line", 2))
        network.say(MARIE, "marie", "human")
        await desk._taken()
        waiting = About(1, "waiting", "en", "marie", "line", 0)
        assert {about for _, about in network.told[2:]} == {waiting}
        card = next(one.ref for one in network.in_room(AGENTS_ROOM) if one.thread is None)
        network.join(AGENTS_ROOM, "sam", "Sam")
        network.react_as(AGENTS_ROOM, "sam", card, "✋")
        await desk._taken()
        assert (AGENTS_ROOM, replace(waiting, status="held")) in network.told


async def test_a_customer_is_greeted_in_the_language_that_her_network_tells(tmp_path: Path) -> None:
    network = MemoryTransport(teams={DESK.teams[0].id: AGENTS_ROOM})
    async with stage(DESK, tmp_path / "desk.db", network) as desk:
        for language, words in (("fr", ["Bonjour"]), ("en", ["Hello"]), ("de", ["Bonjour", "Hello"])):
            network.arrive(f"room {language}", language, language=language)
            await desk._taken()
            (greeting,) = [one.text for one in network.in_room(f"room {language}")]
            assert [word for word in ("Bonjour", "Hello") if word in greeting] == words
