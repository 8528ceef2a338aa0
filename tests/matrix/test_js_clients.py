"""The desk seen from matrix-js-sdk, the library of Element: strict where two nio clients forgive each other."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from helpbot.core.effects import Marked
from helpbot.transports.base import Address

from ..transports.pictures import picture, png
from .actors import CLIENT, Event, body
from .bot import Bot, talk
from .conftest import MakeBot, MakeCrypto, MakePlain
from .desk import AgentsView, RunningDesk
from .jsactors import JsActor, NoClient, Node, Shield, installed
from .synapse import Synapse, User

pytestmark = pytest.mark.synapse

MakeJs = Callable[..., Awaitable[JsActor]]
FINE = Shield("NONE", None)


@pytest.fixture(scope="session")
def modules() -> Path:
    try:
        return installed()
    except NoClient as error:
        pytest.skip(f"no matrix-js-sdk to test with: {error}")


@pytest.fixture
async def node(modules: Path, tmp_path: Path) -> AsyncIterator[Node]:
    node = Node(tmp_path / "node", modules)
    await node.start()
    yield node
    await node.stop()


@pytest.fixture
async def js_actor(node: Node, synapse: Synapse) -> AsyncIterator[MakeJs]:
    """Make people on matrix-js-sdk: `await js_actor("Marie")`; `of` gives somebody one more device."""
    made: list[JsActor] = []

    async def make(name: str | None = None, of: User | None = None) -> JsActor:
        if of is None:
            actor = JsActor(node, synapse.url, await asyncio.to_thread(synapse.register, display_name=name))
        else:
            actor = JsActor(node, synapse.url, of, anew=True)
        made.append(actor)
        await actor.start()
        return actor

    yield make
    for actor in made:
        await actor.stop()


@pytest.fixture
async def sam(js_actor: MakeJs) -> JsActor:
    return await js_actor("Sam")


@pytest.fixture
async def desk(desk: RunningDesk) -> RunningDesk:
    await desk.start()
    return desk


@pytest.fixture
def agents(sam: JsActor, desk: RunningDesk) -> AgentsView:
    return AgentsView(sam, desk)


async def opened(customer: JsActor, desk: RunningDesk) -> str:
    room = await customer.create_dm(desk.bot.id)
    await customer.wait_for_text(room, "human")
    return room


async def check_all_of(bot: str, reader: JsActor, room: str) -> None:
    """Check that somebody reads all that the bot said in a room, encrypted and without a shield."""
    seen = [event for event in reader.events if event["room_id"] == room and event["sender"] == bot]
    unread = [event for event in seen if event["type"] == "m.room.encrypted" and event["content"]]
    assert unread == []  # what was taken back has no content
    said = [event for event in seen if event["type"] == "m.room.message"]
    assert said
    for event in said:
        assert event["encrypted"], body(event)
        assert await reader.shield(event) == FINE, body(event)


async def corrected(reader: JsActor, event: Event, text: str) -> None:
    """Wait until a client shows a message with that text in its place."""
    await reader.wait_for(lambda seen: seen.get("event_id") == event["event_id"] and text in body(seen))


async def until_held(desk: RunningDesk, ref: str) -> None:
    """Wait until the desk has a message that it cannot read."""
    async with asyncio.timeout(15):
        while ref not in await asyncio.to_thread(held, desk):  # noqa: ASYNC110  # a database has no event
            await asyncio.sleep(0.05)


def held(desk: RunningDesk) -> dict[str, object]:
    """Return what the desk cannot read yet: event id → event."""
    with closing(sqlite3.connect(f"file:{desk.folder / 'helpbot.db'}?mode=ro", uri=True)) as database:
        found = database.execute("SELECT value FROM notebook WHERE name = 'undecryptable'").fetchone()
    kept: dict[str, object] = json.loads(found[0]) if found else {}
    return kept


def lose_keys(folder: Path) -> None:
    [keys] = folder.glob("keys-*")
    shutil.rmtree(keys)


# --- customers


async def test_a_customer_reads_the_answers_and_sees_no_shield(
    js_actor: MakeJs, crypto_actor: MakeCrypto, desk: RunningDesk
) -> None:
    """Marie signed her device, and excludes what its owner did not sign; Lea writes before the bot is there."""
    marie, lea = await js_actor("Marie"), await js_actor("Lea")
    await marie.cross_sign()
    await marie.exclude_unsigned()
    for customer in (marie, lea):
        room = await (opened(marie, desk) if customer is marie else lea.create_dm(desk.bot.id))
        await customer.say(room, "my puk is blocked")
        await customer.wait_for_text(room, "ten wrong tries")
        await customer.say(room, "mon puk est bloqué")
        await customer.wait_for_text(room, "dix essais")
        await check_all_of(desk.bot.id, customer, room)

    max_ = await crypto_actor("Max")  # the control: a client that nobody signed, as the bot was without its own keys
    room = await max_.create_room(marie.id, lea.id)
    await marie.join(room)
    await lea.join(room)
    await max_.share_with_invited(room)
    ref = await max_.say(room, "who am I?")
    seen = await lea.wait_for_text(room, "who am I?")
    assert await lea.shield(seen) == Shield("RED", "UNSIGNED_DEVICE")
    kept = await marie.wait_for(lambda event: event.get("event_id") == ref and event["unreadable"])
    assert kept["type"] == "m.room.encrypted"


async def test_a_message_whose_key_comes_late_is_answered(js_actor: MakeJs, desk: RunningDesk) -> None:
    marie = await js_actor("Marie")
    room = await opened(marie, desk)
    await marie.hold_keys()
    late = await marie.say(room, "my puk is blocked")
    await until_held(desk, late)
    assert await marie.release_keys() > 0
    await marie.wait_for_text(room, "ten wrong tries")
    texts = [body(event) for event in marie.messages(room, desk.bot.id)]
    assert len(texts) == 2, "she was asked to send it again"
    assert late not in held(desk)


async def test_a_customer_goes_on_with_new_devices_and_new_keys(
    js_actor: MakeJs, desk: RunningDesk, agents: AgentsView
) -> None:
    """Her telephone is signed by her first device only later, and her last one never; the bot answers them all."""
    marie = await js_actor("Marie")
    await marie.cross_sign()
    room = await opened(marie, desk)
    await marie.say(room, "my puk is blocked")
    await marie.wait_for_text(room, "ten wrong tries")

    phone = await js_actor(of=marie.user)
    assert phone.user.device != marie.user.device
    before = await marie.say(room, "I want a copy of my invoice")
    await phone.wait_for_text(room, "customer area")
    await phone.say(room, "mon puk est bloqué")
    await phone.wait_for_text(room, "dix essais")
    await marie.sign(phone.user.device)
    await phone.say(room, "je veux une copie de ma facture")
    await phone.wait_for_text(room, "espace client")
    earlier = [event for event in phone.messages(room, desk.bot.id) if "ten wrong tries" in body(event)]
    assert earlier == []  # the control: what was said before it came is not for it

    await marie.discard_session(room)
    after = await marie.say(room, "je conteste ma facture")
    await marie.wait_for_text(room, "montant contesté")
    assert await marie.session(after) != await marie.session(before)
    await check_all_of(desk.bot.id, marie, room)

    await marie.log_out()
    again = await js_actor(of=marie.user)
    await again.say(room, "human")
    await again.wait_for_text(room, "#1")
    await phone.say(room, "and thank you")
    await agents.threaded(await agents.card(1), "and thank you")


@pytest.mark.parametrize("lost", ["its keys", "its seeds as well"])
async def test_a_customer_reads_a_bot_that_lost_its_keys(
    js_actor: MakeJs, new_bot: MakeBot, tmp_path: Path, lost: str
) -> None:
    """A new login, signed with the seeds in the desk's database, or with new ones."""
    bot, marie = await new_bot(), await js_actor("Marie")
    await marie.cross_sign()
    await marie.exclude_unsigned()
    await bot.start()
    room = await talk(marie, bot)
    await bot.say(room, "before", "k-before")
    await marie.wait_for_text(room, "before")
    await bot.stop()
    lose_keys(tmp_path)
    if lost == "its seeds as well":
        del bot.notebook.values["cross_signing"]
    await bot.start()
    await bot.say(room, "after", "k-after")
    await marie.wait_for_text(room, "after")
    await check_all_of(bot.id, marie, room)
    await marie.say(room, "I can read you")
    await bot.heard("I can read you")


async def test_a_customer_can_write_when_all_keys_of_the_bot_are_taken(
    js_actor: MakeJs, plain_actor: MakePlain, new_bot: MakeBot
) -> None:
    bot, marie, eve = await new_bot(), await js_actor("Marie"), await plain_actor("Eve")
    await bot.start()
    room = await talk(marie, bot)
    await bot.stop()
    [device] = (await eve.request("POST", f"{CLIENT}/keys/query", {"device_keys": {bot.id: []}}))["device_keys"][bot.id]
    wanted = {"one_time_keys": {bot.id: {device: "signed_curve25519"}}}
    while True:
        answer = await eve.request("POST", f"{CLIENT}/keys/claim", wanted)
        [key] = answer["one_time_keys"][bot.id][device].values()
        if key.get("fallback"):
            break
    await marie.say(room, "is anybody there?")
    await bot.start()
    await bot.heard("is anybody there?")
    await bot.say(room, "yes", "k-yes")
    await marie.wait_for_text(room, "yes")
    await check_all_of(bot.id, marie, room)


async def test_a_picture_of_the_bot_is_opened(js_actor: MakeJs, bot: Bot) -> None:
    marie = await js_actor("Marie")
    await marie.exclude_unsigned()
    room = await talk(marie, bot)
    await bot.transport.send(Address("matrix", room), (Marked("The **week**"), picture(png(40, 30))), "k-picture")
    event = await marie.wait_for_text(room, "The week")
    assert await marie.open_file(event) == png(40, 30)
    await check_all_of(bot.id, marie, room)


# --- agents


async def test_an_agent_works_on_a_ticket(
    js_actor: MakeJs, desk: RunningDesk, sam: JsActor, agents: AgentsView
) -> None:
    """Claim, answer, correction, file, deletion, note and close, in two encrypted rooms."""
    marie = await js_actor("Marie")
    for person in (marie, sam):
        await person.cross_sign()
        await person.exclude_unsigned()
    room = await opened(marie, desk)
    question = await marie.say(room, "what is the meaning of life?")
    await marie.wait_for_text(room, "#1")
    card = await agents.card(1, "waiting")
    await agents.threaded(card, "meaning of life")

    await sam.react(desk.agents_room, card["event_id"], "✋")
    await marie.wait_for_text(room, "Sam is taking care of your ticket #1")
    await corrected(sam, card, "Owner: Sam")
    out = await agents.writes(card, "Hello Marie, forty-two.")
    told = await marie.wait_for_text(room, "forty-two")
    await agents.marked(out, "✅")

    await marie.reads(room, told["event_id"])
    await marie.types(room)
    await marie.edit(room, question, "what is the meaning of this invoice?")
    await agents.threaded(card, "meaning of this invoice")
    await marie.reply(room, told["event_id"], "are you sure?")
    await agents.threaded(card, "are you sure?")
    await marie.send_file(room, "invoice.png", png(40, 30), "my invoice of May")
    await agents.threaded(card, "my invoice of May")
    await marie.redact(room, await marie.say(room, "never mind"))
    await marie.say(room, "thank you")
    await agents.threaded(card, "thank you")

    noted = await agents.writes(card, "!note a canary in the mine")
    await agents.marked(noted, "📝")
    again = await sam.reply(desk.agents_room, card["event_id"], "quite sure")  # as from a client without threads
    await marie.wait_for_text(room, "quite sure")
    await agents.marked(again, "✅")
    closing = await agents.writes(card, "!close Have a nice day.")
    await marie.wait_for_text(room, "Have a nice day.")
    await agents.marked(closing, "✅")
    await corrected(sam, card, "closed")
    assert not [event for event in marie.messages(room) if "canary" in body(event)]
    await check_all_of(desk.bot.id, marie, room)
    await check_all_of(desk.bot.id, sam, desk.agents_room)


async def test_an_agent_goes_on_with_a_new_device(
    js_actor: MakeJs, desk: RunningDesk, sam: JsActor, agents: AgentsView
) -> None:
    marie = await js_actor("Marie")
    room = await opened(marie, desk)
    await marie.say(room, "human")
    card = await agents.card(1)
    await sam.react(desk.agents_room, card["event_id"], "✋")
    await marie.wait_for_text(room, "Sam")

    phone = await js_actor(of=sam.user)
    there = AgentsView(phone, desk)
    out = await there.writes(card, "from the train")
    await marie.wait_for_text(room, "from the train")
    await there.marked(out, "✅")
    await marie.say(room, "have a good journey")
    await there.threaded(card, "have a good journey")
    await agents.threaded(card, "have a good journey")
    await sam.discard_session(desk.agents_room)
    out = await agents.writes(card, "and from the office")
    await marie.wait_for_text(room, "and from the office")
    await agents.marked(out, "✅")


# --- where the client cannot be had


def test_without_node_the_tests_say_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoClient, match="Node and npm are not installed"):
        installed(tmp_path)


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_without_network_the_tests_say_so_and_leave_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("npm_config_offline", "true")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    with pytest.raises(NoClient, match="npm ci failed"):
        installed(tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []
