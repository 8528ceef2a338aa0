"""A server on the Discord of `wire`, with a team, a help channel and people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import discord
from simcord.backend import serializers
from simcord.backend.models.channel import Overwrite
from simcord.enums import ChannelType, InteractionType, OverwriteType
from simcord.interactions import base_payload

from helpbot.transports.discord_places import Seat
from helpbot.transports.discord_refs import Spot, mark_ref

from .wire import Wire

Json = dict[str, Any]
_VIEW = discord.Permissions(view_channel=True).value


@dataclass(slots=True)
class Person:
    """Somebody on the server; what they do goes the way of the gateway."""

    wire: Wire
    id: int
    guild: int
    locale: str = "en-US"

    def say(
        self, channel: int, text: str, *, reply_to: str | None = None, files: tuple[tuple[str, bytes], ...] = ()
    ) -> str:
        """Write; return the reference."""
        backend = self.wire.backend
        reference = None
        if reply_to is not None:
            where, message, *_ = reply_to.split("-")
            reference = backend.normalize_message_reference(channel, {"channel_id": where, "message_id": message})
        attached = backend.store_attachments(channel, files)
        made = backend.create_message(channel, self.id, text, reference=reference, attachments=attached)
        return str(Spot(channel, made.id))

    def edit(self, ref: str, text: str) -> None:
        """Correct a message."""
        channel, message, *_ = ref.split("-")
        self.wire.backend.edit_message(int(channel), int(message), {"content": text})

    def delete(self, ref: str) -> str:
        """Take a message, or a reaction, back; return the reference of that."""
        channel, message, *rest = ref.split("-", 3)
        if len(rest) == 2:
            self.wire.backend.remove_reaction(int(channel), int(message), rest[1], self.id)
        else:
            self.wire.backend.delete_message(int(channel), int(message))
        return f"{ref}-gone"

    def react(self, ref: str, symbol: str) -> str:
        """React; return the reference."""
        channel, message, *_ = ref.split("-")
        self.wire.backend.add_reaction(int(channel), int(message), symbol, self.id)
        return mark_ref(int(channel), int(message), self.id, symbol)

    def types(self, channel: int) -> None:
        """Type in a channel."""
        guild, now = str(self.guild), int(datetime.now(UTC).timestamp())
        told = {"channel_id": str(channel), "guild_id": guild, "user_id": str(self.id), "timestamp": now}
        self.wire.backend.emit("TYPING_START", told)

    def press(self, ref: str, custom_id: str, *, values: list[str] | None = None) -> Any:
        """Press a button, or choose from a list; return simcord's record of it, which shows the answer."""
        channel, message, *_ = ref.split("-")
        backend = self.wire.backend
        stored = backend.messages[int(channel)][int(message)]
        data: Json = {"custom_id": custom_id, "component_type": 2 if values is None else 3}
        data |= {} if values is None else {"values": values}
        shown = dict(serializers.message_payload(backend, stored))
        if stored.interaction_metadata is not None:
            pressed_on = self.wire.pressed_on.get(int(stored.interaction_metadata["id"]))
            more = {} if pressed_on is None else {"interacted_message_id": str(pressed_on)}
            shown["interaction_metadata"] = {**stored.interaction_metadata, **more}
        extra = {"message": shown}
        return self._interact(InteractionType.MESSAGE_COMPONENT, int(channel), data, extra, int(message))

    def fill_in(self, channel: int, custom_id: str, **fields: str) -> Any:
        """Send a form."""
        labels = [
            {"type": 18, "id": place, "component": {"type": 4, "id": 10 + place, "custom_id": name, "value": value}}
            for place, (name, value) in enumerate(fields.items(), start=1)
        ]
        data = {"custom_id": custom_id, "components": labels}
        return self._interact(InteractionType.MODAL_SUBMIT, channel, data, {}, None)

    def slash(self, channel: int, name: str, **options: str | Person) -> Any:
        """Use a command that the bot has told Discord of."""
        command = self.wire.backend.find_command(name, self.guild)
        assert command is not None, f"there is no command /{name}"
        kinds = {option["name"]: option["type"] for option in command.get("options", [])}
        told: list[Json] = []
        resolved: Json = {"users": {}, "members": {}}
        for option, value in options.items():
            assert option in kinds, f"/{name} has no {option}"
            if isinstance(value, Person):
                guild, number = self.wire.backend.guilds[self.guild], str(value.id)
                user, member = self.wire.backend.get_user(value.id), guild.members[value.id]
                resolved["users"][number] = dict(serializers.user_payload(user))
                shown = serializers.member_payload(self.wire.backend, guild, member, with_user=False)
                resolved["members"][number] = dict(shown)
            told.append({"type": kinds[option], "name": option, "value": str(getattr(value, "id", value))})
        data = {"id": command["id"], "name": name, "type": 1, "options": told, "guild_id": str(self.guild)}
        data |= {"resolved": resolved} if resolved["users"] else {}
        return self._interact(InteractionType.APPLICATION_COMMAND, channel, data, {}, None)

    def _interact(self, kind: Any, channel: int, data: Json, extra: Json, source: int | None) -> Any:
        backend = self.wire.backend
        guild = backend.channels[channel].guild_id
        record, payload = base_payload(
            backend, type=int(kind), channel_id=channel, guild_id=guild, user_id=self.id, data=data
        )
        payload |= {"locale": self.locale, **extra}
        record.source_message_id = source
        if source is not None:
            self.wire.pressed_on[record.id] = source
        backend.emit("INTERACTION_CREATE", payload)
        return record


class Town:
    """A server with a team in a forum, or under a text channel, and a help channel."""

    def __init__(self, wire: Wire, *, forum: bool = True) -> None:
        self.wire = wire
        backend = wire.backend
        self.guild = backend.create_guild("Acme").id
        self.agents_role = backend.create_role(self.guild, "agents").id
        self.leads_role = backend.create_role(self.guild, "leads", mentionable=True).id
        kind = ChannelType.FORUM if forum else ChannelType.TEXT
        private = [
            Overwrite(self.guild, OverwriteType.ROLE, deny=_VIEW),
            Overwrite(self.agents_role, OverwriteType.ROLE, allow=_VIEW),
            Overwrite(backend.bot_user.id, OverwriteType.MEMBER, allow=_VIEW),
        ]
        self.desk = backend.create_channel(self.guild, "desk", type=kind, overwrites=private).id
        self.help = backend.create_channel(self.guild, "help").id
        self.seat = Seat(self.desk, self.agents_role, self.leads_role)

    def person(self, name: str, *, agent: bool = False, locale: str = "en-US") -> Person:
        """Let somebody join the server."""
        user = self.wire.backend.make_user(name.lower(), global_name=name)
        self.wire.backend.add_member(self.guild, user.id, roles=[self.agents_role] if agent else [], announce=True)
        return Person(self.wire, user.id, self.guild, locale)

    def direct(self, person: Person) -> int:
        """Return the direct channel of somebody with the bot."""
        return self.wire.backend.get_dm_channel(person.id).id

    def messages(self, channel: int) -> list[Any]:
        """Return what stands in a channel, oldest first."""
        return [one for _, one in sorted(self.wire.backend.messages.get(channel, {}).items())]

    def threads(self, parent: int) -> list[Any]:
        """Return the threads of a channel."""
        return [one for one in self.wire.backend.channels.values() if one.parent_id == parent and one.is_thread]

    def archive(self, thread: int) -> None:
        """Close a thread, as people do and as Discord does after a silence."""
        there = self.wire.backend.channels[thread].thread_metadata
        assert there is not None
        there.archived, there.archive_timestamp = True, self.wire.clock.now().isoformat()
