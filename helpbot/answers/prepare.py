"""A FAQ made ready to answer: what it taught and what it can promise, worked out once and kept.

Working it out takes seconds, so it is kept in the user's cache under a hash of the FAQ and of the code that does it: a
start reads it back. Losing the cache loses nothing but those seconds.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import numpy as np

from helpbot.answers.calibrate import Calibration, Trial, calibrate
from helpbot.answers.confidence import Weighed
from helpbot.answers.entries import Faq, FaqEntry
from helpbot.answers.library import FaqLibrary
from helpbot.answers.matcher import Index, Taught
from helpbot.answers.semantic import Embed, remembering

_DIGEST = hashlib.sha256().digest_size
_EMPTY = np.zeros((0, 0), np.float32)
_KEPT_FAQS = 16  # the newest; each takes up to a few megabytes
_CODE = ("calibrate", "confidence", "matcher", "repair", "semantic", "softmax", "synonyms", "text", "vectors")


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a FAQ taught, and what came of its trials."""

    taught: Taught
    calibration: Calibration


def cache_folder() -> Path | None:
    """Return where prepared FAQs are kept: `$XDG_CACHE_HOME/helpbot`, else `~/.cache/helpbot`; None without a home."""
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(base) if base and Path(base).is_absolute() else Path.home() / ".cache") / "helpbot"
    except RuntimeError:
        return None


def work_out(faq: Faq, embed: Embed | None = None) -> Prepared:
    """Return what the FAQ teaches and what came of asking it its own phrasings; takes seconds."""
    once = None if embed is None else remembering(embed)
    return Prepared(Index.build(faq, embed=once).taught, calibrate(faq, embed=once))


def library_of(
    faq: Faq, prepared: Prepared, languages: Sequence[str], promise: tuple[float, float], embed: Embed | None = None
) -> FaqLibrary:
    """Return the library; `promise` is max_wrong and out_of_scope, shares of all questions as the config has them."""
    index = Index.build(faq, prepared.taught, embed=embed)
    return FaqLibrary(faq, languages, *promise, prepared.calibration, index)


def recall(faq: Faq, folder: Path | None, semantic: bool = False) -> Prepared | None:
    """Return what was kept for this very FAQ; None when there is nothing or it cannot be read."""
    if folder is None:
        return None
    path = folder / _name(faq, semantic)
    try:
        content = path.read_bytes()
        os.utime(path)  # so that it counts as used
    except OSError:
        return None
    return read_back(content)


def keep(faq: Faq, prepared: Prepared, folder: Path | None, semantic: bool = False) -> bool:
    """Keep it for the next start, whole or not at all; return whether that could be done."""
    if folder is None:
        return False
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(written(prepared))
            Path(name).replace(folder / _name(faq, semantic))
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError:
        return False
    with contextlib.suppress(OSError):  # another process may tidy up as well
        held = sorted(folder.glob("*.npz"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in held[_KEPT_FAQS:]:
            path.unlink(missing_ok=True)
    return True


def _name(faq: Faq, semantic: bool) -> str:
    """Return the file's name: a hash of all that decides what is worked out."""
    digest = hashlib.sha256(told(faq, semantic).encode())
    ours = files("helpbot.answers")
    for name in (*(f"{module}.py" for module in _CODE), "weights.json"):
        digest.update(ours.joinpath(name).read_bytes())
    return f"{digest.hexdigest()}.npz"


# --- the FAQ as far as it matters here, and what is worked out, as bytes


def told(faq: Faq, semantic: bool) -> str:
    """Return the FAQ as JSON, as far as it matters here, and whether meanings are compared."""
    entries = [
        [entry.id, entry.not_answered, [[name, *texts] for name, texts in entry.questions.items()]]
        for entry in faq.entries
    ]
    return json.dumps([semantic, entries])


def heard(content: str) -> tuple[Faq, bool]:
    """Return what was told."""
    semantic, entries = json.loads(content)
    faq = Faq(
        tuple(
            FaqEntry(entry_id, {name: tuple(texts) for name, *texts in questions}, {}, not_answered=silent)
            for entry_id, silent, questions in entries
        )
    )
    return faq, semantic


def written(prepared: Prepared) -> bytes:
    """Return what was worked out as bytes, behind their hash, which tells whether they are still whole."""
    trials = prepared.calibration.trials
    width = max((len(trial.weighed.parts) for trial in trials), default=0)
    parts = [(*trial.weighed.parts, *([0.0] * (width - len(trial.weighed.parts)))) for trial in trials]
    file = BytesIO()
    np.savez(
        file,
        learnt=_EMPTY if prepared.taught.learnt is None else prepared.taught.learnt,
        meaning=_EMPTY if prepared.taught.meaning is None else prepared.taught.meaning,
        kind=np.array(prepared.calibration.kind),
        trials=np.array([_row(trial) for trial in trials], np.float64),
        parts=np.array(parts, np.float64),
    )
    content = file.getvalue()
    return hashlib.sha256(content).digest() + content


def read_back(content: bytes) -> Prepared | None:
    """Return what was written; None when it is spoilt."""
    digest, content = content[:_DIGEST], content[_DIGEST:]
    if hashlib.sha256(content).digest() != digest:
        return None
    with np.load(BytesIO(content), allow_pickle=False) as held:
        learnt, meaning, kind = held["learnt"], held["meaning"], str(held["kind"])
        rows, parts = held["trials"].tolist(), held["parts"].tolist()
    calibration = Calibration(tuple(map(_trial, rows, parts)), kind)
    return Prepared(Taught(learnt if learnt.size else None, meaning if meaning.size else None), calibration)


def _row(trial: Trial) -> tuple[float, ...]:
    one = trial.weighed
    what = (trial.entry, trial.outside, trial.place, trial.silent, trial.phrasing, trial.first)
    return (*what, one.logit, one.exact, one.bare, len(one.parts))


def _trial(row: Sequence[float], parts: Sequence[float]) -> Trial:
    entry, outside, place, silent, phrasing, first, logit, exact, bare, count = row
    weighed = Weighed(logit, tuple(parts[: int(count)]), int(exact), bool(bare))
    return Trial(int(entry), bool(outside), int(place), bool(silent), int(phrasing), int(first), weighed)
