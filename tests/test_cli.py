"""The command line as people and scripts use it: real processes, pipes and exit codes."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from helpbot.core.effects import Asked
from helpbot.core.model import Person, Status, Ticket, Zone
from helpbot.store.base import Conversation, Step
from helpbot.store.sqlite import SqliteStore
from helpbot.transports.base import Incoming, Kind
from tests import forks

FAQ = Path(__file__).parent / "faq"


def helpbot(*words: str, folder: Path, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("HELPBOT_")}
    done = forks.run(*words, cwd=folder, env={**clean, **env}, given=stdin)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_ask_json_prints_one_object_a_line_in_order(tmp_path: Path) -> None:
    questions = ["g bloqué mon puk", "what is the weather tomorrow", "", "\x00\u202e", "my PUK is blocked"]
    done = helpbot("ask", "--json", "--faq", str(FAQ), folder=tmp_path, stdin="\n".join(questions) + "\n")
    assert done.returncode == 0
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["question"] for line in lines] == questions
    first = lines[0]
    assert set(first) == {"question", "language", "decision", "entry", "confidence", "candidates", "ms"}
    assert (first["decision"], first["entry"], first["language"]) == ("answer", "puk-blocked", "fr")
    assert first["candidates"][0] == {"entry": "puk-blocked", "confidence": first["confidence"]}
    assert lines[1]["decision"] == "escalate"
    assert lines[2]["decision"] == "escalate"
    assert all(len(line["candidates"]) <= 5 and 0 <= line["confidence"] <= 1 for line in lines)


def test_ask_tells_a_person_why(tmp_path: Path) -> None:
    done = helpbot("ask", "my", "puk", "is", "blocked", folder=tmp_path)
    assert done.returncode == 0
    assert "puk-blocked" in done.stdout


def test_a_smaller_share_of_wrong_answers_answers_less(tmp_path: Path) -> None:
    questions = "\n".join(["my phone got stolen", "comment resilier", "moving house", "je demenage", "internet lent"])
    answered = [
        helpbot("ask", "--json", "--max-wrong", share, folder=tmp_path, stdin=questions).stdout.count('"answer"')
        for share in ("0.3", "0.001")
    ]
    assert answered[0] > answered[1]


def test_chat_runs_the_whole_desk_from_a_pipe(tmp_path: Path) -> None:
    script = "\n".join(
        [
            "my puk code is blocked", "do you sell electric bicycles?", "/agent !claim", "/agent Hello from Sam",
            "/agent !note a secret word", "thanks", "/agent !close Bye!", "/agent", "/quit",
        ]
    )  # fmt: skip
    done = helpbot("chat", folder=tmp_path, stdin=script, HELPBOT_LANGUAGES="en,fr")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    bot = "\n".join(line for line in lines if line.startswith("bot "))
    agents = "\n".join(line for line in lines if line.startswith("agents "))
    for words in ("human", "SIM", "#1", "Sam is taking care", "Hello from Sam", "Bye!"):
        assert words in bot, words
    for words in ("#1 · waiting", "my puk code is blocked", "electric bicycles", "taken", "✅", "📝", "closed"):
        assert words in agents, words
    assert "secret" not in bot
    assert "\x1b" not in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_chat_ends_with_its_input(tmp_path: Path) -> None:
    assert helpbot("chat", folder=tmp_path, stdin="hello").returncode == 0


def test_check_is_content_with_what_ships(tmp_path: Path) -> None:
    done = helpbot("check", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")


def test_check_prints_every_fault_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "faq").mkdir()
    (tmp_path / "faq" / "a.yaml").write_text("- id: a\n  questions: [b]\n")
    (tmp_path / "config.yaml").write_text("langages: [fr]\nfaq: faq\n")
    done = helpbot("check", folder=tmp_path)
    assert done.returncode == 1
    assert done.stdout.startswith("config.yaml:1: unknown key")
    assert "faq/a.yaml:1: " in done.stdout
    only = helpbot("check", "--faq", "faq", folder=tmp_path)
    assert only.returncode == 1
    assert only.stdout.splitlines() == ["faq/a.yaml:1: " + only.stdout.splitlines()[0].split(": ", 1)[1]]


def test_check_tells_of_a_test_that_does_not_come_to_its_entry(tmp_path: Path) -> None:
    text = "- id: a\n  questions: [red apples]\n  answer: x\n  tests: [blue bicycles]\n"
    (tmp_path / "a.yaml").write_text(text)
    done = helpbot("check", "--faq", str(tmp_path), folder=tmp_path)
    assert done.returncode == 1
    assert "blue bicycles" in done.stdout


def test_check_finds_a_ready_reply_that_is_vague_about_time_worth_a_look(tmp_path: Path) -> None:
    for folder in ("canned", "faq"):
        (tmp_path / folder).mkdir()
    (tmp_path / "faq" / "a.yaml").write_text("- id: a\n  questions: [red apples]\n  answer: x\n")
    replies = "- id: call\n  text: {en: 'We call you soon, {customer}', fr: 'Appelez le 39 00'}\n"
    (tmp_path / "canned" / "a.yaml").write_text(replies)
    (tmp_path / "config.yaml").write_text("faq: faq\nagents: {canned: canned}\n")
    done = helpbot("check", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    note = "worth a look: canned: the reply 'call' (en) says “soon” and no time: "
    assert [line.startswith(note) for line in done.stderr.splitlines() if "canned" in line] == [True], done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["fly"],
        ["ask", "--max-wrong", "2", "x"],
        ["run", "--nonsense"],
        ["run", "-c", "no-such-file.yaml"],
        ["run"],
        ["ask", "--faq", "no-such-folder", "x"],
        ["chat", "-c", "bad.yaml"],
    ],
)
def test_wrong_usage_and_an_unusable_config_end_with_2(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("langages: [fr]\n")
    done = helpbot(*words, folder=tmp_path)
    assert done.returncode == 2, done.stderr
    assert done.stderr
    assert done.stdout == ""


def test_an_admins_token_left_empty_in_the_environment_is_none(tmp_path: Path) -> None:
    done = helpbot("doctor", folder=tmp_path, HELPBOT_DOCTOR_ADMIN_TOKEN="")
    assert done.returncode == 2
    assert done.stderr == "config.yaml: there is no `matrix` or `discord` section: the desk needs a network to run on\n"


def test_help_lists_every_command(tmp_path: Path) -> None:
    done = helpbot("--help", folder=tmp_path)
    assert done.returncode == 0
    assert all(command in done.stdout for command in ("run", "chat", "ask", "check"))


def test_who_stops_reading_gets_no_complaint(tmp_path: Path) -> None:
    code = f"yes puk | {sys.executable} -m helpbot ask --json | head -1"
    done = subprocess.run(["bash", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""


def test_calibrate_says_what_the_faq_can_do(tmp_path: Path) -> None:
    done = helpbot("calibrate", "--plot", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "answers.max_wrong" in done.stdout
    assert "█" in done.stdout
    lines = [json.loads(line) for line in helpbot("calibrate", "--json", folder=tmp_path).stdout.splitlines()]
    assert [line["promised"] for line in lines] == [0.01, 0.02, 0.05, 0.1]
    assert [line["threshold"] for line in lines] == sorted((line["threshold"] for line in lines), reverse=True)
    for line in lines:
        assert line["answered"] + line["suggested"] + line["escalated"] == pytest.approx(1, abs=0.001)
        assert line["wrong"] <= line["promised"]


def a_desk(folder: Path) -> None:
    """Leave a database of questions in a folder, with a config that names it."""
    (folder / "config.yaml").write_text("database: sqlite:///desk.db\n")

    async def ask() -> None:
        store = await SqliteStore.open(folder / "desk.db")
        for number, (text, zone) in enumerate(
            [("vendez-vous des vélos ?", Zone.ESCALATE), ("vendez vous un vélo", Zone.ESCALATE), ("puk", Zone.ANSWER)],
            1,
        ):
            person = Person(f"@{number}:x", "A")
            now = datetime(2026, 10, 21, tzinfo=UTC)
            await store.receive(
                "m", [Incoming(f"${number}", Kind.SAID, f"!{number}", person.id, "A", now, text)], None, now
            )
            row = await store.next_inbox()
            assert row is not None
            ticket = Ticket(number, person, "desk", now, status=Status.BOT)
            note = Asked(text, None, "fr", zone, "puk-find", 0.9)
            talk = Conversation(0, "m", f"!{number}", person)
            await store.keep(Step(row, now, talk, ticket, notes=[note]))
        await store.close()

    asyncio.run(ask())


def test_gaps_groups_the_questions_and_writes_a_draft_that_check_takes(tmp_path: Path) -> None:
    a_desk(tmp_path)
    done = helpbot("gaps", "--draft", "draft.yaml", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 ×" in done.stdout
    assert "2 questions in 1 group" in done.stderr
    again = helpbot("gaps", "--draft", "draft.yaml", folder=tmp_path)
    assert again.returncode == 2
    assert "is there already" in again.stderr
    (tmp_path / "faq").mkdir()
    (tmp_path / "draft.yaml").rename(tmp_path / "faq" / "draft.yaml")
    assert helpbot("check", "--faq", "faq", folder=tmp_path).returncode == 0
    (line,) = helpbot("gaps", "--json", folder=tmp_path).stdout.splitlines()
    assert json.loads(line)["asked"] == 2


def test_replay_shows_what_a_changed_faq_would_do(tmp_path: Path) -> None:
    a_desk(tmp_path)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "a.yaml").write_text('- {id: bikes, questions: ["vendez-vous des vélos"], answer: {fr: non}}\n')
    done = helpbot("replay", "--faq", "new", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    changes = [json.loads(line) for line in done.stdout.splitlines()]
    assert {"question": "vendez-vous des vélos ?", "then": "a person", "now": "answer bikes", "asked": 1} in changes
    assert {"question": "puk", "then": "answer puk-find", "now": "a person", "asked": 1} in changes
    assert "would be treated otherwise" in helpbot("replay", folder=tmp_path).stderr


@pytest.mark.parametrize("command", ["gaps", "replay"])
def test_the_workshop_without_a_database_says_so(command: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("database: sqlite:///desk.db\n")
    done = helpbot(command, folder=tmp_path)
    assert done.returncode == 2
    assert "there is no database" in done.stderr


@pytest.mark.parametrize(
    ("script", "code", "told"),
    [
        ("yes mon puk | head -5000 | {helpbot} chat | head -2", 0, ""),
        ("yes mon puk | head -5000 | {helpbot} ask | head -2", 0, ""),
        ("{helpbot} ask puk <&-", 0, ""),
        ("{helpbot} ask puk >&-", 0, ""),
        ("{helpbot} check 2>&-", 0, ""),
        ("{helpbot} ask puk > /dev/full", 2, "make room"),
        ("{helpbot} ask --max-wrong nan puk", 2, "not a number"),
        ('HELPBOT_ANSWERS=\'{{"max_wrong": 0.1, "max_wrong": 0.2}}\' {helpbot} check', 1, ""),
        ("timeout 20 {helpbot} check -c /dev/zero", 1, ""),
    ],
)
def test_closed_and_full_streams_and_odd_values_end_as_they_should(
    script: str, code: int, told: str, tmp_path: Path
) -> None:
    line = script.format(helpbot=f"{sys.executable} -m helpbot")
    first = "0" if "|" in line and "chat" not in line and "ask |" not in line else "-2"
    asked = f'{line}; echo "${{PIPESTATUS[{first}]}}" >&2' if "|" in line else f"{line}; echo $? >&2"
    done = subprocess.run(["bash", "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    *lines, ended = done.stderr.strip().splitlines() or [""]
    assert int(ended) == code, done.stderr
    assert "Traceback" not in done.stderr
    assert told in "\n".join(lines)


def test_check_finds_what_run_would_refuse(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        'database: sqlite:///nowhere/desk.db\nmatrix: {homeserver: "https://x.org", user: "@b:x.org", password: x}\n'
        "teams:\n  - id: desk\n    matrix_room: #desk:x.org\n"
    )
    done = helpbot("check", folder=tmp_path)
    assert done.returncode == 1
    assert "in quotes if it begins with #" in done.stdout
    assert "there is no folder" in done.stdout


@pytest.mark.parametrize(
    ("words", "code", "database"),
    [
        (["run"], 2, "x" * 300),
        (["check"], 1, "x" * 300 + "/desk.db"),
        (["doctor"], 2, "x" * 300),
        (["backup", "copy.db"], 2, "x" * 300 + "/desk.db"),
    ],
    ids=["run", "check", "doctor", "backup"],
)
def test_a_database_that_cannot_even_be_looked_for_is_told_in_a_line(
    words: list[str], code: int, database: str, tmp_path: Path
) -> None:
    (tmp_path / "config.yaml").write_text(
        f'database: sqlite:///{database}\nmatrix: {{homeserver: "https://x.org", user: "@b:x.org", password: x}}\n'
        "teams:\n  - id: desk\n    matrix_room: '#desk:x.org'\n"
    )
    done = helpbot(*words, folder=tmp_path)
    assert done.returncode == code, done.stderr
    (line, *_) = (done.stdout + done.stderr).splitlines()
    assert "name too long" in line


def test_calibrate_says_when_there_is_too_little_to_measure(tmp_path: Path) -> None:
    (tmp_path / "faq").mkdir()
    (tmp_path / "faq" / "a.yaml").write_text('- {id: a, questions: ["mon puk est bloqué"], answer: {fr: b}}\n')
    done = helpbot("calibrate", "--faq", "faq", folder=tmp_path)
    assert done.returncode == 2
    assert "too small to measure" in done.stderr


def test_chat_writes_what_an_agent_proposes_beside_the_faq_of_the_admin(tmp_path: Path) -> None:
    (tmp_path / "faq").mkdir()
    (tmp_path / "faq" / "a.yaml").write_text('- {id: a, questions: ["mon puk est bloqué"], answer: {fr: b}}\n')
    script = "how do I bake bread?\n/agent !claim\n/agent take flour\n/agent !learn new\n/quit\n"
    assert helpbot("chat", "--faq", "faq", folder=tmp_path, stdin=script).returncode == 0
    assert "take flour" in (tmp_path / "faq" / "proposed.yaml").read_text()


def test_check_finds_faulty_replies_also_beside_a_faulty_config(tmp_path: Path) -> None:
    (tmp_path / "canned").mkdir()
    (tmp_path / "canned" / "a.yaml").write_text("- id: greet\n  text: Hello {name}\n")
    (tmp_path / "config.yaml").write_text("agents: {canned: canned}\n")
    done = helpbot("check", folder=tmp_path)
    assert done.returncode == 1
    assert done.stdout.startswith("canned/a.yaml:2: {name} stands for nothing: ")
    (tmp_path / "config.yaml").write_text("agents: {canned: canned}\nlangages: [fr]\n")
    lines = helpbot("check", folder=tmp_path).stdout.splitlines()
    assert [line.split(" ")[0] for line in lines] == ["config.yaml:2:", "canned/a.yaml:2:"]


@pytest.mark.parametrize("command", ["run", "chat"])
def test_no_desk_starts_with_faulty_replies(command: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        'agents: {canned: canned}\nmatrix: {homeserver: "http://127.0.0.1:9", user: "@b:x.org", password: x}\n'
        "teams:\n  - id: desk\n    matrix_room: '#desk:x.org'\n"
    )
    done = helpbot(command, folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("canned: the canned folder cannot be read (No such file or directory): check ")


def test_check_has_a_look_at_teams(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("teams: [{id: desk, hours: {mon: '09:00-17:00'}, holidays: [2020-01-01]}]\n")
    done = helpbot("check", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    notes = [line for line in done.stderr.splitlines() if line.startswith("worth a look: config.yaml: the team 'desk'")]
    assert len(notes) == 3
