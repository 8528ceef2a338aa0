"""The end of a ticket and what comes after: the last word, how it was, and a customer who fell silent.

Rule: a rating never swallows a cry for help: what is more than a number and a short word opens the ticket again.
Rule: of several ratings the last counts, and none of them opens anything; bare ones are shown once more at most.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from helpbot.core import words
from helpbot.core.acts import AgentClosed
from helpbot.core.decide_handover import withdraw
from helpbot.core.decide_parts import hinted, inside, kept_words, let_go, spoken, tell, to_customer
from helpbot.core.decide_words import held_back, spoke, without
from helpbot.core.effects import Count, Decision, EditCard, Effect, Literal, Quoted, Say
from helpbot.core.events import CustomerRated, CustomerSaid
from helpbot.core.model import Audience, Desk, Figure, Status, Ticket, Way
from helpbot.core.phrases import days, say
from helpbot.core.status import her_zone
from helpbot.core.told import told
from helpbot.core.transcript import card

_LONGEST_WORD = 120  # characters of a word beside a rating
_WELL = 4  # from here on a comment is taken for one
_OF_A_RATING = {  # beside a number they say how it was and nothing else
    "merci", "super", "parfait", "tres", "bien", "rapide", "top", "bravo", "genial", "nickel", "excellent", "sympa",
    "efficace", "beaucoup", "trop", "lent", "mauvais", "nul", "long", "bof", "moyen", "correct", "pas", "mal", "et",
    "thanks", "thank", "you", "great", "very", "quick", "fast", "good", "nice", "perfect", "well", "done", "ok", "too",
    "slow", "bad", "so", "and", "a", "lot", "awesome", "stars", "star", "etoiles", "etoile",
}  # fmt: skip
_TROUBLE = {  # with one of them she may want something still
    "ne", "n", "pas", "plus", "toujours", "encore", "jamais", "rien", "mais", "personne", "probleme", "humain", "sans",
    "not", "no", "never", "still", "but", "nobody", "t", "problem", "human", "please", "svp", "help", "aide", "why",
    "question", "pourquoi", "when", "quand", "comment", "how",
}  # fmt: skip
_MARKS = {
    "1⃣": 1, "2⃣": 2, "3⃣": 3, "4⃣": 4, "5⃣": 5, "👎": 1, "😡": 1, "😠": 1, "🙁": 2, "☹": 2, "😐": 3, "🙂": 4, "👍": 5,
    "❤": 5, "😀": 5, "😃": 5, "😊": 5, "🎉": 5, "⭐": 5, "🙏": 5, "👏": 5,
}  # fmt: skip
_NUMBERS = {"un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "one": 1, "two": 2, "three": 3, "four": 4}
_NUMBERS |= {"five": 5, "1": 1, "2": 2, "3": 3, "4": 4, "5": 5}
_VARIANTS = dict.fromkeys([*range(0x1F3FB, 0x1F400), 0xFE0E, 0xFE0F])
_SHOWN_STARS = {1: "1️⃣", 2: "2️⃣", 3: "3️⃣", 4: "4️⃣", 5: "5️⃣"}


def closed(ticket: Ticket, event: AgentClosed, desk: Desk, *, sure: bool = False) -> Decision:
    """Close the ticket with the agent's last word, or the bot's; ask once how it was."""
    if ticket.status is Status.CLOSED:
        return hinted(ticket, desk, "hint_closed")
    held = held_back(ticket, event, desk, Way.CLOSED) if event.text and not sure else None
    if held is not None:
        return held
    ticket, dropped = let_go(without(ticket, event, Way.CLOSED), desk)
    noted: tuple[Effect, ...] = ()
    if event.text:
        last = to_customer(ticket, event.agent, event.ref, event.text)
        ticket, noted = spoke(ticket, event.at, desk)
        noted = tuple(effect for effect in noted if not isinstance(effect, EditCard))
    else:
        last = ()
    noted = (*dropped, *noted, *(Count(Figure.KEPT) for _ in ticket.open_promises))
    solved = Count(Figure.SOLVED, max((event.at - ticket.opened_at).total_seconds(), 0.0))
    ticket, withdrawn = withdraw(ticket, desk)
    ticket = at_rest(replace(ticket, status=Status.CLOSED, closed_at=event.at))
    goodbye = _closing_words(ticket, desk, said=bool(event.text))
    if goodbye:
        receipt = None if event.text else event.ref
        last = (*last, Say(Audience.CUSTOMER, (Literal(goodbye),), receipt=receipt))
        ticket = replace(ticket, asked_rating=ticket.asked_rating or _asks(ticket, desk))
    return Decision(ticket, (*last, *noted, solved, *withdrawn, EditCard(card(ticket, desk))))


def at_rest(ticket: Ticket) -> Ticket:
    """Return the ticket with nothing that waits."""
    ticket = replace(ticket, waits_since=None, ladder_from=None, rung=0, answered_at=None, warned_at=None)
    return replace(ticket, snoozed_until=None, promises=(), transfer=None, held_back=())


def _asks(ticket: Ticket, desk: Desk) -> bool:
    return desk.ask_rating and not ticket.asked_rating and ticket.rating is None


def _closing_words(ticket: Ticket, desk: Desk, *, said: bool) -> str:
    """Return that it is closed, with how it was if that is asked; nothing after an agent's last word if it is not."""
    asks = _asks(ticket, desk)
    if said and not asks:
        return ""
    language = spoken(ticket, desk)
    within = days(desk.reopen_for.days, language)
    return say("closed_asking" if asks else "closed", language, number=ticket.number, days=within)


# --- how it was


def rated_in_words(ticket: Ticket, event: CustomerSaid, desk: Desk) -> Decision | None:
    """Return what her words, or a correction of them, say of how it was; None when they are for something else."""
    if event.attachment is not None:
        return None
    folded = desk.library.fold(event.text)
    if "?" not in event.text and words.thanked(folded) is not None and len(folded.split()) <= 6:
        return _thanked(ticket, event, desk)
    alone = mark_rating(event.text.strip().translate(_VARIANTS)) or _among_thanks(folded)
    if alone is not None and _may_rate(ticket) and "?" not in event.text:
        rated = _rated(ticket, alone, event.text, event.at, desk)
        return replace(rated, effects=(*kept_words(ticket, event.text), *rated.effects))
    rating, parted, rest = _number(event.text)
    if rating is None or not _may_rate(ticket) or not _is_a_comment(rating, desk.library.fold(rest), parted=parted):
        return None
    rated = _rated(ticket, rating, event.text, event.at, desk, comment=bool(rest))
    return replace(rated, effects=(*kept_words(ticket, event.text, source=event.ref), *rated.effects))


def _may_rate(ticket: Ticket) -> bool:
    return ticket.asked_rating or ticket.rating is not None


def mark_rating(mark: str) -> int | None:
    """Return what a mark, or so many stars, say of how it was; skins and variants are taken off before."""
    stars = "".join(mark.split())
    if stars and set(stars) <= {"⭐", "★"} and len(stars) <= 5:
        return 5 if mark == "⭐" else len(stars)
    return _MARKS.get(mark)


def _among_thanks(folded: str) -> int | None:
    """Return the one number that stands alone, or among thanks: "five", "merci, 5"."""
    words_said = folded.split()
    numbers = [word for word in words_said if word in _NUMBERS]
    others = [word for word in words_said if word not in _NUMBERS]
    if len(numbers) != 1 or (others and words.thanked(" ".join(others)) is None):
        return None
    return _NUMBERS[numbers[0]]


def _thanked(ticket: Ticket, event: CustomerSaid, desk: Desk) -> Decision:
    """Show her thanks to the agents; answer them once, for another bot may thank for ever."""
    shown = Say(Audience.AGENTS, (Quoted(ticket.speaker, event.text, event.ref),))
    once = _not_yet_reassured(ticket)
    thanks = tell(say("welcome_after", spoken(ticket, desk), number=ticket.number))
    ticket = replace(ticket, reassured_at=event.at)
    return Decision(ticket, (*kept_words(ticket, event.text, source=event.ref), shown, *((thanks,) if once else ())))


def _not_yet_reassured(ticket: Ticket) -> bool:
    """Tell whether the bot has not answered anything since the closing but a first rating."""
    return ticket.reassured_at is None or (ticket.closed_at is not None and ticket.reassured_at < ticket.closed_at)


def _is_a_comment(rating: int, folded: str, *, parted: bool) -> bool:
    """Tell whether the words beside a rating are no more than a word on it; in doubt she wants something."""
    rest = folded.split()
    if all(word in _OF_A_RATING for word in rest):
        return True
    return parted and rating >= _WELL and len(folded) <= _LONGEST_WORD and not _TROUBLE & set(rest)


def rated_by_mark(ticket: Ticket, event: CustomerRated, desk: Desk) -> Decision:
    """Return what a reaction says of how it was."""
    if not _may_rate(ticket) or ticket.status is not Status.CLOSED:
        return Decision(ticket)
    rated = _rated(ticket, event.rating, event.symbol, event.at, desk)
    return replace(rated, effects=(*kept_words(ticket, event.symbol), *rated.effects))


def _rated(ticket: Ticket, rating: int, shown: str, at: datetime, desk: Desk, *, comment: bool = False) -> Decision:
    """Take her rating, or another one in its place, which is answered once: another bot may rate for ever."""
    again, changed = ticket.rating is not None, rating != ticket.rating
    told = not again or _not_yet_reassured(ticket)
    ticket = replace(ticket, rating=rating, asked_rating=False, reassured_at=at if again else ticket.reassured_at)
    head = say("rated_again" if again else "rated", desk.languages[0], name=ticket.speaker, mark=_SHOWN_STARS[rating])
    effects: list[Effect] = []
    if told or comment:
        effects.append(Say(Audience.AGENTS, (Quoted(head, shown),)))
    if told:
        effects.append(tell(say("rated_thanks", spoken(ticket, desk), number=ticket.number)))
    if changed:
        effects += [Count(Figure.RATED, float(rating)), EditCard(card(ticket, desk))]
    return Decision(ticket, tuple(effects))


def _number(text: str) -> tuple[int | None, bool, str]:
    """Return a number from 1 to 5 at the start ("4", "4/5", "5, merci"), whether a sign parts it from what follows."""
    plain = text.strip()[: 2 * _LONGEST_WORD].replace("\ufe0f", "").replace("\u20e3", "")
    if not plain or plain[0] not in "12345" or plain[1:2].isdigit():
        return None, False, ""
    rest = plain[1:]
    for end in ("/5", " / 5", " sur 5", " out of 5", " of 5"):
        if rest.startswith(end) and not rest[len(end) :][:1].isdigit():
            rest = rest[len(end) :]
            break
    after = rest.lstrip(" .,;:!–—-\n⭐★*")
    if "?" in rest or (rest and (rest[0].isalnum() or after[:1].isdigit() or rest[0] in "/'’%€$")):  # 2e, 2,50, 1 000
        return None, False, ""
    parted = rest.lstrip(" ⭐★*")[:1] in {".", ",", ";", ":", "!", "–", "—", "-", "\n"} if rest else False
    return int(plain[0]), parted, after.strip()


# --- a customer who does not answer


def fell_silent(ticket: Ticket, at: datetime, desk: Desk) -> Decision:
    """Warn a customer who does not answer, then close her ticket."""
    language = spoken(ticket, desk)
    if ticket.warned_at is None:
        until = told(at + desk.warned_for, at, her_zone(ticket, desk), language)
        warning = tell(say("silent_warning", language, number=ticket.number, when=until))
        return Decision(replace(ticket, warned_at=at), (warning, inside("silent_warned", desk)))
    ticket, withdrawn = withdraw(ticket, desk)
    ticket, dropped = let_go(ticket, desk)
    ticket = at_rest(replace(ticket, status=Status.CLOSED, closed_at=at))
    within = days(desk.reopen_for.days, language)
    goodbye = tell(say("silent_closed", language, number=ticket.number, days=within))
    shown = inside("silent_closed_inside", desk, number=ticket.number)
    return Decision(ticket, (goodbye, shown, *dropped, Count(Figure.SILENT), *withdrawn, EditCard(card(ticket, desk))))
