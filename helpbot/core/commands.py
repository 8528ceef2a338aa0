"""What an agent typed in a ticket's thread → what the agent did; never raises.

Rule: whatever looks like a command and is none goes to nobody, because a mistyped `!note` must not reach a customer.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime

from helpbot.core.acts import (
    AgentAct,
    AgentAskedHelp,
    AgentAskedHistory,
    AgentAskedTickets,
    AgentAssigned,
    AgentClaimed,
    AgentClosed,
    AgentConfirmed,
    AgentKeptPromise,
    AgentMerged,
    AgentMistyped,
    AgentNoted,
    AgentPromised,
    AgentReleased,
    AgentReopened,
    AgentReplied,
    AgentSaid,
    AgentSearched,
    AgentSnoozed,
    AgentTaught,
    AgentTransferred,
    AgentUsedCanned,
    AgentWentAway,
)
from helpbot.core.model import Person

WORDS = (
    "!r", "!note", "!claim", "!release", "!close", "!reopen", "!learn", "!help", "!transfer", "!assign", "!promise",
    "!kept", "!snooze", "!send", "!canned", "!away", "!back", "!tickets", "!find", "!history", "!merge",
)  # fmt: skip
_OUTWARD = ("!r", "!close", "!promise", "!kept")  # what follows them goes to the customer
_NEEDING = {"!transfer": "hint_transfer", "!assign": "hint_assign", "!promise": "hint_promise"}
_NEEDING |= {"!snooze": "hint_snooze", "!find": "hint_find", "!learn": "hint_learn"}
_NEEDING |= {"!merge": "hint_merge"}
_LONGEST_NUMBER = 9  # digits of a ticket
_NEW = ("new", "nouveau", "nouvelle")
_BANGS = "!！﹗︕ǃ"  # what keyboards and fonts show as an exclamation mark
_EMOJI_BANGS = "¡❗❕‼⁉"
_SHOWN_WORD = 30
_SUSPECTS = 200  # lines with a "!" that are looked at; more stay inside, whatever they are
_LOOKED_AT = 3  # words at the start of a line, where a command may stand behind something


def read(at: datetime, agent: Person, ref: str, text: str, mentions: bool) -> AgentAct:  # noqa: PLR0912  # one table
    """Return what the agent did by writing this; plain text is AgentSaid."""
    word, rest = split(text)
    match word:
        case "" if inner := _hidden_command(text) or _inner_command(text):
            return AgentMistyped(at, agent, ref, inner, "hint_inner_command")
        case _ if word in _OUTWARD and (
            inner := split(rest)[0] or _hidden_command(rest, spaced=False) or _inner_command(text)
        ):
            return AgentMistyped(at, agent, ref, inner[:_SHOWN_WORD], "hint_inner_command")
        case "":
            return AgentSaid(at, agent, ref, bare(text), mentions)
        case "!r" | "!note" if not rest:
            return AgentMistyped(at, agent, ref, word, "hint_no_text")
        case "!r":
            return AgentReplied(at, agent, ref, rest)
        case "!note":
            return AgentNoted(at, agent, ref, rest)
        case "!claim":
            return AgentClaimed(at, agent, ref)
        case "!release":
            return AgentReleased(at, agent, ref)
        case "!close":
            return AgentClosed(at, agent, ref, rest)
        case "!reopen":
            return AgentReopened(at, agent, ref)
        case "!learn":
            return _taught(at, agent, ref, rest)
        case "!help":
            return AgentAskedHelp(at, agent, ref)
        case _ if word in WORDS:
            return _handled(at, agent, ref, word, rest)
        case _:
            return AgentMistyped(at, agent, ref, word[:_SHOWN_WORD], "hint_unknown")


def _handled(at: datetime, agent: Person, ref: str, word: str, rest: str) -> AgentAct:  # noqa: PLR0912  # one table
    """Return what a command about care for tickets does: hand-overs, promises, lists."""
    if not rest and word in _NEEDING:
        return AgentMistyped(at, agent, ref, word, _NEEDING[word])
    match word:
        case "!transfer":
            team, _, why = rest.partition(" ")
            team, _, more = team.partition("\n")
            return AgentTransferred(at, agent, ref, team, bare(f"{more} {why}"))
        case "!assign":
            return AgentAssigned(at, agent, ref, rest)
        case "!promise":
            return AgentPromised(at, agent, ref, rest)
        case "!kept":
            return AgentKeptPromise(at, agent, ref, rest)
        case "!snooze":
            return AgentSnoozed(at, agent, ref, rest)
        case "!send":
            return AgentConfirmed(at, agent, ref)
        case "!merge":
            return _merged(at, agent, ref, rest)
        case "!canned":
            return AgentUsedCanned(at, agent, ref, rest)
        case "!away" | "!back":
            return AgentWentAway(at, agent, ref, back=word == "!back")
        case "!tickets":
            return AgentAskedTickets(at, agent, ref)
        case "!find":
            return AgentSearched(at, agent, ref, rest)
        case _:
            return AgentAskedHistory(at, agent, ref)


def _merged(at: datetime, agent: Person, ref: str, rest: str) -> AgentAct:
    number = rest.removeprefix("#")
    if not (number.isascii() and number.isdigit() and len(number) <= _LONGEST_NUMBER):
        return AgentMistyped(at, agent, ref, "!merge", "hint_merge")
    return AgentMerged(at, agent, ref, int(number))


def _taught(at: datetime, agent: Person, ref: str, rest: str) -> AgentAct:
    entry, *more = rest.split(maxsplit=1) or [""]
    if not entry or more:
        return AgentMistyped(at, agent, ref, "!learn", "hint_learn")
    return AgentTaught(at, agent, ref, None if entry.casefold() in _NEW else entry)


def split(text: str) -> tuple[str, str]:
    """Return the command word in lower case and what follows it; the word is empty when the text is no command."""
    stripped = bare(text)
    if not stripped or stripped[0] not in _BANGS:
        return "", stripped
    after = bare(stripped[1:])
    if not after or not after[0].isalpha():
        return "", stripped  # "!!!", "!?" and the like are what they look like
    word = after.split(maxsplit=1)[0]
    letters = "".join(char for char in unicodedata.normalize("NFKC", word[: 4 * _SHOWN_WORD]) if char.isprintable())
    return "!" + letters.rstrip(":.,;").casefold(), bare(after[len(word) :])


def bare(text: str) -> str:
    """Return the text without white space and invisible characters at its ends."""
    start, end = 0, len(text)
    while start < end and _invisible(text[start]):
        start += 1
    while end > start and _invisible(text[end - 1]):
        end -= 1
    return text[start:end]


def _invisible(char: str) -> bool:
    # U+FE0F and U+200D at the end belong to the emoji before them, and do no harm there
    return char.isspace() or (unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp"} and char != "\u200d")


def _inner_command(text: str) -> str:
    """Return what looks like a command at the start of a later line: perhaps an inside word under an outside one."""
    signs = set(_BANGS + _EMOJI_BANGS)
    suspects = [line for line in bare(text).splitlines()[1:] if not signs.isdisjoint(line)]
    if len(suspects) > _SUSPECTS:
        return "!"
    for line in suspects:
        found = split(line)[0] or _hidden_command(line)
        if found:
            return found[:_SHOWN_WORD]
    return ""


def _hidden_command(text: str, *, spaced: bool = True) -> str:
    """Return a known command among the first words of a text, behind a mark-up sign, a quote or the bot's name.

    `spaced` takes in one that is apart from its sign; French puts a space before an exclamation mark.
    """
    for place, word in enumerate(bare(text).split(maxsplit=_LOOKED_AT)[:_LOOKED_AT]):
        start = next((at for at, char in enumerate(word) if char in _BANGS + _EMOJI_BANGS), None)
        if start is None or any(char.isalnum() for char in word[:start]):
            continue
        rest = word[start + 1 :].lstrip("\ufe0f")
        letters = "".join(char for char in rest if char.isalpha()) or (_next_word(text, place) if spaced else "")
        found = f"!{letters.casefold()}"
        if found in WORDS:
            return found
    return ""


def _next_word(text: str, place: int) -> str:
    """Return the letters of the word after that place: some write `! note`."""
    words = bare(text).split(maxsplit=_LOOKED_AT + 1)
    after = words[place + 1] if place + 1 < len(words) else ""
    return "".join(char for char in after if char.isalpha())
