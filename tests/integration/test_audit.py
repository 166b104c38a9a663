"""The audit: every entry, what it changed, who and why."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from ledger.batch import Line
from ledger.ledger import Ledger
from ledger.registration import record_pupils
from ledger.year_commands import comment, correction
from ledger.year_lines import YearLine, write_years
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
