"""`helpbot doctor` as a process of its own, and what it said."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests import forks


@dataclass(frozen=True, slots=True)
class Seen:
    """What the doctor said."""

    code: int
    out: str
    err: str
    findings: list[dict[str, str]]

    def faults(self) -> dict[str, str]:
        return {one["check"]: one["meaning"] for one in self.findings if one["state"] == "fault"}

    def one(self, check: str) -> dict[str, str]:
        [found] = [one for one in self.findings if one["check"] == check]
        assert (found["mend"] == "") == (found["state"] == "ok")
        return found

    def state(self, check: str) -> str:
        return self.one(check)["state"]


async def examined(folder: Path, *words: str, admin_token: str | None = None) -> Seen:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HELPBOT_")}
    environment |= {} if admin_token is None else {"HELPBOT_DOCTOR_ADMIN_TOKEN": admin_token}
    process = await forks.start("doctor", "-c", "config.yaml", "--json", *words, cwd=folder, env=environment)
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    assert b"Traceback" not in err, err.decode()
    assert process.returncode is not None
    return Seen(process.returncode, out.decode(), err.decode(), [json.loads(line) for line in out.splitlines()])


def changed(folder: Path, **matrix: Any) -> None:
    """Change the config's matrix section; None takes a key out."""
    config = yaml.safe_load((folder / "config.yaml").read_text())
    config["matrix"] |= matrix
    config["matrix"] = {key: value for key, value in config["matrix"].items() if value is not None}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
