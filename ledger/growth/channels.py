"""Channels (kênh) of growth charts: which name a z-score has, by dated tables of cut-offs.

The z-score is compared as it is shown, with two decimals: nobody reads "-2.00" beside "stunted".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from ledger.growth.zscore import Indicator

Boundary = Literal["exclusive", "inclusive"]
"""How a z-score exactly on a cut-off is read. "exclusive": it stays on the side of the normal
channel (-2.00 is normal), the usual convention; "inclusive": it belongs to the channel beyond."""

BOUNDARIES: tuple[Boundary, ...] = ("exclusive", "inclusive")


class Standard(StrEnum):
    """The source of the figures: to 1826 days of age the one, after that the other."""

    WHO_2006 = "who2006"
    WHO_2007 = "who2007"


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel: its key, its names, and the cut-off at which it begins on the way out.

    `beyond` is None for the normal channel, negative for those below it, positive above.
    """

    key: str
    vi: str
    en: str
    beyond: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelTable:
    """The channels in force from a day (None: since ever), with their source and its standing."""

    valid_from: date | None
    source: str
    standing: Literal["confirmed", "from memory"]
    channels: Mapping[tuple[Standard, Indicator], tuple[Channel, ...]]


def _channel(beyond: int | None, key: str, vi: str, en: str) -> Channel:
    return Channel(key, vi, en, None if beyond is None else Decimal(beyond))


_NORMAL = _channel(None, "normal", "bình thường", "normal")
_WEIGHT = (
    _channel(-3, "severely_underweight", "suy dinh dưỡng nhẹ cân, nặng", "severely underweight"),
    _channel(-2, "underweight", "suy dinh dưỡng nhẹ cân, vừa", "underweight"),
    _NORMAL,
    _channel(2, "high_weight", "cân nặng cao hơn tuổi", "high weight for age"),
)
_HEIGHT = (
    _channel(-3, "severely_stunted", "thấp còi nặng (độ 2)", "severely stunted"),
    _channel(-2, "stunted", "thấp còi (độ 1)", "stunted"),
    _NORMAL,
    _channel(2, "tall", "chiều cao cao hơn tuổi", "tall for age"),
)
_YOUNG = (
    _channel(-3, "severely_wasted", "gầy còm nặng", "severely wasted"),
    _channel(-2, "wasted", "gầy còm", "wasted"),
    _NORMAL,
    _channel(2, "overweight", "thừa cân", "overweight"),
    _channel(3, "obese", "béo phì", "obese"),
)
_OLDER = (
    _channel(-3, "severely_thin", "gầy nặng", "severely thin"),
    _channel(-2, "thin", "gầy", "thin"),
    _NORMAL,
    _channel(1, "overweight", "thừa cân", "overweight"),
    _channel(2, "obese", "béo phì", "obese"),
)

CHANNEL_TABLES: tuple[ChannelTable, ...] = (
    ChannelTable(
        valid_from=None,
        source="cut-offs usual with WHO and the National Institute of Nutrition (Viện Dinh dưỡng)",
        standing="from memory",
        channels={
            (Standard.WHO_2006, Indicator.WAZ): _WEIGHT,
            (Standard.WHO_2006, Indicator.HAZ): _HEIGHT,
            (Standard.WHO_2006, Indicator.BAZ): _YOUNG,
            (Standard.WHO_2006, Indicator.WHZ): _YOUNG,
            (Standard.WHO_2007, Indicator.WAZ): _WEIGHT,
            (Standard.WHO_2007, Indicator.HAZ): _HEIGHT,
            (Standard.WHO_2007, Indicator.BAZ): _OLDER,
        },
    ),
)
"""Oldest first. Domain.md 7 gives these cut-offs as remembered, not as read in a text."""


def channels_on(day: date) -> ChannelTable:
    """The table in force on `day`, the day of measuring."""
    *_, found = (t for t in CHANNEL_TABLES if t.valid_from is None or t.valid_from <= day)
    return found


def channel_of(
    table: ChannelTable,
    standard: Standard,
    indicator: Indicator,
    z: Decimal,
    *,
    boundary: Boundary = "exclusive",
) -> Channel:
    """The channel of a z-score with two decimals: of those it lies beyond, the outermost.

    Raises:
        KeyError: the standard has no such indicator (weight for height ends with 2006's).
    """
    listed = table.channels[standard, indicator]
    (found,) = (channel for channel in listed if channel.beyond is None)
    for channel in sorted(listed, key=lambda one: abs(one.beyond or Decimal(0))):
        if channel.beyond is not None and _lies_beyond(z, channel.beyond, boundary):
            found = channel
    return found


def _lies_beyond(z: Decimal, cut: Decimal, boundary: Boundary) -> bool:
    if z == cut:
        return boundary == "inclusive"
    return z < cut if cut < 0 else z > cut
