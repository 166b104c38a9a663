"""Whatever bytes an import is given, it ends in named rejections and appends nothing.

The base files are about a class and pupils that nobody knows, or hold a fault in every line, so
that no luck of a mutation makes a line sound.
"""

import io
import resource
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import xlsxwriter
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ledger import log
from ledger.ledger import Ledger
from services.importing import Importer
from services.importing.kinds import KINDS
from services.importing.plan import Given
from tests import school
from tests.conftest import REPOSITORY
from tests.integration.books import (
    PRIMARY_HEADER,
    PUPIL_HEADER,
    SECONDARY_HEADER,
    Rows,
    pupil,
    xlsx,
)

SOME = settings(
    max_examples=25,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
GIVEN = Given(semester="1", time="CN", on="2025-05-20", school_year="2024-2025", class_code="X9")
KNOWN = frozenset(
    tomllib.loads((REPOSITORY / "tests" / "docs" / "rejections.toml").read_text("utf-8"))
)
NAMES = [f"{kind}.csv" for kind in KINDS if kind not in ("comment_bank",)]
GROWTH = 256 * 1024 * 1024
CHILD = 1_300_000_000
"""Bytes: how much an import may grow by, and how much its reader of workbooks may take."""


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    with school.new_ledger(database) as opened:
        yield opened


def refused(ledger: Ledger, *paths: Path) -> dict[str, Any]:
    """Imports what cannot be sound; checks that it ends as it must."""
    before = psutil.Process().memory_info().rss
    with ledger.database.connection() as connection:
        size = log.head(connection).size
    with Importer(ledger, name="31", account="operator", given=GIVEN) as importer:
        answer = importer.run(paths)
        document = answer.document()
    with ledger.database.connection() as connection:
        assert log.head(connection).size == size
    assert document["appended"] == 0
    assert {entry["reason"] for entry in document["rejected"] + document["warnings"]} <= KNOWN
    assert psutil.Process().memory_info().rss - before < GROWTH
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 < CHILD
    return document


def base_csv(kind: str) -> bytes:
    """Two lines of a kind, each column holding its own name."""
    columns = KINDS[kind].columns
    line = ",".join(f"{column}?" for column in columns)
    return "\n".join([",".join(columns), line, line.replace("?", "!")]).encode() + b"\n"


MUTATION = st.tuples(st.integers(0, 10**6), st.binary(min_size=1, max_size=6))


def mutated(content: bytes, changes: list[tuple[int, bytes]], kept: int) -> bytes:
    """Some bytes of `content` replaced, and the end cut off after `kept` thousandths."""
    changed = bytearray(content)
    for at, new in changes:
        at %= len(changed)
        changed[at : at + len(new)] = new
    return bytes(changed[: max(1, len(changed) * kept // 1000)])


@SOME
@given(
    name=st.sampled_from(["pupils.xlsx", "a.xls", "b.ods", "marks.csv", "pupils.csv"]),
    magic=st.sampled_from([b"", b"PK\x03\x04", bytes.fromhex("d0cf11e0a1b11ae1"), b"\xef\xbb\xbf"]),
    content=st.binary(max_size=3000),
)
@example(name="marks.csv", magic=b"", content=b"\0\0\n\0")
@example(name="pupils.xlsx", magic=b"", content=b"")
def test_random_bytes(
    ledger: Ledger, tmp_path: Path, name: str, magic: bytes, content: bytes
) -> None:
    (tmp_path / name).write_bytes(magic + content)
    assert refused(ledger, tmp_path / name)["rejected"]


@SOME
@given(
    name=st.sampled_from(NAMES),
    changes=st.lists(MUTATION, max_size=4),
    kept=st.integers(1, 1000),
)
def test_mutated_csv(
    ledger: Ledger, tmp_path: Path, name: str, changes: list[tuple[int, bytes]], kept: int
) -> None:
    content = mutated(base_csv(name.removesuffix(".csv")), changes, kept)
    (tmp_path / name).write_bytes(content)
    refused(ledger, tmp_path / name)


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The templates and a contract sheet, with a fault in every row."""
    folder = tmp_path_factory.mktemp("books")
    rows: dict[str, Rows] = {
        "list": [PUPIL_HEADER, pupil(1, "3100000001", "Nguyễn Văn An", sex="?")],
        "Toán": [SECONDARY_HEADER, (1, "X9", "3100000001", "An", "05/03/2012", 8, 9, 7)],
        "kq": [*PRIMARY_HEADER, (1, "X9", "3100000001", "An", "2018", "T", 10, "H", 8, "T")],
        "marks": [
            ("class_code", "subject", "semester", "slot", "pupil_key", "value", "effective_on"),
            ("X9", "Toán", 1, "TX1", "A", 8.0, "2024-10-07"),
        ],
    }
    whole = [xlsx(folder / "all.xlsx", rows)]
    whole += [xlsx(folder / f"{name}.xlsx", {name: found}) for name, found in rows.items()]
    return [path.read_bytes() for path in whole]


@SOME
@given(
    which=st.integers(0, 4),
    changes=st.lists(MUTATION, max_size=6),
    kept=st.sampled_from([1000, 1000, 1000, 999, 900, 500, 10]),
)
def test_mutated_and_truncated_workbooks(
    ledger: Ledger,
    tmp_path: Path,
    books: list[bytes],
    which: int,
    changes: list[tuple[int, bytes]],
    kept: int,
) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(mutated(books[which], changes, kept))
    assert refused(ledger, path)["rejected"]


@SOME
@given(
    which=st.integers(0, 4),
    part=st.integers(0, 30),
    changes=st.lists(MUTATION, min_size=1, max_size=8),
    kept=st.sampled_from([1000, 1000, 999, 900, 300]),
)
def test_parts_mutated_within_a_sound_archive(
    ledger: Ledger,
    tmp_path: Path,
    books: list[bytes],
    which: int,
    part: int,
    changes: list[tuple[int, bytes]],
    kept: int,
) -> None:
    path = tmp_path / "book.xlsx"
    with zipfile.ZipFile(io.BytesIO(books[which])) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    chosen = sorted(parts)[part % len(parts)]
    parts[chosen] = mutated(parts[chosen], changes, kept)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert refused(ledger, path)["rejected"]


@SOME
@given(
    columns=st.lists(st.text(max_size=12), max_size=12),
    cells=st.lists(
        st.one_of(st.none(), st.text(max_size=12), st.integers(), st.booleans()), max_size=12
    ),
    sheet=st.sampled_from(["Sheet1", "pupils", "marks", "rules"]),
)
def test_wrong_columns_in_a_workbook(
    ledger: Ledger, tmp_path: Path, columns: list[str], cells: list[Any], sheet: str
) -> None:
    printable = ["".join(c for c in text if c.isprintable()) for text in columns]
    values = [
        "".join(c for c in cell if c.isprintable()) if isinstance(cell, str) else cell
        for cell in cells
    ]
    numbers = [v if not isinstance(v, int) or abs(v) < 2**53 else None for v in values]
    path = xlsx(tmp_path / "book.xlsx", {sheet: [printable, numbers]})
    assert refused(ledger, path)["rejected"]


@SOME
@given(
    name=st.sampled_from(NAMES),
    encoding=st.sampled_from(["utf-16", "utf-32", "latin-1", "cp1258", "utf-7"]),
)
def test_wrong_encodings(ledger: Ledger, tmp_path: Path, name: str, encoding: str) -> None:
    text = base_csv(name.removesuffix(".csv")).decode().replace("?", " Ðặng éü")
    (tmp_path / name).write_bytes(text.encode(encoding, "replace"))
    refused(ledger, tmp_path / name)


@pytest.mark.parametrize("length", [32_767, 200_000, 3_000_000])
def test_huge_cells(ledger: Ledger, tmp_path: Path, length: int) -> None:
    line = f"A,{'n' * length},2012,nam"
    (tmp_path / "pupils.csv").write_text(f"pupil_key,full_name,birth_date,sex\n{line}\n", "utf-8")
    document = refused(ledger, tmp_path / "pupils.csv")
    assert [entry["reason"] for entry in document["rejected"]] == ["cell_too_long"]


def test_a_huge_cell_in_a_workbook(ledger: Ledger, tmp_path: Path) -> None:
    book = xlsx(
        tmp_path / "pupils.xlsx",
        {
            "pupils": [
                ("pupil_key", "full_name", "birth_date", "sex"),
                ("A", "n" * 32_767, "2012", "nam"),
            ]
        },
    )
    document = refused(ledger, book)
    assert [entry["reason"] for entry in document["rejected"]] == ["cell_too_long"]


@pytest.mark.parametrize(
    "formula", ["=1+1", '=HYPERLINK("http://127.0.0.1:9")', "=cmd|' /C calc'!A0"]
)
def test_formulas_are_not_computed(ledger: Ledger, tmp_path: Path, formula: str) -> None:
    path = tmp_path / "marks.xlsx"
    written = xlsxwriter.Workbook(str(path))
    sheet = written.add_worksheet("marks")
    header = ("class_code", "subject", "semester", "slot", "pupil_key", "value", "effective_on")
    sheet.write_row(0, 0, header)
    sheet.write_row(1, 0, ("X9", "Toán", 1, "TX1", "A"))
    sheet.write_formula(1, 5, formula, None, 8)
    sheet.write_string(1, 6, "2024-10-07")
    written.close()
    assert refused(ledger, path)["rejected"]


def test_a_zip_bomb_beside_a_sound_file_stops_nothing(ledger: Ledger, tmp_path: Path) -> None:
    path = xlsx(tmp_path / "pupils.xlsx", {"pupils": [("a",)]})
    written = xlsxwriter.Workbook(str(tmp_path / "corner.xlsx"))
    sheet = written.add_worksheet("marks")
    sheet.write(0, 0, "class_code")
    sheet.write(1_048_575, 16_383, "x")
    written.close()
    reasons = [
        entry["reason"] for entry in refused(ledger, path, tmp_path / "corner.xlsx")["rejected"]
    ]
    assert sorted(reasons) == ["unknown_column", "workbook_too_large"]


def test_a_header_of_a_hundred_thousand_columns_is_read_once(
    ledger: Ledger, tmp_path: Path
) -> None:
    header = ",".join(f"c{number}" for number in range(100_000))
    (tmp_path / "pupils.csv").write_text(f"{header}\n", "utf-8")
    document = refused(ledger, tmp_path / "pupils.csv")
    assert [entry["reason"] for entry in document["rejected"]] == ["unknown_column"]


@pytest.mark.parametrize("ending", ["²", "٢٠٢٥", "0", "9" * 300])
def test_a_year_of_a_oneroster_set_that_is_no_year_is_named(
    ledger: Ledger, tmp_path: Path, ending: str
) -> None:
    (tmp_path / "manifest.csv").write_text("propertyName,value\n", "utf-8")
    (tmp_path / "academicSessions.csv").write_text(
        f"sourcedId,startDate,schoolYear\nT1,x,{ending}\n", "utf-8"
    )
    (entry,) = refused(ledger, tmp_path)["rejected"]
    assert entry["reason"] in ("bad_school_year", "bad_date")
