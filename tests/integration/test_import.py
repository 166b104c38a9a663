"""Importing the contract's CSV folder: what goes in, what is named, what a second time does."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from ledger import log
from ledger.errors import NotAllowed
from ledger.events.pupil import PupilRegistered
from ledger.events.pupil_year import MarkCorrected, MarkEntered, PeriodClosed, Proposed
from ledger.events.school_class import GradeSheetSubmitted
from ledger.ledger import Ledger
from ledger.log import Entry
from ledger.pupil import Pupil
from ledger.reader import Reader
from ledger.registration import local_key
from services.importing import Importer
from services.importing.run import NothingToImport
from tests import school
from tests.integration.importing import (
    MARKS_HEADER,
    SAMPLE,
    copy_of_sample,
    reasons,
    take,
    write,
)


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with school.new_ledger(database) as opened:
        yield opened


def entries(ledger: Ledger) -> list[Entry]:
    with ledger.database.connection() as connection:
        return [entry for page in log.pages(connection, start=0, end=10**6) for entry in page]


def pupil(ledger: Ledger, key: str, source: str = "default") -> Pupil:
    with ledger.database.connection() as connection:
        reader = Reader(connection, ledger.keyring, ledger.id)
        (person,) = reader.find([local_key(key, source)])[local_key(key, source)]
        found = reader.pupils([person])[person]
    assert found is not None
    return found


def test_the_sample_folder_goes_in_whole_and_a_second_time_changes_nothing(ledger: Ledger) -> None:
    before = len(entries(ledger))
    code, answer = take(ledger, SAMPLE)
    assert (code, answer["rejected"], answer["warnings"]) == (0, [], [])
    assert answer["first_position"] == before
    assert answer["last_position"] == before + answer["appended"] - 1
    code, again = take(ledger, SAMPLE)
    assert code == 0
    assert (again["appended"], again["first_position"], again["last_position"]) == (0, None, None)
    assert again["unchanged"] == answer["accepted"] == 31
    assert len(entries(ledger)) == before + answer["appended"]


def test_a_column_left_out_is_the_same_as_an_empty_one(ledger: Ledger, tmp_path: Path) -> None:
    take(ledger, SAMPLE)
    narrower = write(
        tmp_path, "conduct.csv", "level,pupil_key,school_year,period,effective_on,recorded_by",
        "T,HS1,2024-2025,HK1,2025-01-10,GV2",
    )  # fmt: skip
    assert take(ledger, narrower)[1]["unchanged"] == 1
    wider = write(
        tmp_path,
        "identifiers.csv",
        "pupil_key,kind,value,valid_from",
        "HS2,moet,3100000002,2024-09-01",
    )
    assert take(ledger, wider)[1]["unchanged"] == 1


def test_a_mark_line_imported_again_after_its_correction_stays_unchanged(ledger: Ledger) -> None:
    take(ledger, SAMPLE)
    _, again = take(ledger, SAMPLE / "marks.csv")
    assert (again["unchanged"], again["rejected"]) == (5, [])


def test_a_dry_run_answers_as_the_real_one_would_and_appends_nothing(database: str) -> None:
    kek = bytes(range(32))
    with school.new_ledger(database, kek=kek) as first:
        before = len(entries(first))
        _, rehearsed = take(first, SAMPLE, dry_run=True)
        assert len(entries(first)) == before
    with Ledger.open(database, kek=kek) as ledger:
        _, answer = take(ledger, SAMPLE)
    assert rehearsed["dry_run"] is True
    assert rehearsed["first_position"] is None
    for field in ("appended", "accepted", "unchanged", "rejected", "warnings"):
        assert rehearsed[field] == answer[field]


def test_every_entry_says_which_file_it_came_from_and_who_is_responsible(ledger: Ledger) -> None:
    take(ledger, SAMPLE)
    marks = [entry for entry in entries(ledger) if isinstance(entry.event, MarkEntered)]
    assert {entry.envelope.who.recorded_by for entry in marks} == {"operator"}
    assert [entry.envelope.who.on_behalf_of for entry in marks].count("GV1") == 3
    assert {(e.envelope.who.provenance.kind, e.envelope.who.provenance.name) for e in marks} == {
        ("file", "marks.csv")
    }
    assert all(len(e.envelope.who.provenance.sha256 or "") == 64 for e in marks)
    (closing,) = (e for e in entries(ledger) if isinstance(e.event, PeriodClosed))
    assert (closing.envelope.who.on_behalf_of, closing.envelope.who.provenance.name) == (
        "GV2",
        "decisions.csv",
    )


def test_a_sheet_is_closed_once_with_all_its_marks(ledger: Ledger) -> None:
    take(ledger, SAMPLE)
    sheets = [e.event for e in entries(ledger) if isinstance(e.event, GradeSheetSubmitted)]
    assert sorted((s.sheet, s.count) for s in sheets if s.subject == "TOAN") == [("T1", 3)]


def test_no_entry_shows_a_birth_date_in_its_effective_date(ledger: Ledger) -> None:
    take(ledger, SAMPLE)
    days = {e.event.effective_on for e in entries(ledger) if isinstance(e.event, PupilRegistered)}
    assert days == {date(1900, 1, 1)}


def test_enrolments_and_statuses_are_merged_by_day_before_they_are_checked(ledger: Ledger) -> None:
    take(ledger, SAMPLE)
    moved = pupil(ledger, "HS2")
    assert moved.in_class("S1-7A", date(2025, 1, 19))
    assert not moved.in_class("S1-7A", date(2025, 1, 20))
    assert moved.in_class("S2-7A", date(2025, 1, 20))
    left = pupil(ledger, "HS3")
    assert left.in_class("S1-7A", date(2024, 12, 1))
    assert not left.in_class("S1-7A", date(2024, 12, 2))


def test_local_keys_belong_to_their_source(ledger: Ledger, tmp_path: Path) -> None:
    take(ledger, SAMPLE)
    conduct = "pupil_key,school_year,period,level,effective_on"
    line = "2024-2025,HK2,K,2025-05-10"
    path = write(
        tmp_path, "conduct.csv", conduct, f"HS1,{line}", f"local:HS1@default,{line}",
        "personal_id:031212000001,2024-2025,HK2,T,2025-05-11",
    )  # fmt: skip
    with Importer(ledger, name="31", account="operator", source="other") as importer:
        answer = importer.run([path]).document()
    assert reasons(answer) == [("conduct.csv", 2, "unknown_pupil")]
    assert answer["appended"] == 2


BAD_MARKS = [
    ("T9,S1-7A,Toán,1,TX2,HS1,10.5,2024-10-21", "mark_out_of_range", "value"),
    ("T9,S1-7A,Toán,1,TX2,HS1,7.25,2024-10-21", "mark_two_decimals", "value"),
    ("T9,S1-7A,Toán,1,TX2,HS1,Đ,2024-10-21", "mark_not_a_mark", "value"),
    ("T9,S1-7A,Toán,1,TX13,HS1,7,2024-10-21", "unknown_slot", "slot"),
    ("T9,S1-7A,Toán,3,TX2,HS1,7,2024-10-21", "unknown_semester", "semester"),
    ("T9,S1-7A,Toan hoc cao cap,1,TX2,HS1,7,2024-10-21", "unknown_subject", "subject"),
    ("T9,S1-7B,Toán,1,TX2,HS1,7,2024-10-21", "not_in_class", "pupil_key"),
    ("T9,S1-7A,Toán,1,TX2,HS3,7,2024-12-02", "not_in_class", "pupil_key"),
    ("T9,S9-7A,Toán,1,TX2,HS1,7,2024-10-21", "unknown_class", "class_code"),
    ("T9,S1-7A,Toán,1,TX2,HS9,7,2024-10-21", "unknown_pupil", "pupil_key"),
    ("T9,S1-7A,Toán,1,TX2,HS1,7,2025-08-01", "date_outside_school_year", "effective_on"),
    ("T9,S1-7A,Toán,1,TX2,HS1,7,21/10/2024", "bad_date", "effective_on"),
    ("T9,S1-7A,Toán,1,TX2,HS1,7,45586", "bad_date", "effective_on"),
    ("T9,S1-7A,Toán,1,TX1,HS2,8,2024-10-21", "slot_taken", "value"),
    ("T9,S1-7A,Toán,1,TX2,HS1,,2024-10-21", "missing_value", "value"),
    ("T9,S1-7A,Toán,1,TX2,HS1,7", "column_count", None),
    ("T9,S1-7A,Toán,1,TX2,HS1,7,2024-10-21,x", "column_count", None),
    ('T9,S1-7A,Toán,1,TX2,HS1,"7,2024-10-21', "bad_quoting", None),
    ("T9,S1-7A,Toán,1,TX2,HS1,7\0,2024-10-21", "nul_byte", "value"),
]


@pytest.mark.parametrize(("line", "reason", "column"), BAD_MARKS, ids=lambda text: str(text)[:40])
def test_a_bad_mark_line_is_named_and_the_sound_lines_beside_it_go_in(
    ledger: Ledger, tmp_path: Path, line: str, reason: str, column: str | None
) -> None:
    take(ledger, copy_of_sample(tmp_path, without=("decisions.csv",)))
    sound = "T9,S1-7A,Toán,1,TX3,HS1,6,2024-10-21"
    after = "T9,S1-7A,Toán,1,TX3,HS2,6,2024-10-21"
    code, answer = take(ledger, write(tmp_path, "marks.csv", MARKS_HEADER, sound, line, after))
    assert code == 4
    (rejected,) = answer["rejected"]
    assert (rejected["file"], rejected["line"]) == ("marks.csv", 3)
    assert (rejected["reason"], rejected["column"]) == (reason, column)
    assert answer["accepted"] == 2


def test_a_date_of_a_spreadsheet_comes_with_its_reading(ledger: Ledger, tmp_path: Path) -> None:
    take(ledger, SAMPLE)
    lines = [line for line, reason, _ in BAD_MARKS if reason == "bad_date"]
    _, answer = take(ledger, write(tmp_path, "marks.csv", MARKS_HEADER, *lines))
    assert [e["suggestion"] for e in answer["rejected"]] == ["2024-10-21", "2024-10-21"]
    assert [e["value"] for e in answer["rejected"]] == ["21/10/2024", "45586"]


def test_two_values_for_one_slot_in_one_file_refuse_both_and_a_repeated_line_counts_once(
    ledger: Ledger, tmp_path: Path
) -> None:
    take(ledger, copy_of_sample(tmp_path, without=("decisions.csv",)))
    path = write(
        tmp_path, "marks.csv", MARKS_HEADER,
        "A,S1-7A,Toán,1,TX2,HS1,6,2024-10-21",
        "B,S1-7A,TOAN,1,TX2,HS1,7,2024-10-21",
        "C,S1-7A,Toán,1,TX3,HS1,5,2024-10-21",
        "C,S1-7A,Toán,1,TX3,HS1,5,2024-10-21",
    )  # fmt: skip
    code, answer = take(ledger, path)
    assert code == 4
    assert reasons(answer) == [
        ("marks.csv", 2, "two_values_for_slot"),
        ("marks.csv", 3, "two_values_for_slot"),
    ]
    assert reasons(answer, "warnings") == [("marks.csv", 5, "duplicate_line")]
    assert (answer["accepted"], answer["unchanged"]) == (1, 0)


def test_a_refused_pupil_takes_the_dependants_along_and_nobody_else(
    ledger: Ledger, tmp_path: Path
) -> None:
    folder = copy_of_sample(tmp_path)
    text = (folder / "pupils.csv").read_text("utf-8").replace("031212000001", "31212000001")
    (folder / "pupils.csv").write_text(text, "utf-8")
    code, answer = take(ledger, folder)
    assert code == 4
    (lost,) = (entry for entry in answer["rejected"] if entry["file"] == "pupils.csv")
    assert (lost["line"], lost["reason"], lost["column"]) == (2, "lost_leading_zero", "personal_id")
    others = {entry["reason"] for entry in answer["rejected"] if entry["file"] != "pupils.csv"}
    assert others == {"unknown_pupil"}
    assert pupil(ledger, "HS2").in_class("S1-7A", date(2024, 9, 5))


def test_a_contradicting_personal_number_is_a_warning_not_a_refusal(
    ledger: Ledger, tmp_path: Path
) -> None:
    folder = copy_of_sample(tmp_path)
    text = (folder / "pupils.csv").read_text("utf-8").replace("031212000001", "031312000001")
    (folder / "pupils.csv").write_text(text, "utf-8")
    code, answer = take(ledger, folder)
    assert (code, answer["rejected"]) == (0, [])
    assert reasons(answer, "warnings") == [("pupils.csv", 2, "number_contradicts_sex")]


@pytest.mark.parametrize(
    ("content", "reason", "column"),
    [
        (b"", "empty_file", None),
        (b"\xef\xbb\xbf\n\n", "empty_file", None),
        (b"pupil_key;school_year;period;level;effective_on\n", "wrong_delimiter", None),
        (b"pupil_key,school_year,period,mood,effective_on\n", "unknown_column", "mood"),
        (b"pupil_key,school_year,period,effective_on\n", "missing_column", "level"),
        (b"pupil_key,pupil_key,school_year,period,level\n", "duplicate_column", "pupil_key"),
        (b"pupil_key,school_year,period,l\xe9vel,effective_on\n", "not_utf8", None),
    ],
)
def test_an_unreadable_file_is_refused_whole_and_the_others_go_in(
    ledger: Ledger, tmp_path: Path, content: bytes, reason: str, column: str | None
) -> None:
    folder = copy_of_sample(tmp_path)
    (folder / "conduct.csv").write_bytes(content)
    code, answer = take(ledger, folder)
    assert code == 4
    assert [(e["file"], e["reason"], e["column"]) for e in answer["rejected"]] == [
        ("conduct.csv", reason, column)
    ]
    assert answer["accepted"] == 30


def test_files_not_read_are_named_and_other_files_only_mentioned(
    ledger: Ledger, tmp_path: Path
) -> None:
    folder = copy_of_sample(tmp_path)
    for name in ("lunch.csv", "README.md"):
        (folder / name).write_text("x\n", "utf-8")
    code, answer = take(ledger, folder)
    assert code == 4
    assert reasons(answer) == [
        ("lunch.csv", None, "file_not_supported"),
    ]
    assert reasons(answer, "warnings") == [("README.md", None, "file_not_supported")]


def test_text_in_an_old_encoding_is_refused_with_its_reading(
    ledger: Ledger, tmp_path: Path
) -> None:
    header = b"pupil_key,full_name,birth_date,sex\n"
    tcvn3 = "TrÇn ThÞ Lan".encode("latin-1")
    path = tmp_path / "pupils.csv"
    path.write_bytes(
        header + b"A1," + tcvn3 + b",2012,nu\nA2,Nguy\xff,2012,nam\n"
        b"A3," + "TrÇn ThÞ Lan".encode() + b",2012,nu\nA4,An,2012,nam\n"
    )
    code, answer = take(ledger, path)
    assert code == 4
    found = [(e["line"], e["reason"], e["suggestion"]) for e in answer["rejected"]]
    assert found[0] == (2, "legacy_encoding", "Trần Thị Lan")
    assert found[1][:2] == (3, "not_utf8")
    assert found[2] == (4, "legacy_encoding", "Trần Thị Lan")
    assert answer["accepted"] == 1


def test_lines_are_numbered_by_their_first_physical_line(ledger: Ledger, tmp_path: Path) -> None:
    path = write(
        tmp_path, "pupils.csv", "pupil_key,full_name,birth_date,sex,residence_text",
        'A1,An,2012,nam,"Thôn 1,', 'xã A"', "A2,Ba,2012,?,",
    )  # fmt: skip
    _, answer = take(ledger, path)
    assert [(e["line"], e["column"], e["value"]) for e in answer["rejected"]] == [(4, "sex", "?")]


def test_thousands_of_bad_lines_are_all_named(ledger: Ledger, tmp_path: Path) -> None:
    take(ledger, SAMPLE)
    lines = [f",S1-7A,TOAN,1,TX2,HS1{n},7,2024-10-21" for n in range(4500)]
    bad = [line.replace("2024-10-21", "") for line in lines]
    code, answer = take(ledger, write(tmp_path, "marks.csv", MARKS_HEADER, *lines, *bad))
    assert code == 3
    assert [e["line"] for e in answer["rejected"]] == list(range(2, 9002))
    assert {e["reason"] for e in answer["rejected"]} == {"unknown_pupil", "missing_value"}


def test_an_import_of_which_nothing_is_sound_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    path = write(tmp_path, "marks.csv", MARKS_HEADER, ",K,TOAN,1,TX1,P,7,2024-10-07")
    code, answer = take(ledger, path)
    assert (code, answer["appended"]) == (3, 0)


def test_a_folder_without_files_and_an_unknown_account_say_so(
    ledger: Ledger, tmp_path: Path
) -> None:
    with pytest.raises(NothingToImport):
        take(ledger, tmp_path)
    with pytest.raises(NotAllowed):
        Importer(ledger, name="31", account="nobody")


def test_a_stopped_import_keeps_whole_transactions_and_goes_on_the_next_time(
    ledger: Ledger,
) -> None:
    done: list[int] = []

    def report(what: str, count: int, total: int) -> None:
        assert count <= total
        if what == "append":
            done.append(count)

    with Importer(
        ledger, name="31", account="operator", report=report, stop=lambda: len(done) > 5
    ) as importer:
        answer = importer.run([SAMPLE])
        assert (answer.exit_code, answer.document()["stopped"]) == (130, True)
    code, rest = take(ledger, SAMPLE)
    assert code == 0
    assert rest["unchanged"] == answer.accepted
    assert rest["accepted"] + rest["unchanged"] == 31


def test_a_correction_keeps_the_day_of_the_mark_unless_another_is_given(ledger: Ledger) -> None:
    take(ledger, SAMPLE)
    (corrected,) = (e.event for e in entries(ledger) if isinstance(e.event, MarkCorrected))
    assert (corrected.effective_on, corrected.value) == (date(2024, 10, 7), "9.0")


def test_a_line_for_a_released_pupil_is_listed_and_kept_as_a_proposal(
    ledger: Ledger, tmp_path: Path
) -> None:
    take(ledger, copy_of_sample(tmp_path, without=("decisions.csv",)))
    school.release(ledger, pupil(ledger, "HS1").id)
    line = "T9,S1-7A,Toán,1,TX2,HS1,7,2024-10-21"
    path = write(tmp_path, "marks.csv", MARKS_HEADER, line)
    code, answer = take(ledger, path)
    assert (code, reasons(answer)) == (4, [("marks.csv", 2, "pupil_released")])
    assert [type(e.event) for e in entries(ledger)].count(Proposed) == 1
    code, again = take(ledger, path)
    assert (code, again["unchanged"], again["rejected"]) == (0, 1, [])


def test_a_oneroster_set_fills_the_sections_day_by_day(
    ledger: Ledger, vectors: Callable[[str], Path]
) -> None:
    import csv

    folder = vectors("oneroster-1.1-csv")
    code, answer = take(ledger, folder)
    assert (code, answer["rejected"]) == (0, [])
    assert {e["reason"] for e in answer["warnings"]} == {"no_home"}
    with (folder / "enrollments.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["role"] == "student"]
    classes = {row["classSourcedId"] for row in rows}
    pupils = {row["userSourcedId"]: pupil(ledger, row["userSourcedId"]) for row in rows}
    days = ("2020-08-16", "2020-08-17", "2020-12-17", "2020-12-18", "2021-01-04", "2021-05-28")
    for day in days:
        for code_ in classes:
            expected = {
                row["userSourcedId"]
                for row in rows
                if row["classSourcedId"] == code_ and row["beginDate"] <= day < row["endDate"]
            }
            on = date.fromisoformat(day)
            assert {key for key, found in pupils.items() if found.in_class(code_, on)} == expected
    _, again = take(ledger, folder)
    assert (again["appended"], again["unchanged"]) == (0, answer["accepted"])


def test_a_file_named_on_purpose_that_cannot_be_read_is_refused(
    ledger: Ledger, tmp_path: Path
) -> None:
    notes = write(tmp_path, "notes.txt", "diem")
    code, answer = take(ledger, notes)
    assert code == 3
    assert reasons(answer) == [("notes.txt", None, "file_not_supported")]


def test_a_refusal_names_the_column_that_the_file_has(ledger: Ledger, tmp_path: Path) -> None:
    take(ledger, SAMPLE)
    line = ",S1-7A,TOAN,1,TX2,HS1,7,2024-10-14,GV2"
    marks = write(tmp_path, "marks.csv", MARKS_HEADER + ",recorded_by", line)
    conduct = write(
        tmp_path,
        "conduct.csv",
        "pupil_key,school_year,period,level,effective_on",
        "HS1,2024-2025,HK1,K,2025-01-14",
    )
    _, answer = take(ledger, marks, conduct)
    named = [(told["file"], told["column"], told["value"]) for told in answer["rejected"]]
    assert named == [("conduct.csv", "period", "HK1"), ("marks.csv", "recorded_by", "GV2")]
