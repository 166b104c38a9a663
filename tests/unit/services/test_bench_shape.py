"""What a benchmark's JSON says about its runs; nothing here is timed."""

import itertools

import pytest
from click.testing import CliRunner

from services.bench import suite
from services.bench.equal_table import columns_of
from services.bench.history import LAST_YEAR, SHEETS, grade_of
from services.bench.measure import OURS, Contender, Direction, Target, answer, paired
from services.bench.sheet import FULL, USUAL
from services.cli import cli

RUNS = [{OURS: ours, "bare": bare} for ours, bare in ((2.0, 1.0), (9.0, 3.0), (4.0, 1.0))]


def made(direction: Direction, bound: float) -> dict[str, object]:
    return answer(
        "sample",
        machine={"cores": 2},
        runs=RUNS,
        work=6,
        unit="events",
        direction=direction,
        targets=[Target("bare", bound)],
        sizes={"rows": 1},
    )


def test_the_answer_has_the_fields_of_the_contract() -> None:
    found = made("time", 8.0)
    assert {"name", "machine", "runs", "ours", "baselines", "ratios"} <= found.keys()
    assert found["runs"] == [
        {OURS: 2000.0, "bare": 1000.0},
        {OURS: 9000.0, "bare": 3000.0},
        {OURS: 4000.0, "bare": 1000.0},
    ]
    assert found["ours"] == {"median_ms": 4000.0, "events_per_s": 1.5}
    assert found["baselines"] == {"bare": {"median_ms": 1000.0, "events_per_s": 6.0}}
    assert found["sizes"] == {"rows": 1}


def test_a_ratio_is_the_median_of_the_pairs_and_not_the_quotient_of_medians() -> None:
    assert made("time", 8.0)["ratios"] == {"bare": 3.0}
    assert made("throughput", 8.0)["ratios"] == {"bare": 0.333}


@pytest.mark.parametrize(
    ("direction", "bound", "met"),
    [
        ("time", 3.0, True),
        ("time", 2.9, False),
        ("throughput", 0.3, True),
        ("throughput", 1, False),
    ],
)
def test_a_target_bounds_time_from_above_and_throughput_from_below(
    direction: Direction, bound: float, met: bool
) -> None:
    name = "at_most" if direction == "time" else "at_least"
    assert made(direction, bound)["targets"] == {"bare": {name: bound, "met": met}}


def test_every_run_gives_each_contender_one_turn_and_the_first_turn_goes_round() -> None:
    turns: list[tuple[str, int]] = []

    def contender(name: str, seconds: float) -> Contender:
        def turn(run: int) -> float:
            turns.append((name, run))
            return seconds

        return turn

    names = ["a", "b", "c"]
    runs = paired({n: contender(n, i) for i, n in enumerate(names)}, runs=5, warm=1)
    assert runs == [{"a": 0, "b": 1, "c": 2}] * 5
    by_run = [[name for name, _ in group] for _, group in itertools.groupby(turns, lambda t: t[1])]
    assert [sorted(group) for group in by_run] == [names] * 6
    assert [group[0] for group in by_run] == ["a", "b", "c", "a", "b", "c"]


def test_fewer_than_five_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 5"):
        paired({OURS: lambda run: 1.0}, runs=4, warm=0)


def test_rows_become_the_lists_of_their_columns() -> None:
    assert columns_of([(1, "a"), (2, "b")]) == [[1, 2], ["a", "b"]]


def test_every_sheet_of_a_benchmark_has_an_empty_column_of_its_own() -> None:
    assert len(set(SHEETS)) == len(SHEETS)
    for sizes in (USUAL, FULL):
        assert 1 + sizes.warm + sizes.runs <= len(SHEETS)
    assert grade_of(LAST_YEAR) == 10


def test_an_unknown_benchmark_is_wrong_usage() -> None:
    # Through `cli`: click keeps the help option that a command was first asked with.
    assert CliRunner().invoke(cli, ["bench", "coffee"]).exit_code == 2
    with pytest.raises(ValueError, match="coffee"):
        suite.run("coffee", full=False, say=print)
