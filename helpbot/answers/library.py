"""The FAQ as the core asks it: looks questions up, names entries, hands out answers. Built once, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from helpbot.answers.confidence import Policy, probabilities, zone
from helpbot.answers.entries import Faq, FaqEntry
from helpbot.answers.matcher import Index, Ranking
from helpbot.answers.text import normalise
from helpbot.core.model import Answer, Candidate, Finding, Zone

_CANDIDATES = 5
_CLEARLY = 2  # words of one language more than of any other: then they tell it, whoever won
_MATCHED_WELL = 0.5  # from here on the winning phrasing tells the language when the words do not


@dataclass(frozen=True, slots=True)
class FaqLibrary:
    """A `Library` over a FAQ; `languages` are the desk's, the default first."""

    faq: Faq
    languages: Sequence[str]
    max_wrong: float = 0.05
    out_of_scope: float = 0.4
    index: Index = field(init=False, repr=False, compare=False)
    _entries: dict[str, FaqEntry] = field(init=False, repr=False, compare=False)
    _dated: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Build the index."""
        dated = (position for position, entry in enumerate(self.faq.entries) if entry.valid_from or entry.valid_until)
        object.__setattr__(self, "index", Index.build(self.faq))
        object.__setattr__(self, "_entries", {entry.id: entry for entry in self.faq.entries})
        object.__setattr__(self, "_dated", tuple(dated))

    @property
    def policy(self) -> Policy:
        """Return what the admin allows."""
        return Policy(self.max_wrong, self.out_of_scope)

    def find(self, text: str, language: str | None, at: datetime) -> Finding:
        """Look a question up among the entries that speak on that day; `language` is the customer's as far as known."""
        ranking = self.ranking(text, language, at)
        confidences = probabilities(ranking, self.policy)
        found, offered = zone(confidences, self.policy, ranking.bare)
        ids = [self.faq.entries[match.entry].id for match in ranking.matches]
        candidates = tuple(
            Candidate(entry, round(confidence, 4))
            for entry, confidence in zip(ids[:_CANDIDATES], confidences[:_CANDIDATES], strict=True)
        )
        choices = tuple(ids[:offered]) if found is Zone.SUGGEST else ()
        sure = bool(confidences) and sum(confidences[:2]) >= _MATCHED_WELL
        return Finding(found, candidates, choices, _language_of(ranking, self.languages, sure))

    def ranking(self, text: str, language: str | None, at: datetime) -> Ranking:
        """Return all matches of a question, with the signs for each."""
        day = at.date()
        silent = {position for position in self._dated if not self.faq.entries[position].speaks_on(day)}
        return self.index.score(text, language, silent)

    def title(self, entry: str, language: str) -> str | None:
        """Return the entry's first phrasing, in that language if it has one, with a capital letter."""
        found = self._entries.get(entry)
        if found is None:
            return None
        written = [texts[0] for texts in (found.questions.get(language, ()), *found.questions.values()) if texts]
        title = written[0].strip() if written else entry
        return title[:1].upper() + title[1:]

    def answer(self, entry: str, language: str, at: datetime) -> Answer | None:
        """Return the entry's answer in that language, else the first one that exists; None when it does not speak."""
        found = self._entries.get(entry)
        if found is None or not found.speaks_on(at.date()) or not found.answer:
            return None
        spoken = language if language in found.answer else next(iter(found.answer))
        return Answer(found.answer[spoken], spoken, found.team, found.always_escalate)

    def fold(self, text: str) -> str:
        """Return the text in the form in which two spellings of the same words are equal, capped in length."""
        return normalise(text)


def _language_of(ranking: Ranking, languages: Sequence[str], sure: bool) -> str | None:
    """Return the language that the words clearly tell, else that of a winning phrasing that is any good."""
    won = ranking.matches[0].language if sure else None
    told = won if won is not None and ranking.lead < _CLEARLY else ranking.language or won
    return told if told in languages else None
