"""What `helpbot doctor` makes of what a homeserver answers."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from helpbot import doctor_matrix, doctor_rooms
from helpbot.doctor_base import Finding, Kept, State
from helpbot.doctor_limits import limits
from helpbot.transports.matrix_signing import Identity
from helpbot.transports.matrix_snapshot import invites_only

BOT, SAM = "@helpbot:example.org", "@sam:example.org"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FAQ = Path(__file__).parent / "faq"
PLACES = """
faq: {faq}
matrix: {{homeserver: "http://127.0.0.1:9", user: "@helpbot:example.org", password: hidden-word}}
teams: [{{id: mobile, matrix_room: "!desk"}}]
"""


def state(finding: Finding) -> str:
    """Return how it is; what is not ok says how it is mended, and what is ok has nothing to mend."""
    assert (finding.mend == "") == (finding.state is State.OK), finding
    return finding.state.value


def states(findings: list[Finding]) -> dict[str, str]:
    return {one.check: state(one) for one in findings}


def test_a_login_is_that_of_the_account_and_has_a_device() -> None:
    def how(answer: dict[str, Any]) -> str:
        return state(doctor_matrix.login(answer, BOT, given=False))

    assert how({"user_id": BOT, "device_id": "ONE"}) == "ok"
    assert how({"user_id": SAM, "device_id": "ONE"}) == "fault"
    assert how({"user_id": BOT}) == "fault"
    assert how({}) == "fault"


def test_a_bad_login_is_mended_where_it_comes_from() -> None:
    assert "matrix.access_token" in doctor_matrix.bad_login("gone", given=True).mend
    assert "matrix.access_token" not in doctor_matrix.bad_login("gone", given=False).mend


LIFT = '\'{"messages_per_second": 0, "burst_count": 0}\''


def asked(status: int, answer: object, *, by_admin: bool, user: str = BOT) -> Finding:
    return limits(status, answer, "https://matrix.example.org", user, by_admin=by_admin)


@pytest.mark.parametrize("by_admin", [False, True])
def test_an_override_is_told_with_its_numbers_and_its_absence_with_the_line_that_sets_it(by_admin: bool) -> None:
    lifted = asked(200, {"messages_per_second": 0, "burst_count": 0}, by_admin=by_admin)
    assert state(lifted) == "ok"
    assert "lifted" in lifted.meaning
    assert "(messages_per_second 0, burst_count 0)" in lifted.meaning
    some = asked(200, {"messages_per_second": 5, "burst_count": 20}, by_admin=by_admin)
    assert state(some) == "ok"
    assert "20 messages at once, then 5 a second" in some.meaning
    none = asked(200, {}, by_admin=by_admin, user="@help'$bot:example.org")
    assert state(none) == "warn"
    assert "no override is set" in none.meaning
    assert "admin/v1/users/@help%27%24bot:example.org/override_ratelimit" in none.mend
    assert LIFT in none.mend


@pytest.mark.parametrize(("rate", "how"), [(0, "ok"), (0.01, "warn"), (0.99, "warn"), (1, "ok"), (50, "ok")])
def test_an_override_that_leaves_less_than_a_message_a_second_is_warned_of(rate: float, how: str) -> None:
    found = asked(200, {"messages_per_second": rate, "burst_count": 1}, by_admin=True)
    assert state(found) == how
    assert f"(messages_per_second {rate}, burst_count 1)" in found.meaning
    assert how == "ok" or LIFT in found.mend


def test_what_the_bots_own_account_cannot_see_an_admins_token_can() -> None:
    own = asked(403, {"errcode": "M_FORBIDDEN"}, by_admin=False)
    assert state(own) == "warn"
    assert "cannot be seen with the bot's own account" in own.meaning
    assert "--admin-token-file" in own.mend
    assert LIFT in own.mend


@pytest.mark.parametrize(("status", "code", "words"), [
    (401, "M_UNKNOWN_TOKEN", "does not accept"), (403, "M_FORBIDDEN", "not a server admin's"),
    (404, "M_NOT_FOUND", f"no account {BOT}"), (404, "M_UNRECOGNIZED", "no Synapse"), (404, None, "no Synapse"),
    (405, None, "no Synapse"),
])  # fmt: skip
def test_an_admins_token_of_no_use_is_told_for_what_it_is(status: int, code: str | None, words: str) -> None:
    found = asked(status, None if code is None else {"errcode": code}, by_admin=True)
    assert state(found) == "warn"
    assert words in found.meaning


def test_the_line_that_lifts_limits_is_the_one_in_the_manual() -> None:
    manual = (Path(__file__).parent.parent / "docs" / "matrix.md").read_text().replace("\\\n", "")
    lines = [shlex.split(line) for line in manual.splitlines() if line.startswith("curl ")]
    for finding in (asked(403, None, by_admin=False), asked(200, {}, by_admin=True)):
        assert shlex.split(finding.mend[finding.mend.index("curl ") :]) in lines


@pytest.mark.parametrize(("why", "words"), [
    ("ClientConnectorDNSError", "DNS"), ("ClientConnectorCertificateError", "certificate is not"),
    ("ClientConnectorSSLError", "no TLS"), ("ClientConnectorError", "nothing listens"), ("TimeoutError", "firewall"),
    ("ConnectionTimeoutError", "firewall"), ("SomethingNew", "(SomethingNew)"),
])  # fmt: skip
def test_a_homeserver_out_of_reach_is_mended_where_that_can_be_seen(why: str, words: str) -> None:
    found = doctor_matrix.unreachable("https://example.org", f"the homeserver cannot be reached ({why})")
    assert state(found) == "fault"
    assert words in found.meaning
    assert "curl -sS https://example.org/_matrix/client/versions" in found.mend
    assert "`homeserver`" not in found.mend


def test_no_two_questions_for_invitations_are_alike() -> None:
    assert len({invites_only() for _ in range(20)}) == 20


def test_no_one_time_keys_are_warned_of() -> None:
    counts = [{"signed_curve25519": 50}, {"signed_curve25519": 0}, {}, None]
    found = [state(doctor_matrix.one_time_keys({"one_time_key_counts": count})) for count in counts]
    assert found == ["ok", "warn", "warn", "warn"]


def shown(sign: Identity, publish: Identity) -> dict[str, Any]:
    """Return an answer to keys/query: one identity signed the device, another is published."""
    device = {"user_id": BOT, "device_id": "ONE", "keys": {"ed25519:ONE": "public"}}
    return {
        "device_keys": {BOT: {"ONE": sign.sign("self_signing", device)}},
        "master_keys": {BOT: publish.key("master")},
        "self_signing_keys": {BOT: publish.key("self_signing")},
    }


def test_a_device_is_signed_by_a_key_that_the_master_key_signed() -> None:
    mine, other = Identity.new(BOT), Identity.new(BOT)

    def how(answer: dict[str, Any]) -> str:
        return states(doctor_matrix.signing(answer, BOT, "ONE", Kept()))["cross-signing"]

    well = shown(mine, mine)
    assert how(well) == "ok"
    assert how(shown(other, mine)) == "fault"
    assert how({**well, "master_keys": {}}) == "fault"
    assert how({**well, "master_keys": {BOT: other.key("master")}}) == "fault"
    assert how({**well, "self_signing_keys": {}}) == "fault"
    assert how({**well, "master_keys": {BOT: {"keys": {"a": 1}}}, "self_signing_keys": 7}) == "fault"


def test_keys_at_the_homeserver_are_those_in_the_key_store() -> None:
    mine = Identity.new(BOT)

    def how(kept: Kept, device: str = "ONE") -> str:
        return states(doctor_matrix.signing(shown(mine, mine), BOT, device, kept))["keys at the homeserver"]

    assert how(Kept(device="ONE", identity="public")) == "ok"
    assert how(Kept(device="ONE", identity="another")) == "fault"
    assert how(Kept(device="OLD", identity="another", taken=False)) == "ok"
    assert how(Kept(device="ONE", identity="public", taken=False)) == "fault"
    assert how(Kept(device="ONE"), "TWO") == "fault"


def event(kind: str, key: str = "", sender: str = SAM, **content: object) -> dict[str, Any]:
    return {"type": kind, "state_key": key, "sender": sender, "content": content}


def member(user: str, membership: str = "join") -> dict[str, Any]:
    return event("m.room.member", user, membership=membership)


def room(*events: dict[str, Any], encryption: bool = True) -> dict[str, str]:
    whole = [event("m.room.create", room_version="12"), member(BOT), member(SAM), *events]
    found = doctor_rooms.agents_room("mobile", BOT, whole, encryption=encryption)
    return {check.removeprefix("team mobile: "): how for check, how in states(found).items()}


def test_a_private_room_with_an_agent_is_well() -> None:
    closed = event("m.room.join_rules", join_rule="invite"), event("m.room.guest_access", guest_access="forbidden")
    assert set(room(*closed).values()) == {"ok"}
    assert set(room()) == {"joining", "reading", "guests", "agents", "encryption", "writing"}


@pytest.mark.parametrize("rule", ["public", "restricted", "knock_restricted", "new", None, []])
def test_a_room_that_others_may_enter_is_a_fault(rule: object) -> None:
    assert room(event("m.room.join_rules", join_rule=rule))["joining"] == "fault"


def test_a_room_where_anybody_may_ask_to_come_in_is_warned_of() -> None:
    found = room(event("m.room.join_rules", join_rule="knock"), event("m.room.guest_access", guest_access="can_join"))
    assert (found["joining"], found["guests"]) == ("warn", "ok")


def test_a_room_that_anybody_may_read_is_a_fault() -> None:
    assert room(event("m.room.history_visibility", history_visibility="world_readable"))["reading"] == "fault"
    assert room(event("m.room.history_visibility", history_visibility="joined"))["reading"] == "ok"


def test_guests_are_warned_of_where_they_can_come_in_uninvited_or_are_inside() -> None:
    allowed = event("m.room.guest_access", guest_access="can_join")
    guest, gone = member("@7:example.org"), member("@7:example.org", "leave")
    guest["content"]["kind"] = gone["content"]["kind"] = "guest"
    assert room(allowed)["guests"] == "ok"  # the join rule is "invite" where none is told
    assert room(allowed, event("m.room.join_rules", join_rule="invite"))["guests"] == "ok"
    assert room(allowed, gone)["guests"] == "ok"
    assert room(allowed, event("m.room.join_rules", join_rule="public"))["guests"] == "warn"
    assert room(allowed, event("m.room.join_rules", join_rule="restricted"))["guests"] == "warn"
    assert room(event("m.room.join_rules", join_rule="public"))["guests"] == "ok"
    assert room(guest)["guests"] == "warn"
    assert room(allowed, guest)["guests"] == "warn"


def test_an_alias_that_leads_elsewhere_than_before_is_a_fault() -> None:
    def how(named: str, room: str, **desks: str) -> Finding | None:
        return doctor_rooms.moved("mobile", named, room, Kept(True, desks={f"!{key}": desks[key] for key in desks}))

    wrong = how("#desk:x", "!new", old="mobile")
    assert wrong is not None
    assert state(wrong) == "fault"
    assert wrong.check == "team mobile: room"
    assert "!new" in wrong.meaning
    assert "!old" in wrong.meaning
    assert "teams.matrix_room" in wrong.mend
    assert how("#desk:x", "!new", new="sales", old="mobile") is not None
    assert how("#desk:x", "!new", old="mobile", new="mobile") is None
    assert how("#desk:x", "!new", old="sales") is None
    assert how("#desk:x", "!new") is None
    assert how("!new", "!new", old="mobile") is None, "who writes an id means it"


def test_what_the_desk_kept_of_an_alias_is_what_counts() -> None:
    def how(named: str, room: str, *seat: str) -> bool:
        kept = Kept(True, desks={"!old": "mobile", "!new": "mobile"}, seats={"mobile": (seat[0], seat[1])})
        return doctor_rooms.moved("mobile", named, room, kept) is not None

    assert how("#desk:x", "!new", "#desk:x", "!old")
    assert not how("#desk:x", "!old", "#desk:x", "!old")
    assert not how("#other:x", "!new", "#desk:x", "!old"), "another alias was meant"
    assert not how("#desk:x", "!new", "!old", "!old"), "the desk was never led by it"


def test_an_encrypted_room_is_a_fault_only_without_encryption() -> None:
    encrypted = event("m.room.encryption", algorithm="m.megolm.v1.aes-sha2")
    assert room(encrypted)["encryption"] == "ok"
    assert room(encrypted, encryption=False)["encryption"] == "fault"


def test_agents_are_named_up_to_ten_and_none_is_warned_of() -> None:
    people = [f"@agent{number:02}:example.org" for number in range(11)]
    told = doctor_rooms.agents("mobile", people)
    assert "11 can act as agents" in told.meaning
    assert people[9] in told.meaning
    assert people[10] not in told.meaning
    assert state(doctor_rooms.agents("mobile", [])) == "warn"
    assert room(member(SAM, "leave"))["agents"] == "ok"  # the first membership counts as well
    left = [event("m.room.create"), member(BOT), member(SAM, "invite")]
    found = states(doctor_rooms.agents_room("mobile", BOT, left, encryption=True))
    assert found["team mobile: agents"] == "warn"


@pytest.mark.parametrize(("levels", "how"), [
    ({}, "ok"), ({"events_default": 50}, "fault"), ({"events_default": 50, "users": {BOT: 50}}, "ok"),
    ({"events_default": 50, "users_default": 50}, "ok"), ({"events": {"m.room.message": 1}}, "fault"),
    ({"events": {"m.reaction": 1}}, "fault"), ({"events": {"m.room.encrypted": 1}}, "ok"),
    ({"users": {BOT: -1}}, "fault"), ({"events_default": "50"}, "fault"), ({"users": 7, "events": []}, "ok"),
])  # fmt: skip
def test_a_bot_that_may_not_write_or_react_is_a_fault(levels: dict[str, Any], how: str) -> None:
    assert room(event("m.room.power_levels", **levels))["writing"] == how


@pytest.mark.parametrize("new", ["!new:example.org", None, 7])
def test_a_room_that_was_replaced_is_a_fault_and_nobody_is_helped_to_write_there(new: object) -> None:
    tombstone = event("m.room.tombstone", replacement_room=new)
    found = doctor_rooms.replaced("mobile", "!old", BOT, [event("m.room.create"), tombstone])
    assert found is not None
    assert state(found) == "fault"
    assert ("!new:example.org" in found.meaning) == isinstance(new, str)
    assert "writing" not in room(tombstone, event("m.room.power_levels", events_default=50))
    assert doctor_rooms.replaced("mobile", "!old", BOT, [event("m.room.tombstone", "not the room's")]) is None


def test_what_an_encrypted_room_takes_is_asked_of_encrypted_messages() -> None:
    encrypted = event("m.room.encryption", algorithm="m.megolm.v1.aes-sha2")
    levels = event("m.room.power_levels", events={"m.room.encrypted": 1})
    assert room(encrypted, levels)["writing"] == "fault"


@pytest.mark.parametrize(("version", "how"), [("12", "ok"), ("11", "fault"), ("org.example", "fault"), (None, "fault")])
def test_a_bot_that_made_the_room_may_do_anything_from_version_twelve(version: object, how: str) -> None:
    levels = event("m.room.power_levels", events_default=50)
    for create in (
        event("m.room.create", sender=BOT, room_version=version),
        event("m.room.create", room_version=version, additional_creators=[BOT]),
    ):
        assert room(create, levels)["writing"] == how


def test_rooms_and_database_that_agree_are_well() -> None:
    kept = Kept(True, conversations=frozenset({"!a", "!old"}), tickets=((1, "!a", False),))
    assert set(states(doctor_rooms.drift({"!a", "!desk"}, kept, {"!desk"})).values()) == {"ok"}


def test_rooms_that_nobody_knows_are_counted_and_five_are_named() -> None:
    strange = {f"!strange{number}" for number in range(7)}
    kept = Kept(True, desks={"!strange3": "sales"})
    helping = replace(kept, help_rooms=frozenset(strange))
    assert set(states(doctor_rooms.drift(strange | {"!desk"}, helping, {"!desk"})).values()) == {"ok"}
    [rooms, _] = doctor_rooms.drift(strange | {"!desk"}, kept, {"!desk"})
    assert state(rooms) == "warn"
    assert "7 rooms" in rooms.meaning
    assert "1 of them had a team once" in rooms.meaning
    assert "!strange4, …" in rooms.meaning
    assert "!strange5" not in rooms.meaning


def test_a_ticket_whose_room_is_lost_is_a_fault_unless_the_desk_knows_it() -> None:
    def how(*tickets: tuple[int, str, bool]) -> Finding:
        return doctor_rooms.drift({"!a"}, Kept(True, tickets=tickets, conversations=frozenset({"!a"})), ())[-1]

    assert state(how((1, "!a", False), (2, "!gone", True))) == "warn"
    both = how((1, "!a", False), (2, "!gone", True), (3, "!lost", False))
    assert state(both) == "fault"
    assert both.meaning.endswith(": #2, #3")
    assert both.mend == "close them in the agents' room: !close"


def test_invitations_that_nobody_followed_are_warned_of() -> None:
    assert state(doctor_rooms.invitations([])) == "ok"
    told = doctor_rooms.invitations(["!b", "!a"])
    assert state(told) == "warn"
    assert "2 rooms (!a, !b)" in told.meaning


def test_without_a_login_it_is_said_that_the_desk_was_never_started() -> None:
    assert "never started" in doctor_matrix.never_started(Kept(True), BOT).meaning
    assert "database" in doctor_matrix.never_started(Kept(), BOT).mend


def test_a_desk_that_runs_and_has_not_logged_in_yet_is_not_to_be_started() -> None:
    told = doctor_matrix.never_started(Kept(True, runs=True), BOT)
    assert state(told) == "fault"
    assert "has not logged in yet" in told.meaning
    assert "its log" in told.mend
    assert "database" in doctor_matrix.never_started(Kept(runs=True), BOT).mend


def test_a_help_room_is_looked_for_and_an_agents_room_is_none() -> None:
    def state(room: str | None, joined: set[str]) -> State:
        return doctor_rooms.help_room("#help:x", room, "@bot:x", joined, {"!desk"}).state

    assert state("!help", {"!help", "!desk"}) is State.OK
    assert state("!help", {"!desk"}) is State.WARN
    assert state(None, {"!desk"}) is State.WARN
    assert state("!desk", {"!desk"}) is State.FAULT
