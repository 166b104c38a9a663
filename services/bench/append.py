"""`bench append`: prepared events, 45 a transaction, one writer.

Encoded beforehand: events of marks, spread over the pupil-years of some dozen classes, each
transaction one class. Timed: a number of transactions, each with its commit. All contenders take
the same bytes, at the same table size, one transaction at a time, fsync on.

* ours: `ledger.recorder.insert`, as the desk calls it: claim positions under the head lock, check
  the grounds, insert, commit.
* seam: ours through the library's own interface (`HeadRowRecorder.insert_events`), which has to
  look the stream numbers up and hash the bytes besides.
* library: `eventsourcing`'s default PostgresApplicationRecorder (LOCK TABLE, NOTIFY), same state.
* bare_insert: one INSERT … SELECT FROM unnest of the same rows into an equal table with equal
  indexes, autocommit.
* bare_copy: one binary COPY of the same rows into such a table, autocommit.

Ratios are of throughput: 2.0 against `library` means twice as many events a second.
"""

import gc
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

from ledger import envelope
from ledger.envelope import Keys
from ledger.event import Who
from ledger.events.pupil_year import MarkEntered
from ledger.sheet import new_salt
from services.bench.measure import OURS, Contender, Progress, Target, answer, machine, paired
from services.bench.place import new_ledger, temporary_servers
from services.bench.writers import (
    BareCopy,
    BareInsert,
    HeadRow,
    Library,
    Prepared,
    Seam,
    Writer,
)

CLASS_SIZE = 45
PAGE_CLASSES = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """How many classes of pupil-years, entries in each before the runs, transactions a run."""

    classes: int
    preloaded: int
    transactions: int
    runs: int
    warm: int = 1


USUAL = Sizes(classes=40, preloaded=50, transactions=60, runs=9)
FULL = Sizes(classes=200, preloaded=100, transactions=100, runs=11)


class Source:
    """Makes the prepared events: class after class, the next version of each pupil-year."""

    def __init__(self, *, author: UUID, who: Who, keys: Keys, classes: int) -> None:
        """`author` writes them; nothing in them is personal, so `keys` is never asked."""
        self._author, self._who, self._keys = author, who, keys
        self.streams = [uuid4() for _ in range(classes * CLASS_SIZE)]
        self._classes = classes
        self._given = 0

    def transaction(self) -> list[Prepared]:
        """One class's next marks, 45 events."""
        version, school_class = divmod(self._given, self._classes)
        self._given += 1
        first = school_class * CLASS_SIZE
        return [self._event(number, version + 1) for number in range(first, first + CLASS_SIZE)]

    def _event(self, number: int, version: int) -> Prepared:
        mark = MarkEntered(
            effective_on=date(2025, 10, 6),
            school_code="31-THCS-017",
            class_code=f"31-THCS-017-2025-{number // CLASS_SIZE}",
            subject="TOAN",
            form="score",
            semester=1,
            slot="TX1",
            value=f"{4 + (number + version) % 6}.5",
            required=("TX1", "TX2", "TX3", "TX4", "GK", "CK"),
            components=(),
            sheet=f"31-THCS-017-2025-{number // CLASS_SIZE}/TOAN/1/TX1/2025-10-06",
            salt=new_salt(),
        )
        encoded = envelope.encode(
            mark,
            author=self._author,
            stream=self.streams[number],
            who=self._who,
            person=None,
            keys=self._keys,
        )
        return Prepared(
            encoded.stream, number + 1, version, mark.TOPIC, encoded.entry_hash, encoded.body
        )


def measure(sizes: Sizes, *, say: Progress) -> dict[str, Any]:
    """Runs the benchmark; its JSON."""
    with ExitStack() as stack:
        ledgers, running = stack.enter_context(temporary_servers())
        ours = stack.enter_context(new_ledger(ledgers, running, OURS))
        other = stack.enter_context(new_ledger(ledgers, running, "seam"))
        ledger = ours.ledger
        source = Source(author=ledger.id, who=ours.who, keys=ledger.keyring, classes=sizes.classes)
        writers: dict[str, Writer] = {
            OURS: HeadRow(ours, source.streams, stack),
            "seam": Seam(other, source.streams, stack),
            "library": Library(ours, stack),
            "bare_insert": BareInsert(ours, "inserted", stack),
            "bare_copy": BareCopy(ours, "copied", stack),
        }
        before = sizes.classes * sizes.preloaded * CLASS_SIZE
        say(f"append: {before} entries in every table first")
        _preload(source, writers, sizes)
        with ours.owner() as owner:
            stated = machine(owner)
        say(f"append: {sizes.runs} runs of {sizes.transactions} transactions")
        runs = paired(_contenders(source, writers, sizes), runs=sizes.runs, warm=sizes.warm)
        return answer(
            "append",
            machine=stated,
            runs=runs,
            work=sizes.transactions * CLASS_SIZE,
            unit="events",
            direction="throughput",
            targets=[Target("library", 1.5)],
            sizes={
                "entries_before": before,
                "events_per_transaction": CLASS_SIZE,
                "transactions_per_run": sizes.transactions,
                "bytes_per_event": len(source.transaction()[0].body),
            },
        )


def _preload(source: Source, writers: Mapping[str, Writer], sizes: Sizes) -> None:
    waiting = sizes.classes * sizes.preloaded
    while waiting:
        share = min(waiting, PAGE_CLASSES)
        waiting -= share
        page = [event for _ in range(share) for event in source.transaction()]
        for writer in writers.values():
            writer.load(page)
    for writer in writers.values():
        writer.settle()


def _contenders(
    source: Source, writers: Mapping[str, Writer], sizes: Sizes
) -> dict[str, Contender]:
    """One turn of a writer: its transactions of that run. All take the same events."""
    made: dict[int, list[list[Prepared]]] = {}

    def events(run: int) -> Sequence[Sequence[Prepared]]:
        if run not in made:
            made.clear()
            made[run] = [source.transaction() for _ in range(sizes.transactions)]
        return made[run]

    def contender(writer: Writer) -> Contender:
        def turn(run: int) -> float:
            waiting = [writer.prepare(transaction) for transaction in events(run)]
            gc.collect()
            begun = perf_counter()
            for transaction in waiting:
                writer.append(transaction)
            return perf_counter() - begun

        return turn

    return {name: contender(writer) for name, writer in writers.items()}
