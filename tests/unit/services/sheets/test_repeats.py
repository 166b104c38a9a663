"""An .ods file is bounded by what it repeats before it is unrolled."""

import zipfile
from pathlib import Path

import pytest

from services.sheets.errors import WorkbookRefused
from services.sheets.reading import open_workbook

CONTENT = """<?xml version="1.0" encoding="UTF-8"?>{doctype}
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.3">
<office:body><office:spreadsheet><table:table table:name="S">{rows}</table:table>
</office:spreadsheet></office:body></office:document-content>"""
KIND = "application/vnd.oasis.opendocument.spreadsheet"
MANIFEST = f"""<?xml version="1.0"?><manifest:manifest
 xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">
<manifest:file-entry manifest:full-path="/" manifest:media-type="{KIND}"/></manifest:manifest>"""
CELL = (
    '<table:table-cell office:value-type="string"{more}><text:p>{text}</text:p></table:table-cell>'
)
FILLING = '<table:table-cell table:number-columns-repeated="16380"/>'
BELOW = f'<table:table-row table:number-rows-repeated="1048570">{FILLING}</table:table-row>'


def ods(path: Path, rows: str, doctype: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", KIND, zipfile.ZIP_STORED)
        archive.writestr("META-INF/manifest.xml", MANIFEST)
        archive.writestr("content.xml", CONTENT.format(rows=rows, doctype=doctype))
    return path


def cell(text: str, more: str = "") -> str:
    return CELL.format(text=text, more=f" {more}" if more else "")


def row(cells: str, repeated: int = 1) -> str:
    more = f' table:number-rows-repeated="{repeated}"' if repeated > 1 else ""
    return f"<table:table-row{more}>{cells}</table:table-row>"


def refusal(path: Path) -> str:
    with pytest.raises(WorkbookRefused) as refused:
        _read(path)
    return refused.value.reason


def _read(path: Path) -> None:
    with open_workbook(path) as book:
        for sheet in book.sheets():
            list(sheet.rows)


def test_a_sheet_filled_up_with_empty_cells_is_read(tmp_path: Path) -> None:
    twice = cell("b", 'table:number-columns-repeated="2"')
    rows = row(cell("a") + twice + FILLING) + row(FILLING) + row(cell("c") + FILLING) + BELOW
    with open_workbook(ods(tmp_path / "a.ods", rows)) as book:
        (sheet,) = ([(r.number, r.cells[:3]) for r in s.rows] for s in book.sheets())
    assert [number for number, _ in sheet] == [1, 3]
    assert sheet[0][1] == ("a", "b", "b")
    assert sheet[1][1][0] == "c"


@pytest.mark.parametrize(
    "rows",
    [
        row(cell("a", 'table:number-columns-repeated="16384"'), 1000),
        row(cell("a"), 1_000_000) + row(cell("a", 'table:number-columns-repeated="11"')),
        BELOW + row(FILLING + cell("a")),
        row("<table:table-cell table:number-columns-repeated='16384'><text:p/></table:table-cell>",
            1000),
    ],
)  # fmt: skip
def test_repetitions_that_make_too_many_cells_are_refused(tmp_path: Path, rows: str) -> None:
    assert refusal(ods(tmp_path / "a.ods", rows)) == "workbook_too_large"


@pytest.mark.parametrize("number", ["0", "-1", "1e9", "99999999999", "4000000", ""])
def test_a_repetition_that_is_no_number_is_refused(tmp_path: Path, number: str) -> None:
    rows = row(cell("a", f'table:number-columns-repeated="{number}"'))
    assert refusal(ods(tmp_path / "a.ods", rows)) == "workbook_unreadable"


def test_entities_and_broken_content_are_refused(tmp_path: Path) -> None:
    entity = '<!DOCTYPE x [<!ENTITY e "e">]>'
    assert refusal(ods(tmp_path / "a.ods", row(cell("&e;")), entity)) == "workbook_unreadable"
    assert refusal(ods(tmp_path / "b.ods", row(cell("a")) + "<table:")) == "workbook_unreadable"
