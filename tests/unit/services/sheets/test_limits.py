"""What a workbook may be: refused by name before it is unpacked, read in a process apart."""

import struct
import zipfile
import zlib
from pathlib import Path

import pytest
import xlsxwriter

from services.sheets import limits
from services.sheets.errors import WorkbookRefused
from services.sheets.limits import inspect
from services.sheets.reading import Row, open_workbook

SHEET = "xl/worksheets/sheet1.xml"


def book(path: Path, *places: tuple[int, int]) -> Path:
    written = xlsxwriter.Workbook(str(path))
    sheet = written.add_worksheet("m")
    for row, column in places or ((0, 0),):
        sheet.write(row, column, "x")
    written.close()
    return path


def packed(path: Path, parts: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def read(path: Path) -> list[Row]:
    with open_workbook(path) as opened:
        return [row for sheet in opened.sheets() for row in sheet.rows]


def refusal(path: Path) -> tuple[str, str]:
    with pytest.raises(WorkbookRefused) as caught:
        read(path)
    return caught.value.reason, caught.value.message


def test_a_sound_workbook_passes(tmp_path: Path) -> None:
    assert inspect(book(tmp_path / "a.xlsx")).error_cells == 0


def test_what_states_too_large_a_size_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.xlsx", {SHEET: b"\0" * (limits.MAX_UNPACKED + 1)})
    assert path.stat().st_size < 1_000_000
    assert refusal(path)[0] == "workbook_too_large"


def test_what_lies_about_its_size_is_refused_all_the_same(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.xlsx", {SHEET: b"\0" * (limits.MAX_UNPACKED + 1)})
    content = bytearray(path.read_bytes())
    size = struct.pack("<I", limits.MAX_UNPACKED + 1)
    assert content.count(size) == 2
    path.write_bytes(bytes(content.replace(size, struct.pack("<I", 1000))))
    assert refusal(path)[0] == "workbook_too_large"


def test_parts_that_share_their_bytes_are_counted_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_UNPACKED", 1_000_000)
    path = packed(tmp_path / "a.xlsx", {f"xl/{n}.xml": b"a" * 90_000 for n in range(12)})
    assert refusal(path)[0] == "workbook_too_large"


def test_too_many_parts_are_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.xlsx", {f"x{n}": b"" for n in range(limits.MAX_PARTS + 1)})
    assert refusal(path)[0] == "workbook_too_large"


def test_two_cells_in_opposite_corners_are_refused(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", (0, 0), (1_048_575, 16_383))
    assert refusal(path)[0] == "workbook_too_large"


def test_a_cell_reference_split_between_two_pieces_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = book(tmp_path / "a.xlsx", (0, 0), (1_048_575, 16_383))
    for piece in range(1, 90, 7):
        monkeypatch.setattr(limits, "_PIECE", piece)
        with pytest.raises(WorkbookRefused, match="row 1048576"):
            inspect(path)


def test_a_parser_that_dies_is_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_CELLS", 1 << 62)
    path = book(tmp_path / "a.xlsx", (0, 0), (1_048_575, 16_383))
    reason, message = refusal(path)
    assert reason in ("workbook_unreadable", "workbook_too_large")
    assert "workbook" in message


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"hello, world", "no workbook"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "web page"),
        (b"PK\x03\x04" + b"\0" * 200, "broken"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600, "broken"),
        (
            bytes.fromhex("d0cf11e0a1b11ae1") + "EncryptedPackage".encode("utf-16-le"),
            "encrypted",
        ),
    ],
)
def test_what_is_no_workbook_is_named(tmp_path: Path, content: bytes, word: str) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    reason, message = refusal(path)
    assert reason == "workbook_unreadable"
    assert word in message


def test_a_large_old_workbook_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_LEGACY", 100)
    path = tmp_path / "a.xls"
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600)
    assert refusal(path)[0] == "workbook_too_large"


def test_an_entity_that_grows_does_not(tmp_path: Path) -> None:
    good = book(tmp_path / "good.xlsx")
    with zipfile.ZipFile(good) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    laughs = b"<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>" + b"".join(
        b"<!ENTITY %c '%s'>" % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
    )
    parts["xl/sharedStrings.xml"] = laughs + b"]><sst><si><t>&j;</t></si></sst>"
    path = packed(tmp_path / "a.xlsx", parts)
    try:
        rows = read(path)
    except WorkbookRefused as refused:
        reason = refused.reason
    else:
        assert all(len(str(cell)) < 100 for row in rows for cell in row.cells)
        reason = "workbook_unreadable"
    assert reason == "workbook_unreadable"


def test_links_out_of_the_workbook_are_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    written = xlsxwriter.Workbook(str(path))
    sheet = written.add_worksheet("m")
    sheet.write_formula(0, 0, "='[http://127.0.0.1:9/b.xlsx]S'!A1", None, 5)
    written.close()
    assert [row.cells for row in read(path)] == [(5.0,)]


def test_rows_and_columns_before_the_content_are_counted(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", (3, 2), (5, 4))
    assert [(row.number, row.cells) for row in read(path)] == [
        (4, (None, None, "x", None, None)),
        (6, (None, None, None, None, "x")),
    ]


def test_a_broken_deflate_stream_is_named(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.xlsx", {SHEET: b"<c r='A1'/>" * 50})
    good = zlib.compressobj(wbits=-15)
    stream = good.compress(b"<c r='A1'/>" * 50) + good.flush()
    content = path.read_bytes()
    at = content.index(stream[:8])
    path.write_bytes(content[:at] + b"\xff" * 8 + content[at + 8 :])
    assert refusal(path)[0] == "workbook_unreadable"
