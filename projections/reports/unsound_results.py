"""What is unsound about the results behind a report: each pupil with the reason and the mend.

    entry_unreadable        an entry of the year cannot be read: the pupil's results count nowhere
    year_not_computable     the rules cannot make anything of what is on record
    subject_not_in_grade    marks of a subject that the grade and programme do not have
    thresholds_not_configured   the regulation's own numbers are not known to this system
    result_missing          a result that is due is not there; `detail` names what it waits for
    closing_differs         a closing says other than what the entries give now
    subject_without_marks   a compulsory or chosen subject without any mark; of a whole class told
                            once
    promoted_against_rule   the head promoted a pupil whom the rule retains; `detail` says why
    reassessed_without_need a subject re-assessed though its year was passed

Only the first three keep a pupil's results out of the counts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from ledger import contribution as parts_of
from ledger.assessment.marks import EXEMPT, NOT_PASSED, PASSED
from ledger.codes import Programme
from ledger.compulsory import lacking
from ledger.events.pupil_year import PeriodClosed
from ledger.subjects import SUBJECTS
from ledger.year_commands import results_of
from ledger.year_record import PRIMARY, SubjectResult, YearRecord
from projections.reports.counting import Counted
from projections.reports.frame import Source, exception
from projections.year_reader import Trouble, YearRead

MENDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "entry_unreadable": "run `hocba verify`; restore the entry from a backup",
        "year_not_computable": "see the year with `hocba audit`; correct the entry at fault",
        "subject_not_in_grade": "see the marks with `hocba audit`; correct class, grade or subject",
        "thresholds_not_configured": "state the numbers with rules.csv (subjects_at), then close",
        "result_missing": "enter what is missing, or have the head decide (decisions.csv)",
        "closing_differs": "have the head reopen the period and close it again, or undo the change",
        "promoted_against_rule": "see the ground of the decision; else decide retain",
        "reassessed_without_need": "see the ground of the decision; else correct its subject",
        "subject_without_marks": "enter the marks, or record why the subject is not asked",
    }
)
_PASS: Final = Decimal("5.0")
_REASSESSED = ("reassess", "summer_training", "promote", "retain")


@dataclass(slots=True)
class _Class:
    """The pupils of one class (or of a school without classes) who lack subjects."""

    looked_at: int = 0
    lacking: dict[str, list[Counted]] = field(default_factory=dict)


class UnsoundResults:
    """Looks at one pupil's year after the other; tells at the end what was found."""

    def __init__(self, source: Source, due: Sequence[str]) -> None:
        """`due` are the periods whose results are due."""
        self._source = source
        self._due = due
        self._found: list[dict[str, Any]] = []
        self._classes: dict[tuple[str, str | None], _Class] = {}

    def look_at(self, who: Counted, read: YearRead) -> bool:
        """Notes what is wrong; whether the pupil's results can be counted."""
        trouble = read.trouble or _impossible(read.record)
        if trouble is not None:
            more = {} if trouble.position is None else {"position": trouble.position}
            self._tell(who, trouble.code, detail=trouble.detail, **more)
            return False
        if read.record is not None:
            self._look_for_subjects(who, read)
            self._look_at_decisions(who, read)
            for closing in read.closings.values():
                self._compare(who, read, read.record, closing)
        missing = dict(_missing(read.record, self._due))
        if missing:
            reason = "result_missing"
            if any("thresholds" in waits for waits in missing.values()):
                reason = "thresholds_not_configured"
            parts = [f"{kind}: {', '.join(waits)}" for kind, waits in missing.items()]
            self._tell(who, reason, detail="; ".join(parts), results=list(missing))
        return True

    def exceptions(self) -> Iterator[dict[str, Any]]:
        """Everything found; subjects that a whole class lacks are told once, of the class."""
        yield from self._found
        for known in self._classes.values():
            whole = [
                subject
                for subject, pupils in known.lacking.items()
                if len(pupils) == known.looked_at and len(pupils) > 1
            ]
            if whole:
                yield self._of_class(known.lacking[whole[0]][0], whole, known.looked_at)
            single: dict[Counted, list[str]] = {}
            for subject in known.lacking.keys() - set(whole):
                for who in known.lacking[subject]:
                    single.setdefault(who, []).append(subject)
            for who, subjects in single.items():
                subjects.sort()
                yield self._exception(
                    who, "subject_without_marks", detail=", ".join(subjects), subjects=subjects
                )

    def _look_for_subjects(self, who: Counted, read: YearRead) -> None:
        record = read.record
        if record is None or not self._due or not record.levels_asked:
            return
        known = self._classes.setdefault((who.school, who.class_code), _Class())
        known.looked_at += 1
        written = {subject.subject for subject in record.subjects}
        wanted = set(lacking(written, record.grade, Programme(record.programme)))
        wanted |= (parts_of.electives(read.parts) or frozenset()) - written
        for subject in wanted:
            known.lacking.setdefault(subject, []).append(who)

    def _look_at_decisions(self, who: Counted, read: YearRead) -> None:
        """Decisions that the rule gives no occasion for: they stand, and are told of."""
        record = read.record
        if record is None:
            return
        if (record.promotion, record.promotion_by_rule) == ("promoted", "retained"):
            self._tell(who, "promoted_against_rule", detail=", ".join(record.promotion_reasons))
        for subject in record.subjects:
            if subject.reassessed is not None and _passed(subject):
                self._tell(who, "reassessed_without_need", detail=subject.subject)

    def _compare(
        self, who: Counted, read: YearRead, record: YearRecord, closing: PeriodClosed
    ) -> None:
        """A closing stays what it was: where the entries give something else now, it is told,
        and whether a head's decision after it is the cause."""
        decided_after = any(
            decision.kind in _REASSESSED and decision.on >= closing.effective_on
            for decision in parts_of.decisions(read.parts)
        )
        for what, closed, now in _differences(record, closing):
            self._tell(
                who,
                "closing_differs",
                detail=f"{closing.period} {what}: {closed} → {now}",
                period=closing.period,
                field=what,
                closed=closed,
                now=now,
                decided_after=decided_after,
            )

    def _tell(self, who: Counted, reason: str, **more: Any) -> None:
        self._found.append(self._exception(who, reason, **more))

    def _exception(self, who: Counted, reason: str, **more: Any) -> dict[str, Any]:
        return exception(
            who.pupil,
            _where(who),
            reason,
            MENDS[reason],
            unit_code=self._unit(who),
            **more,
        )

    def _of_class(self, who: Counted, subjects: list[str], count: int) -> dict[str, Any]:
        return exception(
            None,
            _where(who),
            "subject_without_marks",
            MENDS["subject_without_marks"],
            unit_code=self._unit(who),
            detail=", ".join(subjects),
            subjects=subjects,
            count=count,
        )

    def _unit(self, who: Counted) -> str:
        return self._source.places.path(who.school)[0].code


def _passed(subject: SubjectResult) -> bool:
    """Whether the year needed no re-assessment, which is for an average below 5.0 or CĐ (TT
    22/2021 Điều 14; TT 58/2011 Điều 16). Of primary years the levels do not say."""
    if subject.year is None or subject.form == "level":
        return False
    if subject.year in (EXEMPT, PASSED, NOT_PASSED):
        return subject.year != NOT_PASSED
    return Decimal(subject.year) >= _PASS


def _where(who: Counted) -> str:
    return f"{who.school}/{who.class_code}" if who.class_code else who.school


def _impossible(record: YearRecord | None) -> Trouble | None:
    """Subjects that the pupil's grade and programme do not have; those on paper stand apart."""
    if record is None:
        return None
    try:
        programme = Programme(record.programme)
    except ValueError:
        return Trouble("year_not_computable", "unknown_programme", None)
    foreign = sorted(
        subject.subject
        for subject in record.subjects
        if not _taught(subject.subject, record.grade, programme)
        and f"{subject.subject}/1" not in record.from_paper
        and f"{subject.subject}/2" not in record.from_paper
    )
    return Trouble("subject_not_in_grade", ", ".join(foreign), None) if foreign else None


def _taught(key: str, grade: int, programme: Programme) -> bool:
    return key in SUBJECTS and SUBJECTS[key].taught_in(grade, programme)


def _missing(
    record: YearRecord | None, due: Sequence[str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """("HK1/study", what it waits for) of every result that is due and not there."""
    if record is None:
        if due:
            yield "year", ("nothing on record",)
        return
    primary = record.regulation in PRIMARY
    for period in due:
        if primary and period != "CN":
            continue
        if record.levels_asked and record.study[period] is None:
            yield f"{period}/study", tuple(_waits_for(record, period))
        if not primary and record.conduct[period] is None:
            yield f"{period}/conduct", (period,)
    if "CN" in due and record.promotion is None:
        yield "CN/promotion", record.promotion_reasons or ("CN/study",)


def _waits_for(record: YearRecord, period: str) -> Iterable[str]:
    """Each subject that has no result in the period, with its empty slots in brackets."""
    parts = {subject: slots for subject, (_, slots) in results_of(record, period).items()}
    for name in record.missing:
        at, _, subject = name.partition("/")
        if at == period:
            slots = parts.get(subject, ())
            yield f"{subject} ({', '.join(slots)})" if slots else subject


def _differences(
    record: YearRecord, closing: PeriodClosed
) -> Iterator[tuple[str, str | None, str | None]]:
    """(what, as closed, as the entries give it now)."""
    for what, closed, now in (
        ("regulation", closing.regulation, record.regulation),
        ("study", closing.study, record.study[closing.period]),
        ("conduct", closing.conduct, record.conduct[closing.period]),
    ):
        if closed != now:
            yield what, closed, now
    results = {
        subject: result for subject, (result, _) in results_of(record, closing.period).items()
    }
    for subject in sorted(closing.results.keys() | results.keys()):
        closed, now = closing.results.get(subject), results.get(subject)
        if closed != now:
            yield f"results/{subject}", closed, now
