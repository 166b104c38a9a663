"""CSV for spreadsheets, and files that are there whole or not at all."""

import csv
import io
from pathlib import Path

import pytest
from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileCreateError

from services.files import whole_file
from services.output import csv_row, print_csv
from services.sheets.protocol import ProtocolBook
from services.sheets.writing import write_workbook


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "=cmd|' /C calc'!A0",
        "+84 912 345 678",
        "-1+cmd|' /C calc'!A0",
        "-1 +cmd|' /C calc'!A0",
        "@SUM(A1:A9)",
        "@12 +cmd|' /C calc'!A0",
        "\t=1",
    ],
)
def test_a_text_that_would_be_a_formula_is_marked_as_text(text: str) -> None:
    assert csv_row([text]) == [f"'{text}"]


@pytest.mark.parametrize(
    "cell",
    ["-1", "+7,5", "-0.25", "@41", "@41 MarkCorrected, @42 PeriodClosed", "Đặng", "", None, -3],
)
def test_numbers_positions_and_plain_texts_stay_as_they_are(cell: object) -> None:
    assert csv_row([cell]) == [cell]


def test_a_printed_table_holds_no_formula(capsys: pytest.CaptureFixture[str]) -> None:
    print_csv(["full_name"], [["=HYPERLINK(1)"]])
    assert list(csv.reader(io.StringIO(capsys.readouterr().out)))[1] == ["'=HYPERLINK(1)"]


def half_written(place: Path) -> None:
    with whole_file(place) as draft:
        draft.write_text("half")
        (place.parent / "none").read_text()


def test_a_file_not_finished_leaves_what_was_there(tmp_path: Path) -> None:
    place = tmp_path / "list.xlsx"
    place.write_text("old")
    with pytest.raises(FileNotFoundError):
        half_written(place)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("list.xlsx", "old")]


def test_a_written_workbook_is_its_owners_alone(tmp_path: Path) -> None:
    write_workbook(tmp_path / "a.xlsx", [])
    with ProtocolBook(tmp_path / "b.xlsx") as book:
        book.cover("Cover", "Title", [("name", "=1+1")])
    assert {file.name for file in tmp_path.iterdir()} == {"a.xlsx", "b.xlsx"}
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}


def test_a_full_disk_leaves_no_half_of_a_listing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = Workbook.close

    def full(book: Workbook) -> None:
        close(book)
        raise FileCreateError(OSError(28, "No space left on device"))

    monkeypatch.setattr(Workbook, "close", full)
    book = ProtocolBook(tmp_path / "b.xlsx")
    with pytest.raises(OSError, match="No space"), book:
        book.cover("Cover", "Title", [])
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        ProtocolBook(tmp_path / "none" / "b.xlsx")
