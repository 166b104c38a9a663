"""What is odd about an enrolment or a leaving, though it is accepted.

Schools record what happened in the order in which papers reach them, so none of this is refused:
the line goes in, and whoever sent it reads what to look at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter

from ledger import enrolment
from ledger.codes import LEAVE_REASONS, Programme, Stage, stage_of
from ledger.enrolment import ENTRIES, EXITS, Change, Segment
from ledger.errors import Refused
from ledger.pupil import ChangeStatus, Enrol, Pupil
from ledger.succession import Units, current, same_school

_WITH_REASON = frozenset({"leave", "withdraw"})
_FIRST_GRADE_AFTER = {18: 1}
"""The grade after the oldest preschool group (5-6 years)."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is on record before an intake: changes of this and of linked records, and the grade
    that the last school year's results name (None: none)."""

    changes: tuple[Change, ...] = ()
    grade: int | None = None


def grade_after(grade: int) -> int | None:
    """The grade that follows; None after grade 12."""
    return None if grade == 12 else _FIRST_GRADE_AFTER.get(grade, grade + 1)


def teaches(levels: Sequence[str], grade: int, programme: str) -> bool:
    """Whether a school of these levels (MN, TH, THCS, THPT, GDTX) has this grade; of a school
    without levels on record nothing is known, so it has."""
    if not levels or stage_of(grade) in levels:
        return True
    return Stage.CONTINUING in levels and grade >= 6 and programme != Programme.MN


def of_status(command: ChangeStatus) -> list[Refused]:
    """A reason for leaving that the official list does not have."""
    code = command.reason_code
    if command.kind not in _WITH_REASON or code is None or code in LEAVE_REASONS:
        return []
    return [
        Refused(
            "unknown_reason_code",
            "the official list has no such reason for leaving; it is kept as given",
            field="reason_code",
            suggestion="; ".join(f"{known} {name}" for known, name in LEAVE_REASONS.items()),
        )
    ]


def of_enrolment(pupil: Pupil, command: Enrol, units: Units, earlier: Earlier) -> list[Refused]:
    """What is odd about enrolling `pupil`, as the record stood before it.

    `earlier` is used for an intake alone.
    """
    day = command.effective_on
    # A provisional stay waits for the papers of another school: it ends nothing there.
    firm = [change for change in pupil.changes if change.kind != "provisional"]
    here = enrolment.on_day(enrolment.timeline(firm), day)
    found = [_outside_levels(command, units)]
    if command.kind == "return":
        found.append(_never_left(pupil, here, day))
    if here is not None and here.school is not None:
        found.append(_two_schools(here, command, units))
    if command.kind == "intake":
        found.extend(_of_intake(command, earlier))
    return [warning for warning in found if warning is not None]


def _outside_levels(command: Enrol, units: Units) -> Refused | None:
    school = units.get(current(units, command.school_code, command.effective_on))
    held = school.on(command.effective_on) if school is not None else None
    if held is None or teaches(held.levels, command.grade, command.programme):
        return None
    return Refused(
        "grade_outside_levels",
        f"school {command.school_code} is on record with the levels {';'.join(held.levels)}, "
        f"which do not have grade {command.grade}",
        field="grade",
        suggestion="mend the grade, or the school's levels in units.csv",
    )


def _never_left(pupil: Pupil, here: Segment | None, day: date) -> Refused | None:
    left = any(change.kind in EXITS and change.on <= day for change in pupil.changes)
    if pupil.accepted or (left and (here is None or here.school is None)):
        return None
    paused = here is not None and here.suspended
    return Refused(
        "never_left",
        "the pupil returns, but no leaving is on record before that day",
        field="kind",
        suggestion="resume (statuses.csv) ends a suspension" if paused else "record the leaving",
    )


def _two_schools(here: Segment, command: Enrol, units: Units) -> Refused | None:
    """An entry at a second school while the first has recorded no leaving.

    Not of a provisional stay, which waits for the papers; not of an intake after the class at
    the earlier school is over, which `not_completed` tells of.
    """
    assert here.school is not None
    waits = command.kind == "provisional"
    over = command.kind == "intake" and here.class_code is None
    if waits or over or same_school(units, here.school, command.school_code, command.effective_on):
        return None
    return Refused(
        "two_schools_at_once",
        f"school {here.school} has not recorded that the pupil left; from this day on the pupil "
        f"counts at {command.school_code} alone",
        field="kind",
        suggestion="let the first school record the leaving (statuses.csv)",
    )


def _of_intake(command: Enrol, earlier: Earlier) -> list[Refused]:
    warnings: list[Refused] = []
    known = [change for change in earlier.changes if change.on <= command.effective_on]
    entries = [change for change in known if change.kind in ENTRIES]
    last = max(entries, key=attrgetter("on", "seq"), default=None)
    before = last.grade if last is not None else earlier.grade
    if before is not None and grade_after(before) != command.grade:
        warnings.append(
            Refused(
                "grade_not_continuous",
                f"the last grade on record is {before}",
                field="class_code",
                suggestion="mend the class, or record the head's decision (placement)",
            )
        )
    completed = last is not None and any(
        change.kind == "complete" and change.on >= last.on for change in known
    )
    if last is not None and not completed:
        warnings.append(
            Refused(
                "not_completed",
                f"school {last.school} has not recorded that the pupil completed the level",
                field="pupil_key",
                suggestion="let it carry out the year's turn, or record complete (statuses.csv)",
            )
        )
    return warnings
