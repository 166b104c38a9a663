"""The frame of every report: the question, what a report reads from, the kinds of report, the
answer (contract, JSON answers, report).

A report is a pure function of (day, position): no clock, no present state. It counts what is
sound, lists every unsound record with its reason and how to mend it, and each of its totals can
be opened to the pupils behind it.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from ledger.database import Connection
from ledger.ledger import Ledger
from projections.engine import Engine
from projections.identity_checks import IdentityChecks
from projections.moment import Moment
from projections.people import People
from projections.projection import Projection
from projections.reports.isolation import Sound, sound_rows
from projections.reports.keys import keys_of
from projections.reports.places import Places
from projections.stays import Stays
from projections.tree import read_tree
from signing import canonical

READ_FROM: tuple[Projection, ...] = (Stays(), People(), IdentityChecks())
"""What every report reads, so that all of them leave out the same unreadable records."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What is asked: the day, the unit (None: everything), further attributes to count `by`,
    whether the pupils behind the totals are listed, and of a results report the school year and
    the occasion, which says what results are due (None: what the day says)."""

    on: date
    unit: str | None = None
    by: tuple[str, ...] = ()
    listing: bool = False
    school_year: str | None = None
    preset: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """What a report reads from. Valid within `read_report` alone."""

    ledger: Ledger
    connection: Connection
    engine: Engine
    moment: Moment
    question: Question
    places: Places
    sound: Sound

    @property
    def on(self) -> date:
        """The day the report is of."""
        return self.question.on

    def values(self, **more: Any) -> dict[str, Any]:
        """Parameters of a statement: the two dates, what is left out, and `more`."""
        return {
            "on": self.on,
            "size": self.moment.size,
            "left_out": self.sound.left_out,
            **more,
        }


@dataclass(slots=True)
class Figures:
    """What a report found. `behind` are the pupils behind the rows, where they were asked for;
    `more` are fields of this report alone."""

    rows: list[dict[str, Any]]
    totals: dict[str, Any]
    exceptions: list[dict[str, Any]]
    behind: list[dict[str, Any]] | None = None
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportKind:
    """One kind of report: how it is read, and the columns of its rows on a screen.

    `reads` are projections it reads beside `READ_FROM`; `by` the attributes it can count by.
    """

    read: Callable[[Source], Figures]
    columns: tuple[str, ...]
    reads: tuple[Projection, ...] = ()
    by: Sequence[str] = ()


def read_report(
    ledger: Ledger,
    engine: Engine,
    connection: Connection,
    kinds: Mapping[str, ReportKind],
    name: str,
    *,
    question: Question,
    moment: Moment,
) -> dict[str, Any]:
    """The answer of report `name`.

    Raises:
        NotFound: `unknown_unit`.
        ProjectionStopped: an entry about units or classes cannot be read.
    """
    kind = kinds[name]
    engine.require(connection, moment.size, "structure")
    tree = read_tree(connection, on=question.on, size=moment.size)
    places = Places(tree, question.unit)
    reads = (*READ_FROM, *kind.reads)
    with sound_rows(engine, connection, reads, ledger=ledger.id, size=moment.size) as sound:
        source = Source(
            ledger=ledger,
            connection=connection,
            engine=engine,
            moment=moment,
            question=question,
            places=places,
            sound=sound,
        )
        figures = kind.read(source)
        exceptions = _with_keys(source, figures.exceptions)
    answer: dict[str, Any] = {
        "report": name,
        "unit": question.unit,
        "on": question.on.isoformat(),
        "known_at": moment.known_at,
        "rows": figures.rows,
        "totals": figures.totals,
        "digest": figures_digest(figures.rows, figures.totals),
        "exceptions": sorted(exceptions, key=_exception_order),
        **figures.more,
    }
    if figures.behind is not None:
        answer["list"] = figures.behind
    return answer


def figures_digest(rows: Sequence[dict[str, Any]], totals: dict[str, Any]) -> str:
    """`sha256:` over the rows and totals as canonical JSON: what a submission states."""
    found = hashlib.sha256(canonical.dumps({"rows": list(rows), "totals": totals}))
    return f"sha256:{found.hexdigest()}"


def _with_keys(source: Source, exceptions: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each exception with the key its pupil is called by: a clerk knows no ids."""
    known = [(one, UUID(one["pupil_id"]) if one["pupil_id"] else None) for one in exceptions]
    keys = keys_of(
        source.ledger,
        source.connection,
        source.sound.forms["people"],
        {pupil for _, pupil in known if pupil is not None},
        size=source.moment.size,
    )
    return [
        {"pupil_id": one["pupil_id"], "pupil_key": keys[pupil] if pupil else None, **one}
        for one, pupil in known
    ]


def _exception_order(exception: dict[str, Any]) -> tuple[str, str, str]:
    return exception["where"], exception["reason"], exception["pupil_id"] or ""


def exception(
    pupil: UUID | None, where: str, reason: str, mend: str, **more: Any
) -> dict[str, Any]:
    """An unsound record: whose, where, why (a stable code), and what to do about it."""
    return {
        "pupil_id": str(pupil) if pupil is not None else None,
        "where": where,
        "reason": reason,
        "mend": mend,
        **more,
    }


def paged(listed: Sequence[Any], size: int = 2000) -> Iterator[Sequence[Any]]:
    """`listed` in runs of at most `size`."""
    for start in range(0, len(listed), size):
        yield listed[start : start + size]
