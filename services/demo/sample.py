"""Sample data: two schools with classes, teachers, pupils and believable marks, as import files.

Seeded: the same seed writes the same files. School names of Hải Phòng are from the department's
published identity table of 23 June 2023 (annex 2); persons are made up from common names.
"""

import csv
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from ledger.assessment.regime import Regulation
from ledger.codes import Programme
from ledger.subjects import SUBJECTS, required_slots

YEAR = "2024-2025"
GRADE = 10
TAUGHT = (
    "TOAN", "NGUVAN", "NGOAINGU1", "LICHSU", "DIALI", "VATLI", "HOAHOC", "TINHOC", "GDQPAN",
    "GDTC", "HDTNHN", "GDDP",
)  # fmt: skip
FAMILIES = (
    "Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Ngô", "Dương", "Đinh",
)  # fmt: skip
BOYS = (
    "Văn An", "Minh Đức", "Gia Bảo", "Quang Huy", "Tuấn Kiệt", "Hải Nam", "Đức Thắng", "Việt Anh",
    "Hoàng Long", "Thành Đạt", "Anh Quân", "Ngọc Sơn", "Trung Hiếu", "Xuân Phúc",
)  # fmt: skip
GIRLS = (
    "Thị Hòa", "Ngọc Ánh", "Thu Hà", "Khánh Linh", "Phương Thảo", "Mai Anh", "Hồng Nhung",
    "Bảo Ngọc", "Thùy Dung", "Quỳnh Hương", "Minh Châu", "Diệu Ly", "Thanh Trúc", "Hải Yến",
)  # fmt: skip
SLOT_DAYS: dict[tuple[int, str], date] = {
    (1, "TX1"): date(2024, 9, 25),
    (1, "TX2"): date(2024, 10, 10),
    (1, "GK"): date(2024, 11, 5),
    (1, "TX3"): date(2024, 11, 25),
    (1, "TX4"): date(2024, 12, 10),
    (1, "CK"): date(2024, 12, 28),
    (2, "TX1"): date(2025, 2, 10),
    (2, "TX2"): date(2025, 2, 24),
    (2, "GK"): date(2025, 3, 20),
    (2, "TX3"): date(2025, 4, 10),
    (2, "TX4"): date(2025, 4, 24),
    (2, "CK"): date(2025, 5, 12),
}
START = date(2024, 9, 5)


@dataclass(frozen=True, slots=True)
class School:
    """A school with the number of its classes of grade 10 and of pupils in each."""

    code: str
    name: str
    classes: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Province:
    """A province of the demo: its code and name, and its schools."""

    code: str
    name: str
    schools: tuple[School, ...]


@dataclass(frozen=True, slots=True)
class Child:
    """One made-up pupil."""

    key: str
    name: str
    sex: str
    birth_date: date
    ability: float
    class_code: str


Row = Sequence[object]


def write_province(folder: Path, province: Province, *, seed: int, until: date) -> list[Child]:
    """Writes the import files of a province, marks up to the day `until`; returns its pupils."""
    rng = random.Random(f"{seed}/{province.code}")
    folder.mkdir(parents=True, exist_ok=True)
    children = [
        _child(rng, school, class_code, number)
        for school in province.schools
        for class_code in school.classes
        for number in range(school.size)
    ]
    _write(
        folder / "units.csv",
        "unit_code,kind,name,parent_code,levels,opened_on",
        [
            [province.code, "province", province.name, "", "", "1976-01-01"],
            *(
                [s.code, "school", s.name, province.code, "THPT", "1980-09-05"]
                for s in province.schools
            ),
        ],
    )
    _write(
        folder / "classes.csv",
        "class_code,school_code,school_year,grade,name,programme",
        [
            [code, school.code, YEAR, GRADE, code.split("-")[-1], "GDPT2018"]
            for school in province.schools
            for code in school.classes
        ],
    )
    _write_staff(folder, province, rng)
    _write(
        folder / "pupils.csv",
        "pupil_key,full_name,birth_date,sex,ethnicity,nationality",
        [[c.key, c.name, c.birth_date, c.sex, "Kinh", "Việt Nam"] for c in children],
    )
    _write(
        folder / "enrolments.csv",
        "pupil_key,class_code,kind,effective_on",
        [[c.key, c.class_code, "start", START] for c in children],
    )
    write_marks(folder / "marks.csv", children, province, rng, since=date.min, until=until)
    _write_term(folder, children, rng)
    return children


def teacher(province: Province, class_code: str, subject: str) -> str:
    """The staff key of whoever teaches a subject in a class."""
    school = next(s for s in province.schools if class_code in s.classes)
    return f"GV-{school.code}-{subject}"


def write_marks(
    path: Path,
    children: Iterable[Child],
    province: Province,
    rng: random.Random,
    *,
    since: date,
    until: date,
) -> None:
    """Writes the marks of the days (since, until], sheet by sheet, as the teachers would."""
    by_class: dict[str, list[Child]] = {}
    for child in children:
        by_class.setdefault(child.class_code, []).append(child)
    rows: list[Row] = []
    for class_code, pupils in by_class.items():
        for subject in TAUGHT:
            wanted = required_slots(
                SUBJECTS[subject], GRADE, Programme.GDPT2018, Regulation.TT22_2021
            )
            scored = SUBJECTS[subject].form(GRADE) == "score"
            for (semester, slot), day in SLOT_DAYS.items():
                if slot not in wanted or not since < day <= until:
                    continue
                who = teacher(province, class_code, subject)
                for pupil in pupils:
                    value = _mark(rng, pupil.ability) if scored else _remark(rng)
                    rows.append([class_code, subject, semester, slot, pupil.key, value, day, who])
    _write(path, "class_code,subject,semester,slot,pupil_key,value,effective_on,recorded_by", rows)


def _child(rng: random.Random, school: School, class_code: str, number: int) -> Child:
    sex = rng.choice(("nam", "nu"))
    given = rng.choice(BOYS if sex == "nam" else GIRLS)
    return Child(
        key=f"{class_code}-{number + 1:02d}",
        name=f"{rng.choice(FAMILIES)} {given}",
        sex=sex,
        birth_date=date(2009, 1, 1) + timedelta(days=rng.randrange(365)),
        ability=min(9.6, max(4.2, rng.gauss(7.3, 1.1))),
        class_code=class_code,
    )


def _mark(rng: random.Random, ability: float) -> str:
    value = min(10.0, max(1.0, rng.gauss(ability, 0.8)))
    return f"{round(value * 2) / 2:.1f}".removesuffix(".0").replace(".", ",")


def _remark(rng: random.Random) -> str:
    return "Đ" if rng.random() < 0.99 else "CĐ"


def _write_staff(folder: Path, province: Province, rng: random.Random) -> None:
    staff: list[Row] = []
    assigned: list[Row] = []
    for school in province.schools:
        for subject in TAUGHT:
            key = f"GV-{school.code}-{subject}"
            name = f"{rng.choice(FAMILIES)} {rng.choice(BOYS + GIRLS)}"
            staff.append([key, name, school.code, "THPT", "teacher"])
            assigned.extend([code, subject, key, "2024-08-15"] for code in school.classes)
    _write(folder / "staff.csv", "staff_key,full_name,unit_code,level,role", staff)
    _write(folder / "assignments.csv", "class_code,subject,staff_key,effective_from", assigned)


def _write_term(folder: Path, children: Sequence[Child], rng: random.Random) -> None:
    _write(
        folder / "conduct.csv",
        "pupil_key,school_year,period,level,effective_on",
        [[c.key, YEAR, "HK1", rng.choices("TKĐ", (80, 17, 3))[0], "2025-01-10"] for c in children],
    )
    _write(
        folder / "absences.csv",
        "pupil_key,school_year,period,excused,unexcused,effective_on",
        [
            [c.key, YEAR, "HK1", rng.randrange(5), rng.choices((0, 1), (9, 1))[0], "2025-01-10"]
            for c in children
        ],
    )


def _write(path: Path, header: str, rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(rows)
