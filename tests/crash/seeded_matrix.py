"""The planted bugs of the Matrix transport."""

from __future__ import annotations

from tests.crash.seeded_base import Bug
from tests.crash.seeded_base import planting as _bug

MATRIX_BUGS: tuple[Bug, ...] = (
    _bug(
        "a stranger's deep JSON is an error",
        "transports/matrix_json.py",
        "    except (RecursionError, ValueError):\n"
        '        return json.loads(b"".join(_shallow(raw)), parse_int=_whole)\n',
        '    except RecursionError:\n        raise ValueError("too deep") from None\n',
        "tests/transports/test_matrix_json.py::test_no_depth_of_a_stranger_keeps_others_from_being_read",
    ),
    _bug(
        "keys in memory that are not in the store",
        "transports/matrix_keys.py",
        "            self._out_of_step = True\n",
        "            self._out_of_step = False\n",
        "tests/transports/test_matrix_keystore.py::test_a_key_that_cannot_be_kept_is_taken_when_it_comes_again",
    ),
    _bug(
        "everybody waits for a slow server",
        "transports/matrix_crypto.py",
        "        await self._query_keys(self._asking.first(self.users_for_key_query & known.users.keys()))\n",
        "        await self._query_keys(set(self.users_for_key_query))\n",
        "tests/matrix/test_transport_devices.py::test_nobody_waits_for_a_slow_server_but_its_own_people",
    ),
    _bug(
        "a session for whoever has that key",
        "transports/matrix_sessions.py",
        "        return self._of.get((user, key), [])\n",
        "        return next((found for (_, one), found in self._of.items() if one == key), [])\n",
        "tests/matrix/test_transport_copied_keys.py::test_a_customer_whose_key_was_copied_first_reads_the_bot",
    ),
    _bug(
        "a wait that is no number",
        "transports/matrix_http.py",
        "    if not asked >= 1000:  # so put, NaN is none either\n",
        "    if asked < 0:\n",
        "tests/transports/test_matrix_http.py::test_a_wait_that_is_asked_for_is_a_second_at_least_and_not_without_end",
    ),
    _bug(
        "another server away is ours away",
        "transports/matrix_http.py",
        '    return status >= 500 and not isinstance(as_dict(answer).get("errcode"), str)\n',
        "    return status in {502, 503, 504} or (status >= 500 and not isinstance(answer, dict))\n",
        "tests/transports/test_matrix_http.py::test_a_server_that_cannot_reach_another_one_is_not_away",
    ),
    _bug(
        "a room set aside in memory alone",
        "transports/matrix_inbox.py",
        "        await self._aside.save()\n        batch.items += in_order(found)\n",
        "        batch.items += in_order(found)\n",
        "tests/matrix/test_transport_aside.py::"
        "test_a_customers_room_that_cannot_be_read_holds_nobody_up_and_loses_no_word",
    ),
    _bug(
        "a first sync out of the server's memory",
        "transports/matrix_snapshot.py",
        'f"!{secrets.token_hex(8)}:unlike.invalid"',
        '"!same:unlike.invalid"',
        "tests/matrix/test_transport_invitations.py::"
        "test_an_invitation_that_was_not_followed_yet_is_found_after_a_quick_restart",
    ),
    _bug(
        "an alias that is followed anywhere",
        "transports/matrix_desks.py",
        "        if first is not None and first != room:\n",
        "        if False:\n",
        "tests/matrix/test_transport_desks.py::test_an_alias_that_is_pointed_to_another_room_is_not_followed",
    ),
    _bug(
        "whoever invited first",
        "transports/matrix_rooms.py",
        "    for event in reversed(state):\n",
        "    for event in state:\n",
        "tests/transports/test_matrix_invitations.py::test_an_invitation_counts_as_the_last_inviters",
    ),
    _bug(
        "whoever was invited along",
        "transports/matrix_rooms.py",
        "if len(others) == 1 and (room in self._ever_known or self._may_open(others[0])):",
        "if len(others) == 1:",
        "tests/matrix/test_transport_invitations.py::"
        "test_somebody_who_may_not_open_a_room_does_not_get_one_opened_for_her",
    ),
)
