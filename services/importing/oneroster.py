"""A OneRoster 1.1 CSV set (IMS OneRoster 1.1, CSV tables) turned into lines of our own kinds.

    orgs          district, school            -> units
    classes                                   -> classes of gathering "section", by sourcedId
    users         students (+ demographics)   -> pupils, by sourcedId; teachers -> staff
    enrollments   students                    -> stays in sections [beginDate, endDate), and one
                                                 school enrolment a pupil and school year, from the
                                                 first beginDate
                  teachers                    -> assignments without a subject

A person's full name is kept in the order given, middle, family name; `sort_name` puts the given
name first, so that a class list sorts by it as it does for Vietnamese names. What has no home in
the ledger is listed once for each file and column. Rows marked `tobedeleted` are left out.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ledger.codes import Programme
from ledger.errors import Refused
from ledger.school_year import SchoolYear
from ledger.vault import Keyring
from services.importing import values
from services.importing.csv_reader import open_file, records
from services.importing.kinds import KINDS, SCHOOL_STAYS, SECTION_CLASSES, SECTION_STAYS, FileKind
from services.importing.problems import Problem
from services.importing.stage import (
    BadCell,
    FileRefused,
    header_cells,
    line_digest,
    read_cells,
    sha256_of,
)
from services.importing.staging import SEPARATOR, SourceFile, Staging

_UNIT_KINDS = {"district": "district", "local": "district", "school": "school", "state": "province"}
_SEXES = {"male": "nam", "female": "nu", "other": "khac", "unspecified": "khac"}

# Columns each table is used for; any other column that holds something has no home.
_USED = {
    "orgs": "sourcedId status name type parentSourcedId",
    "academicSessions": "sourcedId status startDate schoolYear title type endDate parentSourcedId",
    "classes": "sourcedId status title grades schoolSourcedId termSourcedIds",
    "users": "sourcedId status role givenName familyName middleName grades orgSourcedIds",
    "demographics": "sourcedId status birthDate sex cityOfBirth",
    "enrollments": (
        "sourcedId status classSourcedId schoolSourcedId userSourcedId role beginDate endDate"
    ),
}
_REQUIRED = {
    "orgs": "sourcedId name type",
    "academicSessions": "sourcedId startDate",
    "classes": "sourcedId title schoolSourcedId termSourcedIds",
    "users": "sourcedId role givenName familyName",
    "demographics": "sourcedId",
    "enrollments": "classSourcedId schoolSourcedId userSourcedId role",
}
_TABLES = ("orgs", "academicSessions", "classes", "users", "demographics", "enrollments")

Row = Mapping[str, str]


def is_set(path: Path) -> bool:
    """Whether a folder is a OneRoster set: by its manifest, or by two tables only it has."""
    names = ("enrollments.csv", "orgs.csv")
    return path.is_dir() and (
        (path / "manifest.csv").is_file() or all((path / name).is_file() for name in names)
    )


@dataclass(slots=True)
class _Table:
    file: SourceFile
    columns: tuple[str, ...]


@dataclass(slots=True)
class _Set:
    """A set being read: its tables lie in the staging area, its small tables here."""

    staging: Staging
    keyring: Keyring
    source: str
    tables: dict[str, _Table] = field(default_factory=dict)
    years: dict[str, SchoolYear] = field(default_factory=dict)
    class_years: dict[str, SchoolYear] = field(default_factory=dict)
    class_grades: dict[str, str] = field(default_factory=dict)

    def rows(self, table: str, key: str | None = None) -> Iterator[tuple[int, Row]]:
        """(line, cells) of a table, of one sourcedId where it is given."""
        known = self.tables.get(table)
        if known is None:
            return
        for line, cells in self.staging.raw(table, key):
            yield line, dict(zip(known.columns, cells.split(SEPARATOR), strict=True))

    def put(
        self, kind: FileKind, table: str, line: int, cells: Row, *, counted: bool = True
    ) -> None:
        """A line of one of our kinds, made from a line of a table."""
        whole = {column: cells.get(column, "") for column in kind.columns}
        digest = line_digest(self.keyring, self.source, kind, whole)
        self.staging.add_line(kind, self.tables[table].file, line, whole, digest, counted=counted)

    def refuse(self, table: str, line: int, refused: Refused, value: str | None) -> None:
        """A line of a table cannot be used."""
        self.staging.add_problem(
            Problem(
                file=self.tables[table].file.name,
                line=line,
                column=refused.field,
                value=value,
                reason=refused.code,
                message=refused.message,
                suggestion=refused.suggestion,
            )
        )


def stage_set(staging: Staging, folder: Path, *, keyring: Keyring, source: str) -> None:
    """Reads a set into the staging area; names what cannot be read and what has no home."""
    found = _Set(staging, keyring, source)
    for path in sorted(folder.iterdir()):
        if path.is_file() and not path.name.startswith("."):
            _read_file(found, path)
    conversions: tuple[Callable[[_Set], None], ...] = (
        _sessions,
        _orgs,
        _classes,
        _users,
        _enrolments,
        _first_days,
    )
    for convert in conversions:
        convert(found)


def _read_file(found: _Set, path: Path) -> None:
    table = path.stem
    if path.name == "manifest.csv":
        return
    if path.suffix.lower() != ".csv" or table not in _TABLES:
        _no_home(found.staging, path.name, None, "nothing of this file is kept")
        return
    file = found.staging.add_file(path.name, sha256_of(path))
    used, required = _USED[table].split(), _REQUIRED[table].split()
    homeless: Counter[str] = Counter()
    with open_file(path) as stream:
        rows = records(stream)
        try:
            header = header_cells(next(rows, None), file.name)
            _require_columns(header, required, file.name)
        except FileRefused as refused:
            found.staging.add_problem(refused.problem)
            return
        kind = _loose_kind(table, header, required)
        found.tables[table] = _Table(file, header)

        def kept() -> Iterator[tuple[str, int, str]]:
            for record in rows:
                try:
                    cells = read_cells(record, header, kind)
                except BadCell as bad:
                    refused = Refused(
                        bad.reason, bad.message, field=bad.column or None, suggestion=bad.suggestion
                    )
                    found.refuse(table, record.line, refused, bad.value)
                    continue
                if cells.get("status", "").lower() == "tobedeleted":
                    homeless["status=tobedeleted"] += 1
                    continue
                homeless.update(
                    column
                    for column, cell in cells.items()
                    if cell and column not in used and column != "dateLastModified"
                )
                key = cells.get("sourcedId", "")
                yield key, record.line, SEPARATOR.join(cells[column] for column in header)

        found.staging.keep_raw(table, kept())
    for column, count in homeless.items():
        _no_home(found.staging, file.name, column, f"not kept; {count} lines hold it")


def _loose_kind(table: str, header: tuple[str, ...], required: list[str]) -> FileKind:
    return FileKind(name=table, step=-1, columns=header, required=frozenset(required))


def _require_columns(header: tuple[str, ...], required: list[str], name: str) -> None:
    for column in required:
        if column not in header:
            raise FileRefused(
                Problem(
                    file=name,
                    line=1,
                    column=column,
                    value=None,
                    reason="missing_column",
                    message=f"column {column} is required",
                )
            )


def _no_home(staging: Staging, file: str, column: str | None, message: str) -> None:
    staging.add_problem(
        Problem(file=file, line=None, column=column, value=None, reason="no_home", message=message),
        warning=True,
    )


def _sessions(found: _Set) -> None:
    """`schoolYear` is the year in which the school year ends (OneRoster 1.1, 4.2)."""
    for line, row in found.rows("academicSessions"):
        try:
            ending = row.get("schoolYear", "")
            if ending.isascii() and ending.isdigit():
                year = SchoolYear.parse(f"{int(ending) - 1}-{int(ending)}")
            else:
                year = SchoolYear.of(values.day(row["startDate"], "startDate"))
        except Refused as refused:
            found.refuse("academicSessions", line, refused, row.get(refused.field or ""))
            continue
        found.years[row["sourcedId"]] = year


def _orgs(found: _Set) -> None:
    other: Counter[str] = Counter()
    for line, row in found.rows("orgs"):
        kind = _UNIT_KINDS.get(row["type"].lower())
        if kind is None:
            other[row["type"][:40]] += 1
            continue
        unit = {
            "unit_code": row["sourcedId"],
            "kind": kind,
            "name": row["name"],
            "parent_code": row.get("parentSourcedId", ""),
        }
        found.put(KINDS["units"], "orgs", line, unit)
    for name, count in other.items():
        _no_home(found.staging, "orgs.csv", "type", f"no unit is a {name}; {count} lines")


def _classes(found: _Set) -> None:
    for line, row in found.rows("classes"):
        code = row["sourcedId"]
        term = _first(row["termSourcedIds"])
        year = found.years.get(term)
        if year is None:
            refused = Refused(
                "unknown_term",
                "the class's first term is not in academicSessions.csv",
                field="termSourcedIds",
            )
            found.refuse("classes", line, refused, row["termSourcedIds"])
            continue
        found.class_years[code] = year
        found.class_grades[code] = _first(row.get("grades", ""))
        section = {
            "class_code": code,
            "school_code": row["schoolSourcedId"],
            "school_year": year.label,
            "grade": found.class_grades[code],
            "name": row["title"],
            "programme": Programme.GDPT2018.value,
        }
        found.put(SECTION_CLASSES, "classes", line, section)


def _users(found: _Set) -> None:
    other: Counter[str] = Counter()
    for line, row in found.rows("users"):
        role = row["role"].lower()
        if role == "student":
            _pupil(found, line, row)
        elif role == "teacher":
            member = {
                "staff_key": row["sourcedId"],
                "full_name": _full_name(row),
                "unit_code": _first(row.get("orgSourcedIds", "")),
                "role": "teacher",
                **_demographics(found, row["sourcedId"]),
            }
            found.put(KINDS["staff"], "users", line, member)
        else:
            other[role[:40]] += 1
    for name, count in other.items():
        _no_home(found.staging, "users.csv", "role", f"nobody is kept as {name}; {count} lines")


def _pupil(found: _Set, line: int, row: Row) -> None:
    known = _demographics(found, row["sourcedId"])
    for column in ("birth_date", "sex"):
        if not known.get(column):
            refused = Refused(
                "missing_value",
                "demographics.csv gives no birth date or no sex for this pupil",
                field="sourcedId",
                suggestion="add birthDate and sex to demographics.csv",
            )
            found.refuse("users", line, refused, row["sourcedId"])
            return
    pupil = {
        "pupil_key": row["sourcedId"],
        "full_name": _full_name(row),
        "sort_name": f"{row['givenName']} {row['familyName']}",
        **known,
    }
    found.put(KINDS["pupils"], "users", line, pupil)


def _demographics(found: _Set, key: str) -> dict[str, str]:
    for _, row in found.rows("demographics", key):
        return {
            "birth_date": row.get("birthDate", ""),
            "sex": _SEXES.get(row.get("sex", "").lower(), ""),
            "birth_place_text": row.get("cityOfBirth", ""),
        }
    return {}


def _full_name(row: Row) -> str:
    names = (row["givenName"], row.get("middleName", ""), row["familyName"])
    return " ".join(name for name in names if name)


def _enrolments(found: _Set) -> None:
    other: Counter[str] = Counter()
    for line, row in found.rows("enrollments"):
        role = row["role"].lower()
        begin = _begin(found, row)
        if role == "student":
            stay = {
                "pupil_key": row["userSourcedId"],
                "class_code": row["classSourcedId"],
                "effective_on": begin,
                "until": row.get("endDate", ""),
            }
            found.put(SECTION_STAYS, "enrollments", line, stay)
        elif role == "teacher":
            assignment = {
                "class_code": row["classSourcedId"],
                "staff_key": row["userSourcedId"],
                "effective_from": begin,
                "effective_to": row.get("endDate", ""),
            }
            found.put(KINDS["assignments"], "enrollments", line, assignment)
        else:
            other[role[:40]] += 1
    for name, count in other.items():
        _no_home(found.staging, "enrollments.csv", "role", f"no part for {name}; {count} lines")


def _begin(found: _Set, row: Row) -> str:
    """`beginDate`; where it is empty, the first day of the class's school year."""
    year = found.class_years.get(row["classSourcedId"])
    return row.get("beginDate", "") or (year.start.isoformat() if year else "")


def _first_days(found: _Set) -> None:
    """One school enrolment for each pupil and school year, from the first beginDate at a school.

    Where a pupil sits in sections of two schools in one year, each begins a stay of its own.
    """
    first: dict[tuple[str, str, str], tuple[str, int, str]] = {}
    for line, row in found.rows("enrollments"):
        year = found.class_years.get(row["classSourcedId"])
        if row["role"].lower() != "student" or year is None:
            continue
        key = (row["userSourcedId"], year.label, row["schoolSourcedId"])
        begin = (_begin(found, row), line, row["classSourcedId"])
        first[key] = min(first.get(key, begin), begin)
    for (pupil, label, school), (day, line, code) in sorted(
        first.items(), key=lambda item: (item[0][0], item[1][0])
    ):
        stay = {
            "pupil_key": pupil,
            "school_code": school,
            "school_year": label,
            "grade": _grade(found, pupil) or found.class_grades.get(code, ""),
            "programme": Programme.GDPT2018.value,
            "effective_on": day,
        }
        found.put(SCHOOL_STAYS, "enrollments", line, stay, counted=False)


def _grade(found: _Set, pupil: str) -> str:
    for _, row in found.rows("users", pupil):
        return _first(row.get("grades", ""))
    return ""


def _first(listed: str) -> str:
    return listed.split(",")[0].strip()
