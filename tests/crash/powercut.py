"""SQLite's writes on record, so that a power cut or a failing disk can be played at any point of them.

Rule: what was written but not synced may be lost, in whole or in part and in any order, because a system that says
"written" has it in memory; what was synced is there, because nothing could be kept otherwise.

A shim is put before SQLite's own file layer (its VFS), with ctypes, in this process. Memory that is mapped (the `-shm`
file, which SQLite makes anew after a crash) does not go through it. Folders are simple: a new file is there once it was
synced, for SQLite then syncs the folder too; a deletion may be undone until the next sync of any file.
"""

from __future__ import annotations

import ctypes
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

OK, READ, WRITE, FULL, FSYNC = 0, 266, 778, 13, 1034  # SQLite's result codes: SQLITE_IOERR_READ and so on
SECTOR = 512  # bytes: a disk writes these as a whole

_P, _INT, _LONG = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64
_OPEN = ctypes.CFUNCTYPE(_INT, _P, _P, _P, _INT, _P)  # vfs, name, file, flags, where to tell the flags
_DELETE = ctypes.CFUNCTYPE(_INT, _P, ctypes.c_char_p, _INT)  # vfs, name, whether the folder is synced too
_CLOSE = ctypes.CFUNCTYPE(_INT, _P)
_WRITE = ctypes.CFUNCTYPE(_INT, _P, _P, _INT, _LONG)  # file, bytes, how many, where
_TRUNCATE = ctypes.CFUNCTYPE(_INT, _P, _LONG)
_SYNC = ctypes.CFUNCTYPE(_INT, _P, _INT)
_KNOWN_METHODS = 3  # the newest version of SQLite's file methods that `_Methods` describes


class _Vfs(ctypes.Structure):
    """`sqlite3_vfs`; what the shim leaves as it is has no type."""

    _fields_ = [  # ctypes wants a plain list
        ("version", _INT),
        ("file_size", _INT),
        ("longest_path", _INT),
        ("next", _P),
        ("name", ctypes.c_char_p),
        ("own", _P),
        ("open", _P),
        ("delete", _P),
        ("rest", _P * 14),
    ]


class _Methods(ctypes.Structure):
    """`sqlite3_io_methods`."""

    _fields_ = [  # ctypes wants a plain list
        ("version", _INT),
        ("close", _P),
        ("read", _P),
        ("write", _P),
        ("truncate", _P),
        ("sync", _P),
        ("rest", _P * 13),
    ]


class NoShim(Exception):
    """SQLite's file layer cannot be reached in this process; the text says why."""


# --- the record


@dataclass(frozen=True, slots=True)
class Op:
    """Something done to a file: found, made, write, truncate, sync, unsynced (a sync that failed) or delete.

    `at` is an offset, or a length; `data` what was written, or what a file held that was found.
    """

    kind: str
    name: str
    at: int = 0
    data: bytes = b""


@dataclass(slots=True)
class Record:
    """All that was done to the files of a folder, in order.

    `trouble` is asked before each op and gives OK, or the result code with which it fails instead.
    """

    folder: Path
    ops: list[Op] = field(default_factory=list)
    trouble: Callable[[Op], int] = lambda op: OK

    @property
    def now(self) -> int:
        """How many ops were made: a cut there has all of them behind it."""
        return len(self.ops)

    def of(self, name: bytes | None) -> str | None:
        """Return the name of a file in the folder; None for any other."""
        path = None if name is None else Path(name.decode("utf-8", "surrogateescape"))
        return path.name if path is not None and path.parent == self.folder and path.suffix != ".lock" else None


@dataclass(slots=True)
class _File:
    safe: bytearray | None  # what is surely there; None when perhaps not even the file is
    loose: list[Op] = field(default_factory=list)  # what was done to it since


@dataclass(slots=True)
class Disk:
    """The files of a record as a power cut would leave them; `apply` goes on in the record."""

    _files: dict[str, _File] = field(default_factory=dict)
    _deleted: dict[str, _File] = field(default_factory=dict)  # perhaps

    def apply(self, op: Op) -> None:
        """Do what was done next."""
        match op.kind:
            case "found":
                self._files.setdefault(op.name, _File(bytearray(op.data)))
            case "made":
                self._deleted.pop(op.name, None)
                self._files[op.name] = _File(None)
            case "write" | "truncate":
                self._files[op.name].loose.append(op)
            case "unsynced":  # the system has given up on them, and says so only once
                self._files[op.name].loose.clear()
            case "sync":
                file = self._files[op.name]
                file.safe = _changed(file.safe, file.loose)
                file.loose.clear()
                self._deleted.clear()
            case "delete":
                self._deleted[op.name] = self._files.pop(op.name)
                if op.at:
                    self._deleted.clear()

    def cut(self, chance: Random | None = None) -> dict[str, bytes]:
        """Return the files after a cut: nothing that was not synced survives, or what chance leaves of it."""
        files = dict(self._files)
        for name, file in self._deleted.items():
            if chance is None or chance.random() < 0.5:
                files.setdefault(name, file)
        left: dict[str, bytes] = {}
        for name, file in files.items():
            survivors = [] if chance is None else _survivors(file.loose, chance)
            if file.safe is not None or survivors:
                left[name] = bytes(_changed(file.safe, survivors))
        return left


def _changed(content: bytearray | None, ops: list[Op]) -> bytearray:
    new = bytearray() if content is None else bytearray(content)
    for op in ops:
        if op.kind == "truncate":
            del new[op.at :]
            continue
        new.extend(bytes(max(op.at - len(new), 0)))
        new[op.at : op.at + len(op.data)] = op.data
    return new


def _survivors(ops: list[Op], chance: Random) -> list[Op]:
    """Return the first few, or any, or any sectors of any."""
    way = chance.randrange(3)
    if way == 0:
        return ops[: chance.randint(0, len(ops))]
    if way == 1:
        return [op for op in ops if chance.random() < 0.5]
    return [part for op in ops for part in _sectors(op) if chance.random() < 0.5]


def _sectors(op: Op) -> Iterator[Op]:
    if op.kind == "truncate":
        yield op
        return
    start, end = op.at, op.at + len(op.data)
    while start < end:
        stop = min((start // SECTOR + 1) * SECTOR, end)
        yield Op(op.kind, op.name, start, op.data[start - op.at : stop - op.at])
        start = stop


def put(files: dict[str, bytes], folder: Path) -> None:
    """Write the files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


# --- the shim


@dataclass(frozen=True, slots=True)
class _Opened:
    record: Record
    name: str
    methods: _Methods  # SQLite's own


class Shim:
    """SQLite's file layer with ours before it; made once, never freed, for connections hold on to it."""

    def __init__(self) -> None:
        self._library = _library()
        self._own = _vfs(self._library)
        self.record: Record | None = None
        self._opened: dict[int, _Opened] = {}  # by the address of the file
        self._methods: dict[int, _Methods] = {}  # ours, by the address of SQLite's own
        self._calls: dict[str, Any] = {
            "open": _OPEN(self._open), "delete": _DELETE(self._delete), "close": _CLOSE(self._close),
            "write": _WRITE(self._write), "truncate": _TRUNCATE(self._truncate), "sync": _SYNC(self._sync),
        }  # fmt: skip
        self._vfs = _Vfs.from_buffer_copy(self._own)
        self._vfs.name = b"powercut"
        self._vfs.next = None
        self._lead(self._vfs, "open", "delete")

    def use(self, record: Record | None) -> None:
        """Put every file that is opened in the folder from now on on this record; None ends that."""
        vfs = self._own if record is None else self._vfs
        self.record = record
        if self._library.sqlite3_vfs_register(ctypes.byref(vfs), 1) != OK:
            raise NoShim("SQLite does not take another file layer")

    def _lead(self, table: ctypes.Structure, *names: str) -> None:
        for name in names:
            setattr(table, name, ctypes.cast(self._calls[name], _P).value)

    def _do(self, record: Record, op: Op, call: Callable[[], int]) -> int:
        fault = record.trouble(op)
        if fault == OK:
            fault = call()
        if fault == OK:
            record.ops.append(op)
        elif op.kind == "sync":
            record.ops.append(Op("unsynced", op.name))
        return fault

    def _open(self, vfs: int, name: int | None, file: int, flags: int, told: int | None) -> int:
        path = None if name is None else ctypes.string_at(name)
        own = None if self.record is None else self.record.of(path)
        before = Path(path.decode()).read_bytes() if own and path and Path(path.decode()).exists() else None
        done = int(_OPEN(self._own.open)(ctypes.addressof(self._own), name, file, flags, told))
        slot = ctypes.cast(file, ctypes.POINTER(_P)).contents
        if done != OK or self.record is None or own is None or slot.value is None:
            return done
        theirs = _Methods.from_address(slot.value)
        if slot.value not in self._methods:
            ours = self._methods[slot.value] = _Methods.from_buffer_copy(theirs)
            ours.version = min(theirs.version, _KNOWN_METHODS)
            self._lead(ours, "close", "write", "truncate", "sync")
        self._opened[file] = _Opened(self.record, own, theirs)
        self.record.ops.append(Op("made", own) if before is None else Op("found", own, data=before))
        slot.value = ctypes.addressof(self._methods[slot.value])
        return done

    def _delete(self, vfs: int, name: bytes, folder: int) -> int:
        record = self.record
        own = None if record is None else record.of(name)

        def call() -> int:
            return int(_DELETE(self._own.delete)(ctypes.addressof(self._own), name, folder))

        there = own is not None and Path(name.decode()).exists()
        return self._do(record, Op("delete", own, folder), call) if record and own and there else call()

    def _close(self, file: int) -> int:
        return int(_CLOSE(self._opened.pop(file).methods.close)(file))

    def _write(self, file: int, data: int, size: int, at: int) -> int:
        it = self._opened[file]
        op = Op("write", it.name, at, ctypes.string_at(data, size))
        return self._do(it.record, op, lambda: int(_WRITE(it.methods.write)(file, data, size, at)))

    def _truncate(self, file: int, size: int) -> int:
        it = self._opened[file]
        return self._do(
            it.record, Op("truncate", it.name, size), lambda: int(_TRUNCATE(it.methods.truncate)(file, size))
        )

    def _sync(self, file: int, flags: int) -> int:
        it = self._opened[file]
        return self._do(it.record, Op("sync", it.name), lambda: int(_SYNC(it.methods.sync)(file, flags)))


def _library() -> Any:
    """Return the very SQLite that Python uses, as its module or what that is linked with shows it."""
    import _sqlite3  # noqa: PLC0415  # only to ask where it lies

    try:
        library: Any = ctypes.CDLL(getattr(_sqlite3, "__file__", None))
        library.sqlite3_vfs_find.restype = _P
        library.sqlite3_libversion.restype = ctypes.c_char_p
        version = library.sqlite3_libversion().decode()
    except (OSError, AttributeError) as error:
        raise NoShim(f"the SQLite library of this Python cannot be reached: it may be built in ({error})") from None
    if version != sqlite3.sqlite_version:
        raise NoShim(f"found SQLite {version}, but this Python uses {sqlite3.sqlite_version}")
    return library


def _vfs(library: Any) -> _Vfs:
    place = library.sqlite3_vfs_find(None)
    if not place:
        raise NoShim("SQLite has no file layer")
    own: _Vfs = _Vfs.from_address(place)
    if own.name not in {b"unix", b"unix-excl", b"unix-dotfile", b"unix-none"}:
        raise NoShim(f"SQLite's file layer here is {own.name!r}, which nobody has tried this with")
    return own


@cache
def shim() -> Shim:
    """Return the shim of this process; raises NoShim."""
    return Shim()


def missing() -> str | None:
    """Return why there can be no record in this process; None when there can."""
    try:
        shim()
    except NoShim as reason:
        return str(reason)
    return None


@contextmanager
def recorded(folder: Path) -> Iterator[Record]:
    """Record what SQLite does to the files of a folder that it opens meanwhile; one record at a time."""
    record = Record(folder)
    shim().use(record)
    try:
        yield record
    finally:
        shim().use(None)
