"""What an admin may have to mend on a Discord server: channels, roles, permissions, in words; pure.

Rule: each fault names the channel, what is missing, and where to grant it.
"""

from __future__ import annotations

from collections.abc import Iterator

import discord

from helpbot.transports.discord_places import Seat

Channel = discord.ForumChannel | discord.TextChannel

_NEEDED = (
    "view_channel",
    "send_messages",
    "send_messages_in_threads",
    "read_message_history",
    "add_reactions",
    "attach_files",
    "embed_links",
    "manage_threads",
)
_NEEDED_IN_TEXT = ("create_public_threads",)
_NEEDED_FOR_HELP = ("create_private_threads", "pin_messages")


def seat_faults(team: str, seat: Seat, channel: object, me: discord.Member | None) -> Iterator[str]:
    """Return what keeps a team from its channel; `me` is the bot there, None where it is no member."""
    if channel is None or me is None:
        yield f"the bot sees no channel {seat.channel} of team {team}: check teams.discord_channel, and invite the bot"
        return
    if not isinstance(channel, discord.ForumChannel | discord.TextChannel):
        yield f"the channel {seat.channel} of team {team} is neither a forum nor a text channel"
        return
    for role in (seat.agents, seat.leads):
        if role is not None and channel.guild.get_role(role) is None:
            yield f"there is no role {role} on the server {channel.guild.name}: check the roles of team {team}"
    text = isinstance(channel, discord.TextChannel)
    yield from _lacking(channel, me, _NEEDED + (_NEEDED_IN_TEXT if text else ()))


def seat_oddities(seat: Seat, channel: Channel, me: discord.Member) -> Iterator[str]:
    """Return what a team would miss."""
    role = None if seat.leads is None else channel.guild.get_role(seat.leads)
    if role is not None and not role.mentionable and not channel.permissions_for(me).mention_everyone:
        yield (
            f"nobody of the role {role.name} is called when a reminder names it "
            f"(Server Settings → Roles → {role.name}: Allow anyone to @mention this role; "
            "or give the bot Mention @everyone, @here and All Roles)"
        )


def help_faults(number: int, channel: object, me: discord.Member | None) -> Iterator[str]:
    """Return what keeps customers' tickets out of the help channel."""
    if not isinstance(channel, discord.TextChannel) or me is None:
        yield f"discord.help_channel: the bot sees no text channel {number}"
        return
    yield from _lacking(channel, me, _NEEDED + _NEEDED_FOR_HELP)


def help_oddities(channel: discord.TextChannel) -> Iterator[str]:
    """Return what customers would stumble over in the help channel."""
    may = channel.permissions_for(channel.guild.default_role)
    where = f"Edit Channel → Permissions of #{channel.name} → @everyone"
    if not may.view_channel:
        yield f"@everyone does not see it: customers find no panel ({where}: View Channel), unless a role lets them in"
    if may.send_messages:
        yield f"everybody may write into it, before everybody's eyes ({where}: take Send Messages)"
    if not may.send_messages_in_threads:
        yield f"customers may not write in their own tickets ({where}: Send Messages in Threads)"


def is_open(channel: Channel) -> bool:
    """Tell whether everybody on the server may read a channel."""
    return channel.permissions_for(channel.guild.default_role).view_channel


def _lacking(channel: Channel, me: discord.Member, wanted: tuple[str, ...]) -> Iterator[str]:
    allowed = channel.permissions_for(me)
    lacking = [name for name in wanted if not getattr(allowed, name, True)]
    if lacking:
        names = ", ".join(name.replace("_", " ").title() for name in lacking)
        yield f"the bot lacks permissions in #{channel.name} ({names}): Edit Channel → Permissions → the bot's role"
