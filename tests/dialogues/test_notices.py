"""What agents are told of dead letters: gathered, at most once a minute, and never of the notices themselves."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from helpbot.core.effects import Content, Literal
from helpbot.store.dead import letters
from helpbot.transports.base import Address, Fetched, Kind, Undeliverable
from helpbot.transports.memory import MemoryTransport
from tests.core.cases import DESK
from tests.dialogues.stage import AGENTS_ROOM, Stage, stage
from tests.dialogues.test_trouble import ROOM, claimed, refusing, seen

_MINUTE = timedelta(minutes=1)


def notices(desk: Stage) -> list[str]:
    return [text for text in seen(desk.network, AGENTS_ROOM) if "helpbot dead list" in text]


async def gathered(desk: Stage) -> None:
    """Let the desk look for what nobody was told of, as it does after each fault and each minute."""
    await desk.store.gather_dead(desk.clock.at, _MINUTE, ["mobile"])
    await desk.settle()


async def test_agents_hear_of_dead_letters_at_most_once_a_minute(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await claimed(desk)
        desk.network.trouble = refusing(ROOM)
        for text in ("one", "two", "three"):
            await desk.agent("sam", text)
        assert len(letters(tmp_path / "desk.db")) == 3
        await gathered(desk)
        assert len(notices(desk)) == 1
        desk.clock.at += _MINUTE
        await gathered(desk)
        assert len(notices(desk)) == 2
        desk.clock.at += _MINUTE
        await gathered(desk)
        assert len(notices(desk)) == 2


class NoNotice(MemoryTransport):
    """Refuses notices, and nothing else in the agents' room."""

    async def send(
        self, address: Address, content: Content, key: str, *, answers: str | None = None, file: Fetched | None = None
    ) -> str:
        if any("dead list" in block.text for block in content if isinstance(block, Literal)):
            raise Undeliverable("this one not")
        return await super().send(address, content, key, answers=answers, file=file)


async def test_a_notice_that_fails_makes_no_other(tmp_path: Path) -> None:
    network = NoNotice(teams={"mobile": AGENTS_ROOM})
    network.join(AGENTS_ROOM, "sam", "Sam")
    async with stage(DESK, tmp_path / "desk.db", network) as desk:
        await claimed(desk)
        network.trouble = refusing(ROOM)
        await desk.agent("sam", "one")
        sent = "SELECT count(*) AS n FROM outbox WHERE verb = 'say_in_room'"
        for _ in range(5):
            desk.clock.at += 2 * _MINUTE
            await gathered(desk)
        row = await desk.store._one(sent)
        assert row is not None
        assert row["n"] == 1


async def test_nothing_is_sent_where_the_bot_was_put_out(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await claimed(desk)
        desk.network._happen(Kind.REMOVED, ROOM, "marie")
        await desk._taken()
        await desk.agent("sam", "hello?")
        assert desk.marks() == ["❌"]
        assert "hello?" not in seen(desk.network, ROOM)


async def test_a_second_card_that_is_lost_comes_anew_too(tmp_path: Path) -> None:
    async with stage(DESK, tmp_path / "desk.db") as desk:
        await claimed(desk)
        for text in ("one", "two"):
            old = desk.cards[1].ref
            del desk.network.messages[old]
            await desk.customer("marie", text)
            assert desk.cards[1].ref != old
