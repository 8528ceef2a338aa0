"""Signs of life on a real Synapse: who types and who has read, told of agents and shown to customers."""

from __future__ import annotations

import asyncio
import gc
import time
from itertools import pairwise
from typing import Any

import pytest
from aiohttp import web

from helpbot.transports.base import Address, Read, Sign, Typing

from ..crash.proxy import Answer, Proxy, Trouble, json_answer
from .actors import Event, PlainActor
from .bot import Bot, talk, until_in
from .conftest import MakeBot, MakeCrypto, MakePlain

pytestmark = pytest.mark.synapse


class Told:
    """Keeps what a transport notices."""

    def __init__(self, bot: Bot) -> None:
        self.signs: list[Sign] = []
        self._news = asyncio.Event()
        bot.transport.notice = self._take

    def _take(self, sign: Sign) -> None:
        self.signs.append(sign)
        self._news.set()

    async def until(self, sign: Sign) -> None:
        try:
            async with asyncio.timeout(15):
                while sign not in self.signs:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{sign} was not told; the last were {self.signs[-6:]}") from None


async def desks(new_bot: MakeBot, *leads: PlainActor, **options: Any) -> tuple[Bot, list[str]]:
    """Return a running bot with an agents' room for each of them."""
    bot = await new_bot(**options)
    rooms = [await lead.create_room(bot.id) for lead in leads]
    await bot.start(teams={f"team {number}": room for number, room in enumerate(rooms)})
    for lead, room in zip(leads, rooms, strict=True):
        await until_in(lead, room, bot.id)
    return bot, rooms


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
async def test_what_agents_do_is_told(
    new_bot: MakeBot, plain_actor: MakePlain, crypto_actor: MakeCrypto, encrypted: bool
) -> None:
    sam = await (crypto_actor if encrypted else plain_actor)("Sam")
    bot, (room,) = await desks(new_bot, sam)
    told = Told(bot)
    card = await bot.say(room, "card", "k1")
    said = await bot.say(room, "in its thread", "k2", thread=card)
    await sam.types(room)
    await told.until(Typing(room, "team 0", (sam.id,)))
    await sam.types(room, typing=False)
    await told.until(Typing(room, "team 0", ()))
    await sam.reads(room, card)
    await told.until(Read(room, "team 0", sam.id, card))
    await sam.reads(room, said, thread_id=card)
    await told.until(Read(room, "team 0", sam.id, said, card))
    private, last = [await bot.say(room, f"word {number}", f"k3-{number}") for number in range(2)]
    await sam.reads(room, private, kind="m.read.private")
    await sam.reads(room, last, thread_id="main")
    await told.until(Read(room, "team 0", sam.id, last))
    assert not any(isinstance(sign, Read) and sign.ref == private for sign in told.signs)


async def test_what_was_read_while_the_bot_was_away_is_told(new_bot: MakeBot, plain_actor: MakePlain) -> None:
    sam = await plain_actor("Sam")
    bot, (room,) = await desks(new_bot, sam)
    card = await bot.say(room, "card", "k1")
    await sam.say(room, "ok")
    await bot.heard("ok")
    await bot.stop()
    await sam.reads(room, card)
    bot.begin()
    told = Told(bot)
    await told.until(Read(room, "team 0", sam.id, card))


async def test_what_customers_do_and_who_can_be_seen_by_anybody_is_not_told(
    new_bot: MakeBot, plain_actor: MakePlain
) -> None:
    sam, lea, alice = await plain_actor("Sam"), await plain_actor("Lea"), await plain_actor("Alice")
    bot, (seen, room) = await desks(new_bot, sam, lea)
    told = Told(bot)
    hers = await talk(alice, bot)
    answer = await bot.say(hers, "an answer", "k1")
    card = await bot.say(seen, "card", "k2")
    await sam.send_state(seen, "m.room.join_rules", {"join_rule": "public"})
    await sam.say(seen, "open")
    await bot.heard("open")
    for actor, where, ref in ((alice, hers, answer), (sam, seen, card)):
        await actor.types(where)
        await actor.reads(where, ref)
    await lea.types(room)
    await told.until(Typing(room, "team 1", (lea.id,)))
    assert {sign.room for sign in told.signs} == {room}


async def test_who_is_in_the_room_cannot_be_told_and_so_is_nothing_else(
    new_bot: MakeBot, plain_actor: MakePlain, proxy: Proxy
) -> None:
    sam = await plain_actor("Sam")
    bot, (room,) = await desks(new_bot, sam, homeserver=proxy.url)
    told = Told(bot)
    asked_for = asyncio.Event()

    def away(asked: web.Request) -> Trouble | None:
        if not asked.path.endswith("/joined_members"):
            return None
        asked_for.set()
        return Trouble("away", 0, Answer(502, "", {}))

    proxy.rule = away
    await sam.types(room)
    async with asyncio.timeout(15):
        await asked_for.wait()
    proxy.rule = lambda asked: None
    await sam.types(room, typing=False)
    await told.until(Typing(room, "team 0", ()))
    assert told.signs == [Typing(room, "team 0", ())]


JUNK: list[object] = [
    None,
    7,
    [],
    {"type": "m.typing"},
    {"type": "m.typing", "content": []},
    {"type": "m.typing", "content": {"user_ids": {"@a:x": 1}}},
    {"type": ["m.receipt"], "content": {"$a": {}}},
    {"type": "m.receipt", "content": "x"},
    {"type": "m.receipt", "content": {"$a": [], "$b": {"m.read": []}, "c": {"m.read": {"@a:x": 5}}}},
]


async def test_junk_and_strangers_are_not_told(new_bot: MakeBot, plain_actor: MakePlain) -> None:
    """Servers pass on what others send, and another server may send anything."""
    sam = await plain_actor("Sam")
    bot, (room,) = await desks(new_bot, sam)
    told = Told(bot)
    people = [{"x": 1}, 5, "@stranger:far.org", bot.id, sam.id, sam.id, None]
    receipts = {
        "$1": {"m.read": {"@stranger:far.org": {"ts": 1}, bot.id: {"ts": 1}, sam.id: {"ts": 1, "thread_id": 7}}},
        "none": {"m.read": {sam.id: {"ts": 1}}},
        "$2": {"m.read": {sam.id: []}},
        "$private": {"m.read.private": {sam.id: {}}},
        "$3": {"m.read": {sam.id: {"thread_id": "$1"}}},
        "$4": {"m.read": {sam.id: {"thread_id": "nothing"}}},
    }
    events = [*JUNK, {"type": "m.typing", "content": {"user_ids": people}}, {"type": "m.receipt", "content": receipts}]
    signs = bot.transport._connection.signs  # type: ignore[union-attr]
    answers: list[Event] = [
        {},
        {"rooms": []},
        {"rooms": {"join": {room: 5}}},
        {"rooms": {"join": {room: {"ephemeral": []}}}},
    ]
    for answer in answers:
        signs.take(answer)
    signs.take({"rooms": {"join": {room: {"ephemeral": {"events": events}}}}})
    await told.until(Read(room, "team 0", sam.id, "$3", "$1"))
    await sam.types(room)  # what works still
    await told.until(Typing(room, "team 0", (sam.id,)))
    assert [sign for sign in told.signs if isinstance(sign, Read)] == [
        Read(room, "team 0", sam.id, "$2"),
        Read(room, "team 0", sam.id, "$3", "$1"),
    ]
    assert {sign.people for sign in told.signs if isinstance(sign, Typing)} <= {(sam.id,), ()}


async def test_a_flood_of_signs_keeps_nobody_waiting(new_bot: MakeBot, plain_actor: MakePlain) -> None:
    sam = await plain_actor("Sam")
    bot, (room,) = await desks(new_bot, sam)
    told = Told(bot)
    many = {f"@u{number}:far.org": {"ts": 1} for number in range(100_000)}
    typing = {"type": "m.typing", "content": {"user_ids": [*many]}}
    flood = [
        {"type": "m.receipt", "content": {"$1": {"m.read": many}}},
        {"type": "m.receipt", "content": {f"${number}": {"m.read": {"@x:far.org": {}}} for number in range(100_000)}},
        {"type": "m.receipt", "content": {f"${number}": {"m.read": []} for number in range(100_000)}},
        typing,
    ] * 1000
    gc.disable()  # which cleans up after the tests before
    waited = [time.thread_time()]  # not the clock's: others use this machine as well
    try:
        bot.transport._connection.signs.take({"rooms": {"join": {room: {"ephemeral": {"events": flood}}}}})  # type: ignore[union-attr]
        while bot.transport._connection.signs._heard:  # type: ignore[union-attr]
            waited.append(time.thread_time())
            await asyncio.sleep(0)
        waited.append(time.thread_time())
    finally:
        gc.enable()
    assert max(after - before for before, after in pairwise(waited)) < 0.02
    assert waited[-1] - waited[0] < 0.5
    assert all(sign == Typing(room, "team 0", ()) for sign in told.signs)


# --- what is shown


def shown(actor: PlainActor, room: str, kind: str) -> list[Event]:
    return [sign["content"] for sign in actor.signs if sign["room_id"] == room and sign["type"] == kind]


async def until_shown(actor: PlainActor, room: str, kind: str, content: Event) -> None:
    async with asyncio.timeout(15), actor._changed:
        await actor._changed.wait_for(lambda: content in shown(actor, room, kind))


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
async def test_a_customer_sees_that_somebody_types_and_what_a_person_has_read(
    bot: Bot, plain_actor: MakePlain, encrypted: bool
) -> None:
    alice = await plain_actor("Alice")
    room = await alice.create_dm(bot.id, encrypted=encrypted)
    await bot.arrived(room)
    address = Address("matrix", room)
    said = [await alice.say(room, f"word {number}") for number in range(3)]
    await bot.heard("word 2")
    await bot.say(room, "an answer", "k1")
    await bot.transport.show_typing(address, typing=True)
    await until_shown(alice, room, "m.typing", {"user_ids": [bot.id]})
    await bot.transport.show_typing(address, typing=False)
    await until_shown(alice, room, "m.typing", {"user_ids": []})
    assert not any(bot.id in str(content) for content in shown(alice, room, "m.receipt"))  # nobody has read yet
    await bot.transport.show_read(address, said[1])
    async with asyncio.timeout(15), alice._changed:
        await alice._changed.wait_for(lambda: len(shown(alice, room, "m.receipt")) > 0)
    (receipt,) = shown(alice, room, "m.receipt")
    assert list(receipt) == [said[1]]
    assert list(receipt[said[1]]) == ["m.read"]
    assert list(receipt[said[1]]["m.read"]) == [bot.id]
    assert "thread_id" not in receipt[said[1]]["m.read"][bot.id]


async def test_what_cannot_be_shown_is_nobodys_trouble(new_bot: MakeBot, plain_actor: MakePlain, proxy: Proxy) -> None:
    sam, alice = await plain_actor("Sam"), await plain_actor("Alice")
    bot, (desk,) = await desks(new_bot, sam, homeserver=proxy.url)
    room = await talk(alice, bot)
    said = await alice.say(room, "hello")
    card = await bot.say(desk, "card", "k1")
    troubles = [
        Trouble("cut", 0, cut=True),
        Trouble("away", 0, Answer(502, "", {})),
        Trouble("limit", 0, json_answer(429, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 100_000})),
        Trouble("refused", 0, json_answer(403, {"errcode": "M_FORBIDDEN"})),
        Trouble("no login", 0, json_answer(401, {"errcode": "M_UNKNOWN_TOKEN"})),
        Trouble("none", 0, Answer(200, "[", {})),
    ]
    for trouble in troubles:
        proxy.rule = lambda asked, trouble=trouble: (  # type: ignore[misc]
            trouble if "/typing/" in asked.path or "/receipt/" in asked.path else None
        )
        for _ in range(3):
            await bot.transport.show_typing(Address("matrix", room), typing=True)
            assert bot.transport._connection.client._gate._failures == 0  # type: ignore[union-attr]
            await bot.transport.show_read(Address("matrix", room), said)
            assert bot.transport._connection.client._gate._failures == 0  # type: ignore[union-attr]
        await bot.say(room, f"after {trouble.name}", f"k-{trouble.name}")
    proxy.rule = lambda asked: None
    for where, ref in ((desk, card), ("!nowhere:helpbot.test", card), (room, "nothing"), (room, "$nothing")):
        await bot.transport.show_typing(Address("matrix", where), typing=where != room)
        await bot.transport.show_read(Address("matrix", where), ref)
    await bot.say(desk, "last", "k2")
    await sam.wait_for_text(desk, "last")
    assert not any(bot.id in str(sign["content"]) for sign in sam.signs)
    await bot.stop()
    await bot.transport.show_typing(Address("matrix", room), typing=True)
    await bot.transport.show_read(Address("matrix", room), said)


async def test_what_hangs_is_given_up_soon(new_bot: MakeBot, plain_actor: MakePlain, proxy: Proxy) -> None:
    sam, alice = await plain_actor("Sam"), await plain_actor("Alice")
    bot, _ = await desks(new_bot, sam, homeserver=proxy.url)
    room = await talk(alice, bot)
    proxy.rule = lambda asked: Trouble("slow", seconds=30) if "/typing/" in asked.path else None
    async with asyncio.timeout(8):
        await bot.transport.show_typing(Address("matrix", room), typing=True)
