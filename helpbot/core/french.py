"""What French wants before a name."""

from __future__ import annotations

import unicodedata

_VOWELS = frozenset("aeiouœæ")
_MUTE = (
    "hadri", "hect", "hel", "henri", "heracl", "herm", "herv", "hilai", "hippo", "homer", "hono", "horace", "hort",
    "hub", "hug", "hyac",
)  # fmt: skip  # how names with a mute h begin; most others have an h that counts: Hakim, Hans, Harry


def of(name: str) -> str:
    """Return the name with "de" before it, or "d'" where it begins with a vowel or a mute h."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", name[:20]) if not unicodedata.combining(char))
    plain = plain.casefold()
    first, second = plain[:1], plain[1:2]
    sounds = second.isalpha() and second not in _VOWELS if first == "y" else first in _VOWELS  # Yves, but not Yann
    return f"d'{name}" if first and (sounds or plain.startswith(_MUTE)) else f"de {name}"
