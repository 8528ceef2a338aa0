"""Reading YAML strictly."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from helpbot.strict_yaml import MAX_BYTES, MAX_DEPTH, Fault, Mapping, Node, Scalar, Sequence, parse, unknown_key


def values(node: Node | None) -> object:
    match node:
        case Scalar():
            return node.text
        case Sequence():
            return [values(item) for item in node.items]
        case Mapping():
            return {key.text: values(value) for key, value in node.pairs}
        case None:
            return None


def faults(source: str | bytes) -> list[str]:
    return [str(fault) for fault in parse(source, "a.yaml")[1]]


@pytest.mark.parametrize("text", ["no", "on", "12:30", "010", "1e3", "2026-10-21", "true", "0x1F", "1_000", "=", ".5"])
def test_every_scalar_is_text(text: str) -> None:
    root, found = parse(f"- {text}", "a.yaml")
    assert found == ()
    assert values(root) == [text]


@pytest.mark.parametrize(
    ("source", "line", "part"),
    [
        ("a: 1\nb: 2\na: 3", 3, "stands twice (first in line 1)"),
        ("a: &x 1", 1, "anchors are not allowed"),
        ("a: 1\nb: *x", 2, "aliases are not allowed"),
        ("a: !!int 1", 1, "tags are not allowed"),
        ("a: !!python/object:os.system {}", 1, "tags are not allowed"),
        ("<<: {a: 1}", 1, "merge keys"),
        ("a: 1\n---\nb: 2", 2, "second document"),
        ("? [a, b]\n: c", 1, "a key must be a text"),
        ("a:\n  - b\n - c", 3, "not YAML"),
        ('a: "b', 1, "not YAML"),
        ("a: \x01", 1, "cannot be seen (U+0001)"),
        ("é: 😀\r\nb: c\nx: \x00", 3, "cannot be seen (U+0000)"),
        ("a: b\nx: c\u2028d: e", 2, "cannot be seen (U+2028)"),
        ("a: b\nx: \ud800", 2, "cannot be seen (U+D800)"),
        ('a: b\nx: "\\0"', 2, "invisible character (U+0000)"),
        ('a: b\nx: "\\e[31m"', 2, "invisible character (U+001B)"),
        (b"a: 1\nb: \xff", 2, "not UTF-8"),
        ("a: b".encode("utf-16"), 1, "not UTF-8"),
    ],
)
def test_what_surprises_people_is_a_fault_with_its_line(source: str | bytes, line: int, part: str) -> None:
    found = parse(source, "a.yaml")[1]
    assert any(fault.line == line and part in fault.what for fault in found), found


def test_all_faults_are_told_at_once() -> None:
    assert len(faults("- {a: 1, a: 2}\n- &x b\n- *x\n- !t c")) == 4


def test_every_unseen_character_is_told_at_once() -> None:
    assert [fault.line for fault in parse("a: \x01\nb: c\nd: \x7f\n", "a.yaml")[1]] == [1, 3]


@pytest.mark.parametrize(
    "source",
    ["password: &s3cret x", "password: *s3cret", "password: !s3cret x", "{password:s3cret}", "{password=s3cret}"],
)
def test_a_password_without_quotes_is_in_no_fault(source: str) -> None:
    root, found = parse(source, "a.yaml")
    assert isinstance(root, Mapping)
    told = [*map(str, found), *(unknown_key(key.text, ["user"]) for key, _ in root.pairs if key.text != "password")]
    assert told
    assert "s3cret" not in "".join(told)


def test_a_key_without_a_space_after_its_colon_says_so() -> None:
    assert "a space after the colon" in unknown_key("password:x", ["password"])


def test_a_file_name_that_is_not_unicode_can_be_told() -> None:
    assert str(Fault("a\udcff.yaml", 1, "b")) == "a?.yaml:1: b"


def test_a_file_over_the_limit_is_a_fault() -> None:
    assert "larger than" in faults(b"#" * (MAX_BYTES + 1))[0]
    assert faults(b"#" * MAX_BYTES) == []


@pytest.mark.parametrize("text", ["", "~", "null"])
def test_nothing_is_an_empty_text_and_in_quotes_it_is_what_it_says(text: str) -> None:
    assert values(parse(f"a: {text}", "a.yaml")[0]) == {"a": ""}
    assert values(parse(f"a: '{text}'", "a.yaml")[0]) == {"a": text}


def test_an_alias_bomb_does_not_grow() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20)
    )
    assert len(faults(bomb)) > 20


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "[\n"])
def test_two_thousand_levels_are_a_fault(opening: str) -> None:
    assert f"nested deeper than {MAX_DEPTH}" in faults(opening * 2000)[0]


def test_the_deepest_level_that_is_allowed_is_read() -> None:
    assert faults("[" * MAX_DEPTH + "]" * MAX_DEPTH) == []
    assert faults("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)) != []


def test_an_empty_document_is_nothing() -> None:
    for source in ("", "\n\n", "# only words\n", "\ufeff", b"\xef\xbb\xbf"):
        assert parse(source, "a.yaml")[1] == ()


def test_windows_files_are_read() -> None:
    root, found = parse(b"\xef\xbb\xbfa: 1\r\nb: |\r\n  x\r\n  y\r\n", "a.yaml")
    assert found == ()
    assert values(root) == {"a": "1", "b": "x\ny\n"}


MARKS = st.lists(st.sampled_from(list("-:?&*!|>'\"[]{},#%@`<~ab\n\r\t \\\x00\x85\u2028\ud800")), max_size=60).map(
    "".join
)


@given(st.one_of(st.text(), st.binary(), MARKS))
def test_no_input_raises(source: str | bytes) -> None:
    parse(source, "a.yaml")


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co", "Zl", "Zp"]), max_size=30)
TREES = st.recursive(
    TEXTS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=15
)


@given(TREES.filter(lambda tree: not isinstance(tree, str)))
def test_what_a_dumper_writes_is_read_back_as_text(tree: object) -> None:
    source = yaml.dump(tree, Dumper=_Quoting, allow_unicode=True, width=10_000)
    root, found = parse(source, "a.yaml")
    assert found == ()
    assert values(root) == tree


class _Quoting(yaml.SafeDumper):
    """Writes every text in quotes, and no aliases."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')


_Quoting.add_representer(str, _quoted)
