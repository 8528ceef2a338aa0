"""Who is an agent no more is known to be none: their tickets must not wait for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpbot.core.effects import Literal
from helpbot.transports.base import Kind
from helpbot.transports.discord_buttons import CLAIM
from helpbot.transports.discord_refs import Spot

from .play import Play
from .test_desk_discord import _card, opened, running, said, until
from .town import Town
from .wire import Wire


@pytest.fixture
def play(wire: Wire) -> Play:
    return Play(wire)


async def test_a_role_that_is_taken_makes_tickets_free(wire: Wire, tmp_path: Path) -> None:
    town = Town(wire)
    marie, sam = town.person("Marie"), town.person("Sam", agent=True)
    async with running(town, tmp_path):
        thread = await opened(town, marie, "human")
        post = await until(lambda: next(iter(town.threads(town.desk)), None))
        card = await until(lambda: _card(town, post.id))
        sam.press(str(Spot(card.channel_id, card.id)), CLAIM)
        await said(town, thread, "Sam")
        wire.backend.remove_member_role(town.guild, sam.id, town.agents_role)
        await until(lambda: "waiting" in card.content)


async def test_who_keeps_the_role_stays_whatever_else_changes(play: Play) -> None:
    async with play.listens() as desk:
        card = await play.transport.send(play.agents, (Literal("#1"),), "card")
        play.sam.say(int(card.split("-")[0]), "hello")
        await play.hears("hello")
        backend = play.wire.backend
        backend.add_member_role(play.town.guild, play.sam.id, play.town.leads_role)
        backend.remove_member_role(play.town.guild, play.sam.id, play.town.agents_role)
        play.sam.say(int(card.split("-")[0]), "a lead now")
        assert (await play.hears("a lead now")).member
        assert not [item for item in desk.got if item.kind is Kind.LEFT]
        backend.remove_member_role(play.town.guild, play.sam.id, play.town.leads_role)
        left = await desk.until(lambda item: item.kind is Kind.LEFT)
        assert (left.sender, left.team) == (str(play.sam.id), "mobile")


@pytest.mark.parametrize("how", ["lost the role", "left the server"])
async def test_who_went_while_it_was_away_is_told_once(play: Play, how: str) -> None:
    async with play.listens():
        card = await play.transport.send(play.agents, (Literal("#1"),), "card")
        play.sam.say(int(card.split("-")[0]), "hello")
        await play.hears("hello")
    if how == "lost the role":
        play.wire.backend.remove_member_role(play.town.guild, play.sam.id, play.town.agents_role)
    else:
        play.wire.backend.remove_member(play.town.guild, play.sam.id)
    for told in (1, 0):
        play.transport = play.new()
        async with play.listens() as desk:
            play.marie.say(play.direct, "meanwhile")
            await play.hears("meanwhile")
            gone = [item.sender for item in desk.got if item.kind is Kind.LEFT]
            assert gone == [str(play.sam.id)] * told
