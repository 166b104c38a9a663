"""The import report of a case: gathered from the log, and from a dossier before it is accepted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from ledger import enrolment, ids, log
from ledger.assessment.regime import programme_for, regulation_for
from ledger.case import Case
from ledger.codes import Programme
from ledger.errors import Refused
from ledger.event import Event
from ledger.events.case import CaseDecided, DossierReceived
from ledger.events.pupil import Released
from ledger.pupil import Pupil
from ledger.reader import Reader
from ledger.school_class import SchoolClass
from ledger.school_year import SchoolYear
from ledger.succession import current, same_school, with_successors
from ledger.transfer_law import law_on
from projections.arrival.place import Place
from projections.arrival.report import import_report
from projections.history import FoldEntry
from projections.names import Names
from projections.pupil_log import school_names
from transfer import inbox
from transfer.build import record_of
from transfer.cases import require_case
from transfer.checks import Report
from transfer.errors import CaseRefused
from transfer.office import Office
from transfer.preview import as_accepted

ONE_DAY = timedelta(days=1)
_NOTHING_HERE: dict[str, Any] = {"came": None, "differs": [], "missing": []}


def arrival_report(
    office: Office,
    case_id: UUID,
    *,
    on: date,
    opened: Report | None = None,
    pupil: UUID | None = None,
) -> dict[str, Any]:
    """The report of a case at the receiver, with its outcome; `opened` is the dossier where it
    has been opened already, `pupil` whom it is about to be accepted for where the case does not
    say so.

    `outcome` is open, accepted, accepted_with_list or refused, and says so also where nothing has
    come yet (`came` null then).

    Raises:
        NotFound: `unknown_case`.
        CaseRefused: this ledger is the origin of the case.
        CheckFailed: the dossier that is here no longer passes its checks.
    """
    with office.ledger.database.connection() as connection:
        reader = Reader(connection, office.ledger.keyring, office.ledger.id)
        case = require_case(reader, case_id)
        if case.side == "origin":
            raise CaseRefused("the import report is the receiving school's")
        if case.pupil is None and pupil is not None:
            case = case.model_copy(update={"pupil": pupil})
        written = _told(reader, case_id)
    if case.state == "received" and opened is None:
        opened = inbox.reopen(office, case_id)
    head = {
        "case": str(case_id),
        "pupil": str(case.pupil) if case.pupil else None,
        "outcome": _outcome(case, written),
        "reason": case.failure[1] if case.failure else None,
    }
    with office.ledger.database.connection() as connection:
        reader = Reader(connection, office.ledger.keyring, office.ledger.id)
        gathered = _gathered(office, reader, case, written, opened, on)
        if gathered is None:
            return {**head, "on": on.isoformat(), **_NOTHING_HERE}
        names = _names(office, reader, gathered, opened, on)
        told = import_report(
            gathered.entries, pupil=gathered.pupil, place=gathered.place, names=names
        )
    return {**head, **told, "asked_school": case.school_code}


@dataclass(frozen=True, slots=True)
class _Gathered:
    pupil: UUID
    entries: Sequence[FoldEntry]
    place: Place


def _outcome(case: Case, written: Iterable[Event]) -> str:
    if case.state in ("rejected", "refused", "declined"):
        return "refused"
    if case.state != "accepted":
        return "open"
    decided = [event for event in written if isinstance(event, CaseDecided)]
    return "accepted_with_list" if decided and decided[-1].statutory else "accepted"


def _told(reader: Reader, case: UUID) -> list[Event]:
    stream = ids.case_stream(reader.ledger, case)
    return [e.event for e in log.of_streams(reader.connection, [stream], size=reader.size)]


def _gathered(
    office: Office,
    reader: Reader,
    case: Case,
    written: Sequence[Event],
    opened: Report | None,
    on: date,
) -> _Gathered | None:
    """The entries and the place; None where there is no history to speak of yet."""
    pupil, entries = case.pupil, None
    if opened is not None and case.state == "received":
        preview = as_accepted(reader, case.id, opened, pupil=case.pupil, today=on)
        pupil, entries = preview.pupil, preview.entries
    elif pupil is not None and (case.state == "accepted" or case.peer in (None, reader.ledger)):
        own = reader.pupils([pupil])[pupil]
        assert own is not None
        held = record_of(reader.connection, own, size=reader.size)
        entries = [FoldEntry.of(entry) for entry in held]
    if pupil is None or entries is None:
        return None
    return _Gathered(pupil, entries, _place(office, reader, case, pupil, entries, written, on))


def _place(
    office: Office,
    reader: Reader,
    case: Case,
    pupil: UUID,
    entries: Sequence[FoldEntry],
    written: Sequence[Event],
    on: date,
) -> Place:
    own = reader.pupils([pupil])[pupil] or Pupil(id=pupil)
    first_day = case.first_day or _arrived(own) or on
    year = SchoolYear.of(first_day)
    asked = case.school_code or _school_on(own, max(first_day, on)) or ""
    named = {change.school for change in own.changes if change.school} | {asked}
    units = with_successors(reader.units, named)
    day = max(first_day, on)
    here = [s for s in units if s and same_school(units, s, asked, day)]
    school_class, enrolled = _class_here(reader, own, set(here), first_day, on)
    grade, programme = _frame(school_class, entries, year)
    came_on = next(
        (e.effective_on for e in reversed(written) if isinstance(e, DossierReceived)), on
    )
    return Place(
        ledger=reader.ledger,
        school=current(units, asked, day),
        codes=frozenset(here),
        first_day=first_day,
        last_day_there=_last_day_there(case, entries, first_day),
        came_on=came_on,
        on=on,
        law=law_on(came_on),
        calendar=reader.settings().calendar(year),
        has_origin=case.peer is not None or case.side == "inside",
        enrolled=enrolled,
        class_code=school_class.code if school_class else None,
        grade=grade,
        programme=programme,
        regulation=_regulation(year, grade, programme),
        **_plan(school_class, max(first_day, on) if on in year else first_day),
    )


def _arrived(own: Pupil) -> date | None:
    entries = [change.on for change in own.changes if change.kind in enrolment.ENTRIES]
    return max(entries, default=None)


def _school_on(own: Pupil, day: date) -> str | None:
    held = enrolment.on_day(own.segments, day)
    return held.school if held is not None else None


def _class_here(
    reader: Reader, own: Pupil, here: set[str], first_day: date, on: date
) -> tuple[SchoolClass | None, bool]:
    """The class in which the pupil sits at the school (last of those since the first day), and
    whether the school has the pupil at all."""
    year_end = SchoolYear.of(first_day).end
    stays = [
        segment
        for segment in own.segments
        if segment.school in here
        and segment.start < year_end
        and (segment.end is None or segment.end > first_day)
    ]
    codes = [segment.class_code for segment in stays if segment.class_code is not None]
    if not codes:
        return None, bool(stays)
    return reader.classes([codes[-1]])[codes[-1]], True


def _frame(
    school_class: SchoolClass | None, entries: Sequence[FoldEntry], year: SchoolYear
) -> tuple[int, str]:
    """Grade and programme: the class's, else those of the pupil's newest year that came."""
    if school_class is not None:
        return school_class.grade, school_class.programme
    frames = [
        (event.school_year, event.grade, event.programme)
        for event in (entry.event for entry in entries)
        if hasattr(event, "grade") and hasattr(event, "school_year") and hasattr(event, "programme")
    ]
    if not frames:
        return 1, programme_for(year, 1).value
    _, grade, programme = max(frames)
    # A school abroad names no programme of ours: the one that an ordinary class follows.
    known = programme in set(Programme)
    return grade, programme if known else programme_for(year, grade).value


def _regulation(year: SchoolYear, grade: int, programme: str) -> str:
    try:
        return regulation_for(year, grade, Programme(programme)).value
    except Refused:
        return ""


def _plan(school_class: SchoolClass | None, day: date) -> dict[str, Any]:
    """What the class is taught, and by whom on the day."""
    if school_class is None:
        return {}
    subjects = {known.subject for known in school_class.assignments}
    return {
        "taught": frozenset(subject for subject in subjects if subject is not None),
        "staff": {
            subject: tuple(sorted(school_class.teachers(subject, day))) for subject in subjects
        },
    }


def _last_day_there(case: Case, entries: Iterable[FoldEntry], first_day: date) -> date | None:
    """As the release says; of a move inside the ledger the eve of the first day."""
    for entry in entries:
        if isinstance(entry.event, Released) and entry.event.case == case.id:
            return entry.event.last_day or first_day - ONE_DAY
    return first_day - ONE_DAY


def _names(
    office: Office, reader: Reader, gathered: _Gathered, opened: Report | None, on: date
) -> Names:
    """Ledgers by the trust bundles; schools as they are called here, or as the dossier tells."""
    pairs = {
        (entry.author, school)
        for entry in gathered.entries
        if isinstance(school := getattr(entry.event, "school_code", None), str)
    }
    known = school_names(office.ledger, reader.connection, sorted(pairs), on=on, size=reader.size)
    told: dict[tuple[UUID, str], str] = {}
    if opened is not None and opened.dossier is not None:
        for ledger, references in opened.dossier.references.items():
            for code, unit in references.units.items():
                if isinstance(unit.get("name"), str):
                    told[UUID(ledger), code] = str(unit["name"])
    ledgers = {led.id: led.name for bundle in office.trust.bundles() for led in bundle.ledgers}
    return replace(known, ledgers=ledgers, schools={**told, **known.schools})
