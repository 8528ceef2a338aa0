"""What a homeserver's HTTP answers mean: try later, never, or the login is gone; and the waiting between tries."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import structlog

from helpbot.transports.base import TryLater, Undeliverable

log = structlog.get_logger(__name__)

JsonDict = dict[str, Any]

CLIENT_API = "/_matrix/client/v3"
UPLOAD = "/_matrix/media/v3/upload"
LONGEST_WAIT = timedelta(minutes=5)
_LONGEST_MS = LONGEST_WAIT / timedelta(milliseconds=1)
_TROUBLE = 2  # failures in a row after which the homeserver is taken for gone
_PROBE = 5.0  # seconds that one who tries again has before the next one may
AT_ONCE = 0.3  # seconds within which failures are one

_LOGIN_GONE = {"M_UNKNOWN_TOKEN", "M_MISSING_TOKEN", "M_USER_DEACTIVATED", "M_USER_LOCKED"}
_WHY = {
    "M_TOO_LARGE": "the message is too long for this network",
    "M_FORBIDDEN": "the bot may not write in this room",
    "M_NOT_FOUND": "there is no such room or message",
    "M_GUEST_ACCESS_FORBIDDEN": "the bot may not write in this room",
}
# What is refused to the whole account, or by the whole server: it says nothing about a room, and may be lifted.
_BARRED = {
    "M_USER_SUSPENDED": "the bot's account is suspended",
    "M_RESOURCE_LIMIT_EXCEEDED": "the homeserver has reached a limit of its own, and takes nothing",
    "M_CONSENT_NOT_GIVEN": "the homeserver's terms have to be accepted for the bot's account",
    "M_UNRECOGNIZED": "the homeserver does not know this request",
    "M_SERVER_NOT_TRUSTED": "the homeserver does not trust another one",
}


@dataclass(frozen=True, slots=True)
class File:
    """What is sent as it is instead of JSON, and its media type."""

    data: bytes
    kind: str


@dataclass(frozen=True, slots=True)
class Stream:
    """What is sent piece by piece: that many bytes in all, and their media type; it can be sent once."""

    pieces: AsyncIterator[bytes]
    size: int
    kind: str


class Refused(Undeliverable):
    """The homeserver understood and said no; `code` is Matrix's errcode, empty when it gave none."""

    def __init__(self, why: str, status: int, code: str) -> None:
        super().__init__(why, whole_room=status in {403, 404})
        self.status = status
        self.code = code


class LoginGone(TryLater):
    """The access token is not valid (any more); `soft` when the same device may log in again."""

    def __init__(self, why: str, *, soft: bool) -> None:
        super().__init__(why)
        self.soft = soft


class Barred(TryLater):
    """The account may do nothing of the kind now, in whatever room; `code` is Matrix's errcode."""

    def __init__(self, code: str) -> None:
        super().__init__(f"{_BARRED[code]} ({code})")
        self.code = code


class Redirected(TryLater):
    """The homeserver sends elsewhere: to its `address` there, or to a page that stands before it; `for_good` or not."""

    def __init__(self, why: str, address: str | None, *, for_good: bool) -> None:
        super().__init__(why)
        self.address = address
        self.for_good = for_good


class Limited(TryLater):
    """The homeserver limits how fast the account may act, in whatever room."""


def path(*parts: str) -> str:
    """Return a path of the client API; each part is quoted, so that no id can lead elsewhere."""
    return "/".join([CLIENT_API, *(quote(part, safe="") for part in parts)])


def fault(status: int, headers: Mapping[str, str], answer: object) -> TryLater | Undeliverable:
    """Return what an answer other than success means; `answer` is its JSON, or None when it was none."""
    told = answer if isinstance(answer, dict) else {}
    code = told.get("errcode")
    code = code if isinstance(code, str) else ""
    if status == 429 or code == "M_LIMIT_EXCEEDED":
        # In doubt all the same: aiohttp repeats a request by itself when a connection that it kept is cut, and what is
        # refused may be that.
        return Limited("the homeserver limits how fast the bot may act", _wait_asked(told, headers))
    if code in _LOGIN_GONE:
        return LoginGone(f"the homeserver does not accept the login ({code})", soft=told.get("soft_logout") is True)
    if code in _BARRED:
        return Barred(code)
    if status == 413:
        return Refused(_WHY["M_TOO_LARGE"], status, code or "M_TOO_LARGE")
    if status >= 500 or not code:
        return TryLater(f"the homeserver answers {status}" + ("" if code else ", not as a Matrix homeserver does"))
    return Refused(_WHY.get(code, f"the homeserver refused it ({code})"), status, code)


def redirected(status: int, homeserver: str, where: str, to: str) -> Redirected:
    """Return what a redirect means: the same question elsewhere is the homeserver there, all else somebody's page."""
    address = None
    try:
        target = urlsplit(urljoin(f"{homeserver}{where}", to))
        plain = target.scheme in {"http", "https"} and target.username is None and target.netloc.isprintable()
        if plain and target.path.isprintable() and target.path.endswith(where):
            address = f"{target.scheme}://{target.netloc}{target.path.removesuffix(where)}"
    except ValueError:
        pass  # an address that is none
    if address in {None, homeserver}:
        return Redirected(f"{homeserver} redirects to another page: it is not the homeserver", None, for_good=False)
    why = f"{homeserver} redirects to {address}: write that as matrix.homeserver"
    return Redirected(why, address, for_good=status in {301, 308})


def _wait_asked(told: Mapping[str, Any], headers: Mapping[str, str]) -> timedelta | None:
    """Return how long the homeserver asks to wait; None for what is no time, or so short that it would be no wait."""
    asked = told.get("retry_after_ms")
    if not isinstance(asked, int | float) or isinstance(asked, bool):
        header = headers.get("Retry-After", "")
        asked = int(header[:6]) * 1000 if header.isascii() and header.isdigit() else 0
    if not asked >= 1000:  # so put, NaN is none either
        return None
    return timedelta(milliseconds=min(asked, _LONGEST_MS))


def as_dict(value: object) -> JsonDict:
    """Return a JSON object; an empty one for what is none."""
    return value if isinstance(value, dict) else {}


def dicts(value: object) -> list[JsonDict]:
    """Return the objects of a JSON list; what is neither list nor object is left out."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def is_away(status: int, answer: object) -> bool:
    """Tell whether an answer means that nobody is at home behind it: a gateway's, or none of a Matrix homeserver.

    With an errcode it comes from our homeserver, perhaps about another one that is gone, and that keeps nobody else.
    """
    return status >= 500 and not isinstance(as_dict(answer).get("errcode"), str)


class Gate:
    """Keeps everybody from knocking at a homeserver that is not there: one at a time, 1 s doubling to 30 s apart."""

    def __init__(self) -> None:
        self._failures = 0
        self._until = 0.0
        self._heard = 0.0
        self._chance = random.Random()  # noqa: S311  # spreads the load, protects nothing

    def check(self) -> None:
        """Let one through when it is time to try again; raises TryLater for the others."""
        now = asyncio.get_running_loop().time()
        if self._failures < _TROUBLE:
            return
        if now < self._until:
            after = timedelta(seconds=self._until - now + self._chance.uniform(0.0, 1.0))
            raise TryLater("the homeserver cannot be reached now", after, doubtful=False)
        self._until = now + _PROBE  # for the others, while this one tries

    def failed(self) -> None:
        """Keep that nobody answered; what fails at the same time is the same trouble."""
        now = asyncio.get_running_loop().time()
        if now < self._heard + AT_ONCE:
            return
        self._heard = now
        self._failures = min(self._failures + 1, 10)
        self._until = now + min(2.0 ** (self._failures - _TROUBLE), 30.0) * self._chance.uniform(1.0, 1.25)

    def worked(self) -> None:
        """Open for everybody."""
        self._failures = 0


class Backoff:
    """Waits longer and longer, 1 s doubling to `longest`; the log hears when trouble begins and ends, not between."""

    def __init__(self, what: str, longest: float = 30.0, **about: object) -> None:
        self._what = what
        self._about = about
        self._longest = longest
        self._tries = 0
        self._why = ""
        self._due = 0.0
        self._chance = random.Random()  # noqa: S311  # spreads the load, protects nothing

    def next_wait(self, why: str, after: timedelta | None = None) -> float:
        """Return how many seconds to wait after this failure; never less than one."""
        if why != self._why:
            log.warning(f"{self._what}_waits", why=why, **self._about)
        self._why = why
        seconds = min(2.0**self._tries, self._longest) * self._chance.uniform(1.0, 1.25)
        self._tries = min(self._tries + 1, 12)
        return max(seconds, 0.0 if after is None else after.total_seconds())

    def put_off(self, why: str, after: timedelta | None = None) -> None:
        """Make it due again after a while, without waiting."""
        self._due = asyncio.get_running_loop().time() + self.next_wait(why, after)

    def is_due(self) -> bool:
        """Tell whether it may be tried now."""
        return asyncio.get_running_loop().time() >= self._due

    async def wait(self, error: TryLater) -> None:
        """Wait as this failure asks for."""
        await asyncio.sleep(self.next_wait(error.why, error.after))

    def worked(self) -> None:
        """Begin anew after a success."""
        if self._why:
            log.info(f"{self._what}_works_again", failures=self._tries)
        self._tries, self._why, self._due = 0, "", 0.0
