"""The national exchange from import to files: versions, repetition, cancellation, cut-off runs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner

from ledger import log
from ledger.assessment.regime import Regulation
from ledger.codes import Programme
from ledger.errors import DamagedEntry, NotFound, Refused
from ledger.event import Note
from ledger.events.pupil import ChangeRetracted
from ledger.events.pupil_year import ExchangeRecordSent
from ledger.ledger import Ledger
from ledger.plan import Plan
from ledger.reader import Reader
from ledger.registration import pupil_ref
from ledger.school_year import SchoolYear
from ledger.subjects import SUBJECTS, required_slots
from projections.persons import Key
from projections.views import Views
from services.commands import exchange as command
from services.embedded import Home
from services.exchange import national
from services.exchange.codes import Codes
from services.exchange.gather import Gatherer, PupilYears
from services.exchange.national import Order, Outcome, export
from services.ledgers import Profile
from services.workplace import Workplace
from tests import school
from tests.integration.importing import take, write

ON = date(2025, 7, 15)
SUBJECT_KEYS = [
    *("TOAN", "NGUVAN", "NGOAINGU1", "LSDL", "KHTN", "TINHOC", "CONGNGHE", "GDCD"),
    *("GDTC", "NGHETHUAT", "HDTNHN", "GDDP"),
]
CODES = Codes({("subject", key): f"{n:03d}" for n, key in enumerate(SUBJECT_KEYS, 1)})


FILES = {
    "units": """unit_code,kind,name,parent_code
31,province,Hải Phòng,
11629,commune,Xã An Lão,31
S1,school,Trường THCS Lê Lợi,11629""",
    "classes": """class_code,school_code,school_year,grade,name
7A,S1,2024-2025,7,7A""",
    "staff": """staff_key,full_name,personal_id,unit_code,role
GV1,Trần Thị Hạnh,031185000001,S1,teacher
HT,Phạm Văn Bình,031070000002,S1,hieu_truong""",
    "pupils": """pupil_key,full_name,birth_date,sex,ethnicity,nationality,personal_id,moet_code,\
birth_place_text,home_town_text,residence_text
P1,Nguyễn Văn An,2012-03-04,nam,Kinh,VN,031212000001,3100000001,Hải Phòng,Hải Phòng,Xã An Lão
P2,Nguyễn Văn Ba,2012-03-05,nam,Kinh,VN,,3100000002,Hải Phòng,Hải Phòng,Xã An Lão""",
    "enrolments": """pupil_key,class_code,kind,effective_on
P1,7A,start,2024-09-05
P2,7A,start,2024-09-05""",
    "comments": """pupil_key,school_year,subject,time,text,effective_on
P1,2024-2025,,CN,Chăm học,2025-05-25
P2,2024-2025,,CN,Chăm học,2025-05-25""",
    "conduct": """pupil_key,school_year,period,level,effective_on
P1,2024-2025,HK1,T,2025-01-10
P1,2024-2025,HK2,T,2025-05-25
P2,2024-2025,HK1,T,2025-01-10
P2,2024-2025,HK2,T,2025-05-25""",
    "absences": """pupil_key,school_year,period,excused,unexcused,effective_on
P1,2024-2025,CN,2,0,2025-05-25
P2,2024-2025,CN,2,0,2025-05-25""",
    "decisions": """pupil_key,school_year,kind,effective_on
P1,2024-2025,close_year,2025-05-30
P2,2024-2025,close_year,2025-05-30""",
}


def marks(pupil: str) -> Iterator[str]:
    """Every mark of a sound year of grade 7."""
    for key in SUBJECT_KEYS:
        known = SUBJECTS[key]
        value = "8" if known.form(7) == "score" else "Đ"
        slots = required_slots(known, 7, Programme.GDPT2018, Regulation.TT22_2021)
        for semester, day in ((1, "2024-10-07"), (2, "2025-03-03")):
            for slot in slots:
                yield f"7A,{key},{semester},{slot},{pupil},{value},{day}"


def sound_school(folder: Path) -> Path:
    """Two pupils of a class with a whole, closed year; P2 has no personal number."""
    for name, text in FILES.items():
        write(folder, f"{name}.csv", text.replace("\\\n", ""))
    taught = (f"7A,{key},GV1,2024-09-05" for key in ["", *SUBJECT_KEYS])
    write(folder, "assignments.csv", "class_code,subject,staff_key,effective_from", *taught)
    header = "class_code,subject,semester,slot,pupil_key,value,effective_on"
    write(folder, "marks.csv", header, *marks("P1"), *marks("P2"))
    return folder


@pytest.fixture
def ledger(database: str, tmp_path: Path) -> Iterator[Ledger]:
    with school.new_ledger(database) as opened:
        code, answer = take(opened, sound_school(tmp_path / "in"))
        assert code == 0, answer["rejected"]
        yield opened


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def order(out: Path, **changes: Any) -> Order:
    standing = Order(
        school_year="2024-2025",
        on=ON,
        known_at=None,
        school=None,
        pupil=Key("local", "P1"),
        folder=out,
        dry_run=False,
        codes=CODES,
        provinces={},
    )
    return replace(standing, **changes)


def run(ledger: Ledger, asked: Order) -> Outcome:
    return export(ledger, Views(ledger), asked, who=school.operator(ledger))


def counts(outcome: Outcome) -> tuple[int, int, int]:
    return outcome.written, outcome.unchanged, outcome.cancelled


def records(outcome: Outcome) -> list[dict[str, Any]]:
    lines = [line for file in outcome.files for line in Path(file).read_text("utf-8").splitlines()]
    return [json.loads(line) for line in lines]


def correct(ledger: Ledger, folder: Path, value: str, old: str) -> None:
    path = write(
        folder / f"correction-{value}",
        "corrections.csv",
        "pupil_key,school_year,subject,semester,slot,value,old_value,reason",
        f"P1,2024-2025,TOAN,2,CK,{value},{old},nhầm",
    )
    code, answer = take(ledger, path)
    assert code == 0, answer["rejected"]


def sendings(ledger: Ledger) -> list[tuple[str, int]]:
    with ledger.database.connection() as connection:
        size = log.head(connection).size
        pages = log.pages(connection, start=0, end=size, topics=[ExchangeRecordSent.TOPIC])
        events = [entry.event for page in pages for entry in page]
    return [(e.event, e.record_version) for e in events if isinstance(e, ExchangeRecordSent)]


def test_a_sound_year_is_written_and_remembered(ledger: Ledger, out: Path) -> None:
    outcome = run(ledger, order(out))
    assert outcome.unmapped == []
    assert (counts(outcome), outcome.exit_code) == ((1, 0, 0), 0)
    (record,) = records(outcome)
    assert (record["sukien"], record["phienban"]) == ("NEW", 1)
    assert (record["hovaten"], record["sodinhdanh"]) == ("Nguyễn Văn An", "031212000001")
    assert (record["hocky1"], record["hocky2"], record["canam"]) == ("T", "T", "T")
    assert (record["tengiamhieu"], record["tengvcn"]) == ("Phạm Văn Bình", "Trần Thị Hạnh")
    assert (record["thongtintruong_diachi_tenxa"], record["tenlop"]) == ("Xã An Lão", "7A")
    assert len(record["bangdiem"]) == len(SUBJECT_KEYS)
    assert sendings(ledger) == [("NEW", 1)]
    assert [path.name for path in out.iterdir()] == [Path(outcome.files[0]).name]
    assert Path(outcome.files[0]).stat().st_mode & 0o077 == 0


def test_what_did_not_change_is_not_sent_again(ledger: Ledger, out: Path) -> None:
    run(ledger, order(out))
    again = run(ledger, order(out))
    assert (counts(again), again.files, again.exit_code) == ((0, 1, 0), [], 0)
    assert sendings(ledger) == [("NEW", 1)]
    assert counts(run(ledger, order(out, on=date(2025, 7, 20)))) == (0, 1, 0)


def test_a_changed_mark_is_an_update_with_the_next_version(
    ledger: Ledger, out: Path, tmp_path: Path
) -> None:
    run(ledger, order(out))
    correct(ledger, tmp_path, "9", "8")
    second = run(ledger, order(out))
    (record,) = records(second)
    assert (counts(second), record["sukien"], record["phienban"]) == ((1, 0, 0), "UPDATE", 2)
    maths = next(row for row in record["bangdiem"] if row["tenmonhoc"] == "Toán")
    assert (maths["diemhocky2"], maths["phienban"]) == ("8.3", 2)
    assert len(list(out.iterdir())) == 2
    assert counts(run(ledger, order(out))) == (0, 1, 0)
    assert sendings(ledger) == [("NEW", 1), ("UPDATE", 2)]


def test_a_dry_run_writes_and_records_nothing(ledger: Ledger, out: Path) -> None:
    outcome = run(ledger, order(out, dry_run=True))
    assert (counts(outcome), outcome.files, out.exists()) == ((1, 0, 0), [], False)
    assert sendings(ledger) == []


def test_cut_off_before_recording_the_next_run_gives_the_same_version(
    ledger: Ledger, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(national._Run, "remember", cut_off)
        with pytest.raises(KeyboardInterrupt):
            run(ledger, order(out))
    (left,) = out.iterdir()
    first = left.read_bytes()
    assert sendings(ledger) == []
    again = run(ledger, order(out))
    assert [Path(file) for file in again.files] == [left]
    assert left.read_bytes() == first
    assert sendings(ledger) == [("NEW", 1)]


def test_cut_off_while_writing_nothing_is_left(
    ledger: Ledger, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        run(ledger, order(out))
    assert list(out.iterdir()) == []
    assert sendings(ledger) == []


def test_a_sound_pupil_goes_out_and_the_other_is_listed(ledger: Ledger, out: Path) -> None:
    outcome = run(ledger, order(out, pupil=None, school="S1"))
    assert (counts(outcome), outcome.exit_code) == ((1, 0, 0), 4)
    (gap,) = outcome.unmapped
    assert (gap["pupil"], gap["field"], gap["reason"]) == ("P2", "sodinhdanh", "missing")
    assert "identifiers.csv" in str(gap["mend"])
    alone = run(ledger, order(out, pupil=Key("local", "P2")))
    assert (counts(alone), alone.exit_code, alone.files) == ((0, 0, 0), 3, [])


def test_a_number_that_comes_later_mends_the_record(
    ledger: Ledger, out: Path, tmp_path: Path
) -> None:
    run(ledger, order(out, pupil=None))
    header = "pupil_key,kind,value"
    path = write(tmp_path / "n", "identifiers.csv", header, "P2,personal_id,031212000002")
    assert take(ledger, path)[0] == 0
    outcome = run(ledger, order(out, pupil=None))
    assert (counts(outcome), outcome.unmapped) == ((1, 1, 0), [])


def test_a_retracted_enrolment_cancels_the_record(ledger: Ledger, out: Path) -> None:
    run(ledger, order(out))
    (pupil,) = school.find(ledger, ["P1"])

    def decide(reader: Reader) -> Plan:
        plan = Plan()
        state = reader.pupils([pupil])[pupil]
        assert state is not None
        event = ChangeRetracted(
            effective_on=date(2024, 9, 5),
            retracts=state.changes[0].seq,
            statutory=Note(text="ghi nhầm"),
        )
        plan.add(pupil_ref(reader, pupil), [event])
        return plan

    ledger.desk.run(decide, who=school.operator(ledger))
    outcome = run(ledger, order(out))
    (record,) = records(outcome)
    assert counts(outcome) == (0, 0, 1)
    assert (record["sukien"], record["phienban"]) == ("CANCEL", 2)
    assert record["trangthaithongtinhocba"] == "2"
    assert "hovaten" not in record
    assert counts(run(ledger, order(out))) == (0, 0, 0)


def test_a_move_learnt_of_later_cancels_the_first_schools_record(
    ledger: Ledger, out: Path, tmp_path: Path
) -> None:
    run(ledger, order(out))
    folder = tmp_path / "move"
    write(folder, "units.csv", "unit_code,kind,name,parent_code", "S2,school,THCS Hai,11629")
    write(
        folder,
        "classes.csv",
        "class_code,school_code,school_year,grade,name",
        "7B,S2,2024-2025,7,7B",
    )
    statuses = "pupil_key,school_code,kind,effective_on"
    write(folder, "statuses.csv", statuses, "P1,S1,transfer_out,2025-05-26")
    enrolments = "pupil_key,class_code,kind,effective_on"
    write(folder, "enrolments.csv", enrolments, "P1,7B,transfer_in,2025-05-26")
    write(
        folder,
        "staff.csv",
        "staff_key,full_name,personal_id,unit_code,role",
        "H2,Lê Thị Tư,031175000003,S2,principal",
    )
    taught = (f"7B,{key},H2,2025-05-26" for key in ["", *SUBJECT_KEYS])
    write(folder, "assignments.csv", "class_code,subject,staff_key,effective_from", *taught)
    code, answer = take(ledger, folder)
    assert code == 0, answer["rejected"]
    outcome = run(ledger, order(out))
    assert (counts(outcome), outcome.unmapped) == ((1, 0, 1), [])
    by_event = {record["sukien"]: record for record in records(outcome)}
    assert by_event["CANCEL"]["phienban"] == 2
    new = by_event["NEW"]
    assert (new["phienban"], new["matruong"], new["tenlop"]) == (1, "S2", "7B")
    assert (new["tengiamhieu"], new["chucvugiamhieu"]) == ("Lê Thị Tư", "Hiệu trưởng")
    lines = [(row["tenlop"], row["ngaytrangthaichuyenden"]) for row in new["quatrinhhoctap"]]
    assert lines == [("7A", None), ("7B", "2025-05-26")]
    assert counts(run(ledger, order(out, pupil=None, school="S1")))[2] == 0


def test_a_re_assessment_stands_beside_the_result_before_it(
    ledger: Ledger, out: Path, tmp_path: Path
) -> None:
    header = "pupil_key,school_year,kind,subject,value,legal_ground,effective_on"
    line = "P1,2024-2025,reassess,TOAN,5,TT 22 Điều 14,2025-07-01"
    code, answer = take(ledger, write(tmp_path / "r", "decisions.csv", header, line))
    assert code == 0, answer["rejected"]
    (record,) = records(run(ledger, order(out)))
    maths = next(row for row in record["bangdiem"] if row["tenmonhoc"] == "Toán")
    assert (maths["diemcanam"], maths["diemkttralai"]) == ("8.0", "5.0")
    assert (record["canam"], record["kqhoctaplai"]) == ("T", "K")


def test_a_day_before_the_enrolment_cancels_nothing(ledger: Ledger, out: Path) -> None:
    run(ledger, order(out))
    assert counts(run(ledger, order(out, on=date(2024, 9, 1)))) == (0, 0, 0)
    with pytest.raises(Refused) as error:
        run(ledger, order(out, on=date(2024, 7, 31)))
    assert error.value.code == "date_outside_school_year"


def test_an_older_state_is_not_sent_over_a_newer(ledger: Ledger, out: Path, tmp_path: Path) -> None:
    with ledger.database.connection() as connection:
        before = log.head(connection).size - 1
    correct(ledger, tmp_path, "9", "8")
    run(ledger, order(out))
    outcome = run(ledger, order(out, known_at=before))
    assert counts(outcome) == (0, 0, 0)
    assert [gap["reason"] for gap in outcome.unmapped] == ["sent_later"]


def test_a_released_pupils_record_is_not_ours_to_send(ledger: Ledger, out: Path) -> None:
    (pupil,) = school.find(ledger, ["P1"])
    school.release(ledger, pupil, last_day=date(2025, 7, 10))
    outcome = run(ledger, order(out))
    assert "pupil_released" in {gap["reason"] for gap in outcome.unmapped}
    assert counts(outcome) == (0, 0, 0)


def test_of_two_exports_at_once_the_overtaken_record_is_taken_out_of_its_file(
    ledger: Ledger, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember = national._Run.remember

    def overtaken(self: Any, *args: Any) -> None:
        monkeypatch.setattr(national._Run, "remember", remember)
        correct(ledger, tmp_path, "9", "8")
        run(ledger, order(tmp_path / "other"))
        remember(self, *args)

    numbers = "pupil_key,kind,value"
    path = write(tmp_path / "n", "identifiers.csv", numbers, "P2,personal_id,031212000002")
    assert take(ledger, path)[0] == 0
    monkeypatch.setattr(national._Run, "remember", overtaken)
    outcome = run(ledger, order(out, pupil=None))
    assert (counts(outcome), outcome.exit_code) == ((1, 0, 0), 4)
    assert [gap["reason"] for gap in outcome.unmapped] == ["exchange_version"]
    assert [record["hovaten"] for record in records(outcome)] == ["Nguyễn Văn Ba"]
    assert sendings(ledger) == [("NEW", 1), ("NEW", 1)]
    assert counts(run(ledger, order(out, pupil=None))) == (0, 2, 0)


def test_a_file_of_overtaken_records_alone_is_removed(
    ledger: Ledger, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember = national._Run.remember

    def overtaken(self: Any, *args: Any) -> None:
        (pupil,) = school.find(ledger, ["P1"])
        school.release(ledger, pupil, last_day=date(2025, 7, 10))
        remember(self, *args)

    monkeypatch.setattr(national._Run, "remember", overtaken)
    outcome = run(ledger, order(out))
    assert (counts(outcome), outcome.exit_code, outcome.files) == ((0, 0, 0), 3, [])
    assert [gap["reason"] for gap in outcome.unmapped] == ["pupil_released"]
    assert list(out.iterdir()) == []


def test_a_pupil_not_yet_known_at_the_moment_is_passed_over(ledger: Ledger, out: Path) -> None:
    outcome = run(ledger, order(out, pupil=None, known_at=2))
    assert (counts(outcome), outcome.unmapped) == ((0, 0, 0), [])


def test_a_pupil_whose_entries_cannot_be_read_stops_no_other(
    ledger: Ledger, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (broken,) = school.find(ledger, ["P2"])
    whole = Gatherer.pupil

    def pupil(self: Gatherer, person: UUID) -> PupilYears:
        if person == broken:
            raise DamagedEntry(7, "its hash is not that of its bytes")
        return whole(self, person)

    monkeypatch.setattr(Gatherer, "pupil", pupil)
    outcome = run(ledger, order(out, pupil=None))
    assert counts(outcome) == (1, 0, 0)
    assert [(gap["pupil"], gap["reason"]) for gap in outcome.unmapped] == [
        (f"id:{broken}", "damaged_entry")
    ]


def invoke(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, *arguments: str
) -> tuple[int, dict[str, Any]]:
    """`hocba exchange … --format json` on an opened ledger: exit code and answer."""
    profile = Profile(ledger.id, "31", "31", "Hải Phòng", "nowhere")

    @contextmanager
    def opened(_: Workplace) -> Iterator[tuple[Profile, Ledger]]:
        yield profile, ledger

    monkeypatch.setattr(Workplace, "open", opened)
    monkeypatch.setattr(command, "_views", lambda _, opened: Views(opened))
    monkeypatch.setattr(command, "_provinces", lambda *_: {})
    place = Workplace(
        home=Home(Path("nowhere")),
        account="operator",
        database=None,
        nats=None,
        ledger=None,
        format="json",
        lang="vi",
    )
    done = CliRunner().invoke(
        command.exchange, arguments, obj=place, catch_exceptions=False, standalone_mode=False
    )
    return done.return_value, json.loads(done.stdout)


def test_the_command_answers_with_counts_and_what_could_not_go_out(
    ledger: Ledger, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = (f"subject,{key},{n:03d}" for n, key in enumerate(SUBJECT_KEYS, 1))
    codes = write(tmp_path, "codes.csv", "kind,key,code", *lines)
    arguments = ("--school-year", "2024-2025", "--on", "2025-07-15", "--out", str(out))
    code, answer = invoke(
        ledger, monkeypatch, "national", *arguments, "--school", "S1", "--codes", str(codes)
    )
    assert (code, answer["written"], answer["unchanged"], answer["cancelled"]) == (4, 1, 0, 0)
    assert [(gap["pupil"], gap["field"]) for gap in answer["unmapped"]] == [("P2", "sodinhdanh")]
    code, answer = invoke(ledger, monkeypatch, "national", *arguments, "--pupil", "P2")
    assert (code, answer["written"]) == (3, 0)


def test_the_command_writes_a_whole_transcript_for_a_university(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [tmp_path / "one.xml", tmp_path / "two.xml"]
    for file in files:
        code, answer = invoke(
            *(ledger, monkeypatch, "elmo", "--pupil", "P1", "--on", "2025-07-15"),
            *("--out", str(file)),
        )
        assert (code, answer["years"]) == (0, 1)
    first, second = (file.read_bytes() for file in files)
    assert first == second
    assert b"031212000001" in first
    assert b"<familyName>Nguy\xe1\xbb\x85n</familyName>" in first


def test_an_unknown_school_is_not_found(ledger: Ledger, out: Path) -> None:
    with pytest.raises(NotFound):
        run(ledger, order(out, pupil=None, school="S9"))


def test_the_sample_is_of_the_year_it_says(ledger: Ledger) -> None:
    (year,) = Views(ledger).transcript(Key("local", "P1"), on=ON)["years"]
    assert ON in SchoolYear.parse(year["school_year"])
    assert (year["promotion"], year["absences"]["total"]) == ("promoted", 2)
