"""What follows a message once it was sent: corrections, deletions and reactions, from either side to the other.

Rule: only what was sent outside may change outside, because an inside word must not get out by being corrected.
"""

from __future__ import annotations

import unicodedata
from dataclasses import replace

from helpbot.core import decide_burst
from helpbot.core.acts import AgentDeleted, AgentEdited, AgentReacted, AgentReplied
from helpbot.core.decide_parts import hinted, inside, owns, refused, spoken, tell
from helpbot.core.decide_words import goes_out
from helpbot.core.effects import Amend, Decision, EditCard, Effect, React, Say
from helpbot.core.events import CustomerDeleted, CustomerReacted, FileLost, Unchanged
from helpbot.core.model import Audience, Desk, Ticket, Way
from helpbot.core.phrases import is_phrase, say
from helpbot.core.transcript import PIECE, card, shorten
from helpbot.core.vague import vague_word

_LONGEST_MARK = 12  # code points: an emoji of a family has eleven
_MARKS_PASSED_ON = 10  # to one message, those taken back included
_MORE = "➕"
_KEYCAP = "\u20e3"
_MARKS = {"So", "Sk", "Sm", "Mn", "Me", "Cf"}


def customer_deleted(ticket: Ticket, event: CustomerDeleted, desk: Desk) -> Decision:
    """Take back, wherever it is shown, what she took back; the card forgets it as well."""
    effects: list[Effect] = [Amend(event.source, None)]
    ticket, stopped = decide_burst.deleted(ticket, event.source, event.at, desk)
    effects += stopped
    if event.text and _quotes(ticket.question, event.text):
        effects[0] = Amend(event.source, None, ticket.question)
        ticket = replace(ticket, question="")
        if ticket.carded:
            effects.append(EditCard(card(ticket, desk)))
    return Decision(ticket, tuple(effects))


def _quotes(question: str, text: str) -> bool:
    """Tell whether a question, shortened, holds these words: alone, or as one of the lines that it was asked in."""
    line, whole = shorten(text).removesuffix("…"), question.removesuffix("…")
    if whole == question:
        return f" {line} " in f" {whole} "
    starts = [0, *(place + 1 for place, char in enumerate(whole) if char == " ")]
    return any(whole.startswith(line, start) or line.startswith(whole[start:]) for start in starts)


def customer_reacted(ticket: Ticket, event: CustomerReacted, desk: Desk) -> Decision:
    """Show her mark on the words of the agent that it is on."""
    if not ticket.carded or not is_mark(event.symbol):
        return Decision(ticket)
    mark = React(event.to, event.symbol, event.team, source=event.ref)
    many = inside("many_marks", desk, name=ticket.customer.name)
    return Decision(ticket, _bounded(mark, replace(many, team=event.team, answers=event.to), event.before))


def agent_edited(ticket: Ticket, event: AgentEdited, desk: Desk) -> Decision:
    """Carry a correction to where the words are; one of words that wait for a yes is weighed anew."""
    held = next((one for one in ticket.held_back if (one.ref, one.agent.id) == (event.of, event.agent.id)), None)
    if event.word not in {"", "!r" if event.sent or held is not None else "!note"}:
        return hinted(ticket, desk, "hint_edit_command", word=event.word)
    if held is not None and held.way is Way.SAID and event.text and not event.mentions:
        ticket = replace(ticket, held_back=tuple(one for one in ticket.held_back if one is not held))
        return goes_out(ticket, AgentReplied(event.at, event.agent, event.of, event.text), desk)
    if event.kept and not event.sent:
        return Decision(ticket, (Amend(event.of, event.text),))
    if not event.sent or not event.text:
        return hinted(ticket, desk, "hint_edit")
    if event.mentions:
        return hinted(ticket, desk, "hint_edit_mentions")
    word = vague_word(event.text, desk)
    if word is not None:
        return hinted(ticket, desk, "hint_edit_vague", word=word)
    if len(event.text) > PIECE:
        return hinted(ticket, desk, "hint_edit_long")
    return Decision(ticket, (Amend(event.of, event.text),))


def agent_deleted(ticket: Ticket, event: AgentDeleted) -> Decision:
    """Take words or a mark back where the customer has them; what waits for a yes waits no longer."""
    held = tuple(one for one in ticket.held_back if one.ref != event.of)
    return Decision(replace(ticket, held_back=held), (Amend(event.of, None),))


def agent_reacted(ticket: Ticket, event: AgentReacted, desk: Desk) -> Decision:
    """Pass on the owner's mark on her words; everybody else's stays inside."""
    if not owns(ticket, event.agent) or desk.plain_text != "owner" or not is_mark(event.symbol):
        return Decision(ticket)
    mark = React(event.to, event.symbol, audience=Audience.CUSTOMER, source=event.ref)
    return Decision(ticket, _bounded(mark, inside("hint_many_marks", desk), event.before))


def _bounded(mark: React, many: Say, before: tuple[str, ...]) -> tuple[Effect, ...]:
    """Pass a mark on, unless it is there; of more than a few only one tells that there are more, and then none."""
    if mark.symbol in before or len(before) > _MARKS_PASSED_ON:
        return ()
    if len(before) == _MARKS_PASSED_ON:
        return (replace(mark, symbol=_MORE), many)
    return (mark,)


def is_mark(symbol: str) -> bool:
    """Tell whether a reaction is an emoji: some clients take any words, which may be inside ones."""
    if not 0 < len(symbol) <= _LONGEST_MARK:
        return False
    plain = "".join(char for char in symbol if char not in "#*0123456789") if _KEYCAP in symbol else symbol
    return all(unicodedata.category(char) in _MARKS for char in plain)


def file_lost(ticket: Ticket, event: FileLost, desk: Desk) -> Decision:
    """Say to both sides that a file did not come along with its words."""
    language, hers = desk.languages[0], spoken(ticket, desk)
    if event.to is Audience.CUSTOMER:
        why = say(event.why, language) if is_phrase(event.why) else event.why
        return refused(ticket, event.ref, desk, "hint_file_refused", file=event.name, why=why)
    why = say(event.why, hers) if is_phrase(event.why) else event.why
    shown = inside("file_lost", desk, name=ticket.speaker, file=event.name)
    return Decision(ticket, (shown, tell(say("file_refused", hers, file=event.name, why=why))))


def unchanged(ticket: Ticket, event: Unchanged, desk: Desk) -> Decision:
    """Say that she still reads what an agent has corrected or deleted; before that, it was words of the bot."""
    if not ticket.carded:
        return Decision(ticket)
    why = say(f"why_{event.why}", desk.languages[0]) if is_phrase(f"why_{event.why}") else event.why
    return hinted(ticket, desk, "deletion_failed" if event.deleted else "correction_failed", why=why)
