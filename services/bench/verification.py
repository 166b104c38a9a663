"""`bench verification`: a dossier's checks and its import, beside decoding its entries alone.

* ours: a dossier of twelve years and about 2,000 entries (each mark with the statement of its
  sheet and its path) is verified against the receiver's database in all thirteen steps and
  imported: copies, keys, look-ups, link, acceptance, commit. Each run takes another pupil's.
* decoding: the same entries decoded from their stored bytes, each once, and nothing else.

The ratio is of times. `small` states the checks alone of a dossier of 100 entries: dossiers a
second, offline, without a database.
"""

import base64
import gc
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from statistics import median
from time import perf_counter
from typing import Any

from ledger import envelope
from services.bench.marked import Marked, write_marked
from services.bench.measure import OURS, Progress, Target, answer, machine, paired
from services.bench.pair import SCHOOL, Pair, new_pair
from signing.sealing import KeyPair
from transfer import by_file, verifier
from transfer.dossier import CarriedEntry

TODAY = date(2026, 6, 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """Years and marks in each of the large dossiers, how often the small one is verified."""

    years: int
    marks: int
    small: int
    runs: int
    warm: int = 1


USUAL = Sizes(years=12, marks=164, small=20, runs=7)
FULL = Sizes(years=12, marks=164, small=100, runs=15)


def measure(sizes: Sizes, *, say: Progress) -> dict[str, Any]:
    """Runs the benchmark; its JSON."""
    with ExitStack() as stack:
        pair = stack.enter_context(new_pair())
        owner = stack.enter_context(pair.receiver.bench.owner())
        say("verification: a class of twelve years first")
        large = _dossiers(pair, sizes, Marked(
            school=SCHOOL, number=1, pupils=sizes.runs + sizes.warm, grade=12,
            years=sizes.years, marks=sizes.marks,
        ))  # fmt: skip
        small = _dossiers(
            pair,
            sizes,
            Marked(school=SCHOOL, number=2, pupils=45, grade=10, years=1, marks=96),
            take=1,
        )
        carried = [[entry.body for entry in _entries(pair, data)] for data in large]
        stated = machine(owner)
        say(f"verification: {sizes.runs} runs")

        def ours(run: int) -> float:
            gc.collect()
            begun = perf_counter()
            by_file.import_dossier(
                pair.receiver.office,
                large[run],
                pupil=None,
                new=True,
                today=TODAY,
                who=pair.receiver.bench.who,
            )
            return perf_counter() - begun

        def decoding(run: int) -> float:
            gc.collect()
            begun = perf_counter()
            for body in carried[run]:
                envelope.decode(base64.b64decode(body)).event()
            return perf_counter() - begun

        runs = paired({OURS: ours, "decoding": decoding}, runs=sizes.runs, warm=sizes.warm)
        return answer(
            "verification",
            machine=stated,
            runs=runs,
            work=len(carried[0]),
            unit="entries",
            direction="time",
            targets=[Target("decoding", 5.0)],
            sizes={"entries": len(carried[0]), "bytes": len(large[0]), "years": sizes.years},
            small=_small(pair, small[0], sizes.small),
        )


def _dossiers(pair: Pair, sizes: Sizes, wanted: Marked, take: int | None = None) -> list[bytes]:
    pupils = write_marked(pair.origin.bench, wanted)
    return [
        by_file.export(
            pair.origin.office,
            pupil=pupil,
            to_ledger=pair.receiver.profile.id,
            last_day=date(2026, 5, 29),
            today=TODAY,
            who=pair.origin.bench.who,
        )[1]
        for pupil in pupils[:take]
    ]


def _key(pair: Pair) -> KeyPair:
    return pair.receiver.office.encryption


def _entries(pair: Pair, data: bytes) -> list[CarriedEntry]:
    report = verifier.verify(data, trust=pair.receiver.office.trust, key=_key(pair))
    if report.failure is not None or report.dossier is None:
        raise ValueError(f"a dossier of the sample does not pass: {report.failure}")
    return [entry for stream in report.dossier.streams for entry in stream.entries]


def _small(pair: Pair, data: bytes, times: int) -> dict[str, Any]:
    """The checks alone of a usual dossier."""
    trust, key = pair.receiver.office.trust, _key(pair)
    entries = len(_entries(pair, data))
    seconds = []
    for _ in range(times):
        gc.collect()
        begun = perf_counter()
        verifier.verify(data, trust=trust, key=key)
        seconds.append(perf_counter() - begun)
    typical = median(seconds)
    return {
        "entries": entries,
        "bytes": len(data),
        "median_ms": round(typical * 1000, 3),
        "dossiers_per_s": round(1 / typical, 1),
    }
