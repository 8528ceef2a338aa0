"""What the Matrix transport sends: once, quietly, to those who may read it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from helpbot.core.effects import Literal, Marked, Quoted, Strong
from helpbot.transports.base import Address, TryLater, Undeliverable

from .actors import CryptoActor, Event, PlainActor, body, relation
from .bot import Bot, talk, until_in
from .conftest import MakeBot, MakeCrypto, MakePlain, desk_bot
from .synapse import Synapse

pytestmark = pytest.mark.synapse


@pytest.fixture(params=["plain", "encrypted"])
async def alice(request: pytest.FixtureRequest, plain_actor: MakePlain, crypto_actor: MakeCrypto) -> PlainActor:
    """A customer, whose rooms are in the clear or encrypted."""
    make: Any = plain_actor if request.param == "plain" else crypto_actor
    actor: PlainActor = await make("Alice")
    return actor


async def server_event(actor: PlainActor, room: str, event: str) -> Event:
    return await actor.request("GET", f"/_matrix/client/v3/rooms/{room}/event/{event}")


async def test_an_answer_arrives_with_html_and_mentions_nobody(bot: Bot, alice: PlainActor) -> None:
    room = await talk(alice, bot)
    content = (Strong("Answer"), Marked("Call **us**, @room"), Quoted("Mallory", "<b>@room</b>"))
    ref = await bot.transport.send(Address("matrix", room), content, "k-html")
    seen = (await alice.wait_for_text(room, "Answer"))["content"]
    assert seen["m.mentions"] == {}
    assert seen["msgtype"] == "m.text"
    assert seen["formatted_body"] == (
        "<p><strong>Answer</strong></p><p>Call <strong>us</strong>, @room</p>"
        "<p><strong>Mallory</strong>: </p><blockquote>&lt;b&gt;@room&lt;/b&gt;</blockquote>"
    )
    stored = await server_event(alice, room, ref)
    assert stored["type"] == ("m.room.encrypted" if isinstance(alice, CryptoActor) else "m.room.message")


async def test_the_same_key_twice_is_one_message_even_after_a_restart(bot: Bot, alice: PlainActor) -> None:
    room = await talk(alice, bot)
    first = await bot.say(room, "only once", "k-once")
    assert await bot.say(room, "only once", "k-once") == first
    await bot.stop()
    await bot.start()
    assert await bot.say(room, "only once", "k-once") == first
    await bot.say(room, "the end", "k-end")
    await alice.wait_for_text(room, "the end")
    assert [body(event) for event in alice.messages(room, bot.id)] == ["only once", "the end"]


async def test_what_another_sent_with_our_key_is_not_ours(bot: Bot, alice: PlainActor) -> None:
    """A key can be worked out by whoever knows the event that it comes from: with it one could suppress an answer."""
    room = await talk(alice, bot)
    await alice.say(room, "an answer", **{"org.helpbot.key": "k-forged"})
    await alice.send_event(room, "m.reaction", {"org.helpbot.key": "k-forged", "m.relates_to": {}})
    ref = await bot.say(room, "ours", "k-ours")
    assert await bot.transport.sent_since(Address("matrix", room), None) == {"k-ours": ref}


async def test_threads_corrections_and_marks_are_related(bot: Bot, alice: PlainActor) -> None:
    room = await talk(alice, bot)
    card = await bot.say(room, "card: waiting", "k-card")
    threaded = await bot.say(room, "in the thread", "k-thread", thread=card)
    edited = await bot.transport.edit(Address("matrix", room), card, (Strong("card: closed"),), "k-edit")
    mark = await bot.transport.react(Address("matrix", room), card, "✅", "k-mark")
    seen = await alice.wait_for_text(room, "in the thread")
    assert seen["event_id"] == threaded
    assert relation(seen) == {
        "rel_type": "m.thread",
        "event_id": card,
        "is_falling_back": True,
        "m.in_reply_to": {"event_id": card},
    }
    edit = await alice.wait_for(lambda event: event.get("event_id") == edited)
    assert relation(edit) == {"rel_type": "m.replace", "event_id": card}
    assert edit["content"]["m.new_content"]["body"] == "card: closed"
    assert edit["content"]["m.mentions"] == edit["content"]["m.new_content"]["m.mentions"] == {}
    shown = await alice.wait_for(lambda event: event.get("event_id") == mark)
    assert relation(shown) == {"rel_type": "m.annotation", "event_id": card, "key": "✅"}
    assert await bot.transport.react(Address("matrix", room), card, "✅", "k-another-mark") == ""


async def test_what_was_sent_is_read_back_by_its_key(bot: Bot, alice: PlainActor) -> None:
    room = await talk(alice, bot)
    refs = {f"k{number}": await bot.say(room, f"number {number}", f"k{number}") for number in range(3)}
    question = await alice.say(room, "a question")
    refs["k3"] = await bot.say(room, "number 3", "k3")
    await bot.stop()
    await bot.start()
    address = Address("matrix", room)
    assert await bot.transport.sent_since(address, None) == refs
    assert await bot.transport.sent_since(address, refs["k0"]) == {key: refs[key] for key in ("k1", "k2", "k3")}
    assert await bot.transport.sent_since(address, question) == {"k3": refs["k3"]}


async def test_an_old_message_is_found_among_hundreds(bot: Bot, plain_actor: MakePlain) -> None:
    alice = await plain_actor()
    room = await talk(alice, bot)
    ref = await bot.say(room, "old", "k-old")
    for number in range(105):
        await alice.say(room, f"{number}")
    assert await bot.transport.sent_since(Address("matrix", room), None) == {"k-old": ref}


async def test_a_long_text_is_carried_whole(bot: Bot, alice: PlainActor) -> None:
    room = await talk(alice, bot)
    for key, text in {"emoji": "😀" * 4000, "quotes": "\"<&\\'" * 800, "unseen": "\u202e\u200b" * 2000}.items():
        await bot.transport.send(Address("matrix", room), (Quoted(key, text),), f"k-{key}")
        assert body(await alice.wait_for_text(room, f"{key}: ")) == f"{key}: {text}"


async def test_what_does_not_fit_or_has_no_room_is_undeliverable(bot: Bot, plain_actor: MakePlain) -> None:
    alice = await plain_actor("Alice")
    room = await talk(alice, bot)
    with pytest.raises(Undeliverable, match="too long"):
        await bot.say(room, "x" * 70_000, "k-long")
    with pytest.raises(Undeliverable):
        await bot.say("!nowhere:helpbot.test", "hello", "k-nowhere")
    with pytest.raises(TryLater, match="not known yet"):  # an alias is a team's alone
        await bot.say("#nowhere:helpbot.test", "hello", "k-alias")


async def test_nothing_is_sent_before_there_is_a_connection(new_bot: MakeBot) -> None:
    bot = await new_bot()
    with pytest.raises(TryLater):
        await bot.say("!room:helpbot.test", "hello", "k1")
    assert bot.transport.account == bot.id


async def test_nothing_goes_in_the_clear_once_a_room_was_encrypted(bot: Bot, crypto_actor: MakeCrypto) -> None:
    alice = await crypto_actor("Alice")
    room = await alice.create_room(bot.id, encrypted=False, direct=True)
    await bot.arrived(room)
    clear = await bot.say(room, "in the clear", "k-clear")
    await alice.send_state(room, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    await alice.say(room, "from now on")
    await bot.heard("from now on")
    secret = await bot.say(room, "encrypted", "k-secret")
    await alice.wait_for_text(room, "encrypted")
    assert (await server_event(alice, room, clear))["type"] == "m.room.message"
    assert (await server_event(alice, room, secret))["type"] == "m.room.encrypted"
    assert bot.notebook.values[f"encrypted:{room}"] == "yes"


async def test_a_new_device_and_a_new_member_can_read_what_follows(new_bot: MakeBot, crypto_actor: MakeCrypto) -> None:
    lead, late = await crypto_actor("Lea"), await crypto_actor("Late")
    bot, room = await desk_bot(new_bot, lead)
    await bot.say(room, "for one", "k-one")
    await lead.wait_for_text(room, "for one")
    await lead.invite(room, late.id)
    await late.join(room)
    await late.say(room, "hello")
    await bot.heard("hello")
    await bot.say(room, "for both", "k-both")
    await late.wait_for_text(room, "for both")
    await lead.wait_for_text(room, "for both")


async def test_the_first_device_of_somebody_who_had_none_reads_what_is_said_then(
    bot: Bot, plain_actor: MakePlain, synapse: Synapse
) -> None:
    plain = await plain_actor("Alice")
    room = await plain.create_dm(bot.id, encrypted=True)
    await bot.arrived(room)
    await until_in(plain, room, bot.id)
    await bot.say(room, "one", "k1")
    alice = CryptoActor(synapse.url, plain.user)
    await alice.start()
    try:
        for turn in range(10):  # the news of her device comes with some sync
            await bot.say(room, f"two {turn}", f"k2-{turn}")
            with suppress(TimeoutError):
                await alice.wait_for_text(room, f"two {turn}", timeout=2)
                return
        pytest.fail("her first device was never given a key")
    finally:
        await alice.stop()


async def test_without_encryption_an_encrypted_room_is_told_as_such(new_bot: MakeBot, crypto_actor: MakeCrypto) -> None:
    bot = await new_bot(encryption=False)
    await bot.start()
    alice = await crypto_actor("Alice")
    room = await talk(alice, bot)
    await alice.say(room, "you cannot read this")
    await bot.wait_for(lambda item: item.attachment == "undecryptable")
    with pytest.raises(Undeliverable, match="encrypted") as refused:
        await bot.say(room, "hello", "k1")
    assert refused.value.whole_room  # in an agents' room her words wait for the admin, and are no dead letters


async def test_a_customer_without_a_usable_device_stops_nobody(bot: Bot, plain_actor: MakePlain) -> None:
    alice = await plain_actor("No keys at all")
    room = await alice.create_dm(bot.id, encrypted=True)
    await bot.arrived(room)
    await until_in(alice, room, bot.id)
    ref = await bot.transport.send(Address("matrix", room), (Literal("hello"),), "k1")
    assert (await alice.wait_for(lambda event: event.get("event_id") == ref))["type"] == "m.room.encrypted"
