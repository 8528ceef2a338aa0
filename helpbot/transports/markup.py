"""Content → what a network shows: Matrix's plain body and HTML, and plain text for the console.

Rule: only `Marked`, which we or the admin wrote, is read as markup; people's words are escaped and nothing more,
because a text from people is data. HTML comes from here alone, in tags of the subset that Matrix allows.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never
from urllib.parse import quote

from markdown_it import MarkdownIt
from markdown_it.token import Token

from helpbot.core.effects import Block, Called, Content, Folded, Literal, Marked, Picture, Quoted, Strong
from helpbot.core.model import Attachment
from helpbot.transports.matrix_events import is_user_id

_SCHEMES = ("http://", "https://", "mailto:", "tel:")
NOT_TEXT = {0: "\ufffd", **dict.fromkeys(range(0xD800, 0xE000), "\ufffd")}  # what JSON or HTML cannot carry


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as Matrix carries it; `html` is None when the body says it all, `called` are the ids that it calls."""

    body: str
    html: str | None = None
    called: tuple[str, ...] = ()


class _SafeMarkdown(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802  # the library's name
        """Allow only links that lead to a page, a mailbox or a telephone."""
        return url.lower().startswith(_SCHEMES)


MARKDOWN = _SafeMarkdown("commonmark", {"html": False}).disable(["image", "html_block", "html_inline"])


def render(content: Content) -> Rendered:
    """Return the content as a Matrix message."""
    body = plain(content)
    if all(isinstance(block, Literal | Picture | Attachment) for block in content):
        return Rendered(body)
    ids = (block.id for block in content if isinstance(block, Called) and _can_be_called(block.id))
    return Rendered(body, _html(content), tuple(dict.fromkeys(ids)))


def plain(content: Content) -> str:
    """Return the content as readable plain text, blocks on lines of their own, who are called one after the other."""
    lines: list[str] = []
    for before, block in zip((None, *content), content, strict=False):
        match block:
            case Literal(text) | Strong(text) | Folded(text):
                lines.append(text)
            case Called():
                _add_called(lines, before, called_name(block))
            case Picture(_, text):
                lines += [text] if text else []
            case Attachment():
                lines += attached_words(block)
            case Quoted(author, text, _, colon):
                # Indented, so that no line of hers can pass for somebody else's.
                named = one_line(author)
                lines.append(f"{named}{colon} " + text.replace("\n", "\n  ") if text else named)
            case Marked(text):
                lines.append(_plain_markdown(text))
            case _:
                assert_never(block)
    return "\n".join(lines).translate(NOT_TEXT)


def picture_in(content: Content) -> Picture | None:
    """Return the picture that a message shows, if any: the first, because a message shows one."""
    return next((block for block in content if isinstance(block, Picture)), None)


def picture_name(picture: Picture) -> str:
    """Return the picture's name, in one line."""
    return one_line(picture.name).translate(NOT_TEXT) or "picture.png"


def attached_words(attachment: Attachment) -> list[str]:
    """Return a file in words, line by line."""
    name = f"📎 {one_line(attachment.name) or attachment.kind}"
    return [name, attachment.text] if attachment.text else [name]


def _html(content: Content) -> str:
    if content and isinstance(content[0], Folded) and content[1:]:
        heading = _escaped(one_line(content[0].text)).translate(NOT_TEXT)
        return f"<details><summary><strong>{heading}</strong></summary>{_html(content[1:])}</details>"
    parts: list[str] = []
    run: list[str] = []  # lines that share one paragraph

    def end_paragraph() -> None:
        if run:
            parts.append(f"<p>{'<br>'.join(run)}</p>")
            run.clear()

    for before, block in zip((None, *content), content, strict=False):
        match block:
            case Literal(text):
                run.append(_escaped(text))
            case Called():
                _add_called(run, before, _pill(block))
            case Picture(_, text):
                run += [_escaped(text)] if text else []
            case Attachment():
                run += [_escaped(line) for line in attached_words(block)]
            case Strong(text):
                run.append(f"<strong>{_escaped(text)}</strong>")
            case Quoted(author, text, _, colon):
                named = f"<strong>{_escaped(one_line(author))}</strong>"
                run.append(f"{named}{_escaped(colon)} " if text else named)  # previews of a thread leave all tags out
                end_paragraph()
                parts += [f"<blockquote>{_escaped(text)}</blockquote>"] if text else []
            case Folded(text):
                run.append(f"<strong>{_escaped(text)}</strong>")
            case Marked(text):
                end_paragraph()
                parts.append(_markdown_html(text))
            case _:
                assert_never(block)
    end_paragraph()
    return "".join(parts).translate(NOT_TEXT)


def _add_called(lines: list[str], before: Block | None, name: str) -> None:
    """Write who is called: on the line of who was called just before."""
    if isinstance(before, Called):
        lines[-1] += f", {name}"
    else:
        lines.append(name)


def called_name(called: Called) -> str:
    """Return the name of who is called, in one line."""
    return one_line(called.text) or called.id


def _pill(called: Called) -> str:
    """Return the link that clients show as a person; the bare name of somebody who has no Matrix id."""
    name = html.escape(called_name(called))
    if not _can_be_called(called.id):
        return name
    return f'<a href="https://matrix.to/#/{quote(called.id, safe="")}">{name}</a>'


def _can_be_called(user: str) -> bool:
    return is_user_id(user) and user.isprintable() and " " not in user


def _escaped(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")


def one_line(text: str) -> str:
    """Return a text in one line."""
    return " ".join(text.split())


def _markdown_html(text: str) -> str:
    tokens = MARKDOWN.parse(text)
    for token in _all(tokens):
        if token.type == "link_open":
            token.attrs = {"href": token.attrs["href"]}  # Matrix allows no title
    rendered: str = MARKDOWN.renderer.render(tokens, MARKDOWN.options, {})
    return rendered.strip()


def _all(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from token.children or ()


class PlainText:  # and other markups, by what they override
    """Walks CommonMark's tokens and writes them as text; `_margins` are what opens each line: quotes, indents."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._margins: list[str] = []
        self._bullet = ""  # waits for the first line of its item
        self._gap: str | None = None  # the empty line that comes before the next one
        self._numbers: list[int | None] = []  # of the lists that are open; None for bullets

    def text(self, tokens: Sequence[Token]) -> str:
        """Return the document as text."""
        for token in tokens:
            if token.type.endswith("_open"):
                self._open(token)
            elif token.type.endswith("_close"):
                self._close(token)
            elif token.type == "inline":
                self._write(self.inline(token.children or ()))
            else:  # code, or a rule across the page
                self._write("---" if token.type == "hr" else self.code(token))
                self._gap = "".join(self._margins).rstrip()
        return "\n".join(self._lines)

    def inline(self, tokens: Sequence[Token]) -> str:
        """Return what stands in a paragraph."""
        return _inline(tokens)

    def code(self, token: Token) -> str:
        """Return a block of code."""
        return token.content.rstrip("\n")

    def heading(self, level: int) -> str:
        """Return what stands before a heading of that level; text alone has none."""
        return ""

    def _open(self, token: Token) -> None:
        match token.type:
            case "blockquote_open":
                self._margins.append("> ")
            case "heading_open":
                self._bullet += self._margin() + self.heading(int(token.tag[1:]))
            case "bullet_list_open":
                self._numbers.append(None)
            case "ordered_list_open":
                self._numbers.append(int(token.attrs.get("start", 1)))
            case "list_item_open":
                number = self._numbers[-1]
                mark = "- " if number is None else f"{number}. "
                if number is not None:
                    self._numbers[-1] = number + 1
                self._bullet += self._margin() + mark
                self._margins.append(" " * len(mark))

    def _close(self, token: Token) -> None:
        match token.type:
            case "blockquote_close":
                self._margins.pop()
            case "list_item_close":
                if self._bullet:
                    self._write("")
                self._margins.pop()
            case "bullet_list_close" | "ordered_list_close":
                self._numbers.pop()
        tight = token.type == "list_item_close" or token.hidden or (token.type.endswith("list_close") and self._numbers)
        self._gap = self._gap if tight else "".join(self._margins).rstrip()

    def _margin(self) -> str:
        """Return what is still to be written before what opens a line."""
        return "".join(self._margins)[len(self._bullet) :]

    def _write(self, text: str) -> None:
        if self._gap is not None and self._lines:
            self._lines.append(self._gap)
        self._gap = None
        for line in text.split("\n"):
            margin = self._bullet or "".join(self._margins)
            self._bullet = ""
            self._lines.append(f"{margin}{line}".rstrip())


def _plain_markdown(text: str) -> str:
    return PlainText().text(MARKDOWN.parse(text))


def _inline(tokens: Sequence[Token]) -> str:
    written: list[str] = []
    links: list[tuple[str, int]] = []
    for token in tokens:
        match token.type:
            case "text" | "code_inline" | "text_special":
                written.append(token.content)
            case "softbreak":
                written.append(" ")
            case "hardbreak":
                written.append("\n")
            case "link_open":
                links.append((str(token.attrs["href"]), len(written)))
            case "link_close":
                url, start = links.pop()
                shown = url.removeprefix("mailto:").removeprefix("tel:")
                if "".join(written[start:]) not in {url, shown}:
                    written.append(f" ({shown})")
    return "".join(written)
