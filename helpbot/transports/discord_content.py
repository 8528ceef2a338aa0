"""Content → the texts of Discord messages: pure.

Rule: only `Marked`, which we or the admin wrote, is read as markup; people's words are escaped to the letter, and who
may be pinged is said beside the text, because what looks like a mention in somebody's words must disturb nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never

from markdown_it.token import Token

from helpbot.core.effects import Block, Called, Content, Folded, Literal, Marked, Picture, Quoted, Strong
from helpbot.core.model import Attachment
from helpbot.transports.markup import MARKDOWN, NOT_TEXT, PlainText, attached_words, called_name, one_line

MOST = 2000  # characters of a message: https://docs.discord.com/developers/resources/message
ROLE = "&"  # what the id of a role begins with where a person's may stand, as in a mention

_FENCE = "```"
_LANGUAGE = 20  # characters of what a block of code is written in
_MARGIN = re.compile(r"(?:> | )*")
_OF_LIST = re.compile(r"(?:[-*]|[0-9]{1,9}[.)])(?= )")
_OPENS = re.compile(rf"(?:> | |{_OF_LIST.pattern})*(?={_FENCE})")
_SPECIAL = re.compile(r"[\\*_~|`<@\[\]]")
_OPENS_LINE = re.compile(r"( *)(?:([#>+-])|([0-9]{1,9})([.)]))")
_ADDRESS = re.compile(r"(https?://[^\s<>]+)")
_SNOWFLAKE = re.compile(r"[0-9]{1,20}\Z")
_SENTENCE = re.compile(r"[.!?…:;] ")


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as Discord carries it: one text or more, of at most 2,000 characters each.

    `people` and `roles` are the ids of whom the first of them pings, and nobody else.
    """

    parts: tuple[str, ...]
    people: tuple[int, ...] = ()
    roles: tuple[int, ...] = ()


def render(content: Content) -> Shown:
    """Return the content as Discord messages; without any words there is one empty part."""
    lines = [line for text in _texts(content) for line in text.translate(NOT_TEXT).split("\n")]
    ids = [block.id for block in content if isinstance(block, Called)]
    people = dict.fromkeys(int(one) for one in ids if _SNOWFLAKE.match(one))
    roles = dict.fromkeys(int(one[1:]) for one in ids if one[:1] == ROLE and _SNOWFLAKE.match(one[1:]))
    return Shown(tuple(_packed(lines)) or ("",), tuple(people), tuple(roles))


def escaped(text: str) -> str:
    """Return people's words so that Discord shows them to the letter; addresses of pages stay as they are."""
    return "\n".join(_escaped_line(line) for line in text.split("\n"))


def _escaped_line(line: str) -> str:
    pieces = _ADDRESS.split(line)
    shown = "".join(
        piece if place % 2 else _SPECIAL.sub(lambda found: "\\" + found[0], piece) for place, piece in enumerate(pieces)
    )
    return _OPENS_LINE.sub(_told_apart, shown, count=1) if _OPENS_LINE.match(shown) else shown


def _told_apart(found: re.Match[str]) -> str:
    spaces, mark, number, point = found.groups()
    return f"{spaces}\\{mark}" if mark else f"{spaces}{number}\\{point}"


def _texts(content: Content) -> Iterator[str]:
    """Give the text of each block, people who are called one after the other on one line, markup under its heading."""
    run: list[str] = []
    for before, block in zip((None, *content), content, strict=False):
        if isinstance(block, Called):
            run.append(_called(block))
            continue
        if run:
            yield ", ".join(run)
            run = []
        if isinstance(block, Marked) and isinstance(before, Strong):
            yield from _under_heading(*_text(block))
        else:
            yield from _text(block)
    if run:
        yield ", ".join(run)


def _under_heading(text: str) -> Iterator[str]:
    """Give markup as a quotation, but for blocks of code, which cannot begin in one."""
    yield text if _FENCE in text else "\n".join(f"> {line}" for line in text.split("\n"))


def _text(block: Block) -> Iterator[str]:
    match block:
        case Literal(text):
            yield escaped(text)
        case Strong(text) | Folded(text):
            yield "\n".join(_strong(line) for line in text.split("\n"))
        case Quoted(author, text, _, colon):
            named = _strong(one_line(author))
            yield f"{named}{colon}" if text else named
            if text:
                yield "\n".join(f"> {line}" for line in escaped(text).split("\n"))
        case Marked(text):
            yield _Markdown().text(MARKDOWN.parse(text))
        case Picture(_, text):
            yield from [escaped(text)] if text else []
        case Attachment():
            yield from (escaped(line) for line in attached_words(block))
        case Called():
            yield _called(block)
        case _:
            assert_never(block)


def _strong(line: str) -> str:
    return f"**{escaped(line)}**" if line.strip() else line


def _called(called: Called) -> str:
    """Return the mention of a person or a role; the bare name of somebody who is not on Discord."""
    role = called.id[:1] == ROLE
    if not _SNOWFLAKE.match(called.id[role:]):
        return escaped(called_name(called))
    return f"<@{called.id}>"


class _Markdown(PlainText):
    """Walks CommonMark's tokens and writes them in the markup that Discord reads."""

    def inline(self, tokens: Sequence[Token]) -> str:
        written: list[str] = []
        links: list[tuple[str, int]] = []
        for token in tokens:
            match token.type:
                case "text" | "text_special":
                    written.append(escaped(token.content))
                case "code_inline":
                    written.append(_code(token.content))
                case "strong_open" | "strong_close":
                    written.append("**")
                case "em_open" | "em_close":
                    written.append("*")
                case "softbreak":
                    written.append(" ")
                case "hardbreak":
                    written.append("\n")
                case "link_open":
                    links.append((str(token.attrs["href"]), len(written)))
                case "link_close":
                    url, start = links.pop()
                    written[start:] = [_link("".join(written[start:]), url)]
        return "".join(written)

    def code(self, token: Token) -> str:
        named = token.info.strip()
        language = named if named.isalnum() and len(named) <= _LANGUAGE else ""
        return f"{_FENCE}{language}\n{_unfenced(token.content.rstrip())}\n{_FENCE}"

    def heading(self, level: int) -> str:
        return "#" * min(level, 3) + " "


def _code(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _unfenced(text: str) -> str:
    return text.replace(_FENCE, "`\u200b`\u200b`")


def _link(words: str, url: str) -> str:
    shown = url.removeprefix("mailto:").removeprefix("tel:")
    if not url.startswith(("http://", "https://")):  # Discord follows no other
        return words if words in {escaped(shown), escaped(url)} else f"{words} ({escaped(shown)})"
    return url if words in {url, escaped(url)} else f"[{words}](<{url}>)"


# --- parts of 2,000 characters


def _packed(lines: Sequence[str]) -> Iterator[str]:
    """Give the lines in messages: cut between lines, else after a sentence, and with a block of code closed."""
    part: list[str] = []
    fence: str | None = None  # the line that opened the block of code that we are in
    for whole in lines:
        opens = _OPENS.match(whole) is not None
        for line in _cut(whole, MOST - 2 * len(fence or "") - len(_FENCE) - 4):
            closing = [_FENCE] if opens == (fence is None) else []  # of the block that goes on behind this line
            if _length([*part, line, *closing]) > MOST:
                yield from _part([*part, *([] if fence is None else [_FENCE])])
                part = [] if fence is None else [fence]
                if opens and fence is not None:  # it would have closed what is closed already
                    part, fence = [], None
                    continue
            part.append(line)
        if opens:
            fence = _OF_LIST.sub(lambda found: " " * len(found[0]), whole) if fence is None else None
    yield from _part(part)


def _part(lines: Sequence[str]) -> Iterator[str]:
    text = "\n".join(lines).strip()
    if text:
        yield text


def _length(lines: Sequence[str]) -> int:
    """Return how long the lines are together, as Discord's clients count: in UTF-16."""
    return sum(_units(line) + 1 for line in lines) - 1


def _units(text: str) -> int:
    return len(text) + sum(char > "\uffff" for char in text)


def _cut(line: str, most: int) -> Iterator[str]:
    """Give a line in pieces: after a sentence, else at a space, else where it must be, never inside an escape."""
    margin = found[0] if (found := _MARGIN.match(line)) else ""
    margin = margin if margin.strip() else ""
    while _units(line) > most:
        end = most
        while _units(line[:end]) > most:
            end -= max(1, (_units(line[:end]) - most) // 2)
        place = _place(line[:end], len(margin))
        yield line[:place].rstrip()
        line = margin + line[place:].lstrip(" ")
    yield line


def _place(text: str, margin: int) -> int:
    """Return where to cut: in the last third after a sentence, in the last half at a space, else at the end."""
    sentences = [found.end() for found in _SENTENCE.finditer(text, len(text) * 2 // 3)]
    if sentences:
        return sentences[-1]
    space = text.rfind(" ", max(len(text) // 2, margin + 1))
    if space > 0:
        return space + 1
    slashes = len(text) - len(text.rstrip("\\"))
    return len(text) - slashes % 2
