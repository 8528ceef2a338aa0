"""Why the FAQ decided as it did, in words for the admin who asks `helpbot ask`."""

from __future__ import annotations

from datetime import datetime

from helpbot.answers.confidence import probabilities
from helpbot.answers.library import FaqLibrary
from helpbot.answers.text import normalise
from helpbot.core.model import Zone

_SHOWN = 3


def explain(library: FaqLibrary, text: str, language: str | None, at: datetime) -> str:
    """Return a few lines: what was read, the nearest phrasings with their probability, and what follows."""
    if not normalise(text):
        return "There is no letter or digit in it: a person is called."
    finding = library.find(text, language, at)
    ranking = library.ranking(text, language, at)
    lines = [f"taken for: {_mended(ranking.repairs)}"] if ranking.repairs else []
    confidences = probabilities(ranking, library.policy)
    for match, confidence in list(zip(ranking.matches, confidences, strict=True))[:_SHOWN]:
        entry = library.faq.entries[match.entry].id
        how = (
            "the very words"
            if match.exact
            else f"words {match.signs.coverage:.0%}, letters {match.signs.letters_best:.0%}"
        )
        lines.append(f"{confidence:4.0%}  {entry} ({match.language}): “{match.phrasing}” — {how}")
    if not ranking.matches:
        lines.append("No entry shares a word with it.")
    lines.append(_verdict(finding.zone, finding.choices, library.policy.threshold, ranking.bare))
    return "\n".join(lines)


def _mended(repairs: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"{written} → {meant}" for written, meant in repairs)


def _verdict(zone: Zone, choices: tuple[str, ...], threshold: float, bare: bool) -> str:
    if zone is Zone.ANSWER:
        return f"answer: at least {threshold:.0%} sure, and nothing else is alike"
    if zone is Zone.SUGGEST:
        why = "one word is a subject, not a question" if bare else f"not {threshold:.0%} sure, or two are alike"
        return f"suggest {', '.join(choices)}: {why}"
    return "escalate: the right entry is probably not among the best three"
