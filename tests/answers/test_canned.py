"""Reading replies that are ready."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpbot.answers.canned import LONGEST, load
from helpbot.core.model import Canned

GREET = "- id: greet\n  text: {fr: 'Bonjour {customer}', en: 'Hello {customer}'}\n"


def faults(folder: Path, text: str) -> list[str]:
    (folder / "a.yaml").write_text(text)
    return [str(fault).removeprefix(f"{folder}/") for fault in load(folder, "fr")[1]]


def test_replies_come_by_id_and_a_plain_text_is_in_the_first_language(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GREET)
    (tmp_path / "b.yml").write_text("- id: bye\n  text: |\n    Au revoir {{ }}\n    {agent}\n")
    (tmp_path / "notes.txt").write_text("not ours")
    (tmp_path / ".b.yaml").write_text("neither")
    found, wrong = load(tmp_path, "fr")
    assert wrong == ()
    assert found == {
        "greet": Canned("greet", {"fr": "Bonjour {customer}", "en": "Hello {customer}"}),
        "bye": Canned("bye", {"fr": "Au revoir {{ }}\n{agent}"}),
    }


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ("id: a\ntext: b", 1, "a list of them"),
        ("- a", 1, "a reply has keys"),
        ("- id: a\n  txt: b", 2, "did you mean 'text'?"),
        ("- id: a", 1, "no `text`"),
        ("- text: a", 1, "no `id`"),
        ("- id: a b\n  text: c", 1, "one word of letters"),
        ("- id: [a]\n  text: c", 1, "one word of letters"),
        ("- id: a\n  text: ''", 2, "not an empty one"),
        ("- id: a\n  text: {}", 2, "`text` is empty"),
        ("- id: a\n  text: [b]", 2, "not an empty one"),
        ("- id: a\n  text:\n    french: b", 3, "is no language"),
        (
            "- id: a\n  text:\n    fr: b\n    en: 'Hello {name}'",
            4,
            "{name} stands for nothing: write one of {customer}",
        ),
        ("- id: a\n  text: 'Hello {}'", 2, "{} stands for nothing"),
        ("- id: a\n  text: 'Hello {'", 2, "a { stands alone: write {{ for the sign itself"),
        ("- id: a\n  text: 'Hello }'", 2, "a } stands alone: write }} for the sign itself"),
        ('- id: a\n  text: "{a\\nb}"', 2, "{a b} stands for nothing"),
        (f"- id: a\n  text: {'x' * (LONGEST + 1)}", 2, "longer than 4000"),
        ("- id: a\n  text: b\n- id: a\n  text: c", 3, "stands at "),
        ("- id: a\n  text: &x b", 2, "anchors"),
        ("- id: [", 2, "not YAML"),
    ],
)
def test_a_fault_has_its_line_and_says_how_to_mend_it(text: str, line: int, part: str, tmp_path: Path) -> None:
    found = faults(tmp_path, text)
    assert any(fault.startswith(f"a.yaml:{line}: ") and part in fault for fault in found), found
    assert all("\n" not in fault for fault in found)


def test_every_fault_comes_at_once_and_hides_no_good_reply(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(GREET)
    assert len(faults(tmp_path, "- id: a\n  text: {fr: '{x} {', en: ''}\n- id: greet\n  text: a\n- txt: b\n")) == 7
    assert "greet" in load(tmp_path, "fr")[0]


def test_as_long_as_may_be_is_no_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, f"- id: a\n  text: {'x' * LONGEST}") == []


def test_a_folder_that_is_not_there_or_holds_nothing_is_a_fault(tmp_path: Path) -> None:
    (fault,) = load(tmp_path / "canned", "fr")[1]
    assert str(fault).startswith(f"{tmp_path}/canned: ")
    assert "check `agents.canned`" in fault.what
    (fault,) = load(tmp_path, "fr")[1]
    assert "there is no reply in this folder" in fault.what


def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "folder.yaml").mkdir()
    found = [fault.what for fault in load(tmp_path, "fr")[1]]
    assert len(found) == 2
    assert all("it is not a file" in what for what in found)


@given(st.text(alphabet="- id:text{}frcustomer\n'|", max_size=60))
def test_no_file_raises(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.getbasetemp() / "canned"
    folder.mkdir(exist_ok=True)
    (folder / "a.yaml").write_text(text)
    found, wrong = load(folder, "fr")
    assert found or wrong
