"""The run of `make chaos`, short and with few pupils: real faults on every change."""

import random

import pytest

from tests.chaos import run


@pytest.mark.timeout(240)
def test_after_real_faults_both_databases_show_what_every_schedule_must() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    outcome = run.run(seed, seconds=8, pupils=6)
    print(outcome.line())
    assert outcome.faults.total() > 1
    assert outcome.begun > 0
    assert outcome.violations == []
