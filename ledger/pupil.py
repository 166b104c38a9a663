"""A pupil: state, the one `evolve`, and the decisions about enrolment, status and identity.

The state holds nothing personal: names and numbers stay sealed in the entries.
"""

from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from uuid import UUID

from ledger import enrolment
from ledger.enrolment import Change, SectionStay, Segment
from ledger.errors import Refused
from ledger.event import Event, Frozen, Note
from ledger.events.pupil import (
    ChangeRetracted,
    ConfirmedDistinct,
    CustodyRuled,
    EnrolmentKind,
    IdentityChecked,
    IdentityConflictFound,
    IdentityFollowedUp,
    PapersAccepted,
    PresenceConfirmed,
    PupilEnrolled,
    PupilLinked,
    PupilRegistered,
    PupilStatusChanged,
    PupilUnlinked,
    Released,
    ReleaseUndone,
    SectionJoined,
    StatusKind,
    SupplementDecided,
    TransferAccepted,
)
from ledger.ruling import Ruling, ruled
from ledger.school_class import SchoolClass
from ledger.school_year import SchoolYear
from ledger.staff import FollowUp, followed_up
from ledger.succession import NO_UNITS, Units, same_school
from ledger.text import code_and_words


class Link(Frozen):
    """Another record of the same pupil."""

    pupil: UUID
    ledger: UUID


class Month(Frozen):
    """Whether a child came in a month (YYYY-MM), as its class confirmed."""

    month: str
    class_code: str
    present: bool
    last_seen_on: date | None


class Pupil(Frozen):
    """What the rules need to know of a pupil.

    `released` is (case, ledger that has custody now), None while custody is here, and
    `release_version` the version of the newest release's entry; `accepted`
    are the transfers through which history came in; `coverings` are, in the order of custody,
    the streams each release covers with the last version of each. `conflicts` are what was
    found wrong with numbers (code, other pupil), `distinct` the pupils confirmed to be others,
    `months` what the monthly confirmations said, `rulings` what became of proposals. `admitted`
    are the provisional arrivals (their `seq`) that the newest acceptance made into transfers.
    """

    id: UUID
    changes: tuple[Change, ...] = ()
    sections: tuple[SectionStay, ...] = ()
    links: tuple[Link, ...] = ()
    released: tuple[UUID, UUID] | None = None
    accepted: tuple[UUID, ...] = ()
    coverings: tuple[tuple[tuple[UUID, int], ...], ...] = ()
    release_version: int = 0
    identity: str = "unchecked"
    identity_on: date | None = None
    follow_up: FollowUp | None = None
    conflicts: tuple[tuple[str, UUID | None], ...] = ()
    distinct: tuple[UUID, ...] = ()
    months: tuple[Month, ...] = ()
    admitted: tuple[int, ...] = ()
    rulings: tuple[Ruling, ...] = ()

    def hops(self, stream: UUID) -> tuple[tuple[int, int], ...]:
        """(last version, hop) of `stream` for every release that covers some of it."""
        return tuple(
            (version, hop)
            for hop, covering in enumerate(self.coverings)
            for covered, version in covering
            if covered == stream
        )

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The pupil's time line."""
        return enrolment.timeline(self.changes)

    @property
    def awaits_papers(self) -> bool:
        """Whether the child only sits in class here (học tạm – chờ hồ sơ): no stay of its is firm,
        and no history has come."""
        arrivals = {change.kind for change in self.changes} & enrolment.ARRIVALS
        return arrivals == {"provisional"} and not self.accepted

    def in_class(self, code: str, day: date) -> bool:
        """Whether the pupil sits in class or section `code` on `day`."""
        if enrolment.class_on(self.changes, day) == code:
            return True
        if not self.sections:
            return False
        segments = self.segments
        return any(
            start <= day and (end is None or day < end)
            for stay in self.sections
            if stay.class_code == code
            for start, end in enrolment.section_days(stay, segments)
        )


def evolve(pupil: Pupil | None, event: Event, version: int) -> Pupil:
    """The pupil after `event`, the entry of that version in the pupil's stream."""
    if isinstance(event, PupilRegistered):
        return Pupil(id=event.pupil_id)
    if pupil is None:
        raise ValueError(f"{event.TOPIC} before the pupil was registered")
    match event:
        case PupilEnrolled():
            change = Change(
                on=event.effective_on,
                seq=version,
                kind=event.kind,
                school=event.school_code,
                class_code=event.class_code,
                school_year=event.school_year,
                grade=event.grade,
                programme=event.programme,
            )
            return _with(pupil, changes=(*pupil.changes, change))
        case SectionJoined():
            stay = SectionStay(
                start=event.effective_on,
                end=event.until,
                school=event.school_code,
                class_code=event.class_code,
                school_year=event.school_year,
            )
            return _with(pupil, sections=(*pupil.sections, stay))
        case PupilStatusChanged():
            return _with(pupil, changes=(*pupil.changes, _exit(pupil, event, version)))
        case Released():
            changes = pupil.changes
            if event.last_day is not None:
                changes = (*changes, _release(pupil, event.last_day, version))
            return _with(
                pupil,
                changes=changes,
                released=(event.case, event.to_ledger),
                release_version=version,
                coverings=(*pupil.coverings, event.streams),
            )
        case ReleaseUndone():
            return _undone(pupil)
        case TransferAccepted():
            return _with(
                pupil,
                changes=_admitted(pupil),
                accepted=(*pupil.accepted, event.case),
                released=None,
                release_version=0,
                coverings=event.covered,
                admitted=tuple(c.seq for c in pupil.changes if c.kind == "provisional"),
            )
        case CustodyRuled() if pupil.released is not None and pupil.released[0] == event.case:
            return _undone(pupil)
        case CustodyRuled():
            back = tuple(
                change.model_copy(update={"kind": "provisional"})
                if change.seq in pupil.admitted
                else change
                for change in pupil.changes
            )
            return _with(pupil, changes=back, released=(event.case, event.custodian), admitted=())
        case PapersAccepted():
            return _with(pupil, changes=_admitted(pupil))
        case PupilLinked():
            link = Link(pupil=event.other, ledger=event.other_ledger)
            return _with(pupil, links=(*pupil.links, link))
        case PupilUnlinked():
            kept_links = tuple(link for link in pupil.links if link.pupil != event.other)
            return _with(pupil, links=kept_links)
        case ChangeRetracted():
            return _retracted(pupil, event.retracts)
        case IdentityChecked():
            if pupil.identity_on is not None and pupil.identity_on > event.effective_on:
                return pupil
            return _with(pupil, identity=event.status, identity_on=event.effective_on)
        case IdentityFollowedUp():
            if pupil.follow_up is not None and pupil.follow_up.on > event.effective_on:
                return pupil
            return _with(pupil, follow_up=followed_up(event))
        case IdentityConflictFound():
            return _with(pupil, conflicts=(*pupil.conflicts, (event.code, event.other)))
        case ConfirmedDistinct():
            return _with(pupil, distinct=(*pupil.distinct, event.other))
        case SupplementDecided():
            return _with(pupil, rulings=ruled(pupil.rulings, event, version))
        case PresenceConfirmed():
            month = Month(
                month=event.month,
                class_code=event.class_code,
                present=event.present,
                last_seen_on=event.last_seen_on,
            )
            others = tuple(known for known in pupil.months if known.month != event.month)
            return _with(pupil, months=(*others, month))
        case _:
            return pupil


def _undone(pupil: Pupil) -> Pupil:
    """The pupil as if the release in force had never been: custody is here."""
    return _with(
        pupil,
        changes=_without_release(pupil),
        released=None,
        release_version=0,
        coverings=pupil.coverings[:-1],
    )


def _admitted(pupil: Pupil) -> tuple[Change, ...]:
    """The changes with every provisional stay as the transfer in that it has become."""
    turned = {"kind": "transfer_in"}
    return tuple(
        c.model_copy(update=turned) if c.kind == "provisional" else c for c in pupil.changes
    )


def _without_release(pupil: Pupil) -> tuple[Change, ...]:
    """The changes without the leaving that the release in force made, where it made one.

    Earlier releases stay: the pupil did leave then, and came back by a transfer of its own.
    """
    return tuple(
        change
        for change in pupil.changes
        if (change.kind, change.seq) != ("release", pupil.release_version)
    )


def _retracted(pupil: Pupil, retracts: int) -> Pupil:
    """The pupil as if the entry of that version had never been: what later leavings took from the
    stay before them is taken anew."""
    left = _with(pupil, changes=())
    for change in sorted(pupil.changes, key=attrgetter("seq")):
        if change.seq == retracts:
            continue
        if change.kind not in enrolment.ENTRIES:
            change = _change_like(left, change.on, change.seq, change.kind, change.school)
        left = _with(left, changes=(*left.changes, change))
    return left


def _with(pupil: Pupil, **changed: object) -> Pupil:
    return pupil.model_copy(update=changed)


def _exit(pupil: Pupil, event: PupilStatusChanged, version: int) -> Change:
    return _change_like(pupil, event.effective_on, version, event.kind, event.school_code)


def _release(pupil: Pupil, last_day: date, version: int) -> Change:
    on = enrolment.day_after(last_day)
    return _change_like(pupil, on, version, "release", None)


def _change_like(pupil: Pupil, on: date, version: int, kind: str, school: str | None) -> Change:
    """A change that takes grade and programme from what held before it."""
    before = enrolment.on_day(pupil.segments, on) or (pupil.segments[-1] if pupil.changes else None)
    return Change(
        on=on,
        seq=version,
        kind=kind,
        school=school or (before.school if before and before.school else ""),
        class_code=None,
        school_year=SchoolYear.of(on).label,
        grade=before.grade if before else 0,
        programme=before.programme if before else "",
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Enrol:
    """Put a pupil at a school, in a homeroom class where there is one."""

    kind: EnrolmentKind
    school_code: str
    school_class: SchoolClass | None
    school_year: str
    grade: int
    programme: str
    effective_on: date
    note: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeStatus:
    """Record that a pupil leaves, pauses, resumes or completes."""

    kind: StatusKind
    school_code: str
    effective_on: date
    reason_code: str | None = None
    note: str | None = None


def decide_enrolment(pupil: Pupil, command: Enrol, units: Units = NO_UNITS) -> list[Event]:
    """The entry for an enrolment; none where the same is already on record.

    `units` tell which school codes mean one school.

    Raises:
        Refused: `pupil_released`, `date_outside_school_year`, `wrong_grade`, `not_enrolled`
            (a class change of a pupil who is at no school).
    """
    require_custody(pupil)
    year = SchoolYear.parse(command.school_year)
    if command.effective_on not in year:
        raise Refused(
            "date_outside_school_year",
            f"the day lies outside school year {year.label}",
            field="effective_on",
            suggestion=f"{year.start} … {year.end}",
        )
    if command.kind == "class_change":
        here = enrolment.on_day(pupil.segments, command.effective_on)
        held = here.school if here is not None else None
        if held is None or not same_school(units, held, command.school_code, command.effective_on):
            raise Refused(
                "not_enrolled",
                f"the pupil is not at school {command.school_code} on that day",
                field="kind",
                suggestion="start, mid_year, transfer_in or return",
            )
    class_code = command.school_class.code if command.school_class else None
    if any(
        (change.on, change.kind, change.school, change.class_code, change.grade)
        == (command.effective_on, command.kind, command.school_code, class_code, command.grade)
        for change in pupil.changes
    ):
        return []
    return [
        PupilEnrolled(
            effective_on=command.effective_on,
            kind=command.kind,
            school_code=command.school_code,
            class_code=class_code,
            school_year=command.school_year,
            grade=command.grade,
            programme=command.programme,
            statutory=Note(text=command.note) if command.note else None,
        )
    ]


def decide_status(pupil: Pupil, command: ChangeStatus) -> list[Event]:
    """The entry for a change of status; none where the same is already on record.

    Raises:
        Refused: `pupil_released`, `not_enrolled`, `not_suspended`.
    """
    require_custody(pupil)
    if any(
        (change.on, change.kind, change.school)
        == (command.effective_on, command.kind, command.school_code)
        for change in pupil.changes
    ):
        return []
    here = enrolment.on_day(pupil.segments, command.effective_on)
    if here is None or here.school != command.school_code:
        raise Refused(
            "not_enrolled",
            f"the pupil is not at school {command.school_code} on {command.effective_on}",
            field="school_code",
            suggestion="enrol the pupil first, or mend school or day",
        )
    if command.kind == "resume" and not here.suspended:
        raise Refused("not_suspended", "the pupil is not suspended on that day", field="kind")
    code, words = code_and_words(command.reason_code, command.note)
    return [
        PupilStatusChanged(
            effective_on=command.effective_on,
            kind=command.kind,
            school_code=command.school_code,
            reason_code=code,
            statutory=Note(text=words) if words else None,
        )
    ]


def decide_section(
    pupil: Pupil, school_class: SchoolClass, start: date, until: date | None
) -> list[Event]:
    """The entry for a stay in a course section; none where the same is already on record."""
    require_custody(pupil)
    stay = (start, until, school_class.code)
    if any((known.start, known.end, known.class_code) == stay for known in pupil.sections):
        return []
    return [
        SectionJoined(
            effective_on=start,
            school_code=school_class.school_code,
            class_code=school_class.code,
            school_year=school_class.school_year,
            until=until,
        )
    ]


def require_custody(pupil: Pupil) -> None:
    """Raises Refused(`pupil_released`) where another ledger manages this pupil's record."""
    if pupil.released is not None:
        raise Refused(
            "pupil_released",
            f"the record was released in transfer {pupil.released[0]}",
            field="pupil_key",
            suggestion="the new school records this, or sends the pupil back",
        )
