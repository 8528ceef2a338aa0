"""The bugs of tests/crash/seeded.py; those of the Matrix transport are in seeded_matrix.py."""

from __future__ import annotations

from tests.crash.seeded_base import Bug, Edit
from tests.crash.seeded_base import planting as _bug
from tests.crash.seeded_bursts import BURST_BUGS
from tests.crash.seeded_human import HUMAN_BUGS
from tests.crash.seeded_matrix import MATRIX_BUGS
from tests.crash.seeded_merge import MERGE_BUGS
from tests.crash.seeded_relay import RELAY_BUGS


def _points(part: str, every: int = 4) -> str:
    return f"-m|tests.crash.points|--only={part}|--every={every}|--at-once=1"


_DELIVERY = "tests/dialogues/test_delivery.py::"
_TROUBLE = "tests/dialogues/test_trouble.py::"
_WAITING = "tests/dialogues/test_waiting.py::"
_MOVED = "tests/dialogues/test_moved.py::"
_DOUBTS = "tests/dialogues/test_doubts.py::"
_ALONE = "tests/dialogues/test_left_alone.py::"
_CANARIES = "tests/crash/test_canaries.py"
_SQLITE = "tests/store/test_sqlite.py::"

BUGS: tuple[Bug, ...] = (
    _bug(
        "a random id for each sending",
        "courier.py",
        "        address = self._address(row)\n",
        "        import dataclasses, secrets\n"
        "        row = dataclasses.replace(row, key=secrets.token_hex(8))\n"
        "        address = self._address(row)\n",
        _points("an agent answers"),
    ),
    _bug(
        "the cursor first",
        "store/sqlite.py",
        "        await self._unit(work)\n        if batch:\n",
        "        if cursor is not None:\n"
        '            await self._all("INSERT OR REPLACE INTO cursor VALUES (?, ?)", transport, cursor)\n'
        "        await self._unit(work)\n        if batch:\n",
        _points("a customer comes"),
    ),
    _bug(
        "no filling of gaps",
        "transports/matrix_inbox.py",
        "            events = await self._before(room, before, since, self._is_own_join) + events\n",
        "            pass\n",
        "tests/matrix/test_transport_matrix.py::test_nothing_said_while_the_bot_was_away_is_lost",
    ),
    _bug(
        "no read-back",
        "rooms.py",
        "        self.there = await transport.sent_since(self._address, start)\n",
        "        self.there = {}\n",
        _points("an agent answers"),
    ),
    _bug(
        "read back only since what was sent last",
        "store/outbox.py",
        "SELECT min(id) FROM outbox WHERE state = 'queued' AND {room}",
        "SELECT max(id) + 1 FROM outbox WHERE 1 OR {room}",
        _DELIVERY + "test_what_was_taken_unheard_is_found_behind_what_was_sent_later",
    ),
    _bug(
        "no order in a lane",
        "store/outbox.py",
        "o.lane = ? ORDER BY o.id LIMIT 1",
        "o.lane = ? ORDER BY o.id DESC LIMIT 1",
        _DELIVERY + "test_a_lane_keeps_its_order_through_trouble",
    ),
    Bug(
        "two messages in flight in a lane",
        (
            Edit("courier.py", "                    if lane not in self._busy:\n", "                    if True:\n"),
            Edit(
                "courier.py",
                "        return now if now is not None and now.id == row.id else None\n",
                "        return row\n",
            ),
        ),
        _DELIVERY + "test_a_lane_has_one_message_in_flight",
    ),
    _bug(
        "a limit counts as a refusal",
        "courier.py",
        "                await self._later(row, later.why, later.after)\n",
        "                await self._refused(row, Undeliverable(later.why))\n",
        "tests/crash/test_proxy.py::test_a_room_that_is_limited_waits_and_the_others_go_on",
    ),
    Bug(
        "a limit stops all lanes",
        (
            Edit("courier.py", "_IN_FLIGHT = 32", "_IN_FLIGHT = 1"),
            Edit("courier.py", "_SLOW = 3.0", "_SLOW = 1000.0"),
            Edit(
                "courier.py",
                "                await self._later(row, later.why, later.after)\n",
                "                await self._later(row, later.why, later.after)\n"
                "                await asyncio.sleep(30)\n",
            ),
        ),
        _DELIVERY + "test_a_lane_that_waits_holds_nobody_else_up",
        slow=True,
    ),
    _bug(
        "a note in the customer's lane",
        "core/decide_parts.py",
        '    return (Record(Role.AGENT, Audience.AGENTS, agent.name, text, ref), React(ref, "📝"))',
        '    return (Say(Audience.CUSTOMER, (Literal(text),), role=Role.AGENT, author=agent.name), React(ref, "📝"))',
        "tests/core/test_laws.py",
    ),
    _bug(
        "sent before it is sent",
        "courier.py",
        "                    handed = self._hand_over(transport, row)\n",
        "                    if row.audience is Audience.CUSTOMER:\n"
        '                        await self._keep_sent(row, transport.name, "$soon", found=False)\n'
        "                    handed = self._hand_over(transport, row)\n",
        _points("an agent answers", every=1),  # it is a few steps wide
    ),
    _bug(
        "decision and outbox in two transactions",
        "store/sqlite.py",
        "        await self._unit(lambda db: keep_step(db, step))\n",
        "        import dataclasses\n"
        "        await self._unit(lambda db: keep_step(db, dataclasses.replace(step, drafts=())))\n"
        "        await self._unit(lambda db: keep_step(db, dataclasses.replace(step, records=())))\n",
        _points("an agent answers"),
    ),
    _bug(
        "decided before it is decided",
        "store/sqlite.py",
        '"UPDATE inbox SET tries = tries + 1 WHERE id = ?"',
        '"UPDATE inbox SET tries = tries + 1, done_at = at WHERE id = ?"',
        _points("a customer comes"),
    ),
    _bug(
        "an event that comes twice counts twice",
        "store/sqlite.py",
        "(transport, incoming.id, incoming_json(incoming), time_text(at), ",
        "(transport, incoming.id + os.urandom(4).hex(), incoming_json(incoming), time_text(at), ",
        _DELIVERY + "test_an_event_handed_in_twice_counts_once",
    ),
    _bug(
        "a transaction that a cancellation cuts",
        "store/units.py",
        "        return await asyncio.shield(task)\n",
        "        return await task\n",
        _SQLITE + "test_a_caller_cancelled_while_its_transaction_begins_leaves_none_open",
    ),
    _bug(
        "no sync of the disk",
        "store/prepare.py",
        "PRAGMA synchronous = FULL",
        "PRAGMA synchronous = OFF",
        "tests/crash/test_powercut.py::test_a_power_cut_loses_nothing_that_was_acknowledged",
    ),
    _bug(
        "a doubt that is forgotten",
        "courier.py",
        "                room.doubted = room.doubted or later.doubtful\n",
        "",
        _DELIVERY + "test_an_answer_lost_on_the_way_back_is_not_said_twice",
    ),
    _bug(
        "a timer that is gone before it has come",
        "store/timers.py",
        "    for timer in timers:\n        event = await",
        '    await db.execute("DELETE FROM timer WHERE due <= ?", (due,))\n'
        '    await db.execute("COMMIT")\n'
        '    await db.execute("BEGIN IMMEDIATE")\n'
        "    for timer in timers:\n        event = await",
        _points("time passes", every=2),
    ),
    _bug(
        "a poisoned message that nobody gets",
        "desk.py",
        "[*[self._decided] * _TRIES, self._failed, self._put_aside]",
        "[*[self._decided] * _TRIES, self._put_aside]",
        _TROUBLE + "test_poison_is_tried_five_times_then_kept_and_a_person_gets_it",
    ),
    _bug(
        "dead letters in silence",
        "store/outbox.py",
        '    if row.verb == "say":\n        await _report',
        "    if False:\n        await _report",
        _TROUBLE + "test_what_a_customers_room_refuses_is_a_dead_letter_that_agents_hear_of",
    ),
    _bug(
        "delivered before it was",
        "store/outbox.py",
        "\"SELECT 1 FROM outbox WHERE receipt = ? AND ticket IS ? AND state <> 'sent'\"",
        "\"SELECT 1 FROM outbox WHERE receipt = ? AND ticket IS ? AND state = 'dead'\"",
        _SQLITE + "test_a_delivery_is_reported_when_all_its_parts_arrived",
    ),
    _bug(
        "words into a room with a third person",
        "courier.py",
        "        if row.gone or row.crowded:\n",
        "        if row.gone:\n",
        _TROUBLE + "test_nothing_is_said_in_a_room_with_a_third_person_and_agents_are_told",
    ),
    _bug(
        "any room may speak to any ticket",
        "cases_agents.py",
        "        if kept is None or not self._one_room(self._desk().team(found[kept.ticket.number]).id, team):",
        "        if kept is None:",
        _DELIVERY + "test_another_teams_room_has_no_say_in_a_ticket",
    ),
    _bug(
        "an answer to the newest ticket",
        "cases_agents.py",
        "                known = await self._store.ticket_of(row.transport, ref)\n",
        '                known = (await self._store.next_number() - 1, "mobile")\n',
        _DELIVERY + "test_two_customers_at_once_never_read_each_others_words",
    ),
    _bug(
        "a claim on a card that is not known yet counts for nothing",
        "cases_agents.py",
        "            if not await self._certain(team, row.id):\n                raise NotYet\n",
        "            pass\n",
        _TROUBLE + "test_words_in_the_thread_of_a_card_that_the_desk_does_not_know_yet_are_not_lost",
        slow=True,
    ),
    _bug(
        "later words pass by those that wait",
        "store/sqlite.py",
        "            waiting := json.dumps(list(behind)),\n",
        '            waiting := "[]",\n',
        _WAITING + "test_what_an_agent_writes_behind_words_that_wait_stays_behind_them",
    ),
    _bug(
        "a desk that waits for one room",
        "courier.py",
        "        await asyncio.wait({look}, timeout=_LOOK)\n",
        "        await asyncio.wait({look})\n",
        _WAITING + "test_an_agents_room_that_does_not_answer_holds_no_customer_up",
        slow=True,
    ),
    _bug(
        "waiting counts as poison",
        "desk.py",
        "                    return await self._outlived(row) if row.id == self._first else None\n",
        "                    return None\n",
        _WAITING + "test_words_that_wait_through_many_starts_are_no_poison",
        slow=True,
    ),
    _bug(
        "words for a room as it was before they waited",
        "courier.py",
        "        return now if now is not None and now.id == row.id else None\n",
        "        return row\n",
        _MOVED + "test_nothing_goes_into_a_room_where_somebody_came_while_it_waited",
        slow=True,
    ),
    _bug(
        "a thread in a room that the team has left",
        "courier.py",
        "            if never.whole_room:\n                raise\n",
        "            raise\n",
        _MOVED + "test_the_words_of_a_ticket_follow_its_team_into_another_room",
    ),
    Bug(
        "a notice for a team that is no more",
        (
            Edit("core/decide.py", "SayInRoom(desk.team(event.team).id, None, (L", "SayInRoom(event.team, None, (L"),
            Edit("store/dead.py", "team if team in teams and team is not None else teams[0]", "team or teams[0]"),
        ),
        _MOVED + "test_agents_hear_once_of_what_failed_for_a_team_that_is_no_more",
    ),
    _bug(
        "marks that one refusal ends",
        "courier.py",
        "for_now=row.verb in _MARKS and never.whole_room",
        "for_now=False",
        _MOVED + "test_marks_and_states_come_once_the_agents_room_takes_something_again",
    ),
    Bug(
        "a loop is what is read at once",
        (
            Edit(
                "core/decide_customer.py",
                "_writes_like_a_bot(ticket, event.written or event.at)",
                "_writes_like_a_bot(ticket, event.at)",
            ),
            Edit("desk.py", "(said.written if isinstance(said, CustomerSaid) else None) or row.at", "row.at"),
        ),
        _MOVED + "test_what_was_written_over_hours_and_read_at_once_is_no_loop",
    ),
    _bug(
        "what a person has, said again",
        "store/dead.py",
        "AND dropped_at IS NULL AND handed = 0",
        "AND dropped_at IS NULL",
        _TROUBLE + "test_words_that_a_person_got_are_not_repeated_by_a_retry",
    ),
    _bug(
        "any 200 is an answer",
        "transports/matrix_client.py",
        "            for name, kind in (holds or {}).items():\n",
        "            for name, kind in {}.items():\n",
        "tests/crash/test_proxy.py::test_a_read_back_that_holds_nothing_is_none",
    ),
    _bug(
        "a message used up before its key is kept",
        "transports/matrix_crypto.py",
        "            with self._in_step(), self.olm.store.database.atomic():\n",
        "            with self._in_step():\n",
        "tests/transports/test_matrix_crypto.py::"
        "test_a_bot_killed_over_a_key_reads_what_it_opens_when_the_key_comes_again",
    ),
    _bug(
        "a note that reaches her",
        "core/decide_agent.py",
        "        case AgentNoted():\n"
        "            return Decision(ticket, kept_inside(event.agent, event.ref, event.text))\n",
        "        case AgentNoted():\n            return goes_out(ticket, event, desk, sure=True)\n",
        _CANARIES,
    ),
    _bug(
        "what mentions a colleague reaches her",
        "core/decide_agent.py",
        "    if not event.text or event.mentions or not mine",
        "    if not event.text or not mine",
        _CANARIES,
    ),
    _bug(
        "anybody in the room speaks for the owner",
        "core/decide_agent.py",
        "    if not event.text or event.mentions or not mine or",
        "    if not event.text or event.mentions or",
        _CANARIES,
    ),
    _bug(
        "explicit or not, plain words go out",
        "core/decide_agent.py",
        'or not mine or desk.plain_text != "owner":\n',
        "or not mine:\n",
        _CANARIES,
    ),
    _bug(
        "the room of whoever wrote first",
        "courier.py",
        '            return Address(row.transport or "", row.room or "", about=row.about)\n',
        '            self._first = getattr(self, "_first", None) or row.room or ""\n'
        '            return Address(row.transport or "", self._first)\n',
        _CANARIES,
    ),
    _bug(
        "the thread of whoever wrote first",
        "courier.py",
        "        return Address(room.transport, room.room, row.card if threaded else None, row.about)\n",
        '        self._first = getattr(self, "_first", None) or row.card\n'
        "        return Address(room.transport, room.room, self._first if threaded else None)\n",
        _CANARIES,
    ),
    _bug(
        "another team's thread counts",
        "cases_agents.py",
        "        if kept is None or not self._one_room(self._desk().team(found[kept.ticket.number]).id, team):",
        "        if kept is None:",
        _CANARIES,
    ),
    _bug(
        "her room as it was before it was read back",
        "courier.py",
        "                    now = await self._as_it_is(row)\n",
        "                    now = row\n",
        _DOUBTS + "test_nothing_goes_into_a_room_where_somebody_came_while_it_was_read_back",
    ),
    _bug(
        "what is not decided yet has not happened",
        "courier.py",
        "        if row.unsettled:\n",
        "        if False:\n",
        _DOUBTS + "test_nothing_goes_into_a_room_whose_news_are_not_decided_yet",
    ),
    _bug(
        "no doubt after a fault of ours",
        "courier.py",
        "                room.doubted = room.doubted or isinstance(never, _Fault)\n",
        "",
        _DOUBTS + "test_what_was_taken_before_a_fault_of_ours_is_not_sent_again",
    ),
    _bug(
        "a read-back from what was found",
        "store/outbox.py",
        "CASE WHEN ? THEN NULL ELSE (SELECT max(id) FROM outbox) END",
        "CASE WHEN ? THEN (SELECT max(id) FROM outbox) ELSE (SELECT max(id) FROM outbox) END",
        _DOUBTS + "test_what_a_restored_backup_finds_is_no_place_to_read_back_from",
    ),
    _bug(
        "late words bring her back",
        "cases.py",
        "gone=before.gone and (incoming.late or elsewhere))",
        "gone=False)",
        _DOUBTS + "test_words_that_came_late_do_not_bring_her_back",
    ),
    _bug(
        "an inside command behind an outside one",
        "core/commands.py",
        "            inner := split(rest)[0] or _hidden_command(rest, spaced=False) or _inner_command(text)\n",
        "            inner := _inner_command(text)\n",
        "tests/core/test_decide_agent.py::test_a_command_behind_one_that_speaks_to_her_keeps_all_inside",
    ),
    _bug(
        "a closed ticket stays with who has left",
        "store/sqlite.py",
        "status IN ('held', 'closed') ORDER",
        "status IN ('held') ORDER",
        _ALONE + "test_a_ticket_is_not_opened_again_for_an_owner_who_has_left",
    ),
    _bug(
        "an answer that cannot be given calls nobody",
        "core/decide.py",
        "    if ticket.status not in {Status.BOT, Status.OFFERED} or event.why in",
        "    if True or event.why in",
        _ALONE + "test_she_whose_answer_is_refused_gets_a_person",
    ),
    *MATRIX_BUGS,
    *HUMAN_BUGS,
    *RELAY_BUGS,
    *MERGE_BUGS,
    *BURST_BUGS,
)
