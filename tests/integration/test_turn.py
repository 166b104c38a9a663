"""The year's turn, its repetition and its undoing, and the intake to the next level."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ledger.batch import Line
from ledger.errors import NotFound, Refused
from ledger.ledger import Ledger
from ledger.reader import Reader
from ledger.retraction import Retract, retract_changes, version_at
from ledger.school_year import SchoolYear
from projections.views import Views
from services.cli import exit_code
from services.turning import Turning
from tests import school
from tests.integration.importing import reasons, take, write

YEAR = SchoolYear(2024)
UNTIL_RESULTS = date(2025, 6, 15)
AFTER_SUMMER = date(2025, 10, 1)
SUBJECTS = ("TOAN", "NGUVAN", "NGOAINGU1", "LSDL", "KHTN", "CONGNGHE", "TINHOC", "GDCD")
PUPILS = ("UP", "STAY", "WAIT", "OUT", "PAUSED", "WEAK", "LAST", "OTHER")


def quiet(what: str, done: int, total: int) -> None:
    del what, done, total


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A lower secondary school with classes 6A1 and 9A1 and what was decided of the year."""
    write(
        tmp_path,
        "units.csv",
        "unit_code,kind,name,parent_code,levels",
        "31,province,Hải Phòng,,",
        "S1,school,THCS Lê Lợi,31,THCS",
        "H1,school,THPT Thái Phiên,31,THPT",
    )
    write(
        tmp_path,
        "classes.csv",
        "class_code,school_code,school_year,grade,name",
        "S1-2024-6A1,S1,2024-2025,6,6A1",
        "S1-2024-9A1,S1,2024-2025,9,9A1",
        "H1-2025-10A,H1,2025-2026,10,10A",
    )
    write(
        tmp_path,
        "pupils.csv",
        "pupil_key,full_name,birth_date,sex,moet_code",
        *(f"{key},Nguyễn Văn {key.title()},2012,nam,31000{n}" for n, key in enumerate(PUPILS)),
    )
    write(
        tmp_path,
        "enrolments.csv",
        "pupil_key,class_code,kind,effective_on",
        *(f"{key},S1-2024-6A1,start,2024-09-05" for key in PUPILS[:6]),
        *(f"{key},S1-2024-9A1,start,2024-09-05" for key in PUPILS[6:]),
    )
    write(
        tmp_path,
        "statuses.csv",
        "pupil_key,school_code,kind,effective_on,reason_code",
        "OUT,S1,leave,2025-03-03,01",
        "PAUSED,S1,suspend,2025-05-05,",
    )
    write(tmp_path, "marks.csv", *marks("WEAK", "3.0"))
    write(
        tmp_path,
        "conduct.csv",
        "pupil_key,school_year,period,level,effective_on",
        "WEAK,2024-2025,HK1,T,2025-01-10",
        "WEAK,2024-2025,HK2,T,2025-05-20",
    )
    write(
        tmp_path,
        "absences.csv",
        "pupil_key,school_year,period,excused,unexcused,effective_on",
        "WEAK,2024-2025,CN,1,0,2025-05-20",
    )
    write(
        tmp_path,
        "decisions.csv",
        "pupil_key,school_year,kind,effective_on",
        *(f"{key},2024-2025,promote,2025-05-30" for key in ("UP", "PAUSED", "LAST", "OTHER")),
        "STAY,2024-2025,retain,2025-05-30",
    )
    return tmp_path


def marks(pupil: str, value: str) -> Iterator[str]:
    """Every scored subject of grade 6, both terms, all slots."""
    yield "class_code,subject,semester,slot,pupil_key,value,effective_on"
    for subject in SUBJECTS:
        for semester, day in ((1, "2024-11-11"), (2, "2025-03-10")):
            for slot in ("TX1", "TX2", "TX3", "TX4", "GK", "CK"):
                yield f"S1-2024-6A1,{subject},{semester},{slot},{pupil},{value},{day}"
    for subject in ("GDTC", "NGHETHUAT", "HDTNHN", "GDDP"):
        for semester, day in ((1, "2024-11-11"), (2, "2025-03-10")):
            for slot in ("TX1", "TX2", "TX3", "TX4", "GK", "CK"):
                yield f"S1-2024-6A1,{subject},{semester},{slot},{pupil},Đ,{day}"


@pytest.fixture
def ledger(database: str, folder: Path) -> Iterator[Ledger]:
    with school.new_ledger(database) as opened:
        code, answer = take(opened, folder)
        assert code == 0, answer["rejected"]
        yield opened


def turning(ledger: Ledger) -> Turning:
    return Turning(ledger, account="operator", school="S1", year=YEAR)


def turn(
    ledger: Ledger,
    *classes: str,
    preview: bool = False,
    as_of: date = UNTIL_RESULTS,
    names: dict[str, tuple[str | None, str | None]] | None = None,
) -> dict[str, Any]:
    work = turning(ledger)
    commands = work.commands(classes, names or {}, on=YEAR.next.start, as_of=as_of)
    return work.run(commands, preview=preview, report=quiet)


def undo(ledger: Ledger, turned: dict[str, Any]) -> dict[str, Any]:
    return turning(ledger).undo(UUID(turned["turn"]), on=date(2025, 8, 20), report=quiet)


def goings(answer: dict[str, Any]) -> dict[str, tuple[str, str | None, str | None]]:
    return {
        pupil["pupil_key"]: (pupil["outcome"], pupil["next_class_code"], pupil["reason"])
        for one in answer["classes"]
        for pupil in one["pupils"]
    }


EXPECTED = {
    "UP": ("promoted", "S1-2025-7A1", None),
    "STAY": ("retained", "S1-2025-6A1", "decided"),
    "WAIT": ("waiting", None, "no_result, HK1/subjects, HK2/subjects, CN/subjects"),
    "PAUSED": ("waiting", None, "suspended"),
    "WEAK": ("waiting", None, "study_failed"),
    "LAST": ("completed", None, None),
    "OTHER": ("completed", None, None),
}
CLASSES = ("S1-2024-6A1", "S1-2024-9A1", "S1-2025-6A1", "S1-2025-7A1")


def rosters(ledger: Ledger, position: int | None = None) -> dict[tuple[str, date], list[Any]]:
    """The lists of all classes on every day around the turn; a class not known has none."""
    views = Views(ledger)
    found: dict[tuple[str, date], list[Any]] = {}
    for code in CLASSES:
        for days in range(80):
            day = date(2025, 7, 1) + timedelta(days=days)
            try:
                listed = views.roster(code, on=day, known_at=position)["pupils"]
            except NotFound:
                listed = []
            found[code, day] = listed
    return found


def test_the_preview_shows_where_everybody_goes_and_appends_nothing(ledger: Ledger) -> None:
    before = school_size(ledger)
    answer = turn(ledger, preview=True)
    assert goings(answer) == EXPECTED
    assert answer["totals"] == {
        "promoted": 1,
        "retained": 1,
        "completed": 2,
        "waiting": 3,
        "done": 0,
    }
    assert (answer["turn"], answer["appended"]) == (None, 0)
    assert school_size(ledger) == before


def school_size(ledger: Ledger) -> int:
    with ledger.database.connection() as connection:
        row = connection.execute("SELECT count(*) FROM ledger.entry").fetchone()
        assert row is not None
        size: int = row[0]
        return size


def test_the_turn_does_what_the_preview_showed(ledger: Ledger) -> None:
    answer = turn(ledger)
    assert goings(answer) == EXPECTED
    views = Views(ledger)

    def keys(code: str, on: date) -> list[str]:
        return [pupil["pupil_key"] for pupil in views.roster(code, on=on)["pupils"]]

    assert keys("S1-2025-7A1", date(2025, 8, 1)) == ["UP"]
    assert keys("S1-2025-6A1", date(2025, 8, 1)) == ["STAY"]
    assert keys("S1-2024-9A1", date(2025, 7, 30)) == ["LAST", "OTHER"]
    assert keys("S1-2024-9A1", date(2025, 7, 31)) == []
    assert sorted(keys("S1-2024-6A1", date(2025, 7, 31))) == ["STAY", "UP", "WAIT", "WEAK"]
    (promoted,) = views.roster("S1-2025-7A1", on=date(2025, 9, 5))["pupils"]
    assert (promoted["grade"], promoted["entry_kind"], promoted["status_code"]) == (
        *(7, "start"),
        "01",
    )


def test_a_second_run_writes_nothing_new_and_takes_up_who_had_to_wait(
    ledger: Ledger, folder: Path
) -> None:
    turn(ledger)
    again = turn(ledger)
    assert [one["state"] for one in again["classes"]] == ["unchanged", "unchanged"]
    assert (again["appended"], again["turn"]) == (0, None)
    assert goings(again)["UP"] == ("done", "S1-2025-7A1", None)
    assert goings(again)["LAST"] == ("done", None, None)
    decided = write(
        folder / "later",
        "decisions.csv",
        "pupil_key,school_year,kind,effective_on",
        "WAIT,2024-2025,promote,2025-06-30",
    )
    assert take(ledger, decided)[0] == 0
    later = turn(ledger, as_of=AFTER_SUMMER)
    found = goings(later)
    assert found["WAIT"] == ("promoted", "S1-2025-7A1", None)
    assert found["WEAK"] == ("retained", "S1-2025-6A1", "study_failed")
    assert found["UP"][0] == "done"


def test_a_turn_and_its_undoing_leave_every_list_as_it_was(ledger: Ledger) -> None:
    before = rosters(ledger)
    turned = turn(ledger)
    known = turned["last_position"]
    between = rosters(ledger)
    assert between != before
    undone = undo(ledger, turned)
    assert [(one["state"], one["retracted"], one["kept"]) for one in undone["classes"]] == [
        ("undone", 2, 0),
        ("undone", 2, 0),
    ]
    assert rosters(ledger) == before
    assert rosters(ledger, known) == between
    assert [one["state"] for one in undo(ledger, turned)["classes"]] == ["unchanged"] * 2
    assert goings(turn(ledger)) == EXPECTED
    assert rosters(ledger) == between


def test_who_was_written_about_since_is_kept_and_listed(ledger: Ledger, folder: Path) -> None:
    turned = turn(ledger)
    since = write(
        folder / "since",
        "marks.csv",
        "class_code,subject,semester,slot,pupil_key,value,effective_on",
        "S1-2025-7A1,TOAN,1,TX1,UP,8.0,2025-09-20",
    )
    assert take(ledger, since)[0] == 0
    intake = write(
        folder / "intake",
        "enrolments.csv",
        "pupil_key,class_code,kind,effective_on",
        "LAST,H1-2025-10A,intake,2025-09-05",
    )
    assert take(ledger, intake)[0] == 0
    undone = undo(ledger, turned)
    kept = {
        pupil["pupil_key"]: pupil["reason"]
        for one in undone["classes"]
        for pupil in one["pupils"]
        if pupil["outcome"] == "kept"
    }
    assert kept == {"UP": "TX1 of TOAN, term 1", "LAST": "intake on 2025-09-05"}
    views = Views(ledger)
    assert views.roster("S1-2025-7A1", on=date(2025, 10, 1))["count"] == 1
    assert views.roster("S1-2024-9A1", on=date(2025, 7, 31))["count"] == 1


def test_another_grade_after_an_undone_turn_has_its_own_year(ledger: Ledger, folder: Path) -> None:
    undo(ledger, turn(ledger))
    decided = write(
        folder / "retained",
        "decisions.csv",
        "pupil_key,school_year,kind,effective_on",
        "UP,2024-2025,retain,2025-08-25",
    )
    assert take(ledger, decided)[0] == 0
    assert goings(turn(ledger))["UP"] == ("retained", "S1-2025-6A1", "decided")
    (up,) = school.find(ledger, ["UP"])
    with ledger.database.connection() as connection:
        reader = Reader(connection, ledger.keyring, ledger.id)
        year = reader.years([(up, "2025-2026")])[up, "2025-2026"]
    assert year is not None
    assert (year.grade, year.class_code) == (6, "S1-2025-6A1")


def test_names_and_codes_may_be_chosen(ledger: Ledger) -> None:
    answer = turn(ledger, names={"S1-2024-6A1": ("S1-2025-7B", "7B")}, preview=True)
    assert goings(answer)["UP"] == ("promoted", "S1-2025-7B", None)
    (following,) = [
        one for one in answer["classes"][0]["next_classes"] if one["class_code"] == "S1-2025-7B"
    ]
    assert following == {"class_code": "S1-2025-7B", "name": "7B", "grade": 7, "opened": True}


def test_a_code_of_another_class_is_not_taken(ledger: Ledger) -> None:
    answer = turn(ledger, "S1-2024-6A1", names={"S1-2024-6A1": ("H1-2025-10A", None)})
    assert [refused["reason"] for refused in answer["rejected"]] == ["class_code_taken"]
    assert answer["appended"] == 0


@pytest.mark.parametrize("preview", [True, False])
def test_the_new_classes_begin_within_their_year(ledger: Ledger, preview: bool) -> None:
    work = turning(ledger)
    commands = work.commands((), {}, on=date(2025, 7, 31), as_of=UNTIL_RESULTS)
    answer = work.run(commands, preview=preview, report=quiet)
    assert [one["reason"] for one in answer["rejected"]] == ["date_outside_school_year"] * 2
    assert (answer["classes"], answer["appended"]) == ([], 0)


def test_what_is_not_there_is_not_turned(ledger: Ledger) -> None:
    with pytest.raises(NotFound, match="has no class"):
        turn(ledger, "H1-2025-10A")
    with pytest.raises(NotFound):
        turning(ledger).undo(UUID(int=7), on=date(2025, 8, 20), report=quiet)


@pytest.mark.parametrize("code", ["NOPE", "31"])
def test_an_unknown_school_is_not_turned(ledger: Ledger, code: str) -> None:
    work = Turning(ledger, account="operator", school=code, year=YEAR)
    with pytest.raises(NotFound) as refusal:
        work.commands((), {}, on=YEAR.next.start, as_of=UNTIL_RESULTS)
    assert (refusal.value.code, exit_code(refusal.value)) == ("unknown_school", 5)
    with pytest.raises(NotFound) as refusal:
        work.undo(UUID(int=7), on=date(2025, 8, 20), report=quiet)
    assert refusal.value.code == "unknown_school"


def test_intake_by_a_number_joins_the_earlier_history(ledger: Ledger, folder: Path) -> None:
    turn(ledger)
    intake = write(
        folder / "intake",
        "enrolments.csv",
        "pupil_key,class_code,kind,effective_on",
        f"moet:31000{PUPILS.index('LAST')},H1-2025-10A,intake,2025-09-05",
        f"moet:31000{PUPILS.index('UP')},H1-2025-10A,intake,2025-09-05",
    )
    code, answer = take(ledger, intake)
    assert code == 0
    assert sorted(reasons(answer, "warnings")) == [
        ("enrolments.csv", 3, "grade_not_continuous"),
        ("enrolments.csv", 3, "not_completed"),
        ("enrolments.csv", 3, "two_schools_at_once"),
    ]
    (last, up) = Views(ledger).roster("H1-2025-10A", on=date(2025, 9, 5))["pupils"]
    assert {last["pupil_key"], up["pupil_key"]} == {"LAST", "UP"}


def test_a_merged_schools_pupils_are_found_under_either_code(ledger: Ledger, folder: Path) -> None:
    merged = folder / "merged"
    write(
        merged,
        "units.csv",
        "unit_code,kind,name,parent_code,levels,closed_on,merged_into",
        "S3,school,THCS Mới,31,THCS,,",
        "S1,school,THCS Lê Lợi,31,THCS,2025-02-01,S3",
    )
    write(
        merged,
        "statuses.csv",
        "pupil_key,school_code,kind,effective_on,reason_code",
        "UP,S3,leave,2025-03-03,77",
        "WAIT,S1,suspend,2025-03-03,",
    )
    code, answer = take(ledger, merged)
    assert (code, answer["rejected"]) == (0, [])
    assert reasons(answer, "warnings") == [("statuses.csv", 2, "unknown_reason_code")]
    listed = Views(ledger).roster("S1-2024-6A1", on=date(2025, 3, 3))["pupils"]
    assert sorted(pupil["pupil_key"] for pupil in listed) == ["PAUSED", "STAY", "WEAK"]
    assert goings(turn(ledger, preview=True))["STAY"] == ("retained", "S1-2025-6A1", "decided")


def test_a_retracted_enrolment_is_known_until_then_and_never_was_afterwards(
    ledger: Ledger, folder: Path
) -> None:
    moved = write(
        folder / "moved",
        "enrolments.csv",
        "pupil_key,class_code,kind,effective_on",
        "UP,S1-2024-9A1,class_change,2025-06-02",
    )
    before = rosters(ledger)
    _, answer = take(ledger, moved)
    position = answer["last_position"]
    between = rosters(ledger)
    (up,) = school.find(ledger, ["UP"])
    retract(ledger, up, position)
    assert rosters(ledger) == before
    assert rosters(ledger, position) == between
    with pytest.raises(Refused, match="before"):
        retract(ledger, up, position)


def retract(ledger: Ledger, pupil: UUID, position: int) -> None:
    with ledger.database.connection() as connection:
        version = version_at(connection, position, pupil=pupil)
    command = Retract(pupil=pupil, version=version, reason="keyed for the wrong pupil")
    _, verdicts = ledger.carry_out(retract_changes, [Line(1, command)], who=school.operator(ledger))
    for verdict in verdicts:
        if verdict.refused is not None:
            raise verdict.refused


def test_only_an_enrolment_or_status_of_that_pupil_is_taken_back(ledger: Ledger) -> None:
    (up,) = school.find(ledger, ["UP"])
    with pytest.raises(Refused) as caught:
        retract(ledger, up, 0)
    assert caught.value.code == "not_retractable"
    with pytest.raises(NotFound):
        retract(ledger, up, 10**9)


def test_a_pupil_back_from_abroad_sits_in_the_grade_that_was_decided(
    ledger: Ledger, folder: Path
) -> None:
    back = folder / "back"
    write(
        back,
        "classes.csv",
        "class_code,school_code,school_year,grade,name",
        "S1-2026-8A1,S1,2026-2027,8,8A1",
    )
    write(
        back,
        "statuses.csv",
        "pupil_key,school_code,kind,effective_on",
        "UP,S1,abroad,2025-06-20",
    )
    write(
        back,
        "enrolments.csv",
        "pupil_key,class_code,kind,effective_on,grade",
        "UP,S1-2026-8A1,return,2026-09-07,7",
    )
    write(
        back,
        "decisions.csv",
        "pupil_key,school_year,kind,value,legal_ground,effective_on",
        "UP,2026-2027,placement,7,QĐ 12/2026 của hiệu trưởng,2026-09-07",
    )
    code, answer = take(ledger, back)
    assert (code, answer["rejected"], answer["warnings"]) == (0, [], [])
    (pupil,) = Views(ledger).roster("S1-2026-8A1", on=date(2026, 9, 7))["pupils"]
    assert (pupil["grade"], pupil["entry_kind"], pupil["status_code"]) == (7, "return", "03")
    assert goings(turn(ledger, preview=True)).get("UP") is None


def test_a_pupil_of_a_mixed_class_keeps_the_own_grade_in_class_and_turn(
    ledger: Ledger, folder: Path
) -> None:
    mixed = folder / "mixed"
    write(
        mixed,
        "classes.csv",
        "class_code,school_code,school_year,grade,name",
        "S1-2024-6A2,S1,2024-2025,6,6A2",
    )
    write(mixed, "pupils.csv", "pupil_key,full_name,birth_date,sex", "BIG,Lê Lớn,2011,nam")
    write(
        mixed,
        "enrolments.csv",
        "pupil_key,class_code,kind,effective_on,grade",
        "BIG,S1-2024-6A1,start,2024-09-05,7",
        "BIG,S1-2024-6A2,class_change,2024-11-04,",
        "UP,S1-2024-6A2,class_change,2024-11-04,",
    )
    write(
        mixed,
        "decisions.csv",
        "pupil_key,school_year,kind,effective_on",
        "BIG,2024-2025,promote,2025-05-30",
    )
    code, answer = take(ledger, mixed)
    assert (code, answer["rejected"], answer["warnings"]) == (0, [], [])
    listed = Views(ledger).roster("S1-2024-6A2", on=date(2024, 12, 2))["pupils"]
    assert {pupil["pupil_key"]: pupil["grade"] for pupil in listed} == {"BIG": 7, "UP": 6}
    turn(ledger)
    listed = Views(ledger).roster("S1-2025-7A2", on=date(2025, 9, 5))["pupils"]
    assert {pupil["pupil_key"]: pupil["grade"] for pupil in listed} == {"BIG": 8, "UP": 7}


def test_nobody_is_enrolled_in_a_class_that_has_closed(ledger: Ledger, folder: Path) -> None:
    split = folder / "split"
    write(
        split,
        "classes.csv",
        "class_code,school_code,school_year,grade,name,closed_on,successors",
        "S1-2024-6A2,S1,2024-2025,6,6A2,,",
        "S1-2024-6A1,S1,2024-2025,6,6A1,2025-01-06,S1-2024-6A2",
    )
    write(
        split,
        "enrolments.csv",
        "pupil_key,class_code,kind,effective_on",
        "OTHER,S1-2024-6A1,class_change,2025-01-06",
        "OTHER,S1-2024-6A2,class_change,2025-01-06",
    )
    code, answer = take(ledger, split)
    assert (code, reasons(answer)) == (4, [("enrolments.csv", 2, "class_closed")])
    assert answer["rejected"][0]["suggestion"] == "S1-2024-6A2"
