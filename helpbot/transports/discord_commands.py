"""What Discord is told of: the form of a new ticket, and the commands after a slash; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import discord

from helpbot.core.commands import WORDS
from helpbot.transports.discord_buttons import FORM
from helpbot.transports.discord_words import language_of, word
from helpbot.transports.matrix_events import shown_name

_SUBJECT, _TEXT = 100, 1500  # characters of a form
_COMMAND, _TEXT_OPTION, _USER_OPTION = 1, 3, 6  # Discord's numbers for them
_NEEDING = {"!r", "!note", "!promise", "!snooze", "!find", "!learn", "!merge"}  # what nothing is without its text
_BARE = {"!claim", "!release", "!reopen", "!help", "!send", "!away", "!back", "!tickets", "!history"}
Typed = tuple[str, tuple[tuple[str, str], ...]]  # a command's words, and whom it names: ids and names


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


def commands(languages: Sequence[str]) -> list[dict[str, object]]:
    """Return the commands as Discord is told of them: `/ticket`, and the agents' words; described in each language."""
    found = [{"name": "ticket", "type": _COMMAND, **_described("ticket_command", languages)}]
    for one in WORDS:
        command = {"name": one[1:], "type": _COMMAND, **_described(one, languages)}
        options = [
            {"type": _TEXT_OPTION, "name": "text", **_described("option_text", languages), "required": one in _NEEDING}
        ]
        if one == "!transfer":
            team = {"type": _TEXT_OPTION, "name": "team", **_described("option_team", languages)}
            options.insert(0, {**team, "required": True, "autocomplete": True})
        if one == "!assign":
            colleague = {"type": _USER_OPTION, "name": "colleague", **_described("option_colleague", languages)}
            options = [{**colleague, "required": True}]
        bare = one in _BARE
        found.append({**command, "options": [] if bare else options, "default_member_permissions": None})
    return found


def _described(name: str, languages: Sequence[str]) -> dict[str, object]:
    """Return a description in the first language, and what it is for people who use Discord in another one."""
    others = {
        locale.value: word(name, language)
        for language in languages[1:]
        for locale in discord.Locale
        if language_of(locale, [language])
    }
    return {"description": word(name, languages[0]), "description_localizations": others}


def typed(data: Mapping[str, Any]) -> Typed:
    """Return a command as it would be written in the thread, and whom it names."""
    parts, people = [f"!{data.get('name', '')}"], list[tuple[str, str]]()
    for option in data.get("options") or []:
        value = str(option.get("value", ""))
        if option.get("type") == _USER_OPTION:
            resolved = data.get("resolved") or {}
            user = (resolved.get("users") or {}).get(value) or {}
            member = (resolved.get("members") or {}).get(value) or {}
            name = member.get("nick") or user.get("global_name") or user.get("username") or value
            people.append((value, shown_name(str(name), f"@{user.get('username', value)}")))
            value = f"@{people[-1][1]}"
        parts.append(value)
    return " ".join(parts).strip(), tuple(people)
