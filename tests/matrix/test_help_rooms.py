"""Help rooms and offers on a real Synapse: two people and the bot in a room, and what goes on in private."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from helpbot.app import Helpbot
from helpbot.core.help_rooms import HelpRoom, Offers
from helpbot.core.model import Desk
from helpbot.store.base import Outgoing
from helpbot.store.sqlite import SqliteStore
from helpbot.transports.base import Address
from helpbot.transports.matrix import MatrixTransport
from tests.dialogues.stage import AGENTS_ROOM, WallClock
from tests.dialogues.test_dialogues import the_desk

from .actors import CLIENT, CryptoActor, Event, PlainActor, Refused, body, relation
from .bot import until_in
from .conftest import MakeCrypto, MakePlain
from .staged import Cast, MakePerson, new_cast
from .synapse import Synapse

pytestmark = pytest.mark.synapse


@pytest.fixture(params=["plain", "encrypted"])
async def person(request: pytest.FixtureRequest, plain_actor: MakePlain, crypto_actor: MakeCrypto) -> MakePerson:
    """Make people who all write in the clear, or all encrypted."""
    return crypto_actor if request.param == "encrypted" else plain_actor


@dataclass(slots=True)
class Hall:
    """A help room with Marie and Paul in it, and a desk that answers there."""

    cast: Cast
    room: str
    named: str
    folder: Path
    desk: Desk

    @property
    def bot(self) -> str:
        return self.cast.bot.id

    def person(self, name: str) -> PlainActor:
        return self.cast.people[name]

    @asynccontextmanager
    async def open(self, kind: type[SqliteStore] = SqliteStore) -> AsyncIterator[SqliteStore]:
        """Run the desk."""
        store = await kind.open(self.folder / "desk.db")
        teams = self.cast.desks(self.desk)
        transport = MatrixTransport(
            homeserver=self.cast.server.url,
            user=self.cast.bot.id,
            password=self.cast.bot.password,
            store=self.folder / "keys",
            encryption=isinstance(self.person("marie"), CryptoActor),
            invites_from=["*:helpbot.test"],
            teams=teams,
            decline_text="no",
            exposed_text="open",
            notebook=store.notebook("matrix"),
            help_rooms=[self.named],
        )
        seats = {team: Address("matrix", room) for team, room in teams.items()}
        bot = Helpbot(store, [transport], seats, self.desk, self.cast.clock.now)
        try:
            async with bot.running():
                async with asyncio.timeout(30):
                    await bot.ready()
                await until_in(self.person("marie"), self.room, self.bot)
                yield store
        finally:
            await store.close()

    async def timeline(self) -> list[Event]:
        """Return all that the server holds of the help room, as Marie's client reads what is encrypted."""
        path = f"{CLIENT}/rooms/{quote(self.room)}/messages"
        answer = await self.person("marie").request("GET", path, dir="b", limit="1000")
        read = {event.get("event_id"): event for event in self.person("marie").events}
        return [read.get(event["event_id"], event) for event in answer["chunk"]]

    def said(self, who: str) -> list[Event]:
        return self.person(who).messages(self.room, self.bot)

    async def invited(self, who: str) -> str:
        """Return the direct room that the bot has invited somebody to."""
        event = await self.person(who).wait_for(
            lambda event: (
                event["type"] == "m.room.member"
                and event.get("state_key") == self.person(who).id
                and event["sender"] == self.bot
            )
        )
        return str(event["room_id"])


@pytest.fixture
async def make_hall(synapse: Synapse, person: MakePerson, tmp_path: Path) -> Callable[..., Any]:
    async def make(limits: HelpRoom | None = None, **offers: Any) -> Hall:
        cast = await new_cast(synapse, person, "marie", "paul")
        marie, paul = cast.people["marie"], cast.people["paul"]
        alias = f"help-{tmp_path.name}-{cast.bot.id[1:9]}".replace("[", "").replace("]", "").lower()
        room = await marie.create_room(cast.bot.id, paul.id, room_alias_name=alias, name="help")
        await paul.join(room)
        await until_in(marie, room, paul.id)
        named = f"#{alias}:{marie.id.partition(':')[2]}"
        rooms = {named: replace(limits or HelpRoom(named), name=named)}
        desk = replace(the_desk(), help_rooms=rooms, offers=Offers(**offers))
        return Hall(cast, room, named, tmp_path, cast.known(desk))

    return make


async def test_a_sure_question_is_answered_and_an_unsure_one_goes_on_in_private(
    make_hall: Callable[..., Any],
) -> None:
    hall: Hall = await make_hall()
    marie, paul, sam = hall.person("marie"), hall.person("paul"), hall.person("sam")
    encrypted = isinstance(marie, CryptoActor)
    async with hall.open() as store:
        asked = await marie.say(hall.room, "my puk is blocked")
        answer = await paul.wait_for_text(hall.room, "ten wrong tries")
        assert relation(answer)["rel_type"] == "m.thread"
        assert relation(answer)["event_id"] == asked
        assert relation(answer)["m.in_reply_to"] == {"event_id": asked}
        assert answer["content"]["m.mentions"] == {}

        await paul.say(hall.room, "good morning everybody")
        to_her = {"m.mentions": {"user_ids": [marie.id]}, "m.relates_to": {"m.in_reply_to": {"event_id": asked}}}
        await paul.say(hall.room, "my puk is blocked", **to_her)
        unsure = await marie.say(hall.room, "what is the meaning of life?")
        offer = await marie.wait_for_text(hall.room, "not sure")
        assert relation(offer)["event_id"] == unsure
        await paul.react(hall.room, offer["event_id"], "🙋")
        await marie.react(hall.room, offer["event_id"], "🙋")
        room = await hall.invited("marie")
        assert await store.next_number() == 1, "no ticket before she has come"
        await marie.join(room)
        await marie.wait_for_text(room, "I am a help bot")
        where = await marie.wait_for_text(room, "you asked")
        assert hall.named in body(where)
        await marie.wait_for_text(room, "#1")
        assert await marie.members(room) == {marie.id: "join", hall.bot: "join"}
        with pytest.raises(Refused):
            await marie.invite(room, paul.id)
        state = await marie.request("GET", f"{CLIENT}/rooms/{quote(room)}/state")
        assert encrypted == ("m.megolm" in str(state))

        agents_room = hall.cast.rooms[AGENTS_ROOM]
        card = await sam.wait_for_text(agents_room, "#1 ")
        await sam.wait_for_text(agents_room, "meaning of life")
        await sam.react(agents_room, card["event_id"], "✋")
        await marie.wait_for_text(room, "Sam")
        await sam.say_in_thread(agents_room, card["event_id"], "a canary: forty-two")
        await marie.wait_for_text(room, "a canary: forty-two")
        await marie.say(room, "my PIN is 4711, another canary")
        await sam.wait_for_text(agents_room, "another canary")

        timeline = await hall.timeline()
        bots = [event for event in timeline if event["sender"] == hall.bot and "body" in event["content"]]
        assert len(bots) == 3, [body(event) for event in bots]
        assert not [event for event in timeline if "canary" in str(event)]
        assert not [event for event in timeline if "Sam" in body(event) or "#1" in body(event)]
        assert [row["why"] for row in await store._all("SELECT why FROM outbox WHERE state = 'dead'")] == []


async def test_a_bot_that_dies_between_opening_a_room_and_keeping_it_opens_one(make_hall: Callable[..., Any]) -> None:
    hall: Hall = await make_hall()
    marie = hall.person("marie")
    async with hall.open(NeverKept):
        await marie.say(hall.room, "what is the meaning of life?")
        offer = await marie.wait_for_text(hall.room, "not sure")
        await marie.react(hall.room, offer["event_id"], "🙋")
        room = await hall.invited("marie")
    async with hall.open() as store:
        await marie.join(room)
        await marie.wait_for_text(room, "you asked")
        rooms = await store._all("SELECT direct FROM public_talk WHERE direct IS NOT NULL")
        assert [row["direct"] for row in rooms] == [room]
        invited = {
            event["room_id"]
            for event in marie.events
            if event["type"] == "m.room.member" and event.get("state_key") == marie.id and event["sender"] == hall.bot
        }
        assert invited == {room}
        greetings = [event for event in marie.messages(room, hall.bot) if "I am a help bot" in body(event)]
        assert len(greetings) == 1


async def there_is(store: SqliteStore, sql: str, value: str) -> None:
    """Return once the database has such a row."""
    async with asyncio.timeout(10):
        while not await store._all(sql, value):  # noqa: ASYNC110  # a table has no event
            await asyncio.sleep(0.05)


class NeverKept(SqliteStore):
    """A store that never gets to keep that a room was opened, as in a process that is killed before."""

    async def sent(self, row: Outgoing, transport: str, ref: str, at: datetime, *, found: bool = False) -> None:
        if row.verb == "open":
            await asyncio.Event().wait()
        await super().sent(row, transport, ref, at, found=found)


async def test_the_limits_hold_and_who_joins_is_offered_help(make_hall: Callable[..., Any], person: MakePerson) -> None:
    hall: Hall = await make_hall(HelpRoom("", None, per_person=1, per_room=3), on_joining=True)
    hall.cast.clock.at = datetime(2026, 10, 21, 12, tzinfo=UTC)
    marie = hall.person("marie")
    late = await person("Léa")
    await marie.invite(hall.room, late.id)
    async with hall.open() as store:
        assert hall.said("marie") == [], "nobody is greeted who was there before"
        await late.join(hall.room)
        offer = await marie.wait_for_text(hall.room, "Voulez-vous de l'aide ?")
        assert "Léa" in body(offer)
        assert offer["content"]["m.mentions"] == {}
        await late.wait_for(lambda event: event.get("event_id") == offer["event_id"])
        await late.react(hall.room, offer["event_id"], "👎")
        for _ in range(3):
            await marie.say(hall.room, "my puk is blocked")
        await marie.wait_for_text(hall.room, "only answer a few times")
        declined = "SELECT 1 FROM offered WHERE person = ? AND declined_at IS NOT NULL"
        await there_is(store, declined, late.id)
        await hall.person("paul").say(hall.room, "my puk is blocked")
        last = await hall.person("paul").say(hall.room, "is anybody there?")
        await there_is(store, "SELECT 1 FROM inbox WHERE event = ? AND done_at IS NOT NULL", last)
        assert len(hall.said("marie")) == 3


async def test_who_opens_a_room_and_says_nothing_is_asked(make_hall: Callable[..., Any]) -> None:
    hall: Hall = await make_hall(silent_for=timedelta(minutes=2))
    clock: WallClock = hall.cast.clock
    clock.at = datetime(2026, 10, 21, 12, tzinfo=UTC)
    paul = hall.person("paul")
    async with hall.open() as store:
        room = await paul.create_dm(hall.bot)
        await paul.wait_for_text(room, "human")
        clock.at += timedelta(minutes=2)
        store.timer_bell.set()
        await paul.wait_for_text(room, "Do you want help?")
        await paul.say(room, "no thanks")
        await paul.wait_for_text(room, "I will not offer it again")
        assert await store.next_number() == 1
