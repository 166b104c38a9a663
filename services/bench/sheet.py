"""`bench sheet`: one grade sheet of 45 pupils with ten years of history, all rules.

The class: 45 pupils, each with 10-20 changes of enrolment in ten school years and about 100 marks
in each of ten pupil-years. Timed: `Ledger.carry_out(enter_marks)` of 45 lines by a named teacher,
from the reading of the states (class, assignments, enrolment on the day, custody, the slots of the
subject) over decisions, encoding, hashing and the head lock to the commit. Every run fills slots
that are empty, as a teacher does.

* bare_insert: one INSERT … SELECT FROM unnest and commit of the bytes that this very sheet has
  just stored (45 marks and the sheet's own entry) into an equal table with equal indexes, which
  holds all that the log holds.

The ratio is of times: 8.0 means that the rules and everything else take seven times as long as
storing the bytes. `first_ms` is the class's first sheet of the session (nothing prepared, no key
in memory), outside the runs.
"""

import gc
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from time import perf_counter
from typing import Any
from uuid import UUID

from ledger.batch import Line
from ledger.database import Connection
from ledger.gradebook import MarkLine, enter_marks
from ledger.plan import Done
from services.bench.equal_table import EqualTable, Tuple, columns_of
from services.bench.history import CLASS_CODE, SHEETS, TEACHER, write_class
from services.bench.measure import OURS, Progress, Target, answer, machine, paired
from services.bench.place import Bench, new_ledger, temporary_servers
from services.embedded import Servers
from services.ledgers import Ledgers

_ROWS = (
    "SELECT position, recorded_at, stream, version, topic, entry_hash, body"
    " FROM ledger.entry WHERE position BETWEEN %s AND %s ORDER BY position"
)
TEST_DAY = date(2025, 11, 10)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """Pupils in the class, school years of history (the present one too), marks in each."""

    pupils: int
    years: int
    marks: int
    runs: int
    warm: int = 8


USUAL = Sizes(pupils=45, years=10, marks=100, runs=21)
FULL = Sizes(pupils=45, years=10, marks=100, runs=61)


class Sheets:
    """Ours: each turn one sheet in a column that is empty, remembered for the baseline."""

    def __init__(self, bench: Bench, pupils: Sequence[UUID], connection: Connection) -> None:
        """`connection` reads back, outside the figures, what a sheet has stored."""
        self._bench = bench
        self._pupils = pupils
        self._connection = connection
        self.stored: list[Tuple] = []

    def turn(self, run: int) -> float:
        """Hands in one sheet; the seconds of the call."""
        subject, semester, slot = SHEETS[run]
        lines = [
            Line(
                at,
                MarkLine(
                    pupil=pupil,
                    class_code=CLASS_CODE,
                    subject=subject,
                    semester=semester,
                    slot=slot,
                    value=f"{4 + (at + run) % 6},5",
                    effective_on=TEST_DAY,
                    sheet=None,
                ),
                on_behalf_of=TEACHER,
            )
            for at, pupil in enumerate(self._pupils, 1)
        ]
        gc.collect()
        begun = perf_counter()
        done, _ = self._bench.ledger.carry_out(enter_marks, lines, who=self._bench.who)
        seconds = perf_counter() - begun
        self._read_back(done)
        return seconds

    def _read_back(self, done: Done) -> None:
        positions = (done.first_position, done.last_position)
        self.stored = self._connection.execute(_ROWS, positions).fetchall()
        if len(self.stored) != len(self._pupils) + 1:
            raise ValueError(f"a sheet of {len(self._pupils)} stored {len(self.stored)} entries")


def measure(sizes: Sizes, *, say: Progress) -> dict[str, Any]:
    """Runs the benchmark; its JSON."""
    with ExitStack() as stack:
        ledgers, running = stack.enter_context(temporary_servers())
        say(f"sheet: {sizes.pupils} pupils with {sizes.years} years of history first")
        bench = stack.enter_context(new_ledger(ledgers, running, OURS))
        pupils = write_class(bench, pupils=sizes.pupils, years=sizes.years, marks=sizes.marks)
        owner = stack.enter_context(bench.owner())
        owner.execute("VACUUM ANALYZE")
        table = EqualTable(owner, "sheet")
        table.fill_from_log()
        table.settle()
        before = table.size()
        sheets = Sheets(_opened_again(ledgers, running, bench, stack), pupils, owner)
        first = sheets.turn(0)
        stated = machine(owner)
        say(f"sheet: {sizes.runs} runs")

        def bare(run: int) -> float:
            del run
            columns = columns_of(sheets.stored)
            gc.collect()
            begun = perf_counter()
            table.insert(columns)
            return perf_counter() - begun

        contenders = {OURS: lambda run: sheets.turn(run + 1), "bare_insert": bare}
        runs = paired(contenders, runs=sizes.runs, warm=sizes.warm, rotate=False)
        return answer(
            "sheet",
            machine=stated,
            runs=runs,
            work=sizes.pupils,
            unit="marks",
            direction="time",
            targets=[Target("bare_insert", 8.0)],
            sizes={
                "pupils": sizes.pupils,
                "years": sizes.years,
                "entries_before": before,
                "entries_per_sheet": len(sheets.stored),
                "bytes_per_sheet": sum(len(row[-1]) for row in sheets.stored),
            },
            first_ms=round(first * 1000, 3),
        )


def _opened_again(ledgers: Ledgers, running: Servers, bench: Bench, stack: ExitStack) -> Bench:
    """The same ledger as a new process finds it: no key in memory, no statement prepared."""
    _, ledger = stack.enter_context(ledgers.open(running, OURS))
    return replace(bench, ledger=ledger)
