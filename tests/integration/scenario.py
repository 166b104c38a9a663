"""What the scenarios are told with: folders of CSV files, and a desk where commands are typed.

Everything goes in through files and comes out of `hocba … --format json`, as for an outsider.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from ledger.assessment.regime import Regulation, programme_for, regulation_for
from ledger.codes import Programme
from ledger.school_year import SchoolYear
from ledger.subjects import SUBJECTS, required_slots
from services.cli import main
from services.embedded import Home
from services.importing.kinds import KINDS
from tests.integration.homes import temporary_home

SCAN = "ab" * 32
CORE_2018 = ("TOAN", "NGUVAN", "NGOAINGU1")
SCORED_THCS = (*CORE_2018, "LSDL", "KHTN", "CONGNGHE", "TINHOC", "GDCD")
"""The eight scored subjects of lower secondary school in the 2018 programme."""
COMMENTED_THCS = ("GDTC", "NGHETHUAT", "HDTNHN", "GDDP")
SCORED_2006 = (
    *CORE_2018,
    *("VATLI", "HOAHOC", "SINHHOC", "LICHSU", "DIALI", "GDCD", "CONGNGHE", "TINHOC"),
)
"""The eleven of grades 8 and 9 in the 2006 programme; the levels ask for the first three."""
COMMENTED_2006 = ("GDTC", "AMNHAC", "MITHUAT")


@dataclass
class Papers:
    """Lines of files, kept until they are written to a folder."""

    tables: dict[str, list[dict[str, str]]] = field(default_factory=dict)

    def add(self, file: str, /, **cells: object) -> None:
        """One line of `file`.csv; None and empty cells are left empty."""
        line = {name: "" if cell is None else str(cell) for name, cell in cells.items()}
        self.tables.setdefault(file, []).append(line)

    def write(self, folder: Path) -> Path:
        """The files, each with the columns that its lines fill."""
        folder.mkdir(parents=True)
        for kind, lines in self.tables.items():
            given = {name for line in lines for name in line}
            assert given <= set(KINDS[kind].columns), (kind, given)
            columns = [name for name in KINDS[kind].columns if name in given]
            with (folder / f"{kind}.csv").open("w", encoding="utf-8", newline="") as stream:
                writer = csv.DictWriter(stream, columns, restval="")
                writer.writeheader()
                writer.writerows(lines)
        return folder

    def province(self, code: str, name: str, **more: object) -> None:
        """A province, the root of its tree."""
        self.add("units", unit_code=code, kind="province", name=name, **more)

    def school(self, code: str, name: str, parent: str, levels: str, **more: object) -> None:
        """A school under a province or commune."""
        self.add(
            "units",
            unit_code=code,
            kind="school",
            name=name,
            parent_code=parent,
            levels=levels,
            **more,
        )

    def school_class(
        self, code: str, school: str, year: str, grade: int, programme: str | None = None
    ) -> None:
        """A class; without a programme the regulation is chosen by year and grade alone."""
        self.add(
            "classes",
            class_code=code,
            school_code=school,
            school_year=year,
            grade=grade,
            name=code,
            programme=programme,
        )

    def pupil(self, key: str, *, name: str | None = None, born: str = "2012") -> None:
        """A person."""
        self.add(
            "pupils",
            pupil_key=key,
            full_name=name or f"Nguyễn Văn {key.title()}",
            birth_date=born,
            sex="nam",
        )

    def enrol(self, key: str, class_code: str, on: str, kind: str = "start") -> None:
        """An enrolment."""
        self.add("enrolments", pupil_key=key, class_code=class_code, kind=kind, effective_on=on)

    def marks(
        self,
        key: str,
        class_code: str,
        subject: str,
        semester: int | None,
        filled: Mapping[str, str],
        on: date,
    ) -> None:
        """Slots of one subject in one term, a day after each other."""
        for number, (slot, value) in enumerate(filled.items()):
            self.add(
                "marks",
                class_code=class_code,
                subject=subject,
                semester=semester,
                slot=slot,
                pupil_key=key,
                value=value,
                effective_on=on + timedelta(days=number),
            )

    def conduct(self, key: str, year: str, *levels: str) -> None:
        """Training results of term 1, term 2 and, where three are given, of the year."""
        first = int(year[:4])
        days = (f"{first + 1}-01-10", f"{first + 1}-05-20", f"{first + 1}-05-22")
        for period, level, day in zip(("HK1", "HK2", "CN"), levels, days, strict=False):
            self.add(
                "conduct",
                pupil_key=key,
                school_year=year,
                period=period,
                level=level,
                effective_on=day,
            )

    def absences(self, key: str, year: str, sessions: int) -> None:
        """Sessions missed in the year, all excused."""
        self.add(
            "absences",
            pupil_key=key,
            school_year=year,
            period="CN",
            excused=sessions,
            unexcused=0,
            effective_on=f"{int(year[:4]) + 1}-05-21",
        )

    def decide(self, key: str, year: str, kind: str, on: str, **more: object) -> None:
        """A head's decision, or a closing."""
        self.add("decisions", pupil_key=key, school_year=year, kind=kind, effective_on=on, **more)

    def close(self, key: str, year: str) -> None:
        """Both closings of a year."""
        ends = int(year[:4]) + 1
        self.decide(key, year, "close_semester_1", f"{ends}-01-15")
        self.decide(key, year, "close_year", f"{ends}-05-31")

    def paper(self, key: str, year: str, kind: str, value: str, **more: object) -> None:
        """A result on paper, typed by one person and compared by another."""
        self.add(
            "paper_results",
            **{
                "pupil_key": key,
                "school_year": year,
                "kind": kind,
                "value": value,
                "scan_sha256": SCAN,
                "attested_by": "VT1",
                "checked_by": "HT1",
                **more,
            },
        )


def slots_of(subject: str, grade: int, programme: Programme, regulation: Regulation) -> list[str]:
    """The slots a term's result needs; under TT 58/2011, which counts none, some of each kind."""
    if regulation is Regulation.TT58_2011:
        return ["TX1", "TX2", "DK1", "CK"]
    return [*required_slots(SUBJECTS[subject], grade, programme, regulation)]


def days_of(year: str) -> dict[int, date]:
    """The first test day of either term."""
    first = int(year[:4])
    return {1: date(first, 10, 7), 2: date(first + 1, 2, 10)}


def even_year(
    papers: Papers,
    key: str,
    class_code: str,
    year: str,
    grade: int,
    results: Mapping[str, str],
    *,
    programme: Programme | None = None,
    terms: Iterable[int] = (1, 2),
) -> None:
    """Every slot of each subject filled with one value, which so is its average."""
    school_year = SchoolYear.parse(year)
    followed = programme or programme_for(school_year, grade)
    regulation = regulation_for(school_year, grade, followed)
    for subject, value in results.items():
        for term in terms:
            filled = dict.fromkeys(slots_of(subject, grade, followed, regulation), value)
            papers.marks(key, class_code, subject, term, filled, days_of(year)[term])


def written_out(text: str) -> list[str]:
    """`8.5x7 4.0` as seven times 8.5 and once 4.0."""
    parts = [part.partition("x") for part in text.split()]
    return [value for value, _, times in parts for _ in range(int(times or 1))]


def thcs(scores: str, failed: int = 0) -> dict[str, str]:
    """Results of all subjects of lower secondary school, 2018 programme: `failed` comment
    subjects are CĐ."""
    remarks = ["CĐ"] * failed + ["Đ"] * (len(COMMENTED_THCS) - failed)
    return {
        **dict(zip(SCORED_THCS, written_out(scores), strict=True)),
        **dict(zip(COMMENTED_THCS, remarks, strict=True)),
    }


def thcs_year(
    papers: Papers,
    key: str,
    class_code: str,
    year: str,
    results: Mapping[str, str],
    *,
    conduct: Sequence[str] = ("K", "T"),
    missed: int = 4,
) -> None:
    """A pupil with a whole year of grade 7 by TT 22/2021."""
    papers.pupil(key)
    papers.enrol(key, class_code, f"{year[:4]}-09-05")
    even_year(papers, key, class_code, year, 7, results)
    papers.conduct(key, year, *conduct)
    papers.absences(key, year, missed)


def old_year(
    papers: Papers,
    key: str,
    class_code: str,
    year: str,
    results: Mapping[str, str],
    *,
    grade: int = 8,
    conduct: Sequence[str] = ("T", "T", "T"),
    missed: int = 0,
) -> None:
    """A pupil with a whole year of grade 8 or 9 by TT 58/2011, comment subjects all Đ."""
    papers.pupil(key, born="2006")
    papers.enrol(key, class_code, f"{year[:4]}-09-05")
    remarks = dict.fromkeys(COMMENTED_2006, "Đ")
    even_year(papers, key, class_code, year, grade, {**results, **remarks})
    papers.conduct(key, year, *conduct)
    papers.absences(key, year, missed)


@dataclass(frozen=True)
class Desk:
    """One ledger of a home, and its command line."""

    home: Home
    ledger: str

    def run(self, *arguments: str) -> tuple[int, Any]:
        """Exit code and JSON answer of a command; None where it printed nothing."""
        printed = io.StringIO()
        where = ("--home", str(self.home.path), "--ledger", self.ledger, "--format", "json")
        with redirect_stdout(printed):
            try:
                main([*where, *arguments])
            except SystemExit as left:
                code = left.code
        assert isinstance(code, int)
        said = printed.getvalue()
        return code, json.loads(said) if said else None

    def answer(self, *arguments: str) -> dict[str, Any]:
        """The answer of a command that must succeed."""
        code, answer = self.run(*arguments)
        assert code == 0, (arguments, answer)
        document: dict[str, Any] = answer
        return document

    def take(self, papers: Papers, folder: Path) -> tuple[int, list[tuple[str, str]]]:
        """Imports files; exit code and (file, reason) of what was rejected."""
        code, answer = self.run("import", str(papers.write(folder)))
        return code, [(one["file"], one["reason"]) for one in answer["rejected"]]

    def sound(self, papers: Papers, folder: Path) -> dict[str, Any]:
        """Imports files of which nothing may be rejected."""
        code, answer = self.run("import", str(papers.write(folder)))
        assert code == 0, answer["rejected"][:5]
        document: dict[str, Any] = answer
        return document

    def transcript(self, pupil: str, on: str) -> dict[str, Any]:
        """The whole transcript."""
        return self.answer("transcript", "--pupil", pupil, "--on", on)

    def year(self, pupil: str, on: str, school_year: str | None = None) -> dict[str, Any]:
        """One year of the transcript; without a name the only one."""
        years = self.transcript(pupil, on)["years"]
        (found,) = [y for y in years if school_year in (None, y["school_year"])]
        document: dict[str, Any] = found
        return document

    def closings(self, pupil: str) -> list[dict[str, Any]]:
        """What the closing entries of a pupil state, the oldest first."""
        entries = self.answer("audit", "--pupil", pupil)["entries"]
        return [entry["after"] for entry in entries if entry["type"] == "PeriodClosed"]


def subject_of(year: Mapping[str, Any], subject: str) -> dict[str, Any]:
    """One subject of a year of a transcript."""
    (found,) = [one for one in year["subjects"] if one["subject"] == subject]
    document: dict[str, Any] = found
    return document


@contextmanager
def desks(*provinces: str) -> Iterator[Sequence[Desk]]:
    """Fresh ledgers of these provinces in one home, named by their codes."""
    with temporary_home() as home:
        made = [Desk(home, province) for province in provinces]
        for desk in made:
            desk.answer("init", "--province", desk.ledger)
        yield made
