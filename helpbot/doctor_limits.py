"""What `helpbot doctor` makes of a Synapse's answer to the question for the bot's own rate limits."""

from __future__ import annotations

import shlex
from urllib.parse import quote

from helpbot.doctor_base import Finding, ok, warn
from helpbot.transports.matrix_http import as_dict

_CHECK = "rate limits"
_BODY = '{"messages_per_second": 0, "burst_count": 0}'


def limits(status: int, answer: object, homeserver: str, user: str, *, by_admin: bool) -> Finding:
    """Judge the answer; `by_admin` when it was asked with a token that was given for it, not with the bot's own."""
    told = as_dict(answer)
    where = shlex.quote(f"{homeserver}/_synapse/admin/v1/users/{quote(user, safe='@:')}/override_ratelimit")
    lift = f"as a server admin: curl -X POST -H \"Authorization: Bearer ADMIN_TOKEN\" -d '{_BODY}' {where}"
    if status < 300 and "messages_per_second" in told:
        rate = told["messages_per_second"]
        said = _override(rate, told.get("burst_count"))
        slow = isinstance(rate, int | float) and 0 < rate < 1
        return warn(_CHECK, f"{said}: customers wait", lift) if slow else ok(_CHECK, said)
    if status < 300:
        what = "no override is set: customers wait after a few messages (Synapse: 10 at once, then one in 5 s)"
        return warn(_CHECK, what, lift)
    if status in {404, 405} and told.get("errcode") == "M_NOT_FOUND" and by_admin:
        return warn(_CHECK, f"the homeserver knows no account {user}", "mend matrix.user")
    if status in {404, 405}:
        what = "cannot be seen: this is no Synapse, or what stands before it keeps /_synapse/admin from us"
        return warn(_CHECK, what, f"if it is a Synapse: set them on its own machine, with its inner address; {lift}")
    if not by_admin:
        what = "whether they are lifted cannot be seen with the bot's own account; if they are not, customers wait"
        look = "look with a server admin's token in a file: helpbot doctor --admin-token-file FILE"
        return warn(_CHECK, what, f"{look}; or lift them, again if need be, {lift}")
    if status == 401:
        return warn(_CHECK, "the homeserver does not accept the admin's token", "give one that is logged in")
    return warn(_CHECK, "the token that was given is not a server admin's", "give one of an account that is")


def _override(rate: object, burst: object) -> str:
    numbers = f"(messages_per_second {rate}, burst_count {burst})"
    if rate:
        return f"an override is set: {burst} messages at once, then {rate} a second {numbers}"
    return f"an override is set: they are lifted for this account {numbers}"
