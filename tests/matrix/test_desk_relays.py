"""What people do to a message, from a customer to agents and back, in all rooms: the table of docs/matrix.md.

Everybody has a client of their own, `helpbot run` is between them, and the homeserver is a real Synapse.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .actors import Event, PlainActor, body, relation
from .conftest import MakeCrypto, MakePlain
from .desk import AgentsView, RunningDesk
from .files import DATA, SMALL, opened, placed, send_file
from .synapse import Synapse

pytestmark = pytest.mark.synapse

ROOMS = [(False, False), (True, True), (False, True), (True, False)]
NAMES = ["both plain", "both encrypted", "encrypted agents", "encrypted customer"]


class Talk:
    """A customer whose ticket Sam owns, seen from both sides."""

    def __init__(self, marie: PlainActor, room: str, agents: AgentsView, card: Event) -> None:
        self.marie, self.room, self.agents, self.card = marie, room, agents, card
        self.sam, self.desk, self.bot = agents.actor, agents.room, agents.bot

    async def shown(self, text: str) -> Event:
        """Return the agents' copy of what she wrote."""
        return await self.agents.threaded(self.card, text)

    async def read(self, text: str) -> Event:
        """Return what she reads."""
        return await self.marie.wait_for_text(self.room, text)

    async def sends(self, text: str, **extra: object) -> str:
        """Let Sam write, and wait until it is with her."""
        ref = await self.agents.writes(self.card, text, **extra)
        await self.agents.marked(ref, "✅")
        return ref


async def changed(actor: PlainActor, room: str, ref: str, text: str) -> Event:
    """Return the correction of that message once it says so."""

    def fits(event: Event) -> bool:
        related, new = relation(event), event["content"].get("m.new_content", {})
        of = related.get("rel_type"), related.get("event_id")
        return event["room_id"] == room and of == ("m.replace", ref) and text in new.get("body", "")

    return await actor.wait_for(fits)


async def taken_back(actor: PlainActor, room: str, ref: str) -> None:
    """Return once that event was redacted."""
    await actor.wait_for(
        lambda event: (
            event["room_id"] == room
            and event["type"] == "m.room.redaction"
            and ref in {event.get("redacts"), event["content"].get("redacts")}
        )
    )


async def marked(actor: PlainActor, room: str, ref: str, symbol: str) -> Event:
    """Return the bot's mark on that message."""
    return await actor.wait_for(
        lambda event: (
            event["room_id"] == room
            and event["type"] == "m.reaction"
            and event["sender"] != actor.id
            and (relation(event).get("event_id"), relation(event).get("key")) == (ref, symbol)
        )
    )


@pytest.fixture(params=ROOMS, ids=NAMES)
async def talk(
    request: pytest.FixtureRequest,
    synapse: Synapse,
    plain_actor: MakePlain,
    crypto_actor: MakeCrypto,
    tmp_path: Path,
) -> AsyncIterator[Talk]:
    hers, theirs = (crypto_actor if encrypted else plain_actor for encrypted in request.param)
    sam, marie = await theirs("Sam"), await hers("Marie")
    bot = synapse.register(display_name="helpbot")
    desk = RunningDesk(tmp_path / "desk", synapse, bot, await sam.create_room(bot.id, name="desk"))
    await desk.start()
    agents = AgentsView(sam, desk)
    room = await marie.create_dm(bot.id)
    await marie.wait_for_text(room, "human")
    await marie.say(room, "human")
    card = await agents.card(1)
    await sam.react(desk.agents_room, card["event_id"], "✋")
    await marie.wait_for_text(room, "Sam is taking care")
    talk = Talk(marie, room, agents, card)
    yield talk
    assert await desk.stop() == 0, desk.log()[-3000:]


async def test_what_a_customer_does_to_a_message_the_agents_see(talk: Talk, request: pytest.FixtureRequest) -> None:
    encrypted = request.node.callspec.params["talk"][0]
    first = await talk.marie.say(talk.room, "my numbr is 12")
    copy = (await talk.shown("my numbr is 12"))["event_id"]
    await talk.marie.edit(talk.room, first, "my number is 12")
    await changed(talk.sam, talk.desk, copy, "my number is 12")

    his = await talk.sends("which line is cut?")
    asked = (await talk.read("which line is cut?"))["event_id"]
    await talk.marie.reply(talk.room, asked, "the blue one")
    answer = await talk.shown("the blue one")
    assert relation(answer)["m.in_reply_to"]["event_id"] == his
    assert relation(answer)["is_falling_back"] is False

    heart = await talk.marie.react(talk.room, asked, "❤️")
    mark = await marked(talk.sam, talk.desk, his, "❤️")
    await talk.marie.delete(talk.room, heart)
    await taken_back(talk.sam, talk.desk, mark["event_id"])

    await send_file(
        talk.marie, talk.room, DATA, encrypted=encrypted, name="écran PUK.png", body="this is what I see"
    )  # fmt: skip
    picture = await talk.shown("this is what I see")
    assert (picture["content"]["msgtype"], picture["content"]["filename"]) == ("m.image", "écran PUK.png")
    assert "Marie" in body(picture)
    assert await opened(talk.sam, picture["content"]) == DATA
    voice = {"msgtype": "m.audio", "org.matrix.msc3245.voice": {}, "info": {"mimetype": "audio/ogg", "duration": 900}}
    said = await send_file(talk.marie, talk.room, SMALL, encrypted=encrypted, name="voice.ogg", **voice)
    heard = await talk.sam.wait_for(
        lambda event: event["room_id"] == talk.desk and event["content"].get("filename") == "voice.ogg"
    )
    assert "org.matrix.msc3245.voice" in heard["content"]

    for ref, shown in ((first, copy), (said, heard["event_id"])):
        await talk.marie.delete(talk.room, ref)
        await taken_back(talk.sam, talk.desk, shown)


async def test_what_an_agent_does_to_a_message_the_customer_sees(talk: Talk, request: pytest.FixtureRequest) -> None:
    encrypted = request.node.callspec.params["talk"][1]
    hers = await talk.marie.say(talk.room, "where is my code?")
    copy = (await talk.shown("where is my code?"))["event_id"]
    in_thread = {"rel_type": "m.thread", "event_id": talk.card["event_id"], "is_falling_back": False}
    his = await talk.sends("on the crad", **{"m.relates_to": {**in_thread, "m.in_reply_to": {"event_id": copy}}})
    read = await talk.read("on the crad")
    assert relation(read)["m.in_reply_to"]["event_id"] == hers
    await talk.sam.edit(talk.desk, his, "on the card")
    await changed(talk.marie, talk.room, read["event_id"], "on the card")

    smile = await talk.sam.react(talk.desk, copy, "😀")
    mark = await marked(talk.marie, talk.room, hers, "😀")
    await talk.sam.delete(talk.desk, smile)
    await taken_back(talk.marie, talk.room, mark["event_id"])

    paper = {"msgtype": "m.file", "info": {"mimetype": "application/pdf"}, "m.relates_to": in_thread}
    sent = await send_file(
        talk.sam, talk.desk, DATA, encrypted=encrypted, name="contract.pdf", body="sign here", **paper
    )  # fmt: skip
    await talk.agents.marked(sent, "✅")
    got = await talk.read("sign here")
    assert (got["content"]["msgtype"], got["content"]["filename"]) == ("m.file", "contract.pdf")
    assert await opened(talk.marie, got["content"]) == DATA

    for ref, shown in ((his, read["event_id"]), (sent, got["event_id"])):
        await talk.sam.delete(talk.desk, ref)
        await taken_back(talk.marie, talk.room, shown)


POLL = {
    "org.matrix.msc3381.poll.start": {
        "question": {"org.matrix.msc1767.text": "which line?"},
        "answers": [{"id": "1", "org.matrix.msc1767.text": "blue"}, {"id": "2", "org.matrix.msc1767.text": "red"}],
    },
    "org.matrix.msc1767.text": "which line? 1. blue 2. red",
}


def video(thumbnail: Event) -> Event:
    """Return what a client says of a video and of the picture that stands for it."""
    named = {f"thumbnail_{key}": value for key, value in thumbnail.items()}
    info = {"mimetype": "video/mp4", "duration": 1200, "w": 64, "h": 48, "thumbnail_info": {"mimetype": "image/png"}}
    return {"msgtype": "m.video", "info": {**info, **named}}


async def named(actor: PlainActor, room: str, name: str) -> Event:
    """Return the file of that name once it is in a room."""
    return await actor.wait_for(
        lambda event: (
            event["room_id"] == room and event["sender"] != actor.id and event["content"].get("filename") == name
        )
    )


async def film_came(actor: PlainActor, room: str) -> None:
    """Return once a film and its picture can be opened in a room."""
    content = (await named(actor, room, "film.mp4"))["content"]
    assert (content["msgtype"], content["info"]["duration"]) == ("m.video", 1200)
    assert await opened(actor, content) == DATA
    picture = {key.removeprefix("thumbnail_"): value for key, value in content["info"].items()}
    assert await opened(actor, picture) == SMALL


async def test_films_stickers_places_and_polls_come_along(talk: Talk, request: pytest.FixtureRequest) -> None:
    hers, theirs = request.node.callspec.params["talk"]
    in_thread = {"m.relates_to": {"rel_type": "m.thread", "event_id": talk.card["event_id"]}}
    place = {"msgtype": "m.location", "body": "the shop, 5 rue Neuve", "geo_uri": "geo:48.1,2.3"}
    for actor, room, encrypted, extra in (
        (talk.marie, talk.room, hers, {}),
        (talk.sam, talk.desk, theirs, in_thread),
    ):
        thumbnail = await placed(actor, SMALL, encrypted=encrypted)
        film = await send_file(actor, room, DATA, encrypted=encrypted, name="film.mp4", **video(thumbnail), **extra)
        sticker = {"body": "a blue bird", "info": {"mimetype": "image/png"}, **extra}
        sticker |= await placed(actor, SMALL, encrypted=encrypted)
        stuck = await actor.send_event(room, "m.sticker", sticker)
        placed_at = await actor.send_event(room, "m.room.message", {**place, **extra})
        asked = await actor.send_event(room, "org.matrix.msc3381.poll.start", {**POLL, **extra})
        if actor is talk.marie:
            await film_came(talk.sam, talk.desk)
            bird = await named(talk.sam, talk.desk, "a blue bird")
            assert await opened(talk.sam, bird["content"]) == SMALL
            await talk.shown("the shop, 5 rue Neuve")
            await talk.shown("which line?")
        else:
            await film_came(talk.marie, talk.room)
            for ref in (film, stuck, placed_at):
                await talk.agents.marked(ref, "✅")
            await talk.agents.marked(asked, "❌")  # nobody could vote in it
            await talk.shown("This cannot be passed on")
            bird = await named(talk.marie, talk.room, "a blue bird")
            assert await opened(talk.marie, bird["content"]) == SMALL
            await talk.read("the shop, 5 rue Neuve")


@pytest.mark.parametrize("talk", [(True, True)], ids=["both encrypted"], indirect=True)
async def test_signs_of_life_are_shown_when_they_are_true(talk: Talk) -> None:
    hers = await talk.marie.say(talk.room, "anybody?")
    copy = await talk.shown("anybody?")
    await talk.sam.reads(talk.desk, copy["event_id"], thread_id=talk.card["event_id"])
    await talk.sam.types(talk.desk)
    await told(talk, "m.typing", lambda content: content["user_ids"] == [talk.bot])
    await told(talk, "m.receipt", lambda content: talk.bot in content.get(hers, {}).get("m.read", {}))


async def told(talk: Talk, kind: str, fits: object) -> None:
    """Return once her homeserver tells her so, beside all messages."""
    assert callable(fits)
    since: str | None = None
    for _ in range(20):
        query = {"timeout": "1000"} if since is None else {"timeout": "1000", "since": since}
        answer = await talk.marie.request("GET", "/_matrix/client/v3/sync", **query)
        since = answer["next_batch"]
        events = answer.get("rooms", {}).get("join", {}).get(talk.room, {}).get("ephemeral", {}).get("events", [])
        if any(event["type"] == kind and fits(event["content"]) for event in events):
            return
    raise AssertionError(f"no {kind} that fits")
