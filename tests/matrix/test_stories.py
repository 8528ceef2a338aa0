"""The stories of waiting, promises and hand-overs on a real Synapse, with a clock that is turned; from all sides."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from tests.dialogues.test_dialogues import HERE, play, the_desk

from .actors import CLIENT, CryptoActor
from .conftest import MakeCrypto, MakePlain
from .killed import killed
from .staged import PEOPLE, MakePerson, SynapseStage, new_cast, staged
from .synapse import Synapse

pytestmark = pytest.mark.synapse


@pytest.fixture(params=["plain", "encrypted"])
async def person(request: pytest.FixtureRequest, plain_actor: MakePlain, crypto_actor: MakeCrypto) -> MakePerson:
    """Make people who all write in the clear, or all encrypted."""
    return crypto_actor if request.param == "encrypted" else plain_actor


async def lines_of(story: str) -> list[tuple[str, Any]]:
    """Return the lines of that story."""
    lines = await asyncio.to_thread(lambda: yaml.safe_load((HERE / f"{story}.yaml").read_text("utf-8")))
    return [next(iter(line.items())) for line in lines]


async def played(desk: SynapseStage, lines: Sequence[tuple[str, Any]]) -> None:
    for who, what in lines:
        await play(desk, who, what, f"{who}: {what}")


def through(lines: Sequence[tuple[str, Any]], who: str, what: str, more: int = 0) -> int:
    """Return how many lines go up to the one that begins so, and that many more."""
    (place,) = [at for at, line in enumerate(lines) if line[0] == who and str(line[1]).startswith(what)]
    return place + 1 + more


@pytest.mark.parametrize("story", ["the_month", "twenty_seconds"])
async def test_story(story: str, synapse: Synapse, person: MakePerson, tmp_path: Path) -> None:
    await told(story, synapse, person, tmp_path)


@pytest.mark.parametrize("story", ["the_evening", "agents_day"])
async def test_story_in_encrypted_rooms(story: str, synapse: Synapse, crypto_actor: MakeCrypto, tmp_path: Path) -> None:
    await told(story, synapse, crypto_actor, tmp_path)


async def told(story: str, synapse: Synapse, person: MakePerson, folder: Path) -> None:
    """Play a story, and see that the server holds what it should: all words encrypted, or none."""
    lines = await lines_of(story)
    customers = [who.removesuffix(" arrives") for who, _ in lines if who.endswith(" arrives")]
    cast = await new_cast(synapse, person, *customers)
    async with staged(cast, the_desk(), folder) as desk:
        await played(desk, lines)
        expected = "m.room.encrypted" if isinstance(cast.people["marie"], CryptoActor) else "m.room.message"
        sent = await desk.sent()
        kinds = {await kind_on_the_server(desk, room, ref) for room, refs in sent.items() for ref in refs}
        assert kinds == {expected, "m.reaction"}


async def kind_on_the_server(desk: SynapseStage, room: str, ref: str) -> str:
    """Return what the server holds, without any client's reading of it."""
    path = f"{CLIENT}/rooms/{quote(desk.cast.rooms[room])}/event/{quote(ref)}"
    return str((await desk.cast.readers(room)[0].request("GET", path))["type"])


async def test_what_the_desk_does_not_know_that_it_said_is_noticed(
    synapse: Synapse, plain_actor: MakePlain, tmp_path: Path
) -> None:
    """The control of all tests here: a message too many, which no line of a story looks for, fails them."""
    cast = await new_cast(synapse, plain_actor, "marie")
    room = "room of marie"

    async def once_more() -> None:
        async with staged(cast, the_desk(), tmp_path) as desk:
            await desk.arrives("marie")
            content = {"msgtype": "m.text", "body": "once more", "m.mentions": {}}
            path = f"{CLIENT}/rooms/{quote(cast.rooms[room])}/send/m.room.message/again"
            await asyncio.to_thread(synapse.request, "PUT", path, content, cast.bot.token)

    with pytest.raises(AssertionError, match=room):
        await once_more()


async def test_a_reminder_calls_the_lead_and_nobody_else_and_never_in_her_room(
    synapse: Synapse, person: MakePerson, tmp_path: Path
) -> None:
    lines = await lines_of("the_month")
    cast = await new_cast(synapse, person, "marie")
    alex, nora = cast.people["alex"].id, cast.people["nora"].id
    async with staged(cast, the_desk(), tmp_path) as desk:
        await played(desk, lines[: through(lines, "minutes", "8")])
        (lead,) = desk.new_for_agents()
        assert lead.event["content"]["m.mentions"] == {"user_ids": [alex]}
        assert lead.text.startswith("Alex\n⏰ #1")
        await play(desk, "minutes", 20, "all leads")
        called = [[one.event["content"]["m.mentions"] for one in desk.new_for_agents(room)] for room in PEOPLE]
        assert called == [[{"user_ids": [alex]}], [{"user_ids": [nora]}]]
        await play(desk, "sam", "!r @marie, @room: Alex s'en occupe", "names are only words to her")
        for one in desk.shown("room of marie"):
            assert one.event["content"]["m.mentions"] == {}
        assert "@marie, @room: Alex" in desk.new_for("marie")[-1].text


async def test_what_comes_due_while_the_desk_is_closed_comes_once_when_it_opens(
    synapse: Synapse, person: MakePerson, tmp_path: Path
) -> None:
    """Once it is killed at the moment in which it has said it."""
    lines = await lines_of("the_month")
    promised = through(lines, "sam", "!promise demain", more=2)
    again, offered = (
        through(lines, "sam", "!promise aujourd'hui") - 1,
        through(lines, "sam", "!transfer lines sa ligne", more=1),
    )
    cast = await new_cast(synapse, person, "marie")

    async with staged(cast, the_desk(), tmp_path) as desk:
        await played(desk, lines[:promised])
    cast.clock.at = datetime(2026, 10, 22, 6, 40, tzinfo=UTC)  # the owner was to be reminded at 6.30
    await killed(cast, the_desk(), tmp_path, "Promised to the customer")
    async with staged(cast, the_desk(), tmp_path) as desk:
        await played(desk, [("marie reads", ["Sam s'engage"]), ("lines reads", [])])
        await play(desk, "agents reads", ["Sam\n🤝 Promised to the customer"], "the reminder")
    cast.clock.at = datetime(2026, 10, 22, 7, 1, tzinfo=UTC)  # the promise was until 7.00
    async with staged(cast, the_desk(), tmp_path) as desk:
        await played(desk, [("marie reads", ["Personne n'a confirmé que c'est fait"]), ("lines reads", [])])
        await play(desk, "agents reads", ["Sam, Alex\n💔 Sam's promise was broken"], "the broken promise")
        await played(desk, lines[again:offered])
    cast.clock.at = datetime(2026, 10, 22, 15, 1, tzinfo=UTC)  # nobody took it, and the second promise is over too
    async with staged(cast, the_desk(), tmp_path) as desk:
        waits = "⏰ Ticket #1 is offered to Lines team, and nobody there has taken it"
        await play(desk, "marie reads", ["Personne n'a confirmé que c'est fait"], "the second broken promise")
        broken = "Sam, Alex\n💔 Sam's promise was broken"
        await play(desk, "agents reads", ["Offered to Lines team", f"Alex\n{waits}", broken], "what came due")
        await play(
            desk,
            "lines reads",
            ["offered to you", "une semaine trop tôt", f"Nora\n{waits}", "🤖 bot: Sam vous avait promis"],
            "the offer",
        )
        await played(desk, [("omar reacts", "✋"), ("marie reads", ["Omar (Équipe lignes) reprend votre demande #1"])])
        await played(desk, [("agents reads", ["Omar (Lines team) has taken the ticket"]), ("lines reads", [])])
    async with staged(cast, the_desk(), tmp_path) as desk:  # and nothing comes again
        await played(desk, [("marie reads", []), ("agents reads", []), ("lines reads", [])])
        await played(desk, [("card", "with Lines team"), ("card of lines", "Owner: Omar")])


async def test_of_two_who_claim_in_the_same_second_one_has_the_ticket(
    synapse: Synapse, person: MakePerson, tmp_path: Path
) -> None:
    """Both are sent before the desk decides either: as it waits for anybody, and as it is offered to another team."""
    cast = await new_cast(synapse, person, "marie")
    async with staged(cast, the_desk(), tmp_path) as desk:
        await played(desk, [("marie arrives", None), ("marie", "humain")])
        await played(desk, [("marie reads", ["humain", "#1"]), ("agents reads", ["#1 · waiting", "humain"])])
        owner = await raced(desk, "sam", "alex")
        await played(desk, [("marie reads", [f"{owner} s'occupe de votre demande #1"]), ("card", f"Owner: {owner}")])
        await played(desk, [("agents reads", [f"{owner} already has ticket #1"]), ("lines reads", [])])

        await play(desk, owner.casefold(), "!transfer lines", "the offer")
        await played(desk, [("agents reads", ["Offered"]), ("lines reads", ["offered to you", "humain"])])
        owner = await raced(desk, "nora", "omar")
        await play(desk, "marie reads", [f"{owner} (Équipe lignes) reprend votre demande #1"], "told once by whom")
        await played(desk, [("card of lines", f"Owner: {owner}"), ("lines reads", [f"{owner} already has ticket #1"])])
        await play(desk, "agents reads", [f"{owner} (Lines team) has taken the ticket"], "told where it was")


async def raced(desk: SynapseStage, *agents: str) -> str:
    """Let agents claim the newest ticket, all before the desk decides about any; return who has it."""
    desk.store.decides.clear()
    claims = await asyncio.gather(*(desk.react(agent, "✋") for agent in agents))
    await asyncio.gather(*(desk.received(claim) for claim in claims))
    desk.store.decides.set()
    await desk.settle()
    kept = await desk.store.ticket(1)
    assert kept is not None
    assert kept.ticket.owner is not None
    assert kept.ticket.owner.id in {desk.cast.people[agent].id for agent in agents}
    return kept.ticket.owner.name
