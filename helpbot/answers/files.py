"""YAML files → the FAQ, with every fault at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from helpbot.answers.entries import Faq, FaqEntry
from helpbot.answers.entry_reader import EntryReader, is_yaml
from helpbot.answers.proposed import PROPOSED
from helpbot.answers.text import normalise
from helpbot.strict_yaml import Fault, Mapping, Node, Scalar, unknown_key
from helpbot.strict_yaml import Sequence as YamlList

KEYS = (
    "id", "questions", "answer", "not_answered", "team", "always_escalate", "valid_from", "valid_until", "tests",
)  # fmt: skip
LONGEST_PHRASING = 1000
LONGEST_ANSWER = 10_000  # four bytes each and encrypted, one event of Matrix still holds it
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")

Texts = dict[str, tuple[str, ...]]


def load(folder: Path, languages: Sequence[str]) -> tuple[Faq, tuple[Fault, ...]]:
    """Return the FAQ of a folder and all its faults; with faults, only what could be read is in it.

    A plain list or text is in the first of `languages`.
    """
    reader = _FaqReader(languages[0])
    if not reader.read_folder(folder, is_faq, "`faq` in the config, or --faq"):
        return Faq(), tuple(reader.faults)
    reader.check_phrasings()
    if not reader.entries and not reader.faults:
        reader.faults.append(Fault(str(folder), 0, "there is no entry in this folder: add a file such as faq.yaml"))
    return Faq(tuple(reader.entries.values())), tuple(sorted(reader.faults))


def is_faq(path: Path) -> bool:
    """Tell whether a file of the folder belongs to the FAQ."""
    return is_yaml(path) and path.name != PROPOSED


class _FaqReader(EntryReader):
    """Collects entries and faults over all files."""

    def __init__(self, first_language: str) -> None:
        super().__init__(first_language)
        self.entries: dict[str, FaqEntry] = {}

    def check_phrasings(self) -> None:
        """Find the phrasings that stand in two entries: a question may come to one entry only."""
        seen: dict[str, FaqEntry] = {}
        for entry in self.entries.values():
            written = [text for texts in entry.questions.values() for text in texts]
            for phrasing in {normalise(text) or text: text for text in written}:
                other = seen.setdefault(phrasing, entry)
                if other is not entry:
                    file, _, line = entry.place.rpartition(":")
                    what = (
                        f"the phrasing {phrasing[:80]!r} of {entry.id!r} stands in {other.id!r} as well "
                        f"({other.place}): keep it in one of them"
                    )
                    self.faults.append(Fault(file, int(line), what))

    def _entry(self, node: Node) -> None:
        if not isinstance(node, Mapping):
            self._fault(node, "an entry has keys: `id`, `questions`, `answer` …")
            return
        for key, _ in node.pairs:
            if key.text not in KEYS:
                self._fault(key, unknown_key(key.text, KEYS))
        entry_id = self._id(node)
        questions = self._texts(node, "questions", LONGEST_PHRASING, needed=True)
        silent = self._flag(node, "not_answered")
        answer = {} if silent else self._answer(node)
        if silent and node.get("answer") is not None:
            self._fault(
                node.get("answer") or node, "an entry that is `not_answered` has no `answer`: take one of them out"
            )
        tests = self._texts(node, "tests", LONGEST_PHRASING, needed=False)
        start, end = self._date(node, "valid_from"), self._date(node, "valid_until")
        if start is not None and end is not None and end < start:
            self._fault(node.get("valid_until") or node, "`valid_until` is before `valid_from`: turn them round")
        escalate = self._flag(node, "always_escalate")
        team = self._text(node, "team")
        place = f"{self._file}:{node.line}"
        if entry_id is None or not self._first_of_its_id(node, entry_id):
            return
        if not questions or not (answer or silent):
            return
        self.entries[entry_id] = FaqEntry(entry_id, questions, answer, team, escalate, start, end, tests, place, silent)

    def _texts(self, node: Mapping, key: str, longest: int, *, needed: bool) -> Texts:
        """Return texts by language from a mapping of lists, or from a list in the first language."""
        value = node.get(key)
        if value is None:
            if needed:
                self._fault(node, f"this entry has no `{key}`: add them by language, as {{fr: [...], en: [...]}}")
            return {}
        found: Texts = {}
        for language, listed in self._by_language(value, key):
            texts = self._list(listed, key, longest)
            if texts:
                found[language] = texts
        return found

    def _answer(self, node: Mapping) -> dict[str, str]:
        value = node.get("answer")
        if value is None:
            self._fault(node, "this entry has no `answer`: add one by language, as {fr: ..., en: ...}")
            return {}
        found: dict[str, str] = {}
        for language, text in self._by_language(value, "answer"):
            if not isinstance(text, Scalar) or not text.text.strip():
                self._fault(text, "an answer is a text, and not an empty one: write it after `|` on lines of its own")
            elif len(text.text) > LONGEST_ANSWER:
                self._fault(text, f"this answer is longer than {LONGEST_ANSWER} characters: shorten it")
            else:
                found[language] = text.text.strip()
        return found

    def _list(self, node: Node, key: str, longest: int) -> tuple[str, ...]:
        if not isinstance(node, YamlList) or not node.items:
            self._fault(node, f'`{key}` are a list of texts, such as ["one", "another"], and not an empty one')
            return ()
        texts: list[str] = []
        for item in node.items:
            if not isinstance(item, Scalar) or not item.text.strip():
                self._fault(item, f"each of `{key}` is a text: put it in quotes if it holds a colon or a bracket")
            elif len(item.text) > longest:
                self._fault(item, f"this is longer than {longest} characters: shorten it")
            else:
                texts.append(" ".join(item.text.split()))
        return tuple(texts)

    def _text(self, node: Mapping, key: str) -> str | None:
        value = node.get(key)
        if value is None:
            return None
        if not isinstance(value, Scalar) or not value.text.strip():
            self._fault(value, f"`{key}` is a text, and not an empty one: write it, or take the key out")
            return None
        return value.text.strip()

    def _flag(self, node: Mapping, key: str) -> bool:
        value = node.get(key)
        if value is None:
            return False
        if not isinstance(value, Scalar) or value.text not in {"true", "false"}:
            self._fault(value, f"`{key}`: write true or false")
            return False
        return value.text == "true"

    def _date(self, node: Mapping, key: str) -> date | None:
        value = node.get(key)
        if value is None:
            return None
        text = value.text if isinstance(value, Scalar) else ""
        if not _DATE.match(text):
            self._fault(value, f"`{key}`: write a date as 2026-10-21")
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            self._fault(value, f"`{key}`: there is no {text} in the calendar: write a day that exists")
            return None
