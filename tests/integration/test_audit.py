"""The audit: every entry, what it changed, who and why."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from ledger.batch import Line
from ledger.errors import NotFound
from ledger.ledger import Ledger
from ledger.log import head
from ledger.registration import record_pupils
from ledger.school_class import OpenClass
from ledger.structure import open_classes
from ledger.year_commands import comment, conduct, correction, decision
from ledger.year_lines import YearLine, write_years
from projections.audit.reading import AuditQuestion
from projections.audit.scope import Scope
from projections.persons import Key
from projections.views import Views
from tests import school

P0 = Key("local", "P0")
KEK = bytes(range(32))


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with school.new_ledger(database, kek=KEK) as opened:
        school.class_of(opened, 1)
        yield opened


def entries(ledger: Ledger, kind: str) -> list[dict[str, Any]]:
    told = Views(ledger).audit(P0)["entries"]
    return [entry for entry in told if entry["type"] == kind]


def write(ledger: Ledger, decide: Any) -> None:
    pupil = school.find(ledger, ["P0"])[0]
    line = YearLine(pupil=pupil, school_year=school.YEAR, decide=decide, on=school.TEST_DAY)
    who = school.operator(ledger)
    school.sound(ledger.carry_out(write_years, [Line(1, line, None, "GV1")], who=who))


def test_a_correction_tells_before_after_who_and_why(ledger: Ledger) -> None:
    school.sound(school.hand_in(ledger, [school.mark(school.find(ledger, ["P0"])[0])]))
    write(
        ledger,
        correction(
            subject="TOAN",
            semester=1,
            slot="TX1",
            value="9",
            old_value=None,
            reason="nhập nhầm",
            effective_on=None,
        ),
    )
    (entered,) = entries(ledger, "MarkEntered")
    assert (entered["before"], entered["after"]) == (None, "8.0")
    (corrected,) = entries(ledger, "MarkCorrected")
    assert (corrected["before"], corrected["after"]) == ("8.0", "9.0")
    assert (corrected["subject"], corrected["semester"], corrected["slot"]) == ("TOAN", 1, "TX1")
    assert (corrected["recorded_by"], corrected["on_behalf_of"]) == ("operator", "GV1")
    assert corrected["reason"] == "nhập nhầm"
    assert corrected["ledger"] == "31"
    assert corrected["origin_position"] is None
    assert "origin_recorded_at" not in corrected


def test_a_change_of_profile_shows_the_changed_fields_only(ledger: Ledger) -> None:
    changed = school.record_pupil("P0", school.profile("Nguyễn Văn Mới"))
    school.sound(ledger.carry_out(record_pupils, [Line(1, changed)], who=school.operator(ledger)))
    (entry,) = entries(ledger, "PupilDetailsChanged")
    assert entry["before"] == {"full_name": "Nguyễn Văn P0"}
    assert entry["after"] == {"full_name": "Nguyễn Văn Mới"}


def test_an_enrolment_tells_school_and_class(ledger: Ledger) -> None:
    (entry,) = entries(ledger, "PupilEnrolled")
    assert entry["before"] == {"school_code": None, "class_code": None}
    assert entry["after"] == {"school_code": "S1", "class_code": "7A1", "kind": "start"}


def test_a_comment_tells_its_text_and_the_one_before(ledger: Ledger) -> None:
    for text in ("chăm", "rất chăm"):
        write(ledger, comment(subject="TOAN", time="GK1", text=text, on=school.TEST_DAY))
    first, second = entries(ledger, "CommentWritten")
    assert (first["before"], first["after"]) == (None, "chăm")
    assert (second["before"], second["after"]) == ("chăm", "rất chăm")
    assert second["reason"] is None


def test_from_is_exclusive_and_to_inclusive(ledger: Ledger) -> None:
    told = Views(ledger).audit(P0)["entries"]
    positions = [entry["position"] for entry in told]
    assert positions == sorted(positions)
    part = Views(ledger).audit(P0, since=positions[0], until=positions[2])
    assert [entry["position"] for entry in part["entries"]] == positions[1:3]
    assert part["entries"] == told[1:3]
    assert part["known_at"]["position"] == positions[2]


def test_an_erased_pupils_audit_keeps_its_entries_without_personal_fields(ledger: Ledger) -> None:
    pupil = school.find(ledger, ["P0"])[0]
    write(ledger, comment(subject=None, time="GK1", text="chăm", on=date(2024, 11, 1)))
    count = len(Views(ledger).audit(P0)["entries"])
    with ledger.database.connection() as connection:
        connection.execute("DELETE FROM vault.data_key WHERE person = %s", (pupil,))
    with Ledger.open(ledger.database.url, kek=KEK) as again:
        told = Views(again).audit(P0)
    assert len(told["entries"]) == count
    assert told["pupil_key"] is None
    assert "chăm" not in str(told)
    assert "Nguyễn" not in str(told)


def close(ledger: Ledger, kind: str, on: date) -> None:
    pupil = school.find(ledger, ["P0"])[0]
    decide = decision(kind=kind, subject=None, value=None, legal_ground=None, on=on)
    line = YearLine(pupil=pupil, school_year=school.YEAR, decide=decide, needs_results=True, on=on)
    school.sound(ledger.carry_out(write_years, [Line(1, line)], who=school.operator(ledger)))


def term(ledger: Ledger, *, final: str) -> None:
    """All marks of mathematics in term 1: an average of 7.9 with a final test of 7.6."""
    pupil = school.find(ledger, ["P0"])[0]
    slots = {**dict.fromkeys(("TX1", "TX2", "TX3", "TX4", "GK"), "8.0"), "CK": final}
    cells = [school.mark(pupil, value, slot=slot) for slot, value in slots.items()]
    school.sound(school.hand_in(ledger, cells))


def put_right(value: str, slot: str = "CK") -> Any:
    return correction(
        subject="TOAN",
        semester=1,
        slot=slot,
        value=value,
        old_value=None,
        reason="chấm lại",
        effective_on=None,
    )


def test_a_correction_after_closing_tells_the_threshold_it_crossed(ledger: Ledger) -> None:
    term(ledger, final="7.6")
    close(ledger, "close_semester_1", date(2025, 1, 17))
    write(ledger, put_right("8.0"))
    (corrected,) = entries(ledger, "MarkCorrected")
    assert corrected["flags"] == [
        *("after_closing", "threshold", "typed_by_other", "late", "result_changed")
    ]
    averages = [one for one in corrected["result_changed"] if one["result"] == "average"]
    assert averages == [
        {
            "result": "average",
            "subject": "TOAN",
            "period": "HK1",
            "before": "7.9",
            "after": "8.0",
            "crossed": True,
        }
    ]
    entered = entries(ledger, "MarkEntered")
    assert not any({"after_closing", "threshold"} & set(one["flags"]) for one in entered)


def test_flags_choose_the_entries(ledger: Ledger) -> None:
    term(ledger, final="7.6")
    write(ledger, put_right("7.7"))
    asked = AuditQuestion(flags=frozenset({"threshold"}))
    assert Views(ledger).audit(P0, asked=asked)["entries"] == []
    write(ledger, put_right("9.0"))
    (found,) = Views(ledger).audit(P0, asked=asked)["entries"]
    assert found["after"] == "9.0"
    never = AuditQuestion(flags=frozenset({"late"}), late_after=100_000)
    assert Views(ledger).audit(P0, asked=never)["entries"] == []


def lines_of(ledger: Ledger, scope: Scope, **given: Any) -> list[dict[str, Any]]:
    with Views(ledger).audit_of(scope, **given) as found:
        return list(found.lines)


def test_a_class_and_a_unit_tell_all_their_pupils_and_their_own_entries(ledger: Ledger) -> None:
    term(ledger, final="8.0")
    of_class = lines_of(ledger, Scope("class", school.CLASS))
    assert {line["pupil_key"] for line in of_class} == {None, "P0"}
    sheets = [line for line in of_class if line["type"] == "GradeSheetSubmitted"]
    assert [line["after"]["count"] for line in sheets] == [1] * 6
    for unit in (school.SCHOOL, "31"):
        told = lines_of(ledger, Scope("unit", unit))
        positions = {line["position"] for line in told}
        assert {line["position"] for line in of_class} <= positions
        assert len(positions) == len(told)
    known = Views(ledger).audit(P0)["entries"]
    assert [line["position"] for line in told if line["pupil_key"] == "P0"] == [
        entry["position"] for entry in known
    ]


def test_a_unit_and_a_class_that_nobody_knows_are_not_found(ledger: Ledger) -> None:
    for scope, code in (
        (Scope("unit", "X"), "unknown_unit"),
        (Scope("class", "X"), "unknown_class"),
    ):
        with pytest.raises(NotFound) as error:
            lines_of(ledger, scope)
        assert error.value.code == code


def test_what_another_class_wrote_is_not_the_first_ones(ledger: Ledger) -> None:
    opened = OpenClass(
        code="7A2",
        school_code=school.SCHOOL,
        school_year=school.YEAR,
        grade=7,
        name="7A2",
        programme="GDPT2018",
    )
    school.sound(ledger.carry_out(open_classes, [Line(1, opened)], who=school.operator(ledger)))
    pupils = school.find(ledger, ["P0"])
    school.sound(school.hand_in(ledger, [school.mark(pupils[0])]))
    school.enrol(
        ledger, pupils, class_code="7A2", on=date(2024, 11, 1), kind="class_change", note="theo đơn"
    )
    write(ledger, conduct(period="HK1", level="T", on=date(2025, 1, 10)))

    def types(code: str) -> set[str]:
        return {line["type"] for line in lines_of(ledger, Scope("class", code))}

    assert "MarkEntered" in types(school.CLASS) - types("7A2")
    assert "ConductAssessed" in types("7A2") - types(school.CLASS)


def test_a_teacher_answers_for_what_others_typed(ledger: Ledger) -> None:
    school.employ(ledger, "GV1", "Trần Thị Bình")
    school.sound(school.hand_in(ledger, [school.mark(school.find(ledger, ["P0"])[0])]))
    write(ledger, put_right("9.0", slot="TX1"))
    (line,) = lines_of(ledger, Scope("teacher", "GV1"))
    assert (line["type"], line["pupil_key"]) == ("MarkCorrected", "P0")
    assert "typed_by_other" in line["flags"]
    assert lines_of(ledger, Scope("teacher", "GV")) == []
    everything = lines_of(ledger, Scope("account", "operator"))
    with ledger.database.connection() as connection:
        assert len(everything) == head(connection).size


def test_a_scope_begins_behind_the_moment_given(ledger: Ledger) -> None:
    with ledger.database.connection() as connection:
        last = head(connection).size - 1
    school.sound(school.hand_in(ledger, [school.mark(school.find(ledger, ["P0"])[0])]))
    for scope in (Scope("class", school.CLASS), Scope("unit", "31"), Scope("account", "operator")):
        told = lines_of(ledger, scope, since=last)
        assert {line["type"] for line in told} == {"MarkEntered", "GradeSheetSubmitted"}
        assert lines_of(ledger, scope, since=last + 2) == []


def test_pupils_are_read_one_after_the_other(ledger: Ledger) -> None:
    school.enrol(ledger, school.register(ledger, ["P1", "P2"]))
    told: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        told.append((done, total))

    with Views(ledger).audit_of(Scope("class", school.CLASS), progress=progress) as found:
        first = next(line for line in found.lines if line["pupil_id"] is not None)
        assert told == [(0, 3)]
        rest = {line["pupil_id"] for line in found.lines}
    assert first["pupil_id"] in rest
    assert len(rest) == 3
    assert told == [(done, 3) for done in range(4)]
