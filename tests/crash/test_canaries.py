"""Whatever people do, in whatever order, under whatever trouble: no canary is out of place."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.crash.canaries import Desks, ExplicitDesks

# A story that fails is told as it was found: to make it shorter takes minutes, and the last words name the canary.
HOW = settings(
    max_examples=20,
    stateful_step_count=40,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("machine", [Desks, ExplicitDesks], ids=["owner", "explicit"])
def test_no_word_is_ever_out_of_place(machine: type[RuleBasedStateMachine]) -> None:
    run_state_machine_as_test(machine, settings=HOW)
