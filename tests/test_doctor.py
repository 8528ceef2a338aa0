"""`helpbot doctor` without a homeserver: what each fact means, and what is found on the machine itself."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from nio.crypto import OlmAccount

from helpbot import cli_doctor, doctor, doctor_base, doctor_files, doctor_matrix
from helpbot.config import Config, Matrix
from helpbot.doctor_base import Finding, Kept, State
from helpbot.store import look
from helpbot.store.lock import DeskLock
from helpbot.store.sqlite import SqliteStore
from helpbot.transports.base import Incoming, Kind
from tests import forks

BOT, SAM = "@helpbot:example.org", "@sam:example.org"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FAQ = Path(__file__).parent / "faq"
PLACES = """
faq: {faq}
matrix: {{homeserver: "http://127.0.0.1:9", user: "@helpbot:example.org", password: hidden-word}}
teams: [{{id: mobile, matrix_room: "!desk"}}]
"""


def ran(folder: Path, *words: str, admin_token: str | None = None) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("HELPBOT_")}
    clean |= {} if admin_token is None else {"HELPBOT_DOCTOR_ADMIN_TOKEN": admin_token}
    done = forks.run("doctor", *words, cwd=folder, env=clean)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def state(finding: Finding) -> str:
    """Return how it is; what is not ok says how it is mended, and what is ok has nothing to mend."""
    assert (finding.mend == "") == (finding.state is State.OK), finding
    return finding.state.value


def states(findings: list[Finding]) -> dict[str, str]:
    return {one.check: state(one) for one in findings}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(folder=tmp_path, faq=FAQ, matrix=Matrix(homeserver="http://127.0.0.1:9", user=BOT, password="x"))  # type: ignore[arg-type]  # pydantic makes the secret


def examined(config: Config) -> tuple[dict[str, Finding], Kept]:
    assert config.matrix is not None
    findings, kept = doctor.examine(config, config.matrix, NOW)
    assert len({one.check for one in findings}) == len(findings)
    assert all(state(one) for one in findings)
    return {one.check: one for one in findings}, kept


def noted(database: Path, **values: object) -> None:
    """Keep values in the desk's database as the Matrix transport does; makes the database if there is none."""

    async def note() -> None:
        store = await SqliteStore.open(database)
        for name, value in values.items():
            text = value if isinstance(value, str) else json.dumps(value)
            await store.notebook("matrix").put(name.replace("__", ":"), text)
        await store.close()

    asyncio.run(note())


# --- what facts mean


@pytest.mark.parametrize(("mode", "wanted", "how"), [
    (0o600, 0o600, "ok"), (0o400, 0o600, "ok"), (0o640, 0o600, "warn"), (0o604, 0o600, "warn"), (0o700, 0o700, "ok"),
    (0o755, 0o700, "warn"),
])  # fmt: skip
def test_what_others_may_use_is_warned_of(mode: int, wanted: int, how: str) -> None:
    finding = doctor_files.permissions("database", Path("/a b/helpbot.db"), mode, wanted)
    assert state(finding) == how
    assert finding.mend == ("" if how == "ok" else f"chmod {wanted:o} '/a b/helpbot.db'")


def test_damage_is_a_fault() -> None:
    assert state(doctor_files.soundness("x", ["ok"])) == "ok"
    assert state(doctor_files.soundness("x", [])) == "fault"
    damaged = doctor_files.soundness("x", ["page 3: btreeInitPage() returns error code 11"])
    assert state(damaged) == "fault"
    assert "page 3" in damaged.meaning


def test_only_a_newer_database_is_a_fault() -> None:
    assert [state(doctor.version(found, 4)) for found in (3, 4, 5)] == ["warn", "ok", "fault"]


def test_a_journal_other_than_wal_is_warned_of() -> None:
    start = b"SQLite format 3\0\x10\0"
    found = [doctor.journal(header) for header in (start + b"\2\2", start + b"\1\1", b"")]
    assert [state(one) for one in found] == ["ok", "warn", "warn"]


def test_commits_that_a_power_cut_may_lose_are_a_fault() -> None:
    assert [state(doctor.durability(level)) for level in (0, 1, 2)] == ["fault", "fault", "ok"]


def test_an_old_sqlite_is_told_of_and_no_trouble_with_one_writer() -> None:
    old, new = doctor.sqlite_library((3, 51, 2)), doctor.sqlite_library((3, 51, 3))
    assert (state(old), state(new)) == ("ok", "ok")
    assert "one writer" in old.meaning
    assert new.meaning == "3.51.3"


def test_a_disk_that_is_nearly_full_is_warned_of() -> None:
    assert [state(doctor.space(free)) for free in (199_999_999, 200_000_000)] == ["warn", "ok"]


def test_a_desk_that_does_not_run_is_warned_of() -> None:
    assert [state(doctor.running(process)) for process in (None, "12")] == ["warn", "ok"]


@pytest.mark.parametrize(("count", "age", "how", "words"), [
    (0, None, "ok", "no message waits"), (1, 10, "ok", "1 message waiting, the oldest for 0 min"),
    (2, 299, "ok", "2 messages"), (2, 300, "warn", "2 messages waiting, the oldest for 5 min"),
    (3, 10_000, "warn", "for 2 h"), (1, -50, "ok", "for 0 min"),
])  # fmt: skip
def test_what_waits_long_is_warned_of(count: int, age: int | None, how: str, words: str) -> None:
    oldest = None if age is None else NOW - timedelta(seconds=age)
    finding = doctor.queue("unsent messages", "message", count, oldest, NOW)
    assert state(finding) == how
    assert words in finding.meaning


def test_dead_letters_are_warned_of_with_the_command_that_lists_them() -> None:
    assert state(doctor.dead_letters(0)) == "ok"
    assert doctor.dead_letters(0).meaning == "nothing was given up", "what is still tried may be in the list too"
    assert state(doctor.dead_letters(3)) == "warn"
    assert "helpbot dead list" in doctor.dead_letters(3).mend


def test_keys_of_somebody_else_or_that_cannot_be_opened_are_a_fault() -> None:
    found = [doctor.own_keys(Path("keys.db"), keys, BOT, "ONE") for keys in ([], [None], ["abc"])]
    assert [state(one) for one in found] == ["fault", "fault", "ok"]


# --- what is found on the machine


def test_what_the_desk_sets_is_tried_and_is_full() -> None:
    assert asyncio.run(look.synchronous_set()) == 2


def test_a_database_that_was_never_made_is_a_fault_and_is_not_made(config: Config) -> None:
    found, kept = examined(config)
    assert state(found["database"]) == "fault"
    assert "never started" in found["database"].meaning
    assert (kept.readable, kept.token) == (False, None)
    assert not list(config.folder.iterdir())


def test_a_new_database_is_well_and_left_as_it_is(config: Config) -> None:
    noted(config.database_path(), login={"user": BOT, "device": "ONE", "token": "secret-token"})
    before = sorted(path.name for path in config.folder.iterdir())
    found, kept = examined(config)
    assert {check for check, one in found.items() if one.state is not State.OK} == {"desk", "key store"}
    assert (kept.readable, kept.token, kept.device) == (True, "secret-token", "ONE")
    assert "secret-token" not in repr(found) + repr(kept)
    assert sorted(path.name for path in config.folder.iterdir()) == before


def test_a_database_that_others_may_read_is_warned_of(config: Config) -> None:
    noted(config.database_path())
    config.database_path().chmod(0o644)
    assert state(examined(config)[0]["database"]) == "warn"


def test_a_damaged_database_is_a_fault(config: Config) -> None:
    noted(config.database_path())
    with sqlite3.connect(config.database_path()) as db:
        [[root]] = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'inbox_open'")
        [[size]] = db.execute("PRAGMA page_size")
    db.close()
    whole = bytearray(config.database_path().read_bytes())
    whole[(root - 1) * size : root * size] = b"\xff" * size
    config.database_path().write_bytes(whole)
    assert state(examined(config)[0]["database damage"]) == "fault"


def test_what_is_no_database_is_a_fault_and_the_rest_is_told(config: Config) -> None:
    config.database_path().write_text("these are words and not a database at all\n" * 40)
    config.database_path().chmod(0o600)
    found, kept = examined(config)
    assert state(found["database damage"]) == "fault"
    assert state(found["database version"]) == "fault"
    assert "backup" in found["database damage"].mend
    assert "database journal" not in found
    assert found["desk"].mend.startswith("mend the database first"), "nobody is told to start a desk on it"
    assert state(found["disk"]) == "ok"
    assert not kept.readable


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a database in WAL mode as a program does that keeps it for itself."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("BEGIN IMMEDIATE")
        db.execute("CREATE TABLE another (x)")
        db.execute("COMMIT")
        yield


def test_a_database_that_another_program_keeps_locked_is_not_called_damaged(config: Config) -> None:
    noted(config.database_path())
    with locked(config.database_path()):
        found, kept = examined(config)
    faults = {check for check, one in found.items() if one.state is State.FAULT}
    assert faults == {"database lock"}
    assert "no damage" in found["database lock"].meaning
    assert f"fuser -v {config.database_path()}" in found["database lock"].mend
    assert not any("backup" in one.mend for one in found.values())
    assert (kept.readable, kept.held) == (False, True)
    assert "backup" not in doctor_matrix.never_started(kept, BOT).mend
    assert "`database lock`" in doctor_matrix.never_started(kept, BOT).mend
    assert "database lock" not in examined(config)[0], "the control: let go of, it is well"


def test_keys_that_another_program_keeps_locked_are_not_called_damaged(config: Config) -> None:
    noted(config.database_path(), login={"user": BOT, "device": "ONE", "token": "t"}, pickle_key="abc")
    kept_keys(config, "ONE", "abc")
    with locked(config.key_store() / f"{BOT}_ONE.db"):
        found, _ = examined(config)
    faults = [one for one in found.values() if one.state is State.FAULT]
    assert [one.check for one in faults] == ["key store lock"]
    assert "backup" not in faults[0].mend


def test_a_lock_that_comes_between_two_looks_is_told_as_one(config: Config) -> None:
    noted(config.database_path())

    def look() -> list[Finding]:
        with closing(sqlite3.connect(config.database_path(), timeout=0)) as db:
            db.execute("SELECT 1 FROM inbox")
        return []

    with locked(config.database_path()):
        [told] = doctor_files.looked("database version", config.database_path(), look)
    assert "no damage" in told.meaning


def test_an_empty_file_or_another_programs_database_is_a_fault(config: Config) -> None:
    config.database_path().touch(0o600)
    assert "another program's" in examined(config)[0]["database version"].meaning
    with sqlite3.connect(config.database_path()) as db:
        db.execute("CREATE TABLE cooking (recipe)")
    db.close()
    assert "another program's" in examined(config)[0]["database version"].meaning


@pytest.mark.parametrize(("number", "how"), [(99, "fault"), (3, "warn")])
def test_a_database_of_another_version_is_told_and_its_queues_are_not_read(
    config: Config, number: int, how: str
) -> None:
    noted(config.database_path())
    with sqlite3.connect(config.database_path()) as db:
        db.execute(f"PRAGMA user_version = {number}")
    db.close()
    found, _ = examined(config)
    assert state(found["database version"]) == how
    assert "unsent messages" not in found


def test_a_desk_that_runs_is_seen_and_not_disturbed(config: Config) -> None:
    noted(config.database_path())
    lock = DeskLock(config.database_path())
    assert doctor_files.desk_process(config.database_path()) == str(os.getpid())
    assert examined(config)[1].runs
    lock.release()
    assert not examined(config)[1].runs
    assert doctor_files.desk_process(config.database_path()) is None
    DeskLock(config.database_path()).release()


def test_a_desk_that_runs_by_another_name_of_the_database_is_seen(config: Config) -> None:
    (config.folder / "data").mkdir()
    real, matrix = config.folder / "data" / "real.db", config.matrix
    assert matrix is not None
    told: dict[str, str] = {}

    async def work() -> None:
        store = await SqliteStore.open(real)
        lock = DeskLock(real)
        said = Incoming("$1", Kind.SAID, "!room", SAM, "Sam", NOW, text="hello")
        await store.receive("matrix", [said], "cursor", NOW - timedelta(hours=1))
        found, _ = await asyncio.to_thread(doctor.examine, config, matrix, NOW)
        lock.release()
        await store.close()
        told.update({one.check: one.meaning for one in found})

    config.database_path().symlink_to(real)
    asyncio.run(work())
    assert str(os.getpid()) in told["desk"]
    assert "1 event waiting" in told["undecided events"]  # what lies in the write-ahead log is read


def test_what_is_written_while_the_desk_has_the_database_open_is_seen(config: Config) -> None:
    async def work() -> None:
        store = await SqliteStore.open(config.database_path())
        said = Incoming("$1", Kind.SAID, "!room", SAM, "Sam", NOW, text="a private word")
        await store.receive("matrix", [said], "cursor", NOW - timedelta(hours=1))
        found, kept = await asyncio.to_thread(examined, config)
        assert "1 event waiting, the oldest for 60 min" in found["undecided events"].meaning
        assert state(found["unsent messages"]) == "ok"
        assert "private" not in repr(found)
        assert kept.readable
        await store.close()

    asyncio.run(work())


def test_dead_letters_and_unsent_messages_are_counted(config: Config) -> None:
    noted(config.database_path())
    at = (NOW - timedelta(minutes=90)).isoformat(timespec="microseconds")
    columns = "INSERT INTO outbox (key, lane, audience, verb, team, content, created_at, state, dropped_at) VALUES "
    with sqlite3.connect(config.database_path()) as db:
        for key, how, dropped in (("a", "queued", None), ("b", "dead", None), ("c", "dead", at)):
            values = (key, "rmobile", "agents", "say_in_room", "mobile", "[]", at, how, dropped)
            db.execute(columns + "(?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
        db.execute(
            "INSERT INTO inbox (transport, event, payload, at, done_at, fault)"
            " VALUES ('matrix', '$1', '{}', ?, ?, 'x')",
            (at, at),
        )
    db.close()
    found, _ = examined(config)
    assert "2 could not be" in found["dead letters"].meaning
    assert "1 message waiting, the oldest for 90 min" in found["unsent messages"].meaning


def kept_keys(config: Config, device: str, pickle_key: str) -> str:
    """Make a key store as nio lays it out; return the device's public key."""
    account = OlmAccount()
    config.key_store().mkdir(mode=0o700, exist_ok=True)
    with sqlite3.connect(config.key_store() / f"{BOT}_{device}.db") as db:
        db.execute("CREATE TABLE accounts (user_id TEXT, device_id TEXT, account BLOB, shared INTEGER)")
        db.execute("INSERT INTO accounts VALUES (?, ?, ?, 1)", (BOT, device, account.pickle(pickle_key)))
    db.close()
    return str(account.identity_keys["ed25519"])


def test_the_keys_of_the_device_are_well(config: Config) -> None:
    noted(config.database_path(), login={"user": BOT, "device": "ONE", "token": "t"}, pickle_key="abc")
    public = kept_keys(config, "ONE", "abc")
    found, kept = examined(config)
    assert [state(found[check]) for check in ("key store", "key store damage", "key store owner")] == ["ok"] * 3
    assert (kept.identity, kept.taken) == (public, True)


def test_keys_that_others_may_read_are_warned_of(config: Config) -> None:
    noted(config.database_path(), login={"user": BOT, "device": "ONE", "token": "t"}, pickle_key="abc")
    kept_keys(config, "ONE", "abc")
    config.key_store().chmod(0o755)
    found = examined(config)[0]["key store"]
    assert state(found) == "warn"
    assert found.mend == f"chmod 700 {config.key_store()}"


def test_keys_of_another_database_are_a_fault(config: Config) -> None:
    noted(config.database_path(), login={"user": BOT, "device": "ONE", "token": "t"}, pickle_key="another")
    kept_keys(config, "ONE", "abc")
    found, kept = examined(config)
    assert "another database" in found["key store owner"].meaning
    assert kept.identity is None


def test_lost_keys_are_a_fault(config: Config) -> None:
    noted(config.database_path(), login={"user": BOT, "device": "ONE", "token": "t"}, pickle_key="abc")
    found, _ = examined(config)
    assert state(found["key store"]) == "fault"
    assert "never put back an old copy" in found["key store"].mend
    config.key_store().mkdir(mode=0o700)
    (config.key_store() / f"{BOT}_ONE.db").write_text("no database, but long enough to be looked at\n" * 20)
    found, _ = examined(config)
    assert state(found["key store"]) == "fault"
    assert "backup" not in found["key store"].mend, "old keys are worse than none"
    (config.key_store() / f"{BOT}_ONE.db").write_bytes(b"")
    found, _ = examined(config)
    assert "does not hold the keys" in found["key store owner"].meaning
    assert "new device" in found["key store owner"].mend


def test_a_login_of_another_account_is_not_used(config: Config) -> None:
    noted(config.database_path(), login={"user": "@other:example.org", "device": "ONE", "token": "t"})
    assert examined(config)[1].token is None


def test_a_token_in_the_config_is_used_instead_of_the_kept_login(config: Config) -> None:
    noted(config.database_path(), login={"user": BOT, "device": "OLD", "token": "old"}, keys_of="NEW")
    given = Matrix(homeserver="http://127.0.0.1:9", user=BOT, access_token="given")  # type: ignore[arg-type]  # as above
    _, kept = examined(config.model_copy(update={"matrix": given}))
    assert (kept.token, kept.device) == ("given", "NEW")


def test_a_fault_in_the_faq_is_told_with_its_place(config: Config, tmp_path: Path) -> None:
    folder = tmp_path / "faq"
    folder.mkdir()
    (folder / "one.yaml").write_text("- id: x\n")
    found, _ = doctor.examine(config.with_faq(folder), Matrix(homeserver="http://x", user=BOT, password="x"), NOW)  # type: ignore[arg-type]  # as above
    faults = [one for one in found if one.state is State.FAULT and one.check == "faq"]
    assert faults
    assert all("one.yaml" in one.meaning for one in faults)


# --- the command


def test_people_read_a_line_for_each_check_and_how_to_mend_it_below(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(PLACES.format(faq=FAQ))
    (tmp_path / "config.yaml").chmod(0o644)
    done = ran(tmp_path)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    fault = next(number for number, line in enumerate(lines) if line.startswith("fault database: "))
    assert lines[fault + 1].startswith("      start the desk once")
    assert "warn  config: other accounts of this machine may use config.yaml (mode 0644)" in lines
    assert all(line.startswith(("ok    ", "warn  ", "fault ", "      ")) for line in lines)
    assert "hidden-word" not in done.stdout + done.stderr
    assert "3 faults, 1 warning" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.yaml"]


def test_programs_read_an_object_a_line(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(PLACES.format(faq=FAQ))
    lines = [json.loads(line) for line in ran(tmp_path, "--json").stdout.splitlines()]
    assert {tuple(line) for line in lines} == {("check", "state", "meaning", "mend")}
    assert {line["check"] for line in lines if line["state"] == "fault"} == {"database", "homeserver", "login"}


@pytest.mark.parametrize("text", ["matrix: [", "languages: [en]\n", 'matrix: {homeserver: "http://x", user: nobody}\n'])
def test_a_config_that_cannot_be_used_ends_with_two(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yaml").write_text(text)
    done = ran(tmp_path, "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "config.yaml" in done.stderr


def test_nothing_that_a_homeserver_says_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    cli_doctor._show([doctor_base.warn("a", "b\x1b[2J\nfault c", "d\r")], as_json=False)
    assert capsys.readouterr().out == "warn  a: b\ufffd[2J\ufffdfault c\n      d\ufffd\n"


@pytest.mark.parametrize("text", ["", "two words", "a\x1b[2Jb", "x" * 5000, "mot-clé"])
def test_what_is_no_token_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yaml").write_text(PLACES.format(faq=FAQ))
    (tmp_path / "token").write_text(text)
    done = ran(tmp_path, "--admin-token-file", "token")
    assert (done.returncode, done.stdout) == (2, "")
    assert "token: this is no token" in done.stderr
    assert not text or text not in done.stderr
    assert "cannot be read" in ran(tmp_path, "--admin-token-file", "nowhere").stderr


def test_an_admins_token_in_the_environment_is_no_key_of_the_config(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(PLACES.format(faq=FAQ))
    done = ran(tmp_path, admin_token="admins-word")
    assert done.returncode == 1
    assert "config: " in done.stdout
    assert "admins-word" not in done.stdout + done.stderr
    refused = ran(tmp_path, admin_token="two words")
    assert refused.returncode == 2
    assert "HELPBOT_DOCTOR_ADMIN_TOKEN" in refused.stderr
    assert "two words" not in refused.stderr
