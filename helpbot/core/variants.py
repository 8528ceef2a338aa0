"""A line of words with choices in it, and the lines that it stands for, so that long lists stay short to read.

Rule: these lines are ours; text from people is only ever compared with what they stand for.
"""

from __future__ import annotations

from itertools import product


def variants(*lines: str) -> frozenset[str]:
    """Return all that the lines stand for: "see_you|talk soon" is "see you soon" and "talk soon"; "-" is no word."""
    choices = ([word.split("|") for word in line.split()] for line in lines)
    chosen = (" ".join(words) for line in choices for words in product(*line))
    return frozenset(" ".join(words.replace("_", " ").replace("-", " ").split()) for words in chosen)
