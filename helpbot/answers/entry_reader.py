"""What the YAML folders of an admin share: reading files that are lists of entries, ids, and texts by language."""

from __future__ import annotations

import re
import stat
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

from helpbot.strict_yaml import MAX_BYTES, Fault, Mapping, Node, Scalar, parse
from helpbot.strict_yaml import Sequence as YamlList

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}\Z")
_LANGUAGE = re.compile(r"[a-z]{2,3}\Z")


def is_yaml(path: Path) -> bool:
    """Tell whether a file is one that an admin wrote for us."""
    return path.suffix in {".yaml", ".yml"} and not path.name.startswith(".")


class EntryReader(ABC):
    """Collects faults over all files of a folder; what an entry is made of is the subclass's."""

    kind = "FAQ"
    listed = "a FAQ file is a list of entries, each starting with `- id: …`"
    example = "puk-blocked"

    def __init__(self, first_language: str) -> None:
        self._first = first_language
        self.faults: list[Fault] = []
        self._file = ""
        self._seen: dict[str, str] = {}  # id → place

    def read_folder(self, folder: Path, belongs: Callable[[Path], bool], named: str) -> bool:
        """Read the files of a folder that belong; False when it cannot be read. `named` is where it is named."""
        try:
            paths = sorted(path for path in folder.iterdir() if belongs(path))
        except OSError as error:
            what = f"the {self.kind} folder cannot be read ({error.strerror}): check {named}"
            self.faults.append(Fault(str(folder), 0, what))
            return False
        for path in paths:
            try:
                source = _content(path)
            except OSError as error:
                what = f"cannot be read ({error.strerror or error}): mend it, or take it out of the {self.kind} folder"
                self.faults.append(Fault(str(path), 0, what))
                continue
            self.read(source, str(path))
        return True

    def read(self, source: bytes, file: str) -> None:
        """Read one file."""
        self._file = file
        root, faults = parse(source, file)
        self.faults += faults
        if root is None or (isinstance(root, Scalar) and not root.text):
            return
        if not isinstance(root, YamlList):
            self._fault(root, self.listed)
            return
        for node in root.items:
            self._entry(node)

    @abstractmethod
    def _entry(self, node: Node) -> None:
        """Take in one entry of the list, or name its faults."""

    def _id(self, node: Mapping) -> str | None:
        value = node.get("id")
        if value is None:
            self._fault(node, f"this entry has no `id`: give it one, such as `id: {self.example}`")
            return None
        if not isinstance(value, Scalar) or not _ID.match(value.text):
            self._fault(value, "an `id` is one word of letters, digits, - and _, at most 100 of them")
            return None
        return value.text

    def _first_of_its_id(self, node: Mapping, entry_id: str) -> bool:
        place = f"{self._file}:{node.line}"
        other = self._seen.setdefault(entry_id, place)
        if other != place:
            self._fault(node.get("id") or node, f"the id {entry_id!r} stands at {other} as well: give one another id")
        return other == place

    def _by_language(self, value: Node, key: str) -> list[tuple[str, Node]]:
        if not isinstance(value, Mapping):
            return [(self._first, value)]
        if not value.pairs:
            self._fault(value, f"`{key}` is empty: write it by language, as fr: ... and en: ...")
        found: list[tuple[str, Node]] = []
        for language, node in value.pairs:
            if _LANGUAGE.match(language.text):
                found.append((language.text, node))
            else:
                self._fault(language, f"{language.text[:20]!r} is no language: write two letters, such as fr or en")
        return found

    def _fault(self, node: Node, what: str) -> None:
        self.faults.append(Fault(self._file, node.line, what))


def _content(path: Path) -> bytes:
    """Return what is in a file, as far as the size that can be read. Raises OSError, also for what is no file."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError("it is not a file")  # a pipe would make us wait for ever
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)
