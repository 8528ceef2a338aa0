"""What a FAQ can promise, and keeping what was worked out."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpbot.answers import softmax
from helpbot.answers.aside import work_out_aside
from helpbot.answers.calibrate import PROMISES, UNTRIED, Calibration, Trial, _split, calibrate
from helpbot.answers.confidence import EXACT, Weighed, moved, moved_back, shipped, weigh
from helpbot.answers.entries import Faq, FaqEntry
from helpbot.answers.matcher import Index, Taught
from helpbot.answers.prepare import Prepared, keep, library_of, recall, work_out
from helpbot.core.model import Zone

NOW = datetime(2026, 10, 21, 12, 0, tzinfo=UTC)
THINGS = ("phone", "card", "bill", "router", "contract", "address", "password", "invoice")
DEEDS = ("I lost my {}", "how do I change my {}", "my {} is blocked", "where is my {}", "send me a new {}")
FAQ = Faq(
    tuple(
        FaqEntry(f"{thing}-{number}", {"en": tuple(how.format(thing) for how in hows)}, {"en": thing})
        for thing in THINGS
        for number, hows in enumerate((DEEDS[:3], DEEDS[3:]))
    )
)
PREPARED = work_out(FAQ)


def trial(logit: float, place: int = 0, outside: bool = False, entry: int = 0) -> Trial:
    return Trial(entry, outside, place, False, 0, entry, Weighed(logit, (0.98, 0.02)))


def test_each_phrasing_is_asked_inside_and_outside() -> None:
    trials = PREPARED.calibration.trials
    phrasings = sum(len(texts) for entry in FAQ.entries for texts in entry.questions.values())
    assert sum(one.outside for one in trials) == phrasings
    assert {one.entry for one in trials if one.outside} == set(range(len(FAQ.entries)))
    assert all(one.place == -1 for one in trials if one.outside)
    assert any(one.place == 0 for one in trials if not one.outside)


def test_the_same_faq_gives_the_same_trials() -> None:
    assert calibrate(FAQ) == PREPARED.calibration


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_promise_gives_a_threshold_and_shares_that_sum_to_one(max_wrong: float, outside: float) -> None:
    threshold = PREPARED.calibration.threshold(max_wrong, outside)
    assert 0 <= threshold <= 1
    outcome = PREPARED.calibration.outcome(max_wrong, outside)
    assert outcome.answered + outcome.suggested + outcome.escalated == pytest.approx(1)
    assert 0 <= outcome.wrong <= outcome.answered


@pytest.mark.parametrize("promised", PROMISES)
def test_the_trials_themselves_keep_the_promise_with_more_from_outside_than_was_said(promised: float) -> None:
    calibration = PREPARED.calibration
    threshold = calibration.threshold(promised, 0.4)
    logit = moved_back(threshold, 0.4)
    rates = [
        np.mean(
            [
                one.weighed.logit >= logit and (outside or one.place != 0)
                for one in calibration.trials
                if one.outside is outside
            ]
        )
        for outside in (False, True)
    ]
    assert 0.4 * rates[0] + 0.6 * rates[1] <= promised


def test_trials_that_go_wrong_raise_the_threshold() -> None:
    fine = Calibration(tuple(trial(6.0, entry=entry) for entry in range(40)))
    worse = Calibration((*fine.trials, *(trial(4.0, place=1, entry=entry) for entry in range(10))))
    outside = Calibration((*fine.trials, *(trial(5.0, outside=True, entry=entry) for entry in range(10))))
    assert fine.threshold(0.05, 0.4) < worse.threshold(0.05, 0.4) < outside.threshold(0.05, 0.4)


def test_trials_that_are_surely_wrong_leave_the_very_words_only() -> None:
    hopeless = Calibration(tuple(trial(20.0, place=1, entry=entry) for entry in range(20)))
    assert hopeless.threshold(0.05, 0.4) == EXACT
    assert hopeless.outcome(0.05, 0.4).wrong == 0


@given(st.floats(-12, 12), st.floats(0.001, 5), st.floats(0, 0.95))
def test_a_surer_match_has_more_confidence_and_the_very_words_have_most(
    logit: float, more: float, share: float
) -> None:
    assert moved(logit, share) < moved(logit + more, share) < EXACT


def test_an_entry_that_is_not_answered_cannot_be_a_wrong_answer() -> None:
    silent = Trial(0, True, -1, True, 0, 1, Weighed(9.0, (0.98, 0.02)))
    fine = tuple(trial(6.0, entry=entry) for entry in range(40))
    assert Calibration((*fine, silent)).threshold(0.05, 0.4) == Calibration(fine).threshold(0.05, 0.4)
    assert Calibration((silent,)).outcome(0.05, 0.4).answered == 0


def test_nothing_may_be_wrong_means_that_only_the_very_words_are_answered() -> None:
    strict = library_of(FAQ, PREPARED, ("en",), (0.0, 0.4))
    assert strict.find("I LOST my phone!", None, NOW).zone is Zone.ANSWER
    for near in ("I lost my phone today", "I lost my phones", "do I lost my phone", "my phone I lost"):
        assert strict.find(near, None, NOW).zone is not Zone.ANSWER


@given(st.floats(-12, 12), st.floats(0.02, 0.98))
def test_a_confidence_moves_to_another_share_and_back(logit: float, share: float) -> None:
    assert moved_back(moved(logit, share), share) == pytest.approx(logit, abs=1e-3)


# --- kept for the next start


def test_what_was_kept_answers_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "cache"
    assert recall(FAQ, folder) is None
    assert keep(FAQ, PREPARED, folder)
    again = recall(FAQ, folder)
    assert again is not None
    assert again.calibration == PREPARED.calibration
    first, second = (library_of(FAQ, one, ("en",), (0.05, 0.4)) for one in (PREPARED, again))
    for question in ("my fone is blocked", "where did I put the bill", "new router please", "what is love"):
        assert first.find(question, None, NOW) == second.find(question, None, NOW)


def test_another_faq_is_another_matter_and_answers_alone_are_not(tmp_path: Path) -> None:
    keep(FAQ, PREPARED, tmp_path)
    first, *rest = FAQ.entries
    more = FaqEntry(first.id, {"en": (*first.questions["en"], "one more")}, first.answer)
    assert recall(Faq((more, *rest)), tmp_path) is None
    assert recall(Faq((FaqEntry(first.id, first.questions, {"en": "other words"}), *rest)), tmp_path) is not None
    assert recall(Faq((FaqEntry(first.id, first.questions, {}, not_answered=True), *rest)), tmp_path) is None


@pytest.mark.parametrize("spoil", [lambda held: b"", lambda held: held[:-100], lambda held: b"PK\3\4 no zip"])
def test_a_spoilt_file_is_as_none(spoil: object, tmp_path: Path) -> None:
    keep(FAQ, PREPARED, tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_bytes(spoil(path.read_bytes()))  # type: ignore[operator]
    assert recall(FAQ, tmp_path) is None
    assert keep(FAQ, PREPARED, tmp_path)
    assert recall(FAQ, tmp_path) is not None


def test_a_cache_that_cannot_be_written_is_told_and_harms_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert not keep(FAQ, PREPARED, tmp_path / "file" / "cache")
    assert not keep(FAQ, PREPARED, None)
    assert recall(FAQ, None) is None


def test_only_the_faqs_used_last_are_kept(tmp_path: Path) -> None:
    for number in range(20):
        faq = Faq((FaqEntry("x", {"en": (f"question {number}",)}, {"en": "x"}),))
        assert keep(faq, Prepared(Taught(), UNTRIED), tmp_path)
    assert len(list(tmp_path.iterdir())) == 16
    assert recall(faq, tmp_path) is not None


async def test_another_process_works_out_the_same() -> None:
    aside = await work_out_aside(FAQ)
    assert aside.calibration == PREPARED.calibration
    assert aside.taught.learnt is not None
    assert PREPARED.taught.learnt is not None
    assert np.allclose(aside.taught.learnt, PREPARED.taught.learnt, atol=1e-4)


def children() -> set[str]:
    """Return the processes that this one has started and that are still there."""
    tasks = Path("/proc/self/task")
    return {pid for task in tasks.iterdir() for pid in (task / "children").read_text().split()}


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="tells its children by /proc")
async def test_the_other_process_ends_when_nobody_waits_for_it() -> None:
    many = Faq((FaqEntry("many", {"en": tuple(f"question {one} of many" for one in range(20_000))}, {"en": "x"}),))
    before = children()
    waiting = asyncio.create_task(work_out_aside(many))
    with pytest.raises(TimeoutError):  # which it takes seconds to work out
        await asyncio.wait_for(asyncio.shield(waiting), 1)
    assert children() - before, "the control: it is at work"
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert children() - before == set()


# --- the regression


def test_the_regression_separates_what_can_be_separated() -> None:
    chance = np.random.default_rng(3)
    points = np.concatenate([chance.normal(centre, 0.3, (30, 2)) for centre in ((0, 2), (2, 0), (-2, -2))])
    kernel = (points @ points.T).astype(np.float32)
    labels = np.repeat(np.arange(3), 30)
    learnt = softmax.fit(kernel, labels, 3)
    assert ((kernel @ learnt).argmax(axis=1) == labels).mean() > 0.98
    assert np.isfinite(learnt).all()


def test_the_regression_bears_one_class_one_phrasing_and_equal_phrasings() -> None:
    for labels in ([0], [0, 0], [0, 1, 1]):
        found = softmax.fit(np.ones((len(labels), len(labels)), np.float32), np.array(labels), max(labels) + 1)
        assert np.isfinite(found).all()


def test_the_trials_are_made_with_the_weights_of_the_whole_faq() -> None:
    twelve = Faq(FAQ.entries[:12])  # without a tenth of them it would count as one of few
    made = calibrate(twelve)
    kept, asked = _split(twelve, 0, 10, 1)
    ranking = Index.build(kept).score(asked[0][2])
    (_, learnt), (_, few) = (weigh(ranking, shipped(kind)) for kind in ("learnt", "few"))
    assert (made.kind, ranking.entries) == ("learnt", len(kept.entries))
    assert made.trials[0].weighed.logit == learnt.logit != few.logit


def test_whatever_is_in_the_file_makes_no_trouble(tmp_path: Path) -> None:
    keep(FAQ, PREPARED, tmp_path)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    for place in range(0, len(whole), max(1, len(whole) // 200)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        assert recall(FAQ, tmp_path) is None
