"""Reading the config."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from helpbot.answers.entries import Faq, FaqEntry
from helpbot.config import Config, check_faq_against, load_config

ROOT = Path(__file__).parent.parent
MATRIX = """\
matrix:
  homeserver: https://matrix.example.org
  user: "@helpbot:example.org"
  password: s3cret-passw0rd
teams:
  - id: mobile
    name: {fr: Équipe mobile, en: Mobile team}
    matrix_room: "#desk-mobile:example.org"
"""


def load(folder: Path, text: str, **env: str) -> tuple[Config | None, list[str]]:
    (folder / "config.yaml").write_text(text)
    config, faults = load_config(folder / "config.yaml", env, explicit=True)
    return config, [str(fault).removeprefix(str(folder) + "/") for fault in faults]


def good(folder: Path, text: str, **env: str) -> Config:
    config, faults = load(folder, text, **env)
    assert faults == []
    assert config is not None
    return config


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    config, faults = load_config(tmp_path / "config.yaml", {}, explicit=False)
    assert faults == ()
    assert config is not None
    assert config.languages == ("fr", "en")
    assert (config.faq_folder() / "sim.yaml").is_file()


def test_a_file_asked_for_must_be_there(tmp_path: Path) -> None:
    config, faults = load_config(tmp_path / "config.yaml", {}, explicit=True)
    assert config is None
    assert "no such file" in str(faults[0])


def test_the_example_is_without_fault_and_names_every_key() -> None:
    path = ROOT / "config.example.yaml"
    config, faults = load_config(path, {}, explicit=True)
    assert faults == ()
    assert config is not None
    text = path.read_text("utf-8")
    for key in _keys(Config):
        assert f"{key}:" in text, key


def _keys(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if name != "folder":
            yield name
        for part in (field.annotation, *get_args(field.annotation)):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from _keys(part)


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    config = good(tmp_path, MATRIX + "database: sqlite:///a/b.db\nfaq: questions\n")
    assert config.database_path() == tmp_path / "a/b.db"
    assert config.faq_folder() == tmp_path / "questions"
    assert config.key_store() == tmp_path / "helpbot-keys"
    assert good(tmp_path, "database: sqlite:////var/lib/helpbot.db").database_path() == Path("/var/lib/helpbot.db")


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    config = good(
        tmp_path,
        MATRIX,
        HELPBOT_MATRIX__PASSWORD="other",
        HELPBOT_LANGUAGES="en, fr",
        HELPBOT_ANSWERS__MAX_WRONG="0.02",
        HELPBOT_MATRIX__INVITES_FROM='["*"]',
        HELPBOT_TEAMS='[{"id": "x", "matrix_room": "#x:y"}]',
        HOME="/root",
    )
    assert config.matrix is not None
    assert config.matrix.password is not None
    assert config.matrix.password.get_secret_value() == "other"
    assert config.languages == ("en", "fr")
    assert config.answers.max_wrong == 0.02
    assert config.matrix.may_invite() == ("*",)
    assert [team.id for team in config.teams] == ["x"]


def test_the_people_of_the_bots_server_may_invite_unless_said_otherwise(tmp_path: Path) -> None:
    matrix = good(tmp_path, MATRIX).matrix
    assert matrix is not None
    assert matrix.may_invite() == ("*:example.org",)


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ("langages: [fr]", 1, "did you mean 'languages'?"),
        ("languages: [fr, de]", 1, "fr, en"),
        ("languages: []", 1, "fr, en"),
        ("languages: fr", 1, "wrong shape"),
        ("\nanswers:\n  max_wrong: 2", 3, "answers.max_wrong"),
        ("answers: {max_wrong: nan}", 1, "answers.max_wrong"),
        ("answers: {out_of_scope: much}", 1, "answers.out_of_scope"),
        ("database: postgres://x", 1, "only SQLite is supported for now"),
        ("matrix: {user: '@a:b', password: x}", 1, "`matrix.homeserver` is missing"),
        ("matrix: {homeserver: 'ftp://x', user: '@a:b', password: x}", 1, "https://"),
        ("matrix: {homeserver: 'https://[', user: '@a:b', password: x}", 1, "https://"),
        ("matrix: {homeserver: 'https://x y', user: '@a:b', password: x}", 1, "https://"),
        ("matrix: {homeserver: 'https://x', user: 'a', password: x}", 1, "full Matrix id"),
        ("matrix: {homeserver: 'https://x', user: '@a:b', password: ''}", 1, "`matrix.password` is empty"),
        ("matrix: {homeserver: 'https://x', user: '@a:b', password: x, encryption: yes}", 1, "true or false"),
        ("matrix: {homeserver: 'https://x', user: '@a:b', password: x, store: ''}", 1, "write a path"),
        ("matrix: {homeserver: 'https://x', user: '@a:b', access_token: \"a\\nb\"}", 1, "a token is one word"),
        ("matrix: {homeserver: 'https://x', user: '@a:b', password: \"a\\nb\"}", 1, "line break"),
        ("matrix: {homeserver: 'https://x', user: '@a:b', password: x, invites_from: ['example.org']}", 1, "patterns"),
        ("faq: ''", 1, "write a path"),
        ("folder: /tmp", 1, "unknown key 'folder'"),
        ("answers:", 1, "is empty"),
        ("answers: {max_wrong: '0,05'}", 1, "a number such as 0.05"),
        ("tickets: {idle_hours: 1_0}", 1, "a whole number"),
        ("matrix: {homeserver: 'https://x', user: '@a:b'}", 1, "either `password` or `access_token`"),
        ("matrix: {homeserver: 'https://x', user: '@a:b', password: x, access_token: y}", 1, "one of the two"),
        ("matrix: {homeserver: 'https://x', user: '@a:b', pasword: x}", 1, "did you mean 'password'?"),
        ("matrix: {homeserver: 'https://x', user: '@a:b', password: x, encryption: perhaps}", 1, "encryption"),
        ("teams: []", 1, "at least one team"),
        ("teams:\n  - {id: a}\n  - {id: a}", 3, "same `id`"),
        ("teams:\n  - id: a b", 2, "teams.0.id"),
        ("teams:\n  - id: a\n    matrix_room: desk", 3, "alias or id"),
        ("teams:\n  - id: a\n    matrix_room: '#desk'", 3, "alias or id"),
        ("teams:\n  - {id: a, matrix_room: '#x:y'}\n  - {id: b, matrix_room: '#x:y'}", 3, "same `matrix_room`"),
        ("teams:\n  - id: a\n    name:\n      french: b", 4, "is no language"),
        ("teams: [{id: a, name: ''}]", 1, "write a name"),
        ("agents: {plain_text: all}", 1, "'owner' or 'explicit'"),
        ("discord: {token: x, help_channel: help}", 1, "Developer Mode"),
        ("discord: {}", 1, "`discord.token` is missing"),
        ("discord: {token: x, api: here}", 1, "write an address"),
        ("teams: [{id: a, discord_channel: '#desk'}]", 1, "Copy ID"),
        (
            "teams:\n  - {id: a, discord_channel: 123456789012345678}\n"
            "  - {id: b, discord_channel: '123456789012345678'}",
            3,
            "same `discord_channel`",
        ),
        ("tickets: {reopen_for_days: 0}", 1, "tickets.reopen_for_days"),
        ("- a", 1, "keys and values"),
        ("a: &b c", 1, "anchors"),
    ],
)
def test_a_fault_has_its_line_and_says_how_to_mend_it(text: str, line: int, part: str, tmp_path: Path) -> None:
    config, found = load(tmp_path, text)
    assert config is None
    assert any(fault.startswith(f"config.yaml:{line}: ") and part in fault for fault in found), found


def test_a_fault_of_the_environment_names_its_variable(tmp_path: Path) -> None:
    _, found = load(
        tmp_path,
        "",
        HELPBOT_MATRIX__PASWORD="x",
        HELPBOT_LANGAGES="fr",
        HELPBOT_ANSWERS__MAX_WRONG="7",
        HELPBOT_TEAMS="[{",
    )
    assert [fault.split(":")[0] for fault in found] == [
        "HELPBOT_ANSWERS__MAX_WRONG",
        "HELPBOT_LANGAGES",
        "HELPBOT_MATRIX__PASWORD",
        "HELPBOT_TEAMS",
    ]
    assert "did you mean 'languages'?" in found[1]


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("HELPBOT_TEAMS", "[" * 100_000, "not JSON"),
        ("HELPBOT_TEAMS__0__ID", "x", "set HELPBOT_TEAMS as a whole"),
        ("HELPBOT_DATABASE__PATH", "x", "set HELPBOT_DATABASE as a whole"),
        ("HELPBOT_FOLDER", "x", "unknown key"),
        ("HELPBOT_", "x", "unknown key"),
        ("HELPBOT_FAQ", "", "write a path"),
        ("HELPBOT_LANGUAGES", "", "fr, en"),
        ("HELPBOT_TEAMS", '[{"id": "a"}, {"id": "a"}]', "same `id`"),
        ("HELPBOT_AGENTS", '{"plain_txt": "owner"}', "did you mean 'plain_text'?"),
        ("HELPBOT_MATRIX__PASSWORD", "", "is empty"),
    ],
)
def test_no_variable_raises(name: str, text: str, part: str, tmp_path: Path) -> None:
    config, found = load(tmp_path, "", **{name: text})
    assert config is None
    assert any(fault.startswith(f"{name}: ") and part in fault for fault in found), found


def test_a_file_that_cannot_be_parsed_is_not_said_to_lack_anything(tmp_path: Path) -> None:
    _, found = load(tmp_path, "matrix: [", HELPBOT_MATRIX__PASSWORD="x", HELPBOT_LANGAGES="fr")
    assert len(found) == 2
    assert "not YAML" in found[0]
    assert found[1].startswith("HELPBOT_LANGAGES")


def test_one_fault_hides_no_other(tmp_path: Path) -> None:
    _, found = load(
        tmp_path,
        "matrix:\n  homeserver: x\n  usr: y\nteams:\n  - {id: a}\n  - {id: a}\n  - {id: b c}\ndiscord: {x: y}\n",
    )
    parts = ["either `password`", "user` is missing", "address", "'usr'", "same `id`", "teams.2.id", "discord.token"]
    assert [part for part in parts if not any(part in fault for fault in found)] == []


@pytest.mark.parametrize(
    "line",
    ["password: &s3cret x", "password: !s3cret x", "password: {s3cret: x}", "password: [s3cret]", "password: *s3cret"],
)
def test_a_password_written_wrongly_is_not_told(line: str, tmp_path: Path) -> None:
    _, found = load(tmp_path, f"matrix:\n  homeserver: https://x\n  user: '@a:b'\n  {line}\n")
    assert found
    assert "s3cret" not in "".join(found)
    _, found = load(tmp_path, "matrix: {homeserver: 'https://u:s3cret@x', user: '@a:b', password:s3cret}\n")
    assert len(found) >= 2
    assert "s3cret" not in "".join(found)


def test_all_faults_come_at_once_and_no_secret_is_told(tmp_path: Path) -> None:
    text = MATRIX.replace("https://", "") + "answers: {max_wrong: 9}\nlanguages: [xx]\nnonsense: 1\n"
    _, found = load(tmp_path, text)
    assert len(found) == 4, found
    assert "s3cret" not in "".join(found)
    assert "s3cret" not in repr(good(tmp_path, MATRIX))


def test_the_desk_needs_a_network_and_a_room_for_each_team(tmp_path: Path) -> None:
    assert good(tmp_path, MATRIX).faults_for_run("config.yaml") == ()
    assert "matrix" in str(good(tmp_path, "").faults_for_run("config.yaml")[0])
    assert "`teams`" in str(good(tmp_path, MATRIX.split("teams:", maxsplit=1)[0]).faults_for_run("config.yaml")[0])
    roomless = good(tmp_path, MATRIX.split("teams:", maxsplit=1)[0] + "teams: [{id: a}]")
    assert "matrix_room" in str(roomless.faults_for_run("config.yaml")[0])


def test_an_entry_for_a_team_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    entry = FaqEntry("a", {"fr": ("b",)}, {"fr": "c"}, team="mobil", place="faq/a.yaml:3")
    (fault,) = check_faq_against(good(tmp_path, MATRIX), Faq((entry,)))
    assert str(fault).startswith("faq/a.yaml:3: ")
    assert "mobile" in fault.what


KEYS = st.sampled_from(["languages", "matrix", "teams", "id", "name", "user", "answers", "max_wrong", "x"])
SHAPES = st.recursive(
    st.text(max_size=5), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4)
)


@given(SHAPES)
def test_no_shape_of_a_config_raises(tmp_path_factory: pytest.TempPathFactory, tree: object) -> None:
    path = tmp_path_factory.getbasetemp() / "shape.yaml"
    path.write_text(json.dumps(tree))
    config, faults = load_config(path, {}, explicit=True)
    assert (config is None) == bool(faults)


def test_a_token_may_end_with_a_line_break(tmp_path: Path) -> None:
    matrix = good(tmp_path, "matrix:\n  homeserver: https://x\n  user: '@a:b'\n  access_token: |\n    syt_abc\n").matrix
    assert matrix is not None
    assert matrix.access_token is not None
    assert matrix.access_token.get_secret_value() == "syt_abc"


def test_a_fault_of_a_section_that_only_the_environment_has_is_placed_there(tmp_path: Path) -> None:
    _, found = load(tmp_path, "languages: [fr]\n", HELPBOT_DISCORD__TOKEN="x y")
    assert len(found) == 1
    assert found[0].startswith("HELPBOT_DISCORD__TOKEN: ")
