"""Folders to import in tests, and the program that imports one from a process of its own."""

import csv
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from ledger.ledger import Ledger
from services.importing import Importer

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "import"
MARKS_HEADER = "sheet_key,class_code,subject,semester,slot,pupil_key,value,effective_on"


def copy_of_sample(folder: Path, *, without: tuple[str, ...] = ()) -> Path:
    """The sample folder, to be changed by a test."""
    copied = folder / "sample"
    shutil.copytree(SAMPLE, copied)
    for name in without:
        (copied / name).unlink()
    return copied


def write(folder: Path, name: str, *lines: str) -> Path:
    """A file of these lines."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def take(ledger: Ledger, *paths: Path, dry_run: bool = False) -> tuple[int, dict[str, Any]]:
    """Imports; the exit code and the answer."""
    with Importer(ledger, name="31", account="operator") as importer:
        answer = importer.run(paths, dry_run=dry_run)
        return answer.exit_code, answer.document()


def reasons(answer: dict[str, Any], of: str = "rejected") -> list[tuple[str, int | None, str]]:
    """(file, line, reason) of the entries of a list."""
    return [(entry["file"], entry["line"], entry["reason"]) for entry in answer[of]]


def big_folder(folder: Path, *, pupils: int, columns: int) -> tuple[Path, int]:
    """Classes of 45 with some columns of marks, and how many lines they are."""
    classes = range((pupils + 44) // 45)
    tables: dict[str, list[tuple[object, ...]]] = {
        "units": [
            ("unit_code", "kind", "name", "parent_code"),
            ("31", "province", "Hải Phòng", ""),
            ("S1", "school", "THCS A", "31"),
        ],
        "classes": [
            ("class_code", "school_code", "school_year", "grade", "name"),
            *((f"K{n}", "S1", "2024-2025", 7, f"7A{n}") for n in classes),
        ],
        "pupils": [
            ("pupil_key", "full_name", "birth_date", "sex"),
            *((f"P{n}", f"Nguyễn Văn {n}", "2012", "nam") for n in range(pupils)),
        ],
        "enrolments": [
            ("pupil_key", "class_code", "kind", "effective_on"),
            *((f"P{n}", f"K{n // 45}", "start", "2024-09-05") for n in range(pupils)),
        ],
        "marks": [
            tuple(MARKS_HEADER.split(",")),
            *(
                ("", f"K{n // 45}", "TOAN", 1, f"TX{slot}", f"P{n}", "7.5", "2024-10-07")
                for slot in range(1, columns + 1)
                for n in range(pupils)
            ),
        ],
    }
    folder.mkdir(exist_ok=True)
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows(rows)
    return folder, sum(len(rows) - 1 for rows in tables.values())


def main(url: str, kek: str, folder: str) -> None:
    """Import a folder and print the answer."""
    with Ledger.open(url, kek=bytes.fromhex(kek)) as ledger:
        print(json.dumps(take(ledger, Path(folder))[1]))


if __name__ == "__main__":
    main(*sys.argv[1:])
