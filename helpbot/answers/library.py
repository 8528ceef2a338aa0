"""The FAQ as the core asks it: looks questions up, names entries, hands out answers. Built once, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import InitVar, dataclass, field, replace
from datetime import datetime
from itertools import zip_longest

from helpbot.answers.calibrate import UNTRIED, Calibration
from helpbot.answers.confidence import CHOICES, Likely, Policy, likely, worth_asking, zone
from helpbot.answers.entries import Faq, FaqEntry
from helpbot.answers.matcher import Index, Ranking
from helpbot.answers.reading import asks, follows, is_letter, questions, without_noise
from helpbot.answers.repair import Repairs
from helpbot.answers.text import normalise
from helpbot.core.model import Answer, Candidate, Finding, Zone

_CANDIDATES = 5
_CLEARLY = 2  # words of one language more than of any other: then they tell it, whoever won
_MATCHED_WELL = 0.5  # from here on the winning phrasing tells the language when the words do not


@dataclass(frozen=True, slots=True)
class Reading:
    """One text looked up as it stands, with all that was found on the way."""

    text: str
    ranking: Ranking
    found: tuple[Likely, ...]
    finding: Finding

    @property
    def exact(self) -> bool:
        """Tell whether it is a phrasing, word by word."""
        return bool(self.found) and self.found[0].match.exact

    @property
    def best(self) -> tuple[str | None, float]:
        """Return the entry that is most probably meant, and how probably."""
        candidates = self.finding.candidates
        return (candidates[0].entry, candidates[0].confidence) if candidates else (None, 0.0)


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What came of a question: the finding, the readings that it stands on, and what was left out of them."""

    finding: Finding
    readings: tuple[Reading, ...]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FaqLibrary:
    """A `Library` over a FAQ; `languages` are the desk's, the default first.

    `max_wrong` and `out_of_scope` are shares of all questions, as the config has them. Without a `calibration` of this
    FAQ, what other companies' questions showed decides from which confidence on the bot answers.
    """

    faq: Faq
    languages: Sequence[str]
    max_wrong: float = 0.05
    out_of_scope: float = 0.4
    calibration: Calibration = field(default=UNTRIED, repr=False, compare=False)
    index: InitVar[Index | None] = None  # built here when it is not at hand
    policy: Policy = field(init=False, compare=False)
    _index: Index = field(init=False, repr=False, compare=False)
    _entries: dict[str, FaqEntry] = field(init=False, repr=False, compare=False)
    _dated: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self, index: Index | None) -> None:
        """Build the index."""
        dated = (position for position, entry in enumerate(self.faq.entries) if entry.valid_from or entry.valid_until)
        threshold = self.calibration.threshold(self.max_wrong, self.out_of_scope)
        object.__setattr__(self, "_index", Index.build(self.faq) if index is None else index)
        object.__setattr__(self, "policy", Policy(self.max_wrong, self.out_of_scope, threshold))
        object.__setattr__(self, "_entries", {entry.id: entry for entry in self.faq.entries})
        object.__setattr__(self, "_dated", tuple(dated))

    def promising(self, max_wrong: float, out_of_scope: float) -> FaqLibrary:
        """Return the same library with another promise."""
        return replace(self, max_wrong=max_wrong, out_of_scope=out_of_scope, index=self._index)

    def find(self, text: str, language: str | None, at: datetime, before: str | None = None) -> Finding:
        """Look a question up among the entries that speak on that day; `language` is the customer's as far as known.

        `before` is her question before this one: a text that goes on from it is joined to it when that makes it surer.
        """
        return self.look_up(text, language, at, before).finding

    def look_up(self, text: str, language: str | None, at: datetime, before: str | None = None) -> LookedUp:
        """Return what `find` returns, with the readings of the text that led to it."""
        repairs: Repairs = {}
        whole = self._read(text, language, at, repairs)
        if whole.exact:
            return LookedUp(whole.finding, (whole,))
        said, noise = without_noise(text)
        if noise:
            whole = self._read(said, language, at, repairs)
            if whole.exact:
                return LookedUp(whole.finding, (whole,), noise)
        if is_letter(said):
            return LookedUp(_for_a_person(whole.finding), (whole,), noise)
        parts = tuple(self._read(part, language, at, repairs) for part in questions(said))
        several = self._several(parts, whole, noise)
        if several is not None:
            return several
        if whole.finding.zone is not Zone.ANSWER:
            joined = self._joined(before, whole, language, at, repairs)
            if joined is not None:
                return LookedUp(joined.finding, (joined,), noise)
        return LookedUp(whole.finding, (whole,), noise)

    def _several(self, parts: Sequence[Reading], whole: Reading, noise: tuple[str, ...]) -> LookedUp | None:
        """Return what comes of a message with several parts; None when they tell nothing that the whole does not."""
        for part in parts:
            if self._is_for_a_person(part):
                return LookedUp(part.finding, (part,), noise)
        sure = {part.finding.candidates[0].entry: part for part in parts if part.finding.zone is Zone.ANSWER}
        others = [part for part in parts if part.finding.zone is not Zone.ANSWER]
        if sure and all(part.finding.zone is Zone.ESCALATE and not asks(part.text) for part in others):
            left_out = (*noise, *(other.text for other in others))  # the story round what she asks
            if len(sure) == 1 and whole.finding.zone is Zone.ANSWER:
                return None
            read = tuple(sure.values())
            return LookedUp(_all_of(read) if len(read) > 1 else read[0].finding, read, left_out)
        unsure = tuple(part for part in others if part.finding.choices)
        if sure and unsure and (whole.finding.zone is not Zone.ANSWER or any(asks(part.text) for part in unsure)):
            read = (*sure.values(), *unsure)
            return LookedUp(_offering(read), read, noise)
        if len(sure) > 1 and whole.finding.zone is Zone.ANSWER:
            return LookedUp(_for_a_person(whole.finding), (whole,), noise)  # who sees to all of it
        return None

    def _is_for_a_person(self, part: Reading) -> bool:
        """Tell whether a part of a message is probably one of the questions that are not answered."""
        entry = None if part.best[0] is None else self._entries.get(part.best[0])
        return entry is not None and entry.not_answered and worth_asking([part.best[1]])

    def _joined(
        self, before: str | None, alone: Reading, language: str | None, at: datetime, repairs: Repairs
    ) -> Reading | None:
        """Return the reading together with the question before, if that leads elsewhere and is surer."""
        if before is None or not follows(alone.text):
            return None
        joined = self._read(f"{before} {alone.text}", language, at, repairs)
        earlier = self._read(before, language, at, repairs)
        if joined.finding.zone is Zone.ESCALATE or joined.best[0] == earlier.best[0] or joined.best[1] <= alone.best[1]:
            return None
        return joined

    def _read(self, text: str, language: str | None, at: datetime, repairs: Repairs) -> Reading:
        """Look one text up as it stands; `repairs` are those found for other parts of the same message."""
        ranking = self.ranking(text, language, at, repairs)
        found = likely(ranking, self.out_of_scope)
        where, offered = zone([one.confidence for one in found], self.policy, ranking.bare)
        ids = [self.faq.entries[one.match.entry].id for one in found]
        candidates = tuple(
            Candidate(entry, round(one.confidence, 4))
            for entry, one in zip(ids[:_CANDIDATES], found[:_CANDIDATES], strict=True)
        )
        answered = [not self.faq.entries[one.match.entry].not_answered for one in found]
        choices: tuple[str, ...] = ()
        if where is Zone.ANSWER and not answered[0]:
            where = Zone.ESCALATE
        elif where is Zone.SUGGEST:
            offers = [place for place in range(offered) if answered[place]]
            choices = tuple(ids[place] for place in offers)
            if len(offers) < offered and not worth_asking([found[place].confidence for place in offers]):
                where, choices = Zone.ESCALATE, ()
        finding = Finding(where, candidates, choices, _language_of(ranking, found, self.faq, self.languages))
        return Reading(text, ranking, found, finding)

    def ranking(self, text: str, language: str | None, at: datetime, repairs: Repairs | None = None) -> Ranking:
        """Return all matches of a question, with the signs for each."""
        day = at.date()
        silent = {position for position in self._dated if not self.faq.entries[position].speaks_on(day)}
        return self._index.score(text, language, silent, repairs)

    def title(self, entry: str, language: str) -> str | None:
        """Return the entry's first phrasing, in that language if it has one, with a capital letter."""
        found = self._entries.get(entry)
        if found is None:
            return None
        written = [texts[0] for texts in (found.questions.get(language, ()), *found.questions.values()) if texts]
        title = written[0].strip() if written else entry
        return title[:1].upper() + title[1:]

    def answer(self, entry: str, language: str, at: datetime) -> Answer | None:
        """Return the entry's answer in that language, else the first one that exists; None when it does not speak.

        That of an entry that is not answered is empty, and calls a person.
        """
        found = self._entries.get(entry)
        if found is None or not found.speaks_on(at.date()):
            return None
        if not found.answer:
            return Answer("", language, found.team, always_escalate=True)
        spoken = language if language in found.answer else next(iter(found.answer))
        return Answer(found.answer[spoken], spoken, found.team, found.always_escalate)

    def fold(self, text: str) -> str:
        """Return the text in the form in which two spellings of the same words are equal, capped in length."""
        return normalise(text)


def _for_a_person(finding: Finding) -> Finding:
    return replace(finding, zone=Zone.ESCALATE, choices=())


def _offering(readings: Sequence[Reading]) -> Finding:
    """Return the finding that offers what each of several questions may mean, the likeliest of each first."""
    offers = [reading.finding.choices or (reading.finding.candidates[0].entry,) for reading in readings]
    ordered = dict.fromkeys(one for round_ in zip_longest(*offers) for one in round_ if one is not None)
    return replace(_all_of(readings), zone=Zone.SUGGEST, choices=tuple(ordered)[:CHOICES], answers=())


def _all_of(readings: Sequence[Reading]) -> Finding:
    """Return the finding that answers each of several questions."""
    best: dict[str, Candidate] = {}
    for candidate in (candidate for reading in readings for candidate in reading.finding.candidates):
        held = best.get(candidate.entry)
        if held is None or held.confidence < candidate.confidence:
            best[candidate.entry] = candidate
    candidates = sorted(best.values(), key=lambda candidate: -candidate.confidence)[:_CANDIDATES]
    answers = tuple(reading.finding.candidates[0].entry for reading in readings)
    return Finding(Zone.ANSWER, tuple(candidates), (), readings[0].finding.language, answers)


def _language_of(ranking: Ranking, found: Sequence[Likely], faq: Faq, languages: Sequence[str]) -> str | None:
    """Return the language that the words clearly tell, else that of a winning phrasing that is any good.

    A phrasing tells nothing when its entry has none in the language that the words look like.
    """
    sure = bool(found) and sum(one.confidence for one in found[:2]) >= _MATCHED_WELL
    held = faq.entries[found[0].match.entry].questions if sure else {}
    won = found[0].match.language if sure and (ranking.language is None or ranking.language in held) else None
    told = won if won is not None and ranking.lead < _CLEARLY else ranking.language or won
    return told if told in languages else None
