"""Taking back an enrolment, a leaving or a change of class that was a mistake.

A retraction is an entry of its own: what was known before it stays as it was, afterwards the
change reads as if it had never been. It is refused while something stands on the change: marks
and other facts of days on which the pupil would no longer be there, or later changes that could
not have been made without it. Those are taken back or corrected first, so that nothing is left
hanging.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from uuid import UUID

from ledger import enrolment, log, pupil
from ledger.batch import Batch, Line
from ledger.database import Connection
from ledger.enrolment import ENTRIES, Change, Segment
from ledger.errors import NotFound, Refused
from ledger.event import Event, Note
from ledger.events.pupil import ChangeRetracted, PupilEnrolled, PupilStatusChanged
from ledger.pupil import Pupil, require_custody
from ledger.pupil_year import Dated, PupilYear
from ledger.reader import Reader
from ledger.registration import pupil_ref, unknown_pupil
from ledger.school_year import SchoolYear

NAMED = 5
"""How many of the facts that stand in the way a refusal names."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Retract:
    """Take back the entry of `version` in the pupil's stream."""

    pupil: UUID
    version: int
    reason: str


def retract_changes(reader: Reader, batch: Batch, lines: Sequence[Line[Retract]]) -> None:
    """Takes changes back, each line on its own."""
    states = reader.pupils(line.command.pupil for line in lines)
    for line in lines:
        command = line.command
        try:
            state = states[command.pupil]
            if state is None:
                raise unknown_pupil()
            events = decide_retraction(state, command, read_years(reader, state, command.version))
        except Refused as refused:
            batch.reject(line, refused)
            continue
        for event in events:
            states[command.pupil] = pupil.evolve(state, event, 1)
        batch.accept(line, [(pupil_ref(reader, command.pupil), events)])


def version_at(connection: Connection, position: int, *, pupil: UUID) -> int:
    """The version, in the stream of `pupil`, of the enrolment or change of status at `position`.

    Raises:
        NotFound: `position_not_found`.
        Refused: `not_retractable`, another entry stands there, or one about somebody else.
    """
    found = next(log.pages(connection, start=position, end=position + 1), [])
    if not found:
        raise NotFound("position_not_found", f"the log has no entry @{position} yet")
    (entry,) = found
    if entry.stream.id == pupil and isinstance(entry.event, PupilEnrolled | PupilStatusChanged):
        return entry.version
    raise Refused(
        "not_retractable",
        f"entry @{position} is no enrolment or change of status of this pupil",
        field="position",
        suggestion="hocba audit --pupil KEY shows the positions of the pupil's entries",
    )


def decide_retraction(state: Pupil, command: Retract, years: Iterable[PupilYear]) -> list[Event]:
    """The entry that takes a change back.

    `years` are the pupil's own school years from that of the change on.

    Raises:
        Refused: `pupil_released`, `reason_missing`, `already_retracted`, `still_needed`.
    """
    require_custody(state)
    if not command.reason.strip():
        raise Refused("reason_missing", "a retraction needs its reason", field="reason")
    change = change_of(state, command.version)
    if change is None:
        raise Refused("already_retracted", "this entry was taken back before", field="position")
    standing = dependants(state, change, years)
    if standing:
        more = f" and {len(standing) - NAMED} more" if len(standing) > NAMED else ""
        raise Refused(
            "still_needed",
            f"something stands on this entry: {', '.join(standing[:NAMED])}{more}",
            field="position",
            suggestion="take those back or correct them first",
        )
    return [
        ChangeRetracted(
            effective_on=change.on,
            retracts=command.version,
            statutory=Note(text=command.reason),
        )
    ]


def change_of(state: Pupil, version: int) -> Change | None:
    """The change that the entry of `version` made; None where it is taken back."""
    return next((change for change in state.changes if change.seq == version), None)


def read_years(reader: Reader, state: Pupil, version: int) -> list[PupilYear]:
    """The pupil's own school years, from that of the change of `version` to the last change's."""
    change = change_of(state, version)
    if change is None:
        return []
    last = max((known.on for known in state.changes), default=change.on)
    span = SchoolYear.of(change.on).until(SchoolYear.of(last).next)
    found = reader.years((state.id, year.label) for year in span)
    return [year for year in found.values() if year is not None]


def dependants(state: Pupil, change: Change, years: Iterable[PupilYear]) -> list[str]:
    """What could not be on record without `change`: later changes by kind and day, then sections
    and facts of the years by what they are. No value and no name."""
    left = [known for known in state.changes if known.seq != change.seq]
    before, after = state.segments, enrolment.timeline(left)
    found = [
        f"{later.kind} on {later.on}"
        for later in sorted(left, key=attrgetter("on", "seq"))
        if _needs(later, _standing(state.changes, later), _standing(left, later))
    ]
    found += [
        f"course section {stay.class_code}"
        for stay in state.sections
        if enrolment.section_days(stay, before) != enrolment.section_days(stay, after)
    ]
    found += [
        f"presence in {month.month}"
        for month in state.months
        if month.class_code == change.class_code
        and _sits_in(before, month.class_code, month.month)
        and not _sits_in(after, month.class_code, month.month)
    ]
    found += [
        name
        for year in years
        for name, day, in_class in _facts(year)
        if _moved(enrolment.on_day(before, day), enrolment.on_day(after, day), in_class)
    ]
    return found


def _needs(later: Change, before: Segment | None, after: Segment | None) -> bool:
    """Whether `later` could be made where the pupil stood `before`, and no more `after`."""
    held, left = (here.school if here is not None else None for here in (before, after))
    if later.kind == "return":
        return held is None and left is not None
    if later.kind in ENTRIES - {"class_change"}:
        return False
    if later.kind == "resume" and before is not None and before.suspended:
        return after is None or not after.suspended or left != held
    return held is not None and left != held


def _standing(changes: Iterable[Change], later: Change) -> Segment | None:
    """Where the pupil stood when `later` was made, by what comes before it in time."""
    earlier = (known for known in changes if (known.on, known.seq) < (later.on, later.seq))
    return enrolment.on_day(enrolment.timeline(earlier), later.on)


def _facts(year: PupilYear) -> Iterator[tuple[str, date, bool]]:
    """(what, day, whether it was given in class) of every fact written in the year."""
    for (subject, semester, slot), filled in year.slots.items():
        yield f"{slot} of {subject}, term {semester}", filled.tested_on, True
    dated: dict[str, dict[str, Dated]] = {
        "conduct": year.conduct,
        "absences": year.absences,
        "comment": year.comments,
        "level": year.qualities,
    }
    for what, facts in dated.items():
        for key, fact in facts.items():
            yield f"{what} {key}", fact.on, False
    for decision in year.decisions:
        yield f"decision {decision.kind}", decision.on, False
    for closing in year.closings:
        yield f"closing of {closing.period}", closing.on, False
    for exemption in year.exemptions:
        yield f"exemption from {exemption.subject}", exemption.on, False
    for mention in year.mentions:
        yield mention.kind, mention.on, False


def _moved(before: Segment | None, after: Segment | None, in_class: bool) -> bool:
    """Whether a pupil who was somewhere on a day would now be elsewhere."""
    school = before.school if before is not None else None
    if before is None or school is None:
        return False
    if after is None or after.school != school:
        return True
    return in_class and before.on_class_list and before.class_code != after.class_code


def _sits_in(segments: Iterable[Segment], class_code: str, month: str) -> bool:
    """Whether the pupil was on the list of a class on a day of the month (YYYY-MM)."""
    return any(
        segment.class_code == class_code
        and segment.on_class_list
        and segment.start.isoformat()[:7] <= month
        and (segment.end is None or date.fromisoformat(f"{month}-01") < segment.end)
        for segment in segments
    )
