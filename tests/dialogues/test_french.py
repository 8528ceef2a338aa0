"""What a French desk's agents read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.dialogues.stage import AGENTS_ROOM, OTHER_ROOM, TWO_ROOMS, stage
from tests.dialogues.test_hand_over import HUMAN, count, held

FRENCH = replace(HUMAN, languages=("fr", "en"))


async def test_a_french_colon_has_its_space_behind_a_name_too(tmp_path: Path) -> None:
    async with stage(FRENCH, tmp_path / "desk.db", rooms=TWO_ROOMS) as desk:
        await held(desk)
        await desk.customer("marie", "ma ligne est coupée")
        await desk.agent("sam", "!transfer lines erreur de notre part")
        await desk.agent("sam", "je regarde")
        await desk.agent_outside("sam", "!find coupée")
        assert count(desk.network, AGENTS_ROOM, "marie : ma ligne est coupée") == 2, "in the thread, and found"
        assert count(desk.network, OTHER_ROOM, "Sam : je regarde") == 1
        notes = [line.text for line in await desk.store.transcript(1) if line.text.startswith("→")]
        assert notes == ["→ Lines : erreur de notre part"]
