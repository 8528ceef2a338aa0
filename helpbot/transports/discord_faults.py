"""What Discord refuses → what the port knows: TryLater, Undeliverable, or that the token is gone."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable
from datetime import timedelta
from typing import TypeVar

import aiohttp
import discord
import structlog

from helpbot.transports.base import TryLater, Undeliverable

T = TypeVar("T")
log = structlog.get_logger(__name__)

# https://docs.discord.com/developers/topics/opcodes-and-status-codes
UNKNOWN_CHANNEL, UNKNOWN_MESSAGE, UNKNOWN_EMOJI = 10003, 10008, 10014
UNKNOWN_MEMBER, UNKNOWN_USER = 10007, 10013
FILE_TOO_LARGE = 40005
MISSING_ACCESS, MISSING_PERMISSIONS, CLOSED_DM, NO_SERVER_IN_COMMON = 50001, 50013, 50007, 50278
FULL, TAG_WANTED = 160006, 40067
ARCHIVED = 50083
ACKNOWLEDGED = 40060  # an interaction that has an answer
_WHOLE = {UNKNOWN_CHANNEL, 10004, MISSING_ACCESS, MISSING_PERMISSIONS, CLOSED_DM, NO_SERVER_IN_COMMON, FULL, TAG_WANTED}

# Discord shuts an address out for a while after 10,000 refused requests in ten minutes, and the token is reset after
# 1,000 IDENTIFYs a day: https://docs.discord.com/developers/topics/rate-limits
_REFUSED, _WITHIN = 1000, 600.0
_REST = timedelta(minutes=10)

# What passes by itself.
TROUBLE = (discord.DiscordServerError, discord.RateLimited, aiohttp.ClientError, OSError, TimeoutError)


class Refusal(Undeliverable):
    """Discord said no; `code` is its own, 0 without one."""

    def __init__(self, why: str, code: int, *, whole_room: bool = False) -> None:
        super().__init__(why, whole_room=whole_room)
        self.code = code


class TokenGone(TryLater):
    """Discord does not take the token any more."""


class Breaker:
    """Keeps from asking on when Discord refuses again and again."""

    def __init__(self) -> None:
        self._refused: deque[float] = deque(maxlen=_REFUSED)
        self._open_until = 0.0

    def check(self) -> None:
        """Raise TryLater while nothing may be asked."""
        left = self._open_until - time.monotonic()
        if left > 0:
            raise TryLater("Discord has refused too much lately", timedelta(seconds=left), doubtful=False)

    def refused(self) -> None:
        """Count a request that was refused with 401, 403 or 429."""
        now = time.monotonic()
        self._refused.append(now)
        if len(self._refused) == _REFUSED and now - self._refused[0] < _WITHIN:
            self._refused.clear()
            self._open_until = now + _REST.total_seconds()
            log.error("discord_breaker_open", seconds=_REST.total_seconds(), hint="see the lines before this one")


async def asked(breaker: Breaker, doing: Awaitable[T]) -> T:
    """Return what Discord answers; raises what the port names."""
    try:
        breaker.check()
    except TryLater:
        if asyncio.iscoroutine(doing):
            doing.close()
        raise
    try:
        return await doing
    except discord.RateLimited as limited:
        breaker.refused()
        raise TryLater("Discord asks to wait", timedelta(seconds=limited.retry_after), doubtful=False) from None
    except discord.DiscordServerError as error:
        raise TryLater(f"Discord has trouble ({error.status})") from None
    except discord.HTTPException as error:
        if error.status in {401, 403, 429}:
            breaker.refused()
        raise _meaning(error) from None
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise TryLater(f"Discord cannot be reached ({type(error).__name__})") from None
    except RuntimeError as error:  # what discord.py and aiohttp raise when the session was closed meanwhile
        raise TryLater(f"not connected to Discord ({type(error).__name__})") from None


def _meaning(error: discord.HTTPException) -> TryLater | Undeliverable:
    if error.status == 401:
        return TokenGone("Discord does not take the token", timedelta(minutes=1), doubtful=False)
    if error.status == 429:
        return TryLater("Discord asks to wait", timedelta(seconds=5), doubtful=False)
    if error.status in {408, 409}:
        return TryLater(f"Discord was too slow ({error.status})")
    code = FILE_TOO_LARGE if error.status == 413 else error.code  # what stands before Discord gives no code
    whole = code in _WHOLE
    return Refusal(_WHY.get(code, f"Discord refuses it ({code or error.status})"), code, whole_room=whole)


_WHY = {
    UNKNOWN_CHANNEL: "the channel is not there any more",
    UNKNOWN_MESSAGE: "the message is not there any more",
    MISSING_ACCESS: "the bot may not see the channel: give it “View Channel” there",
    MISSING_PERMISSIONS: "the bot lacks a permission in the channel: see docs/discord.md for those that it needs",
    CLOSED_DM: "this person takes no direct messages from the bot",
    NO_SERVER_IN_COMMON: "this person is on no server of the bot's any more, and takes no direct messages from it",
    FULL: "the server has as many open threads as Discord allows (1,000): close old posts of the forum",
    TAG_WANTED: "the forum wants a tag on each post: Edit Channel → Overview → Require people to select tags, off",
    FILE_TOO_LARGE: "the file is too large for Discord",
    ARCHIVED: "the thread is archived and locked",
}
