"""YAML files → the replies that are ready, with every fault at once."""

from __future__ import annotations

from pathlib import Path

from helpbot.answers.entry_reader import EntryReader, is_yaml
from helpbot.core.canned import PLACEHOLDERS, strays
from helpbot.core.model import Canned
from helpbot.strict_yaml import Fault, Mapping, Node, Scalar, unknown_key

KEYS = ("id", "text")
LONGEST = 4000  # characters, before anything is filled in
_SHOWN = 30


def load(folder: Path, first_language: str) -> tuple[dict[str, Canned], tuple[Fault, ...]]:
    """Return the replies of a folder by id and all its faults; with faults, only what could be read is in it.

    A plain text is in the first language.
    """
    reader = _CannedReader(first_language)
    if reader.read_folder(folder, is_yaml, "`agents.canned` in the config") and not (reader.canned or reader.faults):
        what = "there is no reply in this folder: add a file such as canned.yaml, or take `agents.canned` out"
        reader.faults.append(Fault(str(folder), 0, what))
    return reader.canned, tuple(sorted(reader.faults))


class _CannedReader(EntryReader):
    kind = "canned"
    listed = "a file of canned replies is a list of them, each starting with `- id: …`"
    example = "greet"

    def __init__(self, first_language: str) -> None:
        super().__init__(first_language)
        self.canned: dict[str, Canned] = {}

    def _entry(self, node: Node) -> None:
        if not isinstance(node, Mapping):
            self._fault(node, "a reply has keys: `id` and `text`")
            return
        for key, _ in node.pairs:
            if key.text not in KEYS:
                self._fault(key, unknown_key(key.text, KEYS))
        entry_id, texts = self._id(node), self._texts(node)
        if entry_id is not None and self._first_of_its_id(node, entry_id) and texts:
            self.canned[entry_id] = Canned(entry_id, texts)

    def _texts(self, node: Mapping) -> dict[str, str]:
        value = node.get("text")
        if value is None:
            self._fault(node, "this entry has no `text`: add one by language, as {fr: ..., en: ...}")
            return {}
        found: dict[str, str] = {}
        for language, text in self._by_language(value, "text"):
            if not isinstance(text, Scalar) or not text.text.strip():
                self._fault(text, "a reply is a text, and not an empty one: write it after `|` on lines of its own")
            elif len(text.text) > LONGEST:
                self._fault(text, f"this reply is longer than {LONGEST} characters: shorten it")
            elif odd := strays(text.text):
                for one in odd:
                    self._fault(text, _what(one))
            else:
                found[language] = text.text.strip()
        return found


def _what(stray: str) -> str:
    if len(stray) == 1:
        return f"a {stray} stands alone: write {stray * 2} for the sign itself"
    shown = stray if len(stray) <= _SHOWN else f"{stray[:_SHOWN]}…"
    allowed = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    return (
        f"{' '.join(shown.split())} stands for nothing: write one of {allowed}, or {{{{ and }}}} for braces themselves"
    )
