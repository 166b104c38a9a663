"""What one line about a pupil's year decides: corrections, comments, conduct, absences, decisions.

Each function takes what a line says and returns the decision: from the year's state (its
`school` that of the day) and, for closings, the year's results, to entries; it raises Refused.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import get_args

from ledger import year_decisions
from ledger.assessment import primary
from ledger.assessment.marks import parse_mark
from ledger.assessment.regime import Regulation, require_supported
from ledger.assessment.rulebook import rulebook_of
from ledger.errors import Refused
from ledger.event import Event, Note
from ledger.events.pupil_year import CommentWritten, Period, PeriodClosed, QualityAssessed, Time
from ledger.gradebook import form_of, slot_name, subject_of, term_of
from ledger.pupil_year import PupilYear
from ledger.year_decisions import CorrectMark
from ledger.year_record import PRIMARY, YearRecord

Decide = Callable[[PupilYear, YearRecord | None], list[Event]]

COMMENT_TIMES = ("GK1", "CK1", "HK1", "GK2", "CK2", "HK2", "CN")
"""When a comment is written: the middle or end of a term, a term, the year."""


def correction(
    *,
    subject: str,
    semester: int,
    slot: str,
    value: str,
    old_value: str | None,
    reason: str,
    effective_on: date | None,
) -> Decide:
    """Decides a line of corrections."""

    def decide(year: PupilYear, results: YearRecord | None) -> list[Event]:
        del results
        regulation = Regulation(year.regulation)
        require_supported(regulation)
        found = subject_of(subject, year.grade, year.programme)
        form = form_of(found, slot_name(slot), year)
        return year_decisions.decide_correction(
            year,
            CorrectMark(
                subject=found.key,
                semester=term_of(regulation, semester),
                slot=slot_name(slot),
                value=parse_mark(value, form),
                old_value=parse_mark(old_value, form) if old_value else None,
                reason=reason,
                effective_on=effective_on,
            ),
        )

    return decide


def comment(*, subject: str | None, time: str, text: str, on: date) -> Decide:
    """Decides a line of comments."""

    def decide(year: PupilYear, results: YearRecord | None) -> list[Event]:
        del results
        if time not in COMMENT_TIMES:
            raise Refused(
                "unknown_time",
                "comments are written at a time of the year",
                field="time",
                suggestion=", ".join(COMMENT_TIMES),
            )
        key = subject_of(subject, year.grade, year.programme).key if subject else None
        return [
            CommentWritten(
                effective_on=on,
                school_code=year.school,
                subject=key,
                time=time,
                statutory=Note(text=text),
            )
        ]

    return decide


def conduct(*, period: str, level: str, on: date) -> Decide:
    """Decides a line of training results."""

    def decide(year: PupilYear, results: YearRecord | None) -> list[Event]:
        del results
        return year_decisions.decide_conduct(
            year,
            period=period_code(period),
            level=_conduct_level(level, year, "level"),
            school=year.school,
            on=on,
        )

    return decide


def absences(*, period: str, excused: int, unexcused: int, on: date) -> Decide:
    """Decides a line of absences."""

    def decide(year: PupilYear, results: YearRecord | None) -> list[Event]:
        del results
        return year_decisions.decide_absences(
            year,
            period=period_code(period),
            excused=excused,
            unexcused=unexcused,
            school=year.school,
            on=on,
        )

    return decide


_CLOSINGS: dict[str, Period] = {"close_semester_1": "HK1", "close_year": "CN"}


def decision(
    *, kind: str, subject: str | None, value: str | None, legal_ground: str | None, on: date
) -> Decide:
    """Decides a line of decisions: a closing (with the results of that moment) or a head's
    decision."""

    def decide(year: PupilYear, results: YearRecord | None) -> list[Event]:
        if kind in _CLOSINGS:
            assert results is not None
            return _close(year, results, _CLOSINGS[kind], on)
        key = subject_of(subject, year.grade, year.programme).key if subject else None
        decided = _decided_value(kind, value, key, year)
        return year_decisions.decide_decision(
            year, kind=kind, subject=key, value=decided, legal_ground=legal_ground, on=on
        )

    return decide


def _decided_value(kind: str, value: str | None, key: str | None, year: PupilYear) -> str | None:
    """What a decision states, checked: every later reading of the year computes with it.

    Raises:
        Refused: `missing_value`, `value_without_subject`, and as the marks and levels do.
    """
    if kind == "reassess":
        _require(key, "subject")
        _require(value, "value")
    if kind == "summer_training":
        _require(value, "value")
    if not value:
        return None
    if kind in ("reassess", "missing_term"):
        if key is None:
            raise Refused(
                "value_without_subject",
                "a result is decided for one subject; a missing term of all subjects takes none",
                field="value",
                suggestion="name the subject, or leave the value empty",
            )
        subject = subject_of(key, year.grade, year.programme)
        again = Regulation(year.regulation) in PRIMARY and value.strip().isdigit()
        return parse_mark(value, form_of(subject, "KT_CN" if again else "CN", year))
    if kind == "summer_training":
        return _conduct_level(value, year, "value")
    if kind == "subject_change":
        return subject_of(value, year.grade, year.programme).key
    return value


def _conduct_level(text: str, year: PupilYear, column: str) -> str:
    """The code of a training result or conduct, by the year's regulation."""
    regulation = Regulation(year.regulation)
    require_supported(regulation)
    rules = rulebook_of(regulation)
    if rules is None:
        raise Refused(
            "not_in_regulation",
            f"{regulation} has no training results; primary schools assess qualities",
            field=column,
            suggestion="use qualities.csv in primary schools",
        )
    try:
        return rules.conduct(text)
    except Refused as refused:
        raise Refused(
            refused.code, refused.message, field=column, suggestion=refused.suggestion
        ) from None


def _require(given: str | None, column: str) -> None:
    if not given:
        raise Refused(
            "missing_value", f"column {column} may not be empty for this decision", field=column
        )


def _close(year: PupilYear, results: YearRecord, period: Period, on: date) -> list[Event]:
    if period in year.closed:
        return []
    regulation = Regulation(year.regulation)
    require_supported(regulation)
    if results.strategy is None:
        raise Refused("not_in_regulation", f"{regulation} has no results to close", field="kind")
    if f"{period}/thresholds" in results.missing:
        raise Refused(
            "thresholds_not_configured",
            f"how many subjects {regulation} asks for at 8.0, 6.5 and 5.0 is not known here",
            field="kind",
            suggestion="state the numbers and their source with rules.csv (subjects_at)",
        )
    per_subject = results_of(results, period)
    return [
        PeriodClosed(
            effective_on=on,
            period=period,
            regulation=results.regulation,
            strategy=results.strategy,
            results={subject: result for subject, (result, _) in per_subject.items()},
            missing=tuple(
                f"{subject}/{part}" for subject, (_, parts) in per_subject.items() for part in parts
            ),
            study=results.study[period],
            adjusted=period in results.adjusted,
            conduct=results.conduct[period],
        )
    ]


_Results = Mapping[str, tuple[str | None, tuple[str, ...]]]
"""Subject to its result and what is missing for it."""


def results_of(results: YearRecord, period: str) -> _Results:
    """What a closing of the period states of each subject: its result, what is missing for it."""
    if Regulation(results.regulation) in PRIMARY:
        return _primary(results, period)
    return _secondary(results, period)


def _secondary(results: YearRecord, period: str) -> _Results:
    if period == "CN":
        return {s.subject: (s.reassessed or s.year, s.missing) for s in results.subjects}
    terms = {s.subject: s.semesters[int(period[2:])] for s in results.subjects}
    return {subject: (term.result, term.missing) for subject, term in terms.items()}


def _primary(results: YearRecord, period: str) -> _Results:
    if period == "CN":
        return {s.subject: (s.reassessed or s.year, s.missing) for s in results.subjects}
    found: dict[str, tuple[str | None, tuple[str, ...]]] = {}
    for subject in results.subjects:
        held = subject.times["CK1"].level if subject.times else None
        found[subject.subject] = (held.value, ()) if held else (None, ("CK1",))
    return found


def quality(*, time: str, item: str, level: str, on: date) -> Decide:
    """Decides a line of qualities and competences."""

    def decide(year: PupilYear, results: YearRecord | None) -> list[Event]:
        del results
        regulation = Regulation(year.regulation)
        require_supported(regulation)
        if regulation not in PRIMARY:
            raise Refused(
                "not_in_regulation",
                f"{regulation} assesses no qualities; secondary schools assess training",
                field="item",
                suggestion="use conduct.csv in secondary schools",
            )
        event = QualityAssessed(
            effective_on=on,
            school_code=year.school or None,
            time=_time(time),
            item=primary.find_item(item, regulation),
            level=primary.parse_quality_level(level, regulation),
        )
        return year_decisions.decide_quality(year, event)

    return decide


def _time(text: str) -> Time:
    wanted = text.strip().upper()
    for time in get_args(Time):
        if time == wanted:
            found: Time = time
            return found
    raise Refused(
        "unknown_time",
        "a primary year is assessed at four times",
        field="time",
        suggestion=", ".join(get_args(Time)),
    )


def exemption(*, subject: str, period: str, part: str, ground: str, on: date) -> Decide:
    """Decides a line of exemptions: of a subject's practice, or of the whole subject."""

    def decide(year: PupilYear, results: YearRecord | None) -> list[Event]:
        del results
        key = subject_of(subject, year.grade, year.programme).key
        return year_decisions.decide_exemption(
            year, subject=key, period=period_code(period), part=part, ground=ground, on=on
        )

    return decide


def adaptation(*, levels_asked: bool, left_out: list[str], ground: str, on: date) -> Decide:
    """Decides a line of individual plans: what of the year is not asked of the pupil."""

    def decide(year: PupilYear, results: YearRecord | None) -> list[Event]:
        del results
        keys = [subject_of(name, year.grade, year.programme).key for name in left_out]
        return year_decisions.decide_adaptation(
            year, levels_asked=levels_asked, left_out=tuple(sorted(keys)), ground=ground, on=on
        )

    return decide


def electives(*, subjects: list[str], on: date) -> Decide:
    """Decides a line of electives: the whole choice from that day on."""

    def decide(year: PupilYear, results: YearRecord | None) -> list[Event]:
        del results
        keys = {subject_of(name, year.grade, year.programme).key for name in subjects}
        return year_decisions.decide_electives(year, subjects=tuple(sorted(keys)), on=on)

    return decide


def mention(*, kind: str, code: str | None, text: str, on: date) -> Decide:
    """Decides a line of awards, disciplinary measures, certificates and competitions."""

    def decide(year: PupilYear, results: YearRecord | None) -> list[Event]:
        del results
        return year_decisions.decide_mention(year, kind=kind, code=code, text=text, on=on)

    return decide


def period_code(text: str) -> Period:
    """HK1, HK2 or CN. Raises Refused(`unknown_period`)."""
    wanted = text.strip().upper()
    for period in get_args(Period):
        if period == wanted:
            found: Period = period
            return found
    raise Refused("unknown_period", "a period is HK1, HK2 or CN", field="period")
