"""What people do on Discord: agents and others, who come and go, forms, the panel, typing."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from simcord.backend import serializers

from helpbot.core.effects import Literal
from helpbot.transports.base import About, Address, Kind
from helpbot.transports.discord_buttons import OPEN
from helpbot.transports.discord_commands import commands
from helpbot.transports.discord_places import Seat
from helpbot.transports.discord_refs import Spot

from .play import Play, ticket, until
from .wire import Fault, Wire


@pytest.fixture
def play(wire: Wire) -> Play:
    return Play(wire)


async def test_a_webhook_in_an_agents_name_is_nobody(play: Play) -> None:
    async with play.listens() as desk:
        card = await play.transport.send(play.agents, (Literal("#1"),), "card")
        thread = int(card.split("-")[0])
        backend = play.wire.backend
        hook = backend.create_webhook(play.town.desk, "Sam", play.sam.id)
        backend.create_message(thread, play.sam.id, "send her the secret", webhook_id=hook.id, author_name="Sam")
        play.sam.say(thread, "I am real")
        await play.hears("I am real")
        assert [item.text for item in desk.got if item.kind is Kind.SAID] == ["I am real"]


async def test_who_is_no_agent_is_told_to_be_none(play: Play) -> None:
    paul = play.town.person("Paul")
    async with play.listens() as desk:
        card = await play.transport.send(play.agents, (Literal("#1"),), "card")
        said = paul.say(int(card.split("-")[0]), "let me in")
        mark = paul.react(card, "✋")
        assert not (await desk.until(lambda item: item.id == said)).member
        assert not (await desk.until(lambda item: item.id == mark)).member


async def test_the_agents_of_every_team_in_a_channel_are_agents_there(play: Play) -> None:
    backend = play.wire.backend
    role = backend.create_role(play.town.guild, "lines").id
    zoe = play.town.person("Zoé")
    backend.add_member_role(play.town.guild, zoe.id, role)
    play.others["lines"] = Seat(play.town.desk, role)
    play.transport = play.new()
    async with play.listens() as desk:
        card = await play.transport.send(play.agents, (Literal("#1"),), "card")
        for agent in (play.sam, zoe):
            said = agent.say(int(card.split("-")[0]), "hello")
            assert (await desk.until(lambda item, said=said: item.id == said)).member  # type: ignore[misc]


async def test_an_agent_who_calls_a_colleague_is_known_to(play: Play) -> None:
    zoe = play.town.person("Zoé", agent=True)
    async with play.listens():
        card = await play.transport.send(play.agents, (Literal("#1"),), "card")
        thread = int(card.split("-")[0])
        play.sam.say(thread, f"<@{zoe.id}> look")
        called = await play.hears("@Zoé look")
        assert (called.mentions, called.mentioned) == (True, ((str(zoe.id), "Zoé"),))
        for text in (
            "@zoé look",
            "(@zoé look)",
            "well,@zoé",
            "**@zoé** look",
            "see @everyone",
            f"<@&{play.town.agents_role}> all",
        ):
            ref = play.sam.say(thread, text)
            assert (await play.desk.until(lambda item, ref=ref: item.id == ref)).mentions  # type: ignore[misc]
        for text in ("write to me@example.org", "see https://example.org/@zoe", "3 @ 5 euros"):
            ref = play.sam.say(thread, text)
            assert not (await play.desk.until(lambda item, ref=ref: item.id == ref)).mentions  # type: ignore[misc]


async def test_somebody_who_leaves_the_server_has_left(play: Play) -> None:
    async with play.listens() as desk:
        thread = await ticket(play, play.marie, "help")
        play.notes.known.add(str(thread))
        play.wire.backend.remove_member(play.town.guild, play.marie.id)
        left = await desk.until(lambda item: item.kind is Kind.LEFT and item.room == str(thread))
        assert left.sender == str(play.marie.id)


async def test_who_leaves_another_server_of_the_bot_has_left_nothing(play: Play) -> None:
    backend = play.wire.backend
    other = backend.create_guild("Elsewhere").id
    for person in (play.marie, play.sam):
        backend.add_member(other, person.id)
    async with play.listens() as desk:
        thread = await ticket(play, play.marie, "help")
        play.marie.say(play.direct, "hello")
        await play.hears("hello")
        play.notes.known |= {str(thread), str(play.direct)}
        for person in (play.marie, play.sam):
            backend.remove_member(other, person.id)
        play.marie.say(play.direct, "still here")
        await play.hears("still here")
        assert not [item for item in desk.got if item.kind is Kind.LEFT]
        backend.remove_member(play.town.guild, play.marie.id)
        await desk.until(lambda item: item.kind is Kind.LEFT and item.room == str(thread))
        await desk.until(lambda item: item.kind is Kind.LEFT and item.room == str(play.direct))
        backend.remove_member(play.town.guild, play.sam.id)
        await desk.until(lambda item: item.kind is Kind.LEFT and item.sender == str(play.sam.id))


async def test_company_in_her_thread_is_told(play: Play) -> None:
    paul = play.town.person("Paul")
    async with play.listens() as desk:
        thread = await ticket(play, play.marie, "help")
        play.wire.backend.add_thread_member(thread, paul.id)
        crowded = await desk.until(lambda item: item.kind is Kind.CROWDED)
        assert (crowded.room, crowded.sender, crowded.name) == (str(thread), str(paul.id), "Paul")
        play.wire.backend.remove_thread_member(thread, paul.id)
        await desk.until(lambda item: item.kind is Kind.ALONE)


async def test_who_writes_in_her_thread_is_told_by_name(play: Play) -> None:
    play.wire.granted["members"] = False  # so that Discord does not tell who comes
    paul = play.town.person("Paul")
    async with play.listens() as desk:
        thread = await ticket(play, play.marie, "help")
        play.wire.backend.add_thread_member(thread, paul.id)
        paul.say(thread, "may I?")
        crowded = await desk.until(lambda item: item.kind is Kind.CROWDED)
        assert (crowded.room, crowded.sender, crowded.name) == (str(thread), str(paul.id), "Paul")
        play.marie.say(thread, "no")
        await play.hears("no")
        assert not [item for item in desk.got if item.kind is Kind.ALONE]
        play.wire.backend.remove_thread_member(thread, paul.id)
        play.marie.say(thread, "he has gone")
        await play.hears("he has gone")
        assert [item.kind for item in desk.got][-2:] == [Kind.ALONE, Kind.SAID]


async def test_one_stranger_who_goes_says_nothing_of_another_who_stays(play: Play) -> None:
    paul, zoe = play.town.person("Paul"), play.town.person("Zoé")
    backend = play.wire.backend
    async with play.listens() as desk:
        thread = await ticket(play, play.marie, "help")
        backend.add_thread_member(thread, paul.id)
        await desk.until(lambda item: item.kind is Kind.CROWDED)
        backend.add_thread_member(thread, zoe.id)
        backend.remove_thread_member(thread, paul.id)
        play.marie.say(thread, "who is here?")
        await play.hears("who is here?")
        assert not [item for item in desk.got if item.kind is Kind.ALONE]
        backend.remove_thread_member(thread, zoe.id)
        await desk.until(lambda item: item.kind is Kind.ALONE)
        assert [item.kind for item in desk.got if item.kind in {Kind.CROWDED, Kind.ALONE}] == [
            Kind.CROWDED,
            Kind.ALONE,
        ]


async def test_who_came_and_went_while_it_was_away_is_noticed(play: Play) -> None:
    paul = play.town.person("Paul")
    async with play.listens():
        thread = await ticket(play, play.marie, "help")
        play.marie.say(thread, "still here")
        await play.hears("still here")
    play.wire.backend.add_thread_member(thread, paul.id)
    play.wire.backend.remove_thread_member(thread, play.marie.id)
    play.transport = play.new()
    async with play.listens() as desk:
        assert (await desk.until(lambda item: item.kind is Kind.CROWDED)).room == str(thread)
        await desk.until(lambda item: item.kind is Kind.LEFT)
    play.transport = play.new()
    async with play.listens() as desk:
        play.wire.backend.add_thread_member(thread, play.marie.id)
        await desk.until(lambda item: item.kind is Kind.ARRIVED)
        assert [item.kind for item in desk.got] == [Kind.ARRIVED], "what was told is not told again"


async def test_who_leaves_the_server_and_comes_back_finds_her_thread(play: Play) -> None:
    async with play.listens() as desk:
        thread = await ticket(play, play.marie, "help")
        play.notes.known.add(str(thread))
        backend = play.wire.backend
        backend.remove_member(play.town.guild, play.marie.id)
        await desk.until(lambda item: item.kind is Kind.LEFT and item.room == str(thread))
        assert play.marie.id not in backend.channels[thread].thread_members
        backend.add_member(play.town.guild, play.marie.id, announce=True)
        await until(lambda: play.marie.id in backend.channels[thread].thread_members)
        back = await desk.until(lambda item: item.kind is Kind.ARRIVED and item.id != f"arrived-{thread}")
        assert (back.room, back.sender) == (str(thread), str(play.marie.id))


async def test_who_comes_back_is_let_into_an_archived_thread_and_spoken_to_directly(play: Play) -> None:
    backend = play.wire.backend
    async with play.listens() as desk:
        thread = await ticket(play, play.marie, "help")
        play.marie.say(play.direct, "hello")
        await play.hears("hello")
        play.notes.known |= {str(thread), str(play.direct)}
        backend.remove_member(play.town.guild, play.marie.id)
        for room in (thread, play.direct):
            await desk.until(lambda item, room=room: item.kind is Kind.LEFT and item.room == str(room))  # type: ignore[misc]
        play.town.archive(thread)
        backend.emit("THREAD_UPDATE", dict(serializers.thread_payload(backend, backend.channels[thread])))
        backend.add_member(play.town.guild, play.marie.id, announce=True)
        for room in (thread, play.direct):
            await desk.until(
                lambda item, room=room: (  # type: ignore[misc]
                    item.kind is Kind.ARRIVED and item.room == str(room) and item.id != f"arrived-{room}"
                )
            )
        assert play.marie.id in backend.channels[thread].thread_members


async def test_a_form_that_was_kept_before_a_kill_is_taken_in_at_the_next_start(play: Play) -> None:
    async with play.listens():
        pass
    form = {"user": play.marie.id, "name": "Marie", "language": None, "at": "2026-11-27T08:00:00+00:00"}
    form |= {"subject": "a line", "text": "is dead", "channel": None, "message": None}
    play.notes.kept["forms"] = json.dumps({"123": form})
    play.transport = play.new()
    async with play.listens():
        asked_for = await play.hears("a line\nis dead")
        (thread,) = play.town.threads(play.town.help)
        assert (asked_for.room, asked_for.sender) == (str(thread.id), str(play.marie.id))
        assert play.seen(thread.id) == ["**You wrote**:\n> is dead"]
    assert json.loads(play.notes.kept["forms"]) == {}


async def test_a_form_is_greeted_in_her_language(play: Play) -> None:
    jeanne = play.town.person("Jeanne", locale="fr")
    async with play.listens() as desk:
        thread = await ticket(play, jeanne, "ma ligne")
        arrived = next(item for item in desk.got if item.kind is Kind.ARRIVED)
        assert (arrived.language, arrived.room, arrived.name) == ("fr", str(thread), "Jeanne")
        assert play.seen(thread) == ["**Vous avez écrit**:\n> ma ligne"]


async def test_a_colleague_is_given_by_name_after_a_slash(play: Play) -> None:
    zoe = play.town.person("Zoé", agent=True)
    async with play.listens():
        card = await play.transport.send(play.agents, (Literal("#1"),), "card")
        thread = int(card.split("-")[0])
        await until(lambda: play.wire.backend.find_command("assign", play.town.guild))
        play.sam.slash(thread, "assign", colleague=zoe)
        given = await play.hears("!assign @Zoé")
        assert given.mentioned == ((str(zoe.id), "Zoé"),)
        play.sam.slash(thread, "note", text=f"ask <@{zoe.id}>")
        assert (await play.hears("!note ask @Zoé")).mentioned == ((str(zoe.id), "Zoé"),)
        assert play.seen(thread)[-2:] == ["**Sam**: !assign \\@Zoé", "**Sam**: !note ask \\@Zoé"]


async def test_commands_are_described_in_every_language_of_the_desk(play: Play) -> None:
    async with play.listens():
        await until(lambda: play.wire.backend.find_command("claim", play.town.guild))
        told = next(one.body for one in play.wire.requests if one.method == "PUT" and one.path.endswith("/commands"))
        assert isinstance(told, list)
        claim = next(one for one in told if one["name"] == "claim")
        assert claim["description"] == "You take the ticket"
        assert claim["description_localizations"] == {"fr": "Vous prenez le ticket"}
        french = commands(["fr", "en"])
        assert all(set(one["description_localizations"]) == {"en-US", "en-GB"} for one in french)  # type: ignore[call-overload]  # a dict


async def test_the_panel_and_the_commands_are_put_up_once(play: Play) -> None:
    async with play.listens():
        panel = await until(lambda: next(iter(play.town.messages(play.town.help)), None))
        await until(lambda: panel.pinned)
        await until(lambda: play.town.messages(play.town.help) == [panel])
    play.transport = play.new()
    async with play.listens():
        await play.says("and on", "k")
        pressed = play.marie.press(str(Spot(play.town.help, panel.id)), OPEN)
        await until(lambda: pressed.responded)
    told = [one for one in play.wire.requests if one.method == "PUT" and one.path.endswith("/commands")]
    assert len(told) == 1
    assert len([one for one in play.town.messages(play.town.help) if one.components]) == 1


async def test_typing_agents_are_told_and_forgotten(play: Play) -> None:
    signs: list[Any] = []
    async with play.listens():
        play.transport.notice = signs.append
        card = await play.transport.send(play.agents, (Literal("#1"),), "card")
        play.sam.types(int(card.split("-")[0]))
        await until(lambda: signs)
        assert (signs[0].room, signs[0].team, signs[0].people) == (str(play.town.desk), "mobile", (str(play.sam.id),))


async def test_a_post_is_named_and_tagged_by_its_ticket(play: Play) -> None:
    async with play.listens():
        about = About(12, "waiting", "fr", "Marie", "ma *ligne*\nest coupée " + "x" * 200)
        card = await play.transport.send(
            Address("discord", str(play.town.desk), about=about), (Literal("#12"),), "card"
        )
        (post,) = play.town.threads(play.town.desk)
        assert post.name.startswith("#12 Marie — ma *ligne* est coupée xxx")
        assert len(post.name) == 100
        held = About(12, "held", "fr", "Marie", "ma ligne")
        await play.transport.edit(
            Address("discord", str(play.town.desk), about=held), card, (Literal("#12 taken"),), "edit"
        )
        tags = {int(tag["id"]): tag["name"] for tag in play.wire.backend.channels[play.town.desk].available_tags}
        assert [tags[tag] for tag in post.applied_tags] == ["Taken"]


async def test_a_stranger_who_comes_while_much_is_heard_and_goes_again_has_gone(play: Play) -> None:
    paul, zoe = play.town.person("Paul"), play.town.person("Zoé")
    async with play.listens() as desk:
        thread = await ticket(play, play.marie, "help")
        free = asyncio.Event()  # until then what is heard piles up, and is handed in together
        held = Fault("GET", f"{play.town.direct(zoe)}/messages", 200, until=free)
        play.wire.faults.append(held)
        zoe.say(play.town.direct(zoe), "hello")
        await until(lambda: held.holds)
        play.wire.backend.add_thread_member(thread, paul.id)
        play.marie.say(thread, "who is that?")
        assert play.transport._connection is not None
        heard = play.transport._connection.client.heard
        await until(lambda: heard.qsize() >= 2)
        free.set()
        await play.hears("who is that?")
        await desk.until(lambda item: item.kind is Kind.CROWDED)
        play.wire.backend.remove_thread_member(thread, paul.id)
        await desk.until(lambda item: item.kind is Kind.ALONE)


async def test_a_stranger_who_came_and_went_while_it_was_away_has_gone(play: Play) -> None:
    paul = play.town.person("Paul")
    async with play.listens():
        thread = await ticket(play, play.marie, "help")
    play.wire.backend.add_thread_member(thread, paul.id)
    paul.say(thread, "may I?")
    play.marie.say(thread, "no")
    play.wire.backend.remove_thread_member(thread, paul.id)
    play.transport = play.new()
    async with play.listens() as desk:
        await play.hears("no")
        assert [item.kind for item in desk.got if item.kind is not Kind.SAID] == [Kind.CROWDED, Kind.ALONE]


async def test_trouble_over_who_is_typing_ends_nothing(play: Play) -> None:
    async with play.listens():
        told = {"channel_id": str(play.direct), "user_id": str(play.marie.id), "timestamp": 0}
        for fault in (
            Fault("GET", f"/channels/{play.direct}", 0, times=2, after=True),  # aiohttp repeats the first by itself
            Fault("GET", f"/channels/{play.direct}", 429, body={"retry_after": 40, "message": "slow"}),
        ):
            play.wire.faults.append(fault)
            play.wire.backend.emit("TYPING_START", told)
            await until(lambda: not play.wire.faults)
        play.marie.say(play.direct, "after")
        await play.hears("after")
        assert play.wire.identifies == 1


async def test_a_mark_in_a_channel_that_was_opened_for_her_asks_discord_nothing(play: Play) -> None:
    async with play.listens():
        play.marie.say(play.direct, "hello")
        await play.hears("hello")
        said = await play.says("did you mean", "k")
    play.transport = play.new()
    play.notes.known.clear()  # so that the start has no reason to look at it
    async with play.listens() as desk:
        play.wire.faults.append(Fault("GET", f"/channels/{play.direct}", 429, body={"retry_after": 40, "message": ""}))
        mark = play.marie.react(said, "👍")
        assert (await desk.until(lambda item: item.kind is Kind.REACTED)).id == mark


async def test_what_is_forwarded_is_told_in_words(play: Play) -> None:
    backend = play.wire.backend
    async with play.listens() as desk:
        for text, files in (("look", ()), ("", (("proof.png", b"1"),)), ("both", (("proof.png", b"1"),))):
            said = play.marie.say(play.direct, text, files=files)
            await desk.until(lambda item, said=said: item.id == said)  # type: ignore[misc]
            where, message = said.split("-")
            reference = {"type": 1, "channel_id": where, "message_id": message}
            made = backend.create_message(
                play.direct, play.marie.id, "", reference=backend.normalize_message_reference(play.direct, reference)
            )
            await desk.until(lambda item, made=made: item.id == str(Spot(play.direct, made.id)))  # type: ignore[misc]
        told = [item.text for item in desk.got if item.text.startswith("↪")]
        assert told == ["↪ look", "↪ 📎 proof.png", "↪ both\n📎 proof.png"]
