"""What a measurement says of a child's growth: readings of one or both standards.

Up to 1826 days of age the WHO standards of 2006 are read by day, after that the WHO reference of
2007 by month, so that no age is without channels (the letters' gap from 60 to 72 months). The
two differ a little at the seam, and a child may change its channel on that day although it grew
as before: around it both readings are given, the other standard's at its own end of the table.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from enum import StrEnum

from ledger.growth.channels import Boundary, Channel, Standard, channel_of, channels_on
from ledger.growth.tables import Figures, Table, figures
from ledger.growth.zscore import Indicator, implausible, z_score

LAST_DAY_2006 = 1826
FIRST_MONTH_2007 = 60
LAST_MONTH_OF_WEIGHT = 120
DAYS_AROUND_SWITCH = 30
DAYS_PER_MONTH = 30.4375
STANDING_FROM = 731
"""Age in days from which children are measured standing; before it they lie."""

LYING_IS_LONGER = Decimal("0.7")
"""Centimetres between length and height, where a child was measured in the other position."""

HEIGHT_LIMITS = (Decimal(30), Decimal(250))
WEIGHT_LIMITS = (Decimal("0.5"), Decimal(300))
"""Centimetres and kilograms outside which a figure is no measurement of a child at all."""

_TENTH = Decimal("0.1")
_FULL_DATE = 10


class Missing(StrEnum):
    """Why there is no channel."""

    NO_BIRTH_DATE = "no_birth_date"
    PARTIAL_BIRTH_DATE = "partial_birth_date"
    NO_TABLE_FOR_SEX = "no_table_for_sex"
    BEFORE_BIRTH = "before_birth"
    AGE_OUTSIDE_TABLES = "age_outside_tables"
    HEIGHT_OUTSIDE_TABLE = "height_outside_table"
    NO_HEIGHT = "no_height"
    NO_WEIGHT = "no_weight"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Body:
    """One measurement: cm and kg (None: not taken), and whether the child lay or stood."""

    height_cm: Decimal | None
    weight_kg: Decimal | None
    position: str | None = None

    @classmethod
    def read(cls, height: str | None, weight: str | None, position: str | None) -> "Body | None":
        """From the decimal strings of an entry; None where a figure is none, or lies outside
        what a child can measure: entries of other ledgers are not ours to trust."""
        try:
            body = cls(
                Decimal(height) if height is not None else None,
                Decimal(weight) if weight is not None else None,
                position,
            )
        except ArithmeticError:
            return None
        limited = ((body.height_cm, HEIGHT_LIMITS), (body.weight_kg, WEIGHT_LIMITS))
        for figure, (low, high) in limited:
            if figure is not None and not (figure.is_finite() and low <= figure <= high):
                return None
        return body

    @property
    def bmi(self) -> Decimal | None:
        """kg/m² as measured, one decimal; no position is allowed for."""
        if self.height_cm is None or self.weight_kg is None:
            return None
        metres = self.height_cm / 100
        return (self.weight_kg / (metres * metres)).quantize(_TENTH, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Score:
    """One indicator: its z-score, its channel, and whether WHO would take it for a mistake."""

    indicator: Indicator
    z: Decimal
    channel: Channel
    implausible: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """What one standard says. `at` is the age used: days for 2006, months for 2007."""

    standard: Standard
    at: float
    scores: tuple[Score, ...]
    missing: dict[Indicator, Missing] = field(default_factory=dict)

    @property
    def unit(self) -> str:
        """The unit of `at`: day or month."""
        return "day" if self.standard is Standard.WHO_2006 else "month"


@dataclass(frozen=True, slots=True)
class Growth:
    """Age in days, and the readings, the governing one first; `missing` says why there is none."""

    days: int | None
    readings: tuple[Reading, ...]
    missing: Missing | None = None

    @property
    def months(self) -> Decimal | None:
        """Age in months of 30.4375 days, one decimal, cut off."""
        if self.days is None:
            return None
        return (Decimal(self.days) / Decimal(DAYS_PER_MONTH)).quantize(_TENTH, ROUND_DOWN)


def first_birthday(birth_date: str) -> date:
    """The earliest day of birth that YYYY, YYYY-MM or YYYY-MM-DD leaves open."""
    return date.fromisoformat(f"{birth_date}-01-01"[:_FULL_DATE])


def assess(
    body: Body | None,
    *,
    sex: str | None,
    birth_date: str | None,
    on: date,
    boundary: Boundary = "exclusive",
) -> Growth:
    """The readings of a measurement taken on `on`; `body` None is an unreadable one."""
    days = _age(birth_date, on)
    if isinstance(days, Missing):
        return Growth(None, (), days)
    if body is None:
        return Growth(days, (), Missing.UNREADABLE)
    if sex not in ("nam", "nu"):
        return Growth(days, (), Missing.NO_TABLE_FOR_SEX)
    months = days / DAYS_PER_MONTH
    younger = (Standard.WHO_2006, float(min(days, LAST_DAY_2006)))
    older = (Standard.WHO_2007, max(months, float(FIRST_MONTH_2007)))
    chosen = [younger, older] if days <= LAST_DAY_2006 else [older, younger]
    if abs(days - LAST_DAY_2006) > DAYS_AROUND_SWITCH:
        chosen = chosen[:1]
    size = _as_tables_want(body, days)
    readings = (read(standard, at, size, sex, on, boundary) for standard, at in chosen)
    return Growth(days, tuple(readings))


def _age(birth_date: str | None, on: date) -> int | Missing:
    """Completed days from a birth date known to the day."""
    if birth_date is None:
        return Missing.NO_BIRTH_DATE
    if len(birth_date) < _FULL_DATE:
        return Missing.PARTIAL_BIRTH_DATE
    try:
        days = (on - date.fromisoformat(birth_date)).days
    except ValueError:
        return Missing.UNREADABLE
    return days if days >= 0 else Missing.BEFORE_BIRTH


def _as_tables_want(body: Body, days: int) -> Body:
    """The body with the height lying down before 731 days of age, standing from then on."""
    if body.height_cm is None:
        return body
    height = body.height_cm
    if days < STANDING_FROM and body.position == "standing":
        height += LYING_IS_LONGER
    elif days >= STANDING_FROM and body.position == "lying":
        height -= LYING_IS_LONGER
    return Body(height, body.weight_kg)


def read(
    standard: Standard,
    at: float,
    body: Body,
    sex: str,
    on: date,
    boundary: Boundary = "exclusive",
) -> Reading:
    """What `standard` says at an age in its own unit; the height must fit the age's position."""
    channels = channels_on(on)
    scores = []
    missing: dict[Indicator, Missing] = {}
    for indicator in (Indicator.WAZ, Indicator.HAZ, Indicator.BAZ, Indicator.WHZ):
        if (standard, indicator) not in channels.channels:
            continue
        value = _value(indicator, body)
        if isinstance(value, Missing):
            missing[indicator] = value
            continue
        found = _figures(standard, indicator, at, body, sex)
        if isinstance(found, Missing):
            missing[indicator] = found
            continue
        z = z_score(indicator, value, found)
        channel = channel_of(channels, standard, indicator, z, boundary=boundary)
        scores.append(Score(indicator, z, channel, implausible(indicator, z)))
    return Reading(standard, at, tuple(scores), missing)


def _value(indicator: Indicator, body: Body) -> float | Missing:
    """What is compared: kg, cm, or kg/m² unrounded."""
    height, weight = body.height_cm, body.weight_kg
    if indicator is Indicator.WAZ:
        return float(weight) if weight is not None else Missing.NO_WEIGHT
    if height is None:
        return Missing.NO_HEIGHT
    if indicator is Indicator.HAZ:
        return float(height)
    if weight is None:
        return Missing.NO_WEIGHT
    if indicator is Indicator.WHZ:
        return float(weight)
    return float(weight) / (float(height) / 100) ** 2


_BY_AGE = {
    (Standard.WHO_2006, Indicator.WAZ): Table.WEIGHT_FOR_AGE_2006,
    (Standard.WHO_2006, Indicator.HAZ): Table.HEIGHT_FOR_AGE_2006,
    (Standard.WHO_2006, Indicator.BAZ): Table.BMI_FOR_AGE_2006,
    (Standard.WHO_2007, Indicator.WAZ): Table.WEIGHT_FOR_AGE_2007,
    (Standard.WHO_2007, Indicator.HAZ): Table.HEIGHT_FOR_AGE_2007,
    (Standard.WHO_2007, Indicator.BAZ): Table.BMI_FOR_AGE_2007,
}


def _figures(
    standard: Standard, indicator: Indicator, at: float, body: Body, sex: str
) -> Figures | Missing:
    if indicator is Indicator.WHZ:
        lying = at < STANDING_FROM
        table = Table.WEIGHT_FOR_LENGTH_2006 if lying else Table.WEIGHT_FOR_HEIGHT_2006
        height = float(body.height_cm or 0)
        return figures(table, sex, height) or Missing.HEIGHT_OUTSIDE_TABLE
    table = _BY_AGE[standard, indicator]
    if table is Table.WEIGHT_FOR_AGE_2007 and at > LAST_MONTH_OF_WEIGHT:
        return Missing.AGE_OUTSIDE_TABLES
    return figures(table, sex, at) or Missing.AGE_OUTSIDE_TABLES
