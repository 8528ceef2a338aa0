"""Reading the FAQ."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpbot.answers.files import load
from helpbot.answers.watch import watch
from helpbot.config import shipped_faq

GOOD = """\
- id: puk
  questions: {fr: ["mon PUK est bloqué"], en: ["my PUK is blocked"]}
  answer: {fr: Réponse, en: Answer}
"""


def faults(folder: Path, text: str, name: str = "a.yaml") -> list[str]:
    (folder / name).write_text(text)
    return [str(fault).removeprefix(str(folder) + "/") for fault in load(folder, ["fr", "en"])[1]]


def test_the_faq_that_ships_is_without_fault_and_as_large_as_promised() -> None:
    faq, found = load(shipped_faq(), ["fr", "en"])
    assert found == ()
    assert len(faq.entries) >= 30
    for entry in faq.entries:
        for language in ("fr", "en"):
            assert len(entry.questions[language]) >= 6, entry.id
            assert entry.not_answered or entry.answer[language], entry.id
            assert entry.tests[language], entry.id
            asked = {text.casefold() for text in entry.questions[language]}
            assert not asked & {text.casefold() for text in entry.tests[language]}, entry.id


def test_an_entry_is_read_with_all_its_keys(tmp_path: Path) -> None:
    text = GOOD + (
        "  team: mobile\n  always_escalate: true\n  valid_from: 2026-10-21\n  valid_until: 2026-12-31\n"
        "  tests: {fr: [g tapé 10 fois le puk]}\n"
    )
    assert faults(tmp_path, text) == []
    (entry,) = load(tmp_path, ["fr", "en"])[0].entries
    assert (entry.team, entry.always_escalate) == ("mobile", True)
    assert (entry.valid_from, entry.valid_until) == (date(2026, 10, 21), date(2026, 12, 31))
    assert entry.tests == {"fr": ("g tapé 10 fois le puk",)}
    assert entry.speaks_on(date(2026, 12, 31))
    assert not entry.speaks_on(date(2027, 1, 1))


def test_a_plain_list_and_a_plain_text_are_in_the_first_language(tmp_path: Path) -> None:
    assert faults(tmp_path, "- id: a\n  questions: [no, 12:30]\n  answer: 010\n  tests: [on]\n") == []
    (entry,) = load(tmp_path, ["fr", "en"])[0].entries
    assert entry.questions == {"fr": ("no", "12:30")}
    assert entry.answer == {"fr": "010"}
    assert entry.tests == {"fr": ("on",)}


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ("id: a", 1, "list of entries"),
        ("- just words", 1, "an entry has keys"),
        ("- questions: [a]\n  answer: b", 1, "no `id`"),
        ("- id: a b\n  questions: [a]\n  answer: b", 1, "one word"),
        ("- id: a\n  answer: b", 1, "no `questions`"),
        ("- id: a\n  questions: [b]", 1, "no `answer`"),
        ("- id: a\n  questions: []\n  answer: b", 2, "not an empty one"),
        ("- id: a\n  questions: ['  ']\n  answer: b", 2, "is a text"),
        ("- id: a\n  questions: [{b: c}]\n  answer: b", 2, "quotes"),
        ("- id: a\n  questions: b\n  answer: b", 2, "list of texts"),
        ("- id: a\n  questions: [b]\n  answer: ''", 3, "not an empty one"),
        ("- id: a\n  questions: {french: [b]}\n  answer: b", 2, "is no language"),
        ("- id: a\n  qestions: [b]\n  answer: b", 2, "did you mean 'questions'?"),
        ("- id: a\n  questions: [b]\n  answer: b\n  always_escalate: yes", 4, "write true or false"),
        ("- id: a\n  questions: [b]\n  answer: b\n  valid_from: 2026-02-31", 4, "no 2026-02-31"),
        ("- id: a\n  questions: [b]\n  answer: b\n  valid_from: tomorrow", 4, "write a date as"),
        ("- id: a\n  questions: [b]\n  answer: b\n  valid_from: 2026-02-02\n  valid_until: 2026-01-01", 5, "is before"),
        (f"- id: a\n  questions: [{'b' * 1001}]\n  answer: b", 2, "longer than 1000"),
        (f"- id: a\n  questions: [b]\n  answer: {'b' * 10001}", 3, "longer than 10000"),
        (GOOD + GOOD.replace("PUK", "PIN"), 4, "as well"),
        (GOOD + GOOD.replace("puk", "pin"), 4, "in one of them"),
        ("- id: a\n  id: b\n  questions: [b]\n  answer: b", 2, "stands twice"),
    ],
)
def test_a_fault_has_its_line_and_says_how_to_mend_it(text: str, line: int, part: str, tmp_path: Path) -> None:
    found = faults(tmp_path, text)
    assert any(fault.startswith(f"a.yaml:{line}: ") and part in fault for fault in found), found


def test_all_faults_of_all_files_come_at_once(tmp_path: Path) -> None:
    (tmp_path / "b.yml").write_text("- id: x y\n  questions: []\n  answr: z\n")
    found = faults(tmp_path, "- {id: a, questions: [b]}\n- {answer: c}\n")
    assert len(found) == 7, found
    assert {fault.split(":")[0] for fault in found} == {"a.yaml", "b.yml"}


def test_a_folder_that_is_not_there_or_empty_is_a_fault(tmp_path: Path) -> None:
    assert "cannot be read" in str(load(tmp_path / "no", ["fr"])[1][0])
    assert "no entry" in str(load(tmp_path, ["fr"])[1][0])
    (tmp_path / "a.yaml").mkdir()
    assert "cannot be read" in str(load(tmp_path, ["fr"])[1][0])


def test_what_is_no_readable_file_is_a_fault_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "dir.yaml").mkdir()
    (tmp_path / "gone.yaml").symlink_to("nowhere")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    os.mkfifo(tmp_path / "pipe.yml")  # reading it would wait for ever
    (tmp_path / ".hidden.yaml").write_text("[")
    (tmp_path / "notes.txt").write_text("[")
    found = faults(tmp_path, GOOD)
    assert [fault.split(":")[0] for fault in found] == ["dir.yaml", "gone.yaml", "loop.yaml", "pipe.yml"]
    assert len(load(tmp_path, ["fr"])[0].entries) == 1


def test_the_same_phrasing_in_two_files_names_both_places(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(GOOD.replace("puk", "pin").replace("mon PUK est bloqué", " MON puk  est bloqué "))
    (fault, other) = faults(tmp_path, GOOD)
    assert fault.startswith("b.yaml:1: ")
    assert "a.yaml:1" in fault
    assert other.startswith("b.yaml:1: ")


def test_the_same_phrasing_twice_in_one_entry_is_no_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, "- id: a\n  questions: {fr: [SIM], en: [sim]}\n  answer: b") == []


def test_twenty_thousand_entries_are_read(tmp_path: Path) -> None:
    entry = "- id: a{0}\n  questions: {{fr: [q {0} x, r {0} y], en: [s {0} z]}}\n  answer: {{fr: A, en: B}}\n"
    (tmp_path / "a.yaml").write_text("".join(entry.format(number) for number in range(20_000)))
    faq, found = load(tmp_path, ["fr", "en"])  # anything quadratic would run into the test's time limit
    assert (len(faq.entries), found) == (20_000, ())


SHAPES = st.recursive(
    st.sampled_from(["a", "true", "2026-02-30", "''", "~", "fr", "&x", "*x"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(
            st.sampled_from(["id", "questions", "answer", "tests", "fr", "en", "team", "valid_from", "x"]), inner
        ).map(lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs.items()) + "}")
    ),
)


@given(st.one_of(SHAPES, SHAPES.map("- {}".format)).map(str.encode) | st.binary())
def test_no_file_raises(tmp_path_factory: pytest.TempPathFactory, source: bytes) -> None:
    folder = tmp_path_factory.getbasetemp() / "shapes"
    folder.mkdir(exist_ok=True)
    (folder / "a.yaml").write_bytes(source)
    faq, found = load(folder, ["fr", "en"])
    assert faq.entries or found


async def watching(folder: Path) -> AsyncIterator[None]:
    """Watch a folder, past what is told at once."""
    changes = watch(folder)
    await anext(changes)
    return changes


async def told(changes: AsyncIterator[None], change: Callable[[int], None]) -> None:
    """Change something again and again until the watcher, which may need a moment to look, has told it."""
    await tried(asyncio.ensure_future(anext(changes)), change)


async def tried(waiting: asyncio.Future[None], change: Callable[[int], None]) -> None:
    async with asyncio.timeout(30):
        number = 0
        while not waiting.done():
            change(number)
            number += 1
            await asyncio.wait([waiting], timeout=0.3)
    waiting.result()


def save(folder: Path, number: int) -> None:
    """Save a file as editors do: under another name, then renamed."""
    folder.mkdir(exist_ok=True)
    (folder / "new.tmp").write_text(GOOD + f"# {number}\n")
    (folder / "new.tmp").rename(folder / "a.yaml")


async def test_a_file_saved_by_rename_is_told(tmp_path: Path) -> None:
    changes = await watching(tmp_path)
    await told(changes, lambda number: save(tmp_path, number))


async def test_a_folder_that_goes_and_comes_back_is_watched_on(tmp_path: Path) -> None:
    folder = tmp_path / "faq"
    changes = await watching(folder)
    await told(changes, lambda number: save(folder, number))
    await told(changes, lambda _: shutil.rmtree(folder, ignore_errors=True))
    await told(changes, lambda number: save(folder, number))


async def test_a_folder_replaced_by_another_of_its_name_is_watched_on(tmp_path: Path) -> None:
    folder = tmp_path / "faq"
    changes = await watching(folder)
    await told(changes, lambda number: save(folder, number))

    def replace(number: int) -> None:
        save(tmp_path / "next", number)
        folder.rename(tmp_path / f"old{number}")
        (tmp_path / "next").rename(folder)

    await told(changes, replace)
    await told(changes, lambda number: save(folder, number))


async def test_other_files_are_not_told(tmp_path: Path) -> None:
    save(tmp_path, 0)
    waiting = asyncio.ensure_future(anext(await watching(tmp_path)))
    for number in range(1, 6):
        (tmp_path / "notes.txt").write_text(str(number))
        (tmp_path / ".a.yaml.swp").write_text(str(number))
        await asyncio.wait([waiting], timeout=0.4)
        assert not waiting.done()
    await tried(waiting, lambda number: save(tmp_path, number))  # it did look
