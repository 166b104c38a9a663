"""The transcript (học bạ): every school year of a pupil, computed from the entries of all ledgers.

It has no table of its own: a pupil has about a thousand entries, found through the stream table,
and is folded when read. `fold_transcript` and `released_digest` are pure functions of entries.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from ledger.codes import province_code_on, province_name
from ledger.contribution import Contribution, Mark, paper_schools
from ledger.enrolment import ENTRIES
from ledger.pupil_year import PaperFact
from ledger.school_year import SchoolYear
from ledger.year_record import SemesterResult, SubjectResult, YearRecord, assess
from ledger.year_results import TimeResult
from projections.digest import transcript_digest
from projections.history import FoldEntry, History, PupilRecord, fold_history
from projections.names import NO_NAMES, Names

__all__ = ["FoldEntry", "Transcript", "fold_transcript", "released_digest"]


@dataclass(frozen=True, slots=True)
class Transcript:
    """The years of a transcript answer and the digest over them, with the history they are of."""

    history: History
    years: list[dict[str, Any]]
    digest: str


def fold_transcript(
    entries: Iterable[FoldEntry], *, pupil: UUID, on: date, names: Names = NO_NAMES
) -> Transcript:
    """The transcript of `pupil` on `on`, from `entries` alone (in any order).

    `pupil` is the id under which the reading (or sending) ledger knows the pupil.

    Raises:
        ValueError: no entry of the pupil's own stream is among `entries`.
    """
    history = fold_history(entries, pupil=pupil, on=on)
    years = [
        _year(assess(parts, on=on), parts, history, on, names)
        for label, parts in history.years.items()
        if _begun(history.records, label, on) or paper_schools(parts)
    ]
    return Transcript(history, years, transcript_digest(history.first_id, years))


def released_digest(entries: Sequence[FoldEntry], *, pupil: UUID, on: date) -> str:
    """The digest that a release states: over the released entries alone, on the release date.

    Raises:
        ValueError: no entry of the pupil's own stream is among `entries`.
    """
    return fold_transcript(entries, pupil=pupil, on=on).digest


def _begun(records: Sequence[PupilRecord], label: str, on: date) -> bool:
    """Whether an enrolment of that year counts by `on`: until the new start it is the summer of
    the year before (contract, Rules of reading)."""
    return any(
        change.school_year == label and change.kind in ENTRIES and change.on <= on
        for record in records
        for change in record.pupil.changes
    )


def _year(
    record: YearRecord,
    parts: Sequence[Contribution],
    history: History,
    on: date,
    names: Names,
) -> dict[str, Any]:
    known = (record.excused, record.unexcused)
    total = None if None in known else sum(count or 0 for count in known)
    return {
        "school_year": record.school_year,
        "grade": record.grade,
        "programme": record.programme,
        "regulation": record.regulation,
        "strategy": record.strategy,
        "schools": [
            *(_paper_school(fact, record.school_year, on) for fact in paper_schools(parts)),
            *_schools(history.records, SchoolYear.parse(record.school_year), on, names),
        ],
        "subjects": [_subject(subject, names) for subject in record.subjects],
        "conduct": record.conduct,
        "study": {**record.study, "adjusted": list(record.adjusted)},
        "absences": {"excused": record.excused, "unexcused": record.unexcused, "total": total},
        "promotion": record.promotion,
        "promotion_reasons": list(record.promotion_reasons),
        "title": record.title,
        "missing": list(record.missing),
        "levels_asked": record.levels_asked,
        "from_paper": list(record.from_paper),
        "mentions": _mentions(parts),
        "signatures": [],
        **({"overall": record.overall} if record.overall is not None else {}),
        **({"qualities": record.qualities} if record.qualities is not None else {}),
    }


def _mentions(parts: Sequence[Contribution]) -> list[dict[str, Any]]:
    """Awards, measures, certificates and competitions; their texts are for the audit to open."""
    known = [mention for part in parts for mention in part.year.mentions]
    return [
        {"kind": mention.kind, "code": mention.code, "on": mention.on.isoformat()}
        for mention in sorted(known, key=lambda mention: (mention.on, mention.version))
    ]


def _paper_school(fact: PaperFact, school_year: str, on: date) -> dict[str, Any]:
    """A school known from a paper transcript: the days there are not known."""
    first_day = SchoolYear.parse(school_year).start
    then = fact.province_code
    now = province_code_on(then, first_day, on) if then else None
    return {
        "school_code": None,
        "name": fact.school_name,
        "ledger": None,
        "province": _named_province(then, first_day),
        "province_now": _named_province(now, on),
        "country": fact.country,
        "from": None,
        "to": None,
        "paper": {
            "scan_sha256": fact.scan_sha256,
            "attested_by": fact.attested_by,
            "checked_by": fact.checked_by,
        },
    }


def _named_province(code: str | None, day: date) -> dict[str, str] | None:
    name = province_name(code, day) if code else None
    return {"code": code, "name": name} if code and name else None


def _subject(subject: SubjectResult, names: Names) -> dict[str, Any]:
    return {
        "subject": subject.subject,
        "form": subject.form,
        "semesters": {str(n): _semester(term, names) for n, term in subject.semesters.items()},
        "year": subject.year,
        "reassessed": subject.reassessed,
        "missing": list(subject.missing),
        "dropped": subject.dropped,
        **({"times": _times(subject.times, names)} if subject.form == "level" else {}),
        **({"surplus": [_surplus(m, names) for m in subject.surplus]} if subject.surplus else {}),
    }


def _times(times: Mapping[str, TimeResult], names: Names) -> dict[str, Any]:
    return {
        time: {
            "level": held.level.value if held.level else None,
            "test": held.test.value if held.test else None,
            "by": _by([mark for mark in (held.level, held.test) if mark], names),
        }
        for time, held in times.items()
    }


def _by(marks: Sequence[Mark], names: Names) -> list[dict[str, Any]]:
    """Who gave the marks: schools, once each; of one on paper its name."""
    writers = dict.fromkeys((mark.ledger, mark.school, mark.paper) for mark in marks)
    return [
        {"ledger": names.ledger(ledger), "school_code": None, "school_name": school, "paper": True}
        if paper
        else {"ledger": names.ledger(ledger), "school_code": school}
        for ledger, school, paper in writers
    ]


def _semester(term: SemesterResult, names: Names) -> dict[str, Any]:
    return {
        "marks": {
            "TX": [mark.value for mark in term.regular],
            **({"DK": [mark.value for mark in term.periodic]} if term.periodic else {}),
            "GK": term.midterm.value if term.midterm else None,
            "CK": term.final.value if term.final else None,
        },
        "average": term.result,
        "missing": list(term.missing),
        "by": _by(term.marks, names),
        "surplus": [_surplus(mark, names) for mark in term.surplus],
    }


def _surplus(mark: Mark, names: Names) -> dict[str, Any]:
    return {
        "slot": mark.slot,
        "value": mark.value,
        "on": mark.tested_on.isoformat(),
        "ledger": names.ledger(mark.ledger),
        "school_code": None if mark.paper else mark.school,
        **({"school_name": mark.school, "paper": True} if mark.paper else {}),
    }


def _schools(
    records: Sequence[PupilRecord], year: SchoolYear, on: date, names: Names
) -> list[dict[str, Any]]:
    """The stays at schools within the year: `from` inclusive, `to` exclusive, null while open.

    A stay ends at the latest where the next ledger's begins: the copy of a released record need
    not hold its own release.
    """
    stays = [
        (start, end, school, record.ledger)
        for record in records
        for start, end, school in _stays(record, on)
        if start < year.end and (end is None or end > year.start)
    ]
    stays.sort(key=lambda stay: stay[0])
    for index, (start, *_, ledger) in enumerate(stays[1:]):
        before = stays[index]
        if before[3] != ledger and (before[1] is None or before[1] > start):
            stays[index] = (before[0], start, before[2], before[3])
    return [
        {
            "school_code": school,
            "name": names.school(ledger, school),
            "ledger": names.ledger(ledger),
            **_province(names, ledger, school, max(start, year.start), on),
            "from": max(start, year.start).isoformat(),
            "to": _closed(end, year, on),
        }
        for start, end, school, ledger in stays
    ]


def _province(names: Names, ledger: UUID, school: str, first_day: date, on: date) -> dict[str, Any]:
    """The school's province as it was on the stay's first day, and as it is on `on`."""
    then, now = (names.province(ledger, school, day) for day in (first_day, on))
    return {
        "province": {"code": then.code, "name": then.name} if then else None,
        "province_now": {"code": now.code, "name": now.name} if now else None,
    }


def _closed(end: date | None, year: SchoolYear, on: date) -> str | None:
    last = year.end if end is None else min(end, year.end)
    return last.isoformat() if last <= on else None


def _stays(record: PupilRecord, on: date) -> list[tuple[date, date | None, str]]:
    """Days [start, end) at one school, from segments that touch each other."""
    stays: list[tuple[date, date | None, str]] = []
    for segment in record.segments(on):
        if segment.school is None or segment.start > on:
            continue
        if stays and stays[-1][1] == segment.start and stays[-1][2] == segment.school:
            stays[-1] = (stays[-1][0], segment.end, segment.school)
        else:
            stays.append((segment.start, segment.end, segment.school))
    return stays
