"""What `helpbot doctor` makes of rooms: the agents', the customers', and those that nobody knows of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from helpbot.core.english import counted
from helpbot.doctor_base import Finding, Kept, State, fault, ok, warn
from helpbot.transports.matrix_http import JsonDict, as_dict

_AGENTS_NAMED, _ROOMS_NAMED = 10, 5


def drift(joined: Iterable[str], kept: Kept, teams: Iterable[str]) -> list[Finding]:
    """Judge what the rooms and the database say of each other."""
    there = set(joined)
    strange = sorted(there - kept.conversations - kept.help_rooms - set(teams))
    lost = [(number, gone) for number, room, gone in kept.tickets if room not in there]
    found = [ok("rooms", f"the desk knows all that the bot is in: {len(there)}")]
    if strange:
        once = sum(room in kept.desks for room in strange)
        what = f"the bot is in {_some(strange)} that no customer and no team has, {once} of them had a team once"
        mend = "start the desk again: it takes in or leaves them; put the bot out of rooms that had a team"
        found = [warn("rooms", what, mend)]
    if not lost:
        open_ones = f"the bot is in the rooms of all: {len(kept.tickets)}" if kept.tickets else "there is none"
        return [*found, ok("open tickets", open_ones)]
    what = f"the bot is not in the customer's room any more: {', '.join(f'#{number}' for number, _ in lost)}"
    mend = "close them in the agents' room: !close"
    judge = warn if all(gone for _, gone in lost) else fault  # agents know of what the desk knows
    return [*found, judge("open tickets", what, mend)]


def moved(team: str, named: str, room: str, kept: Kept) -> Finding | None:
    """Return the fault for an alias that leads elsewhere than it led the desk before: then that does not start."""
    known = [one for one, whose in kept.desks.items() if whose == team]  # all that older desks kept
    if team in kept.seats:
        before, sat = kept.seats[team]
        known = [sat] if before == named else []
    if not named.startswith("#") or not known or room in known:
        return None
    what = f"{named} leads to {room}, but this team's room was {' or '.join(sorted(known))}: the desk will not start"
    mend = f"make sure that {room} is your room, then write this id as teams.matrix_room; else repair the alias"
    return fault(f"team {team}: room", what, mend)


def upgraded(team: str, named: str, room: str) -> Finding:
    """Return the finding for a name that leads to a room from which the desk has gone on, or will, to another."""
    what = f"{named} names or had a room that was upgraded: this team is in {room} now"
    return warn(f"team {team}: room", what, f"write {room} as teams.matrix_room, or give it the alias")


def nowhere(team: str, named: str, room: str) -> Finding:
    """Return the finding for an alias that leads nowhere any more, and the room that it led the desk to."""
    mend = f"give that room the alias again, or write {room} as teams.matrix_room"
    return warn(f"team {team}: room", f"{named} leads nowhere: the desk uses {room}, where it led before", mend)


def help_room(named: str, room: str | None, me: str, joined: Collection[str], desks: Collection[str]) -> Finding:
    """Judge a help room; `room` is its id, None when there is none of that name."""
    check = f"help room {named}"
    if room is None:
        what = "there is no room of this name"
        return warn(check, what, f"mend help_rooms.room, or give the room this alias; then invite {me} there")
    if room in desks:
        return fault(check, "it is a team's agents' room: the bot does not take it", "name another room")
    if room not in joined:
        mend = f"invite {me} there: a desk that runs joins by itself within a minute, else start it"
        return warn(check, "the bot is not in it, and answers nobody there", mend)
    return ok(check, "the bot is in it")


def replaced(team: str, room: str, me: str, events: Sequence[JsonDict]) -> Finding | None:
    """Return the fault for an agents' room that was upgraded, which leaves it behind for another one."""
    for event in events:
        if event.get("type") == "m.room.tombstone" and event.get("state_key") == "":
            new = as_dict(event.get("content")).get("replacement_room")
            named = new if isinstance(new, str) and new else "another one"
            mend = f"if {named} is your room, invite {me} there: the desk follows when both rooms name each other"
            return fault(f"team {team}: room", f"{room} was replaced by {named}: people have gone there", mend)
    return None


def invitations(rooms: Sequence[str]) -> Finding:
    """Judge the invitations that nobody followed."""
    if not rooms:
        return ok("invitations", "none waits")
    mend = "start the desk if it does not run; else its log says why (invited), and matrix.invites_from who may"
    return warn("invitations", f"the bot is invited to {_some(sorted(rooms))} that it has not joined", mend)


def _some(rooms: Sequence[str]) -> str:
    more = ", …" if len(rooms) > _ROOMS_NAMED else ""
    return f"{counted(len(rooms), 'room')} ({', '.join(rooms[:_ROOMS_NAMED])}{more})"


def agents_room(team: str, me: str, events: Sequence[JsonDict], *, encryption: bool) -> list[Finding]:
    """Judge an agents' room by its whole state."""
    state = {str(event.get("type")): event for event in events if event.get("state_key") == ""}
    joined = [event for event in events if as_dict(event.get("content")).get("membership") == "join"]
    members = {str(event.get("state_key")) for event in joined if event.get("type") == "m.room.member"}
    encrypted = "m.room.encryption" in state
    readable = ok(f"team {team}: encryption", f"the room is {'' if encrypted else 'not '}encrypted")
    if encrypted and not encryption:
        why = "the room is encrypted, and the bot's encryption is off"
        readable = fault(readable.check, why, "set matrix.encryption to true")
    write = [sending(team, me, state, "m.room.encrypted" if encrypted else "m.room.message")]
    guests = sorted(str(one.get("state_key")) for one in joined if as_dict(one.get("content")).get("kind") == "guest")
    return [
        *door(team, {kind: as_dict(event.get("content")) for kind, event in state.items()}, guests),
        agents(team, sorted(members - {me})),
        readable,
        *([] if "m.room.tombstone" in state else write),  # then it is not there that the bot should write
    ]


def door(team: str, state: Mapping[str, JsonDict], inside: Sequence[str] = ()) -> list[Finding]:
    """Judge who may come into an agents' room, and who may read it; `inside` are guests that are in it."""
    joining, reading, guests = f"team {team}: joining", f"team {team}: reading", f"team {team}: guests"
    rule = state.get("m.room.join_rules", {}).get("join_rule", "invite")
    seen = state.get("m.room.history_visibility", {}).get("history_visibility", "shared")
    guest = state.get("m.room.guest_access", {}).get("guest_access", "forbidden")
    settings = "in the room's settings, under security"
    found = [ok(joining, "only who is invited may come in"), ok(reading, "only members may read it")]
    if rule == "knock":
        what = "anybody may ask to come in, and whom a member lets in becomes an agent"
        found[0] = warn(joining, what, f"make the room invite-only {settings}")
    elif rule not in ("invite", "private"):
        what = f"its join rule is {rule}: others than those invited may become agents"
        found[0] = fault(joining, what, f"make the room invite-only {settings}, and look who has joined")
    if seen == "world_readable":
        found[1] = fault(reading, "anybody may read it without joining", f"let only members read it {settings}")
    if inside:
        what = f"guests, who have no account, are in it and act as agents: {', '.join(inside[:_AGENTS_NAMED])}"
        return [*found, warn(guests, what, f"put them out, and forbid guests {settings}")]
    if guest == "forbidden":
        return [*found, ok(guests, "none may join")]
    if found[0].state is not State.FAULT:
        return [*found, ok(guests, "guests, who have no account, may come in only when invited; none is in it")]
    return [*found, warn(guests, "guests, who have no account, may come in uninvited", f"forbid guests {settings}")]


def agents(team: str, people: Sequence[str]) -> Finding:
    """Name those who can act as agents."""
    check = f"team {team}: agents"
    if not people:
        return warn(check, "nobody but the bot is in the room: no one answers customers", "invite the agents there")
    more = ", …" if len(people) > _AGENTS_NAMED else ""
    role = "an agent" if len(people) == 1 else "agents"
    return ok(check, f"{len(people)} can act as {role}: {', '.join(people[:_AGENTS_NAMED])}{more}")


def sending(team: str, me: str, state: Mapping[str, JsonDict], kind: str) -> Finding:
    """Judge whether the bot may write and react in an agents' room."""
    check, create = f"team {team}: writing", state.get("m.room.create", {})
    made = as_dict(create.get("content"))
    version, others = str(made.get("room_version")), made.get("additional_creators")
    made_it = me == create.get("sender") or (isinstance(others, list) and me in others)
    if made_it and version.isdecimal() and int(version) >= 12:
        return ok(check, "the bot made the room and may do anything there")
    levels = as_dict(state.get("m.room.power_levels", {}).get("content"))
    mine = _level(as_dict(levels.get("users")).get(me, levels.get("users_default", 0)))
    default, each = levels.get("events_default", 0), as_dict(levels.get("events"))
    wanted = {one: _level(each.get(one, default)) for one in (kind, "m.reaction")}
    short = ", ".join(f"{one} takes {level}" for one, level in wanted.items() if level > mine)
    if short:
        mend = f"give {me} a higher power level there, or let the default role send these"
        return fault(check, f"the bot has power level {mine}, {short}", mend)
    return ok(check, "the bot may write and react")


def _level(value: object) -> int:
    """Return a power level; old rooms hold some as text."""
    if isinstance(value, str) and value.isdecimal() and len(value) < 10:
        return int(value)
    return value if isinstance(value, int) else 0
