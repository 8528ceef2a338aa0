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
        "        return first or room, room\n",
        "        return room, room\n",
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
        "if len(others) == 1 and (room in self._ever_known or self.may_open(others[0])):",
        "if len(others) == 1:",
        "tests/matrix/test_transport_invitations.py::"
        "test_somebody_who_may_not_open_a_room_does_not_get_one_opened_for_her",
    ),
    _bug(
        "a fault over one room ends the desk",
        "transports/matrix_chores.py",
        "        except HOSTILE as error:  # what somebody made of his keys or his room must not end the desk\n",
        "        except LookupError as error:\n",
        "tests/transports/test_matrix_chores.py::test_a_fault_of_ours_in_one_chore_ends_no_other",
    ),
    _bug(
        "a fault over keys ends the desk",
        "transports/matrix.py",
        "            except HOSTILE as error:  # what somebody made of his keys must",
        "            except LookupError as error:  # what somebody made of his keys must",
        "tests/transports/test_matrix_upkeep.py::test_a_fault_of_ours_over_keys_is_put_off",
    ),
    _bug(
        "a room is left while the server is away",
        "transports/matrix_rooms.py",
        "                    words += not isinstance(later, Fruitless)\n",
        "                    words += 1\n",
        "tests/transports/test_matrix_rooms.py::test_a_room_that_cannot_be_told_why_is_left_in_silence",
    ),
    _bug(
        "leaving takes an invitation's place",
        "transports/matrix_rooms.py",
        "        self.chores.add(room, do, kind=Kind.LEAVE)\n",
        "        self.chores.add(room, do, kind=Kind.JOIN)\n",
        "tests/transports/test_matrix_rooms.py::test_rooms_that_are_left_take_no_invitations_place",
    ),
    _bug(
        "a limit makes a room slower",
        "transports/matrix_rooms.py",
        "        except (LoginGone, Barred, Limited):\n",
        "        except LoginGone:\n",
        "tests/transports/test_matrix_rooms.py::test_what_keeps_the_bot_out_of_every_room_slows_no_room_down",
    ),
    _bug(
        "an invitation passed over for good",
        "transports/matrix_rooms.py",
        "            self.chores.add(_PASSED_OVER, self._look_again, _LOOK)\n",
        "            pass\n",
        "tests/transports/test_matrix_rooms.py::test_invitations_that_were_passed_over_are_found_within_the_hour",
    ),
    _bug(
        "an agents' room that is given up",
        "transports/matrix_rooms.py",
        "            raise Fruitless(refused.why) from None\n",
        "            raise refused\n",
        "tests/transports/test_matrix_rooms.py::test_an_agents_room_is_joined_whatever_failed_before",
    ),
    _bug(
        "strangers wait among customers",
        "transports/matrix_rooms.py",
        "        kind = Kind.OWN if ours else Kind.JOIN if wanted else Kind.REFUSE\n",
        "        kind = Kind.OWN if ours else Kind.JOIN\n",
        "tests/transports/test_matrix_rooms.py::test_those_who_may_open_no_room_take_nobodys_place_and_time",
    ),
    _bug(
        "rooms that hang take all places",
        "transports/matrix_chores.py",
        "        for most in (_ALIKE, _BUSY - _ALIKE):\n",
        "        for most in (_BUSY,):\n",
        "tests/transports/test_matrix_chores.py::test_rooms_that_hang_keep_nobody_elses_room_waiting",
    ),
    _bug(
        "whatever is told for a key is one",
        "transports/matrix_keys.py",
        "as_dict(as_dict(told.get(user)).get(name))",
        "told.get(user, {}).get(name)",
        "tests/transports/test_matrix_claims.py::test_no_answer_to_a_claim_ends_the_desk",
    ),
    _bug(
        "a device is asked for a key once",
        "transports/matrix_crypto.py",
        "        devices = self._without_key(known, session)\n",
        "        devices = [] if session.shared else self._without_key(known, session)\n",
        "tests/transports/test_matrix_claims.py::test_a_device_that_had_no_key_to_give_reads_what_is_said_later",
    ),
    _bug(
        "words that nobody can read",
        "transports/matrix_crypto.py",
        "        self._expect_a_key(known, session)\n",
        "",
        "tests/transports/test_matrix_claims.py::test_words_wait_for_a_device_that_can_be_given_their_key",
    ),
    _bug(
        "words that wait for ever for a key",
        "transports/matrix_crypto.py",
        "        if any(now < first + _READER for first in since):\n",
        "        if since:\n",
        "tests/transports/test_matrix_claims.py::test_words_do_not_wait_for_ever_for_a_device_that_has_no_keys",
    ),
    _bug(
        "her session used up for who copied her key",
        "transports/matrix_sessions.py",
        "        return self._of.get((user, key), [])\n",
        "        return next((found for (_, one), found in self._of.items() if one == key), [])\n",
        "tests/transports/test_matrix_sessions.py::test_a_session_that_she_began_is_not_used_up_for_who_copied_her_key",
    ),
    _bug(
        "nobody's session for whoever has that key",
        "transports/matrix_keys.py",
        "            if all(one.user_id == device.user_id for one in self.device_store if one.curve25519 == key):\n",
        "            if True:\n",
        "tests/transports/test_matrix_sessions.py::"
        "test_a_session_of_an_earlier_version_is_used_while_nobody_else_has_its_key",
    ),
    _bug(
        "a fallback key anew with each use",
        "transports/matrix_keys.py",
        "        return used is not None and asyncio.get_running_loop().time() >= used + _FALLBACK_LASTS\n",
        "        return used is not None\n",
        "tests/transports/test_matrix_own_keys.py::"
        "test_a_fallback_key_that_is_used_up_again_and_again_still_opens_what_was_begun_with_it",
    ),
    _bug(
        "sessions without end",
        "transports/matrix_sessions.py",
        "        del found[_SESSIONS:]\n",
        "",
        "tests/transports/test_matrix_sessions.py::test_of_many_sessions_with_one_key_the_last_are_kept",
    ),
    _bug(
        "who cannot be claimed for keeps all from it",
        "transports/matrix_keys.py",
        "            if half:\n",
        "            if False:\n",
        "tests/transports/test_matrix_claims.py::test_nobody_is_kept_from_a_session_by_who_cannot_be_claimed_for",
    ),
    _bug(
        "a device gone for good",
        "transports/matrix_keys.py",
        "            device.curve25519, device.deleted = curve, False\n",
        "            device.curve25519 = curve\n",
        "tests/transports/test_matrix_learning.py::test_a_device_that_was_not_told_once_is_used_when_it_is_told_again",
    ),
)
