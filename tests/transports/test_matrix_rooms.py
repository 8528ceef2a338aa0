"""Who invites the bot, from what the inviter's server tells."""

from __future__ import annotations

from helpbot.transports.matrix_rooms import inviter_of

ME = "@helpbot:example.org"


def invitation(sender: object, who: str = ME, membership: str = "invite") -> dict[str, object]:
    return {"type": "m.room.member", "state_key": who, "sender": sender, "content": {"membership": membership}}


def test_the_invitation_that_counts_is_the_last() -> None:
    forged, real = invitation("@ceo:example.org"), invitation("@mallory:evil.org")
    assert inviter_of([forged, real], ME) == "@mallory:evil.org"


def test_the_membership_of_others_is_no_invitation() -> None:
    others: list[dict[str, object]] = [
        invitation("@a:b", who="@mallory:evil.org"),
        invitation("@a:b", membership="join"),
        {"type": 7},
    ]
    assert inviter_of(others, ME) is None
    assert inviter_of([], ME) is None
