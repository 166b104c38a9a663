"""The walk-through of one case does what it says: every command of it runs, in its order, and every
word that it shows stands on the screen. Days are those of the day it runs, and are not compared."""

import io
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from datetime import date
from pathlib import Path
from unittest.mock import patch

import pytest

from services.cli import main
from tests.integration.homes import REPOSITORY
from tests.integration.scenario import Desk, Papers, desks

PAGE = REPOSITORY / "docs" / "walkthrough-transfer.md"
BLOCK = re.compile(r"^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXIT = re.compile(r"^\[exit (\d+)\]$", re.MULTILINE)
DAY = re.compile(r"\d{2}/\d{2}/\d{4}|\d{4}-\d{2}-\d{2}|hạn [\d/]+")
YEAR = "2026-2027"
MINH_CHAU = "Nguyễn Minh Châu"


def origin() -> Papers:
    """THCS Lê Lợi: two children of one name, the marks of the first weeks."""
    papers = Papers()
    papers.province("31", "Hải Phòng")
    papers.school("HP-LL", "THCS Lê Lợi", "31", "THCS")
    papers.school_class("LL-7A1", "HP-LL", YEAR, 7)
    for key, name in (("GV-HOA", "Lê Thị Hoa"), ("GV-BINH", "Trần Văn Bình")):
        papers.add("staff", staff_key=key, full_name=name, unit_code="HP-LL", role="teacher")
    teach(papers, "LL-7A1", homeroom="GV-HOA", NGUVAN="GV-HOA", TOAN="GV-BINH")
    for key, born, number in (
        ("HS-7", "2014-05-12", "031314001234"),
        ("HS-8", "2014-11-02", "031314005678"),
    ):
        child(papers, key, born, number)
        papers.enrol(key, "LL-7A1", "2026-09-05")
    october = date(2026, 10, 5)
    papers.marks("HS-7", "LL-7A1", "NGUVAN", 1, {"TX1": "7", "GK": "8"}, october)
    papers.marks("HS-7", "LL-7A1", "TOAN", 1, {"TX1": "8", "TX2": "7.5", "GK": "9"}, october)
    return papers


def receiver() -> Papers:
    """THCS Hòn Gai, where the child sits in class from 16 November."""
    papers = Papers()
    papers.province("22", "Quảng Ninh")
    papers.school("QN-HG", "THCS Hòn Gai", "22", "THCS")
    papers.school_class("HG-7B2", "QN-HG", YEAR, 7)
    for key, name in (("GV-MAI", "Vũ Thị Mai"), ("GV-NAM", "Đỗ Văn Nam")):
        papers.add("staff", staff_key=key, full_name=name, unit_code="QN-HG", role="teacher")
    teach(papers, "HG-7B2", homeroom="GV-MAI", NGUVAN="GV-MAI", TOAN="GV-NAM")
    child(papers, "MOI-1", "2014-05-12", "031314001234")
    papers.enrol("MOI-1", "HG-7B2", "2026-11-16", "provisional")
    papers.marks("MOI-1", "HG-7B2", "TOAN", 1, {"TX1": "8"}, date(2026, 11, 18))
    return papers


def teach(papers: Papers, class_code: str, homeroom: str, **subjects: str) -> None:
    """Who teaches what; a line without a subject is the homeroom teacher's."""
    for subject, key in {"": homeroom, **subjects}.items():
        papers.add(
            "assignments",
            class_code=class_code,
            subject=subject,
            staff_key=key,
            effective_from="2026-09-05",
        )


def child(papers: Papers, key: str, born: str, number: str) -> None:
    """A girl of that name."""
    papers.add(
        "pupils",
        pupil_key=key,
        full_name=MINH_CHAU,
        birth_date=born,
        sex="nu",
        personal_id=number,
    )


def steps() -> Iterator[tuple[str, str, int]]:
    """(command line, what is shown under it, exit code), in the order of the page."""
    for block in BLOCK.findall(PAGE.read_text("utf-8")):
        for part in re.split(r"^hocba ", block, flags=re.MULTILINE)[1:]:
            line, _, shown = part.partition("\n")
            ended = EXIT.search(shown)
            yield line, EXIT.sub("", shown), int(ended[1]) if ended else 0


class Terminal(io.StringIO):
    """Where the clerk types: yes, whatever is asked."""

    def __init__(self) -> None:
        super().__init__("y\n" * 5)

    def isatty(self) -> bool:
        """It is one."""
        return True


def screen(desk: Desk, line: str) -> tuple[int, str]:
    """A command as the clerk types it, and all that stands on the screen then."""
    said = io.StringIO()
    typed = patch.object(sys, "stdin", Terminal())
    with typed, redirect_stdout(said), redirect_stderr(said):
        try:
            main(["--home", str(desk.home.path), *shlex.split(line)])
        except SystemExit as left:
            code = left.code
    assert isinstance(code, int)
    return code, " ".join(said.getvalue().replace("│", " ").split())


def words(shown: str) -> Iterator[str]:
    """The cells of what is shown, without days and what stands for anything."""
    for cell in re.split(r" {2,}|\n|…", DAY.sub("  ", shown)):
        if cell.strip(" .:;,–"):
            yield " ".join(cell.split())


@pytest.mark.timeout(300)
def test_the_walk_through_does_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    late = Papers()
    late.marks("HS-7", "LL-7A1", "TOAN", 1, {"TX3": "9"}, date(2026, 11, 12))
    late.write(tmp_path / "late").joinpath("marks.csv").rename(tmp_path / "marks.csv")
    ran = 0
    with desks("31", "22") as (there, here):
        there.sound(origin(), tmp_path / "origin")
        here.sound(receiver(), tmp_path / "receiver")
        case = ""
        for line, shown, code in steps():
            if line.startswith("transfer verify"):
                forged = bytearray(sealed(there, tmp_path))
                forged[-1] ^= 1
                tmp_path.joinpath("ho-so.hbt").write_bytes(forged)
            desk = there if "--ledger 31" in line else here
            ended, said = screen(desk, line.replace("CASE", case))
            assert ended == code, f"{line}\n{said}"
            missing = [word for word in words(shown.replace("CASE", case)) if word not in said]
            assert not missing, f"{line}\n{missing}\n{said}"
            case = newest(here) or case
            ran += 1
    assert ran == 21


def newest(desk: Desk) -> str | None:
    """The number of the case that was begun last."""
    cases = desk.answer("transfer", "list")["cases"]
    return str(cases[-1]["case"]) if cases else None


def sealed(desk: Desk, folder: Path) -> bytes:
    """A record of another child as a file."""
    path = folder / "other.hbt"
    desk.answer("transfer", "export", "--pupil", "HS-8", "--to", "22", "--out", str(path))
    return path.read_bytes()
