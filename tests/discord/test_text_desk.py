"""A team without a forum: its tickets are threads under a text channel, with the card in the channel itself."""

from __future__ import annotations

import pytest

from helpbot.core.effects import Literal
from helpbot.transports.base import About, Address, Kind
from helpbot.transports.discord_buttons import CLAIM, PREFIX, TO_TEAM, TRANSFER
from helpbot.transports.discord_refs import Spot

from .play import Play, until
from .wire import Wire

_TAKEN = About(1, "waiting", "en", "Marie", "my puk")


@pytest.fixture
def play(wire: Wire) -> Play:
    return Play(wire, forum=False)


async def _card(play: Play) -> str:
    there = Address("discord", str(play.town.desk), about=_TAKEN)
    return await play.transport.send(there, (Literal("#1"),), "card")


async def test_buttons_of_a_card_mean_its_ticket(play: Play) -> None:
    async with play.listens() as desk:
        first, second = (
            await _card(play),
            await play.transport.send(
                Address("discord", str(play.town.desk), about=About(2, "waiting", "en")), (Literal("#2"),), "card 2"
            ),
        )
        play.sam.press(first, CLAIM)
        claimed = await desk.until(lambda item: item.kind is Kind.REACTED)
        assert (claimed.target, claimed.thread) == (first, first)
        play.sam.press(second, f"{PREFIX}close")
        closed = await play.hears("!close")
        assert (closed.thread, closed.member) == (second, True)


async def test_a_ticket_is_offered_to_a_team_that_is_chosen_from_the_list(play: Play) -> None:
    async with play.listens():
        card = await _card(play)
        asked = play.sam.press(card, TRANSFER)
        await until(lambda: asked.responded)
        chosen = next(one for one in play.town.messages(play.town.desk) if one.is_ephemeral)
        play.sam.press(str(Spot(play.town.desk, chosen.id)), TO_TEAM, values=["mobile"])
        heard = await play.hears("!transfer mobile")
        assert heard.thread == card
