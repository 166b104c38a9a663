"""z-scores by the LMS method, as WHO computes them (domain.md 7).

Computed in binary floating point and rounded to two decimals, half away from zero. Before that
the result is cut to nine decimals: powers differ between mathematical libraries in the sixteenth
digit, and no such difference may turn a figure.
"""

import math
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from ledger.growth.tables import Figures

_CENT = Decimal("0.01")
_TAIL = 3
"""Beyond so many standard deviations the distribution of a weight is continued linearly."""


class Indicator(StrEnum):
    """What is compared with what, under the names by which the field knows the z-scores."""

    WAZ = "WAZ"
    HAZ = "HAZ"
    BAZ = "BAZ"
    WHZ = "WHZ"


_IMPLAUSIBLE = {
    Indicator.WAZ: (Decimal(-6), Decimal(5)),
    Indicator.HAZ: (Decimal(-6), Decimal(6)),
    Indicator.BAZ: (Decimal(-5), Decimal(5)),
    Indicator.WHZ: (Decimal(-5), Decimal(5)),
}


def z_score(indicator: Indicator, value: float, at: Figures) -> Decimal:
    """The z-score of `value` (cm, kg or kg/m²; positive), two decimals.

    Height is normally distributed at every age; the others are not, and beyond three standard
    deviations they are measured by the distance between the second and the third.
    """
    z = _plain(value, at)
    if indicator is not Indicator.HAZ and abs(z) > _TAIL:
        side = math.copysign(1, z)
        third, second = value_at(side * _TAIL, at), value_at(side * (_TAIL - 1), at)
        z = side * _TAIL + (value - third) / abs(third - second)
    return Decimal(f"{z:.9f}").quantize(_CENT, ROUND_HALF_UP) + 0  # + 0: no negative zero


def _plain(value: float, at: Figures) -> float:
    if at.power == 0:
        return math.log(value / at.median) / at.variation
    return (math.pow(value / at.median, at.power) - 1) / (at.variation * at.power)


def value_at(z: float, at: Figures) -> float:
    """The value that stands `z` standard deviations from the median."""
    if at.power == 0:
        return at.median * math.exp(at.variation * z)
    return at.median * math.pow(1 + at.power * at.variation * z, 1 / at.power)


def implausible(indicator: Indicator, z: Decimal) -> bool:
    """Whether WHO takes such a z-score for a mistake of measuring or writing."""
    low, high = _IMPLAUSIBLE[indicator]
    return not low <= z <= high
