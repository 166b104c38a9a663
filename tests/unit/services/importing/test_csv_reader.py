"""CSV records, their first physical line, and what is wrong with one of them."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from services.importing.csv_reader import MAX_LINE, Record, records


def read(data: bytes) -> list[Record]:
    return list(records(io.BytesIO(data)))


def test_a_byte_order_mark_and_blank_lines_are_dropped() -> None:
    assert read(b"\xef\xbb\xbfa,b\r\n\r\n1,2\r\n") == [Record(1, ["a", "b"]), Record(3, ["1", "2"])]


def test_a_record_has_the_number_of_its_first_physical_line() -> None:
    found = read(b'a\n"x\ny\nz"\nlast\n')
    assert found == [Record(1, ["a"]), Record(2, ["x\ny\nz"]), Record(5, ["last"])]


def test_an_open_quotation_mark_gives_up_its_line_only() -> None:
    assert read(b'a,b\n"1,2\n3,4\n5,6\n') == [
        Record(1, ["a", "b"]),
        Record(2, [], "bad_quoting"),
        Record(3, ["3", "4"]),
        Record(4, ["5", "6"]),
    ]


def test_a_cell_beyond_every_limit_is_named_and_reading_goes_on() -> None:
    found = read(b"a\n" + b"x" * (MAX_LINE + 10) + b"\nlast\n")
    assert found == [Record(1, ["a"]), Record(2, [], "cell_too_long"), Record(3, ["last"])]


def test_bytes_that_are_not_utf8_come_through_as_surrogates() -> None:
    assert read(b"Tr\xc7n\n") == [Record(1, ["Tr\udcc7n"])]


@given(
    st.lists(
        st.lists(st.text(st.characters(codec="utf-8"), max_size=8), min_size=2, max_size=3).filter(
            any
        ),
        max_size=6,
    )
)
def test_what_a_csv_writer_writes_is_read_back(rows: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    # A byte-order mark at the start of the first cell is not to be told from the file's own.
    data = text.getvalue().encode()
    if not data.startswith(b"\xef\xbb\xbf"):
        assert [record.cells for record in read(data)] == rows
