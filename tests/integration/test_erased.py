"""One pupil of whom everything personal is on record: no table holds it in clear, and when the
keys are destroyed every command still answers, without the person."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services.embedded import servers
from tests.integration.books import PUPIL_HEADER, pupil, xlsx
from tests.integration.ledger.test_personal_data import everything, found_in
from tests.integration.scenario import SCAN, Desk, Papers, desks

pytestmark = pytest.mark.timeout(300)

YEAR = "2024-2025"
ON = "2025-05-31"
SECRETS = {
    "name": "Quách Thị Thu Hoài",
    "birth date": "2012-11-23",
    "personal number": "031312004567",
    "ministry code": "3101234567",
    "passport": "XK7714025",
    "visa": "VS-55-Q19",
    "father": "Quách Văn Khoát",
    "mother": "Phạm Thị Nhẫn",
    "telephone": "0912345678",
    "ethnicity": "Sán Dìu",
    "disability": "khiếm thính nhẹ",
    "residence": "Số 17 ngõ 243 Trần Nguyên Hãn",
    "local key": "HS-khoá-riêng-88",
    "height": "151.7",
    "weight": "38.45",
    "vision": "ĐNT 3m",
    "findings": "sâu răng hàm dưới",
    "health notes": "hẹn khám mắt lại",
    "remedy": "gặp mẹ để xin giấy khai sinh",
    "identity note": "công an phường hẹn thứ hai",
    "link reason": "cùng mẹ, cùng ngày sinh",
    "distinct reason": "hai chị em sinh đôi",
    "unlink reason": "nhầm với em họ",
    "enrolment note": "học nhờ vì nhà cháy",
    "leaving note": "theo bố vào Nam",
    "leaving reason": "gia đình ly hôn",
    "exemption ground": "giấy bệnh viện tim",
    "plan ground": "xác nhận khuyết tật số 81",
    "mention": "giải ba cờ vua cấp quận",
    "comment": "Em chăm nhưng rụt rè",
    "paper comment": "Hay bênh vực bạn yếu",
    "paper reason": "chép nhầm dòng",
    "decision ground": "đơn của bà ngoại",
    "correction": "chấm sót một câu",
    "teacher": "Vũ Đình Trọng",
    "teacher's number": "031080001234",
}
PUBLIC = "THCS Lê Lợi"


def folders(at: Path) -> Sequence[Path]:
    """What the school hands in, in two imports: what is put right is on record before."""
    key, s = SECRETS["local key"], SECRETS
    first, second = Papers(), Papers()
    first.province("31", "Hải Phòng")
    first.school("S1", PUBLIC, "31", "THCS")
    first.school_class("7A", "S1", YEAR, 7)
    first.school_class("8A", "S1", "2025-2026", 8)
    first.add(
        "staff",
        staff_key="GV1",
        full_name=s["teacher"],
        personal_id=s["teacher's number"],
        unit_code="S1",
    )
    first.add("staff", staff_key="GV2", full_name="Trần B", unit_code="S1")
    first.add(
        "pupils",
        pupil_key=key,
        full_name=s["name"],
        birth_date=s["birth date"],
        sex="nu",
        ethnicity=s["ethnicity"],
        personal_id=s["personal number"],
        moet_code=s["ministry code"],
        father_name=s["father"],
        mother_name=s["mother"],
        guardian_phone=s["telephone"],
        residence_text=s["residence"],
        disability=s["disability"],
    )
    for other in ("P2", "P3", "P4"):
        first.pupil(other)
        first.enrol(other, "7A", "2024-09-05")
    first.add("identifiers", pupil_key=key, kind="passport", value=s["passport"])
    first.add(
        *("identifiers",),
        pupil_key=key,
        kind="visa",
        value=s["visa"],
        valid_from="2024-01-01",
        valid_to="2024-12-31",
    )
    first.add(
        "enrolments",
        pupil_key=key,
        class_code="7A",
        kind="start",
        effective_on="2024-09-05",
        note=s["enrolment note"],
    )
    first.add("links", pupil_key=key, kind="link", other_key="P2", reason=s["link reason"])
    first.add("links", pupil_key=key, kind="distinct", other_key="P3", reason=s["distinct reason"])
    first.add(
        "identity_checks",
        who="pupil",
        key=key,
        status="mismatched",
        checked_at="2024-10-01T10:00:00+07:00",
        cause="name_differs",
        remedy=s["remedy"],
        responsible="GV1",
        note=s["identity note"],
    )
    first.add(
        "health",
        pupil_key=key,
        measured_on="2024-10-10",
        height_cm=s["height"],
        weight_kg=s["weight"],
        vision_left=s["vision"],
        findings=s["findings"],
        notes=s["health notes"],
    )
    paper = {
        "pupil_key": key,
        "school_year": "2023-2024",
        "school_name": PUBLIC,
        "scan_sha256": SCAN,
        "attested_by": "GV1",
        "checked_by": "GV2",
        "effective_on": "2024-01-05",
        "grade": "6",
        "subject": "TOAN",
        "semester": "1",
    }
    first.add("paper_results", **paper, kind="mark", slot="GK", value="7")
    first.add("paper_results", **paper, kind="comment", value=s["paper comment"])
    about = {"pupil_key": key, "school_year": YEAR, "effective_on": "2024-12-02"}
    first.add(
        *("exemptions",),
        **about,
        subject="GDTC",
        period="CN",
        part="practice",
        legal_ground=s["exemption ground"],
    )
    first.add("education_plans", **about, levels_asked="no", legal_ground=s["plan ground"])
    first.add("mentions", **about, kind="award", text=s["mention"])
    first.add("comments", **about, time="CN", text=s["comment"])
    first.add(
        *("decisions",),
        **about,
        kind="missing_term",
        value=None,
        legal_ground=s["decision ground"],
    )
    first.marks(key, "7A", "TOAN", 1, {"TX1": "8", "GK": "6"}, date_of(10, 7))
    first.marks("P2", "7A", "TOAN", 1, {"TX1": "9"}, date_of(10, 7))
    second.add("links", pupil_key=key, kind="unlink", other_key="P2", reason=s["unlink reason"])
    second.add(
        "paper_results", **paper, kind="mark", slot="GK", value="8", reason=s["paper reason"]
    )
    second.add(
        "corrections",
        pupil_key=key,
        school_year=YEAR,
        subject="TOAN",
        semester="1",
        slot="TX1",
        value="9",
        reason=s["correction"],
    )
    second.add(
        "statuses",
        pupil_key=key,
        school_code="S1",
        kind="leave",
        effective_on="2025-05-20",
        reason_code=s["leaving reason"],
        note=s["leaving note"],
    )
    return first.write(at / "1"), second.write(at / "2")


def date_of(month: int, day: int) -> date:
    return date(2024, month, day)


@dataclass(frozen=True)
class Office:
    """A desk, its database, and the moment before the second import."""

    desk: Desk
    database: str
    folder: Path
    before: int

    def commands(self, pupil: str) -> list[tuple[str, ...]]:
        """Every read, with files as well; `pupil` is a key that outlives an erasure."""
        out, day = self.folder, ("--on", ON)
        reports = ("headcount", "movement", "results", "identity", "nutrition", "exceptions")
        listed = [("report", name, *day, "--list") for name in reports]
        books = [(*one, "--xlsx", str(out / f"{one[1]}.xlsx")) for one in listed]
        return [
            *listed,
            *books,
            ("report", "headcount", *day, "--by", "ethnicity", "--by", "disability", "--list"),
            ("report", "in_transit", *day, "--list"),
            ("roster", "--class", "7A", *day),
            ("roster", "--class", "7A", "--on", "2024-10-10"),
            ("transcript", "--pupil", pupil, *day),
            ("health", "--pupil", pupil, *day),
            ("identity", "--pupil", pupil, *day),
            ("audit", "--pupil", pupil, "--xlsx", str(out / "audit.xlsx")),
            ("audit", "--class", "7A"),
            ("audit", "--unit", "S1"),
            ("audit", "--teacher", "GV1"),
            ("compare", "--from", f"@{self.before}", *day),
            ("compare", "--from", f"@{self.before}", *day, "--pupil", pupil),
            ("compare", "--from", f"@{self.before}", *day, "--xlsx", str(out / "compare.xlsx")),
            ("export", "csdl", "--since", "@0", *day, "--out", str(out / "csdl")),
            ("export", "csdl", "--since", f"@{self.before}", *day, "--out", str(out / "csdl")),
            (
                *("exchange", "national", "--school-year", YEAR, *day),
                *("--out", str(out / "national")),
            ),
            ("exchange", "elmo", "--pupil", pupil, *day, "--out", str(out / "elmo.xml")),
            (
                *("marksheet", "--class", "7A", "--subject", "TOAN", "--semester", "1"),
                *("--slot", "TX2", "--on", "2024-10-10", "--xlsx", str(out / "sheet.xlsx")),
            ),
            (
                *("turn", "--school", "S1", "--from", YEAR, "--preview"),
                *("--as-of", "2025-10-01"),
            ),
            ("reconcile", str(out / "theirs.xlsx"), "--on", "2024-10-10"),
        ]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    at = tmp_path_factory.mktemp("erased")
    with desks("31") as (desk,):
        one, two = folders(at)
        _, said = desk.run("import", str(one))
        assert said["rejected"] == []
        before = said["last_position"]
        _, said = desk.run("import", str(two))
        assert said["rejected"] == []
        theirs = [PUPIL_HEADER, pupil(1, SECRETS["ministry code"], SECRETS["name"])]
        xlsx(at / "theirs.xlsx", {"Sheet1": [("DANH SÁCH",), *theirs]})
        profile = json.loads((desk.home.path / "ledgers" / "31.json").read_text("utf-8"))
        with servers(desk.home) as running:
            yield Office(desk, running.postgres.url(profile["database"]), at, before)


def read_all(office: Office, pupil: str) -> dict[str, Any]:
    """What every command answers; none may fail for more than what it found."""
    answers = {}
    for command in office.commands(pupil):
        code, answer = office.desk.run(*command)
        assert code in (0, 3, 4), (command, code)
        answers[" ".join(command)] = answer
    return answers


def person(office: Office) -> str:
    """The pupil's id, which outlives an erasure."""
    key = f"personal_id:{SECRETS['personal number']}"
    found: str = office.desk.answer("transcript", "--pupil", key, "--on", ON)["pupil_id"]
    return found


def test_no_table_and_no_log_of_a_server_holds_anything_personal_in_clear(office: Office) -> None:
    told = json.dumps(read_all(office, f"id:{person(office)}"), ensure_ascii=False)
    assert [what for what in ("name", "height", "comment") if SECRETS[what] not in told] == []
    content = everything(office.database)
    content |= {str(log): log.read_bytes() for log in office.desk.home.path.rglob("*.log")}
    assert found_in(content, PUBLIC), "the scan finds nothing, not even what is public"
    leaks = {what: found for what, text in SECRETS.items() if (found := found_in(content, text))}
    assert leaks == {}


def test_every_read_answers_without_a_person_who_was_erased(office: Office) -> None:
    erased = person(office)
    with psycopg.connect(office.database) as owner:
        owner.execute("DELETE FROM vault.data_key WHERE person = %s", (erased,))
    answers = read_all(office, f"id:{erased}")
    # Another person's; and what is said of two pupils stands in the other's record too.
    kept = {"teacher", "teacher's number", "link reason", "distinct reason", "unlink reason"}
    for command, answer in answers.items():
        if command.startswith("reconcile"):  # tells what stands in the file it was given
            assert answer["equal"] == 0
            continue
        said = json.dumps(answer, ensure_ascii=False)
        assert [w for w, text in SECRETS.items() if w not in kept and text in said] == [], command


@pytest.mark.parametrize(
    ("file", "column", "cells"),
    [
        (
            "comments",
            "recorded_by",
            {"time": "CN", "text": "Tốt", "school_year": YEAR, "effective_on": "2024-12-03"},
        ),
        (
            "marks",
            "recorded_by",
            {
                **{"class_code": "7A", "subject": "TOAN", "semester": "1", "slot": "TX3"},
                **{"value": "8", "effective_on": "2024-10-08"},
            },
        ),
    ],
)
def test_a_name_where_a_staff_key_belongs_never_reaches_the_log(
    office: Office, tmp_path: Path, file: str, column: str, cells: dict[str, str]
) -> None:
    papers = Papers()
    papers.add(file, pupil_key="P2", **cells, **{column: "Vũ Đình Trọng"})
    code, answer = office.desk.run("import", str(papers.write(tmp_path / "in")))
    assert code == 3
    assert [(r["reason"], r["column"]) for r in answer["rejected"]] == [("unknown_staff", column)]
    assert found_in(everything(office.database), "Vũ Đình Trọng") == []
