"""The WHO tables: L, M and S by sex and day, month or centimetre.

The figures stand in `who.lms`, whose header names their source. Sexes are nam and nu: there are
no tables for anyone else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import NamedTuple


class Table(StrEnum):
    """One published table; the year is that of its publication."""

    WEIGHT_FOR_AGE_2006 = "weight_for_age_2006"
    HEIGHT_FOR_AGE_2006 = "height_for_age_2006"
    BMI_FOR_AGE_2006 = "bmi_for_age_2006"
    WEIGHT_FOR_LENGTH_2006 = "weight_for_length_2006"
    WEIGHT_FOR_HEIGHT_2006 = "weight_for_height_2006"
    WEIGHT_FOR_AGE_2007 = "weight_for_age_2007"
    HEIGHT_FOR_AGE_2007 = "height_for_age_2007"
    BMI_FOR_AGE_2007 = "bmi_for_age_2007"


class Figures(NamedTuple):
    """L, M and S of one distribution: power (Box-Cox), median, coefficient of variation."""

    power: float
    median: float
    variation: float


@dataclass(frozen=True, slots=True)
class Series:
    """The figures of one sex: row n is of the key `first + n / per_unit`."""

    first: float
    per_unit: int
    rows: tuple[Figures, ...]

    def at(self, key: float) -> Figures | None:
        """The figures at `key` (days, months or cm), linear between two rows as WHO's own
        programs read them; None outside the table."""
        # Nine decimals take away what 70.1 is off by in binary: a key of the table is hit exactly.
        place = round((key - self.first) * self.per_unit, 9)
        row = int(place)
        if not 0 <= place <= len(self.rows) - 1:
            return None
        low, part = self.rows[row], place - row
        if part == 0:
            return low
        high = self.rows[row + 1]
        return Figures(*(a + part * (b - a) for a, b in zip(low, high, strict=True)))


@cache
def tables() -> Mapping[tuple[Table, str], Series]:
    """Every series by table and sex, read once."""
    text = resources.files(__package__).joinpath("who.lms").read_text("ascii")
    _, *sections = text.split("\n[")
    return dict(_series(section) for section in sections)


def _series(section: str) -> tuple[tuple[Table, str], Series]:
    head, *lines = section.splitlines()
    name, sex, _, per_unit, first = head.rstrip("]").split()
    rows = tuple(Figures(*map(float, line.split())) for line in lines)
    return (Table(name), sex), Series(float(first), int(per_unit), rows)


def figures(table: Table, sex: str, key: float) -> Figures | None:
    """The figures of a table at `key`; None outside it, or where there is none for the sex."""
    series = tables().get((table, sex))
    return series.at(key) if series else None
