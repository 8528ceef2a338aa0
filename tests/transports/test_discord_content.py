"""What people on Discord read: texts of at most 2,000 characters from Content."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpbot.core.effects import Called, Content, Folded, Literal, Marked, Picture, Quoted, Strong
from helpbot.core.model import Attachment
from helpbot.transports.discord_content import MOST, Shown, escaped, render

NASTY = [
    "@everyone <@1> <@&2> <#3> <t:0:R> <:a:1> @here",
    "**not bold** _nor_ ~~this~~ ||hidden|| `code` ```block```",
    "[click](https://evil.example) \\* > # - 1.",
    "# title",
    "-# small",
    "> quote",
    ">>> all of it",
    "- list",
    "+ list",
    "7. seventh",
    "  2) second",
    "https://example.org/a_b*c(d)?e=[f]",
    "a\\",
    "\u202eleft",
]


def to_the_letter(text: str) -> str:
    """Return what Discord shows of a text in which all markup is escaped."""
    addresses = re.split(r"(https?://[^\s<>]+)", text)
    return "".join(
        one if place % 2 else re.sub(r"\\([^0-9A-Za-z\s])", r"\1", one) for place, one in enumerate(addresses)
    )


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@pytest.mark.parametrize("text", NASTY)
def test_peoples_words_are_escaped_to_the_letter(text: str) -> None:
    shown = escaped(text)
    assert to_the_letter(shown) == text
    without = re.sub(r"\\[^0-9A-Za-z\s]|https?://[^\s<>]+", "x", shown)
    assert not re.search(r"[*_~|`<@\[\]\\]", without), "nothing is left that is markup or a mention"
    assert not re.match(r" *(?:[#>+-]|[0-9]+[.)])", without)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_any_words_come_back_from_the_escapes(text: str) -> None:
    assert to_the_letter(escaped(text)) == text


def test_blocks_stand_on_lines_of_their_own() -> None:
    content = (
        Folded("12 messages"),
        Strong("#12 *waiting*"),
        Quoted("Marie\n@x", "two\nlines"),
        Quoted("Paul", ""),
        Literal("a_b"),
    )
    assert render(content).parts == (
        "**12 messages**\n**\\#12 \\*waiting\\***\n**Marie \\@x**:\n> two\n> lines\n**Paul**\na\\_b",
    )


def test_markup_stands_quoted_under_its_heading() -> None:
    said = (Strong("🤖 bot"), Marked("Do **this**:\n\n- a\n- b"), Quoted("Marie", "thanks"))
    assert render(said).parts == ("**🤖 bot**\n> Do **this**:\n> \n> - a\n> - b\n**Marie**:\n> thanks",)
    coded = (Strong("🤖 bot"), Marked("```\ncode\n```"))
    assert render(coded).parts == ("**🤖 bot**\n```\ncode\n```",)


def test_only_who_is_called_is_pinged() -> None:
    content = (
        Literal("for <@9>"),
        Called("123", "Sam"),
        Called("&456", "leads"),
        Called("@zoe:example.org", "Zoé _"),
        Called("123", "Sam"),
    )
    assert render(content) == Shown(("for \\<\\@9>\n<@123>, <@&456>, Zoé \\_, <@123>",), (123,), (456,))


def test_markdown_of_ours_is_written_as_discord_reads_it() -> None:
    source = (
        "# Title\n\nDo **this** and *that*, not a_b or <b>:\n\n- a\n- b\n    1. c\n\n> quoted\n\n"
        '[page](https://example.org/x_y "t"), <https://example.org/>, [mail](mailto:a_b@example.org), `co*de`\n\n'
        "```python\nx = 1_0\n```\n\n---\n"
    )
    assert render((Marked(source),)).parts == (
        "# Title\n\nDo **this** and *that*, not a\\_b or \\<b>:\n\n- a\n- b\n  1. c\n\n> quoted\n\n"
        "[page](<https://example.org/x_y>), https://example.org/, mail (a\\_b\\@example.org), `co*de`\n\n"
        "```python\nx = 1_0\n```\n\n---",
    )


def test_files_and_pictures_are_named_in_words() -> None:
    file = Attachment("facture_<é>.pdf", "file", "application/pdf", 3, "voici", "discord", "x")
    assert render((file,)).parts == ("📎 facture\\_\\<é>.pdf\nvoici",)
    assert render((Picture("a.png", "12 tickets", ""),)).parts == ("12 tickets",)
    assert render((Picture("a.png", "", ""),)).parts == ("",)


def test_a_long_text_is_cut_after_a_sentence() -> None:
    sentence = "This is said in so many words. "
    parts = render((Literal(sentence * 200),)).parts
    assert all(part.endswith("words.") and part.startswith("This") and units(part) <= MOST for part in parts)
    assert sum(part.count("This") for part in parts) == 200


@pytest.mark.parametrize("mark", ["- ", "1. ", "> - "])
def test_a_block_of_code_in_a_list_ends_where_it_ends(mark: str) -> None:
    inner = mark.replace("- ", "  ").replace("1. ", "   ")
    parts = render((Marked(f"{mark}```\n{inner}reboot\n{inner}```\n\n" + "word. " * 600),)).parts
    assert len(parts) > 1
    assert [part.count("```") for part in parts] == [2, *[0] * (len(parts) - 1)]
    long = f"{mark}```\n" + f"{inner}reboot it now\n" * 300 + f"{inner}```"
    parts = render((Marked(long),)).parts
    assert len(parts) > 1
    assert all(part.count("```") == 2 for part in parts)
    assert sum(part.count("reboot") for part in parts) == 300


def test_a_block_of_code_in_a_language_of_a_thousand_letters_ends() -> None:
    (part,) = render((Marked(f"```{'a' * 1200}\nreboot\n```"),)).parts
    assert part == "```\nreboot\n```"


@pytest.mark.parametrize("before", range(1985, 2001))
def test_a_block_of_code_that_opens_at_the_end_of_a_part_leaves_room_to_be_closed(before: int) -> None:
    parts = render((Marked(f"{'x' * before}\n\n```\nreboot\n```"),)).parts
    assert all(len(part) <= MOST for part in parts)
    assert "".join(parts).count("reboot") == 1


def test_a_block_of_code_is_closed_and_opened_again() -> None:
    code = "\n".join(f"line {number} " + "x" * 50 for number in range(120))
    parts = render((Marked(f"before\n\n```py\n{code}\n```\n\nafter"),)).parts
    assert len(parts) > 3
    for part in parts:
        assert units(part) <= MOST
        assert part.count("```") % 2 == 0
    assert parts[1].startswith("```py\nline")
    assert parts[-1].endswith("after")
    assert "\n".join(parts).count("line ") == 120


def test_a_quotation_stays_one_over_the_cut() -> None:
    assert render((Quoted("Léa", "salut", colon=" :"),)).parts[0] == "**Léa** :\n> salut"
    parts = render((Quoted("Marie", "word " * 1000),)).parts
    assert len(parts) > 2
    assert all(line.startswith("> ") for part in parts[1:] for line in part.split("\n"))


@given(
    st.lists(
        st.one_of(
            st.text(st.characters(exclude_categories=["Cs"]), max_size=3000).map(Literal),
            st.text(alphabet="*_\\`<@ a😀\n.", max_size=5000).map(Literal),
            st.text(alphabet="a b\n", max_size=5000).map(lambda text: Quoted("M", text)),
            st.text(alphabet="a*_` \n-#>[]()1.", max_size=3000).map(Marked),
        ),
        max_size=4,
    )
)
def test_no_part_is_too_long_or_empty_and_no_word_is_lost(blocks: list[Literal | Quoted | Marked]) -> None:
    content: Content = tuple(blocks)
    parts = render(content).parts
    assert all(units(part) <= MOST for part in parts)
    assert all(part.strip() for part in parts) or len(parts) == 1
    if not any(isinstance(block, Marked) for block in blocks):
        said = "".join(block.text for block in blocks)
        shown = "".join(to_the_letter(part) for part in parts)
        for letter in "a😀b":
            assert shown.count(letter) == said.count(letter)


def test_an_escape_is_never_torn() -> None:
    for length in range(1990, 2010):
        parts = render((Literal("a" * length + "*" * 20),)).parts
        assert "".join(to_the_letter(part) for part in parts) == "a" * length + "*" * 20
