"""What the schools on both sides see: checklist, two records side by side, the import report."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import openpyxl

from ledger import ids, log
from ledger.events.case import CaseDecided
from ledger.ledger import SealedPart
from ledger.registration import Number, record_pupils
from services import case_acts
from services.arrival_book import write_arrival
from services.arrivals import arrival_report
from services.case_records import compare, suggestions
from services.leavings import leaving_checklist
from tests.integration.transfer.conftest import Provinces, Side
from tests.integration.transfer.files import released_to_file
from tests.integration.transfer.story import (
    FIRST_DAY,
    LAST_DAY,
    SECOND_TERM_HERE,
    TODAY,
    ask,
    at_origin,
    at_receiver,
    begin,
    cells,
    enter,
    hand_in,
    let_go,
    pupil_state,
)
from tests.school import employ, enrol, find, numbered, open_school, profile, record_pupil, sound
from transfer import conversation

NUMBER = "031212000345"
ON = date(2025, 3, 10)


def carry_to_receiver(provinces: Provinces, leaver: UUID, case: UUID) -> None:
    """From the request made to the dossier received."""
    provinces.receiver.exchange()
    provinces.origin.exchange()
    let_go(provinces.origin, case, leaver)
    provinces.origin.exchange()
    assert [t.outcome for t in provinces.receiver.exchange()] == ["done"]


def remark_of(side: Side, case: UUID) -> str | None:
    """The remark kept with the acceptance, opened."""
    ledger = side.office.ledger
    with ledger.database.connection() as connection:
        stream = ids.case_stream(ledger.id, case)
        entries = log.of_streams(connection, [stream], size=None, topics=[CaseDecided.TOPIC])
        sealed = entries[0].envelope.personal.get("statutory")
        if sealed is None:
            return None
        part = SealedPart(sealed, ledger.id, stream, CaseDecided.TOPIC)
        (clear,) = ledger.reveal(connection, [part])
    return None if clear is None else str(clear["text"])


def accept(side: Side, case: UUID, list_: str | None = None) -> dict[str, Any]:
    return case_acts.accept(side.office, case, list_=list_, class_code=None, today=ON, who=side.who)


def what(report: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [gap for gap in report["missing"] if gap["what"] == kind]


def test_the_report_before_an_acceptance_is_the_one_after_it_and_is_kept_as_its_remark(
    provinces: Provinces, tmp_path: Path
) -> None:
    receiver = provinces.receiver
    leaver, arrival, case = begin(provinces)
    assert arrival_report(receiver.office, case, on=ON)["came"] is None
    carry_to_receiver(provinces, leaver, case)
    before = arrival_report(receiver.office, case, on=ON)
    assert before["outcome"] == "open"
    assert before["came"]["marks"] == 15
    assert [school["name"] for school in before["came"]["years"][0]["schools"]] == ["THCS Lê Lợi"]
    missing = {(g["subject"], g["semester"], g["slot"]) for g in what(before, "mark")}
    assert ("NGUVAN", 2, "GK") in missing
    assert not {m for m in missing if m[1] == 1}, "term 1 came whole"
    after = accept(receiver, case, list_="Thiếu giấy khai sinh")
    assert after["outcome"] == "accepted_with_list"
    same = ("came", "differs", "missing", "school_code", "class_code")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    remark = remark_of(receiver, case)
    assert remark is not None
    assert remark.splitlines()[0] == "Thiếu giấy khai sinh"
    assert "2024-2025 HK2 Ngữ văn: TX2, TX3, TX4, GK, CK" in remark
    write_arrival(after, tmp_path / "a.xlsx", "vi")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert len(book.sheetnames) == 4
    assert accept(receiver, case) == after, "repeated, it tells the same"
    assert pupil_state(receiver, arrival).accepted == (case,)


def test_a_rejected_record_is_reported_as_refused_with_its_reason(provinces: Provinces) -> None:
    receiver = provinces.receiver
    leaver, _, case = begin(provinces)
    carry_to_receiver(provinces, leaver, case)
    conversation.reject(receiver.office, case, reason="wrong_pupil", today=ON, who=receiver.who)
    told = arrival_report(receiver.office, case, on=ON)
    assert (told["outcome"], told["reason"], told["came"]) == ("refused", "wrong_pupil", None)


def test_the_checklist_names_missing_marks_with_their_teachers_and_holds_nothing_up(
    provinces: Provinces,
) -> None:
    origin = provinces.origin
    leaver = at_origin(origin)
    employ(origin.office.ledger, "GV1", "Trần Bình", subject="TOAN")
    employ(origin.office.ledger, "GV2", "Lê Hoa", subject="KHTN")
    found = leaving_checklist(origin.office, leaver, on=LAST_DAY)
    marks = {(m["subject"], m["semester"]): m for m in found["marks"]}
    assert marks["TOAN", 2]["slots"] == ["TX3", "TX4", "GK", "CK"]
    assert marks["TOAN", 2]["staff"] == ["GV1"]
    assert marks["KHTN", 1] == {"subject": "KHTN", "semester": 1, "slots": [], "staff": ["GV2"]}
    assert ("TOAN", 1) not in marks, "term 1 is whole"
    assert (found["unclosed"], found["ready"]) == (["HK1"], False)
    receiver = provinces.receiver
    arrival = at_receiver(receiver)
    case = ask(receiver, arrival, origin)
    receiver.exchange()
    origin.exchange()
    let_go(origin, case, leaver)
    later = cells(leaver, "7A1", [("TOAN", 2, "TX3", "9", date(2025, 2, 20))])
    assert [verdict.fate for verdict in hand_in(origin, later)] == ["proposed"]
    assert len(leaving_checklist(origin.office, leaver, on=LAST_DAY)["proposals"]) == 1


def with_number(side: Side, key: str, name: str, *, number: str | None, sex: str = "nam") -> UUID:
    numbers = (Number(kind="personal_id", value=number),) if number else ()
    line = record_pupil(key, profile(name, sex=sex), numbers=numbers)
    ledger = side.office.ledger
    sound(ledger.carry_out(record_pupils, numbered([line]), who=side.who))
    return find(ledger, [key])[0]


def test_two_records_side_by_side_and_who_may_be_meant_are_shown_and_nobody_is_chosen(
    provinces: Provinces,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    for side, code in ((origin, "S1"), (receiver, "S9")):
        open_school(side.office.ledger, code=code, classes=("7A1",))
    bearer = with_number(origin, "A1", "Trần Thị Hòa", number=NUMBER)
    twin = with_number(origin, "A2", "Nguyễn Văn An", number=None)
    enrol(origin.office.ledger, [bearer, twin])
    by_number = with_number(receiver, "B1", "Trần Thị Hoà", number=NUMBER)
    by_name = with_number(receiver, "B2", "Nguyễn Văn An", number=None)
    nobody = with_number(receiver, "B3", "Phạm Thị Lan", number=None)
    enrol(receiver.office.ledger, [by_number, by_name, nobody], on=FIRST_DAY, kind="provisional")
    asked = {p: ask(receiver, p, origin) for p in (by_number, by_name, nobody)}
    receiver.exchange()
    origin.exchange()
    found = suggestions(origin.office)
    shares = {
        case: [(c["pupil_key"], c["shares"]) for c in found[str(case)]] for case in asked.values()
    }
    assert shares[asked[by_number]] == [("A1", ["personal_id"])]
    assert shares[asked[by_name]] == [("A2", ["name_and_birth_date"])]
    assert shares[asked[nobody]] == []
    answer = compare(origin.office, asked[by_number], None)
    assert (answer["ours"], answer["pupil"]) == (None, None), "nobody is chosen by the program"
    answer = compare(origin.office, asked[by_number], bearer)
    assert answer["differs"] == ["full_name"], "the tone stands elsewhere: a person looks at it"
    assert answer["ours"]["last_class"] == "7A1"
    let_go(origin, asked[by_number], bearer)
    origin.exchange()
    receiver.exchange()
    answer = compare(receiver.office, asked[by_number], None)
    assert answer["theirs"]["full_name"] == "Trần Thị Hòa"
    assert answer["ours"]["full_name"] == "Trần Thị Hoà"
    assert answer["theirs"]["last_class"] == "7A1"


def test_the_name_of_an_erased_or_renamed_pupil_is_no_longer_suggested(
    provinces: Provinces,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    open_school(origin.office.ledger)
    was = with_number(origin, "A1", "Nguyễn Văn An", number=None)
    ledger = origin.office.ledger
    renamed = record_pupil("A1", profile("Nguyễn Văn Bình"))
    renamed = replace(renamed, effective_on=TODAY)
    sound(ledger.carry_out(record_pupils, numbered([renamed]), who=origin.who))
    open_school(receiver.office.ledger, code="S9", classes=("7B2",))
    arrival = with_number(receiver, "B1", "Nguyễn Văn An", number=None)
    enrol(receiver.office.ledger, [arrival], class_code="7B2", on=FIRST_DAY, kind="provisional")
    enter(receiver, arrival, "7B2", SECOND_TERM_HERE)
    case = ask(receiver, arrival, origin)
    receiver.exchange()
    origin.exchange()
    assert suggestions(origin.office) == {str(case): []}
    assert pupil_state(origin, was).released is None


def test_a_record_handed_in_as_a_file_is_reported_and_remarked_like_any_other(
    provinces: Provinces,
) -> None:
    origin, receiver = provinces.origin, provinces.receiver
    leaver = at_origin(origin)
    case, data = released_to_file(origin, leaver, to=receiver, today=ON)
    told, report = case_acts.import_dossier(
        receiver.office, data, pupil=None, new=True, today=ON, who=receiver.who
    )
    assert (told, report["outcome"]) == (case, "accepted_with_list")
    assert report["came"]["marks"] == 15
    assert what(report, "enrolment"), "importing enrols nobody"
    remark = remark_of(receiver, case)
    assert remark is not None
    assert "chưa ghi danh vào trường" in remark
