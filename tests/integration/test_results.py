"""Results of a school year: counted by unit, opened to names, and never blocked by one record."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ledger.assessment.regime import Regulation
from ledger.batch import Line
from ledger.codes import Programme
from ledger.event import Event
from ledger.events.pupil import HealthMeasured
from ledger.events.pupil_year import MarkEntered
from ledger.gradebook import MarkLine
from ledger.ledger import Ledger
from ledger.movement import Movement, StatusLine, move_pupils
from ledger.plan import Plan
from ledger.pupil import ChangeStatus
from ledger.reader import Reader
from ledger.registration import year_ref
from ledger.subjects import find_subject, required_slots
from ledger.year_commands import absences, conduct, correction, decision, electives
from ledger.year_lines import YearLine, write_years
from projections.persons import Key
from projections.reports.frame import Question
from projections.views import Views
from tests import school
from tests.integration.importing import take, write
from tests.integration.ledger.damage import as_owner

SUBJECTS = (
    *("TOAN", "NGUVAN", "NGOAINGU1", "LSDL", "KHTN", "TINHOC"),
    *("CONGNGHE", "GDCD", "GDTC", "NGHETHUAT", "HDTNHN", "GDDP"),
)
TERM_1 = date(2025, 1, 15)
YEAR_END = date(2025, 5, 31)
AFTER = date(2025, 8, 31)
TERMS = {1: date(2024, 9, 16), 2: date(2025, 1, 20)}


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with school.new_ledger(database) as opened:
        yield opened


@pytest.fixture
def views(ledger: Ledger) -> Views:
    return Views(ledger)


def marks(
    ledger: Ledger,
    pupils: Sequence[UUID],
    score: str,
    *,
    subjects: Sequence[str] = SUBJECTS,
    terms: Sequence[int] = (1, 2),
) -> None:
    """Every slot that the subjects of grade 7 require, all of them `score` or Đ."""
    cells = []
    for name in subjects:
        subject = find_subject(name, 7, Programme.GDPT2018)
        value = score if subject.form(7) == "score" else "Đ"
        slots = required_slots(subject, 7, Programme.GDPT2018, Regulation.TT22_2021)
        for term in terms:
            for number, slot in enumerate(slots):
                on = TERMS[term] + timedelta(days=14 * number)
                cells += [cell(who, name, term, slot, value, on) for who in pupils]
    _, verdicts = school.hand_in(ledger, cells)
    assert {verdict.fate for verdict in verdicts} == {"accepted"}


def cell(who: UUID, subject: str, term: int, slot: str, value: str, on: date) -> MarkLine:
    return MarkLine(
        pupil=who,
        class_code=school.CLASS,
        subject=subject,
        semester=term,
        slot=slot,
        value=value,
        effective_on=on,
        sheet=None,
    )


def lines(ledger: Ledger, who: UUID, *decide: Any, on: date, results: bool = False) -> None:
    wanted = [
        YearLine(pupil=who, school_year=school.YEAR, decide=one, on=on, needs_results=results)
        for one in decide
    ]
    outcome = ledger.carry_out(write_years, school.numbered(wanted), who=school.operator(ledger))
    school.sound(outcome)


def decided(kind: str, on: date, subject: str | None = None, value: str | None = None) -> Any:
    return decision(kind=kind, subject=subject, value=value, legal_ground=None, on=on)


def whole_year(ledger: Ledger, pupils: Sequence[UUID], score: str = "8.5") -> None:
    """Marks, training and absences of both terms."""
    marks(ledger, pupils, score)
    for who in pupils:
        for period, on in (("HK1", TERM_1), ("HK2", date(2025, 5, 25))):
            counted = absences(period=period, excused=1, unexcused=0, on=on)
            lines(ledger, who, conduct(period=period, level="T", on=on), counted, on=on)


def close(ledger: Ledger, who: UUID, kind: str = "close_year", on: date = YEAR_END) -> None:
    lines(ledger, who, decided(kind, on), on=on, results=True)


def results(views: Views, on: date = YEAR_END, **question: Any) -> dict[str, Any]:
    known_at = question.pop("known_at", None)
    return views.report("results", Question(on=on, **question), known_at=known_at)


def count(answer: dict[str, Any], period: str, kind: str, unit: str = "S1") -> dict[str, int]:
    return {
        row["code"]: row["count"]
        for row in answer["rows"]
        if (row["unit_code"], row["period"], row["kind"]) == (unit, period, kind)
    }


def told(answer: dict[str, Any]) -> list[tuple[str, str | None]]:
    return sorted((one["reason"], one["pupil_id"]) for one in answer["exceptions"])


# --- counting ------------------------------------------------------------------------------------


def test_a_class_counts_by_level_promotion_and_title_at_the_school_and_above(
    ledger: Ledger, views: Views
) -> None:
    good, fair = school.class_of(ledger, 2)
    whole_year(ledger, [good])
    whole_year(ledger, [fair], "7.0")
    answer = results(views)
    for unit in ("S1", "31"):
        assert count(answer, "CN", "study", unit) == {"T": 1, "K": 1}
        assert count(answer, "CN", "conduct", unit) == {"T": 2}
        assert count(answer, "CN", "promotion", unit) == {"promoted": 2}
        assert count(answer, "CN", "title", unit) == {"good": 1}
        assert count(answer, "HK1", "study", unit) == {"T": 1, "K": 1}
    assert {(row["level"], row["grade"], row["regulation"]) for row in answer["rows"]} == {
        ("THCS", 7, "TT22_2021")
    }
    assert answer["totals"]["pupils"] == 2
    assert answer["totals"]["study"]["CN"] == {"K": 1, "T": 1}
    assert answer["exceptions"] == []


def test_every_due_result_of_every_pupil_stands_in_exactly_one_row(
    ledger: Ledger, views: Views
) -> None:
    pupils = school.class_of(ledger, 5)
    whole_year(ledger, pupils[:3])
    marks(ledger, pupils[3:4], "5.0", terms=(1,))
    answer = results(views, listing=True)
    for period in ("HK1", "HK2", "CN"):
        missing = count(answer, period, "missing")
        for kind in ("study", "conduct", "promotion"):
            if kind == "promotion" and period != "CN":
                continue
            there = sum(count(answer, period, kind).values())
            assert there + missing.get(kind, 0) == 5, (period, kind)
    for row in answer["rows"]:
        cell = {name: row[name] for name in ("level", "grade", "period", "kind", "code")}
        behind = [
            one
            for one in answer["list"]
            if row["unit_code"] in one["units"] and cell.items() <= one.items()
        ]
        assert len(behind) == row["count"], row
        assert all(one["full_name"] and one["pupil_key"] for one in behind)


def test_what_is_due_follows_the_day_and_the_occasion_goes_before_it(
    ledger: Ledger, views: Views
) -> None:
    (who,) = school.class_of(ledger, 1)
    marks(ledger, [who], "8.0", terms=(1,))
    assert results(views, date(2024, 11, 1))["rows"] == []
    first = results(views, TERM_1)
    assert first["due"] == ["HK1"]
    assert count(first, "HK1", "study") == {"T": 1}
    assert count(first, "HK1", "missing") == {"conduct": 1}
    assert not any(row["period"] == "CN" for row in first["rows"])
    early = results(views, date(2025, 1, 3), preset="end_of_term_1")
    assert early["due"] == ["HK1"]


def test_before_and_after_reassessment_are_two_days_of_the_same_pupils(
    ledger: Ledger, views: Views
) -> None:
    weak, gone = school.class_of(ledger, 2)
    whole_year(ledger, [gone])
    others = [name for name in SUBJECTS if name not in ("TOAN", "NGUVAN", "GDCD")]
    marks(ledger, [weak], "5.0", subjects=others)
    marks(ledger, [weak], "3.0", subjects=["TOAN", "NGUVAN", "GDCD"])
    for period, on in (("HK1", TERM_1), ("HK2", date(2025, 5, 25))):
        counted = absences(period=period, excused=0, unexcused=0, on=on)
        lines(ledger, weak, conduct(period=period, level="K", on=on), counted, on=on)
    for subject in ("TOAN", "NGUVAN", "GDCD"):
        again = decided("reassess", date(2025, 7, 20), subject, "5.5")
        lines(ledger, weak, again, on=date(2025, 7, 20))
    change = ChangeStatus(kind="complete", school_code="S1", effective_on=date(2025, 6, 20))
    leaving: list[Line[Movement]] = [Line(1, StatusLine(pupil=gone, change=change))]
    school.sound(ledger.carry_out(move_pupils, leaving, who=school.operator(ledger)))
    before, after = results(views), results(views, AFTER, school_year=school.YEAR)
    assert count(before, "CN", "study") == {"CĐ": 1, "T": 1}
    assert count(before, "CN", "promotion") == {"pending": 1, "promoted": 1}
    assert count(after, "CN", "study") == {"Đ": 1, "T": 1}
    assert count(after, "CN", "promotion") == {"promoted": 2}
    assert (after["counted_on"], after["totals"]["pupils"]) == ("2025-05-31", 2)
    assert after["exceptions"] == []  # each subject needed its re-assessment


def test_the_report_says_of_each_pupil_what_the_transcript_says(
    ledger: Ledger, views: Views
) -> None:
    pupils = school.class_of(ledger, 6)
    chance = random.Random("results and transcripts")
    for who in pupils:
        whole_year(ledger, [who], f"{chance.randrange(35, 100) / 10}")
    found: Counter[tuple[str, str, str]] = Counter()
    for number in range(6):
        (year,) = views.transcript(Key("local", f"P{number}"), on=YEAR_END)["years"]
        for period in ("HK1", "HK2", "CN"):
            found[period, "study", year["study"][period]] += 1
            found[period, "conduct", year["conduct"][period]] += 1
        found["CN", "promotion", year["promotion"]] += 1
        if year["title"]:
            found["CN", "title", year["title"]] += 1
    answer = results(views)
    rows = [row for row in answer["rows"] if row["unit_code"] == "S1"]
    assert {(r["period"], r["kind"], r["code"]): r["count"] for r in rows} == dict(found)


# --- what is unsound -----------------------------------------------------------------------------


def damage_a_mark(database: str, ledger: Ledger, who: UUID) -> int:
    """One byte of the pupil's first mark is another now; its position."""
    with as_owner(database) as owner:
        row = owner.execute(
            "UPDATE ledger.entry SET body = set_byte(body, 40, (get_byte(body, 40) + 1) %% 256) "
            "WHERE position = (SELECT min(e.position) FROM ledger.entry e JOIN ledger.stream s "
            "ON s.no = e.stream WHERE s.person = %s AND e.topic = %s) RETURNING position",
            (who, MarkEntered.TOPIC),
        ).fetchone()
    assert row is not None
    return int(row[0])


def force(ledger: Ledger, who: UUID, event: Event) -> None:
    """An entry that no rule let in."""

    def decide(reader: Reader) -> Plan:
        plan = Plan()
        reader.years([(who, school.YEAR)])
        plan.add(year_ref(reader, who, school.YEAR), [event])
        return plan

    ledger.desk.run(decide, who=school.operator(ledger))


def foreign_mark(**changed: Any) -> MarkEntered:
    facts: dict[str, Any] = {
        **{"effective_on": school.TEST_DAY, "school_code": "S1", "class_code": school.CLASS},
        **{"subject": "TIENGVIET", "form": "score", "semester": 1, "slot": "TX1"},
        **{"value": "8.0", "required": ("TX1",), "components": (), "sheet": "x", "salt": "00"},
    }
    return MarkEntered.model_validate({**facts, **changed})


def test_two_broken_records_in_a_class_are_listed_and_the_other_totals_are_right(
    ledger: Ledger, views: Views, database: str
) -> None:
    *sound, broken, mixed, absurd = school.class_of(ledger, 6)
    whole_year(ledger, [*sound, broken, mixed, absurd])
    position = damage_a_mark(database, ledger, broken)
    force(ledger, mixed, foreign_mark())
    force(ledger, absurd, foreign_mark(subject="TOAN", slot="CK", value="Đạt"))
    answer = results(views)
    assert count(answer, "CN", "study") == {"T": 3}
    assert count(answer, "CN", "missing") == {"study": 3, "conduct": 3, "promotion": 3}
    assert (answer["totals"]["pupils"], answer["totals"]["left_out"]) == (6, 3)
    assert told(answer) == sorted(
        [
            ("entry_unreadable", str(broken)),
            ("subject_not_in_grade", str(mixed)),
            ("year_not_computable", str(absurd)),
        ]
    )
    by_reason = {one["reason"]: one for one in answer["exceptions"]}
    assert all(one["mend"] and one["where"] == "S1/7A1" for one in answer["exceptions"])
    assert by_reason["entry_unreadable"]["position"] == position
    assert by_reason["subject_not_in_grade"]["detail"] == "TIENGVIET"


def test_a_missing_result_names_what_it_waits_for(ledger: Ledger, views: Views) -> None:
    full, lacking = school.class_of(ledger, 2)
    whole_year(ledger, [full])
    marks(ledger, [lacking], "8.0", subjects=[n for n in SUBJECTS if n != "KHTN"], terms=(1,))
    cells = [
        cell(lacking, "KHTN", 1, slot, "8.0", TERMS[1])
        for slot in ("TX1", "TX2", "TX3", "TX4", "GK")
    ]
    school.hand_in(ledger, cells)
    answer = results(views, TERM_1)
    (missing,) = answer["exceptions"]
    assert (missing["reason"], missing["pupil_id"]) == ("result_missing", str(lacking))
    assert missing["detail"] == "HK1/study: KHTN (CK); HK1/conduct: HK1"
    assert missing["results"] == ["HK1/study", "HK1/conduct"]


def test_a_compulsory_subject_without_marks_is_told_of_the_pupil_or_once_of_the_class(
    ledger: Ledger, views: Views
) -> None:
    one, two = school.class_of(ledger, 2)
    marks(ledger, [one], "8.0", subjects=[n for n in SUBJECTS if n != "GDDP"], terms=(1,))
    marks(
        ledger,
        [two],
        "8.0",
        subjects=[n for n in SUBJECTS if n not in ("GDDP", "TOAN")],
        terms=(1,),
    )
    answer = results(views, TERM_1)
    found = {
        (x["pupil_id"], x["detail"])
        for x in answer["exceptions"]
        if x["reason"] == "subject_without_marks"
    }
    assert found == {(None, "GDDP"), (str(two), "TOAN")}
    assert all(
        x["reason"] != "subject_without_marks"
        for x in results(views, date(2024, 11, 1))["exceptions"]
    )


def test_a_chosen_elective_without_marks_is_told_as_a_compulsory_subject_is(
    ledger: Ledger, views: Views
) -> None:
    chose, other = school.class_of(ledger, 2)
    marks(ledger, [chose, other], "8.0", terms=(1,))
    day = date(2024, 9, 10)
    lines(ledger, chose, electives(subjects=["NGOAINGU2"], on=day), on=day)
    found = [
        (x["pupil_id"], x["subjects"])
        for x in results(views, TERM_1)["exceptions"]
        if x["reason"] == "subject_without_marks"
    ]
    assert found == [(str(chose), ["NGOAINGU2"])]


def test_decisions_that_the_rule_gives_no_occasion_for_are_told(
    ledger: Ledger, views: Views
) -> None:
    absent, again, sound = school.class_of(ledger, 3)
    whole_year(ledger, [absent, again, sound])
    day = date(2025, 5, 26)
    many = absences(period="HK2", excused=46, unexcused=0, on=day)
    lines(ledger, absent, many, decided("promote", day), on=day)
    lines(ledger, sound, decided("promote", day), on=day)
    lines(ledger, again, decided("reassess", day, "TOAN", "9.0"), on=day)
    lines(ledger, again, decided("reassess", day, "GDTC", "Đ"), on=day)
    answer = results(views)
    found = [(x["reason"], x["pupil_id"], x["detail"]) for x in answer["exceptions"]]
    assert sorted(found) == [
        ("promoted_against_rule", str(absent), "too_many_absences"),
        ("reassessed_without_need", str(again), "GDTC"),
        ("reassessed_without_need", str(again), "TOAN"),
    ]
    assert count(answer, "CN", "promotion") == {"promoted": 3}


def test_a_closing_that_the_entries_no_longer_give_is_told_and_the_figures_are_todays(
    ledger: Ledger, views: Views
) -> None:
    same, changed = school.class_of(ledger, 2)
    whole_year(ledger, [same, changed], "8.0")
    for who in (same, changed):
        close(ledger, who, "close_semester_1", TERM_1)
        close(ledger, who)
    force_correction(ledger, changed)
    answer = results(views)
    differences = {
        (x["period"], x["field"]): (x["closed"], x["now"], x["decided_after"])
        for x in answer["exceptions"]
    }
    assert {x["pupil_id"] for x in answer["exceptions"]} == {str(changed)}
    assert {x["reason"] for x in answer["exceptions"]} == {"closing_differs"}
    assert differences["HK1", "results/TOAN"] == ("8.0", "7.3", False)
    assert differences["HK1", "study"] == ("T", "K", False)
    assert count(answer, "HK1", "study") == {"T": 1, "K": 1}


def force_correction(ledger: Ledger, who: UUID) -> None:
    """Mathematics of term 1 loses its 8.0 in the final test, three more lose theirs."""
    for subject in ("TOAN", "NGUVAN", "KHTN"):
        mended = correction(
            subject=subject,
            semester=1,
            slot="CK",
            value="6.0",
            old_value=None,
            reason="nhập nhầm",
            effective_on=None,
        )
        lines(ledger, who, mended, on=school.TEST_DAY)


def test_what_was_known_then_stays(ledger: Ledger, views: Views) -> None:
    pupils = school.class_of(ledger, 2)
    whole_year(ledger, pupils, "8.0")
    then = results(views)
    force_correction(ledger, pupils[0])
    assert results(views)["digest"] != then["digest"]
    again = results(views, known_at=then["known_at"]["position"])
    assert again == then


# --- nutrition in the frame ----------------------------------------------------------------------


def test_nutrition_counts_at_every_unit_above_and_each_count_opens(
    ledger: Ledger, views: Views, tmp_path: Path
) -> None:
    school.class_of(ledger, 4)
    header = "pupil_key,measured_on,height_cm,weight_kg,position,vision_left,vision_right,findings"
    measured = [f"P{n},2024-10-30,{150 - 30 * n},40,standing,,," for n in range(3)]
    assert take(ledger, write(tmp_path, "health.csv", header, *measured))[0] == 0
    answer = views.report("nutrition", Question(on=TERM_1, listing=True))
    assert len(answer["rows"]) > len({row["unit_code"] for row in answer["rows"]}) > 1
    keys = ("level", "grade", "sex", "indicator", "channel")
    for row in answer["rows"]:
        behind = [
            one
            for one in answer["list"]
            if row["unit_code"] in one["units"] and all(one.get(k) == row[k] for k in keys)
        ]
        assert len({one["pupil_id"] for one in behind}) == len(behind) == row["count"]
        assert all(one["full_name"] for one in behind)
    (unmeasured,) = [one for one in answer["list"] if one["column"] == "unmeasured"]
    assert unmeasured["pupil_key"] == "P3"
    alone = views.report("nutrition", Question(on=TERM_1, unit="S1"))
    assert alone["rows"] == [row for row in answer["rows"] if row["unit_code"] == "S1"]


def test_nutrition_comes_out_though_a_measurement_cannot_be_read(
    ledger: Ledger, views: Views, database: str, tmp_path: Path
) -> None:
    pupils = school.class_of(ledger, 3)
    header = "pupil_key,measured_on,height_cm,weight_kg,position,vision_left,vision_right,findings"
    file = write(
        tmp_path, "health.csv", header, *(f"P{n},2024-10-30,150,40,standing,,," for n in range(2))
    )
    assert take(ledger, file)[0] == 0
    with as_owner(database) as owner:
        owner.execute(
            "UPDATE ledger.entry e SET body = set_byte(body, 40, (get_byte(body, 40) + 1) %% 256) "
            "FROM ledger.stream s WHERE s.no = e.stream AND s.id = %s AND e.topic = %s",
            (pupils[0], HealthMeasured.TOPIC),
        )
    answer = views.report("nutrition", Question(on=TERM_1, listing=True))
    assert answer["totals"] == {"pupils": 2, "measured": 1, "unmeasured": 1, "excepted": 0}
    assert told(answer) == [("entry_unreadable", str(pupils[0]))]
    assert {row["measured"] for row in answer["rows"] if row["unit_code"] == "S1"} == {1}
    unmeasured = [one["pupil_id"] for one in answer["list"] if one["column"] == "unmeasured"]
    assert unmeasured == [str(pupils[2])]
