"""What becomes of the bot's own messages when networks, people and Discord get in their way."""

from __future__ import annotations

import io

import pytest

from helpbot.core.effects import Literal, Quoted
from helpbot.core.model import Attachment
from helpbot.transports.base import Address, Fetched, TryLater, Undeliverable
from helpbot.transports.discord_faults import Breaker, asked
from helpbot.transports.discord_refs import Spot

from .play import Play
from .wire import Fault, Wire


@pytest.fixture
def play(wire: Wire) -> Play:
    return Play(wire)


async def test_a_lost_answer_is_found_again_and_nothing_is_doubled(play: Play) -> None:
    async with play.listens():
        play.wire.faults.append(Fault("POST", "/messages", 0, after=True))
        with pytest.raises(TryLater) as later:
            await play.says("once", "k1")
        assert later.value.doubtful
        play.wire.forget_nonces()
    play.transport = play.new()  # as after a kill
    async with play.listens():
        address = Address("discord", str(play.direct))
        (ref,) = (await play.transport.sent_since(address, None)).values()
        assert await play.says("once", "k1") == ref
        assert await play.says("once", "k2") != ref
        assert play.seen() == ["once", "once"]


async def test_what_was_corrected_while_nobody_knew_that_it_had_gone_out_is_shown_once(play: Play) -> None:
    async with play.listens():
        play.wire.faults.append(Fault("POST", "/messages", 0, after=True))
        with pytest.raises(TryLater):
            await play.says("your line is bak", "k1")
        ref = await play.says("your line is back", "k1")
        assert play.seen() == ["your line is back"]
        assert await play.says("your line is back", "k1") == ref


async def test_a_repeated_nonce_shows_one_message(play: Play) -> None:
    async with play.listens():
        play.wire.faults.append(Fault("POST", "/messages", 0, after=True))
        with pytest.raises(TryLater):
            await play.says("once", "k1")
        play.notes.kept.clear()
        play.transport._journal._sent.clear()
        await play.says("once", "k1")
        assert play.seen() == ["once"]


@pytest.mark.parametrize("status", [0, 502])
async def test_a_lost_answer_over_a_card_makes_one_post(play: Play, status: int) -> None:
    async with play.listens():
        play.wire.faults.append(Fault("POST", "/threads", status, after=True))
        with pytest.raises(TryLater):
            await play.transport.send(play.agents, (Literal("#1 waiting"),), "card")
        card = await play.transport.send(play.agents, (Literal("#1 waiting"),), "card")
        (post,) = play.town.threads(play.town.desk)
        assert card == str(Spot(post.id, post.id))


@pytest.mark.parametrize("length", [2001, 4000, 9000])
async def test_a_long_message_goes_in_parts_once_each_whatever_is_lost(play: Play, length: int) -> None:
    text = "".join(f"word{number} " for number in range(length // 8))[:length]
    async with play.listens():
        play.wire.faults.append(Fault("POST", "/messages", 0, after=True))
        with pytest.raises(TryLater):
            await play.transport.send(Address("discord", str(play.direct)), (Literal(text),), "long")
        play.wire.forget_nonces()
        ref = await play.transport.send(Address("discord", str(play.direct)), (Literal(text),), "long")
        parts = play.seen()
        assert " ".join(" ".join(parts).split()) == " ".join(text.split())
        assert len(parts) == -(-len(text) // 1999) or len(parts) == len(text) // 1990 + 1
        await play.transport.edit(Address("discord", str(play.direct)), ref, (Literal("short"),), "edit")
        assert play.seen() == ["short"]


async def test_a_message_that_grows_and_shrinks_is_taken_back_as_a_whole(play: Play) -> None:
    there, long = Address("discord", str(play.direct)), "word " * 500
    async with play.listens():
        ref = await play.says("short", "k")
        await play.says("between", "k-2")
        play.wire.faults.append(Fault("POST", "/messages", 0, after=True))
        with pytest.raises(TryLater):
            await play.transport.edit(there, ref, (Literal(long),), "grows")
        play.wire.forget_nonces()
        for number, text in enumerate((long, long.replace("o", "a"), "short", long)):
            await play.transport.edit(there, ref, (Literal(text),), f"edit-{number}")
            assert len(play.seen()) == (2 if text == "short" else 3)
    play.transport = play.new()
    async with play.listens():
        await play.transport.redact(there, ref, "gone")
        assert play.seen() == ["between"]


async def test_a_long_message_is_taken_back_as_a_whole_however_much_came_after_it(play: Play) -> None:
    there = Address("discord", str(play.direct))
    async with play.listens():
        ref = await play.says("word " * 500, "long")
        for number in range(101):
            await play.says(str(number), f"k-{number}")
        await play.transport.redact(there, ref, "gone")
        assert not [text for text in play.seen() if "word" in text]


async def test_a_long_message_stays_one_over_its_corrections(play: Play) -> None:
    async with play.listens():
        there, text = Address("discord", str(play.direct)), "word " * 600
        first = await play.says(text, "long")
        short = await play.says("short", "short")
        for number in range(110):
            await play.says("another", f"key {number}")
        others = ["another"] * 110

        async def corrected(ref: str, words: str, key: str) -> list[str]:
            await play.transport.edit(there, ref, (Literal(words),), key)
            return [one for one in play.seen() if one != "another"]

        assert len(await corrected(first, text.replace("word", "term"), "edit 1")) == 3
        assert "word" not in "".join(play.seen())
        play.wire.faults.append(Fault("POST", f"{play.direct}/messages", 0, after=True))
        with pytest.raises(TryLater):  # what it has grown by is there, and nobody knows
            await corrected(short, "term " * 600, "edit 2")
        play.wire.forget_nonces()
        assert len(await corrected(short, "term " * 600, "edit 2")) == 4
        assert len(await corrected(short, "last " * 600, "edit 3")) == 4
        assert len(await corrected(short, "last " * 600, "edit 3")) == 4
        assert len(await corrected(first, "brief", "edit 4")) == 3
        await play.transport.redact(there, short, "gone")
        assert play.seen() == ["brief", *others]


async def test_a_limit_is_waited_for(play: Play) -> None:
    async with play.listens():
        play.wire.faults.append(Fault("POST", "/messages", 429, body={"retry_after": 0.05, "message": "slow"}))
        await play.says("patient", "k")
        assert play.seen() == ["patient"]


async def test_trouble_of_discords_is_tried_again_later(play: Play) -> None:
    async with play.listens():
        play.wire.faults.append(Fault("POST", "/messages", 403, body={"code": 50013, "message": "Missing Permissions"}))
        with pytest.raises(Undeliverable, match="lacks a permission") as refused:
            await play.says("no", "k")
        assert refused.value.whole_room
        await play.says("yes", "k")
        assert play.seen() == ["yes"]


async def test_an_archived_thread_is_woken_before_it_is_changed(play: Play) -> None:
    async with play.listens():
        card = await play.transport.send(play.agents, (Literal("#1"),), "card")
        thread = play.wire.backend.channels[int(card.split("-")[0])]
        assert thread.thread_metadata is not None
        thread.thread_metadata.archived = True
        await play.transport.edit(play.agents, card, (Literal("#1 taken"),), "edit")
        assert not thread.thread_metadata.archived
        thread.thread_metadata.archived = True
        await play.transport.react(play.agents, card, "✅", "mark")
        assert play.seen(thread.id) == ["\\#1 taken"]


async def test_what_is_said_beside_a_file_is_corrected_and_the_file_stays(play: Play) -> None:
    there = Address("discord", str(play.direct))

    def paper(words: str) -> Attachment:
        return Attachment("paper.pdf", "file", "application/pdf", 3, words, "discord", "[]")

    def shown() -> list[tuple[str, int]]:
        return [(one.content, len(one.attachments)) for one in play.town.messages(play.direct)]

    async with play.listens():
        ref = await play.transport.send(there, (paper("word " * 500),), "k", file=Fetched(io.BytesIO(b"abc"), 3))
        assert [files for _, files in shown()] == [0, 1]
        await play.transport.edit(there, ref, (paper("read this"),), "edit")
        assert shown() == [("read this", 0), ("", 1)]
        await play.transport.edit(there, ref, (paper("word " * 500),), "edit-2")
        assert [files for _, files in shown()] == [0, 1]
        await play.transport.redact(there, ref, "gone")
        assert shown() == []


async def test_a_mark_that_is_gone_is_taken_back_without_a_fault(play: Play) -> None:
    async with play.listens():
        there = Address("discord", str(play.direct))
        said = [play.marie.say(play.direct, text) for text in ("one", "two")]
        marks = [await play.transport.react(there, ref, "✅", ref) for ref in said]
        play.marie.delete(said[0])
        for key in ("gone", "gone-again"):
            for mark in marks:
                await play.transport.redact(there, mark, key)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (413, {"code": 40005, "message": "too large"}),
        (413, {"message": "too large, says what stands before Discord"}),
        (400, {"code": 20009, "message": "Explicit content cannot be sent to the desired recipient(s)"}),
    ],
)
async def test_a_file_that_discord_will_not_have_goes_in_words(
    play: Play, status: int, body: dict[str, object]
) -> None:
    async with play.listens():
        file = Attachment("big.pdf", "file", "application/pdf", 3, "look", "discord", "[]")
        play.wire.faults.append(Fault("POST", "/messages", status, body=body))
        there = Address("discord", str(play.direct))
        await play.transport.send(there, (file,), "file", file=Fetched(io.BytesIO(b"abc"), 3))
        assert play.seen() == ["📎 big.pdf\nlook"]


async def test_peoples_words_ping_nobody(play: Play) -> None:
    async with play.listens():
        words = f"@everyone @here <@{play.sam.id}> <@&{play.town.agents_role}>"
        await play.transport.send(play.agents, (Quoted("Marie", words), Literal(words)), "card")
        (post,) = play.town.threads(play.town.desk)
        (card,) = play.town.messages(post.id)
        assert (card.ping_user_ids, card.ping_role_ids, card.mention_everyone) == ([], [], False)


async def test_after_many_refusals_nothing_is_asked_for_a_while() -> None:
    breaker, asked_for = Breaker(), 0

    async def ask() -> None:
        nonlocal asked_for
        asked_for += 1

    for _ in range(999):
        breaker.refused()
    await asked(breaker, ask())
    breaker.refused()
    with pytest.raises(TryLater, match="refused too much") as later:
        await asked(breaker, ask())
    assert later.value.after is not None
    assert later.value.after.total_seconds() > 500
    assert asked_for == 1
