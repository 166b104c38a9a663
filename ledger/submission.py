"""Handing a report in ("Chốt và nộp báo cáo"): the decision and its batch.

The entry stands in the stream of the unit that answers for the figures. Nothing is replaced: a
report of the same occasion handed in again is another entry, which counts those before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ledger import ids, unit
from ledger.batch import Batch, Line
from ledger.errors import Refused
from ledger.event import StreamKind
from ledger.events.unit import ReportSubmitted
from ledger.presets import PRESETS
from ledger.reader import Reader
from ledger.school_year import SchoolYear
from ledger.settings_lines import REPORTS
from ledger.unit import Submission, Unit


@dataclass(frozen=True, kw_only=True, slots=True)
class SubmitReport:
    """A report as it was computed: of which day, in which prefix of the log, with which digest.

    `size` and `root` (hex) name the prefix, whose last entry is `position`; `head` is the code of
    the member of staff who answers for the figures; `submitted_on` is the day it is handed in.
    """

    report: str
    preset: str
    unit_code: str
    school_year: str
    on: date
    position: int
    size: int
    root: str
    digest: str
    head: str | None
    submitted_on: date

    @property
    def occasion(self) -> tuple[str, str, str]:
        """What is handed in once: report, preset and school year of one unit."""
        return self.report, self.preset, SchoolYear.parse(self.school_year).label


def submit_reports(reader: Reader, batch: Batch, lines: Sequence[Line[SubmitReport]]) -> None:
    """Records reports as handed in; what stands so already is unchanged."""
    units = reader.units({line.command.unit_code for line in lines})
    staff = reader.staff({line.command.head for line in lines if line.command.head is not None})
    for line in lines:
        command = line.command
        try:
            if command.head is not None and staff[command.head] is None:
                raise Refused(
                    "unknown_staff",
                    f"no member of staff {command.head} is on record",
                    field="head",
                    suggestion="import staff.csv first, or correct the key",
                )
            known = _require_unit(units[command.unit_code], command.unit_code)
            events = decide_submission(known, command)
        except Refused as refused:
            batch.reject(line, refused)
            continue
        for event in events:
            known = units[command.unit_code] = unit.evolve(known, event, 0)
        ref = reader.ref(ids.unit_stream(reader.ledger, command.unit_code), StreamKind.UNIT)
        batch.accept(line, [(ref, events)])


def _require_unit(known: Unit | None, code: str) -> Unit:
    if known is None:
        raise Refused("unknown_unit", f"no unit {code} is on record", field="unit_code")
    return known


def decide_submission(known: Unit, command: SubmitReport) -> list[ReportSubmitted]:
    """The entry of a report handed in; none where the last one of the occasion says the same.

    Raises:
        Refused: `unknown_report`, `unknown_preset`, `bad_school_year`, `bad_submission` (size and
            position do not name one prefix), `unit_closed`.
    """
    _check(known, command)
    report, preset, school_year = command.occasion
    before = submissions_of(known, report=report, preset=preset, school_year=school_year)
    if before and (before[-1].digest, before[-1].on) == (command.digest, command.on):
        return []
    return [
        ReportSubmitted(
            effective_on=command.submitted_on,
            report=report,
            preset=preset,
            unit_code=command.unit_code,
            school_year=school_year,
            on=command.on,
            position=command.position,
            size=command.size,
            root=command.root,
            digest=command.digest,
            head=command.head,
            replaces=len(before),
        )
    ]


def submissions_of(
    known: Unit, *, report: str, preset: str, school_year: str
) -> tuple[Submission, ...]:
    """What the unit handed in on one occasion, the first one first."""
    occasion = (report, preset, school_year)
    return tuple(
        one for one in known.submissions if (one.report, one.preset, one.school_year) == occasion
    )


def _check(known: Unit, command: SubmitReport) -> None:
    for value, names, column in (
        (command.report, REPORTS, "report"),
        (command.preset, PRESETS, "preset"),
    ):
        if value not in names:
            raise Refused(
                f"unknown_{column}",
                f"there is no {column} {value}",
                field=column,
                suggestion=", ".join(names),
            )
    if command.size != command.position + 1:
        raise Refused(
            "bad_submission",
            f"a prefix that ends at entry {command.position} has {command.position + 1} entries",
            field="size",
        )
    if known.closed_on is not None and command.on >= known.closed_on:
        raise Refused(
            "unit_closed",
            f"unit {known.code} closed on {known.closed_on}; figures of {command.on} are not its",
            field="unit_code",
            suggestion=f"let {known.successor} hand them in" if known.successor else None,
        )
