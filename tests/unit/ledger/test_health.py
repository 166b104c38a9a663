"""Rules of `ledger.health`, and how a line of health.csv is read."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from ledger.errors import Refused
from ledger.events.pupil import HealthMeasured, Measurement
from ledger.health import Child, RecordMeasurement, decide_measurement, merged
from ledger.settings import Settings
from services.importing.bearings import Bearings
from services.importing.files.health import measurement
from services.importing.kinds import KINDS

TODAY = date(2025, 3, 1)
DAY = date(2024, 9, 20)
PUPIL = UUID(int=1)
BOY = Child("2020-09-20", "nam")
AT = Bearings("default", {"P1": [PUPIL]}, {}, settings=Settings(name="31"))


def measured(**values: Any) -> Measurement:
    return Measurement.model_validate({**dict.fromkeys(Measurement.model_fields), **values})


def command(on: date = DAY, **values: Any) -> RecordMeasurement:
    return RecordMeasurement(pupil=PUPIL, measured_on=on, measurement=measured(**values))


def line(**cells: str) -> RecordMeasurement:
    empty = dict.fromkeys(KINDS["health"].columns, "")
    return measurement({**empty, "pupil_key": "P1", "measured_on": "2024-09-20", **cells}, AT)


def refusal(**cells: str) -> tuple[str, str | None]:
    with pytest.raises(Refused) as refused:
        line(**cells)
    return refused.value.code, refused.value.field


def test_a_measurement_becomes_one_entry_of_its_day() -> None:
    events, warnings = decide_measurement(BOY, command(height_cm="101.0"), today=TODAY)
    assert events == [HealthMeasured(effective_on=DAY, statutory=measured(height_cm="101.0"))]
    assert warnings == []


@pytest.mark.parametrize(
    ("values", "on", "code"),
    [
        ({}, DAY, "nothing_measured"),
        ({"notes": "vắng", "position": "standing"}, DAY, "nothing_measured"),
        ({"height_cm": "101.0"}, date(2025, 3, 2), "measured_in_future"),
        ({"height_cm": "101.0"}, date(2020, 9, 19), "measured_before_birth"),
    ],
)
def test_what_cannot_be_is_refused(values: dict[str, str], on: date, code: str) -> None:
    with pytest.raises(Refused) as refused:
        decide_measurement(BOY, command(on, **values), today=TODAY)
    assert refused.value.code == code


@pytest.mark.parametrize("name", ["height_cm", "weight_kg", "vision_left", "findings"])
def test_one_thing_measured_is_enough(name: str) -> None:
    value = {"height_cm": "101.0", "weight_kg": "16.0"}.get(name, "10/10")
    assert decide_measurement(BOY, command(DAY, **{name: value}), today=TODAY)[0]


def test_the_day_of_birth_and_today_are_days_of_measuring() -> None:
    for day in (date(2020, 9, 20), TODAY):
        assert decide_measurement(BOY, command(day, findings="tốt"), today=TODAY)[0]


def test_a_partial_birth_date_refuses_only_what_is_surely_before_it() -> None:
    child = Child("2020-09", "nam")
    assert decide_measurement(child, command(date(2020, 9, 1), findings="x"), today=TODAY)[0]
    with pytest.raises(Refused, match="before the pupil's birth"):
        decide_measurement(child, command(date(2020, 8, 31), findings="x"), today=TODAY)


def test_what_nobody_can_read_any_more_is_not_checked() -> None:
    events, warnings = decide_measurement(Child(), command(weight_kg="299.0"), today=TODAY)
    assert (len(events), warnings) == (1, [])


def test_an_implausible_measurement_is_accepted_and_flagged_at_its_column() -> None:
    events, warnings = decide_measurement(
        BOY, command(height_cm="110.0", weight_kg="61.0"), today=TODAY
    )
    assert len(events) == 1
    assert [(w.code, w.field) for w in warnings] == [("implausible_measurement", "weight_kg")]
    _, warnings = decide_measurement(BOY, command(height_cm="200.0"), today=TODAY)
    assert [(w.code, w.field) for w in warnings] == [("implausible_measurement", "height_cm")]


def test_a_second_line_of_a_day_adds_what_the_first_left_out() -> None:
    child = Child("2020-09-20", "nam", {DAY: measured(height_cm="110.0")})
    events, warnings = decide_measurement(child, command(vision_left="10/10"), today=TODAY)
    assert (len(events), warnings) == (1, [])
    both = merged([measured(height_cm="110.0"), measured(vision_left="10/10")])
    assert (both.height_cm, both.vision_left) == ("110.0", "10/10")


def test_another_value_for_the_same_day_counts_with_a_warning() -> None:
    child = Child("2020-09-20", "nam", {DAY: measured(height_cm="110.0", weight_kg="19.0")})
    again = command(height_cm="111.0", weight_kg="19.0")
    events, warnings = decide_measurement(child, again, today=TODAY)
    assert len(events) == 1
    assert [(w.code, w.field) for w in warnings] == [("measurement_replaced", "height_cm")]
    assert merged([child.days[DAY], again.measurement]).height_cm == "111.0"


def test_the_same_values_for_the_same_day_say_nothing_new() -> None:
    child = Child("2020-09-20", "nam", {DAY: measured(height_cm="110.0", weight_kg="19.0")})
    assert decide_measurement(child, command(weight_kg="19.0"), today=TODAY) == ([], [])


def test_a_position_belongs_to_its_height() -> None:
    lying = measured(height_cm="86.0", position="lying")
    assert merged([lying, measured(weight_kg="12.0")]).position == "lying"
    assert merged([lying, measured(height_cm="85.0")]).position is None


def test_no_warning_or_refusal_repeats_a_measured_value() -> None:
    child = Child("2020-09-20", "nam", {DAY: measured(height_cm="177.3")})
    _, warnings = decide_measurement(child, command(height_cm="201.4"), today=TODAY)
    texts = [f"{w.message} {w.suggestion}" for w in warnings]
    with pytest.raises(Refused) as refused:
        line(height_cm="1.77")
    texts.append(f"{refused.value.message} {refused.value.suggestion}")
    assert len(texts) == 3
    assert not any(value in text for text in texts for value in ("177", "201.4", "1.77"))


@pytest.mark.parametrize(
    ("text", "kept"),
    [("101", "101.0"), ("101,5", "101.5"), ("101.50", "101.5"), ("101,25", "101.25")],
)
def test_numbers_are_read_with_comma_or_point(text: str, kept: str) -> None:
    assert line(height_cm=text).measurement.height_cm == kept


@pytest.mark.parametrize(
    ("cells", "refused"),
    [
        ({"height_cm": "101.555"}, ("bad_measurement", "height_cm")),
        ({"height_cm": "101 cm"}, ("bad_measurement", "height_cm")),
        ({"height_cm": "-101"}, ("bad_measurement", "height_cm")),
        ({"height_cm": "29.99"}, ("height_out_of_range", "height_cm")),
        ({"height_cm": "250.01"}, ("height_out_of_range", "height_cm")),
        ({"weight_kg": "1e2"}, ("bad_measurement", "weight_kg")),
        ({"weight_kg": "0.49"}, ("weight_out_of_range", "weight_kg")),
        ({"weight_kg": "16000"}, ("weight_out_of_range", "weight_kg")),
        ({"position": "sitting"}, ("unknown_position", "position")),
        ({"vision_left": "10-Oct"}, ("bad_vision", "vision_left")),
        ({"vision_right": "45575"}, ("bad_vision", "vision_right")),
        ({"vision_right": "21/10"}, ("bad_vision", "vision_right")),
        ({"vision_right": "2.1"}, ("bad_vision", "vision_right")),
        ({"measured_on": "20/09/2024"}, ("bad_date", "measured_on")),
    ],
)
def test_a_bad_cell_is_refused_by_its_column(
    cells: dict[str, str], refused: tuple[str, str]
) -> None:
    assert refusal(**cells) == refused


@pytest.mark.parametrize(
    ("low", "high", "column"), [("30", "250", "height_cm"), ("0.5", "300", "weight_kg")]
)
def test_the_limits_themselves_are_measurements(low: str, high: str, column: str) -> None:
    for text in (low, high):
        assert getattr(line(**{column: text}).measurement, column) is not None


@pytest.mark.parametrize(
    ("text", "kept"),
    [("10/10", "10/10"), ("0,8", "0.8"), ("2.0", "2.0"), ("ĐNT 3m", "ĐNT 3m"), ("", None)],
)
def test_vision_is_tenths_a_decimal_or_words(text: str, kept: str | None) -> None:
    assert line(vision_left=text).measurement.vision_left == kept
