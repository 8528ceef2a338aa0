"""Delivery bugs, put into a copy of helpbot one at a time, and which test catches each.

Rule: each bug is one that somebody could write on a tired evening, and each is caught by a test of the suite as it is,
so that a proof which has gone blind is seen as that.

Usage: python -m tests.crash.seeded [--only NAME]
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import click

from tests.crash.seeded_base import Bug
from tests.crash.seeded_bugs import BUGS

ROOT = Path(__file__).parent.parent.parent
_PARTS = ("helpbot", "tests", "faq", "pyproject.toml")
_PATIENCE = 300.0  # seconds for one bug
_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Catch:
    """What became of a bug: `by` names what failed over it, and is empty when nothing did."""

    bug: Bug
    by: str
    seconds: float
    output: str

    def __str__(self) -> str:
        return f"{'caught' if self.by else 'MISSED'}  {self.bug.name}: {self.by or self.output[-2000:]}"


def planted(bug: Bug, folder: Path) -> Path:
    """Return a copy of the tree with the bug in it; with what Python has compiled, which it knows by time and size."""
    tree = folder / bug.name.replace(" ", "-")
    for part in _PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, tree / part)
        else:
            shutil.copy(source, tree / part)
    for file, text in changed(bug).items():
        (tree / "helpbot" / file).write_text(text)
    return tree


def changed(bug: Bug) -> dict[str, str]:
    """Return the files that a bug changes, as they are with it in them."""
    texts: dict[str, str] = {}
    for edit in bug.edits:
        text = texts.get(edit.file) or (ROOT / "helpbot" / edit.file).read_text()
        assert text.count(edit.old) == 1, f"{bug.name}: {edit.file} does not hold once what it is to change"
        texts[edit.file] = text.replace(edit.old, edit.new)
    return texts


def caught(bug: Bug, folder: Path) -> Catch:
    """Tell what catches the bug."""
    began, tree = time.monotonic(), planted(bug, folder)
    environment = {**os.environ, "PYTHONPATH": str(tree), "OPENBLAS_NUM_THREADS": "1"}
    command = bug.by.split("|")
    if command[0] != "-m":
        command = ["-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *command]
    try:
        run = subprocess.run(
            [sys.executable, *command], cwd=tree, env=environment, capture_output=True, text=True, check=False,
            timeout=_PATIENCE,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Catch(bug, "", time.monotonic() - began, "it hung")
    output = run.stdout + run.stderr
    shutil.rmtree(tree)
    return Catch(bug, _told(output) if run.returncode == 1 else "", time.monotonic() - began, output)


def _told(output: str) -> str:
    """Return what a failed run says; nothing for one that broke down instead of failing."""
    failed = re.search(r"^FAILED (\S+)", output, re.MULTILINE)
    fault = re.search(r"^FAULT (?!.*ended by itself)(.{0,160})", output, re.MULTILINE)
    if failed is not None:
        return failed[1]
    return "" if fault is None else f"tests.crash.points ({fault[1]})"


def catches(bugs: tuple[Bug, ...]) -> Iterator[Catch]:
    """Tell of each bug what catches it, in their order."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(_AT_ONCE) as hands:
        yield from hands.map(lambda bug: caught(bug, Path(folder)), bugs)


@click.command()
@click.option("--only", help="Bugs with this in their name.")
def main(only: str | None) -> None:
    """Break helpbot in each known way, and list what catches it."""
    missed = 0
    for catch in catches(tuple(bug for bug in BUGS if only is None or only in bug.name)):
        click.echo(f"{catch.seconds:5.1f} s  {catch}")
        missed += not catch.by
    click.echo(f"{missed} missed")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
