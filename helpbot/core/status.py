"""What a customer is told of her wait: whether people are there, her place, the usual wait, owner and promise.

Rule: nothing is said that was not measured or set, because a guess about a wait is a promise that nobody made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from helpbot.core import words
from helpbot.core.hours import Hours, closes_at, is_open, opens_at
from helpbot.core.model import Desk, Promise, Status, Team, Ticket, Wait
from helpbot.core.phrases import say
from helpbot.core.told import clock_time, lasting, told
from helpbot.core.zones import known_zone


def her_zone(ticket: Ticket, desk: Desk) -> ZoneInfo:
    """Return the zone to tell her times in: her own as far as she said, else her team's."""
    return known_zone(ticket.zone) or desk.team(ticket.team).hours.zone


@dataclass(frozen=True, slots=True)
class Aside:
    """What the bot answers beside all else, and the ticket after it; `asks` when a person may owe her a word for it."""

    ticket: Ticket
    text: str
    asks: bool


def aside(ticket: Ticket, text: str, at: datetime, desk: Desk) -> Aside | None:
    """Return what the bot itself answers at any time: how her ticket stands, that it knows her time zone; else None."""
    name, after, language = words.zone_told(text) or ("", "", "")
    if name and words.only_polite(desk.library.fold(after)):
        answer = _zone_heard(_speaking_first(ticket, language, desk), name, at, desk)
        if answer is not None:
            return answer
    asked = words.status_asked(desk.library.fold(text))
    if asked is None:
        return None
    ticket = _speaking_first(ticket, asked, desk)
    return Aside(ticket, status_told(ticket, at, desk), asks=True)


def _speaking_first(ticket: Ticket, language: str, desk: Desk) -> Ticket:
    """Return the ticket in the language that she asks in, where hers is not known."""
    return replace(ticket, language=language) if ticket.language is None and language in desk.languages else ticket


def _zone_heard(ticket: Ticket, name: str, at: datetime, desk: Desk) -> Aside | None:
    """Answer her time zone; one that is none only where no entry of the FAQ can be meant."""
    zone, language = known_zone(name), _language(ticket, desk)
    if zone is not None:
        ticket = replace(ticket, zone=zone.key, zone_said=True)
        return Aside(ticket, say("zone_noted", language, time=clock_time(at, zone, language)), asks=False)
    if ticket.status in {Status.WAITING, Status.HELD}:
        return Aside(ticket, say("zone_unknown", language), asks=True)
    return None


def wait_told(ticket: Ticket, at: datetime, desk: Desk) -> tuple[str, ...]:
    """Return sentences on whether people are there, how many are before her, and how long it usually takes."""
    team, language = desk.team(ticket.team), _language(ticket, desk)
    presence = _presence(team, at, her_zone(ticket, desk), language)
    if desk.waits is None:
        return presence
    wait = desk.waits.get(team.id, Wait())
    name = "place_first" if wait.ahead == 0 else "place_one" if wait.ahead == 1 else "place"
    place = say(name, language, ahead=wait.ahead)
    if wait.typical is None or not is_open(team.hours, at):
        return (*presence, place)
    return (*presence, place, say("usual_wait", language, wait=lasting(wait.typical, language)))


def status_told(ticket: Ticket, at: datetime, desk: Desk) -> str:
    """Return the answer to "status": owner, state, place and promises, those that were broken as what they are."""
    language, number = _language(ticket, desk), ticket.number
    match ticket.status:
        case Status.WAITING:
            lines = [say("status_waiting", language, number=number), *wait_told(ticket, at, desk)]
        case Status.HELD:
            owner = "" if ticket.owner is None else ticket.owner.name
            lines = [say("status_held", language, number=number, name=owner)]
            if ticket.waits_since is not None:
                lines += _presence(desk.team(ticket.team), at, her_zone(ticket, desk), language)
        case Status.CLOSED if ticket.closed_at is not None:
            when = told(ticket.closed_at, at, her_zone(ticket, desk), language)
            lines = [say("status_closed", language, number=number, when=when)]
        case _:
            return say("status_bot", language)
    for promise in ticket.promises:
        if at < promise.due:
            lines.append(promise_told(promise, ticket, at, desk))
        elif promise.what or ticket.waits_since is not None:  # else the word that was promised has come, late
            lines.append(broken_told(promise, ticket, at, desk))
    return " ".join(lines)


def promise_told(promise: Promise, ticket: Ticket, at: datetime, desk: Desk, instead_of: Promise | None = None) -> str:
    """Return a promise as she reads it: who, what, by when and no longer when, in her language."""
    language, zone = _language(ticket, desk), her_zone(ticket, desk)
    due = told(promise.due, at, zone, language)
    name = "promised" if promise.what else "promised_word"
    text = say(name, language, name=promise.by.name, what=promise.what, when=due)
    if instead_of is None or instead_of.due == promise.due:
        return text
    return f"{text} {say('promised_instead', language, when=told(instead_of.due, at, zone, language))}"


def broken_told(promise: Promise, ticket: Ticket, at: datetime, desk: Desk, *, just_now: bool = False) -> str:
    """Return that a promise was broken, and what is done about it; `just_now` when its date has just passed."""
    language, zone = _language(ticket, desk), her_zone(ticket, desk)
    alarm = alarm_at(desk.team(ticket.team).hours, promise.due)
    name = "promise_broken" if promise.what else "promise_broken_word"
    due = told(promise.due, at, zone, language)
    sorry = say(name, language, name=promise.by.name, what=promise.what, when=due)
    owed = "promise_owed_later" if alarm > at else "promise_owed" if just_now else "promise_owed_still"
    return f"{sorry} {say(owed, language, when=told(alarm, at, zone, language))}"


def alarm_at(hours: Hours, due: datetime) -> datetime:
    """Return when leads are called over a promise that was until then: at once, or when the team is back."""
    return due if is_open(hours, due - timedelta(seconds=1)) else opens_at(hours, due) or due


def _presence(team: Team, at: datetime, zone: ZoneInfo, language: str) -> tuple[str, ...]:
    """Return whether people are there now; nothing where the team has no hours, for then nobody knows."""
    hours = team.hours
    if hours.week is None and not hours.holidays:
        return ()
    if is_open(hours, at):
        until = closes_at(hours, at)
        if until is None:
            return ()
        return (say("there_until", language, time=_until(until, at, zone, language)),)
    back = opens_at(hours, at)
    if back is None:
        return (say("not_there", language),)
    return (say("back_at", language, when=told(back, at, zone, language)),)


def _until(until: datetime, at: datetime, zone: ZoneInfo, language: str) -> str:
    """Return the time of day at which the team goes, with the day when that is another one."""
    local = until.astimezone(zone)
    days = ((until - timedelta(minutes=1)).astimezone(zone).date() - at.astimezone(zone).date()).days
    if days != 0:
        return told(until, at, zone, language)
    midnight = "minuit" if language == "fr" else "midnight"
    return midnight if (local.hour, local.minute) == (0, 0) else clock_time(until, zone, language)


def _language(ticket: Ticket, desk: Desk) -> str:
    return ticket.language if ticket.language is not None else desk.languages[0]
