"""YAML read strictly: every scalar is text, and what surprises people is a fault with its line.

Rule: no anchors, aliases, tags, merge keys, duplicate keys or several documents, and bounded size and depth, because
an admin must be able to trust that the file says what it looks like. No fault quotes a value, because an unquoted
password that starts with & or ! would end in a log.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import yaml

MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 20
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# What cannot be seen: control characters but tab and line ends, Unicode's line ends, surrogates and non-characters.
_INVISIBLE = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff\\ufffe\\uffff]")
_LINE_END = re.compile("\r\n|\r|\n")
_WORD = re.compile(r"[\w-]{0,50}")


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """Something that a person must mend; `line` is 0 where no line is meant (a folder, an environment variable)."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        """Return `file:line: what`."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.what}".encode("utf-8", "replace").decode()  # a file's name may not be Unicode


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text; `plain` when it stood without quotes."""

    text: str
    line: int
    plain: bool = True


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values, in order, each key once."""

    pairs: tuple[tuple[Scalar, Node], ...]
    line: int

    def get(self, key: str) -> Node | None:
        """Return the value of a key."""
        return next((value for name, value in self.pairs if name.text == key), None)


Node = Scalar | Sequence | Mapping


class _Unreadable(Exception):
    """The rest of the file cannot be made sense of."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line
        self.what = what


def parse(source: bytes | str, name: str) -> tuple[Node | None, tuple[Fault, ...]]:
    """Return the document and its faults; None for an empty document or one that cannot be read to its end."""
    if len(source) > MAX_BYTES:
        return None, (Fault(name, 1, f"the file is larger than {MAX_BYTES // 1024 // 1024} MB: split it"),)
    try:
        text = source.decode("utf-8-sig") if isinstance(source, bytes) else source.removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        return None, (Fault(name, line, "this is not UTF-8 text: save the file as UTF-8"),)
    if _INVISIBLE.search(text) is not None:
        return None, _invisible(text, name)
    reader = _Reader(name)
    try:
        return reader.read(text), tuple(reader.faults)
    except _Unreadable as error:
        return None, (*reader.faults, Fault(name, error.line, error.what))


def unknown_key(key: str, known: Iterable[str]) -> str:
    """Return what is wrong with an unknown key, with the nearest one that exists."""
    names = sorted(known)
    near = difflib.get_close_matches(_first_word(key), names, n=1)
    if ":" in key:
        hint = "write a space after the colon"
    elif near:
        hint = f"did you mean {near[0]!r}?"
    else:
        hint = f"these exist: {', '.join(names)}"
    return f"unknown key {_shown(key)}: {hint}"


def _first_word(key: str) -> str:
    found = _WORD.match(key)
    return "" if found is None else found.group()


def _shown(key: str) -> str:
    """Return a key to be quoted; only its first word, because `password:secret` without a space is a key as well."""
    word = _first_word(key)
    return repr(word if word == key else f"{word}…")


def _invisible(text: str, name: str) -> tuple[Fault, ...]:
    found = ((number, _INVISIBLE.search(line)) for number, line in enumerate(_LINE_END.split(text), 1))
    return tuple(
        Fault(name, number, f"a character that cannot be seen (U+{ord(match.group()):04X}): take it out")
        for number, match in found
        if match is not None
    )


def _too_deep(line: int) -> _Unreadable:
    return _Unreadable(line, f"nested deeper than {MAX_DEPTH} levels: check the indentation and brackets")


class _Reader:
    """Builds the tree from the parser's events, so that depth and aliases are seen before anything grows."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.faults: list[Fault] = []
        self._next: Callable[[], yaml.Event]

    def read(self, text: str) -> Node | None:
        """Return the document's root. Raises _Unreadable."""
        loader = _LOADER(text)
        self._next = loader.get_event
        try:
            return self._document()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = 1 if mark is None else mark.line + 1
            why = " ".join(str(error.problem or error.context or "it cannot be parsed").split())
            if "nesting depth" in why:  # libyaml's own limit, a thousand, met while it reads ahead on a line
                raise _too_deep(line) from None
            raise _Unreadable(line, f"this is not YAML here: {why}: check indentation, quotes and colons") from None
        except yaml.YAMLError:  # a reader's complaint has no line
            raise _Unreadable(1, "this is not YAML: check that it is a text file in UTF-8") from None
        finally:
            loader.dispose()

    def _document(self) -> Node | None:
        root: Node | None = None
        documents = 0
        while not isinstance(event := self._next(), yaml.StreamEndEvent):
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _Unreadable(_line(event), "a second document starts here: take the --- away")
            elif isinstance(event, yaml.NodeEvent):
                root = self._node(event, 1)
        return root

    def _node(self, event: Any, depth: int) -> Node:
        line = _line(event)
        if depth > MAX_DEPTH:
            raise _too_deep(line)
        if isinstance(event, yaml.AliasEvent):
            self._fault(line, "aliases are not allowed: write the value out, or a text that starts with * in quotes")
            return Scalar("", line)
        if event.anchor is not None:
            self._fault(line, "anchors are not allowed: take it away, or put a text that starts with & in quotes")
        if event.tag is not None:
            self._fault(line, "tags are not allowed: take it away, or put a text that starts with ! in quotes")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, line)
        return self._sequence(line, depth) if isinstance(event, yaml.SequenceStartEvent) else self._mapping(line, depth)

    def _scalar(self, event: Any, line: int) -> Scalar:
        text: str = event.value
        if not event.style:
            return Scalar("" if text in {"~", "null", "Null", "NULL"} else text, line)
        if event.style == '"' and (match := _INVISIBLE.search(text)) is not None:
            self._fault(line, f"an escape stands for an invisible character (U+{ord(match.group()):04X}): take it out")
        return Scalar(text, line, plain=False)

    def _sequence(self, line: int, depth: int) -> Sequence:
        items: list[Node] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        return Sequence(tuple(items), line)

    def _mapping(self, line: int, depth: int) -> Mapping:
        pairs: dict[str, tuple[Scalar, Node]] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            value = self._node(self._next(), depth + 1)
            if not isinstance(key, Scalar):
                self._fault(key.line, "a key must be a text: check the brackets and the indentation")
            elif key.text == "<<" and key.plain:
                self._fault(key.line, "merge keys (<<) are not allowed: write the keys out")
            elif key.text in pairs:
                first = pairs[key.text][0].line
                self._fault(key.line, f"the key {_shown(key.text)} stands twice (first in line {first}): keep one")
            else:
                pairs[key.text] = (key, value)
        return Mapping(tuple(pairs.values()), line)

    def _fault(self, line: int, what: str) -> None:
        self.faults.append(Fault(self.name, line, what))


def _line(event: Any) -> int:
    return 1 if event.start_mark is None else int(event.start_mark.line) + 1
