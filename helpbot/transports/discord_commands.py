"""What Discord is told of: the form of a new ticket, and the commands after a slash; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import discord

from helpbot.core.commands import WORDS
from helpbot.transports.discord_buttons import FORM
from helpbot.transports.discord_words import word

_SUBJECT, _TEXT = 100, 1500  # characters of a form


def ticket_form(language: str) -> discord.ui.Modal:
    """Return the form in which a ticket is opened."""
    form = discord.ui.Modal(title=word("open", language), custom_id=FORM, timeout=None)
    subject: discord.ui.TextInput[discord.ui.View] = discord.ui.TextInput(
        custom_id="subject", required=False, max_length=_SUBJECT
    )
    text: discord.ui.TextInput[discord.ui.View] = discord.ui.TextInput(
        custom_id="text", style=discord.TextStyle.paragraph, max_length=_TEXT
    )
    form.add_item(discord.ui.Label(text=word("subject", language), component=subject))
    form.add_item(discord.ui.Label(text=word("text", language), component=text))
    form.stop()
    return form


def filled_in(interaction: discord.Interaction) -> tuple[str, str]:
    """Return what was written into the form."""
    found: dict[str, str] = {}

    def look(value: object) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("value"), str):
                found[str(value.get("custom_id"))] = value["value"]
            for part in value.values():
                look(part)
        elif isinstance(value, list):
            for part in value:
                look(part)

    look(dict(interaction.data or {}).get("components"))
    return found.get("subject", "").strip(), found.get("text", "").strip()


def commands(languages: Sequence[str], teams: Mapping[str, str]) -> list[dict[str, object]]:
    """Return the commands as Discord is told of them: `/ticket`, and the agents' words."""
    first = languages[0]
    found: list[dict[str, object]] = [{"name": "ticket", "type": 1, "description": word("ticket_command", first)}]
    for one in WORDS:
        text: dict[str, object] = {
            "type": 3,
            "name": "text",
            "description": word("command_text", first),
            "required": one in {"!r", "!note"},
        }
        options = [text]
        if one == "!transfer":
            team = {**text, "name": "team", "required": True, "autocomplete": True}
            options = [team, text]
        found.append(
            {
                "name": one[1:],
                "type": 1,
                "description": word("agent_command", first, word=one),
                "options": options,
                "default_member_permissions": None,
            }
        )
    return found
