"""A rule that could be left out without anything going wrong would be no rule."""

import inspect
from collections.abc import Callable

import pytest

from tests.simulation.transfer.quick import quick_mathematics
from tests.simulation.transfer.rules import RULES, Rule, Story
from tests.simulation.transfer.schedule import run
from tests.simulation.transfer.world import World

FURTHER = [f"{2 + (number % 3 == 2)}/further/{number}" for number in range(40)]
"""Where none of a rule's own schedules goes wrong any more (a new action changes all of them)."""

with_a_story = pytest.mark.parametrize("rule", [r for r in RULES if r.story], ids=str)
with_schedules = pytest.mark.parametrize("rule", [r for r in RULES if r.seeds], ids=str)


@with_a_story
def test_without_the_rule_its_story_goes_wrong(
    worlds: Callable[[int], World], monkeypatch: pytest.MonkeyPatch, rule: Rule
) -> None:
    assert rule.story is not None
    tell(rule.story, worlds)
    rule.leave_out(monkeypatch)
    with pytest.raises(AssertionError):
        tell(rule.story, worlds)


def tell(story: Story, worlds: Callable[[int], World]) -> None:
    """A story on a world of its own."""
    (named,) = inspect.signature(story).parameters
    story(worlds({"two": 2, "three": 3, "court": 0}[named]))


@with_schedules
def test_without_the_rule_some_schedule_violates_a_property(
    monkeypatch: pytest.MonkeyPatch, rule: Rule
) -> None:
    with quick_mathematics():
        rule.leave_out(monkeypatch)
        assert any(run(seed).violation for seed in (*rule.seeds, *FURTHER))
