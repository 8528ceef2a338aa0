"""The buttons under the bot's messages: which stand there, and what they are called for ever.

Rule: the id of a button is fixed and names nobody and no ticket, because it lives as long as its message does; what it
means is looked up from where it was pressed.
"""

from __future__ import annotations

from collections.abc import Iterator

import discord

from helpbot.core.model import Status
from helpbot.transports.base import About
from helpbot.transports.discord_words import word

PREFIX = "helpbot:"
OPEN, FORM, TO_TEAM = f"{PREFIX}open", f"{PREFIX}form", f"{PREFIX}to-team"
PERSON, NONE = "🙋", "👎"
CHOICES = ("1️⃣", "2️⃣", "3️⃣", "4️⃣", "5️⃣")
MARKS = {f"{PREFIX}{symbol}": symbol for symbol in (*CHOICES, PERSON, NONE)}
COMMANDS = {f"{PREFIX}{name}": f"!{name}" for name in ("release", "close", "reopen")}
CLAIM, TRANSFER = f"{PREFIX}claim", f"{PREFIX}transfer"
CLAIMS = "✋"

_BOTS = {Status.BOT.value, Status.OFFERED.value}


def under_words(about: About | None, language: str) -> discord.ui.View | None:
    """Return the buttons under what the bot says to a customer."""
    if about is None or about.status not in _BOTS:
        return None
    buttons = [_button(f"{PREFIX}{symbol}", emoji=symbol) for symbol in CHOICES[: about.offered]]
    if about.offered:
        buttons.append(_button(f"{PREFIX}{NONE}", word("none", language)))
    buttons.append(_button(f"{PREFIX}{PERSON}", word("person", language), emoji=PERSON))
    return _view(buttons)


def under_card(about: About, language: str) -> discord.ui.View:
    """Return the buttons under a ticket's card."""
    return _view(list(_of_card(about.status, language)))


def _of_card(status: str, language: str) -> Iterator[discord.ui.Button[discord.ui.View]]:
    if status == Status.CLOSED:
        yield _button(f"{PREFIX}reopen", word("reopen", language))
        return
    if status == Status.HELD:
        yield _button(f"{PREFIX}release", word("release", language))
    else:
        yield _button(CLAIM, word("claim", language), emoji=CLAIMS, style=discord.ButtonStyle.success)
    yield _button(f"{PREFIX}close", word("close", language), style=discord.ButtonStyle.danger)
    yield _button(TRANSFER, word("transfer", language))


def panel(languages: tuple[str, ...]) -> discord.ui.View:
    """Return the button of the panel."""
    label = " · ".join(word("open", language) for language in languages)
    return _view([_button(OPEN, label, emoji="🎫", style=discord.ButtonStyle.primary)])


def _button(
    custom_id: str,
    label: str | None = None,
    *,
    emoji: str | None = None,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
) -> discord.ui.Button[discord.ui.View]:
    return discord.ui.Button(style=style, label=label, emoji=emoji, custom_id=custom_id)


def _view(buttons: list[discord.ui.Button[discord.ui.View]]) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    for button in buttons:
        view.add_item(button)
    view.stop()  # who presses is heard as an event; discord.py need keep nothing of it
    return view
