"""The staging area: order, repetition, contradiction, and that nothing of it stays."""

from pathlib import Path
from uuid import uuid5

import pytest

from ledger.ids import uuid7
from services.importing.kinds import ALL_KINDS, KINDS, FileKind
from services.importing.problems import Problem
from services.importing.staging import SourceFile, Staging
from services.importing.steps import READ

SPACE = uuid7()


def put(staging: Staging, file: SourceFile, line: int, kind: FileKind, *given: str) -> None:
    cells = dict(zip(kind.columns, [*given, *[""] * len(kind.columns)], strict=False))
    digest = uuid5(SPACE, repr(cells))
    staging.add_line(kind, file, line, cells, digest, counted=True)


def reasons(staging: Staging, *, warnings: bool) -> list[tuple[int | None, str]]:
    return [(found.line, found.reason) for found in staging.problems(warnings=warnings)]


def test_every_kind_of_line_has_its_reader() -> None:
    assert set(READ) == set(ALL_KINDS)


def test_what_is_staged_stands_in_no_folder_so_that_a_killed_import_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    kind = KINDS["identifiers"]
    with Staging() as staging:
        file = staging.add_file("a", "00")
        for line in range(2, 5000):
            put(staging, file, line, kind, "P1", "moet", str(line))
        staging.settle()
        assert list(tmp_path.iterdir()) == []
        assert len(list(staging.lines(kind.step))) == 4998


def test_a_line_repeated_in_its_file_is_a_warning_and_in_another_file_is_unchanged() -> None:
    kind = KINDS["identifiers"]
    with Staging() as staging:
        first, second = staging.add_file("a", "00"), staging.add_file("b", "01")
        put(staging, first, 2, kind, "P1", "moet", "1")
        put(staging, first, 3, kind, "P1", "moet", "1")
        put(staging, second, 2, kind, "P1", "moet", "1")
        assert staging.settle() == 1
        assert reasons(staging, warnings=True) == [(3, "duplicate_line")]
        assert [line.line for line in staging.lines(kind.step)] == [2]


def test_two_values_for_one_slot_refuse_both_however_subject_and_mark_are_spelt() -> None:
    kind = KINDS["marks"]
    with Staging() as staging:
        file = staging.add_file("a", "00")
        for line, (subject, value) in enumerate(
            [("Toán", "8"), ("TOAN", "8,5"), ("Ngữ văn", "7"), ("NGUVAN", "7.0")], 2
        ):
            put(staging, file, line, kind, "K", subject, "TX1", "P1", value, "2024-10-07", "", "1")
        staging.settle()
        assert reasons(staging, warnings=False) == [
            (2, "two_values_for_slot"),
            (3, "two_values_for_slot"),
        ]
        assert [line.line for line in staging.lines(kind.step)] == [4, 5]


def test_two_different_lines_for_one_pupil_refuse_both() -> None:
    kind = KINDS["pupils"]
    with Staging() as staging:
        file = staging.add_file("a", "00")
        put(staging, file, 2, kind, "P1", "An", "2012", "nam")
        put(staging, file, 3, kind, "P1", "An", "2013", "nam")
        staging.settle()
        assert reasons(staging, warnings=False) == [
            (2, "two_values_for_key"),
            (3, "two_values_for_key"),
        ]


def test_marks_come_out_sheet_by_sheet() -> None:
    kind = KINDS["marks"]
    with Staging() as staging:
        file = staging.add_file("a", "00")
        for line, slot in enumerate(["TX1", "TX2", "TX1", "TX2"], 2):
            put(
                staging, file, line, kind, "K", "TOAN", slot, f"P{line}", "8", "2024-10-07", "", "1"
            )
        staging.settle()
        assert [line.cells["slot"] for line in staging.lines(kind.step)] == [
            *("TX1", "TX1", "TX2", "TX2")
        ]


def test_problems_are_listed_by_file_and_line() -> None:
    with Staging() as staging:
        for file, line in [("b", 2), ("a", 9), ("a", 3)]:
            staging.add_problem(
                Problem(file=file, line=line, column=None, value=None, reason="x", message="y")
            )
        found = [(p.file, p.line) for p in staging.problems(warnings=False)]
    assert found == [("a", 3), ("a", 9), ("b", 2)]
