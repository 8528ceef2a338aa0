"""Buttons, forms and commands on Discord → events of the desk, each acknowledged once it is kept.

Rule: Discord waits three seconds for an answer to what somebody pressed: it hears at once that it was heard, and the
person reads that it was taken only once it is committed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import discord
import structlog

from helpbot.core.commands import WORDS
from helpbot.transports.base import Incoming, Kind, Notebook, Undeliverable
from helpbot.transports.discord_buttons import CLAIM, CLAIMS, COMMANDS, FORM, MARKS, OPEN, TO_TEAM, TRANSFER, panel
from helpbot.transports.discord_commands import Typed, commands, filled_in, ticket_form, typed
from helpbot.transports.discord_content import escaped
from helpbot.transports.discord_desks import Desks
from helpbot.transports.discord_faults import ACKNOWLEDGED, TROUBLE, Refusal, asked
from helpbot.transports.discord_incoming import MENTION, name_of
from helpbot.transports.discord_places import Place
from helpbot.transports.discord_refs import Spot
from helpbot.transports.discord_tickets import Form, Tickets
from helpbot.transports.discord_words import language_of, spoken, word

log = structlog.get_logger(__name__)

_MESSAGE = 2000  # characters
_TEAMS = 25  # choices of a list
_LOOKED_BACK = 100  # messages of the help channel among which a panel may hang
_NO_COMMANDS = "invite the bot to that server anew, with the scope applications.commands: see docs/discord.md"
Answer = Callable[[], Awaitable[object]]
T = TypeVar("T")


class Forms:
    """What people press, fill in and type after a slash."""

    def __init__(
        self, desks: Desks, tickets: Tickets, notebook: Notebook, languages: Sequence[str], names: Mapping[str, str]
    ) -> None:
        self._client = desks.client
        self._breaker = desks.breaker
        self._desks = desks
        self._places = desks.places
        self.tickets = tickets
        self._notebook = notebook
        self._languages = tuple(languages)
        self._names = names  # of the teams, by id
        self._putting_up = asyncio.Lock()

    # --- at the start

    async def put_up(self) -> None:
        """See to it that the panel hangs in the help channel, and that the commands are those of this version."""
        async with self._putting_up:
            await self._put_up_commands()
            await self._put_up_panel()

    async def _put_up_panel(self) -> None:
        channel = None if self._places.help_channel is None else self._client.get_channel(self._places.help_channel)
        if not isinstance(channel, discord.TextChannel):
            return
        text = "\n\n".join(word("panel", language) for language in self._languages)
        kept = json.loads(await self._notebook.get("panel") or "{}")
        there = channel.get_partial_message(int(kept["message"])) if kept.get("channel") == channel.id else None
        try:
            if there is not None and kept.get("text") == text:
                await asked(self._breaker, there.fetch())
                return
            there = there or await self._hanging(channel)
            if there is not None:
                await asked(self._breaker, there.edit(content=text, view=panel(self._languages)))
                await self._keep_panel(channel.id, there.id, text)
                return
        except Undeliverable:
            log.info("panel_gone", channel=channel.id)
        sent = await asked(self._breaker, channel.send(text, view=panel(self._languages)))
        await self._keep_panel(channel.id, sent.id, text)
        try:
            await asked(self._breaker, sent.pin())
            await asked(self._breaker, self._tidied(channel, sent))
        except Undeliverable as never:
            log.warning("panel_not_pinned", channel=channel.id, why=never.why)

    async def _tidied(self, channel: discord.TextChannel, panel: discord.Message) -> None:
        """Take back the line in which Discord says that the bot has pinned something."""
        async for message in channel.history(limit=5, after=panel):
            if message.type is discord.MessageType.pins_add and message.author.id == panel.author.id:
                await message.delete()

    async def _hanging(self, channel: discord.TextChannel) -> discord.PartialMessage | None:
        """Return a panel of the bot's that hangs there, of which nobody knows: the answer to sending it was lost."""

        async def read() -> list[discord.Message]:
            return [one async for one in channel.history(limit=_LOOKED_BACK)]

        for one in await asked(self._breaker, read()):
            ours = self._client.user is not None and one.author.id == self._client.user.id
            rows = [row for row in one.components if isinstance(row, discord.ActionRow)]
            if ours and any(getattr(button, "custom_id", None) == OPEN for row in rows for button in row.children):
                return channel.get_partial_message(one.id)
        return None

    async def _keep_panel(self, channel: int, message: int, text: str) -> None:
        await self._notebook.put("panel", json.dumps({"channel": channel, "message": message, "text": text}))

    async def _put_up_commands(self) -> None:
        """Tell Discord the commands, when they changed since they were told last."""
        wanted = commands(self._languages)
        guilds = sorted({guild.id for guild in self._client.guilds})
        told = json.dumps([guilds, wanted], sort_keys=True)
        if await self._notebook.get("commands") == told:
            return
        me = self._client.application_id
        if me is None:
            return
        refused: set[int] = set()
        for guild in guilds:
            try:
                await asked(self._breaker, self._client.http.bulk_upsert_guild_commands(me, guild, wanted))
            except Refusal as refusal:
                refused.add(guild)
                log.error("commands_not_told", server=guild, code=refusal.code, hint=_NO_COMMANDS)
        if not refused:
            await self._notebook.put("commands", told)
        log.info("commands_told", commands=len(wanted), servers=len(guilds) - len(refused))

    # --- what comes in

    async def take(self, interaction: discord.Interaction, items: list[Incoming]) -> Answer | None:
        """Add to the items what somebody pressed; return what is to be done once those are committed."""
        data, language = dict(interaction.data or {}), spoken(interaction.locale, self._languages)
        custom_id, name = str(data.get("custom_id", "")), str(data.get("name", ""))
        if interaction.type is discord.InteractionType.application_command and name == "ticket":
            custom_id = OPEN
        if custom_id == OPEN:
            await _answered(interaction.response.send_modal(ticket_form(language)))
            return None
        if interaction.type is discord.InteractionType.autocomplete:
            await _answered(interaction.response.autocomplete(self._completions(data)))
            return None
        if custom_id == FORM:
            return await self._filled_in(interaction, language)
        if custom_id in MARKS:
            return await self._marked(interaction, MARKS[custom_id], items)
        return await self._agents(interaction, custom_id, name, language, items)

    async def _marked(self, interaction: discord.Interaction, symbol: str, items: list[Incoming]) -> Answer | None:
        """Take in a customer's choice: the button is the mark of the same name."""
        message = interaction.message
        place = None if message is None else await self._places.of(self._client, interaction.channel)
        language = spoken(interaction.locale, self._languages)
        if message is None or place is None or place.guest is None or place.guest.id != interaction.user.id:
            await self._tell(interaction, word("not_yours", language))
            return None
        ref = str(Spot(place.channel, message.id))
        item = self._said(interaction, place, Kind.REACTED)
        items.append(replace(item, target=ref, symbol=symbol))
        return lambda: _answered(interaction.response.defer())

    def _said(self, interaction: discord.Interaction, place: Place, kind: Kind, ref: str | None = None) -> Incoming:
        user = interaction.user
        ref = ref or str(Spot(place.channel, interaction.id, f"{user.id}-pressed"))
        member = place.team is None or self._desks.is_agent(place.room, user)
        at, name = interaction.created_at, name_of(user)
        exposed = place.team is not None and self._desks.is_exposed(place.room)
        item = Incoming(ref, kind, place.room, str(user.id), name, at, team=place.team, thread=place.thread)
        return replace(item, member=member, exposed=exposed)

    async def _agents(
        self, interaction: discord.Interaction, custom_id: str, name: str, language: str, items: list[Incoming]
    ) -> Answer | None:
        place = await self._places.of(self._client, interaction.channel)
        if place is None or place.team is None:
            await self._tell(interaction, word("not_here", language))
            return None
        if not self._desks.is_agent(place.room, interaction.user):
            await self._tell(interaction, word("not_agent", language))
            return None
        await self.tickets.agents.seen(int(place.room), interaction.user.id)
        if self._desks.is_exposed(place.room):  # a command would be shown to everybody
            await self._tell(interaction, word("exposed", language))
            return None
        if place.thread is None and interaction.message is not None:  # a card that stands in a text channel
            place = replace(place, thread=str(Spot(place.channel, _card(interaction.message))))
        if custom_id == TRANSFER:
            await _answered(interaction.response.send_message(view=self._team_list(language), ephemeral=True))
            return None
        if custom_id == CLAIM and place.thread is not None:
            item = self._said(interaction, place, Kind.REACTED)
            items.append(replace(item, target=place.thread, symbol=CLAIMS))
            return lambda: _answered(interaction.response.defer())
        said = self._command(interaction, custom_id, name)
        if said is None:
            await self._tell(interaction, word("not_here", language))
            return None
        await self._typed(interaction, place, await self._named(interaction, said), items)
        return None

    async def _typed(self, interaction: discord.Interaction, place: Place, said: Typed, items: list[Incoming]) -> None:
        """Show a command where its agent gave it, so that what became of it can be marked there, and take it in."""
        text, people = said
        shown = f"**{escaped(name_of(interaction.user))}**: {escaped(text)}"[:_MESSAGE]
        answer = await _answered(
            interaction.response.send_message(shown, allowed_mentions=discord.AllowedMentions.none())
        )
        number = None if answer is None else answer.message_id
        if number is None:  # it may stand there all the same
            there = await _answered(interaction.original_response())
            number = None if there is None else there.id
        if number is None:
            log.warning("command_not_shown", channel=place.channel, hint="it was not taken: Discord waited too long")
            return
        ref = str(Spot(place.channel, number))
        item = self._said(interaction, place, Kind.SAID, ref)
        items.append(replace(item, text=text, mentions=bool(people), mentioned=people))

    def _command(self, interaction: discord.Interaction, custom_id: str, name: str) -> Typed | None:
        data = dict(interaction.data or {})
        if custom_id in COMMANDS:
            return COMMANDS[custom_id], ()
        if custom_id == TO_TEAM:
            chosen = data.get("values") or [""]
            return (f"!transfer {chosen[0]}", ()) if isinstance(chosen, list) else None
        return typed(data) if f"!{name}" in WORDS else None

    async def _named(self, interaction: discord.Interaction, said: Typed) -> Typed:
        """Return a command with names for the people whom its text calls: Discord tells ids there."""
        (text, people), guild = said, interaction.guild
        if guild is None:
            return said
        for number in {int(found[1]) for found in MENTION.finditer(text)}:
            with contextlib.suppress(Refusal):
                name = name_of(await asked(self._breaker, guild.fetch_member(number)))
                text = text.replace(f"<@{number}>", f"@{name}").replace(f"<@!{number}>", f"@{name}")
                people = (*people, (str(number), name))
        return text, people

    def _team_list(self, language: str) -> discord.ui.View:
        view = discord.ui.View(timeout=None)
        options = [discord.SelectOption(label=name[:100], value=team) for team, name in self._names.items()]
        view.add_item(
            discord.ui.Select(custom_id=TO_TEAM, placeholder=word("to_which", language), options=options[:_TEAMS])
        )
        view.stop()
        return view

    def _completions(self, data: dict[str, object]) -> list[discord.app_commands.Choice[str]]:
        options = data.get("options")
        typed = ""
        for one in options if isinstance(options, list) else []:
            typed = str(one.get("value", "")).casefold() if one.get("focused") else typed
        found = [
            discord.app_commands.Choice(name=name[:100], value=team)
            for team, name in self._names.items()
            if typed in team.casefold() or typed in name.casefold()
        ]
        return found[:_TEAMS]

    async def _filled_in(self, interaction: discord.Interaction, language: str) -> Answer:
        """Write down what a customer filled in, and let her wait; return what opens her thread."""
        subject, text = filled_in(interaction)
        user, spoken_there = interaction.user, language_of(interaction.locale, self._languages)
        form = Form(user.id, name_of(user), spoken_there, interaction.created_at.isoformat(), subject, text)
        await self.tickets.write_down(interaction.id, form)
        await _answered(interaction.response.defer(ephemeral=True, thinking=True))

        async def opened() -> None:
            kept = partial(self._tell, interaction, word("kept", language))
            try:
                channel = await self.tickets.opened(interaction.id, kept)
            except Undeliverable as never:
                hers = "\n".join(f"> {line}" for line in escaped(text).split("\n"))
                if await self._tell(interaction, f"{word('not_opened', language, why=never.why)}\n{hers}"[:_MESSAGE]):
                    await self.tickets.forget(interaction.id)
            else:
                await self._tell(interaction, word("opened", language, where=f"<#{channel}>"))

        return opened

    # --- answering

    async def tell(self, interaction: discord.Interaction, name: str) -> None:
        """Tell somebody alone what `discord_words` has under that name."""
        await self._tell(interaction, word(name, spoken(interaction.locale, self._languages)))

    async def _tell(self, interaction: discord.Interaction, text: str) -> bool:
        """Tell somebody alone, however much was said before; tell whether Discord took it."""
        quiet = discord.AllowedMentions.none()
        if not interaction.response.is_done():
            try:
                await interaction.response.send_message(text, ephemeral=True, allowed_mentions=quiet)
                return True
            except discord.HTTPException as refused:
                if refused.code != ACKNOWLEDGED:  # an answer of which nobody knew whether it had arrived
                    return False
            except TROUBLE:
                return False
        more = interaction.followup.send(text, ephemeral=True, allowed_mentions=quiet, wait=True)
        return await _answered(more) is not None


def _card(message: discord.Message) -> int:
    """Return the message whose button was pressed first: a list of teams is an answer to that."""
    made = message.interaction_metadata
    return made.interacted_message_id or message.id if made is not None else message.id


async def _answered(answer: Awaitable[T]) -> T | None:
    """Give Discord an answer; when it does not take it any more, the person sees that from Discord."""
    with contextlib.suppress(discord.HTTPException, discord.InteractionResponded, *TROUBLE):
        return await answer
    return None
