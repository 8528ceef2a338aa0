"""YAML read strictly: every scalar is text, and what surprises people is a fault with its line.

Rule: no anchors, aliases, tags, merge keys, duplicate keys or several documents, and bounded size and depth, because
an admin must be able to trust that the file says what it looks like.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import yaml

MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 20
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """Something that a person must mend; `line` is 0 where no line is meant (a folder, an environment variable)."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        """Return `file:line: what`."""
        return f"{self.file}:{self.line}: {self.what}" if self.line else f"{self.file}: {self.what}"


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
    reader = _Reader(name)
    try:
        return reader.read(text), tuple(reader.faults)
    except _Unreadable as error:
        return None, (*reader.faults, Fault(name, error.line, error.what))


def unknown_key(key: str, known: Iterable[str]) -> str:
    """Return what is wrong with an unknown key, with the nearest one that exists."""
    names = sorted(known)
    near = difflib.get_close_matches(key[:50], names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"these exist: {', '.join(names)}"
    return f"unknown key {key[:50]!r}: {hint}"


class _Reader:
    """Builds the tree from the parser's events, so that depth and aliases are seen before anything grows."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.faults: list[Fault] = []

    def read(self, text: str) -> Node | None:
        """Return the document's root."""
        events = self._events(text)
        root: Node | None = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _Unreadable(_line(event), "a second document starts here: take the --- away")
            elif isinstance(event, yaml.NodeEvent):
                root = self._node(event, events, 1)
        return root

    def _events(self, text: str) -> Iterator[yaml.Event]:
        try:
            yield from yaml.parse(text, Loader=_LOADER)
        except yaml.reader.ReaderError as error:
            line = text[: error.position].count("\n") + 1
            code = error.character if isinstance(error.character, int) else ord(error.character[:1] or "?")
            raise _Unreadable(line, f"a character that YAML does not allow (U+{code:04X}): take it out") from None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = 1 if mark is None else mark.line + 1
            why = " ".join(str(error.problem or error.context or "it cannot be parsed").split())
            raise _Unreadable(line, f"this is not YAML here: {why}: check indentation, quotes and colons") from None
        except (yaml.YAMLError, RecursionError) as error:
            raise _Unreadable(1, f"this is not YAML: {' '.join(str(error).split())[:200]}") from None

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Node:
        line = _line(event)
        if depth > MAX_DEPTH:
            raise _Unreadable(line, f"nested deeper than {MAX_DEPTH} levels: check the indentation and brackets")
        if isinstance(event, yaml.AliasEvent):
            self._fault(line, f"aliases are not allowed (*{getattr(event, 'anchor', '')}): write the value out")
            return Scalar("", line)
        anchor = getattr(event, "anchor", None)
        if anchor is not None:
            self._fault(line, f"anchors are not allowed (&{anchor}): take it away")
        tag = getattr(event, "tag", None)
        if tag is not None:
            self._fault(line, f"tags are not allowed ({tag}): take it away, every value is text")
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(events, line, depth)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(events, line, depth)
        text, plain = str(getattr(event, "value", "")), not getattr(event, "style", None)
        return Scalar("" if plain and text in {"~", "null", "Null", "NULL"} else text, line, plain)

    def _sequence(self, events: Iterator[yaml.Event], line: int, depth: int) -> Sequence:
        items: list[Node] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._node(event, events, depth + 1))
        return Sequence(tuple(items), line)

    def _mapping(self, events: Iterator[yaml.Event], line: int, depth: int) -> Mapping:
        pairs: dict[str, tuple[Scalar, Node]] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._node(event, events, depth + 1)
            value = self._node(next(events), events, depth + 1)
            if not isinstance(key, Scalar):
                self._fault(key.line, "a key must be a text: check the brackets and the indentation")
            elif key.text == "<<" and key.plain:
                self._fault(key.line, "merge keys (<<) are not allowed: write the keys out")
            elif key.text in pairs:
                first = pairs[key.text][0].line
                self._fault(key.line, f"the key {key.text[:50]!r} stands twice (first in line {first}): keep one")
            else:
                pairs[key.text] = (key, value)
        return Mapping(tuple(pairs.values()), line)

    def _fault(self, line: int, what: str) -> None:
        self.faults.append(Fault(self.name, line, what))


def _line(event: yaml.Event) -> int:
    return 1 if event.start_mark is None else int(event.start_mark.line) + 1
