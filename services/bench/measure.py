"""Paired, interleaved runs: every run times ours and each baseline once, and ratios are per pair.

A ratio taken within one run carries over to another machine far better than the two figures do:
whatever slows the machine for a moment slows both.
"""

import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

import psutil

from ledger.database import Connection

OURS = "ours"
LEAST_RUNS = 5
"""Fewer pairs than this give no median worth printing."""

Contender = Callable[[int], float]
"""Does its work once for the run of that number; returns the seconds that count."""

Direction = Literal["throughput", "time"]

Progress = Callable[[str], None]
"""Takes a line about what is being done now."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a ratio has to reach: at least `bound` for throughput, at most for time."""

    ratio: str
    bound: float


def paired(
    contenders: Mapping[str, Contender], *, runs: int, warm: int, rotate: bool = True
) -> list[dict[str, float]]:
    """The seconds of every contender in each of `runs` runs, after `warm` runs that do not count.

    In each run everybody has a turn. Who begins changes from run to run, unless `rotate` is
    False: then always the first named, because the others repeat what it did.

    Raises:
        ValueError: fewer than `LEAST_RUNS` runs.
    """
    if runs < LEAST_RUNS:
        raise ValueError(f"a median needs at least {LEAST_RUNS} runs, not {runs}")
    names = list(contenders)
    timed = []
    for number in range(warm + runs):
        first = number % len(names) if rotate else 0
        seconds = {name: contenders[name](number) for name in names[first:] + names[:first]}
        timed.append({name: seconds[name] for name in names})
    return timed[warm:]


def answer(
    name: str,
    *,
    machine: Mapping[str, Any],
    runs: Sequence[Mapping[str, float]],
    work: int,
    unit: str,
    direction: Direction,
    targets: Sequence[Target],
    **stated: Any,
) -> dict[str, Any]:
    """The JSON of one benchmark: {name, machine, runs, ours, baselines, ratios, targets, …}.

    `work` counts what one run of one contender does, in `unit`s. A ratio is ours against the
    baseline: quotient of throughputs (more is better) or of times (less is better), the median
    over the pairs. `stated` is added as it is: sizes, and what was left out of the figures.
    """
    baselines = [key for key in runs[0] if key != OURS]
    ratios = {key: round(_ratio(runs, key, direction), 3) for key in baselines}
    return {
        "name": name,
        "machine": dict(machine),
        **stated,
        "runs": [{key: _milliseconds(run[key]) for key in run} for run in runs],
        "ours": _figures(runs, OURS, work, unit),
        "baselines": {key: _figures(runs, key, work, unit) for key in baselines},
        "ratios": ratios,
        "ratio_of": direction,
        "targets": {
            target.ratio: _verdict(ratios[target.ratio], target.bound, direction)
            for target in targets
        },
    }


def _ratio(runs: Sequence[Mapping[str, float]], name: str, direction: Direction) -> float:
    if direction == "throughput":
        return median(run[name] / run[OURS] for run in runs)
    return median(run[OURS] / run[name] for run in runs)


def _verdict(ratio: float, bound: float, direction: Direction) -> dict[str, Any]:
    if direction == "throughput":
        return {"at_least": bound, "met": ratio >= bound}
    return {"at_most": bound, "met": ratio <= bound}


def _figures(
    runs: Sequence[Mapping[str, float]], name: str, work: int, unit: str
) -> dict[str, float]:
    seconds = median(run[name] for run in runs)
    return {"median_ms": _milliseconds(seconds), f"{unit}_per_s": round(work / seconds, 1)}


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)


def machine(connection: Connection) -> dict[str, Any]:
    """What the figures were measured on; the load average is that before the first run."""
    settings = {}
    for setting in ("server_version", "fsync", "synchronous_commit", "shared_buffers"):
        row = connection.execute("SELECT current_setting(%s)", (setting,)).fetchone()
        assert row is not None
        settings[setting] = row[0]
    return {
        "cores": os.cpu_count(),
        "memory_mb": psutil.virtual_memory().total >> 20,
        "python": platform.python_version(),
        "postgres": settings.pop("server_version"),
        **settings,
        "load_average": [round(load, 2) for load in os.getloadavg()],
    }
