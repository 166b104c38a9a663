"""z-scores, channels and readings: the computed checks of domain.md 7 and the rules around them."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.growth.channels import (
    CHANNEL_TABLES,
    Boundary,
    ChannelTable,
    Standard,
    channel_of,
    channels_on,
)
from ledger.growth.reading import Body, Growth, Missing, Reading, assess, first_birthday, read
from ledger.growth.tables import Figures, Table, figures, tables
from ledger.growth.zscore import Indicator, implausible, value_at, z_score

DAY = date(2025, 3, 1)
YOUNG, OLDER = Standard.WHO_2006, Standard.WHO_2007
MONTHS_60 = 1826
SEXES = ("nam", "nu")


def body(height: str | None, weight: str | None, position: str | None = None) -> Body:
    found = Body.read(height, weight, position)
    assert found is not None
    return found


def scores(reading: Reading) -> dict[str, str]:
    return {score.indicator.value: str(score.z) for score in reading.scores}


def at_age(days: int, measured: Body, *, sex: str = "nam") -> Growth:
    return assess(measured, sex=sex, birth_date=(DAY - timedelta(days=days)).isoformat(), on=DAY)


@pytest.mark.parametrize(
    ("sex", "standard", "at", "weight", "height", "waz", "haz", "baz"),
    [
        ("nam", YOUNG, 1461, "16.0", "101.0", "-0.17", "-0.55", "0.27"),
        ("nu", YOUNG, 1461, "12.0", "94.0", "-2.21", "-2.03", "-1.31"),
        ("nam", YOUNG, 1826, "25.0", "110.0", "2.24", "0.01", "3.21"),
        ("nu", YOUNG, 1200, "9.5", "88.0", "-3.39", "-2.37", "-2.75"),
        ("nu", OLDER, 66.5, "22.5", "109.0", "1.04", "-0.69", "1.96"),
        ("nam", OLDER, 72, "14.5", "104.0", "-2.74", "-2.43", "-1.63"),
    ],
)
def test_the_computed_checks(
    sex: str, standard: Standard, at: float, weight: str, height: str, waz: str, haz: str, baz: str
) -> None:
    found = scores(read(standard, at, body(height, weight), sex, DAY))
    assert (found["WAZ"], found["HAZ"], found["BAZ"]) == (waz, haz, baz)


@given(
    power=st.sampled_from([-2.0, -0.35, 0.0, 0.5, 1.0]),
    z=st.floats(-2.9, 2.9),
    median=st.floats(2, 120),
    variation=st.floats(0.03, 0.12),
)
def test_value_and_z_score_are_each_others_inverse(
    power: float, z: float, median: float, variation: float
) -> None:
    at = Figures(power, median, variation)
    found = z_score(Indicator.BAZ, value_at(z, at), at)
    assert abs(float(found) - z) <= 0.005 + 1e-9


def test_beyond_three_a_weight_is_measured_by_the_last_step_and_a_height_is_not() -> None:
    at = Figures(-0.5, 15.0, 0.1)
    third, second = value_at(3, at), value_at(2, at)
    assert z_score(Indicator.BAZ, third + (third - second), at) == Decimal("4.00")
    third, second = value_at(-3, at), value_at(-2, at)
    assert z_score(Indicator.WAZ, third - (second - third), at) == Decimal("-4.00")
    assert z_score(Indicator.HAZ, 150.0, Figures(1.0, 100.0, 0.1)) == Decimal("5.00")


@pytest.mark.parametrize(
    ("value", "expected"), [(101.125, "1.13"), (98.875, "-1.13"), (100.0001, "0.00")]
)
def test_z_scores_are_rounded_half_up_away_from_zero(value: float, expected: str) -> None:
    assert str(z_score(Indicator.HAZ, value, Figures(1.0, 100.0, 0.01))) == expected


@given(
    st.sampled_from([(t, s) for t, s in tables() if t.value.endswith("2006")]), st.integers(1, 9)
)
def test_between_two_rows_figures_lie_on_a_line(series: tuple[Table, str], tenth: int) -> None:
    known = tables()[series]
    low, high = known.rows[0], known.rows[1]
    found = known.at(known.first + tenth / 10 / known.per_unit)
    assert found is not None
    expected = low.median + tenth / 10 * (high.median - low.median)
    assert abs(found.median - expected) < 1e-9


def test_a_table_has_nothing_beyond_its_ends_or_for_another_sex() -> None:
    assert figures(Table.WEIGHT_FOR_AGE_2006, "nam", -1) is None
    assert figures(Table.WEIGHT_FOR_AGE_2006, "nam", 1827) is None
    assert figures(Table.WEIGHT_FOR_HEIGHT_2006, "nu", 120) is not None
    assert figures(Table.WEIGHT_FOR_HEIGHT_2006, "nu", 120.1) is None
    assert figures(Table.WEIGHT_FOR_AGE_2006, "khac", 10) is None


@pytest.mark.parametrize(
    ("indicator", "low", "high"),
    [
        (Indicator.WAZ, "-6", "5"),
        (Indicator.HAZ, "-6", "6"),
        (Indicator.BAZ, "-5", "5"),
        (Indicator.WHZ, "-5", "5"),
    ],
)
def test_a_score_beyond_the_limits_is_implausible(
    indicator: Indicator, low: str, high: str
) -> None:
    cent = Decimal("0.01")
    assert not implausible(indicator, Decimal(low))
    assert not implausible(indicator, Decimal(high))
    assert implausible(indicator, Decimal(low) - cent)
    assert implausible(indicator, Decimal(high) + cent)


@pytest.mark.parametrize(
    ("standard", "indicator", "z", "exclusive", "inclusive"),
    [
        (YOUNG, Indicator.WAZ, "-3.01", "severely_underweight", "severely_underweight"),
        (YOUNG, Indicator.WAZ, "-3.00", "underweight", "severely_underweight"),
        (YOUNG, Indicator.WAZ, "-2.00", "normal", "underweight"),
        (YOUNG, Indicator.WAZ, "2.00", "normal", "high_weight"),
        (YOUNG, Indicator.WAZ, "2.01", "high_weight", "high_weight"),
        (OLDER, Indicator.HAZ, "-2.01", "stunted", "stunted"),
        (OLDER, Indicator.HAZ, "-3.01", "severely_stunted", "severely_stunted"),
        (OLDER, Indicator.HAZ, "2.01", "tall", "tall"),
        (YOUNG, Indicator.WHZ, "-2.50", "wasted", "wasted"),
        (YOUNG, Indicator.WHZ, "-3.10", "severely_wasted", "severely_wasted"),
        (YOUNG, Indicator.BAZ, "1.50", "normal", "normal"),
        (YOUNG, Indicator.BAZ, "2.01", "overweight", "overweight"),
        (YOUNG, Indicator.BAZ, "3.00", "overweight", "obese"),
        (YOUNG, Indicator.BAZ, "3.01", "obese", "obese"),
        (OLDER, Indicator.BAZ, "1.00", "normal", "overweight"),
        (OLDER, Indicator.BAZ, "1.01", "overweight", "overweight"),
        (OLDER, Indicator.BAZ, "2.01", "obese", "obese"),
        (OLDER, Indicator.BAZ, "-2.01", "thin", "thin"),
        (OLDER, Indicator.BAZ, "-3.01", "severely_thin", "severely_thin"),
    ],
)
def test_channels_and_their_boundaries(
    standard: Standard, indicator: Indicator, z: str, exclusive: str, inclusive: str
) -> None:
    readings: tuple[tuple[Boundary, str], ...] = (
        ("exclusive", exclusive),
        ("inclusive", inclusive),
    )
    for boundary, expected in readings:
        found = channel_of(channels_on(DAY), standard, indicator, Decimal(z), boundary=boundary)
        assert found.key == expected, boundary


def test_cut_offs_are_dated_data_with_source_and_standing() -> None:
    (table,) = CHANNEL_TABLES
    assert isinstance(table, ChannelTable)
    assert table.standing == "from memory"
    assert table.source
    assert channels_on(date(1990, 1, 1)) is table


def test_no_day_from_birth_to_ten_years_is_without_channels() -> None:
    """The letters' complaint: nothing from 60 to 72 months."""
    for days in range(3652):
        reading = at_age(days, body("90", "13")).readings[0]
        assert {"WAZ", "HAZ", "BAZ"} <= set(scores(reading)), days
        assert (reading.standard is YOUNG) == (days <= MONTHS_60)


def test_around_the_switch_both_standards_are_read_the_governing_one_first() -> None:
    measured = body("110", "19")

    def standards(days: int) -> list[tuple[Standard, float]]:
        return [(one.standard, round(one.at, 2)) for one in at_age(days, measured).readings]

    assert standards(1795) == [(YOUNG, 1795)]
    assert standards(1796) == [(YOUNG, 1796), (OLDER, 60)]
    assert standards(1826) == [(YOUNG, 1826), (OLDER, 60)]
    assert standards(1827) == [(OLDER, 60.02), (YOUNG, 1826)]
    assert standards(1856) == [(OLDER, 60.98), (YOUNG, 1826)]
    assert standards(1857) == [(OLDER, 61.01)]


def test_a_child_may_change_channel_on_the_day_of_the_switch() -> None:
    before, after = at_age(1826, body("110", "21")), at_age(1827, body("110", "21"))
    channels = [
        {s.indicator: s.channel.key for s in one.readings[0].scores}[Indicator.BAZ]
        for one in (before, after)
    ]
    assert channels == ["normal", "overweight"]
    assert {s.indicator: s.channel.key for s in after.readings[1].scores}[Indicator.BAZ] == "normal"


def test_a_childs_length_before_731_days_is_0_7_cm_more_than_its_height() -> None:
    assert scores(at_age(730, body("86", "12", "standing")).readings[0]) == scores(
        at_age(730, body("86.7", "12", "lying")).readings[0]
    )
    assert scores(at_age(731, body("86.7", "12", "lying")).readings[0]) == scores(
        at_age(731, body("86", "12", "standing")).readings[0]
    )
    for days in (730, 731):  # where nobody says, the child was measured as its age asks
        usual = "lying" if days < 731 else "standing"
        assert scores(at_age(days, body("86", "12")).readings[0]) == scores(
            at_age(days, body("86", "12", usual)).readings[0]
        )


def test_weight_for_height_is_read_where_the_height_is_in_its_table() -> None:
    inside = at_age(1500, body("119.9", "20")).readings[0]
    outside = at_age(1500, body("120.1", "20")).readings[0]
    assert "WHZ" in scores(inside)
    assert outside.missing == {Indicator.WHZ: Missing.HEIGHT_OUTSIDE_TABLE}
    older = at_age(2000, body("110", "20")).readings[0]
    assert "WHZ" not in scores(older)
    assert older.missing == {}


def test_weight_for_age_ends_at_120_months() -> None:
    assert "WAZ" in scores(at_age(3652, body("135", "30")).readings[0])
    after = at_age(3653, body("135", "30")).readings[0]
    assert after.missing == {Indicator.WAZ: Missing.AGE_OUTSIDE_TABLES}
    assert set(scores(after)) == {"HAZ", "BAZ"}


def test_what_was_not_measured_is_named() -> None:
    alone = at_age(1500, body(None, "16")).readings[0]
    assert set(scores(alone)) == {"WAZ"}
    assert alone.missing == dict.fromkeys(
        (Indicator.HAZ, Indicator.BAZ, Indicator.WHZ), Missing.NO_HEIGHT
    )
    tall = at_age(1500, body("100", None)).readings[0]
    assert set(scores(tall)) == {"HAZ"}
    assert set(tall.missing.values()) == {Missing.NO_WEIGHT}


@pytest.mark.parametrize(
    ("birth_date", "sex", "missing"),
    [
        (None, "nam", Missing.NO_BIRTH_DATE),
        ("2020", "nam", Missing.PARTIAL_BIRTH_DATE),
        ("2020-05", "nam", Missing.PARTIAL_BIRTH_DATE),
        ("2020-05-32", "nam", Missing.UNREADABLE),
        ("2025-03-02", "nam", Missing.BEFORE_BIRTH),
        ("2020-05-01", "khac", Missing.NO_TABLE_FOR_SEX),
        ("2020-05-01", None, Missing.NO_TABLE_FOR_SEX),
    ],
)
def test_without_a_full_birth_date_or_a_table_there_is_no_channel_but_a_reason(
    birth_date: str | None, sex: str | None, missing: Missing
) -> None:
    found = assess(body("100", "16"), sex=sex, birth_date=birth_date, on=DAY)
    assert (found.readings, found.missing) == ((), missing)


@pytest.mark.parametrize("text", ["", "abc", "NaN", "-Infinity", "0", "29.99", "250.01"])
def test_a_figure_that_is_no_height_is_unreadable(text: str) -> None:
    assert Body.read(text, None, None) is None
    assert assess(None, sex="nam", birth_date="2020-05-01", on=DAY).missing is Missing.UNREADABLE


def test_bmi_and_age_are_shown_with_one_decimal() -> None:
    assert body("101", "16").bmi == Decimal("15.7")
    assert body("101", None).bmi is None
    assert at_age(1826, body("101", "16")).months == Decimal("59.9")
    assert at_age(1827, body("101", "16")).months == Decimal("60.0")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2020", date(2020, 1, 1)),
        ("2020-05", date(2020, 5, 1)),
        ("2020-05-07", date(2020, 5, 7)),
    ],
)
def test_the_earliest_day_a_birth_date_leaves_open(text: str, day: date) -> None:
    assert first_birthday(text) == day


@given(
    sex=st.sampled_from(SEXES),
    days=st.integers(0, 6900),
    height=st.decimals("30", "250", places=1),
    weight=st.decimals("0.5", "300", places=1),
    more=st.decimals("0.1", "20", places=1),
)
def test_whoever_is_heavier_or_taller_never_scores_less(
    sex: str, days: int, height: Decimal, weight: Decimal, more: Decimal
) -> None:
    def found(measured: Body) -> dict[Indicator, Decimal]:
        reading = at_age(days, measured, sex=sex).readings[0]
        return {score.indicator: score.z for score in reading.scores}

    base = found(Body(height, weight))
    for indicator, z in found(Body(height, weight + more)).items():
        assert z >= base[indicator]
    if Indicator.HAZ in base:
        assert found(Body(height + more, weight))[Indicator.HAZ] >= base[Indicator.HAZ]
