"""The board of reports handed in: who has, who has not, who again, who late, and what changed.

    submitted     handed in once                         đã nộp
    resubmitted   handed in again, the last one counts   nộp lại
    missing       not handed in, its day has not passed  chưa nộp
    late          not handed in, its day has passed      quá hạn

`late` beside a status says that nothing had been handed in by the last day. A unit that teaches
several levels with days of their own is held to the first of them. What changed since is found by
computing the report anew, and only where anything but submissions was recorded since.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ledger.database import Connection
from ledger.errors import NotFound
from ledger.events.settings import DeadlineSet, TermsDated
from ledger.events.unit import ReportSubmitted
from ledger.presets import preset_day
from ledger.school_year import SchoolYear
from ledger.settings import Deadline
from ledger.structure import SCHOOL_KINDS
from projections.calendars import read_settings
from projections.moment import Moment
from projections.reports.frame import Question
from projections.reports.submissions import Handed, of_occasion, read_submissions
from projections.tables import Statement
from projections.tree import Node, Tree, read_tree

Compute = Callable[[str, Question, int], dict[str, Any]]
"""The answer of a report: its name, the question, the position it is known at."""

STATUSES = ("submitted", "resubmitted", "missing", "late")
_KEYS = frozenset(
    {
        *("unit_code", "unit", "level", "grade", "sex", "regulation", "period", "kind", "code"),
        *("reason", "indicator", "channel", "school_code", "pupil_id", "case"),
        *("ethnicity", "disability", "age"),
    }
)
"""The columns of rows that say what is counted; the others are figures."""
_ENTRY = sa.table("entry", sa.column("position"), sa.column("topic"), schema="ledger")
_NEWEST_OTHER = Statement(
    sa.select(_ENTRY.c.position)
    .where(
        _ENTRY.c.position < sa.bindparam("size", type_=sa.BigInteger),
        _ENTRY.c.topic != sa.bindparam("topic", type_=sa.Text),
    )
    .order_by(_ENTRY.c.position.desc())
    .limit(1)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class BoardQuestion:
    """What the board is of; `on` is the day it shows: what was handed in by then, what is late.
    `report` None: every report that has a deadline or was handed in. `what` asks for the rows
    that changed."""

    preset: str
    school_year: SchoolYear
    on: date
    report: str | None
    under: str | None
    compare: bool
    what: bool


def read_board(
    connection: Connection, ledger: UUID, asked: BoardQuestion, *, moment: Moment, compute: Compute
) -> dict[str, Any]:
    """The board as known at `moment`: the units in force on the day of the occasion.

    The projection structure must hold that prefix (`Engine.require`).

    Raises:
        NotFound: `unknown_unit`.
        DamagedEntry: a submission or a deadline cannot be read.
    """
    settings = read_settings(connection, ledger, size=moment.size, of=(TermsDated, DeadlineSet))
    day = preset_day(asked.preset, asked.school_year, settings.calendar(asked.school_year))
    tree = read_tree(connection, on=day, size=moment.size)
    if asked.under is not None and tree.known(asked.under) is None:
        raise NotFound("unknown_unit", f"no unit {asked.under} was known; `hocba units` lists them")
    units = [node.code for node in tree.nodes]
    values = {"size": moment.size, "topic": ReportSubmitted.TOPIC}
    newest = _NEWEST_OTHER.run(connection, values).fetchone()
    assert newest is not None  # entry 0 opens the ledger
    comparison = Comparison(
        position=moment.position, newest_other=newest[0], compute=compute, asked=asked
    )
    rows = board_rows(
        asked,
        tree=tree,
        deadlines=settings.deadlines,
        handed={
            code: [one for one in own if one.said.effective_on <= asked.on]
            for code, own in read_submissions(connection, ledger, units, size=moment.size).items()
        },
        changed=comparison.changed,
    )
    statuses = Counter(row["status"] for row in rows)
    return {
        "preset": asked.preset,
        "school_year": asked.school_year.label,
        "figures_on": day.isoformat(),
        "on": asked.on.isoformat(),
        "known_at": moment.known_at,
        "rows": rows,
        "totals": {
            "rows": len(rows),
            **{status: statuses[status] for status in STATUSES},
            "handed_in_late": sum(row["late"] and row["position"] is not None for row in rows),
            "changed": sum(row["changed"] is True for row in rows),
        },
    }


def board_rows(
    asked: BoardQuestion,
    *,
    tree: Tree,
    deadlines: Sequence[Deadline],
    handed: dict[str, list[Handed]],
    changed: Callable[[Handed], dict[str, Any]],
) -> list[dict[str, Any]]:
    """A row for each unit and report: every school in force, and whoever else handed one in."""
    below = None if asked.under is None else tree.below(asked.under)
    occasion = [
        one
        for one in deadlines
        if (one.preset, one.school_year) == (asked.preset, asked.school_year.label)
    ]
    rows = []
    for node in tree.nodes:
        if below is not None and node.code not in below:
            continue
        for report in _reports(asked, occasion, handed):
            own = of_occasion(
                handed.get(node.code, ()),
                report=report,
                preset=asked.preset,
                school_year=asked.school_year,
            )
            due = _due(node, [one for one in occasion if one.report == report])
            if own or _expected(asked, node, due):
                rows.append(_row(asked, node, report, due, own, changed))
    return rows


def _reports(
    asked: BoardQuestion, occasion: Sequence[Deadline], handed: dict[str, list[Handed]]
) -> list[str]:
    if asked.report is not None:
        return [asked.report]
    said = (one.said for own in handed.values() for one in own)
    known = {
        one.report
        for one in said
        if (one.preset, one.school_year) == (asked.preset, asked.school_year.label)
    }
    return sorted(known | {one.report for one in occasion})


def _expected(asked: BoardQuestion, node: Node, due: date | None) -> bool:
    """Whether the unit is to hand it in: a school that has a last day for it, or is asked of by
    the report's name."""
    return node.kind in SCHOOL_KINDS and (due is not None or asked.report is not None)


def _due(node: Node, deadlines: Sequence[Deadline]) -> date | None:
    """The first last day that applies to a level of the unit; one of its level goes before one
    for all."""
    for_all = [one.due_on for one in deadlines if one.level is None]
    own = {one.level: one.due_on for one in deadlines if one.level in node.levels}
    days = list(own.values())
    if not node.levels or set(node.levels) - set(own):
        days += for_all
    return min(days, default=None)


def _row(
    asked: BoardQuestion,
    node: Node,
    report: str,
    due: date | None,
    own: Sequence[Handed],
    changed: Callable[[Handed], dict[str, Any]],
) -> dict[str, Any]:
    last = own[-1] if own else None
    passed = due is not None and asked.on > due
    late = passed if not own else due is not None and own[0].said.effective_on > due
    if last is not None:
        status = "resubmitted" if len(own) > 1 else "submitted"
    else:
        status = "late" if passed else "missing"
    return {
        "unit_code": node.code,
        "unit": node.name,
        "levels": list(node.levels),
        "report": report,
        "status": status,
        "late": late,
        "due_on": due.isoformat() if due else None,
        "submitted_on": last.said.effective_on.isoformat() if last else None,
        "by": last.by if last else None,
        "head": last.said.head if last else None,
        "times": len(own),
        "position": last.position if last else None,
        "figures_position": last.said.position if last else None,
        "digest": last.said.digest if last else None,
        **(changed(last) if last else {"changed": None}),
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Tells whether a report computed at `position` differs from what was handed in;
    `newest_other` is the last entry that is no submission."""

    position: int
    newest_other: int
    compute: Compute
    asked: BoardQuestion

    def changed(self, handed: Handed) -> dict[str, Any]:
        """`changed` (None: not compared), and with `what` the `changes`, row by row."""
        if not self.asked.compare:
            return {"changed": None}
        if self.newest_other <= handed.said.position:
            return {"changed": False, **({"changes": []} if self.asked.what else {})}
        said = handed.said
        now = self.compute(said.report, handed.question, self.position)
        if now["digest"] == said.digest or not self.asked.what:
            differs = now["digest"] != said.digest
            return {"changed": differs, **({"changes": []} if self.asked.what else {})}
        then = self.compute(said.report, handed.question, said.position)
        return {"changed": True, "changes": list(differences(then["rows"], now["rows"]))}


def differences(
    then: Sequence[dict[str, Any]], now: Sequence[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Each figure that is not what it was: its row, as submitted and now (None: no such row)."""
    before, after = _figures(then), _figures(now)
    for key in sorted({**before, **after}, key=str):
        if before.get(key) != after.get(key):
            row, field = key
            yield {
                "row": dict(row),
                "field": field,
                "submitted": before.get(key),
                "now": after.get(key),
            }


_Figure = tuple[tuple[tuple[str, Any], ...], str]


def _figures(rows: Sequence[dict[str, Any]]) -> dict[_Figure, Any]:
    return {
        (tuple((name, row[name]) for name in row if name in _KEYS), field): value
        for row in rows
        for field, value in row.items()
        if field not in _KEYS
    }
