"""An installation examined where it stands: FAQ, database, encryption keys; `doctor_matrix` and `doctor_discord` ask.

Rule: nothing is changed and no secret is shown, because it runs beside a working desk and what it says ends in reports.
"""

from __future__ import annotations

import asyncio
import contextlib
import glob
import json
import shutil
import sqlite3
import stat
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import vodozemac
from nio.crypto import OlmAccount

from helpbot import compose
from helpbot.config import Config, Matrix
from helpbot.core.english import counted
from helpbot.doctor_base import ANEW, NEW_KEYS, Finding, Kept, State, fault, ok, warn
from helpbot.doctor_files import (
    config_file,
    desk_process,
    holder,
    looked,
    permissions,
    soundness,
    writing,
    written,
)
from helpbot.store import look
from helpbot.store.prepare import migrations
from helpbot.transports.base import SetupError
from helpbot.transports.matrix_desks import note_of
from helpbot.transports.matrix_http import as_dict
from helpbot.transports.matrix_keystore import accounts, key_file
from helpbot.transports.matrix_upgrades import NOTE as UPGRADES

T = TypeVar("T")
_ENOUGH_SPACE, _LATE = 200_000_000, 5  # bytes; minutes
_FULL, _WAL = 2, b"\2\2"  # SQLite's number for synchronous=FULL; what a file says that is written so
_OLDEST_SQLITE, _MENDED_SQLITE = (3, 37, 0), (3, 51, 3)
_LOCK = "database lock"


def machine(config: Config, now: datetime, file: Path | None = None) -> list[Finding]:
    """Return what is found on this machine, whatever the networks; `file` is the config's."""
    return [
        ok("config", "no fault") if file is None else config_file(file),
        *_faq(config),
        *_canned(config),
        *_database(config.database_path(), now),
    ]


def examine(config: Config, matrix: Matrix, now: datetime, file: Path | None = None) -> tuple[list[Finding], Kept]:
    """Return what is found on this machine, and what the homeserver is asked with; `file` is the config's."""
    findings = machine(config, now, file)
    token = None if matrix.access_token is None else matrix.access_token.get_secret_value()
    if any(one.check == _LOCK for one in findings):
        return findings, Kept(held=True, token=token)
    try:
        kept = look.untouched(config.database_path(), lambda db: _kept(db, matrix.user, token))
        kept = replace(kept, runs=any(one.check == "desk" and one.state is State.OK for one in findings))
    except (sqlite3.Error, OSError):  # the database has its fault already
        return findings, Kept(token=token)
    if not matrix.encryption or kept.device is None:
        return findings, kept
    keys = key_file(config.key_store(), matrix.user, kept.device)
    if _made_for_another(keys, kept.device):
        return findings, replace(kept, device=None)
    found = looked("key store", keys, lambda: _key_store(keys, matrix.user, kept), NEW_KEYS)
    findings += found
    if not any(one.state is State.FAULT for one in found):
        with contextlib.suppress(sqlite3.Error, OSError):  # it was read a moment ago
            identity, taken = next(iter(_public_keys(keys, matrix.user, kept)), (None, True))
            kept = replace(kept, identity=identity, taken=taken)
    return findings, kept


# --- what facts mean


def version(found: int, newest: int) -> Finding:
    """Judge the schema's version."""
    check = "database version"
    if found > newest:
        mend = "install the newer helpbot again, or restore a backup from before"
        return fault(check, f"version {found}, this helpbot knows {newest} at most", mend)
    if found < newest:
        return warn(check, f"version {found}, this helpbot makes it {newest} at its next start", "start the desk once")
    return ok(check, f"version {found}, as this helpbot wants it")


def journal(header: bytes) -> Finding:
    """Judge how the file is written, by its first bytes: SQLite tells readers of an unchanging file nothing of it."""
    if header[18:20] == _WAL:
        return ok("database journal", "WAL: readers and the desk do not wait for each other")
    return warn("database journal", "not WAL: readers make the desk wait", "start the desk once: it sets WAL")


def durability(synchronous: int) -> Finding:
    """Judge what the program sets before it writes."""
    if synchronous == _FULL:
        return ok("database durability", "the desk sets synchronous=FULL: a power cut loses no commit")
    what = f"the desk sets synchronous={synchronous}, not FULL: a power cut loses messages"
    return fault("database durability", what, "install helpbot anew: this copy is not as it was made")


def sqlite_library(found: tuple[int, ...]) -> Finding:
    """Judge the SQLite library."""
    if found < _OLDEST_SQLITE:
        what = f"{'.'.join(map(str, found))} is too old: helpbot needs 3.37 or newer"
        return fault("sqlite", what, "install a Python with a newer SQLite: the desk does not start with this one")
    unmended = ": before 3.51.3 two writers could damage a WAL database; helpbot uses one writer"
    return ok("sqlite", ".".join(map(str, found)) + (unmended if found < _MENDED_SQLITE else ""))


def space(free: int) -> Finding:
    """Judge the room on the disk, in bytes."""
    check, left = "disk", f"{free // 1_000_000} MB are free for the database"
    return ok(check, left) if free >= _ENOUGH_SPACE else warn(check, left, "make room: a full disk stops the desk")


def running(process: str | None, *, well: bool = True) -> Finding:
    """Judge whether a desk runs; it is not to be started on a database that is not well."""
    if process is not None:
        return ok("desk", f"a desk runs on this database (process {process})")
    mend = "start it: helpbot run" if well else "mend the database first; then start it: helpbot run"
    return warn("desk", "no desk runs on this database now: customers wait", mend)


def queue(check: str, what: str, count: int, oldest: datetime | None, now: datetime) -> Finding:
    """Judge what waits."""
    if not count or oldest is None:
        return ok(check, f"no {what} waits")
    minutes = max(now - oldest, timedelta()) // timedelta(minutes=1)
    since = f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
    said = f"{counted(count, what)} waiting, the oldest for {since}"
    if minutes < _LATE:
        return ok(check, said)
    return warn(check, said, "start the desk if it does not run, else see why in its log and in: helpbot dead list")


def dead_letters(count: int) -> Finding:
    """Judge how many messages failed."""
    if count:
        return warn("dead letters", f"{count} could not be decided or delivered", "see them with: helpbot dead list")
    return ok("dead letters", "nothing was given up")


def own_keys(path: Path, keys: Sequence[str | None], user: str, device: str | None) -> Finding:
    """Judge whose keys a key store holds: `keys` are the public ones of that device, None if they cannot be opened."""
    if not keys:
        return fault("key store owner", f"{path} does not hold the keys of {user}, device {device}", NEW_KEYS)
    if None in keys:
        mend = "restore the database that they were made with, or name an empty folder as matrix.store"
        return fault("key store owner", f"the keys in {path} belong to another database", mend)
    return ok("key store owner", f"the keys are those of {user}, device {device}")


# --- gathering facts


def _faq(config: Config) -> list[Finding]:
    faq, faults = compose.load_faq(config)
    entries = counted(len(faq.entries), "entry", "entries")
    well = ok("faq", f"{entries} without fault; `helpbot check` asks their tests as well")
    wrong = [fault("faq", str(one), "mend it there; `helpbot check` tells when nothing is left") for one in faults]
    return wrong or [well]


def _canned(config: Config) -> list[Finding]:
    replies, faults = compose.load_canned(config)
    wrong = [fault("canned", str(one), "mend it there; `helpbot check` tells when nothing is left") for one in faults]
    return wrong or ([ok("canned", f"{counted(len(replies), 'reply is', 'replies are')} ready")] if replies else [])


def _database(path: Path, now: datetime) -> list[Finding]:
    library = sqlite_library(sqlite3.sqlite_version_info)
    if library.state is State.FAULT:
        return [library]  # it takes our tables for damage
    findings = [
        library,
        _durability(),
        *looked("disk", path, lambda: [space(shutil.disk_usage(path.parent).free)]),
        *looked("database writing", path, lambda: written(path)),
    ]
    file = looked("database", path, lambda: [_file(path)])
    if any(one.state is State.FAULT for one in file):
        return [*findings, *file]
    contents = holder(_LOCK, path) or _contents(path, now)
    well = not any(one.state is State.FAULT for one in contents)
    return [
        *findings,
        *file,
        *contents,
        *(looked("database journal", path, lambda: [journal(_start(path))]) if well else []),
        *looked("desk", path, lambda: [running(desk_process(path), well=well)]),
    ]


def _durability() -> Finding:
    try:
        return durability(asyncio.run(look.synchronous_set()))
    except (sqlite3.Error, OSError, SetupError) as error:
        mend = "make room in the folder for temporary files, or name another one in TMPDIR"
        return warn("database durability", f"what the desk sets cannot be tried: {error}", mend)


def _file(path: Path) -> Finding:
    if path.is_file():
        return permissions("database", path, stat.S_IMODE(path.stat().st_mode), 0o600)
    mend = "start the desk once (helpbot run), or mend `database` in the config"
    return fault("database", f"there is no {path}: the desk was never started on it", mend)


def _contents(path: Path, now: datetime) -> list[Finding]:
    return [
        *looked("database damage", path, lambda: [_soundness("database damage", path)]),
        *looked("database version", path, lambda: look.untouched(path, lambda db: _inside(db, now))),
    ]


def _soundness(check: str, path: Path, *mend: str) -> Finding:
    return soundness(check, look.untouched(path, look.quick_check), *mend)


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(20)


def _inside(db: sqlite3.Connection, now: datetime) -> list[Finding]:
    newest, found = migrations()[-1][0], look.version(db)
    if found is None:
        mend = "name another file as `database`; or start the desk once, if it is empty"
        return [fault("database version", "the file is empty, or another program's", mend)]
    return [version(found, newest), *(_queues(db, now) if found == newest else [])]


def _queues(db: sqlite3.Connection, now: datetime) -> list[Finding]:
    unsent, undecided = look.unsent(db), look.undecided(db)
    return [
        queue("unsent messages", "message", unsent.count, unsent.since, now),
        queue("undecided events", "event", undecided.count, undecided.since, now),
        dead_letters(look.given_up(db)),
    ]


def _kept(db: sqlite3.Connection, user: str, token: str | None) -> Kept:
    notes = look.notes(db, "matrix")
    login = as_dict(json.loads(notes.get("login") or "{}"))
    keys_of = notes.get("keys_of")
    if login.get("device") == keys_of and login.get("user") != user:
        keys_of = None
    if login.get("user") != user or token is not None:
        login = {}
    return Kept(
        True,
        token=token or login.get("token"),
        pickle_key=notes.get("pickle_key", ""),
        device=login.get("device") or keys_of,
        desks={name.removeprefix("desk:"): team for name, team in notes.items() if name.startswith("desk:")},
        seats=_seats(notes),
        help_rooms=frozenset(name.removeprefix("help:") for name in notes if name.startswith("help:")),
        upgrades={room: link[0] for room, link in json.loads(notes.get(UPGRADES) or "{}").items() if link[1]},
        conversations=look.rooms(db, "matrix"),
        tickets=tuple(look.open_tickets(db, "matrix")),
    )


def _seats(notes: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return of each team that sat somewhere what the config named, and the id of the room that this led to."""
    found = {name.removeprefix(note_of("")): name for name in notes if name.startswith(note_of(""))}
    kept = {team: as_dict(json.loads(notes[name])) for team, name in found.items()}
    return {team: (str(one.get("named")), str(one.get("room"))) for team, one in kept.items()}


def _made_for_another(path: Path, device: str) -> bool:
    """Tell whether the device that keys were made for is another account's, which the config named before."""
    try:
        return not path.exists() and any(path.parent.glob(f"*_{glob.escape(device)}.db"))
    except OSError:
        return False


def _key_store(path: Path, user: str, kept: Kept) -> list[Finding]:
    if not path.is_file():
        mend = f"start the desk: {ANEW}; never put back an old copy"
        return [fault("key store", f"there is no {path}: what was encrypted for the bot cannot be read", mend)]
    folder = permissions("key store", path.parent, stat.S_IMODE(path.parent.stat().st_mode), 0o700)
    if locked := holder("key store lock", path):
        return [folder, *locked]
    return [
        folder,
        writing("key store writing", [path.parent, path]),
        _soundness("key store damage", path, NEW_KEYS),
        own_keys(path, [key for key, _ in _public_keys(path, user, kept)], user, kept.device),
    ]


def _public_keys(path: Path, user: str, kept: Kept) -> list[tuple[str | None, bool]]:
    """Return the public key of the device, if the key store has it, and whether the homeserver took the device's keys.

    None for a key that cannot be opened.
    """
    found: list[tuple[str | None, bool]] = []
    for account, shared in look.untouched(path, lambda db: accounts(db, user, kept.device)):
        try:
            opened = OlmAccount.from_pickle(account, kept.pickle_key, bool(shared))
            found.append((opened.identity_keys["ed25519"], bool(shared)))
        except (vodozemac.PickleException, vodozemac.LibolmPickleException):
            found.append((None, bool(shared)))
    return found
