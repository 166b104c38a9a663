"""Transcripts by two dates, and the keys they are asked for by."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from ledger.batch import Line
from ledger.errors import Conflict, NotFound
from ledger.ledger import Ledger
from ledger.registration import Number, record_pupils
from ledger.year_commands import absences, conduct, correction
from ledger.year_lines import YearLine, write_years
from projections.persons import Key
from projections.views import Views
from tests import school

ON = date(2024, 12, 1)
P0 = Key("local", "P0")


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with school.new_ledger(database) as opened:
        school.class_of(opened, 2)
        yield opened


def write(ledger: Ledger, *lines: YearLine) -> None:
    done = ledger.carry_out(write_years, school.numbered(lines), who=school.operator(ledger))
    school.sound(done)


def test_a_value_is_that_of_the_last_correction_up_to_the_day(ledger: Ledger) -> None:
    pupil = school.find(ledger, ["P0"])[0]
    school.sound(school.hand_in(ledger, [school.mark(pupil, "8"), school.mark(pupil, slot="TX2")]))
    decide = correction(
        subject="TOAN",
        semester=1,
        slot="TX1",
        value="9",
        old_value=None,
        reason="nhầm",
        effective_on=date(2024, 11, 1),
    )
    write(ledger, YearLine(pupil=pupil, school_year=school.YEAR, decide=decide, on=ON))
    views = Views(ledger)

    def regular(on: date) -> list[str]:
        (year,) = views.transcript(P0, on=on)["years"]
        marks: list[str] = year["subjects"][0]["semesters"]["1"]["marks"]["TX"]
        return marks

    assert regular(date(2024, 10, 31)) == ["8.0", "8.0"]
    assert regular(date(2024, 11, 1)) == ["9.0", "8.0"]


def test_the_answer_has_the_fields_of_the_contract(ledger: Ledger) -> None:
    pupil = school.find(ledger, ["P0"])[0]
    school.sound(school.hand_in(ledger, [school.mark(pupil)]))
    write(
        ledger,
        YearLine(
            pupil=pupil,
            school_year=school.YEAR,
            decide=conduct(period="HK1", level="T", on=ON),
            on=ON,
        ),
        YearLine(
            pupil=pupil,
            school_year=school.YEAR,
            decide=absences(period="HK1", excused=2, unexcused=1, on=ON),
            on=ON,
        ),
    )
    answer = Views(ledger).transcript(P0, on=ON)
    assert answer["pupil_id"] == str(pupil)
    assert answer["pupil_key"] == "P0"
    assert answer["on"] == "2024-12-01"
    assert answer["profile"]["full_name"] == "Nguyễn Văn P0"
    assert answer["profile"]["ethnicity"] is None
    assert answer["digest"].startswith("sha256:")
    (year,) = answer["years"]
    assert (year["school_year"], year["grade"], year["regulation"]) == ("2024-2025", 7, "TT22_2021")
    province = {"code": "31", "name": "Hải Phòng"}
    stay = {
        **{"school_code": "S1", "name": "THCS Lê Lợi", "ledger": "31"},
        **{"province": province, "province_now": province},
    }
    assert year["schools"] == [{**stay, "from": "2024-09-05", "to": None}]
    (subject,) = year["subjects"]
    term = subject["semesters"]["1"]
    assert term["marks"] == {"TX": ["8.0"], "GK": None, "CK": None}
    assert term["missing"] == ["TX2", "TX3", "TX4", "GK", "CK"]
    assert term["by"] == [{"ledger": "31", "school_code": "S1"}]
    assert (term["average"], term["surplus"], subject["reassessed"]) == (None, [], None)
    assert year["conduct"] == {"HK1": "T", "HK2": None, "CN": None}
    assert year["absences"] == {"excused": 2, "unexcused": 1, "total": 3}
    assert year["study"]["adjusted"] == []
    assert year["signatures"] == []


def test_marks_beyond_the_required_number_stand_in_surplus(ledger: Ledger) -> None:
    pupil = school.find(ledger, ["P0"])[0]
    cells = [school.mark(pupil, str(n), slot=f"TX{n}") for n in range(1, 6)]
    school.sound(school.hand_in(ledger, cells))
    (year,) = Views(ledger).transcript(P0, on=ON)["years"]
    term = year["subjects"][0]["semesters"]["1"]
    assert term["marks"]["TX"] == ["1.0", "2.0", "3.0", "4.0"]
    assert [(mark["slot"], mark["value"]) for mark in term["surplus"]] == [("TX5", "5.0")]


def test_a_key_may_be_local_internal_or_a_number(ledger: Ledger) -> None:
    numbers = (Number(kind="personal_id", value="031212000001"),)
    line = school.record_pupil("N1", school.profile("Lê Thị Mai"), numbers=numbers)
    school.sound(ledger.carry_out(record_pupils, [Line(1, line)], who=school.operator(ledger)))
    pupil = school.find(ledger, ["N1"])[0]
    asked = [
        Key("local", "N1"),
        Key("local", "N1", "default"),
        Key("id", str(pupil)),
        Key("personal_id", "031212000001"),
    ]
    for key in asked:
        assert Views(ledger).transcript(key, on=ON)["pupil_id"] == str(pupil)


def test_a_bare_key_of_several_sources_is_refused_with_the_sources(ledger: Ledger) -> None:
    for source in ("smas", "vnedu"):
        line = school.record_pupil("X1", school.profile(f"Lê Thị {source}"))
        named = replace(line, source=source)
        school.sound(ledger.carry_out(record_pupils, [Line(1, named)], who=school.operator(ledger)))
    with pytest.raises(Conflict, match="smas, vnedu"):
        Views(ledger).transcript(Key("local", "X1"), on=ON)
    answer = Views(ledger).transcript(Key("local", "X1", "vnedu"), on=ON)
    assert answer["profile"]["full_name"] == "Lê Thị vnedu"


def test_a_bare_key_of_one_other_source_is_that_sources(ledger: Ledger) -> None:
    line = replace(school.record_pupil("X1", school.profile("Lê Thị Mai")), source="smas")
    school.sound(ledger.carry_out(record_pupils, [Line(1, line)], who=school.operator(ledger)))
    assert Views(ledger).transcript(Key("local", "X1"), on=ON)["pupil_key"] == "X1"


def test_a_pupil_not_yet_known_at_the_position_is_not_found(ledger: Ledger) -> None:
    with pytest.raises(NotFound) as error:
        Views(ledger).transcript(P0, on=ON, known_at=3)
    assert error.value.code == "unknown_pupil"


def test_before_the_first_school_year_there_are_no_years(ledger: Ledger) -> None:
    assert Views(ledger).transcript(P0, on=date(2024, 7, 31))["years"] == []
