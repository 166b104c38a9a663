"""Our figures against the tables as the World Health Organization publishes them."""

import csv
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.growth.tables import Figures, Table, figures, tables
from ledger.growth.zscore import Indicator, value_at, z_score

WHO = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "who"
FILES = {
    Table.WEIGHT_FOR_AGE_2006: ("weianthro.txt", "age", Indicator.WAZ),
    Table.HEIGHT_FOR_AGE_2006: ("lenanthro.txt", "age", Indicator.HAZ),
    Table.BMI_FOR_AGE_2006: ("bmianthro.txt", "age", Indicator.BAZ),
    Table.WEIGHT_FOR_LENGTH_2006: ("wflanthro.txt", "length", Indicator.WHZ),
    Table.WEIGHT_FOR_HEIGHT_2006: ("wfhanthro.txt", "height", Indicator.WHZ),
    Table.WEIGHT_FOR_AGE_2007: ("wfawho2007.txt", "age", Indicator.WAZ),
    Table.HEIGHT_FOR_AGE_2007: ("hfawho2007.txt", "age", Indicator.HAZ),
    Table.BMI_FOR_AGE_2007: ("bfawho2007.txt", "age", Indicator.BAZ),
}
SEXES = {"1": "nam", "2": "nu"}


def published(table: Table) -> Iterator[tuple[str, float, Figures]]:
    """Sex, key and figures of every row of a published table."""
    name, key, _ = FILES[table]
    path = WHO / name
    if not path.exists():
        pytest.skip(f"WHO's tables are not beside the repository (../shared/data/who/{name})")
    with path.open(encoding="ascii", newline="") as stream:
        for row in csv.DictReader(stream, delimiter="\t"):
            yield (
                SEXES[row["sex"]],
                float(row[key]),
                Figures(float(row["l"]), float(row["m"]), float(row["s"])),
            )


@pytest.mark.parametrize("table", list(Table))
def test_every_figure_is_the_published_one_and_none_is_missing(table: Table) -> None:
    rows = list(published(table))
    for sex, key, expected in rows:
        assert figures(table, sex, key) == expected, (sex, key)
    assert sum(len(tables()[table, sex].rows) for sex in SEXES.values()) == len(rows)


@pytest.mark.parametrize("table", list(Table))
def test_each_median_scores_0_and_each_line_its_own_number(table: Table) -> None:
    indicator = FILES[table][2]
    for sex, key, at in published(table):
        assert z_score(indicator, at.median, at) == 0, (sex, key)
        for line in (-3, -2, -1, 1, 2, 3):
            found = z_score(indicator, value_at(line, at), at)
            assert found == Decimal(line), (sex, key, line)
