"""The logins to Discord's gateway, counted over restarts: Discord resets the token at 1,000 a day.

Source of that figure: https://docs.discord.com/developers/events/gateway#session-start-limits
"""

from __future__ import annotations

import asyncio
import json
import time

import structlog

from helpbot.transports.base import Notebook

log = structlog.get_logger(__name__)

_DAY = 86_400.0
_FREELY = 100  # logins of one day
_APART = 300.0  # seconds between those after them: at most 388 a day altogether


class Logins:
    """Keeps the times of the last logins; a desk that is started again and again waits as well."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook

    async def wait(self) -> None:
        """Return once there may be another one."""
        times = await self._times()
        left = times[-1] + _APART - time.time() if len(times) >= _FREELY else 0.0
        if left > 0:
            log.error("too_many_logins", seconds=round(left), hint="Discord resets the token at 1,000 a day")
            await asyncio.sleep(left)

    async def count(self) -> None:
        """Write down that there is one now."""
        await self._notebook.put("logins", json.dumps([*await self._times(), time.time()]))

    async def _times(self) -> list[float]:
        """Return those of the last day; the clock may have been put back."""
        now = time.time()
        kept = json.loads(await self._notebook.get("logins") or "[]")
        return [at for at in kept if now - _DAY < at <= now]
