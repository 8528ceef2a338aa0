"""From the config to a desk: what all commands share."""

from __future__ import annotations

from datetime import timedelta

from helpbot.answers import canned, files, prepare
from helpbot.answers.entries import Faq
from helpbot.answers.library import FaqLibrary
from helpbot.answers.matcher import Index
from helpbot.answers.prepare import Prepared
from helpbot.answers.semantic import embedder
from helpbot.config import Config, check_faq_against
from helpbot.config_teams import beside
from helpbot.core.files import MEGABYTE
from helpbot.core.model import Canned, Desk
from helpbot.core.vague import vague_word
from helpbot.strict_yaml import Fault

_AS_IT_IS = "what is ready is not held back, it goes out as it is"
_LEARNT_AT_ONCE = 500  # phrasings, which takes a tenth of a second


def load_faq(config: Config) -> tuple[Faq, tuple[Fault, ...]]:
    """Return the FAQ with every fault in it, also those against the config's teams."""
    faq, faults = files.load(config.faq_folder(), config.languages)
    return faq, (*faults, *check_faq_against(config, faq))


def load_canned(config: Config) -> tuple[dict[str, Canned], tuple[Fault, ...]]:
    """Return the replies that are ready, with every fault in them; they are read at the start and not again."""
    folder = config.canned_folder()
    return ({}, ()) if folder is None else canned.load(folder, config.languages[0])


def library(config: Config, faq: Faq, prepared: Prepared | None = None) -> FaqLibrary:
    """Return what the desk asks of the FAQ, as sure as the config wants it.

    Takes seconds when this FAQ was never prepared; what that found is kept for the next time.
    """
    folder, semantic = prepare.cache_folder(), config.answers.semantic
    embed = embedder() if semantic else None
    if prepared is None:
        prepared = prepare.recall(faq, folder, semantic)
    if prepared is None:
        prepared = prepare.work_out(faq, embed)
        prepare.keep(faq, prepared, folder, semantic)
    promise = config.answers.max_wrong, config.answers.out_of_scope
    return prepare.library_of(faq, prepared, config.languages, promise, embed)


def unprepared(config: Config, faq: Faq) -> FaqLibrary:
    """Return the FAQ as it can be used at once: no better than what holds for every FAQ."""
    answers = config.answers
    index = Index.build(faq, most=_LEARNT_AT_ONCE)
    return FaqLibrary(faq, config.languages, answers.max_wrong, answers.out_of_scope, index=index)


def make_desk(config: Config, library: FaqLibrary) -> Desk:
    """Return the desk as the config describes it; who calls has refused what `load_canned` finds faulty."""
    tickets, agents = config.tickets, config.agents
    vague = {library.fold(word): word for words in agents.vague_words.values() for word in words}
    return Desk(
        library=library,
        languages=tuple(config.languages),
        teams=tuple(team.of_the_desk(beside(team, config.teams)) for team in config.teams),
        plain_text=agents.plain_text,
        reopen_for=timedelta(days=tickets.reopen_for_days),
        burst=timedelta(seconds=config.answers.burst_seconds),
        idle_for=timedelta(hours=tickets.idle_hours),
        silent_for=timedelta(days=tickets.silent_days) if tickets.silent_days else None,
        warned_for=timedelta(hours=tickets.warned_hours),
        ask_rating=tickets.ask_rating,
        largest_file=int(config.files.max_mb * MEGABYTE),
        file_types=config.files.types,
        vague=vague,
        zones=dict(agents.time_zones),
        canned=load_canned(config)[0],
        help_rooms={room.room: room.of_the_desk() for room in config.help_rooms},
        offers=config.offer.of_the_desk(),
    )


def vague_replies(config: Config, desk: Desk) -> tuple[Fault, ...]:
    """Return what is worth a look in the replies that are ready: words that a message would be held back for."""
    texts = [(one.id, language, text) for one in desk.canned.values() for language, text in one.texts.items()]
    found = [(name, language, vague_word(text, desk)) for name, language, text in texts]
    return tuple(
        Fault(str(config.canned_folder()), 0, f"the reply {name!r} ({language}) says “{word}” and no time: {_AS_IT_IS}")
        for name, language, word in found
        if word is not None
    )
