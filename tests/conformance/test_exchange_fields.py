"""The tables written here are those of the national exchange's field dictionary."""

import csv

import pytest

from services.exchange.fields import TABLES
from tests.conftest import REPOSITORY

DICTIONARY = REPOSITORY.parent / "shared" / "exchange-fields.tsv"
Row = tuple[str, str, str | None, bool, str | None]


def dictionary() -> dict[str, list[Row]]:
    """The dictionary's tables: (field, type, length, required, key) in its order."""
    if not DICTIONARY.exists():
        pytest.skip("the field dictionary ../shared/exchange-fields.tsv is not here")
    tables: dict[str, list[Row]] = {}
    with DICTIONARY.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE):
            known = (
                row["field"],
                row["type"],
                row["length"] or None,
                row["required"] == "Y",
                row["key"] or None,
            )
            tables.setdefault(row["table"], []).append(known)
    return tables


def test_every_field_is_that_of_the_dictionary() -> None:
    tables = dictionary()
    for table, fields in TABLES.items():
        ours = [(f.name, f.type, f.length, f.required, f.key) for f in fields]
        assert ours == tables[table], table


def test_no_table_of_the_transcript_is_left_out() -> None:
    wanted = {name for name in dictionary() if name.startswith("thongtinsohocbaso")}
    assert wanted == set(TABLES)
