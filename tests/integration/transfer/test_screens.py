"""The commands of both schools as they are typed, from the application to the intake list."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import openpyxl
import pytest
from click.testing import CliRunner

from ledger.errors import Refused
from services import identity_check
from services.cli import cli, hoist_globals
from services.embedded import Home
from tests.integration.homes import temporary_home

pytestmark = pytest.mark.timeout(300)

FILES = {
    "31": {
        "units.csv": """unit_code,kind,name,parent_code,levels
HP,province,Hải Phòng,,
HP-LL,school,THCS Lê Lợi,HP,THCS
HP-AD,school,THCS An Dương,HP,THCS
""",
        "classes.csv": """class_code,school_code,school_year,grade,name
LL-7A1,HP-LL,2026-2027,7,7A1
AD-7A1,HP-AD,2026-2027,7,7A1
""",
        "staff.csv": """staff_key,full_name,unit_code,role
GV-HOA,Lê Thị Hoa,HP-LL,teacher
GV-BINH,Trần Văn Bình,HP-LL,teacher
""",
        "assignments.csv": """class_code,subject,staff_key,effective_from
LL-7A1,Ngữ văn,GV-HOA,2026-09-05
LL-7A1,Toán,GV-BINH,2026-09-05
""",
        "pupils.csv": """pupil_key,full_name,birth_date,sex,personal_id,mother_name
HS-7,Nguyễn Minh Châu,2014-05-12,nu,031314001234,Phạm Thu Hà
HS-8,Nguyễn Minh Châu,2014-11-02,nu,031314005678,Đỗ Thị Lan
HS-9,Lê Văn Đức,2014-01-20,nam,031214004321,
""",
        "enrolments.csv": """pupil_key,class_code,kind,effective_on
HS-7,LL-7A1,start,2026-09-05
HS-8,LL-7A1,start,2026-09-05
HS-9,LL-7A1,start,2026-09-05
""",
        "marks.csv": """class_code,subject,semester,slot,pupil_key,value,effective_on
LL-7A1,Toán,1,TX1,HS-7,8,2026-09-28
LL-7A1,Toán,1,GK,HS-7,9,2026-11-05
LL-7A1,Ngữ văn,1,TX1,HS-7,7,2026-09-30
""",
    },
    "22": {
        "units.csv": """unit_code,kind,name,parent_code,levels
QN,province,Quảng Ninh,,
QN-HG,school,THCS Hòn Gai,QN,THCS
""",
        "classes.csv": """class_code,school_code,school_year,grade,name
HG-7B2,QN-HG,2026-2027,7,7B2
""",
        "pupils.csv": """pupil_key,full_name,birth_date,sex,personal_id
MOI-1,Nguyễn Minh Châu,2014-05-12,nu,031314001234
MOI-2,Lê Văn Đức,2014-01-20,nam,031214004321
""",
        "enrolments.csv": """pupil_key,class_code,kind,effective_on
MOI-1,HG-7B2,provisional,2026-11-16
""",
    },
}
INTAKE = "pupil_key,from_ledger\nMOI-2,31\nMOI-9,31\n"


class Desk:
    """A clerk's commands in one home."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def __call__(self, *arguments: str, answers: str | None = None) -> tuple[int, str]:
        """A command; its exit code and standard output."""
        given = hoist_globals(["--home", str(self._home.path), *arguments])
        done = CliRunner().invoke(
            cli, given, input=answers, catch_exceptions=False, standalone_mode=False
        )
        return done.return_value or 0, done.stdout

    def ask(self, *arguments: str) -> Any:
        """A command's JSON, of one that ends well."""
        code, out = self("--format", "json", *arguments)
        assert code == 0, out
        return json.loads(out)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with temporary_home() as home:
        made = Desk(home)
        for ledger, files in FILES.items():
            made("init", "--province", ledger)
            folder = tmp_path / ledger
            folder.mkdir()
            for name, text in files.items():
                (folder / name).write_text(text, "utf-8")
            assert made("import", str(folder), "--ledger", ledger)[0] == 0
        yield made


def test_both_schools_see_and_press_what_the_pages_say(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied = desk.ask(
        *("transfer", "apply", "--pupil", "MOI-1", "--from", "31", "--school", "QN-HG"),
        *("--first-day", "2026-11-16", "--name", "Phạm Thu Hà", "--on", "2026-11-12"),
        *("--ledger", "22"),
    )
    case = applied["case"]
    assert (applied["who_acts"], applied["due_on"]) == ("receiving_head", "2026-11-24")
    desk("transfer", "agree", case, "--number", "118/QĐ", "--ledger", "22")
    first = ("--school", "QN-HG", "--first-day", "2026-11-16", "--ledger", "22")
    desk("transfer", "request", "--case", case, "--pupil", "MOI-1", "--from", "31", *first)
    (waiting,) = desk.ask("transfer", "inbox", "--ledger", "31")["cases"]
    assert (waiting["case"], waiting["who_acts"]) == (case, "origin_school")
    assert [one["pupil_key"] for one in waiting["candidates"]] == ["HS-7"]
    sides = desk.ask("transfer", "compare", case, "--pupil", "HS-8", "--ledger", "31")
    assert sides["differs"] == ["birth_date", "identifiers"]
    _, screen = desk("transfer", "compare", case, "--pupil", "HS-7", "--ledger", "31")
    assert "Đúng học sinh này?" in screen
    assert "12/05/2014" in screen
    open_ = desk.ask(
        "transfer", "checklist", "--pupil", "HS-7", "--on", "2026-11-13", "--ledger", "31"
    )
    assert [(m["subject"], m["staff"]) for m in open_["marks"]] == [
        ("NGUVAN", ["GV-HOA"]),
        ("TOAN", ["GV-BINH"]),
    ]
    let_go = ("transfer", "release", case, "--pupil", "HS-7", "--last-day", "2026-11-13")
    with monkeypatch.context() as at_a_terminal:
        at_a_terminal.setattr(identity_check, "_at_a_terminal", lambda workplace: True)
        with pytest.raises(click.Abort):
            desk(*let_go, "--ledger", "31", answers="n\n")
        assert desk.ask("transfer", "status", case, "--ledger", "31")["state"] == "requested"
        _, screen = desk(*let_go, "--ledger", "31", answers="y\n")
    assert "TX2, TX3, TX4, GK, CK" in screen, "the checklist stands before the question"
    assert desk.ask("transfer", "checklist", "--case", case, "--ledger", "31")["pupil"]
    book = tmp_path / "report.xlsx"
    _, screen = desk("transfer", "report", case, "--xlsx", str(book), "--ledger", "22")
    assert "Còn thiếu gì – ai làm – hạn nào" in screen
    assert "THCS Lê Lợi" in screen, "the report takes in what has come"
    assert "Kết quả: Chưa tiếp nhận" in screen
    _no_list_that_nobody_can_read(desk, tmp_path, case)
    assert openpyxl.load_workbook(book).sheetnames[0] == "Báo cáo tiếp nhận hồ sơ"
    taken = desk.ask("transfer", "accept", case, "--ledger", "22")
    assert (taken["state"], taken["report"]["outcome"]) == ("accepted", "accepted_with_list")
    assert taken["report"]["came"]["marks"] == 3
    _, screen = desk("transfer", "accept", case, "--lang", "en", "--ledger", "22")
    assert "Outcome: accepted with a list" in screen
    _late_mark(desk, tmp_path, case)
    _released_into_a_file_or_not_at_all(desk, tmp_path)
    _lists(desk, tmp_path)
    _inside_and_away(desk)


def _no_list_that_nobody_can_read(desk: Desk, tmp_path: Path, case: str) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes("Thiếu ảnh".encode("utf-16"))
    with pytest.raises(Refused, match="no UTF-8 text"):
        desk("transfer", "accept", case, "--list", str(path), "--ledger", "22")


def _late_mark(desk: Desk, tmp_path: Path, case: str) -> None:
    """What is late is kept, and the clerk is told that it has to be sent; no screen of it shows
    a code or an English word."""
    path = tmp_path / "marks.csv"
    heading = "class_code,subject,semester,slot,pupil_key,value,effective_on"
    path.write_text(f'{heading}\nLL-7A1,Toán,1,TX2,HS-7,"7,5",2026-11-12\n', "utf-8")
    code, out = desk("--format", "json", "import", str(path), "--ledger", "31")
    (line,) = json.loads(out)["rejected"]
    assert (code, line["reason"]) == (4, "pupil_released")
    assert f"hocba transfer supplement {case};" in line["suggestion"]
    told = ("transfer", "supplement", case, "--ledger")
    assert desk(*told, "22")[1] == "Chưa có hồ sơ bổ sung nào.\n"
    for ledger in ("31", "22"):
        _, screen = desk(*told, ledger)
        for shown in ("Toán", "điểm HK1 TX2", "12/11/2026", "7,5"):
            assert shown in screen
        for hidden in ("TOAN", "mark", "conflict", "7.5"):
            assert hidden not in screen
    assert "đã nhận" in desk(*told, "22", "--accept", "all")[1]


def _released_into_a_file_or_not_at_all(desk: Desk, tmp_path: Path) -> None:
    """A pupil is not released for a file that cannot be written."""
    export = ("transfer", "export", "--pupil", "HS-9", "--to", "22", "--ledger", "31")
    before = desk.ask("transfer", "list", "--ledger", "31")
    for place in (tmp_path / "nowhere" / "x.hbt", tmp_path):
        with pytest.raises(Refused, match="cannot be written"):
            desk(*export, "--out", str(place))
    assert desk.ask("transfer", "list", "--ledger", "31") == before
    letter = tmp_path / "thu.docx"
    letter.write_bytes(b"PK of another program")
    for command in ("verify", "import"):
        assert desk("transfer", command, str(letter), "--ledger", "22")[0] == 3


def _lists(desk: Desk, tmp_path: Path) -> None:
    """An intake list with one bad line; the origin releases what is sure."""
    path = tmp_path / "khoi7.csv"
    path.write_text(INTAKE, "utf-8")
    asked = ("transfer", "intake", str(path), "--school", "QN-HG", "--first-day", "2026-11-30")
    code, out = desk("--format", "json", *asked, "--ledger", "22")
    answer = json.loads(out)
    assert (code, answer["counts"]["requested"]) == (4, 1)
    assert [(one["line"], one["reason"]) for one in answer["rejected"]] == [(3, "unknown_pupil")]
    matching = ("transfer", "release", "--all-matching", "--ledger", "31")
    dry = desk.ask(*matching, "--dry-run")
    assert (len(dry["released"]), dry["dry_run"]) == (1, True)
    assert len(desk.ask(*matching)["released"]) == 1
    desk("transfer", "inbox", "--ledger", "22")
    code, out = desk(*asked, "--accept", "--ledger", "22")
    assert code == 4
    assert "Đã tiếp nhận: 1" in out
    assert "khoi7.csv:3: unknown_pupil" in out


def _inside_and_away(desk: Desk) -> None:
    """HS-8 goes to another school of the same province, then abroad."""
    here = ("--ledger", "31")
    asked = desk.ask(
        *("transfer", "request", "--pupil", "HS-8", "--from", "31", "--school", "HP-AD"),
        *("--first-day", "2026-11-23", "--class", "AD-7A1", *here),
    )
    assert (asked["from"], asked["to"], asked["waiting_for"]) == ("31", "31", "consent")
    assert desk.ask("transfer", "release", asked["case"], *here)["state"] == "released"
    taken = desk.ask("transfer", "accept", asked["case"], *here)
    assert (taken["state"], taken["report"]["class_code"]) == ("accepted", "AD-7A1")
    left = desk.ask(
        *("transfer", "leave", "--pupil", "HS-8", "--to-place", "Berlin", "--abroad"),
        *("--last-day", "2026-11-25", *here),
    )
    assert (left["state"], left["to"], left["from_school"]) == ("left", None, "HP-AD")


@pytest.mark.parametrize(
    "arguments",
    [
        ("checklist",),
        ("checklist", "--pupil", "A", "--case", "01a21596-929d-70b8-ab81-5b59b961617c"),
        ("release",),
        ("release", "01a21596-929d-70b8-ab81-5b59b961617c", "--all-matching"),
        (
            *("apply", "--pupil", "A", "--school", "S", "--first-day", "2026-11-16"),
            *("--name", "X", "--on", "2199-01-01"),
        ),
    ],
)
def test_a_command_that_names_nobody_two_things_or_a_day_to_come_is_wrong_usage(
    arguments: tuple[str, ...],
) -> None:
    done = CliRunner().invoke(cli, ["--home", "/nowhere", "transfer", *arguments])
    assert done.exit_code == 2


def test_a_database_that_is_no_url_is_wrong_usage_and_is_not_repeated() -> None:
    done = CliRunner().invoke(cli, ["--database", "a secret", "transfer", "list"])
    assert done.exit_code == 2
    assert "secret" not in done.output
