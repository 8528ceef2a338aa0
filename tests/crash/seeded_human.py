"""Planted bugs by which a customer would be forgotten, misled, or handed to nobody."""

from __future__ import annotations

from tests.crash.seeded_base import Bug, planting

_CORE = "|".join(f"tests/core/test_{name}.py" for name in ("human_side", "hand_overs", "promises", "held_words"))
_LAWS = "tests/core/test_laws.py"
_STORIES = "tests/dialogues/test_dialogues.py::test_story"
_HAND_OVER = "tests/dialogues/test_hand_over.py::"

HUMAN_BUGS: tuple[Bug, ...] = (
    planting(
        "an offer that moves the ticket",
        "core/decide_handover.py",
        "    ticket = replace(ticket, transfer=offer)\n",
        "    ticket = replace(ticket, transfer=offer, team=team.id)\n",
        f"{_CORE}|{_LAWS}",
    ),
    planting(
        "whoever is offered a ticket may speak at once",
        "core/decide_agent.py",
        "            decision = not_here(ticket, act.ref, desk, offered=offered, words=True)\n",
        "            decision = acted(ticket, act, desk)\n",
        f"{_CORE}|{_LAWS}",
    ),
    planting(
        "the old team's plain words still go out",
        "core/decide_agent.py",
        "            decision = Decision(ticket, kept_inside(act.agent, act.ref, text))\n        case AgentReacted()",
        "            decision = goes_out(ticket, act, desk, sure=True)\n        case AgentReacted()",
        f"{_CORE}|{_LAWS}",
    ),
    planting(
        "her words miss the team that is offered her ticket",
        "core/decide.py",
        "with_timers(ticket, with_mirror(now, decision, event, desk), event, desk)",
        "with_timers(ticket, decision, event, desk)",
        _HAND_OVER + "test_her_words_between_offer_and_taking_are_in_both_threads",
    ),
    planting(
        "notes are left behind at a hand-over",
        "lookups.py",
        "                return replace(act, transcript=await self._store.transcript(kept.ticket.number))\n",
        "                return act\n",
        _HAND_OVER + "test_an_offer_lives_through_a_restart_and_is_taken_after_it",
    ),
    planting(
        "a reminder only once",
        "core/decide_clock.py",
        "    if ticket.ladder_from is not None:\n",
        "    if ticket.ladder_from is not None and not ticket.rung:\n",
        f"{_CORE}|{_LAWS}",
    ),
    planting(
        "reminders at night",
        "core/decide_clock.py",
        "    return after(team.hours, ticket.ladder_from, _delay(ticket, team.patience, rung))\n",
        "    return ticket.ladder_from + _delay(ticket, team.patience, rung)\n",
        _CORE,
    ),
    planting(
        "a released ticket reminds nobody",
        "core/decide_handover.py",
        "    ticket = waiting_for_a_word(ticket, at, anew=True)\n"
        "    return ticket, (EditCard(card(ticket, desk)), *dropped)\n",
        "    return ticket, (EditCard(card(ticket, desk)), *dropped)\n",
        f"{_LAWS}|{_CORE}",
    ),
    planting(
        "a promise that nobody is held to",
        "core/decide_promise.py",
        "    return promise.due if promise.reminded else max(promise.due - before, half_way)\n",
        "    return max(promise.due - before, half_way)\n",
        f"{_CORE}|{_STORIES}[the_month]",
    ),
    planting(
        "a broken promise is kept from her",
        "core/decide_promise.py",
        "effects += [Count(Figure.BROKEN), tell(broken_told(promise, ticket, at, desk, just_now=True))]\n",
        "effects += [Count(Figure.BROKEN)]\n",
        f"{_CORE}|{_STORIES}[the_month]",
    ),
    planting(
        "any word keeps a promise",
        "core/decide_words.py",
        "    left = tuple(one for one in ticket.promises if one.what or (one.broken and not one.alarmed))\n",
        "    left: tuple[Promise, ...] = ()\n",
        _CORE,
    ),
    planting(
        "vague words go out",
        "core/decide_words.py",
        "    held = None if sure else held_back(ticket, said, desk)\n",
        "    held = None\n",
        f"{_CORE}|{_STORIES}[the_month]",
    ),
    planting(
        "anybody confirms what was held back",
        "core/decide_agent.py",
        "    mine = [one for one in meant if one.agent.id == event.agent.id]\n",
        "    mine = meant\n",
        f"{_CORE}|{_HAND_OVER}test_held_words_are_confirmed_by_a_mark_of_who_wrote_them",
    ),
    planting(
        "the hour that comes twice is taken for the first",
        "core/dates.py",
        "    if first == second:\n",
        "    if first == second or first.astimezone(zone).replace(tzinfo=None) == wall:\n",
        "tests/core/test_dates.py",
    ),
    planting(
        "the hour that is skipped is taken for another",
        "core/dates.py",
        '    raise Wrong("hint_date_skipped" if skipped else "hint_date_twice", upto)\n',
        '    if skipped:\n        return first\n    raise Wrong("hint_date_twice", upto)\n',
        "tests/core/test_dates.py",
    ),
    planting(
        "a rating swallows a cry for help",
        "core/decide_after.py",
        "    return parted and rating >= _WELL and len(folded) <= _LONGEST_WORD and not _TROUBLE & set(rest)\n",
        "    return True\n",
        _CORE,
    ),
    planting(
        "a wait is guessed from too little",
        "store/queue.py",
        "_LEAST = 5",
        "_LEAST = 1",
        _HAND_OVER + "test_the_wait_of_the_last_answers_is_told_once_enough_were_measured",
    ),
    planting(
        "a colleague in another room is found by a search",
        "lookups.py",
        "        return lambda one: self._one_room(desk.team(one).id, team)\n",
        "        return lambda one: True\n",
        f"{_STORIES}[agents_day]",
    ),
    planting(
        "who is away keeps their tickets",
        "lookups.py",
        '            if is_open:\n                internal.append((f"owner_away',
        '            if False:\n                internal.append((f"owner_away',
        _HAND_OVER + "test_who_goes_away_frees_the_tickets_of_both_rooms",
    ),
)
